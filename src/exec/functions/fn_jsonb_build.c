/* Functions that make jsonb from SQL values, and casts from jsonb to them. */
#include "exec/functions/fn_internal.h"
#include "exec/functions/json_render.h"

#include "types/array.h"
#include "types/numeric.h"

/* Finishes a builder even when rendering failed, so that nothing leaks. */
static struct err *finished(struct jsonb_builder *b, struct err *e, struct datum *out)
{
    struct datum d;
    if (e) {
        err_free(b->error);
        b->error = NULL;
        return e;
    }
    TRY(jsonb_finish(b, &d));
    *out = d;
    return NULL;
}

FN(to_jsonb)
{
    const struct type_ops *t;
    TRY(arg_type(c, 0, &t));
    struct jsonb_builder b;
    jsonb_build_init(&b, c->arena);
    return finished(&b, jsonb_render(c, t, c->args[0], &b), out);
}

struct values {
    struct fn_call *c;
    bool is_array;
    struct array array;
    const struct type_ops *elem;
    uint32_t count;
};

static struct err *values_open(struct fn_call *c, struct values *v)
{
    *v = (struct values){.c = c, .count = (uint32_t)c->nargs};
    if (!c->variadic)
        return NULL;
    v->is_array = true;
    TRY(array_open(c->args[0], &v->array));
    v->count = v->array.nitems;
    return known_type(c, v->array.elem_oid, &v->elem);
}

static struct err *value_at(struct values *v, uint32_t i, const struct type_ops **t,
                            struct datum *d)
{
    if (v->is_array) {
        *t = v->elem;
        *d = array_get(&v->array, i);
        return NULL;
    }
    *d = v->c->args[i];
    return arg_type(v->c, (int)i, t);
}

static struct err *build(struct fn_call *c, bool object, struct jsonb_builder *b)
{
    struct values v;
    TRY(values_open(c, &v));
    if (object && v.count % 2)
        return err_hint(err_new("22023", "argument list must have even number of elements"),
                        "The arguments of jsonb_build_object() must consist of alternating keys "
                        "and values.");
    jsonb_begin(b, object);
    for (uint32_t i = 0; i < v.count; i++) {
        const struct type_ops *t;
        struct datum d;
        TRY(value_at(&v, i, &t, &d));
        if (!object || i % 2) {
            TRY(jsonb_render(c, t, d, b));
            continue;
        }
        if (d.null)
            return err_new("22023", "argument %u: key must not be null", i + 1);
        TRY(jsonb_render_key(c, t, d, b));
    }
    jsonb_end(b);
    return NULL;
}

static struct err *built(struct fn_call *c, bool object, struct datum *out)
{
    if (c->variadic && c->args[0].null)
        return give_null(out);
    struct jsonb_builder b;
    jsonb_build_init(&b, c->arena);
    return finished(&b, build(c, object, &b), out);
}

FN(jsonb_build_array)
{
    return built(c, false, out);
}

FN(jsonb_build_object)
{
    return built(c, true, out);
}

FN(jsonb_object)
{
    struct array_items list = {0};
    TRY(json_object_pairs(c, &list));
    struct jsonb_builder b;
    jsonb_build_init(&b, c->arena);
    jsonb_begin(&b, true);
    for (uint32_t i = 0; i < list.count; i += 2) {
        jsonb_put_key(&b, datum_as_str(list.items[i]));
        if (list.items[i + 1].null)
            jsonb_put_null(&b);
        else
            jsonb_put_string(&b, datum_as_str(list.items[i + 1]));
    }
    jsonb_end(&b);
    return finished(&b, NULL, out);
}

/* Casts from scalars inside jsonb. */

static struct err *cannot_cast(const struct jsonb *v, const char *to)
{
    const char *kind = v->kind == JSONB_NUMBER ? "numeric" : jsonb_kind_name(v->kind);
    return err_new("22023", "cannot cast jsonb %s to type %s", kind, to);
}

FN(jsonb_bool)
{
    struct jsonb v;
    TRY(jsonb_open(c->args[0], &v));
    if (v.kind != JSONB_TRUE && v.kind != JSONB_FALSE)
        return cannot_cast(&v, "boolean");
    return give_bool(v.kind == JSONB_TRUE, out);
}

static struct err *number_in(struct fn_call *c, const char *to, struct datum *out)
{
    struct jsonb v;
    TRY(jsonb_open(c->args[0], &v));
    if (v.kind != JSONB_NUMBER)
        return cannot_cast(&v, to);
    *out = jsonb_number(&v);
    return NULL;
}

FN(jsonb_numeric)
{
    return number_in(c, "numeric", out);
}

static struct err *int_in(struct fn_call *c, int64_t min, int64_t max, const char *name,
                          struct datum *out)
{
    struct datum n;
    int64_t v;
    TRY(number_in(c, name, &n));
    TRY(numeric_to_int(n, min, max, name, &v));
    return give_int(v, out);
}

FN(jsonb_int2)
{
    return int_in(c, INT16_MIN, INT16_MAX, "smallint", out);
}

FN(jsonb_int4)
{
    return int_in(c, INT32_MIN, INT32_MAX, "integer", out);
}

FN(jsonb_int8)
{
    return int_in(c, INT64_MIN, INT64_MAX, "bigint", out);
}

FN(jsonb_float4)
{
    struct datum n;
    float v;
    TRY(number_in(c, "real", &n));
    TRY(numeric_to_float(n, &v));
    *out = datum_f32(v);
    return NULL;
}

FN(jsonb_float8)
{
    struct datum n;
    double v;
    TRY(number_in(c, "double precision", &n));
    TRY(numeric_to_double(n, &v));
    *out = datum_f64(v);
    return NULL;
}

const struct fn_entry fn_jsonb_build_table[] = {
    ENTRY(to_jsonb),
    ENTRY(jsonb_build_array),
    ENTRY(jsonb_build_object),
    {"jsonb_build_array_noargs", f_jsonb_build_array},
    {"jsonb_build_object_noargs", f_jsonb_build_object},
    ENTRY(jsonb_object),
    {"jsonb_object_two_arg", f_jsonb_object},
    ENTRY(jsonb_bool),
    ENTRY(jsonb_numeric),
    ENTRY(jsonb_int2),
    ENTRY(jsonb_int4),
    ENTRY(jsonb_int8),
    ENTRY(jsonb_float4),
    ENTRY(jsonb_float8),
};
TABLE_END(fn_jsonb_build);
