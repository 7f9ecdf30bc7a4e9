/* COPY with a file of the server's machine: a stream of pieces that pool threads read and write. */
#include "exec/copy_internal.h"

#include "catalog/acl.h"
#include "exec/fn_session.h"
#include "rt/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE_BYTES = 256 * 1024 };

struct copy_file {
    const char *name; /* as the statement has it */
    const char *path;
    int fd;
    int error; /* of the last job */
    bool is_directory;
    struct buf bytes;
};

static void open_to_read(void *arg)
{
    struct copy_file *f = arg;
    struct stat st;
    f->fd = open(f->path, O_RDONLY | O_CLOEXEC);
    f->error = f->fd < 0 || fstat(f->fd, &st) != 0 ? errno : 0;
    f->is_directory = !f->error && S_ISDIR(st.st_mode);
}

static void open_to_write(void *arg)
{
    struct copy_file *f = arg;
    f->fd = open(f->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    f->error = f->fd < 0 ? errno : 0;
}

static void read_piece(void *arg)
{
    struct copy_file *f = arg;
    ssize_t n;
    do
        n = read(f->fd, f->bytes.data, PIECE_BYTES);
    while (n < 0 && errno == EINTR);
    f->error = n < 0 ? errno : 0;
    f->bytes.len = n < 0 ? 0 : (size_t)n;
}

static void write_piece(void *arg)
{
    struct copy_file *f = arg;
    size_t done = 0;
    f->error = 0;
    while (done < f->bytes.len && !f->error) {
        ssize_t n = write(f->fd, f->bytes.data + done, f->bytes.len - done);
        if (n >= 0)
            done += (size_t)n;
        else if (errno != EINTR)
            f->error = errno;
    }
    buf_reset(&f->bytes);
}

static void close_file(void *arg)
{
    struct copy_file *f = arg;
    f->error = close(f->fd) != 0 ? errno : 0;
    f->fd = -1;
}

static struct err *failed(const struct copy_file *f, const char *what)
{
    return f->error ? err_new(file_sqlstate(f->error), "could not %s: %s", what, strerror(f->error))
                    : NULL;
}

static struct err *file_open(void *arg, bool in, int ncols, bool binary)
{
    struct copy_file *f = arg;
    (void)ncols;
    (void)binary;
    pool_run(in ? open_to_read : open_to_write, f);
    if (f->is_directory)
        return err_new("42809", "\"%s\" is a directory", f->name);
    if (f->error) {
        struct err *e = err_new(file_sqlstate(f->error), "could not open file \"%s\" for %s: %s",
                                f->name, in ? "reading" : "writing", strerror(f->error));
        if (f->error != ENOENT && f->error != EACCES)
            return e;
        return err_hint(e,
                        "COPY %s instructs the PostgreSQL server process to %s a file. You may "
                        "want a client-side facility such as psql's \\copy.",
                        in ? "FROM" : "TO", in ? "read" : "write");
    }
    return buf_reserve(&f->bytes, PIECE_BYTES) ? NULL : err_oom();
}

static struct err *file_read(void *arg, struct str *piece, bool *end)
{
    struct copy_file *f = arg;
    pool_run(read_piece, f);
    TRY(failed(f, "read from COPY file"));
    *piece = str_make(f->bytes.data, f->bytes.len);
    *end = !f->bytes.len;
    return NULL;
}

static struct err *write_out(struct copy_file *f)
{
    pool_run(write_piece, f);
    return failed(f, "write to COPY file");
}

static struct err *file_write(void *arg, struct str line)
{
    struct copy_file *f = arg;
    buf_put(&f->bytes, line.data, line.len);
    TRY(buf_finish(&f->bytes));
    return f->bytes.len >= PIECE_BYTES ? write_out(f) : NULL;
}

static struct err *file_end(struct copy_file *f, bool in)
{
    if (!in)
        TRY(write_out(f));
    pool_run(close_file, f);
    return f->error ? err_new(file_sqlstate(f->error), "could not close file \"%s\": %s", f->name,
                              strerror(f->error))
                    : NULL;
}

struct err *copy_may_use_file(struct session *s, bool in)
{
    const struct role_rights *rights;
    TRY(cat_rights(&s->cat, &rights));
    if (rights_of(rights, in ? ROLE_READ_SERVER_FILES : ROLE_WRITE_SERVER_FILES))
        return NULL;
    return err_hint(
        err_new("42501", "must be superuser or have privileges of the %s role to COPY %s a file",
                in ? "pg_read_server_files" : "pg_write_server_files", in ? "from" : "to"),
        "Anyone can COPY to stdout or from stdin. psql's \\copy command also works "
        "for anyone.");
}

struct err *copy_with_file(struct copy *c, const char *name, bool in,
                           struct err *(*run)(struct copy *c))
{
    struct copy_file f = {.name = name, .path = name, .fd = -1, .bytes = BUF_INIT};
    const struct copy_io io = {
        .arg = &f, .begin = file_open, .read = file_read, .write = file_write};
    if (*name != '/') {
        if (!in)
            return err_new("42602", "relative path not allowed for COPY to file");
        f.path = arena_printf(&c->arena, "%s/%s", c->s->data_directory, name);
    }
    c->io = &io;
    struct err *e = run(c);
    if (!e)
        e = file_end(&f, in);
    else if (f.fd >= 0)
        pool_run(close_file, &f);
    buf_done(&f.bytes);
    return e;
}
