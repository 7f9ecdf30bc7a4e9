/* See table_load.h. */
#include "exec/table_load.h"

#include "catalog/table.h"
#include "exec/index_eval.h"
#include "exec/session.h"
#include "types/tuple.h"

#include <stdlib.h>

enum { MAX_KEYS = 32 };

struct load_index {
    struct table_load *load;
    const struct index *ix;
    struct txn_bulk *bulk; /* NULL: the primary one, or finished */
};

struct table_load {
    struct exec_env env;
    struct relation *rel;
    const struct table_load_to *to;
    table_load_duplicate duplicate;
    void *arg;
    struct txn_bulk *table; /* NULL: finished */
    struct load_index *indexes;
    struct index_eval *eval; /* NULL: no secondary index */
    struct arena arena;
    struct arena items;          /* of the row being added */
    struct str suffix;           /* of its key */
    const struct datum *current; /* the row being added */
    struct datum *stored;        /* a row read back */
    struct datum *earlier;
    uint64_t rows;
    uint64_t lost; /* of them: another row of their key stayed */
    struct buf key;
    struct buf tuple;
    struct buf entry;
};

/* ---- equal keys ---- */

/* The values of the entry are a tuple. */
static struct err *same_primary_key(void *arg, struct str key, struct str earlier, struct str later,
                                    bool *keep_new)
{
    struct table_load *l = arg;
    (void)key;
    *keep_new = false;
    TRY(table_decode_row(l->rel, later, l->rel->natts, l->stored));
    if (!l->to->resolve)
        return l->duplicate(l->arg, l->rel->primary, l->stored);
    TRY(table_decode_row(l->rel, earlier, l->rel->natts, l->earlier));
    l->lost++;
    return l->to->resolve(l->arg, l->earlier, l->stored, keep_new);
}

/* The row of an index entry, which is written already: the table is finished first. */
static struct err *read_back(struct table_load *l, const struct index *ix, struct str suffix)
{
    struct buf key = BUF_INIT;
    struct str value;
    bool found = false;
    table_put_storage_id(&key, l->to->storage_id);
    buf_put_str(&key, suffix);
    struct err *e = buf_finish(&key);
    struct txn_view view = txn_view_newest(l->env.cat->txn);
    if (!e)
        e = txn_get(&view, buf_str(&key), &value, &found);
    if (!e && found)
        e = table_decode_row(l->rel, value, l->rel->natts, l->stored);
    if (!e)
        e = found ? l->duplicate(l->arg, ix, l->stored)
                  : err_new("XX001", "index \"%s\" has an entry without a row", ix->name);
    txn_view_done(&view);
    buf_done(&key);
    return e;
}

static struct err *same_index_key(void *arg, struct str key, struct str earlier, struct str later,
                                  bool *keep_new)
{
    struct load_index *i = arg;
    struct table_load *l = i->load;
    (void)key;
    (void)earlier;
    *keep_new = false;
    if (l->current)
        return l->duplicate(l->arg, i->ix, l->current);
    return read_back(l, i->ix, later);
}

/* ---- loading ---- */

static struct err *open_table(struct table_load *l)
{
    const struct table_load_to *to = l->to;
    return txn_bulk_begin(l->env.cat->txn, to->storage_id, session_temp_quota(l->env.session),
                          to->sort_bytes, same_primary_key, l, &l->table);
}

static struct err *open_indexes(struct table_load *l)
{
    struct txn *t = l->env.cat->txn;
    const struct table_load_to *to = l->to;
    struct temp_quota *quota = session_temp_quota(l->env.session);
    for (int i = 0; i < l->rel->nindexes; i++) {
        struct load_index *at = &l->indexes[i];
        *at = (struct load_index){l, &l->rel->indexes[i], NULL};
        if (at->ix->primary || !to->index_ids || !to->index_ids[i])
            continue;
        if (!l->eval)
            l->eval = index_eval_new(&l->env, l->rel);
        TRY(txn_bulk_begin(t, to->index_ids[i], quota, to->sort_bytes / 2, same_index_key, at,
                           &at->bulk));
    }
    return NULL;
}

static struct table_load *new_load(const struct exec_env *env, struct relation *rel,
                                   const struct table_load_to *to, table_load_duplicate duplicate,
                                   void *arg)
{
    struct table_load *l = calloc(1, sizeof(*l));
    if (!l)
        return NULL;
    *l = (struct table_load){.env = *env, .rel = rel, .to = to, .duplicate = duplicate, .arg = arg};
    arena_init(&l->arena);
    arena_init(&l->items);
    l->indexes = arena_new_array(&l->arena, struct load_index, rel->nindexes + 1);
    l->stored = arena_new_array(&l->arena, struct datum, rel->natts + 1);
    l->earlier = arena_new_array(&l->arena, struct datum, rel->natts + 1);
    return l;
}

struct err *table_load_begin(const struct exec_env *env, struct relation *rel,
                             const struct table_load_to *to, table_load_duplicate duplicate,
                             void *arg, struct table_load **out)
{
    struct table_load *l = new_load(env, rel, to, duplicate, arg);
    struct err *e = l ? open_table(l) : err_oom();
    if (!e)
        e = open_indexes(l);
    if (e) {
        table_load_free(l);
        return e;
    }
    *out = l;
    return NULL;
}

