/* Bringing a synced table up to its source.
 *
 * A whole copy loads into new storage ids and swaps them into the catalog; an incremental run
 * writes what has changed in place. Either commits its rows together with the version that they are
 * of, so that after any crash the table is its source at exactly that version; an incremental run
 * that covers many versions commits in between, always after whole versions, and before one that
 * changes the columns.
 *
 * Locks: that of the table's runs, so that there is one at a time, and SHARE UPDATE EXCLUSIVE,
 * which excludes schema changes but no reader: for a whole copy or a comparison only at its end,
 * when indexes that have been made meanwhile are seen and those that have gone are left out. Until
 * then a comparison, and a copy of a table with rejects, whose rows it changes from the beginning,
 * has what a reader has: DROP TABLE waits for it, which takes the rejects away after its own lock,
 * and CREATE INDEX does not; with columns that have changed, both do. DROP SYNCED TABLE interrupts
 * the run first. Readers go on with what their snapshot shows. */
#include "sync/sync_internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "catalog/ddl.h"
#include "catalog/systab.h"
#include "lake/jsondoc.h"
#include "rt/fiber.h"

#include <stdio.h>

enum { TAG_BYTES = 64 };

/* One run of a table. */
struct refresh {
    struct job *j;
    struct relation *rel;
    struct sync_state state;
    struct sync_options options;
    bool full;                /* a whole copy */
    bool resync;              /* ... since the changes are not to be had any more */
    bool gap;                 /* that is why it failed */
    bool more;                /* versions are left */
    int64_t newest;           /* of the source */
    int64_t first;            /* the version that incremental steps began at, */
    struct progress progress; /* and how far they are */
    bool shown;               /* it is under way */
    int64_t rejects_change;   /* by what the transaction gave up for a whole copy */
    struct relation *as_is;   /* `rel` before the columns that it is to have */
    bool altered;             /* ... which are others */
};

/* ---- progress of incremental steps; a whole copy has its own ---- */

static void show_progress(struct refresh *r)
{
    const struct job *j = r->j;
    if (r->shown)
        return;
    r->shown = true;
    r->first = r->state.applied_version;
    progress_begin(&r->progress, j->s->cat.db, r->rel->oid, -1, clock_mono_ns());
}

static void hide_progress(struct refresh *r)
{
    if (r->shown)
        progress_end(&r->progress);
    r->shown = false;
}

/* ---- columns that have changed ---- */

/* They are made twice, so that readers go on meanwhile: at first under a savepoint that is rolled
 * back, for the description by which rows are read and written; in earnest when all is written. */

enum { TRIES = 600, PAUSE_NS = 400 * 1000 * 1000 }; /* five minutes */

static struct err *alter_columns(struct refresh *r, bool keep, struct relation **rel,
                                 struct sync_columns *columns, enum columns_change *change)
{
    struct cat *c = &r->j->s->cat;
    for (int left = TRIES;; left--) {
        uint32_t mark = txn_savepoint(c->txn);
        struct err *e = columns_match(r->j, rel, &r->state, r->options.follow, columns, change);
        if (e || !keep) {
            txn_rollback_to(c->txn, mark);
            cat_forget_local(c, false);
        }
        txn_release(c->txn, mark);
        if (!e || !err_is(e, "55P03") || left == 1)
            return e;
        err_free(e);
        TRY(fiber_sleep(PAUSE_NS));
    }
}

/* Matches the table with the source that is open: r->rel is described as it is to be. */
static struct err *foresee_columns(struct refresh *r, struct sync_columns *columns,
                                   enum columns_change *change)
{
    struct cat *c = &r->j->s->cat;
    uint32_t oid = r->rel->oid;
    bool same;
    TRY(columns_look(r->j, r->rel, &r->state, &same));
    if (!same) { /* other schema changes, of indexes too, wait for the end */
        TRY(txn_lock_table(c->txn, oid, TXN_SHARE_UPDATE_EXCLUSIVE, TXN_WAIT, NULL));
        relation_unref(r->rel);
        TRY(cat_relation(c, oid, &r->rel));
        if (!r->rel)
            return err_new("42P01", "the synced table is not there any more");
    }
    relation_unref(r->as_is);
    r->as_is = relation_ref(r->rel);
    struct err *e = alter_columns(r, false, &r->rel, columns, change);
    r->altered = !e && *change != COLUMNS_SAME;
    return e;
}

