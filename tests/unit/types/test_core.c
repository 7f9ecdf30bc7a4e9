/* Text and binary forms, order and keys of the plain types; tuples. */
#include "types/array.h"
#include "types/key.h"
#include "types/number.h"
#include "types/record.h"
#include "types/text.h"
#include "types/tuple.h"
#include "types/type.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static const struct type_env env = {.extra_float_digits = 1};
static struct arena arena;

/* The text form of what `text` reads as. */
static const char *through(uint32_t oid, const char *text)
{
    const struct type_ops *t = type_by_oid(oid);
    assert_non_null(t);
    struct datum d;
    struct err *e = t->in(t, &env, str_from(text), -1, &arena, &d);
    if (e) {
        const char *message = arena_printf(&arena, "%s: %s%s%s", e->sqlstate, e->message,
                                           e->detail ? " | " : "", e->detail ? e->detail : "");
        err_free(e);
        return message;
    }
    struct buf b = BUF_INIT;
    assert_null(t->out(t, &env, d, &b));
    struct buf binary = BUF_INIT;
    struct datum again;
    assert_null(t->send(t, &env, d, &binary));
    if (t->compare) {
        assert_null(t->recv(t, &env, buf_str(&binary), -1, &arena, &again));
        assert_int_equal(t->compare(t, d, again), 0);
        assert_int_equal(t->hash(t, d), t->hash(t, again));
    }
    const char *copy = arena_strndup(&arena, (char *)b.data, b.len);
    buf_done(&b);
    buf_done(&binary);
    return copy;
}

#define CHECK_TEXT(oid, in, out) assert_string_equal(through(oid, in), out)

static void known_values(void **state)
{
    CHECK_TEXT(BOOL_OID, " TRUE ", "t");
    CHECK_TEXT(BOOL_OID, "of", "f");
    CHECK_TEXT(BOOL_OID, "o", "22P02: invalid input syntax for type boolean: \"o\"");
    CHECK_TEXT(INT4_OID, " -2147483648 ", "-2147483648");
    CHECK_TEXT(INT4_OID, "2147483648",
               "22003: value \"2147483648\" is out of range for type integer");
    CHECK_TEXT(INT8_OID, "-9223372036854775808", "-9223372036854775808");
    CHECK_TEXT(INT8_OID, "9223372036854775808",
               "22003: value \"9223372036854775808\" is out of range for type bigint");
    CHECK_TEXT(INT2_OID, "", "22P02: invalid input syntax for type smallint: \"\"");
    CHECK_TEXT(OID_OID, "-1", "4294967295");
    CHECK_TEXT(XID8_OID, "18446744073709551615", "18446744073709551615");
    CHECK_TEXT(TID_OID, "(12,34)", "(12,34)");
    CHECK_TEXT(FLOAT8_OID, "0.1", "0.1");
    CHECK_TEXT(FLOAT8_OID, "1e15", "1e+15");
    CHECK_TEXT(FLOAT8_OID, "123456789012345", "123456789012345");
    CHECK_TEXT(FLOAT8_OID, "0.00001", "1e-05");
    CHECK_TEXT(FLOAT8_OID, "-infinity", "-Infinity");
    CHECK_TEXT(FLOAT8_OID, "5e-324", "5e-324");
    CHECK_TEXT(FLOAT8_OID, "1e400", "22003: \"1e400\" is out of range for type double precision");
    CHECK_TEXT(FLOAT4_OID, "1000000", "1e+06");
    CHECK_TEXT(FLOAT4_OID, "3.14159274", "3.1415927");
    CHECK_TEXT(BYTEA_OID, "\\xDEAD beef", "\\xdeadbeef");
    CHECK_TEXT(BYTEA_OID, "a\\\\b\\001", "\\x615c6201");
    CHECK_TEXT(UUID_OID, "{A0EEBC99-9C0B4EF8-BB6D6BB9BD380A11}",
               "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11");
    CHECK_TEXT(JSON_OID, "{\"a\":1,}",
               "22P02: invalid input syntax for type json | Expected string, but found \"}\".");
    CHECK_TEXT(INT4ARRAY_OID, "{{1,2},{3,NULL}}", "{{1,2},{3,NULL}}");
    CHECK_TEXT(INT4ARRAY_OID, "[0:1]={ 1 , 2 }", "[0:1]={1,2}");
    CHECK_TEXT(INT4ARRAY_OID, "{{1},{2,3}}",
               "22P02: malformed array literal: \"{{1},{2,3}}\" | Multidimensional arrays must "
               "have sub-arrays with matching dimensions.");
    CHECK_TEXT(TEXTARRAY_OID, "{a b , \"x\\\"y\", \"\", \"null\", null}",
               "{\"a b\",\"x\\\"y\",\"\",\"null\",NULL}");
    CHECK_TEXT(INT2VECTOR_OID, "1 2  3", "1 2 3");
    CHECK_TEXT(TEXT_OID, "\xff", "22021: invalid byte sequence for encoding \"UTF8\": 0xff");
}

