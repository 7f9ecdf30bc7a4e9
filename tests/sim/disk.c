/* A layer below the server, preloaded (LD_PRELOAD): it records what reaches the disk and when, and
 * can make operations fail. powerloss.py builds from the record what a power cut could have left;
 * faults.py gives errors.
 *
 *   SIM_DIR      the data directory, an absolute path; everything else passes
 *   SIM_LOG      file to append the record to (none: nothing is recorded)
 *   SIM_CONTROL  a page shared with the test: struct control (always needed)
 *   SIM_FORGET   syncs that are left out of the record, as if the server did not ask for them:
 *                a list of wal, data, dir
 *
 * Each operation on a file is done and recorded under one mutex, so the record has the order that
 * the kernel saw. A sync is recorded when it has returned, with the sequence number of the last
 * operation before it began: later writes are not covered by it. Files opened with O_DSYNC are
 * marked: their writes are durable at once. Not recorded: LOCK, LMDB's lock.mdb and tmp/, whose
 * content means nothing to the next start.
 *
 * Record: struct entry, then `bytes` of data (a path, or what was written). */
#undef _FILE_OFFSET_BITS
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum op {
    OP_CREATE = 1, /* file, path */
    OP_OPEN,       /* file, path: was there before */
    OP_WRITE,      /* file, offset, bytes */
    OP_TRUNCATE,   /* file, offset: the new size */
    OP_SYNC,       /* file, offset: the last operation covered */
    OP_SYNC_DIR,   /* path, offset: as before */
    OP_RENAME,     /* path '\0' path */
    OP_UNLINK,     /* path */
    OP_MKDIR,      /* path */
};
enum { FLAG_DSYNC = 1, MAX_FDS = 4096, MAX_FILES = 65536 };

struct entry {
    uint32_t op;
    uint32_t flags;
    uint64_t seq;
    uint64_t file;
    int64_t offset;
    uint64_t bytes;
};

/* CLASS_NEW: a segment of the log that is being prepared. CLASS_META: the data file through LMDB's
 * descriptor for its meta pages. */
enum class {
    CLASS_WAL = 1,
    CLASS_DATA = 2,
    CLASS_OTHER = 4,
    CLASS_TMP = 8,
    CLASS_NEW = 16,
    CLASS_META = 32
};
enum fault { FAULT_WRITE = 1, FAULT_SYNC = 2, FAULT_READ = 4, FAULT_CREATE = 8 };

/* Shared with the test. */
struct control {
    uint64_t seq; /* of the last operation */
    int32_t error;
    uint32_t faults;  /* bits of enum fault */
    uint32_t classes; /* bits of enum class */
    uint32_t skip;    /* so many pass first */
    uint32_t count;   /* then so many fail */
    uint32_t hits;    /* have failed */
    int64_t jump_s;   /* added to the clock of the day */
};

struct open_file {
    uint64_t id; /* 0: not ours */
    enum class class;
    bool dsync;
    bool recorded;
    bool directory;
    char path[128];
};

static pthread_mutex_t mu = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static const char *dir;
static size_t dir_len;
static const char *forget = "";
static int log_fd = -1;
static struct control *control;
static struct open_file fds[MAX_FDS];
static struct {
    uint64_t inode;
    uint64_t id;
} files[MAX_FILES];
static size_t file_count;
static uint64_t last_id;

static void start(void)
{
    static struct control none;
    const char *log = getenv("SIM_LOG");
    const char *page = getenv("SIM_CONTROL");
    control = &none;
    dir = getenv("SIM_DIR");
    if (!dir || !page)
        return;
    dir_len = strlen(dir);
    if (getenv("SIM_FORGET"))
        forget = getenv("SIM_FORGET");
    int fd = (int)syscall(SYS_openat, AT_FDCWD, page, O_RDWR | O_CLOEXEC, 0);
    control = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fd < 0 || control == MAP_FAILED)
        abort();
    syscall(SYS_close, fd);
    if (!log)
        return;
    log_fd =
        (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log_fd < 0)
        abort();
}

/* The part of `path` below the data directory ("" for itself, ".." for the one that has it), NULL
 * for others. */
