/* ALTER TABLE ... ALTER COLUMN ... TYPE. What hangs on the column (constraints and indexes, foreign
 * keys of other tables too) is written down as SQL and dropped; the rows are written anew with the
 * column's value converted; then the SQL is carried out, which checks everything under the new
 * type. */
#include "exec/ddl_internal.h"

#include "catalog/statistics.h"
#include "exec/fn_session.h"
#include "sql/expr.h"

struct retype {
    struct ddl *d;
    struct relation *old; /* as it was */
    int att;
    struct ddl_column col; /* as it comes to be */
    struct expr *value;    /* over the old row */
    struct rte *rte;
    struct row_expr *eval;
    struct object_address *parts; /* to drop, foreign keys first */
    int nparts;
    int parts_cap;
    const char **statements; /* that make them again, foreign keys last */
    int nstatements;
    int statements_cap;
};

/* ---- what hangs on the column ---- */

static bool has_key(const int16_t *keys, int n, int att)
{
    for (int i = 0; i < n; i++)
        if (keys[i] == att)
            return true;
    return false;
}

static bool reads(const struct expr *e, int att)
{
    if (e->kind == E_VAR && e->var.att == att)
        return true;
    for (int i = 0; i < e->nargs; i++)
        if (e->args[i] && reads(e->args[i], att))
            return true;
    return false;
}

/* Whether SQL text over the table's row reads the column. */
static struct err *text_uses(struct retype *t, const char *sql, enum expr_use use, bool *yes)
{
    struct rte *rte;
    struct expr *e;
    *yes = false;
    if (!sql)
        return NULL;
    TRY(analyze_expr_text(t->d->cat, &t->d->s->types, sql, t->old, use, 0, -1, t->d->arena, &rte,
                          &e));
    *yes = reads(e, t->att);
    return NULL;
}

static void add_part(struct retype *t, uint32_t class_id, uint32_t oid)
{
    struct object_address o = {class_id, oid, 0};
    ARENA_PUSH(t->d->arena, t->parts, t->nparts, t->parts_cap, o);
}

static void add_statement(struct retype *t, const char *sql)
{
    ARENA_PUSH(t->d->arena, t->statements, t->nstatements, t->statements_cap, sql);
}

/* The definition as pg_get_...def gives it. */
static struct err *definition(struct retype *t, fn_impl fn, uint32_t oid, const char **out)
{
    struct datum arg = datum_int(oid);
    struct datum text;
    struct fn_call call = {
        .args = &arg, .nargs = 1, .arena = t->d->arena, .env = &t->d->s->types, .session = t->d->s};
    TRY(fn(&call, &text));
    *out = arena_strndup(t->d->arena, text.null ? "" : (const char *)text.p, text.len);
    return NULL;
}

static struct err *save_constraint(struct retype *t, const char *nsp, const char *table,
                                   const struct constraint *con)
{
    struct buf sql = BUF_INIT;
    const char *def;
    TRY(definition(t, fn_get_constraintdef, con->oid, &def));
    buf_put_c(&sql, "ALTER TABLE ");
    quote_identifier(&sql, nsp);
    buf_put_u8(&sql, '.');
    quote_identifier(&sql, table);
    buf_put_c(&sql, " ADD CONSTRAINT ");
    quote_identifier(&sql, con->name);
    buf_printf(&sql, " %s", def);
    add_statement(t, arena_strdup(t->d->arena, buf_cstr(&sql)));
    buf_done(&sql);
    add_part(t, PG_CONSTRAINT, con->oid);
    return NULL;
}

static struct err *save_index(struct retype *t, const struct index *ix)
{
    const char *def;
    bool uses = false;
    for (int i = 0; i < ix->ncols && !uses; i++) {
        uses = ix->cols[i].attnum == t->att;
        if (!ix->cols[i].attnum)
            TRY(text_uses(t, ix->cols[i].expr_sql, USE_INDEX_EXPR, &uses));
    }
    if (!uses)
        TRY(text_uses(t, ix->pred_sql, USE_INDEX_PRED, &uses));
    if (!uses)
        return NULL;
    TRY(definition(t, fn_get_indexdef, ix->oid, &def));
    add_statement(t, def);
    add_part(t, PG_CLASS, ix->oid);
    return NULL;
}

static bool is_constraint_index(const struct relation *r, uint32_t index)
{
    for (int i = 0; i < r->nconstraints; i++)
        if (r->constraints[i].type != 'f' && r->constraints[i].index == index)
            return true;
    return false;
}

