/* What hangs on roles: objects that they own, privileges that they have or have given. DROP OWNED,
 * REASSIGN OWNED, and what keeps a role from being dropped. There is no table of these uses: the
 * tables of objects are read through, which these rare statements can afford. */
#include "exec/ddl_internal.h"

#include "catalog/acl.h"

#include <stdlib.h>

enum { MAX_USES_SHOWN = 100, NO_COLUMN = -1 };

/* Kinds of objects with an owner, or privileges. */
static const struct owned_class {
    uint32_t class_id;
    uint32_t oid_index; /* 0: of columns */
    int owner;
    int acl;
    bool shared;
} classes[] = {
    {PG_TYPE, TYPE_OID_INDEX, TYP_OWNER, TYP_ACL, false},
    {PG_ATTRIBUTE, 0, NO_COLUMN, ATT_ACL, false},
    {PG_PROC, PROC_OID_INDEX, PROC_OWNER, PROC_ACL, false},
    {PG_CLASS, CLASS_OID_INDEX, CLS_OWNER, CLS_ACL, false},
    {PG_DATABASE, DATABASE_OID_INDEX, DB_DBA, DB_ACL, true},
    {PG_NAMESPACE, NAMESPACE_OID_INDEX, NSP_OWNER, NSP_ACL, false},
    {PG_PARAMETER_ACL, PARAMETER_ACL_OID_INDEX, NO_COLUMN, PACL_ACL, true},
    {PG_DEFAULT_ACL, DEFAULT_ACL_OID_INDEX, DACL_ROLE, DACL_ACL, false},
    {PG_LARGEOBJECT_METADATA, LARGEOBJECT_METADATA_OID_INDEX, LOM_OWNER, LOM_ACL, false},
};

/* An object that a role owns (`owned`), or whose list of privileges names it, or a policy for it.
 */
struct use {
    const struct owned_class *k; /* NULL: a policy */
    struct object_address object;
    bool owned;
    bool in_acl;
    bool is_target;
    bool grantor_only; /* it has only given privileges there */
};

struct uses {
    struct use *items;
    int count;
    int cap;
};

static bool is_part(const struct owned_class *k, const struct datum *v)
{
    char kind = k->class_id == PG_CLASS ? (char)v[CLS_KIND].i : '\0';
    if (kind == 'i' || kind == 'c' || kind == 't')
        return true;                                     /* goes with its table or type */
    return k->class_id == PG_TYPE && v[TYP_ELEM].u != 0; /* arrays */
}

static struct err *add_use(struct ddl *d, const struct owned_class *k, const struct datum *v,
                           uint32_t role, struct uses *out)
{
    struct use u = {.k = k, .object = {k->class_id, (uint32_t)v[0].u, 0}};
    struct acl acl = {0};
    bool grantee = false;
    bool grantor = false;
    if (k->class_id == PG_ATTRIBUTE)
        u.object =
            (struct object_address){PG_CLASS, (uint32_t)v[ATT_RELID].u, (int32_t)v[ATT_NUM].i};
    if (k->class_id == PG_LARGEOBJECT_METADATA)
        u.object.class_id = PG_LARGEOBJECT;
    if (k->owner != NO_COLUMN && !is_part(k, v))
        u.owned = (uint32_t)v[k->owner].u == role;
    if (!v[k->acl].null)
        TRY(acl_read(v[k->acl], d->arena, &acl));
    for (int i = 0; i < acl.n; i++) {
        grantee |= acl.items[i].grantee == role;
        grantor |= acl.items[i].grantor == role;
    }
    u.in_acl = grantee || grantor;
    u.grantor_only = grantor && !grantee;
    if (u.owned && k->class_id == PG_TYPE && v[TYP_RELID].u) {
        struct relation *r;
        TRY(cat_relation(d->cat, (uint32_t)v[TYP_RELID].u, &r));
        u.owned = r && r->kind == 'c';
        relation_unref(r);
    }
    if (u.owned || u.in_acl)
        ARENA_PUSH(d->arena, out->items, out->count, out->cap, u);
    return NULL;
}

static struct err *add_policies(struct ddl *d, uint32_t role, struct uses *out)
{
    uint32_t *policies;
    int n;
    TRY(ddl_policies_of_role(d, role, &policies, &n));
    for (int i = 0; i < n; i++) {
        struct use u = {.object = {PG_POLICY, policies[i], 0}, .is_target = true};
        ARENA_PUSH(d->arena, out->items, out->count, out->cap, u);
    }
    return NULL;
}

/* In the order in which they were made, about. */
static int by_oid(const void *a, const void *b)
{
    const struct use *x = a;
    const struct use *y = b;
    if (x->object.object_id != y->object.object_id)
        return x->object.object_id > y->object.object_id ? 1 : -1;
    return (x->object.sub_id > y->object.sub_id) - (x->object.sub_id < y->object.sub_id);
}

