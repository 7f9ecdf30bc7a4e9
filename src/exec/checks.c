/* The queue of constraint checks that wait: see checks.h.
 *
 * A check that is not deferred goes into the statement's list, which is empty again when the
 * statement has ended; cascading actions append to it, so that all of a statement's changes are
 * made before a later check looks at them. A deferred check goes into `waiting`. Both are row
 * stores: what does not fit into work_mem is in a temporary file.
 *
 * `waiting` only grows until the transaction ends. What SET CONSTRAINTS has run is told by a list
 * of *firings*: each has run the checks before some number that were due by the modes of then.
 * Rolling back to a savepoint cuts the firings made since, so that those checks are due again; the
 * checks queued since are noted as *dropped*, a range of numbers.
 *
 * SET CONSTRAINTS adds to a list of modes; the last one that concerns a constraint counts, so that
 * rolling back is cutting the list. */
#include "exec/checks_internal.h"

#include "catalog/acl.h"
#include "exec/ddl_internal.h"

#include <stdlib.h>

struct mode {
    uint32_t con; /* 0: all */
    bool deferred;
};

struct firing {
    size_t before; /* checks with a smaller number ... */
    int nmodes;    /* ... that were due by that many modes */
    uint32_t serial;
};

struct range {
    size_t from;
    size_t to; /* the first behind it */
};

struct checks {
    struct row_store *now; /* of the statement; NULL: none yet */
    struct row_reader next;
    bool running;
    struct row_store *waiting; /* NULL: none yet */
    struct range *dropped;     /* ascending */
    int ndropped;
    int dropped_cap;
    struct firing *firings;
    int nfirings;
    int firings_cap;
    struct mode *modes;
    int nmodes;
    int modes_cap;
    uint32_t serial; /* rises with each savepoint */
};

static struct err *checks_of(struct session *s, struct checks **out)
{
    if (!s->checks) {
        s->checks = calloc(1, sizeof(*s->checks));
        if (!s->checks)
            return err_oom();
        s->checks->serial = 1;
    }
    *out = s->checks;
    return NULL;
}

/* Room for one more. */
static struct err *reserve(void **items, int count, int *cap, size_t size)
{
    if (count < *cap)
        return NULL;
    int n = *cap ? *cap * 2 : 8;
    void *grown = realloc(*items, size * (size_t)n);
    if (!grown)
        return err_oom();
    *items = grown;
    *cap = n;
    return NULL;
}

/* ---- the queue ---- */

enum { EV_KIND, EV_CON, EV_RELID, EV_PARENT, EV_NKEYS, EV_HAS_NEW, EV_KEYS, EV_WIDTH };

static struct err *new_store(struct session *s, struct row_store **out)
{
    return row_store_new(session_temp_quota(s), s->work_mem_bytes, EV_WIDTH, out);
}

static struct err *store_for(struct session *s, struct checks *c, bool deferred,
                             struct row_store **out)
{
    if (deferred && !c->waiting)
        TRY(new_store(s, &c->waiting));
    if (!deferred && !c->now) {
        TRY(new_store(s, &c->now));
        row_reader_init(&c->next, c->now);
    }
    *out = deferred ? c->waiting : c->now;
    return NULL;
}

static struct err *queue_event(const struct exec_env *env, const struct check_event *ev,
                               bool deferred)
{
    struct checks *c = NULL;
    struct row_store *store;
    struct buf keys = BUF_INIT;
    TRY(checks_of(env->session, &c));
    TRY(store_for(env->session, c, deferred, &store));
    row_encode(&keys, ev->old, ev->n);
    if (ev->new)
        row_encode(&keys, ev->new, ev->n);
    const struct datum row[EV_WIDTH] = {[EV_KIND] = datum_int(ev->kind),
                                        [EV_CON] = datum_int(ev->con),
                                        [EV_RELID] = datum_int(ev->relid),
                                        [EV_PARENT] = datum_int(ev->parent),
                                        [EV_NKEYS] = datum_int(ev->n),
                                        [EV_HAS_NEW] = datum_bool(ev->new != NULL),
                                        [EV_KEYS] = datum_bytes(buf_cstr(&keys), keys.len)};
    struct err *e = buf_finish(&keys);
    if (!e)
        e = row_store_add(store, row);
    buf_done(&keys);
    return e;
}

