/* Which columns of the source a synced table has, and under which names and types.
 *
 * The state keeps for each column the name that it had in the source when it was last looked at,
 * and the id where the source maps columns: so a renamed column is found again. It also keeps the
 * source's type where the column's own does not tell all of it: values made of another one, or of
 * another column of the same name, are read anew. With COLUMNS the table has the columns listed,
 * else all of them, those that come later too.
 *
 * Following the source: what has changed becomes ALTER TABLE statements in the transaction of the
 * run. They need the table for themselves: LOCK_MS is how long readers that come may have to wait
 * for those that are there; then they go on, and the caller may try again. */
#include "sync/sync_internal.h"

#include "catalog/catalog.h"
#include "lake/json.h"
#include "lake/jsondoc.h"
#include "sql/analyze.h"
#include "sql/parse.h"
#include "types/array.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum { LOCK_MS = 100, TAG_BYTES = 64 };

/* ---- keys ---- */

bool columns_is_key(const struct relation *rel, int att)
{
    for (int i = 0; i < rel->primary->nkeys; i++)
        if (rel->primary->cols[i].attnum == att + 1)
            return true;
    return false;
}

struct err *columns_null_key(const struct relation *rel, int att)
{
    const char *name = rel->atts[att].name;
    struct err *e =
        err_new("23502", "null value in key column \"%s\" in the source of synced table \"%s\"",
                name, rel->name);
    err_hint(e, "Give every row a key in the source, or choose another PRIMARY KEY.");
    return err_column(err_table(e, rel->nsp_name, rel->name), name);
}

/* ---- names in the source ---- */

/* Names compare exactly first, then as Delta does, without regard to case. */
int columns_find(const struct lake_type *schema, const char *name)
{
    int at = lake_type_find(schema, str_from(name));
    for (uint32_t i = 0; at < 0 && i < schema->field_count; i++) {
        struct str field = schema->fields[i].name;
        if (field.len == strlen(name) && strncasecmp(field.data, name, field.len) == 0)
            at = (int)i;
    }
    return at;
}

static int find_id(const struct lake_type *schema, int64_t id)
{
    for (uint32_t i = 0; i < schema->field_count; i++)
        if (schema->fields[i].field_id >= 0 && schema->fields[i].field_id == id)
            return (int)i;
    return -1;
}

/* ---- of a new table ---- */

static struct err *listed_column(struct job *j, const struct own_column *c,
                                 struct table_column *out)
{
    const struct lake_type *schema = j->source->schema;
    int at = columns_find(schema, c->source);
    if (at < 0)
        return err_new("42703", "column \"%s\" does not exist in the source", c->source);
    struct str name = schema->fields[at].name;
    *out = (struct table_column){.source = at, .typed = c->type != NULL};
    out->name = c->name ? c->name : arena_strndup(j->arena, name.data, name.len);
    return c->type
               ? resolve_type_text(&j->s->cat, str_from(c->type), &out->type.oid, &out->type.typmod)
               : value_type_of(&schema->fields[at], &out->type);
}

static struct err *check_column(const struct table_column *columns, int n)
{
    const struct table_column *c = &columns[n];
    if (strlen(c->name) > 63)
        return err_new("42622", "column name \"%s\" is longer than 63 bytes", c->name);
    for (int i = 0; i < n; i++)
        if (strcmp(columns[i].name, c->name) == 0)
            return err_new("42701", "column \"%s\" specified more than once", c->name);
    return NULL;
}

