/* System tables: see systab.h. Descriptors come from the built-in pg_class, pg_attribute and
 * pg_index rows; storage ids are positions in pg_class.tsv, whose order is part of the storage
 * format. */
#include "catalog/systab.h"

#include "base/hash.h"
#include "catalog/acl.h"
#include "catalog/table.h"
#include "types/key.h"
#include "types/tuple.h"

#include <pthread.h>
#include <stdlib.h>

enum {
    FIRST_SYSTEM_STORAGE_ID = 16,
    MAX_SYSTEM_TABLES = 96,
    MAX_SYSTEM_INDEXES = 192,
    MAX_KEYS = 4
};

struct system_table_entry {
    struct relation rel;
    const char *builtin_name; /* data file with built-in rows, NULL: none */
    const struct datum *rows;
    int nrows;
};

static struct arena arena; /* never freed */
static struct system_table_entry *entries;
static struct relation *relations[MAX_SYSTEM_TABLES];
static int nrelations;
/* Of the indexes: without columns, as nothing reads them as tables. */
static struct {
    struct relation rel;
    struct relation *table;
} indexes[MAX_SYSTEM_INDEXES];
static int nindexes;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_mutex_t rows_mu = PTHREAD_MUTEX_INITIALIZER; /* guards entry->rows while made */

/* Roles are ordinary stored rows, so that they can be altered. */
static bool rows_are_stored(const char *name)
{
    return strcmp(name, "pg_authid") == 0 || strcmp(name, "pg_auth_members") == 0;
}

static struct str cell(const struct builtin_table *t, int row, const char *column)
{
    int col = builtin_column(t, column);
    CHECK(col >= 0);
    return t->cells[row * t->ncols + col];
}

static int64_t to_number(struct str s)
{
    int64_t v = 0;
    CHECK(!s.data || str_to_int64(s, &v));
    return v;
}

static int64_t cell_number(const struct builtin_table *t, int row, const char *column)
{
    return to_number(cell(t, row, column));
}

static bool cell_bool(const struct builtin_table *t, int row, const char *column)
{
    return str_eq_c(cell(t, row, column), "t");
}

static const char *cell_text(const struct builtin_table *t, int row, const char *column)
{
    struct str s = cell(t, row, column);
    return arena_strndup(&arena, s.data, s.len);
}

static int8_t tuple_len(uint32_t type, const struct type_ops *ops)
{
    if (ops->len == 4 && (type == OID_OID || type == REGPROC_OID || type == XID_OID ||
                          type == CID_OID || type == REGCLASS_OID || type == REGTYPE_OID))
        return TUPLE_U32;
    return (int8_t)ops->len;
}

/* Text, array or node tree: what this layer can't handle natively is kept as its text. */
static const struct type_ops *ops_of(uint32_t type)
{
    const struct type_ops *ops = type_by_oid(type);
    return ops ? ops : type_by_oid(TEXT_OID);
}

static void load_attributes(struct relation *r)
{
    const struct builtin_table *t = builtin_table("pg_attribute");
    int first = 0;
    while (first < t->nrows && (uint32_t)cell_number(t, first, "attrelid") != r->oid)
        first++;
    int n = 0;
    while (first + n < t->nrows && (uint32_t)cell_number(t, first + n, "attrelid") == r->oid)
        n++;
    CHECK(n <= SYSTAB_MAX_COLUMNS);
    r->natts = n;
    r->atts = arena_new_array(&arena, struct attr, n);
    r->lens = arena_alloc(&arena, (size_t)n);
    for (int i = 0; i < n; i++) {
        struct attr *a = &r->atts[i];
        a->name = cell_text(t, first + i, "attname");
        a->type = (uint32_t)cell_number(t, first + i, "atttypid");
        a->typmod = -1;
        a->collation = (uint32_t)cell_number(t, first + i, "attcollation");
        a->ndims = (int)cell_number(t, first + i, "attndims");
        a->not_null = cell_bool(t, first + i, "attnotnull");
        a->ops = ops_of(a->type);
        r->lens[i] = tuple_len(a->type, a->ops);
    }
}

static int class_row(const struct builtin_table *t, uint32_t oid)
{
    for (int i = 0; i < t->nrows; i++)
        if ((uint32_t)cell_number(t, i, "oid") == oid)
            return i;
    UNREACHABLE();
}

