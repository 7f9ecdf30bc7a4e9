/* Writing the system tables: see ddl.h. */
#include "catalog/activity.h"
#include "catalog/ddl.h"

#include "catalog/acl.h"
#include "catalog/large_object.h"

#include "catalog/relation_internal.h"
#include "catalog/sequence.h"
#include "catalog/statistics.h"
#include "catalog/systab.h"

#include <stdlib.h>
#include <stdio.h>

enum { NAME_BYTES = 63 };

static struct datum text_datum(const char *s)
{
    return s ? datum_bytes(s, strlen(s)) : datum_null();
}

/* A datum from its text form; the text is made by this file, so failure is a bug elsewhere. */
static struct err *from_text(struct arena *a, uint32_t type, const char *text, struct datum *out)
{
    struct type_env env = {0};
    const struct type_ops *ops = type_by_oid(type);
    CHECK(ops != NULL);
    return ops->in(ops, &env, str_from(text), -1, a, out);
}

static struct err *int_list(struct arena *a, uint32_t type, const int32_t *ints, int n,
                            struct datum *out)
{
    bool vector = type == INT2VECTOR_OID || type == OIDVECTOR_OID;
    struct buf b = BUF_INIT;
    if (!vector)
        buf_put_u8(&b, '{');
    for (int i = 0; i < n; i++)
        buf_printf(&b, type == OIDVECTOR_OID || type == OIDARRAY_OID ? "%s%u" : "%s%d",
                   i == 0 ? "" : (vector ? " " : ","), ints[i]);
    if (!vector)
        buf_put_u8(&b, '}');
    char *text = arena_strdup(a, buf_cstr(&b));
    struct err *e = buf_finish(&b);
    buf_done(&b);
    return e ? e : from_text(a, type, text, out);
}

static void all_null(struct datum *v, int n)
{
    for (int i = 0; i < n; i++)
        v[i] = datum_null();
}

/* ---- relations ---- */

static struct err *insert_class(struct cat *c, const struct ddl_relation *def, uint32_t oid,
                                struct arena *a)
{
    struct datum v[CLS_COUNT];
    for (int i = 0; i < CLS_COUNT; i++)
        v[i] = datum_int(0);
    v[CLS_OID] = datum_int(oid);
    v[CLS_NAME] = text_datum(def->name);
    v[CLS_NSP] = datum_int(def->nsp);
    v[CLS_OWNER] = datum_int(def->owner);
    bool storage = def->kind == 'r' || def->kind == 'm';
    v[CLS_AM] = datum_int(def->am ? def->am : def->kind == 'i' ? BTREE_AM : storage ? HEAP_AM : 0);
    v[CLS_FILENODE] = datum_int(def->storage_id);
    v[CLS_TUPLES] = datum_f32(-1);
    v[CLS_PERSISTENCE] = datum_int(def->persistence);
    v[CLS_KIND] = datum_int(def->kind);
    v[CLS_NATTS] = datum_int(def->ncolumns);
    v[CLS_HASRULES] = datum_bool(def->kind == 'v' || def->kind == 'm');
    v[CLS_ISPOPULATED] = datum_bool(!def->unpopulated);
    v[CLS_REPLIDENT] = datum_int(storage ? 'd' : 'n');
    v[CLS_REWRITE] = datum_int(def->synced ? oid : 0);
    v[CLS_FROZENXID] = v[CLS_MINMXID] = datum_int(storage ? 1 : 0); /* all rows are frozen */
    v[CLS_ACL] = v[CLS_OPTIONS] = v[CLS_PARTBOUND] = datum_null();
    if (def->options)
        TRY(from_text(a, TEXTARRAY_OID, def->options, &v[CLS_OPTIONS]));
    if (def->kind != 'i' && def->kind != 'c')
        TRY(default_acl_of_new(c, def->kind == 'S' ? 'S' : 'r', def->owner, def->nsp, a,
                               &v[CLS_ACL]));
    return systab_insert(c, PG_CLASS, v);
}

/* pg_type.typalign, which nothing here goes by. */
static char alignment(const struct cat_type *t)
{
    const struct cat_type *elem = t && t->is_array ? builtin_type(t->elem) : NULL;
    if (t && t->kind == 'c')
        return 'd';
    if (elem)
        return alignment(elem) == 'd' ? 'd' : 'i';
    switch (t ? t->len : -1) {
    case 1:
    case 64: /* name */
        return 'c';
    case 2:
        return 's';
    case 6:
        return t->oid == TID_OID ? 's' : 'i';
    case 8:
    case 12:
    case 24:
        return t->oid == MACADDR8_OID ? 'i' : 'd';
    case 16:
        return t->oid == UUID_OID ? 'c' : 'd';
    default:
        return 'i';
    }
}

static struct err *put_type(struct datum *v, const struct ddl_column *col)
{
    const struct cat_type *t = builtin_type(col->type);
    const struct type_ops *ops = type_by_oid(col->type);
    const struct datum *row;
    TRY(systab_builtin_row(PG_TYPE, col->type, &row));
    v[ATT_ALIGN] = row ? row[TYP_ALIGN] : datum_int(alignment(t));
    v[ATT_TYPE] = datum_int(col->type);
    v[ATT_LEN] = datum_int(t ? t->len : -1);
    v[ATT_NDIMS] = datum_int(col->ndims);
    v[ATT_TYPMOD] = datum_int(col->typmod);
    v[ATT_BYVAL] = datum_bool(ops ? ops->byval : false);
    bool is_main = col->type == NUMERIC_OID || col->type == INET_OID || col->type == CIDR_OID;
    v[ATT_STORAGE] = datum_int(t && t->len == -1 ? (is_main ? 'm' : 'x') : 'p');
    v[ATT_COLLATION] = datum_int(col->collation);
    return NULL;
}

