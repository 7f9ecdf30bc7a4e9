/* Names of several parts: a database may stand in front, and must be the session's own. */
#include "sql/analyze_internal.h"

#include "base/buf.h"

static struct err *with_name(const char *code, const char *message, pg_node *const *parts, size_t n)
{
    struct buf b = BUF_INIT;
    for (size_t i = 0; i < n; i++) {
        buf_put_c(&b, i ? "." : "");
        buf_put_c(&b,
                  parts[i]->node_case == PG_QUERY__NODE__NODE_A_STAR ? "*" : node_str(parts[i]));
    }
    struct err *e = err_new(code, "%s: %s", message, buf_cstr(&b));
    buf_done(&b);
    return e;
}

static struct err *same_database(struct cat *cat, const char *database, bool *same)
{
    uint32_t oid = 0;
    uint32_t sysbase;
    bool connections;
    TRY(cat_database(cat, str_from(database), &oid, &sysbase, &connections));
    *same = oid == cat->db;
    return NULL;
}

struct err *resolve_database(struct cat *cat, const PgQuery__RangeVar *rv)
{
    bool same = true;
    if (!rv->catalogname || !*rv->catalogname)
        return NULL;
    TRY(same_database(cat, rv->catalogname, &same));
    if (same)
        return NULL;
    return err_new("0A000", "cross-database references are not implemented: \"%s.%s.%s\"",
                   rv->catalogname, rv->schemaname ? rv->schemaname : "", rv->relname);
}

struct err *resolve_qualified(struct cat *cat, pg_node *const *parts, size_t n, size_t own)
{
    bool same = true;
    if (n > own + 2)
        return with_name("42601", "improper qualified name (too many dotted names)", parts, n);
    if (n == own + 2)
        TRY(same_database(cat, node_str(parts[0]), &same));
    return same ? NULL
                : with_name("0A000", "cross-database references are not implemented", parts, n);
}
