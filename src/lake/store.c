/* What all object stores share: URIs, percent-encoding, whole-object reads. */
#include "lake/store.h"

#include "base/arena.h"
#include "lake/store_internal.h"

#include <stdlib.h>

static bool is_scheme_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '-' || c == '.';
}

/* Splits "scheme:rest"; no scheme (a plain path) leaves *scheme empty. A single letter is no
 * scheme, and a colon behind a slash belongs to the path. */
static void split_scheme(struct str uri, struct str *scheme, struct str *rest)
{
    size_t n = 0;
    while (n < uri.len && is_scheme_char(uri.data[n]))
        n++;
    if (n > 1 && n < uri.len && uri.data[n] == ':' && uri.data[0] > '9') {
        *scheme = str_make(uri.data, n);
        *rest = str_make(uri.data + n + 1, uri.len - n - 1);
    } else {
        *scheme = STR("");
        *rest = uri;
    }
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

struct err *lake_percent_decode(struct str s, struct arena *arena, struct str *out)
{
    if (!s.len || !memchr(s.data, '%', s.len)) {
        *out = arena_str(arena, s);
        return NULL;
    }
    char *p = arena_try_alloc(arena, s.len + 1);
    if (!p)
        return err_oom();
    size_t n = 0;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.data[i];
        if (c == '%') {
            int hi = i + 1 < s.len ? hex_digit(s.data[i + 1]) : -1;
            int lo = i + 2 < s.len ? hex_digit(s.data[i + 2]) : -1;
            if (hi < 0 || lo < 0)
                return err_new("22023", "invalid percent-encoding in path \"%.*s\"", STR_ARG(s));
            c = (char)(hi << 4 | lo);
            i += 2;
        }
        p[n++] = c;
    }
    p[n] = 0;
    *out = str_make(p, n);
    return NULL;
}

/* The path of a file: URI without its authority, which must be empty or localhost. */
static struct err *file_uri_path(struct str rest, struct arena *arena, struct str *out)
{
    if (str_starts_with(rest, STR("//"))) {
        rest = str_make(rest.data + 2, rest.len - 2);
        if (str_starts_with(rest, STR("localhost/")))
            rest = str_make(rest.data + 9, rest.len - 9);
    }
    if (!rest.len || rest.data[0] != '/')
        return err_new("22023", "file URI needs an absolute path");
    return lake_percent_decode(rest, arena, out);
}

static struct err *open_remote(struct str uri, const struct lake_access *access,
                               struct arena *arena, struct lake_store **out_store,
                               struct str *out_path)
{
    struct store_location at;
    TRY(store_location_parse(uri, arena, &at));
    TRY(lake_store_remote_new(&at, access, out_store));
    *out_path = at.path;
    return NULL;
}

struct err *lake_store_open(struct str uri, const struct lake_access *access, struct arena *arena,
                            struct lake_store **out_store, struct str *out_path)
{
    struct str scheme, rest, path;
    if (!uri.len)
        return err_new("22023", "empty location");
    if (memchr(uri.data, 0, uri.len))
        return err_new("22023", "location contains a zero byte");
    split_scheme(uri, &scheme, &rest);
    if (!scheme.len)
        path = arena_str(arena, rest);
    else if (scheme.len == 4 && strncasecmp(scheme.data, "file", 4) == 0)
        TRY(file_uri_path(rest, arena, &path));
    else
        return open_remote(uri, access, arena, out_store, out_path);
    while (path.len > 1 && path.data[path.len - 1] == '/')
        path.len--;
    TRY(lake_store_local_new(out_store));
    *out_path = path;
    return NULL;
}

void lake_store_free(struct lake_store *store)
{
    if (store)
        store->ops->free(store);
}

struct err *lake_store_list(struct lake_store *store, struct str folder, struct str from,
                            struct arena *arena, struct lake_list *out)
{
    return store->ops->list(store, folder, from, arena, out);
}

struct err *lake_object_open(struct lake_store *store, struct str path, struct lake_object **out)
{
    return store->ops->open(store, path, out);
}

struct err *lake_object_read(struct lake_object *object, int64_t offset, void *out, size_t len)
{
    if (offset < 0 || offset > object->size_bytes || len > (size_t)(object->size_bytes - offset))
        return err_new("XX001", "file \"%s\" ends before offset %lld", object->path,
                       (long long)offset + (long long)len);
    return object->ops->read(object, offset, out, len);
}

void lake_store_expect(struct lake_store *store, struct str path)
{
    if (store->ops->expect)
        store->ops->expect(store, path);
}

void lake_object_will_read(struct lake_object *object, int64_t offset, int64_t end)
{
    if (object->ops->will_read)
        object->ops->will_read(object, offset, end);
}

void lake_object_close(struct lake_object *object)
{
    if (object)
        object->ops->close(object);
}

struct err *lake_store_read_all(struct lake_store *store, struct str path, size_t limit_bytes,
                                struct buf *out)
{
    struct lake_object *object;
    TRY(lake_object_open(store, path, &object));
    struct err *e = NULL;
    size_t size = (size_t)object->size_bytes;
    if (size > limit_bytes) {
        e = err_new("54000", "file \"%s\" has %lld bytes, more than the limit of %zu", object->path,
                    (long long)object->size_bytes, limit_bytes);
    } else if (!buf_reserve(out, size)) {
        e = buf_finish(out);
    } else {
        e = lake_object_read(object, 0, out->data + out->len, size);
        if (!e)
            out->len += size;
    }
    lake_object_close(object);
    return e;
}

struct err *lake_store_resolve(struct lake_store *store, struct str folder, struct str path,
                               struct arena *arena, struct str *out)
{
    struct str scheme, rest, decoded;
    split_scheme(path, &scheme, &rest);
    bool absolute = path.len && path.data[0] == '/';
    if (scheme.len == 4 && strncasecmp(scheme.data, "file", 4) == 0 && !store->root[0])
        return file_uri_path(rest, arena, out);
    if (scheme.len && memchr(rest.data, '/', rest.len) == rest.data) {
        /* scheme:/..., while a relative path may well contain a colon (a time, say). */
        struct store_location at = {0};
        TRY(store_location_parse(path, arena, &at));
        if (strcmp(at.root, store->root) != 0)
            return err_unsupported("location \"%.*s\" lies in another store than the table",
                                   STR_ARG(path));
        path = at.path;
        absolute = true;
    }
    TRY(lake_percent_decode(path, arena, &decoded));
    if (memchr(decoded.data, 0, decoded.len))
        return err_new("22023", "path \"%.*s\" contains a zero byte", STR_ARG(path));
    if (absolute)
        *out = decoded;
    else if (!folder.len)
        *out = decoded;
    else
        *out = str_from(arena_printf(arena, "%.*s/%.*s", STR_ARG(folder), STR_ARG(decoded)));
    return NULL;
}
