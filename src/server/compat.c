/* The compatibility ledger: what clients asked for that is not there, in memory since the start, as
 * tarn.compat_misses shows it. */
#include "server/server_internal.h"

#include "base/clock.h"
#include "catalog/acl.h"
#include "sql/table_function.h"
#include "types/datetime.h"

#include <stdlib.h>

enum { MAX_MISSES = 1000, MAX_WHAT = 200, MAX_APPLICATION = 64 };

struct miss {
    const char *kind;
    char sqlstate[6];
    char what[MAX_WHAT];
    char application[MAX_APPLICATION];
    int64_t count;
    int64_t first_us;
    int64_t last_us;
};

static pthread_mutex_t mu = PTHREAD_MUTEX_INITIALIZER; /* guards the two */
static struct miss *misses;                            /* MAX_MISSES of them, made with the first */
static int nmisses;

/* ---- what counts ---- */

static bool reads_catalogs(const char *sql)
{
    return strstr(sql, "pg_") || strstr(sql, "information_schema");
}

static const char *missing_object(const char *message)
{
    if (strncmp(message, "unrecognized configuration parameter", 36) == 0)
        return "setting";
    return strncmp(message, "type \"", 6) == 0 ? "type" : NULL;
}

/* NULL: nothing that a client would find in PostgreSQL. */
static const char *kind_of(const struct err *e, const char *sql)
{
    if (err_is(e, "42883"))
        return "function";
    if (err_is(e, "0A000"))
        return "feature";
    if (err_is(e, "42601"))
        return "syntax";
    if (err_is(e, "42704"))
        return missing_object(e->message);
    if (err_is(e, "42703"))
        return reads_catalogs(sql) ? "column" : NULL;
    return err_is(e, "42P01") && reads_catalogs(e->message) ? "relation" : NULL;
}

/* ---- the ledger ---- */

/* As much of a text as fits, in whole characters. */
static void copy_text(char *to, size_t size, const char *from)
{
    size_t len = strlen(from);
    if (len >= size) {
        len = size - 1;
        while (len && ((uint8_t)from[len] & 0xc0) == 0x80)
            len--;
    }
    memcpy(to, from, len);
    to[len] = '\0';
}

/* The one of that kind, or a new one; when all are in use, in place of that not met for longest. */
static struct miss *entry_locked(const struct miss *like)
{
    struct miss *oldest = &misses[0];
    for (int i = 0; i < nmisses; i++) {
        struct miss *m = &misses[i];
        if (m->kind == like->kind && strcmp(m->what, like->what) == 0 &&
            strcmp(m->application, like->application) == 0)
            return m;
        if (m->last_us < oldest->last_us)
            oldest = m;
    }
    struct miss *m = nmisses < MAX_MISSES ? &misses[nmisses++] : oldest;
    *m = *like;
    return m;
}

void compat_note(const struct backend *b, const struct err *e)
{
    struct miss like = {.kind = kind_of(e, b->activity.query)};
    if (!like.kind || e->severity != ERR_ERROR)
        return;
    copy_text(like.sqlstate, sizeof(like.sqlstate), e->sqlstate);
    copy_text(like.what, sizeof(like.what), e->message);
    copy_text(like.application, sizeof(like.application), b->activity.application_name);
    like.first_us = clock_real_us();
    pthread_mutex_lock(&mu);
    if (!misses)
        misses = calloc(MAX_MISSES, sizeof(*misses));
    if (misses) {
        struct miss *m = entry_locked(&like);
        m->count++;
        m->last_us = like.first_us;
    }
    pthread_mutex_unlock(&mu);
}

/* ---- the table function ---- */

static const struct tf_column columns_of_misses[] = {
    {"kind", TEXT_OID, -1},
    {"what", TEXT_OID, -1},
    {"sqlstate", TEXT_OID, -1},
    {"application_name", TEXT_OID, -1},
    {"count", INT8_OID, -1},
    {"first_seen", TIMESTAMPTZ_OID, -1},
    {"last_seen", TIMESTAMPTZ_OID, -1},
};

struct listing {
    struct miss *items;
    int count;
    int next;
    struct datum row[ARRAY_LENGTH(columns_of_misses)];
};

static struct err *describe(struct cat *cat, const struct tf_arg *args, int nargs,
                            struct arena *arena, struct tf_column **columns, int *ncolumns,
                            const void **plan_data)
{
    (void)cat, (void)args, (void)plan_data;
    if (nargs)
        return err_new("42883", "function compat_misses has no arguments");
    *columns = arena_memdup(arena, columns_of_misses, sizeof(columns_of_misses));
    *ncolumns = ARRAY_LENGTH(columns_of_misses);
    return NULL;
}

static struct err *open_listing(struct cat *cat, const struct tf_arg *args, int nargs,
                                const enum tf_use *uses, int ncolumns,
                                const struct tf_filter *filters, int nfilters,
                                const void *plan_data, void **scan)
{
    const struct role_rights *rights;
    (void)args, (void)nargs, (void)uses, (void)ncolumns, (void)filters, (void)nfilters;
    (void)plan_data;
    TRY(cat_rights(cat, &rights));
    if (!rights_of(rights, ROLE_READ_ALL_STATS))
        return err_hint(err_new("42501", "permission denied to see what other clients asked for"),
                        "Members of the role pg_read_all_stats may.");
    struct listing *l = calloc(1, sizeof(*l));
    if (!l)
        return err_oom();
    pthread_mutex_lock(&mu);
    l->items = calloc((size_t)nmisses + 1, sizeof(*l->items));
    if (l->items && nmisses) {
        l->count = nmisses;
        memcpy(l->items, misses, sizeof(*misses) * (size_t)nmisses);
    }
    pthread_mutex_unlock(&mu);
    *scan = l;
    return NULL;
}

static struct datum text(const char *s)
{
    return datum_bytes(s, strlen(s));
}

static struct err *next_item(void *scan, struct vector *columns, size_t *count)
{
    struct listing *l = scan;
    *count = l->next < l->count;
    if (!*count)
        return NULL;
    const struct miss *m = &l->items[l->next++];
    const struct datum row[] = {text(m->kind),
                                text(m->what),
                                text(m->sqlstate),
                                text(m->application),
                                datum_int(m->count),
                                datum_int(m->first_us - EPOCH_USECS),
                                datum_int(m->last_us - EPOCH_USECS)};
    memcpy(l->row, row, sizeof(row));
    vectors_of_row(l->row, ARRAY_LENGTH(l->row), columns);
    return NULL;
}

static void close_listing(void *scan)
{
    struct listing *l = scan;
    free(l->items);
    free(l);
}

void compat_init(void)
{
    static const struct table_function f = {.name = "compat_misses",
                                            .describe = describe,
                                            .open = open_listing,
                                            .next = next_item,
                                            .close = close_listing};
    table_function_register(&f);
}
