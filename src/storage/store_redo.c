/* Redo: the records of the log, in their order, back into tables.
 *
 * Small records are gathered, so that they can be applied by two threads: each parses all of them
 * and takes the keys whose hash is its own, into a table of its own. So the versions of a key stay
 * in order, and nothing is shared; most of the time goes into touching new memory. A log that fits
 * into one gathering is applied by the calling thread alone, to the store's active table. */
#include "storage/store_internal.h"

#include "rt/pool.h"

#include <stdlib.h>

enum {
    LANES = 2,
    PUT_GROUP = 32,
    BATCH_BYTES = 1 << 20,
    BATCH_RECORDS = 32768,
    MEMORY_TABLES = 4, /* as much as there may have been in memory before the crash */
};

struct redo_record {
    uint64_t csn;
    struct str payload;
};

/* Versions are put into the table in groups: most of the time of a put is waiting for memory, and
 * the next ones' places can be fetched meanwhile. */
struct redo_version {
    struct str key;
    struct str value;
    uint64_t hash;
    uint64_t csn;
    bool deleted;
};

/* A thread's part of the work. */
struct lane {
    struct redo *redo;
    struct store_table *table;
    bool first;       /* of the lanes: takes what is not a key, too */
    bool alone;       /* takes all keys */
    uint64_t bad_csn; /* of a record that cannot be read; 0: none */
    int count;
    struct redo_version group[PUT_GROUP];
};

/* A commit whose parts have been met, but not its record. */
struct open_parts {
    struct lsn first;
    struct open_parts *next;
};

struct redo {
    struct store *store;
    uint64_t known_csn; /* commits up to it are in LMDB */
    struct lsn end;     /* of what was added */
    struct open_parts *open;
    uint64_t csn; /* of the commit whose parts are being added */
    char *batch;
    size_t batch_len;
    struct redo_record *records;
    size_t record_count;
    struct lane lanes[LANES];
    int lane_count;

    /* The second lane's thread. */
    pthread_mutex_t mu;
    pthread_cond_t changed;
    void (*work)(struct lane *l); /* guarded by mu; NULL: done */
    bool stopping;                /* guarded by mu */
    bool started;
    pthread_t thread;
};

/* ---- reading a record ---- */

struct reader {
    const uint8_t *p;
    const uint8_t *end;
    bool bad;
};

