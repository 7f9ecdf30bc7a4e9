/* Storage parameters of tables, indexes and views: WITH (...), SET (...), RESET (...). They are
 * checked, kept in pg_class.reloptions and shown; those of tables and indexes have no meaning here.
 */
#include "exec/ddl_internal.h"

#include "types/array.h"

#include <float.h>
#include <limits.h>
#include <stdlib.h>
#include <strings.h>

enum option_type { OPTION_BOOL, OPTION_INT, OPTION_REAL, OPTION_ENUM };

static const struct option {
    const char *name;
    const char *kinds; /* of relations; 'a': of columns; i, h, g, b: of indexes by access method */
    enum option_type type;
    double min;
    double max;
    const char *values; /* of an enum, between blanks */
    const char *detail;
} known_options[] = {
    {"fillfactor", "rih", OPTION_INT, 10, 100, NULL, NULL},
    {"deduplicate_items", "i", OPTION_BOOL, 0, 0, NULL, NULL},
    {"fastupdate", "g", OPTION_BOOL, 0, 0, NULL, NULL},
    {"gin_pending_list_limit", "g", OPTION_INT, 64, INT_MAX, NULL, NULL},
    {"pages_per_range", "b", OPTION_INT, 1, 131072, NULL, NULL},
    {"autosummarize", "b", OPTION_BOOL, 0, 0, NULL, NULL},
    {"toast_tuple_target", "r", OPTION_INT, 128, 8160, NULL, NULL},
    {"parallel_workers", "r", OPTION_INT, 0, 1024, NULL, NULL},
    {"user_catalog_table", "r", OPTION_BOOL, 0, 0, NULL, NULL},
    {"vacuum_truncate", "r", OPTION_BOOL, 0, 0, NULL, NULL},
    {"vacuum_index_cleanup", "r", OPTION_ENUM, 0, 0, " auto on off true false yes no 1 0 ",
     "Valid values are \"on\", \"off\", and \"auto\"."},
    {"autovacuum_enabled", "r", OPTION_BOOL, 0, 0, NULL, NULL},
    {"autovacuum_vacuum_threshold", "r", OPTION_INT, 0, INT_MAX, NULL, NULL},
    {"autovacuum_vacuum_insert_threshold", "r", OPTION_INT, -1, INT_MAX, NULL, NULL},
    {"autovacuum_analyze_threshold", "r", OPTION_INT, 0, INT_MAX, NULL, NULL},
    {"autovacuum_vacuum_cost_limit", "r", OPTION_INT, 1, 10000, NULL, NULL},
    {"autovacuum_freeze_min_age", "r", OPTION_INT, 0, 1000000000, NULL, NULL},
    {"autovacuum_freeze_max_age", "r", OPTION_INT, 100000, 2000000000, NULL, NULL},
    {"autovacuum_freeze_table_age", "r", OPTION_INT, 0, 2000000000, NULL, NULL},
    {"autovacuum_multixact_freeze_min_age", "r", OPTION_INT, 0, 1000000000, NULL, NULL},
    {"autovacuum_multixact_freeze_max_age", "r", OPTION_INT, 10000, 2000000000, NULL, NULL},
    {"autovacuum_multixact_freeze_table_age", "r", OPTION_INT, 0, 2000000000, NULL, NULL},
    {"log_autovacuum_min_duration", "r", OPTION_INT, -1, INT_MAX, NULL, NULL},
    {"autovacuum_vacuum_cost_delay", "r", OPTION_REAL, 0, 100, NULL, NULL},
    {"autovacuum_vacuum_scale_factor", "r", OPTION_REAL, 0, 100, NULL, NULL},
    {"autovacuum_vacuum_insert_scale_factor", "r", OPTION_REAL, 0, 100, NULL, NULL},
    {"autovacuum_analyze_scale_factor", "r", OPTION_REAL, 0, 100, NULL, NULL},
    {"security_barrier", "v", OPTION_BOOL, 0, 0, NULL, NULL},
    {"security_invoker", "v", OPTION_BOOL, 0, 0, NULL, NULL},
    {"check_option", "v", OPTION_ENUM, 0, 0, " local cascaded ",
     "Valid values are \"local\" and \"cascaded\"."},
    {"n_distinct", "a", OPTION_REAL, -1, DBL_MAX, NULL, NULL},
    {"n_distinct_inherited", "a", OPTION_REAL, -1, DBL_MAX, NULL, NULL},
};

