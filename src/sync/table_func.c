/* read_parquet(uri), read_delta(uri [, version => n] [, timestamp => t]) and
 * read_delta_changes(uri, from [, to]).
 *
 * The columns are worked out when a statement is analyzed and the rows when it runs. The source may
 * have changed in between (a prepared statement): then the run fails with 0A000 unless the columns
 * are still the same. */
#include "sync/sync_internal.h"

#include "lake/choose.h"
#include "rt/pool.h"
#include "sql/table_function.h"

#include <stdlib.h>

/* ---- arguments ---- */

static struct err *bad_arguments(const char *name, const char *hint)
{
    return err_hint(err_new("42883", "arguments do not fit function %s", name), "%s", hint);
}

static struct err *text_argument(const struct tf_arg *arg, struct str *out)
{
    if (arg->value.null)
        return err_new("22004", "the location of a source must not be null");
    *out = datum_as_str(arg->value);
    return NULL;
}

bool tf_is_text(uint32_t type)
{
    return type == TEXT_OID || type == VARCHAR_OID || type == UNKNOWN_OID || type == NAME_OID;
}

static struct err *timestamp_argument(const struct tf_arg *arg, int64_t *us)
{
    struct datum d = arg->value;
    struct arena a;
    struct err *e = NULL;
    arena_init(&a);
    if (tf_is_text(arg->type)) {
        static const struct type_env env;
        const struct type_ops *ops = type_by_oid(TIMESTAMPTZ_OID);
        e = ops->in(ops, &env, datum_as_str(arg->value), -1, &a, &d);
    } else if (arg->type != TIMESTAMPTZ_OID && arg->type != TIMESTAMP_OID) {
        e = err_new("42883", "timestamp must be a timestamp with time zone");
    }
    int64_t v = d.i;
    arena_done(&a);
    TRY(e);
    if (v == INT64_MAX || v == INT64_MIN || __builtin_add_overflow(v, PG_EPOCH_US, us))
        return err_new("22008", "timestamp out of range");
    return NULL;
}

static struct err *delta_argument(const struct tf_arg *arg, struct source_spec *spec)
{
    static const char hint[] = "Use read_delta(uri), with version => number or timestamp => time.";
    if (!arg->name)
        return bad_arguments("read_delta", hint);
    if (arg->value.null)
        return err_new("22004", "argument %s of read_delta must not be null", arg->name);
    if (spec->at.when != DELTA_NEWEST)
        return err_new("42P13", "version and timestamp exclude each other");
    if (strcmp(arg->name, "version") == 0) {
        if (arg->type != INT2_OID && arg->type != INT4_OID && arg->type != INT8_OID)
            return err_new("42883", "version must be a whole number");
        if (arg->value.i < 0)
            return err_new("22023", "version must not be negative");
        spec->at = (struct delta_at){.when = DELTA_VERSION, .version = arg->value.i};
        return NULL;
    }
    /* The parser's name for `timestamp =>`; "timestamp" in quotes comes as it is. */
    if (strcmp(arg->name, "timestamp") == 0 || strcmp(arg->name, "at_moment") == 0) {
        spec->at.when = DELTA_TIMESTAMP;
        return timestamp_argument(arg, &spec->at.timestamp_us);
    }
    return bad_arguments("read_delta", hint);
}

/* A version given by place, or as from_version => and to_version =>. */
static struct err *version_argument(const struct tf_arg *arg, int place, struct source_spec *spec)
{
    static const char hint[] = "Use read_delta_changes(uri, from_version [, to_version]).";
    bool from = arg->name ? strcmp(arg->name, "from_version") == 0 : place == 1;
    if (arg->name && !from && strcmp(arg->name, "to_version") != 0)
        return bad_arguments("read_delta_changes", hint);
    if (arg->type != INT2_OID && arg->type != INT4_OID && arg->type != INT8_OID)
        return bad_arguments("read_delta_changes", hint);
    if (arg->value.null)
        return err_new("22004", "a version of read_delta_changes must not be null");
    if (arg->value.i < 0)
        return err_new("22023", "version must not be negative");
    *(from ? &spec->from_version : &spec->to_version) = arg->value.i;
    return NULL;
}

