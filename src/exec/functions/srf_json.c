/* json(b)_array_elements, json(b)_each, json(b)_object_keys. */
#include "exec/functions/fn_internal.h"
#include "exec/functions/json_text.h"

#include "types/jsonb.h"

#define SRF(name)                                                                          \
    static struct err *name(void **state, struct fn_call *c, struct datum *row, int ncols, \
                            bool *done)

/* json: a reader that stands in the outer container. Its memory is inline unless nesting is deep;
 * a scan that stops early inside deep nesting cannot be, since values are skipped whole. */

struct text_state {
    struct json_reader reader;
    bool opened;
};

static struct err *open_text(void **state, struct fn_call *c, enum json_event want,
                             struct err *(*mismatch)(enum json_event got), struct text_state **out)
{
    struct text_state *s = *state;
    if (!s) {
        s = arena_zalloc(c->state_arena, sizeof(*s));
        json_reader_init(&s->reader, ARG_STR(0));
        enum json_event ev;
        struct str token;
        TRY(json_next(&s->reader, &ev, &token));
        if (ev != want)
            return mismatch(ev);
        *state = s;
    }
    *out = s;
    return NULL;
}

/* Releases what deep nesting took, between rows. */
static void relax(struct json_reader *r)
{
    if (r->open && r->depth <= 1) {
        r->open_small[0] = r->open[0];
        json_reader_done(r);
        r->open_cap = 0;
    }
}

static struct err *elements_error(enum json_event got, const char *function)
{
    return err_new("22023", "cannot call %s on a %s", function,
                   got == JSON_OBJECT_BEGIN ? "non-array" : "scalar");
}

static struct err *elements_mismatch(enum json_event got)
{
    return elements_error(got, "json_array_elements");
}

static struct err *elements_text_mismatch(enum json_event got)
{
    return elements_error(got, "json_array_elements_text");
}

static struct err *each_mismatch(enum json_event got)
{
    if (got == JSON_ARRAY_BEGIN)
        return err_new("22023", "cannot deconstruct an array as an object");
    return err_new("22023", "cannot deconstruct a scalar");
}

static struct err *keys_mismatch(enum json_event got)
{
    if (got == JSON_ARRAY_BEGIN)
        return err_new("22023", "cannot call %s on an array", "json_object_keys");
    return err_new("22023", "cannot call %s on a scalar", "json_object_keys");
}

static struct err *text_elements(void **state, struct fn_call *c, bool text, struct datum *row,
                                 bool *done)
{
    struct text_state *s = NULL;
    TRY(open_text(state, c, JSON_ARRAY_BEGIN, text ? elements_text_mismatch : elements_mismatch,
                  &s));
    struct json_slice v;
    struct err *e = json_read_value(&s->reader, &v, done);
    relax(&s->reader);
    if (e || *done)
        return e;
    if (text)
        return json_as_text(&v, c->arena, row);
    *row = datum_str(v.text);
    return NULL;
}

SRF(json_array_elements)
{
    return text_elements(state, c, false, row, done);
}

SRF(json_array_elements_text)
{
    return text_elements(state, c, true, row, done);
}

/* The next key, unescaped; *done at the end of the object. */
static struct err *next_key(struct text_state *s, struct fn_call *c, struct datum *key, bool *done)
{
    enum json_event ev;
    struct str token;
    TRY(json_next(&s->reader, &ev, &token));
    *done = ev != JSON_KEY;
    if (*done)
        return NULL;
    struct json_slice as_string = {JSON_STRING, token};
    return json_as_text(&as_string, c->arena, key);
}

static struct err *text_each(void **state, struct fn_call *c, bool text, struct datum *row,
                             bool *done)
{
    struct text_state *s = NULL;
    TRY(open_text(state, c, JSON_OBJECT_BEGIN, each_mismatch, &s));
    TRY(next_key(s, c, &row[0], done));
    if (*done)
        return NULL;
    struct json_slice v;
    bool end;
    struct err *e = json_read_value(&s->reader, &v, &end);
    relax(&s->reader);
    TRY(e);
    if (text)
        return json_as_text(&v, c->arena, &row[1]);
    row[1] = datum_str(v.text);
    return NULL;
}

