/* Utility statements on schema objects: dispatch, and the small ones. */
#include "exec/checks.h"
#include "exec/ddl_internal.h"

#include "base/clock.h"
#include "catalog/acl.h"
#include "exec/fn_session.h"
#include "rt/fiber.h"
#include "types/array.h"

#include <stdio.h>

struct own_handler own_handler;

static struct err *run(struct ddl *d, const PgQuery__Node *n, char *tag);

/* CREATE SCHEMA's elements: PostgreSQL makes them by kind, whatever their order. */
static int element_pass(const PgQuery__Node *n)
{
    switch (n->node_case) {
    case PG_QUERY__NODE__NODE_CREATE_SEQ_STMT:
        return 0;
    case PG_QUERY__NODE__NODE_CREATE_STMT:
        return 1;
    case PG_QUERY__NODE__NODE_VIEW_STMT:
        return 2;
    case PG_QUERY__NODE__NODE_INDEX_STMT:
        return 3;
    default:
        return 4;
    }
}

static struct err *check_element(const PgQuery__Node *n, const char *schema)
{
    const PgQuery__RangeVar *rv =
        n->node_case == PG_QUERY__NODE__NODE_CREATE_STMT       ? n->create_stmt->relation
        : n->node_case == PG_QUERY__NODE__NODE_CREATE_SEQ_STMT ? n->create_seq_stmt->sequence
        : n->node_case == PG_QUERY__NODE__NODE_VIEW_STMT       ? n->view_stmt->view
        : n->node_case == PG_QUERY__NODE__NODE_INDEX_STMT      ? n->index_stmt->relation
                                                               : NULL;
    if (!rv)
        return err_unsupported("%s in CREATE SCHEMA is not supported yet", statement_name(n));
    if (rv->schemaname && *rv->schemaname && strcmp(rv->schemaname, schema) != 0)
        return err_new("42P15",
                       "CREATE specifies a schema (%s) different from the one being created (%s)",
                       rv->schemaname, schema);
    return NULL;
}

/* The new schema comes first in the search path meanwhile. */
static struct err *create_elements(struct ddl *d, const PgQuery__CreateSchemaStmt *s,
                                   const char *name, uint32_t nsp)
{
    enum { PASSES = 5 };
    struct cat *cat = d->cat;
    const struct cat before = *cat;
    uint32_t *path = arena_new_array(d->arena, uint32_t, cat->nsearch_path + 2);
    struct err *e = NULL;
    char tag[64];
    for (size_t i = 0; i < s->n_schema_elts; i++)
        TRY(check_element(s->schema_elts[i], name));
    path[0] = nsp;
    if (cat->nsearch_path)
        memcpy(path + 1, cat->search_path, sizeof(*path) * (size_t)cat->nsearch_path);
    cat->search_path = path;
    cat->nsearch_path++;
    cat->creation_nsp = nsp;
    for (int pass = 0; pass < PASSES; pass++)
        for (size_t i = 0; !e && i < s->n_schema_elts; i++)
            if (element_pass(s->schema_elts[i]) == pass)
                e = run(d, s->schema_elts[i], tag);
    cat->search_path = before.search_path;
    cat->nsearch_path = before.nsearch_path;
    cat->creation_nsp = before.creation_nsp;
    return e;
}

static struct err *create_schema(struct ddl *d, const PgQuery__CreateSchemaStmt *s)
{
    uint32_t oid;
    const char *name = s->schemaname;
    uint32_t owner = d->cat->role;
    if (s->authrole)
        TRY(ddl_role(d, s->authrole, &owner));
    if (!name || !*name)
        TRY(cat_role_name(d->cat, owner, d->arena, &name));
    if (strncmp(name, "pg_", 3) == 0 && d->s->pid)
        return err_detail(err_new("42939", "unacceptable schema name \"%s\"", name),
                          "The prefix \"pg_\" is reserved for system schemas.");
    if (d->s->pid)
        TRY(acl_check(d->cat, PG_DATABASE, d->cat->db, PRIV_CREATE));
    if (s->authrole)
        TRY(ddl_may_give_to(d, owner));
    TRY(cat_namespace_oid(d->cat, str_from(name), &oid));
    if (oid) {
        if (!s->if_not_exists)
            return err_new("42P06", "schema \"%s\" already exists", name);
        ddl_notice(d, "NOTICE", err_new("42P06", "schema \"%s\" already exists, skipping", name));
        return NULL;
    }
    TRY(ddl_create_namespace(d->cat, name, owner, &oid));
    return s->n_schema_elts ? create_elements(d, s, name, oid) : NULL;
}

/* ---- CLUSTER ---- */

/* Rows are kept by their primary key, so there is nothing to sort; the mark is kept. */
static struct err *cluster(struct ddl *d, const PgQuery__ClusterStmt *s)
{
    struct relation *r;
    bool found = false;
    if (!s->relation)
        return NULL;
    TRY(ddl_open(d, s->relation, TXN_ACCESS_EXCLUSIVE, false, &r));
    struct err *e = ddl_must_own(d, r);
    bool named = s->indexname && *s->indexname;
    for (int i = 0; !e && i < r->nindexes; i++) {
        struct datum key = datum_int(r->indexes[i].oid);
        struct datum v[IDX_COUNT];
        bool there;
        e = systab_get(d->cat, PG_INDEX, INDEX_INDEXRELID_INDEX, &key, 1, d->arena, v, &there);
        if (!e && there)
            found |=
                named ? strcmp(r->indexes[i].name, s->indexname) == 0 : v[IDX_CLUSTERED].i != 0;
    }
    if (!e && !found)
        e = named ? err_new("42704", "index \"%s\" for table \"%s\" does not exist", s->indexname,
                            r->name)
                  : err_new("42704", "there is no previously clustered index for table \"%s\"",
                            r->name);
    for (int i = 0; !e && named && i < r->nindexes; i++)
        if (strcmp(r->indexes[i].name, s->indexname) == 0)
            e = ddl_check_cluster(&r->indexes[i]);
    for (int i = 0; !e && named && i < r->nindexes; i++)
        e = ddl_update_index(d->cat, r->indexes[i].oid, IDX_CLUSTERED,
                             datum_bool(strcmp(r->indexes[i].name, s->indexname) == 0));
    relation_unref(r);
    return e;
}

/* ---- databases ---- */

static const char *bootstrap_texts[8];
static int nbootstrap;

void bootstrap_register(const char *sql)
{
    CHECK(nbootstrap < 8);
    bootstrap_texts[nbootstrap++] = sql;
}

