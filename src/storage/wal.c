/* Appending and flushing: see wal.h.
 *
 * Locks: commit mutex (the caller's) > wal->mu. The flusher takes all pending chunks at once,
 * writes them, syncs each segment touched, publishes `durable` and wakes those who wait; whatever
 * is appended meanwhile forms the next group.
 *
 * Crash: before the sync returns, any part of the group may be on disk; recovery keeps the whole
 * records up to the first gap. After it, all of it. */
#include "storage/wal_internal.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/hash.h"
#include "rt/fiber.h"
#include "rt/pool.h"

#include <stdlib.h>
#include <string.h>

enum { WAL_PENDING_BYTES = 1 << 20, LAZY_NS = 10000000 };

struct wal_waiter {
    struct wait wait;
    uint64_t upto;
    struct wal_waiter *next;
};

size_t wal_record_bytes(size_t payload_bytes)
{
    return (sizeof(struct wal_header) + payload_bytes + WAL_ALIGN - 1) & ~(size_t)(WAL_ALIGN - 1);
}

struct lsn wal_tail(const struct wal *w)
{
    return (struct lsn){w->tail};
}

struct lsn wal_durable(const struct wal *w)
{
    return (struct lsn){atomic_load_explicit(&w->durable, memory_order_acquire)};
}

uint64_t wal_sync_count(const struct wal *w)
{
    return atomic_load_explicit(&w->sync_count, memory_order_relaxed);
}

/* ---- room ---- */

static void ask_for_locked(struct wal *w, uint64_t end)
{
    if (w->wanted < end && atomic_load_explicit(&w->prepared, memory_order_relaxed) < end) {
        w->wanted = end;
        pthread_cond_signal(&w->preparer_work);
    }
}

bool wal_has_room(struct wal *w, size_t record_bytes)
{
    uint64_t prepared = atomic_load_explicit(&w->prepared, memory_order_acquire);
    return w->tail + record_bytes <= prepared;
}

struct err *wal_make_room(struct wal *w, size_t record_bytes)
{
    struct err *e = NULL;
    pthread_mutex_lock(&w->mu);
    uint64_t end = w->tail + record_bytes;
    uint64_t attempts = w->prepare_attempts;
    while (atomic_load_explicit(&w->prepared, memory_order_relaxed) < end && !w->stopping) {
        if (w->prepare_error && w->prepare_attempts != attempts) {
            e = err_new(w->prepare_error->sqlstate, "%s", w->prepare_error->message);
            break;
        }
        bool signalled;
        ask_for_locked(w, end);
        e = wait_queue_wait(&w->prepared_queue, &w->mu, WAIT_FOREVER, &signalled);
        if (e)
            break;
    }
    pthread_mutex_unlock(&w->mu);
    return e;
}

/* ---- appending ---- */

static struct wal_chunk *chunk_new_locked(struct wal *w, size_t bytes)
{
    struct wal_chunk *c = w->free_chunks;
    if (c && bytes <= c->cap) {
        w->free_chunks = c->next;
    } else {
        size_t cap = bytes > WAL_CHUNK_BYTES ? bytes : WAL_CHUNK_BYTES;
        c = malloc(sizeof(*c) + cap);
        CHECK(c != NULL);
        c->cap = cap;
    }
    c->next = NULL;
    c->len = 0;
    if (w->last)
        w->last->next = c;
    else
        w->first = c;
    w->last = c;
    return c;
}

static void wake_flusher_locked(struct wal *w)
{
    if (w->flusher_idle) {
        w->flusher_idle = false; /* once is enough */
        pthread_cond_signal(&w->flusher_work);
    }
}

static void flush_now_locked(struct wal *w)
{
    w->urgent = true;
    wake_flusher_locked(w);
}

