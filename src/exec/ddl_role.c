/* CREATE, ALTER and DROP ROLE, and membership in roles: manual chapter 22. */
#include "exec/ddl_internal.h"

#include "catalog/acl.h"
#include "exec/functions/saslprep.h"
#include "rt/pool.h"
#include "rt/scram.h"

#include <stdio.h>
#include <strings.h>

enum { DB_ROLE_SETTING_INDEX = 2965, DRS_ROLE = 1, DRS_COUNT = 3 };

/* ---- names ---- */

static struct err *reserved(const char *name, const char *detail)
{
    return err_detail(err_new("42939", "role name \"%s\" is reserved", name), "%s", detail);
}

static struct err *check_new_name(const char *name)
{
    if (strncmp(name, "pg_", 3) == 0)
        return reserved(name, "Role names starting with \"pg_\" are reserved.");
    return NULL;
}

static struct err *check_alterable(const PgQuery__RoleSpec *role)
{
    if (role->roletype == PG_QUERY__ROLE_SPEC_TYPE__ROLESPEC_CSTRING &&
        strncmp(role->rolename, "pg_", 3) == 0)
        return reserved(role->rolename, "Cannot alter reserved roles.");
    return NULL;
}

static struct err *current_role(struct ddl *d, struct cat_role *out)
{
    bool found;
    TRY(cat_role(d->cat, d->cat->role, d->arena, out, &found));
    if (!found)
        return err_new("42704", "role with OID %u does not exist", d->cat->role);
    out->createrole |= out->superuser;
    out->createdb |= out->superuser;
    return NULL;
}

static struct err *find_row(struct ddl *d, uint32_t oid, struct datum v[ROL_COUNT])
{
    struct datum key = datum_int(oid);
    bool found;
    TRY(systab_get(d->cat, PG_AUTHID, AUTHID_OID_INDEX, &key, 1, d->arena, v, &found));
    return found ? NULL : err_new("42704", "role with OID %u does not exist", oid);
}

static const char *role_name(struct ddl *d, uint32_t oid)
{
    const char *name = NULL;
    err_free(cat_role_name(d->cat, oid, d->arena, &name));
    return name ? name : arena_printf(d->arena, "%u", oid);
}

/* ---- options ---- */

struct role_options {
    const PgQuery__DefElem *password;
    const PgQuery__DefElem *superuser;
    const PgQuery__DefElem *inherit;
    const PgQuery__DefElem *createrole;
    const PgQuery__DefElem *createdb;
    const PgQuery__DefElem *login;
    const PgQuery__DefElem *replication;
    const PgQuery__DefElem *bypassrls;
    const PgQuery__DefElem *connlimit;
    const PgQuery__DefElem *valid_until;
    const PgQuery__DefElem *in_roles;
    const PgQuery__DefElem *members;
    const PgQuery__DefElem *admins;
};

static const PgQuery__DefElem **option_named(struct role_options *o, const char *name)
{
    const struct {
        const char *name;
        const PgQuery__DefElem **at;
    } known[] = {
        {"password", &o->password},         {"superuser", &o->superuser},
        {"inherit", &o->inherit},           {"createrole", &o->createrole},
        {"createdb", &o->createdb},         {"canlogin", &o->login},
        {"isreplication", &o->replication}, {"bypassrls", &o->bypassrls},
        {"connectionlimit", &o->connlimit}, {"validUntil", &o->valid_until},
        {"addroleto", &o->in_roles},        {"rolemembers", &o->members},
        {"adminmembers", &o->admins},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(known); i++)
        if (strcmp(known[i].name, name) == 0)
            return known[i].at;
    return NULL;
}

static struct err *read_options(struct ddl *d, PgQuery__Node *const *options, size_t n,
                                struct role_options *out)
{
    *out = (struct role_options){0};
    for (size_t i = 0; i < n; i++) {
        const PgQuery__DefElem *o = options[i]->def_elem;
        const PgQuery__DefElem **at = option_named(out, o->defname);
        if (strcmp(o->defname, "sysid") == 0) {
            ddl_notice(d, "NOTICE", err_new("00000", "SYSID can no longer be specified"));
            continue;
        }
        if (!at)
            return err_unsupported("role option \"%s\" is not supported", o->defname);
        if (*at)
            return ddl_at(d, err_new("42601", "conflicting or redundant options"), o->location);
        *at = o;
    }
    return NULL;
}

static bool is_on(const PgQuery__DefElem *o, bool otherwise)
{
    return o ? ddl_option_is_on(o) : otherwise;
}

