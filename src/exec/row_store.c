/* See row_store.h.
 *
 * Rows are datums in an arena until they pass the bound. Then all of them go to a file, and those
 * that follow too, through a buffer: u32 length, then the columns, each one of
 *
 *   00               NULL
 *   01 and 8 bytes   by value (or empty: types are not known here, and the datum's word does for
 * both) varint n + 1     n bytes
 *
 * Stores that share a file each have *extents* of it: whole buffers, with whole rows. An offset is
 * one in the store's own bytes; neighbouring extents are one.
 *
 * So that a reader can jump, the store remembers the place of every `stride`-th row; when the list
 * is full every other one is dropped and the stride doubles. */
#include "exec/row_store.h"

#include "base/arena.h"
#include "storage/temp_file.h"

#include <stdlib.h>

enum {
    MAX_PLACES = 1024,
    MIN_BUFFER_BYTES = 8 * 1024,
    MAX_BUFFER_BYTES = 128 * 1024,
    READ_BYTES = 32 * 1024,
    HEAD_BYTES = 4,
};

struct row_file {
    int refs;
    struct temp_quota *quota;
    struct temp_file *file; /* NULL: nothing is in it yet */
    uint64_t bytes;
};

struct extent {
    uint64_t start; /* in the store's bytes */
    uint64_t place; /* in the file */
};

struct row_store {
    struct row_file *file;
    size_t memory_bytes;
    int width;
    size_t count;
    uint32_t era; /* rises when rows move or go: what readers know is void */
    struct datum *gathered;
    struct arena arena; /* in memory: the rows */
    struct datum **rows;
    size_t cap;
    bool spilled;
    uint64_t file_bytes;
    struct extent *extents;
    size_t nextents;
    size_t extents_cap;
    struct buf pending; /* what follows in the file */
    uint64_t *places;
    size_t nplaces;
    size_t stride;
};

static struct err *store_new(struct row_file *file, size_t memory_bytes, int width,
                             struct row_store **out)
{
    struct row_store *s = malloc(sizeof(*s));
    if (!s)
        return err_oom();
    *s = (struct row_store){.file = file, .memory_bytes = memory_bytes, .width = width};
    arena_init(&s->arena);
    file->refs++;
    *out = s;
    return NULL;
}

struct err *row_store_new(struct temp_quota *quota, size_t memory_bytes, int width,
                          struct row_store **out)
{
    struct row_file *file = malloc(sizeof(*file));
    if (!file)
        return err_oom();
    *file = (struct row_file){.quota = quota};
    struct err *e = store_new(file, memory_bytes, width, out);
    if (e)
        free(file);
    return e;
}

struct err *row_store_beside(const struct row_store *s, struct row_store **out)
{
    return store_new(s->file, s->memory_bytes, s->width, out);
}

static void drop_memory(struct row_store *s)
{
    arena_done(&s->arena);
    free(s->rows);
    s->rows = NULL;
    s->cap = 0;
}

void row_store_clear(struct row_store *s)
{
    drop_memory(s);
    if (s->file->refs == 1) {
        temp_file_free(s->file->file);
        s->file->file = NULL;
        s->file->bytes = 0;
    }
    s->spilled = false;
    s->file_bytes = 0;
    free(s->extents);
    s->extents = NULL;
    s->nextents = s->extents_cap = 0;
    buf_done(&s->pending);
    free(s->places);
    s->places = NULL;
    s->nplaces = 0;
    s->count = 0;
    s->era++;
}

void row_store_free(struct row_store *s)
{
    if (!s)
        return;
    row_store_clear(s);
    free(s->gathered);
    if (!--s->file->refs)
        free(s->file);
    free(s);
}

size_t row_store_count(const struct row_store *s)
{
    return s->count;
}

uint64_t row_store_bytes(const struct row_store *s)
{
    return row_store_memory(s) + s->file_bytes;
}

size_t row_store_memory(const struct row_store *s)
{
    return s->arena.used_bytes + s->cap * sizeof(*s->rows) + s->pending.len;
}

bool row_store_spilled(const struct row_store *s)
{
    return s->spilled;
}

/* ---- rows as bytes ---- */

void row_encode(struct buf *b, const struct datum *row, int width)
{
    for (int i = 0; i < width; i++) {
        if (row[i].null) {
            buf_put_u8(b, 0);
        } else if (row[i].len) {
            buf_put_varint(b, (uint64_t)row[i].len + 1);
            buf_put(b, row[i].p, row[i].len);
        } else {
            buf_put_u8(b, 1);
            buf_put_le64(b, row[i].u);
        }
    }
}

static struct err *damaged(void)
{
    return err_new("XX001", "a row in a temporary file is damaged");
}

