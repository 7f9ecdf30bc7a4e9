/* The functions of extension citext, by the C symbols that its SQL names (data/citext.sql). */
#include "exec/exec_internal.h"
#include "exec/fn_session.h"

#include "types/citext.h"

static int order(const struct fn_call *c)
{
    return citext_compare(datum_as_str(c->args[0]), datum_as_str(c->args[1]));
}

#define COMPARISON(name, op)                                      \
    static struct err *name(struct fn_call *c, struct datum *out) \
    {                                                             \
        *out = datum_bool(order(c) op 0);                         \
        return NULL;                                              \
    }
COMPARISON(eq, ==)
COMPARISON(ne, !=)
COMPARISON(lt, <)
COMPARISON(le, <=)
COMPARISON(gt, >)
COMPARISON(ge, >=)

static struct err *cmp(struct fn_call *c, struct datum *out)
{
    *out = datum_int(order(c));
    return NULL;
}

static struct err *hash(struct fn_call *c, struct datum *out)
{
    *out = datum_int((int32_t)(uint32_t)citext_hash(datum_as_str(c->args[0])));
    return NULL;
}

static struct err *hash_extended(struct fn_call *c, struct datum *out)
{
    *out = datum_int((int64_t)(citext_hash(datum_as_str(c->args[0])) + c->args[1].u));
    return NULL;
}

static struct err *smaller(struct fn_call *c, struct datum *out)
{
    *out = c->args[order(c) < 0 ? 0 : 1];
    return NULL;
}

static struct err *larger(struct fn_call *c, struct datum *out)
{
    *out = c->args[order(c) > 0 ? 0 : 1];
    return NULL;
}

/* Between the type and its text, which have the same bytes. */
static struct err *same_bytes(struct fn_call *c, struct datum *out)
{
    *out = c->args[0];
    return NULL;
}

static const struct {
    const char *symbol;
    fn_impl fn;
} table[] = {
    {"citextin", same_bytes},    {"citextout", same_bytes}, {"textsend", same_bytes},
    {"citext_eq", eq},           {"citext_ne", ne},         {"citext_lt", lt},
    {"citext_le", le},           {"citext_gt", gt},         {"citext_ge", ge},
    {"citext_cmp", cmp},         {"citext_hash", hash},     {"citext_hash_extended", hash_extended},
    {"citext_smaller", smaller}, {"citext_larger", larger}, {"citext_pattern_lt", lt},
    {"citext_pattern_le", le},   {"citext_pattern_gt", gt}, {"citext_pattern_ge", ge},
    {"citext_pattern_cmp", cmp},
};

fn_impl citext_fn_lookup(struct str symbol)
{
    for (size_t i = 0; i < ARRAY_LENGTH(table); i++)
        if (str_eq_c(symbol, table[i].symbol))
            return table[i].fn;
    return NULL;
}
