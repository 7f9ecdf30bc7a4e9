/* Sets of key ranges; see key_ranges.h. */
#include "txn/key_ranges.h"

#include "base/bytes.h"
#include "txn/txn_internal.h"

#include <stdlib.h>

enum {
    MAX_RANGES = 4096,
    MAX_WIDE = 1024,
    MAX_KEY_BYTES = 600, /* of a longer key: only its beginning */
    LOOK_BACK = 8,       /* repeated reads of the same are recognised this far */
    ID_BYTES = 4,
};

void key_ranges_init(struct key_ranges *r)
{
    *r = (struct key_ranges){0};
    arena_init(&r->arena);
}

void key_ranges_done(struct key_ranges *r)
{
    free(r->items);
    arena_done(&r->arena);
}

void key_ranges_reset(struct key_ranges *r)
{
    r->count = r->wide = 0;
    r->sorted = false;
    arena_reset(&r->arena);
}

static bool covers(const struct key_range *r, struct str lo, struct str hi)
{
    bool hi_inside = !r->hi.len || (hi.len && str_cmp(hi, r->hi) <= 0);
    return hi_inside && str_cmp(r->lo, lo) <= 0;
}

static bool has_already(const struct key_ranges *r, struct str lo, struct str hi)
{
    for (size_t i = 0; i < r->wide; i++)
        if (covers(&r->items[i], lo, hi))
            return true;
    for (size_t i = r->count; i-- > r->wide && i + LOOK_BACK > r->count;)
        if (covers(&r->items[i], lo, hi))
            return true;
    return false;
}

static void push(struct key_ranges *r, struct str lo, struct str hi)
{
    r->items = grow_array(r->items, r->count, &r->cap, sizeof(*r->items));
    r->items[r->count++] = (struct key_range){lo, hi};
    r->sorted = false;
}

/* Everything: the last resort. */
static void take_all(struct key_ranges *r)
{
    key_ranges_reset(r);
    push(r, (struct str){"", 0}, (struct str){"", 0});
    r->wide = 1;
}

static struct err *push_storage(struct key_ranges *r, uint32_t id)
{
    char *p = arena_try_alloc(&r->arena, (size_t)2 * ID_BYTES);
    if (!p)
        return err_oom();
    store_be32(p, id);
    store_be32(p + ID_BYTES, id + 1);
    push(r, str_make(p, ID_BYTES),
         id == UINT32_MAX ? (struct str){"", 0} : str_make(p + ID_BYTES, ID_BYTES));
    r->wide++;
    return NULL;
}

/* False: it spans several. */
static bool in_one_storage(const struct key_range *r)
{
    if (r->lo.len < ID_BYTES || r->hi.len < ID_BYTES)
        return false;
    uint32_t id = key_storage_id(r->lo);
    uint32_t end = key_storage_id(r->hi);
    return end == id || (end == id + 1 && r->hi.len == ID_BYTES);
}

