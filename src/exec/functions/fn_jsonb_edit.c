/* Functions that change jsonb: ||, -, #-, jsonb_set, jsonb_insert, jsonb_strip_nulls. */
#include "exec/functions/fn_internal.h"

#include "types/array.h"
#include "types/jsonb.h"
#include "types/number.h"

static struct err *invalid(const char *what)
{
    return err_new("22023", "%s", what);
}

/* Elements, or the value itself when it is no array. */
static void put_elements(struct jsonb_builder *b, const struct jsonb *v)
{
    if (v->kind != JSONB_ARRAY) {
        jsonb_put(b, v);
        return;
    }
    for (uint32_t i = 0; i < v->count; i++) {
        struct jsonb e = jsonb_element(v, i);
        jsonb_put(b, &e);
    }
}

static void put_member(struct jsonb_builder *b, const struct jsonb *o, uint32_t i)
{
    struct jsonb v = jsonb_value(o, i);
    jsonb_put_key(b, jsonb_key(o, i));
    jsonb_put(b, &v);
}

static void put_members(struct jsonb_builder *b, const struct jsonb *o)
{
    for (uint32_t i = 0; i < o->count; i++)
        put_member(b, o, i);
}

FN(jsonb_concat)
{
    struct jsonb x, y;
    TRY(jsonb_open(c->args[0], &x));
    TRY(jsonb_open(c->args[1], &y));
    struct jsonb_builder b;
    jsonb_build_init(&b, c->arena);
    bool objects = x.kind == JSONB_OBJECT && y.kind == JSONB_OBJECT;
    jsonb_begin(&b, objects);
    if (objects) {
        put_members(&b, &x);
        put_members(&b, &y); /* of equal keys the last counts */
    } else {
        put_elements(&b, &x);
        put_elements(&b, &y);
    }
    jsonb_end(&b);
    return jsonb_finish(&b, out);
}

/* Deleting */

static bool listed(struct str key, const struct datum *keys, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (!keys[i].null && str_eq(key, datum_as_str(keys[i])))
            return true;
    return false;
}

static struct err *delete_keys(struct fn_call *c, const struct datum *keys, uint32_t n,
                               struct datum *out)
{
    struct jsonb v;
    TRY(jsonb_open(c->args[0], &v));
    if (jsonb_is_scalar(&v))
        return invalid("cannot delete from scalar");
    struct jsonb_builder b;
    jsonb_build_init(&b, c->arena);
    jsonb_begin(&b, v.kind == JSONB_OBJECT);
    for (uint32_t i = 0; i < v.count; i++) {
        if (v.kind == JSONB_OBJECT) {
            if (!listed(jsonb_key(&v, i), keys, n))
                put_member(&b, &v, i);
        } else {
            struct jsonb e = jsonb_element(&v, i);
            if (e.kind != JSONB_STRING || !listed(jsonb_str(&e), keys, n))
                jsonb_put(&b, &e);
        }
    }
    jsonb_end(&b);
    return jsonb_finish(&b, out);
}

FN(jsonb_delete)
{
    return delete_keys(c, &c->args[1], 1, out);
}

FN(jsonb_delete_array)
{
    struct array a;
    TRY(array_open(c->args[1], &a));
    struct array_items list = {0};
    for (uint32_t i = 0; i < a.nitems; i++)
        TRY(array_items_add(&list, c->arena, array_get(&a, i)));
    return delete_keys(c, list.items, list.count, out);
}

FN(jsonb_delete_idx)
{
    struct jsonb v;
    TRY(jsonb_open(c->args[0], &v));
    if (jsonb_is_scalar(&v))
        return invalid("cannot delete from scalar");
    if (v.kind == JSONB_OBJECT)
        return invalid("cannot delete from object using integer index");
    int64_t at = ARG_I(1) < 0 ? ARG_I(1) + v.count : ARG_I(1);
    if (at < 0 || at >= v.count) {
        *out = c->args[0];
        return NULL;
    }
    struct jsonb_builder b;
    jsonb_build_init(&b, c->arena);
    jsonb_begin(&b, false);
    for (uint32_t i = 0; i < v.count; i++) {
        struct jsonb e = jsonb_element(&v, i);
        if (i != at)
            jsonb_put(&b, &e);
    }
    jsonb_end(&b);
    return jsonb_finish(&b, out);
}

/* Changes at a path. The way down remembers at which member each container was entered; then the
 * containers are copied with the change in place. */

enum edit { EDIT_DELETE, EDIT_SET, EDIT_SET_EXISTING, EDIT_INSERT_BEFORE, EDIT_INSERT_AFTER };

struct step {
    struct jsonb container;
    int64_t at; /* member or element; count: behind the last; -1: before the first */
    bool found;
    struct str key; /* objects */
};

