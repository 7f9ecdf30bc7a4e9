/* Items of values, and searches for them: see inverted.h. */
#include "catalog/inverted.h"

#include "base/buf.h"
#include "types/array.h"
#include "types/jsonb.h"
#include "types/jsonpath.h"
#include "types/key.h"

#include <stdlib.h>

/* The second byte of an item. With TAG_HASHED, 8 bytes of hash stand for what would follow. */
enum {
    TAG_NULL = 1,     /* an element that is NULL */
    TAG_VALUE = 2,    /* an element */
    TAG_EMPTY = 3,    /* the array without elements */
    TAG_KEY = 'K',    /* jsonb: a key, or a string in an array */
    TAG_STRING = 'S', /* jsonb: other strings */
    TAG_NUMBER = 'N',
    TAG_FALSE = 'F',
    TAG_TRUE = 'T',
    TAG_JSON_NULL = 'Z',
    TAG_PATH = 'P', /* jsonb_path_ops: a scalar with the keys above it, as a hash */
    TAG_HASHED = 0x80,
};

enum { MAX_ITEM_BYTES = 512 };

/* Strategies in pg_amop. */
enum {
    ARRAY_OVERLAP = 1,
    ARRAY_CONTAINS = 2,
    ARRAY_CONTAINED = 3,
    ARRAY_EQUAL = 4,
    JSONB_CONTAINS = 7,
    JSONB_EXISTS = 9,
    JSONB_EXISTS_ANY = 10,
    JSONB_EXISTS_ALL = 11,
    JSONB_PATH_EXISTS = 15,
    JSONB_PATH_MATCH = 16,
};

/* ---- hashes, which are stored ---- */

#define HASH_SEED 0xcbf29ce484222325ull

/* FNV-1a. */
static uint64_t add_bytes(uint64_t h, const void *p, size_t len)
{
    const uint8_t *s = p;
    for (size_t i = 0; i < len; i++)
        h = (h ^ s[i]) * 0x100000001b3ull;
    return h;
}

/* A key or a value within what `h` stands for. */
static uint64_t add_part(uint64_t h, uint8_t tag, struct str part)
{
    return add_bytes(add_bytes(h, &tag, 1), part.data, part.len);
}

/* ---- making items ---- */

struct maker {
    const struct index_col *col;
    uint8_t column; /* the first byte of its items */
    bool paths;     /* class jsonb_path_ops */
    struct arena *arena;
};

static struct maker maker_for(const struct index *ix, int column, struct arena *a)
{
    return (struct maker){.col = &ix->cols[column],
                          .column = (uint8_t)(column + 1),
                          .paths = ix->cols[column].opclass == JSONB_PATH_OPCLASS,
                          .arena = a};
}

static struct str item_of(const struct maker *m, uint8_t tag, struct str bytes)
{
    bool hashed = bytes.len > MAX_ITEM_BYTES;
    size_t len = hashed ? 10 : bytes.len + 2;
    uint8_t *p = arena_alloc(m->arena, len);
    p[0] = m->column;
    p[1] = hashed ? tag | TAG_HASHED : tag;
    if (hashed)
        store_be64(p + 2, add_bytes(HASH_SEED, bytes.data, bytes.len));
    else if (bytes.len)
        memcpy(p + 2, bytes.data, bytes.len);
    return str_make(p, len);
}

static struct err *finish_item(const struct maker *m, uint8_t tag, struct buf *b, struct str *out)
{
    struct err *e = buf_finish(b);
    if (!e)
        *out = item_of(m, tag, buf_str(b));
    buf_done(b);
    return e;
}

static struct err *string_item(const struct maker *m, uint8_t tag, struct str s, struct str *out)
{
    struct buf b = BUF_INIT;
    key_put_bytes(&b, s.data, s.len);
    return finish_item(m, tag, &b, out);
}

static struct err *number_item(const struct maker *m, struct datum number, struct str *out)
{
    struct buf b = BUF_INIT;
    const struct type_ops *ops = type_by_oid(NUMERIC_OID);
    ops->key(ops, number, &b);
    return finish_item(m, TAG_NUMBER, &b, out);
}

