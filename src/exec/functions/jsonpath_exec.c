/* Running SQL/JSON paths: a path's tree is walked over values; lax mode takes arrays apart and
 * forgives what does not fit. */
#include "exec/functions/jsonpath_exec.h"

#include "exec/functions/fn_internal.h"
#include "exec/functions/regex.h"

#include "types/datetime.h"
#include "types/json.h"
#include "types/numeric.h"

#include <math.h>
#include <stdlib.h>

enum { MAX_DEPTH = 400 };

enum truth { TV_FALSE, TV_TRUE, TV_UNKNOWN };

struct run {
    struct fn_call *c;
    struct arena *a;
    struct jsonb root;
    struct jsonb vars;
    struct jv current;
    bool has_vars;
    bool lax;
    bool forgiving; /* structural errors are none */
    bool throwing;  /* errors are kept in `err`; else they only make results unknown */
    bool use_tz;
    int64_t array_size; /* of the innermost subscripted array */
    int depth;
    struct err *err;
};

static enum status exec_item(struct run *x, const struct jsonpath_item *i, const struct jv *v,
                             struct seq *found);
static enum status exec_unwrap(struct run *x, const struct jsonpath_item *i, const struct jv *v,
                               struct seq *found, bool unwrap);
static enum truth exec_bool(struct run *x, const struct jsonpath_item *i, const struct jv *v);

/* ---- helpers ---- */

/* An error: remembered when it is to be raised. */
static enum status fail(struct run *x, struct err *e)
{
    if (x->throwing && !x->err)
        x->err = e;
    else
        err_free(e);
    return ST_ERROR;
}

static enum status structural(struct run *x, const char *code, const char *message)
{
    if (x->forgiving)
        return ST_NOT_FOUND;
    return fail(x, err_new(code, "%s", message));
}

static struct jv json_value(struct jsonb v)
{
    return (struct jv){.v = v};
}

static struct jv number_value(struct datum d)
{
    return json_value((struct jsonb){.kind = JSONB_NUMBER, .p = d.p, .len = d.len});
}

static struct jv string_value(struct str s)
{
    return json_value(
        (struct jsonb){.kind = JSONB_STRING, .p = (const uint8_t *)s.data, .len = (uint32_t)s.len});
}

static struct jv bool_value(bool b)
{
    return json_value((struct jsonb){.kind = b ? JSONB_TRUE : JSONB_FALSE});
}

static bool is_array(const struct jv *v)
{
    return !v->dt && v->v.kind == JSONB_ARRAY;
}

static bool is_number(const struct jv *v)
{
    return !v->dt && v->v.kind == JSONB_NUMBER;
}

static void add(struct run *x, struct seq *s, const struct jv *v)
{
    ARENA_PUSH(x->a, s->items, s->count, s->cap, *v);
}

static enum status next(struct run *x, const struct jsonpath_item *i, const struct jv *v,
                        struct seq *found)
{
    if (i->next)
        return exec_item(x, i->next, v, found);
    if (found)
        add(x, found, v);
    return ST_OK;
}

/* The item over each element of an array. */
static enum status over_elements(struct run *x, const struct jsonpath_item *i, const struct jv *v,
                                 struct seq *found)
{
    enum status res = ST_NOT_FOUND;
    for (uint32_t k = 0; k < v->v.count; k++) {
        struct jv e = json_value(jsonb_element(&v->v, k));
        if (!i) {
            add(x, found, &e);
            res = ST_OK;
            continue;
        }
        res = exec_unwrap(x, i, &e, found, false);
        if (res == ST_ERROR || (res == ST_OK && !found))
            break;
    }
    return res;
}

/* The item's sequence; in lax mode, with `unwrap`, arrays in it are taken apart. */
static enum status result_of(struct run *x, const struct jsonpath_item *i, const struct jv *v,
                             bool unwrap, struct seq *found)
{
    if (!unwrap || !x->lax)
        return exec_item(x, i, v, found);
    struct seq s = {0};
    enum status res = exec_item(x, i, v, &s);
    if (res == ST_ERROR)
        return res;
    for (int k = 0; k < s.count; k++) {
        if (is_array(&s.items[k]))
            over_elements(x, NULL, &s.items[k], found);
        else
            add(x, found, &s.items[k]);
    }
    return ST_OK;
}

static enum status result_silently(struct run *x, const struct jsonpath_item *i, const struct jv *v,
                                   bool unwrap, struct seq *found)
{
    bool throwing = x->throwing;
    x->throwing = false;
    enum status res = result_of(x, i, v, unwrap, found);
    x->throwing = throwing;
    return res;
}

