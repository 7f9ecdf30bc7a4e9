/* The life of a session: connection, fiber, buffers, rest.
 *
 * A fiber runs from the arrival of input until all complete messages are answered; then the buffers
 * go back to the worker's pool, the connection is armed and the fiber ends. While a session rests,
 * only its worker's loop touches it (readable, the idle timer, session_wake), and each of those
 * starts the fiber anew. One that has sent nothing, or part of a first packet, rests too. */
#include "server/server_internal.h"

#include "catalog/acl.h"
#include "catalog/ddl.h"
#include "catalog/systab.h"
#include "exec/function_plans.h"
#include "exec/temp.h"

#include "base/clock.h"
#include "base/log.h"
#include "rt/conn.h"
#include "rt/fiber.h"
#include "rt/wait.h"
#include "exec/fn_session.h"
#include "types/datetime.h"
#include "types/encoding.h"

#include <stdlib.h>

enum { POOLED_SCRATCH = 64, KEEP_BUFFER_BYTES = 128 * 1024, POOLED_ARENAS = 64 };

struct catalog *server_catalog;

void server_attach(struct catalog *catalog)
{
    server_catalog = catalog;
}

int64_t timestamp_now(void)
{
    return clock_real_us() - EPOCH_USECS;
}

/* ---- pools of the worker; nothing here yields ---- */

static __thread struct scratch *scratch_pool;
static __thread int scratch_pooled;
static __thread struct arena arena_pool[POOLED_ARENAS];
static __thread int arenas_pooled;

void arena_borrow(struct arena *a)
{
    if (arenas_pooled)
        *a = arena_pool[--arenas_pooled];
    else
        arena_init(a);
}

void arena_give_back(struct arena *a)
{
    if (arenas_pooled == POOLED_ARENAS || a->used_bytes > KEEP_BUFFER_BYTES) {
        arena_done(a);
        return;
    }
    arena_reset(a);
    arena_pool[arenas_pooled++] = *a;
    arena_init(a);
}

void scratch_take(struct backend *b)
{
    if (b->scratch)
        return;
    struct scratch *s = scratch_pool;
    if (s) {
        scratch_pool = s->next;
        scratch_pooled--;
    } else {
        s = calloc(1, sizeof(*s));
        CHECK(s != NULL);
        arena_init(&s->arena);
    }
    b->scratch = s;
}

static void shrink(struct buf *b)
{
    if (b->cap > KEEP_BUFFER_BYTES || b->failed)
        buf_done(b);
    buf_reset(b);
}

void scratch_release(struct backend *b)
{
    struct scratch *s = b->scratch;
    if (!s)
        return;
    b->scratch = NULL;
    buf_done(&s->in);
    s->in_at = 0;
    shrink(&s->out);
    if (s->arena.used_bytes > KEEP_BUFFER_BYTES)
        arena_done(&s->arena);
    else
        arena_reset(&s->arena);
    if (scratch_pooled == POOLED_SCRATCH) {
        buf_done(&s->out);
        arena_done(&s->arena);
        free(s);
        return;
    }
    s->next = scratch_pool;
    scratch_pool = s;
    scratch_pooled++;
}

/* ---- the session ---- */

struct backend *backend_new(void)
{
    struct backend *b = calloc(1, sizeof(*b));
    if (!b)
        return NULL;
    b->base.ops = &backend_ops;
    b->base.cat.shared = server_catalog;
    b->base.last_sequence = -1;
    txn_mgr_temp_quota(catalog_txn_mgr(server_catalog), &b->base.temp_quota);
    b->base.client_addr = b->base.server_addr = "";
    b->base.backend_start = timestamp_now();
    b->base.types.stmt_timestamp = b->base.backend_start;
    b->base.types.random_state = b->random_state;
    random_bytes(b->random_state, sizeof(b->random_state));
    b->path_dirty = true;
    b->activity.state = "active";
    cancel_init(&b->cancel);
    session_bind_names(&b->base);
    backend_settings_init(b);
    return b;
}

void backend_free(struct backend *b)
{
    xact_rollback(b);
    portals_drop_all(b);
    txn_session_locks_free(b->base.locks);
    notify_free(b);
    prepared_drop_all(b);
    if (b->spare) {
        arena_done(&b->spare->arena);
        free(b->spare);
    }
    settings_done(&b->settings);
    scratch_release(b);
    cancel_done(&b->cancel);
    free(b->base.sequences);
    domains_free(&b->base);
    function_plans_free(&b->base);
    temp_free(&b->base);
    free(b->database);
    free(b->user);
    free(b->role_name);
    free(b->session_name);
    cat_rights_free(&b->base.cat);
    free(b->path);
    free(b);
}

