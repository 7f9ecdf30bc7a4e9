/* Arrays: construction, access, order. See array.h for the bytes; text and binary forms are in
 * array_io.c. */
#include "types/array.h"

#include "base/bytes.h"
#include "base/hash.h"
#include "types/key.h"
#include "types/tuple.h"
#include "types/types_internal.h"

enum { HEADER_BYTES = 12, FLAG_NULLS = 1, BOUND_BYTES = 8 };

static struct err *malformed(void)
{
    return err_new("XX001", "malformed array value");
}

static size_t item_bytes(uint8_t elem_len)
{
    return elem_len == TUPLE_U32 ? 4 : elem_len;
}

static bool valid_elem_len(uint8_t len)
{
    return len == 0 || len == 1 || len == 2 || len == 4 || len == 8 || len == TUPLE_U32;
}

/* False when the bytes do not hold together. */
static bool open_array(struct datum d, struct array *out)
{
    if (d.len < HEADER_BYTES)
        return false;
    struct array a = {
        .elem_oid = load_le32(d.p),
        .ndim = d.p[4],
        .elem_len = d.p[6],
        .nitems = load_le32(d.p + 8),
    };
    if (a.ndim > ARRAY_MAX_DIMS || !valid_elem_len(a.elem_len) || a.nitems > ARRAY_MAX_ITEMS)
        return false;
    const uint8_t *p = d.p + HEADER_BYTES;
    const uint8_t *end = d.p + d.len;
    if (end - p < a.ndim * BOUND_BYTES)
        return false;
    uint64_t product = a.ndim > 0;
    for (int i = 0; i < a.ndim; i++, p += BOUND_BYTES) {
        a.dims[i] = (int32_t)load_le32(p);
        a.lower[i] = (int32_t)load_le32(p + 4);
        int32_t last;
        if (a.dims[i] <= 0 || __builtin_add_overflow(a.lower[i], a.dims[i], &last))
            return false;
        product *= (uint32_t)a.dims[i];
        if (product > ARRAY_MAX_ITEMS)
            return false;
    }
    if (product != a.nitems)
        return false;
    if (d.p[5] & FLAG_NULLS) {
        if ((size_t)(end - p) < (a.nitems + 7) / 8)
            return false;
        a.nulls = p;
        p += (a.nitems + 7) / 8;
    }
    size_t fixed = (size_t)a.nitems * (a.elem_len ? item_bytes(a.elem_len) : 4);
    if ((size_t)(end - p) < fixed)
        return false;
    a.items = p;
    if (!a.elem_len) {
        a.ends = p;
        a.items = p + fixed;
    }
    a.items_bytes = (uint32_t)(end - a.items);
    *out = a;
    return true;
}

struct err *array_open(struct datum d, struct array *out)
{
    return open_array(d, out) ? NULL : malformed();
}

struct datum array_get(const struct array *a, uint32_t i)
{
    ASSERT(i < a->nitems);
    if (array_is_null(a, i))
        return datum_null();
    switch (a->elem_len) {
    case 0: {
        uint32_t start = i ? load_le32(a->ends + 4 * (size_t)(i - 1)) : 0;
        uint32_t end = load_le32(a->ends + 4 * (size_t)i);
        if (end > a->items_bytes)
            end = a->items_bytes; /* damaged: stay inside */
        return datum_bytes(a->items + start, start < end ? end - start : 0);
    }
    case 1:
        return datum_int((int8_t)a->items[i]);
    case 2:
        return datum_int((int16_t)load_le16(a->items + 2 * (size_t)i));
    case 4:
        return datum_int((int32_t)load_le32(a->items + 4 * (size_t)i));
    case TUPLE_U32:
        return datum_int(load_le32(a->items + 4 * (size_t)i));
    default:
        return datum_int((int64_t)load_le64(a->items + 8 * (size_t)i));
    }
}

static struct err *too_large(void)
{
    return err_new("54000", "array size exceeds the maximum allowed (%d)", ARRAY_MAX_ITEMS);
}