static struct err *insert_attribute(struct cat *c, uint32_t relid, int attnum,
                                    const struct ddl_column *col)
{
    struct datum v[ATT_COUNT];
    for (int i = 0; i < ATT_COUNT; i++)
        v[i] = datum_int(0);
    v[ATT_RELID] = datum_int(relid);
    v[ATT_NAME] = text_datum(col->name);
    TRY(put_type(v, col));
    v[ATT_STATTARGET] = datum_int(-1);
    v[ATT_NUM] = datum_int(attnum);
    v[ATT_CACHEOFF] = datum_int(-1);
    v[ATT_NOTNULL] = datum_bool(col->not_null);
    v[ATT_HASDEF] = datum_bool(col->default_sql != NULL);
    v[ATT_HASMISSING] = datum_bool(col->missing != NULL);
    v[ATT_IDENTITY] = datum_int(col->identity);
    v[ATT_GENERATED] = datum_int(col->generated);
    v[ATT_ISLOCAL] = datum_bool(true);
    v[ATT_ACL] = v[ATT_OPTIONS] = v[ATT_FDWOPTIONS] = datum_null();
    v[ATT_MISSINGVAL] = text_datum(col->missing);
    return systab_insert(c, PG_ATTRIBUTE, v);
}

struct err *ddl_set_default(struct cat *c, uint32_t relid, int attnum, const char *sql)
{
    struct datum keys[2] = {datum_int(relid), datum_int(attnum)};
    struct datum v[DEF_COUNT];
    struct arena a;
    bool found;
    arena_init(&a);
    struct err *e;
    TRY_OUT(systab_get(c, PG_ATTRDEF, ATTRDEF_RELID_NUM_INDEX, keys, 2, &a, v, &found));
    if (found) {
        struct object_address def = {PG_ATTRDEF, (uint32_t)v[DEF_OID].u, 0};
        TRY_OUT(depend_forget(c, def));
        TRY_OUT(systab_delete(c, PG_ATTRDEF, ATTRDEF_RELID_NUM_INDEX, keys, 2, NULL));
    }
    if (sql) {
        uint32_t oid;
        TRY_OUT(cat_new_oid(c, &oid));
        struct datum row[DEF_COUNT] = {datum_int(oid), keys[0], keys[1], text_datum(sql)};
        TRY_OUT(systab_insert(c, PG_ATTRDEF, row));
        TRY_OUT(depend_record(c, (struct object_address){PG_ATTRDEF, oid, 0},
                              (struct object_address){PG_CLASS, relid, attnum}, DEPEND_AUTO));
    }
out:
    arena_done(&a);
    return e;
}

struct err *ddl_default_oid(struct cat *c, uint32_t relid, int attnum, uint32_t *oid)
{
    struct datum keys[2] = {datum_int(relid), datum_int(attnum)};
    struct datum v[DEF_COUNT];
    struct arena a;
    bool found;
    arena_init(&a);
    struct err *e = systab_get(c, PG_ATTRDEF, ATTRDEF_RELID_NUM_INDEX, keys, 2, &a, v, &found);
    *oid = !e && found ? (uint32_t)v[DEF_OID].u : 0;
    arena_done(&a);
    return e;
}

struct err *ddl_default_uses(struct cat *c, uint32_t relid, int attnum, uint32_t used)
{
    uint32_t oid;
    TRY(ddl_default_oid(c, relid, attnum, &oid));
    return oid ? depend_record(c, (struct object_address){PG_ATTRDEF, oid, 0},
                               (struct object_address){PG_CLASS, used, 0}, DEPEND_NORMAL)
               : NULL;
}

struct err *ddl_add_column(struct cat *c, uint32_t relid, int attnum,
                           const struct ddl_column *column)
{
    TRY(insert_attribute(c, relid, attnum, column));
    if (!column->of_index) {
        const struct object_address self = {PG_CLASS, relid, attnum};
        TRY(ddl_depends_on_type(c, self, column->type));
        TRY(ddl_depends_on_collation(c, self, column->collation));
    }
    if (column->default_sql)
        TRY(ddl_set_default(c, relid, attnum, column->default_sql));
    return NULL;
}

struct err *ddl_replace_column(struct cat *c, uint32_t relid, int attnum,
                               const struct ddl_column *column)
{
    struct object_address self = {PG_CLASS, relid, attnum};
    struct datum keys[2] = {datum_int(relid), datum_int(attnum)};
    TRY(systab_delete(c, PG_ATTRIBUTE, ATTRIBUTE_RELID_NUM_INDEX, keys, 2, NULL));
    TRY(depend_forget(c, self));
    return ddl_add_column(c, relid, attnum, column);
}

static struct err *insert_view(struct cat *c, uint32_t relid, const char *sql)
{
    uint32_t oid;
    TRY(cat_new_oid(c, &oid));
    struct datum v[RW_COUNT] = {
        [RW_OID] = datum_int(oid),     [RW_NAME] = text_datum("_RETURN"),
        [RW_CLASS] = datum_int(relid), [RW_TYPE] = datum_int('1'),
        [RW_ENABLED] = datum_int('O'), [RW_INSTEAD] = datum_bool(true),
        [RW_QUAL] = text_datum("<>"),  [RW_ACTION] = text_datum(sql),
    };
    TRY(systab_insert(c, PG_REWRITE, v));
    return depend_record(c, (struct object_address){PG_REWRITE, oid, 0},
                         (struct object_address){PG_CLASS, relid, 0}, DEPEND_INTERNAL);
}

