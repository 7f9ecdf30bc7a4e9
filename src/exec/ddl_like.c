/* CREATE TABLE (LIKE ...): the clause is written out as SQL, as column definitions and CHECK
 * constraints that take its place, and as statements (indexes, comments, storage) for afterwards.
 */
#include "exec/ddl_internal.h"

#include "catalog/acl.h"
#include "exec/fn_session.h"

enum {
    LIKE_COMMENTS = 1 << 0,
    LIKE_COMPRESSION = 1 << 1,
    LIKE_CONSTRAINTS = 1 << 2,
    LIKE_DEFAULTS = 1 << 3,
    LIKE_GENERATED = 1 << 4,
    LIKE_IDENTITY = 1 << 5,
    LIKE_INDEXES = 1 << 6,
    LIKE_STORAGE = 1 << 8,
};

struct like {
    struct ddl *d;
    const struct relation *from;
    uint32_t options;
    struct buf elements; /* with commas between */
    struct buf after;    /* statements, each with a semicolon; "\1" stands for the new table */
};

static struct err *definition(struct like *k, fn_impl fn, uint32_t oid, const char **out)
{
    struct datum arg = datum_int(oid);
    struct datum text;
    struct fn_call call = {
        .args = &arg, .nargs = 1, .arena = k->d->arena, .env = &k->d->s->types, .session = k->d->s};
    TRY(fn(&call, &text));
    *out = arena_strndup(k->d->arena, text.null ? "" : (const char *)text.p, text.len);
    return NULL;
}

static struct err *put_identity(struct like *k, int att, char kind)
{
    struct depend_list deps = {0};
    struct buf *b = &k->elements;
    TRY(depend_on(k->d->cat, (struct object_address){PG_CLASS, k->from->oid, att}, k->d->arena,
                  &deps));
    for (int i = 0; i < deps.count; i++) {
        struct sequence_def def;
        if (deps.items[i].object.class_id != PG_CLASS || deps.items[i].type != DEPEND_INTERNAL)
            continue;
        TRY(sequence_definition(k->d->cat, deps.items[i].object.object_id, &def));
        buf_printf(b,
                   " GENERATED %s AS IDENTITY (START %lld INCREMENT %lld MINVALUE %lld MAXVALUE "
                   "%lld CACHE %lld%s)",
                   kind == 'a' ? "ALWAYS" : "BY DEFAULT", (long long)def.start,
                   (long long)def.increment, (long long)def.min, (long long)def.max,
                   (long long)def.cache, def.cycle ? " CYCLE" : "");
        return NULL;
    }
    return NULL;
}

static struct err *put_comment(struct like *k, struct object_address o, const char *what,
                               const char *name)
{
    struct datum keys[3] = {datum_int(o.object_id), datum_int(o.class_id), datum_int(o.sub_id)};
    struct datum v[DESC_COUNT];
    bool found;
    if (!(k->options & LIKE_COMMENTS))
        return NULL;
    TRY(systab_get(k->d->cat, PG_DESCRIPTION, DESCRIPTION_INDEX, keys, 3, k->d->arena, v, &found));
    if (!found)
        return NULL;
    buf_printf(&k->after, "COMMENT ON %s ", what);
    if (strcmp(what, "COLUMN") == 0)
        buf_put_c(&k->after, "\1.");
    quote_identifier(&k->after, name);
    if (strcmp(what, "CONSTRAINT") == 0)
        buf_put_c(&k->after, " ON \1");
    buf_put_c(&k->after, " IS ");
    quote_literal(&k->after, datum_as_str(v[DESC_TEXT]));
    buf_put_c(&k->after, ";");
    return NULL;
}

