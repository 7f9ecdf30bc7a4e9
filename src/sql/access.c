/* What a statement does to which tables, for the check of privileges when it is run: noted while
 * names are resolved. */
#include "sql/analyze_internal.h"

#include "catalog/acl.h"
#include "catalog/systab.h"

struct rte_access *access_new(struct analysis *a, struct relation *r, uint32_t required)
{
    struct rte_access *x = arena_new(a->arena, struct rte_access);
    *x = (struct rte_access){
        .rel = r, .as = a->as_role, .required = required, .within = a->policy_of};
    if (!a->top)
        return x;
    bool *columns = arena_new_array(a->arena, bool, 3 * r->natts + 1);
    memset(columns, 0, sizeof(bool) * (size_t)(3 * r->natts + 1));
    x->read = columns;
    x->inserted = columns + r->natts;
    x->updated = columns + 2 * r->natts;
    struct query *top = a->top;
    ARENA_PUSH(a->arena, top->accesses, top->naccesses, top->accesses_cap, x);
    return x;
}

void access_read(struct rte *rte, int att)
{
    struct rte_access *x = rte->access;
    if (!x || !x->read)
        return;
    x->required |= PRIV_SELECT;
    if (att > 0 && att <= x->rel->natts)
        x->read[att - 1] = true;
    else if (att < 0)
        x->read_system = true;
}

static struct err *read_vars(struct expr **ref, void *arg)
{
    if ((*ref)->kind == E_VAR)
        access_read((*ref)->var.rte, (*ref)->var.att);
    return expr_children(*ref, read_vars, arg);
}

void access_read_expr(struct expr *e)
{
    struct err *never = e ? read_vars(&e, NULL) : NULL;
    CHECK(never == NULL);
}

void access_write(struct level *l, int att, bool insert)
{
    struct query *q = l->q;
    struct rte_access *x = q->target->access;
    if (x && x->read && att > 0 && att <= x->rel->natts)
        (insert ? x->inserted : x->updated)[att - 1] = true;
}

/* Of the view that a statement writes to, by the number of its column. */
void access_write_view(struct level *l, int att, bool insert)
{
    struct rte_access *x = l->q->target_view ? l->q->target_view->access : NULL;
    if (x && x->read && att > 0 && att <= x->rel->natts)
        (insert ? x->inserted : x->updated)[att - 1] = true;
}

struct err *access_schema(struct analysis *a, const char *name)
{
    struct query *top = a->top;
    if (a->in_view) /* views name what they read as it was found */
        return NULL;
    TRY(acl_check_schema(a->cat, str_from(name)));
    for (int i = 0; top && i < top->nschemas; i++)
        if (strcmp(top->schemas[i], name) == 0)
            return NULL;
    if (top)
        ARENA_PUSH(a->arena, top->schemas, top->nschemas, top->schemas_cap, name);
    return NULL;
}

struct err *access_call(struct analysis *a, uint32_t func)
{
    struct query *top = a->top;
    bool asked = func >= FIRST_USER_OID || acl_restricted_function(func);
    if (!top)
        return NULL;
    if (!asked)
        TRY(cat_has_granted_procs(a->cat, &asked));
    if (!asked)
        return NULL;
    for (int i = 0; i < top->ncalled; i++)
        if (top->called[i] == func)
            return NULL;
    ARENA_PUSH(a->arena, top->called, top->ncalled, top->called_cap, func);
    return NULL;
}

/* ---- the check ---- */

static const char *word_of(const struct relation *r)
{
    return r->kind == 'v'   ? "view"
           : r->kind == 'm' ? "materialized view"
           : r->kind == 'S' ? "sequence"
                            : "table";
}

/* A privilege on columns, where there is none on the whole: on each that is used, or, if none is,
 * on any. */
static bool columns_allow(const struct role_rights *r, const struct rte_access *x,
                          const bool *columns, uint32_t priv)
{
    bool any_used = false;
    bool any_allowed = false;
    for (int i = 0; i < x->rel->natts; i++) {
        bool allowed = !x->rel->atts[i].dropped && acl_column(r, x->rel, i + 1, priv);
        any_used |= columns[i];
        any_allowed |= allowed;
        if (columns[i] && !allowed)
            return false;
    }
    return any_used || any_allowed;
}

static bool allows(const struct role_rights *r, const struct rte_access *x)
{
    uint32_t missing = x->required & ~acl_relation(r, x->rel, x->required);
    if (!missing)
        return true;
    if (missing & ~(uint32_t)(PRIV_SELECT | PRIV_INSERT | PRIV_UPDATE))
        return false;
    if (missing & PRIV_SELECT && (x->read_system || !columns_allow(r, x, x->read, PRIV_SELECT)))
        return false;
    if (missing & PRIV_INSERT && !columns_allow(r, x, x->inserted, PRIV_INSERT))
        return false;
    return !(missing & PRIV_UPDATE) || columns_allow(r, x, x->updated, PRIV_UPDATE);
}

struct err *query_check_access(struct cat *cat, const struct query *q)
{
    const struct role_rights *own;
    struct arena a;
    struct err *e = NULL;
    TRY(cat_rights(cat, &own));
    for (int i = 0; i < q->nschemas; i++)
        TRY(acl_check_schema(cat, str_from(q->schemas[i])));
    arena_init(&a);
    for (int i = 0; i < q->naccesses && !e; i++) {
        const struct rte_access *x = q->accesses[i];
        const struct role_rights *r = own;
        if (!x->required || (!x->as && own->superuser))
            continue;
        if (x->as && x->as != cat->role)
            e = cat_rights_of(cat, x->as, &a, &r);
        if (!e && !allows(r, x))
            e = err_new("42501", "permission denied for %s %s", word_of(x->rel), x->rel->name);
    }
    arena_done(&a);
    for (int i = 0; i < q->ncalled && !e; i++)
        e = acl_check(cat, PG_PROC, q->called[i], PRIV_EXECUTE);
    return e;
}
