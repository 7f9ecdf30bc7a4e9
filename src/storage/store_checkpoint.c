/* The writer thread: the only one that writes to LMDB. It turns frozen tables into checkpoints,
 * runs the batches of bulk loads, and deletes what dropped storage ids left behind.
 *
 * A checkpoint writes the newest version of every key of the frozen tables, row counts, drops, and
 * the record that says where redo begins. It is one LMDB transaction, or several, so that the pages
 * they change do not take more memory than a memtable: then the first ones have keys only, and a
 * mark that the state is half-written; all else, and the end of the mark, is in the last one. A
 * crash before its commit leaves the state before but for some newer keys, which redo, for which
 * the log has everything since, writes again; after it, the log before the redo point is not needed
 * any more. Nobody reads what is half-written: no generation is made of it, and a copy of it is
 * thrown away. */
#include "storage/store_internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "rt/fiber.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

static const char meta_key_bytes[] = {0, 0, 0, ID_META, 'c', 'h', 'e', 'c', 'k'};
const struct str meta_key = {meta_key_bytes, sizeof(meta_key_bytes)};
static const char half_key_bytes[] = {0, 0, 0, ID_META, 'h', 'a', 'l', 'f'};
const struct str half_key = {half_key_bytes, sizeof(half_key_bytes)};

enum { DISCARD_BATCH = 5000, RETRY_NS = 1000000000, IDLE_NS = 1000000000 };

static struct str id_key(char space[8], uint32_t kind, uint32_t storage_id)
{
    store_be32(space, kind);
    store_be32(space + 4, storage_id);
    return str_make(space, 8);
}

/* ---- writing tables ---- */

static bool is_dropped(struct store_table **tables, int n, uint32_t storage_id)
{
    for (int i = 0; i < n; i++)
        for (size_t j = 0; j < tables[i]->drop_count; j++)
            if (tables[i]->drops[j] == storage_id)
                return true;
    return false;
}

/* Ends the LMDB transaction early when it has become large. */
static struct err *next_transaction(struct store *s, struct store_table **tables, int n)
{
    if (kv_dirty_bytes(s->kv) < s->config.memtable_bytes)
        return NULL;
    if (!s->half_written)
        TRY(kv_put(s->kv, half_key, 0, (struct str){"", 0}));
    TRY(kv_commit(s->kv));
    s->half_written = true;
    for (int i = 0; i < n; i++)
        memtable_cool(&tables[i]->map);
    return kv_begin(s->kv);
}

static struct err *write_version(struct store *s, const struct memtable *m,
                                 const struct mem_node *n)
{
    const struct mem_version *v = atomic_load_explicit(&n->newest, memory_order_acquire);
    if (v->deleted)
        return kv_delete(s->kv, mem_key(n));
    return kv_put(s->kv, mem_key(n), mem_version_csn(m, v), mem_value(v));
}

/* The node or the first behind it that has a version: in a write set that became a table, those
 * that were rolled back have none. */
static struct mem_node *settle(struct mem_node *n)
{
    while (n && !atomic_load_explicit(&n->newest, memory_order_relaxed))
        n = mem_next(n);
    return n;
}

/* A merge of the tables in key order; of equal keys the newest table's version counts. */
static struct err *write_keys(struct store *s, struct store_table **tables, int n)
{
    struct mem_node *at[STORE_MAX_FROZEN];
    uint32_t last_id = 0;
    bool skip = false;
    for (int i = 0; i < n; i++)
        at[i] = settle(memtable_first(&tables[i]->map));
    for (;;) {
        struct mem_node *least = NULL;
        int table = 0;
        for (int i = 0; i < n; i++)
            if (at[i] && (!least || str_cmp(mem_key(at[i]), mem_key(least)) < 0)) {
                least = at[i];
                table = i;
            }
        if (!least)
            return NULL;
        uint32_t id = key_storage_id(mem_key(least));
        if (id != last_id) {
            skip = is_dropped(tables, n, id);
            last_id = id;
        }
        if (!skip)
            TRY(write_version(s, &tables[table]->map, least));
        TRY(next_transaction(s, tables, n));
        for (int i = 0; i < n; i++)
            if (at[i] && at[i] != least && str_eq(mem_key(at[i]), mem_key(least)))
                at[i] = settle(mem_next(at[i]));
        for (int i = 0; i < n; i++)
            if (at[i] == least)
                at[i] = settle(mem_next(least));
    }
}

