/* Expressions: parse tree nodes to typed ones. */
#include "sql/analyze_internal.h"

#include "rt/fiber.h"

#include <stdlib.h>

enum {
    MAX_DEPTH = 3000,
    MAX_PARAMS = 1 << 20 /* more than Bind can give values for */
};

struct err *analyze_expr_in(struct level *l, const pg_node *n, enum clause clause,
                            struct expr **out)
{
    enum clause saved = l->clause;
    l->clause = clause;
    struct err *e = analyze_expr(l, n, out);
    l->clause = saved;
    return e;
}

struct err *analyze_bool(struct level *l, const pg_node *n, enum clause clause, const char *what,
                         struct expr **out)
{
    TRY(analyze_expr_in(l, n, clause, out));
    return coerce_to_bool(l->a, *out, what, out);
}

/* ---- constants and parameters ---- */

static struct err *analyze_float(struct analysis *a, const char *text, int location,
                                 struct expr **out)
{
    struct expr *literal = expr_const(a->arena, UNKNOWN_OID, -1,
                                      datum_str(arena_str(a->arena, str_from(text))), location);
    int64_t v;
    bool whole = str_to_int64(str_from(text), &v);
    /* -2147483648 comes with its sign. */
    uint32_t type = !whole ? NUMERIC_OID : v == (int32_t)v ? INT4_OID : INT8_OID;
    return coerce_explicit(a, literal, type, -1, location, out);
}

/* B'...' and X'...', with the letter before the digits. */
static struct err *analyze_bits(struct analysis *a, const char *text, int location,
                                struct expr **out)
{
    const struct type_ops *bit = type_by_oid(BIT_OID);
    struct datum d;
    struct err *e = bit->in(bit, a->env, str_from(text), -1, a->arena, &d);
    if (e)
        return at(a, e, location);
    *out = expr_const(a->arena, BIT_OID, -1, d, location);
    return NULL;
}

static struct err *analyze_const(struct analysis *a, const PgQuery__AConst *c, struct expr **out)
{
    int loc = c->location;
    if (c->isnull) {
        *out = expr_const(a->arena, UNKNOWN_OID, -1, datum_null(), loc);
        return NULL;
    }
    switch (c->val_case) {
    case PG_QUERY__A__CONST__VAL_IVAL:
        *out = expr_const(a->arena, INT4_OID, -1, datum_int(c->ival->ival), loc);
        return NULL;
    case PG_QUERY__A__CONST__VAL_FVAL:
        return analyze_float(a, c->fval->fval, loc, out);
    case PG_QUERY__A__CONST__VAL_BOOLVAL:
        *out = expr_const(a->arena, BOOL_OID, -1, datum_bool(c->boolval->boolval), loc);
        return NULL;
    case PG_QUERY__A__CONST__VAL_SVAL:
        *out = expr_const(a->arena, UNKNOWN_OID, -1,
                          datum_str(arena_str(a->arena, str_from(c->sval->sval))), loc);
        return NULL;
    case PG_QUERY__A__CONST__VAL_BSVAL:
        return analyze_bits(a, c->bsval->bsval, loc, out);
    default:
        return err_new("XX000", "unrecognized constant");
    }
}

static struct err *analyze_param(struct analysis *a, const PgQuery__ParamRef *p, struct expr **out)
{
    struct param_types *types = a->params;
    if (p->number >= 1 && p->number <= a->ninline_args) {
        *out = a->inline_args[p->number - 1];
        return NULL;
    }
    if (types && types->variables) {
        TRY(analyze_variable_param(a, p, out));
        if (*out)
            return NULL;
    }
    if (p->number <= 0 || p->number > MAX_PARAMS || !types ||
        (types->fixed && p->number > types->count))
        return at(a, err_new("42P02", "there is no parameter $%d", p->number), p->location);
    if (p->number > types->count) {
        uint32_t *grown = realloc(types->types, sizeof(*grown) * (size_t)p->number);
        if (!grown)
            return err_oom();
        memset(grown + types->count, 0, sizeof(*grown) * (size_t)(p->number - types->count));
        types->types = grown;
        types->count = p->number;
    }
    uint32_t type = types->types[p->number - 1];
    *out = expr_new(a, E_PARAM, type ? type : UNKNOWN_OID, p->location);
    (*out)->param = p->number;
    return NULL;
}

/* ---- operators ---- */

static struct err *op_name(struct analysis *a, pg_node **name, size_t n, int location,
                           struct str *out)
{
    const struct cat_oper *opers;
    uint32_t nsp;
    int count;
    *out = str_from(node_str(name[n - 1]));
    if (n != 2 || strcmp(node_str(name[0]), "pg_catalog") == 0)
        return NULL;
    /* Operands find the operator of a stored text by its number, another in the schema. */
    if (node_str(name[0])[0] != '#') {
        TRY(cat_load_operators(a->cat));
        TRY(cat_namespace_oid(a->cat, str_from(node_str(name[0])), &nsp));
        if (!nsp)
            return at(a, err_new("3F000", "schema \"%s\" does not exist", node_str(name[0])),
                      location);
        TRY(cat_user_opers(a->cat, str_from(node_str(name[0])), *out, a->arena, &opers, &count));
        if (!count)
            return at(a,
                      err_new("42883", "operator does not exist: %s.%s", node_str(name[0]),
                              node_str(name[1])),
                      location);
    }
    *out = str_from(arena_printf(a->arena, "%s.%s", node_str(name[0]), node_str(name[1])));
    return NULL;
}