struct hashing {
    struct str password;
    struct scram_verifier empty_of;
    char verifier[SCRAM_VERIFIER_BYTES];
    bool is_empty;
    struct err *error;
};

static void hash_password(void *arg)
{
    struct hashing *h = arg;
    h->error = scram_make(h->password, h->verifier);
}

static void match_empty(void *arg)
{
    struct hashing *h = arg;
    h->error = scram_matches(&h->empty_of, STR(""), &h->is_empty);
}

static bool is_md5(const char *p)
{
    return strncmp(p, "md5", 3) == 0 && strlen(p) == 35 &&
           strspn(p + 3, "0123456789abcdefABCDEF") == 32;
}

/* A verifier of a password; one that is given is kept. NULL for an empty password. MAY YIELD. */
static struct err *make_verifier(struct ddl *d, const char *password, const char **out)
{
    struct hashing h = {.password = str_from(password)};
    *out = NULL;
    bool given = scram_parse(h.password, &h.empty_of);
    if (is_md5(password))
        return err_hint(err_unsupported("MD5 password verifiers are not supported"),
                        "Give the password itself, or a SCRAM-SHA-256 verifier.");
    if (given)
        pool_run(match_empty, &h);
    h.is_empty |= !*password;
    if (h.is_empty && !h.error) {
        ddl_notice(d, "NOTICE",
                   err_new("00000", "empty string is not a valid password, clearing password"));
        return NULL;
    }
    if (!given && !h.error) {
        h.password = str_from(saslprep(d->arena, password));
        pool_run(hash_password, &h);
    }
    TRY(h.error);
    *out = arena_strdup(d->arena, given ? password : h.verifier);
    return NULL;
}

/* Sets the columns that the options name. MAY YIELD. */
static struct err *set_columns(struct ddl *d, const struct role_options *o,
                               struct datum v[ROL_COUNT])
{
    const struct {
        const PgQuery__DefElem *o;
        int column;
    } flags[] = {
        {o->superuser, ROL_SUPER},     {o->inherit, ROL_INHERIT}, {o->createrole, ROL_CREATEROLE},
        {o->createdb, ROL_CREATEDB},   {o->login, ROL_CANLOGIN},  {o->replication, ROL_REPLICATION},
        {o->bypassrls, ROL_BYPASSRLS},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(flags); i++)
        if (flags[i].o)
            v[flags[i].column] = datum_bool(ddl_option_is_on(flags[i].o));
    if (o->connlimit) {
        int32_t limit = o->connlimit->arg ? o->connlimit->arg->integer->ival : 0;
        if (limit < -1)
            return err_new("22023", "invalid connection limit: %d", limit);
        v[ROL_CONNLIMIT] = datum_int(limit);
    }
    if (o->valid_until) {
        const struct type_ops *t = type_by_oid(TIMESTAMPTZ_OID);
        TRY(t->in(t, &d->s->types, str_from(pg_str(o->valid_until->arg)), -1, d->arena,
                  &v[ROL_VALIDUNTIL]));
    }
    if (o->password) {
        const char *verifier = NULL;
        if (o->password->arg)
            TRY(make_verifier(d, pg_str(o->password->arg), &verifier));
        v[ROL_PASSWORD] = cstr_datum(verifier);
    }
    return NULL;
}

/* ---- membership ---- */

static struct err *may_grant(struct ddl *d, uint32_t role, uint32_t grantor)
{
    struct cat_role me;
    struct cat_role r;
    bool found;
    bool admin;
    TRY(current_role(d, &me));
    TRY(cat_role(d->cat, role, d->arena, &r, &found));
    if (found && r.superuser && !me.superuser)
        return err_new("42501", "must be superuser to alter superusers");
    if (!r.superuser && !me.createrole) {
        TRY(cat_is_admin(d->cat, grantor, role, &admin));
        if (!admin)
            return err_new("42501", "must have admin option on role \"%s\"", r.name);
    }
    if (grantor != d->cat->role && !me.superuser)
        return err_new("42501", "must be superuser to set grantor");
    return NULL;
}

