/* Runs: begin, rows, end; dispatch to the nodes; subqueries; CTE stores. */
#include "exec/exec_internal.h"

#include "base/clock.h"
#include "exec/checks.h"
#include "exec/session.h"
#include "sql/analyze.h"
#include "sql/parse.h"
#include "types/array.h"

#include <stdlib.h>

void exec_init(void)
{
    fold_init();
}

/* ---- nodes ---- */

static struct err *node_step(struct exec *x, struct plan *n, bool *found)
{
    switch (n->kind) {
    case P_RESULT:
        return result_next(x, n, found);
    case P_SEQSCAN:
        return seqscan_next(x, n, found);
    case P_INDEXSCAN:
        return indexscan_next(x, n, found);
    case P_BITMAPHEAP:
        return bitmapheap_next(x, n, found);
    case P_BITMAPINDEX:
    case P_BITMAPAND:
    case P_BITMAPOR:
        break; /* give no rows */
    case P_FUNCSCAN:
        return funcscan_next(x, n, found);
    case P_TABLEFUNC:
        return tablefunc_next(x, n, found);
    case P_VALUES:
        return values_next(x, n, found);
    case P_SUBQUERY:
        return subquery_next(x, n, found);
    case P_CTESCAN:
        return ctescan_next(x, n, found);
    case P_WORKTABLE:
        return worktable_next(x, n, found);
    case P_NESTLOOP:
        return nestloop_next(x, n, found);
    case P_HASHJOIN:
        return hashjoin_next(x, n, found);
    case P_MERGEJOIN:
        return mergejoin_next(x, n, found);
    case P_SORT:
        return sort_next(x, n, found);
    case P_AGG:
        return agg_next(x, n, found);
    case P_WINDOW:
        return window_next(x, n, found);
    case P_DISTINCT:
        return distinct_next(x, n, found);
    case P_LIMIT:
        return limit_next(x, n, found);
    case P_PROJECT:
        return project_next(x, n, found);
    case P_SETOP:
        return setop_next(x, n, found);
    case P_APPEND:
        return append_next(x, n, found);
    case P_RECURSIVE:
        return recursive_next(x, n, found);
    case P_MATERIAL:
        return material_next(x, n, found);
    case P_LOCKROWS:
        return lockrows_next(x, n, found);
    case P_INSERT:
    case P_UPDATE:
    case P_DELETE:
    case P_MERGE:
        return modify_next(x, n, found);
    }
    UNREACHABLE();
}

/* ---- measuring ---- */

static int64_t measure_begin(const struct exec *x, struct node_stats *s)
{
    if (!s->in_loop) {
        s->in_loop = true;
        s->has_given = false;
        s->loops++;
    }
    return x->timing ? clock_mono_ns() : 0;
}

static void measure_end(const struct exec *x, struct node_stats *s, int64_t start, uint64_t rows)
{
    int64_t took = x->timing ? clock_mono_ns() - start : 0;
    s->total_ns += took;
    if (!s->has_given)
        s->startup_ns += took;
    s->has_given = true;
    s->rows += rows;
}

static struct err *node_measured(struct exec *x, struct plan *n, bool *found)
{
    struct node_stats *s = &x->stats[n->id];
    int64_t start = measure_begin(x, s);
    struct txn_written before = txn_written(x->env.cat->txn);
    struct err *e = node_step(x, n, found);
    struct txn_written after = txn_written(x->env.cat->txn);
    s->written.versions += after.versions - before.versions;
    s->written.bytes += after.bytes - before.bytes;
    measure_end(x, s, start, !e && *found);
    return e;
}

struct err *node_filter(struct exec *x, const struct plan *n, struct arena *arena, bool *holds)
{
    TRY(condition(x, &n->filter, arena, holds));
    if (x->stats)
        x->stats[n->id].removed_by_filter += !*holds;
    return NULL;
}

struct err *node_join_filter(struct exec *x, const struct plan *n, struct arena *arena, bool *holds)
{
    TRY(condition(x, &n->join_filter, arena, holds));
    if (x->stats)
        x->stats[n->id].removed_by_join += !*holds;
    return NULL;
}

