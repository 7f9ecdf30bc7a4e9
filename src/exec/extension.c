/* Extensions: the ones built in, CREATE, ALTER and DROP EXTENSION, and the lists of what there is.
 *
 * An extension is a set of functions in C (fn_crypto.c, fn_citext.c) and of types, operators and
 * casts with them, which a database has once CREATE EXTENSION has run the SQL that declares them
 * (data/NAME.sql). Its rows: one of pg_extension, and for each object a pg_depend row of type e.
 * Names, versions and functions are those of PostgreSQL 15's.
 */
#include "exec/ddl_internal.h"
#include "exec/exec_internal.h"
#include "exec/fn_session.h"

#include "catalog/acl.h"

#include <string.h>

extern const char extension_citext_text[], extension_hstore_text[], extension_pgcrypto_text[],
    extension_uuid_ossp_text[];

static const struct extension {
    const char *name;
    const char *version;
    const char *comment;
    const char *schema; /* the only one it can be in; NULL: any, and it can be moved */
    const char *sql;
    const char *library;
} extensions[] = {
    {"citext", "1.6", "data type for case-insensitive character strings", NULL,
     extension_citext_text, "$libdir/citext"},
    {"hstore", "1.8", "data type for storing sets of (key, value) pairs", NULL,
     extension_hstore_text, "$libdir/hstore"},
    {"pgcrypto", "1.3", "cryptographic functions", NULL, extension_pgcrypto_text,
     "$libdir/pgcrypto"},
    {"plpgsql", "1.0", "PL/pgSQL procedural language", "pg_catalog", "", NULL},
    {"uuid-ossp", "1.1", "generate universally unique identifiers (UUIDs)", NULL,
     extension_uuid_ossp_text, "$libdir/uuid-ossp"},
};

static const char *names(struct arena *a)
{
    const char *all = extensions[0].name;
    for (size_t i = 1; i < ARRAY_LENGTH(extensions); i++)
        all = arena_printf(a, "%s, %s", all, extensions[i].name);
    return all;
}

static struct err *available(struct ddl *d, const char *name, const struct extension **out)
{
    for (size_t i = 0; i < ARRAY_LENGTH(extensions); i++)
        if (strcmp(extensions[i].name, name) == 0) {
            *out = &extensions[i];
            return NULL;
        }
    return err_hint(err_unsupported("extension \"%s\" is not available", name),
                    "The extensions of this server are %s.", names(d->arena));
}

/* ---- rows ---- */

static struct err *find_row(struct ddl *d, const char *name, struct datum *v, bool *found)
{
    struct datum key = cstr_datum(name);
    return systab_get(d->cat, PG_EXTENSION, EXTENSION_NAME_INDEX, &key, 1, d->arena, v, found);
}

static struct err *must_find_row(struct ddl *d, const char *name, struct datum *v)
{
    bool found;
    TRY(find_row(d, name, v, &found));
    return found ? NULL : err_new("42704", "extension \"%s\" does not exist", name);
}

static struct err *must_own(struct ddl *d, const struct datum *v)
{
    const struct role_rights *r;
    TRY(cat_rights(d->cat, &r));
    return rights_of(r, (uint32_t)v[EXT_OWNER].u)
               ? NULL
               : err_new("42501", "must be owner of extension %.*s",
                         STR_ARG(datum_as_str(v[EXT_NAME])));
}

struct err *ddl_find_extension(struct ddl *d, const char *name, struct object_address *out)
{
    struct datum v[EXT_COUNT];
    TRY(must_find_row(d, name, v));
    *out = (struct object_address){PG_EXTENSION, (uint32_t)v[EXT_OID].u, 0};
    return NULL;
}

/* ---- CREATE ---- */

struct wanted {
    const char *schema;
    const char *version;
};

static struct err *options(struct ddl *d, const PgQuery__CreateExtensionStmt *s, struct wanted *out)
{
    const char **const places[] = {&out->schema, &out->version};
    static const char *const words[] = {"schema", "new_version"};
    bool seen[3] = {false};
    for (size_t i = 0; i < s->n_options; i++) {
        const PgQuery__DefElem *o = s->options[i]->def_elem;
        size_t k = 0;
        while (k < ARRAY_LENGTH(words) && strcmp(o->defname, words[k]) != 0)
            k++;
        if (seen[k])
            return ddl_at(d, err_new("42601", "conflicting or redundant options"), o->location);
        seen[k] = true;
        if (k < ARRAY_LENGTH(words)) /* else CASCADE: none needs another one */
            *places[k] = pg_str(o->arg);
    }
    return NULL;
}

