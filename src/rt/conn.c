/* Connections: see conn.h. Bytes are read into the worker's shared buffer and copied: to the buffer
 * of the fiber that waits in conn_read, or to the connection's own, which exists only while
 * something lies in it. When that holds much, reading stops until the fiber catches up.
 *
 * With TLS the bytes are decrypted on their way into those buffers and encrypted on their way out
 * (tls.c); nothing above sees the difference. */
#include "rt/conn.h"

#include "base/clock.h"
#include "rt/pool.h"
#include "rt/rt_internal.h"
#include "rt/tls_internal.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <unistd.h>

enum { INPUT_LIMIT_BYTES = 256 * 1024, WRITE_CHUNK_BYTES = 64 * 1024 };

struct conn {
    union {
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe; /* from a Unix-domain socket */
    } uv;
    struct worker *worker;
    const struct conn_handler *handler;
    void *user;
    struct conn *next;
    struct conn *previous;
    struct buf in;             /* arrived, not yet read */
    struct wait *reader;       /* a fiber in conn_read ... */
    struct buf *reader_into;   /* ... and where it wants the bytes */
    struct worker_msg arm_msg; /* a call of `readable` on its way */
    struct tls *tls;           /* NULL: plain */
    uint16_t peer_port;
    bool handshaking; /* bytes go to `in` as they are */
    bool eof;
    bool reading;
    bool armed;
    bool arm_pending;
    bool closing;
    bool closed_by_uv;
    int error; /* libuv's code that ended the input, 0: none */
    char peer[INET6_ADDRSTRLEN];
    char own[INET6_ADDRSTRLEN];
    uint16_t own_port;
};

static void on_closed(uv_handle_t *h)
{
    struct conn *c = h->data;
    if (c->arm_pending) {
        c->closed_by_uv = true; /* the message frees it */
        return;
    }
    free(c);
}

void conn_close(struct conn *c)
{
    if (c->closing)
        return;
    ASSERT(!c->reader);
    struct worker *w = c->worker;
    c->closing = true;
    c->armed = false;
    if (c->previous)
        c->previous->next = c->next;
    else
        w->conns = c->next;
    if (c->next)
        c->next->previous = c->previous;
    buf_done(&c->in);
    if (c->tls && !c->handshaking && !c->error) {
        struct buf bye = BUF_INIT;
        tls_goodbye(c->tls, &bye);
        uv_buf_t bytes = uv_buf_init((char *)bye.data, (unsigned)bye.len);
        if (bye.len)
            uv_try_write(&c->uv.stream, &bytes, 1); /* a courtesy */
        buf_done(&bye);
    }
    tls_free(c->tls);
    c->tls = NULL;
    atomic_fetch_sub_explicit(&w->conn_count, 1, memory_order_relaxed);
    uv_close((uv_handle_t *)&c->uv.stream, on_closed);
}

void conn_close_all(struct worker *w)
{
    while (w->conns)
        conn_close(w->conns);
}

static void arm_message(struct worker_msg *m)
{
    struct conn *c = CONTAINER_OF(m, struct conn, arm_msg);
    c->arm_pending = false;
    if (c->closing) {
        if (c->closed_by_uv)
            free(c);
        return;
    }
    if (c->armed) {
        c->armed = false;
        c->handler->readable(c);
    }
}

static void on_input(struct conn *c)
{
    if (c->reader) {
        wait_wake(c->reader);
    } else if (c->armed) {
        c->armed = false;
        c->handler->readable(c);
    }
}

static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *out)
{
    struct conn *c = h->data;
    (void)suggested;
    *out = uv_buf_init(c->worker->read_buffer, READ_BUFFER_BYTES);
}

static void stop_reading(struct conn *c)
{
    if (c->reading) {
        c->reading = false;
        uv_read_stop(&c->uv.stream);
    }
}

/* Bytes of the client's are lost: nothing that follows can be understood. */
static void input_lost(struct conn *c, int error)
{
    c->eof = true;
    c->error = error;
    stop_reading(c);
}

