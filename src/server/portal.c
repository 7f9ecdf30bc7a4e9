/* Portals: a planned statement with its parameters, run in parts. They end with their transaction;
 * one unused portal is kept to save allocations, since most are made for one Execute. */
#include "server/server_internal.h"

#include <pg_query/pg_query.pb-c.h>
#include <stdlib.h>

struct portal *portal_find(struct backend *b, const char *name)
{
    struct portal *p = b->portals;
    while (p && strcmp(p->name ? p->name : "", name) != 0)
        p = p->next;
    return p;
}

struct err *portal_new(struct backend *b, const char *name, struct prepared *stmt,
                       struct portal **out)
{
    struct portal *old = portal_find(b, name);
    if (old && *name)
        return err_new("42P03", "%s \"%s\" already exists", old->cursor ? "cursor" : "portal",
                       name);
    if (old)
        portal_drop(b, old);
    struct portal *p = b->spare;
    b->spare = NULL;
    if (!p) {
        p = malloc(sizeof(*p));
        if (!p)
            return err_oom();
    }
    *p = (struct portal){.stmt = prepared_ref(stmt), .level = b->xact.nsaves};
    if (*name) {
        p->name = strdup(name);
        CHECK(p->name != NULL);
    }
    p->created = b->base.types.stmt_timestamp;
    arena_borrow(&p->arena);
    p->next = b->portals;
    b->portals = p;
    *out = p;
    return NULL;
}

void portal_drop(struct backend *b, struct portal *p)
{
    for (struct portal **at = &b->portals; *at; at = &(*at)->next) {
        if (*at == p) {
            *at = p->next;
            break;
        }
    }
    exec_end(p->exec);
    cursor_free(p->cursor);
    prepared_unref(p->stmt);
    row_reader_done(&p->held_reader);
    row_store_free(p->held);
    arena_give_back(&p->arena);
    free(p->name);
    if (b->spare)
        free(p);
    else
        b->spare = p;
}

void portals_drop_all(struct backend *b)
{
    while (b->portals)
        portal_drop(b, b->portals);
}

void portals_end(struct backend *b, uint64_t aborted)
{
    for (struct portal *p = b->portals; p;) {
        struct portal *next = p->next;
        if (!p->active && !cursor_outlives(p, aborted))
            portal_drop(b, p);
        p = next;
    }
}

void portals_drop_level(struct backend *b, int level)
{
    for (struct portal *p = b->portals; p;) {
        struct portal *next = p->next;
        if (p->level >= level)
            portal_drop(b, p);
        p = next;
    }
}

/* ---- running ---- */

struct err *portal_start(struct backend *b, struct portal *p)
{
    if (p->state != PORTAL_NEW)
        return NULL;
    struct exec_env env = session_exec_env(&b->base);
    TRY(prepared_lock(b, p->stmt));
    TRY(check_read_only(b, p->stmt->plan));
    TRY(exec_begin(&env, p->stmt->plan, p->params, &p->exec));
    p->state = PORTAL_RUNNING;
    return NULL;
}

/* A statement that writes runs to its end at the first Execute, whatever its row limit. */
static struct err *hold_rows(struct backend *b, struct portal *p)
{
    const struct datum *row;
    bool found;
    TRY(row_store_new(session_temp_quota(&b->base), b->base.work_mem_bytes, p->stmt->desc.ncols,
                      &p->held));
    row_reader_init(&p->held_reader, p->held);
    for (;;) {
        TRY(exec_next(p->exec, &row, &found));
        if (!found)
            return NULL;
        TRY(row_store_add(p->held, row));
    }
}

/* The next row: held, or from the run. */
static struct err *portal_next(struct portal *p, const struct datum **row, bool *found)
{
    return p->held ? row_reader_next(&p->held_reader, row, found) : exec_next(p->exec, row, found);
}

