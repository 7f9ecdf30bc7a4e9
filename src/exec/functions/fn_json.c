/* Functions and operators of the type json, and those that render SQL values as json. */
#include "exec/functions/fn_internal.h"
#include "exec/functions/json_render.h"
#include "exec/functions/json_text.h"

#include "types/array.h"

static struct err *give_slice(struct fn_call *c, const struct json_slice *v, bool found, bool text,
                              struct datum *out)
{
    if (!found)
        return give_null(out);
    if (text)
        return json_as_text(v, c->arena, out);
    return give_str(v->text, out);
}

static struct err *field(struct fn_call *c, bool text, struct datum *out)
{
    struct json_slice v;
    bool found;
    TRY(json_member(ARG_STR(0), ARG_STR(1), &v, &found));
    return give_slice(c, &v, found, text, out);
}

static struct err *element(struct fn_call *c, bool text, struct datum *out)
{
    struct json_slice v;
    bool found;
    TRY(json_at(ARG_STR(0), ARG_I(1), &v, &found));
    return give_slice(c, &v, found, text, out);
}

FN(json_object_field)
{
    return field(c, false, out);
}

FN(json_object_field_text)
{
    return field(c, true, out);
}

FN(json_array_element)
{
    return element(c, false, out);
}

FN(json_array_element_text)
{
    return element(c, true, out);
}

static struct err *path(struct fn_call *c, bool text, struct datum *out)
{
    struct array a;
    TRY(array_open(c->args[1], &a));
    struct json_slice v;
    bool found = true;
    TRY(json_whole(ARG_STR(0), &v));
    for (uint32_t i = 0; i < a.nitems && found; i++) {
        struct datum step = array_get(&a, i);
        int64_t index;
        if (step.null)
            return give_null(out);
        if (v.kind == JSON_OBJECT_BEGIN)
            TRY(json_member(v.text, datum_as_str(step), &v, &found));
        else if (v.kind == JSON_ARRAY_BEGIN && json_index_text(datum_as_str(step), &index))
            TRY(json_at(v.text, index, &v, &found));
        else
            found = false;
    }
    return give_slice(c, &v, found, text, out);
}

FN(json_extract_path)
{
    return path(c, false, out);
}

FN(json_extract_path_text)
{
    return path(c, true, out);
}

FN(json_typeof)
{
    struct json_slice v;
    TRY(json_whole(ARG_STR(0), &v));
    static const char *const names[] = {[JSON_OBJECT_BEGIN] = "object",
                                        [JSON_ARRAY_BEGIN] = "array",
                                        [JSON_STRING] = "string",
                                        [JSON_NUMBER] = "number",
                                        [JSON_TRUE] = "boolean",
                                        [JSON_FALSE] = "boolean",
                                        [JSON_NULL] = "null"};
    return give_str(str_from(names[v.kind]), out);
}

FN(json_array_length)
{
    struct json_slice v;
    TRY(json_whole(ARG_STR(0), &v));
    if (v.kind == JSON_OBJECT_BEGIN)
        return err_new("22023", "cannot get array length of a non-array");
    if (v.kind != JSON_ARRAY_BEGIN)
        return err_new("22023", "cannot get array length of a scalar");
    int64_t n;
    TRY(json_count(v.text, &n));
    return give_int(n, out);
}

/* A string token with its escapes resolved and made anew. */
static struct err *put_normalized(struct str token, struct buf *out)
{
    struct buf b = BUF_INIT;
    struct err *e = json_unescape(token, &b);
    if (!e)
        json_put_string(out, buf_str(&b));
    buf_done(&b);
    return e;
}

