/* SELECT, VALUES, set operations, WITH. */
#include "sql/analyze_internal.h"

#include "catalog/acl.h"

#include "rt/fiber.h"

struct level level_init(struct analysis *a, struct level *parent, enum query_kind kind)
{
    struct query *q = arena_new(a->arena, struct query);
    q->kind = kind;
    q->parent = parent ? parent->q : NULL;
    if (!a->top)
        a->top = q;
    return (struct level){.a = a, .parent = parent, .q = q, .clause = CL_SELECT};
}

/* ---- targets ---- */

static const char *func_target_name(const PgQuery__FuncCall *f)
{
    return node_str(f->funcname[f->n_funcname - 1]);
}

/* The name PostgreSQL gives a column without AS; `strength` 2 for names, 1 for weak ones. */
static const char *figure_name(const pg_node *n, int *strength)
{
    static const char *const sqlvalues[] = {"",
                                            "current_date",
                                            "current_time",
                                            "current_time",
                                            "current_timestamp",
                                            "current_timestamp",
                                            "localtime",
                                            "localtime",
                                            "localtimestamp",
                                            "localtimestamp",
                                            "current_role",
                                            "current_user",
                                            "user",
                                            "session_user",
                                            "current_catalog",
                                            "current_schema"};
    const char *inner;
    *strength = 2;
    switch (n->node_case) {
    case PG_QUERY__NODE__NODE_COLUMN_REF: {
        const PgQuery__ColumnRef *c = n->column_ref;
        for (size_t i = c->n_fields; i-- > 0;)
            if (c->fields[i]->node_case == PG_QUERY__NODE__NODE_STRING)
                return node_str(c->fields[i]);
        break;
    }
    case PG_QUERY__NODE__NODE_A_INDIRECTION:
        for (size_t i = n->a_indirection->n_indirection; i-- > 0;)
            if (n->a_indirection->indirection[i]->node_case == PG_QUERY__NODE__NODE_STRING)
                return node_str(n->a_indirection->indirection[i]);
        return figure_name(n->a_indirection->arg, strength);
    case PG_QUERY__NODE__NODE_FUNC_CALL:
        return func_target_name(n->func_call);
    case PG_QUERY__NODE__NODE_A_EXPR:
        if (n->a_expr->kind == PG_QUERY__A__EXPR__KIND__AEXPR_NULLIF)
            return "nullif";
        break;
    case PG_QUERY__NODE__NODE_TYPE_CAST: {
        inner = figure_name(n->type_cast->arg, strength);
        if (*strength == 2)
            return inner;
        const PgQuery__TypeName *t = n->type_cast->type_name;
        *strength = 1;
        return node_str(t->names[t->n_names - 1]);
    }
    case PG_QUERY__NODE__NODE_COLLATE_CLAUSE:
        return figure_name(n->collate_clause->arg, strength);
    case PG_QUERY__NODE__NODE_CASE_EXPR:
        if (n->case_expr->defresult) {
            inner = figure_name(n->case_expr->defresult, strength);
            if (*strength == 2)
                return inner;
        }
        *strength = 1;
        return "case";
    case PG_QUERY__NODE__NODE_A_ARRAY_EXPR:
        return "array";
    case PG_QUERY__NODE__NODE_ROW_EXPR:
        return "row";
    case PG_QUERY__NODE__NODE_COALESCE_EXPR:
        return "coalesce";
    case PG_QUERY__NODE__NODE_GROUPING_FUNC:
        return "grouping";
    case PG_QUERY__NODE__NODE_MIN_MAX_EXPR:
        return n->min_max_expr->op == PG_QUERY__MIN_MAX_OP__IS_GREATEST ? "greatest" : "least";
    case PG_QUERY__NODE__NODE_SQLVALUE_FUNCTION:
        return sqlvalues[n->sqlvalue_function->op];
    case PG_QUERY__NODE__NODE_SUB_LINK:
        if (n->sub_link->sub_link_type == PG_QUERY__SUB_LINK_TYPE__EXISTS_SUBLINK)
            return "exists";
        if (n->sub_link->sub_link_type == PG_QUERY__SUB_LINK_TYPE__ARRAY_SUBLINK)
            return "array";
        if (n->sub_link->sub_link_type == PG_QUERY__SUB_LINK_TYPE__EXPR_SUBLINK &&
            n->sub_link->subselect->node_case == PG_QUERY__NODE__NODE_SELECT_STMT) {
            const PgQuery__SelectStmt *s = n->sub_link->subselect->select_stmt;
            while (s->larg)
                s = s->larg;
            if (s->n_target_list) {
                const PgQuery__ResTarget *t = s->target_list[0]->res_target;
                if (t->name && *t->name)
                    return t->name;
                return figure_name(t->val, strength);
            }
        }
        break;
    default:
        break;
    }
    *strength = 0;
    return "?column?";
}