void session_reset_all(struct backend *b)
{
    portals_drop_all(b);
    notify_unlisten_all(b);
    txn_session_unlock_all(b->base.locks);
    settings_reset_all(&b->settings);
    prepared_drop_all(b);
    b->base.nsequences = 0;
    b->base.last_sequence = -1;
}

struct buf *backend_out(struct backend *b)
{
    return &b->scratch->out;
}

void activity_set(struct backend *b, const char *state, const char *query)
{
    struct activity *a = &b->activity;
    int64_t now = b->base.types.stmt_timestamp;
    query = query ? own_stmt_shown(query) : NULL;
    size_t len = query ? strlen(query) : 0;
    if (len >= sizeof(a->query))
        len = sizeof(a->query) - 1;
    while (atomic_flag_test_and_set_explicit(&a->lock, memory_order_acquire))
        ;
    a->state = state;
    a->state_change = now;
    /* What begins now is, or will be, a transaction. */
    bool in_xact = b->xact.state != XACT_NONE;
    a->xact_start = in_xact ? b->xact.start : strcmp(state, "active") == 0 ? now : 0;
    a->lxid = b->xact.number + !in_xact;
    if (query) {
        a->query_start = now;
        memcpy(a->query, query, len);
        a->query[len] = '\0';
    }
    atomic_flag_clear_explicit(&a->lock, memory_order_release);
}

/* ---- input and output ---- */

struct err *backend_flush(struct backend *b)
{
    struct buf *out = &b->scratch->out;
    struct err *e = buf_finish(out);
    if (!e && out->len && b->conn)
        e = conn_write(b->conn, out->data, out->len);
    buf_reset(out);
    if (e)
        b->closing = true;
    return e;
}

/* What has not been taken yet. */
static struct str pending(const struct scratch *s)
{
    return str_make(s->in.data + s->in_at, s->in.len - s->in_at);
}

static void forget_taken(struct scratch *s)
{
    if (s->in_at == s->in.len) {
        if (s->in.cap > KEEP_BUFFER_BYTES)
            buf_done(&s->in);
        buf_reset(&s->in);
    } else if (s->in_at) {
        memmove(s->in.data, s->in.data + s->in_at, s->in.len - s->in_at);
        s->in.len -= s->in_at;
    }
    s->in_at = 0;
}

struct err *backend_read_message(struct backend *b, struct wire_frame *out, bool *eof)
{
    struct scratch *s = b->scratch;
    *eof = false;
    for (;;) {
        bool complete;
        TRY(wire_frame_next(pending(s), out, &complete));
        if (complete) {
            s->in_at += out->size_bytes;
            return NULL;
        }
        forget_taken(s);
        if (out->size_bytes &&
            !buf_reserve(&s->in, out->size_bytes > 65536 ? 65536 : out->size_bytes))
            return err_oom();
        TRY(backend_flush(b));
        TRY(conn_read(b->conn, &s->in, WAIT_FOREVER, eof, NULL));
        if (*eof)
            return NULL;
    }
}

void backend_message_to_client(struct backend *b, size_t at, size_t binary_bytes)
{
    struct buf *out = backend_out(b);
    if (!b->base.types.client_encoding || out->failed)
        return;
    encoding_to_client_lossy(b->base.types.client_encoding, out,
                             at + WIRE_HEADER_BYTES + binary_bytes);
    wire_end(out, at + WIRE_HEADER_BYTES);
}

void backend_send_error(struct backend *b, struct err *e)
{
    if (e->severity != ERR_ERROR)
        b->closing = true;
    statement_log_error(b, e);
    compat_note(b, e);
    size_t at = backend_out(b)->len;
    wire_error(backend_out(b), e);
    backend_message_to_client(b, at, 0);
    err_free(e);
}

void backend_notice(struct backend *b, const char *severity, struct err *notice)
{
    static const struct {
        const char *severity;
        const char *level;
    } levels[] = {
        {"DEBUG", "debug1"}, {"LOG", "log"}, {"NOTICE", "notice"}, {"WARNING", "warning"}};
    bool wanted = true; /* INFO always */
    const struct setting_def *def = setting_find(STR("client_min_messages"));
    for (size_t i = 0; i < ARRAY_LENGTH(levels); i++)
        if (strcmp(severity, levels[i].severity) == 0)
            wanted = setting_enum_index(def, levels[i].level) >= b->min_notice;
    if (wanted && b->scratch) {
        size_t at = backend_out(b)->len;
        wire_notice(backend_out(b), severity, notice);
        backend_message_to_client(b, at, 0);
    }
    err_free(notice);
}

