/* Access methods of indexes: what each of them can do, and what an index may ask of it.
 *
 * btree is the one that the store is made for. hash and brin indexes are kept in the same order, of
 * which a plan then uses what PostgreSQL's would serve: equality, and comparisons, through row
 * lists. gin has an entry for each item of a value (catalog/inverted.h). */
#include "exec/ddl_internal.h"

#include "catalog/inverted.h"

static const struct index_am access_methods[] = {
    {BTREE_AM, 'i', "oumicsbkan", true}, {HASH_AM, 'h', "sbk", true}, {GIN_AM, 'g', "mb", true},
    {BRIN_AM, 'b', "mbn", true},         {GIST_AM, 0, "mik", false},  {SPGIST_AM, 0, "ik", false},
};

const struct index_am *index_am(uint32_t oid)
{
    for (size_t i = 0; i < ARRAY_LENGTH(access_methods); i++)
        if (access_methods[i].oid == oid)
            return &access_methods[i];
    return NULL;
}

bool index_am_can(const struct index_am *am, char what)
{
    return strchr(am->can, what) != NULL;
}

static const char *am_name(struct arena *a, uint32_t am)
{
    struct str name = builtin_am_name(am);
    return arena_strndup(a, name.data, name.len);
}

static struct err *refuse(const char *name, const char *what)
{
    return err_new("0A000", "access method \"%s\" does not support %s", name, what);
}

struct err *ddl_index_am(struct ddl *d, const PgQuery__IndexStmt *s, const struct index_am **out)
{
    const char *name = s->access_method && *s->access_method ? s->access_method : "btree";
    uint32_t oid = builtin_am(str_from(name));
    if (!oid && strcmp(name, "rtree") == 0) {
        ddl_notice(
            d, "NOTICE",
            err_new("00000", "substituting access method \"gist\" for obsolete method \"rtree\""));
        name = "gist";
        oid = GIST_AM;
    }
    if (!oid)
        return err_new("42704", "access method \"%s\" does not exist", name);
    const struct index_am *am = index_am(oid);
    if (!am)
        return err_new("42809", "access method \"%s\" is not of type INDEX", name);
    if (s->unique && !index_am_can(am, 'u'))
        return refuse(name, "unique indexes");
    if (s->n_index_including_params && !index_am_can(am, 'i'))
        return refuse(name, "included columns");
    if (s->n_index_params > 1 && !index_am_can(am, 'm'))
        return refuse(name, "multicolumn indexes");
    if (!am->supported)
        return err_unsupported("access method \"%s\" is not supported", name);
    *out = am;
    return NULL;
}

struct err *ddl_check_cluster(const struct index *ix)
{
    if (ix->pred_sql)
        return err_new("0A000", "cannot cluster on partial index \"%s\"", ix->name);
    return index_am_can(index_am(ix->am), 'c')
               ? NULL
               : err_new("0A000",
                         "cannot cluster on index \"%s\" because access method does not support "
                         "clustering",
                         ix->name);
}

/* ---- columns ---- */

/* Classes of an access method that is supported, which are not. */
static struct err *check_class(uint32_t am, uint32_t opclass, uint32_t type, struct arena *a)
{
    struct str name = builtin_opclass_name(opclass);
    bool minmax = name.len > 11 && memcmp(name.data + name.len - 11, "_minmax_ops", 11) == 0;
    if (str_eq(name, STR("record_image_ops")) || (am == BRIN_AM && !minmax) ||
        str_eq(name, STR("tsvector_ops")))
        return err_unsupported("operator class \"%.*s\" for access method \"%s\" is not supported",
                               STR_ARG(name), am_name(a, am));
    if (opclass != ARRAY_GIN_OPCLASS || inverted_element(type))
        return NULL;
    const struct cat_type *array = builtin_type(builtin_base_type(type));
    return err_new("42883", "could not identify a comparison function for type %s",
                   type_display(a, array->elem, -1));
}

static struct err *named_class(const PgQuery__IndexElem *elem, uint32_t am, uint32_t type,
                               struct arena *a, uint32_t *out)
{
    const char *name = pg_str(elem->opclass[elem->n_opclass - 1]);
    uint32_t input = 0;
    *out = builtin_opclass(am, str_from(name), &input);
    if (!*out)
        return err_new("42704", "operator class \"%s\" does not exist for access method \"%.*s\"",
                       name, STR_ARG(builtin_am_name(am)));
    const struct cat_cast *cast = builtin_cast(type, input);
    bool same = type == input || (cast && cast->method == 'b' && cast->context == 'i') ||
                (builtin_type(type)->is_array && input == ANYARRAY_OID);
    return same ? NULL
                : err_new("42804", "operator class \"%s\" does not accept data type %s", name,
                          type_display(a, type, -1));
}

struct err *ddl_column_class(struct ddl *d, const PgQuery__IndexElem *elem, uint32_t am,
                             uint32_t type, uint32_t *opclass)
{
    const char *name = am_name(d->arena, am);
    if (elem->n_opclass)
        TRY(named_class(elem, am, type, d->arena, opclass));
    else
        TRY(resolve_opclass(am, type, opclass));
    bool ordered = index_am_can(index_am(am), 'o');
    if (!ordered && elem->ordering != PG_QUERY__SORT_BY_DIR__SORTBY_DEFAULT)
        return refuse(name, "ASC/DESC options");
    if (!ordered && elem->nulls_ordering != PG_QUERY__SORT_BY_NULLS__SORTBY_NULLS_DEFAULT)
        return refuse(name, "NULLS FIRST/LAST options");
    return check_class(am, *opclass, type, d->arena);
}
