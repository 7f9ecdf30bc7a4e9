/* The session's transaction: implicit ones, blocks, savepoints, failure. The store's transaction is
 * opened by the first statement that needs one, so that BEGIN; SET TRANSACTION works and a session
 * that only talks about settings never opens any.
 *
 *   NONE --statement--> IMPLICIT --BEGIN--> BLOCK --error--> FAILED
 *     ^                    | end, error       | COMMIT, ROLLBACK   | COMMIT, ROLLBACK
 *     +--------------------+------------------+--------------------+
 *   FAILED --ROLLBACK TO--> BLOCK
 *
 * IMPLICIT, BLOCK: cat.txn may be open. FAILED: it is open only if savepoints are left. */
#include "server/server_internal.h"

#include "catalog/acl.h"
#include "catalog/activity.h"

#include "exec/large_objects.h"
#include "exec/temp.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include <pg_query/pg_query.pb-c.h>

const char *isolation_name(enum txn_isolation i, bool uncommitted)
{
    switch (i) {
    case TXN_READ_COMMITTED:
        return uncommitted ? "read uncommitted" : "read committed";
    case TXN_REPEATABLE_READ:
        return "repeatable read";
    case TXN_SERIALIZABLE:
        return "serializable";
    }
    UNREACHABLE();
}

enum txn_isolation isolation_parse(const char *level)
{
    if (strcmp(level, "serializable") == 0)
        return TXN_SERIALIZABLE;
    return strcmp(level, "repeatable read") == 0 ? TXN_REPEATABLE_READ : TXN_READ_COMMITTED;
}

void xact_begin(struct backend *b)
{
    struct xact *x = &b->xact;
    if (x->state != XACT_NONE)
        return;
    x->state = XACT_IMPLICIT;
    x->implicit_block = false;
    x->had_query = false;
    x->read_only = b->default_read_only;
    x->isolation = b->default_isolation;
    x->deferrable = b->default_deferrable;
    x->uncommitted = b->default_uncommitted;
    x->start = b->base.types.stmt_timestamp;
    x->number++;
    b->base.types.txn_timestamp = x->start;
}

struct err *xact_begin_store(struct backend *b)
{
    struct cat *c = &b->base.cat;
    b->xact.had_query = true;
    if (c->txn)
        return NULL;
    TRY(txn_begin(catalog_txn_mgr(server_catalog), b->xact.isolation, b->xact.read_only, &c->txn));
    txn_set_pid(c->txn, b->base.pid, c->db, &b->activity.xid);
    txn_set_temp_quota(c->txn, &b->base.temp_quota);
    if (b->base.locks)
        txn_session_join(b->base.locks, c->txn);
    if (b->deadlock_timeout_ms)
        txn_set_deadlock_timeout(c->txn, b->deadlock_timeout_ms);
    if (b->lock_timeout_ms)
        txn_set_lock_timeout(c->txn, b->lock_timeout_ms);
    return NULL;
}

struct err *xact_open(struct backend *b)
{
    struct cat *c = &b->base.cat;
    bool fresh = !c->txn;
    TRY(xact_begin_store(b));
    if (fresh && b->xact.deferrable && b->xact.read_only && b->xact.isolation == TXN_SERIALIZABLE)
        TRY(txn_safe_snapshot(c->txn));
    if (b->path_dirty || c->local || b->path_version != catalog_version(server_catalog)) {
        const struct role_rights *rights;
        TRY(cat_rights(c, &rights));
        backend_set_superuser(b, rights->superuser);
        TRY(resolve_search_path(b));
    }
    return NULL;
}

void xact_next(struct backend *b)
{
    if (b->base.cat.txn)
        txn_next_command(b->base.cat.txn);
}

static void forget_savepoints(struct backend *b, int keep)
{
    while (b->xact.nsaves > keep)
        free(b->xact.saves[--b->xact.nsaves].name);
    if (!keep) {
        free(b->xact.saves);
        b->xact.saves = NULL;
        b->xact.saves_cap = 0;
    }
}

