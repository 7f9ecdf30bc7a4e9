/* ALTER TABLE and renames. */
#include "exec/checks.h"
#include "exec/ddl_internal.h"

#include "catalog/acl.h"

#include <stdio.h>

static struct err *find_att(const struct relation *r, const char *name, int *att)
{
    *att = relation_attnum(r, str_from(name));
    if (*att)
        return NULL;
    return err_new("42703", "column \"%s\" of relation \"%s\" does not exist", name, r->name);
}

/* ---- ADD COLUMN ---- */

static struct err *has_row(void *arg, struct str key, const struct datum *row)
{
    (void)key;
    (void)row;
    *(bool *)arg = true;
    return NULL;
}

static bool holds_composite(uint32_t type)
{
    const struct cat_type *t = builtin_type(builtin_base_type(type));
    while (t && t->is_array)
        t = builtin_type(builtin_base_type(t->elem));
    return t && t->kind == 'c';
}

static struct err *missing_text(struct ddl *d, struct row_expr *x, struct ddl_column *col)
{
    const struct type_ops *ops = type_by_oid(col->type);
    struct type_env plain = {0};
    struct datum value;
    struct buf text = BUF_INIT;
    struct err *err = row_expr_eval(x, NULL, &value);
    if (!err && !value.null)
        err = ops->out(ops, &plain, value, &text);
    if (!err && !value.null)
        col->missing = arena_strndup(d->arena, buf_cstr(&text), text.len);
    buf_done(&text);
    return err;
}

/* A default that is the same for all rows is remembered in the catalog; rows need not be written.
 */
static struct err *missing_value(struct ddl *d, struct ddl_column *col, const PgQuery__Node *raw,
                                 bool *volatile_)
{
    struct exec_env env = session_exec_env(d->s);
    struct rte *rte;
    struct expr *e;
    struct row_expr *x;
    struct buf text = BUF_INIT;
    TRY(analyze_expr_node(d->cat, &d->s->types, d->sql, raw, NULL, USE_DEFAULT, col->type,
                          col->typmod, col->name, d->arena, &rte, &e));
    TRY(deparse_stored_expr(d->cat, e, NULL, &text));
    col->default_sql = arena_strdup(d->arena, buf_cstr(&text));
    buf_done(&text);
    /* A composite value's text would not outlive changes of its type. */
    *volatile_ = expr_has_volatile(e) || holds_composite(col->type);
    if (*volatile_)
        return NULL;
    TRY(row_expr_new(&env, NULL, e, &x));
    struct err *err = missing_text(d, x, col);
    row_expr_free(x);
    return err;
}

/* What the rows that are there get from a column's domain: its default, or NULL if it may be. */
static struct err *domain_missing(struct ddl *d, const struct relation *r, struct ddl_column *col)
{
    struct exec_env env = session_exec_env(d->s);
    struct domain_info domain;
    struct row_expr *x;
    struct rte *rte;
    struct expr *e;
    bool found;
    bool any_rows = false;
    TRY(ddl_each_row(d, (struct relation *)r, has_row, &any_rows));
    if (!any_rows)
        return NULL;
    TRY(cat_domain(d->cat, col->type, true, d->arena, &domain, &found));
    const char *sql = domain.default_sql ? domain.default_sql : "NULL";
    TRY(analyze_expr_text(d->cat, &d->s->types, sql, NULL, USE_DEFAULT, col->type, col->typmod,
                          d->arena, &rte, &e));
    TRY(row_expr_new(&env, NULL, e, &x));
    struct err *err = missing_text(d, x, col);
    row_expr_free(x);
    return err;
}

static struct err *fill_column(struct ddl *d, const struct relation *r, const char *column)
{
    struct exec_env env = session_exec_env(d->s);
    struct buf sql = BUF_INIT;
    uint64_t rows;
    buf_put_c(&sql, "UPDATE ");
    quote_identifier(&sql, r->nsp_name);
    buf_put_u8(&sql, '.');
    quote_identifier(&sql, r->name);
    buf_put_c(&sql, " SET ");
    quote_identifier(&sql, column);
    buf_put_c(&sql, " = DEFAULT");
    env.newest_view = true;
    txn_next_command(d->cat->txn);
    struct err *e = exec_internal_sql(&env, buf_cstr(&sql), NULL, NULL, 0, &rows);
    buf_done(&sql);
    return e;
}

