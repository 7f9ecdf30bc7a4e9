/* GRANT and REVOKE of privileges on objects: manual page of GRANT. */
#include "exec/ddl_internal.h"

#include "catalog/acl.h"
#include "catalog/large_object.h"
#include "sql/analyze.h"

#include <stdio.h>

/* What a statement asks for, of one kind of objects. */
struct grant {
    const PgQuery__GrantStmt *s;
    uint32_t privs;
    bool all; /* ALL PRIVILEGES */
    const uint32_t *grantees;
    int ngrantees;
};

/* One object's owner and list, and who grants. */
struct grant_on {
    const char *word; /* "table" */
    const char *name;
    uint32_t owner;
    struct acl acl;
    uint32_t held; /* privileges and options of any kind that the current role has there */
    uint32_t grantor;
    uint32_t privs; /* those that the grantor may give */
};

static const struct grant_kind {
    PgQuery__ObjectType type;
    char kind;
    uint32_t class_id;
    const char *plural; /* of "invalid privilege type X for ..." */
} kinds[] = {
    {PG_QUERY__OBJECT_TYPE__OBJECT_TABLE, 'r', PG_CLASS, "relation"},
    {PG_QUERY__OBJECT_TYPE__OBJECT_SEQUENCE, 's', PG_CLASS, "sequence"},
    {PG_QUERY__OBJECT_TYPE__OBJECT_DATABASE, 'd', PG_DATABASE, "database"},
    {PG_QUERY__OBJECT_TYPE__OBJECT_DOMAIN, 'T', PG_TYPE, "domain"},
    {PG_QUERY__OBJECT_TYPE__OBJECT_TYPE, 'T', PG_TYPE, "type"},
    {PG_QUERY__OBJECT_TYPE__OBJECT_FUNCTION, 'f', PG_PROC, "function"},
    {PG_QUERY__OBJECT_TYPE__OBJECT_PROCEDURE, 'f', PG_PROC, "procedure"},
    {PG_QUERY__OBJECT_TYPE__OBJECT_ROUTINE, 'f', PG_PROC, "routine"},
    {PG_QUERY__OBJECT_TYPE__OBJECT_SCHEMA, 'n', PG_NAMESPACE, "schema"},
    {PG_QUERY__OBJECT_TYPE__OBJECT_PARAMETER_ACL, 'p', PG_PARAMETER_ACL, "parameter"},
    {PG_QUERY__OBJECT_TYPE__OBJECT_LARGEOBJECT, 'L', PG_LARGEOBJECT_METADATA, "large object"},
};

static const struct grant_kind *kind_of(PgQuery__ObjectType type)
{
    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++)
        if (kinds[i].type == type)
            return &kinds[i];
    return NULL;
}

/* ---- privileges by name ---- */

static struct err *privilege_bit(const char *name, uint32_t *bit)
{
    static const struct {
        const char *name;
        uint32_t bit;
    } words[] = {{"insert", PRIV_INSERT},
                 {"select", PRIV_SELECT},
                 {"update", PRIV_UPDATE},
                 {"delete", PRIV_DELETE},
                 {"truncate", PRIV_TRUNCATE},
                 {"references", PRIV_REFERENCES},
                 {"trigger", PRIV_TRIGGER},
                 {"execute", PRIV_EXECUTE},
                 {"usage", PRIV_USAGE},
                 {"create", PRIV_CREATE},
                 {"temporary", PRIV_TEMPORARY},
                 {"temp", PRIV_TEMPORARY},
                 {"connect", PRIV_CONNECT},
                 {"set", PRIV_SET},
                 {"alter system", PRIV_ALTER_SYSTEM}};
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
        if (strcmp(words[i].name, name) == 0) {
            *bit = words[i].bit;
            return NULL;
        }
    return err_new("42601", "unrecognized privilege type \"%s\"", name);
}