struct err *columns_choose(struct job *j, struct table_column **out, int *count)
{
    const struct lake_type *schema = j->source->schema;
    const struct own_stmt *stmt = j->stmt;
    int n = stmt->ncolumns ? stmt->ncolumns : (int)schema->field_count;
    struct table_column *columns = arena_new_array(j->arena, struct table_column, n);
    if (n == 0)
        return err_new("22023", "the source has no columns");
    if (n > 1600)
        return err_new("54011", "tables can have at most 1600 columns");
    for (int i = 0; i < n; i++) {
        struct str name = schema->fields[stmt->ncolumns ? 0 : i].name;
        if (stmt->ncolumns) {
            TRY(listed_column(j, &stmt->columns[i], &columns[i]));
        } else {
            columns[i] = (struct table_column){.source = i};
            columns[i].name = arena_strndup(j->arena, name.data, name.len);
            TRY(value_type_of(&schema->fields[i], &columns[i].type));
        }
        TRY(check_column(columns, i));
    }
    *out = columns;
    *count = n;
    return NULL;
}

/* ---- as the state keeps them ---- */

/* A type with the names of its fields here and in the files. Schemas bound the depth. */
static void put_shape(struct buf *out, const struct lake_type *type)
{
    if (!lake_type_is_nested(type)) {
        lake_type_name(type, out);
        return;
    }
    buf_printf(out, "%d<", (int)type->kind);
    for (uint32_t i = 0; i < type->field_count; i++) {
        const struct lake_field *f = &type->fields[i];
        buf_printf(out, "%s%.*s=%.*s:", i ? "," : "", STR_ARG(f->name), STR_ARG(f->physical_name));
        put_shape(out, f->type);
    }
    buf_put_c(out, ">");
}

/* Empty where the SQL type of the column says it all. */
static const char *shape_of(struct arena *arena, const struct lake_field *field, bool typed)
{
    struct buf shape = BUF_INIT;
    if (typed || lake_type_is_nested(field->type))
        put_shape(&shape, field->type);
    const char *out = arena_strdup(arena, buf_cstr(&shape));
    buf_done(&shape);
    return out;
}

struct kept {
    const struct json_value *columns;
    bool listed;
    int64_t max_id;
};

/* The greatest id that columns of the source ever had, as far as is known; -1: they have none. */
static int64_t greatest_id(const struct job *j, int64_t known)
{
    const struct lake_type *schema = j->source->schema;
    struct str text = delta_property(j->source->snapshot, "delta.columnMapping.maxColumnId");
    int64_t id;
    if (text.data && lake_parse_i64(text, &id) && id > known)
        known = id;
    for (uint32_t i = 0; i < schema->field_count; i++)
        if (schema->fields[i].field_id > known)
            known = schema->fields[i].field_id;
    return known;
}

static struct err *put_columns(struct job *j, const struct table_column *columns, int n,
                               const struct kept *kept, const char **out)
{
    const struct lake_type *schema = j->source->schema;
    struct buf text = BUF_INIT;
    buf_printf(&text, "{\"listed\": %s, \"max_id\": %lld, \"columns\": {",
               kept->listed ? "true" : "false", (long long)greatest_id(j, kept->max_id));
    for (int i = 0; i < n; i++) {
        const struct lake_field *field = &schema->fields[columns[i].source];
        buf_put_c(&text, i ? ", " : "");
        lake_put_json_string(&text, str_from(columns[i].name));
        buf_put_c(&text, ": {\"source\": ");
        lake_put_json_string(&text, field->name);
        buf_printf(&text, ", \"id\": %d, \"typed\": %s, \"shape\": ", field->field_id,
                   columns[i].typed ? "true" : "false");
        lake_put_json_string(&text, str_from(shape_of(j->arena, field, columns[i].typed)));
        buf_put_c(&text, "}");
    }
    buf_put_c(&text, "}}");
    struct err *e = buf_finish(&text);
    if (!e)
        *out = arena_strdup(j->arena, buf_cstr(&text));
    buf_done(&text);
    return e;
}

struct err *columns_json(struct job *j, const struct table_column *columns, int n, bool listed,
                         const char **out)
{
    struct kept kept = {.listed = listed, .max_id = -1};
    return put_columns(j, columns, n, &kept, out);
}

