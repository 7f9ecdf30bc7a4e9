/* Snapshots, views, point reads, writes. */
#include "storage/kv.h"
#include "txn/txn_internal.h"

#include <stdlib.h>

/* ---- snapshots ---- */

struct snapshot *snapshot_at(struct txn *t, struct superversion *sv, uint64_t csn)
{
    struct snapshot *s = t->free_snapshots;
    if (s) {
        t->free_snapshots = s->next_free;
    } else {
        s = malloc(sizeof(*s));
        CHECK(s != NULL);
    }
    s->refs = 1;
    s->sv = sv;
    s->csn = csn;
    t->live_snapshots++;
    return s;
}

struct snapshot *snapshot_new(struct txn *t, bool newest)
{
    uint64_t csn;
    if (newest)
        return snapshot_at(t, store_acquire(t->mgr->store), STORE_CSN_NEWEST);
    struct superversion *sv = store_snapshot(t->mgr->store, &csn);
    /* Made before, so its versions are in the tables at hand. */
    return snapshot_at(t, sv, csn < t->seen_csn ? t->seen_csn : csn);
}

void snapshot_unref(struct txn *t, struct snapshot *s)
{
    ASSERT(s->refs > 0);
    if (--s->refs > 0)
        return;
    store_release(s->sv);
    s->sv = NULL;
    s->next_free = t->free_snapshots;
    t->free_snapshots = s;
    t->live_snapshots--;
}

void snapshots_free(struct txn *t)
{
    while (t->free_snapshots) {
        struct snapshot *s = t->free_snapshots;
        t->free_snapshots = s->next_free;
        free(s);
    }
}

struct txn_view txn_view_begin(struct txn *t)
{
    struct snapshot *s = t->fixed;
    if (!s && t->isolation == TXN_SERIALIZABLE) {
        serial_take_snapshot(t);
        s = t->fixed;
    }
    if (s) {
        s->refs++;
    } else {
        s = snapshot_new(t, false);
        if (t->isolation == TXN_REPEATABLE_READ) {
            s->refs++;
            t->fixed = s;
        }
    }
    return (struct txn_view){t, s, t->command};
}

struct txn_view txn_view_ref(const struct txn_view *v)
{
    v->snapshot->refs++;
    return *v;
}

struct txn_view txn_view_newest(struct txn *t)
{
    return (struct txn_view){t, snapshot_new(t, true), UINT32_MAX};
}

uint64_t txn_view_csn(const struct txn_view *v)
{
    return v->snapshot->csn;
}

void txn_see(struct txn *t, uint64_t csn)
{
    if (t->seen_csn < csn)
        t->seen_csn = csn;
}

void txn_view_done(struct txn_view *v)
{
    if (v->snapshot)
        snapshot_unref(v->txn, v->snapshot);
    v->snapshot = NULL;
}

/* ---- reading ---- */

/* A storage id that this transaction has loaded is read from the generation that shows the load;
 * a snapshot may be older. */
struct kv_gen *txn_gen_for(const struct txn *t, uint32_t storage_id)
{
    for (size_t i = 0; i < t->load_count; i++)
        if (t->loads[i] == storage_id)
            return t->load_gens[t->load_gen_count - 1];
    return NULL;
}

static const struct mem_version *own_version(const struct txn *t, struct str key, uint32_t command)
{
    if (!t->has_writes || !t->writes_ready ||
        !memtable_has_storage(&t->writes, key_storage_id(key)))
        return NULL;
    const struct mem_node *n = memtable_find(&t->writes, key, 0);
    return n ? mem_visible(n, command) : NULL;
}

/* The last command whose writes the view shows. */
static uint32_t last_command(const struct txn_view *v)
{
    return v->command == UINT32_MAX ? UINT32_MAX : v->command - 1;
}

struct err *txn_get(const struct txn_view *v, struct str key, struct str *value, bool *found)
{
    ASSERT(key.len >= 4);
    struct txn *t = v->txn;
    const struct mem_version *own = own_version(t, key, last_command(v));
    if (own) {
        *value = mem_value(own);
        *found = !own->deleted;
        return NULL;
    }
    if (t->isolation == TXN_SERIALIZABLE)
        TRY(serial_note_read_key(t, key));
    uint64_t csn;
    struct kv_gen *gen = t->load_count ? txn_gen_for(t, key_storage_id(key)) : NULL;
    return store_get(v->snapshot->sv, gen, v->snapshot->csn, key, value, &csn, found);
}

