/* GROUP BY: grouping sets, GROUPING(), and which columns may be used beside them. */
#include "rt/fiber.h"
#include "sql/analyze_internal.h"

enum { MAX_SETS = 4096, MAX_CUBE = 12 };

/* ---- items ---- */

/* The list of items being read. */
struct item_list {
    struct group_item *items;
    int n;
    int cap;
};

static bool is_input_column(const struct level *l, const char *name)
{
    bool found = false;
    for (int k = 0; name && k < l->nitems && !found; k++)
        for (int c = 0; l->items[k]->cols_visible && c < l->items[k]->ncols; c++)
            found |= l->items[k]->cols[c] && strcmp(l->items[k]->colnames[c], name) == 0;
    return found;
}

/* A grouping expression's position among the query's. */
static struct err *group_column(struct level *l, const pg_node *n, int *out)
{
    struct analysis *a = l->a;
    struct query *q = l->q;
    struct expr *e = NULL;
    /* An input column is preferred over an output column of the same name. */
    bool input = is_input_column(l, simple_name(n));
    TRY(find_target(l, n, q->targets, q->ntargets, "GROUP BY", !input, &e));
    if (!e)
        TRY(analyze_expr_in(l, n, CL_GROUP_BY, &e));
    if (e->kind == E_AGG)
        return at(a, err_new("42803", "aggregate functions are not allowed in GROUP BY"),
                  e->location);
    if (e->kind == E_WINDOW)
        return at(a, err_new("42P20", "window functions are not allowed in GROUP BY"), e->location);
    TRY(resolve_unknown(a, &e));
    uint32_t eq;
    TRY(equality_op(a, e->type, e->location, &eq));
    for (*out = 0; *out < q->ngroup; ++*out)
        if (expr_equal(q->group[*out], e))
            return NULL;
    ARENA_PUSH(a->arena, q->group, q->ngroup, q->group_cap, e);
    return NULL;
}

static bool is_list(const pg_node *n)
{
    return n->node_case == PG_QUERY__NODE__NODE_ROW_EXPR &&
           n->row_expr->row_format == PG_QUERY__COERCION_FORM__COERCE_IMPLICIT_CAST;
}

/* (a, b): its columns, those of nested lists among them. */
static struct err *list_columns(struct level *l, const pg_node *n, struct group_item *item)
{
    if (!is_list(n)) {
        int column = 0;
        TRY(group_column(l, n, &column));
        int *columns = arena_new_array(l->a->arena, int, item->ncolumns + 1);
        for (int i = 0; i < item->ncolumns; i++)
            columns[i] = item->columns[i];
        columns[item->ncolumns++] = column;
        item->columns = columns;
        return NULL;
    }
    if (fiber_stack_left() < 64 * 1024)
        return err_new("54001", "stack depth limit exceeded");
    for (size_t i = 0; i < n->row_expr->n_args; i++)
        TRY(list_columns(l, n->row_expr->args[i], item));
    return NULL;
}

static struct err *add_items(struct level *l, pg_node **list, size_t n, bool top,
                             struct item_list *out);

static struct err *add_set(struct level *l, const PgQuery__GroupingSet *g, bool top, bool in_sets,
                           struct item_list *out)
{
    static const enum group_kind kinds[] = {
        [PG_QUERY__GROUPING_SET_KIND__GROUPING_SET_EMPTY] = GROUP_EMPTY,
        [PG_QUERY__GROUPING_SET_KIND__GROUPING_SET_ROLLUP] = GROUP_ROLLUP,
        [PG_QUERY__GROUPING_SET_KIND__GROUPING_SET_CUBE] = GROUP_CUBE,
        [PG_QUERY__GROUPING_SET_KIND__GROUPING_SET_SETS] = GROUP_SETS,
    };
    struct group_item item = {.kind = kinds[g->kind]};
    struct item_list inner = {0};
    if (item.kind == GROUP_EMPTY && top)
        return NULL;
    /* GROUPING SETS in GROUPING SETS: theirs are its own. */
    if (item.kind == GROUP_SETS && in_sets)
        return add_items(l, g->content, g->n_content, false, out);
    if (item.kind != GROUP_EMPTY)
        TRY(add_items(l, g->content, g->n_content, false, &inner));
    if (item.kind == GROUP_CUBE && inner.n > MAX_CUBE)
        return at(l->a, err_new("54011", "CUBE is limited to %d elements", MAX_CUBE), g->location);
    item.items = inner.items;
    item.nitems = inner.n;
    ARENA_PUSH(l->a->arena, out->items, out->n, out->cap, item);
    return NULL;
}

