/* SQL functions that read the server's files (manual section 9.27.9). Relative names are below the
 * data directory. Those with the rights of pg_read_server_files read any file; others, to whom
 * EXECUTE was granted, only what is below the data directory. */
#include "exec/fn_session.h"

#include "catalog/acl.h"
#include "rt/pool.h"
#include "storage/wal.h"
#include "types/datetime.h"
#include "types/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE_BYTES = 64 * 1024, DEFAULT_TABLESPACE = 1663, GLOBAL_TABLESPACE = 1664 };
static const int64_t max_length = 0x3ffffffb; /* of a text or bytea */

/* ---- names ---- */

/* The name without ".", "//" and "x/..": what is left of ".." stands at the beginning. */
static const char *canonical_path(struct arena *a, struct str path)
{
    bool absolute = path.len && path.data[0] == '/';
    char *out = arena_alloc(a, path.len + 2);
    size_t n = 0;
    size_t fixed = absolute ? 1 : 0; /* what ".." cannot take away */
    if (absolute)
        out[n++] = '/';
    for (size_t at = 0; at < path.len;) {
        const char *slash = memchr(path.data + at, '/', path.len - at);
        size_t len = slash ? (size_t)(slash - path.data) - at : path.len - at;
        const char *part = path.data + at;
        bool up = len == 2 && memcmp(part, "..", 2) == 0;
        at += len + 1;
        if (len == 0 || (len == 1 && *part == '.') || (up && absolute && n == fixed))
            continue;
        if (up && n > fixed) {
            while (n > fixed && out[n - 1] != '/')
                n--;
            n -= n > fixed; /* the slash before it */
            continue;
        }
        if (n && out[n - 1] != '/')
            out[n++] = '/';
        memcpy(out + n, part, len);
        n += len;
        if (up)
            fixed = n;
    }
    if (!n)
        out[n++] = '.';
    out[n] = 0;
    return out;
}

static bool is_below(const char *path, const char *dir)
{
    size_t n = strlen(dir);
    return strncmp(path, dir, n) == 0 && (path[n] == 0 || path[n] == '/');
}

struct file {
    const char *name; /* as messages say it */
    const char *path;
};

/* 42501 */
static struct err *find_file(struct fn_call *c, struct str name, struct file *out)
{
    const struct role_rights *rights;
    TRY(need_session(c));
    const char *dir = c->session->data_directory;
    if (!dir)
        return err_new("0A000", "this function needs a session of a client");
    TRY(cat_rights(&c->session->cat, &rights));
    const char *path = name.len ? canonical_path(c->arena, name) : ""; /* which no file has */
    if (!rights_of(rights, ROLE_READ_SERVER_FILES)) {
        if (*path == '/' && !is_below(path, dir))
            return err_new("42501", "absolute path not allowed");
        if (is_below(path, ".."))
            return err_new("42501", "path must be in or below the current directory");
    }
    out->name = path;
    out->path = !*path || *path == '/' ? path : arena_printf(c->arena, "%s/%s", dir, path);
    return NULL;
}

static struct err *file_error(const struct file *f, const char *before, const char *after,
                              int error)
{
    return err_new(file_sqlstate(error), "could not %s \"%s\"%s: %s", before, f->name, after,
                   strerror(error));
}

/* ---- contents ---- */

struct read_job {
    const char *path;
    int64_t offset; /* negative: from the end */
    int64_t length; /* negative: all that follows */
    struct buf bytes;
    enum { READ_DONE, READ_NOT_OPENED, READ_NOT_SOUGHT, READ_FAILED, READ_TOO_LONG } end;
    int error;
};

static int read_pieces(struct read_job *j, int fd)
{
    int64_t left = j->length < 0 ? max_length + 1 : j->length;
    while (left > 0 && buf_reserve(&j->bytes, PIECE_BYTES)) {
        size_t want = left < PIECE_BYTES ? (size_t)left : PIECE_BYTES;
        ssize_t n = read(fd, j->bytes.data + j->bytes.len, want);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return READ_FAILED;
        if (n == 0)
            return READ_DONE;
        j->bytes.len += (size_t)n;
        left -= n;
    }
    return j->length < 0 && left <= 0 ? READ_TOO_LONG : READ_DONE;
}

static void read_file(void *arg)
{
    struct read_job *j = arg;
    int fd = open(j->path, O_RDONLY | O_CLOEXEC);
    j->end = READ_NOT_OPENED;
    if (fd >= 0)
        j->end = j->offset && lseek(fd, j->offset, j->offset < 0 ? SEEK_END : SEEK_SET) < 0
                     ? READ_NOT_SOUGHT
                     : read_pieces(j, fd);
    j->error = errno;
    if (fd >= 0)
        close(fd);
}

