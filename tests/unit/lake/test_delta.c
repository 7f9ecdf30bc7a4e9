/* Delta tables: schema text, logs written here, scans of chosen files. What tables of other writers
 * read as is tested by tests/lake/run.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/arena.h"
#include "lake/delta_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROTOCOL "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":2}}\n"
#define SCHEMA                                                                       \
    "\"schemaString\":\"{\\\"type\\\":\\\"struct\\\",\\\"fields\\\":[{\\\"name\\\":" \
    "\\\"a\\\",\\\"type\\\":\\\"long\\\",\\\"nullable\\\":true,\\\"metadata\\\":{}}]}\""
#define METADATA "{\"metaData\":{\"id\":\"x\",\"partitionColumns\":[]," SCHEMA "}}\n"
#define ADD(path, time)                                                                 \
    "{\"add\":{\"path\":\"" path "\",\"partitionValues\":{},\"size\":9007199254740993," \
    "\"modificationTime\":" #time ",\"dataChange\":true,\"stats\":\"{\\\"numRecords\\\":5}\"}}\n"

static const char *data;
static struct arena arena;
static struct lake_store *store;
static char folder[64];
static int written;

static void write_commit(int version, const char *text)
{
    FILE *f = fopen(arena_printf(&arena, "%s/_delta_log/%020d.json", folder, version), "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    if (version >= written)
        written = version + 1;
}

static struct err *open_table(enum delta_when when, int64_t version, struct delta_snapshot **s)
{
    struct delta_at at = {.when = when, .version = version};
    return delta_open(store, str_from(folder), at, s);
}

static void expect(struct err *e, const char *sqlstate, const char *text)
{
    assert_non_null(e);
    assert_string_equal(e->sqlstate, sqlstate);
    if (!strstr(e->message, text))
        fail_msg("\"%s\" lacks \"%s\"", e->message, text);
    err_free(e);
}

static void replays(void **state)
{
    struct delta_snapshot *s;
    uint32_t count;
    expect(open_table(DELTA_NEWEST, 0, &s), "58P01", "not a Delta table");
    write_commit(0, PROTOCOL METADATA ADD("b%20b", 2) ADD("a", 2));
    /* Removed and added again in one commit, the add first: it stays. */
    write_commit(1, ADD("a", 3) "{\"remove\":{\"path\":\"a\"}}\n" ADD("c", 1));
    write_commit(2, "{\"remove\":{\"path\":\"b%20b\"}}\n");
    assert_null(open_table(DELTA_NEWEST, 0, &s));
    const struct delta_file *const *files = delta_files(s, &count);
    assert_int_equal(delta_version(s), 2);
    assert_int_equal(count, 2);
    assert_true(str_eq(files[0]->path, STR("c")));
    assert_true(str_eq(files[1]->path, STR("a")));
    assert_int_equal(files[1]->size_bytes, INT64_C(9007199254740993));
    assert_int_equal(files[1]->row_count, 5);
    delta_close(s);
    assert_null(open_table(DELTA_VERSION, 0, &s));
    files = delta_files(s, &count);
    assert_int_equal(count, 2);
    assert_true(str_eq(files[1]->place, STR("b b")) && !files[1]->elsewhere);
    assert_true(str_ends_with(delta_file_location(s, files[1], &arena), STR("/b b")));
    delta_close(s);
    expect(open_table(DELTA_VERSION, 3, &s), "22023", "versions 0 to 2");
    expect(open_table(DELTA_TIMESTAMP, 0, &s), "22023", "timestamp");
}

static void refuses(void **state)
{
    struct delta_snapshot *s;
    write_commit(0, METADATA);
    write_commit(1, "");
    write_commit(2, "");
    expect(open_table(DELTA_NEWEST, 0, &s), "XX001", "no protocol");
    write_commit(0, PROTOCOL);
    expect(open_table(DELTA_NEWEST, 0, &s), "XX001", "no metaData");
    write_commit(
        0, "{\"protocol\":{\"minReaderVersion\":3,\"minWriterVersion\":7,"
           "\"readerFeatures\":[\"timestampNtz\",\"fancy\"],\"writerFeatures\":[]}}\n" METADATA);
    expect(open_table(DELTA_NEWEST, 0, &s), "0A000", "\"fancy\"");
    write_commit(0, PROTOCOL METADATA "{\"add\":");
    expect(open_table(DELTA_NEWEST, 0, &s), "XX001", "line 3");
    write_commit(0, PROTOCOL METADATA "{\"add\":{}}");
    expect(open_table(DELTA_NEWEST, 0, &s), "XX001", "add without a path");
    write_commit(0, PROTOCOL METADATA "[]");
    expect(open_table(DELTA_NEWEST, 0, &s), "XX001", "object expected");
    write_commit(0, PROTOCOL METADATA);
    unlink(arena_printf(&arena, "%s/_delta_log/%020d.json", folder, 1));
    expect(open_table(DELTA_NEWEST, 0, &s), "XX001", "commit 1 is missing");
    unlink(arena_printf(&arena, "%s/_delta_log/%020d.json", folder, 0));
    expect(open_table(DELTA_NEWEST, 0, &s), "XX001", "begins at version 2");
}

