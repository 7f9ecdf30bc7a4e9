/* Variants, see variant.h.
 *
 * metadata   u8 version 1 in bits 0-3, bit 4 sorted, bits 6-7 bytes of an offset - 1; n; n + 1
 *            offsets; the bytes of n names
 * value      u8: bits 0-1 what it is, the others more about it
 *              0 primitive: its number, then the bytes
 *              1 short string: its length, then the bytes
 *              2 object: sizes; n; n name numbers; n + 1 offsets; values
 *              3 array: sizes; n; n + 1 offsets; values
 *
 * All numbers are little-endian. A shredded value stands in "typed_value", as far as it is of that
 * type; the rest is in "value". */
#include "lake/variant.h"

#include "base/arena.h"
#include "base/base64.h"
#include "base/bytes.h"
#include "lake/json.h"

enum { MAX_DEPTH = 128 };

enum basic { BASIC_PRIMITIVE, BASIC_SHORT_STRING, BASIC_OBJECT, BASIC_ARRAY };

enum primitive {
    VARIANT_NULL,
    VARIANT_TRUE,
    VARIANT_FALSE,
    VARIANT_INT8,
    VARIANT_INT16,
    VARIANT_INT32,
    VARIANT_INT64,
    VARIANT_DOUBLE,
    VARIANT_DECIMAL4,
    VARIANT_DECIMAL8,
    VARIANT_DECIMAL16,
    VARIANT_DATE,
    VARIANT_TIMESTAMP,
    VARIANT_TIMESTAMP_NTZ,
    VARIANT_FLOAT,
    VARIANT_BINARY,
    VARIANT_STRING,
    VARIANT_TIME,
    VARIANT_TIMESTAMP_NANOS,
    VARIANT_TIMESTAMP_NTZ_NANOS,
    VARIANT_UUID
};

struct names {
    struct str bytes; /* of all names */
    const uint8_t *offsets;
    size_t width;
    uint32_t count;
};

struct writer {
    struct names names;
    struct buf *out;
    int depth;
    size_t items_left; /* of the encoded value */
};

static struct err *damaged(const char *reason)
{
    return err_new("XX001", "damaged variant: %s", reason);
}

static uint32_t load_wide(const uint8_t *p, size_t width)
{
    uint32_t v = 0;
    for (size_t i = 0; i < width; i++)
        v |= (uint32_t)p[i] << (8 * i);
    return v;
}

/* ---- names ---- */

static struct err *open_names(struct str metadata, struct names *out)
{
    const uint8_t *p = (const uint8_t *)metadata.data;
    if (!metadata.len || (p[0] & 15) != 1)
        return damaged("unknown version");
    size_t width = (size_t)(p[0] >> 6) + 1;
    if (metadata.len < 1 + width)
        return damaged("metadata ends early");
    struct names n = {.width = width, .count = load_wide(p + 1, width), .offsets = p + 1 + width};
    size_t left = metadata.len - 1 - width;
    if (n.count >= left / width)
        return damaged("metadata ends early");
    size_t table = ((size_t)n.count + 1) * width;
    n.bytes = str_make(metadata.data + 1 + width + table, left - table);
    *out = n;
    return NULL;
}

static struct err *name_at(const struct names *n, uint32_t i, struct str *out)
{
    if (i >= n->count)
        return damaged("a field has an unknown name");
    uint32_t begin = load_wide(n->offsets + i * n->width, n->width);
    uint32_t end = load_wide(n->offsets + ((size_t)i + 1) * n->width, n->width);
    if (begin > end || end > n->bytes.len)
        return damaged("a name lies outside of the metadata");
    *out = str_make(n->bytes.data + begin, end - begin);
    return NULL;
}

/* ---- values ---- */

static struct err *put_value(struct writer *w, struct str value);