static const struct option *find_option(const char *name, char kind)
{
    if (kind == 'm')
        kind = 'r';
    for (size_t i = 0; i < ARRAY_LENGTH(known_options); i++)
        if (strcmp(known_options[i].name, name) == 0 && strchr(known_options[i].kinds, kind))
            return &known_options[i];
    return NULL;
}

/* The value as it was written. */
static const char *option_text(struct ddl *d, const PgQuery__DefElem *o)
{
    if (!o->arg)
        return "true";
    switch (o->arg->node_case) {
    case PG_QUERY__NODE__NODE_INTEGER:
        return arena_printf(d->arena, "%d", o->arg->integer->ival);
    case PG_QUERY__NODE__NODE_FLOAT:
        return o->arg->float_->fval;
    case PG_QUERY__NODE__NODE_BOOLEAN:
        return o->arg->boolean->boolval ? "true" : "false";
    case PG_QUERY__NODE__NODE_STRING:
        return o->arg->string->sval;
    case PG_QUERY__NODE__NODE_TYPE_NAME:
        return pg_str(o->arg->type_name->names[o->arg->type_name->n_names - 1]);
    default:
        return "";
    }
}

static bool is_bool_word(const char *s)
{
    static const char *const words[] = {"true", "false", "yes", "no", "on", "off", "1", "0"};
    size_t n = strlen(s);
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
        if (n && strncasecmp(words[i], s, n) == 0 && (words[i][0] != 'o' || n > 1))
            return true;
    return false;
}

static struct err *bad_value(const char *type, const struct option *o, const char *text)
{
    return err_new("22023", "invalid value for %s option \"%s\": %s", type, o->name, text);
}

static struct err *check_value(struct ddl *d, const struct option *o, const char *text)
{
    char *end;
    double v = strtod(text, &end);
    bool number = end != text && !*end;
    switch (o->type) {
    case OPTION_BOOL:
        return is_bool_word(text) ? NULL : bad_value("boolean", o, text);
    case OPTION_ENUM:
        if (strcasestr(o->values, arena_printf(d->arena, " %s ", text)))
            return NULL;
        return err_detail(bad_value("enum", o, text), "%s", o->detail);
    case OPTION_INT:
        if (!number || v != (double)(int64_t)v)
            return bad_value("integer", o, text);
        if (v >= o->min && v <= o->max)
            return NULL;
        return err_detail(
            err_new("22023", "value %s out of bounds for option \"%s\"", text, o->name),
            "Valid values are between \"%.0f\" and \"%.0f\".", o->min, o->max);
    case OPTION_REAL:
        if (!number)
            return bad_value("floating point", o, text);
        if (v >= o->min && v <= o->max)
            return NULL;
        return err_detail(
            err_new("22023", "value %s out of bounds for option \"%s\"", text, o->name),
            "Valid values are between \"%f\" and \"%f\".", o->min, o->max);
    }
    UNREACHABLE();
}

static bool item_is(struct str item, const char *name)
{
    size_t n = strlen(name);
    return item.len > n && item.data[n] == '=' && memcmp(item.data, name, n) == 0;
}

/* Toast tables do not exist, so what is said of them is checked and goes no further. */
static struct err *check_toast(const PgQuery__DefElem *o)
{
    if (strcmp(o->defnamespace, "toast") != 0)
        return err_new("22023", "unrecognized parameter namespace \"%s\"", o->defnamespace);
    const struct option *known = find_option(o->defname, 'r');
    bool fine = known && (strstr(known->name, "vacuum") != NULL);
    return fine ? NULL : err_new("22023", "unrecognized parameter \"%s\"", o->defname);
}

/* Without the option in the list. */
static void remove_item(struct array_items *list, const char *name)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < list->count; i++)
        if (!item_is(datum_as_str(list->items[i]), name))
            list->items[n++] = list->items[i];
    list->count = n;
}

static bool is_other(const PgQuery__DefElem *o)
{
    return o->defnamespace && *o->defnamespace;
}

