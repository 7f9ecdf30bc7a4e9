/* What a value is: text and binary I/O, order and hash of each type, by PostgreSQL's OID.
 *
 * A `struct type_ops` is immutable and lives as long as the process. Those of types that users make
 * (enums, domains and arrays of them) are made by the catalog and registered here; what can change
 * about such a type (labels, constraints) is asked for through `struct type_env`.
 * All functions: any thread, no yield. Sources: manual chapter 8 (text forms), PostgreSQL's
 * send/receive formats as documented for drivers. */
#ifndef TARN_TYPES_TYPE_H
#define TARN_TYPES_TYPE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "types/datum.h"

#include <stdint.h>

/* OIDs of built-in types: facts of PostgreSQL's pg_type. */
enum type_oid {
    BOOL_OID = 16,
    BYTEA_OID = 17,
    CHAR_OID = 18,
    NAME_OID = 19,
    INT8_OID = 20,
    INT2_OID = 21,
    INT2VECTOR_OID = 22,
    INT4_OID = 23,
    REGPROC_OID = 24,
    TEXT_OID = 25,
    OID_OID = 26,
    TID_OID = 27,
    XID_OID = 28,
    CID_OID = 29,
    OIDVECTOR_OID = 30,
    JSON_OID = 114,
    XML_OID = 142,
    PG_NODE_TREE_OID = 194,
    FLOAT4_OID = 700,
    FLOAT8_OID = 701,
    UNKNOWN_OID = 705,
    ACLITEM_OID = 1033,
    POINT_OID = 600,
    LSEG_OID = 601,
    PATH_OID = 602,
    BOX_OID = 603,
    POLYGON_OID = 604,
    LINE_OID = 628,
    CIRCLE_OID = 718,
    CIDR_OID = 650,
    MONEY_OID = 790,
    BIT_OID = 1560,
    VARBIT_OID = 1562,
    MACADDR8_OID = 774,
    MACADDR_OID = 829,
    INET_OID = 869,
    BPCHAR_OID = 1042,
    VARCHAR_OID = 1043,
    DATE_OID = 1082,
    TIME_OID = 1083,
    TIMESTAMP_OID = 1114,
    TIMESTAMPTZ_OID = 1184,
    INTERVAL_OID = 1186,
    TIMETZ_OID = 1266,
    NUMERIC_OID = 1700,
    REFCURSOR_OID = 1790,
    REGPROCEDURE_OID = 2202,
    REGOPER_OID = 2203,
    REGOPERATOR_OID = 2204,
    REGCLASS_OID = 2205,
    REGTYPE_OID = 2206,
    RECORD_OID = 2249,
    CSTRING_OID = 2275,
    ANY_OID = 2276,
    ANYARRAY_OID = 2277,
    VOID_OID = 2278,
    TRIGGER_OID = 2279,
    INTERNAL_OID = 2281,
    ANYELEMENT_OID = 2283,
    RECORDARRAY_OID = 2287,
    ANYNONARRAY_OID = 2776,
    UUID_OID = 2950,
    ANYENUM_OID = 3500,
    JSONB_OID = 3802,
    JSONPATH_OID = 4072,
    ANYRANGE_OID = 3831,
    INT4RANGE_OID = 3904,
    NUMRANGE_OID = 3906,
    TSRANGE_OID = 3908,
    TSTZRANGE_OID = 3910,
    DATERANGE_OID = 3912,
    INT8RANGE_OID = 3926,
    INT4MULTIRANGE_OID = 4451,
    NUMMULTIRANGE_OID = 4532,
    TSMULTIRANGE_OID = 4533,
    TSTZMULTIRANGE_OID = 4534,
    DATEMULTIRANGE_OID = 4535,
    INT8MULTIRANGE_OID = 4536,
    ANYMULTIRANGE_OID = 4537,
    ANYCOMPATIBLEMULTIRANGE_OID = 4538,
    ANYCOMPATIBLERANGE_OID = 5080,
    REGNAMESPACE_OID = 4089,
    REGROLE_OID = 4096,
    REGCOLLATION_OID = 4191,
    ANYCOMPATIBLE_OID = 5077,
    ANYCOMPATIBLEARRAY_OID = 5078,
    ANYCOMPATIBLENONARRAY_OID = 5079,
    XID8_OID = 5069,
    TXID_SNAPSHOT_OID = 2970,
    PG_SNAPSHOT_OID = 5038,
    PG_LSN_OID = 3220,
    PG_NDISTINCT_OID = 3361,
    PG_DEPENDENCIES_OID = 3402,
    PG_MCV_LIST_OID = 5017,
    BOOLARRAY_OID = 1000,
    BYTEAARRAY_OID = 1001,
    CHARARRAY_OID = 1002,
    NAMEARRAY_OID = 1003,
    INT2ARRAY_OID = 1005,
    INT4ARRAY_OID = 1007,
    TEXTARRAY_OID = 1009,
    BPCHARARRAY_OID = 1014,
    VARCHARARRAY_OID = 1015,
    INT8ARRAY_OID = 1016,
    FLOAT4ARRAY_OID = 1021,
    FLOAT8ARRAY_OID = 1022,
    OIDARRAY_OID = 1028,
    ACLITEMARRAY_OID = 1034,
    TIMESTAMPARRAY_OID = 1115,
    DATEARRAY_OID = 1182,
    TIMEARRAY_OID = 1183,
    TIMESTAMPTZARRAY_OID = 1185,
    INTERVALARRAY_OID = 1187,
    NUMERICARRAY_OID = 1231,
    UUIDARRAY_OID = 2951,
    JSONARRAY_OID = 199,
    JSONBARRAY_OID = 3807,
    INT2VECTORARRAY_OID = 1006,
    REGPROCARRAY_OID = 1008,
    TIDARRAY_OID = 1010,
    XIDARRAY_OID = 1011,
    CIDARRAY_OID = 1012,
    OIDVECTORARRAY_OID = 1013,
    CSTRINGARRAY_OID = 1263,
    TIMETZARRAY_OID = 1270,
    REFCURSORARRAY_OID = 2201,
    REGPROCEDUREARRAY_OID = 2207,
    REGOPERARRAY_OID = 2208,
    REGOPERATORARRAY_OID = 2209,
    REGCLASSARRAY_OID = 2210,
    REGTYPEARRAY_OID = 2211,
    XMLARRAY_OID = 143,
    REGNAMESPACEARRAY_OID = 4090,
    REGROLEARRAY_OID = 4097,
    REGCOLLATIONARRAY_OID = 4192,
    XID8ARRAY_OID = 271,
};

