/* A leaf column: its buffers, and the two ways to read it. A flat column decodes straight into
 * arrays with a slot a row; a leaf of a nested column gives levels and dense values, which
 * parquet_nested.c assembles. */
#include "lake/parquet_leaf.h"

#include <stdlib.h>

enum {
    MAX_BATCH_STRINGS = 1 << 30,
    MAX_BATCH_LEVELS = 1 << 28 /* elements of the lists of one batch */
};

static size_t raw_size(enum pq_type type)
{
    static const uint8_t sizes[] = {
        [PQ_BOOLEAN] = 1, [PQ_INT32] = 4,  [PQ_INT64] = 8,  [PQ_INT96] = 12,
        [PQ_FLOAT] = 4,   [PQ_DOUBLE] = 8, [PQ_FIXED] = 16, [PQ_BYTE_ARRAY] = sizeof(struct str),
    };
    return sizes[type];
}

void pq_leaf_init(struct pq_leaf *leaf, struct parquet_file *file, uint32_t index, bool flat,
                  bool presence, size_t read_ahead)
{
    *leaf = (struct pq_leaf){.file = file,
                             .info = &file->leaves[index],
                             .flat = flat,
                             .presence = presence,
                             .read_ahead = read_ahead};
    leaf->phys = lake_type_phys(leaf->info->type);
    leaf->value_size = (uint32_t)lake_phys_size(leaf->phys);
    leaf->raw_size = (uint32_t)raw_size(leaf->info->element->type);
    arena_init(&leaf->strings);
    leaf->strings.limit_bytes = MAX_BATCH_STRINGS;
}

static void free_list(struct pq_buf *b)
{
    while (b) {
        struct pq_buf *next = b->next;
        free(b);
        b = next;
    }
}

static void drop_chunk(struct pq_leaf *leaf)
{
    free_list(leaf->retained);
    free(leaf->page);
    free(leaf->dict_page);
    free(leaf->dict);
    leaf->retained = leaf->page = leaf->dict_page = NULL;
    leaf->dict = NULL;
    leaf->has_dict = leaf->page_referenced = false;
    leaf->dict_count = leaf->page_left = leaf->pending_pos = leaf->pending_len = 0;
    leaf->window_begin = leaf->window_len = 0;
    leaf->row = 0;
    leaf->pages = NULL;
    leaf->page_index = 0;
    leaf->by_pages = false;
}

void pq_leaf_done(struct pq_leaf *leaf)
{
    drop_chunk(leaf);
    free_list(leaf->spare);
    free(leaf->window);
    free(leaf->previous);
    free(leaf->scratch);
    free(leaf->indexes);
    free(leaf->values);
    free(leaf->valid);
    free(leaf->defs);
    free(leaf->reps);
    arena_done(&leaf->strings);
}

struct err *pq_leaf_error(const struct pq_leaf *leaf, const char *reason)
{
    if (reason == pq_too_much)
        return err_new("54000", "could not read Parquet file \"%s\": column %s: %s",
                       leaf->file->object->path, leaf->info->path, reason);
    return pq_damaged(leaf->file, "column %s: %s", leaf->info->path, reason);
}

static struct err *check_chunk(const struct pq_leaf *leaf, const struct pq_chunk *chunk)
{
    const char *path = leaf->info->path;
    if (chunk->encrypted)
        return pq_unsupported(leaf->file, "column %s is encrypted", path);
    if (chunk->file_path.len)
        return pq_unsupported(leaf->file, "column %s lies in another file", path);
    if (!chunk->present)
        return pq_damaged(leaf->file, "column %s has no metadata", path);
    if (chunk->codec == PQ_LZO)
        return pq_unsupported(leaf->file, "column %s is compressed with lzo", path);
    if (!pq_codec_name(chunk->codec))
        return pq_unsupported(leaf->file, "column %s is compressed with unknown codec %d", path,
                              (int)chunk->codec);
    return NULL;
}

