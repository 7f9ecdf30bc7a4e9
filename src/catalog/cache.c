/* The shared cache of relation descriptors and names, and the local one of a transaction that has
 * changed the catalog.
 *
 * A loader notes the version, reads, and adds its result only if the version is still the same, so
 * a descriptor in the cache is always of the current version. */
#include "catalog/catalog.h"

#include "base/hash.h"
#include "catalog/cache_internal.h"
#include "catalog/relation_internal.h"
#include "catalog/systab.h"

#include <pthread.h>
#include <stdlib.h>

struct name_entry { /* of a relation; an enum's label has no schema */
    uint32_t db;
    uint32_t nsp;
    uint32_t oid;
    size_t len;
    char name[];
};

struct slot {
    uint64_t key; /* 0: free */
    void *value;  /* struct relation * or struct name_entry * */
};

struct cache {
    struct slot *slots;
    size_t cap;
    size_t count;
};

struct local_cache {
    struct cache relations;
};

struct catalog_state {
    pthread_mutex_t mu;
    struct cache relations; /* guarded by mu */
    struct cache names;     /* guarded by mu */
    atomic_uint_fast64_t
        version; /* written under mu; an acquire load pairs with the release store */
    atomic_uint_fast64_t change_csn; /* of the commit that made it; written before `version` */
};

static uint64_t relation_key(uint32_t db, uint32_t oid)
{
    uint64_t key = hash_u64((uint64_t)db << 32 | oid);
    return key ? key : 1;
}

static uint64_t name_key(uint32_t db, uint32_t nsp, struct str name)
{
    uint64_t key = hash_bytes(name.data, name.len, (uint64_t)db << 32 | nsp);
    return key ? key : 1;
}

static void *cache_get(const struct cache *c, uint64_t key)
{
    if (!c->cap)
        return NULL;
    for (size_t i = key & (c->cap - 1); c->slots[i].key; i = (i + 1) & (c->cap - 1))
        if (c->slots[i].key == key)
            return c->slots[i].value;
    return NULL;
}

static void cache_place(struct cache *c, uint64_t key, void *value)
{
    size_t i = key & (c->cap - 1);
    while (c->slots[i].key)
        i = (i + 1) & (c->cap - 1);
    c->slots[i] = (struct slot){key, value};
}

static void cache_put(struct cache *c, uint64_t key, void *value)
{
    if ((c->count + 1) * 2 > c->cap) {
        struct cache old = *c;
        c->cap = old.cap ? old.cap * 2 : 128;
        c->slots = calloc(c->cap, sizeof(*c->slots));
        CHECK(c->slots != NULL);
        for (size_t i = 0; i < old.cap; i++)
            if (old.slots[i].key)
                cache_place(c, old.slots[i].key, old.slots[i].value);
        free(old.slots);
    }
    cache_place(c, key, value);
    c->count++;
}

static void cache_clear(struct cache *c, bool relations)
{
    for (size_t i = 0; i < c->cap; i++) {
        if (!c->slots[i].key)
            continue;
        if (relations)
            relation_unref(c->slots[i].value);
        else
            free(c->slots[i].value);
    }
    free(c->slots);
    *c = (struct cache){0};
}

struct catalog_state *catalog_state_new(void)
{
    struct catalog_state *s = calloc(1, sizeof(*s));
    CHECK(s != NULL);
    pthread_mutex_init(&s->mu, NULL);
    s->version = 1;
    return s;
}

void catalog_state_free(struct catalog_state *s)
{
    cache_clear(&s->relations, true);
    cache_clear(&s->names, false);
    pthread_mutex_destroy(&s->mu);
    free(s);
}

uint64_t catalog_state_version(const struct catalog_state *s)
{
    return atomic_load_explicit(&s->version, memory_order_acquire);
}

uint64_t catalog_state_change_csn(const struct catalog_state *s)
{
    return atomic_load_explicit(&s->change_csn, memory_order_relaxed);
}

