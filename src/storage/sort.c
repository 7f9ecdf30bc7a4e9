/* See sort.h. A run is a file of records: key length (u32), value length (u32), key, value. */
#include "storage/sort.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "rt/fiber.h"
#include "rt/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { MIN_MEMORY_BYTES = 64 * 1024, RUN_BUFFER_BYTES = 256 * 1024, MAX_FAN_IN = 64 };

struct item {
    uint64_t prefix; /* the key's first bytes behind the storage id, to compare without a miss */
    const char *key; /* the value follows it */
    uint32_t key_len;
    uint32_t value_len;
    uint64_t order;
};

struct run {
    FILE *file;
    char *space; /* the current record */
    size_t cap;
    uint32_t key_len;
    uint32_t value_len;
    bool ended;
};

struct sorter {
    char *dir;
    size_t memory_bytes;
    struct arena arena;
    struct item *items;
    size_t count;
    size_t cap;
    size_t at;
    struct run *runs; /* in order of addition */
    size_t run_count;
    size_t run_cap;
    size_t *heap; /* runs by current key */
    size_t heap_count;
    bool merging;
    bool first;
    struct err *result; /* of a job on the pool */
};

struct err *sorter_new(const char *dir, size_t memory_bytes, struct sorter **out)
{
    struct sorter *s = calloc(1, sizeof(*s));
    if (!s)
        return err_oom();
    s->dir = strdup(dir);
    s->memory_bytes = memory_bytes < MIN_MEMORY_BYTES ? MIN_MEMORY_BYTES : memory_bytes;
    arena_init(&s->arena);
    if (!s->dir) {
        free(s);
        return err_oom();
    }
    *out = s;
    return NULL;
}

static void run_close(struct run *r)
{
    if (r->file)
        fclose(r->file);
    free(r->space);
    *r = (struct run){0};
}

void sorter_free(struct sorter *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->run_count; i++)
        run_close(&s->runs[i]);
    free(s->runs);
    free(s->heap);
    free(s->items);
    free(s->dir);
    arena_done(&s->arena);
    free(s);
}

static uint64_t prefix_of(struct str key)
{
    uint8_t bytes[8] = {0};
    size_t skip = key.len > 4 ? 4 : 0;
    size_t n = key.len - skip < 8 ? key.len - skip : 8;
    memcpy(bytes, key.data + skip, n);
    return load_be64(bytes);
}

static int compare_items(const void *a, const void *b)
{
    const struct item *x = a;
    const struct item *y = b;
    /* All keys have the same storage id, so the bytes behind it decide; an equal prefix does not
     * say that the keys are equal. */
    if (x->prefix != y->prefix)
        return x->prefix < y->prefix ? -1 : 1;
    int c = str_cmp(str_make(x->key, x->key_len), str_make(y->key, y->key_len));
    return c ? c : (x->order > y->order) - (x->order < y->order);
}

static struct err *write_failed(void)
{
    return err_errno(errno, "write to temporary file");
}

static struct err *write_items(struct sorter *s, FILE *file)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct item *it = &s->items[i];
        uint8_t head[8];
        size_t bytes = (size_t)it->key_len + it->value_len;
        store_le32(head, it->key_len);
        store_le32(head + 4, it->value_len);
        if (fwrite(head, 1, sizeof(head), file) != sizeof(head) ||
            fwrite(it->key, 1, bytes, file) != bytes)
            return write_failed();
    }
    return fflush(file) == 0 ? NULL : write_failed();
}

static struct err *open_run(struct sorter *s, FILE **out)
{
    char path[1024];
    snprintf(path, sizeof(path), "%s/sort-XXXXXX", s->dir);
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0)
        return err_errno(errno, "create temporary file \"%s\"", path);
    unlink(path);
    *out = fdopen(fd, "w+");
    if (!*out) {
        close(fd);
        return err_oom();
    }
    setvbuf(*out, NULL, _IOFBF, RUN_BUFFER_BYTES);
    return NULL;
}

static void sort_items(struct sorter *s)
{
    if (s->count)
        qsort(s->items, s->count, sizeof(*s->items), compare_items);
}

static struct err *push_run(struct sorter *s, FILE *file)
{
    if (s->run_count == s->run_cap) {
        size_t cap = s->run_cap ? s->run_cap * 2 : 16;
        struct run *grown = realloc(s->runs, cap * sizeof(*grown));
        if (!grown)
            return err_oom();
        s->runs = grown;
        s->run_cap = cap;
    }
    s->runs[s->run_count++] = (struct run){.file = file};
    return NULL;
}

static struct err *merge_runs(struct sorter *s);

static struct err *spill(struct sorter *s)
{
    FILE *file;
    sort_items(s);
    TRY(open_run(s, &file));
    struct err *e = write_items(s, file);
    if (!e)
        e = push_run(s, file);
    if (e) {
        fclose(file);
        return e;
    }
    s->count = 0;
    arena_reset(&s->arena);
    return s->run_count == MAX_FAN_IN ? merge_runs(s) : NULL;
}

static void spill_job(void *arg)
{
    struct sorter *s = arg;
    s->result = spill(s);
}

