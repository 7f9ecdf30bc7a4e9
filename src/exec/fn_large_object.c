/* SQL functions on large objects (manual chapter 35), and the descriptors behind them.
 *
 * A descriptor that only reads keeps the view of the statement that opened it: what it gives does
 * not change while it is open. One that writes reads the newest state, its own writes among it. */
#include "exec/fn_session.h"
#include "exec/large_objects.h"

#include "catalog/acl.h"
#include "catalog/large_object.h"
#include "catalog/systab.h"
#include "exec/session.h"
#include "rt/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    OPEN_WRITE = 0x20000, /* INV_WRITE and INV_READ of clients */
    OPEN_READ = 0x40000,
    PIECE_BYTES = 64 * 1024, /* of files */
};
static const int64_t max_value_bytes = 0x3ffffffb; /* of a bytea */

struct descriptor {
    bool open;
    bool writes;
    uint32_t oid;
    uint32_t serial; /* of the savepoint before which it was opened */
    int64_t offset;
    struct txn_view view; /* of one that only reads */
};

struct large_objects {
    struct descriptor *items; /* by number */
    int n;
    uint32_t serial;
};

/* ---- descriptors ---- */

static void close_descriptor(struct descriptor *d)
{
    if (d->open && !d->writes)
        txn_view_done(&d->view);
    d->open = false;
}

uint32_t large_objects_mark(struct session *s)
{
    return s->large_objects ? ++s->large_objects->serial : 1;
}

void large_objects_rollback(struct session *s, uint32_t mark)
{
    struct large_objects *l = s->large_objects;
    for (int i = 0; l && i < l->n; i++)
        if (l->items[i].serial >= mark)
            close_descriptor(&l->items[i]);
}

void large_objects_forget(struct session *s)
{
    struct large_objects *l = s->large_objects;
    if (!l)
        return;
    large_objects_rollback(s, 0);
    free(l->items);
    free(l);
    s->large_objects = NULL;
}

static struct err *new_descriptor(struct session *s, int *number)
{
    struct large_objects *l = s->large_objects;
    if (!l) {
        l = s->large_objects = calloc(1, sizeof(*l));
        if (!l)
            return err_oom();
        l->serial = 1;
    }
    int i = 0;
    while (i < l->n && l->items[i].open)
        i++;
    if (i == l->n) {
        int n = l->n ? l->n * 2 : 8;
        struct descriptor *items = realloc(l->items, sizeof(*items) * (size_t)n);
        if (!items)
            return err_oom();
        memset(items + l->n, 0, sizeof(*items) * (size_t)(n - l->n));
        l->items = items;
        l->n = n;
    }
    *number = i;
    return NULL;
}

static struct err *find_descriptor(struct fn_call *c, struct descriptor **out)
{
    int64_t i = c->args[0].i;
    TRY(need_session(c));
    const struct large_objects *l = c->session->large_objects;
    if (!l || i < 0 || i >= l->n || !l->items[i].open)
        return err_new("42704", "invalid large-object descriptor: %d", (int)i);
    *out = &l->items[i];
    return NULL;
}

static struct err *find_writing(struct fn_call *c, struct descriptor **out)
{
    TRY(find_descriptor(c, out));
    if ((*out)->writes)
        return NULL;
    return err_new("55000", "large object descriptor %d was not opened for writing",
                   (int)c->args[0].i);
}

/* What the descriptor reads by; free it with view_done. */
static struct txn_view view_of(struct fn_call *c, const struct descriptor *d)
{
    return d->writes ? txn_view_newest(c->session->cat.txn) : d->view;
}

static void view_done(const struct descriptor *d, struct txn_view *v)
{
    if (d->writes)
        txn_view_done(v);
}

/* ---- opening ---- */

static struct err *must_write(struct fn_call *c, const char *what)
{
    TRY(need_session(c));
    if (c->session->ops->read_only(c->session))
        return err_new("25006", "cannot execute %s in a read-only transaction", what);
    return NULL;
}