void catalog_state_bump(void *state, uint64_t csn)
{
    struct catalog_state *s = state;
    pthread_mutex_lock(&s->mu);
    atomic_store_explicit(&s->change_csn, csn, memory_order_relaxed);
    atomic_store_explicit(&s->version, s->version + 1, memory_order_release);
    cache_clear(&s->relations, true);
    cache_clear(&s->names, false);
    pthread_mutex_unlock(&s->mu);
}

void cat_forget_local(struct cat *c, bool transaction_ended)
{
    if (!c->local)
        return;
    c->changes++;
    cache_clear(&c->local->relations, true);
    if (transaction_ended) {
        free(c->local);
        c->local = NULL;
    }
}

void cat_changed(struct cat *c)
{
    /* Registered at each change: one that was made under a savepoint goes away with it. */
    txn_on_commit(c->txn, catalog_state_bump, NULL, catalog_state_of(c->shared));
    if (!c->local) {
        c->local = calloc(1, sizeof(*c->local));
        CHECK(c->local != NULL);
    }
    c->changes++;
    cache_clear(&c->local->relations, true);
}

static struct err *local_relation(struct cat *c, uint32_t oid, struct relation **out)
{
    uint64_t key = relation_key(c->db, oid);
    struct relation *r = cache_get(&c->local->relations, key);
    if (!r) {
        TRY(relation_load(c, oid, &r));
        if (r)
            cache_put(&c->local->relations, key, r);
    }
    *out = r ? relation_ref(r) : NULL;
    return NULL;
}

struct err *cat_relation(struct cat *c, uint32_t oid, struct relation **out)
{
    struct relation *table;
    if ((*out = systab_relation(oid)) || (*out = systab_index(oid, &table)))
        return NULL;
    if (c->local)
        return local_relation(c, oid, out);
    struct catalog_state *s = catalog_state_of(c->shared);
    uint64_t key = relation_key(c->db, oid);
    pthread_mutex_lock(&s->mu);
    uint64_t version = s->version;
    struct relation *r = cache_get(&s->relations, key);
    if (r)
        relation_ref(r);
    pthread_mutex_unlock(&s->mu);
    if (!r) {
        TRY(relation_load(c, oid, &r));
        pthread_mutex_lock(&s->mu);
        if (r && s->version == version && !cache_get(&s->relations, key))
            cache_put(&s->relations, key, relation_ref(r));
        pthread_mutex_unlock(&s->mu);
    }
    *out = r;
    return NULL;
}

bool cache_label(struct cat *c, uint32_t oid, struct buf *out)
{
    if (c->local)
        return false;
    struct catalog_state *s = catalog_state_of(c->shared);
    pthread_mutex_lock(&s->mu);
    const struct name_entry *hit = cache_get(&s->names, relation_key(0, oid));
    bool usable = hit && hit->oid == oid && !hit->nsp;
    if (usable)
        buf_put(out, hit->name, hit->len);
    pthread_mutex_unlock(&s->mu);
    return usable;
}

void cache_add_label(struct cat *c, uint64_t version, uint32_t oid, struct str label)
{
    struct catalog_state *s = catalog_state_of(c->shared);
    struct name_entry *entry = c->local ? NULL : malloc(sizeof(*entry) + label.len);
    if (!entry)
        return;
    *entry = (struct name_entry){.oid = oid, .len = label.len};
    if (label.len)
        memcpy(entry->name, label.data, label.len);
    pthread_mutex_lock(&s->mu);
    bool add = s->version == version && !cache_get(&s->names, relation_key(0, oid));
    if (add)
        cache_put(&s->names, relation_key(0, oid), entry);
    pthread_mutex_unlock(&s->mu);
    if (!add)
        free(entry);
}

static struct err *read_relation_oid(struct cat *c, uint32_t nsp, struct str name, uint32_t *oid)
{
    struct arena a;
    struct datum keys[2] = {datum_str(name), datum_int(nsp)};
    struct datum v[CLS_COUNT];
    bool found;
    arena_init(&a);
    struct err *e = systab_get(c, PG_CLASS, CLASS_NAME_NSP_INDEX, keys, 2, &a, v, &found);
    if (!e)
        *oid = found ? (uint32_t)v[CLS_OID].u : 0;
    arena_done(&a);
    return e;
}

