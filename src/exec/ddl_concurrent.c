/* CREATE INDEX CONCURRENTLY, DROP INDEX CONCURRENTLY and REINDEX.
 *
 * A concurrent build, each step a transaction of its own:
 *   1. The index is in the catalog, not valid: no plan reads it, every writer keeps its entries.
 *   2. Wait for the transactions that were writing to the table without knowing of it.
 *   3. In batches of rows: lock the row against changes, put the entry of its newest version. What
 *      somebody else has locked ends the batch, and is waited for with nothing held: writers wait
 *      for a batch at most, and never in a circle with it.
 *   4. The index is valid. A snapshot older than that refuses plans that read it (index_at).
 * After a failure or a crash it stays as of step 1: not valid, to be dropped or reindexed.
 *
 * REINDEX CONCURRENTLY builds a second index so, swaps the storage of the two, and drops the second
 * when nobody writes to it any more. A primary key that the rows are kept by has no entries to be
 * rebuilt. */
#include "exec/ddl_internal.h"

#include "catalog/table.h"
#include "exec/exec_internal.h"
#include "exec/index_eval.h"

#include <stdio.h>

enum { BATCH_ROWS = 1000 };

static struct err *next_transaction(struct ddl *d)
{
    return d->s->ops->next_transaction(d->s);
}

struct building {
    struct ddl *d;
    uint32_t relid;
    uint32_t index;
    struct buf at; /* the next row's key; empty: the first's */
    struct buf blocked;
    enum txn_row_lock blocked_mode;
    bool done;
};

/* The table, locked against other schema changes, and the index; both may have gone meanwhile. */
static struct err *open_both(struct building *b, struct relation **rel, const struct index **ix)
{
    bool locked;
    struct ddl *d = b->d;
    TRY(txn_lock_table(d->cat->txn, b->relid, TXN_SHARE_UPDATE_EXCLUSIVE, TXN_WAIT, &locked));
    TRY(cat_relation(d->cat, b->relid, rel));
    *ix = *rel ? relation_index(*rel, b->index) : NULL;
    if (*ix)
        return NULL;
    relation_unref(*rel);
    *rel = NULL;
    return err_new("42704", "index with OID %u does not exist", b->index);
}

/* False when somebody else has it. */
static struct err *try_lock(struct building *b, struct str key, enum txn_row_lock mode,
                            bool *locked)
{
    TRY(txn_lock_key(b->d->cat->txn, key, mode, TXN_SKIP_LOCKED, locked));
    if (*locked)
        return NULL;
    buf_reset(&b->blocked);
    buf_put_str(&b->blocked, key);
    b->blocked_mode = mode;
    return buf_finish(&b->blocked);
}

static struct err *duplicate(struct cat *c, const struct relation *rel, const struct index *ix,
                             const struct datum *datums)
{
    struct err *e = table_key_error(c, rel, ix, datums);
    if (!err_is(e, "23505"))
        return e;
    struct err *out = err_new("23505", "could not create unique index \"%s\"", ix->name);
    const char *end = e->detail ? strstr(e->detail, " already exists.") : NULL;
    if (end)
        err_detail(out, "%.*s is duplicated.", (int)(end - e->detail), e->detail);
    err_free(e);
    return err_constraint(err_table(out, rel->nsp_name, rel->name), ix->name);
}

/* A row that is locked, whose entries are put. */
struct locked_row {
    struct building *b;
    const struct relation *rel;
    const struct index *ix;
    const struct datum *datums;
    struct str suffix;
    struct arena *arena;
};

static struct err *put_entry(void *arg, struct str entry)
{
    struct locked_row *row = arg;
    const struct index *ix = row->ix;
    const struct datum *datums = row->datums;
    struct building *b = row->b;
    struct txn *t = b->d->cat->txn;
    bool single = ix->unique;
    for (int i = 0; i < ix->nkeys; i++)
        single &= !datums[i].null || ix->nulls_not_distinct;
    if (single) {
        struct txn_newest there;
        bool locked;
        TRY(try_lock(b, entry, TXN_UPDATE, &locked));
        if (!locked)
            return NULL;
        struct txn_view view = txn_view_newest(t);
        struct err *e = txn_get_newest(&view, entry, row->arena, &there);
        txn_view_done(&view);
        TRY(e);
        if (there.found && !str_eq(there.value, row->suffix))
            return duplicate(b->d->cat, row->rel, ix, datums);
    }
    return txn_put(t, entry, row->suffix);
}

