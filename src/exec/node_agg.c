/* Aggregation: one group, a hash table of groups, or groups one after another when the rows come in
 * their order. With grouping sets a row goes to a group of
 * each set: the set's number is one more key, and keys that the set lacks are NULL. A group keeps
 * the slots of its first row that are read above (columns that the grouping determines).
 *
 * Of each row only its *input* matters: the group's keys, the saved slots, and for each aggregate
 * whether its FILTER holds, its arguments and its ORDER BY. When the table has reached its bound,
 * the inputs of rows of other groups are divided by the hash of their keys and worked through
 * later, a batch at a time (spill.c). Rows for aggregates with DISTINCT or ORDER BY go through a
 * sorter, one for each such aggregate, in order of group, then of what was asked for.
 *
 * Of rows in order, the first one of the next group ends a group, and its input waits. The node
 * below goes on from its slots as it left them with that row: they are put back before.
 *
 * Without grouping over a table function, aggregates of plain columns take them many rows at once,
 * and no row is put together. */
#include "exec/exec_internal.h"

#include "storage/sort.h"
#include "types/vector.h"
#include "types/key.h"

#include <stdlib.h>

/* In an aggregate's part of an input: the flag, the arguments, the order keys. */
struct agg_info {
    const struct agg_impl *impl;
    const struct ordered_impl
        *ordered; /* an ordered-set aggregate; its arguments are direct ones */
    struct ordered_rows rows;
    const struct type_ops **arg_ops;
    const struct type_ops **order_ops;
    uint32_t *arg_types;
    int nargs; /* taken from each row */
    int norder;
    int at;                /* of its part in the input */
    int column;            /* its argument is that column of a table function; -1: it has none */
    bool collects;         /* has DISTINCT or ORDER BY */
    struct sorter *sorter; /* of those; NULL: no row yet */
    struct str key;        /* the sorter's next row; of `group` */
    struct str value;
    uint64_t group; /* UINT64_MAX: no more rows */
    void *call_state;
    struct fn_call call; /* of additions; `args` are set for each */
};

struct group {
    uint64_t number;
    struct datum *keys;
    struct datum *saved;
    void **states;      /* per aggregate; NULL for one that collects */
    int64_t *collected; /* per aggregate: rows of an ordered-set one */
    struct group *next; /* in order of first appearance */
};

struct agg_state {
    struct arena arena; /* per row */
    struct arena groups_arena;
    struct arena out_arena; /* results of the group just given */
    struct row_hash table;
    const struct type_ops **key_types;
    struct agg_info *aggs;
    int naggs;
    int nkeys;           /* grouping expressions, and with grouping sets the set's number */
    int width;           /* of an input */
    struct datum *all;   /* with grouping sets: the current row's grouping expressions */
    bool any;            /* there was a row */
    enum tf_use *uses;   /* rows of a table function are taken by its columns; NULL: one by one */
    bool has_ordered;    /* an ordered-set aggregate */
    struct datum *input; /* of the current row */
    struct datum *args;  /* a collected row, decoded */
    struct buf key;
    struct buf value;
    struct buf last; /* DISTINCT: key of the row before */
    struct group *first;
    struct group *last_group;
    struct group *at;
    uint64_t ngroups;
    bool filled;
    struct batch *batch; /* whose inputs are in the groups; NULL: those of the node below */
    struct batch *todo;
    struct spill *spill; /* inputs without room; NULL: none */
    /* Rows in order: */
    struct arena next_arena;
    struct datum *next;   /* the input that waits */
    struct datum *resume; /* saved and grouped slots as the node below left them */
    bool has_next;
    bool below_done;
};

/* ---- states ---- */

static void prepare_ordered(struct exec *x, const struct expr *e, const char *name,
                            struct agg_info *info)
{
    int n = e->agg->norder;
    bool *flags = arena_new_array(&x->arena, bool, 2 * n);
    info->rows.ncols = n;
    info->rows.types = arena_new_array(&x->arena, const struct type_ops *, n);
    info->rows.desc = flags;
    info->rows.nulls_first = flags + n;
    for (int i = 0; i < n; i++) {
        info->rows.types[i] = expr_order(e->agg->order[i].expr);
        flags[i] = e->agg->order[i].desc;
        flags[n + i] = e->agg->order[i].nulls_first;
    }
    info->ordered = ordered_lookup(name, e->nargs ? e->args[0]->type : 0);
}

