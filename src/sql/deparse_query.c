/* Queries back to SQL, in the layout that pg_get_viewdef shows: a clause a line, clauses and items
 * indented as by PostgreSQL. */
#include "sql/deparse_internal.h"
#include "sql/table_function.h"

#include <stdio.h>

enum {
    INDENT_CLAUSE = 8,
    INDENT_ITEM = 4,
    INDENT_LIMIT = 40, /* beyond, deeper levels move right more slowly */
};

/* ---- layout ---- */

static void trim_blanks(struct buf *b)
{
    while (b->len && b->data[b->len - 1] == ' ')
        b->len--;
}

void deparse_line(struct deparser *d, const char *text, int left, int right)
{
    int columns = d->indent - left;
    trim_blanks(d->out);
    if (columns >= INDENT_LIMIT)
        columns = INDENT_LIMIT + (columns - INDENT_LIMIT) / 2;
    buf_printf(d->out, "\n%*s%s", (columns > 0 ? columns : 0) + right, "", text);
}

static void put_parens(struct deparser *d, bool wanted, char paren)
{
    if (wanted)
        buf_put_u8(d->out, (uint8_t)paren);
}

/* ---- names ---- */

static const struct relation *relation_of(const struct rte *rte)
{
    return rte->view ? rte->view : rte->kind == RTE_RELATION ? rte->rel : NULL;
}

void deparse_note(struct deparser *d, const struct rte *rte, int att)
{
    const struct relation *r = relation_of(rte);
    if (r)
        deparse_add_ref(d, (struct deparse_ref){.relid = r->oid, .att = att});
}

static bool is_renamed(const struct deparser *d, const struct rte *rte, int att)
{
    const struct relation *r = relation_of(rte);
    return d->rename && r && d->rename->relid == r->oid && d->rename->att == att;
}

const char *deparse_column(const struct deparser *d, const struct rte *rte, int att)
{
    const char *name = rte->colnames[att - 1];
    return is_renamed(d, rte, att) && strcmp(name, d->rename->from) == 0 ? d->rename->to : name;
}

/* What the query itself calls the entry. */
static const char *given_name(const struct deparser *d, const struct rte *rte)
{
    return is_renamed(d, rte, 0) && strcmp(rte->name, d->rename->from) == 0 ? d->rename->to
                                                                            : rte->name;
}

const char *deparse_alias(const struct deparser *d, const struct rte *rte)
{
    for (const struct deparse_name *n = d->names; n; n = n->next)
        if (n->rte == rte)
            return n->name;
    return given_name(d, rte);
}

static bool is_taken(const struct deparser *d, const char *name)
{
    for (const struct deparse_name *n = d->names; n; n = n->next)
        if (strcmp(n->name, name) == 0)
            return true;
    return false;
}

/* A name of its own for each entry, here and in the levels around. */
static void name_entries(struct deparser *d, const struct query *q)
{
    for (int i = 0; i < q->nrtes; i++) {
        const struct rte *rte = q->rtes[i];
        if (rte->kind == RTE_SETOP)
            continue;
        const char *given = given_name(d, rte);
        struct deparse_name *n = arena_new(&d->arena, struct deparse_name);
        *n = (struct deparse_name){rte, given, d->names};
        for (int k = 1; is_taken(d, n->name); k++)
            n->name = arena_printf(&d->arena, "%s_%d", given, k);
        d->names = n;
    }
}

static struct err *put_relation_name(struct deparser *d, const struct rte *rte)
{
    const struct relation *r = relation_of(rte);
    const char *nsp = r->nsp_name;
    uint32_t visible = 0;
    if (d->rename && !d->rename->relid && strcmp(nsp, d->rename->from) == 0)
        nsp = d->rename->to;
    if (is_renamed(d, rte, 0) && d->rename->nsp)
        nsp = d->rename->nsp;
    if (!d->stored)
        TRY(cat_find_relation(d->cat, STR(""), str_from(r->name), true, &visible));
    if (visible != r->oid) {
        quote_identifier(d->out, nsp);
        buf_put_u8(d->out, '.');
    }
    quote_identifier(d->out, is_renamed(d, rte, 0) ? d->rename->to : r->name);
    return NULL;
}

