/* CREATE TABLE and its parts, sequences, views: manual chapter 5 and the commands' pages. */
#include "exec/ddl_internal.h"

#include "catalog/acl.h"

#include "rt/fiber.h"

#include <strings.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- common ---- */

struct err *ddl_at(const struct ddl *d, struct err *e, int location)
{
    if (location >= 0 && e->position == 0)
        err_at(e, char_position(d->sql, location));
    return e;
}

void ddl_notice(const struct ddl *d, const char *severity, struct err *e)
{
    if (d->s->ops && d->s->ops->notice && !d->quiet)
        d->s->ops->notice(d->s, severity, e);
    else
        err_free(e);
}

bool ddl_option_is_on(const PgQuery__DefElem *o)
{
    if (!o->arg)
        return true;
    if (o->arg->node_case == PG_QUERY__NODE__NODE_BOOLEAN)
        return o->arg->boolean->boolval;
    if (o->arg->node_case == PG_QUERY__NODE__NODE_INTEGER)
        return o->arg->integer->ival != 0;
    return strcasecmp(pg_str(o->arg), "false") != 0 && strcasecmp(pg_str(o->arg), "off") != 0;
}

struct err *ddl_open_if_exists(struct ddl *d, const PgQuery__RangeVar *rv, enum txn_table_lock lock,
                               bool missing_ok, struct relation **out)
{
    TRY(ddl_open(d, rv, lock, missing_ok, out));
    if (!*out)
        ddl_notice(d, "NOTICE",
                   err_new("00000", "relation \"%s\" does not exist, skipping", rv->relname));
    return NULL;
}

struct err *ddl_must_own(struct ddl *d, const struct relation *r)
{
    if (r->system && d->s->pid)
        return err_new("42501", "permission denied: \"%s\" is a system catalog", r->name);
    const struct role_rights *rights;
    TRY(cat_rights(d->cat, &rights));
    return rights_of(rights, r->owner)
               ? NULL
               : err_new("42501", "must be owner of %s %s",
                         r->kind == 'c' ? "table" : ddl_kind_name(r->kind), r->name);
}

struct err *ddl_may_use_relation(struct ddl *d, const struct relation *r, uint32_t any)
{
    const struct role_rights *rights;
    TRY(cat_rights(d->cat, &rights));
    return acl_relation(rights, r, any)
               ? NULL
               : err_new("42501", "permission denied for %s %s", ddl_kind_name(r->kind), r->name);
}

struct err *ddl_must_own_whole(struct ddl *d, const struct relation *r)
{
    struct err *e = ddl_must_own(d, r);
    if (!e)
        return NULL;
    err_free(e);
    return err_new("42501", "must be owner of relation %s", r->name);
}

/* NULL when the schema is there, or none is named. */
static struct err *no_schema(struct ddl *d, const char *schema)
{
    uint32_t oid;
    if (!schema || !*schema || strcmp(schema, "pg_temp") == 0)
        return NULL;
    TRY(cat_namespace_oid(d->cat, str_from(schema), &oid));
    return oid ? NULL : err_new("3F000", "schema \"%s\" does not exist", schema);
}

struct err *ddl_open(struct ddl *d, const PgQuery__RangeVar *rv, enum txn_table_lock lock,
                     bool missing_ok, struct relation **out)
{
    uint32_t oid;
    struct str nsp = rv->schemaname ? str_from(rv->schemaname) : STR("");
    *out = NULL;
    TRY(resolve_database(d->cat, rv));
    if (nsp.len)
        TRY(acl_check_schema(d->cat, nsp));
    TRY(cat_lock_relation(d->cat, nsp, str_from(rv->relname), lock, missing_ok, &oid));
    if (oid)
        TRY(cat_relation(d->cat, oid, out));
    if (*out || missing_ok)
        return NULL;
    TRY(no_schema(d, rv->schemaname));
    if (nsp.len)
        return err_new("42P01", "relation \"%s.%s\" does not exist", rv->schemaname, rv->relname);
    return err_new("42P01", "relation \"%s\" does not exist", rv->relname);
}

struct err *ddl_reopen(struct ddl *d, struct relation **rel)
{
    uint32_t oid = (*rel)->oid;
    relation_unref(*rel);
    *rel = NULL;
    TRY(cat_relation(d->cat, oid, rel));
    return *rel ? NULL : err_new("XX000", "relation %u vanished", oid);
}