static struct err *insert_row_type(struct cat *c, const struct ddl_relation *def, uint32_t relid)
{
    struct ddl_type_def type = {.name = def->name,
                                .nsp = def->nsp,
                                .owner = def->owner,
                                .kind = 'c',
                                .typmod = -1,
                                .relid = relid,
                                .relkind = def->kind};
    uint32_t oid;
    uint32_t taken;
    TRY(cat_type_oid(c, def->nsp, str_from(def->name), &taken));
    if (taken)
        return err_hint(err_new("42710", "type \"%s\" already exists", def->name),
                        "A relation has an associated type of the same name, so you must use a "
                        "name that doesn't conflict with any existing type.");
    TRY(ddl_create_type(c, &type, &oid));
    struct datum key = datum_int(relid);
    return ddl_update_column(c, PG_CLASS, CLASS_OID_INDEX, &key, 1, CLS_TYPE, datum_int(oid));
}

struct err *ddl_create_relation(struct cat *c, const struct ddl_relation *def, uint32_t *oid)
{
    struct arena a;
    uint32_t relid;
    TRY(cat_new_oid(c, &relid));
    arena_init(&a);
    struct err *e = insert_class(c, def, relid, &a);
    arena_done(&a);
    TRY(e);
    for (int i = 0; i < def->ncolumns; i++)
        TRY(ddl_add_column(c, relid, i + 1, &def->columns[i]));
    if (def->kind == 'v' || def->kind == 'm')
        TRY(insert_view(c, relid, def->view_sql));
    if (strchr("rvmc", def->kind) && def->nsp != PG_CATALOG_NSP)
        TRY(insert_row_type(c, def, relid));
    if (def->nsp != PG_CATALOG_NSP && def->kind != 'i' && def->kind != 'c')
        TRY(depend_record(c, (struct object_address){PG_CLASS, relid, 0},
                          (struct object_address){PG_NAMESPACE, def->nsp, 0}, DEPEND_NORMAL));
    *oid = relid;
    return NULL;
}

/* Sets column `column` of the row found by the keys. */
struct err *ddl_update_column(struct cat *c, uint32_t table, uint32_t index,
                              const struct datum *keys, int nkeys, int column, struct datum value)
{
    struct datum old_values[SYSTAB_MAX_COLUMNS];
    struct datum values[SYSTAB_MAX_COLUMNS];
    struct arena a;
    bool found;
    TRY(systab_lock(c, table, index, keys, nkeys));
    arena_init(&a);
    struct err *e = systab_get(c, table, index, keys, nkeys, &a, old_values, &found);
    if (!e && !found)
        e = err_new("XX000", "catalog row to change was not found");
    if (!e) {
        memcpy(values, old_values, sizeof(values));
        values[column] = value;
        e = systab_update(c, table, old_values, values);
    }
    arena_done(&a);
    return e;
}

/* One number of the rule that the key finds; 0 when there is none. */
static struct err *rule_number(struct cat *c, uint32_t index, uint32_t key_oid, int column,
                               uint32_t *out)
{
    struct datum key = datum_int(key_oid);
    struct datum v[RW_COUNT];
    struct arena a;
    bool found;
    arena_init(&a);
    struct err *e = systab_get(c, PG_REWRITE, index, &key, 1, &a, v, &found);
    *out = !e && found ? (uint32_t)v[column].u : 0;
    arena_done(&a);
    return e;
}

struct err *ddl_view_rule(struct cat *c, uint32_t view, uint32_t *rule)
{
    return rule_number(c, REWRITE_REL_RULENAME_INDEX, view, RW_OID, rule);
}

struct err *ddl_rule_view(struct cat *c, uint32_t rule, uint32_t *view)
{
    return rule_number(c, REWRITE_OID_INDEX, rule, RW_CLASS, view);
}

struct err *ddl_set_view(struct cat *c, uint32_t view, const char *sql)
{
    struct datum key = datum_int(view);
    return ddl_update_column(c, PG_REWRITE, REWRITE_REL_RULENAME_INDEX, &key, 1, RW_ACTION,
                             text_datum(sql));
}

/* A row type follows its relation. */
static struct err *update_row_type(struct cat *c, uint32_t relid, int column, struct datum value)
{
    struct relation *r;
    TRY(cat_relation(c, relid, &r));
    uint32_t type = r ? r->row_type : 0;
    relation_unref(r);
    if (!type)
        return NULL;
    if (column == CLS_NSP)
        return ddl_move_type(c, type, (uint32_t)value.u);
    if (column == CLS_OWNER)
        return ddl_update_type(c, type, TYP_OWNER, value);
    struct arena a;
    arena_init(&a);
    struct err *e = ddl_rename_type(c, type, arena_strndup(&a, (const char *)value.p, value.len));
    arena_done(&a);
    return e;
}

struct err *ddl_update_class(struct cat *c, uint32_t relid, int column, struct datum value)
{
    struct datum key = datum_int(relid);
    if (column == CLS_NAME || column == CLS_NSP || column == CLS_OWNER)
        TRY(update_row_type(c, relid, column, value));
    return ddl_update_column(c, PG_CLASS, CLASS_OID_INDEX, &key, 1, column, value);
}

struct err *ddl_update_attribute(struct cat *c, uint32_t relid, int attnum, int column,
                                 struct datum value)
{
    struct datum keys[2] = {datum_int(relid), datum_int(attnum)};
    if (column == ATT_TYPE) /* what is known of the values was of the old type's */
        TRY(stats_forget(c, relid, attnum));
    return ddl_update_column(c, PG_ATTRIBUTE, ATTRIBUTE_RELID_NUM_INDEX, keys, 2, column, value);
}

