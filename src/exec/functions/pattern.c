/* Templates for dates and times: see pattern.h. */
#include "exec/functions/pattern.h"

#include "types/text.h"

static const struct {
    const char *word; /* upper case */
    enum pattern_key key;
    bool has_case; /* title case is known too: Month */
    bool numeric;
    int digits;
} words[] = {
    /* Longer words first where one begins with another. */
    {"A.D.", PK_AD_DOTS, false, false, 0}, {"A.M.", PK_AM_DOTS, false, false, 0},
    {"AD", PK_AD, false, false, 0},        {"AM", PK_AM, false, false, 0},
    {"B.C.", PK_AD_DOTS, false, false, 0}, {"BC", PK_AD, false, false, 0},
    {"CC", PK_CC, false, true, 0},         {"DAY", PK_DAY, true, false, 0},
    {"DDD", PK_DDD, false, true, 0},       {"DD", PK_DD, false, true, 0},
    {"DY", PK_DY, true, false, 0},         {"D", PK_D, false, true, 0},
    {"FF1", PK_FF, false, true, 1},        {"FF2", PK_FF, false, true, 2},
    {"FF3", PK_FF, false, true, 3},        {"FF4", PK_FF, false, true, 4},
    {"FF5", PK_FF, false, true, 5},        {"FF6", PK_FF, false, true, 6},
    {"FX", PK_FX, false, false, 0},        {"HH24", PK_HH24, false, true, 0},
    {"HH12", PK_HH12, false, true, 0},     {"HH", PK_HH12, false, true, 0},
    {"IDDD", PK_IDDD, false, true, 0},     {"ID", PK_ID, false, true, 0},
    {"IW", PK_IW, false, true, 0},         {"IYYY", PK_IYYY, false, true, 0},
    {"IYY", PK_IYY, false, true, 0},       {"IY", PK_IY, false, true, 0},
    {"I", PK_I, false, true, 0},           {"J", PK_J, false, true, 0},
    {"MI", PK_MI, false, true, 0},         {"MM", PK_MM, false, true, 0},
    {"MONTH", PK_MONTH, true, false, 0},   {"MON", PK_MON, true, false, 0},
    {"MS", PK_MS, false, true, 0},         {"OF", PK_OF, false, false, 0},
    {"P.M.", PK_AM_DOTS, false, false, 0}, {"PM", PK_AM, false, false, 0},
    {"Q", PK_Q, false, true, 0},           {"RM", PK_RM, false, false, 0},
    {"SSSSS", PK_SSSS, false, true, 0},    {"SSSS", PK_SSSS, false, true, 0},
    {"SS", PK_SS, false, true, 0},         {"TZH", PK_TZH, false, false, 0},
    {"TZM", PK_TZM, false, true, 0},       {"TZ", PK_TZ, false, false, 0},
    {"US", PK_US, false, true, 0},         {"WW", PK_WW, false, true, 0},
    {"W", PK_W, false, true, 0},           {"Y,YYY", PK_Y_YYY, false, true, 0},
    {"YYYY", PK_YYYY, false, true, 0},     {"YYY", PK_YYY, false, true, 0},
    {"YY", PK_YY, false, true, 0},         {"Y", PK_Y, false, true, 0},
};

static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

/* The text begins with the word: in upper or in lower case throughout, or as a title. */
static bool begins_with(struct str s, const char *word, bool title, enum pattern_case *letters)
{
    size_t n = strlen(word);
    if (s.len < n)
        return false;
    bool upper_case = true, lower_case = true, title_case = title;
    for (size_t i = 0; i < n; i++) {
        upper_case &= s.data[i] == word[i];
        lower_case &= s.data[i] == lower(word[i]);
        title_case &= s.data[i] == (i ? lower(word[i]) : word[i]);
    }
    *letters = upper_case ? PCASE_UPPER : title_case ? PCASE_TITLE : PCASE_LOWER;
    return upper_case || lower_case || title_case;
}

static bool take(struct str s, size_t *at, const char *word)
{
    enum pattern_case letters;
    if (!begins_with(str_make(s.data + *at, s.len - *at), word, false, &letters))
        return false;
    *at += strlen(word);
    return true;
}

/* TH, th, SP behind a key word. */
static void read_suffix(struct str s, size_t *at, struct pattern_node *n)
{
    if (s.len - *at >= 2 &&
        (memcmp(s.data + *at, "TH", 2) == 0 || memcmp(s.data + *at, "th", 2) == 0)) {
        n->ordinal = true;
        n->ordinal_low = s.data[*at] == 't';
        *at += 2;
    } else {
        take(s, at, "SP"); /* spelled-out numbers are not known; the suffix is dropped */
    }
}

static bool read_key(struct str s, size_t *at, struct pattern_node *n)
{
    size_t from = *at;
    bool fill = false;
    if (take(s, &from, "FM"))
        fill = true;
    else if (take(s, &from, "TM"))
        fill = true; /* names in the locale's language: the same, without padding */
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
        enum pattern_case letters;
        struct str rest = str_make(s.data + from, s.len - from);
        if (!begins_with(rest, words[i].word, words[i].has_case, &letters))
            continue;
        *n = (struct pattern_node){.type = NODE_KEY,
                                   .key = words[i].key,
                                   .letters = letters,
                                   .digits = words[i].digits,
                                   .numeric = words[i].numeric,
                                   .fill = fill,
                                   .text = str_make(s.data + from, strlen(words[i].word))};
        *at = from + strlen(words[i].word);
        read_suffix(s, at, n);
        return true;
    }
    return false;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_separator(char c)
{
    return c > ' ' && c < 0x7f && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
           !(c >= '0' && c <= '9');
}

static void text_node(struct str s, size_t *at, bool quoted, struct pattern_node *n)
{
    size_t len = utf8_char_bytes((uint8_t)s.data[*at]);
    if (len > s.len - *at)
        len = s.len - *at;
    char c = s.data[*at];
    *n = (struct pattern_node){.text = str_make(s.data + *at, len), .quoted = quoted};
    n->type = quoted            ? NODE_TEXT
              : is_space(c)     ? NODE_SPACE
              : is_separator(c) ? NODE_SEPARATOR
                                : NODE_TEXT;
    *at += len;
}

struct err *pattern_parse(struct str s, struct arena *arena, struct pattern *out)
{
    struct pattern_node *nodes = arena_try_alloc(arena, sizeof(*nodes) * (s.len + 1));
    if (!nodes)
        return err_oom();
    size_t n = 0;
    bool quoted = false;
    for (size_t at = 0; at < s.len;) {
        char c = s.data[at];
        if (quoted) {
            if (c == '"') {
                quoted = false;
                at++;
                continue;
            }
            if (c == '\\' && at + 1 < s.len)
                at++;
            text_node(s, &at, true, &nodes[n++]);
            continue;
        }
        if (c == '"') {
            quoted = true;
            at++;
            continue;
        }
        /* Outside of quotes a backslash only protects a quotation mark. */
        if (c == '\\' && at + 1 < s.len && s.data[at + 1] == '"') {
            at++;
            text_node(s, &at, true, &nodes[n++]);
            continue;
        }
        if (read_key(s, &at, &nodes[n])) {
            n++;
            continue;
        }
        text_node(s, &at, false, &nodes[n++]);
    }
    *out = (struct pattern){nodes, n};
    return NULL;
}
