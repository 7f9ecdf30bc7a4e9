/* SEARCH and CYCLE of recursive queries: columns more, which both arms compute. Each arm becomes a
 * subquery, beside whose columns stand
 *
 *   SEARCH DEPTH FIRST    left: ARRAY[ROW(columns)]     right: sequence || ROW(columns)
 *   SEARCH BREADTH FIRST  left: ROW(0, columns)         right: ROW(depth of sequence + 1, columns)
 *   CYCLE                 left: DEFAULT value, ARRAY[ROW(columns)]
 *                         right: CASE WHEN ROW(columns) = ANY (path) THEN value ELSE default END,
 *                                path || ROW(columns), for rows whose mark is not the value
 */
#include "sql/analyze_internal.h"

static int add_column(struct cte *cte, const char *name, uint32_t type)
{
    int i = cte->ncols++;
    cte->colnames[i] = name;
    cte->types[i] = type;
    cte->typmods[i] = -1;
    cte->collations[i] = type_default_collation(type);
    return cte->ncols;
}

/* The mark's two values, of one type. */
static struct err *mark_values(struct level *l, const PgQuery__CTECycleClause *c, struct cycle *y)
{
    struct expr *pair[2];
    uint32_t type;
    uint32_t eq;
    TRY(analyze_expr(l, c->cycle_mark_value, &pair[0]));
    TRY(analyze_expr(l, c->cycle_mark_default, &pair[1]));
    TRY(common_type(l->a, pair, 2, "CYCLE", &type));
    TRY(coerce_to_common(l->a, &pair[0], type, "CYCLE"));
    TRY(coerce_to_common(l->a, &pair[1], type, "CYCLE"));
    TRY(equality_op(l->a, type, pair[0]->location, &eq));
    y->value = pair[0];
    y->other = pair[1];
    return NULL;
}

struct err *analyze_cycle_columns(struct level *l, struct cte *cte,
                                  const PgQuery__CommonTableExpr *c)
{
    if (!c->search_clause && !c->cycle_clause)
        return NULL;
    struct cycle *y = arena_new(l->a->arena, struct cycle);
    y->nplain = cte->ncols;
    cte->cycle = y;
    if (c->search_clause) {
        y->breadth = c->search_clause->search_breadth_first;
        y->sequence = add_column(cte, c->search_clause->search_seq_column,
                                 y->breadth ? RECORD_OID : RECORDARRAY_OID);
    }
    if (c->cycle_clause) {
        TRY(mark_values(l, c->cycle_clause, y));
        y->mark = add_column(cte, c->cycle_clause->cycle_mark_column, y->value->type);
        y->path = add_column(cte, c->cycle_clause->cycle_path_column, RECORDARRAY_OID);
    }
    return NULL;
}

/* ---- checks ---- */

static int plain_column(const struct cte *cte, const char *name)
{
    for (int i = 0; i < cte->cycle->nplain; i++)
        if (strcmp(cte->colnames[i], name) == 0)
            return i;
    return -1;
}

/* `what`: "search" or "cycle". */
static struct err *listed_columns(struct level *l, const struct cte *cte, pg_node **list, size_t n,
                                  const char *what, int location, int **out, int *nout)
{
    *out = arena_new_array(l->a->arena, int, n);
    for (size_t i = 0; i < n; i++) {
        const char *name = node_str(list[i]);
        int col = plain_column(cte, name);
        if (col < 0)
            return at(
                l->a,
                err_new("42601", "%s column \"%s\" not in WITH query column list", what, name),
                location);
        for (int k = 0; k < *nout; k++)
            if ((*out)[k] == col)
                return at(l->a,
                          err_new("42701", "%s column \"%s\" specified more than once", what, name),
                          location);
        (*out)[(*nout)++] = col;
    }
    return NULL;
}

static struct err *unused_name(struct level *l, const struct cte *cte, const char *name,
                               const char *what, int location)
{
    if (plain_column(cte, name) < 0)
        return NULL;
    return at(l->a,
              err_new("42601", "%s column name \"%s\" already used in WITH query column list", what,
                      name),
              location);
}

static struct err *different(struct level *l, const struct cte *cte, int a, int b,
                             const char *which, int location)
{
    if (!a || !b || strcmp(cte->colnames[a - 1], cte->colnames[b - 1]) != 0)
        return NULL;
    return at(l->a, err_new("42601", "%s column name are the same", which), location);
}

