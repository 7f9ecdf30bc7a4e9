/* Arenas: see arena.h. A chunk is a malloc'ed block with a header; the newest one is allocated
 * from. A block larger than the next chunk would be becomes a chunk of its own and ends the current
 * one, so that the chunks and with them the marks stay a simple stack. */
#include "base/arena.h"

#include "base/bytes.h"

#include <stdio.h>
#include <stdlib.h>

struct arena_chunk {
    struct arena_chunk *older;
    size_t size : 63; /* with this header */
    size_t backed : 1;
    char data[];
};

enum { FIRST_CHUNK_BYTES = 1024, MAX_CHUNK_BYTES = 256 * 1024 };

void arena_init(struct arena *a)
{
    *a = (struct arena){.limit_bytes = SIZE_MAX};
}

static void chunk_free(struct arena *a, struct arena_chunk *c)
{
    if (c->backed) {
        a->backed_bytes -= c->size;
        a->backing->put(a->backing, c, c->size);
        return;
    }
    a->used_bytes -= c->size;
    free(c);
}

void arena_done(struct arena *a)
{
    while (a->chunks) {
        struct arena_chunk *c = a->chunks;
        a->chunks = c->older;
        chunk_free(a, c);
    }
    a->next = a->end = NULL;
}

static void use_chunk(struct arena *a, struct arena_chunk *c, char *next)
{
    a->next = next;
    a->end = (char *)c + c->size;
}

void arena_reset(struct arena *a)
{
    struct arena_chunk *keep = a->chunks;
    if (!keep)
        return;
    while (keep->older) {
        struct arena_chunk *c = keep->older;
        keep->older = c->older;
        chunk_free(a, c);
    }
    if (keep->size > MAX_CHUNK_BYTES) {
        arena_done(a);
        return;
    }
    use_chunk(a, keep, keep->data);
}

struct arena_mark arena_mark(const struct arena *a)
{
    return (struct arena_mark){a->chunks, a->next};
}

void arena_rewind(struct arena *a, struct arena_mark mark)
{
    while (a->chunks != mark.chunk) {
        struct arena_chunk *c = a->chunks;
        a->chunks = c->older;
        chunk_free(a, c);
    }
    if (a->chunks)
        use_chunk(a, a->chunks, mark.next);
    else
        a->next = a->end = NULL;
}

/* A block of its own is rounded up: a backing hands out whole pages. */
static struct arena_chunk *chunk_from_backing(struct arena *a, size_t payload)
{
    enum { ROUND_BYTES = 64 * 1024 };
    size_t size = a->backing->chunk_bytes;
    if (payload > size - sizeof(struct arena_chunk))
        size = (payload + sizeof(struct arena_chunk) + ROUND_BYTES - 1) / ROUND_BYTES * ROUND_BYTES;
    struct arena_chunk *c = a->backing->get(a->backing, size);
    if (!c)
        return NULL;
    c->size = size;
    c->backed = 1;
    a->backed_bytes += size;
    return c;
}

static struct arena_chunk *chunk_new(struct arena *a, size_t payload)
{
    size_t size;
    if (!size_add(payload, sizeof(struct arena_chunk), &size) ||
        size > a->limit_bytes - (a->used_bytes < a->limit_bytes ? a->used_bytes : a->limit_bytes))
        return NULL;
    struct arena_chunk *c = malloc(size);
    if (!c)
        return NULL;
    c->size = size;
    c->backed = 0;
    a->used_bytes += size;
    return c;
}

void *arena_try_alloc(struct arena *a, size_t size)
{
    size_t rounded = (size + 7) & ~(size_t)7;
    if (rounded < size)
        return NULL;
    if (a->next && (size_t)(a->end - a->next) >= rounded) {
        void *p = a->next;
        a->next += rounded;
        return p;
    }
    size_t chunk_bytes = a->used_bytes < FIRST_CHUNK_BYTES ? FIRST_CHUNK_BYTES : a->used_bytes;
    if (chunk_bytes > MAX_CHUNK_BYTES)
        chunk_bytes = MAX_CHUNK_BYTES;
    chunk_bytes -= sizeof(struct arena_chunk);
    bool own = rounded > chunk_bytes;
    struct arena_chunk *c = a->backing && a->used_bytes >= a->backing->heap_bytes
                                ? chunk_from_backing(a, rounded)
                                : chunk_new(a, own ? rounded : chunk_bytes);
    if (!c)
        return NULL;
    c->older = a->chunks;
    a->chunks = c;
    use_chunk(a, c, c->data);
    a->next += rounded;
    return c->data;
}

bool arena_reserve(struct arena *a, size_t size)
{
    if (a->next && (size_t)(a->end - a->next) >= size)
        return true;
    char *p = arena_try_alloc(a, size);
    if (p)
        a->next = p;
    return p != NULL;
}

void *arena_alloc_slow(struct arena *a, size_t size)
{
    size_t limit = a->limit_bytes;
    a->limit_bytes = SIZE_MAX; /* small fixed sizes are not what the limit is for */
    void *p = arena_try_alloc(a, size);
    a->limit_bytes = limit;
    CHECK(p != NULL);
    return p;
}

void *arena_zalloc(struct arena *a, size_t size)
{
    return memset(arena_alloc(a, size), 0, size);
}

void *arena_memdup(struct arena *a, const void *p, size_t size)
{
    void *copy = arena_alloc(a, size);
    return size ? memcpy(copy, p, size) : copy;
}

char *arena_strndup(struct arena *a, const char *s, size_t len)
{
    char *copy = arena_alloc(a, len + 1);
    if (len)
        memcpy(copy, s, len);
    copy[len] = '\0';
    return copy;
}

char *arena_strdup(struct arena *a, const char *s)
{
    return arena_strndup(a, s, strlen(s));
}

struct str arena_str(struct arena *a, struct str s)
{
    return str_make(arena_strndup(a, s.data, s.len), s.len);
}

char *arena_vprintf(struct arena *a, const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    int len = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    CHECK(len >= 0);
    char *s = arena_alloc(a, (size_t)len + 1);
    vsnprintf(s, (size_t)len + 1, fmt, ap);
    return s;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    char *s = arena_vprintf(a, fmt, ap);
    va_end(ap);
    return s;
}