static struct err *invalid(uint32_t bit, const char *what)
{
    for (int i = 0; i < PRIV_COUNT; i++)
        if (bit == 1u << i)
            return err_new("0LP01", "invalid privilege type %s for %s", privilege_name(i), what);
    return err_new("0LP01", "invalid privilege type for %s", what);
}

/* The privileges on the object itself; those on columns are looked at again for each relation. */
static struct err *read_privileges(const PgQuery__GrantStmt *s, const struct grant_kind *k,
                                   struct grant *out)
{
    uint32_t allowed = acl_all(k->kind);
    if (k->kind == 'r')
        allowed |= acl_all('s'); /* sequences are relations, of old */
    out->all = !s->n_privileges;
    out->privs = 0;
    for (size_t i = 0; i < s->n_privileges; i++) {
        const PgQuery__AccessPriv *p = s->privileges[i]->access_priv;
        uint32_t bit = 0;
        if (p->n_cols && k->kind != 'r')
            return err_new("0LP01", "column privileges are only valid for relations");
        if (!p->priv_name || !*p->priv_name)
            continue; /* ALL (columns) */
        TRY(privilege_bit(p->priv_name, &bit));
        if (p->n_cols && bit & ~acl_all('c'))
            return invalid(bit, "column");
        if (bit & ~allowed)
            return invalid(bit, k->plural);
        if (!p->n_cols)
            out->privs |= bit;
    }
    return NULL;
}

static struct err *read_grantees(struct ddl *d, const PgQuery__GrantStmt *s, struct grant *out)
{
    uint32_t *grantees = arena_new_array(d->arena, uint32_t, s->n_grantees + 1);
    for (size_t i = 0; i < s->n_grantees; i++) {
        const PgQuery__RoleSpec *r = s->grantees[i]->role_spec;
        grantees[i] = 0;
        if (r->roletype != PG_QUERY__ROLE_SPEC_TYPE__ROLESPEC_PUBLIC)
            TRY(ddl_role(d, r, &grantees[i]));
    }
    out->grantees = grantees;
    out->ngrantees = (int)s->n_grantees;
    return NULL;
}

/* ---- who grants ---- */

static struct err *check_grantor(struct ddl *d, const PgQuery__RoleSpec *role)
{
    uint32_t oid;
    if (!role)
        return NULL;
    TRY(ddl_role(d, role, &oid));
    return oid == d->cat->role ? NULL : err_new("0A000", "grantor must be current user");
}

static int count_bits(uint32_t v)
{
    return __builtin_popcount(v);
}

/* The owner, for all who have its rights; else the role, of those whose rights the current role
 * has, that has most of the grant options. */
static struct err *choose_grantor(struct ddl *d, uint32_t wanted, struct grant_on *o,
                                  uint32_t *options)
{
    const struct role_rights *r;
    int best = 0;
    TRY(cat_rights(d->cat, &r));
    o->grantor = r->superuser ? o->owner : d->cat->role;
    *options = r->superuser ? wanted : 0;
    for (int i = 0; i < r->n && *options != wanted; i++) {
        uint32_t has = r->roles[i] == o->owner ? wanted : 0;
        for (int k = 0; k < o->acl.n; k++)
            if (o->acl.items[k].grantee == r->roles[i])
                has |= o->acl.items[k].privs >> PRIV_OPTIONS & wanted;
        if (count_bits(has) <= best)
            continue;
        best = count_bits(has);
        *options = has;
        o->grantor = r->roles[i];
    }
    return NULL;
}

/* `column` (NULL: none) of the relation `name`. */
static void warn(struct ddl *d, bool is_grant, bool none, const char *column, const char *name)
{
    const char *what =
        column ? arena_printf(d->arena, "column \"%s\" of relation \"%s\"", column, name)
               : arena_printf(d->arena, "\"%s\"", name);
    ddl_notice(d, "WARNING",
               is_grant ? err_new("01007",
                                  none ? "no privileges were granted for %s"
                                       : "not all privileges were granted for %s",
                                  what)
                        : err_new("01006",
                                  none ? "no privileges could be revoked for %s"
                                       : "not all privileges could be revoked for %s",
                                  what));
}

