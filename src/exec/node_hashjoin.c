/* Hash join: the right rows in a table, each left row looks up its partners.
 *
 * When the right rows pass the bound, both inputs are divided by the hash of their keys into pairs
 * of parts, *batches*, which are joined one after another, and divided again where a part is still
 * too large. Rows with equal keys stay together, so that a batch may be too large however often it
 * is divided: then its right rows are taken in chunks of what fits, and the left rows are read once
 * for each chunk; a bit for each left row says whether an earlier chunk had a partner. */
#include "exec/exec_internal.h"

#include <stdlib.h>

struct joined_row {
    struct joined_row *next;
    struct joined_row *last; /* of the first row with a key: rows keep their input order */
    bool matched;
    struct datum saved[];
};

enum { MAX_DIVISIONS = 4 };

struct hash_state {
    struct arena arena;      /* conditions */
    struct arena keys_arena; /* the left row's keys */
    struct arena table_arena;
    struct row_hash table;
    const struct type_ops **types;
    struct datum *keys;
    bool built;
    bool have_left;
    bool matched;
    struct joined_row *candidate;
    struct joined_row *null_rows; /* FULL: rows with a NULL key match nothing but are kept */
    size_t unmatched_bucket;
    struct hash_entry *unmatched_entry;
    struct joined_row *unmatched_row;
    bool left_done;
    struct batch *batch; /* being joined; NULL: the inputs */
    struct batch *todo;
    struct spill *left_spill;
    struct spill *right_spill;
    struct row_reader left; /* of the batch */
    struct row_reader right;
    bool more_chunks;      /* the table has a part of the right rows, which others follow */
    uint8_t *left_matched; /* bits by row, where there are chunks */
    bool ended;
};

static void batch_done(struct hash_state *s)
{
    row_reader_done(&s->left);
    row_reader_done(&s->right);
    batch_free(s->batch);
    free(s->left_matched);
    s->batch = NULL;
    s->left_matched = NULL;
    s->more_chunks = false;
}

static void join_clear(struct hash_state *s)
{
    batch_done(s);
    batches_free(&s->todo);
    spill_free(s->left_spill);
    spill_free(s->right_spill);
    s->left_spill = s->right_spill = NULL;
}

static void join_release(void *arg)
{
    struct hash_state *s = arg;
    join_clear(s);
    arena_done(&s->arena);
    arena_done(&s->keys_arena);
    arena_done(&s->table_arena);
}

static struct hash_state *hash_state(struct exec *x, struct plan *n)
{
    bool fresh = !x->nodes[n->id];
    struct hash_state *s = node_state(x, n, sizeof(*s));
    if (!fresh)
        return s;
    arena_init(&s->arena);
    arena_init(&s->keys_arena);
    arena_init(&s->table_arena);
    on_release(x, join_release, s);
    s->types = arena_new_array(&x->arena, const struct type_ops *, n->nhash);
    s->keys = arena_new_array(&x->arena, struct datum, n->nhash);
    for (int i = 0; i < n->nhash; i++)
        s->types[i] = type_by_oid(n->hash_types[i]);
    return s;
}

/* ---- rows of either side ---- */

static struct err *next_stored(struct exec *x, struct row_reader *r, const int *slots, int n,
                               bool *found)
{
    const struct datum *row;
    TRY(row_reader_next(r, &row, found));
    if (*found)
        row_restore(x, row, slots, n);
    return NULL;
}

static struct err *next_right(struct exec *x, struct plan *n, struct hash_state *s, bool *found)
{
    return s->batch ? next_stored(x, &s->right, n->saved, n->nsaved, found)
                    : node_next(x, n->right, found);
}

static struct err *next_left(struct exec *x, struct plan *n, struct hash_state *s, bool *found)
{
    return s->batch ? next_stored(x, &s->left, n->left_saved, n->nleft_saved, found)
                    : node_next(x, n->left, found);
}

/* ---- dividing ---- */

/* Hash of the row in the frame; rows that match nothing go anywhere. */
static struct err *row_hash_of(struct exec *x, struct plan *n, struct hash_state *s, bool left,
                               bool *has_null, uint64_t *hash)
{
    arena_reset(&s->arena);
    TRY(join_keys(x, left ? n->hash_left : n->hash_right, n->nhash, &s->arena, s->keys, has_null));
    *hash = *has_null ? 0 : hash_keys(s->types, s->keys, n->nhash);
    return NULL;
}

