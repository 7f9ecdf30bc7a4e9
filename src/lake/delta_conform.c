/* Vectors of a data file in the table's types. Columns of old files may be missing (NULL), narrower
 * (widened here), or named otherwise (column mapping). What has the same representation is shared;
 * a pair of types that has no exact conversion is an error, and so is a value out of range. */
#include "lake/delta_internal.h"
#include "lake/variant.h"

#include <strings.h>

struct err *lake_null_vec(struct arena *arena, const struct lake_type *type, uint32_t rows,
                          struct lake_vec *out)
{
    struct lake_vec v = {.type = type, .phys = lake_type_phys(type), .count = rows};
    size_t size = lake_phys_size(v.phys) * rows;
    uint8_t *valid = arena_try_alloc(arena, rows + 1);
    void *data = lake_batch_alloc(arena, size);
    if (!valid || !data)
        return err_oom();
    memset(valid, 0, rows);
    memset(data, 0, size);
    v.valid = valid;
    if (size)
        v.data = data;
    if (v.phys == LAKE_PHYS_LIST) {
        uint32_t *offsets = arena_try_alloc(arena, ((size_t)rows + 1) * sizeof(*offsets));
        if (!offsets)
            return err_oom();
        memset(offsets, 0, ((size_t)rows + 1) * sizeof(*offsets));
        v.offsets = offsets;
    }
    if (type->field_count) {
        struct lake_vec *children = arena_try_alloc(arena, type->field_count * sizeof(*children));
        if (!children)
            return err_oom();
        for (uint32_t i = 0; i < type->field_count; i++)
            TRY(lake_null_vec(arena, type->fields[i].type, v.phys == LAKE_PHYS_LIST ? 0 : rows,
                              &children[i]));
        v.children = children;
        v.child_count = type->field_count;
    }
    *out = v;
    return NULL;
}

int delta_match_field(const struct lake_type *file, const struct lake_field *field,
                      enum delta_mapping mapping)
{
    if (mapping == DELTA_MAP_ID && field->field_id >= 0) {
        for (uint32_t i = 0; i < file->field_count; i++) {
            if (file->fields[i].field_id == field->field_id)
                return (int)i;
        }
        return -1;
    }
    int exact = lake_type_find(file, field->physical_name);
    if (exact >= 0 || mapping == DELTA_MAP_NAME)
        return exact;
    /* Column names are case-insensitive to the writers. */
    for (uint32_t i = 0; i < file->field_count; i++) {
        struct str name = file->fields[i].name;
        if (name.len == field->physical_name.len &&
            strncasecmp(name.data, field->physical_name.data, name.len) == 0)
            return (int)i;
    }
    return -1;
}

static struct err *no_conversion(const struct lake_vec *in, const struct lake_type *type)
{
    struct buf from = BUF_INIT, to = BUF_INIT;
    lake_type_name(in->type, &from);
    lake_type_name(type, &to);
    struct err *e = err_new("XX001", "it is %s in the file and %s in the table", buf_cstr(&from),
                            buf_cstr(&to));
    buf_done(&from);
    buf_done(&to);
    return e;
}

static struct err *out_of_range(void)
{
    return err_new("XX001", "a value is out of the range of the table's type");
}

/* Integers and decimals of any width, as 128 bits. */
static inline __int128 load_wide(const struct lake_vec *in, uint32_t row)
{
    if (in->phys == LAKE_PHYS_I32)
        return in->i32[row];
    return in->phys == LAKE_PHYS_I64 ? in->i64[row] : in->i128[row];
}

static void *alloc_values(struct delta_conform *c, const struct lake_vec *in, struct lake_vec *out)
{
    void *values = lake_batch_alloc(c->arena, lake_phys_size(out->phys) * in->count);
    out->data = values;
    return values;
}

/* value * factor, within [min, max]. */
static struct err *scale_exact(struct delta_conform *c, const struct lake_vec *in, __int128 factor,
                               __int128 min, __int128 max, struct lake_vec *out)
{
    void *values = alloc_values(c, in, out);
    if (!values)
        return err_oom();
    for (uint32_t i = 0; i < in->count; i++) {
        __int128 v;
        if (__builtin_mul_overflow(load_wide(in, i), factor, &v) || v < min || v > max)
            return out_of_range();
        if (out->phys == LAKE_PHYS_I32)
            ((int32_t *)values)[i] = (int32_t)v;
        else if (out->phys == LAKE_PHYS_I64)
            ((int64_t *)values)[i] = (int64_t)v;
        else
            ((__int128 *)values)[i] = v;
    }
    return NULL;
}

static bool is_integer(enum lake_kind kind)
{
    return kind >= LAKE_BYTE && kind <= LAKE_LONG;
}