static struct err *set_option(struct ddl *d, char kind, const PgQuery__DefElem *o,
                              struct array_items *list)
{
    const struct option *known = find_option(o->defname, kind);
    const char *text = option_text(d, o);
    if (kind == 'r' && strcmp(o->defname, "oids") == 0)
        return is_bool_word(text) && strchr("tTyY1", text[0])
                   ? err_new("0A000", "tables declared WITH OIDS are not supported")
                   : NULL;
    if (!known)
        return err_new("22023", "unrecognized parameter \"%s\"", o->defname);
    TRY(check_value(d, known, text));
    remove_item(list, o->defname);
    return array_items_add(list, d->arena,
                           cstr_datum(arena_printf(d->arena, "%s=%s", o->defname, text)));
}

static struct err *check_twice(PgQuery__Node *const *options, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(options[i]->def_elem->defname, options[k]->def_elem->defname) == 0 &&
                is_other(options[i]->def_elem) == is_other(options[k]->def_elem))
                return err_new("22023", "parameter \"%s\" specified more than once",
                               options[i]->def_elem->defname);
    return NULL;
}

struct err *ddl_options(struct ddl *d, char kind, struct datum old, PgQuery__Node *const *options,
                        size_t n, bool reset, struct datum *out)
{
    struct array items = {0};
    struct array_items list = {0};
    if (!old.null)
        TRY(array_open(old, &items));
    for (uint32_t i = 0; i < items.nitems; i++)
        TRY(array_items_add(&list, d->arena, array_get(&items, i)));
    TRY(check_twice(options, n));
    for (size_t i = 0; i < n; i++) {
        const PgQuery__DefElem *o = options[i]->def_elem;
        if (reset && o->arg)
            return err_new("42601", "RESET must not include values for parameters");
        if (is_other(o))
            TRY(check_toast(o));
        else if (reset)
            remove_item(&list, o->defname);
        else
            TRY(set_option(d, kind, o, &list));
    }
    *out = datum_null();
    if (!list.count)
        return NULL;
    return array_make_1d(type_by_oid(TEXT_OID), list.items, list.count, d->arena, out);
}

struct err *ddl_class_options(struct ddl *d, uint32_t relid, char kind,
                              PgQuery__Node *const *options, size_t n, bool reset)
{
    struct datum key = datum_int(relid);
    struct datum v[CLS_COUNT];
    struct datum changed;
    bool found;
    if (!n)
        return NULL;
    TRY(systab_get(d->cat, PG_CLASS, CLASS_OID_INDEX, &key, 1, d->arena, v, &found));
    if (!found)
        return err_new("XX000", "relation %u vanished", relid);
    if (kind == 'i')
        kind = index_am((uint32_t)v[CLS_AM].u)->options;
    TRY(ddl_options(d, kind, v[CLS_OPTIONS], options, n, reset, &changed));
    TRY(ddl_update_class(d->cat, relid, CLS_OPTIONS, changed));
    return kind == 'v' ? ddl_check_view_options(d, relid) : NULL;
}

/* ---- the same of columns, and the other settings of theirs ---- */

static struct err *column_row(struct ddl *d, const struct relation *r, const char *name, int *att,
                              struct datum *v)
{
    bool found;
    *att = relation_attnum(r, str_from(name));
    if (!*att)
        return err_new("42703", "column \"%s\" of relation \"%s\" does not exist", name, r->name);
    struct datum keys[2] = {datum_int(r->oid), datum_int(*att)};
    return systab_get(d->cat, PG_ATTRIBUTE, ATTRIBUTE_RELID_NUM_INDEX, keys, 2, d->arena, v,
                      &found);
}

static struct err *column_options(struct ddl *d, const struct relation *r,
                                  const PgQuery__AlterTableCmd *cmd, bool reset)
{
    const PgQuery__List *l = cmd->def->list;
    struct datum v[ATT_COUNT];
    struct datum changed;
    int att;
    TRY(column_row(d, r, cmd->name, &att, v));
    TRY(ddl_options(d, 'a', v[ATT_OPTIONS], l->items, l->n_items, reset, &changed));
    return ddl_update_attribute(d->cat, r->oid, att, ATT_OPTIONS, changed);
}

