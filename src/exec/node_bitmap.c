/* Bitmap scans: the keys of the rows that one index, or any of several, points to are put in order,
 * and the rows read in that order, in which neighbours lie on one page. (The name is PostgreSQL's;
 * what it keeps as a bitmap of row addresses is a list of keys here.) */
#include "exec/key_list.h"
#include "exec/scan_internal.h"

struct bitmap_state {
    struct key_list keys;
    struct arena arena;  /* filters */
    struct arena copies; /* of keys that do not lie in storage */
    struct buf key;
    size_t prefix; /* bytes of the storage id in it */
    bool filled;
};

static void bitmap_release(void *arg)
{
    struct bitmap_state *s = arg;
    key_list_done(&s->keys);
    arena_done(&s->arena);
    arena_done(&s->copies);
    buf_done(&s->key);
}

static struct bitmap_state *bitmap_state(struct exec *x, struct plan *n)
{
    bool fresh = !x->nodes[n->id];
    struct bitmap_state *s = node_state(x, n, sizeof(*s));
    if (!fresh)
        return s;
    /* The tag of a primary key's first column is always the same. */
    key_list_init(&s->keys, temp_quota_of(x), work_memory(x), n->rte->rel->primary ? 1 : 0);
    arena_init(&s->arena);
    arena_init(&s->copies);
    on_release(x, bitmap_release, s);
    return s;
}

/* ---- keys ---- */

/* The keys that one index gives. */
static struct err *take_index(struct exec *x, struct plan *index, struct bitmap_state *s)
{
    struct scan_state *scan = scan_state(x, index);
    struct node_stats *stats = x->stats ? &x->stats[index->id] : NULL;
    uint64_t count = 0;
    for (;; count++) {
        struct str key;
        struct str value;
        bool found;
        TRY(index_next_entry(x, index, scan, &key, &value, &found));
        if (!found)
            break;
        if (index->index->primary) {
            value = table_row_suffix(key);
            value = str_make(arena_memdup(&s->copies, value.data, value.len), value.len);
        }
        TRY(key_list_add(&s->keys, value));
    }
    if (!s->key.len) {
        table_put_storage_id(&s->key, scan->table_sid);
        TRY(buf_finish(&s->key));
        s->prefix = s->key.len;
    }
    if (stats) {
        stats->loops++;
        stats->rows += count;
    }
    return NULL;
}

static struct err *fill(struct exec *x, struct plan *n, struct bitmap_state *s)
{
    struct plan *source = n->left;
    if (source->kind == P_BITMAPOR) {
        if (x->stats)
            x->stats[source->id].loops++;
        for (int i = 0; i < source->ninputs; i++)
            TRY(take_index(x, source->inputs[i], s));
    } else {
        TRY(take_index(x, source, s));
    }
    s->filled = true;
    return key_list_sort(&s->keys);
}

/* ---- rows ---- */

static struct err *next_row(struct exec *x, struct plan *n, struct bitmap_state *s, bool *found)
{
    struct str suffix;
    struct str row;
    bool there;
    TRY(key_list_next(&s->keys, &suffix, found));
    if (!*found)
        return NULL;
    s->key.len = s->prefix;
    buf_put_str(&s->key, suffix);
    TRY(buf_finish(&s->key));
    struct str key = buf_str(&s->key);
    TRY(txn_get(&x->view, key, &row, &there));
    if (!there)
        return scan_lost_row(n->left->kind == P_BITMAPOR ? n->left->inputs[0]->index
                                                         : n->left->index);
    if (n->rte->key_slot >= 0)
        key = str_make(arena_memdup(&x->arena, key.data, key.len), key.len);
    return scan_load_row(x, n->rte, key, row);
}

struct err *bitmapscan_next(struct exec *x, struct plan *n, bool *found)
{
    struct bitmap_state *s = bitmap_state(x, n);
    if (!s->filled)
        TRY(fill(x, n, s));
    for (bool holds = false; !holds;) {
        TRY(fiber_tick());
        TRY(next_row(x, n, s, found));
        if (!*found)
            return NULL;
        arena_reset(&s->arena);
        TRY(node_filter(x, n, &s->arena, &holds));
    }
    return NULL;
}

void bitmapscan_rescan(struct exec *x, struct plan *n)
{
    struct bitmap_state *s = x->nodes[n->id];
    key_list_reset(&s->keys);
    arena_reset(&s->copies);
    s->filled = false;
}