/* Schema public has a number that clients know, and belongs to whoever owns the database. */
static struct err *create_public(struct cat *c)
{
    struct arena a;
    struct datum acl;
    struct acl_item items[] = {
        {ROLE_DATABASE_OWNER, ROLE_DATABASE_OWNER, PRIV_USAGE | PRIV_CREATE},
        {0, ROLE_DATABASE_OWNER, PRIV_USAGE},
    };
    const struct acl list = {.items = items, .n = ARRAY_LENGTH(items)};
    arena_init(&a);
    struct err *e = acl_write(&list, false, &a, &acl);
    struct datum v[NSP_COUNT] = {datum_int(PUBLIC_NSP), cstr_datum("public"),
                                 datum_int(ROLE_DATABASE_OWNER), acl};
    if (!e)
        e = systab_insert(c, PG_NAMESPACE, v);
    arena_done(&a);
    return e ? e
             : ddl_set_comment(c, (struct object_address){PG_NAMESPACE, PUBLIC_NSP, 0},
                               "standard public schema");
}

struct membership {
    struct cat *cat;
    uint32_t nsp;
    struct object_address extension;
};

/* Makes the rows of a system table that are in the schema members of the extension. `kind` -1: all
 * are; else indexes, which go with their tables, are not. */
static struct err *add_members(const struct membership *m, uint32_t table, int nsp, int kind)
{
    enum { MOST_COLUMNS = (int)CLS_COUNT > (int)PROC_COUNT ? (int)CLS_COUNT : (int)PROC_COUNT };
    struct systab_scan scan;
    struct datum v[MOST_COLUMNS];
    struct err *e = NULL;
    TRY(systab_open(m->cat, table, 0, NULL, 0, &scan));
    for (bool found = true; !e && found;) {
        e = systab_next(&scan, v, &found);
        if (!e && found && v[nsp].u == m->nsp && (kind < 0 || v[kind].i != 'i'))
            e = depend_record(m->cat, (struct object_address){table, (uint32_t)v[0].u, 0},
                              m->extension, DEPEND_EXTENSION);
    }
    systab_close(&scan);
    return e;
}

/* The schema of the server's own is shown as an extension that is always there: tools that copy a
 * database leave it alone. */
static struct err *make_extension(struct cat *c, const char *schema)
{
    enum { EXTENSION_COLUMNS = 8 };
    struct membership m = {.cat = c};
    uint32_t oid;
    TRY(cat_namespace_oid(c, str_from(schema), &m.nsp));
    if (!m.nsp)
        return NULL;
    TRY(cat_new_oid(c, &oid));
    m.extension = (struct object_address){PG_EXTENSION, oid, 0};
    struct datum row[EXTENSION_COLUMNS] = {
        datum_int(oid),   cstr_datum(schema), datum_int(BOOTSTRAP_ROLE),
        datum_int(m.nsp), datum_bool(false),  cstr_datum("1.0"),
        datum_null(),     datum_null()};
    TRY(systab_insert(c, PG_EXTENSION, row));
    TRY(depend_record(c, (struct object_address){PG_NAMESPACE, m.nsp, 0}, m.extension,
                      DEPEND_EXTENSION));
    TRY(add_members(&m, PG_CLASS, CLS_NSP, CLS_KIND));
    return add_members(&m, PG_PROC, PROC_NSP, -1);
}

struct err *bootstrap_run(struct session *s)
{
    TRY(create_public(&s->cat));
    s->cat.system_oid = FIRST_SYSTEM_OID;
    txn_next_command(s->cat.txn);
    for (int i = 0; i < nbootstrap; i++) {
        struct arena arena;
        struct parsed parsed;
        arena_init(&arena);
        struct err *e = parse_sql(bootstrap_texts[i], &arena, &parsed);
        for (int k = 0; !e && k < parsed.count; k++) {
            char tag[64];
            e = utility_run(s, &parsed.stmts[k], NULL, NULL, tag);
            if (e)
                err_context(e, "bootstrap statement at character %d", parsed.stmts[k].location);
            txn_next_command(s->cat.txn);
        }
        arena_done(&arena);
        TRY(e);
    }
    struct err *e = make_extension(&s->cat, "tarn");
    s->cat.system_oid = 0;
    return e;
}

/* The session goes into the new database meanwhile: what runs there finds all of the session in its
 * place, settings included, but the caller's schemas. */
static struct err *fill_database(struct session *s, const char *name)
{
    static const uint32_t path[] = {PG_CATALOG_NSP};
    const struct cat before = s->cat;
    const int32_t pid = s->pid;
    bool allow;
    uint32_t db;
    uint32_t base;
    struct cat *cat = &s->cat;
    TRY(cat_database(cat, str_from(name), &db, &base, &allow));
    cat->db = db;
    cat->sysbase = base;
    s->pid = 0; /* writes the new database's own catalog */
    cat->local = NULL;
    cat->role = ROLE_BOOTSTRAP; /* owns what comes with it */
    cat->rights = NULL;
    cat->search_path = path;
    cat->nsearch_path = 1;
    cat->temp_nsp = 0;
    cat->creation_nsp = 0;
    struct err *e = bootstrap_run(s);
    cat_forget_local(cat, true);
    cat_rights_free(cat);
    const uint64_t changes = cat->changes + 1;
    s->cat = before;
    s->cat.changes = changes;
    s->pid = pid;
    return e;
}

struct err *ddl_may_create_database(struct ddl *d, const char *denied)
{
    const struct role_rights *rights;
    TRY(cat_rights(d->cat, &rights));
    return rights->createdb ? NULL : err_new("42501", "%s", denied);
}

static struct err *set_connection_limit(struct ddl *d, uint32_t db, int limit)
{
    struct datum key = datum_int(db);
    struct datum old[DB_COUNT];
    struct datum v[DB_COUNT];
    bool found;
    TRY(systab_get(d->cat, PG_DATABASE, DATABASE_OID_INDEX, &key, 1, d->arena, old, &found));
    memcpy(v, old, sizeof(v));
    v[DB_CONNLIMIT] = datum_int(limit);
    return found ? systab_update(d->cat, PG_DATABASE, old, v) : NULL;
}

