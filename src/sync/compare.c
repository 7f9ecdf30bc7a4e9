/* A synced table and a fresh copy of its source, compared by key: VERIFY, REPAIR, and runs that
 * cannot know what has changed.
 *
 * The copy is loaded into a storage id that only this transaction knows, by the same policies as
 * any load, and without secondary indexes. Both are then in the order of their keys, so comparing
 * them is one walk over each, in little memory. What is written is the difference alone, by the
 * transaction that looked, while readers go on. */
#include "sync/sync_internal.h"

#include "exec/index_eval.h"
#include "rt/fiber.h"
#include "sql/analyze.h"

#include <stdio.h>

enum { TAG_BYTES = 64, MAX_SHOWN = 60 };

struct err *compare_load(struct comparison *c, struct rejects *rejects)
{
    struct job *j = c->j;
    c->fresh = txn_new_storage_id(catalog_txn_mgr(j->s->cat.shared));
    struct load l = {.session = j->s,
                     .rel = c->rel,
                     .source = j->source,
                     .columns = c->columns,
                     .storage_id = c->fresh,
                     .policy = c->policy,
                     .rate_limit_rows = c->rate_limit_rows,
                     .rejects = rejects};
    TRY(load_run(&l));
    c->rows = l.rows;
    return NULL;
}

struct err *compare_end(struct comparison *c)
{
    return txn_drop_storage(c->j->s->cat.txn, c->fresh);
}

/* ---- the walk ---- */

struct side {
    struct txn_scan *scan;
    struct str key, value;
    bool more;
    struct datum *row;
};

static struct err *advance(struct side *s)
{
    return txn_scan_next(s->scan, &s->key, &s->value, &s->more);
}

static struct err *open_side(const struct txn_view *view, uint32_t storage_id, struct side *s)
{
    struct buf lo = BUF_INIT, hi = BUF_INIT;
    table_put_storage_id(&lo, storage_id);
    table_put_storage_id(&hi, storage_id + 1);
    struct err *e = buf_finish(&lo);
    if (!e)
        e = buf_finish(&hi);
    if (!e)
        e = txn_scan_open(view, buf_str(&lo), buf_str(&hi), false, &s->scan);
    buf_done(&lo);
    buf_done(&hi);
    return e ? e : advance(s);
}

static int side_order(const struct side *a, const struct side *b)
{
    if (!a->more || !b->more)
        return b->more - a->more;
    return str_cmp(table_row_suffix(a->key), table_row_suffix(b->key));
}

static struct err *walk(struct comparison *c, struct side *old, struct side *new,
                        compare_visit visit, void *arg)
{
    const struct relation *rel = c->rel;
    while (old->more || new->more) {
        int order = side_order(old, new);
        bool same = order == 0 && str_eq(old->value, new->value);
        TRY(fiber_tick());
        if (!same && order <= 0)
            TRY(table_decode_row(rel, old->value, rel->natts, old->row));
        if (!same && order >= 0)
            TRY(table_decode_row(rel, new->value, rel->natts, new->row));
        if (order == 0 && !same)
            same = rows_same(rel, old->row, new->row);
        if (!same) {
            enum difference what = order < 0 ? ROW_EXTRA : order > 0 ? ROW_MISSING : ROW_DIFFERENT;
            c->found[what]++;
            TRY(visit(arg, what, order <= 0 ? old->key : new->key, order <= 0 ? old->row : NULL,
                      order >= 0 ? new->row : NULL));
        }
        if (order <= 0)
            TRY(advance(old));
        if (order >= 0)
            TRY(advance(new));
    }
    return NULL;
}

struct err *compare_rows(struct comparison *c, compare_visit visit, void *arg)
{
    struct txn *t = c->j->s->cat.txn;
    struct side old = {0}, new = {0};
    struct arena arena;
    memset(c->found, 0, sizeof(c->found));
    arena_init(&arena);
    old.row = arena_new_array(&arena, struct datum, c->rel->natts + 1);
    new.row = arena_new_array(&arena, struct datum, c->rel->natts + 1);
    /* The walk sees nothing of what is written beside it. */
    txn_next_command(t);
    struct txn_view view = txn_view_begin(t);
    struct err *e = open_side(&view, c->rel->storage_id, &old);
    if (!e)
        e = open_side(&view, c->fresh, &new);
    if (!e)
        e = walk(c, &old, &new, visit, arg);
    txn_scan_close(old.scan);
    txn_scan_close(new.scan);
    txn_view_done(&view);
    txn_next_command(t);
    arena_done(&arena);
    return e;
}

/* ---- writing the difference ---- */