static struct err *add_column(struct ddl *d, struct relation **rel,
                              const PgQuery__AlterTableCmd *cmd)
{
    const PgQuery__ColumnDef *def = cmd->def->column_def;
    struct relation *r = *rel;
    struct ddl_column col = {.name = def->colname, .typmod = -1};
    const char *serial;
    PgQuery__Constraint **constraints;
    int nconstraints;
    const PgQuery__Constraint *identity = NULL;
    bool volatile_ = false;
    bool any_rows = false;
    if (relation_attnum(r, str_from(def->colname))) {
        if (!cmd->missing_ok)
            return err_new("42701", "column \"%s\" of relation \"%s\" already exists", def->colname,
                           r->name);
        ddl_notice(d, "NOTICE",
                   err_new("42701", "column \"%s\" of relation \"%s\" already exists, skipping",
                           def->colname, r->name));
        return NULL;
    }
    TRY(ddl_check_column_name(def->colname));
    TRY(ddl_type(d, def->type_name, &col, &serial));
    TRY(ddl_may_use_type(d, col.type));
    TRY(ddl_collation(d, def, &col));
    TRY(ddl_column_constraints(d, def, &constraints, &nconstraints));
    for (size_t i = 0; i < def->n_constraints; i++) {
        const PgQuery__Constraint *c = def->constraints[i]->constraint;
        if (c->contype == PG_QUERY__CONSTR_TYPE__CONSTR_NOTNULL)
            col.not_null = true;
        if (c->contype == PG_QUERY__CONSTR_TYPE__CONSTR_DEFAULT)
            TRY(ddl_no_position(missing_value(d, &col, c->raw_expr, &volatile_)));
        if (c->contype == PG_QUERY__CONSTR_TYPE__CONSTR_GENERATED) {
            TRY(ddl_no_position(ddl_default_text(d, r, c, &col, true, &col.default_sql)));
            col.generated = 's';
            volatile_ = true;
        }
        if (c->contype == PG_QUERY__CONSTR_TYPE__CONSTR_IDENTITY) {
            identity = c;
            col.identity = c->generated_when[0];
            col.not_null = volatile_ = true;
        }
    }
    int att = r->natts + 1;
    uint32_t serial_oid = 0;
    if (serial) {
        struct new_sequence n = {
            .type = col.type, .owner = {PG_CLASS, r->oid, att}, .owner_dep = 'a'};
        TRY(ddl_column_sequence(d, r, col.name, false, &n, &serial_oid));
        col.default_sql = ddl_serial_default(d, r->nsp_name, n.name);
        volatile_ = true;
        col.not_null = true;
    }
    if (!col.default_sql && !volatile_ && builtin_type(col.type)->kind == 'd')
        TRY(domain_missing(d, r, &col));
    if (col.not_null && !col.missing && !volatile_)
        TRY(ddl_each_row(d, r, has_row, &any_rows));
    if (any_rows)
        return err_column(
            err_table(err_new("23502", "column \"%s\" of relation \"%s\" contains null values",
                              col.name, r->name),
                      r->nsp_name, r->name),
            col.name);
    TRY(ddl_add_column(d->cat, r->oid, att, &col));
    TRY(ddl_update_class(d->cat, r->oid, CLS_NATTS, datum_int(att)));
    if (identity)
        TRY(ddl_make_identity(d, r, false, col.name, att, col.type, identity));
    if (serial)
        TRY(ddl_default_uses(d->cat, r->oid, att, serial_oid));
    TRY(ddl_reopen(d, rel));
    if (col.default_sql && !serial && !col.generated)
        TRY(ddl_default_depends(d, *rel, att, col.default_sql));
    if (col.generated)
        TRY(ddl_generated_depends(d, *rel, att, col.default_sql));
    if (volatile_)
        TRY(fill_column(d, *rel, col.name));
    for (int i = 0; i < nconstraints; i++)
        TRY(ddl_add_constraint(d, rel, constraints[i], col.name, false));
    return NULL;
}

/* ---- DROP COLUMN ---- */

static struct err *drop_column(struct ddl *d, struct relation **rel,
                               const PgQuery__AlterTableCmd *cmd)
{
    struct relation *r = *rel;
    int att = relation_attnum(r, str_from(cmd->name));
    bool cascade = cmd->behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE;
    if (!att && cmd->missing_ok) {
        ddl_notice(d, "NOTICE",
                   err_new("00000", "column \"%s\" of relation \"%s\" does not exist, skipping",
                           cmd->name, r->name));
        return NULL;
    }
    if (!att && system_column(cmd->name))
        return err_new("0A000", "cannot drop system column \"%s\"", cmd->name);
    TRY(find_att(r, cmd->name, &att));
    struct object_address column = {PG_CLASS, r->oid, att};
    TRY(ddl_drop_objects(d, &column, 1, cascade));
    return ddl_reopen(d, rel);
}

