/* What statistics and page indexes leave out of a file: row groups by the bounds of their chunks,
 * rows of them by the bounds of pages (column index) and where those begin (offset index).
 *
 * In doubt rows are read: bounds that are missing, of another length than their type, in an order
 * that the footer does not name, NaN; an index that cannot be understood. Only columns that are
 * neither nested nor repeated have bounds of their own. */
#include "lake/parquet_leaf.h"
#include "lake/thrift.h"

#include <math.h>
#include <stdlib.h>

enum { INDEX_LIMIT = 64 << 20 };

/* A bound as a vector of one value. */
struct bound {
    struct lake_vec vec;
    union {
        uint8_t bytes[16];
        __int128 i128;
        float f32;
        double f64;
        struct str str;
    } value;
};

/* The leaf of a column that is one; -1: it has none. */
static int64_t leaf_of(const struct parquet_file *file, uint32_t column)
{
    const struct pq_node *node = &file->columns[column];
    bool flat = !node->child_count && node->leaf_count == 1 && !file->leaves[node->leaf].max_rep;
    return flat ? (int64_t)node->leaf : -1;
}

/* Whether bounds of the leaf mean anything. */
static bool comparable(const struct parquet_file *file, uint32_t leaf, bool signed_order)
{
    const struct pq_element *el = file->leaves[leaf].element;
    bool bytes = el->type == PQ_BYTE_ARRAY || el->type == PQ_FIXED;
    if (el->type == PQ_INT96 || el->logical == PQ_LOGICAL_INTERVAL ||
        el->logical == PQ_LOGICAL_GEOMETRY || el->logical == PQ_LOGICAL_GEOGRAPHY)
        return false;
    if (signed_order)
        return !bytes && el->bits >= 0;
    return leaf < file->meta.ordered_count && file->meta.ordered[leaf];
}

/* False: it cannot be told. */
static bool read_bound(const struct pq_leaf_info *info, struct str stored, struct bound *out)
{
    const struct pq_element *el = info->element;
    bool bytes = el->type == PQ_BYTE_ARRAY || el->type == PQ_FIXED;
    _Alignas(16) uint8_t raw[16] = {0};
    size_t width = el->type == PQ_BOOLEAN ? 1 : pq_stored_width(el);
    if (!stored.data || (el->type != PQ_BYTE_ARRAY && stored.len != width))
        return false;
    if (bytes)
        memcpy(raw, &stored, sizeof(stored));
    else
        memcpy(raw, stored.data, stored.len);
    if (info->convert == PQ_AS_IS)
        memcpy(out->value.bytes, raw, sizeof(raw));
    else if (pq_convert_values(info, raw, out->value.bytes, 1))
        return false;
    out->vec = (struct lake_vec){.type = info->type,
                                 .phys = lake_type_phys(info->type),
                                 .count = 1,
                                 .data = out->value.bytes};
    return !(out->vec.phys == LAKE_PHYS_F32 && isnan(out->value.f32)) &&
           !(out->vec.phys == LAKE_PHYS_F64 && isnan(out->value.f64));
}

static bool may_hold(const struct parquet_file *file, uint32_t leaf, bool signed_order,
                     const struct pq_bounds *bounds, int64_t rows,
                     const struct lake_chooser *chooser, size_t which)
{
    struct bound least, greatest;
    struct lake_summary s = {.row_count = rows, .null_count = bounds->null_count};
    if (comparable(file, leaf, signed_order)) {
        if (read_bound(&file->leaves[leaf], bounds->least, &least))
            s.least = &least.vec;
        if (read_bound(&file->leaves[leaf], bounds->greatest, &greatest))
            s.greatest = &greatest.vec;
    }
    return chooser->may(chooser->arg, which, &s);
}

struct err *pq_choose_group(struct parquet_file *file, uint32_t group,
                            const struct lake_chooser *chooser, bool *may)
{
    const struct pq_row_group *g = &file->meta.row_groups[group];
    *may = true;
    for (size_t i = 0; i < chooser->column_count && *may; i++) {
        int64_t leaf = leaf_of(file, chooser->columns[i]);
        if (leaf < 0 || !g->chunks[leaf].present || g->chunks[leaf].encrypted)
            continue;
        const struct pq_chunk *c = &g->chunks[leaf];
        *may =
            may_hold(file, (uint32_t)leaf, c->signed_bounds, &c->bounds, g->row_count, chooser, i);
    }
    return NULL;
}

/* ---- indexes ---- */

