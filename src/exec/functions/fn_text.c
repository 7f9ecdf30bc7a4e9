/* Character strings: length, case, parts, padding, trimming, casts. Positions count characters. */
#include "exec/functions/fn_internal.h"

#include "types/text.h"

#include <utf8proc.h>

FN(textlen)
{
    return give_int((int64_t)utf8_count(ARG_STR(0)), out);
}

static struct str without_padding(struct str s)
{
    while (s.len && s.data[s.len - 1] == ' ')
        s.len--;
    return s;
}

FN(bpcharlen)
{
    return give_int((int64_t)utf8_count(without_padding(ARG_STR(0))), out);
}

FN(octet_length)
{
    return give_int(c->args[0].len, out);
}

FN(bit_length)
{
    return give_int((int64_t)c->args[0].len * 8, out);
}

/* Case. ASCII goes byte by byte; other text by Unicode's simple mappings. */

enum letter_case { LOWER, UPPER, INITCAP };

static bool is_word_char(int32_t code)
{
    utf8proc_category_t g = utf8proc_category(code);
    return (g >= UTF8PROC_CATEGORY_LU && g <= UTF8PROC_CATEGORY_LO) || g == UTF8PROC_CATEGORY_ND;
}

static bool ascii_word_char(char ch)
{
    return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9');
}

static char ascii_lower(char ch)
{
    return (char)(ch >= 'A' && ch <= 'Z' ? ch + 32 : ch);
}

static char ascii_upper(char ch)
{
    return (char)(ch >= 'a' && ch <= 'z' ? ch - 32 : ch);
}

static struct err *change_ascii(struct fn_call *c, struct str s, enum letter_case how,
                                struct datum *out)
{
    char *p;
    TRY(give_bytes(c, s.len, &p, out));
    bool inside = false;
    for (size_t i = 0; i < s.len; i++) {
        char ch = s.data[i];
        bool up = how == UPPER || (how == INITCAP && !inside);
        p[i] = up ? ascii_upper(ch) : ascii_lower(ch);
        inside = ascii_word_char(ch);
    }
    return NULL;
}

/* The sharp s stays: its upper case would be two letters. */
static int32_t upper_of(int32_t code)
{
    return code == 0xdf ? code : utf8proc_toupper(code);
}

static struct err *change_case(struct fn_call *c, enum letter_case how, struct datum *out)
{
    struct str s = ARG_STR(0);
    if (str_is_ascii(s))
        return change_ascii(c, s, how, out);
    char *p;
    /* A mapping lengthens a character by at most one byte (two become three). */
    TRY(give_bytes(c, s.len + s.len / 2 + 4, &p, out));
    size_t n = 0;
    bool inside = false;
    while (s.len) {
        size_t used;
        int32_t code = (int32_t)utf8_decode(s, &used);
        bool up = how == UPPER || (how == INITCAP && !inside);
        inside = is_word_char(code);
        int32_t mapped = up ? upper_of(code) : utf8proc_tolower(code);
        n += utf8_encode((uint32_t)mapped, p + n);
        s = str_make(s.data + used, s.len - used);
    }
    out->len = (uint32_t)n;
    return NULL;
}

FN(lower)
{
    return change_case(c, LOWER, out);
}

FN(upper)
{
    return change_case(c, UPPER, out);
}

FN(initcap)
{
    return change_case(c, INITCAP, out);
}

/* Concatenation */

static struct err *joined(struct fn_call *c, struct str a, struct str b, struct datum *out)
{
    char *p;
    TRY(give_bytes(c, a.len + b.len, &p, out));
    if (a.len)
        memcpy(p, a.data, a.len);
    if (b.len)
        memcpy(p + a.len, b.data, b.len);
    return NULL;
}

FN(textcat)
{
    return joined(c, ARG_STR(0), ARG_STR(1), out);
}

/* text || anything, anything || text */
static struct err *cat_any(struct fn_call *c, int text_arg, struct datum *out)
{
    const struct type_ops *t;
    TRY(arg_type(c, 1 - text_arg, &t));
    struct buf b = BUF_INIT;
    struct err *e = NULL;
    if (text_arg == 0)
        buf_put_str(&b, ARG_STR(0));
    e = put_cast_text(c, t, c->args[1 - text_arg], &b);
    if (text_arg == 1)
        buf_put_str(&b, ARG_STR(1));
    if (!e)
        return give_buf(c, &b, out);
    buf_done(&b);
    return e;
}

FN(textanycat)
{
    return cat_any(c, 0, out);
}

FN(anytextcat)
{
    return cat_any(c, 1, out);
}

/* Parts */

