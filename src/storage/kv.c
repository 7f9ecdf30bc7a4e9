/* LMDB behind our types: see kv.h and README.md.
 *
 * LMDB asks that a read transaction be used by one thread at a time. Readers here share one per
 * generation: in LMDB 0.9 reading writes nothing into a read-only transaction on the main database
 * (cursors are untracked, the page lookup goes straight to the map, flags change only on a
 * corrupt page), so there is nothing to serialise; one transaction a generation also keeps the
 * reader table small. Cursors belong to one thread at a time. */
#include "storage/kv_internal.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "storage/memtable.h"
#include "storage/siphash.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { MAX_READERS = 4096, CSN_BYTES = 8, LONG_HEADER_BYTES = 12 };

/* The key of the digests; written once when the map is created. Storage id 0 is the store's own. */
static const char digest_key_name[] = {0, 0, 0, 0, 'd', 'i', 'g', 'e', 's', 't'};

struct err *kv_error(int rc, const char *what)
{
    if (rc == MDB_MAP_FULL)
        return err_hint(err_new("53100", "%s: the data file has reached its size limit", what),
                        "Increase the map size.");
    if (rc == ENOMEM)
        return err_oom();
    if (rc == ENOSPC || rc == EDQUOT)
        return err_new("53100", "%s: %s", what, mdb_strerror(rc));
    if (rc == MDB_CORRUPTED || rc == MDB_PAGE_NOTFOUND || rc == MDB_INVALID ||
        rc == MDB_VERSION_MISMATCH)
        return err_new("XX001", "%s: %s", what, mdb_strerror(rc));
    return err_new("58030", "%s: %s", what, mdb_strerror(rc));
}

MDB_val kv_physical(const struct kv *kv, struct str key, char *space)
{
    if (key.len <= KV_PREFIX_BYTES)
        return (MDB_val){key.len, (void *)key.data};
    memcpy(space, key.data, KV_PREFIX_BYTES);
    siphash_128(kv->digest_key, key.data, key.len, (uint8_t *)space + KV_PREFIX_BYTES);
    return (MDB_val){KV_LONG_BYTES, space};
}

struct err *kv_decode(MDB_val k, MDB_val v, struct str *key, struct str *value, uint64_t *csn)
{
    const char *p = v.mv_data;
    if (v.mv_size < CSN_BYTES)
        return err_new("XX001", "stored value is too short");
    *csn = load_le64(p);
    if (k.mv_size <= KV_PREFIX_BYTES) {
        *key = str_make(k.mv_data, k.mv_size);
        *value = str_make(p + CSN_BYTES, v.mv_size - CSN_BYTES);
        return NULL;
    }
    if (v.mv_size < LONG_HEADER_BYTES || load_le32(p + CSN_BYTES) > v.mv_size - LONG_HEADER_BYTES)
        return err_new("XX001", "stored value of a long key is too short");
    *key = str_make(p + LONG_HEADER_BYTES, load_le32(p + CSN_BYTES));
    *value = str_make(key->data + key->len, v.mv_size - LONG_HEADER_BYTES - key->len);
    return NULL;
}

/* ---- opening ---- */

static struct err *load_digest_key(struct kv *kv)
{
    MDB_val k = {sizeof(digest_key_name), (void *)digest_key_name};
    MDB_val v;
    TRY(kv_begin(kv));
    int rc = mdb_get(kv->write, kv->dbi, &k, &v);
    if (rc == 0 && v.mv_size == sizeof(kv->digest_key)) {
        memcpy(kv->digest_key, v.mv_data, sizeof(kv->digest_key));
        kv_abort(kv);
        return NULL;
    }
    random_bytes(kv->digest_key, sizeof(kv->digest_key));
    v = (MDB_val){sizeof(kv->digest_key), kv->digest_key};
    if (rc == MDB_NOTFOUND)
        rc = mdb_put(kv->write, kv->dbi, &k, &v, 0);
    if (rc != 0) {
        kv_abort(kv);
        return kv_error(rc, "could not initialise the data file");
    }
    return kv_commit(kv);
}

static int open_env(struct kv *kv, const char *dir, size_t map_bytes, bool fsync)
{
    unsigned flags = MDB_NOTLS | MDB_NORDAHEAD | (fsync ? 0u : MDB_NOSYNC);
    MDB_txn *txn;
    int rc = mdb_env_create(&kv->env);
    if (rc == 0)
        rc = mdb_env_set_mapsize(kv->env, map_bytes);
    if (rc == 0)
        rc = mdb_env_set_maxreaders(kv->env, MAX_READERS);
    if (rc == 0)
        rc = mdb_env_open(kv->env, dir, flags, 0600);
    if (rc == 0)
        rc = mdb_txn_begin(kv->env, NULL, 0, &txn);
    if (rc != 0)
        return rc;
    rc = mdb_dbi_open(txn, NULL, 0, &kv->dbi);
    if (rc != 0) {
        mdb_txn_abort(txn);
        return rc;
    }
    return mdb_txn_commit(txn);
}

