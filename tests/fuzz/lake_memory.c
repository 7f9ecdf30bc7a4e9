#include "lake_memory.h"

#include "lake/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_FILES = 64, MAX_BATCHES = 8 };

/* ---- The store ---- */

struct memory_file {
    const char *path;
    uint8_t *data;
    size_t size;
};

struct memory_object {
    struct lake_object base;
    const struct memory_file *file;
};

static struct memory_file files[MAX_FILES];
static size_t file_count;

void memory_reset(void)
{
    while (file_count)
        free(files[--file_count].data);
}

void memory_add(const char *path, const void *data, size_t size)
{
    if (file_count == MAX_FILES)
        return;
    uint8_t *copy = malloc(size + !size);
    if (!copy)
        abort();
    if (size)
        memcpy(copy, data, size);
    files[file_count++] = (struct memory_file){path, copy, size};
}

static struct err *object_read(struct lake_object *object, int64_t offset, void *out, size_t len)
{
    const struct memory_file *f = ((struct memory_object *)object)->file;
    if (offset < 0 || (size_t)offset > f->size || len > f->size - (size_t)offset)
        return err_new("XX001", "read beyond the end");
    if (len)
        memcpy(out, f->data + offset, len);
    return NULL;
}

static void object_close(struct lake_object *object)
{
    free(object);
}

static struct err *store_open(struct lake_store *store, struct str path, struct lake_object **out)
{
    static const struct lake_object_ops ops = {.read = object_read, .close = object_close};
    (void)store;
    for (size_t i = 0; i < file_count; i++) {
        if (!str_eq_c(path, files[i].path))
            continue;
        struct memory_object *o = calloc(1, sizeof(*o));
        if (!o)
            abort();
        o->base = (struct lake_object){&ops, (char *)files[i].path, (int64_t)files[i].size};
        o->file = &files[i];
        *out = &o->base;
        return NULL;
    }
    return err_new("58P01", "there is no such file");
}

static int compare_entries(const void *a, const void *b)
{
    return str_cmp(((const struct lake_entry *)a)->name, ((const struct lake_entry *)b)->name);
}

static struct err *store_list(struct lake_store *store, struct str folder, struct str from,
                              struct arena *arena, struct lake_list *out)
{
    (void)store;
    *out = (struct lake_list){.entries = arena_new_array(arena, struct lake_entry, MAX_FILES)};
    for (size_t i = 0; i < file_count; i++) {
        struct str path = str_from(files[i].path);
        if (path.len <= folder.len + 1 || !str_starts_with(path, folder) ||
            path.data[folder.len] != '/')
            continue;
        struct str name = str_make(path.data + folder.len + 1, path.len - folder.len - 1);
        if (memchr(name.data, '/', name.len) || str_cmp(name, from) < 0)
            continue;
        out->entries[out->count++] = (struct lake_entry){.name = name,
                                                         .size_bytes = (int64_t)files[i].size,
                                                         .modified_ms = 1700000000000 + (int64_t)i};
    }
    qsort(out->entries, out->count, sizeof(*out->entries), compare_entries);
    return NULL;
}

static void store_free(struct lake_store *store)
{
    (void)store;
}

struct lake_store *memory_store(void)
{
    static const struct lake_store_ops ops = {
        .list = store_list, .open = store_open, .free = store_free};
    static char root[] = "";
    static struct lake_store store = {.ops = &ops, .root = root};
    return &store;
}

/* ---- Input ---- */

uint8_t take_byte(struct input *in)
{
    return in->p < in->end ? *in->p++ : 0;
}

uint16_t take_u16(struct input *in)
{
    uint8_t low = take_byte(in);
    return (uint16_t)(low | take_byte(in) << 8);
}

struct str take_bytes(struct input *in, size_t n)
{
    size_t left = (size_t)(in->end - in->p);
    struct str s = str_make(in->p, n < left ? n : left);
    in->p += s.len;
    return s;
}

struct str take_rest(struct input *in)
{
    return take_bytes(in, SIZE_MAX);
}

/* ---- Rows ---- */

void render_batch(const struct lake_batch *batch)
{
    struct buf text = BUF_INIT;
    for (uint32_t c = 0; c < batch->column_count; c++) {
        for (uint32_t row = 0; row < batch->row_count; row++) {
            buf_reset(&text);
            lake_json_value(&batch->columns[c], row, &text);
        }
    }
    buf_done(&text);
}

