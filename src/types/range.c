/* Ranges and multiranges: see range.h. */
#include "types/quote.h"
#include "types/range.h"

#include "base/bytes.h"
#include "base/hash.h"
#include "types/datetime.h"
#include "types/types_internal.h"

#include <stdlib.h>

/* ---- bounds ---- */

int range_compare_bounds(const struct type_ops *t, const struct range_bound *a,
                         const struct range_bound *b)
{
    if (a->infinite && b->infinite)
        return a->lower == b->lower ? 0 : a->lower ? -1 : 1;
    if (a->infinite)
        return a->lower ? -1 : 1;
    if (b->infinite)
        return b->lower ? 1 : -1;
    int c = t->range->compare(t->range, a->value, b->value);
    if (c || (a->inclusive && b->inclusive))
        return c;
    if (!a->inclusive && !b->inclusive)
        return a->lower == b->lower ? 0 : a->lower ? 1 : -1;
    if (!a->inclusive)
        return a->lower ? 1 : -1;
    return b->lower ? -1 : 1;
}

int range_compare_ranges(const struct type_ops *t, const struct range *a, const struct range *b)
{
    if (a->empty || b->empty)
        return (int)b->empty - (int)a->empty;
    int c = range_compare_bounds(t, &a->lower, &b->lower);
    return c ? c : range_compare_bounds(t, &a->upper, &b->upper);
}

bool range_bounds_touch(const struct type_ops *t, const struct range_bound *upper,
                        const struct range_bound *lower)
{
    return !upper->infinite && !lower->infinite && upper->inclusive != lower->inclusive &&
           t->range->compare(t->range, upper->value, lower->value) == 0;
}

/* ---- canonical form ---- */

static struct err *add_one(const struct type_ops *t, struct range_bound *b, bool when)
{
    if (b->infinite || b->inclusive != when)
        return NULL;
    int64_t v = b->value.i;
    if (t->oid == DATERANGE_OID) {
        if (v == INT32_MIN || v == INT32_MAX)
            return NULL;
        if (v + 1 == INT32_MAX)
            return err_new("22008", "date out of range");
    } else if (t->oid == INT4RANGE_OID && v == INT32_MAX) {
        return err_new("22003", "integer out of range");
    } else if (t->oid == INT8RANGE_OID && v == INT64_MAX) {
        return err_new("22003", "bigint out of range");
    }
    b->value = datum_int(v + 1);
    b->inclusive = b->lower;
    return NULL;
}

struct err *range_normalize(const struct type_ops *t, struct range *r)
{
    bool discrete = t->oid == INT4RANGE_OID || t->oid == INT8RANGE_OID || t->oid == DATERANGE_OID;
    r->lower.lower = true;
    r->upper.lower = false;
    r->lower.inclusive &= !r->lower.infinite;
    r->upper.inclusive &= !r->upper.infinite;
    for (int pass = 0; pass < 2 && !r->empty; pass++) {
        if (!r->lower.infinite && !r->upper.infinite) {
            int c = t->range->compare(t->range, r->lower.value, r->upper.value);
            if (c > 0)
                return err_new("22000",
                               "range lower bound must be less than or equal to range upper bound");
            r->empty = c == 0 && !(r->lower.inclusive && r->upper.inclusive);
        }
        if (!discrete || r->empty || pass)
            break;
        TRY(add_one(t, &r->lower, false));
        TRY(add_one(t, &r->upper, true));
    }
    return NULL;
}

/* ---- bytes ---- */

static size_t bound_bytes(const struct type_ops *t, const struct range_bound *b)
{
    return b->infinite ? 0 : 4 + (t->range->byval ? 8 : b->value.len);
}

static uint8_t *put_bound(const struct type_ops *t, const struct range_bound *b, uint8_t *p)
{
    if (b->infinite)
        return p;
    uint32_t len = t->range->byval ? 8 : b->value.len;
    store_le32(p, len);
    if (t->range->byval)
        store_le64(p + 4, b->value.u);
    else if (len)
        memcpy(p + 4, b->value.p, len);
    return p + 4 + len;
}

static uint8_t flags_of(const struct range *r)
{
    if (r->empty)
        return RANGE_EMPTY;
    return (uint8_t)((r->lower.inclusive ? RANGE_LOWER_INC : 0) |
                     (r->upper.inclusive ? RANGE_UPPER_INC : 0) |
                     (r->lower.infinite ? RANGE_LOWER_INF : 0) |
                     (r->upper.infinite ? RANGE_UPPER_INF : 0));
}

