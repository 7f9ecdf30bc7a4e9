/* Rows of the source as rows of the table, by the table's policies: what cannot be stored as it is
 * (NUL bytes, broken UTF-8, values out of range or that do not convert) fails the run, makes the
 * row one that is refused, or is repaired or left out; a NULL in the key fails or is refused.
 *
 * Whether a row is refused depends on what is in it alone, so that the row that takes it away
 * again is known by the same look. */
#include "sync/sync_internal.h"

#include "base/hash.h"
#include "catalog/table.h"
#include "lake/json.h"
#include "types/text.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* ---- repairing ---- */

/* Bytes of the well-formed character at the beginning, 0: there is none. */
static size_t good_char(struct str s)
{
    size_t n = utf8_char_bytes((uint8_t)s.data[0]);
    if (s.data[0] && !(s.data[0] & 0x80))
        return 1;
    if (!s.data[0] || n == 0 || n > s.len)
        return 0;
    struct err *e = utf8_verify(str_make(s.data, n));
    bool good = !e;
    err_free(e);
    return good ? n : 0;
}

/* `json`: the escape of a NUL byte too. */
static void put_repaired(struct buf *out, struct str s, bool json)
{
    for (size_t i = 0; i < s.len;) {
        struct str rest = str_make(s.data + i, s.len - i);
        size_t n;
        if (json && rest.data[0] == '\\' && str_starts_with(rest, STR("\\u0000"))) {
            buf_put_c(out, "\\ufffd");
            n = 6;
        } else if (json && rest.data[0] == '\\' && rest.len > 1 && !(rest.data[1] & 0x80)) {
            n = 2;
            buf_put(out, rest.data, n);
        } else if ((n = good_char(rest))) {
            buf_put(out, rest.data, n);
        } else {
            buf_put_c(out, REPLACEMENT);
            n = 1;
        }
        i += n;
    }
}

static struct err *repaired(struct str s, bool json, struct arena *arena, struct str *out)
{
    struct buf b = BUF_INIT;
    put_repaired(&b, s, json);
    struct err *e = buf_finish(&b);
    if (!e)
        *out = arena_str(arena, buf_str(&b));
    buf_done(&b);
    return e;
}

/* A value of text or of jsonb without what is bad in it. */
static struct err *repaired_value(struct row_taker *t, int i, const struct lake_vec *vec,
                                  uint32_t row, struct datum *out)
{
    const struct sync_columns *c = t->columns;
    struct str text;
    if (vec->phys == LAKE_PHYS_BYTES && vec->type->kind == LAKE_STRING) {
        struct lake_vec one = {.type = vec->type, .phys = vec->phys, .count = 1, .bytes = &text};
        TRY(repaired(vec->bytes[row], false, t->values, &text));
        return columns_value(c, i, &one, 0, &t->s->types, t->values, out);
    }
    if (c->natural[i].oid != JSONB_OID || c->convert[i])
        return err_new("22021", "a value that cannot be repaired");
    struct buf json = BUF_INIT;
    lake_json_value(vec, row, &json);
    struct err *e = buf_finish(&json);
    if (!e)
        e = repaired(buf_str(&json), true, t->values, &text);
    buf_done(&json);
    return e ? e : value_jsonb(text, t->values, out);
}

/* ---- values ---- */

/* Of data, not of the server or of damaged files. */
static bool is_bad_value(const struct err *e)
{
    return strncmp(e->sqlstate, "22", 2) == 0 || err_is(e, "54000") || err_is(e, "23514");
}

/* Takes note of why the row is refused; the error is freed. */
static void refuse(struct row_taker *t, int att, struct err *e)
{
    buf_reset(&t->reason);
    buf_printf(&t->reason, "column \"%s\": %s", t->rel->atts[att].name, e->message);
    err_free(e);
    t->refused = t->bad_value = true;
    t->reason_att = att;
}

struct err *rows_value(struct row_taker *t, int i, const struct lake_vec *vec, uint32_t row,
                       struct datum *out)
{
    struct err *e = columns_value(t->columns, i, vec, row, &t->s->types, t->values, out);
    if (!e || !is_bad_value(e) || t->policy.bad_value == BAD_FAIL)
        return e;
    if (t->policy.bad_value == BAD_QUARANTINE) {
        refuse(t, t->columns->atts[i], e);
        *out = datum_null();
        return NULL;
    }
    err_free(e);
    e = NULL;
    if (t->policy.bad_value == BAD_SANITIZE)
        e = repaired_value(t, i, vec, row, out);
    if (e || t->policy.bad_value == BAD_NULL) { /* what cannot be repaired is left out */
        err_free(e);
        *out = datum_null();
    }
    return NULL;
}

