/* Nodes that order, cut, compute and combine rows. */
#include "exec/exec_internal.h"
#include "sql/analyze.h"

#include "types/record.h"

#include <stdlib.h>

/* ---- subquery: its columns into the slots of its range table entry ---- */

struct arena_state {
    struct arena arena;
};

static struct arena_state *arena_state(struct exec *x, struct plan *n)
{
    bool fresh = !x->nodes[n->id];
    struct arena_state *s = node_state(x, n, sizeof(*s));
    if (fresh) {
        arena_init(&s->arena);
        on_release(x, release_arena, &s->arena);
    }
    return s;
}

struct err *subquery_next(struct exec *x, struct plan *n, bool *found)
{
    struct arena_state *s = arena_state(x, n);
    for (bool holds = false; !holds;) {
        TRY(node_next(x, n->left, found));
        if (!*found)
            return NULL;
        arena_reset(&s->arena);
        for (int i = 0; i < n->nexprs; i++)
            TRY(expr_into(x, &n->exprs[i], &s->arena));
        TRY(node_filter(x, n, &s->arena, &holds));
    }
    return NULL;
}

void subquery_rescan(struct exec *x, struct plan *n)
{
    (void)x;
    (void)n;
}

/* ---- append ---- */

struct append_state {
    int at;
};

struct err *append_next(struct exec *x, struct plan *n, bool *found)
{
    struct append_state *s = node_state(x, n, sizeof(*s));
    for (*found = false; !*found && s->at < n->ninputs; s->at += !*found)
        TRY(node_next(x, n->inputs[s->at], found));
    return NULL;
}

void append_rescan(struct exec *x, struct plan *n)
{
    struct append_state *s = x->nodes[n->id];
    s->at = 0;
}

/* ---- limit ---- */

struct limit_state {
    struct arena arena;
    struct arena last_arena;
    struct datum *last; /* WITH TIES: the last row's values of ORDER BY */
    const struct type_ops **types;
    bool begun;
    int64_t left; /* rows still to give; -1: no limit */
    int64_t skip;
    bool has_last;
};

static struct err *limit_begin(struct exec *x, struct plan *n, struct limit_state *s)
{
    static const char *const what[] = {"LIMIT", "OFFSET"};
    static const char *const codes[] = {"2201W", "2201X"};
    int64_t values[2] = {-1, 0};
    for (int i = 0; i < 2; i++) {
        struct datum d;
        if (!n->exprs[i].program)
            continue;
        TRY(value_of(x, &n->exprs[i], &s->arena, &d));
        if (d.null)
            continue;
        if (d.i < 0)
            return err_new(codes[i], "%s must not be negative", what[i]);
        values[i] = d.i;
    }
    s->left = values[0];
    s->skip = values[1];
    s->begun = true;
    return NULL;
}

static struct err *keep_last(struct exec *x, struct plan *n, struct limit_state *s)
{
    arena_reset(&s->arena);
    arena_reset(&s->last_arena);
    for (int i = 0; i < n->nkeys; i++) {
        TRY(value_of(x, &n->key_exprs[i], &s->arena, &s->last[i]));
        s->last[i] = keep(&s->last_arena, s->last[i]);
    }
    s->has_last = true;
    return NULL;
}

/* The next row, if it ties with the last one of the count. */
static struct err *next_tie(struct exec *x, struct plan *n, struct limit_state *s, bool *found)
{
    TRY(node_next(x, n->left, found));
    arena_reset(&s->arena);
    for (int i = 0; i < n->nkeys && *found; i++) {
        struct datum d;
        TRY(value_of(x, &n->key_exprs[i], &s->arena, &d));
        *found = keys_equal(&s->types[i], &d, &s->last[i], 1);
    }
    s->has_last = *found;
    return NULL;
}

