/* See sort.h. Entries gather in one half of the memory while the other half is sorted and written
 * as a run, a file of records: key length (u32), value length (u32), key, value. The value of an
 * index's entry is how its key ends: then the length has the bit VALUE_IN_KEY and no bytes follow.
 */
#include "storage/sort.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "rt/fiber.h"
#include "rt/pool.h"
#include "storage/temp_file.h"

#include <stdlib.h>

enum {
    MIN_MEMORY_BYTES = 64 * 1024,
    MIN_BUFFER_BYTES = 8 * 1024,
    MAX_BUFFER_BYTES = 256 * 1024,
    MAX_FAN_IN = 64,
    HEAD_BYTES = 8,
    SMALL_SORT = 12,
    STORAGE_ID_BYTES = 4,
    RADIX_MIN = 1024, /* fewer items are merged alone */
    BYTE_VALUES = 256,
};

static const uint32_t VALUE_IN_KEY = 1u << 31;

struct item {
    uint64_t prefix; /* some of the key's bytes, those before are the same in all: see prefix_at */
    const char *entry; /* the record */
};

struct half {
    struct arena arena; /* records */
    size_t bytes;       /* of the records */
    struct item *items;
    size_t count;
    size_t cap;
};

struct run {
    struct temp_file *file;
    uint8_t *buffer;
    size_t buffer_bytes;
    size_t at;           /* written: bytes in the buffer; read: the next one's place in it */
    size_t filled;       /* read: bytes in the buffer */
    uint64_t next_block; /* read: behind them in the file */
    char *space;         /* the current record */
    size_t cap;
    uint32_t key_len;
    uint32_t value_word; /* its length and VALUE_IN_KEY */
    bool ended;
};

struct sorter {
    struct temp_quota *quota;
    size_t half_bytes;
    size_t buffer_bytes; /* of a run */
    struct half halves[2];
    struct half *filling;
    struct half *spilling; /* by `job`; NULL: none */
    struct pool_job job;
    struct err *result; /* of the job */
    size_t at;
    struct run *runs; /* in order of addition; the job's while one is running */
    size_t run_count;
    size_t run_cap;
    size_t *heap; /* runs by current key */
    size_t heap_count;
    bool merging;
    bool first;
};

static size_t buffer_for(size_t memory_bytes)
{
    size_t n = memory_bytes / MAX_FAN_IN;
    return n < MIN_BUFFER_BYTES ? MIN_BUFFER_BYTES : n > MAX_BUFFER_BYTES ? MAX_BUFFER_BYTES : n;
}

struct err *sorter_new(struct temp_quota *quota, size_t memory_bytes, struct sorter **out)
{
    struct sorter *s = calloc(1, sizeof(*s));
    if (!s)
        return err_oom();
    s->quota = quota;
    s->buffer_bytes = buffer_for(memory_bytes);
    s->half_bytes = (memory_bytes < MIN_MEMORY_BYTES ? MIN_MEMORY_BYTES : memory_bytes) / 2;
    s->filling = &s->halves[0];
    arena_init(&s->halves[0].arena);
    arena_init(&s->halves[1].arena);
    *out = s;
    return NULL;
}

static void run_close(struct run *r)
{
    temp_file_free(r->file);
    free(r->buffer);
    free(r->space);
    *r = (struct run){0};
}

static void half_done(struct half *h)
{
    free(h->items);
    arena_done(&h->arena);
    h->items = NULL;
    h->count = h->cap = 0;
}

struct err *sorter_settle(struct sorter *s)
{
    if (!s->spilling)
        return NULL;
    pool_wait(&s->job);
    s->spilling = NULL;
    struct err *e = s->result;
    s->result = NULL;
    return e;
}

void sorter_free(struct sorter *s)
{
    if (!s)
        return;
    err_free(sorter_settle(s));
    for (size_t i = 0; i < s->run_count; i++)
        run_close(&s->runs[i]);
    for (int i = 0; i < 2; i++)
        half_done(&s->halves[i]);
    free(s->runs);
    free(s->heap);
    free(s);
}

/* Eight bytes of the key from there on, as a number that compares as they do; short ones are
 * followed by zeros. */
static uint64_t prefix_at(struct str key, size_t at)
{
    uint8_t bytes[8] = {0};
    size_t skip = key.len > at ? at : key.len;
    size_t n = key.len - skip < 8 ? key.len - skip : 8;
    memcpy(bytes, key.data + skip, n);
    return load_be64(bytes);
}

/* ---- sorting in memory ---- */

static struct str entry_key(const char *entry)
{
    return str_make(entry + HEAD_BYTES, load_le32(entry));
}

