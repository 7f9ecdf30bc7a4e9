/* Aggregation: one group, or a hash table of groups. A group keeps the slots of its first row that
 * are read above (columns that the grouping determines). */
#include "exec/exec_internal.h"

#include <stdlib.h>

/* Rows collected for DISTINCT or ORDER BY inside an aggregate: args, then order keys. */
struct collected {
    struct datum **rows;
    size_t count;
    size_t cap;
};

struct agg_info {
    const struct agg_impl *impl;
    const struct type_ops **arg_ops;
    const struct type_ops **order_ops;
    uint32_t *arg_types;
    int nargs;
    bool collects;
    int call;
    void *call_state;
};

struct group {
    struct datum *keys;
    struct datum *saved;
    void **states;      /* per aggregate: impl state or struct collected */
    struct group *next; /* in order of first appearance */
};

struct agg_state {
    struct arena arena; /* per row */
    struct arena groups_arena;
    struct arena out_arena; /* results of the group just given */
    struct row_hash table;
    const struct type_ops **key_types;
    struct agg_info *aggs;
    struct group *first;
    struct group *last;
    struct group *at;
    bool filled;
};

static struct err *agg_prepare(struct exec *x, const struct plan_agg *pa, struct agg_info *info)
{
    const struct expr *e = pa->expr;
    const struct cat_proc *p = builtin_proc(e->func);
    char name[64];
    CHECK(p->name.len < sizeof(name));
    memcpy(name, p->name.data, p->name.len);
    name[p->name.len] = '\0';
    info->nargs = e->nargs;
    info->impl = agg_lookup(name, p->argtypes, p->nargs);
    if (!info->impl)
        return err_unsupported("aggregate function %s is not supported yet", name);
    info->collects = e->agg->distinct || e->agg->norder;
    info->arg_ops = arena_new_array(&x->arena, const struct type_ops *, e->nargs + 1);
    info->arg_types = arena_new_array(&x->arena, uint32_t, e->nargs + 1);
    for (int i = 0; i < e->nargs; i++) {
        info->arg_types[i] = e->args[i]->type;
        info->arg_ops[i] = type_by_oid(e->args[i]->type);
    }
    info->order_ops = arena_new_array(&x->arena, const struct type_ops *, e->agg->norder + 1);
    for (int i = 0; i < e->agg->norder; i++)
        info->order_ops[i] = type_by_oid(e->agg->order[i].expr->type);
    return NULL;
}

static struct err *agg_begin(struct exec *x, struct plan *n, struct agg_state *s)
{
    arena_init(&s->arena);
    arena_init(&s->groups_arena);
    arena_init(&s->out_arena);
    on_release(x, release_arena, &s->arena);
    on_release(x, release_arena, &s->groups_arena);
    on_release(x, release_arena, &s->out_arena);
    s->key_types = arena_new_array(&x->arena, const struct type_ops *, n->ngroup + 1);
    for (int i = 0; i < n->ngroup; i++) {
        s->key_types[i] = type_by_oid(n->group[i].expr->type);
        if (!s->key_types[i] || !s->key_types[i]->hash || !s->key_types[i]->compare)
            return err_new("42883", "could not identify an equality operator for this type");
    }
    s->aggs = arena_new_array(&x->arena, struct agg_info, n->naggs + 1);
    for (int i = 0; i < n->naggs; i++)
        TRY(agg_prepare(x, &n->aggs[i], &s->aggs[i]));
    return NULL;
}

/* Zeroed, aligned for 128-bit integers. */
static void *impl_state_new(struct arena *a, const struct agg_impl *impl)
{
    uintptr_t p = (uintptr_t)arena_zalloc(a, impl->state_bytes + 16);
    return (void *)((p + 15) & ~(uintptr_t)15);
}

static struct group *group_new(struct exec *x, struct plan *n, struct agg_state *s, bool has_row)
{
    struct arena *a = &s->groups_arena;
    struct group *g = arena_new(a, struct group);
    g->states = arena_new_array(a, void *, n->naggs + 1);
    for (int i = 0; i < n->naggs; i++)
        g->states[i] = s->aggs[i].collects ? (void *)arena_new(a, struct collected)
                                           : impl_state_new(a, s->aggs[i].impl);
    g->saved = arena_new_array(a, struct datum, n->nsaved + 1);
    for (int i = 0; i < n->nsaved; i++)
        g->saved[i] = has_row ? keep(a, x->frame[n->saved[i]]) : datum_null();
    if (s->last)
        s->last->next = g;
    else
        s->first = g;
    s->last = g;
    return g;
}