/* ---- descending ---- */

/* Values at levels first to last below a container, each before what is inside it. */
static enum status any_below(struct run *x, const struct jsonpath_item *then, const struct jsonb *c,
                             struct seq *found, int level, int first, int last, bool forgive,
                             bool unwrap)
{
    enum status res = ST_NOT_FOUND;
    if (last != JP_LEVEL_LAST && level > last)
        return res;
    if (++x->depth > MAX_DEPTH) {
        x->depth--;
        return fail(x, err_new("54001", "stack depth limit exceeded"));
    }
    for (uint32_t k = 0; k < c->count; k++) {
        struct jv v = json_value(c->kind == JSONB_ARRAY ? jsonb_element(c, k) : jsonb_value(c, k));
        bool scalar = jsonb_is_scalar(&v.v);
        bool wanted = first == JP_LEVEL_LAST ? scalar : level >= first;
        if (wanted && then) {
            bool saved = x->forgiving;
            x->forgiving |= forgive;
            res = exec_unwrap(x, then, &v, found, unwrap);
            x->forgiving = saved;
        } else if (wanted) {
            res = ST_OK;
            if (found)
                add(x, found, &v);
        }
        if (wanted && (res == ST_ERROR || (res == ST_OK && !found)))
            break;
        if (!scalar && (last == JP_LEVEL_LAST || level < last)) {
            res = any_below(x, then, &v.v, found, level + 1, first, last, forgive, unwrap);
            if (res == ST_ERROR || (res == ST_OK && !found))
                break;
        }
    }
    x->depth--;
    return res;
}

static enum status exec_any(struct run *x, const struct jsonpath_item *i, const struct jv *v,
                            struct seq *found)
{
    enum status res = ST_NOT_FOUND;
    if (i->first == 0) {
        bool saved = x->forgiving;
        x->forgiving = true;
        res = next(x, i, v, found);
        x->forgiving = saved;
        if (res == ST_ERROR || (res == ST_OK && !found))
            return res;
    }
    if (!v->dt && !jsonb_is_scalar(&v->v))
        res = any_below(x, i->next, &v->v, found, 1, i->first, i->last, true, x->lax);
    return res;
}

static enum status exec_key(struct run *x, const struct jsonpath_item *i, const struct jv *v,
                            struct seq *found, bool unwrap)
{
    struct jsonb value;
    if (!v->dt && v->v.kind == JSONB_OBJECT) {
        if (jsonb_find(&v->v, i->text, &value)) {
            struct jv out = json_value(value);
            return next(x, i, &out, found);
        }
        if (x->forgiving)
            return ST_NOT_FOUND;
        return fail(
            x, err_new("2203A", "JSON object does not contain key \"%.*s\"", STR_ARG(i->text)));
    }
    if (unwrap && is_array(v))
        return over_elements(x, i, v, found);
    return structural(x, "2203A", "jsonpath member accessor can only be applied to an object");
}

static enum status exec_any_key(struct run *x, const struct jsonpath_item *i, const struct jv *v,
                                struct seq *found, bool unwrap)
{
    if (!v->dt && v->v.kind == JSONB_OBJECT)
        return any_below(x, i->next, &v->v, found, 1, 1, 1, false, x->lax);
    if (unwrap && is_array(v))
        return over_elements(x, i, v, found);
    return structural(x, "2203C",
                      "jsonpath wildcard member accessor can only be applied to an object");
}

static enum status exec_any_item(struct run *x, const struct jsonpath_item *i, const struct jv *v,
                                 struct seq *found)
{
    if (is_array(v))
        return any_below(x, i->next, &v->v, found, 1, 1, 1, false, x->lax);
    if (x->lax)
        return next(x, i, v, found);
    return structural(x, "22039",
                      "jsonpath wildcard array accessor can only be applied to an array");
}

static enum status subscript(struct run *x, const struct jsonpath_item *i, const struct jv *v,
                             int64_t *out)
{
    struct seq s = {0};
    struct datum whole;
    enum status res = exec_item(x, i, v, &s);
    if (res == ST_ERROR)
        return res;
    if (s.count != 1 || !is_number(&s.items[0]))
        return fail(x, err_new("22033", "jsonpath array subscript is not a single numeric value"));
    struct err *e = numeric_trunc(jsonb_number(&s.items[0].v), 0, x->a, &whole);
    if (!e)
        e = numeric_to_int(whole, INT32_MIN, INT32_MAX, "integer", out);
    if (!e)
        return ST_OK;
    err_free(e);
    return fail(x, err_new("22033", "jsonpath array subscript is out of integer range"));
}

