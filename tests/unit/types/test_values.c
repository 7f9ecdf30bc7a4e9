/* Order, keys, hashes and damaged bytes of the structured types: numeric, intervals, jsonb, arrays;
 * random input to every type's text and binary forms. */
#include "types/array.h"
#include "types/datetime.h"
#include "types/jsonb.h"
#include "types/key.h"
#include "types/numeric.h"
#include "types/type.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static const struct type_env env = {.extra_float_digits = 1};
static struct arena arena;

static struct datum parse(uint32_t oid, const char *text)
{
    const struct type_ops *t = type_by_oid(oid);
    struct datum d;
    struct err *e = t->in(t, &env, str_from(text), -1, &arena, &d);
    if (e)
        fail_msg("%s: %s", text, e->message);
    return d;
}

static int sign(int v)
{
    return (v > 0) - (v < 0);
}

static void check_pair(uint32_t oid, struct datum a, struct datum b)
{
    const struct type_ops *t = type_by_oid(oid);
    struct buf x = BUF_INIT, y = BUF_INIT;
    t->key(t, a, &x);
    t->key(t, b, &y);
    int want = sign(t->compare(t, a, b));
    assert_int_equal(sign(str_cmp(buf_str(&x), buf_str(&y))), want);
    assert_int_equal(sign(t->compare(t, b, a)), -want);
    if (want == 0) {
        assert_int_equal(t->hash(t, a), t->hash(t, b));
    } else { /* prefix-free */
        assert_false(str_starts_with(buf_str(&x), buf_str(&y)));
        assert_false(str_starts_with(buf_str(&y), buf_str(&x)));
    }
    buf_done(&x);
    buf_done(&y);
}

/* Lists in ascending order, groups of equal values in one string separated by '='. */
static void check_order(uint32_t oid, const char *const *values, int n)
{
    for (int i = 0; i < n; i++)
        for (int k = 0; k < n; k++) {
            struct datum a = parse(oid, values[i]), b = parse(oid, values[k]);
            const struct type_ops *t = type_by_oid(oid);
            assert_int_equal(sign(t->compare(t, a, b)), sign(i - k));
            check_pair(oid, a, b);
        }
}

static void listed_orders(void **state)
{
    const char *const numbers[] = {"-Infinity", "-1e1000",  "-12345.678", "-12345.67", "-1",
                                   "-0.1",      "-1e-1000", "0",          "1e-1000",   "0.0001",
                                   "0.1",       "1",        "1.0001",     "9999",      "10000",
                                   "10000.5",   "1e1000",   "Infinity",   "NaN"};
    check_order(NUMERIC_OID, numbers, ARRAY_LENGTH(numbers));
    const char *const intervals[] = {"-1 year", "-29 days", "-1 day",   "-1 us",
                                     "0",       "1 us",     "23:59:59", "1 day",
                                     "29 days", "1 mon",    "31 days",  "1 year"};
    check_order(INTERVAL_OID, intervals, ARRAY_LENGTH(intervals));
    const char *const json[] = {"[]",           "null",
                                "\"\"",         "\"a\"",
                                "\"a\\u0001\"", "\"b\"",
                                "-1",           "1",
                                "1.5",          "false",
                                "true",         "[null]",
                                "[1]",          "[[]]",
                                "[{}]",         "[1,2]",
                                "[1,3]",        "{}",
                                "{\"a\":1}",    "{\"a\":2}",
                                "{\"b\":1}",    "{\"a\":1,\"b\":0}"};
    check_order(JSONB_OID, json, ARRAY_LENGTH(json));
    const char *const arrays[] = {"{}",    "{-1}",    "{1}",      "[0:0]={1}",
                                  "{1,2}", "{{1,2}}", "{1,NULL}", "{2}"};
    const struct type_ops *t = type_by_oid(INT4ARRAY_OID);
    for (size_t i = 0; i < ARRAY_LENGTH(arrays); i++)
        for (size_t k = 0; k < ARRAY_LENGTH(arrays); k++)
            check_pair(t->oid, parse(t->oid, arrays[i]), parse(t->oid, arrays[k]));
    check_pair(NUMERIC_OID, parse(NUMERIC_OID, "1.0"), parse(NUMERIC_OID, "1.000"));
    check_pair(INTERVAL_OID, parse(INTERVAL_OID, "1 mon"), parse(INTERVAL_OID, "30 days"));
    check_pair(JSONB_OID, parse(JSONB_OID, "{\"a\":1.0}"), parse(JSONB_OID, "{\"a\":1}"));
}

static void random_numbers_keep_order(void **state)
{
    for (int i = 0; i < 20000; i++) {
        char a[64], b[64];
        snprintf(a, sizeof(a), "%d.%de%d", rand() % 2001 - 1000, rand() % 100, rand() % 11 - 5);
        snprintf(b, sizeof(b), "%d.%de%d", rand() % 2001 - 1000, rand() % 100, rand() % 11 - 5);
        check_pair(NUMERIC_OID, parse(NUMERIC_OID, a), parse(NUMERIC_OID, b));
        arena_reset(&arena);
    }
}

