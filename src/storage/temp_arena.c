/* See temp_arena.h. The file is mapped once, with room to grow; chunks are taken one behind the
 * other. */
#include "storage/temp_arena.h"

#include "storage/temp_file.h"

#include <stdlib.h>
#include <sys/mman.h>

enum { CHUNK_BYTES = 4 << 20, COOL_CHUNKS = 2 };
/* Addresses set aside for each: the most that one can hold. Hundreds of them fit beside the data
 * file's map; the thread sanitizer leaves much less room. */
#ifdef __SANITIZE_THREAD__
#define MAP_BYTES ((size_t)16 << 30)
#else
#define MAP_BYTES ((size_t)256 << 30)
#endif

struct temp_arena {
    struct arena_backing backing;
    struct temp_quota *quota;
    struct temp_file *file;
    char *map;
    size_t used_bytes; /* of the file; what is behind can be taken again */
    size_t chunks;     /* taken, ever */
    struct err *failure;
};

static struct err *open_file(struct temp_arena *t)
{
    void *map;
    if (!t->file)
        TRY(temp_file_new(t->quota, &t->file));
    if (t->map)
        return NULL;
    TRY(temp_file_map(t->file, MAP_BYTES, &map));
    t->map = map;
    return NULL;
}

static struct err *take(struct temp_arena *t, size_t bytes)
{
    TRY(open_file(t));
    size_t have = temp_file_size(t->file);
    if (t->used_bytes + bytes > MAP_BYTES)
        return err_new("54000", "a transaction's changes take more than %zu GB", MAP_BYTES >> 30);
    return t->used_bytes + bytes <= have ? NULL
                                         : temp_file_grow(t->file, t->used_bytes + bytes - have);
}

static void *get_chunk(struct arena_backing *b, size_t bytes)
{
    struct temp_arena *t = CONTAINER_OF(b, struct temp_arena, backing);
    err_free(t->failure);
    t->failure = take(t, bytes);
    if (t->failure)
        return NULL;
    if (++t->chunks % COOL_CHUNKS == 0)
        temp_arena_cool(t);
    t->used_bytes += bytes;
    return t->map + t->used_bytes - bytes;
}

/* Newest first: arenas are stacks. */
static void put_chunk(struct arena_backing *b, void *p, size_t bytes)
{
    struct temp_arena *t = CONTAINER_OF(b, struct temp_arena, backing);
    ASSERT((char *)p + bytes == t->map + t->used_bytes);
    t->used_bytes = (size_t)((char *)p - t->map);
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

/* The pages stay in the page cache, from where the next access maps them again. */
void temp_arena_cool(struct temp_arena *t)
{
    if (t->used_bytes)
        madvise(t->map, t->used_bytes, MADV_DONTNEED);
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
    if (t->map)
        munmap(t->map, MAP_BYTES);
    err_free(t->failure);
    temp_file_free(t->file);
    free(t);
}