static size_t range_bytes(const struct type_ops *t, const struct range *r)
{
    return 1 + (r->empty ? 0 : bound_bytes(t, &r->lower) + bound_bytes(t, &r->upper));
}

static uint8_t *put_range(const struct type_ops *t, const struct range *r, uint8_t *p)
{
    *p++ = flags_of(r);
    return r->empty ? p : put_bound(t, &r->upper, put_bound(t, &r->lower, p));
}

struct err *range_make(const struct type_ops *t, struct range r, struct arena *arena,
                       struct datum *out)
{
    TRY(range_normalize(t, &r));
    size_t size = range_bytes(t, &r);
    uint8_t *p = arena_try_alloc(arena, size);
    if (!p)
        return err_oom();
    put_range(t, &r, p);
    *out = datum_bytes(p, size);
    return NULL;
}

static bool take_bound(const struct type_ops *t, const uint8_t **p, const uint8_t *end,
                       struct range_bound *b)
{
    if (b->infinite)
        return true;
    if (end - *p < 4)
        return false;
    uint32_t len = load_le32(*p);
    *p += 4;
    if (len > (size_t)(end - *p) || (t->range->byval && len != 8))
        return false;
    b->value = t->range->byval ? (struct datum){.u = load_le64(*p)} : datum_bytes(*p, len);
    *p += len;
    return true;
}

static bool open_range(const struct type_ops *t, struct datum d, struct range *out)
{
    const uint8_t *p = d.p;
    const uint8_t *end = d.p + d.len;
    if (!d.len)
        return false;
    uint8_t flags = *p++;
    *out = (struct range){
        .empty = flags & RANGE_EMPTY,
        .lower = {.infinite = flags & RANGE_LOWER_INF,
                  .inclusive = flags & RANGE_LOWER_INC,
                  .lower = true},
        .upper = {.infinite = flags & RANGE_UPPER_INF, .inclusive = flags & RANGE_UPPER_INC},
    };
    return out->empty ||
           (take_bound(t, &p, end, &out->lower) && take_bound(t, &p, end, &out->upper));
}

struct err *range_open(const struct type_ops *t, struct datum d, struct range *out)
{
    return open_range(t, d, out) ? NULL : err_new("XX001", "malformed range value");
}

/* ---- text ---- */

static struct err *malformed(struct str text, const char *detail)
{
    return err_detail(err_new("22P02", "malformed range literal: \"%.*s\"", STR_ARG(text)), "%s",
                      detail);
}

/* A bound's text up to the comma or bracket; *infinite: there is none. */
static struct err *take_text(struct str text, size_t *at, struct arena *arena, struct str *out,
                             bool *infinite)
{
    *infinite = *at < text.len && strchr(",)]", text.data[*at]) != NULL;
    return quote_take_field(text, at, ",)]", arena, out)
               ? NULL
               : malformed(text, "Unexpected end of input.");
}

static size_t skip_spaces(struct str text, size_t at)
{
    while (at < text.len && is_space(text.data[at]))
        at++;
    return at;
}

/* "empty", alone. */
static struct err *read_empty(struct str text, size_t at, bool *empty)
{
    *empty = text.len - at >= 5 && str_eq_nocase(str_make(text.data + at, 5), "empty");
    if (*empty && skip_spaces(text, at + 5) != text.len)
        return malformed(text, "Junk after \"empty\" key word.");
    return NULL;
}

static struct err *read_bounds(struct str text, size_t at, struct arena *arena, struct range *r,
                               struct str texts[2])
{
    if (at == text.len || (text.data[at] != '[' && text.data[at] != '('))
        return malformed(text, "Missing left parenthesis or bracket.");
    r->lower.inclusive = text.data[at++] == '[';
    TRY(take_text(text, &at, arena, &texts[0], &r->lower.infinite));
    if (text.data[at] != ',')
        return malformed(text, "Missing comma after lower bound.");
    at++;
    TRY(take_text(text, &at, arena, &texts[1], &r->upper.infinite));
    if (text.data[at] == ',')
        return malformed(text, "Too many commas.");
    r->upper.inclusive = text.data[at++] == ']';
    if (skip_spaces(text, at) != text.len)
        return malformed(text, "Junk after right parenthesis or bracket.");
    return NULL;
}