static struct err *write_count(struct store *s, uint32_t storage_id, int64_t delta)
{
    char space[8];
    struct str key = id_key(space, ID_COUNT, storage_id);
    struct str old;
    bool found;
    uint8_t stored[8];
    TRY(kv_peek(s->kv, key, &old, &found));
    if (found && old.len == sizeof(stored))
        delta += (int64_t)load_le64(old.data);
    store_le64(stored, (uint64_t)delta);
    return kv_put(s->kv, key, 0, str_make(stored, sizeof(stored)));
}

static struct err *write_lists(struct store *s, const struct store_table *t)
{
    char space[8];
    for (size_t i = 0; i < t->count_count; i++)
        TRY(write_count(s, t->counts[i].storage_id, t->counts[i].delta));
    for (size_t i = 0; i < t->load_count; i++)
        TRY(kv_delete(s->kv, id_key(space, ID_LOADING, t->loads[i])));
    for (size_t i = 0; i < t->drop_count; i++)
        TRY(kv_put(s->kv, id_key(space, ID_DROPPED, t->drops[i]), 0, (struct str){"", 0}));
    return NULL;
}

static struct err *write_meta(struct store *s, const struct store_table *newest, struct lsn redo)
{
    uint8_t m[META_BYTES] = {0};
    store_le64(m, newest->last_csn);
    store_le64(m + 8, redo.v);
    store_le64(m + 16, atomic_load_explicit(&s->next_xid, memory_order_relaxed));
    store_le32(m + 24, atomic_load_explicit(&s->next_id, memory_order_relaxed));
    return kv_put(s->kv, meta_key, 0, str_make(m, sizeof(m)));
}

/* Whatever the state is, an error leaves no write transaction. */
static struct err *ended(struct store *s, struct err *e)
{
    if (e)
        kv_abort(s->kv);
    return e ? e : kv_commit(s->kv);
}

struct err *write_keys_early(struct store *s, struct store_table **tables, int n)
{
    TRY(kv_begin(s->kv));
    struct err *e = write_keys(s, tables, n);
    if (!e && !s->half_written)
        e = kv_put(s->kv, half_key, 0, (struct str){"", 0});
    TRY(ended(s, e));
    s->half_written = true;
    return NULL;
}

struct err *write_tables(struct store *s, struct store_table **tables, int n, struct lsn redo)
{
    TRY(kv_begin(s->kv));
    struct err *e = write_keys(s, tables, n);
    for (int i = n - 1; !e && i >= 0; i--)
        e = write_lists(s, tables[i]);
    if (!e)
        e = write_meta(s, tables[0], redo);
    if (!e)
        e = kv_delete(s->kv, half_key);
    TRY(ended(s, e));
    s->half_written = false;
    return NULL;
}

/* ---- the checkpoint ---- */

static void add_discard(struct store *s, uint32_t storage_id)
{
    pthread_mutex_lock(&s->job_mu);
    s->discards = array_room(s->discards, s->discard_count, &s->discard_cap, sizeof(*s->discards));
    s->discards[s->discard_count++] = storage_id;
    pthread_mutex_unlock(&s->job_mu);
}

void store_discard(struct store *s, uint32_t storage_id)
{
    add_discard(s, storage_id);
    pthread_cond_signal(&s->job_work);
}

