/* Commits larger than a memtable. Their versions are not copied: the write set itself becomes a
 * frozen table, whose versions all have the commit's CSN. And they do not fit into one record:
 *
 *   part, part, ...   without the commit mutex held in between, so other commits come between them;
 *                     by themselves they mean nothing
 *   commit            says where the first part begins; it is what redo acts on
 *
 * Until the table is in LMDB, redo must begin at the first part at the latest (redo_point): while
 * parts are being logged the commit is in the list `large`, from then on the table has the place.
 * An error on the way, or a crash, leaves parts without a commit. */
#include "storage/store_internal.h"

#include "base/clock.h"
#include "rt/fiber.h"

enum { PART_BYTES = 2 << 20 };

bool commit_is_large(const struct store *s, const struct store_commit *c)
{
    return memtable_bytes(c->writes) > s->config.memtable_bytes;
}

static void large_begin(struct store *s, struct large_commit *large)
{
    pthread_mutex_lock(&s->state_mu);
    large->first.v = atomic_load_explicit(&s->tail_lsn, memory_order_relaxed);
    large->next = s->large;
    s->large = large;
    pthread_mutex_unlock(&s->state_mu);
}

void large_end_locked(struct store *s, struct large_commit *large)
{
    struct large_commit **link = &s->large;
    while (*link != large)
        link = &(*link)->next;
    *link = large->next;
}

struct lsn redo_point(struct store *s, int n, struct lsn end)
{
    pthread_mutex_lock(&s->state_mu);
    for (const struct large_commit *l = s->large; l; l = l->next)
        if (l->first.v < end.v)
            end = l->first;
    for (int i = 0; i + n < s->frozen_count; i++)
        if (s->frozen[i]->parts_from.v < end.v)
            end = s->frozen[i]->parts_from;
    pthread_mutex_unlock(&s->state_mu);
    return end;
}

/* ---- the parts ---- */

static struct err *log_part(struct store *s, struct str payload, struct lsn *first,
                            struct lsn *before)
{
    uint32_t crc = crc32c(0, payload.data, payload.len);
    TRY(fiber_tick());
    TRY(commit_lock_with_room(s, wal_record_bytes(payload.len)));
    struct lsn end = wal_append_part(s->wal, first, payload, crc);
    atomic_store_explicit(&s->tail_lsn, end.v, memory_order_relaxed);
    wait_mutex_unlock(&s->commit_mu);
    wal_wait(s->wal, *before); /* so that no more than two of them are in memory */
    *before = end;
    return NULL;
}

static struct err *log_parts(struct store *s, struct memtable *writes, struct lsn *first)
{
    struct buf b = BUF_INIT;
    struct lsn before = {0};
    struct err *e = NULL;
    *first = LSN_NONE;
    b.limit_bytes = SIZE_MAX;
    for (struct mem_node *n = memtable_first(writes); n && !e; n = mem_next(n)) {
        payload_put_node(&b, n);
        if (b.len < PART_BYTES)
            continue;
        e = buf_finish(&b);
        if (!e)
            e = log_part(s, buf_str(&b), first, &before);
        memtable_cool(writes);
        b.len = 0;
    }
    if (!e && b.len)
        e = buf_finish(&b);
    if (!e && b.len)
        e = log_part(s, buf_str(&b), first, &before);
    buf_done(&b);
    return e;
}

/* ---- the commit ---- */

/* The commit mutex, with room for two more frozen tables and the record. */
static struct err *lock_with_tables(struct store *s, size_t record_bytes)
{
    for (;;) {
        struct err *e = NULL;
        pthread_mutex_lock(&s->job_mu);
        uint64_t failures = s->checkpoint_failures;
        pthread_mutex_unlock(&s->job_mu);
        TRY(commit_lock_with_room(s, record_bytes));
        pthread_mutex_lock(&s->state_mu);
        bool room = s->frozen_count + 2 <= STORE_MAX_FROZEN;
        pthread_mutex_unlock(&s->state_mu);
        if (room)
            return NULL;
        wait_mutex_unlock(&s->commit_mu);
        pthread_mutex_lock(&s->job_mu);
        bool signalled;
        if (s->checkpoint_failures > failures)
            e = err_new(s->checkpoint_error->sqlstate, "%s", s->checkpoint_error->message);
        pthread_cond_signal(&s->job_work);
        if (!e)
            e = wait_queue_wait(&s->job_idle, &s->job_mu, clock_mono_ns() + 100000000, &signalled);
        pthread_mutex_unlock(&s->job_mu);
        TRY(e);
    }
}

/* The order is that of invariant 3: the table is there before the record is. */
static void adopt_locked(struct store *s, const struct store_commit *c, struct str payload,
                         struct large_commit *large, struct lsn first, uint64_t csn)
{
    if (table_has_content(s->active))
        freeze_active_locked(s);
    struct store_table *t = table_adopt(s, c->writes);
    t->map.csn = csn;
    t->last_csn = csn;
    t->parts_from = first;
    t->end.v = wal_tail(s->wal).v + wal_record_bytes(payload.len);
    commit_lists_locked(s, t, c);
    push_frozen_locked(s, t, large);
}

static struct err *commit_record(struct store *s, const struct store_commit *c,
                                 struct large_commit *large, struct lsn first, struct lsn *end,
                                 uint64_t *csn)
{
    struct buf b = BUF_INIT;
    if (first.v != LSN_NONE.v) /* else all has been rolled back */
        payload_put_parts(&b, first);
    uint32_t next_id = atomic_load_explicit(&s->next_id, memory_order_relaxed);
    payload_put_lists(s, c, &b);
    struct err *e = buf_finish(&b);
    if (!e)
        e = lock_with_tables(s, wal_record_bytes(b.len));
    if (!e) {
        e = c->validate ? c->validate(c->arg) : NULL;
        if (!e) {
            *csn = s->last_csn + 1;
            adopt_locked(s, c, buf_str(&b), large, first, *csn);
            if (c->committed)
                c->committed(c->arg, *csn);
            commit_append_locked(s, buf_str(&b), crc32c(0, b.data, b.len), end);
            note_logged_id(s, next_id);
        }
        wait_mutex_unlock(&s->commit_mu);
    }
    buf_done(&b);
    return e;
}

struct err *commit_large(struct store *s, const struct store_commit *c, struct lsn *end,
                         uint64_t *csn)
{
    struct large_commit large;
    struct lsn first;
    large_begin(s, &large);
    struct err *e = log_parts(s, c->writes, &first);
    if (!e)
        e = commit_record(s, c, &large, first, end, csn);
    if (e) {
        pthread_mutex_lock(&s->state_mu);
        large_end_locked(s, &large);
        pthread_mutex_unlock(&s->state_mu);
    }
    return e;
}
