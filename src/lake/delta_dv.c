/* Deletion vectors: the deleted row positions of a data file, as a roaring bitmap.
 *
 * Content: magic 1681511377 (little-endian), then the 64-bit "portable" form: count of bitmaps (8
 * bytes), and for each its high 32 bits (4 bytes) and a 32-bit portable roaring bitmap.
 * In a file, at the vector's offset: size (4 bytes, big-endian), content, CRC-32 of the content
 * (4 bytes, big-endian). Inline: the content in Z85. */
#include "base/bytes.h"
#include "lake/delta_internal.h"

#include <roaring/roaring.h>
#include <stdlib.h>
#include <zlib.h>

enum { DV_MAGIC = 1681511377, DV_LIMIT = 1 << 30 };

struct delta_deleted {
    struct part {
        uint32_t high;
        roaring_bitmap_t *bitmap;
    } * parts; /* ascending by high */
    size_t count;
};

struct source {
    const struct delta_snapshot *s;
    const struct delta_file *file;
};

static struct err *bad_dv(const struct source *src, const char *reason)
{
    return delta_damaged(src->s, "deletion vector of file %.*s: %s", STR_ARG(src->file->path),
                         reason);
}

/* Z85: five characters for four bytes, big-endian (ZeroMQ RFC 32). */
static bool z85_decode(struct str text, uint8_t *out)
{
    static const char alphabet[] =
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
    if (text.len % 5)
        return false;
    for (size_t i = 0; i < text.len; i += 5, out += 4) {
        uint64_t v = 0;
        for (size_t k = 0; k < 5; k++) {
            const char *at = text.data[i + k] ? strchr(alphabet, text.data[i + k]) : NULL;
            if (!at)
                return false;
            v = v * 85 + (uint64_t)(at - alphabet);
        }
        if (v > UINT32_MAX)
            return false;
        store_be32(out, (uint32_t)v);
    }
    return true;
}