/* An included column is no key, but the index keeps its values. */
static bool index_has(const struct relation *r, uint32_t index, int att)
{
    const struct index *ix = relation_index(r, index);
    for (int i = 0; ix && i < ix->ncols; i++)
        if (ix->cols[i].attnum == att)
            return true;
    return false;
}

static struct err *save_own_constraints(struct retype *t, bool foreign)
{
    const struct relation *r = t->old;
    for (int i = 0; i < r->nconstraints; i++) {
        const struct constraint *con = &r->constraints[i];
        bool uses = has_key(con->keys, con->nkeys, t->att);
        if ((con->type == 'f') != foreign)
            continue;
        if (con->type == 'c' && !uses)
            TRY(text_uses(t, con->check_sql, USE_CHECK, &uses));
        if (con->type == 'p' || con->type == 'u')
            uses = uses || index_has(r, con->index, t->att);
        if (uses)
            TRY(save_constraint(t, r->nsp_name, r->name, con));
    }
    return NULL;
}

static struct err *save_referencing(struct retype *t)
{
    const struct relation *r = t->old;
    for (int i = 0; i < r->nreferencing; i++) {
        const struct constraint *con = &r->referencing[i];
        struct relation *child;
        if (!has_key(con->fkeys, con->nkeys, t->att) || con->relid == r->oid)
            continue;
        TRY(cat_relation(t->d->cat, con->relid, &child));
        struct err *e = child ? save_constraint(t, child->nsp_name, child->name, con) : NULL;
        relation_unref(child);
        TRY(e);
    }
    return NULL;
}

static void reverse(struct object_address *o, int n)
{
    for (int i = 0; i < n / 2; i++) {
        struct object_address x = o[i];
        o[i] = o[n - 1 - i];
        o[n - 1 - i] = x;
    }
}

static struct err *save_parts(struct retype *t)
{
    TRY(save_own_constraints(t, false));
    for (int i = 0; i < t->old->nindexes; i++)
        if (!is_constraint_index(t->old, t->old->indexes[i].oid))
            TRY(save_index(t, &t->old->indexes[i]));
    TRY(save_own_constraints(t, true));
    TRY(save_referencing(t));
    reverse(t->parts, t->nparts);
    return NULL;
}

/* ---- what stands in the way ---- */

static struct err *refuse_views(struct retype *t, const char *name)
{
    struct ddl *d = t->d;
    struct depend_list deps = {0};
    TRY(depend_on(d->cat, (struct object_address){PG_CLASS, t->old->oid, t->att}, d->arena, &deps));
    for (int i = 0; i < deps.count; i++) {
        struct buf what = BUF_INIT;
        uint32_t view;
        if (deps.items[i].object.class_id == PG_POLICY) {
            TRY(ddl_describe(d, deps.items[i].object, &what));
            struct err *e = err_detail(
                err_new("0A000", "cannot alter type of a column used in a policy definition"),
                "%s depends on column \"%s\"", buf_cstr(&what), name);
            buf_done(&what);
            return e;
        }
        if (deps.items[i].object.class_id != PG_REWRITE)
            continue;
        TRY(ddl_rule_view(d->cat, deps.items[i].object.object_id, &view));
        TRY(ddl_describe(d, (struct object_address){PG_CLASS, view, 0}, &what));
        struct err *e =
            err_detail(err_new("0A000", "cannot alter type of a column used by a view or rule"),
                       "rule _RETURN on %s depends on column \"%s\"", buf_cstr(&what), name);
        buf_done(&what);
        return e;
    }
    return NULL;
}

static struct err *refuse_generated(struct retype *t, const char *name)
{
    const struct relation *r = t->old;
    for (int i = 0; i < r->natts; i++) {
        bool uses;
        if (!r->atts[i].generated || r->atts[i].dropped || i + 1 == t->att)
            continue;
        TRY(text_uses(t, r->atts[i].default_sql, USE_GENERATED, &uses));
        if (uses)
            return err_detail(
                err_new("0A000", "cannot alter type of a column used by a generated column"),
                "Column \"%s\" is used by generated column \"%s\".", name, r->atts[i].name);
    }
    return NULL;
}

/* ---- the new value and the new default ---- */