static void put_quoted_time(struct writer *w, int64_t v, enum lake_unit unit, bool zulu)
{
    buf_put_u8(w->out, '"');
    lake_put_timestamp(w->out, v, unit, false, zulu);
    buf_put_u8(w->out, '"');
}

/* Bytes that a primitive of that number has behind its head. */
static int primitive_size(unsigned number)
{
    static const int8_t sizes[] = {[VARIANT_NULL] = 0,
                                   [VARIANT_TRUE] = 0,
                                   [VARIANT_FALSE] = 0,
                                   [VARIANT_INT8] = 1,
                                   [VARIANT_INT16] = 2,
                                   [VARIANT_INT32] = 4,
                                   [VARIANT_INT64] = 8,
                                   [VARIANT_DOUBLE] = 8,
                                   [VARIANT_DECIMAL4] = 5,
                                   [VARIANT_DECIMAL8] = 9,
                                   [VARIANT_DECIMAL16] = 17,
                                   [VARIANT_DATE] = 4,
                                   [VARIANT_TIMESTAMP] = 8,
                                   [VARIANT_TIMESTAMP_NTZ] = 8,
                                   [VARIANT_FLOAT] = 4,
                                   [VARIANT_BINARY] = 4,
                                   [VARIANT_STRING] = 4,
                                   [VARIANT_TIME] = 8,
                                   [VARIANT_TIMESTAMP_NANOS] = 8,
                                   [VARIANT_TIMESTAMP_NTZ_NANOS] = 8,
                                   [VARIANT_UUID] = 16};
    return number < ARRAY_LENGTH(sizes) ? sizes[number] : -1;
}

static struct err *put_decimal(struct writer *w, const uint8_t *p, size_t bytes)
{
    uint8_t scale = p[0];
    __int128 v = 0;
    if (scale > 38)
        return damaged("a decimal has an impossible scale");
    if (bytes == 4)
        v = (int32_t)load_le32(p + 1);
    else if (bytes == 8)
        v = (int64_t)load_le64(p + 1);
    else
        v = (__int128)((unsigned __int128)load_le64(p + 9) << 64 | load_le64(p + 1));
    lake_put_decimal(w->out, v, scale);
    return NULL;
}

static struct err *put_counted(struct writer *w, struct str rest, bool text)
{
    size_t len = load_le32(rest.data);
    if (len > rest.len - 4)
        return damaged("a value ends early");
    struct str s = str_make(rest.data + 4, len);
    if (text) {
        lake_put_json_string(w->out, s);
        return NULL;
    }
    buf_put_u8(w->out, '"');
    base64_put(w->out, s);
    buf_put_u8(w->out, '"');
    return NULL;
}

static void put_uuid(struct writer *w, const uint8_t *p)
{
    static const struct lake_type uuid = {.kind = LAKE_UUID};
    struct str s = str_make((const char *)p, 16);
    struct lake_vec v = {.type = &uuid, .phys = LAKE_PHYS_BYTES, .count = 1, .bytes = &s};
    lake_json_value(&v, 0, w->out);
}