static struct err *read_kept(struct job *j, const char *json, struct kept *out)
{
    const char *reason;
    size_t offset;
    const struct json_value *tree = json_parse(j->arena, str_from(json), &reason, &offset);
    *out = (struct kept){.columns = json_get(tree, "columns")};
    json_get_bool(tree, "listed", &out->listed);
    out->max_id = -1;
    json_get_i64(tree, "max_id", &out->max_id);
    return out->columns ? NULL : err_new("XX001", "damaged columns of a synced table");
}

/* ---- matching a table ---- */

enum use { UNUSED, BY_ID, BY_NAME };

/* A column of the table that stays. */
struct stay {
    int att;
    struct value_type retype; /* oid 0: its type stays too */
};

struct match {
    struct job *j;
    const struct relation *rel;
    struct kept kept;
    /* The table's columns that stay, with their names to be, then those to come. */
    struct table_column *columns;
    struct stay *stays;
    int count, added;
    enum use *used; /* by the source's columns */
    int *places;    /* of attributes, in the source; -1: none */
    bool *gone;     /* attributes */
    struct buf sql;
    int time_key; /* attribute number, 0: none */
    bool ids;     /* those of columns hold */
    bool retyped;
    const char *what; /* the first change, for the message */
    const char *column;
};

static void note(struct match *m, const char *what, const char *column)
{
    if (!m->what) {
        m->what = what;
        m->column = arena_strdup(m->j->arena, column);
    }
}

/* Whether values that the table has were made of another column, or of another type, though the
 * table's column stays as it is. */
static bool made_of_another(struct match *m, const struct table_column *c, const char *att,
                            const struct lake_field *field)
{
    const struct json_value *kept = json_get(m->kept.columns, att);
    struct str shape;
    int64_t id = -1;
    json_get_i64(kept, "id", &id);
    if (id >= 0 && field->field_id >= 0 && field->field_id != id)
        return true;
    return json_get_str(kept, "shape", &shape) &&
           !str_eq_c(shape, shape_of(m->j->arena, field, c->typed));
}

static struct err *match_gone(struct match *m, int i)
{
    const char *name = m->rel->atts[i].name;
    if (columns_is_key(m->rel, i) || i + 1 == m->time_key)
        return err_new("42703",
                       "key column \"%s\" of synced table \"%s\" is not in the source any more",
                       name, m->rel->name);
    note(m, "is not in the source any more", name);
    m->gone[i] = true;
    return NULL;
}

static struct err *match_attribute(struct match *m, int i)
{
    const struct lake_type *schema = m->j->source->schema;
    const struct attr *att = &m->rel->atts[i];
    const struct json_value *kept = json_get(m->kept.columns, att->name);
    int at = m->places[i];
    if (at < 0)
        return match_gone(m, i);
    struct table_column *c = &m->columns[m->count];
    struct stay *stay = &m->stays[m->count++];
    bool typed = false;
    json_get_bool(kept, "typed", &typed);
    *c = (struct table_column){.name = att->name, .source = at, .typed = typed};
    c->type = (struct value_type){att->type, att->typmod};
    *stay = (struct stay){.att = i};
    struct str name = schema->fields[at].name;
    struct str was = str_from(att->name);
    json_get_str(kept, "source", &was);
    struct value_type natural;
    TRY(value_type_of(&schema->fields[at], &natural));
    bool other_type = !typed && (natural.oid != att->type || natural.typmod != att->typmod);
    if (other_type)
        stay->retype = natural;
    if (other_type || made_of_another(m, c, att->name, &schema->fields[at])) {
        note(m, "has another type in the source now", att->name);
        m->retyped = true;
    }
    if (!str_eq(name, was) && str_eq_c(was, att->name)) {
        note(m, "has another name in the source now", att->name);
        c->name = arena_strndup(m->j->arena, name.data, name.len);
    }
    return NULL;
}

static struct err *match_new(struct match *m, uint32_t i)
{
    const struct lake_field *field = &m->j->source->schema->fields[i];
    struct table_column *c = &m->columns[m->count + m->added++];
    *c = (struct table_column){.source = (int)i};
    c->name = arena_strndup(m->j->arena, field->name.data, field->name.len);
    /* One that is back may have values in files from before. */
    bool back = m->ids && field->field_id >= 0 && field->field_id <= m->kept.max_id;
    m->retyped |= back;
    note(m, back ? "is in the source again" : "is new in the source", c->name);
    return value_type_of(field, &c->type);
}

