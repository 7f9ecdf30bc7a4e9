/* Cursors: DECLARE, FETCH, MOVE, CLOSE. A cursor is a portal with a position: 0 before the first
 * row, i on row i, one past the last row with `at_end`.
 *
 * Rows come from the portal's run. Going back restarts the run, in the same view, and skips: cheap
 * to have and right for plans without side effects. A SCROLL cursor keeps its rows instead as they
 * come, and so does a WITH HOLD cursor when its transaction commits; then it lives without a run.
 */
#include "server/server_internal.h"

#include "rt/fiber.h"

#include <pg_query/pg_query.pb-c.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    CURSOR_BINARY = 1,
    CURSOR_SCROLL = 2,
    CURSOR_NO_SCROLL = 4,
    CURSOR_INSENSITIVE = 8,
    CURSOR_ASENSITIVE = 16,
    CURSOR_HOLD = 32,
};

enum { REVERSED_PIECE = 256 };

struct cursor {
    int options;
    bool scroll; /* may go back */
    bool stored; /* rows are kept */
    bool complete;
    uint64_t held_by; /* number of the transaction whose commit kept it, 0: none yet */
    uint64_t position;
    bool at_end;
    uint64_t streamed;        /* rows the run has given since its start */
    const struct datum *last; /* ... the last of them */
    uint64_t base;            /* row base + 1 is the first kept */
    struct row_store *rows;   /* kept; NULL: none yet */
    struct row_reader reader;
    int64_t created;
    const char *statement;
};

void cursor_free(struct cursor *c)
{
    if (!c)
        return;
    row_reader_done(&c->reader);
    row_store_free(c->rows);
    free(c);
}

/* ---- rows ---- */

static struct err *restart(struct portal *p)
{
    exec_rewind(p->exec);
    p->cursor->streamed = 0;
    p->cursor->last = NULL;
    return NULL;
}

/* Row i of the run, by going there. */
static struct err *stream_to(struct portal *p, uint64_t i, bool *found)
{
    struct cursor *c = p->cursor;
    *found = true;
    if (c->streamed > i || (c->streamed == i && !c->last))
        TRY(restart(p));
    while (c->streamed < i && *found) {
        TRY(exec_next(p->exec, &c->last, found));
        c->streamed += *found;
    }
    if (!*found)
        c->last = NULL;
    return NULL;
}

static uint64_t last_kept(const struct cursor *c)
{
    return c->base + (c->rows ? row_store_count(c->rows) : 0);
}

/* Keeps the rows up to number i, if there are as many. */
static struct err *keep_to(struct backend *b, struct portal *p, uint64_t i)
{
    struct cursor *c = p->cursor;
    if (!c->rows) {
        TRY(row_store_new(session_temp_quota(&b->base), b->base.work_mem_bytes, p->stmt->desc.ncols,
                          &c->rows));
        row_reader_init(&c->reader, c->rows);
    }
    while (!c->complete && last_kept(c) < i) {
        bool found;
        TRY(fiber_tick());
        TRY(stream_to(p, last_kept(c) + 1, &found));
        if (found)
            TRY(row_store_add(c->rows, c->last));
        c->complete = !found;
    }
    return NULL;
}

static struct err *cursor_row(struct backend *b, struct portal *p, uint64_t i,
                              const struct datum **row, bool *found)
{
    struct cursor *c = p->cursor;
    if (!c->stored) {
        TRY(stream_to(p, i, found));
        *row = c->last;
        return NULL;
    }
    TRY(keep_to(b, p, i));
    *found = i <= last_kept(c);
    if (!*found)
        return NULL;
    TRY(row_reader_seek(&c->reader, (size_t)(i - c->base - 1)));
    return row_reader_next(&c->reader, row, found);
}

/* ---- moving ---- */

struct fetch {
    struct backend *b;
    struct portal *p;
    bool send;                      /* rows are wanted */
    const struct cursor_rows *rows; /* ... by a function; NULL: by the client */
    const int16_t *formats;
    int nformats;
    uint64_t count; /* of rows passed */
    bool given;     /* some row was */
};

static struct err *only_forward(void)
{
    return err_hint(err_new("55000", "cursor can only scan forward"),
                    "Declare it with SCROLL option to enable backward scan.");
}

