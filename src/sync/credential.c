/* CREATE, ALTER and DROP STORAGE CREDENTIAL; how a credential lets a source be read. */
#include "sync/sync_internal.h"

#include "catalog/acl.h"
#include "lake/jsondoc.h"

#include <stdio.h>
#include <strings.h>

enum { TAG_BYTES = 64, MAX_NAME = 63 };

bool connection_hides(const struct connection *c, const char *option)
{
    enum lake_access_type type;
    if (c->kind == CONNECTION_CATALOG)
        return catalog_hides(option);
    return !lake_access_type_by_name(c->type, &type) || lake_access_is_secret(type, option);
}

static const char *kind_name(const struct connection *c)
{
    return c->kind == CONNECTION_CATALOG ? "catalog" : "storage credential";
}

struct err *connection_check_use(struct cat *cat, const struct connection *c)
{
    const struct role_rights *rights;
    TRY(cat_rights(cat, &rights));
    if (rights_of(rights, c->owner))
        return NULL;
    return err_hint(err_new("42501", "permission denied for %s \"%s\"", kind_name(c), c->name),
                    "Only its owner, members of that role and superusers may use it.");
}

struct err *connection_check_superuser(struct job *j, const char *what)
{
    const struct role_rights *rights;
    TRY(cat_rights(&j->s->cat, &rights));
    if (rights->superuser)
        return NULL;
    return err_hint(err_new("42501", "permission denied for %s", what),
                    "Only superusers may create, alter and drop %s.", what);
}

static struct err *missing(const struct job *j, const char *name)
{
    struct err *e = err_new("42704", "storage credential \"%s\" does not exist", name);
    return j ? err_at(e, j->stmt->name_location + 1) : e;
}

/* Options of a statement or a row as those that lake/ knows. */
static struct err *as_access(const struct connection *c, struct lake_access *out)
{
    enum lake_access_type type;
    if (!lake_access_type_by_name(c->type, &type))
        return err_new("XX001", "storage credential \"%s\" is of no known type", c->name);
    *out = (struct lake_access){
        .name = c->name, .type = type, .options = c->options, .count = c->count};
    return NULL;
}

/* ---- statements ---- */

struct err *connection_check_new(struct job *j, enum connection_kind kind, const char *what,
                                 bool *skip)
{
    struct connection c;
    bool found;
    const char *name = j->stmt->name;
    *skip = false;
    if (strlen(name) > MAX_NAME)
        return err_at(err_new("42622", "identifier \"%s\" is too long", name),
                      j->stmt->name_location + 1);
    TRY(connection_exists(&j->s->cat, kind, name, j->arena, &c, &found));
    if (!found)
        return NULL;
    if (!j->stmt->missing_ok)
        return err_at(err_new("42710", "%s \"%s\" already exists", what, name),
                      j->stmt->name_location + 1);
    *skip = true;
    job_notice(j, err_new("42710", "%s \"%s\" already exists, skipping", what, name));
    return NULL;
}

static struct err *create_in_txn(struct job *j)
{
    const struct own_stmt *stmt = j->stmt;
    enum lake_access_type type;
    struct lake_access access;
    bool skip;
    if (!lake_access_type_by_name(stmt->type, &type))
        return err_hint(
            err_at(err_new("22023", "unrecognized type \"%s\" of storage credentials", stmt->type),
                   stmt->type_location + 1),
            "Types are s3, azure and gcs.");
    TRY(connection_check_new(j, CONNECTION_CREDENTIAL, "storage credential", &skip));
    if (skip)
        return NULL;
    struct connection c = {.kind = CONNECTION_CREDENTIAL,
                           .name = stmt->name,
                           .type = lake_access_type_name(type),
                           .owner = j->s->cat.role};
    TRY(connection_add_options(&c, stmt, j->arena));
    TRY(as_access(&c, &access));
    TRY(lake_access_check(&access));
    return connection_store(j->s, &c, true, j->arena);
}

static struct err *alter_in_txn(struct job *j)
{
    struct connection c;
    struct lake_access access;
    bool found;
    TRY(connection_find(&j->s->cat, CONNECTION_CREDENTIAL, j->stmt->name, j->arena, &c, &found));
    if (!found)
        return missing(j, j->stmt->name);
    TRY(connection_add_options(&c, j->stmt, j->arena));
    TRY(as_access(&c, &access));
    TRY(lake_access_check(&access));
    return connection_store(j->s, &c, false, j->arena);
}

