/* INSERT, UPDATE and DELETE on views: manual page of CREATE VIEW, "Updatable Views". The statement
 * is analyzed with the view's columns in sight; then each of them is replaced by what it stands for
 * over the table below, and the views' conditions join the statement's. */
#include "sql/analyze_internal.h"

#include "rt/fiber.h"

/* ---- which views ---- */

/* The one table or view that a view reads, NULL: it is not like that. */
static struct rte *inner_of(const struct rte *view)
{
    const struct query *q = view->sub;
    struct rte *rte = q->nfrom == 1 ? q->from[0]->rte : NULL;
    if (!rte)
        return NULL;
    if (rte->kind == RTE_RELATION && rte->rel->kind == 'r')
        return rte;
    return rte->kind == RTE_SUBQUERY && rte->view ? rte : NULL;
}

/* The expression behind a view's column, by its number. */
static struct expr *column_expr(const struct rte *view, int att)
{
    const struct query *q = view->sub;
    for (int i = 0, k = 0; i < q->ntargets; i++)
        if (q->targets[i].name && ++k == att)
            return q->targets[i].expr;
    return NULL;
}

/* The column of the table below that a view's column is, 0: none. *at: the view where it ends. */
static int base_column(const struct rte *view, int att, const struct rte **at, int *at_att)
{
    for (;;) {
        const struct expr *e = column_expr(view, att);
        struct rte *inner = inner_of(view);
        *at = view;
        *at_att = att;
        if (!e || e->kind != E_VAR || e->var.rte != inner || e->var.att <= 0)
            return 0;
        if (inner->kind == RTE_RELATION)
            return e->var.att;
        view = inner;
        att = e->var.att;
    }
}

/* Why one view cannot be written to; NULL: it can. */
static const char *reason_of(const struct rte *view)
{
    const struct query *q = view->sub;
    if (q->distinct != DISTINCT_NONE)
        return "Views containing DISTINCT are not automatically updatable.";
    if (q->ngroup_items || q->ngroup)
        return "Views containing GROUP BY are not automatically updatable.";
    if (q->having)
        return "Views containing HAVING are not automatically updatable.";
    if (q->setop != SETOP_NONE)
        return "Views containing UNION, INTERSECT, or EXCEPT are not automatically updatable.";
    if (q->nctes)
        return "Views containing WITH are not automatically updatable.";
    if (q->limit || q->offset)
        return "Views containing LIMIT or OFFSET are not automatically updatable.";
    if (q->naggs)
        return "Views that return aggregate functions are not automatically updatable.";
    if (q->nwfuncs)
        return "Views that return window functions are not automatically updatable.";
    if (q->has_srf)
        return "Views that return set-returning functions are not automatically updatable.";
    if (!inner_of(view))
        return "Views that do not select from a single table or view are not automatically "
               "updatable.";
    return NULL;
}

static bool has_updatable_column(const struct rte *view)
{
    const struct rte *at;
    int at_att;
    for (int i = 1; i <= view->ncols; i++)
        if (base_column(view, i, &at, &at_att))
            return true;
    return false;
}

static const char *why_not(const struct rte *view, bool columns, const struct rte **which)
{
    for (const struct rte *v = view;; v = inner_of(v)) {
        *which = v;
        const char *reason = reason_of(v);
        if (reason)
            return reason;
        if (columns && !has_updatable_column(v))
            return "Views that have no updatable columns are not automatically updatable.";
        if (inner_of(v)->kind == RTE_RELATION)
            return NULL;
    }
}

static struct err *refuse(const struct relation *view, const char *reason, enum query_kind command)
{
    static const struct {
        const char *what;
        const char *doing;
        const char *verb;
    } words[] = {[Q_INSERT] = {"insert into", "inserting into", "INSERT"},
                 [Q_UPDATE] = {"update", "updating", "UPDATE"},
                 [Q_DELETE] = {"delete from", "deleting from", "DELETE"}};
    struct err *e = err_new("55000", "cannot %s view \"%s\"", words[command].what, view->name);
    err_detail(e, "%s", reason);
    return err_hint(e,
                    "To enable %s the view, provide an INSTEAD OF %s trigger or an unconditional "
                    "ON %s DO INSTEAD rule.",
                    words[command].doing, words[command].verb, words[command].verb);
}

