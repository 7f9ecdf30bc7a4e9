/* Arenas that go on in a temporary file: see arena_backing. */
#ifndef TARN_STORAGE_TEMP_ARENA_H
#define TARN_STORAGE_TEMP_ARENA_H

#include "base/arena.h"

struct temp_arena;
struct temp_quota;

/* Sets the backing of `a`, which is new. The file is made when it is needed. Allocating from such
 * an arena MAY YIELD. */
struct err *temp_arena_new(struct temp_quota *q, struct arena *a, size_t heap_bytes,
                           struct temp_arena **out) MUST_CHECK;
/* Why the last allocation failed: 53100, 53400, 53200. */
struct err *temp_arena_error(struct temp_arena *t) MUST_CHECK;
/* Takes the file's pages out of the process's memory; they are still there to be read and written,
 * at the price of a fault. Done by itself as the arena grows; to be called while it is being read
 * through. Any thread. */
void temp_arena_cool(struct temp_arena *t);
/* See temp_file_detach. */
void temp_arena_detach(struct temp_arena *t);
/* After arena_done. NULL is fine. MAY YIELD. */
void temp_arena_free(struct temp_arena *t);

#endif