/* ---- expressions in clauses ---- */

static struct err *put_sortable(struct deparser *d, const struct expr *e)
{
    bool parens = e->kind != E_VAR &&
                  (d->pretty || e->kind == E_FUNC || e->kind == E_AGG || e->kind == E_WINDOW);
    if (e->kind == E_CONST) /* a bare number would be a position */
        return deparse_put(d, e, true);
    put_parens(d, parens, '(');
    TRY(deparse_put(d, e, true));
    put_parens(d, parens, ')');
    return NULL;
}

static int target_number(const struct query *q, const struct expr *e)
{
    for (int i = 0; i < q->ntargets; i++)
        if (q->targets[i].expr == e || expr_equal(q->targets[i].expr, e))
            return i + 1;
    return 0;
}

struct err *deparse_put_sort(struct deparser *d, const struct sort_key *keys, int n,
                             const struct query *by_number)
{
    for (int i = 0; i < n; i++) {
        const struct sort_key *k = &keys[i];
        buf_put_c(d->out, i ? ", " : "");
        if (by_number)
            buf_printf(d->out, "%d", target_number(by_number, k->expr));
        else
            TRY(put_sortable(d, k->expr));
        if (k->desc)
            buf_put_c(d->out, k->nulls_first ? " DESC" : " DESC NULLS LAST");
        else
            buf_put_c(d->out, k->nulls_first ? " NULLS FIRST" : "");
    }
    return NULL;
}

static struct err *put_frame_bound(struct deparser *d, int frame, int unbounded, int current,
                                   int preceding, const struct expr *offset, bool is_start)
{
    if (frame & unbounded) {
        buf_put_c(d->out, is_start ? "UNBOUNDED PRECEDING" : "UNBOUNDED FOLLOWING");
    } else if (frame & current) {
        buf_put_c(d->out, "CURRENT ROW");
    } else {
        TRY(deparse_put(d, offset, false));
        buf_put_c(d->out, frame & preceding ? " PRECEDING" : " FOLLOWING");
    }
    return NULL;
}

static struct err *put_frame(struct deparser *d, const struct window *w)
{
    int f = w->frame;
    buf_put_c(d->out, f & FRAME_RANGE ? "RANGE " : f & FRAME_ROWS ? "ROWS " : "GROUPS ");
    buf_put_c(d->out, f & FRAME_BETWEEN ? "BETWEEN " : "");
    TRY(put_frame_bound(d, f, FRAME_START_UNBOUNDED, FRAME_START_CURRENT, FRAME_START_PRECEDING,
                        w->start, true));
    if (f & FRAME_BETWEEN) {
        buf_put_c(d->out, " AND ");
        TRY(put_frame_bound(d, f, FRAME_END_UNBOUNDED, FRAME_END_CURRENT, FRAME_END_PRECEDING,
                            w->end, false));
    }
    buf_put_c(d->out, f & FRAME_EXCLUDE_CURRENT ? " EXCLUDE CURRENT ROW"
                      : f & FRAME_EXCLUDE_GROUP ? " EXCLUDE GROUP"
                      : f & FRAME_EXCLUDE_TIES  ? " EXCLUDE TIES"
                                                : "");
    return NULL;
}

struct err *deparse_put_window(struct deparser *d, const struct window *w)
{
    const char *blank = "";
    buf_put_u8(d->out, '(');
    if (w->copied) {
        quote_identifier(d->out, w->copied->name);
        blank = " ";
    } else if (w->npartition) {
        buf_put_c(d->out, "PARTITION BY ");
        for (int i = 0; i < w->npartition; i++) {
            buf_put_c(d->out, i ? ", " : "");
            TRY(put_sortable(d, w->partition[i].expr));
        }
        blank = " ";
    }
    if (w->norder && !w->copied_order) {
        buf_printf(d->out, "%sORDER BY ", blank);
        TRY(deparse_put_sort(d, w->order, w->norder, NULL));
        blank = " ";
    }
    if (w->frame & FRAME_NONDEFAULT) {
        buf_put_c(d->out, blank);
        TRY(put_frame(d, w));
    }
    buf_put_u8(d->out, ')');
    return NULL;
}