struct err *row_decode(struct str bytes, struct datum *row, int width)
{
    const uint8_t *p = (const uint8_t *)bytes.data;
    const uint8_t *end = p + bytes.len;
    for (int i = 0; i < width; i++) {
        uint64_t head;
        size_t n = varint_get(p, end, &head);
        p += n;
        if (!n || head > (uint64_t)UINT32_MAX + 1)
            return damaged();
        if (!head) {
            row[i] = datum_null();
            continue;
        }
        size_t size = head == 1 ? 8 : head - 1;
        if (size > (size_t)(end - p))
            return damaged();
        row[i] = head == 1 ? (struct datum){.u = load_le64(p)} : datum_bytes(p, size);
        p += size;
    }
    return NULL;
}

/* ---- adding ---- */

static size_t buffer_bytes(const struct row_store *s)
{
    size_t n = s->memory_bytes / 2;
    return n < MIN_BUFFER_BYTES ? MIN_BUFFER_BYTES : n > MAX_BUFFER_BYTES ? MAX_BUFFER_BYTES : n;
}

static struct err *add_extent(struct row_store *s)
{
    const struct extent *last = s->nextents ? &s->extents[s->nextents - 1] : NULL;
    if (last && last->place + (s->file_bytes - last->start) == s->file->bytes)
        return NULL;
    if (s->nextents == s->extents_cap) {
        size_t cap = s->extents_cap ? s->extents_cap * 2 : 8;
        struct extent *grown = realloc(s->extents, cap * sizeof(*grown));
        if (!grown)
            return err_oom();
        s->extents = grown;
        s->extents_cap = cap;
    }
    s->extents[s->nextents++] = (struct extent){s->file_bytes, s->file->bytes};
    return NULL;
}

static struct err *flush(struct row_store *s)
{
    struct row_file *f = s->file;
    TRY(buf_finish(&s->pending));
    if (!f->file)
        TRY(temp_file_new(f->quota, &f->file));
    TRY(add_extent(s));
    TRY(temp_file_append(f->file, s->pending.data, s->pending.len));
    f->bytes += s->pending.len;
    s->file_bytes += s->pending.len;
    if (s->pending.cap > 4 * MAX_BUFFER_BYTES)
        buf_done(&s->pending); /* a very long row went through */
    buf_reset(&s->pending);
    return NULL;
}

static struct err *remember_place(struct row_store *s, size_t number)
{
    if (!s->places) {
        s->places = malloc(MAX_PLACES * sizeof(*s->places));
        if (!s->places)
            return err_oom();
        s->stride = 1;
    }
    if (s->nplaces == MAX_PLACES) {
        for (size_t i = 0; i < MAX_PLACES / 2; i++)
            s->places[i] = s->places[2 * i];
        s->nplaces = MAX_PLACES / 2;
        s->stride *= 2;
    }
    if (number == s->nplaces * s->stride)
        s->places[s->nplaces++] = s->file_bytes + s->pending.len;
    return NULL;
}

static struct err *put_row(struct row_store *s, size_t number, const struct datum *row)
{
    TRY(remember_place(s, number));
    size_t start = s->pending.len;
    buf_put_le32(&s->pending, 0);
    row_encode(&s->pending, row, s->width);
    if (s->pending.failed)
        return buf_finish(&s->pending);
    store_le32(s->pending.data + start, (uint32_t)(s->pending.len - start - HEAD_BYTES));
    return s->pending.len >= buffer_bytes(s) ? flush(s) : NULL;
}

/* What is in memory goes to a file. */
static struct err *spill(struct row_store *s)
{
    s->spilled = true;
    for (size_t i = 0; i < s->count; i++)
        TRY(put_row(s, i, s->rows[i]));
    drop_memory(s);
    s->era++;
    return NULL;
}

static struct err *keep_row(struct row_store *s, const struct datum *row)
{
    if (s->count == s->cap) {
        size_t cap = s->cap ? s->cap * 2 : 16;
        struct datum **rows = realloc(s->rows, cap * sizeof(*rows));
        if (!rows)
            return err_oom();
        s->rows = rows;
        s->cap = cap;
    }
    size_t bytes = sizeof(*row) * (size_t)(s->width + !s->width);
    for (int i = 0; i < s->width; i++)
        bytes += row[i].null ? 0 : row[i].len;
    struct datum *copy = arena_try_alloc(&s->arena, bytes);
    if (!copy)
        return err_oom();
    uint8_t *at = (uint8_t *)(copy + s->width);
    for (int i = 0; i < s->width; i++) {
        copy[i] = row[i];
        if (row[i].null || !row[i].len)
            continue;
        memcpy(at, row[i].p, row[i].len);
        copy[i].p = at;
        at += row[i].len;
    }
    s->rows[s->count++] = copy;
    return NULL;
}

