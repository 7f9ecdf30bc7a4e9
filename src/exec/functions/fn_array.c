/* Arrays: shape, construction, change. Searching is in fn_array_search.c. */
#include "exec/functions/fn_internal.h"

#include "base/clock.h"
#include "types/array.h"

static struct err *element_type(struct fn_call *c, uint32_t oid, const struct type_ops **out)
{
    return known_type(c, oid, out);
}

/* Opens argument i; a NULL counts as empty, its element type from the declared array type. */
static struct err *open_arg(struct fn_call *c, int i, struct array *a)
{
    if (!c->args[i].null)
        return array_open(c->args[i], a);
    const struct type_ops *t;
    TRY(arg_type(c, i, &t));
    *a = (struct array){.elem_oid = t->elem ? t->elem->oid : 0};
    return NULL;
}

static struct err *all_items(struct fn_call *c, const struct array *a, uint32_t room,
                             struct datum **out)
{
    struct datum *items = arena_try_alloc(c->arena, sizeof(*items) * ((size_t)a->nitems + room));
    if (!items)
        return err_oom();
    for (uint32_t i = 0; i < a->nitems; i++)
        items[i] = array_get(a, i);
    *out = items;
    return NULL;
}

/* Shape */

FN(array_ndims)
{
    struct array a;
    TRY(array_open(c->args[0], &a));
    return a.ndim ? give_int(a.ndim, out) : give_null(out);
}

FN(array_dims)
{
    struct array a;
    TRY(array_open(c->args[0], &a));
    if (!a.ndim)
        return give_null(out);
    struct buf b = BUF_INIT;
    for (int i = 0; i < a.ndim; i++)
        buf_printf(&b, "[%d:%d]", a.lower[i], (int)((int64_t)a.lower[i] + a.dims[i] - 1));
    return give_buf(c, &b, out);
}

static struct err *dimension(struct fn_call *c, struct array *a, int *dim)
{
    TRY(array_open(c->args[0], a));
    int64_t n = ARG_I(1);
    *dim = n >= 1 && n <= a->ndim ? (int)n - 1 : -1;
    return NULL;
}

FN(array_length)
{
    struct array a;
    int dim;
    TRY(dimension(c, &a, &dim));
    return dim < 0 ? give_null(out) : give_int(a.dims[dim], out);
}

FN(array_lower)
{
    struct array a;
    int dim;
    TRY(dimension(c, &a, &dim));
    return dim < 0 ? give_null(out) : give_int(a.lower[dim], out);
}

FN(array_upper)
{
    struct array a;
    int dim;
    TRY(dimension(c, &a, &dim));
    return dim < 0 ? give_null(out) : give_int((int64_t)a.lower[dim] + a.dims[dim] - 1, out);
}

FN(array_cardinality)
{
    struct array a;
    TRY(array_open(c->args[0], &a));
    return give_int(a.nitems, out);
}

/* Adding an element */

static struct err *add_element(struct fn_call *c, int array_arg, bool front, struct datum *out)
{
    struct array a;
    TRY(open_arg(c, array_arg, &a));
    const struct type_ops *elem;
    TRY(element_type(c, a.elem_oid ? a.elem_oid : c->arg_types[1 - array_arg], &elem));
    if (a.ndim > 1)
        return err_new("22000", "argument must be empty or one-dimensional array");
    struct datum *items = NULL;
    TRY(all_items(c, &a, 1, &items));
    struct datum value = c->args[1 - array_arg];
    int32_t lower = a.ndim ? a.lower[0] : 1, dim = (int32_t)a.nitems + 1, last;
    if (front) {
        memmove(items + 1, items, sizeof(*items) * a.nitems);
        items[0] = value;
    } else {
        items[a.nitems] = value;
        if (__builtin_add_overflow(lower, dim, &last))
            return int4_range();
    }
    return array_make(elem, 1, &dim, &lower, items, c->arena, out);
}

FN(array_append)
{
    return add_element(c, 0, false, out);
}

FN(array_prepend)
{
    return add_element(c, 1, true, out);
}

static struct err *incompatible(const char *detail)
{
    return err_detail(err_new("2202E", "cannot concatenate incompatible arrays"), "%s", detail);
}

