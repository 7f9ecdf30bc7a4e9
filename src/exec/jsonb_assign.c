/* jsonb with one part replaced: SET j['a'][0] = ... (manual section 8.14.5). */
#include "exec/exec_internal.h"

#include "types/jsonb.h"

enum { MAX_SUBSCRIPTS = 100, MAX_GAP = 1000000 };

/* A subscript: a key, or a position. */
struct part {
    struct str key;
    int64_t at;
    bool number;
};

static void put_assigned(struct jsonb_builder *b, const struct jsonb *old, const struct part *parts,
                         int n, int i, const struct jsonb *value, struct err **e);

static struct err *not_an_integer(const struct part *p, int i)
{
    return err_new("22P02", "path element at position %d is not an integer: \"%.*s\"", i + 1,
                   STR_ARG(p->key));
}

static void put_in_array(struct jsonb_builder *b, const struct jsonb *old, const struct part *parts,
                         int n, int i, const struct jsonb *value, struct err **e)
{
    int64_t count = old ? old->count : 0;
    int64_t at = parts[i].at;
    if (!parts[i].number && !str_to_int64(parts[i].key, &at)) {
        *e = not_an_integer(&parts[i], i);
        return;
    }
    if (at < 0 && at + count < 0) {
        *e = err_new("22003", "path element at position %d is out of range: %lld", i + 1,
                     (long long)at);
        return;
    }
    at += at < 0 ? count : 0;
    if (at - count > MAX_GAP) {
        *e = err_new("54000", "total size of jsonb array elements exceeds the maximum");
        return;
    }
    jsonb_begin(b, false);
    for (int64_t k = 0; k < count || k <= at; k++) {
        struct jsonb item = {.kind = JSONB_NULL};
        if (k < count)
            item = jsonb_element(old, (uint32_t)k);
        if (k == at)
            put_assigned(b, k < count ? &item : NULL, parts, n, i + 1, value, e);
        else
            jsonb_put(b, &item);
    }
    jsonb_end(b);
}

static void put_in_object(struct jsonb_builder *b, const struct jsonb *old,
                          const struct part *parts, int n, int i, const struct jsonb *value,
                          struct err **e)
{
    bool found = false;
    jsonb_begin(b, true);
    for (uint32_t k = 0; old && k < old->count; k++) {
        struct jsonb item = jsonb_value(old, k);
        bool here = str_eq(jsonb_key(old, k), parts[i].key);
        jsonb_put_key(b, jsonb_key(old, k));
        if (here)
            put_assigned(b, &item, parts, n, i + 1, value, e);
        else
            jsonb_put(b, &item);
        found |= here;
    }
    if (!found) {
        jsonb_put_key(b, parts[i].key);
        put_assigned(b, NULL, parts, n, i + 1, value, e);
    }
    jsonb_end(b);
}

/* `old` NULL: there is nothing yet. */
static void put_assigned(struct jsonb_builder *b, const struct jsonb *old, const struct part *parts,
                         int n, int i, const struct jsonb *value, struct err **e)
{
    if (*e || i == n) {
        jsonb_put(b, value);
        return;
    }
    if (old && jsonb_is_scalar(old)) {
        *e = err_detail(err_new("22023", "cannot replace existing key"),
                        "The path assumes key is a composite object, but it is a scalar value.");
        jsonb_put_null(b);
        return;
    }
    bool array = old ? old->kind == JSONB_ARRAY : parts[i].number;
    if (array)
        put_in_array(b, old, parts, n, i, value, e);
    else
        put_in_object(b, old, parts, n, i, value, e);
    if (*e && b->depth == 0 && !b->root)
        jsonb_put_null(b);
}

struct err *jsonb_assign(const struct expr *e, const struct datum *args, struct arena *arena,
                         struct datum *out)
{
    struct part parts[MAX_SUBSCRIPTS];
    struct jsonb old;
    struct jsonb value = {.kind = JSONB_NULL};
    struct jsonb_builder b;
    struct err *err = NULL;
    int n = e->nargs - 2;
    if (n > MAX_SUBSCRIPTS)
        return err_new("54001", "too many subscripts");
    for (int i = 0; i < n; i++) {
        if (args[i + 1].null)
            return err_new("22004", "jsonb subscript in assignment must not be null");
        parts[i].number = e->args[i + 1]->type != TEXT_OID;
        parts[i].at = args[i + 1].i;
        parts[i].key = parts[i].number
                           ? str_from(arena_printf(arena, "%lld", (long long)args[i + 1].i))
                           : datum_as_str(args[i + 1]);
    }
    if (!args[0].null)
        TRY(jsonb_open(args[0], &old));
    if (!args[e->nargs - 1].null)
        TRY(jsonb_open(args[e->nargs - 1], &value));
    jsonb_build_init(&b, arena);
    put_assigned(&b, args[0].null ? NULL : &old, parts, n, 0, &value, &err);
    struct err *built = jsonb_finish(&b, out);
    if (err) {
        err_free(built);
        return err;
    }
    return built;
}
