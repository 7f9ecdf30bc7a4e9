/* The rows of an uncorrelated IN (subquery): a hash table up to its bound. Beyond, the rows as
 * memcomparable keys in a temporary file, sorted, in blocks; the first key of each block is in
 * memory, so that a look-up reads one block.
 *
 * A block: keys in order, each u32 length and bytes. Its size grows with the whole, so that the
 * first keys stay few. */
#include "exec/exec_internal.h"

#include "exec/session.h"
#include "storage/sort.h"
#include "storage/temp_file.h"
#include "types/key.h"

#include <stdlib.h>

enum { MIN_BLOCK_BYTES = 4096, MAX_BLOCKS = 32768, HEAD_BYTES = 4 };

struct block {
    struct str first;
    uint64_t offset;
};

struct value_set {
    const struct type_ops **types;
    int width;
    struct arena arena; /* the table, or the blocks' first keys */
    struct row_hash table;
    struct sorter *sorter;  /* while values come that the table has no room for; else NULL */
    struct temp_file *file; /* then; NULL: all are in the table */
    uint64_t bytes;         /* of all keys */
    struct block *blocks;
    size_t nblocks;
    size_t blocks_cap;
    struct buf key;
    struct buf block; /* being written, or read last */
    size_t block_read;
};

static void set_release(void *arg)
{
    struct value_set *s = arg;
    sorter_free(s->sorter);
    temp_file_free(s->file);
    arena_done(&s->arena);
    free(s->blocks);
    buf_done(&s->key);
    buf_done(&s->block);
}

struct value_set *value_set_new(struct exec *x, const uint32_t *types, int n)
{
    struct value_set *s = arena_new(&x->arena, struct value_set);
    s->types = arena_new_array(&x->arena, const struct type_ops *, n);
    for (int i = 0; i < n; i++)
        s->types[i] = type_by_oid(types[i]);
    s->width = n;
    s->block_read = SIZE_MAX;
    arena_init(&s->arena);
    on_release(x, set_release, s);
    row_hash_init(&s->table, &s->arena, s->types, n);
    return s;
}

bool value_set_is_empty(const struct value_set *s)
{
    return !s->table.count && !s->file;
}

static struct err *encode(struct value_set *s, const struct datum *values)
{
    buf_reset(&s->key);
    buf_put_le32(&s->key, 0); /* a sorter's keys begin alike */
    for (int i = 0; i < s->width; i++)
        key_put(&s->key, s->types[i], values[i], false, false);
    return buf_finish(&s->key);
}

static struct err *sort_value(struct value_set *s, const struct datum *values)
{
    TRY(encode(s, values));
    s->bytes += HEAD_BYTES + s->key.len;
    return sorter_add(s->sorter, buf_str(&s->key), str_make("", 0));
}

/* The table's values go to the sorter, and all that follow. */
static struct err *spill(struct exec *x, struct value_set *s)
{
    TRY(sort_begin(x, &s->sorter));
    for (size_t i = 0; i < s->table.nbuckets; i++) {
        for (const struct hash_entry *e = s->table.buckets[i]; e; e = e->next)
            TRY(sort_value(s, e->keys));
        TRY(fiber_tick());
    }
    arena_done(&s->arena);
    s->table = (struct row_hash){0};
    return NULL;
}

struct err *value_set_add(struct exec *x, struct value_set *s, const struct datum *values)
{
    struct hash_entry *entry;
    bool added;
    if (s->sorter)
        return sort_value(s, values);
    TRY(row_hash_get(&s->table, values, true, &entry, &added));
    return s->arena.used_bytes > hash_memory(x) ? spill(x, s) : NULL;
}

/* ---- the file ---- */

static struct err *end_block(struct value_set *s)
{
    TRY(buf_finish(&s->block));
    TRY(temp_file_append(s->file, s->block.data, s->block.len));
    buf_reset(&s->block);
    return NULL;
}

static struct err *begin_block(struct value_set *s, struct str key)
{
    if (s->nblocks == s->blocks_cap) {
        size_t cap = s->blocks_cap ? s->blocks_cap * 2 : 64;
        struct block *grown = realloc(s->blocks, cap * sizeof(*grown));
        if (!grown)
            return err_oom();
        s->blocks = grown;
        s->blocks_cap = cap;
    }
    s->blocks[s->nblocks++] = (struct block){arena_str(&s->arena, key), temp_file_size(s->file)};
    return NULL;
}

static struct err *write_keys(struct value_set *s)
{
    size_t limit = s->bytes / MAX_BLOCKS;
    if (limit < MIN_BLOCK_BYTES)
        limit = MIN_BLOCK_BYTES;
    buf_reset(&s->key);
    for (;;) {
        struct str key;
        struct str none;
        bool found;
        TRY(sorter_next(s->sorter, &key, &none, &found));
        if (!found)
            return end_block(s);
        if (s->nblocks && str_eq(key, buf_str(&s->key)))
            continue;
        if (s->block.len >= limit)
            TRY(end_block(s));
        if (!s->block.len)
            TRY(begin_block(s, key));
        buf_put_le32(&s->block, (uint32_t)key.len);
        buf_put_str(&s->block, key);
        buf_reset(&s->key);
        buf_put_str(&s->key, key);
        TRY(buf_finish(&s->key));
    }
}

struct err *value_set_finish(struct exec *x, struct value_set *s)
{
    if (!s->sorter)
        return NULL;
    TRY(sort_finish(s->sorter));
    TRY(temp_file_new(temp_quota_of(x), &s->file));
    TRY(write_keys(s));
    sorter_free(s->sorter);
    s->sorter = NULL;
    return NULL;
}

static struct err *read_block(struct value_set *s, size_t i)
{
    uint64_t end = i + 1 < s->nblocks ? s->blocks[i + 1].offset : temp_file_size(s->file);
    size_t bytes = (size_t)(end - s->blocks[i].offset);
    if (s->block_read == i)
        return NULL;
    s->block_read = SIZE_MAX;
    buf_reset(&s->block);
    if (!buf_reserve(&s->block, bytes))
        return buf_finish(&s->block);
    TRY(temp_file_read(s->file, s->blocks[i].offset, s->block.data, bytes));
    s->block.len = bytes;
    s->block_read = i;
    return NULL;
}

/* The last block whose first key is not behind the key, if any. */
static bool find_block(const struct value_set *s, struct str key, size_t *out)
{
    size_t lo = 0;
    size_t hi = s->nblocks;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (str_cmp(s->blocks[mid].first, key) <= 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    *out = lo - 1;
    return lo > 0;
}

static struct err *find_in_file(struct value_set *s, const struct datum *values, bool *found)
{
    size_t i;
    TRY(encode(s, values));
    struct str key = buf_str(&s->key);
    if (!find_block(s, key, &i))
        return NULL;
    TRY(read_block(s, i));
    for (size_t at = 0; at < s->block.len;) {
        const char *p = (const char *)s->block.data + at;
        size_t len = load_le32(p);
        int c = str_cmp(str_make(p + HEAD_BYTES, len), key);
        *found = c == 0;
        if (c >= 0)
            return NULL;
        at += HEAD_BYTES + len;
    }
    return NULL;
}

struct err *value_set_has(struct value_set *s, const struct datum *values, bool *found)
{
    struct hash_entry *entry;
    bool added;
    *found = false;
    if (s->file)
        return find_in_file(s, values, found);
    TRY(row_hash_get(&s->table, values, false, &entry, &added));
    *found = entry != NULL;
    return NULL;
}