static struct txn_view statement_view(struct fn_call *c)
{
    return c->view ? txn_view_ref(c->view) : txn_view_newest(c->session->cat.txn);
}

/* A descriptor of the caller, at the object's beginning. Close it. */
static struct err *open_object(struct fn_call *c, uint32_t oid, bool writes, struct descriptor *d)
{
    struct session *s = c->session;
    uint32_t needed = PRIV_SELECT | (writes ? PRIV_UPDATE : 0);
    struct txn_view v = writes ? txn_view_newest(s->cat.txn) : statement_view(c);
    struct err *e = large_object_check(&s->cat, &v, oid, s->lo_compat_privileges ? 0 : needed);
    if (e || writes)
        txn_view_done(&v);
    if (!e)
        *d = (struct descriptor){.open = true, .writes = writes, .oid = oid, .view = v};
    return e;
}

static struct err *lo_open(struct fn_call *c, struct datum *out)
{
    int64_t flags = c->args[1].i;
    struct descriptor d;
    int number = 0;
    TRY(need_session(c));
    if (!(flags & (OPEN_READ | OPEN_WRITE)))
        return err_new("22023", "invalid flags for opening a large object: %d", (int)flags);
    if (flags & OPEN_WRITE)
        TRY(must_write(c, "lo_open(INV_WRITE)"));
    TRY(new_descriptor(c->session, &number));
    TRY(open_object(c, (uint32_t)c->args[0].u, flags & OPEN_WRITE, &d));
    d.serial = c->session->large_objects->serial;
    c->session->large_objects->items[number] = d;
    *out = datum_int(number);
    return NULL;
}

static struct err *lo_close(struct fn_call *c, struct datum *out)
{
    struct descriptor *d = NULL;
    TRY(find_descriptor(c, &d));
    close_descriptor(d);
    *out = datum_int(0);
    return NULL;
}

/* ---- making and dropping ---- */

static struct err *create(struct fn_call *c, const char *what, uint32_t oid, uint32_t *out)
{
    TRY(must_write(c, what));
    return large_object_create(&c->session->cat, oid, out);
}

static struct err *lo_create(struct fn_call *c, struct datum *out)
{
    uint32_t oid;
    TRY(create(c, "lo_create()", (uint32_t)c->args[0].u, &oid));
    *out = datum_int(oid);
    return NULL;
}

static struct err *lo_creat(struct fn_call *c, struct datum *out)
{
    uint32_t oid;
    TRY(create(c, "lo_creat()", 0, &oid)); /* the mode has no meaning */
    *out = datum_int(oid);
    return NULL;
}

static struct err *lo_unlink(struct fn_call *c, struct datum *out)
{
    uint32_t oid = (uint32_t)c->args[0].u;
    TRY(must_write(c, "lo_unlink()"));
    struct session *s = c->session;
    if (!s->lo_compat_privileges)
        TRY(large_object_check_owner(&s->cat, oid));
    for (int i = 0; s->large_objects && i < s->large_objects->n; i++)
        if (s->large_objects->items[i].oid == oid)
            close_descriptor(&s->large_objects->items[i]);
    TRY(large_object_drop(&s->cat, oid));
    *out = datum_int(1);
    return NULL;
}

/* ---- the place in the object ---- */

static struct err *size_of(struct fn_call *c, const struct descriptor *d, int64_t *bytes)
{
    struct txn_view v = view_of(c, d);
    struct err *e = large_object_size(&c->session->cat, &v, d->oid, bytes);
    view_done(d, &v);
    return e;
}

static struct err *seek_to(struct fn_call *c, struct descriptor *d, int64_t offset, int64_t whence)
{
    int64_t from = 0;
    int64_t to;
    if (whence == SEEK_CUR)
        from = d->offset;
    else if (whence == SEEK_END)
        TRY(size_of(c, d, &from));
    else if (whence != SEEK_SET)
        return err_new("22023", "invalid whence setting: %d", (int)whence);
    if (__builtin_add_overflow(from, offset, &to) || to < 0 || to > LARGE_OBJECT_MAX_BYTES)
        return err_new("22023", "invalid large object seek target: %lld",
                       (long long)((uint64_t)from + (uint64_t)offset));
    d->offset = to;
    return NULL;
}