/* Replaces the generation, and takes the last `n` frozen tables out of the state. */
static struct err *install(struct store *s, int n)
{
    struct kv_gen *fresh;
    if (s->half_written) /* by a checkpoint that found the disk full */
        return err_new(s->checkpoint_error->sqlstate, "%s", s->checkpoint_error->message);
    struct store_table *gone[STORE_MAX_FROZEN] = {NULL};
    TRY(kv_gen_new(s->kv, &fresh));
    pthread_mutex_lock(&s->state_mu);
    struct kv_gen *old = s->gen;
    s->gen = fresh;
    s->frozen_count -= n;
    for (int i = 0; i < n; i++)
        gone[i] = s->frozen[s->frozen_count + i];
    state_changed_locked(s);
    pthread_mutex_unlock(&s->state_mu);
    state_sweep(s);
    kv_gen_unref(old);
    for (int i = 0; i < n; i++) {
        atomic_fetch_sub_explicit(&s->frozen_bytes, gone[i]->map.arena.used_bytes,
                                  memory_order_relaxed);
        table_unref(gone[i]);
    }
    return NULL;
}

static int frozen_tables(struct store *s, struct store_table **tables)
{
    pthread_mutex_lock(&s->state_mu);
    int n = s->frozen_count;
    for (int i = 0; i < n; i++)
        tables[i] = s->frozen[i];
    pthread_mutex_unlock(&s->state_mu);
    return n;
}

/* True when there was nothing to write or it has been written. */
static bool checkpoint_frozen(struct store *s)
{
    struct store_table *tables[STORE_MAX_FROZEN];
    int n = frozen_tables(s, tables);
    if (n == 0)
        return true;
    wal_wait(s->wal, tables[0]->end);
    struct lsn redo = redo_point(s, n, tables[0]->end);
    struct err *e = write_tables(s, tables, n, redo);
    if (e && (err_is(e, "53100") || err_is(e, "53200"))) {
        log_err(LOG_ERROR, "checkpoint", e);
        pthread_mutex_lock(&s->job_mu);
        s->checkpoint_failures++;
        err_free(s->checkpoint_error);
        s->checkpoint_error = e;
        wait_queue_broadcast(&s->job_idle); /* those who asked for it are told */
        pthread_mutex_unlock(&s->job_mu);
        return false;
    }
    if (e)
        store_panic("checkpoint failed", e);
    for (int i = 0; i < n; i++)
        for (size_t j = 0; j < tables[i]->drop_count; j++)
            add_discard(s, tables[i]->drops[j]);
    e = install(s, n);
    if (e)
        store_panic("checkpoint failed", e);
    atomic_store_explicit(&s->redo_lsn, redo.v, memory_order_relaxed);
    atomic_fetch_add_explicit(&s->checkpoint_count, 1, memory_order_relaxed);
    wal_recycle(s->wal, redo);
    return true;
}

static void freeze_for_checkpoint(struct store *s)
{
    wait_mutex_lock(&s->commit_mu);
    pthread_mutex_lock(&s->state_mu);
    bool room = s->frozen_count < STORE_MAX_FROZEN;
    pthread_mutex_unlock(&s->state_mu);
    if (room && table_has_content(s->active))
        freeze_active_locked(s);
    wait_mutex_unlock(&s->commit_mu);
}

static bool checkpoint_due(struct store *s, bool forced)
{
    int64_t age_ns = clock_mono_ns() - s->last_checkpoint_ns;
    uint64_t wal_bytes = atomic_load_explicit(&s->tail_lsn, memory_order_relaxed) -
                         atomic_load_explicit(&s->redo_lsn, memory_order_relaxed);
    return forced || age_ns >= s->config.checkpoint_timeout_ms * 1000000 ||
           (int64_t)wal_bytes > s->config.max_wal_bytes;
}

