/* Expressions back to SQL, in the canonical form that pg_get_expr and \d show: every operator call
 * in parentheses, constants with the type that they would not have by themselves. */
#include "sql/deparse_internal.h"
#include "sql/plan.h"

enum { CASE_INDENT = 4 };

/* `implicit`: show coercions that the text did not have. */
static struct err *put(struct deparser *d, const struct expr *e, bool implicit);
/* As an operand of `parent`: pretty text gets parentheses where precedence asks for them. Plain
 * text has them around every operator anyway. */
static struct err *put_child(struct deparser *d, const struct expr *e, const struct expr *parent,
                             bool implicit);

void deparse_add_ref(struct deparser *d, struct deparse_ref ref)
{
    struct deparse_refs *refs = d->refs;
    if (!refs)
        return;
    for (int i = 0; i < refs->count; i++) {
        const struct deparse_ref *r = &refs->items[i];
        if (r->relid == ref.relid && r->att == ref.att && r->is_type == ref.is_type &&
            r->is_function == ref.is_function && r->is_collation == ref.is_collation)
            return;
    }
    ARENA_PUSH(refs->arena, refs->items, refs->count, refs->cap, ref);
}

/* A function that users made: in stored text by its number, else with its schema when the search
 * path does not find it. */
static struct err *put_user_function(struct deparser *d, const struct cat_proc *p)
{
    const struct cat_proc **visible;
    const char *nsp;
    int n;
    bool seen = false;
    if (d->stored) {
        deparse_add_ref(d, (struct deparse_ref){.relid = p->oid, .is_function = true});
        buf_printf(d->out, "\"#%u\"", p->oid);
        return NULL;
    }
    TRY(cat_user_procs(d->cat, STR(""), p->name, &d->arena, &visible, &n));
    for (int i = 0; i < n; i++)
        seen |= visible[i]->oid == p->oid;
    if (!seen) {
        TRY(cat_namespace_name(d->cat, p->nsp, &d->arena, &nsp));
        quote_identifier(d->out, nsp ? nsp : "");
        buf_put_u8(d->out, '.');
    }
    quote_identifier(d->out, arena_strndup(&d->arena, p->name.data, p->name.len));
    return NULL;
}

static const char *type_text(struct deparser *d, uint32_t type, int32_t typmod)
{
    const char *name = NULL;
    const struct cat_type *t = builtin_type(type);
    if (t && type >= FIRST_USER_OID && d->stored) {
        bool array = t->is_array;
        deparse_add_ref(d, (struct deparse_ref){.relid = type, .is_type = true});
        return arena_printf(&d->arena, "\"#%u\"%s", array ? t->elem : type, array ? "[]" : "");
    }
    if (type >= FIRST_USER_OID)
        err_free(cat_type_name(d->cat, type, false, &d->arena, &name));
    if (type == BIT_OID && typmod < 0)
        return "\"bit\""; /* bit alone is bit(1) */
    return name ? name : type_display(&d->arena, type, typmod);
}

/* ---- constants ---- */

static struct err *name_of_regclass(struct deparser *d, uint32_t oid, struct buf *text)
{
    struct relation *r;
    TRY(cat_relation(d->cat, oid, &r));
    if (!r || (d->regclass_by_oid && oid >= FIRST_USER_OID)) {
        relation_unref(r);
        buf_printf(text, "%u", oid);
        return NULL;
    }
    uint32_t visible;
    struct err *e = cat_find_relation(d->cat, STR(""), str_from(r->name), true, &visible);
    if (!e && (visible != oid || d->stored)) {
        quote_identifier(text, r->nsp_name);
        buf_put_u8(text, '.');
    }
    if (!e)
        quote_identifier(text, r->name);
    relation_unref(r);
    return e;
}

static struct err *const_text(struct deparser *d, const struct expr *e, struct buf *text)
{
    const struct type_ops *ops = type_by_oid(e->type);
    struct type_env env = {0};
    if (!d->stored)
        env = cat_type_env(d->cat);
    if (e->type == REGCLASS_OID) {
        /* as the sequence of nextval */
        deparse_add_ref(d, (struct deparse_ref){.relid = (uint32_t)e->value.u});
        return name_of_regclass(d, (uint32_t)e->value.u, text);
    }
    return ops->out(ops, &env, e->value, text);
}