/* Only the expressions of an index have statistics of their own. */
static struct err *index_column_name(struct ddl *d, const struct relation *index, int number,
                                     const char **name)
{
    struct relation *table = NULL;
    struct err *e = NULL;
    uint32_t relid;
    if (number < 1 || number > index->natts)
        return err_new("42703", "column number %d of relation \"%s\" does not exist", number,
                       index->name);
    *name = index->atts[number - 1].name;
    TRY(ddl_index_table(d, index->oid, &relid));
    TRY(cat_relation(d->cat, relid, &table));
    for (int i = 0; table && i < table->nindexes; i++) {
        const struct index *ix = &table->indexes[i];
        if (ix->oid != index->oid || !ix->cols[number - 1].attnum)
            continue;
        bool key = number <= ix->nkeys;
        e = err_new("0A000", "cannot alter statistics on %s column \"%s\" of index \"%s\"",
                    key ? "non-expression" : "included", *name, index->name);
        e = key ? err_hint(e, "Alter statistics on table column instead.") : e;
    }
    relation_unref(table);
    return e;
}

static struct err *column_statistics(struct ddl *d, const struct relation *r,
                                     const PgQuery__AlterTableCmd *cmd)
{
    enum { MAX_TARGET = 10000 };
    struct datum v[ATT_COUNT];
    int target = cmd->def->integer->ival;
    int att;
    const char *name = cmd->name;
    if (r->kind == 'i')
        TRY(index_column_name(d, r, cmd->num, &name));
    TRY(column_row(d, r, name, &att, v));
    if (target < -1)
        return err_new("22023", "statistics target %d is too low", target);
    if (target > MAX_TARGET) {
        ddl_notice(d, "WARNING",
                   err_new("01000", "lowering statistics target to %d", (int)MAX_TARGET));
        target = MAX_TARGET;
    }
    return ddl_update_attribute(d->cat, r->oid, att, ATT_STATTARGET, datum_int(target));
}

static struct err *column_storage(struct ddl *d, const struct relation *r,
                                  const PgQuery__AlterTableCmd *cmd)
{
    static const char *const names[] = {"plain", "external", "extended", "main"};
    static const char codes[] = "pexm";
    const char *name = pg_str(cmd->def);
    struct datum v[ATT_COUNT];
    size_t i = 0;
    int att;
    while (i < ARRAY_LENGTH(names) && strcasecmp(names[i], name) != 0)
        i++;
    if (i == ARRAY_LENGTH(names))
        return err_new("22023", "invalid storage type \"%s\"", name);
    TRY(column_row(d, r, cmd->name, &att, v));
    if (codes[i] != 'p' && v[ATT_LEN].i != -1)
        return err_new("0A000", "column data type %s can only have storage PLAIN",
                       type_display(d->arena, r->atts[att - 1].type, -1));
    return ddl_update_attribute(d->cat, r->oid, att, ATT_STORAGE, datum_int(codes[i]));
}

static struct err *column_compression(struct ddl *d, const struct relation *r,
                                      const PgQuery__AlterTableCmd *cmd)
{
    const char *name = pg_str(cmd->def);
    struct datum v[ATT_COUNT];
    int att;
    TRY(column_row(d, r, cmd->name, &att, v));
    if (v[ATT_LEN].i != -1)
        return err_new("0A000", "column data type %s does not support compression",
                       type_display(d->arena, r->atts[att - 1].type, -1));
    char code = strcmp(name, "pglz") == 0 ? 'p' : strcmp(name, "lz4") == 0 ? 'l' : 0;
    if (!code && strcmp(name, "default") != 0)
        return err_new("22023", "invalid compression method \"%s\"", name);
    return ddl_update_attribute(d->cat, r->oid, att, ATT_COMPRESSION, datum_int(code));
}

/* Whether the table has an index of that name. */
static struct err *find_index(const struct relation *r, const char *name, const struct index **out)
{
    for (int i = 0; i < r->nindexes; i++) {
        if (strcmp(r->indexes[i].name, name) != 0)
            continue;
        *out = &r->indexes[i];
        return NULL;
    }
    return err_new("42704", "index \"%s\" for table \"%s\" does not exist", name, r->name);
}