static struct err *agg_prepare(struct exec *x, const struct plan_agg *pa, struct agg_info *info)
{
    const struct expr *e = pa->expr;
    const struct cat_proc *p = builtin_proc(e->func);
    char name[64];
    CHECK(p->name.len < sizeof(name));
    memcpy(name, p->name.data, p->name.len);
    name[p->name.len] = '\0';
    info->norder = e->agg->norder;
    info->nargs = e->agg->ordered_set ? 0 : e->nargs;
    if (e->agg->ordered_set)
        prepare_ordered(x, e, name, info);
    else
        info->impl = aggregate_of(p, &x->arena);
    if (!info->impl && !info->ordered)
        return err_unsupported("aggregate function %s is not supported yet", name);
    info->collects = e->agg->distinct || e->agg->norder;
    info->arg_ops = arena_new_array(&x->arena, const struct type_ops *, e->nargs + 1);
    info->arg_types = arena_new_array(&x->arena, uint32_t, e->nargs + 1);
    for (int i = 0; i < e->nargs; i++) {
        info->arg_types[i] = e->args[i]->type;
        info->arg_ops[i] = expr_order(e->args[i]);
        if (e->agg->distinct && (!info->arg_ops[i] || !info->arg_ops[i]->key))
            return err_new("42883", "could not identify an equality operator for type %s",
                           info->arg_ops[i] ? info->arg_ops[i]->name : "unknown");
    }
    info->order_ops = arena_new_array(&x->arena, const struct type_ops *, e->agg->norder + 1);
    for (int i = 0; i < e->agg->norder; i++) {
        info->order_ops[i] = expr_order(e->agg->order[i].expr);
        if (!info->order_ops[i] || !info->order_ops[i]->key)
            return err_new("42883", "could not identify an ordering operator for this type");
    }
    return NULL;
}

static void drop_sorters(struct agg_state *s)
{
    for (int i = 0; i < s->naggs; i++) {
        sorter_free(s->aggs[i].sorter);
        s->aggs[i].sorter = NULL;
        s->aggs[i].group = UINT64_MAX;
    }
}

static void agg_clear(struct agg_state *s)
{
    drop_sorters(s);
    batch_free(s->batch);
    batches_free(&s->todo);
    spill_free(s->spill);
    s->batch = NULL;
    s->spill = NULL;
}

static void agg_release(void *arg)
{
    struct agg_state *s = arg;
    agg_clear(s);
    arena_done(&s->arena);
    arena_done(&s->groups_arena);
    arena_done(&s->out_arena);
    arena_done(&s->next_arena);
    buf_done(&s->key);
    buf_done(&s->value);
    buf_done(&s->last);
}

/* Whether each aggregate takes a plain column, or nothing, of every row of a table function. */
static bool takes_columns(const struct plan *n, struct agg_state *s)
{
    const struct plan *from = n->left;
    if (n->strategy != AGG_PLAIN || n->ngroup || n->nsets || n->nsaved ||
        from->kind != P_TABLEFUNC || from->filter.expr)
        return false;
    for (int i = 0; i < n->naggs; i++) {
        struct agg_info *info = &s->aggs[i];
        const struct expr *e = n->aggs[i].expr;
        if (n->aggs[i].filter || info->collects || info->ordered || info->nargs > 1)
            return false;
        const struct expr *arg = info->nargs ? e->args[0] : NULL;
        if (arg && (arg->kind != E_VAR || arg->var.rte != from->rte || arg->var.att < 1))
            return false;
        info->column = arg ? arg->var.att - 1 : -1;
    }
    return true;
}

static void note_uses(struct exec *x, const struct plan *n, struct agg_state *s)
{
    s->uses = arena_new_array(&x->arena, enum tf_use, n->left->rte->ncols + 1);
    for (int i = 0; i < n->naggs; i++) {
        const struct agg_info *info = &s->aggs[i];
        if (info->column >= 0 && !info->impl->counts_values)
            s->uses[info->column] = TF_VALUES;
        else if (info->column >= 0 && !s->uses[info->column])
            s->uses[info->column] = TF_PRESENCE;
    }
}

