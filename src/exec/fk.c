/* Foreign keys. A new child row locks its parent's key in mode KEY SHARE and checks that it is
 * there; a changed or deleted parent row asks, at the end of the statement, what becomes of its
 * children: manual section 5.4.5. */
#include "exec/exec_internal.h"

#include "exec/ddl_internal.h"

struct fk_pending {
    struct fk_pending *next;
    const struct constraint *con;
    struct relation *parent;
    struct datum *old_keys;
    struct datum *new_keys; /* NULL: deleted */
};

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

static void put_names(struct buf *b, const struct relation *r, const int16_t *keys, int n)
{
    for (int i = 0; i < n; i++)
        buf_printf(b, "%s%s", i ? ", " : "", r->atts[keys[i] - 1].name);
}

static struct err *put_values(struct exec *x, struct buf *b, const struct relation *r,
                              const int16_t *keys, const struct datum *values, int n)
{
    for (int i = 0; i < n; i++) {
        const struct type_ops *ops = r->atts[keys[i] - 1].ops;
        if (i)
            buf_put_c(b, ", ");
        if (values[i].null)
            buf_put_c(b, "null");
        else
            TRY(ops->out(ops, x->env.types, values[i], b));
    }
    return NULL;
}

static struct err *fk_error(struct exec *x, const struct relation *rel,
                            const struct constraint *con, const struct relation *child,
                            const struct relation *keys_of, const int16_t *keys,
                            const struct datum *values, struct err *e, const char *detail,
                            const char *table)
{
    struct buf b = BUF_INIT;
    (void)rel;
    buf_put_c(&b, "Key (");
    put_names(&b, keys_of, keys, con->nkeys);
    buf_put_c(&b, ")=(");
    struct err *out = put_values(x, &b, keys_of, keys, values, con->nkeys);
    err_free(out);
    buf_printf(&b, ") %s \"%s\".", detail, table);
    err_detail(e, "%s", buf_cstr(&b));
    buf_done(&b);
    return err_constraint(err_table(e, child->nsp_name, child->name), con->name);
}

/* ---- children ---- */

/* Above READ COMMITTED: whether a parent that is no more is one that the snapshot shows. */
static struct err *parent_vanished(struct exec *x, struct str key)
{
    struct txn *t = x->env.cat->txn;
    struct str value;
    bool found = false;
    if (txn_isolation_level(t) == TXN_READ_COMMITTED)
        return NULL;
    struct txn_view view = txn_view_begin(t);
    struct err *e = txn_get(&view, key, &value, &found);
    txn_view_done(&view);
    if (!e && found)
        e = err_new("40001", "could not serialize access due to concurrent update");
    return e;
}

/* Locks the parent's key and looks for it. */
static struct err *parent_exists(struct exec *x, struct relation *parent,
                                 const struct constraint *con, const struct datum *keys,
                                 struct arena *a, bool *exists)
{
    const struct index *ix = relation_index(parent, con->index);
    struct datum ordered[32];
    struct txn_newest newest;
    struct buf key = BUF_INIT;
    bool locked;
    if (!ix)
        return err_new("XX000", "the index of foreign key \"%s\" is missing", con->name);
    for (int i = 0; i < ix->nkeys; i++)
        for (int k = 0; k < con->nkeys; k++)
            if (con->fkeys[k] == ix->cols[i].attnum)
                ordered[i] = keys[k];
    table_put_entry_key(&key, ix->storage_id, ix, ordered, STR(""));
    struct txn_view view = txn_view_newest(x->env.cat->txn);
    struct err *e = buf_finish(&key);
    if (!e)
        e = txn_lock_key(x->env.cat->txn, buf_str(&key), TXN_KEY_SHARE, TXN_WAIT, &locked);
    if (!e)
        e = txn_get_newest(&view, buf_str(&key), a, &newest);
    if (!e)
        *exists = newest.found;
    if (!e && !newest.found && !newest.own)
        e = parent_vanished(x, buf_str(&key));
    /* By another unique key: the row itself must not go away either. */
    if (!e && *exists && !ix->primary) {
        buf_reset(&key);
        table_put_storage_id(&key, parent->storage_id);
        buf_put_str(&key, newest.value);
        e = txn_lock_key(x->env.cat->txn, buf_str(&key), TXN_KEY_SHARE, TXN_WAIT, &locked);
    }
    txn_view_done(&view);
    buf_done(&key);
    return e;
}

