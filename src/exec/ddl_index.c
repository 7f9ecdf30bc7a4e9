/* Indexes and constraints over existing rows: building, rewriting, checking. */
#include "exec/ddl_internal.h"

#include "catalog/table.h"
#include "exec/exec_internal.h"
#include "exec/index_eval.h"
#include "exec/table_load.h"
#include "rt/fiber.h"
#include "sql/plan.h"
#include "types/tuple.h"

enum { SORT_BYTES = 64 << 20 };

/* ---- rows ---- */

struct err *ddl_each_row(struct ddl *d, struct relation *rel,
                         struct err *(*fn)(void *arg, struct str key, const struct datum *row),
                         void *arg)
{
    uint8_t lo[4];
    uint8_t hi[4];
    struct txn_scan *scan = NULL;
    struct datum *row = arena_new_array(d->arena, struct datum, rel->natts + 1);
    store_be32(lo, rel->storage_id);
    store_be32(hi, rel->storage_id + 1);
    struct txn_view view = txn_view_newest(d->cat->txn);
    struct err *e = txn_scan_open(&view, str_make(lo, 4), str_make(hi, 4), false, &scan);
    while (!e) {
        struct str key;
        struct str value;
        bool found;
        e = fiber_tick();
        if (!e)
            e = txn_scan_next(scan, &key, &value, &found);
        if (e || !found)
            break;
        e = table_decode_row(rel, value, rel->natts, row);
        if (!e)
            e = fn(arg, key, row);
    }
    txn_scan_close(scan);
    txn_view_done(&view);
    return e;
}

/* ---- building an index ---- */

struct build {
    struct ddl *d;
    struct relation *rel;
    const struct index *ix;
    struct index_eval *eval;
    struct txn_bulk *bulk;
    struct buf key;
};

static struct err *build_row(void *arg, struct str key, const struct datum *row)
{
    struct build *b = arg;
    struct table_hooks hooks = index_eval_hooks(b->eval);
    struct datum datums[32];
    bool applies = true;
    index_eval_reset(b->eval);
    if (!table_plain_index_datums(b->ix, row, datums))
        TRY(hooks.index_datums(hooks.arg, b->ix, row, datums, &applies));
    if (!applies)
        return NULL;
    buf_reset(&b->key);
    table_put_entry_key(&b->key, b->ix->storage_id, b->ix, datums, table_row_suffix(key));
    TRY(buf_finish(&b->key));
    return txn_bulk_add(b->bulk, buf_str(&b->key), table_row_suffix(key));
}

/* Outcome of the bulk load's thread: what the error should say is worked out afterwards. */
struct duplicate {
    bool found;
    struct buf row_suffix;
};

static struct err *on_duplicate(void *arg, struct str key, struct str earlier, struct str later,
                                bool *keep_new)
{
    struct duplicate *dup = arg;
    (void)key;
    (void)earlier;
    *keep_new = false;
    dup->found = true;
    buf_put_str(&dup->row_suffix, later);
    return err_new("23505", "duplicate key");
}

static struct err *duplicate_error(struct build *b, struct duplicate *dup)
{
    struct relation *rel = b->rel;
    const struct index *ix = b->ix;
    struct datum *row = arena_new_array(b->d->arena, struct datum, rel->natts + 1);
    struct buf key = BUF_INIT;
    struct buf text = BUF_INIT;
    struct buf names = BUF_INIT;
    struct str value;
    bool found = false;
    table_put_storage_id(&key, rel->storage_id);
    buf_put_str(&key, buf_str(&dup->row_suffix));
    struct txn_view view = txn_view_newest(b->d->cat->txn);
    struct err *e = txn_get(&view, buf_str(&key), &value, &found);
    if (!e && found)
        e = table_decode_row(rel, value, rel->natts, row);
    for (int i = 0; !e && found && i < ix->nkeys; i++) {
        int att = ix->cols[i].attnum;
        buf_put_c(&names, i ? ", " : "");
        buf_put_c(&text, i ? ", " : "");
        buf_put_c(&names, att ? rel->atts[att - 1].name : ix->cols[i].expr_sql);
        if (att && !row[att - 1].null)
            e = rel->atts[att - 1].ops->out(rel->atts[att - 1].ops, &b->d->s->types, row[att - 1],
                                            &text);
        else
            buf_put_c(&text, att ? "null" : "?");
    }
    txn_view_done(&view);
    if (!e) {
        e = err_new("23505", "could not create unique index \"%s\"", ix->name);
        err_detail(e, "Key (%s)=(%s) is duplicated.", buf_cstr(&names), buf_cstr(&text));
        err_constraint(err_table(e, rel->nsp_name, rel->name), ix->name);
    }
    buf_done(&key);
    buf_done(&text);
    buf_done(&names);
    return e;
}