struct err *row_store_add(struct row_store *s, const struct datum *row)
{
    if (!s->spilled) {
        if (row_store_memory(s) < s->memory_bytes || !s->count)
            return keep_row(s, row);
        TRY(spill(s));
    }
    TRY(put_row(s, s->count, row));
    s->count++;
    return NULL;
}

struct err *row_store_add_slots(struct row_store *s, const struct datum *frame, const int *slots)
{
    if (!s->gathered && !(s->gathered = malloc(sizeof(*s->gathered) * (size_t)(s->width + 1))))
        return err_oom();
    for (int i = 0; i < s->width; i++)
        s->gathered[i] = frame[slots[i]];
    return row_store_add(s, s->gathered);
}

/* ---- reading ---- */

void row_reader_init(struct row_reader *r, struct row_store *s)
{
    *r = (struct row_reader){.store = s, .era = s->era};
}

void row_reader_done(struct row_reader *r)
{
    buf_done(&r->block);
    free(r->row);
    *r = (struct row_reader){0};
}

static void go_to(struct row_reader *r, size_t at, uint64_t offset)
{
    r->at = at;
    r->offset = offset;
    if (r->era != r->store->era)
        buf_reset(&r->block);
    r->era = r->store->era;
}

void row_reader_rewind(struct row_reader *r)
{
    go_to(r, 0, 0);
}

/* Where an offset is in the file, and how many bytes follow it there. */
static uint64_t place_of(const struct row_store *s, uint64_t offset, uint64_t *left)
{
    size_t lo = 0;
    size_t hi = s->nextents;
    while (hi - lo > 1) {
        size_t mid = lo + (hi - lo) / 2;
        if (s->extents[mid].start <= offset)
            lo = mid;
        else
            hi = mid;
    }
    *left = (hi < s->nextents ? s->extents[hi].start : s->file_bytes) - offset;
    return s->extents[lo].place + (offset - s->extents[lo].start);
}

/* The store's bytes at the reader's place. */
static struct err *look(struct row_reader *r, size_t size, const uint8_t **out)
{
    struct row_store *s = r->store;
    uint64_t block_end = r->block_at + r->block.len;
    if (r->offset < r->block_at || r->offset + size > block_end) {
        if (r->offset + size > s->file_bytes)
            TRY(flush(s));
        uint64_t left;
        uint64_t place = place_of(s, r->offset, &left);
        size_t want = size > READ_BYTES ? size : READ_BYTES;
        if (want > left)
            want = (size_t)left;
        if (want < size)
            return damaged();
        buf_reset(&r->block);
        if (!buf_reserve(&r->block, want))
            return buf_finish(&r->block);
        TRY(temp_file_read(s->file->file, place, r->block.data, want));
        r->block.len = want;
        r->block_at = r->offset;
    }
    *out = r->block.data + (r->offset - r->block_at);
    return NULL;
}

static struct err *skip_row(struct row_reader *r)
{
    const uint8_t *p = NULL;
    TRY(look(r, HEAD_BYTES, &p));
    r->offset += HEAD_BYTES + load_le32(p);
    r->at++;
    return NULL;
}

struct err *row_reader_seek(struct row_reader *r, size_t i)
{
    struct row_store *s = r->store;
    if (!s->spilled) {
        go_to(r, i, 0);
        return NULL;
    }
    if (i < s->count && (r->era != s->era || i < r->at || i - r->at > s->stride)) {
        size_t place = i / s->stride < s->nplaces ? i / s->stride : s->nplaces - 1;
        go_to(r, place * s->stride, s->places[place]);
    } else if (i >= s->count) {
        go_to(r, s->count, s->file_bytes + s->pending.len);
        return NULL;
    }
    while (r->at < i)
        TRY(skip_row(r));
    return NULL;
}

struct err *row_reader_next(struct row_reader *r, const struct datum **row, bool *found)
{
    struct row_store *s = r->store;
    const uint8_t *p = NULL;
    *found = r->at < s->count;
    if (!*found)
        return NULL;
    if (!s->spilled) {
        *row = s->rows[r->at++];
        return NULL;
    }
    if (r->era != s->era)
        TRY(row_reader_seek(r, r->at));
    if (!r->row && !(r->row = malloc(sizeof(*r->row) * (size_t)(s->width + 1))))
        return err_oom();
    TRY(look(r, HEAD_BYTES, &p));
    size_t size = load_le32(p);
    TRY(look(r, HEAD_BYTES + size, &p));
    TRY(row_decode(str_make((const char *)p + HEAD_BYTES, size), r->row, s->width));
    r->offset += HEAD_BYTES + size;
    r->at++;
    *row = r->row;
    return NULL;
}