/* Copies the text without fields whose value is null. */
static struct err *strip_nulls(struct str text, struct buf *out)
{
    struct json_reader r;
    json_reader_init(&r, text);
    struct err *e;
    struct str key = {0};
    bool comma = false;
    for (;;) {
        enum json_event ev;
        struct str token;
        e = json_next(&r, &ev, &token);
        if (e || ev == JSON_END)
            break;
        if (ev == JSON_OBJECT_END || ev == JSON_ARRAY_END) {
            buf_put_u8(out, ev == JSON_OBJECT_END ? '}' : ']');
            comma = true;
            continue;
        }
        if (ev == JSON_KEY) {
            key = token;
            continue;
        }
        if (ev == JSON_NULL && key.data) {
            key = (struct str){0};
            continue;
        }
        if (comma)
            buf_put_u8(out, ',');
        if (key.data) {
            e = put_normalized(key, out);
            buf_put_u8(out, ':');
            key = (struct str){0};
        }
        if (!e && ev == JSON_STRING)
            e = put_normalized(token, out);
        else
            buf_put_str(out, token);
        if (e)
            break;
        comma = ev != JSON_OBJECT_BEGIN && ev != JSON_ARRAY_BEGIN;
    }
    json_reader_done(&r);
    return e;
}

FN(json_strip_nulls)
{
    struct buf b = BUF_INIT;
    struct err *e = strip_nulls(ARG_STR(0), &b);
    if (!e)
        return give_buf(c, &b, out);
    buf_done(&b);
    return e;
}

/* Rendering */

static struct err *render_arg(struct fn_call *c, bool feeds, struct datum *out)
{
    const struct type_ops *t;
    TRY(arg_type(c, 0, &t));
    struct buf b = BUF_INIT;
    struct err *e = json_render(c, t, c->args[0], feeds, &b);
    if (!e)
        return give_buf(c, &b, out);
    buf_done(&b);
    return e;
}

FN(to_json)
{
    return render_arg(c, false, out);
}

FN(to_json_pretty)
{
    return render_arg(c, ARG_I(1), out);
}

/* The arguments of json_build_*: each, or the elements of the VARIADIC array. */
static struct err *collect(struct fn_call *c, struct array_items *values,
                           const struct type_ops ***types)
{
    if (c->variadic) {
        struct array a;
        const struct type_ops *elem;
        TRY(array_open(c->args[0], &a));
        TRY(known_type(c, a.elem_oid, &elem));
        *types = arena_try_alloc(c->arena, sizeof(**types) * (a.nitems + 1));
        if (!*types)
            return err_oom();
        for (uint32_t i = 0; i < a.nitems; i++) {
            (*types)[i] = elem;
            TRY(array_items_add(values, c->arena, array_get(&a, i)));
        }
        return NULL;
    }
    *types = arena_try_alloc(c->arena, sizeof(**types) * ((size_t)c->nargs + 1));
    if (!*types)
        return err_oom();
    for (int i = 0; i < c->nargs; i++) {
        TRY(arg_type(c, i, &(*types)[i]));
        TRY(array_items_add(values, c->arena, c->args[i]));
    }
    return NULL;
}

static struct err *build_array(struct fn_call *c, struct buf *b)
{
    struct array_items values = {0};
    const struct type_ops **types;
    TRY(collect(c, &values, &types));
    buf_put_u8(b, '[');
    for (uint32_t i = 0; i < values.count; i++) {
        if (i)
            buf_put_c(b, ", ");
        TRY(json_render(c, types[i], values.items[i], false, b));
    }
    buf_put_u8(b, ']');
    return NULL;
}

static struct err *build_object(struct fn_call *c, struct buf *b)
{
    struct array_items values = {0};
    const struct type_ops **types;
    TRY(collect(c, &values, &types));
    if (values.count % 2)
        return err_hint(err_new("22023", "argument list must have even number of elements"),
                        "The arguments of json_build_object() must consist of alternating keys "
                        "and values.");
    buf_put_u8(b, '{');
    for (uint32_t i = 0; i < values.count; i += 2) {
        if (i)
            buf_put_c(b, ", ");
        if (values.items[i].null)
            return err_hint(err_new("22023", "argument %u cannot be null", i + 1),
                            "Object keys should be text.");
        TRY(json_render_key(c, types[i], values.items[i], b));
        buf_put_c(b, " : ");
        TRY(json_render(c, types[i + 1], values.items[i + 1], false, b));
    }
    buf_put_u8(b, '}');
    return NULL;
}