/* OWNER, CONNECTION LIMIT. */
static struct err *database_options(struct ddl *d, const PgQuery__CreatedbStmt *s, uint32_t *owner,
                                    int *limit)
{
    for (size_t i = 0; i < s->n_options; i++) {
        const PgQuery__DefElem *o = s->options[i]->def_elem;
        if (strcmp(o->defname, "owner") == 0 && o->arg) {
            TRY(cat_role_oid(d->cat, str_from(pg_str(o->arg)), owner));
            if (!*owner)
                return err_new("42704", "role \"%s\" does not exist", pg_str(o->arg));
            TRY(ddl_may_give_to(d, *owner));
        }
        if (strcmp(o->defname, "connection_limit") == 0 && o->arg &&
            o->arg->node_case == PG_QUERY__NODE__NODE_INTEGER)
            *limit = o->arg->integer->ival;
        if (*limit < -1)
            return err_new("22023", "invalid connection limit: %d", *limit);
    }
    return NULL;
}

static struct err *create_database(struct ddl *d, const PgQuery__CreatedbStmt *s)
{
    uint32_t oid;
    uint32_t base;
    uint32_t owner = d->cat->role;
    int limit = -1;
    bool allow;
    TRY(database_options(d, s, &owner, &limit));
    TRY(ddl_may_create_database(d, "permission denied to create database"));
    TRY(cat_database(d->cat, str_from(s->dbname), &oid, &base, &allow));
    if (oid)
        return err_new("42P04", "database \"%s\" already exists", s->dbname);
    for (size_t i = 0; i < s->n_options; i++) {
        const PgQuery__DefElem *o = s->options[i]->def_elem;
        const char *v = o->arg ? pg_str(o->arg) : "";
        bool fine = strcmp(o->defname, "owner") == 0 ||
                    strcmp(o->defname, "connection_limit") == 0 ||
                    (strcmp(o->defname, "template") == 0 && strncmp(v, "template", 8) == 0) ||
                    (strcmp(o->defname, "encoding") == 0 && strncasecmp(v, "UTF", 3) == 0) ||
                    strncmp(o->defname, "lc_", 3) == 0 || strcmp(o->defname, "locale") == 0;
        if (!fine)
            return err_unsupported("CREATE DATABASE option \"%s\" is not supported", o->defname);
    }
    TRY(ddl_create_database(d->cat, s->dbname, owner, &oid));
    if (limit >= 0)
        TRY(set_connection_limit(d, oid, limit));
    return fill_database(d->s, s->dbname);
}

struct users_of {
    uint32_t db;
    struct arena *arena;
    int32_t *pids;
    int count;
    int capacity;
};

static void note_user(void *arg, const struct session_info *info)
{
    struct users_of *u = arg;
    if (info->db == u->db)
        ARENA_PUSH(u->arena, u->pids, u->count, u->capacity, info->pid);
}

static void find_users(struct ddl *d, struct users_of *u)
{
    u->count = 0;
    d->s->ops->each_session(note_user, u);
}

/* All of them or none: the first who may not be ended is the error. */
static struct err *end_users(struct ddl *d, struct users_of *u)
{
    find_users(d, u);
    for (int i = 0; i < u->count; i++)
        TRY(session_may_signal(d->s, u->pids[i], true, d->arena));
    for (int i = 0; i < u->count; i++)
        d->s->ops->signal(u->pids[i], true);
    return NULL;
}

/* Clients that have just left are given PostgreSQL's five seconds to be gone. MAY YIELD. */
static struct err *wait_for_users(struct ddl *d, const char *name, struct users_of *u)
{
    const int64_t look_every_ns = 10 * INT64_C(1000000), limit_ns = 5 * INT64_C(1000000000);
    const int64_t end_ns = clock_mono_ns() + limit_ns;
    for (find_users(d, u); u->count && clock_mono_ns() < end_ns; find_users(d, u))
        TRY(fiber_sleep(look_every_ns));
    if (!u->count)
        return NULL;
    return err_detail(err_new("55006", "database \"%s\" is being accessed by other users", name),
                      u->count == 1 ? "There is %d other session using the database."
                                    : "There are %d other sessions using the database.",
                      u->count);
}

static struct err *check_droppable(struct ddl *d, const PgQuery__DropdbStmt *s, uint32_t oid)
{
    struct users_of users = {.db = oid, .arena = d->arena};
    if (oid == d->cat->db)
        return err_new("55006", "cannot drop the currently open database");
    if (oid < FIRST_USER_OID)
        return err_new("42809",
                       "cannot drop database \"%s\" because it is required by the database system",
                       s->dbname);
    if (s->n_options) /* FORCE is the only one of the grammar */
        TRY(end_users(d, &users));
    return wait_for_users(d, s->dbname, &users);
}

/* Everything stored for a database: its relations, then its own system tables. */
static struct err *drop_storages(struct ddl *d, struct cat *inner)
{
    struct systab_scan scan;
    struct datum v[CLS_COUNT];
    TRY(systab_open(inner, PG_CLASS, 0, NULL, 0, &scan));
    struct err *e = NULL;
    for (bool found = true; !e && found;) {
        e = systab_next(&scan, v, &found);
        if (!e && found && v[CLS_FILENODE].u)
            e = txn_drop_storage(d->cat->txn, (uint32_t)v[CLS_FILENODE].u);
    }
    systab_close(&scan);
    int n;
    struct relation *const *all = systab_all(&n);
    for (int i = 0; i < n && !e; i++) {
        if (all[i]->shared)
            continue;
        e = txn_drop_storage(d->cat->txn, systab_storage_id(inner, all[i], all[i]->storage_id));
        for (int k = 0; k < all[i]->nindexes && !e; k++)
            if (!all[i]->indexes[k].primary)
                e = txn_drop_storage(
                    d->cat->txn, systab_storage_id(inner, all[i], all[i]->indexes[k].storage_id));
    }
    return e;
}

static struct err *drop_database(struct ddl *d, const PgQuery__DropdbStmt *s)
{
    struct cat inner = *d->cat;
    bool allow;
    TRY(cat_database(d->cat, str_from(s->dbname), &inner.db, &inner.sysbase, &allow));
    if (!inner.db && s->missing_ok) {
        ddl_notice(d, "NOTICE",
                   err_new("00000", "database \"%s\" does not exist, skipping", s->dbname));
        return NULL;
    }
    if (!inner.db)
        return err_new("3D000", "database \"%s\" does not exist", s->dbname);
    TRY(acl_check_owner(d->cat, PG_DATABASE, inner.db));
    TRY(check_droppable(d, s, inner.db));
    TRY(drop_storages(d, &inner));
    return ddl_remove(d->cat, (struct object_address){PG_DATABASE, inner.db, 0});
}

/* ---- LOCK TABLE ---- */

enum { MAX_VIEW_DEPTH = 200 };