static void load_index_columns(struct index *ix, const struct relation *r, struct str keys)
{
    ix->cols = arena_new_array(&arena, struct index_col, ix->ncols);
    for (int i = 0; i < ix->ncols; i++) {
        int64_t attnum = 0;
        CHECK(str_next_int64(&keys, &attnum));
        const struct attr *a = &r->atts[attnum - 1];
        ix->cols[i] = (struct index_col){
            .attnum = (int)attnum, .type = a->type, .collation = a->collation, .ops = a->ops};
    }
}

static void load_indexes(struct relation *r)
{
    const struct builtin_table *t = builtin_table("pg_index");
    const struct builtin_table *classes = builtin_table("pg_class");
    r->indexes = arena_new_array(&arena, struct index, 8);
    for (int i = 0; i < t->nrows; i++) {
        if ((uint32_t)cell_number(t, i, "indrelid") != r->oid)
            continue;
        CHECK(r->nindexes < 8);
        struct index *ix = &r->indexes[r->nindexes++];
        ix->oid = (uint32_t)cell_number(t, i, "indexrelid");
        int row = class_row(classes, ix->oid);
        ix->name = cell_text(classes, row, "relname");
        ix->unique = cell_bool(t, i, "indisunique");
        ix->primary = cell_bool(t, i, "indisprimary");
        ix->valid = true;
        ix->am = BTREE_AM;
        ix->nkeys = ix->ncols = (int)cell_number(t, i, "indnatts");
        ix->storage_id = ix->primary ? r->storage_id : (uint32_t)(FIRST_SYSTEM_STORAGE_ID + row);
        load_index_columns(ix, r, cell(t, i, "indkey"));
        if (ix->primary)
            r->primary = ix;
    }
}

static void add_index_relations(struct relation *table)
{
    for (int i = 0; i < table->nindexes; i++) {
        CHECK(nindexes < MAX_SYSTEM_INDEXES);
        struct relation *r = &indexes[nindexes].rel;
        indexes[nindexes++].table = table;
        arena_init(&r->arena);
        r->refs = 1;
        r->oid = table->indexes[i].oid;
        r->name = table->indexes[i].name;
        r->nsp = table->nsp;
        r->nsp_name = table->nsp_name;
        r->owner = table->owner;
        r->storage_id = table->indexes[i].storage_id;
        r->kind = 'i';
        r->persistence = table->persistence;
        r->system = true;
        r->shared = table->shared;
    }
}

static void load_all(void)
{
    arena_init(&arena);
    const struct builtin_table *t = builtin_table("pg_class");
    entries = arena_new_array(&arena, struct system_table_entry, MAX_SYSTEM_TABLES);
    for (int i = 0; i < t->nrows; i++) {
        if (!str_eq_c(cell(t, i, "relkind"), "r"))
            continue;
        CHECK(nrelations < MAX_SYSTEM_TABLES);
        struct system_table_entry *entry = &entries[nrelations];
        struct relation *r = &entry->rel;
        arena_init(&r->arena);
        r->refs = 1;
        r->oid = (uint32_t)cell_number(t, i, "oid");
        r->name = cell_text(t, i, "relname");
        r->nsp = PG_CATALOG_NSP;
        r->nsp_name = "pg_catalog";
        r->owner = BOOTSTRAP_ROLE;
        r->storage_id = (uint32_t)(FIRST_SYSTEM_STORAGE_ID + i);
        r->kind = 'r';
        r->persistence = 'p';
        r->system = true;
        r->shared = cell_bool(t, i, "relisshared");
        if (builtin_table(r->name) && !rows_are_stored(r->name))
            entry->builtin_name = r->name;
        load_attributes(r);
        load_indexes(r);
        add_index_relations(r);
        relations[nrelations++] = r;
    }
}

struct relation *const *systab_all(int *count)
{
    pthread_once(&once, load_all);
    *count = nrelations;
    return relations;
}

struct relation *systab_relation(uint32_t oid)
{
    pthread_once(&once, load_all);
    for (int i = 0; i < nrelations; i++)
        if (relations[i]->oid == oid)
            return relations[i];
    return NULL;
}

