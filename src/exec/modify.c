/* INSERT, UPDATE, DELETE, MERGE: rows in, rows written, constraints checked, RETURNING out. */
#include "exec/exec_internal.h"

#include "exec/index_eval.h"
#include "exec/trigger.h"

struct modify_state {
    struct table_writer writer;
    bool begun;
    bool storage_checked; /* the view shows the rows where they are now */
    struct arena arena;   /* the current row */
    struct index_eval *indexes;
    struct relation *rel;
    struct exec *x;
    bool done;
    bool statement_begun; /* its BEFORE STATEMENT triggers have been called */
    bool statement_ended; /* its AFTER STATEMENT triggers are queued */
};

static void modify_release(void *arg)
{
    struct modify_state *s = arg;
    index_eval_free(s->indexes);
    table_writer_done(&s->writer);
    arena_done(&s->arena);
}

static struct modify_state *modify_state(struct exec *x, struct plan *n)
{
    struct modify_state *s = node_state(x, n, sizeof(*s));
    if (s->begun)
        return s;
    s->begun = true;
    s->x = x;
    s->rel = n->query->target->rel;
    s->indexes = index_eval_new(&x->env, s->rel);
    arena_init(&s->arena);
    table_writer_init(&s->writer, x->env.cat, s->rel);
    s->writer.hooks = index_eval_hooks(s->indexes);
    on_release(x, modify_release, s);
    return s;
}

struct table_writer *modify_writer(struct exec *x, struct plan *n)
{
    return &modify_state(x, n)->writer;
}

/* The rows that an old snapshot shows are no longer where the table is now: it was emptied or
 * loaded since. */
static struct err *check_storage(struct exec *x, struct modify_state *s)
{
    uint32_t storage_id;
    if (s->storage_checked || !x->view_differs || s->rel->system)
        return NULL;
    TRY(storage_at(x, s->rel, s->rel->oid, s->rel->storage_id, &storage_id));
    s->storage_checked = storage_id == s->rel->storage_id;
    if (s->storage_checked)
        return NULL;
    return err_new("40001", "could not serialize access due to concurrent update");
}

/* ---- constraints ---- */

static struct err *failing_row(struct exec *x, const struct relation *r, const struct datum *row,
                               struct err *e)
{
    struct buf b = BUF_INIT;
    struct err *out = NULL;
    for (int i = 0; i < r->natts && !out; i++) {
        if (r->atts[i].dropped)
            continue;
        if (b.len)
            buf_put_c(&b, ", ");
        if (row[i].null)
            buf_put_c(&b, "null");
        else {
            size_t from = b.len;
            out = r->atts[i].ops->out(r->atts[i].ops, x->env.types, row[i], &b);
            enum { MAX_VALUE = 64 };
            if (b.len - from > MAX_VALUE) {
                b.len = from + MAX_VALUE;
                while (b.len > from && (b.data[b.len] & 0xc0) == 0x80)
                    b.len--;
                buf_put_c(&b, "...");
            }
        }
    }
    err_free(out);
    if (!table_hides_rows(x->env.cat, r))
        err_detail(e, "Failing row contains (%s).", buf_cstr(&b));
    buf_done(&b);
    return err_table(e, r->nsp_name, r->name);
}

static struct err *check_row(struct exec *x, struct plan *n, struct modify_state *s)
{
    const struct relation *r = s->rel;
    const struct datum *row = &x->frame[n->row_slot];
    for (int i = 0; i < r->natts; i++) {
        if (!r->atts[i].not_null || r->atts[i].dropped || !row[i].null)
            continue;
        struct err *e = err_new("23502",
                                "null value in column \"%s\" of relation \"%s\" violates not-null "
                                "constraint",
                                r->atts[i].name, r->name);
        return err_column(failing_row(x, r, row, e), r->atts[i].name);
    }
    for (int i = 0; i < n->first_view_check; i++) {
        struct datum d;
        TRY(value_of(x, &n->checks[i], &s->arena, &d));
        if (d.null || d.i != 0)
            continue;
        struct err *e =
            err_new("23514", "new row for relation \"%s\" violates check constraint \"%s\"",
                    r->name, n->check_names[i]);
        return err_constraint(failing_row(x, r, row, e), n->check_names[i]);
    }
    return NULL;
}