struct err *array_count(int ndim, const int32_t *dims, const int32_t *lower, uint32_t *out)
{
    if (ndim > ARRAY_MAX_DIMS)
        return err_new("54000", "number of array dimensions (%d) exceeds the maximum allowed (%d)",
                       ndim, ARRAY_MAX_DIMS);
    uint64_t n = ndim > 0;
    for (int i = 0; i < ndim; i++) {
        if (dims[i] < 0)
            return too_large();
        n *= (uint64_t)dims[i];
        if (n > ARRAY_MAX_ITEMS)
            return too_large();
        int32_t last;
        if (lower && __builtin_add_overflow(lower[i], dims[i], &last))
            return err_new("54000", "array lower bound is too large: %d", lower[i]);
    }
    *out = (uint32_t)n;
    return NULL;
}

static size_t layout_bytes(uint8_t elem_len, uint32_t n, const struct datum *items, bool *nulls)
{
    size_t size = 0;
    *nulls = false;
    for (uint32_t i = 0; i < n; i++) {
        if (items[i].null)
            *nulls = true;
        else if (!elem_len)
            size += items[i].len;
    }
    return size + (size_t)n * (elem_len ? item_bytes(elem_len) : 4);
}

static void put_items(uint8_t *p, uint8_t elem_len, uint32_t n, const struct datum *items)
{
    size_t size = item_bytes(elem_len);
    if (elem_len) {
        for (uint32_t i = 0; i < n; i++, p += size) {
            if (items[i].null)
                memset(p, 0, size);
            else
                memcpy(p, &items[i].u, size);
        }
        return;
    }
    uint8_t *bytes = p + 4 * (size_t)n;
    uint32_t end = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (!items[i].null && items[i].len) {
            memcpy(bytes + end, items[i].p, items[i].len);
            end += items[i].len;
        }
        store_le32(p + 4 * (size_t)i, end);
    }
}

struct err *array_make(const struct type_ops *elem, int ndim, const int32_t *dims,
                       const int32_t *lower, const struct datum *items, struct arena *arena,
                       struct datum *out)
{
    uint32_t n;
    TRY(array_count(ndim, dims, lower, &n));
    if (n == 0)
        ndim = 0;
    uint8_t elem_len = elem->byval ? (uint8_t)type_tuple_len(elem) : 0;
    bool nulls;
    size_t size = layout_bytes(elem_len, n, items, &nulls);
    size_t head = HEADER_BYTES + (size_t)ndim * BOUND_BYTES + (nulls ? (n + 7) / 8 : 0);
    if (size > 0x3fffffff - head)
        return err_new("54000", "array size exceeds the maximum allowed (%d)", 0x3fffffff);
    uint8_t *bytes = arena_try_alloc(arena, head + size);
    if (!bytes)
        return err_oom();
    store_le32(bytes, elem->oid);
    bytes[4] = (uint8_t)ndim;
    bytes[5] = nulls ? FLAG_NULLS : 0;
    bytes[6] = elem_len;
    bytes[7] = 0;
    store_le32(bytes + 8, n);
    uint8_t *p = bytes + HEADER_BYTES;
    for (int i = 0; i < ndim; i++, p += BOUND_BYTES) {
        store_le32(p, (uint32_t)dims[i]);
        store_le32(p + 4, (uint32_t)lower[i]);
    }
    if (nulls) {
        memset(p, 0, (n + 7) / 8);
        for (uint32_t i = 0; i < n; i++)
            if (items[i].null)
                p[i / 8] = (uint8_t)(p[i / 8] | 1 << (i % 8));
        p += (n + 7) / 8;
    }
    put_items(p, elem_len, n, items);
    *out = datum_bytes(bytes, head + size);
    return NULL;
}

struct err *array_make_1d(const struct type_ops *elem, const struct datum *items, size_t n,
                          struct arena *arena, struct datum *out)
{
    if (n > ARRAY_MAX_ITEMS)
        return too_large();
    int32_t dim = (int32_t)n, lower = 1;
    return array_make(elem, 1, &dim, &lower, items, arena, out);
}

