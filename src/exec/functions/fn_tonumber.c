/* to_char of numbers, and to_number. */
#include "exec/functions/fn_internal.h"
#include "exec/functions/num_pattern.h"

#include "types/number.h"
#include "types/numeric.h"
#include "types/text.h"

#include <math.h>
#include <stdlib.h>

/* The number as text, and how far the template has been filled with it. */
struct filler {
    struct num_pattern *p;
    struct buf *out;
    const char *number; /* digits with a point, without sign */
    const char *at;     /* next digit */
    const char *last;   /* with FM and a point: the last digit that is shown */
    char sign;
    bool sign_done;
    bool inside; /* a digit was just written */
    int blanks;  /* digit places before the number's first digit */
    int place;   /* digit places and points passed */
    int places;
};

/* The last digit behind the point that is not zero, or the point itself; zeros that the template
 * asks for stay. */
static const char *last_digit(const struct filler *f)
{
    const char *point = strchr(f->number, '.');
    if (!f->p->fill || !f->p->decimal || !point)
        return NULL;
    const char *last = point;
    for (const char *c = point + 1; *c; c++)
        if (*c != '0')
            last = c;
    if (f->p->zero_end > f->blanks) {
        int end = (int)strlen(f->number) - 1;
        int wanted = f->p->zero_end - f->blanks;
        const char *zero = f->number + (wanted < end ? wanted : end);
        if (last < zero)
            last = zero;
    }
    return last;
}

/* "9.9" shows 0.1 as " .1": the zero before the point has no place. */
static bool zero_before_point(const struct filler *f)
{
    return !f->p->zero && f->at == f->number && f->number[0] == '0' && f->p->post != 0;
}

static bool only_point_shown(const struct filler *f)
{
    return f->last && *f->last == '.';
}

static void put_sign_before(struct filler *f)
{
    bool reached = f->place >= f->blanks || (f->p->zero && f->p->zero_start == f->place);
    if (f->sign_done || !reached || (zero_before_point(f) && !only_point_shown(f)))
        return;
    if (f->p->sign_key) {
        if (f->p->sign != SIGN_BEFORE)
            return;
        buf_put_u8(f->out, (uint8_t)f->sign);
    } else if (f->p->brackets) {
        buf_put_u8(f->out, f->sign == '+' ? ' ' : '<');
    } else if (f->sign == '-') {
        buf_put_u8(f->out, '-');
    } else if (!f->p->fill) {
        buf_put_u8(f->out, ' ');
    }
    f->sign_done = true;
}

static void put_from_number(struct filler *f, enum num_key key)
{
    if (*f->at == '.') {
        if (!only_point_shown(f) || f->p->fill)
            buf_put_u8(f->out, '.');
    } else if (f->last && f->at > f->last && key != NK_ZERO) {
        /* nothing: insignificant with FM */
    } else if (zero_before_point(f)) {
        if (!f->p->fill)
            buf_put_u8(f->out, ' ');
        else if (only_point_shown(f))
            buf_put_u8(f->out, '0');
    } else if (*f->at) {
        buf_put_u8(f->out, (uint8_t)*f->at);
        f->inside = true;
    }
    if (*f->at)
        f->at++;
}

static void put_sign_behind(struct filler *f)
{
    int end = f->places + (f->blanks ? 1 : 0) + (f->p->decimal ? 1 : 0);
    if (f->last && f->last == f->at)
        end = f->place;
    if (f->place + 1 != end)
        return;
    if (f->sign_done && f->p->brackets)
        buf_put_u8(f->out, f->sign == '+' ? ' ' : '>');
    else if (f->p->sign_key && f->p->sign == SIGN_BEHIND)
        buf_put_u8(f->out, (uint8_t)f->sign);
}

static void put_place(struct filler *f, enum num_key key)
{
    f->inside = false;
    put_sign_before(f);
    bool zeros = f->p->zero && f->p->zero_start <= f->place;
    if (f->place < f->blanks && !zeros) {
        if (!f->p->fill)
            buf_put_u8(f->out, ' ');
    } else if (f->place < f->blanks) {
        buf_put_u8(f->out, '0');
        f->inside = true;
    } else {
        put_from_number(f, key);
    }
    put_sign_behind(f);
    f->place++;
}

