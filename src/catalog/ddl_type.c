/* Writing pg_type and pg_enum: see ddl.h. */
#include "catalog/ddl.h"

#include "catalog/acl.h"

#include "catalog/relation_internal.h"
#include "catalog/systab.h"
#include "types/quote.h"

static struct datum text_datum(const char *s)
{
    return s ? datum_bytes(s, strlen(s)) : datum_null();
}

static struct datum proc_datum(const char *name)
{
    int n;
    const struct cat_proc *p = builtin_procs(str_from(name), &n);
    return datum_int(n ? p->oid : 0);
}

/* ---- rows ---- */

/* The cell of a built-in type's row, as a number. */
static struct err *type_row(struct cat *c, uint32_t oid, struct arena *a, struct datum *v)
{
    const struct datum *rows;
    struct datum key = datum_int(oid);
    int n;
    bool found;
    TRY(systab_builtin_rows(PG_TYPE, &rows, &n));
    for (int i = 0; oid < FIRST_USER_OID && i < n; i++)
        if (rows[i * TYP_COUNT + TYP_OID].u == oid) {
            memcpy(v, &rows[i * TYP_COUNT], sizeof(*v) * TYP_COUNT);
            return NULL;
        }
    TRY(systab_get(c, PG_TYPE, TYPE_OID_INDEX, &key, 1, a, v, &found));
    return found ? NULL : err_new("XX000", "cache lookup failed for type %u", oid);
}

static void common_columns(const struct ddl_type_def *def, uint32_t oid, const char *name,
                           struct datum *v)
{
    for (int i = 0; i < TYP_COUNT; i++)
        v[i] = datum_int(0);
    v[TYP_OID] = datum_int(oid);
    v[TYP_NAME] = text_datum(name);
    v[TYP_NSP] = datum_int(def->nsp);
    v[TYP_OWNER] = datum_int(def->owner);
    v[TYP_LEN] = datum_int(-1);
    v[TYP_DEFINED] = datum_bool(true);
    v[TYP_DELIM] = datum_int(',');
    v[TYP_ALIGN] = datum_int('i');
    v[TYP_STORAGE] = datum_int('x');
    v[TYP_TYPMOD] = datum_int(-1);
    v[TYP_DEFAULTBIN] = v[TYP_DEFAULT] = v[TYP_ACL] = datum_null();
}

static void enum_columns(struct datum *v)
{
    v[TYP_LEN] = datum_int(4);
    v[TYP_BYVAL] = datum_bool(true);
    v[TYP_CATEGORY] = datum_int('E');
    v[TYP_INPUT] = proc_datum("enum_in");
    v[TYP_OUTPUT] = proc_datum("enum_out");
    v[TYP_RECEIVE] = proc_datum("enum_recv");
    v[TYP_SEND] = proc_datum("enum_send");
    v[TYP_STORAGE] = datum_int('p');
}

static void composite_columns(const struct ddl_type_def *def, struct datum *v)
{
    v[TYP_CATEGORY] = datum_int('C');
    v[TYP_RELID] = datum_int(def->relid);
    v[TYP_INPUT] = proc_datum("record_in");
    v[TYP_OUTPUT] = proc_datum("record_out");
    v[TYP_RECEIVE] = proc_datum("record_recv");
    v[TYP_SEND] = proc_datum("record_send");
    v[TYP_ALIGN] = datum_int('d');
}

static struct err *domain_columns(struct cat *c, const struct ddl_type_def *def, struct arena *a,
                                  struct datum *v)
{
    static const int inherited[] = {TYP_LEN,  TYP_BYVAL,   TYP_CATEGORY, TYP_DELIM,  TYP_OUTPUT,
                                    TYP_SEND, TYP_ANALYZE, TYP_ALIGN,    TYP_STORAGE};
    struct datum base[TYP_COUNT];
    TRY(type_row(c, def->basetype, a, base));
    for (size_t i = 0; i < ARRAY_LENGTH(inherited); i++)
        v[inherited[i]] = base[inherited[i]];
    v[TYP_INPUT] = proc_datum("domain_in");
    v[TYP_RECEIVE] = proc_datum("domain_recv");
    v[TYP_NOTNULL] = datum_bool(def->not_null);
    v[TYP_BASETYPE] = datum_int(def->basetype);
    v[TYP_TYPMOD] = datum_int(def->typmod);
    v[TYP_NDIMS] = datum_int(def->ndims);
    v[TYP_COLLATION] = datum_int(def->collation);
    v[TYP_DEFAULTBIN] = v[TYP_DEFAULT] = text_datum(def->default_sql);
    return NULL;
}