struct err *sorter_add(struct sorter *s, struct str key, struct str value)
{
    if (s->arena.used_bytes + s->cap * sizeof(struct item) > s->memory_bytes && s->count) {
        pool_run(spill_job, s);
        TRY(s->result);
    }
    if (s->count == s->cap) {
        size_t cap = s->cap ? s->cap * 2 : 256;
        struct item *grown = realloc(s->items, cap * sizeof(*grown));
        if (!grown)
            return err_oom();
        s->items = grown;
        s->cap = cap;
    }
    char *p = arena_try_alloc(&s->arena, key.len + value.len);
    if (!p)
        return err_oom();
    memcpy(p, key.data, key.len);
    if (value.len)
        memcpy(p + key.len, value.data, value.len);
    s->items[s->count] =
        (struct item){prefix_of(key), p, (uint32_t)key.len, (uint32_t)value.len, s->count};
    s->count++;
    return NULL;
}

/* ---- merging ---- */

static struct err *run_advance(struct run *r)
{
    uint8_t head[8];
    size_t n = fread(head, 1, sizeof(head), r->file);
    if (n == 0 && feof(r->file)) {
        r->ended = true;
        return NULL;
    }
    if (n != sizeof(head))
        return err_errno(errno, "read from temporary file");
    r->key_len = load_le32(head);
    r->value_len = load_le32(head + 4);
    size_t bytes = (size_t)r->key_len + r->value_len;
    if (bytes > r->cap) {
        free(r->space);
        r->cap = bytes * 2;
        r->space = malloc(r->cap);
        if (!r->space) {
            r->cap = 0;
            return err_oom();
        }
    }
    if (fread(r->space, 1, bytes, r->file) != bytes)
        return err_errno(errno, "read from temporary file");
    return NULL;
}

/* Equal keys come in order of addition: by run. */
static bool run_before(const struct sorter *s, size_t a, size_t b)
{
    const struct run *x = &s->runs[a];
    const struct run *y = &s->runs[b];
    int c = str_cmp(str_make(x->space, x->key_len), str_make(y->space, y->key_len));
    return c ? c < 0 : a < b;
}

static void heap_down(struct sorter *s, size_t at)
{
    for (;;) {
        size_t child = at * 2 + 1;
        if (child >= s->heap_count)
            return;
        if (child + 1 < s->heap_count && run_before(s, s->heap[child + 1], s->heap[child]))
            child++;
        if (run_before(s, s->heap[at], s->heap[child]))
            return;
        size_t swap = s->heap[at];
        s->heap[at] = s->heap[child];
        s->heap[child] = swap;
        at = child;
    }
}

static struct err *start_merge(struct sorter *s)
{
    free(s->heap);
    s->heap = malloc(s->run_count * sizeof(*s->heap));
    s->heap_count = 0;
    if (!s->heap)
        return err_oom();
    for (size_t i = 0; i < s->run_count; i++) {
        rewind(s->runs[i].file);
        TRY(run_advance(&s->runs[i]));
        if (!s->runs[i].ended)
            s->heap[s->heap_count++] = i;
    }
    for (size_t i = s->heap_count / 2; i-- > 0;)
        heap_down(s, i);
    s->first = true;
    return NULL;
}

static struct err *merge_next(struct sorter *s, struct run **out)
{
    if (!s->first && s->heap_count) {
        struct run *top = &s->runs[s->heap[0]];
        TRY(run_advance(top));
        if (top->ended)
            s->heap[0] = s->heap[--s->heap_count];
        heap_down(s, 0);
    }
    s->first = false;
    *out = s->heap_count ? &s->runs[s->heap[0]] : NULL;
    return NULL;
}

/* All runs into one, when there are too many to merge at once. */
static struct err *merge_into(struct sorter *s, FILE *file)
{
    struct run *r;
    TRY(start_merge(s));
    for (;;) {
        uint8_t head[8];
        TRY(merge_next(s, &r));
        if (!r)
            return fflush(file) == 0 ? NULL : write_failed();
        size_t bytes = (size_t)r->key_len + r->value_len;
        store_le32(head, r->key_len);
        store_le32(head + 4, r->value_len);
        if (fwrite(head, 1, sizeof(head), file) != sizeof(head) ||
            fwrite(r->space, 1, bytes, file) != bytes)
            return write_failed();
        TRY(fiber_tick());
    }
}

static struct err *merge_runs(struct sorter *s)
{
    FILE *file;
    TRY(open_run(s, &file));
    struct err *e = merge_into(s, file);
    if (e) {
        fclose(file);
        return e;
    }
    for (size_t i = 0; i < s->run_count; i++)
        run_close(&s->runs[i]);
    s->run_count = 0;
    return push_run(s, file);
}

struct err *sorter_finish(struct sorter *s)
{
    if (s->run_count == 0) {
        sort_items(s);
        return NULL;
    }
    if (s->count)
        TRY(spill(s));
    s->merging = true;
    return start_merge(s);
}

struct err *sorter_next(struct sorter *s, struct str *key, struct str *value, bool *found)
{
    TRY(fiber_tick());
    *found = true;
    if (s->merging) {
        struct run *r;
        TRY(merge_next(s, &r));
        *found = r != NULL;
        if (r) {
            *key = str_make(r->space, r->key_len);
            *value = str_make(r->space + r->key_len, r->value_len);
        }
        return NULL;
    }
    if (s->at == s->count) {
        *found = false;
        return NULL;
    }
    const struct item *it = &s->items[s->at++];
    *key = str_make(it->key, it->key_len);
    *value = str_make(it->key + it->key_len, it->value_len);
    return NULL;
}
