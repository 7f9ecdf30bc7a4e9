/* Rows of a table named by their keys: what Bitmap Index Scan, BitmapAnd and BitmapOr give to the
 * Bitmap Heap Scan above them.
 *
 * A list is a tree whose nodes all give row keys (without the storage id) in ascending order, each
 * once, and can skip forward:
 *   RANGE  entries (or rows) that begin with the same bytes and end with the row's key: they are
 *          stored in that order, so nothing is kept. An item of an inverted index; a btree index of
 *          which all columns are given; all rows of a table
 *   AND    what all arguments have: each skips to what another one has reached
 *   UNION  what any argument has, and what other index scans find: collected, sorted within
 *          work_mem (beyond, in temporary files), read without repetitions
 * Whoever reads a list checks the condition on the row, so a list may name too many rows. */
#include "exec/exec_internal.h"

#include "catalog/inverted.h"
#include "exec/key_list.h"
#include "types/key.h"

#include <stdlib.h>

enum {
    MAX_ARGS = 16,  /* of AND: each is an open scan; more would hardly name fewer rows */
    MAX_STEPS = 16, /* by which RANGE goes on before it looks the place up */
};

enum list_kind { LIST_RANGE, LIST_AND, LIST_UNION, LIST_NONE };

struct row_list {
    enum list_kind kind;
    struct exec *x;
    struct plan *node;                /* whose rows EXPLAIN ANALYZE counts here; NULL: of none */
    struct activity_counts *activity; /* of its index */
    struct str at;                    /* the current row */
    bool has;
    bool done;
    /* RANGE */
    struct str prefix;
    struct txn_scan *scan;
    struct buf lo;
    struct buf hi;
    /* AND, UNION */
    struct row_list **args;
    int nargs;
    int args_cap;
    /* UNION */
    struct plan *index; /* an index scan whose entries are collected too; NULL: none */
    bool collected;
    struct arena *arena;
    struct key_list keys;
};

static struct row_list *list_new(struct exec *x, struct arena *a, enum list_kind kind)
{
    struct row_list *l = arena_new(a, struct row_list);
    l->kind = kind;
    l->x = x;
    l->arena = a;
    if (kind == LIST_UNION)
        key_list_init(&l->keys, temp_quota_of(x), work_memory(x));
    return l;
}

static void add_arg(struct row_list *l, struct row_list *arg)
{
    ARENA_PUSH(l->arena, l->args, l->nargs, l->args_cap, arg);
}

void row_list_close(struct row_list *l)
{
    if (!l)
        return;
    for (int i = 0; i < l->nargs; i++)
        row_list_close(l->args[i]);
    txn_scan_close(l->scan);
    if (l->kind == LIST_UNION)
        key_list_done(&l->keys);
    buf_done(&l->lo);
    buf_done(&l->hi);
}

/* ---- ranges ---- */

static struct row_list *range_new(struct exec *x, struct arena *a, uint32_t storage_id,
                                  struct str rest)
{
    struct row_list *l = list_new(x, a, LIST_RANGE);
    uint8_t *p = arena_alloc(a, rest.len + 4);
    store_be32(p, storage_id);
    if (rest.len)
        memcpy(p + 4, rest.data, rest.len);
    l->prefix = str_make(p, rest.len + 4);
    return l;
}

static struct err *range_open(struct row_list *l, struct str from)
{
    txn_scan_close(l->scan);
    l->scan = NULL;
    buf_reset(&l->lo);
    buf_reset(&l->hi);
    buf_put_str(&l->lo, l->prefix);
    buf_put_str(&l->lo, from);
    buf_put_str(&l->hi, l->prefix);
    TRY(buf_finish(&l->hi));
    key_successor(&l->hi, 0);
    TRY(buf_finish(&l->lo));
    return txn_scan_open(&l->x->view, buf_str(&l->lo), buf_str(&l->hi), false, &l->scan);
}

static struct err *range_seek(struct row_list *l, struct str from, bool *found)
{
    if (!l->scan)
        TRY(range_open(l, from));
    for (int steps = 1;; steps++) {
        struct str key;
        struct str value;
        TRY(fiber_tick());
        TRY(txn_scan_next(l->scan, &key, &value, found));
        if (!*found)
            return NULL;
        l->at = str_make(key.data + l->prefix.len, key.len - l->prefix.len);
        if (str_cmp(l->at, from) >= 0)
            return NULL;
        if (steps == MAX_STEPS)
            TRY(range_open(l, from));
    }
}

/* ---- conjunctions ---- */

static struct err *and_seek(struct row_list *l, struct str from, bool *found)
{
    struct str target = from;
    *found = true;
    for (int agree = 0, i = 0; agree < l->nargs; i = (i + 1) % l->nargs) {
        struct str at;
        TRY(row_list_seek(l->args[i], target, &at, found));
        if (!*found)
            return NULL;
        agree = str_eq(at, target) ? agree + 1 : 1;
        target = at;
    }
    l->at = target;
    return NULL;
}

/* ---- unions ---- */

static struct err *collect_list(struct row_list *l, struct row_list *arg)
{
    struct buf from = BUF_INIT;
    struct err *e = NULL;
    for (bool found = true; !e && found;) {
        struct str at;
        e = row_list_seek(arg, buf_str(&from), &at, &found);
        if (e || !found)
            break;
        buf_reset(&from);
        buf_put_str(&from, at);
        buf_put_u8(&from, 0);
        e = key_list_add(&l->keys, at);
        if (!e)
            e = buf_finish(&from);
    }
    buf_done(&from);
    return e;
}

