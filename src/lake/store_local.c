/* The store of local files. Reads use pread, never a mapping: a file that shrinks while it is read
 * is then an error and not a signal. */
#include "base/arena.h"
#include "lake/store_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct local_object {
    struct lake_object base;
    int fd;
};

static int entry_cmp(const void *a, const void *b)
{
    return str_cmp(((const struct lake_entry *)a)->name, ((const struct lake_entry *)b)->name);
}

static struct err *list_add(DIR *dir, const char *name, struct str from, struct arena *arena,
                            struct lake_list *list, size_t *capacity)
{
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || str_cmp(str_from(name), from) < 0)
        return NULL;
    struct stat st;
    if (fstatat(dirfd(dir), name, &st, 0) != 0) {
        /* Removed since, or a dangling link: not there. */
        return errno == ENOENT ? NULL : err_errno(errno, "stat file \"%s\"", name);
    }
    struct lake_entry entry = {
        .name = str_from(arena_strdup(arena, name)),
        .size_bytes = st.st_size,
        .modified_ms = (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000,
        .is_folder = S_ISDIR(st.st_mode),
    };
    ARENA_PUSH(arena, list->entries, list->count, *capacity, entry);
    return NULL;
}

static struct err *local_list(struct lake_store *store, struct str folder, struct str from,
                              struct arena *arena, struct lake_list *out)
{
    (void)store;
    char *path = arena_strndup(arena, folder.data, folder.len);
    DIR *dir = opendir(path);
    struct lake_list list = {0};
    if (!dir) {
        if (errno != ENOENT && errno != ENOTDIR)
            return err_errno(errno, "open folder \"%s\"", path);
        *out = list;
        return NULL;
    }
    struct err *e = NULL;
    size_t capacity = 0;
    while (!e) {
        errno = 0;
        struct dirent *d = readdir(dir);
        if (!d) {
            if (errno)
                e = err_errno(errno, "read folder \"%s\"", path);
            break;
        }
        e = list_add(dir, d->d_name, from, arena, &list, &capacity);
    }
    closedir(dir);
    if (e)
        return e;
    if (list.count)
        qsort(list.entries, list.count, sizeof(*list.entries), entry_cmp);
    *out = list;
    return NULL;
}

static struct err *local_read(struct lake_object *object, int64_t offset, void *out, size_t len)
{
    struct local_object *o = (struct local_object *)object;
    uint8_t *p = out;
    while (len) {
        ssize_t n = pread(o->fd, p, len, offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(errno, "read file \"%s\"", object->path);
        if (n == 0)
            return err_new("XX001", "file \"%s\" became shorter while it was read", object->path);
        p += n;
        offset += n;
        len -= (size_t)n;
    }
    return NULL;
}

static void local_close(struct lake_object *object)
{
    close(((struct local_object *)object)->fd);
    free(object->path);
    free(object);
}

static const struct lake_object_ops local_object_ops = {.read = local_read, .close = local_close};

static struct err *open_failed(int errnum, const char *path)
{
    if (errnum == ENOENT || errnum == ENOTDIR)
        return err_new("58P01", "could not open file \"%s\": %s", path, strerror(errnum));
    return err_errno(errnum, "open file \"%s\"", path);
}

static struct err *local_open(struct lake_store *store, struct str path, struct lake_object **out)
{
    (void)store;
    struct local_object *o = calloc(1, sizeof(*o));
    if (!o || !(o->base.path = strndup(path.data, path.len))) {
        free(o);
        return err_oom();
    }
    struct err *e = NULL;
    struct stat st;
    o->base.ops = &local_object_ops;
    o->fd = open(o->base.path, O_RDONLY | O_CLOEXEC);
    if (o->fd < 0)
        e = open_failed(errno, o->base.path);
    else if (fstat(o->fd, &st) != 0)
        e = err_errno(errno, "stat file \"%s\"", o->base.path);
    else if (!S_ISREG(st.st_mode))
        e = err_new("42809", "\"%s\" is not a regular file", o->base.path);
    if (e) {
        if (o->fd >= 0)
            close(o->fd);
        free(o->base.path);
        free(o);
        return e;
    }
    o->base.size_bytes = st.st_size;
    *out = &o->base;
    return NULL;
}

static void local_free(struct lake_store *store)
{
    free(store->root);
    free(store);
}

static const struct lake_store_ops local_ops = {
    .list = local_list, .open = local_open, .free = local_free};

struct err *lake_store_local_new(struct lake_store **out)
{
    struct lake_store *store = calloc(1, sizeof(*store));
    if (!store || !(store->root = strdup(""))) {
        free(store);
        return err_oom();
    }
    store->ops = &local_ops;
    *out = store;
    return NULL;
}