static bool may_have(void *arg, size_t which, const struct lake_summary *s)
{
    uint64_t *state = arg;
    struct buf text = BUF_INIT;
    if (s->least)
        lake_json_value(s->least, 0, &text);
    if (s->greatest)
        lake_json_value(s->greatest, 0, &text);
    *state = *state * 6364136223846793005u + text.len + which;
    buf_done(&text);
    return *state >> 40 & 1;
}

bool read_rows(struct parquet_file *file, bool choose)
{
    const struct lake_type *schema = parquet_schema(file);
    struct parquet_scan_options options = {.column_count = schema->field_count};
    struct parquet_scan *scan;
    const struct lake_batch *batch = NULL;
    uint32_t *columns = malloc((schema->field_count + 1) * sizeof(*columns));
    if (!columns)
        abort();
    for (uint32_t i = 0; i < schema->field_count; i++)
        columns[i] = i;
    options.columns = columns;
    uint64_t state = 1;
    size_t chosen = schema->field_count < 2 ? schema->field_count : 2;
    struct lake_chooser chooser = {columns, chosen, may_have, &state};
    options.chooser = choose ? &chooser : NULL;
    struct err *e = parquet_scan_new(file, &options, &scan);
    if (!e) {
        /* A few batches: a page may claim millions of equal rows. */
        for (int i = 0; i < MAX_BATCHES && !(e = parquet_scan_next(scan, &batch)) && batch; i++)
            render_batch(batch);
        parquet_scan_free(scan);
    }
    free(columns);
    bool whole = !e && !batch;
    err_free(e);
    return whole;
}

/* ---- A Parquet file of one column ---- */

const struct column_kind *column_kind(uint8_t number)
{
    static const struct column_kind kinds[] = {
        {.type = PQ_BOOLEAN},
        {.type = PQ_INT32},
        {.type = PQ_INT64},
        {.type = PQ_INT96},
        {.type = PQ_FLOAT},
        {.type = PQ_DOUBLE},
        {.type = PQ_BYTE_ARRAY},
        {.type = PQ_FIXED, .length = 5},
        {.type = PQ_INT32, .logical = PQ_LOGICAL_DATE},
        {.type = PQ_INT32, .logical = PQ_LOGICAL_TIME, .unit = PQ_UNIT_MILLIS},
        {.type = PQ_INT32, .logical = PQ_LOGICAL_DECIMAL, .precision = 9, .scale = 2},
        {.type = PQ_INT32, .logical = PQ_LOGICAL_DECIMAL, .precision = 20, .scale = 2},
        {.type = PQ_INT32, .logical = PQ_LOGICAL_INTEGER, .bits = 8},
        {.type = PQ_INT32, .logical = PQ_LOGICAL_INTEGER, .bits = -32},
        {.type = PQ_INT64, .logical = PQ_LOGICAL_INTEGER, .bits = -64},
        {.type = PQ_INT64, .logical = PQ_LOGICAL_TIMESTAMP, .unit = PQ_UNIT_MILLIS},
        {.type = PQ_INT64, .logical = PQ_LOGICAL_TIMESTAMP, .unit = PQ_UNIT_MICROS},
        {.type = PQ_INT64, .logical = PQ_LOGICAL_TIMESTAMP, .unit = PQ_UNIT_NANOS},
        {.type = PQ_INT64, .logical = PQ_LOGICAL_TIME, .unit = PQ_UNIT_NANOS},
        {.type = PQ_INT64, .logical = PQ_LOGICAL_DECIMAL, .precision = 18, .scale = 18},
        {.type = PQ_INT64, .logical = PQ_LOGICAL_DECIMAL, .precision = 38, .scale = 3},
        {.type = PQ_BYTE_ARRAY, .logical = PQ_LOGICAL_STRING},
        {.type = PQ_BYTE_ARRAY, .logical = PQ_LOGICAL_JSON},
        {.type = PQ_BYTE_ARRAY, .logical = PQ_LOGICAL_DECIMAL, .precision = 10, .scale = 4},
        {.type = PQ_BYTE_ARRAY, .logical = PQ_LOGICAL_DECIMAL, .precision = 38, .scale = 4},
        {.type = PQ_FIXED, .length = 7, .logical = PQ_LOGICAL_DECIMAL, .precision = 16},
        {.type = PQ_FIXED, .length = 16, .logical = PQ_LOGICAL_DECIMAL, .precision = 38},
        {.type = PQ_FIXED, .length = 20, .logical = PQ_LOGICAL_DECIMAL, .precision = 38},
        {.type = PQ_FIXED, .length = 16, .logical = PQ_LOGICAL_UUID},
        {.type = PQ_FIXED, .length = 2, .logical = PQ_LOGICAL_FLOAT16},
        {.type = PQ_FIXED, .length = 12, .logical = PQ_LOGICAL_INTERVAL},
    };
    return &kinds[number % ARRAY_LENGTH(kinds)];
}