static struct err *check_one(struct exec *x, struct relation *rel, const struct constraint *con,
                             const struct datum *row, struct arena *a)
{
    struct datum keys[32];
    struct relation *parent;
    int nulls = 0;
    for (int i = 0; i < con->nkeys; i++) {
        keys[i] = row[con->keys[i] - 1];
        nulls += keys[i].null;
    }
    if (nulls && (con->match != 'f' || nulls == con->nkeys))
        return NULL;
    TRY(cat_relation(x->env.cat, con->frelid, &parent));
    if (!parent)
        return err_new("XX000", "the table that \"%s\" refers to is missing", con->name);
    bool exists = false;
    struct err *e = NULL;
    if (nulls)
        e = err_detail(err_new("23503",
                               "insert or update on table \"%s\" violates foreign key "
                               "constraint \"%s\"",
                               rel->name, con->name),
                       "MATCH FULL does not allow mixing of null and nonnull key values.");
    else
        e = parent_exists(x, parent, con, keys, a, &exists);
    if (!e && !exists)
        e = fk_error(x, rel, con, rel, rel, con->keys, keys,
                     err_new("23503",
                             "insert or update on table \"%s\" violates foreign key constraint "
                             "\"%s\"",
                             rel->name, con->name),
                     "is not present in table", parent->name);
    relation_unref(parent);
    return e;
}

/* A row whose parent is not there (yet): the statement may still bring it. */
struct fk_orphan {
    struct fk_orphan *next;
    const struct constraint *con;
    struct datum *row;
};

static void note_orphan(struct exec *x, struct relation *rel, const struct constraint *con,
                        const struct datum *row, struct fk_orphan **list)
{
    struct fk_orphan *o = arena_new(&x->arena, struct fk_orphan);
    o->con = con;
    o->row = arena_new_array(&x->arena, struct datum, rel->natts);
    for (int i = 0; i < con->nkeys; i++)
        o->row[con->keys[i] - 1] = keep(&x->arena, row[con->keys[i] - 1]);
    o->next = *list;
    *list = o;
}

struct err *fk_check_orphans(struct exec *x, struct relation *rel, struct fk_orphan *list)
{
    struct arena a;
    struct err *e = NULL;
    struct fk_orphan *in_order = NULL;
    while (list) { /* the first row's complaint comes first */
        struct fk_orphan *next = list->next;
        list->next = in_order;
        in_order = list;
        list = next;
    }
    arena_init(&a);
    for (; in_order && !e; in_order = in_order->next)
        e = check_one(x, rel, in_order->con, in_order->row, &a);
    arena_done(&a);
    return e;
}

struct err *fk_check_child(struct exec *x, struct relation *rel, const struct datum *row,
                           const struct datum *old_row, struct fk_orphan **orphans)
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
        if (con->type != 'f' || (old_row && !key_changed(rel, con, con->keys, old_row, row)))
            continue;
        e = check_one(x, rel, con, row, &a);
        if (err_is(e, "23503") && con->frelid == rel->oid) {
            err_free(e);
            e = NULL;
            note_orphan(x, rel, con, row, orphans);
        }
    }
    arena_done(&a);
    return e;
}

/* ---- parents ---- */

struct err *fk_parent_changed(struct exec *x, struct relation *rel, const struct datum *old_row,
                              const struct datum *new_row, struct fk_pending **list)
{
    for (int i = 0; i < rel->nreferencing; i++) {
        const struct constraint *con = &rel->referencing[i];
        if (new_row && !key_changed(rel, con, con->fkeys, old_row, new_row))
            continue;
        struct fk_pending *p = arena_new(&x->arena, struct fk_pending);
        p->con = con;
        p->parent = rel;
        p->old_keys = arena_new_array(&x->arena, struct datum, con->nkeys);
        if (new_row)
            p->new_keys = arena_new_array(&x->arena, struct datum, con->nkeys);
        bool has_null = false;
        for (int k = 0; k < con->nkeys; k++) {
            p->old_keys[k] = keep(&x->arena, old_row[con->fkeys[k] - 1]);
            has_null |= p->old_keys[k].null;
            if (new_row)
                p->new_keys[k] = keep(&x->arena, new_row[con->fkeys[k] - 1]);
        }
        if (has_null)
            continue;
        p->next = *list;
        *list = p;
    }
    return NULL;
}

