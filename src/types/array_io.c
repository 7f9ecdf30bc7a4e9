/* Text and binary forms of arrays, int2vector and oidvector. */
#include "types/array.h"

#include "types/number.h"
#include "types/text.h"
#include "types/types_internal.h"

static struct err *bad_array(struct str text)
{
    return err_new("22P02", "malformed array literal: \"%.*s\"", STR_ARG(text));
}

/* Boxes have commas outside of parentheses. */
static char delimiter_of(const struct type_ops *elem)
{
    return elem->oid == BOX_OID ? ';' : ',';
}

struct parser {
    const struct type_ops *elem;
    char delimiter; /* between elements */
    const struct type_env *env;
    int32_t typmod;
    struct arena *arena;
    struct str text;
    size_t at;
    int ndim; /* 0: no item seen yet */
    int32_t dims[ARRAY_MAX_DIMS];
    int32_t lower[ARRAY_MAX_DIMS];
    bool explicit_dims;
    struct array_items list;
};

static void skip_space(struct parser *p)
{
    while (p->at < p->text.len && is_space(p->text.data[p->at]))
        p->at++;
}

static struct err *read_bound(struct parser *p, int32_t *out)
{
    size_t start = p->at;
    if (p->at < p->text.len && (p->text.data[p->at] == '-' || p->text.data[p->at] == '+'))
        p->at++;
    while (p->at < p->text.len && is_digit(p->text.data[p->at]))
        p->at++;
    struct str digits = str_make(p->text.data + start, p->at - start);
    if (digits.len == 0 || !is_digit(digits.data[digits.len - 1]))
        return err_detail(bad_array(p->text),
                          "\"[\" must introduce explicitly-specified array dimensions.");
    int64_t v;
    struct err *e = int_parse(digits, INT32_MIN, INT32_MAX, "integer", &v);
    if (e) {
        err_free(e);
        return err_new("54000", "array bound is out of integer range");
    }
    *out = (int32_t)v;
    return NULL;
}

/* [l:u][u]...= before the braces. */
static struct err *read_dimensions(struct parser *p)
{
    for (;;) {
        skip_space(p);
        if (p->at == p->text.len || p->text.data[p->at] != '[')
            break;
        p->at++;
        if (p->ndim == ARRAY_MAX_DIMS)
            return err_new("54000",
                           "number of array dimensions (%d) exceeds the maximum allowed (%d)",
                           p->ndim + 1, ARRAY_MAX_DIMS);
        int32_t lower = 1, upper;
        TRY(read_bound(p, &upper));
        if (p->at < p->text.len && p->text.data[p->at] == ':') {
            lower = upper;
            p->at++;
            TRY(read_bound(p, &upper));
        }
        if (p->at == p->text.len || p->text.data[p->at] != ']')
            return err_detail(bad_array(p->text), "Missing \"%s\" after array dimensions.", "]");
        p->at++;
        if (upper < lower)
            return err_new("2202E", "upper bound cannot be less than lower bound");
        int64_t dim = (int64_t)upper - lower + 1;
        if (dim > ARRAY_MAX_ITEMS)
            return err_new("54000", "array size exceeds the maximum allowed (%d)", ARRAY_MAX_ITEMS);
        p->dims[p->ndim] = (int32_t)dim;
        p->lower[p->ndim++] = lower;
    }
    if (!p->ndim)
        return NULL;
    p->explicit_dims = true;
    if (p->at == p->text.len || p->text.data[p->at] != '=')
        return err_detail(bad_array(p->text), "Missing \"%s\" after array dimensions.", "=");
    p->at++;
    skip_space(p);
    if (p->at == p->text.len || p->text.data[p->at] != '{')
        return err_detail(bad_array(p->text), "Array contents must start with \"{\".");
    return NULL;
}

static struct err *unexpected_char(struct parser *p, char c)
{
    return err_detail(bad_array(p->text), "Unexpected \"%c\" character.", c);
}

static struct err *unexpected_end(struct parser *p)
{
    return err_detail(bad_array(p->text), "Unexpected end of input.");
}