/* Of a record with that key and word. */
static size_t bytes_behind_key(uint32_t value_word)
{
    return value_word & VALUE_IN_KEY ? 0 : value_word;
}

static struct str value_of(struct str key, uint32_t value_word)
{
    size_t len = value_word & ~VALUE_IN_KEY;
    const char *end = key.data + key.len;
    return str_make(value_word & VALUE_IN_KEY ? end - len : end, len);
}

/* An equal prefix does not say that the keys are equal. */
static bool item_before(const struct item *a, const struct item *b)
{
    if (a->prefix != b->prefix)
        return a->prefix < b->prefix;
    return str_cmp(entry_key(a->entry), entry_key(b->entry)) < 0;
}

static void sort_small(struct item *items, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        struct item it = items[i];
        size_t at = i;
        for (; at > 0 && item_before(&it, &items[at - 1]); at--)
            items[at] = items[at - 1];
        items[at] = it;
    }
}

/* Two sorted neighbours become one; of equal keys the earlier one stays first. */
static void merge_items(const struct item *from, size_t left, size_t n, struct item *to)
{
    size_t a = 0;
    size_t b = left;
    size_t at = 0;
    if (left < n && item_before(&from[left], &from[left - 1]))
        while (a < left && b < n)
            to[at++] = item_before(&from[b], &from[a]) ? from[b++] : from[a++];
    /* What is left of either, or both, which are in order already. */
    memcpy(to + at, from + a, (left - a) * sizeof(*to));
    memcpy(to + at + (left - a), from + b, (n - b) * sizeof(*to));
}

/* Stable, by merging ever longer neighbours from one array into the other, which has room for as
 * many. */
static void merge_sort(struct item *items, struct item *other, size_t count)
{
    struct item *from = items;
    struct item *to = other;
    for (size_t i = 0; i < count; i += SMALL_SORT)
        sort_small(from + i, count - i < SMALL_SORT ? count - i : SMALL_SORT);
    for (size_t width = SMALL_SORT; width < count; width *= 2) {
        for (size_t i = 0; i < count; i += 2 * width) {
            size_t n = count - i < 2 * width ? count - i : 2 * width;
            merge_items(from + i, n < width ? n : width, n, to + i);
        }
        struct item *swap = from;
        from = to;
        to = swap;
    }
    if (from != items)
        memcpy(items, from, count * sizeof(*from));
}

static bool in_order(const struct half *h)
{
    for (size_t i = 1; i < h->count; i++)
        if (item_before(&h->items[i], &h->items[i - 1]))
            return false;
    return true;
}

/* How many bytes all keys begin with. */
static size_t shared_bytes(const struct half *h)
{
    struct str first = entry_key(h->items[0].entry);
    size_t shared = first.len;
    for (size_t i = 1; i < h->count && shared > STORAGE_ID_BYTES; i++) {
        struct str key = entry_key(h->items[i].entry);
        size_t n = key.len < shared ? key.len : shared;
        size_t at = STORAGE_ID_BYTES;
        while (at < n && key.data[at] == first.data[at])
            at++;
        shared = at;
    }
    return shared;
}

/* Makes the prefixes begin at the first byte in which keys differ. */
static void sharpen_prefixes(struct half *h)
{
    uint64_t differ = 0;
    for (size_t i = 1; i < h->count; i++)
        differ |= h->items[i].prefix ^ h->items[0].prefix;
    if (differ >> 56)
        return;
    size_t shared = shared_bytes(h);
    for (size_t i = 0; i < h->count; i++)
        h->items[i].prefix = prefix_at(entry_key(h->items[i].entry), shared);
}

/* By prefix alone, stable: from the last of its bytes to the first. */
static void radix_sort(struct half *h, struct item *other, uint32_t (*counts)[BYTE_VALUES])
{
    struct item *from = h->items;
    struct item *to = other;
    memset(counts, 0, sizeof(uint64_t) * sizeof(*counts));
    for (size_t i = 0; i < h->count; i++)
        for (size_t b = 0; b < sizeof(uint64_t); b++)
            counts[b][from[i].prefix >> (8 * b) & 0xff]++;
    for (size_t b = 0; b < sizeof(uint64_t); b++) {
        uint32_t *count = counts[b];
        if (count[from[0].prefix >> (8 * b) & 0xff] == h->count)
            continue; /* the same in all */
        uint32_t place = 0;
        for (int v = 0; v < BYTE_VALUES; v++) {
            uint32_t n = count[v];
            count[v] = place;
            place += n;
        }
        for (size_t i = 0; i < h->count; i++)
            to[count[from[i].prefix >> (8 * b) & 0xff]++] = from[i];
        struct item *swap = from;
        from = to;
        to = swap;
    }
    if (from != h->items)
        memcpy(h->items, from, h->count * sizeof(*from));
}

