/* Joins, and the store that lets an inner side be read again. */
#include "exec/exec_internal.h"

/* ---- nested loop ---- */

struct nest_state {
    struct arena arena;
    bool have_left;
    bool matched;
    bool begun_right;
};

static void set_null(struct exec *x, const int *slots, int n)
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
        TRY(condition(x, &n->join_filter, &s->arena, &holds));
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
        TRY(condition(x, &n->filter, &s->arena, &holds));
    }
    return NULL;
}

void nestloop_rescan(struct exec *x, struct plan *n)
{
    struct nest_state *s = x->nodes[n->id];
    s->have_left = false;
    s->begun_right = false; /* node_rescan has started the right side over already */
}

/* ---- hash join ---- */

struct joined_row {
    struct joined_row *next;
    struct joined_row *last; /* of the first row with a key: rows keep their input order */
    bool matched;
    struct datum saved[];
};

struct hash_state {
    struct arena arena;      /* conditions */
    struct arena keys_arena; /* the left row's keys */
    struct arena table_arena;
    struct row_hash table;
    const struct type_ops **types;
    bool built;
    bool have_left;
    bool matched;
    struct joined_row *candidate;
    struct joined_row *null_rows; /* FULL: rows with a NULL key match nothing but are kept */
    size_t unmatched_bucket;
    struct hash_entry *unmatched_entry;
    struct joined_row *unmatched_row;
    bool left_done;
};

static struct hash_state *hash_state(struct exec *x, struct plan *n)
{
    bool fresh = !x->nodes[n->id];
    struct hash_state *s = node_state(x, n, sizeof(*s));
    if (!fresh)
        return s;
    struct arena *arenas[] = {&s->arena, &s->keys_arena, &s->table_arena};
    for (int i = 0; i < 3; i++) {
        arena_init(arenas[i]);
        on_release(x, release_arena, arenas[i]);
    }
    s->types = arena_new_array(&x->arena, const struct type_ops *, n->nhash);
    for (int i = 0; i < n->nhash; i++)
        s->types[i] = type_by_oid(n->hash_types[i]);
    return s;
}

static struct err *join_keys(struct exec *x, struct plan_expr *exprs, int n, struct arena *arena,
                             struct datum *keys, bool *has_null)
{
    *has_null = false;
    for (int i = 0; i < n; i++) {
        TRY(value_of(x, &exprs[i], arena, &keys[i]));
        *has_null |= keys[i].null;
    }
    return NULL;
}

static struct joined_row *save_right(struct exec *x, struct plan *n, struct hash_state *s)
{
    struct joined_row *row =
        arena_try_alloc(&s->table_arena, sizeof(*row) + sizeof(struct datum) * (size_t)n->nsaved);
    if (!row)
        return NULL;
    row->next = NULL;
    row->matched = false;
    for (int i = 0; i < n->nsaved; i++)
        row->saved[i] = keep(&s->table_arena, x->frame[n->saved[i]]);
    return row;
}

static struct err *build(struct exec *x, struct plan *n, struct hash_state *s)
{
    struct datum *keys = arena_new_array(&x->arena, struct datum, n->nhash);
    row_hash_init(&s->table, &s->table_arena, s->types, n->nhash);
    for (;;) {
        bool found;
        bool has_null;
        bool added;
        struct hash_entry *entry;
        TRY(fiber_tick());
        TRY(node_next(x, n->right, &found));
        if (!found)
            break;
        arena_reset(&s->arena);
        TRY(join_keys(x, n->hash_right, n->nhash, &s->arena, keys, &has_null));
        if (has_null && n->join != JOIN_FULL)
            continue;
        struct joined_row *row = save_right(x, n, s);
        if (!row)
            return err_oom();
        if (has_null) {
            row->next = s->null_rows;
            s->null_rows = row;
            continue;
        }
        TRY(row_hash_get(&s->table, keys, true, &entry, &added));
        struct joined_row *head = entry->payload;
        if (added)
            entry->payload = head = row;
        else
            head->last->next = row;
        head->last = row;
    }
    s->built = true;
    return NULL;
}

