/* COPY: options, columns, and the way to one of the two directions. */
#include "exec/copy_internal.h"

#include "catalog/acl.h"
#include "sql/analyze.h"
#include "sql/parse.h"
#include "types/encoding.h"

#include <pg_query/pg_query.pb-c.h>
#include <stdlib.h>
#include <strings.h>

/* ---- options ---- */

struct option_state {
    const PgQuery__CopyStmt *stmt;
    const char *sql;
    struct copy_options *o;
    const char *delimiter;
    const char *null;
    const char *quote;
    const char *escape;
    const PgQuery__Node *force_quote;
    const PgQuery__Node *force_not_null;
    const PgQuery__Node *force_null;
    unsigned seen; /* by option number */
};

static const char *option_text(const PgQuery__DefElem *d)
{
    return d->arg && d->arg->node_case == PG_QUERY__NODE__NODE_STRING ? d->arg->string->sval : "";
}

static struct err *option_bool(const PgQuery__DefElem *d, bool *out)
{
    static const char *const on[] = {"true", "on", "1"};
    static const char *const off[] = {"false", "off", "0"};
    *out = true;
    if (!d->arg)
        return NULL;
    if (d->arg->node_case == PG_QUERY__NODE__NODE_BOOLEAN) {
        *out = d->arg->boolean->boolval;
        return NULL;
    }
    if (d->arg->node_case == PG_QUERY__NODE__NODE_INTEGER && d->arg->integer->ival >> 1 == 0) {
        *out = d->arg->integer->ival;
        return NULL;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(on); i++) {
        if (strcasecmp(option_text(d), on[i]) == 0)
            return NULL;
        if (strcasecmp(option_text(d), off[i]) == 0) {
            *out = false;
            return NULL;
        }
    }
    return err_new("42601", "%s requires a Boolean value", d->defname);
}

static struct err *read_format(struct option_state *s, const PgQuery__DefElem *d)
{
    const char *format = option_text(d);
    if (strcmp(format, "csv") == 0)
        s->o->csv = true;
    else if (strcmp(format, "binary") == 0)
        s->o->binary = true;
    else if (strcmp(format, "text") != 0)
        return err_at(err_new("22023", "COPY format \"%s\" not recognized", format),
                      char_position(s->sql, d->location));
    return NULL;
}

static struct err *read_header(struct option_state *s, const PgQuery__DefElem *d)
{
    bool on;
    if (strcasecmp(option_text(d), "match") == 0) {
        if (!s->stmt->is_from)
            return err_new("0A000", "cannot use \"match\" with HEADER in COPY TO");
        s->o->header = HEADER_MATCH;
        return NULL;
    }
    struct err *e = option_bool(d, &on);
    if (e) {
        err_free(e);
        return err_new("42601", "header requires a Boolean value or \"match\"");
    }
    s->o->header = on ? HEADER_SKIP : HEADER_NONE;
    return NULL;
}

static struct err *read_encoding(struct option_state *s, const PgQuery__DefElem *d)
{
    const struct encoding *e = encoding_find(str_from(option_text(d)));
    if (!e)
        return err_at(
            err_new("22023", "argument to option \"%s\" must be a valid encoding name", d->defname),
            char_position(s->sql, d->location));
    if (!encoding_for_client(e, &s->o->encoding))
        return err_new("42883",
                       "default conversion function for encoding \"UTF8\" to \"%s\" does not exist",
                       encoding_name(e));
    return NULL;
}

