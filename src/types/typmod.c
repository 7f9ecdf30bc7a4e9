/* Type modifiers: the numbers in varchar(20), numeric(10,2), timestamp(3), interval day to second.
 * Encodings as in pg_attribute.atttypmod. */
#include "types/type.h"

#include "types/array.h"

#include "types/text.h"
#include "types/types_internal.h"

enum { HEADER = 4 };

static struct err *too_long(const struct type_ops *t, int32_t limit)
{
    return err_new("22001", "value too long for type %s(%d)", t->name, limit);
}

/* varchar(n) and char(n): what exceeds n characters is cut by an explicit cast and must be blank
 * otherwise; char(n) is padded. */
static struct err *apply_length(const struct type_ops *t, struct datum d, int32_t limit,
                                bool explicit_cast, struct arena *arena, struct datum *out)
{
    struct str s = datum_as_str(d);
    size_t chars = s.len <= (size_t)limit ? utf8_count(s) : 0;
    if (s.len > (size_t)limit) {
        size_t keep = utf8_prefix_bytes(s, (size_t)limit);
        if (!explicit_cast)
            for (size_t i = keep; i < s.len; i++)
                if (s.data[i] != ' ')
                    return too_long(t, limit);
        chars = keep < s.len ? (size_t)limit : utf8_count(s);
        s.len = keep;
    }
    *out = datum_str(s);
    if (t->oid != BPCHAR_OID || chars == (size_t)limit)
        return NULL;
    size_t pad = (size_t)limit - chars;
    char *padded = arena_try_alloc(arena, s.len + pad);
    if (!padded)
        return err_oom();
    if (s.len)
        memcpy(padded, s.data, s.len);
    memset(padded + s.len, ' ', pad);
    *out = datum_bytes(padded, s.len + pad);
    return NULL;
}

static struct err *apply_to_array(const struct type_ops *t, struct datum d, int32_t typmod,
                                  bool explicit_cast, struct arena *arena, struct datum *out);

struct err *type_apply_typmod(const struct type_ops *t, struct datum d, int32_t typmod,
                              bool explicit_cast, struct arena *arena, struct datum *out)
{
    *out = d;
    if (typmod < 0 || d.null)
        return NULL;
    switch (t->oid) {
    case VARCHAR_OID:
    case BPCHAR_OID:
        if (typmod < HEADER)
            return NULL;
        return apply_length(t, d, typmod - HEADER, explicit_cast, arena, out);
    default:
        if (t->elem && t->in == array_in)
            return apply_to_array(t, d, typmod, explicit_cast, arena, out);
        return NULL;
    }
}

static struct err *apply_to_array(const struct type_ops *t, struct datum d, int32_t typmod,
                                  bool explicit_cast, struct arena *arena, struct datum *out)
{
    struct array a;
    TRY(array_open(d, &a));
    struct datum *items = arena_try_alloc(arena, a.nitems * sizeof(*items) + 1);
    if (!items)
        return err_oom();
    for (uint32_t i = 0; i < a.nitems; i++)
        TRY(type_apply_typmod(t->elem, array_get(&a, i), typmod, explicit_cast, arena, &items[i]));
    return array_make(t->elem, a.ndim, a.dims, a.lower, items, arena, out);
}
