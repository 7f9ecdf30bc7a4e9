/* CREATE, ALTER and DROP TYPE: enums, and what all kinds of types share. */
#include "exec/ddl_internal.h"

#include "catalog/acl.h"

#include <math.h>
#include <stdio.h>

enum { LABEL_BYTES = 63 };

/* ---- names ---- */

static PgQuery__RangeVar list_range_var(PgQuery__Node **items, size_t n)
{
    PgQuery__RangeVar rv;
    pg_query__range_var__init(&rv);
    rv.location = -1;
    rv.relname = (char *)pg_str(items[n - 1]);
    if (n > 1)
        rv.schemaname = (char *)pg_str(items[n - 2]);
    return rv;
}

struct err *ddl_new_type_name(struct ddl *d, PgQuery__Node **items, size_t n, uint32_t *nsp,
                              const char **name)
{
    PgQuery__RangeVar rv = list_range_var(items, n);
    uint32_t taken;
    *name = rv.relname;
    TRY(ddl_target_nsp(d, &rv, nsp));
    TRY(cat_type_oid(d->cat, *nsp, str_from(rv.relname), &taken));
    if (!taken)
        return NULL;
    bool is_free;
    TRY(ddl_free_type_name(d->cat, taken, *nsp, rv.relname, &is_free));
    return is_free ? NULL : err_new("42710", "type \"%s\" already exists", rv.relname);
}

struct err *ddl_find_type(struct ddl *d, PgQuery__Node **items, size_t n, uint32_t *oid)
{
    PgQuery__TypeName t;
    int32_t typmod;
    int ndims;
    bool locked;
    pg_query__type_name__init(&t);
    t.names = items;
    t.n_names = n;
    t.typemod = -1;
    t.location = -1;
    TRY(resolve_type_name(d->cat, NULL, &t, oid, &typmod, &ndims));
    if (*oid < FIRST_USER_OID)
        return NULL;
    return txn_lock_table(d->cat->txn, *oid, TXN_SHARE_UPDATE_EXCLUSIVE, TXN_WAIT, &locked);
}

const char *ddl_type_name(struct ddl *d, uint32_t oid)
{
    const char *name = NULL;
    if (oid == BPCHAR_OID) /* "bpchar" is only what a value without a length is cast to */
        return "character";
    if (oid >= FIRST_USER_OID)
        err_free(cat_type_name(d->cat, oid, false, d->arena, &name));
    return name ? name : type_display(d->arena, oid, -1);
}

struct err *ddl_must_own_type(struct ddl *d, uint32_t oid)
{
    struct datum v[TYP_COUNT];
    struct datum key = datum_int(oid);
    bool found = false;
    if (oid >= FIRST_USER_OID)
        TRY(systab_get(d->cat, PG_TYPE, TYPE_OID_INDEX, &key, 1, d->arena, v, &found));
    if (!found)
        return err_new("42501", "permission denied: \"%s\" is a built-in type",
                       ddl_type_name(d, oid));
    const struct role_rights *rights;
    TRY(cat_rights(d->cat, &rights));
    if (!rights_of(rights, (uint32_t)v[TYP_OWNER].u))
        return err_new("42501", "must be owner of type %s", ddl_type_name(d, oid));
    return NULL;
}

/* Types that came with the database are for everybody. */
struct err *ddl_may_use_type(struct ddl *d, uint32_t type)
{
    uint32_t element = element_type_of(type);
    const struct role_rights *rights;
    uint32_t got;
    bool found;
    type = element ? element : type;
    if (type < FIRST_USER_OID)
        return NULL;
    TRY(cat_rights(d->cat, &rights));
    TRY(acl_object_mask(d->cat, rights, PG_TYPE, type, PRIV_USAGE, &got, &found));
    return got || !found
               ? NULL
               : err_new("42501", "permission denied for type %s", ddl_type_name(d, type));
}

