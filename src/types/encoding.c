/* Character sets other than UTF-8, by the C library's iconv. */
#include "types/encoding.h"

#include "types/text.h"

#include <errno.h>
#include <iconv.h>
#include <string.h>

struct encoding {
    const char *name;
    const char *charset; /* NULL: not converted */
    const char *aliases; /* between blanks, without signs */
    int max_bytes;       /* of a character */
};

/* By pg_char_to_encoding's numbers. */
static const struct encoding encodings[] = {
    {"SQL_ASCII", NULL, " sqlascii ", 1},
    {"EUC_JP", "EUC-JP", " eucjp ", 3},
    {"EUC_CN", "EUC-CN", " euccn ", 3},
    {"EUC_KR", "EUC-KR", " euckr ", 3},
    {"EUC_TW", "EUC-TW", " euctw ", 4},
    {"EUC_JIS_2004", "EUC-JISX0213", " eucjis2004 ", 3},
    {"UTF8", "UTF-8", " utf8 unicode ", 4},
    {"MULE_INTERNAL", NULL, " muleinternal ", 4},
    {"LATIN1", "ISO-8859-1", " latin1 iso88591 ", 1},
    {"LATIN2", "ISO-8859-2", " latin2 iso88592 ", 1},
    {"LATIN3", "ISO-8859-3", " latin3 iso88593 ", 1},
    {"LATIN4", "ISO-8859-4", " latin4 iso88594 ", 1},
    {"LATIN5", "ISO-8859-9", " latin5 iso88599 ", 1},
    {"LATIN6", "ISO-8859-10", " latin6 iso885910 ", 1},
    {"LATIN7", "ISO-8859-13", " latin7 iso885913 ", 1},
    {"LATIN8", "ISO-8859-14", " latin8 iso885914 ", 1},
    {"LATIN9", "ISO-8859-15", " latin9 iso885915 ", 1},
    {"LATIN10", "ISO-8859-16", " latin10 iso885916 ", 1},
    {"WIN1256", "CP1256", " win1256 windows1256 ", 1},
    {"WIN1258", "CP1258", " win1258 windows1258 abc tcvn tcvn5712 vscii ", 1},
    {"WIN866", "CP866", " win866 windows866 alt ", 1},
    {"WIN874", "CP874", " win874 windows874 ", 1},
    {"KOI8R", "KOI8-R", " koi8r koi8 ", 1},
    {"WIN1251", "CP1251", " win1251 windows1251 win ", 1},
    {"WIN1252", "CP1252", " win1252 windows1252 ", 1},
    {"ISO_8859_5", "ISO-8859-5", " iso88595 ", 1},
    {"ISO_8859_6", "ISO-8859-6", " iso88596 ", 1},
    {"ISO_8859_7", "ISO-8859-7", " iso88597 ", 1},
    {"ISO_8859_8", "ISO-8859-8", " iso88598 ", 1},
    {"WIN1250", "CP1250", " win1250 windows1250 ", 1},
    {"WIN1253", "CP1253", " win1253 windows1253 ", 1},
    {"WIN1254", "CP1254", " win1254 windows1254 ", 1},
    {"WIN1255", "CP1255", " win1255 windows1255 ", 1},
    {"WIN1257", "CP1257", " win1257 windows1257 ", 1},
    {"KOI8U", "KOI8-U", " koi8u ", 1},
    {"SJIS", "CP932", " sjis shiftjis mskanji win932 windows932 ", 2},
    {"BIG5", "BIG5", " big5 win950 windows950 ", 2},
    {"GBK", "GBK", " gbk win936 windows936 ", 2},
    {"UHC", "CP949", " uhc win949 windows949 ", 2},
    {"GB18030", "GB18030", " gb18030 ", 4},
    {"JOHAB", "JOHAB", " johab ", 3},
    {"SHIFT_JIS_2004", "SHIFT_JISX0213", " shiftjis2004 ", 2},
};

const struct encoding *encoding_find(struct str name)
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

const char *encoding_name(const struct encoding *e)
{
    return e->name;
}

const struct encoding *encoding_utf8(void)
{
    return encoding_find(STR("utf8"));
}

int encoding_number(const struct encoding *e)
{
    return (int)(e - encodings);
}

const struct encoding *encoding_of_number(int64_t number)
{
    return number >= 0 && number < (int64_t)ARRAY_LENGTH(encodings) ? &encodings[number] : NULL;
}

int encoding_max_bytes(const struct encoding *e)
{
    return e->max_bytes;
}

static bool encoding_is_utf8(const struct encoding *e)
{
    return strcmp(e->name, "UTF8") == 0;
}

bool encoding_for_client(const struct encoding *e, const struct encoding **client)
{
    bool plain = encoding_is_utf8(e) || strcmp(e->name, "SQL_ASCII") == 0;
    *client = plain ? NULL : e;
    return plain || e->charset;
}

/* ---- errors ---- */

static size_t sequence_length(const struct encoding *e, struct str s)
{
    size_t n = encoding_is_utf8(e) ? utf8_char_bytes((uint8_t)*s.data) : e->max_bytes > 1 ? 2 : 1;
    return n < s.len ? n : s.len;
}

/* Whether what cannot be converted is a character at all: iconv does not say. All double-byte sets
 * have second bytes from 0x40 on, those of EUC from 0x80. */
static bool is_character(const struct encoding *e, struct str at)
{
    if (encoding_is_utf8(e) || e->max_bytes == 1)
        return true;
    return at.len > 1 && (uint8_t)at.data[1] >= (strncmp(e->name, "EUC", 3) == 0 ? 0x80 : 0x40);
}