static struct err *index_row(struct building *b, struct relation *rel, const struct index *ix,
                             struct index_eval *eval, struct str key, struct buf *entry,
                             struct arena *a)
{
    struct table_hooks hooks = index_eval_hooks(eval);
    struct datum *row = arena_new_array(a, struct datum, rel->natts + 1);
    struct datum datums[32];
    struct txn_newest newest;
    bool applies = true;
    bool locked;
    TRY(try_lock(b, key, TXN_SHARE, &locked));
    if (!locked)
        return NULL;
    struct txn_view view = txn_view_newest(b->d->cat->txn);
    struct err *e = txn_get_newest(&view, key, a, &newest);
    txn_view_done(&view);
    TRY(e);
    if (!newest.found)
        return NULL;
    TRY(table_decode_row(rel, newest.value, rel->natts, row));
    index_eval_reset(eval);
    if (!table_plain_index_datums(ix, row, datums))
        TRY(hooks.index_datums(hooks.arg, ix, row, datums, &applies));
    if (!applies)
        return NULL;
    struct locked_row at = {b, rel, ix, datums, table_row_suffix(key), a};
    return table_each_entry(rel, ix, ix->storage_id, datums, at.suffix, entry, a, put_entry, &at);
}

static struct err *index_rows(struct building *b, struct relation *rel, const struct index *ix,
                              struct index_eval *eval)
{
    struct txn_scan *scan = NULL;
    struct buf end = BUF_INIT;
    struct buf entry = BUF_INIT;
    struct arena a;
    bool found = true;
    if (!b->at.len)
        table_put_storage_id(&b->at, rel->storage_id);
    table_put_storage_id(&end, rel->storage_id + 1);
    arena_init(&a);
    struct txn_view view = txn_view_newest(b->d->cat->txn);
    struct err *e = txn_scan_open(&view, buf_str(&b->at), buf_str(&end), false, &scan);
    for (int n = 0; !e && !b->blocked.len; n++) {
        struct str key;
        struct str value;
        arena_reset(&a);
        e = txn_scan_next(scan, &key, &value, &found);
        if (e || !found)
            break;
        key = arena_str(&a, key);
        buf_reset(&b->at);
        buf_put_str(&b->at, key);
        if (n == BATCH_ROWS)
            break;
        e = index_row(b, rel, ix, eval, key, &entry, &a);
    }
    txn_scan_close(scan);
    txn_view_done(&view);
    arena_done(&a);
    buf_done(&end);
    buf_done(&entry);
    b->done = !found && !b->blocked.len;
    return e ? e : buf_finish(&b->at);
}

static struct err *batch(struct building *b)
{
    struct exec_env env = session_exec_env(b->d->s);
    struct relation *rel;
    const struct index *ix;
    TRY(open_both(b, &rel, &ix));
    struct index_eval *eval = index_eval_new(&env, rel);
    struct err *e = index_rows(b, rel, ix, eval);
    index_eval_free(eval);
    relation_unref(rel);
    return e;
}

/* Steps 2 and 3; the index is in the catalog, uncommitted. */
static struct err *fill(struct building *b)
{
    struct ddl *d = b->d;
    struct err *e = next_transaction(d);
    if (!e)
        e = txn_wait_writers(d->cat->txn, b->relid);
    while (!e && !b->done) {
        bool locked;
        e = batch(b);
        if (!e)
            e = next_transaction(d);
        if (e || !b->blocked.len)
            continue;
        e = txn_lock_key(d->cat->txn, buf_str(&b->blocked), b->blocked_mode, TXN_WAIT, &locked);
        buf_reset(&b->blocked);
        if (!e)
            e = next_transaction(d);
    }
    buf_done(&b->at);
    buf_done(&b->blocked);
    return e;
}