/* Bytes up to the delimiter behind the item, or to the end of the input. */
static size_t item_bytes(const struct parser *p, bool *plain)
{
    bool inside = false;
    *plain = true;
    for (size_t at = p->at; at < p->text.len; at++) {
        char c = p->text.data[at];
        if (c == '\\') {
            *plain = false;
            at++;
        } else if (c == '"') {
            *plain = false;
            inside = !inside;
        } else if (!inside && (c == p->delimiter || c == '}' || c == '{')) {
            return at - p->at;
        }
    }
    return p->text.len - p->at;
}

/* One item's text with quotes and backslashes resolved; stops before the delimiter. */
static struct err *read_item_text(struct parser *p, struct str *out, bool *quoted)
{
    const char *s = p->text.data;
    bool plain;
    size_t size = item_bytes(p, &plain);
    if (plain && p->at + size < p->text.len && s[p->at + size] != '{') {
        *out = str_trim(str_make(s + p->at, size));
        p->at += size;
        return NULL;
    }
    char *copy = arena_try_alloc(p->arena, size);
    if (!copy)
        return err_oom();
    size_t n = 0, solid = 0; /* `solid` bytes stay when trailing blanks go */
    while (p->at < p->text.len) {
        char c = s[p->at];
        if (c == '"') {
            if (*quoted || solid)
                return err_detail(bad_array(p->text), "Unexpected array element.");
            *quoted = true;
            n = 0;
            for (p->at++; p->at < p->text.len && s[p->at] != '"'; p->at++) {
                if (s[p->at] == '\\' && ++p->at == p->text.len)
                    return unexpected_end(p);
                copy[n++] = s[p->at];
            }
            if (p->at == p->text.len)
                return unexpected_end(p);
            solid = n;
            p->at++;
            continue;
        }
        if (c == p->delimiter || c == '}')
            break;
        if (c == '{')
            return unexpected_char(p, c);
        if (*quoted && !is_space(c))
            return err_detail(bad_array(p->text), "Unexpected array element.");
        if (*quoted) {
            p->at++;
            continue;
        }
        if (c == '\\') {
            if (++p->at == p->text.len)
                return unexpected_end(p);
            copy[n++] = s[p->at++];
            solid = n;
            continue;
        }
        copy[n++] = c;
        p->at++;
        if (!is_space(c))
            solid = n;
    }
    if (p->at == p->text.len)
        return unexpected_end(p);
    *out = str_make(copy, solid);
    return NULL;
}

static struct err *read_item(struct parser *p)
{
    struct arena_mark mark = arena_mark(p->arena);
    struct str text = {0};
    bool quoted = false;
    skip_space(p);
    size_t start = p->at;
    TRY(read_item_text(p, &text, &quoted));
    if (!quoted && text.len == 0)
        return unexpected_char(p, p->text.data[p->at]);
    struct datum d = datum_null();
    /* NULL unquoted and without backslashes. */
    bool null = !quoted && str_eq_nocase(text, "null") &&
                !memchr(p->text.data + start, '\\', p->at - start);
    if (!null) {
        TRY(p->elem->in(p->elem, p->env, text, p->typmod, p->arena, &d));
        if (p->elem->byval)
            arena_rewind(p->arena, mark);
    } else {
        arena_rewind(p->arena, mark);
    }
    return array_items_add(&p->list, p->arena, d);
}

static struct err *ragged(struct parser *p)
{
    if (p->explicit_dims)
        return err_detail(bad_array(p->text),
                          "Specified array dimensions do not match array contents.");
    return err_detail(bad_array(p->text), "Multidimensional arrays must have sub-arrays with "
                                          "matching dimensions.");
}

struct nesting {
    int level;                      /* open braces */
    int32_t counts[ARRAY_MAX_DIMS]; /* children so far, per level */
    int leaf_level;                 /* level at which items stand; 0: not known */
    int32_t found[ARRAY_MAX_DIMS];  /* children of a finished level; -1: none finished */
    bool expect_child;              /* after "{" or "," */
    bool after_comma;
};

