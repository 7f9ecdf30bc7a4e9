/* Constraints of tables: PRIMARY KEY, UNIQUE, CHECK, FOREIGN KEY added, validated, altered. */
#include "exec/ddl_internal.h"

#include "catalog/acl.h"

#include "catalog/table.h"
#include "exec/exec_internal.h"
#include "sql/plan.h"

/* ---- PRIMARY KEY, UNIQUE ---- */

struct null_check {
    struct relation *rel;
    const int16_t *keys;
    int n;
};

static struct err *no_nulls(void *arg, struct str key, const struct datum *row)
{
    struct null_check *c = arg;
    (void)key;
    for (int i = 0; i < c->n; i++) {
        if (!row[c->keys[i] - 1].null)
            continue;
        const char *name = c->rel->atts[c->keys[i] - 1].name;
        struct err *e = err_new("23502", "column \"%s\" of relation \"%s\" contains null values",
                                name, c->rel->name);
        return err_column(err_table(e, c->rel->nsp_name, c->rel->name), name);
    }
    return NULL;
}

/* A key as it is put together. */
struct new_key {
    const PgQuery__Constraint *c;
    bool primary;
    bool deferrable;
    struct ddl_index_column cols[32];
    int16_t keys[32];
    int nkeys;
    int ncols;
    const char *name;
};

static struct err *key_columns(struct ddl *d, const struct relation *rel, struct new_key *k)
{
    const PgQuery__Constraint *c = k->c;
    if (c->n_keys + c->n_including > 32)
        return err_new("54011", "cannot use more than 32 columns in an index");
    k->nkeys = (int)c->n_keys;
    k->ncols = (int)(c->n_keys + c->n_including);
    for (int i = 0; i < k->ncols; i++) {
        const char *name = pg_str(i < k->nkeys ? c->keys[i] : c->including[i - k->nkeys]);
        int att = relation_attnum(rel, str_from(name));
        if (!att)
            return ddl_at(d, err_new("42703", "column \"%s\" named in key does not exist", name),
                          c->location);
        for (int m = 0; m < i && i < k->nkeys; m++)
            if (k->keys[m] == att)
                return ddl_at(d,
                              err_new("42701", "column \"%s\" appears twice in %s constraint", name,
                                      k->primary ? "primary key" : "unique"),
                              c->location);
        const struct attr *a = &rel->atts[att - 1];
        k->keys[i] = (int16_t)att;
        k->cols[i] = (struct ddl_index_column){.attnum = att,
                                               .name = a->name,
                                               .type = a->type,
                                               .typmod = a->typmod,
                                               .collation = a->collation};
        if (i < k->nkeys)
            TRY(resolve_opclass(BTREE_AM, a->type, &k->cols[i].opclass));
    }
    ddl_distinct_names(d, k->cols, k->ncols);
    return NULL;
}

static const char *joined_names(struct ddl *d, const struct relation *rel, const int16_t *keys,
                                int n)
{
    const char *s = rel->atts[keys[0] - 1].name;
    for (int i = 1; i < n; i++)
        s = arena_printf(d->arena, "%s_%s", s, rel->atts[keys[i] - 1].name);
    return s;
}

static struct err *key_name(struct ddl *d, const struct relation *rel, struct new_key *k)
{
    uint32_t oid;
    k->name = k->c->conname;
    if (!k->name || !*k->name)
        return ddl_choose_name(d->cat, rel->nsp, rel->name,
                               k->primary ? NULL : joined_names(d, rel, k->keys, k->ncols),
                               k->primary ? "pkey" : "key", false, rel->oid, d->arena, &k->name);
    for (int i = 0; i < rel->nconstraints; i++)
        if (strcmp(rel->constraints[i].name, k->name) == 0)
            return err_new("42710", "constraint \"%s\" for relation \"%s\" already exists", k->name,
                           rel->name);
    TRY(cat_relation_oid(d->cat, rel->nsp, str_from(k->name), &oid));
    return oid ? err_new("42P07", "relation \"%s\" already exists", k->name) : NULL;
}

/* Columns of a primary key are NOT NULL. */
static struct err *forbid_nulls(struct ddl *d, struct relation *r, const int16_t *keys, int n,
                                bool fresh)
{
    for (int i = 0; i < n; i++) {
        struct null_check check = {r, &keys[i], 1};
        if (r->atts[keys[i] - 1].not_null)
            continue;
        if (!fresh)
            TRY(ddl_each_row(d, r, no_nulls, &check));
        TRY(ddl_update_attribute(d->cat, r->oid, keys[i], ATT_NOTNULL, datum_bool(true)));
    }
    return NULL;
}

