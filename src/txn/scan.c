/* Merged range scans: own writes, memtables from the newest down, LMDB. Of equal keys the first
 * source's version counts; a deletion hides the older ones. */
#include "storage/kv.h"
#include "txn/txn_internal.h"

#include <stdlib.h>

enum { MAX_MEMORY_SOURCES = 2 + STORE_MAX_FROZEN, COOL_STEPS = 32768 };

/* A map being scanned, standing on a node with a visible version or at its end (NULL). */
struct source {
    const struct memtable *map;
    const struct mem_node *node;
    const struct mem_version *version;
    uint64_t csn; /* versions up to it; a command for own writes */
};

struct txn_scan {
    struct txn *txn;
    struct str lo;
    struct str hi;
    bool reverse;
    int count;
    uint32_t steps;
    struct source sources[MAX_MEMORY_SOURCES]; /* in order of precedence */
    struct kv_cursor *cursor;
    bool stored_ready; /* the LMDB entry below is loaded and not yet used */
    bool stored_found;
    struct str stored_key;
    struct str stored_value;
    char *bounds; /* the bytes of lo and hi */
    size_t bounds_cap;
    struct txn_scan *next_free;
};

static bool in_range(const struct txn_scan *s, struct str key)
{
    if (s->reverse)
        return str_cmp(key, s->lo) >= 0;
    return !s->hi.len || str_cmp(key, s->hi) < 0;
}

/* From the node on, to the first with a visible version. */
static void settle(const struct txn_scan *s, struct source *src, const struct mem_node *n)
{
    src->node = NULL;
    for (; n; n = s->reverse ? memtable_before(src->map, mem_key(n)) : mem_next(n)) {
        if (!in_range(s, mem_key(n)))
            return;
        src->version = mem_visible(n, src->csn);
        if (src->version) {
            src->node = n;
            return;
        }
    }
}

/* A long scan of a map in a file must not fill memory with it. */
static void source_advance(struct txn_scan *s, struct source *src)
{
    if (++s->steps % COOL_STEPS == 0)
        memtable_cool(src->map);
    const struct mem_node *n = src->node;
    settle(s, src, s->reverse ? memtable_before(src->map, mem_key(n)) : mem_next(n));
}

static void add_source(struct txn_scan *s, const struct memtable *map, uint64_t csn)
{
    struct source *src = &s->sources[s->count];
    struct mem_node *n;
    if (!mem_snapshot(map, &csn))
        return;
    src->map = map;
    src->csn = csn;
    if (s->reverse)
        n = s->hi.len ? memtable_before(map, s->hi) : memtable_last(map);
    else
        n = memtable_seek(map, s->lo);
    settle(s, src, n);
    /* Versions that come later are of later commands or commits: an empty source stays empty. */
    if (src->node)
        s->count++;
}

/* Whether the range lies in one storage id. */
static bool single_storage(struct str lo, struct str hi)
{
    if (lo.len < 4 || hi.len < 4)
        return false;
    uint32_t first = key_storage_id(lo);
    uint32_t last = key_storage_id(hi);
    return first == last || (hi.len == 4 && last == first + 1);
}

static void add_sources(struct txn_scan *s, const struct txn_view *v)
{
    const struct txn *t = v->txn;
    struct memtable *const *tables;
    bool single = single_storage(s->lo, s->hi);
    uint32_t id = single ? key_storage_id(s->lo) : 0;
    int n = superversion_memtables(v->snapshot->sv, &tables);
    s->count = 0;
    if (t->has_writes && t->writes_ready && (!single || memtable_has_storage(&t->writes, id)))
        add_source(s, &t->writes, v->command == UINT32_MAX ? UINT32_MAX : v->command - 1);
    for (int i = 0; i < n; i++)
        if (!single || memtable_has_storage(tables[i], id))
            add_source(s, tables[i], v->snapshot->csn);
}

static struct err *scan_get(struct txn *t, size_t bounds_bytes, struct txn_scan **out)
{
    struct txn_scan *s = t->free_scans;
    if (s) {
        t->free_scans = s->next_free;
    } else {
        s = calloc(1, sizeof(*s));
        if (!s)
            return err_oom();
        struct err *e = kv_cursor_new(&s->cursor);
        if (e) {
            free(s);
            return e;
        }
    }
    if (s->bounds_cap < bounds_bytes) {
        free(s->bounds);
        s->bounds = malloc(bounds_bytes);
        s->bounds_cap = s->bounds ? bounds_bytes : 0;
        if (!s->bounds) {
            s->next_free = t->free_scans;
            t->free_scans = s;
            return err_oom();
        }
    }
    s->txn = t;
    *out = s;
    return NULL;
}

