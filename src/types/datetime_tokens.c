/* Splitting date, time and interval input into fields, and what the fields have in common. */
#include "types/datetime_internal.h"

#include "types/types_internal.h"

#include <math.h>
#include <stdlib.h>

static bool is_alnum(char c)
{
    return is_alpha(c) || is_digit(c);
}

static bool is_separator(char c)
{
    return c == '-' || c == '/' || c == '.';
}

struct splitter {
    struct str s;
    size_t at;
    char *to;
    struct fields *f;
};

static char peek(const struct splitter *p)
{
    return p->at < p->s.len ? p->s.data[p->at] : 0;
}

static void copy(struct splitter *p)
{
    *p->to++ = to_lower(p->s.data[p->at++]);
}

static void copy_digits(struct splitter *p)
{
    while (is_digit(peek(p)))
        copy(p);
}

/* After digits and a separator. */
static enum field_type split_date(struct splitter *p)
{
    char separator = peek(p);
    copy(p);
    if (!is_digit(peek(p))) {
        while (is_alnum(peek(p)) || peek(p) == separator)
            copy(p);
        return FIELD_DATE;
    }
    enum field_type type = separator == '.' ? FIELD_NUMBER : FIELD_DATE;
    copy_digits(p);
    if (peek(p) == separator) {
        type = FIELD_DATE;
        while (is_digit(peek(p)) || peek(p) == separator)
            copy(p);
    }
    return type;
}

/* A field that begins with a digit. */
static enum field_type split_number(struct splitter *p)
{
    copy_digits(p);
    if (peek(p) == ':') {
        while (is_digit(peek(p)) || peek(p) == ':' || peek(p) == '.')
            copy(p);
        return FIELD_TIME;
    }
    return is_separator(peek(p)) ? split_date(p) : FIELD_NUMBER;
}

/* A field that begins with a letter: a word, or a date or zone name with more in it. */
static enum field_type split_word(struct splitter *p, const char *start)
{
    while (is_alpha(peek(p)))
        copy(p);
    bool more = is_separator(peek(p));
    if (!more && (peek(p) == '+' || is_digit(peek(p)))) {
        int value;
        *p->to = 0;
        more = date_word(start, &value) == WORD_UNKNOWN;
    }
    if (!more)
        return FIELD_STRING;
    while (is_alnum(peek(p)) || (peek(p) && strchr("+-/_.:", peek(p))))
        copy(p);
    return FIELD_DATE;
}

static enum parse_result split_signed(struct splitter *p, enum field_type *type)
{
    copy(p);
    while (is_space(peek(p)))
        p->at++;
    if (is_digit(peek(p)) || peek(p) == '.') {
        *type = FIELD_ZONE;
        copy(p);
        while (is_digit(peek(p)) || (peek(p) && strchr(":.-", peek(p))))
            copy(p);
        return PARSE_OK;
    }
    if (!is_alpha(peek(p)))
        return PARSE_BAD;
    *type = FIELD_SPECIAL;
    while (is_alpha(peek(p)))
        copy(p);
    return PARSE_OK;
}

enum parse_result split_fields(struct str text, struct fields *f)
{
    f->count = 0;
    if (text.len > MAX_TEXT || (text.len && memchr(text.data, 0, text.len)))
        return PARSE_BAD;
    struct splitter p = {.s = text, .to = f->buf, .f = f};
    while (p.at < text.len) {
        char c = peek(&p);
        if (is_space(c)) {
            p.at++;
            continue;
        }
        if (f->count == MAX_FIELDS)
            return PARSE_BAD;
        char *start = p.to;
        enum field_type type;
        if (is_digit(c)) {
            type = split_number(&p);
        } else if (c == '.') {
            type = FIELD_NUMBER;
            copy(&p);
            copy_digits(&p);
        } else if (is_alpha(c)) {
            type = split_word(&p, start);
        } else if (c == '+' || c == '-') {
            enum parse_result r = split_signed(&p, &type);
            if (r != PARSE_OK)
                return r;
        } else if (c > ' ' && c < 0x7f) {
            p.at++; /* other punctuation separates */
            continue;
        } else {
            return PARSE_BAD;
        }
        *p.to++ = 0;
        f->text[f->count] = start;
        f->type[f->count++] = type;
    }
    return PARSE_OK;
}

struct word {
    const char *text;
    enum word_type type;
    int value;
};