static struct err *open_brace(struct parser *p, struct nesting *n)
{
    if (!n->expect_child)
        return unexpected_char(p, '{');
    if (n->level == ARRAY_MAX_DIMS)
        return err_new("54000", "number of array dimensions (%d) exceeds the maximum allowed (%d)",
                       n->level + 1, ARRAY_MAX_DIMS);
    if (n->leaf_level && n->level >= n->leaf_level)
        return n->level == n->leaf_level && n->counts[n->level - 1] ? unexpected_char(p, '{')
                                                                    : ragged(p);
    n->counts[n->level++] = 0;
    n->expect_child = true;
    n->after_comma = false;
    p->at++;
    return NULL;
}

static struct err *close_brace(struct parser *p, struct nesting *n)
{
    if (n->after_comma || (n->level > 1 && n->counts[n->level - 1] == 0))
        return unexpected_char(p, '}');
    int32_t count = n->counts[--n->level];
    if (count == 0 && !n->leaf_level)
        n->leaf_level = n->level + 1;
    if (n->found[n->level] >= 0 && n->found[n->level] != count)
        return ragged(p);
    if (count == 0 && n->leaf_level != n->level + 1)
        return ragged(p);
    n->found[n->level] = count;
    if (n->level)
        n->counts[n->level - 1]++;
    n->expect_child = false;
    p->at++;
    return NULL;
}

static struct err *read_braces(struct parser *p)
{
    size_t start = p->at;
    struct nesting n = {.expect_child = true, .found = {-1, -1, -1, -1, -1, -1}};
    do {
        skip_space(p);
        if (p->at == p->text.len)
            return unexpected_end(p);
        char c = p->text.data[p->at];
        if (c == '{') {
            TRY(open_brace(p, &n));
        } else if (c == '}') {
            TRY(close_brace(p, &n));
        } else if (c == p->delimiter) {
            if (n.expect_child)
                return unexpected_char(p, c);
            n.expect_child = n.after_comma = true;
            p->at++;
        } else {
            if (!n.expect_child)
                return err_detail(bad_array(p->text), "Unexpected array element.");
            if (n.leaf_level && n.level != n.leaf_level)
                return n.level < n.leaf_level
                           ? err_detail(bad_array(p->text), "Unexpected array element.")
                           : ragged(p);
            n.leaf_level = n.level;
            TRY(read_item(p));
            n.counts[n.level - 1]++;
            n.expect_child = n.after_comma = false;
        }
    } while (n.level);
    skip_space(p);
    if (p->at != p->text.len)
        return err_detail(bad_array(str_make(p->text.data + start, p->text.len - start)),
                          "Junk after closing right brace.");
    if (p->explicit_dims) {
        for (int i = 0; i < p->ndim; i++)
            if (n.leaf_level != p->ndim || n.found[i] != p->dims[i])
                return ragged(p);
    } else if (p->list.count) {
        p->ndim = n.leaf_level;
        for (int i = 0; i < p->ndim; i++) {
            p->dims[i] = n.found[i];
            p->lower[i] = 1;
        }
    }
    return NULL;
}

struct err *array_in(TYPE_IN_PARAMS)
{
    struct parser p = {.elem = t->elem,
                       .delimiter = delimiter_of(t->elem),
                       .env = env,
                       .typmod = typmod,
                       .arena = arena,
                       .text = text};
    TRY(read_dimensions(&p));
    skip_space(&p);
    if (p.at == p.text.len || p.text.data[p.at] != '{')
        return err_detail(bad_array(text),
                          "Array value must start with \"{\" or dimension information.");
    TRY(read_braces(&p));
    return array_make(t->elem, p.ndim, p.dims, p.lower, p.list.items, arena, out);
}

/* Quotes what the element's output function appended from `start` on, where needed. */
static void quote_item(struct buf *out, size_t start, char delimiter)
{
    if (out->failed)
        return;
    struct str s = str_make(out->data + start, out->len - start);
    size_t escapes = 0;
    bool quote = s.len == 0 || str_eq_nocase(s, "null");
    for (size_t i = 0; i < s.len; i++) {
        char c = s.data[i];
        escapes += c == '"' || c == '\\';
        quote |= c == '"' || c == '\\' || c == '{' || c == '}' || c == delimiter || is_space(c);
    }
    if (!quote || !buf_reserve(out, escapes + 2))
        return;
    /* From the end, so that nothing is overwritten before it is moved. */
    uint8_t *to = out->data + out->len + escapes + 2;
    const uint8_t *from = out->data + out->len;
    *--to = '"';
    while (from > out->data + start) {
        uint8_t c = *--from;
        *--to = c;
        if (c == '"' || c == '\\')
            *--to = '\\';
    }
    *--to = '"';
    out->len += escapes + 2;
}