/* ---- smaller forms ---- */

static struct err *set_default(struct ddl *d, struct relation **rel,
                               const PgQuery__AlterTableCmd *cmd)
{
    struct relation *r = *rel;
    int att;
    const char *sql = NULL;
    TRY(find_att(r, cmd->name, &att));
    const struct attr *a = &r->atts[att - 1];
    if (a->identity) {
        struct err *e = err_new("42601", "column \"%s\" of relation \"%s\" is an identity column",
                                a->name, r->name);
        return cmd->def
                   ? e
                   : err_hint(e, "Use ALTER TABLE ... ALTER COLUMN ... DROP IDENTITY instead.");
    }
    if (a->generated) {
        struct err *e = err_new("42601", "column \"%s\" of relation \"%s\" is a generated column",
                                a->name, r->name);
        return cmd->def
                   ? e
                   : err_hint(e, "Use ALTER TABLE ... ALTER COLUMN ... DROP EXPRESSION instead.");
    }
    if (cmd->def) {
        struct rte *rte;
        struct expr *e;
        struct buf b = BUF_INIT;
        TRY(ddl_no_position(analyze_expr_node(d->cat, &d->s->types, d->sql, cmd->def, r,
                                              USE_DEFAULT, a->type, a->typmod, a->name, d->arena,
                                              &rte, &e)));
        TRY(deparse_stored_expr(d->cat, e, rte, &b));
        sql = arena_strdup(d->arena, buf_cstr(&b));
        buf_done(&b);
    }
    TRY(ddl_set_default(d->cat, r->oid, att, sql));
    TRY(ddl_update_attribute(d->cat, r->oid, att, ATT_HASDEF, datum_bool(sql != NULL)));
    if (sql)
        TRY(ddl_default_depends(d, r, att, sql));
    return ddl_reopen(d, rel);
}

struct null_scan {
    const struct relation *rel;
    int att;
};

static struct err *not_null_row(void *arg, struct str key, const struct datum *row)
{
    const struct null_scan *s = arg;
    (void)key;
    if (!row[s->att - 1].null)
        return NULL;
    const char *name = s->rel->atts[s->att - 1].name;
    return err_column(
        err_table(err_new("23502", "column \"%s\" of relation \"%s\" contains null values", name,
                          s->rel->name),
                  s->rel->nsp_name, s->rel->name),
        name);
}

static struct err *set_not_null(struct ddl *d, struct relation **rel, const char *name, bool on)
{
    struct relation *r = *rel;
    struct null_scan scan = {r, 0};
    TRY(find_att(r, name, &scan.att));
    if (on && !r->atts[scan.att - 1].not_null)
        TRY(ddl_each_row(d, r, not_null_row, &scan));
    for (int i = 0; !on && i < r->nindexes; i++)
        for (int k = 0; r->indexes[i].pkey && k < r->indexes[i].nkeys; k++)
            if (r->indexes[i].cols[k].attnum == scan.att)
                return err_new("42P16", "column \"%s\" is in a primary key", name);
    if (!on && r->atts[scan.att - 1].identity)
        return err_new("42601", "column \"%s\" of relation \"%s\" is an identity column", name,
                       r->name);
    TRY(ddl_update_attribute(d->cat, r->oid, scan.att, ATT_NOTNULL, datum_bool(on)));
    return ddl_reopen(d, rel);
}

static struct err *add_constraint(struct ddl *d, struct relation **rel,
                                  const PgQuery__Constraint *c)
{
    bool skip;
    bool key = c->contype == PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY ||
               c->contype == PG_QUERY__CONSTR_TYPE__CONSTR_UNIQUE;
    if (key && c->conname && *c->conname && !(c->indexname && *c->indexname))
        TRY(ddl_check_name(d, (*rel)->nsp, c->conname, false, &skip));
    for (int i = 0; c->conname && *c->conname && i < (*rel)->nconstraints; i++)
        if (strcmp((*rel)->constraints[i].name, c->conname) == 0)
            return err_new("42710", "constraint \"%s\" for relation \"%s\" already exists",
                           c->conname, (*rel)->name);
    return ddl_add_constraint(d, rel, c, NULL, false);
}