struct err *ddl_may_use_types(struct ddl *d, const struct ddl_column *cols, int n)
{
    for (int i = 0; i < n; i++)
        TRY(ddl_may_use_type(d, cols[i].type));
    return NULL;
}

/* ---- enums ---- */

static struct err *check_label(const char *label)
{
    if (strlen(label) <= LABEL_BYTES)
        return NULL;
    return err_detail(err_new("42602", "invalid enum label \"%s\"", label),
                      "Labels must be %d bytes or less.", LABEL_BYTES);
}

struct err *ddl_create_enum(struct ddl *d, const PgQuery__CreateEnumStmt *s)
{
    struct ddl_type_def def = {.kind = 'e', .owner = d->cat->role, .typmod = -1};
    uint32_t oid;
    TRY(ddl_new_type_name(d, s->type_name, s->n_type_name, &def.nsp, &def.name));
    TRY(ddl_create_type(d->cat, &def, &oid));
    for (size_t i = 0; i < s->n_vals; i++) {
        const char *label = pg_str(s->vals[i]);
        TRY(check_label(label));
        TRY(ddl_add_enum_label(d->cat, oid, (float)(i + 1), label));
    }
    return NULL;
}

static int find_label(const struct enum_label *labels, int n, const char *label)
{
    for (int i = 0; i < n; i++)
        if (strcmp(labels[i].label, label) == 0)
            return i;
    return -1;
}

/* A place between two labels, or beyond one of them. Keys of indexes hold the place, so it is never
 * changed. The middle at first; then, when the gap has become narrow, near the far end of it, so
 * that many labels can be added at the same spot. `fixed_high`: the next one is likely to be put
 * below `high` again. */
static bool place_between(float low, float high, bool fixed_high, float *out)
{
    const float narrow = 1.0F / 64;
    float gap = high - low;
    float step = gap > narrow ? gap / 2 : gap / 32;
    float place = fixed_high ? low + step : high - step;
    if (place <= low || place >= high)
        place = low + gap / 2;
    *out = place;
    return place > low && place < high;
}

static struct err *choose_place(const struct enum_label *labels, int n,
                                const PgQuery__AlterEnumStmt *s, float *out)
{
    const char *neighbor = s->new_val_neighbor;
    bool ok = true;
    if (!neighbor || !*neighbor) {
        *out = n ? labels[n - 1].sort_order + 1 : 1;
    } else {
        int at = find_label(labels, n, neighbor);
        if (at < 0)
            return err_new("22023", "\"%s\" is not an existing enum label", neighbor);
        int low = s->new_val_is_after ? at : at - 1;
        if (low < 0)
            *out = labels[0].sort_order - 1;
        else if (low == n - 1)
            *out = labels[low].sort_order + 1;
        else
            ok = place_between(labels[low].sort_order, labels[low + 1].sort_order,
                               !s->new_val_is_after, out);
    }
    return ok ? NULL
              : err_detail(err_new("54000", "too many values were added at one place of the enum"),
                           "There is no room left between the neighbors of \"%s\".", s->new_val);
}

static struct err *add_value(struct ddl *d, uint32_t oid, const struct enum_label *labels, int n,
                             const PgQuery__AlterEnumStmt *s)
{
    float place = 0;
    TRY(check_label(s->new_val));
    if (find_label(labels, n, s->new_val) >= 0) {
        if (!s->skip_if_new_val_exists)
            return err_new("42710", "enum label \"%s\" already exists", s->new_val);
        ddl_notice(d, "NOTICE",
                   err_new("42710", "enum label \"%s\" already exists, skipping", s->new_val));
        return NULL;
    }
    TRY(choose_place(labels, n, s, &place));
    return ddl_add_enum_label(d->cat, oid, place, s->new_val);
}