static const struct word words[] = {
    {"-infinity", WORD_NEG_INFINITY, 0},
    {"+infinity", WORD_INFINITY, 0},
    {"ad", WORD_ERA, 0},
    {"allballs", WORD_ALLBALLS, 0},
    {"am", WORD_AMPM, 0},
    {"apr", WORD_MONTH, 4},
    {"april", WORD_MONTH, 4},
    {"at", WORD_IGNORED, 0},
    {"aug", WORD_MONTH, 8},
    {"august", WORD_MONTH, 8},
    {"bc", WORD_ERA, 1},
    {"d", WORD_UNIT, 4},
    {"dec", WORD_MONTH, 12},
    {"december", WORD_MONTH, 12},
    {"dst", WORD_DST, 0},
    {"epoch", WORD_EPOCH, 0},
    {"feb", WORD_MONTH, 2},
    {"february", WORD_MONTH, 2},
    {"fri", WORD_WEEKDAY, 5},
    {"friday", WORD_WEEKDAY, 5},
    {"h", WORD_UNIT, 512},
    {"infinity", WORD_INFINITY, 0},
    {"j", WORD_JULIAN, 0},
    {"jan", WORD_MONTH, 1},
    {"january", WORD_MONTH, 1},
    {"jd", WORD_JULIAN, 0},
    {"jul", WORD_MONTH, 7},
    {"julian", WORD_JULIAN, 0},
    {"july", WORD_MONTH, 7},
    {"jun", WORD_MONTH, 6},
    {"june", WORD_MONTH, 6},
    {"m", WORD_UNIT, 2},
    {"mar", WORD_MONTH, 3},
    {"march", WORD_MONTH, 3},
    {"may", WORD_MONTH, 5},
    {"mm", WORD_UNIT, 1024},
    {"mon", WORD_WEEKDAY, 1},
    {"monday", WORD_WEEKDAY, 1},
    {"nov", WORD_MONTH, 11},
    {"november", WORD_MONTH, 11},
    {"now", WORD_NOW, 0},
    {"oct", WORD_MONTH, 10},
    {"october", WORD_MONTH, 10},
    {"on", WORD_IGNORED, 0},
    {"pm", WORD_AMPM, 12},
    {"s", WORD_UNIT, 2048},
    {"sat", WORD_WEEKDAY, 6},
    {"saturday", WORD_WEEKDAY, 6},
    {"sep", WORD_MONTH, 9},
    {"sept", WORD_MONTH, 9},
    {"september", WORD_MONTH, 9},
    {"sun", WORD_WEEKDAY, 0},
    {"sunday", WORD_WEEKDAY, 0},
    {"t", WORD_ISO_TIME, 0},
    {"thu", WORD_WEEKDAY, 4},
    {"thur", WORD_WEEKDAY, 4},
    {"thurs", WORD_WEEKDAY, 4},
    {"thursday", WORD_WEEKDAY, 4},
    {"today", WORD_DAY, 0},
    {"tomorrow", WORD_DAY, 1},
    {"tue", WORD_WEEKDAY, 2},
    {"tues", WORD_WEEKDAY, 2},
    {"tuesday", WORD_WEEKDAY, 2},
    {"wed", WORD_WEEKDAY, 3},
    {"wednesday", WORD_WEEKDAY, 3},
    {"weds", WORD_WEEKDAY, 3},
    {"y", WORD_UNIT, 1},
    {"yesterday", WORD_DAY, -1},
};

enum word_type date_word(const char *text, int *value)
{
    *value = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
        if (words[i].text[0] == text[0] && strcmp(words[i].text, text) == 0) {
            *value = words[i].value;
            return words[i].type;
        }
    return WORD_UNKNOWN;
}

const char *read_long(const char *p, int64_t *out, bool *ok)
{
    int64_t v = 0;
    *ok = true;
    for (; is_digit(*p); p++)
        *ok &= !__builtin_mul_overflow(v, 10, &v) && !__builtin_add_overflow(v, *p - '0', &v);
    *out = v;
    return p;
}

const char *read_int(const char *p, int *out, bool *ok)
{
    int64_t v = 0;
    *ok = true;
    for (; is_digit(*p); p++) {
        v = v * 10 + (*p - '0');
        if (v > INT32_MAX) {
            *ok = false;
            v = INT32_MAX;
        }
    }
    *out = (int)v;
    return p;
}

bool read_fraction(const char *p, double *out)
{
    if (*p != '.')
        return false;
    for (const char *q = p + 1; *q; q++)
        if (!is_digit(*q))
            return false;
    *out = p[1] ? strtod(p, NULL) : 0;
    return true;
}

bool read_fraction_us(const char *p, int *out)
{
    double fraction;
    if (!read_fraction(p, &fraction))
        return false;
    *out = (int)rint(fraction * 1000000);
    return true;
}

enum parse_result read_time(const char *p, int64_t *hour, int *minute, int *second, int *usec)
{
    bool ok;
    p = read_long(p, hour, &ok);
    if (!ok)
        return PARSE_FIELD_RANGE;
    if (*p != ':')
        return PARSE_BAD;
    p = read_int(p + 1, minute, &ok);
    if (!ok)
        return PARSE_FIELD_RANGE;
    *second = *usec = 0;
    if (*p == '.') { /* minutes and seconds */
        if (!read_fraction_us(p, usec))
            return PARSE_BAD;
        if (*hour > INT32_MAX)
            return PARSE_FIELD_RANGE;
        *second = *minute;
        *minute = (int)*hour;
        *hour = 0;
    } else if (*p == ':') {
        p = read_int(p + 1, second, &ok);
        if (!ok)
            return PARSE_FIELD_RANGE;
        if (*p == '.' ? !read_fraction_us(p, usec) : *p != 0)
            return PARSE_BAD;
    } else if (*p) {
        return PARSE_BAD;
    }
    if (*minute > 59 || *second > 60)
        return PARSE_FIELD_RANGE;
    return PARSE_OK;
}

struct err *parse_error(enum parse_result r, const char *type_name, struct str text)
{
    switch (r) {
    case PARSE_OK:
        return NULL;
    case PARSE_BAD:
        return err_new("22007", "invalid input syntax for type %s: \"%.*s\"", type_name,
                       STR_ARG(text));
    case PARSE_FIELD_RANGE:
        return err_new("22008", "date/time field value out of range: \"%.*s\"", STR_ARG(text));
    case PARSE_MONTH_DAY:
        return err_hint(
            err_new("22008", "date/time field value out of range: \"%.*s\"", STR_ARG(text)),
            "Perhaps you need a different \"datestyle\" setting.");
    case PARSE_ZONE_RANGE:
        return err_new("22009", "time zone displacement out of range: \"%.*s\"", STR_ARG(text));
    case PARSE_ZONE_UNKNOWN:
        return err_new("22023", "time zone \"%.*s\" not recognized", STR_ARG(text));
    }
    UNREACHABLE();
}