/* The fields of a composite type as it is now. */
struct composite_field {
    struct str name;
    uint32_t type;
    int32_t typmod;
    const struct type_ops *ops; /* NULL when dropped */
    bool dropped; /* counts, but is not shown; values have NULL there, or an old value */
};
struct composite {
    int nfields;
    struct composite_field *fields;
};

struct tz; /* a time zone: datetime.h */

enum date_style { DATE_STYLE_ISO, DATE_STYLE_SQL, DATE_STYLE_POSTGRES, DATE_STYLE_GERMAN };
enum date_order { DATE_ORDER_MDY, DATE_ORDER_DMY, DATE_ORDER_YMD };
enum interval_style {
    INTERVAL_STYLE_POSTGRES,
    INTERVAL_STYLE_POSTGRES_VERBOSE,
    INTERVAL_STYLE_SQL_STANDARD,
    INTERVAL_STYLE_ISO_8601,
};

/* The session settings that change how values read and print, and "now". The session owns it. */
struct type_env {
    enum date_style date_style;
    enum date_order date_order;
    enum interval_style interval_style;
    int extra_float_digits;                 /* > 0: shortest exact */
    bool bytea_escape;                      /* bytea_output = escape */
    const struct tz *tz;                    /* setting TimeZone; NULL: UTC */
    const struct encoding *client_encoding; /* of text in binary forms; NULL: UTF-8 */
    int64_t txn_timestamp;                  /* timestamptz of the transaction's start */
    int64_t stmt_timestamp;                 /* timestamptz of the statement's start */
    uint64_t *random_state; /* two words of random() and setseed(); NULL: the thread's own */
    /* Names for reg* types; the catalog sets these; NULL members print and read numbers. `kind` is
     * the reg* type's OID. name_of appends; oid_of gives 42704/42883/42P01 when there is none. */
    void *names;
    struct err *(*name_of)(void *names, uint32_t kind, uint32_t oid, struct buf *out);
    struct err *(*oid_of)(void *names, uint32_t kind, struct str name, uint32_t *out);
    /* Types that this layer has not been told of yet (type_register); NULL member or result:
     * unknown. */
    const struct type_ops *(*type_of)(void *names, uint32_t oid);
    const struct type_ops *(*array_of)(void *names, uint32_t elem_oid);
    /* The value of an enum type that has the label (22P02: none), and the label of a value; NULL:
     * values read and print as enum_from_number says. */
    struct err *(*enum_value)(void *names, uint32_t type, struct str label, struct datum *out);
    struct err *(*enum_label)(void *names, uint32_t type, struct datum d, struct buf *out);
    /* The fields of a composite type, in the arena; NULL: composite types cannot be read. */
    struct err *(*composite_of)(void *names, uint32_t type, struct arena *arena,
                                struct composite *out);
    /* Whether a value (NULL too) is one of the domain: 23502, 23514. NULL: all are. */
    struct err *(*domain_check)(void *names, uint32_t domain, struct datum d);
};

struct type_ops {
    uint32_t oid;
    const char *name; /* as format_type prints it: "integer", "character varying" */
    int16_t len;      /* bytes in a tuple: 1, 2, 4, 8 by value; -1 by reference */
    bool byval;
    const struct type_ops *elem;       /* arrays and vectors: the element type */
    const struct type_ops *range;      /* range types: the subtype */
    const struct type_ops *multirange; /* multirange types: the range type */
    uint32_t multirange_oid;           /* range types: of their multirange type */
    /* Domains: the type that their values are of. `oid` is the base's. */
    const struct type_ops *base;
    uint32_t domain; /* domains: their own OID; 0: none */
    int32_t typmod;  /* of a domain's base type */
    /* Whose order it is; NULL: that of the bytes. Then keys are not exact: see key_is_exact. */
    const struct collation *collation;