/* Another way is taken than was foreseen. */
static void forget_foreseen(struct refresh *r)
{
    relation_unref(r->rel);
    r->rel = relation_ref(r->as_is);
    r->altered = false;
}

/* Makes the columns that were foreseen; *now: the table's description. */
static struct err *make_columns(struct refresh *r, struct relation **now)
{
    struct sync_columns columns;
    enum columns_change change;
    struct relation *rel = relation_ref(r->as_is);
    struct err *e = alter_columns(r, true, &rel, &columns, &change);
    if (e)
        relation_unref(rel);
    else
        *now = rel;
    return e;
}

/* ---- a whole copy ---- */

/* Changing a column's type makes its indexes anew, under their names. */
static const struct index *same_index(const struct refresh *r, const struct relation *in,
                                      const struct index *ix)
{
    const struct index *found = relation_index(in, ix->oid);
    for (int i = 0; i < in->nindexes && !found && r->altered; i++)
        if (strcmp(in->indexes[i].name, ix->name) == 0)
            found = &in->indexes[i];
    return found;
}

static struct err *swap_storage(struct refresh *r, uint32_t storage_id, const uint32_t *index_ids)
{
    struct cat *c = &r->j->s->cat;
    const struct relation *rel = r->rel;
    TRY(ddl_update_class(c, rel->oid, CLS_FILENODE, datum_int(storage_id)));
    TRY(txn_drop_storage(c->txn, rel->storage_id));
    for (int i = 0; i < rel->nindexes; i++) {
        if (rel->indexes[i].primary)
            continue;
        TRY(ddl_update_class(c, rel->indexes[i].oid, CLS_FILENODE, datum_int(index_ids[i])));
        TRY(txn_drop_storage(c->txn, rel->indexes[i].storage_id));
    }
    return NULL;
}

/* The ids of the table's indexes as it is now. What the copy has for others is dropped; for those
 * that it does not know, *fresh has an id, and elsewhere 0. */
static struct err *match_indexes(struct refresh *r, const struct relation *now,
                                 const uint32_t *loaded, uint32_t *ids, uint32_t *fresh, bool *any)
{
    struct cat *c = &r->j->s->cat;
    *any = false;
    for (int i = 0; i < r->rel->nindexes; i++)
        if (!r->rel->indexes[i].primary && !same_index(r, now, &r->rel->indexes[i]))
            TRY(txn_drop_storage(c->txn, loaded[i]));
    for (int i = 0; i < now->nindexes; i++) {
        const struct index *known = same_index(r, r->rel, &now->indexes[i]);
        fresh[i] = known ? 0 : txn_new_storage_id(catalog_txn_mgr(c->shared));
        ids[i] = known ? loaded[known - r->rel->indexes] : fresh[i];
        *any |= !known;
    }
    return NULL;
}

/* The copy is complete: locks the table, gives it other columns if need be, and puts the copy in
 * its place, with the indexes that the table has now. */
static struct err *take_copy(struct refresh *r, uint32_t storage_id, const uint32_t *loaded)
{
    struct job *j = r->j;
    struct relation *now;
    bool any = false;
    TRY(r->altered ? make_columns(r, &now) : job_lock_again(j, r->rel, &now));
    uint32_t *ids = arena_new_array(j->arena, uint32_t, now->nindexes + 1);
    uint32_t *fresh = arena_new_array(j->arena, uint32_t, now->nindexes + 1);
    struct load l = {.session = j->s, .rel = now, .storage_id = storage_id, .index_ids = fresh};
    struct err *e = match_indexes(r, now, loaded, ids, fresh, &any);
    if (!e && any)
        e = load_indexes(&l);
    relation_unref(r->rel);
    r->rel = now;
    return e ? e : swap_storage(r, storage_id, ids);
}

static struct err *copy_whole(struct refresh *r)
{
    struct job *j = r->j;
    struct txn_mgr *mgr = catalog_txn_mgr(j->s->cat.shared);
    struct sync_columns columns;
    enum columns_change change;
    struct row_policy policy = sync_policy(&r->state, &r->options);
    bool first = r->state.applied_version < 0;
    hide_progress(r);
    j->run.kind = first ? "initial" : r->resync ? "resync" : "full";
    TRY(job_open_table(j, &r->state, false, -1));
    TRY(foresee_columns(r, &columns, &change));
    j->run.columns = columns.json;
    uint32_t storage_id = txn_new_storage_id(mgr);
    uint32_t *index_ids = arena_new_array(j->arena, uint32_t, r->rel->nindexes + 1);
    for (int i = 0; i < r->rel->nindexes; i++)
        index_ids[i] = txn_new_storage_id(mgr);
    TRY(job_load(j, r->rel, &columns, &policy, r->options.rate_limit_rows, storage_id, index_ids));
    j->run.rejects_change += r->rejects_change;
    TRY(take_copy(r, storage_id, index_ids));
    if (first) /* readers may see it now */
        TRY(ddl_update_class(&j->s->cat, r->rel->oid, CLS_ISPOPULATED, datum_bool(true)));
    return state_applied(j->s, &j->run);
}