static struct fn_call agg_call(struct exec *x, struct agg_state *s, struct agg_info *info,
                               const struct plan_agg *pa, const struct datum *args)
{
    return (struct fn_call){.args = args,
                            .nargs = info->nargs,
                            .arena = &s->arena,
                            .env = x->env.types,
                            .arg_types = info->arg_types,
                            .result_type = pa->expr->type,
                            .result_typmod = pa->expr->typmod,
                            .state = &info->call_state,
                            .state_arena = &x->arena,
                            .session = x->env.session};
}

static struct err *feed(struct exec *x, struct agg_state *s, struct agg_info *info,
                        const struct plan_agg *pa, void *state, const struct datum *args)
{
    for (int i = 0; info->impl->skip_nulls && i < info->nargs; i++)
        if (args[i].null)
            return NULL;
    struct fn_call c = agg_call(x, s, info, pa, args);
    return info->impl->add(state, &c, &s->groups_arena);
}

static struct err *collect(struct exec *x, struct agg_state *s, struct agg_info *info,
                           const struct plan_agg *pa, struct collected *c, const struct datum *args)
{
    struct arena *a = &s->groups_arena;
    int norder = pa->expr->agg->norder;
    struct datum *row = arena_new_array(a, struct datum, info->nargs + norder + 1);
    for (int i = 0; i < info->nargs; i++)
        row[i] = keep(a, args[i]);
    for (int i = 0; i < norder; i++) {
        TRY(program_run(x, pa->order[i], &s->arena));
        row[info->nargs + i] = keep(a, x->frame[pa->order[i]->result]);
    }
    ARENA_PUSH(a, c->rows, c->count, c->cap, row);
    return NULL;
}

static struct err *add_row(struct exec *x, struct plan *n, struct agg_state *s, struct group *g)
{
    for (int i = 0; i < n->naggs; i++) {
        const struct plan_agg *pa = &n->aggs[i];
        struct agg_info *info = &s->aggs[i];
        if (pa->filter) {
            TRY(program_run(x, pa->filter, &s->arena));
            struct datum d = x->frame[pa->filter->result];
            if (d.null || !d.i)
                continue;
        }
        struct datum args[8];
        if (info->nargs > 8)
            return err_unsupported("aggregates of more than 8 arguments are not supported");
        for (int k = 0; k < info->nargs; k++) {
            TRY(program_run(x, pa->args[k], &s->arena));
            args[k] = x->frame[pa->args[k]->result];
        }
        TRY(info->collects ? collect(x, s, info, pa, g->states[i], args)
                           : feed(x, s, info, pa, g->states[i], args));
    }
    return NULL;
}

static struct err *find_group(struct exec *x, struct plan *n, struct agg_state *s,
                              struct group **out)
{
    struct hash_entry *entry;
    bool added;
    struct datum *keys = arena_new_array(&s->arena, struct datum, n->ngroup + 1);
    for (int i = 0; i < n->ngroup; i++)
        TRY(value_of(x, &n->group[i], &s->arena, &keys[i]));
    TRY(row_hash_get(&s->table, keys, true, &entry, &added));
    if (added) {
        struct group *g = group_new(x, n, s, true);
        g->keys = entry->keys;
        entry->payload = g;
    }
    *out = entry->payload;
    return NULL;
}

static struct err *agg_fill(struct exec *x, struct plan *n, struct agg_state *s)
{
    row_hash_init(&s->table, &s->groups_arena, s->key_types, n->ngroup);
    s->first = s->last = s->at = NULL;
    struct group *only = NULL;
    for (;;) {
        bool found;
        TRY(fiber_tick());
        TRY(node_next(x, n->left, &found));
        if (!found)
            break;
        arena_reset(&s->arena);
        struct group *g = only;
        if (n->ngroup)
            TRY(find_group(x, n, s, &g));
        else if (!only)
            g = only = group_new(x, n, s, true);
        TRY(add_row(x, n, s, g));
    }
    if (!n->ngroup && !only)
        group_new(x, n, s, false);
    s->at = s->first;
    s->filled = true;
    return NULL;
}

