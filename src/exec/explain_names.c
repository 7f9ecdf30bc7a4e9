/* See explain_names.h. Entries are named in PostgreSQL's order: those of the statement, of
 * subqueries in FROM as the plan comes to them, of other subqueries; and of them those that the
 * plan reads. */
#include "exec/explain_names.h"

#include "exec/exec_internal.h"

struct naming {
    struct arena *arena;
    const struct rte **used; /* that the plan reads */
    int nused;
    int used_cap;
    const struct rte **named; /* in order */
    const char **names;
    int nnamed;
    int named_cap;
    int names_cap;
    struct deparse_name *changed;
};

const char *explain_alias(const struct deparse_name *names, const struct rte *rte)
{
    for (; names; names = names->next)
        if (names->rte == rte)
            return names->name;
    return rte->name;
}

static bool is_among(const struct rte *const *list, int n, const struct rte *rte)
{
    for (int i = 0; i < n; i++)
        if (list[i] == rte)
            return true;
    return false;
}

static void note_used(struct naming *s, const struct plan *n)
{
    if (!n)
        return;
    const struct rte *target = n->query ? n->query->target : NULL;
    const struct rte *read[] = {n->rte, target};
    for (size_t i = 0; i < ARRAY_LENGTH(read); i++)
        if (read[i] && !is_among(s->used, s->nused, read[i]))
            ARENA_PUSH(s->arena, s->used, s->nused, s->used_cap, read[i]);
    note_used(s, n->left);
    note_used(s, n->right);
    for (int i = 0; i < n->ninputs; i++)
        note_used(s, n->inputs[i]);
}

static bool is_taken(const struct naming *s, const char *name)
{
    for (int i = 0; i < s->nnamed; i++)
        if (strcmp(s->names[i], name) == 0)
            return true;
    return false;
}

static void name_entry(struct naming *s, const struct rte *rte)
{
    if (!rte->name || is_among(s->named, s->nnamed, rte) || !is_among(s->used, s->nused, rte))
        return;
    const char *name = rte->name;
    for (int i = 1; is_taken(s, name); i++)
        name = arena_printf(s->arena, "%s_%d", rte->name, i);
    if (name != rte->name) {
        struct deparse_name *n = arena_new(s->arena, struct deparse_name);
        *n = (struct deparse_name){rte, name, s->changed};
        s->changed = n;
    }
    ARENA_PUSH(s->arena, s->named, s->nnamed, s->named_cap, rte);
    int count = s->nnamed - 1;
    ARENA_PUSH(s->arena, s->names, count, s->names_cap, name);
}

static void name_level(struct naming *s, const struct query *q)
{
    if (q->target)
        name_entry(s, q->target);
    for (int i = 0; i < q->nrtes; i++)
        name_entry(s, q->rtes[i]);
}

static void name_tree(struct naming *s, const struct plan *n)
{
    if (!n)
        return;
    if (n->rte)
        name_entry(s, n->rte);
    if (n->kind == P_SUBQUERY && n->rte && n->rte->sub)
        name_level(s, n->rte->sub);
    name_tree(s, n->left);
    name_tree(s, n->right);
    for (int i = 0; i < n->ninputs; i++)
        name_tree(s, n->inputs[i]);
}

const struct deparse_name *explain_names(const struct statement_plan *plan, struct arena *a)
{
    struct naming s = {.arena = a};
    note_used(&s, plan->root);
    for (int i = 0; i < plan->nctes; i++)
        note_used(&s, plan->ctes[i].plan);
    for (int i = 0; i < plan->nsubplans; i++)
        note_used(&s, plan->subplans[i]->plan);
    name_level(&s, plan->query);
    name_tree(&s, plan->root);
    for (int i = 0; i < plan->nctes; i++) {
        name_level(&s, plan->ctes[i].cte->query);
        name_tree(&s, plan->ctes[i].plan);
    }
    for (int i = 0; i < plan->nsubplans; i++)
        name_tree(&s, plan->subplans[i]->plan);
    return s.changed;
}
