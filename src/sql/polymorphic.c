/* What the arguments of a call make of polymorphic types: manual section 38.2.5. */
#include "sql/analyze_internal.h"

uint32_t range_subtype(uint32_t range)
{
    const struct type_ops *t = type_by_oid(range);
    return t && t->range ? t->range->oid : 0;
}

uint32_t multirange_of_range(uint32_t range)
{
    const struct type_ops *t = type_by_oid(range);
    return t ? t->multirange_oid : 0;
}

uint32_t range_of_multirange(uint32_t multirange)
{
    const struct type_ops *t = type_by_oid(multirange);
    return t && t->multirange ? t->multirange->oid : 0;
}

struct poly {
    uint32_t elem;
    uint32_t array;
    uint32_t range;
    uint32_t multirange;
    uint32_t compatible;
    uint32_t compatible_range;
    uint32_t compatible_multirange;
    bool any_known;
};

static struct err *poly_mismatch(struct analysis *a, const char *what, uint32_t x, uint32_t y,
                                 int location)
{
    return at(a,
              err_detail(err_new("42804", "arguments declared \"%s\" are not all alike", what),
                         "%s versus %s", type_display(a->arena, x, -1),
                         type_display(a->arena, y, -1)),
              location);
}

/* An argument whose own type is polymorphic (a client may declare a parameter so) decides nothing;
 * of the kind anyarray are columns of the statistics. */
static struct err *undecided(struct analysis *a, uint32_t declared, uint32_t actual, int location)
{
    bool range = declared == ANYRANGE_OID || declared == ANYCOMPATIBLERANGE_OID;
    bool multirange = declared == ANYMULTIRANGE_OID || declared == ANYCOMPATIBLEMULTIRANGE_OID;
    if (range || multirange)
        return at(a,
                  err_new("42804", "argument declared %s is not a %s type but type %s",
                          type_display(a->arena, declared, -1), range ? "range" : "multirange",
                          type_display(a->arena, actual, -1)),
                  location);
    return at(a,
              err_new("42804", "could not determine polymorphic type because input has type %s",
                      type_display(a->arena, actual, -1)),
              location);
}

static struct err *poly_note(struct analysis *a, struct poly *p, uint32_t declared, uint32_t actual,
                             int location)
{
    if (actual == UNKNOWN_OID)
        return NULL;
    if (type_is_polymorphic(declared) && type_is_polymorphic(actual) &&
        (actual != ANYARRAY_OID || declared == ANYCOMPATIBLEARRAY_OID))
        return undecided(a, declared, actual, location);
    switch (declared) {
    case ANYELEMENT_OID:
    case ANYNONARRAY_OID:
    case ANYENUM_OID:
        if (p->elem && p->elem != actual)
            return poly_mismatch(a, "anyelement", p->elem, actual, location);
        p->elem = actual;
        break;
    case ANYARRAY_OID:
        actual = builtin_base_type(actual);
        if (p->array && p->array != actual)
            return poly_mismatch(a, "anyarray", p->array, actual, location);
        p->array = actual;
        break;
    case ANYRANGE_OID:
        actual = builtin_base_type(actual);
        if (p->range && p->range != actual)
            return poly_mismatch(a, "anyrange", p->range, actual, location);
        p->range = actual;
        break;
    case ANYMULTIRANGE_OID:
        actual = builtin_base_type(actual);
        if (p->multirange && p->multirange != actual)
            return poly_mismatch(a, "anymultirange", p->multirange, actual, location);
        p->multirange = actual;
        break;
    case ANYCOMPATIBLERANGE_OID:
        p->compatible_range = actual;
        if (!p->compatible)
            p->compatible = range_subtype(actual);
        break;
    case ANYCOMPATIBLEMULTIRANGE_OID:
        p->compatible_multirange = actual;
        break;
    case ANYCOMPATIBLE_OID:
    case ANYCOMPATIBLENONARRAY_OID:
    case ANYCOMPATIBLEARRAY_OID: {
        uint32_t type = declared == ANYCOMPATIBLEARRAY_OID ? element_type_of(actual) : actual;
        if (!p->compatible ||
            (can_coerce(p->compatible, type, 'i') && !can_coerce(type, p->compatible, 'i')))
            p->compatible = type;
        break;
    }
    default:
        break;
    }
    return NULL;
}