struct err *check_queue(const struct exec_env *env, enum check_kind kind,
                        const struct constraint *con, uint32_t parent, const struct datum *old_keys,
                        const struct datum *new_keys, int n, bool deferred)
{
    const struct check_event ev = {
        kind, con->oid, con->relid, parent, n, (struct datum *)old_keys, (struct datum *)new_keys};
    return queue_event(env, &ev, deferred);
}

struct err *check_queue_trigger(const struct exec_env *env, uint32_t trigger, uint32_t relid,
                                uint32_t event, const struct datum *old, const struct datum *new,
                                int n)
{
    const struct check_event ev = {CHECK_TRIGGER,
                                   trigger,
                                   relid,
                                   event,
                                   n,
                                   (struct datum *)(old ? old : new),
                                   (struct datum *)(old ? new : NULL)};
    return queue_event(env, &ev, false);
}

/* The check in a row, in memory of its own: running it may add to the store. */
static struct err *make_event(const struct datum *row, struct arena *a, struct check_event *ev)
{
    int n = (int)row[EV_NKEYS].i;
    bool has_new = row[EV_HAS_NEW].i;
    struct str keys = datum_as_str(keep(a, row[EV_KEYS]));
    *ev = (struct check_event){.kind = (enum check_kind)row[EV_KIND].i,
                               .con = (uint32_t)row[EV_CON].u,
                               .relid = (uint32_t)row[EV_RELID].u,
                               .parent = (uint32_t)row[EV_PARENT].u,
                               .n = n};
    ev->old = arena_new_array(a, struct datum, 2 * n + 1);
    ev->new = has_new ? ev->old + n : NULL;
    return row_decode(keys, ev->old, has_new ? 2 * n : n);
}

static void drop_statement(struct checks *c)
{
    if (c->now) {
        row_store_clear(c->now);
        row_reader_rewind(&c->next);
    }
    c->running = false;
}

struct err *checks_enter(struct session *s, struct checks_level *outer)
{
    struct checks *c = NULL;
    TRY(checks_of(s, &c));
    *outer = (struct checks_level){c->now, c->next, c->running};
    c->now = NULL;
    c->running = false;
    return NULL;
}

void checks_leave(struct session *s, const struct checks_level *outer)
{
    struct checks *c = s->checks;
    if (c->now) {
        row_reader_done(&c->next);
        row_store_free(c->now);
    }
    c->now = outer->now;
    c->next = outer->next;
    c->running = outer->running;
}

static size_t nwaiting(const struct checks *c)
{
    return c->waiting ? row_store_count(c->waiting) : 0;
}

struct checks_mark checks_mark(struct session *s)
{
    struct checks *c = s->checks;
    if (!c)
        return (struct checks_mark){0, 0, 1};
    c->serial++;
    return (struct checks_mark){nwaiting(c), c->nmodes, c->serial};
}

/* The last ranges may lie in the new one, or end where it begins. */
static void drop_from(struct checks *c, size_t from)
{
    size_t to = nwaiting(c);
    if (from == to)
        return;
    while (c->ndropped && c->dropped[c->ndropped - 1].to >= from) {
        size_t before = c->dropped[--c->ndropped].from;
        from = before < from ? before : from;
    }
    struct err *e =
        reserve((void **)&c->dropped, c->ndropped, &c->dropped_cap, sizeof(*c->dropped));
    CHECK(e == NULL);
    c->dropped[c->ndropped++] = (struct range){from, to};
}

void checks_rollback(struct session *s, struct checks_mark mark)
{
    struct checks *c = s->checks;
    if (!c)
        return;
    drop_statement(c);
    drop_from(c, mark.nwaiting);
    while (c->nfirings && c->firings[c->nfirings - 1].serial >= mark.serial)
        c->nfirings--;
    c->nmodes = mark.nmodes;
}

