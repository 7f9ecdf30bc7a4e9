/* Files and scans: the footer, and rows of row groups as batches.
 *
 * File: "PAR1", column chunks, footer, footer length (little-endian, 4 bytes), "PAR1". A footer
 * that is encrypted ends in "PARE" instead. */
#include "base/bytes.h"
#include "lake/parquet_leaf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    FOOTER_LIMIT = 256 << 20,
    METADATA_LIMIT = 1 << 30,    /* memory of a parsed footer */
    BATCH_BYTES = 32 << 20,      /* what a batch aims at, by the sizes in the metadata */
    READ_AHEAD_TOTAL = 64 << 20, /* over all columns */
    READ_AHEAD_MAX = 1 << 20,
    READ_AHEAD_MIN = 16 << 10
};

struct parquet_scan {
    struct parquet_file *file;
    struct arena arena; /* of the scan */
    struct arena batch_arena;
    const uint32_t *columns;
    size_t column_count;
    struct pq_leaf **leaves; /* by leaf number; NULL: not projected */
    struct lake_vec *vecs;
    struct lake_batch batch;
    uint32_t batch_rows;  /* asked for */
    uint32_t group_batch; /* for this row group: fewer when its rows are large */
    uint32_t row_group, row_group_end;
    int64_t group_begin; /* in the file, the first row of the next row group */
    int64_t position;    /* in the file, of the next row */
    int64_t group_row;   /* the same in the row group */
    /* What is left of the row group. */
    struct arena group_arena;
    const struct pq_rows *ranges;
    uint32_t range_count;
    const struct lake_chooser *chooser;
    struct lake_skipped skipped; /* row groups */
};

static struct err *file_error(const struct parquet_file *file, const char *sqlstate,
                              const char *fmt, va_list ap)
{
    char *reason;
    if (vasprintf(&reason, fmt, ap) < 0)
        return err_oom();
    struct err *e =
        err_new(sqlstate, "could not read Parquet file \"%s\": %s", file->object->path, reason);
    free(reason);
    return e;
}

struct err *pq_damaged(const struct parquet_file *file, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    struct err *e = file_error(file, "XX001", fmt, ap);
    va_end(ap);
    return e;
}

struct err *pq_unsupported(const struct parquet_file *file, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    struct err *e = file_error(file, "0A000", fmt, ap);
    va_end(ap);
    return e;
}

static struct err *read_footer(struct parquet_file *file, size_t *out_len)
{
    uint8_t tail[8];
    int64_t size = file->object->size_bytes;
    if (size < 12)
        return pq_damaged(file, "%lld bytes are too few for a Parquet file", (long long)size);
    TRY(lake_object_read(file->object, size - 8, tail, 8));
    if (memcmp(tail + 4, "PARE", 4) == 0)
        return pq_unsupported(file, "its footer is encrypted");
    if (memcmp(tail + 4, "PAR1", 4) != 0)
        return pq_damaged(file, "it does not end like a Parquet file");
    uint32_t len = load_le32(tail);
    if (len > size - 12)
        return pq_damaged(file, "footer of %u bytes does not fit the file", len);
    if (len > FOOTER_LIMIT)
        return err_new("54000",
                       "could not read Parquet file \"%s\": footer of %u bytes exceeds the limit",
                       file->object->path, len);
    file->footer = malloc((size_t)len + 1);
    if (!file->footer)
        return err_oom();
    file->data_end = size - 8 - len;
    *out_len = len;
    return lake_object_read(file->object, file->data_end, file->footer, len);
}

struct err *parquet_open(struct lake_store *store, struct str path, struct parquet_file **out)
{
    struct parquet_file *file = calloc(1, sizeof(*file));
    size_t len = 0;
    struct err *e;
    if (!file)
        return err_oom();
    arena_init(&file->arena);
    file->arena.limit_bytes = METADATA_LIMIT;
    TRY_OUT(lake_object_open(store, path, &file->object));
    TRY_OUT(read_footer(file, &len));
    TRY_OUT(pq_meta_parse(file, file->footer, len));
    if (file->meta.encrypted) {
        e = pq_unsupported(file, "its columns are encrypted");
        goto out;
    }
    TRY_OUT(pq_schema_build(file));
    *out = file;
out:
    if (e)
        parquet_close(file);
    return e;
}

void parquet_close(struct parquet_file *file)
{
    if (!file)
        return;
    lake_object_close(file->object);
    free(file->footer);
    arena_done(&file->arena);
    free(file);
}

const struct lake_type *parquet_schema(const struct parquet_file *file)
{
    return file->schema;
}

int64_t parquet_size_bytes(const struct parquet_file *file)
{
    return file->object->size_bytes;
}

int64_t parquet_row_count(const struct parquet_file *file)
{
    return file->meta.row_count;
}

uint32_t parquet_row_group_count(const struct parquet_file *file)
{
    return file->meta.row_group_count;
}

int64_t parquet_row_group_rows(const struct parquet_file *file, uint32_t row_group)
{
    CHECK(row_group < file->meta.row_group_count);
    return file->meta.row_groups[row_group].row_count;
}

