/* Nodes that compare whole rows: DISTINCT, INTERSECT, EXCEPT. A hash table takes rows up to its
 * bound; those that it has no room for are divided by their hash and worked through afterwards, a
 * batch at a time (spill.c). */
#include "exec/exec_internal.h"

/* The types' functions; 42883 where rows cannot be compared. */
static struct err *hashable_types(struct exec *x, struct plan *n, const struct type_ops ***out)
{
    const struct type_ops **types =
        arena_new_array(&x->arena, const struct type_ops *, n->nexprs + 1);
    for (int i = 0; i < n->nexprs; i++) {
        types[i] = expr_order(n->exprs[i].expr);
        if (!types[i] || !types[i]->hash || !types[i]->compare)
            return err_new("42883", "could not identify an equality operator for type %s",
                           types[i] ? types[i]->name : "unknown");
    }
    *out = types;
    return NULL;
}

/* ---- distinct ---- */

struct distinct_state {
    struct arena arena;       /* the row's keys */
    struct arena table_arena; /* hashed: the table; sorted: the last row's keys */
    struct row_hash table;
    const struct type_ops **types;
    const struct datum *last; /* sorted: keys of the row before; NULL: none */
    struct datum *row;        /* keys, then saved slots, as batches have them */
    struct batch *batch;      /* being worked through; NULL: the input */
    struct row_reader reader; /* of it */
    struct batch *todo;
    struct spill *spill; /* of this batch: rows that the full table had no room for */
    bool ended;
};

static void distinct_clear(struct distinct_state *s)
{
    row_reader_done(&s->reader);
    batch_free(s->batch);
    batches_free(&s->todo);
    spill_free(s->spill);
    s->batch = NULL;
    s->spill = NULL;
    s->last = NULL;
    s->ended = false;
}

static void distinct_release(void *arg)
{
    struct distinct_state *s = arg;
    distinct_clear(s);
    arena_done(&s->arena);
    arena_done(&s->table_arena);
}

static struct err *distinct_state(struct exec *x, struct plan *n, struct distinct_state **out)
{
    bool fresh = !x->nodes[n->id];
    struct distinct_state *s = node_state(x, n, sizeof(*s));
    *out = s;
    if (!fresh)
        return NULL;
    arena_init(&s->arena);
    arena_init(&s->table_arena);
    on_release(x, distinct_release, s);
    s->row = arena_new_array(&x->arena, struct datum, n->nexprs + n->nsaved + 1);
    TRY(hashable_types(x, n, &s->types));
    row_hash_init(&s->table, &s->table_arena, s->types, n->nexprs);
    return NULL;
}

/* The next row of the input, or of the batch: its keys into s->row, its slots into the frame. */
static struct err *distinct_input(struct exec *x, struct plan *n, struct distinct_state *s,
                                  bool *found)
{
    const struct datum *row;
    if (s->batch) {
        TRY(row_reader_next(&s->reader, &row, found));
        if (!*found)
            return NULL;
        memcpy(s->row, row, sizeof(*row) * (size_t)(n->nexprs + n->nsaved));
        row_restore(x, row + n->nexprs, n->saved, n->nsaved);
        return NULL;
    }
    TRY(node_next(x, n->left, found));
    if (!*found)
        return NULL;
    arena_reset(&s->arena);
    for (int i = 0; i < n->nexprs; i++)
        TRY(value_of(x, &n->exprs[i], &s->arena, &s->row[i]));
    return NULL;
}

static struct err *set_aside(struct exec *x, struct plan *n, struct distinct_state *s)
{
    if (!s->spill)
        TRY(spill_new(x, s->batch ? s->batch->level : 0, n->nexprs + n->nsaved, &s->spill));
    for (int i = 0; i < n->nsaved; i++)
        s->row[n->nexprs + i] = x->frame[n->saved[i]];
    return spill_add(s->spill, hash_keys(s->types, s->row, n->nexprs), s->row);
}

