/* Merge join: both inputs come in the order of the keys and are read side by side. The right rows
 * that have the same keys are kept as a *group*, which each left row with these keys goes through.
 * The right row behind the group waits. Rows with a NULL among their keys match nothing.
 *
 * An input goes on from its slots as it left them with its last row: they are put back before,
 * where rows of the group or NULLs have taken their place. Till then the row's bytes stay where
 * they are. */
#include "exec/exec_internal.h"

#include "base/buf.h"

enum phase {
    NEXT_LEFT, /* a left row is wanted */
    ADVANCE,   /* the right side is wanted up to the left row's keys */
    PAIRS,     /* the left row goes through the group */
    ALONE,     /* the left row has met its last partner */
    GROUP_END, /* FULL: rows of the group without a partner; then ADVANCE or REST */
    REST,      /* FULL: what is left of the right side */
    END,
};

struct merge_state {
    enum phase phase;
    struct arena arena; /* conditions */
    const struct type_ops **types;
    /* The left row; it stays in the frame, but for rows that go out without a left side. */
    struct arena left_arena;
    struct datum *left_keys;
    struct datum *left_row; /* FULL: what such rows take the place of */
    bool left_null;
    bool left_done;
    bool matched;
    /* The right row read last, which waits if it is none of the group. */
    struct arena ahead_arena;
    struct datum *ahead_keys;
    struct datum *ahead;
    struct datum *nulled; /* outer joins: what NULLs take the place of */
    bool ahead_null;
    bool right_begun;
    bool have_ahead;
    bool right_done;
    /* The group. */
    struct arena group_arena;
    struct datum *group_keys;
    struct row_store *group;
    struct row_reader reader;
    struct buf group_matched; /* FULL: a byte for each row */
    bool have_group;
};

static void merge_release(void *arg)
{
    struct merge_state *s = arg;
    row_reader_done(&s->reader);
    buf_done(&s->group_matched);
    arena_done(&s->arena);
    arena_done(&s->left_arena);
    arena_done(&s->ahead_arena);
    arena_done(&s->group_arena);
}

static struct err *merge_state(struct exec *x, struct plan *n, struct merge_state **out)
{
    struct merge_state *s = node_state(x, n, sizeof(*s));
    *out = s;
    if (s->group)
        return NULL;
    TRY(kept_rows(x, n->nsaved, &s->group));
    row_reader_init(&s->reader, s->group);
    arena_init(&s->arena);
    arena_init(&s->left_arena);
    arena_init(&s->ahead_arena);
    arena_init(&s->group_arena);
    on_release(x, merge_release, s);
    s->types = arena_new_array(&x->arena, const struct type_ops *, n->nhash);
    s->left_keys = arena_new_array(&x->arena, struct datum, n->nhash);
    s->ahead_keys = arena_new_array(&x->arena, struct datum, n->nhash);
    s->group_keys = arena_new_array(&x->arena, struct datum, n->nhash);
    s->left_row = arena_new_array(&x->arena, struct datum, n->nleft_null_slots + 1);
    s->ahead = arena_new_array(&x->arena, struct datum, n->nsaved + 1);
    s->nulled = arena_new_array(&x->arena, struct datum, n->nnull_slots + 1);
    for (int i = 0; i < n->nhash; i++)
        s->types[i] = type_by_oid(n->hash_types[i]);
    return NULL;
}

static int compare_keys(const struct plan *n, const struct merge_state *s, const struct datum *a,
                        const struct datum *b)
{
    for (int i = 0; i < n->nhash; i++) {
        int c = s->types[i]->compare(s->types[i], a[i], b[i]);
        if (c)
            return c;
    }
    return 0;
}

static void copy_slots(const struct exec *x, const int *slots, int n, struct datum *to)
{
    for (int i = 0; i < n; i++)
        to[i] = x->frame[slots[i]];
}

/* ---- the right side ---- */

/* The next right row, if there is one, into the frame and `ahead`. */
static struct err *read_right(struct exec *x, struct plan *n, struct merge_state *s)
{
    bool found;
    TRY(fiber_tick());
    if (s->right_begun) {
        row_restore(x, s->nulled, n->null_slots, n->nnull_slots);
        row_restore(x, s->ahead, n->saved, n->nsaved);
    }
    TRY(node_next(x, n->right, &found));
    s->right_begun = true;
    s->right_done = !found;
    s->have_ahead = found;
    if (!found)
        return NULL;
    copy_slots(x, n->null_slots, n->nnull_slots, s->nulled);
    copy_slots(x, n->saved, n->nsaved, s->ahead);
    arena_reset(&s->ahead_arena);
    return join_keys(x, n->hash_right, n->nhash, &s->ahead_arena, s->ahead_keys, &s->ahead_null);
}

static struct err *fill_ahead(struct exec *x, struct plan *n, struct merge_state *s)
{
    return s->have_ahead || s->right_done ? NULL : read_right(x, n, s);
}

/* The row that waits goes out without a left side. */
static void take_ahead_alone(struct exec *x, const struct plan *n, struct merge_state *s)
{
    row_restore(x, s->ahead, n->saved, n->nsaved);
    set_null(x, n->left_null_slots, n->nleft_null_slots);
    s->have_ahead = false;
}

static bool in_group(const struct plan *n, const struct merge_state *s)
{
    return s->have_ahead && !s->ahead_null && compare_keys(n, s, s->ahead_keys, s->group_keys) == 0;
}