struct err *limit_next(struct exec *x, struct plan *n, bool *found)
{
    bool fresh = !x->nodes[n->id];
    struct limit_state *s = node_state(x, n, sizeof(*s));
    if (fresh) {
        arena_init(&s->arena);
        on_release(x, release_arena, &s->arena);
        arena_init(&s->last_arena);
        on_release(x, release_arena, &s->last_arena);
        s->last = arena_new_array(&x->arena, struct datum, n->nkeys + 1);
        s->types = arena_new_array(&x->arena, const struct type_ops *, n->nkeys + 1);
        for (int i = 0; i < n->nkeys; i++)
            s->types[i] = expr_order(n->key_exprs[i].expr);
    }
    if (!s->begun)
        TRY(limit_begin(x, n, s));
    *found = false;
    if (s->left == 0)
        return n->with_ties && s->has_last ? next_tie(x, n, s, found) : NULL;
    for (; s->skip > 0; s->skip--) {
        TRY(node_next(x, n->left, found));
        if (!*found)
            return NULL;
    }
    TRY(node_next(x, n->left, found));
    if (*found && s->left > 0)
        s->left--;
    return *found && n->with_ties && s->left == 0 ? keep_last(x, n, s) : NULL;
}

void limit_rescan(struct exec *x, struct plan *n)
{
    struct limit_state *s = x->nodes[n->id];
    s->begun = s->has_last = false;
}

/* ---- project, with set-returning functions ---- */

struct project_state {
    struct arena arena;
    bool expanding;
    void **states;
    bool *done;
};

static bool is_srf(const struct plan_expr *e)
{
    return e->program->nsteps && e->program->steps[e->program->nsteps - 1].op == S_SRF;
}

enum { MAX_OUT = 50 };

/* One value of a set-returning function; several columns are a record. */
static struct err *next_value(struct exec *x, const struct call_site *site,
                              const struct datum *args, struct project_state *s, int i,
                              struct datum *out)
{
    const struct cat_proc *p = builtin_proc(site->expr->func);
    const struct type_ops *types[MAX_OUT];
    struct str names[MAX_OUT];
    struct datum row[MAX_OUT];
    int n = 0;
    for (int k = 0; p->argmodes && k < p->nallargs && n < MAX_OUT; k++) {
        if (!strchr("obt", p->argmodes[k]))
            continue;
        types[n] =
            type_by_oid(polymorphic_output(p, p->allargtypes[k], site->arg_types, &s->arena));
        names[n++] = p->argnames ? p->argnames[k] : STR("");
    }
    struct fn_call c = call_for(x, site, args, &s->arena);
    if (n < 2)
        return site->srf->next(&s->states[i], &c, out, 1, &s->done[i]);
    TRY(site->srf->next(&s->states[i], &c, row, n, &s->done[i]));
    for (int k = 0; k < n; k++)
        if (!types[k])
            return err_unsupported("function %.*s is not supported here", STR_ARG(p->name));
    return s->done[i] ? NULL : record_make(RECORD_OID, n, types, names, row, &s->arena, out);
}

static struct err *expand_row(struct exec *x, struct plan *n, struct project_state *s, bool *any)
{
    *any = false;
    for (int i = 0; i < n->nexprs; i++) {
        struct plan_expr *e = &n->exprs[i];
        if (!is_srf(e))
            continue;
        const struct call_site *site = e->program->steps[e->program->nsteps - 1].call;
        const struct datum *args = &x->frame[e->program->result];
        for (int k = 0; site->strict && k < site->nargs; k++)
            s->done[i] |= args[k].null;
        struct datum value = datum_null();
        if (!s->done[i])
            TRY(next_value(x, site, args, s, i, &value));
        x->frame[e->slot] = s->done[i] ? datum_null() : value;
        *any |= !s->done[i];
    }
    return NULL;
}

static struct err *begin_row(struct exec *x, struct plan *n, struct project_state *s, bool *srfs)
{
    *srfs = false;
    arena_reset(&s->arena);
    for (int i = 0; i < n->nexprs; i++) {
        if (!is_srf(&n->exprs[i])) {
            TRY(expr_into(x, &n->exprs[i], &s->arena));
            continue;
        }
        *srfs = true;
        TRY(program_run(x, n->exprs[i].program, &s->arena));
        s->states[i] = NULL;
        s->done[i] = false;
        x->calls[n->exprs[i].program->steps[n->exprs[i].program->nsteps - 1].call->state] = NULL;
    }
    return NULL;
}