static struct err *record_key(struct ddl *d, const struct relation *r, const struct new_key *k,
                              uint32_t index)
{
    uint32_t oid;
    struct ddl_constraint con = {.name = k->name,
                                 .nsp = r->nsp,
                                 .type = k->primary ? 'p' : 'u',
                                 .relid = r->oid,
                                 .index = index,
                                 .keys = k->keys,
                                 .nkeys = k->nkeys,
                                 .deferrable = k->deferrable,
                                 .deferred = k->c->initdeferred,
                                 .validated = true};
    return ddl_create_constraint(d->cat, &con, &oid);
}

static struct err *check_index_usable(const struct relation *r, const struct index *ix,
                                      const struct new_key *k)
{
    const char *why = ix->pred_sql ? "\"%s\" is a partial index" : NULL;
    if (!ix->valid)
        return err_new("55000", "index \"%s\" is not valid", ix->name);
    if (!ix->unique)
        why = "\"%s\" is not a unique index";
    for (int i = 0; i < ix->nkeys && !why; i++)
        if (!ix->cols[i].attnum)
            why = "index \"%s\" contains expressions";
    if (why)
        return err_detail(err_new("42809", why, ix->name),
                          "Cannot create a primary key or unique constraint using such an index.");
    for (int i = 0; i < ix->nkeys; i++)
        if (ix->cols[i].desc || ix->cols[i].nulls_first)
            return err_detail(err_new("42809",
                                      "index \"%s\" column number %d does not have default sorting "
                                      "behavior",
                                      ix->name, i + 1),
                              "Cannot create a primary key or unique constraint using such an "
                              "index.");
    if (k->primary && ix->nulls_not_distinct)
        return err_new("0A000", "primary keys cannot use NULLS NOT DISTINCT indexes");
    return NULL;
}

/* The index's rows in the catalog change hands: from a statement of its own to the constraint. */
static struct err *take_index(struct ddl *d, const struct relation *r, const struct index *ix,
                              struct new_key *k)
{
    struct txn_mgr *mgr = catalog_txn_mgr(d->cat->shared);
    k->name = k->c->conname;
    if (!k->name || !*k->name) {
        k->name = ix->name;
    } else if (strcmp(k->name, ix->name) != 0) {
        ddl_notice(d, "NOTICE",
                   err_new("00000",
                           "ALTER TABLE / ADD CONSTRAINT USING INDEX will rename index \"%s\" to "
                           "\"%s\"",
                           ix->name, k->name));
        TRY(ddl_update_class(d->cat, ix->oid, CLS_NAME, cstr_datum(k->name)));
    }
    TRY(depend_forget(d->cat, (struct object_address){PG_CLASS, ix->oid, 0}));
    if (k->primary)
        TRY(ddl_update_index(d->cat, ix->oid, IDX_PRIMARY, datum_bool(true)));
    if (k->deferrable)
        TRY(ddl_update_index(d->cat, ix->oid, IDX_IMMEDIATE, datum_bool(false)));
    if (k->primary || k->deferrable) { /* its entries are kept otherwise, or not at all */
        bool clusters = k->primary && !k->deferrable;
        TRY(txn_drop_storage(d->cat->txn, ix->storage_id));
        TRY(ddl_update_class(d->cat, ix->oid, CLS_FILENODE,
                             datum_int(clusters ? 0 : txn_new_storage_id(mgr))));
    }
    return record_key(d, r, k, ix->oid);
}

/* The index that USING INDEX names. */
static struct err *find_index(struct ddl *d, const struct relation *r, const struct new_key *k,
                              const struct index **out)
{
    struct depend_list deps = {0};
    const struct index *ix;
    uint32_t oid;
    TRY(cat_relation_oid(d->cat, r->nsp, str_from(k->c->indexname), &oid));
    if (!oid)
        return err_new("42704", "index \"%s\" does not exist", k->c->indexname);
    TRY(depend_of(d->cat, (struct object_address){PG_CLASS, oid, 0}, d->arena, &deps));
    for (int i = 0; i < deps.count; i++)
        if (deps.items[i].referenced.class_id == PG_CONSTRAINT)
            return err_new("55000", "index \"%s\" is already associated with a constraint",
                           k->c->indexname);
    ix = relation_index(r, oid);
    if (!ix)
        return err_new("55000", "index \"%s\" does not belong to table \"%s\"", k->c->indexname,
                       r->name);
    *out = ix;
    return check_index_usable(r, ix, k);
}