static struct err *send_row(struct fetch *f, const struct datum *row)
{
    struct buf *out = backend_out(f->b);
    f->given = true;
    if (f->rows)
        return f->rows->take(f->rows->arg, f->p->stmt->plan, row);
    TRY(put_row(f->b, out, &f->p->stmt->desc, row, f->formats, f->nformats));
    return out->len >= FLUSH_BYTES ? backend_flush(f->b) : NULL;
}

static struct err *forward(struct fetch *f, uint64_t n, bool send)
{
    struct cursor *c = f->p->cursor;
    f->count = 0;
    while (f->count < n && !c->at_end) {
        const struct datum *row;
        bool found;
        TRY(fiber_tick());
        TRY(cursor_row(f->b, f->p, c->position + 1, &row, &found));
        c->position++;
        c->at_end = !found;
        if (!found)
            break;
        f->count++;
        if (send && f->send)
            TRY(send_row(f, row));
    }
    return NULL;
}

/* The same for a function, a row at a time. */
static struct err *give_reversed(struct fetch *f, uint64_t lo, uint64_t hi)
{
    for (uint64_t i = hi; i >= lo; i--) {
        const struct datum *row;
        bool found;
        TRY(cursor_row(f->b, f->p, i, &row, &found));
        if (found)
            TRY(send_row(f, row));
    }
    return NULL;
}

/* Rows lo to hi, last first: they are read once, forwards, and sent backwards. */
static struct err *send_piece_reversed(struct fetch *f, uint64_t lo, uint64_t hi)
{
    struct buf rows = BUF_INIT;
    size_t starts[REVERSED_PIECE + 1];
    struct err *e = NULL;
    for (uint64_t i = lo; i <= hi && !e; i++) {
        const struct datum *row;
        bool found;
        starts[i - lo] = rows.len;
        e = cursor_row(f->b, f->p, i, &row, &found);
        if (!e && !found)
            e = err_new("XX000", "a cursor gives fewer rows than before");
        if (!e)
            e = put_row(f->b, &rows, &f->p->stmt->desc, row, f->formats, f->nformats);
        if (!e)
            e = buf_finish(&rows);
        if (!e)
            e = fiber_tick();
        starts[i - lo + 1] = rows.len;
    }
    for (uint64_t i = hi - lo + 1; i-- > 0 && !e;) {
        buf_put(backend_out(f->b), rows.data + starts[i], starts[i + 1] - starts[i]);
        if (backend_out(f->b)->len >= FLUSH_BYTES)
            e = backend_flush(f->b);
    }
    buf_done(&rows);
    return e;
}

/* In pieces, so that not all of them are in memory. Without kept rows each piece would start the
 * run anew, so they are kept from now on. */
static struct err *send_reversed(struct fetch *f, uint64_t lo, uint64_t hi)
{
    struct cursor *c = f->p->cursor;
    if (!c->stored && hi - lo >= REVERSED_PIECE) {
        c->base = 0;
        c->stored = true;
    }
    while (hi >= lo) {
        uint64_t from = hi - lo >= REVERSED_PIECE ? hi - REVERSED_PIECE + 1 : lo;
        TRY(send_piece_reversed(f, from, hi));
        hi = from - 1;
    }
    return NULL;
}

static struct err *backward(struct fetch *f, uint64_t n, bool send)
{
    struct cursor *c = f->p->cursor;
    f->count = 0;
    if (!n)
        return NULL;
    if (!c->scroll)
        return only_forward();
    uint64_t before = c->position ? c->position - 1 : 0;
    uint64_t lo = n >= before ? 1 : before - n + 1;
    f->count = before >= lo ? before - lo + 1 : 0;
    if (send && f->send && f->count)
        TRY(f->rows ? give_reversed(f, lo, before) : send_reversed(f, lo, before));
    c->position = n > before ? 0 : lo;
    c->at_end = false;
    return NULL;
}

/* The row the cursor is on, again. */
static struct err *current(struct fetch *f)
{
    struct cursor *c = f->p->cursor;
    const struct datum *row;
    bool found;
    f->count = c->position > 0 && !c->at_end;
    if (!f->count || !f->send)
        return NULL;
    if (!c->scroll)
        return only_forward();
    TRY(cursor_row(f->b, f->p, c->position, &row, &found));
    return send_row(f, row);
}

