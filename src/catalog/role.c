/* Roles and their memberships: pg_authid, pg_auth_members. */
#include "catalog/acl.h"

#include "catalog/systab.h"

#include <stdlib.h>

static void role_from_row(struct arena *a, const struct datum *v, struct cat_role *out)
{
    *out = (struct cat_role){
        .oid = (uint32_t)v[ROL_OID].u,
        .name = arena_strndup(a, (const char *)v[ROL_NAME].p, v[ROL_NAME].len),
        .superuser = v[ROL_SUPER].i != 0,
        .inherit = v[ROL_INHERIT].i != 0,
        .createrole = v[ROL_CREATEROLE].i != 0,
        .createdb = v[ROL_CREATEDB].i != 0,
        .login = v[ROL_CANLOGIN].i != 0,
        .replication = v[ROL_REPLICATION].i != 0,
        .bypassrls = v[ROL_BYPASSRLS].i != 0,
        .connlimit = (int)v[ROL_CONNLIMIT].i,
        .has_valid_until = !v[ROL_VALIDUNTIL].null,
        .valid_until = v[ROL_VALIDUNTIL].i,
    };
    if (!v[ROL_PASSWORD].null)
        out->password = arena_strndup(a, (const char *)v[ROL_PASSWORD].p, v[ROL_PASSWORD].len);
}

static struct err *find_role(struct cat *c, uint32_t index, struct datum key, struct arena *a,
                             struct cat_role *out, bool *found)
{
    struct datum v[ROL_COUNT];
    TRY(systab_get(c, PG_AUTHID, index, &key, 1, a, v, found));
    if (*found)
        role_from_row(a, v, out);
    return NULL;
}

struct err *cat_role(struct cat *c, uint32_t oid, struct arena *a, struct cat_role *out,
                     bool *found)
{
    return find_role(c, AUTHID_OID_INDEX, datum_int(oid), a, out, found);
}

struct err *cat_role_named(struct cat *c, struct str name, struct arena *a, struct cat_role *out,
                           bool *found)
{
    return find_role(c, AUTHID_ROLNAME_INDEX, datum_str(name), a, out, found);
}

/* ---- memberships ---- */

static bool among(const struct role_rights *r, uint32_t role)
{
    for (int i = 0; i < r->n; i++)
        if (r->roles[i] == role)
            return true;
    return false;
}

static void add(struct role_rights *r, uint32_t role)
{
    if (among(r, role))
        return;
    if (r->n == r->cap) {
        r->cap = r->cap ? r->cap * 2 : 8;
        r->roles = realloc(r->roles, (size_t)r->cap * sizeof(*r->roles));
        CHECK(r->roles != NULL);
    }
    r->roles[r->n++] = role;
}

/* The roles that one is a direct member of. */
static struct err *add_groups(struct cat *c, struct role_rights *r, uint32_t member)
{
    struct datum key = datum_int(member);
    struct datum v[AM_COUNT];
    struct systab_scan s;
    TRY(systab_open(c, PG_AUTH_MEMBERS, AUTH_MEMBERS_MEMBER_INDEX, &key, 1, &s));
    struct err *e = NULL;
    for (bool found = true; !e && found;) {
        e = systab_next(&s, v, &found);
        if (!e && found)
            add(r, (uint32_t)v[AM_ROLE].u);
    }
    systab_close(&s);
    return e;
}

static struct err *owns_database(struct cat *c, const struct role_rights *r, bool *yes)
{
    struct datum key = datum_int(c->db);
    struct datum v[DB_COUNT];
    struct arena a;
    bool found;
    arena_init(&a);
    struct err *e = systab_get(c, PG_DATABASE, DATABASE_OID_INDEX, &key, 1, &a, v, &found);
    *yes = !e && found && among(r, (uint32_t)v[DB_DBA].u);
    arena_done(&a);
    return e;
}

/* All that the role is a member of; `inherit`: only as far as roles inherit. The list grows while
 * it is walked. */