/* The row that waits, and those after it with the same keys. */
static struct err *make_group(struct exec *x, struct plan *n, struct merge_state *s)
{
    arena_reset(&s->group_arena);
    row_store_clear(s->group);
    buf_reset(&s->group_matched);
    for (int i = 0; i < n->nhash; i++)
        s->group_keys[i] = keep(&s->group_arena, s->ahead_keys[i]);
    do {
        TRY(row_store_add(s->group, s->ahead));
        if (n->join == JOIN_FULL)
            buf_put_u8(&s->group_matched, false);
        TRY(read_right(x, n, s));
    } while (in_group(n, s));
    if (s->group_matched.failed)
        return err_oom();
    s->have_group = true;
    row_reader_rewind(&s->reader);
    s->phase = PAIRS;
    return NULL;
}

/* ---- the left side ---- */

static struct err *next_left(struct exec *x, struct plan *n, struct merge_state *s)
{
    bool found;
    TRY(node_next(x, n->left, &found));
    s->left_done = !found;
    s->matched = false;
    if (found) {
        arena_reset(&s->left_arena);
        TRY(join_keys(x, n->hash_left, n->nhash, &s->left_arena, s->left_keys, &s->left_null));
        copy_slots(x, n->left_null_slots, n->nleft_null_slots, s->left_row);
    }
    row_reader_rewind(&s->reader);
    if (found && s->left_null)
        s->phase = ALONE;
    else if (found && s->have_group && compare_keys(n, s, s->left_keys, s->group_keys) == 0)
        s->phase = PAIRS;
    else
        s->phase = GROUP_END;
    return NULL;
}

/* ---- phases; *found: a row goes out ---- */

/* The next row of the group that met no left row. */
static struct err *group_end(struct exec *x, struct plan *n, struct merge_state *s, bool *found)
{
    const struct datum *row;
    *found = false;
    while (n->join == JOIN_FULL && s->have_group && !*found) {
        size_t i = s->reader.at;
        TRY(row_reader_next(&s->reader, &row, found));
        if (!*found)
            break;
        *found = !s->group_matched.data[i];
        if (*found) {
            row_restore(x, row, n->saved, n->nsaved);
            set_null(x, n->left_null_slots, n->nleft_null_slots);
            return NULL;
        }
        TRY(fiber_tick());
    }
    s->have_group = false;
    s->phase = s->left_done ? REST : ADVANCE;
    return NULL;
}

static struct err *advance(struct exec *x, struct plan *n, struct merge_state *s, bool *found)
{
    *found = false;
    TRY(fill_ahead(x, n, s));
    row_restore(x, s->left_row, n->left_null_slots, n->nleft_null_slots);
    if (!s->have_ahead) {
        s->phase = n->join == JOIN_INNER ? END : ALONE;
        return NULL;
    }
    int c = s->ahead_null ? 1 : compare_keys(n, s, s->left_keys, s->ahead_keys);
    if (c == 0)
        return make_group(x, n, s);
    if (c < 0) {
        s->phase = ALONE;
        return NULL;
    }
    s->have_ahead = false;
    if (n->join == JOIN_FULL) {
        take_ahead_alone(x, n, s);
        *found = true;
    }
    return NULL;
}

static struct err *pairs(struct exec *x, struct plan *n, struct merge_state *s, bool *found)
{
    const struct datum *row;
    size_t i = s->reader.at;
    bool holds;
    TRY(row_reader_next(&s->reader, &row, found));
    if (!*found) {
        s->phase = ALONE;
        return NULL;
    }
    row_restore(x, row, n->saved, n->nsaved);
    arena_reset(&s->arena);
    TRY(node_join_filter(x, n, &s->arena, &holds));
    *found = holds;
    if (holds && n->join == JOIN_FULL)
        s->group_matched.data[i] = 1;
    s->matched |= holds;
    return NULL;
}

static bool alone(struct exec *x, struct plan *n, struct merge_state *s)
{
    s->phase = NEXT_LEFT;
    if (n->join == JOIN_INNER || s->matched)
        return false;
    set_null(x, n->null_slots, n->nnull_slots);
    return true;
}

static struct err *rest(struct exec *x, struct plan *n, struct merge_state *s, bool *found)
{
    *found = false;
    if (n->join == JOIN_FULL)
        TRY(fill_ahead(x, n, s));
    if (n->join != JOIN_FULL || !s->have_ahead) {
        s->phase = END;
        return NULL;
    }
    take_ahead_alone(x, n, s);
    *found = true;
    return NULL;
}

static struct err *next_joined(struct exec *x, struct plan *n, struct merge_state *s, bool *found)
{
    for (*found = false; !*found && s->phase != END;) {
        TRY(fiber_tick());
        switch (s->phase) {
        case NEXT_LEFT:
            TRY(next_left(x, n, s));
            break;
        case ADVANCE:
            TRY(advance(x, n, s, found));
            break;
        case PAIRS:
            TRY(pairs(x, n, s, found));
            break;
        case ALONE:
            *found = alone(x, n, s);
            break;
        case GROUP_END:
            TRY(group_end(x, n, s, found));
            break;
        case REST:
            TRY(rest(x, n, s, found));
            break;
        case END:
            break;
        }
    }
    return NULL;
}

struct err *mergejoin_next(struct exec *x, struct plan *n, bool *found)
{
    struct merge_state *s;
    TRY(merge_state(x, n, &s));
    for (bool holds = false; !holds;) {
        TRY(next_joined(x, n, s, found));
        if (!*found)
            return NULL;
        arena_reset(&s->arena);
        TRY(node_filter(x, n, &s->arena, &holds));
    }
    return NULL;
}

void mergejoin_rescan(struct exec *x, struct plan *n)
{
    struct merge_state *s = x->nodes[n->id];
    if (s->group) {
        row_store_clear(s->group);
        row_reader_rewind(&s->reader);
    }
    s->phase = NEXT_LEFT;
    s->left_done = s->right_done = s->right_begun = s->have_ahead = s->have_group = false;
}