void checks_forget(struct session *s)
{
    struct checks *c = s->checks;
    if (!c)
        return;
    row_reader_done(&c->next);
    row_store_free(c->now);
    row_store_free(c->waiting);
    free(c->dropped);
    free(c->firings);
    free(c->modes);
    free(c);
    s->checks = NULL;
}

/* ---- modes ---- */

/* By the first `nmodes` of them. */
static bool mode_of(const struct checks *c, int nmodes, uint32_t con, bool otherwise)
{
    for (int i = nmodes - 1; i >= 0; i--)
        if (!c->modes[i].con || c->modes[i].con == con)
            return c->modes[i].deferred;
    return otherwise;
}

bool check_is_deferred(const struct session *s, const struct constraint *con)
{
    if (!con->deferrable)
        return false;
    const struct checks *c = s->checks;
    return c ? mode_of(c, c->nmodes, con->oid, con->deferred) : con->deferred;
}

static struct err *set_mode(struct checks *c, uint32_t con, bool deferred)
{
    TRY(reserve((void **)&c->modes, c->nmodes, &c->modes_cap, sizeof(*c->modes)));
    c->modes[c->nmodes++] = (struct mode){con, deferred};
    return NULL;
}

/* ---- running ---- */

static struct err *run_event(const struct exec_env *env, const struct check_event *ev)
{
    txn_next_command(env->cat->txn);
    switch (ev->kind) {
    case CHECK_CHILD:
        return fk_run_child(env, ev);
    case CHECK_PARENT:
        return fk_run_parent(env, ev);
    case CHECK_TRIGGER:
        return trigger_run_queued(env, ev);
    case CHECK_UNIQUE:
        return unique_run(env, ev);
    }
    UNREACHABLE();
}

static struct err *run_row(const struct exec_env *env, const struct datum *row, struct arena *a)
{
    struct check_event ev;
    arena_reset(a);
    TRY(make_event(row, a, &ev));
    TRY(run_event(env, &ev));
    return fiber_tick();
}

struct err *checks_statement_end(const struct exec_env *env)
{
    struct checks *c = env->session ? env->session->checks : NULL;
    struct err *e = NULL;
    struct arena arena;
    if (!c || c->running || !c->now)
        return NULL;
    c->running = true;
    arena_init(&arena);
    for (bool found = true; found && !e;) {
        const struct datum *row;
        e = row_reader_next(&c->next, &row, &found);
        if (!e && found)
            e = run_row(env, row, &arena);
    }
    arena_done(&arena);
    drop_statement(c);
    return e;
}

/* Whether a waiting check is still to be run at all. */
static bool is_due(const struct checks *c, size_t number, uint32_t con)
{
    for (int i = 0; i < c->ndropped; i++)
        if (number >= c->dropped[i].from && number < c->dropped[i].to)
            return false;
    for (int i = 0; i < c->nfirings; i++)
        if (number < c->firings[i].before && !mode_of(c, c->firings[i].nmodes, con, true))
            return false;
    return true;
}

/* Runs what waits and need not wait any longer: all of it, at commit. The list can grow meanwhile.
 */
static struct err *run_waiting(struct session *s, struct arena *a, struct row_reader *r, bool all)
{
    struct checks *c = s->checks;
    struct exec_env env = session_exec_env(s);
    for (;;) {
        const struct datum *row;
        bool found;
        size_t number = r->at;
        TRY(row_reader_next(r, &row, &found));
        if (!found)
            return NULL;
        uint32_t con = (uint32_t)row[EV_CON].u;
        if (!is_due(c, number, con) || (!all && mode_of(c, c->nmodes, con, true)))
            continue;
        TRY(run_row(&env, row, a));
        TRY(checks_statement_end(&env));
    }
}

static struct err *fire(struct session *s, bool all)
{
    struct checks *c = s->checks;
    struct row_reader reader;
    struct arena arena;
    if (!nwaiting(c))
        return NULL;
    arena_init(&arena);
    row_reader_init(&reader, c->waiting);
    struct err *e = run_waiting(s, &arena, &reader, all);
    row_reader_done(&reader);
    arena_done(&arena);
    return e;
}

