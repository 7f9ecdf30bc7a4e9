/* Growable byte buffers: see buf.h. */
#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>

enum { MAX_BUF_BYTES = 0x3fffffff };

void buf_init(struct buf *b)
{
    *b = BUF_INIT;
}

void buf_done(struct buf *b)
{
    free(b->data);
    *b = BUF_INIT;
}

void buf_reset(struct buf *b)
{
    b->len = 0;
    b->failed = b->no_memory = false;
}

bool buf_grow(struct buf *b, size_t extra)
{
    size_t limit = b->limit_bytes ? b->limit_bytes : MAX_BUF_BYTES;
    if (b->failed || extra > limit || b->len > limit - extra) {
        b->failed = true;
        return false;
    }
    size_t need = b->len + extra;
    if (need <= b->cap)
        return true;
    size_t cap = b->cap ? b->cap : 64;
    while (cap < need)
        cap *= 2;
    if (cap > limit)
        cap = limit; /* buf_reserve compares with cap alone */
    uint8_t *data = realloc(b->data, cap);
    if (!data) {
        b->failed = b->no_memory = true;
        return false;
    }
    b->data = data;
    b->cap = cap;
    return true;
}

struct err *buf_finish(struct buf *b)
{
    if (!b->failed)
        return NULL;
    bool no_memory = b->no_memory;
    b->failed = b->no_memory = false;
    if (no_memory)
        return err_oom();
    return err_detail(err_new("54000", "out of memory"),
                      "Cannot enlarge string buffer containing %zu bytes.", b->len);
}

void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    int len = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    CHECK(len >= 0);
    if (buf_reserve(b, (size_t)len + 1)) {
        vsnprintf((char *)b->data + b->len, (size_t)len + 1, fmt, ap);
        b->len += (size_t)len;
    }
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    buf_vprintf(b, fmt, ap);
    va_end(ap);
}

const char *buf_cstr(struct buf *b)
{
    bool room = buf_reserve(b, 1);
    CHECK(!b->no_memory);
    if (!room)
        return "";
    b->data[b->len] = '\0';
    return (const char *)b->data;
}