static uint32_t system_relation_oid(struct str name)
{
    struct relation *r = systab_by_name(name);
    if (r)
        return r->oid;
    int n;
    struct relation *const *all = systab_all(&n);
    for (int i = 0; i < n; i++)
        for (int k = 0; k < all[i]->nindexes; k++)
            if (str_eq_c(name, all[i]->indexes[k].name))
                return all[i]->indexes[k].oid;
    return 0;
}

struct err *cat_table_of_index(struct cat *c, uint32_t index, struct relation **out)
{
    struct arena a;
    struct datum key = datum_int(index);
    struct datum v[IDX_COUNT];
    bool found;
    *out = NULL;
    if (systab_index(index, out))
        return NULL;
    arena_init(&a);
    struct err *e = systab_get(c, PG_INDEX, INDEX_INDEXRELID_INDEX, &key, 1, &a, v, &found);
    if (!e && found)
        e = cat_relation(c, (uint32_t)v[IDX_TABLE].u, out);
    arena_done(&a);
    return e;
}

struct err *cat_relation_oid(struct cat *c, uint32_t nsp, struct str name, uint32_t *oid)
{
    if (nsp == PG_CATALOG_NSP && (*oid = system_relation_oid(name)))
        return NULL;
    if (c->local)
        return read_relation_oid(c, nsp, name, oid);
    struct catalog_state *s = catalog_state_of(c->shared);
    uint64_t key = name_key(c->db, nsp, name);
    pthread_mutex_lock(&s->mu);
    uint64_t version = s->version;
    const struct name_entry *hit = cache_get(&s->names, key);
    bool usable = hit && hit->db == c->db && hit->nsp == nsp && hit->len == name.len &&
                  memcmp(hit->name, name.data, name.len) == 0;
    if (usable)
        *oid = hit->oid;
    pthread_mutex_unlock(&s->mu);
    if (usable)
        return NULL;
    TRY(read_relation_oid(c, nsp, name, oid));
    struct name_entry *entry = malloc(sizeof(*entry) + name.len);
    if (!entry)
        return NULL; /* only the cache misses out */
    *entry = (struct name_entry){c->db, nsp, *oid, name.len};
    if (name.len)
        memcpy(entry->name, name.data, name.len);
    pthread_mutex_lock(&s->mu);
    bool add = s->version == version && !cache_get(&s->names, key);
    if (add)
        cache_put(&s->names, key, entry);
    pthread_mutex_unlock(&s->mu);
    if (!add)
        free(entry);
    return NULL;
}

struct err *cat_find_relation(struct cat *c, struct str nsp_name, struct str name, bool missing_ok,
                              uint32_t *oid)
{
    *oid = 0;
    if (nsp_name.len) {
        uint32_t nsp;
        TRY(cat_namespace_oid(c, nsp_name, &nsp));
        if (!nsp)
            return missing_ok
                       ? NULL
                       : err_new("3F000", "schema \"%.*s\" does not exist", STR_ARG(nsp_name));
        return cat_relation_oid(c, nsp, name, oid);
    }
    for (int i = 0; i < c->nsearch_path && !*oid; i++)
        TRY(cat_relation_oid(c, c->search_path[i], name, oid));
    return NULL;
}

struct err *cat_lock_relation(struct cat *c, struct str nsp_name, struct str name,
                              enum txn_table_lock mode, bool missing_ok, uint32_t *oid)
{
    uint32_t locked_oid = 0;
    for (;;) {
        bool locked;
        TRY(cat_find_relation(c, nsp_name, name, missing_ok, oid));
        if (*oid == locked_oid || *oid < FIRST_USER_OID)
            return NULL;
        TRY(txn_lock_table(c->txn, *oid, mode, TXN_WAIT, &locked));
        locked_oid = *oid;
    }
}
