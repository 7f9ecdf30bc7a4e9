/* For the targets of the lakehouse: a store of files in memory, and Parquet files of one column
 * that are put together here, so that the input of a target can be what lies inside of them.
 *
 * Everything is one at a time and static; inputs are copied to the heap, where the sanitizers see
 * reads beyond their end. */
#ifndef TARN_FUZZ_LAKE_MEMORY_H
#define TARN_FUZZ_LAKE_MEMORY_H

#include "lake/batch.h"
#include "lake/choose.h"
#include "lake/parquet_internal.h"
#include "lake/store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- The store ---- */

/* Forgets all files. */
void memory_reset(void);
/* Adds a file; `path` is kept, the content copied. Files beyond the 64th are left out. */
void memory_add(const char *path, const void *data, size_t size);
struct lake_store *memory_store(void);

/* ---- Input ---- */

/* A cursor over the input: short reads give zeros. */
struct input {
    const uint8_t *p, *end;
};
uint8_t take_byte(struct input *in);
uint16_t take_u16(struct input *in);
struct str take_bytes(struct input *in, size_t n); /* fewer at the end */
struct str take_rest(struct input *in);

/* ---- Rows ---- */

/* Renders every value, so that each of their bytes is read. */
void render_batch(const struct lake_batch *batch);
/* Reads all columns of the file, some batches of them; `choose`: leaves out parts by a chooser
 * which looks at the bounds and wants about half of what it is asked for. Returns whether all was
 * read. */
bool read_rows(struct parquet_file *file, bool choose);

/* ---- A Parquet file of one column ---- */

struct column_kind {
    enum pq_type type;
    enum pq_logical logical;
    int32_t length, precision, scale;
    enum pq_time_unit unit;
    int8_t bits;
};

enum column_shape {
    SHAPE_REQUIRED,
    SHAPE_OPTIONAL,
    SHAPE_LIST,
    SHAPE_REPEATED,
    SHAPE_DEEP,
    SHAPES
};

/* The type with a number, any number. */
const struct column_kind *column_kind(uint8_t number);
/* Levels that the shape has. */
void shape_levels(enum column_shape shape, uint8_t *def, uint8_t *rep);
/* A file with one row group of `rows` rows and one chunk with `values` values in `content`, all of
 * it or, with `chunk_len`, its beginning. The content lives until the next call; the caller may
 * change the chunk before rows are read, and closes the file. NULL when the schema is refused. */
struct parquet_file *column_file(const struct column_kind *kind, enum column_shape shape,
                                 const struct buf *content, size_t chunk_len, int64_t rows,
                                 int64_t values);

#endif
