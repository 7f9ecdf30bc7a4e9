/* Where expressions of the parse tree begin. */
#include "sql/analyze_internal.h"

static int leftmost(int a, int b)
{
    return a < 0 ? b : b < 0 || a < b ? a : b;
}

static int first_of(const pg_node *n, int own)
{
    return n ? leftmost(node_location(n), own) : own;
}

static int cast_location(const PgQuery__TypeCast *c)
{
    int own = c->type_name ? leftmost(c->type_name->location, c->location) : c->location;
    return first_of(c->arg, own);
}

int node_location(const pg_node *n)
{
    switch (n->node_case) {
    case PG_QUERY__NODE__NODE_A_CONST:
        return n->a_const->location;
    case PG_QUERY__NODE__NODE_COLUMN_REF:
        return n->column_ref->location;
    case PG_QUERY__NODE__NODE_PARAM_REF:
        return n->param_ref->location;
    case PG_QUERY__NODE__NODE_FUNC_CALL:
        return n->func_call->location;
    case PG_QUERY__NODE__NODE_TYPE_CAST:
        return cast_location(n->type_cast);
    case PG_QUERY__NODE__NODE_A_EXPR:
        return first_of(n->a_expr->lexpr, n->a_expr->location);
    case PG_QUERY__NODE__NODE_BOOL_EXPR:
        return first_of(n->bool_expr->args[0], n->bool_expr->location);
    case PG_QUERY__NODE__NODE_NULL_TEST:
        return first_of(n->null_test->arg, n->null_test->location);
    case PG_QUERY__NODE__NODE_BOOLEAN_TEST:
        return first_of(n->boolean_test->arg, n->boolean_test->location);
    case PG_QUERY__NODE__NODE_SUB_LINK:
        return first_of(n->sub_link->testexpr, n->sub_link->location);
    case PG_QUERY__NODE__NODE_COLLATE_CLAUSE:
        return first_of(n->collate_clause->arg, n->collate_clause->location);
    case PG_QUERY__NODE__NODE_A_INDIRECTION:
        return node_location(n->a_indirection->arg);
    case PG_QUERY__NODE__NODE_A_ARRAY_EXPR:
        return n->a_array_expr->location;
    case PG_QUERY__NODE__NODE_ROW_EXPR:
        return n->row_expr->location;
    case PG_QUERY__NODE__NODE_CASE_EXPR:
        return n->case_expr->location;
    case PG_QUERY__NODE__NODE_COALESCE_EXPR:
        return n->coalesce_expr->location;
    case PG_QUERY__NODE__NODE_MIN_MAX_EXPR:
        return n->min_max_expr->location;
    case PG_QUERY__NODE__NODE_SQLVALUE_FUNCTION:
        return n->sqlvalue_function->location;
    case PG_QUERY__NODE__NODE_SET_TO_DEFAULT:
        return n->set_to_default->location;
    case PG_QUERY__NODE__NODE_GROUPING_FUNC:
        return n->grouping_func->location;
    default:
        return -1;
    }
}