static struct err *rename_value(struct ddl *d, const struct enum_label *labels, int n,
                                const PgQuery__AlterEnumStmt *s)
{
    TRY(check_label(s->new_val));
    int at = find_label(labels, n, s->old_val);
    if (at < 0)
        return err_new("22023", "\"%s\" is not an existing enum label", s->old_val);
    if (find_label(labels, n, s->new_val) >= 0)
        return err_new("42710", "enum label \"%s\" already exists", s->new_val);
    return ddl_rename_enum_label(d->cat, labels[at].oid, s->new_val);
}

struct err *ddl_alter_enum(struct ddl *d, const PgQuery__AlterEnumStmt *s)
{
    struct enum_label *labels;
    uint32_t oid;
    int n;
    TRY(ddl_find_type(d, s->type_name, s->n_type_name, &oid));
    if (builtin_type(oid)->kind != 'e')
        return err_new("42809", "%s is not an enum", ddl_type_name(d, oid));
    TRY(ddl_must_own_type(d, oid));
    TRY(cat_enum_labels(d->cat, oid, d->arena, &labels, &n));
    return s->old_val && *s->old_val ? rename_value(d, labels, n, s)
                                     : add_value(d, oid, labels, n, s);
}

/* ---- RENAME, SET SCHEMA, OWNER ---- */

/* *relid: of a composite type. */
static struct err *target(struct ddl *d, const PgQuery__Node *object, bool domain, uint32_t *oid,
                          uint32_t *relid)
{
    const PgQuery__List *l = object->list;
    TRY(ddl_find_type(d, l->items, l->n_items, oid));
    const struct cat_type *t = builtin_type(*oid);
    if (domain && t->kind != 'd')
        return err_new("42809", "%s is not a domain", ddl_type_name(d, *oid));
    if (t->is_array && *oid >= FIRST_USER_OID)
        return err_hint(err_new("42809", "cannot alter array type %s", ddl_type_name(d, *oid)),
                        "You can alter type %s, which will alter the array type as well.",
                        ddl_type_name(d, t->elem));
    *relid = t->kind == 'c' ? t->relid : 0;
    if (*relid) {
        struct relation *r;
        TRY(cat_relation(d->cat, *relid, &r));
        bool table = r && r->kind != 'c';
        relation_unref(r);
        if (table)
            return err_hint(err_new("42809", "%s is a table's row type", ddl_type_name(d, *oid)),
                            "Use ALTER TABLE instead.");
    }
    return ddl_must_own_type(d, *oid);
}

struct err *ddl_rename_type_stmt(struct ddl *d, const PgQuery__RenameStmt *s)
{
    uint32_t oid;
    uint32_t relid;
    uint32_t taken;
    TRY(target(d, s->object, s->rename_type == PG_QUERY__OBJECT_TYPE__OBJECT_DOMAIN, &oid, &relid));
    TRY(cat_type_oid(d->cat, builtin_type(oid)->nsp, str_from(s->newname), &taken));
    if (taken)
        return err_new("42710", "type \"%s\" already exists", s->newname);
    return relid ? ddl_update_class(d->cat, relid, CLS_NAME, cstr_datum(s->newname))
                 : ddl_rename_type(d->cat, oid, s->newname);
}

struct err *ddl_move_type_stmt(struct ddl *d, const PgQuery__AlterObjectSchemaStmt *s)
{
    uint32_t oid;
    uint32_t relid;
    uint32_t nsp;
    uint32_t taken;
    TRY(target(d, s->object, s->object_type == PG_QUERY__OBJECT_TYPE__OBJECT_DOMAIN, &oid, &relid));
    const struct cat_type *t = builtin_type(oid);
    TRY(ddl_target_schema(d, s->newschema, &nsp));
    if (nsp == t->nsp)
        return NULL;
    TRY(cat_type_oid(d->cat, nsp, t->name, &taken));
    if (taken)
        return err_new("42710", "type \"%.*s\" already exists in schema \"%s\"", STR_ARG(t->name),
                       s->newschema);
    return relid ? ddl_update_class(d->cat, relid, CLS_NSP, datum_int(nsp))
                 : ddl_move_type(d->cat, oid, nsp);
}