/* The changes are not to be had: the table and a fresh copy are compared, and what differs is
 * written. */
static struct err *compare_whole(struct refresh *r)
{
    struct job *j = r->j;
    struct sync_columns columns;
    struct rejects rejects;
    enum columns_change change;
    struct row_policy policy = sync_policy(&r->state, &r->options);
    bool same;
    hide_progress(r);
    j->run.kind = "resync";
    TRY(job_open_table(j, &r->state, false, -1));
    TRY(columns_look(j, r->rel, &r->state, &same));
    if (!same)
        return copy_whole(r);
    TRY(columns_match(j, &r->rel, &r->state, false, &columns, &change));
    j->run.columns = columns.json;
    j->run.change_source = sync_change_source(j->source);
    struct comparison c = {.j = j,
                           .rel = r->rel,
                           .columns = &columns,
                           .policy = &policy,
                           .rate_limit_rows = r->options.rate_limit_rows};
    struct err *e = rejects_open(&rejects, j->s, r->rel->oid, j->run.started_us);
    if (!e)
        e = compare_load(&c, &rejects);
    rejects_close(&rejects);
    j->run.rejected = rejects.added;
    j->run.rejects_change = rejects.change;
    if (!e)
        e = compare_apply(&c);
    r->rel = c.rel;
    if (!e)
        e = compare_end(&c);
    return e ? e : state_applied(j->s, &j->run);
}

/* ---- what has changed ---- */

static bool same_id(const char *a, const char *b)
{
    return !a || !b || !*a || !*b || strcmp(a, b) == 0;
}

static struct err *gap(struct refresh *r, const char *reason)
{
    r->gap = true;
    struct err *e = err_new("55000",
                            "the source of synced table \"%s\" has no way from version %lld "
                            "on: %s",
                            r->rel->name, (long long)r->state.applied_version, reason);
    return err_hint(e, "REFRESH SYNCED TABLE ... FULL takes a new copy, and so does the option "
                       "on_gap = resync by itself.");
}

/* Where the change feed is on, versions have change files where they need them. */
const char *sync_change_source(const struct source *source)
{
    struct str on = delta_property(source->snapshot, "delta.enableChangeDataFeed");
    return on.data && str_eq(on, STR("true")) ? "cdf" : "file diff";
}

static void take_results(struct refresh *r, const struct apply *a, const struct rejects *rejects)
{
    struct job *j = r->j;
    j->run.to_version = a->applied;
    j->run.whole = false;
    j->run.inserted = a->inserted;
    j->run.updated = a->updated;
    j->run.deleted = a->deleted;
    j->run.rejected = rejects->added;
    j->run.rejects_change = rejects->change;
    j->run.files = a->files;
    j->run.bytes = a->bytes;
    j->run.change_source = sync_change_source(j->source);
    r->more = a->applied < r->newest;
    j->run.source_version = r->newest;
    j->run.commit_us = a->commit_us;
    j->inserted += a->inserted;
    j->updated += a->updated;
    j->deleted += a->deleted;
}

/* How far the run may go at once: where the columns differ in the end, as long as they are those
 * of the table, and if that is nowhere, or asked for, one version. Opens the source there. */
static struct err *choose_version(struct refresh *r, bool one)
{
    struct job *j = r->j;
    int64_t same = r->state.applied_version, other = r->newest;
    bool is_same;
    if (one)
        return job_open_table(j, &r->state, true, same + 1);
    TRY(columns_look(j, r->rel, &r->state, &is_same));
    if (is_same || other - same == 1)
        return NULL;
    while (other - same > 1) {
        int64_t middle = same + (other - same) / 2;
        TRY(job_open_table(j, &r->state, true, middle));
        TRY(columns_look(j, r->rel, &r->state, &is_same));
        *(is_same ? &same : &other) = middle;
    }
    int64_t chosen = same > r->state.applied_version ? same : other;
    return j->run.source_version == chosen ? NULL : job_open_table(j, &r->state, true, chosen);
}