static struct err *parse_range(const struct type_ops *t, const struct type_env *env,
                               struct str text, struct arena *arena, struct range *r)
{
    struct str texts[2] = {{0}};
    size_t at = skip_spaces(text, 0);
    *r = (struct range){.empty = false};
    TRY(read_empty(text, at, &r->empty));
    if (r->empty)
        return NULL;
    TRY(read_bounds(text, at, arena, r, texts));
    if (!r->lower.infinite)
        TRY(t->range->in(t->range, env, texts[0], -1, arena, &r->lower.value));
    if (!r->upper.infinite)
        TRY(t->range->in(t->range, env, texts[1], -1, arena, &r->upper.value));
    return range_normalize(t, r);
}

static struct err *range_in(TYPE_IN_PARAMS)
{
    struct range r;
    TRY(parse_range(t, env, text, arena, &r));
    return range_make(t, r, arena, out);
}

/* A bound is quoted when empty or when it holds a character of the syntax. */
static struct err *put_bound_text(const struct type_ops *t, const struct type_env *env,
                                  const struct range_bound *b, struct buf *out)
{
    struct buf text = BUF_INIT;
    if (b->infinite)
        return NULL;
    struct err *e = t->range->out(t->range, env, b->value, &text);
    bool quote = !text.len;
    for (size_t i = 0; i < text.len; i++)
        quote |= strchr("\"\\()[],", text.data[i]) || is_space((char)text.data[i]);
    if (quote)
        buf_put_u8(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '"' || text.data[i] == '\\')
            buf_put_u8(out, text.data[i]);
        buf_put_u8(out, text.data[i]);
    }
    if (quote)
        buf_put_u8(out, '"');
    buf_done(&text);
    return e;
}

static struct err *put_range_text(const struct type_ops *t, const struct type_env *env,
                                  const struct range *r, struct buf *out)
{
    if (r->empty) {
        buf_put_c(out, "empty");
        return NULL;
    }
    buf_put_u8(out, r->lower.inclusive ? '[' : '(');
    TRY(put_bound_text(t, env, &r->lower, out));
    buf_put_u8(out, ',');
    TRY(put_bound_text(t, env, &r->upper, out));
    buf_put_u8(out, r->upper.inclusive ? ']' : ')');
    return NULL;
}

static struct err *range_out(TYPE_OUT_PARAMS)
{
    struct range r;
    TRY(range_open(t, d, &r));
    return put_range_text(t, env, &r, out);
}

/* ---- binary ---- */

static struct err *recv_bound(const struct type_ops *t, const struct type_env *env,
                              struct str *rest, struct arena *arena, struct range_bound *b)
{
    if (b->infinite)
        return NULL;
    if (rest->len < 4)
        return bad_length(t->name, rest->len);
    uint32_t len = load_be32(rest->data);
    *rest = str_make(rest->data + 4, rest->len - 4);
    if (len > rest->len)
        return bad_length(t->name, rest->len);
    struct str bytes = str_make(rest->data, len);
    *rest = str_make(rest->data + len, rest->len - len);
    return t->range->recv(t->range, env, bytes, -1, arena, &b->value);
}

static struct err *parse_binary(const struct type_ops *t, const struct type_env *env,
                                struct str bytes, struct arena *arena, struct range *r)
{
    if (!bytes.len)
        return bad_length(t->name, 0);
    uint8_t flags = (uint8_t)bytes.data[0];
    struct str rest = str_make(bytes.data + 1, bytes.len - 1);
    *r = (struct range){
        .empty = flags & RANGE_EMPTY,
        .lower = {.infinite = flags & (RANGE_LOWER_INF | RANGE_EMPTY),
                  .inclusive = flags & RANGE_LOWER_INC},
        .upper = {.infinite = flags & (RANGE_UPPER_INF | RANGE_EMPTY),
                  .inclusive = flags & RANGE_UPPER_INC},
    };
    TRY(recv_bound(t, env, &rest, arena, &r->lower));
    TRY(recv_bound(t, env, &rest, arena, &r->upper));
    if (rest.len)
        return bad_binary(t->name);
    return range_normalize(t, r);
}

static struct err *range_recv(TYPE_RECV_PARAMS)
{
    struct range r;
    TRY(parse_binary(t, env, bytes, arena, &r));
    return range_make(t, r, arena, out);
}

static struct err *send_bound(const struct type_ops *t, const struct type_env *env,
                              const struct range_bound *b, struct buf *out)
{
    if (b->infinite)
        return NULL;
    size_t at = out->len;
    buf_put_be32(out, 0);
    TRY(t->range->send(t->range, env, b->value, out));
    if (!out->failed)
        store_be32(out->data + at, (uint32_t)(out->len - at - 4));
    return NULL;
}

