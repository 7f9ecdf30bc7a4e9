/* Commits: see store.h; store_redo.c reads what is logged here. The payload of a WAL record is a
 * string of operations; README.md has the table. It is built before the commit mutex is taken.
 * Under it the versions go into the active table, then the record gets its LSN and is appended: in
 * this order, because the flusher may make a CSN visible as soon as its record is in the log, and a
 * snapshot must find all its versions. Appending cannot fail: room was made before. */
#include "storage/store_internal.h"

#include "rt/fiber.h"
#include "rt/pool.h"

#include <stdlib.h>

enum {
    POOL_COMMIT_BYTES = 1 << 20, /* larger commits leave the worker's thread */
    THROTTLE_NS = 1000000,
};

/* ---- the payload ---- */

static uint64_t zigzag(int64_t v)
{
    return (uint64_t)v << 1 ^ (uint64_t)(v >> 63);
}

static void put_sized(struct buf *b, struct str s)
{
    buf_put_varint(b, s.len);
    buf_put_str(b, s);
}

static void put_ids(struct buf *b, enum commit_op op, const uint32_t *ids, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        buf_put_u8(b, op);
        buf_put_varint(b, ids[i]);
    }
}

void payload_put_node(struct buf *b, const struct mem_node *n)
{
    const struct mem_version *v = atomic_load_explicit(&n->newest, memory_order_relaxed);
    if (!v)
        return;
    buf_put_u8(b, v->deleted ? OP_DELETE : OP_PUT);
    put_sized(b, mem_key(n));
    if (!v->deleted)
        put_sized(b, mem_value(v));
}

void payload_put_parts(struct buf *b, struct lsn first)
{
    buf_put_u8(b, OP_PARTS);
    buf_put_varint(b, first.v);
}

void payload_put_lists(struct store *s, const struct store_commit *c, struct buf *b)
{
    for (size_t i = 0; i < c->count_count; i++) {
        buf_put_u8(b, OP_COUNT);
        buf_put_varint(b, c->counts[i].storage_id);
        buf_put_varint(b, zigzag(c->counts[i].delta));
    }
    put_ids(b, OP_DROP, c->drops, c->drop_count);
    put_ids(b, OP_LOAD, c->loads, c->load_count);
    uint32_t next_id = atomic_load_explicit(&s->next_id, memory_order_relaxed);
    if (b->len && next_id != atomic_load_explicit(&s->logged_id, memory_order_relaxed))
        put_ids(b, OP_NEXT_ID, &next_id, 1);
}

static struct err *encode(struct store *s, const struct store_commit *c, struct buf *b)
{
    b->limit_bytes = SIZE_MAX;
    struct mem_node *n = c->writes ? memtable_first(c->writes) : NULL;
    for (; n; n = mem_next(n)) {
        n->hash = mem_hash(mem_key(n)); /* for the insertion */
        payload_put_node(b, n);
    }
    payload_put_lists(s, c, b);
    return buf_finish(b);
}

/* ---- into the table ---- */

static void table_count(struct store_table *t, uint32_t storage_id, int64_t delta)
{
    for (size_t i = t->count_count; i-- > 0 && i + 16 > t->count_count;) {
        if (t->counts[i].storage_id == storage_id) {
            t->counts[i].delta += delta;
            return;
        }
    }
    t->counts = array_room(t->counts, t->count_count, &t->count_cap, sizeof(*t->counts));
    t->counts[t->count_count++] = (struct store_count){storage_id, delta};
}

void table_drop(struct store_table *t, uint32_t storage_id)
{
    t->drops = array_room(t->drops, t->drop_count, &t->drop_cap, sizeof(*t->drops));
    t->drops[t->drop_count++] = storage_id;
}

void table_load(struct store_table *t, uint32_t storage_id)
{
    t->loads = array_room(t->loads, t->load_count, &t->load_cap, sizeof(*t->loads));
    t->loads[t->load_count++] = storage_id;
}