void shape_levels(enum column_shape shape, uint8_t *def, uint8_t *rep)
{
    static const uint8_t levels[SHAPES][2] = {{0, 0}, {1, 0}, {3, 1}, {1, 1}, {5, 2}};
    *def = levels[shape][0];
    *rep = levels[shape][1];
}

static struct pq_element group(const char *name, enum pq_repetition repetition,
                               enum pq_logical logical)
{
    return (struct pq_element){.name = str_from(name),
                               .repetition = repetition,
                               .logical = logical,
                               .child_count = 1,
                               .field_id = -1};
}

/* The schema in preorder, a chain of groups that ends in the leaf. */
static uint32_t make_elements(struct pq_element *el, const struct column_kind *kind,
                              enum column_shape shape)
{
    uint32_t n = 0;
    struct pq_element leaf = {.name = STR("leaf"),
                              .is_leaf = true,
                              .type = kind->type,
                              .repetition = PQ_OPTIONAL,
                              .length = kind->length,
                              .field_id = -1,
                              .logical = kind->logical,
                              .precision = kind->precision,
                              .scale = kind->scale,
                              .unit = kind->unit,
                              .bits = kind->bits,
                              .adjusted_to_utc = true};
    el[n++] = group("root", PQ_REQUIRED, PQ_LOGICAL_NONE);
    if (shape == SHAPE_REQUIRED)
        leaf.repetition = PQ_REQUIRED;
    if (shape == SHAPE_REPEATED)
        leaf.repetition = PQ_REPEATED;
    if (shape == SHAPE_DEEP) {
        el[n++] = group("outer", PQ_OPTIONAL, PQ_LOGICAL_LIST);
        el[n++] = group("list", PQ_REPEATED, PQ_LOGICAL_NONE);
        el[n++] = group("pair", PQ_OPTIONAL, PQ_LOGICAL_NONE);
        el[n++] = group("array", PQ_REPEATED, PQ_LOGICAL_NONE);
    }
    if (shape == SHAPE_LIST) {
        el[n++] = group("col", PQ_OPTIONAL, PQ_LOGICAL_LIST);
        el[n++] = group("list", PQ_REPEATED, PQ_LOGICAL_NONE);
    }
    el[n++] = leaf;
    return n;
}

struct parquet_file *column_file(const struct column_kind *kind, enum column_shape shape,
                                 const struct buf *content, size_t chunk_len, int64_t rows,
                                 int64_t values)
{
    struct parquet_file *file = calloc(1, sizeof(*file));
    if (!file)
        abort();
    arena_init(&file->arena);
    memory_reset();
    memory_add("column", content->data, content->len);
    err_free(lake_object_open(memory_store(), STR("column"), &file->object));
    file->data_end = (int64_t)content->len;
    struct pq_meta *m = &file->meta;
    m->elements = arena_new_array(&file->arena, struct pq_element, 8);
    m->element_count = make_elements(m->elements, kind, shape);
    m->row_groups = arena_new_array(&file->arena, struct pq_row_group, 1);
    m->row_group_count = 1;
    m->ordered = arena_new_array(&file->arena, bool, 1);
    m->ordered[0] = true;
    m->ordered_count = 1;
    struct pq_chunk *c = arena_new_array(&file->arena, struct pq_chunk, 1);
    *c = (struct pq_chunk){.type = kind->type,
                           .present = true,
                           .value_count = values,
                           .data_offset = 4,
                           .compressed_bytes = (int64_t)(chunk_len ? chunk_len : content->len) - 4,
                           .uncompressed_bytes = (int64_t)content->len,
                           .bounds.null_count = -1};
    m->row_groups[0] = (struct pq_row_group){rows, c, 1};
    struct err *e = pq_schema_build(file);
    if (e) {
        err_free(e);
        parquet_close(file);
        return NULL;
    }
    return file;
}
