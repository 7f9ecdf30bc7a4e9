/* A datum: one SQL value, NULL included, in 16 bytes, passed by value in two registers.
 *
 * By-value types keep their value in the union; by-reference types are `len` bytes at `p`, which
 * the datum borrows (from an arena, a tuple, the storage map), so that a text can go from a page to
 * the client without a copy. Whoever hands out a datum says how long its bytes live.
 *
 *   boolean                            i: 0 or 1
 *   smallint, integer, bigint          i, sign-extended
 *   oid and reg* types, xid, cid       i, zero-extended 32 bits; xid8 64 bits
 *   tid                                i, block << 16 | offset
 *   "char"                             i, the byte, sign-extended
 *   real / double precision            f32 (the upper half zero) / f64
 *   date                               i, days since 2000-01-01; INT32_MIN/MAX: -infinity, infinity
 *   time                               i, microseconds of the day
 *   timestamp, timestamptz             i, microseconds since 2000-01-01 00:00 (UTC for
 * timestamptz); INT64_MIN/MAX: -infinity, infinity text, varchar, char(n), name, json the
 * characters (UTF-8), no terminator; char(n) padded bytea                              the bytes
 *   uuid                               16 bytes
 *   interval                           16 bytes LE: int64 microseconds, int32 days, int32 months
 *   timetz                             12 bytes LE: int64 microseconds, int32 zone seconds west
 *   enums                              i, see enum_datum in type.h
 *   numeric, jsonb, arrays, records    formats of numeric.h, jsonb.h, array.h, record.h
 */
#ifndef TARN_TYPES_DATUM_H
#define TARN_TYPES_DATUM_H

#include "base/arena.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

struct datum {
    union {
        int64_t i;
        uint64_t u;
        float f32;
        double f64;
        const uint8_t *p;
    };
    uint32_t len;
    bool null;
};
_Static_assert(sizeof(struct datum) == 16, "a datum is two registers");

static inline struct datum datum_null(void)
{
    return (struct datum){.i = 0, .null = true};
}

static inline struct datum datum_int(int64_t v)
{
    return (struct datum){.i = v};
}

static inline struct datum datum_bool(bool v)
{
    return (struct datum){.i = v};
}

static inline struct datum datum_f64(double v)
{
    return (struct datum){.f64 = v};
}

static inline struct datum datum_f32(float v)
{
    struct datum d = {.u = 0};
    d.f32 = v;
    return d;
}

/* Borrows the bytes. */
static inline struct datum datum_bytes(const void *p, size_t len)
{
    return (struct datum){.p = p, .len = (uint32_t)len};
}

static inline struct datum datum_str(struct str s)
{
    return datum_bytes(s.data, s.len);
}

static inline struct str datum_as_str(struct datum d)
{
    return str_make(d.p, d.len);
}

/* Copies the bytes of a by-reference datum into the arena. NULL and by-value datums come back as
 * they are. */
static inline struct datum datum_copy(struct arena *a, struct datum d, bool byval)
{
    if (!d.null && !byval)
        d.p = arena_memdup(a, d.p, d.len);
    return d;
}

#endif
