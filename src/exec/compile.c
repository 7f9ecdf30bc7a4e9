/* Expressions to flat programs. A program writes temporaries and its result into slots of the
 * statement's frame; operands are slots too, constants included. */
#include "exec/exec_internal.h"
#include "exec/language.h"
#include "exec/sql_function.h"

#include "exec/fn_session.h"
#include "sql/analyze.h"
#include "types/collation.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- functions by OID ---- */

static fn_impl *impls; /* by position in builtin_all_procs */

/* A user's function, by its language. */
static fn_impl function_call_of(uint32_t lang)
{
    const struct language *l = language_by_oid(lang);
    return l ? l->call : sql_function_call;
}

static const struct srf_impl *function_srf_of(uint32_t lang)
{
    const struct language *l = language_by_oid(lang);
    return l ? l->srf : &sql_function_srf;
}

fn_impl fn_for_proc(uint32_t oid)
{
    int n;
    const struct cat_proc *all = builtin_all_procs(&n);
    const struct cat_proc *p = builtin_proc(oid);
    if (oid >= FIRST_SYSTEM_OID)
        return !p ? NULL : p->is_c ? extension_fn_lookup(p->src) : function_call_of(p->lang);
    return p ? impls[p - all] : NULL;
}

static struct err *fold(uint32_t func, const struct datum *args, int nargs,
                        const uint32_t *arg_types, uint32_t result_type, const struct type_env *env,
                        struct arena *arena, struct datum *out)
{
    fn_impl fn = fn_for_proc(func);
    void *state = NULL;
    struct fn_call c = {.args = args,
                        .nargs = nargs,
                        .arena = arena,
                        .env = env,
                        .arg_types = arg_types,
                        .result_type = result_type,
                        .result_typmod = -1,
                        .state = &state,
                        .state_arena = arena};
    if (!fn)
        return err_unsupported("function %u is not supported", func);
    return fn(&c, out);
}

/* The name under which a function is bound: its C symbol; for those that PostgreSQL writes in SQL
 * "sql:NAME:ARGUMENT OIDS", or "sql_OID" where the session is needed. */
static void function_key(const struct cat_proc *p, char *out, size_t size)
{
    char session_key[32];
    snprintf(session_key, sizeof(session_key), "sql_%u", p->oid);
    if (!str_eq_c(p->src, session_key) || session_fn_lookup(session_key)) {
        snprintf(out, size, "%.*s", STR_ARG(p->src));
        return;
    }
    int n = snprintf(out, size, "sql:%.*s:", STR_ARG(p->name));
    for (int i = 0; i < p->nargs && n > 0 && (size_t)n < size; i++)
        n += snprintf(out + n, size - (size_t)n, i ? " %u" : "%u", p->argtypes[i]);
}

void fold_init(void)
{
    int n;
    const struct cat_proc *all = builtin_all_procs(&n);
    if (impls)
        return;
    impls = calloc((size_t)n, sizeof(*impls));
    CHECK(impls != NULL);
    for (int i = 0; i < n; i++) {
        char name[256];
        function_key(&all[i], name, sizeof(name));
        impls[i] = session_fn_lookup(name);
        if (!impls[i])
            impls[i] = fn_lookup(name);
    }
    sql_fold_function = fold;
}

/* ---- emitting ---- */

struct emitter {
    struct compiler *c;
    struct arena *arena;
    struct step *steps;
    int n;
    int cap;
};

static struct err *emit_expr(struct emitter *m, const struct expr *e, int dst, int *out);

static int emit(struct emitter *m, struct step s)
{
    ARENA_PUSH(m->arena, m->steps, m->n, m->cap, s);
    return m->n - 1;
}

static int temp(struct emitter *m)
{
    return plan_new_slots(m->c->plan, 1);
}

/* A slot for the result: the wanted one, or a temporary. */
static int target(struct emitter *m, int dst)
{
    return dst >= 0 ? dst : temp(m);
}

/* The value in some slot, wherever it is. */
static struct err *operand(struct emitter *m, const struct expr *e, int *out)
{
    return emit_expr(m, e, -1, out);
}