static struct err *read_option(struct option_state *s, const PgQuery__DefElem *d)
{
    static const char *const names[] = {"format",         "freeze",     "delimiter", "null",
                                        "header",         "quote",      "escape",    "force_quote",
                                        "force_not_null", "force_null", "encoding"};
    unsigned i = 0;
    bool freeze;
    while (i < ARRAY_LENGTH(names) && strcmp(d->defname, names[i]) != 0)
        i++;
    if (i == ARRAY_LENGTH(names))
        return err_at(err_new("42601", "option \"%s\" not recognized", d->defname),
                      char_position(s->sql, d->location));
    if (s->seen & 1u << i)
        return err_at(err_new("42601", "conflicting or redundant options"),
                      char_position(s->sql, d->location));
    s->seen |= 1u << i;
    switch (i) {
    case 0:
        return read_format(s, d);
    case 1:
        return option_bool(d, &freeze); /* a hint without use here */
    case 2:
        s->delimiter = option_text(d);
        return NULL;
    case 3:
        s->null = option_text(d);
        return NULL;
    case 4:
        return read_header(s, d);
    case 5:
        s->quote = option_text(d);
        return NULL;
    case 6:
        s->escape = option_text(d);
        return NULL;
    case 7:
        s->force_quote = d->arg;
        s->o->force_quote_all = d->arg && d->arg->node_case == PG_QUERY__NODE__NODE_A_STAR;
        return NULL;
    case 8:
        s->force_not_null = d->arg;
        return NULL;
    case 9:
        s->force_null = d->arg;
        return NULL;
    default:
        return read_encoding(s, d);
    }
}

static struct err *check_csv_options(const struct option_state *s)
{
    const struct copy_options *o = s->o;
    if (s->quote && !o->csv)
        return err_new("0A000", "COPY quote available only in CSV mode");
    if (s->quote && strlen(s->quote) != 1)
        return err_new("0A000", "COPY quote must be a single one-byte character");
    if (o->csv && o->delimiter == o->quote)
        return err_new("22023", "COPY delimiter and quote must be different");
    if (s->escape && !o->csv)
        return err_new("0A000", "COPY escape available only in CSV mode");
    if (s->escape && strlen(s->escape) != 1)
        return err_new("0A000", "COPY escape must be a single one-byte character");
    if (s->force_quote && !o->csv)
        return err_new("0A000", "COPY force quote available only in CSV mode");
    if (s->force_quote && s->stmt->is_from)
        return err_new("0A000", "COPY force quote only available using COPY TO");
    if (s->force_not_null && !o->csv)
        return err_new("0A000", "COPY force not null available only in CSV mode");
    if (s->force_not_null && !s->stmt->is_from)
        return err_new("0A000", "COPY force not null only available using COPY FROM");
    if (s->force_null && !o->csv)
        return err_new("0A000", "COPY force null available only in CSV mode");
    if (s->force_null && !s->stmt->is_from)
        return err_new("0A000", "COPY force null only available using COPY FROM");
    return NULL;
}

static struct err *check_options(struct option_state *s)
{
    struct copy_options *o = s->o;
    if (o->binary && s->delimiter)
        return err_new("42601", "cannot specify DELIMITER in BINARY mode");
    if (o->binary && s->null)
        return err_new("42601", "cannot specify NULL in BINARY mode");
    if (o->binary && o->header)
        return err_new("0A000", "cannot specify HEADER in BINARY mode");
    const char *delimiter = s->delimiter ? s->delimiter : o->csv ? "," : "\t";
    if (strlen(delimiter) != 1)
        return err_new("0A000", "COPY delimiter must be a single one-byte character");
    o->delimiter = *delimiter;
    o->null = s->null ? s->null : o->csv ? "" : "\\N";
    o->null_len = strlen(o->null);
    o->quote = s->quote ? *s->quote : '"';
    o->escape = s->escape ? *s->escape : o->quote;
    if (o->delimiter == '\r' || o->delimiter == '\n')
        return err_new("22023", "COPY delimiter cannot be newline or carriage return");
    if (strpbrk(o->null, "\r\n"))
        return err_new("22023", "COPY null representation cannot use newline or carriage return");
    if (!o->csv && strchr("\\.abcdefghijklmnopqrstuvwxyz0123456789", o->delimiter))
        return err_new("22023", "COPY delimiter cannot be \"%c\"", o->delimiter);
    TRY(check_csv_options(s));
    if (strchr(o->null, o->delimiter))
        return err_new("0A000", "COPY delimiter must not appear in the NULL specification");
    if (o->csv && strchr(o->null, o->quote))
        return err_new("0A000", "CSV quote character must not appear in the NULL specification");
    return NULL;
}

