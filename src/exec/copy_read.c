/* Lines and fields of COPY FROM's text and CSV. A line is taken from the stream by its end (outside
 * CSV quotes), then split into fields. The kind of line end is what the first line has; the other
 * kinds are errors from then on, as in PostgreSQL. */
#include "exec/copy_internal.h"

#include "types/encoding.h"
#include "types/text.h"

#include <ctype.h>

/* ---- lines ---- */

/* The piece as UTF-8; a character that is not whole waits for the next one. */
static struct err *convert_piece(struct copy_reader *r)
{
    size_t used;
    struct str in = r->piece;
    buf_reset(&r->converted);
    if (r->unfinished.len) {
        buf_put_str(&r->unfinished, r->piece);
        TRY(buf_finish(&r->unfinished));
        in = buf_str(&r->unfinished);
    }
    TRY(encoding_convert_piece(r->c->o.encoding, in, r->ended, &r->converted, &used));
    struct buf left = BUF_INIT;
    buf_put(&left, in.data + used, in.len - used);
    buf_done(&r->unfinished);
    r->unfinished = left;
    r->piece = buf_str(&r->converted);
    return buf_finish(&r->unfinished);
}

struct err *copy_next_piece(struct copy_reader *r, bool *more)
{
    *more = !r->ended;
    r->at = 0;
    r->piece.len = 0;
    if (r->ended)
        return NULL;
    TRY(r->c->io->read(r->c->io->arg, &r->piece, &r->ended));
    if (r->ended)
        r->piece.len = 0;
    if (r->c->o.encoding && !r->c->o.binary)
        TRY(convert_piece(r));
    *more = !r->ended;
    return NULL;
}

void copy_reader_done(struct copy_reader *r)
{
    buf_done(&r->converted);
    buf_done(&r->unfinished);
    buf_done(&r->line);
    buf_done(&r->text);
}

/* The next byte, -1 at the end. `peek` leaves it. */
static struct err *next_byte(struct copy_reader *r, bool peek, int *out)
{
    for (bool more = true; r->at == r->piece.len && more;)
        TRY(copy_next_piece(r, &more));
    if (r->at == r->piece.len) {
        *out = -1;
        return NULL;
    }
    *out = (unsigned char)r->piece.data[r->at];
    r->at += !peek;
    return NULL;
}

static struct err *literal_eol(const struct copy_reader *r, bool cr)
{
    const char *what = cr ? "carriage return" : "newline";
    if (r->c->o.csv)
        return err_hint(err_new("22P04", "unquoted %s found in data", what),
                        "Use quoted CSV field to represent %s.", what);
    return err_hint(err_new("22P04", "literal %s found in data", what),
                    "Use \"\\%c\" to represent %s.", cr ? 'r' : 'n', what);
}

/* Whether a CR or NL outside quotes ends the line. */
static struct err *line_end(struct copy_reader *r, int c, bool *end)
{
    int next = -1;
    *end = true;
    if (c == '\n') {
        if (r->eol == EOL_CR || r->eol == EOL_CRNL)
            return literal_eol(r, false);
        r->eol = EOL_NL;
        return NULL;
    }
    if (r->eol == EOL_NL)
        return literal_eol(r, true);
    TRY(next_byte(r, true, &next));
    if (next == '\n' && r->eol != EOL_CR) {
        r->eol = EOL_CRNL;
        return next_byte(r, false, &next);
    }
    if (r->eol == EOL_CRNL)
        return literal_eol(r, true);
    r->eol = EOL_CR;
    return NULL;
}

/* Bytes that need no thought go over in one piece. */
static void take_plain(struct copy_reader *r)
{
    const struct copy_options *o = &r->c->o;
    size_t from = r->at;
    while (r->at < r->piece.len) {
        char c = r->piece.data[r->at];
        if (c == '\n' || c == '\r' || c == '\\' || (o->csv && (c == o->quote || c == o->escape)))
            break;
        r->at++;
    }
    buf_put(&r->line, r->piece.data + from, r->at - from);
}

struct err *copy_read_line(struct copy_reader *r, bool *found)
{
    const struct copy_options *o = &r->c->o;
    bool quoted = false;
    bool escaped = false; /* text: after a backslash; CSV: after the escape within quotes */
    bool any = false;
    buf_reset(&r->line);
    *found = false;
    if (r->closed)
        return NULL;
    r->line_number++;
    for (;;) {
        int c;
        if (!escaped)
            take_plain(r);
        any |= r->line.len > 0;
        TRY(next_byte(r, false, &c));
        if (c < 0)
            break;
        any = true;
        if (escaped && !o->csv) {
            escaped = false;
            buf_put_u8(&r->line, (uint8_t)c);
            continue;
        }
        if ((c == '\n' || c == '\r') && !quoted) {
            bool end;
            TRY(line_end(r, c, &end));
            if (end)
                break;
        }
        if (!o->csv) {
            escaped = c == '\\';
        } else if (quoted && c == o->escape && o->escape != o->quote && !escaped) {
            escaped = true;
        } else {
            if (c == o->quote && !escaped)
                quoted = !quoted;
            escaped = false;
        }
        buf_put_u8(&r->line, (uint8_t)c);
    }
    TRY(buf_finish(&r->line));
    if (quoted) {
        r->line_known = true;
        return err_new("22P04", "unterminated CSV quoted field");
    }
    if (r->line.len == 2 && memcmp(r->line.data, "\\.", 2) == 0) {
        r->closed = true;
        return NULL;
    }
    *found = any;
    r->line_known = any;
    if (any && !str_is_ascii(buf_str(&r->line)))
        return utf8_verify(buf_str(&r->line));
    return memchr(r->line.len ? (const char *)r->line.data : "x", 0, r->line.len)
               ? utf8_verify(buf_str(&r->line))
               : NULL;
}