static struct err *into(struct emitter *m, const struct expr *e, int dst)
{
    int at_slot;
    TRY(emit_expr(m, e, dst, &at_slot));
    if (at_slot != dst)
        emit(m, (struct step){.op = S_COPY, .dst = dst, .a = at_slot});
    return NULL;
}

static struct err *arguments(struct emitter *m, const struct expr *e, int *base)
{
    *base = plan_new_slots(m->c->plan, e->nargs ? e->nargs : 1);
    for (int i = 0; i < e->nargs; i++)
        TRY(into(m, e->args[i], *base + i));
    return NULL;
}

static struct call_site *call_site(struct emitter *m, const struct expr *e)
{
    struct call_site *site = arena_new(m->arena, struct call_site);
    uint32_t *types = arena_new_array(m->arena, uint32_t, e->nargs + 1);
    for (int i = 0; i < e->nargs; i++)
        types[i] = e->args[i] ? e->args[i]->type : 0;
    site->nargs = e->nargs;
    site->arg_types = types;
    site->result_type = e->type;
    site->result_typmod = e->typmod;
    site->variadic = e->kind == E_FUNC && e->flag;
    site->state = m->c->plan->ncalls++;
    site->expr = e;
    return site;
}

static struct err *not_implemented(const struct cat_proc *p)
{
    if (!p)
        return err_unsupported("this function is not supported");
    return err_unsupported("function %.*s is not supported yet", STR_ARG(p->name));
}

/* Stands in for a function that is not built yet: clients' catalog queries mention many that they
 * never come to call. */
static struct err *call_not_implemented(struct fn_call *c, struct datum *out)
{
    (void)out;
    return not_implemented(builtin_proc(c->func));
}

/* ---- operators with steps of their own ---- */

static const struct {
    const char *src;
    uint8_t op;
} direct[] = {
    {"int2eq", S_INT_EQ},       {"int4eq", S_INT_EQ},       {"int8eq", S_INT_EQ},
    {"int24eq", S_INT_EQ},      {"int42eq", S_INT_EQ},      {"int28eq", S_INT_EQ},
    {"int82eq", S_INT_EQ},      {"int48eq", S_INT_EQ},      {"int84eq", S_INT_EQ},
    {"int2ne", S_INT_NE},       {"int4ne", S_INT_NE},       {"int8ne", S_INT_NE},
    {"int48ne", S_INT_NE},      {"int84ne", S_INT_NE},      {"int2lt", S_INT_LT},
    {"int4lt", S_INT_LT},       {"int8lt", S_INT_LT},       {"int48lt", S_INT_LT},
    {"int84lt", S_INT_LT},      {"int2le", S_INT_LE},       {"int4le", S_INT_LE},
    {"int8le", S_INT_LE},       {"int48le", S_INT_LE},      {"int84le", S_INT_LE},
    {"int2gt", S_INT_GT},       {"int4gt", S_INT_GT},       {"int8gt", S_INT_GT},
    {"int48gt", S_INT_GT},      {"int84gt", S_INT_GT},      {"int2ge", S_INT_GE},
    {"int4ge", S_INT_GE},       {"int8ge", S_INT_GE},       {"int48ge", S_INT_GE},
    {"int84ge", S_INT_GE},      {"date_eq", S_INT_EQ},      {"date_ne", S_INT_NE},
    {"date_lt", S_INT_LT},      {"date_le", S_INT_LE},      {"date_gt", S_INT_GT},
    {"date_ge", S_INT_GE},      {"timestamp_eq", S_INT_EQ}, {"timestamp_ne", S_INT_NE},
    {"timestamp_lt", S_INT_LT}, {"timestamp_le", S_INT_LE}, {"timestamp_gt", S_INT_GT},
    {"timestamp_ge", S_INT_GE}, {"oideq", S_INT_EQ},        {"oidne", S_INT_NE},
    {"chareq", S_INT_EQ},       {"charne", S_INT_NE},       {"booleq", S_INT_EQ},
    {"boolne", S_INT_NE},       {"int4pl", S_INT4_ADD},     {"int4mi", S_INT4_SUB},
    {"int8pl", S_INT8_ADD},     {"int8mi", S_INT8_SUB},     {"texteq", S_BYTES_EQ},
    {"textne", S_BYTES_NE},     {"nameeq", S_BYTES_EQ},     {"namene", S_BYTES_NE},
    {"nameeqtext", S_BYTES_EQ}, {"texteqname", S_BYTES_EQ},
};