static struct err *read_outcome(const struct read_job *j, const struct file *f)
{
    switch (j->end) {
    case READ_DONE:
        return NULL;
    case READ_NOT_OPENED:
        return file_error(f, "open file", " for reading", j->error);
    case READ_NOT_SOUGHT:
        return file_error(f, "seek in file", "", j->error);
    case READ_FAILED:
        return file_error(f, "read file", "", j->error);
    case READ_TOO_LONG:
        return err_new("54000", "file length too large");
    }
    CHECK(false);
}

static struct err *give_contents(struct fn_call *c, bool is_text, bool missing_ok,
                                 struct read_job *j, struct datum *out)
{
    struct file f;
    TRY(find_file(c, datum_as_str(c->args[0]), &f));
    if (j->length > max_length)
        return err_new("22023", "requested length too large");
    j->path = f.path;
    buf_init(&j->bytes);
    pool_run(read_file, j);
    *out = datum_null();
    struct err *e = NULL;
    if (j->end != READ_NOT_OPENED || j->error != ENOENT || !missing_ok) {
        e = read_outcome(j, &f);
        if (!e && is_text)
            e = utf8_verify(buf_str(&j->bytes));
        if (!e)
            return text_result(c, &j->bytes, out); /* bytes are copied as they are */
    }
    buf_done(&j->bytes);
    return e;
}

static struct err *read_part(struct fn_call *c, bool is_text, bool missing_ok, struct datum *out)
{
    struct read_job j = {.offset = c->args[1].i, .length = c->args[2].i};
    if (j.length < 0)
        return err_new("22023", "requested length cannot be negative");
    return give_contents(c, is_text, missing_ok, &j, out);
}

static struct err *read_all(struct fn_call *c, bool is_text, struct datum *out)
{
    struct read_job j = {.length = -1};
    return give_contents(c, is_text, false, &j, out);
}

static struct err *read_text_all(struct fn_call *c, struct datum *out)
{
    return read_all(c, true, out);
}

static struct err *read_text_part(struct fn_call *c, struct datum *out)
{
    return read_part(c, true, false, out);
}

static struct err *read_text_if_there(struct fn_call *c, struct datum *out)
{
    return read_part(c, true, c->args[3].u != 0, out);
}

static struct err *read_bytes_all(struct fn_call *c, struct datum *out)
{
    return read_all(c, false, out);
}

static struct err *read_bytes_part(struct fn_call *c, struct datum *out)
{
    return read_part(c, false, false, out);
}

static struct err *read_bytes_if_there(struct fn_call *c, struct datum *out)
{
    return read_part(c, false, c->args[3].u != 0, out);
}

/* ---- properties ---- */

struct stat_job {
    const char *path;
    struct stat st;
    int error;
};

static void stat_file(void *arg)
{
    struct stat_job *j = arg;
    j->error = stat(j->path, &j->st) == 0 ? 0 : errno;
}

static struct datum file_time(time_t t)
{
    return datum_int((int64_t)t * USECS_PER_SEC - EPOCH_USECS);
}

static struct err *give_properties(struct fn_call *c, bool missing_ok, struct datum *out)
{
    struct file f;
    TRY(find_file(c, datum_as_str(c->args[0]), &f));
    struct stat_job j = {.path = f.path};
    pool_run(stat_file, &j);
    *out = datum_null();
    if (j.error == ENOENT && missing_ok)
        return NULL;
    if (j.error)
        return file_error(&f, "stat file", "", j.error);
    const struct datum values[] = {
        datum_int(j.st.st_size),
        file_time(j.st.st_atime),
        file_time(j.st.st_mtime),
        file_time(j.st.st_ctime),
        datum_null(), /* when it was created: not known on Unix */
        datum_bool(S_ISDIR(j.st.st_mode)),
    };
    return fn_record(c, values, out);
}

static struct err *properties(struct fn_call *c, struct datum *out)
{
    return give_properties(c, false, out);
}

static struct err *properties_if_there(struct fn_call *c, struct datum *out)
{
    return give_properties(c, c->args[1].u != 0, out);
}

/* ---- folders ---- */

struct entry {
    char name[NAME_MAX + 1];
    int64_t size_bytes;
    time_t modified;
};

