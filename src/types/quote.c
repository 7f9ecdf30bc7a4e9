/* Identifiers and literals as SQL text: see quote.h. */
#include "types/quote.h"

#include <string.h>

#include "base/check.h"

/* Key words that cannot stand for a name without quotes, sorted. */
static const char *const key_words[] = {
    "all",
    "analyse",
    "analyze",
    "and",
    "any",
    "array",
    "as",
    "asc",
    "asymmetric",
    "authorization",
    "between",
    "bigint",
    "binary",
    "bit",
    "boolean",
    "both",
    "case",
    "cast",
    "char",
    "character",
    "check",
    "coalesce",
    "collate",
    "collation",
    "column",
    "concurrently",
    "constraint",
    "create",
    "cross",
    "current_catalog",
    "current_date",
    "current_role",
    "current_schema",
    "current_time",
    "current_timestamp",
    "current_user",
    "dec",
    "decimal",
    "default",
    "deferrable",
    "desc",
    "distinct",
    "do",
    "else",
    "end",
    "except",
    "exists",
    "extract",
    "false",
    "fetch",
    "float",
    "for",
    "foreign",
    "freeze",
    "from",
    "full",
    "grant",
    "greatest",
    "group",
    "grouping",
    "having",
    "ilike",
    "in",
    "initially",
    "inner",
    "inout",
    "int",
    "integer",
    "intersect",
    "interval",
    "into",
    "is",
    "isnull",
    "join",
    "lateral",
    "leading",
    "least",
    "left",
    "like",
    "limit",
    "localtime",
    "localtimestamp",
    "national",
    "natural",
    "nchar",
    "none",
    "normalize",
    "not",
    "notnull",
    "null",
    "nullif",
    "numeric",
    "offset",
    "on",
    "only",
    "or",
    "order",
    "out",
    "outer",
    "overlaps",
    "overlay",
    "placing",
    "position",
    "precision",
    "primary",
    "real",
    "references",
    "returning",
    "right",
    "row",
    "select",
    "session_user",
    "setof",
    "similar",
    "smallint",
    "some",
    "substring",
    "symmetric",
    "table",
    "tablesample",
    "then",
    "time",
    "timestamp",
    "to",
    "trailing",
    "treat",
    "trim",
    "true",
    "union",
    "unique",
    "user",
    "using",
    "values",
    "varchar",
    "variadic",
    "verbose",
    "when",
    "where",
    "window",
    "with",
    "xmlattributes",
    "xmlconcat",
    "xmlelement",
    "xmlexists",
    "xmlforest",
    "xmlnamespaces",
    "xmlparse",
    "xmlpi",
    "xmlroot",
    "xmlserialize",
    "xmltable",
};

static bool is_key_word(struct str s)
{
    size_t low = 0, high = ARRAY_LENGTH(key_words);
    while (low < high) {
        size_t mid = (low + high) / 2;
        int r = str_cmp(s, str_from(key_words[mid]));
        if (r == 0)
            return true;
        if (r < 0)
            high = mid;
        else
            low = mid + 1;
    }
    return false;
}

static bool plain_identifier(struct str s)
{
    if (s.len == 0 || !((s.data[0] >= 'a' && s.data[0] <= 'z') || s.data[0] == '_'))
        return false;
    for (size_t i = 1; i < s.len; i++) {
        char ch = s.data[i];
        if (!((ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9') || ch == '_'))
            return false;
    }
    return !is_key_word(s);
}

static void put_doubled(struct buf *b, struct str s, char quote, bool backslash)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.data[i] == quote || (backslash && s.data[i] == '\\'))
            buf_put_u8(b, (uint8_t)s.data[i]);
        buf_put_u8(b, (uint8_t)s.data[i]);
    }
}

void quote_identifier_str(struct buf *b, struct str s)
{
    if (plain_identifier(s)) {
        buf_put_str(b, s);
        return;
    }
    buf_put_u8(b, '"');
    put_doubled(b, s, '"', false);
    buf_put_u8(b, '"');
}

void quote_literal(struct buf *b, struct str s)
{
    if (s.len && memchr(s.data, '\\', s.len))
        buf_put_u8(b, 'E');
    buf_put_u8(b, '\'');
    put_doubled(b, s, '\'', true);
    buf_put_u8(b, '\'');
}

void quote_identifier(struct buf *b, const char *name)
{
    quote_identifier_str(b, str_from(name));
}

bool quote_take_field(struct str text, size_t *at, const char *ends, struct arena *arena,
                      struct str *out)
{
    size_t i = *at;
    size_t n = 0;
    bool quoted = false;
    char *p = arena_alloc(arena, text.len - i + 1);
    for (; i < text.len && (quoted || !strchr(ends, text.data[i])); i++) {
        char c = text.data[i];
        if (c == '\\') {
            if (++i == text.len)
                break;
            p[n++] = text.data[i];
        } else if (c == '"' && quoted && i + 1 < text.len && text.data[i + 1] == '"') {
            p[n++] = '"';
            i++;
        } else if (c == '"') {
            quoted = !quoted;
        } else {
            p[n++] = c;
        }
    }
    p[n] = '\0';
    *out = str_make(p, n);
    *at = i;
    return i < text.len;
}