struct err *ddl_fill_concurrently(struct ddl *d, uint32_t relid, uint32_t index)
{
    struct building b = {.d = d, .relid = relid, .index = index};
    struct relation *rel;
    const struct index *ix;
    TRY(fill(&b));
    TRY(open_both(&b, &rel, &ix));
    relation_unref(rel);
    return ddl_update_index(d->cat, index, IDX_VALID, datum_bool(true));
}

/* ---- removal ---- */

/* Out of everybody's sight first, gone when nobody keeps its entries any more. */
static struct err *retire(struct ddl *d, uint32_t relid, uint32_t index)
{
    bool locked;
    TRY(ddl_update_index(d->cat, index, IDX_VALID, datum_bool(false)));
    txn_next_command(d->cat->txn);
    TRY(ddl_update_index(d->cat, index, IDX_LIVE, datum_bool(false)));
    TRY(next_transaction(d));
    TRY(txn_wait_writers(d->cat->txn, relid));
    TRY(txn_lock_table(d->cat->txn, relid, TXN_SHARE_UPDATE_EXCLUSIVE, TXN_WAIT, &locked));
    return ddl_remove(d->cat, (struct object_address){PG_CLASS, index, 0});
}

struct err *ddl_index_table(struct ddl *d, uint32_t index, uint32_t *relid)
{
    struct datum key = datum_int(index);
    struct datum v[IDX_COUNT];
    bool found;
    TRY(systab_get(d->cat, PG_INDEX, INDEX_INDEXRELID_INDEX, &key, 1, d->arena, v, &found));
    *relid = found ? (uint32_t)v[IDX_TABLE].u : 0;
    return NULL;
}

struct err *ddl_drop_index_concurrently(struct ddl *d, uint32_t index)
{
    uint32_t relid;
    bool locked;
    struct depend_list deps = {0};
    TRY(ddl_index_table(d, index, &relid));
    TRY(txn_lock_table(d->cat->txn, relid, TXN_SHARE_UPDATE_EXCLUSIVE, TXN_WAIT, &locked));
    TRY(depend_on(d->cat, (struct object_address){PG_CLASS, index, 0}, d->arena, &deps));
    struct object_address o = {PG_CLASS, index, 0};
    TRY(ddl_check_internal(d, &o, 1, 0));
    if (deps.count) /* a foreign key: the error is that of a plain DROP */
        return ddl_drop_objects(d, &o, 1, false);
    return retire(d, relid, index);
}

/* ---- REINDEX ---- */

struct reindex {
    struct ddl *d;
    bool concurrently;
    bool verbose;
};

static void told(const struct reindex *x, const char *name)
{
    if (x->verbose)
        ddl_notice(x->d, "INFO", err_new("00000", "index \"%s\" was reindexed", name));
}

static struct err *rebuild(struct ddl *d, struct relation **rel, uint32_t index)
{
    const struct index *ix = relation_index(*rel, index);
    uint32_t sid = txn_new_storage_id(catalog_txn_mgr(d->cat->shared));
    if (ix->primary)
        return NULL;
    TRY(txn_drop_storage(d->cat->txn, ix->storage_id));
    TRY(ddl_update_class(d->cat, index, CLS_FILENODE, datum_int(sid)));
    if (!ix->valid)
        TRY(ddl_update_index(d->cat, index, IDX_VALID, datum_bool(true)));
    TRY(ddl_reopen(d, rel));
    return ddl_build_index(d, *rel, relation_index(*rel, index));
}

