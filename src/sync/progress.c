/* How far runs are, in memory: the table function sync_progress(), which tarn.synced_tables shows,
 * and what a query of a table hears whose first load goes on. Also the pace of limited runs. */
#include "sync/sync_internal.h"

#include "base/clock.h"
#include "rt/fiber.h"
#include "sql/table_function.h"

#include <pthread.h>
#include <stdlib.h>

static pthread_mutex_t mu = PTHREAD_MUTEX_INITIALIZER;
static struct progress *all; /* guarded by mu */

void progress_begin(struct progress *p, uint32_t db, uint32_t relid, int64_t total,
                    int64_t start_ns)
{
    *p = (struct progress){.db = db, .relid = relid, .total = total, .start_ns = start_ns};
    pthread_mutex_lock(&mu);
    p->next = all;
    all = p;
    pthread_mutex_unlock(&mu);
}

void progress_end(struct progress *p)
{
    pthread_mutex_lock(&mu);
    for (struct progress **at = &all; *at; at = &(*at)->next) {
        if (*at == p) {
            *at = p->next;
            break;
        }
    }
    pthread_mutex_unlock(&mu);
}

/* ---- a table that has not been loaded ---- */

struct err *progress_not_loaded(struct session *s, const struct relation *rel)
{
    int64_t done = -1;
    int64_t total = -1;
    pthread_mutex_lock(&mu);
    for (struct progress *p = all; p; p = p->next) {
        if (p->db != s->cat.db || p->relid != rel->oid)
            continue;
        done = (int64_t)atomic_load_explicit(&p->done, memory_order_relaxed);
        total = p->total;
    }
    pthread_mutex_unlock(&mu);
    struct err *e =
        err_new("55000", "synced table \"%s\" has not finished its first load", rel->name);
    if (done < 0)
        err_detail(e, "The load is not running at the moment.");
    else if (total > 0)
        err_detail(e, "%lld of %lld rows have been read (%lld %%).", (long long)done,
                   (long long)total, (long long)(100 * (double)done / (double)total));
    else
        err_detail(e, "%lld rows have been read.", (long long)done);
    return err_hint(e,
                    "WAIT FOR SYNCED TABLE ... VERSION waits for it; tarn.synced_tables shows how "
                    "far it is and what went wrong.");
}

/* ---- sync_progress() ---- */

static const struct tf_column item_columns[] = {{"relid", OID_OID, -1},
                                                {"rows_done", INT8_OID, -1},
                                                {"rows_total", INT8_OID, -1},
                                                {"seconds", FLOAT8_OID, -1},
                                                {"share", FLOAT8_OID, -1}};

struct item {
    uint32_t relid;
    int64_t done, total, ns;
    double share;
};

struct listing {
    struct item *items;
    size_t count, next;
    struct datum row[ARRAY_LENGTH(item_columns)];
};

static struct err *describe(struct cat *cat, const struct tf_arg *args, int nargs,
                            struct arena *arena, struct tf_column **columns, int *ncolumns,
                            const void **plan_data)
{
    (void)cat, (void)args, (void)plan_data;
    if (nargs)
        return err_new("42883", "function sync_progress has no arguments");
    *columns = arena_memdup(arena, item_columns, sizeof(item_columns));
    *ncolumns = ARRAY_LENGTH(item_columns);
    return NULL;
}

static struct item item_of(const struct progress *p, int64_t now_ns)
{
    struct item i = {.relid = p->relid,
                     .done = (int64_t)atomic_load_explicit(&p->done, memory_order_relaxed),
                     .total = p->total,
                     .ns = now_ns - p->start_ns};
    if (p->total > 0)
        i.share = (double)i.done / (double)p->total;
    else
        i.share = (double)atomic_load_explicit(&p->share, memory_order_relaxed) / 1e6;
    i.share = i.share > 1 ? 1 : i.share;
    return i;
}

static struct err *open_listing(struct cat *cat, const struct tf_arg *args, int nargs,
                                const enum tf_use *uses, int ncolumns,
                                const struct tf_filter *filters, int nfilters,
                                const void *plan_data, void **scan)
{
    struct listing *l = calloc(1, sizeof(*l));
    size_t capacity = 0;
    int64_t now = clock_mono_ns();
    (void)args, (void)nargs, (void)uses, (void)ncolumns, (void)filters, (void)nfilters;
    (void)plan_data;
    if (!l)
        return err_oom();
    pthread_mutex_lock(&mu);
    for (struct progress *p = all; p; p = p->next)
        capacity++;
    l->items = calloc(capacity + 1, sizeof(*l->items));
    for (struct progress *p = all; p && l->items; p = p->next)
        if (p->db == cat->db)
            l->items[l->count++] = item_of(p, now);
    pthread_mutex_unlock(&mu);
    *scan = l;
    return NULL;
}

static struct err *next_item(void *scan, struct vector *columns, size_t *count)
{
    struct listing *l = scan;
    struct datum *row = l->row;
    *count = l->next < l->count;
    if (!*count)
        return NULL;
    const struct item *i = &l->items[l->next++];
    row[0] = datum_int(i->relid);
    row[1] = datum_int(i->done);
    row[2] = i->total < 0 ? datum_null() : datum_int(i->total);
    row[3] = datum_f64((double)i->ns / 1e9);
    row[4] = datum_f64(i->share);
    vectors_of_row(row, ARRAY_LENGTH(l->row), columns);
    return NULL;
}

static void close_listing(void *scan)
{
    struct listing *l = scan;
    free(l->items);
    free(l);
}

void progress_init(void)
{
    static const struct table_function f = {.name = "sync_progress",
                                            .describe = describe,
                                            .open = open_listing,
                                            .next = next_item,
                                            .close = close_listing};
    table_function_register(&f);
}

/* ---- the pace ---- */

enum { PACE_ROWS = 64 };

struct err *pace_take(struct pace *p)
{
    if (!p->rows_per_second || ++p->rows % PACE_ROWS)
        return NULL;
    if (!p->start_ns)
        p->start_ns = clock_mono_ns();
    int64_t due_ns = (int64_t)((double)p->rows / (double)p->rows_per_second * 1e9);
    int64_t ahead_ns = due_ns - (clock_mono_ns() - p->start_ns);
    return ahead_ns > 0 ? fiber_sleep(ahead_ns) : NULL;
}
