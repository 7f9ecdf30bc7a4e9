/* Functions and operators of ranges and multiranges: manual section 9.20. Both are taken as lists
 * of ranges, a range as one of at most one. */
#include "exec/functions/agg_internal.h"

#include "types/array.h"
#include "types/range.h"

struct side {
    const struct type_ops *t;
    struct ranges l;
};

struct pair {
    struct side a;
    struct side b;
    const struct type_ops *rt; /* the range type */
};

static struct err *open_side(struct fn_call *c, int i, struct side *s, const struct type_ops **rt)
{
    TRY(arg_type(c, i, &s->t));
    if (!s->t->range && !s->t->multirange)
        return err_new("XX000", "type %s is not a range type", s->t->name);
    return ranges_open(s->t, c->args[i], c->arena, &s->l, rt);
}

static struct err *open_pair(struct fn_call *c, struct pair *p)
{
    TRY(open_side(c, 0, &p->a, &p->rt));
    return open_side(c, 1, &p->b, &p->rt);
}

static const struct range_bound *low(const struct side *s)
{
    return &s->l.items[0].lower;
}

static const struct range_bound *high(const struct side *s)
{
    return &s->l.items[s->l.count - 1].upper;
}

static bool both(const struct pair *p)
{
    return p->a.l.count && p->b.l.count;
}

/* ---- constructors ---- */

static struct err *bound_flags(struct str s, struct range *r)
{
    bool fine = s.len == 2 && (s.data[0] == '[' || s.data[0] == '(') &&
                (s.data[1] == ']' || s.data[1] == ')');
    if (!fine)
        return err_hint(err_new("42601", "invalid range bound flags"),
                        "Valid values are \"[]\", \"[)\", \"(]\", and \"()\".");
    r->lower.inclusive = s.data[0] == '[';
    r->upper.inclusive = s.data[1] == ']';
    return NULL;
}

static struct err *construct(struct fn_call *c, struct str flags, struct datum *out)
{
    const struct type_ops *t;
    struct range r = {.lower = {.value = c->args[0], .infinite = c->args[0].null},
                      .upper = {.value = c->args[1], .infinite = c->args[1].null}};
    TRY(known_type(c, c->result_type, &t));
    TRY(bound_flags(flags, &r));
    return range_make(t, r, c->arena, out);
}

FN(range_constructor2)
{
    return construct(c, STR("[)"), out);
}

FN(range_constructor3)
{
    if (c->args[2].null)
        return err_new("22000", "range constructor flags argument must not be null");
    return construct(c, ARG_STR(2), out);
}

static struct err *give_ranges(struct fn_call *c, struct ranges *l, struct datum *out)
{
    const struct type_ops *t;
    TRY(known_type(c, c->result_type, &t));
    ranges_normalize(t->multirange, l);
    return multirange_make(t, l, c->arena, out);
}

FN(multirange_constructor0)
{
    struct ranges none = {0};
    return give_ranges(c, &none, out);
}

FN(multirange_constructor1)
{
    struct side s;
    const struct type_ops *rt;
    TRY(open_side(c, 0, &s, &rt));
    return give_ranges(c, &s.l, out);
}

FN(multirange_constructor2)
{
    const struct type_ops *t;
    struct array a;
    struct ranges l = {0};
    TRY(known_type(c, c->result_type, &t));
    TRY(array_open(c->args[0], &a));
    if (a.ndim > 1)
        return err_new("42804", "multiranges cannot be constructed from multidimensional arrays");
    for (uint32_t i = 0; i < a.nitems; i++) {
        struct range r;
        if (array_is_null(&a, i))
            return err_new("22004", "multirange values cannot contain null members");
        TRY(range_open(t->multirange, array_get(&a, i), &r));
        ranges_add(&l, c->arena, &r);
    }
    return give_ranges(c, &l, out);
}

/* ---- bounds ---- */