struct err *tf_take_credential(struct cat *cat, const struct tf_arg **args, int *nargs,
                               struct arena *arena, const char **credential)
{
    struct tf_arg *rest = arena_new_array(arena, struct tf_arg, *nargs + 1);
    int n = 0;
    *credential = NULL;
    for (int i = 0; i < *nargs; i++) {
        const struct tf_arg *arg = &(*args)[i];
        if (!arg->name || strcmp(arg->name, "credential") != 0) {
            rest[n++] = *arg;
            continue;
        }
        if (*credential)
            return err_new("42601", "argument name \"credential\" used more than once");
        if (arg->value.null)
            return err_new("22004", "the name of a storage credential must not be null");
        if (!tf_is_text(arg->type))
            return err_new("42883", "credential must be the name of a storage credential, as text");
        struct str name = datum_as_str(arg->value);
        *credential = arena_strndup(arena, name.data, name.len);
    }
    *args = rest;
    *nargs = n;
    return *credential ? credential_check_use(cat, *credential) : NULL;
}

/* `arena` holds what *spec points to but for the location. */
static struct err *read_arguments(struct cat *cat, enum source_kind kind, const struct tf_arg *args,
                                  int nargs, struct arena *arena, struct source_spec *spec)
{
    const char *credential;
    static const struct {
        const char *name;
        int min, max;
        const char *hint;
    } shapes[] = {
        [SOURCE_PARQUET] = {"read_parquet", 1, 1, "Its only argument is the location, as text."},
        [SOURCE_DELTA] = {"read_delta", 1, 3,
                          "The first argument is the location of a Delta table, as text."},
        [SOURCE_CHANGES] = {"read_delta_changes", 2, 3,
                            "Use read_delta_changes(uri, from_version [, to_version])."},
    };
    TRY(tf_take_credential(cat, &args, &nargs, arena, &credential));
    *spec = (struct source_spec){.kind = kind, .from_version = -1, .to_version = -1};
    if (nargs < shapes[kind].min || nargs > shapes[kind].max || args[0].name ||
        !tf_is_text(args[0].type))
        return bad_arguments(shapes[kind].name, shapes[kind].hint);
    TRY(text_argument(&args[0], &spec->uri));
    for (int i = 1; i < nargs; i++)
        TRY(kind == SOURCE_DELTA ? delta_argument(&args[i], spec)
                                 : version_argument(&args[i], i, spec));
    if (kind == SOURCE_CHANGES && spec->from_version < 0)
        return bad_arguments(shapes[kind].name, shapes[kind].hint);
    if (kind != SOURCE_PARQUET)
        TRY(source_resolve_text(cat, credential, arena, spec));
    else if (credential)
        TRY(credential_access(cat, credential, arena, &spec->access));
    return source_check_access(cat, spec->uri);
}

/* ---- columns ---- */

/* What the plan relies on: kept with it and compared by open. */
struct described {
    int ncolumns;
    const char **names;
    struct value_type *types;
};

static struct err *map_columns(const struct lake_type *schema, struct arena *arena,
                               struct described *out)
{
    out->ncolumns = (int)schema->field_count;
    out->names = arena_new_array(arena, const char *, out->ncolumns + 1);
    out->types = arena_new_array(arena, struct value_type, out->ncolumns + 1);
    if (out->ncolumns > 30000)
        return err_new("54011", "sources can have at most 30000 columns");
    for (int i = 0; i < out->ncolumns; i++) {
        struct str name = schema->fields[i].name;
        out->names[i] = arena_strndup(arena, name.data, name.len);
        TRY(value_type_of(&schema->fields[i], &out->types[i]));
    }
    return NULL;
}