/* The name is looked up again after a wait: the table may have been renamed or dropped. */
static struct err *lock_one(struct ddl *d, const PgQuery__LockStmt *s, uint32_t oid,
                            const char *name)
{
    bool locked;
    TRY(txn_lock_table(d->cat->txn, oid, (enum txn_table_lock)s->mode,
                       s->nowait ? TXN_SKIP_LOCKED : TXN_WAIT, &locked));
    return locked ? NULL : err_new("55P03", "could not obtain lock on relation \"%s\"", name);
}

/* The relations that a view reads, and theirs. `oid` is locked. */
static struct err *lock_below(struct ddl *d, const PgQuery__LockStmt *s, uint32_t oid, int depth)
{
    struct depend_list deps = {0};
    uint32_t rule;
    TRY(ddl_view_rule(d->cat, oid, &rule));
    if (!rule)
        return NULL;
    if (depth > MAX_VIEW_DEPTH)
        return err_new("54001", "stack depth limit exceeded");
    TRY(depend_of(d->cat, (struct object_address){PG_REWRITE, rule, 0}, d->arena, &deps));
    for (int i = 0; i < deps.count; i++) {
        const struct object_address on = deps.items[i].referenced;
        struct relation *r;
        bool seen = on.object_id == oid;
        for (int k = 0; k < i && !seen; k++)
            seen = deps.items[k].referenced.class_id == on.class_id &&
                   deps.items[k].referenced.object_id == on.object_id;
        if (seen || on.class_id != PG_CLASS)
            continue;
        TRY(cat_relation(d->cat, on.object_id, &r));
        if (!r)
            continue;
        struct err *e = r->kind == 'r' || r->kind == 'v' ? lock_one(d, s, r->oid, r->name) : NULL;
        if (!e && r->kind == 'v')
            e = lock_below(d, s, r->oid, depth + 1);
        relation_unref(r);
        TRY(e);
    }
    return NULL;
}

static struct err *may_lock(struct ddl *d, const struct relation *r, int mode)
{
    uint32_t any = PRIV_UPDATE | PRIV_DELETE | PRIV_TRUNCATE;
    if (mode == TXN_ACCESS_SHARE)
        any = PRIV_SELECT;
    else if (mode == TXN_ROW_EXCLUSIVE)
        any |= PRIV_INSERT;
    return ddl_may_use_relation(d, r, any);
}

static struct err *check_lockable(struct ddl *d, uint32_t oid, int mode, char *kind)
{
    struct relation *r;
    TRY(cat_relation(d->cat, oid, &r));
    if (!r) {
        *kind = 'r';
        return NULL;
    }
    *kind = r->kind;
    const char *others = *kind == 'm'   ? "materialized views"
                         : *kind == 'S' ? "sequences"
                         : *kind == 'i' ? "indexes"
                                        : "composite types";
    struct err *e = NULL;
    if (*kind != 'r' && *kind != 'v')
        e = err_detail(err_new("42809", "cannot lock relation \"%s\"", r->name),
                       "This operation is not supported for %s.", others);
    if (!e)
        e = may_lock(d, r, mode);
    relation_unref(r);
    return e;
}

static struct err *lock_table(struct ddl *d, const PgQuery__LockStmt *s,
                              const PgQuery__RangeVar *rv)
{
    struct str nsp = rv->schemaname ? str_from(rv->schemaname) : STR("");
    uint32_t had = 0;
    if (nsp.len)
        TRY(acl_check_schema(d->cat, nsp));
    for (;;) {
        uint32_t oid;
        char kind;
        TRY(cat_find_relation(d->cat, nsp, str_from(rv->relname), false, &oid));
        if (!oid)
            return nsp.len ? err_new("42P01", "relation \"%s.%s\" does not exist", rv->schemaname,
                                     rv->relname)
                           : err_new("42P01", "relation \"%s\" does not exist", rv->relname);
        TRY(check_lockable(d, oid, (int)s->mode, &kind));
        if (oid == had)
            return kind == 'v' ? lock_below(d, s, oid, 0) : NULL;
        TRY(lock_one(d, s, oid, rv->relname));
        had = oid;
    }
}

static struct err *lock_tables(struct ddl *d, const PgQuery__LockStmt *s)
{
    for (size_t i = 0; i < s->n_relations; i++)
        TRY(lock_table(d, s, s->relations[i]->range_var));
    return NULL;
}

/* SELECT ... INTO: CREATE TABLE AS by another name. */
static struct err *select_into(struct ddl *d, const PgQuery__SelectStmt *s, char *tag)
{
    PgQuery__CreateTableAsStmt as;
    PgQuery__SelectStmt select = *s;
    PgQuery__Node query;
    pg_query__create_table_as_stmt__init(&as);
    pg_query__node__init(&query);
    if (!s->into_clause)
        return err_unsupported("this statement is not supported yet");
    select.into_clause = NULL;
    query.node_case = PG_QUERY__NODE__NODE_SELECT_STMT;
    query.select_stmt = &select;
    as.query = &query;
    as.into = s->into_clause;
    as.objtype = PG_QUERY__OBJECT_TYPE__OBJECT_TABLE;
    return ddl_create_table_as(d, &as, tag);
}

static bool is_type(PgQuery__ObjectType kind)
{
    return kind == PG_QUERY__OBJECT_TYPE__OBJECT_TYPE ||
           kind == PG_QUERY__OBJECT_TYPE__OBJECT_DOMAIN;
}

static void type_tag(PgQuery__ObjectType kind, char *tag)
{
    snprintf(tag, 64, kind == PG_QUERY__OBJECT_TYPE__OBJECT_DOMAIN ? "ALTER DOMAIN" : "ALTER TYPE");
}

static struct err *alter_schema(struct ddl *d, const PgQuery__AlterObjectSchemaStmt *s, char *tag)
{
    if (s->object_type == PG_QUERY__OBJECT_TYPE__OBJECT_EXTENSION) {
        snprintf(tag, 64, "ALTER EXTENSION");
        return ddl_move_extension(d, s);
    }
    if (!is_type(s->object_type))
        return ddl_set_schema(d, s, tag);
    type_tag(s->object_type, tag);
    return ddl_move_type_stmt(d, s);
}

static struct err *alter_owner(struct ddl *d, const PgQuery__AlterOwnerStmt *s, char *tag)
{
    if (!is_type(s->object_type))
        return ddl_alter_owner(d, s, tag);
    type_tag(s->object_type, tag);
    return ddl_own_type_stmt(d, s);
}