struct err *ddl_set_column_type(struct cat *c, uint32_t relid, int attnum,
                                const struct ddl_column *column)
{
    struct datum keys[2] = {datum_int(relid), datum_int(attnum)};
    struct datum old_values[ATT_COUNT];
    struct datum v[ATT_COUNT];
    struct arena a;
    bool found;
    arena_init(&a);
    struct err *e =
        systab_get(c, PG_ATTRIBUTE, ATTRIBUTE_RELID_NUM_INDEX, keys, 2, &a, old_values, &found);
    if (!e && found) {
        memcpy(v, old_values, sizeof(v));
        e = put_type(v, column);
        v[ATT_HASMISSING] = datum_bool(false);
        v[ATT_MISSINGVAL] = datum_null();
        if (!e)
            e = systab_update(c, PG_ATTRIBUTE, old_values, v);
    }
    arena_done(&a);
    struct object_address self = {PG_CLASS, relid, attnum};
    if (!e)
        e = depend_forget(c, self); /* its type is all that a column depends on */
    if (!e)
        e = ddl_depends_on_type(c, self, column->type);
    return e ? e : ddl_depends_on_collation(c, self, column->collation);
}

struct err *ddl_update_index(struct cat *c, uint32_t indexrelid, int column, struct datum value)
{
    struct datum key = datum_int(indexrelid);
    return ddl_update_column(c, PG_INDEX, INDEX_INDEXRELID_INDEX, &key, 1, column, value);
}

struct err *ddl_update_constraint(struct cat *c, uint32_t oid, int column, struct datum value)
{
    struct datum key = datum_int(oid);
    return ddl_update_column(c, PG_CONSTRAINT, CONSTRAINT_OID_INDEX, &key, 1, column, value);
}

struct err *ddl_drop_column(struct cat *c, const struct relation *r, int attnum)
{
    char name[64];
    struct object_address column = {PG_CLASS, r->oid, attnum};
    snprintf(name, sizeof(name), "........pg.dropped.%d........", attnum);
    TRY(ddl_set_default(c, r->oid, attnum, NULL));
    TRY(ddl_set_comment(c, column, NULL));
    TRY(stats_forget(c, r->oid, attnum));
    TRY(depend_forget(c, column));
    TRY(ddl_update_attribute(c, r->oid, attnum, ATT_NAME, text_datum(name)));
    TRY(ddl_update_attribute(c, r->oid, attnum, ATT_ISDROPPED, datum_bool(true)));
    TRY(ddl_update_attribute(c, r->oid, attnum, ATT_STATTARGET, datum_int(0)));
    TRY(ddl_update_attribute(c, r->oid, attnum, ATT_NOTNULL, datum_bool(false)));
    TRY(ddl_update_attribute(c, r->oid, attnum, ATT_HASDEF, datum_bool(false)));
    TRY(ddl_update_attribute(c, r->oid, attnum, ATT_IDENTITY, datum_int(0)));
    if (r->lens[attnum - 1] == 8) /* an enum's attlen is that of its label's OID */
        TRY(ddl_update_attribute(c, r->oid, attnum, ATT_LEN, datum_int(8)));
    return ddl_update_attribute(c, r->oid, attnum, ATT_TYPE, datum_int(0));
}

/* ---- indexes ---- */

static struct err *insert_index_row(struct cat *c, const struct ddl_index *def, uint32_t oid,
                                    struct arena *a)
{
    struct datum v[IDX_COUNT];
    int32_t ints[4][32] = {{0}};
    struct buf exprs = BUF_INIT;
    for (int i = 0; i < def->ncolumns; i++) {
        const struct ddl_index_column *col = &def->columns[i];
        ints[0][i] = col->attnum;
        ints[1][i] = (int32_t)col->collation;
        ints[2][i] = (int32_t)col->opclass;
        ints[3][i] = (col->desc ? 1 : 0) | (col->nulls_first ? 2 : 0);
        if (!col->attnum)
            buf_printf(&exprs, "%s\n", col->expr_sql);
    }
    const char *expr_text = exprs.len ? arena_strdup(a, buf_cstr(&exprs)) : NULL;
    buf_done(&exprs);
    for (int i = 0; i < IDX_COUNT; i++)
        v[i] = datum_bool(false);
    v[IDX_RELID] = datum_int(oid);
    v[IDX_TABLE] = datum_int(def->relid);
    v[IDX_NATTS] = datum_int(def->ncolumns);
    v[IDX_NKEYATTS] = datum_int(def->nkeys);
    v[IDX_UNIQUE] = datum_bool(def->unique);
    v[IDX_NULLSNOTDISTINCT] = datum_bool(def->nulls_not_distinct);
    v[IDX_PRIMARY] = datum_bool(def->primary);
    v[IDX_IMMEDIATE] = datum_bool(def->immediate);
    v[IDX_VALID] = datum_bool(!def->invalid);
    v[IDX_READY] = v[IDX_LIVE] = datum_bool(true);
    TRY(int_list(a, INT2VECTOR_OID, ints[0], def->ncolumns, &v[IDX_KEY]));
    TRY(int_list(a, OIDVECTOR_OID, ints[1], def->nkeys, &v[IDX_COLLATION]));
    TRY(int_list(a, OIDVECTOR_OID, ints[2], def->nkeys, &v[IDX_CLASS]));
    TRY(int_list(a, INT2VECTOR_OID, ints[3], def->nkeys, &v[IDX_OPTION]));
    v[IDX_EXPRS] = text_datum(expr_text);
    v[IDX_PRED] = text_datum(def->pred_sql);
    return systab_insert(c, PG_INDEX, v);
}