static bool direct_op(const struct cat_proc *p, uint8_t *op)
{
    for (size_t i = 0; i < ARRAY_LENGTH(direct); i++) {
        if (str_eq_c(p->src, direct[i].src)) {
            *op = direct[i].op;
            return true;
        }
    }
    return false;
}

/* ---- collations ---- */

const struct type_ops *expr_order(const struct expr *e)
{
    for (int i = 0; e->kind == E_ROW && i < e->nargs; i++)
        if (collation_orders(e->args[i]->collation))
            return NULL; /* rows know nothing of their columns' collations */
    return type_collated(type_by_oid(e->type), e->collation);
}

/* Whether the call is other than by bytes; *collation: what by. */
static bool is_collated(const struct expr *e, uint32_t *collation)
{
    *collation = expr_input_collation((struct expr *)e);
    return collation_orders(*collation) || *collation == CONFLICTING_COLLATIONS;
}

/* The function by the call's collation, for *fn. */
static struct err *collate_call(const struct expr *e, uint32_t collation, struct call_site *site)
{
    const struct cat_proc *p = builtin_proc(e->func);
    bool conflicts = collation == CONFLICTING_COLLATIONS;
    for (int i = 0; i < e->nargs; i++)
        if (e->args[i]->kind == E_ROW && e->kind != E_FUNC && !expr_order(e->args[i]))
            return err_unsupported("comparison of rows with columns of an ICU collation is not "
                                   "supported");
    const char *use = conflicts ? fn_collation_use(p->src) : NULL;
    if (use)
        return collation_conflict(use);
    site->collation = conflicts ? 0 : collation;
    return conflicts ? NULL : fn_collated(p->src, collation, &site->fn);
}

static struct err *emit_call(struct emitter *m, const struct expr *e, int dst, int *out)
{
    const struct cat_proc *p = builtin_proc(e->func);
    uint8_t op;
    uint32_t collation = 0;
    bool collated = p && is_collated(e, &collation);
    if (p && e->nargs == 2 && !collated && direct_op(p, &op)) {
        int a;
        int b;
        TRY(operand(m, e->args[0], &a));
        TRY(operand(m, e->args[1], &b));
        *out = target(m, dst);
        emit(m, (struct step){.op = op, .dst = *out, .a = a, .b = b});
        return NULL;
    }
    if (p && p->retset)
        return err_unsupported("set-returning functions are not supported in this position");
    if (p && !fn_for_proc(e->func)) {
        struct expr *body;
        TRY(inline_sql_function(NULL, e, m->arena, &body));
        if (body)
            return emit_expr(m, body, dst, out);
    }
    struct call_site *site = call_site(m, e);
    site->fn = fn_for_proc(e->func);
    if (!p)
        return not_implemented(p);
    if (!site->fn)
        site->fn = call_not_implemented;
    site->strict = p->strict;
    site->collation = collation;
    if (collated)
        TRY(collate_call(e, collation, site));
    int base;
    TRY(arguments(m, e, &base));
    *out = target(m, dst);
    emit(m, (struct step){.op = S_CALL, .dst = *out, .a = base, .call = site});
    return NULL;
}

/* AND: false as soon as an argument is false, NULL if any is NULL, else true. OR likewise. The
 * result slot doubles as the memory of a NULL seen. */
static struct err *emit_bool(struct emitter *m, const struct expr *e, int dst, int *out)
{
    bool is_and = e->kind == E_AND;
    int *jumps = arena_new_array(m->arena, int, e->nargs);
    *out = target(m, -1); /* never the wanted slot: arguments may read it */
    (void)dst;
    int neutral = plan_const_slot(m->c->plan, datum_bool(is_and));
    int decided = plan_const_slot(m->c->plan, datum_bool(!is_and));
    emit(m, (struct step){.op = S_COPY, .dst = *out, .a = neutral});
    for (int i = 0; i < e->nargs; i++) {
        int arg;
        TRY(operand(m, e->args[i], &arg));
        jumps[i] =
            emit(m, (struct step){.op = is_and ? S_JUMP_IF_FALSE : S_JUMP_IF_TRUE, .a = arg});
        emit(m, (struct step){.op = S_AND_END, .dst = *out, .a = arg});
    }
    int over = emit(m, (struct step){.op = S_JUMP});
    for (int i = 0; i < e->nargs; i++)
        m->steps[jumps[i]].jump = m->n;
    emit(m, (struct step){.op = S_COPY, .dst = *out, .a = decided});
    m->steps[over].jump = m->n;
    return NULL;
}