static void put_relation(struct buf *b, const struct relation *r)
{
    quote_identifier(b, r->nsp_name);
    buf_put_u8(b, '.');
    quote_identifier(b, r->name);
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

static void put_set(struct buf *b, const struct relation *child, const struct constraint *con,
                    char action)
{
    buf_put_c(b, " SET ");
    for (int i = 0; i < con->nkeys; i++) {
        if (i)
            buf_put_c(b, ", ");
        quote_identifier(b, child->atts[con->keys[i] - 1].name);
        if (action == 'c')
            buf_printf(b, " = $%d", con->nkeys + i + 1);
        else
            buf_put_c(b, action == 'n' ? " = NULL" : " = DEFAULT");
    }
}

static struct err *still_referenced(struct exec *x, const struct fk_pending *p,
                                    const struct relation *child)
{
    return fk_error(
        x, p->parent, p->con, child, p->parent, p->con->fkeys, p->old_keys,
        err_new("23503",
                "update or delete on table \"%s\" violates foreign key constraint \"%s\" "
                "on table \"%s\"",
                p->parent->name, p->con->name, child->name),
        "is still referenced from table", child->name);
}

/* A key that was taken away may have been given to another row by the same statement. */
static struct err *key_is_back(struct exec *x, const struct fk_pending *p, bool *back)
{
    struct arena a;
    arena_init(&a);
    struct err *e = parent_exists(x, p->parent, p->con, p->old_keys, &a, back);
    arena_done(&a);
    return e;
}

static struct err *run_action(struct exec *x, const struct fk_pending *p, struct relation *child)
{
    const struct constraint *con = p->con;
    char action = p->new_keys ? con->on_update : con->on_delete;
    struct exec_env env = x->env;
    struct datum params[64];
    uint32_t types[64];
    struct buf sql = BUF_INIT;
    bool check = action == 'a' || action == 'r';
    bool back = false;
    int n = 0;
    env.newest_view = true;
    if (action == 'a')
        TRY(key_is_back(x, p, &back));
    if (back)
        return NULL;
    for (int i = 0; i < con->nkeys; i++) {
        types[n] = p->parent->atts[con->fkeys[i] - 1].type;
        params[n++] = p->old_keys[i];
    }
    for (int i = 0; i < con->nkeys && action == 'c' && p->new_keys; i++) {
        types[n] = p->parent->atts[con->fkeys[i] - 1].type;
        params[n++] = p->new_keys[i];
    }
    buf_put_c(&sql, check                           ? "SELECT 1 FROM ONLY "
                    : action == 'c' && !p->new_keys ? "DELETE FROM ONLY "
                                                    : "UPDATE ONLY ");
    put_relation(&sql, child);
    if (!check && !(action == 'c' && !p->new_keys))
        put_set(&sql, child, con, action);
    put_where(&sql, child, con);
    if (check)
        buf_put_c(&sql, " LIMIT 1");
    uint64_t rows = 0;
    txn_next_command(x->env.cat->txn);
    struct err *e = exec_internal_sql(&env, buf_cstr(&sql), types, params, n, &rows);
    buf_done(&sql);
    if (!e && check && rows)
        e = still_referenced(x, p, child);
    return e;
}

struct err *fk_run_pending(struct exec *x, struct fk_pending *list)
{
    if (fiber_stack_left() < 64 * 1024)
        return err_new("54001", "stack depth limit exceeded");
    for (struct fk_pending *p = list; p; p = p->next) {
        struct relation *child;
        TRY(cat_relation(x->env.cat, p->con->relid, &child));
        if (!child)
            continue;
        struct err *e = run_action(x, p, child);
        relation_unref(child);
        TRY(e);
    }
    return NULL;
}

/* ---- existing rows ---- */

struct existing {
    struct exec x;
    struct relation *rel;
    const struct constraint *con;
    struct arena arena;
};

static struct err *check_existing_row(void *arg, struct str key, const struct datum *row)
{
    struct existing *c = arg;
    (void)key;
    arena_reset(&c->arena);
    return check_one(&c->x, c->rel, c->con, row, &c->arena);
}

struct err *fk_check_existing(struct session *s, struct relation *rel, const struct constraint *con)
{
    struct existing c = {.rel = rel, .con = con};
    struct arena scratch;
    struct ddl d = {.s = s, .cat = &s->cat, .arena = &scratch};
    c.x.env = session_exec_env(s);
    arena_init(&c.arena);
    arena_init(&scratch);
    struct err *e = ddl_each_row(&d, rel, check_existing_row, &c);
    arena_done(&c.arena);
    arena_done(&scratch);
    return e;
}
