/* Operators and functions that read jsonb: access, containment, existence, printing. */
#include "exec/functions/fn_internal.h"
#include "exec/functions/json_text.h"

#include "types/array.h"
#include "types/jsonb.h"
#include "types/numeric.h"

static struct err *give_value(struct fn_call *c, const struct jsonb *v, bool text,
                              struct datum *out)
{
    if (!text)
        return jsonb_datum(v, c->arena, out);
    if (v->kind == JSONB_NULL)
        return give_null(out);
    if (v->kind == JSONB_STRING)
        return give_str(jsonb_str(v), out);
    struct buf b = BUF_INIT;
    jsonb_print(v, false, &b);
    return give_buf(c, &b, out);
}

static struct err *field(struct fn_call *c, bool text, struct datum *out)
{
    struct jsonb o, v;
    TRY(jsonb_open(c->args[0], &o));
    return jsonb_find(&o, ARG_STR(1), &v) ? give_value(c, &v, text, out) : give_null(out);
}

static bool element_at(const struct jsonb *a, int64_t i, struct jsonb *out)
{
    if (a->kind != JSONB_ARRAY)
        return false;
    if (i < 0)
        i += a->count;
    if (i < 0 || i >= a->count)
        return false;
    *out = jsonb_element(a, (uint32_t)i);
    return true;
}

static struct err *element(struct fn_call *c, bool text, struct datum *out)
{
    struct jsonb a, v;
    TRY(jsonb_open(c->args[0], &a));
    /* An outermost scalar counts as an array of itself. */
    if (jsonb_is_scalar(&a) && (ARG_I(1) == 0 || ARG_I(1) == -1))
        return give_value(c, &a, text, out);
    return element_at(&a, ARG_I(1), &v) ? give_value(c, &v, text, out) : give_null(out);
}

FN(jsonb_object_field)
{
    return field(c, false, out);
}

FN(jsonb_object_field_text)
{
    return field(c, true, out);
}

FN(jsonb_array_element)
{
    return element(c, false, out);
}

FN(jsonb_array_element_text)
{
    return element(c, true, out);
}

static struct err *path(struct fn_call *c, bool text, struct datum *out)
{
    struct array a;
    struct jsonb v;
    TRY(array_open(c->args[1], &a));
    TRY(jsonb_open(c->args[0], &v));
    for (uint32_t i = 0; i < a.nitems; i++) {
        struct datum step = array_get(&a, i);
        int64_t index;
        struct jsonb next;
        bool found = false;
        if (step.null)
            return give_null(out);
        if (v.kind == JSONB_OBJECT)
            found = jsonb_find(&v, datum_as_str(step), &next);
        else if (json_index_text(datum_as_str(step), &index))
            found = element_at(&v, index, &next);
        if (!found)
            return give_null(out);
        v = next;
    }
    return give_value(c, &v, text, out);
}

FN(jsonb_extract_path)
{
    return path(c, false, out);
}

FN(jsonb_extract_path_text)
{
    return path(c, true, out);
}

/* Existence of keys, or of strings in an array. */

static bool exists(const struct jsonb *v, struct str key)
{
    struct jsonb found;
    if (v->kind == JSONB_OBJECT)
        return jsonb_find(v, key, &found);
    if (v->kind == JSONB_STRING)
        return str_eq(jsonb_str(v), key);
    for (uint32_t i = 0; v->kind == JSONB_ARRAY && i < v->count; i++) {
        struct jsonb e = jsonb_element(v, i);
        if (e.kind == JSONB_STRING && str_eq(jsonb_str(&e), key))
            return true;
    }
    return false;
}

FN(jsonb_exists)
{
    struct jsonb v;
    TRY(jsonb_open(c->args[0], &v));
    return give_bool(exists(&v, ARG_STR(1)), out);
}

static struct err *exists_list(struct fn_call *c, bool all, struct datum *out)
{
    struct jsonb v;
    struct array a;
    TRY(jsonb_open(c->args[0], &v));
    TRY(array_open(c->args[1], &a));
    for (uint32_t i = 0; i < a.nitems; i++) {
        struct datum key = array_get(&a, i);
        if (!key.null && exists(&v, datum_as_str(key)) != all)
            return give_bool(!all, out);
    }
    return give_bool(all, out);
}

FN(jsonb_exists_any)
{
    return exists_list(c, false, out);
}

FN(jsonb_exists_all)
{
    return exists_list(c, true, out);
}

/* Containment recurses with the nesting of the right side; a fiber's stack bounds that. */
enum { MAX_CONTAIN_DEPTH = 256 };

static struct err *contains(const struct jsonb *a, const struct jsonb *b, int depth, bool *out);

