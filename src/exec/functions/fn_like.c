/* LIKE and ILIKE over text, char(n), name and bytea. */
#include "exec/functions/fn_internal.h"

#include "types/text.h"

#include <utf8proc.h>

static struct err *bad_end(void)
{
    return err_new("22025", "LIKE pattern must not end with escape character");
}

static size_t step(struct str s, size_t at, bool chars)
{
    size_t n = chars ? utf8_char_bytes((uint8_t)s.data[at]) : 1;
    return at + n <= s.len ? at + n : s.len;
}

/* Tries the literal part of the pattern up to the next %; a mismatch goes back to the last % and
 * one character on. Time is bounded by the product of the lengths. */
static struct err *like(struct str s, struct str p, bool chars, bool *match)
{
    size_t at = 0, pat = 0;
    size_t star_pat = SIZE_MAX, star_at = 0;
    *match = false;
    for (;;) {
        bool ok;
        if (pat < p.len && p.data[pat] == '%') {
            while (pat < p.len && p.data[pat] == '%')
                pat++;
            if (pat == p.len) {
                *match = true;
                return NULL;
            }
            star_pat = pat;
            star_at = at;
            continue;
        }
        if (pat == p.len) {
            if (at == s.len) {
                *match = true;
                return NULL;
            }
            ok = false;
        } else if (at == s.len) {
            /* The pattern wants more: no later start can match either. */
            return NULL;
        } else if (p.data[pat] == '_') {
            at = step(s, at, chars);
            pat++;
            ok = true;
        } else {
            size_t literal = pat;
            if (p.data[pat] == '\\' && ++literal == p.len)
                return bad_end();
            ok = s.data[at] == p.data[literal];
            if (ok) {
                at++;
                pat = literal + 1;
            }
        }
        if (ok)
            continue;
        if (star_pat == SIZE_MAX || star_at == s.len)
            return NULL;
        star_at = step(s, star_at, chars);
        at = star_at;
        pat = star_pat;
    }
}

static struct err *like_call(struct fn_call *c, bool chars, bool want, struct datum *out)
{
    bool match;
    TRY(like(ARG_STR(0), ARG_STR(1), chars, &match));
    return give_bool(match == want, out);
}

FN(textlike)
{
    return like_call(c, true, true, out);
}

FN(textnlike)
{
    return like_call(c, true, false, out);
}

FN(bytealike)
{
    return like_call(c, false, true, out);
}

FN(byteanlike)
{
    return like_call(c, false, false, out);
}

static struct err *folded(struct fn_call *c, struct str s, struct str *out)
{
    char *p = arena_try_alloc(c->arena, s.len + s.len / 2 + 4);
    if (!p)
        return err_oom();
    size_t n = 0;
    for (size_t at = 0; at < s.len;) {
        uint8_t ch = (uint8_t)s.data[at];
        if (ch < 0x80) {
            p[n++] = (char)(ch >= 'A' && ch <= 'Z' ? ch + 32 : ch);
            at++;
            continue;
        }
        size_t used;
        int32_t code = (int32_t)utf8_decode(str_make(s.data + at, s.len - at), &used);
        n += utf8_encode((uint32_t)utf8proc_tolower(code), p + n);
        at += used;
    }
    *out = str_make(p, n);
    return NULL;
}

static struct err *ilike_call(struct fn_call *c, bool want, struct datum *out)
{
    struct arena_mark mark = arena_mark(c->arena);
    struct str s, p;
    TRY(folded(c, ARG_STR(0), &s));
    TRY(folded(c, ARG_STR(1), &p));
    bool match;
    TRY(like(s, p, true, &match));
    arena_rewind(c->arena, mark);
    return give_bool(match == want, out);
}

FN(texticlike)
{
    return ilike_call(c, true, out);
}

FN(texticnlike)
{
    return ilike_call(c, false, out);
}

/* The pattern with another escape character, or none, as one with the backslash. */
static struct err *escape_pattern(struct fn_call *c, bool chars, struct datum *out)
{
    struct str p = ARG_STR(0), escape = ARG_STR(1);
    size_t escape_chars = chars ? utf8_count(escape) : escape.len;
    if (escape_chars > 1)
        return err_hint(err_new("22025", "invalid escape string"),
                        "Escape string must be empty or one character.");
    char *to;
    TRY(give_bytes(c, 2 * p.len, &to, out));
    size_t n = 0;
    bool after_escape = false;
    for (size_t at = 0; at < p.len;) {
        size_t end = step(p, at, chars);
        struct str ch = str_make(p.data + at, end - at);
        at = end;
        if (escape.len && str_eq(ch, escape) && !after_escape) {
            if (!(escape.len == 1 && escape.data[0] == '\\')) {
                to[n++] = '\\';
                after_escape = true;
                continue;
            }
            after_escape = true;
            to[n++] = '\\';
            continue;
        }
        if (ch.data[0] == '\\' && !after_escape)
            to[n++] = '\\';
        memcpy(to + n, ch.data, ch.len);
        n += ch.len;
        after_escape = false;
    }
    out->len = (uint32_t)n;
    return NULL;
}

FN(like_escape)
{
    return escape_pattern(c, true, out);
}

FN(like_escape_bytea)
{
    return escape_pattern(c, false, out);
}

const struct fn_entry fn_like_table[] = {
    ENTRY(textlike),
    ENTRY(textnlike),
    ENTRY(bytealike),
    ENTRY(byteanlike),
    {"namelike", f_textlike},
    {"namenlike", f_textnlike},
    {"bpcharlike", f_textlike},
    {"bpcharnlike", f_textnlike},
    ENTRY(texticlike),
    ENTRY(texticnlike),
    {"nameiclike", f_texticlike},
    {"nameicnlike", f_texticnlike},
    {"bpchariclike", f_texticlike},
    {"bpcharicnlike", f_texticnlike},
    ENTRY(like_escape),
    ENTRY(like_escape_bytea),
};
TABLE_END(fn_like);