/* Never as E'...': backslashes are ordinary characters. */
static void put_string(struct buf *out, struct str s)
{
    buf_put_u8(out, '\'');
    for (size_t i = 0; i < s.len; i++) {
        if (s.data[i] == '\'')
            buf_put_u8(out, '\'');
        buf_put_u8(out, (uint8_t)s.data[i]);
    }
    buf_put_u8(out, '\'');
}

static struct err *put_const(struct deparser *d, const struct expr *e)
{
    struct buf text = BUF_INIT;
    if (e->value.null) {
        buf_put_c(d->out, "NULL");
        if (e->type != UNKNOWN_OID)
            buf_printf(d->out, "::%s", type_text(d, e->type, e->typmod));
        return NULL;
    }
    struct err *err = const_text(d, e, &text);
    const char *s = buf_cstr(&text);
    bool number = e->type == INT4_OID || e->type == INT2_OID || e->type == INT8_OID ||
                  e->type == NUMERIC_OID || e->type == FLOAT4_OID || e->type == FLOAT8_OID;
    bool digits = number && s[0] && strspn(s, "0123456789+-eE.") == strlen(s);
    bool plain_int = digits && strspn(s, "0123456789") == strlen(s);
    bool label = true;
    if (e->type == BOOL_OID) {
        buf_put_c(d->out, e->value.i ? "true" : "false");
        label = false;
    } else if (digits && s[0] != '-' &&
               (e->type == INT4_OID || (e->type == NUMERIC_OID && !plain_int))) {
        buf_put_c(d->out, s);
        label = false; /* written like this it has that type anyway */
    } else if (digits) {
        buf_printf(d->out, "'%s'", s);
    } else {
        put_string(d->out, buf_str(&text));
    }
    if (label)
        buf_printf(d->out, "::%s", type_text(d, e->type, e->type == NUMERIC_OID ? -1 : e->typmod));
    buf_done(&text);
    return err;
}

/* ---- calls ---- */

static struct err *put_args(struct deparser *d, const struct expr *e, int first)
{
    int n = e->kind == E_FUNC ? e->nargs - e->defaulted : e->nargs;
    for (int i = first; i < n; i++) {
        if (i > first)
            buf_put_c(d->out, ", ");
        if (e->kind == E_FUNC && e->flag && i == e->nargs - 1)
            buf_put_c(d->out, "VARIADIC ");
        TRY(put(d, e->args[i], true));
    }
    return NULL;
}

static bool is_cast(const struct expr *e)
{
    return e->kind == E_RELABEL || e->kind == E_IOCAST || e->kind == E_ARRAYCAST ||
           e->kind == E_DOMAIN ||
           (e->kind == E_FUNC && e->form != FORM_CALL && e->form != FORM_SQL);
}

static bool is_bool(const struct expr *e)
{
    return e->kind == E_AND || e->kind == E_OR || e->kind == E_NOT;
}

static bool is_operator(const struct expr *e)
{
    return (e->kind == E_RELABEL && e->form == FORM_SQL) || e->kind == E_OP ||
           e->kind == E_DISTINCT || e->kind == E_SAOP || e->kind == E_NULLTEST ||
           e->kind == E_BOOLTEST;
}

static int arithmetic_rank(const struct expr *e)
{
    const struct cat_oper *op = e->kind == E_OP && e->nargs == 2 ? builtin_oper(e->op) : NULL;
    if (!op || op->name.len != 1)
        return 0;
    return strchr("*/%", op->name.data[0]) ? 2 : strchr("+-", op->name.data[0]) ? 1 : 0;
}

