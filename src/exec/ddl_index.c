/* Indexes and constraints over existing rows: building, rewriting, checking. */
#include "exec/ddl_internal.h"

#include "catalog/table.h"
#include "exec/exec_internal.h"
#include "exec/index_eval.h"
#include "exec/table_load.h"
#include "rt/fiber.h"
#include "sql/plan.h"
#include "types/collation.h"
#include "types/tuple.h"

enum { SORT_BYTES = 64 << 20 };

/* ---- rows ---- */

struct each_row {
    struct relation *rel;
    struct datum *row;
    struct err *(*fn)(void *arg, struct str key, const struct datum *row);
    void *arg;
};

static struct err *decode_and_call(void *arg, struct str key, struct str value, bool *stop)
{
    struct each_row *r = arg;
    (void)stop;
    TRY(table_decode_row(r->rel, value, r->rel->natts, r->row));
    return r->fn(r->arg, key, r->row);
}

struct err *ddl_each_row(struct ddl *d, struct relation *rel,
                         struct err *(*fn)(void *arg, struct str key, const struct datum *row),
                         void *arg)
{
    struct each_row each = {rel, arena_new_array(d->arena, struct datum, rel->natts + 1), fn, arg};
    struct txn_view view = txn_view_newest(d->cat->txn);
    struct err *e = table_each(&view, rel->storage_id, decode_and_call, &each);
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
    struct arena arena; /* reset per row */
    struct str row_suffix;
};

static struct err *add_entry(void *arg, struct str key)
{
    struct build *b = arg;
    return txn_bulk_add(b->bulk, key, b->row_suffix);
}

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
    arena_reset(&b->arena);
    b->row_suffix = table_row_suffix(key);
    return table_each_entry(b->rel, b->ix, b->ix->storage_id, datums, b->row_suffix, &b->key,
                            &b->arena, add_entry, b);
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

