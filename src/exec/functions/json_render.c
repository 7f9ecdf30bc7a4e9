/* Values of any SQL type as JSON: see json_render.h. Recursion follows the nesting of types, which
 * is shallow, not that of data. */
#include "exec/functions/json_render.h"

#include "exec/functions/fn_internal.h"
#include "types/array.h"
#include "types/datetime.h"
#include "types/json.h"
#include "types/numeric.h"
#include "types/record.h"

enum json_category json_category_of(const struct type_ops *t)
{
    switch (t->oid) {
    case BOOL_OID:
        return JSON_CAT_BOOL;
    case INT2_OID:
    case INT4_OID:
    case INT8_OID:
    case FLOAT4_OID:
    case FLOAT8_OID:
    case NUMERIC_OID:
        return JSON_CAT_NUMBER;
    case DATE_OID:
        return JSON_CAT_DATE;
    case TIMESTAMP_OID:
        return JSON_CAT_TIMESTAMP;
    case TIMESTAMPTZ_OID:
        return JSON_CAT_TIMESTAMPTZ;
    case JSON_OID:
        return JSON_CAT_JSON;
    case JSONB_OID:
        return JSON_CAT_JSONB;
    case INT2VECTOR_OID:
    case OIDVECTOR_OID:
        return JSON_CAT_ARRAY;
    case RECORD_OID:
        return JSON_CAT_RECORD;
    default:
        if (t->elem)
            return JSON_CAT_ARRAY;
        return type_is_record(t) ? JSON_CAT_RECORD : JSON_CAT_OTHER;
    }
}

/* Dates and times in ISO 8601 whatever DateStyle says. */
static void put_iso(struct fn_call *c, enum json_category cat, struct datum d, struct buf *out)
{
    if (cat == JSON_CAT_DATE)
        date_print(NULL, (int32_t)d.i, out);
    else if (cat == JSON_CAT_TIMESTAMP)
        timestamp_print_iso(d.i, out);
    else
        timestamptz_print_iso(c->env, d.i, out);
}

static bool is_number_text(struct str s)
{
    /* NaN and infinities are the only forms that JSON does not know. */
    return s.len && (s.data[s.len - 1] >= '0' && s.data[s.len - 1] <= '9');
}

static struct err *put_number(struct fn_call *c, const struct type_ops *t, struct datum d,
                              struct buf *out)
{
    size_t start = out->len;
    TRY(put_text(c, t, d, out));
    if (out->failed || is_number_text(str_make(out->data + start, out->len - start)))
        return NULL;
    size_t len = out->len - start;
    if (buf_reserve(out, 2)) {
        memmove(out->data + start + 1, out->data + start, len);
        out->data[start] = out->data[start + len + 1] = '"';
        out->len += 2;
    }
    return NULL;
}

static struct err *put_other(struct fn_call *c, const struct type_ops *t, struct datum d,
                             struct buf *out)
{
    bool is_text = t->oid == TEXT_OID || t->oid == VARCHAR_OID || t->oid == BPCHAR_OID ||
                   t->oid == NAME_OID || t->oid == UNKNOWN_OID;
    if (is_text) {
        json_put_string(out, datum_as_str(d));
        return NULL;
    }
    struct buf text = BUF_INIT;
    struct err *e = put_text(c, t, d, &text);
    if (!e)
        e = buf_finish(&text);
    if (!e)
        json_put_string(out, buf_str(&text));
    buf_done(&text);
    return e;
}

static struct err *put_array(struct fn_call *c, struct datum d, bool feeds, struct buf *out)
{
    struct array a;
    TRY(array_open(d, &a));
    const struct type_ops *elem;
    TRY(known_type(c, a.elem_oid, &elem));
    if (a.nitems == 0) {
        buf_put_c(out, "[]");
        return NULL;
    }
    int32_t left[ARRAY_MAX_DIMS];
    int open = 0;
    for (uint32_t i = 0; i < a.nitems; i++) {
        while (open < a.ndim) {
            left[open] = a.dims[open];
            buf_put_u8(out, '[');
            open++;
        }
        TRY(json_render(c, elem, array_get(&a, i), false, out));
        while (open && --left[open - 1] == 0) {
            buf_put_u8(out, ']');
            open--;
        }
        if (open)
            buf_put_c(out, feeds && open == 1 ? ",\n " : ",");
    }
    return NULL;
}

