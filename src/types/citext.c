/* Text that compares without regard to case: extension citext. Values are kept as they were
 * written; order, equality and hash are those of their lower case, as lower() makes it, by bytes.
 */
#include "types/citext.h"
#include "types/text.h"
#include "types/types_internal.h"

#include "base/hash.h"
#include "types/key.h"

#include <utf8proc.h>

static uint32_t lower_code(struct str *s)
{
    size_t used;
    uint32_t code = utf8_decode(*s, &used);
    *s = str_make(s->data + used, s->len - used);
    return (uint32_t)utf8proc_tolower((utf8proc_int32_t)code);
}

void citext_fold(struct str s, struct buf *out)
{
    char bytes[4];
    while (s.len) {
        if ((unsigned char)s.data[0] < 0x80) {
            buf_put_u8(out, (uint8_t)to_lower(s.data[0]));
            s = str_make(s.data + 1, s.len - 1);
            continue;
        }
        buf_put(out, bytes, utf8_encode(lower_code(&s), bytes));
    }
}

/* UTF-8 keeps the order of code points. */
int citext_compare(struct str a, struct str b)
{
    while (a.len && b.len) {
        uint32_t x = lower_code(&a);
        uint32_t y = lower_code(&b);
        if (x != y)
            return x < y ? -1 : 1;
    }
    return (a.len > 0) - (b.len > 0);
}

static int compare(const struct type_ops *t, struct datum a, struct datum b)
{
    return citext_compare(datum_as_str(a), datum_as_str(b));
}

uint64_t citext_hash(struct str s)
{
    struct buf folded = BUF_INIT;
    citext_fold(s, &folded);
    uint64_t hash = hash_bytes(folded.data, folded.len, 0);
    buf_done(&folded);
    return hash;
}

static uint64_t hash(const struct type_ops *t, struct datum d)
{
    return citext_hash(datum_as_str(d));
}

static void key(const struct type_ops *t, struct datum d, struct buf *out)
{
    struct buf folded = BUF_INIT;
    citext_fold(datum_as_str(d), &folded);
    key_put_bytes(out, folded.data, folded.len);
    buf_done(&folded);
}

void type_init_citext(struct type_ops *t)
{
    const uint32_t oid = t->oid;
    const char *name = t->name;
    *t = *type_by_oid(TEXT_OID);
    t->oid = oid;
    t->name = name;
    t->compare = compare;
    t->hash = hash;
    t->key = key;
}