static struct err *give_bound(struct fn_call *c, bool upper, struct datum *out)
{
    struct side s;
    const struct type_ops *rt;
    TRY(open_side(c, 0, &s, &rt));
    const struct range_bound *b = !s.l.count ? NULL : upper ? high(&s) : low(&s);
    *out = b && !b->infinite ? b->value : datum_null();
    return NULL;
}

static struct err *bound_is(struct fn_call *c, bool upper, bool infinite, struct datum *out)
{
    struct side s;
    const struct type_ops *rt;
    TRY(open_side(c, 0, &s, &rt));
    const struct range_bound *b = !s.l.count ? NULL : upper ? high(&s) : low(&s);
    return give_bool(b && (infinite ? b->infinite : b->inclusive), out);
}

FN(lower)
{
    return give_bound(c, false, out);
}

FN(upper)
{
    return give_bound(c, true, out);
}

FN(lower_inc)
{
    return bound_is(c, false, false, out);
}

FN(upper_inc)
{
    return bound_is(c, true, false, out);
}

FN(lower_inf)
{
    return bound_is(c, false, true, out);
}

FN(upper_inf)
{
    return bound_is(c, true, true, out);
}

FN(is_empty)
{
    struct side s;
    const struct type_ops *rt;
    TRY(open_side(c, 0, &s, &rt));
    return give_bool(!s.l.count, out);
}

/* ---- relations ---- */

static bool overlap(const struct type_ops *rt, const struct range *a, const struct range *b)
{
    return range_compare_bounds(rt, &a->lower, &b->upper) <= 0 &&
           range_compare_bounds(rt, &b->lower, &a->upper) <= 0;
}

static bool holds(const struct type_ops *rt, const struct range *a, const struct range *b)
{
    return range_compare_bounds(rt, &a->lower, &b->lower) <= 0 &&
           range_compare_bounds(rt, &a->upper, &b->upper) >= 0;
}

static bool side_holds(const struct type_ops *rt, const struct side *a, const struct side *b)
{
    for (int i = 0; i < b->l.count; i++) {
        bool found = false;
        for (int k = 0; k < a->l.count && !found; k++)
            found = holds(rt, &a->l.items[k], &b->l.items[i]);
        if (!found)
            return false;
    }
    return true;
}

FN(contains)
{
    struct pair p;
    TRY(open_pair(c, &p));
    return give_bool(side_holds(p.rt, &p.a, &p.b), out);
}

FN(contained_by)
{
    struct pair p;
    TRY(open_pair(c, &p));
    return give_bool(side_holds(p.rt, &p.b, &p.a), out);
}

static struct err *element_in(struct fn_call *c, int side, struct datum *out)
{
    struct side s;
    const struct type_ops *rt;
    struct range_bound v = {.value = c->args[1 - side], .inclusive = true, .lower = true};
    struct range point = {.lower = v, .upper = v};
    point.upper.lower = false;
    TRY(open_side(c, side, &s, &rt));
    bool found = false;
    for (int i = 0; i < s.l.count && !found; i++)
        found = holds(rt, &s.l.items[i], &point);
    return give_bool(found, out);
}

FN(contains_elem)
{
    return element_in(c, 0, out);
}

FN(elem_contained_by)
{
    return element_in(c, 1, out);
}

FN(overlaps)
{
    struct pair p;
    bool found = false;
    TRY(open_pair(c, &p));
    for (int i = 0; i < p.a.l.count && !found; i++)
        for (int k = 0; k < p.b.l.count && !found; k++)
            found = overlap(p.rt, &p.a.l.items[i], &p.b.l.items[k]);
    return give_bool(found, out);
}

FN(before)
{
    struct pair p;
    TRY(open_pair(c, &p));
    return give_bool(both(&p) && range_compare_bounds(p.rt, high(&p.a), low(&p.b)) < 0, out);
}

FN(after)
{
    struct pair p;
    TRY(open_pair(c, &p));
    return give_bool(both(&p) && range_compare_bounds(p.rt, low(&p.a), high(&p.b)) > 0, out);
}