int64_t pq_chunk_begin(const struct pq_chunk *chunk)
{
    int64_t dictionary = chunk->dictionary_offset;
    return dictionary > 0 && dictionary < chunk->data_offset ? dictionary : chunk->data_offset;
}

/* Some old writers left parts of a chunk out of its size: it may reach to the next chunk. */
void pq_leaf_extend_chunk(struct pq_leaf *leaf)
{
    const struct parquet_file *file = leaf->file;
    int64_t begin = pq_chunk_begin(leaf->chunk), limit = file->data_end;
    uint32_t last = leaf->row_group + 2;
    for (uint32_t g = leaf->row_group; g < last && g < file->meta.row_group_count; g++) {
        for (uint32_t c = 0; c < file->leaf_count; c++) {
            int64_t other = pq_chunk_begin(&file->meta.row_groups[g].chunks[c]);
            if (other > begin && other < limit)
                limit = other;
        }
    }
    if (limit > leaf->file_end)
        leaf->file_end = limit;
}

/* What is asked is known without them: nothing is NULL. */
static bool no_pages(const struct pq_leaf *leaf)
{
    return leaf->presence && !leaf->info->max_def;
}

struct err *pq_leaf_open(struct pq_leaf *leaf, uint32_t row_group)
{
    struct parquet_file *file = leaf->file;
    uint32_t index = (uint32_t)(leaf->info - file->leaves);
    const struct pq_chunk *chunk = &file->meta.row_groups[row_group].chunks[index];
    TRY(check_chunk(leaf, chunk));
    drop_chunk(leaf);
    int64_t begin = pq_chunk_begin(chunk), end;
    if (begin < 4 || chunk->compressed_bytes < 0 || chunk->value_count < 0 ||
        __builtin_add_overflow(begin, chunk->compressed_bytes, &end) || end > file->data_end)
        return pq_leaf_error(leaf, "column chunk lies outside of the file");
    leaf->chunk = chunk;
    leaf->file_pos = begin;
    leaf->file_end = end;
    if (!no_pages(leaf))
        lake_object_will_read(file->object, begin, end);
    leaf->row_group = row_group;
    leaf->values_left = chunk->value_count;
    if (!leaf->scratch)
        leaf->scratch = malloc((size_t)PQ_PORTION * leaf->raw_size);
    if (!leaf->indexes)
        leaf->indexes = malloc(PQ_PORTION * sizeof(*leaf->indexes));
    return leaf->scratch && leaf->indexes ? NULL : err_oom();
}

void pq_leaf_begin_batch(struct pq_leaf *leaf)
{
    while (leaf->retained) {
        struct pq_buf *b = leaf->retained;
        leaf->retained = b->next;
        pq_buf_give(leaf, b);
    }
    leaf->page_referenced = false;
    leaf->level_count = leaf->value_count = 0;
    arena_reset(&leaf->strings);
}

/* Moves `count` dense values to the slots of the valid ones among `n`, from behind, so that none is
 * overwritten before it moved. */
#define SPREAD(type)                                \
    do {                                            \
        type *v_ = values;                          \
        for (size_t i = n, j = count; i-- > 0;)     \
            v_[i] = valid[i] ? v_[--j] : (type){0}; \
    } while (0)

static void spread_values(void *values, const uint8_t *valid, size_t n, size_t count,
                          uint32_t value_size, enum lake_phys phys)
{
    if (phys == LAKE_PHYS_BYTES)
        SPREAD(struct str);
    else if (value_size == 4)
        SPREAD(uint32_t);
    else if (value_size == 8)
        SPREAD(uint64_t);
    else if (value_size == 16)
        SPREAD(__int128);
    else
        SPREAD(uint8_t);
}

static size_t count_ones(const uint8_t *bytes, size_t n)
{
    size_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += bytes[i];
    return sum;
}