/* The characters [from, to) counted from 0, clipped to the string. */
static struct str slice(struct str s, int64_t from, int64_t to)
{
    if (from < 0)
        from = 0;
    if (to <= from)
        return str_make(s.data, 0);
    size_t start = utf8_prefix_bytes(s, (size_t)from);
    struct str rest = str_make(s.data + start, s.len - start);
    return str_make(rest.data, utf8_prefix_bytes(rest, (size_t)(to - from)));
}

static struct err *negative_length(void)
{
    return err_new("22011", "negative substring length not allowed");
}

FN(text_substr)
{
    int64_t from = ARG_I(1) - 1, len = ARG_I(2);
    if (len < 0)
        return negative_length();
    return give_str(slice(ARG_STR(0), from, from + len), out);
}

FN(text_substr_no_len)
{
    return give_str(slice(ARG_STR(0), ARG_I(1) - 1, INT64_MAX), out);
}

FN(text_left)
{
    struct str s = ARG_STR(0);
    int64_t n = ARG_I(1);
    if (n < 0)
        n = (int64_t)utf8_count(s) + n;
    return give_str(slice(s, 0, n), out);
}

FN(text_right)
{
    struct str s = ARG_STR(0);
    int64_t n = ARG_I(1), count = (int64_t)utf8_count(s);
    return give_str(slice(s, n < 0 ? -n : count - n, INT64_MAX), out);
}

static struct err *overlay(struct fn_call *c, int64_t at, int64_t len, struct datum *out)
{
    struct str s = ARG_STR(0), new = ARG_STR(1);
    if (at <= 0)
        return negative_length();
    struct str head = slice(s, 0, at - 1);
    struct str tail = slice(s, at - 1 + len, INT64_MAX);
    char *p;
    TRY(give_bytes(c, head.len + new.len + tail.len, &p, out));
    if (head.len)
        memcpy(p, head.data, head.len);
    if (new.len)
        memcpy(p + head.len, new.data, new.len);
    if (tail.len)
        memcpy(p + head.len + new.len, tail.data, tail.len);
    return NULL;
}

FN(textoverlay)
{
    if (ARG_I(2) + ARG_I(3) > INT32_MAX)
        return int4_range();
    return overlay(c, ARG_I(2), ARG_I(3), out);
}

FN(textoverlay_no_len)
{
    int64_t len = (int64_t)utf8_count(ARG_STR(1));
    return ARG_I(2) + len > INT32_MAX ? int4_range() : overlay(c, ARG_I(2), len, out);
}

FN(textpos)
{
    struct str s = ARG_STR(0), part = ARG_STR(1);
    if (part.len == 0)
        return give_int(1, out);
    const char *at = memmem(s.data, s.len, part.data, part.len);
    if (!at)
        return give_int(0, out);
    return give_int((int64_t)utf8_count(str_make(s.data, (size_t)(at - s.data))) + 1, out);
}

FN(text_starts_with)
{
    return give_bool(str_starts_with(ARG_STR(0), ARG_STR(1)), out);
}

FN(split_part)
{
    struct str s = ARG_STR(0), separator = ARG_STR(1);
    int64_t n = ARG_I(2);
    if (n == 0)
        return err_new("22023", "field position must not be zero");
    if (s.len == 0)
        return give_str(STR(""), out);
    if (separator.len == 0)
        return give_str(n == 1 || n == -1 ? s : STR(""), out);
    if (n < 0) { /* count the fields, then from the front */
        int64_t fields = 1;
        struct str rest = s;
        for (const char *at; (at = memmem(rest.data, rest.len, separator.data, separator.len));) {
            fields++;
            size_t used = (size_t)(at - rest.data) + separator.len;
            rest = str_make(rest.data + used, rest.len - used);
        }
        n += fields + 1;
        if (n <= 0)
            return give_str(STR(""), out);
    }
    for (;; n--) {
        const char *at = memmem(s.data, s.len, separator.data, separator.len);
        if (n == 1)
            return give_str(str_make(s.data, at ? (size_t)(at - s.data) : s.len), out);
        if (!at)
            return give_str(STR(""), out);
        size_t used = (size_t)(at - s.data) + separator.len;
        s = str_make(s.data + used, s.len - used);
    }
}

/* Padding */

