/* delta_history(uri): the commits of a table; delta_detail(uri): the table as it stands. */
#include "sync/sync_internal.h"

#include "lake/json.h"
#include "rt/pool.h"
#include "sql/table_function.h"
#include "types/array.h"
#include "types/text.h"

#include <stdlib.h>

static const struct tf_column history_columns[] = {
    {"version", INT8_OID, -1},         {"timestamp", TIMESTAMPTZ_OID, -1},
    {"user_id", TEXT_OID, -1},         {"user_name", TEXT_OID, -1},
    {"operation", TEXT_OID, -1},       {"operation_parameters", JSONB_OID, -1},
    {"read_version", INT8_OID, -1},    {"isolation_level", TEXT_OID, -1},
    {"is_blind_append", BOOL_OID, -1}, {"operation_metrics", JSONB_OID, -1},
    {"user_metadata", TEXT_OID, -1},   {"engine_info", TEXT_OID, -1},
};

static const struct tf_column detail_columns[] = {
    {"version", INT8_OID, -1},
    {"timestamp", TIMESTAMPTZ_OID, -1},
    {"id", TEXT_OID, -1},
    {"name", TEXT_OID, -1},
    {"location", TEXT_OID, -1},
    {"schema", JSONB_OID, -1},
    {"partition_columns", TEXTARRAY_OID, -1},
    {"min_reader_version", INT4_OID, -1},
    {"min_writer_version", INT4_OID, -1},
    {"features", TEXTARRAY_OID, -1},
    {"properties", JSONB_OID, -1},
    {"files", INT8_OID, -1},
    {"bytes", INT8_OID, -1},
    {"rows", INT8_OID, -1},
};

static struct err *location(struct cat *cat, const char *name, const struct tf_arg *args, int nargs,
                            struct arena *arena, struct str *out, const struct lake_access **access)
{
    const char *credential;
    TRY(tf_take_credential(cat, &args, &nargs, arena, &credential));
    bool text = nargs == 1 && !args[0].name && tf_is_text(args[0].type);
    if (!text)
        return err_hint(err_new("42883", "arguments do not fit function %s", name),
                        "Its only argument is the location of a Delta table, as text.");
    if (args[0].value.null)
        return err_new("22004", "the location of a source must not be null");
    struct source_spec spec = {.uri = datum_as_str(args[0].value)};
    TRY(source_resolve_text(cat, credential, arena, &spec));
    *out = spec.uri;
    *access = spec.access;
    return source_check_access(cat, *out);
}

/* When a statement is analyzed: nothing is kept. */
static struct err *check_location(struct cat *cat, const char *name, const struct tf_arg *args,
                                  int nargs)
{
    struct arena arena;
    struct str uri;
    const struct lake_access *access;
    arena_init(&arena);
    struct err *e = location(cat, name, args, nargs, &arena, &uri, &access);
    arena_done(&arena);
    return e;
}

static void fixed_columns(const struct tf_column *from, size_t count, struct arena *arena,
                          struct tf_column **columns, int *ncolumns)
{
    *columns = arena_memdup(arena, from, count * sizeof(*from));
    *ncolumns = (int)count;
}

static struct err *text_value(struct str s, struct datum *out)
{
    *out = s.data ? datum_bytes(s.data, s.len) : datum_null();
    return s.data ? utf8_verify(s) : NULL;
}

static struct err *json_value(struct str s, struct arena *arena, struct datum *out)
{
    *out = datum_null();
    return s.data ? value_jsonb(s, arena, out) : NULL;
}

/* ---- what both do ---- */

struct log_scan {
    bool of_history;
    struct str uri;
    const struct lake_access *access;
    struct lake_store *store;
    struct delta_history *history; /* one of the two */
    struct delta_snapshot *snapshot;
    const struct delta_commit *commit;
    bool given;                                     /* the row of delta_detail */
    struct datum row[ARRAY_LENGTH(detail_columns)]; /* that of delta_history is shorter */
    struct arena arena;                             /* of the scan */
    struct arena values;                            /* of the current row */
    struct err *e;                                  /* of a job */
};

static void open_job(void *arg)
{
    struct log_scan *l = arg;
    struct str path;
    l->e = lake_store_open(l->uri, l->access, &l->arena, &l->store, &path);
    if (!l->e && l->of_history)
        l->e = delta_history_open(l->store, path, &l->history);
    else if (!l->e)
        l->e = delta_open(l->store, path, (struct delta_at){.when = DELTA_NEWEST}, &l->snapshot);
}