struct err *array_items_add(struct array_items *list, struct arena *arena, struct datum d)
{
    if (list->count == list->cap) {
        uint32_t cap = list->cap ? list->cap * 2 : 8;
        if (cap > 2 * (uint32_t)ARRAY_MAX_ITEMS)
            return too_large();
        struct datum *grown = arena_try_alloc(arena, cap * sizeof(*grown));
        if (!grown)
            return err_oom();
        if (list->count)
            memcpy(grown, list->items, list->count * sizeof(*grown));
        list->items = grown;
        list->cap = cap;
    }
    list->items[list->count++] = d;
    return NULL;
}

/* Subscripts */

bool array_position_of(const struct array *a, int n, const int32_t *subscripts, uint32_t *out)
{
    if (n != a->ndim || n == 0)
        return false;
    uint32_t at = 0;
    for (int i = 0; i < n; i++) {
        int64_t offset = (int64_t)subscripts[i] - a->lower[i];
        if (offset < 0 || offset >= a->dims[i])
            return false;
        at = at * (uint32_t)a->dims[i] + (uint32_t)offset;
    }
    *out = at;
    return at < a->nitems;
}

struct err *array_subscript(struct datum d, int n, const int32_t *subscripts, struct datum *out)
{
    struct array a;
    TRY(array_open(d, &a));
    uint32_t at;
    *out = array_position_of(&a, n, subscripts, &at) ? array_get(&a, at) : datum_null();
    return NULL;
}

struct err *array_slice(const struct type_env *env, struct datum d, int n,
                        const struct array_bounds *b, struct arena *arena, struct datum *out)
{
    struct array a;
    TRY(array_open(d, &a));
    const struct type_ops *elem = type_lookup(env, a.elem_oid);
    if (!elem)
        return malformed();
    int32_t from[ARRAY_MAX_DIMS], dims[ARRAY_MAX_DIMS], ones[ARRAY_MAX_DIMS];
    bool empty = n > a.ndim || a.ndim == 0;
    for (int i = 0; i < a.ndim && !empty; i++) {
        int64_t first = a.lower[i], last = first + a.dims[i] - 1;
        if (i < n && b->has_lower[i] && b->lower[i] > first)
            first = b->lower[i];
        if (i < n && b->has_upper[i] && b->upper[i] < last)
            last = b->upper[i];
        empty = first > last;
        from[i] = (int32_t)(first - a.lower[i]);
        dims[i] = empty ? 0 : (int32_t)(last - first + 1);
        ones[i] = 1;
    }
    if (empty)
        return array_make(elem, 0, NULL, NULL, NULL, arena, out);
    uint32_t count;
    TRY(array_count(a.ndim, dims, NULL, &count));
    struct datum *items = arena_try_alloc(arena, count * sizeof(*items));
    if (!items)
        return err_oom();
    int32_t at[ARRAY_MAX_DIMS] = {0};
    for (uint32_t k = 0; k < count; k++) {
        uint32_t source = 0;
        for (int i = 0; i < a.ndim; i++)
            source = source * (uint32_t)a.dims[i] + (uint32_t)(from[i] + at[i]);
        items[k] = array_get(&a, source);
        for (int i = a.ndim - 1; i >= 0 && ++at[i] == dims[i]; i--)
            at[i] = 0;
    }
    return array_make(elem, a.ndim, dims, ones, items, arena, out);
}

static struct err *assign_extending(const struct type_ops *elem, const struct array *a,
                                    int32_t subscript, struct datum value, struct arena *arena,
                                    struct datum *out)
{
    int64_t first = a->lower[0], last = first + a->dims[0] - 1;
    if (subscript < first)
        first = subscript;
    if (subscript > last)
        last = subscript;
    if (last - first >= ARRAY_MAX_ITEMS)
        return too_large();
    int32_t dim = (int32_t)(last - first + 1), lower = (int32_t)first;
    struct datum *items = arena_try_alloc(arena, (size_t)dim * sizeof(*items));
    if (!items)
        return err_oom();
    for (int32_t i = 0; i < dim; i++) {
        int64_t old = first + i - a->lower[0];
        bool inside = old >= 0 && old < a->dims[0];
        items[i] = first + i == subscript ? value
                   : inside               ? array_get(a, (uint32_t)old)
                                          : datum_null();
    }
    return array_make(elem, 1, &dim, &lower, items, arena, out);
}

