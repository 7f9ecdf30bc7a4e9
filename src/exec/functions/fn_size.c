/* Sizes in bytes, read from text with a unit. */
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

const struct fn_entry fn_size_table[] = {
    ENTRY(pg_size_bytes),
};
TABLE_END(fn_size);
