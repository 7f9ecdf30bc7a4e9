/* Index-only scans: when an index has all columns of its table that a query reads; and, when all is
 * planned, which columns each scan reads. */
#include "sql/plan_from.h"

#include "types/key.h"
#include "types/tuple.h"

static bool in_columns(const struct index *ix, int att)
{
    for (int i = 0; i < ix->nkeys; i++)
        if (ix->cols[i].attnum == att)
            return true;
    return false;
}

/* The columns that an entry of the index gives back, in its order, up to the last needed one; for
 * others than the primary key's index, those of the row's key follow. False when a needed column is
 * not among them. */
static bool entry_columns(struct planner *p, const struct rte *rte, const bool *needs,
                          const struct index *ix, struct only_column **out, int *n)
{
    const struct index *parts[2] = {ix, ix->primary ? NULL : rte->rel->primary};
    struct only_column *list = arena_new_array(p->arena, struct only_column,
                                               ix->nkeys + (parts[1] ? parts[1]->nkeys : 0) + 1);
    bool *given = arena_new_array(p->arena, bool, rte->ncols + 1);
    *n = 0;
    for (int part = 0; part < 2; part++) {
        int last = -1;
        for (int i = 0; parts[part] && i < parts[part]->nkeys; i++) {
            const struct index_col *c = &parts[part]->cols[i];
            if (!key_is_exact(c->ops))
                break;
            list[*n + i] = (struct only_column){c->ops, c->desc, part == 1, -1};
            if (!c->attnum || !needs[c->attnum - 1] || given[c->attnum - 1])
                continue;
            given[c->attnum - 1] = true;
            list[*n + i].slot = rte->base + c->attnum - 1;
            last = i;
        }
        *n += last + 1;
    }
    for (int i = 0; i < rte->ncols; i++)
        if (needs[i] && !given[i])
            return false;
    *out = list;
    return true;
}

bool entries_suffice(struct planner *p, const struct rte *rte, const struct index *ix)
{
    struct only_column *list;
    int n;
    if (!rte->needs || rte->key_slot >= 0 || rte->system || ix->am != BTREE_AM ||
        (p->cat->plans_off & PLAN_INDEXONLYSCAN))
        return false;
    for (int i = 0; i < rte->ncols; i++) /* before anything is made */
        if (rte->needs[i] && !in_columns(ix, i + 1) &&
            !(rte->rel->primary && in_columns(rte->rel->primary, i + 1)))
            return false;
    return entry_columns(p, rte, rte->needs, ix, &list, &n);
}

/* ---- when all is planned ---- */

static bool reads_rows(const struct plan *n)
{
    return n->kind == P_SEQSCAN || n->kind == P_INDEXSCAN || n->kind == P_BITMAPHEAP;
}

void plan_finish_scans(struct planner *p, struct plan *n)
{
    struct only_column *list;
    if (!n)
        return;
    if (reads_rows(n) && n->rte->max_att && !n->rte->reader)
        n->rte->reader = tuple_reader_new(n->rte->rel->lens, n->rte->max_att, n->rte->used,
                                          n->rte->rel->missing, p->arena);
    if (n->index_only && entry_columns(p, n->rte, n->rte->used, n->index, &list, &n->nonly_columns))
        n->only_columns = list;
    plan_finish_scans(p, n->left);
    plan_finish_scans(p, n->right);
    for (int i = 0; i < n->ninputs; i++)
        plan_finish_scans(p, n->inputs[i]);
}