/* Binds at least as tightly as its place under `parent` asks for. */
static bool binds(const struct expr *e, const struct expr *parent)
{
    if (is_cast(e) && e->form == FORM_IMPLICIT && is_cast(parent))
        return true;
    if (is_bool(e))
        return is_bool(parent) && parent->kind != E_NOT &&
               (e->kind != E_OR || parent->kind == E_OR);
    if (!is_operator(e))
        return true;
    if (is_bool(parent))
        return true;
    int inner = arithmetic_rank(e);
    int outer = arithmetic_rank(parent);
    if (inner && outer)
        return inner > outer || (inner == outer && parent->args[0] == e);
    return !is_operator(parent) && !is_cast(parent);
}

static struct err *put_child(struct deparser *d, const struct expr *e, const struct expr *parent,
                             bool implicit)
{
    bool parens = d->pretty && !binds(e, parent);
    buf_put_c(d->out, parens ? "(" : "");
    TRY(put(d, e, implicit));
    buf_put_c(d->out, parens ? ")" : "");
    return NULL;
}

static void open_paren(struct deparser *d)
{
    if (!d->pretty)
        buf_put_u8(d->out, '(');
}

static void close_paren(struct deparser *d)
{
    if (!d->pretty)
        buf_put_u8(d->out, ')');
}

static struct err *put_cast(struct deparser *d, const struct expr *e, const struct expr *arg)
{
    /* A constant of that type already shows it. */
    if (arg->kind == E_CONST && arg->type == e->type) {
        struct expr plain = *arg;
        plain.typmod = e->typmod;
        return put_const(d, &plain);
    }
    open_paren(d);
    TRY(put_child(d, arg, e, false));
    close_paren(d);
    buf_printf(d->out, "::%s", type_text(d, e->type, e->typmod));
    return NULL;
}

/* With its schema where the name alone does not find it, and in texts that are kept. */
static struct err *put_collation(struct deparser *d, uint32_t collation)
{
    struct str name = builtin_collation_name(collation);
    uint32_t nsp = user_collation_nsp(collation);
    uint32_t found = collation;
    const char *schema = NULL;
    deparse_add_ref(d, (struct deparse_ref){.relid = collation, .is_collation = true});
    if (nsp && !d->stored)
        TRY(cat_find_collation(d->cat, STR(""), name, &found));
    if (nsp && (d->stored || found != collation))
        TRY(cat_namespace_name(d->cat, nsp, &d->arena, &schema));
    buf_put_c(d->out, " COLLATE ");
    if (schema) {
        quote_identifier(d->out, schema);
        buf_put_u8(d->out, '.');
    }
    quote_identifier(d->out, arena_strndup(&d->arena, name.data, name.len));
    return NULL;
}

/* COLLATE; what a plan shows in its place is a cast to the same type. */
static struct err *put_collate(struct deparser *d, const struct expr *e, bool implicit)
{
    if (d->slots)
        return implicit ? put_cast(d, e, e->args[0]) : put(d, e->args[0], implicit);
    open_paren(d);
    TRY(put_child(d, e->args[0], e, true));
    TRY(put_collation(d, e->collation));
    close_paren(d);
    return NULL;
}

static struct err *put_extract(struct deparser *d, const struct expr *e)
{
    buf_put_c(d->out, "EXTRACT(");
    const struct expr *field = e->args[0];
    if (field->kind == E_CONST && !field->value.null)
        buf_put(d->out, field->value.p, field->value.len);
    else
        TRY(put(d, field, true));
    buf_put_c(d->out, " FROM ");
    TRY(put(d, e->args[1], true));
    buf_put_u8(d->out, ')');
    return NULL;
}

/* Those of user-made range types are named like the type. */
static bool is_range_constructor(const struct cat_proc *p)
{
    return p->src.len >= 18 && (memcmp(p->src.data, "range_constructor", 17) == 0 ||
                                memcmp(p->src.data, "multirange_constru", 18) == 0);
}

