/* Nodes that produce rows from somewhere: tables, indexes, functions, VALUES, CTE stores. */
#include "exec/exec_internal.h"

#include "catalog/sequence.h"
#include "catalog/systab.h"
#include "exec/session.h"
#include "types/array.h"
#include "types/key.h"
#include "types/record.h"
#include "types/tuple.h"

#include <stdlib.h>

/* ---- result: one row ---- */

struct result_state {
    struct arena arena;
    bool done;
    bool checked;
};

struct err *result_next(struct exec *x, struct plan *n, bool *found)
{
    bool fresh = !x->nodes[n->id];
    struct result_state *s = node_state(x, n, sizeof(*s));
    *found = false;
    if (fresh) {
        arena_init(&s->arena);
        on_release(x, release_arena, &s->arena);
    }
    if (s->done)
        return NULL;
    bool holds = true;
    if (!s->checked)
        TRY(node_filter(x, n, &s->arena, &holds));
    s->checked = true;
    s->done = !holds || !n->left;
    if (!holds)
        return NULL;
    if (n->left)
        return node_next(x, n->left, found);
    *found = true;
    return NULL;
}

void result_rescan(struct exec *x, struct plan *n)
{
    struct result_state *s = x->nodes[n->id];
    s->done = s->checked = false;
    arena_reset(&s->arena);
}

/* ---- tables ---- */

struct scan_state {
    struct txn_scan *scan;
    struct buf lo;
    struct buf hi;
    struct buf key;       /* of the row, for secondary indexes */
    struct arena arena;   /* filters */
    struct arena columns; /* made from an entry */
    bool begun;
    bool done;
    bool placed; /* the storage ids are known */
    uint32_t table_sid;
    uint32_t index_sid;
    const struct datum *builtin;
    int nbuiltin;
    int at;
    uint32_t *granted; /* functions whose built-in rows stored ones replace, ascending */
    int ngranted;
    int at_granted;
    struct datum *list; /* = ANY: the distinct values, ascending */
    uint32_t nlist;
    uint32_t at_list;
    struct table_sample sample;
    struct activity_counts *table_activity;
    struct activity_counts *index_activity;
};

static void scan_release(void *arg)
{
    struct scan_state *s = arg;
    txn_scan_close(s->scan);
    buf_done(&s->lo);
    buf_done(&s->hi);
    buf_done(&s->key);
    arena_done(&s->arena);
    arena_done(&s->columns);
}

static struct scan_state *scan_state(struct exec *x, struct plan *n)
{
    bool fresh = !x->nodes[n->id];
    struct scan_state *s = node_state(x, n, sizeof(*s));
    if (fresh) {
        arena_init(&s->arena);
        arena_init(&s->columns);
        on_release(x, scan_release, s);
    }
    return s;
}

static void scan_restart(struct exec *x, struct plan *n)
{
    struct scan_state *s = x->nodes[n->id];
    txn_scan_close(s->scan);
    s->scan = NULL;
    s->begun = s->done = false;
    s->at = 0;
    s->at_list = 0;
    s->list = NULL;
    s->at_granted = s->ngranted = 0;
    arena_reset(&s->arena);
}

struct err *load_row(struct exec *x, const struct rte *rte, struct str key, struct str row)
{
    if (rte->key_slot >= 0)
        x->frame[rte->key_slot] = datum_bytes(key.data, key.len);
    if (rte->sys_base >= 0)
        load_system_columns(x, rte, key, row);
    return rte->reader ? tuple_read(rte->reader, row, &x->frame[rte->base]) : NULL;
}

static struct err *passes(struct exec *x, struct plan *n, struct scan_state *s, bool *holds)
{
    *holds = true;
    if (!n->filter.program)
        return NULL;
    arena_reset(&s->arena);
    return node_filter(x, n, &s->arena, holds);
}

struct err *check_populated(const struct exec *x, const struct relation *r)
{
    if (r->populated || (r->kind != 'm' && !r->read_only_synced))
        return NULL;
    if (r->read_only_synced)
        return own_handler.not_loaded(x->env.session, r);
    return err_hint(err_new("55000", "materialized view \"%s\" has not been populated", r->name),
                    "Use the REFRESH MATERIALIZED VIEW command.");
}