/* (a / b) * b + rest and sums agree with integers. */
static void arithmetic_agrees_with_integers(void **state)
{
    for (int i = 0; i < 20000; i++) {
        int64_t x = (int64_t)rand() * rand() - (int64_t)rand() * rand();
        int64_t y = (int64_t)rand() >> rand() % 31;
        y = y ? y : 1;
        struct datum a = numeric_from_int64(x, &arena), b = numeric_from_int64(y, &arena), d, r;
        int64_t v;
        assert_null(numeric_div_trunc(a, b, &arena, &d));
        assert_null(numeric_to_int(d, INT64_MIN, INT64_MAX, "bigint", &v));
        assert_int_equal(v, x / y);
        assert_null(numeric_mod(a, b, &arena, &r));
        assert_null(numeric_to_int(r, INT64_MIN, INT64_MAX, "bigint", &v));
        assert_int_equal(v, x % y);
        assert_null(numeric_sub(a, b, &arena, &d));
        assert_null(numeric_to_int(d, INT64_MIN, INT64_MAX, "bigint", &v));
        assert_int_equal(v, x - y);
        arena_reset(&arena);
    }
}

static void sums_are_exact(void **state)
{
    struct numeric_sum s = {0};
    struct arena group;
    arena_init(&group);
    for (int i = 0; i < 100000; i++) {
        assert_null(
            numeric_sum_add(&s, parse(NUMERIC_OID, i % 2 ? "-0.001" : "99999999.999"), &group));
        arena_reset(&arena);
    }
    struct datum d;
    assert_null(numeric_sum_get(&s, &arena, &d));
    struct buf b = BUF_INIT;
    numeric_print(d, &b);
    assert_string_equal(buf_cstr(&b), "4999999999900.000");
    buf_done(&b);
    arena_done(&group);
}

static void assert_sum(const struct numeric_sum *s, const char *want)
{
    struct datum d;
    struct buf b = BUF_INIT;
    assert_null(numeric_sum_get(s, &arena, &d));
    numeric_print(d, &b);
    assert_string_equal(buf_cstr(&b), want);
    buf_done(&b);
}

/* A value can be taken back unless it alone has the sum's scale. */
static void sums_take_values_back(void **state)
{
    static const char *const values[] = {"12345678.9", "-0.25", "1.75", "NaN", "Infinity"};
    struct numeric_sum s = {0};
    struct arena group;
    bool ok;
    arena_init(&group);
    for (int i = 0; i < 5; i++)
        assert_null(numeric_sum_add(&s, parse(NUMERIC_OID, values[i]), &group));
    assert_sum(&s, "NaN");
    assert_null(numeric_sum_remove(&s, parse(NUMERIC_OID, "NaN"), &group, &ok));
    assert_true(ok);
    assert_sum(&s, "Infinity");
    assert_null(numeric_sum_remove(&s, parse(NUMERIC_OID, "Infinity"), &group, &ok));
    assert_true(ok);
    assert_sum(&s, "12345680.40");
    assert_null(numeric_sum_remove(&s, parse(NUMERIC_OID, "12345678.9"), &group, &ok));
    assert_true(ok);
    assert_sum(&s, "1.50");
    assert_null(numeric_sum_remove(&s, parse(NUMERIC_OID, "1.75"), &group, &ok));
    assert_true(ok);
    assert_sum(&s, "-0.25");
    assert_null(numeric_sum_remove(&s, parse(NUMERIC_OID, "-0.25"), &group, &ok));
    assert_false(ok);
    arena_done(&group);
}

static void calendar_round_trips(void **state)
{
    for (int64_t d = DATE_MIN; d < DATE_END; d += 99991) {
        int y, m, day;
        date_to_civil((int32_t)d, &y, &m, &day);
        assert_int_equal(date_from_civil(y, m, day), d);
    }
}

static void jsonb_finds_its_keys(void **state)
{
    struct jsonb_builder b;
    jsonb_build_init(&b, &arena);
    jsonb_begin(&b, true);
    for (int i = 0; i < 1000; i++) {
        jsonb_put_key(&b, str_from(arena_printf(&arena, "key%d", i * 7 % 1000)));
        jsonb_put_number(&b, numeric_from_int64(i, &arena));
    }
    jsonb_end(&b);
    struct datum d;
    assert_null(jsonb_finish(&b, &d));
    struct jsonb o, v;
    assert_null(jsonb_open(d, &o));
    assert_int_equal(o.count, 1000);
    for (int i = 0; i < 1000; i++) {
        int64_t n;
        assert_true(jsonb_find(&o, str_from(arena_printf(&arena, "key%d", i * 7 % 1000)), &v));
        assert_null(numeric_to_int(jsonb_number(&v), 0, 1000, "integer", &n));
        assert_int_equal(n, i);
    }
    assert_false(jsonb_find(&o, STR("key1000"), &v));
}