static struct err *put_func(struct deparser *d, const struct expr *e, bool implicit)
{
    const struct cat_proc *p = builtin_proc(e->func);
    if (e->form == FORM_IMPLICIT && !implicit)
        return put(d, e->args[0], false);
    if (e->form == FORM_CAST || e->form == FORM_IMPLICIT)
        return put_cast(d, e, e->args[0]);
    if (!p)
        return err_new("XX000", "cache lookup failed for function %u", e->func);
    if (e->form == FORM_SQL && str_eq_c(p->name, "extract") && e->nargs == 2)
        return put_extract(d, e);
    if (p->oid >= FIRST_SYSTEM_OID) {
        TRY(put_user_function(d, p));
    } else if (e->type >= FIRST_USER_OID && is_range_constructor(p)) {
        buf_put_c(d->out, type_text(d, e->type, -1));
    } else {
        char *name = arena_strndup(&d->arena, p->name.data, p->name.len);
        quote_identifier(d->out, name);
    }
    buf_put_u8(d->out, '(');
    TRY(put_args(d, e, 0));
    buf_put_u8(d->out, ')');
    return NULL;
}

/* Stored text names those of extensions by number; other text with the schema, where the search
 * path has it not. */
static struct err *put_oper_name(struct deparser *d, const struct cat_oper *op)
{
    const struct cat_oper *seen;
    const char *schema;
    int n;
    if (op->oid >= FIRST_USER_OID && d->stored) {
        buf_printf(d->out, "OPERATOR(\"#%u\".%.*s)", op->oid, STR_ARG(op->name));
        return NULL;
    }
    if (op->oid >= FIRST_USER_OID) {
        bool visible = false;
        TRY(cat_user_opers(d->cat, STR(""), op->name, &d->arena, &seen, &n));
        for (int i = 0; i < n; i++)
            visible |= seen[i].oid == op->oid;
        TRY(cat_namespace_name(d->cat, cat_oper_namespace(op->oid), &d->arena, &schema));
        if (!visible) {
            buf_put_c(d->out, "OPERATOR(");
            quote_identifier(d->out, schema ? schema : "");
            buf_printf(d->out, ".%.*s)", STR_ARG(op->name));
            return NULL;
        }
    }
    buf_put_str(d->out, op->name);
    return NULL;
}

static struct err *put_op(struct deparser *d, const struct expr *e, const char *between)
{
    const struct cat_oper *op = builtin_oper(e->op);
    if (!op)
        return err_new("XX000", "cache lookup failed for operator %u", e->op);
    open_paren(d);
    if (e->nargs == 2) {
        TRY(put_child(d, e->args[0], e, true));
        buf_put_u8(d->out, ' ');
        if (between)
            buf_put_c(d->out, between);
        else
            TRY(put_oper_name(d, op));
        buf_put_u8(d->out, ' ');
        TRY(put_child(d, e->args[1], e, true));
    } else {
        TRY(put_oper_name(d, op));
        buf_put_u8(d->out, ' ');
        TRY(put_child(d, e->args[0], e, true));
    }
    close_paren(d);
    return NULL;
}

static struct err *put_saop(struct deparser *d, const struct expr *e)
{
    const struct cat_oper *op = builtin_oper(e->op);
    open_paren(d);
    TRY(put_child(d, e->args[0], e, true));
    buf_put_u8(d->out, ' ');
    TRY(put_oper_name(d, op));
    buf_put_c(d->out, e->flag ? " ANY (" : " ALL (");
    TRY(put_child(d, e->args[1], e, true));
    buf_put_u8(d->out, ')');
    close_paren(d);
    return NULL;
}

static struct err *put_bool(struct deparser *d, const struct expr *e)
{
    open_paren(d);
    if (e->kind == E_NOT) {
        buf_put_c(d->out, "NOT ");
        TRY(put_child(d, e->args[0], e, false));
    }
    for (int i = 0; e->kind != E_NOT && i < e->nargs; i++) {
        if (i)
            buf_put_c(d->out, e->kind == E_AND ? " AND " : " OR ");
        TRY(put_child(d, e->args[i], e, false));
    }
    close_paren(d);
    return NULL;
}

