/* Which rows of its partition a row's frame has. */
#include "exec/window_internal.h"

/* ---- offsets ---- */

static struct err *edge_begin(struct frame_edge *e, uint32_t in_range)
{
    if (!in_range)
        return NULL;
    e->proc = builtin_proc(in_range);
    e->in_range = fn_for_proc(in_range);
    return e->in_range ? NULL
                       : err_unsupported("RANGE with an offset of this type is not supported");
}

struct err *window_frame_begin(struct window_state *w)
{
    TRY(edge_begin(&w->start, w->n->window->start_in_range));
    return edge_begin(&w->end, w->n->window->end_in_range);
}

static struct err *edge_offset(struct window_state *w, struct frame_edge *e,
                               const struct plan_expr *offset, const char *which)
{
    struct datum d;
    if (!offset->program)
        return NULL;
    TRY(value_of(w->x, offset, &w->arena, &d));
    if (d.null)
        return err_new("22004", "frame %s offset must not be null", which);
    if (e->proc) {
        e->distance = keep(&w->x->arena, d);
        return NULL;
    }
    if (d.i < 0)
        return err_new("22013", "frame %s offset must not be negative", which);
    e->rows = d.i;
    return NULL;
}

struct err *window_frame_offsets(struct window_state *w)
{
    TRY(edge_offset(w, &w->start, &w->n->exprs[0], "starting"));
    return edge_offset(w, &w->end, &w->n->exprs[1], "ending");
}

/* ---- edges ---- */

/* at +- rows, within the partition. */
static size_t shifted(const struct window_state *w, size_t at, int64_t rows, bool back)
{
    uint64_t by = (uint64_t)rows;
    if (back)
        return by > at ? 0 : at - (size_t)by;
    return by > w->count - at ? w->count : at + (size_t)by;
}

static struct err *in_range(struct window_state *w, struct frame_edge *e, struct datum value,
                            bool subtract, bool less, bool *holds)
{
    const struct datum args[] = {value, w->row[w->order_at], e->distance, datum_bool(subtract),
                                 datum_bool(less)};
    struct fn_call c = {.args = args,
                        .nargs = 5,
                        .arena = &w->arena,
                        .env = w->x->env.types,
                        .arg_types = e->proc->argtypes,
                        .func = e->proc->oid,
                        .result_type = BOOL_OID,
                        .result_typmod = -1,
                        .session = w->x->env.session};
    struct datum d;
    TRY(e->in_range(&c, &d));
    *holds = !d.null && d.i;
    return NULL;
}

/* Whether the row at a RANGE frame's start lies before the frame. */
static struct err *before_range(struct window_state *w, struct datum value, bool preceding,
                                bool *before)
{
    const struct sort_key *k = &w->n->keys[0];
    struct datum current = w->row[w->order_at];
    if (value.null || current.null) {
        *before = k->nulls_first ? value.null && !current.null : !value.null && current.null;
        return NULL;
    }
    TRY(in_range(w, &w->start, value, preceding != k->desc, k->desc, before));
    *before = !*before;
    return NULL;
}

/* Whether the row at a RANGE frame's end belongs to the frame, or lies before it. */
static struct err *not_after_range(struct window_state *w, struct datum value, bool preceding,
                                   bool *within)
{
    const struct sort_key *k = &w->n->keys[0];
    struct datum current = w->row[w->order_at];
    if (value.null || current.null) {
        *within = k->nulls_first ? value.null || !current.null : !value.null || current.null;
        return NULL;
    }
    return in_range(w, &w->end, value, preceding != k->desc, !k->desc, within);
}

/* Moves an edge on over the rows that lie before it. */
static struct err *advance(struct window_state *w, struct frame_edge *e, bool is_start,
                           bool preceding)
{
    const struct datum *row;
    bool range = w->n->window->frame & FRAME_RANGE;
    int64_t group = w->row[w->group_at].i;
    int64_t wanted; /* GROUPS: the first, or last, group */
    if (__builtin_add_overflow(group, preceding ? -e->rows : e->rows, &wanted))
        wanted = INT64_MAX;
    for (; e->at < w->count; e->at++) {
        bool on;
        TRY(window_row(w, &e->cursor, e->at, &row));
        arena_reset(&w->arena);
        if (!range)
            on = is_start ? row[w->group_at].i < wanted : row[w->group_at].i <= wanted;
        else if (is_start)
            TRY(before_range(w, row[w->order_at], preceding, &on));
        else
            TRY(not_after_range(w, row[w->order_at], preceding, &on));
        if (!on)
            break;
    }
    return NULL;
}

static struct err *find_start(struct window_state *w, size_t *out)
{
    int frame = w->n->window->frame;
    if (frame & FRAME_START_UNBOUNDED)
        *out = 0;
    else if (frame & FRAME_START_CURRENT)
        *out = frame & FRAME_ROWS ? w->at : w->peers.from;
    else if (frame & FRAME_ROWS)
        *out = shifted(w, w->at, w->start.rows, frame & FRAME_START_PRECEDING);
    else {
        TRY(advance(w, &w->start, true, frame & FRAME_START_PRECEDING));
        *out = w->start.at;
    }
    return NULL;
}

static struct err *find_end(struct window_state *w, size_t *out)
{
    int frame = w->n->window->frame;
    if (frame & FRAME_END_UNBOUNDED)
        *out = w->count;
    else if (frame & FRAME_END_CURRENT)
        *out = frame & FRAME_ROWS ? w->at + 1 : w->peers.to;
    else if (frame & FRAME_ROWS)
        *out =
            frame & FRAME_END_PRECEDING && (uint64_t)w->end.rows > w->at
                ? 0
                : shifted(w, shifted(w, w->at, w->end.rows, frame & FRAME_END_PRECEDING), 1, false);
    else {
        TRY(advance(w, &w->end, false, frame & FRAME_END_PRECEDING));
        *out = w->end.at;
    }
    return NULL;
}

static void add_span(struct row_span *spans, int *n, size_t from, size_t to)
{
    if (from < to)
        spans[(*n)++] = (struct row_span){from, to};
}

static size_t lesser(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t greater(size_t a, size_t b)
{
    return a > b ? a : b;
}

struct err *window_frame(struct window_state *w, struct row_span spans[3], int *n)
{
    size_t from;
    size_t to;
    int frame = w->n->window->frame;
    *n = 0;
    TRY(find_start(w, &from));
    TRY(find_end(w, &to));
    if (!(frame & FRAME_EXCLUDES)) {
        add_span(spans, n, from, to);
        return NULL;
    }
    struct row_span out = w->peers;
    if (frame & FRAME_EXCLUDE_CURRENT)
        out = (struct row_span){w->at, w->at + 1};
    add_span(spans, n, from, lesser(to, out.from));
    if (frame & FRAME_EXCLUDE_TIES)
        add_span(spans, n, greater(from, w->at), lesser(to, w->at + 1));
    add_span(spans, n, greater(from, out.to), to);
    return NULL;
}