static struct err *put_list(struct deparser *d, struct expr **list, int n, bool sortable)
{
    for (int i = 0; i < n; i++) {
        buf_put_c(d->out, i ? ", " : "");
        TRY(sortable ? put_sortable(d, list[i]) : deparse_put(d, list[i], true));
    }
    return NULL;
}

/* ---- targets ---- */

static struct err *put_targets(struct deparser *d, const struct query *q, const char **names)
{
    struct buf *out = d->out;
    bool first = true;
    for (int i = 0, k = 0; i < q->ntargets; i++) {
        const struct target *t = &q->targets[i];
        if (!t->name)
            continue;
        const char *name = names ? names[k] : t->name;
        const char *own = t->expr->kind == E_VAR && t->expr->var.att > 0
                              ? deparse_column(d, t->expr->var.rte, t->expr->var.att)
                          : d->names_hidden ? "?column?"
                                            : "";
        struct buf text = BUF_INIT;
        k++;
        d->out = &text;
        struct err *e = deparse_put(d, t->expr, true);
        if (!e && deparse_is_whole_row(t->expr)) /* or it would stand for its columns */
            buf_printf(&text, "::%s", deparse_type(d, t->expr->type, -1));
        d->out = out;
        if (!e)
            e = buf_finish(&text);
        buf_put_c(out, first ? " " : ", ");
        bool own_line = text.len && text.data[0] == '\n'; /* CASE */
        if (own_line)
            trim_blanks(out);
        else if (!first)
            deparse_line(d, "", INDENT_CLAUSE, INDENT_ITEM);
        buf_put_str(out, buf_str(&text));
        buf_done(&text);
        TRY(e);
        if (strcmp(name, own) != 0) {
            buf_put_c(out, " AS ");
            quote_identifier(out, name);
        }
        first = false;
    }
    return NULL;
}

/* ---- FROM ---- */

/* Just VALUES, whose columns nobody gave names. */
static bool is_bare_values(const struct query *q, const char **names)
{
    const struct rte *rte = q->nfrom == 1 ? q->from[0]->rte : NULL;
    char own[32];
    if (!rte || rte->kind != RTE_VALUES || strcmp(rte->name, "*VALUES*") != 0 || q->where ||
        q->has_group)
        return false;
    for (int i = 0, k = 0; i < q->ntargets; i++) {
        if (!q->targets[i].name)
            continue;
        snprintf(own, sizeof(own), "column%d", k + 1);
        if (strcmp(names ? names[k] : q->targets[i].name, own) != 0)
            return false;
        k++;
    }
    return true;
}

static struct err *put_rows(struct deparser *d, const struct rte *rte)
{
    buf_put_c(d->out, "VALUES ");
    for (int i = 0; i < rte->nrows; i++) {
        buf_put_c(d->out, i ? ", (" : "(");
        for (int k = 0; k < rte->ncols; k++) {
            buf_put_c(d->out, k ? "," : "");
            TRY(deparse_put(d, rte->rows[i][k], true));
        }
        buf_put_u8(d->out, ')');
    }
    return NULL;
}

static struct err *put_function(struct deparser *d, const struct rte *rte)
{
    if (rte->nfuncs > 1)
        buf_put_c(d->out, "ROWS FROM(");
    TRY(put_list(d, rte->funcs, rte->nfuncs, false));
    if (rte->nfuncs > 1)
        buf_put_u8(d->out, ')');
    buf_put_c(d->out, rte->ordinality ? " WITH ORDINALITY" : "");
    return NULL;
}

