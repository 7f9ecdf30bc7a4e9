/* Sort. Few rows, and the first rows of many, are sorted as datums. More go to an external merge
 * sort, whose keys are the memcomparable encoding of the sort keys: bytes sort several times faster
 * than datums, and what passes work_mem goes to temporary files.
 *
 * Rows that come in the order of the first keys are sorted a group at a time: those that are alike
 * in these keys. The row that begins the next group waits. */
#include "exec/exec_internal.h"

#include "exec/session.h"
#include "rt/pool.h"
#include "storage/sort.h"
#include "types/key.h"

#include <stdlib.h>

enum { SMALL_BYTES = 256 * 1024 };

struct sort_row {
    struct datum *keys;
    struct datum *saved;
    uint64_t number; /* keeps equal rows in input order */
};

struct sort_state {
    struct arena arena; /* key evaluation */
    struct arena rows_arena;
    struct sort_row *rows;
    size_t count;
    size_t cap;
    size_t at;
    uint64_t seen;
    int64_t bound; /* only that many are wanted; -1: all */
    bool sorted;
    const struct type_ops **ops;
    const struct plan *plan;
    struct sorter *sorter; /* NULL: in memory */
    struct buf key;
    struct buf value;
    struct datum *given; /* the row given last, from the sorter */
    /* Presorted rows: */
    struct arena group_arena;
    struct arena next_arena;
    struct datum *group;  /* the keys that the group's rows have in common; NULL: no row yet */
    struct datum *next;   /* keys and saved slots of the next group's first row; NULL: none */
    struct datum *resume; /* the saved slots as the node below left them with that row */
};

static int compare_rows(const void *a, const void *b, void *arg)
{
    const struct sort_row *ra = a;
    const struct sort_row *rb = b;
    const struct sort_state *s = arg;
    for (int i = 0; i < s->plan->nkeys; i++) {
        const struct sort_key *k = &s->plan->keys[i];
        int c = compare_datums(s->ops[i], ra->keys[i], rb->keys[i], k->desc, k->nulls_first);
        if (c)
            return c;
    }
    return (ra->number > rb->number) - (ra->number < rb->number);
}

static void sort_release(void *arg)
{
    struct sort_state *s = arg;
    arena_done(&s->arena);
    arena_done(&s->rows_arena);
    arena_done(&s->group_arena);
    arena_done(&s->next_arena);
    free(s->rows);
    sorter_free(s->sorter);
    buf_done(&s->key);
    buf_done(&s->value);
}

static struct err *sort_state_new(struct exec *x, struct plan *n, struct sort_state **out)
{
    bool fresh = !x->nodes[n->id];
    struct sort_state *s = node_state(x, n, sizeof(*s));
    *out = s;
    if (!fresh)
        return NULL;
    arena_init(&s->arena);
    arena_init(&s->rows_arena);
    arena_init(&s->group_arena);
    arena_init(&s->next_arena);
    on_release(x, sort_release, s);
    s->plan = n;
    s->ops = arena_new_array(&x->arena, const struct type_ops *, n->nkeys + 1);
    s->given = arena_new_array(&x->arena, struct datum, n->nsaved + 1);
    s->resume = arena_new_array(&x->arena, struct datum, n->nsaved + 1);
    for (int i = 0; i < n->nkeys; i++) {
        s->ops[i] = expr_order(n->key_exprs[i].expr);
        if (!s->ops[i] || !s->ops[i]->compare)
            return err_new("42883", "could not identify an ordering operator for this type");
    }
    return NULL;
}

/* ---- in memory ---- */

static size_t memory_used(const struct sort_state *s)
{
    return s->rows_arena.used_bytes + s->cap * sizeof(*s->rows);
}

static struct err *room_for_row(struct sort_state *s)
{
    if (s->count == s->cap) {
        size_t cap = s->cap ? s->cap * 2 : 128;
        struct sort_row *rows = realloc(s->rows, cap * sizeof(*rows));
        if (!rows)
            return err_oom();
        s->rows = rows;
        s->cap = cap;
    }
    return NULL;
}