static struct err *put_case(struct deparser *d, const struct expr *e)
{
    int i = 0;
    deparse_line(d, "CASE", 0, 0);
    d->indent += CASE_INDENT;
    if (e->kase.has_test) {
        buf_put_u8(d->out, ' ');
        TRY(put(d, e->args[i++], true));
    }
    for (; i + 1 < e->nargs; i += 2) {
        const struct expr *when = e->args[i];
        deparse_line(d, "WHEN ", 0, 0);
        TRY(put(d, e->kase.has_test && when->nargs == 2 ? when->args[1] : when, e->kase.has_test));
        buf_put_c(d->out, " THEN ");
        TRY(put(d, e->args[i + 1], true));
    }
    deparse_line(d, "ELSE ", 0, 0);
    TRY(put(d, e->args[e->nargs - 1], true));
    d->indent -= CASE_INDENT;
    deparse_line(d, "END", 0, 0);
    return NULL;
}

static struct err *put_wrapped(struct deparser *d, const struct expr *e, const char *name,
                               const char *close)
{
    buf_put_c(d->out, name);
    TRY(put_args(d, e, 0));
    buf_put_c(d->out, close);
    return NULL;
}

static struct err *put_test(struct deparser *d, const struct expr *e, const char *text)
{
    open_paren(d);
    TRY(put_child(d, e->args[0], e, true));
    buf_printf(d->out, " %s", text);
    close_paren(d);
    return NULL;
}

static struct err *put_var(struct deparser *d, const struct expr *e)
{
    const struct rte *rte = e->var.rte;
    if (e->var.att == 0)
        return err_unsupported("whole rows cannot be shown in an expression");
    if (rte->rel && rte->rel->kind == 'D') {
        buf_put_c(d->out, "VALUE");
        return NULL;
    }
    if (e->var.att > 0)
        deparse_note(d, rte, e->var.att);
    if (rte != d->single) {
        quote_identifier(d->out, deparse_alias(d, rte));
        buf_put_u8(d->out, '.');
    }
    quote_identifier(d->out, e->var.att < 0 ? system_column_name(e->var.att)
                                            : deparse_column(d, rte, e->var.att));
    return NULL;
}

/* A whole row of a table by the table's name. */
static const struct rte *whole_row_of(const struct expr *e)
{
    const struct rte *rte = e->nargs && e->args[0]->kind == E_VAR ? e->args[0]->var.rte : NULL;
    const struct relation *r = rte ? rte->view ? rte->view : rte->rel : NULL;
    if (!r || r->row_type != e->type || e->nargs != rte->ncols)
        return NULL;
    for (int i = 0; i < e->nargs; i++)
        if (e->args[i]->kind == E_VAR &&
            (e->args[i]->var.rte != rte || e->args[i]->var.att != i + 1))
            return NULL;
    return rte;
}

bool deparse_is_whole_row(const struct expr *e)
{
    return e->kind == E_ROW && e->type != RECORD_OID && whole_row_of(e);
}

const char *deparse_type(struct deparser *d, uint32_t type, int32_t typmod)
{
    return type_text(d, type, typmod);
}

static struct err *put_row(struct deparser *d, const struct expr *e)
{
    const struct rte *rte = e->type == RECORD_OID ? NULL : whole_row_of(e);
    bool first = true;
    if (rte) {
        for (int i = 0; i < e->nargs; i++)
            deparse_note(d, rte, i + 1);
        quote_identifier(d->out, deparse_alias(d, rte));
        buf_put_c(d->out, ".*");
        return NULL;
    }
    buf_put_c(d->out, "ROW(");
    for (int i = 0; i < e->nargs; i++) {
        if (e->args[i]->type == VOID_OID)
            continue;
        buf_put_c(d->out, first ? "" : ", ");
        first = false;
        TRY(put(d, e->args[i], true));
    }
    buf_put_u8(d->out, ')');
    if (e->type != RECORD_OID && e->form != FORM_IMPLICIT)
        buf_printf(d->out, "::%s", type_text(d, e->type, -1));
    return NULL;
}