static struct err *run(struct ddl *d, const PgQuery__Node *n, char *tag)
{
    switch (n->node_case) {
    case PG_QUERY__NODE__NODE_SELECT_STMT:
        return select_into(d, n->select_stmt, tag);
    case PG_QUERY__NODE__NODE_CREATE_STMT:
        return ddl_create_table(d, n->create_stmt, tag);
    case PG_QUERY__NODE__NODE_CREATE_TABLE_AS_STMT:
        return ddl_create_table_as(d, n->create_table_as_stmt, tag);
    case PG_QUERY__NODE__NODE_CLUSTER_STMT:
        snprintf(tag, 64, "CLUSTER");
        return cluster(d, n->cluster_stmt);
    case PG_QUERY__NODE__NODE_CREATE_EXTENSION_STMT:
        snprintf(tag, 64, "CREATE EXTENSION");
        return ddl_create_extension(d, n->create_extension_stmt);
    case PG_QUERY__NODE__NODE_ALTER_EXTENSION_STMT:
        snprintf(tag, 64, "ALTER EXTENSION");
        return ddl_alter_extension(d, n->alter_extension_stmt);
    case PG_QUERY__NODE__NODE_CREATE_FUNCTION_STMT:
        return ddl_create_function(d, n->create_function_stmt, tag);
    case PG_QUERY__NODE__NODE_DO_STMT:
        snprintf(tag, 64, "DO");
        return ddl_do(d, n->do_stmt);
    case PG_QUERY__NODE__NODE_DEFINE_STMT:
        if (n->define_stmt->kind == PG_QUERY__OBJECT_TYPE__OBJECT_COLLATION) {
            snprintf(tag, 64, "CREATE COLLATION");
            return ddl_create_collation_stmt(d, n->define_stmt);
        }
        if (n->define_stmt->kind != PG_QUERY__OBJECT_TYPE__OBJECT_AGGREGATE)
            return err_unsupported("%s is not supported yet", statement_name(n));
        snprintf(tag, 64, "CREATE AGGREGATE");
        return ddl_create_aggregate(d, n->define_stmt);
    case PG_QUERY__NODE__NODE_CREATE_POLICY_STMT:
        snprintf(tag, 64, "CREATE POLICY");
        return ddl_create_policy(d, n->create_policy_stmt);
    case PG_QUERY__NODE__NODE_CREATE_TRIG_STMT:
        snprintf(tag, 64, "CREATE TRIGGER");
        return ddl_create_trigger(d, n->create_trig_stmt);
    case PG_QUERY__NODE__NODE_ALTER_POLICY_STMT:
        snprintf(tag, 64, "ALTER POLICY");
        return ddl_alter_policy(d, n->alter_policy_stmt);
    case PG_QUERY__NODE__NODE_CREATE_CAST_STMT:
        snprintf(tag, 64, "CREATE CAST");
        return ddl_create_cast_stmt(d, n->create_cast_stmt);
    case PG_QUERY__NODE__NODE_ALTER_FUNCTION_STMT:
        return ddl_alter_function(d, n->alter_function_stmt, tag);
    case PG_QUERY__NODE__NODE_REFRESH_MAT_VIEW_STMT:
        snprintf(tag, 64, "REFRESH MATERIALIZED VIEW");
        return ddl_refresh_matview(d, n->refresh_mat_view_stmt);
    case PG_QUERY__NODE__NODE_CREATE_SEQ_STMT:
        snprintf(tag, 64, "CREATE SEQUENCE");
        return ddl_create_sequence(d, n->create_seq_stmt);
    case PG_QUERY__NODE__NODE_ALTER_SEQ_STMT:
        snprintf(tag, 64, "ALTER SEQUENCE");
        return ddl_alter_sequence(d, n->alter_seq_stmt);
    case PG_QUERY__NODE__NODE_VIEW_STMT:
        snprintf(tag, 64, "CREATE VIEW");
        return ddl_create_view(d, n->view_stmt);
    case PG_QUERY__NODE__NODE_INDEX_STMT:
        snprintf(tag, 64, "CREATE INDEX");
        return ddl_create_index_stmt(d, n->index_stmt);
    case PG_QUERY__NODE__NODE_REINDEX_STMT:
        snprintf(tag, 64, "REINDEX");
        return ddl_reindex(d, n->reindex_stmt);
    case PG_QUERY__NODE__NODE_ALTER_TABLE_STMT:
        snprintf(tag, 64,
                 n->alter_table_stmt->objtype == PG_QUERY__OBJECT_TYPE__OBJECT_INDEX ? "ALTER INDEX"
                 : n->alter_table_stmt->objtype == PG_QUERY__OBJECT_TYPE__OBJECT_TYPE ? "ALTER TYPE"
                 : n->alter_table_stmt->objtype == PG_QUERY__OBJECT_TYPE__OBJECT_VIEW ? "ALTER VIEW"
                 : n->alter_table_stmt->objtype == PG_QUERY__OBJECT_TYPE__OBJECT_MATVIEW
                     ? "ALTER MATERIALIZED VIEW"
                 : n->alter_table_stmt->objtype == PG_QUERY__OBJECT_TYPE__OBJECT_SEQUENCE
                     ? "ALTER SEQUENCE"
                     : "ALTER TABLE");
        return ddl_alter_table(d, n->alter_table_stmt);
    case PG_QUERY__NODE__NODE_CREATE_ENUM_STMT:
        snprintf(tag, 64, "CREATE TYPE");
        return ddl_create_enum(d, n->create_enum_stmt);
    case PG_QUERY__NODE__NODE_CREATE_RANGE_STMT:
        snprintf(tag, 64, "CREATE TYPE");
        return ddl_create_range(d, n->create_range_stmt);
    case PG_QUERY__NODE__NODE_COMPOSITE_TYPE_STMT:
        snprintf(tag, 64, "CREATE TYPE");
        return ddl_create_composite(d, n->composite_type_stmt);
    case PG_QUERY__NODE__NODE_CREATE_DOMAIN_STMT:
        snprintf(tag, 64, "CREATE DOMAIN");
        return ddl_create_domain(d, n->create_domain_stmt);
    case PG_QUERY__NODE__NODE_ALTER_DOMAIN_STMT:
        snprintf(tag, 64, "ALTER DOMAIN");
        return ddl_alter_domain(d, n->alter_domain_stmt);
    case PG_QUERY__NODE__NODE_ALTER_ENUM_STMT:
        snprintf(tag, 64, "ALTER TYPE");
        return ddl_alter_enum(d, n->alter_enum_stmt);
    case PG_QUERY__NODE__NODE_ALTER_OBJECT_SCHEMA_STMT:
        return alter_schema(d, n->alter_object_schema_stmt, tag);
    case PG_QUERY__NODE__NODE_ALTER_OWNER_STMT:
        return alter_owner(d, n->alter_owner_stmt, tag);
    case PG_QUERY__NODE__NODE_RENAME_STMT:
        return ddl_rename(d, n->rename_stmt, tag);
    case PG_QUERY__NODE__NODE_DROP_STMT:
        return ddl_drop(d, n->drop_stmt, tag);
    case PG_QUERY__NODE__NODE_TRUNCATE_STMT:
        snprintf(tag, 64, "TRUNCATE TABLE");
        return ddl_truncate(d, n->truncate_stmt);
    case PG_QUERY__NODE__NODE_CREATE_SCHEMA_STMT:
        snprintf(tag, 64, "CREATE SCHEMA");
        return create_schema(d, n->create_schema_stmt);
    case PG_QUERY__NODE__NODE_COMMENT_STMT:
        snprintf(tag, 64, "COMMENT");
        return ddl_comment(d, n->comment_stmt);
    case PG_QUERY__NODE__NODE_CREATEDB_STMT:
        snprintf(tag, 64, "CREATE DATABASE");
        return create_database(d, n->createdb_stmt);
    case PG_QUERY__NODE__NODE_DROPDB_STMT:
        snprintf(tag, 64, "DROP DATABASE");
        return drop_database(d, n->dropdb_stmt);
    case PG_QUERY__NODE__NODE_CREATE_ROLE_STMT:
        snprintf(tag, 64, "CREATE ROLE");
        return ddl_create_role(d, n->create_role_stmt);
    case PG_QUERY__NODE__NODE_ALTER_ROLE_STMT:
        snprintf(tag, 64, "ALTER ROLE");
        return ddl_alter_role(d, n->alter_role_stmt);
    case PG_QUERY__NODE__NODE_DROP_ROLE_STMT:
        snprintf(tag, 64, "DROP ROLE");
        return ddl_drop_role(d, n->drop_role_stmt);
    case PG_QUERY__NODE__NODE_GRANT_ROLE_STMT:
        snprintf(tag, 64, n->grant_role_stmt->is_grant ? "GRANT ROLE" : "REVOKE ROLE");
        return ddl_grant_role(d, n->grant_role_stmt);
    case PG_QUERY__NODE__NODE_GRANT_STMT:
        snprintf(tag, 64, n->grant_stmt->is_grant ? "GRANT" : "REVOKE");
        return ddl_grant(d, n->grant_stmt);
    case PG_QUERY__NODE__NODE_ALTER_DEFAULT_PRIVILEGES_STMT:
        snprintf(tag, 64, "ALTER DEFAULT PRIVILEGES");
        return ddl_default_privileges(d, n->alter_default_privileges_stmt);
    case PG_QUERY__NODE__NODE_REASSIGN_OWNED_STMT:
        snprintf(tag, 64, "REASSIGN OWNED");
        return ddl_reassign_owned(d, n->reassign_owned_stmt);
    case PG_QUERY__NODE__NODE_DROP_OWNED_STMT:
        snprintf(tag, 64, "DROP OWNED");
        return ddl_drop_owned(d, n->drop_owned_stmt);
    case PG_QUERY__NODE__NODE_CONSTRAINTS_SET_STMT:
        snprintf(tag, 64, "SET CONSTRAINTS");
        return checks_set_constraints(d->s, n->constraints_set_stmt);
    case PG_QUERY__NODE__NODE_LOCK_STMT:
        snprintf(tag, 64, "LOCK TABLE");
        return lock_tables(d, n->lock_stmt);
    case PG_QUERY__NODE__NODE_VACUUM_STMT:
        snprintf(tag, 64, n->vacuum_stmt->is_vacuumcmd ? "VACUUM" : "ANALYZE");
        return ddl_vacuum(d, n->vacuum_stmt);
    default:
        return err_unsupported("%s is not supported yet", statement_name(n));
    }
}

