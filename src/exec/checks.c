/* The queue of constraint checks that wait: see checks.h.
 *
 * A check that is not deferred goes into the statement's list, which is empty again when the
 * statement has ended; cascading actions append to it, so that all of a statement's changes are
 * made before a later check looks at them. A deferred check goes into `waiting`. One that SET
 * CONSTRAINTS ran stays there, marked with the savepoint level that ran it, until the transaction
 * ends: rolling that level back makes it due again.
 *
 * SET CONSTRAINTS adds to a list of modes; the last one that concerns a constraint counts, so that
 * rolling back is cutting the list. */
#include "exec/checks_internal.h"

#include "exec/ddl_internal.h"

#include <stdlib.h>

struct mode {
    uint32_t con; /* 0: all */
    bool deferred;
};

struct checks {
    struct check_event *first; /* of the statement */
    struct check_event *last;
    bool running;
    struct check_event **waiting;
    int nwaiting;
    int waiting_cap;
    struct mode *modes;
    int nmodes;
    int modes_cap;
    uint32_t serial; /* rises with each savepoint */
};

static struct checks *checks_of(struct session *s)
{
    if (!s->checks) {
        s->checks = calloc(1, sizeof(*s->checks));
        CHECK(s->checks != NULL);
        s->checks->serial = 1;
    }
    return s->checks;
}

/* ---- the queue ---- */

static struct datum copy_into(char **at, struct datum d)
{
    if (!d.null && d.len) {
        memcpy(*at, d.p, d.len);
        d.p = (void *)*at;
        *at += (d.len + 7) & ~(size_t)7;
    }
    return d;
}

static size_t bytes_of(const struct datum *d, int n)
{
    size_t bytes = 0;
    for (int i = 0; d && i < n; i++)
        bytes += d[i].null ? 0 : (d[i].len + 7) & ~(size_t)7;
    return bytes;
}

static struct check_event *new_event(const struct datum *old_keys, const struct datum *new_keys,
                                     int n)
{
    size_t datums = sizeof(struct datum) * (size_t)n * (new_keys ? 2 : 1);
    struct check_event *ev =
        malloc(sizeof(*ev) + datums + bytes_of(old_keys, n) + bytes_of(new_keys, n));
    CHECK(ev != NULL);
    char *at = (char *)(ev + 1) + datums;
    *ev = (struct check_event){.n = n, .old = (struct datum *)(ev + 1)};
    ev->new = new_keys ? ev->old + n : NULL;
    for (int i = 0; i < n; i++)
        ev->old[i] = copy_into(&at, old_keys[i]);
    for (int i = 0; new_keys && i < n; i++)
        ev->new[i] = copy_into(&at, new_keys[i]);
    return ev;
}

static void add_waiting(struct checks *c, struct check_event *ev)
{
    if (c->nwaiting == c->waiting_cap) {
        c->waiting_cap = c->waiting_cap ? c->waiting_cap * 2 : 16;
        c->waiting = realloc(c->waiting, sizeof(struct check_event *) * (size_t)c->waiting_cap);
        CHECK(c->waiting != NULL);
    }
    c->waiting[c->nwaiting++] = ev;
}

void check_queue(const struct exec_env *env, enum check_kind kind, const struct constraint *con,
                 uint32_t parent, const struct datum *old_keys, const struct datum *new_keys, int n,
                 bool deferred)
{
    struct checks *c = checks_of(env->session);
    struct check_event *ev = new_event(old_keys, new_keys, n);
    ev->kind = kind;
    ev->con = con->oid;
    ev->relid = con->relid;
    ev->parent = parent;
    if (deferred) {
        add_waiting(c, ev);
        return;
    }
    if (c->last)
        c->last->next = ev;
    else
        c->first = ev;
    c->last = ev;
}

static void drop_statement(struct checks *c)
{
    while (c->first) {
        struct check_event *next = c->first->next;
        free(c->first);
        c->first = next;
    }
    c->last = NULL;
    c->running = false;
}

struct checks_mark checks_mark(struct session *s)
{
    struct checks *c = checks_of(s);
    c->serial++;
    return (struct checks_mark){c->nwaiting, c->nmodes, c->serial};
}

void checks_rollback(struct session *s, struct checks_mark mark)
{
    struct checks *c = s->checks;
    if (!c)
        return;
    drop_statement(c);
    while (c->nwaiting > mark.nwaiting)
        free(c->waiting[--c->nwaiting]);
    for (int i = 0; i < c->nwaiting; i++)
        if (c->waiting[i]->fired >= mark.serial)
            c->waiting[i]->fired = 0;
    c->nmodes = mark.nmodes;
}

