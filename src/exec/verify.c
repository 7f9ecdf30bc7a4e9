/* See verify.h. Rows and index entries are read through one snapshot of the transaction; keys are
 * computed anew from the rows and compared with what is stored. */
#include "exec/verify.h"

#include "catalog/systab.h"
#include "catalog/table.h"
#include "exec/index_eval.h"
#include "rt/fiber.h"
#include "txn/txn.h"

#include <stdarg.h>
#include <stdio.h>

enum { MAX_KEYS = 32, MAX_REPORTS = 20 };

struct verify {
    struct session *s;
    struct verify_report *report;
    struct relation *rel;
    struct index_eval *eval;
    struct arena arena;
    struct arena items; /* of one row */
    struct datum *row;
    struct txn_view view;
    struct buf key;
    uint64_t reported; /* about this table */
};

/* The first ones of each table: one damaged page can put out of order very many. */
__attribute__((format(printf, 2, 3))) static void wrong(struct verify *v, const char *format, ...)
{
    char text[1024];
    va_list ap;
    v->report->problems++;
    if (++v->reported > MAX_REPORTS)
        return;
    int n = snprintf(text, sizeof(text), "table \"%s.%s\": ", v->rel->nsp_name, v->rel->name);
    va_start(ap, format);
    if (n > 0 && (size_t)n < sizeof(text))
        vsnprintf(text + n, sizeof(text) - (size_t)n, format, ap);
    va_end(ap);
    v->report->problem(v->report->arg, text);
}

/* A key as hexadecimal digits, cut when long. */
static const char *shown(struct str key, char text[80])
{
    size_t n = key.len < 32 ? key.len : 32;
    for (size_t i = 0; i < n; i++)
        snprintf(text + 2 * i, 3, "%02x", (unsigned char)key.data[i]);
    snprintf(text + 2 * n, 4, "%s", n < key.len ? "..." : "");
    return text;
}

/* ---- one row ---- */

/* A row's entries in an index. */
struct entries {
    struct verify *v;
    const struct index *ix;
    struct str row_key;
    struct str wanted; /* one of them? */
    bool found;
};

/* Calls fn with the key of each entry that the row in v->row should have. */
static struct err *each_entry(struct entries *entries, table_entry_fn fn)
{
    struct verify *v = entries->v;
    const struct index *ix = entries->ix;
    struct table_hooks hooks = index_eval_hooks(v->eval);
    struct datum datums[MAX_KEYS];
    bool applies = true;
    index_eval_reset(v->eval);
    arena_reset(&v->items);
    if (!table_plain_index_datums(ix, v->row, datums))
        TRY(hooks.index_datums(hooks.arg, ix, v->row, datums, &applies));
    if (!applies)
        return NULL;
    return table_each_entry(v->rel, ix, systab_storage_id(&v->s->cat, v->rel, ix->storage_id),
                            datums, table_row_suffix(entries->row_key), &v->key, &v->items, fn,
                            entries);
}

static struct err *verify_entry(void *arg, struct str key)
{
    struct entries *of = arg;
    struct verify *v = of->v;
    char text[80];
    struct str value;
    bool found;
    TRY(txn_get(&v->view, key, &value, &found));
    if (!found)
        wrong(v, "index \"%s\" has no entry for row %s", of->ix->name, shown(of->row_key, text));
    else if (!str_eq(value, table_row_suffix(of->row_key)))
        wrong(v, "index \"%s\" has the entry of row %s for another row", of->ix->name,
              shown(of->row_key, text));
    return NULL;
}

static struct err *find_entry(void *arg, struct str key)
{
    struct entries *of = arg;
    of->found |= str_eq(key, of->wanted);
    return NULL;
}

static struct err *decode(struct verify *v, struct str key, struct str value, bool *ok)
{
    char text[80];
    struct err *e = table_decode_row(v->rel, value, v->rel->natts, v->row);
    *ok = !e;
    if (!e)
        return NULL;
    wrong(v, "row %s: %s", shown(key, text), e->message);
    err_free(e);
    return NULL;
}

static struct err *verify_row(struct verify *v, uint32_t storage_id, struct str key,
                              struct str value)
{
    char text[80];
    bool ok;
    TRY(decode(v, key, value, &ok));
    if (!ok)
        return NULL;
    if (v->rel->primary) {
        buf_reset(&v->key);
        table_put_row_key(&v->key, storage_id, v->rel, v->row);
        TRY(buf_finish(&v->key));
        if (!str_eq(buf_str(&v->key), key))
            wrong(v, "row %s does not have that key", shown(key, text));
    } else if (key.len != 12) {
        wrong(v, "row %s has a key of a wrong length", shown(key, text));
    }
    for (int i = 0; i < v->rel->nindexes; i++)
        if (&v->rel->indexes[i] != v->rel->primary && !v->rel->indexes[i].primary)
            TRY(each_entry(&(struct entries){.v = v, .ix = &v->rel->indexes[i], .row_key = key},
                           verify_entry));
    return NULL;
}

/* ---- one index entry ---- */