static struct err *element_item(const struct maker *m, const struct type_ops *elem,
                                const struct array *array, uint32_t i, struct str *out)
{
    struct buf b = BUF_INIT;
    if (array_is_null(array, i)) {
        *out = item_of(m, TAG_NULL, STR(""));
        return NULL;
    }
    elem->key(elem, array_get(array, i), &b);
    return finish_item(m, TAG_VALUE, &b, out);
}

static uint8_t scalar_tag(const struct jsonb *v)
{
    switch (v->kind) {
    case JSONB_NULL:
        return TAG_JSON_NULL;
    case JSONB_FALSE:
        return TAG_FALSE;
    case JSONB_TRUE:
        return TAG_TRUE;
    case JSONB_NUMBER:
        return TAG_NUMBER;
    case JSONB_STRING:
    case JSONB_ARRAY:
    case JSONB_OBJECT:
        break;
    }
    return TAG_STRING;
}

/* A scalar; `tag`: TAG_KEY for a string in an array. */
static struct err *scalar_item(const struct maker *m, const struct jsonb *v, uint8_t tag,
                               struct str *out)
{
    if (v->kind == JSONB_STRING)
        return string_item(m, tag, jsonb_str(v), out);
    if (v->kind == JSONB_NUMBER)
        return number_item(m, jsonb_number(v), out);
    *out = item_of(m, scalar_tag(v), STR(""));
    return NULL;
}

/* A scalar below the keys that `h` stands for. Equal values have equal plain items. */
static struct err *path_item(const struct maker *m, uint64_t h, const struct jsonb *v,
                             struct str *out)
{
    struct str plain;
    uint8_t bytes[8];
    TRY(scalar_item(m, v, TAG_STRING, &plain));
    store_be64(bytes, add_part(h, (uint8_t)plain.data[1], str_make(plain.data + 2, plain.len - 2)));
    *out = item_of(m, TAG_PATH, str_make(bytes, sizeof(bytes)));
    return NULL;
}

static void push(const struct maker *m, struct inverted_items *to, struct str item)
{
    ARENA_PUSH(m->arena, to->list, to->n, to->cap, item);
}

const struct type_ops *inverted_element(uint32_t type)
{
    const struct cat_type *t = builtin_type(builtin_base_type(type));
    const struct type_ops *elem = t && t->is_array ? type_by_oid(t->elem) : NULL;
    return elem && elem->key ? elem : NULL;
}

static struct err *array_items(const struct maker *m, struct datum d, struct inverted_items *to)
{
    const struct type_ops *elem = inverted_element(m->col->type);
    struct array array;
    TRY(array_open(d, &array));
    if (!array.nitems)
        push(m, to, item_of(m, TAG_EMPTY, STR("")));
    for (uint32_t i = 0; i < array.nitems; i++) {
        struct str item;
        TRY(element_item(m, elem, &array, i, &item));
        push(m, to, item);
    }
    return NULL;
}

/* A container that the walk is in. */
struct level {
    bool object;
    uint64_t hash; /* of the keys above it */
};

static struct err *walk_jsonb(const struct maker *m, struct jsonb_iter *it,
                              struct inverted_items *to)
{
    struct level *levels = NULL; /* the first: the root, as if it were in an array */
    int n = 0;
    int cap = 0;
    uint64_t at = HASH_SEED; /* of the keys above the next value */
    ARENA_PUSH(m->arena, levels, n, cap, (struct level){false, HASH_SEED});
    for (;;) {
        struct str item;
        const struct level top = levels[n - 1];
        switch (jsonb_iter_next(it)) {
        case JSONB_EV_KEY:
            at = add_part(top.hash, TAG_KEY, it->key);
            if (m->paths)
                break;
            TRY(string_item(m, TAG_KEY, it->key, &item));
            push(m, to, item);
            break;
        case JSONB_EV_VALUE:
            if (m->paths)
                TRY(path_item(m, top.object ? at : top.hash, &it->value, &item));
            else
                TRY(scalar_item(m, &it->value, top.object ? TAG_STRING : TAG_KEY, &item));
            push(m, to, item);
            break;
        case JSONB_EV_BEGIN:
            ARENA_PUSH(m->arena, levels, n, cap,
                       (struct level){it->value.kind == JSONB_OBJECT, top.object ? at : top.hash});
            break;
        case JSONB_EV_END:
            n--;
            break;
        case JSONB_EV_DONE:
            return NULL;
        }
    }
}