static struct err *built(struct fn_call *c, struct err *(*build)(struct fn_call *, struct buf *),
                         struct datum *out)
{
    if (c->variadic && c->args[0].null)
        return give_null(out);
    struct buf b = BUF_INIT;
    struct err *e = build(c, &b);
    if (!e)
        return give_buf(c, &b, out);
    buf_done(&b);
    return e;
}

FN(json_build_array)
{
    return built(c, build_array, out);
}

FN(json_build_object)
{
    return built(c, build_object, out);
}

FN(json_build_array_noargs)
{
    return give_str(STR("[]"), out);
}

FN(json_build_object_noargs)
{
    return give_str(STR("{}"), out);
}

/* json_object(text[]), json_object(text[], text[]) */

struct err *json_object_pairs(struct fn_call *c, struct array_items *list)
{
    struct array keys, values;
    TRY(array_open(c->args[0], &keys));
    if (c->nargs > 1) {
        TRY(array_open(c->args[1], &values));
        if (keys.ndim > 1 || keys.ndim != values.ndim)
            return err_new("2202E", "wrong number of array subscripts");
        if (keys.nitems != values.nitems)
            return err_new("2202E", "mismatched array dimensions");
    } else if (keys.ndim == 1 && keys.nitems % 2) {
        return err_new("2202E", "array must have even number of elements");
    } else if (keys.ndim == 2 && keys.dims[1] != 2) {
        return err_new("2202E", "array must have two columns");
    } else if (keys.ndim > 2) {
        return err_new("2202E", "wrong number of array subscripts");
    }
    for (uint32_t i = 0; i < keys.nitems; i++) {
        bool is_key = c->nargs > 1 || i % 2 == 0;
        struct datum d = array_get(&keys, i);
        if (is_key && d.null)
            return err_new("22004", "null value not allowed for object key");
        TRY(array_items_add(list, c->arena, d));
        if (c->nargs > 1)
            TRY(array_items_add(list, c->arena, array_get(&values, i)));
    }
    return NULL;
}

FN(json_object)
{
    struct array_items list = {0};
    TRY(json_object_pairs(c, &list));
    struct buf b = BUF_INIT;
    buf_put_u8(&b, '{');
    for (uint32_t i = 0; i < list.count; i += 2) {
        if (i)
            buf_put_c(&b, ", ");
        json_put_string(&b, datum_as_str(list.items[i]));
        buf_put_c(&b, " : ");
        if (list.items[i + 1].null)
            buf_put_c(&b, "null");
        else
            json_put_string(&b, datum_as_str(list.items[i + 1]));
    }
    buf_put_u8(&b, '}');
    return give_buf(c, &b, out);
}

const struct fn_entry fn_json_table[] = {
    ENTRY(json_object_field),
    ENTRY(json_object_field_text),
    ENTRY(json_array_element),
    ENTRY(json_array_element_text),
    ENTRY(json_extract_path),
    ENTRY(json_extract_path_text),
    ENTRY(json_typeof),
    ENTRY(json_array_length),
    ENTRY(json_strip_nulls),
    ENTRY(to_json),
    {"row_to_json", f_to_json},
    {"array_to_json", f_to_json},
    {"row_to_json_pretty", f_to_json_pretty},
    {"array_to_json_pretty", f_to_json_pretty},
    ENTRY(json_build_array),
    ENTRY(json_build_object),
    ENTRY(json_build_array_noargs),
    ENTRY(json_build_object_noargs),
    ENTRY(json_object),
    {"json_object_two_arg", f_json_object},
};
TABLE_END(fn_json);
