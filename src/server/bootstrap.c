/* The contents of a new database beyond the catalog's own rows. */
#include "server/server_internal.h"

#include "exec/temp.h"

/* The views are made last, in the same transaction as everything else. */
static struct err *is_complete(struct cat *c, bool *yes)
{
    uint32_t oid;
    TRY(cat_relation_oid(c, PG_CATALOG_NSP, STR("pg_roles"), &oid));
    *yes = oid != 0;
    return NULL;
}

static struct err *fill(struct backend *b)
{
    bool complete;
    xact_begin(b);
    TRY(xact_open(b));
    TRY(is_complete(&b->base.cat, &complete));
    if (!complete)
        TRY(bootstrap_run(&b->base));
    return xact_commit(b);
}

struct err *server_bootstrap_database(struct str database)
{
    struct backend *b;
    TRY(backend_internal(database, &b));
    struct err *e = fill(b);
    backend_free(b);
    return e;
}

static struct err *drop_leftovers(struct session *s, void *arg)
{
    (void)arg;
    return temp_drop_leftovers(s);
}

static struct err *drop_in(struct str database, void *arg)
{
    return server_in_database(database, drop_leftovers, arg);
}

struct err *server_drop_temporary(void)
{
    return server_each_database(drop_in, NULL);
}
