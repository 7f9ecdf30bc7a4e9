/* Object stores: named byte strings that are listed by prefix and read whole or in ranges. Calls
 * block; they are made on worker threads, never on a fiber. A store may be used by several threads
 * at once, an open object by one at a time.
 *
 * Paths are keys inside the store, without scheme and authority: for the local store absolute or
 * relative file names. Folders are joined with '/'.
 *
 * Errors of stores over HTTP, besides those of the functions: 42501 access denied, 58P01 no such
 * object or bucket, 22023 a bucket of another region, 08001 a host that is not found, not reached
 * or not trusted, 08006 a connection that is cut or stalls, 58030 other failures of the store,
 * XX001 a listing that makes no sense, 57014 cancelled. What may pass (429, 5xx, timeouts, cuts) is
 * tried again, six times with growing pauses, before it is an error. Messages name store and key,
 * never a secret. */
#ifndef TARN_LAKE_STORE_H
#define TARN_LAKE_STORE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct lake_access;
struct lake_store;
struct lake_object;

struct lake_entry {
    struct str name; /* below the listed folder, without the folder and the slash */
    int64_t size_bytes;
    int64_t modified_ms; /* since the epoch */
    bool is_folder;      /* only when listing without descending */
};

struct lake_list {
    struct lake_entry *entries; /* sorted by name, bytewise */
    size_t count;
};

struct lake_store_ops {
    /* Objects directly in `folder` whose name is >= `from` (empty: all), in order. *out is in the
     * arena. A folder that does not exist lists as empty. */
    struct err *(*list)(struct lake_store *store, struct str folder, struct str from,
                        struct arena *arena, struct lake_list *out);
    /* 58P01 when there is no such object. */
    struct err *(*open)(struct lake_store *store, struct str path, struct lake_object **out);
    /* May be NULL: nothing is gained by expecting. */
    void (*expect)(struct lake_store *store, struct str path);
    void (*free)(struct lake_store *store);
};

struct lake_object_ops {
    /* Fills exactly `len` bytes from `offset`; XX001 when the object is shorter. */
    struct err *(*read)(struct lake_object *object, int64_t offset, void *out, size_t len);
    /* May be NULL, likewise. */
    void (*will_read)(struct lake_object *object, int64_t offset, int64_t end);
    void (*close)(struct lake_object *object);
};

struct lake_store {
    const struct lake_store_ops *ops;
    char *root; /* "scheme://authority", "" for the local store; owned by the implementation */
};

struct lake_object {
    const struct lake_object_ops *ops;
    char *path; /* for messages */
    int64_t size_bytes;
};

/* The store for a URI, and the path inside it (in the arena, no trailing slash). A plain path or
 * file:// gives the local store; s3:// (s3a, s3n), gs://, abfss:// (abfs, wasbs, wasb) and az://
 * one over HTTP, whose path is taken literally; another scheme is 0A000 by its name. 22023 for a
 * malformed URI, and for an access of another type. `access` NULL: none, which public buckets
 * allow; it is copied. Nothing is asked of the store yet. */
struct err *lake_store_open(struct str uri, const struct lake_access *access, struct arena *arena,
                            struct lake_store **out_store, struct str *out_path) MUST_CHECK;
void lake_store_free(struct lake_store *store); /* NULL is fine */

struct err *lake_store_list(struct lake_store *store, struct str folder, struct str from,
                            struct arena *arena, struct lake_list *out) MUST_CHECK;
struct err *lake_object_open(struct lake_store *store, struct str path,
                             struct lake_object **out) MUST_CHECK;
struct err *lake_object_read(struct lake_object *object, int64_t offset, void *out,
                             size_t len) MUST_CHECK;
void lake_object_close(struct lake_object *object); /* NULL is fine */
/* Hints, which a slow store uses to have the bytes when they are asked for: the object will be
 * opened soon; it will be read from `offset` on, in order, up to `end`. */
void lake_store_expect(struct lake_store *store, struct str path);
void lake_object_will_read(struct lake_object *object, int64_t offset, int64_t end);
/* Appends the whole object; 54000 when it has more than limit_bytes. */
struct err *lake_store_read_all(struct lake_store *store, struct str path, size_t limit_bytes,
                                struct buf *out) MUST_CHECK;

/* Where a path out of a table's log lies: `path` is relative to `folder` or an absolute URI of the
 * same store, percent-encoded. 22023 for bad encoding, 0A000 for a URI of another store. */
struct err *lake_store_resolve(struct lake_store *store, struct str folder, struct str path,
                               struct arena *arena, struct str *out) MUST_CHECK;
struct err *lake_percent_decode(struct str s, struct arena *arena, struct str *out) MUST_CHECK;

#endif