static struct err *reserve_flat(struct pq_leaf *leaf, uint32_t rows)
{
    if (leaf->capacity >= rows)
        return NULL;
    free(leaf->values);
    free(leaf->valid);
    leaf->capacity = 0;
    leaf->values = calloc(rows, leaf->value_size); /* for `presence` they stay zero */
    leaf->valid = malloc(rows);
    if (!leaf->values || !leaf->valid)
        return err_oom();
    leaf->capacity = rows;
    return NULL;
}

/* The next `n` values of the page, into the slots of those that are there; *count of them. */
static const char *read_slots(struct pq_leaf *leaf, uint8_t *valid, void *values, size_t n,
                              size_t *count)
{
    const char *bad = NULL;
    *count = n;
    if (leaf->info->max_def) {
        bad = pq_rle_u8(&leaf->def, valid, n);
        *count = bad ? 0 : count_ones(valid, n);
    } else {
        memset(valid, 1, n);
    }
    if (bad || leaf->presence)
        return bad;
    bad = pq_values_get(leaf, values, *count);
    if (!bad && *count < n)
        spread_values(values, valid, n, *count, leaf->value_size, leaf->phys);
    return bad;
}

struct err *pq_leaf_read_flat(struct pq_leaf *leaf, uint32_t rows, bool *has_null)
{
    TRY(reserve_flat(leaf, rows));
    *has_null = false;
    for (uint32_t done = 0; done < rows && !no_pages(leaf);) {
        if (!leaf->page_left) {
            bool found;
            TRY(pq_leaf_next_page(leaf, &found));
            if (!found)
                return pq_leaf_error(leaf, "column has fewer values than the row group has rows");
        }
        size_t k = rows - done < leaf->page_left ? rows - done : leaf->page_left, count;
        uint8_t *valid = leaf->valid + done;
        void *values = (uint8_t *)leaf->values + (size_t)done * leaf->value_size;
        const char *bad = read_slots(leaf, valid, values, k, &count);
        if (bad)
            return pq_leaf_error(leaf, bad);
        *has_null |= count < k;
        leaf->page_left -= (uint32_t)k;
        done += (uint32_t)k;
    }
    leaf->row += rows;
    return NULL;
}

/* Levels of the next portion of the page. */
static const char *fill_pending(struct pq_leaf *leaf)
{
    uint32_t n = leaf->page_left < PQ_PORTION ? leaf->page_left : PQ_PORTION;
    const char *bad = pq_rle_u8(&leaf->rep, leaf->pending_rep, n);
    if (!bad)
        bad = pq_rle_u8(&leaf->def, leaf->pending_def, n);
    if (bad)
        return bad;
    uint8_t max_def = 0, max_rep = 0;
    for (uint32_t i = 0; i < n; i++) {
        max_def = leaf->pending_def[i] > max_def ? leaf->pending_def[i] : max_def;
        max_rep = leaf->pending_rep[i] > max_rep ? leaf->pending_rep[i] : max_rep;
    }
    if (max_def > leaf->info->max_def || max_rep > leaf->info->max_rep)
        return "level is out of range";
    leaf->page_left -= n;
    leaf->pending_pos = 0;
    leaf->pending_len = n;
    return NULL;
}

static void *grow(void *p, size_t count, size_t size)
{
    return realloc(p, count * size + 1);
}

static const char *reserve_nested(struct pq_leaf *leaf, size_t n)
{
    size_t levels = leaf->level_count + n, values = leaf->value_count + n;
    if (levels > MAX_BATCH_LEVELS)
        return pq_too_much;
    if (levels > leaf->level_cap) {
        size_t cap = levels * 2;
        uint8_t *defs = grow(leaf->defs, cap, 1);
        if (defs)
            leaf->defs = defs;
        uint8_t *reps = grow(leaf->reps, cap, 1);
        if (reps)
            leaf->reps = reps;
        if (!defs || !reps)
            return pq_too_much;
        leaf->level_cap = cap;
    }
    if (values > leaf->value_cap) {
        void *p = grow(leaf->values, values * 2, leaf->value_size);
        if (!p)
            return pq_too_much;
        leaf->values = p;
        leaf->value_cap = values * 2;
    }
    return NULL;
}

