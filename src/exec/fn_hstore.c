/* The functions of extension hstore, by the C symbols that its SQL names (data/hstore.sql). */
#include "exec/exec_internal.h"
#include "exec/fn_session.h"

#include "types/array.h"
#include "types/hstore.h"
#include "types/json.h"
#include "types/numeric.h"
#include "types/record.h"

#define FN(name) static struct err *name(struct fn_call *c, struct datum *out)

static struct str text_arg(const struct fn_call *c, int i)
{
    return datum_as_str(c->args[i]);
}

static struct hstore_pairs new_pairs(struct fn_call *c)
{
    return (struct hstore_pairs){.arena = c->arena};
}

/* ---- text form ---- */

FN(hstore_in)
{
    const struct type_ops *ops = type_by_oid(c->result_type);
    return ops->in(ops, c->env, text_arg(c, 0), -1, c->arena, out);
}

static struct err *give_buf(struct fn_call *c, struct buf *b, struct datum *out)
{
    struct err *e = buf_finish(b);
    if (!e)
        *out = datum_str(arena_str(c->arena, buf_str(b)));
    buf_done(b);
    return e;
}

FN(hstore_out)
{
    const struct type_ops *ops = type_by_oid(c->arg_types[0]);
    struct buf b = BUF_INIT;
    struct err *e = ops->out(ops, c->env, c->args[0], &b);
    if (!e)
        return give_buf(c, &b, out);
    buf_done(&b);
    return e;
}

FN(hstore_send)
{
    const struct type_ops *ops = type_by_oid(c->arg_types[0]);
    struct buf b = BUF_INIT;
    struct err *e = ops->send(ops, c->env, c->args[0], &b);
    if (!e)
        return give_buf(c, &b, out);
    buf_done(&b);
    return e;
}

/* The version of the form in which values are kept. */
FN(hstore_version_diag)
{
    *out = datum_int(2);
    return NULL;
}

/* ---- looking ---- */

FN(hstore_fetchval)
{
    struct jsonb h;
    bool found;
    TRY(hstore_open(c->args[0], &h));
    *out = hstore_find(&h, text_arg(c, 1), &found);
    return NULL;
}

FN(hstore_exists)
{
    struct jsonb h;
    bool found;
    TRY(hstore_open(c->args[0], &h));
    (void)hstore_find(&h, text_arg(c, 1), &found);
    *out = datum_bool(found);
    return NULL;
}

FN(hstore_defined)
{
    struct jsonb h;
    bool found;
    TRY(hstore_open(c->args[0], &h));
    *out = datum_bool(!hstore_find(&h, text_arg(c, 1), &found).null);
    return NULL;
}

/* Whether a key of the array, which has no NULL, is there (found true) or is not. */
static struct err *any_key(struct fn_call *c, bool there, bool *out)
{
    struct jsonb h;
    struct array keys;
    TRY(hstore_open(c->args[0], &h));
    TRY(array_open(c->args[1], &keys));
    *out = false;
    for (uint32_t i = 0; i < keys.nitems && !*out; i++) {
        bool found = there;
        if (array_is_null(&keys, i))
            continue;
        (void)hstore_find(&h, datum_as_str(array_get(&keys, i)), &found);
        *out = found == there;
    }
    return NULL;
}

FN(hstore_exists_any)
{
    bool some;
    TRY(any_key(c, true, &some));
    *out = datum_bool(some);
    return NULL;
}

FN(hstore_exists_all)
{
    bool lacks;
    TRY(any_key(c, false, &lacks));
    *out = datum_bool(!lacks);
    return NULL;
}

static bool same_value(struct datum a, struct datum b)
{
    return a.null == b.null && (a.null || str_eq(datum_as_str(a), datum_as_str(b)));
}

static struct err *contains(struct datum whole, struct datum part, struct datum *out)
{
    struct jsonb w;
    struct jsonb p;
    bool all = true;
    TRY(hstore_open(whole, &w));
    TRY(hstore_open(part, &p));
    for (uint32_t i = 0; i < p.count && all; i++) {
        bool found;
        struct datum value = hstore_find(&w, jsonb_key(&p, i), &found);
        all = found && same_value(value, hstore_value(&p, i));
    }
    *out = datum_bool(all);
    return NULL;
}

FN(hstore_contains)
{
    return contains(c->args[0], c->args[1], out);
}

FN(hstore_contained)
{
    return contains(c->args[1], c->args[0], out);
}

/* ---- arrays ---- */

