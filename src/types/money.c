/* money: 64-bit numbers of hundredths, written as in locale C: $1,234.56. */
#include "types/types_internal.h"

#include "base/bytes.h"
#include "types/key.h"

#include <stdio.h>

static struct str skip(struct str s, const char *set)
{
    while (s.len && s.data[0] && strchr(set, s.data[0]))
        s = str_make(s.data + 1, s.len - 1);
    return s;
}

/* Digits with commas between them; two places behind the point, the third rounds. */
static void take_amount(struct str *s, int64_t *out, bool *overflow)
{
    bool point = false;
    int places = 0;
    int64_t v = 0; /* negative: that side has one more */
    size_t i = 0;
    for (; i < s->len; i++) {
        char c = s->data[i];
        if (is_digit(c) && places < 2) {
            *overflow |= __builtin_mul_overflow(v, 10, &v);
            *overflow |= __builtin_sub_overflow(v, c - '0', &v);
            places += point;
        } else if (is_digit(c)) {
            if (places++ == 2 && c >= '5')
                *overflow |= __builtin_sub_overflow(v, 1, &v);
        } else if (c == '.' && !point) {
            point = true;
        } else if (c != ',' || point) {
            break;
        }
    }
    for (; places < 2; places++)
        *overflow |= __builtin_mul_overflow(v, 10, &v);
    *s = str_make(s->data + i, s->len - i);
    *out = v;
}

static struct err *money_in(TYPE_IN_PARAMS)
{
    struct str s = skip(text, " \t\n\v\f\r");
    bool negative = false;
    bool overflow = false;
    int64_t v;
    s = skip(s.len && s.data[0] == '$' ? str_make(s.data + 1, s.len - 1) : s, " ");
    if (s.len && (s.data[0] == '-' || s.data[0] == '(')) {
        negative = true;
        s = str_make(s.data + 1, s.len - 1);
    } else if (s.len && s.data[0] == '+') {
        s = str_make(s.data + 1, s.len - 1);
    }
    s = skip(s, " ");
    if (s.len && s.data[0] == '$')
        s = skip(str_make(s.data + 1, s.len - 1), " ");
    take_amount(&s, &v, &overflow);
    for (; s.len; s = str_make(s.data + 1, s.len - 1)) {
        if (s.data[0] == '-')
            negative = true;
        else if (!is_space(s.data[0]) && s.data[0] != ')' && s.data[0] != '+' && s.data[0] != '$')
            return bad_syntax("money", text);
    }
    if (overflow || (!negative && v == INT64_MIN))
        return out_of_range("money", text);
    *out = datum_int(negative ? v : -v);
    return NULL;
}

static struct err *money_out(TYPE_OUT_PARAMS)
{
    char digits[32];
    uint64_t v = d.i < 0 ? 0 - (uint64_t)d.i : (uint64_t)d.i;
    int n = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)(v / 100));
    buf_put_c(out, d.i < 0 ? "-$" : "$");
    for (int i = 0; i < n; i++) {
        buf_put_u8(out, (uint8_t)digits[i]);
        if ((n - 1 - i) % 3 == 0 && i < n - 1)
            buf_put_u8(out, ',');
    }
    buf_printf(out, ".%02u", (unsigned)(v % 100));
    return NULL;
}

static struct err *money_recv(TYPE_RECV_PARAMS)
{
    if (bytes.len != 8)
        return bad_length("money", bytes.len);
    *out = datum_int((int64_t)load_be64(bytes.data));
    return NULL;
}

static struct err *money_send(TYPE_OUT_PARAMS)
{
    buf_put_be64(out, d.u);
    return NULL;
}

static void money_key(const struct type_ops *t, struct datum d, struct buf *out)
{
    key_put_int64(out, d.i);
}

const struct type_ops money_ops = {
    .oid = MONEY_OID,
    .name = "money",
    .len = 8,
    .byval = true,
    .in = money_in,
    .out = money_out,
    .recv = money_recv,
    .send = money_send,
    .compare = int_compare,
    .hash = int_hash,
    .key = money_key,
};
