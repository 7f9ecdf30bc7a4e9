/* Where a relation's rows are for a snapshot. A refresh of a synced table, and a bulk load, swap
 * storage ids without waiting for readers, so the descriptor at hand may be newer than the snapshot
 * or older: the catalog row that the snapshot itself sees decides. The storage that it names is
 * kept as long as the snapshot. */
#include "exec/exec_internal.h"

#include "catalog/systab.h"

/* An index that was built after the snapshot was taken lacks the entries of rows that are gone. */
struct err *index_at(struct exec *x, const struct relation *r, const struct index *ix,
                     uint32_t *out)
{
    struct relation *indexes = systab_relation(PG_INDEX);
    struct datum values[IDX_VALID + 1];
    struct buf key = BUF_INIT;
    struct str row;
    bool found;
    if (r->system || !x->view_differs || x->env.newest_view)
        return storage_at(x, r, ix->oid, ix->storage_id, out);
    values[IDX_RELID] = datum_int(ix->oid);
    table_put_row_key(&key, systab_storage_id(x->env.cat, indexes, indexes->storage_id), indexes,
                      values);
    struct err *e = buf_finish(&key);
    if (!e)
        e = txn_get(&x->view, buf_str(&key), &row, &found);
    if (!e && found)
        e = table_decode_row(indexes, row, IDX_VALID + 1, values);
    if (!e && (!found || !values[IDX_VALID].i))
        e = err_detail(err_new("40001", "could not serialize access due to concurrent update"),
                       "Index \"%s\" is younger than the transaction's snapshot.", ix->name);
    buf_done(&key);
    return e ? e : storage_at(x, r, ix->oid, ix->storage_id, out);
}

/* Rows of before a change of a column's type cannot be read as the relation is now. */
static struct err *check_types(struct exec *x, const struct relation *r)
{
    struct relation *attributes = systab_relation(PG_ATTRIBUTE);
    uint32_t sid = systab_storage_id(x->env.cat, attributes, attributes->storage_id);
    struct datum values[ATT_NUM + 1];
    struct buf key = BUF_INIT;
    struct err *e = NULL;
    for (int i = 0; i < r->natts && !e; i++) {
        struct str row;
        bool found = false;
        buf_reset(&key);
        values[ATT_RELID] = datum_int(r->oid);
        values[ATT_NUM] = datum_int(i + 1);
        table_put_row_key(&key, sid, attributes, values);
        e = buf_finish(&key);
        if (!e)
            e = txn_get(&x->view, buf_str(&key), &row, &found);
        if (!e && found)
            e = table_decode_row(attributes, row, ATT_NUM + 1, values);
        if (!e && found && !r->atts[i].dropped && (uint32_t)values[ATT_TYPE].u != r->atts[i].type)
            e = err_detail(
                err_new("40001", "could not serialize access due to concurrent update"),
                "The type of column \"%s\" has changed since the transaction's snapshot.",
                r->atts[i].name);
    }
    buf_done(&key);
    return e;
}

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
    return e || relid != r->oid || *out == storage_id ? e : check_types(x, r);
}