FN(overleft)
{
    struct pair p;
    TRY(open_pair(c, &p));
    return give_bool(both(&p) && range_compare_bounds(p.rt, high(&p.a), high(&p.b)) <= 0, out);
}

FN(overright)
{
    struct pair p;
    TRY(open_pair(c, &p));
    return give_bool(both(&p) && range_compare_bounds(p.rt, low(&p.a), low(&p.b)) >= 0, out);
}

FN(adjacent)
{
    struct pair p;
    TRY(open_pair(c, &p));
    return give_bool(both(&p) && (range_bounds_touch(p.rt, high(&p.a), low(&p.b)) ||
                                  range_bounds_touch(p.rt, high(&p.b), low(&p.a))),
                     out);
}

/* ---- union, difference, intersection ---- */

static struct err *give_range(struct fn_call *c, const struct range *r, struct datum *out)
{
    const struct type_ops *t;
    TRY(known_type(c, c->result_type, &t));
    return range_make(t, r ? *r : (struct range){.empty = true}, c->arena, out);
}

static struct range span(const struct type_ops *rt, const struct range *a, const struct range *b)
{
    return (struct range){
        .lower = range_compare_bounds(rt, &a->lower, &b->lower) < 0 ? a->lower : b->lower,
        .upper = range_compare_bounds(rt, &a->upper, &b->upper) > 0 ? a->upper : b->upper,
    };
}

static struct err *join(struct fn_call *c, bool strict, struct datum *out)
{
    struct pair p;
    TRY(open_pair(c, &p));
    if (!both(&p))
        return give_range(c, p.a.l.count ? p.a.l.items : p.b.l.count ? p.b.l.items : NULL, out);
    const struct range *a = p.a.l.items;
    const struct range *b = p.b.l.items;
    if (strict && !overlap(p.rt, a, b) && !range_bounds_touch(p.rt, &a->upper, &b->lower) &&
        !range_bounds_touch(p.rt, &b->upper, &a->lower))
        return err_new("22000", "result of range union would not be contiguous");
    struct range r = span(p.rt, a, b);
    return give_range(c, &r, out);
}

FN(range_union)
{
    return join(c, true, out);
}

FN(range_merge)
{
    return join(c, false, out);
}

FN(range_merge_from_multirange)
{
    struct side s;
    const struct type_ops *rt;
    TRY(open_side(c, 0, &s, &rt));
    struct range r = {.empty = !s.l.count};
    if (s.l.count)
        r = span(rt, &s.l.items[0], &s.l.items[s.l.count - 1]);
    return give_range(c, &r, out);
}

/* What is left of `a` without `b`, as up to two ranges. */
static void cut(const struct type_ops *rt, struct arena *arena, const struct range *a,
                const struct range *b, struct ranges *out)
{
    if (!overlap(rt, a, b)) {
        ranges_add(out, arena, a);
        return;
    }
    if (range_compare_bounds(rt, &a->lower, &b->lower) < 0) {
        struct range left = {.lower = a->lower, .upper = b->lower};
        left.upper.inclusive = !left.upper.inclusive;
        left.upper.lower = false;
        ranges_add(out, arena, &left);
    }
    if (range_compare_bounds(rt, &a->upper, &b->upper) > 0) {
        struct range right = {.lower = b->upper, .upper = a->upper};
        right.lower.inclusive = !right.lower.inclusive;
        right.lower.lower = true;
        ranges_add(out, arena, &right);
    }
}

FN(range_minus)
{
    struct pair p;
    struct ranges left = {0};
    TRY(open_pair(c, &p));
    if (!both(&p))
        return give_range(c, p.a.l.count ? p.a.l.items : NULL, out);
    cut(p.rt, c->arena, p.a.l.items, p.b.l.items, &left);
    if (left.count > 1)
        return err_new("22000", "result of range difference would not be contiguous");
    return give_range(c, left.count ? left.items : NULL, out);
}

