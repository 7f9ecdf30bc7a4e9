/* Character sets other than UTF-8, which is the only one of databases: convert, convert_to,
 * convert_from, length (manual section 9.5), by the C library's iconv. */
#include "exec/functions/fn_internal.h"

#include "types/text.h"

#include <errno.h>
#include <iconv.h>
#include <strings.h>

/* By pg_char_to_encoding's numbers. */
static const struct encoding {
    const char *name;
    const char *charset; /* NULL: not converted */
    const char *aliases; /* between blanks, without signs */
} encodings[] = {
    {"SQL_ASCII", NULL, " sqlascii "},
    {"EUC_JP", "EUC-JP", " eucjp "},
    {"EUC_CN", "EUC-CN", " euccn "},
    {"EUC_KR", "EUC-KR", " euckr "},
    {"EUC_TW", "EUC-TW", " euctw "},
    {"EUC_JIS_2004", "EUC-JISX0213", " eucjis2004 "},
    {"UTF8", "UTF-8", " utf8 unicode "},
    {"MULE_INTERNAL", NULL, " muleinternal "},
    {"LATIN1", "ISO-8859-1", " latin1 iso88591 "},
    {"LATIN2", "ISO-8859-2", " latin2 iso88592 "},
    {"LATIN3", "ISO-8859-3", " latin3 iso88593 "},
    {"LATIN4", "ISO-8859-4", " latin4 iso88594 "},
    {"LATIN5", "ISO-8859-9", " latin5 iso88599 "},
    {"LATIN6", "ISO-8859-10", " latin6 iso885910 "},
    {"LATIN7", "ISO-8859-13", " latin7 iso885913 "},
    {"LATIN8", "ISO-8859-14", " latin8 iso885914 "},
    {"LATIN9", "ISO-8859-15", " latin9 iso885915 "},
    {"LATIN10", "ISO-8859-16", " latin10 iso885916 "},
    {"WIN1256", "CP1256", " win1256 windows1256 "},
    {"WIN1258", "CP1258", " win1258 windows1258 abc tcvn tcvn5712 vscii "},
    {"WIN866", "CP866", " win866 windows866 alt "},
    {"WIN874", "CP874", " win874 windows874 "},
    {"KOI8R", "KOI8-R", " koi8r koi8 "},
    {"WIN1251", "CP1251", " win1251 windows1251 win "},
    {"WIN1252", "CP1252", " win1252 windows1252 "},
    {"ISO_8859_5", "ISO-8859-5", " iso88595 "},
    {"ISO_8859_6", "ISO-8859-6", " iso88596 "},
    {"ISO_8859_7", "ISO-8859-7", " iso88597 "},
    {"ISO_8859_8", "ISO-8859-8", " iso88598 "},
    {"WIN1250", "CP1250", " win1250 windows1250 "},
    {"WIN1253", "CP1253", " win1253 windows1253 "},
    {"WIN1254", "CP1254", " win1254 windows1254 "},
    {"WIN1255", "CP1255", " win1255 windows1255 "},
    {"WIN1257", "CP1257", " win1257 windows1257 "},
    {"KOI8U", "KOI8-U", " koi8u "},
    {"SJIS", "CP932", " sjis shiftjis mskanji win932 windows932 "},
    {"BIG5", "BIG5", " big5 win950 windows950 "},
    {"GBK", "GBK", " gbk win936 windows936 "},
    {"UHC", "CP949", " uhc win949 windows949 "},
    {"GB18030", "GB18030", " gb18030 "},
    {"JOHAB", "JOHAB", " johab "},
    {"SHIFT_JIS_2004", "SHIFT_JISX0213", " shiftjis2004 "},
};

static const struct encoding *find(struct str name)
{
    char plain[34] = " ";
    size_t n = 1;
    for (size_t i = 0; i < name.len && n < sizeof(plain) - 2; i++) {
        char ch = name.data[i];
        if ((ch | 32) >= 'a' && (ch | 32) <= 'z')
            plain[n++] = (char)(ch | 32);
        else if (ch >= '0' && ch <= '9')
            plain[n++] = ch;
    }
    plain[n++] = ' ';
    plain[n] = '\0';
    for (size_t i = 0; n > 2 && i < ARRAY_LENGTH(encodings); i++)
        if (strstr(encodings[i].aliases, plain))
            return &encodings[i];
    return NULL;
}