static struct err *agg_begin(struct exec *x, struct plan *n, struct agg_state *s)
{
    arena_init(&s->arena);
    arena_init(&s->groups_arena);
    arena_init(&s->out_arena);
    arena_init(&s->next_arena);
    on_release(x, agg_release, s);
    s->nkeys = n->ngroup + (n->nsets > 0);
    s->all = arena_new_array(&x->arena, struct datum, s->nkeys + 1);
    s->key_types = arena_new_array(&x->arena, const struct type_ops *, s->nkeys + 1);
    s->key_types[n->ngroup] = type_by_oid(INT4_OID);
    for (int i = 0; i < n->ngroup; i++) {
        s->key_types[i] = expr_order(n->group[i].expr);
        if (!s->key_types[i] || !s->key_types[i]->hash || !s->key_types[i]->compare)
            return err_new("42883", "could not identify an equality operator for this type");
    }
    s->aggs = arena_new_array(&x->arena, struct agg_info, n->naggs + 1);
    s->naggs = n->naggs;
    s->width = s->nkeys + n->nsaved;
    int most = 0;
    for (int i = 0; i < n->naggs; i++) {
        struct agg_info *info = &s->aggs[i];
        TRY(agg_prepare(x, &n->aggs[i], info));
        info->at = s->width;
        s->has_ordered |= info->ordered != NULL;
        info->group = UINT64_MAX;
        s->width += 1 + info->nargs + info->norder;
        int row = info->ordered ? info->norder : info->nargs;
        most = row > most ? row : most;
    }
    if (takes_columns(n, s))
        note_uses(x, n, s);
    s->input = arena_new_array(&x->arena, struct datum, s->width + 1);
    s->args = arena_new_array(&x->arena, struct datum, most + 1);
    s->next = arena_new_array(&x->arena, struct datum, s->width + 1);
    s->resume = arena_new_array(&x->arena, struct datum, n->nsaved + n->ngroup + 1);
    return NULL;
}

/* Zeroed, aligned for 128-bit integers. */
static void *impl_state_new(struct arena *a, size_t bytes)
{
    uintptr_t p = (uintptr_t)arena_zalloc(a, bytes + 16);
    return (void *)((p + 15) & ~(uintptr_t)15);
}

/* `saved`: the slots to keep, NULL: there is no row. */
static struct group *group_new(struct plan *n, struct agg_state *s, const struct datum *saved)
{
    struct arena *a = &s->groups_arena;
    struct group *g = arena_new(a, struct group);
    g->number = s->ngroups++;
    g->states = arena_new_array(a, void *, n->naggs + 1);
    if (s->has_ordered)
        g->collected = arena_new_array(a, int64_t, n->naggs);
    for (int i = 0; i < n->naggs; i++)
        if (!s->aggs[i].collects)
            g->states[i] = impl_state_new(a, s->aggs[i].impl->state_bytes);
    g->saved = arena_new_array(a, struct datum, n->nsaved + 1);
    for (int i = 0; i < n->nsaved; i++)
        g->saved[i] = saved ? keep(a, saved[i]) : datum_null();
    if (s->last_group)
        s->last_group->next = g;
    else
        s->first = g;
    s->last_group = g;
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
                            .func = pa->expr->func,
                            .collation = pa->expr->input_collation,
                            .result_type = pa->expr->type,
                            .result_typmod = pa->expr->typmod,
                            .state = &info->call_state,
                            .state_arena = &x->arena,
                            .session = x->env.session};
}

static struct err *feed(struct exec *x, struct agg_state *s, struct agg_info *info,
                        const struct plan_agg *pa, void *state, const struct datum *args,
                        struct arena *arena)
{
    for (int i = 0; info->impl->skip_nulls && i < info->nargs; i++)
        if (args[i].null)
            return NULL;
    if (!info->call.arena)
        info->call = agg_call(x, s, info, pa, args);
    info->call.args = args;
    return info->impl->add(state, &info->call, arena);
}

/* ---- DISTINCT and ORDER BY within an aggregate ---- */

