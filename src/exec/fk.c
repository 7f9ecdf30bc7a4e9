/* Foreign keys: manual section 5.4.5. A new child row locks its parent's key in mode KEY SHARE and
 * looks for it at once; when it is not there, the check waits for the end of the statement, which
 * may still bring the parent, or of the transaction. A changed or deleted parent row queues what
 * becomes of its children. */
#include "exec/checks_internal.h"

#include "exec/ddl_internal.h"

static bool key_changed(const struct relation *rel, const struct constraint *con,
                        const int16_t *keys, const struct datum *a, const struct datum *b)
{
    for (int i = 0; i < con->nkeys; i++) {
        int att = keys[i] - 1;
        if (a[att].null || b[att].null) {
            if (a[att].null != b[att].null)
                return true;
            continue;
        }
        if (rel->atts[att].ops->compare(rel->atts[att].ops, a[att], b[att]) != 0)
            return true;
    }
    return false;
}

static const struct constraint *find_constraint(const struct relation *r, uint32_t oid)
{
    for (int i = 0; r && i < r->nconstraints; i++)
        if (r->constraints[i].oid == oid)
            return &r->constraints[i];
    return NULL;
}

static struct err *put_key(const struct exec_env *env, struct buf *b, const struct relation *r,
                           const int16_t *keys, const struct datum *values, int n)
{
    buf_put_c(b, "Key (");
    for (int i = 0; i < n; i++)
        buf_printf(b, "%s%s", i ? ", " : "", r->atts[keys[i] - 1].name);
    buf_put_c(b, ")=(");
    for (int i = 0; i < n; i++) {
        const struct type_ops *ops = r->atts[keys[i] - 1].ops;
        if (i)
            buf_put_c(b, ", ");
        if (values[i].null)
            buf_put_c(b, "null");
        else
            TRY(ops->out(ops, env->types, values[i], b));
    }
    buf_put_c(b, ")");
    return NULL;
}

/* Adds detail and names to a violation; the columns are those of `keys_of`. */
static struct err *fk_error(const struct exec_env *env, const struct constraint *con,
                            const struct relation *child, const struct relation *keys_of,
                            const int16_t *keys, const struct datum *values, struct err *e,
                            const char *detail, const char *table)
{
    struct buf b = BUF_INIT;
    struct err *out = put_key(env, &b, keys_of, keys, values, con->nkeys);
    err_free(out);
    err_detail(e, "%s %s \"%s\".", buf_cstr(&b), detail, table);
    buf_done(&b);
    return err_constraint(err_table(e, child->nsp_name, child->name), con->name);
}

/* ---- children ---- */

/* A key in the child's type as the parent's type has it; *fits is false when it has no such value.
 */
static struct err *parent_value(const struct exec_env *env, const struct attr *child,
                                const struct attr *parent, struct arena *a, struct datum *d,
                                bool *fits)
{
    struct buf text = BUF_INIT;
    if (child->type == parent->type || d->null)
        return NULL;
    if (parent->type == INT2_OID || parent->type == INT4_OID) {
        int64_t max = parent->type == INT2_OID ? INT16_MAX : INT32_MAX;
        *fits &= d->i <= max && d->i >= -max - 1;
        return NULL;
    }
    if (child->ops->byval == parent->ops->byval)
        return NULL; /* wider integers, other strings: the same bytes */
    struct err *e = child->ops->out(child->ops, env->types, *d, &text);
    if (!e)
        e = parent->ops->in(parent->ops, env->types, str_from(arena_strdup(a, buf_cstr(&text))), -1,
                            a, d);
    buf_done(&text);
    return e;
}

/* Above READ COMMITTED, a parent that the snapshot does not show is not there, and one that is no
 * more is a conflict. */
static struct err *lock_and_look(const struct exec_env *env, const struct relation *parent,
                                 const struct index *ix, struct buf *key, struct arena *a,
                                 bool *exists)
{
    struct txn *t = env->cat->txn;
    struct txn_newest newest;
    bool locked;
    TRY(txn_lock_key(t, buf_str(key), TXN_KEY_SHARE, TXN_WAIT, &locked));
    bool newest_counts = txn_isolation_level(t) == TXN_READ_COMMITTED;
    struct txn_view view = newest_counts ? txn_view_newest(t) : txn_view_begin(t);
    struct err *e = txn_get_newest(&view, buf_str(key), a, &newest);
    txn_view_done(&view);
    TRY(e);
    if (newest.changed && !newest.found && newest.seen)
        return err_new("40001", "could not serialize access due to concurrent update");
    *exists = newest.found && (!newest.changed || newest.seen);
    if (!*exists || ix->primary)
        return NULL;
    /* By another unique key: the row itself must not go away either. */
    buf_reset(key);
    table_put_storage_id(key, parent->storage_id);
    buf_put_str(key, newest.value);
    return txn_lock_key(t, buf_str(key), TXN_KEY_SHARE, TXN_WAIT, &locked);
}