/* Into the buffer in clear. False: nothing has come of it yet. */
static bool take_bytes(struct conn *c, const char *bytes, size_t n, struct buf *to)
{
    size_t before = to->len;
    bool eof = false;
    if (!c->tls || c->handshaking) {
        buf_put(to, bytes, n);
        return true;
    }
    if (!tls_input(c->tls, bytes, n, to, &eof) && !to->failed)
        input_lost(c, UV_EPROTO);
    if (eof) {
        c->eof = true;
        stop_reading(c);
    }
    return to->len > before || to->failed || c->eof;
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *bytes)
{
    struct conn *c = stream->data;
    if (n == 0)
        return;
    if (n < 0) {
        c->eof = true;
        c->error = n == UV_EOF ? 0 : (int)n;
        stop_reading(c);
    } else {
        struct buf *to = c->reader ? c->reader_into : &c->in;
        bool any = take_bytes(c, bytes->base, (size_t)n, to);
        if (c->in.len >= INPUT_LIMIT_BYTES || to->failed)
            stop_reading(c);
        if (to->failed && to->no_memory)
            input_lost(c, UV_ENOMEM);
        if (!any)
            return;
    }
    on_input(c);
}

static void start_reading(struct conn *c)
{
    if (!c->reading && !c->eof && uv_read_start(&c->uv.stream, on_alloc, on_read) == 0)
        c->reading = true;
}

/* "" and 0 for what is no internet address. */
static void name_address(const struct sockaddr_storage *ss, char name[INET6_ADDRSTRLEN],
                         uint16_t *port)
{
    if (ss->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)ss;
        uv_ip4_name(in, name, INET6_ADDRSTRLEN);
        *port = ntohs(in->sin_port);
    } else if (ss->ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)ss;
        uv_ip6_name(in6, name, INET6_ADDRSTRLEN);
        *port = ntohs(in6->sin6_port);
    }
}

static void set_addresses(struct conn *c)
{
    struct sockaddr_storage ss;
    int len = sizeof(ss);
    if (uv_tcp_getpeername(&c->uv.tcp, (struct sockaddr *)&ss, &len) == 0)
        name_address(&ss, c->peer, &c->peer_port);
    len = sizeof(ss);
    if (uv_tcp_getsockname(&c->uv.tcp, (struct sockaddr *)&ss, &len) == 0)
        name_address(&ss, c->own, &c->own_port);
}

static int init_handle(struct worker *w, struct conn *c, bool local)
{
    return local ? uv_pipe_init(&w->loop, &c->uv.pipe, 0) : uv_tcp_init(&w->loop, &c->uv.tcp);
}

void conn_accept(struct worker *w, const struct conn_handler *handler, void *arg, int fd,
                 bool local)
{
    struct conn *c = calloc(1, sizeof(*c));
    if (!c || init_handle(w, c, local) != 0) {
        free(c);
        close(fd);
        atomic_fetch_sub_explicit(&w->conn_count, 1, memory_order_relaxed);
        return;
    }
    c->uv.stream.data = c;
    c->worker = w;
    c->handler = handler;
    c->next = w->conns;
    if (c->next)
        c->next->previous = c;
    w->conns = c;
    if ((local ? uv_pipe_open(&c->uv.pipe, fd) : uv_tcp_open(&c->uv.tcp, fd)) != 0) {
        close(fd);
        conn_close(c);
        return;
    }
    if (!local)
        set_addresses(c);
    start_reading(c);
    handler->opened(c, arg);
}

struct worker *conn_worker(const struct conn *c)
{
    return c->worker;
}

void conn_set_user(struct conn *c, void *user)
{
    c->user = user;
}

void *conn_user(const struct conn *c)
{
    return c->user;
}

const char *conn_peer_address(const struct conn *c)
{
    return c->peer;
}

const char *conn_own_address(const struct conn *c)
{
    return c->own;
}

uint16_t conn_own_port(const struct conn *c)
{
    return c->own_port;
}

uint16_t conn_peer_port(const struct conn *c)
{
    return c->peer_port;
}

void conn_arm(struct conn *c)
{
    ASSERT(rt_worker == c->worker && !c->closing && !c->reader);
    c->armed = true;
    start_reading(c);
    if ((c->in.len || c->eof) && !c->arm_pending) {
        c->arm_pending = true;
        c->arm_msg.fn = arm_message;
        worker_send(c->worker, &c->arm_msg);
    }
}

void conn_disarm(struct conn *c)
{
    c->armed = false;
}

size_t conn_pending_bytes(const struct conn *c)
{
    return c->in.len;
}

