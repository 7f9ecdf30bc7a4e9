/* Sequences: see sequence.h.
 *
 * State in the store, under the sequence's storage id: key u32 BE storage id; value int64 LE last
 * value, u8 is_called. It is written without a transaction (txn_put_now), VALUES_LOGGED numbers
 * ahead of what has been given out, so that a crash skips numbers but repeats none. Restarting
 * gives the sequence a new storage id in the catalog, which is transactional. */
#include "catalog/sequence.h"

#include "base/hash.h"
#include "catalog/systab.h"
#include "rt/wait.h"

#include <pthread.h>
#include <stdlib.h>

enum { VALUES_LOGGED = 32, BUCKETS = 64 };

struct state {
    struct state *next;
    uint32_t storage_id;
    int64_t last;
    bool called;
    int ahead;      /* numbers still covered by the stored state */
    struct lsn end; /* of the stored state, when this process wrote it */
};

/* Writing the state can make a fiber wait, which must not hold a mutex then: whoever works on a
 * bucket has it to itself by `busy`; others park. */
static struct bucket {
    pthread_mutex_t mu;
    bool busy;                 /* guarded by mu */
    struct wait_queue waiters; /* guarded by mu */
    struct state *first;       /* of whoever has set busy; kept until the process ends */
} buckets[BUCKETS] = {[0 ... BUCKETS - 1] = {.mu = PTHREAD_MUTEX_INITIALIZER}};

static void bucket_take(struct bucket *b)
{
    pthread_mutex_lock(&b->mu);
    while (b->busy)
        wait_queue_wait_always(&b->waiters, &b->mu);
    b->busy = true;
    pthread_mutex_unlock(&b->mu);
}

static void bucket_give(struct bucket *b)
{
    pthread_mutex_lock(&b->mu);
    b->busy = false;
    wait_queue_signal(&b->waiters);
    pthread_mutex_unlock(&b->mu);
}

static struct bucket *bucket_of(uint32_t storage_id)
{
    return &buckets[hash_u64(storage_id) % BUCKETS];
}

/* The transaction's end waits until the state is durable: a power cut must not repeat a number that
 * a client was given. */
static struct err *store_state(struct cat *c, uint32_t storage_id, int64_t last, bool called,
                               struct lsn *end)
{
    uint8_t key[4];
    uint8_t value[9];
    store_be32(key, storage_id);
    store_le64(value, (uint64_t)last);
    value[8] = called;
    TRY(txn_put_now(catalog_txn_mgr(c->shared), str_make(key, 4), str_make(value, 9), end));
    txn_rests_on(c->txn, *end);
    return NULL;
}

struct err *sequence_restart(struct cat *c, uint32_t storage_id, int64_t last, bool called)
{
    struct lsn end;
    return store_state(c, storage_id, last, called, &end);
}

static void put_definition(const struct sequence_def *def, struct datum *v)
{
    v[SEQ_RELID] = datum_int(def->relid);
    v[SEQ_TYPID] = datum_int(def->type);
    v[SEQ_START] = datum_int(def->start);
    v[SEQ_INCREMENT] = datum_int(def->increment);
    v[SEQ_MAX] = datum_int(def->max);
    v[SEQ_MIN] = datum_int(def->min);
    v[SEQ_CACHE] = datum_int(def->cache);
    v[SEQ_CYCLE] = datum_bool(def->cycle);
}

struct err *sequence_create(struct cat *c, const struct sequence_def *def, uint32_t storage_id)
{
    struct datum v[SEQ_COUNT];
    put_definition(def, v);
    TRY(systab_insert(c, PG_SEQUENCE, v));
    return sequence_restart(c, storage_id, def->start, false);
}

static struct err *read_definition(struct cat *c, uint32_t relid, struct arena *a, struct datum *v)
{
    struct datum key = datum_int(relid);
    bool found;
    TRY(systab_get(c, PG_SEQUENCE, SEQUENCE_RELID_INDEX, &key, 1, a, v, &found));
    return found ? NULL : err_new("XX000", "cache lookup failed for sequence %u", relid);
}

struct err *sequence_definition(struct cat *c, uint32_t relid, struct sequence_def *out)
{
    struct datum v[SEQ_COUNT];
    struct arena a;
    arena_init(&a);
    struct err *e = read_definition(c, relid, &a, v);
    if (!e)
        *out = (struct sequence_def){
            .relid = relid,
            .type = (uint32_t)v[SEQ_TYPID].u,
            .start = v[SEQ_START].i,
            .increment = v[SEQ_INCREMENT].i,
            .max = v[SEQ_MAX].i,
            .min = v[SEQ_MIN].i,
            .cache = v[SEQ_CACHE].i,
            .cycle = v[SEQ_CYCLE].i,
        };
    arena_done(&a);
    return e;
}

struct err *sequence_alter(struct cat *c, const struct sequence_def *def)
{
    struct datum old_values[SEQ_COUNT];
    struct datum v[SEQ_COUNT];
    struct arena a;
    arena_init(&a);
    struct err *e = read_definition(c, def->relid, &a, old_values);
    put_definition(def, v);
    if (!e)
        e = systab_update(c, PG_SEQUENCE, old_values, v);
    arena_done(&a);
    return e;
}

