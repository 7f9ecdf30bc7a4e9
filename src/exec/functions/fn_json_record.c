/* json(b)_populate_record(set) and json(b)_to_record(set): manual section 9.16. JSON text is taken
 * as jsonb first. */
#include "exec/functions/fn_internal.h"

#include "types/array.h"
#include "types/json.h"
#include "types/jsonb.h"
#include "types/record.h"

enum { MAX_DEPTH = 100 };

struct filler {
    struct fn_call *c;
    struct arena *a;
    int depth;
};

static struct err *populate_value(struct filler *f, const struct type_ops *t, int32_t typmod,
                                  const struct jsonb *v, const char *key, struct datum *out);

/* ---- scalars and arrays ---- */

static struct err *by_text(struct filler *f, const struct type_ops *t, int32_t typmod,
                           const struct jsonb *v, struct datum *out)
{
    struct buf b = BUF_INIT;
    if (v->kind == JSONB_STRING && t->oid != JSON_OID)
        buf_put_str(&b, jsonb_str(v));
    else
        jsonb_print(v, false, &b);
    struct err *e = buf_finish(&b);
    struct str s = {0};
    if (!e)
        s = arena_str(f->a, buf_str(&b));
    buf_done(&b);
    return e ? e : t->in(t, f->c->env, s, typmod, f->a, out);
}

static struct err *not_an_array(const char *key)
{
    struct err *e = err_new("22P02", "expected JSON array");
    return key ? err_hint(e, "See the value of key \"%s\".", key) : e;
}

struct array_shape {
    int ndim;
    int32_t dims[ARRAY_MAX_DIMS];
    struct array_items items;
};

/* How deep arrays are nested tells the dimensions; each must be of one length. */
static struct err *array_level(struct filler *f, const struct type_ops *elem, int32_t typmod,
                               const struct jsonb *v, int level, const char *key,
                               struct array_shape *s)
{
    if (level == ARRAY_MAX_DIMS)
        return err_new("54000", "number of array dimensions (%d) exceeds the maximum allowed (%d)",
                       level + 1, ARRAY_MAX_DIMS);
    if (s->dims[level] < 0)
        s->dims[level] = (int32_t)v->count;
    else if (s->dims[level] != (int32_t)v->count)
        return err_detail(err_new("22P02", "malformed JSON array"),
                          "Multidimensional arrays must have sub-arrays with matching dimensions.");
    for (uint32_t i = 0; i < v->count; i++) {
        struct jsonb item = jsonb_element(v, i);
        bool inner = item.kind == JSONB_ARRAY && (s->ndim < 0 || level + 1 < s->ndim);
        if (inner) {
            TRY(array_level(f, elem, typmod, &item, level + 1, key, s));
            continue;
        }
        if (s->ndim < 0)
            s->ndim = level + 1;
        if (level + 1 != s->ndim)
            return not_an_array(key);
        struct datum d;
        TRY(populate_value(f, elem, typmod, &item, key, &d));
        TRY(array_items_add(&s->items, f->a, d));
    }
    return NULL;
}

static struct err *populate_array(struct filler *f, const struct type_ops *t, int32_t typmod,
                                  const struct jsonb *v, const char *key, struct datum *out)
{
    struct array_shape s = {.ndim = -1};
    int32_t lower[ARRAY_MAX_DIMS];
    if (v->kind != JSONB_ARRAY)
        return not_an_array(key);
    for (int i = 0; i < ARRAY_MAX_DIMS; i++) {
        s.dims[i] = -1;
        lower[i] = 1;
    }
    TRY(array_level(f, t->elem, typmod, v, 0, key, &s));
    if (!s.items.count)
        return array_make_1d(t->elem, NULL, 0, f->a, out);
    return array_make(t->elem, s.ndim, s.dims, lower, s.items.items, f->a, out);
}

/* ---- records ---- */

static struct err *populate_fields(struct filler *f, const struct composite *c,
                                   const struct jsonb *v, struct datum *values)
{
    for (int i = 0; i < c->nfields; i++) {
        const struct composite_field *field = &c->fields[i];
        struct jsonb item;
        if (field->dropped)
            continue;
        if (!jsonb_find(v, field->name, &item)) {
            if (field->ops->domain && values[i].null && f->c->env->domain_check)
                TRY(f->c->env->domain_check(f->c->env->names, field->ops->domain, values[i]));
            continue;
        }
        const char *key = arena_strndup(f->a, field->name.data, field->name.len);
        TRY(populate_value(f, field->ops, field->typmod, &item, key, &values[i]));
    }
    return NULL;
}

