/* WITH: common table expressions, recursive ones among them. */
#include "rt/fiber.h"
#include "sql/analyze_internal.h"

static struct err *cte_columns(struct level *l, struct cte *cte, const PgQuery__CommonTableExpr *c,
                               const struct query *q)
{
    struct analysis *a = l->a;
    const struct target *targets = q->kind == Q_SELECT ? q->targets : q->returning;
    int ntargets = q->kind == Q_SELECT ? q->ntargets : q->nreturning;
    int room = ntargets + 4; /* SEARCH and CYCLE add up to three */
    cte->colnames = arena_new_array(a->arena, const char *, room);
    cte->types = arena_new_array(a->arena, uint32_t, room);
    cte->typmods = arena_new_array(a->arena, int32_t, room);
    cte->collations = arena_new_array(a->arena, uint32_t, room);
    for (int i = 0; i < ntargets; i++) {
        if (!targets[i].name)
            continue;
        int k = cte->ncols++;
        bool named = k < (int)c->n_aliascolnames;
        cte->colnames[k] = named ? node_str(c->aliascolnames[k]) : targets[i].name;
        cte->types[k] = targets[i].expr->type;
        cte->typmods[k] = targets[i].expr->typmod;
        cte->collations[k] = targets[i].expr->collation;
    }
    if ((int)c->n_aliascolnames > cte->ncols)
        return at(a,
                  err_new("42P10",
                          "WITH query \"%s\" has %d columns available but %zu columns "
                          "specified",
                          cte->name, cte->ncols, c->n_aliascolnames),
                  c->location);
    return NULL;
}

/* ---- recursion ---- */

/* A CTE that is read while it is being analyzed. */
struct err *check_cte_reference(struct level *l, const struct cte *cte, int location)
{
    const struct analysis *a = l->a;
    const char *where = NULL;
    const struct level *home = l;
    while (home && home->q != cte->level)
        home = home->parent;
    if (cte->stage != CTE_DONE && home && home->running != cte)
        return at(a, err_unsupported("mutual recursion between WITH items is not implemented"),
                  cte->location);
    switch (cte->stage) {
    case CTE_DONE:
        return NULL;
    case CTE_NO_UNION:
        return at(a,
                  err_new("42P19",
                          "recursive query \"%s\" does not have the form non-recursive-term UNION "
                          "[ALL] recursive-term",
                          cte->name),
                  cte->location);
    case CTE_LEFT:
        where = "within its non-recursive term";
        break;
    case CTE_RIGHT:
        where = a->in_sublink > cte->in_sublink         ? "within a subquery"
                : a->in_outer_join > cte->in_outer_join ? "within an outer join"
                : a->in_intersect > cte->in_intersect   ? "within INTERSECT"
                : a->in_except > cte->in_except         ? "within EXCEPT"
                : cte->uses > cte->uses_before          ? "more than once"
                                                        : NULL;
        break;
    }
    return where ? at(a,
                      err_new("42P19", "recursive reference to query \"%s\" must not appear %s",
                              cte->name, where),
                      location)
                 : NULL;
}

/* A level that reads the CTE of which it is a part may not aggregate. */
struct err *check_recursive_term(struct level *l)
{
    const struct query *q = l->q;
    bool reads = false;
    for (int i = 0; i < q->nrtes; i++)
        reads |= q->rtes[i]->kind == RTE_CTE && q->rtes[i]->cte->stage == CTE_RIGHT;
    if (!reads || !q->naggs)
        return NULL;
    return at(l->a,
              err_new("42P19", "aggregate functions are not allowed in a recursive query's "
                               "recursive term"),
              q->aggs[0]->location);
}

/* Clauses of the UNION itself. */
static struct err *check_union_clauses(const struct analysis *a, const PgQuery__SelectStmt *s)
{
    if (s->n_sort_clause)
        return at(a, err_unsupported("ORDER BY in a recursive query is not implemented"),
                  node_location(s->sort_clause[0]->sort_by->node));
    if (s->limit_offset)
        return at(a, err_unsupported("OFFSET in a recursive query is not implemented"),
                  node_location(s->limit_offset));
    if (s->limit_count)
        return at(a, err_unsupported("LIMIT in a recursive query is not implemented"),
                  node_location(s->limit_count));
    if (s->n_locking_clause)
        return err_unsupported("FOR UPDATE/SHARE in a recursive query is not implemented");
    return NULL;
}