static void close_log(void *scan)
{
    struct log_scan *l = scan;
    delta_history_close(l->history);
    delta_close(l->snapshot);
    lake_store_free(l->store);
    arena_done(&l->arena);
    arena_done(&l->values);
    free(l);
}

static struct err *open_log(struct cat *cat, bool of_history, const struct tf_arg *args, int nargs,
                            void **scan)
{
    struct log_scan *l = calloc(1, sizeof(*l));
    if (!l)
        return err_oom();
    l->of_history = of_history;
    arena_init(&l->arena);
    arena_init(&l->values);
    l->e = location(cat, of_history ? "delta_history" : "delta_detail", args, nargs, &l->arena,
                    &l->uri, &l->access);
    if (!l->e)
        pool_run(open_job, l);
    if (l->e) {
        struct err *e = l->e;
        close_log(l);
        return e;
    }
    *scan = l;
    return NULL;
}

/* ---- delta_history ---- */

static struct err *describe_history(struct cat *cat, const struct tf_arg *args, int nargs,
                                    struct arena *arena, struct tf_column **columns, int *ncolumns,
                                    const void **plan_data)
{
    (void)plan_data;
    TRY(check_location(cat, "delta_history", args, nargs));
    fixed_columns(history_columns, ARRAY_LENGTH(history_columns), arena, columns, ncolumns);
    return NULL;
}

static void next_commit_job(void *arg)
{
    struct log_scan *h = arg;
    h->e = delta_history_next(h->history, &h->commit);
}

static struct err *open_history(struct cat *cat, const struct tf_arg *args, int nargs,
                                const enum tf_use *uses, int ncolumns,
                                const struct tf_filter *filters, int nfilters,
                                const void *plan_data, void **scan)
{
    (void)uses;
    (void)ncolumns;
    (void)filters;
    (void)nfilters;
    (void)plan_data;
    return open_log(cat, true, args, nargs, scan);
}

static struct err *commit_row(struct log_scan *h, struct datum *row)
{
    const struct delta_commit *c = h->commit;
    const struct str texts[] = {c->user_id, c->user_name, c->operation};
    row[0] = datum_int(c->version);
    TRY(value_timestamp(c->timestamp_us, &row[1]));
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
        TRY(text_value(texts[i], &row[2 + i]));
    TRY(json_value(c->parameters, &h->values, &row[5]));
    row[6] = c->read_version < 0 ? datum_null() : datum_int(c->read_version);
    TRY(text_value(c->isolation_level, &row[7]));
    row[8] = c->is_blind_append < 0 ? datum_null() : datum_bool(c->is_blind_append);
    TRY(json_value(c->metrics, &h->values, &row[9]));
    TRY(text_value(c->user_metadata, &row[10]));
    return text_value(c->engine_info, &row[11]);
}

static struct err *next_commit(void *scan, struct vector *columns, size_t *count)
{
    struct log_scan *h = scan;
    pool_run(next_commit_job, h);
    if (h->e)
        return h->e;
    *count = h->commit != NULL;
    arena_reset(&h->values);
    vectors_of_row(h->row, ARRAY_LENGTH(history_columns), columns);
    return h->commit ? commit_row(h, h->row) : NULL;
}

/* ---- delta_detail ---- */

static struct err *describe_detail(struct cat *cat, const struct tf_arg *args, int nargs,
                                   struct arena *arena, struct tf_column **columns, int *ncolumns,
                                   const void **plan_data)
{
    (void)plan_data;
    TRY(check_location(cat, "delta_detail", args, nargs));
    fixed_columns(detail_columns, ARRAY_LENGTH(detail_columns), arena, columns, ncolumns);
    return NULL;
}

static struct err *open_detail(struct cat *cat, const struct tf_arg *args, int nargs,
                               const enum tf_use *uses, int ncolumns,
                               const struct tf_filter *filters, int nfilters, const void *plan_data,
                               void **scan)
{
    (void)uses;
    (void)ncolumns;
    (void)filters;
    (void)nfilters;
    (void)plan_data;
    return open_log(cat, false, args, nargs, scan);
}

static struct err *text_array(struct arena *arena, const struct str *items, size_t count,
                              struct datum *out)
{
    struct datum *datums = arena_new_array(arena, struct datum, count + 1);
    for (size_t i = 0; i < count; i++)
        TRY(text_value(items[i], &datums[i]));
    return array_make_1d(type_by_oid(TEXT_OID), datums, count, arena, out);
}

