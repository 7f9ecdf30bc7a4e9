/* Tables, superversions, opening and closing: see store.h.
 *
 * Why a snapshot is consistent. The state (active table, frozen tables, generation) has a version
 * number. Freezing raises it before any commit goes into the new table; a checkpoint raises it when
 * the generation with the frozen tables' content replaces them, which is after all of that content
 * became durable and so visible. store_snapshot takes a superversion, then the visible CSN, then
 * checks that the version has not moved: so all commits up to the CSN lie in the superversion's
 * tables or generation, and the generation has nothing beyond the CSN. */
#include "storage/store_internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "rt/fiber.h"
#include "rt/pool.h"
#include "storage/temp_arena.h"

#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

void *array_room(void *items, size_t count, size_t *cap, size_t item_bytes)
{
    if (count < *cap)
        return items;
    *cap = *cap ? *cap * 2 : 8;
    void *grown = realloc(items, *cap * item_bytes);
    CHECK(grown != NULL);
    return grown;
}

_Noreturn void store_panic(const char *what, struct err *e)
{
    log_write(LOG_PANIC, "storage", "%s; stopping", what);
    log_err(LOG_PANIC, "storage", e);
    _exit(EXIT_FAILURE);
}

/* ---- tables ---- */

struct store_table *table_new(struct store *s)
{
    struct store_table *t = calloc(1, sizeof(*t));
    CHECK(t != NULL);
    table_new_map(s, t);
    t->store = s;
    t->parts_from = LSN_NONE;
    atomic_init(&t->refs, 1);
    return t;
}

void table_new_map(struct store *s, struct store_table *t)
{
    size_t buckets = s->config.memtable_bytes / 256;
    if (buckets > 1 << 24)
        buckets = 1 << 24;
    CHECK(memtable_init(&t->map, buckets < 1024 ? 1024 : buckets));
}

void table_free(struct store_table *t)
{
    if (!t)
        return;
    memtable_done(&t->map);
    free(t->counts);
    free(t->drops);
    free(t->loads);
    free(t);
}

/* Freeing a large table takes milliseconds: the writer thread does it. */
void table_unref(struct store_table *t)
{
    if (atomic_fetch_sub_explicit(&t->refs, 1, memory_order_acq_rel) != 1)
        return;
    struct store *s = t->store;
    pthread_mutex_lock(&s->garbage_mu);
    t->next_garbage = s->garbage;
    s->garbage = t;
    pthread_mutex_unlock(&s->garbage_mu);
    pthread_cond_signal(&s->job_work);
}

struct store_table *table_adopt(struct store *s, struct memtable *map)
{
    struct store_table *t = calloc(1, sizeof(*t));
    CHECK(t != NULL);
    if (map->spill)
        temp_arena_detach(map->spill);
    t->map = *map;
    *map = (struct memtable){0};
    t->store = s;
    t->parts_from = LSN_NONE;
    atomic_init(&t->refs, 1);
    return t;
}

void store_free_writes(struct store *s, struct memtable *writes)
{
    table_unref(table_adopt(s, writes));
}

/* ---- superversions ---- */

static struct sv_slot *my_slot(struct store *s)
{
    static _Atomic unsigned next;
    static __thread unsigned mine; /* plus one */
    if (!mine)
        mine = 1 + atomic_fetch_add_explicit(&next, 1, memory_order_relaxed) % SLOT_COUNT;
    return &s->slots[mine - 1];
}

static void slot_lock(struct sv_slot *slot)
{
    for (int spins = 0; atomic_flag_test_and_set_explicit(&slot->lock, memory_order_acquire);)
        if (++spins > 100)
            sched_yield();
}

static void slot_unlock(struct sv_slot *slot)
{
    atomic_flag_clear_explicit(&slot->lock, memory_order_release);
}

struct superversion *superversion_ref(struct superversion *sv)
{
    atomic_fetch_add_explicit(&sv->refs, 1, memory_order_relaxed);
    return sv;
}