static const char *below(const char *path)
{
    pthread_once(&once, start);
    size_t len = strlen(path);
    if (dir && len && len < dir_len && strncmp(path, dir, len) == 0 && dir[len] == '/' &&
        !strchr(dir + len + 1, '/'))
        return "..";
    if (!dir || strncmp(path, dir, dir_len) != 0)
        return NULL;
    if (!path[dir_len])
        return "";
    return path[dir_len] == '/' ? path + dir_len + 1 : NULL;
}

static bool is_recorded(const char *name)
{
    return strcmp(name, "LOCK") != 0 && strcmp(name, "data/lock.mdb") != 0 &&
           strncmp(name, "tmp/", 4) != 0;
}

static enum class class_of(const char *name) {
    size_t len = strlen(name);
    if (strncmp(name, "wal/", 4) == 0) return strcmp(name + len - 4, ".tmp") == 0 ? CLASS_NEW
                                                                                  : CLASS_WAL;
    if (strncmp(name, "data/", 5) == 0) return CLASS_DATA;
    return strncmp(name, "tmp/", 4) == 0 ? CLASS_TMP : CLASS_OTHER;
}

static void put(struct iovec *v, int n)
{
    size_t whole = 0;
    for (int i = 0; i < n; i++)
        whole += v[i].iov_len;
    if (syscall(SYS_writev, log_fd, v, n) != (long)whole)
        abort();
}

static void record_locked(enum op op, uint32_t flags, uint64_t file, int64_t offset,
                          const void *data, size_t bytes)
{
    struct entry e = {op, flags, control->seq + 1, file, offset, bytes};
    struct iovec v[2] = {{&e, sizeof(e)}, {(void *)data, bytes}};
    if (log_fd < 0)
        return;
    put(v, 2);
    __atomic_store_n(&control->seq, e.seq, __ATOMIC_RELEASE);
}

/* Whether this operation is to fail: errno is set. */
static bool fails_locked(enum fault fault, enum class class)
{
    if (!(control->faults & fault) || !(control->classes & class))
        return false;
    if (control->skip) {
        control->skip--;
        return false;
    }
    if (control->hits >= control->count)
        return false;
    control->hits++;
    errno = control->error;
    return true;
}

static struct open_file *of(int fd)
{
    return fd >= 0 && fd < MAX_FDS && fds[fd].id ? &fds[fd] : NULL;
}

/* ---- names ---- */

static uint64_t id_of_inode(uint64_t inode, bool fresh)
{
    size_t i = 0;
    while (i < file_count && files[i].inode != inode)
        i++;
    if (i == file_count) {
        if (file_count == MAX_FILES)
            abort();
        file_count++;
        fresh = true;
    }
    if (fresh) {
        files[i].inode = inode;
        files[i].id = ++last_id;
    }
    return files[i].id;
}

static void note_open_locked(int fd, const char *name, int flags, bool existed)
{
    struct stat st;
    if (fd >= MAX_FDS || fstat(fd, &st) != 0)
        abort();
    struct open_file *f = &fds[fd];
    f->directory = S_ISDIR(st.st_mode);
    f->class = class_of(name);
    f->recorded = !f->directory && is_recorded(name);
    f->dsync = (flags & O_DSYNC) == O_DSYNC;
    if (f->dsync && f->class == CLASS_DATA)
        f->class = CLASS_META;
    f->id = f->directory ? UINT64_MAX : id_of_inode(st.st_ino, !existed);
    snprintf(f->path, sizeof(f->path), "%s", name);
    if (f->recorded)
        record_locked(existed ? OP_OPEN : OP_CREATE, 0, f->id, 0, name, strlen(name));
    if (f->recorded && existed && (flags & O_TRUNC))
        record_locked(OP_TRUNCATE, 0, f->id, 0, NULL, 0);
}

static int open_any(const char *path, int flags, mode_t mode)
{
    const char *name = below(path);
    if (!name)
        return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    pthread_mutex_lock(&mu);
    bool existed = syscall(SYS_access, path, F_OK) == 0;
    int fd = -1;
    if (existed || !(flags & O_CREAT) || !fails_locked(FAULT_CREATE, class_of(name)))
        fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    if (fd >= 0)
        note_open_locked(fd, name, flags, existed);
    pthread_mutex_unlock(&mu);
    return fd;
}

