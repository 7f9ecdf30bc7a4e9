/* External merge sort of key/value pairs by key, stable. Holds about `memory_bytes`; beyond, sorted
 * runs go to temporary files, written on the pool while more is added. All keys have
 * the same first four bytes. One fiber or thread at a time; before another goes on, sorter_settle.
 */
#ifndef TARN_STORAGE_SORT_H
#define TARN_STORAGE_SORT_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sorter;
struct temp_quota;

/* `quota` must outlive it. Any of these may give 53100, 53400. */
struct err *sorter_new(struct temp_quota *quota, size_t memory_bytes,
                       struct sorter **out) MUST_CHECK;
void sorter_free(struct sorter *s); /* NULL is fine. MAY YIELD */
/* Copies the bytes. MAY YIELD. */
struct err *sorter_add(struct sorter *s, struct str key, struct str value) MUST_CHECK;
/* Waits until nothing is being written. MAY YIELD. */
struct err *sorter_settle(struct sorter *s) MUST_CHECK;
/* No more additions; sorts. Long: call it on a pool thread. */
struct err *sorter_finish(struct sorter *s) MUST_CHECK;
/* The next pair in order; its bytes live until the next call. */
struct err *sorter_next(struct sorter *s, struct str *key, struct str *value,
                        bool *found) MUST_CHECK;

/* What it holds after sorter_finish. */
uint64_t sorter_file_bytes(const struct sorter *s);
uint64_t sorter_memory_bytes(const struct sorter *s);

#endif