static struct err *add_key(void *arg, struct str key)
{
    struct load_index *i = arg;
    return txn_bulk_add(i->bulk, key, i->load->suffix);
}

static struct err *add_entry(struct table_load *l, int number, const struct datum *row,
                             struct str suffix)
{
    const struct index *ix = l->indexes[number].ix;
    struct datum datums[MAX_KEYS];
    bool applies = true;
    if (!table_plain_index_datums(ix, row, datums)) {
        struct table_hooks hooks = index_eval_hooks(l->eval);
        TRY(hooks.index_datums(hooks.arg, ix, row, datums, &applies));
    }
    if (!applies)
        return NULL;
    arena_reset(&l->items);
    l->suffix = suffix;
    return table_each_entry(l->rel, ix, l->to->index_ids[number], datums, suffix, &l->entry,
                            &l->items, add_key, &l->indexes[number]);
}

static struct err *add_entries(struct table_load *l, const struct datum *row, struct str suffix)
{
    for (int i = 0; i < l->rel->nindexes; i++)
        if (l->indexes[i].bulk)
            TRY(add_entry(l, i, row, suffix));
    return NULL;
}

static struct err *add_row(struct table_load *l, const struct datum *row)
{
    struct relation *rel = l->rel;
    buf_reset(&l->key);
    buf_reset(&l->tuple);
    if (rel->primary) {
        table_put_row_key(&l->key, l->to->storage_id, rel, row);
    } else {
        table_put_storage_id(&l->key, l->to->storage_id);
        buf_put_be64(&l->key, l->rows + 1);
    }
    tuple_encode(rel->lens, rel->natts, row, &l->tuple);
    TRY(buf_finish(&l->key));
    TRY(buf_finish(&l->tuple));
    if (rel->primary)
        TRY(table_check_key(rel, rel->primary, buf_str(&l->key)));
    TRY(txn_bulk_add(l->table, buf_str(&l->key), buf_str(&l->tuple)));
    if (!l->to->resolve) /* else the rows that stay are known at the end */
        TRY(add_entries(l, row, table_row_suffix(buf_str(&l->key))));
    l->rows++;
    return NULL;
}

struct err *table_load_add(struct table_load *l, const struct datum *row)
{
    if (l->eval)
        index_eval_reset(l->eval);
    l->current = row;
    struct err *e = add_row(l, row);
    l->current = NULL;
    return e;
}

static struct err *index_row(void *arg, struct str key, struct str value, bool *stop)
{
    struct table_load *l = arg;
    (void)stop;
    TRY(table_decode_row(l->rel, value, l->rel->natts, l->stored));
    index_eval_reset(l->eval);
    l->current = l->stored;
    struct err *e = add_entries(l, l->stored, table_row_suffix(key));
    l->current = NULL;
    return e;
}

/* The entries of the rows that stayed. */
static struct err *index_rows(struct table_load *l)
{
    struct txn_view view = txn_view_newest(l->env.cat->txn);
    struct err *e = table_each(&view, l->to->storage_id, index_row, l);
    txn_view_done(&view);
    return e;
}

static struct err *finish_indexes(struct table_load *l)
{
    for (int i = 0; i < l->rel->nindexes; i++) {
        struct txn_bulk *bulk = l->indexes[i].bulk;
        l->indexes[i].bulk = NULL;
        if (bulk)
            TRY(txn_bulk_finish(bulk, NULL));
    }
    return NULL;
}

struct err *table_load_finish(struct table_load *l, uint64_t *rows)
{
    struct txn_bulk *bulk = l->table;
    l->table = NULL;
    TRY(txn_bulk_finish(bulk, NULL));
    l->rows -= l->lost;
    if (l->to->resolve && l->eval)
        TRY(index_rows(l));
    TRY(finish_indexes(l));
    txn_count_rows(l->env.cat->txn, l->to->storage_id, (int64_t)l->rows);
    if (rows)
        *rows = l->rows;
    return NULL;
}

struct err *table_load_indexes(const struct exec_env *env, struct relation *rel,
                               const struct table_load_to *to, table_load_duplicate duplicate,
                               void *arg)
{
    struct table_load *l = new_load(env, rel, to, duplicate, arg);
    struct err *e = l ? open_indexes(l) : err_oom();
    if (!e && l->eval)
        e = index_rows(l);
    if (!e)
        e = finish_indexes(l);
    table_load_free(l);
    return e;
}

void table_load_free(struct table_load *l)
{
    if (!l)
        return;
    txn_bulk_abort(l->table);
    for (int i = 0; i < l->rel->nindexes; i++)
        txn_bulk_abort(l->indexes[i].bulk);
    index_eval_free(l->eval);
    buf_done(&l->key);
    buf_done(&l->tuple);
    buf_done(&l->entry);
    arena_done(&l->arena);
    arena_done(&l->items);
    free(l);
}