static int compare_ids(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

/* Too many to keep apart: whole storage ids instead. */
static struct err *widen(struct key_ranges *r)
{
    struct err *e = NULL;
    size_t count = r->count;
    uint32_t *ids = malloc(count * sizeof(*ids));
    if (!ids)
        return err_oom();
    bool all = false;
    for (size_t i = 0; i < count; i++) {
        all = all || !in_one_storage(&r->items[i]);
        ids[i] = all ? 0 : key_storage_id(r->items[i].lo);
    }
    qsort(ids, count, sizeof(*ids), compare_ids);
    key_ranges_reset(r);
    for (size_t i = 0; i < count && !e && !all; i++)
        if (i == 0 || ids[i] != ids[i - 1])
            e = push_storage(r, ids[i]);
    free(ids);
    if (all || r->wide > MAX_WIDE)
        take_all(r);
    return e;
}

/* The key that follows all that begin with `p`, made in place; empty when there is none. */
static struct str after_prefix(char *p, size_t len)
{
    while (len && (uint8_t)p[len - 1] == 0xff)
        len--;
    if (!len)
        return (struct str){"", 0};
    p[len - 1]++;
    return str_make(p, len);
}

static struct str put_bytes(char *p, struct str s)
{
    if (s.len)
        memcpy(p, s.data, s.len);
    return str_make(p, s.len);
}

struct err *key_ranges_add(struct key_ranges *r, struct str lo, struct str hi)
{
    if (has_already(r, lo, hi))
        return NULL;
    if (r->count >= MAX_RANGES) {
        TRY(widen(r));
        if (has_already(r, lo, hi))
            return NULL;
    }
    bool hi_cut = hi.len > MAX_KEY_BYTES;
    if (lo.len > MAX_KEY_BYTES)
        lo.len = MAX_KEY_BYTES;
    if (hi_cut)
        hi.len = MAX_KEY_BYTES;
    char *p = arena_try_alloc(&r->arena, lo.len + hi.len + 1);
    if (!p)
        return err_oom();
    lo = put_bytes(p, lo);
    hi = put_bytes(p + lo.len, hi);
    if (hi_cut)
        hi = after_prefix(p + lo.len, hi.len);
    push(r, lo, hi);
    return NULL;
}

struct err *key_ranges_add_key(struct key_ranges *r, struct str key)
{
    char space[MAX_KEY_BYTES + 1];
    if (key.len > MAX_KEY_BYTES) {
        key.len = MAX_KEY_BYTES;
        (void)put_bytes(space, key);
        return key_ranges_add(r, key, after_prefix(space, key.len));
    }
    (void)put_bytes(space, key);
    space[key.len] = '\0';
    return key_ranges_add(r, key, str_make(space, key.len + 1));
}

struct err *key_ranges_add_storage(struct key_ranges *r, uint32_t storage_id)
{
    char lo[ID_BYTES];
    char hi[ID_BYTES];
    store_be32(lo, storage_id);
    store_be32(hi, storage_id + 1);
    return key_ranges_add(r, str_make(lo, ID_BYTES), str_make(hi, ID_BYTES));
}

struct err *key_ranges_add_wide(struct key_ranges *r, const struct key_ranges *other)
{
    for (size_t i = 0; i < other->count; i++) {
        if (in_one_storage(&other->items[i]))
            TRY(key_ranges_add_storage(r, key_storage_id(other->items[i].lo)));
        else
            take_all(r);
    }
    return r->count ? widen(r) : NULL;
}

static int compare_ranges(const void *a, const void *b)
{
    return str_cmp(((const struct key_range *)a)->lo, ((const struct key_range *)b)->lo);
}

void key_ranges_sort(struct key_ranges *r)
{
    if (r->sorted)
        return;
    if (r->count)
        qsort(r->items, r->count, sizeof(*r->items), compare_ranges);
    size_t kept = 0;
    for (size_t i = 0; i < r->count; i++) {
        struct key_range next = r->items[i];
        struct key_range *last = kept ? &r->items[kept - 1] : NULL;
        if (!last || (last->hi.len && str_cmp(last->hi, next.lo) < 0)) {
            r->items[kept++] = next;
            continue;
        }
        if (last->hi.len && (!next.hi.len || str_cmp(next.hi, last->hi) > 0))
            last->hi = next.hi;
    }
    r->count = kept;
    r->wide = 0; /* no longer in front */
    r->sorted = true;
}

/* The first range that ends after `lo` is the only one that needs a look. */
static bool touches_sorted(const struct key_ranges *r, struct str lo, struct str hi)
{
    size_t from = 0;
    size_t to = r->count;
    while (from < to) {
        size_t mid = (from + to) / 2;
        if (r->items[mid].hi.len && str_cmp(r->items[mid].hi, lo) <= 0)
            from = mid + 1;
        else
            to = mid;
    }
    return from < r->count && (!hi.len || str_cmp(r->items[from].lo, hi) < 0);
}

bool key_ranges_touch(const struct key_ranges *any, const struct key_ranges *sorted)
{
    ASSERT(sorted->sorted);
    if (any->sorted && any->count > sorted->count) {
        const struct key_ranges *smaller = sorted;
        sorted = any;
        any = smaller;
    }
    for (size_t i = 0; i < any->count; i++)
        if (touches_sorted(sorted, any->items[i].lo, any->items[i].hi))
            return true;
    return false;
}
