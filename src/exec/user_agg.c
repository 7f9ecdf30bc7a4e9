/* Aggregates that users made: a state that a transition function carries from row to row, and a
 * function that makes the result of it (CREATE AGGREGATE in the manual says what NULLs do). */
#include "exec/exec_internal.h"

#include "exec/session.h"
#include "sql/analyze.h"

struct state {
    struct datum value;
    bool started;
    bool has_first; /* a strict function without initial value: the first row's was taken */
    uint8_t *bytes; /* room for a value by reference */
    size_t room;
};

static const struct type_ops *ops_of(const struct fn_call *c, uint32_t type)
{
    return type_lookup(c->env, type);
}

/* The type of the state in this call. */
static uint32_t state_type(const struct fn_call *c, const struct cat_agg *agg)
{
    return polymorphic_output(builtin_proc(c->func), agg->transtype, c->arg_types, c->arena);
}

/* The new value may be the old one, or lie within it. */
static struct err *keep_value(struct state *s, const struct type_ops *ops, struct datum v,
                              struct arena *arena)
{
    if (v.null || ops->byval) {
        s->value = v;
        return NULL;
    }
    if (v.len > s->room) {
        uint8_t *bytes = arena_try_alloc(arena, v.len * 2);
        if (!bytes)
            return err_oom();
        memcpy(bytes, v.p, v.len);
        s->bytes = bytes;
        s->room = v.len * 2;
    } else {
        memmove(s->bytes, v.p, v.len);
    }
    s->value = datum_bytes(s->bytes, v.len);
    return NULL;
}

static struct err *start(struct state *s, const struct fn_call *c, const struct cat_agg *agg,
                         const struct type_ops *ops, struct arena *arena)
{
    struct datum v = datum_null();
    s->started = true;
    s->value = v;
    if (!agg->initval.data)
        return NULL;
    TRY(ops->in(ops, c->env, agg->initval, -1, c->arena, &v));
    return keep_value(s, ops, v, arena);
}

static struct err *call(const struct fn_call *c, uint32_t func, const struct datum *args,
                        const uint32_t *types, int nargs, uint32_t result, void **state,
                        struct datum *out)
{
    const struct cat_proc *p = builtin_proc(func);
    fn_impl fn = fn_for_proc(func);
    struct fn_call inner = *c;
    inner.func = func;
    inner.args = args;
    inner.arg_types = types;
    inner.nargs = nargs;
    inner.result_type = result;
    inner.result_typmod = -1;
    inner.state = state;
    *out = datum_null();
    if (!fn)
        return err_unsupported("function %.*s is not supported yet",
                               STR_ARG(p ? p->name : STR("?")));
    for (int i = 0; p->strict && i < nargs; i++)
        if (args[i].null)
            return NULL;
    return fn(&inner, out);
}

static struct err *add(void *state, struct fn_call *c, struct arena *arena)
{
    struct state *s = state;
    const struct cat_agg *agg = builtin_agg(c->func);
    uint32_t type = state_type(c, agg);
    const struct type_ops *ops = ops_of(c, type);
    bool strict = builtin_proc(agg->transfn)->strict;
    struct datum *args = arena_new_array(c->arena, struct datum, c->nargs + 1);
    uint32_t *types = arena_new_array(c->arena, uint32_t, c->nargs + 1);
    struct datum result;
    if (!ops)
        return err_unsupported("aggregates whose state is of type %s are not supported",
                               type_display(c->arena, type, -1));
    if (!s->started)
        TRY(start(s, c, agg, ops, arena));
    for (int i = 0; i < c->nargs; i++) {
        if (strict && c->args[i].null)
            return NULL;
        args[i + 1] = c->args[i];
        types[i + 1] = c->arg_types[i];
    }
    if (strict && s->value.null && !agg->initval.data && c->nargs) {
        /* The first value that is not NULL is the state. A state that became NULL stays so. */
        if (s->has_first)
            return NULL;
        s->has_first = true;
        return keep_value(s, ops, c->args[0], arena);
    }
    args[0] = s->value;
    types[0] = type;
    TRY(call(c, agg->transfn, args, types, c->nargs + 1, type, c->state, &result));
    return keep_value(s, ops, result, arena);
}

static struct err *finish(void *state, struct fn_call *c, struct datum *out)
{
    struct state *s = state;
    const struct cat_agg *agg = builtin_agg(c->func);
    uint32_t type = state_type(c, agg);
    const struct type_ops *ops = ops_of(c, type);
    void *final_state = NULL;
    if (!s->started && ops)
        TRY(start(s, c, agg, ops, c->arena));
    if (!agg->finalfn) {
        *out = ops ? datum_copy(c->arena, s->value, ops->byval) : datum_null();
        return NULL;
    }
    int n = agg->final_extra ? c->nargs + 1 : 1;
    struct datum *args = arena_new_array(c->arena, struct datum, n);
    uint32_t *types = arena_new_array(c->arena, uint32_t, n);
    for (int i = 1; i < n; i++) {
        args[i] = datum_null();
        types[i] = c->arg_types[i - 1];
    }
    args[0] = s->value;
    types[0] = type;
    return call(c, agg->finalfn, args, types, n, c->result_type, &final_state, out);
}

static const struct agg_impl user_aggregate = {
    .name = "user", .state_bytes = sizeof(struct state), .add = add, .finish = finish};

const struct agg_impl *aggregate_of(const struct cat_proc *p, struct arena *a)
{
    if (p->oid >= FIRST_USER_OID)
        return &user_aggregate;
    return agg_lookup(arena_strndup(a, p->name.data, p->name.len), p->argtypes, p->nargs);
}