static struct err *read_options(struct copy *c, const PgQuery__CopyStmt *stmt,
                                struct option_state *s)
{
    *s = (struct option_state){.stmt = stmt, .sql = c->raw->sql, .o = &c->o};
    c->o.encoding = c->s->types.client_encoding;
    for (size_t i = 0; i < stmt->n_options; i++)
        TRY(read_option(s, stmt->options[i]->def_elem));
    c->types = c->s->types;
    c->types.client_encoding = c->o.encoding;
    return check_options(s);
}

/* ---- columns ---- */

static struct err *find_column(struct copy *c, const char *name, const char *option,
                               struct copy_column **out)
{
    for (int i = 0; i < c->ncols; i++) {
        if (strcmp(c->cols[i].name, name) == 0) {
            *out = &c->cols[i];
            return NULL;
        }
    }
    if (c->rel && relation_attnum(c->rel, str_from(name)))
        return err_new("42P10", "%s column \"%s\" not referenced by COPY", option, name);
    return c->rel ? err_new("42703", "column \"%s\" of relation \"%s\" does not exist", name,
                            c->rel->name)
                  : err_new("42703", "column \"%s\" does not exist", name);
}

static struct err *force(struct copy *c, const PgQuery__Node *list, const char *option)
{
    if (!list || list->node_case != PG_QUERY__NODE__NODE_LIST)
        return NULL;
    for (size_t i = 0; i < list->list->n_items; i++) {
        const PgQuery__Node *n = list->list->items[i];
        struct copy_column *col = NULL;
        if (n->node_case != PG_QUERY__NODE__NODE_STRING)
            continue;
        TRY(find_column(c, n->string->sval, option, &col));
        bool *forced = strcmp(option, "FORCE_QUOTE") == 0      ? &col->force_quote
                       : strcmp(option, "FORCE_NOT_NULL") == 0 ? &col->force_not_null
                                                               : &col->force_null;
        if (*forced)
            return err_new("42701", "column \"%s\" specified more than once", n->string->sval);
        *forced = true;
    }
    return NULL;
}

struct err *copy_force_quote(struct copy *c)
{
    return force(c, c->force_quote, "FORCE_QUOTE");
}

static struct err *add_column(struct copy *c, int att)
{
    const struct attr *a = &c->rel->atts[att - 1];
    if (!a->ops)
        return err_unsupported("COPY of column \"%s\" is not supported: its type has no text form",
                               a->name);
    c->cols[c->ncols++] = (struct copy_column){
        .name = a->name, .att = att, .ops = a->ops, .type = a->type, .typmod = a->typmod};
    return NULL;
}

static struct err *named_column(struct copy *c, const char *name)
{
    int att = relation_attnum(c->rel, str_from(name));
    if (!att || c->rel->atts[att - 1].dropped)
        return err_new("42703", "column \"%s\" of relation \"%s\" does not exist", name,
                       c->rel->name);
    if (c->rel->atts[att - 1].generated)
        return err_detail(err_new("42P10", "column \"%s\" is a generated column", name),
                          "Generated columns cannot be used in COPY.");
    for (int i = 0; i < c->ncols; i++)
        if (c->cols[i].att == att)
            return err_new("42701", "column \"%s\" specified more than once", name);
    return add_column(c, att);
}

static struct err *relation_columns(struct copy *c, const PgQuery__CopyStmt *stmt)
{
    c->cols = arena_new_array(&c->arena, struct copy_column, c->rel->natts + 1);
    for (size_t i = 0; i < stmt->n_attlist; i++)
        TRY(named_column(c, stmt->attlist[i]->string->sval));
    for (int att = 1; !stmt->n_attlist && att <= c->rel->natts; att++)
        if (!c->rel->atts[att - 1].dropped && !c->rel->atts[att - 1].generated)
            TRY(add_column(c, att));
    return NULL;
}

