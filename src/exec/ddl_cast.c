/* CREATE CAST, DROP CAST. */
#include "exec/ddl_internal.h"

static struct err *type_of(struct ddl *d, const PgQuery__TypeName *t, uint32_t *out)
{
    int32_t typmod;
    int ndims;
    return ddl_no_position(resolve_type_name(d->cat, d->sql, t, out, &typmod, &ndims));
}

static struct err *check_type(struct ddl *d, uint32_t type, const char *which)
{
    const struct cat_type *t = builtin_type(type);
    if (t->kind == 'p')
        return err_new("42809", "%s data type %s is a pseudo-type", which, ddl_type_name(d, type));
    if (t->kind == 'd')
        ddl_notice(
            d, "WARNING",
            err_new("42809", "cast will be ignored because the %s data type is a domain", which));
    return NULL;
}

static bool is_binary(uint32_t from, uint32_t to)
{
    const struct cat_cast *c = builtin_cast(from, to);
    return from == to || (c && c->method == 'b') || builtin_base_type(from) == to;
}

/* ---- WITH FUNCTION ---- */

static struct err *check_function(const struct cat_proc *p, struct cat_cast *cast)
{
    if (p->nargs < 1 || p->nargs > 3)
        return err_new("42P17", "cast function must take one to three arguments");
    if (!is_binary(cast->source, p->argtypes[0]))
        return err_new("42P17", "argument of cast function must match or be binary-coercible from "
                                "source data type");
    if (p->nargs > 1 && p->argtypes[1] != INT4_OID)
        return err_new("42P17", "second argument of cast function must be type %s", "integer");
    if (p->nargs > 2 && p->argtypes[2] != BOOL_OID)
        return err_new("42P17", "third argument of cast function must be type %s", "boolean");
    if (!is_binary(p->rettype, cast->target))
        return err_new("42P17", "return data type of cast function must match or be "
                                "binary-coercible to target data type");
    if (p->kind != 'f')
        return err_new("42P17", "cast function must be a normal function");
    if (p->retset)
        return err_new("42P17", "cast function must not return a set");
    cast->method = 'f';
    cast->proc = p->oid;
    return NULL;
}

static struct err *cast_function(struct ddl *d, const PgQuery__ObjectWithArgs *o,
                                 struct cat_cast *cast)
{
    const char *name = pg_str(o->objname[o->n_objname - 1]);
    const struct cat_proc *p = NULL;
    uint32_t types[3];
    int n;
    const struct cat_proc *all = builtin_procs(str_from(name), &n);
    for (size_t i = 0; i < o->n_objargs && i < 3; i++)
        TRY(type_of(d, o->objargs[i]->type_name, &types[i]));
    for (int i = 0; i < n && o->n_objargs <= 3; i++)
        if ((size_t)all[i].nargs == o->n_objargs &&
            memcmp(all[i].argtypes, types, sizeof(*types) * o->n_objargs) == 0)
            p = &all[i];
    if (!p)
        TRY(ddl_find_function(d, o, PG_QUERY__OBJECT_TYPE__OBJECT_FUNCTION, false, &p));
    return check_function(p, cast);
}

/* ---- WITHOUT FUNCTION ---- */

static struct err *check_binary(struct cat_cast *cast)
{
    const struct type_ops *from = type_by_oid(cast->source);
    const struct type_ops *to = type_by_oid(cast->target);
    const struct cat_type *s = builtin_type(cast->source);
    const struct cat_type *t = builtin_type(cast->target);
    if (!from || !to || s->len != t->len || from->byval != to->byval || from->len != to->len)
        return err_new("42P17", "source and target data types are not physically compatible");
    if (s->kind == 'c' || t->kind == 'c')
        return err_new("42P17", "composite data types are not binary-compatible");
    if (s->kind == 'e' || t->kind == 'e')
        return err_new("42P17", "enum data types are not binary-compatible");
    if (s->is_array || t->is_array)
        return err_new("42P17", "array data types are not binary-compatible");
    if (s->kind == 'd' || t->kind == 'd')
        return err_new("42P17", "domain data types must not be marked binary-compatible");
    cast->method = 'b';
    return NULL;
}

/* ---- the statements ---- */

static struct err *depends(struct ddl *d, uint32_t oid, const struct cat_cast *cast)
{
    const struct object_address self = {PG_CAST, oid, 0};
    const struct object_address on[] = {
        {PG_TYPE, cast->source, 0}, {PG_TYPE, cast->target, 0}, {PG_PROC, cast->proc, 0}};
    for (size_t i = 0; i < ARRAY_LENGTH(on); i++)
        if (on[i].object_id >= FIRST_USER_OID)
            TRY(depend_record(d->cat, self, on[i], DEPEND_NORMAL));
    return ddl_add_member(d, self);
}

/* Of one of the two types. */
static struct err *must_own(struct ddl *d, const struct cat_cast *cast)
{
    struct err *source = ddl_must_own_type(d, cast->source);
    struct err *target = source ? ddl_must_own_type(d, cast->target) : NULL;
    bool denied = source && target;
    err_free(source);
    err_free(target);
    if (denied && !d->s->superuser)
        return err_new("42501", "must be owner of type %s or type %s",
                       ddl_type_name(d, cast->source), ddl_type_name(d, cast->target));
    TRY(ddl_may_use_type(d, cast->source));
    return ddl_may_use_type(d, cast->target);
}