static struct err *populate_composite(struct filler *f, const struct type_ops *t,
                                      const struct jsonb *v, struct datum *out)
{
    struct composite c;
    struct datum *values;
    if (v->kind != JSONB_OBJECT)
        return err_new("22023", "cannot call populate_composite on %s",
                       v->kind == JSONB_ARRAY ? "an array" : "a scalar");
    TRY(f->c->env->composite_of(f->c->env->names, t->oid, f->a, &c));
    values = arena_new_array(f->a, struct datum, c.nfields + 1);
    for (int i = 0; i < c.nfields; i++)
        values[i] = datum_null();
    TRY(populate_fields(f, &c, v, values));
    return composite_make(t->oid, &c, values, f->a, out);
}

static struct err *populate_plain(struct filler *f, const struct type_ops *t, int32_t typmod,
                                  const struct jsonb *v, const char *key, struct datum *out)
{
    bool container = t->elem || (type_is_record(t) && t->oid != RECORD_OID);
    if (t->oid == JSONB_OID)
        return jsonb_datum(v, f->a, out);
    if (!container || v->kind == JSONB_STRING)
        return by_text(f, t, typmod, v, out);
    return t->elem ? populate_array(f, t, typmod, v, key, out) : populate_composite(f, t, v, out);
}

static struct err *populate_value(struct filler *f, const struct type_ops *t, int32_t typmod,
                                  const struct jsonb *v, const char *key, struct datum *out)
{
    const struct type_env *env = f->c->env;
    if (++f->depth > MAX_DEPTH)
        return err_new("54001", "stack depth limit exceeded");
    struct err *e = NULL;
    *out = datum_null();
    /* A domain over a container checks what has been made; others check what they read. */
    bool containing = t->domain && (t->base->elem || type_is_record(t->base));
    bool null = v->kind == JSONB_NULL && t->oid != JSON_OID && t->oid != JSONB_OID;
    if (!null && v->kind != JSONB_NULL)
        e = populate_plain(f, containing ? t->base : t, containing ? t->typmod : typmod, v, key,
                           out);
    if (!e && t->domain && (containing || v->kind == JSONB_NULL) && env->domain_check)
        e = env->domain_check(env->names, t->domain, *out);
    f->depth--;
    return e;
}

/* ---- functions ---- */

struct target {
    uint32_t type;
    struct composite c;
    struct datum *values; /* of the base record */
    bool has_base;
};

static struct err *no_row_type(const char *name)
{
    return err_hint(err_new("42804", "could not determine row type for result of %s", name),
                    "Provide a non-null record argument, or call the function in the FROM clause "
                    "using a column definition list.");
}

/* The fields of a record that has no type of its own. */
static struct err *fields_of_record(struct filler *f, struct datum d, struct target *t)
{
    struct record_view v;
    TRY(record_view(f->c->env, d, f->a, &v));
    t->c.nfields = v.nfields;
    t->c.fields = arena_new_array(f->a, struct composite_field, v.nfields + 1);
    for (int i = 0; i < v.nfields; i++)
        t->c.fields[i] =
            (struct composite_field){v.names[i], v.types[i]->oid, -1, v.types[i], false};
    t->values = v.values;
    return NULL;
}

static struct err *find_target(struct filler *f, const char *name, bool has_base_arg,
                               struct target *t)
{
    struct fn_call *c = f->c;
    struct datum base = has_base_arg ? c->args[0] : datum_null();
    const struct type_ops *ops = NULL;
    *t = (struct target){.type = RECORD_OID, .has_base = !base.null};
    if (has_base_arg)
        TRY(known_type(c, c->arg_types[0], &ops));
    bool typed = ops && type_is_record(ops) && ops->oid != RECORD_OID;
    if (ops && !type_is_record(ops))
        return err_new("42804", "first argument of %s must be a row type", name);
    if (typed) {
        t->type = ops->oid;
        TRY(c->env->composite_of(c->env->names, t->type, f->a, &t->c));
    } else if (c->columns) {
        t->c = *c->columns;
    } else if (base.null) {
        return no_row_type(name);
    } else {
        return fields_of_record(f, base, t);
    }
    if (!base.null)
        return composite_values(&t->c, base, f->a, &t->values);
    t->values = arena_new_array(f->a, struct datum, t->c.nfields + 1);
    for (int i = 0; i < t->c.nfields; i++)
        t->values[i] = datum_null();
    return NULL;
}

static struct err *open_json(struct filler *f, int i, bool text, struct jsonb *out)
{
    struct datum d = f->c->args[i];
    if (text)
        TRY(jsonb_from_text(datum_as_str(d), f->a, &d));
    return jsonb_open(d, out);
}