static struct err *add_items(struct level *l, pg_node **list, size_t n, bool top,
                             struct item_list *out)
{
    if (fiber_stack_left() < 64 * 1024)
        return err_new("54001", "stack depth limit exceeded");
    for (size_t i = 0; i < n; i++) {
        struct group_item item = {.kind = GROUP_COLUMNS};
        if (list[i]->node_case == PG_QUERY__NODE__NODE_GROUPING_SET) {
            TRY(add_set(l, list[i]->grouping_set, top, !top, out));
        } else if (top && is_list(list[i])) {
            TRY(add_items(l, list[i]->row_expr->args, list[i]->row_expr->n_args, true, out));
        } else {
            TRY(list_columns(l, list[i], &item));
            ARENA_PUSH(l->a->arena, out->items, out->n, out->cap, item);
        }
    }
    return NULL;
}

/* ---- sets ---- */

struct set_list {
    struct level *l;
    bool **sets;
    int n;
    int cap;
};

static struct err *add_bits(struct set_list *list, bool *bits)
{
    if (list->n >= MAX_SETS)
        return err_new("54001", "too many grouping sets present (maximum %d)", MAX_SETS);
    ARENA_PUSH(list->l->a->arena, list->sets, list->n, list->cap, bits);
    return NULL;
}

static bool *bits_of(struct set_list *list, const bool *with)
{
    bool *bits = arena_new_array(list->l->a->arena, bool, list->l->q->ngroup + 1);
    for (int i = 0; with && i < list->l->q->ngroup; i++)
        bits[i] = with[i];
    return bits;
}

static void add_columns(bool *bits, const struct group_item *item)
{
    for (int i = 0; i < item->ncolumns; i++)
        bits[item->columns[i]] = true;
}

/* The sets that an item stands for. */
static struct err *expand(struct set_list *out, const struct group_item *item)
{
    unsigned count = item->kind == GROUP_CUBE     ? 1U << item->nitems
                     : item->kind == GROUP_ROLLUP ? (unsigned)item->nitems + 1
                     : item->kind == GROUP_SETS   ? 0
                                                  : 1;
    for (unsigned k = 0; k < count; k++) {
        bool *bits = bits_of(out, NULL);
        add_columns(bits, item);
        for (int i = 0; i < item->nitems; i++)
            if (item->kind == GROUP_CUBE ? k >> i & 1 : (unsigned)i + k < (unsigned)item->nitems)
                add_columns(bits, &item->items[i]);
        TRY(add_bits(out, bits));
    }
    for (int i = 0; item->kind == GROUP_SETS && i < item->nitems; i++)
        TRY(expand(out, &item->items[i]));
    return NULL;
}

static bool same_bits(const struct query *q, const bool *a, const bool *b)
{
    for (int i = 0; i < q->ngroup; i++)
        if (a[i] != b[i])
            return false;
    return true;
}