struct str parquet_created_by(const struct parquet_file *file)
{
    return file->meta.created_by;
}

struct str parquet_metadata(const struct parquet_file *file, const char *key)
{
    for (uint32_t i = 0; i < file->meta.metadata_count; i++) {
        if (str_eq_c(file->meta.metadata[i].key, key))
            return file->meta.metadata[i].value;
    }
    return (struct str){0};
}

static struct err *init_leaves(struct parquet_scan *scan, const bool *presence)
{
    struct parquet_file *file = scan->file;
    size_t wanted = 0;
    for (size_t i = 0; i < scan->column_count; i++)
        wanted += file->columns[scan->columns[i]].leaf_count;
    size_t ahead = wanted ? READ_AHEAD_TOTAL / wanted : READ_AHEAD_MAX;
    if (ahead > READ_AHEAD_MAX)
        ahead = READ_AHEAD_MAX;
    if (ahead < READ_AHEAD_MIN)
        ahead = READ_AHEAD_MIN;
    for (size_t i = 0; i < scan->column_count; i++) {
        const struct pq_node *node = &file->columns[scan->columns[i]];
        if (!node->leaf_count)
            return pq_unsupported(file, "column %.*s has no fields",
                                  STR_ARG(file->schema->fields[scan->columns[i]].name));
        for (uint32_t l = node->leaf; l < node->leaf + node->leaf_count; l++) {
            CHECK(!scan->leaves[l]);
            struct pq_leaf *leaf = malloc(sizeof(*leaf));
            if (!leaf)
                return err_oom();
            bool flat = !node->child_count && !file->leaves[l].max_rep;
            pq_leaf_init(leaf, file, l, flat, flat && presence && presence[i], ahead);
            scan->leaves[l] = leaf;
        }
    }
    return NULL;
}

struct err *parquet_scan_new(struct parquet_file *file, const struct parquet_scan_options *options,
                             struct parquet_scan **out)
{
    struct parquet_scan *scan = calloc(1, sizeof(*scan));
    if (!scan)
        return err_oom();
    arena_init(&scan->arena);
    arena_init(&scan->batch_arena);
    arena_init(&scan->group_arena);
    scan->chooser = options->chooser;
    scan->batch_arena.limit_bytes = (size_t)4 << 30;
    scan->file = file;
    scan->column_count = options->column_count;
    for (size_t i = 0; i < options->column_count; i++)
        CHECK(options->columns[i] < file->schema->field_count);
    scan->columns = arena_memdup(&scan->arena, options->columns,
                                 options->column_count * sizeof(*options->columns));
    scan->leaves = arena_new_array(&scan->arena, struct pq_leaf *, file->leaf_count + 1);
    scan->vecs = arena_new_array(&scan->arena, struct lake_vec, options->column_count + 1);
    scan->batch_rows = options->batch_rows;
    if (!scan->batch_rows || scan->batch_rows > PARQUET_BATCH_ROWS)
        scan->batch_rows = PARQUET_BATCH_ROWS;
    bool all = !options->row_group_begin && !options->row_group_end;
    scan->row_group = options->row_group_begin;
    scan->row_group_end = all ? file->meta.row_group_count : options->row_group_end;
    CHECK(scan->row_group_end <= file->meta.row_group_count);
    for (uint32_t i = 0; i < scan->row_group; i++)
        scan->group_begin += file->meta.row_groups[i].row_count;
    struct err *e = init_leaves(scan, options->presence);
    if (e) {
        parquet_scan_free(scan);
        return e;
    }
    *out = scan;
    return NULL;
}

void parquet_scan_free(struct parquet_scan *scan)
{
    if (!scan)
        return;
    for (uint32_t i = 0; i < scan->file->leaf_count; i++) {
        if (scan->leaves[i]) {
            pq_leaf_done(scan->leaves[i]);
            free(scan->leaves[i]);
        }
    }
    arena_done(&scan->batch_arena);
    arena_done(&scan->group_arena);
    arena_done(&scan->arena);
    free(scan);
}

/* How many rows a batch of this row group has, so that large rows do not make it large. */
static uint32_t rows_per_batch(const struct parquet_scan *scan, const struct pq_row_group *g)
{
    double bytes = 0;
    for (uint32_t l = 0; l < scan->file->leaf_count; l++) {
        const struct pq_chunk *chunk = &g->chunks[l];
        if (scan->leaves[l] && chunk->uncompressed_bytes > 0)
            bytes += (double)chunk->uncompressed_bytes + (double)chunk->value_count * 2;
    }
    double rows = bytes > 0 ? BATCH_BYTES / (bytes / (double)g->row_count) : scan->batch_rows;
    if (rows >= scan->batch_rows)
        return scan->batch_rows;
    return rows < 1 ? 1 : (uint32_t)rows;
}

