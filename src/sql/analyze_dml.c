/* INSERT, UPDATE, DELETE: manual pages of those commands. */
#include "sql/analyze_internal.h"

#include "catalog/acl.h"

/* Superusers are told what it is, others that they may not. */
static struct err *system_catalog(struct analysis *a, const struct relation *r)
{
    const struct role_rights *rights;
    TRY(cat_rights(a->cat, &rights));
    if (!rights->superuser)
        return err_new("42501", "permission denied for %s %s", r->kind == 'v' ? "view" : "table",
                       r->name);
    return err_new("42501", "permission denied: \"%s\" is a system catalog", r->name);
}

static struct err *not_writable(struct analysis *a, const struct relation *r, const char *verb)
{
    if (r->read_only_synced)
        return err_hint(err_new("42809", "cannot %s synced table \"%s\"", verb, r->name),
                        "The table is kept in step with its source, which owns the data; write "
                        "there, or to a table of your own.");
    if (r->kind == 'S')
        return err_new("42809", "cannot change sequence \"%s\"", r->name);
    if (r->kind == 'i')
        return err_new("42809", "\"%s\" is an index", r->name);
    if (r->system)
        return system_catalog(a, r);
    if (r->kind == 'm')
        return err_new("42809", "cannot change materialized view \"%s\"", r->name);
    if (r->kind != 'r')
        return err_new("42809", "cannot change relation \"%s\"", r->name);
    return NULL;
}

/* What the statement's names refer to. */
static struct rte *seen_target(const struct query *q)
{
    return q->target_view ? q->target_view : q->target;
}

/* The statement's target table, visible by alias where `visible`. */
struct err *dml_open_target(struct level *l, const PgQuery__RangeVar *rv, const char *verb,
                            bool visible)
{
    struct analysis *a = l->a;
    struct query *q = l->q;
    struct relation *r;
    TRY(open_relation(a, rv, &r));
    if (r->kind == 'v' && q->kind == Q_MERGE)
        return err_detail(err_new("0A000", "cannot execute MERGE on relation \"%s\"", r->name),
                          "This operation is not supported for views.");
    if (r->kind == 'v') {
        TRY(analyze_view_target(l, rv, r, &q->target_view, &q->target));
        r = q->target->rel;
    }
    struct err *e = not_writable(a, r, verb);
    if (e)
        return strchr("Sm", r->kind) || q->kind == Q_MERGE ? e : at(a, e, rv->location);
    uint32_t required = q->kind == Q_INSERT   ? PRIV_INSERT
                        : q->kind == Q_UPDATE ? PRIV_UPDATE
                        : q->kind == Q_DELETE ? PRIV_DELETE
                                              : 0;
    if (!q->target_view) {
        TRY(rte_for_relation(a, r, rv->alias, &q->target));
        q->target->access = access_new(a, r, required);
        q->target->access->rte = q->target;
    } else {
        view_target_requires(q->target_view, required);
    }
    q->target->access->q = q;
    q->target->location = rv->location;
    ARENA_PUSH(a->arena, q->rtes, q->nrtes, q->rtes_cap, q->target);
    if (visible)
        TRY(rte_add_ns(l, seen_target(q), true, true));
    return NULL;
}

/* The value of a column that a statement does not give. */
struct err *dml_column_default(struct level *l, const struct relation *r, int att,
                               struct expr **out)
{
    struct analysis *a = l->a;
    const struct attr *col = &r->atts[att - 1];
    struct rte *none;
    const char *sql = l->q->target_view ? view_column_default(l->q->target_view, att) : NULL;
    if (!sql)
        sql = col->default_sql ? col->default_sql : col->domain_default_sql;
    if (sql && !col->generated) /* those are computed from the row */
        return analyze_expr_text(a->cat, a->env, sql, NULL, USE_DEFAULT, col->type, col->typmod,
                                 a->arena, &none, out);
    if (col->identity)
        return identity_default(a, r, att, out);
    *out = expr_const(a->arena, col->ops ? col->type : INT4_OID, col->typmod, datum_null(), -1);
    if (!col->ops || !col->ops->domain)
        return NULL;
    (*out)->type = UNKNOWN_OID; /* the domain may not take NULL */
    return coerce_assignment(a, *out, col->name, col->type, col->typmod, true, out);
}