static struct err *emit_case(struct emitter *m, const struct expr *e, int *out)
{
    int saved = m->c->case_slot;
    int first = 0;
    int nends = 0;
    int *ends = arena_new_array(m->arena, int, e->nargs);
    *out = temp(m);
    if (e->kase.has_test) {
        int slot = temp(m);
        TRY(into(m, e->args[0], slot));
        m->c->case_slot = slot;
        first = 1;
    }
    for (int i = first; i + 1 < e->nargs; i += 2) {
        int when;
        TRY(operand(m, e->args[i], &when));
        int skip = emit(m, (struct step){.op = S_JUMP_UNLESS_TRUE, .a = when});
        int inner = m->c->case_slot;
        m->c->case_slot = saved;
        TRY(into(m, e->args[i + 1], *out));
        m->c->case_slot = inner;
        ends[nends++] = emit(m, (struct step){.op = S_JUMP});
        m->steps[skip].jump = m->n;
    }
    m->c->case_slot = saved;
    TRY(into(m, e->args[e->nargs - 1], *out));
    for (int i = 0; i < nends; i++)
        m->steps[ends[i]].jump = m->n;
    return NULL;
}

static struct err *emit_coalesce(struct emitter *m, const struct expr *e, int *out)
{
    int *ends = arena_new_array(m->arena, int, e->nargs);
    *out = temp(m);
    for (int i = 0; i < e->nargs; i++) {
        TRY(into(m, e->args[i], *out));
        ends[i] = emit(m, (struct step){.op = S_JUMP_IF_NOT_NULL, .a = *out});
    }
    for (int i = 0; i < e->nargs; i++)
        m->steps[ends[i]].jump = m->n;
    return NULL;
}

static struct err *emit_minmax(struct emitter *m, const struct expr *e, int *out)
{
    struct call_site *site = call_site(m, e);
    uint32_t collation = expr_input_collation((struct expr *)e);
    if (collation == CONFLICTING_COLLATIONS)
        return collation_conflict("string comparison");
    site->to = type_collated(type_by_oid(e->type), collation);
    *out = temp(m);
    emit(m,
         (struct step){.op = S_COPY, .dst = *out, .a = plan_const_slot(m->c->plan, datum_null())});
    for (int i = 0; i < e->nargs; i++) {
        int arg;
        TRY(operand(m, e->args[i], &arg));
        emit(m,
             (struct step){.op = S_MINMAX, .flag = e->flag, .dst = *out, .a = arg, .call = site});
    }
    return NULL;
}

/* The equality call of DISTINCT and NULLIF, over argument slots. */
static struct err *emit_equality(struct emitter *m, const struct expr *e, int base, int dst)
{
    const struct cat_proc *p = builtin_proc(e->func);
    uint8_t op;
    uint32_t collation;
    bool collated = p && is_collated(e, &collation);
    if (p && !collated && direct_op(p, &op)) {
        emit(m, (struct step){.op = op, .dst = dst, .a = base, .b = base + 1});
        return NULL;
    }
    struct call_site *site = call_site(m, e);
    site->fn = fn_for_proc(e->func);
    site->strict = true;
    site->result_type = BOOL_OID;
    if (!site->fn)
        return not_implemented(p);
    if (collated)
        TRY(collate_call(e, collation, site));
    emit(m, (struct step){.op = S_CALL, .dst = dst, .a = base, .call = site});
    return NULL;
}

static struct err *emit_distinct(struct emitter *m, const struct expr *e, int *out)
{
    int base;
    TRY(arguments(m, e, &base));
    *out = temp(m);
    int end = emit(m, (struct step){.op = S_DISTINCT_NULLS, .dst = *out, .a = base, .b = base + 1});
    TRY(emit_equality(m, e, base, *out));
    emit(m, (struct step){.op = S_NOT, .dst = *out, .a = *out});
    m->steps[end].jump = m->n;
    return NULL;
}