static bool same_scalar(const struct jsonb *a, const struct jsonb *b)
{
    if (a->kind != b->kind || !jsonb_is_scalar(a))
        return false;
    if (a->kind == JSONB_NUMBER)
        return numeric_compare(jsonb_number(a), jsonb_number(b)) == 0;
    return str_eq(jsonb_str(a), jsonb_str(b));
}

static struct err *contains_value(const struct jsonb *a, const struct jsonb *b, int depth,
                                  bool *out)
{
    if (jsonb_is_scalar(a) || jsonb_is_scalar(b)) {
        *out = same_scalar(a, b);
        return NULL;
    }
    *out = false;
    return a->kind == b->kind ? contains(a, b, depth + 1, out) : NULL;
}

static struct err *object_contains(const struct jsonb *a, const struct jsonb *b, int depth,
                                   bool *out)
{
    *out = false;
    if (a->count < b->count)
        return NULL;
    for (uint32_t i = 0; i < b->count; i++) {
        struct jsonb mine, value = jsonb_value(b, i);
        bool ok = false;
        if (jsonb_find(a, jsonb_key(b, i), &mine))
            TRY(contains_value(&mine, &value, depth, &ok));
        if (!ok)
            return NULL;
    }
    *out = true;
    return NULL;
}

static struct err *array_contains(const struct jsonb *a, const struct jsonb *b, int depth,
                                  bool *out)
{
    for (uint32_t i = 0; i < b->count; i++) {
        struct jsonb wanted = jsonb_element(b, i);
        bool ok = false;
        for (uint32_t k = 0; k < a->count && !ok; k++) {
            struct jsonb e = jsonb_element(a, k);
            TRY(contains_value(&e, &wanted, depth, &ok));
        }
        if (!ok) {
            *out = false;
            return NULL;
        }
    }
    *out = true;
    return NULL;
}

static struct err *contains(const struct jsonb *a, const struct jsonb *b, int depth, bool *out)
{
    if (depth > MAX_CONTAIN_DEPTH)
        return err_hint(err_new("54001", "JSON value is nested too deeply"),
                        "Containment looks at %d levels of arrays and objects at most.",
                        MAX_CONTAIN_DEPTH);
    return a->kind == JSONB_OBJECT ? object_contains(a, b, depth, out)
                                   : array_contains(a, b, depth, out);
}

/* On the outermost level an array contains a scalar that is one of its elements. */
static struct err *contains_datum(struct datum da, struct datum db, struct datum *out)
{
    struct jsonb a, b;
    TRY(jsonb_open(da, &a));
    TRY(jsonb_open(db, &b));
    bool ok = false;
    if (a.kind == JSONB_ARRAY && jsonb_is_scalar(&b)) {
        for (uint32_t i = 0; i < a.count && !ok; i++) {
            struct jsonb e = jsonb_element(&a, i);
            ok = same_scalar(&e, &b);
        }
    } else {
        TRY(contains_value(&a, &b, 0, &ok));
    }
    return give_bool(ok, out);
}

FN(jsonb_contains)
{
    return contains_datum(c->args[0], c->args[1], out);
}

FN(jsonb_contained)
{
    return contains_datum(c->args[1], c->args[0], out);
}

/* Properties and printing */

FN(jsonb_typeof)
{
    struct jsonb v;
    TRY(jsonb_open(c->args[0], &v));
    return give_str(str_from(jsonb_kind_name(v.kind)), out);
}

FN(jsonb_array_length)
{
    struct jsonb v;
    TRY(jsonb_open(c->args[0], &v));
    if (jsonb_is_scalar(&v))
        return err_new("22023", "cannot get array length of a scalar");
    if (v.kind != JSONB_ARRAY)
        return err_new("22023", "cannot get array length of a non-array");
    return give_int(v.count, out);
}

FN(jsonb_pretty)
{
    struct jsonb v;
    TRY(jsonb_open(c->args[0], &v));
    struct buf b = BUF_INIT;
    jsonb_print(&v, true, &b);
    return give_buf(c, &b, out);
}

const struct fn_entry fn_jsonb_table[] = {
    ENTRY(jsonb_object_field),  ENTRY(jsonb_object_field_text),
    ENTRY(jsonb_array_element), ENTRY(jsonb_array_element_text),
    ENTRY(jsonb_extract_path),  ENTRY(jsonb_extract_path_text),
    ENTRY(jsonb_exists),        ENTRY(jsonb_exists_any),
    ENTRY(jsonb_exists_all),    ENTRY(jsonb_contains),
    ENTRY(jsonb_contained),     ENTRY(jsonb_typeof),
    ENTRY(jsonb_array_length),  ENTRY(jsonb_pretty),
};
TABLE_END(fn_jsonb);