/* keys, values, or both in turn. */
static struct datum *parts_of(struct fn_call *c, const struct jsonb *h, bool keys, bool values)
{
    struct datum *items = arena_new_array(c->arena, struct datum, (size_t)h->count * 2 + 1);
    int n = 0;
    for (uint32_t i = 0; i < h->count; i++) {
        if (keys)
            items[n++] = datum_str(jsonb_key(h, i));
        if (values)
            items[n++] = hstore_value(h, i);
    }
    return items;
}

static struct err *give_parts(struct fn_call *c, bool keys, bool values, struct datum *out)
{
    struct jsonb h;
    TRY(hstore_open(c->args[0], &h));
    return array_make_1d(type_by_oid(TEXT_OID), parts_of(c, &h, keys, values),
                         (size_t)h.count * (keys && values ? 2 : 1), c->arena, out);
}

FN(hstore_akeys)
{
    return give_parts(c, true, false, out);
}

FN(hstore_avals)
{
    return give_parts(c, false, true, out);
}

FN(hstore_to_array)
{
    return give_parts(c, true, true, out);
}

FN(hstore_to_matrix)
{
    struct jsonb h;
    TRY(hstore_open(c->args[0], &h));
    const int32_t dims[2] = {(int32_t)h.count, 2};
    const int32_t lower[2] = {1, 1};
    return array_make(type_by_oid(TEXT_OID), h.count ? 2 : 0, dims, lower,
                      parts_of(c, &h, true, true), c->arena, out);
}

FN(hstore_slice_to_array)
{
    struct jsonb h;
    struct array keys;
    TRY(hstore_open(c->args[0], &h));
    TRY(array_open(c->args[1], &keys));
    struct datum *items = arena_new_array(c->arena, struct datum, (size_t)keys.nitems + 1);
    for (uint32_t i = 0; i < keys.nitems; i++) {
        bool found;
        items[i] = array_is_null(&keys, i)
                       ? datum_null()
                       : hstore_find(&h, datum_as_str(array_get(&keys, i)), &found);
    }
    return array_make(type_by_oid(TEXT_OID), keys.ndim, keys.dims, keys.lower, items, c->arena,
                      out);
}

FN(hstore_slice_to_hstore)
{
    struct jsonb h;
    struct array keys;
    struct hstore_pairs pairs = new_pairs(c);
    TRY(hstore_open(c->args[0], &h));
    TRY(array_open(c->args[1], &keys));
    for (uint32_t i = 0; i < keys.nitems; i++) {
        bool found;
        if (array_is_null(&keys, i))
            continue;
        const struct str key = datum_as_str(array_get(&keys, i));
        struct datum value = hstore_find(&h, key, &found);
        if (found)
            hstore_add(&pairs, key, value);
    }
    return hstore_make(&pairs, out);
}

/* ---- other values made from values ---- */

static void add_all(struct hstore_pairs *pairs, const struct jsonb *h)
{
    for (uint32_t i = 0; i < h->count; i++)
        hstore_add(pairs, jsonb_key(h, i), hstore_value(h, i));
}

FN(hstore_concat)
{
    struct jsonb a;
    struct jsonb b;
    struct hstore_pairs pairs = new_pairs(c);
    TRY(hstore_open(c->args[0], &a));
    TRY(hstore_open(c->args[1], &b));
    add_all(&pairs, &b); /* first: its pairs count */
    add_all(&pairs, &a);
    return hstore_make(&pairs, out);
}

FN(hstore_delete)
{
    struct jsonb h;
    struct hstore_pairs pairs = new_pairs(c);
    TRY(hstore_open(c->args[0], &h));
    for (uint32_t i = 0; i < h.count; i++)
        if (!str_eq(jsonb_key(&h, i), text_arg(c, 1)))
            hstore_add(&pairs, jsonb_key(&h, i), hstore_value(&h, i));
    return hstore_make(&pairs, out);
}

static bool is_among(struct str key, const struct array *keys)
{
    for (uint32_t i = 0; i < keys->nitems; i++)
        if (!array_is_null(keys, i) && str_eq(datum_as_str(array_get(keys, i)), key))
            return true;
    return false;
}

FN(hstore_delete_array)
{
    struct jsonb h;
    struct array keys;
    struct hstore_pairs pairs = new_pairs(c);
    TRY(hstore_open(c->args[0], &h));
    TRY(array_open(c->args[1], &keys));
    for (uint32_t i = 0; i < h.count; i++)
        if (!is_among(jsonb_key(&h, i), &keys))
            hstore_add(&pairs, jsonb_key(&h, i), hstore_value(&h, i));
    return hstore_make(&pairs, out);
}