static struct err *range_columns(struct cat *c, const struct ddl_type_def *def, struct arena *a,
                                 bool multirange, struct datum *v)
{
    struct datum sub[TYP_COUNT];
    TRY(type_row(c, def->basetype, a, sub));
    v[TYP_TYPE] = datum_int(multirange ? 'm' : 'r');
    v[TYP_CATEGORY] = datum_int('R');
    v[TYP_INPUT] = proc_datum(multirange ? "multirange_in" : "range_in");
    v[TYP_OUTPUT] = proc_datum(multirange ? "multirange_out" : "range_out");
    v[TYP_RECEIVE] = proc_datum(multirange ? "multirange_recv" : "range_recv");
    v[TYP_SEND] = proc_datum(multirange ? "multirange_send" : "range_send");
    v[TYP_ANALYZE] = proc_datum(multirange ? "multirange_typanalyze" : "range_typanalyze");
    v[TYP_ALIGN] = datum_int(sub[TYP_ALIGN].i == 'd' ? 'd' : 'i');
    return NULL;
}

static void array_columns(const struct datum *elem, struct datum *v)
{
    v[TYP_TYPE] = datum_int('b');
    v[TYP_CATEGORY] = datum_int('A');
    v[TYP_SUBSCRIPT] = proc_datum("array_subscript_handler");
    v[TYP_ELEM] = elem[TYP_OID];
    v[TYP_INPUT] = proc_datum("array_in");
    v[TYP_OUTPUT] = proc_datum("array_out");
    v[TYP_RECEIVE] = proc_datum("array_recv");
    v[TYP_SEND] = proc_datum("array_send");
    v[TYP_ANALYZE] = proc_datum("array_typanalyze");
    v[TYP_ALIGN] = datum_int(elem[TYP_ALIGN].i == 'd' ? 'd' : 'i');
    v[TYP_COLLATION] = elem[TYP_COLLATION];
}

/* The name with as many underscores before it as make it a free one. */
static const char *array_name(struct cat *c, struct arena *a, uint32_t nsp, const char *name,
                              struct err **e)
{
    enum { NAME_BYTES = 63 };
    char underscores[NAME_BYTES];
    const char *out = name;
    uint32_t taken = 1;
    memset(underscores, '_', sizeof(underscores));
    *e = NULL;
    for (int n = 1; !*e && taken && n < NAME_BYTES; n++) {
        out = arena_printf(a, "%.*s%.*s", n, underscores, NAME_BYTES - n, name);
        *e = cat_type_oid(c, nsp, str_from(out), &taken);
    }
    return out;
}

struct err *ddl_free_type_name(struct cat *c, uint32_t oid, uint32_t nsp, const char *name,
                               bool *is_free)
{
    const struct cat_type *t = builtin_type(oid);
    struct arena a;
    struct err *e;
    *is_free = false;
    if (!t || !t->is_array || oid < FIRST_USER_OID)
        return NULL;
    arena_init(&a);
    const char *other = array_name(c, &a, nsp, name, &e);
    if (!e)
        e = ddl_update_type(c, oid, TYP_NAME, text_datum(other));
    arena_done(&a);
    *is_free = !e;
    return e;
}

static struct err *type_depends(struct cat *c, const struct ddl_type_def *def, uint32_t oid,
                                uint32_t array)
{
    struct object_address self = {PG_TYPE, oid, 0};
    TRY(depend_record(c, (struct object_address){PG_TYPE, array, 0}, self, DEPEND_INTERNAL));
    if (def->relid) {
        struct object_address rel = {PG_CLASS, def->relid, 0};
        /* A type by itself owns its relation; a table owns its row type. */
        if (def->relkind != 'c')
            return depend_record(c, self, rel, DEPEND_INTERNAL);
        TRY(depend_record(c, rel, self, DEPEND_INTERNAL));
    }
    TRY(ddl_depends_on_type(c, self, def->basetype));
    TRY(ddl_depends_on_collation(c, self, def->collation));
    return depend_record(c, self, (struct object_address){PG_NAMESPACE, def->nsp, 0},
                         DEPEND_NORMAL);
}

static struct err *insert_types(struct cat *c, const struct ddl_type_def *def, uint32_t oid,
                                uint32_t array, struct arena *a)
{
    struct datum v[TYP_COUNT];
    struct datum w[TYP_COUNT];
    struct err *e;
    const char *name = array_name(c, a, def->nsp, def->name, &e);
    TRY(e);
    common_columns(def, oid, def->name, v);
    v[TYP_TYPE] = datum_int(def->kind);
    v[TYP_ARRAY] = datum_int(array);
    if (!def->relid || def->relkind == 'c') /* not the row type of a table */
        TRY(default_acl_of_new(c, 'T', def->owner, def->nsp, a, &v[TYP_ACL]));
    if (def->kind == 'e')
        enum_columns(v);
    else if (def->kind == 'c')
        composite_columns(def, v);
    else if (def->kind == 'r')
        TRY(range_columns(c, def, a, false, v));
    else
        TRY(domain_columns(c, def, a, v));
    common_columns(def, array, name, w);
    array_columns(v, w);
    TRY(systab_insert(c, PG_TYPE, v));
    return systab_insert(c, PG_TYPE, w);
}