struct err *rows_take(struct row_taker *t, const struct lake_batch *b, uint32_t row,
                      struct datum *out, int *bad_att)
{
    const struct sync_columns *c = t->columns;
    t->refused = false;
    *bad_att = -1;
    for (int i = 0; i < c->count; i++) {
        struct err *e = rows_value(t, i, &b->columns[i], row, &out[c->atts[i]]);
        if (e) {
            *bad_att = c->atts[i];
            return e;
        }
        if (t->refused)
            return NULL;
    }
    const struct index *key = t->rel->primary;
    for (int i = 0; i < key->nkeys; i++) {
        int att = key->cols[i].attnum - 1;
        if (!out[att].null)
            continue;
        struct err *e = columns_null_key(t->rel, att);
        if (!t->policy.quarantine_null)
            return e;
        err_free(e);
        buf_reset(&t->reason);
        buf_printf(&t->reason, "null value in key column \"%s\"", t->rel->atts[att].name);
        t->refused = true;
        t->bad_value = false;
        t->reason_att = att;
        return NULL;
    }
    return NULL;
}

/* ---- rows that are refused ---- */

static bool is_key_column(const struct row_taker *t, int i)
{
    return columns_is_key(t->rel, t->columns->atts[i]);
}

/* Values without quotes, between commas. */
static void put_key(struct buf *key, struct str json)
{
    buf_put_c(key, key->len ? ", " : "");
    if (json.len >= 2 && json.data[0] == '"')
        json = str_make(json.data + 1, json.len - 2);
    buf_put_str(key, json);
}

struct err *rows_refused(struct row_taker *t, const struct lake_batch *b, uint32_t row,
                         struct reject *out)
{
    struct buf raw = BUF_INIT, json = BUF_INIT, key = BUF_INIT, value = BUF_INIT;
    buf_put_c(&json, "{");
    for (int i = 0; i < t->columns->count; i++) {
        const struct lake_vec *vec = &b->columns[i];
        bool null = !vec->type || lake_vec_is_null(vec, row);
        buf_reset(&raw);
        buf_reset(&value);
        if (!null) {
            lake_json_value(vec, row, &raw);
            put_repaired(&value, buf_str(&raw), true);
            buf_put_c(&json, json.len > 1 ? ", " : "");
            lake_put_json_string(&json, str_from(t->rel->atts[t->columns->atts[i]].name));
            buf_put_c(&json, ": ");
            buf_put_str(&json, buf_str(&value));
        }
        if (is_key_column(t, i))
            put_key(&key, null ? STR("null") : buf_str(&value));
    }
    buf_put_c(&json, "}");
    struct err *e = buf_finish(&json);
    if (!e)
        e = buf_finish(&key);
    if (!e) {
        *out = (struct reject){.key = arena_str(t->values, buf_str(&key)),
                               .reason = arena_str(t->values, buf_str(&t->reason)),
                               .column = t->rel->atts[t->reason_att].name,
                               .bad_value = t->bad_value};
        out->digest[0] = hash_bytes(json.data, json.len, 1);
        out->digest[1] = hash_bytes(json.data, json.len, 2);
        struct err *bad = value_jsonb(buf_str(&json), t->values, &out->row);
        if (bad) /* no JSON after all: as a string */
            out->row = datum_null();
        err_free(bad);
    }
    buf_done(&raw);
    buf_done(&json);
    buf_done(&key);
    buf_done(&value);
    return e;
}

/* ---- rows of the table ---- */

static bool is_number(uint32_t type)
{
    return type == INT2_OID || type == INT4_OID || type == INT8_OID || type == NUMERIC_OID ||
           type == FLOAT4_OID || type == FLOAT8_OID;
}

static struct err *put_datum(struct row_taker *t, int att, struct datum d, struct buf *out)
{
    const struct type_ops *ops = t->rel->atts[att].ops;
    struct buf text = BUF_INIT;
    struct err *e = d.null ? NULL : ops->out(ops, &t->s->types, d, &text);
    struct str s = buf_str(&text);
    bool digits = s.len && s.data[s.len - 1] >= '0' && s.data[s.len - 1] <= '9';
    if (!e && d.null)
        buf_put_c(out, "null");
    else if (!e && ops->oid == BOOL_OID)
        buf_put_c(out, d.i ? "true" : "false");
    else if (!e &&
             (ops->oid == JSONB_OID || ops->oid == JSON_OID || (digits && is_number(ops->oid))))
        buf_put_str(out, s);
    else if (!e)
        lake_put_json_string(out, s);
    buf_done(&text);
    return e;
}

