/* JSON documents: exact integers, escapes, bounds, malformed input. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/arena.h"
#include "lake/jsondoc.h"

#include <stdlib.h>

static struct arena arena;

static struct json_value *parse(struct str text)
{
    const char *reason = NULL;
    size_t offset;
    /* An exact copy on the heap, so that reading behind the end is seen by the sanitizer. */
    char *copy = malloc(text.len + !text.len);
    memcpy(copy, text.data, text.len);
    struct json_value *v = json_parse(&arena, str_make(copy, text.len), &reason, &offset);
    if (!v)
        assert_non_null(reason);
    /* The tree points into the text. */
    if (!v)
        free(copy);
    return v;
}

static void reads(void **state)
{
    const char *reason;
    size_t offset;
    struct str s;
    int64_t i;
    bool yes = false;
    struct json_value *v = json_parse(
        &arena,
        STR(" {\"a\":9223372036854775807,\"b\":[1,{}],\"c\":\"x\\u00e9\\ud83d\\ude00\\n\",\"d\":"
            "true,\"e\":null,\"f\":1.5,\"g\":-9223372036854775808}\n"),
        &reason, &offset);
    assert_non_null(v);
    assert_true(json_get_i64(v, "a", &i) && i == INT64_MAX);
    assert_true(json_get_i64(v, "g", &i) && i == INT64_MIN);
    assert_false(json_get_i64(v, "f", &i));
    assert_int_equal(json_get(v, "b")->count, 2);
    assert_true(str_eq(json_get(v, "b")->text, STR("[1,{}]")));
    assert_true(json_get_str(v, "c", &s));
    assert_true(str_eq(s, STR("x\xc3\xa9\xf0\x9f\x98\x80\n")));
    assert_true(json_get_bool(v, "d", &yes) && yes);
    assert_null(json_get_set(v, "e"));
    assert_non_null(json_get(v, "e"));
    assert_null(json_get(json_get(v, "nothing"), "a"));
}

static void refuses(void **state)
{
    static const char *const bad[] = {
        "",      "{",       "[1,]",    "{\"a\"}",    "{\"a\":}", "tru",     "nul", "\"a",
        "\"\\",  "\"\\u12", "\"\\x\"", "01",         "1.",       "-",       "1e",  "[1 2]",
        "{} {}", "\"\n\"",  "{a:1}",   "{\"a\":1,}", "]",        "\"\\ud8", "[",   "[[[",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
        assert_null(parse(str_from(bad[i])));
}

static void bounds_depth(void **state)
{
    char text[2 * JSON_MAX_DEPTH + 4];
    size_t n = JSON_MAX_DEPTH;
    memset(text, '[', n);
    memset(text + n, ']', n);
    const char *reason;
    size_t offset;
    assert_non_null(json_parse(&arena, str_make(text, 2 * n), &reason, &offset));
    n += 2;
    memset(text, '[', n);
    memset(text + n, ']', n);
    assert_null(json_parse(&arena, str_make(text, 2 * n), &reason, &offset));
}

static void integers(void **state)
{
    int64_t v;
    assert_true(lake_parse_i64(STR("-9223372036854775808"), &v) && v == INT64_MIN);
    assert_false(lake_parse_i64(STR("9223372036854775808"), &v));
    assert_false(lake_parse_i64(STR(""), &v));
    assert_false(lake_parse_i64(STR("-"), &v));
    assert_false(lake_parse_i64(STR("1x"), &v));
    assert_true(lake_parse_i64(STR("+007"), &v) && v == 7);
}

static int done(void **state)
{
    arena_done(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(reads), cmocka_unit_test(refuses),
                                       cmocka_unit_test(bounds_depth), cmocka_unit_test(integers)};
    arena_init(&arena);
    return cmocka_run_group_tests(tests, NULL, done);
}