static struct err *target_schema(struct ddl *d, const struct extension *x, const char *schema,
                                 uint32_t *nsp)
{
    if (x->schema && schema && strcmp(schema, x->schema) != 0)
        return err_new("0A000", "extension \"%s\" must be installed in schema \"%s\"", x->name,
                       x->schema);
    if (x->schema)
        schema = x->schema;
    *nsp = d->cat->creation_nsp;
    if (schema)
        TRY(cat_namespace_oid(d->cat, str_from(schema), nsp));
    if (*nsp)
        return NULL;
    return schema ? err_new("3F000", "schema \"%s\" does not exist", schema)
                  : err_new("3F000", "no schema has been selected to create in");
}

/* All of them are what PostgreSQL calls trusted. */
static struct err *may_create(struct ddl *d, const char *name)
{
    struct err *e = acl_check(d->cat, PG_DATABASE, d->cat->db, PRIV_CREATE);
    if (!e || !err_is(e, "42501"))
        return e;
    err_free(e);
    return err_hint(err_new("42501", "permission denied to create extension \"%s\"", name),
                    "Must have CREATE privilege on current database to create this extension.");
}

struct err *ddl_add_member(struct ddl *d, struct object_address object)
{
    if (!d->home)
        return NULL;
    return depend_record(d->cat, object, (struct object_address){PG_EXTENSION, d->home->oid, 0},
                         DEPEND_EXTENSION);
}

static struct err *run_statement(struct ddl *d)
{
    const PgQuery__Node *n = d->raw->tree;
    char tag[64];
    switch (n->node_case) {
    case PG_QUERY__NODE__NODE_CREATE_FUNCTION_STMT:
        return ddl_create_function(d, n->create_function_stmt, tag);
    case PG_QUERY__NODE__NODE_CREATE_CAST_STMT:
        return ddl_create_cast_stmt(d, n->create_cast_stmt);
    case PG_QUERY__NODE__NODE_CREATE_OP_CLASS_STMT:
        return ddl_create_opclass(d, n->create_op_class_stmt);
    case PG_QUERY__NODE__NODE_DEFINE_STMT:
        if (n->define_stmt->kind == PG_QUERY__OBJECT_TYPE__OBJECT_TYPE)
            return ddl_create_base_type(d, n->define_stmt);
        if (n->define_stmt->kind == PG_QUERY__OBJECT_TYPE__OBJECT_OPERATOR)
            return ddl_create_operator(d, n->define_stmt);
        return ddl_create_aggregate(d, n->define_stmt);
    default:
        return err_new("XX000", "unexpected statement in the SQL of an extension");
    }
}

static struct err *run_statements(struct ddl *d, const struct extension *x,
                                  const struct extension_home *home)
{
    struct parsed parsed;
    TRY(parse_sql(x->sql, d->arena, &parsed));
    for (int i = 0; i < parsed.count; i++) {
        struct raw_stmt *raw = &parsed.stmts[i];
        struct ddl one = {.s = d->s,
                          .cat = d->cat,
                          .arena = d->arena,
                          .raw = raw,
                          .sql = raw->sql,
                          .home = home,
                          .quiet = true};
        TRY(run_statement(&one));
        txn_next_command(d->cat->txn);
    }
    return NULL;
}

/* The objects are the server's own, whoever asks for them; names mean what is in the extension's
 * schema, or built in. */
static struct err *run_sql(struct ddl *d, const struct extension *x,
                           const struct extension_home *home)
{
    struct cat *c = d->cat;
    const uint32_t path[] = {PG_CATALOG_NSP, home->nsp};
    const uint32_t role = c->role;
    const uint32_t creation_nsp = c->creation_nsp;
    const uint32_t *search_path = c->search_path;
    const int nsearch_path = c->nsearch_path;
    const bool superuser = d->s->superuser;
    c->role = BOOTSTRAP_ROLE;
    c->creation_nsp = home->nsp;
    c->search_path = path;
    c->nsearch_path = ARRAY_LENGTH(path);
    d->s->superuser = true;
    struct err *e = run_statements(d, x, home);
    d->s->superuser = superuser;
    c->nsearch_path = nsearch_path;
    c->search_path = search_path;
    c->creation_nsp = creation_nsp;
    c->role = role;
    return e;
}