SRF(json_each)
{
    return text_each(state, c, false, row, done);
}

SRF(json_each_text)
{
    return text_each(state, c, true, row, done);
}

SRF(json_object_keys)
{
    struct text_state *s = NULL;
    TRY(open_text(state, c, JSON_OBJECT_BEGIN, keys_mismatch, &s));
    TRY(next_key(s, c, row, done));
    if (*done)
        return NULL;
    struct json_slice v;
    bool end;
    struct err *e = json_read_value(&s->reader, &v, &end);
    relax(&s->reader);
    return e;
}

/* jsonb */

struct node_state {
    struct jsonb v;
    uint32_t at;
};

static struct err *open_node(void **state, struct fn_call *c, struct node_state **out)
{
    struct node_state *s = *state;
    if (!s) {
        s = arena_zalloc(c->state_arena, sizeof(*s));
        TRY(jsonb_open(c->args[0], &s->v));
        *state = s;
    }
    *out = s;
    return NULL;
}

static struct err *give(struct fn_call *c, const struct jsonb *v, bool text, struct datum *out)
{
    if (!text)
        return jsonb_datum(v, c->arena, out);
    if (v->kind == JSONB_NULL)
        return give_null(out);
    if (v->kind == JSONB_STRING)
        return give_str(jsonb_str(v), out);
    struct buf b = BUF_INIT;
    jsonb_print(v, false, &b);
    return give_buf(c, &b, out);
}

static struct err *node_elements(void **state, struct fn_call *c, bool text, struct datum *row,
                                 bool *done)
{
    struct node_state *s;
    TRY(open_node(state, c, &s));
    if (s->v.kind == JSONB_OBJECT)
        return err_new("22023", "cannot extract elements from an object");
    if (s->v.kind != JSONB_ARRAY)
        return err_new("22023", "cannot extract elements from a scalar");
    *done = s->at == s->v.count;
    if (*done)
        return NULL;
    struct jsonb v = jsonb_element(&s->v, s->at++);
    return give(c, &v, text, row);
}

SRF(jsonb_array_elements)
{
    return node_elements(state, c, false, row, done);
}

SRF(jsonb_array_elements_text)
{
    return node_elements(state, c, true, row, done);
}

static struct err *node_each(void **state, struct fn_call *c, const char *name, bool text,
                             struct datum *row, bool *done)
{
    struct node_state *s;
    TRY(open_node(state, c, &s));
    if (s->v.kind != JSONB_OBJECT)
        return err_new("22023", "cannot call %s on a non-object", name);
    *done = s->at == s->v.count;
    if (*done)
        return NULL;
    struct jsonb v = jsonb_value(&s->v, s->at);
    row[0] = datum_str(jsonb_key(&s->v, s->at++));
    return give(c, &v, text, &row[1]);
}

SRF(jsonb_each)
{
    return node_each(state, c, "jsonb_each", false, row, done);
}

SRF(jsonb_each_text)
{
    return node_each(state, c, "jsonb_each_text", true, row, done);
}

SRF(jsonb_object_keys)
{
    struct node_state *s;
    TRY(open_node(state, c, &s));
    if (s->v.kind == JSONB_ARRAY)
        return err_new("22023", "cannot call %s on an array", "jsonb_object_keys");
    if (s->v.kind != JSONB_OBJECT)
        return err_new("22023", "cannot call %s on a scalar", "jsonb_object_keys");
    *done = s->at == s->v.count;
    if (!*done)
        *row = datum_str(jsonb_key(&s->v, s->at++));
    return NULL;
}

const struct srf_impl srf_json_table[] = {
    {"json_array_elements", json_array_elements},
    {"json_array_elements_text", json_array_elements_text},
    {"json_each", json_each},
    {"json_each_text", json_each_text},
    {"json_object_keys", json_object_keys},
    {"jsonb_array_elements", jsonb_array_elements},
    {"jsonb_array_elements_text", jsonb_array_elements_text},
    {"jsonb_each", jsonb_each},
    {"jsonb_each_text", jsonb_each_text},
    {"jsonb_object_keys", jsonb_object_keys},
};
TABLE_END(srf_json);