struct err *kv_open(const char *dir, size_t map_bytes, bool fsync, struct kv **out)
{
    struct kv *kv = calloc(1, sizeof(*kv));
    if (!kv)
        return err_oom();
    int rc = open_env(kv, dir, map_bytes, fsync);
    struct err *e = rc ? kv_error(rc, "could not open the data file") : load_digest_key(kv);
    if (e) {
        kv_close(kv);
        return e;
    }
    *out = kv;
    return NULL;
}

void kv_close(struct kv *kv)
{
    if (!kv)
        return;
    if (kv->env)
        mdb_env_close(kv->env);
    free(kv);
}

/* ---- generations ---- */

struct err *kv_gen_new(struct kv *kv, struct kv_gen **out)
{
    ASSERT(!kv->write);
    struct kv_gen *g = malloc(sizeof(*g));
    if (!g)
        return err_oom();
    int rc = mdb_txn_begin(kv->env, NULL, MDB_RDONLY, &g->txn);
    if (rc != 0) {
        free(g);
        return kv_error(rc, "could not begin reading the data file");
    }
    g->kv = kv;
    atomic_init(&g->refs, 1);
    *out = g;
    return NULL;
}

struct kv_gen *kv_gen_ref(struct kv_gen *g)
{
    atomic_fetch_add_explicit(&g->refs, 1, memory_order_relaxed);
    return g;
}

void kv_gen_unref(struct kv_gen *g)
{
    if (!g || atomic_fetch_sub_explicit(&g->refs, 1, memory_order_acq_rel) != 1)
        return;
    mdb_txn_abort(g->txn);
    free(g);
}

struct err *kv_get(struct kv_gen *g, struct str key, struct str *value, uint64_t *csn, bool *found)
{
    char space[KV_PHYSICAL_MAX_BYTES];
    MDB_val k = kv_physical(g->kv, key, space);
    MDB_val v;
    int rc = mdb_get(g->txn, g->kv->dbi, &k, &v);
    if (rc == MDB_NOTFOUND) {
        *found = false;
        return NULL;
    }
    if (rc != 0)
        return kv_error(rc, "could not read the data file");
    struct str stored = key;
    TRY(kv_decode(k, v, &stored, value, csn));
    *found = key.len <= KV_PREFIX_BYTES || str_eq(stored, key);
    return NULL;
}

/* ---- writing ---- */

struct err *kv_begin(struct kv *kv)
{
    ASSERT(!kv->write);
    int rc = mdb_txn_begin(kv->env, NULL, 0, &kv->write);
    if (rc == 0) {
        rc = mdb_cursor_open(kv->write, kv->dbi, &kv->cursor);
        if (rc != 0)
            mdb_txn_abort(kv->write);
    }
    if (rc != 0) {
        kv->write = NULL;
        return kv_error(rc, "could not begin writing the data file");
    }
    kv->appending = false;
    kv->dirty_bytes = 0;
    kv->last_place = NULL;
    return NULL;
}

size_t kv_dirty_bytes(const struct kv *kv)
{
    return kv->dirty_bytes;
}

/* A value at `place` was written or deleted. Keys come in order, so a place far from the last one
 * is another page. */
static void note_dirty(struct kv *kv, const void *place, size_t len)
{
    enum { PAGE_BYTES = 4096 };
    const char *p = place;
    if (!kv->last_place || p >= kv->last_place + PAGE_BYTES || p <= kv->last_place - PAGE_BYTES)
        kv->dirty_bytes += PAGE_BYTES + len / PAGE_BYTES * PAGE_BYTES;
    kv->last_place = p;
}

struct err *kv_commit(struct kv *kv)
{
    MDB_txn *txn = kv->write;
    mdb_cursor_close(kv->cursor);
    kv->write = NULL;
    kv->cursor = NULL;
    int rc = mdb_txn_commit(txn);
    if (rc == 0)
        return NULL;
    /* Without space for its meta page LMDB cannot go on; what it would say next is the truth. */
    if (rc == ENOSPC && mdb_txn_begin(kv->env, NULL, 0, &txn) == 0)
        mdb_txn_abort(txn);
    else if (rc == ENOSPC)
        rc = MDB_PANIC;
    return kv_error(rc, "could not write the data file");
}

void kv_abort(struct kv *kv)
{
    if (!kv->write)
        return;
    mdb_cursor_close(kv->cursor);
    mdb_txn_abort(kv->write);
    kv->write = NULL;
    kv->cursor = NULL;
}

/* Reserves the value's place. Keys that come in order at the end of the map are appended, which
 * fills pages; elsewhere LMDB searches. */
