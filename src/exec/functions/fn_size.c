/* Sizes: read from text with a unit, and written so; of values. */
#include "exec/functions/fn_internal.h"

#include "types/numeric.h"

#include <strings.h>

static struct err *bad_size(struct str text)
{
    return err_new("22023", "invalid size: \"%.*s\"", STR_ARG(text));
}

static size_t digits(struct str s, size_t at)
{
    while (at < s.len && s.data[at] >= '0' && s.data[at] <= '9')
        at++;
    return at;
}

/* The number at the beginning, as numeric reads it; 0: none. */
static size_t number_length(struct str s)
{
    size_t at = s.len && (s.data[0] == '-' || s.data[0] == '+');
    size_t end = digits(s, at);
    bool any = end > at;
    if (end < s.len && s.data[end] == '.') {
        size_t fraction = digits(s, end + 1);
        any |= fraction > end + 1;
        end = fraction;
    }
    if (!any)
        return 0;
    if (end < s.len && (s.data[end] == 'e' || s.data[end] == 'E')) {
        size_t sign = end + 1;
        if (sign < s.len && (s.data[sign] == '-' || s.data[sign] == '+'))
            sign++;
        size_t exponent = digits(s, sign);
        end = exponent > sign ? exponent : end;
    }
    return end;
}

static struct str trimmed(struct str s)
{
    while (s.len && (s.data[0] == ' ' || (s.data[0] >= '\t' && s.data[0] <= '\r')))
        s = str_make(s.data + 1, s.len - 1);
    while (s.len &&
           (s.data[s.len - 1] == ' ' || (s.data[s.len - 1] >= '\t' && s.data[s.len - 1] <= '\r')))
        s.len--;
    return s;
}

FN(pg_size_bytes)
{
    static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB", "PB"};
    struct str text = ARG_STR(0);
    struct str s = trimmed(text);
    struct datum d;
    int64_t bytes;
    size_t n = number_length(s);
    if (!n)
        return bad_size(text);
    TRY(numeric_parse(str_make(s.data, n), c->arena, &d));
    struct str unit = trimmed(str_make(s.data + n, s.len - n));
    int power = unit.len ? -1 : 0;
    for (size_t i = 0; i < ARRAY_LENGTH(units); i++)
        if (unit.len == strlen(units[i]) && strncasecmp(unit.data, units[i], unit.len) == 0)
            power = (int)i;
    if (power < 0)
        return err_hint(err_detail(bad_size(text), "Invalid size unit: \"%.*s\".", STR_ARG(unit)),
                        "Valid units are \"bytes\", \"kB\", \"MB\", \"GB\", \"TB\", and "
                        "\"PB\".");
    if (power)
        TRY(numeric_mul(d, numeric_from_int64(INT64_C(1) << (10 * power), c->arena), c->arena, &d));
    TRY(numeric_to_int(d, INT64_MIN, INT64_MAX, "bigint", &bytes));
    return give_int(bytes, out);
}

/* A number of bytes as people read it: units change at 10 (bytes) and 20 of the next, and halves
 * round away from zero. */
FN(pg_size_pretty_numeric)
{
    static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB", "PB"};
    struct datum size = c->args[0];
    struct datum magnitude;
    struct buf b = BUF_INIT;
    size_t unit = 0;
    for (;; unit++) {
        int64_t limit = unit == 0 ? 10 * 1024 : 20 * 1024 - 1;
        TRY(numeric_abs(size, c->arena, &magnitude));
        if (unit + 1 == ARRAY_LENGTH(units) ||
            numeric_compare(magnitude, numeric_from_int64(limit, c->arena)) < 0)
            break;
        /* Behind the first unit the size counts halves. */
        TRY(numeric_div_trunc(size, numeric_from_int64(unit ? 1024 : 512, c->arena), c->arena,
                              &size));
    }
    if (unit) {
        int64_t away = numeric_sign_of(size) < 0 ? -1 : 1;
        TRY(numeric_add(size, numeric_from_int64(away, c->arena), c->arena, &size));
        TRY(numeric_div_trunc(size, numeric_from_int64(2, c->arena), c->arena, &size));
    }
    struct err *e = put_text(c, type_by_oid(NUMERIC_OID), size, &b);
    buf_printf(&b, " %s", units[unit]);
    if (e)
        buf_done(&b);
    return e ? e : give_buf(c, &b, out);
}

/* What the value takes: fixed widths as PostgreSQL's; others with a header of four bytes. */
FN(pg_column_size)
{
    const struct type_ops *t;
    TRY(arg_type(c, 0, &t));
    return give_int(t->byval ? t->len : (int64_t)c->args[0].len + (t->len == -1 ? 4 : 0), out);
}

FN(pg_column_compression)
{
    return give_null(out);
}

const struct fn_entry fn_size_table[] = {
    ENTRY(pg_size_bytes),
    ENTRY(pg_size_pretty_numeric),
    ENTRY(pg_column_size),
    ENTRY(pg_column_compression),
};
TABLE_END(fn_size);
