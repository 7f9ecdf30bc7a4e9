/* Kept rows, hash tables of datums, comparison. */
#include "exec/exec_internal.h"

#include "base/hash.h"

#include <stdlib.h>

struct datum keep(struct arena *a, struct datum d)
{
    return datum_copy(a, d, d.len == 0);
}

static void row_store_release(void *arg)
{
    struct row_store *s = arg;
    arena_done(&s->arena);
    free(s->rows);
}

struct row_store *row_store_new(struct exec *x, int width)
{
    struct row_store *s = arena_new(&x->arena, struct row_store);
    arena_init(&s->arena);
    s->width = width;
    on_release(x, row_store_release, s);
    return s;
}

struct err *row_store_add(struct exec *x, struct row_store *s, const int *slots)
{
    if (s->count == s->cap) {
        size_t cap = s->cap ? s->cap * 2 : 64;
        struct datum **rows = realloc(s->rows, cap * sizeof(*rows));
        if (!rows)
            return err_oom();
        s->rows = rows;
        s->cap = cap;
    }
    struct datum *row = arena_try_alloc(&s->arena, sizeof(*row) * (size_t)(s->width + !s->width));
    if (!row)
        return err_oom();
    for (int i = 0; i < s->width; i++)
        row[i] = keep(&s->arena, x->frame[slots[i]]);
    s->rows[s->count++] = row;
    return NULL;
}

void row_store_clear(struct row_store *s)
{
    arena_reset(&s->arena);
    s->count = 0;
}

void row_restore(struct exec *x, const struct datum *row, const int *slots, int n)
{
    for (int i = 0; i < n; i++)
        x->frame[slots[i]] = row[i];
}

int compare_datums(const struct type_ops *ops, struct datum a, struct datum b, bool desc,
                   bool nulls_first)
{
    if (a.null || b.null) {
        if (a.null && b.null)
            return 0;
        return a.null == nulls_first ? -1 : 1;
    }
    int c = ops->compare(ops, a, b);
    return desc ? -c : c;
}

uint64_t hash_keys(const struct type_ops **types, const struct datum *keys, int n)
{
    uint64_t h = 0;
    for (int i = 0; i < n; i++)
        h = hash_combine(h, keys[i].null ? 0x5bd1e995 : types[i]->hash(types[i], keys[i]));
    return h;
}

bool keys_equal(const struct type_ops **types, const struct datum *a, const struct datum *b, int n)
{
    for (int i = 0; i < n; i++) {
        if (a[i].null || b[i].null) {
            if (a[i].null != b[i].null)
                return false;
            continue;
        }
        if (types[i]->compare(types[i], a[i], b[i]) != 0)
            return false;
    }
    return true;
}

void row_hash_init(struct row_hash *h, struct arena *arena, const struct type_ops **types,
                   int nkeys)
{
    *h = (struct row_hash){.arena = arena, .types = types, .nkeys = nkeys};
}

static struct err *grow(struct row_hash *h)
{
    size_t n = h->nbuckets ? h->nbuckets * 4 : 64;
    struct hash_entry **buckets = arena_try_alloc(h->arena, n * sizeof(*buckets));
    if (!buckets)
        return err_oom();
    memset(buckets, 0, n * sizeof(*buckets));
    for (size_t i = 0; i < h->nbuckets; i++) {
        for (struct hash_entry *e = h->buckets[i]; e;) {
            struct hash_entry *next = e->next;
            e->next = buckets[e->hash & (n - 1)];
            buckets[e->hash & (n - 1)] = e;
            e = next;
        }
    }
    h->buckets = buckets;
    h->nbuckets = n;
    return NULL;
}

struct err *row_hash_get(struct row_hash *h, const struct datum *keys, bool add,
                         struct hash_entry **out, bool *added)
{
    uint64_t hash = hash_keys(h->types, keys, h->nkeys);
    *out = NULL;
    *added = false;
    if (h->nbuckets) {
        for (struct hash_entry *e = h->buckets[hash & (h->nbuckets - 1)]; e; e = e->next) {
            if (e->hash == hash && keys_equal(h->types, e->keys, keys, h->nkeys)) {
                *out = e;
                return NULL;
            }
        }
    }
    if (!add)
        return NULL;
    if (h->count >= h->nbuckets)
        TRY(grow(h));
    struct hash_entry *e = arena_new(h->arena, struct hash_entry);
    e->hash = hash;
    e->keys = arena_new_array(h->arena, struct datum, h->nkeys + !h->nkeys);
    for (int i = 0; i < h->nkeys; i++)
        e->keys[i] = keep(h->arena, keys[i]);
    e->next = h->buckets[hash & (h->nbuckets - 1)];
    h->buckets[hash & (h->nbuckets - 1)] = e;
    h->count++;
    *out = e;
    *added = true;
    return NULL;
}