void checks_forget(struct session *s)
{
    struct checks *c = s->checks;
    if (!c)
        return;
    drop_statement(c);
    while (c->nwaiting)
        free(c->waiting[--c->nwaiting]);
    free(c->waiting);
    free(c->modes);
    free(c);
    s->checks = NULL;
}

/* ---- modes ---- */

bool check_is_deferred(const struct session *s, const struct constraint *con)
{
    if (!con->deferrable)
        return false;
    const struct checks *c = s->checks;
    for (int i = c ? c->nmodes - 1 : -1; i >= 0; i--)
        if (!c->modes[i].con || c->modes[i].con == con->oid)
            return c->modes[i].deferred;
    return con->deferred;
}

static void set_mode(struct checks *c, uint32_t con, bool deferred)
{
    if (c->nmodes == c->modes_cap) {
        c->modes_cap = c->modes_cap ? c->modes_cap * 2 : 8;
        c->modes = realloc(c->modes, sizeof(*c->modes) * (size_t)c->modes_cap);
        CHECK(c->modes != NULL);
    }
    c->modes[c->nmodes++] = (struct mode){con, deferred};
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
    case CHECK_UNIQUE:
        return unique_run(env, ev);
    }
    UNREACHABLE();
}

struct err *checks_statement_end(const struct exec_env *env)
{
    struct checks *c = env->session ? env->session->checks : NULL;
    struct err *e = NULL;
    if (!c || c->running)
        return NULL;
    c->running = true;
    while (c->first && !e) {
        struct check_event *ev = c->first;
        e = run_event(env, ev);
        if (!e)
            e = fiber_tick();
        c->first = ev->next;
        if (!c->first)
            c->last = NULL;
        free(ev);
    }
    drop_statement(c);
    return e;
}

/* Runs what waits and need not wait any longer: all of it, at commit. */
static struct err *run_waiting(struct session *s, bool all,
                               bool (*due)(const struct session *s, const struct check_event *))
{
    struct checks *c = s->checks;
    struct exec_env env = session_exec_env(s);
    for (int i = 0; i < c->nwaiting; i++) { /* the list can grow meanwhile */
        struct check_event *ev = c->waiting[i];
        if (ev->fired || (!all && !due(s, ev)))
            continue;
        ev->fired = c->serial;
        TRY(run_event(&env, ev));
        TRY(checks_statement_end(&env));
        TRY(fiber_tick());
    }
    return NULL;
}

struct err *checks_commit(struct session *s)
{
    return s->checks && s->checks->nwaiting ? run_waiting(s, true, NULL) : NULL;
}

static bool now_immediate(const struct session *s, const struct check_event *ev)
{
    const struct constraint con = {.oid = ev->con, .deferrable = true, .deferred = true};
    return !check_is_deferred(s, &con);
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
            set_mode(checks_of(s), (uint32_t)v[CON_OID].u, deferred);
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
        TRY(set_in_schema(s, nsp, rv->relname, deferred, &found));
    }
    for (int i = 0; !(rv->schemaname && *rv->schemaname) && !found && i < s->cat.nsearch_path; i++)
        TRY(set_in_schema(s, s->cat.search_path[i], rv->relname, deferred, &found));
    return found ? NULL : err_new("42704", "constraint \"%s\" does not exist", rv->relname);
}

struct err *checks_set_constraints(struct session *s, const void *stmt)
{
    const PgQuery__ConstraintsSetStmt *set = stmt;
    struct checks *c = checks_of(s);
    if (!set->n_constraints)
        set_mode(c, 0, set->deferred);
    for (size_t i = 0; i < set->n_constraints; i++)
        TRY(set_named(s, set->constraints[i]->range_var, set->deferred));
    return set->deferred ? NULL : run_waiting(s, false, now_immediate);
}

struct err *checks_none_pending(struct session *s, uint32_t relid, const char *name,
                                const char *command)
{
    const struct checks *c = s->checks;
    for (int i = 0; c && i < c->nwaiting; i++) {
        const struct check_event *ev = c->waiting[i];
        uint32_t on = ev->kind == CHECK_PARENT ? ev->parent : ev->relid;
        if (!ev->fired && on == relid)
            return err_new("55006", "cannot %s \"%s\" because it has pending trigger events",
                           command, name);
    }
    return NULL;
}