static struct err *check_recursive_types(const struct analysis *a, const struct cte *cte,
                                         const struct query *q, const int *locations)
{
    for (int i = 0; i < (cte->cycle ? cte->cycle->nplain : cte->ncols); i++) {
        if (q->setop_rte->types[i] == cte->types[i])
            continue;
        return at(a,
                  err_hint(err_new("42804",
                                   "recursive query \"%s\" column %d has type %s in "
                                   "non-recursive term but type %s overall",
                                   cte->name, i + 1, type_display(a->arena, cte->types[i], -1),
                                   type_display(a->arena, q->setop_rte->types[i], -1)),
                           "Cast the output of the non-recursive term to the correct type."),
                  locations[i]);
    }
    return NULL;
}

/* WITH RECURSIVE: the left arm gives the columns, the right arm then sees the table. */
static struct err *analyze_recursive(struct level *l, struct cte *cte,
                                     const PgQuery__CommonTableExpr *c)
{
    struct analysis *a = l->a;
    const PgQuery__SelectStmt *s = c->ctequery->select_stmt;
    struct level body = level_init(a, l, Q_SELECT);
    struct query *q = body.q;
    if (s->with_clause)
        TRY(analyze_with(&body, s->with_clause));
    q->setop = SETOP_UNION;
    q->setop_all = s->all;
    cte->query = q;
    cte->recursive = true;
    cte->materialized = true;
    cte->stage = CTE_LEFT;
    TRY(analyze_setop_arm(&body, s->larg, &q->left));
    int *locations = arena_new_array(a->arena, int, q->left->ntargets);
    for (int i = 0; i < q->left->ntargets; i++) {
        TRY(resolve_unknown(a, &q->left->targets[i].expr));
        locations[i] = expr_location(q->left->targets[i].expr);
    }
    TRY(cte_columns(l, cte, c, q->left));
    TRY(analyze_cycle_columns(&body, cte, c));
    cte->uses_before = cte->uses;
    cte->in_sublink = a->in_sublink;
    cte->in_outer_join = a->in_outer_join;
    cte->in_intersect = a->in_intersect;
    cte->in_except = a->in_except;
    cte->stage = CTE_RIGHT;
    TRY(analyze_setop_arm(&body, s->rarg, &q->right));
    cte->stage = CTE_DONE;
    if (cte->uses == cte->uses_before) /* RECURSIVE was allowed but not needed */
        cte->recursive = false;
    else
        TRY(check_union_clauses(a, s));
    TRY(analyze_cycle_arms(&body, cte, c));
    TRY(setop_columns(&body));
    if (cte->recursive)
        return check_recursive_types(a, cte, q, locations);
    TRY(analyze_sort_keys(&body, s->sort_clause, s->n_sort_clause, q->targets, q->ntargets,
                          CL_ORDER_BY, &q->order, &q->norder));
    return analyze_limit(&body, s);
}

/* One that is not a UNION, or not under RECURSIVE. */
static struct err *analyze_plain_cte(struct level *l, struct cte *cte,
                                     const PgQuery__CommonTableExpr *c)
{
    struct analysis *a = l->a;
    if (c->search_clause || c->cycle_clause)
        return at(a, err_new("42601", "WITH query is not recursive"), c->location);
    if (c->ctequery->node_case == PG_QUERY__NODE__NODE_MERGE_STMT)
        return at(a, err_unsupported("MERGE not supported in WITH query"), c->location);
    cte->stage = CTE_NO_UNION;
    TRY(analyze_select_node(a, l, c->ctequery, true, &cte->query));
    if (cte->query->kind != Q_SELECT) {
        cte->materialized = true;
        if (l->parent)
            return at(a,
                      err_unsupported("WITH clause containing a data-modifying statement must be "
                                      "at the top level"),
                      c->location);
    }
    for (int i = 0; cte->query->kind == Q_SELECT && i < cte->query->ntargets; i++)
        TRY(resolve_unknown(a, &cte->query->targets[i].expr));
    TRY(cte_columns(l, cte, c, cte->query));
    cte->stage = CTE_DONE;
    return NULL;
}