static struct err *policy_error(const struct plan_policy_check *c, const struct relation *r)
{
    bool merges = c->kind == POLICY_MERGE_UPDATE || c->kind == POLICY_MERGE_DELETE;
    const char *row = merges ? "target" : "new";
    const char *which = merges || c->kind == POLICY_CONFLICT ? " (USING expression)" : "";
    if (c->policy)
        return err_new("42501",
                       "%s row violates row-level security policy \"%s\"%s for table \"%s\"", row,
                       c->policy, which, r->name);
    return err_new("42501", "%s row violates row-level security policy%s for table \"%s\"", row,
                   which, r->name);
}

/* They come before all constraints. */
static struct err *check_policies(struct exec *x, struct plan *n, struct modify_state *s,
                                  enum policy_check_kind kind)
{
    for (int i = 0; i < n->npolicy_checks; i++) {
        const struct plan_policy_check *c = &n->policy_checks[i];
        struct datum d;
        if (c->kind != kind)
            continue;
        TRY(value_of(x, &c->expr, &s->arena, &d));
        if (d.null || !d.i)
            return policy_error(c, s->rel);
    }
    return NULL;
}

/* WITH CHECK OPTION, of a row that has been written. */
static struct err *check_views(struct exec *x, struct plan *n, struct modify_state *s)
{
    for (int i = n->first_view_check; i < n->nchecks; i++) {
        struct datum d;
        TRY(value_of(x, &n->checks[i], &s->arena, &d));
        if (d.null || !d.i)
            return failing_row(x, s->rel, &x->frame[n->row_slot],
                               err_new("44000", "new row violates check option for view \"%s\"",
                                       n->check_names[i]));
    }
    return NULL;
}

static struct err *returning(struct exec *x, struct plan *n, struct modify_state *s)
{
    for (int i = 0; i < n->nreturning; i++)
        TRY(expr_into(x, &n->returning[i], &s->arena));
    return NULL;
}

/* For RETURNING. The row that ON CONFLICT updates was locked first, which xmax tells. */
static void written_system_columns(struct exec *x, struct plan *n, struct modify_state *s,
                                   struct str row_key, bool locked)
{
    enum { XMAX = 3 };
    const struct rte *rte = n->check_rte;
    if (!rte || rte->sys_base < 0)
        return;
    load_system_columns(x, rte, row_key, buf_str(&s->writer.row));
    if (locked)
        x->frame[rte->sys_base + XMAX] = datum_int((uint32_t)txn_xid(x->env.cat->txn));
}

static struct err *compute_columns(struct exec *x, const struct plan_expr *row,
                                   struct modify_state *s, bool generated)
{
    for (int i = 0; i < s->rel->natts; i++)
        if ((s->rel->atts[i].generated != 0) == generated)
            TRY(expr_into(x, &row[i], &s->arena));
    return NULL;
}

/* ---- triggers ---- */

/* A function that a trigger calls has written the row that this command is about to write. */
static struct err *check_not_modified(struct exec *x, struct modify_state *s, struct str row_key,
                                      const char *what)
{
    struct txn_newest newest;
    TRY(txn_get_newest(&x->view, row_key, &s->arena, &newest));
    if (!newest.own_command)
        return NULL;
    return err_hint(err_new("27000",
                            "tuple to be %s was already modified by an operation triggered by the "
                            "current command",
                            what),
                    "Consider using an AFTER trigger instead of a BEFORE trigger to propagate "
                    "changes to other rows.");
}

/* BEFORE ROW triggers of the row at row_slot, which has no generated columns yet. */
static struct err *before_row(struct exec *x, struct plan *n, struct modify_state *s,
                              enum trigger_event event, const struct datum *old, bool *skip)
{
    struct datum *row = &x->frame[n->row_slot];
    for (int i = 0; i < s->rel->natts; i++)
        if (s->rel->atts[i].generated)
            row[i] = datum_null();
    return trigger_before_row(&x->env, s->rel, event, old, row, &s->arena, skip);
}