static struct err *key_of_index(struct ddl *d, struct relation **rel, struct new_key *k)
{
    struct relation *r = *rel;
    const struct index *ix = NULL;
    struct err *e = find_index(d, r, k, &ix);
    if (e)
        return ddl_at(d, e, k->c->location);
    uint32_t oid = ix->oid;
    k->nkeys = ix->nkeys;
    for (int i = 0; i < ix->nkeys; i++)
        k->keys[i] = (int16_t)ix->cols[i].attnum;
    if (k->primary)
        TRY(forbid_nulls(d, r, k->keys, k->nkeys, false));
    TRY(take_index(d, r, ix, k));
    TRY(ddl_reopen(d, rel));
    if (k->primary && !k->deferrable)
        return ddl_rewrite(d, rel, true);
    return k->deferrable ? ddl_build_index(d, *rel, relation_index(*rel, oid)) : NULL;
}

static struct err *add_unique(struct ddl *d, struct relation **rel, const PgQuery__Constraint *c,
                              bool fresh)
{
    struct relation *r = *rel;
    uint32_t oid;
    struct new_key k = {.c = c,
                        .primary = c->contype == PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY,
                        .deferrable = c->deferrable};
    for (int i = 0; k.primary && i < r->nindexes; i++)
        if (r->indexes[i].pkey)
            return ddl_at(
                d,
                err_new("42P16", "multiple primary keys for table \"%s\" are not allowed", r->name),
                fresh ? c->location : -1);
    if (c->indexname && *c->indexname)
        return key_of_index(d, rel, &k);
    struct err *bad = key_columns(d, r, &k);
    if (bad)
        return fresh ? bad : ddl_no_position(bad);
    TRY(key_name(d, r, &k));
    ddl_notice(d, "DEBUG",
               err_new("00000", "%s %s will create implicit index \"%s\" for table \"%s\"",
                       fresh ? "CREATE TABLE /" : "ALTER TABLE / ADD",
                       k.primary ? "PRIMARY KEY" : "UNIQUE", k.name, r->name));
    if (k.primary)
        TRY(forbid_nulls(d, r, k.keys, k.nkeys, fresh));
    bool clusters = k.primary && !k.deferrable;
    struct ddl_index def = {.name = k.name,
                            .relid = r->oid,
                            .nsp = r->nsp,
                            .owner = r->owner,
                            .persistence = r->persistence,
                            .unique = true,
                            .primary = k.primary,
                            .nulls_not_distinct = c->nulls_not_distinct,
                            .immediate = !k.deferrable,
                            .for_constraint = true,
                            .columns = k.cols,
                            .nkeys = k.nkeys,
                            .ncolumns = k.ncols,
                            .storage_id =
                                clusters ? 0 : txn_new_storage_id(catalog_txn_mgr(d->cat->shared))};
    TRY(ddl_create_index(d->cat, &def, &oid));
    TRY(record_key(d, r, &k, oid));
    TRY(ddl_reopen(d, rel));
    if (fresh)
        return NULL;
    return clusters ? ddl_rewrite(d, rel, true)
                    : ddl_build_index(d, *rel, relation_index(*rel, oid));
}

/* ---- CHECK ---- */

struct row_check {
    struct row_expr *expr;
    struct relation *rel;
    const char *name;
};

static struct err *check_row(void *arg, struct str key, const struct datum *row)
{
    struct row_check *c = arg;
    struct datum d;
    (void)key;
    TRY(row_expr_eval(c->expr, row, &d));
    if (d.null || d.i)
        return NULL;
    struct err *e =
        err_new("23514", "check constraint \"%s\" of relation \"%s\" is violated by some row",
                c->name, c->rel->name);
    return err_constraint(err_table(e, c->rel->nsp_name, c->rel->name), c->name);
}

static struct err *check_rows(struct ddl *d, struct relation *r, struct rte *rte, struct expr *e,
                              const char *name)
{
    struct exec_env env = session_exec_env(d->s);
    struct row_check check = {NULL, r, name};
    TRY(row_expr_new(&env, rte, e, &check.expr));
    struct err *err = ddl_each_row(d, r, check_row, &check);
    row_expr_free(check.expr);
    return err;
}

