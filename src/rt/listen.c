/* Listeners, on the main thread: each accepts and hands the sockets to the workers. See runtime.h.
 */
#include "rt/runtime.h"

#include "base/log.h"
#include "rt/conn.h"
#include "rt/rt_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 1024 };

struct listener {
    uv_poll_t poll;
    int fd;
    char *path; /* of a Unix-domain socket */
    struct runtime *rt;
    const struct conn_handler *handler;
    void *arg;
    struct listener *next;
};

struct arrival {
    struct worker *worker;
    const struct conn_handler *handler;
    void *arg;
    int fd;
    bool local;
};

static void on_arrival(void *arg)
{
    struct arrival a = *(struct arrival *)arg;
    free(arg);
    conn_accept(a.worker, a.handler, a.arg, a.fd, a.local);
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
        *a = (struct arrival){choose_worker(l->rt), l->handler, l->arg, fd, l->path != NULL};
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

static struct err *add_listener(struct runtime *rt, int fd, const char *path,
                                const struct conn_handler *handler, void *arg)
{
    struct listener *l = calloc(1, sizeof(*l));
    if (!l) {
        close(fd);
        return err_oom();
    }
    *l = (struct listener){
        .fd = fd, .rt = rt, .handler = handler, .arg = arg, .next = rt->listeners};
    if (path)
        CHECK((l->path = strdup(path)) != NULL);
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
            one = add_listener(rt, fd, NULL, handler, arg);
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

/* ---- Unix-domain sockets ---- */

enum { SOCKET_PATH_BYTES = sizeof(((struct sockaddr_un *)0)->sun_path) };

static void lock_path(const char *path, char *out, size_t size)
{
    snprintf(out, size, "%s.lock", path);
}

/* The process that holds a lock file; 0 when it has gone, or the file is not readable as one. */
static pid_t lock_holder(const char *lock)
{
    char text[32];
    int64_t pid;
    int fd = open(lock, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t n = read(fd, text, sizeof(text));
    close(fd);
    const char *end = n > 0 ? memchr(text, '\n', (size_t)n) : NULL;
    if (!end || !str_to_int64(str_make(text, (size_t)(end - text)), &pid))
        return 0;
    /* A server before this one, in a container, may have had our number. */
    if (pid <= 0 || pid == getpid() || (kill((pid_t)pid, 0) != 0 && errno != EPERM))
        return 0;
    return (pid_t)pid;
}

/* PostgreSQL's servers look at the same file: the first line is the holder's number. */
static struct err *lock_socket(const char *path)
{
    char lock[SOCKET_PATH_BYTES + 8];
    char text[32];
    lock_path(path, lock, sizeof(lock));
    for (int attempt = 0;; attempt++) {
        int fd = open(lock, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd >= 0) {
            int len = snprintf(text, sizeof(text), "%d\n", (int)getpid());
            bool written = write(fd, text, (size_t)len) == len;
            close(fd);
            return written ? NULL : err_new("58030", "could not write lock file \"%s\"", lock);
        }
        if (errno != EEXIST || attempt == 2)
            return err_errno(errno, "create lock file \"%s\"", lock);
        pid_t holder = lock_holder(lock);
        if (holder)
            return err_hint(err_new("F0001", "lock file \"%s\" already exists", lock),
                            "Is another server (PID %d) using socket file \"%s\"?", (int)holder,
                            path);
        unlink(lock);
    }
}

static void unlink_socket(const char *path)
{
    char lock[SOCKET_PATH_BYTES + 8];
    lock_path(path, lock, sizeof(lock));
    unlink(path);
    unlink(lock);
}

static struct err *open_unix(const struct sockaddr_un *sa, int *out)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_errno(errno, "create Unix-domain socket");
    unlink(sa->sun_path); /* of a server that died: we have the lock */
    if (bind(fd, (const struct sockaddr *)sa, sizeof(*sa)) != 0 || chmod(sa->sun_path, 0777) != 0 ||
        listen(fd, BACKLOG) != 0) {
        int code = errno;
        close(fd);
        return err_errno(code, "bind or listen on Unix-domain socket");
    }
    *out = fd;
    return NULL;
}

struct err *runtime_listen_unix(struct runtime *rt, const char *directory, uint16_t port,
                                const struct conn_handler *handler, void *handler_arg)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    int len =
        snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/.s.PGSQL.%u", directory, (unsigned)port);
    if (len < 0 || (size_t)len >= sizeof(sa.sun_path))
        return err_new("22023", "Unix-domain socket path \"%s\" is too long", directory);
    int fd = -1;
    TRY(lock_socket(sa.sun_path));
    struct err *e = open_unix(&sa, &fd);
    if (!e)
        e = add_listener(rt, fd, sa.sun_path, handler, handler_arg);
    if (e)
        unlink_socket(sa.sun_path);
    return e;
}

/* ---- closing ---- */

static void on_listener_closed(uv_handle_t *h)
{
    struct listener *l = h->data;
    close(l->fd);
    if (l->path)
        unlink_socket(l->path);
    free(l->path);
    free(l);
}

void close_listeners(struct runtime *rt)
{
    while (rt->listeners) {
        struct listener *l = rt->listeners;
        rt->listeners = l->next;
        uv_poll_stop(&l->poll);
        uv_close((uv_handle_t *)&l->poll, on_listener_closed);
    }
    uv_run(&rt->main_loop, UV_RUN_NOWAIT);
}