struct err *array_assign(const struct type_ops *elem, struct datum d, int n,
                         const int32_t *subscripts, struct datum value, struct arena *arena,
                         struct datum *out)
{
    struct array a = {.ndim = 0};
    if (!d.null)
        TRY(array_open(d, &a));
    if (a.ndim == 0) {
        int32_t ones[ARRAY_MAX_DIMS] = {1, 1, 1, 1, 1, 1};
        if (n > ARRAY_MAX_DIMS)
            return array_count(n, ones, NULL, &(uint32_t){0});
        return array_make(elem, n, ones, subscripts, &value, arena, out);
    }
    if (n != a.ndim)
        return err_new("2202E", "wrong number of array subscripts");
    if (n == 1)
        return assign_extending(elem, &a, subscripts[0], value, arena, out);
    uint32_t at;
    if (!array_position_of(&a, n, subscripts, &at))
        return err_new("2202E", "array subscript out of range");
    struct datum *items = arena_try_alloc(arena, a.nitems * sizeof(*items));
    if (!items)
        return err_oom();
    for (uint32_t i = 0; i < a.nitems; i++)
        items[i] = i == at ? value : array_get(&a, i);
    return array_make(elem, n, a.dims, a.lower, items, arena, out);
}

/* Order: item by item, then the number of items, then the shape. NULL items are greatest. */

int array_compare(const struct type_ops *t, struct datum da, struct datum db)
{
    struct array a, b;
    if (!open_array(da, &a) || !open_array(db, &b))
        return bytes_compare(t, da, db);
    uint32_t n = a.nitems < b.nitems ? a.nitems : b.nitems;
    for (uint32_t i = 0; i < n; i++) {
        struct datum x = array_get(&a, i), y = array_get(&b, i);
        int c = x.null || y.null ? x.null - y.null : t->elem->compare(t->elem, x, y);
        if (c)
            return c;
    }
    if (a.nitems != b.nitems)
        return a.nitems < b.nitems ? -1 : 1;
    if (a.ndim != b.ndim)
        return a.ndim < b.ndim ? -1 : 1;
    for (int i = 0; i < a.ndim; i++)
        if (a.dims[i] != b.dims[i])
            return a.dims[i] < b.dims[i] ? -1 : 1;
    for (int i = 0; i < a.ndim; i++)
        if (a.lower[i] != b.lower[i])
            return a.lower[i] < b.lower[i] ? -1 : 1;
    return 0;
}

uint64_t array_hash(const struct type_ops *t, struct datum d)
{
    struct array a;
    if (!open_array(d, &a))
        return bytes_hash(t, d);
    uint64_t h = (uint64_t)a.ndim;
    for (uint32_t i = 0; i < a.nitems; i++) {
        struct datum x = array_get(&a, i);
        h = hash_combine(h, x.null ? 0 : t->elem->hash(t->elem, x));
    }
    return h;
}

/* An item is 02 and its key, or 03 for NULL; 01 ends the items, and the shape follows. */
void array_key(const struct type_ops *t, struct datum d, struct buf *out)
{
    struct array a;
    if (!open_array(d, &a))
        a = (struct array){.ndim = 0};
    for (uint32_t i = 0; i < a.nitems; i++) {
        struct datum x = array_get(&a, i);
        buf_put_u8(out, x.null ? 3 : 2);
        if (!x.null)
            t->elem->key(t->elem, x, out);
    }
    buf_put_u8(out, 1);
    buf_put_u8(out, (uint8_t)a.ndim);
    for (int i = 0; i < a.ndim; i++)
        key_put_int32(out, a.dims[i]);
    for (int i = 0; i < a.ndim; i++)
        key_put_int32(out, a.lower[i]);
}