static enum status exec_items(struct run *x, const struct jsonpath_item *i, const struct jv *v,
                              struct seq *found)
{
    bool single = !is_array(v);
    if (single && !x->lax)
        return structural(x, "22039", "jsonpath array accessor can only be applied to an array");
    int64_t saved = x->array_size;
    enum status res = ST_NOT_FOUND;
    x->array_size = single ? 1 : v->v.count;
    for (int k = 0; k < i->npairs; k += 2) {
        int64_t from;
        int64_t to;
        res = subscript(x, i->pairs[k], v, &from);
        to = from;
        if (res != ST_ERROR && i->pairs[k + 1])
            res = subscript(x, i->pairs[k + 1], v, &to);
        if (res == ST_ERROR)
            break;
        if (!x->forgiving && (from < 0 || from > to || to >= x->array_size)) {
            res = fail(x, err_new("22033", "jsonpath array subscript is out of bounds"));
            break;
        }
        from = from < 0 ? 0 : from;
        to = to >= x->array_size ? x->array_size - 1 : to;
        res = ST_NOT_FOUND;
        int64_t size = x->array_size;
        for (int64_t at = from; at <= to; at++) {
            struct jv e = single ? *v : json_value(jsonb_element(&v->v, (uint32_t)at));
            res = next(x, i, &e, found);
            x->array_size = size;
            if (res == ST_ERROR || (res == ST_OK && !found))
                break;
        }
        if (res == ST_ERROR || (res == ST_OK && !found))
            break;
    }
    x->array_size = saved;
    return res;
}

/* ---- arithmetic ---- */

static const char *sign_of(enum jsonpath_kind k)
{
    return k == JP_ADD || k == JP_PLUS    ? "+"
           : k == JP_SUB || k == JP_MINUS ? "-"
           : k == JP_MUL                  ? "*"
           : k == JP_DIV                  ? "/"
                                          : "%";
}

static enum status operand(struct run *x, const struct jsonpath_item *i, const struct jv *v,
                           const char *side, const char *sign, struct datum *out)
{
    struct seq s = {0};
    if (result_of(x, i, v, true, &s) == ST_ERROR)
        return ST_ERROR;
    if (s.count != 1 || !is_number(&s.items[0]))
        return fail(x, err_new("22038",
                               "%s operand of jsonpath operator %s is not a single numeric value",
                               side, sign));
    *out = jsonb_number(&s.items[0].v);
    return ST_OK;
}

static enum status exec_arithmetic(struct run *x, const struct jsonpath_item *i, const struct jv *v,
                                   struct seq *found)
{
    struct datum a;
    struct datum b;
    struct datum r;
    struct err *e;
    if (operand(x, i->left, v, "left", sign_of(i->kind), &a) == ST_ERROR ||
        operand(x, i->right, v, "right", sign_of(i->kind), &b) == ST_ERROR)
        return ST_ERROR;
    switch (i->kind) {
    case JP_ADD:
        e = numeric_add(a, b, x->a, &r);
        break;
    case JP_SUB:
        e = numeric_sub(a, b, x->a, &r);
        break;
    case JP_MUL:
        e = numeric_mul(a, b, x->a, &r);
        break;
    case JP_DIV:
        e = numeric_div(a, b, x->a, &r);
        break;
    default:
        e = numeric_mod(a, b, x->a, &r);
        break;
    }
    if (e)
        return fail(x, e);
    struct jv out = number_value(r);
    return next(x, i, &out, found);
}

static enum status exec_sign(struct run *x, const struct jsonpath_item *i, const struct jv *v,
                             struct seq *found)
{
    struct seq s = {0};
    enum status res = ST_NOT_FOUND;
    if (result_of(x, i->left, v, true, &s) == ST_ERROR)
        return ST_ERROR;
    for (int k = 0; k < s.count; k++) {
        struct jv *item = &s.items[k];
        if (!is_number(item)) {
            if (!found && !i->next)
                continue;
            return fail(x, err_new("2203B",
                                   "operand of unary jsonpath operator %s is not a numeric value",
                                   sign_of(i->kind)));
        }
        struct datum r = jsonb_number(&item->v);
        if (i->kind == JP_MINUS) {
            struct err *e = numeric_negate(r, x->a, &r);
            if (e)
                return fail(x, e);
        }
        struct jv out = number_value(r);
        enum status one = next(x, i, &out, found);
        if (one == ST_ERROR)
            return one;
        if (one == ST_OK)
            res = one;
        if (one == ST_OK && !found)
            break;
    }
    return res;
}