void store_release(struct superversion *sv)
{
    if (!sv || atomic_fetch_sub_explicit(&sv->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (int i = 0; i < sv->table_count; i++)
        table_unref(CONTAINER_OF(sv->maps[i], struct store_table, map));
    kv_gen_unref(sv->gen);
    free(sv);
}

static void add_table(struct superversion *sv, struct store_table *t)
{
    atomic_fetch_add_explicit(&t->refs, 1, memory_order_relaxed);
    sv->maps[sv->table_count++] = &t->map;
}

static struct superversion *superversion_new(struct store *s)
{
    struct superversion *sv = calloc(1, sizeof(*sv));
    CHECK(sv != NULL);
    atomic_init(&sv->refs, 1);
    sv->store = s;
    pthread_mutex_lock(&s->state_mu);
    sv->number = atomic_load_explicit(&s->version, memory_order_relaxed);
    add_table(sv, s->active);
    for (int i = 0; i < s->frozen_count; i++)
        add_table(sv, s->frozen[i]);
    sv->gen = kv_gen_ref(s->gen);
    pthread_mutex_unlock(&s->state_mu);
    return sv;
}

static struct superversion *slot_swap(struct sv_slot *slot, struct superversion *sv)
{
    slot_lock(slot);
    struct superversion *old = slot->cached;
    slot->cached = sv;
    slot_unlock(slot);
    return old;
}

static bool is_current(const struct superversion *sv)
{
    return atomic_load_explicit(&sv->store->version, memory_order_acquire) == sv->number;
}

struct superversion *store_acquire(struct store *s)
{
    struct sv_slot *slot = my_slot(s);
    slot_lock(slot);
    struct superversion *sv = slot->cached;
    if (sv && is_current(sv)) {
        superversion_ref(sv);
        slot_unlock(slot);
        return sv;
    }
    slot_unlock(slot);
    sv = superversion_new(s);
    store_release(slot_swap(slot, superversion_ref(sv)));
    /* If the state changed meanwhile, its sweep may have passed this slot already. */
    if (!is_current(sv))
        store_release(slot_swap(slot, NULL));
    return sv;
}

struct superversion *store_snapshot(struct store *s, uint64_t *csn)
{
    for (;;) {
        struct superversion *sv = store_acquire(s);
        *csn = atomic_load_explicit(&s->visible_csn, memory_order_acquire);
        if (is_current(sv))
            return sv;
        store_release(sv);
    }
}

int superversion_memtables(const struct superversion *sv, struct memtable *const **tables)
{
    *tables = sv->maps;
    return sv->table_count;
}

struct kv_gen *superversion_gen(const struct superversion *sv)
{
    return sv->gen;
}

uint64_t superversion_number(const struct superversion *sv)
{
    return sv->number;
}

/* After a change of the state: idle threads must not keep the old one alive. */
void state_sweep(struct store *s)
{
    for (int i = 0; i < SLOT_COUNT; i++)
        store_release(slot_swap(&s->slots[i], NULL));
}

void state_changed_locked(struct store *s)
{
    atomic_fetch_add_explicit(&s->version, 1, memory_order_acq_rel);
}

static void add_frozen_locked(struct store *s, struct store_table *t)
{
    CHECK(s->frozen_count < STORE_MAX_FROZEN);
    for (int i = s->frozen_count; i > 0; i--)
        s->frozen[i] = s->frozen[i - 1];
    s->frozen[0] = t;
    s->frozen_count++;
    state_changed_locked(s);
}

static void frozen_added(struct store *s)
{
    state_sweep(s);
    pthread_mutex_lock(&s->job_mu);
    pthread_cond_signal(&s->job_work);
    pthread_mutex_unlock(&s->job_mu);
}

void freeze_active_locked(struct store *s)
{
    struct store_table *fresh = table_new(s);
    struct store_table *old = s->active;
    old->end = wal_tail(s->wal);
    old->last_csn = s->last_csn;
    atomic_fetch_add_explicit(&s->frozen_bytes, old->map.arena.used_bytes, memory_order_relaxed);
    pthread_mutex_lock(&s->state_mu);
    add_frozen_locked(s, old);
    s->active = fresh;
    pthread_mutex_unlock(&s->state_mu);
    atomic_store_explicit(&s->active_bytes, 0, memory_order_relaxed);
    frozen_added(s);
}

void push_frozen_locked(struct store *s, struct store_table *t, struct large_commit *large)
{
    atomic_fetch_add_explicit(&s->frozen_bytes, t->map.arena.used_bytes, memory_order_relaxed);
    pthread_mutex_lock(&s->state_mu);
    add_frozen_locked(s, t);
    large_end_locked(s, large);
    pthread_mutex_unlock(&s->state_mu);
    frozen_added(s);
}

struct err *store_get(const struct superversion *sv, struct kv_gen *gen, uint64_t csn,
                      struct str key, struct str *value, uint64_t *version_csn, bool *found)
{
    uint32_t storage_id = key_storage_id(key);
    uint64_t hash = 0;
    bool hashed = false;
    for (int i = 0; i < sv->table_count; i++) {
        const struct memtable *m = sv->maps[i];
        if (!memtable_has_storage(m, storage_id))
            continue;
        if (!hashed) {
            hash = mem_hash(key);
            hashed = true;
        }
        const struct mem_node *n = memtable_find(m, key, hash);
        uint64_t upto = csn;
        bool shown = n && mem_snapshot(m, &upto);
        const struct mem_version *v = shown ? mem_visible(n, upto) : NULL;
        if (v) {
            *found = !v->deleted;
            *value = mem_value(v);
            *version_csn = mem_version_csn(m, v);
            return NULL;
        }
    }
    *version_csn = 0;
    return kv_get(gen ? gen : sv->gen, key, value, version_csn, found);
}

/* ---- small things ---- */

bool store_is_new(const struct store *s)
{
    return s->is_new;
}

uint64_t store_visible_csn(const struct store *s)
{
    return atomic_load_explicit(&s->visible_csn, memory_order_acquire);
}

uint64_t store_last_csn(const struct store *s)
{
    return atomic_load_explicit(&s->newest_csn, memory_order_acquire);
}

uint32_t store_new_id(struct store *s)
{
    return atomic_fetch_add_explicit(&s->next_id, 1, memory_order_relaxed);
}

uint64_t store_new_xid(struct store *s)
{
    return atomic_fetch_add_explicit(&s->next_xid, 1, memory_order_relaxed);
}

uint64_t store_next_xid(const struct store *s)
{
    return atomic_load_explicit(&s->next_xid, memory_order_relaxed);
}

int64_t store_row_count(struct store *s, uint32_t storage_id)
{
    pthread_mutex_lock(&s->counts_mu);
    int64_t count = count_map_get(&s->row_counts, storage_id);
    pthread_mutex_unlock(&s->counts_mu);
    return count;
}

size_t store_memtable_bytes(const struct store *s)
{
    return s->config.memtable_bytes;
}

const char *store_tmp_dir(const struct store *s)
{
    return s->tmp_dir;
}

void store_stats(struct store *s, struct store_stats *out)
{
    pthread_mutex_lock(&s->state_mu);
    out->frozen_count = s->frozen_count;
    pthread_mutex_unlock(&s->state_mu);
    out->wal_syncs = wal_sync_count(s->wal);
    out->checkpoints = atomic_load_explicit(&s->checkpoint_count, memory_order_relaxed);
    out->memtable_bytes = atomic_load_explicit(&s->frozen_bytes, memory_order_relaxed) +
                          atomic_load_explicit(&s->active_bytes, memory_order_relaxed);
    out->data_bytes = kv_used_bytes(s->kv);
    out->durable_lsn = wal_durable(s->wal).v;
    out->tail_lsn = atomic_load_explicit(&s->tail_lsn, memory_order_relaxed);
    if (out->tail_lsn < out->durable_lsn) /* its copy may lag */
        out->tail_lsn = out->durable_lsn;
    out->wal_bytes = out->tail_lsn - atomic_load_explicit(&s->redo_lsn, memory_order_relaxed);
}

/* ---- opening and closing ---- */

static void free_garbage_now(struct store *s)
{
    while (s->garbage) {
        struct store_table *t = s->garbage;
        s->garbage = t->next_garbage;
        table_free(t);
    }
}

static void stop_writer(struct store *s)
{
    if (!s->writer_started)
        return;
    pthread_mutex_lock(&s->job_mu);
    s->stopping = true;
    pthread_cond_broadcast(&s->job_work);
    pthread_mutex_unlock(&s->job_mu);
    pthread_join(s->writer, NULL);
}

static void store_free(struct store *s)
{
    stop_writer(s);
    wal_close(s->wal);
    state_sweep(s);
    if (s->active)
        table_unref(s->active);
    for (int i = 0; i < s->frozen_count; i++)
        table_unref(s->frozen[i]);
    free_garbage_now(s);
    kv_gen_unref(s->gen);
    kv_close(s->kv);
    count_map_done(&s->row_counts);
    free(s->discards);
    err_free(s->checkpoint_error);
    store_dir_close(s);
    wait_mutex_done(&s->commit_mu);
    pthread_mutex_destroy(&s->state_mu);
    pthread_mutex_destroy(&s->counts_mu);
    pthread_mutex_destroy(&s->garbage_mu);
    pthread_mutex_destroy(&s->job_mu);
    pthread_cond_destroy(&s->job_work);
    free(s);
}

static void init_sync(struct store *s)
{
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    wait_mutex_init(&s->commit_mu);
    pthread_mutex_init(&s->state_mu, NULL);
    pthread_mutex_init(&s->counts_mu, NULL);
    pthread_mutex_init(&s->garbage_mu, NULL);
    pthread_mutex_init(&s->job_mu, NULL);
    pthread_cond_init(&s->job_work, &attr);
    pthread_condattr_destroy(&attr);
    s->jobs_end = &s->jobs;
    s->lock_fd = -1;
    for (int i = 0; i < SLOT_COUNT; i++)
        atomic_flag_clear(&s->slots[i].lock);
}

static struct err *open_parts(struct store *s)
{
    TRY(store_dir_open(s));
    TRY(kv_open(s->data_dir, s->config.map_bytes, s->config.fsync, &s->kv));
    TRY(kv_gen_new(s->kv, &s->gen));
    s->active = table_new(s);
    TRY(store_recover(s));
    if (s->is_new || s->old_format)
        TRY(store_dir_initialised(s));
    s->last_checkpoint_ns = clock_mono_ns();
    TRY(thread_start(&s->writer, "store-writer", writer_main, s));
    s->writer_started = true;
    return NULL;
}

struct err *store_open(const struct store_config *config, struct store **out)
{
    struct store *s = aligned_alloc(64, (sizeof(*s) + 63) / 64 * 64);
    if (!s)
        return err_oom();
    memset(s, 0, sizeof(*s));
    s->config = *config;
    if (!s->config.files)
        s->config.files = &file_posix;
    if (s->config.memtable_bytes == 0)
        s->config.memtable_bytes = 64 << 20;
    if (s->config.map_bytes == 0)
        s->config.map_bytes = (size_t)1 << 40;
    if (s->config.wal_segment_bytes == 0)
        s->config.wal_segment_bytes = 64 << 20;
    if (s->config.checkpoint_timeout_ms == 0)
        s->config.checkpoint_timeout_ms = 300000;
    if (s->config.max_wal_bytes == 0)
        s->config.max_wal_bytes = (int64_t)1 << 30;
    init_sync(s);
    struct err *e = open_parts(s);
    if (e) {
        store_free(s);
        return e;
    }
    *out = s;
    return NULL;
}

struct err *store_close(struct store *s)
{
    struct err *e = store_checkpoint(s);
    store_free(s);
    return e;
}

void store_close_hard(struct store *s)
{
    store_free(s);
}