/* A second index like it, not valid. */
static struct err *make_copy(struct ddl *d, const struct relation *r, const struct index *ix,
                             uint32_t *oid)
{
    struct ddl_index_column *cols = arena_new_array(d->arena, struct ddl_index_column, ix->ncols);
    struct ddl_index def = {.relid = r->oid,
                            .nsp = r->nsp,
                            .owner = r->owner,
                            .persistence = r->persistence,
                            .am = ix->am,
                            .unique = ix->unique || ix->deferrable,
                            .nulls_not_distinct = ix->nulls_not_distinct,
                            .immediate = !ix->deferrable,
                            .invalid = true,
                            .columns = cols,
                            .nkeys = ix->nkeys,
                            .ncolumns = ix->ncols,
                            .pred_sql = ix->pred_sql};
    for (int i = 0; i < ix->ncols; i++) {
        const struct index_col *c = &ix->cols[i];
        cols[i] =
            (struct ddl_index_column){.attnum = c->attnum,
                                      .name = arena_printf(d->arena, "column%d", i + 1),
                                      .expr_sql = c->expr_sql,
                                      .type = c->type,
                                      .typmod = c->attnum ? r->atts[c->attnum - 1].typmod : -1,
                                      .opclass = c->opclass,
                                      .collation = c->collation,
                                      .desc = c->desc,
                                      .nulls_first = c->nulls_first};
    }
    TRY(ddl_choose_name(d->cat, r->nsp, ix->name, NULL, "ccnew", false, 0, d->arena, &def.name));
    def.storage_id = txn_new_storage_id(catalog_txn_mgr(d->cat->shared));
    return ddl_create_index(d->cat, &def, oid);
}

static struct err *rebuild_concurrently(struct ddl *d, uint32_t relid, uint32_t index)
{
    struct building b = {.d = d, .relid = relid, .index = index};
    struct relation *rel;
    const struct index *ix;
    uint32_t copy = 0;
    TRY(open_both(&b, &rel, &ix));
    bool clustered = ix->primary;
    struct err *e = clustered ? NULL : make_copy(d, rel, ix, &copy);
    relation_unref(rel);
    if (e || clustered)
        return e;
    struct building second = {.d = d, .relid = relid, .index = copy};
    TRY(fill(&second));
    TRY(open_both(&b, &rel, &ix));
    const struct index *fresh = relation_index(rel, copy);
    if (!fresh) {
        relation_unref(rel);
        return err_new("42704", "index with OID %u does not exist", copy);
    }
    e = ddl_update_class(d->cat, index, CLS_FILENODE, datum_int(fresh->storage_id));
    if (!e)
        e = ddl_update_class(d->cat, copy, CLS_FILENODE, datum_int(ix->storage_id));
    if (!e && !ix->valid)
        e = ddl_update_index(d->cat, index, IDX_VALID, datum_bool(true));
    relation_unref(rel);
    TRY(e);
    TRY(retire(d, relid, copy));
    return next_transaction(d);
}

static struct err *reindex_index(const struct reindex *x, const PgQuery__RangeVar *rv)
{
    struct ddl *d = x->d;
    struct relation *r;
    uint32_t relid;
    bool locked;
    TRY(ddl_open(d, rv, TXN_ACCESS_SHARE, false, &r));
    uint32_t index = r->oid;
    struct err *e =
        r->kind == 'i' ? ddl_must_own(d, r) : err_new("42809", "\"%s\" is not an index", r->name);
    const char *name = arena_strdup(d->arena, r->name);
    relation_unref(r);
    TRY(e);
    TRY(ddl_index_table(d, index, &relid));
    if (x->concurrently) {
        TRY(rebuild_concurrently(d, relid, index));
    } else {
        TRY(txn_lock_table(d->cat->txn, relid, TXN_SHARE_LOCK, TXN_WAIT, &locked));
        TRY(cat_relation(d->cat, relid, &r));
        e = r->system ? NULL : rebuild(d, &r, index);
        relation_unref(r);
        TRY(e);
    }
    told(x, name);
    return NULL;
}

static struct err *reindex_relation(const struct reindex *x, uint32_t relid)
{
    struct ddl *d = x->d;
    struct relation *r;
    bool locked;
    TRY(txn_lock_table(d->cat->txn, relid,
                       x->concurrently ? TXN_SHARE_UPDATE_EXCLUSIVE : TXN_SHARE_LOCK, TXN_WAIT,
                       &locked));
    TRY(cat_relation(d->cat, relid, &r));
    if (!r)
        return NULL;
    int n = r->nindexes;
    uint32_t *oids = arena_new_array(d->arena, uint32_t, n + 1);
    const char **names = arena_new_array(d->arena, const char *, n + 1);
    for (int i = 0; i < n; i++) {
        oids[i] = r->indexes[i].oid;
        names[i] = arena_strdup(d->arena, r->indexes[i].name);
    }
    struct err *e = NULL;
    for (int i = 0; i < n && !e; i++) {
        e = x->concurrently ? rebuild_concurrently(d, relid, oids[i]) : rebuild(d, &r, oids[i]);
        if (!e)
            told(x, names[i]);
    }
    relation_unref(r);
    return e;
}