static struct err *put_field(struct deparser *d, const struct expr *e)
{
    struct composite c = {0};
    const struct cat_proc *p = e->args[0]->kind == E_FUNC ? builtin_proc(e->args[0]->func) : NULL;
    struct str name = STR("");
    if (type_is_composite(e->args[0]->type)) {
        TRY(cat_composite(d->cat, e->args[0]->type, &d->arena, &c));
        if (e->field.field <= c.nfields)
            name = c.fields[e->field.field - 1].name;
    } else if (p && p->nallargs && p->argnames) {
        int outs = 0;
        for (int i = 0; i < p->nallargs; i++)
            if (strchr("obt", p->argmodes[i]) && ++outs == e->field.field)
                name = p->argnames[i];
    }
    if (!name.len)
        return err_unsupported("this field cannot be shown as SQL");
    buf_put_u8(d->out, '(');
    TRY(put(d, e->args[0], true));
    buf_put_c(d->out, ").");
    quote_identifier(d->out, arena_strndup(&d->arena, name.data, name.len));
    return NULL;
}

static struct err *put_sqlvalue(struct deparser *d, const struct expr *e)
{
    static const char *const names[] = {
        [SV_CURRENT_DATE] = "CURRENT_DATE",           [SV_CURRENT_TIME] = "CURRENT_TIME",
        [SV_CURRENT_TIMESTAMP] = "CURRENT_TIMESTAMP", [SV_LOCALTIME] = "LOCALTIME",
        [SV_LOCALTIMESTAMP] = "LOCALTIMESTAMP",       [SV_CURRENT_ROLE] = "CURRENT_ROLE",
        [SV_CURRENT_USER] = "CURRENT_USER",           [SV_USER] = "USER",
        [SV_SESSION_USER] = "SESSION_USER",           [SV_CURRENT_CATALOG] = "CURRENT_CATALOG",
        [SV_CURRENT_SCHEMA] = "CURRENT_SCHEMA"};
    buf_put_c(d->out, names[e->sqlvalue.what]);
    if (e->sqlvalue.precision >= 0)
        buf_printf(d->out, "(%d)", e->sqlvalue.precision);
    return NULL;
}

static struct err *put_subscript(struct deparser *d, const struct expr *e)
{
    bool simple = e->args[0]->kind == E_VAR;
    buf_put_c(d->out, simple ? "" : "(");
    TRY(put(d, e->args[0], false));
    buf_put_c(d->out, simple ? "" : ")");
    for (int i = 1; i < e->nargs; i++) {
        char kind = (char)e->subscript.kinds[i - 1];
        bool slice = e->subscript.slice;
        if (!slice || i % 2)
            buf_put_u8(d->out, '[');
        if (kind != '-')
            TRY(put(d, e->args[i], false));
        buf_put_c(d->out, slice && i % 2 ? ":" : "]");
    }
    return NULL;
}

static const char *booltest_text(enum booltest t)
{
    static const char *const texts[] = {
        [BT_TRUE] = "IS TRUE",       [BT_NOT_TRUE] = "IS NOT TRUE",
        [BT_FALSE] = "IS FALSE",     [BT_NOT_FALSE] = "IS NOT FALSE",
        [BT_UNKNOWN] = "IS UNKNOWN", [BT_NOT_UNKNOWN] = "IS NOT UNKNOWN"};
    return texts[t];
}

static struct err *put_agg_filter(struct deparser *d, const struct expr *filter)
{
    if (!filter)
        return NULL;
    buf_put_c(d->out, " FILTER (WHERE ");
    TRY(put(d, filter, false));
    buf_put_u8(d->out, ')');
    return NULL;
}

static struct err *put_agg_name(struct deparser *d, const struct cat_proc *p)
{
    if (p->oid >= FIRST_USER_OID)
        return put_user_function(d, p);
    buf_put_str(d->out, p->name);
    return NULL;
}

static struct err *put_agg(struct deparser *d, const struct expr *e)
{
    const struct cat_proc *p = builtin_proc(e->func);
    const struct agg_extra *agg = e->agg;
    TRY(put_agg_name(d, p));
    buf_put_c(d->out, agg->distinct ? "(DISTINCT " : "(");
    if (agg->star)
        buf_put_u8(d->out, '*');
    TRY(put_args(d, e, 0));
    if (agg->norder) {
        buf_put_c(d->out, agg->ordered_set ? ") WITHIN GROUP (ORDER BY " : " ORDER BY ");
        TRY(deparse_put_sort(d, agg->order, agg->norder, NULL));
    }
    buf_put_u8(d->out, ')');
    return put_agg_filter(d, agg->filter);
}

