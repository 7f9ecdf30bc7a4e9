/* Values as text and in binary. Byte 0: the type; byte 1: text or binary, style, type modifier;
 * then the value. What has been read must print, and read again as an equal value with an equal
 * hash and key; the tuple and the binary form must give it back, too. */
#include "types/datetime.h"
#include "types/key.h"
#include "types/tuple.h"
#include "types/type.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint32_t types[] = {
    NUMERIC_OID,   TIMESTAMP_OID,  TIMESTAMPTZ_OID,   INTERVAL_OID,     JSON_OID,
    JSONB_OID,     INT4ARRAY_OID,  TEXTARRAY_OID,     NUMERICARRAY_OID, DATE_OID,
    TIME_OID,      TIMETZ_OID,     BOOL_OID,          BYTEA_OID,        CHAR_OID,
    NAME_OID,      INT8_OID,       INT2_OID,          INT4_OID,         INT2VECTOR_OID,
    OIDVECTOR_OID, TEXT_OID,       OID_OID,           TID_OID,          XID_OID,
    FLOAT4_OID,    FLOAT8_OID,     BPCHAR_OID,        VARCHAR_OID,      UUID_OID,
    XID8_OID,      JSONBARRAY_OID, INTERVALARRAY_OID, BYTEAARRAY_OID,   TIMESTAMPTZARRAY_OID};

static struct arena arena;

static void fail(const struct type_ops *t, const char *what)
{
    fprintf(stderr, "%s: %s\n", t->name, what);
    abort();
}

static void must_equal(const struct type_ops *t, struct datum a, struct datum b, const char *what)
{
    if (!t->compare)
        return;
    if (t->compare(t, a, b) != 0 || t->compare(t, b, a) != 0)
        fail(t, what);
    if (t->hash && t->hash(t, a) != t->hash(t, b))
        fail(t, "equal values hash differently");
    if (!t->key)
        return;
    struct buf ka = BUF_INIT;
    struct buf kb = BUF_INIT;
    key_put(&ka, t, a, false, false);
    key_put(&kb, t, b, false, false);
    if (!str_eq(buf_str(&ka), buf_str(&kb)))
        fail(t, "equal values have different keys");
    buf_done(&ka);
    buf_done(&kb);
}

static void through_tuple(const struct type_ops *t, struct datum d)
{
    struct buf b = BUF_INIT;
    struct datum again;
    int8_t len = type_tuple_len(t);
    tuple_encode(&len, 1, &d, &b);
    if (tuple_decode(buf_str(&b), &len, 1, NULL, &again))
        fail(t, "its tuple does not decode");
    must_equal(t, d, again, "another value comes out of the tuple");
    buf_done(&b);
}

static void through_text(const struct type_ops *t, const struct type_env *env, struct datum d)
{
    struct buf b = BUF_INIT;
    struct datum again;
    if (t->out(t, env, d, &b) || b.failed)
        fail(t, "it does not print");
    if (t->in(t, env, buf_str(&b), -1, &arena, &again)) {
        fprintf(stderr, "%.*s\n", (int)b.len, (const char *)b.data);
        fail(t, "what it prints does not read");
    }
    must_equal(t, d, again, "another value comes out of the text");
    buf_done(&b);
}

static void through_binary(const struct type_ops *t, const struct type_env *env, struct datum d)
{
    struct buf b = BUF_INIT;
    struct datum again;
    if (t->send && t->recv) {
        if (t->send(t, env, d, &b) || b.failed)
            fail(t, "it has no binary form");
        if (t->recv(t, env, buf_str(&b), -1, &arena, &again))
            fail(t, "its binary form does not read");
        must_equal(t, d, again, "another value comes out of the binary form");
    }
    buf_done(&b);
}

static struct err *read_value(const struct type_ops *t, const struct type_env *env, uint8_t how,
                              struct str value, struct datum *out)
{
    static const int32_t mods[] = {-1, 4, 5 << 16 | (2 + 4), 10, 0x7fff0003};
    int32_t typmod = mods[(how >> 3) % 5];
    bool interval = t->oid == INTERVAL_OID;
    if (how & 1)
        return t->recv ? t->recv(t, env, value, -1, &arena, out)
                       : err_new("42883", "no binary form");
    TRY(t->in(t, env, value, interval && (how & 2) ? typmod : -1, &arena, out));
    if (typmod > 0 && !interval && (how & 2) && !t->elem)
        TRY(type_apply_typmod(t, *out, typmod, how & 4, &arena, out));
    return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    const struct type_ops *t = type_by_oid(types[data[0] % (sizeof(types) / sizeof(*types))]);
    struct type_env env = {.extra_float_digits = 1, .date_style = (enum date_style)(data[1] >> 6)};
    env.tz = tz_find(str_from("America/New_York"));
    struct datum d;
    arena_init(&arena);
    char *copy = malloc(size - 2 + (size == 2)); /* reads behind it show */
    if (!copy)
        abort();
    memcpy(copy, data + 2, size - 2);
    struct err *e = read_value(t, &env, data[1], str_make(copy, size - 2), &d);
    /* As in PostgreSQL, timetz takes a zone as text that its other forms have no room for. */
    if (!e && t->oid == TIMETZ_OID)
        through_tuple(t, d);
    else if (!e) {
        through_tuple(t, d);
        through_binary(t, &env, d);
        if (env.date_style == DATE_STYLE_ISO)
            through_text(t, &env, d);
    }
    err_free(e);
    free(copy);
    arena_done(&arena);
    return 0;
}