static struct err *pad(struct fn_call *c, bool left, struct str fill, struct datum *out)
{
    struct str s = ARG_STR(0);
    int64_t want = ARG_I(1);
    if (want < 0)
        want = 0;
    int64_t have = (int64_t)utf8_count(s);
    if (have >= want || fill.len == 0) {
        return give_str(slice(s, 0, want), out);
    }
    int64_t missing = want - have, fill_chars = (int64_t)utf8_count(fill);
    struct str part = slice(fill, 0, missing % fill_chars);
    size_t whole;
    if (!size_mul((size_t)(missing / fill_chars), fill.len, &whole))
        return too_long_result();
    char *p;
    TRY(give_bytes(c, s.len + whole + part.len, &p, out));
    char *to = left ? p : p + s.len;
    if (s.len)
        memcpy(left ? p + whole + part.len : p, s.data, s.len);
    for (int64_t i = 0; i < missing / fill_chars; i++, to += fill.len)
        memcpy(to, fill.data, fill.len);
    if (part.len)
        memcpy(to, part.data, part.len);
    return NULL;
}

FN(lpad)
{
    return pad(c, true, c->nargs > 2 ? ARG_STR(2) : STR(" "), out);
}

FN(rpad)
{
    return pad(c, false, c->nargs > 2 ? ARG_STR(2) : STR(" "), out);
}

/* Trimming */

static bool contains_char(struct str set, const char *ch, size_t len)
{
    return len == 1 ? set.len && memchr(set.data, *ch, set.len)
                    : memmem(set.data, set.len, ch, len) != NULL;
}

static struct str trimmed(struct str s, struct str set, bool left, bool right)
{
    while (left && s.len) {
        size_t n = utf8_char_bytes((uint8_t)s.data[0]);
        if (n > s.len || !contains_char(set, s.data, n))
            break;
        s = str_make(s.data + n, s.len - n);
    }
    while (right && s.len) {
        size_t start = utf8_clip(s, s.len - 1);
        if (!contains_char(set, s.data + start, s.len - start))
            break;
        s.len = start;
    }
    return s;
}

static struct str trim_set(struct fn_call *c)
{
    return c->nargs > 1 ? ARG_STR(1) : STR(" ");
}

FN(btrim)
{
    return give_str(trimmed(ARG_STR(0), trim_set(c), true, true), out);
}

FN(ltrim)
{
    return give_str(trimmed(ARG_STR(0), trim_set(c), true, false), out);
}

FN(rtrim)
{
    return give_str(trimmed(ARG_STR(0), trim_set(c), false, true), out);
}

/* Replacement */

FN(replace_text)
{
    struct str s = ARG_STR(0), from = ARG_STR(1), to = ARG_STR(2);
    if (from.len == 0 || from.len > s.len)
        return give_str(s, out);
    size_t hits = 0;
    for (struct str r = s;;) {
        const char *at = memmem(r.data, r.len, from.data, from.len);
        if (!at)
            break;
        hits++;
        size_t used = (size_t)(at - r.data) + from.len;
        r = str_make(r.data + used, r.len - used);
    }
    if (!hits)
        return give_str(s, out);
    size_t size;
    if (!size_mul(hits, to.len, &size))
        return too_long_result();
    char *p;
    TRY(give_bytes(c, s.len - hits * from.len + size, &p, out));
    for (;;) {
        const char *at = memmem(s.data, s.len, from.data, from.len);
        size_t keep = at ? (size_t)(at - s.data) : s.len;
        if (keep)
            memcpy(p, s.data, keep);
        p += keep;
        if (!at)
            return NULL;
        if (to.len)
            memcpy(p, to.data, to.len);
        p += to.len;
        s = str_make(at + from.len, s.len - keep - from.len);
    }
}

FN(translate)
{
    struct str s = ARG_STR(0), from = ARG_STR(1), to = ARG_STR(2);
    char *p;
    TRY(give_bytes(c, s.len * 4, &p, out));
    size_t n = 0;
    while (s.len) {
        size_t len = utf8_char_bytes((uint8_t)s.data[0]);
        if (len > s.len)
            len = s.len;
        size_t index = 0, at = 0;
        bool found = false;
        while (at < from.len && !found) {
            size_t k = utf8_char_bytes((uint8_t)from.data[at]);
            found = k == len && memcmp(from.data + at, s.data, len) == 0;
            at += k;
            index += !found;
        }
        struct str put = str_make(s.data, len);
        if (found)
            put = slice(to, (int64_t)index, (int64_t)index + 1);
        if (put.len)
            memcpy(p + n, put.data, put.len);
        n += put.len;
        s = str_make(s.data + len, s.len - len);
    }
    out->len = (uint32_t)n;
    return NULL;
}

FN(repeat)
{
    struct str s = ARG_STR(0);
    int64_t times = ARG_I(1);
    if (times < 0)
        times = 0;
    size_t size;
    if (!size_mul(s.len, (size_t)times, &size))
        return too_long_result();
    char *p;
    TRY(give_bytes(c, size, &p, out));
    for (int64_t i = 0; i < times && s.len; i++, p += s.len)
        memcpy(p, s.data, s.len);
    return NULL;
}