bool conn_at_eof(const struct conn *c)
{
    return c->eof;
}

/* Gives the connection's buffer away whole when the reader's is empty, so that no byte is copied
 * twice. */
static void take_input(struct conn *c, struct buf *into)
{
    if (into->cap == 0) {
        size_t limit = into->limit_bytes;
        *into = c->in;
        into->limit_bytes = limit;
        c->in = BUF_INIT;
    } else {
        buf_put(into, c->in.data, c->in.len);
        buf_done(&c->in);
        c->in = BUF_INIT;
        if (into->failed && into->no_memory)
            input_lost(c, UV_ENOMEM);
    }
    start_reading(c);
}

static struct err *broken(int code)
{
    if (code == UV_ENOMEM)
        return err_fatal(err_new("53200", "out of memory"));
    return err_fatal(err_new("08006", "could not receive data from client: %s", uv_strerror(code)));
}

struct err *conn_read(struct conn *c, struct buf *into, int64_t deadline_ns, bool *eof,
                      bool *timed_out)
{
    ASSERT(rt_worker == c->worker && !c->closing && !c->reader);
    *eof = false;
    if (timed_out)
        *timed_out = false;
    if (c->in.len) {
        take_input(c, into);
        struct err *e = buf_finish(into);
        return e && c->error ? err_fatal(e) : e;
    }
    if (!c->eof) {
        struct wait wait;
        bool woken = false;
        size_t before = into->len;
        wait_prepare(&wait);
        c->reader = &wait;
        c->reader_into = into;
        start_reading(c);
        struct err *e = wait_block(&wait, deadline_ns, &woken);
        c->reader = NULL;
        c->reader_into = NULL;
        TRY(e);
        if (into->len > before || into->failed) {
            e = buf_finish(into);
            return e && c->error ? err_fatal(e) : e;
        }
        if (!woken && !c->eof) {
            if (timed_out)
                *timed_out = true;
            return NULL;
        }
    }
    if (c->error)
        return broken(c->error);
    *eof = true;
    return NULL;
}

/* A write under way: owns its bytes, so that the fiber may leave before it is done. */
struct write {
    uv_write_t req;
    struct wait *waiter; /* NULL: nobody cares any more */
    int status;
    bool done;
    char data[];
};

static void on_written(uv_write_t *req, int status)
{
    struct write *w = CONTAINER_OF(req, struct write, req);
    if (!w->waiter) {
        free(w);
        return;
    }
    w->status = status;
    w->done = true;
    wait_wake(w->waiter);
}

/* Waits for the write, deaf to a cancelled statement but not to termination. */
static struct err *await_write(struct write *w)
{
    for (;;) {
        struct wait wait;
        bool woken = false;
        wait_prepare(&wait);
        w->waiter = &wait;
        struct cancel *c = cancel_current();
        bool plain = !c || atomic_load_explicit(&c->reason, memory_order_relaxed) == CANCEL_NONE;
        int64_t poll_ns = 100000000; /* a token already set is looked at again now and then */
        struct err *e;
        if (plain) {
            e = wait_block(&wait, WAIT_FOREVER, &woken);
        } else {
            struct cancel *kept = cancel_use(NULL);
            e = wait_block(&wait, clock_mono_ns() + poll_ns, &woken);
            cancel_use(kept);
        }
        w->waiter = NULL;
        if (w->done) {
            err_free(e);
            return NULL;
        }
        if (e && err_is(e, "57P01"))
            return e;
        err_free(e);
        if (!plain && atomic_load_explicit(&c->reason, memory_order_relaxed) == CANCEL_TERMINATE)
            return cancel_check(c);
    }
}

static struct err *write_chunk(struct conn *c, const char *data, size_t len)
{
    struct write *w = malloc(sizeof(*w) + len);
    if (!w)
        return err_oom();
    *w = (struct write){.status = 0};
    memcpy(w->data, data, len);
    uv_buf_t bytes = uv_buf_init(w->data, (unsigned)len);
    int rc = uv_write(&w->req, &c->uv.stream, &bytes, 1, on_written);
    if (rc != 0) {
        free(w);
        return broken(rc);
    }
    TRY(await_write(w));
    rc = w->status;
    free(w);
    return rc == 0 ? NULL : broken(rc);
}