static struct err *to_start(struct cursor *c)
{
    if (c->position && !c->scroll)
        return only_forward();
    c->position = 0;
    c->at_end = false;
    return NULL;
}

static struct err *absolute(struct fetch *f, int64_t n)
{
    struct cursor *c = f->p->cursor;
    if (n < 0) {
        TRY(forward(f, UINT64_MAX, false));
        TRY(backward(f, (uint64_t)-n - 1, false));
        return backward(f, 1, true);
    }
    f->count = 0;
    if (n == 0 || (uint64_t)n <= c->position) {
        TRY(to_start(c));
        c->position = n ? (uint64_t)n - 1 : 0; /* those rows have been passed */
    } else if ((uint64_t)n - 1 > c->position) {
        TRY(forward(f, (uint64_t)n - 1 - c->position, false));
    }
    f->count = 0;
    return n ? forward(f, 1, true) : NULL;
}

static struct err *relative(struct fetch *f, int64_t n)
{
    if (n == 0)
        return current(f);
    if (n > 0) {
        TRY(forward(f, (uint64_t)n - 1, false));
        return forward(f, 1, true);
    }
    TRY(backward(f, (uint64_t)-n - 1, false));
    return backward(f, 1, true);
}

static struct err *along(struct fetch *f, int64_t n)
{
    if (n == 0)
        return current(f);
    uint64_t rows = n == INT64_MAX || n == -INT64_MAX ? UINT64_MAX
                    : n > 0                           ? (uint64_t)n
                                                      : (uint64_t)-n;
    return n > 0 ? forward(f, rows, true) : backward(f, rows, true);
}

/* ---- FETCH, MOVE ---- */

static struct err *find_cursor(struct backend *b, const char *name, struct portal **out)
{
    *out = portal_find(b, name);
    if (!*out)
        return err_new("34000", "cursor \"%s\" does not exist", name);
    return NULL;
}

static struct err *cursor_new(struct backend *b, struct portal *p, int options)
{
    struct cursor *c = calloc(1, sizeof(*c));
    if (!c)
        return err_oom();
    c->options = options;
    c->created = b->base.types.stmt_timestamp;
    p->cursor = c;
    return NULL;
}

/* A portal of the protocol is a cursor too, one that only goes forward. */
static struct err *as_cursor(struct backend *b, struct portal *p)
{
    if (p->state == PORTAL_FAILED)
        return err_new("55000", "portal \"%s\" cannot be run", p->name ? p->name : "");
    if (p->cursor)
        return NULL;
    if (p->stmt->kind != STMT_PLAN || p->stmt->plan->query->kind != Q_SELECT)
        return err_new("55000", "portal \"%s\" cannot be run", p->name ? p->name : "");
    TRY(portal_start(b, p));
    TRY(cursor_new(b, p, CURSOR_NO_SCROLL));
    p->cursor->statement = p->stmt->sql;
    p->cursor->position = p->cursor->streamed = p->position;
    return NULL;
}

struct err *cursor_forward(struct backend *b, struct portal *p, uint64_t max_rows, bool send,
                           const int16_t *formats, int nformats, uint64_t *nrows, bool *done)
{
    struct fetch f = {.b = b, .p = p, .send = send, .formats = formats, .nformats = nformats};
    struct err *e = as_cursor(b, p);
    if (!e)
        e = forward(&f, max_rows ? max_rows : UINT64_MAX, true);
    if (e) {
        p->state = PORTAL_FAILED;
        return e;
    }
    *nrows = f.count;
    *done = p->cursor->at_end;
    return NULL;
}

static struct err *fetch(struct fetch *f, enum cursor_direction d, int64_t n)
{
    struct err *e = d == CURSOR_ABSOLUTE   ? absolute(f, n)
                    : d == CURSOR_RELATIVE ? relative(f, n)
                                           : along(f, d == CURSOR_BACKWARD ? -n : n);
    if (e)
        f->p->state = PORTAL_FAILED;
    return e;
}