static void schemas(void **state)
{
    static const struct {
        const char *text, *sqlstate;
    } bad[] = {
        {"", "XX001"},
        {"\"long\"", "XX001"},
        {"{\"type\":\"struct\"}", "XX001"},
        {"{\"type\":\"struct\",\"fields\":[{\"type\":\"long\"}]}", "XX001"},
        {"{\"type\":\"struct\",\"fields\":[{\"name\":\"a\",\"type\":\"decimal(39,0)\"}]}", "XX001"},
        {"{\"type\":\"struct\",\"fields\":[{\"name\":\"a\",\"type\":\"geometry\"}]}", "0A000"},
    };
    const struct lake_type *type;
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
        expect(delta_parse_schema(&arena, str_from(bad[i].text), "t", DELTA_MAP_NONE, &type),
               bad[i].sqlstate, "t");
    struct str good = STR(
        "{\"type\":\"struct\",\"fields\":[{\"name\":\"a\",\"nullable\":false,\"type\":{\"type\":"
        "\"map\",\"keyType\":\"string\",\"valueType\":{\"type\":\"array\",\"elementType\":"
        "\"decimal(10, 2)\",\"containsNull\":true},\"valueContainsNull\":false},\"metadata\":"
        "{\"delta.columnMapping.id\":4,\"delta.columnMapping.physicalName\":\"p\"}}]}");
    assert_null(delta_parse_schema(&arena, good, "t", DELTA_MAP_NAME, &type));
    struct buf b = BUF_INIT;
    lake_type_name(type, &b);
    assert_string_equal(buf_cstr(&b), "struct<a:map<string,array<decimal(10,2)>>>");
    buf_done(&b);
    assert_int_equal(type->fields[0].field_id, 4);
    assert_false(type->fields[0].nullable);
    assert_true(str_eq(type->fields[0].physical_name, STR("p")));
}

static void scans_chosen_files(void **state)
{
    struct str path = str_from(arena_printf(&arena, "%s/delta/dat-basic_partitioned", data));
    struct delta_snapshot *s;
    struct delta_scan *scan;
    const struct lake_batch *batch;
    uint32_t columns[] = {0}, files[] = {4, 1};
    struct delta_scan_options options = {
        .columns = columns, .column_count = 1, .files = files, .file_count = 2};
    assert_null(delta_open(store, path, (struct delta_at){0}, &s));
    assert_null(delta_scan_new(s, &options, &scan));
    for (int i = 0; i < 2; i++) {
        assert_null(delta_scan_next(scan, &batch));
        assert_int_equal(batch->file_index, files[i]);
        assert_int_equal(batch->row_count, 1);
        assert_int_equal(batch->columns[0].phys, LAKE_PHYS_BYTES);
    }
    assert_null(delta_scan_next(scan, &batch));
    assert_null(batch);
    delta_scan_free(scan);
    delta_close(s);
}

static int begin(void **state)
{
    strcpy(folder, "/tmp/tarn-test-delta-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    return mkdir(arena_printf(&arena, "%s/_delta_log", folder), 0700);
}

static int done(void **state)
{
    for (int i = 0; i < written; i++)
        unlink(arena_printf(&arena, "%s/_delta_log/%020d.json", folder, i));
    rmdir(arena_printf(&arena, "%s/_delta_log", folder));
    rmdir(folder);
    lake_store_free(store);
    arena_done(&arena);
    return err_alive() ? -1 : 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(replays), cmocka_unit_test(refuses),
                                       cmocka_unit_test(schemas),
                                       cmocka_unit_test(scans_chosen_files)};
    struct str path;
    data = argc > 1 ? argv[1] : "tests/data/lakehouse";
    arena_init(&arena);
    struct err *e = lake_store_open(STR("/"), NULL, &arena, &store, &path);
    if (e)
        return 1;
    return cmocka_run_group_tests(tests, begin, done);
}
