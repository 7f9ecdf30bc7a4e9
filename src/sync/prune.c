/* Which files of a Delta table can have rows that a filter lets through, by their partition values
 * and by the statistics in the log, and which row groups and pages of files, by theirs. In doubt a
 * file is read: a value that cannot be compared surely, a statistic that is not there.
 *
 * What the statistics leave open: texts are cut (the least may be too small, the greatest is made
 * larger), times are cut to milliseconds, of a double that was a float there is the shortest text
 * of the float, NaN is not among floating-point numbers, and counts of NULLs are exact only at 0
 * and at the number of rows. */
#include "sync/sync_internal.h"

#include "lake/choose.h"
#include "lake/jsondoc.h"
#include "sql/table_function.h"

#include <math.h>

enum { CUT_US = 999 }; /* what a time loses */

static bool is_float(uint32_t oid)
{
    return oid == FLOAT4_OID || oid == FLOAT8_OID;
}

static bool is_nan(uint32_t oid, struct datum v)
{
    return (oid == FLOAT4_OID && isnan(v.f32)) || (oid == FLOAT8_OID && isnan(v.f64));
}

static bool is_string(uint32_t oid)
{
    return oid == TEXT_OID || oid == VARCHAR_OID;
}

/* Types whose text in the statistics of the log is the input of SQL's type. */
static bool reads_as_text(uint32_t oid)
{
    switch (oid) {
    case INT2_OID:
    case INT4_OID:
    case INT8_OID:
    case NUMERIC_OID:
    case DATE_OID:
    case TEXT_OID:
    case VARCHAR_OID:
    case FLOAT4_OID:
    case FLOAT8_OID:
    case TIMESTAMP_OID:
    case TIMESTAMPTZ_OID:
        return true;
    }
    return false;
}

/* *known false: it cannot be told. */
static void read_value(struct str text, uint32_t oid, struct arena *arena, struct datum *out,
                       bool *known)
{
    static const struct type_env env;
    const struct type_ops *ops = type_by_oid(oid);
    *known = false;
    if (oid == TIMESTAMPTZ_OID && (!text.len || text.data[text.len - 1] != 'Z'))
        return;
    struct err *e = ops->in(ops, &env, text, -1, arena, out);
    bool time = oid == TIMESTAMPTZ_OID || oid == TIMESTAMP_OID;
    *known = !e && !(oid == FLOAT4_OID && !isfinite(out->f32)) &&
             !(oid == FLOAT8_OID && !isfinite(out->f64)) &&
             !(time && (out->i == INT64_MIN || out->i == INT64_MAX));
    err_free(e);
}

static int compare(const struct type_ops *ops, struct datum a, struct datum b)
{
    if (is_string(ops->oid))
        return str_cmp(datum_as_str(a), datum_as_str(b));
    return ops->compare(ops, a, b);
}

/* Whether `value op with` may hold for a value between the two, either of which may be NULL: not
 * known. */
static bool may_compare(int strategy, const struct type_ops *ops, struct datum with,
                        const struct datum *least, const struct datum *greatest)
{
    bool ordered = !is_string(ops->oid); /* by bytes, which need not be the collation's order */
    /* NaN is above all: it may be where a greater value, or itself, is looked for. */
    bool above = greatest && !(is_float(ops->oid) && (strategy != 3 || is_nan(ops->oid, with)));
    int low = least ? compare(ops, *least, with) : -1;
    int high = above ? compare(ops, *greatest, with) : 1;
    switch (strategy) {
    case 1:
        return !ordered || low < 0;
    case 2:
        return !ordered || low <= 0;
    case 3:
        return low <= 0 && high >= 0;
    case 4:
        return !ordered || high >= 0;
    case 5:
        return !ordered || high > 0;
    }
    return true;
}

static bool may_hold(const struct tf_filter *f, const struct type_ops *ops,
                     const struct datum *least, const struct datum *greatest)
{
    if (least && greatest && compare(ops, *least, *greatest) > 0)
        return true; /* they make no sense */
    for (size_t i = 0; i < f->nvalues; i++)
        if (may_compare(f->strategy, ops, f->values[i], least, greatest))
            return true;
    return false;
}

/* Types that compare alike here and in the file. */
static bool has_bounds(uint32_t oid)
{
    switch (oid) {
    case BOOL_OID:
    case TIME_OID:
    case UUID_OID:
    case BYTEA_OID:
        return true;
    }
    return reads_as_text(oid);
}

/* False: not known. Texts are compared as bytes, and may be cut inside a character. */
static bool read_bound(const struct lake_vec *v, const struct value_type *type, struct arena *arena,
                       struct datum *out)
{
    if (!v || !has_bounds(type->oid))
        return false;
    if (is_string(type->oid) && v->phys == LAKE_PHYS_BYTES) {
        *out = datum_bytes(v->bytes[0].data, v->bytes[0].len);
        return true;
    }
    struct err *e = value_get(v, 0, type, arena, out);
    bool fine = !e && !out->null;
    err_free(e);
    return fine;
}

