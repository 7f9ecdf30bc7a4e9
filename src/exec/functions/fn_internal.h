/* What the function files share. A file defines functions with FN and lists them in one table. */
#ifndef TARN_EXEC_FUNCTIONS_FN_INTERNAL_H
#define TARN_EXEC_FUNCTIONS_FN_INTERNAL_H

#include "base/buf.h"
#include "exec/fn.h"
#include "types/type.h"

struct fn_entry {
    const char *prosrc;
    fn_impl fn;
};

#define FN(name) static struct err *f_##name(struct fn_call *c, struct datum *out)
#define ENTRY(name)     \
    {                   \
#name, f_##name \
    }

extern const struct fn_entry fn_int_table[], fn_compare_table[], fn_float_table[],
    fn_numeric_table[], fn_text_table[], fn_string_table[], fn_format_table[], fn_like_table[],
    fn_regex_table[], fn_bytea_table[], fn_encode_table[], fn_datetime_table[],
    fn_timestamp_table[], fn_extract_table[], fn_trunc_table[], fn_tochar_table[],
    fn_fromchar_table[], fn_tonumber_table[], fn_json_table[], fn_jsonb_table[],
    fn_jsonb_edit_table[], fn_jsonb_build_table[], fn_array_table[], fn_array_search_table[],
    fn_misc_table[], fn_window_table[], fn_range_table[], fn_network_table[], fn_jsonpath_table[],
    fn_json_record_table[], fn_bits_table[], fn_money_table[], fn_point_table[], fn_box_table[],
    fn_line_table[], fn_path_table[], fn_size_table[], fn_lsn_table[], fn_convert_table[],
    fn_hash_table[];
extern const size_t fn_int_count, fn_compare_count, fn_float_count, fn_numeric_count, fn_text_count,
    fn_string_count, fn_format_count, fn_like_count, fn_regex_count, fn_bytea_count,
    fn_encode_count, fn_datetime_count, fn_timestamp_count, fn_extract_count, fn_trunc_count,
    fn_tochar_count, fn_fromchar_count, fn_tonumber_count, fn_json_count, fn_jsonb_count,
    fn_jsonb_edit_count, fn_jsonb_build_count, fn_array_count, fn_array_search_count, fn_misc_count,
    fn_range_count, fn_network_count, fn_jsonpath_count, fn_json_record_count, fn_bits_count,
    fn_money_count, fn_point_count, fn_box_count, fn_line_count, fn_path_count, fn_size_count,
    fn_lsn_count, fn_convert_count, fn_hash_count;

/* Set-returning functions and aggregates, same scheme. */
extern const struct srf_impl srf_series_table[], srf_text_table[], srf_json_table[],
    srf_range_table[], srf_jsonpath_table[], srf_json_record_table[];
extern const size_t srf_series_count, srf_text_count, srf_json_count, srf_range_count,
    srf_jsonpath_count, srf_json_record_count;

struct agg_entry {
    const char *name;
    uint32_t args[2]; /* declared argument types; 0: any further ones are absent */
    int nargs;
    struct agg_impl impl;
};
extern const struct agg_entry agg_basic_table[], agg_numeric_table[], agg_json_table[],
    agg_float_table[], agg_range_table[], agg_bits_table[], agg_money_table[];
extern const size_t agg_basic_count, agg_numeric_count, agg_json_count, agg_float_count,
    agg_range_count, agg_bits_count, agg_money_count;

#define TABLE_END(name) const size_t name##_count = ARRAY_LENGTH(name##_table)

#define ARG_I(n) (c->args[n].i)
#define ARG_STR(n) datum_as_str(c->args[n])

static inline struct err *give_int(int64_t v, struct datum *out)
{
    *out = datum_int(v);
    return NULL;
}

static inline struct err *give_bool(bool v, struct datum *out)
{
    *out = datum_bool(v);
    return NULL;
}

static inline struct err *give_f64(double v, struct datum *out)
{
    *out = datum_f64(v);
    return NULL;
}

static inline struct err *give_str(struct str s, struct datum *out)
{
    *out = datum_str(s);
    return NULL;
}

static inline struct err *give_null(struct datum *out)
{
    *out = datum_null();
    return NULL;
}

/* Copies the buffer's content into the call's arena and frees the buffer, whatever happens. */
struct err *give_buf(struct fn_call *c, struct buf *b, struct datum *out) MUST_CHECK;
/* Result bytes of a size that depends on data; *p is to be filled. */
struct err *give_bytes(struct fn_call *c, size_t len, char **p, struct datum *out) MUST_CHECK;
/* The type of an argument; XX000 when unknown. */
struct err *arg_type(struct fn_call *c, int i, const struct type_ops **out) MUST_CHECK;
struct err *known_type(struct fn_call *c, uint32_t oid, const struct type_ops **out) MUST_CHECK;
/* Appends an argument's text form. */
struct err *put_text(struct fn_call *c, const struct type_ops *t, struct datum d,
                     struct buf *out) MUST_CHECK;
/* bool as a cast to text prints it, everything else as its output function. */
struct err *put_cast_text(struct fn_call *c, const struct type_ops *t, struct datum d,
                          struct buf *out) MUST_CHECK;

/* The next piece of a split string; see fn_string.c. */
struct err *split_next(struct str *rest, bool *finished, struct str separator, bool by_char,
                       struct str *piece) MUST_CHECK;
struct interval;
/* The offset that an interval means as a time zone; 22023 with days or months. */
struct err *interval_zone_offset(struct interval v, int32_t *east) MUST_CHECK;
struct array_items;
/* Keys and values, alternating, of json_object(text[]) and json_object(text[], text[]). */
struct err *json_object_pairs(struct fn_call *c, struct array_items *list) MUST_CHECK;

/* 22003 "integer out of range" and the like. */
struct err *int2_range(void);
struct err *int4_range(void);
struct err *int8_range(void);
struct err *float_overflow(void);
struct err *float_underflow(void);
struct err *zero_divide(void);
struct err *too_long_result(void);

#endif
