#include "catalog/statistics.h"

#include "catalog/systab.h"
#include "types/array.h"

enum { KIND_COMMON = 1, KIND_HISTOGRAM = 2, KIND_CORRELATION = 3, SLOTS = 5 };

/* ---- loading ---- */

static struct err *load_values(struct relation *r, struct datum d, int *count, struct datum **out)
{
    struct datum copy = datum_str(arena_str(&r->arena, datum_as_str(d)));
    struct array a;
    TRY(array_open(copy, &a));
    *out = arena_new_array(&r->arena, struct datum, a.nitems + 1);
    for (uint32_t i = 0; i < a.nitems; i++)
        (*out)[i] = array_get(&a, i);
    *count = (int)a.nitems;
    return NULL;
}

static struct err *load_common(struct relation *r, struct column_stats *s, struct datum values,
                               struct datum numbers)
{
    struct array fractions;
    TRY(array_open(numbers, &fractions));
    TRY(load_values(r, values, &s->ncommon, &s->common));
    if (fractions.nitems < (uint32_t)s->ncommon)
        s->ncommon = (int)fractions.nitems;
    s->common_fraction = arena_new_array(&r->arena, double, s->ncommon + 1);
    for (int i = 0; i < s->ncommon; i++) {
        s->common_fraction[i] = (double)array_get(&fractions, (uint32_t)i).f32;
        s->common_sum += s->common_fraction[i];
    }
    return NULL;
}

static struct err *load_row(struct relation *r, const struct datum *v)
{
    int64_t att = v[STA_ATTNUM].i;
    if (att < 1 || att > r->natts || r->atts[att - 1].dropped)
        return NULL;
    struct column_stats *s = arena_new(&r->arena, struct column_stats);
    s->null_fraction = (double)v[STA_NULLFRAC].f32;
    s->width = (int)v[STA_WIDTH].i;
    s->distinct = (double)v[STA_DISTINCT].f32;
    for (int k = 0; k < SLOTS; k++) {
        struct datum numbers = v[STA_NUMBERS + k];
        struct datum values = v[STA_VALUES + k];
        if (v[STA_KIND + k].i == KIND_COMMON && !numbers.null && !values.null)
            TRY(load_common(r, s, values, numbers));
        else if (v[STA_KIND + k].i == KIND_HISTOGRAM && !values.null)
            TRY(load_values(r, values, &s->nbounds, &s->bounds));
        else if (v[STA_KIND + k].i == KIND_CORRELATION && !numbers.null) {
            struct array a;
            TRY(array_open(numbers, &a));
            s->has_correlation = a.nitems > 0;
            s->correlation = a.nitems ? (double)array_get(&a, 0).f32 : 0;
        }
    }
    if (!r->stats)
        r->stats = arena_new_array(&r->arena, const struct column_stats *, r->natts);
    r->stats[att - 1] = s;
    return NULL;
}

struct err *stats_load(struct cat *c, struct relation *r)
{
    struct systab_scan s;
    struct datum key = datum_int(r->oid);
    struct datum v[STA_COUNT];
    TRY(systab_open(c, PG_STATISTIC, STATISTIC_INDEX, &key, 1, &s));
    struct err *e = NULL;
    for (bool found = true; !e && found;) {
        e = systab_next(&s, v, &found);
        if (!e && found)
            e = load_row(r, v);
    }
    systab_close(&s);
    return e;
}

/* ---- storing ---- */

static struct err *float_array(struct arena *a, const double *values, int n, struct datum *out)
{
    struct datum *items = arena_new_array(a, struct datum, n + 1);
    for (int i = 0; i < n; i++)
        items[i] = datum_f32((float)values[i]);
    return array_make_1d(type_by_oid(FLOAT4_OID), items, (size_t)n, a, out);
}

static struct err *make_row(struct arena *a, const struct relation *r, int att,
                            const struct column_stats *s, struct datum *v)
{
    const struct attr *column = &r->atts[att - 1];
    int slot = 0;
    for (int i = 0; i < STA_COUNT; i++)
        v[i] = i >= STA_NUMBERS ? datum_null() : datum_int(0);
    v[STA_RELID] = datum_int(r->oid);
    v[STA_ATTNUM] = datum_int(att);
    v[STA_NULLFRAC] = datum_f32((float)s->null_fraction);
    v[STA_WIDTH] = datum_int(s->width);
    v[STA_DISTINCT] = datum_f32((float)s->distinct);
    if (s->ncommon) {
        v[STA_KIND + slot] = datum_int(KIND_COMMON);
        TRY(float_array(a, s->common_fraction, s->ncommon, &v[STA_NUMBERS + slot]));
        TRY(array_make_1d(column->ops, s->common, (size_t)s->ncommon, a, &v[STA_VALUES + slot]));
        v[STA_COLL + slot++] = datum_int(column->collation);
    }
    if (s->nbounds) {
        v[STA_KIND + slot] = datum_int(KIND_HISTOGRAM);
        TRY(array_make_1d(column->ops, s->bounds, (size_t)s->nbounds, a, &v[STA_VALUES + slot]));
        v[STA_COLL + slot++] = datum_int(column->collation);
    }
    if (s->has_correlation) {
        v[STA_KIND + slot] = datum_int(KIND_CORRELATION);
        v[STA_COLL + slot] = datum_int(column->collation);
        TRY(float_array(a, &s->correlation, 1, &v[STA_NUMBERS + slot++]));
    }
    return NULL;
}

struct err *stats_store(struct cat *c, const struct relation *r, int att,
                        const struct column_stats *s)
{
    struct datum v[STA_COUNT];
    struct arena a;
    TRY(stats_forget(c, r->oid, att));
    arena_init(&a);
    struct err *e = make_row(&a, r, att, s, v);
    if (!e)
        e = systab_insert(c, PG_STATISTIC, v);
    arena_done(&a);
    return e;
}

struct err *stats_forget(struct cat *c, uint32_t relid, int att)
{
    struct datum keys[2] = {datum_int(relid), datum_int(att)};
    return systab_delete(c, PG_STATISTIC, STATISTIC_INDEX, keys, att ? 2 : 1, NULL);
}
