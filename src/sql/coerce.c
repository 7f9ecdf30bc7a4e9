/* Type conversion: manual chapter 10. What can be coerced to what, in which context, and the
 * expression nodes that do it. */
#include "sql/analyze_internal.h"

enum path_kind { PATH_NONE, PATH_RELABEL, PATH_FUNC, PATH_IO, PATH_ARRAY };

struct path {
    enum path_kind kind;
    uint32_t func;
};

static int context_rank(char context)
{
    return context == 'i' ? 0 : context == 'a' ? 1 : 2;
}

static uint32_t base_type(uint32_t type)
{
    return builtin_base_type(type);
}

bool type_is_polymorphic(uint32_t type)
{
    switch (type) {
    case ANYELEMENT_OID:
    case ANYARRAY_OID:
    case ANYNONARRAY_OID:
    case ANYENUM_OID:
    case ANYRANGE_OID:
    case ANYCOMPATIBLE_OID:
    case ANYCOMPATIBLEARRAY_OID:
    case ANYCOMPATIBLENONARRAY_OID:
    case ANYMULTIRANGE_OID:
    case ANYCOMPATIBLEMULTIRANGE_OID:
    case ANYCOMPATIBLERANGE_OID:
        return true;
    }
    return false;
}

uint32_t array_type_of(uint32_t elem)
{
    const struct cat_type *t = builtin_type(elem);
    return t ? t->array : 0;
}

uint32_t element_type_of(uint32_t array)
{
    const struct cat_type *t = builtin_type(base_type(array));
    if (!t)
        return 0;
    /* int2vector and oidvector are subscriptable too. */
    return t->is_array || t->oid == INT2VECTOR_OID || t->oid == OIDVECTOR_OID ? t->elem : 0;
}

uint32_t subscript_type_of(uint32_t container)
{
    const struct cat_type *t = builtin_type(base_type(container));
    return t ? t->elem : 0;
}

bool type_is_collatable(uint32_t type)
{
    const struct cat_type *t = builtin_type(type);
    return t && t->collation;
}

uint32_t type_default_collation(uint32_t type)
{
    const struct cat_type *t = builtin_type(type);
    return t ? t->collation : 0;
}

static struct path find_path(uint32_t from, uint32_t to, char context)
{
    from = base_type(from);
    to = base_type(to);
    if (from == to)
        return (struct path){PATH_RELABEL, 0};
    const struct cat_cast *c = builtin_cast(from, to);
    if (c) {
        if (context_rank(context) < context_rank(c->context))
            return (struct path){PATH_NONE, 0};
        if (c->method == 'b')
            return (struct path){PATH_RELABEL, 0};
        if (c->method == 'i')
            return (struct path){PATH_IO, 0};
        return (struct path){PATH_FUNC, c->proc};
    }
    const struct cat_type *f = builtin_type(from);
    const struct cat_type *t = builtin_type(to);
    if (!f || !t)
        return (struct path){PATH_NONE, 0};
    bool vector = to == OIDVECTOR_OID || to == INT2VECTOR_OID;
    if (t->is_array && f->is_array && !vector) {
        struct path elem = find_path(f->elem, t->elem, context);
        if (elem.kind == PATH_RELABEL)
            return (struct path){PATH_ARRAY, 0};
        if (elem.kind == PATH_FUNC)
            return (struct path){PATH_ARRAY, elem.func};
        return elem.kind == PATH_IO ? (struct path){PATH_ARRAY, 0} : elem;
    }
    if (context_rank(context) >= 1 && t->category == 'S')
        return (struct path){PATH_IO, 0};
    if (context_rank(context) >= 2 && f->category == 'S')
        return (struct path){PATH_IO, 0};
    return (struct path){PATH_NONE, 0};
}

static bool polymorphic_accepts(uint32_t from, uint32_t to)
{
    switch (to) {
    case ANYARRAY_OID:
    case ANYCOMPATIBLEARRAY_OID:
        return element_type_of(from) != 0;
    case ANYNONARRAY_OID:
    case ANYCOMPATIBLENONARRAY_OID:
        return !element_type_of(from);
    case ANYELEMENT_OID:
    case ANYCOMPATIBLE_OID:
        return true;
    case ANYENUM_OID: {
        const struct cat_type *t = builtin_type(from);
        return t && t->kind == 'e';
    }
    case ANYRANGE_OID:
    case ANYCOMPATIBLERANGE_OID: {
        const struct cat_type *t = builtin_type(builtin_base_type(from));
        return t && t->kind == 'r';
    }
    case ANYMULTIRANGE_OID:
    case ANYCOMPATIBLEMULTIRANGE_OID: {
        const struct cat_type *t = builtin_type(builtin_base_type(from));
        return t && t->kind == 'm';
    }
    }
    return false;
}