static void forget_catalog(struct backend *b)
{
    if (b->base.cat.local)
        b->path_dirty = true;
    cat_forget_local(&b->base.cat, true);
}

/* The store's transaction is over. */
static void detach_store(struct backend *b)
{
    b->base.cat.txn = NULL;
    atomic_store_explicit(&b->activity.xid, 0, memory_order_relaxed);
}

/* For pg_stat_database. */
static void note_end(struct backend *b, bool committed)
{
    activity_add(activity_of(b->base.cat.db, 0), committed ? ACTIVITY_COMMITS : ACTIVITY_ROLLBACKS,
                 1);
}

static void abort_store(struct backend *b)
{
    struct txn *t = b->base.cat.txn;
    portals_end(b, b->xact.number);
    checks_forget(&b->base);
    large_objects_forget(&b->base);
    if (t) {
        txn_abort(t);
        note_end(b, false);
    }
    detach_store(b);
    forget_catalog(b);
}

void xact_rollback(struct backend *b)
{
    abort_store(b);
    notify_rollback(b, 0);
    settings_rollback(&b->settings, 0);
    forget_savepoints(b, 0);
    b->xact.state = XACT_NONE;
}

/* What is left to do in the transaction when its statements are done, while it can still fail. */
static struct err *pre_commit(struct backend *b)
{
    if (b->base.cat.txn) {
        TRY(checks_commit(&b->base));
        if (b->portals)
            TRY(cursors_hold(b));
        TRY(temp_pre_commit(&b->base));
    }
    return notify_pre_commit(b);
}

struct err *xact_commit(struct backend *b)
{
    struct err *e = pre_commit(b);
    if (e) {
        xact_rollback(b);
        return e;
    }
    struct txn *t = b->base.cat.txn;
    checks_forget(&b->base);
    large_objects_forget(&b->base);
    portals_end(b, 0);
    if (t) {
        e = txn_commit(t, b->async_commit);
        note_end(b, !e);
    }
    detach_store(b);
    forget_catalog(b);
    if (e) {
        portals_end(b, b->xact.number);
        notify_rollback(b, 0);
    } else if (b->notify) {
        notify_commit(b);
    }
    if (e)
        settings_rollback(&b->settings, 0);
    else if (b->settings.undo_count)
        settings_commit(&b->settings);
    forget_savepoints(b, 0);
    b->xact.state = XACT_NONE;
    return e;
}

struct err *xact_next_transaction(struct backend *b)
{
    TRY(checks_commit(&b->base));
    struct txn *t = b->base.cat.txn;
    checks_forget(&b->base);
    large_objects_forget(&b->base);
    struct err *e = txn_commit(t, b->async_commit);
    detach_store(b);
    forget_catalog(b);
    return e ? e : xact_open(b);
}

static void roll_back_to(struct backend *b, int save)
{
    portals_drop_level(b, save + 1);
    large_objects_rollback(&b->base, b->xact.saves[save].large_objects);
    txn_rollback_to(b->base.cat.txn, b->xact.saves[save].mark);
    if (b->base.cat.local)
        b->path_dirty = true;
    cat_forget_local(&b->base.cat, false);
    settings_rollback(&b->settings, b->xact.saves[save].settings_mark);
    checks_rollback(&b->base, b->xact.saves[save].checks);
    notify_rollback(b, b->xact.saves[save].notify_mark);
    b->xact.read_only = b->xact.saves[save].read_only;
}

void xact_fail(struct backend *b)
{
    struct xact *x = &b->xact;
    switch (x->state) {
    case XACT_NONE:
    case XACT_FAILED:
        break;
    case XACT_IMPLICIT:
        xact_rollback(b);
        break;
    case XACT_BLOCK:
        x->state = XACT_FAILED;
        if (x->nsaves) {
            roll_back_to(b, x->nsaves - 1);
        } else {
            abort_store(b);
            notify_rollback(b, 0);
            settings_rollback(&b->settings, 0);
        }
        break;
    }
}

