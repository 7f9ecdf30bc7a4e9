/* Regular expression operators and functions, SIMILAR TO. See regex.h. */
#include "exec/functions/fn_internal.h"
#include "exec/functions/fn_regex.h"

#include "types/text.h"

/* Operators */

static struct err *matches(struct fn_call *c, bool icase, bool want, struct datum *out)
{
    struct regex *r;
    TRY(regex_compile(ARG_STR(1), (struct regex_flags){.icase = icase}, &r));
    bool found;
    TRY(regex_exec(r, ARG_STR(0), 0, 0, NULL, &found));
    return give_bool(found == want, out);
}

FN(textregexeq)
{
    return matches(c, false, true, out);
}

FN(textregexne)
{
    return matches(c, false, false, out);
}

FN(texticregexeq)
{
    return matches(c, true, true, out);
}

FN(texticregexne)
{
    return matches(c, true, false, out);
}

/* Walking over the matches in a string */

struct err *regex_walk_init(struct regex_walk *w, struct str s, struct str pattern,
                            struct regex_flags flags)
{
    struct regex *r;
    TRY(regex_compile(pattern, flags, &r));
    *w = (struct regex_walk){.s = s, .pattern = pattern, .flags = flags};
    w->groups = regex_groups(r);
    if (w->groups > REGEX_WALK_GROUPS)
        return err_new("2201B", "invalid regular expression: too many subexpressions");
    return NULL;
}

/* A match of no characters moves the next search on by one. */
struct err *regex_walk_next(struct regex_walk *w, bool *found)
{
    *found = false;
    if (w->search > w->s.len)
        return NULL;
    struct regex *r;
    TRY(regex_compile(w->pattern, w->flags, &r)); /* from the cache */
    TRY(regex_exec(r, w->s, w->search, w->groups + 1, w->spans, found));
    if (!*found)
        return NULL;
    size_t end = (size_t)w->spans[1];
    w->search = end;
    if (w->spans[0] == w->spans[1])
        w->search += end < w->s.len ? utf8_char_bytes((uint8_t)w->s.data[end]) : 1;
    return NULL;
}

static struct datum span_text(const struct regex_walk *w, int group)
{
    int64_t from = w->spans[2 * group], to = w->spans[2 * group + 1];
    if (from < 0)
        return datum_null();
    return datum_bytes(w->s.data + from, (size_t)(to - from));
}

/* The groups of a match, or the match itself when there are none, as text[]. */
struct err *regex_walk_array(const struct regex_walk *w, struct arena *arena, struct datum *out)
{
    struct datum small[16];
    int n = w->groups ? w->groups : 1;
    struct datum *items = small;
    if (n > (int)ARRAY_LENGTH(small)) {
        items = arena_try_alloc(arena, sizeof(*items) * (size_t)n);
        if (!items)
            return err_oom();
    }
    for (int i = 0; i < n; i++)
        items[i] = span_text(w, w->groups ? i + 1 : 0);
    return array_make_1d(type_by_oid(TEXT_OID), items, (size_t)n, arena, out);
}

struct err *regex_no_global(struct regex_flags flags, const char *function)
{
    if (!flags.global)
        return NULL;
    return err_new("22023", "%s does not support the \"global\" option", function);
}

static struct err *flags_argument(struct fn_call *c, int i, struct regex_flags *flags)
{
    return regex_parse_flags(i < c->nargs ? ARG_STR(i) : STR(""), flags);
}

FN(regexp_match)
{
    struct regex_flags flags;
    TRY(flags_argument(c, 2, &flags));
    if (flags.global)
        return err_hint(regex_no_global(flags, "regexp_match()"),
                        "Use the regexp_matches function instead.");
    struct regex_walk w;
    bool found;
    TRY(regex_walk_init(&w, ARG_STR(0), ARG_STR(1), flags));
    TRY(regex_walk_next(&w, &found));
    return found ? regex_walk_array(&w, c->arena, out) : give_null(out);
}

FN(textregexsubstr)
{
    struct regex_walk w;
    bool found;
    TRY(regex_walk_init(&w, ARG_STR(0), ARG_STR(1), (struct regex_flags){0}));
    TRY(regex_walk_next(&w, &found));
    *out = found ? span_text(&w, w.groups ? 1 : 0) : datum_null();
    return NULL;
}

/* Replacing */

