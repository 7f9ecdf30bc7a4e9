/* The footer: FileMetaData in Thrift, as parquet.thrift of the format's specification numbers it.
 * Only what reading needs is kept. */
#include "lake/parquet_internal.h"
#include "lake/thrift.h"

#include <limits.h>

/* An array of `count` zeroed items; the count came from the file, so that this may fail. */
static void *list_alloc(struct parquet_file *file, struct thrift *t, uint32_t count, size_t size)
{
    void *p = arena_try_alloc(&file->arena, (size_t)count * size + 1);
    if (!p) {
        thrift_fail(t, "metadata needs too much memory");
        return NULL;
    }
    memset(p, 0, (size_t)count * size);
    return p;
}

static uint32_t struct_list(struct thrift *t, const struct thrift_fields *f)
{
    uint8_t type = 0;
    uint32_t count = thrift_list(t, f, &type);
    if (count && type != THRIFT_STRUCT) {
        thrift_fail(t, "metadata list has no structs");
        return 0;
    }
    return count;
}

static void read_time_type(struct thrift *t, struct pq_element *el)
{
    struct thrift_fields f = thrift_enter(t);
    while (thrift_next(t, &f)) {
        if (f.id == 1) {
            el->adjusted_to_utc = thrift_bool(t, &f);
        } else if (f.id == 2 && f.type == THRIFT_STRUCT) {
            struct thrift_fields u = thrift_enter(t);
            while (thrift_next(t, &u)) {
                if (u.id >= 1 && u.id <= 3)
                    el->unit = (enum pq_time_unit)u.id;
                thrift_skip(t, u.type);
            }
        } else {
            thrift_skip(t, f.type);
        }
    }
}

static void read_integer_type(struct thrift *t, struct pq_element *el)
{
    bool is_signed = true;
    int32_t bits = 32;
    struct thrift_fields f = thrift_enter(t);
    while (thrift_next(t, &f)) {
        if (f.id == 1)
            bits = thrift_i32(t, &f);
        else if (f.id == 2)
            is_signed = thrift_bool(t, &f);
        else
            thrift_skip(t, f.type);
    }
    if (bits != 8 && bits != 16 && bits != 32 && bits != 64)
        thrift_fail(t, "integer type of unknown width");
    else
        el->bits = (int8_t)(is_signed ? bits : -bits);
}

static void read_decimal_type(struct thrift *t, struct pq_element *el)
{
    struct thrift_fields f = thrift_enter(t);
    while (thrift_next(t, &f)) {
        if (f.id == 1)
            el->scale = thrift_i32(t, &f);
        else if (f.id == 2)
            el->precision = thrift_i32(t, &f);
        else
            thrift_skip(t, f.type);
    }
}

/* A union; a member that is not known leaves the bare physical type. */
static void read_logical_type(struct thrift *t, struct pq_element *el)
{
    struct thrift_fields f = thrift_enter(t);
    while (thrift_next(t, &f)) {
        if (f.id >= PQ_LOGICAL_STRING && f.id <= PQ_LOGICAL_GEOGRAPHY &&
            f.id != PQ_LOGICAL_INTERVAL)
            el->logical = (enum pq_logical)f.id;
        else
            el->logical = PQ_LOGICAL_NONE;
        if (f.type != THRIFT_STRUCT)
            thrift_skip(t, f.type);
        else if (f.id == PQ_LOGICAL_TIME || f.id == PQ_LOGICAL_TIMESTAMP)
            read_time_type(t, el);
        else if (f.id == PQ_LOGICAL_INTEGER)
            read_integer_type(t, el);
        else if (f.id == PQ_LOGICAL_DECIMAL)
            read_decimal_type(t, el);
        else
            thrift_skip(t, f.type);
    }
}

/* Converted types are the older form; where both are given the logical type decides. */
static void apply_converted_type(struct pq_element *el, int32_t converted)
{
    static const struct {
        uint8_t logical, unit;
        int8_t bits;
    } table[] = {
        [0] = {PQ_LOGICAL_STRING, 0, 0},
        [1] = {PQ_LOGICAL_MAP, 0, 0},
        [2] = {PQ_LOGICAL_NONE, 0, 0},
        [3] = {PQ_LOGICAL_LIST, 0, 0},
        [4] = {PQ_LOGICAL_ENUM, 0, 0},
        [5] = {PQ_LOGICAL_DECIMAL, 0, 0},
        [6] = {PQ_LOGICAL_DATE, 0, 0},
        [7] = {PQ_LOGICAL_TIME, PQ_UNIT_MILLIS, 0},
        [8] = {PQ_LOGICAL_TIME, PQ_UNIT_MICROS, 0},
        [9] = {PQ_LOGICAL_TIMESTAMP, PQ_UNIT_MILLIS, 0},
        [10] = {PQ_LOGICAL_TIMESTAMP, PQ_UNIT_MICROS, 0},
        [11] = {PQ_LOGICAL_INTEGER, 0, -8},
        [12] = {PQ_LOGICAL_INTEGER, 0, -16},
        [13] = {PQ_LOGICAL_INTEGER, 0, -32},
        [14] = {PQ_LOGICAL_INTEGER, 0, -64},
        [15] = {PQ_LOGICAL_INTEGER, 0, 8},
        [16] = {PQ_LOGICAL_INTEGER, 0, 16},
        [17] = {PQ_LOGICAL_INTEGER, 0, 32},
        [18] = {PQ_LOGICAL_INTEGER, 0, 64},
        [19] = {PQ_LOGICAL_JSON, 0, 0},
        [20] = {PQ_LOGICAL_BSON, 0, 0},
        [21] = {PQ_LOGICAL_INTERVAL, 0, 0},
    };
    if (converted < 0 || converted >= (int32_t)ARRAY_LENGTH(table))
        return;
    el->logical = (enum pq_logical)table[converted].logical;
    el->unit = (enum pq_time_unit)table[converted].unit;
    el->bits = table[converted].bits;
    el->key_value = converted == 2;
    /* Timestamps without further word are instants. */
    el->adjusted_to_utc = true;
}