struct err *ddl_build_index(struct ddl *d, struct relation *rel, const struct index *ix)
{
    struct exec_env env = session_exec_env(d->s);
    struct build b = {.d = d, .rel = rel, .ix = ix};
    struct duplicate dup = {0};
    TRY(txn_bulk_begin(d->cat->txn, ix->storage_id, SORT_BYTES, on_duplicate, &dup, &b.bulk));
    b.eval = index_eval_new(&env, rel);
    struct err *e = ddl_each_row(d, rel, build_row, &b);
    index_eval_free(b.eval);
    buf_done(&b.key);
    if (e)
        txn_bulk_abort(b.bulk);
    else
        e = txn_bulk_finish(b.bulk, NULL);
    if (dup.found) {
        err_free(e);
        e = duplicate_error(&b, &dup);
    }
    buf_done(&dup.row_suffix);
    return e;
}

/* ---- rewriting a table ---- */

struct rewrite {
    struct ddl *d;
    struct relation *rel;
    struct txn_bulk *bulk;
    uint32_t storage_id;
    bool by_key;
    uint64_t next_id;
    struct buf key;
    struct buf row;
    uint64_t rows;
};

static struct err *rewrite_row(void *arg, struct str old_key, const struct datum *row)
{
    struct rewrite *w = arg;
    (void)old_key;
    buf_reset(&w->key);
    buf_reset(&w->row);
    if (w->by_key) {
        table_put_row_key(&w->key, w->storage_id, w->rel, row);
    } else {
        table_put_storage_id(&w->key, w->storage_id);
        buf_put_be64(&w->key, ++w->next_id);
    }
    tuple_encode(w->rel->lens, w->rel->natts, row, &w->row);
    TRY(buf_finish(&w->key));
    TRY(buf_finish(&w->row));
    w->rows++;
    return txn_bulk_add(w->bulk, buf_str(&w->key), buf_str(&w->row));
}

static struct err *key_of_duplicate(void *arg, struct str key, struct str earlier, struct str later,
                                    bool *keep_new)
{
    struct duplicate *dup = arg;
    (void)key;
    (void)earlier;
    *keep_new = false;
    dup->found = true;
    buf_put_str(&dup->row_suffix, later); /* the row itself */
    return err_new("23505", "duplicate key");
}

static struct err *duplicate_row_error(struct rewrite *w, struct duplicate *dup)
{
    struct relation *rel = w->rel;
    struct datum *row = arena_new_array(w->d->arena, struct datum, rel->natts + 1);
    struct buf names = BUF_INIT;
    struct buf text = BUF_INIT;
    struct err *e = table_decode_row(rel, buf_str(&dup->row_suffix), rel->natts, row);
    for (int i = 0; !e && i < rel->primary->nkeys; i++) {
        const struct attr *att = &rel->atts[rel->primary->cols[i].attnum - 1];
        buf_printf(&names, "%s%s", i ? ", " : "", att->name);
        buf_put_c(&text, i ? ", " : "");
        e = att->ops->out(att->ops, &w->d->s->types, row[rel->primary->cols[i].attnum - 1], &text);
    }
    if (!e) {
        e = err_new("23505", "could not create unique index \"%s\"", rel->primary->name);
        err_detail(e, "Key (%s)=(%s) is duplicated.", buf_cstr(&names), buf_cstr(&text));
        err_constraint(err_table(e, rel->nsp_name, rel->name), rel->primary->name);
    }
    buf_done(&names);
    buf_done(&text);
    return e;
}

