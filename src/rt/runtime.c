/* The main thread: listeners, signals, life and death of the workers. See runtime.h. */
#include "rt/runtime.h"

#include "base/clock.h"
#include "base/log.h"
#include "rt/conn.h"
#include "rt/rt_internal.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 1024, DEFAULT_POOL_THREADS = 8, DEFAULT_STACK_BYTES = 256 * 1024 };

struct listener {
    uv_poll_t poll;
    int fd;
    struct runtime *rt;
    const struct conn_handler *handler;
    void *arg;
    struct listener *next;
};

static void on_stop(uv_async_t *a)
{
    uv_stop(a->loop);
}

static void on_signal(uv_signal_t *s, int number)
{
    struct runtime *rt = s->data;
    if (number == SIGHUP) {
        if (rt->config.on_reload)
            rt->config.on_reload(rt->config.arg);
        return;
    }
    rt->stop_signal = number;
    uv_stop(s->loop);
}

static struct err *open_main_loop(struct runtime *rt)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
    signal(SIGPIPE, SIG_IGN);
    if (uv_loop_init(&rt->main_loop) != 0)
        return err_new("58030", "could not create an event loop");
    uv_async_init(&rt->main_loop, &rt->stop_async, on_stop);
    for (size_t i = 0; i < ARRAY_LENGTH(numbers); i++) {
        uv_signal_init(&rt->main_loop, &rt->signals[i]);
        rt->signals[i].data = rt;
        uv_signal_start(&rt->signals[i], on_signal, numbers[i]);
    }
    rt->handles_open = true;
    return NULL;
}

static struct err *start_workers(struct runtime *rt)
{
    int wanted = rt->config.workers;
    rt->workers = calloc((size_t)wanted, sizeof(*rt->workers));
    if (!rt->workers)
        return err_oom();
    for (int i = 0; i < wanted; i++) {
        TRY(worker_init(&rt->workers[i], rt, i));
        TRY(worker_launch(&rt->workers[i]));
        rt->worker_count++;
    }
    return NULL;
}

struct err *runtime_new(const struct runtime_config *config, struct runtime **out)
{
    struct runtime *rt = calloc(1, sizeof(*rt));
    if (!rt)
        return err_oom();
    rt->config = *config;
    if (rt->config.workers <= 0)
        rt->config.workers = (int)uv_available_parallelism();
    if (rt->config.pool_threads <= 0)
        rt->config.pool_threads = DEFAULT_POOL_THREADS;
    if (rt->config.stack_bytes == 0)
        rt->config.stack_bytes = DEFAULT_STACK_BYTES;
    struct err *e = pool_new(rt->config.pool_threads, &rt->pool);
    if (!e)
        e = open_main_loop(rt);
    if (!e)
        e = start_workers(rt);
    if (e) {
        runtime_free(rt);
        return e;
    }
    *out = rt;
    return NULL;
}

/* ---- listening ---- */

struct arrival {
    struct worker *worker;
    const struct conn_handler *handler;
    void *arg;
    int fd;
};

static void on_arrival(void *arg)
{
    struct arrival a = *(struct arrival *)arg;
    free(arg);
    conn_accept(a.worker, a.handler, a.arg, a.fd);
}

/* The least loaded; among equals the next in turn. */
static struct worker *choose_worker(struct runtime *rt)
{
    struct worker *best = NULL;
    int64_t best_count = INT64_MAX;
    for (int i = 0; i < rt->worker_count; i++) {
        struct worker *w = &rt->workers[(rt->next_worker + i) % rt->worker_count];
        int64_t count = atomic_load_explicit(&w->conn_count, memory_order_relaxed);
        if (count < best_count) {
            best = w;
            best_count = count;
        }
    }
    rt->next_worker = (best->index + 1) % rt->worker_count;
    return best;
}

static void on_acceptable(uv_poll_t *poll, int status, int events)
{
    struct listener *l = poll->data;
    (void)status;
    (void)events;
    for (;;) {
        int fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            if (errno == EINTR || errno == ECONNABORTED)
                continue;
            if (errno != EAGAIN && errno != EWOULDBLOCK) {
                log_write(LOG_WARNING, "rt", "could not accept new connection: errno %d", errno);
                usleep(10000); /* out of descriptors: the main thread has nothing better to do */
            }
            return;
        }
        struct arrival *a = malloc(sizeof(*a));
        if (!a) {
            close(fd);
            continue;
        }
        *a = (struct arrival){choose_worker(l->rt), l->handler, l->arg, fd};
        atomic_fetch_add_explicit(&a->worker->conn_count, 1, memory_order_relaxed);
        worker_post(a->worker, on_arrival, a);
    }
}

