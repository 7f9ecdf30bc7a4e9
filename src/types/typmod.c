/* Type modifiers: the numbers in varchar(20), numeric(10,2), timestamp(3), interval day to second.
 * Encodings as in pg_attribute.atttypmod. */
#include "types/type.h"

#include "types/array.h"
#include "types/bits.h"

#include "types/datetime.h"
#include "types/numeric.h"
#include "types/text.h"
#include "types/types_internal.h"

enum { HEADER = 4, MAX_CHAR_LENGTH = 10485760, MAX_TIME_PRECISION = 6 };

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
    if (limit > 0x3fffffff)
        return err_new("54000", "requested length too large");
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
    case BIT_OID:
    case VARBIT_OID:
        return bits_apply_typmod(t, d, typmod, explicit_cast, arena, out);
    case NUMERIC_OID:
        return numeric_apply_typmod(d, typmod, arena, out);
    case TIME_OID:
        *out = datum_int(time_round(d.i, typmod));
        return NULL;
    case TIMESTAMP_OID:
    case TIMESTAMPTZ_OID:
        *out = datum_int(timestamp_round(d.i, typmod));
        return NULL;
    case TIMETZ_OID: {
        struct timetz v = timetz_load(d);
        v.time = time_round(v.time, typmod);
        *out = timetz_datum(v, arena);
        return NULL;
    }
    case INTERVAL_OID: {
        struct interval v = interval_load(d);
        TRY(interval_apply_typmod(&v, typmod));
        *out = interval_datum(v, arena);
        return NULL;
    }
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

/* Printing */