static struct err *drop_constraint(struct ddl *d, struct relation **rel,
                                   const PgQuery__AlterTableCmd *cmd)
{
    struct relation *r = *rel;
    for (int i = 0; i < r->nconstraints; i++) {
        if (strcmp(r->constraints[i].name, cmd->name) != 0)
            continue;
        struct object_address o = {PG_CONSTRAINT, r->constraints[i].oid, 0};
        TRY(ddl_drop_objects(d, &o, 1, cmd->behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE));
        return ddl_reopen(d, rel);
    }
    if (!cmd->missing_ok)
        return err_new("42704", "constraint \"%s\" of relation \"%s\" does not exist", cmd->name,
                       r->name);
    ddl_notice(d, "NOTICE",
               err_new("00000", "constraint \"%s\" of relation \"%s\" does not exist, skipping",
                       cmd->name, r->name));
    return NULL;
}

static struct err *change_owner(struct ddl *d, struct relation **rel, const PgQuery__RoleSpec *role)
{
    TRY(ddl_relation_owner(d, *rel, role));
    return ddl_reopen(d, rel);
}

/* The column keeps its values. */
static struct err *drop_expression(struct ddl *d, struct relation **rel,
                                   const PgQuery__AlterTableCmd *cmd)
{
    struct relation *r = *rel;
    struct depend_list deps = {0};
    int att;
    TRY(find_att(r, cmd->name, &att));
    if (!r->atts[att - 1].generated) {
        struct err *e = err_new("55000",
                                "column \"%s\" of relation \"%s\" is not a stored "
                                "generated column%s",
                                cmd->name, r->name, cmd->missing_ok ? ", skipping" : "");
        if (!cmd->missing_ok)
            return e;
        ddl_notice(d, "NOTICE", e);
        return NULL;
    }
    const struct object_address column = {PG_CLASS, r->oid, att};
    TRY(depend_of(d->cat, column, d->arena, &deps));
    TRY(depend_forget(d->cat, column));
    for (int i = 0; i < deps.count; i++) {
        const struct depend_item *dep = &deps.items[i];
        if (dep->referenced.class_id != PG_CLASS || dep->referenced.object_id != r->oid)
            TRY(depend_record(d->cat, dep->object, dep->referenced, dep->type));
    }
    TRY(ddl_set_default(d->cat, r->oid, att, NULL));
    TRY(ddl_update_attribute(d->cat, r->oid, att, ATT_HASDEF, datum_bool(false)));
    TRY(ddl_update_attribute(d->cat, r->oid, att, ATT_GENERATED, datum_int(0)));
    return ddl_reopen(d, rel);
}

static struct err *alter_setting(struct ddl *d, struct relation **rel,
                                 const PgQuery__AlterTableCmd *cmd)
{
    bool done;
    TRY(ddl_row_security(d, rel, cmd, &done));
    if (done)
        return NULL;
    TRY(ddl_enable_trigger(d, rel, cmd, &done));
    if (done)
        return NULL;
    TRY(ddl_alter_setting(d, *rel, cmd, &done));
    return done ? ddl_reopen(d, rel) : ddl_unsupported_form(d, *rel, cmd);
}

static struct err *alter_one(struct ddl *d, struct relation **rel,
                             const PgQuery__AlterTableCmd *cmd)
{
    switch (cmd->subtype) {
    case PG_QUERY__ALTER_TABLE_TYPE__AT_AddColumn:
        return add_column(d, rel, cmd);
    case PG_QUERY__ALTER_TABLE_TYPE__AT_DropColumn:
        return drop_column(d, rel, cmd);
    case PG_QUERY__ALTER_TABLE_TYPE__AT_ColumnDefault:
        return set_default(d, rel, cmd);
    case PG_QUERY__ALTER_TABLE_TYPE__AT_SetNotNull:
        return set_not_null(d, rel, cmd->name, true);
    case PG_QUERY__ALTER_TABLE_TYPE__AT_DropNotNull:
        return set_not_null(d, rel, cmd->name, false);
    case PG_QUERY__ALTER_TABLE_TYPE__AT_AddConstraint:
        return add_constraint(d, rel, cmd->def->constraint);
    case PG_QUERY__ALTER_TABLE_TYPE__AT_DropConstraint:
        return drop_constraint(d, rel, cmd);
    case PG_QUERY__ALTER_TABLE_TYPE__AT_AddIdentity:
        return ddl_add_identity(d, rel, cmd);
    case PG_QUERY__ALTER_TABLE_TYPE__AT_SetIdentity:
        return ddl_set_identity(d, rel, cmd);
    case PG_QUERY__ALTER_TABLE_TYPE__AT_DropIdentity:
        return ddl_drop_identity(d, rel, cmd);
    case PG_QUERY__ALTER_TABLE_TYPE__AT_ValidateConstraint:
        return ddl_validate_constraint(d, rel, cmd->name);
    case PG_QUERY__ALTER_TABLE_TYPE__AT_AlterConstraint:
        return ddl_alter_constraint(d, rel, cmd->def->constraint);
    case PG_QUERY__ALTER_TABLE_TYPE__AT_ChangeOwner:
        return change_owner(d, rel, cmd->newowner);
    case PG_QUERY__ALTER_TABLE_TYPE__AT_AlterColumnType:
        return (*rel)->kind == 'c' ? ddl_alter_attribute_type(d, rel, cmd)
                                   : ddl_alter_type(d, rel, cmd);
    case PG_QUERY__ALTER_TABLE_TYPE__AT_DropExpression:
        return drop_expression(d, rel, cmd);
    default:
        return alter_setting(d, rel, cmd);
    }
}

