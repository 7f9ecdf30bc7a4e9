/* See temp_file.h. What can block runs on the pool; a read that the page cache has is done in
 * place.
 */
#include "storage/temp_file.h"

#include "base/log.h"
#include "rt/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

struct temp_file {
    struct temp_quota *quota;
    int fd;
    uint64_t number;
    uint64_t size_bytes;
};

static _Atomic uint64_t last_number;

void temp_quota_init(struct temp_quota *q, const char *dir)
{
    *q = (struct temp_quota){.dir = dir, .limit_bytes = -1, .log_bytes = -1};
}

/* ---- on the pool ---- */

struct transfer {
    struct temp_file *file;
    uint64_t offset;
    uint8_t *bytes;
    size_t len;
    int error; /* errno; 0 with len left: the file ends */
};

static void write_job(void *arg)
{
    struct transfer *t = arg;
    while (t->len) {
        ssize_t n = pwrite(t->file->fd, t->bytes, t->len, (off_t)t->offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            t->error = n < 0 ? errno : ENOSPC;
            return;
        }
        t->bytes += n;
        t->offset += (uint64_t)n;
        t->len -= (size_t)n;
    }
}

static void read_job(void *arg)
{
    struct transfer *t = arg;
    while (t->len) {
        ssize_t n = pread(t->file->fd, t->bytes, t->len, (off_t)t->offset);
        if (n < 0 && errno == EINTR)
            continue;
        t->error = n < 0 ? errno : 0;
        if (n <= 0)
            return;
        t->bytes += n;
        t->offset += (uint64_t)n;
        t->len -= (size_t)n;
    }
}

static void create_job(void *arg)
{
    struct transfer *t = arg;
    char path[1024];
    snprintf(path, sizeof(path), "%s/%d-%llu", t->file->quota->dir, (int)getpid(),
             (unsigned long long)t->file->number);
    t->file->fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    t->error = t->file->fd < 0 ? errno : 0;
    if (!t->error)
        unlink(path);
}

static void close_job(void *arg)
{
    const struct transfer *t = arg;
    close(t->file->fd);
}

/* ---- the file ---- */

struct err *temp_file_new(struct temp_quota *q, struct temp_file **out)
{
    struct temp_file *f = malloc(sizeof(*f));
    if (!f)
        return err_oom();
    *f = (struct temp_file){.quota = q, .fd = -1};
    f->number = atomic_fetch_add_explicit(&last_number, 1, memory_order_relaxed) + 1;
    struct transfer t = {.file = f};
    pool_run(create_job, &t);
    if (t.error) {
        free(f);
        return err_errno(t.error, "create temporary file");
    }
    *out = f;
    return NULL;
}

static struct err *charge(struct temp_quota *q, size_t len)
{
    int64_t used = atomic_fetch_add_explicit(&q->used_bytes, (int64_t)len, memory_order_relaxed) +
                   (int64_t)len;
    if (q->limit_bytes < 0 || used <= q->limit_bytes)
        return NULL;
    atomic_fetch_sub_explicit(&q->used_bytes, (int64_t)len, memory_order_relaxed);
    return err_new("53400", "temporary file size exceeds temp_file_limit (%lldkB)",
                   (long long)(q->limit_bytes / 1024));
}

struct err *temp_file_append(struct temp_file *f, const void *data, size_t len)
{
    struct transfer t = {f, f->size_bytes, (uint8_t *)data, len, 0};
    TRY(charge(f->quota, len));
    f->size_bytes += len;
    pool_run(write_job, &t);
    return t.error ? err_errno(t.error, "write to temporary file") : NULL;
}

struct err *temp_file_read(struct temp_file *f, uint64_t offset, void *to, size_t len)
{
    struct transfer t = {f, offset, to, len, 0};
    struct iovec v = {to, len};
    if (preadv2(f->fd, &v, 1, (off_t)offset, RWF_NOWAIT) == (ssize_t)len)
        return NULL;
    pool_run(read_job, &t);
    if (t.error)
        return err_errno(t.error, "read from temporary file");
    return t.len ? err_new("XX001", "a temporary file ends unexpectedly") : NULL;
}

/* Space is taken before it is touched: a full disk must not show as SIGBUS. */
static void grow_job(void *arg)
{
    struct transfer *t = arg;
    do
        t->error = posix_fallocate(t->file->fd, (off_t)t->offset, (off_t)t->len);
    while (t->error == EINTR);
}

struct err *temp_file_grow(struct temp_file *f, size_t len)
{
    struct transfer t = {f, f->size_bytes, NULL, len, 0};
    TRY(charge(f->quota, len));
    f->size_bytes += len;
    pool_run(grow_job, &t);
    return t.error ? err_errno(t.error, "write to temporary file") : NULL;
}

struct err *temp_file_map(struct temp_file *f, size_t len, void **out)
{
    void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, f->fd, 0);
    if (p == MAP_FAILED)
        return err_new("53200", "could not map temporary file: %s", strerror(errno));
    *out = p;
    return NULL;
}

void temp_file_detach(struct temp_file *f)
{
    atomic_fetch_sub_explicit(&f->quota->used_bytes, (int64_t)f->size_bytes, memory_order_relaxed);
    f->quota = NULL;
}

uint64_t temp_file_size(const struct temp_file *f)
{
    return f->size_bytes;
}

void temp_file_free(struct temp_file *f)
{
    if (!f)
        return;
    struct temp_quota *q = f->quota;
    struct transfer t = {.file = f};
    pool_run(close_job, &t);
    if (q && q->log_bytes >= 0 && f->size_bytes >= (uint64_t)q->log_bytes)
        log_write(LOG_LOG, "storage", "temporary file: path \"tmp/%d-%llu\", size %llu",
                  (int)getpid(), (unsigned long long)f->number, (unsigned long long)f->size_bytes);
    if (q)
        temp_file_detach(f);
    free(f);
}
