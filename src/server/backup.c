/* `tarn backup`: asks a running server for a copy (statement BACKUP TO), over a plain blocking
 * connection. The server writes the copy; both see the same file system. */
#include "server/server_internal.h"

#include "wire/wire.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_MESSAGE_BYTES = 1 << 20, PROTOCOL = 196608 };

static struct err *connect_to(const char *host, const char *port, int *out)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *list;
    int rc = getaddrinfo(host, port, &hints, &list);
    if (rc != 0)
        return err_new("08001", "could not find \"%s\": %s", host, gai_strerror(rc));
    int fd = -1;
    int error = 0;
    for (struct addrinfo *a = list; a && fd < 0; a = a->ai_next) {
        fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);
        if (fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) != 0) {
            error = errno;
            close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(list);
    if (fd < 0)
        return err_new("08001", "could not connect to \"%s\" port %s: %s", host, port,
                       strerror(error));
    *out = fd;
    return NULL;
}

static struct err *send_all(int fd, struct str s)
{
    while (s.len) {
        ssize_t n = send(fd, s.data, s.len, MSG_NOSIGNAL);
        if (n <= 0)
            return err_new("08006", "lost the connection to the server");
        s = str_make(s.data + n, s.len - (size_t)n);
    }
    return NULL;
}

static struct err *receive(int fd, void *to, size_t len)
{
    char *p = to;
    while (len) {
        ssize_t n = recv(fd, p, len, 0);
        if (n <= 0)
            return err_new("08006", "lost the connection to the server");
        p += n;
        len -= (size_t)n;
    }
    return NULL;
}

/* A field of ErrorResponse. */
static const char *field(const char *body, size_t len, char code)
{
    for (size_t i = 0; i < len && body[i]; i += strlen(body + i) + 1)
        if (body[i] == code)
            return body + i + 1;
    return "";
}

/* Reads messages up to ReadyForQuery; the error among them, if any. */
static struct err *await_ready(int fd)
{
    struct err *e = NULL;
    for (;;) {
        uint8_t head[5];
        struct err *lost = receive(fd, head, sizeof(head));
        uint32_t len = lost ? 4 : load_be32(head + 1);
        char *body = len >= 4 && len <= MAX_MESSAGE_BYTES ? malloc(len) : NULL;
        if (!lost && !body)
            lost = err_new("08P01", "the server sent a message of a wrong length");
        if (!lost)
            lost = receive(fd, body, len - 4);
        if (!lost)
            body[len - 4] = '\0';
        if (!lost && head[0] == 'E' && !e)
            e = err_new(field(body, len - 4, 'C'), "%s", field(body, len - 4, 'M'));
        if (!lost && head[0] == 'R' && (len < 8 || load_be32(body) != 0))
            lost = err_new("0A000", "the server asks for a password");
        free(body);
        if (lost && !e)
            return lost;
        err_free(lost);
        if (lost || head[0] == 'Z')
            return e;
    }
}

static void put_startup(struct buf *b, const char *user)
{
    buf_put_be32(b, 0);
    buf_put_be32(b, PROTOCOL);
    buf_put(b, "user", 5);
    buf_put(b, user, strlen(user) + 1);
    buf_put(b, "database\0postgres", 18);
    buf_put_u8(b, 0);
    store_be32(b->data, (uint32_t)b->len);
}

static void put_query(struct buf *b, const char *target)
{
    buf_put_u8(b, 'Q');
    buf_put_be32(b, 0);
    buf_put_c(b, "BACKUP TO '");
    for (const char *p = target; *p; p++)
        buf_put(b, *p == '\'' ? "''" : p, *p == '\'' ? 2 : 1);
    buf_put(b, "'", 2);
    store_be32(b->data + 1, (uint32_t)b->len - 1);
}

static struct err *converse(int fd, const char *user, const char *target)
{
    struct buf startup = BUF_INIT;
    struct buf query = BUF_INIT;
    put_startup(&startup, user);
    put_query(&query, target);
    struct err *e = send_all(fd, buf_str(&startup));
    if (!e)
        e = await_ready(fd);
    if (!e)
        e = send_all(fd, buf_str(&query));
    if (!e)
        e = await_ready(fd);
    buf_done(&startup);
    buf_done(&query);
    return e;
}

struct err *server_ask_backup(const char *host, const char *port, const char *user,
                              const char *target)
{
    char cwd[1024];
    char full[2048];
    int fd = -1;
    if (!getcwd(cwd, sizeof(cwd)))
        return err_errno(errno, "find the current directory");
    int n = *target == '/' ? snprintf(full, sizeof(full), "%s", target)
                           : snprintf(full, sizeof(full), "%s/%s", cwd, target);
    if (n < 0 || (size_t)n >= sizeof(full))
        return err_new("22023", "the name of the directory is too long");
    TRY(connect_to(host, port, &fd));
    struct err *e = converse(fd, user, full);
    close(fd);
    return e;
}