/* Bytes of an index in the arena; *out without data: there is none, or it lies outside. */
static struct err *read_index(struct parquet_file *file, struct pq_place place, struct arena *arena,
                              struct str *out)
{
    *out = (struct str){0};
    if (place.offset < 4 || place.length <= 0 || place.length > INDEX_LIMIT ||
        place.offset > file->data_end - place.length)
        return NULL;
    char *p = arena_try_alloc(arena, (size_t)place.length);
    if (!p)
        return err_oom();
    TRY(lake_object_read(file->object, place.offset, p, (size_t)place.length));
    *out = str_make(p, (size_t)place.length);
    return NULL;
}

static void *list_of(struct thrift *t, struct arena *arena, const struct thrift_fields *f,
                     uint8_t want, size_t size, uint32_t *count)
{
    uint8_t type = 0;
    *count = thrift_list(t, f, &type);
    bool bools = want == THRIFT_TRUE && type == THRIFT_FALSE;
    if (*count && type != want && !bools)
        thrift_fail(t, "list of other values");
    void *p = t->error ? NULL : arena_try_alloc(arena, ((size_t)*count + 1) * size);
    if (!p)
        thrift_fail(t, "no memory");
    return p;
}

static void read_location(struct thrift *t, int64_t *offset, int64_t *first_row)
{
    struct thrift_fields f = thrift_enter(t);
    *offset = *first_row = -1;
    while (thrift_next(t, &f)) {
        if (f.id == 1)
            *offset = thrift_int(t, &f);
        else if (f.id == 3)
            *first_row = thrift_int(t, &f);
        else
            thrift_skip(t, f.type);
    }
}

static bool parse_pages(struct str bytes, struct arena *arena, struct pq_pages *out)
{
    struct thrift t;
    thrift_init(&t, bytes.data, bytes.len);
    struct thrift_fields f = thrift_enter(&t);
    while (thrift_next(&t, &f)) {
        if (f.id != 1) {
            thrift_skip(&t, f.type);
            continue;
        }
        uint32_t n;
        int64_t *offsets = list_of(&t, arena, &f, THRIFT_STRUCT, sizeof(*offsets), &n);
        int64_t *rows = offsets ? arena_try_alloc(arena, ((size_t)n + 1) * sizeof(*rows)) : NULL;
        for (uint32_t i = 0; rows && i < n && !t.error; i++)
            read_location(&t, &offsets[i], &rows[i]);
        if (!rows)
            return false;
        *out = (struct pq_pages){n, offsets, rows};
    }
    return !t.error && out->count;
}

struct err *pq_read_pages(struct parquet_file *file, uint32_t group, uint32_t leaf,
                          struct arena *arena, const struct pq_pages **out)
{
    const struct pq_row_group *g = &file->meta.row_groups[group];
    const struct pq_chunk *c = &g->chunks[leaf];
    struct pq_pages *pages = arena_new(arena, struct pq_pages);
    struct str bytes;
    *out = NULL;
    TRY(read_index(file, c->offset_index, arena, &bytes));
    if (!bytes.data || !parse_pages(bytes, arena, pages))
        return NULL;
    ((int64_t *)pages->first_rows)[pages->count] = g->row_count;
    int64_t begin = pq_chunk_begin(c), end;
    if (pages->first_rows[0] || __builtin_add_overflow(begin, c->compressed_bytes, &end))
        return NULL;
    for (uint32_t i = 0; i < pages->count; i++) {
        bool after = !i || pages->offsets[i] > pages->offsets[i - 1];
        if (!after || pages->offsets[i] < begin || pages->offsets[i] >= end ||
            pages->first_rows[i] > pages->first_rows[i + 1])
            return NULL;
    }
    *out = pages;
    return NULL;
}

/* What a column index says of each page. */
struct page_bounds {
    bool *null_pages;
    struct str *least, *greatest;
    int64_t *nulls; /* NULL: not known */
    uint32_t null_pages_count, least_count, greatest_count, nulls_count;
};