static enum cursor_direction direction_of(PgQuery__FetchDirection d)
{
    switch (d) {
    case PG_QUERY__FETCH_DIRECTION__FETCH_BACKWARD:
        return CURSOR_BACKWARD;
    case PG_QUERY__FETCH_DIRECTION__FETCH_ABSOLUTE:
        return CURSOR_ABSOLUTE;
    case PG_QUERY__FETCH_DIRECTION__FETCH_RELATIVE:
        return CURSOR_RELATIVE;
    default:
        return CURSOR_FORWARD;
    }
}

struct err *run_fetch(struct backend *b, struct run *r)
{
    const PgQuery__FetchStmt *s = r->raw->tree->fetch_stmt;
    struct portal *p;
    int64_t n = s->how_many;
    TRY(find_cursor(b, s->portalname, &p));
    TRY(xact_open(b));
    TRY(as_cursor(b, p));
    struct fetch f = {.b = b,
                      .p = p,
                      .send = !s->ismove,
                      .formats = p->nformats ? p->formats : r->formats,
                      .nformats = p->nformats ? p->nformats : r->nformats};
    if (!s->ismove && r->describe)
        TRY(put_row_description(b, &p->stmt->desc, p->formats, p->nformats));
    TRY(fetch(&f, direction_of(s->direction), n));
    snprintf(r->tag, sizeof(r->tag), "%s %llu", s->ismove ? "MOVE" : "FETCH",
             (unsigned long long)f.count);
    return NULL;
}

struct err *run_close(struct backend *b, struct run *r)
{
    const char *name = r->raw->tree->close_portal_stmt->portalname;
    struct portal *p;
    if (!name || !*name) {
        for (p = b->portals; p;) {
            struct portal *next = p->next;
            if (p->cursor)
                portal_drop(b, p);
            p = next;
        }
        snprintf(r->tag, sizeof(r->tag), "CLOSE CURSOR ALL");
        return NULL;
    }
    TRY(find_cursor(b, name, &p));
    portal_drop(b, p);
    snprintf(r->tag, sizeof(r->tag), "CLOSE CURSOR");
    return NULL;
}

/* ---- DECLARE ---- */

static struct err *check_options(int options)
{
    if ((options & CURSOR_SCROLL) && (options & CURSOR_NO_SCROLL))
        return err_new("42P11", "cannot specify both SCROLL and NO SCROLL");
    if ((options & CURSOR_INSENSITIVE) && (options & CURSOR_ASENSITIVE))
        return err_new("42P11", "cannot specify both ASENSITIVE and INSENSITIVE");
    return NULL;
}

static struct err *check_locking(int options, const struct query *q)
{
    if (!q->nmarks)
        return NULL;
    if (options & CURSOR_HOLD)
        return err_detail(err_new("0A000", "DECLARE CURSOR WITH HOLD ... %s is not supported",
                                  lock_clause_name(q)),
                          "Holdable cursors must be READ ONLY.");
    if (options & CURSOR_SCROLL)
        return err_detail(
            err_new("0A000", "DECLARE SCROLL CURSOR ... %s is not supported", lock_clause_name(q)),
            "Scrollable cursors must be READ ONLY.");
    if (options & CURSOR_INSENSITIVE)
        return err_detail(
            err_new("42P11", "DECLARE INSENSITIVE CURSOR ... %s is not valid", lock_clause_name(q)),
            "Insensitive cursors must be READ ONLY.");
    return NULL;
}

static struct err *check_query(const struct portal *p, int options)
{
    const struct statement_plan *plan = p->stmt->plan;
    if (plan->query->kind != Q_SELECT)
        return err_new("42601", "DECLARE CURSOR must specify a SELECT");
    for (int i = 0; i < plan->nctes; i++)
        if (plan->ctes[i].modifies)
            return err_new("0A000", "DECLARE CURSOR must not contain data-modifying statements in "
                                    "WITH");
    return check_locking(options, plan->query);
}