struct err *ddl_find_target(struct ddl *d, const PgQuery__RangeVar *rv, uint32_t *nsp)
{
    bool temp = rv->relpersistence && *rv->relpersistence == 't';
    bool named = rv->schemaname && *rv->schemaname;
    struct err *e = resolve_database(d->cat, rv);
    if (e)
        return ddl_at(d, e, rv->location);
    if ((temp && !named) || (named && strcmp(rv->schemaname, "pg_temp") == 0))
        return ddl_temp_namespace(d, nsp);
    if (temp) {
        TRY(cat_namespace_oid(d->cat, str_from(rv->schemaname), nsp));
        return *nsp && *nsp == d->cat->temp_nsp
                   ? NULL
                   : ddl_at(d,
                            err_new("42P16", "cannot create temporary relation in non-temporary "
                                             "schema"),
                            rv->location);
    }
    if (!rv->schemaname || !*rv->schemaname) {
        *nsp = d->cat->creation_nsp;
        return *nsp ? NULL
                    : ddl_at(d, err_new("3F000", "no schema has been selected to create in"),
                             rv->location);
    }
    TRY(cat_namespace_oid(d->cat, str_from(rv->schemaname), nsp));
    return *nsp ? NULL
                : ddl_at(d, err_new("3F000", "schema \"%s\" does not exist", rv->schemaname),
                         rv->location);
}

struct err *ddl_may_make_relation(struct ddl *d, const PgQuery__RangeVar *rv, uint32_t nsp)
{
    TRY(acl_check(d->cat, PG_NAMESPACE, nsp, PRIV_CREATE));
    if (nsp != PG_CATALOG_NSP || !d->s->pid)
        return NULL;
    return err_detail(
        err_new("42501", "permission denied to create \"pg_catalog.%s\"", rv->relname),
        "System catalog modifications are currently disallowed.");
}

struct err *ddl_target_nsp(struct ddl *d, const PgQuery__RangeVar *rv, uint32_t *nsp)
{
    TRY(ddl_find_target(d, rv, nsp));
    return ddl_may_make_relation(d, rv, *nsp);
}

char ddl_persistence(const struct ddl *d, const PgQuery__RangeVar *rv, uint32_t nsp)
{
    if (nsp == d->cat->temp_nsp)
        return 't';
    return rv->relpersistence && *rv->relpersistence == 'u' ? 'u' : 'p';
}

struct err *ddl_check_name(struct ddl *d, uint32_t nsp, const char *name, bool if_not_exists,
                           bool *skip)
{
    uint32_t oid;
    *skip = false;
    TRY(cat_relation_oid(d->cat, nsp, str_from(name), &oid));
    if (!oid)
        return NULL;
    struct err *e = err_new("42P07", "relation \"%s\" already exists", name);
    if (!if_not_exists)
        return e;
    err_free(e);
    ddl_notice(d, "NOTICE", err_new("42P07", "relation \"%s\" already exists, skipping", name));
    *skip = true;
    return NULL;
}

/* ---- columns ---- */

struct err *ddl_type(struct ddl *d, const PgQuery__TypeName *t, struct ddl_column *c,
                     const char **serial)
{
    static const struct {
        const char *name;
        uint32_t type;
    } serials[] = {{"serial", INT4_OID},  {"serial4", INT4_OID},     {"bigserial", INT8_OID},
                   {"serial8", INT8_OID}, {"smallserial", INT2_OID}, {"serial2", INT2_OID}};
    *serial = NULL;
    const char *name = pg_str(t->names[t->n_names - 1]);
    for (size_t i = 0; t->n_names == 1 && i < ARRAY_LENGTH(serials); i++) {
        if (strcmp(name, serials[i].name) != 0)
            continue;
        if (t->n_array_bounds)
            return ddl_at(d, err_unsupported("array of serial is not implemented"), t->location);
        *serial = name;
        c->type = serials[i].type;
        c->typmod = -1;
        return NULL;
    }
    TRY(resolve_type_name(d->cat, d->sql, t, &c->type, &c->typmod, &c->ndims));
    const struct cat_type *ct = builtin_type(c->type);
    if (ct->kind == 'p' && d->s->pid)
        return err_new("42P16", "column \"%s\" has pseudo-type %.*s", c->name, STR_ARG(ct->name));
    if (!ct->ops && d->s->pid)
        return ddl_at(d, err_unsupported("type %.*s is not supported yet", STR_ARG(ct->name)),
                      t->location);
    c->collation = ct->collation;
    return NULL;
}

