/* Assignment to slices of arrays. */
#include "types/array.h"
#include "types/types_internal.h"

static struct err *subscript_error(const char *message)
{
    return err_new("2202E", "%s", message);
}

/* The source's items become the slice itself. */
static struct err *from_nothing(const struct type_ops *elem, int n, const struct array_bounds *b,
                                const struct array *source, struct arena *arena, struct datum *out)
{
    int32_t dims[ARRAY_MAX_DIMS];
    int64_t count = 1;
    for (int i = 0; i < n; i++) {
        if (!b->has_lower[i] || !b->has_upper[i])
            return err_detail(subscript_error("array slice subscript must provide both boundaries"),
                              "When assigning to a slice of an empty array value, slice "
                              "boundaries must be fully specified.");
        int64_t dim = (int64_t)b->upper[i] - b->lower[i] + 1;
        if (dim < 0)
            return subscript_error("upper bound cannot be less than lower bound");
        if (dim > ARRAY_MAX_ITEMS || (count *= dim) > ARRAY_MAX_ITEMS)
            return err_new("54000", "array size exceeds the maximum allowed (%d)", ARRAY_MAX_ITEMS);
        dims[i] = (int32_t)dim;
    }
    if (count > source->nitems)
        return subscript_error("source array too small");
    struct datum *items = arena_try_alloc(arena, (size_t)(count + 1) * sizeof(*items));
    if (!items)
        return err_oom();
    for (uint32_t i = 0; i < count; i++)
        items[i] = array_get(source, i);
    return array_make(elem, count ? n : 0, dims, b->lower, items, arena, out);
}

/* One dimension grows to hold the slice; what lies between is NULL. */
static struct err *into_row(const struct type_ops *elem, const struct array *a, int32_t lower,
                            int32_t upper, const struct array *source, struct arena *arena,
                            struct datum *out)
{
    int64_t old_end = (int64_t)a->lower[0] + a->dims[0];
    int64_t first = lower < a->lower[0] ? lower : a->lower[0];
    int64_t end = (int64_t)upper + 1 > old_end ? (int64_t)upper + 1 : old_end;
    int32_t dim = (int32_t)(end - first);
    int32_t low = (int32_t)first;
    if (end - first > ARRAY_MAX_ITEMS)
        return err_new("54000", "array size exceeds the maximum allowed (%d)", ARRAY_MAX_ITEMS);
    if ((int64_t)upper - lower + 1 > source->nitems)
        return subscript_error("source array too small");
    struct datum *items = arena_try_alloc(arena, (size_t)(dim + 1) * sizeof(*items));
    if (!items)
        return err_oom();
    for (int64_t i = first; i < end; i++) {
        struct datum *item = &items[i - first];
        *item = datum_null();
        if (i >= lower && i <= upper)
            *item = array_get(source, (uint32_t)(i - lower));
        else if (i >= a->lower[0] && i < old_end)
            *item = array_get(a, (uint32_t)(i - a->lower[0]));
    }
    return array_make(elem, 1, &dim, &low, items, arena, out);
}

/* Several dimensions keep their bounds. */
static struct err *into_block(const struct type_ops *elem, const struct array *a,
                              const int32_t *lower, const int32_t *upper,
                              const struct array *source, struct arena *arena, struct datum *out)
{
    int64_t span = 1;
    uint32_t taken = 0;
    for (int i = 0; i < a->ndim; i++)
        span *= (int64_t)upper[i] - lower[i] + 1;
    if (span > source->nitems)
        return subscript_error("source array too small");
    struct datum *items = arena_try_alloc(arena, (size_t)(a->nitems + 1) * sizeof(*items));
    if (!items)
        return err_oom();
    for (uint32_t i = 0; i < a->nitems; i++) {
        uint32_t rest = i;
        bool inside = true;
        for (int k = a->ndim - 1; k >= 0; k--) {
            int64_t at = (int64_t)a->lower[k] + rest % (uint32_t)a->dims[k];
            rest /= (uint32_t)a->dims[k];
            inside &= at >= lower[k] && at <= upper[k];
        }
        items[i] = inside ? array_get(source, taken++) : array_get(a, i);
    }
    return array_make(elem, a->ndim, a->dims, a->lower, items, arena, out);
}

struct err *array_assign_slice(const struct type_ops *elem, struct datum d, int n,
                               const struct array_bounds *b, struct datum value,
                               struct arena *arena, struct datum *out)
{
    struct array a = {.ndim = 0};
    struct array source = {.ndim = 0};
    int32_t lower[ARRAY_MAX_DIMS];
    int32_t upper[ARRAY_MAX_DIMS];
    if (!d.null)
        TRY(array_open(d, &a));
    if (value.null) {
        *out = d;
        return d.null ? array_make(elem, 0, NULL, NULL, NULL, arena, out) : NULL;
    }
    TRY(array_open(value, &source));
    if (!a.ndim)
        return from_nothing(elem, n, b, &source, arena, out);
    if (n > a.ndim)
        return subscript_error("wrong number of array subscripts");
    for (int i = 0; i < a.ndim; i++) {
        int32_t last = a.lower[i] + a.dims[i] - 1;
        lower[i] = i < n && b->has_lower[i] ? b->lower[i] : a.lower[i];
        upper[i] = i < n && b->has_upper[i] ? b->upper[i] : last;
        if (lower[i] > upper[i])
            return subscript_error("upper bound cannot be less than lower bound");
        if (a.ndim > 1 && (lower[i] < a.lower[i] || upper[i] > last))
            return subscript_error("array subscript out of range");
    }
    return a.ndim == 1 ? into_row(elem, &a, lower[0], upper[0], &source, arena, out)
                       : into_block(elem, &a, lower, upper, &source, arena, out);
}