/* Without [NO] SCROLL, going back is allowed where PostgreSQL can run the plan backwards. */
static bool goes_backward(const struct plan *n)
{
    switch (n->kind) {
    case P_SEQSCAN:
    case P_INDEXSCAN:
    case P_BITMAPHEAP:
    case P_FUNCSCAN:
    case P_VALUES:
    case P_CTESCAN:
    case P_SORT:
    case P_MATERIAL:
        return true;
    case P_RESULT:
    case P_SUBQUERY:
    case P_LIMIT:
    case P_PROJECT:
        return n->left && goes_backward(n->left);
    case P_APPEND:
        for (int i = 0; i < n->ninputs; i++)
            if (!goes_backward(n->inputs[i]))
                return false;
        return true;
    case P_BITMAPINDEX: /* below a scan */
    case P_BITMAPAND:
    case P_BITMAPOR:
    case P_TABLEFUNC:
    case P_WORKTABLE:
    case P_NESTLOOP:
    case P_HASHJOIN:
    case P_MERGEJOIN:
    case P_AGG:
    case P_DISTINCT:
    case P_SETOP:
    case P_RECURSIVE:
    case P_LOCKROWS:
    case P_INSERT:
    case P_UPDATE:
    case P_DELETE:
    case P_MERGE:
    case P_WINDOW:
        return false;
    }
    UNREACHABLE();
}

/* The values live as long as the cursor. */
static void keep_params(struct backend *b, const uint32_t *types, const struct datum *values, int n,
                        struct portal *p)
{
    p->params = arena_new_array(&p->arena, struct datum, n + 1);
    for (int i = 0; i < n; i++) {
        const struct type_ops *ops = type_lookup(&b->base.types, types[i]);
        p->params[i] = datum_copy(&p->arena, values[i], ops && ops->byval);
    }
}

/* What the cursor sees is fixed when it is declared. */
static struct err *start_cursor(struct backend *b, struct portal *p, const char *text, int options)
{
    TRY(check_query(p, options));
    TRY(cursor_new(b, p, options));
    struct cursor *c = p->cursor;
    c->statement = arena_strdup(&p->arena, text);
    TRY(portal_start(b, p));
    c->stored = options & CURSOR_SCROLL;
    c->scroll = c->stored || (!(options & CURSOR_NO_SCROLL) && !p->stmt->plan->query->nmarks &&
                              !p->stmt->plan->query->has_srf && goes_backward(p->stmt->plan->root));
    if (options & CURSOR_BINARY) {
        p->formats = arena_alloc(&p->arena, sizeof(*p->formats));
        p->formats[0] = 1;
        p->nformats = 1;
    }
    return NULL;
}

struct err *run_declare(struct backend *b, struct run *r)
{
    const PgQuery__DeclareCursorStmt *s = r->raw->tree->declare_cursor_stmt;
    struct prepared *stmt;
    struct portal *p;
    if (!(s->options & CURSOR_HOLD) && !xact_in_block(b) && !b->xact.implicit_block)
        return err_new("25P01", "DECLARE CURSOR can only be used in transaction blocks");
    TRY(check_options(s->options));
    if (!*s->portalname)
        return err_new("34000", "invalid cursor name: must not be empty");
    TRY(xact_open(b));
    TRY(prepare_nested(b, r, r->params ? r->params->types : NULL, r->params ? r->params->count : 0,
                       &stmt));
    struct err *e = portal_find(b, s->portalname)
                        ? err_new("42P03", "cursor \"%s\" already exists", s->portalname)
                        : portal_new(b, s->portalname, stmt, &p);
    prepared_unref(stmt);
    TRY(e);
    if (r->params)
        keep_params(b, r->params->types, r->values, r->params->count, p);
    e = start_cursor(b, p, r->raw->sql, s->options);
    if (e)
        portal_drop(b, p);
    else
        snprintf(r->tag, sizeof(r->tag), "DECLARE CURSOR");
    return e;
}

/* ---- of functions ---- */

/* A name that no other portal has. */
static const char *unused_name(struct backend *b, struct arena *a)
{
    for (;;) {
        const char *name = arena_printf(a, "<unnamed portal %u>", ++b->unnamed_portals);
        if (!portal_find(b, name))
            return name;
    }
}

