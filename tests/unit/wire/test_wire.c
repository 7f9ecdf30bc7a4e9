/* The message codec: what clients may send, what they may not, and what the server builds. */
#include "wire/wire.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void expect_severity(struct err *e, const char *sqlstate, int severity)
{
    assert_non_null(e);
    assert_string_equal(e->sqlstate, sqlstate);
    assert_int_equal(e->severity, severity);
    err_free(e);
}

/* The connection is at its end. */
static void expect(struct err *e, const char *sqlstate)
{
    expect_severity(e, sqlstate, ERR_FATAL);
}

/* A body, after which the next message can be found. */
static void malformed(struct err *e)
{
    expect_severity(e, "08P01", ERR_ERROR);
}

static int no_errors(void **state)
{
    (void)state;
    assert_int_equal(err_alive(), 0);
    return 0;
}

/* ---- startup ---- */

static struct buf startup_packet(uint32_t code, const void *rest, size_t len)
{
    struct buf b = BUF_INIT;
    buf_put_be32(&b, (uint32_t)(8 + len));
    buf_put_be32(&b, code);
    buf_put(&b, rest, len);
    return b;
}

static void test_startup(void **state)
{
    (void)state;
    static const char params[] = "user\0alice\0database\0db\0options\0\0";
    struct buf b = startup_packet(3 << 16, params, sizeof(params));
    struct wire_startup s;
    bool complete;
    for (size_t len = 0; len < b.len; len++) {
        assert_null(wire_startup_parse(str_make(b.data, len), &s, &complete));
        assert_false(complete);
    }
    assert_null(wire_startup_parse(buf_str(&b), &s, &complete));
    assert_true(complete);
    assert_int_equal(s.kind, WIRE_STARTUP);
    assert_int_equal(s.size_bytes, b.len);
    const char *name;
    const char *value;
    size_t at = 0;
    assert_true(wire_startup_param(&s, &at, &name, &value));
    assert_string_equal(name, "user");
    assert_string_equal(value, "alice");
    assert_true(wire_startup_param(&s, &at, &name, &value));
    assert_true(wire_startup_param(&s, &at, &name, &value));
    assert_string_equal(name, "options");
    assert_string_equal(value, "");
    assert_false(wire_startup_param(&s, &at, &name, &value));
    buf_done(&b);
}

static void test_startup_special(void **state)
{
    (void)state;
    struct wire_startup s;
    bool complete;
    struct buf ssl = startup_packet(80877103, "", 0);
    assert_null(wire_startup_parse(buf_str(&ssl), &s, &complete));
    assert_int_equal(s.kind, WIRE_SSL_REQUEST);
    struct buf gss = startup_packet(80877104, "", 0);
    assert_null(wire_startup_parse(buf_str(&gss), &s, &complete));
    assert_int_equal(s.kind, WIRE_GSSENC_REQUEST);
    struct buf cancel = startup_packet(80877102, "\0\0\0\7\xff\0\0\1", 8);
    assert_null(wire_startup_parse(buf_str(&cancel), &s, &complete));
    assert_int_equal(s.kind, WIRE_CANCEL_REQUEST);
    assert_int_equal(s.pid, 7);
    assert_int_equal(s.secret, 0xff000001u);
    buf_done(&ssl);
    buf_done(&gss);
    buf_done(&cancel);
}