void note_table(struct exec *x, const struct plan *n, const struct row_hash *h, size_t bytes)
{
    struct node_stats *s = x->stats ? &x->stats[n->id] : NULL;
    if (!s)
        return;
    s->batches++;
    if (h->nbuckets > s->buckets)
        s->buckets = h->nbuckets;
    if (bytes > s->memory_bytes)
        s->memory_bytes = bytes;
}

void exec_measure(struct exec *x, bool timing)
{
    x->stats = arena_new_array(&x->arena, struct node_stats, x->plan->nnodes + 1);
    x->timing = timing;
}

struct err *node_columns(struct exec *x, struct plan *n, const enum tf_use *uses,
                         const struct vector **columns, size_t *count)
{
    struct node_stats *s = x->stats ? &x->stats[n->id] : NULL;
    int64_t start = s ? measure_begin(x, s) : 0;
    struct err *e = tablefunc_columns(x, n, uses, columns, count);
    if (s)
        measure_end(x, s, start, e ? 0 : *count);
    return e;
}

struct err *node_next(struct exec *x, struct plan *n, bool *found)
{
    TRY(fiber_tick());
    return __builtin_expect(x->stats != NULL, 0) ? node_measured(x, n, found)
                                                 : node_step(x, n, found);
}

void node_rescan(struct exec *x, struct plan *n)
{
    if (!n)
        return;
    node_rescan(x, n->left);
    node_rescan(x, n->right);
    for (int i = 0; i < n->ninputs; i++)
        node_rescan(x, n->inputs[i]);
    if (x->stats)
        x->stats[n->id].in_loop = false;
    if (!x->nodes[n->id])
        return;
    switch (n->kind) {
    case P_RESULT:
        result_rescan(x, n);
        break;
    case P_SEQSCAN:
        seqscan_rescan(x, n);
        break;
    case P_INDEXSCAN:
        indexscan_rescan(x, n);
        break;
    case P_BITMAPHEAP:
        bitmapheap_rescan(x, n);
        break;
    case P_BITMAPINDEX:
        indexscan_rescan(x, n);
        break;
    case P_BITMAPAND:
    case P_BITMAPOR:
        break;
    case P_FUNCSCAN:
        funcscan_rescan(x, n);
        break;
    case P_TABLEFUNC:
        tablefunc_rescan(x, n);
        break;
    case P_VALUES:
        values_rescan(x, n);
        break;
    case P_SUBQUERY:
        subquery_rescan(x, n);
        break;
    case P_CTESCAN:
        ctescan_rescan(x, n);
        break;
    case P_WORKTABLE:
        worktable_rescan(x, n);
        break;
    case P_NESTLOOP:
        nestloop_rescan(x, n);
        break;
    case P_HASHJOIN:
        hashjoin_rescan(x, n);
        break;
    case P_MERGEJOIN:
        mergejoin_rescan(x, n);
        break;
    case P_SORT:
        sort_rescan(x, n);
        break;
    case P_AGG:
        agg_rescan(x, n);
        break;
    case P_WINDOW:
        window_rescan(x, n);
        break;
    case P_DISTINCT:
        distinct_rescan(x, n);
        break;
    case P_LIMIT:
        limit_rescan(x, n);
        break;
    case P_PROJECT:
        project_rescan(x, n);
        break;
    case P_SETOP:
        setop_rescan(x, n);
        break;
    case P_APPEND:
        append_rescan(x, n);
        break;
    case P_RECURSIVE:
        recursive_rescan(x, n);
        break;
    case P_MATERIAL:
        material_rescan(x, n);
        break;
    case P_LOCKROWS:
        lockrows_rescan(x, n);
        break;
    case P_INSERT:
    case P_UPDATE:
    case P_DELETE:
    case P_MERGE:
        modify_rescan(x, n);
        break;
    }
}

void *node_state(struct exec *x, const struct plan *n, size_t size)
{
    if (!x->nodes[n->id])
        x->nodes[n->id] = arena_zalloc(&x->arena, size);
    return x->nodes[n->id];
}

void on_release(struct exec *x, void (*fn)(void *arg), void *arg)
{
    struct release *r = arena_new(&x->arena, struct release);
    *r = (struct release){x->releases, fn, arg};
    x->releases = r;
}