static int reserve(struct kv *kv, MDB_val *k, MDB_val *v)
{
    if (kv->appending) {
        int rc = mdb_cursor_put(kv->cursor, k, v, MDB_RESERVE | MDB_APPEND);
        if (rc != MDB_KEYEXIST)
            return rc;
        kv->appending = false;
    }
    size_t len = v->mv_size;
    MDB_val last;
    MDB_val ignored;
    int rc = mdb_cursor_put(kv->cursor, k, v, MDB_RESERVE);
    if (rc != 0)
        return rc;
    /* Was that the end? Then the next key may be appended. */
    char *place = v->mv_data;
    rc = mdb_cursor_get(kv->cursor, &last, &ignored, MDB_NEXT);
    kv->appending = rc == MDB_NOTFOUND;
    *v = (MDB_val){len, place};
    return rc == MDB_NOTFOUND ? 0 : rc;
}

struct err *kv_put(struct kv *kv, struct str key, uint64_t csn, struct str value)
{
    char space[KV_PHYSICAL_MAX_BYTES];
    MDB_val k = kv_physical(kv, key, space);
    bool is_long = key.len > KV_PREFIX_BYTES;
    size_t header = is_long ? LONG_HEADER_BYTES + key.len : CSN_BYTES;
    MDB_val v = {header + value.len, NULL};
    int rc = reserve(kv, &k, &v);
    if (rc != 0)
        return kv_error(rc, "could not write the data file");
    char *p = v.mv_data;
    note_dirty(kv, p, v.mv_size);
    store_le64(p, csn);
    if (is_long) {
        store_le32(p + CSN_BYTES, (uint32_t)key.len);
        memcpy(p + LONG_HEADER_BYTES, key.data, key.len);
    }
    if (value.len)
        memcpy(p + header, value.data, value.len);
    return NULL;
}

struct err *kv_delete(struct kv *kv, struct str key)
{
    char space[KV_PHYSICAL_MAX_BYTES];
    MDB_val k = kv_physical(kv, key, space);
    kv->appending = false;
    MDB_val v;
    int rc = mdb_cursor_get(kv->cursor, &k, &v, MDB_SET);
    if (rc == 0) {
        note_dirty(kv, v.mv_data, v.mv_size);
        rc = mdb_cursor_del(kv->cursor, 0);
    }
    return rc && rc != MDB_NOTFOUND ? kv_error(rc, "could not write the data file") : NULL;
}

struct err *kv_peek(struct kv *kv, struct str key, struct str *value, bool *found)
{
    char space[KV_PHYSICAL_MAX_BYTES];
    MDB_val k = kv_physical(kv, key, space);
    MDB_val v;
    uint64_t csn;
    int rc = mdb_get(kv->write, kv->dbi, &k, &v);
    *found = rc == 0;
    if (rc == MDB_NOTFOUND)
        return NULL;
    if (rc != 0)
        return kv_error(rc, "could not read the data file");
    return kv_decode(k, v, &key, value, &csn);
}

struct err *kv_delete_some(struct kv *kv, uint32_t storage_id, size_t limit, bool *done)
{
    char first[4];
    MDB_val k = {sizeof(first), first};
    MDB_val v;
    store_be32(first, storage_id);
    kv->appending = false;
    *done = false;
    int rc = mdb_cursor_get(kv->cursor, &k, &v, MDB_SET_RANGE);
    for (size_t n = 0; rc == 0; n++) {
        if (k.mv_size < 4 || load_be32(k.mv_data) != storage_id) {
            *done = true;
            return NULL;
        }
        if (n == limit)
            return NULL;
        rc = mdb_cursor_del(kv->cursor, 0);
        if (rc == 0)
            rc = mdb_cursor_get(kv->cursor, &k, &v, MDB_NEXT);
    }
    if (rc != MDB_NOTFOUND)
        return kv_error(rc, "could not write the data file");
    *done = true;
    return NULL;
}

uint64_t kv_used_bytes(struct kv *kv)
{
    MDB_envinfo info;
    MDB_stat stat;
    mdb_env_info(kv->env, &info);
    mdb_env_stat(kv->env, &stat);
    return ((uint64_t)info.me_last_pgno + 1) * stat.ms_psize;
}

/* LMDB begins to read at the last commit, waiting for a write transaction to end first. */
struct err *kv_copy(struct kv *kv, const char *dir)
{
    char path[1024];
    snprintf(path, sizeof(path), "%s/data.mdb", dir);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_errno(errno, "create file \"%s\"", path);
    int rc = mdb_env_copyfd2(kv->env, fd, 0);
    struct err *e = rc ? kv_error(rc, "could not copy the data file") : NULL;
    if (!e && fsync(fd) != 0)
        e = err_errno(errno, "fsync file \"%s\"", path);
    close(fd);
    return e;
}
