/* The table of SQL functions by prosrc name: see exec/fn.h. Built before main starts and never
 * changed, so that any thread may look up. */
#include "exec/functions/fn_internal.h"

#include "base/hash.h"
#include "types/collation.h"

#include <stdlib.h>

static const struct {
    const struct fn_entry *entries;
    const size_t *count;
} tables[] = {
#define TABLE(name)                 \
    {                               \
        name##_table, &name##_count \
    }
    TABLE(fn_int),          TABLE(fn_compare),    TABLE(fn_float),       TABLE(fn_numeric),
    TABLE(fn_text),         TABLE(fn_string),     TABLE(fn_format),      TABLE(fn_like),
    TABLE(fn_regex),        TABLE(fn_bytea),      TABLE(fn_encode),      TABLE(fn_datetime),
    TABLE(fn_timestamp),    TABLE(fn_extract),    TABLE(fn_trunc),       TABLE(fn_json),
    TABLE(fn_jsonb),        TABLE(fn_jsonb_edit), TABLE(fn_jsonb_build), TABLE(fn_array),
    TABLE(fn_array_search), TABLE(fn_misc),       TABLE(fn_tonumber),    TABLE(fn_tochar),
    TABLE(fn_fromchar),     TABLE(fn_range),      TABLE(fn_network),     TABLE(fn_jsonpath),
    TABLE(fn_json_record),  TABLE(fn_bits),       TABLE(fn_money),       TABLE(fn_point),
    TABLE(fn_box),          TABLE(fn_line),       TABLE(fn_path),        TABLE(fn_size),
    TABLE(fn_lsn),          TABLE(fn_convert),    TABLE(fn_hash),
#undef TABLE
};

enum { BUCKETS = 8192 };
static const struct fn_entry *buckets[BUCKETS]; /* open addressing */
static size_t entries;

static size_t hash_name(const char *name)
{
    return hash_bytes(name, strlen(name), 0) % BUCKETS;
}

__attribute__((constructor)) static void fill_buckets(void)
{
    for (size_t t = 0; t < ARRAY_LENGTH(tables); t++)
        for (size_t i = 0; i < *tables[t].count; i++) {
            const struct fn_entry *e = &tables[t].entries[i];
            size_t at = hash_name(e->prosrc);
            while (buckets[at]) {
                CHECK(strcmp(buckets[at]->prosrc, e->prosrc) != 0);
                at = (at + 1) % BUCKETS;
            }
            buckets[at] = e;
            CHECK(++entries < BUCKETS / 2);
        }
}

fn_impl fn_lookup(const char *prosrc)
{
    for (size_t at = hash_name(prosrc); buckets[at]; at = (at + 1) % BUCKETS)
        if (strcmp(buckets[at]->prosrc, prosrc) == 0)
            return buckets[at]->fn;
    return NULL;
}

const struct srf_impl *srf_lookup(const char *prosrc)
{
    static const struct {
        const struct srf_impl *entries;
        const size_t *count;
    } srfs[] = {
        {srf_series_table, &srf_series_count},     {srf_text_table, &srf_text_count},
        {srf_json_table, &srf_json_count},         {srf_range_table, &srf_range_count},
        {srf_jsonpath_table, &srf_jsonpath_count}, {srf_json_record_table, &srf_json_record_count},
    };
    for (size_t t = 0; t < ARRAY_LENGTH(srfs); t++)
        for (size_t i = 0; i < *srfs[t].count; i++)
            if (strcmp(srfs[t].entries[i].name, prosrc) == 0)
                return &srfs[t].entries[i];
    return NULL;
}

static bool declared_matches(uint32_t declared, uint32_t actual)
{
    return declared == actual || declared == ANY_OID;
}

const struct agg_impl *agg_lookup(const char *name, const uint32_t *arg_types, int nargs)
{
    static const struct {
        const struct agg_entry *entries;
        const size_t *count;
    } aggs[] = {
        {agg_basic_table, &agg_basic_count}, {agg_numeric_table, &agg_numeric_count},
        {agg_json_table, &agg_json_count},   {agg_float_table, &agg_float_count},
        {agg_range_table, &agg_range_count}, {agg_bits_table, &agg_bits_count},
        {agg_money_table, &agg_money_count},
    };
    for (size_t t = 0; t < ARRAY_LENGTH(aggs); t++)
        for (size_t i = 0; i < *aggs[t].count; i++) {
            const struct agg_entry *e = &aggs[t].entries[i];
            bool same = e->nargs == nargs && strcmp(e->name, name) == 0;
            for (int k = 0; k < nargs && same; k++)
                same = declared_matches(e->args[k], arg_types[k]);
            if (same)
                return &e->impl;
        }
    return NULL;
}

struct err *give_buf(struct fn_call *c, struct buf *b, struct datum *out)
{
    struct err *e = buf_finish(b);
    char *p = e ? NULL : arena_try_alloc(c->arena, b->len);
    if (!e && !p)
        e = err_oom();
    if (!e) {
        if (b->len)
            memcpy(p, b->data, b->len);
        *out = datum_bytes(p, b->len);
    }
    buf_done(b);
    return e;
}

struct err *give_bytes(struct fn_call *c, size_t len, char **p, struct datum *out)
{
    if (len > 0x3fffffff)
        return too_long_result();
    *p = arena_try_alloc(c->arena, len);
    if (!*p)
        return err_oom();
    *out = datum_bytes(*p, len);
    return NULL;
}

struct err *known_type(struct fn_call *c, uint32_t oid, const struct type_ops **out)
{
    *out = type_collated(type_lookup(c->env, oid), c->collation);
    return *out ? NULL : err_new("XX000", "cache lookup failed for type %u", oid);
}

struct err *arg_type(struct fn_call *c, int i, const struct type_ops **out)
{
    return known_type(c, c->arg_types[i], out);
}

struct err *put_text(struct fn_call *c, const struct type_ops *t, struct datum d, struct buf *out)
{
    return t->out(t, c->env, d, out);
}

struct err *put_cast_text(struct fn_call *c, const struct type_ops *t, struct datum d,
                          struct buf *out)
{
    if (t->oid != BOOL_OID)
        return put_text(c, t, d, out);
    buf_put_c(out, d.i ? "true" : "false");
    return NULL;
}

struct err *int2_range(void)
{
    return err_new("22003", "smallint out of range");
}

struct err *int4_range(void)
{
    return err_new("22003", "integer out of range");
}

struct err *int8_range(void)
{
    return err_new("22003", "bigint out of range");
}

struct err *float_overflow(void)
{
    return err_new("22003", "value out of range: overflow");
}

struct err *float_underflow(void)
{
    return err_new("22003", "value out of range: underflow");
}

struct err *zero_divide(void)
{
    return err_new("22012", "division by zero");
}

struct err *too_long_result(void)
{
    return err_new("54000", "requested length too large");
}