/* \1 to \9, \& and \\ in the replacement. */
static void put_replacement(struct buf *b, const struct regex_walk *w, struct str with)
{
    for (size_t i = 0; i < with.len; i++) {
        char ch = with.data[i];
        if (ch != '\\' || i + 1 == with.len) {
            buf_put_u8(b, (uint8_t)ch);
            continue;
        }
        char next = with.data[++i];
        int group = next == '&' ? 0 : next >= '1' && next <= '9' ? next - '0' : -1;
        if (group >= 0) {
            struct datum d = group <= w->groups ? span_text(w, group) : datum_null();
            if (!d.null)
                buf_put(b, d.p, d.len);
        } else {
            if (next != '\\')
                buf_put_u8(b, '\\');
            buf_put_u8(b, (uint8_t)next);
        }
    }
}

/* Replaces match number n, or all when n is 0, from character `start` on. */
static struct err *replace(struct fn_call *c, struct regex_flags flags, int64_t start, int64_t n,
                           struct datum *out)
{
    struct str s = ARG_STR(0), with = ARG_STR(2);
    struct regex_walk w;
    TRY(regex_walk_init(&w, s, ARG_STR(1), flags));
    w.search = start > 1 ? utf8_prefix_bytes(s, (size_t)(start - 1)) : 0;
    if (start > 1 && start - 1 > (int64_t)utf8_count(s))
        return give_str(s, out);
    struct buf b = BUF_INIT;
    size_t done = 0;
    bool plain = !with.len || !memchr(with.data, '\\', with.len);
    struct err *e = NULL;
    for (int64_t k = 1;; k++) {
        bool found;
        e = regex_walk_next(&w, &found);
        if (e || !found)
            break;
        if (n && k != n)
            continue;
        buf_put(&b, s.data + done, (size_t)w.spans[0] - done);
        if (plain)
            buf_put_str(&b, with);
        else
            put_replacement(&b, &w, with);
        done = (size_t)w.spans[1];
        if (n)
            break;
    }
    if (e) {
        buf_done(&b);
        return e;
    }
    buf_put(&b, s.data + done, s.len - done);
    return give_buf(c, &b, out);
}

FN(textregexreplace_noopt)
{
    return replace(c, (struct regex_flags){0}, 1, 1, out);
}

FN(textregexreplace)
{
    struct str text = ARG_STR(3);
    if (text.len && text.data[0] >= '0' && text.data[0] <= '9')
        return err_hint(
            err_new("22023", "invalid regular expression option: \"%.*s\"", 1, text.data),
            "If you meant to use regexp_replace() with a start parameter, cast the "
            "fourth argument to integer explicitly.");
    struct regex_flags flags;
    TRY(regex_parse_flags(text, &flags));
    return replace(c, flags, 1, flags.global ? 0 : 1, out);
}

static struct err *bad_parameter(const char *name, int64_t v)
{
    return err_new("22023", "invalid value for parameter \"%s\": %lld", name, (long long)v);
}

FN(textregexreplace_extended)
{
    int64_t start = ARG_I(3), n = c->nargs > 4 ? ARG_I(4) : 1;
    if (start <= 0)
        return bad_parameter("start", start);
    if (n < 0)
        return bad_parameter("n", n);
    struct regex_flags flags;
    TRY(flags_argument(c, 5, &flags));
    return replace(c, flags, start, n, out);
}

/* regexp_count, regexp_like, regexp_instr, regexp_substr */

static struct err *walk_from(struct fn_call *c, int start_arg, int flags_arg, const char *function,
                             struct regex_walk *w)
{
    struct regex_flags flags;
    int64_t start = start_arg < c->nargs ? ARG_I(start_arg) : 1;
    if (start <= 0)
        return bad_parameter("start", start);
    TRY(flags_argument(c, flags_arg, &flags));
    TRY(regex_no_global(flags, function));
    struct str s = ARG_STR(0);
    TRY(regex_walk_init(w, s, ARG_STR(1), flags));
    w->search = utf8_prefix_bytes(s, (size_t)(start - 1));
    if (start - 1 > (int64_t)utf8_count(s))
        w->search = s.len + 1; /* nothing to find */
    return NULL;
}

FN(regexp_count)
{
    struct regex_walk w;
    TRY(walk_from(c, 2, 3, "regexp_count()", &w));
    int64_t n = 0;
    for (bool found = true; found; n += found)
        TRY(regex_walk_next(&w, &found));
    return give_int(n, out);
}

FN(regexp_like)
{
    struct regex_walk w;
    bool found;
    TRY(walk_from(c, INT32_MAX, 2, "regexp_like()", &w));
    TRY(regex_walk_next(&w, &found));
    return give_bool(found, out);
}

/* Moves to match number n. */
static struct err *nth_match(struct regex_walk *w, int64_t n, bool *found)
{
    *found = true;
    for (int64_t k = 0; k < n && *found; k++)
        TRY(regex_walk_next(w, found));
    return NULL;
}