static void format_interval_fields(int32_t fields, struct buf *out)
{
    static const struct {
        int32_t mask;
        const char *text;
    } names[] = {
        {INTERVAL_YEAR, " year"},
        {INTERVAL_MONTH, " month"},
        {INTERVAL_DAY, " day"},
        {INTERVAL_HOUR, " hour"},
        {INTERVAL_MINUTE, " minute"},
        {INTERVAL_SECOND, " second"},
        {INTERVAL_YEAR | INTERVAL_MONTH, " year to month"},
        {INTERVAL_DAY | INTERVAL_HOUR, " day to hour"},
        {INTERVAL_DAY | INTERVAL_HOUR | INTERVAL_MINUTE, " day to minute"},
        {INTERVAL_DAY | INTERVAL_HOUR | INTERVAL_MINUTE | INTERVAL_SECOND, " day to second"},
        {INTERVAL_HOUR | INTERVAL_MINUTE, " hour to minute"},
        {INTERVAL_HOUR | INTERVAL_MINUTE | INTERVAL_SECOND, " hour to second"},
        {INTERVAL_MINUTE | INTERVAL_SECOND, " minute to second"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        if (names[i].mask == fields)
            buf_put_c(out, names[i].text);
}

struct err *type_format(const struct type_ops *t, int32_t typmod, struct buf *out)
{
    if (t->elem && t->in == array_in && (t->elem->domain || type_by_oid(t->elem->oid))) {
        TRY(type_format(t->elem, typmod, out));
        buf_put_c(out, "[]");
        return NULL;
    }
    if (t->domain) {
        buf_put_c(out, t->name);
        return NULL;
    }
    if (typmod < 0) {
        /* A bpchar without length is not "character", which means character(1). */
        buf_put_c(out, t->oid == BPCHAR_OID ? "bpchar" : t->name);
        return NULL;
    }
    switch (t->oid) {
    case VARCHAR_OID:
    case BPCHAR_OID:
        buf_put_c(out, t->name);
        if (typmod > HEADER)
            buf_printf(out, "(%d)", typmod - HEADER);
        break;
    case BIT_OID:
    case VARBIT_OID:
        buf_printf(out, "%s(%d)", t->name, typmod);
        break;
    case NUMERIC_OID:
        if (typmod >= HEADER)
            buf_printf(out, "numeric(%d,%d)", numeric_typmod_precision(typmod),
                       numeric_typmod_scale(typmod));
        else
            buf_put_c(out, t->name);
        break;
    case TIME_OID:
    case TIMESTAMP_OID:
        buf_printf(out, "%s(%d) without time zone", t->oid == TIME_OID ? "time" : "timestamp",
                   typmod);
        break;
    case TIMETZ_OID:
    case TIMESTAMPTZ_OID:
        buf_printf(out, "%s(%d) with time zone", t->oid == TIMETZ_OID ? "time" : "timestamp",
                   typmod);
        break;
    case INTERVAL_OID:
        buf_put_c(out, "interval");
        if (typmod >> 16 != INTERVAL_FULL_RANGE)
            format_interval_fields(typmod >> 16, out);
        if ((typmod & 0xffff) != INTERVAL_FULL_PRECISION)
            buf_printf(out, "(%d)", typmod & 0xffff);
        break;
    default:
        buf_put_c(out, t->name);
        break;
    }
    return NULL;
}

/* Making */

static struct err *invalid_modifier(const char *type_name)
{
    return err_new("22023", "invalid %s type modifier", type_name);
}

static struct err *length_typmod(const char *name, const int32_t *mods, int nmods, int32_t *out)
{
    if (nmods != 1)
        return err_new("22023", "invalid type modifier");
    if (mods[0] < 1)
        return err_new("22023", "length for type %s must be at least 1", name);
    if (mods[0] > MAX_CHAR_LENGTH)
        return err_new("22023", "length for type %s cannot exceed %d", name, MAX_CHAR_LENGTH);
    *out = mods[0] + HEADER;
    return NULL;
}

static struct err *bits_typmod(const char *name, const int32_t *mods, int nmods, int32_t *out)
{
    if (nmods != 1)
        return err_new("22023", "invalid type modifier");
    if (mods[0] < 1)
        return err_new("22023", "length for type %s must be at least 1", name);
    if (mods[0] > BITS_MAX)
        return err_new("22023", "length for type %s cannot exceed %d", name, BITS_MAX);
    *out = mods[0];
    return NULL;
}

static struct err *precision_typmod(const char *name, const char *zone, const int32_t *mods,
                                    int nmods, int32_t *out)
{
    if (nmods != 1)
        return err_new("22023", "invalid type modifier");
    if (mods[0] < 0)
        return err_new("22023", "%s(%d)%s precision must not be negative", name, mods[0], zone);
    *out = mods[0] > MAX_TIME_PRECISION ? MAX_TIME_PRECISION : mods[0];
    return NULL;
}

static struct err *interval_typmod(const int32_t *mods, int nmods, int32_t *out)
{
    if (nmods < 1 || nmods > 2)
        return err_new("22023", "invalid INTERVAL type modifier");
    if (mods[0] & ~INTERVAL_FULL_RANGE)
        return err_new("22023", "invalid INTERVAL type modifier");
    int32_t precision = INTERVAL_FULL_PRECISION;
    if (nmods == 2) {
        if (mods[1] < 0)
            return err_new("22023", "INTERVAL(%d) precision must not be negative", mods[1]);
        precision = mods[1] > MAX_TIME_PRECISION && mods[1] != INTERVAL_FULL_PRECISION
                        ? MAX_TIME_PRECISION
                        : mods[1];
    } else if (mods[0] == INTERVAL_FULL_RANGE) {
        *out = -1;
        return NULL;
    }
    *out = mods[0] << 16 | precision;
    return NULL;
}

struct err *type_make_typmod(const struct type_ops *t, const int32_t *mods, int nmods, int32_t *out)
{
    if (t->elem && t->in == array_in)
        t = t->elem;
    switch (t->oid) {
    case VARCHAR_OID:
        return length_typmod("varchar", mods, nmods, out);
    case BPCHAR_OID:
        return length_typmod("char", mods, nmods, out);
    case BIT_OID:
        return bits_typmod("bit", mods, nmods, out);
    case VARBIT_OID:
        return bits_typmod("varbit", mods, nmods, out);
    case NUMERIC_OID:
        if (nmods < 1 || nmods > 2)
            return invalid_modifier("NUMERIC");
        return numeric_make_typmod(mods[0], nmods == 2 ? mods[1] : 0, out);
    case TIME_OID:
        return precision_typmod("TIME", "", mods, nmods, out);
    case TIMESTAMP_OID:
        return precision_typmod("TIMESTAMP", "", mods, nmods, out);
    case TIMETZ_OID:
        return precision_typmod("TIME", " WITH TIME ZONE", mods, nmods, out);
    case TIMESTAMPTZ_OID:
        return precision_typmod("TIMESTAMP", " WITH TIME ZONE", mods, nmods, out);
    case INTERVAL_OID:
        return interval_typmod(mods, nmods, out);
    default:
        return err_new("42601", "type modifier is not allowed for type \"%s\"", t->name);
    }
}