static void copy_bounds(struct txn_scan *s, struct str lo, struct str hi)
{
    if (lo.len)
        memcpy(s->bounds, lo.data, lo.len);
    if (hi.len)
        memcpy(s->bounds + lo.len, hi.data, hi.len);
    s->lo = str_make(s->bounds, lo.len);
    s->hi = str_make(s->bounds + lo.len, hi.len);
}

struct err *txn_scan_open(const struct txn_view *v, struct str lo, struct str hi, bool reverse,
                          struct txn_scan **out)
{
    struct txn *t = v->txn;
    struct txn_scan *s = NULL;
    if (t->isolation == TXN_SERIALIZABLE)
        TRY(serial_note_read(t, lo, hi));
    TRY(scan_get(t, lo.len + hi.len + 1, &s));
    copy_bounds(s, lo, hi);
    s->reverse = reverse;
    s->stored_ready = false;
    s->stored_found = true;
    add_sources(s, v);
    struct kv_gen *gen = NULL;
    if (t->load_count && lo.len >= 4)
        gen = txn_gen_for(t, key_storage_id(lo));
    if (!gen)
        gen = superversion_gen(v->snapshot->sv);
    struct err *e = kv_cursor_open(s->cursor, gen, s->lo, s->hi, reverse);
    if (e) {
        txn_scan_close(s);
        return e;
    }
    *out = s;
    return NULL;
}

static struct err *load_stored(struct txn_scan *s)
{
    uint64_t csn;
    if (!s->stored_found || s->stored_ready)
        return NULL;
    TRY(kv_cursor_next(s->cursor, &s->stored_key, &s->stored_value, &csn, &s->stored_found));
    s->stored_ready = s->stored_found;
    return NULL;
}

/* Drops sources at their end, so that a scan that has passed the changed part is a plain one. */
static void drop_ended(struct txn_scan *s)
{
    int kept = 0;
    for (int i = 0; i < s->count; i++)
        if (s->sources[i].node)
            s->sources[kept++] = s->sources[i];
    s->count = kept;
}

/* One step of the merge: the next key in order, and its version unless deleted. */
static struct err *merge_step(struct txn_scan *s, struct str *key, struct str *value, bool *found,
                              bool *deleted)
{
    struct source *best = NULL;
    int sign = s->reverse ? -1 : 1;
    bool ended = false;
    TRY(load_stored(s));
    for (int i = 0; i < s->count; i++) {
        struct source *src = &s->sources[i];
        if (!best || sign * str_cmp(mem_key(src->node), mem_key(best->node)) < 0)
            best = src;
    }
    int stored_first = 1;
    if (s->stored_ready)
        stored_first = best ? sign * str_cmp(s->stored_key, mem_key(best->node)) : -1;
    *found = best || s->stored_ready;
    if (!*found)
        return NULL;
    if (stored_first < 0) {
        *key = s->stored_key;
        *value = s->stored_value;
        *deleted = false;
        s->stored_ready = false;
        return NULL;
    }
    const struct mem_node *node = best->node;
    *key = mem_key(node);
    *value = mem_value(best->version);
    *deleted = best->version->deleted;
    if (stored_first == 0)
        s->stored_ready = false;
    for (int i = 0; i < s->count; i++) {
        struct source *src = &s->sources[i];
        if (src->node == node || str_eq(mem_key(src->node), *key)) {
            source_advance(s, src);
            ended = ended || !src->node;
        }
    }
    if (ended)
        drop_ended(s);
    return NULL;
}

struct err *txn_scan_next(struct txn_scan *s, struct str *key, struct str *value, bool *found)
{
    if (s->count == 0 && !s->stored_ready) {
        uint64_t csn;
        *found = false;
        if (!s->stored_found)
            return NULL;
        TRY(kv_cursor_next(s->cursor, key, value, &csn, &s->stored_found));
        *found = s->stored_found;
        return NULL;
    }
    bool deleted;
    do
        TRY(merge_step(s, key, value, found, &deleted));
    while (*found && deleted);
    return NULL;
}

static void scan_free(struct txn_scan *s)
{
    kv_cursor_free(s->cursor);
    free(s->bounds);
    free(s);
}

void txn_scan_close(struct txn_scan *s)
{
    enum { KEEP_BOUNDS_BYTES = 4096 };
    if (!s)
        return;
    struct txn *t = s->txn;
    kv_cursor_close(s->cursor);
    if (s->bounds_cap > KEEP_BOUNDS_BYTES) {
        scan_free(s);
        return;
    }
    s->next_free = t->free_scans;
    t->free_scans = s;
}

void scans_free(struct txn *t)
{
    while (t->free_scans) {
        struct txn_scan *s = t->free_scans;
        t->free_scans = s->next_free;
        scan_free(s);
    }
}