struct relation *systab_index(uint32_t oid, struct relation **table)
{
    pthread_once(&once, load_all);
    for (int i = 0; oid < FIRST_USER_OID && i < nindexes; i++)
        if (indexes[i].rel.oid == oid) {
            *table = indexes[i].table;
            return &indexes[i].rel;
        }
    return NULL;
}

struct relation *systab_by_name(struct str name)
{
    pthread_once(&once, load_all);
    for (int i = 0; i < nrelations; i++)
        if (str_eq_c(name, relations[i]->name))
            return relations[i];
    return NULL;
}

uint32_t systab_storage_id(const struct cat *c, const struct relation *r, uint32_t storage_id)
{
    return r->system && !r->shared ? c->sysbase + storage_id : storage_id;
}

/* ---- built-in rows ---- */

/* Functions that are not for everybody. */
static struct err *restrict_functions(const struct relation *r, struct datum *rows, int n)
{
    for (int i = 0; i < n; i++) {
        struct datum *row = &rows[i * r->natts];
        if (acl_restricted_function((uint32_t)row[PROC_OID].u))
            TRY(acl_restricted_list((uint32_t)row[PROC_OID].u, &arena, &row[PROC_ACL]));
    }
    return NULL;
}

static struct err *make_rows(struct system_table_entry *entry)
{
    const struct builtin_table *t = builtin_table(entry->builtin_name);
    const struct relation *r = &entry->rel;
    struct type_env env = {0};
    struct datum *rows = arena_new_array(&arena, struct datum, t->nrows * r->natts);
    for (int col = 0; col < r->natts; col++) {
        int source = builtin_column(t, r->atts[col].name);
        for (int row = 0; row < t->nrows; row++) {
            struct datum *d = &rows[row * r->natts + col];
            struct str text = source < 0 ? (struct str){0} : t->cells[row * t->ncols + source];
            *d = datum_null();
            if (text.data)
                TRY(r->atts[col].ops->in(r->atts[col].ops, &env, text, -1, &arena, d));
        }
    }
    if (r->oid == PG_PROC)
        TRY(restrict_functions(r, rows, t->nrows));
    entry->nrows = t->nrows;
    __atomic_store_n(&entry->rows, rows, __ATOMIC_RELEASE); /* pairs with the acquire below */
    return NULL;
}

/* pg_init_privs: what such functions have from the beginning, so that pg_dump tells what was
 * granted. */
static struct err *make_initial_privileges(struct system_table_entry *entry,
                                           const struct datum *procs, int nprocs)
{
    enum { OBJOID, CLASSOID, OBJSUBID, PRIVTYPE, INITPRIVS, COUNT };
    int n = 0;
    CHECK(entry->rel.natts == COUNT);
    struct datum *rows = arena_new_array(&arena, struct datum, nprocs * COUNT);
    for (int i = 0; i < nprocs; i++) {
        const struct datum *proc = &procs[i * PROC_COUNT];
        if (proc[PROC_ACL].null)
            continue;
        struct datum *row = &rows[n++ * COUNT];
        row[OBJOID] = proc[PROC_OID];
        row[CLASSOID] = datum_int(PG_PROC);
        row[OBJSUBID] = datum_int(0);
        row[PRIVTYPE] = datum_int('i');
        row[INITPRIVS] = proc[PROC_ACL];
    }
    entry->nrows = n;
    __atomic_store_n(&entry->rows, rows, __ATOMIC_RELEASE); /* pairs with the acquire below */
    return NULL;
}

struct err *systab_builtin_rows(uint32_t relid, const struct datum **rows, int *count)
{
    struct relation *r = systab_relation(relid);
    *rows = NULL;
    *count = 0;
    if (!r)
        return NULL;
    struct system_table_entry *entry = CONTAINER_OF(r, struct system_table_entry, rel);
    bool privileges = relid == PG_INIT_PRIVS;
    if (!entry->builtin_name && !privileges)
        return NULL;
    if (!__atomic_load_n(&entry->rows, __ATOMIC_ACQUIRE)) {
        const struct datum *procs = NULL;
        int nprocs = 0;
        if (privileges)
            TRY(systab_builtin_rows(PG_PROC, &procs, &nprocs));
        pthread_mutex_lock(&rows_mu);
        struct err *e = entry->rows  ? NULL
                        : privileges ? make_initial_privileges(entry, procs, nprocs)
                                     : make_rows(entry);
        pthread_mutex_unlock(&rows_mu);
        TRY(e);
    }
    *rows = entry->rows;
    *count = entry->nrows;
    return NULL;
}