static const pg_node *as_row(const pg_node *n)
{
    return n && n->node_case == PG_QUERY__NODE__NODE_ROW_EXPR ? n : NULL;
}

static struct err *analyze_list(struct level *l, pg_node **items, size_t n, struct expr ***out)
{
    *out = arena_new_array(l->a->arena, struct expr *, n + 1);
    for (size_t i = 0; i < n; i++)
        TRY(analyze_expr(l, items[i], &(*out)[i]));
    return NULL;
}

static int comparison_strategy(struct str op)
{
    static const char *const names[] = {"<", "<=", "=", ">=", ">", "<>"};
    for (int i = 0; i < 6; i++)
        if (str_eq_c(op, names[i]))
            return i + 1;
    return 0;
}

struct err *make_row_compare(struct level *l, struct str op, struct expr **left,
                             struct expr **right, int n, int location, struct expr **out);

/* (a, b) op (c, d), column by column. */
struct err *make_row_compare(struct level *l, struct str op, struct expr **left,
                             struct expr **right, int n, int location, struct expr **out)
{
    struct analysis *a = l->a;
    int strategy = comparison_strategy(op);
    if (!strategy)
        return at(a,
                  err_hint(err_unsupported("could not determine interpretation of row comparison "
                                           "operator %.*s",
                                           STR_ARG(op)),
                           "Row comparison operators must be associated with btree operator "
                           "families."),
                  location);
    if (n == 1)
        return make_op(a, op, left[0], right[0], location, out);
    bool equality = strategy == 3 || strategy == 6;
    struct expr **args = arena_new_array(a->arena, struct expr *, equality ? n : 2 * n);
    if (equality) {
        for (int i = 0; i < n; i++)
            TRY(make_op(a, op, left[i], right[i], location, &args[i]));
        *out = expr_func(a->arena, strategy == 3 ? E_AND : E_OR, 0, 0, BOOL_OID, args, n, location);
        return NULL;
    }
    uint32_t *ops = arena_new_array(a->arena, uint32_t, n);
    for (int i = 0; i < n; i++) {
        struct expr *cmp;
        TRY(make_op(a, STR("<"), left[i], right[i], location, &cmp));
        args[i] = cmp->args[0];
        args[n + i] = cmp->args[1];
        ops[i] = cmp->op;
    }
    *out = expr_func(a->arena, E_ROWCMP, 0, 0, BOOL_OID, args, 2 * n, location);
    (*out)->rowcmp.ops = ops;
    (*out)->rowcmp.cmp = strategy;
    return NULL;
}

static struct err *analyze_rows_op(struct level *l, const PgQuery__AExpr *x, struct str op,
                                   struct expr **out)
{
    const PgQuery__RowExpr *left = x->lexpr->row_expr;
    const PgQuery__RowExpr *right = x->rexpr->row_expr;
    struct expr **lhs;
    struct expr **rhs;
    if (left->n_args != right->n_args)
        return at(l->a, err_new("42601", "unequal number of entries in row expressions"),
                  x->location);
    if (!left->n_args)
        return at(l->a, err_unsupported("cannot compare rows of zero length"), x->location);
    TRY(analyze_list(l, left->args, left->n_args, &lhs));
    TRY(analyze_list(l, right->args, right->n_args, &rhs));
    return make_row_compare(l, op, lhs, rhs, (int)left->n_args, x->location, out);
}

/* (a, b) op (SELECT ...). */
static struct err *analyze_row_subquery(struct level *l, const PgQuery__AExpr *x, struct str op,
                                        struct expr **out)
{
    const PgQuery__RowExpr *left = as_row(x->lexpr)->row_expr;
    const PgQuery__SubLink *s = x->rexpr->sub_link;
    struct expr **lhs;
    struct expr **rhs;
    int n;
    TRY(analyze_list(l, left->args, left->n_args, &lhs));
    TRY(sublink_columns(l, s->subselect, s->location, &rhs, &n));
    if (n != (int)left->n_args)
        return at(l->a,
                  err_new("42601", n < (int)left->n_args ? "subquery has too few columns"
                                                         : "subquery has too many columns"),
                  x->location);
    return make_row_compare(l, op, lhs, rhs, n, x->location, out);
}

static bool is_null_const(const pg_node *n)
{
    return n && n->node_case == PG_QUERY__NODE__NODE_A_CONST && n->a_const->isnull;
}

static struct err *analyze_op(struct level *l, const PgQuery__AExpr *x, struct expr **out)
{
    struct str op;
    struct expr *left = NULL;
    struct expr *right;
    TRY(op_name(l->a, x->name, x->n_name, x->location, &op));
    if (as_row(x->lexpr) && as_row(x->rexpr))
        return analyze_rows_op(l, x, op, out);
    if (as_row(x->lexpr) && x->rexpr->node_case == PG_QUERY__NODE__NODE_SUB_LINK &&
        x->rexpr->sub_link->sub_link_type == PG_QUERY__SUB_LINK_TYPE__EXPR_SUBLINK)
        return analyze_row_subquery(l, x, op, out);
    if (x->lexpr)
        TRY(analyze_expr(l, x->lexpr, &left));
    TRY(analyze_expr(l, x->rexpr, &right));
    return make_op(l->a, op, left, right, x->location, out);
}

static struct expr *boolean_op(struct analysis *a, enum expr_kind kind, struct expr **args, int n,
                               int location)
{
    return expr_func(a->arena, kind, 0, 0, BOOL_OID, args, n, location);
}