static struct err *generated_column(const struct relation *r, int att, const char *verb)
{
    const char *name = r->atts[att - 1].name;
    if (*verb == 'i')
        return err_detail(
            err_new("428C9", "cannot insert a non-DEFAULT value into column \"%s\"", name),
            "Column \"%s\" is a generated column.", name);
    return err_detail(err_new("428C9", "column \"%s\" can only be updated to DEFAULT", name),
                      "Column \"%s\" is a generated column.", name);
}

struct err *dml_find_column(struct level *l, const struct relation *r, const char *name,
                            int location, int *att)
{
    if (l->q->target_view)
        return view_target_column(l, name, location, att);
    *att = relation_attnum(r, str_from(name));
    if (*att)
        return NULL;
    if (system_column(name))
        return at(l->a, err_new("0A000", "cannot assign to system column \"%s\"", name), location);
    return at(l->a,
              err_new("42703", "column \"%s\" of relation \"%s\" does not exist", name, r->name),
              location);
}

/* ---- RETURNING ---- */

static struct err *analyze_returning(struct level *l, pg_node **list, size_t n)
{
    struct query *q = l->q;
    if (!n)
        return NULL;
    if (q->kind == Q_INSERT) {
        l->nitems = 0;
        TRY(rte_add_ns(l, seen_target(q), true, true));
    }
    TRY(analyze_targets(l, list, n, CL_RETURNING, &q->returning, &q->nreturning));
    for (int i = 0; i < q->nreturning; i++)
        TRY(resolve_unknown(l->a, &q->returning[i].expr));
    return NULL;
}

/* ---- INSERT ---- */

/* Without a list, a view's columns, of which those must be the table's that get an expression (see
 * row_length): 0 until then. */
static struct err *view_columns(struct level *l)
{
    struct query *q = l->q;
    for (int i = 1; i <= q->target_view->view->natts; i++)
        access_write_view(l, i, true);
    q->nsource_atts = q->target_view->view->natts;
    q->source_atts = arena_new_array(l->a->arena, int, q->nsource_atts + 1);
    memset(q->source_atts, 0, sizeof(int) * (size_t)q->nsource_atts);
    return NULL;
}

static struct err *insert_columns(struct level *l, const PgQuery__InsertStmt *s)
{
    struct query *q = l->q;
    const struct relation *r = q->target->rel;
    q->source_atts = arena_new_array(l->a->arena, int, r->natts + 1);
    for (size_t i = 0; i < s->n_cols; i++) {
        const PgQuery__ResTarget *t = s->cols[i]->res_target;
        int att;
        TRY(dml_find_column(l, r, t->name, t->location, &att));
        for (int k = 0; k < q->nsource_atts; k++)
            if (q->source_atts[k] == att &&
                !(t->n_indirection && s->cols[k]->res_target->n_indirection))
                return at(l->a, err_new("42701", "column \"%s\" specified more than once", t->name),
                          t->location);
        q->source_atts[q->nsource_atts++] = att;
    }
    if (s->n_cols)
        return NULL;
    if (q->target_view)
        return view_columns(l);
    for (int i = 0; i < r->natts; i++)
        if (!r->atts[i].dropped)
            q->source_atts[q->nsource_atts++] = i + 1;
    return NULL;
}

struct err *dml_check_insertable(struct level *l, int att, const struct expr *value)
{
    struct query *q = l->q;
    const struct relation *r = q->target->rel;
    const struct attr *col = &r->atts[att - 1];
    if (value->kind == E_DEFAULT)
        return NULL;
    if (col->generated)
        return generated_column(r, att, "insert");
    if (col->identity == 'a' && !q->overriding_system && !q->overriding_user)
        return err_hint(err_detail(err_new("428C9",
                                           "cannot insert a non-DEFAULT value into column "
                                           "\"%s\"",
                                           col->name),
                                   "Column \"%s\" is an identity column defined as GENERATED "
                                   "ALWAYS.",
                                   col->name),
                        "Use OVERRIDING SYSTEM VALUE to override.");
    return NULL;
}

