/* The fields that rows have. */
#include "plpgsql/plpgsql_internal.h"

static struct shape *new_shape(struct arena *a, uint32_t type, int nfields)
{
    struct shape *s = arena_new(a, struct shape);
    s->type = type;
    s->nfields = nfields;
    s->names = arena_new_array(a, struct str, nfields + 1);
    s->types = arena_new_array(a, uint32_t, nfields + 1);
    s->typmods = arena_new_array(a, int32_t, nfields + 1);
    s->ops = arena_new_array(a, const struct type_ops *, nfields + 1);
    return s;
}

struct err *pl_shape_of_type(const struct exec_env *env, uint32_t type, struct arena *a,
                             const struct shape **out)
{
    struct composite c;
    TRY(cat_load_type(env->cat, type, NULL));
    TRY(cat_composite(env->cat, builtin_base_type(type), a, &c));
    struct shape *s = new_shape(a, type, c.nfields);
    s->nfields = 0;
    for (int i = 0; i < c.nfields; i++) {
        if (c.fields[i].dropped)
            continue;
        s->names[s->nfields] = c.fields[i].name;
        s->types[s->nfields] = c.fields[i].type;
        s->typmods[s->nfields] = c.fields[i].typmod;
        s->ops[s->nfields++] = c.fields[i].ops;
    }
    *out = s;
    return NULL;
}

const struct shape *pl_shape_of_plan(const struct exec_env *env, const struct statement_plan *plan,
                                     struct arena *a)
{
    struct shape *s = new_shape(a, RECORD_OID, plan->nout);
    for (int i = 0; i < plan->nout; i++) {
        const struct expr *e = plan->out[i].expr;
        s->names[i] = arena_str(a, str_from(plan->out[i].name ? plan->out[i].name : "?column?"));
        s->types[i] = e->type == UNKNOWN_OID ? TEXT_OID : e->type;
        s->typmods[i] = e->typmod;
        s->ops[i] = type_lookup(env->types, s->types[i]);
    }
    return s;
}

const struct shape *pl_shape_of_vars(struct var *const *vars, int n, struct arena *a)
{
    struct shape *s = new_shape(a, RECORD_OID, n);
    for (int i = 0; i < n; i++) {
        s->names[i] = str_from(vars[i]->name[0] == '$' ? "" : vars[i]->name);
        s->types[i] = vars[i]->type;
        s->typmods[i] = vars[i]->typmod;
        s->ops[i] = vars[i]->ops;
    }
    return s;
}

const struct shape *pl_shape_of_record(uint32_t type, const struct record_view *r, struct arena *a)
{
    struct shape *s = new_shape(a, type, r->nfields);
    for (int i = 0; i < r->nfields; i++) {
        s->names[i] = arena_str(a, r->names[i]);
        s->types[i] =
            r->types[i] ? r->types[i]->domain ? r->types[i]->domain : r->types[i]->oid : TEXT_OID;
        s->typmods[i] = -1;
        s->ops[i] = r->types[i];
    }
    return s;
}

const struct shape *pl_shape_copy(const struct shape *from, struct arena *a)
{
    struct shape *s = new_shape(a, from->type, from->nfields);
    for (int i = 0; i < from->nfields; i++) {
        s->names[i] = arena_str(a, from->names[i]);
        s->types[i] = from->types[i];
        s->typmods[i] = from->typmods[i];
        s->ops[i] = from->ops[i];
    }
    return s;
}

bool pl_shape_equal(const struct shape *a, const struct shape *b)
{
    if (a == b)
        return true;
    if (!a || !b || a->type != b->type || a->nfields != b->nfields)
        return false;
    for (int i = 0; i < a->nfields; i++)
        if (a->types[i] != b->types[i] || a->typmods[i] != b->typmods[i] ||
            !str_eq(a->names[i], b->names[i]))
            return false;
    return true;
}

int pl_shape_field(const struct shape *s, const char *name)
{
    for (int i = 0; i < s->nfields; i++)
        if (str_eq(s->names[i], str_from(name)))
            return i;
    return -1;
}