/* The order in which PostgreSQL takes the commands of one statement: what goes, types, new columns,
 * what refers to them. */
static int pass_of(const PgQuery__AlterTableCmd *cmd)
{
    switch (cmd->subtype) {
    case PG_QUERY__ALTER_TABLE_TYPE__AT_DropColumn:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_DropConstraint:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_DropNotNull:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_DropExpression:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_DropIdentity:
        return 0;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_ColumnDefault:
        return cmd->def ? 6 : 0;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_AlterColumnType:
        return 1;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_AddColumn:
        return 2;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_SetNotNull:
        return 3;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_AddConstraint:
        switch (cmd->def->constraint->contype) {
        case PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY:
        case PG_QUERY__CONSTR_TYPE__CONSTR_UNIQUE:
            return 4;
        default:
            return 5;
        }
    case PG_QUERY__ALTER_TABLE_TYPE__AT_AddIdentity:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_SetIdentity:
        return 6;
    default:
        return 7;
    }
}

static struct err *alter_all(struct ddl *d, struct relation **rel, const PgQuery__AlterTableStmt *a)
{
    enum { PASSES = 8 };
    for (size_t i = 0; i < a->n_cmds; i++)
        TRY(ddl_check_form(*rel, a->cmds[i]->alter_table_cmd));
    for (int pass = 0; pass < PASSES; pass++)
        for (size_t i = 0; i < a->n_cmds; i++)
            if (pass_of(a->cmds[i]->alter_table_cmd) == pass)
                TRY(alter_one(d, rel, a->cmds[i]->alter_table_cmd));
    return NULL;
}

static struct err *refuse_synced(const struct ddl *d, const struct relation *r)
{
    if (!r->read_only_synced || d->s->feeds_synced)
        return NULL;
    return err_hint(err_new("42809", "cannot alter synced table \"%s\"", r->name),
                    "The table is kept in step with its source, which owns its columns.");
}

/* What does not touch columns or rows is the owner's to say. */
static bool is_for_synced(const PgQuery__AlterTableCmd *cmd)
{
    switch (cmd->subtype) {
    case PG_QUERY__ALTER_TABLE_TYPE__AT_ChangeOwner:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_EnableRowSecurity:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_DisableRowSecurity:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_ForceRowSecurity:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_NoForceRowSecurity:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_SetStatistics:
        return true;
    default:
        return false;
    }
}

static struct err *refuse_commands(const struct ddl *d, const struct relation *r,
                                   const PgQuery__AlterTableStmt *a)
{
    for (size_t i = 0; i < a->n_cmds; i++)
        if (!is_for_synced(a->cmds[i]->alter_table_cmd))
            return refuse_synced(d, r);
    return NULL;
}

/* ALTER TYPE is for composite types, and they are for it. */
static struct err *check_kind(const PgQuery__AlterTableStmt *a, const struct relation *r)
{
    bool type = a->objtype == PG_QUERY__OBJECT_TYPE__OBJECT_TYPE;
    if (type && r->kind != 'c')
        return err_new("42809", "\"%s\" is not a composite type", r->name);
    if (!type && r->kind == 'c')
        return err_hint(err_new("42809", "\"%s\" is a composite type", r->name),
                        "Use ALTER TYPE instead.");
    return NULL;
}