void fn_at_end(struct fn_call *c, void (*fn)(void *arg), void *arg)
{
    on_release(c->run, fn, arg);
}

void release_arena(void *arena)
{
    arena_done(arena);
}

void release_buf(void *buf)
{
    buf_done(buf);
}

/* ---- runs ---- */

struct err *exec_lock(const struct exec_env *env, const struct statement_plan *plan, bool *current)
{
    struct cat *cat = env->cat;
    for (int i = 0; i < plan->nrelations; i++) {
        bool locked;
        if (!plan->relations[i]->system)
            TRY(txn_lock_table(cat->txn, plan->relations[i]->oid,
                               (enum txn_table_lock)plan->lock_modes[i], TXN_WAIT, &locked));
    }
    *current = plan->catalog_version == catalog_version(cat->shared);
    /* Descriptors are of the newest catalog, so the rows must not be older. */
    txn_see(cat->txn, catalog_change_csn(cat->shared));
    if (!*current)
        cat_forget_local(cat, false); /* it may hold what others have changed */
    return NULL;
}

static struct err *make_plan(const struct exec_env *env, struct raw_stmt *raw,
                             struct param_types *params, struct statement_plan **out)
{
    struct arena arena;
    struct query *q = NULL;
    struct statement_plan *plan = NULL;
    arena_init(&arena);
    struct err *e = env->unchecked
                        ? analyze_own(env->cat, env->types, raw, params, &arena, &q)
                        : analyze_statement(env->cat, env->types, raw, params, &arena, &q);
    if (!e) {
        e = plan_statement(env->cat, env->types, q, &arena, &plan);
        if (e)
            query_release(q);
    }
    if (e) {
        arena_done(&arena);
        return e;
    }
    e = exec_compile(plan);
    if (e) {
        plan_unref(plan);
        return e;
    }
    *out = plan;
    return NULL;
}

struct err *exec_plan(const struct exec_env *env, struct raw_stmt *raw, struct param_types *params,
                      struct statement_plan **out)
{
    for (;;) {
        struct statement_plan *plan;
        bool current = false;
        TRY(make_plan(env, raw, params, &plan));
        struct err *e = exec_lock(env, plan, &current);
        if (!e && current) {
            *out = plan;
            return NULL;
        }
        plan_unref(plan);
        TRY(e);
        TRY(fiber_tick());
    }
}

static void set_constants(struct exec *x)
{
    const struct statement_plan *p = x->plan;
    for (int i = 0; i < p->nconsts; i++)
        x->frame[-1 - i] = p->consts[i];
}

struct err *exec_check_access(const struct exec_env *env, struct statement_plan *plan)
{
    uint32_t role = env->cat->role;
    /* Callers plan anew for another role; should one forget, it shows nothing. */
    if (plan->query->policy_role && plan->query->policy_role != role)
        return err_new("XX000", "the plan has the policies of another role");
    /* A plan is of one version of the catalog, and so is what was found out for a role. */
    if (atomic_load_explicit(&plan->checked_role, memory_order_relaxed) == role)
        return NULL;
    TRY(query_check_access(env->cat, plan->query));
    atomic_store_explicit(&plan->checked_role, role, memory_order_relaxed);
    return NULL;
}