FN(text_reverse)
{
    struct str s = ARG_STR(0);
    char *p;
    TRY(give_bytes(c, s.len, &p, out));
    char *to = p + s.len;
    while (s.len) {
        size_t n = utf8_char_bytes((uint8_t)s.data[0]);
        if (n > s.len)
            n = s.len;
        to -= n;
        memcpy(to, s.data, n);
        s = str_make(s.data + n, s.len - n);
    }
    return NULL;
}

/* Code points */

FN(ascii)
{
    struct str s = ARG_STR(0);
    size_t used;
    return give_int(s.len ? utf8_decode(s, &used) : 0, out);
}

FN(chr)
{
    int64_t code = ARG_I(0);
    if (code < 0)
        return err_new("22023", "character number must be positive");
    if (code == 0)
        return err_new("54000", "null character not permitted");
    if (code > 0x10ffff)
        return err_new("54000", "requested character too large for encoding: %u", (unsigned)code);
    char *p = arena_alloc(c->arena, 4);
    size_t n = utf8_encode((uint32_t)code, p);
    if (!n)
        return err_new("54000", "requested character not valid for encoding: %u", (unsigned)code);
    *out = datum_bytes(p, n);
    return NULL;
}

/* Casts and length coercions */

FN(as_is)
{
    *out = c->args[0];
    return NULL;
}

FN(text_name)
{
    struct str s = ARG_STR(0);
    return give_str(str_make(s.data, utf8_clip(s, 63)), out);
}

FN(bpchar_name)
{
    struct str s = without_padding(ARG_STR(0));
    return give_str(str_make(s.data, utf8_clip(s, 63)), out);
}

FN(coerce_varchar)
{
    return type_apply_typmod(type_by_oid(VARCHAR_OID), c->args[0], (int32_t)ARG_I(1), ARG_I(2),
                             c->arena, out);
}

FN(coerce_bpchar)
{
    return type_apply_typmod(type_by_oid(BPCHAR_OID), c->args[0], (int32_t)ARG_I(1), ARG_I(2),
                             c->arena, out);
}

FN(nameconcatoid)
{
    struct str s = ARG_STR(0);
    char suffix[16] = "_";
    size_t n = 1;
    char digits[16];
    size_t k = 0;
    uint32_t v = (uint32_t)ARG_I(1);
    do
        digits[k++] = (char)('0' + v % 10);
    while (v /= 10);
    while (k)
        suffix[n++] = digits[--k];
    struct str head = str_make(s.data, utf8_clip(s, 63 - n));
    return joined(c, head, str_make(suffix, n), out);
}

const struct fn_entry fn_text_table[] = {
    ENTRY(textlen),
    ENTRY(bpcharlen),
    {"textoctetlen", f_octet_length},
    {"bpcharoctetlen", f_octet_length},
    {"byteaoctetlen", f_octet_length},
    {"sql:bit_length:25", f_bit_length},
    {"sql:bit_length:17", f_bit_length},
    ENTRY(lower),
    ENTRY(upper),
    ENTRY(initcap),
    ENTRY(textcat),
    {"select $1 operator(pg_catalog.||) $2::pg_catalog.text", f_textanycat},
    {"sql:textanycat:25 2776", f_textanycat},
    {"select $1::pg_catalog.text operator(pg_catalog.||) $2", f_anytextcat},
    {"sql:anytextcat:2776 25", f_anytextcat},
    ENTRY(text_substr),
    ENTRY(text_substr_no_len),
    ENTRY(text_left),
    ENTRY(text_right),
    ENTRY(textoverlay),
    ENTRY(textoverlay_no_len),
    ENTRY(textpos),
    ENTRY(text_starts_with),
    ENTRY(split_part),
    ENTRY(lpad),
    ENTRY(rpad),
    {"sql:lpad:25 23", f_lpad},
    {"sql:rpad:25 23", f_rpad},
    ENTRY(btrim),
    ENTRY(ltrim),
    ENTRY(rtrim),
    {"btrim1", f_btrim},
    {"ltrim1", f_ltrim},
    {"rtrim1", f_rtrim},
    ENTRY(replace_text),
    ENTRY(translate),
    ENTRY(repeat),
    ENTRY(text_reverse),
    ENTRY(ascii),
    ENTRY(chr),
    {"name_text", f_as_is},
    {"name_bpchar", f_as_is},
    ENTRY(text_name),
    ENTRY(bpchar_name),
    {"varchar", f_coerce_varchar},
    {"bpchar", f_coerce_bpchar},
    ENTRY(nameconcatoid),
};
TABLE_END(fn_text);