static struct err *describe(enum source_kind kind, struct cat *cat, const struct tf_arg *args,
                            int nargs, struct arena *arena, struct tf_column **columns,
                            int *ncolumns, const void **plan_data)
{
    struct source_spec spec;
    struct source *source;
    struct arena scratch;
    arena_init(&scratch);
    struct err *e = read_arguments(cat, kind, args, nargs, &scratch, &spec);
    spec.at.schema_only = true;
    if (!e)
        e = source_open_on_pool(&spec, &source);
    arena_done(&scratch);
    TRY(e);
    struct described *d = arena_new(arena, struct described);
    e = map_columns(source->schema, arena, d);
    source_close(source);
    TRY(e);
    *columns = arena_new_array(arena, struct tf_column, d->ncolumns + 1);
    for (int i = 0; i < d->ncolumns; i++)
        (*columns)[i] = (struct tf_column){d->names[i], d->types[i].oid, d->types[i].typmod};
    *ncolumns = d->ncolumns;
    *plan_data = d;
    return NULL;
}

static struct err *describe_parquet(struct cat *cat, const struct tf_arg *args, int nargs,
                                    struct arena *arena, struct tf_column **columns, int *ncolumns,
                                    const void **plan_data)
{
    return describe(SOURCE_PARQUET, cat, args, nargs, arena, columns, ncolumns, plan_data);
}

static struct err *describe_delta(struct cat *cat, const struct tf_arg *args, int nargs,
                                  struct arena *arena, struct tf_column **columns, int *ncolumns,
                                  const void **plan_data)
{
    return describe(SOURCE_DELTA, cat, args, nargs, arena, columns, ncolumns, plan_data);
}

static struct err *describe_changes(struct cat *cat, const struct tf_arg *args, int nargs,
                                    struct arena *arena, struct tf_column **columns, int *ncolumns,
                                    const void **plan_data)
{
    return describe(SOURCE_CHANGES, cat, args, nargs, arena, columns, ncolumns, plan_data);
}

/* ---- rows ---- */

enum { PORTION = 64 }; /* values made at once of columns that have another form */

struct reader {
    struct source_spec spec;
    struct source *source;
    struct source_scan *scan;
    const struct lake_batch *batch;
    uint32_t row;      /* the next one */
    uint32_t good;     /* so many rows of the batch are known to have values of their types */
    size_t count;      /* columns read */
    uint32_t *columns; /* which */
    bool *presence;    /* by place: only which are NULL is asked for */
    struct value_type *types;
    struct vector *vectors; /* the batch's, of the columns read */
    struct datum **made;    /* of columns without such a form: PORTION values */
    const struct described *want;
    const struct tf_filter *filters;
    int nfilters;
    struct source_choice choice;
    struct prune_rule rule;
    struct lake_chooser chooser;
    struct arena scratch; /* of the rule */
    int ncolumns;
    struct arena arena;  /* the columns, types */
    struct arena values; /* of those that were given last */
    struct err *e;       /* of a job */
};

static struct err *check_columns(struct reader *r)
{
    const struct described *want = r->want;
    struct described now;
    TRY(map_columns(r->source->schema, &r->arena, &now));
    bool same = now.ncolumns == want->ncolumns;
    for (int i = 0; same && i < now.ncolumns; i++)
        same = strcmp(now.names[i], want->names[i]) == 0 &&
               now.types[i].oid == want->types[i].oid &&
               now.types[i].typmod == want->types[i].typmod;
    if (!same)
        return err_hint(err_new("0A000",
                                "the columns of \"%.*s\" have changed since the statement was "
                                "prepared",
                                STR_ARG(r->spec.uri)),
                        "Prepare the statement again.");
    r->types = now.types;
    return NULL;
}

