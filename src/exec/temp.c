/* Temporary tables: see temp.h. */
#include "exec/temp.h"

#include "exec/ddl_internal.h"

#include <stdlib.h>

/* A table with something to do at commit. One that is gone is forgotten at the next commit: an OID
 * never comes back. */
struct temp_table {
    uint32_t relid;
    bool drop; /* else: delete the rows */
};

struct temp_tables {
    struct temp_table *items;
    int n;
    int cap;
};

void temp_free(struct session *s)
{
    if (s->temp)
        free(s->temp->items);
    free(s->temp);
    s->temp = NULL;
}

void ddl_on_commit(struct ddl *d, uint32_t relid, bool drop)
{
    struct session *s = d->s;
    if (!s->temp) {
        s->temp = calloc(1, sizeof(*s->temp));
        CHECK(s->temp != NULL);
    }
    struct temp_tables *t = s->temp;
    if (t->n == t->cap) {
        t->cap = t->cap ? t->cap * 2 : 8;
        t->items = realloc(t->items, sizeof(*t->items) * (size_t)t->cap);
        CHECK(t->items != NULL);
    }
    t->items[t->n++] = (struct temp_table){relid, drop};
}

/* ---- dropping ---- */

/* The schema's relations of those kinds; indexes, and sequences of identity columns, go with their
 * tables. */
static struct err *drop_kinds(struct ddl *d, uint32_t nsp, const char *kinds)
{
    struct systab_scan scan;
    struct datum v[CLS_COUNT];
    struct object_address *list = NULL;
    int n = 0;
    int cap = 0;
    struct err *e = NULL;
    TRY(systab_open(d->cat, PG_CLASS, 0, NULL, 0, &scan));
    for (bool found = true; !e && found;) {
        e = systab_next(&scan, v, &found);
        if (e || !found || v[CLS_NSP].u != nsp || !strchr(kinds, (char)v[CLS_KIND].i))
            continue;
        struct object_address o = {PG_CLASS, (uint32_t)v[CLS_OID].u, 0};
        ARENA_PUSH(d->arena, list, n, cap, o);
    }
    systab_close(&scan);
    if (e || !n)
        return e;
    e = ddl_drop_objects(d, list, n, true);
    txn_next_command(d->cat->txn);
    return e;
}

static struct err *empty_schema(struct ddl *d, uint32_t nsp)
{
    TRY(drop_kinds(d, nsp, "rv"));
    return drop_kinds(d, nsp, "S");
}

static struct err *with_ddl(struct session *s, struct err *(*fn)(struct ddl *d, uint32_t nsp),
                            uint32_t nsp)
{
    struct arena arena;
    struct ddl d = {.s = s, .cat = &s->cat, .arena = &arena, .sql = "", .quiet = true};
    arena_init(&arena);
    struct err *e = fn(&d, nsp);
    arena_done(&arena);
    return e;
}

struct err *temp_drop_own(struct session *s)
{
    return s->cat.temp_nsp ? with_ddl(s, empty_schema, s->cat.temp_nsp) : NULL;
}

static struct err *drop_schemas(struct ddl *d, uint32_t unused)
{
    struct systab_scan scan;
    struct datum v[NSP_COUNT];
    uint32_t *oids = NULL;
    int n = 0;
    int cap = 0;
    struct err *e = NULL;
    (void)unused;
    TRY(systab_open(d->cat, PG_NAMESPACE, 0, NULL, 0, &scan));
    for (bool found = true; !e && found;) {
        e = systab_next(&scan, v, &found);
        if (!e && found && str_starts_with(datum_as_str(v[NSP_NAME]), STR("pg_temp_")))
            ARENA_PUSH(d->arena, oids, n, cap, (uint32_t)v[NSP_OID].u);
    }
    systab_close(&scan);
    for (int i = 0; i < n && !e; i++) {
        e = empty_schema(d, oids[i]);
        if (!e)
            e = ddl_remove(d->cat, (struct object_address){PG_NAMESPACE, oids[i], 0});
    }
    return e;
}

struct err *temp_drop_leftovers(struct session *s)
{
    return with_ddl(s, drop_schemas, 0);
}

/* ---- the schema ---- */

struct err *ddl_temp_namespace(struct ddl *d, uint32_t *nsp)
{
    if (!d->cat->temp_nsp) {
        const char *name = arena_printf(d->arena, "pg_temp_%d", d->s->pid);
        uint32_t oid;
        TRY(cat_namespace_oid(d->cat, str_from(name), &oid));
        if (oid) /* of a session with that number whose end failed */
            TRY(empty_schema(d, oid));
        else
            TRY(ddl_create_namespace(d->cat, name, BOOTSTRAP_ROLE, &oid));
        d->cat->temp_nsp = oid;
        TRY(d->s->ops->path_renew(d->s));
    }
    *nsp = d->cat->temp_nsp;
    return NULL;
}

/* ---- at commit ---- */

static struct err *delete_rows(struct ddl *d, const struct relation *r)
{
    struct exec_env env = session_exec_env(d->s);
    struct buf sql = BUF_INIT;
    uint64_t rows;
    env.newest_view = true;
    buf_put_c(&sql, "DELETE FROM ");
    quote_identifier(&sql, r->nsp_name);
    buf_put_u8(&sql, '.');
    quote_identifier(&sql, r->name);
    struct err *e = exec_internal_sql(&env, buf_cstr(&sql), NULL, NULL, 0, &rows);
    buf_done(&sql);
    return e;
}

static struct err *run_actions(struct ddl *d, uint32_t unused)
{
    struct temp_tables *t = d->s->temp;
    int kept = 0;
    (void)unused;
    txn_next_command(d->cat->txn);
    for (int i = 0; i < t->n; i++) {
        struct temp_table item = t->items[i];
        struct object_address o = {PG_CLASS, item.relid, 0};
        struct relation *r;
        TRY(cat_relation(d->cat, item.relid, &r));
        if (!r)
            continue;
        struct err *e = item.drop ? ddl_drop_objects(d, &o, 1, true) : delete_rows(d, r);
        relation_unref(r);
        TRY(e);
        txn_next_command(d->cat->txn);
        if (!item.drop)
            t->items[kept++] = item;
    }
    t->n = kept;
    return NULL;
}

struct err *temp_pre_commit(struct session *s)
{
    /* Rows can only be there if this transaction has written some. */
    if (!s->temp || !s->temp->n || !txn_has_writes(s->cat.txn))
        return NULL;
    return with_ddl(s, run_actions, 0);
}
