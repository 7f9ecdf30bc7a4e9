/* `tarn check`: verifies a data directory that no server uses. First the files as bytes, then, from
 * a store opened as a start would (redo included), every table against its indexes. */
#include "server/server_internal.h"

#include "catalog/systab.h"
#include "exec/temp.h"
#include "exec/verify.h"
#include "storage/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_problem(void *arg, const char *text)
{
    (void)arg;
    printf("%s\n", text);
}

struct names {
    char **names;
    int count;
};

static void add_name(struct names *to, struct str name)
{
    to->names = realloc(to->names, (size_t)(to->count + 1) * sizeof(*to->names));
    CHECK(to->names != NULL);
    to->names[to->count] = strndup(name.data, name.len);
    CHECK(to->names[to->count] != NULL);
    to->count++;
}

static struct err *read_names(struct cat *c, struct names *out)
{
    struct relation *rel = systab_relation(PG_DATABASE);
    int name = relation_attnum(rel, STR("datname")) - 1;
    int allowed = relation_attnum(rel, STR("datallowconn")) - 1;
    struct datum v[64];
    struct systab_scan scan;
    struct err *e;
    bool found;
    CHECK(rel->natts <= 64);
    TRY(systab_open(c, PG_DATABASE, 0, NULL, 0, &scan));
    while (!(e = systab_next(&scan, v, &found)) && found)
        if (v[allowed].i)
            add_name(out, datum_as_str(v[name]));
    systab_close(&scan);
    return e;
}

/* Calls `fn` in a transaction of a session of that database. */
static struct err *with_session(struct str database,
                                struct err *(*fn)(struct session *s, void *arg), void *arg,
                                bool commit)
{
    struct backend *b;
    TRY(backend_internal(database, &b));
    xact_begin(b);
    struct err *e = xact_open(b);
    if (!e)
        e = fn(&b->base, arg);
    if (!e && commit)
        e = xact_commit(b);
    else
        xact_rollback(b);
    backend_free(b);
    return e;
}

static struct err *list_databases(struct session *s, void *arg)
{
    return read_names(&s->cat, arg);
}

static struct err *check_database(struct session *s, void *arg)
{
    return verify_database(s, arg);
}

struct err *server_check_tables(uint64_t *problems)
{
    struct names names = {0};
    struct verify_report r = {.problem = print_problem};
    struct err *e = with_session(STR("postgres"), list_databases, &names, false);
    for (int i = 0; i < names.count && !e; i++) {
        uint64_t before = r.problems;
        e = with_session(str_from(names.names[i]), check_database, &r, false);
        if (r.problems > before)
            printf("database \"%s\": %llu problems\n", names.names[i],
                   (unsigned long long)(r.problems - before));
    }
    for (int i = 0; i < names.count; i++)
        free(names.names[i]);
    free(names.names);
    if (!e)
        printf("%llu tables with %llu rows in %d databases checked\n", (unsigned long long)r.tables,
               (unsigned long long)r.rows, names.count);
    *problems += r.problems;
    return e;
}

static struct err *drop_leftovers(struct session *s, void *arg)
{
    (void)arg;
    return temp_drop_leftovers(s);
}

struct err *server_drop_temporary(void)
{
    struct names names = {0};
    struct err *e = with_session(STR("postgres"), list_databases, &names, false);
    for (int i = 0; i < names.count && !e; i++)
        e = with_session(str_from(names.names[i]), drop_leftovers, NULL, true);
    for (int i = 0; i < names.count; i++)
        free(names.names[i]);
    free(names.names);
    return e;
}

struct err *server_check_files(const char *dir, uint64_t *problems)
{
    struct check_report r = {.problem = print_problem};
    TRY(store_check_files(dir, &r));
    *problems += r.problems;
    return NULL;
}