struct err *project_next(struct exec *x, struct plan *n, bool *found)
{
    bool fresh = !x->nodes[n->id];
    struct project_state *s = node_state(x, n, sizeof(*s));
    if (fresh) {
        arena_init(&s->arena);
        on_release(x, release_arena, &s->arena);
        s->states = arena_new_array(&x->arena, void *, n->nexprs + 1);
        s->done = arena_new_array(&x->arena, bool, n->nexprs + 1);
    }
    for (;;) {
        if (s->expanding) {
            TRY(expand_row(x, n, s, found));
            s->expanding = *found;
            if (*found)
                return NULL;
        }
        TRY(node_next(x, n->left, found));
        if (!*found)
            return NULL;
        TRY(begin_row(x, n, s, &s->expanding));
        if (!s->expanding)
            return NULL;
    }
}

void project_rescan(struct exec *x, struct plan *n)
{
    struct project_state *s = x->nodes[n->id];
    s->expanding = false;
}

/* ---- recursive union ---- */

struct recursive_state {
    struct row_store *next_rows;
    struct arena table_arena;
    struct row_hash table; /* UNION: the rows so far, which have to be in memory */
    const struct type_ops **types;
    struct datum *keys;
    bool in_recursive;
};

static struct err *recursive_state(struct exec *x, struct plan *n, struct recursive_state **out)
{
    bool fresh = !x->nodes[n->id];
    struct recursive_state *s = node_state(x, n, sizeof(*s));
    *out = s;
    if (!fresh)
        return NULL;
    arena_init(&s->table_arena);
    on_release(x, release_arena, &s->table_arena);
    s->keys = arena_new_array(&x->arena, struct datum, n->nslots + 1);
    s->types = arena_new_array(&x->arena, const struct type_ops *, n->nslots + 1);
    for (int i = 0; i < n->nslots; i++) {
        s->types[i] = expr_order(n->exprs[i].expr);
        if (!s->types[i] || (!n->setop_all && (!s->types[i]->hash || !s->types[i]->compare)))
            return err_unsupported("could not implement recursive UNION");
    }
    row_hash_init(&s->table, &s->table_arena, s->types, n->nslots);
    TRY(kept_rows(x, n->nslots, &x->ctes[n->cte].working));
    return kept_rows(x, n->nslots, &s->next_rows);
}

static struct err *is_new(struct exec *x, struct plan *n, struct recursive_state *s,
                          const int *slots, bool *fresh_row)
{
    struct hash_entry *entry;
    *fresh_row = true;
    if (n->setop_all)
        return NULL;
    for (int i = 0; i < n->nslots; i++)
        s->keys[i] = x->frame[slots[i]];
    return row_hash_get(&s->table, s->keys, true, &entry, fresh_row);
}

struct err *recursive_next(struct exec *x, struct plan *n, bool *found)
{
    struct recursive_state *s;
    struct cte_state *cte = &x->ctes[n->cte];
    TRY(recursive_state(x, n, &s));
    for (;;) {
        bool fresh_row;
        TRY(fiber_tick());
        struct plan *term = s->in_recursive ? n->right : n->left;
        const int *slots = s->in_recursive ? n->right_slots : n->slots;
        TRY(node_next(x, term, found));
        if (*found) {
            TRY(is_new(x, n, s, slots, &fresh_row));
            if (!fresh_row)
                continue;
            TRY(row_store_add_slots(s->next_rows, x->frame, slots));
            for (int i = 0; i < n->nslots; i++)
                x->frame[n->slots[i]] = x->frame[slots[i]];
            return NULL;
        }
        if (!row_store_count(s->next_rows))
            return NULL;
        /* What the last round gave is the next round's input. */
        struct row_store *swap = cte->working;
        cte->working = s->next_rows;
        s->next_rows = swap;
        row_store_clear(s->next_rows);
        if (s->in_recursive)
            node_rescan(x, n->right);
        s->in_recursive = true;
    }
}

void recursive_rescan(struct exec *x, struct plan *n)
{
    struct recursive_state *s = x->nodes[n->id];
    row_store_clear(x->ctes[n->cte].working);
    row_store_clear(s->next_rows);
    arena_reset(&s->table_arena);
    row_hash_init(&s->table, &s->table_arena, s->types, n->nslots);
    s->in_recursive = false;
}

