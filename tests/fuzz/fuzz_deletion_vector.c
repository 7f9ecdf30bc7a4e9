/* Deletion vectors made of any bytes.
 *
 *   u8 where: 0 inline, as text; 1 inline, encoded here; 2 a file, as it is; 3 a file that has the
 * right length and checksum; 4 the same with the head of the format, so that bitmaps follow; 5 the
 * same of one bitmap u8 size that the log says less the right one; then the bytes */
#include "lake_memory.h"

#include "base/bytes.h"
#include "lake/delta_internal.h"

#include <zlib.h>

enum { MAGIC = 1681511377 };

static const char path[] = "table/deletion_vector_00000000-0000-0000-0000-000000000000.bin";

static struct str encode_z85(struct arena *arena, struct str s)
{
    static const char alphabet[] =
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
    size_t groups = s.len / 4;
    char *out = arena_alloc(arena, groups * 5 + 1);
    for (size_t i = 0; i < groups; i++) {
        uint32_t v = load_be32(s.data + i * 4);
        for (int k = 4; k >= 0; k--, v /= 85)
            out[i * 5 + (size_t)k] = alphabet[v % 85];
    }
    return str_make(out, groups * 5);
}

/* The content of a vector, with what `where` puts in front. */
static struct str with_head(struct arena *arena, int where, struct str rest)
{
    struct buf b = BUF_INIT;
    uint8_t head[16] = {0};
    store_le32(head, MAGIC);
    head[4] = 1;
    if (where >= 4)
        buf_put(&b, head, where == 5 ? 16 : 4);
    buf_put_str(&b, rest);
    struct str s = arena_str(arena, buf_str(&b));
    buf_done(&b);
    return s;
}

static void add_file(struct str content)
{
    struct buf b = BUF_INIT;
    uint8_t n[4];
    store_be32(n, (uint32_t)content.len);
    buf_put(&b, n, 4);
    buf_put_str(&b, content);
    store_be32(n, (uint32_t)crc32(0, (const Bytef *)content.data, (uInt)content.len));
    buf_put(&b, n, 4);
    memory_add(path, b.data, b.len);
    buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, data + size};
    int where = take_byte(&in) % 6;
    int64_t off = (int8_t)take_byte(&in);
    struct delta_snapshot s = {.store = memory_store(), .path = STR("table")};
    struct delta_file file = {.path = STR("file"), .place = STR("file")};
    struct delta_dv dv = {.storage = where < 2 ? 'i' : 'u', .offset = -1, .cardinality = -1};
    struct delta_deleted *deleted;
    arena_init(&s.arena);
    memory_reset();
    struct str rest = arena_str(&s.arena, take_rest(&in));
    struct str content = where < 3 ? rest : with_head(&s.arena, where, rest);
    dv.size_bytes = (int64_t)content.len + off;
    dv.path_or_inline = STR("00000000000000000000");
    if (where == 0)
        dv.path_or_inline = content, dv.size_bytes = (int64_t)content.len / 5 * 4 + off;
    else if (where == 1)
        dv.path_or_inline = encode_z85(&s.arena, content);
    else if (where == 2)
        memory_add(path, content.data, content.len);
    else
        add_file(content);
    struct err *e = delta_dv_load(&s, &dv, &file, &deleted);
    if (!e) {
        int64_t hits = 0;
        for (int64_t i = 0; i < 70000; i += 97)
            hits += delta_dv_contains(deleted, i);
        hits += delta_dv_any(deleted, 0, 4096) + delta_dv_any(deleted, 65000, 66000);
        hits += delta_dv_contains(deleted, (int64_t)1 << 32);
        delta_dv_free(deleted);
        CHECK(hits >= 0);
    }
    err_free(e);
    arena_done(&s.arena);
    memory_reset();
    return 0;
}