/* The new row; generated columns last, since they read the others. *skip: a trigger says no. */
static struct err *make_row(struct exec *x, struct plan *n, struct modify_state *s,
                            const struct plan_expr *row, const struct datum *old, bool *skip)
{
    const enum trigger_event event = old ? TRIGGER_UPDATE : TRIGGER_INSERT;
    *skip = false;
    TRY(compute_columns(x, row, s, false));
    if (s->rel->ntriggers)
        TRY(before_row(x, n, s, event, old, skip));
    return *skip ? NULL : compute_columns(x, row, s, true);
}

/* The events of a statement, as a mask by number. */
static unsigned statement_events(const struct plan *n)
{
    static const unsigned of_kind[] = {[Q_INSERT] = 1u << TRIGGER_INSERT,
                                       [Q_UPDATE] = 1u << TRIGGER_UPDATE,
                                       [Q_DELETE] = 1u << TRIGGER_DELETE};
    const struct on_conflict *oc = n->query->on_conflict;
    unsigned events = 0;
    if (n->kind == P_INSERT)
        events = of_kind[Q_INSERT] | (oc && oc->update ? of_kind[Q_UPDATE] : 0);
    else if (n->kind != P_MERGE)
        events = of_kind[n->kind == P_UPDATE ? Q_UPDATE : Q_DELETE];
    for (int i = 0; n->kind == P_MERGE && i < n->nactions; i++)
        if (n->actions[i].kind != Q_UTILITY)
            events |= of_kind[n->actions[i].kind];
    return events;
}

static struct err *begin_statement(struct exec *x, struct plan *n, struct modify_state *s)
{
    const unsigned events = statement_events(n);
    s->statement_begun = true;
    for (int ev = TRIGGER_INSERT; ev <= TRIGGER_DELETE; ev++)
        if (events & 1u << ev)
            TRY(trigger_before_statement(&x->env, s->rel, (enum trigger_event)ev, &s->arena));
    return NULL;
}

/* Once all rows are written. */
static struct err *end_statement(struct exec *x, struct plan *n)
{
    struct modify_state *s = modify_state(x, n);
    if (!s->rel->ntriggers || s->statement_ended)
        return NULL;
    const unsigned events = statement_events(n);
    if (!s->statement_begun)
        TRY(begin_statement(x, n, s));
    s->statement_ended = true;
    for (int ev = TRIGGER_DELETE; ev >= TRIGGER_INSERT; ev--)
        if (events & 1u << ev)
            TRY(trigger_queue_after(&x->env, s->rel, (enum trigger_event)ev, NULL, NULL));
    return NULL;
}

/* ---- INSERT ---- */

static bool is_arbiter(const struct on_conflict *oc, const struct relation *r,
                       const struct index *ix)
{
    if (!oc->narbiters)
        return true;
    for (int i = 0; i < oc->narbiters; i++)
        if (&r->indexes[oc->arbiters[i]] == ix)
            return true;
    return false;
}

/* What constraints over several rows make of a row that was written; no old row: an INSERT. */
static struct err *row_changed(struct exec *x, struct modify_state *s, const struct datum *old,
                               const struct datum *row)
{
    if (!x->load)
        TRY(unique_note(x, &s->writer, row, old));
    if (old)
        TRY(fk_parent_changed(x, s->rel, old, row));
    TRY(fk_check_child(x, s->rel, row, old));
    return trigger_queue_after(&x->env, s->rel, old ? TRIGGER_UPDATE : TRIGGER_INSERT, old, row);
}