static struct err *send_range(const struct type_ops *t, const struct type_env *env,
                              const struct range *r, struct buf *out)
{
    buf_put_u8(out, flags_of(r));
    if (r->empty)
        return NULL;
    TRY(send_bound(t, env, &r->lower, out));
    return send_bound(t, env, &r->upper, out);
}

static struct err *range_send(TYPE_OUT_PARAMS)
{
    struct range r;
    TRY(range_open(t, d, &r));
    return send_range(t, env, &r, out);
}

/* ---- order, hash, keys ---- */

static int range_compare(const struct type_ops *t, struct datum da, struct datum db)
{
    struct range a;
    struct range b;
    if (!open_range(t, da, &a) || !open_range(t, db, &b))
        return bytes_compare(t, da, db);
    return range_compare_ranges(t, &a, &b);
}

static uint64_t hash_of(const struct type_ops *t, const struct range *r)
{
    uint64_t h = flags_of(r);
    if (!r->empty && !r->lower.infinite)
        h = hash_combine(h, t->range->hash(t->range, r->lower.value));
    if (!r->empty && !r->upper.infinite)
        h = hash_combine(h, t->range->hash(t->range, r->upper.value));
    return h;
}

static uint64_t range_hash(const struct type_ops *t, struct datum d)
{
    struct range r;
    return open_range(t, d, &r) ? hash_of(t, &r) : bytes_hash(t, d);
}

/* Empty ranges first; then the lower bound, an inclusive one before an exclusive one, then the
 * upper bound, an exclusive one before an inclusive one. */
static void put_key(const struct type_ops *t, const struct range *r, struct buf *out)
{
    buf_put_u8(out, r->empty ? 0 : 1);
    if (r->empty)
        return;
    buf_put_u8(out, r->lower.infinite ? 0 : 1);
    if (!r->lower.infinite) {
        t->range->key(t->range, r->lower.value, out);
        buf_put_u8(out, r->lower.inclusive ? 0 : 1);
    }
    buf_put_u8(out, r->upper.infinite ? 2 : 1);
    if (!r->upper.infinite) {
        t->range->key(t->range, r->upper.value, out);
        buf_put_u8(out, r->upper.inclusive ? 1 : 0);
    }
}

static void range_key(const struct type_ops *t, struct datum d, struct buf *out)
{
    struct range r;
    if (open_range(t, d, &r))
        put_key(t, &r, out);
    else
        bytes_key(t, d, out);
}

void type_init_range(struct type_ops *t, const struct type_ops *subtype)
{
    *t = (struct type_ops){
        .oid = t->oid,
        .name = t->name,
        .len = -1,
        .range = subtype,
        .in = range_in,
        .out = range_out,
        .recv = range_recv,
        .send = range_send,
        .compare = range_compare,
        .hash = range_hash,
        .key = range_key,
    };
}

/* ---- lists of ranges ---- */

void ranges_add(struct ranges *l, struct arena *arena, const struct range *r)
{
    ARENA_PUSH(arena, l->items, l->count, l->cap, *r);
}

/* The i-th range of a multirange; false when the bytes are damaged. */
static bool multirange_item(const struct type_ops *t, struct datum d, uint32_t i, struct range *out)
{
    uint32_t n = load_le32(d.p);
    const uint8_t *ends = d.p + 4;
    size_t head = 4 + (size_t)n * 4;
    uint32_t start = i ? load_le32(ends + 4 * (i - 1)) : 0;
    uint32_t end = load_le32(ends + (size_t)4 * i);
    if (end < start || end > d.len - head)
        return false;
    return open_range(t->multirange, datum_bytes(d.p + head + start, end - start), out);
}

static bool multirange_count(struct datum d, uint32_t *n)
{
    *n = d.len >= 4 ? load_le32(d.p) : 0;
    return d.len >= 4 && *n <= (d.len - 4) / 4;
}

struct err *ranges_open(const struct type_ops *t, struct datum d, struct arena *arena,
                        struct ranges *out, const struct type_ops **rt)
{
    struct range r;
    uint32_t n;
    *out = (struct ranges){0};
    *rt = t->range ? t : t->multirange;
    if (t->range) {
        TRY(range_open(t, d, &r));
        if (!r.empty)
            ranges_add(out, arena, &r);
        return NULL;
    }
    if (!multirange_count(d, &n))
        return err_new("XX001", "malformed multirange value");
    for (uint32_t i = 0; i < n; i++) {
        if (!multirange_item(t, d, i, &r))
            return err_new("XX001", "malformed multirange value");
        ranges_add(out, arena, &r);
    }
    return NULL;
}