struct err *systab_builtin_row(uint32_t relid, uint32_t oid, const struct datum **row)
{
    const struct relation *r = systab_relation(relid);
    const struct datum *rows;
    int n;
    *row = NULL;
    TRY(systab_builtin_rows(relid, &rows, &n));
    for (int i = 0; i < n && !*row; i++)
        if (rows[i * r->natts].u == oid)
            *row = &rows[i * r->natts];
    return NULL;
}

/* ---- scans ---- */

static const struct index *find_index(const struct relation *r, uint32_t oid)
{
    if (!oid)
        return NULL;
    const struct index *ix = relation_index(r, oid);
    CHECK(ix != NULL);
    return ix;
}

struct err *systab_open(struct cat *c, uint32_t relid, uint32_t index_oid, const struct datum *keys,
                        int nkeys, struct systab_scan *s)
{
    struct relation *r = systab_relation(relid);
    CHECK(r != NULL);
    *s = (struct systab_scan){.cat = c, .rel = r, .index = find_index(r, index_oid)};
    uint32_t sid = s->index ? s->index->storage_id : r->storage_id;
    table_put_storage_id(&s->lo, systab_storage_id(c, r, sid));
    for (int i = 0; i < nkeys; i++)
        key_put(&s->lo, s->index->cols[i].ops, keys[i], false, false);
    s->view = txn_view_newest(c->txn);
    struct err *e = buf_finish(&s->lo);
    if (!e) {
        buf_put_str(&s->hi, buf_str(&s->lo));
        key_successor(&s->hi, 0);
        e = buf_finish(&s->hi);
    }
    if (!e)
        e = txn_scan_open(&s->view, buf_str(&s->lo), buf_str(&s->hi), false, &s->scan);
    if (e)
        systab_close(s);
    return e;
}

/* Follows an entry of a secondary index to its row. */
static struct err *fetch_row(struct systab_scan *s, struct str suffix, struct str *row)
{
    bool found;
    buf_reset(&s->lo);
    table_put_storage_id(&s->lo, systab_storage_id(s->cat, s->rel, s->rel->storage_id));
    buf_put_str(&s->lo, suffix);
    TRY(buf_finish(&s->lo));
    s->row_key = buf_str(&s->lo);
    TRY(txn_get(&s->view, s->row_key, row, &found));
    if (!found)
        return err_new("XX001", "index \"%s\" has an entry without a row", s->index->name);
    return NULL;
}

struct err *systab_next(struct systab_scan *s, struct datum *values, bool *found)
{
    struct str key;
    struct str row;
    TRY(txn_scan_next(s->scan, &key, &row, found));
    if (!*found)
        return NULL;
    s->row_key = key;
    if (s->index && !s->index->primary)
        TRY(fetch_row(s, row, &row));
    return table_decode_row(s->rel, row, s->rel->natts, values);
}

void systab_close(struct systab_scan *s)
{
    txn_scan_close(s->scan);
    txn_view_done(&s->view);
    buf_done(&s->lo);
    buf_done(&s->hi);
    s->scan = NULL;
}

static void copy_row(const struct relation *r, struct arena *a, struct datum *values)
{
    for (int i = 0; i < r->natts; i++)
        values[i] = datum_copy(a, values[i], r->atts[i].ops->byval);
}

struct err *systab_get(struct cat *c, uint32_t relid, uint32_t index_oid, const struct datum *keys,
                       int nkeys, struct arena *a, struct datum *values, bool *found)
{
    struct systab_scan s;
    TRY(systab_open(c, relid, index_oid, keys, nkeys, &s));
    struct err *e = systab_next(&s, values, found);
    if (!e && *found)
        copy_row(s.rel, a, values);
    systab_close(&s);
    return e;
}

/* ---- writes ---- */