static struct err *put_storage(struct like *k, int att, const struct attr *a)
{
    struct datum keys[2] = {datum_int(k->from->oid), datum_int(att)};
    struct datum v[ATT_COUNT];
    bool found;
    TRY(systab_get(k->d->cat, PG_ATTRIBUTE, ATTRIBUTE_RELID_NUM_INDEX, keys, 2, k->d->arena, v,
                   &found));
    if (!found)
        return NULL;
    if (k->options & LIKE_STORAGE && k->from->kind == 'r') {
        char s = (char)v[ATT_STORAGE].i;
        buf_put_c(&k->after, "ALTER TABLE \1 ALTER COLUMN ");
        quote_identifier(&k->after, a->name);
        buf_printf(&k->after, " SET STORAGE %s;",
                   s == 'p'   ? "plain"
                   : s == 'e' ? "external"
                   : s == 'm' ? "main"
                              : "extended");
    }
    if (k->options & LIKE_COMPRESSION && v[ATT_COMPRESSION].i) {
        buf_put_c(&k->after, "ALTER TABLE \1 ALTER COLUMN ");
        quote_identifier(&k->after, a->name);
        buf_printf(&k->after, " SET COMPRESSION %s;", v[ATT_COMPRESSION].i == 'p' ? "pglz" : "lz4");
    }
    return NULL;
}

static struct err *put_column(struct like *k, int att)
{
    const struct attr *a = &k->from->atts[att - 1];
    struct buf *b = &k->elements;
    struct datum type;
    const struct cat_type *t = builtin_type(a->type);
    buf_put_c(b, b->len ? ", " : "");
    quote_identifier(b, a->name);
    TRY(session_type_name(k->d->s, a->type, a->typmod, k->d->arena, &type));
    buf_put_u8(b, ' ');
    buf_put(b, type.p, type.len);
    if (a->collation && t && a->collation != t->collation) {
        struct str name = builtin_collation_name(a->collation);
        buf_put_c(b, " COLLATE ");
        quote_identifier(b, arena_strndup(k->d->arena, name.data, name.len));
    }
    if (a->not_null)
        buf_put_c(b, " NOT NULL");
    if (a->generated && k->options & LIKE_GENERATED)
        buf_printf(b, " GENERATED ALWAYS AS (%s) STORED", a->default_sql);
    else if (a->default_sql && !a->generated && k->options & LIKE_DEFAULTS)
        buf_printf(b, " DEFAULT %s", a->default_sql);
    if (a->identity && k->options & LIKE_IDENTITY)
        TRY(put_identity(k, att, a->identity));
    TRY(put_storage(k, att, a));
    return put_comment(k, (struct object_address){PG_CLASS, k->from->oid, att}, "COLUMN", a->name);
}

static struct err *put_checks(struct like *k)
{
    for (int i = 0; k->options & LIKE_CONSTRAINTS && i < k->from->nconstraints; i++) {
        const struct constraint *c = &k->from->constraints[i];
        if (c->type != 'c')
            continue;
        buf_put_c(&k->elements, k->elements.len ? ", CONSTRAINT " : "CONSTRAINT ");
        quote_identifier(&k->elements, c->name);
        buf_printf(&k->elements, " CHECK (%s)%s", c->check_sql, c->no_inherit ? " NO INHERIT" : "");
        TRY(put_comment(k, (struct object_address){PG_CONSTRAINT, c->oid, 0}, "CONSTRAINT",
                        c->name));
    }
    return NULL;
}

/* Under names of their own. */
static struct err *put_indexes(struct like *k)
{
    const struct relation *r = k->from;
    for (int i = 0; k->options & LIKE_INDEXES && i < r->nindexes; i++) {
        const struct index *ix = &r->indexes[i];
        const struct constraint *con = NULL;
        const char *def;
        for (int c = 0; c < r->nconstraints; c++)
            if (r->constraints[c].type != 'f' && r->constraints[c].index == ix->oid)
                con = &r->constraints[c];
        TRY(definition(k, con ? fn_get_constraintdef : fn_get_indexdef, con ? con->oid : ix->oid,
                       &def));
        if (con) {
            buf_printf(&k->after, "ALTER TABLE \1 ADD %s;", def);
            continue;
        }
        const char *using = strstr(def, " USING ");
        buf_printf(&k->after, "CREATE %sINDEX ON \1%s;", ix->unique ? "UNIQUE " : "",
                   using ? using : "");
    }
    return NULL;
}

