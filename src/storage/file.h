/* The file operations of the WAL, behind an interface so that tests can put faults and power cuts
 * below it. Each returns a negative errno on failure. Any thread. */
#ifndef TARN_STORAGE_FILE_H
#define TARN_STORAGE_FILE_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct file_ops {
    void *ctx;
    /* A descriptor; flags as open(2), mode 0600. */
    int (*open)(void *ctx, const char *path, int flags);
    ssize_t (*pread)(void *ctx, int fd, void *to, size_t len, int64_t offset);
    ssize_t (*pwrite)(void *ctx, int fd, const void *from, size_t len, int64_t offset);
    int64_t (*size)(void *ctx, int fd);
    int (*sync)(void *ctx, int fd);               /* data and size reach the disk */
    int (*sync_dir)(void *ctx, const char *path); /* names reach the disk */
    int (*close)(void *ctx, int fd);
    int (*rename)(void *ctx, const char *from, const char *to);
    int (*unlink)(void *ctx, const char *path);
    /* Calls `each` for every name but "." and "..". */
    int (*list)(void *ctx, const char *path, void (*each)(void *arg, const char *name), void *arg);
};

extern const struct file_ops file_posix;

/* All bytes or an error; `what` names the file in the message. */
struct err *file_write_all(const struct file_ops *f, int fd, const void *from, size_t len,
                           int64_t offset, const char *what) MUST_CHECK;
/* Reads up to `len` bytes, fewer only at the end of the file. */
struct err *file_read_all(const struct file_ops *f, int fd, void *to, size_t len, int64_t offset,
                          const char *what, size_t *got) MUST_CHECK;

#endif