/* Joins along the first dimension; one may be an element (of one dimension less) of the other. */
FN(array_cat)
{
    if (c->args[0].null || c->args[1].null) {
        *out = c->args[0].null ? c->args[1] : c->args[0];
        return NULL;
    }
    struct array a, b;
    TRY(array_open(c->args[0], &a));
    TRY(array_open(c->args[1], &b));
    if (a.ndim == 0 || b.ndim == 0) {
        *out = a.ndim == 0 ? c->args[1] : c->args[0];
        return NULL;
    }
    if (a.elem_oid != b.elem_oid)
        return err_new("42804", "cannot concatenate incompatible arrays");
    int32_t dims[ARRAY_MAX_DIMS], lower[ARRAY_MAX_DIMS];
    const struct array *big = a.ndim >= b.ndim ? &a : &b, *small = big == &a ? &b : &a;
    if (big->ndim - small->ndim > 1) {
        struct err *e = err_new("2202E", "cannot concatenate incompatible arrays");
        return err_detail(e, "Arrays of %d and %d dimensions are not compatible for concatenation.",
                          a.ndim, b.ndim);
    }
    int skip = big->ndim - small->ndim;
    for (int i = 0; i < big->ndim; i++) {
        dims[i] = big->dims[i];
        lower[i] = big->lower[i];
    }
    for (int i = 1; i < big->ndim; i++)
        if (dims[i] != small->dims[i - skip] || big->lower[i] != small->lower[i - skip])
            return incompatible(
                skip ? "Arrays with differing dimensions are not compatible for "
                       "concatenation."
                     : "Arrays with differing element dimensions are not compatible for "
                       "concatenation.");
    if (skip == 0) {
        for (int i = 0; i < a.ndim; i++)
            lower[i] = a.lower[i];
    }
    dims[0] += skip ? 1 : small->dims[0];
    const struct type_ops *elem;
    TRY(element_type(c, a.elem_oid, &elem));
    uint32_t count;
    TRY(array_count(big->ndim, dims, lower, &count));
    struct datum *items = NULL;
    TRY(all_items(c, &a, b.nitems, &items));
    for (uint32_t i = 0; i < b.nitems; i++)
        items[a.nitems + i] = array_get(&b, i);
    return array_make(elem, big->ndim, dims, lower, items, c->arena, out);
}

static bool has_nulls(const struct array *a)
{
    for (uint32_t i = 0; i < a->nitems; i++)
        if (array_is_null(a, i))
            return true;
    return false;
}

/* array_fill(value, dims[, lower bounds]) */
static struct err *fill(struct fn_call *c, bool bounds, struct datum *out)
{
    if (c->args[1].null || (bounds && c->args[2].null))
        return err_new("22004", "dimension array or low bound array cannot be null");
    struct array dims_array, lower_array;
    TRY(array_open(c->args[1], &dims_array));
    if (dims_array.ndim > 1)
        return err_detail(err_new("2202E", "wrong number of array subscripts"),
                          "Dimension array must be one dimensional.");
    if (has_nulls(&dims_array))
        return err_new("22004", "dimension values cannot be null");
    if (dims_array.nitems > ARRAY_MAX_DIMS)
        return err_new("54000", "number of array dimensions (%u) exceeds the maximum allowed (%d)",
                       dims_array.nitems, ARRAY_MAX_DIMS);
    if (bounds) {
        TRY(array_open(c->args[2], &lower_array));
        if (has_nulls(&lower_array))
            return err_new("22004", "dimension values cannot be null");
        if (lower_array.nitems != dims_array.nitems)
            return err_detail(err_new("2202E", "wrong number of array subscripts"),
                              "Low bound array has different size than dimensions array.");
    }
    int ndim = (int)dims_array.nitems;
    int32_t dims[ARRAY_MAX_DIMS], lower[ARRAY_MAX_DIMS];
    for (int i = 0; i < ndim; i++) {
        struct datum d = array_get(&dims_array, (uint32_t)i);
        struct datum l = bounds ? array_get(&lower_array, (uint32_t)i) : datum_int(1);
        dims[i] = (int32_t)d.i;
        lower[i] = (int32_t)l.i;
    }
    uint32_t count;
    TRY(array_count(ndim, dims, lower, &count));
    const struct type_ops *elem;
    TRY(arg_type(c, 0, &elem));
    struct datum *items = arena_try_alloc(c->arena, sizeof(*items) * ((size_t)count + 1));
    if (!items)
        return err_oom();
    for (uint32_t i = 0; i < count; i++)
        items[i] = c->args[0];
    return array_make(elem, ndim, dims, lower, items, c->arena, out);
}

FN(array_fill)
{
    return fill(c, false, out);
}

FN(array_fill_with_lower_bounds)
{
    return fill(c, true, out);
}

FN(trim_array)
{
    struct array a;
    TRY(array_open(c->args[0], &a));
    int64_t n = ARG_I(1), have = a.ndim ? a.dims[0] : 0;
    if (n < 0 || n > have)
        return err_new("2202E", "number of elements to trim must be between 0 and %d", (int)have);
    if (a.ndim == 0) {
        *out = c->args[0];
        return NULL;
    }
    struct array_bounds b = {.upper = {(int32_t)(a.lower[0] + have - 1 - n)}, .has_upper = {true}};
    return array_slice(c->env, c->args[0], 1, &b, c->arena, out);
}

const struct fn_entry fn_array_table[] = {
    ENTRY(array_ndims),
    ENTRY(array_dims),
    ENTRY(array_length),
    ENTRY(array_lower),
    ENTRY(array_upper),
    ENTRY(array_cardinality),
    ENTRY(array_append),
    ENTRY(array_prepend),
    ENTRY(array_cat),
    ENTRY(array_fill),
    ENTRY(array_fill_with_lower_bounds),
    ENTRY(trim_array),
};
TABLE_END(fn_array);
