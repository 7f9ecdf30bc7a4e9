/* A column chunk as a stream of pages.
 *
 * Chunk: [dictionary page] data page ...; a page is a Thrift header and a body. Body of a data page
 * v1, compressed as a whole: repetition levels, definition levels (each RLE with a four-byte length
 * in front, or BIT_PACKED without), values. Of v2: repetition and definition levels, never
 * compressed and without lengths, then values. The header's CRC-32 covers the body as stored. */
#include "lake/parquet_leaf.h"
#include "lake/thrift.h"

#include "base/bytes.h"

#include <stdlib.h>
#include <zlib.h>

enum { MAX_HEADER = 16 << 20 }; /* statistics may hold long values */

struct page_header {
    int32_t type, plain_bytes, stored_bytes;
    int32_t value_count, encoding, def_encoding, rep_encoding;
    int32_t def_bytes, rep_bytes;
    uint32_t crc;
    bool has_crc, has_details, is_compressed;
};

struct pq_buf *pq_buf_take(struct pq_leaf *leaf, size_t size)
{
    struct pq_buf *b = leaf->spare;
    if (b && b->cap >= size) {
        leaf->spare = b->next;
        return b;
    }
    size_t cap = size < 4096 ? 4096 : size;
    b = malloc(sizeof(*b) + cap + PQ_PADDING);
    if (b) {
        b->cap = cap;
        b->next = NULL;
    }
    return b;
}

/* Keeps one spare buffer, the larger one. */
void pq_buf_give(struct pq_leaf *leaf, struct pq_buf *b)
{
    if (!b)
        return;
    if (leaf->spare && leaf->spare->cap < b->cap) {
        free(leaf->spare);
        leaf->spare = NULL;
    }
    if (leaf->spare) {
        free(b);
    } else {
        b->next = NULL;
        leaf->spare = b;
    }
}

/* Makes `n` bytes contiguous in the window; false in *out_ok when the chunk ends before. */
static struct err *window_need(struct pq_leaf *leaf, size_t n, bool *out_ok)
{
    *out_ok = true;
    if (leaf->window_len >= n)
        return NULL;
    uint64_t behind = (uint64_t)(leaf->file_end - leaf->file_pos);
    if (n - leaf->window_len > behind) {
        *out_ok = false;
        return NULL;
    }
    size_t want = n > leaf->read_ahead ? n : leaf->read_ahead;
    if (want - leaf->window_len > behind)
        want = leaf->window_len + (size_t)behind;
    if (leaf->window_cap < want) {
        uint8_t *p = malloc(want);
        if (!p)
            return err_oom();
        if (leaf->window_len)
            memcpy(p, leaf->window + leaf->window_begin, leaf->window_len);
        free(leaf->window);
        leaf->window = p;
        leaf->window_cap = want;
    } else if (leaf->window_len) {
        memmove(leaf->window, leaf->window + leaf->window_begin, leaf->window_len);
    }
    leaf->window_begin = 0;
    size_t more = want - leaf->window_len;
    TRY(lake_object_read(leaf->file->object, leaf->file_pos, leaf->window + leaf->window_len,
                         more));
    leaf->file_pos += (int64_t)more;
    leaf->window_len = want;
    lake_object_will_read(leaf->file->object, leaf->file_pos, leaf->file_end);
    return NULL;
}

static void window_consume(struct pq_leaf *leaf, size_t n)
{
    leaf->window_begin += n;
    leaf->window_len -= n;
}

static void read_page_details(struct thrift *t, int16_t kind, struct page_header *h)
{
    bool v2 = kind == 8;
    h->has_details = true;
    struct thrift_fields f = thrift_enter(t);
    while (thrift_next(t, &f)) {
        if (f.id == 1)
            h->value_count = thrift_i32(t, &f);
        else if (f.id == (v2 ? 4 : 2))
            h->encoding = thrift_i32(t, &f);
        else if (f.id == 3 && kind == 5)
            h->def_encoding = thrift_i32(t, &f);
        else if (f.id == 4 && kind == 5)
            h->rep_encoding = thrift_i32(t, &f);
        else if (f.id == 5 && v2)
            h->def_bytes = thrift_i32(t, &f);
        else if (f.id == 6 && v2)
            h->rep_bytes = thrift_i32(t, &f);
        else if (f.id == 7 && v2)
            h->is_compressed = thrift_bool(t, &f);
        else
            thrift_skip(t, f.type);
    }
}