/* ---- fields ---- */

static struct copy_field *add_field(struct copy_reader *r)
{
    ARENA_PUSH(&r->c->arena, r->fields, r->nfields, r->fields_cap,
               (struct copy_field){.null = false});
    return &r->fields[r->nfields - 1];
}

static int hex_digit(int c)
{
    if (isdigit(c))
        return c - '0';
    return isxdigit(c) ? tolower(c) - 'a' + 10 : -1;
}

/* The value of an escape whose first character after the backslash is at *p. */
static uint8_t unescape(const uint8_t **p, const uint8_t *end)
{
    int c = *(*p)++;
    int v;
    switch (c) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    case 'v':
        return '\v';
    case 'x':
        if (*p == end || hex_digit(**p) < 0)
            return 'x';
        v = hex_digit(*(*p)++);
        if (*p < end && hex_digit(**p) >= 0)
            v = v * 16 + hex_digit(*(*p)++);
        return (uint8_t)v;
    default:
        if (c < '0' || c > '7')
            return (uint8_t)c;
        v = c - '0';
        for (int i = 0; i < 2 && *p < end && **p >= '0' && **p <= '7'; i++)
            v = v * 8 + (*(*p)++ - '0');
        return (uint8_t)v;
    }
}

static struct err *split_text(struct copy_reader *r)
{
    const struct copy_options *o = &r->c->o;
    const uint8_t *p = r->line.data;
    const uint8_t *end = p + r->line.len;
    bool high = false; /* an escape made a byte beyond ASCII */
    for (bool more = true; more;) {
        struct copy_field *f = add_field(r);
        const uint8_t *raw = p;
        uint8_t *out = r->text.data + r->text.len;
        uint8_t *begin = out;
        more = false;
        while (p < end) {
            uint8_t c = *p++;
            if (c == (uint8_t)o->delimiter) {
                more = true;
                break;
            }
            if (c == '\\' && p < end) {
                c = unescape(&p, end);
                high |= c >= 0x80 || c == 0;
            }
            *out++ = c;
        }
        f->text = str_make(begin, (size_t)(out - begin));
        f->null = str_eq(str_make(raw, (size_t)(p - more - raw)), str_make(o->null, o->null_len));
        r->text.len = (size_t)(out - r->text.data);
        if (high)
            TRY(utf8_verify(f->text));
    }
    return NULL;
}

static void split_csv(struct copy_reader *r)
{
    const struct copy_options *o = &r->c->o;
    const uint8_t *p = r->line.data;
    const uint8_t *end = p + r->line.len;
    for (bool more = true; more;) {
        struct copy_field *f = add_field(r);
        uint8_t *out = r->text.data + r->text.len;
        uint8_t *begin = out;
        bool quoted = false;
        bool had_quotes = false;
        more = false;
        while (p < end) {
            char c = (char)*p++;
            if (!quoted && c == o->delimiter) {
                more = true;
                break;
            }
            if (!quoted && c == o->quote) {
                quoted = had_quotes = true;
                continue;
            }
            if (quoted && c == o->escape && p < end &&
                ((char)*p == o->escape || (char)*p == o->quote)) {
                *out++ = *p++;
                continue;
            }
            if (quoted && c == o->quote) {
                quoted = false;
                continue;
            }
            *out++ = (uint8_t)c;
        }
        f->text = str_make(begin, (size_t)(out - begin));
        bool is_null = str_eq(f->text, str_make(o->null, o->null_len));
        const struct copy_column *col =
            r->nfields <= r->c->ncols ? &r->c->cols[r->nfields - 1] : NULL;
        if (col && col->force_null)
            f->null = is_null;
        else
            f->null = is_null && !had_quotes && !(col && col->force_not_null);
        r->text.len = (size_t)(out - r->text.data);
    }
}

struct err *copy_split(struct copy_reader *r)
{
    r->nfields = 0;
    buf_reset(&r->text);
    if (!buf_reserve(&r->text, r->line.len + 1))
        return buf_finish(&r->text);
    /* An empty line of a table without columns has no fields. */
    if (r->c->ncols == 0 && r->line.len == 0)
        return NULL;
    if (!r->c->o.csv)
        return split_text(r);
    split_csv(r);
    return NULL;
}

struct err *copy_skip_rest(struct copy_reader *r)
{
    while (!r->ended) {
        r->at = r->piece.len;
        int ignored;
        TRY(next_byte(r, true, &ignored));
    }
    return NULL;
}
