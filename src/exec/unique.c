/* Deferrable unique and primary keys. Their index keeps an entry for every row, as one that is not
 * unique, so that a key can be there twice for a while. A row that is alone with its key, which
 * stays locked, needs no second look; any other is checked again when the constraint is due. */
#include "exec/checks_internal.h"

#include "exec/index_eval.h"
#include "types/key.h"

static const struct constraint *constraint_of(const struct relation *r, const struct index *ix)
{
    for (int i = 0; i < r->nconstraints; i++)
        if (r->constraints[i].index == ix->oid && r->constraints[i].type != 'f')
            return &r->constraints[i];
    return NULL;
}

/* The entries' keys begin with the index's columns. */
static struct err *key_prefix(const struct index *ix, const struct datum *datums, struct buf *key)
{
    table_put_entry_key(key, ix->storage_id, ix, datums, STR(""));
    return buf_finish(key);
}

/* Looks for a second entry in the newest state. */
static struct err *is_alone(struct txn *t, struct str prefix, bool *alone)
{
    struct txn_scan *scan = NULL;
    struct buf end = BUF_INIT;
    struct str key;
    struct str value;
    bool found = true;
    int n = 0;
    buf_put_str(&end, prefix);
    struct err *e = buf_finish(&end);
    key_successor(&end, 0);
    struct txn_view view = txn_view_newest(t);
    if (!e)
        e = txn_scan_open(&view, prefix, buf_str(&end), false, &scan);
    while (!e && found && n < 2) {
        e = txn_scan_next(scan, &key, &value, &found);
        n += !e && found;
    }
    txn_scan_close(scan);
    txn_view_done(&view);
    buf_done(&end);
    *alone = n < 2;
    return e;
}

static struct err *note_one(struct exec *x, struct table_writer *w, const struct index *ix,
                            const struct datum *datums)
{
    const struct constraint *con = constraint_of(w->rel, ix);
    struct txn *t = x->env.cat->txn;
    struct buf key = BUF_INIT;
    bool locked = false;
    bool alone = false;
    for (int i = 0; i < ix->nkeys; i++)
        if (datums[i].null && !ix->nulls_not_distinct)
            return NULL;
    if (!con)
        return NULL;
    struct err *e = key_prefix(ix, datums, &key);
    if (!e)
        e = txn_lock_key(t, buf_str(&key), TXN_UPDATE, TXN_SKIP_LOCKED, &locked);
    if (!e && locked)
        e = is_alone(t, buf_str(&key), &alone);
    buf_done(&key);
    if (!e && !alone)
        e = check_queue(&x->env, CHECK_UNIQUE, con, 0, datums, NULL, ix->nkeys,
                        check_is_deferred(x->env.session, con));
    return e;
}

static bool same_keys(const struct index *ix, const struct datum *a, const struct datum *b)
{
    for (int i = 0; i < ix->nkeys; i++) {
        const struct type_ops *ops = ix->cols[i].ops;
        if (a[i].null != b[i].null || (!a[i].null && ops->compare(ops, a[i], b[i]) != 0))
            return false;
    }
    return true;
}

struct err *unique_note(struct exec *x, struct table_writer *w, const struct datum *row,
                        const struct datum *old_row)
{
    for (int i = 0; i < w->rel->nindexes; i++) {
        const struct index *ix = &w->rel->indexes[i];
        struct datum now[32];
        struct datum before[32];
        if (!ix->deferrable)
            continue;
        /* A constraint's index is over plain columns. */
        CHECK(table_plain_index_datums(ix, row, now));
        if (old_row && table_plain_index_datums(ix, old_row, before) && same_keys(ix, now, before))
            continue;
        TRY(note_one(x, w, ix, now));
    }
    return NULL;
}

struct err *unique_run(const struct exec_env *env, const struct check_event *ev)
{
    struct relation *rel;
    const struct index *ix = NULL;
    struct buf key = BUF_INIT;
    bool alone = true;
    bool locked;
    struct err *e = NULL;
    TRY(cat_relation(env->cat, ev->relid, &rel));
    for (int i = 0; rel && i < rel->nconstraints; i++)
        if (rel->constraints[i].oid == ev->con)
            ix = relation_index(rel, rel->constraints[i].index);
    if (ix) {
        e = key_prefix(ix, ev->old, &key);
        if (!e)
            e = txn_lock_key(env->cat->txn, buf_str(&key), TXN_UPDATE, TXN_WAIT, &locked);
        if (!e)
            e = is_alone(env->cat->txn, buf_str(&key), &alone);
        if (!e && !alone)
            e = table_key_error(env->cat, rel, ix, ev->old);
    }
    buf_done(&key);
    relation_unref(rel);
    return e;
}