static void parse_header(struct thrift *t, struct page_header *h)
{
    *h = (struct page_header){.type = -1, .is_compressed = true};
    struct thrift_fields f = thrift_enter(t);
    while (thrift_next(t, &f)) {
        if (f.id == 1) {
            h->type = thrift_i32(t, &f);
        } else if (f.id == 2) {
            h->plain_bytes = thrift_i32(t, &f);
        } else if (f.id == 3) {
            h->stored_bytes = thrift_i32(t, &f);
        } else if (f.id == 4) {
            h->crc = (uint32_t)thrift_i32(t, &f);
            h->has_crc = true;
        } else if ((f.id == 5 || f.id == 7 || f.id == 8) && f.type == THRIFT_STRUCT) {
            read_page_details(t, f.id, h);
        } else {
            thrift_skip(t, f.type);
        }
    }
}

/* Parses the header at the window and steps behind it. The size of a header is not known before:
 * the window grows until it fits. */
static struct err *read_header(struct pq_leaf *leaf, struct page_header *h)
{
    struct thrift t;
    for (size_t want = 64;; want *= 2) {
        bool ok;
        TRY(window_need(leaf, want, &ok));
        if (!ok) {
            size_t rest = leaf->window_len + (size_t)(leaf->file_end - leaf->file_pos);
            TRY(window_need(leaf, rest, &ok));
        }
        thrift_init(&t, leaf->window + leaf->window_begin, leaf->window_len);
        parse_header(&t, h);
        if (!t.error)
            break;
        if (!t.truncated || !ok || want >= MAX_HEADER || leaf->file_pos >= leaf->file_end)
            return pq_damaged(leaf->file, "column %s: page header: %s", leaf->info->path, t.error);
        if (want < leaf->window_len)
            want = leaf->window_len;
    }
    window_consume(leaf, (size_t)(t.p - (leaf->window + leaf->window_begin)));
    if (h->stored_bytes < 0 || h->plain_bytes < 0 || h->value_count < 0)
        return pq_leaf_error(leaf, "page header has negative sizes");
    if (h->stored_bytes > PARQUET_PAGE_LIMIT || h->plain_bytes > PARQUET_PAGE_LIMIT)
        return err_new("54000",
                       "could not read Parquet file \"%s\": column %s has a page of %d bytes, more "
                       "than the limit of %d",
                       leaf->file->object->path, leaf->info->path, h->plain_bytes,
                       PARQUET_PAGE_LIMIT);
    return NULL;
}

/* The body as stored, checked against its CRC; it stays in the window. */
static struct err *read_body(struct pq_leaf *leaf, const struct page_header *h, const uint8_t **out)
{
    bool ok;
    TRY(window_need(leaf, (size_t)h->stored_bytes, &ok));
    if (!ok) {
        pq_leaf_extend_chunk(leaf);
        TRY(window_need(leaf, (size_t)h->stored_bytes, &ok));
    }
    if (!ok)
        return pq_leaf_error(leaf, "page reaches beyond the end of its column chunk");
    const uint8_t *body = leaf->window + leaf->window_begin;
    if (h->has_crc && crc32(0, body, (uInt)h->stored_bytes) != h->crc)
        return pq_leaf_error(leaf, "page checksum does not match");
    *out = body;
    return NULL;
}

