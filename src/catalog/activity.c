/* See activity.h. Lock order: registry_mu > a map's mu. */
#include "catalog/activity.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/hash.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define UNIX_TO_POSTGRES_US 946684800000000ll

struct entry {
    struct activity_counts counts; /* first */
    uint32_t db;
    uint32_t oid;
    struct entry *next; /* of its bucket, or of the free ones */
};

enum { BUCKETS = 256 };

/* One thread's. */
struct map {
    pthread_mutex_t mu; /* of buckets and free; the counts are the thread's own */
    struct entry *buckets[BUCKETS];
    struct entry *free;
    struct map *next;
};

/* What is not counted by threads. */
struct care {
    uint32_t db;
    uint32_t oid;
    struct activity_care at;
    struct activity_sums base; /* at the last reset */
    /* Of a database (oid 0): sums over all relations. */
    struct activity_sums whole_base;
    struct activity_sums forgotten; /* relations that are gone */
    uint64_t changes_at_analyze;
    uint64_t inserts_at_vacuum;
    int64_t reset;
    struct care *next;
};

static pthread_mutex_t registry_mu = PTHREAD_MUTEX_INITIALIZER;
static struct map *maps;            /* guarded by registry_mu; they stay */
static struct care *cares[BUCKETS]; /* guarded by registry_mu */
static __thread struct map *own;

static size_t bucket_of(uint32_t db, uint32_t oid)
{
    return hash_u64((uint64_t)db << 32 | oid) % BUCKETS;
}

static void register_own(void)
{
    own = calloc(1, sizeof(*own));
    CHECK(own != NULL);
    pthread_mutex_init(&own->mu, NULL);
    pthread_mutex_lock(&registry_mu);
    own->next = maps;
    maps = own;
    pthread_mutex_unlock(&registry_mu);
}

static struct entry *find_locked(struct map *m, uint32_t db, uint32_t oid)
{
    struct entry *e = m->buckets[bucket_of(db, oid)];
    while (e && (e->db != db || e->oid != oid))
        e = e->next;
    return e;
}

static struct entry *add_locked(struct map *m, uint32_t db, uint32_t oid)
{
    struct entry *e = m->free;
    if (e)
        m->free = e->next;
    else
        e = malloc(sizeof(*e));
    CHECK(e != NULL);
    memset(e, 0, sizeof(*e));
    struct entry **bucket = &m->buckets[bucket_of(db, oid)];
    e->db = db;
    e->oid = oid;
    e->next = *bucket;
    *bucket = e;
    return e;
}

struct activity_counts *activity_of(uint32_t db, uint32_t oid)
{
    if (!own)
        register_own();
    pthread_mutex_lock(&own->mu);
    struct entry *e = find_locked(own, db, oid);
    if (!e)
        e = add_locked(own, db, oid);
    pthread_mutex_unlock(&own->mu);
    return &e->counts;
}

static struct care *find_care_locked(uint32_t db, uint32_t oid)
{
    struct care *c = cares[bucket_of(db, oid)];
    while (c && (c->db != db || c->oid != oid))
        c = c->next;
    return c;
}

/* ---- sums ---- */

static void add_entry(const struct entry *e, struct activity_sums *out)
{
    for (int k = 0; k < ACTIVITY_KINDS; k++)
        out->n[k] += atomic_load_explicit(&e->counts.n[k], memory_order_relaxed);
}

static void raw_sum_locked(uint32_t db, uint32_t oid, struct activity_sums *out)
{
    *out = (struct activity_sums){0};
    for (struct map *m = maps; m; m = m->next) {
        pthread_mutex_lock(&m->mu);
        const struct entry *e = find_locked(m, db, oid);
        if (e)
            add_entry(e, out);
        pthread_mutex_unlock(&m->mu);
    }
}

static void raw_whole_locked(uint32_t db, struct activity_sums *out)
{
    *out = (struct activity_sums){0};
    for (struct map *m = maps; m; m = m->next) {
        pthread_mutex_lock(&m->mu);
        for (int i = 0; i < BUCKETS; i++)
            for (const struct entry *e = m->buckets[i]; e; e = e->next)
                if (e->db == db)
                    add_entry(e, out);
        pthread_mutex_unlock(&m->mu);
    }
    const struct care *c = find_care_locked(db, 0);
    for (int k = 0; c && k < ACTIVITY_KINDS; k++)
        out->n[k] += c->forgotten.n[k];
}

static struct care *need_care_locked(uint32_t db, uint32_t oid)
{
    struct care *c = find_care_locked(db, oid);
    if (c)
        return c;
    c = calloc(1, sizeof(*c));
    CHECK(c != NULL);
    c->db = db;
    c->oid = oid;
    c->next = cares[bucket_of(db, oid)];
    cares[bucket_of(db, oid)] = c;
    return c;
}

static void since_reset(struct activity_sums *out, const struct activity_sums *base)
{
    for (int k = 0; k < ACTIVITY_KINDS; k++)
        out->n[k] = out->n[k] > base->n[k] ? out->n[k] - base->n[k] : 0;
}

