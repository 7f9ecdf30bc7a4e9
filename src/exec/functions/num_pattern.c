/* Templates for numbers: see num_pattern.h. */
#include "exec/functions/num_pattern.h"

#include "types/text.h"

static const struct {
    const char *word;
    enum num_key key;
} words[] = {
    {",", NK_COMMA},  {".", NK_POINT},     {"0", NK_ZERO},     {"9", NK_NINE},
    {"B", NK_BLANK},  {"C", NK_TEXT},      {"D", NK_POINT},    {"EEEE", NK_EEEE},
    {"FM", NK_FILL},  {"G", NK_GROUP},     {"L", NK_CURRENCY}, {"MI", NK_MINUS},
    {"PL", NK_PLUS},  {"PR", NK_BRACKETS}, {"RN", NK_ROMAN},   {"SG", NK_SIGN_BOTH},
    {"SP", NK_SPELL}, {"S", NK_SIGN},      {"TH", NK_ORDINAL}, {"V", NK_SHIFT},
};

static struct err *syntax(const char *message)
{
    return err_new("42601", "%s", message);
}

static bool read_word(struct str s, size_t *at, struct num_node *n)
{
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
        size_t len = strlen(words[i].word);
        if (s.len - *at < len || words[i].key == NK_TEXT)
            continue;
        bool upper = true, lower = true;
        for (size_t k = 0; k < len; k++) {
            char c = s.data[*at + k], w = words[i].word[k];
            upper &= c == w;
            lower &= c == (w >= 'A' && w <= 'Z' ? w + 32 : w);
        }
        if (!upper && !lower)
            continue;
        *n = (struct num_node){.key = words[i].key, .lower = !upper};
        *at += len;
        return true;
    }
    return false;
}

static struct err *add_digit(struct num_pattern *p, bool zero)
{
    if (p->brackets)
        return syntax(zero ? "\"0\" must be ahead of \"PR\"" : "\"9\" must be ahead of \"PR\"");
    if (!zero && p->has_shift) {
        p->shift++;
        return NULL;
    }
    if (zero && !p->zero && !p->decimal) {
        p->zero = true;
        p->zero_start = p->pre + 1;
    }
    if (p->decimal)
        p->post++;
    else
        p->pre++;
    if (zero)
        p->zero_end = p->pre + p->post;
    return NULL;
}

static struct err *add_sign(struct num_pattern *p)
{
    if (p->sign_key)
        return syntax("cannot use \"S\" twice");
    if (p->plus || p->minus || p->brackets)
        return syntax("cannot use \"S\" and \"PL\"/\"MI\"/\"SG\"/\"PR\" together");
    p->sign_key = true;
    p->sign = p->decimal ? SIGN_BEHIND : SIGN_BEFORE;
    if (!p->decimal)
        p->sign_at = p->pre;
    return NULL;
}

static struct err *add_scientific(struct num_pattern *p)
{
    if (p->scientific)
        return syntax("cannot use \"EEEE\" twice");
    if (p->blank || p->fill || p->sign_key || p->brackets || p->minus || p->plus || p->roman ||
        p->has_shift)
        return err_detail(syntax("\"EEEE\" is incompatible with other formats"),
                          "\"EEEE\" may only be used together with digit and decimal point "
                          "patterns.");
    p->scientific = true;
    return NULL;
}

static struct err *account(struct num_pattern *p, enum num_key key)
{
    if (p->scientific && key != NK_EEEE)
        return syntax("\"EEEE\" must be the last pattern used");
    switch (key) {
    case NK_NINE:
    case NK_ZERO:
        return add_digit(p, key == NK_ZERO);
    case NK_BLANK:
        p->blank |= p->pre == 0 && p->post == 0 && !p->zero;
        return NULL;
    case NK_POINT:
        if (p->decimal)
            return syntax("multiple decimal points");
        if (p->has_shift)
            return syntax("cannot use \"V\" and decimal point together");
        p->decimal = true;
        return NULL;
    case NK_FILL:
        p->fill = true;
        return NULL;
    case NK_SIGN:
        return add_sign(p);
    case NK_MINUS:
        if (p->sign_key)
            return syntax("cannot use \"S\" and \"MI\" together");
        p->minus = true;
        return NULL;
    case NK_PLUS:
        if (p->sign_key)
            return syntax("cannot use \"S\" and \"PL\" together");
        p->plus = true;
        return NULL;
    case NK_SIGN_BOTH:
        if (p->sign_key)
            return syntax("cannot use \"S\" and \"SG\" together");
        p->plus = p->minus = true;
        return NULL;
    case NK_BRACKETS:
        if (p->sign_key || p->plus || p->minus)
            return syntax("cannot use \"PR\" and \"S\"/\"PL\"/\"MI\"/\"SG\" together");
        p->brackets = true;
        return NULL;
    case NK_ROMAN:
        p->roman = true;
        return NULL;
    case NK_SHIFT:
        if (p->decimal)
            return syntax("cannot use \"V\" and decimal point together");
        p->has_shift = true;
        return NULL;
    case NK_EEEE:
        return add_scientific(p);
    case NK_TEXT:
    case NK_COMMA:
    case NK_GROUP:
    case NK_CURRENCY:
    case NK_SPELL:
    case NK_ORDINAL:
        return NULL;
    }
    UNREACHABLE();
}

static void text_node(struct str s, size_t *at, struct num_node *n)
{
    size_t len = utf8_char_bytes((uint8_t)s.data[*at]);
    if (len > s.len - *at)
        len = s.len - *at;
    *n = (struct num_node){.key = NK_TEXT, .text = str_make(s.data + *at, len)};
    *at += len;
}

struct err *num_pattern_parse(struct str s, struct arena *arena, struct num_pattern *out)
{
    *out = (struct num_pattern){0};
    out->nodes = arena_try_alloc(arena, sizeof(*out->nodes) * (s.len + 1));
    if (!out->nodes)
        return err_oom();
    bool quoted = false;
    for (size_t at = 0; at < s.len;) {
        char c = s.data[at];
        struct num_node *n = &out->nodes[out->count];
        if (c == '"') {
            quoted = !quoted;
            at++;
            continue;
        }
        if (c == '\\' && at + 1 < s.len && (quoted || s.data[at + 1] == '"')) {
            at++;
            text_node(s, &at, n);
        } else if (!quoted && read_word(s, &at, n)) {
            TRY(account(out, n->key));
        } else {
            text_node(s, &at, n);
        }
        out->count++;
    }
    return NULL;
}