static uint64_t random_u64(void)
{
    uint64_t v = 0;
    for (int i = 0; i < 5; i++)
        v = v << 15 ^ (uint64_t)rand();
    return v;
}

static void floats_round_trip(void **state)
{
    char text[FLOAT_TEXT_MAX];
    for (int i = 0; i < 300000; i++) {
        uint64_t bits = random_u64();
        double v, back;
        memcpy(&v, &bits, sizeof(v));
        if (i % 3 == 0)
            v = ldexp(1.0, (int)(bits % 2098) - 1074);
        if (!isfinite(v) || v == 0)
            continue;
        size_t n = float8_print(v, 1, text);
        assert_null(float8_parse(str_make(text, n), &back));
        assert_memory_equal(&v, &back, sizeof(v));
        /* No longer than the shortest that printf finds. */
        struct decimal_float d = float8_shortest(fabs(v));
        int digits = 0;
        for (uint64_t m = d.digits; m; m /= 10)
            digits++;
        if (digits > 1 && i % 10 == 0) {
            char other[64];
            snprintf(other, sizeof(other), "%.*e", digits - 2, v);
            assert_true(strtod(other, NULL) != v);
        }
        float f = (float)v, fback;
        if (!isfinite(f) || f == 0)
            continue;
        n = float4_print(f, 1, text);
        assert_null(float4_parse(str_make(text, n), &fback));
        assert_memory_equal(&f, &fback, sizeof(f));
    }
}

static struct datum random_value(uint32_t oid)
{
    uint64_t r = random_u64();
    int shift = rand() % 64;
    switch (oid) {
    case INT2_OID:
        return datum_int((int16_t)r);
    case INT4_OID:
        return datum_int((int32_t)(r >> shift % 32));
    case INT8_OID:
        return datum_int((int64_t)r >> shift);
    case FLOAT8_OID:
        return datum_f64(rand() % 9 ? (double)(int64_t)r / 3 * (rand() % 3) : NAN);
    case FLOAT4_OID:
        return datum_f32((float)(int64_t)r / 3 * (float)(rand() % 3));
    case OID_OID:
        return datum_int((uint32_t)(r >> shift % 32));
    case BOOL_OID:
        return datum_bool(r & 1);
    default: {
        size_t n = (size_t)rand() % 6;
        char *p = arena_alloc(&arena, 16);
        for (size_t i = 0; i < 16; i++)
            p[i] = "\0\1 ab\377"[rand() % 6];
        return datum_bytes(p, oid == UUID_OID ? 16 : n);
    }
    }
}

static int sign(int v)
{
    return (v > 0) - (v < 0);
}

static void keys_keep_order(void **state)
{
    const uint32_t oids[] = {INT2_OID, INT4_OID, INT8_OID,   FLOAT8_OID, FLOAT4_OID,
                             OID_OID,  TEXT_OID, BPCHAR_OID, UUID_OID,   BOOL_OID};
    for (size_t k = 0; k < ARRAY_LENGTH(oids); k++) {
        const struct type_ops *t = type_by_oid(oids[k]);
        for (int i = 0; i < 20000; i++) {
            struct datum a = random_value(oids[k]), b = random_value(oids[k]);
            struct buf x = BUF_INIT, y = BUF_INIT;
            bool desc = i & 1;
            key_put(&x, t, a, desc, false);
            key_put(&y, t, b, desc, false);
            int want = sign(t->compare(t, a, b));
            assert_int_equal(sign(str_cmp(buf_str(&x), buf_str(&y))), desc ? -want : want);
            if (want == 0)
                assert_int_equal(t->hash(t, a), t->hash(t, b));
            buf_done(&x);
            buf_done(&y);
            arena_reset(&arena);
        }
    }
}

static void check_read_back(const struct type_ops *t, struct datum a, bool desc)
{
    struct buf x = BUF_INIT;
    struct datum got;
    key_put(&x, t, a, desc, false);
    const uint8_t *p = x.data;
    assert_true(key_get(&p, x.data + x.len, t, desc, &arena, &got));
    assert_ptr_equal(p, x.data + x.len);
    assert_int_equal(got.null, a.null);
    if (t->byval || a.null)
        assert_true(a.null || got.u == a.u);
    else
        assert_true(str_eq(datum_as_str(got), datum_as_str(a)));
    for (size_t n = 0; n < x.len; n++) {
        p = x.data;
        assert_false(key_get(&p, x.data + n, t, desc, &arena, &got));
    }
    buf_done(&x);
    arena_reset(&arena);
}

