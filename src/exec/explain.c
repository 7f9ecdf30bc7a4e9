/* EXPLAIN in PostgreSQL's text shape. */
#include "exec/exec_internal.h"

#include "sql/analyze.h"

struct explain {
    struct cat *cat;
    struct statement_plan *plan;
    struct buf *out;
    bool costs;
    bool verbose;
};

static bool has_empty_set(const struct plan *n)
{
    return n->nsets && !n->sets[n->nsets - 1].size; /* the smallest one */
}

static const char *node_name(const struct plan *n)
{
    static const char *const names[] = {[P_RESULT] = "Result",
                                        [P_SEQSCAN] = "Seq Scan",
                                        [P_INDEXSCAN] = "Index Scan",
                                        [P_FUNCSCAN] = "Function Scan",
                                        [P_TABLEFUNC] = "Table Function Scan",
                                        [P_VALUES] = "Values Scan",
                                        [P_SUBQUERY] = "Subquery Scan",
                                        [P_CTESCAN] = "CTE Scan",
                                        [P_WORKTABLE] = "WorkTable Scan",
                                        [P_NESTLOOP] = "Nested Loop",
                                        [P_HASHJOIN] = "Hash Join",
                                        [P_SORT] = "Sort",
                                        [P_AGG] = "Aggregate",
                                        [P_DISTINCT] = "HashAggregate",
                                        [P_LIMIT] = "Limit",
                                        [P_PROJECT] = "ProjectSet",
                                        [P_SETOP] = "HashSetOp",
                                        [P_APPEND] = "Append",
                                        [P_RECURSIVE] = "Recursive Union",
                                        [P_MATERIAL] = "Materialize",
                                        [P_LOCKROWS] = "LockRows",
                                        [P_INSERT] = "Insert",
                                        [P_UPDATE] = "Update",
                                        [P_DELETE] = "Delete",
                                        [P_MERGE] = "Merge",
                                        [P_WINDOW] = "WindowAgg"};
    if (n->kind == P_AGG && n->strategy == AGG_HASHED)
        return !has_empty_set(n) ? "HashAggregate"
               : n->sets[0].size ? "MixedAggregate"
                                 : "Aggregate";
    if (n->kind == P_DISTINCT && n->strategy == AGG_SORTED)
        return "Unique";
    return names[n->kind];
}

static void indent(struct explain *x, int depth)
{
    for (int i = 0; i < depth; i++)
        buf_put_u8(x->out, ' ');
}

static struct err *put_condition(struct explain *x, int depth, const char *label,
                                 const struct expr *e)
{
    if (!e)
        return NULL;
    indent(x, depth);
    buf_printf(x->out, "%s: ", label);
    TRY(deparse_expr(x->cat, e, NULL, x->out));
    buf_put_u8(x->out, '\n');
    return NULL;
}

/* A lone table's columns need no qualifier. */
static struct err *put_filter(struct explain *x, int depth, const char *label, const struct expr *e,
                              const struct rte *rte)
{
    if (!e)
        return NULL;
    indent(x, depth);
    buf_printf(x->out, "%s: ", label);
    TRY(deparse_expr(x->cat, e, rte, x->out));
    buf_put_u8(x->out, '\n');
    return NULL;
}

static void put_join_kind(struct explain *x, const struct plan *n)
{
    static const char *const names[] = {[JOIN_INNER] = "",
                                        [JOIN_LEFT] = " Left",
                                        [JOIN_FULL] = " Full",
                                        [JOIN_SEMI] = " Semi",
                                        [JOIN_ANTI] = " Anti"};
    if (n->kind == P_HASHJOIN)
        buf_printf(x->out, "Hash%s Join", names[n->join]);
    else
        buf_printf(x->out, "Nested Loop%s%s", names[n->join], n->join == JOIN_INNER ? "" : " Join");
}

static void put_title(struct explain *x, const struct plan *n)
{
    if (n->kind == P_NESTLOOP || n->kind == P_HASHJOIN)
        put_join_kind(x, n);
    else if (n->kind == P_SETOP)
        buf_printf(x->out, "HashSetOp %s%s", n->setop == SETOP_INTERSECT ? "Intersect" : "Except",
                   n->setop_all ? " All" : "");
    else
        buf_put_c(x->out, node_name(n));
    if (n->kind == P_INDEXSCAN)
        buf_printf(x->out, "%s using %s", n->backward ? " Backward" : "", n->index->name);
    const struct rte *rte = n->rte;
    if (n->kind == P_INSERT || n->kind == P_UPDATE || n->kind == P_DELETE || n->kind == P_MERGE)
        rte = n->query->target;
    if (!rte)
        return;
    const char *name = rte->kind == RTE_RELATION ? rte->rel->name : rte->name;
    if (rte->kind == RTE_CTE)
        name = rte->cte->name;
    buf_put_c(x->out, " on ");
    if (x->verbose && rte->kind == RTE_RELATION) {
        quote_identifier(x->out, rte->rel->nsp_name);
        buf_put_u8(x->out, '.');
    }
    if (rte->kind == RTE_VALUES)
        buf_printf(x->out, "\"%s\"", name);
    else
        quote_identifier(x->out, name);
    if (rte->name && strcmp(rte->name, name) != 0) {
        buf_put_u8(x->out, ' ');
        quote_identifier(x->out, rte->name);
    }
}