bool can_coerce(uint32_t from, uint32_t to, char context)
{
    if (from == to || to == ANY_OID || from == UNKNOWN_OID)
        return true;
    if (type_is_polymorphic(to))
        return polymorphic_accepts(from, to);
    const struct cat_type *f = builtin_type(from);
    if (to == RECORD_OID && f && f->kind == 'c')
        return true;
    if (from == RECORD_OID && type_is_composite(to))
        return true;
    if (to == RECORDARRAY_OID && element_type_of(from) == RECORD_OID)
        return true;
    return find_path(from, to, context).kind != PATH_NONE;
}

/* ---- building coercions ---- */

static struct expr *wrap(struct analysis *a, enum expr_kind kind, struct expr *arg, uint32_t type,
                         enum expr_form form, int location)
{
    struct expr *e = expr_new(a, kind, type, location);
    e->args = arena_new_array(a->arena, struct expr *, 1);
    e->args[0] = arg;
    e->nargs = 1;
    e->form = form;
    return e;
}

static struct expr *cast_call(struct analysis *a, uint32_t func, struct expr *arg, uint32_t type,
                              int32_t typmod, bool is_explicit, enum expr_form form, int location)
{
    const struct cat_proc *p = builtin_proc(func);
    struct expr **args = arena_new_array(a->arena, struct expr *, 3);
    args[0] = arg;
    if (p->nargs >= 2)
        args[1] = expr_const(a->arena, INT4_OID, -1, datum_int(typmod), -1);
    if (p->nargs >= 3)
        args[2] = expr_const(a->arena, BOOL_OID, -1, datum_bool(is_explicit), -1);
    struct expr *e = expr_func(a->arena, E_FUNC, func, 0, type, args, p->nargs, location);
    e->form = form;
    if (p->nargs >= 2)
        e->typmod = typmod;
    return e;
}

/* Whether the same text may read differently in another session, or later: pg_proc calls the input
 * function stable. An array's input is called so for the sake of its elements. */
static bool input_depends_on_session(uint32_t type)
{
    const struct cat_type *t = builtin_type(type);
    if (t && t->is_array)
        t = builtin_type(base_type(t->elem));
    const struct cat_proc *input = t ? builtin_proc(t->input) : NULL;
    return !input || input->volatility != 'i';
}

static struct err *bad_literal(struct analysis *a, struct err *e, int location)
{
    return e ? at(a, e, location) : NULL;
}

static struct err *coerce_literal(struct analysis *a, struct expr *e, uint32_t to, int32_t typmod,
                                  struct expr **out)
{
    struct expr *c = expr_const(a->arena, to, -1, e->value, e->location);
    uint32_t base = base_type(to);
    if (e->value.null) {
        *out = c;
        return NULL;
    }
    const struct type_ops *ops = type_by_oid(base);
    if (!ops)
        return at(a, err_unsupported("type %s is not supported", type_display(a->arena, to, -1)),
                  e->location);
    if (a->top && input_depends_on_session(base))
        a->top->env_literals = true;
    /* Interval's modifier changes how the text reads; others are applied afterwards. */
    int32_t input_typmod = base == INTERVAL_OID ? typmod : -1;
    TRY(bad_literal(a,
                    ops->in(ops, a->env, datum_as_str(e->value), input_typmod, a->arena, &c->value),
                    e->location));
    if (input_typmod != -1)
        c->typmod = typmod;
    *out = c;
    return NULL;
}

static struct err *coerce_param(struct analysis *a, struct expr *e, uint32_t to, struct expr **out)
{
    uint32_t *known = &a->params->types[e->param - 1];
    if (*known == 0 || *known == UNKNOWN_OID)
        *known = to;
    else if (*known != to)
        return at(
            a,
            err_detail(err_new("42P18", "inconsistent types deduced for parameter $%d", e->param),
                       "%s versus %s", type_display(a->arena, *known, -1),
                       type_display(a->arena, to, -1)),
            e->location);
    e->type = to;
    e->collation = type_default_collation(to);
    *out = e;
    return NULL;
}

/* Brings a value of the right type to its modifier. */
static struct err *apply_typmod(struct analysis *a, struct expr *e, int32_t typmod, char context,
                                enum expr_form form, int location, struct expr **out)
{
    *out = e;
    if (typmod < 0 || e->typmod == typmod)
        return NULL;
    uint32_t base = base_type(e->type);
    const struct cat_cast *c = builtin_cast(base, base);
    const struct cat_type *t = builtin_type(base);
    if (c && c->proc) {
        *out = cast_call(a, c->proc, e, e->type, typmod, context == 'e', form, location);
    } else if (t && t->is_array) {
        c = builtin_cast(t->elem, t->elem);
        if (!c || !c->proc)
            return NULL;
        *out = wrap(a, E_ARRAYCAST, e, e->type, form, location);
        (*out)->func = c->proc;
        (*out)->typmod = typmod;
    }
    return NULL;
}