void backend_warn(struct backend *b, const char *sqlstate, const char *message)
{
    backend_notice(b, "WARNING", err_new(sqlstate, "%s", message));
}

/* ---- the fiber ---- */

void session_close(struct backend *b)
{
    timer_cancel(b->worker, &b->idle_timer);
    notify_free(b);
    newcomer_remove(b);
    registry_remove(b);
    cancel_use(NULL);
    struct conn *c = b->conn;
    backend_free(b);
    conn_close(c);
}

static void session_fiber(void *arg);

static void start_fiber(struct backend *b)
{
    timer_cancel(b->worker, &b->idle_timer);
    conn_disarm(b->conn);
    b->running = true;
    struct err *e = fiber_start(b->worker, session_fiber, b);
    if (e) {
        log_err(LOG_ERROR, "session", e);
        err_free(e);
        session_close(b);
    }
}

static void on_idle_timer(struct timer *t)
{
    struct backend *b = CONTAINER_OF(t, struct backend, idle_timer);
    if (b->running)
        return;
    if (!b->started) { /* nothing to answer */
        session_close(b);
        return;
    }
    b->idle_kill = xact_in_block(b) ? "25P03" : "57P05";
    start_fiber(b);
}

void session_wake(struct backend *b)
{
    if (!b->running)
        start_fiber(b);
}

/* The last act of a fiber. */
static void rest(struct backend *b)
{
    bool partial = b->scratch->in_at < b->scratch->in.len;
    int64_t timeout_ms = xact_in_block(b) ? b->idle_xact_timeout_ms : b->idle_timeout_ms;
    int64_t end_ns = timeout_ms ? clock_mono_ns() + timeout_ms * 1000000 : 0;
    if (!partial)
        scratch_release(b);
    if (!b->started)
        end_ns = b->login_deadline_ns;
    if (end_ns)
        timer_set(b->worker, &b->idle_timer, end_ns, on_idle_timer);
    b->running = false;
    conn_arm(b->conn);
}

/* Reasons to end that came while the session rested. */
static struct err *check_alive(struct backend *b)
{
    if (b->idle_kill)
        return err_fatal(
            strcmp(b->idle_kill, "25P03") == 0
                ? err_new("25P03", "terminating connection due to "
                                   "idle-in-transaction timeout")
                : err_new("57P05", "terminating connection due to idle-session timeout"));
    if (atomic_load_explicit(&b->cancel.reason, memory_order_relaxed) == CANCEL_TERMINATE)
        return cancel_check(&b->cancel);
    return NULL;
}

/* Takes what has arrived, without waiting. */
static struct err *read_input(struct backend *b)
{
    bool eof = false;
    forget_taken(b->scratch);
    if (conn_pending_bytes(b->conn) || conn_at_eof(b->conn)) {
        TRY(conn_read(b->conn, &b->scratch->in, WAIT_FOREVER, &eof, NULL));
        b->closing |= eof;
    }
    return NULL;
}

/* A session takes its temporary tables along. What fails here is done at the next start. */
static void drop_temporary(struct backend *b)
{
    xact_rollback(b);
    if (!b->base.cat.temp_nsp)
        return;
    cancel_use(NULL);
    xact_begin(b);
    struct err *e = xact_open(b);
    if (!e)
        e = temp_drop_own(&b->base);
    if (!e && b->base.cat.temp_nsp)
        e = ddl_remove(&b->base.cat,
                       (struct object_address){PG_NAMESPACE, b->base.cat.temp_nsp, 0});
    if (!e)
        e = xact_commit(b);
    else
        xact_rollback(b);
    if (e)
        log_err(LOG_WARNING, "temporary tables", e);
    err_free(e);
}