static struct err *cluster_on(struct ddl *d, const struct relation *r, const char *name)
{
    const struct index *ix = NULL;
    if (name)
        TRY(find_index(r, name, &ix));
    if (ix)
        TRY(ddl_check_cluster(ix));
    for (int i = 0; i < r->nindexes; i++)
        TRY(ddl_update_index(d->cat, r->indexes[i].oid, IDX_CLUSTERED,
                             datum_bool(ix == &r->indexes[i])));
    return NULL;
}

static struct err *replica_identity(struct ddl *d, const struct relation *r,
                                    const PgQuery__ReplicaIdentityStmt *s)
{
    const struct index *ix = NULL;
    char kind = s->identity_type && *s->identity_type ? *s->identity_type : 'd';
    if (kind == 'i') {
        TRY(find_index(r, s->name, &ix));
        if (!ix->unique)
            return err_new("42809", "cannot use non-unique index \"%s\" as replica identity",
                           s->name);
    }
    for (int i = 0; i < r->nindexes; i++)
        TRY(ddl_update_index(d->cat, r->indexes[i].oid, IDX_REPLIDENT,
                             datum_bool(ix == &r->indexes[i])));
    return ddl_update_class(d->cat, r->oid, CLS_REPLIDENT, datum_int(kind));
}

static struct err *only(const char *what, const char *name, const char *wanted)
{
    return strcmp(name, wanted) == 0 ? NULL
                                     : err_new("42704", "%s \"%s\" does not exist", what, name);
}

struct err *ddl_alter_setting(struct ddl *d, const struct relation *r,
                              const PgQuery__AlterTableCmd *cmd, bool *done)
{
    const PgQuery__List *l =
        cmd->def && cmd->def->node_case == PG_QUERY__NODE__NODE_LIST ? cmd->def->list : NULL;
    *done = true;
    switch (cmd->subtype) {
    case PG_QUERY__ALTER_TABLE_TYPE__AT_SetRelOptions:
        return ddl_class_options(d, r->oid, r->kind, l->items, l->n_items, false);
    case PG_QUERY__ALTER_TABLE_TYPE__AT_ResetRelOptions:
        return ddl_class_options(d, r->oid, r->kind, l->items, l->n_items, true);
    case PG_QUERY__ALTER_TABLE_TYPE__AT_SetOptions:
        return column_options(d, r, cmd, false);
    case PG_QUERY__ALTER_TABLE_TYPE__AT_ResetOptions:
        return column_options(d, r, cmd, true);
    case PG_QUERY__ALTER_TABLE_TYPE__AT_SetStatistics:
        return column_statistics(d, r, cmd);
    case PG_QUERY__ALTER_TABLE_TYPE__AT_SetStorage:
        return column_storage(d, r, cmd);
    case PG_QUERY__ALTER_TABLE_TYPE__AT_SetCompression:
        return column_compression(d, r, cmd);
    case PG_QUERY__ALTER_TABLE_TYPE__AT_ClusterOn:
        return cluster_on(d, r, cmd->name);
    case PG_QUERY__ALTER_TABLE_TYPE__AT_DropCluster:
        return cluster_on(d, r, NULL);
    case PG_QUERY__ALTER_TABLE_TYPE__AT_ReplicaIdentity:
        return replica_identity(d, r, cmd->def->replica_identity_stmt);
    case PG_QUERY__ALTER_TABLE_TYPE__AT_SetTableSpace:
        return only("tablespace", cmd->name, "pg_default");
    case PG_QUERY__ALTER_TABLE_TYPE__AT_SetAccessMethod:
        return only("access method", cmd->name, "heap");
    case PG_QUERY__ALTER_TABLE_TYPE__AT_DropOids:
        return NULL;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_SetLogged:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_SetUnLogged:
        /* Every table is logged, whatever it is called. */
        return ddl_update_class(
            d->cat, r->oid, CLS_PERSISTENCE,
            datum_int(cmd->subtype == PG_QUERY__ALTER_TABLE_TYPE__AT_SetLogged ? 'p' : 'u'));
    default:
        *done = false;
        return NULL;
    }
}