static struct err *put_table_function(struct deparser *d, const struct rte *rte)
{
    buf_printf(d->out, "%s(", rte->tf->name);
    for (int i = 0; i < rte->ntf_args; i++) {
        const struct tf_arg *a = &rte->tf_args[i];
        buf_put_c(d->out, i ? ", " : "");
        if (a->name)
            buf_printf(d->out, "%s => ", a->name);
        TRY(deparse_put(d, expr_const(&d->arena, a->type, -1, a->value, -1), true));
    }
    buf_put_u8(d->out, ')');
    return NULL;
}

static struct err *put_item(struct deparser *d, const struct rte *rte)
{
    if (rte->lateral && rte->kind == RTE_SUBQUERY)
        buf_put_c(d->out, "LATERAL ");
    if (relation_of(rte)) {
        deparse_note(d, rte, 0);
        buf_put_c(d->out, rte->only ? "ONLY " : "");
        return put_relation_name(d, rte);
    }
    switch (rte->kind) {
    case RTE_SUBQUERY:
        buf_put_u8(d->out, '(');
        if (strcmp(rte->name, "*VALUES*") == 0 && is_bare_values(rte->sub, NULL))
            TRY(put_rows(d, rte->sub->from[0]->rte));
        else
            TRY(deparse_put_query(d, rte->sub, false));
        buf_put_u8(d->out, ')');
        return NULL;
    case RTE_FUNCTION:
        return put_function(d, rte);
    case RTE_VALUES:
        buf_put_u8(d->out, '(');
        TRY(put_rows(d, rte));
        buf_put_u8(d->out, ')');
        return NULL;
    case RTE_CTE:
        quote_identifier(d->out, rte->cte->name);
        return NULL;
    case RTE_TABLEFUNC:
        return put_table_function(d, rte);
    case RTE_RELATION:
    case RTE_SETOP:
        break;
    }
    return err_new("XX000", "a range table entry that cannot stand in FROM");
}

static bool has_column_aliases(const struct deparser *d, const struct rte *rte)
{
    const struct relation *r = relation_of(rte);
    if (rte->kind == RTE_FUNCTION || rte->kind == RTE_VALUES)
        return true;
    for (int i = 0; i < rte->ncols; i++) {
        const char *own = r ? r->atts[i].name : rte->kind == RTE_CTE ? rte->cte->colnames[i] : NULL;
        if (r && r->atts[i].dropped)
            continue;
        if (own && strcmp(own, rte->colnames[i]) != 0)
            return true;
    }
    if (rte->kind != RTE_SUBQUERY || r)
        return false;
    for (int i = 0, k = 0; i < rte->sub->ntargets; i++)
        if (rte->sub->targets[i].name && strcmp(rte->sub->targets[i].name, rte->colnames[k++]) != 0)
            return true;
    return false;
}

static void put_alias(struct deparser *d, const struct rte *rte)
{
    const struct relation *r = relation_of(rte);
    const char *name = deparse_alias(d, rte);
    const char *own = r                      ? is_renamed(d, rte, 0) ? d->rename->to : r->name
                      : rte->kind == RTE_CTE ? rte->cte->name
                                             : NULL;
    bool aliased = !own || strcmp(name, own) != 0;
    bool columns = has_column_aliases(d, rte);
    if (aliased || columns) {
        buf_put_u8(d->out, ' ');
        quote_identifier(d->out, name);
    }
    if (!columns)
        return;
    buf_put_u8(d->out, '(');
    for (int i = 0, k = 0; i < rte->ncols; i++) {
        if (r && r->atts[i].dropped)
            continue;
        buf_put_c(d->out, k++ ? ", " : "");
        quote_identifier(d->out, deparse_column(d, rte, i + 1));
    }
    buf_put_u8(d->out, ')');
}

static struct err *put_from_node(struct deparser *d, const struct from_node *f);