/* DO UPDATE of the row in the way. *written is false when its WHERE says no. */
static struct err *update_conflicting(struct exec *x, struct plan *n, struct modify_state *s,
                                      struct str row_key, bool *written)
{
    const struct relation *r = s->rel;
    struct datum *old = &x->frame[n->conflict_old_slot];
    struct txn_newest newest;
    struct table_conflict conflict;
    bool locked;
    bool holds;
    bool skip = false;
    *written = false;
    row_key = str_make(arena_memdup(&s->arena, row_key.data, row_key.len), row_key.len);
    TRY(txn_lock_key(x->env.cat->txn, row_key, TXN_UPDATE, TXN_WAIT, &locked));
    TRY(txn_get_newest(&x->view, row_key, &s->arena, &newest));
    if (!newest.found)
        return NULL; /* gone meanwhile: the caller tries again */
    if (newest.own_command)
        return err_hint(err_new("21000", "ON CONFLICT DO UPDATE command cannot affect row a second "
                                         "time"),
                        "Ensure that no rows proposed for insertion within the same command have "
                        "duplicate constrained values.");
    if (newest.changed && !newest.own && txn_isolation_level(x->env.cat->txn) != TXN_READ_COMMITTED)
        return err_new("40001", "could not serialize access due to concurrent update");
    TRY(table_decode_row(r, newest.value, r->natts, old));
    if (n->query->target->sys_base >= 0)
        load_system_columns(x, n->query->target, row_key, newest.value);
    TRY(condition(x, &n->conflict_where, &s->arena, &holds));
    *written = true;
    if (!holds) {
        *written = false;
        s->done = true; /* for the caller: nothing to retry */
        return NULL;
    }
    TRY(check_policies(x, n, s, POLICY_CONFLICT));
    TRY(compute_columns(x, n->conflict_set, s, false));
    TRY(compute_columns(x, n->conflict_set, s, true));
    /* From here on "the new row" is the updated one. */
    for (int i = 0; i < r->natts; i++)
        x->frame[n->row_slot + i] = x->frame[n->conflict_set[i].slot];
    const struct datum *row = &x->frame[n->row_slot];
    if (trigger_any(r, TRIGGER_BEFORE, true, TRIGGER_UPDATE)) {
        TRY(before_row(x, n, s, TRIGGER_UPDATE, old, &skip));
        if (skip) {
            *written = false;
            s->done = true;
            return NULL;
        }
        TRY(compute_columns(x, n->row, s, true));
        TRY(check_not_modified(x, s, row_key, "updated"));
    }
    TRY(check_policies(x, n, s, POLICY_UPDATE));
    TRY(check_row(x, n, s));
    TRY(table_update(&s->writer, row_key, old, row, &conflict, &row_key));
    if (conflict.index)
        return table_unique_error(&s->writer, &conflict, row);
    written_system_columns(x, n, s, row_key, true);
    TRY(check_views(x, n, s));
    return row_changed(x, s, old, row);
}

/* Above READ COMMITTED, nothing may be done because of a row that the snapshot does not show. */
static struct err *conflict_is_seen(struct exec *x, struct str row_key)
{
    struct str value;
    struct txn *t = x->env.cat->txn;
    struct txn_newest newest;
    bool found;
    if (txn_isolation_level(t) == TXN_READ_COMMITTED)
        return NULL;
    TRY(txn_get_newest(&x->view, row_key, &x->scratch, &newest));
    TRY(txn_get(&x->view, row_key, &value, &found));
    return found || newest.own
               ? NULL
               : err_new("40001", "could not serialize access due to concurrent update");
}

static struct err *insert_row(struct exec *x, struct plan *n, struct modify_state *s, bool *written)
{
    const struct on_conflict *oc = n->query->on_conflict;
    struct table_conflict conflict;
    const struct datum *row = &x->frame[n->row_slot];
    if (x->load) {
        *written = true;
        TRY(insert_load_add(x->load, row));
        TRY(check_views(x, n, s));
        return row_changed(x, s, NULL, row);
    }
    for (;;) {
        *written = false;
        if (oc) {
            TRY(table_check_unique(&s->writer, row, oc->arbiters, oc->narbiters, &conflict));
            if (conflict.index && !oc->update)
                return conflict_is_seen(x, conflict.row_key);
            if (conflict.index) {
                s->done = false;
                TRY(update_conflicting(x, n, s, conflict.row_key, written));
                bool refused = s->done;
                s->done = false;
                if (*written || refused)
                    return NULL;
                TRY(fiber_tick());
                continue;
            }
        }
        struct str row_key;
        TRY(table_insert(&s->writer, row, &conflict, &row_key));
        if (conflict.index && oc && is_arbiter(oc, s->rel, conflict.index))
            continue; /* somebody was quicker: look again */
        if (conflict.index)
            return table_unique_error(&s->writer, &conflict, row);
        *written = true;
        written_system_columns(x, n, s, row_key, false);
        TRY(check_views(x, n, s));
        return row_changed(x, s, NULL, row);
    }
}

