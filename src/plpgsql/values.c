/* What variables hold, and how values get into them. */
#include "plpgsql/plpgsql_internal.h"

#include <stdlib.h>

/* ---- slots ---- */

void pl_slot_set(struct slot *s, struct datum value, const struct type_ops *ops)
{
    if (value.null || (ops && ops->byval)) {
        s->value = value;
        return;
    }
    if (value.len > s->cap || !s->memory) {
        const size_t cap = (size_t)value.len * 2 + 16;
        void *memory = malloc(cap);
        CHECK(memory != NULL);
        if (value.len)
            memcpy(memory, value.p, value.len);
        free(s->memory);
        s->memory = memory;
        s->cap = cap;
    } else if (value.len) {
        memmove(s->memory, value.p, value.len); /* it may be a part of what was there */
    }
    s->value = datum_bytes(s->memory, value.len);
}

void pl_value_free(struct value *v)
{
    free(v->slot.memory);
    for (int i = 0; i < v->nfields; i++)
        free(v->fields[i].memory);
    free(v->fields);
}

static void grow_fields(struct value *v, int n)
{
    if (n <= v->nfields)
        return;
    v->fields = realloc(v->fields, sizeof(*v->fields) * (size_t)n);
    CHECK(v->fields != NULL);
    for (int i = v->nfields; i < n; i++)
        v->fields[i] = (struct slot){.value = datum_null()};
    v->nfields = n;
}

/* ---- casts ---- */

/* A cast that the function needs, compiled at its first use. */
struct cast {
    struct cast *next;
    uint32_t from;
    uint32_t to;
    int32_t typmod;
    struct arena arena;
    struct row_expr *run;
    bool busy; /* a domain's check may come here again */
};

static struct err *new_cast(struct frame *fr, uint32_t from, uint32_t to, int32_t typmod,
                            struct cast **out)
{
    struct cast *c = calloc(1, sizeof(*c));
    struct expr *e = NULL;
    if (!c)
        return err_oom();
    *c = (struct cast){.from = from, .to = to, .typmod = typmod};
    arena_init(&c->arena);
    struct err *err =
        analyze_value_cast(fr->env.cat, fr->env.types, from, to, typmod, &c->arena, &e);
    if (!err && !e)
        err = err_new("42846", "cannot cast type %s to %s", type_display(&fr->scratch, from, -1),
                      type_display(&fr->scratch, to, -1));
    if (!err)
        err = param_expr_new(&fr->env, 1, e, &c->run);
    if (err) {
        arena_done(&c->arena);
        free(c);
        return err;
    }
    c->next = fr->f->casts;
    fr->f->casts = c;
    *out = c;
    return NULL;
}

void pl_casts_free(struct function *f)
{
    while (f->casts) {
        struct cast *c = f->casts;
        f->casts = c->next;
        row_expr_free(c->run);
        arena_done(&c->arena);
        free(c);
    }
}

static bool needs_cast(uint32_t from, int32_t from_typmod, uint32_t to, int32_t to_typmod)
{
    return from != to || (to_typmod >= 0 && from_typmod != to_typmod);
}

/* A record as another row type: field by field. */
static struct err *cast_row(struct frame *fr, struct datum value, uint32_t to, struct arena *a,
                            struct datum *out)
{
    struct record_view r;
    struct composite c;
    TRY(record_view(fr->env.types, value, a, &r));
    TRY(cat_composite(fr->env.cat, builtin_base_type(to), a, &c));
    struct datum *values = arena_new_array(a, struct datum, c.nfields + 1);
    int given = 0;
    for (int i = 0; i < c.nfields; i++) {
        values[i] = datum_null();
        if (c.fields[i].dropped || given >= r.nfields)
            continue;
        const uint32_t from = r.types[given] ? r.types[given]->oid : TEXT_OID;
        TRY(pl_cast(fr, r.values[given++], from, -1, c.fields[i].type, c.fields[i].typmod, a,
                    &values[i]));
    }
    return composite_make(builtin_base_type(to), &c, values, a, out);
}