static struct err *put_primitive(struct writer *w, unsigned number, struct str rest)
{
    const uint8_t *p = (const uint8_t *)rest.data;
    int size = primitive_size(number);
    double real;
    float single;
    if (size < 0)
        return err_unsupported("variants with primitive type %u are not supported", number);
    if (rest.len < (size_t)size)
        return damaged("a value ends early");
    switch ((enum primitive)number) {
    case VARIANT_NULL:
        buf_put_c(w->out, "null");
        return NULL;
    case VARIANT_TRUE:
        buf_put_c(w->out, "true");
        return NULL;
    case VARIANT_FALSE:
        buf_put_c(w->out, "false");
        return NULL;
    case VARIANT_INT8:
        buf_printf(w->out, "%d", (int8_t)p[0]);
        return NULL;
    case VARIANT_INT16:
        buf_printf(w->out, "%d", (int16_t)load_le16(p));
        return NULL;
    case VARIANT_INT32:
        buf_printf(w->out, "%d", (int32_t)load_le32(p));
        return NULL;
    case VARIANT_INT64:
        buf_printf(w->out, "%lld", (long long)load_le64(p));
        return NULL;
    case VARIANT_DOUBLE:
        memcpy(&real, p, 8);
        lake_put_json_real(w->out, real, false);
        return NULL;
    case VARIANT_FLOAT:
        memcpy(&single, p, 4);
        lake_put_json_real(w->out, (double)single, true);
        return NULL;
    case VARIANT_DECIMAL4:
    case VARIANT_DECIMAL8:
    case VARIANT_DECIMAL16:
        return put_decimal(w, p, (size_t)size - 1);
    case VARIANT_DATE:
        buf_put_u8(w->out, '"');
        lake_put_date(w->out, (int32_t)load_le32(p));
        buf_put_u8(w->out, '"');
        return NULL;
    case VARIANT_TIMESTAMP:
    case VARIANT_TIMESTAMP_NTZ:
        put_quoted_time(w, (int64_t)load_le64(p), LAKE_MICROS, number == VARIANT_TIMESTAMP);
        return NULL;
    case VARIANT_TIMESTAMP_NANOS:
    case VARIANT_TIMESTAMP_NTZ_NANOS:
        put_quoted_time(w, (int64_t)load_le64(p), LAKE_NANOS, number == VARIANT_TIMESTAMP_NANOS);
        return NULL;
    case VARIANT_TIME:
        buf_put_u8(w->out, '"');
        lake_put_time(w->out, (int64_t)load_le64(p), LAKE_MICROS, false);
        buf_put_u8(w->out, '"');
        return NULL;
    case VARIANT_BINARY:
    case VARIANT_STRING:
        return put_counted(w, rest, number == VARIANT_STRING);
    case VARIANT_UUID:
        put_uuid(w, p);
        return NULL;
    }
    UNREACHABLE();
}

/* An object or array taken apart. */
struct items {
    uint32_t count;
    const uint8_t *ids; /* objects */
    size_t id_width;
    const uint8_t *offsets;
    size_t offset_width;
    struct str values;
};

static struct err *open_items(struct str value, bool object, struct items *out)
{
    const uint8_t *p = (const uint8_t *)value.data;
    unsigned head = p[0] >> 2;
    bool large = object ? head >> 4 & 1 : head >> 2 & 1;
    size_t count_width = large ? 4 : 1;
    struct items it = {.offset_width = (head & 3) + 1};
    it.id_width = object ? (head >> 2 & 3) + 1 : 0;
    if (value.len < 1 + count_width)
        return damaged("a value ends early");
    it.count = load_wide(p + 1, count_width);
    size_t left = value.len - 1 - count_width;
    if (it.count >= left / (it.id_width + it.offset_width) + 1)
        return damaged("a value ends early");
    size_t table = (size_t)it.count * it.id_width + ((size_t)it.count + 1) * it.offset_width;
    if (table > left)
        return damaged("a value ends early");
    it.ids = p + 1 + count_width;
    it.offsets = it.ids + (size_t)it.count * it.id_width;
    it.values = str_make((const char *)p + 1 + count_width + table, left - table);
    *out = it;
    return NULL;
}

/* Values need not lie in the order of the fields: only where one begins is told, and it says itself
 * where it ends. */
static struct err *item_at(const struct items *it, uint32_t i, struct str *out)
{
    uint32_t begin = load_wide(it->offsets + i * it->offset_width, it->offset_width);
    if (begin >= it->values.len)
        return damaged("a value lies outside of its container");
    *out = str_make(it->values.data + begin, it->values.len - begin);
    return NULL;
}

/* An item has bytes of its own, so a value has fewer items than bytes. One in which items share
 * their bytes could be exponentially larger than it is. */