bool prune_may(void *arg, size_t which, const struct lake_summary *s)
{
    const struct prune_rule *rule = arg;
    const struct tf_filter *f = &rule->filters[which];
    const struct value_type *type = &rule->types[f->column];
    struct datum least, greatest;
    if (f->strategy == 0)
        return s->null_count != 0;
    if (s->null_count >= 0 && s->null_count == s->row_count)
        return false;
    if (f->strategy == 7)
        return true;
    arena_reset(rule->scratch);
    bool has_least = read_bound(s->least, type, rule->scratch, &least);
    bool has_greatest = read_bound(s->greatest, type, rule->scratch, &greatest);
    return may_hold(f, type_by_oid(type->oid), has_least ? &least : NULL,
                    has_greatest ? &greatest : NULL);
}

/* ---- files of a Delta table ---- */

static struct str scalar_text(const struct json_value *v)
{
    bool scalar = v && (v->kind == JSON_NUMBER || v->kind == JSON_STRING);
    return scalar ? v->text : (struct str){0};
}

/* How far a float may be from its text, which is that of a double now. */
static double float_error(double v)
{
    return fabs(v) * 0x1p-24 + 0x1p-149;
}

static bool statistics_may(const struct json_value *stats, const struct delta_file *file,
                           const char *column, const struct tf_filter *f, uint32_t oid,
                           struct arena *arena)
{
    int64_t nulls;
    bool counted = json_get_i64(json_get(stats, "nullCount"), column, &nulls);
    struct str low = scalar_text(json_get(json_get(stats, "minValues"), column));
    struct str high = scalar_text(json_get(json_get(stats, "maxValues"), column));
    struct datum least, greatest;
    bool has_least = false, has_greatest = false;
    if (f->strategy == 0)
        return !counted || nulls != 0;
    if (counted && file->row_count >= 0 && nulls == file->row_count)
        return false;
    if (f->strategy == 7 || !reads_as_text(oid))
        return true;
    if (low.data)
        read_value(low, oid, arena, &least, &has_least);
    if (high.data)
        read_value(high, oid, arena, &greatest, &has_greatest);
    if (has_greatest && (oid == TIMESTAMPTZ_OID || oid == TIMESTAMP_OID))
        greatest.i += CUT_US;
    if (has_least && oid == FLOAT8_OID)
        least.f64 -= float_error(least.f64);
    if (has_greatest && oid == FLOAT8_OID)
        greatest.f64 += float_error(greatest.f64);
    return may_hold(f, type_by_oid(oid), has_least ? &least : NULL,
                    has_greatest ? &greatest : NULL);
}

struct pruner {
    struct source *source;
    const struct tf_filter *filters;
    int count;
    const struct value_type *types;
    struct arena scratch; /* of a file */
    struct arena bounds;  /* of a partition value */
};

/* The position among the partition columns; -1: none of them. */
static int partition_of(const struct source *s, int column)
{
    uint32_t n;
    const uint32_t *columns = delta_partition_columns(s->snapshot, &n);
    for (uint32_t i = 0; i < n; i++)
        if (columns[i] == (uint32_t)column)
            return (int)i;
    return -1;
}

/* The value that all rows of the file have is both bounds; one that cannot be read is left to the
 * scan to tell of. */
static bool partition_may(struct pruner *p, size_t which, const struct lake_field *field,
                          const struct delta_partition_value *value)
{
    struct lake_vec vec;
    struct prune_rule rule = {p->filters, p->types, &p->bounds};
    struct lake_summary s = {.row_count = 1, .null_count = value->is_null};
    struct err *e = delta_partition_vec(p->source->snapshot, field->type, field->name, value, 1,
                                        &p->scratch, &vec);
    if (!e && !value->is_null)
        s.least = s.greatest = &vec;
    err_free(e);
    return prune_may(&rule, which, &s);
}

static bool may_have(struct pruner *p, const struct delta_file *file)
{
    const char *reason;
    size_t offset;
    const struct json_value *stats = NULL;
    for (int i = 0; i < p->count; i++) {
        const struct tf_filter *f = &p->filters[i];
        const struct lake_field *field = &p->source->schema->fields[f->column];
        uint32_t oid = p->types[f->column].oid;
        int at = partition_of(p->source, f->column);
        if (at >= 0 && !partition_may(p, (size_t)i, field, &file->partition_values[at]))
            return false;
        if (at >= 0 || !file->stats.len)
            continue;
        if (!stats)
            stats = json_parse(&p->scratch, file->stats, &reason, &offset);
        const char *name =
            arena_strndup(&p->scratch, field->physical_name.data, field->physical_name.len);
        if (!statistics_may(stats, file, name, f, oid, &p->scratch))
            return false;
    }
    return true;
}

void source_prune(struct source *s, const struct value_type *types, const struct tf_filter *filters,
                  int count, struct arena *arena, struct source_choice *out)
{
    struct pruner p = {.source = s, .filters = filters, .count = count, .types = types};
    uint32_t n;
    const struct delta_file *const *files = delta_files(s->snapshot, &n);
    *out = (struct source_choice){.files = arena_new_array(arena, uint32_t, (size_t)n + 1)};
    arena_init(&p.scratch);
    arena_init(&p.bounds);
    for (uint32_t i = 0; i < n; i++) {
        uint64_t bytes = files[i]->size_bytes > 0 ? (uint64_t)files[i]->size_bytes : 0;
        arena_reset(&p.scratch);
        if (may_have(&p, files[i])) {
            out->files[out->count++] = i;
            out->bytes += bytes;
        } else {
            out->skipped++;
            out->skipped_bytes += bytes;
        }
    }
    arena_done(&p.scratch);
    arena_done(&p.bounds);
}