static struct err *collect(struct exec *x, struct agg_state *s, struct agg_info *info,
                           const struct plan_agg *pa, struct group *g, const struct datum *args)
{
    const struct agg_extra *extra = pa->expr->agg;
    const struct datum *order = args + info->nargs;
    if (info->ordered) {
        if (info->ordered->skip_nulls && order[0].null)
            return NULL;
        g->collected[info - s->aggs]++;
    }
    if (!info->sorter)
        TRY(sort_begin(x, &info->sorter));
    buf_reset(&s->key);
    buf_reset(&s->value);
    buf_put_le32(&s->key, 0); /* a sorter's keys begin alike */
    buf_put_be64(&s->key, g->number);
    for (int i = 0; i < info->norder; i++)
        key_put(&s->key, info->order_ops[i], order[i], extra->order[i].desc,
                extra->order[i].nulls_first);
    for (int i = 0; extra->distinct && i < info->nargs; i++)
        key_put(&s->key, info->arg_ops[i], args[i], false, false);
    if (info->ordered)
        row_encode(&s->value, order, info->norder);
    else
        row_encode(&s->value, args, info->nargs);
    TRY(buf_finish(&s->key));
    TRY(buf_finish(&s->value));
    return sorter_add(info->sorter, buf_str(&s->key), buf_str(&s->value));
}

static struct err *next_collected(struct agg_info *info)
{
    bool found;
    TRY(sorter_next(info->sorter, &info->key, &info->value, &found));
    info->group = found ? load_be64(info->key.data + 4) : UINT64_MAX;
    return NULL;
}

static struct err *sort_collected(struct agg_state *s)
{
    for (int i = 0; i < s->naggs; i++) {
        if (!s->aggs[i].sorter)
            continue;
        TRY(sort_finish(s->aggs[i].sorter));
        TRY(next_collected(&s->aggs[i]));
    }
    return NULL;
}

/* Rows with equal keys are equal in their arguments, too: DISTINCT has them in the key. */
static struct err *feed_collected(struct exec *x, struct agg_state *s, struct agg_info *info,
                                  const struct plan_agg *pa, uint64_t group, void *state)
{
    for (bool first = true; info->group == group; first = false) {
        TRY(fiber_tick());
        arena_reset(&s->arena);
        if (first || !pa->expr->agg->distinct || !str_eq(buf_str(&s->last), info->key)) {
            TRY(row_decode(info->value, s->args, info->nargs));
            TRY(feed(x, s, info, pa, state, s->args, &s->out_arena));
        }
        buf_reset(&s->last);
        if (pa->expr->agg->distinct)
            buf_put_str(&s->last, info->key);
        TRY(buf_finish(&s->last));
        TRY(next_collected(info));
    }
    return NULL;
}

/* ---- inputs ---- */

/* The input of the row in the frame, but for keys and saved slots. */
static struct err *eval_aggs(struct exec *x, struct plan *n, struct agg_state *s)
{
    for (int i = 0; i < n->naggs; i++) {
        const struct plan_agg *pa = &n->aggs[i];
        struct agg_info *info = &s->aggs[i];
        struct datum *part = s->input + info->at;
        bool wanted = true;
        if (pa->filter) {
            TRY(program_run(x, pa->filter, &s->arena));
            struct datum d = x->frame[pa->filter->result];
            wanted = !d.null && d.i;
        }
        *part++ = datum_bool(wanted);
        for (int k = 0; k < info->nargs + info->norder; k++) {
            const struct program *p = k < info->nargs ? pa->args[k] : pa->order[k - info->nargs];
            if (wanted)
                TRY(program_run(x, p, &s->arena));
            part[k] = wanted ? x->frame[p->result] : datum_null();
        }
    }
    return NULL;
}

static struct err *eval_input(struct exec *x, struct plan *n, struct agg_state *s)
{
    arena_reset(&s->arena);
    for (int i = 0; i < n->ngroup; i++)
        TRY(value_of(x, &n->group[i], &s->arena, &s->input[i]));
    for (int i = 0; i < n->nsaved; i++)
        s->input[s->nkeys + i] = x->frame[n->saved[i]];
    return eval_aggs(x, n, s);
}