/* The place as an integer. */
static struct err *give_offset(struct fn_call *c, const struct descriptor *d, const char *what,
                               struct datum *out)
{
    if (d->offset > INT32_MAX)
        return err_new("22003", "%s result out of range for large-object descriptor %d", what,
                       (int)c->args[0].i);
    *out = datum_int(d->offset);
    return NULL;
}

static struct err *lo_lseek64(struct fn_call *c, struct datum *out)
{
    struct descriptor *d = NULL;
    TRY(find_descriptor(c, &d));
    TRY(seek_to(c, d, c->args[1].i, c->args[2].i));
    *out = datum_int(d->offset);
    return NULL;
}

static struct err *lo_lseek(struct fn_call *c, struct datum *out)
{
    struct descriptor *d = NULL;
    TRY(lo_lseek64(c, out));
    TRY(find_descriptor(c, &d));
    return give_offset(c, d, "lo_lseek", out);
}

static struct err *lo_tell64(struct fn_call *c, struct datum *out)
{
    struct descriptor *d = NULL;
    TRY(find_descriptor(c, &d));
    *out = datum_int(d->offset);
    return NULL;
}

static struct err *lo_tell(struct fn_call *c, struct datum *out)
{
    struct descriptor *d = NULL;
    TRY(find_descriptor(c, &d));
    return give_offset(c, d, "lo_tell", out);
}

/* ---- reading and writing ---- */

/* Up to `most` bytes from the descriptor's place on, which moves behind them. */
static struct err *read_value(struct fn_call *c, struct descriptor *d, int64_t most,
                              struct datum *out)
{
    int64_t size;
    size_t got;
    TRY(size_of(c, d, &size));
    int64_t n = size > d->offset ? size - d->offset : 0;
    if (n > most)
        n = most;
    if (n > max_value_bytes)
        return err_new("54000", "large object read request is too large");
    char *bytes = arena_try_alloc(c->arena, (size_t)n + 1);
    if (!bytes)
        return err_oom();
    struct txn_view v = view_of(c, d);
    struct err *e =
        large_object_read(&c->session->cat, &v, d->oid, d->offset, bytes, (size_t)n, &got);
    view_done(d, &v);
    TRY(e);
    d->offset += (int64_t)got;
    *out = datum_bytes(bytes, got);
    return NULL;
}

static struct err *write_bytes(struct fn_call *c, struct descriptor *d, struct str bytes)
{
    if ((int64_t)bytes.len > LARGE_OBJECT_MAX_BYTES - d->offset)
        return err_new("22023", "invalid large object write request size: %d", (int)bytes.len);
    TRY(large_object_write(&c->session->cat, d->oid, d->offset, bytes));
    d->offset += (int64_t)bytes.len;
    return NULL;
}

static struct err *loread(struct fn_call *c, struct datum *out)
{
    struct descriptor *d = NULL;
    int64_t most = c->args[1].i < 0 ? 0 : c->args[1].i;
    TRY(find_descriptor(c, &d));
    return read_value(c, d, most, out);
}

static struct err *lowrite(struct fn_call *c, struct datum *out)
{
    struct descriptor *d = NULL;
    struct str bytes = datum_as_str(c->args[1]);
    TRY(find_writing(c, &d));
    TRY(must_write(c, "lowrite()"));
    TRY(write_bytes(c, d, bytes));
    *out = datum_int((int64_t)bytes.len);
    return NULL;
}

static struct err *lo_truncate(struct fn_call *c, struct datum *out)
{
    struct descriptor *d = NULL;
    int64_t size = c->args[1].i;
    TRY(find_writing(c, &d));
    TRY(must_write(c, "lo_truncate()"));
    if (size < 0 || size > LARGE_OBJECT_MAX_BYTES)
        return err_new("22023", "invalid large object truncation target: %lld", (long long)size);
    TRY(large_object_truncate(&c->session->cat, d->oid, size));
    *out = datum_int(0);
    return NULL;
}