struct err *ddl_create_index(struct cat *c, const struct ddl_index *def, uint32_t *oid)
{
    struct ddl_column cols[32];
    struct ddl_relation rel = {.name = def->name,
                               .nsp = def->nsp,
                               .kind = 'i',
                               .am = def->am,
                               .persistence = def->persistence,
                               .owner = def->owner,
                               .columns = cols,
                               .ncolumns = def->ncolumns,
                               .storage_id = def->storage_id};
    if (def->ncolumns > 32)
        return err_new("54011", "cannot use more than 32 columns in an index");
    for (int i = 0; i < def->ncolumns; i++)
        cols[i] = (struct ddl_column){.name = def->columns[i].name,
                                      .type = def->columns[i].type,
                                      .typmod = def->columns[i].typmod,
                                      .of_index = true,
                                      .collation = def->columns[i].collation};
    TRY(ddl_create_relation(c, &rel, oid));
    struct arena a;
    arena_init(&a);
    struct err *e = insert_index_row(c, def, *oid, &a);
    arena_done(&a);
    TRY(e);
    TRY(ddl_update_class(c, def->relid, CLS_HASINDEX, datum_bool(true)));
    if (def->for_constraint)
        return NULL;
    struct object_address self = {PG_CLASS, *oid, 0};
    bool any = false;
    for (int i = 0; i < def->ncolumns; i++) {
        TRY(ddl_depends_on_collation(c, self, def->columns[i].collation));
        if (!def->columns[i].attnum)
            continue;
        any = true;
        TRY(depend_record(c, self,
                          (struct object_address){PG_CLASS, def->relid, def->columns[i].attnum},
                          DEPEND_AUTO));
    }
    if (!any)
        TRY(depend_record(c, self, (struct object_address){PG_CLASS, def->relid, 0}, DEPEND_AUTO));
    return NULL;
}

/* ---- constraints ---- */

static struct err *constraint_arrays(const struct ddl_constraint *def, struct arena *a,
                                     struct datum *v)
{
    int32_t ints[32];
    if (def->nkeys > 32)
        return err_new("54011", "cannot have more than 32 keys in a constraint");
    for (int i = 0; i < def->nkeys; i++)
        ints[i] = def->keys[i];
    if (def->nkeys)
        TRY(int_list(a, INT2ARRAY_OID, ints, def->nkeys, &v[CON_KEY]));
    if (def->type != 'f')
        return NULL;
    for (int i = 0; i < def->nkeys; i++)
        ints[i] = def->fkeys[i];
    TRY(int_list(a, INT2ARRAY_OID, ints, def->nkeys, &v[CON_FKEY]));
    for (int i = 0; i < def->nkeys; i++)
        ints[i] = def->pfeqop ? (int32_t)def->pfeqop[i] : 0;
    TRY(int_list(a, OIDARRAY_OID, ints, def->nkeys, &v[CON_PFEQOP]));
    v[CON_PPEQOP] = v[CON_FFEQOP] = v[CON_PFEQOP];
    for (int i = 0; i < def->nset_cols; i++)
        ints[i] = def->set_cols[i];
    if (def->nset_cols)
        TRY(int_list(a, INT2ARRAY_OID, ints, def->nset_cols, &v[CON_FDELSETCOLS]));
    return NULL;
}

static struct err *constraint_depends(struct cat *c, const struct ddl_constraint *def, uint32_t oid)
{
    struct object_address self = {PG_CONSTRAINT, oid, 0};
    if (def->typid)
        return depend_record(c, self, (struct object_address){PG_TYPE, def->typid, 0}, DEPEND_AUTO);
    for (int i = 0; i < def->nkeys; i++)
        TRY(depend_record(c, self, (struct object_address){PG_CLASS, def->relid, def->keys[i]},
                          DEPEND_AUTO));
    if (!def->nkeys)
        TRY(depend_record(c, self, (struct object_address){PG_CLASS, def->relid, 0}, DEPEND_AUTO));
    if (def->type == 'f') {
        for (int i = 0; i < def->nkeys; i++)
            TRY(depend_record(c, self,
                              (struct object_address){PG_CLASS, def->frelid, def->fkeys[i]},
                              DEPEND_NORMAL));
        return depend_record(c, self, (struct object_address){PG_CLASS, def->index, 0},
                             DEPEND_NORMAL);
    }
    if (def->index)
        return depend_record(c, (struct object_address){PG_CLASS, def->index, 0}, self,
                             DEPEND_INTERNAL);
    return NULL;
}

/* pg_class.relchecks. The table may be gone already. */
static struct err *count_check(struct cat *c, uint32_t relid, int change)
{
    struct datum key = datum_int(relid);
    struct datum v[CLS_COUNT];
    struct arena a;
    bool found;
    arena_init(&a);
    struct err *e = systab_get(c, PG_CLASS, CLASS_OID_INDEX, &key, 1, &a, v, &found);
    if (!e && found)
        e = ddl_update_class(c, relid, CLS_CHECKS, datum_int(v[CLS_CHECKS].i + change));
    arena_done(&a);
    return e;
}