struct err *cursor_open(struct session *s, const char *name, const struct cursor_query *q,
                        struct arena *a, const char **made)
{
    struct backend *b = backend_of(s);
    struct prepared *stmt;
    struct portal *p;
    *made = name ? name : unused_name(b, a);
    if (portal_find(b, *made))
        return err_new("42P03", "cursor \"%s\" already in use", *made);
    TRY(prepared_of_plan(b, q->text, q->plan, &stmt));
    struct err *e = portal_new(b, *made, stmt, &p);
    prepared_unref(stmt);
    TRY(e);
    keep_params(b, q->types, q->values, q->nvalues, p);
    e = start_cursor(b, p, q->text,
                     q->scroll > 0   ? CURSOR_SCROLL
                     : q->scroll < 0 ? CURSOR_NO_SCROLL
                                     : 0);
    if (e)
        portal_drop(b, p);
    return e;
}

struct err *cursor_fetch(struct session *s, const char *name, enum cursor_direction d,
                         int64_t count, const struct cursor_rows *rows, uint64_t *n)
{
    struct backend *b = backend_of(s);
    struct portal *p;
    TRY(find_cursor(b, name, &p));
    TRY(as_cursor(b, p));
    struct fetch f = {.b = b, .p = p, .send = rows != NULL, .rows = rows};
    TRY(fetch(&f, d, count));
    *n = f.count;
    return rows && !f.given ? rows->take(rows->arg, p->stmt->plan, NULL) : NULL;
}

struct err *cursor_close(struct session *s, const char *name)
{
    struct portal *p;
    TRY(find_cursor(backend_of(s), name, &p));
    portal_drop(backend_of(s), p);
    return NULL;
}

/* ---- WITH HOLD ---- */

/* All rows that can still be fetched. */
static struct err *hold(struct backend *b, struct portal *p)
{
    struct cursor *c = p->cursor;
    if (!c->stored) {
        c->base = c->scroll ? 0 : c->position;
        c->stored = true;
        if (!c->at_end || c->scroll)
            TRY(keep_to(b, p, UINT64_MAX));
        c->complete = true;
    } else {
        TRY(keep_to(b, p, UINT64_MAX));
    }
    return NULL;
}

struct err *cursors_hold(struct backend *b)
{
    for (struct portal *p = b->portals; p; p = p->next) {
        struct cursor *c = p->cursor;
        if (!c || !(c->options & CURSOR_HOLD) || c->held_by)
            continue;
        if (p->state == PORTAL_FAILED)
            return err_new("55000", "portal \"%s\" cannot be run", p->name);
        TRY(hold(b, p));
        exec_end(p->exec);
        p->exec = NULL;
        c->held_by = b->xact.number;
        p->level = 0;
    }
    return NULL;
}

bool cursor_outlives(const struct portal *p, uint64_t aborted)
{
    return p->cursor && p->cursor->held_by && p->cursor->held_by != aborted;
}

/* ---- WHERE CURRENT OF ---- */

struct err *cursor_current_key(struct session *s, const char *name, const struct relation *rel,
                               struct str *key)
{
    struct portal *p;
    bool found;
    TRY(find_cursor(backend_of(s), name, &p));
    struct cursor *c = p->cursor;
    if (!c)
        return err_new("24000", "cursor \"%s\" is not a SELECT query", name);
    if (c->held_by)
        return err_new("24000", "cursor \"%s\" is held from a previous transaction", name);
    TRY(exec_can_point(p->exec, name, rel));
    if (!c->position || c->at_end)
        return err_new("24000", "cursor \"%s\" is not positioned on a row", name);
    TRY(stream_to(p, c->position, &found));
    *key = exec_row_key(p->exec, rel);
    return NULL;
}

/* ---- pg_cursors ---- */

void cursors_each(struct session *s, void (*visit)(void *arg, const struct cursor_info *info),
                  void *arg)
{
    for (const struct portal *p = backend_of(s)->portals; p; p = p->next) {
        const struct cursor *c = p->cursor;
        struct cursor_info info = {.name = p->name ? p->name : "",
                                   .statement = c ? c->statement : p->stmt->sql,
                                   .created = c ? c->created : p->created};
        if (c) {
            info.holdable = c->options & CURSOR_HOLD;
            info.binary = c->options & CURSOR_BINARY;
            info.scrollable = c->scroll;
        }
        visit(arg, &info);
    }
}