static struct err *row_length(struct level *l, const PgQuery__InsertStmt *s, int have, int location)
{
    struct query *q = l->q;
    if (have > q->nsource_atts)
        return at(l->a, err_new("42601", "INSERT has more expressions than target columns"),
                  location);
    if (s->n_cols && have < q->nsource_atts)
        return at(l->a, err_new("42601", "INSERT has more target columns than expressions"),
                  s->cols[have]->res_target->location);
    q->nsource_atts = have;
    for (int i = 0; i < have; i++)
        if (!q->source_atts[i])
            TRY(view_target_column(l, q->target_view->view->atts[i].name, -1, &q->source_atts[i]));
    return NULL;
}

static bool is_part(const PgQuery__InsertStmt *s, int i)
{
    return s->n_cols && s->cols[i]->res_target->n_indirection;
}

/* The value of a part of a column: its type is that of the part, or what assigning says is wrong.
 */
static struct err *insert_part_value(struct level *l, const PgQuery__InsertStmt *s, int i,
                                     const struct attr *col, struct expr **value)
{
    struct expr *typed;
    uint32_t type;
    int32_t typmod;
    TRY(part_type(l, col->type, col->typmod, s->cols[i]->res_target, &type, &typmod));
    TRY(coerce_try(l->a, *value, type, typmod, 'a', FORM_IMPLICIT, -1, &typed));
    if (typed)
        *value = typed;
    return NULL;
}

/* VALUES with one or more rows: each expression is coerced to its column. */
static struct err *insert_values(struct level *l, const PgQuery__InsertStmt *s,
                                 const PgQuery__SelectStmt *values)
{
    struct analysis *a = l->a;
    struct query *q = l->q;
    const struct relation *r = q->target->rel;
    int nrows = (int)values->n_values_lists;
    int ncols = (int)values->values_lists[0]->list->n_items;
    for (int k = 0; k < nrows; k++)
        if ((int)values->values_lists[k]->list->n_items != ncols)
            return at(a, err_new("42601", "VALUES lists must all be the same length"),
                      node_location(values->values_lists[k]->list->items[0]));
    pg_node **first = values->values_lists[0]->list->items;
    TRY(row_length(l, s, ncols,
                   ncols > q->nsource_atts ? node_location(first[q->nsource_atts]) : -1));
    struct rte *rte = rte_new(a, q, RTE_VALUES, "*VALUES*", ncols);
    rte->nrows = nrows;
    rte->rows = arena_new_array(a->arena, struct expr **, nrows);
    l->one_row = nrows == 1;
    for (int k = 0; k < nrows; k++) {
        rte->rows[k] = arena_new_array(a->arena, struct expr *, ncols);
        for (int i = 0; i < ncols; i++) {
            int att = q->source_atts[i];
            const struct attr *col = &r->atts[att - 1];
            struct expr **value = &rte->rows[k][i];
            TRY(analyze_expr_in(l, values->values_lists[k]->list->items[i], CL_VALUES, value));
            TRY(dml_check_insertable(l, att, *value));
            if ((*value)->kind == E_DEFAULT)
                TRY(dml_column_default(l, r, att, value));
            if (is_part(s, i)) {
                TRY(insert_part_value(l, s, i, col, value));
                continue;
            }
            TRY(coerce_assignment(a, *value, col->name, col->type, col->typmod, false, value));
        }
    }
    l->one_row = false;
    for (int i = 0; i < ncols; i++) {
        const struct attr *col = &r->atts[q->source_atts[i] - 1];
        rte->colnames[i] = col->name;
        rte->types[i] = is_part(s, i) ? rte->rows[0][i]->type : col->type;
        rte->typmods[i] = is_part(s, i) ? -1 : col->typmod;
        rte->collations[i] = col->collation;
    }
    q->source_rte = rte;
    return NULL;
}

