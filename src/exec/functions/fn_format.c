/* Quoting, format(), concat(), and other functions that render arguments of any type. */
#include "exec/functions/fn_internal.h"

#include "types/array.h"
#include "types/quote.h"
#include "types/text.h"

FN(quote_ident)
{
    struct buf b = BUF_INIT;
    quote_identifier_str(&b, ARG_STR(0));
    return give_buf(c, &b, out);
}

FN(quote_literal)
{
    struct buf b = BUF_INIT;
    quote_literal(&b, ARG_STR(0));
    return give_buf(c, &b, out);
}

FN(quote_nullable)
{
    return c->args[0].null ? give_str(STR("NULL"), out) : f_quote_literal(c, out);
}

/* The same for any type. */
static struct err *quote_any(struct fn_call *c, struct datum *out)
{
    const struct type_ops *t;
    TRY(arg_type(c, 0, &t));
    struct buf text = BUF_INIT, b = BUF_INIT;
    struct err *e = put_cast_text(c, t, c->args[0], &text);
    if (!e)
        e = buf_finish(&text);
    if (!e)
        quote_literal(&b, buf_str(&text));
    buf_done(&text);
    if (!e)
        return give_buf(c, &b, out);
    buf_done(&b);
    return e;
}

FN(quote_any)
{
    return quote_any(c, out);
}

FN(quote_any_nullable)
{
    return c->args[0].null ? give_str(STR("NULL"), out) : quote_any(c, out);
}

/* Variadic arguments: those of the call, or the elements of an array given with VARIADIC. */

struct varargs {
    struct fn_call *c;
    int first;
    bool is_array;
    bool null; /* the array is NULL */
    struct array array;
    const struct type_ops *elem;
    int count;
};

static struct err *varargs_open(struct fn_call *c, int first, struct varargs *v)
{
    *v = (struct varargs){.c = c, .first = first, .count = c->nargs - first};
    if (!c->variadic)
        return NULL;
    v->is_array = true;
    v->count = 0;
    struct datum d = c->args[c->nargs - 1];
    if (d.null) {
        v->null = true;
        return NULL;
    }
    TRY(array_open(d, &v->array));
    TRY(known_type(c, v->array.elem_oid, &v->elem));
    v->count = (int)v->array.nitems;
    return NULL;
}

static struct err *vararg(struct varargs *v, int i, const struct type_ops **t, struct datum *d)
{
    if (v->is_array) {
        *t = v->elem;
        *d = array_get(&v->array, (uint32_t)i);
        return NULL;
    }
    *d = v->c->args[v->first + i];
    return arg_type(v->c, v->first + i, t);
}

static struct err *concat(struct fn_call *c, int first, struct str separator, struct datum *out)
{
    struct varargs v;
    TRY(varargs_open(c, first, &v));
    if (v.null)
        return give_null(out);
    struct buf b = BUF_INIT;
    struct err *e = NULL;
    bool any = false;
    for (int i = 0; i < v.count && !e; i++) {
        const struct type_ops *t;
        struct datum d;
        e = vararg(&v, i, &t, &d);
        if (e || d.null)
            continue;
        if (any)
            buf_put_str(&b, separator);
        any = true;
        e = put_text(c, t, d, &b);
    }
    if (!e)
        return give_buf(c, &b, out);
    buf_done(&b);
    return e;
}

FN(text_concat)
{
    return concat(c, 0, STR(""), out);
}

FN(text_concat_ws)
{
    if (c->args[0].null)
        return give_null(out);
    return concat(c, 1, ARG_STR(0), out);
}

/* format(): %[position$][-][width]type, the width a number, * or *position$. */

struct directive {
    int position; /* of the argument, from 1; 0: the next one */
    bool left;
    int width;
    int width_position; /* of the argument with the width; 0: the next one; -1: none */
    char type;
};

static bool read_number(struct str s, size_t *at, int *out, struct err **e)
{
    int64_t v = 0;
    size_t start = *at;
    while (*at < s.len && s.data[*at] >= '0' && s.data[*at] <= '9') {
        v = v * 10 + (s.data[*at] - '0');
        if (v > INT32_MAX) {
            *e = err_new("22003", "number is out of range");
            return false;
        }
        (*at)++;
    }
    *out = (int)v;
    return *at > start;
}

static struct err *unterminated(void)
{
    return err_hint(err_new("22023", "unterminated format() type specifier"),
                    "For a single \"%%\" use \"%%%%\".");
}

static struct err *parse_directive(struct str s, size_t *at, struct directive *d)
{
    *d = (struct directive){.width_position = -1};
    struct err *e = NULL;
    int n;
    if (read_number(s, at, &n, &e)) {
        if (*at < s.len && s.data[*at] == '$') {
            if (n == 0)
                return err_new("22023", "format specifies argument 0, but arguments are numbered "
                                        "from 1");
            d->position = n;
            (*at)++;
        } else {
            d->width = n;
            goto type;
        }
    }
    if (e)
        return e;
    while (*at < s.len && s.data[*at] == '-') {
        d->left = true;
        (*at)++;
    }
    if (*at < s.len && s.data[*at] == '*') {
        (*at)++;
        d->width_position = 0;
        if (read_number(s, at, &n, &e)) {
            if (*at == s.len || s.data[*at] != '$')
                return err_new("22023", "width argument position must be ended by \"$\"");
            if (n == 0)
                return err_new("22023", "format specifies argument 0, but arguments are numbered "
                                        "from 1");
            d->width_position = n;
            (*at)++;
        }
    } else {
        read_number(s, at, &d->width, &e);
    }
    if (e)
        return e;
type:
    if (*at == s.len)
        return unterminated();
    d->type = s.data[*at];
    if (!strchr("sIL", d->type)) {
        size_t len = utf8_char_bytes((uint8_t)d->type);
        if (len > s.len - *at)
            len = s.len - *at;
        return err_hint(err_new("22023", "unrecognized format() type specifier \"%.*s\"", (int)len,
                                s.data + *at),
                        "For a single \"%%\" use \"%%%%\".");
    }
    (*at)++;
    return NULL;
}