struct err *ddl_create_cast_stmt(struct ddl *d, const PgQuery__CreateCastStmt *s)
{
    struct cat_cast cast = {0};
    uint32_t oid;
    TRY(type_of(d, s->sourcetype, &cast.source));
    TRY(type_of(d, s->targettype, &cast.target));
    TRY(check_type(d, cast.source, "source"));
    TRY(check_type(d, cast.target, "target"));
    TRY(must_own(d, &cast));
    TRY(cat_load_casts(d->cat));
    if (!s->func && !s->inout && !d->s->superuser)
        return err_new("42501", "must be superuser to create a cast WITHOUT FUNCTION");
    if (s->func)
        TRY(cast_function(d, s->func, &cast));
    else if (s->inout)
        cast.method = 'i';
    else
        TRY(check_binary(&cast));
    if (cast.source == cast.target && (cast.method != 'f' || builtin_proc(cast.proc)->nargs < 2))
        return err_new("42P17", "source data type and target data type are the same");
    if (cast.source < FIRST_USER_OID && cast.target < FIRST_USER_OID)
        return err_unsupported("casts between built-in types are not supported");
    cast.context = s->context == PG_QUERY__COERCION_CONTEXT__COERCION_IMPLICIT     ? 'i'
                   : s->context == PG_QUERY__COERCION_CONTEXT__COERCION_ASSIGNMENT ? 'a'
                                                                                   : 'e';
    if (builtin_cast(cast.source, cast.target))
        return err_new("42710", "cast from type %s to type %s already exists",
                       ddl_type_name(d, cast.source), ddl_type_name(d, cast.target));
    TRY(ddl_create_cast(d->cat, &cast, &oid));
    return depends(d, oid, &cast);
}

static struct err *find(struct ddl *d, uint32_t source, uint32_t target, uint32_t *oid)
{
    struct datum keys[2] = {datum_int(source), datum_int(target)};
    struct datum v[CAST_COUNT];
    bool found;
    TRY(systab_get(d->cat, PG_CAST, CAST_SOURCE_TARGET_INDEX, keys, 2, d->arena, v, &found));
    *oid = found ? (uint32_t)v[CAST_OID].u : 0;
    return NULL;
}

/* As it was written, for a notice. */
static const char *written(struct ddl *d, const PgQuery__TypeName *t)
{
    const char *s = "";
    for (size_t i = 0; i < t->n_names; i++)
        s = arena_printf(d->arena, "%s%s%s", s, i ? "." : "", pg_str(t->names[i]));
    return s;
}

struct err *ddl_find_cast(struct ddl *d, const PgQuery__Node *object, bool missing_ok,
                          struct object_address *out)
{
    const PgQuery__TypeName *from = object->list->items[0]->type_name;
    const PgQuery__TypeName *to = object->list->items[1]->type_name;
    uint32_t source;
    uint32_t target;
    *out = (struct object_address){PG_CAST, 0, 0};
    struct err *e = type_of(d, from, &source);
    if (!e)
        e = type_of(d, to, &target);
    if (missing_ok && (err_is(e, "42704") || err_is(e, "3F000"))) {
        ddl_notice(d, "NOTICE", err_new("00000", "%s, skipping", e->message));
        err_free(e);
        return NULL;
    }
    TRY(e);
    TRY(find(d, source, target, &out->object_id));
    if (out->object_id)
        return NULL;
    if (!missing_ok)
        return err_new("42704", "cast from type %s to type %s does not exist",
                       ddl_type_name(d, source), ddl_type_name(d, target));
    ddl_notice(d, "NOTICE",
               err_new("00000", "cast from type %s to type %s does not exist, skipping",
                       written(d, from), written(d, to)));
    return NULL;
}

struct err *ddl_drop_cast(struct ddl *d, const PgQuery__DropStmt *s)
{
    struct object_address o;
    TRY(ddl_find_cast(d, s->objects[0], s->missing_ok, &o));
    if (!o.object_id)
        return NULL;
    if (o.object_id < FIRST_USER_OID)
        return err_new("2BP01", "cannot drop a cast because it is required by the database system");
    return ddl_drop_objects(d, &o, 1, s->behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE);
}

struct err *ddl_describe_cast(struct ddl *d, uint32_t oid, struct buf *out)
{
    struct datum key = datum_int(oid);
    struct datum v[CAST_COUNT];
    bool found;
    TRY(systab_get(d->cat, PG_CAST, CAST_OID_INDEX, &key, 1, d->arena, v, &found));
    const struct datum *row = v;
    if (!found)
        TRY(systab_builtin_row(PG_CAST, oid, &row));
    if (row)
        buf_printf(out, "cast from %s to %s", ddl_type_name(d, (uint32_t)row[CAST_SOURCE].u),
                   ddl_type_name(d, (uint32_t)row[CAST_TARGET].u));
    else
        buf_printf(out, "cast %u", oid);
    return NULL;
}
