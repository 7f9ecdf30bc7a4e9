/* Which collation the strings in an expression have (manual section 24.2.1). Once a query level's
 * expressions are built, each node gets the collation of its result and, where it compares or maps
 * strings, the one that it does so by. An explicit one (COLLATE) wins over those of columns; of
 * several implicit ones the default gives way, others conflict. */
#include "sql/analyze_internal.h"

#include "rt/fiber.h"
#include "types/collation.h"

enum { STRENGTH_UNKNOWN, STRENGTH_NONE, STRENGTH_IMPLICIT, STRENGTH_CONFLICT, STRENGTH_EXPLICIT };

static struct err *mismatch(const struct analysis *a, const char *kind, uint32_t first,
                            uint32_t second, int location)
{
    struct str x = builtin_collation_name(first);
    struct str y = builtin_collation_name(second);
    struct err *e =
        err_new("42P21", "collation mismatch between %s collations \"%.*s\" and \"%.*s\"", kind,
                STR_ARG(x), STR_ARG(y));
    if (kind[0] == 'i')
        err_hint(e, "You can choose the collation by applying the COLLATE clause to one or both "
                    "expressions.");
    return a ? at(a, e, location) : e;
}

static struct err *conflict(const struct analysis *a, const struct collated *d)
{
    return mismatch(a, "implicit", d->collation, d->second, d->location);
}

/* What a node's arguments have together, with one more. */
static struct err *merge(const struct analysis *a, struct collated *all, const struct collated *d)
{
    if (d->strength != all->strength) {
        if (d->strength > all->strength)
            *all = *d;
        return NULL;
    }
    if (d->collation == all->collation)
        return NULL;
    if (d->strength == STRENGTH_EXPLICIT)
        return mismatch(a, "explicit", all->collation, d->collation, d->location);
    if (d->strength != STRENGTH_IMPLICIT)
        return NULL;
    if (all->collation == DEFAULT_COLLATION) {
        *all = *d;
    } else if (d->collation != DEFAULT_COLLATION) {
        all->strength = STRENGTH_CONFLICT;
        all->second = d->collation;
        all->location = d->location;
    }
    return NULL;
}

static struct err *derive(struct analysis *a, struct expr *e);

static struct err *take(struct analysis *a, struct collated *all, struct expr *e)
{
    TRY(derive(a, e));
    return merge(a, all, &e->collated);
}

static struct err *visit_derive(struct expr **e, void *arg)
{
    return derive(arg, *e);
}

static void give_own(struct expr *e, uint8_t strength)
{
    e->collated = (struct collated){.strength = e->collation ? strength : STRENGTH_NONE,
                                    .collation = e->collation,
                                    .location = expr_location(e)};
}

/* The arguments whose collation a node takes over are [*first, *last), in steps. */
static void bubbling(const struct expr *e, int *first, int *last, int *step)
{
    *first = 0;
    *last = e->nargs;
    *step = 1;
    if (e->kind == E_CASE) { /* results */
        *first = e->kase.has_test ? 2 : 1;
        *step = 2;
    } else if (e->kind == E_SUBSCRIPT) {
        *last = 1;
    }
}

/* ---- rows ---- */

/* Whether a row has a column of an ICU collation (`nondeterministic`: of such a one). Comparing
 * rows knows types only. */
static struct err *row_is_collated(struct analysis *a, const struct expr *e, bool nondeterministic,
                                   bool *out)
{
    bool (*test)(uint32_t) = nondeterministic ? collation_is_nondeterministic : collation_orders;
    const struct cat_type *t = builtin_type(e->type);
    *out = false;
    if (e->kind == E_ROW || !t || t->kind != 'c' || t->oid < FIRST_USER_OID) {
        for (int i = 0; e->kind == E_ROW && i < e->nargs; i++)
            *out |= test(e->args[i]->collation);
        return NULL;
    }
    struct relation *rel;
    TRY(cat_relation(a->cat, t->relid, &rel));
    for (int i = 0; rel && i < rel->natts; i++)
        *out |= !rel->atts[i].dropped && test(rel->atts[i].collation);
    relation_unref(rel);
    return NULL;
}