static void test_startup_bad(void **state)
{
    (void)state;
    static const struct {
        uint32_t code;
        const char *rest;
        size_t len;
        const char *sqlstate;
    } cases[] = {
        {2 << 16, "user\0a\0", 8, "0A000"},  {4 << 16, "", 0, "0A000"},
        {3 << 16, "", 0, "08P01"},           {3 << 16, "user\0a", 6, "08P01"},
        {3 << 16, "user\0a\0x", 8, "08P01"}, {3 << 16, "user\0\0", 5, "08P01"},
        {3 << 16, "\0a\0\0", 4, "08P01"},    {80877102, "\0\0\0\1", 4, "08P01"},
        {80877103, "x", 1, "08P01"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct wire_startup s;
        bool complete;
        struct buf b = startup_packet(cases[i].code, cases[i].rest, cases[i].len);
        expect(wire_startup_parse(buf_str(&b), &s, &complete), cases[i].sqlstate);
        buf_done(&b);
    }
    struct wire_startup s;
    bool complete;
    expect(wire_startup_parse(str_make("\0\0\0\7", 4), &s, &complete), "08P01");
    expect(wire_startup_parse(str_make("\0\1\0\0", 4), &s, &complete), "08P01");
    expect(wire_startup_parse(str_make("GET ", 4), &s, &complete), "08P01");
}

/* ---- messages ---- */

static void test_frames(void **state)
{
    (void)state;
    struct wire_frame f;
    bool complete;
    struct str in = str_make("Q\0\0\0\7ab\0S\0\0\0\4", 13);
    assert_null(wire_frame_next(in, &f, &complete));
    assert_true(complete);
    assert_int_equal(f.type, 'Q');
    assert_int_equal(f.size_bytes, 8);
    assert_int_equal(f.body.len, 3);
    assert_null(wire_frame_next(str_make(in.data, 7), &f, &complete));
    assert_false(complete);
    assert_int_equal(f.size_bytes, 8);
    assert_null(wire_frame_next(str_make(in.data, 3), &f, &complete));
    assert_false(complete);
    assert_int_equal(f.size_bytes, 0);
    expect(wire_frame_next(str_make("!", 1), &f, &complete), "08P01");
    expect(wire_frame_next(str_make("\0", 1), &f, &complete), "08P01");
    expect(wire_frame_next(str_make("Q\0\0\0\3", 5), &f, &complete), "08P01");
    expect(wire_frame_next(str_make("S\0\1\0\0", 5), &f, &complete), "08P01");
    expect(wire_frame_next(str_make("Q\177\377\377\377", 5), &f, &complete), "08P01");
    expect(wire_frame_next(str_make("Q\377\377\377\377", 5), &f, &complete), "08P01");
}

static void test_bind(void **state)
{
    (void)state;
    struct buf b = BUF_INIT;
    wire_put_string(&b, "p");
    wire_put_string(&b, "s");
    buf_put_be16(&b, 1);
    buf_put_be16(&b, 1);
    buf_put_be16(&b, 3);
    buf_put_be32(&b, 4);
    buf_put_be32(&b, 42);
    buf_put_be32(&b, UINT32_MAX);
    buf_put_be32(&b, 0);
    buf_put_be16(&b, 2);
    buf_put_be16(&b, 0);
    buf_put_be16(&b, 1);
    struct wire_bind m;
    struct str v = {0};
    assert_null(wire_bind_parse(buf_str(&b), &m));
    assert_string_equal(m.portal, "p");
    assert_string_equal(m.statement, "s");
    assert_int_equal(m.nparams, 3);
    const uint8_t *at = m.params;
    assert_true(wire_bind_param(&at, &v));
    assert_int_equal(v.len, 4);
    assert_int_equal(load_be32(v.data), 42);
    assert_false(wire_bind_param(&at, &v));
    assert_true(wire_bind_param(&at, &v));
    assert_int_equal(v.len, 0);
    assert_int_equal(wire_format(m.param_formats, m.nparam_formats, 2), 1);
    assert_int_equal(wire_format(m.result_formats, m.nresult_formats, 0), 0);
    assert_int_equal(wire_format(m.result_formats, m.nresult_formats, 1), 1);
    /* Every shorter body, and a longer one, is malformed. */
    for (size_t len = 0; len < b.len; len++)
        malformed(wire_bind_parse(str_make(b.data, len), &m));
    buf_put_u8(&b, 0);
    malformed(wire_bind_parse(buf_str(&b), &m));
    buf_done(&b);
}

static void test_others(void **state)
{
    (void)state;
    struct wire_parse p;
    struct wire_execute x;
    struct wire_target t;
    const char *s;
    size_t len;
    assert_null(wire_parse_parse(str_make("n\0select\0\0\1\0\0\0\27", 15), &p));
    assert_string_equal(p.sql, "select");
    assert_int_equal(p.sql_len, 6);
    assert_int_equal(load_be32(p.types), 23);
    malformed(wire_parse_parse(str_make("n\0select\0\377\377", 11), &p));
    malformed(wire_parse_parse(str_make("n\0select\0\0\2\0\0\0\27", 15), &p));
    assert_null(wire_execute_parse(str_make("p\0\0\0\0\5", 6), &x));
    assert_int_equal(x.max_rows, 5);
    malformed(wire_execute_parse(str_make("p\0\0\0\5", 5), &x));
    assert_null(wire_target_parse(str_make("Sx\0", 3), "CLOSE", &t));
    malformed(wire_target_parse(str_make("Xx\0", 3), "CLOSE", &t));
    malformed(wire_target_parse(str_make("S", 1), "CLOSE", &t));
    assert_null(wire_string_parse(str_make("abc\0", 4), &s, &len));
    assert_int_equal(len, 3);
    malformed(wire_string_parse(str_make("abc", 3), &s, &len));
    malformed(wire_string_parse(str_make("a\0b\0", 4), &s, &len));
    malformed(wire_empty_parse(str_make("x", 1)));
}

/* Every parser over random and over damaged bodies: no read outside (the copy is exact, so a
 * sanitizer sees one), no assertion, and what it accepts is consistent. */
static void parse_all(struct str body)
{
    struct wire_parse p;
    struct wire_bind b;
    struct wire_execute x;
    struct wire_target t;
    struct wire_startup st;
    struct wire_frame f;
    const char *s;
    size_t len;
    bool complete;
    err_free(wire_parse_parse(body, &p));
    err_free(wire_execute_parse(body, &x));
    err_free(wire_target_parse(body, "CLOSE", &t));
    err_free(wire_string_parse(body, &s, &len));
    err_free(wire_frame_next(body, &f, &complete));
    struct err *e = wire_startup_parse(body, &st, &complete);
    if (!e && complete && st.kind == WIRE_STARTUP) {
        const char *name;
        const char *value;
        size_t total = 0;
        for (size_t at = 0; wire_startup_param(&st, &at, &name, &value);)
            total += strlen(name) + strlen(value) + 2;
        assert_int_equal(total, st.params.len);
    }
    err_free(e);
    e = wire_bind_parse(body, &b);
    if (!e) {
        const uint8_t *at = b.params;
        struct str v;
        for (int i = 0; i < b.nparams; i++)
            if (wire_bind_param(&at, &v))
                assert_true((const uint8_t *)v.data + v.len <=
                            (const uint8_t *)body.data + body.len);
    }
    err_free(e);
}

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static void test_fuzz(void **state)
{
    (void)state;
    static const char good[] = "p\0s\0\0\1\0\1\0\2\0\0\0\4\0\0\0\52\377\377\377\377\0\1\0\1";
    static const char start[] = "\0\0\0\27\0\3\0\0user\0alice\0\0";
    const char *fixed = getenv("WIRE_FUZZ_SEED");
    uint32_t seed = fixed ? (uint32_t)(fixed[0] * 256 + fixed[1]) : (uint32_t)clock_mono_ns();
    print_message("seed %u\n", seed);
    for (int round = 0; round < 200000; round++) {
        bool from_start = round & 1;
        size_t len = from_start ? sizeof(start) - 1 : sizeof(good) - 1;
        size_t want = next_random(&seed) % 4 ? len : next_random(&seed) % (len + 1);
        char *copy = malloc(want + 1);
        memcpy(copy + 1, from_start ? start : good, want);
        unsigned damage = next_random(&seed) % 4;
        for (unsigned i = 0; i < damage && want; i++)
            copy[1 + next_random(&seed) % want] = (char)next_random(&seed);
        if (round % 7 == 0)
            for (size_t i = 0; i < want; i++)
                copy[1 + i] = (char)next_random(&seed);
        /* At the end of its allocation. */
        parse_all(str_make(copy + 1, want));
        free(copy);
    }
}

/* ---- backend ---- */

static void test_backend(void **state)
{
    (void)state;
    struct buf b = BUF_INIT;
    wire_ready(&b, 'I');
    assert_memory_equal(b.data, "Z\0\0\0\5I", 6);
    buf_reset(&b);
    size_t row = wire_row_begin(&b, 2);
    wire_row_null(&b);
    size_t v = wire_value_begin(&b);
    buf_put_c(&b, "xy");
    wire_value_end(&b, v);
    wire_end(&b, row);
    assert_int_equal(b.len, 17);
    assert_memory_equal(b.data, "D\0\0\0\20\0\2\377\377\377\377\0\0\0\2xy", 17);
    buf_reset(&b);
    wire_parameter_status(&b, "a", "b");
    assert_memory_equal(b.data, "S\0\0\0\10a\0b\0", 9);
    buf_reset(&b);
    size_t desc = wire_row_description_begin(&b, 1);
    wire_row_description_column(&b, "c", 7, 2, 23, 4, -1, 1);
    wire_end(&b, desc);
    assert_memory_equal(b.data, "T\0\0\0\32\0\1c\0\0\0\0\7\0\2\0\0\0\27\0\4\377\377\377\377\0\1",
                        27);
    buf_done(&b);
}

static void test_error_fields(void **state)
{
    (void)state;
    struct buf b = BUF_INIT;
    struct err *e = err_new("23505", "msg");
    err_detail(e, "det");
    err_hint(e, "hin");
    err_context(e, "ctx");
    err_table(e, "sch", "tab");
    err_column(e, "col");
    err_constraint(e, "con");
    err_at(e, 12);
    wire_error(&b, e);
    static const char expected[] =
        "SERROR\0VERROR\0C23505\0Mmsg\0Ddet\0Hhin\0P12\0Wctx\0ssch\0ttab\0"
        "ccol\0ncon\0Ftest_wire.c\0L";
    assert_int_equal(b.data[0], 'E');
    assert_int_equal(load_be32(b.data + 1), b.len - 1);
    assert_memory_equal(b.data + 5, expected, sizeof(expected) - 1);
    assert_int_equal(b.data[b.len - 1], 0);
    buf_reset(&b);
    wire_notice(&b, "WARNING", e);
    assert_memory_equal(b.data + 5, "SWARNING\0VWARNING\0", 18);
    assert_int_equal(b.data[0], 'N');
    err_free(e);
    buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_startup, no_errors),
        cmocka_unit_test_teardown(test_startup_special, no_errors),
        cmocka_unit_test_teardown(test_startup_bad, no_errors),
        cmocka_unit_test_teardown(test_frames, no_errors),
        cmocka_unit_test_teardown(test_bind, no_errors),
        cmocka_unit_test_teardown(test_others, no_errors),
        cmocka_unit_test_teardown(test_fuzz, no_errors),
        cmocka_unit_test_teardown(test_backend, no_errors),
        cmocka_unit_test_teardown(test_error_fields, no_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
