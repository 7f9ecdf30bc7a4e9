/* jsonb_path_exists, jsonb_path_query and their like, @? and @@: manual section 9.16.2. */
#include "exec/functions/fn_internal.h"
#include "exec/functions/jsonpath_exec.h"

/* A path that is the same for all rows is parsed once. */
struct parsed_path {
    struct str text;
    struct jsonpath path;
};

static struct err *parsed(struct fn_call *c, struct jsonpath *out)
{
    struct parsed_path *kept = c->state ? *c->state : NULL;
    if (kept && str_eq(kept->text, ARG_STR(1))) {
        *out = kept->path;
        return NULL;
    }
    if (kept || !c->state)
        return jsonpath_parse(ARG_STR(1), c->arena, out);
    kept = arena_new(c->state_arena, struct parsed_path);
    kept->text = arena_str(c->state_arena, ARG_STR(1));
    TRY(jsonpath_parse(kept->text, c->state_arena, &kept->path));
    *c->state = kept;
    *out = kept->path;
    return NULL;
}

static struct err *run_path(struct fn_call *c, struct arena *a, struct path_call how,
                            struct seq *found, enum status *out)
{
    struct jsonpath p;
    TRY(parsed(c, &p));
    return jsonpath_run(c, a, &p, how, found, out);
}

static struct path_call how_of(struct fn_call *c, bool use_tz)
{
    return (struct path_call){c->nargs < 4 || ARG_I(3), use_tz};
}

static struct err *exists(struct fn_call *c, bool use_tz, struct datum *out)
{
    enum status st;
    TRY(run_path(c, c->arena, how_of(c, use_tz), NULL, &st));
    return st == ST_ERROR ? give_null(out) : give_bool(st == ST_OK, out);
}

static struct err *match(struct fn_call *c, bool use_tz, struct datum *out)
{
    struct path_call how = how_of(c, use_tz);
    struct seq s = {0};
    enum status st;
    TRY(run_path(c, c->arena, how, &s, &st));
    enum jsonb_kind kind = s.count == 1 ? s.items[0].v.kind : JSONB_OBJECT;
    if (kind == JSONB_TRUE || kind == JSONB_FALSE)
        return give_bool(kind == JSONB_TRUE, out);
    if (kind != JSONB_NULL && !how.silent)
        return err_new("22038", "single boolean result is expected");
    return give_null(out);
}

static struct err *query_array(struct fn_call *c, bool use_tz, struct datum *out)
{
    struct seq s = {0};
    struct jsonb_builder b;
    enum status st;
    TRY(run_path(c, c->arena, how_of(c, use_tz), &s, &st));
    jsonb_build_init(&b, c->arena);
    jsonb_begin(&b, false);
    for (int i = 0; i < s.count; i++)
        jsonb_put(&b, &s.items[i].v);
    jsonb_end(&b);
    return jsonb_finish(&b, out);
}

static struct err *query_first(struct fn_call *c, bool use_tz, struct datum *out)
{
    struct seq s = {0};
    enum status st;
    TRY(run_path(c, c->arena, how_of(c, use_tz), &s, &st));
    return s.count ? jsonb_datum(&s.items[0].v, c->arena, out) : give_null(out);
}

#define BOTH(name, fn)            \
    FN(jsonb_path_##name)         \
    {                             \
        return fn(c, false, out); \
    }                             \
    FN(jsonb_path_##name##_tz)    \
    {                             \
        return fn(c, true, out);  \
    }
BOTH(exists, exists)
BOTH(match, match)
BOTH(query_array, query_array)
BOTH(query_first, query_first)

const struct fn_entry fn_jsonpath_table[] = {
    ENTRY(jsonb_path_exists),
    ENTRY(jsonb_path_exists_tz),
    {"jsonb_path_exists_opr", f_jsonb_path_exists},
    ENTRY(jsonb_path_match),
    ENTRY(jsonb_path_match_tz),
    {"jsonb_path_match_opr", f_jsonb_path_match},
    ENTRY(jsonb_path_query_array),
    ENTRY(jsonb_path_query_array_tz),
    ENTRY(jsonb_path_query_first),
    ENTRY(jsonb_path_query_first_tz),
};
TABLE_END(fn_jsonpath);

struct query_state {
    struct seq s;
    int next;
};

static struct err *query(void **state, struct fn_call *c, bool use_tz, struct datum *row,
                         bool *done)
{
    struct query_state *q = *state;
    enum status st;
    if (!q) {
        q = arena_new(c->state_arena, struct query_state);
        TRY(run_path(c, c->state_arena, how_of(c, use_tz), &q->s, &st));
        *state = q;
    }
    *done = q->next >= q->s.count;
    return *done ? NULL : jsonb_datum(&q->s.items[q->next++].v, c->arena, row);
}

static struct err *path_query(void **state, struct fn_call *c, struct datum *row, int ncols,
                              bool *done)
{
    (void)ncols;
    return query(state, c, false, row, done);
}

static struct err *path_query_tz(void **state, struct fn_call *c, struct datum *row, int ncols,
                                 bool *done)
{
    (void)ncols;
    return query(state, c, true, row, done);
}

const struct srf_impl srf_jsonpath_table[] = {
    {"jsonb_path_query", path_query},
    {"jsonb_path_query_tz", path_query_tz},
};
TABLE_END(srf_jsonpath);