static struct err *remove_constraint(struct cat *c, uint32_t oid)
{
    struct datum key = datum_int(oid);
    struct datum v[CON_COUNT];
    struct arena a;
    bool found;
    arena_init(&a);
    struct err *e = systab_get(c, PG_CONSTRAINT, CONSTRAINT_OID_INDEX, &key, 1, &a, v, &found);
    if (!e && found)
        e = systab_delete(c, PG_CONSTRAINT, CONSTRAINT_OID_INDEX, &key, 1, NULL);
    if (!e && found && v[CON_TYPE].i == 'c' && v[CON_RELID].u)
        e = count_check(c, (uint32_t)v[CON_RELID].u, -1);
    arena_done(&a);
    return e;
}

struct err *ddl_create_constraint(struct cat *c, const struct ddl_constraint *def, uint32_t *oid)
{
    struct datum v[CON_COUNT];
    struct arena a;
    TRY(cat_new_oid(c, oid));
    all_null(v, CON_COUNT);
    v[CON_OID] = datum_int(*oid);
    v[CON_NAME] = text_datum(def->name);
    v[CON_NSP] = datum_int(def->nsp);
    v[CON_TYPE] = datum_int(def->type);
    v[CON_DEFERRABLE] = datum_bool(def->deferrable);
    v[CON_DEFERRED] = datum_bool(def->deferred);
    v[CON_VALIDATED] = datum_bool(def->validated);
    v[CON_RELID] = datum_int(def->relid);
    v[CON_TYPID] = datum_int(def->typid);
    v[CON_PARENTID] = v[CON_INHCOUNT] = datum_int(0);
    v[CON_INDID] = datum_int(def->index);
    v[CON_FRELID] = datum_int(def->frelid);
    bool fk = def->type == 'f';
    v[CON_UPDTYPE] = datum_int(fk ? def->on_update : ' ');
    v[CON_DELTYPE] = datum_int(fk ? def->on_delete : ' ');
    v[CON_MATCHTYPE] = datum_int(fk ? def->match : ' ');
    v[CON_ISLOCAL] = datum_bool(true);
    v[CON_NOINHERIT] = datum_bool(def->type != 'c' || def->no_inherit);
    v[CON_BIN] = text_datum(def->check_sql);
    arena_init(&a);
    struct err *e = constraint_arrays(def, &a, v);
    if (!e)
        e = systab_insert(c, PG_CONSTRAINT, v);
    arena_done(&a);
    TRY(e);
    if (def->type == 'c')
        TRY(count_check(c, def->relid, 1));
    return constraint_depends(c, def, *oid);
}

/* ---- schemas and databases ---- */

struct err *ddl_create_namespace(struct cat *c, const char *name, uint32_t owner, uint32_t *oid)
{
    TRY(cat_new_oid(c, oid));
    struct datum v[NSP_COUNT] = {datum_int(*oid), text_datum(name), datum_int(owner), datum_null()};
    struct arena a;
    arena_init(&a);
    struct err *e = default_acl_of_new(c, 'n', owner, 0, &a, &v[NSP_ACL]);
    if (!e)
        e = systab_insert(c, PG_NAMESPACE, v);
    arena_done(&a);
    return e;
}

static struct err *insert_database(struct cat *c, uint32_t oid, const char *name, uint32_t owner,
                                   bool is_template, bool allow_connections)
{
    struct datum v[DB_COUNT];
    all_null(v, DB_COUNT);
    v[DB_OID] = datum_int(oid);
    v[DB_NAME] = text_datum(name);
    v[DB_DBA] = datum_int(owner);
    v[DB_ENCODING] = datum_int(6); /* UTF8 */
    v[DB_LOCPROVIDER] = datum_int('c');
    v[DB_ISTEMPLATE] = datum_bool(is_template);
    v[DB_ALLOWCONN] = datum_bool(allow_connections);
    v[DB_CONNLIMIT] = datum_int(-1);
    v[DB_FROZENXID] = v[DB_MINMXID] = datum_int(1);
    v[DB_TABLESPACE] = datum_int(1663);
    v[DB_COLLATE] = v[DB_CTYPE] = text_datum("C.UTF-8");
    if (!is_template)
        return systab_insert(c, PG_DATABASE, v);
    struct acl_item items[] = {{0, owner, PRIV_CONNECT}, {owner, owner, acl_all('d')}};
    const struct acl acl = {.items = items, .n = ARRAY_LENGTH(items)};
    struct arena a;
    arena_init(&a);
    struct err *e = acl_write(&acl, false, &a, &v[DB_ACL]);
    if (!e)
        e = systab_insert(c, PG_DATABASE, v);
    arena_done(&a);
    return e;
}

struct err *ddl_create_database(struct cat *c, const char *name, uint32_t owner, uint32_t *oid)
{
    TRY(cat_new_oid(c, oid));
    return insert_database(c, *oid, name, owner, false, true);
}

/* Built-in rows that are stored, because they can be altered. */
static struct err *store_builtin(struct cat *c, uint32_t table, const char *name)
{
    const struct builtin_table *t = builtin_table(name);
    const struct relation *r = systab_relation(table);
    struct datum v[40];
    struct arena a;
    struct err *e = NULL;
    struct type_env env = {0};
    arena_init(&a);
    for (int row = 0; !e && row < t->nrows; row++) {
        all_null(v, r->natts);
        for (int i = 0; !e && i < r->natts; i++) {
            int col = builtin_column(t, r->atts[i].name);
            struct str cell = col < 0 ? (struct str){0} : t->cells[row * t->ncols + col];
            if (cell.data)
                e = r->atts[i].ops->in(r->atts[i].ops, &env, cell, -1, &a, &v[i]);
        }
        if (!e)
            e = systab_insert(c, table, v);
    }
    arena_done(&a);
    return e;
}