struct err *exec_begin(const struct exec_env *env, struct statement_plan *plan,
                       const struct datum *params, struct exec **out)
{
    if (!env->unchecked)
        TRY(exec_check_access(env, plan));
    struct exec *x = malloc(sizeof(*x));
    if (!x)
        return err_oom();
    *x = (struct exec){.env = *env, .plan = plan_ref(plan)};
    arena_init(&x->arena);
    arena_init(&x->scratch);
    size_t slots = (size_t)(plan->nconsts + plan->nslots + 1);
    struct datum *base = arena_new_array(&x->arena, struct datum, slots);
    x->frame = base + plan->nconsts;
    set_constants(x);
    if (plan->nparams)
        memcpy(x->frame, params, sizeof(*params) * (size_t)plan->nparams);
    x->nodes = arena_new_array(&x->arena, void *, plan->nnodes + 1);
    x->calls = arena_new_array(&x->arena, void *, plan->ncalls + 1);
    x->frames = arena_new_array(&x->arena, struct fn_call *, plan->ncalls + 1);
    x->subs = arena_new_array(&x->arena, struct subplan_state, plan->nsubplans + 1);
    x->ctes = arena_new_array(&x->arena, struct cte_state, plan->nctes + 1);
    x->row = arena_new_array(&x->arena, struct datum, plan->nout + 1);
    *out = x;
    if (plan->query->call) /* reads nothing, and may end the transaction */
        return NULL;
    x->view = env->newest_view ? txn_view_newest(env->cat->txn) : txn_view_begin(env->cat->txn);
    x->has_view = true;
    /* Only a snapshot taken before a change of the catalog can be older than the descriptors. */
    x->view_differs = plan->catalog_version != catalog_version(env->cat->shared) ||
                      txn_view_csn(&x->view) < catalog_change_csn(env->cat->shared);
    return NULL;
}

/* Data-modifying CTEs run to completion even if nobody read them. */
static struct err *finish_ctes(struct exec *x)
{
    for (int i = 0; i < x->plan->nctes && !x->finished_ctes; i++)
        if (x->plan->ctes[i].modifies)
            TRY(cte_fill(x, i));
    x->finished_ctes = true;
    return NULL;
}

struct err *exec_next(struct exec *x, const struct datum **row, bool *found)
{
    *found = false;
    if (x->done)
        return NULL;
    do {
        TRY(node_next(x, x->plan->root, found));
    } while (*found && !x->plan->nout && x->plan->query->kind != Q_SELECT);
    if (!*found) {
        x->done = true;
        TRY(finish_ctes(x));
        return x->env.nested || x->rebound ? NULL : checks_statement_end(&x->env);
    }
    for (int i = 0; i < x->plan->nout; i++)
        x->row[i] = x->frame[x->plan->out_slots[i]];
    *row = x->row;
    return NULL;
}

struct err *exec_rebind(struct exec *x, const struct datum *params)
{
    const struct datum *row;
    bool found;
    memcpy(x->frame, params, sizeof(*params) * (size_t)x->plan->nparams);
    exec_rewind(x);
    x->rebound = true;
    return exec_next(x, &row, &found);
}

void exec_rewind(struct exec *x)
{
    node_rescan(x, x->plan->root);
    x->done = false;
}

/* ---- WHERE CURRENT OF ---- */

/* The scan under nodes that pass single rows on. */
static const struct rte *plain_scan(const struct plan *n)
{
    while (n && (n->kind == P_LIMIT || n->kind == P_PROJECT || n->kind == P_RESULT))
        n = n->left;
    return n && (n->kind == P_SEQSCAN || n->kind == P_INDEXSCAN || n->kind == P_BITMAPHEAP) ? n->rte
                                                                                            : NULL;
}

static const struct rte *pointing_rte(const struct exec *x, const struct relation *rel,
                                      int *references)
{
    const struct query *q = x->plan->query;
    const struct rte *found = NULL;
    *references = 0;
    for (int i = 0; i < q->nmarks; i++) {
        if (q->marks[i].rte->rel->oid != rel->oid)
            continue;
        found = q->marks[i].rte;
        ++*references;
    }
    if (!q->nmarks)
        found = plain_scan(x->plan->root);
    return found && found->rel->oid == rel->oid && found->key_slot >= 0 ? found : NULL;
}

struct err *exec_can_point(const struct exec *x, const char *name, const struct relation *rel)
{
    int references;
    bool locks = x->plan->query->nmarks > 0;
    const struct rte *rte = pointing_rte(x, rel, &references);
    if (locks && references > 1)
        return err_new("24000",
                       "cursor \"%s\" has multiple FOR UPDATE/SHARE references to table \"%s\"",
                       name, rel->name);
    if (locks && !rte)
        return err_new("24000",
                       "cursor \"%s\" does not have a FOR UPDATE/SHARE reference to table \"%s\"",
                       name, rel->name);
    if (!rte)
        return err_new("24000", "cursor \"%s\" is not a simply updatable scan of table \"%s\"",
                       name, rel->name);
    return NULL;
}