static struct rte *base_of(const struct rte *view)
{
    struct rte *rte = inner_of(view);
    while (rte->kind != RTE_RELATION)
        rte = inner_of(rte);
    return rte;
}

/* ---- the target ---- */

struct err *analyze_view_target(struct level *l, const PgQuery__RangeVar *rv, struct relation *r,
                                struct rte **view, struct rte **base)
{
    struct query *q = l->q;
    const struct rte *which;
    int before = q->nrtes;
    TRY(view_rte(l, r, rv->alias, view));
    q->nrtes = before; /* nothing is read from it */
    const char *reason = why_not(*view, q->kind != Q_DELETE, &which);
    if (reason)
        return refuse(which->view, reason, q->kind);
    *base = base_of(*view);
    (*base)->name = (*view)->name;
    return NULL;
}

/* The rights that a statement needs on the view, its owner needs on what is below. */
void view_target_requires(struct rte *view, uint32_t required)
{
    for (struct rte *v = view; v; v = v->kind == RTE_RELATION ? NULL : inner_of(v))
        if (v->access)
            v->access->required = required;
}

struct err *view_target_column(struct level *l, const char *name, int location, int *att)
{
    struct query *q = l->q;
    const struct relation *r = q->target_view->view;
    const struct rte *at_view;
    int at_att;
    int i = relation_attnum(r, str_from(name));
    if (!i)
        return at(
            l->a,
            err_new("42703", "column \"%s\" of relation \"%s\" does not exist", name, r->name),
            location);
    *att = base_column(q->target_view, i, &at_view, &at_att);
    access_write_view(l, i, q->kind == Q_INSERT);
    if (*att)
        return NULL;
    return err_detail(
        err_new("0A000", "cannot %s column \"%s\" of view \"%s\"",
                q->kind == Q_INSERT ? "insert into" : "update",
                at_view->view->atts[at_att - 1].name, at_view->view->name),
        "View columns that are not columns of their base relation are not updatable.");
}

const char *view_column_default(const struct rte *view, int att)
{
    const struct rte *at_view;
    int at_att;
    for (const struct rte *v = view; v && v->kind == RTE_SUBQUERY; v = inner_of(v))
        for (int i = 1; i <= v->ncols; i++)
            if (v->view->atts[i - 1].default_sql && base_column(v, i, &at_view, &at_att) == att)
                return v->view->atts[i - 1].default_sql;
    return NULL;
}

/* ---- replacing the view's columns ---- */

struct replacing {
    struct arena *arena;
    bool copying; /* below an expression of a view, which may be used several times */
};

static struct err *replace(struct expr **ref, void *arg)
{
    struct replacing *s = arg;
    struct replacing below = *s;
    if (fiber_stack_left() < 32 * 1024)
        return err_new("54001", "stack depth limit exceeded");
    while ((*ref)->kind == E_VAR && (*ref)->var.rte->view_columns && (*ref)->var.att > 0) {
        *ref = (*ref)->var.rte->view_columns[(*ref)->var.att - 1];
        below.copying = true;
    }
    if (below.copying)
        *ref = copy_node(s->arena, *ref);
    TRY(expr_children(*ref, replace, &below));
    return (*ref)->kind == E_SUBLINK ? query_exprs((*ref)->sublink.query, replace, &below) : NULL;
}

/* Makes the columns of a view, and of those below it, stand for their expressions. */
static void show_columns(struct arena *a, struct rte *view)
{
    for (struct rte *v = view; v->kind == RTE_SUBQUERY; v = inner_of(v)) {
        v->view_columns = arena_new_array(a, struct expr *, v->ncols + 1);
        for (int i = 0; i < v->ncols; i++)
            v->view_columns[i] = column_expr(v, i + 1);
    }
}