static struct err *add_input(struct exec *x, struct plan *n, struct agg_state *s, struct group *g,
                             const struct datum *input)
{
    for (int i = 0; i < n->naggs; i++) {
        struct agg_info *info = &s->aggs[i];
        const struct datum *part = input + info->at;
        if (!part->i)
            continue;
        TRY(info->collects
                ? collect(x, s, info, &n->aggs[i], g, part + 1)
                : feed(x, s, info, &n->aggs[i], g->states[i], part + 1, &s->groups_arena));
    }
    return NULL;
}

/* To the input's group, or aside if it would be one too many. */
static struct err *take_input(struct exec *x, struct plan *n, struct agg_state *s,
                              const struct datum *input)
{
    struct hash_entry *entry;
    bool added;
    int level = s->batch ? s->batch->level : 0;
    bool full = s->groups_arena.used_bytes > hash_memory(x) && level < SPILL_MAX_LEVEL;
    TRY(row_hash_get(&s->table, input, !full, &entry, &added));
    if (!entry) {
        if (!s->spill)
            TRY(spill_new(x, level, s->width, &s->spill));
        return spill_add(s->spill, hash_keys(s->key_types, input, s->nkeys), input);
    }
    if (added) {
        struct group *g = group_new(n, s, input + s->nkeys);
        g->keys = entry->keys;
        entry->payload = g;
    }
    return add_input(x, n, s, entry->payload, input);
}

/* The row's input, once for each grouping set. */
static struct err *take_sets(struct exec *x, struct plan *n, struct agg_state *s)
{
    for (int i = 0; i < n->ngroup; i++)
        s->all[i] = s->input[i];
    for (int k = 0; k < n->nsets; k++) {
        for (int i = 0; i < n->ngroup; i++)
            s->input[i] = n->sets[k].has[i] ? s->all[i] : datum_null();
        s->input[n->ngroup] = datum_int(k);
        TRY(take_input(x, n, s, s->input));
    }
    return NULL;
}

/* An empty grouping set has a group even if there was no row. */
static void add_empty_sets(struct plan *n, struct agg_state *s)
{
    for (int k = 0; k < n->nsets; k++) {
        if (n->sets[k].size)
            continue;
        struct group *g = group_new(n, s, NULL);
        g->keys = arena_new_array(&s->groups_arena, struct datum, s->nkeys);
        for (int i = 0; i < n->ngroup; i++)
            g->keys[i] = datum_null();
        g->keys[n->ngroup] = datum_int(k);
    }
}

static struct err *take_column(struct exec *x, struct agg_state *s, struct agg_info *info,
                               const struct plan_agg *pa, void *state, const struct vector *column,
                               size_t count)
{
    struct datum d = datum_null();
    arena_reset(&s->arena);
    if (!info->call.arena)
        info->call = agg_call(x, s, info, pa, NULL);
    if (info->impl->add_column)
        return info->impl->add_column(state, &info->call, column, count, &s->groups_arena);
    for (size_t i = 0; i < count; i++) {
        TRY(fiber_tick());
        arena_reset(&s->arena);
        if (column)
            d = vector_get(column, i, &s->arena);
        TRY(feed(x, s, info, pa, state, &d, &s->groups_arena));
    }
    return NULL;
}

/* All rows of a table function, as far as they are the aggregates' arguments. */
static struct err *take_columns(struct exec *x, struct plan *n, struct agg_state *s)
{
    const struct vector *columns;
    size_t count;
    struct group *only = group_new(n, s, NULL);
    for (;;) {
        TRY(fiber_tick());
        TRY(node_columns(x, n->left, s->uses, &columns, &count));
        if (!count)
            return NULL;
        for (int i = 0; i < n->naggs; i++) {
            struct agg_info *info = &s->aggs[i];
            TRY(take_column(x, s, info, &n->aggs[i], only->states[i],
                            info->column < 0 ? NULL : &columns[info->column], count));
        }
    }
}

static struct err *take_below(struct exec *x, struct plan *n, struct agg_state *s)
{
    struct group *only = NULL;
    for (;;) {
        bool found;
        TRY(fiber_tick());
        TRY(node_next(x, n->left, &found));
        if (!found)
            break;
        TRY(eval_input(x, n, s));
        s->any = true;
        if (s->nkeys) {
            TRY(n->nsets ? take_sets(x, n, s) : take_input(x, n, s, s->input));
            continue;
        }
        if (!only)
            only = group_new(n, s, s->input);
        TRY(add_input(x, n, s, only, s->input));
    }
    if (!s->nkeys && !only)
        group_new(n, s, NULL);
    if (!s->any)
        add_empty_sets(n, s);
    return NULL;
}

