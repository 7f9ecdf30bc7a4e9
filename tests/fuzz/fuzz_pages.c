/* A column chunk made of any bytes: page headers, checksums, compressed bodies, dictionaries.
 *
 *   u8 type of column (lake_memory.c), u8 shape, u8 codec, u16 rows, u16 values, then the chunk */
#include "lake_memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, data + size};
    struct buf content = BUF_INIT;
    const struct column_kind *kind = column_kind(take_byte(&in));
    enum column_shape shape = take_byte(&in) % SHAPES;
    enum pq_codec codec = take_byte(&in) % (PQ_LZ4_RAW + 1);
    int64_t rows = take_u16(&in), values = take_u16(&in);
    struct str chunk = take_rest(&in);
    buf_put(&content, "PAR1", 4);
    buf_put(&content, chunk.data, chunk.len);
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