static struct err *next_insert(struct exec *x, struct plan *n, struct modify_state *s, bool *found)
{
    for (;;) {
        bool written;
        bool started;
        bool skip;
        TRY(node_next(x, n->left, found));
        if (!*found)
            return x->rebound ? NULL : exec_load_finish(x);
        arena_reset(&s->arena);
        index_eval_reset(s->indexes);
        TRY(make_row(x, n, s, n->row, NULL, &skip));
        if (skip)
            continue;
        TRY(check_policies(x, n, s, POLICY_INSERT));
        TRY(check_row(x, n, s));
        TRY(insert_row(x, n, s, &written));
        if (!written)
            continue;
        if (++x->processed == EXEC_LOAD_AFTER_ROWS && !x->rebound && n == x->plan->root)
            TRY(exec_load_start(x, &started));
        return returning(x, n, s);
    }
}

/* ---- UPDATE, DELETE ---- */

/* A foreign key's action finds rows by the newest state; above READ COMMITTED it may not change one
 * that the snapshot does not show as it is. */
static struct err *check_seen(struct exec *x, struct str row_key, struct arena *a)
{
    struct txn *t = x->env.cat->txn;
    struct txn_newest newest;
    if (!x->env.newest_view || txn_isolation_level(t) == TXN_READ_COMMITTED)
        return NULL;
    struct txn_view view = txn_view_begin(t);
    struct err *e = txn_get_newest(&view, row_key, a, &newest);
    txn_view_done(&view);
    if (!e && newest.changed && !newest.own)
        e = err_new("40001", "could not serialize access due to concurrent update");
    return e;
}

struct err *exec_concurrent(const struct txn_newest *newest)
{
    return err_new("40001", newest->found ? "could not serialize access due to concurrent update"
                                          : "could not serialize access due to concurrent delete");
}

struct err *exec_lock_row(struct exec *x, struct str row_key, enum txn_row_lock mode,
                          struct arena *a)
{
    struct txn *t = x->env.cat->txn;
    struct txn_newest newest;
    bool locked;
    if (txn_isolation_level(t) != TXN_READ_COMMITTED) {
        TRY(txn_lock_key(t, row_key, mode, TXN_SKIP_LOCKED, &locked));
        if (locked)
            return NULL;
        TRY(txn_get_newest(&x->view, row_key, a, &newest));
        if (newest.changed && !newest.own)
            return exec_concurrent(&newest);
    }
    return txn_lock_key(t, row_key, mode, TXN_WAIT, &locked);
}

/* Locks the row found by the scan. When another transaction changed it meanwhile, READ COMMITTED
 * takes the new version if it still meets the conditions. */
static struct err *lock_target(struct exec *x, struct plan *n, struct modify_state *s,
                               struct str row_key, bool *skip)
{
    const struct relation *r = s->rel;
    /* A trigger may change the key, whatever the statement says. */
    const bool strong = n->kind == P_DELETE || n->key_changes || r->ntriggers;
    const enum txn_row_lock mode = strong ? TXN_UPDATE : TXN_NO_KEY_UPDATE;
    struct txn_newest newest;
    TRY(exec_lock_row(x, row_key, mode, &s->arena));
    TRY(txn_get_newest(&x->view, row_key, &s->arena, &newest));
    TRY(check_seen(x, row_key, &s->arena));
    *skip = newest.own_command; /* a join found the row twice: the first time counts */
    if (*skip)
        return NULL;
    if (newest.changed && !newest.own) {
        if (txn_isolation_level(x->env.cat->txn) != TXN_READ_COMMITTED)
            return exec_concurrent(&newest);
        *skip = !newest.found;
        if (*skip)
            return NULL;
        TRY(table_decode_row(r, newest.value, r->natts, &x->frame[n->old_slot]));
        if (n->query->target->sys_base >= 0)
            load_system_columns(x, n->query->target, row_key, newest.value);
        bool holds;
        TRY(condition(x, &n->recheck, &s->arena, &holds));
        *skip = !holds;
    }
    return NULL;
}