static struct err *load_state_locked(struct cat *c, struct bucket *b, const struct relation *r,
                                     struct state **out)
{
    for (struct state *s = b->first; s; s = s->next) {
        if (s->storage_id == r->storage_id) {
            *out = s;
            return NULL;
        }
    }
    uint8_t key[4];
    struct str value;
    bool found;
    store_be32(key, r->storage_id);
    struct txn_view view = txn_view_newest(c->txn);
    struct err *e = txn_get(&view, str_make(key, 4), &value, &found);
    if (!e && (!found || value.len != 9))
        e = err_new("XX001", "state of sequence \"%s\" is missing or damaged", r->name);
    if (!e) {
        struct state *s = calloc(1, sizeof(*s));
        CHECK(s != NULL);
        *s = (struct state){
            b->first, r->storage_id, (int64_t)load_le64(value.data), value.data[8] != 0, 0, {0}};
        b->first = s;
        *out = s;
    }
    txn_view_done(&view);
    return e;
}

static struct err *exhausted(const struct relation *r, const struct sequence_def *def)
{
    bool up = def->increment > 0;
    return err_new("2200H", "nextval: reached %s value of sequence \"%s\" (%lld)",
                   up ? "maximum" : "minimum", r->name, (long long)(up ? def->max : def->min));
}

/* The number after `from`; false when the sequence ends there. */
static bool advance(const struct sequence_def *def, int64_t from, int64_t *out)
{
    int64_t v;
    bool over = __builtin_add_overflow(from, def->increment, &v);
    if (!over && v <= def->max && v >= def->min) {
        *out = v;
        return true;
    }
    if (!def->cycle)
        return false;
    *out = def->increment > 0 ? def->min : def->max;
    return true;
}

static struct err *log_ahead(struct cat *c, struct state *s, const struct sequence_def *def,
                             int64_t value)
{
    int64_t stored = value;
    int ahead = 0;
    for (int i = 0; i < VALUES_LOGGED; i++) {
        int64_t next;
        /* Never log over the end or around it: what is stored must be a true state. */
        if (__builtin_add_overflow(stored, def->increment, &next) || next > def->max ||
            next < def->min)
            break;
        stored = next;
        ahead++;
    }
    TRY(store_state(c, s->storage_id, stored, true, &s->end));
    s->ahead = ahead;
    return NULL;
}

/* Up to `n` more numbers, but not around the end; s->last becomes the last one. */
static int take_more(const struct sequence_def *def, int64_t n, int64_t *last)
{
    int count = 0;
    for (; count < n && count < INT32_MAX; count++) {
        int64_t next;
        if (__builtin_add_overflow(*last, def->increment, &next) || next > def->max ||
            next < def->min)
            break;
        *last = next;
    }
    return count;
}

static struct err *take_locked(struct cat *c, struct state *s, const struct relation *r,
                               const struct sequence_def *def, bool cached, int64_t *first,
                               int64_t *last)
{
    int64_t value = s->last;
    if (s->called && !advance(def, s->last, &value))
        return exhausted(r, def);
    bool wrapped = s->called && (value > s->last) != (def->increment > 0);
    *first = *last = value;
    int taken = 1 + (cached ? take_more(def, def->cache - 1, last) : 0);
    if (wrapped || s->ahead < taken)
        TRY(log_ahead(c, s, def, *last));
    else
        s->ahead -= taken;
    txn_rests_on(c->txn, s->end);
    s->last = *last;
    s->called = true;
    return NULL;
}

void sequence_shown(struct cat *c, const struct relation *r)
{
    struct bucket *b = bucket_of(r->storage_id);
    bucket_take(b);
    for (struct state *s = b->first; s; s = s->next)
        if (s->storage_id == r->storage_id)
            txn_rests_on(c->txn, s->end);
    bucket_give(b);
}

struct err *sequence_next(struct cat *c, const struct relation *r, bool cached, int64_t *first,
                          int64_t *last, int64_t *increment)
{
    struct sequence_def def;
    struct state *s;
    TRY(sequence_definition(c, r->oid, &def));
    *increment = def.increment;
    struct bucket *b = bucket_of(r->storage_id);
    bucket_take(b);
    struct err *e = load_state_locked(c, b, r, &s);
    if (!e)
        e = take_locked(c, s, r, &def, cached, first, last);
    bucket_give(b);
    return e;
}

struct err *sequence_set(struct cat *c, const struct relation *r, int64_t value, bool called)
{
    struct sequence_def def;
    struct state *s;
    TRY(sequence_definition(c, r->oid, &def));
    if (value < def.min || value > def.max)
        return err_new("22003",
                       "setval: value %lld is out of bounds for sequence \"%s\" (%lld..%lld)",
                       (long long)value, r->name, (long long)def.min, (long long)def.max);
    struct bucket *b = bucket_of(r->storage_id);
    bucket_take(b);
    struct err *e = load_state_locked(c, b, r, &s);
    if (!e)
        e = store_state(c, r->storage_id, value, called, &s->end);
    if (!e) {
        s->last = value;
        s->called = called;
        s->ahead = 0;
    }
    bucket_give(b);
    return e;
}

struct err *sequence_peek(struct cat *c, const struct relation *r, struct sequence_state *out)
{
    struct state *s;
    struct bucket *b = bucket_of(r->storage_id);
    bucket_take(b);
    struct err *e = load_state_locked(c, b, r, &s);
    if (!e)
        *out = (struct sequence_state){s->last, s->called, s->ahead};
    bucket_give(b);
    return e;
}
