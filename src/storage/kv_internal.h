/* Shared by kv.c and kv_cursor.c: the physical form of keys and values. */
#ifndef TARN_STORAGE_KV_INTERNAL_H
#define TARN_STORAGE_KV_INTERNAL_H

#include "storage/kv.h"

#include <lmdb.h>
#include <stdatomic.h>

/* A logical key of up to KV_PREFIX_BYTES is stored as it is. A longer one is stored as its first
 * KV_PREFIX_BYTES and a digest of the whole; so it sorts after all shorter keys with the same
 * prefix and before all keys with a greater one, but among its likes by digest. */
enum {
    KV_PREFIX_BYTES = 480,
    KV_DIGEST_BYTES = 16,
    KV_PHYSICAL_MAX_BYTES = 511,
    KV_LONG_BYTES = KV_PREFIX_BYTES + KV_DIGEST_BYTES,
};

struct kv {
    MDB_env *env;
    MDB_dbi dbi;
    MDB_txn *write;     /* the writer thread's */
    MDB_cursor *cursor; /* on it */
    size_t dirty_bytes; /* estimate, of the write transaction */
    const char *last_place;
    bool appending; /* the last put was at the end of the map */
    uint8_t digest_key[16];
};

struct kv_gen {
    struct kv *kv;
    MDB_txn *txn;
    _Atomic int64_t refs;
};

struct err *kv_error(int rc, const char *what) MUST_CHECK;
/* The physical key, in `space` (KV_PHYSICAL_MAX_BYTES) when it is not the logical one. */
MDB_val kv_physical(const struct kv *kv, struct str key, char *space);
/* Takes a stored value apart. `key` is the logical key, out of the value for long keys. XX001. */
struct err *kv_decode(MDB_val k, MDB_val v, struct str *key, struct str *value,
                      uint64_t *csn) MUST_CHECK;

#endif