static struct expr *negate(struct analysis *a, struct expr *e, int location)
{
    struct expr **args = arena_new_array(a->arena, struct expr *, 1);
    args[0] = e;
    return boolean_op(a, E_NOT, args, 1, location);
}

/* Two rows are distinct when a pair of their columns is. */
static struct err *distinct_rows(struct analysis *a, struct expr *left, struct expr *right,
                                 int location, struct expr **out)
{
    if (left->nargs != right->nargs)
        return at(a, err_new("42601", "unequal number of entries in row expressions"), location);
    struct expr **tests = arena_new_array(a->arena, struct expr *, left->nargs + 1);
    for (int i = 0; i < left->nargs; i++) {
        TRY(make_op(a, STR("="), left->args[i], right->args[i], location, &tests[i]));
        tests[i]->kind = E_DISTINCT;
    }
    *out = left->nargs == 0   ? expr_const(a->arena, BOOL_OID, -1, datum_bool(false), location)
           : left->nargs == 1 ? tests[0]
                              : boolean_op(a, E_OR, tests, left->nargs, location);
    return NULL;
}

static struct err *analyze_distinct(struct level *l, const PgQuery__AExpr *x, struct expr **out)
{
    bool negated = x->kind == PG_QUERY__A__EXPR__KIND__AEXPR_NOT_DISTINCT;
    if (is_null_const(x->rexpr) || is_null_const(x->lexpr)) {
        struct expr *arg;
        TRY(analyze_expr(l, is_null_const(x->rexpr) ? x->lexpr : x->rexpr, &arg));
        TRY(resolve_unknown(l->a, &arg));
        *out = expr_new(l->a, E_NULLTEST, BOOL_OID, x->location);
        (*out)->args = arena_memdup(l->a->arena, &arg, sizeof(arg));
        (*out)->nargs = 1;
        (*out)->flag = !negated;
        return NULL;
    }
    struct expr *left;
    struct expr *right;
    TRY(analyze_expr(l, x->lexpr, &left));
    TRY(analyze_expr(l, x->rexpr, &right));
    if (as_row(x->lexpr) && as_row(x->rexpr)) {
        TRY(distinct_rows(l->a, left, right, x->location, out));
    } else {
        TRY(make_op(l->a, STR("="), left, right, x->location, out));
        (*out)->kind = E_DISTINCT;
    }
    if (negated)
        *out = negate(l->a, *out, x->location);
    return NULL;
}

static struct err *analyze_nullif(struct level *l, const PgQuery__AExpr *x, struct expr **out)
{
    struct expr *left;
    struct expr *right;
    TRY(analyze_expr(l, x->lexpr, &left));
    TRY(analyze_expr(l, x->rexpr, &right));
    TRY(make_op(l->a, STR("="), left, right, x->location, out));
    if ((*out)->type != BOOL_OID)
        return at(l->a, err_new("42804", "NULLIF requires = operator to yield boolean"),
                  x->location);
    (*out)->kind = E_NULLIF;
    (*out)->type = (*out)->args[0]->type;
    (*out)->typmod = (*out)->args[0]->typmod;
    (*out)->collation = (*out)->args[0]->collation;
    return NULL;
}

/* x IN (a, b, c): an array test where the values share a type, else a chain of comparisons. */
static struct err *in_as_array(struct level *l, struct str op, bool any, struct expr *left,
                               struct expr **values, int n, int location, struct expr **out)
{
    struct analysis *a = l->a;
    struct expr **all = arena_new_array(a->arena, struct expr *, n + 1);
    uint32_t type;
    *out = NULL;
    all[0] = left;
    for (int i = 0; i < n; i++) {
        all[i + 1] = values[i];
        if (values[i]->kind != E_CONST && values[i]->kind != E_PARAM)
            return NULL;
    }
    if (n < 2)
        return NULL;
    struct err *e = common_type(a, all, n + 1, "IN", &type);
    if (e) {
        err_free(e); /* the chain of comparisons says what is wrong */
        return NULL;
    }
    uint32_t array_type = array_type_of(type);
    if (!array_type || type == RECORD_OID)
        return NULL;
    struct expr *array = expr_new(a, E_ARRAY, array_type, location);
    array->args = arena_new_array(a->arena, struct expr *, n);
    array->nargs = n;
    for (int i = 0; i < n; i++) {
        array->args[i] = values[i];
        TRY(coerce_to_common(a, &array->args[i], type, "IN"));
    }
    return make_scalar_array_op(a, op, any, left, array, location, out);
}

static struct err *analyze_in(struct level *l, const PgQuery__AExpr *x, struct expr **out)
{
    struct analysis *a = l->a;
    struct str op = str_from(node_str(x->name[0]));
    bool any = str_eq_c(op, "=");
    const PgQuery__List *list = x->rexpr->list;
    int n = (int)list->n_items;
    const pg_node *row = as_row(x->lexpr);
    struct expr **tests = arena_new_array(a->arena, struct expr *, n);
    if (!row) {
        struct expr *left;
        struct expr **values;
        TRY(analyze_expr(l, x->lexpr, &left));
        TRY(analyze_list(l, list->items, list->n_items, &values));
        TRY(in_as_array(l, op, any, left, values, n, x->location, out));
        if (*out)
            return NULL;
        for (int i = 0; i < n; i++) {
            struct expr *again = left;
            if (i && left->kind != E_VAR)
                TRY(analyze_expr(l, x->lexpr, &again));
            TRY(make_op(a, op, again, values[i], x->location, &tests[i]));
        }
    } else {
        for (int i = 0; i < n; i++) {
            struct expr **lhs;
            struct expr **rhs;
            const pg_node *item = as_row(list->items[i]);
            if (!item || item->row_expr->n_args != row->row_expr->n_args)
                return at(a, err_new("42601", "unequal number of entries in row expressions"),
                          x->location);
            TRY(analyze_list(l, row->row_expr->args, row->row_expr->n_args, &lhs));
            TRY(analyze_list(l, item->row_expr->args, item->row_expr->n_args, &rhs));
            TRY(make_row_compare(l, op, lhs, rhs, (int)row->row_expr->n_args, x->location,
                                 &tests[i]));
        }
    }
    *out = n == 1 ? tests[0] : boolean_op(a, any ? E_OR : E_AND, tests, n, x->location);
    return NULL;
}