static struct err *partition_columns(struct log_scan *d, struct datum *out)
{
    uint32_t count;
    const uint32_t *columns = delta_partition_columns(d->snapshot, &count);
    struct str *names = arena_new_array(&d->arena, struct str, (size_t)count + 1);
    for (uint32_t i = 0; i < count; i++)
        names[i] = delta_schema(d->snapshot)->fields[columns[i]].name;
    return text_array(&d->arena, names, count, out);
}

/* Those that readers need and those that only writers do. */
static struct err *features(struct log_scan *d, struct datum *out)
{
    const struct delta_protocol *p = delta_protocol(d->snapshot);
    size_t count = 0;
    struct str *names = arena_new_array(
        &d->arena, struct str, (size_t)p->reader_feature_count + p->writer_feature_count + 1);
    for (uint32_t i = 0; i < p->reader_feature_count; i++)
        names[count++] = p->reader_features[i];
    for (uint32_t i = 0; i < p->writer_feature_count; i++) {
        bool known = false;
        for (uint32_t k = 0; k < p->reader_feature_count && !known; k++)
            known = str_eq(p->writer_features[i], p->reader_features[k]);
        if (!known)
            names[count++] = p->writer_features[i];
    }
    return text_array(&d->arena, names, count, out);
}

static struct err *properties(struct log_scan *d, struct datum *out)
{
    uint32_t count;
    const struct lake_meta *list = delta_properties(d->snapshot, &count);
    struct buf text = BUF_INIT;
    buf_put_str(&text, STR("{"));
    for (uint32_t i = 0; i < count; i++) {
        if (i)
            buf_put_str(&text, STR(","));
        lake_put_json_string(&text, list[i].key);
        buf_put_str(&text, STR(":"));
        lake_put_json_string(&text, list[i].value);
    }
    buf_put_str(&text, STR("}"));
    struct err *e = buf_finish(&text);
    if (!e)
        e = value_jsonb(buf_str(&text), &d->arena, out);
    buf_done(&text);
    return e;
}

/* Rows are known when every file's number is. */
static void totals(const struct log_scan *d, struct datum *files, struct datum *bytes,
                   struct datum *rows)
{
    uint32_t count;
    int64_t size = 0;
    int64_t total = 0;
    bool known = true;
    const struct delta_file *const *list = delta_files(d->snapshot, &count);
    for (uint32_t i = 0; i < count; i++) {
        size += list[i]->size_bytes > 0 ? list[i]->size_bytes : 0;
        known &= list[i]->row_count >= 0 && list[i]->deleted_rows >= 0;
        total += list[i]->row_count - list[i]->deleted_rows;
    }
    *files = datum_int(count);
    *bytes = datum_int(size);
    *rows = known ? datum_int(total) : datum_null();
}

static struct err *next_detail(void *scan, struct vector *columns, size_t *count)
{
    struct log_scan *d = scan;
    struct datum *row = d->row;
    const struct delta_snapshot *s = d->snapshot;
    *count = !d->given;
    vectors_of_row(row, ARRAY_LENGTH(d->row), columns);
    if (d->given)
        return NULL;
    d->given = true;
    struct str name = delta_table_name(s);
    row[0] = datum_int(delta_version(s));
    TRY(value_timestamp(delta_timestamp_us(s), &row[1]));
    TRY(text_value(delta_table_id(s), &row[2]));
    TRY(text_value(name.len ? name : (struct str){0}, &row[3]));
    TRY(text_value(d->uri, &row[4]));
    TRY(value_jsonb(delta_schema_string(s), &d->arena, &row[5]));
    TRY(partition_columns(d, &row[6]));
    row[7] = datum_int(delta_protocol(s)->min_reader_version);
    row[8] = datum_int(delta_protocol(s)->min_writer_version);
    TRY(features(d, &row[9]));
    TRY(properties(d, &row[10]));
    totals(d, &row[11], &row[12], &row[13]);
    return NULL;
}

void log_functions_init(void)
{
    static const struct table_function history = {.name = "delta_history",
                                                  .describe = describe_history,
                                                  .open = open_history,
                                                  .next = next_commit,
                                                  .close = close_log};
    static const struct table_function detail = {.name = "delta_detail",
                                                 .describe = describe_detail,
                                                 .open = open_detail,
                                                 .next = next_detail,
                                                 .close = close_log};
    table_function_register(&history);
    table_function_register(&detail);
}