struct used_columns {
    int16_t atts[64];
    int n;
};

static struct err *note_column(const struct expr *e, struct used_columns *u)
{
    if (e->kind == E_VAR && e->var.att > 0 && u->n < 64) {
        for (int i = 0; i < u->n; i++)
            if (u->atts[i] == e->var.att)
                return NULL;
        u->atts[u->n++] = (int16_t)e->var.att;
    }
    for (int i = 0; i < e->nargs; i++)
        if (e->args[i])
            TRY(note_column(e->args[i], u));
    return NULL;
}

static struct err *add_check(struct ddl *d, struct relation **rel, const PgQuery__Constraint *c,
                             const char *column, bool fresh)
{
    struct relation *r = *rel;
    struct used_columns used = {.n = 0};
    struct buf text = BUF_INIT;
    struct rte *rte;
    struct expr *e;
    uint32_t oid;
    struct err *bad = analyze_expr_node(d->cat, &d->s->types, d->sql, c->raw_expr, r, USE_CHECK,
                                        BOOL_OID, -1, NULL, d->arena, &rte, &e);
    if (bad)
        return fresh ? bad : ddl_no_position(bad);
    TRY(note_column(e, &used));
    TRY(deparse_stored_expr(d->cat, e, rte, &text));
    const char *sql = arena_strdup(d->arena, buf_cstr(&text));
    buf_done(&text);
    const char *name = c->conname;
    if (!name || !*name) {
        const char *one = column ? column : used.n == 1 ? r->atts[used.atts[0] - 1].name : NULL;
        TRY(ddl_choose_name(d->cat, r->nsp, r->name, one, "check", true, r->oid, d->arena, &name));
    }
    for (int i = 0; i < r->nconstraints; i++)
        if (strcmp(r->constraints[i].name, name) == 0)
            return fresh ? err_new("42710", "check constraint \"%s\" already exists", name)
                         : err_new("42710", "constraint \"%s\" for relation \"%s\" already exists",
                                   name, r->name);
    if (!fresh && !c->skip_validation)
        TRY(check_rows(d, r, rte, e, name));
    struct ddl_constraint con = {.name = name,
                                 .nsp = r->nsp,
                                 .type = 'c',
                                 .relid = r->oid,
                                 .keys = used.atts,
                                 .nkeys = used.n > 32 ? 32 : used.n,
                                 .validated = fresh || !c->skip_validation,
                                 .no_inherit = c->is_no_inherit,
                                 .check_sql = sql};
    TRY(ddl_create_constraint(d->cat, &con, &oid));
    const struct object_address self = {PG_CONSTRAINT, oid, 0};
    TRY(ddl_columns_depend(d, self, con.relid, e, DEPEND_NORMAL));
    TRY(ddl_expr_depends(d, self, e));
    return ddl_reopen(d, rel);
}

/* ---- FOREIGN KEY ---- */

static const struct index *matching_unique(const struct relation *r, const int16_t *keys, int n,
                                           bool *deferrable)
{
    for (int i = 0; i < r->nindexes; i++) {
        const struct index *ix = &r->indexes[i];
        bool all = (ix->unique || ix->deferrable) && !ix->pred_sql && ix->nkeys == n && ix->valid;
        for (int k = 0; all && k < n; k++) {
            bool listed = false;
            for (int m = 0; m < n; m++)
                listed |= ix->cols[m].attnum == keys[k];
            all = listed;
        }
        if (all && !ix->deferrable)
            return ix;
        *deferrable |= all;
    }
    return NULL;
}