/* Items of the same prefix by their whole keys. */
static void sort_ties(struct half *h, struct item *other)
{
    for (size_t i = 0; i < h->count;) {
        size_t n = 1;
        while (i + n < h->count && h->items[i + n].prefix == h->items[i].prefix)
            n++;
        if (n > 1)
            merge_sort(h->items + i, other, n);
        i += n;
    }
}

static struct err *sort_half(struct half *h)
{
    if (in_order(h))
        return NULL;
    struct item *other = malloc(h->count * sizeof(*other));
    uint32_t(*counts)[BYTE_VALUES] = malloc(sizeof(uint64_t) * sizeof(*counts));
    struct err *e = other && counts ? NULL : err_oom();
    if (!e && h->count >= RADIX_MIN && h->count <= UINT32_MAX) {
        sharpen_prefixes(h);
        radix_sort(h, other, counts);
        sort_ties(h, other);
    } else if (!e) {
        merge_sort(h->items, other, h->count);
    }
    free(other);
    free(counts);
    return e;
}

/* ---- runs ---- */

static struct err *run_flush(struct run *r)
{
    TRY(temp_file_append(r->file, r->buffer, r->at));
    r->at = 0;
    return NULL;
}

static struct err *run_write(struct run *r, const void *data, size_t len)
{
    const uint8_t *p = data;
    while (len) {
        size_t n = r->buffer_bytes - r->at < len ? r->buffer_bytes - r->at : len;
        memcpy(r->buffer + r->at, p, n);
        r->at += n;
        p += n;
        len -= n;
        if (r->at == r->buffer_bytes)
            TRY(run_flush(r));
    }
    return NULL;
}

/* *got is less than `len` at the end of the run. */
static struct err *run_read(struct run *r, void *to, size_t len, size_t *got)
{
    for (*got = 0; *got < len;) {
        if (r->at == r->filled) {
            uint64_t left = temp_file_size(r->file) - r->next_block;
            r->at = 0;
            r->filled = left < r->buffer_bytes ? (size_t)left : r->buffer_bytes;
            if (!r->filled)
                return NULL;
            TRY(temp_file_read(r->file, r->next_block, r->buffer, r->filled));
            r->next_block += r->filled;
        }
        size_t n = r->filled - r->at < len - *got ? r->filled - r->at : len - *got;
        memcpy((uint8_t *)to + *got, r->buffer + r->at, n);
        r->at += n;
        *got += n;
    }
    return NULL;
}

static struct err *write_items(const struct half *h, struct run *r)
{
    for (size_t i = 0; i < h->count; i++) {
        const char *entry = h->items[i].entry;
        TRY(run_write(r, entry,
                      HEAD_BYTES + load_le32(entry) + bytes_behind_key(load_le32(entry + 4))));
        TRY(fiber_tick());
    }
    return run_flush(r);
}

static struct err *open_run(struct sorter *s, struct run *out)
{
    *out = (struct run){.buffer = malloc(s->buffer_bytes), .buffer_bytes = s->buffer_bytes};
    struct err *e = out->buffer ? temp_file_new(s->quota, &out->file) : err_oom();
    if (e)
        run_close(out);
    return e;
}

static struct err *merge_runs(struct sorter *s);

static struct err *push_run(struct sorter *s, struct run r)
{
    if (s->run_count == s->run_cap) {
        size_t cap = s->run_cap ? s->run_cap * 2 : 16;
        struct run *grown = realloc(s->runs, cap * sizeof(*grown));
        if (!grown)
            return err_oom();
        s->runs = grown;
        s->run_cap = cap;
    }
    s->runs[s->run_count++] = r;
    return NULL;
}

static struct err *spill(struct sorter *s, struct half *h)
{
    struct run r;
    TRY(sort_half(h));
    TRY(open_run(s, &r));
    struct err *e = write_items(h, &r);
    if (!e)
        e = push_run(s, r);
    if (e) {
        run_close(&r);
        return e;
    }
    h->count = h->bytes = 0;
    arena_reset(&h->arena);
    return s->run_count == MAX_FAN_IN ? merge_runs(s) : NULL;
}

static void spill_job(void *arg)
{
    struct sorter *s = arg;
    s->result = spill(s, s->spilling);
}

