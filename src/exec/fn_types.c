/* Types that users make, at run time: the hooks by which their values read and print, and functions
 * that ask the catalog about them. */
#include "exec/exec_internal.h"

#include "catalog/systab.h"
#include "exec/fn_session.h"
#include "sql/analyze.h"
#include "types/array.h"

/* ---- hooks ---- */

static struct err *need_transaction(struct session *s)
{
    return s->cat.txn ? NULL : err_new("25000", "types cannot be looked up outside a transaction");
}

/* As stored expressions have it. */
static bool is_numbered(struct session *s, uint32_t type, struct str text, struct datum *out)
{
    struct datum d;
    struct datum v[ENUM_COUNT];
    struct arena a;
    bool found = false;
    if (!enum_from_number(text, &d))
        return false;
    struct datum key = datum_int(enum_label_oid(d));
    arena_init(&a);
    err_free(systab_get(&s->cat, PG_ENUM, ENUM_OID_INDEX, &key, 1, &a, v, &found));
    bool same = found && v[ENUM_TYPID].u == type &&
                enum_datum(v[ENUM_SORTORDER].f32, enum_label_oid(d)).i == d.i;
    arena_done(&a);
    if (same)
        *out = d;
    return same;
}

static struct err *enum_value(void *names, uint32_t type, struct str label, struct datum *out)
{
    struct session *s = names;
    bool found = false;
    TRY(need_transaction(s));
    if (label.len < 64)
        TRY(cat_enum_value(&s->cat, type, label, out, &found));
    if (found || is_numbered(s, type, label, out))
        return NULL;
    const struct type_ops *ops = type_by_oid(type);
    return err_new("22P02", "invalid input value for enum %s: \"%.*s\"", ops ? ops->name : "?",
                   STR_ARG(label));
}

static struct err *enum_label(void *names, uint32_t type, struct datum d, struct buf *out)
{
    struct session *s = names;
    (void)type;
    TRY(need_transaction(s));
    return cat_enum_label(&s->cat, d, out);
}

static const struct type_ops *type_of(void *names, uint32_t oid)
{
    struct session *s = names;
    if (s->cat.txn && oid >= FIRST_USER_OID)
        err_free(cat_load_type(&s->cat, oid, NULL));
    return type_by_oid(oid);
}

static const struct type_ops *array_of(void *names, uint32_t elem)
{
    type_of(names, elem);
    uint32_t array = array_type_of(elem);
    return array ? type_of(names, array) : NULL;
}

static struct err *composite_of(void *names, uint32_t type, struct arena *arena,
                                struct composite *out)
{
    struct session *s = names;
    TRY(need_transaction(s));
    return cat_composite(&s->cat, type, arena, out);
}

void session_bind_types(struct session *s)
{
    s->types.type_of = type_of;
    s->types.array_of = array_of;
    s->types.enum_value = enum_value;
    s->types.enum_label = enum_label;
    s->types.domain_check = domain_check;
    s->types.composite_of = composite_of;
}

/* ---- enum_first and its like ---- */

static struct err *labels_of(struct fn_call *c, uint32_t type, struct enum_label **labels, int *n)
{
    TRY(need_session(c));
    TRY(need_transaction(c->session));
    return cat_enum_labels(&c->session->cat, type, c->arena, labels, n);
}

static struct err *one_label(struct fn_call *c, bool last, struct datum *out)
{
    struct enum_label *labels;
    int n;
    TRY(labels_of(c, c->arg_types[0], &labels, &n));
    if (!n)
        return err_new("55000", "enum %s contains no values",
                       type_display(c->arena, c->arg_types[0], -1));
    const struct enum_label *label = &labels[last ? n - 1 : 0];
    *out = enum_datum(label->sort_order, label->oid);
    return NULL;
}

static struct err *fn_enum_first(struct fn_call *c, struct datum *out)
{
    return one_label(c, false, out);
}

static struct err *fn_enum_last(struct fn_call *c, struct datum *out)
{
    return one_label(c, true, out);
}

static struct err *enum_array(struct fn_call *c, struct datum low, struct datum high,
                              struct datum *out)
{
    struct enum_label *labels;
    int n;
    size_t count = 0;
    TRY(labels_of(c, c->arg_types[0], &labels, &n));
    struct datum *items = arena_new_array(c->arena, struct datum, n + 1);
    for (int i = 0; i < n; i++) {
        struct datum d = enum_datum(labels[i].sort_order, labels[i].oid);
        if ((low.null || d.i >= low.i) && (high.null || d.i <= high.i))
            items[count++] = d;
    }
    return array_make_1d(type_by_oid(c->arg_types[0]), items, count, c->arena, out);
}

static struct err *fn_enum_range_all(struct fn_call *c, struct datum *out)
{
    return enum_array(c, datum_null(), datum_null(), out);
}

static struct err *fn_enum_range_bounds(struct fn_call *c, struct datum *out)
{
    return enum_array(c, c->args[0], c->args[1], out);
}

static const struct {
    const char *src;
    fn_impl fn;
} table[] = {
    {"enum_first", fn_enum_first},
    {"enum_last", fn_enum_last},
    {"enum_range_all", fn_enum_range_all},
    {"enum_range_bounds", fn_enum_range_bounds},
};

fn_impl types_fn_lookup(const char *prosrc)
{
    for (size_t i = 0; i < ARRAY_LENGTH(table); i++)
        if (strcmp(table[i].src, prosrc) == 0)
            return table[i].fn;
    return NULL;
}