bool xact_in_block(const struct backend *b)
{
    return b->xact.state == XACT_BLOCK || b->xact.state == XACT_FAILED;
}

bool xact_is_implicit(const struct backend *b)
{
    return b->xact.state == XACT_IMPLICIT && !b->xact.implicit_block;
}

struct err *xact_must_be_alone(struct backend *b, const struct run *r, const char *what)
{
    if (r->in_function)
        return err_new("25001", "%s cannot be executed from a function", what);
    if (xact_in_block(b) || !r->only)
        return err_new("25001", "%s cannot run inside a transaction block", what);
    return NULL;
}

char xact_status(const struct backend *b)
{
    return b->xact.state == XACT_BLOCK ? 'T' : b->xact.state == XACT_FAILED ? 'E' : 'I';
}

struct err *xact_set_isolation(struct backend *b, const char *level, bool uncommon)
{
    struct xact *x = &b->xact;
    enum txn_isolation isolation = isolation_parse(level);
    bool uncommitted = strcmp(level, "read uncommitted") == 0;
    if (isolation == x->isolation && uncommitted == x->uncommitted)
        return NULL;
    if (x->nsaves)
        return err_new("25001", "SET TRANSACTION ISOLATION LEVEL must not be called in a "
                                "subtransaction");
    if (x->had_query)
        return err_new("25001", "SET TRANSACTION ISOLATION LEVEL must be called before any query");
    x->isolation = isolation;
    x->uncommitted = uncommitted;
    return NULL;
}

struct err *xact_set_read_only(struct backend *b, bool read_only)
{
    struct xact *x = &b->xact;
    if (!read_only && x->nsaves && x->saves[x->nsaves - 1].read_only)
        return err_new("25001", "cannot set transaction read-write mode inside a read-only "
                                "transaction");
    if (!read_only && x->read_only && x->had_query)
        return err_new("25001", "transaction read-write mode must be set before any query");
    x->read_only = read_only;
    return NULL;
}

struct err *xact_set_deferrable(struct backend *b, bool deferrable)
{
    struct xact *x = &b->xact;
    if (x->nsaves)
        return err_new("25001", "SET TRANSACTION [NOT] DEFERRABLE cannot be called within a "
                                "subtransaction");
    if (x->had_query)
        return err_new("25001", "SET TRANSACTION [NOT] DEFERRABLE must be called before any query");
    x->deferrable = deferrable;
    return NULL;
}

/* ---- statements ---- */

static struct err *set_modes(struct backend *b, PgQuery__Node **options, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const PgQuery__DefElem *d = options[i]->def_elem;
        const PgQuery__AConst *c =
            d->arg && d->arg->node_case == PG_QUERY__NODE__NODE_A_CONST ? d->arg->a_const : NULL;
        if (!c)
            continue;
        if (strcmp(d->defname, "transaction_isolation") == 0 &&
            c->val_case == PG_QUERY__A__CONST__VAL_SVAL)
            TRY(xact_set_isolation(b, c->sval->sval, false));
        else if (strcmp(d->defname, "transaction_read_only") == 0)
            TRY(xact_set_read_only(b,
                                   c->val_case == PG_QUERY__A__CONST__VAL_IVAL && c->ival->ival));
        else if (strcmp(d->defname, "transaction_deferrable") == 0)
            TRY(xact_set_deferrable(b,
                                    c->val_case == PG_QUERY__A__CONST__VAL_IVAL && c->ival->ival));
    }
    return NULL;
}

static struct err *begin_block(struct backend *b, const PgQuery__TransactionStmt *s)
{
    if (b->xact.state == XACT_BLOCK) {
        backend_warn(b, "25001", "there is already a transaction in progress");
        return set_modes(b, s->options, s->n_options);
    }
    b->xact.state = XACT_BLOCK;
    return set_modes(b, s->options, s->n_options);
}