static struct err *referenced_columns(const struct relation *parent, const PgQuery__Constraint *c,
                                      int n, int16_t *fkeys, const struct index **ix)
{
    if (!c->n_pk_attrs) {
        for (int i = 0; i < parent->nindexes; i++)
            if (parent->indexes[i].pkey && parent->indexes[i].deferrable)
                return err_new("55000",
                               "cannot use a deferrable primary key for referenced table \"%s\"",
                               parent->name);
        if (!parent->primary)
            return err_new("42704", "there is no primary key for referenced table \"%s\"",
                           parent->name);
        if (parent->primary->nkeys != n)
            return err_new("42830", "number of referencing and referenced columns for foreign key "
                                    "disagree");
        for (int i = 0; i < n; i++)
            fkeys[i] = (int16_t)parent->primary->cols[i].attnum;
        *ix = parent->primary;
        return NULL;
    }
    if ((int)c->n_pk_attrs != n)
        return err_new("42830",
                       "number of referencing and referenced columns for foreign key disagree");
    for (int i = 0; i < n; i++) {
        int att = relation_attnum(parent, str_from(pg_str(c->pk_attrs[i])));
        if (!att)
            return err_new("42703",
                           "column \"%s\" referenced in foreign key constraint does not exist",
                           pg_str(c->pk_attrs[i]));
        fkeys[i] = (int16_t)att;
        for (int k = 0; k < i; k++)
            if (fkeys[k] == att)
                return err_new("42830", "foreign key referenced-columns list must not contain "
                                        "duplicates");
    }
    bool deferrable = false;
    *ix = matching_unique(parent, fkeys, n, &deferrable);
    if (!*ix && deferrable)
        return err_new("55000",
                       "cannot use a deferrable unique constraint for referenced table \"%s\"",
                       parent->name);
    if (!*ix)
        return err_new("42830",
                       "there is no unique constraint matching given keys for referenced table "
                       "\"%s\"",
                       parent->name);
    return NULL;
}

static bool ints_only(uint32_t type)
{
    return type == INT2_OID || type == INT4_OID || type == INT8_OID;
}

/* Arrays, enums and their like share an operator. */
static uint32_t same_type_operator(uint32_t type)
{
    uint32_t family;
    uint32_t input;
    bool found = builtin_default_opclass(BTREE_AM, type, &family, &input);
    return found ? builtin_btree_oper(input, input, 3) : 0;
}

static struct err *fk_operators(struct ddl *d, const struct relation *child,
                                const struct relation *parent, const char *name,
                                struct ddl_constraint *con)
{
    uint32_t *ops = arena_new_array(d->arena, uint32_t, con->nkeys);
    for (int i = 0; i < con->nkeys; i++) {
        const struct attr *p = &parent->atts[con->fkeys[i] - 1];
        const struct attr *c = &child->atts[con->keys[i] - 1];
        uint32_t pt = builtin_base_type(p->type);
        uint32_t ct = builtin_base_type(c->type);
        ops[i] = builtin_btree_oper(pt, ct, 3);
        if (pt == ct && !ops[i])
            ops[i] = same_type_operator(pt);
        bool strings =
            (pt == TEXT_OID || pt == VARCHAR_OID) && (ct == TEXT_OID || ct == VARCHAR_OID);
        if (strings)
            ops[i] = builtin_btree_oper(TEXT_OID, TEXT_OID, 3);
        if (pt == NUMERIC_OID && ints_only(ct))
            ops[i] = builtin_btree_oper(NUMERIC_OID, NUMERIC_OID, 3);
        bool ints = ints_only(pt) && ints_only(ct);
        if (!ops[i])
            return err_detail(
                err_new("42804", "foreign key constraint \"%s\" cannot be implemented", name),
                "Key columns \"%s\" and \"%s\" are of incompatible types: %s and %s.", c->name,
                p->name, type_display(d->arena, c->type, -1), type_display(d->arena, p->type, -1));
        bool to_numeric = pt == NUMERIC_OID && ints_only(ct);
        if (pt != ct && !strings && !ints && !to_numeric)
            return err_unsupported("foreign key between types %s and %s is not supported yet",
                                   type_display(d->arena, c->type, -1),
                                   type_display(d->arena, p->type, -1));
    }
    con->pfeqop = ops;
    return NULL;
}

static struct err *find_key_column(const struct relation *r, const char *name, int16_t *out)
{
    int att = relation_attnum(r, str_from(name));
    *out = (int16_t)att;
    return att ? NULL
               : err_new("42703",
                         "column \"%s\" referenced in foreign key constraint does not exist", name);
}

