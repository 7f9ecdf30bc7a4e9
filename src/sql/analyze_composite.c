/* Composite values: their fields, (x).*, ROW(...) as a composite type, assignments to parts of a
 * column. Manual sections 8.16 and 4.2.4. */
#include "sql/analyze_internal.h"

bool type_is_composite(uint32_t type)
{
    const struct cat_type *t = builtin_type(builtin_base_type(type));
    return t && t->kind == 'c' && t->relid && t->ops;
}

/* ---- fields ---- */

static struct err *composite_of(struct analysis *a, uint32_t type, struct composite *out)
{
    return cat_composite(a->cat, type, a->arena, out);
}

/* Columns of a ROW of columns, or of what a function with OUT parameters gives. */
static void record_fields(struct analysis *a, const struct expr *e, struct composite *out)
{
    const struct cat_proc *p = e->kind == E_FUNC ? builtin_proc(e->func) : NULL;
    *out = (struct composite){0};
    if (e->kind == E_ROW) {
        out->fields = arena_new_array(a->arena, struct composite_field, e->nargs + 1);
        for (int i = 0; i < e->nargs; i++) {
            const struct expr *arg = e->args[i];
            bool column = arg->kind == E_VAR && arg->var.att > 0;
            const char *name = column ? arg->var.rte->colnames[arg->var.att - 1]
                                      : arena_printf(a->arena, "f%d", i + 1);
            out->fields[out->nfields++] = (struct composite_field){
                str_from(name), arg->type, arg->typmod, type_by_oid(arg->type), false};
        }
    } else if (p && p->nallargs) {
        out->fields = arena_new_array(a->arena, struct composite_field, p->nallargs + 1);
        for (int i = 0; i < p->nallargs; i++) {
            uint32_t type = expr_output_type(e, p->allargtypes[i], a->arena);
            if (strchr("obt", p->argmodes[i]))
                out->fields[out->nfields++] = (struct composite_field){
                    p->argnames ? p->argnames[i] : STR(""), type, -1, type_by_oid(type), false};
        }
    }
}

/* What a column of a subquery in FROM, or of a CTE that is a plain SELECT, stands for. */
static const struct expr *source_of(const struct expr *e)
{
    while (e->kind == E_VAR && e->var.att > 0) {
        const struct rte *rte = e->var.rte;
        const struct query *q = rte->kind == RTE_SUBQUERY ? rte->sub
                                : rte->kind == RTE_CTE    ? rte->cte->query
                                                          : NULL;
        if (!q || q->setop != SETOP_NONE || e->var.att > q->ntargets)
            break;
        e = q->targets[e->var.att - 1].expr;
    }
    return e;
}

static struct err *fields_of(struct analysis *a, const struct expr *e, struct composite *out)
{
    if (type_is_composite(e->type))
        return composite_of(a, e->type, out);
    record_fields(a, source_of(e), out);
    return NULL;
}

static struct expr *field_expr(struct analysis *a, struct expr *e, const struct composite_field *f,
                               int number, int location)
{
    if (e->kind == E_ROW && number <= e->nargs)
        return e->args[number - 1];
    struct expr *out = expr_new(a, E_FIELD, f->type, location);
    out->args = arena_memdup(a->arena, &e, sizeof(e));
    out->nargs = 1;
    out->typmod = f->typmod;
    out->collation = type_default_collation(f->type);
    out->field.field = number;
    return out;
}

static int find_field(const struct composite *c, struct str name)
{
    for (int i = 0; i < c->nfields; i++)
        if (!c->fields[i].dropped && str_eq(c->fields[i].name, name))
            return i + 1;
    return 0;
}

static struct err *no_field(struct analysis *a, const struct expr *e, const char *name,
                            int location)
{
    const char *type = type_display(a->arena, e->type, -1);
    if (type_is_composite(e->type))
        return at(a, err_new("42703", "column \"%s\" not found in data type %s", name, type),
                  location);
    if (e->type == RECORD_OID)
        return at(a, err_new("42703", "could not identify column \"%s\" in record data type", name),
                  location);
    return at(a,
              err_new("42809",
                      "column notation .%s applied to type %s, which is not a composite type", name,
                      type),
              location);
}

struct err *analyze_field(struct analysis *a, struct expr *e, const char *name, int location,
                          struct expr **out)
{
    struct composite c;
    TRY(fields_of(a, e, &c));
    int number = find_field(&c, str_from(name));
    if (!number)
        return no_field(a, e, name, location);
    *out = field_expr(a, e, &c.fields[number - 1], number, location);
    return NULL;
}

bool has_field(struct analysis *a, struct expr *e, const char *name)
{
    struct composite c;
    if (!type_is_composite(e->type))
        return false;
    struct err *err = fields_of(a, e, &c);
    bool found = !err && find_field(&c, str_from(name));
    err_free(err);
    return found;
}