void count_rows(struct store *s, struct store_table *t, uint32_t storage_id, int64_t delta)
{
    table_count(t, storage_id, delta);
    pthread_mutex_lock(&s->counts_mu);
    count_map_add(&s->row_counts, storage_id, delta);
    pthread_mutex_unlock(&s->counts_mu);
}

static void insert_all(struct store *s, const struct store_commit *c, uint64_t csn)
{
    struct mem_node *n = c->writes ? memtable_first(c->writes) : NULL;
    for (; n; n = mem_next(n)) {
        const struct mem_version *v = atomic_load_explicit(&n->newest, memory_order_relaxed);
        if (v)
            CHECK(
                memtable_put(&s->active->map, mem_key(n), n->hash, csn, mem_value(v), v->deleted));
    }
    commit_lists_locked(s, s->active, c);
}

void commit_lists_locked(struct store *s, struct store_table *t, const struct store_commit *c)
{
    for (size_t i = 0; i < c->count_count; i++)
        count_rows(s, t, c->counts[i].storage_id, c->counts[i].delta);
    for (size_t i = 0; i < c->drop_count; i++)
        table_drop(t, c->drops[i]);
    for (size_t i = 0; i < c->load_count; i++)
        table_load(t, c->loads[i]);
}

/* ---- committing ---- */

static uint64_t memory_used(struct store *s)
{
    return atomic_load_explicit(&s->frozen_bytes, memory_order_relaxed) +
           atomic_load_explicit(&s->active_bytes, memory_order_relaxed);
}

/* Keeps memory bounded when checkpoints lag: first each commit is delayed a little, then it waits
 * for the writer. An error only if the writer has no disk space. */
static struct err *throttle(struct store *s)
{
    uint64_t limit = s->config.memtable_bytes;
    if (__builtin_expect(memory_used(s) <= 2 * limit, 1))
        return NULL;
    TRY(fiber_sleep(THROTTLE_NS));
    struct err *e = NULL;
    pthread_mutex_lock(&s->job_mu);
    uint64_t failures = s->checkpoint_failures;
    while (!e && memory_used(s) > 4 * limit && !s->stopping) {
        bool signalled;
        if (s->checkpoint_failures > failures + 1) { /* a whole round since we came has failed */
            e = err_new(s->checkpoint_error->sqlstate, "%s", s->checkpoint_error->message);
            break;
        }
        pthread_cond_signal(&s->job_work);
        e = wait_queue_wait(&s->job_idle, &s->job_mu, WAIT_FOREVER, &signalled);
    }
    pthread_mutex_unlock(&s->job_mu);
    return e;
}

/* Takes the commit mutex with room for the record in the log. */
struct err *commit_lock_with_room(struct store *s, size_t record_bytes)
{
    wait_mutex_lock(&s->commit_mu);
    while (!wal_has_room(s->wal, record_bytes)) {
        wait_mutex_unlock(&s->commit_mu);
        TRY(wal_make_room(s->wal, record_bytes));
        wait_mutex_lock(&s->commit_mu);
    }
    return NULL;
}

void note_logged_id(struct store *s, uint32_t next_id)
{
    if (next_id > atomic_load_explicit(&s->logged_id, memory_order_relaxed))
        atomic_store_explicit(&s->logged_id, next_id, memory_order_relaxed);
}

static void freeze_if_full_locked(struct store *s)
{
    size_t used = s->active->map.arena.used_bytes;
    atomic_store_explicit(&s->active_bytes, used, memory_order_relaxed);
    if (used <= s->config.memtable_bytes)
        return;
    pthread_mutex_lock(&s->state_mu);
    bool room = s->frozen_count < STORE_MAX_FROZEN;
    pthread_mutex_unlock(&s->state_mu);
    if (room)
        freeze_active_locked(s);
}

/* After the insertion of csn last_csn + 1: from here on the flusher can make it visible. */
void commit_append_locked(struct store *s, struct str payload, uint32_t crc, struct lsn *end)
{
    s->last_csn++;
    *end = wal_append(s->wal, s->last_csn, payload, crc);
    atomic_store_explicit(&s->tail_lsn, end->v, memory_order_relaxed);
    atomic_store_explicit(&s->newest_csn, s->last_csn, memory_order_release);
}