/* Locks the parent's key and looks for it. */
static struct err *parent_exists(const struct exec_env *env, const struct relation *parent,
                                 const struct constraint *con, const struct datum *keys,
                                 struct arena *a, bool *exists)
{
    const struct index *ix = relation_index(parent, con->index);
    struct datum ordered[32];
    struct buf key = BUF_INIT;
    if (!ix)
        return err_new("XX000", "the index of foreign key \"%s\" is missing", con->name);
    for (int i = 0; i < ix->nkeys; i++)
        for (int k = 0; k < con->nkeys; k++)
            if (con->fkeys[k] == ix->cols[i].attnum)
                ordered[i] = keys[k];
    table_put_entry_key(&key, ix->storage_id, ix, ordered, STR(""));
    struct err *e = buf_finish(&key);
    if (!e)
        e = lock_and_look(env, parent, ix, &key, a, exists);
    buf_done(&key);
    return e;
}

static struct err *child_violation(const struct relation *rel, const struct constraint *con)
{
    return err_new("23503",
                   "insert or update on table \"%s\" violates foreign key constraint \"%s\"",
                   rel->name, con->name);
}

/* Whether the keys (of the child's types) need no parent or have one. */
static struct err *child_is_fine(const struct exec_env *env, const struct relation *rel,
                                 const struct constraint *con, const struct datum *keys,
                                 struct arena *a, bool *fine)
{
    struct datum wanted[32];
    struct relation *parent;
    int nulls = 0;
    bool fits = true;
    struct err *e = NULL;
    for (int i = 0; i < con->nkeys; i++)
        nulls += keys[i].null;
    *fine = nulls && (con->match != 'f' || nulls == con->nkeys);
    if (nulls)
        return NULL;
    TRY(cat_relation(env->cat, con->frelid, &parent));
    if (!parent)
        return err_new("XX000", "the table that \"%s\" refers to is missing", con->name);
    for (int i = 0; i < con->nkeys && !e; i++) {
        wanted[i] = keys[i];
        e = parent_value(env, &rel->atts[con->keys[i] - 1], &parent->atts[con->fkeys[i] - 1], a,
                         &wanted[i], &fits);
    }
    if (!e && fits)
        e = parent_exists(env, parent, con, wanted, a, fine);
    relation_unref(parent);
    return e;
}

static struct err *missing_parent(const struct exec_env *env, const struct relation *rel,
                                  const struct constraint *con, const struct datum *keys)
{
    struct relation *parent;
    bool mixed = false;
    for (int i = 0; i < con->nkeys; i++)
        mixed |= keys[i].null;
    if (mixed)
        return err_constraint(
            err_table(err_detail(child_violation(rel, con), "MATCH FULL does not allow mixing of "
                                                            "null and nonnull key values."),
                      rel->nsp_name, rel->name),
            con->name);
    TRY(cat_relation(env->cat, con->frelid, &parent));
    struct err *e = fk_error(env, con, rel, rel, con->keys, keys, child_violation(rel, con),
                             "is not present in table", parent->name);
    relation_unref(parent);
    return e;
}

static struct err *check_child(const struct exec_env *env, struct relation *rel,
                               const struct constraint *con, const struct datum *row,
                               struct arena *a)
{
    struct datum keys[32];
    bool fine = false;
    bool deferred = check_is_deferred(env->session, con);
    for (int i = 0; i < con->nkeys; i++)
        keys[i] = row[con->keys[i] - 1];
    if (!deferred)
        TRY(child_is_fine(env, rel, con, keys, a, &fine));
    return fine ? NULL : check_queue(env, CHECK_CHILD, con, 0, keys, NULL, con->nkeys, deferred);
}

struct err *fk_check_child(struct exec *x, struct relation *rel, const struct datum *row,
                           const struct datum *old_row)
{
    struct arena a;
    struct err *e = NULL;
    bool any = false;
    for (int i = 0; i < rel->nconstraints; i++)
        any |= rel->constraints[i].type == 'f';
    if (!any)
        return NULL;
    arena_init(&a);
    for (int i = 0; i < rel->nconstraints && !e; i++) {
        const struct constraint *con = &rel->constraints[i];
        if (con->type == 'f' && (!old_row || key_changed(rel, con, con->keys, old_row, row)))
            e = check_child(&x->env, rel, con, row, &a);
    }
    arena_done(&a);
    return e;
}