struct str exec_row_key(const struct exec *x, const struct relation *rel)
{
    int references;
    return datum_as_str(x->frame[pointing_rte(x, rel, &references)->key_slot]);
}

uint64_t exec_processed(const struct exec *x)
{
    return x->processed;
}

void exec_end(struct exec *x)
{
    if (!x)
        return;
    for (struct release *r = x->releases; r; r = r->next)
        r->fn(r->arg);
    if (x->has_view)
        txn_view_done(&x->view);
    arena_done(&x->scratch);
    arena_done(&x->arena);
    plan_unref(x->plan);
    free(x);
}

/* ---- CTEs ---- */

struct err *cte_begin(struct exec *x, int number)
{
    struct plan_cte *c = &x->plan->ctes[number];
    struct cte_state *s = &x->ctes[number];
    if (!s->rows)
        TRY(kept_rows(x, c->ncols, &s->rows));
    return c->modifies ? cte_fill(x, number) : NULL;
}

struct err *cte_grow(struct exec *x, int number, bool *found)
{
    struct plan_cte *c = &x->plan->ctes[number];
    struct cte_state *s = &x->ctes[number];
    uint64_t processed = x->processed;
    *found = false;
    if (s->filled)
        return NULL;
    TRY(node_next(x, c->plan, found));
    x->processed = processed; /* the main statement's count is what the client is told */
    s->filled = !*found;
    return *found ? row_store_add_slots(s->rows, x->frame, c->out_slots) : NULL;
}

struct err *cte_fill(struct exec *x, int number)
{
    struct plan_cte *c = &x->plan->ctes[number];
    struct cte_state *s = &x->ctes[number];
    if (!s->rows)
        TRY(kept_rows(x, c->ncols, &s->rows));
    for (bool found = true; found;)
        TRY(cte_grow(x, number, &found));
    return NULL;
}

/* ---- subqueries in expressions ---- */

static struct err *more_than_one_row(void)
{
    return err_new("21000", "more than one row returned by a subquery used as an expression");
}

static struct err *eval_scalar(struct exec *x, struct subplan *s, struct arena *arena,
                               struct datum *out)
{
    bool found;
    *out = datum_null();
    TRY(node_next(x, s->plan, &found));
    if (!found)
        return NULL;
    *out = keep(arena, x->frame[s->out_slots[0]]);
    TRY(node_next(x, s->plan, &found));
    return found ? more_than_one_row() : NULL;
}

static struct err *eval_array(struct exec *x, struct subplan *s, struct arena *arena,
                              struct datum *out)
{
    struct array_items items = {0};
    const struct type_ops *elem = type_by_oid(s->column_type);
    if (!elem || elem->elem)
        return err_unsupported("an array of this type from a subquery is not supported");
    for (;;) {
        bool found;
        TRY(node_next(x, s->plan, &found));
        if (!found)
            break;
        TRY(array_items_add(&items, arena, keep(arena, x->frame[s->out_slots[0]])));
    }
    return array_make_1d(elem, items.items, items.count, arena, out);
}

/* Folds one row's test into the result of ANY (OR) or ALL (AND); true when that decides it. */
static struct err *fold_test(struct exec *x, struct subplan *s, struct arena *arena,
                             struct datum *out, bool *decided)
{
    bool any = s->kind == SUBLINK_ANY;
    TRY(program_run(x, s->test_program, arena));
    struct datum d = x->frame[s->test_program->result];
    *decided = !d.null && (d.i != 0) == any;
    if (*decided)
        *out = datum_bool(any);
    else if (d.null)
        *out = datum_null();
    return NULL;
}

static struct err *eval_any(struct exec *x, struct subplan *s, struct arena *arena,
                            struct datum *out)
{
    bool decided = false;
    *out = datum_bool(s->kind != SUBLINK_ANY);
    while (!decided) {
        bool found;
        TRY(node_next(x, s->plan, &found));
        if (!found)
            return NULL;
        TRY(fold_test(x, s, arena, out, &decided));
    }
    return NULL;
}