static struct err *put_datums(struct row_taker *t, const struct datum *row, struct buf *json,
                              struct buf *key)
{
    struct buf value = BUF_INIT;
    struct err *e = NULL;
    buf_put_c(json, "{");
    for (int att = 0; att < t->rel->natts && !e; att++) {
        if (t->rel->atts[att].dropped || row[att].null)
            continue;
        buf_reset(&value);
        e = put_datum(t, att, row[att], &value);
        buf_put_c(json, json->len > 1 ? ", " : "");
        lake_put_json_string(json, str_from(t->rel->atts[att].name));
        buf_put_c(json, ": ");
        buf_put_str(json, buf_str(&value));
        if (columns_is_key(t->rel, att))
            put_key(key, buf_str(&value));
    }
    buf_put_c(json, "}");
    buf_done(&value);
    return e;
}

struct err *rows_duplicate(struct row_taker *t, const struct datum *row, struct reject *out)
{
    struct buf json = BUF_INIT, key = BUF_INIT;
    struct err *e = put_datums(t, row, &json, &key);
    *out = (struct reject){.reason = STR("duplicate key")};
    if (!e)
        e = buf_finish(&json);
    if (!e)
        e = buf_finish(&key);
    if (!e) {
        out->key = arena_str(t->values, buf_str(&key));
        out->digest[0] = hash_bytes(json.data, json.len, 1);
        out->digest[1] = hash_bytes(json.data, json.len, 2);
        e = value_jsonb(buf_str(&json), t->values, &out->row);
    }
    if (!e)
        e = rows_group(t, row, &out->group);
    buf_done(&json);
    buf_done(&key);
    return e;
}

struct err *rows_group(struct row_taker *t, const struct datum *row, struct row_group *out)
{
    buf_reset(&t->key);
    table_put_row_key(&t->key, 0, t->rel, row);
    TRY(buf_finish(&t->key));
    out->hash[0] = hash_bytes(t->key.data, t->key.len, 1);
    out->hash[1] = hash_bytes(t->key.data, t->key.len, 2);
    return NULL;
}

/* ---- which of two rows of a key stays ---- */

int rows_compare_times(const struct row_taker *t, const struct datum *a, const struct datum *b)
{
    int att = t->policy.time_att;
    const struct type_ops *ops = t->rel->atts[att].ops;
    if (a[att].null || b[att].null)
        return b[att].null - a[att].null;
    return ops->compare(ops, a[att], b[att]);
}

bool rows_same(const struct relation *rel, const struct datum *a, const struct datum *b)
{
    for (int i = 0; i < rel->natts; i++) {
        if (rel->atts[i].dropped)
            continue; /* rows that are older than that have a value */
        if (a[i].null != b[i].null)
            return false;
        if (a[i].null)
            continue;
        if (rel->atts[i].ops->byval ? a[i].u != b[i].u
                                    : a[i].len != b[i].len || memcmp(a[i].p, b[i].p, a[i].len) != 0)
            return false;
    }
    return true;
}

struct err *rows_key_text(struct row_taker *t, const struct datum *row, struct buf *out)
{
    const struct index *key = t->rel->primary;
    struct buf value = BUF_INIT;
    struct err *e = NULL;
    buf_reset(out);
    for (int i = 0; i < key->nkeys && !e; i++) {
        buf_reset(&value);
        e = put_datum(t, key->cols[i].attnum - 1, row[key->cols[i].attnum - 1], &value);
        put_key(out, buf_str(&value));
    }
    buf_done(&value);
    return e ? e : buf_finish(out);
}

void rows_init(struct row_taker *t, struct session *s, struct relation *rel,
               const struct sync_columns *columns, const struct row_policy *policy,
               struct arena *values)
{
    *t = (struct row_taker){.s = s, .rel = rel, .columns = columns, .values = values};
    t->policy = *policy;
    t->reason = t->key = (struct buf)BUF_INIT;
}

void rows_done(struct row_taker *t)
{
    buf_done(&t->reason);
    buf_done(&t->key);
}