static uint32_t with_options(uint32_t privs)
{
    return privs | privs << PRIV_OPTIONS;
}

static struct err *denied_column(const char *column, const char *relation)
{
    return err_new("42501", "permission denied for column \"%s\" of relation \"%s\"", column,
                   relation);
}

/* Whoever has any privilege on the object gets warnings for a useless GRANT, others an error.
 * `column`: of the relation o->name, for messages. */
static struct err *restrict_grant(struct ddl *d, const struct grant *g, uint32_t wanted,
                                  const char *column, struct grant_on *o)
{
    uint32_t options;
    bool all = column ? wanted == acl_all('c') : g->all;
    TRY(choose_grantor(d, wanted, o, &options));
    if (!options && !o->held)
        return column ? denied_column(column, o->name)
                      : err_new("42501", "permission denied for %s %s", o->word, o->name);
    o->privs = wanted & options;
    if (!o->privs)
        warn(d, g->s->is_grant, true, column, o->name);
    else if (!all && o->privs != wanted)
        warn(d, g->s->is_grant, false, column, o->name);
    return NULL;
}

static struct err *change_list(struct ddl *d, const struct grant *g, struct grant_on *o)
{
    const PgQuery__GrantStmt *s = g->s;
    bool cascade = s->behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE;
    for (int i = 0; i < g->ngrantees; i++) {
        struct acl_item item = {g->grantees[i], o->grantor, 0};
        if (s->is_grant && s->grant_option && !item.grantee)
            return err_new("0LP01", "grant options can only be granted to roles");
        if (s->is_grant || !s->grant_option)
            item.privs |= o->privs;
        if (!s->is_grant || s->grant_option)
            item.privs |= o->privs << PRIV_OPTIONS;
        if (!item.privs)
            continue;
        TRY(s->is_grant ? acl_grant(d->cat, &o->acl, &item, o->owner, d->arena)
                        : acl_revoke(d->cat, &o->acl, &item, o->owner, cascade, d->arena));
    }
    return NULL;
}

static struct err *copy_acl(struct ddl *d, const struct acl *from, struct acl *out)
{
    *out = (struct acl){.n = from->n, .cap = from->n + 1};
    out->items = arena_new_array(d->arena, struct acl_item, out->cap);
    if (from->n)
        memcpy(out->items, from->items, (size_t)from->n * sizeof(*out->items));
    return NULL;
}

static struct err *relation_acl(struct ddl *d, const struct relation *r, struct acl *out)
{
    if (r->acl)
        return copy_acl(d, r->acl, out);
    acl_relation_default(r, d->arena, out);
    return NULL;
}

/* ---- columns ---- */

static struct err *held_on_column(struct ddl *d, const struct relation *r, int att, uint32_t *out)
{
    const struct role_rights *rights;
    uint32_t any = with_options(acl_all('c'));
    TRY(cat_rights(d->cat, &rights));
    *out = acl_relation(rights, r, any) | acl_column(rights, r, att, any);
    return NULL;
}

static struct err *grant_column(struct ddl *d, const struct grant *g, const struct relation *r,
                                int att, uint32_t wanted)
{
    const struct attr *a = &r->atts[att - 1];
    struct grant_on o = {.word = "column", .name = r->name, .owner = r->owner};
    struct acl whole;
    struct datum value;
    if (a->acl)
        TRY(copy_acl(d, a->acl, &o.acl));
    struct acl own = o.acl;
    /* Who may grant on the table may grant on its columns. */
    TRY(relation_acl(d, r, &whole));
    for (int i = 0; i < own.n; i++)
        ARENA_PUSH(d->arena, whole.items, whole.n, whole.cap, own.items[i]);
    o.acl = whole;
    TRY(held_on_column(d, r, att, &o.held));
    TRY(restrict_grant(d, g, wanted, a->name, &o));
    o.acl = own;
    TRY(change_list(d, g, &o));
    TRY(acl_write(&o.acl, true, d->arena, &value));
    return ddl_update_attribute(d->cat, r->oid, att, ATT_ACL, value);
}