struct err *ddl_check_derived(struct ddl *d, const struct ddl_column *c)
{
    const struct cat_type *t = builtin_type(c->type);
    if (c->collation || !t || !t->collation)
        return NULL;
    return err_hint(err_new("42P22",
                            "no collation was derived for column \"%s\" with collatable "
                            "type %s",
                            c->name, type_display(d->arena, c->type, c->typmod)),
                    "Use the COLLATE clause to set the collation explicitly.");
}

struct err *ddl_collation(struct ddl *d, const PgQuery__ColumnDef *def, struct ddl_column *c)
{
    const PgQuery__CollateClause *clause = def->coll_clause;
    if (!clause)
        return NULL;
    if (!builtin_type(c->type)->collation)
        return ddl_at(d,
                      err_new("42804", "collations are not supported by type %s",
                              type_display(d->arena, c->type, -1)),
                      clause->location);
    struct err *e = collation_by_name(d->cat, clause->collname, clause->n_collname, &c->collation);
    return e ? ddl_at(d, e, clause->location) : NULL;
}

struct err *ddl_check_column_name(const char *name)
{
    return system_column(name)
               ? err_new("42701", "column name \"%s\" conflicts with a system column name", name)
               : NULL;
}

/* What a column definition asks for beyond its name and type. */
struct column_plan {
    struct ddl_column col;
    const PgQuery__ColumnDef *def;
    PgQuery__Constraint **constraints;
    int nconstraints;
    const char *serial;
    const PgQuery__Constraint *default_;
    const PgQuery__Constraint *identity;
    const PgQuery__Constraint *generated;
};

static struct err *check_only_one(struct ddl *d, struct column_plan *p,
                                  const PgQuery__Constraint *c, const PgQuery__Constraint **where,
                                  const char *what)
{
    if (*where)
        return ddl_at(d,
                      err_new("42601", "multiple %s for column \"%s\" of table \"%s\"", what,
                              p->col.name, d->table),
                      c->location);
    *where = c;
    return NULL;
}

static struct err *null_conflict(struct ddl *d, const struct column_plan *p, int location)
{
    return ddl_at(
        d,
        err_new("42601", "conflicting NULL/NOT NULL declarations for column \"%s\" of table \"%s\"",
                p->col.name, d->table),
        location);
}

/* A column gets its values in one way; `location` is that of the clause which asks for another, -1
 * for serial's own default. */
static struct err *check_one_value(struct ddl *d, const struct column_plan *p, int location)
{
    bool from_default = p->default_ || (p->serial && location < 0);
    const char *both = from_default && p->identity    ? "default and identity"
                       : from_default && p->generated ? "default and generation expression"
                       : p->identity && p->generated  ? "identity and generation expression"
                                                      : NULL;
    if (p->default_ && p->serial && location < 0)
        return err_new("42601",
                       "multiple default values specified for column \"%s\" of table \"%s\"",
                       p->col.name, d->table);
    if (!both)
        return NULL;
    return ddl_at(d,
                  err_new("42601", "both %s specified for column \"%s\" of table \"%s\"", both,
                          p->col.name, d->table),
                  location);
}

