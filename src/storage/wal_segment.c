/* Segment files. A file's name is the LSN of its first byte, its size says where the next begins.
 * A new segment is filled with zeros and synced under a temporary name before it gets its own, so
 * a named segment always has its disk space; writing into it never needs more. A segment that the
 * last checkpoint made superfluous is renamed to be a later one; its stale records carry other
 * LSNs and are not mistaken for new ones.
 *
 * Crash: between create and rename a file "*.tmp" is left and removed at the next start. */
#include "storage/wal_internal.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ZERO_BYTES = 256 * 1024, PATH_BYTES = 1024 };

void segment_path(const struct wal *w, uint64_t start, char *path, size_t size)
{
    snprintf(path, size, "%s/%016" PRIx64 ".wal", w->config.dir, start);
}

static struct err *add_segment_locked(struct wal *w, struct wal_segment s)
{
    if (w->segment_count == w->segment_cap) {
        size_t cap = w->segment_cap ? w->segment_cap * 2 : 16;
        struct wal_segment *grown = realloc(w->segments, cap * sizeof(*grown));
        if (!grown)
            return err_oom();
        w->segments = grown;
        w->segment_cap = cap;
    }
    w->segments[w->segment_count++] = s;
    return NULL;
}

/* ---- opening the directory ---- */

struct listing {
    struct wal *wal;
    uint64_t *starts;
    size_t count;
    size_t cap;
    bool failed;
};

static void remove_file(struct wal *w, const char *name)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof(path), "%s/%s", w->config.dir, name);
    w->config.files->unlink(w->config.files->ctx, path);
}

bool wal_file_start(const char *name, uint64_t *start)
{
    char rest[8] = "";
    return strlen(name) == 20 && sscanf(name, "%16" SCNx64 "%7s", start, rest) == 2 &&
           strcmp(rest, ".wal") == 0;
}

static void each_name(void *arg, const char *name)
{
    struct listing *l = arg;
    uint64_t start;
    size_t len = strlen(name);
    if (len > 4 && strcmp(name + len - 4, ".tmp") == 0) {
        remove_file(l->wal, name);
        return;
    }
    if (!wal_file_start(name, &start))
        return;
    if (l->count == l->cap) {
        size_t cap = l->cap ? l->cap * 2 : 16;
        uint64_t *grown = realloc(l->starts, cap * sizeof(*grown));
        if (!grown) {
            l->failed = true;
            return;
        }
        l->starts = grown;
        l->cap = cap;
    }
    l->starts[l->count++] = start;
}

