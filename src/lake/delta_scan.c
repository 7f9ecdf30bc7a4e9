/* Rows of a Delta table: its files one after another, each batch brought to the table's types, with
 * partition columns filled in and deleted rows left out. */
#include "lake/choose.h"
#include "lake/delta_internal.h"
#include "lake/parquet.h"

#include <stdlib.h>

enum { EXPECTED_FILES = 4 };

enum column_source { FROM_FILE, FROM_PARTITION, FROM_NOTHING };

struct scan_column {
    uint32_t field;            /* of the table */
    int partition;             /* index of the partition column, -1: data */
    enum column_source source; /* in the current file */
    uint32_t file_column;      /* index in the file batch */
    bool presence;             /* as asked for */
    struct lake_vec constant;  /* partition value or NULLs, batch_rows of them */
};

struct delta_scan {
    const struct delta_snapshot *s;
    const struct lake_type *schema;
    struct arena arena;       /* of the scan */
    struct arena file_arena;  /* of the current file */
    struct arena batch_arena; /* of the current batch */
    struct scan_column *columns;
    struct lake_vec *vecs;
    uint32_t column_count;
    const struct delta_piece *pieces; /* NULL: files of the snapshot */
    const uint32_t *files;            /* which; NULL: all */
    uint32_t piece_count;
    uint32_t next_piece;
    uint32_t batch_rows;

    struct delta_piece piece; /* the current one */
    struct parquet_file *file;
    struct parquet_scan *file_scan;
    struct delta_deleted *except;
    struct delta_deleted *only;
    struct lake_batch batch;

    const struct lake_chooser *chooser; /* by columns of the table; NULL: none */
    struct lake_chosen chosen;          /* by those of the current file */
    struct lake_skipped skipped;        /* in the files before the current one */
};

int64_t delta_scan_file_rows(const struct delta_scan *scan)
{
    return scan->file ? parquet_row_count(scan->file) : 0;
}

static struct scan_column column_of(const struct delta_snapshot *s, uint32_t field)
{
    struct scan_column column = {.field = field, .partition = -1};
    for (uint32_t p = 0; p < s->partition_count; p++) {
        if (s->partition_columns[p] == field)
            column.partition = (int)p;
    }
    return column;
}

struct err *delta_scan_pieces(const struct delta_snapshot *s, const struct lake_type *schema,
                              const struct delta_scan_options *options,
                              const struct delta_piece *pieces, uint32_t count,
                              struct delta_scan **out)
{
    struct delta_scan *scan = calloc(1, sizeof(*scan));
    if (!scan)
        return err_oom();
    arena_init(&scan->arena);
    arena_init(&scan->file_arena);
    arena_init(&scan->batch_arena);
    scan->s = s;
    scan->schema = schema;
    scan->column_count = (uint32_t)options->column_count;
    scan->columns = arena_new_array(&scan->arena, struct scan_column, scan->column_count + 1);
    scan->vecs = arena_new_array(&scan->arena, struct lake_vec, scan->column_count + 1);
    for (uint32_t i = 0; i < scan->column_count; i++) {
        CHECK(options->columns[i] < schema->field_count);
        scan->columns[i] = column_of(s, options->columns[i]);
        scan->columns[i].presence = options->presence && options->presence[i];
    }
    if (pieces)
        scan->pieces = arena_memdup(&scan->arena, pieces, count * sizeof(*pieces));
    else if (options->files)
        scan->files = arena_memdup(&scan->arena, options->files, count * sizeof(*scan->files));
    scan->piece_count = count;
    scan->chooser = options->chooser;
    scan->batch_rows = options->batch_rows;
    if (!scan->batch_rows || scan->batch_rows > PARQUET_BATCH_ROWS)
        scan->batch_rows = PARQUET_BATCH_ROWS;
    *out = scan;
    return NULL;
}