static struct err *emit_nullif(struct emitter *m, const struct expr *e, int *out)
{
    int base;
    int eq = temp(m);
    TRY(arguments(m, e, &base));
    *out = temp(m);
    TRY(emit_equality(m, e, base, eq));
    emit(m, (struct step){.op = S_NULLIF_END, .dst = *out, .a = base, .b = eq});
    return NULL;
}

static struct err *emit_saop(struct emitter *m, const struct expr *e, int *out)
{
    const struct cat_proc *p = builtin_proc(e->func);
    struct call_site *site = call_site(m, e);
    uint32_t *types = arena_new_array(m->arena, uint32_t, 2);
    int a;
    int b;
    types[0] = e->args[0]->type;
    types[1] = element_type_of(e->args[1]->type);
    site->arg_types = types;
    site->fn = fn_for_proc(e->func);
    site->strict = p && p->strict;
    site->to = type_by_oid(types[1]);
    if (!site->fn)
        return not_implemented(p);
    uint32_t collation;
    if (p && is_collated(e, &collation))
        TRY(collate_call(e, collation, site));
    TRY(operand(m, e->args[0], &a));
    TRY(operand(m, e->args[1], &b));
    *out = temp(m);
    emit(m,
         (struct step){.op = S_SAOP, .flag = e->flag, .dst = *out, .a = a, .b = b, .call = site});
    return NULL;
}

static struct err *emit_rowcmp(struct emitter *m, const struct expr *e, int *out)
{
    int n = e->nargs / 2;
    int *ends = arena_new_array(m->arena, int, n);
    *out = temp(m);
    for (int i = 0; i < n; i++) {
        struct call_site *site = call_site(m, e);
        int a;
        int b;
        TRY(operand(m, e->args[i], &a));
        TRY(operand(m, e->args[n + i], &b));
        uint32_t collation = expr_pair_collation(e->args[i], e->args[n + i]);
        if (collation == CONFLICTING_COLLATIONS)
            return collation_conflict("string comparison");
        site->to = type_collated(type_by_oid(e->args[i]->type), collation);
        if (!site->to || !site->to->compare)
            return err_unsupported("row comparison of this type is not supported");
        ends[i] = emit(m, (struct step){.op = S_ROWCMP,
                                        .flag = (uint8_t)(e->rowcmp.cmp | (i == n - 1 ? 0x80 : 0)),
                                        .dst = *out,
                                        .a = a,
                                        .b = b,
                                        .call = site});
    }
    for (int i = 0; i < n; i++)
        m->steps[ends[i]].jump = m->n;
    return NULL;
}

/* ---- casts and others by a call site ---- */

static struct err *no_value_type(uint32_t type)
{
    const struct cat_type *t = builtin_type(type);
    return t ? err_unsupported("type %.*s is not supported yet", STR_ARG(t->name))
             : err_unsupported("type %u is not supported", type);
}

static struct err *emit_with_site(struct emitter *m, const struct expr *e, uint8_t op, int *out)
{
    struct call_site *site = call_site(m, e);
    uint32_t from = e->nargs ? e->args[0]->type : e->type;
    site->from = type_by_oid(from);
    site->to = type_by_oid(e->type);
    if (op != S_ROW && (!site->from || !site->to))
        return no_value_type(site->from ? e->type : from);
    if (op == S_ARRAY)
        site->to = type_by_oid(element_type_of(e->type));
    if (op == S_ARRAYCAST && e->func) {
        struct call_site *elem = call_site(m, e);
        const struct cat_proc *p = builtin_proc(e->func);
        elem->fn = fn_for_proc(e->func);
        if (!elem->fn)
            return not_implemented(p);
        elem->nargs = p->nargs;
        elem->strict = p->strict;
        site->elem = elem;
    }
    int base;
    TRY(arguments(m, e, &base));
    *out = temp(m);
    emit(m, (struct step){.op = op, .dst = *out, .a = base, .call = site});
    return NULL;
}