/* Takes `n` pending levels and their values into the batch. */
static const char *take_pending(struct pq_leaf *leaf, uint32_t n)
{
    const char *bad = reserve_nested(leaf, n);
    if (bad)
        return bad;
    const uint8_t *def = leaf->pending_def + leaf->pending_pos;
    size_t count = 0;
    for (uint32_t i = 0; i < n; i++)
        count += def[i] == leaf->info->max_def;
    memcpy(leaf->defs + leaf->level_count, def, n);
    memcpy(leaf->reps + leaf->level_count, leaf->pending_rep + leaf->pending_pos, n);
    bad =
        pq_values_get(leaf, (uint8_t *)leaf->values + leaf->value_count * leaf->value_size, count);
    leaf->level_count += n;
    leaf->value_count += count;
    leaf->pending_pos += n;
    return bad;
}

struct err *pq_leaf_read_levels(struct pq_leaf *leaf, uint32_t rows)
{
    uint32_t begun = 0;
    for (;;) {
        const char *bad = NULL;
        if (leaf->pending_pos == leaf->pending_len) {
            bool found = true;
            if (!leaf->page_left)
                TRY(pq_leaf_next_page(leaf, &found));
            if (!found)
                break;
            bad = fill_pending(leaf);
            if (bad)
                return pq_leaf_error(leaf, bad);
        }
        uint32_t i = leaf->pending_pos;
        for (; i < leaf->pending_len; i++) {
            if (leaf->pending_rep[i])
                continue;
            if (begun == rows)
                break;
            begun++;
        }
        if (!begun && i > leaf->pending_pos)
            bad = "row group begins inside a row";
        else if (i > leaf->pending_pos)
            bad = take_pending(leaf, i - leaf->pending_pos);
        if (bad)
            return pq_leaf_error(leaf, bad);
        if (i < leaf->pending_len)
            break; /* the first level of the row after */
    }
    if (begun != rows)
        return pq_leaf_error(leaf, "column has fewer values than the row group has rows");
    leaf->row += rows;
    return NULL;
}

/* The last page that begins at the row or before. */
static uint32_t page_of(const struct pq_pages *pages, int64_t row)
{
    uint32_t low = 0, high = pages->count;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (pages->first_rows[middle] <= row)
            low = middle;
        else
            high = middle;
    }
    return low;
}

struct err *pq_leaf_skip(struct pq_leaf *leaf, int64_t row)
{
    bool has_null;
    pq_leaf_begin_batch(leaf);
    if (no_pages(leaf)) {
        leaf->row = row;
        return NULL;
    }
    if (leaf->pages) {
        uint32_t page = page_of(leaf->pages, row);
        if (page >= leaf->page_index && leaf->pages->first_rows[page] > leaf->row) {
            TRY(pq_leaf_seek(leaf, page));
            leaf->row = leaf->pages->first_rows[page];
        }
    }
    while (leaf->row < row) {
        uint32_t n = row - leaf->row < PQ_PORTION ? (uint32_t)(row - leaf->row) : PQ_PORTION;
        if (leaf->flat)
            TRY(pq_leaf_read_flat(leaf, n, &has_null));
        else
            TRY(pq_leaf_read_levels(leaf, n));
        pq_leaf_begin_batch(leaf);
    }
    return NULL;
}

void pq_leaf_leave(struct pq_leaf *leaf)
{
    if (leaf->pages && leaf->page_index < leaf->pages->count)
        leaf->pages_skipped += leaf->pages->count - leaf->page_index;
    leaf->pages = NULL;
}