#define OPEN_ARGS(flags, mode)             \
    mode_t mode = 0;                       \
    if ((flags) & (O_CREAT | O_TMPFILE)) { \
        va_list ap;                        \
        va_start(ap, flags);               \
        mode = va_arg(ap, mode_t);         \
        va_end(ap);                        \
    }

int open(const char *path, int flags, ...)
{
    OPEN_ARGS(flags, mode)
    return open_any(path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    OPEN_ARGS(flags, mode)
    return open_any(path, flags, mode);
}

int close(int fd)
{
    pthread_mutex_lock(&mu);
    struct open_file *f = of(fd);
    if (f)
        f->id = 0;
    int rc = (int)syscall(SYS_close, fd);
    pthread_mutex_unlock(&mu);
    return rc;
}

int rename(const char *from, const char *to)
{
    const char *a = below(from);
    const char *b = below(to);
    static char both[2 * PATH_MAX]; /* guarded by mu */
    pthread_mutex_lock(&mu);
    int rc = (int)syscall(SYS_rename, from, to);
    for (int i = 0; rc == 0 && a && b && i < MAX_FDS; i++) {
        if (fds[i].id && strcmp(fds[i].path, a) == 0) {
            snprintf(fds[i].path, sizeof(fds[i].path), "%s", b);
            fds[i].class = class_of(b);
        }
    }
    if (rc == 0 && a && b && is_recorded(a)) {
        int n = snprintf(both, sizeof(both), "%s%c%s", a, '\0', b);
        record_locked(OP_RENAME, 0, 0, 0, both, (size_t)n);
    }
    pthread_mutex_unlock(&mu);
    return rc;
}

int unlink(const char *path)
{
    const char *name = below(path);
    pthread_mutex_lock(&mu);
    int rc = (int)syscall(SYS_unlink, path);
    if (rc == 0 && name && is_recorded(name))
        record_locked(OP_UNLINK, 0, 0, 0, name, strlen(name));
    pthread_mutex_unlock(&mu);
    return rc;
}

int mkdir(const char *path, mode_t mode)
{
    const char *name = below(path);
    pthread_mutex_lock(&mu);
    int rc = (int)syscall(SYS_mkdir, path, mode);
    if (rc == 0 && name)
        record_locked(OP_MKDIR, 0, 0, 0, name, strlen(name));
    pthread_mutex_unlock(&mu);
    return rc;
}

/* ---- content ---- */

/* `offset` -1: at the file's position, which the kernel moves. */
static ssize_t write_any(int fd, const struct iovec *v, int n, off_t offset)
{
    struct open_file *f = of(fd);
    if (!f || f->directory) {
        if (offset < 0)
            return n == 1 ? syscall(SYS_write, fd, v[0].iov_base, v[0].iov_len)
                          : syscall(SYS_writev, fd, v, n);
        return syscall(SYS_pwritev, fd, v, n, offset, 0);
    }
    pthread_mutex_lock(&mu);
    ssize_t done = -1;
    off_t at = offset < 0 ? (off_t)syscall(SYS_lseek, fd, 0, SEEK_CUR) : offset;
    if (!fails_locked(FAULT_WRITE, f->class)) {
        done = offset < 0 ? syscall(SYS_writev, fd, v, n) : syscall(SYS_pwritev, fd, v, n, at, 0);
        size_t left = done > 0 ? (size_t)done : 0;
        for (int i = 0; i < n && left && f->recorded; i++) {
            size_t bytes = v[i].iov_len < left ? v[i].iov_len : left;
            record_locked(OP_WRITE, f->dsync ? FLAG_DSYNC : 0, f->id, at, v[i].iov_base, bytes);
            at += (off_t)bytes;
            left -= bytes;
        }
    }
    pthread_mutex_unlock(&mu);
    return done;
}

ssize_t write(int fd, const void *from, size_t len)
{
    struct iovec v = {(void *)from, len};
    return write_any(fd, &v, 1, -1);
}

ssize_t writev(int fd, const struct iovec *v, int n)
{
    return write_any(fd, v, n, -1);
}

ssize_t pwrite(int fd, const void *from, size_t len, off_t offset)
{
    struct iovec v = {(void *)from, len};
    return write_any(fd, &v, 1, offset);
}

ssize_t pwrite64(int fd, const void *from, size_t len, off64_t offset)
{
    return pwrite(fd, from, len, offset);
}

ssize_t pwritev(int fd, const struct iovec *v, int n, off_t offset)
{
    return write_any(fd, v, n, offset);
}

ssize_t pwritev64(int fd, const struct iovec *v, int n, off64_t offset)
{
    return write_any(fd, v, n, offset);
}

static ssize_t read_any(int fd, void *to, size_t len, off_t offset)
{
    struct open_file *f = of(fd);
    if (f && (control->faults & FAULT_READ)) {
        pthread_mutex_lock(&mu);
        bool fails = fails_locked(FAULT_READ, f->class);
        pthread_mutex_unlock(&mu);
        if (fails)
            return -1;
    }
    return syscall(SYS_pread64, fd, to, len, offset);
}

ssize_t pread(int fd, void *to, size_t len, off_t offset)
{
    return read_any(fd, to, len, offset);
}

ssize_t pread64(int fd, void *to, size_t len, off64_t offset)
{
    return read_any(fd, to, len, offset);
}

/* Reads that do not want to wait. */
ssize_t preadv2(int fd, const struct iovec *v, int n, off_t offset, int flags)
{
    struct open_file *f = of(fd);
    if (f && (control->faults & FAULT_READ)) {
        errno = EAGAIN; /* the other way to read fails, if this is to */
        return -1;
    }
    return syscall(SYS_preadv2, fd, v, n, offset, 0, flags);
}

ssize_t preadv64v2(int fd, const struct iovec *v, int n, off64_t offset, int flags)
{
    return preadv2(fd, v, n, offset, flags);
}

static int truncate_any(int fd, off_t size)
{
    pthread_mutex_lock(&mu);
    struct open_file *f = of(fd);
    int rc = (int)syscall(SYS_ftruncate, fd, size);
    if (rc == 0 && f && f->recorded)
        record_locked(OP_TRUNCATE, 0, f->id, size, NULL, 0);
    pthread_mutex_unlock(&mu);
    return rc;
}

int ftruncate(int fd, off_t size)
{
    return truncate_any(fd, size);
}

int ftruncate64(int fd, off64_t size)
{
    return truncate_any(fd, size);
}

/* Files whose space is allocated ahead would need an operation of their own in the record. */
int fallocate(int fd, int mode, off_t offset, off_t len)
{
    if (of(fd))
        abort();
    return (int)syscall(SYS_fallocate, fd, mode, offset, len);
}

/* ---- the clock ---- */

int clock_gettime(clockid_t clock, struct timespec *ts)
{
    pthread_once(&once, start);
    int rc = (int)syscall(SYS_clock_gettime, clock, ts);
    if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)
        ts->tv_sec += control->jump_s;
    return rc;
}

