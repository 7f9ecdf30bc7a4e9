/* See check.h. */
#include "storage/check.h"

#include "storage/check_internal.h"
#include "storage/store_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void check_problem(struct check_report *r, const char *format, ...)
{
    char text[1024];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof(text), format, ap);
    va_end(ap);
    r->problems++;
    r->problem(r->arg, text);
}

/* Where redo begins, and after which commit. */
static struct err *read_redo(struct store *s, struct lsn *redo, uint64_t *csn)
{
    struct str value;
    uint64_t ignored;
    bool found;
    *redo = (struct lsn){0};
    *csn = 0;
    TRY(kv_open(s->data_dir, (size_t)1 << 40, true, &s->kv));
    TRY(kv_gen_new(s->kv, &s->gen));
    TRY(kv_get(s->gen, meta_key, &value, &ignored, &found));
    if (found && value.len == META_BYTES) {
        *csn = load_le64(value.data);
        redo->v = load_le64(value.data + 8);
    }
    return NULL;
}

static struct err *check_files(struct store *s, struct check_report *r)
{
    char path[1024];
    struct lsn redo;
    uint64_t csn;
    TRY(store_dir_open_existing(s));
    snprintf(path, sizeof(path), "%s/data.mdb", s->data_dir);
    TRY(kv_check_file(path, r));
    if (r->problems)
        return NULL; /* LMDB would trust them */
    TRY(read_redo(s, &redo, &csn));
    struct wal_config config = {.files = &file_posix, .dir = s->wal_dir, .segment_bytes = 16 << 20};
    return wal_check(&config, redo, csn, r);
}

struct err *store_check_files(const char *dir, struct check_report *r)
{
    struct store *s = calloc(1, sizeof(*s));
    if (!s)
        return err_oom();
    s->config.dir = dir;
    s->lock_fd = -1;
    struct err *e = check_files(s, r);
    kv_gen_unref(s->gen);
    kv_close(s->kv);
    store_dir_close(s);
    free(s);
    return e;
}