static struct err *insert_select(struct level *l, const PgQuery__InsertStmt *s)
{
    struct analysis *a = l->a;
    struct query *q = l->q;
    struct query *sub;
    TRY(analyze_select_node(a, l, s->select_stmt, false, &sub));
    int n = 0;
    for (int i = 0; i < sub->ntargets; i++)
        n += sub->targets[i].name != NULL;
    TRY(row_length(l, s, n,
                   n > q->nsource_atts ? sub->targets[q->nsource_atts].expr->location : -1));
    struct rte *rte = rte_new(a, q, RTE_SUBQUERY, "*SELECT*", n);
    rte->sub = sub;
    for (int i = 0, k = 0; i < sub->ntargets; i++) {
        struct target *t = &sub->targets[i];
        if (!t->name)
            continue;
        const struct attr *col = &q->target->rel->atts[q->source_atts[k] - 1];
        TRY(dml_check_insertable(l, q->source_atts[k], t->expr));
        /* A plain SELECT's own literals take the column's type; others are coerced outside. */
        if (is_part(s, k))
            TRY(insert_part_value(l, s, k, col, &t->expr));
        else if (t->expr->type == UNKNOWN_OID)
            TRY(coerce_assignment(a, t->expr, col->name, col->type, col->typmod, false, &t->expr));
        rte->colnames[k] = t->name;
        rte->types[k] = t->expr->type;
        rte->typmods[k] = t->expr->typmod;
        rte->collations[k] = t->expr->collation;
        k++;
    }
    q->source = sub;
    q->source_rte = rte;
    return NULL;
}

/* One expression per column of the table, from the source row, a default or NULL. */
static struct err *insert_row(struct level *l, const PgQuery__InsertStmt *s)
{
    struct analysis *a = l->a;
    struct query *q = l->q;
    const struct relation *r = q->target->rel;
    q->row = arena_new_array(a->arena, struct expr *, r->natts + 1);
    for (int i = 0; i < q->nsource_atts && q->source_rte; i++) {
        int att = q->source_atts[i];
        const struct attr *col = &r->atts[att - 1];
        if (col->identity && q->overriding_user)
            continue;
        struct expr *var = expr_var(a->arena, q->source_rte, i + 1, -1);
        if (q->source)
            var->location = q->source->targets[i].expr->location;
        struct expr **value = &q->row[att - 1];
        if (is_part(s, i)) {
            if (!*value)
                *value = expr_const(a->arena, col->type, -1, datum_null(), -1);
            TRY(assign_column_part(l, *value, col->name, col->type, col->typmod,
                                   s->cols[i]->res_target, var, value));
            continue;
        }
        TRY(coerce_assignment(a, var, col->name, col->type, col->typmod, false, value));
    }
    for (int i = 0; i < r->natts; i++) {
        struct rte *rte;
        if (r->atts[i].generated) {
            TRY(analyze_expr_text(a->cat, a->env, r->atts[i].default_sql, q->target->rel,
                                  USE_GENERATED, r->atts[i].type, r->atts[i].typmod, a->arena, &rte,
                                  &q->row[i]));
            rte_alias(q->row[i], rte, q->target);
        } else if (!q->row[i]) {
            TRY(dml_column_default(l, r, i + 1, &q->row[i]));
        }
    }
    return NULL;
}

struct err *analyze_insert(struct level *l, const PgQuery__InsertStmt *s)
{
    struct query *q = l->q;
    if (s->with_clause)
        TRY(analyze_with(l, s->with_clause));
    TRY(dml_open_target(l, s->relation, "insert into", false));
    q->overriding_system = s->override == PG_QUERY__OVERRIDING_KIND__OVERRIDING_SYSTEM_VALUE;
    q->overriding_user = s->override == PG_QUERY__OVERRIDING_KIND__OVERRIDING_USER_VALUE;
    TRY(insert_columns(l, s));
    const PgQuery__SelectStmt *sel =
        s->select_stmt && s->select_stmt->node_case == PG_QUERY__NODE__NODE_SELECT_STMT
            ? s->select_stmt->select_stmt
            : NULL;
    l->clause = CL_INSERT_TARGET;
    if (!s->select_stmt)
        q->nsource_atts = 0; /* DEFAULT VALUES */
    else if (sel && sel->n_values_lists && !sel->n_sort_clause && !sel->limit_count &&
             !sel->limit_offset && !sel->with_clause)
        TRY(insert_values(l, s, sel));
    else
        TRY(insert_select(l, s));
    TRY(insert_row(l, s));
    for (int i = 0; i < q->nsource_atts; i++)
        access_write(l, q->source_atts[i], true);
    if (s->on_conflict_clause &&
        s->on_conflict_clause->action != PG_QUERY__ON_CONFLICT_ACTION__ONCONFLICT_NONE)
        TRY(analyze_on_conflict(l, s->on_conflict_clause));
    TRY(analyze_returning(l, s->returning_list, s->n_returning_list));
    return finish_view_target(l);
}

