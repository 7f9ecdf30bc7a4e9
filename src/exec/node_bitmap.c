/* Bitmap Heap Scan: the rows that lists of row keys name, read in the order of their keys. Each is
 * checked against the condition that the lists stand for. */
#include "exec/exec_internal.h"

struct bitmap_state {
    struct arena lists;
    struct arena arena; /* conditions */
    struct row_list *list;
    struct buf from; /* where the next row is looked for, without storage id */
    struct buf key;
    uint32_t storage_id;
    struct activity_counts *activity;
    bool begun;
    bool done;
};

static void bitmap_release(void *arg)
{
    struct bitmap_state *s = arg;
    row_list_close(s->list);
    buf_done(&s->from);
    buf_done(&s->key);
    arena_done(&s->lists);
    arena_done(&s->arena);
}

static struct err *bitmap_begin(struct exec *x, struct plan *n, struct bitmap_state *s)
{
    const struct relation *r = n->rte->rel;
    TRY(check_populated(x, r));
    TRY(storage_at(x, r, r->oid, r->storage_id, &s->storage_id));
    s->activity = activity_of(x->env.cat->db, r->oid);
    TRY(row_list_open(x, n->left, &s->lists, &s->list));
    s->begun = true;
    return NULL;
}

/* The next row that is named, into its slots. */
static struct err *bitmap_row(struct exec *x, struct plan *n, struct bitmap_state *s, bool *found)
{
    struct str at;
    struct str row;
    TRY(row_list_seek(s->list, buf_str(&s->from), &at, found));
    if (!*found)
        return NULL;
    buf_reset(&s->from);
    buf_put_str(&s->from, at);
    buf_put_u8(&s->from, 0);
    buf_reset(&s->key);
    table_put_storage_id(&s->key, s->storage_id);
    buf_put(&s->key, s->from.data, s->from.len - 1);
    TRY(buf_finish(&s->from));
    TRY(buf_finish(&s->key));
    struct str key = buf_str(&s->key);
    TRY(txn_get(&x->view, key, &row, found));
    if (!*found)
        return err_new("XX001", "an index of table \"%s\" has an entry without a row",
                       n->rte->rel->name);
    activity_add(s->activity, ACTIVITY_FETCHED, 1);
    if (n->rte->key_slot >= 0)
        key = str_make(arena_memdup(&x->arena, key.data, key.len), key.len);
    return load_row(x, n->rte, key, row);
}

static struct err *recheck(struct exec *x, struct plan *n, struct bitmap_state *s, bool *holds)
{
    arena_reset(&s->arena);
    *holds = true;
    if (!n->exact)
        TRY(condition(x, &n->recheck, &s->arena, holds));
    if (!*holds && x->stats)
        x->stats[n->id].removed_by_recheck++;
    return *holds ? node_filter(x, n, &s->arena, holds) : NULL;
}

struct err *bitmapheap_next(struct exec *x, struct plan *n, bool *found)
{
    bool fresh = !x->nodes[n->id];
    struct bitmap_state *s = node_state(x, n, sizeof(*s));
    if (fresh) {
        arena_init(&s->lists);
        arena_init(&s->arena);
        on_release(x, bitmap_release, s);
    }
    if (!s->begun)
        TRY(bitmap_begin(x, n, s));
    *found = false;
    for (bool holds = false; !holds && !s->done;) {
        TRY(fiber_tick());
        TRY(bitmap_row(x, n, s, found));
        s->done = !*found;
        if (*found)
            TRY(recheck(x, n, s, &holds));
    }
    return NULL;
}

void bitmapheap_rescan(struct exec *x, struct plan *n)
{
    struct bitmap_state *s = x->nodes[n->id];
    row_list_close(s->list);
    s->list = NULL;
    s->begun = s->done = false;
    buf_reset(&s->from);
    arena_reset(&s->lists);
}