/* A range type's multirange type, and what pg_range says of both. */
static struct err *create_multirange(struct cat *c, const struct ddl_type_def *def, uint32_t range,
                                     struct arena *a)
{
    struct datum v[TYP_COUNT];
    struct datum w[TYP_COUNT];
    uint32_t oid;
    uint32_t array;
    struct err *e;
    TRY(cat_new_oid(c, &oid));
    TRY(cat_new_oid(c, &array));
    common_columns(def, oid, def->multirange_name, v);
    TRY(range_columns(c, def, a, true, v));
    v[TYP_ARRAY] = datum_int(array);
    const char *name = array_name(c, a, def->nsp, def->multirange_name, &e);
    TRY(e);
    common_columns(def, array, name, w);
    array_columns(v, w);
    TRY(systab_insert(c, PG_TYPE, v));
    TRY(systab_insert(c, PG_TYPE, w));
    struct datum r[RNG_COUNT] = {
        [RNG_TYPID] = datum_int(range),          [RNG_SUBTYPE] = datum_int(def->basetype),
        [RNG_MULTITYPID] = datum_int(oid),       [RNG_COLLATION] = datum_int(def->collation),
        [RNG_SUBOPC] = datum_int(def->opclass),  [RNG_CANONICAL] = datum_int(0),
        [RNG_SUBDIFF] = datum_int(def->subdiff),
    };
    TRY(systab_insert(c, PG_RANGE, r));
    struct object_address self = {PG_TYPE, oid, 0};
    TRY(depend_record(c, self, (struct object_address){PG_TYPE, range, 0}, DEPEND_INTERNAL));
    TRY(depend_record(c, (struct object_address){PG_TYPE, array, 0}, self, DEPEND_INTERNAL));
    return cat_load_type(c, array, NULL);
}

struct err *ddl_create_type(struct cat *c, const struct ddl_type_def *def, uint32_t *oid)
{
    uint32_t array;
    struct arena a;
    TRY(cat_new_oid(c, oid));
    TRY(cat_new_oid(c, &array));
    arena_init(&a);
    struct err *e = insert_types(c, def, *oid, array, &a);
    if (!e && def->kind == 'r')
        e = create_multirange(c, def, *oid, &a);
    arena_done(&a);
    TRY(e);
    TRY(type_depends(c, def, *oid, array));
    /* Of most tables the row type is never used: it is read when it is. */
    return def->kind == 'c' ? NULL : cat_load_type(c, array, NULL);
}

/* ---- base types ---- */

struct err *ddl_create_shell_type(struct cat *c, uint32_t nsp, const char *name, uint32_t owner,
                                  uint32_t *oid)
{
    const struct ddl_type_def def = {.nsp = nsp, .owner = owner};
    struct datum v[TYP_COUNT];
    TRY(cat_new_oid(c, oid));
    common_columns(&def, *oid, name, v);
    v[TYP_TYPE] = datum_int('p');
    v[TYP_CATEGORY] = datum_int('P');
    v[TYP_DEFINED] = datum_bool(false);
    TRY(systab_insert(c, PG_TYPE, v));
    TRY(depend_record(c, (struct object_address){PG_TYPE, *oid, 0},
                      (struct object_address){PG_NAMESPACE, nsp, 0}, DEPEND_NORMAL));
    return cat_load_type(c, *oid, NULL);
}

static struct err *define_base_type(struct cat *c, const struct datum *v, struct arena *a)
{
    const struct ddl_type_def def = {.nsp = (uint32_t)v[TYP_NSP].u,
                                     .owner = (uint32_t)v[TYP_OWNER].u};
    const struct object_address self = {PG_TYPE, (uint32_t)v[TYP_OID].u, 0};
    const uint32_t array = (uint32_t)v[TYP_ARRAY].u;
    struct datum w[TYP_COUNT];
    struct err *e;
    const char *own = arena_str(a, datum_as_str(v[TYP_NAME])).data;
    const char *name = array_name(c, a, def.nsp, own, &e);
    TRY(e);
    common_columns(&def, array, name, w);
    array_columns(v, w);
    TRY(systab_insert(c, PG_TYPE, w));
    TRY(depend_record(c, (struct object_address){PG_TYPE, array, 0}, self, DEPEND_INTERNAL));
    return cat_load_type(c, array, NULL);
}