static __int128 power_of_ten(int n)
{
    __int128 v = 1;
    while (n-- > 0)
        v *= 10;
    return v;
}

static struct err *to_integer(struct delta_conform *c, const struct lake_vec *in,
                              struct lake_vec *out)
{
    static const int64_t max[] = {[LAKE_BYTE] = INT8_MAX,
                                  [LAKE_SHORT] = INT16_MAX,
                                  [LAKE_INTEGER] = INT32_MAX,
                                  [LAKE_LONG] = INT64_MAX};
    enum lake_kind kind = out->type->kind;
    if (in->type->kind <= kind && in->phys == out->phys) {
        out->data = in->data;
        return NULL;
    }
    return scale_exact(c, in, 1, -(__int128)max[kind] - 1, max[kind], out);
}

static struct err *to_decimal(struct delta_conform *c, const struct lake_vec *in,
                              struct lake_vec *out)
{
    const struct lake_type *to = out->type;
    bool integer = is_integer(in->type->kind);
    int shift = to->scale - (integer ? 0 : in->type->scale);
    if ((!integer && in->type->kind != LAKE_DECIMAL) || shift < 0)
        return no_conversion(in, to);
    if (!integer && !shift && in->phys == out->phys && in->type->precision <= to->precision) {
        out->data = in->data;
        return NULL;
    }
    __int128 bound = power_of_ten(to->precision) - 1;
    return scale_exact(c, in, power_of_ten(shift), -bound, bound, out);
}

static struct err *to_double(struct delta_conform *c, const struct lake_vec *in,
                             struct lake_vec *out)
{
    bool integer = is_integer(in->type->kind) && in->type->kind != LAKE_LONG;
    if (!integer && in->phys != LAKE_PHYS_F32)
        return no_conversion(in, out->type);
    double *values = alloc_values(c, in, out);
    if (!values)
        return err_oom();
    for (uint32_t i = 0; i < in->count; i++)
        values[i] = integer ? in->i32[i] : (double)in->f32[i];
    return NULL;
}

static struct err *to_timestamp(struct delta_conform *c, const struct lake_vec *in,
                                struct lake_vec *out)
{
    enum lake_kind from = in->type->kind;
    if (from == LAKE_DATE && out->type->kind == LAKE_TIMESTAMP_NTZ)
        return scale_exact(c, in, INT64_C(86400000000), INT64_MIN, INT64_MAX, out);
    if (from != LAKE_TIMESTAMP && from != LAKE_TIMESTAMP_NTZ)
        return no_conversion(in, out->type);
    if (in->type->unit == out->type->unit) {
        out->data = in->data;
        return NULL;
    }
    if (in->type->unit == LAKE_MICROS)
        return scale_exact(c, in, 1000, INT64_MIN, INT64_MAX, out);
    int64_t *values = alloc_values(c, in, out);
    if (!values)
        return err_oom();
    for (uint32_t i = 0; i < in->count; i++)
        values[i] = in->i64[i] / 1000 - (in->i64[i] % 1000 < 0);
    return NULL;
}

static struct err *to_scalar(struct delta_conform *c, const struct lake_vec *in,
                             struct lake_vec *out)
{
    enum lake_kind from = in->type->kind, to = out->type->kind;
    bool bytes = from == LAKE_STRING || from == LAKE_BINARY || from == LAKE_UUID;
    if (is_integer(to) && is_integer(from))
        return to_integer(c, in, out);
    if (to == LAKE_DECIMAL)
        return to_decimal(c, in, out);
    if (to == LAKE_TIMESTAMP || to == LAKE_TIMESTAMP_NTZ)
        return to_timestamp(c, in, out);
    if (to == LAKE_DOUBLE && from != LAKE_DOUBLE)
        return to_double(c, in, out);
    /* Old writers leave the annotation of strings out. */
    if (from != to && !(bytes && (to == LAKE_STRING || to == LAKE_BINARY)))
        return no_conversion(in, out->type);
    out->data = in->data;
    return NULL;
}

/* A list that the file's schema spells so that its elements come out as structs of one field, where
 * the table has the field's type itself: some writers name the repeated group "array". The child is
 * NULL where the struct is. */
static const struct lake_vec *unwrap(const struct lake_vec *in, const struct lake_type *type)
{
    bool wrapped = in->type->kind == LAKE_STRUCT && in->child_count == 1;
    return wrapped && type->kind != LAKE_STRUCT ? &in->children[0] : in;
}