static void open_job(void *arg)
{
    struct reader *r = arg;
    r->e = source_open(&r->spec, &r->source);
    if (!r->e)
        r->e = check_columns(r);
    if (r->e)
        return;
    bool delta = r->source->snapshot != NULL;
    if (delta)
        source_prune(r->source, r->types, r->filters, r->nfilters, &r->arena, &r->choice);
    uint32_t *columns = arena_new_array(&r->arena, uint32_t, r->nfilters + 1);
    for (int i = 0; i < r->nfilters; i++)
        columns[i] = (uint32_t)r->filters[i].column;
    r->rule = (struct prune_rule){r->filters, r->types, &r->scratch};
    r->chooser = (struct lake_chooser){columns, (size_t)r->nfilters, prune_may, &r->rule};
    struct source_scan_options options = {.columns = r->columns,
                                          .presence = r->presence,
                                          .count = r->count,
                                          .choice = delta ? &r->choice : NULL,
                                          .chooser = &r->chooser};
    r->e = source_scan_new(r->source, &options, &r->scan);
}

static struct vector presence_vector(const struct lake_vec *vec)
{
    bool none = vec->phys == LAKE_PHYS_VOID && !vec->valid;
    return (struct vector){.form = none ? VECTOR_NULLS : VECTOR_PRESENCE, .valid = vec->valid};
}

static void next_job(void *arg)
{
    struct reader *r = arg;
    r->e = source_scan_next(r->scan, &r->batch);
    if (r->e || !r->batch)
        return;
    r->row = 0;
    r->good = r->batch->row_count;
    for (size_t i = 0; i < r->count; i++) {
        const struct lake_vec *vec = &r->batch->columns[i];
        if (r->presence[i]) {
            r->vectors[i] = presence_vector(vec);
            continue;
        }
        if (!value_vector(vec, &r->types[r->columns[i]], &r->vectors[i])) {
            if (!r->made[i])
                r->made[i] = arena_new_array(&r->arena, struct datum, PORTION);
            r->vectors[i] = (struct vector){.form = VECTOR_DATUMS, .datums = r->made[i]};
            continue;
        }
        uint32_t bad = value_first_bad(vec);
        r->good = bad < r->good ? bad : r->good;
    }
}

static void close_reader(void *scan)
{
    struct reader *r = scan;
    source_scan_free(r->scan);
    source_close(r->source);
    arena_done(&r->arena);
    arena_done(&r->values);
    arena_done(&r->scratch);
    free(r);
}

static struct err *open_reader(enum source_kind kind, struct cat *cat, const struct tf_arg *args,
                               int nargs, const enum tf_use *uses, int ncolumns,
                               const struct tf_filter *filters, int nfilters, const void *plan_data,
                               void **scan)
{
    struct reader *r = calloc(1, sizeof(*r));
    if (!r)
        return err_oom();
    r->ncolumns = ncolumns;
    r->want = plan_data;
    r->filters = filters;
    r->nfilters = nfilters;
    arena_init(&r->arena);
    arena_init(&r->values);
    arena_init(&r->scratch);
    r->columns = arena_new_array(&r->arena, uint32_t, ncolumns + 1);
    r->presence = arena_new_array(&r->arena, bool, ncolumns + 1);
    r->vectors = arena_new_array(&r->arena, struct vector, ncolumns + 1);
    r->made = arena_new_array(&r->arena, struct datum *, ncolumns + 1);
    for (int i = 0; i < ncolumns; i++)
        if (uses[i]) {
            r->presence[r->count] = uses[i] == TF_PRESENCE;
            r->columns[r->count++] = (uint32_t)i;
        }
    r->e = read_arguments(cat, kind, args, nargs, &r->arena, &r->spec);
    if (!r->e)
        pool_run(open_job, r);
    if (r->e) {
        struct err *e = r->e;
        close_reader(r);
        return e;
    }
    *scan = r;
    return NULL;
}

static struct err *open_parquet(struct cat *cat, const struct tf_arg *args, int nargs,
                                const enum tf_use *uses, int ncolumns,
                                const struct tf_filter *filters, int nfilters,
                                const void *plan_data, void **scan)
{
    return open_reader(SOURCE_PARQUET, cat, args, nargs, uses, ncolumns, filters, nfilters,
                       plan_data, scan);
}