static struct err *check_clauses(struct level *l, struct cte *cte,
                                 const PgQuery__CommonTableExpr *c)
{
    struct cycle *y = cte->cycle;
    const PgQuery__CTESearchClause *s = c->search_clause;
    const PgQuery__CTECycleClause *k = c->cycle_clause;
    if (s) {
        TRY(listed_columns(l, cte, s->search_col_list, s->n_search_col_list, "search", s->location,
                           &y->search, &y->nsearch));
        TRY(unused_name(l, cte, s->search_seq_column, "search sequence", s->location));
    }
    if (k) {
        TRY(listed_columns(l, cte, k->cycle_col_list, k->n_cycle_col_list, "cycle", k->location,
                           &y->columns, &y->ncolumns));
        TRY(unused_name(l, cte, k->cycle_mark_column, "cycle mark", k->location));
        TRY(unused_name(l, cte, k->cycle_path_column, "cycle path", k->location));
        TRY(different(l, cte, y->mark, y->path, "cycle mark column name and cycle path",
                      k->location));
    }
    if (s && k) {
        TRY(different(l, cte, y->sequence, y->mark, "search sequence column name and cycle mark",
                      s->location));
        TRY(different(l, cte, y->sequence, y->path, "search sequence column name and cycle path",
                      s->location));
    }
    return NULL;
}

/* ---- arms ---- */

/* A SELECT from the arm, with room for its columns and three more as targets. */
static struct query *wrap(struct level *l, struct query *arm, struct rte **out)
{
    struct analysis *a = l->a;
    struct query *w = arena_new(a->arena, struct query);
    struct from_node *f = arena_new(a->arena, struct from_node);
    w->kind = Q_SELECT;
    w->parent = arm->parent;
    arm->parent = w;
    struct rte *rte = rte_new(a, w, RTE_SUBQUERY, "*CYCLE*", arm->ntargets);
    rte->sub = arm;
    w->targets = arena_new_array(a->arena, struct target, arm->ntargets + 3);
    for (int i = 0; i < arm->ntargets; i++) {
        const struct expr *e = arm->targets[i].expr;
        rte->colnames[i] = arm->targets[i].name;
        rte->types[i] = e->type;
        rte->typmods[i] = e->typmod;
        rte->collations[i] = e->collation;
    }
    f->rte = rte;
    w->from = arena_memdup(a->arena, &f, sizeof(f));
    w->nfrom = 1;
    *out = rte;
    return w;
}

static void add_target(struct query *w, struct expr *e, const char *name)
{
    w->targets[w->ntargets++] = (struct target){.expr = e, .name = name};
}

/* ROW of columns of the arm, `first` before them (NULL: nothing). */
static struct expr *row_of(struct analysis *a, struct rte *rte, const int *columns, int n,
                           struct expr *first)
{
    struct expr *row = expr_new(a, E_ROW, RECORD_OID, -1);
    row->args = arena_new_array(a->arena, struct expr *, n + 1);
    if (first)
        row->args[row->nargs++] = first;
    for (int i = 0; i < n; i++)
        row->args[row->nargs++] = expr_var(a->arena, rte, columns[i] + 1, -1);
    return row;
}

static struct expr *array_of(struct analysis *a, struct expr *row)
{
    struct expr *array = expr_new(a, E_ARRAY, RECORDARRAY_OID, -1);
    array->args = arena_memdup(a->arena, &row, sizeof(row));
    array->nargs = 1;
    return array;
}

static void wrap_left(struct level *l, const struct cte *cte)
{
    struct analysis *a = l->a;
    const struct cycle *y = cte->cycle;
    struct rte *rte;
    struct query *w = wrap(l, l->q->left, &rte);
    for (int i = 0; i < y->nplain; i++)
        add_target(w, expr_var(a->arena, rte, i + 1, -1), cte->colnames[i]);
    if (y->sequence) {
        struct expr *zero =
            y->breadth ? expr_const(a->arena, INT8_OID, -1, datum_int(0), -1) : NULL;
        struct expr *row = row_of(a, rte, y->search, y->nsearch, zero);
        add_target(w, y->breadth ? row : array_of(a, row), cte->colnames[y->sequence - 1]);
    }
    if (y->mark) {
        add_target(w, y->other, cte->colnames[y->mark - 1]);
        add_target(w, array_of(a, row_of(a, rte, y->columns, y->ncolumns, NULL)),
                   cte->colnames[y->path - 1]);
    }
    l->q->left = w;
}