static struct err *to_nested(struct delta_conform *c, const struct lake_vec *in,
                             struct lake_vec *out)
{
    const struct lake_type *type = out->type;
    struct lake_vec *children =
        arena_try_alloc(c->arena, type->field_count * sizeof(*children) + 1);
    if (!children)
        return err_oom();
    for (uint32_t i = 0; i < type->field_count; i++) {
        int at = type->kind == LAKE_STRUCT
                     ? delta_match_field(in->type, &type->fields[i], c->mapping)
                     : (int)i;
        if (at < 0) {
            TRY(lake_null_vec(c->arena, type->fields[i].type, in->count, &children[i]));
            continue;
        }
        const struct lake_vec *element = &in->children[at];
        if (type->kind == LAKE_LIST)
            element = unwrap(element, type->fields[i].type);
        TRY(delta_conform_vec(c, element, type->fields[i].type, &children[i]));
    }
    out->offsets = in->offsets;
    out->children = children;
    out->child_count = type->field_count;
    return NULL;
}

struct err *delta_conform_vec(struct delta_conform *c, const struct lake_vec *in,
                              const struct lake_type *type, struct lake_vec *out)
{
    struct lake_vec v = {
        .type = type, .phys = lake_type_phys(type), .count = in->count, .valid = in->valid};
    if (v.phys == LAKE_PHYS_VOID)
        return lake_null_vec(c->arena, type, in->count, out);
    if (type->kind == LAKE_VARIANT && lake_is_stored_variant(in->type))
        return lake_variant_vec(c->arena, in, out);
    bool nested = lake_type_is_nested(type);
    if (nested != lake_type_is_nested(in->type) || (nested && type->kind != in->type->kind))
        return no_conversion(in, type);
    TRY(nested ? to_nested(c, in, &v) : to_scalar(c, in, &v));
    *out = v;
    return NULL;
}

/* ---- Selection ---- */

#define SELECT(type)                         \
    do {                                     \
        const type *from_ = in->data;        \
        type *to_ = values;                  \
        for (uint32_t i = 0; i < count; i++) \
            to_[i] = from_[rows[i]];         \
    } while (0)

static struct err *select_values(struct arena *arena, const struct lake_vec *in,
                                 const uint32_t *rows, uint32_t count, struct lake_vec *out)
{
    size_t size = lake_phys_size(in->phys);
    if (!size)
        return NULL;
    void *values = lake_batch_alloc(arena, size * count);
    if (!values)
        return err_oom();
    if (in->phys == LAKE_PHYS_BYTES)
        SELECT(struct str);
    else if (size == 1)
        SELECT(uint8_t);
    else if (size == 4)
        SELECT(uint32_t);
    else if (size == 8)
        SELECT(uint64_t);
    else
        SELECT(__int128);
    out->data = values;
    return NULL;
}

static struct err *select_children(struct arena *arena, const struct lake_vec *in,
                                   const uint32_t *rows, uint32_t count, struct lake_vec *out)
{
    struct lake_vec *children = arena_try_alloc(arena, in->child_count * sizeof(*children) + 1);
    if (!children)
        return err_oom();
    for (uint32_t i = 0; i < in->child_count; i++)
        TRY(lake_vec_select(arena, &in->children[i], rows, count, &children[i]));
    out->children = children;
    return NULL;
}

static struct err *select_lists(struct arena *arena, const struct lake_vec *in,
                                const uint32_t *rows, uint32_t count, struct lake_vec *out)
{
    uint32_t total = 0, n = 0;
    for (uint32_t i = 0; i < count; i++)
        total += in->offsets[rows[i] + 1] - in->offsets[rows[i]];
    uint32_t *offsets = arena_try_alloc(arena, ((size_t)count + 1) * sizeof(*offsets));
    uint32_t *elements = arena_try_alloc(arena, (size_t)total * sizeof(*elements) + 1);
    if (!offsets || !elements)
        return err_oom();
    for (uint32_t i = 0; i < count; i++) {
        offsets[i] = n;
        for (uint32_t k = in->offsets[rows[i]]; k < in->offsets[rows[i] + 1]; k++)
            elements[n++] = k;
    }
    offsets[count] = n;
    out->offsets = offsets;
    return select_children(arena, in, elements, total, out);
}

struct err *lake_vec_select(struct arena *arena, const struct lake_vec *in, const uint32_t *rows,
                            uint32_t count, struct lake_vec *out)
{
    struct lake_vec v = *in;
    v.count = count;
    if (in->valid) {
        uint8_t *valid = arena_try_alloc(arena, count + 1);
        if (!valid)
            return err_oom();
        for (uint32_t i = 0; i < count; i++)
            valid[i] = in->valid[rows[i]];
        v.valid = valid;
    }
    if (in->phys == LAKE_PHYS_LIST)
        TRY(select_lists(arena, in, rows, count, &v));
    else if (in->phys == LAKE_PHYS_STRUCT)
        TRY(select_children(arena, in, rows, count, &v));
    else
        TRY(select_values(arena, in, rows, count, &v));
    *out = v;
    return NULL;
}