static struct err *find_storage(struct exec *x, struct plan *n, struct scan_state *s)
{
    const struct relation *r = n->rte->rel;
    if (s->placed)
        return NULL;
    TRY(check_populated(x, r));
    TRY(storage_at(x, r, r->oid, r->storage_id, &s->table_sid));
    s->index_sid = s->table_sid;
    s->table_activity = activity_of(x->env.cat->db, r->oid);
    if (n->index)
        s->index_activity = activity_of(x->env.cat->db, n->index->oid);
    if (n->index && !n->index->primary)
        TRY(index_at(x, r, n->index, &s->index_sid));
    s->placed = true;
    return NULL;
}

static struct err *seq_begin(struct exec *x, struct plan *n, struct scan_state *s)
{
    const struct relation *r = n->rte->rel;
    TRY(find_storage(x, n, s));
    uint32_t sid = s->table_sid;
    activity_add(s->table_activity, ACTIVITY_SCANS, 1);
    s->begun = true;
    if (n->rte->sample)
        TRY(sample_begin(x, n, &s->sample));
    if (r->system)
        TRY(systab_builtin_rows(r->oid, &s->builtin, &s->nbuiltin));
    if (r->oid == PG_PROC)
        TRY(cat_granted_procs(x->env.cat, &s->arena, &s->granted, &s->ngranted));
    buf_reset(&s->lo);
    buf_reset(&s->hi);
    if (n->current_of) {
        struct str key;
        TRY(x->env.session->ops->cursor_key(x->env.session, n->current_of, r, &key));
        buf_put_str(&s->lo, key);
        buf_put_str(&s->hi, key);
        buf_put_u8(&s->hi, 0);
    } else {
        table_put_storage_id(&s->lo, sid);
        table_put_storage_id(&s->hi, sid + 1);
    }
    TRY(buf_finish(&s->lo));
    TRY(buf_finish(&s->hi));
    return txn_scan_open(&x->view, buf_str(&s->lo), buf_str(&s->hi), false, &s->scan);
}

/* SELECT from a sequence: its one row. */
static struct err *sequence_row(struct exec *x, struct plan *n, struct scan_state *s, bool *found)
{
    struct sequence_state state;
    *found = !s->begun;
    if (s->begun)
        return NULL;
    s->begun = true;
    TRY(sequence_peek(x->env.cat, n->rte->rel, &state));
    x->frame[n->rte->base] = datum_int(state.last);
    x->frame[n->rte->base + 1] = datum_int(state.ahead);
    x->frame[n->rte->base + 2] = datum_bool(state.called);
    return passes(x, n, s, found);
}

/* Built-in rows are in the order of their OIDs. */
static bool is_replaced(struct scan_state *s, uint32_t oid)
{
    while (s->at_granted < s->ngranted && s->granted[s->at_granted] < oid)
        s->at_granted++;
    return s->at_granted < s->ngranted && s->granted[s->at_granted] == oid;
}

struct err *seqscan_next(struct exec *x, struct plan *n, bool *found)
{
    struct scan_state *s = scan_state(x, n);
    const struct relation *r = n->rte->rel;
    if (r->kind == 'S')
        return sequence_row(x, n, s, found);
    if (!s->begun)
        TRY(seq_begin(x, n, s));
    *found = false;
    for (bool holds = false; !holds;) {
        TRY(fiber_tick());
        if (s->at < s->nbuiltin) {
            if (s->ngranted &&
                is_replaced(s, (uint32_t)s->builtin[(size_t)s->at * (size_t)r->natts].u)) {
                s->at++;
                continue;
            }
            if (n->rte->sample && !sample_has(&s->sample, str_make(&s->at, sizeof(s->at)))) {
                s->at++;
                continue;
            }
            memcpy(&x->frame[n->rte->base], s->builtin + (size_t)s->at++ * (size_t)r->natts,
                   sizeof(struct datum) * (size_t)n->rte->max_att);
            if (n->rte->sys_base >= 0)
                load_builtin_system_columns(x, n->rte, s->at);
            if (n->rte->key_slot >= 0) /* nobody can change it: there is nothing to lock */
                x->frame[n->rte->key_slot] = datum_null();
        } else {
            struct str key;
            struct str row;
            bool more;
            if (s->done)
                return NULL;
            TRY(txn_scan_next(s->scan, &key, &row, &more));
            s->done = !more;
            if (!more)
                return NULL;
            activity_add(s->table_activity, ACTIVITY_RETURNED, 1);
            if (n->rte->sample && !sample_has(&s->sample, table_row_suffix(key)))
                continue;
            TRY(load_row(x, n->rte, key, row));
        }
        TRY(passes(x, n, s, &holds));
    }
    *found = true;
    return NULL;
}