static struct lsn append(struct wal *w, struct wal_header h, struct str payload, uint32_t crc)
{
    size_t bytes = wal_record_bytes(payload.len);
    h.crc = crc32c(crc, (char *)&h + sizeof(h.crc), sizeof(h) - sizeof(h.crc));
    pthread_mutex_lock(&w->mu);
    struct wal_chunk *c = w->last;
    if (!c || c->cap - c->len < bytes)
        c = chunk_new_locked(w, bytes);
    char *p = c->data + c->len;
    memcpy(p, &h, sizeof(h));
    if (payload.len)
        memcpy(p + sizeof(h), payload.data, payload.len);
    memset(p + sizeof(h) + payload.len, 0, bytes - sizeof(h) - payload.len);
    c->len += bytes;
    w->tail += bytes;
    if (h.type == WAL_TYPE_COMMIT)
        w->pending_csn = h.csn;
    struct lsn end = {w->tail};
    /* Always one segment ahead; on a full disk only those try again who need it. */
    if (!w->prepare_error)
        ask_for_locked(w, w->tail + w->config.segment_bytes);
    w->pending_bytes += bytes;
    if (w->pending_bytes > WAL_PENDING_BYTES)
        flush_now_locked(w);
    pthread_mutex_unlock(&w->mu);
    return end;
}

struct lsn wal_append(struct wal *w, uint64_t csn, struct str payload, uint32_t crc)
{
    return append(w, (struct wal_header){0, WAL_TYPE_COMMIT, payload.len, w->tail, csn}, payload,
                  crc);
}

struct lsn wal_append_part(struct wal *w, struct lsn *first, struct str payload, uint32_t crc)
{
    if (first->v == LSN_NONE.v)
        first->v = w->tail;
    return append(w, (struct wal_header){0, WAL_TYPE_PART, payload.len, w->tail, first->v}, payload,
                  crc);
}

void wal_flush_soon(struct wal *w)
{
    pthread_mutex_lock(&w->mu);
    if (w->first && w->lazy_deadline_ns == 0) {
        w->lazy_deadline_ns = clock_mono_ns() + LAZY_NS;
        wake_flusher_locked(w);
    }
    pthread_mutex_unlock(&w->mu);
}

void wal_wait(struct wal *w, struct lsn upto)
{
    if (atomic_load_explicit(&w->durable, memory_order_acquire) >= upto.v)
        return;
    struct wal_waiter me = {.upto = upto.v};
    wait_prepare(&me.wait);
    pthread_mutex_lock(&w->mu);
    bool done = atomic_load_explicit(&w->durable, memory_order_relaxed) >= upto.v;
    if (!done) {
        *w->waiters_end = &me;
        w->waiters_end = &me.next;
        flush_now_locked(w);
    }
    pthread_mutex_unlock(&w->mu);
    if (!done)
        wait_block_always(&me.wait);
}

/* ---- flushing ---- */

static struct err *write_chunk(struct wal *w, const struct wal_chunk *c, uint64_t at,
                               struct wal_segment *touched)
{
    const struct file_ops *f = w->config.files;
    const char *p = c->data;
    size_t left = c->len;
    while (left) {
        if (at < touched->start || at >= touched->start + touched->bytes) {
            if (touched->bytes && w->config.fsync) {
                int rc = f->sync(f->ctx, touched->fd);
                if (rc < 0)
                    return err_errno(-rc, "fsync the WAL");
            }
            CHECK(segment_at(w, at, touched));
        }
        uint64_t room = touched->start + touched->bytes - at;
        size_t n = left < room ? left : (size_t)room;
        TRY(file_write_all(f, touched->fd, p, n, (int64_t)(at - touched->start), "WAL"));
        p += n;
        at += n;
        left -= n;
    }
    return NULL;
}

static struct err *write_group(struct wal *w, const struct wal_chunk *c, uint64_t at)
{
    const struct file_ops *f = w->config.files;
    struct wal_segment touched = {0};
    for (; c; c = c->next) {
        TRY(write_chunk(w, c, at, &touched));
        at += c->len;
    }
    if (w->config.fsync) {
        int rc = f->sync(f->ctx, touched.fd);
        if (rc < 0)
            return err_errno(-rc, "fsync the WAL");
    }
    atomic_fetch_add_explicit(&w->sync_count, 1, memory_order_relaxed);
    return NULL;
}

static void wake_waiters_locked(struct wal *w, uint64_t durable)
{
    struct wal_waiter **link = &w->waiters;
    while (*link) {
        struct wal_waiter *waiter = *link;
        if (waiter->upto > durable) {
            link = &waiter->next;
            continue;
        }
        *link = waiter->next;
        wait_wake(&waiter->wait);
    }
    w->waiters_end = link;
}