/* Decompresses a body whose first `levels` bytes are stored plain; when `alone`, those only. */
static struct err *unpack_body(struct pq_leaf *leaf, const struct page_header *h, size_t levels,
                               bool alone, const uint8_t *body, struct pq_buf **out,
                               size_t *out_len)
{
    size_t stored = (size_t)h->stored_bytes, plain = (size_t)h->plain_bytes;
    if (levels > stored || levels > plain)
        return pq_leaf_error(leaf, "page levels are larger than the page");
    if (alone)
        stored = levels;
    if (stored == levels)
        plain = levels; /* no values: some writers leave the codec's empty frame out */
    struct pq_buf *b = pq_buf_take(leaf, plain);
    if (!b)
        return err_oom();
    memset(b->data + plain, 0, PQ_PADDING);
    if (levels)
        memcpy(b->data, body, levels);
    const char *bad = NULL;
    if (stored > levels)
        bad = pq_decompress(h->is_compressed ? leaf->chunk->codec : PQ_UNCOMPRESSED, body + levels,
                            stored - levels, b->data + levels, plain - levels);
    if (bad) {
        pq_buf_give(leaf, b);
        return pq_leaf_error(leaf, bad);
    }
    *out = b;
    *out_len = plain;
    return NULL;
}

static struct err *load_dictionary(struct pq_leaf *leaf, const struct page_header *h,
                                   const uint8_t *body)
{
    if (leaf->has_dict)
        return pq_leaf_error(leaf, "second dictionary page");
    if (h->encoding != PQ_PLAIN && h->encoding != PQ_PLAIN_DICTIONARY)
        return pq_leaf_error(leaf, "dictionary page of unknown encoding");
    if (leaf->presence)
        return NULL;
    size_t len = 0;
    TRY(unpack_body(leaf, h, 0, false, body, &leaf->dict_page, &len));
    leaf->p = leaf->dict_page->data;
    leaf->end = leaf->p + len;
    const char *bad = pq_values_dictionary(leaf, (uint32_t)h->value_count);
    return bad ? pq_leaf_error(leaf, bad) : NULL;
}

static uint32_t level_width(uint8_t max)
{
    return max ? 32 - (uint32_t)__builtin_clz(max) : 0;
}

/* Levels of a v1 page at leaf->p, which moves behind them. */
static const char *begin_levels(struct pq_leaf *leaf, struct pq_rle *r, uint8_t max,
                                int32_t encoding, int32_t count)
{
    size_t left = (size_t)(leaf->end - leaf->p), len;
    uint32_t width = level_width(max);
    if (!max) {
        pq_rle_init(r, leaf->p, 0, 0);
        return NULL;
    }
    if (encoding == PQ_BIT_PACKED) {
        len = ((size_t)count * width + 7) / 8;
        if (len > left)
            return "page ends inside its levels";
        pq_rle_init_msb(r, leaf->p, len, width, (uint32_t)count);
    } else if (encoding == PQ_RLE) {
        if (left < 4 || load_le32(leaf->p) > left - 4)
            return "page ends inside its levels";
        len = load_le32(leaf->p);
        leaf->p += 4;
        pq_rle_init(r, leaf->p, len, width);
    } else {
        return "levels of unknown encoding";
    }
    leaf->p += len;
    return NULL;
}

/* Where pages are passed over their index must say what they hold. */
static struct err *check_place(struct pq_leaf *leaf, const struct page_header *h)
{
    const struct pq_pages *pages = leaf->pages;
    uint32_t page = leaf->page_index++;
    leaf->pages_begun++;
    if (!pages)
        return NULL;
    bool fits = page < pages->count;
    if (fits && !leaf->info->max_rep)
        fits = pages->first_rows[page + 1] - pages->first_rows[page] == h->value_count;
    return fits ? NULL : pq_leaf_error(leaf, "offset index does not fit the pages");
}

