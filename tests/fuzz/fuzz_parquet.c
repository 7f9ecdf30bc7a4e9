/* A Parquet file made of any bytes: footer, page headers, levels, values, record assembly. Every
 * value is rendered, so that reads outside of a buffer show under AddressSanitizer. */
#include "lake_memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct parquet_file *file;
    memory_reset();
    memory_add("fuzz", data, size);
    struct err *e = parquet_open(memory_store(), STR("fuzz"), &file);
    if (!e) {
        read_rows(file, false);
        read_rows(file, true);
        parquet_close(file);
    }
    err_free(e);
    return 0;
}