/* COMMIT AND CHAIN, ROLLBACK AND CHAIN: the next block has the modes of this one. */
static void chain(struct backend *b, struct xact old)
{
    xact_begin(b);
    b->xact.state = XACT_BLOCK;
    if (old.state == XACT_FAILED) /* the failure has reset them, as in PostgreSQL */
        return;
    b->xact.isolation = old.isolation;
    b->xact.read_only = old.read_only;
    b->xact.deferrable = old.deferrable;
    b->xact.uncommitted = old.uncommitted;
}

static struct err *end_block(struct backend *b, const PgQuery__TransactionStmt *s, bool commit,
                             char tag[TAG_BYTES])
{
    struct xact old = b->xact;
    struct err *e = NULL;
    if (!xact_in_block(b)) {
        if (s->chain)
            return err_new("25P01", "%s AND CHAIN can only be used in transaction blocks",
                           commit ? "COMMIT" : "ROLLBACK");
        backend_warn(b, "25P01", "there is no transaction in progress");
    }
    if (old.state == XACT_FAILED)
        commit = false;
    snprintf(tag, TAG_BYTES, "%s", commit ? "COMMIT" : "ROLLBACK");
    if (commit)
        e = xact_commit(b);
    else
        xact_rollback(b);
    if (!e && s->chain)
        chain(b, old);
    return e;
}

static struct err *need_block(struct backend *b, const char *what)
{
    if (xact_in_block(b))
        return NULL;
    return err_new("25P01", "%s can only be used in transaction blocks", what);
}

/* In the open transaction. */
static void push_savepoint(struct backend *b, const char *name)
{
    struct xact *x = &b->xact;
    if (x->nsaves == x->saves_cap) {
        x->saves_cap = x->saves_cap ? x->saves_cap * 2 : 4;
        x->saves = realloc(x->saves, sizeof(*x->saves) * (size_t)x->saves_cap);
        CHECK(x->saves != NULL);
    }
    char *copy = strdup(name);
    CHECK(copy != NULL);
    txn_next_command(b->base.cat.txn);
    x->saves[x->nsaves++] = (struct savepoint){copy,
                                               txn_savepoint(b->base.cat.txn),
                                               settings_mark(&b->settings),
                                               checks_mark(&b->base),
                                               large_objects_mark(&b->base),
                                               notify_mark(b),
                                               x->read_only};
}

static struct err *define_savepoint(struct backend *b, const char *name)
{
    TRY(need_block(b, "SAVEPOINT"));
    bool had_query = b->xact.had_query;
    TRY(xact_open(b));
    b->xact.had_query = had_query;
    push_savepoint(b, name);
    return NULL;
}

static struct err *find_savepoint(struct backend *b, const char *name, int *out)
{
    for (int i = b->xact.nsaves - 1; i >= 0; i--) {
        if (strcmp(b->xact.saves[i].name, name) == 0) {
            *out = i;
            return NULL;
        }
    }
    return err_new("3B001", "savepoint \"%s\" does not exist", name);
}

/* With those within it. */
static void pop_savepoint(struct backend *b, int i)
{
    txn_release(b->base.cat.txn, b->xact.saves[i].mark);
    b->xact.read_only = b->xact.saves[i].read_only;
    forget_savepoints(b, i);
    for (struct portal *p = b->portals; p; p = p->next)
        if (p->level > i)
            p->level = i;
}

static struct err *release_savepoint(struct backend *b, const char *name)
{
    int i = 0;
    TRY(need_block(b, "RELEASE SAVEPOINT"));
    TRY(find_savepoint(b, name, &i));
    pop_savepoint(b, i);
    return NULL;
}