struct err *expand_value(struct analysis *a, struct expr *e, struct target **targets, int *n,
                         int *cap)
{
    struct composite c;
    TRY(fields_of(a, e, &c));
    if (!c.nfields)
        return e->type == RECORD_OID ? err_new("42809", "record type has not been registered")
                                     : err_new("42809", "type %s is not composite",
                                               type_display(a->arena, e->type, -1));
    for (int i = 0; i < c.nfields; i++) {
        if (c.fields[i].dropped)
            continue;
        struct target t = {
            .expr = field_expr(a, e, &c.fields[i], i + 1, e->location),
            .name = arena_strndup(a->arena, c.fields[i].name.data, c.fields[i].name.len)};
        ARENA_PUSH(a->arena, *targets, *n, *cap, t);
    }
    return NULL;
}

struct err *expand_fields(struct level *l, const PgQuery__AIndirection *x, struct target **targets,
                          int *n, int *cap)
{
    PgQuery__AIndirection inner = *x;
    struct expr *e;
    inner.n_indirection--;
    TRY(analyze_indirection(l, &inner, &e));
    return expand_value(l->a, e, targets, n, cap);
}

bool is_field_star(const pg_node *n)
{
    if (n->node_case != PG_QUERY__NODE__NODE_A_INDIRECTION || !n->a_indirection->n_indirection)
        return false;
    const PgQuery__AIndirection *x = n->a_indirection;
    return x->indirection[x->n_indirection - 1]->node_case == PG_QUERY__NODE__NODE_A_STAR;
}

/* ---- ROW(...) as a composite type ---- */

static struct err *row_mismatch(struct analysis *a, const struct expr *e, uint32_t to, int location,
                                const char *detail)
{
    return at(
        a,
        err_detail(err_new("42846", "cannot cast type %s to %s",
                           type_display(a->arena, e->type, -1), type_display(a->arena, to, -1)),
                   "%s", detail),
        location >= 0 ? location : e->location);
}

struct err *coerce_row(struct analysis *a, struct expr *e, uint32_t to, char context,
                       enum expr_form form, int location, struct expr **out)
{
    struct composite c;
    int given = 0;
    TRY(composite_of(a, to, &c));
    struct expr *row = expr_new(a, E_ROW, to, e->location);
    row->args = arena_new_array(a->arena, struct expr *, c.nfields + 1);
    row->form = form;
    for (int i = 0; i < c.nfields; i++) {
        const struct composite_field *f = &c.fields[i];
        if (f->dropped) {
            row->args[row->nargs++] = expr_const(a->arena, VOID_OID, -1, datum_null(), -1);
            continue;
        }
        if (given >= e->nargs)
            return row_mismatch(a, e, to, location, "Input has too few columns.");
        struct expr *arg = e->args[given++];
        struct expr *typed;
        TRY(coerce_try(a, arg, f->type, f->typmod, context, FORM_IMPLICIT, location, &typed));
        if (!typed)
            return row_mismatch(a, e, to, location,
                                arena_printf(a->arena, "Cannot cast type %s to %s in column %d.",
                                             type_display(a->arena, arg->type, -1),
                                             type_display(a->arena, f->type, -1), given));
        row->args[row->nargs++] = typed;
    }
    if (given < e->nargs)
        return row_mismatch(a, e, to, location, "Input has too many columns.");
    *out = row;
    return NULL;
}

/* ---- assignment to parts ---- */

/* What is assigned to: a column, or a part of one. */
struct part {
    const char *name; /* of the column or field, for messages */
    uint32_t type;
    int32_t typmod;
    bool field; /* a field, or an item of an array */
    bool item;
};

static struct err *coerce_part(struct analysis *a, const struct part *p, struct expr *value,
                               int location, struct expr **out)
{
    if (!p->field && !p->item)
        return coerce_assignment(a, value, p->name, p->type, p->typmod, false, out);
    TRY(coerce_try(a, value, p->type, p->typmod, 'a', FORM_IMPLICIT, -1, out));
    if (*out)
        return NULL;
    const char *want = type_display(a->arena, p->type, -1);
    const char *have = type_display(a->arena, value->type, -1);
    struct err *e =
        p->item
            ? err_new("42804",
                      "subscripted assignment to \"%s\" requires type %s but expression is of type "
                      "%s",
                      p->name, want, have)
            : err_new("42804", "subfield \"%s\" is of type %s but expression is of type %s",
                      p->name, want, have);
    return at(a, err_hint(e, "You will need to rewrite or cast the expression."), location);
}

/* A domain over the container checks what it has become. */
static struct err *as_container(struct analysis *a, struct expr *stored, uint32_t type,
                                struct expr **out)
{
    *out = stored;
    return builtin_base_type(type) == type
               ? NULL
               : coerce_try(a, stored, type, -1, 'a', FORM_IMPLICIT, -1, out);
}