static struct err *next_distinct_batch(struct plan *n, struct distinct_state *s)
{
    row_reader_done(&s->reader);
    batch_free(s->batch);
    s->batch = NULL;
    if (s->spill) {
        struct spill *spilled = s->spill;
        s->spill = NULL;
        TRY(spill_to_batches(spilled, NULL, false, false, &s->todo));
    }
    s->batch = s->todo;
    s->ended = !s->batch;
    if (s->ended)
        return NULL;
    s->todo = s->batch->next;
    row_reader_init(&s->reader, s->batch->left);
    arena_reset(&s->table_arena);
    row_hash_init(&s->table, &s->table_arena, s->types, n->nexprs);
    return NULL;
}

static struct err *hashed_next(struct exec *x, struct plan *n, struct distinct_state *s,
                               bool *found)
{
    while (!s->ended) {
        struct hash_entry *entry;
        bool added;
        bool full = s->table_arena.used_bytes > hash_memory(x) &&
                    (!s->batch || s->batch->level < SPILL_MAX_LEVEL);
        TRY(fiber_tick());
        TRY(distinct_input(x, n, s, found));
        if (!*found) {
            TRY(next_distinct_batch(n, s));
            continue;
        }
        TRY(row_hash_get(&s->table, s->row, !full, &entry, &added));
        if (added)
            return NULL;
        if (!entry)
            TRY(set_aside(x, n, s));
    }
    *found = false;
    return NULL;
}

/* Equal rows follow one another. */
static struct err *sorted_next(struct exec *x, struct plan *n, struct distinct_state *s,
                               bool *found)
{
    for (;;) {
        TRY(fiber_tick());
        TRY(distinct_input(x, n, s, found));
        if (!*found)
            return NULL;
        if (s->last && keys_equal(s->types, s->last, s->row, n->nexprs))
            continue;
        arena_reset(&s->table_arena);
        struct datum *last = arena_new_array(&s->table_arena, struct datum, n->nexprs + 1);
        for (int i = 0; i < n->nexprs; i++)
            last[i] = keep(&s->table_arena, s->row[i]);
        s->last = last;
        return NULL;
    }
}

struct err *distinct_next(struct exec *x, struct plan *n, bool *found)
{
    struct distinct_state *s;
    TRY(distinct_state(x, n, &s));
    return n->strategy == AGG_SORTED ? sorted_next(x, n, s, found) : hashed_next(x, n, s, found);
}

void distinct_rescan(struct exec *x, struct plan *n)
{
    struct distinct_state *s = x->nodes[n->id];
    distinct_clear(s);
    arena_reset(&s->table_arena);
    row_hash_init(&s->table, &s->table_arena, s->types, n->nexprs);
}

/* ---- INTERSECT, EXCEPT ---- */

struct counted {
    uint64_t left;
    uint64_t right;
};

struct setop_state {
    struct arena arena;
    struct row_hash table;
    const struct type_ops **types;
    struct datum *keys;
    bool filled;
    size_t bucket;
    struct hash_entry *entry;
    uint64_t repeat;
    struct batch *batch; /* whose rows are in the table; NULL: those of the inputs */
    struct batch *todo;
    struct spill *left; /* rows without room, of either side; NULL: none */
    struct spill *right;
};

static void setop_clear(struct setop_state *s)
{
    batch_free(s->batch);
    batches_free(&s->todo);
    spill_free(s->left);
    spill_free(s->right);
    s->batch = NULL;
    s->left = s->right = NULL;
}

static void setop_release(void *arg)
{
    struct setop_state *s = arg;
    setop_clear(s);
    arena_done(&s->arena);
}

static struct err *count_row(struct exec *x, struct plan *n, struct setop_state *s,
                             const struct datum *keys, bool left)
{
    struct hash_entry *entry;
    bool added;
    int level = s->batch ? s->batch->level : 0;
    bool full = s->arena.used_bytes > hash_memory(x) && level < SPILL_MAX_LEVEL;
    TRY(row_hash_get(&s->table, keys, left && !full, &entry, &added));
    if (!entry) {
        if (left && !s->left) {
            TRY(spill_new(x, level, n->nslots, &s->left));
            TRY(spill_new(x, level, n->nslots, &s->right));
        }
        /* A right row whose like is not on the left changes nothing. */
        struct spill *to = left ? s->left : s->right;
        return to ? spill_add(to, hash_keys(s->types, keys, n->nslots), keys) : NULL;
    }
    if (added)
        entry->payload = arena_new(&s->arena, struct counted);
    struct counted *c = entry->payload;
    if (left)
        c->left++;
    else
        c->right++;
    return NULL;
}