/* Whether the run failed for what a version brought that a later one may have mended. */
static bool may_be_mended(const struct refresh *r, const struct apply *a, const struct err *e)
{
    int64_t reached = a->applied > a->from ? a->applied : a->from;
    return reached + 1 < r->newest &&
           (err_is(e, "23505") || err_is(e, "23502") || err_is(e, "22021") || err_is(e, "22003") ||
            err_is(e, "22008") || err_is(e, "22P02"));
}

/* A table that follows no columns is compared with the newest version, which has its columns again,
 * where the one that is open has others. */
static struct err *pass_over_columns(struct refresh *r)
{
    bool same = true;
    if (!r->options.follow)
        TRY(columns_look(r->j, r->rel, &r->state, &same));
    return same ? NULL : gap(r, "its columns have changed, and changed back");
}

/* `one`: version. Columns that come and go between the first version and the last make it so. */
static struct err *apply_changes(struct refresh *r, bool one)
{
    struct job *j = r->j;
    struct sync_columns columns;
    struct rejects rejects;
    enum columns_change change;
    struct relation *now;
    struct row_policy policy = sync_policy(&r->state, &r->options);
    struct err *e = choose_version(r, one);
    if (e) {
        r->gap = err_is(e, "22023") || err_is(e, "58P01");
        return e;
    }
    if (one)
        TRY(pass_over_columns(r));
    TRY(foresee_columns(r, &columns, &change));
    /* Rejects are known by all values of their rows. */
    if (change == COLUMNS_RETYPED || (change == COLUMNS_OTHERS && r->state.rejected)) {
        forget_foreseen(r);
        return copy_whole(r);
    }
    j->run.columns = columns.json;
    show_progress(r);
    struct apply a = {.session = j->s,
                      .rel = r->rel,
                      .store = j->source->store,
                      .path = j->source->path,
                      .columns = &columns,
                      .snapshot = j->source->snapshot,
                      .schema = j->source->schema,
                      .from = r->state.applied_version,
                      .to = j->run.source_version,
                      .batch_rows = r->options.batch_rows,
                      .policy = &policy,
                      .rejects = &rejects,
                      .rate_limit_rows = r->options.rate_limit_rows,
                      .had_rejects = r->state.rejected > 0,
                      .first = r->first,
                      .progress = &r->progress};
    e = rejects_open(&rejects, j->s, r->rel->oid, j->run.started_us);
    if (!e)
        e = apply_run(&a);
    rejects_close(&rejects);
    if (e) {
        /* 0A000: a column had another type in between. */
        r->gap = err_is(e, "22023") || err_is(e, "58P01") || err_is(e, "0A000") ||
                 may_be_mended(r, &a, e);
        return e;
    }
    if (a.other_columns || a.too_many)
        forget_foreseen(r);
    if (a.other_columns)
        return apply_changes(r, true);
    if (a.too_many) {
        r->rejects_change = rejects.change;
        return copy_whole(r);
    }
    if (r->altered) {
        TRY(make_columns(r, &now));
        relation_unref(now);
    }
    take_results(r, &a, &rejects);
    return state_applied(j->s, &j->run);
}

static struct err *catch_up(struct refresh *r)
{
    struct job *j = r->j;
    j->run.kind = "incremental";
    TRY(job_open_table(j, &r->state, true, -1));
    if (!same_id(r->state.source_id, j->run.source_id))
        return gap(r, "there is another table now");
    if (j->run.source_version < r->state.applied_version)
        return gap(r, "it has gone back to an older version");
    if (j->run.source_version == r->state.applied_version)
        return state_checked(j->s, &j->run);
    r->newest = j->run.source_version;
    return apply_changes(r, false);
}

/* ---- a run ---- */

static bool is_copy(const struct refresh *r)
{
    bool first = r->state.applied_version < 0;
    return first || (!r->resync && (r->full || strcmp(r->state.mode, "SNAPSHOT") == 0));
}

/* What the run needs of the table while it reads the source. */
static struct err *first_lock(struct refresh *r, uint32_t relid)
{
    bool locked;
    if (is_copy(r) && !r->state.rejected)
        return NULL;
    return txn_lock_table(r->j->s->cat.txn, relid,
                          is_copy(r) || r->resync ? TXN_ACCESS_SHARE : TXN_SHARE_UPDATE_EXCLUSIVE,
                          TXN_WAIT, &locked);
}