/* Only pairs that are the same go. */
FN(hstore_delete_hstore)
{
    struct jsonb h;
    struct jsonb gone;
    struct hstore_pairs pairs = new_pairs(c);
    TRY(hstore_open(c->args[0], &h));
    TRY(hstore_open(c->args[1], &gone));
    for (uint32_t i = 0; i < h.count; i++) {
        bool found;
        struct datum other = hstore_find(&gone, jsonb_key(&h, i), &found);
        if (!found || !same_value(other, hstore_value(&h, i)))
            hstore_add(&pairs, jsonb_key(&h, i), hstore_value(&h, i));
    }
    return hstore_make(&pairs, out);
}

/* ---- from text, arrays and records ---- */

FN(hstore_from_text)
{
    struct hstore_pairs pairs = new_pairs(c);
    *out = datum_null();
    if (c->args[0].null)
        return NULL;
    hstore_add(&pairs, text_arg(c, 0), c->args[1]);
    return hstore_make(&pairs, out);
}

static struct err *null_key(void)
{
    return err_new("22004", "null value not allowed for hstore key");
}

FN(hstore_from_arrays)
{
    struct array keys;
    struct array values = {0};
    struct hstore_pairs pairs = new_pairs(c);
    *out = datum_null();
    if (c->args[0].null)
        return NULL;
    TRY(array_open(c->args[0], &keys));
    if (!c->args[1].null)
        TRY(array_open(c->args[1], &values));
    if (keys.ndim > 1 || values.ndim > 1)
        return err_new("2202E", "wrong number of array subscripts");
    if (!c->args[1].null &&
        (keys.nitems != values.nitems || (keys.nitems && keys.lower[0] != values.lower[0])))
        return err_new("2202E", "arrays must have same bounds");
    for (uint32_t i = 0; i < keys.nitems; i++) {
        const bool null = c->args[1].null || array_is_null(&values, i);
        if (array_is_null(&keys, i))
            return null_key();
        hstore_add(&pairs, datum_as_str(array_get(&keys, i)),
                   null ? datum_null() : array_get(&values, i));
    }
    return hstore_make(&pairs, out);
}

/* Keys and values in turn, or rows of two. */
FN(hstore_from_array)
{
    struct array a;
    struct hstore_pairs pairs = new_pairs(c);
    TRY(array_open(c->args[0], &a));
    if (a.ndim > 2)
        return err_new("2202E", "wrong number of array subscripts");
    if (a.ndim == 2 && a.dims[1] != 2)
        return err_new("2202E", "array must have two columns");
    if (a.nitems % 2)
        return err_new("2202E", "array must have even number of elements");
    for (uint32_t i = 0; i < a.nitems; i += 2) {
        if (array_is_null(&a, i))
            return null_key();
        hstore_add(&pairs, datum_as_str(array_get(&a, i)),
                   array_is_null(&a, i + 1) ? datum_null() : array_get(&a, i + 1));
    }
    return hstore_make(&pairs, out);
}

static struct err *field_text(struct fn_call *c, const struct type_ops *t, struct datum d,
                              struct datum *out)
{
    struct buf b = BUF_INIT;
    *out = d;
    if (d.null)
        return NULL;
    struct err *e = t->out(t, c->env, d, &b);
    if (!e)
        return give_buf(c, &b, out);
    buf_done(&b);
    return e;
}

/* Of a NULL of a row type all fields are NULL. */
static struct err *null_record(struct fn_call *c, struct datum *out)
{
    struct hstore_pairs pairs = new_pairs(c);
    struct composite fields;
    if (c->arg_types[0] == RECORD_OID)
        return err_unsupported("hstore of a NULL record is not supported");
    TRY(c->env->composite_of(c->env->names, c->arg_types[0], c->arena, &fields));
    for (int i = 0; i < fields.nfields; i++)
        if (!fields.fields[i].dropped)
            hstore_add(&pairs, fields.fields[i].name, datum_null());
    return hstore_make(&pairs, out);
}

FN(hstore_from_record)
{
    struct hstore_pairs pairs = new_pairs(c);
    struct record_view r;
    if (c->args[0].null)
        return null_record(c, out);
    TRY(record_view(c->env, c->args[0], c->arena, &r));
    for (int i = 0; i < r.nfields; i++) {
        struct datum text;
        TRY(field_text(c, r.types[i], r.values[i], &text));
        hstore_add(&pairs, r.names[i], text);
    }
    return hstore_make(&pairs, out);
}