static void put_relation(struct buf *b, const struct relation *r)
{
    quote_identifier(b, r->nsp_name);
    buf_put_u8(b, '.');
    quote_identifier(b, r->name);
}

/* Whether a row with such a key is still there: it may have been deleted or changed since. */
static struct err *child_is_there(const struct exec_env *env, const struct relation *rel,
                                  const struct constraint *con, const struct datum *keys,
                                  bool *there)
{
    struct exec_env inner = *env;
    struct buf sql = BUF_INIT;
    uint32_t types[32];
    uint64_t rows = 0;
    inner.newest_view = inner.nested = true;
    buf_put_c(&sql, "SELECT 1 FROM ONLY ");
    put_relation(&sql, rel);
    for (int i = 0; i < con->nkeys; i++) {
        const struct attr *att = &rel->atts[con->keys[i] - 1];
        types[i] = att->type;
        buf_put_c(&sql, i ? " AND " : " WHERE ");
        quote_identifier(&sql, att->name);
        if (keys[i].null)
            buf_put_c(&sql, " IS NULL");
        else
            buf_printf(&sql, " OPERATOR(pg_catalog.=) $%d", i + 1);
    }
    buf_put_c(&sql, " LIMIT 1");
    struct err *e = exec_internal_sql(&inner, buf_cstr(&sql), types, keys, con->nkeys, &rows);
    buf_done(&sql);
    *there = rows > 0;
    return e;
}

struct err *fk_run_child(const struct exec_env *env, const struct check_event *ev)
{
    struct relation *rel;
    struct arena a;
    bool fine = false;
    bool there = false;
    TRY(cat_relation(env->cat, ev->relid, &rel));
    const struct constraint *con = find_constraint(rel, ev->con);
    if (!con) {
        relation_unref(rel);
        return NULL;
    }
    arena_init(&a);
    struct err *e = child_is_fine(env, rel, con, ev->old, &a, &fine);
    if (!e && !fine)
        e = child_is_there(env, rel, con, ev->old, &there);
    if (!e && there)
        e = missing_parent(env, rel, con, ev->old);
    arena_done(&a);
    relation_unref(rel);
    return e;
}

/* ---- parents ---- */

struct err *fk_parent_changed(struct exec *x, struct relation *rel, const struct datum *old_row,
                              const struct datum *new_row)
{
    for (int i = 0; i < rel->nreferencing; i++) {
        const struct constraint *con = &rel->referencing[i];
        struct datum old_keys[32];
        struct datum new_keys[32];
        bool has_null = false;
        if (new_row && !key_changed(rel, con, con->fkeys, old_row, new_row))
            continue;
        for (int k = 0; k < con->nkeys; k++) {
            old_keys[k] = old_row[con->fkeys[k] - 1];
            has_null |= old_keys[k].null;
            if (new_row)
                new_keys[k] = new_row[con->fkeys[k] - 1];
        }
        if (has_null)
            continue;
        char action = new_row ? con->on_update : con->on_delete;
        TRY(check_queue(&x->env, CHECK_PARENT, con, rel->oid, old_keys, new_row ? new_keys : NULL,
                        con->nkeys, action == 'a' && check_is_deferred(x->env.session, con)));
    }
    return NULL;
}

static void put_where(struct buf *b, const struct relation *child, const struct constraint *con)
{
    buf_put_c(b, " WHERE ");
    for (int i = 0; i < con->nkeys; i++) {
        if (i)
            buf_put_c(b, " AND ");
        quote_identifier(b, child->atts[con->keys[i] - 1].name);
        buf_printf(b, " OPERATOR(pg_catalog.=) $%d", i + 1);
    }
}

static bool is_set_column(const struct constraint *con, int16_t att)
{
    for (int i = 0; i < con->nset_cols; i++)
        if (con->set_cols[i] == att)
            return true;
    return con->nset_cols == 0;
}

