/* What the files of this folder share: the operations of each type and helpers for writing them. */
#ifndef TARN_TYPES_TYPES_INTERNAL_H
#define TARN_TYPES_TYPES_INTERNAL_H

#include "types/type.h"

extern const struct type_ops bool_ops, char_ops, name_ops, text_ops, varchar_ops, bpchar_ops,
    unknown_ops, cstring_ops, json_ops, xml_ops, pg_node_tree_ops, aclitem_ops, refcursor_ops,
    bytea_ops, uuid_ops, void_ops, any_ops, anyarray_ops, anyelement_ops, anynonarray_ops,
    anyenum_ops, anyrange_ops, jsonpath_ops, point_ops, line_ops, lseg_ops, box_ops, path_ops,
    polygon_ops, circle_ops, money_ops, bit_ops, varbit_ops, inet_ops, cidr_ops, macaddr_ops,
    macaddr8_ops, anymultirange_ops, anycompatiblerange_ops, anycompatiblemultirange_ops,
    anycompatible_ops, anycompatiblearray_ops, anycompatiblenonarray_ops, trigger_ops, internal_ops,
    int2_ops, int4_ops, int8_ops, oid_ops, xid_ops, xid8_ops, pg_lsn_ops, pg_snapshot_ops,
    txid_snapshot_ops, cid_ops, tid_ops, regproc_ops, regprocedure_ops, regoper_ops,
    regoperator_ops, regclass_ops, regtype_ops, regnamespace_ops, regrole_ops, regcollation_ops,
    float4_ops, float8_ops, numeric_ops, date_ops, time_ops, timetz_ops, timestamp_ops,
    timestamptz_ops, interval_ops, jsonb_ops, int2vector_ops, oidvector_ops, record_ops,
    pg_ndistinct_ops, pg_dependencies_ops, pg_mcv_list_ops;

/* Parameters of the members of struct type_ops. */
#define TYPE_IN_PARAMS                                                                     \
    const struct type_ops *t, const struct type_env *env, struct str text, int32_t typmod, \
        struct arena *arena, struct datum *out
#define TYPE_OUT_PARAMS \
    const struct type_ops *t, const struct type_env *env, struct datum d, struct buf *out
#define TYPE_RECV_PARAMS                                                                    \
    const struct type_ops *t, const struct type_env *env, struct str bytes, int32_t typmod, \
        struct arena *arena, struct datum *out

/* 22P02 invalid input syntax for type NAME: "TEXT". */
struct err *bad_syntax(const char *type_name, struct str text);
/* 22003 value "TEXT" is out of range for type NAME. */
struct err *out_of_range(const char *type_name, struct str text);
/* 22P03 incorrect binary data format, or 08P01 for a wrong length. */
struct err *bad_binary(const char *type_name);
struct err *bad_length(const char *type_name, size_t len);

/* Shared by the types whose values are compared as signed integers in `i`. */
int int_compare(const struct type_ops *t, struct datum a, struct datum b);
uint64_t int_hash(const struct type_ops *t, struct datum d);
/* Shared by the types that are byte strings in byte order. */
int bytes_compare(const struct type_ops *t, struct datum a, struct datum b);
uint64_t bytes_hash(const struct type_ops *t, struct datum d);
void bytes_key(const struct type_ops *t, struct datum d, struct buf *out);

/* The binary form of types whose binary form is their text: in the client's character set. */
struct err *recv_as_text(TYPE_RECV_PARAMS);
struct err *send_as_text(TYPE_OUT_PARAMS);

struct err *array_in(TYPE_IN_PARAMS);
struct err *array_out(TYPE_OUT_PARAMS);
struct err *array_recv(TYPE_RECV_PARAMS);
struct err *array_send(TYPE_OUT_PARAMS);
int array_compare(const struct type_ops *t, struct datum a, struct datum b);
uint64_t array_hash(const struct type_ops *t, struct datum d);
void array_key(const struct type_ops *t, struct datum d, struct buf *out);

static inline bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static inline bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline char to_lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

struct err *composite_in(TYPE_IN_PARAMS);
struct err *composite_recv(TYPE_RECV_PARAMS);
const struct type_ops *registered_type(uint32_t oid);

/* Without white space at both ends. */
struct str str_trim(struct str s);
/* Without regard to the case of ASCII letters. */
bool str_eq_nocase(struct str a, const char *b);

#endif
