/* ANALYZE: a sample of a table's rows, and what it says about each column.
 *
 * The sample is uniform over the rows (reservoir sampling: Vitter, Algorithm R); the whole table is
 * passed over, but only sampled rows are decoded. What is kept of a column is as in PostgreSQL's
 * manual, chapter 53.51; the number of different values is estimated as there (Haas and Stokes,
 * "Sampling-based estimation of the number of distinct values", estimator Duj1). */
#include "exec/ddl_internal.h"

#include "base/clock.h"
#include "base/hash.h"
#include "catalog/statistics.h"
#include "catalog/table.h"
#include "exec/exec_internal.h"
#include "rt/fiber.h"

#include <math.h>
#include <stdlib.h>

enum {
    ROWS_PER_TARGET = 300, /* sampled rows for each common value or bound that is wanted */
    WIDE_BYTES = 1024,     /* longer values count, but are not kept */
    PAGE_BYTES = 8192,     /* what pg_class.relpages counts */
    SHORT_BYTES = 126, /* values up to it are counted with one byte more, longer ones with four */
};

struct sampled_row {
    int64_t position;     /* among the table's rows */
    struct datum *values; /* natts; of wide ones only the length */
    struct buf bytes;     /* what they refer to */
};

struct sample {
    struct relation *rel;
    struct sampled_row *rows;
    int nrows;
    int wanted;
    int64_t seen;
    uint64_t random;
    uint64_t total_bytes;
    struct datum *decoded;
};

/* ---- sampling ---- */

static bool is_wide(const struct attr *a, struct datum d)
{
    return !d.null && !a->ops->byval && d.len > WIDE_BYTES;
}

static struct err *keep_row(struct sample *s, struct sampled_row *row, struct str bytes)
{
    const struct relation *r = s->rel;
    size_t size = 0;
    TRY(table_decode_row(r, bytes, r->natts, s->decoded));
    if (!row->values)
        row->values = calloc((size_t)r->natts + 1, sizeof(*row->values));
    if (!row->values)
        return err_oom();
    for (int i = 0; i < r->natts; i++)
        if (r->atts[i].ops && !s->decoded[i].null && !r->atts[i].ops->byval &&
            !is_wide(&r->atts[i], s->decoded[i]))
            size += s->decoded[i].len;
    buf_reset(&row->bytes);
    if (!buf_reserve(&row->bytes, size + 1))
        return err_oom();
    for (int i = 0; i < r->natts; i++) {
        struct datum *d = &row->values[i];
        *d = s->decoded[i];
        if (!r->atts[i].ops || d->null || r->atts[i].ops->byval || is_wide(&r->atts[i], *d))
            continue;
        uint8_t *at = row->bytes.data + row->bytes.len;
        buf_put(&row->bytes, d->p, d->len);
        d->p = at;
    }
    row->position = s->seen;
    return buf_finish(&row->bytes);
}

static struct err *sample_row(void *arg, struct str key, struct str value, bool *stop)
{
    struct sample *s = arg;
    struct err *e = NULL;
    (void)stop;
    if (s->nrows < s->wanted) {
        e = keep_row(s, &s->rows[s->nrows], value);
        s->nrows += !e;
    } else {
        s->random = hash_combine(s->random, (uint64_t)s->seen);
        uint64_t place = s->random % (uint64_t)(s->seen + 1);
        if (place < (uint64_t)s->wanted)
            e = keep_row(s, &s->rows[place], value);
    }
    s->seen++;
    s->total_bytes += key.len + value.len;
    return e;
}

static int by_position(const void *a, const void *b)
{
    int64_t x = ((const struct sampled_row *)a)->position;
    int64_t y = ((const struct sampled_row *)b)->position;
    return x < y ? -1 : x > y;
}

static struct err *take_sample(struct ddl *d, struct relation *r, int target, struct sample *s)
{
    *s = (struct sample){.rel = r, .wanted = target * ROWS_PER_TARGET};
    s->decoded = arena_new_array(d->arena, struct datum, r->natts + 1);
    s->rows = calloc((size_t)s->wanted, sizeof(*s->rows));
    if (!s->rows)
        return err_oom();
    random_bytes(&s->random, sizeof(s->random));
    struct txn_view view = txn_view_newest(d->cat->txn);
    struct err *e = table_each(&view, systab_storage_id(d->cat, r, r->storage_id), sample_row, s);
    txn_view_done(&view);
    qsort(s->rows, (size_t)s->nrows, sizeof(*s->rows), by_position);
    return e;
}