static void read_schema_element(struct thrift *t, struct pq_element *el)
{
    int32_t converted = -1, precision = 0, scale = 0, type = -1, repetition = 0;
    bool has_logical = false;
    el->field_id = -1;
    struct thrift_fields f = thrift_enter(t);
    while (thrift_next(t, &f)) {
        switch (f.id) {
        case 1:
            type = thrift_i32(t, &f);
            break;
        case 2:
            el->length = thrift_i32(t, &f);
            break;
        case 3:
            repetition = thrift_i32(t, &f);
            break;
        case 4:
            el->name = thrift_binary(t, &f);
            break;
        case 5:
            el->child_count = thrift_i32(t, &f);
            break;
        case 6:
            converted = thrift_i32(t, &f);
            break;
        case 7:
            scale = thrift_i32(t, &f);
            break;
        case 8:
            precision = thrift_i32(t, &f);
            break;
        case 9:
            el->field_id = thrift_i32(t, &f);
            break;
        case 10:
            if (f.type == THRIFT_STRUCT) {
                read_logical_type(t, el);
                has_logical = true;
                break;
            }
            thrift_skip(t, f.type);
            break;
        default:
            thrift_skip(t, f.type);
        }
    }
    if (repetition < PQ_REQUIRED || repetition > PQ_REPEATED || type > PQ_FIXED || type < -1)
        thrift_fail(t, "schema element of unknown type or repetition");
    el->is_leaf = type >= 0;
    el->type = el->is_leaf ? (enum pq_type)type : PQ_BOOLEAN;
    el->repetition = (enum pq_repetition)repetition;
    if (!has_logical || el->logical == PQ_LOGICAL_NONE) {
        apply_converted_type(el, converted);
        if (el->logical == PQ_LOGICAL_DECIMAL) {
            el->precision = precision;
            el->scale = scale;
        }
    }
}

static struct str bound(struct thrift *t, const struct thrift_fields *f)
{
    struct str s = thrift_binary(t, f);
    return s.data ? s : STR("");
}

/* The older fields, 1 and 2, are compared as signed numbers whatever the type. */
static void read_statistics(struct thrift *t, struct pq_chunk *c)
{
    struct str old_least = {0}, old_greatest = {0};
    struct thrift_fields f = thrift_enter(t);
    while (thrift_next(t, &f)) {
        bool bytes = f.type == THRIFT_BINARY;
        if (f.id == 1 && bytes)
            old_greatest = bound(t, &f);
        else if (f.id == 2 && bytes)
            old_least = bound(t, &f);
        else if (f.id == 3 && f.type == THRIFT_I64)
            c->bounds.null_count = thrift_int(t, &f);
        else if (f.id == 5 && bytes)
            c->bounds.greatest = bound(t, &f);
        else if (f.id == 6 && bytes)
            c->bounds.least = bound(t, &f);
        else
            thrift_skip(t, f.type);
    }
    c->signed_bounds = !c->bounds.least.data && !c->bounds.greatest.data;
    if (c->signed_bounds) {
        c->bounds.least = old_least;
        c->bounds.greatest = old_greatest;
    }
}

static void read_column_meta(struct thrift *t, struct pq_chunk *c)
{
    int32_t type = -1;
    c->bounds.null_count = -1;
    struct thrift_fields f = thrift_enter(t);
    while (thrift_next(t, &f)) {
        switch (f.id) {
        case 1:
            type = thrift_i32(t, &f);
            break;
        case 4:
            c->codec = (enum pq_codec)thrift_i32(t, &f);
            break;
        case 5:
            c->value_count = thrift_int(t, &f);
            break;
        case 6:
            c->uncompressed_bytes = thrift_int(t, &f);
            break;
        case 7:
            c->compressed_bytes = thrift_int(t, &f);
            break;
        case 9:
            c->data_offset = thrift_int(t, &f);
            break;
        case 11:
            c->dictionary_offset = thrift_int(t, &f);
            break;
        case 12:
            if (f.type == THRIFT_STRUCT)
                read_statistics(t, c);
            else
                thrift_skip(t, f.type);
            break;
        default:
            thrift_skip(t, f.type);
        }
    }
    if (type < 0 || type > PQ_FIXED)
        thrift_fail(t, "column chunk of unknown type");
    c->type = (enum pq_type)type;
    c->present = true;
}