/* Fields without a key keep their value; a domain sees all of its values. */
FN(hstore_populate_record)
{
    const struct type_ops *type = type_lookup(c->env, c->arg_types[0]);
    struct composite fields;
    struct datum *values;
    struct jsonb h;
    if (!type || !type_is_record(type))
        return err_new("42804", "first argument must be a rowtype");
    if (c->args[1].null || type->oid == RECORD_OID) {
        *out = c->args[0];
        return c->args[1].null ? NULL
                               : err_unsupported("populate_record of a record without a type is "
                                                 "not supported");
    }
    TRY(hstore_open(c->args[1], &h));
    TRY(c->env->composite_of(c->env->names, type->oid, c->arena, &fields));
    if (c->args[0].null) {
        values = arena_new_array(c->arena, struct datum, fields.nfields + 1);
        for (int i = 0; i < fields.nfields; i++)
            values[i] = datum_null();
    } else {
        TRY(composite_values(&fields, c->args[0], c->arena, &values));
    }
    for (int i = 0; i < fields.nfields; i++) {
        const struct composite_field *f = &fields.fields[i];
        bool found;
        if (f->dropped)
            continue;
        struct datum text = hstore_find(&h, f->name, &found);
        if (found)
            values[i] = datum_null();
        if (found && !text.null)
            TRY(f->ops->in(f->ops, c->env, datum_as_str(text), f->typmod, c->arena, &values[i]));
        if (values[i].null && f->ops->domain && c->env->domain_check)
            TRY(c->env->domain_check(c->env->names, f->ops->domain, values[i]));
    }
    return composite_make(type->oid, &fields, values, c->arena, out);
}

/* ---- JSON ---- */

FN(hstore_to_jsonb)
{
    *out = c->args[0];
    return NULL;
}

FN(hstore_to_json)
{
    struct jsonb h;
    struct buf b = BUF_INIT;
    TRY(hstore_open(c->args[0], &h));
    jsonb_print(&h, false, &b);
    return give_buf(c, &b, out);
}

static size_t digits(struct str s, size_t at)
{
    size_t n = 0;
    while (at + n < s.len && s.data[at + n] >= '0' && s.data[at + n] <= '9')
        n++;
    return n;
}

/* As RFC 8259 writes numbers. */
static bool is_number(struct str s)
{
    size_t at = s.len && s.data[0] == '-';
    size_t n = digits(s, at);
    if (!n || (n > 1 && s.data[at] == '0'))
        return false;
    at += n;
    if (at < s.len && s.data[at] == '.') {
        n = digits(s, at + 1);
        if (!n)
            return false;
        at += n + 1;
    }
    if (at < s.len && (s.data[at] == 'e' || s.data[at] == 'E')) {
        at++;
        at += at < s.len && (s.data[at] == '+' || s.data[at] == '-');
        n = digits(s, at);
        if (!n)
            return false;
        at += n;
    }
    return at == s.len;
}

/* "t" and "f" are booleans, and what looks like a number is one. */
static void put_loose(struct datum value, struct buf *b)
{
    if (value.null)
        buf_put_c(b, "null");
    else if (str_eq_c(datum_as_str(value), "t"))
        buf_put_c(b, "true");
    else if (str_eq_c(datum_as_str(value), "f"))
        buf_put_c(b, "false");
    else if (is_number(datum_as_str(value)))
        buf_put_str(b, datum_as_str(value));
    else
        json_put_string(b, datum_as_str(value));
}

FN(hstore_to_json_loose)
{
    struct jsonb h;
    struct buf b = BUF_INIT;
    TRY(hstore_open(c->args[0], &h));
    buf_put_u8(&b, '{');
    for (uint32_t i = 0; i < h.count; i++) {
        buf_put_c(&b, i ? ", " : "");
        json_put_string(&b, jsonb_key(&h, i));
        buf_put_c(&b, ": ");
        put_loose(hstore_value(&h, i), &b);
    }
    buf_put_u8(&b, '}');
    return give_buf(c, &b, out);
}

FN(hstore_to_jsonb_loose)
{
    struct datum text;
    TRY(hstore_to_json_loose(c, &text));
    return jsonb_from_text(datum_as_str(text), c->arena, out);
}

/* ---- order ---- */

#define COMPARISON(name, op)                                            \
    FN(name)                                                            \
    {                                                                   \
        *out = datum_bool(hstore_compare(c->args[0], c->args[1]) op 0); \
        return NULL;                                                    \
    }