static struct err *check_row(struct analysis *a, const struct expr *e, bool nondeterministic)
{
    bool collated = false;
    if (a && a->cat)
        TRY(row_is_collated(a, e, nondeterministic, &collated));
    return collated ? at(a,
                         err_unsupported("comparison of rows with columns of an ICU collation is "
                                         "not supported"),
                         e->location)
                    : NULL;
}

/* Rows are equal by bytes, as those of deterministic collations are. */
static struct err *check_rows(struct analysis *a, const struct expr *e)
{
    bool compares = e->kind == E_OP || e->kind == E_DISTINCT || e->kind == E_NULLIF ||
                    e->kind == E_SAOP || e->kind == E_MINMAX;
    const struct cat_amop *am =
        e->kind != E_MINMAX && compares ? builtin_btree_strategy(e->op) : NULL;
    for (int i = 0; compares && i < e->nargs; i++)
        if (e->args[i] && type_is_record(type_by_oid(e->args[i]->type)))
            TRY(check_row(a, e->args[i], e->kind != E_MINMAX && (!am || am->strategy == 3)));
    return NULL;
}

/* ---- expressions ---- */

static struct err *derive_arguments(struct analysis *a, struct expr *e, struct collated *all)
{
    int first;
    int last;
    int step;
    *all = (struct collated){.strength = STRENGTH_NONE};
    TRY(expr_children(e, visit_derive, a));
    bubbling(e, &first, &last, &step);
    for (int i = first; i < last; i += step)
        if (e->args[i])
            TRY(take(a, all, e->args[i]));
    if (e->kind == E_CASE && (last - first) % 2 == 0 && e->args[last - 1])
        TRY(take(a, all, e->args[last - 1])); /* ELSE */
    if (e->kind == E_AGG && e->agg->ordered_set && e->agg->norder == 1)
        TRY(take(a, all, e->agg->order[0].expr));
    return NULL;
}

static struct err *derive_generic(struct analysis *a, struct expr *e)
{
    struct collated all;
    TRY(derive_arguments(a, e, &all));
    TRY(check_rows(a, e));
    bool conflicts = all.strength == STRENGTH_CONFLICT;
    e->input_collation = conflicts ? CONFLICTING_COLLATIONS : all.collation;
    if (!type_is_collatable(e->type)) {
        e->collation = 0;
        give_own(e, STRENGTH_NONE);
    } else if (all.strength == STRENGTH_NONE) {
        e->collation = type_default_collation(e->type);
        give_own(e, STRENGTH_IMPLICIT);
    } else {
        e->collation = conflicts ? 0 : all.collation;
        e->collated = all;
    }
    return NULL;
}

static struct err *derive_sublink(struct analysis *a, struct expr *e)
{
    const struct query *q = e->sublink.query;
    TRY(expr_children(e, visit_derive, a));
    if (e->sublink.kind == SUBLINK_SCALAR || e->sublink.kind == SUBLINK_ARRAY)
        e->collation = type_is_collatable(e->type) ? q->targets[0].expr->collation : 0;
    give_own(e, STRENGTH_IMPLICIT);
    return NULL;
}