static void keep_chunks_locked(struct wal *w, struct wal_chunk *c)
{
    while (c) {
        struct wal_chunk *next = c->next;
        if (c->cap == WAL_CHUNK_BYTES && (!w->free_chunks || !w->free_chunks->next)) {
            c->next = w->free_chunks;
            w->free_chunks = c;
        } else {
            free(c);
        }
        c = next;
    }
}

/* Until there is something to flush: at once when somebody waits for it, otherwise a little later,
 * so that asynchronous commits in a row share a sync. False: nothing left and stopping. */
static bool await_work_locked(struct wal *w)
{
    while (!w->stopping && !(w->first && w->urgent)) {
        int64_t until_ns = w->first ? w->lazy_deadline_ns : 0;
        if (until_ns && clock_mono_ns() >= until_ns)
            return true;
        struct timespec ts = {until_ns / 1000000000, until_ns % 1000000000};
        w->flusher_idle = true;
        if (until_ns)
            pthread_cond_timedwait(&w->flusher_work, &w->mu, &ts);
        else
            pthread_cond_wait(&w->flusher_work, &w->mu);
        w->flusher_idle = false;
    }
    return w->first != NULL;
}

static void *flusher_main(void *arg)
{
    struct wal *w = arg;
    uint64_t written = atomic_load_explicit(&w->durable, memory_order_relaxed);
    pthread_mutex_lock(&w->mu);
    while (await_work_locked(w)) {
        struct wal_chunk *group = w->first;
        uint64_t csn = w->pending_csn;
        uint64_t end = w->tail;
        w->first = w->last = NULL;
        w->urgent = false;
        w->lazy_deadline_ns = 0;
        w->pending_bytes = 0;
        pthread_mutex_unlock(&w->mu);
        struct err *e = write_group(w, group, written);
        if (e)
            w->config.on_failure(w->config.arg, e);
        written = end;
        w->config.on_durable(w->config.arg, csn);
        pthread_mutex_lock(&w->mu);
        atomic_store_explicit(&w->durable, end, memory_order_release);
        wake_waiters_locked(w, end);
        keep_chunks_locked(w, group);
    }
    pthread_mutex_unlock(&w->mu);
    return NULL;
}

/* ---- opening and closing ---- */

struct err *wal_open(const struct wal_config *config, struct lsn from, wal_replay replay,
                     void *replay_arg, struct wal **out)
{
    struct wal *w = calloc(1, sizeof(*w));
    if (!w)
        return err_oom();
    w->config = *config;
    pthread_mutex_init(&w->mu, NULL);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&w->flusher_work, &attr);
    pthread_condattr_destroy(&attr);
    pthread_cond_init(&w->preparer_work, NULL);
    w->waiters_end = &w->waiters;
    struct err *e = segments_open(w);
    if (!e)
        e = wal_recover(w, from, replay, replay_arg);
    if (!e) {
        w->wanted = w->tail + 1;
        e = thread_start(&w->flusher, "wal-flusher", flusher_main, w);
        w->flusher_started = !e;
    }
    if (!e) {
        e = thread_start(&w->preparer, "wal-preparer", segment_preparer, w);
        w->preparer_started = !e;
    }
    if (e) {
        wal_close(w);
        return e;
    }
    *out = w;
    return NULL;
}

void wal_close(struct wal *w)
{
    if (!w)
        return;
    pthread_mutex_lock(&w->mu);
    w->stopping = true;
    pthread_cond_broadcast(&w->flusher_work);
    pthread_cond_broadcast(&w->preparer_work);
    pthread_mutex_unlock(&w->mu);
    if (w->flusher_started)
        pthread_join(w->flusher, NULL);
    if (w->preparer_started)
        pthread_join(w->preparer, NULL);
    segments_close(w);
    for (struct wal_chunk *c = w->free_chunks; c;) {
        struct wal_chunk *next = c->next;
        free(c);
        c = next;
    }
    err_free(w->prepare_error);
    pthread_cond_destroy(&w->flusher_work);
    pthread_cond_destroy(&w->preparer_work);
    pthread_mutex_destroy(&w->mu);
    free(w);
}
