/* Composite types: CREATE TYPE ... AS (...), ALTER TYPE ... ATTRIBUTE. Their attributes are columns
 * of a relation of kind 'c', which has no rows. */
#include "exec/ddl_internal.h"

#include <stdio.h>

static struct err *make_fields(struct ddl *d, const PgQuery__CompositeTypeStmt *s,
                               struct ddl_column *cols)
{
    for (size_t i = 0; i < s->n_coldeflist; i++) {
        const PgQuery__ColumnDef *def = s->coldeflist[i]->column_def;
        const char *serial;
        cols[i] = (struct ddl_column){.name = def->colname, .typmod = -1};
        for (size_t k = 0; k < i; k++)
            if (strcmp(cols[k].name, def->colname) == 0)
                return err_new("42701", "column \"%s\" specified more than once", def->colname);
        struct err *e = ddl_type(d, def->type_name, &cols[i], &serial);
        if (e) {
            e->position = 0;
            return e;
        }
        if (serial)
            return err_new("42704", "type \"%s\" does not exist", serial);
        TRY(ddl_collation(d, def, &cols[i]));
    }
    return NULL;
}

struct err *ddl_create_composite(struct ddl *d, const PgQuery__CompositeTypeStmt *s)
{
    const PgQuery__RangeVar *rv = s->typevar;
    struct ddl_relation def = {.name = rv->relname,
                               .kind = 'c',
                               .persistence = 'p',
                               .owner = d->cat->role,
                               .ncolumns = (int)s->n_coldeflist};
    struct ddl_column *cols = arena_new_array(d->arena, struct ddl_column, s->n_coldeflist + 1);
    uint32_t taken;
    uint32_t oid;
    bool skip;
    TRY(ddl_target_nsp(d, rv, &def.nsp));
    TRY(cat_type_oid(d->cat, def.nsp, str_from(rv->relname), &taken));
    if (taken)
        return err_new("42710", "type \"%s\" already exists", rv->relname);
    TRY(ddl_check_name(d, def.nsp, rv->relname, false, &skip));
    TRY(make_fields(d, s, cols));
    TRY(ddl_may_use_types(d, cols, (int)s->n_coldeflist));
    def.columns = cols;
    return ddl_create_relation(d->cat, &def, &oid);
}

/* ---- ALTER TYPE ... ATTRIBUTE ---- */

/* A table's column that holds values of the type, or arrays of them. */
static struct err *check_unused(struct ddl *d, const struct relation *r, uint32_t type)
{
    struct depend_list deps = {0};
    TRY(depend_on(d->cat, (struct object_address){PG_TYPE, type, 0}, d->arena, &deps));
    for (int i = 0; i < deps.count; i++) {
        struct object_address o = deps.items[i].object;
        struct relation *user;
        if (o.class_id == PG_TYPE)
            TRY(check_unused(d, r, o.object_id));
        if (o.class_id != PG_CLASS || !o.sub_id)
            continue;
        TRY(cat_relation(d->cat, o.object_id, &user));
        if (!user)
            continue;
        struct err *e = NULL;
        if (user->kind == 'c')
            e = check_unused(d, r, user->row_type);
        else
            e = err_new("0A000", "cannot alter type \"%s\" because column \"%s.%s\" uses it",
                        r->name, user->name, user->atts[o.sub_id - 1].name);
        relation_unref(user);
        TRY(e);
    }
    return NULL;
}

struct err *ddl_alter_attribute_type(struct ddl *d, struct relation **rel,
                                     const PgQuery__AlterTableCmd *cmd)
{
    const PgQuery__ColumnDef *def = cmd->def->column_def;
    const struct relation *r = *rel;
    struct ddl_column col = {.name = cmd->name, .typmod = -1};
    const char *serial;
    int att = relation_attnum(r, str_from(cmd->name));
    if (!att)
        return err_new("42703", "column \"%s\" of relation \"%s\" does not exist", cmd->name,
                       r->name);
    TRY(ddl_type(d, def->type_name, &col, &serial));
    TRY(ddl_may_use_type(d, col.type));
    TRY(ddl_collation(d, def, &col));
    TRY(check_unused(d, r, r->row_type));
    TRY(ddl_replace_column(d->cat, r->oid, att, &col));
    return ddl_reopen(d, rel);
}

struct err *ddl_rename_attribute(struct ddl *d, const PgQuery__RenameStmt *s)
{
    struct relation *r;
    TRY(ddl_open(d, s->relation, TXN_ACCESS_EXCLUSIVE, false, &r));
    struct err *e = ddl_must_own(d, r);
    int att = relation_attnum(r, str_from(s->subname));
    if (!e && r->kind != 'c')
        e = err_new("42809", "\"%s\" is not a composite type", r->name);
    else if (!e && !att)
        e = err_new("42703", "column \"%s\" does not exist", s->subname);
    else if (!e && relation_attnum(r, str_from(s->newname)))
        e = err_new("42701", "column \"%s\" of relation \"%s\" already exists", s->newname,
                    r->name);
    if (!e)
        e = ddl_update_attribute(d->cat, r->oid, att, ATT_NAME, cstr_datum(s->newname));
    relation_unref(r);
    return e;
}