static struct err *move_storage(struct ddl *d, struct relation *rel, uint32_t storage_id)
{
    TRY(txn_drop_storage(d->cat->txn, rel->storage_id));
    TRY(ddl_update_class(d->cat, rel->oid, CLS_FILENODE, datum_int(storage_id)));
    for (int i = 0; i < rel->nindexes; i++) {
        const struct index *ix = &rel->indexes[i];
        if (ix->primary)
            continue;
        TRY(txn_drop_storage(d->cat->txn, ix->storage_id));
        uint32_t sid = txn_new_storage_id(catalog_txn_mgr(d->cat->shared));
        TRY(ddl_update_class(d->cat, ix->oid, CLS_FILENODE, datum_int(sid)));
    }
    return NULL;
}

struct err *ddl_rewrite(struct ddl *d, struct relation **rel, bool by_primary_key)
{
    struct rewrite w = {.d = d, .rel = *rel, .by_key = by_primary_key};
    struct duplicate dup = {0};
    w.storage_id = txn_new_storage_id(catalog_txn_mgr(d->cat->shared));
    TRY(txn_bulk_begin(d->cat->txn, w.storage_id, SORT_BYTES, key_of_duplicate, &dup, &w.bulk));
    struct err *e = ddl_each_row(d, *rel, rewrite_row, &w);
    if (e)
        txn_bulk_abort(w.bulk);
    else
        e = txn_bulk_finish(w.bulk, NULL);
    if (dup.found) {
        err_free(e);
        e = duplicate_row_error(&w, &dup);
    }
    buf_done(&w.key);
    buf_done(&w.row);
    buf_done(&dup.row_suffix);
    TRY(e);
    TRY(move_storage(d, *rel, w.storage_id));
    txn_count_rows(d->cat->txn, w.storage_id, (int64_t)w.rows);
    TRY(ddl_reopen(d, rel));
    for (int i = 0; i < (*rel)->nindexes; i++)
        if (!(*rel)->indexes[i].primary)
            TRY(ddl_build_index(d, *rel, &(*rel)->indexes[i]));
    return NULL;
}

/* ---- filling a table from a query ---- */

struct err *ddl_load_query(struct ddl *d, struct statement_plan *plan, struct relation *rel,
                           uint64_t *rows)
{
    struct exec_env env = session_exec_env(d->s);
    struct table_load_to to = {.storage_id = rel->storage_id, .sort_bytes = SORT_BYTES};
    struct table_load *load = NULL;
    struct exec *x = NULL;
    struct err *e = table_load_begin(&env, rel, &to, NULL, NULL, &load);
    if (!e)
        e = exec_begin(&env, plan, NULL, &x);
    for (bool found = true; !e && found;) {
        const struct datum *row;
        e = exec_next(x, &row, &found);
        if (!e && found)
            e = table_load_add(load, row);
    }
    if (!e)
        e = table_load_finish(load, rows);
    exec_end(x);
    table_load_free(load);
    return e;
}

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

static struct err *key_columns(struct ddl *d, const struct relation *rel, PgQuery__Node **names,
                               size_t n, struct ddl_index_column *cols, int16_t *keys)
{
    for (size_t i = 0; i < n; i++) {
        const char *name = pg_str(names[i]);
        int att = relation_attnum(rel, str_from(name));
        if (!att)
            return err_new("42703", "column \"%s\" named in key does not exist", name);
        for (size_t k = 0; k < i; k++)
            if (keys[k] == att)
                return err_new("42701", "column \"%s\" appears twice in primary key constraint",
                               name);
        const struct attr *a = &rel->atts[att - 1];
        keys[i] = (int16_t)att;
        cols[i] = (struct ddl_index_column){
            .attnum = att, .name = a->name, .type = a->type, .collation = a->collation};
        TRY(resolve_opclass(d->sql, a->type, &cols[i].opclass));
    }
    return NULL;
}

