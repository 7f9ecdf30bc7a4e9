/* Large objects (manual chapter 35): bytes by OID, up to 4 TB, that are read and written in parts.
 *
 * An object is a row of pg_largeobject_metadata (owner, privileges) and rows of pg_largeobject, one
 * for each page of LARGE_OBJECT_PAGE_BYTES that has been written; the last may be shorter, and what
 * lies between reads as zeros. They are ordinary rows of the store, in the session's transaction.
 * No plan rests on them: writing them leaves the version of the catalog as it is.
 *
 * Readers say by which view they read; writers work on the newest state, hold the object's key in
 * mode KEY SHARE and the keys of pages that they write to the end of the transaction, so that an
 * object goes as a whole or not at all. Used by the session's fiber. MAY YIELD. Nothing here checks
 * privileges but large_object_check. */
#ifndef TARN_CATALOG_LARGE_OBJECT_H
#define TARN_CATALOG_LARGE_OBJECT_H

#include "catalog/catalog.h"

enum { LARGE_OBJECT_PAGE_BYTES = 2048 };
#define LARGE_OBJECT_MAX_BYTES ((int64_t)INT32_MAX * LARGE_OBJECT_PAGE_BYTES)

/* An empty one that the current role owns; `oid` 0: a number is chosen. 23505 when it is there. */
struct err *large_object_create(struct cat *c, uint32_t oid, uint32_t *out) MUST_CHECK;
/* The object, its pages and its comment. 42704 when there is none. */
struct err *large_object_drop(struct cat *c, uint32_t oid) MUST_CHECK;

/* 42704 unless the view shows the object; 42501 unless the current role has all of `privileges`
 * (acl_item.h; 0: none needed) on it as the view shows it. */
struct err *large_object_check(struct cat *c, const struct txn_view *v, uint32_t oid,
                               uint32_t privileges) MUST_CHECK;
/* The same in the newest state: that it is there; that the current role has its owner's rights. */
struct err *large_object_exists(struct cat *c, uint32_t oid) MUST_CHECK;
struct err *large_object_check_owner(struct cat *c, uint32_t oid) MUST_CHECK;

struct err *large_object_size(struct cat *c, const struct txn_view *v, uint32_t oid,
                              int64_t *bytes) MUST_CHECK;
/* Up to `size` bytes from `offset` on; *got is less at the object's end. */
struct err *large_object_read(struct cat *c, const struct txn_view *v, uint32_t oid, int64_t offset,
                              void *bytes, size_t size, size_t *got) MUST_CHECK;
/* offset + bytes.len is at most LARGE_OBJECT_MAX_BYTES. 42704 when the object is gone. */
struct err *large_object_write(struct cat *c, uint32_t oid, int64_t offset,
                               struct str bytes) MUST_CHECK;
/* Makes it `size` bytes long, shorter or longer. 42704 when the object is gone. */
struct err *large_object_truncate(struct cat *c, uint32_t oid, int64_t size) MUST_CHECK;

#endif