/* The columns that ON DELETE SET ... (columns) names. */
static struct err *set_columns(struct ddl *d, const struct relation *r,
                               const PgQuery__Constraint *c, struct ddl_constraint *con)
{
    int16_t *cols = arena_new_array(d->arena, int16_t, 32);
    if (c->n_fk_del_set_cols > 32)
        return err_new("54011", "cannot have more than 32 keys in a foreign key");
    for (size_t i = 0; i < c->n_fk_del_set_cols; i++) {
        const char *name = pg_str(c->fk_del_set_cols[i]);
        bool listed = false;
        bool twice = false;
        int16_t att;
        TRY(find_key_column(r, name, &att));
        for (int k = 0; k < con->nkeys; k++)
            listed |= con->keys[k] == att;
        for (int k = 0; k < con->nset_cols; k++)
            twice |= cols[k] == att;
        if (!listed)
            return err_new("42P10",
                           "column \"%s\" referenced in ON DELETE SET action must be part of "
                           "foreign key",
                           name);
        if (!twice)
            cols[con->nset_cols++] = att;
    }
    con->set_cols = cols;
    return NULL;
}

static struct err *check_persistence(const struct relation *r, const struct relation *parent)
{
    static const struct {
        char child;
        const char *allowed; /* persistence of the parent */
        const char *text;
    } rules[] = {
        {'p', "p", "constraints on permanent tables may reference only permanent tables"},
        {'u', "pu",
         "constraints on unlogged tables may reference only permanent or unlogged tables"},
        {'t', "t", "constraints on temporary tables may reference only temporary tables"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rules); i++)
        if (r->persistence == rules[i].child && !strchr(rules[i].allowed, parent->persistence))
            return err_new("42P16", "%s", rules[i].text);
    return NULL;
}

static struct err *make_foreign_key(struct ddl *d, struct relation *r, struct relation *parent,
                                    const PgQuery__Constraint *c, bool fresh, uint32_t *oid)
{
    int16_t *keys = arena_new_array(d->arena, int16_t, 32);
    int16_t *fkeys = arena_new_array(d->arena, int16_t, 32);
    int n = (int)c->n_fk_attrs;
    const struct index *ix;
    if (n > 32)
        return err_new("54011", "cannot have more than 32 keys in a foreign key");
    for (int i = 0; i < n; i++)
        TRY(find_key_column(r, pg_str(c->fk_attrs[i]), &keys[i]));
    TRY(referenced_columns(parent, c, n, fkeys, &ix));
    const char *name = c->conname;
    if (!name || !*name)
        TRY(ddl_choose_name(d->cat, r->nsp, r->name, joined_names(d, r, keys, n), "fkey", true,
                            r->oid, d->arena, &name));
    struct ddl_constraint con = {.name = name,
                                 .nsp = r->nsp,
                                 .type = 'f',
                                 .relid = r->oid,
                                 .index = ix->oid,
                                 .keys = keys,
                                 .nkeys = n,
                                 .frelid = parent->oid,
                                 .fkeys = fkeys,
                                 .on_update = c->fk_upd_action[0],
                                 .on_delete = c->fk_del_action[0],
                                 .match = c->fk_matchtype[0],
                                 .deferrable = c->deferrable,
                                 .deferred = c->initdeferred,
                                 .validated = fresh || !c->skip_validation};
    TRY(set_columns(d, r, c, &con));
    TRY(fk_operators(d, r, parent, name, &con));
    /* PostgreSQL enforces foreign keys by triggers; psql looks for keys where there are some. */
    TRY(ddl_update_class(d->cat, r->oid, CLS_HASTRIGGERS, datum_bool(true)));
    TRY(ddl_update_class(d->cat, parent->oid, CLS_HASTRIGGERS, datum_bool(true)));
    return ddl_create_constraint(d->cat, &con, oid);
}

/* REFERENCES on the table, or on each column that is referred to. */
static struct err *may_refer(struct ddl *d, const struct relation *parent,
                             const PgQuery__Constraint *c)
{
    const struct role_rights *r;
    TRY(cat_rights(d->cat, &r));
    bool allowed = acl_relation(r, parent, PRIV_REFERENCES) != 0;
    if (allowed)
        return NULL;
    const struct index *key = c->n_pk_attrs ? NULL : parent->primary;
    allowed = c->n_pk_attrs || key;
    for (size_t i = 0; i < c->n_pk_attrs && allowed; i++)
        allowed = acl_column(r, parent, relation_attnum(parent, str_from(pg_str(c->pk_attrs[i]))),
                             PRIV_REFERENCES) != 0;
    for (int i = 0; key && i < key->nkeys && allowed; i++)
        allowed = acl_column(r, parent, key->cols[i].attnum, PRIV_REFERENCES) != 0;
    return allowed ? NULL : err_new("42501", "permission denied for table %s", parent->name);
}