static uint32_t poly_type(const struct poly *p, uint32_t declared)
{
    switch (declared) {
    case ANYELEMENT_OID:
    case ANYNONARRAY_OID:
    case ANYENUM_OID:
        return p->elem;
    case ANYARRAY_OID:
        return p->array ? p->array : array_type_of(p->elem);
    case ANYCOMPATIBLE_OID:
    case ANYCOMPATIBLENONARRAY_OID:
        return p->compatible;
    case ANYCOMPATIBLEARRAY_OID:
        return array_type_of(p->compatible);
    case ANYRANGE_OID:
        return p->range;
    case ANYMULTIRANGE_OID:
        return p->multirange;
    case ANYCOMPATIBLERANGE_OID:
        return p->compatible_range;
    case ANYCOMPATIBLEMULTIRANGE_OID:
        return p->compatible_multirange;
    }
    return declared;
}

/* A range, its multirange and its subtype follow from one another, but for the range from the
 * subtype. */
static struct err *relate_ranges(struct analysis *a, struct poly *p, int location)
{
    if (p->multirange && !p->range)
        p->range = range_of_multirange(p->multirange);
    if (p->range && !p->multirange)
        p->multirange = multirange_of_range(p->range);
    if (p->range && p->multirange != multirange_of_range(p->range))
        return at(a,
                  err_detail(err_new("42804",
                                     "argument declared %s is not consistent with argument "
                                     "declared %s",
                                     "anymultirange", "anyrange"),
                             "%s versus %s", type_display(a->arena, p->multirange, -1),
                             type_display(a->arena, p->range, -1)),
                  location);
    uint32_t subtype = p->range ? range_subtype(p->range) : 0;
    if (subtype && p->elem && p->elem != subtype)
        return at(a,
                  err_detail(err_new("42804",
                                     "argument declared %s is not consistent with argument "
                                     "declared %s",
                                     "anyrange", "anyelement"),
                             "%s versus %s", type_display(a->arena, p->range, -1),
                             type_display(a->arena, p->elem, -1)),
                  location);
    if (subtype)
        p->elem = subtype;
    return NULL;
}

struct err *resolve_polymorphic(struct analysis *a, const struct cat_proc *proc, uint32_t *declared,
                                const uint32_t *actual, int nargs, uint32_t *rettype, int location)
{
    struct poly p = {0};
    bool any = false;
    (void)proc;
    for (int i = 0; i < nargs; i++) {
        any |= type_is_polymorphic(declared[i]);
        TRY(poly_note(a, &p, declared[i], actual[i], location));
    }
    if (!any)
        return NULL;
    if (p.array) {
        uint32_t elem = p.array == ANYARRAY_OID ? ANYELEMENT_OID : element_type_of(p.array);
        if (!elem)
            return at(a,
                      err_new("42804", "argument declared %s is not an array but type %s",
                              "anyarray", type_display(a->arena, p.array, -1)),
                      location);
        if (p.elem && p.elem != elem)
            return at(a,
                      err_detail(err_new("42804",
                                         "argument declared %s is not consistent with "
                                         "argument declared %s",
                                         "anyarray", "anyelement"),
                                 "%s versus %s", type_display(a->arena, p.array, -1),
                                 type_display(a->arena, p.elem, -1)),
                      location);
        p.elem = elem;
    }
    TRY(relate_ranges(a, &p, location));
    if (!p.compatible)
        p.compatible = TEXT_OID;
    for (int i = 0; i < nargs; i++) {
        if (!type_is_polymorphic(declared[i]))
            continue;
        declared[i] = poly_type(&p, declared[i]);
        if (!declared[i])
            return err_new("42804", "could not determine polymorphic type because input has type "
                                    "unknown");
    }
    uint32_t result = poly_type(&p, *rettype);
    uint32_t elem = *rettype == ANYARRAY_OID             ? p.elem
                    : *rettype == ANYCOMPATIBLEARRAY_OID ? p.compatible
                                                         : 0;
    if (!result && elem)
        return err_new("42704", "could not find array type for data type %s",
                       type_display(a->arena, elem, -1));
    *rettype = result;
    return NULL;
}

uint32_t polymorphic_output(const struct cat_proc *p, uint32_t declared, const uint32_t *actual,
                            struct arena *arena)
{
    struct analysis a = {.arena = arena};
    uint32_t result = declared;
    if (!type_is_polymorphic(declared))
        return declared;
    uint32_t *types = arena_new_array(arena, uint32_t, p->nargs + 1);
    memcpy(types, p->argtypes, sizeof(*types) * (size_t)p->nargs);
    struct err *e = resolve_polymorphic(&a, p, types, actual, p->nargs, &result, -1);
    err_free(e); /* the call itself was refused then */
    return e ? declared : result;
}

uint32_t expr_output_type(const struct expr *e, uint32_t declared, struct arena *arena)
{
    uint32_t *actual = arena_new_array(arena, uint32_t, e->nargs + 1);
    for (int i = 0; i < e->nargs; i++)
        actual[i] = e->args[i]->type;
    return polymorphic_output(builtin_proc(e->func), declared, actual, arena);
}