static struct err *put_window_func(struct deparser *d, const struct expr *e)
{
    const struct window_extra *x = e->window;
    TRY(put_agg_name(d, builtin_proc(e->func)));
    buf_put_c(d->out, x->star ? "(*" : "(");
    TRY(put_args(d, e, 0));
    buf_put_u8(d->out, ')');
    TRY(put_agg_filter(d, x->filter));
    buf_put_c(d->out, " OVER ");
    if (!x->window->name)
        return deparse_put_window(d, x->window);
    quote_identifier(d->out, x->window->name);
    return NULL;
}

/* Left of the comparison with a subquery's columns: (a, b) op. */
static struct err *put_compared(struct deparser *d, const struct expr *test, struct str *op)
{
    bool row = test->kind == E_AND;
    *op = (struct str){NULL, 0};
    buf_put_c(d->out, row ? "(" : "");
    for (int i = 0; i < (row ? test->nargs : 1); i++) {
        const struct expr *one = row ? test->args[i] : test;
        const struct cat_oper *o =
            one->kind == E_OP && one->nargs == 2 ? builtin_oper(one->op) : NULL;
        if (!o || (op->data && !str_eq(*op, o->name)))
            return err_unsupported("this comparison with a subquery cannot be shown as SQL");
        *op = o->name;
        buf_put_c(d->out, i ? ", " : "");
        TRY(put(d, one->args[0], true));
    }
    buf_put_c(d->out, row ? ")" : "");
    return NULL;
}

static struct err *put_sublink(struct deparser *d, const struct expr *e)
{
    struct str op = {NULL, 0};
    enum sublink_kind kind = e->sublink.kind;
    bool compared = kind == SUBLINK_ANY || kind == SUBLINK_ALL;
    buf_put_c(d->out, kind == SUBLINK_ARRAY ? "ARRAY(" : "(");
    if (kind == SUBLINK_EXISTS)
        buf_put_c(d->out, "EXISTS (");
    if (compared) {
        TRY(put_compared(d, e->sublink.test, &op));
        if (kind == SUBLINK_ANY && str_eq_c(op, "="))
            buf_put_c(d->out, " IN (");
        else
            buf_printf(d->out, " %.*s %s (", STR_ARG(op), kind == SUBLINK_ANY ? "ANY" : "ALL");
    }
    TRY(deparse_put_query(d, e->sublink.query, true));
    buf_put_c(d->out, compared || kind == SUBLINK_EXISTS ? "))" : ")");
    return NULL;
}

/* What the planner has put in the place of an expression that a lower step computes. */
static struct err *put_slot(struct deparser *d, const struct expr *e)
{
    const struct expr *source =
        d->slots && e->param >= 0 && e->param < d->nslots ? d->slots[e->param] : NULL;
    if (!source) {
        buf_printf(d->out, "$%d", e->param);
        return NULL;
    }
    bool column = source->kind == E_VAR || source->kind == E_SLOT || d->bare;
    buf_put_c(d->out, column ? "" : "(");
    TRY(put(d, source, false));
    buf_put_c(d->out, column ? "" : ")");
    return NULL;
}

static void put_subplan(struct deparser *d, const struct subplan *s)
{
    if (!s->correlated && s->kind != SUBLINK_ANY && s->kind != SUBLINK_ALL)
        buf_printf(d->out, "$%d", s->number);
    else
        buf_printf(d->out, "(%sSubPlan %d)", s->nhash ? "hashed " : "", s->number + 1);
}

