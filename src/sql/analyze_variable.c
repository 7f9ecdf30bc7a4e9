/* Names that a procedural language knows: see struct variables. Each becomes a parameter. */
#include "sql/analyze_internal.h"

enum { MAX_NAMES = 8 };

/* The names of a reference without a final star. */
static int names_of(const PgQuery__ColumnRef *ref, const char **names)
{
    int n = 0;
    for (size_t i = 0; i < ref->n_fields && n < MAX_NAMES; i++)
        if (ref->fields[i]->node_case == PG_QUERY__NODE__NODE_STRING)
            names[n++] = node_str(ref->fields[i]);
    return n;
}

static struct expr *parameter(struct analysis *a, int number, int location)
{
    const uint32_t type = a->params->types[number - 1];
    struct expr *e = expr_new(a, E_PARAM, type, location);
    e->param = number;
    e->collation = type_default_collation(type);
    return e;
}

const char *column_ref_text(const PgQuery__ColumnRef *ref, struct arena *a)
{
    const char *names[MAX_NAMES];
    int n = names_of(ref, names);
    const char *text = n ? names[0] : "";
    for (int i = 1; i < n; i++)
        text = arena_printf(a, "%s.%s", text, names[i]);
    return text;
}

static struct err *find(struct analysis *a, const char *const *names, int n, int location,
                        struct expr **out)
{
    int number = 0;
    int used = 0;
    *out = NULL;
    TRY(a->params->variables->find(a->params, names, n, &number, &used));
    if (!number)
        return NULL;
    *out = parameter(a, number, location);
    for (; used < n; used++)
        TRY(analyze_field(a, *out, names[used], location, out));
    return NULL;
}

struct err *analyze_variable(struct analysis *a, const PgQuery__ColumnRef *ref, struct expr **out)
{
    const char *names[MAX_NAMES];
    int n = names_of(ref, names);
    *out = NULL;
    return n ? find(a, names, n, ref->location, out) : NULL;
}

struct err *analyze_variable_param(struct analysis *a, const PgQuery__ParamRef *p,
                                   struct expr **out)
{
    const char *name = arena_printf(a->arena, "$%d", p->number);
    return find(a, &name, 1, p->location, out);
}

struct err *expand_variable(struct analysis *a, const PgQuery__ColumnRef *ref,
                            struct target **targets, int *n, int *cap, bool *found)
{
    struct variables *v = a->params ? a->params->variables : NULL;
    const char *names[MAX_NAMES];
    const char **fields;
    int *numbers;
    int count = -1;
    *found = false;
    if (!v)
        return NULL;
    int nnames = names_of(ref, names);
    TRY(v->fields(a->params, names, nnames, a->arena, &fields, &numbers, &count));
    *found = count >= 0;
    for (int i = 0; i < count; i++) {
        struct target t = {.expr = parameter(a, numbers[i], ref->location), .name = fields[i]};
        ARENA_PUSH(a->arena, *targets, *n, *cap, t);
    }
    return NULL;
}

struct err *analyze_assignment(struct analysis *a, const PgQuery__UpdateStmt *s, struct query **out)
{
    const struct variables *v = a->params->variables;
    const PgQuery__ResTarget *t = s->target_list[0]->res_target;
    PgQuery__SelectStmt select;
    PgQuery__ResTarget value;
    pg_node nodes[2];
    pg_node *targets[1] = {&nodes[1]};
    struct expr *old;
    TRY(find(a, v->target, v->ntarget, t->location, &old));
    if (!old)
        return err_new("42601", "\"%s\" is not a known variable", v->target[0]);
    pg_query__select_stmt__init(&select);
    pg_query__res_target__init(&value);
    pg_query__node__init(&nodes[0]);
    pg_query__node__init(&nodes[1]);
    select.op = PG_QUERY__SET_OPERATION__SETOP_NONE;
    select.limit_option = PG_QUERY__LIMIT_OPTION__LIMIT_OPTION_DEFAULT;
    value.val = t->val;
    nodes[1].node_case = PG_QUERY__NODE__NODE_RES_TARGET;
    nodes[1].res_target = &value;
    select.target_list = targets;
    select.n_target_list = 1;
    nodes[0].node_case = PG_QUERY__NODE__NODE_SELECT_STMT;
    nodes[0].select_stmt = &select;
    TRY(analyze_select_node(a, NULL, &nodes[0], false, out));
    struct level l = level_init(a, NULL, Q_SELECT);
    l.q = *out;
    struct expr **whole = &(*out)->targets[0].expr;
    return assign_column_part(&l, old, v->target[v->ntarget - 1], old->type, -1, t, *whole, whole);
}

static struct err *find_sublink(struct expr **e, void *arg)
{
    bool *found = arg;
    *found |= (*e)->kind == E_SUBLINK;
    return *found ? NULL : expr_children(*e, find_sublink, arg);
}

bool query_is_plain(const struct query *q)
{
    bool sublink = false;
    if (q->kind != Q_SELECT || q->nrtes || q->nfrom || q->where || q->has_group || q->has_srf ||
        q->nwindows || q->distinct != DISTINCT_NONE || q->norder || q->limit || q->offset ||
        q->setop != SETOP_NONE || q->nctes || q->ntargets != 1 || q->env_literals || q->call)
        return false;
    struct expr *value = q->targets[0].expr;
    err_free(find_sublink(&value, &sublink));
    return !sublink;
}