struct err *ddl_own_type_stmt(struct ddl *d, const PgQuery__AlterOwnerStmt *s)
{
    uint32_t oid;
    uint32_t relid;
    uint32_t role;
    TRY(ddl_role(d, s->newowner, &role));
    TRY(target(d, s->object, s->object_type == PG_QUERY__OBJECT_TYPE__OBJECT_DOMAIN, &oid, &relid));
    struct datum key = datum_int(oid);
    struct datum v[TYP_COUNT];
    bool found;
    TRY(systab_get(d->cat, PG_TYPE, TYPE_OID_INDEX, &key, 1, d->arena, v, &found));
    if (!found || (uint32_t)v[TYP_OWNER].u == role)
        return NULL;
    TRY(ddl_give(d, builtin_type(oid)->nsp, (uint32_t)v[TYP_OWNER].u, role, &v[TYP_ACL]));
    if (relid)
        TRY(ddl_update_class(d->cat, relid, CLS_OWNER, datum_int(role)));
    TRY(ddl_update_type(d->cat, oid, TYP_ACL, v[TYP_ACL]));
    TRY(ddl_update_type(d->cat, oid, TYP_OWNER, datum_int(role)));
    return ddl_update_type(d->cat, builtin_type(oid)->array, TYP_OWNER, datum_int(role));
}

/* ---- DROP ---- */

static struct err *skip_missing(struct ddl *d, const PgQuery__TypeName *t)
{
    const char *name = pg_str(t->names[t->n_names - 1]);
    const char *nsp = t->n_names > 1 ? pg_str(t->names[t->n_names - 2]) : NULL;
    uint32_t oid = 1;
    if (nsp)
        TRY(cat_namespace_oid(d->cat, str_from(nsp), &oid));
    if (!oid)
        ddl_notice(d, "NOTICE", err_new("00000", "schema \"%s\" does not exist, skipping", nsp));
    else
        ddl_notice(d, "NOTICE",
                   err_new("00000", "type \"%s%s%s\" does not exist, skipping", nsp ? nsp : "",
                           nsp ? "." : "", name));
    return NULL;
}

static struct err *drop_target(struct ddl *d, const PgQuery__TypeName *t, bool domain,
                               bool missing_ok, struct object_address *out, bool *found)
{
    uint32_t oid;
    struct err *e = ddl_find_type(d, t->names, t->n_names, &oid);
    *found = false;
    if (e && missing_ok && (err_is(e, "42704") || err_is(e, "3F000"))) {
        err_free(e);
        return skip_missing(d, t);
    }
    TRY(e);
    if (domain && builtin_type(oid)->kind != 'd')
        return err_new("42809", "\"%s\" is not a domain", pg_str(t->names[t->n_names - 1]));
    if (oid < FIRST_USER_OID)
        return err_new("2BP01", "cannot drop type %s because it is required by the database system",
                       ddl_type_name(d, oid));
    TRY(ddl_must_own_type(d, oid));
    *out = (struct object_address){PG_TYPE, oid, 0};
    *found = true;
    return NULL;
}

struct err *ddl_drop_types(struct ddl *d, const PgQuery__DropStmt *s)
{
    struct object_address *list =
        arena_new_array(d->arena, struct object_address, s->n_objects + 1);
    bool domain = s->remove_type == PG_QUERY__OBJECT_TYPE__OBJECT_DOMAIN;
    int n = 0;
    for (size_t i = 0; i < s->n_objects; i++) {
        bool found;
        TRY(drop_target(d, s->objects[i]->type_name, domain, s->missing_ok, &list[n], &found));
        n += found;
    }
    return n ? ddl_drop_objects(d, list, n, s->behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE)
             : NULL;
}