/* Finds the source's column of each attribute, by its id, else by its name among those that are
 * nobody else's; -1: gone. */
static void find_places(struct match *m, bool by_id)
{
    const struct lake_type *schema = m->j->source->schema;
    for (int i = 0; i < m->rel->natts; i++) {
        const char *name = m->rel->atts[i].name;
        const struct json_value *kept = json_get(m->kept.columns, name);
        struct str source = str_from(name);
        int64_t id = -1;
        if (m->rel->atts[i].dropped || m->places[i] >= 0)
            continue;
        json_get_str(kept, "source", &source);
        json_get_i64(kept, "id", &id);
        int at = !by_id ? lake_type_find(schema, source) : id >= 0 ? find_id(schema, id) : -1;
        if (at < 0 || m->used[at] == BY_ID)
            continue;
        m->places[i] = at;
        m->used[at] = by_id ? BY_ID : BY_NAME;
    }
}

/* The ids of one table say nothing of another's columns. */
static bool ids_hold(const struct match *m, const struct sync_state *state)
{
    const char *now = m->j->run.source_id;
    return !now || !state->source_id || strcmp(state->source_id, now) == 0;
}

static struct err *match_all(struct match *m)
{
    const struct lake_type *schema = m->j->source->schema;
    for (int i = 0; i < m->rel->natts; i++)
        m->places[i] = -1;
    if (m->ids)
        find_places(m, true);
    find_places(m, false);
    for (int i = 0; i < m->rel->natts; i++)
        if (!m->rel->atts[i].dropped)
            TRY(match_attribute(m, i));
    for (uint32_t i = 0; i < schema->field_count && !m->kept.listed; i++)
        if (m->used[i] == UNUSED)
            TRY(match_new(m, i));
    return NULL;
}

/* ---- the statements for it: names must be free when they are taken ---- */

/* "ALTER TABLE t <action> <column>", after what there is. */
static void put_alter(struct match *m, const char *action, const char *column)
{
    if (m->sql.len)
        buf_put_c(&m->sql, "; ");
    buf_put_c(&m->sql, "ALTER TABLE ");
    quote_identifier(&m->sql, m->rel->nsp_name);
    buf_put_c(&m->sql, ".");
    quote_identifier(&m->sql, m->rel->name);
    buf_printf(&m->sql, " %s COLUMN ", action);
    quote_identifier(&m->sql, column);
}

static const char *name_now(const struct match *m, int stay)
{
    return m->rel->atts[m->stays[stay].att].name;
}

static bool is_renamed(const struct match *m, int stay)
{
    return strcmp(m->columns[stay].name, name_now(m, stay)) != 0;
}

/* Another column is to have its name. */
static bool is_in_the_way(const struct match *m, int stay)
{
    for (int i = 0; i < m->count; i++)
        if (i != stay && strcmp(m->columns[i].name, name_now(m, stay)) == 0)
            return true;
    return false;
}

/* A name that no column has or is to have. */
static const char *free_name(const struct match *m, int stay)
{
    char name[TAG_BYTES];
    bool taken = true;
    for (int n = 0; taken; n++) {
        snprintf(name, sizeof(name), "tarn_column_%d_%d", m->stays[stay].att + 1, n);
        taken = false;
        for (int i = 0; i < m->count; i++)
            taken |= strcmp(m->columns[i].name, name) == 0 || strcmp(name_now(m, i), name) == 0;
    }
    return arena_strdup(m->j->arena, name);
}

static void put_rename(struct match *m, const char *from, const char *to)
{
    put_alter(m, "RENAME", from);
    buf_put_c(&m->sql, " TO ");
    quote_identifier(&m->sql, to);
}