static struct err *analyze_between(struct level *l, const PgQuery__AExpr *x, struct expr **out)
{
    struct analysis *a = l->a;
    bool negated = x->kind == PG_QUERY__A__EXPR__KIND__AEXPR_NOT_BETWEEN ||
                   x->kind == PG_QUERY__A__EXPR__KIND__AEXPR_NOT_BETWEEN_SYM;
    bool symmetric = x->kind == PG_QUERY__A__EXPR__KIND__AEXPR_BETWEEN_SYM ||
                     x->kind == PG_QUERY__A__EXPR__KIND__AEXPR_NOT_BETWEEN_SYM;
    pg_node **bounds = x->rexpr->list->items;
    struct expr *pairs[2];
    int loc = x->location;
    for (int turn = 0; turn < (symmetric ? 2 : 1); turn++) {
        struct expr **args = arena_new_array(a->arena, struct expr *, 2);
        struct expr *value;
        struct expr *bound;
        TRY(analyze_expr(l, x->lexpr, &value));
        TRY(analyze_expr(l, bounds[turn], &bound));
        TRY(make_op(a, negated ? STR("<") : STR(">="), value, bound, loc, &args[0]));
        TRY(analyze_expr(l, x->lexpr, &value));
        TRY(analyze_expr(l, bounds[1 - turn], &bound));
        TRY(make_op(a, negated ? STR(">") : STR("<="), value, bound, loc, &args[1]));
        pairs[turn] = boolean_op(a, negated ? E_OR : E_AND, args, 2, loc);
    }
    *out = pairs[0];
    if (symmetric) {
        struct expr **args = arena_memdup(a->arena, pairs, sizeof(pairs));
        *out = boolean_op(a, negated ? E_AND : E_OR, args, 2, loc);
    }
    return NULL;
}

static struct err *analyze_a_expr(struct level *l, const PgQuery__AExpr *x, struct expr **out)
{
    struct expr *left;
    struct expr *right;
    struct str op;
    switch (x->kind) {
    case PG_QUERY__A__EXPR__KIND__AEXPR_OP:
    case PG_QUERY__A__EXPR__KIND__AEXPR_LIKE:
    case PG_QUERY__A__EXPR__KIND__AEXPR_ILIKE:
    case PG_QUERY__A__EXPR__KIND__AEXPR_SIMILAR:
        return analyze_op(l, x, out);
    case PG_QUERY__A__EXPR__KIND__AEXPR_OP_ANY:
    case PG_QUERY__A__EXPR__KIND__AEXPR_OP_ALL:
        TRY(op_name(l->a, x->name, x->n_name, x->location, &op));
        TRY(analyze_expr(l, x->lexpr, &left));
        TRY(analyze_expr(l, x->rexpr, &right));
        return make_scalar_array_op(l->a, op, x->kind == PG_QUERY__A__EXPR__KIND__AEXPR_OP_ANY,
                                    left, right, x->location, out);
    case PG_QUERY__A__EXPR__KIND__AEXPR_DISTINCT:
    case PG_QUERY__A__EXPR__KIND__AEXPR_NOT_DISTINCT:
        return analyze_distinct(l, x, out);
    case PG_QUERY__A__EXPR__KIND__AEXPR_NULLIF:
        return analyze_nullif(l, x, out);
    case PG_QUERY__A__EXPR__KIND__AEXPR_IN:
        return analyze_in(l, x, out);
    case PG_QUERY__A__EXPR__KIND__AEXPR_BETWEEN:
    case PG_QUERY__A__EXPR__KIND__AEXPR_NOT_BETWEEN:
    case PG_QUERY__A__EXPR__KIND__AEXPR_BETWEEN_SYM:
    case PG_QUERY__A__EXPR__KIND__AEXPR_NOT_BETWEEN_SYM:
        return analyze_between(l, x, out);
    default:
        return at(l->a, err_unsupported("this kind of operator is not supported"), x->location);
    }
}

/* AND, OR: chains parse left-deep through nested nodes of two; they are flattened by the parser. */
static struct err *analyze_bool_expr(struct level *l, const PgQuery__BoolExpr *b, struct expr **out)
{
    struct analysis *a = l->a;
    const char *what = b->boolop == PG_QUERY__BOOL_EXPR_TYPE__AND_EXPR  ? "AND"
                       : b->boolop == PG_QUERY__BOOL_EXPR_TYPE__OR_EXPR ? "OR"
                                                                        : "NOT";
    struct expr **args = arena_new_array(a->arena, struct expr *, b->n_args);
    for (size_t i = 0; i < b->n_args; i++) {
        TRY(analyze_expr(l, b->args[i], &args[i]));
        TRY(coerce_to_bool(a, args[i], what, &args[i]));
    }
    enum expr_kind kind = *what == 'A' ? E_AND : *what == 'O' ? E_OR : E_NOT;
    *out = boolean_op(a, kind, args, (int)b->n_args, b->location);
    return NULL;
}

