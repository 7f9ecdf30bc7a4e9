/* COMMENT ON. */
#include "exec/ddl_internal.h"

#include "catalog/acl.h"
#include "catalog/large_object.h"

/* ---- relations and their parts ---- */

static PgQuery__RangeVar range_var(const PgQuery__List *l, size_t n)
{
    PgQuery__RangeVar rv;
    pg_query__range_var__init(&rv);
    rv.location = -1;
    rv.relname = (char *)pg_str(l->items[n - 1]);
    if (n > 1)
        rv.schemaname = (char *)pg_str(l->items[n - 2]);
    return rv;
}

static struct err *check_has_comments(const struct relation *r)
{
    if (r->kind != 'i' && r->kind != 'S')
        return NULL;
    return err_detail(err_new("42809", "cannot set comment on relation \"%s\"", r->name),
                      "This operation is not supported for %s.",
                      r->kind == 'i' ? "indexes" : "sequences");
}

static struct err *column(struct ddl *d, const struct relation *r, const char *name, int *att)
{
    TRY(check_has_comments(r));
    *att = relation_attnum(r, str_from(name));
    return *att
               ? NULL
               : err_new("42703", "column \"%s\" of relation \"%s\" does not exist", name, r->name);
}

static struct err *constraint(const struct relation *r, const char *name, uint32_t *oid)
{
    for (int i = 0; i < r->nconstraints; i++) {
        if (strcmp(r->constraints[i].name, name) != 0)
            continue;
        *oid = r->constraints[i].oid;
        return NULL;
    }
    return err_new("42704", "constraint \"%s\" for table \"%s\" does not exist", name, r->name);
}

static struct err *rule(struct ddl *d, const struct relation *r, const char *name, uint32_t *oid)
{
    if (r->kind == 'v' && strcmp(name, "_RETURN") == 0)
        return ddl_view_rule(d->cat, r->oid, oid);
    return err_new("42704", "rule \"%s\" for relation \"%s\" does not exist", name, r->name);
}

/* COMMENT ON TABLE takes tables only. */
static struct err *check_kind(const struct relation *r, PgQuery__ObjectType type)
{
    if (type == PG_QUERY__OBJECT_TYPE__OBJECT_TABLE && r->kind != 'r')
        return err_new("42809", "\"%s\" is not a table", r->name);
    return ddl_check_kind(r, type);
}

static struct err *relation_part(struct ddl *d, const PgQuery__CommentStmt *c,
                                 struct object_address *out)
{
    const PgQuery__List *l = c->object->list;
    bool part = c->objtype == PG_QUERY__OBJECT_TYPE__OBJECT_COLUMN ||
                c->objtype == PG_QUERY__OBJECT_TYPE__OBJECT_TABCONSTRAINT ||
                c->objtype == PG_QUERY__OBJECT_TYPE__OBJECT_TRIGGER ||
                c->objtype == PG_QUERY__OBJECT_TYPE__OBJECT_POLICY ||
                c->objtype == PG_QUERY__OBJECT_TYPE__OBJECT_RULE;
    size_t n = l->n_items - (part ? 1 : 0);
    const char *name = pg_str(l->items[l->n_items - 1]);
    struct relation *r;
    if (!n)
        return err_new("42601", "column name must be qualified");
    PgQuery__RangeVar rv = range_var(l, n);
    TRY(ddl_open(d, &rv, TXN_SHARE_UPDATE_EXCLUSIVE, false, &r));
    struct err *e = part ? ddl_must_own_whole(d, r) : ddl_must_own(d, r);
    *out = (struct object_address){PG_CLASS, r->oid, 0};
    switch (c->objtype) {
    case PG_QUERY__OBJECT_TYPE__OBJECT_COLUMN:
        if (!e)
            e = column(d, r, name, &out->sub_id);
        break;
    case PG_QUERY__OBJECT_TYPE__OBJECT_TABCONSTRAINT:
        out->class_id = PG_CONSTRAINT;
        if (!e)
            e = constraint(r, name, &out->object_id);
        break;
    case PG_QUERY__OBJECT_TYPE__OBJECT_POLICY:
        out->class_id = PG_POLICY;
        if (!e)
            e = ddl_find_policy(d, r, name, &out->object_id);
        break;
    case PG_QUERY__OBJECT_TYPE__OBJECT_RULE:
        out->class_id = PG_REWRITE;
        if (!e)
            e = rule(d, r, name, &out->object_id);
        break;
    case PG_QUERY__OBJECT_TYPE__OBJECT_TRIGGER:
        out->class_id = PG_TRIGGER;
        if (!e)
            e = ddl_find_trigger(d, r, name, &out->object_id);
        break;
    default:
        if (!e)
            e = check_kind(r, c->objtype);
        break;
    }
    relation_unref(r);
    return e;
}

/* ---- others ---- */

static struct err *extension(struct ddl *d, const PgQuery__CommentStmt *c,
                             struct object_address *out)
{
    if (c->objtype != PG_QUERY__OBJECT_TYPE__OBJECT_EXTENSION)
        return err_unsupported("COMMENT ON %s is not supported yet",
                               ddl_object_type_name(c->objtype));
    return ddl_find_extension(d, pg_str(c->object), out);
}