static void drop_sample(struct sample *s)
{
    for (int i = 0; s->rows && i < s->wanted; i++) {
        free(s->rows[i].values);
        buf_done(&s->rows[i].bytes);
    }
    free(s->rows);
}

/* ---- one column ---- */

struct value {
    struct datum d;
    int row; /* of the sample */
};

/* Equal values of the sorted sample. */
struct group {
    int first;
    int count;
};

struct column {
    const struct type_ops *ops;
    struct arena *arena;
    int target;
    double total_rows;
    int sampled; /* rows, NULLs and wide values included */
    struct value *values;
    int nvalues;
    int nnull;
    int nwide;
    double width_sum;
    struct group *groups;
    int ngroups;
    int nsingle; /* groups of one */
    struct column_stats *out;
};

static int compare_values(const void *a, const void *b, void *arg)
{
    const struct type_ops *ops = arg;
    const struct value *x = a;
    const struct value *y = b;
    int c = ops->compare(ops, x->d, y->d);
    return c ? c : x->row - y->row;
}

static double stored_width(uint32_t len)
{
    return len + (len <= SHORT_BYTES ? 1.0 : 4.0);
}

static void collect(struct column *c, const struct sample *s, int att)
{
    c->values = arena_new_array(c->arena, struct value, s->nrows + 1);
    for (int i = 0; i < s->nrows; i++) {
        struct datum d = s->rows[i].values[att];
        if (d.null) {
            c->nnull++;
            continue;
        }
        c->width_sum += c->ops->byval ? (double)c->ops->len : stored_width(d.len);
        if (is_wide(&s->rel->atts[att], d))
            c->nwide++;
        else
            c->values[c->nvalues++] = (struct value){d, i};
    }
}

static void group_values(struct column *c)
{
    qsort_r(c->values, (size_t)c->nvalues, sizeof(*c->values), compare_values, (void *)c->ops);
    c->groups = arena_new_array(c->arena, struct group, c->nvalues + 1);
    for (int i = 0; i < c->nvalues; i++) {
        struct group *last = c->ngroups ? &c->groups[c->ngroups - 1] : NULL;
        if (last && !c->ops->compare(c->ops, c->values[last->first].d, c->values[i].d))
            last->count++;
        else
            c->groups[c->ngroups++] = (struct group){i, 1};
    }
    for (int i = 0; i < c->ngroups; i++)
        c->nsingle += c->groups[i].count == 1;
}

/* See struct column_stats. Wide values count as different from all others. */
static double estimate_distinct(const struct column *c)
{
    double not_null = (double)(c->nvalues + c->nwide);
    double present = 1 - c->out->null_fraction;
    double d = c->ngroups + c->nwide;
    double single = c->nsingle + c->nwide;
    if (single == d)
        return -present; /* each value once: a key, or nearly */
    if (single > 0) {
        double all = c->total_rows * present;
        d = not_null * d / (not_null - single + single * not_null / fmax(all, 1));
        d = floor(fmin(fmax(d, c->ngroups + c->nwide), all) + 0.5);
    }
    return d > 0.1 * c->total_rows ? -(d / c->total_rows) : d;
}

static int by_count(const void *a, const void *b)
{
    const struct group *x = a;
    const struct group *y = b;
    return x->count != y->count ? y->count - x->count : x->first - y->first;
}

/* How many of the groups, the greatest first, are common values: those that stand out from what the
 * others have on average by more than the sample's chance explains. */
static int count_common(const struct column *c, const struct group *groups, int n, double distinct)
{
    double sampled = c->sampled;
    double kept = 0;
    for (int i = 0; i < n; i++)
        kept += groups[i].count;
    if (n == c->ngroups && !c->nsingle && !c->nwide)
        return n; /* all values there are */
    for (; n > 0; n--) {
        double count = groups[n - 1].count;
        double others = fmax(distinct - (n - 1), 1);
        double rest = fmax(1 - (kept - count) / sampled - c->out->null_fraction, 0);
        double expected = fmin(rest / others, 1) * sampled;
        double population = c->total_rows;
        double in_population = population * expected / sampled;
        double variance = population > 1 ? sampled * in_population * (population - in_population) *
                                               fmax(population - sampled, 0) /
                                               (population * population * (population - 1))
                                         : 0;
        if (count > expected + 2 * sqrt(variance) + 0.5)
            break;
        kept -= count;
    }
    return n;
}