static int compare_starts(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static struct err *open_segment(struct wal *w, uint64_t start)
{
    const struct file_ops *f = w->config.files;
    char path[PATH_BYTES];
    segment_path(w, start, path, sizeof(path));
    int fd = f->open(f->ctx, path, O_RDWR);
    if (fd < 0)
        return err_errno(-fd, "open file \"%s\"", path);
    int64_t bytes = f->size(f->ctx, fd);
    struct err *e = NULL;
    if (bytes <= 0)
        e = err_new("XX001", "WAL file \"%s\" is empty", path);
    else
        e = add_segment_locked(w, (struct wal_segment){start, (uint64_t)bytes, fd});
    if (e)
        f->close(f->ctx, fd);
    return e;
}

struct err *segments_open(struct wal *w)
{
    const struct file_ops *f = w->config.files;
    struct listing l = {.wal = w};
    struct err *e = NULL;
    int rc = f->list(f->ctx, w->config.dir, each_name, &l);
    if (rc < 0)
        e = err_errno(-rc, "open directory \"%s\"", w->config.dir);
    else if (l.failed)
        e = err_oom();
    if (!e && l.count)
        qsort(l.starts, l.count, sizeof(*l.starts), compare_starts);
    for (size_t i = 0; !e && i < l.count; i++)
        e = open_segment(w, l.starts[i]);
    free(l.starts);
    return e;
}

void segments_close(struct wal *w)
{
    const struct file_ops *f = w->config.files;
    for (size_t i = 0; i < w->segment_count; i++)
        f->close(f->ctx, w->segments[i].fd);
    for (size_t i = 0; i < w->spare_count; i++)
        f->close(f->ctx, w->spare[i].fd);
    free(w->segments);
}

bool segment_at(struct wal *w, uint64_t lsn, struct wal_segment *out)
{
    bool found = false;
    pthread_mutex_lock(&w->mu);
    for (size_t i = w->segment_count; i-- > 0 && !found;) {
        struct wal_segment s = w->segments[i];
        if (lsn >= s.start && lsn < s.start + s.bytes) {
            *out = s;
            found = true;
        }
    }
    pthread_mutex_unlock(&w->mu);
    return found;
}

/* At recovery: the files after the one that holds the end of the log. */
struct err *segment_remove_after(struct wal *w, uint64_t lsn)
{
    const struct file_ops *f = w->config.files;
    char path[PATH_BYTES];
    while (w->segment_count && w->segments[w->segment_count - 1].start > lsn) {
        struct wal_segment s = w->segments[--w->segment_count];
        f->close(f->ctx, s.fd);
        segment_path(w, s.start, path, sizeof(path));
        int rc = f->unlink(f->ctx, path);
        if (rc < 0)
            return err_errno(-rc, "remove file \"%s\"", path);
    }
    return NULL;
}

/* ---- preparing ---- */

static struct err *zero_fill(struct wal *w, int fd, uint64_t from, uint64_t to, const char *path)
{
    static const char zeros[ZERO_BYTES];
    for (uint64_t at = from; at < to;) {
        size_t n = to - at > sizeof(zeros) ? sizeof(zeros) : (size_t)(to - at);
        TRY(file_write_all(w->config.files, fd, zeros, n, (int64_t)at, path));
        at += n;
    }
    return NULL;
}

static struct err *create_segment(struct wal *w, uint64_t start, uint64_t bytes,
                                  struct wal_segment *out)
{
    const struct file_ops *f = w->config.files;
    char path[PATH_BYTES];
    char tmp[PATH_BYTES + 4];
    segment_path(w, start, path, sizeof(path));
    snprintf(tmp, sizeof(tmp), "%s.tmp", path);
    int fd = f->open(f->ctx, tmp, O_RDWR | O_CREAT | O_TRUNC);
    if (fd < 0)
        return err_errno(-fd, "create file \"%s\"", tmp);
    struct err *e = zero_fill(w, fd, 0, bytes, tmp);
    int rc = 0;
    if (!e && w->config.fsync)
        rc = f->sync(f->ctx, fd);
    if (!e && rc == 0)
        rc = f->rename(f->ctx, tmp, path);
    if (!e && rc == 0 && w->config.fsync)
        rc = f->sync_dir(f->ctx, w->config.dir);
    if (!e && rc < 0)
        e = err_errno(-rc, "create file \"%s\"", path);
    if (e) {
        f->close(f->ctx, fd);
        f->unlink(f->ctx, tmp);
        return e;
    }
    *out = (struct wal_segment){start, bytes, fd};
    return NULL;
}

/* Renames a spare file. Its content stays: stale, as its LSNs show. */
static struct err *reuse_segment(struct wal *w, struct wal_segment spare, uint64_t start,
                                 struct wal_segment *out)
{
    const struct file_ops *f = w->config.files;
    char from[PATH_BYTES];
    char to[PATH_BYTES];
    segment_path(w, spare.start, from, sizeof(from));
    segment_path(w, start, to, sizeof(to));
    int rc = f->rename(f->ctx, from, to);
    if (rc == 0 && w->config.fsync)
        rc = f->sync_dir(f->ctx, w->config.dir);
    if (rc < 0) {
        f->close(f->ctx, spare.fd);
        return err_errno(-rc, "rename file \"%s\"", from);
    }
    *out = (struct wal_segment){start, spare.bytes, spare.fd};
    return NULL;
}

/* Makes one more segment. Called with mu held, which is released meanwhile. */
static void prepare_one_locked(struct wal *w)
{
    uint64_t start = atomic_load_explicit(&w->prepared, memory_order_relaxed);
    struct wal_segment spare;
    struct wal_segment made;
    bool reuse = w->spare_count > 0;
    if (reuse)
        spare = w->spare[--w->spare_count];
    pthread_mutex_unlock(&w->mu);
    struct err *e = reuse ? reuse_segment(w, spare, start, &made)
                          : create_segment(w, start, w->config.segment_bytes, &made);
    pthread_mutex_lock(&w->mu);
    if (!e) {
        e = add_segment_locked(w, made);
        if (e)
            w->config.files->close(w->config.files->ctx, made.fd);
    }
    w->prepare_attempts++;
    err_free(w->prepare_error);
    w->prepare_error = e;
    if (e)
        log_err(LOG_WARNING, "wal", e);
    else
        atomic_store_explicit(&w->prepared, made.start + made.bytes, memory_order_release);
    wait_queue_broadcast(&w->prepared_queue);
}

void *segment_preparer(void *arg)
{
    struct wal *w = arg;
    pthread_mutex_lock(&w->mu);
    while (!w->stopping) {
        if (atomic_load_explicit(&w->prepared, memory_order_relaxed) < w->wanted)
            prepare_one_locked(w);
        /* After a failure: wait for the next one who asks. */
        if (w->prepare_error)
            w->wanted = 0;
        if (!w->stopping && atomic_load_explicit(&w->prepared, memory_order_relaxed) >= w->wanted)
            pthread_cond_wait(&w->preparer_work, &w->mu);
    }
    wait_queue_broadcast(&w->prepared_queue);
    pthread_mutex_unlock(&w->mu);
    return NULL;
}

void wal_recycle(struct wal *w, struct lsn upto)
{
    const struct file_ops *f = w->config.files;
    char path[PATH_BYTES];
    for (;;) {
        struct wal_segment s;
        pthread_mutex_lock(&w->mu);
        bool superfluous = w->segment_count > 1 &&
                           w->segments[0].start + w->segments[0].bytes <= upto.v &&
                           !(w->held && w->segments[0].start + w->segments[0].bytes > w->held_from);
        bool keep = false;
        if (superfluous) {
            s = w->segments[0];
            memmove(w->segments, w->segments + 1, --w->segment_count * sizeof(s));
            keep = w->spare_count < WAL_MAX_SPARE && s.bytes == w->config.segment_bytes;
            if (keep)
                w->spare[w->spare_count++] = s;
        }
        pthread_mutex_unlock(&w->mu);
        if (!superfluous)
            return;
        if (!keep) {
            f->close(f->ctx, s.fd);
            segment_path(w, s.start, path, sizeof(path));
            f->unlink(f->ctx, path);
        }
    }
}

/* ---- copying ---- */

bool wal_hold(struct wal *w, struct lsn from)
{
    pthread_mutex_lock(&w->mu);
    bool ok = !w->held;
    if (ok) {
        w->held = true;
        w->held_from = from.v;
    }
    pthread_mutex_unlock(&w->mu);
    return ok;
}

void wal_release(struct wal *w)
{
    pthread_mutex_lock(&w->mu);
    w->held = false;
    pthread_mutex_unlock(&w->mu);
}

/* The segment's bytes before `end`; the rest is zeros, as in a new segment. */
static struct err *copy_bytes(struct wal *w, const struct wal_segment *s, uint64_t end, int fd,
                              const char *path)
{
    const struct file_ops *f = w->config.files;
    uint64_t used = end - s->start < s->bytes ? end - s->start : s->bytes;
    char *space = malloc(ZERO_BYTES);
    struct err *e = space ? NULL : err_oom();
    for (uint64_t at = 0; !e && at < used;) {
        size_t n = used - at < ZERO_BYTES ? (size_t)(used - at) : ZERO_BYTES;
        size_t got;
        e = file_read_all(f, s->fd, space, n, (int64_t)at, "WAL", &got);
        if (!e && got < n)
            e = err_new("XX001", "WAL file is shorter than it should be");
        if (!e)
            e = file_write_all(f, fd, space, n, (int64_t)at, path);
        at += n;
    }
    free(space);
    return e ? e : zero_fill(w, fd, used, s->bytes, path);
}

static struct err *copy_segment(struct wal *w, const struct wal_segment *s, uint64_t end,
                                const char *dir)
{
    const struct file_ops *f = w->config.files;
    char path[PATH_BYTES];
    snprintf(path, sizeof(path), "%s/%016" PRIx64 ".wal", dir, s->start);
    int fd = f->open(f->ctx, path, O_RDWR | O_CREAT | O_EXCL);
    if (fd < 0)
        return err_errno(-fd, "create file \"%s\"", path);
    struct err *e = copy_bytes(w, s, end, fd, path);
    int rc = e ? 0 : f->sync(f->ctx, fd);
    if (rc < 0)
        e = err_errno(-rc, "fsync file \"%s\"", path);
    f->close(f->ctx, fd);
    return e;
}

struct err *wal_copy(struct wal *w, struct lsn from, struct lsn end, const char *dir)
{
    struct wal_segment s;
    for (uint64_t at = from.v; at < end.v; at = s.start + s.bytes) {
        if (!segment_at(w, at, &s))
            return err_new("XX001", "WAL is missing at %" PRIx64, at);
        TRY(copy_segment(w, &s, end.v, dir));
    }
    int rc = w->config.files->sync_dir(w->config.files->ctx, dir);
    return rc < 0 ? err_errno(-rc, "fsync directory \"%s\"", dir) : NULL;
}
