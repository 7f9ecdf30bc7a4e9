/* WindowAgg: rows come sorted by partition, then by the window's order. A partition is read as a
 * whole; then its rows are given one by one, each with the values of the functions. */
#include "exec/window_internal.h"

/* ---- reading a partition ---- */

struct err *window_row(struct window_state *w, struct window_cursor *c, size_t i,
                       const struct datum **row)
{
    bool found = true;
    if (!c->row || c->next != i + 1) {
        TRY(fiber_tick());
        if (c->next != i || !c->row)
            TRY(row_reader_seek(&c->reader, i));
        c->row = NULL;
        TRY(row_reader_next(&c->reader, &c->row, &found));
        CHECK(found);
        c->next = i + 1;
    }
    (void)w;
    *row = c->row;
    return NULL;
}

static struct window_cursor *cursor_of(struct window_state *w, int i)
{
    struct window_cursor *fixed[] = {&w->current, &w->peer, &w->start.cursor, &w->end.cursor};
    if (i < 4)
        return fixed[i];
    i -= 4;
    if (i >= 2 * w->nfuncs)
        return NULL;
    return i % 2 ? &w->funcs[i / 2].removed : &w->funcs[i / 2].read;
}

static void rewind_cursors(struct window_state *w)
{
    struct window_cursor *c;
    for (int i = 0; (c = cursor_of(w, i)); i++) {
        row_reader_rewind(&c->reader);
        c->row = NULL;
        c->next = 0;
    }
}

static void window_release(void *arg)
{
    struct window_state *w = arg;
    struct window_cursor *c;
    for (int i = 0; (c = cursor_of(w, i)); i++)
        row_reader_done(&c->reader);
    for (int i = 0; i < w->nfuncs; i++) {
        arena_done(&w->funcs[i].arena);
        arena_done(&w->funcs[i].result_arena);
    }
    arena_done(&w->arena);
    arena_done(&w->keys_arena);
    arena_done(&w->order_arena);
    arena_done(&w->out);
}

static struct err *types_of(struct exec *x, const struct plan_expr *list, int n,
                            const struct type_ops ***out)
{
    *out = arena_new_array(&x->arena, const struct type_ops *, n + 1);
    for (int i = 0; i < n; i++) {
        (*out)[i] = expr_order(list[i].expr);
        if (!(*out)[i] || !(*out)[i]->compare)
            return err_new("42883", "could not identify an ordering operator for this type");
    }
    return NULL;
}

static struct err *window_begin(struct exec *x, struct plan *n, struct window_state *w)
{
    struct window_cursor *c;
    w->x = x;
    w->n = n;
    w->order_at = n->nsaved;
    w->group_at = w->order_at + n->nkeys;
    w->width = w->group_at + 1;
    w->funcs = arena_new_array(&x->arena, struct window_func, n->naggs + 1);
    for (int i = 0; i < n->naggs; i++) {
        struct window_func *f = &w->funcs[i];
        f->plan = &n->aggs[i];
        f->nargs = f->plan->expr->nargs;
        f->at = w->width;
        w->width += 1 + f->nargs;
        TRY(window_func_begin(w, f));
    }
    TRY(types_of(x, n->group, n->ngroup, &w->key_types));
    TRY(types_of(x, n->key_exprs, n->nkeys, &w->order_types));
    TRY(window_frame_begin(w));
    w->input = arena_new_array(&x->arena, struct datum, w->width);
    w->ahead = arena_new_array(&x->arena, struct datum, w->width);
    w->keys = arena_new_array(&x->arena, struct datum, n->ngroup + 1);
    w->order = arena_new_array(&x->arena, struct datum, n->nkeys + 1);
    TRY(kept_rows(x, w->width, &w->rows));
    for (int i = 0; i < n->naggs; i++) {
        arena_init(&w->funcs[i].arena);
        arena_init(&w->funcs[i].result_arena);
    }
    w->nfuncs = n->naggs;
    arena_init(&w->arena);
    arena_init(&w->keys_arena);
    arena_init(&w->order_arena);
    arena_init(&w->out);
    for (int i = 0; (c = cursor_of(w, i)); i++)
        row_reader_init(&c->reader, w->rows);
    on_release(x, window_release, w);
    return NULL;
}

static struct err *eval_func(struct window_state *w, const struct window_func *f)
{
    struct exec *x = w->x;
    const struct plan_agg *p = f->plan;
    bool wanted = true;
    if (p->filter) {
        TRY(program_run(x, p->filter, &w->arena));
        struct datum d = x->frame[p->filter->result];
        wanted = !d.null && d.i;
    }
    w->input[f->at] = datum_bool(wanted);
    for (int k = 0; k < f->nargs; k++) {
        if (wanted)
            TRY(program_run(x, p->args[k], &w->arena));
        w->input[f->at + 1 + k] = wanted ? x->frame[p->args[k]->result] : datum_null();
    }
    return NULL;
}