static struct err *divide_rest(struct exec *x, struct plan *n, struct hash_state *s, bool left)
{
    const int *slots = left ? n->left_saved : n->saved;
    int width = left ? n->nleft_saved : n->nsaved;
    bool keep_nulls = left ? n->join != JOIN_INNER : n->join == JOIN_FULL;
    struct datum *row = arena_new_array(&x->arena, struct datum, width + 1);
    for (;;) {
        bool found;
        bool has_null;
        uint64_t hash;
        TRY(fiber_tick());
        TRY(left ? next_left(x, n, s, &found) : next_right(x, n, s, &found));
        if (!found)
            return NULL;
        TRY(row_hash_of(x, n, s, left, &has_null, &hash));
        if (has_null && !keep_nulls)
            continue;
        for (int i = 0; i < width; i++)
            row[i] = x->frame[slots[i]];
        TRY(spill_add(left ? s->left_spill : s->right_spill, hash, row));
    }
}

static struct err *divide_rows(struct hash_state *s, const struct joined_row *row, uint64_t hash)
{
    for (; row; row = row->next) {
        TRY(spill_add(s->right_spill, hash, row->saved));
        TRY(fiber_tick());
    }
    return NULL;
}

static struct err *divide_table(struct hash_state *s)
{
    for (size_t i = 0; i < s->table.nbuckets; i++)
        for (const struct hash_entry *e = s->table.buckets[i]; e; e = e->next)
            TRY(divide_rows(s, e->payload, e->hash));
    return divide_rows(s, s->null_rows, 0);
}

/* The table's rows and all that follow, and the whole left side, become batches. */
static struct err *divide(struct exec *x, struct plan *n, struct hash_state *s)
{
    int level = s->batch ? s->batch->level : 0;
    TRY(spill_new(x, level, n->nsaved, &s->right_spill));
    TRY(spill_new(x, level, n->nleft_saved, &s->left_spill));
    TRY(divide_table(s));
    arena_reset(&s->table_arena);
    TRY(divide_rest(x, n, s, false));
    TRY(divide_rest(x, n, s, true));
    struct spill *left = s->left_spill;
    struct spill *right = s->right_spill;
    s->left_spill = s->right_spill = NULL;
    batch_done(s);
    return spill_to_batches(left, right, n->join != JOIN_INNER, n->join == JOIN_FULL, &s->todo);
}

static void next_batch(struct hash_state *s)
{
    batch_done(s);
    s->batch = s->todo;
    s->ended = !s->batch;
    if (s->ended)
        return;
    s->todo = s->batch->next;
    row_reader_init(&s->left, s->batch->left);
    row_reader_init(&s->right, s->batch->right);
}

/* ---- building ---- */

static struct err *save_right(struct exec *x, struct plan *n, struct hash_state *s, bool has_null)
{
    struct hash_entry *entry;
    bool added;
    struct joined_row *row =
        arena_try_alloc(&s->table_arena, sizeof(*row) + sizeof(struct datum) * (size_t)n->nsaved);
    if (!row)
        return err_oom();
    row->next = NULL;
    row->matched = false;
    for (int i = 0; i < n->nsaved; i++)
        row->saved[i] = keep(&s->table_arena, x->frame[n->saved[i]]);
    if (has_null) {
        row->next = s->null_rows;
        s->null_rows = row;
        return NULL;
    }
    TRY(row_hash_get(&s->table, s->keys, true, &entry, &added));
    struct joined_row *head = entry->payload;
    if (added)
        entry->payload = head = row;
    else
        head->last->next = row;
    head->last = row;
    return NULL;
}

static void fresh_table(struct plan *n, struct hash_state *s)
{
    arena_reset(&s->table_arena);
    row_hash_init(&s->table, &s->table_arena, s->types, n->nhash);
    s->candidate = s->null_rows = s->unmatched_row = NULL;
    s->unmatched_entry = NULL;
    s->unmatched_bucket = 0;
    s->have_left = s->left_done = false;
}

/* Right rows into the table until they end or the bound is reached. */
static struct err *fill_table(struct exec *x, struct plan *n, struct hash_state *s, bool *full)
{
    fresh_table(n, s);
    *full = false;
    while (!*full) {
        bool found;
        bool has_null;
        TRY(fiber_tick());
        TRY(next_right(x, n, s, &found));
        if (!found)
            return NULL;
        arena_reset(&s->arena);
        TRY(join_keys(x, n->hash_right, n->nhash, &s->arena, s->keys, &has_null));
        if (has_null && n->join != JOIN_FULL)
            continue;
        TRY(save_right(x, n, s, has_null));
        *full = s->table_arena.used_bytes > hash_memory(x);
    }
    return NULL;
}