/* ---- methods ---- */

static const char *method_name(enum jsonpath_kind k)
{
    return k == JP_ABS ? "abs" : k == JP_FLOOR ? "floor" : "ceiling";
}

static enum status exec_rounding(struct run *x, const struct jsonpath_item *i, const struct jv *v,
                                 struct seq *found)
{
    struct datum r;
    if (!is_number(v))
        return fail(x, err_new("22036",
                               "jsonpath item method .%s() can only be applied to a numeric value",
                               method_name(i->kind)));
    struct datum d = jsonb_number(&v->v);
    struct err *e = i->kind == JP_ABS     ? numeric_abs(d, x->a, &r)
                    : i->kind == JP_FLOOR ? numeric_floor(d, x->a, &r)
                                          : numeric_ceil(d, x->a, &r);
    if (e)
        return fail(x, e);
    struct jv out = number_value(r);
    return next(x, i, &out, found);
}

static enum status exec_double(struct run *x, const struct jsonpath_item *i, const struct jv *v,
                               struct seq *found)
{
    const struct type_ops *float8 = type_by_oid(FLOAT8_OID);
    struct buf text = BUF_INIT;
    struct datum d = datum_null();
    struct err *e;
    bool number = is_number(v);
    if (!number && (v->dt || v->v.kind != JSONB_STRING))
        return fail(x, err_new("22036", "jsonpath item method .double() can only be applied to a "
                                        "string or numeric value"));
    if (number)
        numeric_print(jsonb_number(&v->v), &text);
    struct str s = number ? buf_str(&text) : jsonb_str(&v->v);
    e = float8->in(float8, x->c->env, s, -1, x->a, &d);
    buf_done(&text);
    bool bad = e || isinf(d.f64) || isnan(d.f64);
    err_free(e);
    if (bad)
        return fail(x, number ? err_new("22036", "numeric argument of jsonpath item method "
                                                 ".double() is out of range for type double "
                                                 "precision")
                              : err_new("22036", "string argument of jsonpath item method "
                                                 ".double() is not a valid representation of a "
                                                 "double precision number"));
    struct datum r;
    e = numeric_from_double(d.f64, x->a, &r);
    if (e)
        return fail(x, e);
    struct jv out = number_value(r);
    return next(x, i, &out, found);
}

static const char *type_name(const struct jv *v)
{
    return v->dt ? v->dt->name : jsonb_kind_name(v->v.kind);
}

static enum status exec_size(struct run *x, const struct jsonpath_item *i, const struct jv *v,
                             struct seq *found)
{
    if (!is_array(v) && !x->lax)
        return structural(x, "22039",
                          "jsonpath item method .size() can only be applied to an array");
    struct jv out = number_value(numeric_from_int64(is_array(v) ? v->v.count : 1, x->a));
    return next(x, i, &out, found);
}

static enum status exec_keyvalue(struct run *x, const struct jsonpath_item *i, const struct jv *v,
                                 struct seq *found)
{
    enum status res = ST_NOT_FOUND;
    if (v->dt || v->v.kind != JSONB_OBJECT)
        return fail(x,
                    err_new("2203C", "jsonpath item method .keyvalue() can only be applied to an "
                                     "object"));
    bool inside = v->v.p >= x->root.p && v->v.p < x->root.p + x->root.len;
    int64_t id = inside ? v->v.p - x->root.p : 0;
    for (uint32_t k = 0; k < v->v.count; k++) {
        struct jsonb_builder b;
        struct datum d;
        struct jsonb value = jsonb_value(&v->v, k);
        jsonb_build_init(&b, x->a);
        jsonb_begin(&b, true);
        jsonb_put_key(&b, STR("key"));
        jsonb_put_string(&b, jsonb_key(&v->v, k));
        jsonb_put_key(&b, STR("value"));
        jsonb_put(&b, &value);
        jsonb_put_key(&b, STR("id"));
        jsonb_put_number(&b, numeric_from_int64(id, x->a));
        jsonb_end(&b);
        struct jv out = {0};
        struct err *e = jsonb_finish(&b, &d);
        if (!e)
            e = jsonb_open(d, &out.v);
        if (e)
            return fail(x, e);
        res = next(x, i, &out, found);
        if (res == ST_ERROR || (res == ST_OK && !found))
            break;
    }
    return res;
}

/* ---- dates and times ---- */

static bool take_digits(struct str *s, size_t min, size_t max)
{
    size_t n = 0;
    while (n < s->len && n < max && s->data[n] >= '0' && s->data[n] <= '9')
        n++;
    *s = str_make(s->data + n, s->len - n);
    return n >= min;
}