static void put_renames(struct match *m)
{
    const char **from = arena_new_array(m->j->arena, const char *, m->count + 1);
    for (int i = 0; i < m->count; i++) {
        from[i] = name_now(m, i);
        if (!is_renamed(m, i) || !is_in_the_way(m, i))
            continue;
        from[i] = free_name(m, i);
        put_rename(m, name_now(m, i), from[i]);
    }
    for (int i = 0; i < m->count; i++)
        if (is_renamed(m, i))
            put_rename(m, from[i], m->columns[i].name);
}

static void put_type(struct match *m, const struct value_type *t)
{
    buf_put_c(&m->sql, type_display(m->j->arena, t->oid, t->typmod));
}

/* The rows are read anew: no value is converted. */
static void put_retype(struct match *m, int i)
{
    put_alter(m, "ALTER", m->columns[i].name);
    buf_put_c(&m->sql, " TYPE ");
    put_type(m, &m->stays[i].retype);
    buf_put_c(&m->sql, " USING NULL");
}

static void put_statements(struct match *m)
{
    for (int i = 0; i < m->rel->natts; i++)
        if (m->gone[i])
            put_alter(m, "DROP", m->rel->atts[i].name);
    put_renames(m);
    for (int i = 0; i < m->count; i++)
        if (m->stays[i].retype.oid)
            put_retype(m, i);
    for (int i = m->count; i < m->count + m->added; i++) {
        put_alter(m, "ADD", m->columns[i].name);
        buf_put_c(&m->sql, " ");
        put_type(m, &m->columns[i].type);
    }
}

static struct err *begin_match(struct match *m, struct job *j, const struct relation *rel,
                               const struct sync_state *state, const char *kept)
{
    *m = (struct match){.j = j, .rel = rel, .time_key = state->time_key, .sql = BUF_INIT};
    m->columns = arena_new_array(j->arena, struct table_column,
                                 (size_t)rel->natts + j->source->schema->field_count + 1);
    m->stays = arena_new_array(j->arena, struct stay, rel->natts + 1);
    m->places = arena_new_array(j->arena, int, rel->natts + 1);
    m->gone = arena_new_array(j->arena, bool, rel->natts + 1);
    m->used =
        arena_zalloc(j->arena, ((size_t)j->source->schema->field_count + 1) * sizeof(*m->used));
    TRY(read_kept(j, kept, &m->kept));
    m->ids = ids_hold(m, state);
    if (!m->ids)
        m->kept.max_id = -1;
    return match_all(m);
}

static struct err *changed(const struct match *m)
{
    struct err *e = err_new(
        "42804", "the columns of the source of synced table \"%s\" have changed", m->rel->name);
    err_detail(e, "Column \"%s\" %s.", m->column, m->what);
    return err_hint(e,
                    "The table keeps serving its last version. Set the option on_schema_change to "
                    "follow, or drop the table and create it again.");
}

/* ---- following ---- */

static struct err *run_alter(struct job *j, const char *sql)
{
    struct parsed parsed;
    char tag[TAG_BYTES];
    TRY(parse_sql(sql, j->arena, &parsed));
    txn_set_lock_timeout(j->s->cat.txn, LOCK_MS);
    j->s->feeds_synced = true;
    struct err *e = NULL;
    for (int i = 0; i < parsed.count && !e; i++) {
        e = utility_run(j->s, &parsed.stmts[i], NULL, NULL, tag);
        txn_next_command(j->s->cat.txn);
    }
    j->s->feeds_synced = false;
    txn_set_lock_timeout(j->s->cat.txn, 0);
    return e;
}

