/* Settings that are stored: ALTER ROLE and ALTER DATABASE SET, which sessions begin with
 * (pg_db_role_setting), and ALTER SYSTEM, which writes a file beside the configuration file. */
#include "server/server_internal.h"

#include "catalog/acl.h"
#include "catalog/systab.h"
#include "rt/pool.h"
#include "exec/setting_items.h"
#include "types/array.h"

#include <pg_query/pg_query.pb-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum { DB_ROLE_SETTING_INDEX = 2965, DRS_DATABASE = 0, DRS_ROLE, DRS_CONFIG, DRS_COUNT };

/* ---- a session's beginning ---- */

static struct err *apply_item(struct backend *b, struct str item, enum setting_source source)
{
    const char *text = arena_strndup(&b->scratch->arena, item.data, item.len);
    const char *equals = strchr(text, '=');
    if (!equals)
        return NULL;
    struct err *e =
        backend_setting_begin(b, str_make(text, (size_t)(equals - text)), equals + 1, source);
    if (!e)
        return NULL;
    backend_notice(b, "WARNING", e); /* the session begins without it */
    return NULL;
}

static struct err *apply_row(struct backend *b, uint32_t db, uint32_t role,
                             enum setting_source source)
{
    struct datum keys[2] = {datum_int(db), datum_int(role)};
    struct datum v[DRS_COUNT];
    struct array items;
    bool found;
    TRY(systab_get(&b->base.cat, PG_DB_ROLE_SETTING, DB_ROLE_SETTING_INDEX, keys, 2,
                   &b->scratch->arena, v, &found));
    if (!found || v[DRS_CONFIG].null)
        return NULL;
    TRY(array_open(v[DRS_CONFIG], &items));
    for (uint32_t i = 0; i < items.nitems; i++)
        if (!array_is_null(&items, i))
            TRY(apply_item(b, datum_as_str(array_get(&items, i)), source));
    return NULL;
}

struct err *stored_settings_apply(struct backend *b)
{
    uint32_t db = b->base.cat.db;
    uint32_t role = b->base.session_role;
    TRY(apply_row(b, 0, 0, SOURCE_ALL_ROLES));
    TRY(apply_row(b, db, 0, SOURCE_DATABASE));
    TRY(apply_row(b, 0, role, SOURCE_ROLE));
    return apply_row(b, db, role, SOURCE_DATABASE_ROLE);
}

/* ---- ALTER ROLE, ALTER DATABASE ---- */

/* `name` NULL: RESET ALL. */
static struct err *store(struct backend *b, uint32_t db, uint32_t role, const char *name,
                         const char *value)
{
    struct arena *a = &b->scratch->arena;
    struct cat *cat = &b->base.cat;
    struct datum keys[2] = {datum_int(db), datum_int(role)};
    struct datum old[DRS_COUNT] = {keys[0], keys[1], datum_null()};
    struct datum v[DRS_COUNT] = {keys[0], keys[1], datum_null()};
    struct array left = {0};
    bool found;
    TRY(systab_get(cat, PG_DB_ROLE_SETTING, DB_ROLE_SETTING_INDEX, keys, 2, a, old, &found));
    if (name)
        TRY(setting_items_change(a, found ? old[DRS_CONFIG] : datum_null(), name, value,
                                 &v[DRS_CONFIG]));
    if (name)
        TRY(array_open(v[DRS_CONFIG], &left));
    if (!left.nitems)
        return found ? systab_delete(cat, PG_DB_ROLE_SETTING, DB_ROLE_SETTING_INDEX, keys, 2, NULL)
                     : NULL;
    return found ? systab_update(cat, PG_DB_ROLE_SETTING, old, v)
                 : systab_insert(cat, PG_DB_ROLE_SETTING, v);
}

struct err *setting_of_stmt(struct backend *b, const PgQuery__VariableSetStmt *s, const char **name,
                            const char **value)
{
    *name = *value = NULL;
    if (s->kind == PG_QUERY__VARIABLE_SET_KIND__VAR_RESET_ALL)
        return NULL;
    const struct setting_def *def = setting_find(str_from(s->name));
    *name = def ? def->name : s->name;
    TRY(set_stmt_value(b, s, value));
    if (!def && *value && !memchr(*name, '.', strlen(*name)))
        return setting_unknown(str_from(*name));
    if (def)
        TRY(setting_may_set(b, def));
    else if (*value)
        TRY(setting_check_custom_name(str_from(*name)));
    if (*value && def) {
        char *canonical;
        if (def->hook == HOOK_XACT_ISOLATION)
            return err_new("25001", "SET TRANSACTION ISOLATION LEVEL must be called before any "
                                    "query");
        TRY(setting_canonical(def, *value, &canonical));
        free(canonical);
    }
    return NULL;
}

static struct err *store_stmt(struct backend *b, uint32_t db, uint32_t role,
                              const PgQuery__VariableSetStmt *s)
{
    const char *value;
    const char *name;
    TRY(setting_of_stmt(b, s, &name, &value));
    return store(b, db, role, name, value);
}

static struct err *find_db(struct backend *b, const char *name, uint32_t *oid)
{
    uint32_t base;
    bool allow;
    TRY(cat_database(&b->base.cat, str_from(name), oid, &base, &allow));
    return *oid ? NULL : err_new("3D000", "database \"%s\" does not exist", name);
}