static struct err *sort_add(struct exec *x, struct plan *n, struct sort_state *s)
{
    TRY(room_for_row(s));
    struct datum *data =
        arena_try_alloc(&s->rows_arena, sizeof(*data) * (size_t)(n->nkeys + n->nsaved + 1));
    if (!data)
        return err_oom();
    arena_reset(&s->arena);
    for (int i = 0; i < n->nkeys; i++) {
        TRY(value_of(x, &n->key_exprs[i], &s->arena, &data[i]));
        data[i] = keep(&s->rows_arena, data[i]);
    }
    for (int i = 0; i < n->nsaved; i++)
        data[n->nkeys + i] = keep(&s->rows_arena, x->frame[n->saved[i]]);
    s->rows[s->count++] = (struct sort_row){data, data + n->nkeys, s->seen++};
    return NULL;
}

/* Long sorts let others run: pieces are sorted with qsort_r, then merged. */
static struct err *sort_rows(struct sort_state *s)
{
    enum { PIECE = 4096 };
    for (size_t i = 0; i < s->count; i += PIECE) {
        size_t n = s->count - i < PIECE ? s->count - i : PIECE;
        qsort_r(s->rows + i, n, sizeof(*s->rows), compare_rows, s);
        TRY(fiber_tick());
    }
    if (s->count <= PIECE)
        return NULL;
    struct sort_row *from = s->rows;
    struct sort_row *to = malloc(s->cap * sizeof(*to));
    if (!to)
        return err_oom();
    for (size_t width = PIECE; width < s->count; width *= 2) {
        for (size_t lo = 0; lo < s->count; lo += 2 * width) {
            size_t mid = lo + width < s->count ? lo + width : s->count;
            size_t hi = lo + 2 * width < s->count ? lo + 2 * width : s->count;
            size_t a = lo;
            size_t b = mid;
            for (size_t k = lo; k < hi; k++) {
                bool left = a < mid && (b >= hi || compare_rows(&from[a], &from[b], s) <= 0);
                to[k] = left ? from[a++] : from[b++];
                struct err *e = fiber_tick();
                if (e) {
                    free(from == s->rows ? to : from);
                    return e;
                }
            }
        }
        struct sort_row *swap = from;
        from = to;
        to = swap;
        s->rows = from;
    }
    free(to);
    return NULL;
}

/* Only the first rows are wanted: the others go, and their memory with them. */
static struct err *drop_excess(struct sort_state *s)
{
    TRY(sort_rows(s));
    if (s->count > (size_t)s->bound)
        s->count = (size_t)s->bound;
    struct arena fresh;
    arena_init(&fresh);
    size_t width = (size_t)(s->plan->nkeys + s->plan->nsaved);
    for (size_t i = 0; i < s->count; i++) {
        struct datum *data = arena_try_alloc(&fresh, sizeof(*data) * (width + 1));
        if (!data) {
            arena_done(&fresh);
            return err_oom();
        }
        for (size_t k = 0; k < width; k++)
            data[k] = keep(&fresh, s->rows[i].keys[k]);
        s->rows[i].keys = data;
        s->rows[i].saved = data + s->plan->nkeys;
    }
    arena_done(&s->rows_arena);
    s->rows_arena = fresh;
    return NULL;
}

/* ---- many rows ---- */

static struct err *sorter_put(struct sort_state *s, const struct datum *keys,
                              const struct datum *saved)
{
    buf_reset(&s->key);
    buf_reset(&s->value);
    buf_put_le32(&s->key, 0); /* a sorter's keys begin alike */
    for (int i = 0; i < s->plan->nkeys; i++)
        key_put(&s->key, s->ops[i], keys[i], s->plan->keys[i].desc, s->plan->keys[i].nulls_first);
    row_encode(&s->value, saved, s->plan->nsaved);
    TRY(buf_finish(&s->key));
    TRY(buf_finish(&s->value));
    return sorter_add(s->sorter, buf_str(&s->key), buf_str(&s->value));
}

