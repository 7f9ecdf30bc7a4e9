/* The file operations of POSIX: see file.h. */
#include "storage/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int posix_open(void *ctx, const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC, 0600);
    return fd < 0 ? -errno : fd;
}

static ssize_t posix_pread(void *ctx, int fd, void *to, size_t len, int64_t offset)
{
    ssize_t n = pread(fd, to, len, offset);
    return n < 0 ? -errno : n;
}

static ssize_t posix_pwrite(void *ctx, int fd, const void *from, size_t len, int64_t offset)
{
    ssize_t n = pwrite(fd, from, len, offset);
    return n < 0 ? -errno : n;
}

static int64_t posix_size(void *ctx, int fd)
{
    struct stat st;
    return fstat(fd, &st) < 0 ? -errno : st.st_size;
}

static int posix_sync(void *ctx, int fd)
{
    return fdatasync(fd) < 0 ? -errno : 0;
}

static int posix_sync_dir(void *ctx, const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int rc = fsync(fd) < 0 ? -errno : 0;
    close(fd);
    return rc;
}

static int posix_close(void *ctx, int fd)
{
    return close(fd) < 0 ? -errno : 0;
}

static int posix_rename(void *ctx, const char *from, const char *to)
{
    return rename(from, to) < 0 ? -errno : 0;
}

static int posix_unlink(void *ctx, const char *path)
{
    return unlink(path) < 0 ? -errno : 0;
}

static int posix_list(void *ctx, const char *path, void (*each)(void *arg, const char *name),
                      void *arg)
{
    DIR *dir = opendir(path);
    if (!dir)
        return -errno;
    for (struct dirent *d; (d = readdir(dir)) != NULL;)
        if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
            each(arg, d->d_name);
    closedir(dir);
    return 0;
}

const struct file_ops file_posix = {
    NULL,           posix_open,  posix_pread,  posix_pwrite, posix_size, posix_sync,
    posix_sync_dir, posix_close, posix_rename, posix_unlink, posix_list,
};

struct err *file_write_all(const struct file_ops *f, int fd, const void *from, size_t len,
                           int64_t offset, const char *what)
{
    const char *p = from;
    while (len) {
        ssize_t n = f->pwrite(f->ctx, fd, p, len, offset);
        if (n == -EINTR)
            continue;
        if (n <= 0)
            return err_errno(n ? (int)-n : EIO, "write to file \"%s\"", what);
        p += n;
        offset += n;
        len -= (size_t)n;
    }
    return NULL;
}

struct err *file_read_all(const struct file_ops *f, int fd, void *to, size_t len, int64_t offset,
                          const char *what, size_t *got)
{
    size_t done = 0;
    while (done < len) {
        ssize_t n = f->pread(f->ctx, fd, (char *)to + done, len - done, offset + (int64_t)done);
        if (n == -EINTR)
            continue;
        if (n < 0)
            return err_errno((int)-n, "read file \"%s\"", what);
        if (n == 0)
            break;
        done += (size_t)n;
    }
    *got = done;
    return NULL;
}