/* By column - 1, what the statement's lists of columns ask for. */
static struct err *column_privileges(struct ddl *d, const struct grant *g, const struct relation *r,
                                     uint32_t **out, bool *any)
{
    *out = arena_new_array(d->arena, uint32_t, r->natts + 1);
    memset(*out, 0, sizeof(**out) * (size_t)(r->natts + 1));
    for (size_t i = 0; i < g->s->n_privileges; i++) {
        const PgQuery__AccessPriv *p = g->s->privileges[i]->access_priv;
        uint32_t bit = acl_all('c');
        if (p->priv_name && *p->priv_name)
            TRY(privilege_bit(p->priv_name, &bit));
        for (size_t k = 0; k < p->n_cols; k++) {
            int att = relation_attnum(r, str_from(pg_str(p->cols[k])));
            if (!att)
                return err_new("42703", "column \"%s\" of relation \"%s\" does not exist",
                               pg_str(p->cols[k]), r->name);
            if (r->kind == 'S' && bit & ~(uint32_t)PRIV_SELECT) {
                ddl_notice(d, "WARNING",
                           err_new("0LP01",
                                   "sequence \"%s\" only supports SELECT column privileges",
                                   r->name));
                bit = PRIV_SELECT;
            }
            (*out)[att - 1] |= bit;
            *any = true;
        }
    }
    return NULL;
}

static const char *const system_columns[] = {"tableoid", "cmax", "xmax", "cmin", "xmin", "ctid"};

static struct err *warn_of_column(struct ddl *d, const struct relation *r, int att,
                                  const char *name, uint32_t has)
{
    uint32_t held;
    TRY(held_on_column(d, r, att, &held));
    if (!has && !held)
        return denied_column(name, r->name);
    warn(d, false, !has, name, r->name);
    return NULL;
}

/* PostgreSQL warns of each column, system columns too, and refuses at the first one on which the
 * role has no privilege. `has`: those of the privileges on columns that the grantor may take away.
 */
static struct err *warn_of_columns(struct ddl *d, const struct relation *r, uint32_t has)
{
    for (size_t i = 0; i < ARRAY_LENGTH(system_columns) && r->kind != 'v'; i++)
        TRY(warn_of_column(d, r, 0, system_columns[i], has));
    for (int i = 0; i < r->natts; i++)
        if (!r->atts[i].dropped)
            TRY(warn_of_column(d, r, i + 1, r->atts[i].name, has));
    return NULL;
}

/* Taking a privilege on a table away takes it from the columns too. */
static struct err *revoke_from_columns(struct ddl *d, const struct grant *g,
                                       const struct relation *r, uint32_t wanted,
                                       const struct grant_on *o)
{
    uint32_t on_columns = wanted & acl_all('c');
    uint32_t has = o->privs & on_columns;
    if (!g->s->is_grant && has != on_columns && (!has || on_columns != acl_all('c')))
        TRY(warn_of_columns(d, r, has));
    for (int i = 0; i < r->natts && !g->s->is_grant; i++) {
        struct grant_on column = *o;
        struct datum value;
        if (!r->atts[i].acl || r->atts[i].dropped)
            continue;
        TRY(copy_acl(d, r->atts[i].acl, &column.acl));
        column.privs &= acl_all('c');
        TRY(change_list(d, g, &column));
        TRY(acl_write(&column.acl, true, d->arena, &value));
        TRY(ddl_update_attribute(d->cat, r->oid, i + 1, ATT_ACL, value));
    }
    return NULL;
}

/* ---- relations ---- */

static struct err *check_relation(struct ddl *d, const struct relation *r, PgQuery__ObjectType type)
{
    if (r->kind == 'i')
        return err_new("42809", "\"%s\" is an index", r->name);
    if (r->kind == 'c')
        return err_new("42809", "\"%s\" is a composite type", r->name);
    if (type == PG_QUERY__OBJECT_TYPE__OBJECT_SEQUENCE && r->kind != 'S')
        return err_new("42809", "\"%s\" is not a sequence", r->name);
    if (r->system)
        return err_unsupported("privileges on system catalogs cannot be changed");
    return NULL;
}