static void release_reader(void *reader)
{
    row_reader_done(reader);
}

/* A row of NULLs and values is kept as none: no left side is surely equal to it. */
static struct err *add_values(struct exec *x, struct subplan *s, struct subplan_state *st)
{
    for (int i = 0; i < s->nhash; i++) {
        st->looked_up[i] = x->frame[s->out_slots[i]];
        if (st->looked_up[i].null) {
            st->has_null = true;
            return NULL;
        }
    }
    return value_set_add(x, st->values, st->looked_up);
}

static struct err *fill_rows(struct exec *x, struct subplan *s, struct subplan_state *st)
{
    if (s->nhash) {
        st->values = value_set_new(x, s->hash_types, s->nhash);
        st->looked_up = arena_new_array(&x->arena, struct datum, s->nhash);
    } else {
        TRY(kept_rows(x, s->nout, &st->rows));
        row_reader_init(&st->reader, st->rows);
        on_release(x, release_reader, &st->reader);
    }
    for (;;) {
        bool found;
        TRY(node_next(x, s->plan, &found));
        if (!found)
            break;
        if (st->values)
            TRY(add_values(x, s, st));
        else
            TRY(row_store_add_slots(st->rows, x->frame, s->out_slots));
    }
    if (st->values)
        TRY(value_set_finish(x, st->values));
    st->done = true;
    return NULL;
}

static struct err *look_up(struct exec *x, struct subplan *s, struct subplan_state *st,
                           struct arena *arena, struct datum *out)
{
    bool found = false;
    bool null = false;
    *out = datum_bool(false);
    if (value_set_is_empty(st->values) && !st->has_null)
        return NULL;
    /* Running the left sides computes them, wherever they end up. */
    for (int i = 0; i < s->nhash && !null; i++) {
        TRY(program_run(x, s->hash_left[i].program, arena));
        st->looked_up[i] = x->frame[s->hash_left[i].program->result];
        null = st->looked_up[i].null;
    }
    if (!null)
        TRY(value_set_has(st->values, st->looked_up, &found));
    if (found)
        *out = datum_bool(true);
    else if ((null || st->has_null) && !s->null_is_no_match)
        *out = datum_null();
    return NULL;
}

static struct err *probe_rows(struct exec *x, struct subplan *s, struct subplan_state *st,
                              struct arena *arena, struct datum *out)
{
    bool decided = false;
    if (st->values)
        return look_up(x, s, st, arena, out);
    *out = datum_bool(s->kind != SUBLINK_ANY);
    row_reader_rewind(&st->reader);
    while (!decided) {
        const struct datum *row;
        bool found;
        TRY(row_reader_next(&st->reader, &row, &found));
        if (!found)
            return NULL;
        row_restore(x, row, s->out_slots, s->nout);
        TRY(fold_test(x, s, arena, out, &decided));
        TRY(fiber_tick());
    }
    return NULL;
}

static struct err *eval_once(struct exec *x, struct subplan *s, struct subplan_state *st,
                             struct arena *arena, struct datum *out)
{
    bool found;
    switch (s->kind) {
    case SUBLINK_ANY:
    case SUBLINK_ALL:
        if (!st->done)
            TRY(fill_rows(x, s, st));
        return probe_rows(x, s, st, arena, out);
    case SUBLINK_EXISTS:
        if (!st->done) {
            TRY(node_next(x, s->plan, &found));
            st->value = datum_bool(found);
        }
        break;
    case SUBLINK_SCALAR:
        if (!st->done)
            TRY(eval_scalar(x, s, &x->arena, &st->value));
        break;
    case SUBLINK_ARRAY:
        if (!st->done)
            TRY(eval_array(x, s, &x->arena, &st->value));
        break;
    }
    st->done = true;
    *out = st->value;
    return NULL;
}

