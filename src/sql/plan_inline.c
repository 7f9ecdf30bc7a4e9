/* Calls of users' SQL functions whose body is one expression are replaced by it, as PostgreSQL
 * does: when the body is as stable as the function says, and no argument would be computed several
 * times, or be left out, that should not be. What cannot be replaced is called. */
#include "sql/plan_internal.h"

#include "catalog/ddl.h"
#include "sql/analyze_internal.h"
#include "sql/parse.h"

#include <pg_query/pg_query.pb-c.h>

enum { MAX_INLINE_DEPTH = 20 };

/* SELECT of one expression and nothing else; NULL: it is not. */
static const pg_node *only_expression(const struct parsed *parsed)
{
    const pg_node *tree = parsed->count == 1 ? parsed->stmts[0].tree : NULL;
    if (!tree || tree->node_case != PG_QUERY__NODE__NODE_SELECT_STMT)
        return NULL;
    const PgQuery__SelectStmt *s = tree->select_stmt;
    bool plain = s->n_target_list == 1 && !s->n_from_clause && !s->where_clause &&
                 !s->n_group_clause && !s->having_clause && !s->n_window_clause &&
                 !s->n_sort_clause && !s->n_distinct_clause && !s->limit_count &&
                 !s->limit_offset && !s->n_values_lists && !s->with_clause && !s->into_clause &&
                 !s->n_locking_clause && s->op == PG_QUERY__SET_OPERATION__SETOP_NONE;
    return plain ? s->target_list[0]->res_target->val : NULL;
}

static struct err *is_simple(struct expr **ref, void *arg)
{
    bool *simple = arg;
    switch ((*ref)->kind) {
    case E_SUBLINK:
    case E_AGG:
    case E_WINDOW:
    case E_GROUPING:
        *simple = false;
        return NULL;
    default:
        *simple &= !expr_has_srf(*ref);
        return *simple ? expr_children(*ref, is_simple, arg) : NULL;
    }
}

struct uses {
    const struct expr *arg;
    int count;
};

static struct err *count_uses(struct expr **ref, void *arg)
{
    struct uses *u = arg;
    if (*ref == u->arg) {
        u->count++;
        return NULL;
    }
    return expr_children(*ref, count_uses, arg);
}

static struct err *add_cost(struct expr **ref, void *arg)
{
    int *cost = arg;
    enum { TOO_MUCH = 1000 };
    switch ((*ref)->kind) {
    case E_SUBLINK:
    case E_SUBPLAN:
        *cost += TOO_MUCH;
        return NULL;
    case E_FUNC:
        *cost += (*ref)->func >= FIRST_USER_OID ? TOO_MUCH : 1;
        break;
    case E_OP:
        (*cost)++;
        break;
    default:
        break;
    }
    return expr_children(*ref, add_cost, arg);
}

/* As in PostgreSQL: what takes at most ten operators may be computed several times. */
static bool is_cheap(struct expr *e)
{
    enum { MAX_COST = 10 };
    int cost = 0;
    struct err *never = add_cost(&e, &cost);
    CHECK(never == NULL);
    return cost <= MAX_COST && !expr_has_volatile(e);
}

static bool args_allow(const struct expr *call, struct expr *body)
{
    for (int i = 0; i < call->nargs; i++) {
        struct uses u = {call->args[i], 0};
        struct err *never = count_uses(&body, &u);
        CHECK(never == NULL);
        if ((u.count > 1 && !is_cheap(call->args[i])) ||
            (u.count != 1 && expr_has_volatile(call->args[i])))
            return false;
    }
    return true;
}

static bool may_replace(const struct cat_proc *p, const struct expr *call)
{
    const struct cat_type *t = builtin_type(call->type);
    return p && p->oid >= FIRST_USER_OID && p->kind == 'f' && p->lang == SQL_LANGUAGE &&
           !p->retset && !p->strict && !p->nconfig && !p->definer && call->nargs == p->nargs && t &&
           t->kind != 'c' && t->kind != 'p';
}

static const char **names_of(const struct cat_proc *p, struct arena *a)
{
    const char **names = arena_new_array(a, const char *, p->nargs + 1);
    int all = p->nallargs ? p->nallargs : p->nargs;
    int n = 0;
    for (int i = 0; i < p->nargs; i++)
        names[i] = NULL;
    for (int i = 0; p->argnames && i < all && n < p->nargs; i++)
        if (!p->argmodes || strchr("ibv", p->argmodes[i]))
            names[n++] = p->argnames[i].len
                             ? arena_strndup(a, p->argnames[i].data, p->argnames[i].len)
                             : NULL;
    return names;
}

/* The body with the arguments in their places; NULL when it cannot be analyzed: the call says why.
 */
static struct expr *body_of(struct planner *p, const struct cat_proc *proc, const struct expr *call)
{
    struct param_types params = {.types = arena_new_array(p->arena, uint32_t, call->nargs + 1),
                                 .count = call->nargs,
                                 .names = names_of(proc, p->arena),
                                 .function =
                                     arena_strndup(p->arena, proc->name.data, proc->name.len),
                                 .fixed = true};
    struct parsed parsed;
    struct expr *body = NULL;
    const char *text;
    struct err *e = cat_proc_source(p->cat, proc->oid, p->arena, &text);
    for (int i = 0; i < call->nargs; i++)
        params.types[i] = call->args[i]->type;
    if (!e)
        e = parse_sql(text, p->arena, &parsed);
    const pg_node *value = e ? NULL : only_expression(&parsed);
    if (value) {
        struct analysis a = {.cat = p->cat,
                             .env = p->env,
                             .arena = p->arena,
                             .sql = text,
                             .params = &params,
                             .inline_args = call->args,
                             .ninline_args = call->nargs};
        struct level l = level_init(&a, NULL, Q_SELECT);
        e = analyze_expr(&l, value, &body);
        if (!e)
            e = coerce_try(&a, body, call->type, -1, 'a', FORM_IMPLICIT, -1, &body);
        if (a.top && a.top->env_literals && p->plan && p->plan->query)
            p->plan->query->env_literals = true;
        struct query *outer = p->plan ? p->plan->query : NULL;
        for (int i = 0; outer && a.top && i < a.top->ncalled; i++)
            ARENA_PUSH(p->arena, outer->called, outer->ncalled, outer->called_cap,
                       a.top->called[i]);
        query_release(a.top);
    }
    if (e)
        body = NULL;
    err_free(e);
    return body;
}

struct expr *inline_user_function(struct planner *p, const struct expr *call)
{
    const struct cat_proc *proc = builtin_proc(call->func);
    bool simple = true;
    if (!may_replace(proc, call) || p->inline_depth >= MAX_INLINE_DEPTH)
        return NULL;
    struct expr *body = body_of(p, proc, call);
    if (!body)
        return NULL;
    struct err *never = is_simple(&body, &simple);
    CHECK(never == NULL);
    if (!simple || !args_allow(call, body) || (proc->volatility == 'i' && expr_is_mutable(body)) ||
        (proc->volatility == 's' && expr_has_volatile(body)))
        return NULL;
    return body;
}

static struct err *inline_calls(struct expr **ref, void *arg)
{
    struct planner *p = arg;
    struct expr *body = (*ref)->kind == E_FUNC ? inline_user_function(p, *ref) : NULL;
    if (body)
        *ref = body;
    p->inline_depth++;
    struct err *e = expr_children(*ref, inline_calls, arg);
    p->inline_depth--;
    return e;
}

void inline_user_functions(struct planner *p, struct expr **ref)
{
    struct err *never = inline_calls(ref, p);
    CHECK(never == NULL);
}