static struct err *count_item(struct writer *w)
{
    if (!w->items_left)
        return damaged("values share their bytes");
    w->items_left--;
    return NULL;
}

static struct err *field_at(const struct writer *w, const struct items *it, uint32_t i,
                            struct str *name, struct str *value)
{
    TRY(name_at(&w->names, load_wide(it->ids + i * it->id_width, it->id_width), name));
    return item_at(it, i, value);
}

static struct err *put_array(struct writer *w, struct str value)
{
    struct items it;
    TRY(open_items(value, false, &it));
    buf_put_u8(w->out, '[');
    for (uint32_t i = 0; i < it.count; i++) {
        struct str item;
        if (i)
            buf_put_u8(w->out, ',');
        TRY(count_item(w));
        TRY(item_at(&it, i, &item));
        TRY(put_value(w, item));
    }
    buf_put_u8(w->out, ']');
    return NULL;
}

/* The fields alone; *any: there is one before them. */
static struct err *put_fields(struct writer *w, struct str value, bool *any)
{
    struct items it;
    TRY(open_items(value, true, &it));
    for (uint32_t i = 0; i < it.count; i++) {
        struct str name;
        struct str item;
        TRY(count_item(w));
        TRY(field_at(w, &it, i, &name, &item));
        if (*any)
            buf_put_u8(w->out, ',');
        *any = true;
        lake_put_json_string(w->out, name);
        buf_put_u8(w->out, ':');
        TRY(put_value(w, item));
    }
    return NULL;
}

static enum basic basic_of(struct str value)
{
    return (enum basic)((uint8_t)value.data[0] & 3);
}

static struct err *put_nested(struct writer *w, struct str value)
{
    bool any = false;
    if (w->depth >= MAX_DEPTH)
        return err_new("54001", "variant is nested more than %d levels deep", MAX_DEPTH);
    w->depth++;
    struct err *e = NULL;
    if (basic_of(value) == BASIC_ARRAY) {
        e = put_array(w, value);
    } else {
        buf_put_u8(w->out, '{');
        e = put_fields(w, value, &any);
        buf_put_u8(w->out, '}');
    }
    w->depth--;
    return e;
}

static struct err *put_value(struct writer *w, struct str value)
{
    if (!value.len)
        return damaged("a value is empty");
    unsigned head = (uint8_t)value.data[0] >> 2;
    struct str rest = str_make(value.data + 1, value.len - 1);
    switch (basic_of(value)) {
    case BASIC_PRIMITIVE:
        return put_primitive(w, head, rest);
    case BASIC_SHORT_STRING:
        if (head > rest.len)
            return damaged("a value ends early");
        lake_put_json_string(w->out, str_make(rest.data, head));
        return NULL;
    case BASIC_OBJECT:
    case BASIC_ARRAY:
        return put_nested(w, value);
    }
    UNREACHABLE();
}

/* ---- shredded values ---- */

static struct err *put_shredded(struct writer *w, const struct lake_vec *pair, uint32_t row,
                                bool *present);

static struct err *put_shredded_list(struct writer *w, const struct lake_vec *typed, uint32_t row)
{
    const struct lake_vec *elements = &typed->children[0];
    buf_put_u8(w->out, '[');
    for (uint32_t i = typed->offsets[row]; i < typed->offsets[row + 1]; i++) {
        bool present;
        if (i > typed->offsets[row])
            buf_put_u8(w->out, ',');
        TRY(put_shredded(w, elements, i, &present));
        if (!present)
            buf_put_c(w->out, "null");
    }
    buf_put_u8(w->out, ']');
    return NULL;
}