/* The row in the frame as one of the store, but for its group's number; and its partition's keys.
 */
static struct err *eval_input(struct window_state *w, struct datum *keys)
{
    struct exec *x = w->x;
    const struct plan *n = w->n;
    for (int i = 0; i < n->nsaved; i++)
        w->input[i] = x->frame[n->saved[i]];
    for (int i = 0; i < n->ngroup; i++)
        TRY(value_of(x, &n->group[i], &w->arena, &keys[i]));
    for (int i = 0; i < n->nkeys; i++)
        TRY(value_of(x, &n->key_exprs[i], &w->arena, &w->input[w->order_at + i]));
    for (int i = 0; i < w->nfuncs; i++)
        TRY(eval_func(w, &w->funcs[i]));
    return NULL;
}

static struct err *add_row(struct window_state *w, struct datum *row, bool first)
{
    const struct plan *n = w->n;
    const struct datum *order = row + w->order_at;
    if (first)
        w->group = 0;
    else if (!keys_equal(w->order_types, order, w->order, n->nkeys))
        w->group++;
    else
        first = false;
    row[w->group_at] = datum_int(w->group);
    if (n->nkeys) {
        arena_reset(&w->order_arena);
        for (int i = 0; i < n->nkeys; i++)
            w->order[i] = keep(&w->order_arena, order[i]);
    }
    return row_store_add(w->rows, row);
}

/* Remembers a row that begins a partition. */
static void keep_ahead(struct window_state *w, const struct datum *keys)
{
    arena_reset(&w->keys_arena);
    for (int i = 0; i < w->n->ngroup; i++)
        w->keys[i] = keep(&w->keys_arena, keys[i]);
    for (int i = 0; i < w->width; i++)
        w->ahead[i] = i == w->group_at ? datum_int(0) : keep(&w->keys_arena, w->input[i]);
    w->has_ahead = true;
}

/* The next partition, all of it; count 0: there is none. */
static struct err *fill(struct window_state *w)
{
    struct exec *x = w->x;
    struct datum *keys;
    row_store_clear(w->rows);
    rewind_cursors(w);
    w->at = 0;
    w->peers = (struct row_span){0, 0};
    w->start.at = w->end.at = 0;
    for (int i = 0; i < w->nfuncs; i++)
        window_func_new_partition(&w->funcs[i]);
    if (w->has_ahead)
        TRY(add_row(w, w->ahead, true));
    w->has_ahead = false;
    while (!w->ended) {
        bool found;
        TRY(node_next(x, w->n->left, &found));
        w->ended = !found;
        if (!found)
            break;
        arena_reset(&w->arena);
        keys = arena_new_array(&w->arena, struct datum, w->n->ngroup + 1);
        TRY(eval_input(w, keys));
        bool first = !row_store_count(w->rows);
        if (!first && !keys_equal(w->key_types, keys, w->keys, w->n->ngroup)) {
            keep_ahead(w, keys);
            break;
        }
        if (first)
            keep_ahead(w, keys);
        w->has_ahead = false;
        TRY(add_row(w, w->input, first));
    }
    w->count = row_store_count(w->rows);
    return NULL;
}

/* ---- the node ---- */

/* The rows that the current one's order does not tell from it. */
static struct err *find_peers(struct window_state *w)
{
    const struct datum *row;
    if (w->at < w->peers.to)
        return NULL;
    w->peers.from = w->at;
    w->peers.to = w->n->nkeys ? w->at + 1 : w->count;
    while (w->peers.to < w->count) {
        TRY(window_row(w, &w->peer, w->peers.to, &row));
        if (row[w->group_at].i != w->row[w->group_at].i)
            break;
        w->peers.to++;
    }
    return NULL;
}

static struct err *give_row(struct window_state *w)
{
    const struct plan *n = w->n;
    arena_reset(&w->out);
    arena_reset(&w->arena);
    TRY(window_row(w, &w->current, w->at, &w->row));
    TRY(find_peers(w));
    for (int i = 0; i < w->nfuncs; i++)
        TRY(window_func_value(w, &w->funcs[i], &w->x->frame[w->funcs[i].plan->slot]));
    row_restore(w->x, w->row, n->saved, n->nsaved);
    w->at++;
    return NULL;
}

struct err *window_next(struct exec *x, struct plan *n, bool *found)
{
    bool fresh = !x->nodes[n->id];
    struct window_state *w = node_state(x, n, sizeof(*w));
    if (fresh)
        TRY(window_begin(x, n, w));
    if (!w->offsets_known)
        TRY(window_frame_offsets(w));
    w->offsets_known = true;
    if (w->at >= w->count)
        TRY(fill(w));
    *found = w->at < w->count;
    return *found ? give_row(w) : NULL;
}

void window_rescan(struct exec *x, struct plan *n)
{
    struct window_state *w = x->nodes[n->id];
    row_store_clear(w->rows);
    w->at = w->count = 0;
    w->has_ahead = w->ended = w->offsets_known = false;
}