static struct range common(const struct type_ops *rt, const struct range *a, const struct range *b)
{
    return (struct range){
        .lower = range_compare_bounds(rt, &a->lower, &b->lower) > 0 ? a->lower : b->lower,
        .upper = range_compare_bounds(rt, &a->upper, &b->upper) < 0 ? a->upper : b->upper,
    };
}

static void intersect(const struct type_ops *rt, struct arena *arena, const struct ranges *a,
                      const struct ranges *b, struct ranges *out)
{
    *out = (struct ranges){0};
    for (int i = 0, k = 0; i < a->count && k < b->count;) {
        const struct range *x = &a->items[i];
        const struct range *y = &b->items[k];
        if (overlap(rt, x, y)) {
            struct range r = common(rt, x, y);
            ranges_add(out, arena, &r);
        }
        if (range_compare_bounds(rt, &x->upper, &y->upper) < 0)
            i++;
        else
            k++;
    }
}

FN(range_intersect)
{
    struct pair p;
    struct ranges l;
    TRY(open_pair(c, &p));
    intersect(p.rt, c->arena, &p.a.l, &p.b.l, &l);
    return give_range(c, l.count ? l.items : NULL, out);
}

FN(multirange_union)
{
    struct pair p;
    TRY(open_pair(c, &p));
    for (int i = 0; i < p.b.l.count; i++)
        ranges_add(&p.a.l, c->arena, &p.b.l.items[i]);
    return give_ranges(c, &p.a.l, out);
}

FN(multirange_minus)
{
    struct pair p;
    TRY(open_pair(c, &p));
    struct ranges left = p.a.l;
    for (int k = 0; k < p.b.l.count; k++) {
        struct ranges next = {0};
        for (int i = 0; i < left.count; i++)
            cut(p.rt, c->arena, &left.items[i], &p.b.l.items[k], &next);
        left = next;
    }
    return give_ranges(c, &left, out);
}

FN(multirange_intersect)
{
    struct pair p;
    struct ranges l;
    TRY(open_pair(c, &p));
    intersect(p.rt, c->arena, &p.a.l, &p.b.l, &l);
    return give_ranges(c, &l, out);
}

/* ---- subtype differences ---- */

FN(int_subdiff)
{
    *out = datum_f64((double)ARG_I(0) - (double)ARG_I(1));
    return NULL;
}

FN(time_subdiff)
{
    *out = datum_f64(((double)ARG_I(0) - (double)ARG_I(1)) / 1e6);
    return NULL;
}