static struct err *build_index(struct ddl *d, struct relation *rel, const struct index *ix)
{
    struct exec_env env = session_exec_env(d->s);
    struct build b = {.d = d, .rel = rel, .ix = ix};
    struct duplicate dup = {0};
    TRY(txn_bulk_begin(d->cat->txn, ix->storage_id, session_temp_quota(d->s), SORT_BYTES,
                       on_duplicate, &dup, &b.bulk));
    b.eval = index_eval_new(&env, rel);
    arena_init(&b.arena);
    struct err *e = ddl_each_row(d, rel, build_row, &b);
    index_eval_free(b.eval);
    arena_done(&b.arena);
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

struct err *ddl_build_index(struct ddl *d, struct relation *rel, const struct index *ix)
{
    if (ix->deferrable) {
        /* Its entries show no duplicates; those of an index that is unique at any time do. */
        struct index strict = *ix;
        strict.unique = true;
        strict.storage_id = txn_new_storage_id(catalog_txn_mgr(d->cat->shared));
        TRY(build_index(d, rel, &strict));
        TRY(txn_drop_storage(d->cat->txn, strict.storage_id));
    }
    return build_index(d, rel, ix);
}

/* ---- rewriting a table ---- */

struct rewrite {
    struct ddl *d;
    struct relation *rel;
    struct txn_bulk *bulk;
    uint32_t storage_id;
    bool by_key;
    const struct ddl_transform *transform; /* NULL: rows stay as they are */
    struct datum *row_out;
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
    if (w->transform) {
        TRY(w->transform->fn(w->transform->arg, row, w->row_out));
        row = w->row_out;
    }
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

struct err *ddl_new_storage(struct ddl *d, struct relation *rel)
{
    return move_storage(d, rel, txn_new_storage_id(catalog_txn_mgr(d->cat->shared)));
}

struct err *ddl_rewrite(struct ddl *d, struct relation **rel, bool by_primary_key)
{
    return ddl_rewrite_as(d, rel, by_primary_key, NULL);
}

struct err *ddl_rewrite_as(struct ddl *d, struct relation **rel, bool by_primary_key,
                           const struct ddl_transform *transform)
{
    struct rewrite w = {.d = d, .rel = *rel, .by_key = by_primary_key, .transform = transform};
    struct duplicate dup = {0};
    w.row_out = arena_new_array(d->arena, struct datum, (*rel)->natts + 1);
    w.storage_id = txn_new_storage_id(catalog_txn_mgr(d->cat->shared));
    TRY(txn_bulk_begin(d->cat->txn, w.storage_id, session_temp_quota(d->s), SORT_BYTES,
                       key_of_duplicate, &dup, &w.bulk));
    struct err *e = NULL;
    if (!d->s->feeds_synced) /* else the pipeline has the rows */
        e = ddl_each_row(d, transform ? transform->from : *rel, rewrite_row, &w);
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

struct err *ddl_load_query(struct ddl *d, struct statement_plan *plan, const struct datum *params,
                           struct relation *rel, uint64_t *rows)
{
    struct exec_env env = session_exec_env(d->s);
    struct table_load_to to = {.storage_id = rel->storage_id, .sort_bytes = SORT_BYTES};
    struct table_load *load = NULL;
    struct exec *x = NULL;
    struct relation bare = *rel; /* indexes are built afterwards */
    bare.nindexes = 0;
    struct err *e = table_load_begin(&env, &bare, &to, NULL, NULL, &load);
    if (!e)
        e = exec_begin(&env, plan, params, &x);
    for (bool found = true; !e && found;) {
        const struct datum *row;
        e = exec_next(x, &row, &found);
        if (!e && found)
            e = table_load_add(load, row);
    }
    if (!e)
        e = table_load_finish(load, rows);
    if (!e && rows)
        activity_add(activity_of(d->cat->db, rel->oid), ACTIVITY_INSERTED, *rows);
    exec_end(x);
    table_load_free(load);
    return e;
}

/* ---- CREATE INDEX ---- */

/* What the order of such a column's entries cannot be. */
static struct err *check_order(const struct ddl_index_column *col, uint32_t am)
{
    struct str class = builtin_opclass_name(col->opclass);
    if (!col->collation && builtin_type(col->type)->collation)
        return err_hint(err_new("42P22", "could not determine which collation to use for index "
                                         "expression"),
                        "Use the COLLATE clause to set the collation explicitly.");
    if (!collation_is_nondeterministic(col->collation))
        return NULL;
    if (am == GIN_AM)
        return err_unsupported("a gin index with a nondeterministic collation is not supported");
    if (memmem(class.data, class.len, "_pattern_", 9))
        return err_unsupported("nondeterministic collations are not supported for operator class "
                               "\"%.*s\"",
                               STR_ARG(class));
    return NULL;
}

/* COLLATE and operator class. */
static struct err *column_order(struct ddl *d, const PgQuery__IndexElem *elem, uint32_t am,
                                struct ddl_index_column *col)
{
    if (elem->n_collation) {
        if (!builtin_type(col->type)->collation)
            return err_new("42804", "collations are not supported by type %s",
                           type_display(d->arena, col->type, -1));
        TRY(collation_by_name(d->cat, elem->collation, elem->n_collation, &col->collation));
    }
    TRY(ddl_column_class(d, elem, am, col->type, &col->opclass));
    return check_order(col, am);
}

static struct err *index_column(struct ddl *d, struct relation *rel, const PgQuery__IndexElem *elem,
                                uint32_t am, struct ddl_index_column *col)
{
    *col = (struct ddl_index_column){.typmod = -1};
    col->desc = elem->ordering == PG_QUERY__SORT_BY_DIR__SORTBY_DESC;
    col->nulls_first =
        elem->nulls_ordering == PG_QUERY__SORT_BY_NULLS__SORTBY_NULLS_FIRST ||
        (col->desc && elem->nulls_ordering != PG_QUERY__SORT_BY_NULLS__SORTBY_NULLS_LAST);
    if (!elem->expr) {
        col->attnum = relation_attnum(rel, str_from(elem->name));
        if (!col->attnum && system_column(elem->name))
            return err_unsupported("index creation on system columns is not supported");
        if (!col->attnum)
            return err_new("42703", "column \"%s\" does not exist", elem->name);
        const struct attr *a = &rel->atts[col->attnum - 1];
        col->name = a->name;
        col->type = a->type;
        col->typmod = a->typmod;
        col->collation = a->collation;
        return column_order(d, elem, am, col);
    }
    struct rte *rte;
    struct expr *e;
    struct buf text = BUF_INIT;
    TRY(analyze_expr_node(d->cat, &d->s->types, d->sql, elem->expr, rel, USE_INDEX_EXPR, 0, -1,
                          NULL, d->arena, &rte, &e));
    if (expr_is_mutable(e))
        return err_new("42P17", "functions in index expression must be marked IMMUTABLE");
    if (e->kind == E_VAR) {
        PgQuery__IndexElem plain = *elem;
        plain.expr = NULL;
        plain.name = (char *)rel->atts[e->var.att - 1].name;
        return index_column(d, rel, &plain, am, col);
    }
    TRY(deparse_stored_expr(d->cat, e, rte, &text));
    col->expr_sql = arena_strdup(d->arena, buf_cstr(&text));
    buf_done(&text);
    const struct cat_proc *p = e->kind == E_FUNC ? builtin_proc(e->func) : NULL;
    col->name = p ? arena_strndup(d->arena, p->name.data, p->name.len) : "expr";
    col->type = e->type;
    col->collation = e->collation;
    return column_order(d, elem, am, col);
}

static struct err *included_column(const struct relation *rel, const PgQuery__IndexElem *elem,
                                   struct ddl_index_column *col)
{
    if (elem->expr)
        return err_unsupported("expressions are not supported in included columns");
    if (elem->n_collation)
        return err_new("42P17", "including column does not support a collation");
    if (elem->n_opclass)
        return err_new("42P17", "including column does not support an operator class");
    if (elem->ordering != PG_QUERY__SORT_BY_DIR__SORTBY_DEFAULT)
        return err_new("42P17", "including column does not support ASC/DESC options");
    if (elem->nulls_ordering != PG_QUERY__SORT_BY_NULLS__SORTBY_NULLS_DEFAULT)
        return err_new("42P17", "including column does not support NULLS FIRST/LAST options");
    int att = relation_attnum(rel, str_from(elem->name));
    if (!att)
        return err_new("42703", "column \"%s\" does not exist", elem->name);
    *col = (struct ddl_index_column){.attnum = att,
                                     .name = rel->atts[att - 1].name,
                                     .type = rel->atts[att - 1].type,
                                     .typmod = rel->atts[att - 1].typmod};
    return NULL;
}

static struct err *index_predicate(struct ddl *d, struct relation *rel, const PgQuery__Node *where,
                                   const char **out)
{
    struct rte *rte;
    struct expr *e;
    struct buf text = BUF_INIT;
    TRY(analyze_expr_node(d->cat, &d->s->types, d->sql, where, rel, USE_INDEX_PRED, BOOL_OID, -1,
                          NULL, d->arena, &rte, &e));
    if (expr_is_mutable(e))
        return err_new("42P17", "functions in index predicate must be marked IMMUTABLE");
    TRY(deparse_stored_expr(d->cat, e, rte, &text));
    *out = arena_strdup(d->arena, buf_cstr(&text));
    buf_done(&text);
    return NULL;
}

void ddl_distinct_names(struct ddl *d, struct ddl_index_column *cols, int n)
{
    for (int i = 1; i < n; i++) {
        const char *base = cols[i].name;
        int number = 0;
        for (int k = 0; k < i; k++) {
            if (strcmp(cols[k].name, cols[i].name) != 0)
                continue;
            cols[i].name = arena_printf(d->arena, "%s%d", base, ++number);
            k = -1; /* that one may be taken too */
        }
    }
}

static struct err *create_index(struct ddl *d, struct relation **rel, const PgQuery__IndexStmt *s)
{
    struct relation *r = *rel;
    int n = (int)s->n_index_params;
    int nincluded = (int)s->n_index_including_params;
    struct ddl_index_column *cols =
        arena_new_array(d->arena, struct ddl_index_column, n + nincluded + 1);
    struct ddl_index def = {.relid = r->oid,
                            .nsp = r->nsp,
                            .owner = r->owner,
                            .persistence = r->persistence,
                            .unique = s->unique,
                            .nulls_not_distinct = s->nulls_not_distinct,
                            .immediate = true,
                            .invalid = s->concurrent,
                            .columns = cols,
                            .nkeys = n,
                            .ncolumns = n + nincluded};
    uint32_t r_oid = r->oid;
    uint32_t oid;
    bool skip;
    const struct index_am *am;
    struct datum options;
    if (r->kind != 'r' && r->kind != 'm')
        return err_detail(err_new("42809", "cannot create index on relation \"%s\"", r->name),
                          "This operation is not supported for %s.", ddl_kinds_name(r->kind));
    if (n + nincluded > 32)
        return err_new("54011", "cannot use more than 32 columns in an index");
    if (s->table_space && *s->table_space && strcmp(s->table_space, "pg_default") != 0)
        return err_new("42704", "tablespace \"%s\" does not exist", s->table_space);
    TRY(ddl_index_am(d, s, &am));
    def.am = am->oid;
    if (s->where_clause)
        TRY(index_predicate(d, r, s->where_clause, &def.pred_sql));
    TRY(ddl_options(d, am->options, datum_null(), s->options, s->n_options, false, &options));
    for (int i = 0; i < n; i++)
        TRY(index_column(d, r, s->index_params[i]->index_elem, def.am, &cols[i]));
    for (int i = 0; i < nincluded; i++)
        TRY(included_column(r, s->index_including_params[i]->index_elem, &cols[n + i]));
    ddl_distinct_names(d, cols, n + nincluded);
    def.name = s->idxname;
    if (!def.name || !*def.name) {
        const char *names = cols[0].name;
        for (int i = 1; i < n + nincluded; i++)
            names = arena_printf(d->arena, "%s_%s", names, cols[i].name);
        TRY(ddl_choose_name(d->cat, r->nsp, r->name, names, "idx", false, 0, d->arena, &def.name));
    }
    TRY(ddl_check_name(d, r->nsp, def.name, s->if_not_exists, &skip));
    if (skip)
        return NULL;
    def.storage_id = txn_new_storage_id(catalog_txn_mgr(d->cat->shared));
    TRY(ddl_create_index(d->cat, &def, &oid));
    if (!options.null)
        TRY(ddl_update_class(d->cat, oid, CLS_OPTIONS, options));
    TRY(ddl_reopen(d, rel));
    TRY(ddl_index_depends(d, *rel, relation_index(*rel, oid)));
    return s->concurrent ? ddl_fill_concurrently(d, r_oid, oid)
                         : ddl_build_index(d, *rel, relation_index(*rel, oid));
}

struct err *ddl_create_index_stmt(struct ddl *d, const PgQuery__IndexStmt *s)
{
    struct relation *rel;
    TRY(ddl_open(d, s->relation, s->concurrent ? TXN_SHARE_UPDATE_EXCLUSIVE : TXN_SHARE_LOCK, false,
                 &rel));
    struct err *e = ddl_must_own(d, rel);
    if (!e)
        e = create_index(d, &rel, s);
    relation_unref(rel);
    return e;
}