static struct err *count_input(struct exec *x, struct plan *n, struct setop_state *s, bool left)
{
    const int *slots = left ? n->slots : n->right_slots;
    for (;;) {
        bool found;
        TRY(fiber_tick());
        TRY(node_next(x, left ? n->left : n->right, &found));
        if (!found)
            return NULL;
        for (int i = 0; i < n->nslots; i++)
            s->keys[i] = x->frame[slots[i]];
        TRY(count_row(x, n, s, s->keys, left));
    }
}

static struct err *count_stored(struct exec *x, struct plan *n, struct setop_state *s, bool left)
{
    struct row_reader reader;
    const struct datum *row;
    struct err *e = NULL;
    row_reader_init(&reader, left ? s->batch->left : s->batch->right);
    for (bool found = true; found && !e;) {
        e = row_reader_next(&reader, &row, &found);
        if (!e && found)
            e = count_row(x, n, s, row, left);
        if (!e)
            e = fiber_tick();
    }
    row_reader_done(&reader);
    return e;
}

static uint64_t times(const struct plan *n, const struct counted *c)
{
    if (n->setop == SETOP_INTERSECT)
        return n->setop_all ? (c->left < c->right ? c->left : c->right) : c->left && c->right;
    return n->setop_all ? (c->left > c->right ? c->left - c->right : 0) : c->left && !c->right;
}

/* Counts the rows of the inputs, or of the next batch; *found is false when there is none left. */
static struct err *setop_fill(struct exec *x, struct plan *n, struct setop_state *s, bool *found)
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
    arena_reset(&s->arena);
    row_hash_init(&s->table, &s->arena, s->types, n->nslots);
    TRY(s->batch ? count_stored(x, n, s, true) : count_input(x, n, s, true));
    TRY(s->batch ? count_stored(x, n, s, false) : count_input(x, n, s, false));
    s->filled = true;
    s->bucket = 0;
    s->entry = NULL;
    if (!s->left)
        return NULL;
    struct spill *left = s->left;
    struct spill *right = s->right;
    s->left = s->right = NULL;
    return spill_to_batches(left, right, true, false, &s->todo);
}

static struct err *setop_state(struct exec *x, struct plan *n, struct setop_state **out)
{
    bool fresh = !x->nodes[n->id];
    struct setop_state *s = node_state(x, n, sizeof(*s));
    *out = s;
    if (!fresh)
        return NULL;
    arena_init(&s->arena);
    on_release(x, setop_release, s);
    s->keys = arena_new_array(&x->arena, struct datum, n->nslots + 1);
    return hashable_types(x, n, &s->types);
}

struct err *setop_next(struct exec *x, struct plan *n, bool *found)
{
    struct setop_state *s;
    TRY(setop_state(x, n, &s));
    if (!s->filled)
        TRY(setop_fill(x, n, s, found));
    while (!s->repeat) {
        TRY(fiber_tick());
        if (s->entry)
            s->entry = s->entry->next;
        while (!s->entry && s->bucket < s->table.nbuckets)
            s->entry = s->table.buckets[s->bucket++];
        if (s->entry) {
            s->repeat = times(n, s->entry->payload);
            continue;
        }
        TRY(setop_fill(x, n, s, found));
        if (!*found)
            return NULL;
    }
    s->repeat--;
    *found = true;
    row_restore(x, s->entry->keys, n->slots, n->nslots);
    return NULL;
}

void setop_rescan(struct exec *x, struct plan *n)
{
    struct setop_state *s = x->nodes[n->id];
    setop_clear(s);
    s->filled = false;
    s->bucket = 0;
    s->entry = NULL;
    s->repeat = 0;
    (void)n;
}