struct err *ddl_define_base_type(struct cat *c, uint32_t oid, const uint32_t *io, char category,
                                 uint32_t collation, uint32_t subscript)
{
    struct datum v[TYP_COUNT];
    struct datum old[TYP_COUNT];
    struct arena a;
    uint32_t array;
    TRY(cat_new_oid(c, &array));
    arena_init(&a);
    struct err *e = type_row(c, oid, &a, old);
    memcpy(v, old, sizeof(v));
    for (int i = TYP_INPUT; i <= TYP_SEND; i++)
        v[i] = datum_int(io[i - TYP_INPUT]);
    v[TYP_TYPE] = datum_int('b');
    v[TYP_CATEGORY] = datum_int(category);
    v[TYP_DEFINED] = datum_bool(true);
    v[TYP_COLLATION] = datum_int(collation);
    v[TYP_SUBSCRIPT] = datum_int(subscript);
    v[TYP_ARRAY] = datum_int(array);
    if (!e)
        e = systab_update(c, PG_TYPE, old, v);
    if (!e)
        e = define_base_type(c, v, &a);
    arena_done(&a);
    return e;
}

/* ---- changes ---- */

struct err *ddl_update_type(struct cat *c, uint32_t oid, int column, struct datum value)
{
    struct datum key = datum_int(oid);
    return ddl_update_column(c, PG_TYPE, TYPE_OID_INDEX, &key, 1, column, value);
}

struct err *ddl_rename_type(struct cat *c, uint32_t oid, const char *name)
{
    TRY(cat_load_type(c, oid, NULL));
    const struct cat_type *t = builtin_type(oid);
    struct arena a;
    struct err *e;
    arena_init(&a);
    TRY_OUT(ddl_update_type(c, oid, TYP_NAME, text_datum(name)));
    const char *array = array_name(c, &a, t->nsp, name, &e);
    TRY_OUT(e);
    TRY_OUT(ddl_update_type(c, t->array, TYP_NAME, text_datum(array)));
    TRY_OUT(cat_load_type(c, t->array, NULL));
out:
    arena_done(&a);
    return e;
}

struct err *ddl_move_type(struct cat *c, uint32_t oid, uint32_t nsp)
{
    TRY(cat_load_type(c, oid, NULL));
    const struct cat_type *t = builtin_type(oid);
    struct object_address self = {PG_TYPE, oid, 0};
    struct datum keys[3] = {datum_int(PG_TYPE), datum_int(oid), datum_int(0)};
    TRY(ddl_update_type(c, oid, TYP_NSP, datum_int(nsp)));
    TRY(ddl_update_type(c, t->array, TYP_NSP, datum_int(nsp)));
    /* Of its dependencies only the one on the schema changes. */
    struct arena a;
    struct depend_list deps = {0};
    arena_init(&a);
    struct err *e;
    TRY_OUT(depend_of(c, self, &a, &deps));
    TRY_OUT(systab_delete(c, PG_DEPEND, DEPEND_DEPENDER_INDEX, keys, 3, NULL));
    for (int i = 0; i < deps.count; i++) {
        struct depend_item *d = &deps.items[i];
        if (d->referenced.class_id == PG_NAMESPACE)
            d->referenced.object_id = nsp;
        TRY_OUT(depend_record(c, self, d->referenced, d->type));
    }
    TRY_OUT(cat_load_type(c, t->array, NULL));
out:
    arena_done(&a);
    return e;
}

struct err *ddl_add_enum_label(struct cat *c, uint32_t type, float sort_order, const char *label)
{
    uint32_t oid;
    TRY(cat_new_oid(c, &oid));
    struct datum v[ENUM_COUNT] = {datum_int(oid), datum_int(type), datum_f32(sort_order),
                                  text_datum(label)};
    return systab_insert(c, PG_ENUM, v);
}

struct err *ddl_rename_enum_label(struct cat *c, uint32_t label_oid, const char *to)
{
    struct datum key = datum_int(label_oid);
    return ddl_update_column(c, PG_ENUM, ENUM_OID_INDEX, &key, 1, ENUM_LABEL, text_datum(to));
}

struct err *ddl_remove_type(struct cat *c, uint32_t oid)
{
    struct datum key = datum_int(oid);
    TRY(systab_delete(c, PG_RANGE, RANGE_RNGTYPID_INDEX, &key, 1, NULL));
    TRY(systab_delete(c, PG_ENUM, ENUM_TYPID_LABEL_INDEX, &key, 1, NULL));
    TRY(systab_delete(c, PG_CONSTRAINT, CONSTRAINT_TYPID_INDEX, &key, 1, NULL));
    return systab_delete(c, PG_TYPE, TYPE_OID_INDEX, &key, 1, NULL);
}

struct err *ddl_depends_on_type(struct cat *c, struct object_address object, uint32_t type)
{
    if (type < FIRST_USER_OID)
        return NULL;
    return depend_record(c, object, (struct object_address){PG_TYPE, type, 0}, DEPEND_NORMAL);
}