/* ---- UPDATE ---- */

/* SET a.b = ..., a[1] = ...: upon the old value, or upon what an assignment before makes of it. */
static struct err *assign_to_part(struct level *l, const PgQuery__ResTarget *t, int att,
                                  struct expr *value, struct assignment *set, int *n, int before)
{
    const struct attr *col = &l->q->target->rel->atts[att - 1];
    struct expr *container =
        before >= 0 ? set[before].expr : expr_var(l->a->arena, l->q->target, att, t->location);
    if (value->kind == E_DEFAULT)
        return at(l->a,
                  err_new("0A000", t->indirection[0]->node_case == PG_QUERY__NODE__NODE_STRING
                                       ? "cannot set a subfield to DEFAULT"
                                       : "cannot set an array element to DEFAULT"),
                  t->location);
    if (col->generated)
        return generated_column(l->q->target->rel, att, "update");
    TRY(assign_column_part(l, container, col->name, col->type, col->typmod, t, value, &value));
    if (before >= 0)
        set[before].expr = value;
    else
        set[(*n)++] = (struct assignment){att, value, true};
    return NULL;
}

static struct err *add_assignment(struct level *l, const PgQuery__ResTarget *t, struct expr *value,
                                  struct assignment *set, int *n)
{
    struct analysis *a = l->a;
    const struct relation *r = l->q->target->rel;
    int att;
    TRY(dml_find_column(l, r, t->name, t->location, &att));
    access_write(l, att, false);
    const struct attr *col = &r->atts[att - 1];
    int before = -1;
    for (int i = 0; i < *n; i++)
        if (set[i].att == att)
            before = i;
    if (before >= 0 && !(t->n_indirection && set[before].partial))
        return at(a, err_new("42601", "multiple assignments to same column \"%s\"", t->name), -1);
    if (t->n_indirection)
        return assign_to_part(l, t, att, value, set, n, before);
    if (value->kind == E_DEFAULT) {
        if (col->generated)
            return NULL; /* computed anyway */
        TRY(dml_column_default(l, r, att, &value));
    } else if (col->generated) {
        return generated_column(r, att, "update");
    } else if (col->identity == 'a') {
        return err_detail(
            err_new("428C9", "column \"%s\" can only be updated to DEFAULT", col->name),
            "Column \"%s\" is an identity column defined as GENERATED ALWAYS.", col->name);
    }
    TRY(coerce_assignment(a, value, col->name, col->type, col->typmod, false, &value));
    set[(*n)++] = (struct assignment){att, value, false};
    return NULL;
}

/* SET (a, b) = ROW(...) or (SELECT ...): one of the values. `columns`: those of the subquery, which
 * its first column analyzes. */
static struct err *multi_value(struct level *l, const PgQuery__MultiAssignRef *m,
                               struct expr ***columns, struct expr **out)
{
    struct analysis *a = l->a;
    struct err *mismatch = NULL;
    if (m->source->node_case == PG_QUERY__NODE__NODE_ROW_EXPR) {
        const PgQuery__RowExpr *row = m->source->row_expr;
        if ((int)row->n_args == m->ncolumns)
            return analyze_expr_in(l, row->args[m->colno - 1], CL_UPDATE, out);
        mismatch = err_new("42601", "number of columns does not match number of values");
        return at(a, mismatch, row->location);
    }
    if (m->source->node_case != PG_QUERY__NODE__NODE_SUB_LINK)
        return at(
            a,
            err_unsupported("source for a multiple-column UPDATE item must be a sub-SELECT or "
                            "ROW() expression"),
            node_location(m->source));
    const PgQuery__SubLink *s = m->source->sub_link;
    if (m->colno == 1) {
        int n;
        enum clause clause = l->clause;
        l->clause = CL_UPDATE;
        TRY(sublink_columns(l, s->subselect, s->location, columns, &n));
        l->clause = clause;
        if (n != m->ncolumns)
            return at(a, err_new("42601", "number of columns does not match number of values"),
                      s->location);
    }
    *out = (*columns)[m->colno - 1];
    return NULL;
}