static bool is_star(const pg_node *n)
{
    return n->node_case == PG_QUERY__NODE__NODE_COLUMN_REF &&
           n->column_ref->fields[n->column_ref->n_fields - 1]->node_case ==
               PG_QUERY__NODE__NODE_A_STAR;
}

/* Where a plain column of a table comes from. */
static void set_origin(struct target *t)
{
    const struct expr *e = t->expr;
    while (e->kind == E_VAR && e->var.att > 0) {
        const struct rte *rte = e->var.rte;
        if (rte->kind == RTE_RELATION) {
            t->table_oid = rte->rel->oid;
            t->table_att = (int16_t)e->var.att;
            return;
        }
        if (rte->kind != RTE_SUBQUERY || rte->sub->setop != SETOP_NONE)
            return;
        int k = 0;
        const struct expr *inner = NULL;
        for (int i = 0; i < rte->sub->ntargets && !inner; i++)
            if (rte->sub->targets[i].name && ++k == e->var.att)
                inner = rte->sub->targets[i].expr;
        if (!inner)
            return;
        e = inner;
    }
}

struct err *analyze_targets(struct level *l, pg_node **list, size_t n, enum clause clause,
                            struct target **out, int *nout)
{
    int cap = 0;
    *out = NULL;
    *nout = 0;
    for (size_t i = 0; i < n; i++) {
        const PgQuery__ResTarget *rt = list[i]->res_target;
        if (is_star(rt->val)) {
            TRY(expand_star(l, rt->val->column_ref, out, nout, &cap));
            continue;
        }
        if (is_field_star(rt->val)) {
            l->clause = clause;
            TRY(expand_fields(l, rt->val->a_indirection, out, nout, &cap));
            continue;
        }
        struct target t = {0};
        int strength;
        TRY(analyze_expr_in(l, rt->val, clause, &t.expr));
        t.name = rt->name && *rt->name ? rt->name : figure_name(rt->val, &strength);
        ARENA_PUSH(l->a->arena, *out, *nout, cap, t);
    }
    for (int i = 0; i < *nout; i++)
        set_origin(&(*out)[i]);
    return NULL;
}

/* ---- ORDER BY, GROUP BY, DISTINCT ---- */

static bool position_of(const pg_node *n, int64_t *out)
{
    if (n->node_case != PG_QUERY__NODE__NODE_A_CONST || n->a_const->isnull ||
        n->a_const->val_case != PG_QUERY__A__CONST__VAL_IVAL)
        return false;
    *out = n->a_const->ival->ival;
    return true;
}

const char *simple_name(const pg_node *n)
{
    if (n->node_case != PG_QUERY__NODE__NODE_COLUMN_REF || n->column_ref->n_fields != 1)
        return NULL;
    return node_str(n->column_ref->fields[0]);
}