static struct err *put_join_condition(struct deparser *d, const struct from_node *f)
{
    if (f->nusing) {
        for (int i = 0; i < f->nusing; i++) {
            buf_put_c(d->out, i ? ", " : " USING (");
            quote_identifier(d->out, f->using[i]);
        }
        buf_put_u8(d->out, ')');
        if (f->using_alias) {
            buf_put_c(d->out, " AS ");
            quote_identifier(d->out, f->using_alias);
        }
    } else if (f->on) {
        buf_put_c(d->out, " ON ");
        put_parens(d, !d->pretty, '(');
        TRY(deparse_put(d, f->on, false));
        put_parens(d, !d->pretty, ')');
    } else if (f->kind != JOIN_INNER) {
        buf_put_c(d->out, " ON TRUE");
    }
    return NULL;
}

static struct err *put_join(struct deparser *d, const struct from_node *f)
{
    const struct from_node *left = f->swapped ? f->right : f->left;
    const struct from_node *right = f->swapped ? f->left : f->right;
    const char *join = f->kind == JOIN_FULL   ? "FULL JOIN "
                       : f->kind == JOIN_LEFT ? f->swapped ? "RIGHT JOIN " : "LEFT JOIN "
                       : f->on                ? "JOIN "
                                              : "CROSS JOIN ";
    bool nested = d->pretty && !right->rte;
    put_parens(d, !d->pretty, '(');
    TRY(put_from_node(d, left));
    deparse_line(d, join, INDENT_CLAUSE, INDENT_ITEM + 1);
    put_parens(d, nested, '(');
    TRY(put_from_node(d, right));
    put_parens(d, nested, ')');
    TRY(put_join_condition(d, f));
    put_parens(d, !d->pretty, ')');
    return NULL;
}

static struct err *put_sample(struct deparser *d, const struct rte *rte)
{
    buf_printf(d->out, " TABLESAMPLE %s (", rte->sample);
    TRY(deparse_put(d, rte->funcs[0], false));
    if (rte->nfuncs > 1) {
        buf_put_c(d->out, ") REPEATABLE (");
        TRY(deparse_put(d, rte->funcs[1], false));
    }
    buf_put_u8(d->out, ')');
    return NULL;
}

static struct err *put_from_node(struct deparser *d, const struct from_node *f)
{
    if (!f->rte)
        return put_join(d, f);
    TRY(put_item(d, f->rte));
    put_alias(d, f->rte);
    return f->rte->sample ? put_sample(d, f->rte) : NULL;
}

static struct err *put_from(struct deparser *d, const struct query *q)
{
    for (int i = 0; i < q->nfrom; i++) {
        if (i == 0) {
            deparse_line(d, "FROM ", INDENT_CLAUSE, 3);
        } else {
            buf_put_c(d->out, ", ");
            deparse_line(d, "", INDENT_CLAUSE, INDENT_ITEM);
        }
        TRY(put_from_node(d, q->from[i]));
    }
    return NULL;
}

/* ---- queries ---- */

static void put_columns(struct deparser *d, const struct cte *c, const int *columns, int n)
{
    for (int i = 0; i < n; i++) {
        buf_put_c(d->out, i ? ", " : "");
        quote_identifier(d->out, c->colnames[columns[i]]);
    }
}

static bool is_bool_const(const struct expr *e, bool value)
{
    return e->kind == E_CONST && e->type == BOOL_OID && !e->value.null &&
           (e->value.i != 0) == value;
}

/* The grammar has no casts here: a text to be read again says its type in front. */
static struct err *put_mark_value(struct deparser *d, const struct expr *e)
{
    struct buf *out = d->out;
    struct buf text = BUF_INIT;
    d->out = &text;
    struct err *err = deparse_put(d, e, false);
    d->out = out;
    if (!err)
        err = buf_finish(&text);
    size_t cast = text.len;
    while (d->stored && cast > 2 && !(text.data[cast - 1] == ':' && text.data[cast - 3] == '\''))
        cast--;
    if (!err && d->stored && cast > 2) {
        buf_put(out, text.data + cast, text.len - cast);
        buf_put_u8(out, ' ');
        buf_put(out, text.data, cast - 2);
    } else if (!err) {
        buf_put_str(out, buf_str(&text));
    }
    buf_done(&text);
    return err;
}