static void put_set(struct buf *b, const struct relation *child, const struct constraint *con,
                    char action, bool deleted)
{
    bool first = true;
    buf_put_c(b, " SET ");
    for (int i = 0; i < con->nkeys; i++) {
        if (deleted && !is_set_column(con, con->keys[i]))
            continue;
        buf_put_c(b, first ? "" : ", ");
        first = false;
        quote_identifier(b, child->atts[con->keys[i] - 1].name);
        if (action == 'c')
            buf_printf(b, " = $%d", con->nkeys + i + 1);
        else
            buf_put_c(b, action == 'n' ? " = NULL" : " = DEFAULT");
    }
}

static struct err *still_referenced(const struct exec_env *env, const struct check_event *ev,
                                    const struct relation *parent, const struct constraint *con,
                                    const struct relation *child)
{
    return fk_error(env, con, child, parent, con->fkeys, ev->old,
                    err_new("23503",
                            "update or delete on table \"%s\" violates foreign key constraint "
                            "\"%s\" on table \"%s\"",
                            parent->name, con->name, child->name),
                    "is still referenced from table", child->name);
}

/* A key that was taken away may have been given to another row by the same statement. */
static struct err *key_is_back(const struct exec_env *env, const struct check_event *ev,
                               const struct relation *parent, const struct constraint *con,
                               bool *back)
{
    struct arena a;
    arena_init(&a);
    struct err *e = parent_exists(env, parent, con, ev->old, &a, back);
    arena_done(&a);
    return e;
}

static struct err *run_action(const struct exec_env *env, const struct check_event *ev,
                              const struct relation *parent, const struct constraint *con,
                              const struct relation *child)
{
    char action = ev->new ? con->on_update : con->on_delete;
    struct exec_env inner = *env;
    struct datum params[64];
    uint32_t types[64];
    struct buf sql = BUF_INIT;
    bool check = action == 'a' || action == 'r';
    bool deletes = action == 'c' && !ev->new;
    bool back = false;
    int n = 0;
    inner.newest_view = inner.nested = true;
    if (action == 'a')
        TRY(key_is_back(env, ev, parent, con, &back));
    if (back)
        return NULL;
    for (int pass = 0; pass < (action == 'c' && ev->new ? 2 : 1); pass++)
        for (int i = 0; i < con->nkeys; i++) {
            types[n] = parent->atts[con->fkeys[i] - 1].type;
            params[n++] = pass ? ev->new[i] : ev->old[i];
        }
    buf_put_c(&sql, check ? "SELECT 1 FROM ONLY " : deletes ? "DELETE FROM ONLY " : "UPDATE ONLY ");
    put_relation(&sql, child);
    if (!check && !deletes)
        put_set(&sql, child, con, action, !ev->new);
    put_where(&sql, child, con);
    if (check)
        buf_put_c(&sql, " LIMIT 1");
    uint64_t rows = 0;
    struct err *e = exec_internal_sql(&inner, buf_cstr(&sql), types, params, n, &rows);
    buf_done(&sql);
    if (!e && check && rows)
        e = still_referenced(env, ev, parent, con, child);
    return e;
}

struct err *fk_run_parent(const struct exec_env *env, const struct check_event *ev)
{
    struct relation *child;
    struct relation *parent = NULL;
    TRY(cat_relation(env->cat, ev->relid, &child));
    struct err *e = cat_relation(env->cat, ev->parent, &parent);
    const struct constraint *con = find_constraint(child, ev->con);
    if (!e && con && parent)
        e = run_action(env, ev, parent, con, child);
    relation_unref(child);
    relation_unref(parent);
    return e;
}

/* ---- existing rows ---- */

struct existing {
    struct exec_env env;
    struct relation *rel;
    const struct constraint *con;
    struct arena arena;
};

static struct err *check_existing_row(void *arg, struct str key, const struct datum *row)
{
    struct existing *c = arg;
    struct datum keys[32];
    bool fine;
    (void)key;
    arena_reset(&c->arena);
    for (int i = 0; i < c->con->nkeys; i++)
        keys[i] = row[c->con->keys[i] - 1];
    TRY(child_is_fine(&c->env, c->rel, c->con, keys, &c->arena, &fine));
    return fine ? NULL : missing_parent(&c->env, c->rel, c->con, keys);
}

struct err *fk_check_existing(struct session *s, struct relation *rel, const struct constraint *con)
{
    struct existing c = {.env = session_exec_env(s), .rel = rel, .con = con};
    struct arena scratch;
    struct ddl d = {.s = s, .cat = &s->cat, .arena = &scratch};
    arena_init(&c.arena);
    arena_init(&scratch);
    struct err *e = ddl_each_row(&d, rel, check_existing_row, &c);
    arena_done(&c.arena);
    arena_done(&scratch);
    return e;
}
