/* The Thrift footer of a Parquet file: metadata, schema, statistics. Input: the footer alone; there
 * are no pages behind it. */
#include "lake_memory.h"

#include "base/bytes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct parquet_file *file;
    struct buf content = BUF_INIT;
    uint8_t len[4];
    store_le32(len, (uint32_t)size);
    buf_put(&content, "PAR1", 4);
    buf_put(&content, data, size);
    buf_put(&content, len, 4);
    buf_put(&content, "PAR1", 4);
    memory_reset();
    memory_add("fuzz", content.data, content.len);
    buf_done(&content);
    struct err *e = parquet_open(memory_store(), STR("fuzz"), &file);
    if (!e) {
        struct buf name = BUF_INIT;
        lake_type_name(parquet_schema(file), &name);
        buf_done(&name);
        (void)parquet_metadata(file, "key");
        read_rows(file, true);
        parquet_close(file);
    }
    err_free(e);
    return 0;
}
