/* Casts that users make, from or to a type that they made too: a register by the two types, which
 * builtin_cast looks at. What a database has is read when one of its types first is; later changes
 * are made here along with those of pg_cast, and undone when their transaction is. So, as with the
 * types themselves, others can see a cast a little before it is committed. */
#include "catalog/ddl.h"

#include "catalog/cache_internal.h"
#include "catalog/systab.h"

#include <pthread.h>
#include <stdlib.h>

struct entry {
    struct cat_cast cast;
    bool live; /* guarded by mu; the cast itself never changes */
    struct entry *next;
};
enum { BUCKETS = 256, MAX_DATABASES = 1024 };

static pthread_mutex_t mu = PTHREAD_MUTEX_INITIALIZER;
static struct entry *buckets[BUCKETS]; /* guarded by mu; entries stay, since plans point to them */
static uint32_t read_databases[MAX_DATABASES]; /* guarded by mu */
static int nread;
static atomic_bool any; /* there has been one */

static struct entry **bucket_of(uint32_t source, uint32_t target)
{
    return &buckets[(source * 31u + target) % BUCKETS];
}

static struct entry *find_live_locked(uint32_t source, uint32_t target)
{
    struct entry *e = *bucket_of(source, target);
    while (e && (!e->live || e->cast.source != source || e->cast.target != target))
        e = e->next;
    return e;
}

const struct cat_cast *user_cast_find(uint32_t source, uint32_t target)
{
    if ((source < FIRST_USER_OID && target < FIRST_USER_OID) ||
        !atomic_load_explicit(&any, memory_order_acquire))
        return NULL;
    pthread_mutex_lock(&mu);
    const struct entry *e = find_live_locked(source, target);
    pthread_mutex_unlock(&mu);
    return e ? &e->cast : NULL;
}

static struct entry *add_locked(const struct cat_cast *cast)
{
    struct entry **bucket = bucket_of(cast->source, cast->target);
    struct entry *e = calloc(1, sizeof(*e));
    CHECK(e != NULL);
    e->cast = *cast;
    e->live = true;
    e->next = *bucket;
    *bucket = e;
    atomic_store_explicit(&any, true, memory_order_release);
    return e;
}

/* ---- reading ---- */

static bool is_read(uint32_t db)
{
    bool found = false;
    pthread_mutex_lock(&mu);
    for (int i = 0; i < nread && !found; i++)
        found = read_databases[i] == db;
    pthread_mutex_unlock(&mu);
    return found;
}

static struct cat_cast cast_of(const struct datum *v)
{
    return (struct cat_cast){.source = (uint32_t)v[CAST_SOURCE].u,
                             .target = (uint32_t)v[CAST_TARGET].u,
                             .proc = (uint32_t)v[CAST_FUNC].u,
                             .context = (char)v[CAST_CONTEXT].i,
                             .method = (char)v[CAST_METHOD].i};
}

struct err *cat_load_casts(struct cat *c)
{
    struct systab_scan scan;
    struct datum v[CAST_COUNT];
    if (is_read(c->db))
        return NULL;
    pthread_mutex_lock(&mu); /* first: what the scan loads comes here again */
    if (nread < MAX_DATABASES)
        read_databases[nread++] = c->db;
    pthread_mutex_unlock(&mu);
    TRY(systab_open(c, PG_CAST, 0, NULL, 0, &scan));
    struct err *e = NULL;
    for (bool found = true; !e && found;) {
        e = systab_next(&scan, v, &found);
        if (e || !found || v[CAST_OID].u < FIRST_USER_OID)
            continue;
        const struct cat_proc *p;
        struct cat_cast cast = cast_of(v);
        if (cast.proc)
            e = cat_load_proc(c, cast.proc, &p);
        pthread_mutex_lock(&mu);
        if (!find_live_locked(cast.source, cast.target))
            (void)add_locked(&cast);
        pthread_mutex_unlock(&mu);
    }
    systab_close(&scan);
    return e;
}

/* ---- changes ---- */

static void set_live(void *arg, bool live)
{
    struct entry *e = arg;
    pthread_mutex_lock(&mu);
    e->live = live;
    pthread_mutex_unlock(&mu);
}

static void revive(void *arg)
{
    set_live(arg, true);
}

static void kill_entry(void *arg)
{
    set_live(arg, false);
}

struct err *ddl_create_cast(struct cat *c, const struct cat_cast *cast, uint32_t *oid)
{
    TRY(cat_load_casts(c));
    TRY(cat_new_oid(c, oid));
    struct datum v[CAST_COUNT] = {datum_int(*oid),          datum_int(cast->source),
                                  datum_int(cast->target),  datum_int(cast->proc),
                                  datum_int(cast->context), datum_int(cast->method)};
    TRY(systab_insert(c, PG_CAST, v));
    pthread_mutex_lock(&mu);
    struct entry *e = add_locked(cast);
    pthread_mutex_unlock(&mu);
    txn_on_commit(c->txn, NULL, kill_entry, e);
    return NULL;
}

struct err *ddl_remove_cast(struct cat *c, uint32_t oid)
{
    struct datum key = datum_int(oid);
    struct datum v[CAST_COUNT];
    struct arena a;
    bool found;
    arena_init(&a);
    struct err *e = systab_get(c, PG_CAST, CAST_OID_INDEX, &key, 1, &a, v, &found);
    struct cat_cast cast = !e && found ? cast_of(v) : (struct cat_cast){0};
    arena_done(&a);
    if (e || !found)
        return e;
    TRY(systab_delete(c, PG_CAST, CAST_OID_INDEX, &key, 1, NULL));
    pthread_mutex_lock(&mu);
    struct entry *gone = find_live_locked(cast.source, cast.target);
    if (gone)
        gone->live = false;
    pthread_mutex_unlock(&mu);
    if (gone)
        txn_on_commit(c->txn, NULL, revive, gone);
    return NULL;
}