/* Finds an output column by position or, when `by_name`, by its name; NULL: it is an expression. */
struct err *find_target(struct level *l, const pg_node *n, struct target *targets, int ntargets,
                        const char *clause, bool by_name, struct expr **out)
{
    int64_t position;
    *out = NULL;
    if (position_of(n, &position)) {
        int visible = 0;
        for (int i = 0; i < ntargets; i++)
            if (targets[i].name && ++visible == position)
                *out = targets[i].expr;
        if (!*out)
            return at(l->a,
                      err_new("42P10", "%s position %lld is not in select list", clause,
                              (long long)position),
                      n->a_const->location);
        return NULL;
    }
    if (n->node_case == PG_QUERY__NODE__NODE_A_CONST)
        return at(l->a, err_new("42601", "non-integer constant in %s", clause),
                  n->a_const->location);
    const char *name = by_name ? simple_name(n) : NULL;
    for (int i = 0; name && i < ntargets; i++) {
        if (!targets[i].name || strcmp(targets[i].name, name) != 0)
            continue;
        if (*out && !expr_equal(*out, targets[i].expr))
            return at(l->a, err_new("42702", "%s \"%s\" is ambiguous", clause, name),
                      n->column_ref->location);
        *out = targets[i].expr;
    }
    return NULL;
}

struct err *sort_direction(struct analysis *a, const PgQuery__SortBy *s, struct sort_key *k)
{
    k->desc = s->sortby_dir == PG_QUERY__SORT_BY_DIR__SORTBY_DESC;
    if (s->sortby_dir == PG_QUERY__SORT_BY_DIR__SORTBY_USING) {
        const char *op = node_str(s->use_op[s->n_use_op - 1]);
        const struct cat_oper *oper;
        uint32_t type = k->expr->type;
        TRY(find_binary_op(a, str_from(op), type, type, s->location, &oper));
        const struct cat_amop *order = builtin_btree_strategy(oper->oid);
        if (!order || (order->strategy != 1 && order->strategy != 5))
            return at(a,
                      err_hint(err_new("42809", "operator %s is not a valid ordering operator", op),
                               "Ordering operators must be \"<\" or \">\" members of btree "
                               "operator families."),
                      s->location);
        k->desc = order->strategy == 5;
    }
    k->nulls_first = s->sortby_nulls == PG_QUERY__SORT_BY_NULLS__SORTBY_NULLS_FIRST ||
                     (k->desc && s->sortby_nulls != PG_QUERY__SORT_BY_NULLS__SORTBY_NULLS_LAST);
    return ordering_op(a, k->expr->type, k->expr->location, &k->lt_op);
}

struct err *analyze_plain_keys(struct level *l, pg_node **list, size_t n, struct sort_key **out,
                               int *nout)
{
    *out = arena_new_array(l->a->arena, struct sort_key, n);
    for (size_t i = 0; i < n; i++) {
        struct sort_key *k = &(*out)[i];
        TRY(analyze_expr(l, list[i]->sort_by->node, &k->expr));
        TRY(resolve_unknown(l->a, &k->expr));
        TRY(sort_direction(l->a, list[i]->sort_by, k));
    }
    *nout = (int)n;
    return NULL;
}

/* A key of a set operation that is not just a result column: its own error, if it has one. */
static struct err *no_setop_key(struct level *l, const pg_node *n, const struct target *targets,
                                int ntargets)
{
    struct analysis *a = l->a;
    struct expr *e;
    struct ns_item item = {.cols_visible = true,
                           .ncols = ntargets,
                           .colnames = arena_new_array(a->arena, const char *, ntargets + 1),
                           .cols = arena_new_array(a->arena, struct expr *, ntargets + 1)};
    for (int i = 0; i < ntargets; i++) {
        item.colnames[i] = targets[i].name ? targets[i].name : "";
        item.cols[i] = targets[i].name ? targets[i].expr : NULL;
    }
    ns_add(l, item);
    TRY(analyze_expr_in(l, n, CL_ORDER_BY, &e));
    return at(
        a,
        err_hint(err_detail(err_new("0A000", "invalid UNION/INTERSECT/EXCEPT ORDER BY clause"),
                            "Only result column names can be used, not expressions or functions."),
                 "Add the expression/function to every SELECT, or move the UNION into a FROM "
                 "clause."),
        node_location(n));
}