static void read_chunk(struct thrift *t, struct pq_chunk *c)
{
    struct thrift_fields f = thrift_enter(t);
    while (thrift_next(t, &f)) {
        if (f.id == 1) {
            c->file_path = thrift_binary(t, &f);
        } else if (f.id == 3 && f.type == THRIFT_STRUCT) {
            read_column_meta(t, c);
        } else if (f.id == 4 || f.id == 6) {
            *(f.id == 4 ? &c->offset_index.offset : &c->column_index.offset) = thrift_int(t, &f);
        } else if (f.id == 5 || f.id == 7) {
            *(f.id == 5 ? &c->offset_index.length : &c->column_index.length) = thrift_i32(t, &f);
        } else {
            c->encrypted |= f.id == 8 || f.id == 9;
            thrift_skip(t, f.type);
        }
    }
}

static void read_row_group(struct parquet_file *file, struct thrift *t, struct pq_row_group *g)
{
    struct thrift_fields f = thrift_enter(t);
    while (thrift_next(t, &f)) {
        if (f.id == 1) {
            uint32_t n = struct_list(t, &f);
            g->chunks = list_alloc(file, t, n, sizeof(*g->chunks));
            g->chunk_count = n;
            for (uint32_t i = 0; i < n && !t->error; i++)
                read_chunk(t, &g->chunks[i]);
        } else if (f.id == 3) {
            g->row_count = thrift_int(t, &f);
        } else {
            thrift_skip(t, f.type);
        }
    }
}

static void read_key_value(struct thrift *t, struct lake_meta *kv)
{
    struct thrift_fields f = thrift_enter(t);
    while (thrift_next(t, &f)) {
        if (f.id == 1)
            kv->key = thrift_binary(t, &f);
        else if (f.id == 2)
            kv->value = thrift_binary(t, &f);
        else
            thrift_skip(t, f.type);
    }
}

static void read_list_field(struct parquet_file *file, struct thrift *t,
                            const struct thrift_fields *f)
{
    struct pq_meta *m = &file->meta;
    uint32_t n = struct_list(t, f);
    if (f->id == 2) {
        m->elements = list_alloc(file, t, n, sizeof(*m->elements));
        m->element_count = n;
    } else if (f->id == 4) {
        m->row_groups = list_alloc(file, t, n, sizeof(*m->row_groups));
        m->row_group_count = n;
    } else {
        m->metadata = list_alloc(file, t, n, sizeof(*m->metadata));
        m->metadata_count = n;
    }
    for (uint32_t i = 0; i < n && !t->error; i++) {
        if (f->id == 2)
            read_schema_element(t, &m->elements[i]);
        else if (f->id == 4)
            read_row_group(file, t, &m->row_groups[i]);
        else
            read_key_value(t, &m->metadata[i]);
    }
}

/* A union a leaf, whose only member that we know is 1: the order of the type. */
static void read_orders(struct parquet_file *file, struct thrift *t, const struct thrift_fields *f)
{
    struct pq_meta *m = &file->meta;
    uint32_t n = struct_list(t, f);
    m->ordered = list_alloc(file, t, n, sizeof(*m->ordered));
    m->ordered_count = m->ordered ? n : 0;
    for (uint32_t i = 0; i < n && !t->error; i++) {
        struct thrift_fields u = thrift_enter(t);
        while (thrift_next(t, &u)) {
            m->ordered[i] = u.id == 1;
            thrift_skip(t, u.type);
        }
    }
}

struct err *pq_meta_parse(struct parquet_file *file, const uint8_t *footer, size_t len)
{
    struct pq_meta *m = &file->meta;
    struct thrift t;
    thrift_init(&t, footer, len);
    struct thrift_fields f = thrift_enter(&t);
    while (thrift_next(&t, &f)) {
        switch (f.id) {
        case 1:
            m->version = thrift_i32(&t, &f);
            break;
        case 2:
        case 4:
        case 5:
            read_list_field(file, &t, &f);
            break;
        case 3:
            m->row_count = thrift_int(&t, &f);
            break;
        case 6:
            m->created_by = thrift_binary(&t, &f);
            break;
        case 7:
            read_orders(file, &t, &f);
            break;
        case 8:
            m->encrypted = true;
            thrift_skip(&t, f.type);
            break;
        default:
            thrift_skip(&t, f.type);
        }
    }
    if (t.error)
        return pq_damaged(file, "footer: %s", t.error);
    if (m->row_count < 0 || !m->element_count)
        return pq_damaged(file, "footer has no schema or a negative row count");
    return NULL;
}