/* By the kind of a node; the kinds that have several names are not among them. */
static const char *const statement_names[] = {
    [PG_QUERY__NODE__NODE_ALTER_COLLATION_STMT] = "ALTER COLLATION",
    [PG_QUERY__NODE__NODE_ALTER_DATABASE_STMT] = "ALTER DATABASE",
    [PG_QUERY__NODE__NODE_ALTER_DATABASE_REFRESH_COLL_STMT] = "ALTER DATABASE",
    [PG_QUERY__NODE__NODE_ALTER_DATABASE_SET_STMT] = "ALTER DATABASE",
    [PG_QUERY__NODE__NODE_ALTER_DEFAULT_PRIVILEGES_STMT] = "ALTER DEFAULT PRIVILEGES",
    [PG_QUERY__NODE__NODE_ALTER_DOMAIN_STMT] = "ALTER DOMAIN",
    [PG_QUERY__NODE__NODE_ALTER_ENUM_STMT] = "ALTER TYPE",
    [PG_QUERY__NODE__NODE_ALTER_EVENT_TRIG_STMT] = "ALTER EVENT TRIGGER",
    [PG_QUERY__NODE__NODE_ALTER_EXTENSION_STMT] = "ALTER EXTENSION",
    [PG_QUERY__NODE__NODE_ALTER_EXTENSION_CONTENTS_STMT] = "ALTER EXTENSION",
    [PG_QUERY__NODE__NODE_ALTER_FDW_STMT] = "ALTER FOREIGN DATA WRAPPER",
    [PG_QUERY__NODE__NODE_ALTER_FOREIGN_SERVER_STMT] = "ALTER SERVER",
    [PG_QUERY__NODE__NODE_ALTER_FUNCTION_STMT] = "ALTER FUNCTION",
    [PG_QUERY__NODE__NODE_ALTER_OBJECT_DEPENDS_STMT] = "ALTER ... DEPENDS ON EXTENSION",
    [PG_QUERY__NODE__NODE_ALTER_OBJECT_SCHEMA_STMT] = "ALTER ... SET SCHEMA",
    [PG_QUERY__NODE__NODE_ALTER_OPERATOR_STMT] = "ALTER OPERATOR",
    [PG_QUERY__NODE__NODE_ALTER_OP_FAMILY_STMT] = "ALTER OPERATOR FAMILY",
    [PG_QUERY__NODE__NODE_ALTER_OWNER_STMT] = "ALTER ... OWNER",
    [PG_QUERY__NODE__NODE_ALTER_POLICY_STMT] = "ALTER POLICY",
    [PG_QUERY__NODE__NODE_ALTER_PUBLICATION_STMT] = "ALTER PUBLICATION",
    [PG_QUERY__NODE__NODE_ALTER_ROLE_STMT] = "ALTER ROLE",
    [PG_QUERY__NODE__NODE_ALTER_ROLE_SET_STMT] = "ALTER ROLE",
    [PG_QUERY__NODE__NODE_ALTER_SEQ_STMT] = "ALTER SEQUENCE",
    [PG_QUERY__NODE__NODE_ALTER_STATS_STMT] = "ALTER STATISTICS",
    [PG_QUERY__NODE__NODE_ALTER_SUBSCRIPTION_STMT] = "ALTER SUBSCRIPTION",
    [PG_QUERY__NODE__NODE_ALTER_SYSTEM_STMT] = "ALTER SYSTEM",
    [PG_QUERY__NODE__NODE_ALTER_TABLE_STMT] = "ALTER TABLE",
    [PG_QUERY__NODE__NODE_ALTER_TABLE_MOVE_ALL_STMT] = "ALTER ... ALL IN TABLESPACE",
    [PG_QUERY__NODE__NODE_ALTER_TABLE_SPACE_OPTIONS_STMT] = "ALTER TABLESPACE",
    [PG_QUERY__NODE__NODE_ALTER_TSCONFIGURATION_STMT] = "ALTER TEXT SEARCH CONFIGURATION",
    [PG_QUERY__NODE__NODE_ALTER_TSDICTIONARY_STMT] = "ALTER TEXT SEARCH DICTIONARY",
    [PG_QUERY__NODE__NODE_ALTER_TYPE_STMT] = "ALTER TYPE",
    [PG_QUERY__NODE__NODE_ALTER_USER_MAPPING_STMT] = "ALTER USER MAPPING",
    [PG_QUERY__NODE__NODE_CALL_STMT] = "CALL",
    [PG_QUERY__NODE__NODE_CHECK_POINT_STMT] = "CHECKPOINT",
    [PG_QUERY__NODE__NODE_CLOSE_PORTAL_STMT] = "CLOSE",
    [PG_QUERY__NODE__NODE_CLUSTER_STMT] = "CLUSTER",
    [PG_QUERY__NODE__NODE_COMMENT_STMT] = "COMMENT",
    [PG_QUERY__NODE__NODE_COMPOSITE_TYPE_STMT] = "CREATE TYPE",
    [PG_QUERY__NODE__NODE_CONSTRAINTS_SET_STMT] = "SET CONSTRAINTS",
    [PG_QUERY__NODE__NODE_COPY_STMT] = "COPY",
    [PG_QUERY__NODE__NODE_CREATE_STMT] = "CREATE TABLE",
    [PG_QUERY__NODE__NODE_CREATE_AM_STMT] = "CREATE ACCESS METHOD",
    [PG_QUERY__NODE__NODE_CREATE_CAST_STMT] = "CREATE CAST",
    [PG_QUERY__NODE__NODE_CREATE_CONVERSION_STMT] = "CREATE CONVERSION",
    [PG_QUERY__NODE__NODE_CREATE_DOMAIN_STMT] = "CREATE DOMAIN",
    [PG_QUERY__NODE__NODE_CREATE_ENUM_STMT] = "CREATE TYPE",
    [PG_QUERY__NODE__NODE_CREATE_EVENT_TRIG_STMT] = "CREATE EVENT TRIGGER",
    [PG_QUERY__NODE__NODE_CREATE_EXTENSION_STMT] = "CREATE EXTENSION",
    [PG_QUERY__NODE__NODE_CREATE_FDW_STMT] = "CREATE FOREIGN DATA WRAPPER",
    [PG_QUERY__NODE__NODE_CREATE_FOREIGN_SERVER_STMT] = "CREATE SERVER",
    [PG_QUERY__NODE__NODE_CREATE_FOREIGN_TABLE_STMT] = "CREATE FOREIGN TABLE",
    [PG_QUERY__NODE__NODE_CREATE_OP_CLASS_STMT] = "CREATE OPERATOR CLASS",
    [PG_QUERY__NODE__NODE_CREATE_OP_FAMILY_STMT] = "CREATE OPERATOR FAMILY",
    [PG_QUERY__NODE__NODE_CREATE_PLANG_STMT] = "CREATE LANGUAGE",
    [PG_QUERY__NODE__NODE_CREATE_POLICY_STMT] = "CREATE POLICY",
    [PG_QUERY__NODE__NODE_CREATE_PUBLICATION_STMT] = "CREATE PUBLICATION",
    [PG_QUERY__NODE__NODE_CREATE_RANGE_STMT] = "CREATE TYPE",
    [PG_QUERY__NODE__NODE_CREATE_ROLE_STMT] = "CREATE ROLE",
    [PG_QUERY__NODE__NODE_CREATE_SCHEMA_STMT] = "CREATE SCHEMA",
    [PG_QUERY__NODE__NODE_CREATE_SEQ_STMT] = "CREATE SEQUENCE",
    [PG_QUERY__NODE__NODE_CREATE_STATS_STMT] = "CREATE STATISTICS",
    [PG_QUERY__NODE__NODE_CREATE_SUBSCRIPTION_STMT] = "CREATE SUBSCRIPTION",
    [PG_QUERY__NODE__NODE_CREATE_TABLE_AS_STMT] = "CREATE TABLE AS",
    [PG_QUERY__NODE__NODE_CREATE_TABLE_SPACE_STMT] = "CREATE TABLESPACE",
    [PG_QUERY__NODE__NODE_CREATE_TRANSFORM_STMT] = "CREATE TRANSFORM",
    [PG_QUERY__NODE__NODE_CREATE_TRIG_STMT] = "CREATE TRIGGER",
    [PG_QUERY__NODE__NODE_CREATE_USER_MAPPING_STMT] = "CREATE USER MAPPING",
    [PG_QUERY__NODE__NODE_CREATEDB_STMT] = "CREATE DATABASE",
    [PG_QUERY__NODE__NODE_DEALLOCATE_STMT] = "DEALLOCATE",
    [PG_QUERY__NODE__NODE_DECLARE_CURSOR_STMT] = "DECLARE CURSOR",
    [PG_QUERY__NODE__NODE_DISCARD_STMT] = "DISCARD",
    [PG_QUERY__NODE__NODE_DO_STMT] = "DO",
    [PG_QUERY__NODE__NODE_DROP_STMT] = "DROP",
    [PG_QUERY__NODE__NODE_DROP_OWNED_STMT] = "DROP OWNED",
    [PG_QUERY__NODE__NODE_DROP_ROLE_STMT] = "DROP ROLE",
    [PG_QUERY__NODE__NODE_DROP_SUBSCRIPTION_STMT] = "DROP SUBSCRIPTION",
    [PG_QUERY__NODE__NODE_DROP_TABLE_SPACE_STMT] = "DROP TABLESPACE",
    [PG_QUERY__NODE__NODE_DROP_USER_MAPPING_STMT] = "DROP USER MAPPING",
    [PG_QUERY__NODE__NODE_DROPDB_STMT] = "DROP DATABASE",
    [PG_QUERY__NODE__NODE_EXECUTE_STMT] = "EXECUTE",
    [PG_QUERY__NODE__NODE_EXPLAIN_STMT] = "EXPLAIN",
    [PG_QUERY__NODE__NODE_FETCH_STMT] = "FETCH",
    [PG_QUERY__NODE__NODE_IMPORT_FOREIGN_SCHEMA_STMT] = "IMPORT FOREIGN SCHEMA",
    [PG_QUERY__NODE__NODE_INDEX_STMT] = "CREATE INDEX",
    [PG_QUERY__NODE__NODE_LISTEN_STMT] = "LISTEN",
    [PG_QUERY__NODE__NODE_LOAD_STMT] = "LOAD",
    [PG_QUERY__NODE__NODE_LOCK_STMT] = "LOCK TABLE",
    [PG_QUERY__NODE__NODE_MERGE_STMT] = "MERGE",
    [PG_QUERY__NODE__NODE_NOTIFY_STMT] = "NOTIFY",
    [PG_QUERY__NODE__NODE_PREPARE_STMT] = "PREPARE",
    [PG_QUERY__NODE__NODE_REASSIGN_OWNED_STMT] = "REASSIGN OWNED",
    [PG_QUERY__NODE__NODE_REFRESH_MAT_VIEW_STMT] = "REFRESH MATERIALIZED VIEW",
    [PG_QUERY__NODE__NODE_REINDEX_STMT] = "REINDEX",
    [PG_QUERY__NODE__NODE_RENAME_STMT] = "ALTER ... RENAME",
    [PG_QUERY__NODE__NODE_REPLICA_IDENTITY_STMT] = "REPLICA IDENTITY",
    [PG_QUERY__NODE__NODE_RULE_STMT] = "CREATE RULE",
    [PG_QUERY__NODE__NODE_SEC_LABEL_STMT] = "SECURITY LABEL",
    [PG_QUERY__NODE__NODE_TRUNCATE_STMT] = "TRUNCATE TABLE",
    [PG_QUERY__NODE__NODE_UNLISTEN_STMT] = "UNLISTEN",
    [PG_QUERY__NODE__NODE_VARIABLE_SET_STMT] = "SET",
    [PG_QUERY__NODE__NODE_VARIABLE_SHOW_STMT] = "SHOW",
    [PG_QUERY__NODE__NODE_VIEW_STMT] = "CREATE VIEW",
};