static struct err *finish_match(const struct match *m, struct sync_columns *out)
{
    struct job *j = m->j;
    *out = (struct sync_columns){.count = m->count};
    out->atts = arena_new_array(j->arena, int, m->count + 1);
    out->source = arena_new_array(j->arena, uint32_t, m->count + 1);
    out->natural = arena_new_array(j->arena, struct value_type, m->count + 1);
    out->convert = arena_new_array(j->arena, const struct type_ops *, m->count + 1);
    out->typmods = arena_new_array(j->arena, int32_t, m->count + 1);
    for (int i = 0; i < m->count; i++) {
        const struct table_column *c = &m->columns[i];
        const struct attr *att = &m->rel->atts[m->stays[i].att];
        out->atts[i] = m->stays[i].att;
        out->source[i] = (uint32_t)c->source;
        TRY(value_type_of(&j->source->schema->fields[c->source], &out->natural[i]));
        out->typmods[i] = att->typmod;
        if (out->natural[i].oid != att->type || out->natural[i].typmod != att->typmod)
            out->convert[i] = att->ops;
    }
    return put_columns(j, m->columns, m->count, &m->kept, &out->json);
}

/* Alters the table, then matches it again. */
static struct err *follow_source(struct match *m, const struct sync_state *state,
                                 struct relation **rel)
{
    struct job *j = m->j;
    uint32_t oid = (*rel)->oid;
    const char *kept;
    TRY(put_columns(j, m->columns, m->count + m->added, &m->kept, &kept));
    put_statements(m);
    struct err *e = run_alter(j, arena_strdup(j->arena, buf_cstr(&m->sql)));
    buf_done(&m->sql);
    TRY(e);
    relation_unref(*rel);
    *rel = NULL;
    TRY(cat_relation(&j->s->cat, oid, rel));
    return begin_match(m, j, *rel, state, kept);
}

struct err *columns_look(struct job *j, const struct relation *rel, const struct sync_state *state,
                         bool *same)
{
    struct match m;
    TRY(begin_match(&m, j, rel, state, state->columns));
    *same = m.what == NULL;
    return NULL;
}

struct err *columns_match(struct job *j, struct relation **rel, const struct sync_state *state,
                          bool follow, struct sync_columns *out, enum columns_change *change)
{
    struct match m;
    struct err *e = begin_match(&m, j, *rel, state, state->columns);
    *change = m.retyped ? COLUMNS_RETYPED : m.what ? COLUMNS_OTHERS : COLUMNS_SAME;
    if (!e && m.what && !follow)
        e = changed(&m);
    if (!e && m.what) {
        e = follow_source(&m, state, rel);
        if (!e && m.what)
            e = changed(&m);
    }
    buf_done(&m.sql);
    return e ? e : finish_match(&m, out);
}

/* ---- values ---- */

/* A list as an array: each element by its text. */
static struct err *to_array(const struct lake_vec *vec, uint32_t row, const struct type_ops *elem,
                            int32_t typmod, const struct type_env *env, struct arena *arena,
                            struct datum *out)
{
    const struct lake_vec *items = &vec->children[0];
    uint32_t begin = vec->offsets[row];
    uint32_t count = vec->offsets[row + 1] - begin;
    struct datum *datums = arena_new_array(arena, struct datum, (size_t)count + 1);
    struct value_type natural;
    TRY(value_type_of(&vec->type->fields[0], &natural));
    for (uint32_t i = 0; i < count; i++) {
        TRY(value_get(items, begin + i, &natural, arena, &datums[i]));
        if (!datums[i].null && natural.oid != elem->oid)
            TRY(value_convert(datums[i], natural.oid, elem, typmod, env, arena, &datums[i]));
    }
    return array_make_1d(elem, datums, count, arena, out);
}

struct err *columns_value(const struct sync_columns *c, int i, const struct lake_vec *vec,
                          uint32_t row, const struct type_env *env, struct arena *arena,
                          struct datum *out)
{
    const struct type_ops *to = c->convert[i];
    if (to && to->elem && vec->type && vec->type->kind == LAKE_LIST && !lake_vec_is_null(vec, row))
        return to_array(vec, row, to->elem, c->typmods[i], env, arena, out);
    TRY(value_get(vec, row, &c->natural[i], arena, out));
    if (!to || out->null)
        return NULL;
    return value_convert(*out, c->natural[i].oid, to, c->typmods[i], env, arena, out);
}