/* ---- whole objects and parts as values ---- */

static struct err *get_part(struct fn_call *c, int64_t offset, int64_t most, struct datum *out)
{
    struct descriptor d;
    TRY(need_session(c));
    TRY(open_object(c, (uint32_t)c->args[0].u, false, &d));
    struct err *e = seek_to(c, &d, offset, SEEK_SET);
    if (!e)
        e = read_value(c, &d, most, out);
    close_descriptor(&d);
    return e;
}

static struct err *lo_get(struct fn_call *c, struct datum *out)
{
    return get_part(c, 0, INT64_MAX, out);
}

static struct err *lo_get_fragment(struct fn_call *c, struct datum *out)
{
    if (c->args[2].i < 0)
        return err_new("22023", "requested length cannot be negative");
    return get_part(c, c->args[1].i, c->args[2].i, out);
}

static struct err *lo_from_bytea(struct fn_call *c, struct datum *out)
{
    uint32_t oid;
    TRY(create(c, "lo_from_bytea()", (uint32_t)c->args[0].u, &oid));
    TRY(large_object_write(&c->session->cat, oid, 0, datum_as_str(c->args[1])));
    *out = datum_int(oid);
    return NULL;
}

static struct err *lo_put(struct fn_call *c, struct datum *out)
{
    struct descriptor d;
    TRY(must_write(c, "lo_put()"));
    TRY(open_object(c, (uint32_t)c->args[0].u, true, &d));
    struct err *e = seek_to(c, &d, c->args[1].i, SEEK_SET);
    if (!e)
        e = write_bytes(c, &d, datum_as_str(c->args[2]));
    close_descriptor(&d);
    TRY(e);
    *out = datum_str(STR(""));
    return NULL;
}

/* ---- files of the server ---- */

/* One step with a file, on a thread that may wait for the disk. */
struct file_step {
    enum { FILE_OPEN, FILE_CREATE, FILE_READ, FILE_WRITE, FILE_CLOSE } what;
    const char *path;
    int fd;
    char *bytes;
    size_t size;
    ssize_t result; /* of reads: how many bytes; negative: failed, with `error` */
    int error;
};