static struct err *probe(struct exec *x, struct plan *n, struct hash_state *s, bool *found)
{
    struct datum keys[16];
    struct hash_entry *entry;
    bool has_null;
    bool added;
    TRY(node_next(x, n->left, found));
    if (!*found)
        return NULL;
    arena_reset(&s->keys_arena);
    TRY(join_keys(x, n->hash_left, n->nhash, &s->keys_arena, keys, &has_null));
    s->candidate = NULL;
    if (!has_null) {
        TRY(row_hash_get(&s->table, keys, false, &entry, &added));
        s->candidate = entry ? entry->payload : NULL;
    }
    s->have_left = true;
    s->matched = false;
    return NULL;
}

/* FULL: right rows that matched nothing come last, with NULLs on the left. */
static bool next_unmatched(struct exec *x, struct plan *n, struct hash_state *s)
{
    for (;;) {
        while (s->unmatched_row && s->unmatched_row->matched)
            s->unmatched_row = s->unmatched_row->next;
        if (s->unmatched_row) {
            row_restore(x, s->unmatched_row->saved, n->saved, n->nsaved);
            s->unmatched_row = s->unmatched_row->next;
            set_null(x, n->left_null_slots, n->nleft_null_slots);
            return true;
        }
        if (s->unmatched_entry)
            s->unmatched_entry = s->unmatched_entry->next;
        while (!s->unmatched_entry && s->unmatched_bucket < s->table.nbuckets)
            s->unmatched_entry = s->table.buckets[s->unmatched_bucket++];
        if (s->unmatched_entry) {
            s->unmatched_row = s->unmatched_entry->payload;
        } else if (s->null_rows) {
            s->unmatched_row = s->null_rows;
            s->null_rows = NULL;
        } else {
            return false;
        }
    }
}

static struct err *next_joined(struct exec *x, struct plan *n, struct hash_state *s, bool *found)
{
    for (;;) {
        bool holds;
        TRY(fiber_tick());
        if (s->left_done) {
            *found = n->join == JOIN_FULL && next_unmatched(x, n, s);
            return NULL;
        }
        if (!s->have_left) {
            TRY(probe(x, n, s, found));
            s->left_done = !*found;
            continue;
        }
        if (!s->candidate) {
            s->have_left = false;
            if (n->join != JOIN_INNER && !s->matched) {
                set_null(x, n->null_slots, n->nnull_slots);
                *found = true;
                return NULL;
            }
            continue;
        }
        struct joined_row *row = s->candidate;
        s->candidate = row->next;
        row_restore(x, row->saved, n->saved, n->nsaved);
        TRY(condition(x, &n->join_filter, &s->arena, &holds));
        if (!holds)
            continue;
        s->matched = row->matched = true;
        *found = true;
        return NULL;
    }
}

struct err *hashjoin_next(struct exec *x, struct plan *n, bool *found)
{
    struct hash_state *s = hash_state(x, n);
    if (!s->built)
        TRY(build(x, n, s));
    for (bool holds = false; !holds;) {
        arena_reset(&s->arena);
        TRY(next_joined(x, n, s, found));
        if (!*found)
            return NULL;
        TRY(condition(x, &n->filter, &s->arena, &holds));
    }
    return NULL;
}

void hashjoin_rescan(struct exec *x, struct plan *n)
{
    struct hash_state *s = x->nodes[n->id];
    arena_reset(&s->table_arena);
    s->built = s->have_left = s->left_done = false;
    s->candidate = s->null_rows = s->unmatched_row = NULL;
    s->unmatched_entry = NULL;
    s->unmatched_bucket = 0;
}

/* ---- material ---- */

struct material_state {
    struct row_store *rows;
    size_t at;
    bool complete;
};

struct err *material_next(struct exec *x, struct plan *n, bool *found)
{
    struct material_state *s = node_state(x, n, sizeof(*s));
    if (!s->rows)
        s->rows = row_store_new(x, n->nsaved);
    if (s->at < s->rows->count) {
        row_restore(x, s->rows->rows[s->at++], n->saved, n->nsaved);
        *found = true;
        return NULL;
    }
    *found = false;
    if (s->complete)
        return NULL;
    TRY(node_next(x, n->left, found));
    s->complete = !*found;
    if (*found) {
        TRY(row_store_add(x, s->rows, n->saved));
        s->at++;
    }
    return NULL;
}

void material_rewind(struct exec *x, struct plan *n)
{
    struct material_state *s = x->nodes[n->id];
    if (s)
        s->at = 0;
}

void material_rescan(struct exec *x, struct plan *n)
{
    struct material_state *s = x->nodes[n->id];
    if (s->rows)
        row_store_clear(s->rows);
    s->at = 0;
    s->complete = false;
}