struct err *analyze_sort_keys(struct level *l, pg_node **list, size_t n, struct target *targets,
                              int ntargets, enum clause clause, struct sort_key **out, int *nout)
{
    struct analysis *a = l->a;
    *out = arena_new_array(a->arena, struct sort_key, n);
    for (size_t i = 0; i < n; i++) {
        const PgQuery__SortBy *s = list[i]->sort_by;
        struct sort_key *k = &(*out)[i];
        TRY(find_target(l, s->node, targets, ntargets, "ORDER BY", true, &k->expr));
        if (!k->expr) {
            if (l->q->setop != SETOP_NONE)
                return no_setop_key(l, s->node, targets, ntargets);
            TRY(analyze_expr_in(l, s->node, clause, &k->expr));
            TRY(resolve_unknown(a, &k->expr));
            for (int t = 0; t < ntargets; t++)
                if (expr_equal(targets[t].expr, k->expr))
                    k->expr = targets[t].expr;
        }
        if (k->expr->type == UNKNOWN_OID)
            for (int t = 0; t < ntargets; t++)
                if (targets[t].expr == k->expr) {
                    TRY(resolve_unknown(a, &targets[t].expr));
                    k->expr = targets[t].expr;
                    break;
                }
        TRY(sort_direction(a, s, k));
        (*nout)++;
    }
    return NULL;
}

static struct err *analyze_distinct_clause(struct level *l, const PgQuery__SelectStmt *s)
{
    struct analysis *a = l->a;
    struct query *q = l->q;
    if (!s->n_distinct_clause)
        return NULL;
    bool plain = s->distinct_clause[0]->node_case == PG_QUERY__NODE__NODE__NOT_SET ||
                 s->distinct_clause[0]->node_case == 0;
    uint32_t op;
    if (plain) {
        q->distinct = DISTINCT_ALL;
        for (int i = 0; i < q->ntargets; i++)
            TRY(equality_op(a, q->targets[i].expr->type, q->targets[i].expr->location, &op));
        for (int i = 0; i < q->norder; i++) {
            bool listed = false;
            for (int k = 0; k < q->ntargets; k++)
                listed |= expr_equal(q->targets[k].expr, q->order[i].expr);
            if (!listed)
                return at(a,
                          err_new("42P10",
                                  "for SELECT DISTINCT, ORDER BY expressions must appear in "
                                  "select list"),
                          q->order[i].expr->location);
        }
        return NULL;
    }
    q->distinct = DISTINCT_ON;
    q->distinct_on = arena_new_array(a->arena, struct expr *, s->n_distinct_clause);
    for (size_t i = 0; i < s->n_distinct_clause; i++) {
        struct expr *e;
        TRY(find_target(l, s->distinct_clause[i], q->targets, q->ntargets, "DISTINCT ON", true,
                        &e));
        if (!e)
            TRY(analyze_expr_in(l, s->distinct_clause[i], CL_DISTINCT_ON, &e));
        TRY(resolve_unknown(a, &e));
        TRY(equality_op(a, e->type, e->location, &op));
        q->distinct_on[q->ndistinct_on++] = e;
    }
    /* The leading ORDER BY expressions must be the DISTINCT ON ones, in any order. */
    int matched = 0;
    for (int i = 0; i < q->norder && matched < q->ndistinct_on; i++) {
        bool listed = false;
        for (int k = 0; k < q->ndistinct_on; k++)
            listed |= expr_equal(q->distinct_on[k], q->order[i].expr);
        if (!listed)
            return at(a,
                      err_new("42P10", "SELECT DISTINCT ON expressions must match initial ORDER BY "
                                       "expressions"),
                      node_location(s->distinct_clause[matched]));
        matched++;
    }
    return NULL;
}

struct own_column {
    const struct query *q;
    const struct expr *found;
};

static struct err *find_own_column(struct expr **e, void *arg)
{
    struct own_column *own = arg;
    for (int i = 0; (*e)->kind == E_VAR && i < own->q->nrtes && !own->found; i++)
        if (own->q->rtes[i] == (*e)->var.rte)
            own->found = *e;
    if ((*e)->kind == E_SUBLINK)
        TRY(query_exprs((*e)->sublink.query, find_own_column, arg));
    return expr_children(*e, find_own_column, arg);
}