static int by_order(const void *a, const void *b, void *rt)
{
    return range_compare_ranges(rt, a, b);
}

void ranges_normalize(const struct type_ops *rt, struct ranges *l)
{
    int kept = 0;
    if (l->count)
        qsort_r(l->items, (size_t)l->count, sizeof(*l->items), by_order, (void *)rt);
    for (int i = 0; i < l->count; i++) {
        struct range *r = &l->items[i];
        struct range *last = kept ? &l->items[kept - 1] : NULL;
        if (r->empty)
            continue;
        bool joined = last && (range_compare_bounds(rt, &last->upper, &r->lower) >= 0 ||
                               range_bounds_touch(rt, &last->upper, &r->lower));
        if (!joined)
            l->items[kept++] = *r;
        else if (range_compare_bounds(rt, &last->upper, &r->upper) < 0)
            last->upper = r->upper;
    }
    l->count = kept;
}

struct err *multirange_make(const struct type_ops *t, const struct ranges *l, struct arena *arena,
                            struct datum *out)
{
    size_t size = 4 + (size_t)l->count * 4;
    for (int i = 0; i < l->count; i++)
        size += range_bytes(t->multirange, &l->items[i]);
    if (size > 0x3fffffff)
        return err_new("54000", "multirange is too large");
    uint8_t *bytes = arena_try_alloc(arena, size);
    if (!bytes)
        return err_oom();
    store_le32(bytes, (uint32_t)l->count);
    uint8_t *first = bytes + 4 + (size_t)l->count * 4;
    uint8_t *p = first;
    for (int i = 0; i < l->count; i++) {
        p = put_range(t->multirange, &l->items[i], p);
        store_le32(bytes + 4 + (size_t)4 * (size_t)i, (uint32_t)(p - first));
    }
    *out = datum_bytes(bytes, size);
    return NULL;
}

/* ---- multiranges ---- */

static struct err *bad_multirange(struct str text, const char *detail)
{
    return err_detail(err_new("22P02", "malformed multirange literal: \"%.*s\"", STR_ARG(text)),
                      "%s", detail);
}

/* From a range's first character to behind its last. */
static struct err *range_end(struct str text, size_t *at)
{
    bool quoted = false;
    size_t i = *at;
    if (text.data[i] != '[' && text.data[i] != '(') {
        while (i < text.len && is_alpha(text.data[i]))
            i++;
        *at = i;
        return NULL;
    }
    for (; i < text.len; i++) {
        char c = text.data[i];
        if (c == '\\')
            i++;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && (c == ']' || c == ')'))
            break;
    }
    if (i >= text.len)
        return bad_multirange(text, "Unexpected end of input.");
    *at = i + 1;
    return NULL;
}

static bool at_empty(struct str text, size_t at)
{
    return text.len - at >= 5 && str_eq_nocase(str_make(text.data + at, 5), "empty");
}

static struct err *read_ranges(const struct type_ops *t, const struct type_env *env,
                               struct str text, struct arena *arena, struct ranges *out)
{
    size_t at = skip_spaces(text, 0);
    if (at == text.len || text.data[at] != '{')
        return bad_multirange(text, "Missing left brace.");
    at = skip_spaces(text, at + 1);
    bool more = at == text.len || text.data[at] != '}';
    while (more) {
        struct range r;
        if (at == text.len)
            return bad_multirange(text, "Unexpected end of input.");
        if (text.data[at] != '[' && text.data[at] != '(' && !at_empty(text, at))
            return bad_multirange(text, "Expected range start.");
        size_t start = at;
        TRY(range_end(text, &at));
        TRY(parse_range(t->multirange, env, str_make(text.data + start, at - start), arena, &r));
        ranges_add(out, arena, &r);
        at = skip_spaces(text, at);
        if (at == text.len)
            return bad_multirange(text, "Unexpected end of input.");
        if (text.data[at] != ',' && text.data[at] != '}')
            return bad_multirange(text, "Expected comma or end of multirange.");
        more = text.data[at] == ',';
        if (more)
            at = skip_spaces(text, at + 1);
    }
    if (skip_spaces(text, at + 1) != text.len)
        return bad_multirange(text, "Junk after closing right brace.");
    return NULL;
}