static struct err *update_row(struct exec *x, struct plan *n, struct modify_state *s,
                              const struct plan_expr *exprs, struct str row_key, bool *skip)
{
    const struct datum *old = &x->frame[n->old_slot];
    const struct datum *row = &x->frame[n->row_slot];
    struct table_conflict conflict;
    TRY(make_row(x, n, s, exprs, old, skip));
    if (*skip)
        return NULL;
    if (trigger_any(s->rel, TRIGGER_BEFORE, true, TRIGGER_UPDATE))
        TRY(check_not_modified(x, s, row_key, "updated"));
    TRY(check_policies(x, n, s, POLICY_UPDATE));
    TRY(check_row(x, n, s));
    TRY(table_update(&s->writer, row_key, old, row, &conflict, &row_key));
    if (conflict.index)
        return table_unique_error(&s->writer, &conflict, row);
    written_system_columns(x, n, s, row_key, false);
    TRY(check_views(x, n, s));
    return row_changed(x, s, old, row);
}

static struct err *delete_row(struct exec *x, struct plan *n, struct modify_state *s,
                              struct str row_key, bool *skip)
{
    const struct datum *old = &x->frame[n->old_slot];
    *skip = false;
    if (trigger_any(s->rel, TRIGGER_BEFORE, true, TRIGGER_DELETE)) {
        TRY(trigger_before_row(&x->env, s->rel, TRIGGER_DELETE, old, NULL, &s->arena, skip));
        if (*skip)
            return NULL;
        TRY(check_not_modified(x, s, row_key, "deleted"));
    }
    TRY(table_delete(&s->writer, row_key, old));
    TRY(fk_parent_changed(x, s->rel, old, NULL));
    return trigger_queue_after(&x->env, s->rel, TRIGGER_DELETE, old, NULL);
}

static struct err *next_change(struct exec *x, struct plan *n, struct modify_state *s, bool *found)
{
    for (;;) {
        bool skip;
        TRY(node_next(x, n->left, found));
        if (!*found)
            return NULL;
        arena_reset(&s->arena);
        index_eval_reset(s->indexes);
        struct datum key = x->frame[n->query->target->key_slot];
        struct str row_key = datum_as_str(key);
        TRY(lock_target(x, n, s, row_key, &skip));
        if (skip)
            continue;
        if (n->kind == P_UPDATE) {
            TRY(update_row(x, n, s, n->row, row_key, &skip));
        } else {
            TRY(delete_row(x, n, s, row_key, &skip));
        }
        if (skip)
            continue;
        x->processed++;
        return returning(x, n, s);
    }
}

/* ---- MERGE ---- */

/* The first action of that kind whose condition holds; NULL: none, or DO NOTHING. */
static struct err *choose_action(struct exec *x, struct plan *n, struct modify_state *s,
                                 bool matched, const struct plan_merge **out)
{
    *out = NULL;
    for (int i = 0; i < n->nactions; i++) {
        const struct plan_merge *a = &n->actions[i];
        bool holds;
        if (a->matched != matched)
            continue;
        TRY(condition(x, &a->when, &s->arena, &holds));
        if (!holds)
            continue;
        *out = a->kind == Q_UTILITY ? NULL : a;
        return NULL;
    }
    return NULL;
}

/* Another transaction changed the row: *unmatched when it is gone or no longer joins. */
static struct err *take_newest(struct exec *x, struct plan *n, struct modify_state *s,
                               struct str row_key, const struct txn_newest *newest, bool *unmatched)
{
    bool holds;
    if (txn_isolation_level(x->env.cat->txn) != TXN_READ_COMMITTED)
        return exec_concurrent(newest);
    *unmatched = !newest->found;
    if (*unmatched)
        return NULL;
    TRY(table_decode_row(s->rel, newest->value, s->rel->natts, &x->frame[n->old_slot]));
    if (n->query->target->sys_base >= 0)
        load_system_columns(x, n->query->target, row_key, newest->value);
    TRY(condition(x, &n->recheck, &s->arena, &holds));
    *unmatched = !holds;
    return NULL;
}

