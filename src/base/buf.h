/* A growable byte buffer on the heap. Appending returns nothing and fails stickily: after running
 * out of memory or over `limit_bytes`, appends do nothing and buf_finish reports the error once. */
#ifndef TARN_BASE_BUF_H
#define TARN_BASE_BUF_H

#include "base/bytes.h"
#include "base/check.h"
#include "base/err.h"
#include "base/str.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
    uint8_t *data; /* owned; free with buf_done */
    size_t len;
    size_t cap;
    size_t limit_bytes; /* 0: PostgreSQL's 1 GiB - 1 */
    bool failed;
    bool no_memory; /* why: not the limit */
};

#define BUF_INIT ((struct buf){0})

void buf_init(struct buf *b);
void buf_done(struct buf *b);
void buf_reset(struct buf *b); /* length 0, memory kept, failure forgotten */
bool buf_grow(struct buf *b, size_t extra);
/* NULL, or 54000/53200 when an append failed since the last reset. */
struct err *buf_finish(struct buf *b) MUST_CHECK;

static inline bool buf_reserve(struct buf *b, size_t extra)
{
    return __builtin_expect(b->cap - b->len >= extra && !b->failed, 1) || buf_grow(b, extra);
}

static inline void buf_put(struct buf *b, const void *p, size_t len)
{
    if (len && buf_reserve(b, len)) {
        memcpy(b->data + b->len, p, len);
        b->len += len;
    }
}

static inline void buf_put_u8(struct buf *b, uint8_t v)
{
    if (buf_reserve(b, 1))
        b->data[b->len++] = v;
}

#define DEFINE_BUF_PUT(order, bits)                                           \
    static inline void buf_put_##order##bits(struct buf *b, uint##bits##_t v) \
    {                                                                         \
        if (buf_reserve(b, sizeof(v))) {                                      \
            store_##order##bits(b->data + b->len, v);                         \
            b->len += sizeof(v);                                              \
        }                                                                     \
    }
DEFINE_BUF_PUT(be, 16)
DEFINE_BUF_PUT(be, 32)
DEFINE_BUF_PUT(be, 64)
DEFINE_BUF_PUT(le, 16)
DEFINE_BUF_PUT(le, 32)
DEFINE_BUF_PUT(le, 64)
#undef DEFINE_BUF_PUT

static inline void buf_put_varint(struct buf *b, uint64_t v)
{
    if (buf_reserve(b, 10))
        b->len += varint_put(b->data + b->len, v);
}

static inline void buf_put_str(struct buf *b, struct str s)
{
    buf_put(b, s.data, s.len);
}

static inline void buf_put_c(struct buf *b, const char *s)
{
    buf_put(b, s, strlen(s));
}

/* The content. Who takes it without buf_finish has not asked whether it is whole: without memory
 * the process stops here, rather than work with half a key. */
static inline struct str buf_str(const struct buf *b)
{
    CHECK(!b->no_memory);
    return str_make(b->data, b->len);
}

void buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
void buf_vprintf(struct buf *b, const char *fmt, va_list ap) PRINTF_LIKE(2, 0);
/* A NUL byte after the content, not counted in len; the content as a C string, "" beyond the limit.
 * As buf_str without memory. */
const char *buf_cstr(struct buf *b);

#endif