static const char *ordinal_suffix(const char *number)
{
    size_t n = strlen(number);
    char last = n ? number[n - 1] : '0';
    if (n > 1 && number[n - 2] == '1')
        return "th";
    return last == '1' ? "st" : last == '2' ? "nd" : last == '3' ? "rd" : "th";
}

static void put_cased(struct buf *b, const char *s, bool lower)
{
    for (; *s; s++) {
        char c = *s;
        if (lower && c >= 'A' && c <= 'Z')
            c = (char)(c + 32);
        else if (!lower && c >= 'a' && c <= 'z')
            c = (char)(c - 32);
        buf_put_u8(b, (uint8_t)c);
    }
}

static void put_either(struct filler *f, bool show, char c)
{
    if (show)
        buf_put_u8(f->out, (uint8_t)c);
    else if (!f->p->fill)
        buf_put_u8(f->out, ' ');
}

static void put_node(struct filler *f, const struct num_node *n)
{
    switch (n->key) {
    case NK_NINE:
    case NK_ZERO:
    case NK_POINT:
        if (!f->p->roman)
            put_place(f, n->key);
        break;
    case NK_COMMA:
    case NK_GROUP:
        put_either(f, f->inside, ',');
        break;
    case NK_CURRENCY:
        buf_put_u8(f->out, ' ');
        break;
    case NK_ROMAN:
        if (f->p->fill) {
            put_cased(f->out, f->number, n->lower);
        } else {
            for (size_t i = strlen(f->number); i < 15; i++)
                buf_put_u8(f->out, ' ');
            put_cased(f->out, f->number, n->lower);
        }
        break;
    case NK_ORDINAL:
        if (!f->p->roman && f->number[0] != '#' && f->sign != '-' && !f->p->decimal)
            put_cased(f->out, ordinal_suffix(f->number), n->lower);
        break;
    case NK_MINUS:
        put_either(f, f->sign == '-', '-');
        break;
    case NK_PLUS:
        put_either(f, f->sign == '+', '+');
        break;
    case NK_SIGN_BOTH:
        buf_put_u8(f->out, (uint8_t)f->sign);
        break;
    case NK_TEXT:
        buf_put_str(f->out, n->text);
        break;
    case NK_BLANK:
    case NK_EEEE:
    case NK_FILL:
    case NK_BRACKETS:
    case NK_SPELL:
    case NK_SIGN:
    case NK_SHIFT:
        break;
    }
}

static struct err *fill(struct fn_call *c, struct num_pattern *p, const char *number, char sign,
                        int blanks, struct datum *out)
{
    struct buf b = BUF_INIT;
    struct filler f = {
        .p = p, .out = &b, .number = number, .at = number, .sign = sign, .blanks = blanks};
    if (p->roman) {
        bool fill_mode = p->fill;
        struct num_node *nodes = p->nodes;
        size_t count = p->count;
        *p = (struct num_pattern){.nodes = nodes, .count = count, .fill = fill_mode, .roman = true};
        f.sign = 0;
        f.blanks = 0;
    }
    if (p->plus || p->minus) {
        f.sign_done = !(p->plus && !p->minus);
    } else {
        if (f.sign != '-' && p->fill)
            p->brackets = false;
        f.sign_done = f.sign == '+' && p->fill && !p->sign_key;
        if (p->sign == SIGN_BEFORE && p->pre == p->sign_at)
            p->sign = SIGN_BEHIND;
    }
    if (p->zero_start)
        p->zero_start--; /* from 0 on, as places are counted */
    f.places = p->post + p->pre - 1;
    f.last = last_digit(&f);
    if (!f.sign_done && f.blanks == 0)
        f.places++;
    size_t len = strlen(number);
    bool digits = len && number[len - 1] >= '0' && number[len - 1] <= '9';
    for (size_t i = 0; i < p->count; i++) {
        bool suffix = p->nodes[i].key == NK_ORDINAL && !p->roman && !p->decimal && sign != '-';
        if (suffix && !digits && number[0] != '#') {
            buf_done(&b);
            return err_new("22P02", "\"%s\" is not a number", number);
        }
        put_node(&f, &p->nodes[i]);
    }
    return give_buf(c, &b, out);
}