static struct err *array_index(const struct jsonb *a, struct str text, uint32_t position,
                               int64_t *out)
{
    int64_t v;
    struct err *e = int_parse(text, INT32_MIN, INT32_MAX, "integer", &v);
    if (e) {
        err_free(e);
        return err_new("22P02", "path element at position %u is not an integer: \"%.*s\"", position,
                       STR_ARG(text));
    }
    if (v < 0)
        v = -v > a->count ? -1 : v + a->count;
    *out = v > a->count ? a->count : v;
    return NULL;
}

static bool find_index(const struct jsonb *o, struct str key, int64_t *out)
{
    for (uint32_t i = 0; i < o->count; i++)
        if (str_eq(jsonb_key(o, i), key)) {
            *out = i;
            return true;
        }
    *out = o->count;
    return false;
}

/* Follows the path as far as it exists; *n steps were taken. */
static struct err *descend(const struct jsonb *root, const struct array *path, struct step *steps,
                           uint32_t *n, bool *complete)
{
    struct jsonb v = *root;
    *complete = false;
    for (uint32_t i = 0; i < path->nitems; i++) {
        struct datum text = array_get(path, i);
        if (text.null)
            return err_new("22004", "path element at position %u is null", i + 1);
        if (jsonb_is_scalar(&v))
            return NULL;
        struct step *s = &steps[i];
        *s = (struct step){.container = v, .key = datum_as_str(text)};
        if (v.kind == JSONB_OBJECT) {
            s->found = find_index(&v, s->key, &s->at);
            if (s->found)
                v = jsonb_value(&s->container, (uint32_t)s->at);
        } else {
            TRY(array_index(&v, s->key, i + 1, &s->at));
            s->found = s->at >= 0 && s->at < v.count;
            if (s->found)
                v = jsonb_element(&s->container, (uint32_t)s->at);
        }
        *n = i + 1;
        if (!s->found) {
            *complete = i + 1 == path->nitems;
            return NULL;
        }
    }
    *complete = true;
    return NULL;
}

static void copy_range(struct jsonb_builder *b, const struct jsonb *v, int64_t from, int64_t to)
{
    for (int64_t i = from < 0 ? 0 : from; i < to && i < v->count; i++) {
        if (v->kind == JSONB_OBJECT) {
            put_member(b, v, (uint32_t)i);
        } else {
            struct jsonb e = jsonb_element(v, (uint32_t)i);
            jsonb_put(b, &e);
        }
    }
}

/* The changed member or element at the last step. */
static void put_change(struct jsonb_builder *b, const struct step *s, enum edit edit,
                       const struct jsonb *value)
{
    bool object = s->container.kind == JSONB_OBJECT;
    struct jsonb old = {0};
    if (s->found)
        old = object ? jsonb_value(&s->container, (uint32_t)s->at)
                     : jsonb_element(&s->container, (uint32_t)s->at);
    if (edit == EDIT_INSERT_AFTER && s->found)
        jsonb_put(b, &old);
    if (edit != EDIT_DELETE) {
        if (object)
            jsonb_put_key(b, s->key);
        jsonb_put(b, value);
    }
    if (edit == EDIT_INSERT_BEFORE && s->found)
        jsonb_put(b, &old);
}

static struct err *rebuild(struct fn_call *c, struct step *steps, uint32_t n, enum edit edit,
                           const struct jsonb *value, struct datum *out)
{
    struct jsonb_builder b;
    jsonb_build_init(&b, c->arena);
    for (uint32_t i = 0; i < n; i++) {
        struct step *s = &steps[i];
        bool object = s->container.kind == JSONB_OBJECT;
        jsonb_begin(&b, object);
        copy_range(&b, &s->container, 0, s->at);
        if (i + 1 == n)
            put_change(&b, s, edit, value);
        else if (object)
            jsonb_put_key(&b, s->key);
    }
    for (uint32_t i = n; i > 0; i--) {
        struct step *s = &steps[i - 1];
        copy_range(&b, &s->container, s->found ? s->at + 1 : s->at, s->container.count);
        jsonb_end(&b);
    }
    return jsonb_finish(&b, out);
}