static struct err *no_cast(struct retype *t, const char *name, bool using)
{
    const char *type = type_display(t->d->arena, t->col.type, -1);
    struct buf quoted = BUF_INIT;
    if (using)
        return err_hint(err_new("42804",
                                "result of USING clause for column \"%s\" cannot be cast "
                                "automatically to type %s",
                                name, type),
                        "You might need to add an explicit cast.");
    quote_identifier(&quoted, name);
    struct err *e = err_hint(
        err_new("42804", "column \"%s\" cannot be cast automatically to type %s", name, type),
        "You might need to specify \"USING %s::%s\".", buf_cstr(&quoted),
        type_display(t->d->arena, t->col.type, t->col.typmod));
    buf_done(&quoted);
    return e;
}

static struct err *analyze_value(struct retype *t, const struct attr *a, const PgQuery__Node *using)
{
    struct ddl *d = t->d;
    struct buf name = BUF_INIT;
    if (using) {
        TRY(analyze_expr_node(d->cat, &d->s->types, d->sql, using, t->old, USE_TYPE_USING,
                              t->col.type, t->col.typmod, a->name, d->arena, &t->rte, &t->value));
        return t->value ? NULL : no_cast(t, a->name, true);
    }
    if (a->generated)
        buf_put_c(&name, a->default_sql);
    else
        quote_identifier(&name, a->name);
    struct err *e = analyze_expr_text(d->cat, &d->s->types, buf_cstr(&name), t->old, USE_TYPE_USING,
                                      t->col.type, t->col.typmod, d->arena, &t->rte, &t->value);
    buf_done(&name);
    TRY(e);
    return t->value ? NULL : no_cast(t, a->name, false);
}

/* The default (or what generates the column) with the new type. */
static struct err *new_default(struct retype *t, const struct attr *a)
{
    struct ddl *d = t->d;
    struct relation *rel = a->generated ? t->old : NULL;
    struct rte *rte;
    struct expr *e;
    struct buf text = BUF_INIT;
    if (!a->default_sql)
        return NULL;
    TRY(analyze_expr_text(d->cat, &d->s->types, a->default_sql, rel, USE_TYPE_USING, t->col.type,
                          t->col.typmod, d->arena, &rte, &e));
    if (!e)
        return a->generated
                   ? err_new("42804",
                             "generation expression for column \"%s\" cannot be cast automatically "
                             "to type %s",
                             a->name, type_display(d->arena, t->col.type, -1))
                   : err_new("42804",
                             "default for column \"%s\" cannot be cast automatically to type %s",
                             a->name, type_display(d->arena, t->col.type, -1));
    TRY(deparse_stored_expr(d->cat, e, rte, &text));
    t->col.default_sql = arena_strdup(d->arena, buf_cstr(&text));
    buf_done(&text);
    return NULL;
}

/* ---- carrying it out ---- */

static struct err *convert(void *arg, const struct datum *row, struct datum *out)
{
    struct retype *t = arg;
    struct datum value;
    const struct attr *a = &t->old->atts[t->att - 1];
    memcpy(out, row, sizeof(*out) * (size_t)t->old->natts);
    TRY(row_expr_eval(t->eval, row, &value));
    if (value.null && a->not_null)
        return err_column(
            err_table(err_new("23502", "column \"%s\" of relation \"%s\" contains null values",
                              a->name, t->old->name),
                      t->old->nsp_name, t->old->name),
            a->name);
    out[t->att - 1] = value;
    return NULL;
}

static struct err *rewrite(struct retype *t, struct relation **rel)
{
    struct exec_env env = session_exec_env(t->d->s);
    struct ddl_transform transform = {convert, t, t->old};
    TRY(row_expr_new(&env, t->rte, t->value, &t->eval));
    struct err *e = ddl_rewrite_as(t->d, rel, (*rel)->primary != NULL, &transform);
    row_expr_free(t->eval);
    return e;
}

static struct err *drop_parts(struct retype *t, struct relation **rel)
{
    for (int i = 0; i < t->nparts; i++)
        TRY(ddl_drop_objects(t->d, &t->parts[i], 1, false));
    return t->nparts ? ddl_reopen(t->d, rel) : NULL;
}