static struct err *begin_data_page(struct pq_leaf *leaf, const struct page_header *h,
                                   const uint8_t *body)
{
    const struct pq_leaf_info *info = leaf->info;
    bool v2 = h->type == PQ_DATA_PAGE_V2;
    if (h->def_bytes < 0 || h->rep_bytes < 0)
        return pq_leaf_error(leaf, "page header has negative sizes");
    if (!leaf->by_pages && h->value_count > leaf->values_left)
        return pq_leaf_error(leaf, "pages have more values than their column chunk");
    TRY(check_place(leaf, h));
    size_t levels = v2 ? (size_t)h->def_bytes + (size_t)h->rep_bytes : 0, len = 0;
    TRY(unpack_body(leaf, h, levels, v2 && leaf->presence, body, &leaf->page, &len));
    leaf->p = leaf->page->data;
    leaf->end = leaf->p + len;
    leaf->encoding = (enum pq_encoding)h->encoding;
    const char *bad = NULL;
    if (v2) {
        pq_rle_init(&leaf->rep, leaf->p, (size_t)h->rep_bytes, level_width(info->max_rep));
        leaf->p += h->rep_bytes;
        pq_rle_init(&leaf->def, leaf->p, (size_t)h->def_bytes, level_width(info->max_def));
        leaf->p += h->def_bytes;
    } else {
        bad = begin_levels(leaf, &leaf->rep, info->max_rep, h->rep_encoding, h->value_count);
        if (!bad)
            bad = begin_levels(leaf, &leaf->def, info->max_def, h->def_encoding, h->value_count);
    }
    if (!bad && !leaf->presence)
        bad = pq_values_begin(leaf);
    if (bad)
        return pq_leaf_error(leaf, bad);
    leaf->page_left = (uint32_t)h->value_count;
    leaf->values_left -= h->value_count;
    return NULL;
}

static void drop_page(struct pq_leaf *leaf)
{
    if (leaf->page && leaf->page_referenced) {
        leaf->page->next = leaf->retained;
        leaf->retained = leaf->page;
    } else {
        pq_buf_give(leaf, leaf->page);
    }
    leaf->page = NULL;
    leaf->page_referenced = false;
}

/* The dictionary comes before the pages that use it. */
static struct err *seek_dictionary(struct pq_leaf *leaf)
{
    struct page_header h;
    const uint8_t *body = NULL;
    if (leaf->page_index || leaf->has_dict ||
        leaf->file_pos - (int64_t)leaf->window_len >= leaf->pages->offsets[0])
        return NULL;
    TRY(read_header(leaf, &h));
    if (h.type != PQ_DICTIONARY_PAGE || !h.has_details)
        return pq_leaf_error(leaf, "offset index does not fit the pages");
    TRY(read_body(leaf, &h, &body));
    return load_dictionary(leaf, &h, body);
}

struct err *pq_leaf_seek(struct pq_leaf *leaf, uint32_t page)
{
    int64_t to = leaf->pages->offsets[page];
    TRY(seek_dictionary(leaf));
    drop_page(leaf);
    leaf->page_left = leaf->pending_pos = leaf->pending_len = 0;
    int64_t begin = leaf->file_pos - (int64_t)leaf->window_len;
    if (to >= begin && to <= leaf->file_pos) {
        window_consume(leaf, (size_t)(to - begin));
    } else {
        leaf->window_begin = leaf->window_len = 0;
        leaf->file_pos = to;
        lake_object_will_read(leaf->file->object, to, leaf->file_end);
    }
    leaf->pages_skipped += page - leaf->page_index;
    leaf->page_index = page;
    leaf->by_pages = true;
    return NULL;
}

static bool more_pages(const struct pq_leaf *leaf)
{
    return leaf->by_pages ? leaf->page_index < leaf->pages->count : leaf->values_left > 0;
}

struct err *pq_leaf_next_page(struct pq_leaf *leaf, bool *out_found)
{
    drop_page(leaf);
    *out_found = false;
    while (more_pages(leaf) && !leaf->page_left) {
        struct page_header h;
        const uint8_t *body = NULL;
        drop_page(leaf); /* a page without values */
        TRY(read_header(leaf, &h));
        TRY(read_body(leaf, &h, &body));
        bool data = h.type == PQ_DATA_PAGE || h.type == PQ_DATA_PAGE_V2;
        if ((data || h.type == PQ_DICTIONARY_PAGE) && !h.has_details)
            return pq_leaf_error(leaf, "page header lacks its details");
        if (h.type == PQ_DICTIONARY_PAGE)
            TRY(load_dictionary(leaf, &h, body));
        else if (data)
            TRY(begin_data_page(leaf, &h, body));
        else if (h.type != PQ_INDEX_PAGE)
            return pq_leaf_error(leaf, "page of unknown type");
        window_consume(leaf, (size_t)h.stored_bytes);
    }
    *out_found = leaf->page_left > 0;
    return NULL;
}