void seqscan_rescan(struct exec *x, struct plan *n)
{
    scan_restart(x, n);
}

/* ---- indexes ---- */

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
    TRY(find_storage(x, n, s));
    uint32_t sid = s->index_sid;
    int equal = 0;
    bool null_key = false;
    bool has_lo = false;
    bool has_hi = false;
    bool not_null = false;
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
        } else if (q->strategy && q->strategy != 7) {
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
        not_null = true;
        if (strategy != 7)
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
    if (has_lo || has_hi || not_null) {
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
    if (!found)
        return err_new("XX001", "index \"%s\" has an entry without a row", n->index->name);
    if (n->rte->key_slot >= 0)
        *key = str_make(arena_memdup(&x->arena, key->data, key->len), key->len);
    return NULL;
}

/* Begins the next sub-scan; *more is false when there is none left. A unique key that is fully
 * given is looked up instead: *have_entry. */
static struct err *index_begin(struct exec *x, struct plan *n, struct scan_state *s,
                               struct str *key, struct str *value, bool *more, bool *have_entry)
{
    bool nothing;
    bool point;
    const struct index_qual *list = NULL;
    *more = *have_entry = false;
    for (int i = 0; i < n->nquals; i++)
        if (n->quals[i].strategy == 6)
            list = &n->quals[i];
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
    activity_add(s->index_activity, ACTIVITY_SCANS, 1);
    if (nothing)
        return NULL;
    if (point && n->only_columns) { /* the key's columns must stay: a scan's key lies in storage */
        buf_put_str(&s->hi, buf_str(&s->lo));
        buf_put_u8(&s->hi, 0);
        TRY(buf_finish(&s->hi));
    } else if (point) {
        *key = buf_str(&s->lo);
        if (n->rte->key_slot >= 0)
            *key = str_make(arena_memdup(&x->arena, key->data, key->len), key->len);
        return txn_get(&x->view, buf_str(&s->lo), value, have_entry);
    }
    if (str_cmp(buf_str(&s->lo), buf_str(&s->hi)) >= 0)
        return NULL;
    return txn_scan_open(&x->view, buf_str(&s->lo), buf_str(&s->hi), n->backward, &s->scan);
}

static struct err *index_entry(struct exec *x, struct plan *n, struct scan_state *s,
                               struct str *key, struct str *value, bool *found)
{
    *found = false;
    for (bool more = true; more && !*found;) {
        TRY(fiber_tick());
        if (s->scan)
            TRY(txn_scan_next(s->scan, key, value, found));
        if (!*found)
            TRY(index_begin(x, n, s, key, value, &more, found));
    }
    return NULL;
}

static struct err *index_row(struct exec *x, struct plan *n, struct scan_state *s, struct str *key,
                             struct str *row, bool *found)
{
    struct str entry;
    TRY(index_entry(x, n, s, key, &entry, found));
    if (!*found)
        return NULL;
    activity_add(s->index_activity, ACTIVITY_RETURNED, 1);
    activity_add(s->index_activity, ACTIVITY_FETCHED, 1);
    *row = entry;
    return n->index->primary ? NULL : row_of_entry(x, n, s, entry, key, row);
}

struct err *index_next_entry(struct exec *x, struct plan *n, struct str *suffix, bool *found)
{
    struct str key;
    TRY(index_entry(x, n, scan_state(x, n), &key, suffix, found));
    if (*found && n->index->primary)
        *suffix = table_row_suffix(key);
    return NULL;
}

struct err *index_prefix(struct exec *x, struct plan *n, struct str *prefix, bool *same,
                         bool *nothing)
{
    struct scan_state *s = scan_state(x, n);
    bool point;
    *same = !n->index->unique && n->nquals == n->index->nkeys;
    *nothing = false;
    for (int i = 0; i < n->nquals; i++)
        *same &= n->quals[i].strategy == 3 || n->quals[i].strategy == 0;
    if (!*same)
        return NULL;
    TRY(index_range(x, n, s, nothing, &point));
    *prefix = buf_str(&s->lo);
    return NULL;
}

/* The columns of the next entry that the query reads, into their slots. */
static struct err *load_entry(struct exec *x, struct plan *n, struct scan_state *s, bool *found)
{
    struct str parts[2];
    const struct only_column *c = n->only_columns;
    TRY(index_entry(x, n, s, &parts[0], &parts[1], found));
    if (!*found)
        return NULL;
    activity_add(s->index_activity, ACTIVITY_RETURNED, 1);
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

static struct err *load_indexed(struct exec *x, struct plan *n, struct scan_state *s, bool *found)
{
    struct str key;
    struct str row;
    if (n->only_columns)
        return load_entry(x, n, s, found);
    TRY(index_row(x, n, s, &key, &row, found));
    return *found ? load_row(x, n->rte, key, row) : NULL;
}

struct err *indexscan_next(struct exec *x, struct plan *n, bool *found)
{
    struct scan_state *s = scan_state(x, n);
    *found = false;
    if (s->done)
        return NULL;
    for (bool holds = false; !holds;) {
        TRY(load_indexed(x, n, s, found));
        s->done = !*found;
        if (s->done)
            return NULL;
        TRY(passes(x, n, s, &holds));
    }
    return NULL;
}

void indexscan_rescan(struct exec *x, struct plan *n)
{
    scan_restart(x, n);
}

/* ---- functions in FROM ---- */

struct func_state {
    struct arena arena; /* arguments and filters of the current row */
    struct arena *rows; /* one a function: results live to the next row */
    void **states;
    bool *done;
    bool begun;
    int64_t ordinal;
    struct datum *row;
};

static struct err *scalar_row(struct exec *x, const struct plan_expr *e, struct arena *arena,
                              struct datum *row, int ncols)
{
    struct datum v;
    TRY(value_of(x, e, arena, &v));
    if (ncols != 1 || type_is_record(type_by_oid(e->expr->type)))
        return record_spread(x->env.types, v, arena, row, ncols);
    row[0] = v;
    return NULL;
}

static struct err *srf_row(struct exec *x, const struct plan_expr *e, void **state,
                           struct arena *arena, struct datum *row, int ncols, bool *done)
{
    const struct call_site *site = e->program->steps[e->program->nsteps - 1].call;
    const struct datum *args = &x->frame[e->program->result];
    for (int i = 0; site->strict && i < site->nargs; i++) {
        if (args[i].null) {
            *done = true;
            return NULL;
        }
    }
    struct fn_call c = call_for(x, site, args, arena);
    return site->srf->next(state, &c, row, ncols, done);
}

static bool is_srf_program(const struct program *p)
{
    return p->nsteps && p->steps[p->nsteps - 1].op == S_SRF;
}

static struct func_state *func_state(struct exec *x, struct plan *n)
{
    bool fresh = !x->nodes[n->id];
    struct func_state *s = node_state(x, n, sizeof(*s));
    if (!fresh)
        return s;
    arena_init(&s->arena);
    on_release(x, release_arena, &s->arena);
    s->rows = arena_new_array(&x->arena, struct arena, n->nexprs + 1);
    for (int i = 0; i < n->nexprs; i++) {
        arena_init(&s->rows[i]);
        on_release(x, release_arena, &s->rows[i]);
    }
    s->states = arena_new_array(&x->arena, void *, n->nexprs + 1);
    s->done = arena_new_array(&x->arena, bool, n->nexprs + 1);
    s->row = arena_new_array(&x->arena, struct datum, n->rte ? n->rte->ncols + 1 : n->nexprs + 1);
    return s;
}

/* One row of each function side by side; shorter ones are filled up with NULLs. */
static struct err *func_row(struct exec *x, struct plan *n, struct func_state *s, bool *any)
{
    struct datum *out = &x->frame[n->rte->base];
    *any = false;
    for (int i = 0; i < n->nexprs; i++) {
        int ncols = n->rte->func_cols[i];
        struct plan_expr *e = &n->exprs[i];
        bool srf = is_srf_program(e->program);
        if (!s->begun && srf)
            TRY(program_run(x, e->program, &s->rows[i]));
        if (!s->done[i]) {
            if (srf)
                TRY(srf_row(x, e, &s->states[i], &s->rows[i], s->row, ncols, &s->done[i]));
            else if (s->begun)
                s->done[i] = true;
            else
                TRY(scalar_row(x, e, &s->rows[i], s->row, ncols));
        }
        for (int k = 0; k < ncols; k++)
            out[k] = s->done[i] ? datum_null() : s->row[k];
        *any |= !s->done[i];
        out += ncols;
    }
    s->begun = true;
    if (n->rte->ordinality)
        *out = datum_int(++s->ordinal);
    return NULL;
}

struct err *funcscan_next(struct exec *x, struct plan *n, bool *found)
{
    struct func_state *s = func_state(x, n);
    for (bool holds = false; !holds;) {
        TRY(fiber_tick());
        TRY(func_row(x, n, s, found));
        if (!*found)
            return NULL;
        arena_reset(&s->arena);
        TRY(node_filter(x, n, &s->arena, &holds));
    }
    return NULL;
}

void funcscan_rescan(struct exec *x, struct plan *n)
{
    struct func_state *s = x->nodes[n->id];
    for (int i = 0; i < n->nexprs; i++) {
        arena_reset(&s->rows[i]);
        s->states[i] = NULL;
        s->done[i] = false;
        struct program *p = n->exprs[i].program;
        if (is_srf_program(p))
            x->calls[p->steps[p->nsteps - 1].call->state] = NULL;
    }
    s->begun = false;
    s->ordinal = 0;
}

/* ---- VALUES ---- */

struct values_state {
    struct arena arena;
    int at;
};

struct err *values_next(struct exec *x, struct plan *n, bool *found)
{
    bool fresh = !x->nodes[n->id];
    struct values_state *s = node_state(x, n, sizeof(*s));
    int ncols = n->rte->ncols;
    if (fresh) {
        arena_init(&s->arena);
        on_release(x, release_arena, &s->arena);
    }
    for (bool holds = false; !holds;) {
        *found = s->at < n->rte->nrows;
        if (!*found)
            return NULL;
        arena_reset(&s->arena);
        for (int i = 0; i < ncols; i++)
            TRY(expr_into(x, &n->exprs[s->at * ncols + i], &s->arena));
        s->at++;
        TRY(node_filter(x, n, &s->arena, &holds));
    }
    return NULL;
}

void values_rescan(struct exec *x, struct plan *n)
{
    struct values_state *s = x->nodes[n->id];
    s->at = 0;
}

/* ---- CTE stores ---- */

struct store_state {
    struct arena arena;
    struct row_reader reader;
    bool reading;
};

static void store_release(void *arg)
{
    struct store_state *s = arg;
    arena_done(&s->arena);
    row_reader_done(&s->reader);
}

/* The next row of the store; `grows`: the CTE that fills it goes on when there is none yet. */
static struct err *store_row(struct exec *x, struct plan *n, struct row_reader *reader, bool grows,
                             const struct datum **row, bool *found)
{
    TRY(fiber_tick());
    TRY(row_reader_next(reader, row, found));
    if (*found || !grows)
        return NULL;
    TRY(cte_grow(x, n->cte, found));
    return *found ? row_reader_next(reader, row, found) : NULL;
}

static struct err *store_next(struct exec *x, struct plan *n, struct row_store *rows, bool grows,
                              bool *found)
{
    bool fresh = !x->nodes[n->id];
    struct store_state *s = node_state(x, n, sizeof(*s));
    if (fresh) {
        arena_init(&s->arena);
        on_release(x, store_release, s);
    }
    *found = rows != NULL;
    if (!rows)
        return NULL;
    if (!s->reading) {
        row_reader_done(&s->reader);
        row_reader_init(&s->reader, rows);
        s->reading = true;
    }
    for (bool holds = false; !holds;) {
        const struct datum *row;
        TRY(store_row(x, n, &s->reader, grows, &row, found));
        if (!*found)
            return NULL;
        row_restore(x, row, n->slots, n->nslots);
        arena_reset(&s->arena);
        TRY(node_filter(x, n, &s->arena, &holds));
    }
    return NULL;
}

struct err *ctescan_next(struct exec *x, struct plan *n, bool *found)
{
    TRY(cte_begin(x, n->cte));
    return store_next(x, n, x->ctes[n->cte].rows, true, found);
}

void ctescan_rescan(struct exec *x, struct plan *n)
{
    struct store_state *s = x->nodes[n->id];
    s->reading = false;
}

struct err *worktable_next(struct exec *x, struct plan *n, bool *found)
{
    return store_next(x, n, x->ctes[n->cte].working, false, found);
}

void worktable_rescan(struct exec *x, struct plan *n)
{
    ctescan_rescan(x, n);
}