/* One round; false when the disk is full. */
static bool checkpoint_round(struct store *s)
{
    pthread_mutex_lock(&s->job_mu);
    uint64_t wanted = s->checkpoints_wanted;
    bool forced = wanted > s->checkpoints_done;
    pthread_mutex_unlock(&s->job_mu);
    bool due = checkpoint_due(s, forced);
    if (due && !checkpoint_frozen(s)) /* makes room for the active table */
        return false;
    if (due)
        freeze_for_checkpoint(s);
    if (!checkpoint_frozen(s))
        return false;
    if (due)
        s->last_checkpoint_ns = clock_mono_ns();
    pthread_mutex_lock(&s->job_mu);
    s->checkpoints_done = wanted;
    wait_queue_broadcast(&s->job_idle);
    pthread_mutex_unlock(&s->job_mu);
    return true;
}

struct err *store_checkpoint(struct store *s)
{
    struct err *e = NULL;
    pthread_mutex_lock(&s->job_mu);
    uint64_t mine = ++s->checkpoints_wanted;
    uint64_t failures = s->checkpoint_failures;
    pthread_cond_signal(&s->job_work);
    while (!e && s->checkpoints_done < mine) {
        bool signalled;
        if (s->checkpoint_failures > failures) {
            e = err_new(s->checkpoint_error->sqlstate, "%s", s->checkpoint_error->message);
            break;
        }
        e = wait_queue_wait(&s->job_idle, &s->job_mu, WAIT_FOREVER, &signalled);
    }
    pthread_mutex_unlock(&s->job_mu);
    return e;
}

/* ---- discarding ---- */

static struct err *discard_some(struct store *s, uint32_t storage_id, bool *done)
{
    char space[8];
    TRY(kv_begin(s->kv));
    struct err *e = kv_delete_some(s->kv, storage_id, DISCARD_BATCH, done);
    for (uint32_t kind = ID_COUNT; !e && *done && kind <= ID_LOADING; kind++)
        e = kv_delete(s->kv, id_key(space, kind, storage_id));
    if (e) {
        kv_abort(s->kv);
        return e;
    }
    TRY(kv_commit(s->kv));
    return *done ? install(s, 0) : NULL;
}

static bool discard_round(struct store *s)
{
    pthread_mutex_lock(&s->job_mu);
    uint32_t storage_id = s->discard_count ? s->discards[s->discard_count - 1] : 0;
    pthread_mutex_unlock(&s->job_mu);
    if (!storage_id)
        return false;
    bool done = false;
    struct err *e = discard_some(s, storage_id, &done);
    if (e) {
        if (!err_is(e, "53100") && !err_is(e, "53200"))
            store_panic("deleting dropped data failed", e);
        log_err(LOG_WARNING, "storage", e);
        err_free(e);
        return false;
    }
    if (done) {
        pthread_mutex_lock(&s->job_mu);
        for (size_t i = 0; i < s->discard_count; i++)
            if (s->discards[i] == storage_id)
                s->discards[i--] = s->discards[--s->discard_count];
        pthread_mutex_unlock(&s->job_mu);
    }
    return true;
}

/* ---- jobs ---- */

static bool job_round(struct store *s)
{
    pthread_mutex_lock(&s->job_mu);
    struct store_job *job = s->jobs;
    if (job) {
        s->jobs = job->next;
        if (!s->jobs)
            s->jobs_end = &s->jobs;
    }
    pthread_mutex_unlock(&s->job_mu);
    if (!job)
        return false;
    job->result = job->run(s, job->arg);
    wait_wake(&job->done); /* whoever waits does not look at the list: no lock is needed */
    return true;
}

/* The caller waits for `done`. */
static void submit(struct store *s, struct store_job *job)
{
    wait_prepare(&job->done);
    pthread_mutex_lock(&s->job_mu);
    *s->jobs_end = job;
    s->jobs_end = &job->next;
    pthread_cond_signal(&s->job_work);
    pthread_mutex_unlock(&s->job_mu);
}