static struct err *column_constraints(struct ddl *d, struct column_plan *p)
{
    bool null_seen = false;
    bool not_null_seen = false;
    TRY(ddl_column_constraints(d, p->def, &p->constraints, &p->nconstraints));
    for (int i = 0; i < p->nconstraints; i++) {
        const PgQuery__Constraint *c = p->constraints[i];
        switch (c->contype) {
        case PG_QUERY__CONSTR_TYPE__CONSTR_NULL:
            if (not_null_seen)
                return null_conflict(d, p, c->location);
            null_seen = true;
            break;
        case PG_QUERY__CONSTR_TYPE__CONSTR_NOTNULL:
            if (null_seen)
                return null_conflict(d, p, c->location);
            not_null_seen = true;
            p->col.not_null = true;
            break;
        case PG_QUERY__CONSTR_TYPE__CONSTR_DEFAULT:
            TRY(check_only_one(d, p, c, &p->default_, "default values specified"));
            break;
        case PG_QUERY__CONSTR_TYPE__CONSTR_IDENTITY:
            TRY(check_only_one(d, p, c, &p->identity, "identity specifications"));
            if (null_seen)
                return null_conflict(d, p, c->location);
            not_null_seen = true;
            p->col.identity = c->generated_when[0];
            p->col.not_null = true;
            break;
        case PG_QUERY__CONSTR_TYPE__CONSTR_GENERATED:
            TRY(check_only_one(d, p, c, &p->generated, "generation clauses specified"));
            p->col.generated = 's';
            break;
        case PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY:
            p->col.not_null = true;
            break;
        default:
            break;
        }
        TRY(check_one_value(d, p, c->location));
    }
    if (p->serial)
        TRY(check_one_value(d, p, -1));
    if (null_seen && p->serial)
        return null_conflict(d, p, -1);
    return NULL;
}

static struct err *plan_column(struct ddl *d, const PgQuery__ColumnDef *def, struct column_plan *p)
{
    *p = (struct column_plan){.def = def};
    p->col.name = def->colname;
    p->col.typmod = -1;
    if (!def->type_name)
        return err_unsupported("columns of typed tables are not supported");
    TRY(ddl_type(d, def->type_name, &p->col, &p->serial));
    if (p->serial)
        p->col.not_null = true;
    TRY(ddl_collation(d, def, &p->col));
    return column_constraints(d, p);
}

const char *ddl_serial_default(struct ddl *d, const char *nsp, const char *sequence)
{
    struct buf b = BUF_INIT;
    struct buf name = BUF_INIT;
    quote_identifier(&name, nsp);
    buf_put_u8(&name, '.');
    quote_identifier(&name, sequence);
    buf_put_c(&b, "nextval(");
    quote_literal(&b, buf_str(&name));
    buf_put_c(&b, "::regclass)");
    const char *sql = arena_strdup(d->arena, buf_cstr(&b));
    buf_done(&b);
    buf_done(&name);
    return sql;
}

/* nextval('s') hangs on the sequence, others on functions. */
struct err *ddl_default_depends(struct ddl *d, struct relation *rel, int att, const char *sql)
{
    const struct attr *a = &rel->atts[att - 1];
    struct rte *rte;
    struct expr *e;
    TRY(analyze_expr_text(d->cat, &d->s->types, sql, NULL, USE_DEFAULT, a->type, a->typmod,
                          d->arena, &rte, &e));
    uint32_t sequence = expr_regclass(e);
    uint32_t oid;
    if (sequence >= FIRST_USER_OID)
        TRY(ddl_default_uses(d->cat, rel->oid, att, sequence));
    TRY(ddl_default_oid(d->cat, rel->oid, att, &oid));
    return ddl_expr_depends(d, (struct object_address){PG_ATTRDEF, oid, 0}, e);
}

struct err *ddl_generated_depends(struct ddl *d, struct relation *rel, int att, const char *sql)
{
    struct rte *rte;
    struct expr *e;
    const struct object_address self = {PG_CLASS, rel->oid, att};
    TRY(analyze_expr_text(d->cat, &d->s->types, sql, rel, USE_GENERATED, 0, -1, d->arena, &rte,
                          &e));
    TRY(ddl_columns_depend(d, self, rel->oid, e, DEPEND_NORMAL));
    return ddl_expr_depends(d, self, e);
}

/* DEFAULT and GENERATED expressions in canonical form. */
struct err *ddl_default_text(struct ddl *d, struct relation *rel, const PgQuery__Constraint *c,
                             const struct ddl_column *col, bool generated, const char **out)
{
    struct rte *rte;
    struct expr *e;
    struct buf b = BUF_INIT;
    TRY(analyze_expr_node(d->cat, &d->s->types, d->sql, c->raw_expr, rel,
                          generated ? USE_GENERATED : USE_DEFAULT, col->type, col->typmod,
                          col->name, d->arena, &rte, &e));
    if (generated && expr_is_mutable(e))
        return err_new("42P17", "generation expression is not immutable");
    TRY(deparse_stored_expr(d->cat, e, rte, &b));
    *out = arena_strdup(d->arena, buf_cstr(&b));
    buf_done(&b);
    return NULL;
}