static struct err *derive(struct analysis *a, struct expr *e)
{
    if (e->collated.strength != STRENGTH_UNKNOWN)
        return NULL;
    if (fiber_stack_left() < ANALYSIS_STACK_BYTES)
        return err_new("54001", "stack depth limit exceeded");
    switch (e->kind) {
    case E_CONST:
    case E_VAR:
    case E_PARAM:
    case E_CASETEST:
    case E_SQLVALUE:
    case E_DEFAULT:
    case E_SLOT:
    case E_NEXTVAL:
    case E_SUBPLAN:
        give_own(e, STRENGTH_IMPLICIT);
        return NULL;
    case E_GROUPING:
    case E_ROW:
    case E_ROWCMP:
    case E_FIELD:
    case E_FIELDSTORE:
    case E_SUBSTORE:
        TRY(expr_children(e, visit_derive, a));
        give_own(e, STRENGTH_IMPLICIT);
        return NULL;
    case E_RELABEL:
        if (e->form != FORM_SQL)
            return derive_generic(a, e);
        TRY(expr_children(e, visit_derive, a));
        give_own(e, STRENGTH_EXPLICIT);
        e->collated.location = e->location;
        return NULL;
    case E_DOMAIN:
        if (type_default_collation(e->type) == DEFAULT_COLLATION)
            return derive_generic(a, e);
        TRY(expr_children(e, visit_derive, a));
        e->collation = type_default_collation(e->type);
        give_own(e, STRENGTH_IMPLICIT);
        return NULL;
    case E_SUBLINK:
        return derive_sublink(a, e);
    case E_FUNC:
    case E_OP:
    case E_DISTINCT:
    case E_NULLIF:
    case E_SAOP:
    case E_AND:
    case E_OR:
    case E_NOT:
    case E_CASE:
    case E_COALESCE:
    case E_MINMAX:
    case E_NULLTEST:
    case E_BOOLTEST:
    case E_ARRAY:
    case E_AGG:
    case E_WINDOW:
    case E_IOCAST:
    case E_ARRAYCAST:
    case E_SUBSCRIPT:
        return derive_generic(a, e);
    }
    UNREACHABLE();
}

struct err *collate_expr(struct analysis *a, struct expr *e)
{
    return derive(a, e);
}

struct err *collate_common(struct analysis *a, struct expr **list, int n, bool conflict_ok,
                           uint32_t *out)
{
    struct collated all = {.strength = STRENGTH_NONE};
    for (int i = 0; i < n; i++)
        TRY(take(a, &all, list[i]));
    if (all.strength == STRENGTH_CONFLICT && !conflict_ok)
        return conflict(a, &all);
    *out = all.strength == STRENGTH_CONFLICT ? 0 : all.collation;
    return NULL;
}

uint32_t expr_input_collation(struct expr *e)
{
    struct err *never = derive(NULL, e);
    bool failed = never != NULL;
    err_free(never);
    return failed ? CONFLICTING_COLLATIONS : e->input_collation;
}

uint32_t expr_pair_collation(struct expr *left, struct expr *right)
{
    struct expr *pair[2] = {left, right};
    struct collated all = {.strength = STRENGTH_NONE};
    struct err *e = NULL;
    for (int i = 0; i < 2 && !e; i++)
        e = take(NULL, &all, pair[i]);
    bool conflicts = e || all.strength == STRENGTH_CONFLICT;
    err_free(e);
    return conflicts ? CONFLICTING_COLLATIONS : all.collation;
}

struct err *collation_conflict(const char *use)
{
    return err_hint(err_new("42P22", "could not determine which collation to use for %s", use),
                    "Use the COLLATE clause to set the collation explicitly.");
}

struct err *collation_by_name(struct cat *cat, pg_node *const *names, size_t n, uint32_t *out)
{
    TRY(resolve_qualified(cat, names, n, 1));
    const char *name = node_str(names[n - 1]);
    const char *nsp = n > 1 ? node_str(names[n - 2]) : NULL;
    TRY(cat_find_collation(cat, str_from(nsp ? nsp : ""), str_from(name), out));
    return *out ? NULL
                : err_new("42704", "collation \"%s%s%s\" for encoding \"UTF8\" does not exist",
                          nsp ? nsp : "", nsp ? "." : "", name);
}

/* ---- query levels ---- */