static bool take_char(struct str *s, const char *set)
{
    bool there = s->len && s->data[0] && strchr(set, s->data[0]);
    if (there)
        *s = str_make(s->data + 1, s->len - 1);
    return there;
}

/* ISO forms only: which type a text is of; with a zone, how far that is east. */
static uint32_t datetime_type(struct str s, int *zone_minutes)
{
    struct str rest = s;
    bool date = take_digits(&rest, 4, 4) && take_char(&rest, "-") && take_digits(&rest, 1, 2) &&
                take_char(&rest, "-") && take_digits(&rest, 1, 2);
    if (date && !rest.len)
        return DATE_OID;
    if (date && !take_char(&rest, " T"))
        return 0;
    if (!date)
        rest = s;
    if (!take_digits(&rest, 1, 2) || !take_char(&rest, ":") || !take_digits(&rest, 1, 2) ||
        !take_char(&rest, ":") || !take_digits(&rest, 1, 2))
        return 0;
    if (take_char(&rest, ".") && !take_digits(&rest, 1, 6))
        return 0;
    bool zone = false;
    while (take_char(&rest, " "))
        continue;
    if (take_char(&rest, "+-")) {
        const char *sign = rest.data - 1;
        int64_t hours = 0;
        int64_t minutes = 0;
        zone = true;
        str_next_int64(&(struct str){rest.data, rest.len}, &hours);
        if (!take_digits(&rest, 1, 2))
            return 0;
        if (take_char(&rest, ":")) {
            str_next_int64(&(struct str){rest.data, rest.len}, &minutes);
            if (!take_digits(&rest, 2, 2))
                return 0;
        }
        *zone_minutes = (int)(hours * 60 + minutes) * (*sign == '-' ? -1 : 1);
    }
    if (rest.len)
        return 0;
    return date ? zone ? TIMESTAMPTZ_OID : TIMESTAMP_OID : zone ? TIMETZ_OID : TIME_OID;
}

static enum status exec_datetime(struct run *x, const struct jsonpath_item *i, const struct jv *v,
                                 struct seq *found)
{
    if (v->dt || v->v.kind != JSONB_STRING)
        return fail(x, err_new("22031", "jsonpath item method .datetime() can only be applied to a "
                                        "string"));
    struct str s = jsonb_str(&v->v);
    if (i->left) {
        x->throwing = true; /* not something that a path may be silent about */
        return fail(x, err_unsupported("templates of jsonpath item method .datetime() are not "
                                       "supported yet"));
    }
    struct jv out = {0};
    out.dt = type_by_oid(datetime_type(s, &out.zone_minutes));
    struct err *e = NULL;
    if (out.dt)
        e = out.dt->in(out.dt, x->c->env, s, -1, x->a, &out.time);
    if (e)
        return fail(x, e);
    if (!out.dt)
        return fail(
            x, err_hint(err_new("22031", "datetime format is not recognized: \"%.*s\"", STR_ARG(s)),
                        "Use a datetime template argument to specify the input data "
                        "format."));
    return next(x, i, &out, found);
}

/* As JSON shows it. */
static struct err *datetime_text(struct run *x, const struct jv *v, struct str *out)
{
    struct buf b = BUF_INIT;
    struct err *e = NULL;
    struct type_env env = *x->c->env;
    env.date_style = DATE_STYLE_ISO;
    bool zoned = v->dt->oid == TIMESTAMPTZ_OID;
    int zone = zoned ? v->zone_minutes : 0;
    if (zoned || v->dt->oid == TIMESTAMP_OID)
        timestamp_print_iso(v->time.i + zone * USECS_PER_MINUTE, &b);
    if (zoned)
        buf_printf(&b, "%c%02d:%02d", zone < 0 ? '-' : '+', abs(zone) / 60, abs(zone) % 60);
    else if (v->dt->oid != TIMESTAMP_OID)
        e = v->dt->out(v->dt, &env, v->time, &b);
    if (!e)
        e = buf_finish(&b);
    if (!e)
        *out = arena_str(x->a, buf_str(&b));
    buf_done(&b);
    return e;
}

static bool has_zone(uint32_t type)
{
    return type == TIMETZ_OID || type == TIMESTAMPTZ_OID;
}

static bool is_clock(uint32_t type)
{
    return type == TIME_OID || type == TIMETZ_OID;
}