struct err *analyze_limit(struct level *l, const PgQuery__SelectStmt *s)
{
    struct {
        const pg_node *n;
        struct expr **out;
        const char *what;
    } parts[] = {{s->limit_offset, &l->q->offset, "OFFSET"},
                 {s->limit_count, &l->q->limit, "LIMIT"}};
    l->q->with_ties = s->limit_option == PG_QUERY__LIMIT_OPTION__LIMIT_OPTION_WITH_TIES;
    for (int i = 0; i < 2; i++) {
        struct expr *e;
        struct expr *out;
        if (!parts[i].n)
            continue;
        TRY(analyze_expr_in(l, parts[i].n, CL_LIMIT, &e));
        TRY(coerce_try(l->a, e, INT8_OID, -1, 'a', FORM_IMPLICIT, -1, &out));
        if (!out)
            return at(l->a,
                      err_new("42804", "argument of %s must be type bigint, not type %s",
                              parts[i].what, type_display(l->a->arena, e->type, -1)),
                      e->location);
        struct own_column own = {l->q, NULL};
        TRY(find_own_column(&out, &own));
        if (own.found)
            return at(l->a,
                      err_new("42P10", "argument of %s must not contain variables", parts[i].what),
                      own.found->location);
        if (out->kind == E_CONST && out->value.null && i && l->q->with_ties)
            return err_new("2201W", "row count cannot be null in FETCH FIRST ... WITH TIES clause");
        if (out->kind == E_CONST && out->value.null)
            continue;
        *parts[i].out = out;
    }
    if (l->q->with_ties && !l->q->norder)
        return err_new("42601", "WITH TIES cannot be specified without ORDER BY clause");
    return NULL;
}

/* ---- locking clauses ---- */

static struct err *add_mark(struct level *l, struct rte *rte, const PgQuery__LockingClause *c)
{
    static const enum txn_row_lock modes[] = {
        [PG_QUERY__LOCK_CLAUSE_STRENGTH__LCS_FORKEYSHARE] = TXN_KEY_SHARE,
        [PG_QUERY__LOCK_CLAUSE_STRENGTH__LCS_FORSHARE] = TXN_SHARE,
        [PG_QUERY__LOCK_CLAUSE_STRENGTH__LCS_FORNOKEYUPDATE] = TXN_NO_KEY_UPDATE,
        [PG_QUERY__LOCK_CLAUSE_STRENGTH__LCS_FORUPDATE] = TXN_UPDATE,
    };
    struct query *q = l->q;
    if (rte->kind != RTE_RELATION)
        return NULL;
    if (rte->rel->kind == 'm')
        return err_new("42809", "cannot lock rows in materialized view \"%s\"", rte->rel->name);
    struct row_mark m = {rte, modes[c->strength], TXN_WAIT};
    if (c->wait_policy == PG_QUERY__LOCK_WAIT_POLICY__LockWaitSkip)
        m.wait = TXN_SKIP_LOCKED;
    if (c->wait_policy == PG_QUERY__LOCK_WAIT_POLICY__LockWaitError)
        m.wait = TXN_NOWAIT;
    for (int i = 0; i < q->nmarks; i++) {
        if (q->marks[i].rte == rte) {
            if (m.mode > q->marks[i].mode)
                q->marks[i].mode = m.mode;
            return NULL;
        }
    }
    q->marks[q->nmarks++] = m;
    if (rte->access)
        rte->access->required |= PRIV_UPDATE;
    return NULL;
}

/* The one that FOR UPDATE OF and the like name; NULL: none. */
static struct rte *locked_rte(const struct level *l, const char *name)
{
    for (int i = 0; i < l->nitems; i++)
        if (l->items[i]->rel_visible && l->items[i]->name && strcmp(l->items[i]->name, name) == 0)
            return l->items[i]->rte;
    return NULL;
}