static struct err *to_sorter(struct exec *x, struct sort_state *s)
{
    TRY(sort_begin(x, &s->sorter));
    for (size_t i = 0; i < s->count; i++) {
        TRY(sorter_put(s, s->rows[i].keys, s->rows[i].saved));
        TRY(fiber_tick());
    }
    arena_done(&s->rows_arena);
    free(s->rows);
    s->rows = NULL;
    s->count = s->cap = 0;
    return NULL;
}

/* A row for the sorter, straight from the frame. */
static struct err *sorter_put_row(struct exec *x, struct plan *n, struct sort_state *s)
{
    arena_reset(&s->arena);
    struct datum *keys = arena_new_array(&s->arena, struct datum, n->nkeys + n->nsaved + 1);
    for (int i = 0; i < n->nkeys; i++)
        TRY(value_of(x, &n->key_exprs[i], &s->arena, &keys[i]));
    for (int i = 0; i < n->nsaved; i++)
        keys[n->nkeys + i] = x->frame[n->saved[i]];
    return sorter_put(s, keys, keys + n->nkeys);
}

static struct err *sorter_give(struct exec *x, struct plan *n, struct sort_state *s, bool *found)
{
    struct str key;
    struct str value;
    TRY(sorter_next(s->sorter, &key, &value, found));
    if (!*found)
        return NULL;
    TRY(row_decode(value, s->given, n->nsaved));
    row_restore(x, s->given, n->saved, n->nsaved);
    return NULL;
}

/* ---- the node ---- */

static struct err *find_bound(struct exec *x, struct plan *n, struct sort_state *s)
{
    struct datum d;
    s->bound = -1;
    if (!n->bound.program)
        return NULL;
    TRY(value_of(x, &n->bound, &s->arena, &d));
    if (!d.null && d.i >= 0)
        s->bound = d.i;
    return NULL;
}

static struct err *make_room(struct exec *x, struct sort_state *s)
{
    if (s->bound >= 0 && (int64_t)s->count - 1000 > 2 * s->bound)
        TRY(drop_excess(s));
    size_t limit = work_memory(x);
    if (s->bound < 0 && limit > SMALL_BYTES)
        limit = SMALL_BYTES;
    return memory_used(s) > limit ? to_sorter(x, s) : NULL;
}

/* For EXPLAIN ANALYZE. */
static void note_space(struct exec *x, const struct plan *n, const struct sort_state *s)
{
    struct node_stats *st = x->stats ? &x->stats[n->id] : NULL;
    if (!st)
        return;
    st->disk_bytes = s->sorter ? sorter_file_bytes(s->sorter) : 0;
    st->memory_bytes = s->sorter ? sorter_memory_bytes(s->sorter) : memory_used(s);
    st->method = st->disk_bytes ? "external merge" : s->bound >= 0 ? "top-N heapsort" : "quicksort";
}

/* ---- groups of presorted rows ---- */

static bool same_group(const struct plan *n, const struct sort_state *s, const struct datum *keys)
{
    for (int i = 0; i < n->presorted; i++)
        if (compare_datums(s->ops[i], s->group[i], keys[i], false, false) != 0)
            return false;
    return true;
}

static void begin_group(const struct plan *n, struct sort_state *s, const struct datum *keys)
{
    arena_reset(&s->group_arena);
    s->group = arena_new_array(&s->group_arena, struct datum, n->presorted);
    for (int i = 0; i < n->presorted; i++)
        s->group[i] = keep(&s->group_arena, keys[i]);
}