static struct err *put_record(struct fn_call *c, struct datum d, bool feeds, struct buf *out)
{
    struct record_view r;
    TRY(record_view(c->env, d, c->arena, &r));
    buf_put_u8(out, '{');
    for (int i = 0; i < r.nfields; i++) {
        if (i)
            buf_put_c(out, feeds ? ",\n " : ",");
        json_put_string(out, r.names[i]);
        buf_put_u8(out, ':');
        TRY(json_render(c, r.types[i], r.values[i], false, out));
    }
    buf_put_u8(out, '}');
    return NULL;
}

struct err *json_render(struct fn_call *c, const struct type_ops *t, struct datum d, bool feeds,
                        struct buf *out)
{
    enum json_category cat = d.null ? JSON_CAT_NULL : json_category_of(t);
    switch (cat) {
    case JSON_CAT_NULL:
        buf_put_c(out, "null");
        return NULL;
    case JSON_CAT_BOOL:
        buf_put_c(out, d.i ? "true" : "false");
        return NULL;
    case JSON_CAT_NUMBER:
        return put_number(c, t, d, out);
    case JSON_CAT_DATE:
    case JSON_CAT_TIMESTAMP:
    case JSON_CAT_TIMESTAMPTZ:
        buf_put_u8(out, '"');
        put_iso(c, cat, d, out);
        buf_put_u8(out, '"');
        return NULL;
    case JSON_CAT_JSON:
    case JSON_CAT_JSONB:
        return put_text(c, t, d, out);
    case JSON_CAT_ARRAY:
        return put_array(c, d, feeds, out);
    case JSON_CAT_RECORD:
        return put_record(c, d, feeds, out);
    case JSON_CAT_OTHER:
        return put_other(c, t, d, out);
    }
    UNREACHABLE();
}

static struct err *bad_key(void)
{
    return err_new("22023", "key value must be scalar, not array, composite, or json");
}

/* The text of a key. */
static struct err *key_text(struct fn_call *c, const struct type_ops *t, struct datum d,
                            struct buf *out)
{
    enum json_category cat = json_category_of(t);
    switch (cat) {
    case JSON_CAT_JSON:
    case JSON_CAT_JSONB:
    case JSON_CAT_ARRAY:
    case JSON_CAT_RECORD:
        return bad_key();
    case JSON_CAT_BOOL:
        buf_put_c(out, d.i ? "true" : "false");
        return NULL;
    case JSON_CAT_DATE:
    case JSON_CAT_TIMESTAMP:
    case JSON_CAT_TIMESTAMPTZ:
        put_iso(c, cat, d, out);
        return NULL;
    case JSON_CAT_NULL:
    case JSON_CAT_NUMBER:
    case JSON_CAT_OTHER:
        return put_text(c, t, d, out);
    }
    UNREACHABLE();
}

struct err *json_render_key(struct fn_call *c, const struct type_ops *t, struct datum d,
                            struct buf *out)
{
    struct buf text = BUF_INIT;
    struct err *e = key_text(c, t, d, &text);
    if (!e)
        e = buf_finish(&text);
    if (!e)
        json_put_string(out, buf_str(&text));
    buf_done(&text);
    return e;
}

/* jsonb */

static struct err *kept(struct jsonb_builder *b, struct str s, struct str *out)
{
    char *p = arena_try_alloc(b->arena, s.len);
    if (!p)
        return err_oom();
    if (s.len)
        memcpy(p, s.data, s.len);
    *out = str_make(p, s.len);
    return NULL;
}