static struct err *open_table(struct refresh *r, uint32_t relid)
{
    struct job *j = r->j;
    struct cat *c = &j->s->cat;
    bool found;
    TRY(job_lock_runs(j, relid));
    TRY(state_get(j->s, relid, j->arena, &r->state, &found));
    if (found)
        TRY(first_lock(r, relid));
    TRY(cat_relation(c, relid, &r->rel));
    if (!r->rel || !r->rel->read_only_synced)
        return err_new("42P01", "the synced table is not there any more");
    if (!found)
        return err_new("XX001", "the state of synced table \"%s\" is missing", r->rel->name);
    TRY(options_read(r->state.options, j->arena, &r->options));
    j->run.policy = r->options.policy;
    j->run.relid = relid;
    j->run.schema = arena_strdup(j->arena, r->rel->nsp_name);
    j->run.table = arena_strdup(j->arena, r->rel->name);
    j->run.from_version = r->state.applied_version;
    j->run.to_version = j->run.source_version = -1;
    return run_set_schedule(&j->run, &r->state, j->s->types.tz);
}

/* What rows are refused, and which rejects there are for rows that go away, follows from the policy
 * that they came by. */
static bool has_other_policy(const struct refresh *r)
{
    const char *applied = options_applied_policy(r->state.columns, r->j->arena);
    return applied && strcmp(applied, r->options.policy) != 0;
}

static struct err *step_in_txn(struct refresh *r, uint32_t relid)
{
    TRY(open_table(r, relid));
    if (is_copy(r))
        return copy_whole(r);
    return r->resync || has_other_policy(r) ? compare_whole(r) : catch_up(r);
}

static struct err *step(struct refresh *r, uint32_t relid)
{
    r->more = r->gap = false;
    r->rejects_change = 0;
    TRY(job_begin(r->j->s));
    struct err *e = job_end(r->j->s, step_in_txn(r, relid));
    relation_unref(r->rel);
    relation_unref(r->as_is);
    r->rel = r->as_is = NULL;
    r->altered = false;
    return e;
}

/* A failed run is noted in a transaction of its own; if that fails too, the first error counts. */
static void note_failure(struct job *j, const struct err *why, bool interrupted)
{
    if (!j->run.relid || err_is(why, "57P01"))
        return;
    struct err *e = job_begin(j->s);
    if (!e)
        e = job_end(j->s, interrupted ? state_interrupted(j->s, &j->run, why)
                                      : state_failed(j->s, &j->run, why));
    err_free(e);
}

struct err *refresh_table(struct job *j, uint32_t relid, bool full)
{
    struct refresh r = {.j = j, .full = full};
    struct running running;
    struct err *e = NULL;
    running_begin(&running, j->s->cat.db, relid, !j->stmt);
    do {
        e = step(&r, relid);
        if (e && r.gap && r.options.resync && !r.full) {
            log_write(LOG_LOG, "sync", "synced table \"%s.%s\" is compared with its source: %s",
                      j->run.schema, j->run.table, e->message);
            err_free(e);
            r.resync = true;
            e = step(&r, relid);
        }
    } while (!e && r.more);
    hide_progress(&r);
    e = running_end(&running, e);
    if (e)
        note_failure(j, e, running.why != NULL);
    return e;
}

/* ---- statements ---- */

/* The statement's table, which the role must own. */
static struct err *find_own(struct job *j, uint32_t *relid, struct sync_state *state)
{
    struct relation *rel;
    bool found = false;
    TRY(job_find(j, TXN_ACCESS_SHARE, false, &rel));
    struct err *e = job_check_owner(j, rel);
    if (!e)
        e = state_get(j->s, rel->oid, j->arena, state, &found);
    if (!e && !found)
        e = err_new("XX001", "the state of synced table \"%s\" is missing", rel->name);
    *relid = rel->oid;
    relation_unref(rel);
    return e;
}

static void refreshed_notice(struct job *j)
{
    const struct sync_run *run = &j->run;
    double seconds = (double)(clock_mono_ns() - j->start_ns) / 1e9;
    if (run->whole)
        job_loaded_notice(j);
    else
        job_notice(j, err_new("00000",
                              "synced table \"%s.%s\" is at version %lld: %llu rows inserted, "
                              "%llu updated, %llu deleted in %.2f seconds",
                              run->schema, run->table, (long long)run->source_version,
                              (unsigned long long)j->inserted, (unsigned long long)j->updated,
                              (unsigned long long)j->deleted, seconds));
}