static struct err *check_positive(const char *name, int64_t v)
{
    return v <= 0 ? bad_parameter(name, v) : NULL;
}

FN(regexp_instr)
{
    int64_t n = c->nargs > 3 ? ARG_I(3) : 1, end_option = c->nargs > 4 ? ARG_I(4) : 0;
    int64_t group = c->nargs > 6 ? ARG_I(6) : 0;
    TRY(check_positive("start", c->nargs > 2 ? ARG_I(2) : 1));
    TRY(check_positive("n", n));
    if (end_option != 0 && end_option != 1)
        return bad_parameter("endoption", end_option);
    if (group < 0)
        return bad_parameter("subexpr", group);
    struct regex_walk w;
    TRY(walk_from(c, 2, 5, "regexp_instr()", &w));
    bool found;
    TRY(nth_match(&w, n, &found));
    if (!found || group > w.groups)
        return give_int(0, out);
    int64_t at = w.spans[2 * group + end_option];
    if (at < 0)
        return give_int(0, out);
    return give_int((int64_t)utf8_count(str_make(w.s.data, (size_t)at)) + 1, out);
}

FN(regexp_substr)
{
    int64_t n = c->nargs > 3 ? ARG_I(3) : 1, group = c->nargs > 5 ? ARG_I(5) : 0;
    TRY(check_positive("start", c->nargs > 2 ? ARG_I(2) : 1));
    TRY(check_positive("n", n));
    if (group < 0)
        return bad_parameter("subexpr", group);
    struct regex_walk w;
    TRY(walk_from(c, 2, 4, "regexp_substr()", &w));
    bool found;
    TRY(nth_match(&w, n, &found));
    *out = found && group <= w.groups ? span_text(&w, (int)group) : datum_null();
    return NULL;
}

/* Splitting: empty matches at the ends of the string and of the previous match do not count. */
struct err *regex_split_next(struct regex_walk *w, struct datum *piece, bool *more)
{
    if (w->finished) {
        *more = false;
        return NULL;
    }
    *more = true;
    for (;;) {
        bool found;
        TRY(regex_walk_next(w, &found));
        if (!found)
            break;
        size_t from = (size_t)w->spans[0], to = (size_t)w->spans[1];
        bool counts = from < w->s.len && to > w->last_end;
        w->last_end = to;
        if (!counts)
            continue;
        *piece = datum_bytes(w->s.data + w->done, from - w->done);
        w->done = to;
        return NULL;
    }
    *piece = datum_bytes(w->s.data + w->done, w->s.len - w->done);
    w->finished = true;
    return NULL;
}

FN(regexp_split_to_array)
{
    struct regex_flags flags;
    TRY(flags_argument(c, 2, &flags));
    TRY(regex_no_global(flags, "regexp_split_to_array()"));
    struct regex_walk w;
    TRY(regex_walk_init(&w, ARG_STR(0), ARG_STR(1), flags));
    struct array_items list = {0};
    for (;;) {
        struct datum piece;
        bool more;
        TRY(regex_split_next(&w, &piece, &more));
        if (!more)
            break;
        TRY(array_items_add(&list, c->arena, piece));
    }
    return array_make_1d(type_by_oid(TEXT_OID), list.items, list.count, c->arena, out);
}

/* SIMILAR TO: the SQL pattern as a regular expression. % is .*, _ is a dot, the rest of the
 * metacharacters mean themselves except | * + ? { } ( ) [ ]. Two escape-double-quotes separate
 * three parts, for substring. */

struct similar {
    struct buf out;
    bool in_bracket;
    int quotes; /* separators seen */
};

static void put_similar_char(struct similar *t, struct str ch)
{
    char first = ch.data[0];
    if (t->in_bracket) {
        if (first == '\\')
            buf_put_u8(&t->out, '\\');
        buf_put_str(&t->out, ch);
        t->in_bracket = first != ']';
    } else if (first == '[') {
        buf_put_u8(&t->out, '[');
        t->in_bracket = true;
    } else if (first == '%') {
        buf_put_c(&t->out, ".*");
    } else if (first == '_') {
        buf_put_u8(&t->out, '.');
    } else if (first == '(') {
        buf_put_c(&t->out, "(?:");
    } else if (first == '\\' || first == '.' || first == '^' || first == '$') {
        buf_put_u8(&t->out, '\\');
        buf_put_u8(&t->out, (uint8_t)first);
    } else {
        buf_put_str(&t->out, ch);
    }
}