static struct err *jsonb_items(const struct maker *m, struct datum d, struct inverted_items *to)
{
    struct jsonb v;
    struct jsonb_iter it;
    TRY(jsonb_open(d, &v));
    jsonb_iter_init(&it, &v);
    struct err *e = walk_jsonb(m, &it, to);
    jsonb_iter_done(&it);
    return e;
}

static bool is_array_class(const struct index_col *col)
{
    return col->opclass == ARRAY_GIN_OPCLASS;
}

static struct err *value_items(const struct maker *m, struct datum d, struct inverted_items *to)
{
    return is_array_class(m->col) ? array_items(m, d, to) : jsonb_items(m, d, to);
}

static int compare_items(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

struct err *inverted_items(const struct index *ix, const struct datum *datums, struct arena *a,
                           struct inverted_items *out)
{
    *out = (struct inverted_items){0};
    for (int i = 0; i < ix->nkeys; i++) {
        struct maker m = maker_for(ix, i, a);
        if (!datums[i].null)
            TRY(value_items(&m, datums[i], out));
    }
    if (!out->n)
        return NULL;
    qsort(out->list, (size_t)out->n, sizeof(*out->list), compare_items);
    int n = 1;
    for (int i = 1; i < out->n; i++)
        if (!str_eq(out->list[i], out->list[n - 1]))
            out->list[n++] = out->list[i];
    out->n = n;
    return NULL;
}

/* ---- searches ---- */

static struct inverted_search *search_new(const struct maker *m, enum inverted_kind kind)
{
    struct inverted_search *s = arena_new(m->arena, struct inverted_search);
    s->kind = kind;
    return s;
}

static struct inverted_search *search_item(const struct maker *m, struct str item)
{
    struct inverted_search *s = search_new(m, INVERTED_ITEM);
    s->item = item;
    return s;
}

/* The conjunction (or disjunction) of what is in `list` so far (NULL: nothing) and one more. */
static struct inverted_search *combine(const struct maker *m, enum inverted_kind kind,
                                       struct inverted_search *list, struct inverted_search *more)
{
    enum inverted_kind neutral = kind == INVERTED_AND ? INVERTED_ALL : INVERTED_NONE;
    enum inverted_kind decisive = kind == INVERTED_AND ? INVERTED_NONE : INVERTED_ALL;
    if (!list || list->kind == neutral || more->kind == decisive)
        return more;
    if (list->kind == decisive || more->kind == neutral)
        return list;
    if (list->kind != kind) {
        struct inverted_search *s = search_new(m, kind);
        ARENA_PUSH(m->arena, s->args, s->n, s->cap, list);
        list = s;
    }
    ARENA_PUSH(m->arena, list->args, list->n, list->cap, more);
    return list;
}

static struct inverted_search *combine_items(const struct maker *m, enum inverted_kind kind,
                                             const struct inverted_items *items)
{
    struct inverted_search *s = search_new(m, kind == INVERTED_AND ? INVERTED_ALL : INVERTED_NONE);
    for (int i = 0; i < items->n; i++)
        s = combine(m, kind, s, search_item(m, items->list[i]));
    return s;
}

static struct err *search_array(const struct maker *m, int strategy, struct datum value,
                                struct inverted_search **out)
{
    const struct type_ops *elem = inverted_element(m->col->type);
    struct inverted_items items = {0};
    struct array array;
    bool nulls = strategy == ARRAY_EQUAL;
    TRY(array_open(value, &array));
    for (uint32_t i = 0; i < array.nitems; i++) {
        struct str item;
        if (array_is_null(&array, i) && strategy == ARRAY_CONTAINS) {
            *out = search_new(m, INVERTED_NONE);
            return NULL;
        }
        if (array_is_null(&array, i) && !nulls)
            continue;
        TRY(element_item(m, elem, &array, i, &item));
        push(m, &items, item);
    }
    if (strategy == ARRAY_CONTAINED || (strategy == ARRAY_EQUAL && !array.nitems))
        push(m, &items, item_of(m, TAG_EMPTY, STR("")));
    bool all = strategy == ARRAY_CONTAINS || strategy == ARRAY_EQUAL;
    *out = combine_items(m, all ? INVERTED_AND : INVERTED_OR, &items);
    return NULL;
}

/* ?, ?|, ?& */
static struct err *search_keys(const struct maker *m, int strategy, struct datum value,
                               struct inverted_search **out)
{
    struct inverted_items items = {0};
    struct array array;
    struct str item;
    if (strategy == JSONB_EXISTS) {
        TRY(string_item(m, TAG_KEY, datum_as_str(value), &item));
        *out = search_item(m, item);
        return NULL;
    }
    TRY(array_open(value, &array));
    for (uint32_t i = 0; i < array.nitems; i++) {
        if (array_is_null(&array, i))
            continue;
        TRY(string_item(m, TAG_KEY, datum_as_str(array_get(&array, i)), &item));
        push(m, &items, item);
    }
    *out = combine_items(m, strategy == JSONB_EXISTS_ALL ? INVERTED_AND : INVERTED_OR, &items);
    return NULL;
}

/* ---- JSON paths ---- */

/* Where a path has come to. */
struct place {
    struct inverted_search *needs; /* what a value must have that has this place at all */
    uint64_t hash;                 /* of the keys on the way */
    bool exact;                    /* ... which are all the keys above what is found here */
    bool foreign;                  /* what is found here is not in the value, but computed */
};

static struct err *search_condition(const struct maker *m, const struct place *current,
                                    const struct jsonpath_item *p, struct inverted_search **out);

static struct err *follow(const struct maker *m, const struct place *current,
                          const struct jsonpath_item *p, struct place *out)
{
    struct place at = {search_new(m, INVERTED_ALL), HASH_SEED, true, false};
    if (p->kind == JP_CURRENT)
        at = *current;
    else if (p->kind != JP_ROOT)
        at.foreign = true;
    for (p = p->next; p && !at.foreign; p = p->next) {
        struct inverted_search *s;
        struct str item;
        switch (p->kind) {
        case JP_KEY:
            at.hash = add_part(at.hash, TAG_KEY, p->text);
            if (m->paths)
                break;
            TRY(string_item(m, TAG_KEY, p->text, &item));
            at.needs = combine(m, INVERTED_AND, at.needs, search_item(m, item));
            break;
        case JP_ANY_ITEM:
        case JP_ITEMS:
            break;
        case JP_ANY_KEY:
        case JP_ANY:
            at.exact = false;
            break;
        case JP_FILTER:
            TRY(search_condition(m, &at, p->left, &s));
            at.needs = combine(m, INVERTED_AND, at.needs, s);
            break;
        default:
            at.foreign = true;
            break;
        }
    }
    *out = at;
    return NULL;
}

static bool literal_of(const struct jsonpath_item *p, struct jsonb *out)
{
    if (p->next)
        return false;
    switch (p->kind) {
    case JP_NULL:
        *out = (struct jsonb){.kind = JSONB_NULL};
        return true;
    case JP_BOOL:
        *out = (struct jsonb){.kind = p->value ? JSONB_TRUE : JSONB_FALSE};
        return true;
    case JP_NUMBER:
        *out =
            (struct jsonb){.kind = JSONB_NUMBER, .p = p->number.p, .len = (uint32_t)p->number.len};
        return true;
    case JP_STRING:
        *out = (struct jsonb){
            .kind = JSONB_STRING, .p = (const uint8_t *)p->text.data, .len = (uint32_t)p->text.len};
        return true;
    default:
        return false;
    }
}

static struct err *search_equal(const struct maker *m, const struct place *at,
                                const struct jsonb *literal, struct inverted_search **out)
{
    struct str item;
    if (m->paths) {
        if (!at->exact)
            return NULL;
        TRY(path_item(m, at->hash, literal, &item));
        *out = combine(m, INVERTED_AND, *out, search_item(m, item));
        return NULL;
    }
    TRY(scalar_item(m, literal, TAG_STRING, &item));
    struct inverted_search *s = search_item(m, item);
    if (literal->kind == JSONB_STRING) {
        TRY(scalar_item(m, literal, TAG_KEY, &item));
        s = combine(m, INVERTED_OR, s, search_item(m, item));
    }
    *out = combine(m, INVERTED_AND, *out, s);
    return NULL;
}

/* A comparison holds for no pair when one side finds nothing. */
static struct err *search_comparison(const struct maker *m, const struct place *current,
                                     const struct jsonpath_item *p, struct inverted_search **out)
{
    struct place left;
    struct place right;
    struct jsonb literal;
    TRY(follow(m, current, p->left, &left));
    TRY(follow(m, current, p->right, &right));
    *out = combine(m, INVERTED_AND, left.needs, right.needs);
    if (p->kind != JP_EQ)
        return NULL;
    if (!left.foreign && literal_of(p->right, &literal))
        return search_equal(m, &left, &literal, out);
    if (!right.foreign && literal_of(p->left, &literal))
        return search_equal(m, &right, &literal, out);
    return NULL;
}

/* A predicate that must be true. The parser bounds the depth. */
static struct err *search_condition(const struct maker *m, const struct place *current,
                                    const struct jsonpath_item *p, struct inverted_search **out)
{
    struct inverted_search *left;
    struct inverted_search *right;
    struct place at;
    switch (p->kind) {
    case JP_AND:
    case JP_OR:
        TRY(search_condition(m, current, p->left, &left));
        TRY(search_condition(m, current, p->right, &right));
        *out = combine(m, p->kind == JP_AND ? INVERTED_AND : INVERTED_OR, left, right);
        return NULL;
    case JP_EXISTS:
    case JP_STARTS:
    case JP_REGEX:
        TRY(follow(m, current, p->left, &at));
        *out = at.needs;
        return NULL;
    case JP_EQ:
    case JP_NE:
    case JP_LT:
    case JP_GT:
    case JP_LE:
    case JP_GE:
        return search_comparison(m, current, p, out);
    default:
        *out = search_new(m, INVERTED_ALL);
        return NULL;
    }
}

static struct err *search_path(const struct maker *m, int strategy, struct datum value,
                               struct inverted_search **out)
{
    struct jsonpath path;
    struct place root = {search_new(m, INVERTED_ALL), HASH_SEED, true, false};
    struct place at;
    TRY(jsonpath_parse(datum_as_str(value), m->arena, &path));
    if (jsonpath_is_predicate(path.root->kind)) {
        /* A predicate always finds something: true, false or null. */
        if (strategy == JSONB_PATH_MATCH && !path.root->next)
            return search_condition(m, &root, path.root, out);
        *out = root.needs;
        return NULL;
    }
    TRY(follow(m, &root, path.root, &at));
    *out = at.needs;
    return NULL;
}

struct err *inverted_search(const struct index *ix, int column, int strategy, struct datum value,
                            struct arena *a, struct inverted_search **out)
{
    struct maker m = maker_for(ix, column, a);
    struct inverted_items items = {0};
    if (is_array_class(m.col))
        return search_array(&m, strategy, value, out);
    switch (strategy) {
    case JSONB_CONTAINS:
        TRY(jsonb_items(&m, value, &items));
        *out = combine_items(&m, INVERTED_AND, &items);
        return NULL;
    case JSONB_EXISTS:
    case JSONB_EXISTS_ANY:
    case JSONB_EXISTS_ALL:
        return search_keys(&m, strategy, value, out);
    case JSONB_PATH_EXISTS:
    case JSONB_PATH_MATCH:
        return search_path(&m, strategy, value, out);
    default:
        return err_new("XX001", "index \"%s\" knows no strategy %d", ix->name, strategy);
    }
}