struct err *pl_cast(struct frame *fr, struct datum value, uint32_t from, int32_t from_typmod,
                    uint32_t to, int32_t to_typmod, struct arena *a, struct datum *out)
{
    const struct type_ops *target = type_lookup(fr->env.types, to);
    const bool domain = target && target->domain;
    *out = value;
    if (!needs_cast(from, from_typmod, to, to_typmod) || (value.null && !domain) ||
        to == RECORD_OID)
        return NULL;
    if (!value.null && !domain && type_is_record(target) &&
        type_is_record(type_lookup(fr->env.types, from)))
        return cast_row(fr, value, to, a, out);
    struct cast *c = fr->f->casts;
    while (c && (c->busy || c->from != from || c->to != to || c->typmod != to_typmod))
        c = c->next;
    if (!c)
        TRY(new_cast(fr, from, to, to_typmod, &c));
    struct datum result;
    c->busy = true;
    struct err *e = row_expr_eval(c->run, &value, &result);
    if (!e)
        *out = datum_copy(a, result, target && target->byval);
    c->busy = false;
    return e;
}

/* ---- assignments ---- */

static struct err *assign_scalar(struct frame *fr, const struct var *v, struct datum value,
                                 uint32_t type, int32_t typmod)
{
    struct slot *s = &fr->values[v->number].slot;
    if (needs_cast(type, typmod, v->type, v->typmod)) {
        struct arena_mark mark = arena_mark(&fr->scratch);
        struct datum cast;
        struct err *e = pl_cast(fr, value, type, typmod, v->type, v->typmod, &fr->scratch, &cast);
        if (!e && !(cast.null && v->not_null))
            pl_slot_set(s, cast, v->ops);
        arena_rewind(&fr->scratch, mark);
        TRY(e);
        value.null = cast.null;
    } else if (!(value.null && v->not_null)) {
        pl_slot_set(s, value, v->ops);
    }
    return value.null && v->not_null
               ? err_new("22004",
                         "null value cannot be assigned to variable \"%s\" declared NOT NULL",
                         v->name)
               : NULL;
}

struct err *pl_record_null(struct frame *fr, const struct var *v)
{
    struct value *to = &fr->values[v->number];
    if (v->not_null)
        return err_new(
            "22004", "null value cannot be assigned to variable \"%s\" declared NOT NULL", v->name);
    to->null = true;
    if (v->shape)
        to->shape = v->shape;
    if (!to->shape)
        return NULL;
    grow_fields(to, to->shape->nfields);
    for (int i = 0; i < to->shape->nfields; i++)
        to->fields[i].value = datum_null();
    return NULL;
}

/* A record takes the shape of what it is given; a composite variable's fields are its type's. */
struct err *pl_assign_record(struct frame *fr, const struct var *v, const struct shape *columns,
                             const struct datum *row)
{
    struct value *to = &fr->values[v->number];
    if (v->shape)
        to->shape = v->shape;
    else if (!pl_shape_equal(to->shape, columns))
        to->shape = pl_shape_copy(columns, &fr->shapes);
    const struct shape *s = to->shape;
    grow_fields(to, s->nfields);
    to->null = false;
    for (int i = 0; !row && i < s->nfields; i++)
        to->fields[i].value = datum_null();
    if (!row)
        return NULL;
    for (int i = 0; i < s->nfields; i++) {
        struct arena_mark mark = arena_mark(&fr->scratch);
        struct datum value = datum_null();
        struct err *e = NULL;
        if (i < columns->nfields)
            e = pl_cast(fr, row[i], columns->types[i], columns->typmods[i], s->types[i],
                        s->typmods[i], &fr->scratch, &value);
        if (!e)
            pl_slot_set(&to->fields[i], value, s->ops[i]);
        arena_rewind(&fr->scratch, mark);
        TRY(e);
    }
    return NULL;
}