static struct err *open_socket(const struct addrinfo *ai, int *out)
{
    int on = 1;
    int fd = socket(ai->ai_family, ai->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, ai->ai_protocol);
    if (fd < 0)
        return err_errno(errno, "create socket");
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    /* Linux gives these to the accepted sockets. */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    if (ai->ai_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    if (bind(fd, ai->ai_addr, ai->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0) {
        int code = errno;
        close(fd);
        return err_errno(code, "bind or listen on socket");
    }
    *out = fd;
    return NULL;
}

static uint16_t socket_port(int fd)
{
    struct sockaddr_storage ss = {0};
    socklen_t len = sizeof(ss);
    getsockname(fd, (struct sockaddr *)&ss, &len);
    return ntohs(ss.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&ss)->sin6_port
                                          : ((struct sockaddr_in *)&ss)->sin_port);
}

static struct err *add_listener(struct runtime *rt, int fd, const struct conn_handler *handler,
                                void *arg)
{
    struct listener *l = calloc(1, sizeof(*l));
    if (!l) {
        close(fd);
        return err_oom();
    }
    *l = (struct listener){
        .fd = fd, .rt = rt, .handler = handler, .arg = arg, .next = rt->listeners};
    uv_poll_init(&rt->main_loop, &l->poll, fd);
    l->poll.data = l;
    uv_poll_start(&l->poll, UV_READABLE, on_acceptable);
    rt->listeners = l;
    return NULL;
}

static struct err *listen_one(struct runtime *rt, const char *host, uint16_t *port,
                              const struct conn_handler *handler, void *arg)
{
    char service[8];
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *list = NULL;
    struct err *e = NULL;
    bool any = false;
    snprintf(service, sizeof(service), "%u", *port);
    int rc = getaddrinfo(strcmp(host, "*") == 0 ? NULL : host, service, &hints, &list);
    if (rc != 0)
        return err_new("58030", "could not resolve listen address \"%s\": %s", host,
                       gai_strerror(rc));
    for (struct addrinfo *ai = list; ai; ai = ai->ai_next) {
        int fd = -1;
        /* With port 0 the first address picks, the others follow it. */
        if (ai->ai_family == AF_INET6)
            ((struct sockaddr_in6 *)ai->ai_addr)->sin6_port = htons(*port);
        else
            ((struct sockaddr_in *)ai->ai_addr)->sin_port = htons(*port);
        struct err *one = open_socket(ai, &fd);
        if (!one) {
            *port = socket_port(fd);
            one = add_listener(rt, fd, handler, arg);
        }
        any = any || !one;
        err_free(e);
        e = one;
    }
    freeaddrinfo(list);
    /* One of a host's addresses is enough: not every machine has IPv6. */
    if (any) {
        err_free(e);
        return NULL;
    }
    return e;
}

struct err *runtime_listen(struct runtime *rt, const char *addresses, uint16_t port,
                           const struct conn_handler *handler, void *handler_arg,
                           uint16_t *bound_port)
{
    const char *p = addresses;
    while (*p) {
        char host[256];
        size_t len = strcspn(p, ",");
        struct str name = {p, len};
        p += len + (p[len] == ',');
        while (name.len && *name.data == ' ')
            name = (struct str){name.data + 1, name.len - 1};
        while (name.len && name.data[name.len - 1] == ' ')
            name.len--;
        if (name.len == 0)
            continue;
        if (name.len >= sizeof(host))
            return err_new("22023", "listen address is too long");
        memcpy(host, name.data, name.len);
        host[name.len] = '\0';
        TRY(listen_one(rt, host, &port, handler, handler_arg));
    }
    if (bound_port)
        *bound_port = port;
    return NULL;
}

static void on_listener_closed(uv_handle_t *h)
{
    struct listener *l = h->data;
    close(l->fd);
    free(l);
}

static void close_listeners(struct runtime *rt)
{
    while (rt->listeners) {
        struct listener *l = rt->listeners;
        rt->listeners = l->next;
        uv_poll_stop(&l->poll);
        uv_close((uv_handle_t *)&l->poll, on_listener_closed);
    }
    uv_run(&rt->main_loop, UV_RUN_NOWAIT);
}

/* ---- running and ending ---- */

int runtime_run(struct runtime *rt)
{
    if (!atomic_load_explicit(&rt->stop, memory_order_acquire))
        uv_run(&rt->main_loop, UV_RUN_DEFAULT);
    close_listeners(rt);
    return rt->stop_signal;
}

void runtime_stop(struct runtime *rt)
{
    atomic_store_explicit(&rt->stop, true, memory_order_release);
    uv_async_send(&rt->stop_async);
}

int64_t runtime_conn_count(const struct runtime *rt)
{
    int64_t count = 0;
    for (int i = 0; i < rt->worker_count; i++)
        count += atomic_load_explicit(&rt->workers[i].conn_count, memory_order_relaxed);
    return count;
}

bool runtime_drain(struct runtime *rt, int64_t timeout_ms)
{
    int64_t deadline_ns = clock_mono_ns() + timeout_ms * 1000000;
    CHECK(rt_worker == NULL);
    while (runtime_conn_count(rt) || atomic_load_explicit(&rt->fiber_count, memory_order_acquire)) {
        if (clock_mono_ns() >= deadline_ns)
            return false;
        usleep(1000);
    }
    return true;
}

static void close_main_loop(struct runtime *rt)
{
    close_listeners(rt);
    uv_close((uv_handle_t *)&rt->stop_async, NULL);
    for (size_t i = 0; i < ARRAY_LENGTH(rt->signals); i++)
        uv_close((uv_handle_t *)&rt->signals[i], NULL);
    uv_run(&rt->main_loop, UV_RUN_DEFAULT);
    uv_loop_close(&rt->main_loop);
}

void runtime_free(struct runtime *rt)
{
    if (!rt)
        return;
    for (int i = 0; i < rt->worker_count; i++)
        worker_stop_and_join(&rt->workers[i]);
    pool_free(rt->pool);
    free(rt->workers);
    if (rt->handles_open)
        close_main_loop(rt);
    free(rt);
}

int runtime_worker_count(const struct runtime *rt)
{
    return rt->worker_count;
}

struct worker *runtime_worker(struct runtime *rt, int index)
{
    ASSERT(index >= 0 && index < rt->worker_count);
    return &rt->workers[index];
}