static struct err *find_uses(struct ddl *d, struct cat *cat, uint32_t role, bool shared,
                             struct uses *out)
{
    struct ddl in = *d;
    in.cat = cat;
    for (size_t i = 0; i < ARRAY_LENGTH(classes); i++) {
        const struct owned_class *k = &classes[i];
        struct systab_scan s;
        struct datum v[SYSTAB_MAX_COLUMNS];
        if (k->shared && !shared)
            continue;
        TRY(systab_open(cat, k->class_id, 0, NULL, 0, &s));
        struct err *e = NULL;
        for (bool found = true; !e && found;) {
            e = systab_next(&s, v, &found);
            if (!e && found)
                e = add_use(&in, k, v, role, out);
        }
        systab_close(&s);
        TRY(e);
    }
    TRY(add_policies(&in, role, out));
    if (out->count)
        qsort(out->items, (size_t)out->count, sizeof(*out->items), by_oid);
    return NULL;
}

/* ---- what keeps a role ---- */

static struct err *describe(struct ddl *d, struct object_address o, struct buf *out)
{
    if (o.class_id == PG_CLASS && o.sub_id) {
        struct relation *r;
        TRY(cat_relation(d->cat, o.object_id, &r));
        if (r && o.sub_id <= r->natts)
            buf_printf(out, "column %s of ", r->atts[o.sub_id - 1].name);
        relation_unref(r);
        o.sub_id = 0;
    }
    return ddl_describe(d, o, out);
}

static struct err *uses_elsewhere(struct ddl *d, uint32_t role, struct buf *out)
{
    struct systab_scan s;
    struct datum v[DB_COUNT];
    struct err *e = NULL;
    struct {
        const char *name;
    } *names = NULL;
    int n = 0;
    int cap = 0;
    TRY(systab_open(d->cat, PG_DATABASE, 0, NULL, 0, &s));
    for (bool found = true; !e && found;) {
        e = systab_next(&s, v, &found);
        if (e || !found || (uint32_t)v[DB_OID].u == d->cat->db)
            continue;
        const char *name = arena_strndup(d->arena, (const char *)v[DB_NAME].p, v[DB_NAME].len);
        ARENA_PUSH(d->arena, names, n, cap, (__typeof__(*names)){name});
    }
    systab_close(&s);
    for (int i = 0; i < n && !e; i++) {
        struct cat other = *d->cat;
        struct uses uses = {0};
        uint32_t oid;
        bool allow;
        other.rights = NULL;
        other.local = NULL;
        other.temp_nsp = 0;
        e = cat_database(&other, str_from(names[i].name), &oid, &other.sysbase, &allow);
        other.db = oid;
        if (!e)
            e = find_uses(d, &other, role, false, &uses);
        if (!e && uses.count)
            buf_printf(out, "%s%d object%s in database %s", out->len ? "\n" : "", uses.count,
                       uses.count == 1 ? "" : "s", names[i].name);
    }
    return e;
}

struct err *role_uses(struct ddl *d, uint32_t role, struct buf *out)
{
    struct uses uses = {0};
    TRY(find_uses(d, d->cat, role, true, &uses));
    for (int i = 0; i < uses.count && i < MAX_USES_SHOWN; i++) {
        const struct use *u = &uses.items[i];
        buf_put_c(out, out->len ? "\n" : "");
        buf_put_c(out, u->is_target ? "target of " : u->owned ? "owner of " : "privileges for ");
        TRY(describe(d, u->object, out));
    }
    if (uses.count > MAX_USES_SHOWN)
        buf_printf(out, "\nand %d other objects (see server log for list)",
                   uses.count - MAX_USES_SHOWN);
    return uses_elsewhere(d, role, out);
}

/* ---- REASSIGN OWNED, DROP OWNED ---- */

/* Whether the new owner may have such an object, where PostgreSQL asks it. */
static struct err *may_have(struct ddl *d, const struct use *u, const struct datum *row,
                            uint32_t to)
{
    switch (u->object.class_id) {
    case PG_PROC:
        return ddl_may_own_in(d, to, (uint32_t)row[PROC_NSP].u);
    case PG_NAMESPACE:
        return acl_check(d->cat, PG_DATABASE, d->cat->db, PRIV_CREATE);
    default:
        return NULL;
    }
}

static struct err *reassign_row(struct ddl *d, const struct use *u, uint32_t from, uint32_t to)
{
    struct datum old[SYSTAB_MAX_COLUMNS];
    struct datum v[SYSTAB_MAX_COLUMNS];
    struct datum key = datum_int(u->object.object_id);
    bool found;
    TRY(systab_get(d->cat, u->k->class_id, u->k->oid_index, &key, 1, d->arena, old, &found));
    if (!found)
        return NULL;
    TRY(may_have(d, u, old, to));
    memcpy(v, old, sizeof(v));
    v[u->k->owner] = datum_int(to);
    TRY(ddl_change_acl_owner(d, from, to, &v[u->k->acl]));
    TRY(systab_update(d->cat, u->k->class_id, old, v));
    if (u->k->class_id != PG_TYPE)
        return NULL;
    if (old[TYP_RELID].u)
        TRY(ddl_update_class(d->cat, (uint32_t)old[TYP_RELID].u, CLS_OWNER, datum_int(to)));
    return ddl_update_with_array(d, u->object.object_id, TYP_OWNER, datum_int(to));
}