static struct err *add_member(struct ddl *d, uint32_t role, uint32_t member, uint32_t grantor,
                              bool admin)
{
    struct datum keys[2] = {datum_int(role), datum_int(member)};
    struct datum old[AM_COUNT];
    struct datum v[AM_COUNT] = {keys[0], keys[1], datum_int(grantor), datum_bool(admin)};
    bool circle;
    bool found;
    if (member == ROLE_DATABASE_OWNER)
        return err_new("XX000", "role \"%s\" cannot be a member of any role", role_name(d, member));
    TRY(cat_is_member(d->cat, role, member, false, &circle));
    if (circle)
        return err_new("0LP01", "role \"%s\" is a member of role \"%s\"", role_name(d, role),
                       role_name(d, member));
    TRY(systab_get(d->cat, PG_AUTH_MEMBERS, AUTH_MEMBERS_ROLE_INDEX, keys, 2, d->arena, old,
                   &found));
    if (!found)
        return systab_insert(d->cat, PG_AUTH_MEMBERS, v);
    if (!admin || old[AM_ADMIN].i) {
        ddl_notice(d, "NOTICE",
                   err_new("00000", "role \"%s\" is already a member of role \"%s\"",
                           role_name(d, member), role_name(d, role)));
        return NULL;
    }
    TRY(systab_delete(d->cat, PG_AUTH_MEMBERS, AUTH_MEMBERS_ROLE_INDEX, keys, 2, NULL));
    return systab_insert(d->cat, PG_AUTH_MEMBERS, v);
}

static struct err *remove_member(struct ddl *d, uint32_t role, uint32_t member, bool admin_only)
{
    struct datum keys[2] = {datum_int(role), datum_int(member)};
    struct datum v[AM_COUNT];
    bool found;
    TRY(systab_get(d->cat, PG_AUTH_MEMBERS, AUTH_MEMBERS_ROLE_INDEX, keys, 2, d->arena, v, &found));
    if (!found) {
        ddl_notice(d, "WARNING",
                   err_new("01000", "role \"%s\" is not a member of role \"%s\"",
                           role_name(d, member), role_name(d, role)));
        return NULL;
    }
    TRY(systab_delete(d->cat, PG_AUTH_MEMBERS, AUTH_MEMBERS_ROLE_INDEX, keys, 2, NULL));
    if (!admin_only)
        return NULL;
    v[AM_ADMIN] = datum_bool(false);
    return systab_insert(d->cat, PG_AUTH_MEMBERS, v);
}

static struct err *role_list(struct ddl *d, PgQuery__Node *const *nodes, size_t n, uint32_t **out)
{
    *out = arena_new_array(d->arena, uint32_t, n + 1);
    for (size_t i = 0; i < n; i++)
        TRY(ddl_role(d, nodes[i]->role_spec, &(*out)[i]));
    return NULL;
}

static struct err *change_members(struct ddl *d, uint32_t role, const uint32_t *members, size_t n,
                                  uint32_t grantor, bool grant, bool admin)
{
    if (!n)
        return NULL;
    TRY(may_grant(d, role, grantor));
    if (grant && role == ROLE_DATABASE_OWNER)
        return err_new("XX000", "role \"%s\" cannot have explicit members", role_name(d, role));
    for (size_t i = 0; i < n; i++)
        TRY(grant ? add_member(d, role, members[i], grantor, admin)
                  : remove_member(d, role, members[i], admin));
    return NULL;
}

static struct err *option_members(struct ddl *d, uint32_t role, const PgQuery__DefElem *o,
                                  bool grant, bool admin)
{
    uint32_t *members;
    if (!o)
        return NULL;
    const PgQuery__List *list = o->arg->list;
    TRY(role_list(d, list->items, list->n_items, &members));
    return change_members(d, role, members, list->n_items, d->cat->role, grant, admin);
}

struct err *ddl_grant_role(struct ddl *d, const PgQuery__GrantRoleStmt *s)
{
    uint32_t grantor = d->cat->role;
    uint32_t *members;
    if (s->grantor)
        TRY(ddl_role(d, s->grantor, &grantor));
    TRY(role_list(d, s->grantee_roles, s->n_grantee_roles, &members));
    for (size_t i = 0; i < s->n_granted_roles; i++) {
        const PgQuery__AccessPriv *p = s->granted_roles[i]->access_priv;
        uint32_t role;
        if (p->n_cols || !p->priv_name || !*p->priv_name)
            return err_new("0LP01", "column names cannot be included in GRANT/REVOKE ROLE");
        TRY(cat_role_oid(d->cat, str_from(p->priv_name), &role));
        if (!role)
            return err_new("42704", "role \"%s\" does not exist", p->priv_name);
        TRY(change_members(d, role, members, s->n_grantee_roles, grantor, s->is_grant,
                           s->admin_opt));
        txn_next_command(d->cat->txn);
    }
    return NULL;
}

/* ---- CREATE ROLE ---- */