static struct err *role_of(struct backend *b, const PgQuery__RoleSpec *r, uint32_t *oid)
{
    *oid = 0;
    if (!r) /* ALTER ROLE ALL */
        return NULL;
    switch (r->roletype) {
    case PG_QUERY__ROLE_SPEC_TYPE__ROLESPEC_CURRENT_USER:
    case PG_QUERY__ROLE_SPEC_TYPE__ROLESPEC_CURRENT_ROLE:
        *oid = b->base.cat.role;
        return NULL;
    case PG_QUERY__ROLE_SPEC_TYPE__ROLESPEC_SESSION_USER:
        *oid = b->base.session_role;
        return NULL;
    default:
        TRY(cat_role_oid(&b->base.cat, str_from(r->rolename), oid));
        return *oid ? NULL : err_new("42704", "role \"%s\" does not exist", r->rolename);
    }
}

/* For oneself, and with CREATEROLE for all but superusers. */
static struct err *may_set_for(struct backend *b, uint32_t role)
{
    const struct role_rights *own, *theirs;
    struct cat *cat = &b->base.cat;
    if (b->base.superuser)
        return NULL;
    if (!role)
        return err_new("42501", "must be superuser to alter settings globally");
    TRY(cat_rights(cat, &own));
    TRY(cat_rights_of(cat, role, &b->scratch->arena, &theirs));
    if (theirs->superuser)
        return err_new("42501", "must be superuser to alter superusers");
    return own->createrole || role == cat->role ? NULL : err_new("42501", "permission denied");
}

struct err *run_alter_role_set(struct backend *b, struct run *r)
{
    const PgQuery__AlterRoleSetStmt *s = r->raw->tree->alter_role_set_stmt;
    uint32_t db = 0;
    uint32_t role;
    TRY(role_of(b, s->role, &role));
    TRY(may_set_for(b, role));
    if (s->database && *s->database)
        TRY(find_db(b, s->database, &db));
    snprintf(r->tag, sizeof(r->tag), "ALTER ROLE");
    return store_stmt(b, db, role, s->setstmt);
}

struct err *run_alter_database_set(struct backend *b, struct run *r)
{
    const PgQuery__AlterDatabaseSetStmt *s = r->raw->tree->alter_database_set_stmt;
    uint32_t db;
    TRY(find_db(b, s->dbname, &db));
    if (!b->base.superuser)
        return err_new("42501", "must be owner of database %s", s->dbname);
    snprintf(r->tag, sizeof(r->tag), "ALTER DATABASE");
    return store_stmt(b, db, 0, s->setstmt);
}

/* ---- ALTER SYSTEM ---- */

struct change {
    char *path;
    const char *name; /* NULL: all */
    const char *value;
    struct err *error;
};

/* One writer at a time: the file is read and replaced. */
static void write_change(void *arg)
{
    static pthread_mutex_t mu = PTHREAD_MUTEX_INITIALIZER;
    struct change *c = arg;
    pthread_mutex_lock(&mu);
    c->error = config_change(c->path, c->name, c->value);
    pthread_mutex_unlock(&mu);
}

static struct err *check_system(const struct setting_def *def, const char *name, const char *value)
{
    static const char *const fixed[] = {"data_directory", "config_file", "hba_file", "ident_file"};
    char *canonical;
    bool refused = false;
    if (!def)
        return memchr(name, '.', strlen(name)) ? setting_check_custom_name(str_from(name))
                                               : setting_unknown(str_from(name));
    for (size_t i = 0; i < ARRAY_LENGTH(fixed); i++)
        refused |= strcmp(def->name, fixed[i]) == 0;
    if (refused || def->context == SETTING_INTERNAL || def->flags & SETTING_NO_RESET)
        return err_new("55P02", "parameter \"%s\" cannot be changed", def->name);
    if (value) {
        TRY(setting_canonical(def, value, &canonical));
        free(canonical);
    }
    return NULL;
}

struct err *run_alter_system(struct backend *b, struct run *r)
{
    const PgQuery__VariableSetStmt *s = r->raw->tree->alter_system_stmt->setstmt;
    struct arena *a = &b->scratch->arena;
    struct change c = {0};
    bool all = s->kind == PG_QUERY__VARIABLE_SET_KIND__VAR_RESET_ALL;
    TRY(xact_must_be_alone(b, r, "ALTER SYSTEM"));
    if (!b->base.superuser && all)
        return err_new("42501", "permission denied to perform ALTER SYSTEM RESET ALL");
    if (!all) {
        const struct setting_def *def = setting_find(str_from(s->name));
        TRY(setting_check_privilege(b, s->name, PRIV_ALTER_SYSTEM));
        c.name = def ? def->name : s->name;
        TRY(set_stmt_value(b, s, &c.value));
        TRY(check_system(def, c.name, c.value));
        if (!def)
            return err_unsupported("ALTER SYSTEM for custom parameter \"%s\" is not supported",
                                   c.name);
    }
    c.path = arena_printf(a, "%s/%s", server_setting_named("data_directory"), AUTO_CONFIG);
    pool_run(write_change, &c);
    snprintf(r->tag, sizeof(r->tag), "ALTER SYSTEM");
    return c.error;
}