/* ---- results ---- */

struct order_arg {
    const struct agg_info *info;
    const struct plan_agg *pa;
};

static int compare_collected(const void *a, const void *b, void *arg)
{
    const struct order_arg *o = arg;
    const struct datum *ra = *(struct datum *const *)a;
    const struct datum *rb = *(struct datum *const *)b;
    const struct agg_extra *x = o->pa->expr->agg;
    for (int i = 0; i < x->norder; i++) {
        int c = compare_datums(o->info->order_ops[i], ra[o->info->nargs + i],
                               rb[o->info->nargs + i], x->order[i].desc, x->order[i].nulls_first);
        if (c)
            return c;
    }
    for (int i = 0; x->distinct && i < o->info->nargs; i++) {
        int c = compare_datums(o->info->arg_ops[i], ra[i], rb[i], false, false);
        if (c)
            return c;
    }
    return 0;
}

/* A merge sort, which unlike qsort keeps equal rows in input order. */
static void sort_collected(struct datum **rows, struct datum **tmp, size_t n, struct order_arg *o)
{
    if (n < 2)
        return;
    size_t mid = n / 2;
    sort_collected(rows, tmp, mid, o);
    sort_collected(rows + mid, tmp, n - mid, o);
    memcpy(tmp, rows, sizeof(*rows) * n);
    size_t a = 0;
    size_t b = mid;
    for (size_t k = 0; k < n; k++) {
        bool left = a < mid && (b >= n || compare_collected(&tmp[a], &tmp[b], o) <= 0);
        rows[k] = left ? tmp[a++] : tmp[b++];
    }
}

static struct err *feed_collected(struct exec *x, struct agg_state *s, struct agg_info *info,
                                  const struct plan_agg *pa, struct collected *c, void *state)
{
    struct order_arg o = {info, pa};
    struct datum **tmp = arena_try_alloc(&s->groups_arena, sizeof(*tmp) * (c->count + 1));
    if (!tmp)
        return err_oom();
    sort_collected(c->rows, tmp, c->count, &o);
    for (size_t i = 0; i < c->count; i++) {
        TRY(fiber_tick());
        if (pa->expr->agg->distinct && i &&
            keys_equal(info->arg_ops, c->rows[i - 1], c->rows[i], info->nargs))
            continue;
        TRY(feed(x, s, info, pa, state, c->rows[i]));
    }
    return NULL;
}

static struct err *give_group(struct exec *x, struct plan *n, struct agg_state *s, struct group *g)
{
    row_restore(x, g->saved, n->saved, n->nsaved);
    for (int i = 0; i < n->ngroup; i++)
        x->frame[n->group[i].slot] = g->keys[i];
    arena_reset(&s->out_arena);
    for (int i = 0; i < n->naggs; i++) {
        const struct plan_agg *pa = &n->aggs[i];
        struct agg_info *info = &s->aggs[i];
        void *state = g->states[i];
        if (info->collects) {
            state = impl_state_new(&s->groups_arena, info->impl);
            TRY(feed_collected(x, s, info, pa, g->states[i], state));
        }
        struct fn_call c = agg_call(x, s, info, pa, NULL);
        c.arena = &s->out_arena;
        TRY(info->impl->finish(state, &c, &x->frame[pa->slot]));
    }
    return NULL;
}

struct err *agg_next(struct exec *x, struct plan *n, bool *found)
{
    bool fresh = !x->nodes[n->id];
    struct agg_state *s = node_state(x, n, sizeof(*s));
    if (fresh)
        TRY(agg_begin(x, n, s));
    if (!s->filled)
        TRY(agg_fill(x, n, s));
    for (;;) {
        bool holds;
        TRY(fiber_tick());
        *found = s->at != NULL;
        if (!s->at)
            return NULL;
        struct group *g = s->at;
        s->at = g->next;
        TRY(give_group(x, n, s, g));
        arena_reset(&s->arena);
        TRY(condition(x, &n->filter, &s->arena, &holds));
        if (holds)
            return NULL;
    }
}

void agg_rescan(struct exec *x, struct plan *n)
{
    struct agg_state *s = x->nodes[n->id];
    arena_reset(&s->groups_arena);
    s->filled = false;
    s->at = NULL;
}
