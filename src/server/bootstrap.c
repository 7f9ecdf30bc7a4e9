/* The contents of a new database beyond the catalog's own rows. */
#include "server/server_internal.h"

#include "catalog/systab.h"

enum { DATABASE_OWNER_ROLE = 6171 };

/* Schema public has a number of its own, which no statement can give. */
static struct err *create_public(struct cat *c)
{
    uint32_t oid;
    TRY(cat_namespace_oid(c, STR("public"), &oid));
    if (oid)
        return NULL;
    struct datum v[NSP_COUNT] = {datum_int(PUBLIC_NSP), datum_str(STR("public")),
                                 datum_int(DATABASE_OWNER_ROLE), datum_null()};
    return systab_insert(c, PG_NAMESPACE, v);
}

static struct err *fill(struct str database, bool views)
{
    struct backend *b = backend_new();
    if (!b)
        return err_oom();
    scratch_take(b);
    struct err *e = session_login(b, STR("postgres"), database);
    if (!e) {
        xact_begin(b);
        e = xact_open(b);
        if (!e)
            e = create_public(&b->base.cat);
        if (!e && views)
            e = bootstrap_run(&b->base);
        if (!e)
            e = xact_commit(b);
    }
    backend_free(b);
    return e;
}

struct err *server_bootstrap_database(struct str database)
{
    return fill(database, true);
}

struct err *server_finish_database(struct str database)
{
    return fill(database, false);
}