static struct err *reassign(struct ddl *d, uint32_t from, uint32_t to)
{
    struct uses uses = {0};
    if (from == to)
        return NULL;
    TRY(find_uses(d, d->cat, from, true, &uses));
    for (int i = 0; i < uses.count; i++) {
        const struct use *u = &uses.items[i];
        struct relation *r;
        if (!u->owned || u->k->class_id == PG_DEFAULT_ACL) /* those stay with their role */
            continue;
        if (u->k->class_id != PG_CLASS) {
            TRY(reassign_row(d, u, from, to));
            continue;
        }
        TRY(cat_relation(d->cat, u->object.object_id, &r));
        struct err *e = r ? ddl_set_relation_owner(d, r, to) : NULL;
        relation_unref(r);
        TRY(e);
    }
    return NULL;
}

static struct err *check_roles(struct ddl *d, PgQuery__Node *const *roles, size_t n,
                               const char *denied, uint32_t *out)
{
    const struct role_rights *rights;
    for (size_t i = 0; i < n; i++) {
        TRY(ddl_role(d, roles[i]->role_spec, &out[i]));
        TRY(cat_rights(d->cat, &rights));
        if (!rights_of(rights, out[i]))
            return err_new("42501", "%s", denied);
    }
    return NULL;
}

struct err *ddl_reassign_owned(struct ddl *d, const PgQuery__ReassignOwnedStmt *s)
{
    uint32_t *roles = arena_new_array(d->arena, uint32_t, s->n_roles + 1);
    const struct role_rights *rights;
    uint32_t to;
    TRY(check_roles(d, s->roles, s->n_roles, "permission denied to reassign objects", roles));
    TRY(ddl_role(d, s->newrole, &to));
    TRY(cat_rights(d->cat, &rights));
    if (!rights_of(rights, to))
        return err_new("42501", "permission denied to reassign objects");
    for (size_t i = 0; i < s->n_roles; i++) {
        if (roles[i] < FIRST_USER_OID)
            return err_new("2BP01",
                           "cannot reassign ownership of objects owned by role %s because they are "
                           "required by the database system",
                           s->roles[i]->role_spec->rolename);
        TRY(reassign(d, roles[i], to));
        txn_next_command(d->cat->txn);
    }
    return NULL;
}

/* What the role would have on objects that others make. */
static struct err *drop_defaults(struct ddl *d, uint32_t oid, uint32_t role)
{
    struct datum key = datum_int(oid);
    struct datum v[DACL_COUNT];
    struct acl acl;
    bool found;
    TRY(systab_get(d->cat, PG_DEFAULT_ACL, DEFAULT_ACL_OID_INDEX, &key, 1, d->arena, v, &found));
    if (!found)
        return NULL;
    uint32_t maker = (uint32_t)v[DACL_ROLE].u;
    TRY(acl_read(v[DACL_ACL], d->arena, &acl));
    for (int i = 0; i < acl.n; i++) {
        struct acl_item item = acl.items[i];
        if (item.grantee != role)
            continue;
        TRY(acl_revoke(d->cat, &acl, &item, maker, true, d->arena));
        i = -1;
    }
    return default_acl_put(d->cat, maker, (uint32_t)v[DACL_NSP].u, (char)v[DACL_TYPE].i, &acl,
                           d->arena);
}

/* As REVOKE does it, so that the current role must have a right to it. */
static struct err *drop_privileges(struct ddl *d, const struct use *u, uint32_t role)
{
    struct err *e = u->object.class_id == PG_DEFAULT_ACL
                        ? drop_defaults(d, u->object.object_id, role)
                        : ddl_revoke_all(d, u->object.class_id, u->object.object_id, role);
    txn_next_command(d->cat->txn);
    return e;
}

struct err *ddl_drop_owned(struct ddl *d, const PgQuery__DropOwnedStmt *s)
{
    uint32_t *roles = arena_new_array(d->arena, uint32_t, s->n_roles + 1);
    struct object_address *list = NULL;
    int n = 0;
    int cap = 0;
    TRY(check_roles(d, s->roles, s->n_roles, "permission denied to drop objects", roles));
    for (size_t i = 0; i < s->n_roles; i++) {
        struct uses uses = {0};
        if (roles[i] < FIRST_USER_OID)
            return err_new("2BP01",
                           "cannot drop objects owned by role %s because they are required by the "
                           "database system",
                           s->roles[i]->role_spec->rolename);
        TRY(find_uses(d, d->cat, roles[i], true, &uses));
        for (int k = 0; k < uses.count; k++) {
            const struct use *u = &uses.items[k];
            if (u->is_target)
                TRY(ddl_forget_policy_role(d, u->object.object_id, roles[i]));
            else if (u->owned && !u->k->shared)
                ARENA_PUSH(d->arena, list, n, cap, u->object);
            else if (u->in_acl && !u->owned)
                TRY(drop_privileges(d, u, roles[i]));
        }
    }
    txn_next_command(d->cat->txn);
    return n ? ddl_drop_objects(d, list, n, s->behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE)
             : NULL;
}