/* The right arm gives the row's own sequence and path, too; rows in a cycle go no further. */
static struct err *extend_right(struct level *l, struct cte *cte, struct query *arm, int *at_column)
{
    struct analysis *a = l->a;
    const struct cycle *y = cte->cycle;
    struct rte *self = NULL;
    for (int i = 0; i < arm->nrtes && !self; i++)
        if (arm->rtes[i]->kind == RTE_CTE && arm->rtes[i]->cte == cte)
            self = arm->rtes[i];
    if (!self)
        return err_unsupported("with a SEARCH or CYCLE clause, the recursive reference to WITH "
                               "query \"%s\" must be at the top level of its right-hand SELECT",
                               cte->name);
    struct target *targets = arena_new_array(a->arena, struct target, arm->ntargets + 2);
    if (arm->ntargets)
        memcpy(targets, arm->targets, sizeof(*targets) * (size_t)arm->ntargets);
    arm->targets = targets;
    int columns[2] = {y->sequence, y->path};
    for (int i = 0; i < 2; i++) {
        at_column[i] = arm->ntargets + 1;
        if (columns[i])
            add_target(arm, expr_var(a->arena, self, columns[i], -1),
                       cte->colnames[columns[i] - 1]);
    }
    if (!y->mark)
        return NULL;
    struct expr *open;
    TRY(make_op(a, STR("<>"), expr_var(a->arena, self, y->mark, -1), y->value, -1, &open));
    arm->where = expr_and(a->arena, arm->where, open);
    return NULL;
}

static struct err *next_sequence(struct analysis *a, const struct cycle *y, struct rte *rte,
                                 int column, struct expr **out)
{
    struct expr *before = expr_var(a->arena, rte, column, -1);
    if (!y->breadth)
        return make_op(a, STR("||"), before, row_of(a, rte, y->search, y->nsearch, NULL), -1, out);
    struct expr *depth = expr_new(a, E_FIELD, INT8_OID, -1);
    struct expr *one = expr_const(a->arena, INT8_OID, -1, datum_int(1), -1);
    depth->args = arena_memdup(a->arena, &before, sizeof(before));
    depth->nargs = 1;
    depth->field.field = 1;
    TRY(make_op(a, STR("+"), depth, one, -1, &depth));
    *out = row_of(a, rte, y->search, y->nsearch, depth);
    return NULL;
}

static struct err *wrap_right(struct level *l, struct cte *cte)
{
    struct analysis *a = l->a;
    const struct cycle *y = cte->cycle;
    struct rte *rte;
    struct expr *e;
    int columns[2];
    TRY(extend_right(l, cte, l->q->right, columns));
    struct query *w = wrap(l, l->q->right, &rte);
    for (int i = 0; i < y->nplain; i++)
        add_target(w, expr_var(a->arena, rte, i + 1, -1), cte->colnames[i]);
    if (y->sequence) {
        TRY(next_sequence(a, y, rte, columns[0], &e));
        add_target(w, e, cte->colnames[y->sequence - 1]);
    }
    if (y->mark) {
        struct expr *path = expr_var(a->arena, rte, columns[1], -1);
        struct expr *seen = expr_new(a, E_CASE, y->value->type, -1);
        seen->typmod = y->value->typmod;
        seen->args = arena_new_array(a->arena, struct expr *, 3);
        seen->nargs = 3;
        TRY(make_scalar_array_op(a, STR("="), true, row_of(a, rte, y->columns, y->ncolumns, NULL),
                                 path, -1, &seen->args[0]));
        seen->args[1] = y->value;
        seen->args[2] = y->other;
        add_target(w, seen, cte->colnames[y->mark - 1]);
        TRY(make_op(a, STR("||"), path, row_of(a, rte, y->columns, y->ncolumns, NULL), -1, &e));
        add_target(w, e, cte->colnames[y->path - 1]);
    }
    l->q->right = w;
    return NULL;
}

static struct err *check_arm(const struct query *arm, const char *side)
{
    if (arm->setop == SETOP_NONE)
        return NULL;
    return err_unsupported(
        "with a SEARCH or CYCLE clause, the %s side of the UNION must be a SELECT", side);
}

struct err *analyze_cycle_arms(struct level *l, struct cte *cte, const PgQuery__CommonTableExpr *c)
{
    struct query *q = l->q;
    if (!cte->cycle)
        return NULL;
    if (!cte->recursive)
        return at(l->a, err_new("42601", "WITH query is not recursive"), c->location);
    TRY(check_arm(q->left, "left"));
    TRY(check_arm(q->right, "right"));
    TRY(check_clauses(l, cte, c));
    cte->cycle->written = arena_memdup(l->a->arena, q, sizeof(*q));
    cte->cycle->written->right = arena_memdup(l->a->arena, q->right, sizeof(*q));
    wrap_left(l, cte);
    return wrap_right(l, cte);
}
