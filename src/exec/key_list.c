/* Row keys in order: see key_list.h. Eight bytes of each key are sorted by radix, a byte at a time
 * and only the bytes in which keys differ; equal ones are then told apart by all of their bytes. */
#include "exec/key_list.h"

#include "base/bytes.h"
#include "exec/exec_internal.h"
#include "storage/sort.h"

#include <stdlib.h>

enum { SORTER_KEY_BYTES = 4 }; /* a sorter's keys begin alike */

void key_list_init(struct key_list *l, struct temp_quota *quota, size_t memory_bytes)
{
    *l = (struct key_list){.quota = quota, .memory_bytes = memory_bytes};
    arena_init(&l->arena);
}

void key_list_done(struct key_list *l)
{
    sorter_free(l->sorter);
    free(l->items);
    arena_done(&l->arena);
    buf_done(&l->last);
}

/* Of the bytes behind the first, which is the same in all keys of a list: the tag of the first
 * column, or the zero that a hidden row id begins with. */
static uint64_t prefix_of(struct str key)
{
    uint8_t bytes[8] = {0};
    const size_t skip = 1;
    if (key.len >= skip + 8)
        return load_be64(key.data + skip);
    if (key.len > skip)
        memcpy(bytes, key.data + skip, key.len - skip);
    return load_be64(bytes);
}

/* ---- beyond memory ---- */

static struct err *to_sorter(struct key_list *l, struct str key)
{
    struct str none = {0};
    buf_reset(&l->last);
    buf_put_be32(&l->last, 0);
    buf_put_str(&l->last, key);
    TRY(buf_finish(&l->last));
    return sorter_add(l->sorter, buf_str(&l->last), none);
}

static struct err *spill_keys(struct key_list *l)
{
    TRY(sorter_new(l->quota, l->memory_bytes, &l->sorter));
    for (size_t i = 0; i < l->count; i++) {
        TRY(fiber_tick());
        TRY(to_sorter(l, l->items[i].key));
    }
    l->count = 0;
    arena_reset(&l->arena);
    return NULL;
}

struct err *key_list_add(struct key_list *l, struct str key)
{
    if (l->sorter)
        return to_sorter(l, key);
    size_t room = l->memory_bytes / 2; /* sorting takes as much again */
    bool alike = !l->count || (key.len && key.data[0] == l->items[0].key.data[0]);
    if (!alike || (l->count && l->arena.used_bytes / 2 + l->count * sizeof(*l->items) > room)) {
        TRY(spill_keys(l));
        return to_sorter(l, key);
    }
    if (l->count == l->cap) {
        size_t cap = l->cap ? l->cap * 2 : 64;
        struct key_item *grown = realloc(l->items, cap * sizeof(*grown));
        if (!grown)
            return err_oom();
        l->items = grown;
        l->cap = cap;
    }
    char *copy = arena_try_alloc(&l->arena, key.len + 1);
    if (!copy)
        return err_oom();
    memcpy(copy, key.data, key.len);
    l->items[l->count++] = (struct key_item){prefix_of(key), str_make(copy, key.len)};
    return NULL;
}

/* ---- sorting ---- */

static int compare_items(const void *a, const void *b)
{
    const struct key_item *x = a;
    const struct key_item *y = b;
    if (x->prefix != y->prefix)
        return x->prefix < y->prefix ? -1 : 1;
    return str_cmp(x->key, y->key);
}

static void sort_few(struct key_item *items, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        struct key_item it = items[i];
        size_t at = i;
        for (; at > 0 && compare_items(&it, &items[at - 1]) < 0; at--)
            items[at] = items[at - 1];
        items[at] = it;
    }
}

static void radix_pass(const struct key_item *from, struct key_item *to, size_t n, int shift)
{
    size_t places[256] = {0};
    size_t at = 0;
    for (size_t i = 0; i < n; i++)
        places[from[i].prefix >> shift & 0xff]++;
    for (int b = 0; b < 256; b++) {
        size_t count = places[b];
        places[b] = at;
        at += count;
    }
    for (size_t i = 0; i < n; i++)
        to[places[from[i].prefix >> shift & 0xff]++] = from[i];
}

static struct err *sort_ties(struct key_item *items, size_t n)
{
    enum { FEW = 16 };
    for (size_t from = 0, to; from < n; from = to) {
        for (to = from + 1; to < n && items[to].prefix == items[from].prefix;)
            to++;
        if (to - from > FEW)
            qsort(items + from, to - from, sizeof(*items), compare_items);
        else if (to - from > 1)
            sort_few(items + from, to - from);
        TRY(fiber_tick());
    }
    return NULL;
}

static struct err *sort_items(struct key_list *l)
{
    enum { FEW = 48 };
    uint64_t differ = 0;
    bool in_order = true;
    for (size_t i = 1; i < l->count; i++) {
        differ |= l->items[i].prefix ^ l->items[0].prefix;
        in_order = in_order && l->items[i - 1].prefix <= l->items[i].prefix;
    }
    if (l->count <= FEW) {
        sort_few(l->items, l->count);
        return NULL;
    }
    if (in_order)
        return sort_ties(l->items, l->count);
    struct key_item *spare = malloc(l->cap * sizeof(*spare));
    if (!spare)
        return err_oom();
    struct err *e = NULL;
    for (int shift = 0; shift < 64 && !e; shift += 8) {
        if (!(differ >> shift & 0xff))
            continue;
        radix_pass(l->items, spare, l->count, shift);
        struct key_item *sorted = spare;
        spare = l->items;
        l->items = sorted;
        e = fiber_tick();
    }
    free(spare);
    TRY(e);
    return sort_ties(l->items, l->count);
}

struct err *key_list_sort(struct key_list *l)
{
    return l->sorter ? sort_finish(l->sorter) : sort_items(l);
}

/* ---- reading ---- */

static struct err *next_sorted(struct key_list *l, struct str *key, bool *found)
{
    struct str all;
    struct str none;
    do {
        TRY(sorter_next(l->sorter, &all, &none, found));
    } while (*found && l->started && str_eq(all, buf_str(&l->last)));
    if (!*found)
        return NULL;
    l->started = true;
    buf_reset(&l->last);
    buf_put_str(&l->last, all);
    *key = str_make(l->last.data + SORTER_KEY_BYTES, l->last.len - SORTER_KEY_BYTES);
    return buf_finish(&l->last);
}

struct err *key_list_next(struct key_list *l, struct str *key, bool *found)
{
    if (l->sorter)
        return next_sorted(l, key, found);
    while (l->at > 0 && l->at < l->count && str_eq(l->items[l->at].key, l->items[l->at - 1].key))
        l->at++;
    *found = l->at < l->count;
    if (*found)
        *key = l->items[l->at++].key;
    return NULL;
}