static struct err *similar_separator(struct similar *t)
{
    if (t->quotes == 0)
        buf_put_c(&t->out, "){1,1}?(");
    else if (t->quotes == 1)
        buf_put_c(&t->out, "){1,1}(?:");
    else
        return err_new("2200C",
                       "SQL regular expression may not contain more than two escape-double-quote "
                       "separators");
    t->quotes++;
    return NULL;
}

static struct err *translate_similar(struct similar *t, struct str p, struct str escape)
{
    buf_put_c(&t->out, "^(?:");
    bool after_escape = false;
    for (size_t at = 0; at < p.len;) {
        size_t n = utf8_char_bytes((uint8_t)p.data[at]);
        if (n > p.len - at)
            n = p.len - at;
        struct str ch = str_make(p.data + at, n);
        at += n;
        if (after_escape) {
            if (ch.data[0] == '"' && !t->in_bracket) {
                TRY(similar_separator(t));
            } else {
                /* It stands for itself; letters and digits would mean something behind \. */
                if (n == 1)
                    buf_put_u8(&t->out, '\\');
                buf_put_str(&t->out, ch);
            }
            after_escape = false;
        } else if (escape.len && str_eq(ch, escape)) {
            after_escape = true;
        } else {
            put_similar_char(t, ch);
        }
    }
    buf_put_c(&t->out, ")$");
    return NULL;
}

static struct err *similar(struct fn_call *c, struct str escape, struct datum *out)
{
    if (utf8_count(escape) > 1)
        return err_hint(err_new("22025", "invalid escape string"),
                        "Escape string must be empty or one character.");
    struct similar t = {.out = BUF_INIT};
    struct err *e = translate_similar(&t, ARG_STR(0), escape);
    if (!e)
        return give_buf(c, &t.out, out);
    buf_done(&t.out);
    return e;
}

FN(similar_to_escape_1)
{
    return similar(c, STR("\\"), out);
}

FN(similar_to_escape_2)
{
    return similar(c, ARG_STR(1), out);
}

FN(similar_escape)
{
    if (c->args[0].null)
        return give_null(out);
    return similar(c, c->args[1].null ? STR("\\") : ARG_STR(1), out);
}

/* substring(text similar pattern escape e) */
FN(substring_similar)
{
    struct datum pattern;
    struct datum args[2] = {c->args[1], c->args[2]};
    struct fn_call inner = *c;
    inner.args = args;
    inner.nargs = 2;
    TRY(similar(&inner, datum_as_str(args[1]), &pattern));
    args[0] = c->args[0];
    args[1] = pattern;
    return f_textregexsubstr(&inner, out);
}

const struct fn_entry fn_regex_table[] = {
    ENTRY(textregexeq),
    ENTRY(textregexne),
    ENTRY(texticregexeq),
    ENTRY(texticregexne),
    {"nameregexeq", f_textregexeq},
    {"nameregexne", f_textregexne},
    {"nameicregexeq", f_texticregexeq},
    {"nameicregexne", f_texticregexne},
    ENTRY(regexp_match),
    {"regexp_match_no_flags", f_regexp_match},
    ENTRY(textregexsubstr),
    ENTRY(textregexreplace_noopt),
    ENTRY(textregexreplace),
    ENTRY(textregexreplace_extended),
    {"textregexreplace_extended_no_n", f_textregexreplace_extended},
    {"textregexreplace_extended_no_flags", f_textregexreplace_extended},
    ENTRY(regexp_count),
    {"regexp_count_no_start", f_regexp_count},
    {"regexp_count_no_flags", f_regexp_count},
    ENTRY(regexp_like),
    {"regexp_like_no_flags", f_regexp_like},
    ENTRY(regexp_instr),
    {"regexp_instr_no_start", f_regexp_instr},
    {"regexp_instr_no_n", f_regexp_instr},
    {"regexp_instr_no_endoption", f_regexp_instr},
    {"regexp_instr_no_flags", f_regexp_instr},
    {"regexp_instr_no_subexpr", f_regexp_instr},
    ENTRY(regexp_substr),
    {"regexp_substr_no_start", f_regexp_substr},
    {"regexp_substr_no_n", f_regexp_substr},
    {"regexp_substr_no_flags", f_regexp_substr},
    {"regexp_substr_no_subexpr", f_regexp_substr},
    ENTRY(regexp_split_to_array),
    {"regexp_split_to_array_no_flags", f_regexp_split_to_array},
    ENTRY(similar_to_escape_1),
    ENTRY(similar_to_escape_2),
    ENTRY(similar_escape),
    {"sql:substring:25 25 25", f_substring_similar},
};
TABLE_END(fn_regex);