static struct err *add_foreign_key(struct ddl *d, struct relation **rel,
                                   const PgQuery__Constraint *c, bool fresh)
{
    struct relation *parent;
    uint32_t oid = 0;
    TRY(ddl_open(d, c->pktable, TXN_SHARE_ROW_EXCLUSIVE, false, &parent));
    struct err *e = NULL;
    if (parent->kind != 'r')
        e = err_new("42809", "referenced relation \"%s\" is not a table", parent->name);
    else if (parent->system)
        e = err_new("42501", "permission denied: \"%s\" is a system catalog", parent->name);
    else if (parent->oid == (*rel)->oid)
        e = ddl_reopen(d, &parent);
    if (!e)
        e = may_refer(d, parent, c);
    if (!e)
        e = check_persistence(*rel, parent);
    if (!e)
        e = make_foreign_key(d, *rel, parent, c, fresh, &oid);
    relation_unref(parent);
    TRY(e);
    TRY(ddl_reopen(d, rel));
    for (int i = 0; !fresh && !c->skip_validation && i < (*rel)->nconstraints; i++)
        if ((*rel)->constraints[i].oid == oid)
            TRY(fk_check_existing(d->s, *rel, &(*rel)->constraints[i]));
    return NULL;
}

/* ---- VALIDATE, ALTER CONSTRAINT ---- */

static struct err *find_named(const struct relation *r, const char *name,
                              const struct constraint **out)
{
    for (int i = 0; i < r->nconstraints; i++) {
        *out = &r->constraints[i];
        if (strcmp((*out)->name, name) == 0)
            return NULL;
    }
    return err_new("42704", "constraint \"%s\" of relation \"%s\" does not exist", name, r->name);
}

struct err *ddl_validate_constraint(struct ddl *d, struct relation **rel, const char *name)
{
    const struct constraint *con = NULL;
    TRY(find_named(*rel, name, &con));
    if (con->type != 'f' && con->type != 'c')
        return err_new("42809",
                       "constraint \"%s\" of relation \"%s\" is not a foreign key or check "
                       "constraint",
                       name, (*rel)->name);
    if (con->validated)
        return NULL;
    if (con->type == 'f') {
        TRY(fk_check_existing(d->s, *rel, con));
    } else {
        struct rte *rte;
        struct expr *e;
        TRY(analyze_expr_text(d->cat, &d->s->types, con->check_sql, *rel, USE_CHECK, BOOL_OID, -1,
                              d->arena, &rte, &e));
        TRY(check_rows(d, *rel, rte, e, name));
    }
    TRY(ddl_update_constraint(d->cat, con->oid, CON_VALIDATED, datum_bool(true)));
    return ddl_reopen(d, rel);
}

struct err *ddl_alter_constraint(struct ddl *d, struct relation **rel, const PgQuery__Constraint *c)
{
    const struct constraint *con = NULL;
    TRY(find_named(*rel, c->conname, &con));
    if (con->type != 'f')
        return err_new("42809",
                       "constraint \"%s\" of relation \"%s\" is not a foreign key constraint",
                       c->conname, (*rel)->name);
    TRY(ddl_update_constraint(d->cat, con->oid, CON_DEFERRABLE, datum_bool(c->deferrable)));
    txn_next_command(d->cat->txn);
    TRY(ddl_update_constraint(d->cat, con->oid, CON_DEFERRED, datum_bool(c->initdeferred)));
    return ddl_reopen(d, rel);
}

/* ---- constraints of columns ---- */

static struct err *attribute_error(const char *what)
{
    return err_new("42601", "misplaced %s clause", what);
}

/* [NOT] DEFERRABLE and INITIALLY after a column's constraint are parsed as constraints of their
 * own.
 */