struct err *ddl_alter_table(struct ddl *d, const PgQuery__AlterTableStmt *a)
{
    struct relation *rel;
    TRY(ddl_open_if_exists(d, a->relation, TXN_ACCESS_EXCLUSIVE, a->missing_ok, &rel));
    if (!rel)
        return NULL;
    struct err *e = ddl_must_own(d, rel);
    if (!e)
        e = refuse_commands(d, rel, a);
    if (!e)
        e = check_kind(a, rel);
    if (!e)
        e = ddl_check_kind(rel, a->objtype);
    if (!e)
        e = checks_none_pending(d->s, rel->oid, rel->name, "ALTER TABLE");
    if (!e)
        e = alter_all(d, &rel, a);
    relation_unref(rel);
    return e;
}

/* ---- RENAME ---- */

/* SQL text over the relation's columns, with one column called otherwise. */
static struct err *renamed_text(struct ddl *d, struct relation *r, const char *sql,
                                enum expr_use use, int att, const char *to, const char **out)
{
    struct rte *rte;
    struct expr *e;
    struct buf b = BUF_INIT;
    TRY(analyze_expr_text(d->cat, &d->s->types, sql, r, use, 0, -1, d->arena, &rte, &e));
    rte->colnames[att - 1] = to;
    TRY(deparse_stored_expr(d->cat, e, rte, &b));
    *out = arena_strdup(d->arena, buf_cstr(&b));
    buf_done(&b);
    return NULL;
}

static struct err *rename_in_indexes(struct ddl *d, struct relation *r, int att, const char *to)
{
    for (int i = 0; i < r->nindexes; i++) {
        const struct index *ix = &r->indexes[i];
        struct datum key = datum_int(ix->oid);
        struct datum old_values[IDX_COUNT];
        struct datum v[IDX_COUNT];
        struct buf exprs = BUF_INIT;
        bool found;
        bool any = ix->pred_sql != NULL;
        for (int k = 0; k < ix->nkeys; k++) {
            const char *text;
            if (ix->cols[k].attnum == att)
                TRY(ddl_update_attribute(d->cat, ix->oid, k + 1, ATT_NAME, cstr_datum(to)));
            if (ix->cols[k].attnum)
                continue;
            any = true;
            TRY(renamed_text(d, r, ix->cols[k].expr_sql, USE_INDEX_EXPR, att, to, &text));
            buf_printf(&exprs, "%s\n", text);
        }
        if (!any)
            continue;
        TRY(systab_get(d->cat, PG_INDEX, INDEX_INDEXRELID_INDEX, &key, 1, d->arena, old_values,
                       &found));
        memcpy(v, old_values, sizeof(v));
        if (exprs.len)
            v[IDX_EXPRS] = cstr_datum(arena_strdup(d->arena, buf_cstr(&exprs)));
        buf_done(&exprs);
        if (ix->pred_sql) {
            const char *text;
            TRY(renamed_text(d, r, ix->pred_sql, USE_INDEX_PRED, att, to, &text));
            v[IDX_PRED] = cstr_datum(text);
        }
        TRY(systab_update(d->cat, PG_INDEX, old_values, v));
    }
    return NULL;
}

static struct err *rename_column(struct ddl *d, struct relation *r, const char *from,
                                 const char *to)
{
    int att;
    att = relation_attnum(r, str_from(from));
    if (!att)
        return err_new("42703", "column \"%s\" does not exist", from);
    TRY(ddl_check_column_name(to));
    if (relation_attnum(r, str_from(to)))
        return err_new("42701", "column \"%s\" of relation \"%s\" already exists", to, r->name);
    for (int i = 0; i < r->nconstraints; i++) {
        const char *text;
        if (r->constraints[i].type != 'c')
            continue;
        TRY(renamed_text(d, r, r->constraints[i].check_sql, USE_CHECK, att, to, &text));
        TRY(ddl_update_constraint(d->cat, r->constraints[i].oid, CON_BIN, cstr_datum(text)));
    }
    for (int i = 0; i < r->natts; i++) {
        const char *text;
        if (!r->atts[i].generated)
            continue;
        TRY(renamed_text(d, r, r->atts[i].default_sql, USE_GENERATED, att, to, &text));
        TRY(ddl_set_default(d->cat, r->oid, i + 1, text));
    }
    TRY(rename_in_indexes(d, r, att, to));
    struct deparse_rename rename = {r->oid, att, from, to};
    TRY(ddl_rename_in_views(d, &r->oid, 1, &rename));
    return ddl_update_attribute(d->cat, r->oid, att, ATT_NAME, cstr_datum(to));
}

