/* Locations, percent-encoding and the local store. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/arena.h"
#include "lake/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct arena arena;
static char folder[64];

static void expect(struct err *e, const char *sqlstate)
{
    assert_non_null(e);
    assert_string_equal(e->sqlstate, sqlstate);
    err_free(e);
}

static struct str open_path(const char *uri)
{
    struct lake_store *store;
    struct str path;
    assert_null(lake_store_open(str_from(uri), NULL, &arena, &store, &path));
    lake_store_free(store);
    return path;
}

static void locations(void **state)
{
    struct lake_store *store;
    struct str path;
    assert_true(str_eq(open_path("/a/b%20c/"), STR("/a/b%20c")));
    assert_true(str_eq(open_path("a:b/c"), STR("a:b/c")));
    assert_true(str_eq(open_path("file:///a/b%20c"), STR("/a/b c")));
    assert_true(str_eq(open_path("FILE:/a"), STR("/a")));
    assert_true(str_eq(open_path("file://localhost/a"), STR("/a")));
    assert_true(str_eq(open_path("/"), STR("/")));
    expect(lake_store_open(STR(""), NULL, &arena, &store, &path), "22023");
    expect(lake_store_open(STR("file://host/a"), NULL, &arena, &store, &path), "22023");
    expect(lake_store_open(STR("file:///a%2"), NULL, &arena, &store, &path), "22023");
    struct err *e = lake_store_open(STR("hdfs://host/a"), NULL, &arena, &store, &path);
    assert_non_null(strstr(e->message, "\"hdfs\""));
    expect(e, "0A000");
}

static void resolves(void **state)
{
    struct lake_store *store;
    struct str path, out;
    assert_null(lake_store_open(STR("/t"), NULL, &arena, &store, &path));
    assert_null(lake_store_resolve(store, path, STR("a=x%20y/f.parquet"), &arena, &out));
    assert_true(str_eq(out, STR("/t/a=x y/f.parquet")));
    assert_null(lake_store_resolve(store, path, STR("time=12:30/f"), &arena, &out));
    assert_true(str_eq(out, STR("/t/time=12:30/f")));
    assert_null(lake_store_resolve(store, path, STR("file:/b/c%25"), &arena, &out));
    assert_true(str_eq(out, STR("/b/c%")));
    assert_null(lake_store_resolve(store, path, STR("/b/c"), &arena, &out));
    assert_true(str_eq(out, STR("/b/c")));
    expect(lake_store_resolve(store, path, STR("s3://b/c"), &arena, &out), "0A000");
    expect(lake_store_resolve(store, path, STR("a%zz"), &arena, &out), "22023");
    expect(lake_store_resolve(store, path, STR("a%00"), &arena, &out), "22023");
    lake_store_free(store);
}

static void write_file(const char *name, const char *text)
{
    FILE *f = fopen(arena_printf(&arena, "%s/%s", folder, name), "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void local_files(void **state)
{
    struct lake_store *store;
    struct lake_object *object;
    struct lake_list list;
    struct str path;
    char text[8];
    struct buf all = BUF_INIT;
    write_file("b", "0123456789");
    write_file("a", "");
    assert_null(lake_store_open(str_from(folder), NULL, &arena, &store, &path));
    assert_null(lake_store_list(store, path, STR(""), &arena, &list));
    assert_int_equal(list.count, 2);
    assert_true(str_eq(list.entries[0].name, STR("a")));
    assert_int_equal(list.entries[1].size_bytes, 10);
    assert_null(lake_store_list(store, path, STR("aa"), &arena, &list));
    assert_int_equal(list.count, 1);
    assert_null(lake_store_list(store, STR("/no/such"), STR(""), &arena, &list));
    assert_int_equal(list.count, 0);
    struct str file = str_from(arena_printf(&arena, "%s/b", folder));
    assert_null(lake_object_open(store, file, &object));
    assert_null(lake_object_read(object, 3, text, 4));
    assert_memory_equal(text, "3456", 4);
    expect(lake_object_read(object, 8, text, 3), "XX001");
    expect(lake_object_read(object, -1, text, 1), "XX001");
    expect(lake_object_read(object, 11, text, 0), "XX001");
    assert_int_equal(truncate(file.data, 5), 0);
    expect(lake_object_read(object, 3, text, 4), "XX001");
    lake_object_close(object);
    expect(lake_store_read_all(store, file, 4, &all), "54000");
    assert_null(lake_store_read_all(store, file, 5, &all));
    assert_true(str_eq(buf_str(&all), STR("01234")));
    expect(lake_object_open(store, STR("/no/such/file"), &object), "58P01");
    expect(lake_object_open(store, path, &object), "42809");
    buf_done(&all);
    lake_store_free(store);
}

static int begin(void **state)
{
    arena_init(&arena);
    strcpy(folder, "/tmp/tarn-test-store-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int done(void **state)
{
    unlink(arena_printf(&arena, "%s/a", folder));
    unlink(arena_printf(&arena, "%s/b", folder));
    rmdir(folder);
    arena_done(&arena);
    return err_alive() ? -1 : 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(locations), cmocka_unit_test(resolves),
                                       cmocka_unit_test(local_files)};
    return cmocka_run_group_tests(tests, begin, done);
}