static struct err *apply_attribute(struct ddl *d, const PgQuery__Constraint *attr,
                                   PgQuery__Constraint *to, bool *saw_deferrable, bool *saw_when)
{
    bool deferrable = attr->contype == PG_QUERY__CONSTR_TYPE__CONSTR_ATTR_DEFERRABLE;
    bool deferred = attr->contype == PG_QUERY__CONSTR_TYPE__CONSTR_ATTR_DEFERRED;
    bool first = deferrable || attr->contype == PG_QUERY__CONSTR_TYPE__CONSTR_ATTR_NOT_DEFERRABLE;
    const char *what = first ? (deferrable ? "DEFERRABLE" : "NOT DEFERRABLE")
                             : (deferred ? "INITIALLY DEFERRED" : "INITIALLY IMMEDIATE");
    struct err *e = NULL;
    if (!to)
        e = attribute_error(what);
    else if (first && *saw_deferrable)
        e = err_new("42601", "multiple DEFERRABLE/NOT DEFERRABLE clauses not allowed");
    else if (!first && *saw_when)
        e = err_new("42601", "multiple INITIALLY IMMEDIATE/DEFERRED clauses not allowed");
    else if (first && !deferrable && *saw_when && to->initdeferred)
        e = err_new("42601", "constraint declared INITIALLY DEFERRED must be DEFERRABLE");
    else if (deferred && *saw_deferrable && !to->deferrable)
        e = err_new("42601", "constraint declared INITIALLY DEFERRED must be DEFERRABLE");
    if (e)
        return ddl_at(d, e, attr->location);
    if (first) {
        *saw_deferrable = true;
        to->deferrable = deferrable;
    } else {
        *saw_when = true;
        to->initdeferred = deferred;
        if (deferred)
            to->deferrable = true;
    }
    return NULL;
}

static PgQuery__Constraint *column_constraint(struct ddl *d, const PgQuery__Constraint *c,
                                              const char *column)
{
    PgQuery__Constraint *copy = arena_memdup(d->arena, c, sizeof(*c));
    PgQuery__String *name = arena_new(d->arena, PgQuery__String);
    PgQuery__Node *key = arena_new(d->arena, PgQuery__Node);
    PgQuery__Node **keys = arena_new_array(d->arena, PgQuery__Node *, 1);
    pg_query__string__init(name);
    pg_query__node__init(key);
    name->sval = arena_strdup(d->arena, column);
    key->node_case = PG_QUERY__NODE__NODE_STRING;
    key->string = name;
    keys[0] = key;
    if (c->contype == PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN) {
        copy->fk_attrs = keys;
        copy->n_fk_attrs = 1;
    } else {
        copy->keys = keys;
        copy->n_keys = 1;
    }
    return copy;
}

struct err *ddl_column_constraints(struct ddl *d, const PgQuery__ColumnDef *def,
                                   PgQuery__Constraint ***out, int *count)
{
    PgQuery__Constraint **list =
        arena_new_array(d->arena, PgQuery__Constraint *, def->n_constraints + 1);
    PgQuery__Constraint *last = NULL; /* the one that attributes go to */
    bool saw_deferrable = false;
    bool saw_when = false;
    int n = 0;
    for (size_t i = 0; i < def->n_constraints; i++) {
        const PgQuery__Constraint *c = def->constraints[i]->constraint;
        switch (c->contype) {
        case PG_QUERY__CONSTR_TYPE__CONSTR_ATTR_DEFERRABLE:
        case PG_QUERY__CONSTR_TYPE__CONSTR_ATTR_NOT_DEFERRABLE:
        case PG_QUERY__CONSTR_TYPE__CONSTR_ATTR_DEFERRED:
        case PG_QUERY__CONSTR_TYPE__CONSTR_ATTR_IMMEDIATE:
            TRY(apply_attribute(d, c, last, &saw_deferrable, &saw_when));
            continue;
        case PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY:
        case PG_QUERY__CONSTR_TYPE__CONSTR_UNIQUE:
        case PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN:
            list[n] = last = column_constraint(d, c, def->colname);
            saw_deferrable = saw_when = false;
            break;
        default:
            list[n] = def->constraints[i]->constraint;
            last = NULL;
        }
        n++;
    }
    *out = list;
    *count = n;
    return NULL;
}

struct err *ddl_add_constraint(struct ddl *d, struct relation **rel, const PgQuery__Constraint *c,
                               const char *column, bool fresh)
{
    switch (c->contype) {
    case PG_QUERY__CONSTR_TYPE__CONSTR_CHECK:
        return add_check(d, rel, c, column, fresh);
    case PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY:
    case PG_QUERY__CONSTR_TYPE__CONSTR_UNIQUE:
        return add_unique(d, rel, c, fresh);
    case PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN:
        return add_foreign_key(d, rel, c, fresh);
    case PG_QUERY__CONSTR_TYPE__CONSTR_EXCLUSION:
        return err_unsupported("exclusion constraints are not supported");
    default:
        return NULL;
    }
}