static struct err *put_cycle(struct deparser *d, const struct cte *c)
{
    const struct cycle *y = c->cycle;
    if (y->sequence) {
        buf_put_c(d->out, y->breadth ? " SEARCH BREADTH FIRST BY " : " SEARCH DEPTH FIRST BY ");
        put_columns(d, c, y->search, y->nsearch);
        buf_put_c(d->out, " SET ");
        quote_identifier(d->out, c->colnames[y->sequence - 1]);
    }
    if (!y->mark)
        return NULL;
    buf_put_c(d->out, " CYCLE ");
    put_columns(d, c, y->columns, y->ncolumns);
    buf_put_c(d->out, " SET ");
    quote_identifier(d->out, c->colnames[y->mark - 1]);
    if (!is_bool_const(y->value, true) || !is_bool_const(y->other, false)) {
        buf_put_c(d->out, " TO ");
        TRY(put_mark_value(d, y->value));
        buf_put_c(d->out, " DEFAULT ");
        TRY(put_mark_value(d, y->other));
    }
    buf_put_c(d->out, " USING ");
    quote_identifier(d->out, c->colnames[y->path - 1]);
    return NULL;
}

static struct err *put_with(struct deparser *d, const struct query *q)
{
    d->indent += INDENT_CLAUSE;
    for (int i = 0; i < q->nctes; i++) {
        const struct cte *c = q->ctes[i];
        buf_put_c(d->out, i ? ", " : q->with_recursive ? " WITH RECURSIVE " : " WITH ");
        quote_identifier(d->out, c->name);
        bool named = c->recursive;
        int ncols = c->cycle ? c->cycle->nplain : c->ncols;
        const struct query *body = c->cycle ? c->cycle->written : c->query;
        for (int k = 0; !named && k < ncols; k++)
            named = strcmp(c->colnames[k], c->query->targets[k].name) != 0;
        for (int k = 0; named && k < ncols; k++) {
            buf_put_c(d->out, k ? ", " : "(");
            quote_identifier(d->out, c->colnames[k]);
        }
        buf_put_c(d->out, named && ncols ? ") AS " : " AS ");
        buf_put_c(d->out, c->asked_materialized ? "MATERIALIZED ("
                          : c->not_materialized ? "NOT MATERIALIZED ("
                                                : "(");
        if (c->query->kind != Q_SELECT)
            return err_new("0A000", "views must not contain data-modifying statements in WITH");
        deparse_line(d, "", 0, 0);
        TRY(deparse_put_query(d, body, false));
        deparse_line(d, ")", 0, 0);
        if (c->cycle)
            TRY(put_cycle(d, c));
    }
    d->indent -= INDENT_CLAUSE;
    deparse_line(d, "", 0, 0);
    return NULL;
}

static struct err *put_group_item(struct deparser *d, const struct query *q,
                                  const struct group_item *item, bool parens)
{
    static const char *const heads[] = {[GROUP_COLUMNS] = "(",
                                        [GROUP_EMPTY] = "(",
                                        [GROUP_ROLLUP] = "ROLLUP(",
                                        [GROUP_CUBE] = "CUBE(",
                                        [GROUP_SETS] = "GROUPING SETS ("};
    parens |= item->kind != GROUP_COLUMNS || item->ncolumns != 1;
    buf_put_c(d->out, parens ? heads[item->kind] : "");
    for (int i = 0; i < item->ncolumns; i++) {
        buf_put_c(d->out, i ? ", " : "");
        TRY(put_sortable(d, q->group[item->columns[i]]));
    }
    for (int i = 0; i < item->nitems; i++) {
        buf_put_c(d->out, i ? ", " : "");
        TRY(put_group_item(d, q, &item->items[i], item->kind == GROUP_SETS));
    }
    put_parens(d, parens, ')');
    return NULL;
}

