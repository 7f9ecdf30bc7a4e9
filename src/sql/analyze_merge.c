/* MERGE. */
#include "sql/analyze_internal.h"

#include "catalog/acl.h"

static struct err *check_reachable(const struct analysis *a, const PgQuery__MergeStmt *s)
{
    bool ended[2] = {false, false};
    for (size_t i = 0; i < s->n_merge_when_clauses; i++) {
        const PgQuery__MergeWhenClause *w = s->merge_when_clauses[i]->merge_when_clause;
        if (ended[w->matched])
            return at(a,
                      err_new("42601", "unreachable WHEN clause specified after unconditional WHEN "
                                       "clause"),
                      -1);
        ended[w->matched] = !w->condition;
    }
    return NULL;
}

static struct ns_item *target_item(struct level *l)
{
    for (int i = 0; i < l->nitems; i++)
        if (l->items[i]->rte == l->q->target)
            return l->items[i];
    UNREACHABLE();
}

static void show_target(struct level *l, bool visible)
{
    struct ns_item *t = target_item(l);
    t->rel_visible = t->cols_visible = visible;
}

/* The source, then its join with the target. */
static struct err *merge_join(struct level *l, const PgQuery__MergeStmt *s, bool outer)
{
    struct analysis *a = l->a;
    struct query *q = l->q;
    struct from_node *join = arena_new(a->arena, struct from_node);
    struct from_node *target = arena_new(a->arena, struct from_node);
    const char *name = q->target->name;
    show_target(l, false);
    TRY(analyze_from_item(l, s->source_relation, &join->left));
    for (int i = 0; i < l->nitems; i++) {
        l->items[i]->lateral_only = false;
        if (l->items[i]->rte != q->target && l->items[i]->rel_visible && l->items[i]->name &&
            strcmp(l->items[i]->name, name) == 0)
            return err_detail(err_new("42712", "name \"%s\" specified more than once", name),
                              "The name is used both as MERGE target table and data source.");
    }
    show_target(l, true);
    TRY(analyze_bool(l, s->join_condition, CL_JOIN_ON, "JOIN/ON", &join->on));
    target->rte = q->target;
    join->kind = outer ? JOIN_LEFT : JOIN_INNER;
    join->right = target;
    q->from = arena_memdup(a->arena, &join, sizeof(join));
    q->nfrom = 1;
    return NULL;
}

/* The column that value number i of INSERT is for. */
static struct err *insert_column(struct level *l, const PgQuery__MergeWhenClause *w, size_t i,
                                 int *att)
{
    const struct relation *r = l->q->target->rel;
    if (w->n_target_list) {
        const PgQuery__ResTarget *t = w->target_list[i]->res_target;
        if (t->n_indirection)
            return at(l->a,
                      err_unsupported("INSERT of MERGE into a part of a column is not "
                                      "supported"),
                      t->location);
        return dml_find_column(l, r, t->name, t->location, att);
    }
    for (*att = 1; *att <= r->natts; ++*att)
        if (!r->atts[*att - 1].dropped && !i--)
            return NULL;
    UNREACHABLE();
}

static struct err *check_insert_list(struct level *l, const PgQuery__MergeWhenClause *w)
{
    const struct relation *r = l->q->target->rel;
    size_t columns = w->n_target_list;
    for (int i = 0; i < r->natts && !w->n_target_list; i++)
        columns += !r->atts[i].dropped;
    for (size_t i = 0; i < w->n_target_list; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(w->target_list[i]->res_target->name, w->target_list[k]->res_target->name) ==
                0)
                return at(l->a,
                          err_new("42701", "column \"%s\" specified more than once",
                                  w->target_list[i]->res_target->name),
                          w->target_list[i]->res_target->location);
    if (w->n_values > columns) {
        struct expr *e;
        TRY(analyze_expr_in(l, w->values[columns], CL_VALUES, &e));
        return at(l->a, err_new("42601", "INSERT has more expressions than target columns"),
                  expr_location(e));
    }
    if (w->n_values < w->n_target_list && w->n_values)
        return at(l->a, err_new("42601", "INSERT has more target columns than expressions"),
                  w->target_list[w->n_values]->res_target->location);
    return NULL;
}