static void put_bounds(const struct array *a, struct buf *out)
{
    bool needed = false;
    for (int i = 0; i < a->ndim; i++)
        needed |= a->lower[i] != 1;
    if (!needed)
        return;
    for (int i = 0; i < a->ndim; i++)
        buf_printf(out, "[%d:%d]", a->lower[i], (int)((int64_t)a->lower[i] + a->dims[i] - 1));
    buf_put_u8(out, '=');
}

struct err *array_out(TYPE_OUT_PARAMS)
{
    struct array a;
    TRY(array_open(d, &a));
    const struct type_ops *elem = t->elem ? t->elem : type_lookup(env, a.elem_oid);
    if (!elem)
        return err_new("XX001", "unknown element type %u of an array", a.elem_oid);
    if (a.nitems == 0) {
        buf_put_c(out, "{}");
        return NULL;
    }
    put_bounds(&a, out);
    int32_t left[ARRAY_MAX_DIMS]; /* items to come at each level */
    int open = 0;
    for (uint32_t i = 0; i < a.nitems; i++) {
        while (open < a.ndim) {
            left[open] = a.dims[open];
            buf_put_u8(out, '{');
            open++;
        }
        struct datum item = array_get(&a, i);
        size_t start = out->len;
        if (item.null) {
            buf_put_c(out, "NULL");
        } else {
            TRY(elem->out(elem, env, item, out));
            quote_item(out, start, delimiter_of(elem));
        }
        while (open && --left[open - 1] == 0) {
            buf_put_u8(out, '}');
            open--;
        }
        if (open)
            buf_put_u8(out, (uint8_t)delimiter_of(elem));
    }
    return NULL;
}

/* Binary: ndim, flags, element OID, (length, lower bound) per dimension, then the items, each with
 * its length or -1. */

static struct err *cut_short(void)
{
    return err_new("08P01", "insufficient data left in message");
}

static struct err *recv_items(const struct type_ops *elem, const struct type_env *env,
                              struct str rest, int32_t typmod, uint32_t n, struct arena *arena,
                              struct datum *items)
{
    for (uint32_t i = 0; i < n; i++) {
        if (rest.len < 4)
            return cut_short();
        int32_t len = (int32_t)load_be32(rest.data);
        rest = str_make(rest.data + 4, rest.len - 4);
        if (len == -1) {
            items[i] = datum_null();
            continue;
        }
        if (len < 0 || (size_t)len > rest.len)
            return cut_short();
        TRY(elem->recv(elem, env, str_make(rest.data, (size_t)len), typmod, arena, &items[i]));
        rest = str_make(rest.data + len, rest.len - (size_t)len);
    }
    if (rest.len)
        return err_new("22P03", "incorrect binary data format in bind parameter");
    return NULL;
}

/* What binary arrays name as the type of their elements. */
static uint32_t wire_oid(const struct type_ops *elem)
{
    return elem->domain ? elem->domain : elem->oid;
}