/* The privileges on the whole of it. */
static uint32_t relation_wanted(struct ddl *d, const struct grant *g, const struct relation *r)
{
    bool sequence = r->kind == 'S';
    bool table = g->s->objtype == PG_QUERY__OBJECT_TYPE__OBJECT_TABLE;
    uint32_t fits = acl_all(sequence ? 's' : 'r');
    if (g->all)
        return fits;
    if (sequence && table && g->privs & ~fits)
        ddl_notice(d, "WARNING",
                   err_new("0LP01",
                           "sequence \"%s\" only supports USAGE, SELECT, and UPDATE privileges",
                           r->name));
    return g->privs & fits;
}

static struct err *held_on_relation(struct ddl *d, const struct relation *r, uint32_t *out)
{
    const struct role_rights *rights;
    TRY(cat_rights(d->cat, &rights));
    *out = acl_relation(rights, r, with_options(acl_all(r->kind == 'S' ? 's' : 'r')));
    return NULL;
}

static struct err *grant_relation(struct ddl *d, const struct grant *g, uint32_t oid)
{
    struct relation *r;
    uint32_t *columns = NULL;
    bool any_column = false;
    struct datum value;
    struct datum key = datum_int(oid);
    TRY(systab_lock(d->cat, PG_CLASS, CLASS_OID_INDEX, &key, 1)); /* who grants at the same time */
    TRY(cat_relation(d->cat, oid, &r));
    if (!r)
        return NULL;
    struct grant_on o = {
        .word = r->kind == 'S' ? "sequence" : "table", .name = r->name, .owner = r->owner};
    struct err *e = check_relation(d, r, g->s->objtype);
    if (!e && r->kind != 'S' && !g->all && g->privs & PRIV_USAGE)
        e = invalid(PRIV_USAGE, "table");
    if (!e)
        e = relation_acl(d, r, &o.acl);
    uint32_t wanted = e ? 0 : relation_wanted(d, g, r);
    if (!e)
        e = column_privileges(d, g, r, &columns, &any_column);
    if (!e && wanted) {
        e = held_on_relation(d, r, &o.held);
        if (!e)
            e = restrict_grant(d, g, wanted, NULL, &o);
        if (!e)
            e = revoke_from_columns(d, g, r, wanted, &o);
        if (!e)
            e = change_list(d, g, &o);
        if (!e)
            e = acl_write(&o.acl, false, d->arena, &value);
        if (!e)
            e = ddl_update_class(d->cat, oid, CLS_ACL, value);
    }
    for (int i = 0; i < r->natts && !e && any_column; i++)
        if (columns[i])
            e = grant_column(d, g, r, i + 1, columns[i]);
    relation_unref(r);
    return e;
}

/* ---- other objects ---- */

static struct err *grant_object(struct ddl *d, const struct grant *g, const struct grant_kind *k,
                                uint32_t oid)
{
    const struct acl_class *c = acl_class(k->class_id);
    struct datum key = datum_int(oid);
    struct datum old[SYSTAB_MAX_COLUMNS];
    struct datum v[SYSTAB_MAX_COLUMNS];
    const struct role_rights *rights;
    struct acl_object object;
    bool found;
    TRY(systab_lock(d->cat, k->class_id, c->oid_index, &key, 1));
    TRY(systab_get(d->cat, k->class_id, c->oid_index, &key, 1, d->arena, old, &found));
    const struct datum *builtin = NULL;
    if (!found && k->class_id == PG_PROC)
        TRY(systab_builtin_row(PG_PROC, oid, &builtin));
    if (!found && !builtin)
        return err_unsupported("privileges on built-in objects cannot be changed");
    TRY(acl_object(d->cat, k->class_id, oid, d->arena, &object, &found));
    if (k->kind == 'L')
        object.name = arena_printf(d->arena, "large object %u", oid);
    struct grant_on o = {.word = k->class_id == PG_PROC ? "function" : c->word,
                         .name = object.name,
                         .owner = object.owner,
                         .acl = object.acl};
    TRY(cat_rights(d->cat, &rights));
    TRY(acl_object_mask(d->cat, rights, k->class_id, oid, with_options(acl_all(k->kind)), &o.held,
                        &found));
    TRY(restrict_grant(d, g, g->all ? acl_all(k->kind) : g->privs, NULL, &o));
    TRY(change_list(d, g, &o));
    if (k->class_id == PG_PARAMETER_ACL)
        return parameter_acl_put(d->cat, oid, &o.acl, d->arena);
    memcpy(v, builtin ? builtin : old, builtin ? sizeof(*v) * PROC_COUNT : sizeof(v));
    TRY(acl_write(&o.acl, false, d->arena, &v[c->acl]));
    return builtin ? systab_insert(d->cat, PG_PROC, v) : systab_update(d->cat, k->class_id, old, v);
}

