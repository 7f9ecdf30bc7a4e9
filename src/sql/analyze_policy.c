/* Row-level security: the policies of tables become conditions of the statement. Manual section 5.8
 * and the table "Policies Applied by Command Type" of CREATE POLICY.
 *
 * What rows must meet to be seen goes to the range table entry; the planner decides it before any
 * other condition looks at them. What new rows must meet goes to the query. Both are analyzed anew
 * for each use: what is planned for one cannot serve another. */
#include "sql/analyze_internal.h"

#include "catalog/acl.h"

/* A table that the statement uses, and whose policies it meets. */
struct guarded {
    struct analysis *a;
    struct rte_access *x;
    const struct role_rights *rights;
};

static bool is_for(const struct guarded *g, const struct policy *p, char command)
{
    if (p->command != '*' && p->command != command)
        return false;
    for (int i = 0; i < p->nroles; i++)
        if (!p->roles[i] || rights_of(g->rights, p->roles[i]))
            return true;
    return false;
}

/* A policy's text over the columns of *base, made here. The role needs no privilege on them; on
 * what subqueries read it does. */
static struct err *policy_expr(const struct guarded *g, const char *sql, struct rte **base,
                               struct expr **out)
{
    struct parsed parsed;
    struct query *sub;
    struct param_types none = {.fixed = true};
    struct analysis inner = *g->a;
    TRY(parse_sql(sql, g->a->arena, &parsed));
    inner.sql = sql;
    inner.params = &none;
    inner.depth = g->a->depth + 1;
    inner.in_view = true;
    inner.as_role = g->x->as;
    inner.policy_of = g->x;
    TRY(analyze_select_node(&inner, NULL, parsed.stmts[0].tree, false, &sub));
    *base = sub->from[0]->rte;
    (*base)->access->required = 0;
    (*base)->access->rte = NULL;
    *out = sub->targets[0].expr;
    return NULL;
}

/* What a policy says of new rows is what it says of old ones, unless it says otherwise. */
static const char *text_of(const struct policy *p, bool check)
{
    return check && p->check_sql ? p->check_sql : p->using_sql;
}

/* The permissive policies for a command, over *onto (NULL: over an entry made here). Without any
 * nothing is allowed, and one without an expression allows nothing. */
static struct err *permissive(const struct guarded *g, char command, bool check, struct rte **onto,
                              struct expr **out)
{
    const struct relation *r = g->x->rel;
    *out = NULL;
    for (int i = 0; i < r->npolicies; i++) {
        const struct policy *p = &r->policies[i];
        struct rte *base;
        struct expr *e;
        if (!p->permissive || !text_of(p, check) || !is_for(g, p, command))
            continue;
        TRY(policy_expr(g, text_of(p, check), &base, &e));
        if (*onto)
            rte_alias(e, base, *onto);
        else
            *onto = base;
        *out = expr_or(g->a->arena, *out, e);
    }
    if (!*out)
        *out = expr_const(g->a->arena, BOOL_OID, -1, datum_bool(false), -1);
    return NULL;
}

/* ---- rows that are there ---- */

/* The rows that may be seen (or changed, deleted) at all. */
static struct err *guard_rows(const struct guarded *g, char command)
{
    const struct relation *r = g->x->rel;
    struct rte *rte = g->x->rte;
    struct expr *e = rte->policy;
    for (int i = 0; i < r->npolicies; i++) {
        const struct policy *p = &r->policies[i];
        struct rte *base;
        struct expr *more;
        if (p->permissive || !p->using_sql || !is_for(g, p, command))
            continue;
        TRY(policy_expr(g, p->using_sql, &base, &more));
        rte_alias(more, base, rte);
        e = expr_and(g->a->arena, e, more);
    }
    struct expr *allowed;
    TRY(permissive(g, command, false, &rte, &allowed));
    rte->policy = expr_and(g->a->arena, e, allowed);
    return NULL;
}

/* ---- new rows ---- */

static void add_check(const struct guarded *g, struct policy_check c)
{
    struct query *q = g->x->q;
    ARENA_PUSH(g->a->arena, q->policy_checks, q->npolicy_checks, q->policy_checks_cap, c);
}

/* `check`: by what the policies say of new rows. `onto` NULL: over the new row. */
static struct err *check_rows(const struct guarded *g, char command, bool check,
                              enum policy_check_kind kind, struct rte *onto)
{
    const struct relation *r = g->x->rel;
    struct policy_check c = {.kind = kind, .base = onto};
    TRY(permissive(g, command, check, &c.base, &c.expr));
    add_check(g, c);
    for (int i = 0; i < r->npolicies; i++) {
        const struct policy *p = &r->policies[i];
        struct policy_check more = {.kind = kind, .policy = p->name, .base = onto};
        struct rte *base;
        if (p->permissive || !text_of(p, check) || !is_for(g, p, command))
            continue;
        TRY(policy_expr(g, text_of(p, check), &base, &more.expr));
        if (onto)
            rte_alias(more.expr, base, onto);
        else
            more.base = base;
        add_check(g, more);
    }
    return NULL;
}

/* A row that the statement reads or returns must be one that may be seen. */
static struct err *check_updated(const struct guarded *g, bool reads)
{
    TRY(check_rows(g, 'w', true, POLICY_UPDATE, NULL));
    return reads ? check_rows(g, 'r', false, POLICY_UPDATE, NULL) : NULL;
}