#define BOTH_NAMES(name, fn)                                          \
    {"range_" #name, f_##fn}, {"range_" #name "_multirange", f_##fn}, \
        {"multirange_" #name "_range", f_##fn},                       \
    {                                                                 \
        "multirange_" #name "_multirange", f_##fn                     \
    }

const struct fn_entry fn_range_table[] = {
    ENTRY(range_constructor2),
    ENTRY(range_constructor3),
    ENTRY(multirange_constructor0),
    ENTRY(multirange_constructor1),
    ENTRY(multirange_constructor2),
    {"range_lower", f_lower},
    {"range_upper", f_upper},
    {"range_lower_inc", f_lower_inc},
    {"range_upper_inc", f_upper_inc},
    {"range_lower_inf", f_lower_inf},
    {"range_upper_inf", f_upper_inf},
    {"range_empty", f_is_empty},
    {"multirange_lower", f_lower},
    {"multirange_upper", f_upper},
    {"multirange_lower_inc", f_lower_inc},
    {"multirange_upper_inc", f_upper_inc},
    {"multirange_lower_inf", f_lower_inf},
    {"multirange_upper_inf", f_upper_inf},
    {"multirange_empty", f_is_empty},
    BOTH_NAMES(contains, contains),
    BOTH_NAMES(contained_by, contained_by),
    BOTH_NAMES(overlaps, overlaps),
    BOTH_NAMES(before, before),
    BOTH_NAMES(after, after),
    BOTH_NAMES(overleft, overleft),
    BOTH_NAMES(overright, overright),
    BOTH_NAMES(adjacent, adjacent),
    {"range_contains_elem", f_contains_elem},
    {"elem_contained_by_range", f_elem_contained_by},
    {"multirange_contains_elem", f_contains_elem},
    {"elem_contained_by_multirange", f_elem_contained_by},
    ENTRY(range_union),
    ENTRY(range_merge),
    ENTRY(range_merge_from_multirange),
    ENTRY(range_minus),
    ENTRY(range_intersect),
    ENTRY(multirange_union),
    ENTRY(multirange_minus),
    ENTRY(multirange_intersect),
    {"int4range_subdiff", f_int_subdiff},
    {"int8range_subdiff", f_int_subdiff},
    {"daterange_subdiff", f_int_subdiff},
    {"tsrange_subdiff", f_time_subdiff},
    {"tstzrange_subdiff", f_time_subdiff},
};
TABLE_END(fn_range);

/* ---- aggregates ---- */

struct range_state {
    bool any;
    struct ranges l;
};

static struct err *add_ranges(struct range_state *s, struct fn_call *c, struct arena *arena,
                              bool intersection)
{
    const struct type_ops *t;
    const struct type_ops *rt;
    struct datum kept;
    struct ranges l;
    TRY(arg_type(c, 0, &t));
    TRY(agg_keep(t, c->args[0], arena, &kept));
    TRY(ranges_open(t, kept, arena, &l, &rt));
    if (intersection && s->any) {
        struct ranges both_of = {0};
        intersect(rt, arena, &s->l, &l, &both_of);
        s->l = both_of;
    } else {
        for (int i = 0; i < l.count; i++)
            ranges_add(&s->l, arena, &l.items[i]);
    }
    s->any = true;
    return NULL;
}

AGG_ADD(range_agg_add)
{
    return add_ranges(state, c, arena, false);
}

AGG_ADD(range_intersect_add)
{
    return add_ranges(state, c, arena, true);
}

AGG_FINISH(range_agg_finish)
{
    struct range_state *s = state;
    if (!s->any)
        return give_null(out);
    struct ranges copy = {0};
    for (int i = 0; i < s->l.count; i++)
        ranges_add(&copy, c->arena, &s->l.items[i]);
    return give_ranges(c, &copy, out);
}

AGG_FINISH(range_intersect_finish)
{
    struct range_state *s = state;
    const struct type_ops *t;
    if (!s->any)
        return give_null(out);
    TRY(known_type(c, c->result_type, &t));
    return t->range ? give_range(c, s->l.count ? s->l.items : NULL, out)
                    : range_agg_finish(state, c, out);
}

#define RANGE_AGG(type)                                                                         \
    AGG1("range_agg", type, sizeof(struct range_state), range_agg_add, range_agg_finish, true), \
        AGG1("range_intersect_agg", type, sizeof(struct range_state), range_intersect_add,      \
             range_intersect_finish, true)

const struct agg_entry agg_range_table[] = {
    RANGE_AGG(ANYRANGE_OID),
    RANGE_AGG(ANYMULTIRANGE_OID),
};
TABLE_END(agg_range);

/* ---- unnest ---- */

struct unnest_state {
    struct side s;
    const struct type_ops *rt;
    int next;
};

static struct err *multirange_unnest(void **state, struct fn_call *c, struct datum *row, int ncols,
                                     bool *done)
{
    struct unnest_state *u = *state;
    (void)ncols;
    if (!u) {
        const struct type_ops *t;
        u = *state = arena_zalloc(c->state_arena, sizeof(*u));
        TRY(arg_type(c, 0, &t));
        TRY(ranges_open(t, c->args[0], c->state_arena, &u->s.l, &u->rt));
    }
    *done = u->next >= u->s.l.count;
    return *done ? NULL : range_make(u->rt, u->s.l.items[u->next++], c->arena, row);
}

const struct srf_impl srf_range_table[] = {
    {"multirange_unnest", multirange_unnest},
};
TABLE_END(srf_range);