void activity_sum(uint32_t db, uint32_t oid, bool whole, struct activity_sums *out)
{
    pthread_mutex_lock(&registry_mu);
    const struct care *c = find_care_locked(db, oid);
    if (whole)
        raw_whole_locked(db, out);
    else
        raw_sum_locked(db, oid, out);
    if (c)
        since_reset(out, whole ? &c->whole_base : &c->base);
    pthread_mutex_unlock(&registry_mu);
}

/* ---- care ---- */

static int64_t now(void)
{
    return clock_real_us() - UNIX_TO_POSTGRES_US;
}

static uint64_t changes(const struct activity_sums *s)
{
    return s->n[ACTIVITY_INSERTED] + s->n[ACTIVITY_UPDATED] + s->n[ACTIVITY_DELETED];
}

void activity_care(uint32_t db, uint32_t oid, struct activity_care *out)
{
    struct activity_sums raw;
    pthread_mutex_lock(&registry_mu);
    raw_sum_locked(db, oid, &raw);
    const struct care *c = find_care_locked(db, oid);
    *out = c ? c->at : (struct activity_care){0};
    out->changes_since_analyze = changes(&raw) - (c ? c->changes_at_analyze : 0);
    out->inserts_since_vacuum = raw.n[ACTIVITY_INSERTED] - (c ? c->inserts_at_vacuum : 0);
    pthread_mutex_unlock(&registry_mu);
}

void activity_analyzed(uint32_t db, uint32_t oid, bool automatic)
{
    struct activity_sums raw;
    pthread_mutex_lock(&registry_mu);
    raw_sum_locked(db, oid, &raw);
    struct care *c = need_care_locked(db, oid);
    c->changes_at_analyze = changes(&raw);
    *(automatic ? &c->at.last_autoanalyze : &c->at.last_analyze) = now();
    ++*(automatic ? &c->at.autoanalyzes : &c->at.analyzes);
    pthread_mutex_unlock(&registry_mu);
}

void activity_vacuumed(uint32_t db, uint32_t oid)
{
    struct activity_sums raw;
    pthread_mutex_lock(&registry_mu);
    raw_sum_locked(db, oid, &raw);
    struct care *c = need_care_locked(db, oid);
    c->inserts_at_vacuum = raw.n[ACTIVITY_INSERTED];
    c->at.last_vacuum = now();
    c->at.vacuums++;
    pthread_mutex_unlock(&registry_mu);
}

/* ---- reset, forget ---- */

static void reset_locked(uint32_t db, uint32_t oid)
{
    struct care *c = need_care_locked(db, oid);
    raw_sum_locked(db, oid, &c->base);
    c->changes_at_analyze = changes(&c->base);
    c->inserts_at_vacuum = c->base.n[ACTIVITY_INSERTED];
    c->at = (struct activity_care){0};
}

/* Makes a care for each entry of the database, so that it can be reset. */
static void need_all_locked(uint32_t db)
{
    for (struct map *m = maps; m; m = m->next) {
        pthread_mutex_lock(&m->mu);
        for (int i = 0; i < BUCKETS; i++)
            for (const struct entry *e = m->buckets[i]; e; e = e->next)
                if (e->db == db)
                    (void)need_care_locked(db, e->oid);
        pthread_mutex_unlock(&m->mu);
    }
}

void activity_reset(uint32_t db, uint32_t oid)
{
    pthread_mutex_lock(&registry_mu);
    if (oid) {
        reset_locked(db, oid);
    } else {
        need_all_locked(db);
        for (int i = 0; i < BUCKETS; i++)
            for (struct care *c = cares[i]; c; c = c->next)
                if (c->db == db)
                    reset_locked(db, c->oid);
    }
    struct care *all = need_care_locked(db, 0);
    all->reset = now();
    if (!oid)
        raw_whole_locked(db, &all->whole_base);
    pthread_mutex_unlock(&registry_mu);
}

int64_t activity_reset_time(uint32_t db)
{
    pthread_mutex_lock(&registry_mu);
    const struct care *c = find_care_locked(db, 0);
    int64_t time = c ? c->reset : 0;
    pthread_mutex_unlock(&registry_mu);
    return time;
}

void activity_forget(uint32_t db, uint32_t oid)
{
    pthread_mutex_lock(&registry_mu);
    for (struct map *m = maps; m; m = m->next) {
        pthread_mutex_lock(&m->mu);
        struct entry **at = &m->buckets[bucket_of(db, oid)];
        while (*at && ((*at)->db != db || (*at)->oid != oid))
            at = &(*at)->next;
        struct entry *gone = *at;
        if (gone) {
            add_entry(gone, &need_care_locked(db, 0)->forgotten);
            *at = gone->next;
            gone->next = m->free;
            m->free = gone;
        }
        pthread_mutex_unlock(&m->mu);
    }
    struct care **at = &cares[bucket_of(db, oid)];
    while (*at && ((*at)->db != db || (*at)->oid != oid))
        at = &(*at)->next;
    struct care *gone = *at;
    if (gone) {
        *at = gone->next;
        free(gone);
    }
    pthread_mutex_unlock(&registry_mu);
}