/* 'u': an optional random prefix folder, then a UUID as 20 characters of Z85. */
static struct err *relative_path(const struct source *src, const struct delta_dv *dv,
                                 struct arena *arena, struct str *out)
{
    uint8_t id[16];
    struct str text = dv->path_or_inline;
    if (text.len < 20 || !z85_decode(str_make(text.data + text.len - 20, 20), id))
        return bad_dv(src, "malformed identifier");
    struct buf uuid = BUF_INIT;
    for (int i = 0; i < 16; i++)
        buf_printf(&uuid, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", id[i]);
    struct str prefix = str_make(text.data, text.len - 20);
    *out = str_from(arena_printf(arena, "%.*s/%.*s%sdeletion_vector_%s.bin", STR_ARG(src->s->path),
                                 STR_ARG(prefix), prefix.len ? "/" : "", buf_cstr(&uuid)));
    buf_done(&uuid);
    return NULL;
}

static struct err *read_stored(const struct source *src, const struct delta_dv *dv,
                               struct lake_object *object, uint8_t *content)
{
    uint8_t head[4], tail[4];
    size_t size = (size_t)dv->size_bytes;
    int64_t at = dv->offset < 0 ? 0 : dv->offset;
    TRY(lake_object_read(object, at, head, 4));
    if (load_be32(head) != size)
        return bad_dv(src, "its size differs from the log's");
    TRY(lake_object_read(object, at + 4, content, size));
    TRY(lake_object_read(object, at + 4 + (int64_t)size, tail, 4));
    if (crc32(0, content, (uInt)size) != load_be32(tail))
        return bad_dv(src, "its checksum does not match");
    return NULL;
}

/* Opens a vector's file. Spark's own test mode puts a prefix before the name; the identifier in the
 * name is unique, so a file that ends in it is the right one. */
static struct err *open_vector(const struct source *src, struct str path, struct arena *arena,
                               struct lake_object **out)
{
    struct lake_list list;
    size_t slash = path.len;
    struct err *e = lake_object_open(src->s->store, path, out);
    if (!e || !err_is(e, "58P01"))
        return e;
    while (slash && path.data[slash - 1] != '/')
        slash--;
    if (!slash)
        return e;
    struct str name = str_make(path.data + slash, path.len - slash);
    struct str folder = str_make(path.data, slash - 1);
    struct err *list_error = lake_store_list(src->s->store, folder, STR(""), arena, &list);
    err_free(list_error);
    for (size_t i = 0; !list_error && i < list.count; i++) {
        if (!str_ends_with(list.entries[i].name, name))
            continue;
        err_free(e);
        path = str_from(
            arena_printf(arena, "%.*s/%.*s", STR_ARG(folder), STR_ARG(list.entries[i].name)));
        return lake_object_open(src->s->store, path, out);
    }
    return e;
}

/* The content, in the arena. */
static struct err *read_content(const struct source *src, const struct delta_dv *dv,
                                struct arena *arena, struct str *out)
{
    struct str path;
    struct lake_object *object;
    if (dv->size_bytes < 0 || dv->size_bytes > DV_LIMIT)
        return bad_dv(src, "impossible size");
    uint8_t *content = arena_try_alloc(arena, (size_t)dv->size_bytes + dv->path_or_inline.len + 4);
    if (!content)
        return err_oom();
    *out = str_make(content, (size_t)dv->size_bytes);
    if (dv->storage == 'i') {
        if ((size_t)dv->size_bytes > dv->path_or_inline.len / 5 * 4 ||
            !z85_decode(dv->path_or_inline, content))
            return bad_dv(src, "malformed inline content");
        return NULL;
    }
    if (dv->storage == 'p')
        TRY(lake_store_resolve(src->s->store, src->s->path, dv->path_or_inline, arena, &path));
    else
        TRY(relative_path(src, dv, arena, &path));
    TRY(open_vector(src, path, arena, &object));
    struct err *e = read_stored(src, dv, object, content);
    lake_object_close(object);
    return e;
}

static struct err *parse_content(const struct source *src, struct str content,
                                 struct delta_deleted *d)
{
    const char *p = content.data, *end = p + content.len;
    if (content.len < 12 || load_le32(p) != DV_MAGIC)
        return bad_dv(src, "unknown format");
    uint64_t count = load_le64(p + 4);
    p += 12;
    /* A bitmap takes at least its key and an eight-byte head. */
    if (count > (size_t)(end - p) / 12)
        return bad_dv(src, "content ends early");
    d->parts = calloc(count + 1, sizeof(*d->parts));
    if (!d->parts)
        return err_oom();
    for (uint64_t i = 0; i < count; i++) {
        if (end - p < 4)
            return bad_dv(src, "content ends early");
        uint32_t high = load_le32(p);
        p += 4;
        size_t size = roaring_bitmap_portable_deserialize_size(p, (size_t)(end - p));
        roaring_bitmap_t *bitmap =
            size ? roaring_bitmap_portable_deserialize_safe(p, (size_t)(end - p)) : NULL;
        if (!bitmap)
            return bad_dv(src, "malformed bitmap");
        d->parts[d->count++] = (struct part){high, bitmap};
        if (i && high <= d->parts[i - 1].high)
            return bad_dv(src, "bitmaps are out of order");
        p += size;
    }
    return NULL;
}

struct err *delta_dv_load(const struct delta_snapshot *s, const struct delta_dv *dv,
                          const struct delta_file *file, struct delta_deleted **out)
{
    struct source src = {s, file};
    struct str content = {0};
    struct arena arena;
    struct delta_deleted *d = calloc(1, sizeof(*d));
    if (!d)
        return err_oom();
    arena_init(&arena);
    struct err *e = read_content(&src, dv, &arena, &content);
    if (!e)
        e = parse_content(&src, content, d);
    uint64_t cardinality = 0;
    for (size_t i = 0; i < d->count; i++)
        cardinality += roaring_bitmap_get_cardinality(d->parts[i].bitmap);
    if (!e && dv->cardinality >= 0 && cardinality != (uint64_t)dv->cardinality)
        e = bad_dv(&src, "it has another number of rows than the log says");
    arena_done(&arena);
    if (e) {
        delta_dv_free(d);
        return e;
    }
    *out = d;
    return NULL;
}

static const roaring_bitmap_t *part_of(const struct delta_deleted *d, int64_t position)
{
    for (size_t i = 0; i < d->count; i++) {
        if (d->parts[i].high == (uint64_t)position >> 32)
            return d->parts[i].bitmap;
    }
    return NULL;
}

bool delta_dv_contains(const struct delta_deleted *d, int64_t position)
{
    const roaring_bitmap_t *bitmap = part_of(d, position);
    return bitmap && roaring_bitmap_contains(bitmap, (uint32_t)position);
}

bool delta_dv_any(const struct delta_deleted *d, int64_t begin, int64_t end)
{
    /* Batches are small: at most one boundary of 2^32 lies inside. */
    if (begin >> 32 != (end - 1) >> 32)
        return true;
    const roaring_bitmap_t *bitmap = part_of(d, begin);
    if (!bitmap)
        return false;
    uint32_t last = (uint32_t)(end - 1);
    uint64_t upto = roaring_bitmap_rank(bitmap, last);
    uint64_t before = (uint32_t)begin ? roaring_bitmap_rank(bitmap, (uint32_t)begin - 1) : 0;
    return upto > before;
}

void delta_dv_free(struct delta_deleted *d)
{
    if (!d)
        return;
    for (size_t i = 0; i < d->count; i++)
        roaring_bitmap_free(d->parts[i].bitmap);
    free(d->parts);
    free(d);
}