    /* Parses the text form. `typmod` as in pg_attribute.atttypmod (-1: none) and enforced as by an
     * explicit cast of a literal (varchar(n): 22001 unless the excess is blanks). Errors: 22P02,
     * 22003, 22007, 22008 with PostgreSQL's messages. Result bytes live in the arena (or in
     * `text`). An interval literal's typmod must be passed here: it says what its last number
     * means. For other types PostgreSQL passes -1 for literals and casts the result. */
    struct err *(*in)(const struct type_ops *t, const struct type_env *env, struct str text,
                      int32_t typmod, struct arena *arena, struct datum *out);
    /* Appends the text form. `d` is not NULL. */
    struct err *(*out)(const struct type_ops *t, const struct type_env *env, struct datum d,
                       struct buf *out);
    /* Binary forms. recv errors: 22P03 bad format, 08P01 wrong length. */
    struct err *(*recv)(const struct type_ops *t, const struct type_env *env, struct str bytes,
                        int32_t typmod, struct arena *arena, struct datum *out);
    struct err *(*send)(const struct type_ops *t, const struct type_env *env, struct datum d,
                        struct buf *out);
    /* Default btree order (collation "C"); neither argument NULL. NULL: the type has no order
     * (json). */
    int (*compare)(const struct type_ops *t, struct datum a, struct datum b);
    /* Equal values hash equal (numeric 1.0 and 1.00; -0.0 and 0.0; bpchar without trailing blanks).
     */
    uint64_t (*hash)(const struct type_ops *t, struct datum d);
    /* Appends an encoding whose memcmp order is compare's order and which is prefix-free. NULL
     * where there is no order. Values that compare equal encode equally. */
    void (*key)(const struct type_ops *t, struct datum d, struct buf *out);
};

/* The type with that OID, built-in or registered; NULL when unknown to this layer. */
const struct type_ops *type_by_oid(uint32_t oid);
/* The array type over a built-in element type; NULL when there is none. */
const struct type_ops *type_array_of(uint32_t elem_oid);

/* As type_by_oid, then the catalog's types through env->type_of (env may be NULL). */
const struct type_ops *type_lookup(const struct type_env *env, uint32_t oid);
const struct type_ops *type_lookup_array(const struct type_env *env, uint32_t elem_oid);
/* The array type's functions, for type_ops that the catalog makes: fills everything but oid and
 * name, elem as given. */
void type_init_array(struct type_ops *t, const struct type_ops *elem);
/* The same for enums, and for domains over a type (domain, base and typmod as given). */
void type_init_enum(struct type_ops *t);
void type_init_domain(struct type_ops *t, uint32_t domain, const struct type_ops *base,
                      int32_t typmod);
/* For range types over a subtype (with order, hash and key), and multirange types over those. */
void type_init_range(struct type_ops *t, const struct type_ops *subtype);
void type_init_multirange(struct type_ops *t, const struct type_ops *range);
/* For composite types. */
void type_init_composite(struct type_ops *t);
bool type_is_record(const struct type_ops *t); /* record, or a composite type; NULL: no */
/* Makes a type that the catalog has made known to type_by_oid, in place of an older description of
 * it. It lives as long as the process. */
void type_register(uint32_t oid, const struct type_ops *t);
/* An enum value: its place in the order of the type (pg_enum.enumsortorder) and its label's OID. So
 * values compare, and keys are ordered, without the catalog; an order once given never changes. */
struct datum enum_datum(float sort_order, uint32_t label);
static inline uint32_t enum_label_oid(struct datum d)
{
    return (uint32_t)d.u;
}
float enum_sort_order(struct datum d);
/* The form that values have without enum_label: "#" and the number. So the catalog keeps them in
 * stored expressions, which a label's new name then does not touch. */
bool enum_from_number(struct str text, struct datum *out);
/* The column's entry for tuple_encode and tuple_decode: 1, 2, 4, 8, TUPLE_U32 or -1. */
int8_t type_tuple_len(const struct type_ops *t);

/* Brings a value to a typmod as an assignment cast does (explicit: as an explicit cast):
 * varchar(n), char(n) padding, numeric(p,s) rounding and 22003, time(p), timestamp(p), interval
 * fields, bit(n). */
struct err *type_apply_typmod(const struct type_ops *t, struct datum d, int32_t typmod,
                              bool explicit_cast, struct arena *arena, struct datum *out);
/* As format_type(oid, typmod) prints it: "character varying(20)", "numeric(10,2)", "integer[]". */
struct err *type_format(const struct type_ops *t, int32_t typmod, struct buf *out);
/* Parses type modifiers as written in SQL: (10,2) for numeric, (20) for varchar, (3) for timestamp.
 * Errors 22023 as PostgreSQL's typmodin functions. */
struct err *type_make_typmod(const struct type_ops *t, const int32_t *mods, int nmods,
                             int32_t *out);

#endif
