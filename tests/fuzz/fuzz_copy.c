/* COPY FROM's lines and fields, from a stream in pieces of any size. Bytes 0 to 3: options; then
 * the stream. Fields must be valid UTF-8 and within the line, and the same whatever the pieces. */
#include "exec/copy_internal.h"

#include "base/hash.h"
#include "types/encoding.h"
#include "types/text.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct stream {
    const char *data;
    size_t len;
    size_t at;
    size_t piece;
    char *copy; /* the piece just given */
};

static struct err *give(void *arg, struct str *piece, bool *end)
{
    struct stream *s = arg;
    size_t n = s->len - s->at < s->piece ? s->len - s->at : s->piece;
    free(s->copy);
    s->copy = malloc(n + !n);
    if (!s->copy)
        abort();
    memcpy(s->copy, s->data + s->at, n);
    s->at += n;
    *end = n == 0;
    *piece = str_make(s->copy, n);
    return NULL;
}

static struct copy_options options_of(const uint8_t *b)
{
    static const char delimiters[] = "\t,;|x";
    static const char *const nulls[] = {"\\N", "", "NULL", "x"};
    static const char quotes[] = "\"'`";
    struct copy_options o = {.csv = b[0] & 1, .delimiter = delimiters[b[1] % 5]};
    o.null = nulls[(b[0] >> 1) % 4];
    o.null_len = strlen(o.null);
    o.quote = quotes[b[2] % 3];
    o.escape = b[0] & 16 ? '\\' : o.quote;
    o.encoding = b[0] & 32 ? encoding_find(STR("latin1")) : NULL;
    return o;
}

static uint64_t note(uint64_t h, const struct copy_field *f)
{
    if (utf8_verify(f->text))
        abort();
    return hash_combine(h, hash_bytes(f->text.data, f->text.len, f->null));
}

/* A hash of all fields, and of the error. */
static uint64_t read_all(const uint8_t *options, struct str text, size_t piece)
{
    static struct copy_column columns[3] = {{.force_null = true}, {.force_not_null = true}};
    struct stream stream = {text.data, text.len, 0, piece, NULL};
    struct copy_io io = {.arg = &stream, .read = give};
    struct copy c = {.io = &io, .o = options_of(options), .cols = columns, .ncols = 3};
    struct copy_reader r = {.c = &c, .column = -1};
    struct err *e = NULL;
    uint64_t h = 0;
    arena_init(&c.arena);
    for (bool found = true; found && !e;) {
        e = copy_read_line(&r, &found);
        if (!e && found)
            e = copy_split(&r);
        for (int i = 0; !e && found && i < r.nfields; i++)
            h = note(h, &r.fields[i]);
    }
    if (!e)
        e = copy_skip_rest(&r);
    if (e)
        h = hash_combine(h, hash_bytes(e->message, strlen(e->message), 1));
    err_free(e);
    copy_reader_done(&r);
    arena_done(&c.arena);
    free(stream.copy);
    return h;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 4)
        return 0;
    struct str text = str_make((const char *)data + 4, size - 4);
    uint64_t whole = read_all(data, text, size);
    if (read_all(data, text, data[3] % 7 + 1) != whole)
        abort();
    return 0;
}