struct list_job {
    const char *path;
    bool all;  /* names alone, of every kind */
    bool dots; /* "." and ".." too */
    struct buf entries;
    int error;
};

static bool is_dots(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Files that go meanwhile are left out. */
static void add_entry(struct list_job *j, DIR *d, const char *name)
{
    struct entry e = {.size_bytes = 0};
    struct stat st;
    if (j->all ? is_dots(name) && !j->dots : name[0] == '.')
        return;
    if (!j->all && (fstatat(dirfd(d), name, &st, 0) != 0 || !S_ISREG(st.st_mode)))
        return;
    memcpy(e.name, name, strnlen(name, NAME_MAX));
    if (!j->all) {
        e.size_bytes = st.st_size;
        e.modified = st.st_mtime;
    }
    buf_put(&j->entries, &e, sizeof(e));
}

static void list_folder(void *arg)
{
    struct list_job *j = arg;
    DIR *d = opendir(j->path);
    j->error = d ? 0 : errno;
    if (!d)
        return;
    for (struct dirent *e; (e = readdir(d));)
        add_entry(j, d, e->d_name);
    closedir(d);
}

struct listing {
    const struct entry *entries;
    size_t count;
    size_t at;
};

/* The folder's entries, in memory of the set's state. */
static struct err *list(struct fn_call *c, const struct file *f, bool missing_ok,
                        struct list_job *j, struct listing **out)
{
    struct listing *l = arena_new(c->state_arena, struct listing);
    j->path = f->path;
    buf_init(&j->entries);
    pool_run(list_folder, j);
    struct err *e = buf_finish(&j->entries);
    if (!e && j->error && !(j->error == ENOENT && missing_ok))
        e = file_error(f, "open directory", "", j->error);
    if (!e && j->entries.len) {
        struct entry *copy = arena_alloc(c->state_arena, j->entries.len);
        memcpy(copy, j->entries.data, j->entries.len);
        l->entries = copy;
        l->count = j->entries.len / sizeof(*copy);
    }
    buf_done(&j->entries);
    TRY(e);
    *out = l;
    return NULL;
}

static const struct entry *next_entry(struct listing *l, bool *done)
{
    *done = l->at == l->count;
    return *done ? NULL : &l->entries[l->at++];
}

static struct err *names_next(void **state, struct fn_call *c, bool missing_ok, bool dots,
                              struct datum *row, bool *done)
{
    if (!*state) {
        struct list_job j = {.all = true, .dots = dots};
        struct file f;
        struct listing *l;
        TRY(find_file(c, datum_as_str(c->args[0]), &f));
        TRY(list(c, &f, missing_ok, &j, &l));
        *state = l;
    }
    const struct entry *e = next_entry(*state, done);
    if (e)
        row[0] = datum_str(str_from(e->name));
    return NULL;
}

static struct err *names(void **state, struct fn_call *c, struct datum *row, int ncols, bool *done)
{
    (void)ncols;
    return names_next(state, c, false, false, row, done);
}

static struct err *names_options(void **state, struct fn_call *c, struct datum *row, int ncols,
                                 bool *done)
{
    (void)ncols;
    return names_next(state, c, c->args[1].u != 0, c->args[2].u != 0, row, done);
}

/* The regular files of a folder of the data directory, whose rights are those of the function. */
static struct err *files_next(void **state, struct fn_call *c, const char *folder, bool missing_ok,
                              struct datum *row, bool *done)
{
    if (!*state) {
        struct list_job j = {.all = false};
        struct file f;
        struct listing *l;
        TRY(find_file(c, str_from(folder), &f));
        TRY(list(c, &f, missing_ok, &j, &l));
        *state = l;
    }
    const struct entry *e = next_entry(*state, done);
    if (!e)
        return NULL;
    row[0] = datum_str(str_from(e->name));
    row[1] = datum_int(e->size_bytes);
    row[2] = file_time(e->modified);
    return NULL;
}

static struct err *wal_files(void **state, struct fn_call *c, struct datum *row, int ncols,
                             bool *done)
{
    (void)ncols;
    return files_next(state, c, "wal", false, row, done);
}

static struct err *temporary_files(void **state, struct fn_call *c, struct datum *row, int ncols,
                                   bool *done)
{
    (void)ncols;
    return files_next(state, c, "tmp", true, row, done);
}

/* All temporary files are in the default tablespace's folder. */
static struct err *temporary_files_of(void **state, struct fn_call *c, struct datum *row, int ncols,
                                      bool *done)
{
    uint32_t oid = (uint32_t)c->args[0].u;
    if (oid == DEFAULT_TABLESPACE)
        return temporary_files(state, c, row, ncols, done);
    *done = true;
    return oid == GLOBAL_TABLESPACE
               ? NULL
               : err_new("42704", "tablespace with OID %u does not exist", oid);
}

/* The folder that the setting names, relative to the data directory or not. */
static struct err *log_files(void **state, struct fn_call *c, struct datum *row, int ncols,
                             bool *done)
{
    struct buf b = BUF_INIT;
    bool found;
    (void)ncols;
    TRY(need_session(c));
    struct err *e =
        c->session->ops->setting_get(c->session, STR("log_directory"), false, &b, &found);
    if (!e)
        e = files_next(state, c, buf_cstr(&b), false, row, done);
    buf_done(&b);
    return e;
}

/* ---- files of the log ---- */

/* Files are of any length: the one that begins last before the position's end. */
static struct err *find_wal_file(struct fn_call *c, uint64_t lsn, const struct entry **file,
                                 uint64_t *start)
{
    struct list_job j = {.all = false};
    struct fn_call in = *c;
    struct file f;
    struct listing *l;
    bool done;
    *file = NULL;
    in.state_arena = c->arena;
    TRY(find_file(&in, STR("wal"), &f));
    TRY(list(&in, &f, false, &j, &l));
    for (const struct entry *e = next_entry(l, &done); e; e = next_entry(l, &done)) {
        uint64_t at;
        if (!wal_file_start(e->name, &at) || at > lsn || at + (uint64_t)e->size_bytes < lsn)
            continue;
        if (*file && *start >= at)
            continue;
        *file = e;
        *start = at;
    }
    return NULL;
}

struct err *fn_wal_file(struct fn_call *c, uint64_t lsn, struct datum *out)
{
    const struct entry *e;
    uint64_t start;
    TRY(find_wal_file(c, lsn, &e, &start));
    *out = e ? cstring(c, e->name) : datum_null();
    return NULL;
}

static struct err *wal_file_name(struct fn_call *c, struct datum *out)
{
    return fn_wal_file(c, c->args[0].u, out);
}

static struct err *wal_file_place(struct fn_call *c, struct datum *out)
{
    const struct entry *e;
    uint64_t start;
    TRY(find_wal_file(c, c->args[0].u, &e, &start));
    struct datum row[] = {datum_null(), datum_null()};
    if (e) {
        row[0] = cstring(c, e->name);
        row[1] = datum_int((int64_t)(c->args[0].u - start));
    }
    return fn_record(c, row, out);
}

static struct err *slot_files(void **state, struct fn_call *c, struct datum *row, int ncols,
                              bool *done)
{
    struct str name = datum_as_str(c->args[0]);
    (void)state;
    (void)row;
    (void)ncols;
    (void)done;
    return err_new("42704", "replication slot \"%.*s\" does not exist", (int)name.len, name.data);
}

/* ---- tables ---- */

static const struct {
    const char *src;
    fn_impl fn;
} table[] = {
    {"pg_read_file_all", read_text_all},
    {"pg_read_file_off_len", read_text_part},
    {"pg_read_file_v2", read_text_if_there},
    {"pg_read_binary_file_all", read_bytes_all},
    {"pg_read_binary_file_off_len", read_bytes_part},
    {"pg_read_binary_file", read_bytes_if_there},
    {"pg_walfile_name", wal_file_name},
    {"pg_walfile_name_offset", wal_file_place},
    {"pg_stat_file_1arg", properties},
    {"pg_stat_file", properties_if_there},
};

fn_impl file_fn_lookup(const char *prosrc)
{
    for (size_t i = 0; i < ARRAY_LENGTH(table); i++)
        if (strcmp(table[i].src, prosrc) == 0)
            return table[i].fn;
    return NULL;
}

static const struct srf_impl srfs[] = {
    {"pg_ls_dir_1arg", names},
    {"pg_ls_dir", names_options},
    {"pg_ls_waldir", wal_files},
    {"pg_ls_logdir", log_files},
    {"pg_ls_tmpdir_noargs", temporary_files},
    {"pg_ls_tmpdir_1arg", temporary_files_of},
    {"pg_ls_replslotdir", slot_files},
};

const struct srf_impl *file_srf_lookup(const char *prosrc)
{
    for (size_t i = 0; i < ARRAY_LENGTH(srfs); i++)
        if (strcmp(srfs[i].name, prosrc) == 0)
            return &srfs[i];
    return NULL;
}