struct err *delta_scan_new(const struct delta_snapshot *s, const struct delta_scan_options *options,
                           struct delta_scan **out)
{
    uint32_t count = options->files ? (uint32_t)options->file_count : s->file_count;
    return delta_scan_pieces(s, s->schema, options, NULL, count, out);
}

static struct delta_piece piece_at(const struct delta_scan *scan, uint32_t i)
{
    if (scan->pieces)
        return scan->pieces[i];
    uint32_t index = scan->files ? scan->files[i] : i;
    CHECK(index < scan->s->file_count);
    struct delta_piece piece = {.file = scan->s->files[index], .index = index};
    if (piece.file->dv)
        piece.except = *piece.file->dv;
    return piece;
}

static void close_file(struct delta_scan *scan)
{
    if (scan->file_scan)
        parquet_scan_skipped(scan->file_scan, &scan->skipped);
    parquet_scan_free(scan->file_scan);
    parquet_close(scan->file);
    delta_dv_free(scan->except);
    delta_dv_free(scan->only);
    scan->file_scan = NULL;
    scan->file = NULL;
    scan->except = NULL;
    scan->only = NULL;
}

void delta_scan_free(struct delta_scan *scan)
{
    if (!scan)
        return;
    close_file(scan);
    arena_done(&scan->batch_arena);
    arena_done(&scan->file_arena);
    arena_done(&scan->arena);
    free(scan);
}

void delta_scan_skipped(const struct delta_scan *scan, struct lake_skipped *out)
{
    out->row_groups += scan->skipped.row_groups;
    out->skipped_row_groups += scan->skipped.skipped_row_groups;
    out->pages += scan->skipped.pages;
    out->skipped_pages += scan->skipped.skipped_pages;
    if (scan->file_scan)
        parquet_scan_skipped(scan->file_scan, out);
}

/* The value that all rows of the file have in the column; false: the file itself has it. */
static bool partition_value(const struct delta_scan *scan, const struct scan_column *column,
                            const struct lake_field *field, struct delta_partition_value *out)
{
    const struct delta_piece *piece = &scan->piece;
    if (!piece->from_log) {
        if (column->partition >= 0)
            *out = piece->file->partition_values[column->partition];
        return column->partition >= 0;
    }
    for (uint32_t i = 0; i < piece->partition_count; i++) {
        const struct delta_partition_pair *pair = &piece->partition[i];
        if (!str_eq(pair->key, field->physical_name))
            continue;
        *out = (struct delta_partition_value){.text = pair->value,
                                              .is_null = pair->is_null || !pair->value.len};
        return true;
    }
    return false;
}

/* Where each column comes from in this file; the file's columns to read. */
static struct err *plan_columns(struct delta_scan *scan, const struct delta_file *file,
                                uint32_t *file_columns, bool *presence, size_t *count)
{
    const struct delta_snapshot *s = scan->s;
    const struct lake_type *file_schema = parquet_schema(scan->file);
    *count = 0;
    for (uint32_t i = 0; i < scan->column_count; i++) {
        struct scan_column *column = &scan->columns[i];
        const struct lake_field *field = &scan->schema->fields[column->field];
        struct delta_partition_value value;
        if (partition_value(scan, column, field, &value)) {
            column->source = FROM_PARTITION;
            TRY(delta_partition_vec(s, field->type, field->name, &value, scan->batch_rows,
                                    &scan->file_arena, &column->constant));
            continue;
        }
        int at = delta_match_field(file_schema, field, s->mapping);
        if (at < 0) {
            column->source = FROM_NOTHING;
            TRY(lake_null_vec(&scan->file_arena, field->type, scan->batch_rows, &column->constant));
            continue;
        }
        column->source = FROM_FILE;
        column->file_column = (uint32_t)*count;
        for (size_t k = 0; k < *count; k++) {
            if (file_columns[k] == (uint32_t)at)
                return delta_damaged(s, "two columns read the same column of file %.*s",
                                     STR_ARG(file->path));
        }
        presence[*count] = column->presence;
        file_columns[(*count)++] = (uint32_t)at;
    }
    return NULL;
}