static struct err *run_rows(struct backend *b, struct portal *p, uint64_t max_rows, bool send,
                            const int16_t *formats, int nformats, uint64_t *nrows, bool *done)
{
    struct buf *out = backend_out(b);
    const struct datum *row;
    bool found = true;
    while (!max_rows || *nrows < max_rows) {
        TRY(portal_next(p, &row, &found));
        if (!found)
            break;
        ++*nrows;
        if (send && plan_has_rows(p->stmt->plan))
            TRY(put_row(b, out, &p->stmt->desc, row, formats, nformats));
        if (out->len >= FLUSH_BYTES)
            TRY(backend_flush(b));
    }
    *done = !found;
    return NULL;
}

struct err *portal_run(struct backend *b, struct portal *p, uint64_t max_rows, bool send,
                       const int16_t *formats, int nformats, uint64_t *nrows, bool *done)
{
    struct err *e = NULL;
    *nrows = 0;
    *done = true;
    if (p->cursor)
        return cursor_forward(b, p, max_rows, send, formats, nformats, nrows, done);
    if (p->state == PORTAL_NEW)
        e = portal_start(b, p);
    else if (p->state == PORTAL_FAILED)
        e = err_new("55000", "portal \"%s\" cannot be run", p->name ? p->name : "");
    else if (p->state == PORTAL_DONE)
        return NULL;
    const struct statement_plan *plan = p->stmt->plan;
    if (!e && max_rows && !plan->read_only && plan->nout && !p->held)
        e = hold_rows(b, p);
    p->active = true;
    b->may_end_transaction = plan->query->call && xact_is_implicit(b);
    if (!e)
        e = run_rows(b, p, max_rows, send, formats, nformats, nrows, done);
    p->active = b->may_end_transaction = false;
    p->position += *nrows;
    if (e)
        p->state = PORTAL_FAILED;
    else if (*done)
        p->state = PORTAL_DONE;
    return e;
}

/* ---- tables in use ---- */

static bool portal_reads(const struct portal *p, uint32_t oid)
{
    const struct statement_plan *plan = p->exec ? p->stmt->plan : NULL;
    for (int i = 0; plan && i < plan->nrelations; i++)
        if (plan->relations[i]->oid == oid)
            return true;
    return false;
}

static struct err *check_relation(struct backend *b, const char *schema, const char *name,
                                  const char *what)
{
    uint32_t oid;
    struct str nsp = str_from(schema ? schema : "");
    TRY(cat_find_relation(&b->base.cat, nsp, str_from(name), true, &oid));
    for (const struct portal *p = b->portals; p && oid; p = p->next)
        if (portal_reads(p, oid))
            return err_new("55006",
                           "cannot %s \"%s\" because it is being used by active queries in this "
                           "session",
                           what, name);
    return NULL;
}

/* A name of DROP: a list of strings. */
static struct err *check_dropped(struct backend *b, const PgQuery__Node *object)
{
    const PgQuery__List *l = object->list;
    if (object->node_case != PG_QUERY__NODE__NODE_LIST || !l->n_items)
        return NULL;
    const char *schema = l->n_items > 1 ? l->items[l->n_items - 2]->string->sval : NULL;
    return check_relation(b, schema, l->items[l->n_items - 1]->string->sval, "DROP TABLE");
}

struct err *portals_check_in_use(struct backend *b, const PgQuery__Node *n)
{
    switch (n->node_case) {
    case PG_QUERY__NODE__NODE_ALTER_TABLE_STMT: {
        const PgQuery__RangeVar *rv = n->alter_table_stmt->relation;
        return check_relation(b, rv->schemaname, rv->relname, "ALTER TABLE");
    }
    case PG_QUERY__NODE__NODE_TRUNCATE_STMT:
        for (size_t i = 0; i < n->truncate_stmt->n_relations; i++) {
            const PgQuery__RangeVar *rv = n->truncate_stmt->relations[i]->range_var;
            TRY(check_relation(b, rv->schemaname, rv->relname, "TRUNCATE"));
        }
        return NULL;
    case PG_QUERY__NODE__NODE_DROP_STMT:
        for (size_t i = 0; i < n->drop_stmt->n_objects; i++)
            if (n->drop_stmt->remove_type == PG_QUERY__OBJECT_TYPE__OBJECT_TABLE)
                TRY(check_dropped(b, n->drop_stmt->objects[i]));
        return NULL;
    default:
        return NULL;
    }
}