static struct err *check_inserted(const struct guarded *g, bool reads)
{
    const struct query *q = g->x->q;
    TRY(check_rows(g, 'a', true, POLICY_INSERT, NULL));
    if (reads)
        TRY(check_rows(g, 'r', false, POLICY_INSERT, NULL));
    if (!q->on_conflict || !q->on_conflict->update)
        return NULL;
    TRY(check_rows(g, 'w', false, POLICY_CONFLICT, q->target));
    if (reads)
        TRY(check_rows(g, 'r', false, POLICY_CONFLICT, q->target));
    return check_updated(g, reads);
}

/* What an action may not touch is an error rather than hidden. */
static struct err *guard_merged(const struct guarded *g, bool reads)
{
    struct rte *target = g->x->q->target;
    if (reads)
        TRY(guard_rows(g, 'r'));
    TRY(check_rows(g, 'w', false, POLICY_MERGE_UPDATE, target));
    TRY(check_rows(g, 'd', false, POLICY_MERGE_DELETE, target));
    TRY(check_rows(g, 'a', true, POLICY_INSERT, NULL));
    return check_updated(g, reads);
}

static struct err *guard_target(const struct guarded *g)
{
    bool reads = g->x->required & PRIV_SELECT;
    switch (g->x->q->kind) {
    case Q_INSERT:
        return check_inserted(g, reads);
    case Q_UPDATE:
        if (reads)
            TRY(guard_rows(g, 'r'));
        TRY(guard_rows(g, 'w'));
        return check_updated(g, reads);
    case Q_DELETE:
        if (reads)
            TRY(guard_rows(g, 'r'));
        return guard_rows(g, 'd');
    case Q_MERGE:
        return guard_merged(g, reads);
    default:
        UNREACHABLE();
    }
}

static bool is_locked(const struct guarded *g)
{
    for (int i = 0; i < g->x->q->nmarks; i++)
        if (g->x->q->marks[i].rte == g->x->rte)
            return true;
    return false;
}

/* ---- which tables ---- */

static struct err *refuse_hiding(const struct guarded *g)
{
    const struct relation *r = g->x->rel;
    struct err *e = err_new(
        "42501", "query would be affected by row-level security policy for table \"%s\"", r->name);
    if (rights_of(g->rights, r->owner))
        err_hint(e, "To disable the policy for the table's owner, use ALTER TABLE NO FORCE ROW "
                    "LEVEL SECURITY.");
    return e;
}

static struct err *guard(const struct guarded *g)
{
    const struct rte_access *x = g->x;
    if (g->a->cat->plans_off & PLAN_POLICIES)
        return refuse_hiding(g);
    for (const struct rte_access *w = x->within; w; w = w->within)
        if (w->rel->oid == x->rel->oid)
            return err_new("42P17", "infinite recursion detected in policy for relation \"%s\"",
                           x->rel->name);
    if (x->q->target == x->rte)
        return guard_target(g);
    if (is_locked(g))
        TRY(guard_rows(g, 'w'));
    return guard_rows(g, 'r');
}

struct err *analyze_policies(struct analysis *a)
{
    struct query *top = a->top;
    for (int i = 0; i < top->naccesses; i++) { /* policies add to them */
        struct guarded g = {.a = a, .x = top->accesses[i]};
        if (!g.x->rel->row_security || !g.x->rte)
            continue;
        top->policy_role = a->cat->role;
        if (g.x->as && g.x->as != a->cat->role)
            TRY(cat_rights_of(a->cat, g.x->as, a->arena, &g.rights));
        else
            TRY(cat_rights(a->cat, &g.rights));
        if (rights_meet_policies(g.rights, g.x->rel))
            TRY(guard(&g));
    }
    return NULL;
}

/* ---- definitions ---- */

struct err *analyze_policy_expr(struct cat *cat, const struct type_env *env, const char *sql,
                                const void *node, struct relation *rel, struct arena *arena,
                                struct query **out)
{
    struct param_types none = {.fixed = true};
    struct analysis a = {.cat = cat, .env = env, .arena = arena, .sql = sql, .params = &none};
    struct level l = level_init(&a, NULL, Q_SELECT);
    struct query *q = l.q;
    struct from_node *from = arena_new(arena, struct from_node);
    TRY(rte_for_relation(&a, rel, NULL, &from->rte));
    ARENA_PUSH(arena, q->rtes, q->nrtes, q->rtes_cap, from->rte);
    q->from = arena_memdup(arena, &from, sizeof(from));
    q->nfrom = 1;
    q->targets = arena_new(arena, struct target);
    q->targets[0].name = "?column?";
    q->ntargets = 1;
    TRY(rte_add_ns(&l, from->rte, true, true));
    struct err *e = analyze_bool(&l, node, CL_POLICY, "POLICY", &q->targets[0].expr);
    if (e)
        query_release(a.top);
    else
        *out = q;
    return e;
}

struct err *analyze_stored_policy(struct cat *cat, const struct type_env *env, const char *text,
                                  struct arena *arena, struct query **out)
{
    struct parsed parsed;
    struct param_types none = {.fixed = true};
    TRY(parse_sql(text, arena, &parsed));
    return analyze_own(cat, env, &parsed.stmts[0], &none, arena, out);
}
