/* See temp_arena.h. */
#include "storage/temp_arena.h"

#include "storage/temp_file.h"

#include <stdlib.h>
#include <sys/mman.h>

enum { CHUNK_BYTES = 4 << 20 };

struct temp_arena {
    struct arena_backing backing;
    struct temp_quota *quota;
    struct temp_file *file;
    struct err *failure;
};

static void *get_chunk(struct arena_backing *b, size_t bytes)
{
    struct temp_arena *t = CONTAINER_OF(b, struct temp_arena, backing);
    void *p = NULL;
    err_free(t->failure);
    t->failure = t->file ? NULL : temp_file_new(t->quota, &t->file);
    if (!t->failure)
        t->failure = temp_file_map(t->file, bytes, &p);
    return t->failure ? NULL : p;
}

static void put_chunk(struct arena_backing *b, void *p, size_t bytes)
{
    (void)b;
    munmap(p, bytes);
}

struct err *temp_arena_new(struct temp_quota *q, struct arena *a, size_t heap_bytes,
                           struct temp_arena **out)
{
    struct temp_arena *t = calloc(1, sizeof(*t));
    if (!t)
        return err_oom();
    t->quota = q;
    t->backing = (struct arena_backing){heap_bytes, CHUNK_BYTES, get_chunk, put_chunk};
    a->backing = &t->backing;
    *out = t;
    return NULL;
}

struct err *temp_arena_error(struct temp_arena *t)
{
    struct err *e = t->failure;
    t->failure = NULL;
    return e ? e : err_oom();
}

void temp_arena_detach(struct temp_arena *t)
{
    if (t->file && t->quota)
        temp_file_detach(t->file);
    t->quota = NULL;
}

void temp_arena_free(struct temp_arena *t)
{
    if (!t)
        return;
    err_free(t->failure);
    temp_file_free(t->file);
    free(t);
}