static void put_padded(struct buf *b, struct str s, int width, bool left)
{
    if (width < 0) {
        width = -width;
        left = true;
    }
    int64_t missing = width - (int64_t)utf8_count(s);
    if (left)
        buf_put_str(b, s);
    for (; missing > 0 && !b->failed; missing--)
        buf_put_u8(b, ' ');
    if (!left)
        buf_put_str(b, s);
}

static struct err *too_few(void)
{
    return err_new("22023", "too few arguments for format()");
}

/* The argument's value as %s, %I or %L shows it. */
static struct err *render(struct fn_call *c, const struct type_ops *t, struct datum d, char type,
                          struct buf *out)
{
    if (d.null) {
        if (type == 'I')
            return err_new("22004", "null values cannot be formatted as an SQL identifier");
        if (type == 'L')
            buf_put_c(out, "NULL");
        return NULL;
    }
    if (type == 's')
        return put_text(c, t, d, out);
    struct buf text = BUF_INIT;
    struct err *e = put_text(c, t, d, &text);
    if (!e)
        e = buf_finish(&text);
    if (!e && type == 'I')
        quote_identifier_str(out, buf_str(&text));
    else if (!e)
        quote_literal(out, buf_str(&text));
    buf_done(&text);
    return e;
}

static struct err *width_argument(struct varargs *v, int *next, struct directive *d)
{
    int at = d->width_position ? d->width_position : ++*next;
    if (at > v->count)
        return too_few();
    const struct type_ops *t;
    struct datum w;
    TRY(vararg(v, at - 1, &t, &w));
    *next = at;
    if (w.null)
        return NULL;
    if (t->oid != INT4_OID && t->oid != INT2_OID) {
        struct buf text = BUF_INIT;
        struct err *e = t->out(t, v->c->env, w, &text);
        const struct type_ops *int4 = type_by_oid(INT4_OID);
        if (!e)
            e = int4->in(int4, v->c->env, buf_str(&text), -1, v->c->arena, &w);
        buf_done(&text);
        TRY(e);
    }
    if (w.i == INT32_MIN)
        return err_new("22003", "number is out of range");
    d->width = (int)w.i;
    return NULL;
}

static struct err *format_to(struct fn_call *c, struct varargs *v, struct str s, struct buf *out)
{
    int next = 0;
    for (size_t at = 0; at < s.len;) {
        if (s.data[at] != '%') {
            buf_put_u8(out, (uint8_t)s.data[at++]);
            continue;
        }
        if (++at == s.len)
            return unterminated();
        if (s.data[at] == '%') {
            buf_put_u8(out, '%');
            at++;
            continue;
        }
        struct directive d;
        TRY(parse_directive(s, &at, &d));
        if (d.width_position >= 0)
            TRY(width_argument(v, &next, &d));
        int position = d.position ? d.position : next + 1;
        if (position > v->count)
            return too_few();
        next = position;
        const struct type_ops *t;
        struct datum value;
        TRY(vararg(v, position - 1, &t, &value));
        if (!d.width) {
            TRY(render(c, t, value, d.type, out));
            continue;
        }
        struct buf text = BUF_INIT;
        struct err *e = render(c, t, value, d.type, &text);
        if (!e)
            e = buf_finish(&text);
        if (!e)
            put_padded(out, buf_str(&text), d.width, d.left);
        buf_done(&text);
        TRY(e);
    }
    return NULL;
}

FN(text_format)
{
    if (c->args[0].null)
        return give_null(out);
    struct varargs v;
    TRY(varargs_open(c, 1, &v));
    struct buf b = BUF_INIT;
    struct err *e = format_to(c, &v, ARG_STR(0), &b);
    if (!e)
        return give_buf(c, &b, out);
    buf_done(&b);
    return e;
}

static struct err *count_nulls(struct fn_call *c, bool nulls, struct datum *out)
{
    struct varargs v;
    TRY(varargs_open(c, 0, &v));
    if (v.null)
        return give_null(out);
    int64_t n = 0;
    for (int i = 0; i < v.count; i++) {
        const struct type_ops *t;
        struct datum d;
        TRY(vararg(&v, i, &t, &d));
        n += d.null == nulls;
    }
    return give_int(n, out);
}

FN(pg_num_nulls)
{
    return count_nulls(c, true, out);
}

FN(pg_num_nonnulls)
{
    return count_nulls(c, false, out);
}

const struct fn_entry fn_format_table[] = {
    ENTRY(quote_ident),
    ENTRY(quote_literal),
    ENTRY(quote_nullable),
    {"select pg_catalog.quote_literal($1::pg_catalog.text)", f_quote_any},
    {"select pg_catalog.quote_nullable($1::pg_catalog.text)", f_quote_any_nullable},
    {"sql:quote_literal:2283", f_quote_any},
    {"sql:quote_nullable:2283", f_quote_any_nullable},
    ENTRY(text_concat),
    ENTRY(text_concat_ws),
    ENTRY(text_format),
    {"text_format_nv", f_text_format},
    ENTRY(pg_num_nulls),
    ENTRY(pg_num_nonnulls),
};
TABLE_END(fn_format);