/* The conditions of the views, those of inner ones first, before the statement's own. */
static void add_conditions(struct level *l, struct rte *view)
{
    struct expr *where = NULL;
    for (struct rte *v = view; v->kind == RTE_SUBQUERY; v = inner_of(v))
        where = expr_and(l->a->arena, v->sub->where, where);
    l->q->where = expr_and(l->a->arena, where, l->q->where);
}

/* ---- WITH CHECK OPTION ---- */

static struct err *add_check(struct level *l, const struct rte *v)
{
    struct query *q = l->q;
    struct view_check *grown = arena_new_array(l->a->arena, struct view_check, q->nview_checks + 1);
    struct replacing s = {l->a->arena, false};
    struct expr *e = v->sub->where;
    if (!e)
        return NULL;
    TRY(replace(&e, &s));
    /* Checks of inner views run first. */
    if (q->nview_checks)
        memcpy(grown + 1, q->view_checks, sizeof(*grown) * (size_t)q->nview_checks);
    grown[0] = (struct view_check){e, v->view->name, base_of(v)};
    q->view_checks = grown;
    q->nview_checks++;
    return NULL;
}

/* The conditions are analyzed once more: what is planned for one use cannot serve another. */
static struct err *add_checks(struct level *l)
{
    struct rte *again;
    int before = l->q->nrtes;
    bool cascaded = false;
    bool any = false;
    for (struct rte *v = l->q->target_view; v->kind == RTE_SUBQUERY; v = inner_of(v))
        any |= v->view->check_option != 0;
    if (!any || l->q->kind == Q_DELETE)
        return NULL;
    TRY(view_rte(l, l->q->target_view->view, NULL, &again));
    l->q->nrtes = before;
    show_columns(l->a->arena, again);
    for (struct rte *v = again; v->kind == RTE_SUBQUERY; v = inner_of(v)) {
        cascaded |= v->view->check_option == 'c';
        if (cascaded || v->view->check_option)
            TRY(add_check(l, v));
    }
    return NULL;
}

struct err *finish_view_target(struct level *l)
{
    struct query *q = l->q;
    struct replacing s = {l->a->arena, false};
    if (!q->target_view)
        return NULL;
    if (q->current_of)
        return err_unsupported("WHERE CURRENT OF on a view is not implemented");
    show_columns(l->a->arena, q->target_view);
    if (q->kind != Q_INSERT)
        add_conditions(l, q->target_view);
    TRY(query_exprs(q, replace, &s));
    for (int i = 0; i < q->nset; i++)
        TRY(replace(&q->set[i].expr, &s));
    return add_checks(l);
}

/* ---- for the catalogs ---- */

struct err *analyze_view_updatable(struct cat *cat, const struct type_env *env,
                                   struct relation *view, struct arena *arena,
                                   struct view_updatable *out)
{
    struct param_types none = {.fixed = true};
    struct analysis a = {.cat = cat, .env = env, .arena = arena, .sql = "", .params = &none};
    struct level l = level_init(&a, NULL, Q_SELECT);
    const struct rte *which;
    struct rte *rte;
    *out = (struct view_updatable){0};
    struct err *e = view_rte(&l, view, NULL, &rte);
    if (!e)
        out->reason = reason_of(rte);
    out->updatable = !e && !why_not(rte, false, &which) && !base_of(rte)->rel->read_only_synced;
    out->columns = arena_new_array(arena, bool, view->natts + 1);
    for (int i = 0; i < view->natts; i++) {
        const struct rte *at_view;
        int at_att;
        out->columns[i] = out->updatable && base_column(rte, i + 1, &at_view, &at_att);
        out->any_column |= out->columns[i];
    }
    query_release(a.top);
    return e;
}
