/* Arenas: memory with a common lifetime, freed at once. Not thread-safe; an arena belongs to the
 * fiber or thread that uses it. Chunks grow geometrically; large blocks get a chunk of their own.
 */
#ifndef TARN_BASE_ARENA_H
#define TARN_BASE_ARENA_H

#include "base/check.h"
#include "base/str.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

struct arena_chunk;

/* Where an arena gets its chunks once those of the heap are as large as `heap_bytes`. */
struct arena_backing {
    size_t heap_bytes;
    size_t chunk_bytes; /* of usual chunks; a larger block gets a larger one */
    /* NULL on failure, whose reason the backing keeps. */
    void *(*get)(struct arena_backing *b, size_t bytes);
    void (*put)(struct arena_backing *b, void *p, size_t bytes);
};

struct arena {
    char *next; /* free space in the current chunk */
    char *end;
    struct arena_chunk *chunks;    /* newest first */
    size_t used_bytes;             /* sum of chunk sizes, on the heap */
    size_t backed_bytes;           /* and of those that came from the backing */
    size_t limit_bytes;            /* arena_try_alloc fails beyond; SIZE_MAX: none */
    struct arena_backing *backing; /* NULL: none; set before the first block, outlives the chunks */
};

/* In the caller's memory. Allocates nothing until first use. */
void arena_init(struct arena *a);
/* Frees every chunk; the arena can be used again. */
void arena_done(struct arena *a);
/* Forgets all blocks but keeps one chunk for reuse. */
void arena_reset(struct arena *a);

/* A position to return to: everything allocated after the mark is forgotten. */
struct arena_mark {
    struct arena_chunk *chunk;
    char *next;
};
struct arena_mark arena_mark(const struct arena *a);
void arena_rewind(struct arena *a, struct arena_mark mark);

void *arena_alloc_slow(struct arena *a, size_t size);
/* For small sizes fixed by the code: never NULL, true exhaustion stops the process. 8-byte aligned,
 * not cleared. */
static inline void *arena_alloc(struct arena *a, size_t size)
{
    size_t rounded = (size + 7) & ~(size_t)7;
    if (__builtin_expect((size_t)(a->end - a->next) < rounded || rounded < size, 0))
        return arena_alloc_slow(a, size);
    void *p = a->next;
    a->next += rounded;
    return p;
}
/* For sizes that come from data or clients: NULL when out of memory or over the limit; the caller
 * returns err_oom(). */
void *arena_try_alloc(struct arena *a, size_t size) MUST_CHECK;
/* Makes the next arena_try_allocs, of `size` bytes together (each rounded up to 8), succeed. */
bool arena_reserve(struct arena *a, size_t size) MUST_CHECK;
void *arena_zalloc(struct arena *a, size_t size);
void *arena_memdup(struct arena *a, const void *p, size_t size);
/* NUL-terminated copies. */
char *arena_strdup(struct arena *a, const char *s);
char *arena_strndup(struct arena *a, const char *s, size_t len);
struct str arena_str(struct arena *a, struct str s);
char *arena_printf(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3);
char *arena_vprintf(struct arena *a, const char *fmt, va_list ap) PRINTF_LIKE(2, 0);

#define arena_new(a, type) ((type *)arena_zalloc((a), sizeof(type)))
#define arena_new_array(a, type, n) ((type *)arena_zalloc((a), sizeof(type) * (size_t)(n)))

/* A growing array in an arena: ARENA_PUSH(arena, items, count, capacity, value). The old block
 * stays in the arena; fine for lists built once. */
#define ARENA_PUSH(a, items, count, capacity, ...)                           \
    do {                                                                     \
        if ((count) == (capacity)) {                                         \
            size_t new_cap_ = (capacity) ? (size_t)(capacity)*2 : 4;         \
            void *grown_ = arena_alloc((a), new_cap_ * sizeof(*(items)));    \
            if (count)                                                       \
                memcpy(grown_, (items), (size_t)(count) * sizeof(*(items))); \
            (items) = grown_;                                                \
            (capacity) = (__typeof__(capacity))new_cap_;                     \
        }                                                                    \
        (items)[(count)++] = __VA_ARGS__;                                    \
    } while (0)

#endif