static struct err *merge_insert(struct level *l, const PgQuery__MergeWhenClause *w,
                                struct merge_action *out)
{
    struct analysis *a = l->a;
    struct query *q = l->q;
    const struct relation *r = q->target->rel;
    q->overriding_system = w->override == PG_QUERY__OVERRIDING_KIND__OVERRIDING_SYSTEM_VALUE;
    q->overriding_user = w->override == PG_QUERY__OVERRIDING_KIND__OVERRIDING_USER_VALUE;
    out->row = arena_new_array(a->arena, struct expr *, r->natts + 1);
    TRY(check_insert_list(l, w));
    for (size_t i = 0; i < w->n_values; i++) {
        struct expr *value;
        int att;
        TRY(insert_column(l, w, i, &att));
        access_write(l, att, true);
        const struct attr *col = &r->atts[att - 1];
        TRY(analyze_expr_in(l, w->values[i], CL_VALUES, &value));
        TRY(dml_check_insertable(l, att, value));
        if (value->kind == E_DEFAULT || (col->identity && q->overriding_user))
            continue;
        TRY(coerce_assignment(a, value, col->name, col->type, col->typmod, false,
                              &out->row[att - 1]));
    }
    for (int i = 0; i < r->natts; i++)
        if (!out->row[i] && !r->atts[i].generated)
            TRY(dml_column_default(l, r, i + 1, &out->row[i]));
    return NULL;
}

static void target_requires(struct level *l, uint32_t priv)
{
    if (l->q->target->access)
        l->q->target->access->required |= priv;
}

static struct err *merge_action(struct level *l, const PgQuery__MergeWhenClause *w,
                                struct merge_action *out)
{
    out->matched = w->matched;
    show_target(l, w->matched);
    if (w->condition)
        TRY(analyze_bool(l, w->condition, CL_MERGE_WHEN, "WHEN", &out->when));
    switch (w->command_type) {
    case PG_QUERY__CMD_TYPE__CMD_INSERT:
        out->kind = Q_INSERT;
        target_requires(l, PRIV_INSERT);
        return merge_insert(l, w, out);
    case PG_QUERY__CMD_TYPE__CMD_UPDATE:
        out->kind = Q_UPDATE;
        target_requires(l, PRIV_UPDATE);
        return dml_analyze_set(l, w->target_list, w->n_target_list, &out->set, &out->nset);
    case PG_QUERY__CMD_TYPE__CMD_DELETE:
        out->kind = Q_DELETE;
        target_requires(l, PRIV_DELETE);
        return NULL;
    default:
        out->kind = Q_UTILITY;
        return NULL;
    }
}

struct err *analyze_merge(struct level *l, const PgQuery__MergeStmt *s)
{
    struct query *q = l->q;
    bool inserts = false;
    if (s->with_clause && s->with_clause->recursive)
        return err_unsupported("WITH RECURSIVE is not supported for MERGE statement");
    if (s->with_clause)
        TRY(analyze_with(l, s->with_clause));
    TRY(check_reachable(l->a, s));
    for (size_t i = 0; i < s->n_merge_when_clauses; i++)
        inserts |= !s->merge_when_clauses[i]->merge_when_clause->matched;
    TRY(dml_open_target(l, s->relation, "merge into", true));
    TRY(merge_join(l, s, inserts));
    q->actions = arena_new_array(l->a->arena, struct merge_action, s->n_merge_when_clauses);
    for (size_t i = 0; i < s->n_merge_when_clauses; i++)
        TRY(merge_action(l, s->merge_when_clauses[i]->merge_when_clause,
                         &q->actions[q->nactions++]));
    return dml_generated_columns(l);
}