static struct err *bad_encoding(const char *which, struct str name)
{
    return err_new("22023", "invalid %sencoding name \"%.*s\"", which, STR_ARG(name));
}

static void put_bytes(struct buf *b, const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        buf_printf(b, "%s0x%02x", i ? " " : "", (unsigned char)p[i]);
}

static size_t sequence_length(const struct encoding *e, const char *p, size_t left)
{
    unsigned char first = (unsigned char)*p;
    size_t n = strcmp(e->name, "UTF8") != 0 ? 1
               : first >= 0xf0              ? 4
               : first >= 0xe0              ? 3
               : first >= 0xc0              ? 2
                                            : 1;
    return n < left ? n : left;
}

static struct err *stuck(const struct encoding *from, const struct encoding *to, const char *p,
                         size_t left, bool invalid)
{
    struct buf b = BUF_INIT;
    put_bytes(&b, p, sequence_length(from, p, left));
    struct err *e =
        invalid ? err_new("22021", "invalid byte sequence for encoding \"%s\": %s", from->name,
                          buf_cstr(&b))
                : err_new("22P05",
                          "character with byte sequence %s in encoding \"%s\" has no equivalent in "
                          "encoding \"%s\"",
                          buf_cstr(&b), from->name, to->name);
    buf_done(&b);
    return e;
}

static struct err *convert(struct fn_call *c, struct str in, const struct encoding *from,
                           const struct encoding *to, struct datum *out)
{
    if (from == to || !from->charset || !to->charset) {
        if (strcmp(from->name, "UTF8") == 0)
            TRY(utf8_verify(in));
        *out = datum_str(in);
        return NULL;
    }
    size_t cap = in.len * 4 + 16;
    char *bytes = arena_try_alloc(c->arena, cap);
    iconv_t cd = iconv_open(to->charset, from->charset);
    if (cd == (iconv_t)-1)
        return err_new("42883",
                       "default conversion function for encoding \"%s\" to \"%s\" does not exist",
                       from->name, to->name);
    char *p = (char *)in.data;
    char *q = bytes;
    size_t left = in.len;
    size_t room = cap;
    bool failed = !bytes || iconv(cd, &p, &left, &q, &room) == (size_t)-1;
    bool utf8 = strcmp(from->name, "UTF8") == 0;
    iconv_close(cd);
    if (!bytes)
        return err_oom();
    if (failed && utf8)
        TRY(utf8_verify(in));
    if (failed)
        return stuck(from, to, p, left, !utf8 && strcmp(to->name, "UTF8") != 0);
    *out = datum_bytes(bytes, (size_t)(q - bytes));
    return NULL;
}

static const struct encoding *utf8(void)
{
    return find(STR("utf8"));
}

FN(pg_convert)
{
    const struct encoding *from = find(ARG_STR(1));
    const struct encoding *to = find(ARG_STR(2));
    if (!from)
        return bad_encoding("source ", ARG_STR(1));
    if (!to)
        return bad_encoding("destination ", ARG_STR(2));
    return convert(c, ARG_STR(0), from, to, out);
}

FN(pg_convert_to)
{
    const struct encoding *to = find(ARG_STR(1));
    return to ? convert(c, ARG_STR(0), utf8(), to, out) : bad_encoding("destination ", ARG_STR(1));
}

FN(pg_convert_from)
{
    const struct encoding *from = find(ARG_STR(1));
    return from ? convert(c, ARG_STR(0), from, utf8(), out) : bad_encoding("source ", ARG_STR(1));
}

FN(length_in_encoding)
{
    const struct encoding *from = find(ARG_STR(1));
    struct datum text;
    if (!from)
        return bad_encoding("", ARG_STR(1));
    TRY(convert(c, ARG_STR(0), from, utf8(), &text));
    return give_int((int64_t)utf8_count(datum_as_str(text)), out);
}

const struct fn_entry fn_convert_table[] = {
    ENTRY(pg_convert),
    ENTRY(pg_convert_to),
    ENTRY(pg_convert_from),
    ENTRY(length_in_encoding),
};
TABLE_END(fn_convert);