/* The query's sets, those of most columns first. */
static void store_sets(struct set_list *list)
{
    struct query *q = list->l->q;
    q->sets = arena_new_array(list->l->a->arena, struct grouping_set, list->n);
    for (int i = 0; i < list->n; i++) {
        struct grouping_set s = {list->sets[i], 0};
        bool again = false;
        for (int k = 0; k < q->ngroup; k++)
            s.size += s.has[k];
        for (int k = 0; q->group_distinct && k < q->nsets; k++)
            again |= same_bits(q, q->sets[k].has, s.has);
        if (again)
            continue;
        int k = q->nsets++;
        for (; k > 0 && q->sets[k - 1].size < s.size; k--)
            q->sets[k] = q->sets[k - 1];
        q->sets[k] = s;
    }
}

/* All combinations of the items' sets. */
static struct err *cross_items(struct level *l)
{
    struct query *q = l->q;
    struct set_list all = {.l = l};
    TRY(add_bits(&all, bits_of(&all, NULL)));
    for (int i = 0; i < q->ngroup_items; i++) {
        struct set_list item = {.l = l};
        struct set_list next = {.l = l};
        TRY(expand(&item, &q->group_items[i]));
        for (int k = 0; k < all.n; k++)
            for (int m = 0; m < item.n; m++) {
                bool *bits = bits_of(&next, all.sets[k]);
                for (int c = 0; c < q->ngroup; c++)
                    bits[c] |= item.sets[m][c];
                TRY(add_bits(&next, bits));
            }
        all = next;
    }
    store_sets(&all);
    return NULL;
}

struct err *analyze_group(struct level *l, const PgQuery__SelectStmt *s)
{
    struct query *q = l->q;
    struct item_list items = {0};
    bool has_sets = true; /* GROUP BY () */
    if (!s->n_group_clause)
        return NULL;
    q->has_group = true;
    q->group_distinct = s->group_distinct;
    TRY(add_items(l, s->group_clause, s->n_group_clause, true, &items));
    q->group_items = items.items;
    q->ngroup_items = items.n;
    for (int i = 0; i < items.n; i++)
        has_sets = (i && has_sets) || items.items[i].kind != GROUP_COLUMNS;
    return has_sets ? cross_items(l) : NULL;
}

/* ---- GROUPING() ---- */

struct err *analyze_grouping_func(struct level *l, const PgQuery__GroupingFunc *g,
                                  struct expr **out)
{
    struct analysis *a = l->a;
    struct expr *e = expr_new(a, E_GROUPING, INT4_OID, g->location);
    if (g->n_args > 31)
        return at(a, err_new("54023", "GROUPING must have fewer than 32 arguments"), g->location);
    e->args = arena_new_array(a->arena, struct expr *, g->n_args);
    for (size_t i = 0; i < g->n_args; i++) {
        TRY(analyze_expr(l, g->args[i], &e->args[i]));
        e->nargs++;
    }
    struct level *home = level_of_columns(l, e);
    if (!home)
        home = l;
    if (!clause_takes_aggs(home->clause))
        return at(a,
                  err_new("42803", "grouping operations are not allowed in %s",
                          clause_name(home->clause)),
                  g->location);
    e->grouping.level = home->q;
    e->grouping.number = home->q->ngroupings;
    ARENA_PUSH(a->arena, home->q->groupings, home->q->ngroupings, home->q->groupings_cap, e);
    home->q->has_group = true;
    *out = e;
    return NULL;
}

static struct err *check_grouping_args(struct level *l)
{
    struct query *q = l->q;
    for (int i = 0; i < q->ngroupings; i++)
        for (int k = 0; k < q->groupings[i]->nargs; k++) {
            struct expr *arg = q->groupings[i]->args[k];
            bool found = false;
            for (int c = 0; c < q->ngroup; c++)
                found |= expr_equal(q->group[c], arg);
            if (!found)
                return at(l->a,
                          err_new("42803", "arguments to GROUPING must be grouping expressions of "
                                           "the associated query level"),
                          arg->location);
        }
    return NULL;
}

/* ---- grouping rules ---- */

struct group_check {
    struct level *l;
    bool inside; /* a subquery */
    bool direct; /* arguments of an ordered-set aggregate */
};