static struct err *assign_to_record(struct frame *fr, const struct var *v, struct datum value,
                                    uint32_t type)
{
    struct arena_mark mark = arena_mark(&fr->scratch);
    struct record_view r;
    if (value.null)
        return pl_record_null(fr, v);
    if (!type_is_record(type_lookup(fr->env.types, type)))
        return err_new("42804", "cannot assign non-composite value to a record variable");
    struct err *e = record_view(fr->env.types, value, &fr->scratch, &r);
    if (!e)
        e = pl_assign_record(fr, v, pl_shape_of_record(type, &r, &fr->scratch), r.values);
    arena_rewind(&fr->scratch, mark);
    return e;
}

struct err *pl_assign(struct frame *fr, const struct var *v, struct datum value, uint32_t type,
                      int32_t typmod)
{
    return v->record ? assign_to_record(fr, v, value, type)
                     : assign_scalar(fr, v, value, type, typmod);
}

static struct err *assign_field(struct frame *fr, const struct place *t, struct datum value,
                                uint32_t type, int32_t typmod)
{
    struct value *to = &fr->values[t->var->number];
    struct arena_mark mark = arena_mark(&fr->scratch);
    struct datum cast;
    if (!to->shape)
        return err_detail(err_new("55000", "record \"%s\" is not assigned yet", t->var->name),
                          "The tuple structure of a not-yet-assigned record is indeterminate.");
    int i = pl_shape_field(to->shape, t->field);
    if (i < 0)
        return err_new("42703", "record \"%s\" has no field \"%s\"", t->var->name, t->field);
    struct err *e = pl_cast(fr, value, type, typmod, to->shape->types[i], to->shape->typmods[i],
                            &fr->scratch, &cast);
    if (!e) {
        grow_fields(to, to->shape->nfields);
        pl_slot_set(&to->fields[i], cast, to->shape->ops[i]);
        to->null = false;
    }
    arena_rewind(&fr->scratch, mark);
    return e;
}

struct err *pl_assign_place(struct frame *fr, const struct place *t, struct datum value,
                            uint32_t type, int32_t typmod)
{
    return t->field ? assign_field(fr, t, value, type, typmod)
                    : pl_assign(fr, t->var, value, type, typmod);
}

struct err *pl_assign_row(struct frame *fr, const struct into *into, const struct shape *columns,
                          const struct datum *row)
{
    const struct place *first = &into->items[0];
    if (into->count == 1 && first->var->record && !first->field)
        return pl_assign_record(fr, first->var, columns, row);
    for (int i = 0; i < into->count; i++) {
        bool given = row && i < columns->nfields;
        TRY(pl_assign_place(fr, &into->items[i], given ? row[i] : datum_null(),
                            given ? columns->types[i] : UNKNOWN_OID,
                            given ? columns->typmods[i] : -1));
    }
    return NULL;
}

struct err *pl_whole(struct frame *fr, const struct var *v, struct arena *a, struct datum *out)
{
    const struct value *from = &fr->values[v->number];
    *out = datum_null();
    if (!v->record) {
        *out = from->slot.value;
        return NULL;
    }
    const struct shape *s = from->shape;
    if (!s || from->null)
        return NULL;
    struct datum *values = arena_new_array(a, struct datum, s->nfields + 1);
    for (int i = 0; i < s->nfields; i++)
        values[i] = from->fields[i].value;
    if (s->type == RECORD_OID)
        return record_make(RECORD_OID, s->nfields, s->ops, s->names, values, a, out);
    struct composite c;
    TRY(cat_composite(fr->env.cat, builtin_base_type(s->type), a, &c));
    struct datum *all = arena_new_array(a, struct datum, c.nfields + 1);
    for (int i = 0, k = 0; i < c.nfields; i++)
        all[i] = c.fields[i].dropped || k == s->nfields ? datum_null() : values[k++];
    return composite_make(builtin_base_type(s->type), &c, all, a, out);
}