/* ---- CREATE TABLE ---- */

static struct err *refuse_clauses(const PgQuery__CreateStmt *c)
{
    if (c->n_inh_relations)
        return err_unsupported(c->partbound ? "partitions are not supported"
                                            : "table inheritance is not supported");
    if (c->partspec)
        return err_unsupported("partitioned tables are not supported");
    if (c->of_typename)
        return err_unsupported("typed tables are not supported");
    if (c->tablespacename && *c->tablespacename && strcmp(c->tablespacename, "pg_default") != 0)
        return err_new("42704", "tablespace \"%s\" does not exist", c->tablespacename);
    if (c->access_method && *c->access_method && strcmp(c->access_method, "heap") != 0)
        return err_new("42704", "access method \"%s\" does not exist", c->access_method);
    return NULL;
}

/* Columns of a primary key constraint are NOT NULL. */
static void mark_key_columns(const PgQuery__Constraint *c, struct column_plan *cols, int n)
{
    for (size_t k = 0; k < c->n_keys; k++)
        for (int i = 0; i < n; i++)
            if (strcmp(cols[i].col.name, pg_str(c->keys[k])) == 0)
                cols[i].col.not_null = true;
}

/* Sequences and defaults need the relation to exist. */
static struct err *column_values(struct ddl *d, struct relation *rel, struct column_plan *p,
                                 int att)
{
    const char *sql = NULL;
    uint32_t serial_oid = 0;
    if (p->identity)
        TRY(ddl_make_identity(d, rel, true, p->col.name, att, p->col.type, p->identity));
    if (p->serial) {
        struct new_sequence n = {
            .type = p->col.type, .owner = {PG_CLASS, rel->oid, att}, .owner_dep = 'a'};
        TRY(ddl_column_sequence(d, rel, p->col.name, true, &n, &serial_oid));
        sql = ddl_serial_default(d, rel->nsp_name, n.name);
    }
    if (p->default_)
        TRY(ddl_default_text(d, rel, p->default_, &p->col, false, &sql));
    if (p->generated)
        TRY(ddl_default_text(d, rel, p->generated, &p->col, true, &sql));
    if (!sql)
        return NULL;
    TRY(ddl_set_default(d->cat, rel->oid, att, sql));
    if (serial_oid)
        TRY(ddl_default_uses(d->cat, rel->oid, att, serial_oid));
    else if (p->default_)
        TRY(ddl_default_depends(d, rel, att, sql));
    else if (p->generated)
        TRY(ddl_generated_depends(d, rel, att, sql));
    return ddl_update_attribute(d->cat, rel->oid, att, ATT_HASDEF, datum_bool(true));
}

/* Foreign keys come last: they can refer to keys of the same table. */
static int constraint_phase(const PgQuery__Constraint *c)
{
    switch (c->contype) {
    case PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY:
    case PG_QUERY__CONSTR_TYPE__CONSTR_UNIQUE:
        return 1;
    case PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN:
        return 2;
    default:
        return 0;
    }
}

static struct err *all_constraints(struct ddl *d, const PgQuery__CreateStmt *c,
                                   struct column_plan *cols, int n, struct relation **rel)
{
    for (int phase = 0; phase < 3; phase++) {
        for (int i = 0; i < n; i++)
            for (int k = 0; k < cols[i].nconstraints; k++)
                if (constraint_phase(cols[i].constraints[k]) == phase)
                    TRY(ddl_add_constraint(d, rel, cols[i].constraints[k], cols[i].col.name, true));
        for (size_t i = 0; i < c->n_table_elts; i++)
            if (c->table_elts[i]->node_case == PG_QUERY__NODE__NODE_CONSTRAINT &&
                constraint_phase(c->table_elts[i]->constraint) == phase)
                TRY(ddl_add_constraint(d, rel, c->table_elts[i]->constraint, NULL, true));
    }
    return NULL;
}