static bool parse_bounds(struct str bytes, struct arena *arena, struct page_bounds *out)
{
    struct thrift t;
    thrift_init(&t, bytes.data, bytes.len);
    struct thrift_fields f = thrift_enter(&t);
    while (thrift_next(&t, &f)) {
        uint32_t n;
        if (f.id == 1) {
            out->null_pages = list_of(&t, arena, &f, THRIFT_TRUE, sizeof(bool), &n);
            out->null_pages_count = n;
            for (uint32_t i = 0; i < n && !t.error; i++)
                out->null_pages[i] = thrift_bool_element(&t);
        } else if (f.id == 2 || f.id == 3) {
            struct str *s = list_of(&t, arena, &f, THRIFT_BINARY, sizeof(*s), &n);
            *(f.id == 2 ? &out->least : &out->greatest) = s;
            *(f.id == 2 ? &out->least_count : &out->greatest_count) = n;
            for (uint32_t i = 0; i < n && !t.error; i++)
                s[i] = thrift_binary_element(&t);
        } else if (f.id == 5) {
            out->nulls = list_of(&t, arena, &f, THRIFT_I64, sizeof(int64_t), &n);
            out->nulls_count = n;
            for (uint32_t i = 0; i < n && !t.error; i++)
                out->nulls[i] = thrift_int_element(&t);
        } else {
            thrift_skip(&t, f.type);
        }
    }
    return !t.error;
}

static struct err *read_bounds(struct parquet_file *file, const struct pq_chunk *c, uint32_t pages,
                               struct arena *arena, struct page_bounds *out, bool *found)
{
    struct str bytes;
    *found = false;
    *out = (struct page_bounds){0};
    TRY(read_index(file, c->column_index, arena, &bytes));
    if (!bytes.data || !parse_bounds(bytes, arena, out))
        return NULL;
    *found =
        out->null_pages_count == pages && out->least_count == pages && out->greatest_count == pages;
    if (out->nulls_count != pages)
        out->nulls = NULL;
    return NULL;
}

/* ---- rows ---- */

struct choice {
    struct pq_rows *rows;
    uint32_t count;
    size_t capacity;
};

/* Adds rows that come after all others. */
static void add_rows(struct choice *c, struct arena *arena, int64_t begin, int64_t end)
{
    if (begin >= end)
        return;
    if (c->count && c->rows[c->count - 1].end == begin)
        c->rows[c->count - 1].end = end;
    else
        ARENA_PUSH(arena, c->rows, c->count, c->capacity, ((struct pq_rows){begin, end}));
}

static struct choice common_rows(const struct choice *a, const struct choice *b,
                                 struct arena *arena)
{
    struct choice out = {0};
    for (uint32_t i = 0, k = 0; i < a->count && k < b->count;) {
        const struct pq_rows *x = &a->rows[i], *y = &b->rows[k];
        add_rows(&out, arena, x->begin > y->begin ? x->begin : y->begin,
                 x->end < y->end ? x->end : y->end);
        if (x->end < y->end)
            i++;
        else
            k++;
    }
    return out;
}

/* The rows that one condition leaves; *found false: it cannot be told. */
static struct err *rows_of(struct parquet_file *file, uint32_t group, uint32_t leaf,
                           const struct lake_chooser *chooser, size_t which, struct arena *arena,
                           struct choice *out, bool *found)
{
    const struct pq_chunk *c = &file->meta.row_groups[group].chunks[leaf];
    const struct pq_pages *pages;
    struct page_bounds b;
    *found = false;
    *out = (struct choice){0};
    if (!c->column_index.length || !c->present || c->encrypted)
        return NULL;
    TRY(pq_read_pages(file, group, leaf, arena, &pages));
    if (!pages || pages->count < 2)
        return NULL;
    TRY(read_bounds(file, c, pages->count, arena, &b, found));
    for (uint32_t i = 0; *found && i < pages->count; i++) {
        int64_t begin = pages->first_rows[i], end = pages->first_rows[i + 1];
        struct pq_bounds bounds = {.null_count = b.nulls ? b.nulls[i] : -1};
        if (b.null_pages[i]) {
            bounds.null_count = end - begin;
        } else {
            bounds.least = b.least[i];
            bounds.greatest = b.greatest[i];
        }
        if (may_hold(file, leaf, false, &bounds, end - begin, chooser, which))
            add_rows(out, arena, begin, end);
    }
    return NULL;
}

struct err *pq_choose_rows(struct parquet_file *file, uint32_t group,
                           const struct lake_chooser *chooser, struct arena *arena,
                           struct pq_rows **out, uint32_t *count)
{
    struct choice all = {0};
    add_rows(&all, arena, 0, file->meta.row_groups[group].row_count);
    for (size_t i = 0; i < chooser->column_count && all.count; i++) {
        struct choice one;
        bool found;
        int64_t leaf = leaf_of(file, chooser->columns[i]);
        if (leaf < 0)
            continue;
        TRY(rows_of(file, group, (uint32_t)leaf, chooser, i, arena, &one, &found));
        if (found)
            all = common_rows(&all, &one, arena);
    }
    *out = all.rows;
    *count = all.count;
    return NULL;
}