/* ---- row locks ---- */

/* Whether the version of the snapshot and another have the same values in all unique keys. */
static struct err *same_keys(struct exec *x, const struct relation *r, struct str key,
                             struct str value, struct arena *a, bool *same)
{
    struct str seen;
    bool found;
    struct datum *old = arena_new_array(a, struct datum, r->natts + 1);
    struct datum *now = arena_new_array(a, struct datum, r->natts + 1);
    *same = false;
    TRY(txn_get(&x->view, key, &seen, &found));
    if (!found)
        return NULL;
    TRY(table_decode_row(r, seen, r->natts, old));
    TRY(table_decode_row(r, value, r->natts, now));
    for (int i = 0; i < r->nindexes; i++) {
        const struct index *ix = &r->indexes[i];
        for (int k = 0; k < ix->nkeys && ix->unique && !ix->pred_sql; k++) {
            int att = ix->cols[k].attnum - 1;
            const struct type_ops *ops = att < 0 ? NULL : r->atts[att].ops;
            if (ops && compare_datums(ops, old[att], now[att], false, false) != 0)
                return NULL;
        }
    }
    *same = true;
    return NULL;
}

/* A changed row is read again into its slots, and the query's conditions decide whether it is still
 * wanted: manual section 13.2.1. */
static struct err *lock_one(struct exec *x, struct plan *n, const struct row_mark *m,
                            struct arena *a, bool *skip, bool *changed)
{
    struct datum key = x->frame[m->rte->key_slot];
    struct txn_newest newest;
    bool locked;
    if (key.null)
        return NULL; /* the nullable side of an outer join */
    if (m->wait == TXN_WAIT && m->mode != TXN_KEY_SHARE) {
        TRY(exec_lock_row(x, datum_as_str(key), m->mode, a));
        locked = true;
    } else {
        TRY(txn_lock_key(x->env.cat->txn, datum_as_str(key), m->mode,
                         m->wait == TXN_NOWAIT ? TXN_SKIP_LOCKED : m->wait, &locked));
    }
    if (!locked && m->wait == TXN_NOWAIT)
        return err_new("55P03", "could not obtain lock on row in relation \"%s\"",
                       m->rte->rel->name);
    *skip = !locked;
    if (!locked)
        return NULL;
    TRY(txn_get_newest(&x->view, datum_as_str(key), a, &newest));
    if (!newest.changed || newest.own)
        return NULL;
    if (m->mode == TXN_KEY_SHARE && newest.found) {
        bool same;
        TRY(same_keys(x, m->rte->rel, datum_as_str(key), newest.value, a, &same));
        if (same) /* the change does not conflict: the version of the snapshot is locked */
            return NULL;
    }
    if (txn_isolation_level(x->env.cat->txn) != TXN_READ_COMMITTED)
        return err_new("40001", "could not serialize access due to concurrent update");
    *skip = !newest.found;
    *changed = true;
    (void)n;
    if (newest.found && m->rte->sys_base >= 0)
        load_system_columns(x, m->rte, datum_as_str(key), newest.value);
    return newest.found && m->rte->max_att
               ? table_decode_row(m->rte->rel, newest.value, m->rte->max_att,
                                  &x->frame[m->rte->base])
               : NULL;
}

struct err *lockrows_next(struct exec *x, struct plan *n, bool *found)
{
    struct arena_state *s = arena_state(x, n);
    for (;;) {
        bool skip = false;
        bool changed = false;
        TRY(node_next(x, n->left, found));
        if (!*found)
            return NULL;
        /* Kept for the row's life above; READ COMMITTED re-reads are rare. */
        arena_reset(&s->arena);
        for (int i = 0; i < n->nmarks && !skip; i++)
            TRY(lock_one(x, n, &n->marks[i], &s->arena, &skip, &changed));
        if (!skip && changed) {
            bool holds;
            TRY(condition(x, &n->recheck, &s->arena, &holds));
            skip = !holds;
        }
        if (!skip)
            return NULL;
    }
}

void lockrows_rescan(struct exec *x, struct plan *n)
{
    (void)x;
    (void)n;
}