static struct err *walk(struct cat *c, uint32_t role, bool inherit, struct role_rights *r)
{
    struct arena a;
    struct err *e = NULL;
    bool yes;
    r->n = 0;
    add(r, role);
    arena_init(&a);
    for (int i = 0; i < r->n && !e; i++) {
        struct cat_role info = {0};
        bool found;
        arena_reset(&a);
        e = cat_role(c, r->roles[i], &a, &info, &found);
        if (i == 0) {
            r->superuser = info.superuser;
            r->bypassrls = info.superuser || info.bypassrls;
            r->createdb = info.superuser || info.createdb;
            r->createrole = info.superuser || info.createrole;
        }
        if (!e && (!inherit || info.inherit))
            e = add_groups(c, r, r->roles[i]);
        if (!e && i == r->n - 1) {
            e = owns_database(c, r, &yes);
            if (!e && yes)
                add(r, ROLE_DATABASE_OWNER);
        }
    }
    arena_done(&a);
    return e;
}

struct err *cat_rights(struct cat *c, const struct role_rights **out)
{
    uint64_t version = catalog_version(c->shared);
    struct role_rights *r = c->rights;
    if (!r) {
        r = c->rights = calloc(1, sizeof(*r));
        if (!r)
            return err_oom();
    }
    *out = r;
    if (r->role == c->role && r->version == version && !c->local)
        return NULL;
    r->role = 0;
    TRY(walk(c, c->role, true, r));
    r->role = c->local ? 0 : c->role;
    r->version = version;
    return NULL;
}

void cat_rights_free(struct cat *c)
{
    if (c->rights)
        free(c->rights->roles);
    free(c->rights);
    c->rights = NULL;
}

static struct err *rights_in(struct cat *c, uint32_t role, bool inherit, struct arena *a,
                             const struct role_rights **out)
{
    struct role_rights *r = arena_new(a, struct role_rights);
    *r = (struct role_rights){.role = role};
    struct err *e = walk(c, role, inherit, r);
    uint32_t *roles = arena_new_array(a, uint32_t, r->n + 1);
    if (r->n)
        memcpy(roles, r->roles, (size_t)r->n * sizeof(*roles));
    free(r->roles);
    r->roles = roles;
    *out = r;
    return e;
}

struct err *cat_rights_of(struct cat *c, uint32_t role, struct arena *a,
                          const struct role_rights **out)
{
    return rights_in(c, role, true, a, out);
}

bool rights_meet_policies(const struct role_rights *r, const struct relation *rel)
{
    if (!rel->row_security || r->superuser || r->bypassrls)
        return false;
    return rel->force_row_security || !rights_of(r, rel->owner);
}

bool rights_of(const struct role_rights *r, uint32_t role)
{
    return r->superuser || among(r, role);
}

struct err *cat_is_member(struct cat *c, uint32_t member, uint32_t role, bool superuser, bool *yes)
{
    const struct role_rights *r;
    struct arena a;
    arena_init(&a);
    struct err *e = rights_in(c, member, false, &a, &r);
    *yes = !e && (among(r, role) || (superuser && r->superuser));
    arena_done(&a);
    return e;
}

struct err *cat_is_admin(struct cat *c, uint32_t member, uint32_t role, bool *yes)
{
    const struct role_rights *r;
    struct datum v[AM_COUNT];
    struct arena a;
    bool found;
    arena_init(&a);
    struct err *e = rights_in(c, member, false, &a, &r);
    *yes = !e && r->superuser;
    for (int i = 0; !e && !*yes && i < r->n; i++) {
        struct datum keys[2] = {datum_int(role), datum_int(r->roles[i])};
        e = systab_get(c, PG_AUTH_MEMBERS, AUTH_MEMBERS_ROLE_INDEX, keys, 2, &a, v, &found);
        *yes = !e && found && v[AM_ADMIN].i;
    }
    arena_done(&a);
    return e;
}