static struct err *emit_unary(struct emitter *m, const struct expr *e, uint8_t op, uint8_t flag,
                              int dst, int *out)
{
    int a;
    TRY(operand(m, e->args[0], &a));
    *out = target(m, dst);
    emit(m, (struct step){.op = op, .flag = flag, .dst = *out, .a = a});
    return NULL;
}

static struct err *emit_subplan(struct emitter *m, const struct expr *e, int *out)
{
    struct call_site *site = arena_new(m->arena, struct call_site);
    site->subplan = e->subplan;
    *out = temp(m);
    emit(m, (struct step){.op = S_SUBPLAN, .dst = *out, .call = site});
    return NULL;
}

static struct err *emit_expr(struct emitter *m, const struct expr *e, int dst, int *out)
{
    if (fiber_stack_left() < 32 * 1024)
        return err_new("54001", "stack depth limit exceeded");
    switch (e->kind) {
    case E_CONST:
        *out = plan_const_slot(m->c->plan, e->value);
        return NULL;
    case E_VAR:
        if (e->var.att == 0 || (e->var.att < 0 && e->var.rte->sys_base < 0))
            return err_unsupported("system columns are not supported here");
        *out = plan_var_slot(e);
        return NULL;
    case E_PARAM:
        *out = e->param - 1;
        return NULL;
    case E_SLOT:
        *out = e->param;
        return NULL;
    case E_CASETEST:
        *out = m->c->case_slot;
        return NULL;
    case E_RELABEL:
        return emit_expr(m, e->args[0], dst, out);
    case E_FUNC:
    case E_OP:
        return emit_call(m, e, dst, out);
    case E_DISTINCT:
        return emit_distinct(m, e, out);
    case E_NULLIF:
        return emit_nullif(m, e, out);
    case E_SAOP:
        return emit_saop(m, e, out);
    case E_AND:
    case E_OR:
        return emit_bool(m, e, dst, out);
    case E_NOT:
        return emit_unary(m, e, S_NOT, 0, dst, out);
    case E_CASE:
        return emit_case(m, e, out);
    case E_COALESCE:
        return emit_coalesce(m, e, out);
    case E_MINMAX:
        return emit_minmax(m, e, out);
    case E_NULLTEST:
        if (type_is_record(type_by_oid(e->args[0]->type)))
            return emit_with_site(m, e, S_ROW_IS_NULL, out);
        return emit_unary(m, e, e->flag ? S_IS_NOT_NULL : S_IS_NULL, 0, dst, out);
    case E_BOOLTEST:
        return emit_unary(m, e, S_BOOLTEST, (uint8_t)e->booltest, dst, out);
    case E_ARRAY:
        return emit_with_site(m, e, S_ARRAY, out);
    case E_ROW:
        return emit_with_site(m, e, S_ROW, out);
    case E_ROWCMP:
        return emit_rowcmp(m, e, out);
    case E_IOCAST:
        return emit_with_site(m, e, S_IOCAST, out);
    case E_DOMAIN:
        return emit_with_site(m, e, S_DOMAIN, out);
    case E_ARRAYCAST:
        return emit_with_site(m, e, S_ARRAYCAST, out);
    case E_SQLVALUE:
        return emit_with_site(m, e, S_SQLVALUE, out);
    case E_SUBSCRIPT:
        return emit_with_site(m, e, S_SUBSCRIPT, out);
    case E_NEXTVAL:
        return emit_with_site(m, e, S_NEXTVAL, out);
    case E_SUBPLAN:
        return emit_subplan(m, e, out);
    case E_FIELD:
        return emit_with_site(m, e, S_FIELD, out);
    case E_FIELDSTORE:
        return emit_with_site(m, e, S_FIELDSTORE, out);
    case E_SUBSTORE:
        return emit_with_site(m, e, S_SUBSTORE, out);
    case E_SUBLINK:
    case E_AGG:
    case E_WINDOW:
    case E_GROUPING:
    case E_DEFAULT:
        break;
    }
    return err_new("XX000", "unexpected expression kind %d at execution", (int)e->kind);
}

struct err *compile_expr(struct compiler *c, const struct expr *e, struct program **out)
{
    struct emitter m = {.c = c, .arena = &c->plan->arena};
    struct program *p = arena_new(m.arena, struct program);
    TRY(emit_expr(&m, e, -1, &p->result));
    p->steps = m.steps;
    p->nsteps = m.n;
    *out = p;
    return NULL;
}

