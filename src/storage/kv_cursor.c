/* Range cursors over the logical key order. Long keys with a common prefix lie in a row, ordered
 * by digest: the cursor collects such a group, sorts it by the whole keys, and hands it out. */
#include "storage/kv_internal.h"

#include "base/bytes.h"

#include <stdlib.h>
#include <string.h>

struct kv_entry {
    struct str key;
    struct str value;
    uint64_t csn;
};

struct kv_cursor {
    MDB_cursor *mc;
    struct str lo;
    struct str hi;
    bool reverse;
    bool open;
    bool ended;
    bool entered;       /* an entry was within the bounds: all further ones pass the near bound */
    uint64_t far_start; /* the first bytes of the far bound, as key_start has them */
    bool stay;          /* the LMDB cursor already stands on the next entry */
    MDB_cursor_op step;
    struct kv_entry *group; /* sorted; handed out from group_at on */
    size_t group_at;
    size_t group_count;
    size_t group_cap;
};

struct err *kv_cursor_new(struct kv_cursor **out)
{
    *out = calloc(1, sizeof(**out));
    return *out ? NULL : err_oom();
}

void kv_cursor_free(struct kv_cursor *c)
{
    if (!c)
        return;
    if (c->mc)
        mdb_cursor_close(c->mc);
    free(c->group);
    free(c);
}

void kv_cursor_close(struct kv_cursor *c)
{
    c->open = false;
    if (c->group_cap > 256) {
        free(c->group);
        c->group = NULL;
        c->group_cap = 0;
    }
}

static MDB_val seek_key(struct str bound, bool after_group, char *space)
{
    if (bound.len <= KV_PREFIX_BYTES)
        return (MDB_val){bound.len, (void *)bound.data};
    memcpy(space, bound.data, KV_PREFIX_BYTES);
    if (!after_group)
        return (MDB_val){KV_PREFIX_BYTES, space};
    memset(space + KV_PREFIX_BYTES, 0xff, KV_PHYSICAL_MAX_BYTES - KV_PREFIX_BYTES);
    return (MDB_val){KV_PHYSICAL_MAX_BYTES, space};
}

/* Places the LMDB cursor on the first entry to look at. */
static int seek(struct kv_cursor *c)
{
    char space[KV_PHYSICAL_MAX_BYTES];
    MDB_val v;
    struct str bound = c->reverse ? c->hi : c->lo;
    if (bound.len == 0) {
        MDB_val k;
        return mdb_cursor_get(c->mc, &k, &v, c->reverse ? MDB_LAST : MDB_FIRST);
    }
    MDB_val k = seek_key(bound, c->reverse, space);
    int rc = mdb_cursor_get(c->mc, &k, &v, MDB_SET_RANGE);
    if (c->reverse)
        rc = mdb_cursor_get(c->mc, &k, &v, rc == MDB_NOTFOUND ? MDB_LAST : MDB_PREV);
    return rc;
}

/* The first eight bytes as a number: what it decides of an order is decided. */
static inline uint64_t key_start(struct str key)
{
    uint8_t bytes[8] = {0};
    if (key.len >= sizeof(bytes))
        return load_be64(key.data);
    memcpy(bytes, key.data, key.len);
    return load_be64(bytes);
}

struct err *kv_cursor_open(struct kv_cursor *c, struct kv_gen *g, struct str lo, struct str hi,
                           bool reverse)
{
    int rc = c->mc ? mdb_cursor_renew(g->txn, c->mc) : mdb_cursor_open(g->txn, g->kv->dbi, &c->mc);
    if (rc != 0)
        return kv_error(rc, "could not read the data file");
    c->lo = lo;
    c->hi = hi;
    c->reverse = reverse;
    c->entered = false;
    c->far_start = reverse || hi.len ? key_start(reverse ? lo : hi) : UINT64_MAX;
    c->step = reverse ? MDB_PREV : MDB_NEXT;
    c->open = true;
    c->ended = false;
    c->group_at = c->group_count = 0;
    rc = seek(c);
    c->stay = true;
    if (rc == MDB_NOTFOUND)
        c->ended = true;
    else if (rc != 0)
        return kv_error(rc, "could not read the data file");
    return NULL;
}