/* Locks the row that the chosen action changes; a row that had changed meanwhile chooses anew. */
static struct err *lock_matched(struct exec *x, struct plan *n, struct modify_state *s,
                                struct str row_key, const struct plan_merge **action,
                                bool *unmatched)
{
    struct txn_newest newest;
    bool refreshed = false;
    for (;;) {
        TRY(choose_action(x, n, s, true, action));
        if (!*action)
            return NULL;
        bool strong = (*action)->kind == Q_DELETE || (*action)->key_changes || s->rel->ntriggers;
        TRY(exec_lock_row(x, row_key, strong ? TXN_UPDATE : TXN_NO_KEY_UPDATE, &s->arena));
        TRY(txn_get_newest(&x->view, row_key, &s->arena, &newest));
        if (newest.own_command)
            return err_hint(err_new("21000", "MERGE command cannot affect row a second time"),
                            "Ensure that not more than one source row matches any one target row.");
        if (!newest.changed || newest.own || refreshed)
            return NULL;
        TRY(take_newest(x, n, s, row_key, &newest, unmatched));
        if (*unmatched)
            return NULL;
        refreshed = true;
    }
}

static struct err *merge_insert(struct exec *x, struct plan *n, struct modify_state *s,
                                const struct plan_merge *a, bool *skip)
{
    struct table_conflict conflict;
    struct str row_key;
    const struct datum *row = &x->frame[n->row_slot];
    TRY(make_row(x, n, s, a->row, NULL, skip));
    if (*skip)
        return NULL;
    TRY(check_policies(x, n, s, POLICY_INSERT));
    TRY(check_row(x, n, s));
    TRY(table_insert(&s->writer, row, &conflict, &row_key));
    if (conflict.index)
        return table_unique_error(&s->writer, &conflict, row);
    TRY(check_views(x, n, s));
    return row_changed(x, s, NULL, row);
}

static struct err *merge_row(struct exec *x, struct plan *n, struct modify_state *s, bool *changed)
{
    const struct plan_merge *a = NULL;
    struct datum key = x->frame[n->query->target->key_slot];
    bool unmatched = key.null;
    if (!unmatched)
        TRY(lock_matched(x, n, s, datum_as_str(key), &a, &unmatched));
    if (unmatched)
        TRY(choose_action(x, n, s, false, &a));
    bool skip = false;
    *changed = false;
    if (!a)
        return NULL;
    if (a->kind == Q_INSERT) {
        TRY(merge_insert(x, n, s, a, &skip));
    } else {
        bool deletes = a->kind == Q_DELETE;
        TRY(check_policies(x, n, s, deletes ? POLICY_MERGE_DELETE : POLICY_MERGE_UPDATE));
        if (deletes)
            TRY(delete_row(x, n, s, datum_as_str(key), &skip));
        else
            TRY(update_row(x, n, s, a->row, datum_as_str(key), &skip));
    }
    *changed = !skip;
    return NULL;
}

static struct err *next_merge(struct exec *x, struct plan *n, struct modify_state *s, bool *found)
{
    for (;;) {
        bool changed;
        TRY(node_next(x, n->left, found));
        if (!*found)
            return NULL;
        arena_reset(&s->arena);
        index_eval_reset(s->indexes);
        TRY(merge_row(x, n, s, &changed));
        if (!changed)
            continue;
        x->processed++;
        return NULL;
    }
}

struct err *modify_next(struct exec *x, struct plan *n, bool *found)
{
    struct modify_state *s = modify_state(x, n);
    TRY(check_storage(x, s));
    if (s->rel->ntriggers && !s->statement_begun)
        TRY(begin_statement(x, n, s));
    if (n->kind == P_MERGE)
        TRY(next_merge(x, n, s, found));
    else if (n->kind == P_INSERT)
        TRY(next_insert(x, n, s, found));
    else
        TRY(next_change(x, n, s, found));
    return *found || x->rebound ? NULL : end_statement(x, n);
}

struct err *exec_rebind_end(struct exec *x)
{
    return end_statement(x, x->plan->root);
}

void modify_rescan(struct exec *x, struct plan *n)
{
    (void)x;
    (void)n;
}