static struct err *make_row(struct filler *f, const struct target *t, const struct jsonb *v,
                            struct datum *values, struct datum *out)
{
    memcpy(values, t->values, sizeof(*values) * (size_t)t->c.nfields);
    TRY(populate_fields(f, &t->c, v, values));
    return out ? composite_make(t->type, &t->c, values, f->a, out) : NULL;
}

static struct err *populate(struct fn_call *c, const char *name, bool text, bool has_base,
                            struct datum *out)
{
    struct filler f = {c, c->arena, 0};
    int from = has_base ? 1 : 0;
    struct target t;
    struct jsonb v;
    TRY(find_target(&f, name, has_base, &t));
    if (c->args[from].null) {
        *out = has_base ? c->args[0] : datum_null();
        return NULL;
    }
    TRY(open_json(&f, from, text, &v));
    if (v.kind != JSONB_OBJECT)
        return err_new("22023", "cannot call populate_composite on %s",
                       v.kind == JSONB_ARRAY ? "an array" : "a scalar");
    if (!v.count && t.has_base) {
        *out = c->args[0];
        return NULL;
    }
    struct datum *values = arena_new_array(c->arena, struct datum, t.c.nfields + 1);
    return make_row(&f, &t, &v, values, out);
}

#define RECORD_FN(name, text, has_base)                 \
    FN(name)                                            \
    {                                                   \
        return populate(c, #name, text, has_base, out); \
    }
RECORD_FN(json_populate_record, true, true)
RECORD_FN(jsonb_populate_record, false, true)
RECORD_FN(json_to_record, true, false)
RECORD_FN(jsonb_to_record, false, false)

const struct fn_entry fn_json_record_table[] = {
    ENTRY(json_populate_record),
    ENTRY(jsonb_populate_record),
    ENTRY(json_to_record),
    ENTRY(jsonb_to_record),
};
TABLE_END(fn_json_record);

struct set_state {
    struct target t;
    struct jsonb v;
    uint32_t next;
};

static struct err *open_set(struct fn_call *c, const char *name, bool text, bool has_base,
                            struct set_state *s)
{
    struct filler f = {c, c->state_arena, 0};
    int from = has_base ? 1 : 0;
    TRY(find_target(&f, name, has_base, &s->t));
    if (c->args[from].null)
        return NULL; /* no rows */
    TRY(open_json(&f, from, text, &s->v));
    if (s->v.kind == JSONB_ARRAY)
        return NULL;
    return err_new("22023", "cannot call %s on %s", name,
                   !text                       ? "a non-array"
                   : s->v.kind == JSONB_OBJECT ? "an object"
                                               : "a scalar");
}

static struct err *record_set(void **state, struct fn_call *c, const char *name, bool text,
                              bool has_base, struct datum *row, int ncols, bool *done)
{
    struct set_state *s = *state;
    struct filler f = {c, c->arena, 0};
    if (!s) {
        s = arena_new(c->state_arena, struct set_state);
        TRY(open_set(c, name, text, has_base, s));
        *state = s;
    }
    *done = s->next >= s->v.count;
    if (*done)
        return NULL;
    struct jsonb item = jsonb_element(&s->v, s->next++);
    if (item.kind != JSONB_OBJECT)
        return err_new("22023", "argument of %s must be an array of objects", name);
    struct datum *values = arena_new_array(c->arena, struct datum, s->t.c.nfields + 1);
    if (!c->columns)
        return make_row(&f, &s->t, &item, values, row);
    TRY(make_row(&f, &s->t, &item, values, NULL));
    for (int i = 0, k = 0; i < s->t.c.nfields && k < ncols; i++)
        if (!s->t.c.fields[i].dropped)
            row[k++] = values[i];
    return NULL;
}

#define RECORD_SET(name, text, has_base)                                                         \
    static struct err *set_##name(void **state, struct fn_call *c, struct datum *row, int ncols, \
                                  bool *done)                                                    \
    {                                                                                            \
        return record_set(state, c, #name, text, has_base, row, ncols, done);                    \
    }
RECORD_SET(json_populate_recordset, true, true)
RECORD_SET(jsonb_populate_recordset, false, true)
RECORD_SET(json_to_recordset, true, false)
RECORD_SET(jsonb_to_recordset, false, false)

const struct srf_impl srf_json_record_table[] = {
    {"json_populate_recordset", set_json_populate_recordset},
    {"jsonb_populate_recordset", set_jsonb_populate_recordset},
    {"json_to_recordset", set_json_to_recordset},
    {"jsonb_to_recordset", set_jsonb_to_recordset},
};
TABLE_END(srf_json_record);