static int compare_entries(const void *a, const void *b)
{
    return str_cmp(((const struct kv_entry *)a)->key, ((const struct kv_entry *)b)->key);
}

/* From the entry (k, v) on, all long keys with its prefix. Leaves the cursor behind them. */
static struct err *collect_group(struct kv_cursor *c, MDB_val k, MDB_val v)
{
    const char *prefix = k.mv_data;
    int rc = 0;
    c->group_at = c->group_count = 0;
    while (rc == 0 && k.mv_size > KV_PREFIX_BYTES &&
           memcmp(k.mv_data, prefix, KV_PREFIX_BYTES) == 0) {
        if (c->group_count == c->group_cap) {
            size_t cap = c->group_cap ? c->group_cap * 2 : 16;
            struct kv_entry *grown = realloc(c->group, cap * sizeof(*grown));
            if (!grown)
                return err_oom();
            c->group = grown;
            c->group_cap = cap;
        }
        struct kv_entry *e = &c->group[c->group_count];
        TRY(kv_decode(k, v, &e->key, &e->value, &e->csn));
        c->group_count++;
        rc = mdb_cursor_get(c->mc, &k, &v, c->step);
    }
    if (rc == MDB_NOTFOUND)
        c->ended = true;
    else if (rc != 0)
        return kv_error(rc, "could not read the data file");
    c->stay = true;
    qsort(c->group, c->group_count, sizeof(*c->group), compare_entries);
    return NULL;
}

enum where { BEFORE_RANGE, IN_RANGE, AFTER_RANGE }; /* in the direction of the scan */

static enum where locate(const struct kv_cursor *c, struct str key)
{
    bool below = str_cmp(key, c->lo) < 0;
    bool above = c->hi.len && str_cmp(key, c->hi) >= 0;
    if (!below && !above)
        return IN_RANGE;
    return below == c->reverse ? AFTER_RANGE : BEFORE_RANGE;
}

/* Whether it is certain, without looking closely. */
static inline bool surely_in_range(const struct kv_cursor *c, struct str key)
{
    uint64_t start = key_start(key);
    return c->entered && (c->reverse ? start > c->far_start : start < c->far_start);
}

static bool from_group(struct kv_cursor *c, struct kv_entry *out)
{
    if (c->group_at == c->group_count)
        return false;
    size_t at = c->reverse ? c->group_count - 1 - c->group_at : c->group_at;
    *out = c->group[at];
    c->group_at++;
    return true;
}

static struct err *advance(struct kv_cursor *c, struct kv_entry *out, bool *found)
{
    *found = true;
    if (from_group(c, out))
        return NULL;
    *found = false;
    if (c->ended)
        return NULL;
    MDB_val k;
    MDB_val v;
    int rc = mdb_cursor_get(c->mc, &k, &v, c->stay ? MDB_GET_CURRENT : c->step);
    c->stay = false;
    if (rc == MDB_NOTFOUND) {
        c->ended = true;
        return NULL;
    }
    if (rc != 0)
        return kv_error(rc, "could not read the data file");
    if (k.mv_size > KV_PREFIX_BYTES) {
        TRY(collect_group(c, k, v));
        *found = from_group(c, out);
        return NULL;
    }
    *found = true;
    return kv_decode(k, v, &out->key, &out->value, &out->csn);
}

struct err *kv_cursor_next(struct kv_cursor *c, struct str *key, struct str *value, uint64_t *csn,
                           bool *found)
{
    ASSERT(c->open);
    for (;;) {
        struct kv_entry entry;
        TRY(advance(c, &entry, found));
        if (!*found)
            return NULL;
        enum where where = surely_in_range(c, entry.key) ? IN_RANGE : locate(c, entry.key);
        if (where == BEFORE_RANGE)
            continue;
        if (where == AFTER_RANGE) {
            c->ended = true;
            c->group_at = c->group_count;
            *found = false;
            return NULL;
        }
        c->entered = true;
        *key = entry.key;
        *value = entry.value;
        *csn = entry.csn;
        return NULL;
    }
}
