/* Reading the log at start. The log ends at the first place without a whole, valid record: what
 * lies behind was never acknowledged, because a group is acknowledged after its sync and groups are
 * written in order. That tail is then destroyed (zeros in its segment, later segments removed):
 * otherwise a record intact in it could be taken up again after new ones have been written before
 * it. A crash while doing so changes nothing: the log still ends at the same place. */
#include "storage/wal_internal.h"
#include "storage/check_internal.h"

#include "base/bytes.h"
#include "base/hash.h"
#include "base/log.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Reads across segment boundaries. *whole is false where the log's files end. */
static struct err *read_log(struct wal *w, uint64_t at, void *to, size_t len, bool *whole)
{
    char *p = to;
    *whole = false;
    while (len) {
        struct wal_segment s;
        if (!segment_at(w, at, &s))
            return NULL;
        uint64_t left = s.start + s.bytes - at;
        size_t n = len < left ? len : (size_t)left;
        size_t got;
        TRY(file_read_all(w->config.files, s.fd, p, n, (int64_t)(at - s.start), "WAL", &got));
        if (got < n)
            return NULL;
        p += n;
        at += n;
        len -= n;
    }
    *whole = true;
    return NULL;
}

static uint64_t log_files_end(const struct wal *w)
{
    if (w->segment_count == 0)
        return 0;
    const struct wal_segment *s = &w->segments[w->segment_count - 1];
    return s->start + s->bytes;
}

static bool plausible(const struct wal *w, const struct wal_header *h, uint64_t at, uint64_t csn)
{
    uint64_t end = log_files_end(w);
    bool known =
        (h->type == WAL_TYPE_COMMIT && h->csn > csn) || (h->type == WAL_TYPE_PART && h->csn <= at);
    return h->lsn == at && known && at + sizeof(*h) <= end &&
           h->payload_bytes <= end - at - sizeof(*h);
}

/* The record at `at`: *valid, its payload in `*space`, grown as needed. */
static struct err *read_record(struct wal *w, uint64_t at, uint64_t last_csn, struct wal_header *h,
                               char **space, size_t *cap, bool *valid)
{
    TRY(read_log(w, at, h, sizeof(*h), valid));
    *valid = *valid && plausible(w, h, at, last_csn);
    if (!*valid)
        return NULL;
    if (h->payload_bytes > *cap) {
        free(*space);
        *cap = h->payload_bytes + h->payload_bytes / 2;
        *space = malloc(*cap);
        if (!*space) {
            *cap = 0;
            return err_oom();
        }
    }
    TRY(read_log(w, at + sizeof(*h), *space, h->payload_bytes, valid));
    uint32_t crc = crc32c(0, *space, h->payload_bytes);
    crc = crc32c(crc, (char *)h + sizeof(h->crc), sizeof(*h) - sizeof(h->crc));
    *valid = *valid && crc == h->crc;
    return NULL;
}

static struct err *replay_all(struct wal *w, wal_replay replay, void *arg)
{
    char *space = NULL;
    size_t cap = 0;
    uint64_t csn = 0;
    uint64_t count = 0;
    struct err *e = NULL;
    for (;;) {
        struct wal_header h;
        bool valid;
        TRY_OUT(read_record(w, w->tail, csn, &h, &space, &cap, &valid));
        if (!valid)
            break;
        struct wal_record r = {.wal = w, .start = {w->tail}, .is_part = h.type == WAL_TYPE_PART};
        r.end.v = w->tail + wal_record_bytes(h.payload_bytes);
        if (r.is_part) {
            r.first.v = h.csn;
        } else {
            r.csn = csn = h.csn;
            r.payload = str_make(space, h.payload_bytes);
        }
        TRY_OUT(replay(arg, &r));
        w->tail = r.end.v;
        count++;
    }
    if (count)
        log_write(LOG_LOG, "wal", "redo of %" PRIu64 " records done at %" PRIx64, count, w->tail);
out:
    free(space);
    return e;
}

struct err *wal_read_parts(struct wal *w, struct lsn first, struct lsn end,
                           struct err *(*each)(void *arg, struct str payload), void *arg)
{
    char *space = NULL;
    size_t cap = 0;
    struct err *e = NULL;
    for (uint64_t at = first.v; at < end.v;) {
        struct wal_header h;
        bool valid;
        TRY_OUT(read_log(w, at, &h, sizeof(h), &valid));
        valid = valid && plausible(w, &h, at, 0);
        bool wanted = valid && h.type == WAL_TYPE_PART && h.csn == first.v;
        if (wanted)
            TRY_OUT(read_record(w, at, 0, &h, &space, &cap, &valid));
        if (!valid)
            TRY_OUT(
                err_new("XX001", "WAL has no valid record at %" PRIx64 ", a part of a commit", at));
        if (wanted)
            TRY_OUT(each(arg, str_make(space, h.payload_bytes)));
        at += wal_record_bytes(h.payload_bytes);
    }
out:
    free(space);
    return e;
}

/* Writes zeros over what is not zero already: after a clean stop that is next to nothing. */
static struct err *clear_range(struct wal *w, const struct wal_segment *s, uint64_t at, bool *wrote)
{
    static const char zeros[WAL_CHUNK_BYTES];
    char *space = malloc(sizeof(zeros));
    struct err *e = space ? NULL : err_oom();
    while (!e && at < s->start + s->bytes) {
        uint64_t left = s->start + s->bytes - at;
        size_t n = left < sizeof(zeros) ? (size_t)left : sizeof(zeros);
        int64_t offset = (int64_t)(at - s->start);
        size_t got;
        e = file_read_all(w->config.files, s->fd, space, n, offset, "WAL", &got);
        if (!e && (got < n || memcmp(space, zeros, n) != 0)) {
            *wrote = true;
            e = file_write_all(w->config.files, s->fd, zeros, n, offset, "WAL");
        }
        at += n;
    }
    free(space);
    return e;
}