/* A table of the inputs' right rows or of the next batch's. */
static struct err *build(struct exec *x, struct plan *n, struct hash_state *s)
{
    for (;;) {
        bool full;
        TRY(fill_table(x, n, s, &full));
        note_table(x, n, &s->table, s->table_arena.used_bytes);
        s->more_chunks = full && s->batch && s->batch->level >= MAX_DIVISIONS;
        s->built = true;
        if (s->more_chunks &&
            !(s->left_matched = calloc(1, row_store_count(s->batch->left) / 8 + 1)))
            return err_oom();
        if (!full || s->more_chunks)
            return NULL;
        TRY(divide(x, n, s));
        next_batch(s);
        if (s->ended)
            return NULL;
    }
}

/* What follows when all left rows have met this table: *done when there is nothing. */
static struct err *next_table(struct exec *x, struct plan *n, struct hash_state *s, bool *done)
{
    bool full;
    if (s->more_chunks) {
        row_reader_rewind(&s->left);
        TRY(fill_table(x, n, s, &full));
        s->more_chunks = full;
        *done = false;
        return NULL;
    }
    next_batch(s);
    *done = s->ended;
    return s->ended ? NULL : build(x, n, s);
}

/* ---- probing ---- */

static bool matched_before(const struct hash_state *s)
{
    size_t i = s->left.at - 1;
    return s->left_matched && (s->left_matched[i / 8] >> i % 8 & 1);
}

static struct err *probe(struct exec *x, struct plan *n, struct hash_state *s, bool *found)
{
    struct hash_entry *entry;
    bool has_null;
    bool added;
    TRY(next_left(x, n, s, found));
    if (!*found)
        return NULL;
    arena_reset(&s->keys_arena);
    TRY(join_keys(x, n->hash_left, n->nhash, &s->keys_arena, s->keys, &has_null));
    s->candidate = NULL;
    if (!has_null) {
        TRY(row_hash_get(&s->table, s->keys, false, &entry, &added));
        s->candidate = entry ? entry->payload : NULL;
    }
    s->have_left = true;
    s->matched = matched_before(s);
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

/* The left row has met its last partner: true when it goes out alone. */
static bool left_alone(struct exec *x, struct plan *n, struct hash_state *s)
{
    s->have_left = false;
    if (s->more_chunks || n->join == JOIN_INNER || s->matched)
        return false;
    set_null(x, n->null_slots, n->nnull_slots);
    return true;
}

static void note_match(struct hash_state *s, struct joined_row *row)
{
    s->matched = row->matched = true;
    if (s->left_matched) {
        size_t i = s->left.at - 1;
        s->left_matched[i / 8] |= (uint8_t)(1 << i % 8);
    }
}

static struct err *next_joined(struct exec *x, struct plan *n, struct hash_state *s, bool *found)
{
    for (;;) {
        bool holds;
        bool done;
        TRY(fiber_tick());
        if (s->left_done) {
            *found = n->join == JOIN_FULL && next_unmatched(x, n, s);
            if (*found)
                return NULL;
            TRY(next_table(x, n, s, &done));
            if (done)
                return NULL;
            continue;
        }
        if (!s->have_left) {
            TRY(probe(x, n, s, found));
            s->left_done = !*found;
            continue;
        }
        if (!s->candidate) {
            *found = left_alone(x, n, s);
            if (*found)
                return NULL;
            continue;
        }
        struct joined_row *row = s->candidate;
        s->candidate = row->next;
        row_restore(x, row->saved, n->saved, n->nsaved);
        arena_reset(&s->arena);
        TRY(node_join_filter(x, n, &s->arena, &holds));
        if (!holds)
            continue;
        note_match(s, row);
        *found = true;
        return NULL;
    }
}

struct err *hashjoin_next(struct exec *x, struct plan *n, bool *found)
{
    struct hash_state *s = hash_state(x, n);
    if (!s->built)
        TRY(build(x, n, s));
    *found = false;
    for (bool holds = false; !holds && !s->ended;) {
        arena_reset(&s->arena);
        TRY(next_joined(x, n, s, found));
        if (!*found)
            return NULL;
        TRY(node_filter(x, n, &s->arena, &holds));
    }
    return NULL;
}

void hashjoin_rescan(struct exec *x, struct plan *n)
{
    struct hash_state *s = x->nodes[n->id];
    join_clear(s);
    fresh_table(n, s);
    s->built = s->ended = false;
}