static struct err *rename_constraint(struct ddl *d, struct relation *r, const char *from,
                                     const char *to)
{
    for (int i = 0; i < r->nconstraints; i++) {
        const struct constraint *c = &r->constraints[i];
        bool skip;
        if (strcmp(c->name, from) != 0)
            continue;
        if (c->type == 'p' || c->type == 'u')
            TRY(ddl_check_name(d, r->nsp, to, false, &skip));
        for (int k = 0; k < r->nconstraints; k++)
            if (strcmp(r->constraints[k].name, to) == 0)
                return err_new("42710", "constraint \"%s\" for relation \"%s\" already exists", to,
                               r->name);
        TRY(ddl_update_constraint(d->cat, c->oid, CON_NAME, cstr_datum(to)));
        if (c->type == 'p' || c->type == 'u')
            return ddl_update_class(d->cat, c->index, CLS_NAME, cstr_datum(to));
        return NULL;
    }
    return err_new("42704", "constraint \"%s\" for table \"%s\" does not exist", from, r->name);
}

static struct err *rename_sequence(struct ddl *d, const struct relation *seq, const char *to)
{
    struct ddl_defaults defaults;
    TRY(ddl_read_defaults(d, &seq->oid, 1, &defaults));
    TRY(ddl_update_class(d->cat, seq->oid, CLS_NAME, cstr_datum(to)));
    return ddl_write_defaults(d, &defaults);
}

static struct err *rename_relation(struct ddl *d, struct relation *r, const char *to)
{
    bool skip;
    TRY(ddl_check_name(d, r->nsp, to, false, &skip));
    if (r->kind == 'S')
        return rename_sequence(d, r, to);
    struct deparse_rename rename = {r->oid, 0, r->name, to};
    TRY(ddl_rename_in_views(d, &r->oid, 1, &rename));
    TRY(ddl_update_class(d->cat, r->oid, CLS_NAME, cstr_datum(to)));
    if (r->kind != 'i')
        return NULL;
    /* The index of a constraint and the constraint share their name. */
    struct depend_list deps = {0};
    TRY(depend_of(d->cat, (struct object_address){PG_CLASS, r->oid, 0}, d->arena, &deps));
    for (int i = 0; i < deps.count; i++)
        if (deps.items[i].referenced.class_id == PG_CONSTRAINT)
            TRY(ddl_update_constraint(d->cat, deps.items[i].referenced.object_id, CON_NAME,
                                      cstr_datum(to)));
    return NULL;
}

/* *out: the relations that are in it. */
static struct err *rename_schema_in_views(struct ddl *d, uint32_t nsp, const PgQuery__RenameStmt *s,
                                          uint32_t **out, int *nout)
{
    struct deparse_rename rename = {0, 0, s->subname, s->newname};
    struct depend_list deps = {0};
    TRY(depend_on(d->cat, (struct object_address){PG_NAMESPACE, nsp, 0}, d->arena, &deps));
    uint32_t *relids = arena_new_array(d->arena, uint32_t, deps.count + 1);
    int n = 0;
    for (int i = 0; i < deps.count; i++)
        if (deps.items[i].object.class_id == PG_CLASS)
            relids[n++] = deps.items[i].object.object_id;
    *out = relids;
    *nout = n;
    return ddl_rename_in_views(d, relids, n, &rename);
}

static struct err *rename_schema(struct ddl *d, const PgQuery__RenameStmt *s)
{
    struct datum key = cstr_datum(s->subname);
    struct datum old_values[NSP_COUNT];
    struct datum v[NSP_COUNT];
    struct ddl_defaults defaults;
    uint32_t *relids;
    uint32_t taken;
    int n;
    bool found;
    TRY(systab_get(d->cat, PG_NAMESPACE, NAMESPACE_NAME_INDEX, &key, 1, d->arena, old_values,
                   &found));
    if (!found)
        return err_new("3F000", "schema \"%s\" does not exist", s->subname);
    TRY(acl_check_owner(d->cat, PG_NAMESPACE, (uint32_t)old_values[NSP_OID].u));
    TRY(acl_check(d->cat, PG_DATABASE, d->cat->db, PRIV_CREATE));
    TRY(cat_namespace_oid(d->cat, str_from(s->newname), &taken));
    if (taken)
        return err_new("42P06", "schema \"%s\" already exists", s->newname);
    TRY(rename_schema_in_views(d, (uint32_t)old_values[NSP_OID].u, s, &relids, &n));
    TRY(ddl_read_defaults(d, relids, n, &defaults));
    memcpy(v, old_values, sizeof(v));
    v[NSP_NAME] = cstr_datum(s->newname);
    TRY(systab_update(d->cat, PG_NAMESPACE, old_values, v));
    return ddl_write_defaults(d, &defaults);
}

