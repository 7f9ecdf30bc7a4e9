/* A long COPY or INSERT into a table that nobody else has put rows into: what it has inserted so
 * far moves to new storage, and all further rows go there past the write set, the log and the
 * memtable. The catalog's row of the table then names the new storage, in the same transaction.
 *
 * Until that ends, others can read the table but not write to it: they would write to the storage
 * that is given up. So the lock (SHARE ROW EXCLUSIVE) is taken only when it is free. */
#include "exec/exec_internal.h"

#include "catalog/ddl.h"
#include "catalog/systab.h"
#include "exec/table_load.h"

enum { SORT_BYTES = 64 << 20 };

struct insert_load {
    struct exec *x;
    struct relation *rel;
    struct table_load_to to;
    uint32_t *index_ids;
    struct table_load *load;
    struct arena arena; /* a row being moved */
    struct activity_counts *activity;
};

static bool suits(const struct exec *x)
{
    const struct plan *n = x->plan->root;
    if (n->kind != P_INSERT || n->query->on_conflict || x->plan->nout)
        return false;
    const struct relation *r = n->query->target->rel;
    if (r->kind != 'r' || r->system || r->read_only_synced || r->ntriggers)
        return false;
    /* Its commit looks for changes in the memtable: a load is not seen there. */
    if (txn_isolation_level(x->env.cat->txn) == TXN_SERIALIZABLE)
        return false;
    for (int i = 0; i < r->nconstraints; i++) {
        const struct constraint *c = &r->constraints[i];
        bool to_itself = c->type == 'f' && c->frelid == r->oid;
        if (to_itself || (c->deferrable && c->type != 'f'))
            return false;
    }
    return true;
}

static struct err *stop_at_first(void *arg, struct str key, struct str value, bool *stop)
{
    bool *found = arg;
    (void)key;
    (void)value;
    *found = *stop = true;
    return NULL;
}

/* Whether there are committed rows: another transaction sees no others. */
static struct err *others_have_rows(struct exec *x, const struct relation *r, bool *out)
{
    struct txn *t;
    *out = false;
    TRY(txn_begin(txn_manager(x->env.cat->txn), TXN_READ_COMMITTED, true, &t));
    struct txn_view view = txn_view_newest(t);
    struct err *e = table_each(&view, r->storage_id, stop_at_first, out);
    txn_view_done(&view);
    txn_abort(t);
    return e;
}

static struct err *move_row(void *arg, struct str key, struct str value, bool *stop)
{
    struct insert_load *l = arg;
    struct datum *row = arena_new_array(&l->arena, struct datum, l->rel->natts + 1);
    (void)key;
    (void)stop;
    TRY(table_decode_row(l->rel, value, l->rel->natts, row));
    struct err *e = table_load_add(l->load, row);
    arena_reset(&l->arena);
    return e;
}

static struct err *move_rows(struct insert_load *l)
{
    struct txn_view view = txn_view_newest(l->x->env.cat->txn);
    struct err *e = table_each(&view, l->rel->storage_id, move_row, l);
    txn_view_done(&view);
    return e;
}

static struct err *duplicate(void *arg, const struct index *ix, const struct datum *row)
{
    struct insert_load *l = arg;
    struct table_conflict conflict = {.index = ix};
    return table_unique_error(modify_writer(l->x, l->x->plan->root), &conflict, row);
}

static void release(void *arg)
{
    struct insert_load *l = arg;
    table_load_free(l->load);
    arena_done(&l->arena);
}

static struct err *begin(struct exec *x, struct relation *r)
{
    struct txn_mgr *mgr = txn_manager(x->env.cat->txn);
    struct insert_load *l = arena_alloc(&x->arena, sizeof(*l));
    *l = (struct insert_load){.x = x, .rel = r, .activity = activity_of(x->env.cat->db, r->oid)};
    arena_init(&l->arena);
    l->index_ids = arena_new_array(&x->arena, uint32_t, r->nindexes + 1);
    for (int i = 0; i < r->nindexes; i++)
        l->index_ids[i] = r->indexes[i].primary ? 0 : txn_new_storage_id(mgr);
    l->to = (struct table_load_to){txn_new_storage_id(mgr), l->index_ids, SORT_BYTES};
    TRY(table_load_begin(&x->env, r, &l->to, duplicate, l, &l->load));
    on_release(x, release, l);
    TRY(move_rows(l));
    x->load = l;
    return NULL;
}

struct err *exec_load_start(struct exec *x, bool *started)
{
    bool occupied;
    *started = false;
    if (!suits(x))
        return NULL;
    struct relation *r = x->plan->root->query->target->rel;
    bool locked;
    TRY(others_have_rows(x, r, &occupied));
    if (occupied)
        return NULL;
    TRY(txn_lock_table(x->env.cat->txn, r->oid, TXN_SHARE_ROW_EXCLUSIVE, TXN_SKIP_LOCKED, &locked));
    if (!locked)
        return NULL;
    TRY(others_have_rows(x, r, &occupied)); /* it may have been filled before the lock */
    if (occupied)
        return NULL;
    TRY(begin(x, r));
    *started = true;
    return NULL;
}

struct err *insert_load_add(struct insert_load *l, const struct datum *row)
{
    activity_add(l->activity, ACTIVITY_INSERTED, 1);
    return table_load_add(l->load, row);
}

static struct err *swap(struct cat *c, uint32_t relid, uint32_t old_id, uint32_t new_id)
{
    TRY(txn_drop_storage(c->txn, old_id));
    return ddl_update_class(c, relid, CLS_FILENODE, datum_int(new_id));
}

struct err *exec_load_finish(struct exec *x)
{
    struct insert_load *l = x->load;
    struct cat *c = x->env.cat;
    if (!l)
        return NULL;
    x->load = NULL;
    TRY(table_load_finish(l->load, NULL));
    TRY(swap(c, l->rel->oid, l->rel->storage_id, l->to.storage_id));
    for (int i = 0; i < l->rel->nindexes; i++) {
        const struct index *ix = &l->rel->indexes[i];
        if (!ix->primary)
            TRY(swap(c, ix->oid, ix->storage_id, l->index_ids[i]));
    }
    return NULL;
}