/* Whether the row in the frame begins another group: then it waits in s->next. */
static struct err *leaves_group(struct exec *x, struct plan *n, struct sort_state *s, bool *leaves)
{
    struct datum *keys;
    *leaves = false;
    arena_reset(&s->arena);
    keys = arena_new_array(&s->arena, struct datum, n->nkeys);
    for (int i = 0; i < n->presorted; i++)
        TRY(value_of(x, &n->key_exprs[i], &s->arena, &keys[i]));
    if (!s->group)
        begin_group(n, s, keys);
    *leaves = !same_group(n, s, keys);
    if (!*leaves)
        return NULL;
    for (int i = n->presorted; i < n->nkeys; i++)
        TRY(value_of(x, &n->key_exprs[i], &s->arena, &keys[i]));
    arena_reset(&s->next_arena);
    s->next = arena_new_array(&s->next_arena, struct datum, n->nkeys + n->nsaved);
    for (int i = 0; i < n->nkeys; i++)
        s->next[i] = keep(&s->next_arena, keys[i]);
    for (int i = 0; i < n->nsaved; i++) {
        s->resume[i] = x->frame[n->saved[i]];
        s->next[n->nkeys + i] = keep(&s->next_arena, s->resume[i]);
    }
    return NULL;
}

/* The rows of the group before go; the one that has waited is the first of the next. The nodes
 * below find the frame as they left it: they go on from there. */
static struct err *next_group(struct exec *x, struct plan *n, struct sort_state *s)
{
    arena_reset(&s->rows_arena);
    sorter_free(s->sorter);
    s->sorter = NULL;
    s->count = s->at = 0;
    if (!s->next)
        return NULL;
    row_restore(x, s->resume, n->saved, n->nsaved);
    TRY(room_for_row(s));
    int width = n->nkeys + n->nsaved;
    struct datum *data = arena_try_alloc(&s->rows_arena, sizeof(*data) * (size_t)width);
    if (!data)
        return err_oom();
    for (int i = 0; i < width; i++)
        data[i] = keep(&s->rows_arena, s->next[i]);
    begin_group(n, s, data);
    s->rows[s->count++] = (struct sort_row){data, data + n->nkeys, s->seen++};
    s->next = NULL;
    return NULL;
}

static struct err *sort_fill(struct exec *x, struct plan *n, struct sort_state *s)
{
    bool leaves = false;
    TRY(find_bound(x, n, s));
    TRY(next_group(x, n, s));
    for (;;) {
        bool found;
        TRY(fiber_tick());
        TRY(node_next(x, n->left, &found));
        if (found && n->presorted)
            TRY(leaves_group(x, n, s, &leaves));
        if (!found || leaves)
            break;
        if (s->sorter) {
            TRY(sorter_put_row(x, n, s));
            continue;
        }
        TRY(sort_add(x, n, s));
        TRY(make_room(x, s));
    }
    TRY(s->sorter ? sort_finish(s->sorter) : sort_rows(s));
    s->sorted = true;
    note_space(x, n, s);
    return NULL;
}

struct err *sort_next(struct exec *x, struct plan *n, bool *found)
{
    struct sort_state *s;
    TRY(sort_state_new(x, n, &s));
    for (bool again = !s->sorted;; again = s->next != NULL) {
        if (again)
            TRY(sort_fill(x, n, s));
        if (s->sorter) {
            TRY(sorter_give(x, n, s, found));
        } else {
            *found = s->at < s->count;
            if (*found)
                row_restore(x, s->rows[s->at++].saved, n->saved, n->nsaved);
        }
        if (*found || !s->next)
            return NULL;
    }
}

void sort_rescan(struct exec *x, struct plan *n)
{
    struct sort_state *s = x->nodes[n->id];
    arena_reset(&s->rows_arena);
    sorter_free(s->sorter);
    s->sorter = NULL;
    s->count = s->at = 0;
    s->seen = 0;
    s->sorted = false;
    s->group = s->next = NULL;
}

/* ---- shared ---- */

struct err *sort_begin(struct exec *x, struct sorter **out)
{
    return sorter_new(temp_quota_of(x), work_memory(x), out);
}

struct finishing {
    struct sorter *sorter;
    struct err *result;
};

static void finish_job(void *arg)
{
    struct finishing *f = arg;
    f->result = sorter_finish(f->sorter);
}

struct err *sort_finish(struct sorter *s)
{
    struct finishing f = {s, NULL};
    TRY(sorter_settle(s));
    pool_run(finish_job, &f);
    return f.result;
}