/* ---- syncs ---- */

static bool is_forgotten(const struct open_file *f)
{
    if (f->directory)
        return strstr(forget, "dir") != NULL;
    return ((f->class == CLASS_WAL || f->class == CLASS_NEW) && strstr(forget, "wal")) ||
           (f->class == CLASS_DATA && strstr(forget, "data"));
}

static int sync_any(int fd, long call)
{
    pthread_mutex_lock(&mu);
    struct open_file *found = of(fd);
    struct open_file f = found ? *found : (struct open_file){0};
    int64_t before = found ? (int64_t)control->seq : 0;
    bool fails = found && fails_locked(FAULT_SYNC, f.class);
    pthread_mutex_unlock(&mu);
    if (fails)
        return -1;
    int rc = (int)syscall(call, fd);
    if (rc != 0 || !found || is_forgotten(&f))
        return rc;
    pthread_mutex_lock(&mu);
    if (f.directory)
        record_locked(OP_SYNC_DIR, 0, 0, before, f.path, strlen(f.path));
    else if (f.recorded)
        record_locked(OP_SYNC, 0, f.id, before, NULL, 0);
    pthread_mutex_unlock(&mu);
    return rc;
}

int fsync(int fd)
{
    return sync_any(fd, SYS_fsync);
}

int fdatasync(int fd)
{
    return sync_any(fd, SYS_fdatasync);
}