static struct err *may_create(struct ddl *d, const struct role_options *o)
{
    struct cat_role me;
    TRY(current_role(d, &me));
    if (me.superuser)
        return NULL;
    if (is_on(o->superuser, false))
        return err_new("42501", "must be superuser to create superusers");
    if (is_on(o->replication, false))
        return err_new("42501", "must be superuser to create replication users");
    if (is_on(o->bypassrls, false))
        return err_new("42501", "must be superuser to create bypassrls users");
    return me.createrole ? NULL : err_new("42501", "permission denied to create role");
}

struct err *ddl_create_role(struct ddl *d, const PgQuery__CreateRoleStmt *s)
{
    struct role_options o;
    uint32_t oid;
    bool user = s->stmt_type == PG_QUERY__ROLE_STMT_TYPE__ROLESTMT_USER;
    TRY(read_options(d, s->options, s->n_options, &o));
    TRY(may_create(d, &o));
    TRY(check_new_name(s->role));
    TRY(cat_role_oid(d->cat, str_from(s->role), &oid));
    if (oid)
        return err_new("42710", "role \"%s\" already exists", s->role);
    TRY(cat_new_oid(d->cat, &oid));
    struct datum v[ROL_COUNT] = {datum_int(oid),   cstr_datum(s->role), datum_bool(false),
                                 datum_bool(true), datum_bool(false),   datum_bool(false),
                                 datum_bool(user), datum_bool(false),   datum_bool(false),
                                 datum_int(-1),    datum_null(),        datum_null()};
    TRY(set_columns(d, &o, v));
    TRY(systab_insert(d->cat, PG_AUTHID, v));
    txn_next_command(d->cat->txn);
    if (o.in_roles) {
        const PgQuery__List *list = o.in_roles->arg->list;
        uint32_t *roles;
        TRY(role_list(d, list->items, list->n_items, &roles));
        for (size_t i = 0; i < list->n_items; i++) {
            TRY(change_members(d, roles[i], &oid, 1, d->cat->role, true, false));
            txn_next_command(d->cat->txn);
        }
    }
    TRY(option_members(d, oid, o.admins, true, true));
    txn_next_command(d->cat->txn);
    return option_members(d, oid, o.members, true, false);
}

/* ---- ALTER ROLE ---- */

static struct err *may_alter(struct ddl *d, const struct role_options *o,
                             const struct datum v[ROL_COUNT])
{
    struct cat_role me;
    TRY(current_role(d, &me));
    if (me.superuser)
        return NULL;
    if (o->superuser || v[ROL_SUPER].i)
        return err_new("42501", "must be superuser to alter superuser roles or change superuser "
                                "attribute");
    if (o->replication || v[ROL_REPLICATION].i)
        return err_new("42501", "must be superuser to alter replication roles or change "
                                "replication attribute");
    if (o->bypassrls)
        return err_new("42501", "must be superuser to change bypassrls attribute");
    if (me.createrole)
        return NULL;
    bool others = o->inherit || o->createrole || o->createdb || o->login || o->connlimit ||
                  o->members || o->valid_until;
    if (others || !o->password || (uint32_t)v[ROL_OID].u != d->cat->role)
        return err_new("42501", "permission denied");
    return NULL;
}

struct err *ddl_alter_role(struct ddl *d, const PgQuery__AlterRoleStmt *s)
{
    struct role_options o;
    struct datum old[ROL_COUNT];
    struct datum v[ROL_COUNT];
    uint32_t oid;
    TRY(check_alterable(s->role));
    TRY(read_options(d, s->options, s->n_options, &o));
    TRY(ddl_role(d, s->role, &oid));
    TRY(find_row(d, oid, old));
    TRY(may_alter(d, &o, old));
    memcpy(v, old, sizeof(v));
    TRY(set_columns(d, &o, v));
    if (oid == ROLE_BOOTSTRAP && o.superuser && !v[ROL_SUPER].i)
        return err_detail(err_new("0A000", "permission denied to alter role"),
                          "The bootstrap user must have the SUPERUSER attribute.");
    TRY(systab_update(d->cat, PG_AUTHID, old, v));
    txn_next_command(d->cat->txn);
    return option_members(d, oid, o.members, s->action > 0, false);
}