static struct err *commit_payload(struct store *s, const struct store_commit *c, struct str payload,
                                  struct lsn *end, uint64_t *csn)
{
    uint32_t crc = crc32c(0, payload.data, payload.len);
    TRY(commit_lock_with_room(s, wal_record_bytes(payload.len)));
    struct err *e = c->validate ? c->validate(c->arg) : NULL;
    if (!e) {
        *end = (struct lsn){0};
        *csn = s->last_csn + (payload.len ? 1 : 0);
        if (payload.len)
            insert_all(s, c, *csn);
        if (c->committed)
            c->committed(c->arg, *csn);
        if (payload.len)
            commit_append_locked(s, payload, crc, end);
        freeze_if_full_locked(s);
    }
    wait_mutex_unlock(&s->commit_mu);
    return e;
}

static struct err *commit_here(struct store *s, const struct store_commit *c, struct lsn *end,
                               uint64_t *csn)
{
    struct buf payload = BUF_INIT;
    uint32_t next_id = atomic_load_explicit(&s->next_id, memory_order_relaxed);
    struct err *e = encode(s, c, &payload);
    if (!e)
        e = commit_payload(s, c, buf_str(&payload), end, csn);
    if (!e && payload.len)
        note_logged_id(s, next_id);
    buf_done(&payload);
    return e;
}

struct pool_commit {
    struct store *store;
    const struct store_commit *commit;
    struct lsn *end;
    uint64_t *csn;
    struct err *result;
};

static void commit_on_pool(void *arg)
{
    struct pool_commit *p = arg;
    p->result = commit_is_large(p->store, p->commit)
                    ? commit_large(p->store, p->commit, p->end, p->csn)
                    : commit_here(p->store, p->commit, p->end, p->csn);
}

struct err *store_commit(struct store *s, const struct store_commit *c, struct lsn *end,
                         uint64_t *csn)
{
    TRY(throttle(s));
    if (!c->writes || memtable_bytes(c->writes) < POOL_COMMIT_BYTES)
        return commit_here(s, c, end, csn);
    struct pool_commit p = {s, c, end, csn, NULL};
    pool_run(commit_on_pool, &p);
    return p.result;
}

void store_wait_durable(struct store *s, struct lsn end)
{
    wal_wait(s->wal, end);
}

void store_make_visible(struct store *s, uint64_t csn)
{
    uint64_t now = atomic_load_explicit(&s->visible_csn, memory_order_relaxed);
    while (now < csn && !atomic_compare_exchange_weak_explicit(
                            &s->visible_csn, &now, csn, memory_order_acq_rel, memory_order_relaxed))
        ;
}

void store_commit_async(struct store *s, uint64_t csn)
{
    store_make_visible(s, csn);
    wal_flush_soon(s->wal);
}

void store_wait_visible(struct store *s, uint64_t csn)
{
    while (store_visible_csn(s) < csn) {
        wal_wait(s->wal, (struct lsn){atomic_load_explicit(&s->tail_lsn, memory_order_relaxed)});
        /* Versions are inserted just before their record is appended. */
        if (store_visible_csn(s) < csn)
            fiber_yield();
    }
}

struct err *store_put_now(struct store *s, struct str key, struct str value, struct lsn *end)
{
    struct buf payload = BUF_INIT;
    buf_put_u8(&payload, OP_PUT);
    put_sized(&payload, key);
    put_sized(&payload, value);
    struct err *e = buf_finish(&payload);
    if (!e)
        e = throttle(s);
    if (!e)
        e = commit_lock_with_room(s, wal_record_bytes(payload.len));
    if (!e) {
        CHECK(memtable_put(&s->active->map, key, mem_hash(key), s->last_csn + 1, value, false));
        commit_append_locked(s, buf_str(&payload), crc32c(0, payload.data, payload.len), end);
        freeze_if_full_locked(s);
        wait_mutex_unlock(&s->commit_mu);
        wal_flush_soon(s->wal);
    }
    buf_done(&payload);
    return e;
}