static const char *short_name(const struct type_ops *t)
{
    return t->oid == TIMESTAMPTZ_OID ? "timestamptz"
           : t->oid == TIMESTAMP_OID ? "timestamp"
           : t->oid == TIMETZ_OID    ? "timetz"
           : t->oid == TIME_OID      ? "time"
                                     : "date";
}

/* To the wider of two types; TV_FALSE: they do not compare. */
static enum truth as_type(struct run *x, const struct jv *v, const struct type_ops *to,
                          struct datum *out)
{
    struct buf b = BUF_INIT;
    *out = v->time;
    if (v->dt == to)
        return TV_TRUE;
    if (has_zone(to->oid) && !x->use_tz) {
        x->throwing = true;
        fail(x, err_hint(err_new("0A000",
                                 "cannot convert value from %s to %s without time zone "
                                 "usage",
                                 short_name(v->dt), short_name(to)),
                         "Use *_tz() function for time zone support."));
        return TV_UNKNOWN;
    }
    struct type_env env = *x->c->env;
    env.date_style = DATE_STYLE_ISO;
    struct err *e = v->dt->out(v->dt, &env, v->time, &b);
    if (!e)
        e = to->in(to, &env, buf_str(&b), -1, x->a, out);
    buf_done(&b);
    if (!e)
        return TV_TRUE;
    fail(x, e);
    return TV_UNKNOWN;
}

static enum truth compare_datetimes(struct run *x, const struct jv *a, const struct jv *b, int *out)
{
    uint32_t s = a->dt->oid;
    uint32_t t = b->dt->oid;
    struct datum p;
    struct datum q;
    if (is_clock(s) != is_clock(t))
        return TV_UNKNOWN;
    bool zone = has_zone(s) || has_zone(t);
    uint32_t common = is_clock(s) ? zone ? TIMETZ_OID : TIME_OID
                      : zone      ? TIMESTAMPTZ_OID
                      : s == t    ? s
                                  : TIMESTAMP_OID;
    const struct type_ops *to = type_by_oid(common);
    if (as_type(x, a, to, &p) != TV_TRUE || as_type(x, b, to, &q) != TV_TRUE)
        return TV_UNKNOWN;
    *out = to->compare(to, p, q);
    return TV_TRUE;
}

/* ---- predicates ---- */

static enum truth by_sign(enum jsonpath_kind k, int c)
{
    switch (k) {
    case JP_EQ:
        return c == 0;
    case JP_NE:
        return c != 0;
    case JP_LT:
        return c < 0;
    case JP_GT:
        return c > 0;
    case JP_LE:
        return c <= 0;
    default:
        return c >= 0;
    }
}

static int json_class(const struct jv *v)
{
    return v->dt ? 100 : v->v.kind == JSONB_TRUE ? JSONB_FALSE : (int)v->v.kind;
}

static enum truth compare(struct run *x, enum jsonpath_kind op, const struct jv *a,
                          const struct jv *b)
{
    int c = 0;
    if (json_class(a) != json_class(b)) {
        if (json_class(a) == JSONB_NULL || json_class(b) == JSONB_NULL)
            return op == JP_NE;
        return TV_UNKNOWN;
    }
    if (a->dt)
        return compare_datetimes(x, a, b, &c) == TV_TRUE ? by_sign(op, c) : TV_UNKNOWN;
    switch (a->v.kind) {
    case JSONB_NULL:
        break;
    case JSONB_TRUE:
    case JSONB_FALSE:
        c = (a->v.kind == JSONB_TRUE) - (b->v.kind == JSONB_TRUE);
        break;
    case JSONB_NUMBER:
        c = numeric_compare(jsonb_number(&a->v), jsonb_number(&b->v));
        break;
    case JSONB_STRING:
        c = str_cmp(jsonb_str(&a->v), jsonb_str(&b->v));
        break;
    case JSONB_ARRAY:
    case JSONB_OBJECT:
        return TV_UNKNOWN;
    }
    return by_sign(op, c);
}

static enum truth matches(struct run *x, const struct jsonpath_item *i, const struct jv *v)
{
    struct regex_flags flags = {.newline_dot = !strchr(i->flags, 's'),
                                .newline_line = strchr(i->flags, 'm') != NULL,
                                .icase = strchr(i->flags, 'i') != NULL,
                                .literal = strchr(i->flags, 'q') != NULL};
    struct regex *r;
    int64_t span[2];
    bool found = false;
    if (v->dt || v->v.kind != JSONB_STRING)
        return TV_UNKNOWN;
    struct err *e = regex_compile(i->text, flags, &r);
    if (!e)
        e = regex_exec(r, jsonb_str(&v->v), 0, 1, span, &found);
    if (e) {
        fail(x, e);
        return TV_UNKNOWN;
    }
    return found;
}