struct err *array_recv(TYPE_RECV_PARAMS)
{
    if (bytes.len < 12)
        return cut_short();
    int32_t ndim = (int32_t)load_be32(bytes.data);
    uint32_t flags = load_be32(bytes.data + 4);
    uint32_t elem_oid = load_be32(bytes.data + 8);
    if (ndim < 0)
        return err_new("22P03", "invalid number of dimensions: %d", ndim);
    if (ndim > ARRAY_MAX_DIMS)
        return err_new("54000", "number of array dimensions (%d) exceeds the maximum allowed (%d)",
                       ndim, ARRAY_MAX_DIMS);
    if (flags > 1)
        return err_new("22P03", "invalid array flags");
    if (elem_oid != wire_oid(t->elem))
        return err_new("42804", "binary data has array element type %u instead of expected %u",
                       elem_oid, wire_oid(t->elem));
    struct str rest = str_make(bytes.data + 12, bytes.len - 12);
    if (rest.len < (size_t)ndim * 8)
        return cut_short();
    int32_t dims[ARRAY_MAX_DIMS], lower[ARRAY_MAX_DIMS];
    for (int i = 0; i < ndim; i++) {
        dims[i] = (int32_t)load_be32(rest.data + 8 * i);
        lower[i] = (int32_t)load_be32(rest.data + 8 * i + 4);
    }
    rest = str_make(rest.data + 8 * ndim, rest.len - (size_t)ndim * 8);
    uint32_t n;
    TRY(array_count(ndim, dims, lower, &n));
    if (rest.len < (size_t)n * 4)
        return cut_short();
    struct datum *items = arena_try_alloc(arena, n * sizeof(*items) + 1);
    if (!items)
        return err_oom();
    TRY(recv_items(t->elem, env, rest, typmod, n, arena, items));
    return array_make(t->elem, ndim, dims, lower, items, arena, out);
}

struct err *array_send(TYPE_OUT_PARAMS)
{
    struct array a;
    TRY(array_open(d, &a));
    const struct type_ops *elem = t->elem ? t->elem : type_lookup(env, a.elem_oid);
    if (!elem)
        return err_new("XX001", "unknown element type %u of an array", a.elem_oid);
    bool nulls = false;
    for (uint32_t i = 0; i < a.nitems; i++)
        nulls |= array_is_null(&a, i);
    buf_put_be32(out, (uint32_t)a.ndim);
    buf_put_be32(out, nulls);
    buf_put_be32(out, wire_oid(elem));
    for (int i = 0; i < a.ndim; i++) {
        buf_put_be32(out, (uint32_t)a.dims[i]);
        buf_put_be32(out, (uint32_t)a.lower[i]);
    }
    for (uint32_t i = 0; i < a.nitems; i++) {
        struct datum item = array_get(&a, i);
        size_t at = out->len;
        buf_put_be32(out, UINT32_MAX);
        if (item.null)
            continue;
        TRY(elem->send(elem, env, item, out));
        if (!out->failed)
            store_be32(out->data + at, (uint32_t)(out->len - at - 4));
    }
    return NULL;
}

/* int2vector, oidvector: blank-separated numbers, bounds from 0. */

static struct err *make_vector(const struct type_ops *elem, struct array_items *list,
                               struct arena *arena, struct datum *out)
{
    int32_t dim = (int32_t)list->count, lower = 0;
    return array_make(elem, 1, &dim, &lower, list->items, arena, out);
}

static struct err *vector_in(TYPE_IN_PARAMS)
{
    struct array_items list = {0};
    for (size_t at = 0; at < text.len;) {
        size_t end = at;
        while (end < text.len && !is_space(text.data[end]))
            end++;
        if (end > at) {
            struct datum d;
            TRY(t->elem->in(t->elem, env, str_make(text.data + at, end - at), -1, arena, &d));
            TRY(array_items_add(&list, arena, d));
        }
        at = end + 1;
    }
    return make_vector(t->elem, &list, arena, out);
}

static struct err *vector_out(TYPE_OUT_PARAMS)
{
    struct array a;
    TRY(array_open(d, &a));
    for (uint32_t i = 0; i < a.nitems; i++) {
        if (i)
            buf_put_u8(out, ' ');
        buf_put_int(out, array_get(&a, i).i);
    }
    return NULL;
}

#define VECTOR_TYPE(ident, type_oid, element) \
    const struct type_ops ident##_ops = {     \
        .oid = type_oid,                      \
        .name = #ident,                       \
        .len = -1,                            \
        .elem = &element##_ops,               \
        .in = vector_in,                      \
        .out = vector_out,                    \
        .recv = array_recv,                   \
        .send = array_send,                   \
        .compare = array_compare,             \
        .hash = array_hash,                   \
        .key = array_key,                     \
    }
VECTOR_TYPE(int2vector, INT2VECTOR_OID, int2);
VECTOR_TYPE(oidvector, OIDVECTOR_OID, oid);