static struct err *collect(struct row_list *l)
{
    l->collected = true;
    for (bool found = l->index != NULL; found;) {
        struct str row;
        TRY(index_next_entry(l->x, l->index, &row, &found));
        if (found)
            TRY(key_list_add(&l->keys, row));
    }
    for (int i = 0; i < l->nargs; i++) {
        TRY(collect_list(l, l->args[i]));
        row_list_close(l->args[i]);
    }
    l->nargs = 0;
    return key_list_sort(&l->keys);
}

static struct err *union_seek(struct row_list *l, struct str from, bool *found)
{
    if (!l->collected)
        TRY(collect(l));
    do {
        TRY(fiber_tick());
        TRY(key_list_next(&l->keys, &l->at, found));
    } while (*found && str_cmp(l->at, from) < 0);
    return NULL;
}

/* ---- any list ---- */

static struct err *seek(struct row_list *l, struct str from, bool *found)
{
    switch (l->kind) {
    case LIST_RANGE:
        return range_seek(l, from, found);
    case LIST_AND:
        return and_seek(l, from, found);
    case LIST_UNION:
        return union_seek(l, from, found);
    case LIST_NONE:
        break;
    }
    *found = false;
    return NULL;
}

struct err *row_list_seek(struct row_list *l, struct str from, struct str *at, bool *found)
{
    if (!l->done && (!l->has || str_cmp(l->at, from) < 0)) {
        TRY(seek(l, from, &l->has));
        l->done = !l->has;
        if (l->activity)
            activity_add(l->activity, ACTIVITY_RETURNED, l->has);
        if (l->node && l->x->stats)
            l->x->stats[l->node->id].rows += l->has;
    }
    *found = l->has;
    *at = l->at;
    return NULL;
}

/* ---- making them ---- */

static struct err *table_list(struct exec *x, struct plan *n, struct arena *a,
                              struct row_list **out)
{
    const struct relation *r = n->rte->rel;
    uint32_t storage_id;
    TRY(storage_at(x, r, r->oid, r->storage_id, &storage_id));
    *out = range_new(x, a, storage_id, STR(""));
    return NULL;
}

static struct err *search_list(struct exec *x, struct plan *n, struct arena *a,
                               const struct inverted_search *s, struct row_list **out)
{
    uint32_t storage_id;
    struct row_list *arg;
    switch (s->kind) {
    case INVERTED_ITEM:
        TRY(index_at(x, n->rte->rel, n->index, &storage_id));
        *out = range_new(x, a, storage_id, s->item);
        return NULL;
    case INVERTED_AND:
    case INVERTED_OR:
        *out = list_new(x, a, s->kind == INVERTED_AND ? LIST_AND : LIST_UNION);
        for (int i = 0; i < s->n && (s->kind == INVERTED_OR || i < MAX_ARGS); i++) {
            TRY(search_list(x, n, a, s->args[i], &arg));
            add_arg(*out, arg);
        }
        return NULL;
    case INVERTED_ALL:
        return table_list(x, n, a, out);
    case INVERTED_NONE:
        break;
    }
    *out = list_new(x, a, LIST_NONE);
    return NULL;
}

static struct err *inverted_list(struct exec *x, struct plan *n, struct arena *a,
                                 struct row_list **out)
{
    struct row_list *all = list_new(x, a, LIST_AND);
    for (int i = 0; i < n->nquals; i++) {
        const struct index_qual *q = &n->quals[i];
        struct plan_expr e = {q->value, -1, q->program};
        struct inverted_search *s;
        struct row_list *arg;
        struct datum v;
        TRY(value_of(x, &e, a, &v));
        if (v.null) {
            *out = list_new(x, a, LIST_NONE);
            return NULL;
        }
        TRY(inverted_search(n->index, q->column, q->strategy, v, a, &s));
        TRY(search_list(x, n, a, s, &arg));
        add_arg(all, arg);
    }
    *out = all->nargs == 1 ? all->args[0] : all;
    return NULL;
}

static struct err *index_list(struct exec *x, struct plan *n, struct arena *a,
                              struct row_list **out)
{
    struct str prefix;
    bool same;
    bool nothing;
    if (index_is_inverted(n->index))
        return inverted_list(x, n, a, out);
    TRY(index_prefix(x, n, &prefix, &same, &nothing));
    if (!same) {
        *out = list_new(x, a, LIST_UNION);
        (*out)->index = n;
        return NULL;
    }
    *out = nothing ? list_new(x, a, LIST_NONE)
                   : range_new(x, a, load_be32(prefix.data), table_row_suffix(prefix));
    return NULL;
}

struct err *row_list_open(struct exec *x, struct plan *n, struct arena *a, struct row_list **out)
{
    struct row_list *arg;
    if (n->kind == P_BITMAPINDEX) {
        TRY(index_list(x, n, a, out));
        (*out)->node = n;
        (*out)->activity = activity_of(x->env.cat->db, n->index->oid);
        if (!(*out)->index) /* whose scans count themselves */
            activity_add((*out)->activity, ACTIVITY_SCANS, 1);
    } else {
        *out = list_new(x, a, n->kind == P_BITMAPAND ? LIST_AND : LIST_UNION);
        for (int i = 0; i < n->ninputs; i++) {
            TRY(row_list_open(x, n->inputs[i], a, &arg));
            add_arg(*out, arg);
        }
    }
    if (x->stats)
        x->stats[n->id].loops++;
    return NULL;
}