static struct err *create(struct ddl *d, const struct extension *x, uint32_t nsp)
{
    struct extension_home home = {.nsp = nsp, .library = x->library};
    TRY(cat_new_oid(d->cat, &home.oid));
    const struct object_address self = {PG_EXTENSION, home.oid, 0};
    const struct datum row[EXT_COUNT] = {datum_int(home.oid),
                                         cstr_datum(x->name),
                                         datum_int(d->cat->role),
                                         datum_int(nsp),
                                         datum_bool(!x->schema),
                                         cstr_datum(x->version),
                                         datum_null(),
                                         datum_null()};
    TRY(systab_insert(d->cat, PG_EXTENSION, row));
    if (nsp != PG_CATALOG_NSP)
        TRY(depend_record(d->cat, self, (struct object_address){PG_NAMESPACE, nsp, 0},
                          DEPEND_NORMAL));
    TRY(ddl_set_comment(d->cat, self, x->comment));
    txn_next_command(d->cat->txn);
    return run_sql(d, x, &home);
}

struct err *ddl_create_extension(struct ddl *d, const PgQuery__CreateExtensionStmt *s)
{
    struct datum v[EXT_COUNT];
    struct wanted wanted = {0};
    const struct extension *x = NULL;
    uint32_t nsp;
    bool found;
    TRY(find_row(d, s->extname, v, &found));
    if (found) {
        struct err *e = err_new("42710", "extension \"%s\" already exists%s", s->extname,
                                s->if_not_exists ? ", skipping" : "");
        if (!s->if_not_exists)
            return e;
        ddl_notice(d, "NOTICE", e);
        return NULL;
    }
    TRY(options(d, s, &wanted));
    TRY(available(d, s->extname, &x));
    if (wanted.version && strcmp(wanted.version, x->version) != 0)
        return err_new("22023",
                       "extension \"%s\" has no installation script nor update path for version "
                       "\"%s\"",
                       x->name, wanted.version);
    TRY(target_schema(d, x, wanted.schema, &nsp));
    TRY(may_create(d, x->name));
    return create(d, x, nsp);
}

/* ---- ALTER ---- */

/* There is one version of each, so that an update finds nothing to do. */
struct err *ddl_alter_extension(struct ddl *d, const PgQuery__AlterExtensionStmt *s)
{
    struct datum v[EXT_COUNT];
    const char *to = NULL;
    TRY(must_find_row(d, s->extname, v));
    TRY(must_own(d, v));
    if (s->n_options > 1)
        return ddl_at(d, err_new("42601", "conflicting or redundant options"),
                      s->options[1]->def_elem->location);
    if (s->n_options)
        to = pg_str(s->options[0]->def_elem->arg);
    const struct str version = datum_as_str(v[EXT_VERSION]);
    if (to && !str_eq_c(version, to))
        return err_new("22023",
                       "extension \"%s\" has no update path from version \"%.*s\" to version "
                       "\"%s\"",
                       s->extname, STR_ARG(version), to);
    ddl_notice(d, "NOTICE",
               err_new("00000", "version \"%.*s\" of extension \"%s\" is already installed",
                       STR_ARG(version), s->extname));
    return NULL;
}

static struct err *move_member(struct ddl *d, struct object_address o, uint32_t nsp,
                               const char *schema)
{
    const struct cat_proc *p;
    switch (o.class_id) {
    case PG_PROC:
        TRY(cat_load_proc(d->cat, o.object_id, &p));
        return ddl_move_function(d, p, nsp, schema);
    case PG_TYPE:
        return ddl_move_type(d->cat, o.object_id, nsp);
    case PG_OPERATOR:
    case PG_OPCLASS:
    case PG_OPFAMILY:
        return ddl_move_operator(d, o, nsp);
    }
    return NULL;
}

/* The functions that another schema has already stay where they are: 42723. */
static struct err *move_members(struct ddl *d, struct object_address extension, uint32_t nsp,
                                const char *schema)
{
    struct depend_list members = {0};
    TRY(depend_on(d->cat, extension, d->arena, &members));
    for (int i = 0; i < members.count; i++) {
        TRY(move_member(d, members.items[i].object, nsp, schema));
    }
    return NULL;
}