static struct err *open_delta(struct cat *cat, const struct tf_arg *args, int nargs,
                              const enum tf_use *uses, int ncolumns,
                              const struct tf_filter *filters, int nfilters, const void *plan_data,
                              void **scan)
{
    return open_reader(SOURCE_DELTA, cat, args, nargs, uses, ncolumns, filters, nfilters, plan_data,
                       scan);
}

static struct err *open_changes(struct cat *cat, const struct tf_arg *args, int nargs,
                                const enum tf_use *uses, int ncolumns,
                                const struct tf_filter *filters, int nfilters,
                                const void *plan_data, void **scan)
{
    return open_reader(SOURCE_CHANGES, cat, args, nargs, uses, ncolumns, filters, nfilters,
                       plan_data, scan);
}

static struct err *value_at(struct reader *r, size_t i, uint32_t row, struct datum *out)
{
    struct err *e =
        value_get(&r->batch->columns[i], row, &r->types[r->columns[i]], &r->values, out);
    return e ? err_context(e, "column %.*s of \"%.*s\"",
                           STR_ARG(r->source->schema->fields[r->columns[i]].name),
                           STR_ARG(r->spec.uri))
             : NULL;
}

/* The error of the next row, which is not a good one. */
static struct err *bad_row(struct reader *r)
{
    struct datum d;
    for (size_t i = 0; i < r->count; i++)
        if (!r->presence[i])
            TRY(value_at(r, i, r->row, &d));
    return err_new("XX000", "a value was refused without a reason");
}

/* Makes the values of column i for the next *count rows; fewer when one has none. */
static struct err *make_values(struct reader *r, size_t i, uint32_t *count)
{
    for (uint32_t k = 0; k < *count; k++) {
        struct err *e = value_at(r, i, r->row + k, &r->made[i][k]);
        if (e && !k)
            return e;
        if (e) {
            err_free(e);
            r->good = r->row + k;
            *count = k;
        }
    }
    return NULL;
}

/* Rows up to the first one that has a value which is none of its type: its error comes when it is
 * asked for. */
static struct err *next_rows(void *scan, struct vector *columns, size_t *count)
{
    struct reader *r = scan;
    while (!r->batch || r->row == r->batch->row_count) {
        pool_run(next_job, r);
        if (r->e)
            return r->e;
        if (!r->batch) {
            *count = 0;
            return NULL;
        }
    }
    arena_reset(&r->values);
    if (r->row == r->good)
        return bad_row(r);
    uint32_t n = r->good - r->row;
    for (size_t i = 0; i < r->count; i++)
        if (r->vectors[i].form == VECTOR_DATUMS && n > PORTION)
            n = PORTION;
    for (int i = 0; i < r->ncolumns; i++)
        columns[i] = (struct vector){.form = VECTOR_NULLS};
    for (size_t i = 0; i < r->count; i++) {
        bool made = r->vectors[i].form == VECTOR_DATUMS;
        if (made)
            TRY(make_values(r, i, &n));
        columns[r->columns[i]] = made ? r->vectors[i] : vector_from(r->vectors[i], r->row);
    }
    r->row += n;
    *count = n;
    return NULL;
}

static void skipping(void *scan, struct tf_skipping *out)
{
    const struct reader *r = scan;
    source_scan_skipping(r->scan, out);
}

static const struct table_function read_parquet = {
    .name = "read_parquet",
    .describe = describe_parquet,
    .open = open_parquet,
    .next = next_rows,
    .close = close_reader,
    .skipping = skipping,
};

static const struct table_function read_delta = {
    .name = "read_delta",
    .describe = describe_delta,
    .open = open_delta,
    .next = next_rows,
    .close = close_reader,
    .skipping = skipping,
};

static const struct table_function read_delta_changes = {
    .name = "read_delta_changes",
    .describe = describe_changes,
    .open = open_changes,
    .next = next_rows,
    .close = close_reader,
    .skipping = skipping,
};

void table_functions_init(void)
{
    table_function_register(&read_parquet);
    table_function_register(&read_delta);
    table_function_register(&read_delta_changes);
    log_functions_init();
}