static struct err *put_list(struct explain *x, int depth, const char *label,
                            const struct plan_expr *list, int n, const struct sort_key *keys)
{
    if (!n)
        return NULL;
    indent(x, depth);
    buf_printf(x->out, "%s: ", label);
    for (int i = 0; i < n; i++) {
        buf_put_c(x->out, i ? ", " : "");
        const struct expr *e = list[i].expr;
        const struct rte *single =
            x->plan->query->nrtes > 1 || e->kind != E_VAR ? NULL : e->var.rte;
        TRY(deparse_expr(x->cat, e, single, x->out));
        if (keys && keys[i].desc)
            buf_put_c(x->out, keys[i].nulls_first ? " DESC" : " DESC NULLS LAST");
        else if (keys && keys[i].nulls_first)
            buf_put_c(x->out, " NULLS FIRST");
    }
    buf_put_u8(x->out, '\n');
    return NULL;
}

static struct err *put_sets(struct explain *x, int depth, const struct plan *n)
{
    struct arena *a = &x->plan->arena;
    for (int k = 0; k < n->nsets; k++) {
        struct plan_expr *list = arena_new_array(a, struct plan_expr, n->ngroup);
        int count = 0;
        for (int i = 0; i < n->ngroup; i++)
            if (n->sets[k].has[i])
                list[count++] = n->group[i];
        TRY(put_list(x, depth, "Hash Key", list, count, NULL));
        if (!count) {
            indent(x, depth);
            buf_put_c(x->out, "Group Key: ()\n");
        }
    }
    return NULL;
}

static struct err *put_hash_cond(struct explain *x, int depth, const struct plan *n)
{
    indent(x, depth);
    buf_put_c(x->out, "Hash Cond: (");
    for (int i = 0; i < n->nhash; i++) {
        if (n->nhash > 1)
            buf_put_c(x->out, i ? " AND (" : "(");
        TRY(deparse_expr(x->cat, n->hash_left[i].expr, NULL, x->out));
        buf_put_c(x->out, " = ");
        TRY(deparse_expr(x->cat, n->hash_right[i].expr, NULL, x->out));
        if (n->nhash > 1)
            buf_put_u8(x->out, ')');
    }
    buf_put_c(x->out, ")\n");
    return NULL;
}

static struct err *put_node(struct explain *x, const struct plan *n, int depth, bool first);

static struct err *put_details(struct explain *x, const struct plan *n, int depth)
{
    TRY(put_filter(x, depth, "Index Cond", n->index_cond, n->rte));
    if (n->kind == P_HASHJOIN)
        TRY(put_hash_cond(x, depth, n));
    TRY(put_condition(x, depth, "Join Filter", n->join_filter.expr));
    if (n->kind == P_SORT)
        TRY(put_list(x, depth, "Sort Key", n->key_exprs, n->nkeys, n->keys));
    if (n->kind == P_AGG && n->nsets)
        TRY(put_sets(x, depth, n));
    else if (n->kind == P_AGG)
        TRY(put_list(x, depth, "Group Key", n->group, n->ngroup, NULL));
    if (n->kind == P_DISTINCT && n->strategy != AGG_SORTED)
        TRY(put_list(x, depth, "Group Key", n->exprs, n->nexprs, NULL));
    if (n->kind == P_RESULT)
        return put_condition(x, depth, "One-Time Filter", n->filter.expr);
    return put_filter(x, depth, "Filter", n->filter.expr, n->rte);
}

/* Computing columns is no node of its own in PostgreSQL's display. */
static bool is_hidden(const struct plan *n)
{
    if (n->kind == P_SUBQUERY && !n->filter.expr)
        return true;
    if (n->kind != P_PROJECT)
        return false;
    for (int i = 0; i < n->nexprs; i++) {
        const struct expr *e = n->exprs[i].expr;
        const struct cat_proc *p = e->kind == E_FUNC ? builtin_proc(e->func) : NULL;
        if (p && p->retset)
            return false;
    }
    return true;
}

static struct err *put_node(struct explain *x, const struct plan *n, int depth, bool first)
{
    while (is_hidden(n))
        n = n->left;
    indent(x, depth);
    if (!first)
        buf_put_c(x->out, "->  ");
    put_title(x, n);
    if (x->costs)
        buf_printf(x->out, "  (cost=%.2f..%.2f rows=%.0f width=%d)", n->startup_cost, n->total_cost,
                   n->rows < 1 ? 1 : n->rows, n->width);
    buf_put_u8(x->out, '\n');
    int inner = depth + (first ? 2 : 6);
    TRY(put_details(x, n, inner));
    if (n->left)
        TRY(put_node(x, n->left, inner, false));
    if (n->right && n->kind == P_HASHJOIN) {
        indent(x, inner);
        buf_put_c(x->out, "->  Hash");
        if (x->costs)
            buf_printf(x->out, "  (cost=%.2f..%.2f rows=%.0f width=%d)", n->right->total_cost,
                       n->right->total_cost, n->right->rows < 1 ? 1 : n->right->rows,
                       n->right->width);
        buf_put_u8(x->out, '\n');
        TRY(put_node(x, n->right, inner + 6, false));
    } else if (n->right) {
        TRY(put_node(x, n->right, inner, false));
    }
    for (int i = 0; i < n->ninputs; i++)
        TRY(put_node(x, n->inputs[i], inner, false));
    return NULL;
}

struct err *explain_plan(struct cat *cat, struct statement_plan *plan, bool costs, bool verbose,
                         struct buf *out)
{
    struct explain x = {cat, plan, out, costs, verbose};
    TRY(put_node(&x, plan->root, 0, true));
    for (int i = 0; i < plan->nctes; i++) {
        buf_printf(out, "  CTE %s\n", plan->ctes[i].cte->name);
        TRY(put_node(&x, plan->ctes[i].plan, 4, false));
    }
    for (int i = 0; i < plan->nsubplans; i++) {
        const struct subplan *s = plan->subplans[i];
        buf_printf(out, s->correlated ? "  SubPlan %d\n" : "  InitPlan %d (returns $%d)\n", i + 1,
                   i);
        TRY(put_node(&x, s->plan, 4, false));
    }
    return buf_finish(out);
}