static void choose_common(struct column *c, bool *is_common)
{
    struct group *order =
        arena_memdup(c->arena, c->groups, sizeof(*order) * ((size_t)c->ngroups + 1));
    double distinct = stats_distinct(c->out, c->total_rows);
    int n = 0;
    qsort(order, (size_t)c->ngroups, sizeof(*order), by_count);
    while (n < c->ngroups && n < c->target && order[n].count > 1)
        n++;
    n = count_common(c, order, n, distinct);
    c->out->ncommon = n;
    c->out->common = arena_new_array(c->arena, struct datum, n + 1);
    c->out->common_fraction = arena_new_array(c->arena, double, n + 1);
    for (int i = 0; i < n; i++) {
        c->out->common[i] = c->values[order[i].first].d;
        c->out->common_fraction[i] = order[i].count / (double)c->sampled;
        for (int k = 0; k < order[i].count; k++)
            is_common[order[i].first + k] = true;
    }
}

static void choose_bounds(struct column *c, const bool *is_common)
{
    struct datum *rest = arena_new_array(c->arena, struct datum, c->nvalues + 1);
    int n = 0;
    int left = c->ngroups - c->out->ncommon;
    for (int i = 0; i < c->nvalues; i++)
        if (!is_common[i])
            rest[n++] = c->values[i].d;
    int nbounds = left < c->target + 1 ? left : c->target + 1;
    if (nbounds < 2)
        return;
    c->out->bounds = arena_new_array(c->arena, struct datum, nbounds);
    c->out->nbounds = nbounds;
    for (int i = 0; i < nbounds; i++)
        c->out->bounds[i] = rest[(int64_t)i * (n - 1) / (nbounds - 1)];
}

/* Pearson's coefficient of a value's rank and its row's. */
static double correlation(const struct column *c)
{
    double n = c->nvalues;
    double sum = n * (n - 1) / 2;
    double squares = (n - 1) * n * (2 * n - 1) / 6;
    double products = 0;
    int *rank = arena_new_array(c->arena, int, c->sampled + 1);
    int at = 0;
    if (n < 2)
        return n == 1 ? 1 : 0;
    for (int i = 0; i < c->nvalues; i++)
        rank[c->values[i].row] = i + 1;
    for (int row = 0; row < c->sampled; row++)
        if (rank[row])
            products += (double)(rank[row] - 1) * at++;
    return (n * products - sum * sum) / (n * squares - sum * sum);
}

static void describe(struct column *c)
{
    struct column_stats *s = c->out;
    int not_null = c->nvalues + c->nwide;
    s->null_fraction = c->sampled ? c->nnull / (double)c->sampled : 0;
    s->width = not_null ? (int)(c->width_sum / not_null) : c->ops->byval ? c->ops->len : 0;
    if (!c->ops->compare || !c->nvalues)
        return;
    group_values(c);
    s->distinct = estimate_distinct(c);
    bool *is_common = arena_new_array(c->arena, bool, c->nvalues + 1);
    choose_common(c, is_common);
    choose_bounds(c, is_common);
    s->correlation = correlation(c);
    s->has_correlation = true;
}

static struct err *analyze_column(struct ddl *d, const struct sample *s, int att, int target)
{
    struct column_stats stats = {0};
    struct arena arena;
    arena_init(&arena);
    struct column c = {.ops = s->rel->atts[att].ops,
                       .arena = &arena,
                       .target = target,
                       .total_rows = (double)s->seen,
                       .sampled = s->nrows,
                       .out = &stats};
    collect(&c, s, att);
    describe(&c);
    struct err *e = s->nrows ? stats_store(d->cat, s->rel, att + 1, &stats)
                             : stats_forget(d->cat, s->rel->oid, att + 1);
    arena_done(&arena);
    return e ? e : fiber_tick();
}

/* ---- entry ---- */

struct err *ddl_analyze(struct ddl *d, struct relation *r, const bool *columns, int target)
{
    struct sample s;
    struct err *e = take_sample(d, r, target, &s);
    for (int i = 0; !e && i < r->natts; i++)
        if (!r->atts[i].dropped && r->atts[i].ops && (!columns || columns[i]))
            e = analyze_column(d, &s, i, target);
    if (!e)
        e = ddl_update_class(d->cat, r->oid, CLS_TUPLES, datum_f32((float)s.seen));
    if (!e)
        e = ddl_update_class(d->cat, r->oid, CLS_PAGES,
                             datum_int((int64_t)((s.total_bytes + PAGE_BYTES - 1) / PAGE_BYTES)));
    drop_sample(&s);
    return e;
}
