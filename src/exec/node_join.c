/* Joins, and the store that lets an inner side be read again. */
#include "exec/exec_internal.h"

/* ---- nested loop ---- */

struct nest_state {
    struct arena arena;
    bool have_left;
    bool matched;
    bool begun_right;
};

void set_null(struct exec *x, const int *slots, int n)
{
    for (int i = 0; i < n; i++)
        x->frame[slots[i]] = datum_null();
}

static void rewind_right(struct exec *x, struct plan *n, struct nest_state *s)
{
    if (!s->begun_right) {
        s->begun_right = true;
        return;
    }
    if (n->right->kind == P_MATERIAL)
        material_rewind(x, n->right);
    else
        node_rescan(x, n->right);
}

static struct err *next_left(struct exec *x, struct plan *n, struct nest_state *s, bool *found)
{
    TRY(node_next(x, n->left, found));
    if (!*found)
        return NULL;
    s->have_left = true;
    s->matched = false;
    rewind_right(x, n, s);
    return NULL;
}

/* A candidate pair, or the left row alone when its right rows are through. */
static struct err *next_pair(struct exec *x, struct plan *n, struct nest_state *s, bool *found)
{
    for (;;) {
        bool right;
        bool holds;
        if (!s->have_left) {
            TRY(next_left(x, n, s, found));
            if (!*found)
                return NULL;
        }
        TRY(node_next(x, n->right, &right));
        if (!right) {
            s->have_left = false;
            if (n->join == JOIN_LEFT && !s->matched) {
                set_null(x, n->null_slots, n->nnull_slots);
                *found = true;
                return NULL;
            }
            continue;
        }
        arena_reset(&s->arena);
        TRY(node_join_filter(x, n, &s->arena, &holds));
        if (!holds)
            continue;
        s->matched = true;
        *found = true;
        return NULL;
    }
}

struct err *nestloop_next(struct exec *x, struct plan *n, bool *found)
{
    bool fresh = !x->nodes[n->id];
    struct nest_state *s = node_state(x, n, sizeof(*s));
    if (fresh) {
        arena_init(&s->arena);
        on_release(x, release_arena, &s->arena);
    }
    for (bool holds = false; !holds;) {
        TRY(fiber_tick());
        arena_reset(&s->arena);
        TRY(next_pair(x, n, s, found));
        if (!*found)
            return NULL;
        TRY(node_filter(x, n, &s->arena, &holds));
    }
    return NULL;
}

void nestloop_rescan(struct exec *x, struct plan *n)
{
    struct nest_state *s = x->nodes[n->id];
    s->have_left = false;
    s->begun_right = false; /* node_rescan has started the right side over already */
}

/* ---- material ---- */

struct material_state {
    struct row_store *rows;
    struct row_reader reader;
    bool complete;
};

static void material_release(void *arg)
{
    struct material_state *s = arg;
    row_reader_done(&s->reader);
}

static struct err *material_state(struct exec *x, struct plan *n, struct material_state **out)
{
    struct material_state *s = node_state(x, n, sizeof(*s));
    *out = s;
    if (s->rows)
        return NULL;
    TRY(kept_rows(x, n->nsaved, &s->rows));
    row_reader_init(&s->reader, s->rows);
    on_release(x, material_release, s);
    return NULL;
}

struct err *material_next(struct exec *x, struct plan *n, bool *found)
{
    struct material_state *s;
    const struct datum *row;
    TRY(material_state(x, n, &s));
    TRY(row_reader_next(&s->reader, &row, found));
    if (*found) {
        row_restore(x, row, n->saved, n->nsaved);
        return NULL;
    }
    if (s->complete)
        return NULL;
    TRY(node_next(x, n->left, found));
    s->complete = !*found;
    if (!*found)
        return NULL;
    TRY(row_store_add_slots(s->rows, x->frame, n->saved));
    return row_reader_seek(&s->reader, row_store_count(s->rows));
}

void material_rewind(struct exec *x, struct plan *n)
{
    struct material_state *s = x->nodes[n->id];
    if (s && s->rows)
        row_reader_rewind(&s->reader);
}

void material_rescan(struct exec *x, struct plan *n)
{
    struct material_state *s = x->nodes[n->id];
    if (s->rows) {
        row_store_clear(s->rows);
        row_reader_rewind(&s->reader);
    }
    s->complete = false;
}