static struct err *render_number(struct fn_call *c, const struct type_ops *t, struct datum d,
                                 struct jsonb_builder *b)
{
    struct datum n;
    if (t->oid == NUMERIC_OID) {
        struct str s = {0};
        TRY(kept(b, datum_as_str(d), &s));
        n = datum_str(s);
    } else if (t->oid == FLOAT8_OID || t->oid == FLOAT4_OID) {
        struct buf text = BUF_INIT;
        struct err *e = put_text(c, t, d, &text);
        if (!e)
            e = numeric_parse(buf_str(&text), b->arena, &n);
        buf_done(&text);
        TRY(e);
    } else {
        n = numeric_from_int64(d.i, b->arena);
    }
    if (!numeric_is_special(n)) {
        jsonb_put_number(b, n);
        return NULL;
    }
    bool nan = numeric_is_nan(n);
    jsonb_put_string(b, nan                      ? STR("NaN")
                        : numeric_sign_of(n) > 0 ? STR("Infinity")
                                                 : STR("-Infinity"));
    return NULL;
}

static struct err *render_array(struct fn_call *c, struct datum d, struct jsonb_builder *b)
{
    struct array a;
    TRY(array_open(d, &a));
    const struct type_ops *elem;
    TRY(known_type(c, a.elem_oid, &elem));
    int32_t left[ARRAY_MAX_DIMS];
    int open = 0;
    if (a.nitems == 0) {
        jsonb_begin(b, false);
        jsonb_end(b);
    }
    for (uint32_t i = 0; i < a.nitems; i++) {
        while (open < a.ndim) {
            left[open] = a.dims[open];
            jsonb_begin(b, false);
            open++;
        }
        TRY(jsonb_render(c, elem, array_get(&a, i), b));
        while (open && --left[open - 1] == 0) {
            jsonb_end(b);
            open--;
        }
    }
    return NULL;
}

static struct err *render_record(struct fn_call *c, struct datum d, struct jsonb_builder *b)
{
    struct record_view r;
    TRY(record_view(c->env, d, c->arena, &r));
    jsonb_begin(b, true);
    for (int i = 0; i < r.nfields; i++) {
        struct str name;
        TRY(kept(b, r.names[i], &name));
        jsonb_put_key(b, name);
        TRY(jsonb_render(c, r.types[i], r.values[i], b));
    }
    jsonb_end(b);
    return NULL;
}

static struct err *render_text(struct jsonb_builder *b, struct buf *text, struct err *e,
                               struct str *out)
{
    if (!e)
        e = buf_finish(text);
    if (!e)
        e = kept(b, buf_str(text), out);
    buf_done(text);
    return e;
}

struct err *jsonb_render(struct fn_call *c, const struct type_ops *t, struct datum d,
                         struct jsonb_builder *b)
{
    struct buf text = BUF_INIT;
    struct str s = {0};
    enum json_category cat = d.null ? JSON_CAT_NULL : json_category_of(t);
    switch (cat) {
    case JSON_CAT_NULL:
        jsonb_put_null(b);
        return NULL;
    case JSON_CAT_BOOL:
        jsonb_put_bool(b, d.i);
        return NULL;
    case JSON_CAT_NUMBER:
        return render_number(c, t, d, b);
    case JSON_CAT_DATE:
    case JSON_CAT_TIMESTAMP:
    case JSON_CAT_TIMESTAMPTZ:
        put_iso(c, cat, d, &text);
        TRY(render_text(b, &text, NULL, &s));
        jsonb_put_string(b, s);
        return NULL;
    case JSON_CAT_JSON:
        TRY(kept(b, datum_as_str(d), &s));
        jsonb_put_json(b, s);
        return NULL;
    case JSON_CAT_JSONB: {
        struct jsonb v;
        TRY(kept(b, datum_as_str(d), &s));
        TRY(jsonb_open(datum_str(s), &v));
        jsonb_put(b, &v);
        return NULL;
    }
    case JSON_CAT_ARRAY:
        return render_array(c, d, b);
    case JSON_CAT_RECORD:
        return render_record(c, d, b);
    case JSON_CAT_OTHER:
        TRY(render_text(b, &text, put_text(c, t, d, &text), &s));
        jsonb_put_string(b, s);
        return NULL;
    }
    UNREACHABLE();
}

struct err *jsonb_render_key(struct fn_call *c, const struct type_ops *t, struct datum d,
                             struct jsonb_builder *b)
{
    struct buf text = BUF_INIT;
    struct str s = {0};
    TRY(render_text(b, &text, key_text(c, t, d, &text), &s));
    jsonb_put_key(b, s);
    return NULL;
}