static struct err *coerce_type(struct analysis *a, struct expr *e, uint32_t to, int32_t typmod,
                               char context, enum expr_form form, int location, struct expr **out);

/* The value below COLLATE takes the other type; one without collations loses it. */
static struct err *coerce_collated(struct analysis *a, struct expr *e, uint32_t to, int32_t typmod,
                                   char context, enum expr_form form, int location,
                                   struct expr **out)
{
    TRY(coerce_type(a, e->args[0], to, typmod, context, form, location, out));
    if (!*out || !type_is_collatable((*out)->type))
        return NULL;
    struct expr *collate = arena_memdup(a->arena, e, sizeof(*e));
    collate->args = arena_memdup(a->arena, out, sizeof(*out));
    collate->type = (*out)->type;
    collate->typmod = (*out)->typmod;
    *out = collate;
    return NULL;
}

static struct err *coerce_type(struct analysis *a, struct expr *e, uint32_t to, int32_t typmod,
                               char context, enum expr_form form, int location, struct expr **out)
{
    *out = NULL;
    if (e->type == to || to == ANY_OID) {
        *out = e;
        return NULL;
    }
    if (type_is_polymorphic(to)) {
        *out = e;
        return e->type == UNKNOWN_OID ? resolve_unknown(a, out) : NULL;
    }
    if (e->type == UNKNOWN_OID && e->kind == E_CONST)
        return coerce_literal(a, e, to, typmod, out);
    if ((e->type == UNKNOWN_OID || e->type == 0) && e->kind == E_PARAM)
        return coerce_param(a, e, to, out);
    if (e->type == UNKNOWN_OID) {
        *out = wrap(a, E_IOCAST, e, to, form, location);
        return NULL;
    }
    if (e->type == RECORD_OID && e->kind == E_ROW && type_is_composite(to))
        return coerce_row(a, e, to, context, form, location, out);
    if (e->kind == E_RELABEL && e->form == FORM_SQL) /* below COLLATE */
        return coerce_collated(a, e, to, typmod, context, form, location, out);
    struct path p = find_path(e->type, to, context);
    const struct cat_type *from = builtin_type(e->type);
    switch (p.kind) {
    case PATH_RELABEL:
        *out = wrap(a, E_RELABEL, e, to, form, location);
        return NULL;
    case PATH_FUNC:
        *out = cast_call(a, p.func, e, to, typmod, context == 'e', form, location);
        return NULL;
    case PATH_IO:
        *out = wrap(a, E_IOCAST, e, to, form, location);
        return NULL;
    case PATH_ARRAY:
        *out = wrap(a, E_ARRAYCAST, e, to, form, location);
        (*out)->func = p.func;
        return NULL;
    case PATH_NONE:
        break;
    }
    if (to == RECORD_OID && from && from->kind == 'c')
        *out = wrap(a, E_RELABEL, e, to, form, location);
    return NULL;
}

/* To the base type, and then through the domain's constraints. A parameter that has no type yet is
 * of the domain: reading it checks it. */
static struct err *coerce_to_domain(struct analysis *a, struct expr *e, uint32_t to, char context,
                                    enum expr_form form, int location, struct expr **out)
{
    struct expr *typed;
    bool parameter = e->kind == E_PARAM && (e->type == UNKNOWN_OID || e->type == 0);
    const struct type_ops *ops = type_by_oid(to);
    *out = NULL;
    if (!ops)
        return NULL;
    if (parameter)
        return coerce_param(a, e, to, out);
    TRY(coerce_try(a, e, builtin_base_type(to), ops->typmod, context, FORM_IMPLICIT, location,
                   &typed));
    if (typed)
        *out = wrap(a, E_DOMAIN, typed, to, form, location);
    return NULL;
}

struct err *coerce_try(struct analysis *a, struct expr *e, uint32_t to, int32_t typmod,
                       char context, enum expr_form form, int location, struct expr **out)
{
    struct expr *typed;
    *out = NULL;
    if (e->type != UNKNOWN_OID && !can_coerce(e->type, to, context))
        return NULL;
    const struct cat_type *t = builtin_type(to);
    if (t && t->kind == 'd' && e->type != to)
        return coerce_to_domain(a, e, to, context, form, location, out);
    TRY(coerce_type(a, e, to, typmod, context, form, location, &typed));
    if (!typed)
        return NULL;
    return apply_typmod(a, typed, typmod, context, form, location, out);
}

struct err *coerce_explicit(struct analysis *a, struct expr *e, uint32_t to, int32_t typmod,
                            int location, struct expr **out)
{
    TRY(coerce_try(a, e, to, typmod, 'e', FORM_CAST, location, out));
    if (*out)
        return NULL;
    return at(a,
              err_new("42846", "cannot cast type %s to %s", type_display(a->arena, e->type, -1),
                      type_display(a->arena, to, -1)),
              location);
}