COMPARISON(hstore_eq, ==)
COMPARISON(hstore_ne, !=)
COMPARISON(hstore_lt, <)
COMPARISON(hstore_le, <=)
COMPARISON(hstore_gt, >)
COMPARISON(hstore_ge, >=)

FN(hstore_cmp)
{
    int order = hstore_compare(c->args[0], c->args[1]);
    *out = datum_int((order > 0) - (order < 0));
    return NULL;
}

FN(hstore_hash32)
{
    *out = datum_int((int32_t)(uint32_t)hstore_hash(c->args[0]));
    return NULL;
}

FN(hstore_hash_extended)
{
    *out = datum_int((int64_t)(hstore_hash(c->args[0]) + c->args[1].u));
    return NULL;
}

#define ENTRY(name) \
    {               \
#name, name \
    }
static const struct {
    const char *symbol;
    fn_impl fn;
} table[] = {
    ENTRY(hstore_in),
    ENTRY(hstore_out),
    ENTRY(hstore_send),
    ENTRY(hstore_version_diag),
    ENTRY(hstore_fetchval),
    ENTRY(hstore_exists),
    ENTRY(hstore_defined),
    ENTRY(hstore_exists_any),
    ENTRY(hstore_exists_all),
    ENTRY(hstore_contains),
    ENTRY(hstore_contained),
    ENTRY(hstore_akeys),
    ENTRY(hstore_avals),
    ENTRY(hstore_to_array),
    ENTRY(hstore_to_matrix),
    ENTRY(hstore_slice_to_array),
    ENTRY(hstore_slice_to_hstore),
    ENTRY(hstore_concat),
    ENTRY(hstore_delete),
    ENTRY(hstore_delete_array),
    ENTRY(hstore_delete_hstore),
    ENTRY(hstore_from_text),
    ENTRY(hstore_from_arrays),
    ENTRY(hstore_from_array),
    ENTRY(hstore_from_record),
    ENTRY(hstore_populate_record),
    ENTRY(hstore_to_json),
    ENTRY(hstore_to_jsonb),
    ENTRY(hstore_to_json_loose),
    ENTRY(hstore_to_jsonb_loose),
    ENTRY(hstore_eq),
    ENTRY(hstore_ne),
    ENTRY(hstore_lt),
    ENTRY(hstore_le),
    ENTRY(hstore_gt),
    ENTRY(hstore_ge),
    ENTRY(hstore_cmp),
    {"hstore_hash", hstore_hash32},
    ENTRY(hstore_hash_extended),
};

fn_impl hstore_fn_lookup(struct str symbol)
{
    for (size_t i = 0; i < ARRAY_LENGTH(table); i++)
        if (str_eq_c(symbol, table[i].symbol))
            return table[i].fn;
    return NULL;
}

/* ---- sets ---- */

struct walk {
    struct jsonb h;
    uint32_t next;
};

static struct err *next_pair(void **state, struct fn_call *c, struct datum *key,
                             struct datum *value, bool *done)
{
    struct walk *w = *state;
    if (!w) {
        w = *state = arena_zalloc(c->state_arena, sizeof(*w));
        TRY(hstore_open(c->args[0], &w->h));
    }
    *done = w->next >= w->h.count;
    if (*done)
        return NULL;
    *key = datum_str(jsonb_key(&w->h, w->next));
    *value = hstore_value(&w->h, w->next++);
    return NULL;
}

static struct err *skeys(void **state, struct fn_call *c, struct datum *row, int ncols, bool *done)
{
    struct datum value;
    (void)ncols;
    return next_pair(state, c, row, &value, done);
}

static struct err *svals(void **state, struct fn_call *c, struct datum *row, int ncols, bool *done)
{
    struct datum key;
    (void)ncols;
    return next_pair(state, c, &key, row, done);
}

static struct err *each(void **state, struct fn_call *c, struct datum *row, int ncols, bool *done)
{
    (void)ncols;
    return next_pair(state, c, &row[0], &row[1], done);
}

const struct srf_impl *hstore_srf_lookup(const char *symbol)
{
    static const struct srf_impl srfs[] = {
        {"hstore_skeys", skeys}, {"hstore_svals", svals}, {"hstore_each", each}};
    for (size_t i = 0; i < ARRAY_LENGTH(srfs); i++)
        if (strcmp(srfs[i].name, symbol) == 0)
            return &srfs[i];
    return NULL;
}