static struct cte *cte_new(struct level *l, const PgQuery__CommonTableExpr *c)
{
    struct cte *cte = arena_new(l->a->arena, struct cte);
    cte->name = c->ctename;
    cte->level = l->q;
    cte->number = -1;
    cte->location = c->location;
    cte->materialized = c->ctematerialized == PG_QUERY__CTEMATERIALIZE__CTEMaterializeAlways;
    cte->asked_materialized = cte->materialized;
    cte->not_materialized = c->ctematerialized == PG_QUERY__CTEMATERIALIZE__CTEMaterializeNever;
    return cte;
}

struct err *analyze_with_item(struct with_item *item)
{
    struct level *l = item->home;
    const PgQuery__CommonTableExpr *c = item->tree;
    struct cte *outer = l->running;
    if (fiber_stack_left() < 64 * 1024)
        return err_new("54001", "stack depth limit exceeded");
    item->cte = l->running = cte_new(l, c);
    bool is_union = c->ctequery->node_case == PG_QUERY__NODE__NODE_SELECT_STMT &&
                    c->ctequery->select_stmt->op == PG_QUERY__SET_OPERATION__SETOP_UNION;
    TRY(is_union ? analyze_recursive(l, item->cte, c) : analyze_plain_cte(l, item->cte, c));
    l->running = outer;
    l->q->ctes[l->q->nctes++] = item->cte; /* after those that it names */
    return NULL;
}

static struct err *check_with_names(struct level *l, const PgQuery__WithClause *w)
{
    for (size_t i = 0; i < w->n_ctes; i++)
        for (size_t k = 0; k < i; k++) {
            const PgQuery__CommonTableExpr *c = w->ctes[i]->common_table_expr;
            if (strcmp(c->ctename, w->ctes[k]->common_table_expr->ctename) == 0)
                return at(
                    l->a,
                    err_new("42712", "WITH query name \"%s\" specified more than once", c->ctename),
                    c->location);
        }
    return NULL;
}

struct err *explain_missing_cte(const struct level *l, const char *name, struct err *e)
{
    for (const struct level *up = l; e && up; up = up->parent)
        for (size_t i = 0; up->later && i < up->later->n_ctes; i++)
            if (strcmp(up->later->ctes[i]->common_table_expr->ctename, name) == 0)
                return err_hint(err_detail(e,
                                           "There is a WITH item named \"%s\", but it cannot be "
                                           "referenced from this part of the query.",
                                           name),
                                "Use WITH RECURSIVE, or re-order the WITH items to remove forward "
                                "references.");
    return e;
}

struct err *analyze_with(struct level *l, const PgQuery__WithClause *w)
{
    struct analysis *a = l->a;
    TRY(check_with_names(l, w));
    l->q->ctes = arena_new_array(a->arena, struct cte *, w->n_ctes);
    l->q->with_recursive = w->recursive;
    l->later = w->recursive ? NULL : w;
    if (w->recursive) {
        l->with = arena_new_array(a->arena, struct with_item, w->n_ctes);
        l->nwith = (int)w->n_ctes;
    }
    for (int i = 0; i < l->nwith; i++)
        l->with[i] = (struct with_item){w->ctes[i]->common_table_expr, l, NULL};
    for (int i = 0; i < l->nwith; i++)
        if (!l->with[i].cte)
            TRY(analyze_with_item(&l->with[i]));
    for (size_t i = 0; i < w->n_ctes && !w->recursive; i++) {
        struct cte *cte = cte_new(l, w->ctes[i]->common_table_expr);
        TRY(analyze_plain_cte(l, cte, w->ctes[i]->common_table_expr));
        ARENA_PUSH(a->arena, l->ctes, l->nctes, l->ctes_cap, cte);
        l->q->ctes[l->q->nctes++] = cte;
    }
    l->later = NULL;
    return NULL;
}