struct err *coerce_to_bool(struct analysis *a, struct expr *e, const char *what, struct expr **out)
{
    TRY(coerce_try(a, e, BOOL_OID, -1, 'a', FORM_IMPLICIT, -1, out));
    if (*out && !expr_has_srf(*out))
        return NULL;
    if (*out)
        return at(a, err_new("42804", "argument of %s must not return a set", what),
                  expr_location(e));
    return at(a,
              err_new("42804", "argument of %s must be type boolean, not type %s", what,
                      type_display(a->arena, e->type, -1)),
              expr_location(e));
}

struct err *coerce_assignment(struct analysis *a, struct expr *e, const char *column, uint32_t type,
                              int32_t typmod, bool default_value, struct expr **out)
{
    TRY(coerce_try(a, e, type, typmod, 'a', FORM_IMPLICIT, -1, out));
    if (*out)
        return NULL;
    const char *want = type_display(a->arena, type, -1);
    const char *have = type_display(a->arena, e->type, -1);
    struct err *err =
        default_value
            ? err_new("42804", "column \"%s\" is of type %s but default expression is of type %s",
                      column, want, have)
            : err_new("42804", "column \"%s\" is of type %s but expression is of type %s", column,
                      want, have);
    return at(a, err_hint(err, "You will need to rewrite or cast the expression."), e->location);
}

struct err *resolve_unknown(struct analysis *a, struct expr **e)
{
    if ((*e)->type == UNKNOWN_OID || (*e)->type == 0)
        return coerce_type(a, *e, TEXT_OID, -1, 'i', FORM_IMPLICIT, -1, e);
    return NULL;
}

struct err *common_type(struct analysis *a, struct expr **exprs, int n, const char *what,
                        uint32_t *out)
{
    uint32_t type = exprs[0]->type;
    int first = 0;
    bool same = type != UNKNOWN_OID;
    for (int i = 1; same && i < n; i++)
        same = exprs[i]->type == type;
    if (same) {
        *out = type;
        return NULL;
    }
    type = base_type(type);
    for (int i = 1; i < n; i++) {
        uint32_t other = base_type(exprs[i]->type);
        if (other == UNKNOWN_OID || other == type)
            continue;
        const struct cat_type *t = builtin_type(type);
        const struct cat_type *o = builtin_type(other);
        if (type == UNKNOWN_OID) {
            type = other;
            first = i;
        } else if (t && o && t->category != o->category) {
            return at(a,
                      err_new("42804", "%s types %s and %s cannot be matched", what,
                              type_display(a->arena, type, -1), type_display(a->arena, other, -1)),
                      exprs[i]->location);
        } else if (!(t && t->preferred) && can_coerce(type, other, 'i') &&
                   !can_coerce(other, type, 'i')) {
            type = other;
            first = i;
        }
    }
    (void)first;
    *out = type == UNKNOWN_OID ? TEXT_OID : type;
    return NULL;
}

struct err *coerce_to_common(struct analysis *a, struct expr **e, uint32_t type, const char *what)
{
    struct expr *out;
    TRY(coerce_try(a, *e, type, -1, 'i', FORM_IMPLICIT, -1, &out));
    if (!out)
        return at(a,
                  err_new("42846", "%s could not convert type %s to %s", what,
                          type_display(a->arena, (*e)->type, -1), type_display(a->arena, type, -1)),
                  (*e)->location);
    *e = out;
    return NULL;
}

int32_t common_typmod(struct expr **exprs, int n, uint32_t type)
{
    for (int i = 0; i < n; i++)
        if (exprs[i]->type != type || exprs[i]->typmod != exprs[0]->typmod)
            return -1;
    return exprs[0]->typmod;
}

struct err *coerce_assigned(struct analysis *a, struct expr *e, uint32_t to, int32_t typmod,
                            struct expr **out)
{
    TRY(coerce_try(a, e, to, typmod, 'a', FORM_IMPLICIT, -1, out));
    if (*out)
        return NULL;
    struct expr *read = wrap(a, E_IOCAST, e, base_type(to), FORM_IMPLICIT, -1);
    return coerce_try(a, read, to, typmod, 'a', FORM_IMPLICIT, -1, out);
}

struct err *analyze_value_cast(struct cat *cat, const struct type_env *env, uint32_t from,
                               uint32_t to, int32_t typmod, struct arena *arena, struct expr **out)
{
    struct param_types params = {.types = &from, .count = 1, .fixed = true};
    struct analysis a = {.cat = cat, .env = env, .arena = arena, .sql = "", .params = &params};
    struct expr *value = expr_new(&a, E_PARAM, from, -1);
    value->param = 1;
    return coerce_assigned(&a, value, to, typmod, out);
}