struct err *copy_wrong_kind(const struct relation *r, bool from)
{
    const char *direction = from ? "to" : "from";
    switch (r->kind) {
    case 'v':
        if (from)
            return err_hint(err_new("42809", "cannot copy to view \"%s\"", r->name),
                            "To enable copying to a view, provide an INSTEAD OF INSERT trigger.");
        return err_hint(err_new("42809", "cannot copy from view \"%s\"", r->name),
                        "Try the COPY (SELECT ...) TO variant.");
    case 'm':
        return from ? err_new("42809", "cannot copy to materialized view \"%s\"", r->name)
                    : err_hint(
                          err_new("42809", "cannot copy from materialized view \"%s\"", r->name),
                          "Try the COPY (SELECT ...) TO variant.");
    case 'S':
        return err_new("42809", "cannot copy %s sequence \"%s\"", direction, r->name);
    default:
        return err_new("42809", "cannot copy %s non-table relation \"%s\"", direction, r->name);
    }
}

static struct err *open_relation(struct copy *c, const PgQuery__CopyStmt *stmt)
{
    struct cat *cat = &c->s->cat;
    const PgQuery__RangeVar *v = stmt->relation;
    const char *schema = v->schemaname ? v->schemaname : "";
    uint32_t oid;
    if (*schema)
        TRY(acl_check_schema(cat, str_from(schema)));
    TRY(cat_find_relation(cat, str_from(schema), str_from(v->relname), false, &oid));
    if (oid)
        TRY(cat_relation(cat, oid, &c->rel));
    if (!c->rel && *schema)
        return err_new("42P01", "relation \"%s.%s\" does not exist", schema, v->relname);
    if (!c->rel)
        return err_new("42P01", "relation \"%s\" does not exist", v->relname);
    return relation_columns(c, stmt);
}

/* ---- shared by both directions ---- */

struct err *copy_plan(struct copy *c, const char *sql, struct raw_stmt *stmt, uint32_t *types,
                      int ntypes, struct statement_plan **out)
{
    struct exec_env env = session_exec_env(c->s);
    struct parsed parsed;
    /* Analysis may not touch the types: they are fixed. */
    struct param_types params = {.types = types, .count = ntypes, .fixed = true};
    if (!stmt) {
        TRY(parse_sql(sql, &c->arena, &parsed));
        stmt = &parsed.stmts[0];
    }
    return exec_plan(&env, stmt, &params, out);
}

void copy_put_relation(struct copy *c, struct buf *b)
{
    quote_identifier(b, c->rel->nsp_name);
    buf_put_u8(b, '.');
    quote_identifier(b, c->rel->name);
}

static struct err *check_stream(struct copy *c, const PgQuery__CopyStmt *stmt)
{
    if (stmt->is_program)
        return err_unsupported("COPY with PROGRAM is not supported");
    return copy_is_with_client(stmt) ? NULL : copy_may_use_file(c->s, stmt->is_from);
}

static struct err *copy_rows(struct copy *c)
{
    const PgQuery__CopyStmt *stmt = c->raw->tree->copy_stmt;
    struct option_state o;
    TRY(read_options(c, stmt, &o));
    if (stmt->relation)
        TRY(open_relation(c, stmt));
    c->force_quote = o.force_quote;
    if (!stmt->is_from)
        return copy_to(c);
    TRY(force(c, o.force_not_null, "FORCE_NOT_NULL"));
    TRY(force(c, o.force_null, "FORCE_NULL"));
    return copy_from(c);
}

bool copy_is_with_client(const PgQuery__CopyStmt *stmt)
{
    return !stmt->is_program && !(stmt->filename && *stmt->filename);
}

struct err *copy_run(struct session *s, struct raw_stmt *raw, const struct copy_io *io,
                     uint64_t *rows)
{
    struct copy c = {.s = s, .raw = raw, .io = io};
    const PgQuery__CopyStmt *stmt = raw->tree->copy_stmt;
    arena_init(&c.arena);
    struct err *e = check_stream(&c, stmt);
    if (!e)
        e = copy_is_with_client(stmt)
                ? copy_rows(&c)
                : copy_with_file(&c, stmt->filename, stmt->is_from, copy_rows);
    row_expr_free(c.where);
    relation_unref(c.rel);
    arena_done(&c.arena);
    *rows = c.rows;
    return e;
}