static struct err *verify_row_of_entry(struct verify *v, const struct index *ix,
                                       uint32_t storage_id, struct str key, struct str value)
{
    char text[80];
    struct buf row_key = BUF_INIT;
    struct str row;
    bool found = false;
    bool decoded;
    table_put_storage_id(&row_key, storage_id);
    buf_put_str(&row_key, value);
    struct err *e = buf_finish(&row_key);
    if (!e)
        e = txn_get(&v->view, buf_str(&row_key), &row, &found);
    if (!e && !found) {
        wrong(v, "entry %s of index \"%s\" belongs to no row", shown(key, text), ix->name);
    } else if (!e) {
        struct entries of = {.v = v, .ix = ix, .row_key = buf_str(&row_key), .wanted = key};
        e = decode(v, buf_str(&row_key), row, &decoded);
        if (!e && decoded)
            e = each_entry(&of, find_entry);
        if (!e && !of.found)
            wrong(v, "entry %s of index \"%s\" is not the one of its row", shown(key, text),
                  ix->name);
    }
    buf_done(&row_key);
    return e;
}

/* ---- tables ---- */

struct each {
    struct verify *v;
    const struct index *ix; /* NULL: rows */
    uint32_t rows_id;
    uint64_t *count;
};

static struct err *verify_one(void *arg, struct str key, struct str value, bool *stop)
{
    struct each *each = arg;
    (void)stop;
    ++*each->count;
    return each->ix ? verify_row_of_entry(each->v, each->ix, each->rows_id, key, value)
                    : verify_row(each->v, each->rows_id, key, value);
}

/* Verifies the rows (ix NULL) or the entries of an index; *count tells how many. */
static struct err *each(struct verify *v, const struct index *ix, uint64_t *count)
{
    uint32_t rows_id = systab_storage_id(&v->s->cat, v->rel, v->rel->storage_id);
    uint32_t id = ix ? systab_storage_id(&v->s->cat, v->rel, ix->storage_id) : rows_id;
    struct each each = {v, ix, rows_id, count};
    *count = 0;
    return table_each(&v->view, id, verify_one, &each);
}

static struct err *verify_stored(struct verify *v)
{
    uint64_t rows;
    uint64_t entries;
    TRY(each(v, NULL, &rows));
    v->report->rows += rows;
    for (int i = 0; i < v->rel->nindexes; i++)
        if (&v->rel->indexes[i] != v->rel->primary && !v->rel->indexes[i].primary)
            TRY(each(v, &v->rel->indexes[i], &entries));
    int64_t kept = txn_row_count(txn_manager(v->s->cat.txn), v->rel->storage_id);
    if (!v->rel->system && kept != (int64_t)rows)
        wrong(v, "%llu rows, but the row count says %lld", (unsigned long long)rows,
              (long long)kept);
    if (v->reported > MAX_REPORTS)
        wrong(v, "%llu more problems", (unsigned long long)(v->reported - MAX_REPORTS));
    return NULL;
}

static struct err *verify_relation(struct session *s, struct relation *rel,
                                   struct verify_report *report)
{
    struct exec_env env = session_exec_env(s);
    struct verify v = {.s = s, .report = report, .rel = rel};
    report->tables++;
    arena_init(&v.arena);
    arena_init(&v.items);
    v.row = arena_new_array(&v.arena, struct datum, rel->natts + 1);
    v.eval = index_eval_new(&env, rel);
    v.view = txn_view_begin(s->cat.txn);
    struct err *e = verify_stored(&v);
    txn_view_done(&v.view);
    index_eval_free(v.eval);
    buf_done(&v.key);
    arena_done(&v.arena);
    arena_done(&v.items);
    return e;
}

/* The OIDs first: a scan of pg_class does not stay open over the work. */
static struct err *user_tables(struct session *s, struct arena *a, uint32_t **oids, int *count)
{
    struct relation *classes = systab_relation(PG_CLASS);
    struct datum *v = arena_new_array(a, struct datum, classes->natts);
    struct systab_scan scan;
    int cap = 0;
    *oids = NULL;
    *count = 0;
    TRY(systab_open(&s->cat, PG_CLASS, 0, NULL, 0, &scan));
    struct err *e;
    bool found;
    while (!(e = systab_next(&scan, v, &found)) && found) {
        char kind = (char)v[CLS_KIND].i;
        if (kind != 'r' && kind != 'm')
            continue;
        if (*count == cap) {
            int grown = cap ? cap * 2 : 64;
            uint32_t *more = arena_new_array(a, uint32_t, grown);
            if (cap)
                memcpy(more, *oids, (size_t)cap * sizeof(*more));
            *oids = more;
            cap = grown;
        }
        (*oids)[(*count)++] = (uint32_t)v[CLS_OID].u;
    }
    systab_close(&scan);
    return e;
}

struct err *verify_database(struct session *s, struct verify_report *r)
{
    struct arena a;
    uint32_t *oids;
    int n;
    arena_init(&a);
    struct relation *const *system = systab_all(&n);
    struct err *e = NULL;
    for (int i = 0; i < n && !e; i++)
        e = verify_relation(s, system[i], r);
    if (!e)
        e = user_tables(s, &a, &oids, &n);
    for (int i = 0; i < n && !e; i++) {
        struct relation *rel;
        e = cat_relation(&s->cat, oids[i], &rel);
        if (!e && rel)
            e = verify_relation(s, rel, r);
        if (!e)
            relation_unref(rel);
    }
    arena_done(&a);
    return e;
}