/* ---- conditions ---- */

static bool is_comparison(uint8_t op)
{
    return op >= S_INT_EQ && op <= S_INT_GE;
}

/* One of several that must hold: the program ends when it does not. */
static struct err *emit_qual(struct emitter *m, const struct expr *e)
{
    int a;
    if (e->kind == E_AND) {
        if (fiber_stack_left() < 32 * 1024)
            return err_new("54001", "stack depth limit exceeded");
        for (int i = 0; i < e->nargs; i++)
            TRY(emit_qual(m, e->args[i]));
        return NULL;
    }
    int before = m->n;
    TRY(operand(m, e, &a));
    struct step *last = m->n > before ? &m->steps[m->n - 1] : NULL;
    if (e->kind == E_OP && last && is_comparison(last->op) && last->dst == a)
        last->flag = 1;
    else
        emit(m, (struct step){.op = S_QUAL, .a = a});
    return NULL;
}

/* For a condition, which NULL does not fulfil either: the result is true or false. */
static struct err *compile_condition(struct compiler *c, struct plan_expr *e)
{
    struct emitter m = {.c = c, .arena = &c->plan->arena};
    if (!e->expr)
        return NULL;
    struct program *p = arena_new(m.arena, struct program);
    TRY(emit_qual(&m, e->expr));
    p->result = temp(&m);
    emit(&m, (struct step){
                 .op = S_COPY, .dst = p->result, .a = plan_const_slot(c->plan, datum_bool(true))});
    p->steps = m.steps;
    p->nsteps = m.n;
    e->program = p;
    return NULL;
}

/* ---- whole plans ---- */

static struct err *compile_list(struct compiler *c, struct plan_expr *list, int n)
{
    for (int i = 0; i < n; i++)
        if (list[i].expr)
            TRY(compile_expr(c, list[i].expr, &list[i].program));
    return NULL;
}

static bool is_srf(const struct expr *e)
{
    const struct cat_proc *p = e->kind == E_FUNC ? builtin_proc(e->func) : NULL;
    return p && p->retset;
}

/* Set-returning calls are driven by their node: only their arguments are compiled. */
static struct err *compile_srf(struct compiler *c, struct plan_expr *x)
{
    const struct cat_proc *p = builtin_proc(x->expr->func);
    struct emitter m = {.c = c, .arena = &c->plan->arena};
    char name[128];
    struct call_site *site = call_site(&m, x->expr);
    CHECK(p->src.len < sizeof(name));
    memcpy(name, p->src.data, p->src.len);
    name[p->src.len] = '\0';
    site->srf = p->oid >= FIRST_SYSTEM_OID && !p->is_c ? function_srf_of(p->lang)
                                                       : session_srf_lookup(name);
    if (!site->srf)
        site->srf = srf_lookup(name);
    site->strict = p->strict;
    if (!site->srf)
        return not_implemented(p);
    struct program *prog = arena_new(m.arena, struct program);
    TRY(arguments(&m, x->expr, &prog->result));
    emit(&m, (struct step){.op = S_SRF, .call = site});
    prog->steps = m.steps;
    prog->nsteps = m.n;
    x->program = prog;
    return NULL;
}

/* A function in FROM that returns records is told what columns are wanted. */
static void set_columns(struct compiler *c, const struct rte *rte, int func, struct plan_expr *x)
{
    struct arena *a = &c->plan->arena;
    const struct program *p = x->program;
    struct call_site *site = p->nsteps ? (struct call_site *)p->steps[p->nsteps - 1].call : NULL;
    int first = 0;
    if (!site || site->expr != x->expr || !type_is_record(type_by_oid(x->expr->type)))
        return;
    for (int i = 0; i < func; i++)
        first += rte->func_cols[i];
    struct composite *columns = arena_new(a, struct composite);
    columns->nfields = rte->func_cols[func];
    columns->fields = arena_new_array(a, struct composite_field, columns->nfields + 1);
    for (int i = 0; i < columns->nfields; i++)
        columns->fields[i] = (struct composite_field){.name = str_from(rte->func_names[first + i]),
                                                      .type = rte->types[first + i],
                                                      .typmod = rte->typmods[first + i],
                                                      .ops = type_by_oid(rte->types[first + i])};
    site->columns = columns;
}