struct err *checks_commit(struct session *s)
{
    return s->checks ? fire(s, true) : NULL;
}

/* After SET CONSTRAINTS ... IMMEDIATE. */
static struct err *fire_immediate(struct session *s)
{
    struct checks *c = s->checks;
    TRY(reserve((void **)&c->firings, c->nfirings, &c->firings_cap, sizeof(*c->firings)));
    TRY(fire(s, false));
    c->firings[c->nfirings++] = (struct firing){nwaiting(c), c->nmodes, c->serial};
    return NULL;
}

/* ---- SET CONSTRAINTS ---- */

static struct err *set_in_schema(struct session *s, uint32_t nsp, const char *name, bool deferred,
                                 bool *found)
{
    struct systab_scan scan;
    struct datum v[CON_COUNT];
    struct err *e = NULL;
    TRY(systab_open(&s->cat, PG_CONSTRAINT, 0, NULL, 0, &scan));
    for (bool more = true; !e && more;) {
        e = systab_next(&scan, v, &more);
        if (e || !more || v[CON_NSP].u != nsp || !str_eq_c(datum_as_str(v[CON_NAME]), name))
            continue;
        *found = true;
        if (v[CON_DEFERRABLE].i)
            e = set_mode(s->checks, (uint32_t)v[CON_OID].u, deferred);
        else if (deferred)
            e = err_new("42809", "constraint \"%s\" is not deferrable", name);
    }
    systab_close(&scan);
    return e;
}

/* Every constraint of that name in the first schema of the path that has one. */
static struct err *set_named(struct session *s, const PgQuery__RangeVar *rv, bool deferred)
{
    bool found = false;
    if (rv->schemaname && *rv->schemaname) {
        uint32_t nsp;
        TRY(cat_namespace_oid(&s->cat, str_from(rv->schemaname), &nsp));
        if (!nsp)
            return err_new("3F000", "schema \"%s\" does not exist", rv->schemaname);
        TRY(acl_check_schema(&s->cat, str_from(rv->schemaname)));
        TRY(set_in_schema(s, nsp, rv->relname, deferred, &found));
    }
    for (int i = 0; !(rv->schemaname && *rv->schemaname) && !found && i < s->cat.nsearch_path; i++)
        TRY(set_in_schema(s, s->cat.search_path[i], rv->relname, deferred, &found));
    return found ? NULL : err_new("42704", "constraint \"%s\" does not exist", rv->relname);
}

struct err *checks_set_constraints(struct session *s, const void *stmt)
{
    const PgQuery__ConstraintsSetStmt *set = stmt;
    struct checks *c = NULL;
    TRY(checks_of(s, &c));
    if (!set->n_constraints)
        TRY(set_mode(c, 0, set->deferred));
    for (size_t i = 0; i < set->n_constraints; i++)
        TRY(set_named(s, set->constraints[i]->range_var, set->deferred));
    return set->deferred ? NULL : fire_immediate(s);
}

static struct err *find_pending(const struct checks *c, struct row_reader *r, uint32_t relid,
                                bool *pending)
{
    *pending = false;
    for (bool found = true; found && !*pending;) {
        const struct datum *row;
        size_t number = r->at;
        TRY(row_reader_next(r, &row, &found));
        if (!found)
            return NULL;
        uint64_t on = row[EV_KIND].i == CHECK_PARENT ? row[EV_PARENT].u : row[EV_RELID].u;
        *pending = on == relid && is_due(c, number, (uint32_t)row[EV_CON].u);
        TRY(fiber_tick());
    }
    return NULL;
}

struct err *checks_none_pending(struct session *s, uint32_t relid, const char *name,
                                const char *command)
{
    const struct checks *c = s->checks;
    struct row_reader reader;
    bool pending;
    if (!c || !nwaiting(c))
        return NULL;
    row_reader_init(&reader, c->waiting);
    struct err *e = find_pending(c, &reader, relid, &pending);
    row_reader_done(&reader);
    if (!e && pending)
        e = err_new("55006", "cannot %s \"%s\" because it has pending trigger events", command,
                    name);
    return e;
}