/* ---- other forms ---- */

static struct err *refuse_srf(struct analysis *a, const struct expr *e, const char *what)
{
    const struct expr *srf = expr_find_srf(e);
    if (!srf)
        return NULL;
    return at(a,
              err_hint(err_unsupported("set-returning functions are not allowed in %s", what),
                       "You might be able to move the set-returning function into a LATERAL FROM "
                       "item."),
              srf->location);
}

static struct err *analyze_case(struct level *l, const PgQuery__CaseExpr *c, struct expr **out)
{
    struct analysis *a = l->a;
    struct expr *e = expr_new(a, E_CASE, 0, c->location);
    int n = (int)c->n_args;
    e->args = arena_new_array(a->arena, struct expr *, 2 * n + 2);
    struct expr *placeholder = NULL;
    if (c->arg) {
        TRY(analyze_expr(l, c->arg, &e->args[0]));
        TRY(resolve_unknown(a, &e->args[0]));
        e->kase.has_test = true;
        e->nargs = 1;
        placeholder = expr_new(a, E_CASETEST, e->args[0]->type, -1);
        placeholder->typmod = e->args[0]->typmod;
        TRY(collate_expr(a, e->args[0]));
        placeholder->collation = e->args[0]->collation;
    }
    struct expr **results = arena_new_array(a->arena, struct expr *, n + 1);
    for (int i = 0; i < n; i++) {
        const PgQuery__CaseWhen *w = c->args[i]->case_when;
        struct expr *when;
        TRY(analyze_expr(l, w->expr, &when));
        if (placeholder)
            TRY(make_op(a, STR("="), placeholder, when, w->location, &when));
        TRY(coerce_to_bool(a, when, "CASE/WHEN", &when));
        e->args[e->nargs++] = when;
        TRY(analyze_expr(l, w->result, &results[i + 1]));
        e->nargs++;
    }
    if (c->defresult)
        TRY(analyze_expr(l, c->defresult, &results[0]));
    else
        results[0] = expr_const(a->arena, UNKNOWN_OID, -1, datum_null(), -1);
    TRY(common_type(a, results, n + 1, "CASE", &e->type));
    for (int i = 0; i <= n; i++)
        TRY(coerce_to_common(a, &results[i], e->type, i ? "CASE/WHEN" : "CASE/ELSE"));
    int first = e->kase.has_test;
    for (int i = 0; i < n; i++)
        e->args[first + 2 * i + 1] = results[i + 1];
    e->args[e->nargs++] = results[0];
    e->typmod = common_typmod(results, n + 1, e->type);
    e->collation = type_default_collation(e->type);
    *out = e;
    return refuse_srf(a, e, "CASE");
}

static struct err *analyze_common(struct level *l, enum expr_kind kind, pg_node **items, size_t n,
                                  const char *what, int location, struct expr **out)
{
    struct analysis *a = l->a;
    struct expr *e = expr_new(a, kind, 0, location);
    TRY(analyze_list(l, items, n, &e->args));
    e->nargs = (int)n;
    TRY(common_type(a, e->args, e->nargs, what, &e->type));
    for (size_t i = 0; i < n; i++)
        TRY(coerce_to_common(a, &e->args[i], e->type, what));
    e->typmod = common_typmod(e->args, e->nargs, e->type);
    e->collation = type_default_collation(e->type);
    *out = e;
    return kind == E_COALESCE ? refuse_srf(a, e, what) : NULL;
}

static struct err *analyze_null_test(struct level *l, const PgQuery__NullTest *t, struct expr **out)
{
    struct expr *arg;
    TRY(analyze_expr(l, t->arg, &arg));
    TRY(resolve_unknown(l->a, &arg));
    *out = expr_new(l->a, E_NULLTEST, BOOL_OID, t->location);
    (*out)->args = arena_memdup(l->a->arena, &arg, sizeof(arg));
    (*out)->nargs = 1;
    (*out)->flag = t->nulltesttype == PG_QUERY__NULL_TEST_TYPE__IS_NOT_NULL;
    return NULL;
}

static struct err *analyze_bool_test(struct level *l, const PgQuery__BooleanTest *t,
                                     struct expr **out)
{
    static const char *const what[] = {"IS TRUE",      "IS NOT TRUE", "IS FALSE",
                                       "IS NOT FALSE", "IS UNKNOWN",  "IS NOT UNKNOWN"};
    struct expr *arg;
    int kind = (int)t->booltesttype - PG_QUERY__BOOL_TEST_TYPE__IS_TRUE;
    TRY(analyze_expr(l, t->arg, &arg));
    TRY(coerce_to_bool(l->a, arg, what[kind], &arg));
    *out = expr_new(l->a, E_BOOLTEST, BOOL_OID, t->location);
    (*out)->args = arena_memdup(l->a->arena, &arg, sizeof(arg));
    (*out)->nargs = 1;
    (*out)->booltest = (enum booltest)kind;
    return NULL;
}