static struct err *compile_exprs(struct compiler *c, struct plan *n)
{
    bool srfs = n->kind == P_PROJECT || n->kind == P_FUNCSCAN;
    for (int i = 0; i < n->nexprs; i++) {
        if (!n->exprs[i].expr)
            continue;
        if (srfs && is_srf(n->exprs[i].expr))
            TRY(compile_srf(c, &n->exprs[i]));
        else
            TRY(compile_expr(c, n->exprs[i].expr, &n->exprs[i].program));
        if (n->kind == P_FUNCSCAN)
            set_columns(c, n->rte, i, &n->exprs[i]);
    }
    return NULL;
}

static struct err *compile_aggs(struct compiler *c, struct plan *n)
{
    for (int i = 0; i < n->naggs; i++) {
        struct plan_agg *a = &n->aggs[i];
        const struct expr *e = a->expr;
        const struct expr *filter = e->kind == E_AGG ? e->agg->filter : e->window->filter;
        int norder = e->kind == E_AGG ? e->agg->norder : 0;
        a->args = arena_new_array(&c->plan->arena, struct program *, e->nargs + 1);
        for (int k = 0; k < e->nargs; k++)
            TRY(compile_expr(c, e->args[k], &a->args[k]));
        if (filter)
            TRY(compile_expr(c, filter, &a->filter));
        a->order = arena_new_array(&c->plan->arena, struct program *, norder + 1);
        for (int k = 0; k < norder; k++)
            TRY(compile_expr(c, e->agg->order[k].expr, &a->order[k]));
    }
    return NULL;
}

static struct err *compile_node(struct compiler *c, struct plan *n)
{
    if (!n)
        return NULL;
    struct plan_expr *conditions[] = {&n->filter, &n->join_filter, &n->recheck, &n->conflict_where};
    for (size_t i = 0; i < ARRAY_LENGTH(conditions); i++)
        TRY(compile_condition(c, conditions[i]));
    TRY(compile_list(c, &n->bound, 1));
    TRY(compile_exprs(c, n));
    TRY(compile_list(c, n->key_exprs, n->nkeys));
    TRY(compile_list(c, n->group, n->ngroup));
    TRY(compile_list(c, n->hash_left, n->nhash));
    TRY(compile_list(c, n->hash_right, n->nhash));
    TRY(compile_list(c, n->returning, n->nreturning));
    TRY(compile_list(c, n->checks, n->nchecks));
    for (int i = 0; i < n->npolicy_checks; i++)
        TRY(compile_list(c, &n->policy_checks[i].expr, 1));
    int natts = n->query && n->query->target ? n->query->target->rel->natts : 0;
    TRY(compile_list(c, n->row, n->row ? natts : 0));
    TRY(compile_list(c, n->conflict_set, n->conflict_set ? natts : 0));
    for (int i = 0; i < n->nactions; i++) {
        TRY(compile_list(c, &n->actions[i].when, 1));
        TRY(compile_list(c, n->actions[i].row, n->actions[i].row ? natts : 0));
    }
    for (int i = 0; i < n->nquals; i++)
        if (n->quals[i].value)
            TRY(compile_expr(c, n->quals[i].value, &n->quals[i].program));
    TRY(compile_aggs(c, n));
    TRY(compile_node(c, n->left));
    TRY(compile_node(c, n->right));
    for (int i = 0; i < n->ninputs; i++)
        TRY(compile_node(c, n->inputs[i]));
    return NULL;
}

struct err *exec_compile(struct statement_plan *plan)
{
    struct compiler c = {.plan = plan, .case_slot = -1};
    TRY(compile_node(&c, plan->root));
    for (int i = 0; i < plan->nctes; i++)
        TRY(compile_node(&c, plan->ctes[i].plan));
    for (int i = 0; i < plan->nsubplans; i++) {
        struct subplan *s = plan->subplans[i];
        TRY(compile_node(&c, s->plan));
        if (s->test)
            TRY(compile_expr(&c, s->test, &s->test_program));
        TRY(compile_list(&c, s->hash_left, s->nhash));
    }
    return NULL;
}