struct err *refresh_statement(struct job *j, char *tag)
{
    struct sync_state state;
    uint32_t relid = 0;
    TRY(job_begin(j->s));
    TRY(job_end(j->s, find_own(j, &relid, &state)));
    if (j->stmt->no_wait) {
        snprintf(tag, TAG_BYTES, "REFRESH SYNCED TABLE");
        return scheduler_run(j, relid, j->stmt->full);
    }
    TRY(refresh_table(j, relid, j->stmt->full));
    snprintf(tag, TAG_BYTES, "REFRESH SYNCED TABLE");
    refreshed_notice(j);
    return scheduler_look(j, relid);
}

static struct err *change_state(struct job *j, struct sync_state *state)
{
    const struct own_stmt *stmt = j->stmt;
    switch (stmt->action) {
    case OWN_PAUSE:
    case OWN_RESUME:
        state->paused = stmt->action == OWN_PAUSE;
        return NULL;
    case OWN_SET_MODE:
        state->mode = sync_mode_name(stmt->mode);
        if (stmt->mode == OWN_MODE_CONTINUOUS) {
            state->every_us = -1;
            state->cron = NULL;
        }
        return NULL;
    case OWN_SET_OPTIONS:
        for (int i = 0; i < stmt->noptions; i++)
            if (strcmp(stmt->options[i].name, "credential") == 0)
                TRY(credential_check_use(&j->s->cat, stmt->options[i].value));
        return options_merge(state->options, stmt->options, stmt->noptions, j->arena,
                             &state->options);
    case OWN_SET_SCHEDULE:
        break;
    }
    if (strcmp(state->mode, "CONTINUOUS") == 0)
        return err_at(err_new("42809", "a continuous synced table has no schedule"),
                      stmt->schedule_location + 1);
    state->every_us = -1;
    state->cron = stmt->cron;
    if (stmt->every)
        return schedule_parse_interval(stmt->every, "EVERY", &state->every_us);
    return schedule_check_cron(stmt->cron, j->s->types.tz);
}

static struct err *alter_in_txn(struct job *j, uint32_t *relid)
{
    struct sync_state state;
    int64_t next_us;
    TRY(find_own(j, relid, &state));
    TRY(change_state(j, &state));
    TRY(schedule_next(state.every_us, state.cron, j->run.started_us, j->s->types.tz, &next_us));
    return state_alter(j->s, *relid, &state, next_us);
}

struct err *alter_statement(struct job *j, char *tag)
{
    uint32_t relid = 0;
    TRY(job_begin(j->s));
    TRY(job_end(j->s, alter_in_txn(j, &relid)));
    if (j->stmt->action == OWN_PAUSE)
        running_interrupt(j->s->cat.db, relid, true, "ALTER SYNCED TABLE ... PAUSE");
    snprintf(tag, TAG_BYTES, "ALTER SYNCED TABLE");
    return scheduler_look(j, relid);
}

static struct err *read_version(struct job *j, int64_t *version)
{
    struct relation *rel;
    struct sync_state state;
    bool found;
    TRY(job_find(j, TXN_ACCESS_SHARE, false, &rel));
    struct err *e = state_get(j->s, rel->oid, j->arena, &state, &found);
    *version = !e && found ? state.applied_version : -1;
    relation_unref(rel);
    return e;
}

struct err *wait_statement(struct job *j, char *tag)
{
    enum { LOOK_NS = 10 * 1000 * 1000 };
    const struct own_stmt *stmt = j->stmt;
    int64_t timeout_us = -1;
    int64_t wanted;
    if (!lake_parse_i64(str_from(stmt->version), &wanted))
        return err_at(err_new("22023", "invalid version \"%s\"", stmt->version),
                      stmt->version_location + 1);
    if (stmt->timeout)
        TRY(schedule_parse_interval(stmt->timeout, "TIMEOUT", &timeout_us));
    for (;;) {
        int64_t version = -1;
        struct arena_mark mark = arena_mark(j->arena);
        TRY(job_begin(j->s));
        TRY(job_end(j->s, read_version(j, &version)));
        arena_rewind(j->arena, mark);
        snprintf(tag, TAG_BYTES, "WAIT FOR SYNCED TABLE");
        if (version >= wanted)
            return NULL;
        if (timeout_us >= 0 && clock_mono_ns() - j->start_ns >= timeout_us * 1000)
            return err_new("57014",
                           "synced table \"%s\" did not reach version %lld in time: it is at "
                           "version %lld",
                           stmt->name, (long long)wanted, (long long)version);
        TRY(fiber_sleep(LOOK_NS));
    }
}