/* ARRAY[...]: elements of one type; nested ARRAY[]s add dimensions. */
static struct err *analyze_array(struct level *l, const PgQuery__AArrayExpr *x, uint32_t cast_type,
                                 int32_t typmod, struct expr **out)
{
    struct analysis *a = l->a;
    struct expr *e = expr_new(a, E_ARRAY, 0, x->location);
    uint32_t elem = cast_type ? element_type_of(cast_type) : 0;
    bool nested = false;
    e->nargs = (int)x->n_elements;
    e->args = arena_new_array(a->arena, struct expr *, e->nargs + 1);
    for (int i = 0; i < e->nargs; i++) {
        const pg_node *n = x->elements[i];
        if (n->node_case == PG_QUERY__NODE__NODE_A_ARRAY_EXPR) {
            nested = true;
            TRY(analyze_array(l, n->a_array_expr, cast_type, typmod, &e->args[i]));
        } else {
            TRY(analyze_expr(l, n, &e->args[i]));
            nested |= element_type_of(e->args[i]->type) != 0;
        }
    }
    if (!e->nargs && !cast_type)
        return at(a,
                  err_hint(err_new("42P18", "cannot determine type of empty array"),
                           "Explicitly cast to the desired type, for example ARRAY[]::integer[]."),
                  x->location);
    uint32_t common = nested && cast_type ? cast_type : elem;
    if (!cast_type)
        TRY(common_type(a, e->args, e->nargs, "ARRAY", &common));
    for (int i = 0; i < e->nargs; i++) {
        if (cast_type)
            TRY(coerce_explicit(a, e->args[i], common, typmod, e->args[i]->location, &e->args[i]));
        else
            TRY(coerce_to_common(a, &e->args[i], common, "ARRAY"));
    }
    e->type = cast_type                           ? cast_type
              : nested && element_type_of(common) ? common
                                                  : array_type_of(common);
    if (!e->type)
        return at(a,
                  err_new("42704", "could not find array type for data type %s",
                          type_display(a->arena, common, -1)),
                  x->location);
    *out = e;
    return NULL;
}

static struct err *analyze_cast(struct level *l, const PgQuery__TypeCast *c, struct expr **out)
{
    uint32_t type;
    int32_t typmod;
    TRY(analyze_type_name(l->a, c->type_name, &type, &typmod));
    /* The type is that of the elements too, but not where canonical text casts a finished array. */
    if (c->arg->node_case == PG_QUERY__NODE__NODE_A_ARRAY_EXPR && element_type_of(type) &&
        !(l->a->canonical && c->arg->a_array_expr->n_elements))
        return analyze_array(l, c->arg->a_array_expr, type, typmod, out);
    struct expr *arg;
    TRY(analyze_expr(l, c->arg, &arg));
    int location = c->location >= 0 ? c->location : c->type_name->location;
    return coerce_explicit(l->a, arg, type, typmod, location, out);
}

static struct err *analyze_sqlvalue(struct level *l, const PgQuery__SQLValueFunction *f,
                                    struct expr **out)
{
    static const struct {
        enum sqlvalue what;
        uint32_t type;
    } kinds[] = {
        [PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_DATE] = {SV_CURRENT_DATE, DATE_OID},
        [PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_TIME] = {SV_CURRENT_TIME, TIMETZ_OID},
        [PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_TIME_N] = {SV_CURRENT_TIME, TIMETZ_OID},
        [PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_TIMESTAMP] = {SV_CURRENT_TIMESTAMP,
                                                                     TIMESTAMPTZ_OID},
        [PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_TIMESTAMP_N] = {SV_CURRENT_TIMESTAMP,
                                                                       TIMESTAMPTZ_OID},
        [PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_LOCALTIME] = {SV_LOCALTIME, TIME_OID},
        [PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_LOCALTIME_N] = {SV_LOCALTIME, TIME_OID},
        [PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_LOCALTIMESTAMP] = {SV_LOCALTIMESTAMP, TIMESTAMP_OID},
        [PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_LOCALTIMESTAMP_N] = {SV_LOCALTIMESTAMP,
                                                                    TIMESTAMP_OID},
        [PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_ROLE] = {SV_CURRENT_ROLE, NAME_OID},
        [PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_USER] = {SV_CURRENT_USER, NAME_OID},
        [PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_USER] = {SV_USER, NAME_OID},
        [PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_SESSION_USER] = {SV_SESSION_USER, NAME_OID},
        [PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_CATALOG] = {SV_CURRENT_CATALOG, NAME_OID},
        [PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_SCHEMA] = {SV_CURRENT_SCHEMA, NAME_OID},
    };
    *out = expr_new(l->a, E_SQLVALUE, kinds[f->op].type, f->location);
    (*out)->sqlvalue.what = kinds[f->op].what;
    bool has_precision = f->op == PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_TIME_N ||
                         f->op == PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_TIMESTAMP_N ||
                         f->op == PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_LOCALTIME_N ||
                         f->op == PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_LOCALTIMESTAMP_N;
    (*out)->sqlvalue.precision = has_precision ? (f->typmod > 6 ? 6 : f->typmod) : -1;
    (*out)->typmod = (*out)->sqlvalue.precision;
    return NULL;
}

/* t.* and (x).* in ROW(...) are all of the fields. */
static struct err *row_fields(struct level *l, const pg_node *n, struct target **fields, int *count,
                              int *cap)
{
    const PgQuery__ColumnRef *ref =
        n->node_case == PG_QUERY__NODE__NODE_COLUMN_REF ? n->column_ref : NULL;
    struct target t = {0};
    if (ref && ref->n_fields > 1 &&
        ref->fields[ref->n_fields - 1]->node_case == PG_QUERY__NODE__NODE_A_STAR)
        return expand_star(l, ref, fields, count, cap);
    if (is_field_star(n))
        return expand_fields(l, n->a_indirection, fields, count, cap);
    TRY(analyze_expr(l, n, &t.expr));
    ARENA_PUSH(l->a->arena, *fields, *count, *cap, t);
    return NULL;
}