static struct err *rollback_to_savepoint(struct backend *b, const char *name)
{
    int i = 0;
    TRY(need_block(b, "ROLLBACK TO SAVEPOINT"));
    TRY(find_savepoint(b, name, &i));
    roll_back_to(b, i);
    forget_savepoints(b, i + 1);
    b->xact.state = XACT_BLOCK;
    return NULL;
}

/* ---- functions ---- */

/* No savepoint of SQL is called so. */
#define TRY_NAME ""

struct err *xact_try(struct session *s)
{
    struct backend *b = (struct backend *)s;
    TRY(xact_open(b));
    push_savepoint(b, TRY_NAME);
    b->tries++;
    return NULL;
}

struct err *xact_try_end(struct session *s, bool keep)
{
    struct backend *b = (struct backend *)s;
    const int last = b->xact.nsaves - 1;
    b->tries--;
    if (!keep)
        roll_back_to(b, last);
    pop_savepoint(b, last);
    return xact_open(b);
}

struct err *xact_end_in_function(struct session *s, bool commit, bool with_chain)
{
    struct backend *b = (struct backend *)s;
    const struct xact old = b->xact;
    if (!b->may_end_transaction)
        return err_new("2D000", "invalid transaction termination");
    if (b->tries)
        return commit ? err_new("2D000", "cannot commit while a subtransaction is active")
                      : err_new("2D000", "cannot roll back while a subtransaction is active");
    struct err *e = NULL;
    if (commit)
        e = xact_commit(b);
    else
        xact_rollback(b);
    xact_begin(b);
    if (with_chain) {
        b->xact.isolation = old.isolation;
        b->xact.read_only = old.read_only;
        b->xact.deferrable = old.deferrable;
    }
    return e ? e : xact_open(b);
}

/* ---- two-phase commit, which is switched off: max_prepared_transactions is 0 ---- */

static struct err *prepare_transaction(struct backend *b, struct run *r)
{
    if (!xact_in_block(b)) {
        backend_warn(b, "25P01", "there is no transaction in progress");
        snprintf(r->tag, sizeof(r->tag), "ROLLBACK");
        return NULL;
    }
    bool failed = b->xact.state == XACT_FAILED;
    xact_rollback(b);
    snprintf(r->tag, sizeof(r->tag), "ROLLBACK");
    if (failed)
        return NULL;
    return err_hint(err_new("55000", "prepared transactions are disabled"),
                    "Set max_prepared_transactions to a nonzero value.");
}

static struct err *prepared_transaction(struct backend *b, struct run *r,
                                        const PgQuery__TransactionStmt *s)
{
    bool commit = s->kind == PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_COMMIT_PREPARED;
    TRY(xact_must_be_alone(b, r, commit ? "COMMIT PREPARED" : "ROLLBACK PREPARED"));
    return err_new("42704", "prepared transaction with identifier \"%s\" does not exist", s->gid);
}

struct err *run_transaction(struct backend *b, struct run *r)
{
    const PgQuery__TransactionStmt *s = r->raw->tree->transaction_stmt;
    const char *tag = "";
    struct err *e = NULL;
    switch (s->kind) {
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_BEGIN:
        tag = "BEGIN";
        e = begin_block(b, s);
        break;
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_START:
        tag = "START TRANSACTION";
        e = begin_block(b, s);
        break;
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_COMMIT:
        return end_block(b, s, true, r->tag);
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_ROLLBACK:
        return end_block(b, s, false, r->tag);
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_SAVEPOINT:
        tag = "SAVEPOINT";
        e = define_savepoint(b, s->savepoint_name);
        break;
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_RELEASE:
        tag = "RELEASE";
        e = release_savepoint(b, s->savepoint_name);
        break;
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_ROLLBACK_TO:
        tag = "ROLLBACK";
        e = rollback_to_savepoint(b, s->savepoint_name);
        break;
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_PREPARE:
        return prepare_transaction(b, r);
    default:
        return prepared_transaction(b, r, s);
    }
    snprintf(r->tag, sizeof(r->tag), "%s", tag);
    return e;
}
