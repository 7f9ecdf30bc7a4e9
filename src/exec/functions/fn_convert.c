/* Character sets other than UTF-8, which is the only one of databases: convert, convert_to,
 * convert_from, length (manual section 9.5). */
#include "exec/functions/fn_internal.h"

#include "types/encoding.h"
#include "types/text.h"

static struct err *bad_encoding(const char *which, struct str name)
{
    return err_new("22023", "invalid %sencoding name \"%.*s\"", which, STR_ARG(name));
}

static struct err *convert(struct fn_call *c, struct str in, const struct encoding *from,
                           const struct encoding *to, struct datum *out)
{
    struct buf b = BUF_INIT;
    struct err *e = encoding_convert(from, to, in, &b);
    if (!e)
        return give_buf(c, &b, out);
    buf_done(&b);
    return e;
}

FN(pg_convert)
{
    const struct encoding *from = encoding_find(ARG_STR(1));
    const struct encoding *to = encoding_find(ARG_STR(2));
    if (!from)
        return bad_encoding("source ", ARG_STR(1));
    if (!to)
        return bad_encoding("destination ", ARG_STR(2));
    return convert(c, ARG_STR(0), from, to, out);
}

FN(pg_convert_to)
{
    const struct encoding *to = encoding_find(ARG_STR(1));
    return to ? convert(c, ARG_STR(0), encoding_utf8(), to, out)
              : bad_encoding("destination ", ARG_STR(1));
}

FN(pg_convert_from)
{
    const struct encoding *from = encoding_find(ARG_STR(1));
    return from ? convert(c, ARG_STR(0), from, encoding_utf8(), out)
                : bad_encoding("source ", ARG_STR(1));
}

FN(length_in_encoding)
{
    const struct encoding *from = encoding_find(ARG_STR(1));
    struct datum text;
    if (!from)
        return bad_encoding("", ARG_STR(1));
    TRY(convert(c, ARG_STR(0), from, encoding_utf8(), &text));
    return give_int((int64_t)utf8_count(datum_as_str(text)), out);
}

const struct fn_entry fn_convert_table[] = {
    ENTRY(pg_convert),
    ENTRY(pg_convert_to),
    ENTRY(pg_convert_from),
    ENTRY(length_in_encoding),
};
TABLE_END(fn_convert);