struct err *ddl_rename(struct ddl *d, const PgQuery__RenameStmt *s, char *tag)
{
    struct relation *r;
    snprintf(tag, 64, "ALTER TABLE");
    switch (s->rename_type) {
    case PG_QUERY__OBJECT_TYPE__OBJECT_ATTRIBUTE:
        snprintf(tag, 64, "ALTER TYPE");
        return ddl_rename_attribute(d, s);
    case PG_QUERY__OBJECT_TYPE__OBJECT_DOMCONSTRAINT:
        snprintf(tag, 64, "ALTER DOMAIN");
        return ddl_rename_domain_constraint(d, s);
    case PG_QUERY__OBJECT_TYPE__OBJECT_TYPE:
    case PG_QUERY__OBJECT_TYPE__OBJECT_DOMAIN:
        snprintf(tag, 64,
                 s->rename_type == PG_QUERY__OBJECT_TYPE__OBJECT_TYPE ? "ALTER TYPE"
                                                                      : "ALTER DOMAIN");
        return ddl_rename_type_stmt(d, s);
    case PG_QUERY__OBJECT_TYPE__OBJECT_POLICY:
        snprintf(tag, 64, "ALTER POLICY");
        return ddl_rename_policy(d, s);
    case PG_QUERY__OBJECT_TYPE__OBJECT_TRIGGER:
        snprintf(tag, 64, "ALTER TRIGGER");
        return ddl_rename_trigger(d, s);
    case PG_QUERY__OBJECT_TYPE__OBJECT_SCHEMA:
        snprintf(tag, 64, "ALTER SCHEMA");
        return rename_schema(d, s);
    case PG_QUERY__OBJECT_TYPE__OBJECT_ROLE:
        snprintf(tag, 64, "ALTER ROLE");
        return ddl_rename_role(d, s);
    case PG_QUERY__OBJECT_TYPE__OBJECT_FUNCTION:
    case PG_QUERY__OBJECT_TYPE__OBJECT_PROCEDURE:
    case PG_QUERY__OBJECT_TYPE__OBJECT_AGGREGATE:
    case PG_QUERY__OBJECT_TYPE__OBJECT_ROUTINE:
        return ddl_rename_function(d, s, tag);
    case PG_QUERY__OBJECT_TYPE__OBJECT_INDEX:
        snprintf(tag, 64, "ALTER INDEX");
        break;
    case PG_QUERY__OBJECT_TYPE__OBJECT_SEQUENCE:
        snprintf(tag, 64, "ALTER SEQUENCE");
        break;
    case PG_QUERY__OBJECT_TYPE__OBJECT_VIEW:
        snprintf(tag, 64, "ALTER VIEW");
        break;
    case PG_QUERY__OBJECT_TYPE__OBJECT_MATVIEW:
        snprintf(tag, 64, "ALTER MATERIALIZED VIEW");
        break;
    case PG_QUERY__OBJECT_TYPE__OBJECT_TABLE:
    case PG_QUERY__OBJECT_TYPE__OBJECT_COLUMN:
    case PG_QUERY__OBJECT_TYPE__OBJECT_TABCONSTRAINT:
        break;
    default:
        return err_unsupported("ALTER %s ... RENAME is not supported yet",
                               ddl_object_type_name(s->rename_type));
    }
    TRY(ddl_open_if_exists(d, s->relation, TXN_ACCESS_EXCLUSIVE, s->missing_ok, &r));
    if (!r)
        return NULL;
    struct err *e = ddl_must_own(d, r);
    if (!e && s->rename_type != PG_QUERY__OBJECT_TYPE__OBJECT_INDEX)
        e = ddl_check_kind(r, s->rename_type);
    if (!e && (s->rename_type == PG_QUERY__OBJECT_TYPE__OBJECT_COLUMN ||
               s->rename_type == PG_QUERY__OBJECT_TYPE__OBJECT_TABCONSTRAINT))
        e = refuse_synced(d, r);
    if (!e && s->rename_type == PG_QUERY__OBJECT_TYPE__OBJECT_COLUMN)
        e = rename_column(d, r, s->subname, s->newname);
    else if (!e && s->rename_type == PG_QUERY__OBJECT_TYPE__OBJECT_TABCONSTRAINT)
        e = rename_constraint(d, r, s->subname, s->newname);
    else if (!e)
        e = rename_relation(d, r, s->newname);
    relation_unref(r);
    return e;
}