static struct err *analyze_locking(struct level *l, const PgQuery__SelectStmt *s)
{
    static const char *const names[] = {
        "", "", "FOR KEY SHARE", "FOR SHARE", "FOR NO KEY UPDATE", "FOR UPDATE"};
    struct query *q = l->q;
    if (!s->n_locking_clause)
        return NULL;
    const char *name = names[s->locking_clause[0]->locking_clause->strength];
    const char *why = q->setop != SETOP_NONE  ? "UNION/INTERSECT/EXCEPT"
                      : q->distinct           ? "DISTINCT clause"
                      : q->ngroup || q->nsets ? "GROUP BY clause"
                      : q->having             ? "HAVING clause"
                      : q->naggs              ? "aggregate functions"
                      : q->nwfuncs            ? "window functions"
                      : q->has_srf            ? "set-returning functions in the target list"
                                              : NULL;
    if (why)
        return err_unsupported("%s is not allowed with %s", name, why);
    q->marks = arena_new_array(l->a->arena, struct row_mark, q->nrtes);
    for (size_t i = 0; i < s->n_locking_clause; i++) {
        const PgQuery__LockingClause *c = s->locking_clause[i]->locking_clause;
        for (int k = 0; !c->n_locked_rels && k < q->nrtes; k++)
            TRY(add_mark(l, q->rtes[k], c));
        for (size_t k = 0; k < c->n_locked_rels; k++) {
            const PgQuery__RangeVar *rv = c->locked_rels[k]->range_var;
            struct rte *rte = locked_rte(l, rv->relname);
            if (!rte)
                return at(l->a,
                          err_new("42P01", "relation \"%s\" in %s clause not found in FROM clause",
                                  rv->relname, name),
                          rv->location);
            TRY(add_mark(l, rte, c));
        }
    }
    return NULL;
}

/* ---- VALUES ---- */

static struct err *analyze_values(struct level *l, const PgQuery__SelectStmt *s)
{
    struct analysis *a = l->a;
    int nrows = (int)s->n_values_lists;
    int ncols = (int)s->values_lists[0]->list->n_items;
    struct rte *rte = rte_new(a, l->q, RTE_VALUES, "*VALUES*", ncols);
    rte->rows = arena_new_array(a->arena, struct expr **, nrows);
    rte->nrows = nrows;
    for (int r = 0; r < nrows; r++) {
        const PgQuery__List *list = s->values_lists[r]->list;
        if ((int)list->n_items != ncols)
            return at(a, err_new("42601", "VALUES lists must all be the same length"),
                      node_location(list->items[0]));
        rte->rows[r] = arena_new_array(a->arena, struct expr *, ncols);
        for (int c = 0; c < ncols; c++) {
            TRY(analyze_expr_in(l, list->items[c], CL_VALUES, &rte->rows[r][c]));
            if (rte->rows[r][c]->kind == E_DEFAULT)
                return at(a, err_new("42601", "DEFAULT is not allowed in this context"),
                          rte->rows[r][c]->location);
        }
    }
    struct expr **column = arena_new_array(a->arena, struct expr *, nrows);
    l->q->targets = arena_new_array(a->arena, struct target, ncols);
    l->q->ntargets = ncols;
    for (int c = 0; c < ncols; c++) {
        for (int r = 0; r < nrows; r++)
            column[r] = rte->rows[r][c];
        TRY(common_type(a, column, nrows, "VALUES", &rte->types[c]));
        for (int r = 0; r < nrows; r++) {
            TRY(coerce_to_common(a, &rte->rows[r][c], rte->types[c], "VALUES"));
            column[r] = rte->rows[r][c];
        }
        rte->typmods[c] = common_typmod(column, nrows, rte->types[c]);
        TRY(collate_common(a, column, nrows, true, &rte->collations[c]));
        rte->colnames[c] = arena_printf(a->arena, "column%d", c + 1);
        l->q->targets[c] =
            (struct target){expr_var(a->arena, rte, c + 1, -1), rte->colnames[c], 0, 0};
    }
    struct from_node *f = arena_new(a->arena, struct from_node);
    f->rte = rte;
    l->q->from = arena_memdup(a->arena, &f, sizeof(f));
    l->q->nfrom = 1;
    return rte_add_ns(l, rte, true, true);
}

/* ---- set operations ---- */

static const char *setop_name(enum setop_kind k)
{
    return k == SETOP_UNION ? "UNION" : k == SETOP_INTERSECT ? "INTERSECT" : "EXCEPT";
}

