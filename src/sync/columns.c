/* Which columns of the source a synced table has, and under which names and types.
 *
 * The state keeps for each column the name that it had in the source when it was last looked at,
 * and the id where the source maps columns: so a renamed column is found again. It also keeps the
 * source's type where the column's own does not tell all of it: values made of another one, or of
 * another column of the same name, are read anew. With COLUMNS the table has the columns listed,
 * else all of them, those that come later too.
 *
 * Following the source: what has changed becomes ALTER TABLE statements in the transaction of the
 * run. They need the table for themselves for a moment; a run that does not get it within
 * LOCK_MS fails and is tried again. */
#include "sync/sync_internal.h"

#include "catalog/catalog.h"
#include "lake/json.h"
#include "lake/jsondoc.h"
#include "sql/analyze.h"
#include "sql/parse.h"
#include "types/array.h"

#include <stdlib.h>
#include <strings.h>

enum { LOCK_MS = 2000, TAG_BYTES = 64 };

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

struct err *columns_json(struct job *j, const struct table_column *columns, int n, bool listed,
                         const char **out)
{
    const struct lake_type *schema = j->source->schema;
    struct buf text = BUF_INIT;
    buf_printf(&text, "{\"listed\": %s, \"columns\": {", listed ? "true" : "false");
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

struct kept {
    const struct json_value *columns;
    bool listed;
};

static struct err *read_kept(struct job *j, const char *json, struct kept *out)
{
    const char *reason;
    size_t offset;
    const struct json_value *tree = json_parse(j->arena, str_from(json), &reason, &offset);
    *out = (struct kept){.columns = json_get(tree, "columns")};
    json_get_bool(tree, "listed", &out->listed);
    return out->columns ? NULL : err_new("XX001", "damaged columns of a synced table");
}

/* The source's column for one of the table, -1: gone. */
static int place_of(const struct lake_type *schema, const struct json_value *kept, const char *name)
{
    const struct json_value *c = json_get(kept, name);
    struct str source = str_from(name);
    int64_t id = -1;
    json_get_str(c, "source", &source);
    json_get_i64(c, "id", &id);
    int at = id >= 0 ? find_id(schema, id) : -1;
    return id >= 0 && at >= 0 ? at : lake_type_find(schema, source);
}

/* ---- matching a table ---- */

struct match {
    struct job *j;
    const struct relation *rel;
    struct kept kept;
    /* The table's columns that stay, with their names to be, then those to come. */
    struct table_column *columns;
    int *atts; /* of those that stay */
    int count, added;
    bool *used; /* by the source's columns */
    struct buf sql;
    int time_key; /* attribute number, 0: none */
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

/* Begins the statement that follows it. */
static void change(struct match *m, const char *what, const char *column)
{
    note(m, what, column);
    if (m->sql.len)
        buf_put_c(&m->sql, "; ");
    buf_put_c(&m->sql, "ALTER TABLE ");
    quote_identifier(&m->sql, m->rel->nsp_name);
    buf_put_c(&m->sql, ".");
    quote_identifier(&m->sql, m->rel->name);
}

static void put_type(struct match *m, const struct value_type *t)
{
    buf_put_c(&m->sql, type_display(m->j->arena, t->oid, t->typmod));
}

/* Whether values that the table has were made of another column, or of another type, though the
 * table's column stays as it is. */
static bool made_of_another(struct match *m, const struct table_column *c,
                            const struct lake_field *field)
{
    const struct json_value *kept = json_get(m->kept.columns, c->name);
    struct str shape;
    int64_t id = -1;
    json_get_i64(kept, "id", &id);
    if (id >= 0 && field->field_id >= 0 && field->field_id != id)
        return true;
    return json_get_str(kept, "shape", &shape) &&
           !str_eq_c(shape, shape_of(m->j->arena, field, c->typed));
}

static struct err *match_attribute(struct match *m, int i)
{
    const struct lake_type *schema = m->j->source->schema;
    const struct attr *att = &m->rel->atts[i];
    int at = place_of(schema, m->kept.columns, att->name);
    struct table_column *c = &m->columns[m->count];
    bool typed = false;
    if (at < 0) {
        if (columns_is_key(m->rel, i) || i + 1 == m->time_key)
            return err_new("42703",
                           "key column \"%s\" of synced table \"%s\" is not in the source any more",
                           att->name, m->rel->name);
        change(m, "is not in the source any more", att->name);
        buf_put_c(&m->sql, " DROP COLUMN ");
        quote_identifier(&m->sql, att->name);
        return NULL;
    }
    json_get_bool(json_get(m->kept.columns, att->name), "typed", &typed);
    *c = (struct table_column){.name = att->name, .source = at, .typed = typed};
    c->type = (struct value_type){att->type, att->typmod};
    m->atts[m->count++] = i;
    m->used[at] = true;
    struct str name = schema->fields[at].name;
    struct str was = str_from(att->name);
    json_get_str(json_get(m->kept.columns, att->name), "source", &was);
    struct value_type natural;
    TRY(value_type_of(&schema->fields[at], &natural));
    if (!typed && (natural.oid != att->type || natural.typmod != att->typmod)) {
        change(m, "has another type in the source now", att->name);
        buf_put_c(&m->sql, " ALTER COLUMN ");
        quote_identifier(&m->sql, att->name);
        buf_put_c(&m->sql, " TYPE ");
        put_type(m, &natural);
        /* The rows are read anew in any case; only keys must not be NULL meanwhile. */
        buf_put_c(&m->sql, " USING ");
        if (columns_is_key(m->rel, i))
            quote_identifier(&m->sql, att->name);
        else
            buf_put_c(&m->sql, "NULL");
        m->retyped = true;
    } else if (made_of_another(m, c, &schema->fields[at])) {
        note(m, "has another type in the source now", att->name);
        m->retyped = true;
    }
    if (!str_eq(name, was) && str_eq_c(was, att->name)) {
        change(m, "has another name in the source now", att->name);
        c->name = arena_strndup(m->j->arena, name.data, name.len);
        buf_put_c(&m->sql, " RENAME COLUMN ");
        quote_identifier(&m->sql, att->name);
        buf_put_c(&m->sql, " TO ");
        quote_identifier(&m->sql, c->name);
    }
    return NULL;
}

static struct err *match_new(struct match *m, uint32_t i)
{
    const struct lake_field *field = &m->j->source->schema->fields[i];
    struct value_type type;
    const char *name = arena_strndup(m->j->arena, field->name.data, field->name.len);
    TRY(value_type_of(field, &type));
    m->columns[m->count + m->added++] = (struct table_column){.name = name, .source = (int)i};
    change(m, "is new in the source", name);
    buf_put_c(&m->sql, " ADD COLUMN ");
    quote_identifier(&m->sql, name);
    buf_put_c(&m->sql, " ");
    put_type(m, &type);
    return NULL;
}

static struct err *match_all(struct match *m)
{
    const struct lake_type *schema = m->j->source->schema;
    for (int i = 0; i < m->rel->natts; i++)
        if (!m->rel->atts[i].dropped)
            TRY(match_attribute(m, i));
    for (uint32_t i = 0; i < schema->field_count && !m->kept.listed; i++)
        if (!m->used[i])
            TRY(match_new(m, i));
    return NULL;
}

static struct err *begin_match(struct match *m, struct job *j, const struct relation *rel,
                               const char *kept, int time_key)
{
    *m = (struct match){.j = j, .rel = rel, .time_key = time_key, .sql = BUF_INIT};
    m->columns = arena_new_array(j->arena, struct table_column,
                                 (size_t)rel->natts + j->source->schema->field_count + 1);
    m->atts = arena_new_array(j->arena, int, rel->natts + 1);
    m->used = arena_new_array(j->arena, bool, (size_t)j->source->schema->field_count + 1);
    TRY(read_kept(j, kept, &m->kept));
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
        e = utility_run(j->s, &parsed.stmts[i], tag);
        txn_next_command(j->s->cat.txn);
    }
    j->s->feeds_synced = false;
    return e;
}

static struct err *finish_match(const struct match *m, struct sync_columns *out)
{
    struct job *j = m->j;
    *out = (struct sync_columns){.count = m->count, .atts = m->atts};
    out->source = arena_new_array(j->arena, uint32_t, m->count + 1);
    out->natural = arena_new_array(j->arena, struct value_type, m->count + 1);
    out->convert = arena_new_array(j->arena, const struct type_ops *, m->count + 1);
    out->typmods = arena_new_array(j->arena, int32_t, m->count + 1);
    for (int i = 0; i < m->count; i++) {
        const struct table_column *c = &m->columns[i];
        const struct attr *att = &m->rel->atts[m->atts[i]];
        out->source[i] = (uint32_t)c->source;
        TRY(value_type_of(&j->source->schema->fields[c->source], &out->natural[i]));
        out->typmods[i] = att->typmod;
        if (out->natural[i].oid != att->type || out->natural[i].typmod != att->typmod)
            out->convert[i] = att->ops;
    }
    return columns_json(j, m->columns, m->count, m->kept.listed, &out->json);
}

/* Alters the table, then matches it again. */
static struct err *follow_source(struct match *m, struct relation **rel)
{
    struct job *j = m->j;
    uint32_t oid = (*rel)->oid;
    const char *kept;
    TRY(columns_json(j, m->columns, m->count + m->added, m->kept.listed, &kept));
    struct err *e = run_alter(j, arena_strdup(j->arena, buf_cstr(&m->sql)));
    buf_done(&m->sql);
    TRY(e);
    relation_unref(*rel);
    *rel = NULL;
    TRY(cat_relation(&j->s->cat, oid, rel));
    return begin_match(m, j, *rel, kept, m->time_key);
}

struct err *columns_match(struct job *j, struct relation **rel, const struct sync_state *state,
                          bool follow, struct sync_columns *out, enum columns_change *change)
{
    struct match m;
    struct err *e = begin_match(&m, j, *rel, state->columns, state->time_key);
    *change = m.retyped ? COLUMNS_RETYPED : m.what ? COLUMNS_OTHERS : COLUMNS_SAME;
    if (!e && m.what && !follow)
        e = changed(&m);
    if (!e && m.what) {
        e = follow_source(&m, rel);
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
