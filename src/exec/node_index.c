/* Index scans: the ranges that the bounds give, the entries within them, the rows. */
#include "exec/scan_internal.h"

#include "types/array.h"
#include "types/key.h"

enum key_outcome { KEY_OK, KEY_NOTHING /* no row can match */, KEY_ALL /* no restriction */ };

/* An integer beyond the column's range: which rows can match. */
static enum key_outcome clamp_int(const struct type_ops *ops, struct datum v, int strategy)
{
    int64_t min = ops->oid == INT2_OID ? INT16_MIN : ops->oid == INT4_OID ? INT32_MIN : INT64_MIN;
    int64_t max = ops->oid == INT2_OID ? INT16_MAX : ops->oid == INT4_OID ? INT32_MAX : INT64_MAX;
    bool ints = ops->oid == INT2_OID || ops->oid == INT4_OID || ops->oid == INT8_OID;
    if (!ints || (v.i >= min && v.i <= max))
        return KEY_OK;
    bool above = v.i > max;
    bool upper = strategy <= 2;
    return strategy == 3 ? KEY_NOTHING : above == upper ? KEY_ALL : KEY_NOTHING;
}

struct bound {
    bool has;
    bool inclusive;
    size_t len;
};

/* Values of = ANY(array), without NULLs and duplicates, ascending. */
static struct err *list_values(struct exec *x, struct plan *n, const struct index_qual *q,
                               struct scan_state *s)
{
    const struct type_ops *ops = n->index->cols[q->column].ops;
    struct array a;
    struct plan_expr e = {q->value, -1, q->program};
    struct datum d;
    TRY(value_of(x, &e, &x->arena, &d));
    s->nlist = 0;
    s->list = arena_new_array(&x->arena, struct datum, 1);
    if (d.null)
        return NULL;
    TRY(array_open(d, &a));
    s->list = arena_new_array(&x->arena, struct datum, a.nitems + 1);
    for (uint32_t i = 0; i < a.nitems; i++) {
        struct datum v = array_get(&a, i);
        if (array_is_null(&a, i) || clamp_int(ops, v, 3) != KEY_OK)
            continue;
        uint32_t at_pos = s->nlist;
        while (at_pos > 0 && ops->compare(ops, s->list[at_pos - 1], v) > 0)
            at_pos--;
        if (at_pos > 0 && ops->compare(ops, s->list[at_pos - 1], v) == 0)
            continue;
        memmove(&s->list[at_pos + 1], &s->list[at_pos], sizeof(v) * (s->nlist - at_pos));
        s->list[at_pos] = v;
        s->nlist++;
    }
    return NULL;
}

static void put_column(struct buf *b, const struct index_col *col, struct datum v)
{
    key_put(b, col->ops, v, col->desc, col->nulls_first);
}

/* Narrows [lo, hi) by one inequality on the column after the equal ones. Both begin as the prefix.
 */
static struct err *apply_range(struct scan_state *s, const struct index_col *col, int strategy,
                               struct datum v, size_t prefix, bool *has_lo, bool *has_hi)
{
    struct buf key = BUF_INIT;
    /* Downwards in a DESC column: what bounds from above bounds the keys from below. */
    int st = col->desc ? 6 - strategy : strategy;
    buf_put(&key, s->lo.data, prefix);
    put_column(&key, col, v);
    bool lower = st >= 4;
    if (st == 5 || st == 2)
        key_successor(&key, prefix);
    struct buf *target = lower ? &s->lo : &s->hi;
    bool *has = lower ? has_lo : has_hi;
    struct err *e = buf_finish(&key);
    if (!e)
        e = buf_finish(target);
    if (e) {
        buf_done(&key);
        return e;
    }
    int c = *has ? str_cmp(buf_str(&key), buf_str(target)) : 0;
    if (!*has || (lower ? c > 0 : c < 0)) {
        buf_reset(target);
        buf_put(target, key.data, key.len);
    }
    *has = true;
    buf_done(&key);
    return NULL;
}

/* Computes the range of the next sub-scan into s->lo and s->hi. */
static struct err *index_range(struct exec *x, struct plan *n, struct scan_state *s, bool *nothing,
                               bool *point)
{
    const struct index *ix = n->index;
    TRY(scan_find_storage(x, n, s));
    uint32_t sid = s->index_sid;
    int equal = 0;
    bool null_key = false;
    bool has_lo = false;
    bool has_hi = false;
    size_t prefix = 0;
    *nothing = false;
    buf_reset(&s->lo);
    buf_reset(&s->hi);
    table_put_storage_id(&s->lo, sid);
    for (int i = 0; i < n->nquals && !*nothing; i++) {
        const struct index_qual *q = &n->quals[i];
        const struct index_col *col = &ix->cols[q->column];
        struct datum v = datum_null();
        if (q->strategy == 6) {
            v = s->list[n->backward ? s->nlist - 1 - s->at_list : s->at_list];
        } else if (q->strategy) {
            struct plan_expr e = {q->value, -1, q->program};
            TRY(value_of(x, &e, &s->arena, &v));
            *nothing = v.null;
        }
        null_key |= q->strategy == 0;
        int strategy = q->strategy == 6 || !q->strategy ? 3 : q->strategy;
        enum key_outcome o = v.null ? KEY_OK : clamp_int(col->ops, v, strategy);
        *nothing |= o == KEY_NOTHING;
        if (*nothing || o == KEY_ALL)
            continue;
        if (strategy == 3) {
            put_column(&s->lo, col, v);
            equal++;
            continue;
        }
        if (!prefix) {
            prefix = s->lo.len;
            buf_put(&s->hi, s->lo.data, prefix);
        }
        TRY(apply_range(s, col, strategy, v, prefix, &has_lo, &has_hi));
    }
    *point = ix->unique && equal == ix->nkeys && !null_key && !prefix;
    if (*nothing || *point)
        return buf_finish(&s->lo);
    if (!prefix) {
        prefix = s->lo.len;
        buf_put(&s->hi, s->lo.data, prefix);
    }
    /* NULLs satisfy no inequality: stay within the values of the column. */
    if (has_lo || has_hi) {
        if (!has_lo)
            buf_put_u8(&s->lo, 0x02);
        if (!has_hi)
            buf_put_u8(&s->hi, 0x03);
    } else {
        key_successor(&s->hi, 0);
    }
    TRY(buf_finish(&s->hi));
    return buf_finish(&s->lo);
}