struct mender {
    struct comparison *c;
    struct table_writer writer;
    struct index_eval *indexes;
    bool only_delete; /* rows that could be in the way of others */
};

static struct err *mend_row(struct mender *m, enum difference what, struct str key,
                            const struct datum *old, const struct datum *new)
{
    struct table_conflict conflict = {0};
    struct str new_key;
    bool locked;
    if (m->only_delete && what == ROW_MISSING)
        return NULL;
    if (what != ROW_MISSING)
        TRY(txn_lock_key(m->c->j->s->cat.txn, key, TXN_UPDATE, TXN_WAIT, &locked));
    if (what == ROW_EXTRA || m->only_delete)
        return table_delete(&m->writer, key, old);
    TRY(what == ROW_MISSING ? table_insert(&m->writer, new, &conflict, NULL)
                            : table_update(&m->writer, key, old, new, &conflict, &new_key));
    return conflict.index ? table_unique_error(&m->writer, &conflict, new) : NULL;
}

static struct err *mend(void *arg, enum difference what, struct str key, const struct datum *old,
                        const struct datum *new)
{
    struct mender *m = arg;
    struct err *e = mend_row(m, what, key, old, new);
    index_eval_reset(m->indexes);
    return e;
}

/* With the indexes that the table has by now. */
static struct err *lock_for_writing(struct comparison *c)
{
    struct relation *now;
    TRY(job_lock_again(c->j, c->rel, &now));
    relation_unref(c->rel);
    c->rel = now;
    return NULL;
}

struct err *compare_apply(struct comparison *c)
{
    struct job *j = c->j;
    TRY(lock_for_writing(c));
    struct exec_env env = session_exec_env(j->s);
    struct mender m = {.c = c, .indexes = index_eval_new(&env, c->rel)};
    uint64_t replaced = 0, gone = 0;
    struct err *e = NULL;
    for (int i = 0; i < c->rel->nindexes; i++)
        m.only_delete |= c->rel->indexes[i].unique && !c->rel->indexes[i].primary;
    table_writer_init(&m.writer, &j->s->cat, c->rel);
    m.writer.hooks = index_eval_hooks(m.indexes);
    if (m.only_delete) { /* what differs is missing then */
        e = compare_rows(c, mend, &m);
        replaced = c->found[ROW_DIFFERENT];
        gone = c->found[ROW_EXTRA];
        m.only_delete = false;
    }
    if (!e)
        e = compare_rows(c, mend, &m);
    table_writer_done(&m.writer);
    index_eval_free(m.indexes);
    j->run.inserted = c->found[ROW_MISSING] - replaced;
    j->run.updated = c->found[ROW_DIFFERENT] + replaced;
    j->run.deleted = c->found[ROW_EXTRA] + gone;
    j->inserted += j->run.inserted;
    j->updated += j->run.updated;
    j->deleted += j->run.deleted;
    j->run.whole = true;
    j->run.rows = c->rows;
    return e;
}

/* ---- VERIFY ---- */

struct verify {
    struct job *j;
    struct comparison c;
    struct own_rows *to;
    struct row_taker taker; /* for texts */
    struct buf key;
    struct buf detail;
};

static struct err *put_value(struct verify *v, int att, struct datum d)
{
    const struct type_ops *ops = v->c.rel->atts[att].ops;
    struct buf text = BUF_INIT;
    struct err *e = d.null ? NULL : ops->out(ops, &v->j->s->types, d, &text);
    if (d.null)
        buf_put_c(&v->detail, "NULL");
    else if (!e && text.len > MAX_SHOWN)
        buf_printf(&v->detail, "%zu bytes", text.len);
    else if (!e)
        buf_put_str(&v->detail, buf_str(&text));
    buf_done(&text);
    return e;
}

static struct err *put_detail(struct verify *v, const struct datum *old, const struct datum *new)
{
    const struct relation *rel = v->c.rel;
    buf_reset(&v->detail);
    if (!old || !new)
        buf_put_c(&v->detail, old ? "not in the source" : "not in the table");
    for (int i = 0; i < rel->natts && old && new; i++) {
        bool same = old[i].null == new[i].null;
        if (same && !old[i].null)
            same = rel->atts[i].ops->byval ? old[i].u == new[i].u
                                           : str_eq(datum_as_str(old[i]), datum_as_str(new[i]));
        if (same || rel->atts[i].dropped)
            continue;
        buf_printf(&v->detail, "%s%s: ", v->detail.len ? "; " : "", rel->atts[i].name);
        TRY(put_value(v, i, old[i]));
        buf_put_c(&v->detail, " in the table, ");
        TRY(put_value(v, i, new[i]));
        buf_put_c(&v->detail, " in the source");
    }
    return buf_finish(&v->detail);
}

