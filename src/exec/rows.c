/* Kept rows, hash tables of datums, comparison. */
#include "exec/exec_internal.h"

#include "base/hash.h"
#include "exec/session.h"

#include <stdlib.h>

struct datum keep(struct arena *a, struct datum d)
{
    return datum_copy(a, d, d.len == 0);
}

enum { DEFAULT_WORK_BYTES = 4 << 20 };

size_t work_memory(const struct exec *x)
{
    return x->env.work_mem_bytes ? x->env.work_mem_bytes : DEFAULT_WORK_BYTES;
}

size_t hash_memory(const struct exec *x)
{
    double factor = x->env.session ? x->env.session->hash_mem_multiplier : 0;
    return factor > 1 ? (size_t)((double)work_memory(x) * factor) : work_memory(x);
}

struct temp_quota *temp_quota_of(const struct exec *x)
{
    return session_temp_quota(x->env.session);
}

static void release_store(void *store)
{
    row_store_free(store);
}

struct err *kept_rows(struct exec *x, int width, struct row_store **out)
{
    TRY(row_store_new(temp_quota_of(x), work_memory(x), width, out));
    on_release(x, release_store, *out);
    return NULL;
}

void row_restore(struct exec *x, const struct datum *row, const int *slots, int n)
{
    for (int i = 0; i < n; i++)
        x->frame[slots[i]] = row[i];
}

struct err *join_keys(struct exec *x, struct plan_expr *exprs, int n, struct arena *arena,
                      struct datum *keys, bool *has_null)
{
    *has_null = false;
    for (int i = 0; i < n; i++) {
        TRY(value_of(x, &exprs[i], arena, &keys[i]));
        *has_null |= keys[i].null;
    }
    return NULL;
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