static struct err *plan_columns(struct ddl *d, const PgQuery__CreateStmt *c,
                                struct column_plan **out, int *nout)
{
    struct column_plan *cols = arena_new_array(d->arena, struct column_plan, c->n_table_elts + 1);
    int n = 0;
    for (size_t i = 0; i < c->n_table_elts; i++) {
        const PgQuery__Node *elt = c->table_elts[i];
        if (elt->node_case != PG_QUERY__NODE__NODE_COLUMN_DEF)
            continue;
        TRY(ddl_check_column_name(elt->column_def->colname));
        TRY(plan_column(d, elt->column_def, &cols[n]));
        for (int k = 0; k < n; k++)
            if (strcmp(cols[k].col.name, cols[n].col.name) == 0)
                return err_new("42701", "column \"%s\" specified more than once", cols[n].col.name);
        n++;
    }
    for (size_t i = 0; i < c->n_table_elts; i++) {
        const PgQuery__Node *elt = c->table_elts[i];
        if (elt->node_case == PG_QUERY__NODE__NODE_CONSTRAINT &&
            elt->constraint->contype == PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY)
            mark_key_columns(elt->constraint, cols, n);
    }
    if (n > 1600)
        return err_new("54011", "tables can have at most 1600 columns");
    *out = cols;
    *nout = n;
    return NULL;
}

static struct err *make_table(struct ddl *d, const PgQuery__RangeVar *rv, uint32_t nsp,
                              const struct ddl_column *cols, int n, struct relation **out)
{
    struct ddl_relation def = {.name = rv->relname,
                               .nsp = nsp,
                               .kind = 'r',
                               .persistence = ddl_persistence(d, rv, nsp),
                               .owner = d->cat->role,
                               .columns = cols,
                               .ncolumns = n,
                               .storage_id = txn_new_storage_id(catalog_txn_mgr(d->cat->shared))};
    uint32_t oid;
    bool locked;
    TRY(ddl_may_use_types(d, cols, n));
    TRY(ddl_create_relation(d->cat, &def, &oid));
    TRY(txn_lock_table(d->cat->txn, oid, TXN_ACCESS_EXCLUSIVE, TXN_WAIT, &locked));
    return cat_relation(d->cat, oid, out);
}

static struct err *note_on_commit(struct ddl *d, PgQuery__OnCommitAction action,
                                  const struct relation *rel)
{
    bool drop = action == PG_QUERY__ON_COMMIT_ACTION__ONCOMMIT_DROP;
    if (action == PG_QUERY__ON_COMMIT_ACTION__ONCOMMIT_NOOP ||
        action == PG_QUERY__ON_COMMIT_ACTION__ON_COMMIT_ACTION_UNDEFINED)
        return NULL;
    if (rel->persistence != 't')
        return err_new("42P16", "ON COMMIT can only be used on temporary tables");
    if (drop || action == PG_QUERY__ON_COMMIT_ACTION__ONCOMMIT_DELETE_ROWS)
        ddl_on_commit(d, rel->oid, drop);
    return NULL;
}

static struct err *create_table(struct ddl *d, const PgQuery__CreateStmt *c,
                                const struct buf *after)
{
    struct column_plan *cols = NULL;
    struct relation *rel = NULL;
    uint32_t nsp;
    bool skip;
    int n = 0;
    d->table = c->relation->relname;
    struct datum options;
    TRY(refuse_clauses(c));
    TRY(ddl_options(d, 'r', datum_null(), c->options, c->n_options, false, &options));
    struct err *denied = ddl_target_nsp(d, c->relation, &nsp);
    if (denied && strncmp(denied->message, "permission denied for", 21) == 0)
        ddl_at(d, denied, c->relation->location);
    TRY(denied);
    TRY(plan_columns(d, c, &cols, &n));
    TRY(ddl_check_name(d, nsp, c->relation->relname, c->if_not_exists, &skip));
    if (skip)
        return NULL;
    struct ddl_column *defs = arena_new_array(d->arena, struct ddl_column, n + 1);
    for (int i = 0; i < n; i++)
        defs[i] = cols[i].col;
    TRY(make_table(d, c->relation, nsp, defs, n, &rel));
    struct err *e = NULL;
    for (int i = 0; !e && i < n; i++)
        e = column_values(d, rel, &cols[i], i + 1);
    if (!e)
        e = ddl_reopen(d, &rel);
    if (!e)
        e = all_constraints(d, c, cols, n, &rel);
    if (!e && !options.null)
        e = ddl_update_class(d->cat, rel->oid, CLS_OPTIONS, options);
    if (!e)
        e = ddl_finish_like(d, rel, after);
    if (!e)
        e = note_on_commit(d, c->oncommit, rel);
    relation_unref(rel);
    return e;
}

