/* LMDB behind our types: one ordered map of versioned keys, one writer thread, and read
 * generations. Keys of any length up to KV_MAX_KEY_BYTES; see README.md for the physical form. */
#ifndef TARN_STORAGE_KV_H
#define TARN_STORAGE_KV_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kv;
struct kv_gen; /* a read transaction on one committed state, reference-counted */
struct kv_cursor;

enum { KV_MAX_KEY_BYTES = 32 * 1024 };

struct err *kv_open(const char *dir, size_t map_bytes, bool fsync, struct kv **out) MUST_CHECK;
void kv_close(struct kv *kv); /* all generations must be gone */

/* Opens a generation on the last commit. Writer thread, between transactions. */
struct err *kv_gen_new(struct kv *kv, struct kv_gen **out) MUST_CHECK;
struct kv_gen *kv_gen_ref(struct kv_gen *g);
void kv_gen_unref(struct kv_gen *g);

/* Any thread. Bytes live as long as the generation. */
struct err *kv_get(struct kv_gen *g, struct str key, struct str *value, uint64_t *csn,
                   bool *found) MUST_CHECK;

/* lo <= key < hi (empty: unbounded). The bounds must live as long as the cursor is used; keys and
 * values as long as the generation. A closed cursor can be opened again on any generation. */
struct err *kv_cursor_new(struct kv_cursor **out) MUST_CHECK;
void kv_cursor_free(struct kv_cursor *c); /* NULL is fine */
struct err *kv_cursor_open(struct kv_cursor *c, struct kv_gen *g, struct str lo, struct str hi,
                           bool reverse) MUST_CHECK;
struct err *kv_cursor_next(struct kv_cursor *c, struct str *key, struct str *value, uint64_t *csn,
                           bool *found) MUST_CHECK;
void kv_cursor_close(struct kv_cursor *c);

/* The write transaction: one at a time, on one thread. After an error only abort is allowed. */
struct err *kv_begin(struct kv *kv) MUST_CHECK;
struct err *kv_commit(struct kv *kv) MUST_CHECK; /* durable; also ends it on error */
void kv_abort(struct kv *kv);
struct err *kv_put(struct kv *kv, struct str key, uint64_t csn, struct str value) MUST_CHECK;
struct err *kv_delete(struct kv *kv, struct str key) MUST_CHECK; /* fine when not there */
/* About how much memory the write transaction's changed pages take. */
size_t kv_dirty_bytes(const struct kv *kv);
/* Reads through the write transaction. The value lives until the next write. */
struct err *kv_peek(struct kv *kv, struct str key, struct str *value, bool *found) MUST_CHECK;
/* Deletes up to `limit` keys of a storage id; *done when none is left. */
struct err *kv_delete_some(struct kv *kv, uint32_t storage_id, size_t limit, bool *done) MUST_CHECK;
/* Writes a copy of the last commit's state to a new file `data.mdb` in an existing directory,
 * synced, while others read and write. Any thread; long. */
struct err *kv_copy(struct kv *kv, const char *dir) MUST_CHECK;
/* Bytes of the file in use. */
uint64_t kv_used_bytes(struct kv *kv);

#endif