/* `at` begins with what cannot be converted. */
static struct err *stuck(const struct encoding *from, const struct encoding *to, struct str at)
{
    struct buf b = BUF_INIT;
    size_t n = sequence_length(from, at);
    for (size_t i = 0; i < n; i++)
        buf_printf(&b, "%s0x%02x", i ? " " : "", (unsigned char)at.data[i]);
    struct err *e =
        !is_character(from, at) || (!encoding_is_utf8(from) && !encoding_is_utf8(to))
            ? err_new("22021", "invalid byte sequence for encoding \"%s\": %s", from->name,
                      buf_cstr(&b))
            : err_new("22P05",
                      "character with byte sequence %s in encoding \"%s\" has no equivalent in "
                      "encoding \"%s\"",
                      buf_cstr(&b), from->name, to->name);
    buf_done(&b);
    return e;
}

/* ---- conversion ---- */

/* Opening a converter costs more than most texts: a thread keeps the last of each direction. None
 * of the character sets has a state between characters. */
static iconv_t converter(const struct encoding *from, const struct encoding *to)
{
    static _Thread_local struct {
        const struct encoding *from;
        const struct encoding *to;
        iconv_t cd;
    } kept[2];
    int way = encoding_is_utf8(from);
    if (kept[way].from == from && kept[way].to == to)
        return kept[way].cd;
    iconv_t cd = iconv_open(to->charset, from->charset);
    if (cd == (iconv_t)-1)
        return cd;
    if (kept[way].from)
        iconv_close(kept[way].cd);
    kept[way].from = from;
    kept[way].to = to;
    kept[way].cd = cd;
    return cd;
}

/* Converts as much as can be; *left is what remains, *why the errno that stopped it, or 0. */
static struct err *convert_some(const struct encoding *from, const struct encoding *to,
                                struct str in, struct buf *out, struct str *left, int *why)
{
    iconv_t cd = converter(from, to);
    char *p = (char *)in.data;
    size_t n = in.len;
    *why = 0;
    if (cd == (iconv_t)-1)
        return err_new("42883",
                       "default conversion function for encoding \"%s\" to \"%s\" does not exist",
                       from->name, to->name);
    while (n && !*why) {
        size_t room = n * 2 + 16;
        if (!buf_reserve(out, room))
            return buf_finish(out);
        char *q = (char *)out->data + out->len;
        if (iconv(cd, &p, &n, &q, &room) == (size_t)-1 && errno != E2BIG)
            *why = errno;
        out->len = (size_t)(q - (char *)out->data);
    }
    *left = str_make(p, n);
    return NULL;
}

struct err *encoding_convert(const struct encoding *from, const struct encoding *to, struct str in,
                             struct buf *out)
{
    struct str left;
    int why;
    if (from == to || !from->charset || !to->charset || str_is_ascii(in)) {
        if (encoding_is_utf8(from))
            TRY(utf8_verify(in));
        buf_put_str(out, in);
        return buf_finish(out);
    }
    TRY(convert_some(from, to, in, out, &left, &why));
    if (!why)
        return buf_finish(out);
    if (encoding_is_utf8(from))
        TRY(utf8_verify(in));
    return stuck(from, to, left);
}

struct err *encoding_convert_piece(const struct encoding *from, struct str in, bool last,
                                   struct buf *out, size_t *used)
{
    const struct encoding *to = encoding_utf8();
    struct str left;
    int why;
    TRY(convert_some(from, to, in, out, &left, &why));
    *used = in.len - left.len;
    if (!why || (why == EINVAL && !last))
        return buf_finish(out);
    return stuck(from, to, left);
}

struct err *encoding_from_client(const struct encoding *client, struct str in, struct arena *arena,
                                 struct str *out)
{
    struct buf b = BUF_INIT;
    *out = in;
    if (!client || str_is_ascii(in))
        return NULL;
    struct err *e = encoding_convert(client, encoding_utf8(), in, &b);
    char *copy = e ? NULL : arena_try_alloc(arena, b.len + 1);
    if (copy) {
        memcpy(copy, b.data, b.len);
        copy[b.len] = '\0';
        *out = str_make(copy, b.len);
    } else if (!e) {
        e = err_oom();
    }
    buf_done(&b);
    return e;
}

static struct err *replace_tail(const struct encoding *client, struct buf *b, size_t at, bool lossy)
{
    struct buf converted = BUF_INIT;
    struct str left;
    int why = 0;
    if (!client || b->failed)
        return NULL;
    struct str in = str_make(b->data + at, b->len - at);
    if (str_is_ascii(in))
        return NULL;
    struct err *e = lossy ? NULL : encoding_convert(encoding_utf8(), client, in, &converted);
    while (lossy && !e && in.len) {
        e = convert_some(encoding_utf8(), client, in, &converted, &left, &why);
        if (!e && why) {
            buf_put_u8(&converted, '?');
            size_t bad = sequence_length(encoding_utf8(), left);
            left = str_make(left.data + bad, left.len - bad);
        }
        in = left;
    }
    if (!e)
        e = buf_finish(&converted);
    if (!e) {
        b->len = at;
        buf_put(b, converted.data, converted.len);
    }
    buf_done(&converted);
    return e;
}

struct err *encoding_to_client(const struct encoding *client, struct buf *b, size_t at)
{
    return replace_tail(client, b, at, false);
}

void encoding_to_client_lossy(const struct encoding *client, struct buf *b, size_t at)
{
    struct err *e = replace_tail(client, b, at, true);
    if (e) /* the text stays as it is */
        err_free(e);
}