static struct err *start_spill(struct sorter *s)
{
    TRY(sorter_settle(s));
    s->spilling = s->filling;
    s->filling = s->filling == &s->halves[0] ? &s->halves[1] : &s->halves[0];
    pool_start(&s->job, spill_job, s);
    return NULL;
}

static struct err *reserve_item(struct half *h)
{
    if (h->count < h->cap)
        return NULL;
    size_t cap = h->cap ? h->cap * 2 : 256;
    struct item *grown = realloc(h->items, cap * sizeof(*grown));
    if (!grown)
        return err_oom();
    h->items = grown;
    h->cap = cap;
    return NULL;
}

struct err *sorter_add(struct sorter *s, struct str key, struct str value)
{
    bool in_key = value.len && str_ends_with(key, value);
    size_t bytes = HEAD_BYTES + key.len + (in_key ? 0 : value.len);
    ASSERT(value.len < VALUE_IN_KEY);
    if (s->filling->bytes + s->filling->count * sizeof(struct item) > s->half_bytes &&
        s->filling->count)
        TRY(start_spill(s));
    struct half *h = s->filling;
    TRY(reserve_item(h));
    char *p = arena_try_alloc(&h->arena, bytes);
    if (!p)
        return err_oom();
    store_le32(p, (uint32_t)key.len);
    store_le32(p + 4, (uint32_t)value.len | (in_key ? VALUE_IN_KEY : 0));
    memcpy(p + HEAD_BYTES, key.data, key.len);
    if (value.len && !in_key)
        memcpy(p + HEAD_BYTES + key.len, value.data, value.len);
    h->items[h->count++] = (struct item){prefix_at(key, STORAGE_ID_BYTES), p};
    h->bytes += bytes;
    return NULL;
}

/* ---- merging ---- */

static struct err *run_advance(struct run *r)
{
    uint8_t head[HEAD_BYTES] = {0};
    size_t n;
    TRY(run_read(r, head, sizeof(head), &n));
    r->ended = n == 0;
    if (r->ended)
        return NULL;
    r->key_len = load_le32(head);
    r->value_word = load_le32(head + 4);
    size_t bytes = r->key_len + bytes_behind_key(r->value_word);
    if (bytes > r->cap) {
        free(r->space);
        r->cap = bytes * 2;
        r->space = malloc(r->cap);
        if (!r->space) {
            r->cap = 0;
            return err_oom();
        }
    }
    TRY(run_read(r, r->space, bytes, &n));
    return n == bytes ? NULL : err_new("XX001", "a temporary file ends unexpectedly");
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
        s->runs[i].at = s->runs[i].filled = 0;
        s->runs[i].next_block = 0;
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
static struct err *merge_into(struct sorter *s, struct run *to)
{
    struct run *r;
    TRY(start_merge(s));
    for (;;) {
        uint8_t head[8];
        TRY(merge_next(s, &r));
        if (!r)
            return run_flush(to);
        size_t bytes = r->key_len + bytes_behind_key(r->value_word);
        store_le32(head, r->key_len);
        store_le32(head + 4, r->value_word);
        TRY(run_write(to, head, sizeof(head)));
        TRY(run_write(to, r->space, bytes));
        TRY(fiber_tick());
    }
}

static struct err *merge_runs(struct sorter *s)
{
    struct run merged;
    TRY(open_run(s, &merged));
    struct err *e = merge_into(s, &merged);
    if (e) {
        run_close(&merged);
        return e;
    }
    for (size_t i = 0; i < s->run_count; i++)
        run_close(&s->runs[i]);
    s->run_count = 0;
    return push_run(s, merged);
}

struct err *sorter_finish(struct sorter *s)
{
    TRY(sorter_settle(s));
    if (s->run_count == 0)
        return sort_half(s->filling);
    if (s->filling->count)
        TRY(spill(s, s->filling));
    for (int i = 0; i < 2; i++)
        half_done(&s->halves[i]);
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
            *value = value_of(*key, r->value_word);
        }
        return NULL;
    }
    if (s->at == s->filling->count) {
        *found = false;
        return NULL;
    }
    const char *entry = s->filling->items[s->at++].entry;
    *key = entry_key(entry);
    *value = value_of(*key, load_le32(entry + 4));
    return NULL;
}

uint64_t sorter_file_bytes(const struct sorter *s)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < s->run_count; i++)
        bytes += temp_file_size(s->runs[i].file);
    return bytes;
}

uint64_t sorter_memory_bytes(const struct sorter *s)
{
    uint64_t bytes = 0;
    for (int i = 0; i < 2; i++)
        bytes += s->halves[i].arena.used_bytes + s->halves[i].cap * sizeof(struct item);
    return bytes;
}
