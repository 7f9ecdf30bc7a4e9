/* Parquet files: projection, positions, row-group ranges, damage at every byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/arena.h"
#include "lake/parquet.h"
#include "lake/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *data;
static struct arena arena;
static struct lake_store *store;

static struct str file_path(const char *name)
{
    return str_from(arena_printf(&arena, "%s/parquet/data/%s", data, name));
}

static void projects(void **state)
{
    struct parquet_file *file;
    struct parquet_scan *scan;
    const struct lake_batch *batch;
    uint32_t columns[] = {9, 0};
    struct parquet_scan_options options = {.columns = columns, .column_count = 2, .batch_rows = 99};
    assert_null(parquet_open(store, file_path("alltypes_tiny_pages.parquet"), &file));
    assert_int_equal(parquet_row_count(file), 7300);
    assert_int_equal(lake_type_find(parquet_schema(file), STR("id")), 0);
    assert_null(parquet_scan_new(file, &options, &scan));
    int64_t rows = 0;
    while (true) {
        assert_null(parquet_scan_next(scan, &batch));
        if (!batch)
            break;
        assert_int_equal(batch->column_count, 2);
        assert_int_equal(batch->columns[0].phys, LAKE_PHYS_BYTES);
        assert_int_equal(batch->columns[1].phys, LAKE_PHYS_I32);
        assert_int_equal(lake_batch_position(batch, 0), rows);
        assert_true(batch->row_count <= 99);
        rows += batch->row_count;
    }
    assert_int_equal(rows, 7300);
    parquet_scan_free(scan);
    /* No columns: row counts alone. */
    options = (struct parquet_scan_options){.column_count = 0};
    assert_null(parquet_scan_new(file, &options, &scan));
    assert_null(parquet_scan_next(scan, &batch));
    assert_int_equal(batch->row_count, PARQUET_BATCH_ROWS);
    parquet_scan_free(scan);
    parquet_close(file);
}

static void check_error(struct err *e)
{
    if (!e)
        return;
    assert_true(err_is(e, "XX001") || err_is(e, "0A000") || err_is(e, "54000"));
    err_free(e);
}

/* Reads everything of a file that may be damaged: an error or rows, nothing else. */
static void read_all(struct str path)
{
    struct parquet_file *file;
    struct parquet_scan *scan;
    const struct lake_batch *batch;
    struct err *e = parquet_open(store, path, &file);
    check_error(e);
    if (e)
        return;
    const struct lake_type *schema = parquet_schema(file);
    struct parquet_scan_options options = {.column_count = schema->field_count};
    uint32_t *columns = malloc((schema->field_count + 1) * sizeof(*columns));
    for (uint32_t i = 0; i < schema->field_count; i++)
        columns[i] = i;
    options.columns = columns;
    e = parquet_scan_new(file, &options, &scan);
    check_error(e);
    if (!e) {
        do {
            e = parquet_scan_next(scan, &batch);
        } while (!e && batch);
        check_error(e);
        parquet_scan_free(scan);
    }
    free(columns);
    parquet_close(file);
}

static void damage_everywhere(void **state)
{
    static const char *const names[] = {"nested_lists.snappy.parquet", "int64_decimal.parquet",
                                        "rle_boolean_encoding.parquet", "list_columns.parquet",
                                        "nonnullable.impala.parquet"};
    char path[] = "/tmp/tarn-test-parquet-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    for (size_t n = 0; n < ARRAY_LENGTH(names); n++) {
        struct buf bytes = BUF_INIT;
        assert_null(lake_store_read_all(store, file_path(names[n]), 1 << 20, &bytes));
        size_t step = bytes.len / 400 + 1;
        for (size_t i = 0; i < bytes.len; i += step) {
            static const uint8_t flips[] = {0x01, 0x80, 0xff};
            for (size_t k = 0; k < ARRAY_LENGTH(flips); k++) {
                bytes.data[i] ^= flips[k];
                assert_int_equal(pwrite(fd, bytes.data, bytes.len, 0), bytes.len);
                assert_int_equal(ftruncate(fd, (off_t)bytes.len), 0);
                read_all(str_from(path));
                bytes.data[i] ^= flips[k];
            }
            assert_int_equal(ftruncate(fd, (off_t)i), 0);
            read_all(str_from(path));
        }
        buf_done(&bytes);
    }
    close(fd);
    unlink(path);
}

static int done(void **state)
{
    lake_store_free(store);
    arena_done(&arena);
    return err_alive() ? -1 : 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(projects),
                                       cmocka_unit_test(damage_everywhere)};
    struct str path;
    data = argc > 1 ? argv[1] : "tests/data/lakehouse";
    arena_init(&arena);
    struct err *e = lake_store_open(STR("/"), NULL, &arena, &store, &path);
    if (e)
        return 1;
    return cmocka_run_group_tests(tests, NULL, done);
}