static struct err *constraint_name(struct ddl *d, const struct relation *rel,
                                   const PgQuery__Constraint *c, const char *columns,
                                   const char *label, const char **out)
{
    if (!c->conname || !*c->conname)
        return ddl_choose_name(d->cat, rel->nsp, rel->name, columns, label, false, rel->oid,
                               d->arena, out);
    uint32_t oid;
    *out = c->conname;
    TRY(cat_relation_oid(d->cat, rel->nsp, str_from(c->conname), &oid));
    if (oid)
        return err_new("42P07", "relation \"%s\" already exists", c->conname);
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

struct err *ddl_add_unique(struct ddl *d, struct relation **rel, const PgQuery__Constraint *c,
                           bool fresh)
{
    bool primary = c->contype == PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY;
    struct ddl_index_column *cols;
    int16_t keys[32];
    uint32_t oid;
    uint32_t con_oid;
    struct relation *r = *rel;
    if (c->indexname && *c->indexname)
        return err_unsupported("ADD CONSTRAINT ... USING INDEX is not supported yet");
    if (c->n_including)
        return err_unsupported("INCLUDE columns are not supported yet");
    if (c->deferrable || c->initdeferred)
        return err_unsupported("deferrable constraints are not supported yet");
    if (c->n_keys > 32)
        return err_new("54011", "cannot use more than 32 columns in an index");
    if (primary && r->primary)
        return ddl_at(
            d, err_new("42P16", "multiple primary keys for table \"%s\" are not allowed", r->name),
            c->location);
    cols = arena_new_array(d->arena, struct ddl_index_column, c->n_keys + 1);
    TRY(key_columns(d, r, c->keys, c->n_keys, cols, keys));
    const char *name;
    const char *columns = primary ? NULL : joined_names(d, r, keys, (int)c->n_keys);
    TRY(constraint_name(d, r, c, columns, primary ? "pkey" : "key", &name));
    for (size_t i = 0; primary && i < c->n_keys; i++) {
        struct null_check check = {r, &keys[i], 1};
        if (r->atts[keys[i] - 1].not_null)
            continue;
        if (!fresh)
            TRY(ddl_each_row(d, r, no_nulls, &check));
        TRY(ddl_update_attribute(d->cat, r->oid, keys[i], ATT_NOTNULL, datum_bool(true)));
    }
    struct ddl_index def = {.name = name,
                            .relid = r->oid,
                            .nsp = r->nsp,
                            .owner = r->owner,
                            .persistence = r->persistence,
                            .unique = true,
                            .primary = primary,
                            .nulls_not_distinct = c->nulls_not_distinct,
                            .immediate = true,
                            .for_constraint = true,
                            .columns = cols,
                            .nkeys = (int)c->n_keys,
                            .ncolumns = (int)c->n_keys,
                            .storage_id =
                                primary ? 0 : txn_new_storage_id(catalog_txn_mgr(d->cat->shared))};
    TRY(ddl_create_index(d->cat, &def, &oid));
    struct ddl_constraint con = {.name = name,
                                 .nsp = r->nsp,
                                 .type = primary ? 'p' : 'u',
                                 .relid = r->oid,
                                 .index = oid,
                                 .keys = keys,
                                 .nkeys = (int)c->n_keys,
                                 .validated = true};
    TRY(ddl_create_constraint(d->cat, &con, &con_oid));
    TRY(ddl_reopen(d, rel));
    if (primary)
        return fresh ? NULL : ddl_rewrite(d, rel, true);
    return fresh ? NULL : ddl_build_index(d, *rel, relation_index(*rel, oid));
}

/* ---- CHECK ---- */

struct check_rows {
    struct row_expr *expr;
    struct relation *rel;
    const char *name;
};

static struct err *check_row(void *arg, struct str key, const struct datum *row)
{
    struct check_rows *c = arg;
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

struct err *ddl_add_check(struct ddl *d, struct relation **rel, const PgQuery__Constraint *c,
                          const char *column, bool fresh)
{
    struct relation *r = *rel;
    struct used_columns used = {.n = 0};
    struct buf text = BUF_INIT;
    struct rte *rte;
    struct expr *e;
    uint32_t oid;
    TRY(analyze_expr_node(d->cat, &d->s->types, d->sql, c->raw_expr, r, USE_CHECK, BOOL_OID, -1,
                          NULL, d->arena, &rte, &e));
    TRY(note_column(e, &used));
    TRY(deparse_expr(d->cat, e, rte, &text));
    const char *sql = arena_strdup(d->arena, buf_cstr(&text));
    buf_done(&text);
    const char *name = c->conname;
    if (!name || !*name) {
        const char *one = column ? column : used.n == 1 ? r->atts[used.atts[0] - 1].name : NULL;
        TRY(ddl_choose_name(d->cat, r->nsp, r->name, one, "check", true, r->oid, d->arena, &name));
    }
    for (int i = 0; i < r->nconstraints; i++)
        if (strcmp(r->constraints[i].name, name) == 0)
            return err_new("42710", "constraint \"%s\" for relation \"%s\" already exists", name,
                           r->name);
    if (!fresh && !c->skip_validation) {
        struct exec_env env = session_exec_env(d->s);
        struct check_rows check = {NULL, r, name};
        TRY(row_expr_new(&env, rte, e, &check.expr));
        struct err *err = ddl_each_row(d, r, check_row, &check);
        row_expr_free(check.expr);
        TRY(err);
    }
    struct ddl_constraint con = {.name = name,
                                 .nsp = r->nsp,
                                 .type = 'c',
                                 .relid = r->oid,
                                 .keys = used.atts,
                                 .nkeys = used.n > 32 ? 32 : used.n,
                                 .validated = !c->skip_validation,
                                 .check_sql = sql};
    TRY(ddl_create_constraint(d->cat, &con, &oid));
    TRY(ddl_update_class(d->cat, r->oid, CLS_CHECKS, datum_int(r->nconstraints + 1)));
    return ddl_reopen(d, rel);
}

/* ---- FOREIGN KEY ---- */

static const struct index *matching_unique(const struct relation *r, const int16_t *keys, int n)
{
    for (int i = 0; i < r->nindexes; i++) {
        const struct index *ix = &r->indexes[i];
        bool all = ix->unique && !ix->pred_sql && ix->nkeys == n && ix->valid;
        for (int k = 0; all && k < n; k++) {
            bool listed = false;
            for (int m = 0; m < n; m++)
                listed |= ix->cols[m].attnum == keys[k];
            all = listed;
        }
        if (all)
            return ix;
    }
    return NULL;
}

static struct err *referenced_columns(const struct relation *parent, const PgQuery__Constraint *c,
                                      int n, int16_t *fkeys, const struct index **ix)
{
    if (!c->n_pk_attrs) {
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
    }
    *ix = matching_unique(parent, fkeys, n);
    if (!*ix)
        return err_new("42830",
                       "there is no unique constraint matching given keys for referenced table "
                       "\"%s\"",
                       parent->name);
    return NULL;
}

static struct err *fk_operators(struct ddl *d, const struct relation *child,
                                const struct relation *parent, const char *name,
                                struct ddl_constraint *con)
{
    uint32_t *ops = arena_new_array(d->arena, uint32_t, con->nkeys);
    for (int i = 0; i < con->nkeys; i++) {
        const struct attr *p = &parent->atts[con->fkeys[i] - 1];
        const struct attr *c = &child->atts[con->keys[i] - 1];
        ops[i] = builtin_btree_oper(p->type, c->type, 3);
        bool strings = (p->type == TEXT_OID || p->type == VARCHAR_OID) &&
                       (c->type == TEXT_OID || c->type == VARCHAR_OID);
        if (strings)
            ops[i] = builtin_btree_oper(TEXT_OID, TEXT_OID, 3);
        bool ints = ops[i] && p->ops->byval && c->ops->byval;
        if (!ops[i])
            return err_detail(
                err_new("42804", "foreign key constraint \"%s\" cannot be implemented", name),
                "Key columns \"%s\" and \"%s\" are of incompatible types: %s and %s.", c->name,
                p->name, type_display(d->arena, c->type, -1), type_display(d->arena, p->type, -1));
        if (p->type != c->type && !strings && !ints)
            return err_unsupported("foreign key between types %s and %s is not supported yet",
                                   type_display(d->arena, c->type, -1),
                                   type_display(d->arena, p->type, -1));
    }
    con->pfeqop = ops;
    return NULL;
}

static struct err *make_foreign_key(struct ddl *d, struct relation *r, struct relation *parent,
                                    const PgQuery__Constraint *c, const char *column, uint32_t *oid)
{
    int16_t *keys = arena_new_array(d->arena, int16_t, 32);
    int16_t *fkeys = arena_new_array(d->arena, int16_t, 32);
    int n = column ? 1 : (int)c->n_fk_attrs;
    const struct index *ix;
    if (n > 32)
        return err_new("54011", "cannot have more than 32 keys in a foreign key");
    for (int i = 0; i < n; i++) {
        const char *name = column ? column : pg_str(c->fk_attrs[i]);
        int att = relation_attnum(r, str_from(name));
        if (!att)
            return err_new(
                "42703", "column \"%s\" referenced in foreign key constraint does not exist", name);
        keys[i] = (int16_t)att;
    }
    TRY(referenced_columns(parent, c, n, fkeys, &ix));
    const char *name = c->conname;
    if (!name || !*name)
        TRY(ddl_choose_name(d->cat, r->nsp, r->name, joined_names(d, r, keys, n), "fkey", true,
                            r->oid, d->arena, &name));
    if (c->n_fk_del_set_cols)
        return err_unsupported("ON DELETE SET with a column list is not supported yet");
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
                                 .validated = !c->skip_validation};
    if (con.match == 'p')
        return err_unsupported("MATCH PARTIAL not yet implemented");
    TRY(fk_operators(d, r, parent, name, &con));
    /* PostgreSQL enforces foreign keys by triggers; psql looks for keys where there are some. */
    TRY(ddl_update_class(d->cat, r->oid, CLS_HASTRIGGERS, datum_bool(true)));
    TRY(ddl_update_class(d->cat, parent->oid, CLS_HASTRIGGERS, datum_bool(true)));
    return ddl_create_constraint(d->cat, &con, oid);
}

struct err *ddl_add_foreign_key(struct ddl *d, struct relation **rel, const PgQuery__Constraint *c,
                                const char *column, bool fresh)
{
    struct relation *parent;
    uint32_t oid = 0;
    TRY(ddl_open(d, c->pktable, TXN_SHARE_ROW_EXCLUSIVE, false, &parent));
    struct err *e = NULL;
    if (c->deferrable || c->initdeferred)
        e = err_unsupported("deferrable constraints are not supported yet");
    else if (parent->kind != 'r' || parent->system)
        e = err_new("42809", "referenced relation \"%s\" is not a table", parent->name);
    else if (parent->oid == (*rel)->oid)
        e = ddl_reopen(d, &parent);
    if (!e)
        e = make_foreign_key(d, *rel, parent, c, column, &oid);
    relation_unref(parent);
    TRY(e);
    TRY(ddl_reopen(d, rel));
    for (int i = 0; !fresh && !c->skip_validation && i < (*rel)->nconstraints; i++)
        if ((*rel)->constraints[i].oid == oid)
            TRY(fk_check_existing(d->s, *rel, &(*rel)->constraints[i]));
    return NULL;
}

/* ---- CREATE INDEX ---- */

static struct err *index_column(struct ddl *d, struct relation *rel, const PgQuery__IndexElem *elem,
                                struct ddl_index_column *col)
{
    *col = (struct ddl_index_column){0};
    if (elem->n_collation)
        return err_unsupported("COLLATE in an index is not supported yet");
    if (elem->n_opclass)
        return err_unsupported("operator classes in an index are not supported yet");
    col->desc = elem->ordering == PG_QUERY__SORT_BY_DIR__SORTBY_DESC;
    col->nulls_first =
        elem->nulls_ordering == PG_QUERY__SORT_BY_NULLS__SORTBY_NULLS_FIRST ||
        (col->desc && elem->nulls_ordering != PG_QUERY__SORT_BY_NULLS__SORTBY_NULLS_LAST);
    if (!elem->expr) {
        col->attnum = relation_attnum(rel, str_from(elem->name));
        if (!col->attnum)
            return err_new("42703", "column \"%s\" does not exist", elem->name);
        const struct attr *a = &rel->atts[col->attnum - 1];
        col->name = a->name;
        col->type = a->type;
        col->collation = a->collation;
        return resolve_opclass(d->sql, col->type, &col->opclass);
    }
    struct rte *rte;
    struct expr *e;
    struct buf text = BUF_INIT;
    TRY(analyze_expr_node(d->cat, &d->s->types, d->sql, elem->expr, rel, USE_INDEX_EXPR, 0, -1,
                          NULL, d->arena, &rte, &e));
    if (e->kind == E_VAR) {
        PgQuery__IndexElem plain = *elem;
        plain.expr = NULL;
        plain.name = (char *)rel->atts[e->var.att - 1].name;
        return index_column(d, rel, &plain, col);
    }
    TRY(deparse_expr(d->cat, e, rte, &text));
    col->expr_sql = arena_strdup(d->arena, buf_cstr(&text));
    buf_done(&text);
    const struct cat_proc *p = e->kind == E_FUNC ? builtin_proc(e->func) : NULL;
    col->name = p ? arena_strndup(d->arena, p->name.data, p->name.len) : "expr";
    col->type = e->type;
    return resolve_opclass(d->sql, col->type, &col->opclass);
}

static struct err *index_predicate(struct ddl *d, struct relation *rel, const PgQuery__Node *where,
                                   const char **out)
{
    struct rte *rte;
    struct expr *e;
    struct buf text = BUF_INIT;
    TRY(analyze_expr_node(d->cat, &d->s->types, d->sql, where, rel, USE_INDEX_PRED, BOOL_OID, -1,
                          NULL, d->arena, &rte, &e));
    TRY(deparse_expr(d->cat, e, rte, &text));
    *out = arena_strdup(d->arena, buf_cstr(&text));
    buf_done(&text);
    return NULL;
}

static struct err *create_index(struct ddl *d, struct relation **rel, const PgQuery__IndexStmt *s)
{
    struct relation *r = *rel;
    int n = (int)s->n_index_params;
    struct ddl_index_column *cols = arena_new_array(d->arena, struct ddl_index_column, n + 1);
    struct ddl_index def = {.relid = r->oid,
                            .nsp = r->nsp,
                            .owner = r->owner,
                            .persistence = r->persistence,
                            .unique = s->unique,
                            .nulls_not_distinct = s->nulls_not_distinct,
                            .immediate = true,
                            .columns = cols,
                            .nkeys = n,
                            .ncolumns = n};
    uint32_t oid;
    bool skip;
    if (r->kind != 'r')
        return err_new("42809", "cannot create index on relation \"%s\"", r->name);
    if (s->access_method && *s->access_method && strcmp(s->access_method, "btree") != 0)
        return err_unsupported("access method \"%s\" is not supported", s->access_method);
    if (s->n_index_including_params)
        return err_unsupported("INCLUDE columns are not supported yet");
    if (n > 32)
        return err_new("54011", "cannot use more than 32 columns in an index");
    for (int i = 0; i < n; i++)
        TRY(index_column(d, r, s->index_params[i]->index_elem, &cols[i]));
    if (s->where_clause)
        TRY(index_predicate(d, r, s->where_clause, &def.pred_sql));
    def.name = s->idxname;
    if (!def.name || !*def.name) {
        const char *names = cols[0].name;
        for (int i = 1; i < n; i++)
            names = arena_printf(d->arena, "%s_%s", names, cols[i].name);
        TRY(ddl_choose_name(d->cat, r->nsp, r->name, names, "idx", false, 0, d->arena, &def.name));
    }
    TRY(ddl_check_name(d, r->nsp, def.name, s->if_not_exists, &skip));
    if (skip)
        return NULL;
    def.storage_id = txn_new_storage_id(catalog_txn_mgr(d->cat->shared));
    TRY(ddl_create_index(d->cat, &def, &oid));
    TRY(ddl_reopen(d, rel));
    return ddl_build_index(d, *rel, relation_index(*rel, oid));
}

struct err *ddl_create_index_stmt(struct ddl *d, const PgQuery__IndexStmt *s)
{
    struct relation *rel;
    if (s->concurrent)
        ddl_notice(d, "NOTICE",
                   err_new("00000", "CREATE INDEX CONCURRENTLY blocks writes while it builds"));
    TRY(ddl_open(d, s->relation, TXN_SHARE_LOCK, false, &rel));
    struct err *e = ddl_must_own(d, rel);
    if (!e)
        e = create_index(d, &rel, s);
    relation_unref(rel);
    return e;
}