static struct err *take_batch(struct exec *x, struct plan *n, struct agg_state *s)
{
    struct row_reader reader;
    const struct datum *input;
    struct err *e = NULL;
    row_reader_init(&reader, s->batch->left);
    for (bool found = true; found && !e;) {
        arena_reset(&s->arena);
        e = row_reader_next(&reader, &input, &found);
        if (!e && found)
            e = take_input(x, n, s, input);
        if (!e)
            e = fiber_tick();
    }
    row_reader_done(&reader);
    return e;
}

/* Makes the groups of the node below, or of the next batch: *found is false when none is left. */
static struct err *agg_fill(struct exec *x, struct plan *n, struct agg_state *s, bool *found)
{
    *found = true;
    if (s->filled) {
        batch_free(s->batch);
        s->batch = s->todo;
        *found = s->batch != NULL;
        if (!*found)
            return NULL;
        s->todo = s->batch->next;
    }
    drop_sorters(s);
    arena_reset(&s->groups_arena);
    row_hash_init(&s->table, &s->groups_arena, s->key_types, s->nkeys);
    s->first = s->last_group = NULL;
    if (s->uses)
        TRY(take_columns(x, n, s));
    else
        TRY(s->batch ? take_batch(x, n, s) : take_below(x, n, s));
    TRY(sort_collected(s));
    s->at = s->first;
    s->filled = true;
    note_table(x, n, &s->table, s->groups_arena.used_bytes);
    struct spill *spilled = s->spill;
    s->spill = NULL;
    return spilled ? spill_to_batches(spilled, NULL, false, false, &s->todo) : NULL;
}

/* ---- rows in order ---- */

static void note_slots(const struct exec *x, const struct plan *n, struct agg_state *s)
{
    for (int i = 0; i < n->nsaved; i++)
        s->resume[i] = x->frame[n->saved[i]];
    for (int i = 0; i < n->ngroup; i++)
        s->resume[n->nsaved + i] = x->frame[n->group[i].slot];
}

static void put_slots_back(struct exec *x, const struct plan *n, const struct agg_state *s)
{
    for (int i = 0; i < n->ngroup; i++)
        x->frame[n->group[i].slot] = s->resume[n->nsaved + i];
    row_restore(x, s->resume, n->saved, n->nsaved);
}

static bool same_group(const struct plan *n, const struct agg_state *s, const struct group *g)
{
    for (int i = 0; i < n->ngroup; i++)
        if (compare_datums(s->key_types[i], s->input[i], g->keys[i], false, false) != 0)
            return false;
    return true;
}

static struct err *begin_group(struct exec *x, struct plan *n, struct agg_state *s,
                               const struct datum *input)
{
    struct group *g = group_new(n, s, input + s->nkeys);
    g->keys = arena_new_array(&s->groups_arena, struct datum, n->ngroup);
    for (int i = 0; i < n->ngroup; i++)
        g->keys[i] = keep(&s->groups_arena, input[i]);
    return add_input(x, n, s, g, input);
}

/* The input of the row in the frame waits. */
static void hold_input(const struct exec *x, const struct plan *n, struct agg_state *s)
{
    arena_reset(&s->next_arena);
    for (int i = 0; i < s->width; i++)
        s->next[i] = keep(&s->next_arena, s->input[i]);
    s->has_next = true;
    note_slots(x, n, s);
}

static struct err *take_group(struct exec *x, struct plan *n, struct agg_state *s)
{
    if (s->has_next) {
        put_slots_back(x, n, s);
        TRY(begin_group(x, n, s, s->next));
        s->has_next = false;
    }
    while (!s->below_done) {
        bool found;
        TRY(fiber_tick());
        TRY(node_next(x, n->left, &found));
        s->below_done = !found;
        if (!found)
            break;
        TRY(eval_input(x, n, s));
        if (!s->first) {
            TRY(begin_group(x, n, s, s->input));
        } else if (same_group(n, s, s->first)) {
            TRY(add_input(x, n, s, s->first, s->input));
        } else {
            hold_input(x, n, s);
            break;
        }
    }
    return NULL;
}