struct err *writer_run(struct store *s, struct err *(*run)(struct store *, void *), void *arg)
{
    struct store_job job = {.run = run, .arg = arg};
    submit(s, &job);
    wait_block_always(&job.done);
    return job.result;
}

static void free_garbage(struct store *s)
{
    pthread_mutex_lock(&s->garbage_mu);
    struct store_table *t = s->garbage;
    s->garbage = NULL;
    pthread_mutex_unlock(&s->garbage_mu);
    while (t) {
        struct store_table *next = t->next_garbage;
        table_free(t);
        t = next;
    }
}

static void idle_locked(struct store *s, int64_t idle_ns)
{
    int64_t until_ns = clock_mono_ns() + idle_ns;
    struct timespec ts = {until_ns / 1000000000, until_ns % 1000000000};
    pthread_cond_timedwait(&s->job_work, &s->job_mu, &ts);
}

void *writer_main(void *arg)
{
    struct store *s = arg;
    pthread_mutex_lock(&s->job_mu);
    while (!s->stopping) {
        pthread_mutex_unlock(&s->job_mu);
        bool healthy = checkpoint_round(s);
        free_garbage(s);
        bool busy = job_round(s);
        if (!busy && healthy)
            busy = discard_round(s);
        struct store_table *tables[STORE_MAX_FROZEN];
        busy = busy || (healthy && frozen_tables(s, tables) > 0);
        pthread_mutex_lock(&s->job_mu);
        busy = busy || s->jobs || (healthy && s->checkpoints_wanted > s->checkpoints_done);
        int64_t timeout_ns = s->config.checkpoint_timeout_ms * 1000000;
        int64_t idle_ns = timeout_ns < IDLE_NS ? timeout_ns : IDLE_NS;
        if (!busy && !s->stopping)
            idle_locked(s, healthy ? idle_ns : RETRY_NS);
    }
    wait_queue_broadcast(&s->job_idle);
    pthread_mutex_unlock(&s->job_mu);
    return NULL;
}

/* ---- bulk load ---- */

static struct err *run_load_begin(struct store *s, void *arg)
{
    char space[8];
    const uint32_t *storage_id = arg;
    TRY(kv_begin(s->kv));
    struct err *e = kv_put(s->kv, id_key(space, ID_LOADING, *storage_id), 0, (struct str){"", 0});
    if (e) {
        kv_abort(s->kv);
        return e;
    }
    return kv_commit(s->kv);
}

struct err *store_load_begin(struct store *s, uint32_t storage_id)
{
    return writer_run(s, run_load_begin, &storage_id);
}

static struct err *run_load_batch(struct store *s, void *arg)
{
    const struct store_batch *b = arg;
    TRY(kv_begin(s->kv));
    struct err *e = NULL;
    for (size_t i = 0; !e && i < b->count; i++)
        e = kv_put(s->kv, b->keys[i], 0, b->values[i]);
    if (e) {
        kv_abort(s->kv);
        return e;
    }
    return kv_commit(s->kv);
}

struct store_load {
    struct store_job job;
    struct store_batch batch;
};

struct err *store_load_start(struct store *s, const struct store_batch *b, struct store_load **out)
{
    struct store_load *l = malloc(sizeof(*l));
    if (!l)
        return err_oom();
    *l = (struct store_load){.batch = *b};
    l->job = (struct store_job){.run = run_load_batch, .arg = &l->batch};
    submit(s, &l->job);
    *out = l;
    return NULL;
}

struct err *store_load_wait(struct store_load *l)
{
    wait_block_always(&l->job.done);
    struct err *e = l->job.result;
    free(l);
    return e;
}

static struct err *run_load_end(struct store *s, void *arg)
{
    struct kv_gen **gen = arg;
    TRY(install(s, 0));
    *gen = kv_gen_ref(s->gen); /* only this thread replaces it */
    return NULL;
}

struct err *store_load_end(struct store *s, struct kv_gen **gen)
{
    return writer_run(s, run_load_end, gen);
}