/* ---- which objects ---- */

/* The row of a setting, which GRANT makes; without one there is nothing to revoke. */
static struct err *parameter(struct ddl *d, const char *name, bool is_grant, uint32_t *oid)
{
    TRY(parameter_acl_oid(d->cat, str_from(name), oid));
    if (*oid || !is_grant)
        return NULL;
    if (!d->s->ops->setting_may_be(str_from(name)))
        return err_new("42602", "invalid parameter name \"%s\"", name);
    return parameter_acl_make(d->cat, str_from(name), oid);
}

/* *oid 0: nothing has to be done. */
static struct err *named_object(struct ddl *d, const struct grant_kind *k, const PgQuery__Node *n,
                                bool is_grant, uint32_t *oid)
{
    const struct cat_proc *p;
    struct relation *r;
    uint32_t base;
    bool allow;
    switch (k->class_id) {
    case PG_CLASS:
        TRY(ddl_open(d, n->range_var, TXN_ACCESS_SHARE, false, &r));
        *oid = r->oid;
        relation_unref(r);
        return NULL;
    case PG_DATABASE:
        TRY(cat_database(d->cat, str_from(pg_str(n)), oid, &base, &allow));
        return *oid ? NULL : err_new("3D000", "database \"%s\" does not exist", pg_str(n));
    case PG_NAMESPACE:
        TRY(cat_namespace_oid(d->cat, str_from(pg_str(n)), oid));
        return *oid ? NULL : err_new("3F000", "schema \"%s\" does not exist", pg_str(n));
    case PG_PARAMETER_ACL:
        return parameter(d, pg_str(n), is_grant, oid);
    case PG_LARGEOBJECT_METADATA:
        TRY(ddl_large_object(n, oid));
        return large_object_exists(d->cat, *oid);
    case PG_PROC:
        TRY(ddl_find_any_function(d, n->object_with_args, k->type, &p));
        *oid = p->oid;
        return NULL;
    default: {
        const PgQuery__List *names = n->list;
        TRY(ddl_find_type(d, names->items, names->n_items, oid));
        const struct cat_type *t = builtin_type(*oid);
        if (k->type == PG_QUERY__OBJECT_TYPE__OBJECT_DOMAIN && t && t->kind != 'd')
            return err_new("42809", "\"%.*s\" is not a domain", STR_ARG(t->name));
        return NULL;
    }
    }
}

static bool in_schema(const struct grant_kind *k, const struct datum *v, uint32_t nsp)
{
    if (k->class_id == PG_PROC) {
        bool procedure = v[PROC_KIND].i == 'p';
        bool fits = k->type == PG_QUERY__OBJECT_TYPE__OBJECT_ROUTINE ||
                    procedure == (k->type == PG_QUERY__OBJECT_TYPE__OBJECT_PROCEDURE);
        return fits && (uint32_t)v[PROC_NSP].u == nsp;
    }
    char kind = (char)v[CLS_KIND].i;
    bool fits = k->kind == 's' ? kind == 'S' : kind == 'r' || kind == 'v' || kind == 'm';
    return fits && (uint32_t)v[CLS_NSP].u == nsp;
}