struct err *setop_columns(struct level *l)
{
    struct analysis *a = l->a;
    struct query *q = l->q;
    const char *name = setop_name(q->setop);
    int n = q->left->ntargets;
    if (n != q->right->ntargets)
        return at(a, err_new("42601", "each %s query must have the same number of columns", name),
                  q->right->ntargets ? q->right->targets[0].expr->location : -1);
    struct rte *rte = rte_new(a, q, RTE_SETOP, "*SETOP*", n);
    q->setop_rte = rte;
    q->targets = arena_new_array(a->arena, struct target, n);
    q->ntargets = n;
    for (int i = 0; i < n; i++) {
        struct expr *pair[2] = {q->left->targets[i].expr, q->right->targets[i].expr};
        TRY(common_type(a, pair, 2, name, &rte->types[i]));
        TRY(coerce_to_common(a, &pair[0], rte->types[i], name));
        TRY(coerce_to_common(a, &pair[1], rte->types[i], name));
        q->left->targets[i].expr = pair[0];
        q->right->targets[i].expr = pair[1];
        if (!(q->setop == SETOP_UNION && q->setop_all)) {
            uint32_t op;
            TRY(equality_op(a, rte->types[i], pair[0]->location, &op));
        }
        rte->typmods[i] = common_typmod(pair, 2, rte->types[i]);
        TRY(collate_common(a, pair, 2, q->setop == SETOP_UNION && q->setop_all,
                           &rte->collations[i]));
        rte->colnames[i] = q->left->targets[i].name;
        q->targets[i] = (struct target){expr_var(a->arena, rte, i + 1, -1), rte->colnames[i], 0, 0};
    }
    return NULL;
}

struct err *analyze_setop_arm(struct level *l, const PgQuery__SelectStmt *s, struct query **out)
{
    struct level arm = level_init(l->a, l->parent, Q_SELECT);
    arm.lateral = l->lateral;
    arm.ctes = l->ctes;
    arm.nctes = l->nctes;
    arm.with = l->with;
    arm.nwith = l->nwith;
    TRY(analyze_select(&arm, s));
    *out = arm.q;
    return NULL;
}

static struct err *analyze_setop(struct level *l, const PgQuery__SelectStmt *s)
{
    struct query *q = l->q;
    static const enum setop_kind kinds[] = {
        [PG_QUERY__SET_OPERATION__SETOP_UNION] = SETOP_UNION,
        [PG_QUERY__SET_OPERATION__SETOP_INTERSECT] = SETOP_INTERSECT,
        [PG_QUERY__SET_OPERATION__SETOP_EXCEPT] = SETOP_EXCEPT,
    };
    q->setop = kinds[s->op];
    q->setop_all = s->all;
    l->a->in_intersect += q->setop == SETOP_INTERSECT;
    TRY(analyze_setop_arm(l, s->larg, &q->left));
    l->a->in_except += q->setop == SETOP_EXCEPT;
    TRY(analyze_setop_arm(l, s->rarg, &q->right));
    l->a->in_intersect -= q->setop == SETOP_INTERSECT;
    l->a->in_except -= q->setop == SETOP_EXCEPT;
    TRY(setop_columns(l));
    TRY(analyze_sort_keys(l, s->sort_clause, s->n_sort_clause, q->targets, q->ntargets, CL_ORDER_BY,
                          &q->order, &q->norder));
    TRY(analyze_limit(l, s));
    return analyze_locking(l, s);
}

/* ---- SELECT ---- */

/* A set-returning function in ORDER BY alone is computed among the targets, unseen. */
static void add_sorted_srfs(struct level *l)
{
    struct query *q = l->q;
    int cap = 0;
    struct target *targets = NULL;
    int n = 0;
    for (int i = 0; i < q->norder; i++) {
        bool there = !expr_has_srf(q->order[i].expr);
        for (int t = 0; t < q->ntargets && !there; t++)
            there = expr_equal(q->targets[t].expr, q->order[i].expr);
        if (there)
            continue;
        for (int t = 0; !n && t < q->ntargets; t++)
            ARENA_PUSH(l->a->arena, targets, n, cap, q->targets[t]);
        ARENA_PUSH(l->a->arena, targets, n, cap, ((struct target){.expr = q->order[i].expr}));
        q->targets = targets;
        q->ntargets = n;
    }
}

