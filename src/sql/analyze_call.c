/* CALL: the SELECT of a procedure. */
#include "sql/analyze_internal.h"

/* CALL as the SELECT of the procedure: of its result's columns when it has output arguments. */
static PgQuery__Node *call_as_select(struct arena *a, const PgQuery__CallStmt *call, bool columns)
{
    PgQuery__Node *nodes = arena_new_array(a, PgQuery__Node, 8);
    PgQuery__SelectStmt *select = arena_new(a, PgQuery__SelectStmt);
    PgQuery__ResTarget *target = arena_new(a, PgQuery__ResTarget);
    PgQuery__Node **pointers = arena_new_array(a, PgQuery__Node *, 8);
    for (int i = 0; i < 8; i++) {
        pg_query__node__init(&nodes[i]);
        pointers[i] = &nodes[i];
    }
    pg_query__select_stmt__init(select);
    pg_query__res_target__init(target);
    select->op = PG_QUERY__SET_OPERATION__SETOP_NONE;
    select->limit_option = PG_QUERY__LIMIT_OPTION__LIMIT_OPTION_DEFAULT;
    select->target_list = pointers;
    select->n_target_list = 1;
    nodes[0].node_case = PG_QUERY__NODE__NODE_RES_TARGET;
    nodes[0].res_target = target;
    nodes[1].node_case = PG_QUERY__NODE__NODE_FUNC_CALL;
    nodes[1].func_call = call->funccall;
    target->val = &nodes[1];
    nodes[2].node_case = PG_QUERY__NODE__NODE_SELECT_STMT;
    nodes[2].select_stmt = select;
    if (!columns)
        return &nodes[2];
    PgQuery__RangeFunction *from = arena_new(a, PgQuery__RangeFunction);
    PgQuery__List *list = arena_new(a, PgQuery__List);
    PgQuery__ColumnRef *star = arena_new(a, PgQuery__ColumnRef);
    PgQuery__AStar *a_star = arena_new(a, PgQuery__AStar);
    pg_query__range_function__init(from);
    pg_query__list__init(list);
    pg_query__column_ref__init(star);
    pg_query__a__star__init(a_star);
    nodes[3].node_case = PG_QUERY__NODE__NODE_LIST;
    nodes[3].list = list;
    list->items = pointers + 1;
    list->n_items = 1;
    from->functions = pointers + 3;
    from->n_functions = 1;
    nodes[4].node_case = PG_QUERY__NODE__NODE_RANGE_FUNCTION;
    nodes[4].range_function = from;
    select->from_clause = pointers + 4;
    select->n_from_clause = 1;
    nodes[5].node_case = PG_QUERY__NODE__NODE_A_STAR;
    nodes[5].a_star = a_star;
    star->fields = pointers + 5;
    star->n_fields = 1;
    nodes[6].node_case = PG_QUERY__NODE__NODE_COLUMN_REF;
    nodes[6].column_ref = star;
    target->val = &nodes[6];
    return &nodes[2];
}

/* The first analysis finds the procedure, and what is wrong; output parameters ask for another one,
 * which gives them as columns. */
struct err *analyze_call(struct analysis *a, const PgQuery__CallStmt *call, struct query **q)
{
    a->call = true;
    TRY(analyze_select_node(a, NULL, call_as_select(a->arena, call, false), false, q));
    if ((*q)->targets[0].expr->type == RECORD_OID) {
        query_release(a->top);
        a->top = NULL;
        TRY(analyze_select_node(a, NULL, call_as_select(a->arena, call, true), false, q));
    }
    (*q)->call = true;
    return NULL;
}
