/* Column and offset indexes made of any bytes, beside pages of one INT32 or string column that are
 * well-formed, and bounds of the whole chunk.
 *
 *   u8 type (bit 0: strings) and whether the footer has the order (bit 1) or old bounds (bit 2)
 *   u8, u8 lengths of the chunk's bounds; their bytes; u16 length of the offset index; its bytes;
 * then the column index */
#include "lake_memory.h"
#include "thrift_put.h"

#include "base/bytes.h"

#include <stdio.h>

enum { PAGES = 4, ROWS = 5 }; /* of a page */

static void put_page(struct buf *out, bool strings, int page)
{
    struct buf body = BUF_INIT;
    for (int i = 0; i < ROWS; i++) {
        uint8_t v[8];
        char text[8];
        store_le32(v, (uint32_t)(page * ROWS + i));
        if (strings) {
            snprintf(text, sizeof(text), "v%02d", page * ROWS + i);
            store_le32(v, 3);
        }
        buf_put(&body, v, 4);
        if (strings)
            buf_put(&body, text, 3);
    }
    put_i32_field(out, 1, PQ_DATA_PAGE);
    put_i32_field(out, 1, (int64_t)body.len);
    put_i32_field(out, 1, (int64_t)body.len);
    put_field(out, 2, 12);
    put_i32_field(out, 1, ROWS);
    put_i32_field(out, 1, PQ_PLAIN);
    put_i32_field(out, 1, PQ_RLE);
    put_i32_field(out, 1, PQ_RLE);
    buf_put(out, "\0\0", 2);
    buf_put_str(out, buf_str(&body));
    buf_done(&body);
}

static struct pq_place put_index(struct buf *out, struct str bytes)
{
    struct pq_place place = {(int64_t)out->len, (int32_t)bytes.len};
    buf_put_str(out, bytes);
    return place;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, data + size};
    struct buf content = BUF_INIT;
    uint8_t how = take_byte(&in), least = take_byte(&in), greatest = take_byte(&in);
    struct pq_bounds bounds = {.null_count = -1};
    bounds.least = take_bytes(&in, least);
    bounds.greatest = take_bytes(&in, greatest);
    buf_put(&content, "PAR1", 4);
    for (int i = 0; i < PAGES; i++)
        put_page(&content, how & 1, i);
    size_t end = content.len;
    struct pq_place offsets = put_index(&content, take_bytes(&in, take_u16(&in)));
    struct pq_place columns = put_index(&content, take_rest(&in));
    struct parquet_file *file = column_file(column_kind(how & 1 ? 21 : 1), SHAPE_REQUIRED, &content,
                                            end, (int64_t)PAGES * ROWS, (int64_t)PAGES * ROWS);
    buf_done(&content);
    if (file) {
        struct pq_chunk *c = &file->meta.row_groups[0].chunks[0];
        file->meta.ordered[0] = how & 2;
        c->signed_bounds = how & 4;
        c->bounds = bounds;
        c->offset_index = offsets;
        c->column_index = columns;
        read_rows(file, true);
        parquet_close(file);
    }
    memory_reset();
    return 0;
}