static void session_fiber(void *arg)
{
    struct backend *b = arg;
    cancel_use(&b->cancel);
    scratch_take(b);
    struct err *e = NULL;
    if (!b->started)
        e = session_startup(b, &b->started);
    if (!e && !b->started && !b->closing) {
        rest(b);
        return;
    }
    while (!e && !b->closing) {
        e = check_alive(b);
        if (!e)
            e = read_input(b);
        if (e)
            break;
        process_messages(b);
        if (!b->closing)
            notify_deliver(b);
        e = backend_flush(b);
        if (!e && !b->closing && !notify_waits(b) && !conn_pending_bytes(b->conn) &&
            !conn_at_eof(b->conn) &&
            atomic_load_explicit(&b->cancel.reason, memory_order_relaxed) != CANCEL_TERMINATE) {
            rest(b);
            return;
        }
        fiber_yield();
    }
    if (e && b->pushed_out) {
        err_free(e);
        e = err_fatal(err_new("53300", "sorry, too many clients already"));
    }
    if (e && !err_is(e, "08006")) {
        backend_send_error(b, e);
        e = NULL;
    }
    err_free(e);
    /* Termination must not keep the client from hearing of it; one that does not read is left. */
    if (backend_out(b)->len) {
        cancel_use(NULL);
        err_free(backend_flush(b));
    }
    drop_temporary(b);
    session_close(b);
}

struct err *backend_internal(struct str database, struct backend **out)
{
    struct backend *b = backend_new();
    if (!b)
        return err_oom();
    scratch_take(b);
    struct err *e = session_login(b, STR("postgres"), database);
    if (e) {
        backend_free(b);
        return e;
    }
    *out = b;
    return NULL;
}

static void on_opened(struct conn *c, void *arg)
{
    struct backend *b = backend_new();
    (void)arg;
    if (!b) {
        conn_close(c);
        return;
    }
    b->conn = c;
    b->worker = conn_worker(c);
    b->base.client_addr = conn_peer_address(c);
    b->base.client_port = conn_peer_port(c);
    b->base.server_addr = conn_own_address(c);
    b->base.server_port = conn_own_port(c);
    b->base.data_directory = server_setting_named("data_directory");
    conn_set_user(c, b);
    int64_t timeout_s = setting_int(server_setting_named("authentication_timeout"));
    b->login_deadline_ns = clock_mono_ns() + timeout_s * 1000000000;
    timer_set(b->worker, &b->idle_timer, b->login_deadline_ns, on_idle_timer);
    conn_arm(c);
    newcomer_add(b);
}

static void on_readable(struct conn *c)
{
    start_fiber(conn_user(c));
}

const struct conn_handler session_handler = {.opened = on_opened, .readable = on_readable};

/* ---- operations for lower layers ---- */

static struct err *op_setting_get(struct session *s, struct str name, bool missing_ok,
                                  struct buf *out, bool *found)
{
    return backend_setting_get(backend_of(s), name, missing_ok, out, found);
}

static struct err *op_setting_set(struct session *s, struct str name, const char *value, bool local)
{
    struct backend *b = backend_of(s);
    TRY(backend_setting_set(b, name, value, local));
    return b->path_dirty && b->base.cat.txn ? resolve_search_path(b) : NULL;
}

static struct err *op_setting_of_stmt(struct session *s,
                                      const struct PgQuery__VariableSetStmt *stmt,
                                      const char **name, const char **value)
{
    return setting_of_stmt(backend_of(s), stmt, name, value);
}

static bool op_read_only(struct session *s)
{
    return backend_of(s)->xact.read_only;
}

static void op_notice(struct session *s, const char *severity, struct err *notice)
{
    backend_notice(backend_of(s), severity, notice);
}

static struct err *next_transaction(struct session *s)
{
    return xact_next_transaction((struct backend *)s);
}

static struct err *path_renew(struct session *s)
{
    return resolve_search_path(backend_of(s));
}

const struct session_ops backend_ops = {
    .path_renew = path_renew,
    .next_transaction = next_transaction,
    .setting_get = op_setting_get,
    .setting_set = op_setting_set,
    .setting_of_stmt = op_setting_of_stmt,
    .setting_may_be = setting_may_be,
    .each_setting = settings_each,
    .notice = op_notice,
    .signal = registry_signal,
    .each_session = registry_each,
    .cursor_key = cursor_current_key,
    .each_prepared = prepared_each,
    .each_cursor = cursors_each,
    .each_row = server_rows_each,
    .read_only = op_read_only,
    .notify = notify_send,
    .each_channel = notify_channels,
    .notify_usage = notify_queue_usage,
    .prepared_plan = prepared_for_table,
    .try_begin = xact_try,
    .try_end = xact_try_end,
    .end_transaction = xact_end_in_function,
    .run_statement = function_statement,
    .cursor_open = cursor_open,
    .cursor_fetch = cursor_fetch,
    .cursor_close = cursor_close,
};
