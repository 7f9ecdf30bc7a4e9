/* The data directory: LOCK (flock, the holder's pid), FORMAT (version, written last when a
 * directory is initialised), wal/, data/ (LMDB), tmp/. */
#include "storage/store_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char format_text[] = "tarn store 2\n";
/* Without commits in parts. Read as it is, and then called by the new name: the older program would
 * take such a commit for the log's end. */
static const char old_format_text[] = "tarn store 1\n";

static struct err *make_dir(const char *path)
{
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return err_errno(errno, "create directory \"%s\"", path);
    return NULL;
}

/* The directory's names reach the disk. */
static struct err *sync_names(struct store *s, const char *path)
{
    if (!s->config.fsync)
        return NULL;
    int rc = file_posix.sync_dir(NULL, path);
    return rc < 0 ? err_errno(-rc, "fsync directory \"%s\"", path) : NULL;
}

static struct err *sync_parent(struct store *s)
{
    char *copy = strdup(s->dir);
    if (!copy)
        return err_oom();
    struct err *e = sync_names(s, dirname(copy));
    free(copy);
    return e;
}

static struct err *join(const char *dir, const char *name, char **out)
{
    return asprintf(out, "%s/%s", dir, name) < 0 ? err_oom() : NULL;
}

static struct err *lock_dir(struct store *s)
{
    char *path;
    TRY(join(s->dir, "LOCK", &path));
    struct err *e = NULL;
    s->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (s->lock_fd < 0) {
        e = err_errno(errno, "open lock file \"%s\"", path);
    } else if (flock(s->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        e = err_hint(err_new("55006", "lock file \"%s\" is held by another server", path),
                     "Is another server running in data directory \"%s\"?", s->dir);
    } else {
        dprintf(s->lock_fd, "%ld\n", (long)getpid());
    }
    free(path);
    return e;
}

static struct err *check_format(struct store *s)
{
    char *path;
    char text[64] = "";
    TRY(join(s->dir, "FORMAT", &path));
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct err *e = NULL;
    if (fd < 0 && errno == ENOENT) {
        s->is_new = true;
    } else if (fd < 0) {
        e = err_errno(errno, "open file \"%s\"", path);
    } else {
        ssize_t n = read(fd, text, sizeof(text) - 1);
        if (n < 0)
            e = err_errno(errno, "read file \"%s\"", path);
        s->old_format = strcmp(text, old_format_text) == 0;
        if (!e && !s->old_format && strcmp(text, format_text) != 0)
            e = err_detail(err_new("0A000", "data directory has an unknown format"),
                           "File \"%s\" does not say \"%.*s\".", path, (int)sizeof(format_text) - 2,
                           format_text);
        close(fd);
    }
    free(path);
    return e;
}

static void remove_each(void *arg, const char *name)
{
    char path[1024];
    snprintf(path, sizeof(path), "%s/%s", (const char *)arg, name);
    unlink(path);
}

static struct err *name_parts(struct store *s)
{
    s->dir = strdup(s->config.dir);
    if (!s->dir)
        return err_oom();
    TRY(join(s->dir, "wal", &s->wal_dir));
    TRY(join(s->dir, "data", &s->data_dir));
    return join(s->dir, "tmp", &s->tmp_dir);
}

struct err *store_dir_open(struct store *s)
{
    struct stat st;
    TRY(name_parts(s));
    if (stat(s->dir, &st) == 0 && !S_ISDIR(st.st_mode))
        return err_new("58P01", "\"%s\" is not a directory", s->dir);
    if (mkdir(s->dir, 0700) != 0 && errno != EEXIST)
        return err_new("58P01", "could not create directory \"%s\": %s", s->dir, strerror(errno));
    TRY(lock_dir(s));
    TRY(check_format(s));
    TRY(make_dir(s->wal_dir));
    TRY(make_dir(s->data_dir));
    TRY(make_dir(s->tmp_dir));
    file_posix.list(NULL, s->tmp_dir, remove_each, s->tmp_dir);
    if (s->is_new) /* left by an initialisation that was cut short */
        file_posix.list(NULL, s->wal_dir, remove_each, s->wal_dir);
    return NULL;
}

static void note_name(void *arg, const char *name)
{
    (void)name;
    *(bool *)arg = true;
}

struct err *store_dir_create(struct store *s)
{
    bool has_names = false;
    TRY(name_parts(s));
    TRY(make_dir(s->dir));
    int rc = file_posix.list(NULL, s->dir, note_name, &has_names);
    if (rc < 0)
        return err_errno(-rc, "open directory \"%s\"", s->dir);
    if (has_names)
        return err_new("58P02", "directory \"%s\" exists but is not empty", s->dir);
    TRY(lock_dir(s));
    TRY(make_dir(s->wal_dir));
    TRY(make_dir(s->data_dir));
    return make_dir(s->tmp_dir);
}

struct err *store_dir_open_existing(struct store *s)
{
    struct stat st;
    TRY(name_parts(s));
    if (stat(s->dir, &st) != 0 || !S_ISDIR(st.st_mode))
        return err_new("58P01", "directory \"%s\" does not exist", s->dir);
    TRY(check_format(s));
    if (s->is_new)
        return err_new("58P01", "\"%s\" is not a data directory: it has no FORMAT file", s->dir);
    return lock_dir(s);
}

/* The names of all that FORMAT vouches for are durable before it is. */
struct err *store_dir_initialised(struct store *s)
{
    char *path = NULL;
    char *tmp = NULL;
    TRY(sync_names(s, s->data_dir));
    TRY(sync_parent(s));
    struct err *e = join(s->dir, "FORMAT", &path);
    if (!e)
        e = join(s->dir, "FORMAT.tmp", &tmp);
    int fd = e ? -1 : open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (!e && fd < 0)
        e = err_errno(errno, "create file \"%s\"", tmp);
    if (!e && (write(fd, format_text, sizeof(format_text) - 1) != sizeof(format_text) - 1 ||
               fsync(fd) != 0))
        e = err_errno(errno, "write file \"%s\"", tmp);
    if (fd >= 0)
        close(fd);
    if (!e && rename(tmp, path) != 0)
        e = err_errno(errno, "rename file \"%s\"", tmp);
    if (!e)
        e = sync_names(s, s->dir);
    free(path);
    free(tmp);
    return e;
}

void store_dir_close(struct store *s)
{
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    free(s->dir);
    free(s->wal_dir);
    free(s->data_dir);
    free(s->tmp_dir);
}
