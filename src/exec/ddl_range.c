/* CREATE TYPE ... AS RANGE. */
#include "exec/ddl_internal.h"

#include "types/collation.h"

#include <stdio.h>

const char *ddl_option_name(struct ddl *d, const PgQuery__DefElem *o)
{
    if (o->arg && o->arg->node_case == PG_QUERY__NODE__NODE_TYPE_NAME)
        return pg_str(o->arg->type_name->names[o->arg->type_name->n_names - 1]);
    if (o->arg && o->arg->node_case == PG_QUERY__NODE__NODE_LIST)
        return pg_str(o->arg->list->items[o->arg->list->n_items - 1]);
    return o->arg ? arena_strdup(d->arena, pg_str(o->arg)) : "";
}

struct range_options {
    const PgQuery__DefElem *subtype;
    const PgQuery__DefElem *opclass;
    const PgQuery__DefElem *collation;
    const PgQuery__DefElem *canonical;
    const PgQuery__DefElem *subdiff;
    const PgQuery__DefElem *multirange;
};

static struct err *read_options(struct ddl *d, const PgQuery__CreateRangeStmt *s,
                                struct range_options *out)
{
    const struct {
        const char *name;
        const PgQuery__DefElem **value;
    } known[] = {{"subtype", &out->subtype},      {"subtype_opclass", &out->opclass},
                 {"collation", &out->collation},  {"canonical", &out->canonical},
                 {"subtype_diff", &out->subdiff}, {"multirange_type_name", &out->multirange}};
    *out = (struct range_options){0};
    for (size_t i = 0; i < s->n_params; i++) {
        const PgQuery__DefElem *o = s->params[i]->def_elem;
        const PgQuery__DefElem **slot = NULL;
        for (size_t k = 0; k < ARRAY_LENGTH(known); k++)
            if (strcmp(known[k].name, o->defname) == 0)
                slot = known[k].value;
        if (!slot)
            return err_new("42601", "type attribute \"%s\" not recognized", o->defname);
        if (*slot)
            return ddl_at(d, err_new("42601", "conflicting or redundant options"), o->location);
        *slot = o;
    }
    if (!out->subtype)
        return err_new("42601", "type attribute \"subtype\" is required");
    if (out->canonical)
        return err_unsupported("range types with a canonical function are not supported");
    return NULL;
}

static struct err *subtype_of(struct ddl *d, const struct range_options *o,
                              struct ddl_type_def *def)
{
    uint32_t family;
    uint32_t input;
    int32_t typmod;
    int ndims;
    if (o->subtype->arg->node_case != PG_QUERY__NODE__NODE_TYPE_NAME)
        return err_new("42601", "argument of subtype must be a type name");
    TRY(resolve_type_name(d->cat, NULL, o->subtype->arg->type_name, &def->basetype, &typmod,
                          &ndims));
    const struct cat_type *t = builtin_type(def->basetype);
    if (t->kind == 'p')
        return err_new("42804", "range subtype cannot be %s",
                       type_display(d->arena, def->basetype, -1));
    TRY(ddl_may_use_type(d, def->basetype));
    uint32_t opclass = builtin_default_opclass(BTREE_AM, def->basetype, &family, &input);
    if (opclass && o->opclass &&
        builtin_opclass(BTREE_AM, str_from(ddl_option_name(d, o->opclass)), &input) != opclass)
        return err_unsupported("range types with an operator class other than the default one are "
                               "not supported");
    if (!opclass)
        return err_hint(err_new("42704",
                                "data type %s has no default operator class for access method "
                                "\"btree\"",
                                type_display(d->arena, def->basetype, -1)),
                        "You must specify an operator class for the range type or define a default "
                        "operator class for the subtype.");
    if (!t->ops || !t->ops->key)
        return err_unsupported("ranges over type %s are not supported",
                               type_display(d->arena, def->basetype, -1));
    def->opclass = opclass;
    def->collation = t->collation;
    return NULL;
}

static struct err *difference_of(struct ddl *d, const struct range_options *o,
                                 struct ddl_type_def *def)
{
    int n;
    if (!o->subdiff)
        return NULL;
    const char *name = ddl_option_name(d, o->subdiff);
    const struct cat_proc *procs = builtin_procs(str_from(name), &n);
    for (int i = 0; i < n; i++)
        if (procs[i].nargs == 2 && procs[i].argtypes[0] == def->basetype &&
            procs[i].argtypes[1] == def->basetype && procs[i].rettype == FLOAT8_OID)
            def->subdiff = procs[i].oid;
    if (def->subdiff)
        return NULL;
    const char *type = type_display(d->arena, def->basetype, -1);
    return err_new("42883", "function %s(%s, %s) does not exist", name, type, type);
}

/* floatrange: floatmultirange; others get _multirange behind. */
static const char *multirange_name(struct ddl *d, const char *name)
{
    const char *at = strstr(name, "range");
    if (at)
        return arena_printf(d->arena, "%.*smulti%s", (int)(at - name), name, at);
    return arena_printf(d->arena, "%.52s_multirange", name);
}

struct err *ddl_create_range(struct ddl *d, const PgQuery__CreateRangeStmt *s)
{
    struct ddl_type_def def = {.kind = 'r', .owner = d->cat->role, .typmod = -1};
    struct range_options o;
    uint32_t oid;
    uint32_t taken;
    TRY(ddl_new_type_name(d, s->type_name, s->n_type_name, &def.nsp, &def.name));
    TRY(read_options(d, s, &o));
    TRY(subtype_of(d, &o, &def));
    if (o.collation) {
        if (!def.collation)
            return err_new("42809",
                           "range collation specified but subtype does not support collation");
        TRY(cat_find_collation(d->cat, STR(""), str_from(ddl_option_name(d, o.collation)),
                               &def.collation));
        if (!def.collation)
            return err_new("42704", "collation \"%s\" for encoding \"UTF8\" does not exist",
                           ddl_option_name(d, o.collation));
        if (collation_orders(def.collation))
            return err_unsupported("a range type with an ICU collation is not supported");
    }
    TRY(difference_of(d, &o, &def));
    def.multirange_name =
        o.multirange ? ddl_option_name(d, o.multirange) : multirange_name(d, def.name);
    TRY(cat_type_oid(d->cat, def.nsp, str_from(def.multirange_name), &taken));
    if (taken)
        return o.multirange
                   ? err_new("42710", "type \"%s\" already exists", def.multirange_name)
                   : err_hint(err_detail(err_new("42710", "type \"%s\" already exists",
                                                 def.multirange_name),
                                         "Failed while creating a multirange type for type \"%s\".",
                                         def.name),
                              "You can manually specify a multirange type name using the "
                              "\"multirange_type_name\" attribute.");
    return ddl_create_type(d->cat, &def, &oid);
}