static int64_t unzigzag(uint64_t v)
{
    return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

static uint64_t take_varint(struct reader *r)
{
    uint64_t v = 0;
    size_t n = varint_get(r->p, r->end, &v);
    r->bad = r->bad || n == 0;
    r->p += n;
    return v;
}

static struct str take_sized(struct reader *r)
{
    uint64_t len = take_varint(r);
    if (r->bad || len > (uint64_t)(r->end - r->p)) {
        r->bad = true;
        return (struct str){"", 0};
    }
    struct str s = str_make(r->p, len);
    r->p += len;
    return s;
}

/* ---- into a table ---- */

static void put_group(struct lane *l)
{
    struct memtable *map = &l->table->map;
    for (int i = 0; i < l->count; i++)
        memtable_prefetch(map, l->group[i].hash, 1);
    for (int i = 0; i < l->count; i++) {
        const struct redo_version *v = &l->group[i];
        CHECK(memtable_put(map, v->key, v->hash, v->csn, v->value, v->deleted));
    }
    l->count = 0;
}

static bool is_mine(const struct lane *l, uint64_t hash)
{
    return l->alone || (hash >> 63 == 0) == l->first; /* the table's buckets go by the low bits */
}

static void apply_version(struct lane *l, struct reader *r, uint64_t csn, bool deleted)
{
    struct str key = take_sized(r);
    struct str value = deleted ? (struct str){"", 0} : take_sized(r);
    r->bad = r->bad || key.len < 4 || key.len > STORE_MAX_KEY_BYTES || value.len > UINT32_MAX;
    if (r->bad)
        return;
    uint64_t hash = mem_hash(key);
    if (!is_mine(l, hash))
        return;
    memtable_prefetch(&l->table->map, hash, 0);
    l->group[l->count++] = (struct redo_version){key, value, hash, csn, deleted};
    if (l->count == PUT_GROUP)
        put_group(l);
}

static void apply_other(struct lane *l, struct reader *r, uint8_t op)
{
    struct store *s = l->redo->store;
    if (op == OP_PARTS) { /* they have been added before */
        take_varint(r);
        return;
    }
    uint32_t id = (uint32_t)take_varint(r);
    int64_t delta = op == OP_COUNT ? unzigzag(take_varint(r)) : 0;
    if (r->bad || !l->first)
        return;
    switch (op) {
    case OP_COUNT:
        if (id)
            count_rows(s, l->table, id, delta);
        return;
    case OP_DROP:
        table_drop(l->table, id);
        return;
    case OP_LOAD:
        table_load(l->table, id);
        return;
    case OP_NEXT_ID:
        if (id > atomic_load_explicit(&s->next_id, memory_order_relaxed))
            atomic_store_explicit(&s->next_id, id, memory_order_relaxed);
        return;
    }
    r->bad = true; /* the record's CRC was right: written by another version of the program */
}

static void apply_batch(struct lane *l)
{
    const struct redo *redo = l->redo;
    for (size_t i = 0; i < redo->record_count && !l->bad_csn; i++) {
        const struct redo_record *record = &redo->records[i];
        const uint8_t *p = (const uint8_t *)record->payload.data;
        struct reader r = {p, p + record->payload.len, false};
        while (!r.bad && r.p < r.end) {
            uint8_t op = *r.p++;
            if (op == OP_PUT || op == OP_DELETE)
                apply_version(l, &r, record->csn, op == OP_DELETE);
            else
                apply_other(l, &r, op);
        }
        if (r.bad)
            l->bad_csn = record->csn;
    }
    put_group(l);
}

static void order_table(struct lane *l)
{
    memtable_order(&l->table->map);
}

/* ---- lanes ---- */

static void *lane_main(void *arg)
{
    struct redo *r = arg;
    pthread_mutex_lock(&r->mu);
    while (!r->stopping) {
        if (!r->work) {
            pthread_cond_wait(&r->changed, &r->mu);
            continue;
        }
        void (*work)(struct lane * l) = r->work;
        pthread_mutex_unlock(&r->mu);
        work(&r->lanes[1]);
        pthread_mutex_lock(&r->mu);
        r->work = NULL;
        pthread_cond_signal(&r->changed);
    }
    pthread_mutex_unlock(&r->mu);
    return NULL;
}

static void add_lane(struct redo *r, struct store_table *table)
{
    memtable_fill_loosely(&table->map);
    r->lanes[r->lane_count] = (struct lane){
        .redo = r, .table = table, .first = r->lane_count == 0, .alone = r->lane_count == 0};
    r->lane_count++;
    r->lanes[0].alone = r->lane_count == 1;
}

/* From the first whole batch on. */
static struct err *open_lanes(struct redo *r)
{
    if (r->lane_count == LANES)
        return NULL;
    if (!r->started) {
        TRY(thread_start(&r->thread, "redo", lane_main, r));
        r->started = true;
    }
    add_lane(r, table_new(r->store));
    return NULL;
}

static void run_lanes(struct redo *r, void (*work)(struct lane *l))
{
    if (r->lane_count == 1) {
        work(&r->lanes[0]);
        return;
    }
    pthread_mutex_lock(&r->mu);
    r->work = work;
    pthread_cond_signal(&r->changed);
    pthread_mutex_unlock(&r->mu);
    work(&r->lanes[0]);
    pthread_mutex_lock(&r->mu);
    while (r->work)
        pthread_cond_wait(&r->changed, &r->mu);
    pthread_mutex_unlock(&r->mu);
}

static struct err *apply(struct redo *r)
{
    if (r->record_count == 0)
        return NULL;
    run_lanes(r, apply_batch);
    for (int i = 0; i < r->lane_count; i++)
        if (r->lanes[i].bad_csn)
            return err_new("XX001", "WAL record of commit %llu cannot be read",
                           (unsigned long long)r->lanes[i].bad_csn);
    r->store->last_csn = r->records[r->record_count - 1].csn;
    r->record_count = 0;
    r->batch_len = 0;
    return NULL;
}

/* ---- out of memory's bounds ---- */

static size_t memory_used(const struct redo *r)
{
    size_t bytes = 0;
    for (int i = 0; i < r->lane_count; i++)
        bytes += r->lanes[i].table->map.arena.used_bytes;
    return bytes;
}

/* Orders the lanes' tables and says up to where they reach. */
static int close_tables(struct redo *r, struct store_table **tables)
{
    run_lanes(r, order_table);
    for (int i = 0; i < r->lane_count; i++) {
        tables[i] = r->lanes[i].table;
        tables[i]->end = r->end;
        tables[i]->last_csn = r->store->last_csn;
    }
    return r->lane_count;
}

static bool is_full(const struct redo *r)
{
    return memory_used(r) > MEMORY_TABLES * r->store->config.memtable_bytes;
}

/* Where redo begins when all that was added is in LMDB. */
static struct lsn redo_from(const struct redo *r)
{
    struct lsn from = r->end;
    for (const struct open_parts *o = r->open; o; o = o->next)
        if (o->first.v < from.v)
            from = o->first;
    return from;
}

/* To what is to be applied; `payload` may go away after the call. */
static struct err *add(struct redo *r, uint64_t csn, struct str payload)
{
    if (payload.len > BATCH_BYTES - r->batch_len || r->record_count == BATCH_RECORDS) {
        TRY(open_lanes(r));
        TRY(apply(r));
    }
    bool large = payload.len > BATCH_BYTES;
    if (payload.len && !large) {
        memcpy(r->batch + r->batch_len, payload.data, payload.len);
        payload.data = r->batch + r->batch_len;
        r->batch_len += payload.len;
    }
    r->records[r->record_count++] = (struct redo_record){csn, payload};
    return large ? apply(r) : NULL;
}

/* More log than there may be in memory: a checkpoint on the way. */
static struct err *write_out(struct redo *r)
{
    struct store *s = r->store;
    struct store_table *tables[LANES];
    struct kv_gen *gen;
    int n = close_tables(r, tables);
    struct lsn redo = redo_from(r);
    TRY(write_tables(s, tables, n, redo));
    TRY(kv_gen_new(s->kv, &gen));
    kv_gen_unref(s->gen);
    s->gen = gen;
    s->active = table_new(s);
    r->lane_count = 0;
    for (int i = 0; i < n; i++) {
        for (size_t j = 0; j < tables[i]->drop_count; j++)
            store_discard(s, tables[i]->drops[j]);
        table_free(tables[i]);
    }
    add_lane(r, s->active);
    atomic_store_explicit(&s->redo_lsn, redo.v, memory_order_relaxed);
    return open_lanes(r);
}

/* ---- commits in parts ---- */

static void note_part(struct redo *r, struct lsn first)
{
    for (const struct open_parts *o = r->open; o; o = o->next)
        if (o->first.v == first.v)
            return;
    struct open_parts *o = malloc(sizeof(*o));
    CHECK(o != NULL);
    *o = (struct open_parts){first, r->open};
    r->open = o;
}

static void forget_parts(struct redo *r, struct lsn first)
{
    for (struct open_parts **link = &r->open; *link; link = &(*link)->next) {
        if ((*link)->first.v == first.v) {
            struct open_parts *gone = *link;
            *link = gone->next;
            free(gone);
            return;
        }
    }
}

/* The tables' keys alone: a crash from here on begins again before the commit. What else the tables
 * have stays for the end. */
static struct err *write_early(struct redo *r)
{
    struct store_table *tables[LANES];
    TRY(apply(r));
    int n = close_tables(r, tables);
    TRY(write_keys_early(r->store, tables, n));
    for (int i = 0; i < n; i++) {
        memtable_done(&tables[i]->map);
        table_new_map(r->store, tables[i]);
        memtable_fill_loosely(&tables[i]->map);
    }
    return NULL;
}

static struct err *add_part(void *arg, struct str payload)
{
    struct redo *r = arg;
    TRY(add(r, r->csn, payload));
    return is_full(r) ? write_early(r) : NULL;
}

/* Where the parts of a commit begin; LSN_NONE when it has none. */
static struct lsn parts_of(struct str payload)
{
    struct reader r = {(const uint8_t *)payload.data, NULL, false};
    r.end = r.p + payload.len;
    if (!payload.len || *r.p++ != OP_PARTS)
        return LSN_NONE;
    struct lsn first = {take_varint(&r)};
    return r.bad ? LSN_NONE : first;
}

static struct err *add_parts(struct redo *r, const struct wal_record *record, struct lsn first)
{
    if (!record->wal || first.v >= record->start.v)
        return err_new("XX001", "WAL record of commit %llu has no parts before it",
                       (unsigned long long)record->csn);
    r->csn = record->csn;
    TRY(wal_read_parts(record->wal, first, record->start, add_part, r));
    forget_parts(r, first);
    return NULL;
}

/* ---- the interface ---- */

struct err *redo_new(struct store *s, struct redo **out)
{
    struct redo *r = calloc(1, sizeof(*r));
    if (r) {
        r->batch = malloc(BATCH_BYTES);
        r->records = malloc(BATCH_RECORDS * sizeof(*r->records));
    }
    if (!r || !r->batch || !r->records) {
        redo_free(r);
        return err_oom();
    }
    pthread_mutex_init(&r->mu, NULL);
    pthread_cond_init(&r->changed, NULL);
    r->store = s;
    r->known_csn = s->last_csn;
    add_lane(r, s->active);
    *out = r;
    return NULL;
}

struct err *redo_add(struct redo *r, const struct wal_record *record)
{
    if (record->is_part) {
        note_part(r, record->first);
        return NULL;
    }
    if (record->csn <= r->known_csn) /* redo began at parts of a later commit */
        return NULL;
    uint64_t last = r->record_count ? r->records[r->record_count - 1].csn : r->store->last_csn;
    if (record->csn <= last)
        return err_new("XX001", "WAL record of commit %llu is out of order",
                       (unsigned long long)record->csn);
    struct lsn first = parts_of(record->payload);
    if (first.v != LSN_NONE.v)
        TRY(add_parts(r, record, first));
    TRY(add(r, record->csn, record->payload));
    r->end = record->end;
    if (!is_full(r) && !r->store->half_written)
        return NULL;
    TRY(apply(r));
    return write_out(r);
}

/* The lanes' tables have no key in common, so either may be the newer one. */
static void keep_frozen(struct store *s, struct store_table **tables, int n)
{
    for (int i = 0; i < n; i++) {
        s->frozen[i] = tables[i];
        atomic_fetch_add_explicit(&s->frozen_bytes, tables[i]->map.arena.used_bytes,
                                  memory_order_relaxed);
    }
    s->frozen_count = n;
    s->active = table_new(s);
}

struct err *redo_finish(struct redo *r)
{
    struct store_table *tables[LANES];
    TRY(apply(r));
    int n = close_tables(r, tables);
    if (n > 1)
        keep_frozen(r->store, tables, n);
    r->lane_count = 0;
    return NULL;
}

void redo_free(struct redo *r)
{
    if (!r)
        return;
    if (r->started) {
        pthread_mutex_lock(&r->mu);
        r->stopping = true;
        pthread_cond_signal(&r->changed);
        pthread_mutex_unlock(&r->mu);
        pthread_join(r->thread, NULL);
    }
    for (int i = 1; i < r->lane_count; i++) /* the first one's is the store's */
        table_free(r->lanes[i].table);
    while (r->open)
        forget_parts(r, r->open->first);
    free(r->batch);
    free(r->records);
    free(r);
}