static struct err *write_out(struct like *k)
{
    for (int att = 1; att <= k->from->natts; att++)
        if (!k->from->atts[att - 1].dropped)
            TRY(put_column(k, att));
    TRY(put_checks(k));
    return put_indexes(k);
}

/* Whoever may read a table may see how it is made. */
static struct err *may_copy(struct ddl *d, const struct relation *r)
{
    return r->kind == 'c' ? ddl_may_use_type(d, r->row_type)
                          : ddl_may_use_relation(d, r, PRIV_SELECT);
}

static struct err *open_source(struct ddl *d, const PgQuery__RangeVar *rv, struct relation **out)
{
    struct err *missing = ddl_open(d, rv, TXN_ACCESS_SHARE, false, out);
    if (missing)
        return ddl_at(d, missing, rv->location);
    char kind = (*out)->kind;
    if (kind == 'r' || kind == 'v' || kind == 'm' || kind == 'c') {
        struct err *denied = may_copy(d, *out);
        if (denied)
            relation_unref(*out);
        return denied;
    }
    struct err *e = err_detail(
        err_new("42809", "relation \"%s\" is invalid in LIKE clause", (*out)->name),
        "This operation is not supported for %s.", kind == 'i' ? "indexes" : "sequences");
    relation_unref(*out);
    return ddl_at(d, e, rv->location);
}

/* The elements of the clause as a parsed CREATE TABLE has them. */
static struct err *parse_elements(struct ddl *d, const struct buf *elements,
                                  const PgQuery__CreateStmt **out)
{
    struct parsed parsed;
    const char *sql =
        arena_printf(d->arena, "CREATE TABLE x (%.*s)", (int)elements->len, elements->data);
    TRY(parse_sql(sql, d->arena, &parsed));
    *out = parsed.stmts[0].tree->create_stmt;
    return NULL;
}

static struct err *expand(struct ddl *d, const PgQuery__TableLikeClause *clause,
                          const PgQuery__CreateStmt **out, struct buf *after)
{
    struct relation *r;
    TRY(open_source(d, clause->relation, &r));
    struct like k = {
        .d = d, .from = r, .options = clause->options, .elements = BUF_INIT, .after = BUF_INIT};
    struct err *e = write_out(&k);
    if (!e)
        e = parse_elements(d, &k.elements, out);
    buf_put(after, k.after.data, k.after.len);
    buf_done(&k.elements);
    buf_done(&k.after);
    relation_unref(r);
    return e;
}

struct err *ddl_expand_like(struct ddl *d, const PgQuery__CreateStmt *in, PgQuery__CreateStmt *out,
                            struct buf *after)
{
    PgQuery__Node **elts = NULL;
    int n = 0;
    int cap = 0;
    *out = *in;
    for (size_t i = 0; i < in->n_table_elts; i++) {
        PgQuery__Node *elt = in->table_elts[i];
        const PgQuery__CreateStmt *like = NULL;
        if (elt->node_case != PG_QUERY__NODE__NODE_TABLE_LIKE_CLAUSE) {
            ARENA_PUSH(d->arena, elts, n, cap, elt);
            continue;
        }
        TRY(expand(d, elt->table_like_clause, &like, after));
        for (size_t k = 0; k < like->n_table_elts; k++)
            ARENA_PUSH(d->arena, elts, n, cap, like->table_elts[k]);
    }
    out->table_elts = elts;
    out->n_table_elts = (size_t)n;
    return NULL;
}

struct err *ddl_finish_like(struct ddl *d, const struct relation *rel, const struct buf *after)
{
    struct buf sql = BUF_INIT;
    for (size_t i = 0; i < after->len; i++) {
        if (after->data[i] != '\1') {
            buf_put_u8(&sql, after->data[i]);
            continue;
        }
        quote_identifier(&sql, rel->nsp_name);
        buf_put_u8(&sql, '.');
        quote_identifier(&sql, rel->name);
    }
    struct err *e = sql.len ? ddl_run_sql(d, buf_cstr(&sql)) : NULL;
    buf_done(&sql);
    return e;
}