struct err *ddl_create_table(struct ddl *d, const PgQuery__CreateStmt *c, char *tag)
{
    PgQuery__CreateStmt expanded;
    struct buf after = BUF_INIT;
    snprintf(tag, 64, "CREATE TABLE");
    struct err *e = ddl_expand_like(d, c, &expanded, &after);
    if (!e)
        e = create_table(d, &expanded, &after);
    buf_done(&after);
    return e;
}

/* ---- CREATE TABLE AS ---- */

static struct err *fill_table_as(struct ddl *d, const PgQuery__IntoClause *into, uint32_t nsp,
                                 struct statement_plan *plan, const struct datum *params,
                                 uint64_t *rows)
{
    struct relation *rel = NULL;
    struct ddl_column *cols = arena_new_array(d->arena, struct ddl_column, plan->nout + 1);
    if (into->n_col_names > (size_t)plan->nout)
        return err_new("42601", "too many column names were specified");
    for (int i = 0; i < plan->nout; i++) {
        const struct expr *e = plan->out[i].expr;
        bool named = (size_t)i < into->n_col_names;
        cols[i] =
            (struct ddl_column){.name = named ? pg_str(into->col_names[i]) : plan->out[i].name,
                                .type = e->type,
                                .typmod = e->typmod,
                                .collation = e->collation};
        TRY(ddl_check_derived(d, &cols[i]));
    }
    struct err *e = make_table(d, into->rel, nsp, cols, plan->nout, &rel);
    if (!e && !into->skip_data)
        e = ddl_load_query(d, plan, params, rel, rows);
    if (!e)
        e = ddl_class_options(d, rel->oid, 'r', into->options, into->n_options, false);
    if (!e)
        e = note_on_commit(d, into->on_commit, rel);
    relation_unref(rel);
    return e;
}

static struct err *plan_source(struct ddl *d, const PgQuery__CreateTableAsStmt *c,
                               struct statement_plan **plan, const struct datum **params)
{
    struct exec_env env = session_exec_env(d->s);
    struct param_types none = {.fixed = true};
    struct raw_stmt raw = {.sql = d->sql, .tree = c->query};
    if (c->query->node_case == PG_QUERY__NODE__NODE_EXECUTE_STMT)
        return d->s->ops->prepared_plan(d->s, d->sql, c->query->execute_stmt, plan, params);
    *params = d->values;
    return exec_plan(&env, &raw, d->params ? d->params : &none, plan);
}

struct err *ddl_create_table_as(struct ddl *d, const PgQuery__CreateTableAsStmt *c, char *tag)
{
    struct exec_env env = session_exec_env(d->s);
    struct statement_plan *plan = NULL;
    const struct datum *params = NULL;
    uint64_t rows = 0;
    uint32_t nsp;
    bool skip;
    if (c->objtype == PG_QUERY__OBJECT_TYPE__OBJECT_MATVIEW)
        return ddl_create_matview(d, c, tag);
    snprintf(tag, 64, "CREATE TABLE AS");
    TRY(plan_source(d, c, &plan, &params));
    struct err *e = ddl_no_position(ddl_find_target(d, c->into->rel, &nsp));
    if (!e)
        e = ddl_check_name(d, nsp, c->into->rel->relname, c->if_not_exists, &skip);
    if (e || skip) {
        plan_unref(plan);
        return e;
    }
    /* What the query may not read is told before where its result may not go. */
    if (!c->into->skip_data)
        e = exec_check_access(&env, plan);
    if (!e)
        e = ddl_may_make_relation(d, c->into->rel, nsp);
    if (!e)
        e = fill_table_as(d, c->into, nsp, plan, params, &rows);
    plan_unref(plan);
    if (!e && !c->into->skip_data)
        snprintf(tag, 64, "SELECT %llu", (unsigned long long)rows);
    return e;
}
