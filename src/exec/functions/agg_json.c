/* json_agg, json_object_agg and their jsonb relatives. */
#include "exec/functions/agg_internal.h"
#include "exec/functions/json_render.h"

#include "types/array.h"

/* json: the text grows as rows come. */
struct json_state {
    bool any;
    struct arena_bytes text;
};

static struct err *append(struct json_state *s, struct arena *arena, const char *text)
{
    return arena_bytes_put(&s->text, arena, text, strlen(text));
}

static struct err *append_buf(struct json_state *s, struct arena *arena, struct buf *b,
                              struct err *e)
{
    if (!e)
        e = buf_finish(b);
    if (!e)
        e = arena_bytes_put(&s->text, arena, b->data, b->len);
    buf_done(b);
    return e;
}

AGG_ADD(json_array_add)
{
    struct json_state *s = state;
    const struct type_ops *t;
    TRY(arg_type(c, 0, &t));
    enum json_category cat = json_category_of(t);
    bool composite = cat == JSON_CAT_ARRAY || cat == JSON_CAT_RECORD;
    TRY(append(s, arena, !s->any ? "[" : c->args[0].null || !composite ? ", " : ", \n "));
    s->any = true;
    struct buf b = BUF_INIT;
    return append_buf(s, arena, &b, json_render(c, t, c->args[0], false, &b));
}

static struct err *json_finish(struct json_state *s, struct fn_call *c, const char *close,
                               struct datum *out)
{
    if (!s->any)
        return give_null(out);
    size_t n = strlen(close);
    char *p;
    TRY(give_bytes(c, s->text.len + n, &p, out));
    memcpy(p, s->text.p, s->text.len);
    memcpy(p + s->text.len, close, n);
    return NULL;
}

AGG_FINISH(json_array_finish)
{
    return json_finish(state, c, "]", out);
}

AGG_ADD(json_object_add)
{
    struct json_state *s = state;
    const struct type_ops *key, *value;
    TRY(arg_type(c, 0, &key));
    TRY(arg_type(c, 1, &value));
    if (c->args[0].null)
        return err_new("22023", "field name must not be null");
    TRY(append(s, arena, s->any ? ", " : "{ "));
    s->any = true;
    struct buf b = BUF_INIT;
    struct err *e = json_render_key(c, key, c->args[0], &b);
    if (!e) {
        buf_put_c(&b, " : ");
        e = json_render(c, value, c->args[1], false, &b);
    }
    return append_buf(s, arena, &b, e);
}

AGG_FINISH(json_object_finish)
{
    return json_finish(state, c, " }", out);
}

/* jsonb: the builder lives in the group's arena and is finished once. */
struct jsonb_state {
    bool any;
    struct jsonb_builder builder;
};

static struct jsonb_builder *builder(struct jsonb_state *s, struct arena *arena, bool object)
{
    if (!s->any) {
        s->any = true;
        jsonb_build_init(&s->builder, arena);
        jsonb_begin(&s->builder, object);
    }
    return &s->builder;
}

/* An error must not stay in a state that is dropped without being finished. */
static struct err *checked(struct jsonb_builder *b, struct err *e)
{
    if (!b->error)
        return e;
    struct err *mine = b->error;
    b->error = NULL;
    if (!e)
        return mine;
    err_free(mine);
    return e;
}

AGG_ADD(jsonb_array_add)
{
    const struct type_ops *t;
    TRY(arg_type(c, 0, &t));
    struct jsonb_builder *b = builder(state, arena, false);
    return checked(b, jsonb_render(c, t, c->args[0], b));
}

AGG_ADD(jsonb_object_add)
{
    const struct type_ops *key, *value;
    TRY(arg_type(c, 0, &key));
    TRY(arg_type(c, 1, &value));
    if (c->args[0].null)
        return err_new("22023", "field name must not be null");
    struct jsonb_builder *b = builder(state, arena, true);
    struct err *e = jsonb_render_key(c, key, c->args[0], b);
    if (!e)
        e = jsonb_render(c, value, c->args[1], b);
    return checked(b, e);
}

/* May be called more than once for a state (window frames): ends a copy of the builder. */
AGG_FINISH(jsonb_agg_finish)
{
    struct jsonb_state *s = state;
    if (!s->any)
        return give_null(out);
    return jsonb_finish_open(&s->builder, c->arena, out);
}

const struct agg_entry agg_json_table[] = {
    AGG1("json_agg", ANYELEMENT_OID, sizeof(struct json_state), json_array_add, json_array_finish,
         false),
    AGG2("json_object_agg", ANY_OID, ANY_OID, sizeof(struct json_state), json_object_add,
         json_object_finish, false),
    AGG1("jsonb_agg", ANYELEMENT_OID, sizeof(struct jsonb_state), jsonb_array_add, jsonb_agg_finish,
         false),
    AGG2("jsonb_object_agg", ANY_OID, ANY_OID, sizeof(struct jsonb_state), jsonb_object_add,
         jsonb_agg_finish, false),
};
TABLE_END(agg_json);