/* Makes the next group: *found is false when there is none. */
static struct err *next_group(struct exec *x, struct plan *n, struct agg_state *s, bool *found)
{
    drop_sorters(s);
    arena_reset(&s->groups_arena);
    s->first = s->last_group = NULL;
    TRY(take_group(x, n, s));
    TRY(sort_collected(s));
    s->at = s->first;
    s->filled = true;
    *found = s->first != NULL;
    return NULL;
}

static struct err *more_groups(struct exec *x, struct plan *n, struct agg_state *s, bool *found)
{
    return n->strategy == AGG_SORTED ? next_group(x, n, s, found) : agg_fill(x, n, s, found);
}

/* ---- results ---- */

/* The frame has the group's values, for the direct arguments. */
static struct err *give_ordered(struct exec *x, struct agg_state *s, struct agg_info *info,
                                const struct plan_agg *pa, const struct group *g)
{
    int ndirect = pa->expr->nargs;
    struct arena *a = &s->out_arena;
    struct datum *direct = arena_new_array(a, struct datum, ndirect + 1);
    void *state = impl_state_new(a, info->ordered->state_bytes);
    for (int i = 0; i < ndirect; i++) {
        TRY(program_run(x, pa->args[i], a));
        direct[i] = keep(a, x->frame[pa->args[i]->result]);
    }
    struct fn_call c = agg_call(x, s, info, pa, direct);
    c.nargs = ndirect;
    c.arena = a;
    info->rows.count = g->collected[info - s->aggs];
    TRY(info->ordered->begin(state, &c, &info->rows, a));
    while (info->group == g->number) {
        TRY(fiber_tick());
        TRY(row_decode(info->value, s->args, info->norder));
        TRY(info->ordered->add(state, &info->rows, s->args, a));
        TRY(next_collected(info));
    }
    return info->ordered->finish(state, &c, &info->rows, &x->frame[pa->slot]);
}

static void give_groupings(struct exec *x, struct plan *n, const struct group *g)
{
    for (int i = 0; i < n->ngroupings; i++) {
        const struct plan_grouping *p = &n->groupings[i];
        int64_t bits = 0;
        for (int k = 0; k < p->n; k++)
            bits = bits << 1 | (n->nsets && !n->sets[g->keys[n->ngroup].i].has[p->columns[k]]);
        x->frame[p->slot] = datum_int(bits);
    }
}

static struct err *give_group(struct exec *x, struct plan *n, struct agg_state *s, struct group *g)
{
    row_restore(x, g->saved, n->saved, n->nsaved);
    for (int i = 0; i < n->ngroup; i++)
        x->frame[n->group[i].slot] = g->keys[i];
    give_groupings(x, n, g);
    arena_reset(&s->out_arena);
    for (int i = 0; i < n->naggs; i++) {
        const struct plan_agg *pa = &n->aggs[i];
        struct agg_info *info = &s->aggs[i];
        void *state = g->states[i];
        if (info->ordered) {
            TRY(give_ordered(x, s, info, pa, g));
            continue;
        }
        if (info->collects) {
            state = impl_state_new(&s->out_arena, info->impl->state_bytes);
            TRY(feed_collected(x, s, info, pa, g->number, state));
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
        TRY(more_groups(x, n, s, found));
    for (;;) {
        bool holds;
        TRY(fiber_tick());
        if (!s->at) {
            TRY(more_groups(x, n, s, found));
            if (!*found)
                return NULL;
            continue;
        }
        struct group *g = s->at;
        s->at = g->next;
        TRY(give_group(x, n, s, g));
        arena_reset(&s->arena);
        TRY(node_filter(x, n, &s->arena, &holds));
        *found = true;
        if (holds)
            return NULL;
    }
}

void agg_rescan(struct exec *x, struct plan *n)
{
    struct agg_state *s = x->nodes[n->id];
    agg_clear(s);
    arena_reset(&s->groups_arena);
    s->filled = s->any = s->has_next = s->below_done = false;
    s->at = NULL;
    (void)n;
}