static struct err *put(struct deparser *d, const struct expr *e, bool implicit)
{
    switch (e->kind) {
    case E_CONST:
        return put_const(d, e);
    case E_VAR:
        return put_var(d, e);
    case E_PARAM:
        if (e->param <= d->nparams && d->params[e->param - 1])
            quote_identifier(d->out, d->params[e->param - 1]);
        else
            buf_printf(d->out, "$%d", e->param);
        return NULL;
    case E_FUNC:
        return put_func(d, e, implicit);
    case E_OP:
        return put_op(d, e, NULL);
    case E_DISTINCT:
        return put_op(d, e, "IS DISTINCT FROM");
    case E_NULLIF:
        return put_wrapped(d, e, "NULLIF(", ")");
    case E_SAOP:
        return put_saop(d, e);
    case E_AND:
    case E_OR:
    case E_NOT:
        return put_bool(d, e);
    case E_CASE:
        return put_case(d, e);
    case E_COALESCE:
        return put_wrapped(d, e, "COALESCE(", ")");
    case E_MINMAX:
        return put_wrapped(d, e, e->flag ? "GREATEST(" : "LEAST(", ")");
    case E_NULLTEST:
        return put_test(d, e, e->flag ? "IS NOT NULL" : "IS NULL");
    case E_BOOLTEST:
        return put_test(d, e, booltest_text(e->booltest));
    case E_ARRAY:
        return put_wrapped(d, e, "ARRAY[", "]");
    case E_ROW:
        return put_row(d, e);
    case E_RELABEL:
        if (e->form == FORM_SQL)
            return put_collate(d, e, implicit);
        __attribute__((fallthrough));
    case E_IOCAST:
    case E_DOMAIN:
    case E_ARRAYCAST:
        if ((e->form == FORM_IMPLICIT && !implicit) || e->type == e->args[0]->type)
            return put(d, e->args[0], implicit);
        return put_cast(d, e, e->args[0]);
    case E_SQLVALUE:
        return put_sqlvalue(d, e);
    case E_FIELD:
        return put_field(d, e);
    case E_SUBSCRIPT:
        return put_subscript(d, e);
    case E_AGG:
        return put_agg(d, e);
    case E_WINDOW:
        return put_window_func(d, e);
    case E_GROUPING:
        return put_wrapped(d, e, "GROUPING(", ")");
    case E_SLOT:
        return put_slot(d, e);
    case E_SUBLINK:
        return put_sublink(d, e);
    case E_SUBPLAN:
        put_subplan(d, e->subplan);
        return NULL;
    case E_CASETEST:
    case E_ROWCMP:
    case E_FIELDSTORE:
    case E_SUBSTORE:
    case E_DEFAULT:
    case E_NEXTVAL:
        break;
    }
    return err_unsupported("this expression cannot be shown as SQL");
}

struct err *deparse_put(struct deparser *d, const struct expr *e, bool implicit)
{
    return put(d, e, implicit);
}

static struct err *deparse(struct deparser d, const struct expr *e)
{
    arena_init(&d.arena);
    struct err *err = put(&d, e, false);
    arena_done(&d.arena);
    return err;
}

struct err *deparse_expr(struct cat *cat, const struct expr *e, const struct rte *single,
                         struct buf *out)
{
    return deparse((struct deparser){.cat = cat, .out = out, .single = single}, e);
}

struct err *deparse_plan_expr(struct cat *cat, const struct expr *e, const struct rte *single,
                              const struct deparse_name *names, const struct expr *const *slots,
                              int nslots, bool bare, struct buf *out)
{
    return deparse((struct deparser){.cat = cat,
                                     .out = out,
                                     .single = single,
                                     .names = names,
                                     .slots = slots,
                                     .nslots = nslots,
                                     .bare = bare},
                   e);
}

struct err *deparse_expr_pretty(struct cat *cat, const struct expr *e, const struct rte *single,
                                struct buf *out)
{
    return deparse((struct deparser){.cat = cat, .out = out, .single = single, .pretty = true}, e);
}

struct err *deparse_stored_expr(struct cat *cat, const struct expr *e, const struct rte *single,
                                struct buf *out)
{
    return deparse((struct deparser){.cat = cat, .out = out, .single = single, .stored = true}, e);
}