static struct err *identity_type(struct retype *t, const struct attr *a)
{
    struct depend_list deps = {0};
    struct ddl *d = t->d;
    if (!a->identity)
        return NULL;
    if (t->col.type != INT2_OID && t->col.type != INT4_OID && t->col.type != INT8_OID)
        return err_new("22023", "identity column type must be smallint, integer, or bigint");
    TRY(depend_on(d->cat, (struct object_address){PG_CLASS, t->old->oid, t->att}, d->arena, &deps));
    for (int i = 0; i < deps.count; i++) {
        struct buf sql = BUF_INIT;
        struct relation *seq;
        if (deps.items[i].object.class_id != PG_CLASS || deps.items[i].type != DEPEND_INTERNAL)
            continue;
        TRY(cat_relation(d->cat, deps.items[i].object.object_id, &seq));
        if (seq && seq->kind == 'S') {
            buf_put_c(&sql, "ALTER SEQUENCE ");
            quote_identifier(&sql, seq->nsp_name);
            buf_put_u8(&sql, '.');
            quote_identifier(&sql, seq->name);
            buf_printf(&sql, " AS %s", type_display(d->arena, t->col.type, -1));
            add_statement(t, arena_strdup(d->arena, buf_cstr(&sql)));
        }
        buf_done(&sql);
        relation_unref(seq);
    }
    return NULL;
}

static struct err *change_catalog(struct retype *t, struct relation **rel)
{
    struct ddl *d = t->d;
    uint32_t relid = (*rel)->oid;
    uint32_t sequence = 0;
    const struct attr *a = &(*rel)->atts[t->att - 1];
    if (a->default_sql && !a->generated) {
        struct rte *rte;
        struct expr *e;
        TRY(analyze_expr_text(d->cat, &d->s->types, a->default_sql, NULL, USE_DEFAULT, 0, -1,
                              d->arena, &rte, &e));
        sequence = expr_regclass(e);
    }
    TRY(ddl_set_column_type(d->cat, relid, t->att, &t->col));
    TRY(stats_forget(d->cat, relid, t->att));
    if (t->col.default_sql) {
        TRY(ddl_set_default(d->cat, relid, t->att, t->col.default_sql));
        TRY(ddl_update_attribute(d->cat, relid, t->att, ATT_HASDEF, datum_bool(true)));
    }
    if (t->col.default_sql && !a->generated) {
        struct object_address self = {PG_ATTRDEF, 0, 0};
        TRY(ddl_default_oid(d->cat, relid, t->att, &self.object_id));
        TRY(ddl_text_depends(d, self, t->col.default_sql, NULL, USE_DEFAULT));
    }
    if (sequence >= FIRST_USER_OID)
        TRY(ddl_default_uses(d->cat, relid, t->att, sequence));
    return ddl_reopen(d, rel);
}

static struct err *make_again(struct retype *t, struct relation **rel)
{
    for (int i = 0; i < t->nstatements; i++)
        TRY(ddl_run_sql(t->d, t->statements[i]));
    return ddl_reopen(t->d, rel);
}

static struct err *retype(struct retype *t, struct relation **rel, const PgQuery__ColumnDef *def)
{
    const struct attr *a = &t->old->atts[t->att - 1];
    if (a->generated && def->raw_default)
        return err_detail(
            err_new("42611", "cannot specify USING when altering type of generated column"),
            "Column \"%s\" is a generated column.", a->name);
    TRY(analyze_value(t, a, def->raw_default));
    TRY(new_default(t, a));
    TRY(refuse_views(t, a->name));
    TRY(refuse_generated(t, a->name));
    TRY(identity_type(t, a));
    TRY(save_parts(t));
    TRY(drop_parts(t, rel));
    /* The storage may have changed with the primary key. */
    relation_unref(t->old);
    t->old = relation_ref(*rel);
    TRY(change_catalog(t, rel));
    TRY(rewrite(t, rel));
    return make_again(t, rel);
}

struct err *ddl_alter_type(struct ddl *d, struct relation **rel, const PgQuery__AlterTableCmd *cmd)
{
    const PgQuery__ColumnDef *def = cmd->def->column_def;
    struct retype t = {.d = d, .col = {.name = cmd->name, .typmod = -1}};
    const char *serial;
    t.att = relation_attnum(*rel, str_from(cmd->name));
    if (!t.att)
        return err_new("42703", "column \"%s\" of relation \"%s\" does not exist", cmd->name,
                       (*rel)->name);
    TRY(ddl_no_position(ddl_type(d, def->type_name, &t.col, &serial)));
    TRY(ddl_may_use_type(d, t.col.type));
    if (serial)
        return err_new("42704", "type \"%s\" does not exist", serial);
    TRY(ddl_collation(d, def, &t.col));
    t.old = relation_ref(*rel);
    struct err *e = retype(&t, rel, def);
    relation_unref(t.old);
    return e;
}
