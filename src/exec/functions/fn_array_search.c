/* Arrays: positions of elements, removal, replacement, containment, buckets. */
#include "exec/functions/fn_internal.h"

#include "types/array.h"

static struct err *comparable(struct fn_call *c, uint32_t oid, const struct type_ops **out)
{
    TRY(known_type(c, oid, out));
    if ((*out)->compare)
        return NULL;
    return err_new("42883", "could not identify an equality operator for type %s", (*out)->name);
}

/* NULL is not distinct from NULL. */
static bool same(const struct type_ops *t, struct datum a, struct datum b)
{
    if (a.null || b.null)
        return a.null && b.null;
    return t->compare(t, a, b) == 0;
}

static struct err *searched(struct fn_call *c, struct array *a, const struct type_ops **elem)
{
    TRY(array_open(c->args[0], a));
    TRY(comparable(c, a->elem_oid, elem));
    if (a->ndim > 1)
        return err_new("0A000", "searching for elements in multidimensional arrays is not "
                                "supported");
    return NULL;
}

static struct err *position(struct fn_call *c, struct datum first, struct datum *out)
{
    struct array a;
    const struct type_ops *elem;
    if (c->args[0].null)
        return give_null(out);
    TRY(searched(c, &a, &elem));
    if (a.ndim == 0)
        return give_null(out);
    if (first.null)
        return err_new("22004", "initial position must not be null");
    int64_t start = first.i;
    for (uint32_t i = 0; i < a.nitems; i++) {
        int64_t subscript = (int64_t)a.lower[0] + i;
        if (subscript >= start && same(elem, array_get(&a, i), c->args[1]))
            return give_int(subscript, out);
    }
    return give_null(out);
}

FN(array_position)
{
    return position(c, datum_int(INT64_MIN), out);
}

FN(array_position_start)
{
    return position(c, c->args[2], out);
}

FN(array_positions)
{
    struct array a;
    const struct type_ops *elem;
    if (c->args[0].null)
        return give_null(out);
    TRY(searched(c, &a, &elem));
    struct array_items list = {0};
    for (uint32_t i = 0; i < a.nitems; i++)
        if (same(elem, array_get(&a, i), c->args[1]))
            TRY(array_items_add(&list, c->arena, datum_int((int64_t)a.lower[0] + i)));
    return array_make_1d(type_by_oid(INT4_OID), list.items, list.count, c->arena, out);
}

FN(array_remove)
{
    struct array a;
    const struct type_ops *elem;
    if (c->args[0].null)
        return give_null(out);
    TRY(array_open(c->args[0], &a));
    TRY(comparable(c, a.elem_oid, &elem));
    if (a.ndim > 1)
        return err_new("0A000", "removing elements from multidimensional arrays is not supported");
    struct array_items list = {0};
    for (uint32_t i = 0; i < a.nitems; i++) {
        struct datum d = array_get(&a, i);
        if (!same(elem, d, c->args[1]))
            TRY(array_items_add(&list, c->arena, d));
    }
    if (list.count == a.nitems) {
        *out = c->args[0];
        return NULL;
    }
    int32_t dim = (int32_t)list.count, lower = a.lower[0];
    return array_make(elem, 1, &dim, &lower, list.items, c->arena, out);
}

FN(array_replace)
{
    struct array a;
    const struct type_ops *elem;
    if (c->args[0].null)
        return give_null(out);
    TRY(array_open(c->args[0], &a));
    TRY(comparable(c, a.elem_oid, &elem));
    struct datum *items = arena_try_alloc(c->arena, sizeof(*items) * ((size_t)a.nitems + 1));
    if (!items)
        return err_oom();
    for (uint32_t i = 0; i < a.nitems; i++) {
        struct datum d = array_get(&a, i);
        items[i] = same(elem, d, c->args[1]) ? c->args[2] : d;
    }
    return array_make(elem, a.ndim, a.dims, a.lower, items, c->arena, out);
}

/* Sets: NULL elements are equal to nothing. */

static bool has_element(const struct type_ops *elem, const struct array *a, struct datum d)
{
    for (uint32_t i = 0; i < a->nitems; i++) {
        struct datum mine = array_get(a, i);
        if (!mine.null && elem->compare(elem, mine, d) == 0)
            return true;
    }
    return false;
}

/* all: every element of b is in a; otherwise: some element of b is in a. */
static struct err *sets(struct fn_call *c, int left, bool all, struct datum *out)
{
    struct array a, b;
    const struct type_ops *elem;
    TRY(array_open(c->args[left], &a));
    TRY(array_open(c->args[1 - left], &b));
    if (a.elem_oid != b.elem_oid)
        return err_new("42804", "cannot compare arrays of different element types");
    TRY(comparable(c, a.elem_oid, &elem));
    for (uint32_t i = 0; i < b.nitems; i++) {
        struct datum d = array_get(&b, i);
        bool found = !d.null && has_element(elem, &a, d);
        if (found != all)
            return give_bool(!all, out);
    }
    return give_bool(all, out);
}

FN(arrayoverlap)
{
    return sets(c, 0, false, out);
}

FN(arraycontains)
{
    return sets(c, 0, true, out);
}

FN(arraycontained)
{
    return sets(c, 1, true, out);
}

FN(width_bucket_array)
{
    struct array a;
    const struct type_ops *elem;
    TRY(array_open(c->args[1], &a));
    TRY(comparable(c, a.elem_oid, &elem));
    if (a.ndim > 1)
        return err_new("2202E", "thresholds must be one-dimensional array");
    uint32_t low = 0, high = a.nitems;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        struct datum d = array_get(&a, mid);
        if (d.null)
            return err_new("22004", "thresholds array must not contain NULLs");
        if (elem->compare(elem, c->args[0], d) < 0)
            high = mid;
        else
            low = mid + 1;
    }
    return give_int(low, out);
}

const struct fn_entry fn_array_search_table[] = {
    ENTRY(array_position), ENTRY(array_position_start), ENTRY(array_positions),
    ENTRY(array_remove),   ENTRY(array_replace),        ENTRY(arrayoverlap),
    ENTRY(arraycontains),  ENTRY(arraycontained),       ENTRY(width_bucket_array),
};
TABLE_END(fn_array_search);