/* ---- who needs it ---- */

struct users {
    struct job *j;
    const char *name;
    struct buf list;
    int count;
};

static void add_user(struct users *u, const char *kind, const char *schema, const char *name)
{
    buf_printf(&u->list, "%s%s %s%s%s depends on storage credential %s", u->count++ ? "\n" : "",
               kind, schema, *schema ? "." : "", name, u->name);
}

static struct err *see_table(void *arg, uint32_t relid, const struct sync_state *state)
{
    struct users *u = arg;
    struct relation *rel;
    const char *credential = options_credential(state->options, u->j->arena);
    const char *schema = NULL;
    if (!credential || strcmp(credential, u->name) != 0)
        return NULL;
    TRY(cat_relation(&u->j->s->cat, relid, &rel));
    if (!rel)
        return NULL; /* dropped by DROP TABLE */
    struct err *e = cat_namespace_name(&u->j->s->cat, rel->nsp, u->j->arena, &schema);
    if (!e)
        add_user(u, "synced table", schema ? schema : "", rel->name);
    relation_unref(rel);
    return e;
}

static struct err *see_catalog(void *arg, const struct connection *c)
{
    struct users *u = arg;
    const char *credential = connection_option(c, "credential");
    if (c->kind == CONNECTION_CATALOG && credential && strcmp(credential, u->name) == 0)
        add_user(u, "catalog", "", c->name);
    return NULL;
}

static struct err *check_unused(struct job *j)
{
    struct users u = {.j = j, .name = j->stmt->name};
    struct err *e = state_each(j->s, j->arena, see_table, &u);
    if (!e)
        e = connection_each(&j->s->cat, j->arena, see_catalog, &u);
    if (!e && u.count)
        e = err_hint(
            err_detail(
                err_new("2BP01",
                        "cannot drop storage credential %s because other objects depend on it",
                        j->stmt->name),
                "%s", buf_cstr(&u.list)),
            "Drop them, or give them another credential.");
    buf_done(&u.list);
    return e;
}

static struct err *drop_in_txn(struct job *j)
{
    struct connection c;
    bool found;
    TRY(connection_exists(&j->s->cat, CONNECTION_CREDENTIAL, j->stmt->name, j->arena, &c, &found));
    if (!found && !j->stmt->missing_ok)
        return missing(j, j->stmt->name);
    if (!found) {
        job_notice(j, err_new("00000", "storage credential \"%s\" does not exist, skipping",
                              j->stmt->name));
        return NULL;
    }
    TRY(check_unused(j));
    return connection_remove(j->s, CONNECTION_CREDENTIAL, j->stmt->name);
}

struct err *credential_statement(struct job *j, char *tag)
{
    struct err *e;
    const char *verb = "CREATE";
    TRY(job_begin(j->s));
    e = connection_check_superuser(j, "storage credentials");
    if (!e && j->stmt->kind == OWN_CREATE_CREDENTIAL) {
        e = create_in_txn(j);
    } else if (!e && j->stmt->kind == OWN_ALTER_CREDENTIAL) {
        verb = "ALTER";
        e = alter_in_txn(j);
    } else if (!e) {
        verb = "DROP";
        e = drop_in_txn(j);
    }
    snprintf(tag, TAG_BYTES, "%s STORAGE CREDENTIAL", verb);
    return job_end(j->s, e);
}

/* ---- use ---- */

struct err *credential_check_use(struct cat *cat, const char *name)
{
    struct connection c;
    struct arena arena;
    bool found;
    arena_init(&arena);
    struct err *e = connection_exists(cat, CONNECTION_CREDENTIAL, name, &arena, &c, &found);
    if (!e && !found)
        e = missing(NULL, name);
    if (!e)
        e = connection_check_use(cat, &c);
    arena_done(&arena);
    return e;
}

struct err *credential_access(struct cat *cat, const char *name, struct arena *arena,
                              const struct lake_access **out)
{
    struct connection c;
    bool found;
    struct lake_access *access = arena_new(arena, struct lake_access);
    TRY(connection_find(cat, CONNECTION_CREDENTIAL, name, arena, &c, &found));
    if (!found)
        return missing(NULL, name);
    TRY(as_access(&c, access));
    *out = access;
    return NULL;
}