static struct err *edit_path(struct fn_call *c, struct datum target, struct datum path_datum,
                             enum edit edit, struct datum new_value, const char *scalar_message,
                             struct datum *out)
{
    struct jsonb root, value = {0};
    struct array path;
    TRY(jsonb_open(target, &root));
    TRY(array_open(path_datum, &path));
    if (path.ndim > 1)
        return err_new("2202E", "wrong number of array subscripts");
    if (jsonb_is_scalar(&root))
        return invalid(scalar_message);
    if (edit != EDIT_DELETE)
        TRY(jsonb_open(new_value, &value));
    *out = target;
    bool existing = edit == EDIT_DELETE || edit == EDIT_SET_EXISTING;
    if (path.nitems == 0 || (root.count == 0 && existing))
        return NULL;
    struct step *steps = arena_try_alloc(c->arena, sizeof(*steps) * path.nitems);
    if (!steps)
        return err_oom();
    uint32_t n = 0;
    bool complete;
    TRY(descend(&root, &path, steps, &n, &complete));
    if (!complete)
        return NULL;
    struct step *last = &steps[n - 1];
    bool insert = edit == EDIT_INSERT_BEFORE || edit == EDIT_INSERT_AFTER;
    if (!last->found && (edit == EDIT_DELETE || edit == EDIT_SET_EXISTING))
        return NULL;
    if (last->found && insert && last->container.kind == JSONB_OBJECT)
        return err_hint(invalid("cannot replace existing key"),
                        "Try using the function jsonb_set to replace key value.");
    return rebuild(c, steps, n, edit, &value, out);
}

FN(jsonb_delete_path)
{
    return edit_path(c, c->args[0], c->args[1], EDIT_DELETE, datum_null(),
                     "cannot delete path in scalar", out);
}

FN(jsonb_set)
{
    return edit_path(c, c->args[0], c->args[1], ARG_I(3) ? EDIT_SET : EDIT_SET_EXISTING, c->args[2],
                     "cannot set path in scalar", out);
}

FN(jsonb_insert)
{
    return edit_path(c, c->args[0], c->args[1], ARG_I(3) ? EDIT_INSERT_AFTER : EDIT_INSERT_BEFORE,
                     c->args[2], "cannot set path in scalar", out);
}

/* jsonb_set_lax(target, path, value, create, treatment of a NULL value) */
FN(jsonb_set_lax)
{
    if (c->args[0].null || c->args[1].null || c->args[3].null)
        return give_null(out);
    if (c->args[4].null)
        return err_hint(invalid("null_value_treatment must be \"delete_key\", \"return_target\", "
                                "\"use_json_null\", or \"raise_exception\""),
                        "%s", "It is NULL.");
    if (!c->args[2].null)
        return f_jsonb_set(c, out);
    struct str how = ARG_STR(4);
    if (str_eq(how, STR("raise_exception")))
        return err_hint(err_detail(err_new("22004", "JSON value must not be null"),
                                   "Exception was raised because null_value_treatment is "
                                   "\"raise_exception\"."),
                        "To avoid, either change the null_value_treatment argument or ensure that "
                        "an SQL NULL is not passed.");
    if (str_eq(how, STR("use_json_null"))) {
        static const uint8_t json_null[4] = {0}; /* a head of kind null */
        return edit_path(c, c->args[0], c->args[1], ARG_I(3) ? EDIT_SET : EDIT_SET_EXISTING,
                         datum_bytes(json_null, sizeof(json_null)), "cannot set path in scalar",
                         out);
    }
    if (str_eq(how, STR("delete_key")))
        return f_jsonb_delete_path(c, out);
    if (str_eq(how, STR("return_target"))) {
        *out = c->args[0];
        return NULL;
    }
    return invalid("null_value_treatment must be \"delete_key\", \"return_target\", "
                   "\"use_json_null\", or \"raise_exception\"");
}

FN(jsonb_strip_nulls)
{
    struct jsonb root;
    TRY(jsonb_open(c->args[0], &root));
    if (jsonb_is_scalar(&root)) {
        *out = c->args[0];
        return NULL;
    }
    struct jsonb_builder b;
    jsonb_build_init(&b, c->arena);
    struct jsonb_iter it;
    jsonb_iter_init(&it, &root);
    bool has_key = false;
    for (enum jsonb_event ev; (ev = jsonb_iter_next(&it)) != JSONB_EV_DONE;) {
        bool dropped = ev == JSONB_EV_VALUE && has_key && it.value.kind == JSONB_NULL;
        if (ev == JSONB_EV_KEY) {
            has_key = true;
            continue;
        }
        if (has_key && !dropped)
            jsonb_put_key(&b, it.key);
        if (ev == JSONB_EV_BEGIN)
            jsonb_begin(&b, it.value.kind == JSONB_OBJECT);
        else if (ev == JSONB_EV_END)
            jsonb_end(&b);
        else if (!dropped)
            jsonb_put(&b, &it.value);
        has_key = false;
    }
    jsonb_iter_done(&it);
    return jsonb_finish(&b, out);
}

const struct fn_entry fn_jsonb_edit_table[] = {
    ENTRY(jsonb_concat),     ENTRY(jsonb_delete),      ENTRY(jsonb_delete_array),
    ENTRY(jsonb_delete_idx), ENTRY(jsonb_delete_path), ENTRY(jsonb_set),
    ENTRY(jsonb_insert),     ENTRY(jsonb_set_lax),     ENTRY(jsonb_strip_nulls),
};
TABLE_END(fn_jsonb_edit);
