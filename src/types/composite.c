/* Input of values of composite types: (a,"b c",,"d""e"), or #(...) with all fields, dropped ones
 * too, and without those that the type got later: so the catalog keeps constants. */
#include "types/quote.h"
#include "types/record.h"

#include "base/bytes.h"
#include "types/types_internal.h"

static struct err *malformed(struct str text, const char *detail)
{
    return err_detail(err_new("22P02", "malformed record literal: \"%.*s\"", STR_ARG(text)), "%s",
                      detail);
}

/* The text of a field up to its comma or parenthesis, quotes and backslashes resolved. *null: it is
 * empty. */
static struct err *take_field(struct str text, size_t *at, struct arena *arena, struct str *out,
                              bool *null)
{
    *null = *at < text.len && strchr(",)", text.data[*at]) != NULL;
    return quote_take_field(text, at, ",)", arena, out)
               ? NULL
               : malformed(text, "Unexpected end of input.");
}

static struct err *read_field(const struct type_env *env, const struct composite_field *f,
                              struct str text, bool null, struct arena *arena, struct datum *out)
{
    *out = datum_null();
    if (!null)
        return f->ops->in(f->ops, env, text, f->typmod, arena, out);
    if (f->ops->domain && env->domain_check)
        return env->domain_check(env->names, f->ops->domain, *out);
    return NULL;
}

static struct err *read_fields(const struct type_env *env, const struct composite *c,
                               struct str text, struct arena *arena, struct datum *values)
{
    size_t at = 0;
    bool first = true;
    while (at < text.len && is_space(text.data[at]))
        at++;
    bool stored = at + 1 < text.len && text.data[at] == '#'; /* see record_out */
    at += stored;
    if (at == text.len || text.data[at] != '(')
        return malformed(text, "Missing left parenthesis.");
    at++;
    for (int i = 0; i < c->nfields; i++) {
        struct str field;
        bool null;
        values[i] = datum_null();
        if (c->fields[i].dropped && !stored)
            continue;
        if (stored && at < text.len && text.data[at] == ')')
            break;
        if (!first && (at == text.len || text.data[at] != ','))
            return malformed(text, "Too few columns.");
        at += !first;
        first = false;
        TRY(take_field(text, &at, arena, &field, &null));
        if (!c->fields[i].dropped)
            TRY(read_field(env, &c->fields[i], field, null, arena, &values[i]));
    }
    if (at == text.len || text.data[at] != ')')
        return malformed(text, "Too many columns.");
    for (at++; at < text.len; at++)
        if (!is_space(text.data[at]))
            return malformed(text, "Junk after right parenthesis.");
    return NULL;
}

static struct err *fields_of(const struct type_ops *t, const struct type_env *env,
                             struct arena *arena, struct composite *c, struct datum **values)
{
    if (!env || !env->composite_of)
        return err_new("0A000", "a value of type %s cannot be read here", t->name);
    TRY(env->composite_of(env->names, t->oid, arena, c));
    *values = arena_new_array(arena, struct datum, c->nfields + 1);
    return NULL;
}

struct err *composite_in(TYPE_IN_PARAMS)
{
    struct composite c;
    struct datum *values = NULL;
    TRY(fields_of(t, env, arena, &c, &values));
    TRY(read_fields(env, &c, text, arena, values));
    return composite_make(t->oid, &c, values, arena, out);
}

static struct err *recv_field(const struct type_env *env, const struct composite_field *f,
                              int number, struct str *rest, struct arena *arena, struct datum *out)
{
    if (rest->len < 8)
        return bad_length("record", rest->len);
    uint32_t type = load_be32(rest->data);
    int32_t len = (int32_t)load_be32(rest->data + 4);
    *rest = str_make(rest->data + 8, rest->len - 8);
    if (type != f->ops->oid && type != f->type)
        return err_new("42804",
                       "binary data has type %u instead of expected %u in record column %d", type,
                       f->type, number);
    *out = datum_null();
    if (len < -1 || (len >= 0 && (size_t)len > rest->len))
        return err_new("22P03", "insufficient data left in message");
    if (len < 0)
        return read_field(env, f, STR(""), true, arena, out);
    struct str bytes = str_make(rest->data, (size_t)len);
    *rest = str_make(rest->data + len, rest->len - (size_t)len);
    return f->ops->recv(f->ops, env, bytes, f->typmod, arena, out);
}

struct err *composite_recv(TYPE_RECV_PARAMS)
{
    struct composite c;
    struct datum *values = NULL;
    int live = 0;
    TRY(fields_of(t, env, arena, &c, &values));
    for (int i = 0; i < c.nfields; i++)
        live += !c.fields[i].dropped;
    if (bytes.len < 4)
        return bad_length(t->name, bytes.len);
    if (load_be32(bytes.data) != (uint32_t)live)
        return err_new("42804", "wrong number of columns: %u, expected %d", load_be32(bytes.data),
                       live);
    struct str rest = str_make(bytes.data + 4, bytes.len - 4);
    for (int i = 0; i < c.nfields; i++) {
        values[i] = datum_null();
        if (!c.fields[i].dropped)
            TRY(recv_field(env, &c.fields[i], i + 1, &rest, arena, &values[i]));
    }
    if (rest.len)
        return bad_binary(t->name);
    return composite_make(t->oid, &c, values, arena, out);
}