/* The rows of the row group that may be wanted; none: it is passed over. */
static struct err *choose_rows(struct parquet_scan *scan, const struct pq_row_group *g)
{
    bool may = true;
    struct pq_rows *all = arena_new(&scan->group_arena, struct pq_rows);
    *all = (struct pq_rows){0, g->row_count};
    scan->ranges = all;
    scan->range_count = g->row_count ? 1 : 0;
    if (!scan->chooser || !g->row_count)
        return NULL;
    TRY(pq_choose_group(scan->file, scan->row_group, scan->chooser, &may));
    scan->range_count = may;
    if (!may)
        return NULL;
    struct pq_rows *rows;
    TRY(pq_choose_rows(scan->file, scan->row_group, scan->chooser, &scan->group_arena, &rows,
                       &scan->range_count));
    scan->ranges = rows;
    return NULL;
}

static struct err *open_row_group(struct parquet_scan *scan, const struct pq_row_group *g)
{
    bool some = scan->ranges[0].begin || scan->ranges[0].end != g->row_count;
    for (uint32_t l = 0; l < scan->file->leaf_count; l++) {
        struct pq_leaf *leaf = scan->leaves[l];
        if (!leaf)
            continue;
        TRY(pq_leaf_open(leaf, scan->row_group));
        if (some)
            TRY(pq_read_pages(scan->file, scan->row_group, l, &scan->group_arena, &leaf->pages));
    }
    scan->group_batch = rows_per_batch(scan, g);
    return NULL;
}

static void leave_row_group(struct parquet_scan *scan)
{
    for (uint32_t l = 0; l < scan->file->leaf_count; l++)
        if (scan->leaves[l])
            pq_leaf_leave(scan->leaves[l]);
    arena_reset(&scan->group_arena);
}

/* Goes to the next rows that may be wanted, those of scan->ranges[0]; none at the end. */
static struct err *next_rows(struct parquet_scan *scan)
{
    while (!scan->range_count && scan->row_group < scan->row_group_end) {
        const struct pq_row_group *g = &scan->file->meta.row_groups[scan->row_group];
        leave_row_group(scan);
        scan->position = scan->group_begin;
        scan->group_row = 0;
        scan->group_begin += g->row_count;
        TRY(choose_rows(scan, g));
        if (scan->range_count)
            TRY(open_row_group(scan, g));
        if (g->row_count)
            ++*(scan->range_count ? &scan->skipped.row_groups : &scan->skipped.skipped_row_groups);
        scan->row_group++;
    }
    if (!scan->range_count) {
        leave_row_group(scan);
        return NULL;
    }
    int64_t to = scan->ranges[0].begin;
    if (scan->group_row >= to)
        return NULL;
    for (uint32_t l = 0; l < scan->file->leaf_count; l++)
        if (scan->leaves[l])
            TRY(pq_leaf_skip(scan->leaves[l], to));
    scan->position += to - scan->group_row;
    scan->group_row = to;
    return NULL;
}

void parquet_scan_skipped(const struct parquet_scan *scan, struct lake_skipped *out)
{
    out->row_groups += scan->skipped.row_groups;
    out->skipped_row_groups += scan->skipped.skipped_row_groups;
    for (uint32_t l = 0; l < scan->file->leaf_count; l++) {
        if (scan->leaves[l]) {
            out->pages += scan->leaves[l]->pages_begun;
            out->skipped_pages += scan->leaves[l]->pages_skipped;
        }
    }
}

static struct err *read_column(struct parquet_scan *scan, const struct pq_node *node, uint32_t rows,
                               struct lake_vec *vec)
{
    if (!scan->leaves[node->leaf]->flat) {
        for (uint32_t l = node->leaf; l < node->leaf + node->leaf_count; l++) {
            pq_leaf_begin_batch(scan->leaves[l]);
            TRY(pq_leaf_read_levels(scan->leaves[l], rows));
        }
        return pq_assemble(&scan->batch_arena, scan->leaves, node, rows, vec);
    }
    struct pq_leaf *leaf = scan->leaves[node->leaf];
    bool has_null;
    pq_leaf_begin_batch(leaf);
    TRY(pq_leaf_read_flat(leaf, rows, &has_null));
    *vec = (struct lake_vec){.type = node->type,
                             .phys = leaf->phys,
                             .count = rows,
                             .valid = has_null ? leaf->valid : NULL,
                             .data = leaf->values};
    return NULL;
}

struct err *parquet_scan_next(struct parquet_scan *scan, const struct lake_batch **out)
{
    TRY(next_rows(scan));
    if (!scan->range_count) {
        *out = NULL;
        return NULL;
    }
    int64_t left = scan->ranges[0].end - scan->group_row;
    uint32_t rows = left < scan->group_batch ? (uint32_t)left : scan->group_batch;
    arena_reset(&scan->batch_arena);
    for (size_t i = 0; i < scan->column_count; i++)
        TRY(read_column(scan, &scan->file->columns[scan->columns[i]], rows, &scan->vecs[i]));
    scan->batch = (struct lake_batch){.row_count = rows,
                                      .column_count = (uint32_t)scan->column_count,
                                      .columns = scan->vecs,
                                      .first_position = scan->position};
    scan->position += rows;
    scan->group_row += rows;
    if (scan->group_row == scan->ranges[0].end) {
        scan->ranges++;
        scan->range_count--;
    }
    *out = &scan->batch;
    return NULL;
}