static enum truth starts(const struct jv *a, const struct jv *b)
{
    if (a->dt || b->dt || a->v.kind != JSONB_STRING || b->v.kind != JSONB_STRING)
        return TV_UNKNOWN;
    return a->v.len >= b->v.len && memcmp(a->v.p, b->v.p, b->v.len) == 0;
}

/* Over all pairs of both sides: lax stops at the first that holds, strict wants none unknown. */
static enum truth exec_pairs(struct run *x, const struct jsonpath_item *i, const struct jv *v)
{
    struct seq left = {0};
    struct seq right = {0};
    bool any = false;
    bool unknown = false;
    if (result_silently(x, i->left, v, true, &left) == ST_ERROR)
        return TV_UNKNOWN;
    if (i->kind == JP_REGEX)
        right.count = 1;
    else if (result_silently(x, i->right, v, i->kind != JP_STARTS, &right) == ST_ERROR)
        return TV_UNKNOWN;
    for (int k = 0; k < left.count; k++)
        for (int m = 0; m < right.count; m++) {
            const struct jv *a = &left.items[k];
            enum truth t = i->kind == JP_REGEX    ? matches(x, i, a)
                           : i->kind == JP_STARTS ? starts(a, &right.items[m])
                                                  : compare(x, i->kind, a, &right.items[m]);
            if (t == TV_UNKNOWN && !x->lax)
                return TV_UNKNOWN;
            if (t == TV_TRUE && x->lax)
                return TV_TRUE;
            unknown |= t == TV_UNKNOWN;
            any |= t == TV_TRUE;
        }
    return any ? TV_TRUE : unknown ? TV_UNKNOWN : TV_FALSE;
}

static enum truth exec_exists(struct run *x, const struct jsonpath_item *i, const struct jv *v)
{
    struct seq s = {0};
    enum status res = result_silently(x, i->left, v, false, x->lax ? NULL : &s);
    if (res == ST_ERROR)
        return TV_UNKNOWN;
    return x->lax ? res == ST_OK : s.count > 0;
}

static enum truth exec_bool(struct run *x, const struct jsonpath_item *i, const struct jv *v)
{
    enum truth a;
    enum truth b;
    switch (i->kind) {
    case JP_AND:
        a = exec_bool(x, i->left, v);
        if (a == TV_FALSE)
            return a;
        b = exec_bool(x, i->right, v);
        return b == TV_TRUE ? a : b;
    case JP_OR:
        a = exec_bool(x, i->left, v);
        if (a == TV_TRUE)
            return a;
        b = exec_bool(x, i->right, v);
        return b == TV_FALSE ? a : b;
    case JP_NOT:
        a = exec_bool(x, i->left, v);
        return a == TV_UNKNOWN ? a : a == TV_FALSE;
    case JP_UNKNOWN:
        return exec_bool(x, i->left, v) == TV_UNKNOWN;
    case JP_EXISTS:
        return exec_exists(x, i, v);
    default:
        return exec_pairs(x, i, v);
    }
}

static enum status exec_filter(struct run *x, const struct jsonpath_item *i, const struct jv *v,
                               struct seq *found, bool unwrap)
{
    if (unwrap && is_array(v))
        return over_elements(x, i, v, found);
    struct jv saved = x->current;
    x->current = *v;
    enum truth t = exec_bool(x, i->left, v);
    x->current = saved;
    return t == TV_TRUE ? next(x, i, v, found) : ST_NOT_FOUND;
}

static enum status exec_variable(struct run *x, const struct jsonpath_item *i, struct seq *found)
{
    struct jv v = {0};
    if (!x->has_vars || !jsonb_find(&x->vars, i->text, &v.v)) {
        x->throwing = true;
        return fail(
            x, err_new("42704", "could not find jsonpath variable \"%.*s\"", STR_ARG(i->text)));
    }
    return next(x, i, &v, found);
}

static enum status exec_literal(struct run *x, const struct jsonpath_item *i, struct seq *found)
{
    struct jv v = i->kind == JP_NULL     ? json_value((struct jsonb){.kind = JSONB_NULL})
                  : i->kind == JP_BOOL   ? bool_value(i->value)
                  : i->kind == JP_NUMBER ? number_value(i->number)
                                         : string_value(i->text);
    return next(x, i, &v, found);
}

