/* Prints a Delta table or a Parquet file, one JSON line a row, in the canonical form of the
 * expected files of tests/data/lakehouse (see its README). The first line describes the source.
 *
 *   dump parquet FILE
 *   dump delta FOLDER [VERSION | @TIMESTAMP_US]
 *   dump time parquet|delta SOURCE      reads everything, prints rows and seconds only
 *
 * An error is printed to stderr as "SQLSTATE: message", and the exit status is 1. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "lake/delta.h"
#include "lake/json.h"
#include "lake/parquet.h"
#include "lake/store.h"

#include <stdio.h>
#include <stdlib.h>

static void put_value(const struct lake_vec *vec, uint32_t row, struct buf *out);

static void put_long(const struct lake_vec *vec, int64_t v, struct buf *out)
{
    const struct lake_type *type = vec->type;
    buf_put_u8(out, '"');
    if (type->kind == LAKE_LONG)
        buf_printf(out, "%lld", (long long)v);
    else if (type->kind == LAKE_DECIMAL)
        lake_put_decimal(out, v, type->scale);
    else if (type->kind == LAKE_TIME)
        lake_put_time(out, v, type->unit, true);
    else
        lake_put_timestamp(out, v, type->unit, true, type->kind == LAKE_TIMESTAMP);
    buf_put_u8(out, '"');
}

static void put_list(const struct lake_vec *vec, uint32_t row, struct buf *out)
{
    bool map = vec->type->kind == LAKE_MAP;
    buf_put_u8(out, '[');
    for (uint32_t i = vec->offsets[row]; i < vec->offsets[row + 1]; i++) {
        if (i > vec->offsets[row])
            buf_put_u8(out, ',');
        if (map) {
            buf_put_u8(out, '[');
            put_value(&vec->children[0], i, out);
            buf_put_u8(out, ',');
        }
        put_value(&vec->children[map], i, out);
        if (map)
            buf_put_u8(out, ']');
    }
    buf_put_u8(out, ']');
}

static void put_struct(const struct lake_vec *vec, uint32_t row, struct buf *out)
{
    buf_put_u8(out, '{');
    for (uint32_t i = 0; i < vec->child_count; i++) {
        if (i)
            buf_put_u8(out, ',');
        lake_put_json_string(out, vec->type->fields[i].name);
        buf_put_u8(out, ':');
        put_value(&vec->children[i], row, out);
    }
    buf_put_u8(out, '}');
}

static void put_quoted(const struct lake_vec *vec, uint32_t row, struct buf *out)
{
    buf_put_u8(out, '"');
    if (vec->phys == LAKE_PHYS_I128)
        lake_put_decimal(out, vec->i128[row], vec->type->scale);
    else if (vec->phys == LAKE_PHYS_F32)
        lake_put_float(out, vec->f32[row]);
    else if (vec->phys == LAKE_PHYS_F64)
        lake_put_double(out, vec->f64[row]);
    else
        lake_put_hex(out, vec->bytes[row]);
    buf_put_u8(out, '"');
}

static void put_value(const struct lake_vec *vec, uint32_t row, struct buf *out)
{
    if (lake_vec_is_null(vec, row)) {
        buf_put_c(out, "null");
        return;
    }
    switch (vec->phys) {
    case LAKE_PHYS_BOOL:
    case LAKE_PHYS_I32:
    case LAKE_PHYS_VOID:
        lake_json_value(vec, row, out);
        return;
    case LAKE_PHYS_I64:
        put_long(vec, vec->i64[row], out);
        return;
    case LAKE_PHYS_I128:
    case LAKE_PHYS_F32:
    case LAKE_PHYS_F64:
        put_quoted(vec, row, out);
        return;
    case LAKE_PHYS_BYTES:
        if (vec->type->kind == LAKE_BINARY) {
            put_quoted(vec, row, out);
            return;
        }
        buf_put_c(out, vec->type->kind == LAKE_VARIANT ? "{\"json\":" : "");
        lake_json_value(vec, row, out);
        buf_put_c(out, vec->type->kind == LAKE_VARIANT ? "}" : "");
        return;
    case LAKE_PHYS_LIST:
        put_list(vec, row, out);
        return;
    case LAKE_PHYS_STRUCT:
        put_struct(vec, row, out);
        return;
    }
}

static void print_batch(const struct lake_batch *batch, struct buf *line)
{
    for (uint32_t row = 0; row < batch->row_count; row++) {
        buf_reset(line);
        buf_put_u8(line, '[');
        for (uint32_t c = 0; c < batch->column_count; c++) {
            if (c)
                buf_put_u8(line, ',');
            put_value(&batch->columns[c], row, line);
        }
        buf_put_c(line, "]\n");
        fwrite(line->data, 1, line->len, stdout);
    }
}

static void print_head(const struct lake_type *schema, int64_t version, uint32_t file_count,
                       struct buf *line)
{
    buf_printf(line, "{\"version\":%lld,\"files\":%u,\"columns\":[", (long long)version,
               file_count);
    for (uint32_t i = 0; i < schema->field_count; i++) {
        struct buf name = BUF_INIT;
        lake_type_name(schema->fields[i].type, &name);
        buf_put_c(line, i ? ",[" : "[");
        lake_put_json_string(line, schema->fields[i].name);
        buf_put_u8(line, ',');
        lake_put_json_string(line, buf_str(&name));
        buf_put_u8(line, ']');
        buf_done(&name);
    }
    buf_put_c(line, "]}\n");
    fwrite(line->data, 1, line->len, stdout);
}

static const uint32_t *all_columns(const struct lake_type *schema, struct arena *arena)
{
    uint32_t *columns = arena_new_array(arena, uint32_t, schema->field_count);
    for (uint32_t i = 0; i < schema->field_count; i++)
        columns[i] = i;
    return columns;
}

struct output {
    struct arena *arena;
    struct buf line;
    bool timed;
    int64_t rows;
};

static struct err *dump_parquet(struct output *o, struct lake_store *store, struct str path)
{
    struct parquet_file *file;
    struct parquet_scan *scan = NULL;
    const struct lake_batch *batch;
    TRY(parquet_open(store, path, &file));
    const struct lake_type *schema = parquet_schema(file);
    struct parquet_scan_options options = {.columns = all_columns(schema, o->arena),
                                           .column_count = schema->field_count};
    if (!o->timed)
        print_head(schema, 0, 1, &o->line);
    struct err *e = parquet_scan_new(file, &options, &scan);
    while (!e && !(e = parquet_scan_next(scan, &batch)) && batch) {
        o->rows += batch->row_count;
        if (!o->timed)
            print_batch(batch, &o->line);
    }
    parquet_scan_free(scan);
    parquet_close(file);
    return e;
}

#ifndef NO_DELTA
static struct err *dump_delta(struct output *o, struct lake_store *store, struct str path,
                              const char *at_text)
{
    struct delta_at at = {.when = DELTA_NEWEST};
    struct delta_snapshot *snapshot;
    struct delta_scan *scan = NULL;
    const struct lake_batch *batch;
    if (at_text && at_text[0] == '@')
        at = (struct delta_at){DELTA_TIMESTAMP, .timestamp_us = atoll(at_text + 1)};
    else if (at_text)
        at = (struct delta_at){DELTA_VERSION, .version = atoll(at_text)};
    TRY(delta_open(store, path, at, &snapshot));
    const struct lake_type *schema = delta_schema(snapshot);
    struct delta_scan_options options = {.columns = all_columns(schema, o->arena),
                                         .column_count = schema->field_count};
    uint32_t file_count;
    delta_files(snapshot, &file_count);
    if (!o->timed)
        print_head(schema, delta_version(snapshot), file_count, &o->line);
    struct err *e = delta_scan_new(snapshot, &options, &scan);
    while (!e && !(e = delta_scan_next(scan, &batch)) && batch) {
        o->rows += batch->row_count;
        if (!o->timed)
            print_batch(batch, &o->line);
    }
    delta_scan_free(scan);
    delta_close(snapshot);
    return e;
}
#endif

int main(int argc, char **argv)
{
    struct arena arena;
    struct output o = {.arena = &arena};
    struct lake_store *store = NULL;
    struct str path;
    if (argc > 3 && strcmp(argv[1], "time") == 0) {
        o.timed = true;
        argc--, argv++;
    }
    if (argc < 3) {
        fprintf(stderr, "usage: dump [time] parquet|delta SOURCE [VERSION | @TIMESTAMP_US]\n");
        return 2;
    }
    arena_init(&arena);
    int64_t begin = clock_mono_ns();
    struct err *e = lake_store_open(str_from(argv[2]), NULL, &arena, &store, &path);
    if (!e && strcmp(argv[1], "parquet") == 0)
        e = dump_parquet(&o, store, path);
#ifndef NO_DELTA
    else if (!e)
        e = dump_delta(&o, store, path, argc > 3 ? argv[3] : NULL);
#endif
    if (o.timed)
        printf("%lld rows, %.3f s\n", (long long)o.rows, (double)(clock_mono_ns() - begin) / 1e9);
    int status = 0;
    if (e) {
        fprintf(stderr, "%s: %s\n", e->sqlstate, e->message);
        status = 1;
    }
    err_free(e);
    lake_store_free(store);
    buf_done(&o.line);
    arena_done(&arena);
    return status;
}