/* Numbers that do not fit their template. */
static struct err *overflow_text(struct fn_call *c, struct num_pattern *p, int point_at, int len,
                                 struct str *out)
{
    char *s = arena_try_alloc(c->arena, (size_t)len + 1);
    if (!s)
        return err_oom();
    memset(s, '#', (size_t)len);
    s[len] = 0;
    if (point_at < len && p->post + p->scientific)
        s[point_at] = '.';
    *out = str_make(s, (size_t)len);
    return NULL;
}

static struct err *roman_text(struct fn_call *c, int64_t v, const char **out)
{
    static const char *const ones[] = {"", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX"};
    static const char *const tens[] = {"", "X", "XX", "XXX", "XL", "L", "LX", "LXX", "LXXX", "XC"};
    static const char *const hundreds[] = {"",  "C",  "CC",  "CCC",  "CD",
                                           "D", "DC", "DCC", "DCCC", "CM"};
    static const char *const thousands[] = {"", "M", "MM", "MMM"};
    if (v < 1 || v > 3999)
        *out = "###############";
    else
        *out = arena_printf(c->arena, "%s%s%s%s", thousands[v / 1000], hundreds[v / 100 % 10],
                            tens[v / 10 % 10], ones[v % 10]);
    return NULL;
}

/* `text` is the value rounded to p->post decimals, with its sign. */
static struct err *fill_text(struct fn_call *c, struct num_pattern *p, const char *text,
                             struct datum *out)
{
    char sign = *text == '-' ? '-' : '+';
    if (*text == '-')
        text++;
    const char *point = strchr(text, '.');
    int before = point ? (int)(point - text) : (int)strlen(text);
    int blanks = before < p->pre ? p->pre - before : 0;
    if (before > p->pre) {
        struct str s;
        int len = p->pre + p->post + 1;
        TRY(overflow_text(c, p, p->pre, len, &s));
        char *marked = (char *)s.data;
        marked[p->pre] = '.';
        text = marked;
    }
    return fill(c, p, text, sign, blanks, out);
}

/* "d.ddde+xx" with room for a sign; specials become number signs. */
static struct err *fill_scientific(struct fn_call *c, struct num_pattern *p, const char *text,
                                   bool special, struct datum *out)
{
    if (special) {
        int len = p->pre + p->post + 6;
        char *s = arena_try_alloc(c->arena, (size_t)len + 1);
        if (!s)
            return err_oom();
        memset(s, '#', (size_t)len);
        s[len] = 0;
        s[0] = ' ';
        s[p->pre + 1] = '.';
        text = s;
    } else if (*text != '-') {
        text = arena_printf(c->arena, " %s", text);
    }
    /* The text replaces the pattern whole; what the template has besides digits follows as is. */
    return give_str(str_from(text), out);
}

static struct err *numeric_text(struct fn_call *c, struct datum d, const char **out)
{
    struct buf b = BUF_INIT;
    numeric_print(d, &b);
    const char *s = arena_strndup(c->arena, (char *)b.data, b.len);
    struct err *e = buf_finish(&b);
    buf_done(&b);
    *out = s;
    return e;
}

static struct err *scientific_text(struct fn_call *c, struct datum d, int decimals,
                                   const char **out)
{
    struct buf b = BUF_INIT;
    numeric_print_scientific(d, decimals, c->arena, &b);
    const char *s = arena_strndup(c->arena, (char *)b.data, b.len);
    struct err *e = buf_finish(&b);
    buf_done(&b);
    *out = s;
    return e;
}

/* value * 10^n */
static struct err *shifted(struct fn_call *c, struct datum d, int n, struct datum *out)
{
    struct datum power;
    TRY(numeric_power(numeric_from_int64(10, c->arena), numeric_from_int64(n, c->arena), c->arena,
                      &power));
    return numeric_mul(d, power, c->arena, out);
}

static struct err *numeric_chars(struct fn_call *c, struct datum d, struct num_pattern *p,
                                 struct datum *out)
{
    const char *text;
    if (p->roman) {
        int64_t v = 0;
        struct err *e = numeric_to_int(d, INT32_MIN, INT32_MAX, "integer", &v);
        if (e && c->arg_types[0] == NUMERIC_OID)
            return e;
        err_free(e);
        TRY(roman_text(c, v, &text));
        return fill(c, p, text, '+', 0, out);
    }
    if (p->scientific) {
        TRY(scientific_text(c, d, p->post, &text));
        return fill_scientific(c, p, text, numeric_is_special(d), out);
    }
    if (p->has_shift) {
        TRY(shifted(c, d, p->shift, &d));
        p->pre += p->shift;
    }
    TRY(numeric_round(d, p->post, c->arena, &d));
    TRY(numeric_text(c, d, &text));
    return fill_text(c, p, text, out);
}

FN(numeric_to_char)
{
    if (c->args[1].len == 0)
        return give_null(out);
    struct num_pattern p;
    TRY(num_pattern_parse(ARG_STR(1), c->arena, &p));
    return numeric_chars(c, c->args[0], &p, out);
}

FN(int_to_char)
{
    if (c->args[1].len == 0)
        return give_null(out);
    struct num_pattern p;
    TRY(num_pattern_parse(ARG_STR(1), c->arena, &p));
    if (p.roman && ARG_I(0) != (int32_t)ARG_I(0))
        return int4_range();
    if (p.has_shift) { /* the shift is done in the argument's type */
        int64_t v = ARG_I(0);
        bool overflow = false;
        for (int i = 0; i < p.shift && !overflow; i++)
            overflow = __builtin_mul_overflow(v, 10, &v);
        if (c->arg_types[0] == INT4_OID && (overflow || v != (int32_t)v))
            return int4_range();
        if (overflow)
            return int8_range();
    }
    return numeric_chars(c, numeric_from_int64(ARG_I(0), c->arena), &p, out);
}

/* Floating-point values show at most the digits they have: 15 or 6. */
static struct err *float_chars(struct fn_call *c, double v, int precision, struct datum *out)
{
    if (c->args[1].len == 0)
        return give_null(out);
    struct num_pattern p;
    TRY(num_pattern_parse(ARG_STR(1), c->arena, &p));
    const char *text;
    if (p.roman) {
        double whole = rint(v);
        int64_t n = whole >= 1 && whole <= 3999 ? (int64_t)whole : 0;
        TRY(roman_text(c, n, &text));
        return fill(c, &p, text, '+', 0, out);
    }
    if (p.scientific)
        return fill_scientific(c, &p, arena_printf(c->arena, "%.*e", p.post, v),
                               isnan(v) || isinf(v), out);
    if (p.has_shift) {
        v *= pow(10, p.shift);
        p.pre += p.shift;
    }
    bool special = isnan(v) || isinf(v);
    text = isnan(v) ? "NaN" : v > 0 ? "Infinity" : "-Infinity";
    int before = special ? (int)strlen(text) - (v < 0)
                         : (int)strlen(arena_printf(c->arena, "%.0f", fabs(v)));
    if (before >= precision)
        p.post = 0;
    else if (before + p.post > precision)
        p.post = precision - before;
    if (special)
        return fill_text(c, &p, text, out);
    return fill_text(c, &p, arena_printf(c->arena, "%.*f", p.post, v), out);
}

FN(float8_to_char)
{
    return float_chars(c, c->args[0].f64, 15, out);
}

FN(float4_to_char)
{
    return float_chars(c, (double)c->args[0].f32, 6, out);
}

/* to_number */

struct number_reader {
    struct num_pattern *p;
    struct str s;
    size_t at;
    char *digits; /* sign, digits, point */
    size_t n;
    int read_pre, read_post;
    bool point;
    char sign; /* 0: not seen */
};

static char peek(const struct number_reader *r, size_t ahead)
{
    return r->at + ahead < r->s.len ? r->s.data[r->at + ahead] : 0;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static void advance(struct number_reader *r)
{
    if (r->at < r->s.len) {
        r->at += utf8_char_bytes((uint8_t)r->s.data[r->at]);
        if (r->at > r->s.len)
            r->at = r->s.len;
    }
}

/* A place for a digit or the point. */
static void read_place(struct number_reader *r, enum num_key key)
{
    bool got = false;
    while (peek(r, 0) == ' ')
        r->at++;
    if (r->at == r->s.len)
        return;
    if (!r->sign && key != NK_POINT && r->read_pre + r->read_post == 0) {
        char c = peek(r, 0);
        bool simple = !r->p->sign_key || r->p->sign == SIGN_BEFORE;
        if (simple && (c == '-' || (r->p->brackets && c == '<'))) {
            r->sign = '-';
            r->at++;
        } else if (simple && c == '+') {
            r->sign = '+';
            r->at++;
        }
    }
    if (r->at == r->s.len)
        return;
    char c = peek(r, 0);
    if (is_digit(c)) {
        if (r->point && r->read_post == r->p->post)
            return;
        r->digits[r->n++] = c;
        r->at++;
        got = true;
        if (r->point)
            r->read_post++;
        else
            r->read_pre++;
    } else if (r->p->decimal && !r->point && c == '.') {
        r->digits[r->n++] = '.';
        r->at++;
        r->point = got = true;
    }
    if (r->sign || r->read_pre + r->read_post == 0 || r->at == r->s.len)
        return;
    /* A sign behind the number. */
    c = peek(r, 0);
    bool behind =
        r->p->sign_key ? got && !is_digit(peek(r, 1)) : !got && !r->p->plus && !r->p->minus;
    if (behind && (c == '-' || c == '+')) {
        r->sign = c;
        r->at++;
    }
}

/* Skips up to n characters that cannot be part of the number. */
static void eat_other(struct number_reader *r, int n)
{
    for (; n > 0 && r->at < r->s.len; n--) {
        char c = peek(r, 0);
        if (is_digit(c) || c == '.' || c == ',' || c == '+' || c == '-')
            return;
        advance(r);
    }
}

static void read_node(struct number_reader *r, const struct num_node *n)
{
    char c = peek(r, 0);
    switch (n->key) {
    case NK_NINE:
    case NK_ZERO:
    case NK_POINT:
        read_place(r, n->key);
        break;
    case NK_COMMA:
    case NK_GROUP:
        if (c == ',')
            r->at++;
        break;
    case NK_CURRENCY:
        eat_other(r, 1);
        break;
    case NK_ORDINAL:
        eat_other(r, 2);
        break;
    case NK_MINUS:
    case NK_PLUS:
    case NK_SIGN_BOTH:
        if ((c == '-' && n->key != NK_PLUS) || (c == '+' && n->key != NK_MINUS)) {
            r->sign = c;
            r->at++;
        } else {
            eat_other(r, 1);
        }
        break;
    case NK_TEXT:
        advance(r);
        break;
    case NK_BLANK:
    case NK_EEEE:
    case NK_FILL:
    case NK_BRACKETS:
    case NK_ROMAN:
    case NK_SPELL:
    case NK_SIGN:
    case NK_SHIFT:
        break;
    }
}

FN(numeric_to_number)
{
    if (c->args[1].len == 0)
        return give_null(out);
    struct num_pattern p;
    TRY(num_pattern_parse(ARG_STR(1), c->arena, &p));
    if (p.scientific)
        return err_unsupported("\"EEEE\" not supported for input");
    if (p.roman)
        return err_unsupported("\"RN\" not supported for input");
    struct number_reader r = {.p = &p, .s = ARG_STR(0)};
    r.digits = arena_try_alloc(c->arena, p.count + 4);
    if (!r.digits)
        return err_oom();
    r.n = 1; /* room for the sign */
    for (size_t i = 0; i < p.count && r.at < r.s.len; i++)
        read_node(&r, &p.nodes[i]);
    r.digits[0] = r.sign ? r.sign : ' ';
    if (r.n > 1 && r.digits[r.n - 1] == '.')
        r.n--;
    struct datum d;
    TRY(numeric_parse(str_make(r.digits, r.n), c->arena, &d));
    int32_t typmod;
    int precision = p.pre + p.shift + p.post;
    TRY(numeric_make_typmod(precision < 1      ? 1
                            : precision > 1000 ? 1000
                                               : precision,
                            p.post > 1000 ? 1000 : p.post, &typmod));
    TRY(numeric_apply_typmod(d, typmod, c->arena, &d));
    if (p.has_shift)
        return shifted(c, d, -p.shift, out);
    *out = d;
    return NULL;
}

const struct fn_entry fn_tonumber_table[] = {
    ENTRY(numeric_to_char), {"int4_to_char", f_int_to_char}, {"int8_to_char", f_int_to_char},
    ENTRY(float4_to_char),  ENTRY(float8_to_char),           ENTRY(numeric_to_number),
};
TABLE_END(fn_tonumber);