static struct err *bootstrap(struct cat *c)
{
    uint32_t oid;
    uint32_t base;
    bool allow;
    TRY(cat_database(c, STR("postgres"), &oid, &base, &allow));
    if (oid)
        return NULL;
    TRY(store_builtin(c, PG_AUTHID, "pg_authid"));
    TRY(store_builtin(c, PG_AUTH_MEMBERS, "pg_auth_members"));
    static const struct first_database {
        uint32_t oid;
        const char *name;
        const char *comment;
        bool template;
        bool allow;
    } databases[] = {
        {1, "template1", "default template for new databases", true, true},
        {4, "template0", "unmodifiable empty database", true, false},
        {5, "postgres", "default administrative connection database", false, true},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(databases); i++) {
        const struct first_database *d = &databases[i];
        TRY(insert_database(c, d->oid, d->name, BOOTSTRAP_ROLE, d->template, d->allow));
        TRY(ddl_set_comment(c, (struct object_address){PG_DATABASE, d->oid, 0}, d->comment));
    }
    return NULL;
}

struct err *catalog_bootstrap(struct catalog *shared)
{
    struct cat c = {.shared = shared, .db = 5, .role = BOOTSTRAP_ROLE};
    TRY(txn_begin(catalog_txn_mgr(shared), TXN_READ_COMMITTED, false, &c.txn));
    struct err *e = bootstrap(&c);
    cat_forget_local(&c, true);
    if (e) {
        txn_abort(c.txn);
        return e;
    }
    return txn_commit(c.txn, false);
}

/* ---- removal ---- */

static struct err *remove_rule(struct cat *c, uint32_t view)
{
    struct datum key = datum_int(view);
    uint32_t rule;
    TRY(ddl_view_rule(c, view, &rule));
    if (!rule)
        return NULL;
    TRY(depend_forget(c, (struct object_address){PG_REWRITE, rule, 0}));
    return systab_delete(c, PG_REWRITE, REWRITE_REL_RULENAME_INDEX, &key, 1, NULL);
}

struct gone {
    uint32_t db;
    uint32_t oid;
};

static void forget_activity(void *arg, uint64_t csn)
{
    struct gone *g = arg;
    (void)csn;
    activity_forget(g->db, g->oid);
    free(g);
}

/* Its counters go when the transaction commits. */
static void forget_activity_later(struct cat *c, uint32_t oid)
{
    struct gone *g = malloc(sizeof(*g));
    CHECK(g != NULL);
    *g = (struct gone){c->db, oid};
    txn_on_commit(c->txn, forget_activity, free, g);
}

static struct err *remove_relation(struct cat *c, uint32_t oid)
{
    struct datum key = datum_int(oid);
    struct datum v[CLS_COUNT];
    struct arena a;
    bool found;
    arena_init(&a);
    struct err *e = systab_get(c, PG_CLASS, CLASS_OID_INDEX, &key, 1, &a, v, &found);
    uint32_t storage_id = !e && found ? (uint32_t)v[CLS_FILENODE].u : 0;
    arena_done(&a);
    TRY(e);
    if (!found)
        return NULL;
    if (storage_id)
        TRY(txn_drop_storage(c->txn, storage_id));
    forget_activity_later(c, oid);
    TRY(systab_delete(c, PG_ATTRIBUTE, ATTRIBUTE_RELID_NUM_INDEX, &key, 1, NULL));
    TRY(systab_delete(c, PG_ATTRDEF, ATTRDEF_RELID_NUM_INDEX, &key, 1, NULL));
    TRY(systab_delete(c, PG_INDEX, INDEX_INDEXRELID_INDEX, &key, 1, NULL));
    TRY(systab_delete(c, PG_SEQUENCE, SEQUENCE_RELID_INDEX, &key, 1, NULL));
    TRY(remove_rule(c, oid));
    TRY(stats_forget(c, oid, 0));
    return systab_delete(c, PG_CLASS, CLASS_OID_INDEX, &key, 1, NULL);
}

static struct err *remove_default(struct cat *c, uint32_t oid)
{
    struct datum key = datum_int(oid);
    struct datum v[DEF_COUNT];
    struct arena a;
    bool found;
    arena_init(&a);
    struct err *e = systab_get(c, PG_ATTRDEF, ATTRDEF_OID_INDEX, &key, 1, &a, v, &found);
    arena_done(&a);
    TRY(e);
    if (!found)
        return NULL;
    TRY(systab_delete(c, PG_ATTRDEF, ATTRDEF_OID_INDEX, &key, 1, NULL));
    return ddl_update_attribute(c, (uint32_t)v[DEF_RELID].u, (int)v[DEF_NUM].i, ATT_HASDEF,
                                datum_bool(false));
}

static struct err *forget_comments(struct cat *c, struct object_address object);