static struct err *show(void *arg, enum difference what, struct str key, const struct datum *old,
                        const struct datum *new)
{
    static const char *const names[] = {"missing", "extra", "different"};
    struct verify *v = arg;
    (void)key;
    TRY(rows_key_text(&v->taker, old ? old : new, &v->key));
    TRY(put_detail(v, old, new));
    struct datum row[] = {datum_str(str_from(names[what])), datum_str(buf_str(&v->key)),
                          datum_str(buf_str(&v->detail))};
    return v->to->put(v->to, row);
}

static struct err *repair(struct verify *v, struct rejects *rejects)
{
    struct job *j = v->j;
    j->run.kind = "repair";
    j->run.source_version = -1; /* as it was */
    TRY(compare_apply(&v->c));
    j->run.rejected = rejects->added;
    j->run.rejects_change = rejects->change;
    return state_applied(j->s, &j->run);
}

static struct err *verify_table(struct verify *v, const struct sync_state *state)
{
    struct job *j = v->j;
    struct sync_options options;
    struct sync_columns columns;
    enum columns_change change;
    struct rejects rejects = {0};
    TRY(options_read(state->options, j->arena, &options));
    j->run.policy = options.policy;
    struct row_policy policy = sync_policy(state, &options);
    struct err *e = job_open_table(j, state, false, state->applied_version);
    if (e)
        return err_hint(e, "The version that the table is at must still be in the source; REFRESH "
                           "SYNCED TABLE ... FULL takes a new copy.");
    TRY(columns_match(j, &v->c.rel, state, false, &columns, &change));
    v->c.columns = &columns;
    v->c.policy = &policy;
    v->c.rate_limit_rows = options.rate_limit_rows;
    j->run.columns = columns.json;
    j->run.change_source =
        strcmp(state->mode, "SNAPSHOT") == 0 ? NULL : sync_change_source(j->source);
    if (j->stmt->repair)
        TRY(rejects_open(&rejects, j->s, v->c.rel->oid, j->run.started_us));
    e = compare_load(&v->c, j->stmt->repair ? &rejects : NULL);
    rejects_close(&rejects);
    rows_init(&v->taker, j->s, v->c.rel, &columns, &policy, j->arena);
    if (!e)
        e = compare_rows(&v->c, show, v);
    uint64_t found = v->c.found[ROW_MISSING] + v->c.found[ROW_EXTRA] + v->c.found[ROW_DIFFERENT];
    rows_done(&v->taker);
    if (!e && j->stmt->repair && (found || rejects.change))
        e = repair(v, &rejects);
    if (!e)
        e = compare_end(&v->c);
    if (!e)
        job_notice(
            j,
            err_new("00000", "%llu rows of version %lld of the source compared: %llu differences%s",
                    (unsigned long long)v->c.rows, (long long)state->applied_version,
                    (unsigned long long)found, found && j->stmt->repair ? ", repaired" : ""));
    return e;
}

static struct err *verify_in_txn(struct verify *v)
{
    struct job *j = v->j;
    struct sync_state state;
    bool found = false;
    TRY(job_find(j, TXN_ACCESS_SHARE, true, &v->c.rel));
    struct err *e = job_check_owner(j, v->c.rel);
    if (!e)
        e = state_get(j->s, v->c.rel->oid, j->arena, &state, &found);
    if (!e && !found)
        e = err_new("XX001", "the state of synced table \"%s\" is missing", v->c.rel->name);
    j->run.relid = v->c.rel->oid;
    j->run.schema = arena_strdup(j->arena, v->c.rel->nsp_name);
    j->run.table = arena_strdup(j->arena, v->c.rel->name);
    if (!e)
        j->run.from_version = state.applied_version;
    if (!e)
        e = run_set_schedule(&j->run, &state, j->s->types.tz);
    struct running running;
    running_begin(&running, j->s->cat.db, j->run.relid, false);
    if (!e)
        e = verify_table(v, &state);
    relation_unref(v->c.rel);
    return running_end(&running, e);
}

struct err *verify_statement(struct job *j, struct own_rows *rows, char *tag)
{
    struct verify v = {.j = j, .c.j = j, .to = rows, .key = BUF_INIT, .detail = BUF_INIT};
    snprintf(tag, TAG_BYTES, "VERIFY SYNCED TABLE");
    TRY(job_begin(j->s));
    struct err *e = job_end(j->s, verify_in_txn(&v));
    buf_done(&v.key);
    buf_done(&v.detail);
    return e;
}