static struct err *analyze_plain_select(struct level *l, const PgQuery__SelectStmt *s)
{
    struct query *q = l->q;
    TRY(analyze_from(l, s->from_clause, s->n_from_clause));
    for (size_t i = 0; i < s->n_window_clause; i++)
        TRY(analyze_window(l, s->window_clause[i]->window_def, NULL));
    TRY(analyze_targets(l, s->target_list, s->n_target_list, CL_SELECT, &q->targets, &q->ntargets));
    if (s->where_clause)
        TRY(analyze_bool(l, s->where_clause, CL_WHERE, "WHERE", &q->where));
    if (s->having_clause) {
        q->has_group = true;
        TRY(analyze_bool(l, s->having_clause, CL_HAVING, "HAVING", &q->having));
    }
    TRY(analyze_sort_keys(l, s->sort_clause, s->n_sort_clause, q->targets, q->ntargets, CL_ORDER_BY,
                          &q->order, &q->norder));
    TRY(analyze_group(l, s));
    TRY(analyze_distinct_clause(l, s));
    TRY(analyze_limit(l, s));
    add_sorted_srfs(l);
    for (int i = 0; i < q->ntargets; i++)
        q->has_srf |= expr_has_srf(q->targets[i].expr);
    TRY(check_grouping(l));
    TRY(check_recursive_term(l));
    return analyze_locking(l, s);
}

struct err *analyze_select(struct level *l, const PgQuery__SelectStmt *s)
{
    if (l->a->depth > 500 || fiber_stack_left() < ANALYSIS_STACK_BYTES)
        return err_new("54001", "stack depth limit exceeded");
    l->a->depth++;
    struct err *e = NULL;
    if (s->with_clause)
        e = analyze_with(l, s->with_clause);
    if (!e && s->into_clause)
        e = at(l->a, err_new("42601", "SELECT ... INTO is not allowed here"),
               s->into_clause->rel->location);
    if (!e && s->op != PG_QUERY__SET_OPERATION__SETOP_NONE)
        e = analyze_setop(l, s);
    else if (!e && s->n_values_lists) {
        e = analyze_values(l, s);
        if (!e)
            e = analyze_sort_keys(l, s->sort_clause, s->n_sort_clause, l->q->targets,
                                  l->q->ntargets, CL_ORDER_BY, &l->q->order, &l->q->norder);
        if (!e)
            e = analyze_limit(l, s);
    } else if (!e) {
        e = analyze_plain_select(l, s);
    }
    l->a->depth--;
    return e ? e : collate_query(l->a, l->q);
}

struct err *analyze_select_node(struct analysis *a, struct level *parent, const pg_node *n,
                                bool lateral_ok, struct query **out)
{
    struct level l = level_init(a, parent, Q_SELECT);
    (void)lateral_ok;
    switch (n->node_case) {
    case PG_QUERY__NODE__NODE_SELECT_STMT:
        TRY(analyze_select(&l, n->select_stmt));
        break;
    case PG_QUERY__NODE__NODE_INSERT_STMT:
        l.q->kind = Q_INSERT;
        TRY(analyze_insert(&l, n->insert_stmt));
        break;
    case PG_QUERY__NODE__NODE_UPDATE_STMT:
        l.q->kind = Q_UPDATE;
        TRY(analyze_update(&l, n->update_stmt));
        break;
    case PG_QUERY__NODE__NODE_MERGE_STMT:
        l.q->kind = Q_MERGE;
        TRY(analyze_merge(&l, n->merge_stmt));
        break;
    case PG_QUERY__NODE__NODE_DELETE_STMT:
        l.q->kind = Q_DELETE;
        TRY(analyze_delete(&l, n->delete_stmt));
        break;
    default:
        return err_unsupported("this kind of query is not supported here");
    }
    *out = l.q;
    return n->node_case == PG_QUERY__NODE__NODE_SELECT_STMT ? NULL : collate_query(a, l.q);
}