struct err *dml_analyze_set(struct level *l, pg_node **list, size_t n, struct assignment **out,
                            int *nout)
{
    struct analysis *a = l->a;
    *out = arena_new_array(a->arena, struct assignment, n + 1);
    *nout = 0;
    struct expr **columns = NULL;
    for (size_t i = 0; i < n; i++) {
        const PgQuery__ResTarget *t = list[i]->res_target;
        const pg_node *val = t->val;
        struct expr *value;
        if (val->node_case == PG_QUERY__NODE__NODE_MULTI_ASSIGN_REF) {
            const PgQuery__MultiAssignRef *m = val->multi_assign_ref;
            TRY(multi_value(l, m, &columns, &value));
        } else {
            TRY(analyze_expr_in(l, val, CL_UPDATE, &value));
        }
        TRY(add_assignment(l, t, value, *out, nout));
    }
    return NULL;
}

/* Expressions of generated columns, over the columns of the target. */
struct err *dml_generated_columns(struct level *l)
{
    struct analysis *a = l->a;
    struct query *q = l->q;
    const struct relation *r = q->target->rel;
    q->row = arena_new_array(a->arena, struct expr *, r->natts + 1);
    for (int i = 0; i < r->natts; i++) {
        struct rte *rte;
        if (!r->atts[i].generated)
            continue;
        TRY(analyze_expr_text(a->cat, a->env, r->atts[i].default_sql, q->target->rel, USE_GENERATED,
                              r->atts[i].type, r->atts[i].typmod, a->arena, &rte, &q->row[i]));
        rte_alias(q->row[i], rte, q->target);
    }
    return NULL;
}

static struct err *target_where(struct level *l, const pg_node *where)
{
    if (where && where->node_case == PG_QUERY__NODE__NODE_CURRENT_OF_EXPR) {
        l->q->current_of = arena_strdup(l->a->arena, where->current_of_expr->cursor_name);
        return NULL;
    }
    return where ? analyze_bool(l, where, CL_WHERE, "WHERE", &l->q->where) : NULL;
}

struct err *analyze_update(struct level *l, const PgQuery__UpdateStmt *s)
{
    struct query *q = l->q;
    if (s->with_clause)
        TRY(analyze_with(l, s->with_clause));
    TRY(dml_open_target(l, s->relation, "update", true));
    struct from_node *f = arena_new(l->a->arena, struct from_node);
    f->rte = q->target;
    q->from = arena_memdup(l->a->arena, &f, sizeof(f));
    q->nfrom = 1;
    TRY(analyze_from(l, s->from_clause, s->n_from_clause));
    TRY(dml_analyze_set(l, s->target_list, s->n_target_list, &q->set, &q->nset));
    TRY(dml_generated_columns(l));
    TRY(target_where(l, s->where_clause));
    TRY(analyze_returning(l, s->returning_list, s->n_returning_list));
    return finish_view_target(l);
}

/* ---- DELETE ---- */

struct err *analyze_delete(struct level *l, const PgQuery__DeleteStmt *s)
{
    struct query *q = l->q;
    if (s->with_clause)
        TRY(analyze_with(l, s->with_clause));
    TRY(dml_open_target(l, s->relation, "delete from", true));
    struct from_node *f = arena_new(l->a->arena, struct from_node);
    f->rte = q->target;
    q->from = arena_memdup(l->a->arena, &f, sizeof(f));
    q->nfrom = 1;
    TRY(analyze_from(l, s->using_clause, s->n_using_clause));
    TRY(target_where(l, s->where_clause));
    TRY(analyze_returning(l, s->returning_list, s->n_returning_list));
    return finish_view_target(l);
}