static struct err *copy_value(struct arena *arena, struct str value, struct txn_newest *out)
{
    char *p = arena_try_alloc(arena, value.len + 1);
    if (!p)
        return err_oom();
    if (value.len)
        memcpy(p, value.data, value.len);
    p[value.len] = '\0';
    out->value = str_make(p, value.len);
    return NULL;
}

/* Deletions leave no trace once they are in LMDB: then what the snapshot sees decides. */
static struct err *was_changed(const struct txn_view *v, struct str key, uint64_t newest_csn,
                               struct txn_newest *out)
{
    struct str ignored;
    uint64_t csn;
    bool told = v->snapshot->csn == STORE_CSN_NEWEST || out->found || newest_csn != 0;
    if (told && newest_csn <= v->snapshot->csn)
        return NULL;
    TRY(store_get(v->snapshot->sv, NULL, v->snapshot->csn, key, &ignored, &csn, &out->seen));
    out->changed = told || out->seen;
    return NULL;
}

struct err *txn_get_newest(const struct txn_view *v, struct str key, struct arena *arena,
                           struct txn_newest *out)
{
    struct txn *t = v->txn;
    struct txn_newest n = {0};
    const struct mem_version *own = own_version(t, key, UINT32_MAX);
    if (own) {
        n.own = true;
        n.own_command = own->csn == t->command;
        n.found = !own->deleted;
        if (n.found)
            TRY(copy_value(arena, mem_value(own), &n));
        *out = n;
        return NULL;
    }
    struct superversion *sv = store_acquire(t->mgr->store);
    struct kv_gen *gen = t->load_count ? txn_gen_for(t, key_storage_id(key)) : NULL;
    struct str value;
    uint64_t csn;
    struct err *e = store_get(sv, gen, STORE_CSN_NEWEST, key, &value, &csn, &n.found);
    if (!e && n.found)
        e = copy_value(arena, value, &n);
    store_release(sv);
    if (!e)
        txn_see(t, csn);
    if (!e && !gen)
        e = was_changed(v, key, csn, &n);
    if (!e && !gen && t->isolation == TXN_SERIALIZABLE)
        e = v->snapshot->csn == STORE_CSN_NEWEST ? serial_note_newest(t, key, csn, n.found)
                                                 : serial_note_read_key(t, key);
    if (!e)
        *out = n;
    return e;
}

/* ---- writing ---- */

static struct err *write_version(struct txn *t, struct str key, struct str value, bool deleted)
{
    if (t->read_only)
        return err_new("25006", "cannot change data in a read-only transaction");
    if (key.len < 4 || key.len > STORE_MAX_KEY_BYTES)
        return err_new("54000", "key of %zu bytes is too long", key.len);
    if (value.len > UINT32_MAX)
        return err_new("54000", "value of %zu bytes is too long", value.len);
    if (!t->writes_ready) {
        if (!memtable_init(&t->writes, 0))
            return err_oom();
        t->writes_ready = true;
    }
    struct memtable *m = &t->writes;
    if (!m->spill && m->arena.used_bytes > t->mgr->heap_bytes)
        TRY(memtable_spill(m, t->temp_quota, t->mgr->heap_bytes));
    struct txn_undo *undo = t->mark_count ? arena_try_alloc(&m->arena, sizeof(*undo)) : NULL;
    if (t->mark_count && !undo)
        return memtable_put_error(m);
    if (t->isolation == TXN_SERIALIZABLE)
        TRY(serial_note_write(t, key));
    struct mem_node *n = memtable_put(m, key, 0, t->command, value, deleted);
    if (!n)
        return memtable_put_error(m);
    if (!t->has_writes)
        (void)txn_xid(t);
    t->has_writes = true;
    t->written.versions++;
    t->written.bytes += key.len + value.len;
    if (undo) {
        *undo = (struct txn_undo){t->undo, n};
        t->undo = undo;
    }
    return NULL;
}

struct err *txn_put(struct txn *t, struct str key, struct str value)
{
    return write_version(t, key, value, false);
}

struct err *txn_delete(struct txn *t, struct str key)
{
    return write_version(t, key, (struct str){"", 0}, true);
}