/* ---- entries ---- */

/* Unique key, fully given: a look-up instead of a scan. */
static struct err *point_read(struct exec *x, struct scan_state *s, struct str *key,
                              struct str *value, bool *found)
{
    *key = buf_str(&s->lo);
    return txn_get(&x->view, *key, value, found);
}

static const struct index_qual *list_qual(const struct plan *n)
{
    for (int i = 0; i < n->nquals; i++)
        if (n->quals[i].strategy == 6)
            return &n->quals[i];
    return NULL;
}

/* Begins the next sub-scan; *more is false when there is none left. */
static struct err *index_begin(struct exec *x, struct plan *n, struct scan_state *s,
                               struct str *key, struct str *value, bool *more, bool *found)
{
    bool nothing;
    bool point;
    const struct index_qual *list = list_qual(n);
    *more = *found = false;
    if (list && !s->list)
        TRY(list_values(x, n, list, s));
    if (s->begun)
        s->at_list++;
    if (s->begun ? !list || s->at_list >= s->nlist : list && !s->nlist)
        return NULL;
    s->begun = true;
    *more = true;
    txn_scan_close(s->scan);
    s->scan = NULL;
    TRY(index_range(x, n, s, &nothing, &point));
    if (nothing)
        return NULL;
    if (point && !n->only_columns)
        return point_read(x, s, key, value, found);
    if (point) { /* the key's columns must stay: a scan's key lies in storage */
        buf_put_str(&s->hi, buf_str(&s->lo));
        buf_put_u8(&s->hi, 0);
        TRY(buf_finish(&s->hi));
    }
    if (str_cmp(buf_str(&s->lo), buf_str(&s->hi)) >= 0)
        return NULL;
    return txn_scan_open(&x->view, buf_str(&s->lo), buf_str(&s->hi), n->backward, &s->scan);
}

struct err *index_next_entry(struct exec *x, struct plan *n, struct scan_state *s, struct str *key,
                             struct str *value, bool *found)
{
    *found = false;
    for (;;) {
        bool more;
        TRY(fiber_tick());
        if (s->scan) {
            TRY(txn_scan_next(s->scan, key, value, found));
            if (*found)
                return NULL;
        }
        TRY(index_begin(x, n, s, key, value, &more, found));
        if (!more || *found)
            return NULL;
    }
}

/* ---- rows ---- */

static struct err *row_of_entry(struct exec *x, struct plan *n, struct scan_state *s,
                                struct str suffix, struct str *key, struct str *row)
{
    bool found;
    buf_reset(&s->key);
    table_put_storage_id(&s->key, s->table_sid);
    buf_put_str(&s->key, suffix);
    TRY(buf_finish(&s->key));
    *key = buf_str(&s->key);
    TRY(txn_get(&x->view, *key, row, &found));
    return found ? NULL : scan_lost_row(n->index);
}

struct err *scan_lost_row(const struct index *ix)
{
    return err_new("XX001", "index \"%s\" has an entry without a row", ix->name);
}

/* The columns of the entry that the query reads, into their slots. */
static struct err *load_entry(struct exec *x, struct plan *n, struct scan_state *s, struct str key,
                              struct str value)
{
    struct str parts[2] = {key, value};
    const struct only_column *c = n->only_columns;
    arena_reset(&s->columns);
    for (int part = 0, i = 0; part < 2; part++) {
        const uint8_t *p = (const uint8_t *)parts[part].data + (part == 0 ? 4 : 0);
        const uint8_t *end = (const uint8_t *)parts[part].data + parts[part].len;
        for (; i < n->nonly_columns && c[i].of_row == (part == 1); i++) {
            struct datum d;
            if (!key_get(&p, end, c[i].ops, c[i].desc, &s->columns, &d))
                return err_new("XX001", "malformed entry in index \"%s\"", n->index->name);
            if (c[i].slot >= 0)
                x->frame[c[i].slot] = d;
        }
    }
    return NULL;
}

static struct err *load_row_of(struct exec *x, struct plan *n, struct scan_state *s, struct str key,
                               struct str value)
{
    struct str row = value;
    if (!n->index->primary)
        TRY(row_of_entry(x, n, s, value, &key, &row));
    if (n->rte->key_slot >= 0)
        key = str_make(arena_memdup(&x->arena, key.data, key.len), key.len);
    return scan_load_row(x, n->rte, key, row);
}

struct err *indexscan_next(struct exec *x, struct plan *n, bool *found)
{
    struct scan_state *s = scan_state(x, n);
    *found = false;
    if (s->done)
        return NULL;
    for (bool holds = false; !holds;) {
        struct str key;
        struct str value;
        bool more;
        TRY(index_next_entry(x, n, s, &key, &value, &more));
        s->done = !more;
        if (!more)
            return NULL;
        TRY(n->only_columns ? load_entry(x, n, s, key, value) : load_row_of(x, n, s, key, value));
        TRY(scan_passes(x, n, s, &holds));
    }
    *found = true;
    return NULL;
}

void indexscan_rescan(struct exec *x, struct plan *n)
{
    scan_restart(x, n);
}