static struct err *put_group(struct deparser *d, const struct query *q)
{
    static const struct group_item empty = {.kind = GROUP_EMPTY};
    if (!q->nsets)
        return put_list(d, q->group, q->ngroup, true);
    for (int i = 0; i < q->ngroup_items; i++) {
        buf_put_c(d->out, i ? ", " : "");
        TRY(put_group_item(d, q, &q->group_items[i], false));
    }
    return q->ngroup_items ? NULL : put_group_item(d, q, &empty, false);
}

static struct err *put_basic(struct deparser *d, const struct query *q, const char **names)
{
    d->indent += INDENT_CLAUSE;
    buf_put_c(d->out, " ");
    if (is_bare_values(q, names))
        return put_rows(d, q->from[0]->rte);
    buf_put_c(d->out, "SELECT");
    if (q->distinct == DISTINCT_ON) {
        buf_put_c(d->out, " DISTINCT ON (");
        TRY(put_list(d, q->distinct_on, q->ndistinct_on, true));
        buf_put_c(d->out, ")");
    } else if (q->distinct == DISTINCT_ALL) {
        buf_put_c(d->out, " DISTINCT");
    }
    TRY(put_targets(d, q, names));
    TRY(put_from(d, q));
    if (q->where) {
        deparse_line(d, "WHERE ", INDENT_CLAUSE, 2);
        TRY(deparse_put(d, q->where, false));
    }
    if (q->ngroup || q->nsets) {
        deparse_line(d, "GROUP BY ", INDENT_CLAUSE, 2);
        buf_put_c(d->out, q->group_distinct ? "DISTINCT " : "");
        TRY(put_group(d, q));
    }
    if (q->having) {
        deparse_line(d, "HAVING ", INDENT_CLAUSE, 1);
        TRY(deparse_put(d, q->having, false));
    }
    bool first = true;
    for (int i = 0; i < q->nwindows; i++) {
        if (!q->windows[i]->name)
            continue;
        if (first)
            deparse_line(d, "WINDOW ", INDENT_CLAUSE, 2);
        buf_put_c(d->out, first ? "" : ", ");
        quote_identifier(d->out, q->windows[i]->name);
        buf_put_c(d->out, " AS ");
        TRY(deparse_put_window(d, q->windows[i]));
        first = false;
    }
    return NULL;
}

static struct err *put_select(struct deparser *d, const struct query *q, const char **names);

/* One side of a set operation, up to where its name or the end stands. */
static struct err *put_arm(struct deparser *d, const struct query *q, const struct query *parent,
                           bool left, const char **names)
{
    bool same = left && q->setop == parent->setop && q->setop_all == parent->setop_all;
    bool own = q->norder || q->limit || q->offset || q->nmarks || q->nctes;
    bool parens = own || (q->setop != SETOP_NONE && !same);
    int indent = d->indent;
    put_parens(d, parens, '(');
    if (parens && q->setop != SETOP_NONE) {
        d->indent += INDENT_CLAUSE;
        deparse_line(d, "", 0, 0);
    }
    TRY(put_select(d, q, names));
    d->indent = indent;
    if (parens && q->setop != SETOP_NONE)
        deparse_line(d, left ? ") " : ")", 0, 0);
    else
        put_parens(d, parens, ')');
    if (left && !(parens && q->setop != SETOP_NONE))
        deparse_line(d, "", 0, 0);
    return NULL;
}

static struct err *put_setop(struct deparser *d, const struct query *q, const char **names)
{
    static const char *const texts[] = {
        [SETOP_UNION] = "UNION ", [SETOP_INTERSECT] = "INTERSECT ", [SETOP_EXCEPT] = "EXCEPT "};
    bool hidden = d->names_hidden;
    TRY(put_arm(d, q->left, q, true, names));
    buf_put_c(d->out, texts[q->setop]);
    buf_put_c(d->out, q->setop_all ? "ALL " : "");
    if (q->right->setop == SETOP_NONE)
        deparse_line(d, "", 0, 0);
    d->names_hidden = true;
    struct err *e = put_arm(d, q->right, q, false, names);
    d->names_hidden = hidden;
    return e;
}

