/* ON CONFLICT: which unique indexes it is about, and what is done. */
#include "sql/analyze_internal.h"

#include "catalog/acl.h"
#include "sql/plan_internal.h" /* whether a condition implies an index's */

/* What ON CONFLICT (...) WHERE ... says. */
struct inference {
    struct expr **exprs;
    int n;
    struct qual *quals; /* of its WHERE */
    int nquals;
};

static struct err *infer_element(struct level *l, const PgQuery__IndexElem *elem, int location,
                                 struct expr **out)
{
    struct rte *target = l->q->target;
    if (elem->n_collation || elem->n_opclass)
        return at(
            l->a,
            err_unsupported("ON CONFLICT with a collation or operator class is not supported"),
            location);
    if (elem->expr)
        return analyze_expr_in(l, elem->expr, CL_INDEX_EXPR, out);
    int att = relation_attnum(target->rel, str_from(elem->name));
    if (!att)
        return at(l->a, err_new("42703", "column \"%s\" does not exist", elem->name), location);
    *out = expr_var(l->a->arena, target, att, location);
    return NULL;
}

static struct err *read_inference(struct level *l, const PgQuery__InferClause *c,
                                  struct inference *out)
{
    struct arena *arena = l->a->arena;
    struct expr *where = NULL;
    struct expr **parts = NULL;
    int n = 0;
    int cap = 0;
    l->nitems = 0;
    TRY(rte_add_ns(l, l->q->target, true, true));
    out->exprs = arena_new_array(arena, struct expr *, c->n_index_elems);
    for (size_t i = 0; i < c->n_index_elems; i++)
        TRY(infer_element(l, c->index_elems[i]->index_elem, c->location, &out->exprs[out->n++]));
    if (c->where_clause)
        TRY(analyze_bool(l, c->where_clause, CL_INDEX_PRED, "WHERE", &where));
    split_and(arena, where, &parts, &n, &cap);
    out->quals = arena_new_array(arena, struct qual, n);
    out->nquals = n;
    for (int i = 0; i < n; i++)
        out->quals[i] = (struct qual){.expr = parts[i], .rels = (relset)1 << l->q->target->index};
    return NULL;
}

static struct expr *index_column(struct planner *p, struct rte *target, const struct index *ix,
                                 int col)
{
    if (ix->cols[col].attnum)
        return expr_var(p->arena, target, ix->cols[col].attnum, -1);
    return index_column_expr(p, target, ix, col);
}

/* Whether the index is over exactly the expressions named, in any order, and covers the rows meant.
 */
static bool index_fits(struct level *l, const struct index *ix, const struct inference *inf)
{
    struct planner p = {.cat = l->a->cat, .env = l->a->env, .arena = l->a->arena};
    struct rte *target = l->q->target;
    bool all[32] = {false};
    if (!ix->valid || !(ix->unique || ix->deferrable) || inf->n > 32)
        return false;
    for (int c = 0; c < ix->nkeys; c++) {
        struct expr *e = index_column(&p, target, ix, c);
        bool found = false;
        for (int i = 0; e && i < inf->n; i++)
            if (expr_equal(inf->exprs[i], e))
                found = all[i] = true;
        if (!found)
            return false;
    }
    for (int i = 0; i < inf->n; i++)
        if (!all[i])
            return false;
    return !ix->pred_sql || index_predicate_holds(&p, target, ix, inf->quals, inf->nquals);
}

static struct err *infer_arbiters(struct level *l, const PgQuery__InferClause *infer,
                                  struct on_conflict *oc)
{
    struct analysis *a = l->a;
    const struct relation *r = l->q->target->rel;
    struct inference inf = {0};
    oc->arbiters = arena_new_array(a->arena, int, r->nindexes + 1);
    if (infer->conname && *infer->conname) {
        for (int i = 0; i < r->nindexes; i++)
            for (int k = 0; k < r->nconstraints; k++)
                if (r->constraints[k].index == r->indexes[i].oid &&
                    (r->constraints[k].type == 'p' || r->constraints[k].type == 'u') &&
                    strcmp(r->constraints[k].name, infer->conname) == 0)
                    oc->arbiters[oc->narbiters++] = i;
        if (!oc->narbiters)
            return err_new("42704", "constraint \"%s\" for table \"%s\" does not exist",
                           infer->conname, r->name);
        return NULL;
    }
    TRY(read_inference(l, infer, &inf));
    for (int i = 0; i < inf.n; i++)
        access_read_expr(inf.exprs[i]);
    for (int i = 0; i < r->nindexes; i++)
        if (index_fits(l, &r->indexes[i], &inf))
            oc->arbiters[oc->narbiters++] = i;
    if (!oc->narbiters)
        return at(a,
                  err_new("42P10", "there is no unique or exclusion constraint matching the ON "
                                   "CONFLICT specification"),
                  -1);
    return NULL;
}

struct err *analyze_on_conflict(struct level *l, const PgQuery__OnConflictClause *c)
{
    struct analysis *a = l->a;
    struct query *q = l->q;
    struct on_conflict *oc = arena_new(a->arena, struct on_conflict);
    if (q->target_view &&
        (c->infer || c->action != PG_QUERY__ON_CONFLICT_ACTION__ONCONFLICT_NOTHING))
        return err_unsupported("INSERT ... ON CONFLICT with a conflict target or DO UPDATE is not "
                               "supported on views");
    q->on_conflict = oc;
    oc->update = c->action == PG_QUERY__ON_CONFLICT_ACTION__ONCONFLICT_UPDATE;
    if (c->infer)
        TRY(infer_arbiters(l, c->infer, oc));
    if (oc->update && q->target->access)
        q->target->access->required |= PRIV_UPDATE;
    if (!oc->update)
        return NULL;
    if (!c->infer)
        return at(
            a,
            err_hint(err_new("42601", "ON CONFLICT DO UPDATE requires inference specification or "
                                      "constraint name"),
                     "For example, ON CONFLICT (column_name)."),
            c->location);
    TRY(rte_for_relation(a, q->target->rel, NULL, &oc->excluded));
    oc->excluded->name = "excluded";
    l->nitems = 0;
    TRY(rte_add_ns(l, q->target, true, true));
    TRY(rte_add_ns(l, oc->excluded, true, true));
    TRY(dml_analyze_set(l, c->target_list, c->n_target_list, &oc->set, &oc->nset));
    if (c->where_clause)
        TRY(analyze_bool(l, c->where_clause, CL_WHERE, "WHERE", &oc->where));
    return NULL;
}
