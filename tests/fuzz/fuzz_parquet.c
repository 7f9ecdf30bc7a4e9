/* A Parquet file made of any bytes: footer, page headers, levels, values, record assembly. Every
 * value is rendered, so that reads outside of a buffer show under AddressSanitizer. */
#include "base/arena.h"
#include "lake/choose.h"
#include "lake/json.h"
#include "lake/parquet.h"
#include "lake/store.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
    struct lake_object object;
    const uint8_t *data;
} memory;

static struct err *memory_read(struct lake_object *object, int64_t offset, void *out, size_t len)
{
    (void)object;
    memcpy(out, memory.data + offset, len);
    return NULL;
}

static void memory_close(struct lake_object *object)
{
    (void)object;
}

static struct err *memory_open(struct lake_store *store, struct str path, struct lake_object **out)
{
    (void)store, (void)path;
    *out = &memory.object;
    return NULL;
}

static void render(const struct lake_batch *batch)
{
    struct buf text = BUF_INIT;
    for (uint32_t c = 0; c < batch->column_count; c++) {
        for (uint32_t row = 0; row < batch->row_count; row++) {
            buf_reset(&text);
            lake_json_value(&batch->columns[c], row, &text);
        }
    }
    buf_done(&text);
}

/* Looks at the bounds and wants about half of what it is asked for. */
static bool may_have(void *arg, size_t which, const struct lake_summary *s)
{
    uint64_t *state = arg;
    struct buf text = BUF_INIT;
    if (s->least)
        lake_json_value(s->least, 0, &text);
    if (s->greatest)
        lake_json_value(s->greatest, 0, &text);
    *state = *state * 6364136223846793005u + text.len + which;
    buf_done(&text);
    return *state >> 40 & 1;
}

static struct err *read_file(struct parquet_file *file, bool choose)
{
    const struct lake_type *schema = parquet_schema(file);
    struct parquet_scan_options options = {.column_count = schema->field_count};
    struct parquet_scan *scan;
    const struct lake_batch *batch;
    uint32_t *columns = malloc((schema->field_count + 1) * sizeof(*columns));
    for (uint32_t i = 0; i < schema->field_count; i++)
        columns[i] = i;
    options.columns = columns;
    uint64_t state = 1;
    size_t chosen = schema->field_count < 2 ? schema->field_count : 2;
    struct lake_chooser chooser = {columns, chosen, may_have, &state};
    options.chooser = choose ? &chooser : NULL;
    struct err *e = parquet_scan_new(file, &options, &scan);
    if (!e) {
        /* A few batches: a page may claim millions of equal rows. */
        for (int i = 0; i < 8 && !(e = parquet_scan_next(scan, &batch)) && batch; i++)
            render(batch);
        parquet_scan_free(scan);
    }
    free(columns);
    return e;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct lake_object_ops object_ops = {.read = memory_read, .close = memory_close};
    static const struct lake_store_ops store_ops = {.open = memory_open};
    static char path[] = "fuzz";
    struct lake_store store = {.ops = &store_ops};
    struct parquet_file *file;
    memory.object = (struct lake_object){.ops = &object_ops, .path = path};
    memory.object.size_bytes = (int64_t)size;
    memory.data = data;
    struct err *e = parquet_open(&store, STR("fuzz"), &file);
    if (!e) {
        e = read_file(file, false);
        err_free(e);
        e = read_file(file, true);
        parquet_close(file);
    }
    err_free(e);
    return 0;
}