static struct err *may_comment_role(struct ddl *d, uint32_t role)
{
    const struct role_rights *r;
    struct cat_role other;
    bool found;
    TRY(cat_rights(d->cat, &r));
    TRY(cat_role(d->cat, role, d->arena, &other, &found));
    if (found && other.superuser && !r->superuser)
        return err_new("42501", "must be superuser");
    return r->createrole ? NULL : err_new("42501", "must have CREATEROLE privilege");
}

/* *out of no class: it is not there, and a warning has been given. */
static struct err *target(struct ddl *d, const PgQuery__CommentStmt *c, struct object_address *out)
{
    const char *name;
    uint32_t base;
    bool allow;
    switch (c->objtype) {
    case PG_QUERY__OBJECT_TYPE__OBJECT_TABLE:
    case PG_QUERY__OBJECT_TYPE__OBJECT_INDEX:
    case PG_QUERY__OBJECT_TYPE__OBJECT_SEQUENCE:
    case PG_QUERY__OBJECT_TYPE__OBJECT_VIEW:
    case PG_QUERY__OBJECT_TYPE__OBJECT_MATVIEW:
    case PG_QUERY__OBJECT_TYPE__OBJECT_COLUMN:
    case PG_QUERY__OBJECT_TYPE__OBJECT_TABCONSTRAINT:
    case PG_QUERY__OBJECT_TYPE__OBJECT_TRIGGER:
    case PG_QUERY__OBJECT_TYPE__OBJECT_RULE:
    case PG_QUERY__OBJECT_TYPE__OBJECT_POLICY:
        return relation_part(d, c, out);
    case PG_QUERY__OBJECT_TYPE__OBJECT_FUNCTION:
    case PG_QUERY__OBJECT_TYPE__OBJECT_PROCEDURE:
    case PG_QUERY__OBJECT_TYPE__OBJECT_AGGREGATE:
    case PG_QUERY__OBJECT_TYPE__OBJECT_ROUTINE: {
        const struct cat_proc *p;
        TRY(ddl_find_function(d, c->object->object_with_args, c->objtype, false, &p));
        *out = (struct object_address){PG_PROC, p->oid, 0};
        return ddl_must_own_function(d, c->object->object_with_args, p);
    }
    case PG_QUERY__OBJECT_TYPE__OBJECT_SCHEMA:
        name = pg_str(c->object);
        out->class_id = PG_NAMESPACE;
        TRY(cat_namespace_oid(d->cat, str_from(name), &out->object_id));
        return out->object_id ? acl_check_owner(d->cat, PG_NAMESPACE, out->object_id)
                              : err_new("3F000", "schema \"%s\" does not exist", name);
    case PG_QUERY__OBJECT_TYPE__OBJECT_LARGEOBJECT:
        out->class_id = PG_LARGEOBJECT;
        TRY(ddl_large_object(c->object, &out->object_id));
        return d->s->lo_compat_privileges ? large_object_exists(d->cat, out->object_id)
                                          : large_object_check_owner(d->cat, out->object_id);
    case PG_QUERY__OBJECT_TYPE__OBJECT_ROLE:
        name = pg_str(c->object);
        out->class_id = PG_AUTHID;
        TRY(cat_role_oid(d->cat, str_from(name), &out->object_id));
        return out->object_id ? may_comment_role(d, out->object_id)
                              : err_new("42704", "role \"%s\" does not exist", name);
    case PG_QUERY__OBJECT_TYPE__OBJECT_DATABASE:
        name = pg_str(c->object);
        TRY(cat_database(d->cat, str_from(name), &out->object_id, &base, &allow));
        if (out->object_id)
            TRY(acl_check_owner(d->cat, PG_DATABASE, out->object_id));
        if (out->object_id)
            out->class_id = PG_DATABASE;
        else
            ddl_notice(d, "WARNING", err_new("3D000", "database \"%s\" does not exist", name));
        return NULL;
    case PG_QUERY__OBJECT_TYPE__OBJECT_TYPE:
    case PG_QUERY__OBJECT_TYPE__OBJECT_DOMAIN: {
        const PgQuery__TypeName *t = c->object->type_name;
        out->class_id = PG_TYPE;
        TRY(ddl_find_type(d, t->names, t->n_names, &out->object_id));
        return ddl_must_own_type(d, out->object_id);
    }
    case PG_QUERY__OBJECT_TYPE__OBJECT_COLLATION:
        return ddl_find_collation(d, c->object->list->items, c->object->list->n_items, out);
    case PG_QUERY__OBJECT_TYPE__OBJECT_CAST:
        return ddl_find_cast(d, c->object, false, out);
    case PG_QUERY__OBJECT_TYPE__OBJECT_DOMCONSTRAINT:
        return ddl_domain_constraint(d, c->object->list->items[0],
                                     pg_str(c->object->list->items[1]), out);
    default:
        return extension(d, c, out);
    }
}

struct err *ddl_comment(struct ddl *d, const PgQuery__CommentStmt *c)
{
    struct object_address o = {0};
    TRY(target(d, c, &o));
    return o.class_id ? ddl_set_comment(d->cat, o, c->comment && *c->comment ? c->comment : NULL)
                      : NULL;
}
