/* The server's own work in each database. */
#include "server/server_internal.h"

#include "catalog/systab.h"

#include <stdlib.h>
#include <string.h>

struct names {
    char **names;
    int count;
};

static struct err *add_name(struct names *to, struct str name)
{
    char **grown = realloc(to->names, (size_t)(to->count + 1) * sizeof(*to->names));
    if (!grown)
        return err_oom();
    to->names = grown;
    to->names[to->count] = strndup(name.data, name.len);
    return to->names[to->count++] ? NULL : err_oom();
}

static struct err *read_names(struct session *s, void *arg)
{
    struct relation *rel = systab_relation(PG_DATABASE);
    struct datum v[DB_COUNT];
    struct systab_scan scan;
    struct err *e = NULL;
    CHECK(rel->natts == DB_COUNT);
    TRY(systab_open(&s->cat, PG_DATABASE, 0, NULL, 0, &scan));
    for (bool found = true; !e && found;) {
        e = systab_next(&scan, v, &found);
        if (!e && found && v[DB_ALLOWCONN].i)
            e = add_name(arg, datum_as_str(v[DB_NAME]));
    }
    systab_close(&scan);
    return e;
}

struct err *server_in_database(struct str database, server_job fn, void *arg)
{
    struct backend *b;
    TRY(backend_internal(database, &b));
    xact_begin(b);
    struct err *e = xact_open(b);
    if (!e)
        e = fn(&b->base, arg);
    if (!e)
        e = xact_commit(b);
    else
        xact_rollback(b);
    backend_free(b);
    return e;
}

struct err *server_each_database(struct err *(*fn)(struct str database, void *arg), void *arg)
{
    struct names names = {0};
    struct err *e = server_in_database(STR("postgres"), read_names, &names);
    for (int i = 0; i < names.count; i++) {
        if (!e)
            e = fn(str_from(names.names[i]), arg);
        free(names.names[i]);
    }
    free(names.names);
    return e;
}