static struct err *multirange_in(TYPE_IN_PARAMS)
{
    struct ranges l = {0};
    TRY(read_ranges(t, env, text, arena, &l));
    ranges_normalize(t->multirange, &l);
    return multirange_make(t, &l, arena, out);
}

static struct err *multirange_out(TYPE_OUT_PARAMS)
{
    struct range r;
    uint32_t n;
    if (!multirange_count(d, &n))
        return err_new("XX001", "malformed multirange value");
    buf_put_u8(out, '{');
    for (uint32_t i = 0; i < n; i++) {
        if (!multirange_item(t, d, i, &r))
            return err_new("XX001", "malformed multirange value");
        if (i)
            buf_put_u8(out, ',');
        TRY(put_range_text(t->multirange, env, &r, out));
    }
    buf_put_u8(out, '}');
    return NULL;
}

static struct err *multirange_recv(TYPE_RECV_PARAMS)
{
    struct ranges l = {0};
    if (bytes.len < 4)
        return bad_length(t->name, bytes.len);
    uint32_t n = load_be32(bytes.data);
    struct str rest = str_make(bytes.data + 4, bytes.len - 4);
    for (uint32_t i = 0; i < n; i++) {
        struct range r;
        uint32_t len = rest.len >= 4 ? load_be32(rest.data) : UINT32_MAX;
        if (rest.len < 4 || len > rest.len - 4)
            return bad_length(t->name, bytes.len);
        TRY(parse_binary(t->multirange, env, str_make(rest.data + 4, len), arena, &r));
        ranges_add(&l, arena, &r);
        rest = str_make(rest.data + 4 + len, rest.len - 4 - len);
    }
    if (rest.len)
        return bad_binary(t->name);
    ranges_normalize(t->multirange, &l);
    return multirange_make(t, &l, arena, out);
}

static struct err *multirange_send(TYPE_OUT_PARAMS)
{
    struct range r;
    uint32_t n;
    if (!multirange_count(d, &n))
        return err_new("XX001", "malformed multirange value");
    buf_put_be32(out, n);
    for (uint32_t i = 0; i < n; i++) {
        if (!multirange_item(t, d, i, &r))
            return err_new("XX001", "malformed multirange value");
        size_t at = out->len;
        buf_put_be32(out, 0);
        TRY(send_range(t->multirange, env, &r, out));
        if (!out->failed)
            store_be32(out->data + at, (uint32_t)(out->len - at - 4));
    }
    return NULL;
}

static int multirange_compare(const struct type_ops *t, struct datum a, struct datum b)
{
    uint32_t n;
    uint32_t m;
    if (!multirange_count(a, &n) || !multirange_count(b, &m))
        return bytes_compare(t, a, b);
    for (uint32_t i = 0; i < n && i < m; i++) {
        struct range x;
        struct range y;
        if (!multirange_item(t, a, i, &x) || !multirange_item(t, b, i, &y))
            return bytes_compare(t, a, b);
        int c = range_compare_ranges(t->multirange, &x, &y);
        if (c)
            return c;
    }
    return (n > m) - (n < m);
}

static uint64_t multirange_hash(const struct type_ops *t, struct datum d)
{
    uint32_t n;
    struct range r;
    if (!multirange_count(d, &n))
        return bytes_hash(t, d);
    uint64_t h = n;
    for (uint32_t i = 0; i < n && multirange_item(t, d, i, &r); i++)
        h = hash_combine(h, hash_of(t->multirange, &r));
    return h;
}

static void multirange_key(const struct type_ops *t, struct datum d, struct buf *out)
{
    uint32_t n = 0;
    struct range r;
    if (!multirange_count(d, &n))
        n = 0;
    for (uint32_t i = 0; i < n && multirange_item(t, d, i, &r); i++)
        put_key(t->multirange, &r, out);
    /* Ranges in a multirange are not empty: nothing more is less than any of them. */
    buf_put_u8(out, 0);
}

void type_init_multirange(struct type_ops *t, const struct type_ops *range)
{
    *t = (struct type_ops){
        .oid = t->oid,
        .name = t->name,
        .len = -1,
        .multirange = range,
        .in = multirange_in,
        .out = multirange_out,
        .recv = multirange_recv,
        .send = multirange_send,
        .compare = multirange_compare,
        .hash = multirange_hash,
        .key = multirange_key,
    };
}