/* Those of the built-in functions that have no stored row yet, which is listed already. */
static struct err *builtin_in_schema(struct ddl *d, const struct grant_kind *k, uint32_t nsp,
                                     uint32_t **list, int *n, int *cap)
{
    const struct datum *rows;
    uint32_t *stored;
    int nrows;
    int nstored;
    int at = 0;
    TRY(systab_builtin_rows(PG_PROC, &rows, &nrows));
    TRY(cat_granted_procs(d->cat, d->arena, &stored, &nstored));
    for (int i = 0; i < nrows; i++) {
        const struct datum *row = &rows[i * PROC_COUNT];
        while (at < nstored && stored[at] < row[PROC_OID].u)
            at++;
        bool listed = at < nstored && stored[at] == row[PROC_OID].u;
        if (!listed && in_schema(k, row, nsp))
            ARENA_PUSH(d->arena, *list, *n, *cap, (uint32_t)row[PROC_OID].u);
    }
    return NULL;
}

static struct err *all_in_schema(struct ddl *d, const struct grant_kind *k, const char *schema,
                                 uint32_t **list, int *n, int *cap)
{
    struct systab_scan scan;
    struct datum v[SYSTAB_MAX_COLUMNS];
    uint32_t nsp;
    TRY(cat_namespace_oid(d->cat, str_from(schema), &nsp));
    if (!nsp)
        return err_new("3F000", "schema \"%s\" does not exist", schema);
    TRY(acl_check(d->cat, PG_NAMESPACE, nsp, PRIV_USAGE));
    TRY(systab_open(d->cat, k->class_id, 0, NULL, 0, &scan));
    struct err *e = NULL;
    for (bool found = true; !e && found;) {
        e = systab_next(&scan, v, &found);
        if (!e && found && in_schema(k, v, nsp))
            ARENA_PUSH(d->arena, *list, *n, *cap, (uint32_t)v[0].u);
    }
    systab_close(&scan);
    if (!e && k->class_id == PG_PROC)
        e = builtin_in_schema(d, k, nsp, list, n, cap);
    return e;
}

struct err *ddl_grant(struct ddl *d, const PgQuery__GrantStmt *s)
{
    const struct grant_kind *k = kind_of(s->objtype);
    struct grant g = {.s = s};
    uint32_t *list = NULL;
    int n = 0;
    int cap = 0;
    if (!k)
        return err_unsupported("%s on %s is not supported", s->is_grant ? "GRANT" : "REVOKE",
                               ddl_object_type_name(s->objtype));
    TRY(check_grantor(d, s->grantor));
    for (size_t i = 0; i < s->n_objects; i++) {
        uint32_t oid;
        if (s->targtype == PG_QUERY__GRANT_TARGET_TYPE__ACL_TARGET_ALL_IN_SCHEMA) {
            TRY(all_in_schema(d, k, pg_str(s->objects[i]), &list, &n, &cap));
            continue;
        }
        TRY(named_object(d, k, s->objects[i], s->is_grant, &oid));
        if (oid)
            ARENA_PUSH(d->arena, list, n, cap, oid);
    }
    TRY(read_grantees(d, s, &g));
    TRY(read_privileges(s, k, &g));
    for (int i = 0; i < n; i++) {
        TRY(k->class_id == PG_CLASS ? grant_relation(d, &g, list[i])
                                    : grant_object(d, &g, k, list[i]));
        txn_next_command(d->cat->txn);
    }
    return NULL;
}

struct err *ddl_revoke_all(struct ddl *d, uint32_t class_id, uint32_t oid, uint32_t role)
{
    PgQuery__GrantStmt s;
    const struct grant g = {.s = &s, .all = true, .grantees = &role, .ngrantees = 1};
    pg_query__grant_stmt__init(&s);
    s.objtype = PG_QUERY__OBJECT_TYPE__OBJECT_TABLE;
    s.behavior = PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE;
    if (class_id == PG_CLASS)
        return grant_relation(d, &g, oid);
    const struct grant_kind *k = kinds;
    while (k->class_id != class_id)
        CHECK(++k < kinds + ARRAY_LENGTH(kinds));
    return grant_object(d, &g, k, oid);
}