static struct err *write_plain(struct conn *c, const void *data, size_t len)
{
    const char *p = data;
    while (len) {
        uv_buf_t bytes = uv_buf_init((char *)p, len > INT32_MAX ? INT32_MAX : (unsigned)len);
        int n = uv_try_write(&c->uv.stream, &bytes, 1);
        if (n < 0 && n != UV_EAGAIN)
            return broken(n);
        if (n > 0) {
            p += n;
            len -= (size_t)n;
            continue;
        }
        size_t chunk = len > WRITE_CHUNK_BYTES ? WRITE_CHUNK_BYTES : len;
        TRY(write_chunk(c, p, chunk));
        p += chunk;
        len -= chunk;
    }
    return NULL;
}

struct err *conn_write(struct conn *c, const void *data, size_t len)
{
    ASSERT(rt_worker == c->worker && !c->closing);
    const char *p = data;
    if (!c->tls || c->handshaking)
        return write_plain(c, data, len);
    while (len) {
        struct buf records = BUF_INIT;
        size_t chunk = len > WRITE_CHUNK_BYTES ? WRITE_CHUNK_BYTES : len;
        struct err *e = tls_output(c->tls, p, chunk, &records);
        if (!e)
            e = write_plain(c, records.data, records.len);
        buf_done(&records);
        TRY(e);
        p += chunk;
        len -= chunk;
    }
    return NULL;
}

/* ---- the handshake ---- */

struct handshake {
    struct tls *tls;
    struct buf in;
    struct buf out;
    bool done;
    struct err *error;
};

static void handshake_step(void *arg)
{
    struct handshake *h = arg;
    h->error = tls_handshake(h->tls, h->in.data, h->in.len, &h->out, &h->done);
}

static struct err *shake_hands(struct conn *c, struct handshake *h, int64_t deadline_ns)
{
    while (!h->done) {
        bool eof;
        bool timed_out;
        buf_reset(&h->in);
        buf_reset(&h->out);
        TRY(conn_read(c, &h->in, deadline_ns, &eof, &timed_out));
        if (eof || timed_out)
            return err_fatal(err_new("08006", "could not accept SSL connection: %s",
                                     eof ? "EOF detected" : "timeout"));
        pool_run(handshake_step, h);
        struct err *e = h->out.len ? write_plain(c, h->out.data, h->out.len) : NULL;
        if (h->error) {
            err_free(e);
            return h->error;
        }
        TRY(e);
    }
    return NULL;
}

/* What came behind the handshake is decrypted. */
static void begin_decrypting(struct conn *c)
{
    struct buf raw = c->in;
    struct buf clear = BUF_INIT;
    c->in = clear;
    c->handshaking = false;
    take_bytes(c, (const char *)raw.data, raw.len, &c->in);
    buf_done(&raw);
}

struct err *conn_start_tls(struct conn *c, struct tls_context *context, int64_t deadline_ns)
{
    struct handshake h = {.in = BUF_INIT, .out = BUF_INIT};
    TRY(tls_new(context, &c->tls));
    c->handshaking = true;
    h.tls = c->tls;
    struct err *e = shake_hands(c, &h, deadline_ns);
    buf_done(&h.in);
    buf_done(&h.out);
    if (!e)
        begin_decrypting(c);
    return e;
}

const struct tls_info *conn_tls_info(const struct conn *c)
{
    static const struct tls_info none = {0};
    return c->tls && !c->handshaking ? tls_info(c->tls) : &none;
}

struct each_conn {
    struct worker *worker;
    void (*fn)(struct conn *c, void *arg);
    void *arg;
};

static void run_each_conn(void *arg)
{
    struct each_conn e = *(struct each_conn *)arg;
    free(arg);
    for (struct conn *c = e.worker->conns; c;) {
        struct conn *next = c->next; /* fn may close this one, not others */
        e.fn(c, e.arg);
        c = next;
    }
}

void runtime_each_conn(struct runtime *rt, void (*fn)(struct conn *c, void *arg), void *arg)
{
    for (int i = 0; i < rt->worker_count; i++) {
        struct each_conn *e = malloc(sizeof(*e));
        CHECK(e != NULL);
        *e = (struct each_conn){&rt->workers[i], fn, arg};
        worker_post(e->worker, run_each_conn, e);
    }
}