/* Deep nesting is refused or handled, never a crash. */
static void deep_nesting(void **state)
{
    for (int depth = 6000; depth <= 100000; depth += 47000) {
        char *text = arena_alloc(&arena, (size_t)depth * 2 + 1);
        memset(text, '[', (size_t)depth);
        memset(text + depth, ']', (size_t)depth);
        const uint32_t oids[] = {JSON_OID, JSONB_OID};
        for (int i = 0; i < 2; i++) {
            const struct type_ops *t = type_by_oid(oids[i]);
            struct datum d;
            struct err *e = t->in(t, &env, str_make(text, (size_t)depth * 2), -1, &arena, &d);
            if (depth > 6400) {
                assert_true(err_is(e, "54001"));
                err_free(e);
                continue;
            }
            assert_null(e);
            struct buf b = BUF_INIT;
            assert_null(t->out(t, &env, d, &b));
            assert_int_equal(b.len, (size_t)depth * 2);
            if (t->compare) {
                assert_int_equal(t->compare(t, d, d), 0);
                buf_reset(&b);
                t->key(t, d, &b);
            }
            buf_done(&b);
        }
    }
}

static const uint32_t all_types[] = {
    BOOL_OID,      BYTEA_OID,       CHAR_OID,      NAME_OID,       INT8_OID,         INT2_OID,
    INT4_OID,      TEXT_OID,        OID_OID,       TID_OID,        XID_OID,          JSON_OID,
    FLOAT4_OID,    FLOAT8_OID,      BPCHAR_OID,    VARCHAR_OID,    DATE_OID,         TIME_OID,
    TIMESTAMP_OID, TIMESTAMPTZ_OID, INTERVAL_OID,  TIMETZ_OID,     NUMERIC_OID,      UUID_OID,
    JSONB_OID,     INT4ARRAY_OID,   TEXTARRAY_OID, JSONBARRAY_OID, NUMERICARRAY_OID, INT2VECTOR_OID,
};

static void use(const struct type_ops *t, struct datum d)
{
    struct buf b = BUF_INIT;
    err_free(t->out(t, &env, d, &b));
    err_free(t->send(t, &env, d, &b));
    if (t->compare) {
        (void)t->compare(t, d, d);
        t->hash(t, d);
        t->key(t, d, &b);
    }
    buf_done(&b);
}

/* Random text built from what the formats are made of, and random bytes. */
static void random_input(void **state)
{
    static const char pieces[] =
        "0123456789+-.:,eE{}[]\"\\' \tTZPYMDHSabc/()=nulltruefalsejanBCAMPM"
        "infinity\x80\xc3\xa9";
    for (int i = 0; i < 60000; i++) {
        const struct type_ops *t = type_by_oid(all_types[(size_t)rand() % ARRAY_LENGTH(all_types)]);
        char text[64];
        size_t n = (size_t)rand() % 24;
        for (size_t k = 0; k < n; k++)
            text[k] = i % 3 ? pieces[(size_t)rand() % (sizeof(pieces) - 1)] : (char)rand();
        struct datum d;
        struct err *e = t->in(t, &env, str_make(text, n), -1, &arena, &d);
        if (!e)
            use(t, d);
        err_free(e);
        e = t->recv(t, &env, str_make(text, n), -1, &arena, &d);
        if (!e)
            use(t, d);
        err_free(e);
        arena_reset(&arena);
    }
}

/* Stored values with flipped bytes are read without leaving them. */
static void damaged_values(void **state)
{
    const struct {
        uint32_t oid;
        const char *text;
    } values[] = {
        {JSONB_OID, "{\"a\":[1,2,{\"b\":null}],\"c\":\"text\",\"dd\":1.5}"},
        {INT4ARRAY_OID, "{{1,2},{3,NULL}}"},
        {TEXTARRAY_OID, "{abc,\"d e\",NULL}"},
        {NUMERIC_OID, "-12345.678"},
    };
    for (int i = 0; i < 40000; i++) {
        size_t which = (size_t)rand() % ARRAY_LENGTH(values);
        const struct type_ops *t = type_by_oid(values[which].oid);
        struct datum d = parse(t->oid, values[which].text);
        uint8_t *copy = malloc(d.len); /* exact size, for the sanitizer */
        memcpy(copy, d.p, d.len);
        for (int k = rand() % 3; k >= 0; k--)
            copy[(size_t)rand() % d.len] = (uint8_t)rand();
        uint32_t len = rand() % 4 ? d.len : (uint32_t)((size_t)rand() % d.len);
        use(t, datum_bytes(copy, len));
        free(copy);
        arena_reset(&arena);
    }
}

static int setup(void **state)
{
    arena_init(&arena);
    return 0;
}

static int teardown(void **state)
{
    arena_done(&arena);
    return err_alive() != 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(listed_orders),
        cmocka_unit_test(random_numbers_keep_order),
        cmocka_unit_test(arithmetic_agrees_with_integers),
        cmocka_unit_test(sums_are_exact),
        cmocka_unit_test(sums_take_values_back),
        cmocka_unit_test(calendar_round_trips),
        cmocka_unit_test(jsonb_finds_its_keys),
        cmocka_unit_test(deep_nesting),
        cmocka_unit_test(random_input),
        cmocka_unit_test(damaged_values),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