/* ---- ALTER DEFAULT PRIVILEGES ---- */

/* As pg_default_acl.defaclobjtype. */
static char default_type(const struct grant_kind *k)
{
    return k->kind == 's' ? 'S' : k->kind;
}

static struct err *default_options(struct ddl *d, const PgQuery__AlterDefaultPrivilegesStmt *s,
                                   const PgQuery__List **schemas, const PgQuery__List **roles)
{
    for (size_t i = 0; i < s->n_options; i++) {
        const PgQuery__DefElem *o = s->options[i]->def_elem;
        const PgQuery__List **into = strcmp(o->defname, "schemas") == 0 ? schemas : roles;
        if (*into)
            return ddl_at(d, err_new("42601", "conflicting or redundant options"), o->location);
        *into = o->arg->list;
    }
    return NULL;
}

static struct err *change_default(struct ddl *d, const struct grant *g, const struct grant_kind *k,
                                  uint32_t role, uint32_t nsp)
{
    struct grant_on o = {.owner = role, .grantor = role};
    struct acl acl;
    bool found;
    o.privs = g->all ? acl_all(k->kind) : g->privs;
    TRY(default_acl_get(d->cat, role, nsp, default_type(k), d->arena, &acl, &found));
    TRY(copy_acl(d, &acl, &o.acl));
    TRY(change_list(d, g, &o));
    return default_acl_put(d->cat, role, nsp, default_type(k), &o.acl, d->arena);
}

static struct err *change_defaults_of(struct ddl *d, const struct grant *g,
                                      const struct grant_kind *k, uint32_t role,
                                      const PgQuery__List *schemas)
{
    if (!schemas)
        return change_default(d, g, k, role, 0);
    if (k->kind == 'n')
        return err_new("0LP01", "cannot use IN SCHEMA clause when using GRANT/REVOKE ON SCHEMAS");
    for (size_t i = 0; i < schemas->n_items; i++) {
        const char *name = pg_str(schemas->items[i]);
        uint32_t nsp;
        TRY(cat_namespace_oid(d->cat, str_from(name), &nsp));
        if (!nsp)
            return err_new("3F000", "schema \"%s\" does not exist", name);
        TRY(change_default(d, g, k, role, nsp));
        txn_next_command(d->cat->txn);
    }
    return NULL;
}

struct err *ddl_default_privileges(struct ddl *d, const PgQuery__AlterDefaultPrivilegesStmt *s)
{
    const PgQuery__GrantStmt *action = s->action;
    const struct grant_kind *k = kind_of(action->objtype);
    const PgQuery__List *schemas = NULL;
    const PgQuery__List *roles = NULL;
    struct grant g = {.s = action};
    CHECK(k != NULL); /* the grammar has no others */
    TRY(default_options(d, s, &schemas, &roles));
    TRY(read_grantees(d, action, &g));
    for (size_t i = 0; i < action->n_privileges; i++)
        if (action->privileges[i]->access_priv->n_cols)
            return err_new("0LP01", "default privileges cannot be set for columns");
    TRY(read_privileges(action, k, &g));
    if (g.privs & ~acl_all(k->kind))
        return invalid(g.privs & ~acl_all(k->kind), k->plural);
    if (!roles)
        return change_defaults_of(d, &g, k, d->cat->role, schemas);
    for (size_t i = 0; i < roles->n_items; i++) {
        uint32_t role;
        TRY(ddl_role(d, roles->items[i]->role_spec, &role));
        TRY(ddl_may_give_to(d, role));
        TRY(change_defaults_of(d, &g, k, role, schemas));
        txn_next_command(d->cat->txn);
    }
    return NULL;
}
