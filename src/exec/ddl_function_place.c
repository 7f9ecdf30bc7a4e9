/* What a function is called, whose it is and in which schema: ALTER FUNCTION ... RENAME TO, OWNER
 * TO, SET SCHEMA. */
#include "exec/ddl_internal.h"

#include "catalog/acl.h"

#include <stdio.h>

/* The message calls procedures and aggregates functions, too. */
static struct err *must_own_routine(struct ddl *d, uint32_t oid, const struct datum *row)
{
    struct err *e = acl_check_owner(d->cat, PG_PROC, oid);
    if (!e)
        return NULL;
    err_free(e);
    return err_new("42501", "must be owner of function %.*s",
                   STR_ARG(datum_as_str(row[PROC_NAME])));
}

static struct err *update_proc(struct ddl *d, uint32_t oid, int column, struct datum value,
                               bool check_owner)
{
    struct datum key = datum_int(oid);
    struct datum v[PROC_COUNT];
    bool found;
    TRY(systab_get(d->cat, PG_PROC, PROC_OID_INDEX, &key, 1, d->arena, v, &found));
    if (!found)
        return err_new("XX000", "cache lookup failed for function %u", oid);
    if (check_owner)
        TRY(must_own_routine(d, oid, v));
    v[column] = value;
    return ddl_put_proc(d->cat, v);
}

struct err *ddl_update_proc(struct ddl *d, uint32_t oid, int column, struct datum value)
{
    return update_proc(d, oid, column, value, true);
}

static struct err *check_free(struct ddl *d, const struct cat_proc *p, const char *nsp,
                              const char *name)
{
    const struct cat_proc **all;
    int n;
    TRY(cat_user_procs(d->cat, str_from(nsp), str_from(name), d->arena, &all, &n));
    for (int i = 0; i < n; i++)
        if (all[i]->nargs == p->nargs &&
            memcmp(all[i]->argtypes, p->argtypes, sizeof(*p->argtypes) * (size_t)p->nargs) == 0)
            return err_new("42723", "function %s already exists in schema \"%s\"",
                           ddl_signature(d, name, p->argtypes, p->nargs, ", "), nsp);
    return NULL;
}

struct err *ddl_rename_function(struct ddl *d, const PgQuery__RenameStmt *s, char *tag)
{
    const struct cat_proc *p;
    const char *nsp;
    snprintf(tag, 64, "ALTER %s", ddl_object_type_name(s->rename_type));
    TRY(ddl_find_function(d, s->object->object_with_args, s->rename_type, false, &p));
    TRY(cat_namespace_name(d->cat, p->nsp, d->arena, &nsp));
    TRY(check_free(d, p, nsp, s->newname));
    return ddl_update_proc(d, p->oid, PROC_NAME, cstr_datum(s->newname));
}

struct err *ddl_function_owner(struct ddl *d, const PgQuery__AlterOwnerStmt *s, uint32_t owner)
{
    const struct cat_proc *p;
    struct datum v[PROC_COUNT];
    bool found;
    TRY(ddl_find_function(d, s->object->object_with_args, s->object_type, false, &p));
    struct datum key = datum_int(p->oid);
    TRY(systab_get(d->cat, PG_PROC, PROC_OID_INDEX, &key, 1, d->arena, v, &found));
    if (found && (uint32_t)v[PROC_OWNER].u == owner)
        return NULL;
    if (!found)
        return err_unsupported("built-in functions keep their owner");
    TRY(must_own_routine(d, p->oid, v));
    TRY(ddl_give(d, p->nsp, (uint32_t)v[PROC_OWNER].u, owner, &v[PROC_ACL]));
    v[PROC_OWNER] = datum_int(owner);
    return ddl_put_proc(d->cat, v);
}

static struct err *move(struct ddl *d, const struct cat_proc *p, uint32_t nsp, const char *schema,
                        bool check_owner)
{
    struct depend_list deps = {0};
    const struct object_address self = {PG_PROC, p->oid, 0};
    TRY(check_free(d, p, schema, arena_strndup(d->arena, p->name.data, p->name.len)));
    TRY(depend_of(d->cat, self, d->arena, &deps));
    TRY(depend_forget(d->cat, self));
    for (int i = 0; i < deps.count; i++) {
        struct depend_item *dep = &deps.items[i];
        if (dep->referenced.class_id == PG_NAMESPACE)
            dep->referenced.object_id = nsp;
        TRY(depend_record(d->cat, dep->object, dep->referenced, dep->type));
    }
    return update_proc(d, p->oid, PROC_NSP, datum_int(nsp), check_owner);
}

struct err *ddl_move_function(struct ddl *d, const struct cat_proc *p, uint32_t nsp,
                              const char *schema)
{
    return move(d, p, nsp, schema, false);
}

struct err *ddl_function_schema(struct ddl *d, const PgQuery__AlterObjectSchemaStmt *s)
{
    const struct cat_proc *p;
    uint32_t nsp;
    TRY(ddl_find_function(d, s->object->object_with_args, s->object_type, false, &p));
    TRY(ddl_target_schema(d, s->newschema, &nsp));
    return nsp == p->nsp ? NULL : move(d, p, nsp, s->newschema, true);
}