static ssize_t write_all(int fd, const char *bytes, size_t size)
{
    size_t done = 0;
    while (done < size) {
        ssize_t n = write(fd, bytes + done, size - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        done += (size_t)n;
    }
    return (ssize_t)done;
}

static void do_step(void *arg)
{
    struct file_step *f = arg;
    enum { MODE = 0644 };
    switch (f->what) {
    case FILE_OPEN:
        f->result = f->fd = open(f->path, O_RDONLY | O_CLOEXEC);
        break;
    case FILE_CREATE:
        f->result = f->fd = open(f->path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, MODE);
        break;
    case FILE_READ:
        do
            f->result = read(f->fd, f->bytes, f->size);
        while (f->result < 0 && errno == EINTR);
        break;
    case FILE_WRITE:
        f->result = write_all(f->fd, f->bytes, f->size);
        break;
    case FILE_CLOSE:
        f->result = close(f->fd);
        break;
    }
    f->error = errno;
}

const char *file_sqlstate(int error)
{
    switch (error) {
    case EPERM:
    case EACCES:
    case EROFS:
        return "42501";
    case ENOENT:
        return "58P01";
    case EEXIST:
        return "58P02";
    case ENOTDIR:
    case EISDIR:
        return "42809";
    case ENOSPC:
    case EDQUOT:
        return "53100";
    case ENFILE:
    case EMFILE:
        return "53000";
    case EIO:
        return "58030";
    default:
        return "XX000";
    }
}

static struct err *run_step(struct file_step *f, __typeof__(((struct file_step *)0)->what) what)
{
    static const char *const words[] = {"open", "create", "read", "write", "close"};
    f->what = what;
    pool_run(do_step, f);
    if (f->result >= 0)
        return NULL;
    return err_new(file_sqlstate(f->error), "could not %s server file \"%s\": %s", words[what],
                   f->path, strerror(f->error));
}

static struct err *file_begin(struct fn_call *c, struct datum name, struct file_step *f)
{
    struct str path = datum_as_str(name);
    *f = (struct file_step){.path = arena_strndup(c->arena, path.data, path.len),
                            .bytes = arena_alloc(c->arena, PIECE_BYTES)};
    return NULL;
}

static struct err *import_bytes(struct fn_call *c, struct file_step *f, uint32_t oid)
{
    int64_t offset = 0;
    for (;;) {
        f->size = PIECE_BYTES;
        TRY(run_step(f, FILE_READ));
        if (!f->result)
            return NULL;
        TRY(large_object_write(&c->session->cat, oid, offset,
                               str_make(f->bytes, (size_t)f->result)));
        offset += f->result;
    }
}

static struct err *import(struct fn_call *c, uint32_t oid, struct datum *out)
{
    struct file_step f;
    TRY(must_write(c, "lo_import()"));
    TRY(file_begin(c, c->args[0], &f));
    TRY(run_step(&f, FILE_OPEN));
    struct err *e = large_object_create(&c->session->cat, oid, &oid);
    if (!e)
        e = import_bytes(c, &f, oid);
    struct err *closed = run_step(&f, FILE_CLOSE);
    if (e) {
        err_free(closed);
        return e;
    }
    *out = datum_int(oid);
    return closed;
}

static struct err *lo_import(struct fn_call *c, struct datum *out)
{
    return import(c, 0, out);
}

static struct err *lo_import_with_oid(struct fn_call *c, struct datum *out)
{
    return import(c, (uint32_t)c->args[1].u, out);
}

static struct err *export_bytes(struct fn_call *c, struct file_step *f, struct descriptor *d)
{
    for (;;) {
        TRY(large_object_read(&c->session->cat, &d->view, d->oid, d->offset, f->bytes, PIECE_BYTES,
                              &f->size));
        if (!f->size)
            return NULL;
        d->offset += (int64_t)f->size;
        TRY(run_step(f, FILE_WRITE));
    }
}

static struct err *export_to(struct fn_call *c, struct file_step *f, struct descriptor *d)
{
    TRY(run_step(f, FILE_CREATE));
    struct err *e = export_bytes(c, f, d);
    struct err *closed = run_step(f, FILE_CLOSE);
    if (!e)
        return closed;
    err_free(closed);
    return e;
}

static struct err *lo_export(struct fn_call *c, struct datum *out)
{
    struct file_step f;
    struct descriptor d;
    TRY(need_session(c));
    TRY(open_object(c, (uint32_t)c->args[0].u, false, &d));
    struct err *e = file_begin(c, c->args[1], &f);
    if (!e)
        e = export_to(c, &f, &d);
    close_descriptor(&d);
    TRY(e);
    *out = datum_int(1);
    return NULL;
}

static const struct {
    const char *src;
    fn_impl fn;
} table[] = {
    {"be_lo_open", lo_open},
    {"be_lo_close", lo_close},
    {"be_loread", loread},
    {"be_lowrite", lowrite},
    {"be_lo_lseek", lo_lseek},
    {"be_lo_lseek64", lo_lseek64},
    {"be_lo_tell", lo_tell},
    {"be_lo_tell64", lo_tell64},
    {"be_lo_creat", lo_creat},
    {"be_lo_create", lo_create},
    {"be_lo_truncate", lo_truncate},
    {"be_lo_truncate64", lo_truncate},
    {"be_lo_unlink", lo_unlink},
    {"be_lo_import", lo_import},
    {"be_lo_import_with_oid", lo_import_with_oid},
    {"be_lo_export", lo_export},
    {"be_lo_from_bytea", lo_from_bytea},
    {"be_lo_get", lo_get},
    {"be_lo_get_fragment", lo_get_fragment},
    {"be_lo_put", lo_put},
};

fn_impl large_object_fn_lookup(const char *prosrc)
{
    for (size_t i = 0; i < ARRAY_LENGTH(table); i++)
        if (strcmp(table[i].src, prosrc) == 0)
            return table[i].fn;
    return NULL;
}