static struct err *clear_tail(struct wal *w)
{
    const struct file_ops *f = w->config.files;
    struct wal_segment s;
    bool wrote = false;
    size_t segments = w->segment_count;
    TRY(segment_remove_after(w, w->tail));
    if (segment_at(w, w->tail, &s))
        TRY(clear_range(w, &s, w->tail, &wrote));
    int rc = wrote && w->config.fsync ? f->sync(f->ctx, s.fd) : 0;
    if (rc == 0 && segments != w->segment_count && w->config.fsync)
        rc = f->sync_dir(f->ctx, w->config.dir);
    return rc < 0 ? err_errno(-rc, "fsync the WAL") : NULL;
}

/* The segments must be contiguous and reach back to where redo begins. */
static struct err *check_segments(struct wal *w, uint64_t from)
{
    size_t first = 0;
    while (first + 1 < w->segment_count && w->segments[first + 1].start <= from)
        first++;
    if (w->segment_count == 0)
        return NULL;
    if (w->segments[first].start > from)
        return err_detail(err_new("XX001", "WAL is missing"),
                          "Redo begins at %" PRIx64 ", the oldest WAL file at %" PRIx64 ".", from,
                          w->segments[first].start);
    for (size_t i = first + 1; i < w->segment_count; i++) {
        const struct wal_segment *before = &w->segments[i - 1];
        if (w->segments[i].start == before->start + before->bytes)
            continue;
        /* Left over from a recycling that a crash cut short: nothing valid is behind a hole. */
        return segment_remove_after(w, before->start);
    }
    return NULL;
}

struct err *wal_recover(struct wal *w, struct lsn from, wal_replay replay, void *arg)
{
    w->tail = from.v;
    TRY(check_segments(w, from.v));
    TRY(replay_all(w, replay, arg));
    TRY(clear_tail(w));
    uint64_t end = log_files_end(w);
    if (end < w->tail) {
        /* All files end before the point of redo: start anew there. */
        TRY(segment_remove_after(w, 0));
        end = w->tail;
    }
    if (w->segment_count == 0)
        end = w->tail;
    atomic_store_explicit(&w->prepared, end, memory_order_release);
    atomic_store_explicit(&w->durable, w->tail, memory_order_release);
    return NULL;
}

/* ---- checking ---- */

struct check_state {
    uint64_t csn;
};

static struct err *check_record(void *arg, const struct wal_record *r)
{
    struct check_state *state = arg;
    if (!r->is_part)
        state->csn = r->csn;
    return NULL;
}

/* In `len` bytes of the log at `at`: the first place where a valid record begins. */
static struct err *find_record(struct wal *w, const char *chunk, size_t len, uint64_t csn,
                               uint64_t *at, bool *found)
{
    char *space = NULL;
    size_t cap = 0;
    struct err *e = NULL;
    struct wal_header h;
    for (size_t i = 0; i + sizeof(h) <= len && !*found; i += WAL_ALIGN) {
        memcpy(&h, chunk + i, sizeof(h));
        if (h.lsn != *at + i)
            continue;
        TRY_OUT(read_record(w, *at + i, csn, &h, &space, &cap, found));
        if (*found)
            *at += i;
    }
out:
    free(space);
    return e;
}

/* The first valid record behind the end of the log; records begin at multiples of 8. */
static struct err *find_later(struct wal *w, uint64_t csn, uint64_t *at, bool *found)
{
    uint64_t end = log_files_end(w);
    char *chunk = malloc(WAL_CHUNK_BYTES);
    struct err *e = chunk ? NULL : err_oom();
    *found = false;
    for (*at = w->tail + WAL_ALIGN; !e && *at + sizeof(struct wal_header) <= end;) {
        bool whole;
        size_t len = end - *at < WAL_CHUNK_BYTES ? (size_t)(end - *at) : WAL_CHUNK_BYTES;
        e = read_log(w, *at, chunk, len, &whole);
        if (!e)
            e = find_record(w, chunk, len, csn, at, found);
        if (e || *found)
            break;
        *at += len - sizeof(struct wal_header) + WAL_ALIGN; /* headers may span chunks */
    }
    free(chunk);
    return e;
}

static struct err *check_log(struct wal *w, struct lsn from, uint64_t csn, struct check_report *r)
{
    struct check_state state = {csn};
    uint64_t later;
    bool found;
    w->tail = from.v;
    TRY(segments_open(w));
    struct err *e = check_segments(w, from.v);
    if (e && err_is(e, "XX001")) {
        check_problem(r, "WAL: %s", e->message);
        err_free(e);
        return NULL;
    }
    TRY(e);
    TRY(replay_all(w, check_record, &state));
    TRY(find_later(w, state.csn, &later, &found));
    if (found)
        check_problem(r,
                      "WAL: no valid record at %" PRIx64 ", but one behind it at %" PRIx64
                      ": damaged, or torn by a power cut",
                      w->tail, later);
    return NULL;
}

struct err *wal_check(const struct wal_config *config, struct lsn from, uint64_t csn,
                      struct check_report *r)
{
    struct wal *w = calloc(1, sizeof(*w));
    if (!w)
        return err_oom();
    w->config = *config;
    pthread_mutex_init(&w->mu, NULL);
    struct err *e = check_log(w, from, csn, r);
    segments_close(w);
    pthread_mutex_destroy(&w->mu);
    free(w);
    return e;
}
