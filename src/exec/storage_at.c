/* Where a relation's rows are for a snapshot. A refresh of a synced table, and a bulk load, swap
 * storage ids without waiting for readers, so the descriptor at hand may be newer than the snapshot
 * or older: the catalog row that the snapshot itself sees decides. The storage that it names is
 * kept as long as the snapshot. */
#include "exec/exec_internal.h"

#include "catalog/systab.h"

struct err *storage_at(struct exec *x, const struct relation *r, uint32_t relid,
                       uint32_t storage_id, uint32_t *out)
{
    if (r->system || !x->view_differs) {
        *out = systab_storage_id(x->env.cat, r, storage_id);
        return NULL;
    }
    struct relation *classes = systab_relation(PG_CLASS);
    struct datum values[CLS_FILENODE + 1];
    struct buf key = BUF_INIT;
    struct str row;
    bool found;
    values[CLS_OID] = datum_int(relid);
    table_put_row_key(&key, systab_storage_id(x->env.cat, classes, classes->storage_id), classes,
                      values);
    struct err *e = buf_finish(&key);
    if (!e)
        e = txn_get(&x->view, buf_str(&key), &row, &found);
    if (!e && found)
        e = table_decode_row(classes, row, CLS_FILENODE + 1, values);
    if (!e)
        *out = found ? (uint32_t)values[CLS_FILENODE].u : storage_id;
    buf_done(&key);
    return e;
}