/* The fields that have columns of their own; then the others, which `value` has. */
static struct err *put_shredded_object(struct writer *w, const struct lake_vec *typed, uint32_t row,
                                       const struct str *value)
{
    bool any = false;
    buf_put_u8(w->out, '{');
    for (uint32_t i = 0; i < typed->child_count; i++) {
        size_t before = w->out->len;
        bool present;
        if (any)
            buf_put_u8(w->out, ',');
        lake_put_json_string(w->out, typed->type->fields[i].name);
        buf_put_u8(w->out, ':');
        TRY(put_shredded(w, &typed->children[i], row, &present));
        if (!present)
            w->out->len = before < w->out->len ? before : w->out->len;
        any |= present;
    }
    if (value) {
        if (!value->len || basic_of(*value) != BASIC_OBJECT)
            return damaged("the rest of an object is not an object");
        w->items_left = value->len;
        TRY(put_fields(w, *value, &any));
    }
    buf_put_u8(w->out, '}');
    return NULL;
}

/* A struct of "value" and "typed_value"; neither: the value is missing. */
static struct err *put_shredded(struct writer *w, const struct lake_vec *pair, uint32_t row,
                                bool *present)
{
    const struct lake_vec *typed = lake_vec_field(pair, "typed_value");
    struct str value;
    bool has_value = lake_vec_bytes(lake_vec_field(pair, "value"), row, &value);
    struct err *e = NULL;
    *present = true;
    if (w->depth >= MAX_DEPTH)
        return err_new("54001", "variant is nested more than %d levels deep", MAX_DEPTH);
    w->depth++;
    if (typed && !lake_vec_is_null(typed, row)) {
        if (typed->type->kind == LAKE_LIST)
            e = put_shredded_list(w, typed, row);
        else if (typed->type->kind == LAKE_STRUCT)
            e = put_shredded_object(w, typed, row, has_value ? &value : NULL);
        else
            lake_json_value(typed, row, w->out);
    } else if (has_value) {
        w->items_left = value.len;
        e = put_value(w, value);
    } else {
        *present = false;
    }
    w->depth--;
    return e;
}

/* ---- vectors ---- */

static bool is_bytes(const struct lake_type *type, const char *name)
{
    int i = lake_type_find(type, str_from(name));
    return i >= 0 && lake_type_phys(type->fields[i].type) == LAKE_PHYS_BYTES;
}

bool lake_is_stored_variant(const struct lake_type *type)
{
    return type->kind == LAKE_STRUCT && is_bytes(type, "metadata") &&
           (is_bytes(type, "value") || lake_type_find(type, STR("typed_value")) >= 0);
}

static struct err *put_row(const struct lake_vec *in, uint32_t row, struct buf *out)
{
    struct writer w = {.out = out};
    struct str metadata;
    bool present;
    if (!lake_vec_bytes(lake_vec_field(in, "metadata"), row, &metadata))
        return damaged("it has no metadata");
    TRY(open_names(metadata, &w.names));
    TRY(put_shredded(&w, in, row, &present));
    if (!present)
        buf_put_c(out, "null");
    return buf_finish(out);
}

struct err *lake_variant_vec(struct arena *arena, const struct lake_vec *in, struct lake_vec *out)
{
    struct str *texts = arena_try_alloc(arena, in->count * sizeof(*texts) + 1);
    struct buf text = BUF_INIT;
    struct err *e = texts ? NULL : err_oom();
    for (uint32_t row = 0; row < in->count && !e; row++) {
        texts[row] = STR("");
        if (lake_vec_is_null(in, row))
            continue;
        buf_reset(&text);
        e = put_row(in, row, &text);
        char *copy = e ? NULL : arena_try_alloc(arena, text.len + 1);
        if (!copy) {
            e = e ? e : err_oom();
            break;
        }
        memcpy(copy, text.data, text.len);
        texts[row] = str_make(copy, text.len);
    }
    buf_done(&text);
    TRY(e);
    *out = (struct lake_vec){.type = lake_type_simple(LAKE_VARIANT),
                             .phys = LAKE_PHYS_BYTES,
                             .count = in->count,
                             .valid = in->valid,
                             .bytes = texts};
    return NULL;
}
