/* Types of the lakehouse: one tree for Parquet files and Delta tables. Nodes live in the arena of
 * whoever built them and are immutable afterwards, so any thread may read them. */
#ifndef TARN_LAKE_TYPE_H
#define TARN_LAKE_TYPE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

struct arena;

enum lake_kind {
    LAKE_VOID, /* every value is NULL */
    LAKE_BOOLEAN,
    LAKE_BYTE,
    LAKE_SHORT,
    LAKE_INTEGER,
    LAKE_LONG,
    LAKE_FLOAT,
    LAKE_DOUBLE,
    LAKE_DECIMAL,
    LAKE_STRING, /* UTF-8 by promise of the writer, not validated */
    LAKE_BINARY,
    LAKE_UUID,          /* 16 bytes */
    LAKE_DATE,          /* days since 1970-01-01 */
    LAKE_TIME,          /* since midnight, in `unit` */
    LAKE_TIMESTAMP,     /* an instant, since the epoch in `unit` */
    LAKE_TIMESTAMP_NTZ, /* the same without zone */
    LAKE_INTERVAL,      /* Parquet's 12 bytes: months, days, milliseconds, little-endian */
    LAKE_VARIANT,       /* JSON text, see lake/variant.h */
    LAKE_LIST,          /* one child field, "element" */
    LAKE_MAP,           /* two child fields, "key" and "value" */
    LAKE_STRUCT
};

/* How a vector stores its values. */
enum lake_phys {
    LAKE_PHYS_BOOL, /* uint8_t, 0 or 1 */
    LAKE_PHYS_I32,  /* byte, short, integer, date */
    LAKE_PHYS_I64,  /* long, time, timestamps, decimals of precision <= 18 (unscaled) */
    LAKE_PHYS_I128, /* other decimals (unscaled) */
    LAKE_PHYS_F32,
    LAKE_PHYS_F64,
    LAKE_PHYS_BYTES, /* struct str */
    LAKE_PHYS_LIST,  /* offsets into one child; a map has two children of equal length */
    LAKE_PHYS_STRUCT,
    LAKE_PHYS_VOID /* no storage; every value is NULL */
};

/* Readers deliver milliseconds as microseconds, so batches know two units. */
enum lake_unit { LAKE_MICROS, LAKE_NANOS };

/* Free-form metadata of a Delta column, e.g. delta.columnMapping.id; values as JSON text, strings
 * without their quotes. */
struct lake_meta {
    struct str key;
    struct str value;
};

struct lake_type;

struct lake_field {
    struct str name;
    /* The column's name in the data files: `name` unless columns are mapped. */
    struct str physical_name;
    const struct lake_type *type;
    bool nullable;
    int32_t field_id; /* -1: none */
    const struct lake_meta *meta;
    uint32_t meta_count;
};

struct lake_type {
    enum lake_kind kind;
    enum lake_unit unit; /* time kinds */
    uint8_t precision;   /* decimal: 1..38 */
    uint8_t scale;       /* decimal: 0..precision */
    uint32_t field_count;
    const struct lake_field *fields; /* list: 1, map: 2, struct: any number */
};

enum lake_phys lake_type_phys(const struct lake_type *type);
bool lake_type_is_nested(const struct lake_type *type);
/* Equal in kind, parameters, field names, order and nesting; ids, nullability and metadata do not
 * count. */
bool lake_type_equal(const struct lake_type *a, const struct lake_type *b);
/* The field of that exact name, -1 when there is none. */
int lake_type_find(const struct lake_type *type, struct str name);
/* Delta's spelling: "long", "decimal(10,2)", "array<long>", "map<string,long>",
 * "struct<a:long,b:string>". */
void lake_type_name(const struct lake_type *type, struct buf *out);
/* A type without fields, shared and static; not for decimals and nested kinds. Times have unit
 * microseconds. */
const struct lake_type *lake_type_simple(enum lake_kind kind);
/* NULL metadata value when the field has no such key. */
const struct str *lake_field_meta(const struct lake_field *field, const char *key);

#endif
