/* The decoders: levels, dictionaries and values of well-formed pages, of which they are any bytes.
 * The pages are put together and compressed here, so that inputs get through the codec.
 *
 *   u8 type of column (lake_memory.c), u8 shape, u8 codec, u16 rows
 *   u16 values and u16 length of the dictionary, if there is one: length > 0; its bytes
 *   pages: u8 encoding, u8 how (bit 0: version 2, bit 1: levels are bit-packed), u16 values,
 *          u16 length of repetition levels, u16 of definition levels, u16 of values; their bytes */
#include "lake_memory.h"
#include "thrift_put.h"

#include "base/bytes.h"

#include <brotli/encode.h>
#include <lz4.h>
#include <snappy-c.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

enum { MAX_PAGES = 6, PACKED_LIMIT = 1 << 20 };

static size_t deflate_into(struct str in, uint8_t *out)
{
    z_stream z = {.next_in = (Bytef *)(uintptr_t)in.data,
                  .avail_in = (uInt)in.len,
                  .next_out = out,
                  .avail_out = PACKED_LIMIT};
    if (deflateInit2(&z, 1, Z_DEFLATED, 15 + 16, 1, Z_DEFAULT_STRATEGY) != Z_OK)
        abort();
    deflate(&z, Z_FINISH);
    size_t n = PACKED_LIMIT - z.avail_out;
    deflateEnd(&z);
    return n;
}

static struct str pack(enum pq_codec codec, struct str in)
{
    static uint8_t out[PACKED_LIMIT];
    char *to = (char *)out;
    size_t n = PACKED_LIMIT;
    switch (codec) {
    case PQ_SNAPPY:
        snappy_compress(in.data, in.len, to, &n);
        break;
    case PQ_GZIP:
        n = deflate_into(in, out);
        break;
    case PQ_BROTLI:
        BrotliEncoderCompress(0, 10, BROTLI_MODE_GENERIC, in.len, (const uint8_t *)in.data, &n,
                              out);
        break;
    case PQ_ZSTD:
        n = ZSTD_compress(out, n, in.data, in.len, 1);
        break;
    case PQ_LZ4_RAW:
        n = (size_t)LZ4_compress_default(in.data, to, (int)in.len, (int)n);
        break;
    case PQ_LZ4: /* with Hadoop's framing */
        n = 8 + (size_t)LZ4_compress_default(in.data, to + 8, (int)in.len, (int)n - 8);
        store_be32(out, (uint32_t)in.len);
        store_be32(out + 4, (uint32_t)n - 8);
        break;
    case PQ_UNCOMPRESSED:
    case PQ_LZO:
        return in;
    }
    return str_make(out, n);
}

struct page {
    enum pq_page_type type;
    uint8_t encoding;
    bool packed_levels;
    uint16_t values;
    struct str rep, def, body;
};

/* Fields of PageHeader that come before its details. */
static void put_head(struct buf *out, const struct page *p, size_t plain, size_t stored)
{
    put_i32_field(out, 1, p->type);
    put_i32_field(out, 1, (int64_t)plain);
    put_i32_field(out, 1, (int64_t)stored);
}

static void put_v1(struct buf *out, const struct page *p, enum pq_codec codec, bool reps, bool defs)
{
    struct buf body = BUF_INIT;
    uint8_t len[4];
    const struct str levels[] = {p->rep, p->def};
    for (int i = 0; i < 2; i++) {
        if (i ? !defs : !reps)
            continue;
        store_le32(len, (uint32_t)levels[i].len);
        if (!p->packed_levels)
            buf_put(&body, len, 4);
        buf_put_str(&body, levels[i]);
    }
    buf_put_str(&body, p->body);
    struct str stored = pack(codec, buf_str(&body));
    put_head(out, p, body.len, stored.len);
    put_field(out, p->type == PQ_DICTIONARY_PAGE ? 4 : 2, 12);
    put_i32_field(out, 1, p->values);
    put_i32_field(out, 1, p->encoding);
    if (p->type == PQ_DATA_PAGE) {
        put_i32_field(out, 1, p->packed_levels ? PQ_BIT_PACKED : PQ_RLE);
        put_i32_field(out, 1, p->packed_levels ? PQ_BIT_PACKED : PQ_RLE);
    }
    buf_put(out, "\0\0", 2); /* ends of both structs */
    buf_put_str(out, stored);
    buf_done(&body);
}

static void put_v2(struct buf *out, const struct page *p, enum pq_codec codec)
{
    size_t levels = p->rep.len + p->def.len;
    struct str stored = pack(codec, p->body);
    put_head(out, p, levels + p->body.len, levels + stored.len);
    put_field(out, 5, 12);
    put_i32_field(out, 1, p->values);
    put_i32_field(out, 3, p->encoding);
    put_i32_field(out, 1, (int64_t)p->def.len);
    put_i32_field(out, 1, (int64_t)p->rep.len);
    buf_put(out, "\0\0", 2);
    buf_put_str(out, p->rep);
    buf_put_str(out, p->def);
    buf_put_str(out, stored);
}

static uint32_t put_page(struct buf *out, struct input *in, enum pq_codec codec, bool reps,
                         bool defs)
{
    static const uint8_t encodings[] = {
        PQ_PLAIN,
        PQ_PLAIN_DICTIONARY,
        PQ_RLE,
        PQ_DELTA_BINARY_PACKED,
        PQ_DELTA_LENGTH_BYTE_ARRAY,
        PQ_DELTA_BYTE_ARRAY,
        PQ_RLE_DICTIONARY,
        PQ_BYTE_STREAM_SPLIT,
    };
    struct page p = {.encoding = encodings[take_byte(in) % ARRAY_LENGTH(encodings)]};
    uint8_t how = take_byte(in);
    p.type = how & 1 ? PQ_DATA_PAGE_V2 : PQ_DATA_PAGE;
    p.packed_levels = how & 2;
    p.values = take_u16(in);
    size_t rep = take_u16(in), def = take_u16(in), body = take_u16(in);
    p.rep = take_bytes(in, rep);
    p.def = take_bytes(in, def);
    p.body = take_bytes(in, body);
    if (how & 1)
        put_v2(out, &p, codec);
    else
        put_v1(out, &p, codec, reps, defs);
    return p.values;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, data + size};
    struct buf content = BUF_INIT;
    uint8_t defs, reps;
    const struct column_kind *kind = column_kind(take_byte(&in));
    enum column_shape shape = take_byte(&in) % SHAPES;
    enum pq_codec codec = take_byte(&in) % (PQ_LZ4_RAW + 1);
    codec = codec == PQ_LZO ? PQ_UNCOMPRESSED : codec;
    int64_t rows = take_u16(&in), values = 0;
    shape_levels(shape, &defs, &reps);
    struct page dictionary = {.type = PQ_DICTIONARY_PAGE, .values = take_u16(&in)};
    dictionary.body = take_bytes(&in, take_u16(&in));
    buf_put(&content, "PAR1", 4);
    if (dictionary.body.len)
        put_v1(&content, &dictionary, codec, false, false);
    for (int i = 0; i < MAX_PAGES && in.p < in.end; i++)
        values += put_page(&content, &in, codec, reps, defs);
    struct parquet_file *file = column_file(kind, shape, &content, 0, rows, values);
    buf_done(&content);
    if (file) {
        file->meta.row_groups[0].chunks[0].codec = codec;
        read_rows(file, false);
        parquet_close(file);
    }
    memory_reset();
    return 0;
}