struct err *ddl_rename_role(struct ddl *d, const PgQuery__RenameStmt *s)
{
    struct datum old[ROL_COUNT];
    struct datum v[ROL_COUNT];
    struct cat_role me;
    uint32_t oid;
    uint32_t other;
    TRY(cat_role_oid(d->cat, str_from(s->subname), &oid));
    if (!oid)
        return err_new("42704", "role \"%s\" does not exist", s->subname);
    if (oid == d->s->session_role)
        return err_new("0A000", "session user cannot be renamed");
    if (oid == d->cat->role)
        return err_new("0A000", "current user cannot be renamed");
    TRY(check_new_name(s->subname));
    TRY(check_new_name(s->newname));
    TRY(cat_role_oid(d->cat, str_from(s->newname), &other));
    if (other)
        return err_new("42710", "role \"%s\" already exists", s->newname);
    TRY(find_row(d, oid, old));
    TRY(current_role(d, &me));
    if (old[ROL_SUPER].i && !me.superuser)
        return err_new("42501", "must be superuser to rename superusers");
    if (!me.createrole)
        return err_new("42501", "permission denied to rename role");
    memcpy(v, old, sizeof(v));
    v[ROL_NAME] = cstr_datum(s->newname);
    return systab_update(d->cat, PG_AUTHID, old, v);
}

/* ---- DROP ROLE ---- */

static struct err *forget_settings(struct ddl *d, uint32_t role)
{
    struct systab_scan s;
    struct datum v[DRS_COUNT];
    struct datum keys[8][2];
    int n = 0;
    TRY(systab_open(d->cat, PG_DB_ROLE_SETTING, 0, NULL, 0, &s));
    struct err *e = NULL;
    for (bool found = true; !e && found && n < 8;) {
        e = systab_next(&s, v, &found);
        if (!e && found && (uint32_t)v[DRS_ROLE].u == role) {
            keys[n][0] = v[0];
            keys[n++][1] = v[1];
        }
    }
    systab_close(&s);
    for (int i = 0; i < n && !e; i++)
        e = systab_delete(d->cat, PG_DB_ROLE_SETTING, DB_ROLE_SETTING_INDEX, keys[i], 2, NULL);
    return e || n < 8 ? e : forget_settings(d, role);
}

static struct err *may_drop(struct ddl *d, uint32_t oid, const char *name)
{
    struct cat_role me;
    struct cat_role r;
    bool found;
    TRY(current_role(d, &me));
    if (oid == d->cat->role)
        return err_new("55006", "current user cannot be dropped");
    if (oid == d->s->session_role)
        return err_new("55006", "session user cannot be dropped");
    TRY(cat_role(d->cat, oid, d->arena, &r, &found));
    if (found && r.superuser && !me.superuser)
        return err_new("42501", "must be superuser to drop superusers");
    if (oid < FIRST_USER_OID)
        return err_new("2BP01", "cannot drop role %s because it is required by the database system",
                       name);
    return NULL;
}

static struct err *drop_role(struct ddl *d, uint32_t oid, const char *name)
{
    struct datum key = datum_int(oid);
    struct buf uses = BUF_INIT;
    TRY(may_drop(d, oid, name));
    struct err *e = role_uses(d, oid, &uses);
    if (!e && uses.len)
        e = err_detail(err_new("2BP01",
                               "role \"%s\" cannot be dropped because some objects depend on it",
                               name),
                       "%s", buf_cstr(&uses));
    buf_done(&uses);
    TRY(e);
    TRY(systab_delete(d->cat, PG_AUTH_MEMBERS, AUTH_MEMBERS_ROLE_INDEX, &key, 1, NULL));
    TRY(systab_delete(d->cat, PG_AUTH_MEMBERS, AUTH_MEMBERS_MEMBER_INDEX, &key, 1, NULL));
    TRY(forget_settings(d, oid));
    TRY(ddl_set_comment(d->cat, (struct object_address){PG_AUTHID, oid, 0}, NULL));
    return systab_delete(d->cat, PG_AUTHID, AUTHID_OID_INDEX, &key, 1, NULL);
}

struct err *ddl_drop_role(struct ddl *d, const PgQuery__DropRoleStmt *s)
{
    struct cat_role me;
    TRY(current_role(d, &me));
    if (!me.createrole)
        return err_new("42501", "permission denied to drop role");
    for (size_t i = 0; i < s->n_roles; i++) {
        const PgQuery__RoleSpec *role = s->roles[i]->role_spec;
        uint32_t oid;
        if (role->roletype != PG_QUERY__ROLE_SPEC_TYPE__ROLESPEC_CSTRING)
            return err_new("22023", "cannot use special role specifier in DROP ROLE");
        TRY(cat_role_oid(d->cat, str_from(role->rolename), &oid));
        if (!oid && !s->missing_ok)
            return err_new("42704", "role \"%s\" does not exist", role->rolename);
        if (!oid)
            ddl_notice(d, "NOTICE",
                       err_new("00000", "role \"%s\" does not exist, skipping", role->rolename));
        else
            TRY(drop_role(d, oid, role->rolename));
        txn_next_command(d->cat->txn);
    }
    return NULL;
}