static struct err *analyze_row(struct level *l, const PgQuery__RowExpr *r, struct expr **out)
{
    struct target *fields = NULL;
    int n = 0;
    int cap = 0;
    *out = expr_new(l->a, E_ROW, RECORD_OID, r->location);
    for (size_t i = 0; i < r->n_args; i++)
        TRY(row_fields(l, r->args[i], &fields, &n, &cap));
    (*out)->args = arena_new_array(l->a->arena, struct expr *, n + 1);
    (*out)->nargs = n;
    for (int i = 0; i < n; i++) {
        (*out)->args[i] = fields[i].expr;
        if (fields[i].expr->kind == E_PARAM)
            TRY(resolve_unknown(l->a, &(*out)->args[i]));
    }
    return NULL;
}

static struct err *analyze_collate(struct level *l, const PgQuery__CollateClause *c,
                                   struct expr **out)
{
    struct expr *arg;
    uint32_t collation;
    TRY(analyze_expr(l, c->arg, &arg));
    TRY(resolve_unknown(l->a, &arg));
    if (!type_is_collatable(arg->type))
        return at(l->a,
                  err_new("42804", "collations are not supported by type %s",
                          type_display(l->a->arena, arg->type, -1)),
                  c->location);
    struct err *e = collation_by_name(l->a->cat, c->collname, c->n_collname, &collation);
    if (e)
        return at(l->a, e, c->location);
    *out = expr_new(l->a, E_RELABEL, arg->type, c->location);
    (*out)->args = arena_memdup(l->a->arena, &arg, sizeof(arg));
    (*out)->nargs = 1;
    (*out)->typmod = arg->typmod;
    (*out)->form = FORM_SQL;
    (*out)->collation = collation;
    return NULL;
}

/* ---- subscripts and fields ---- */

static struct err *subscript_value(struct level *l, const pg_node *n, uint32_t container,
                                   struct expr **out)
{
    struct expr *e;
    TRY(analyze_expr(l, n, &e));
    uint32_t to = INT4_OID;
    if (container == JSONB_OID && (e->type == UNKNOWN_OID || !can_coerce(e->type, INT4_OID, 'i')))
        to = TEXT_OID;
    if (to == TEXT_OID && !can_coerce(e->type, TEXT_OID, 'i'))
        return at(l->a,
                  err_hint(err_new("42804", "subscript type %s is not supported",
                                   type_display(l->a->arena, e->type, -1)),
                           "jsonb subscript must be coercible to either integer or text."),
                  e->location);
    TRY(coerce_try(l->a, e, to, -1, 'a', FORM_IMPLICIT, -1, out));
    if (*out)
        return NULL;
    return at(l->a, err_new("42804", "array subscript must have type integer"), e->location);
}

static struct err *no_jsonb_slice(struct level *l, pg_node **list, size_t n)
{
    int location = -1;
    for (size_t i = n; i-- > 0;) {
        const PgQuery__AIndices *ix = list[i]->a_indices;
        struct expr *e = NULL;
        if (!ix->is_slice)
            continue;
        if (ix->uidx || ix->lidx)
            TRY(analyze_expr(l, ix->uidx ? ix->uidx : ix->lidx, &e));
        location = e ? e->location : -1;
    }
    return at(l->a, err_new("0A000", "jsonb subscript does not support slices"), location);
}

struct err *analyze_subscripts(struct level *l, struct expr *container, pg_node **list, size_t n,
                               struct expr **out)
{
    struct analysis *a = l->a;
    uint32_t elem = subscript_type_of(container->type);
    if (!elem && container->type != JSONB_OID)
        return at(a,
                  err_new("42804",
                          "cannot subscript type %s because it does not support "
                          "subscripting",
                          type_display(a->arena, container->type, -1)),
                  container->location);
    struct expr *e = expr_new(a, E_SUBSCRIPT, 0, container->location);
    e->args = arena_new_array(a->arena, struct expr *, 2 * n + 1);
    e->subscript.kinds = arena_alloc(a->arena, 2 * n);
    e->args[e->nargs++] = container;
    for (size_t i = 0; i < n; i++)
        e->subscript.slice |= list[i]->a_indices->is_slice;
    if (e->subscript.slice && container->type == JSONB_OID)
        return no_jsonb_slice(l, list, n);
    for (size_t i = 0; i < n; i++) {
        const PgQuery__AIndices *ix = list[i]->a_indices;
        const pg_node *bounds[2] = {ix->lidx, ix->uidx};
        for (int b = e->subscript.slice ? 0 : 1; b < 2; b++) {
            char kind = e->subscript.slice ? (b ? 'u' : 'l') : 'i';
            struct expr *value = NULL;
            if (bounds[b])
                TRY(subscript_value(l, bounds[b], container->type, &value));
            else if (e->subscript.slice && !ix->is_slice)
                value = expr_const(a->arena, INT4_OID, -1, datum_int(1), -1);
            e->subscript.kinds[e->nargs - 1] = (uint8_t)(value ? kind : '-');
            e->args[e->nargs++] =
                value ? value : expr_const(a->arena, INT4_OID, -1, datum_null(), -1);
        }
    }
    e->type = container->type == JSONB_OID ? JSONB_OID
              : e->subscript.slice         ? container->type
                                           : elem;
    e->collation = type_default_collation(e->type);
    *out = e;
    return NULL;
}