static const char *define_name(PgQuery__ObjectType kind)
{
    switch (kind) {
    case PG_QUERY__OBJECT_TYPE__OBJECT_AGGREGATE:
        return "CREATE AGGREGATE";
    case PG_QUERY__OBJECT_TYPE__OBJECT_OPERATOR:
        return "CREATE OPERATOR";
    case PG_QUERY__OBJECT_TYPE__OBJECT_TYPE:
        return "CREATE TYPE of a base type";
    case PG_QUERY__OBJECT_TYPE__OBJECT_COLLATION:
        return "CREATE COLLATION";
    default:
        return "CREATE TEXT SEARCH";
    }
}

static const char *transaction_name(PgQuery__TransactionStmtKind kind)
{
    switch (kind) {
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_BEGIN:
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_START:
        return "BEGIN";
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_COMMIT:
        return "COMMIT";
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_SAVEPOINT:
        return "SAVEPOINT";
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_RELEASE:
        return "RELEASE";
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_PREPARE:
        return "PREPARE TRANSACTION";
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_COMMIT_PREPARED:
        return "COMMIT PREPARED";
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_ROLLBACK_PREPARED:
        return "ROLLBACK PREPARED";
    default:
        return "ROLLBACK";
    }
}

/* What PostgreSQL calls the statement in its command tags. */
const char *statement_name(const PgQuery__Node *n)
{
    const char *name = NULL;
    switch (n->node_case) {
    case PG_QUERY__NODE__NODE_GRANT_STMT:
        return n->grant_stmt->is_grant ? "GRANT" : "REVOKE";
    case PG_QUERY__NODE__NODE_GRANT_ROLE_STMT:
        return n->grant_role_stmt->is_grant ? "GRANT ROLE" : "REVOKE ROLE";
    case PG_QUERY__NODE__NODE_CREATE_FUNCTION_STMT:
        return n->create_function_stmt->is_procedure ? "CREATE PROCEDURE" : "CREATE FUNCTION";
    case PG_QUERY__NODE__NODE_VACUUM_STMT:
        return n->vacuum_stmt->is_vacuumcmd ? "VACUUM" : "ANALYZE";
    case PG_QUERY__NODE__NODE_DEFINE_STMT:
        return define_name(n->define_stmt->kind);
    case PG_QUERY__NODE__NODE_TRANSACTION_STMT:
        return transaction_name(n->transaction_stmt->kind);
    default:
        if ((size_t)n->node_case < sizeof statement_names / sizeof *statement_names)
            name = statement_names[n->node_case];
        return name ? name : "this statement";
    }
}

struct err *ddl_run_sql(struct ddl *d, const char *sql)
{
    struct parsed parsed;
    TRY(parse_sql(sql, d->arena, &parsed));
    for (int i = 0; i < parsed.count; i++) {
        struct ddl inner = *d;
        char tag[64];
        inner.raw = &parsed.stmts[i];
        inner.sql = parsed.stmts[i].sql;
        inner.quiet = true;
        txn_next_command(d->cat->txn);
        TRY(run(&inner, parsed.stmts[i].tree, tag));
    }
    return NULL;
}

struct err *utility_run(struct session *s, struct raw_stmt *raw, struct param_types *params,
                        const struct datum *values, char tag[64])
{
    struct arena arena;
    struct ddl d = {.s = s,
                    .cat = &s->cat,
                    .arena = &arena,
                    .raw = raw,
                    .sql = raw->sql,
                    .params = params,
                    .values = values};
    arena_init(&arena);
    struct err *e = run(&d, raw->tree, tag);
    arena_done(&arena);
    return e;
}