struct err *subplan_eval(struct exec *x, struct subplan *s, struct arena *arena, struct datum *out)
{
    struct subplan_state *st = &x->subs[s->number];
    bool found;
    if (fiber_stack_left() < 32 * 1024)
        return err_new("54001", "stack depth limit exceeded");
    if (!s->correlated)
        return eval_once(x, s, st, arena, out);
    if (st->running)
        node_rescan(x, s->plan);
    st->running = true;
    switch (s->kind) {
    case SUBLINK_EXISTS:
        TRY(node_next(x, s->plan, &found));
        *out = datum_bool(found);
        return NULL;
    case SUBLINK_SCALAR:
        return eval_scalar(x, s, arena, out);
    case SUBLINK_ARRAY:
        return eval_array(x, s, arena, out);
    case SUBLINK_ANY:
    case SUBLINK_ALL:
        return eval_any(x, s, arena, out);
    }
    UNREACHABLE();
}

/* ---- internal statements ---- */

static struct err *run_internal(const struct exec_env *env, struct statement_plan *plan,
                                const struct datum *params, uint64_t *nrows)
{
    struct exec *x;
    const struct datum *row;
    TRY(exec_begin(env, plan, params, &x));
    struct err *e = NULL;
    uint64_t rows = 0;
    for (bool found = true; !e && found;) {
        e = exec_next(x, &row, &found);
        rows += found;
    }
    *nrows = plan->query->kind == Q_SELECT ? rows : exec_processed(x);
    exec_end(x);
    return e;
}

struct err *exec_internal_sql(const struct exec_env *env, const char *sql, const uint32_t *types,
                              const struct datum *params, int nparams, uint64_t *nrows)
{
    struct arena arena;
    struct parsed parsed;
    struct statement_plan *plan = NULL;
    struct param_types p = {.types = (uint32_t *)types, .count = nparams, .fixed = true};
    struct exec_env own = *env;
    own.unchecked = true;
    arena_init(&arena);
    struct err *e = parse_sql(arena_strdup(&arena, sql), &arena, &parsed);
    if (!e)
        e = exec_plan(&own, &parsed.stmts[0], &p, &plan);
    if (!e)
        e = run_internal(&own, plan, params, nrows);
    plan_unref(plan);
    arena_done(&arena);
    return e;
}

/* ---- single expressions over a row ---- */

struct row_expr {
    struct exec x;
    struct statement_plan plan;
    struct plan_expr e;
    int nvalues; /* at the beginning of the frame */
    struct arena scratch;
};

struct err *param_expr_new(const struct exec_env *env, int nparams, struct expr *e,
                           struct row_expr **out)
{
    struct row_expr *r = calloc(1, sizeof(*r));
    if (!r)
        return err_oom();
    r->x.env = *env;
    arena_init(&r->x.arena);
    arena_init(&r->plan.arena);
    arena_init(&r->scratch);
    r->nvalues = r->plan.nslots = nparams;
    r->e = (struct plan_expr){e, -1, NULL};
    struct compiler c = {.plan = &r->plan, .case_slot = -1};
    struct err *err = compile_expr(&c, e, &r->e.program);
    if (err) {
        row_expr_free(r);
        return err;
    }
    struct datum *base =
        arena_new_array(&r->x.arena, struct datum, r->plan.nconsts + r->plan.nslots + 1);
    r->x.plan = &r->plan;
    r->x.frame = base + r->plan.nconsts;
    set_constants(&r->x);
    r->x.calls = arena_new_array(&r->x.arena, void *, r->plan.ncalls + 1);
    r->x.frames = arena_new_array(&r->x.arena, struct fn_call *, r->plan.ncalls + 1);
    *out = r;
    return NULL;
}

struct err *row_expr_new(const struct exec_env *env, struct rte *rte, struct expr *e,
                         struct row_expr **out)
{
    if (rte) {
        rte->base = 0;
        rte->planned = true;
    }
    return param_expr_new(env, rte ? rte->ncols : 0, e, out);
}

struct err *row_expr_eval(struct row_expr *r, const struct datum *row, struct datum *out)
{
    arena_reset(&r->scratch);
    if (r->nvalues)
        memcpy(r->x.frame, row, sizeof(*row) * (size_t)r->nvalues);
    return value_of(&r->x, &r->e, &r->scratch, out);
}

void row_expr_free(struct row_expr *r)
{
    if (!r)
        return;
    arena_done(&r->x.arena);
    arena_done(&r->plan.arena);
    arena_done(&r->scratch);
    free(r);
}