static struct err *assign_field(struct level *l, struct expr *container, const struct part *p,
                                pg_node **list, size_t n, struct expr *value, int location,
                                struct expr **out)
{
    struct analysis *a = l->a;
    const char *name = node_str(list[0]);
    struct composite c;
    if (!type_is_composite(p->type))
        return at(a,
                  err_new("42804",
                          "cannot assign to field \"%s\" of column \"%s\" because its type %s is "
                          "not a composite type",
                          name, p->name, type_display(a->arena, p->type, -1)),
                  location);
    TRY(composite_of(a, p->type, &c));
    int number = find_field(&c, str_from(name));
    if (!number)
        return at(a,
                  err_new("42703",
                          "cannot assign to field \"%s\" of column \"%s\" because there is no such "
                          "column in data type %s",
                          name, p->name, type_display(a->arena, p->type, -1)),
                  location);
    const struct composite_field *f = &c.fields[number - 1];
    struct part inner = {name, f->type, f->typmod, true, false};
    struct expr *old = field_expr(a, container, f, number, location);
    struct expr *fresh;
    TRY(assign_part(l, old, &inner, list + 1, n - 1, value, location, &fresh));
    struct expr *store = expr_new(a, E_FIELDSTORE, builtin_base_type(p->type), location);
    store->args = arena_new_array(a->arena, struct expr *, 2);
    store->args[0] = container;
    store->args[1] = fresh;
    store->nargs = 2;
    store->field.field = number;
    return as_container(a, store, p->type, out);
}

static struct err *assign_item(struct level *l, struct expr *container, const struct part *p,
                               pg_node **list, size_t n, struct expr *value, int location,
                               struct expr **out)
{
    struct analysis *a = l->a;
    size_t subs = 0;
    struct expr *old;
    struct expr *fresh;
    while (subs < n && list[subs]->node_case == PG_QUERY__NODE__NODE_A_INDICES)
        subs++;
    TRY(analyze_subscripts(l, container, list, subs, &old));
    if (old->args[0]->type == JSONB_OID && subs < n)
        return at(a, err_new("42804", "cannot assign to a field of type jsonb"), location);
    struct part inner = {p->name, old->type, -1, false, true};
    TRY(assign_part(l, old, &inner, list + subs, n - subs, value, location, &fresh));
    struct expr *store = expr_new(a, E_SUBSTORE, builtin_base_type(p->type), location);
    store->args = arena_new_array(a->arena, struct expr *, old->nargs + 1);
    memcpy(store->args, old->args, sizeof(*old->args) * (size_t)old->nargs);
    store->args[old->nargs] = fresh;
    store->nargs = old->nargs + 1;
    store->subscript = old->subscript;
    return as_container(a, store, p->type, out);
}

struct err *assign_part(struct level *l, struct expr *container, const struct part *p,
                        pg_node **list, size_t n, struct expr *value, int location,
                        struct expr **out)
{
    if (!n)
        return coerce_part(l->a, p, value, location, out);
    if (list[0]->node_case == PG_QUERY__NODE__NODE_STRING)
        return assign_field(l, container, p, list, n, value, location, out);
    if (list[0]->node_case == PG_QUERY__NODE__NODE_A_INDICES)
        return assign_item(l, container, p, list, n, value, location, out);
    return at(l->a, err_new("0A000", "row expansion via \"*\" is not supported here"), location);
}

struct err *assign_column_part(struct level *l, struct expr *container, const char *column,
                               uint32_t type, int32_t typmod, const PgQuery__ResTarget *t,
                               struct expr *value, struct expr **out)
{
    struct part p = {column, type, typmod, false, false};
    return assign_part(l, container, &p, t->indirection, t->n_indirection, value, t->location, out);
}

/* The type of the part, so that a literal can be read as it. */
struct err *part_type(struct level *l, uint32_t type, int32_t typmod, const PgQuery__ResTarget *t,
                      uint32_t *part, int32_t *part_typmod)
{
    *part = type;
    *part_typmod = typmod;
    for (size_t i = 0; i < t->n_indirection; i++) {
        struct composite c;
        if (t->indirection[i]->node_case == PG_QUERY__NODE__NODE_STRING) {
            if (!type_is_composite(*part))
                return NULL; /* assigning says why not */
            TRY(composite_of(l->a, *part, &c));
            int number = find_field(&c, str_from(node_str(t->indirection[i])));
            if (!number)
                return NULL;
            *part = c.fields[number - 1].type;
            *part_typmod = c.fields[number - 1].typmod;
        } else if (subscript_type_of(*part)) {
            bool slice = t->indirection[i]->a_indices->is_slice;
            while (i + 1 < t->n_indirection &&
                   t->indirection[i + 1]->node_case == PG_QUERY__NODE__NODE_A_INDICES)
                slice |= t->indirection[++i]->a_indices->is_slice;
            *part = slice ? *part : subscript_type_of(*part);
        }
    }
    return NULL;
}