static bool in_all_sets(const struct query *q, int column)
{
    for (int i = 0; i < q->nsets; i++)
        if (!q->sets[i].has[column])
            return false;
    return true;
}

/* Grouping by all columns of a table's primary key determines its other columns. */
static bool depends_on_key(const struct query *q, const struct rte *rte)
{
    if (rte->kind != RTE_RELATION || !rte->rel->primary)
        return false;
    const struct index *pk = rte->rel->primary;
    for (int i = 0; i < pk->nkeys; i++) {
        bool grouped = false;
        for (int k = 0; k < q->ngroup; k++)
            grouped |= q->group[k]->kind == E_VAR && q->group[k]->var.rte == rte &&
                       q->group[k]->var.att == pk->cols[i].attnum && in_all_sets(q, k);
        if (!grouped)
            return false;
    }
    return true;
}

static bool own_rte(const struct query *q, const struct rte *rte)
{
    for (int i = 0; i < q->nrtes; i++)
        if (q->rtes[i] == rte)
            return true;
    return false;
}

static struct err *ungrouped(const struct group_check *c, const struct expr *e)
{
    const struct rte *rte = e->var.rte;
    const char *col = e->var.att > 0   ? rte->colnames[e->var.att - 1]
                      : e->var.att < 0 ? system_column_name(e->var.att)
                                       : "*";
    struct err *err =
        c->inside ? err_new("42803", "subquery uses ungrouped column \"%s.%s\" from outer query",
                            rte->name, col)
                  : err_new("42803",
                            "column \"%s.%s\" must appear in the GROUP BY clause or be used in an "
                            "aggregate function",
                            rte->name, col);
    if (c->direct)
        err = err_detail(err, "Direct arguments of an ordered-set aggregate must use only grouped "
                              "columns.");
    return at(c->l->a, err, e->location);
}

static struct err *check_grouped(struct expr **ref, void *arg)
{
    struct group_check *c = arg;
    struct query *q = c->l->q;
    struct expr *e = *ref;
    for (int i = 0; i < q->ngroup; i++)
        if ((!c->inside || e->kind == E_VAR) && expr_equal(q->group[i], e))
            return NULL;
    if (e->kind == E_AGG && e->agg->level == q) {
        struct group_check direct = {c->l, c->inside, true};
        for (int i = 0; e->agg->ordered_set && i < e->nargs; i++)
            TRY(check_grouped(&e->args[i], &direct));
        return NULL;
    }
    if (e->kind == E_GROUPING && e->grouping.level == q)
        return NULL;
    if (e->kind == E_VAR && own_rte(q, e->var.rte) && !depends_on_key(q, e->var.rte))
        return ungrouped(c, e);
    TRY(expr_children(e, check_grouped, arg));
    if (e->kind != E_SUBLINK)
        return NULL;
    struct group_check inner = {c->l, true, c->direct};
    return query_exprs(e->sublink.query, check_grouped, &inner);
}

static struct err *check_keys(struct group_check *c, struct sort_key *keys, int n)
{
    for (int i = 0; i < n; i++)
        TRY(check_grouped(&keys[i].expr, c));
    return NULL;
}

struct err *check_grouping(struct level *l)
{
    struct query *q = l->q;
    struct group_check c = {l, false, false};
    if (!q->has_group)
        return NULL;
    TRY(check_grouping_args(l));
    for (int i = 0; i < q->ntargets; i++)
        TRY(check_grouped(&q->targets[i].expr, &c));
    TRY(check_keys(&c, q->order, q->norder));
    for (int i = 0; i < q->nwindows; i++) {
        TRY(check_keys(&c, q->windows[i]->order, q->windows[i]->norder));
        TRY(check_keys(&c, q->windows[i]->partition, q->windows[i]->npartition));
    }
    for (int i = 0; i < q->ndistinct_on; i++)
        TRY(check_grouped(&q->distinct_on[i], &c));
    return q->having ? check_grouped(&q->having, &c) : NULL;
}