static struct err *reindex_table(const struct reindex *x, const PgQuery__RangeVar *rv)
{
    struct ddl *d = x->d;
    struct relation *r;
    TRY(ddl_open(d, rv, x->concurrently ? TXN_SHARE_UPDATE_EXCLUSIVE : TXN_SHARE_LOCK, false, &r));
    uint32_t relid = r->oid;
    struct err *e = ddl_must_own(d, r);
    if (!e && r->kind != 'r' && r->kind != 'm')
        e = err_new("42809", "\"%s\" is not a table or materialized view", r->name);
    if (!e && !r->nindexes)
        ddl_notice(d, "NOTICE",
                   err_new("00000",
                           x->concurrently
                               ? "table \"%s\" has no indexes that can be reindexed concurrently"
                               : "table \"%s\" has no indexes to reindex",
                           r->name));
    relation_unref(r);
    return e ? e : reindex_relation(x, relid);
}

/* Every table of a schema (0: of the database), each in a transaction of its own. */
static struct err *reindex_all(const struct reindex *x, uint32_t nsp)
{
    struct ddl *d = x->d;
    struct systab_scan scan;
    struct datum v[CLS_COUNT];
    uint32_t *oids = NULL;
    int n = 0;
    int cap = 0;
    struct err *e = NULL;
    TRY(systab_open(d->cat, PG_CLASS, 0, NULL, 0, &scan));
    for (bool found = true; !e && found;) {
        e = systab_next(&scan, v, &found);
        if (e || !found || v[CLS_KIND].i != 'r' || v[CLS_OID].u < FIRST_USER_OID)
            continue;
        if (!nsp || v[CLS_NSP].u == nsp)
            ARENA_PUSH(d->arena, oids, n, cap, (uint32_t)v[CLS_OID].u);
    }
    systab_close(&scan);
    for (int i = 0; i < n && !e; i++) {
        e = reindex_relation(x, oids[i]);
        if (!e)
            e = next_transaction(d);
    }
    return e;
}

struct err *ddl_reindex(struct ddl *d, const PgQuery__ReindexStmt *s)
{
    struct reindex x = {.d = d};
    uint32_t nsp = 0;
    for (size_t i = 0; i < s->n_params; i++) {
        const PgQuery__DefElem *o = s->params[i]->def_elem;
        bool on = ddl_option_is_on(o);
        if (strcmp(o->defname, "concurrently") == 0)
            x.concurrently = on;
        else if (strcmp(o->defname, "verbose") == 0)
            x.verbose = on;
        else
            return err_unsupported("REINDEX option \"%s\" is not supported", o->defname);
    }
    switch (s->kind) {
    case PG_QUERY__REINDEX_OBJECT_TYPE__REINDEX_OBJECT_INDEX:
        return reindex_index(&x, s->relation);
    case PG_QUERY__REINDEX_OBJECT_TYPE__REINDEX_OBJECT_TABLE:
        return reindex_table(&x, s->relation);
    case PG_QUERY__REINDEX_OBJECT_TYPE__REINDEX_OBJECT_SCHEMA:
        TRY(cat_namespace_oid(d->cat, str_from(s->name), &nsp));
        return nsp ? reindex_all(&x, nsp)
                   : err_new("3F000", "schema \"%s\" does not exist", s->name);
    case PG_QUERY__REINDEX_OBJECT_TYPE__REINDEX_OBJECT_DATABASE:
        if (s->name && *s->name && strcmp(s->name, d->s->db_name) != 0)
            return err_new("0A000", "can only reindex the currently open database");
        return reindex_all(&x, 0);
    default:
        return err_unsupported("REINDEX SYSTEM is not supported");
    }
}