static enum status exec_predicate(struct run *x, const struct jsonpath_item *i, const struct jv *v,
                                  struct seq *found)
{
    enum truth t = exec_bool(x, i, v);
    struct jv out =
        t == TV_UNKNOWN ? json_value((struct jsonb){.kind = JSONB_NULL}) : bool_value(t);
    return next(x, i, &out, found);
}

static enum status by_kind(struct run *x, const struct jsonpath_item *i, const struct jv *v,
                           struct seq *found, bool unwrap)
{
    struct jv out;
    switch (i->kind) {
    case JP_NULL:
    case JP_BOOL:
    case JP_NUMBER:
    case JP_STRING:
        return exec_literal(x, i, found);
    case JP_VARIABLE:
        return exec_variable(x, i, found);
    case JP_ROOT:
        out = json_value(x->root);
        return next(x, i, &out, found);
    case JP_CURRENT:
        out = x->current;
        return next(x, i, &out, found);
    case JP_LAST:
        out = number_value(numeric_from_int64(x->array_size - 1, x->a));
        return next(x, i, &out, found);
    case JP_ADD:
    case JP_SUB:
    case JP_MUL:
    case JP_DIV:
    case JP_MOD:
        return exec_arithmetic(x, i, v, found);
    case JP_PLUS:
    case JP_MINUS:
        return exec_sign(x, i, v, found);
    case JP_KEY:
        return exec_key(x, i, v, found, unwrap);
    case JP_ANY_KEY:
        return exec_any_key(x, i, v, found, unwrap);
    case JP_ANY_ITEM:
        return exec_any_item(x, i, v, found);
    case JP_ITEMS:
        return exec_items(x, i, v, found);
    case JP_ANY:
        return exec_any(x, i, v, found);
    case JP_FILTER:
        return exec_filter(x, i, v, found, unwrap);
    case JP_TYPE:
        out = string_value(str_from(type_name(v)));
        return next(x, i, &out, found);
    case JP_SIZE:
        return exec_size(x, i, v, found);
    case JP_ABS:
    case JP_FLOOR:
    case JP_CEILING:
    case JP_DOUBLE:
    case JP_DATETIME:
    case JP_KEYVALUE:
        if (unwrap && is_array(v))
            return over_elements(x, i, v, found);
        return i->kind == JP_DOUBLE     ? exec_double(x, i, v, found)
               : i->kind == JP_DATETIME ? exec_datetime(x, i, v, found)
               : i->kind == JP_KEYVALUE ? exec_keyvalue(x, i, v, found)
                                        : exec_rounding(x, i, v, found);
    default:
        return exec_predicate(x, i, v, found);
    }
}

static enum status exec_unwrap(struct run *x, const struct jsonpath_item *i, const struct jv *v,
                               struct seq *found, bool unwrap)
{
    if (++x->depth > MAX_DEPTH) {
        x->depth--;
        x->throwing = true;
        return fail(x, err_new("54001", "stack depth limit exceeded"));
    }
    enum status res = by_kind(x, i, v, found, unwrap);
    x->depth--;
    return res;
}

static enum status exec_item(struct run *x, const struct jsonpath_item *i, const struct jv *v,
                             struct seq *found)
{
    return exec_unwrap(x, i, v, found, x->lax);
}

/* ---- the whole ---- */

struct err *jsonpath_run(struct fn_call *c, struct arena *a, const struct jsonpath *p,
                         struct path_call how, struct seq *found, enum status *out)
{
    struct run x = {.c = c, .a = a, .use_tz = how.use_tz, .throwing = !how.silent};
    TRY(jsonb_open(c->args[0], &x.root));
    x.lax = x.forgiving = !p->strict;
    if (c->nargs > 2) {
        TRY(jsonb_open(c->args[2], &x.vars));
        if (x.vars.kind != JSONB_OBJECT)
            return err_detail(err_new("22023", "\"vars\" argument is not an object"),
                              "Jsonpath parameters should be encoded as key-value pairs of "
                              "\"vars\" object.");
        x.has_vars = true;
    }
    struct jv root = json_value(x.root);
    struct seq all = {0};
    x.current = root;
    *out = exec_item(&x, p->root, &root, found ? found : p->strict ? &all : NULL);
    if (x.err)
        return x.err;
    if (!found && p->strict && *out != ST_ERROR)
        *out = all.count ? ST_OK : ST_NOT_FOUND;
    if (*out == ST_ERROR && found)
        found->count = 0;
    for (int i = 0; found && i < found->count; i++) {
        struct jv *v = &found->items[i];
        struct str s;
        if (!v->dt)
            continue;
        TRY(datetime_text(&x, v, &s));
        *v = string_value(s);
    }
    return NULL;
}