/* By which rows are compared: of one collation. */
static struct err *derive_compared(struct analysis *a, struct expr *e, bool order)
{
    TRY(derive(a, e));
    if (e->collated.strength == STRENGTH_CONFLICT)
        return conflict(a, &e->collated);
    if (type_is_record(type_by_oid(e->type)))
        TRY(check_row(a, e, !order));
    return !e->collation && type_is_collatable(e->type) ? collation_conflict("string comparison")
                                                        : NULL;
}

static struct err *derive_keys(struct analysis *a, struct sort_key *keys, int n)
{
    for (int i = 0; i < n; i++)
        TRY(derive_compared(a, keys[i].expr, true));
    return NULL;
}

static struct err *derive_targets(struct analysis *a, struct target *t, int n, bool compared)
{
    for (int i = 0; i < n; i++)
        TRY(compared ? derive_compared(a, t[i].expr, false) : derive(a, t[i].expr));
    return NULL;
}

static struct err *derive_list(struct analysis *a, struct expr **list, int n)
{
    for (int i = 0; i < n; i++)
        if (list[i])
            TRY(derive(a, list[i]));
    return NULL;
}

static struct err *derive_from(struct analysis *a, struct from_node *f)
{
    if (!f)
        return NULL;
    if (f->on)
        TRY(derive(a, f->on));
    TRY(derive_from(a, f->left));
    return derive_from(a, f->right);
}

static struct err *derive_set(struct analysis *a, struct assignment *set, int n)
{
    for (int i = 0; i < n; i++)
        TRY(derive(a, set[i].expr));
    return NULL;
}

static struct err *derive_changes(struct analysis *a, struct query *q)
{
    int natts = q->target ? q->target->rel->natts : 0;
    if (q->row)
        TRY(derive_list(a, q->row, natts));
    TRY(derive_set(a, q->set, q->nset));
    TRY(derive_targets(a, q->returning, q->nreturning, false));
    if (q->on_conflict) {
        TRY(derive_set(a, q->on_conflict->set, q->on_conflict->nset));
        TRY(derive_list(a, &q->on_conflict->where, 1));
    }
    for (int i = 0; i < q->nactions; i++) {
        struct merge_action *m = &q->actions[i];
        TRY(derive_list(a, &m->when, 1));
        TRY(derive_set(a, m->set, m->nset));
        if (m->row)
            TRY(derive_list(a, m->row, natts));
    }
    return NULL;
}

struct err *collate_query(struct analysis *a, struct query *q)
{
    struct expr *singles[] = {q->where, q->having, q->limit, q->offset};
    TRY(derive_list(a, singles, ARRAY_LENGTH(singles)));
    TRY(derive_targets(a, q->targets, q->ntargets, q->distinct == DISTINCT_ALL));
    for (int i = 0; i < q->nfrom; i++)
        TRY(derive_from(a, q->from[i]));
    for (int i = 0; i < q->nrtes; i++) {
        struct rte *rte = q->rtes[i];
        TRY(derive_list(a, rte->funcs, rte->nfuncs));
        for (int r = 0; r < rte->nrows; r++)
            TRY(derive_list(a, rte->rows[r], rte->ncols));
    }
    for (int i = 0; i < q->ngroup; i++)
        TRY(derive_compared(a, q->group[i], false));
    for (int i = 0; i < q->ndistinct_on; i++)
        TRY(derive_compared(a, q->distinct_on[i], false));
    TRY(derive_keys(a, q->order, q->norder));
    for (int i = 0; i < q->naggs; i++)
        TRY(derive_keys(a, q->aggs[i]->agg->order, q->aggs[i]->agg->norder));
    for (int i = 0; i < q->nwindows; i++) {
        const struct window *w = q->windows[i];
        struct expr *bounds[] = {w->start, w->end};
        TRY(derive_keys(a, w->partition, w->npartition));
        TRY(derive_keys(a, w->order, w->norder));
        TRY(derive_list(a, bounds, 2));
    }
    return derive_changes(a, q);
}