/* A bound in the table's type: conversions keep the order. NULL: it cannot be told. */
static const struct lake_vec *conform_bound(struct delta_scan *scan, const struct lake_vec *in,
                                            const struct lake_type *type, struct lake_vec *out)
{
    struct delta_conform c = {.arena = &scan->batch_arena, .mapping = scan->s->mapping};
    struct err *e = in ? delta_conform_vec(&c, in, type, out) : NULL;
    bool fine = in && !e;
    err_free(e);
    return fine ? out : NULL;
}

static bool may_have(void *arg, size_t which, const struct lake_summary *of_file)
{
    struct delta_scan *scan = arg;
    uint32_t want = scan->chosen.which[which];
    const struct lake_type *type = scan->schema->fields[scan->chooser->columns[want]].type;
    struct lake_summary s = *of_file;
    struct lake_vec least, greatest;
    s.least = conform_bound(scan, of_file->least, type, &least);
    s.greatest = conform_bound(scan, of_file->greatest, type, &greatest);
    return scan->chooser->may(scan->chooser->arg, want, &s);
}

/* The columns of the file that conditions are about. */
static const struct lake_chooser *choose_in_file(struct delta_scan *scan)
{
    const struct lake_chooser *chooser = scan->chooser;
    const struct lake_type *file_schema = parquet_schema(scan->file);
    if (!chooser || !chooser->column_count)
        return NULL;
    lake_chosen_init(&scan->chosen, chooser, &scan->file_arena);
    scan->chosen.chooser.may = may_have;
    scan->chosen.chooser.arg = scan;
    for (size_t i = 0; i < chooser->column_count; i++) {
        struct scan_column column = column_of(scan->s, chooser->columns[i]);
        const struct lake_field *field = &scan->schema->fields[column.field];
        struct delta_partition_value value;
        int at = delta_match_field(file_schema, field, scan->s->mapping);
        if (at >= 0 && !partition_value(scan, &column, field, &value))
            lake_chosen_add(&scan->chosen, i, (uint32_t)at);
    }
    return &scan->chosen.chooser;
}

/* While a file is read the next ones are being opened. */
static void expect_files(struct delta_scan *scan, uint32_t now)
{
    uint32_t first = now ? now + EXPECTED_FILES : now;
    for (uint32_t i = first; i <= now + EXPECTED_FILES && i < scan->piece_count; i++)
        lake_store_expect(scan->s->store,
                          delta_file_location(scan->s, piece_at(scan, i).file, &scan->file_arena));
}

static struct err *open_file(struct delta_scan *scan)
{
    const struct delta_piece *piece = &scan->piece;
    arena_reset(&scan->file_arena);
    scan->piece = piece_at(scan, scan->next_piece++);
    const struct delta_file *file = piece->file;
    expect_files(scan, scan->next_piece - 1);
    if (piece->except.storage)
        TRY(delta_dv_load(scan->s, &piece->except, file, &scan->except));
    if (piece->only.storage)
        TRY(delta_dv_load(scan->s, &piece->only, file, &scan->only));
    TRY(parquet_open(scan->s->store, delta_file_location(scan->s, file, &scan->file_arena),
                     &scan->file));
    uint32_t *columns = arena_new_array(&scan->file_arena, uint32_t, scan->column_count + 1);
    bool *presence = arena_new_array(&scan->file_arena, bool, scan->column_count + 1);
    struct parquet_scan_options options = {
        .columns = columns, .presence = presence, .batch_rows = scan->batch_rows};
    TRY(plan_columns(scan, file, columns, presence, &options.column_count));
    options.chooser = choose_in_file(scan);
    return parquet_scan_new(scan->file, &options, &scan->file_scan);
}

static bool wanted(const struct delta_scan *scan, int64_t position)
{
    return !(scan->except && delta_dv_contains(scan->except, position)) &&
           (!scan->only || delta_dv_contains(scan->only, position));
}