static void keys_give_values_back(void **state)
{
    const uint32_t oids[] = {INT2_OID, INT4_OID, INT8_OID, OID_OID, TEXT_OID, UUID_OID, BOOL_OID};
    for (size_t k = 0; k < ARRAY_LENGTH(oids); k++) {
        const struct type_ops *t = type_by_oid(oids[k]);
        assert_true(key_is_exact(t));
        check_read_back(t, datum_null(), false);
        check_read_back(t, datum_null(), true);
        for (int i = 0; i < 5000; i++)
            check_read_back(t, random_value(oids[k]), i & 1);
    }
    assert_false(key_is_exact(type_by_oid(NUMERIC_OID)));
    assert_false(key_is_exact(type_by_oid(FLOAT8_OID)));
    assert_false(key_is_exact(type_by_oid(BPCHAR_OID)));
}

static void tuples_are_read_in_part(void **state)
{
    const int8_t lens[] = {1, 2, 4, -1, TUPLE_U32, 8, -1, 8};
    struct datum values[] = {datum_bool(true),        datum_int(-3),         datum_int(INT32_MIN),
                             datum_str(STR("hello")), datum_int(UINT32_MAX), datum_int(INT64_MIN),
                             datum_str(STR("")),      datum_int(9)};
    for (int with_null = 0; with_null < 2; with_null++) {
        struct buf b = BUF_INIT;
        values[5].null = with_null;
        tuple_encode(lens, 8, values, &b);
        for (unsigned mask = 1; mask < 1u << 8; mask++) {
            bool used[8];
            struct datum got[8];
            int want = 32 - __builtin_clz(mask);
            for (int i = 0; i < 8; i++)
                used[i] = mask >> i & 1;
            const struct tuple_reader *r = tuple_reader_new(lens, want, used, NULL, &arena);
            assert_null(tuple_read(r, buf_str(&b), got));
            for (int i = 0; i < want; i++) {
                if (!used[i])
                    continue;
                assert_int_equal(got[i].null, values[i].null);
                if (!got[i].null && lens[i] < 0)
                    assert_true(str_eq(datum_as_str(got[i]), datum_as_str(values[i])));
                else if (!got[i].null)
                    assert_int_equal(got[i].i, values[i].i);
            }
            for (size_t n = 0; n < b.len && want == 8; n++) {
                char *cut = malloc(n ? n : 1); /* reads beyond it are noticed */
                memcpy(cut, b.data, n);
                struct err *e = tuple_read(r, str_make(cut, n), got);
                assert_true(!used[7] || err_is(e, "XX001"));
                err_free(e);
                free(cut);
            }
            arena_reset(&arena);
        }
        buf_done(&b);
    }
}

static void tuples_round_trip(void **state)
{
    const int8_t lens[] = {1, 2, 4, TUPLE_U32, 8, -1, -1, 8};
    struct datum values[] = {datum_bool(true),      datum_int(-3),  datum_int(INT32_MIN),
                             datum_int(UINT32_MAX), datum_f64(2.5), datum_str(STR("hello")),
                             datum_str(STR("")),    datum_null()};
    struct buf b = BUF_INIT;
    tuple_encode(lens, 8, values, &b);
    struct datum got[9];
    const int8_t wider[] = {1, 2, 4, TUPLE_U32, 8, -1, -1, 8, 4};
    struct datum missing[9] = {[8] = datum_int(7)};
    assert_null(tuple_decode(buf_str(&b), wider, 9, missing, got));
    for (int i = 0; i < 5; i++)
        assert_int_equal(got[i].i, values[i].i);
    assert_true(str_eq(datum_as_str(got[5]), STR("hello")));
    assert_int_equal(got[6].len, 0);
    assert_true(got[7].null);
    assert_int_equal(got[8].i, 7);
    for (size_t n = 0; n < b.len; n++) {
        struct err *e = tuple_decode(str_make(b.data, n), lens, 8, NULL, got);
        assert_true(err_is(e, "XX001"));
        err_free(e);
    }
    buf_done(&b);
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
        cmocka_unit_test(known_values),      cmocka_unit_test(floats_round_trip),
        cmocka_unit_test(keys_keep_order),   cmocka_unit_test(keys_give_values_back),
        cmocka_unit_test(tuples_round_trip), cmocka_unit_test(tuples_are_read_in_part),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
