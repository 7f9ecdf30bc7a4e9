/* Sequential scans, and what all scans of tables share. */
#include "exec/scan_internal.h"

#include "catalog/sequence.h"
#include "catalog/systab.h"
#include "exec/session.h"
#include "types/tuple.h"

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

struct scan_state *scan_state(struct exec *x, struct plan *n)
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

void scan_restart(struct exec *x, struct plan *n)
{
    struct scan_state *s = x->nodes[n->id];
    txn_scan_close(s->scan);
    s->scan = NULL;
    s->begun = s->done = false;
    s->at = 0;
    s->at_list = 0;
    s->list = NULL;
    arena_reset(&s->arena);
}

/* Puts a stored row into its slots. */
struct err *scan_load_row(struct exec *x, const struct rte *rte, struct str key, struct str row)
{
    if (rte->key_slot >= 0)
        x->frame[rte->key_slot] = datum_bytes(key.data, key.len);
    if (rte->sys_base >= 0)
        load_system_columns(x, rte, key, row);
    return rte->reader ? tuple_read(rte->reader, row, &x->frame[rte->base]) : NULL;
}

struct err *scan_passes(struct exec *x, struct plan *n, struct scan_state *s, bool *holds)
{
    *holds = true;
    if (!n->filter.program)
        return NULL;
    arena_reset(&s->arena);
    return node_filter(x, n, &s->arena, holds);
}

struct err *scan_find_storage(struct exec *x, struct plan *n, struct scan_state *s)
{
    const struct relation *r = n->rte->rel;
    if (s->placed)
        return NULL;
    if (r->kind == 'm' && !r->populated)
        return err_hint(
            err_new("55000", "materialized view \"%s\" has not been populated", r->name),
            "Use the REFRESH MATERIALIZED VIEW command.");
    TRY(storage_at(x, r, r->oid, r->storage_id, &s->table_sid));
    s->index_sid = s->table_sid;
    if (n->index && !n->index->primary)
        TRY(index_at(x, r, n->index, &s->index_sid));
    s->placed = true;
    return NULL;
}

/* ---- sequential ---- */

static struct err *seq_begin(struct exec *x, struct plan *n, struct scan_state *s)
{
    const struct relation *r = n->rte->rel;
    TRY(scan_find_storage(x, n, s));
    uint32_t sid = s->table_sid;
    s->begun = true;
    if (r->system)
        TRY(systab_builtin_rows(r->oid, &s->builtin, &s->nbuiltin));
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
    return scan_passes(x, n, s, found);
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
            TRY(scan_load_row(x, n->rte, key, row));
        }
        TRY(scan_passes(x, n, s, &holds));
    }
    *found = true;
    return NULL;
}

void seqscan_rescan(struct exec *x, struct plan *n)
{
    scan_restart(x, n);
}