struct err *ddl_move_extension(struct ddl *d, const PgQuery__AlterObjectSchemaStmt *s)
{
    struct datum v[EXT_COUNT];
    struct datum moved[EXT_COUNT];
    const char *name = pg_str(s->object);
    uint32_t nsp;
    TRY(must_find_row(d, name, v));
    TRY(must_own(d, v));
    TRY(ddl_target_schema(d, s->newschema, &nsp));
    if (!v[EXT_RELOCATABLE].i)
        return err_new("0A000", "extension \"%s\" does not support SET SCHEMA", name);
    const struct object_address self = {PG_EXTENSION, (uint32_t)v[EXT_OID].u, 0};
    if (nsp == v[EXT_NSP].u)
        return NULL;
    TRY(move_members(d, self, nsp, s->newschema));
    memcpy(moved, v, sizeof(moved));
    moved[EXT_NSP] = datum_int(nsp);
    TRY(systab_update(d->cat, PG_EXTENSION, v, moved));
    TRY(depend_forget(d->cat, self));
    return depend_record(d->cat, self, (struct object_address){PG_NAMESPACE, nsp, 0},
                         DEPEND_NORMAL);
}

/* ---- DROP ---- */

struct err *ddl_drop_extensions(struct ddl *d, const PgQuery__DropStmt *s)
{
    struct object_address *list = arena_new_array(d->arena, struct object_address, s->n_objects);
    int n = 0;
    for (size_t i = 0; i < s->n_objects; i++) {
        const char *name = pg_str(s->objects[i]);
        struct datum v[EXT_COUNT];
        bool found;
        TRY(find_row(d, name, v, &found));
        if (!found && s->missing_ok) {
            ddl_notice(d, "NOTICE",
                       err_new("00000", "extension \"%s\" does not exist, skipping", name));
            continue;
        }
        TRY(must_find_row(d, name, v));
        TRY(must_own(d, v));
        if (strcmp(name, "tarn") == 0)
            return err_unsupported("DROP EXTENSION of \"%s\" is not supported", name);
        list[n++] = (struct object_address){PG_EXTENSION, (uint32_t)v[EXT_OID].u, 0};
    }
    return n ? ddl_drop_objects(d, list, n, s->behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE)
             : NULL;
}

/* ---- what there is ---- */

/* The next one, or NULL. */
static const struct extension *next_of(void **state, struct fn_call *c, bool *done)
{
    size_t *at = *state;
    if (!at) {
        *state = at = arena_new(c->state_arena, size_t);
        *at = 0;
    }
    *done = *at == ARRAY_LENGTH(extensions);
    return *done ? NULL : &extensions[(*at)++];
}

static struct err *available_extensions(void **state, struct fn_call *c, struct datum *row,
                                        int ncols, bool *done)
{
    const struct extension *x = next_of(state, c, done);
    (void)ncols;
    if (!x)
        return NULL;
    row[0] = cstr_datum(x->name);
    row[1] = cstr_datum(x->version);
    row[2] = cstr_datum(x->comment);
    return NULL;
}

static struct err *available_versions(void **state, struct fn_call *c, struct datum *row, int ncols,
                                      bool *done)
{
    const struct extension *x = next_of(state, c, done);
    (void)ncols;
    if (!x)
        return NULL;
    row[0] = cstr_datum(x->name);
    row[1] = cstr_datum(x->version);
    row[2] = datum_bool(true);       /* superuser */
    row[3] = datum_bool(true);       /* trusted */
    row[4] = datum_bool(!x->schema); /* relocatable */
    row[5] = x->schema ? cstr_datum(x->schema) : datum_null();
    row[6] = datum_null(); /* requires */
    row[7] = cstr_datum(x->comment);
    return NULL;
}

static const struct srf_impl srfs[] = {
    {"pg_available_extensions", available_extensions},
    {"pg_available_extension_versions", available_versions},
};

const struct srf_impl *extension_srf_lookup(const char *prosrc)
{
    for (size_t i = 0; i < ARRAY_LENGTH(srfs); i++)
        if (strcmp(srfs[i].name, prosrc) == 0)
            return &srfs[i];
    return hstore_srf_lookup(prosrc);
}