struct err *ddl_remove(struct cat *c, struct object_address object)
{
    struct datum key = datum_int(object.object_id);
    TRY(forget_comments(c, object));
    switch (object.class_id) {
    case PG_CLASS:
        TRY(remove_relation(c, object.object_id));
        break;
    case PG_CONSTRAINT:
        TRY(remove_constraint(c, object.object_id));
        break;
    case PG_ATTRDEF:
        TRY(remove_default(c, object.object_id));
        break;
    case PG_NAMESPACE:
        TRY(systab_delete(c, PG_NAMESPACE, NAMESPACE_OID_INDEX, &key, 1, NULL));
        break;
    case PG_DEFAULT_ACL:
        TRY(systab_delete(c, PG_DEFAULT_ACL, DEFAULT_ACL_OID_INDEX, &key, 1, NULL));
        break;
    case PG_PROC:
        TRY(systab_delete(c, PG_PROC, PROC_OID_INDEX, &key, 1, NULL));
        TRY(systab_delete(c, PG_AGGREGATE, AGGREGATE_FNOID_INDEX, &key, 1, NULL));
        break;
    case PG_DATABASE:
        TRY(systab_delete(c, PG_DATABASE, DATABASE_OID_INDEX, &key, 1, NULL));
        break;
    case PG_TYPE:
        TRY(ddl_remove_type(c, object.object_id));
        break;
    case PG_EXTENSION:
        TRY(systab_delete(c, PG_EXTENSION, EXTENSION_OID_INDEX, &key, 1, NULL));
        break;
    case PG_POLICY:
        TRY(systab_delete(c, PG_POLICY, POLICY_OID_INDEX, &key, 1, NULL));
        break;
    case PG_OPERATOR:
        TRY(ddl_remove_operator(c, object.object_id));
        break;
    case PG_OPCLASS:
        TRY(ddl_remove_opclass(c, object.object_id));
        break;
    case PG_OPFAMILY:
        TRY(ddl_remove_opfamily(c, object.object_id));
        break;
    case PG_TRIGGER:
        TRY(systab_delete(c, PG_TRIGGER, TRIGGER_OID_INDEX, &key, 1, NULL));
        break;
    case PG_CAST:
        TRY(ddl_remove_cast(c, object.object_id));
        break;
    case PG_COLLATION:
        TRY(systab_delete(c, PG_COLLATION, COLLATION_OID_INDEX, &key, 1, NULL));
        break;
    case PG_LARGEOBJECT:
        TRY(large_object_drop(c, object.object_id));
        break;
    case PG_REWRITE:
        break; /* goes with its view */
    default:
        return err_new("XX000", "unrecognized object class: %u", object.class_id);
    }
    return depend_forget(c, object);
}

/* What all databases share has its comments in a table of its own. */
static struct err *set_shared_comment(struct cat *c, struct object_address object, const char *text)
{
    enum { PG_SHDESCRIPTION = 2396, SHDESCRIPTION_INDEX = 2397 };
    struct datum v[3] = {datum_int(object.object_id), datum_int(object.class_id), text_datum(text)};
    TRY(systab_delete(c, PG_SHDESCRIPTION, SHDESCRIPTION_INDEX, v, 2, NULL));
    return text && *text ? systab_insert(c, PG_SHDESCRIPTION, v) : NULL;
}

struct err *ddl_set_comment(struct cat *c, struct object_address object, const char *text)
{
    struct datum v[DESC_COUNT] = {datum_int(object.object_id), datum_int(object.class_id),
                                  datum_int(object.sub_id), text_datum(text)};
    if (object.class_id == PG_DATABASE || object.class_id == PG_AUTHID ||
        object.class_id == PG_TABLESPACE)
        return set_shared_comment(c, object, text);
    TRY(systab_delete(c, PG_DESCRIPTION, DESCRIPTION_INDEX, v, 3, NULL));
    return text && *text ? systab_insert(c, PG_DESCRIPTION, v) : NULL;
}

/* The object goes, and its columns' comments with it. */
static struct err *forget_comments(struct cat *c, struct object_address object)
{
    struct datum keys[2] = {datum_int(object.object_id), datum_int(object.class_id)};
    TRY(ddl_set_comment(c, object, NULL));
    return systab_delete(c, PG_DESCRIPTION, DESCRIPTION_INDEX, keys, 2, NULL);
}

/* ---- names ---- */

/* Length of the longest prefix of at most `limit` bytes that ends at a character. */
static size_t clip(const char *s, size_t limit)
{
    size_t n = strlen(s);
    if (n <= limit)
        return n;
    while (limit && ((unsigned char)s[limit] & 0xc0) == 0x80)
        limit--;
    return limit;
}

static const char *make_name(struct arena *a, const char *name1, const char *name2,
                             const char *label)
{
    size_t overhead = strlen(label) + 1 + (name2 ? 1 : 0);
    size_t avail = NAME_BYTES - overhead;
    size_t n1 = strlen(name1);
    size_t n2 = name2 ? strlen(name2) : 0;
    while (n1 + n2 > avail) {
        if (n1 > n2)
            n1--;
        else
            n2--;
    }
    n1 = clip(name1, n1);
    n2 = name2 ? clip(name2, n2) : 0;
    return arena_printf(a, "%.*s%s%.*s_%s", (int)n1, name1, name2 ? "_" : "", (int)n2,
                        name2 ? name2 : "", label);
}

static struct err *constraint_taken(struct cat *c, uint32_t relid, const char *name, bool *taken)
{
    struct datum keys[3] = {datum_int(relid), datum_int(0), text_datum(name)};
    struct datum v[CON_COUNT];
    struct arena a;
    arena_init(&a);
    struct err *e =
        systab_get(c, PG_CONSTRAINT, CONSTRAINT_RELID_NAME_INDEX, keys, 3, &a, v, taken);
    arena_done(&a);
    return e;
}

struct err *ddl_choose_name(struct cat *c, uint32_t nsp, const char *name1, const char *name2,
                            const char *label, bool constraint, uint32_t relid, struct arena *a,
                            const char **out)
{
    for (int pass = 0;; pass++) {
        const char *modified = pass ? arena_printf(a, "%s%d", label, pass) : label;
        const char *name = make_name(a, name1, name2, modified);
        bool taken = false;
        uint32_t oid = 0;
        if (constraint)
            TRY(constraint_taken(c, relid, name, &taken));
        else
            TRY(cat_relation_oid(c, nsp, str_from(name), &oid));
        if (!taken && !oid) {
            *out = name;
            return NULL;
        }
    }
}