struct err *analyze_indirection(struct level *l, const PgQuery__AIndirection *x, struct expr **out)
{
    struct expr *e;
    TRY(analyze_expr(l, x->arg, &e));
    for (size_t i = 0; i < x->n_indirection;) {
        size_t n = 0;
        while (i + n < x->n_indirection &&
               x->indirection[i + n]->node_case == PG_QUERY__NODE__NODE_A_INDICES)
            n++;
        if (n) {
            TRY(analyze_subscripts(l, e, x->indirection + i, n, &e));
        } else if (x->indirection[i]->node_case == PG_QUERY__NODE__NODE_STRING) {
            TRY(analyze_field(l->a, e, node_str(x->indirection[i]), e->location, &e));
            n = 1;
        } else {
            return at(l->a, err_new("42601", "row expansion via \"*\" is not supported here"),
                      e->location);
        }
        i += n;
    }
    *out = e;
    return NULL;
}

static struct err *analyze_by_kind(struct level *l, const pg_node *n, struct expr **out)
{
    switch (n->node_case) {
    case PG_QUERY__NODE__NODE_A_CONST:
        return analyze_const(l->a, n->a_const, out);
    case PG_QUERY__NODE__NODE_COLUMN_REF:
        return analyze_column_ref(l, n->column_ref, out);
    case PG_QUERY__NODE__NODE_PARAM_REF:
        return analyze_param(l->a, n->param_ref, out);
    case PG_QUERY__NODE__NODE_A_EXPR:
        return analyze_a_expr(l, n->a_expr, out);
    case PG_QUERY__NODE__NODE_BOOL_EXPR:
        return analyze_bool_expr(l, n->bool_expr, out);
    case PG_QUERY__NODE__NODE_FUNC_CALL:
        return analyze_func_call(l, n->func_call, out);
    case PG_QUERY__NODE__NODE_TYPE_CAST:
        return analyze_cast(l, n->type_cast, out);
    case PG_QUERY__NODE__NODE_SUB_LINK:
        return analyze_sublink(l, n->sub_link, out);
    case PG_QUERY__NODE__NODE_CASE_EXPR:
        return analyze_case(l, n->case_expr, out);
    case PG_QUERY__NODE__NODE_GROUPING_FUNC:
        return analyze_grouping_func(l, n->grouping_func, out);
    case PG_QUERY__NODE__NODE_COALESCE_EXPR:
        return analyze_common(l, E_COALESCE, n->coalesce_expr->args, n->coalesce_expr->n_args,
                              "COALESCE", n->coalesce_expr->location, out);
    case PG_QUERY__NODE__NODE_MIN_MAX_EXPR: {
        bool greatest = n->min_max_expr->op == PG_QUERY__MIN_MAX_OP__IS_GREATEST;
        TRY(analyze_common(l, E_MINMAX, n->min_max_expr->args, n->min_max_expr->n_args,
                           greatest ? "GREATEST" : "LEAST", n->min_max_expr->location, out));
        (*out)->flag = greatest;
        uint32_t lt;
        return ordering_op(l->a, (*out)->type, (*out)->location, &lt);
    }
    case PG_QUERY__NODE__NODE_NULL_TEST:
        return analyze_null_test(l, n->null_test, out);
    case PG_QUERY__NODE__NODE_BOOLEAN_TEST:
        return analyze_bool_test(l, n->boolean_test, out);
    case PG_QUERY__NODE__NODE_A_ARRAY_EXPR:
        return analyze_array(l, n->a_array_expr, 0, -1, out);
    case PG_QUERY__NODE__NODE_SQLVALUE_FUNCTION:
        return analyze_sqlvalue(l, n->sqlvalue_function, out);
    case PG_QUERY__NODE__NODE_ROW_EXPR:
        return analyze_row(l, n->row_expr, out);
    case PG_QUERY__NODE__NODE_COLLATE_CLAUSE:
        return analyze_collate(l, n->collate_clause, out);
    case PG_QUERY__NODE__NODE_A_INDIRECTION:
        return analyze_indirection(l, n->a_indirection, out);
    case PG_QUERY__NODE__NODE_SET_TO_DEFAULT:
        *out = expr_new(l->a, E_DEFAULT, UNKNOWN_OID, n->set_to_default->location);
        if (l->clause != CL_VALUES && l->clause != CL_UPDATE)
            return at(l->a, err_new("42601", "DEFAULT is not allowed in this context"),
                      n->set_to_default->location);
        return NULL;
    case PG_QUERY__NODE__NODE_XML_EXPR:
        return at(l->a, err_unsupported("XML expressions are not supported"),
                  n->xml_expr->location);
    case PG_QUERY__NODE__NODE_CURRENT_OF_EXPR:
        return err_unsupported("WHERE CURRENT OF is not supported");
    default:
        return err_unsupported("this kind of expression is not supported");
    }
}

struct err *analyze_expr(struct level *l, const pg_node *n, struct expr **out)
{
    if (l->a->depth > MAX_DEPTH || fiber_stack_left() < ANALYSIS_STACK_BYTES)
        return err_hint(err_new("54001", "stack depth limit exceeded"),
                        "The expression is nested too deeply.");
    l->a->depth++;
    struct err *e = analyze_by_kind(l, n, out);
    l->a->depth--;
    return e;
}