static struct err *put_limit(struct deparser *d, const struct query *q)
{
    if (q->offset) {
        deparse_line(d, "OFFSET ", INDENT_CLAUSE, 1);
        TRY(deparse_put(d, q->offset, false));
    }
    if (!q->limit)
        return NULL;
    deparse_line(d, q->with_ties ? "FETCH FIRST (" : "LIMIT ", INDENT_CLAUSE, 1);
    TRY(deparse_put(d, q->limit, false));
    buf_put_c(d->out, q->with_ties ? ") ROWS WITH TIES" : "");
    return NULL;
}

static struct err *put_clauses(struct deparser *d, const struct query *q, const char **names)
{
    static const char *const locks[] = {
        [TXN_KEY_SHARE] = "FOR KEY SHARE OF ",
        [TXN_SHARE] = "FOR SHARE OF ",
        [TXN_NO_KEY_UPDATE] = "FOR NO KEY UPDATE OF ",
        [TXN_UPDATE] = "FOR UPDATE OF ",
    };
    if (q->nctes)
        TRY(put_with(d, q));
    TRY(q->setop == SETOP_NONE ? put_basic(d, q, names) : put_setop(d, q, names));
    if (q->norder) {
        deparse_line(d, "ORDER BY ", INDENT_CLAUSE, 2);
        TRY(deparse_put_sort(d, q->order, q->norder, q->setop == SETOP_NONE ? NULL : q));
    }
    TRY(put_limit(d, q));
    for (int i = 0; i < q->nmarks; i++) {
        const struct row_mark *m = &q->marks[i];
        deparse_line(d, locks[m->mode], INDENT_CLAUSE, 1);
        quote_identifier(d->out, deparse_alias(d, m->rte));
        buf_put_c(d->out, m->wait == TXN_NOWAIT        ? " NOWAIT"
                          : m->wait == TXN_SKIP_LOCKED ? " SKIP LOCKED"
                                                       : "");
    }
    return NULL;
}

static struct err *put_select(struct deparser *d, const struct query *q, const char **names)
{
    const struct deparse_name *outer = d->names;
    name_entries(d, q);
    struct err *e = put_clauses(d, q, names);
    d->names = outer;
    return e;
}

struct err *deparse_put_query(struct deparser *d, const struct query *q, bool names_hidden)
{
    int indent = d->indent;
    bool hidden = d->names_hidden;
    const struct rte *single = d->single;
    d->names_hidden = names_hidden;
    d->single = NULL; /* it is not the only one in there */
    struct err *e = put_select(d, q, NULL);
    d->single = single;
    d->names_hidden = hidden;
    d->indent = indent;
    return e;
}

/* ---- the interface ---- */

static struct err *deparse(struct deparser *d, const struct query *q, const char **names)
{
    arena_init(&d->arena);
    struct err *e = put_select(d, q, names);
    arena_done(&d->arena);
    return e;
}

struct err *deparse_query(struct cat *cat, const struct query *q, const char **names, bool pretty,
                          struct buf *out)
{
    struct deparser d = {.cat = cat, .out = out, .pretty = pretty};
    return deparse(&d, q, names);
}

struct err *deparse_body_query(struct cat *cat, const struct query *q, const char *const *params,
                               int nparams, struct buf *out)
{
    struct deparser d = {
        .cat = cat, .out = out, .params = params, .nparams = nparams, .names_hidden = true};
    return deparse(&d, q, NULL);
}

struct err *deparse_stored_query(struct cat *cat, const struct query *q, const char **names,
                                 const struct deparse_rename *rename, struct deparse_refs *refs,
                                 struct buf *out)
{
    struct deparser d = {.cat = cat,
                         .out = out,
                         .rename = rename,
                         .refs = refs,
                         .stored = true,
                         .regclass_by_oid = true};
    return deparse(&d, q, names);
}