struct err *systab_insert(struct cat *c, uint32_t relid, const struct datum *values)
{
    struct relation *r = systab_relation(relid);
    struct table_writer w;
    struct table_conflict conflict;
    cat_changed(c);
    table_writer_init(&w, c, r);
    struct err *e = table_insert(&w, values, &conflict, NULL);
    if (!e && conflict.index)
        e = table_unique_error(&w, &conflict, values);
    table_writer_done(&w);
    return e;
}

/* Deletes what the scan finds, row by row: a scan of the newest view sees the deletes at once. */
struct err *systab_delete(struct cat *c, uint32_t relid, uint32_t index_oid,
                          const struct datum *keys, int nkeys, int *count)
{
    struct relation *r = systab_relation(relid);
    struct table_writer w;
    struct arena a;
    int deleted = 0;
    cat_changed(c);
    arena_init(&a);
    table_writer_init(&w, c, r);
    struct datum *values = arena_new_array(&a, struct datum, r->natts);
    struct err *e = NULL;
    for (bool found = true; !e && found;) {
        struct systab_scan s;
        struct buf row_key = BUF_INIT;
        e = systab_open(c, relid, index_oid, keys, nkeys, &s);
        if (e)
            break;
        e = systab_next(&s, values, &found);
        if (!e && found) {
            copy_row(r, &a, values);
            buf_put_str(&row_key, s.row_key);
        }
        systab_close(&s);
        if (!e && found) {
            e = table_delete(&w, buf_str(&row_key), values);
            deleted++;
        }
        buf_done(&row_key);
    }
    table_writer_done(&w);
    arena_done(&a);
    if (!e && count)
        *count = deleted;
    return e;
}

struct err *systab_lock(struct cat *c, uint32_t relid, uint32_t index_oid, const struct datum *keys,
                        int nkeys)
{
    struct systab_scan s;
    struct buf row_key = BUF_INIT;
    struct datum values[SYSTAB_MAX_COLUMNS];
    bool found = false;
    bool locked;
    TRY(systab_open(c, relid, index_oid, keys, nkeys, &s));
    struct err *e = systab_next(&s, values, &found);
    if (!e && found)
        buf_put_str(&row_key, s.row_key);
    systab_close(&s);
    if (!e)
        e = buf_finish(&row_key);
    if (!e && found)
        e = txn_lock_key(c->txn, buf_str(&row_key), TXN_UPDATE, TXN_WAIT, &locked);
    buf_done(&row_key);
    cat_forget_local(c, false); /* it may hold what others have changed */
    return e;
}

/* Locks a row for an update. Another may have changed it after it was read. */
static struct err *lock_as_read(struct cat *c, struct relation *r, struct str key,
                                const struct datum *as_read)
{
    struct datum now[SYSTAB_MAX_COLUMNS];
    struct str row;
    bool locked;
    bool found;
    TRY(txn_lock_key(c->txn, key, TXN_UPDATE, TXN_WAIT, &locked));
    struct txn_view view = txn_view_newest(c->txn);
    struct err *e = txn_get(&view, key, &row, &found);
    if (!e && !found)
        e = err_new("XX000", "tuple concurrently deleted");
    if (!e)
        e = table_decode_row(r, row, r->natts, now);
    if (!e && !table_same_row(r, as_read, now))
        e = err_new("XX000", "tuple concurrently updated");
    txn_view_done(&view);
    return e;
}

struct err *systab_update(struct cat *c, uint32_t relid, const struct datum *old_values,
                          const struct datum *values)
{
    struct relation *r = systab_relation(relid);
    struct table_writer w;
    struct table_conflict conflict;
    struct buf row_key = BUF_INIT;
    CHECK(r->primary != NULL); /* tables without one are never updated in place */
    cat_changed(c);
    table_writer_init(&w, c, r);
    table_put_row_key(&row_key, w.storage_id, r, old_values);
    struct err *e = buf_finish(&row_key);
    if (!e)
        e = lock_as_read(c, r, buf_str(&row_key), old_values);
    if (!e)
        e = table_update(&w, buf_str(&row_key), old_values, values, &conflict, NULL);
    if (!e && conflict.index)
        e = table_unique_error(&w, &conflict, values);
    table_writer_done(&w);
    buf_done(&row_key);
    return e;
}