/* The rows of a batch that the piece has; NULL in *rows when all stay. */
static struct err *select_rows(struct delta_scan *scan, const struct lake_batch *in,
                               const uint32_t **rows, uint32_t *count, const int64_t **positions)
{
    int64_t first = in->first_position;
    *rows = NULL;
    *count = in->row_count;
    if (!scan->only && (!scan->except || !delta_dv_any(scan->except, first, first + in->row_count)))
        return NULL;
    uint32_t *live = arena_try_alloc(&scan->batch_arena, in->row_count * sizeof(*live) + 1);
    int64_t *at = arena_try_alloc(&scan->batch_arena, in->row_count * sizeof(*at) + 1);
    if (!live || !at)
        return err_oom();
    uint32_t n = 0;
    for (uint32_t i = 0; i < in->row_count; i++) {
        if (!wanted(scan, first + i))
            continue;
        at[n] = first + i;
        live[n++] = i;
    }
    *rows = live;
    *count = n;
    *positions = at;
    return NULL;
}

/* A prefix of a constant vector. */
static struct lake_vec constant_prefix(const struct lake_vec *v, uint32_t count)
{
    struct lake_vec out = *v;
    out.count = count;
    return out;
}

/* A file of another version may have been written when the column had another type; else what does
 * not fit the table's is damage. */
static struct err *column_error(struct delta_scan *scan, const struct lake_field *field,
                                struct err *cause)
{
    if (!err_is(cause, "XX001"))
        return cause;
    struct err *e;
    if (scan->piece.from_log)
        e = err_hint(
            delta_unsupported(scan->s, "column \"%.*s\" had another type in file %.*s: %s",
                              STR_ARG(field->name), STR_ARG(scan->piece.file->path),
                              cause->message),
            "Changes come in the columns of the last version asked for: ask for those before and "
            "after the column's change apart.");
    else
        e = delta_damaged(scan->s, "column \"%.*s\" of file %.*s: %s", STR_ARG(field->name),
                          STR_ARG(scan->piece.file->path), cause->message);
    err_free(cause);
    return e;
}

static struct err *make_batch(struct delta_scan *scan, const struct lake_batch *in)
{
    const uint32_t *rows;
    uint32_t count;
    const int64_t *positions = NULL;
    struct delta_conform c = {.arena = &scan->batch_arena, .mapping = scan->s->mapping};
    TRY(select_rows(scan, in, &rows, &count, &positions));
    for (uint32_t i = 0; i < scan->column_count; i++) {
        const struct scan_column *column = &scan->columns[i];
        const struct lake_field *field = &scan->schema->fields[column->field];
        struct lake_vec *out = &scan->vecs[i];
        if (column->source != FROM_FILE) {
            *out = constant_prefix(&column->constant, count);
            continue;
        }
        const struct lake_vec *from = &in->columns[column->file_column];
        struct lake_vec selected;
        if (rows) {
            TRY(lake_vec_select(&scan->batch_arena, from, rows, count, &selected));
            from = &selected;
        }
        struct err *e = delta_conform_vec(&c, from, field->type, out);
        if (e)
            return column_error(scan, field, e);
    }
    scan->batch = (struct lake_batch){.row_count = count,
                                      .column_count = scan->column_count,
                                      .columns = scan->vecs,
                                      .file_index = scan->piece.index,
                                      .first_position = in->first_position,
                                      .positions = positions};
    return NULL;
}

struct err *delta_scan_next(struct delta_scan *scan, const struct lake_batch **out)
{
    for (;;) {
        const struct lake_batch *in;
        if (!scan->file_scan) {
            if (scan->next_piece == scan->piece_count) {
                *out = NULL;
                return NULL;
            }
            TRY(open_file(scan));
        }
        TRY(parquet_scan_next(scan->file_scan, &in));
        if (!in) {
            close_file(scan);
            continue;
        }
        arena_reset(&scan->batch_arena);
        TRY(make_batch(scan, in));
        if (!scan->batch.row_count)
            continue;
        *out = &scan->batch;
        return NULL;
    }
}
