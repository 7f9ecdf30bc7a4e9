/* Namespaces: which columns a name means. Manual sections 4.2.1 and 7.2. */
#include "sql/analyze_internal.h"

struct ns_item *ns_add(struct level *l, struct ns_item item)
{
    struct ns_item *copy = arena_memdup(l->a->arena, &item, sizeof(item));
    ARENA_PUSH(l->a->arena, l->items, l->nitems, l->items_cap, copy);
    return copy;
}

/* Two relations without aliases may have one name: their schemas tell them apart. */
static bool same_name(const struct ns_item *item, const struct rte *rte)
{
    if (!item->rel_visible || !item->name || !rte->name || strcmp(item->name, rte->name) != 0)
        return false;
    const struct relation *other = item->rte ? item->rte->unaliased : NULL;
    return !other || !rte->unaliased || other->oid == rte->unaliased->oid;
}

struct err *rte_add_ns(struct level *l, struct rte *rte, bool rel_visible, bool cols_visible)
{
    struct ns_item item = {.name = rte->name,
                           .ncols = rte->ncols,
                           .colnames = rte->colnames,
                           .rte = rte,
                           .rel_visible = rel_visible,
                           .cols_visible = cols_visible};
    item.cols = arena_new_array(l->a->arena, struct expr *, rte->ncols);
    for (int i = 0; i < rte->ncols; i++) {
        bool dropped = rte->kind == RTE_RELATION && rte->rel->atts[i].dropped;
        item.cols[i] = dropped ? NULL : expr_var(l->a->arena, rte, i + 1, -1);
    }
    for (int i = 0; rel_visible && i < l->nitems; i++)
        if (same_name(l->items[i], rte))
            return err_new("42712", "table name \"%s\" specified more than once", rte->name);
    ns_add(l, item);
    return NULL;
}

static bool usable(const struct level *l, const struct ns_item *item)
{
    return !item->lateral_only || l->lateral;
}

/* *out NULL: there is none. *usable_here: it may be referred to from where we are. */
static struct err *find_item(struct level *l, const char *nsp, const char *name, int location,
                             bool *usable_here, struct ns_item **out)
{
    *out = NULL;
    for (struct level *at_level = l; at_level && !*out; at_level = at_level->parent) {
        for (int i = 0; i < at_level->nitems; i++) {
            struct ns_item *item = at_level->items[i];
            if (!item->rel_visible || !item->name || strcmp(item->name, name) != 0)
                continue;
            const struct relation *r = item->rte ? item->rte->unaliased : NULL;
            if (nsp && (!r || strcmp(r->nsp_name, nsp) != 0))
                continue;
            if (*out)
                return at(l->a, err_new("42P09", "table reference \"%s\" is ambiguous", name),
                          location);
            *usable_here = usable(at_level, item);
            *out = item;
        }
    }
    return NULL;
}

static int item_column(const struct ns_item *item, const char *name)
{
    for (int i = 0; i < item->ncols; i++)
        if (item->cols[i] && strcmp(item->colnames[i], name) == 0)
            return i;
    return -1;
}

/* A join's columns may include one name twice. */
static bool item_ambiguous(const struct ns_item *item, const char *name)
{
    int n = 0;
    for (int i = 0; i < item->ncols; i++)
        n += item->cols[i] && strcmp(item->colnames[i], name) == 0;
    return n > 1;
}

static struct err *system_reference(struct level *l, struct rte *rte, const char *name,
                                    int location, struct expr **out)
{
    enum { TABLEOID = -6 };
    int att = system_column(name);
    *out = expr_var(l->a->arena, rte, att, location);
    access_read(rte, att);
    if (att == TABLEOID)
        return NULL;
    rte->system = true;
    if (l->clause == CL_MERGE_WHEN)
        return at(l->a,
                  err_new("42P10", "cannot use system column \"%s\" in MERGE WHEN condition", name),
                  location);
    if (l->clause == CL_CHECK)
        return at(
            l->a,
            err_new("42P10", "system column \"%s\" reference in check constraint is invalid", name),
            location);
    if (l->clause == CL_GENERATED)
        return at(l->a,
                  err_new("42P10",
                          "cannot use system column \"%s\" in column generation expression", name),
                  location);
    if (l->clause == CL_INDEX_EXPR || l->clause == CL_INDEX_PRED)
        return err_new("0A000", "index creation on system columns is not supported");
    if (l->clause == CL_COPY_WHERE || l->clause == CL_ALTER_USING || l->clause == CL_DEFAULT)
        return at(l->a, err_unsupported("system columns are not supported here"), location);
    return NULL;
}

static struct expr *reference(struct level *l, struct expr *col, int location)
{
    if (col->kind != E_VAR) {
        access_read_expr(col);
        return col;
    }
    access_read(col->var.rte, col->var.att);
    struct expr *copy = arena_memdup(l->a->arena, col, sizeof(*col));
    copy->location = location;
    return copy;
}

static struct err *not_here(struct level *l, const struct ns_item *item, int location)
{
    return at(l->a,
              err_hint(err_new("42P01", "invalid reference to FROM-clause entry for table \"%s\"",
                               item->name),
                       "There is an entry for table \"%s\", but it cannot be referenced from "
                       "this part of the query.",
                       item->name),
              location);
}

/* A generated column may not be computed from another. */
static struct err *check_generated(struct level *l, const struct expr *e, int location)
{
    const struct relation *r =
        e->kind == E_VAR && e->var.rte->kind == RTE_RELATION ? e->var.rte->rel : NULL;
    if (l->clause != CL_GENERATED || !r || e->var.att < 1 || !r->atts[e->var.att - 1].generated)
        return NULL;
    struct err *err = err_new("42P17",
                              "cannot use generated column \"%s\" in column generation "
                              "expression",
                              r->atts[e->var.att - 1].name);
    return at(l->a,
              err_detail(err, "A generated column cannot reference another generated column."),
              location);
}

static struct err *check_lateral(struct level *l, const struct ns_item *item, int location)
{
    if (!item->lateral_refused)
        return NULL;
    struct err *e =
        err_new("42P10", "invalid reference to FROM-clause entry for table \"%s\"", item->name);
    return at(
        l->a,
        err_detail(e, "The combining JOIN type must be INNER or LEFT for a LATERAL reference."),
        location);
}

static struct err *unqualified(struct level *l, const char *name, int location, struct expr **out)
{
    *out = NULL;
    for (struct level *up = l; up; up = up->parent) {
        for (int i = 0; i < up->nitems; i++) {
            struct ns_item *item = up->items[i];
            int col = item->cols_visible && usable(up, item) ? item_column(item, name) : -1;
            if (col < 0)
                continue;
            TRY(check_lateral(l, item, location));
            if (*out || item_ambiguous(item, name))
                return at(l->a, err_new("42702", "column reference \"%s\" is ambiguous", name),
                          location);
            *out = reference(l, item->cols[col], location);
        }
        if (*out)
            return check_generated(l, *out, location);
        int sys = system_column(name);
        for (int i = 0; sys && i < up->nitems; i++) {
            struct ns_item *item = up->items[i];
            if (item->cols_visible && item->rte && item->rte->kind == RTE_RELATION)
                return system_reference(l, item->rte, name, location, out);
        }
    }
    return NULL;
}

/* An argument of the function whose body this is. */
static struct expr *argument(struct level *l, const char *function, const char *name, int location)
{
    const struct param_types *p = l->a->params;
    if (!p || !p->names || (function && strcmp(p->function, function) != 0))
        return NULL;
    for (int i = 0; i < p->count; i++) {
        if (!p->names[i] || strcmp(p->names[i], name) != 0)
            continue;
        if (i < l->a->ninline_args)
            return l->a->inline_args[i];
        struct expr *e = expr_new(l->a, E_PARAM, p->types[i], location);
        e->param = i + 1;
        e->collation = type_default_collation(e->type);
        return e;
    }
    return NULL;
}

/* The type of a FROM item's rows; RECORD_OID: none of its own. */
static uint32_t row_type(struct level *l, const struct rte *rte)
{
    const struct relation *r = rte ? rte->view ? rte->view : rte->rel : NULL;
    if (r && r->row_type) { /* types of rows are described when somebody asks for them */
        err_free(cat_load_type(l->a->cat, r->row_type, NULL));
        return builtin_type(r->row_type) ? r->row_type : RECORD_OID;
    }
    if (rte && rte->kind == RTE_FUNCTION && rte->nfuncs == 1 && !rte->ordinality &&
        type_is_composite(rte->funcs[0]->type))
        return builtin_base_type(rte->funcs[0]->type);
    return RECORD_OID;
}

/* `col` NULL: the field of a column that was dropped. */
static void add_field(struct level *l, struct expr *row, struct expr *col, const char *name,
                      int location)
{
    row->field_names[row->nargs] = col ? name : "";
    row->args[row->nargs++] =
        col ? reference(l, col, location) : expr_const(l->a->arena, VOID_OID, -1, datum_null(), -1);
}

/* The whole row of a FROM item as a value. */
static struct expr *whole_row(struct level *l, struct ns_item *item, int location)
{
    uint32_t type = row_type(l, item->rte);
    struct composite c = {0};
    if (item->rte && item->rte->kind == RTE_FUNCTION && type != RECORD_OID)
        err_free(cat_composite(l->a->cat, type, l->a->arena, &c));
    struct expr *row = expr_new(l->a, E_ROW, type, location);
    row->args = arena_new_array(l->a->arena, struct expr *, item->ncols + c.nfields);
    row->field_names = arena_new_array(l->a->arena, const char *, item->ncols + c.nfields);
    for (int i = 0, field = 0; i < item->ncols; i++, field++) {
        for (; field < c.nfields && c.fields[field].dropped; field++)
            add_field(l, row, NULL, "", location);
        if (item->cols[i] || type != RECORD_OID)
            add_field(l, row, item->cols[i], item->colnames[i], location);
    }
    while (row->nargs < c.nfields)
        add_field(l, row, NULL, "", location);
    /* One column of a function in FROM stands for itself. */
    if (item->rte && item->rte->kind == RTE_FUNCTION && type == RECORD_OID && row->nargs == 1)
        return row->args[0];
    return row;
}

static struct err *missing_column(struct level *l, const char *name, int location)
{
    struct err *e = err_new("42703", "column \"%s\" does not exist", name);
    return at(l->a, suggest_column(l, NULL, name, e), location);
}

/* A table that is in some FROM clause, but not to be named so, or not here. */
static struct err *missing_table(struct level *l, const char *table)
{
    for (struct level *up = l; up; up = up->parent)
        for (int i = 0; i < up->nitems; i++) {
            const struct ns_item *item = up->items[i];
            const struct relation *r =
                item->rte && item->rte->kind == RTE_RELATION ? item->rte->rel : NULL;
            bool by_name = item->rte && item->name && strcmp(item->name, table) == 0;
            if (!by_name && !(r && strcmp(r->name, table) == 0))
                continue;
            struct err *e =
                err_new("42P01", "invalid reference to FROM-clause entry for table \"%s\"", table);
            return by_name ? err_hint(e,
                                      "There is an entry for table \"%s\", but it cannot be "
                                      "referenced from this part of the query.",
                                      table)
                           : err_hint(e, "Perhaps you meant to reference the table alias \"%s\".",
                                      item->name);
        }
    return err_new("42P01", "missing FROM-clause entry for table \"%s\"", table);
}

/* t.f is f(t) when t has no column of that name; *out NULL: there is no such function either. */
static struct err *row_function(struct level *l, struct ns_item *item, const char *name,
                                int location, struct expr **out)
{
    PgQuery__FuncCall call;
    struct expr **args = arena_new_array(l->a->arena, struct expr *, 1);
    const char *names[1] = {NULL};
    *out = NULL;
    args[0] = whole_row(l, item, location);
    if (args[0]->type == RECORD_OID)
        return NULL;
    pg_query__func_call__init(&call);
    struct err *e =
        make_func(l, (struct func_name){NULL, name}, args, names, 1, false, &call, location, out);
    if (e && (err_is(e, "42883") || err_is(e, "42725"))) {
        *out = NULL;
        err_free(e);
        return NULL;
    }
    return e;
}

static struct err *qualified(struct level *l, const char *nsp, const char *table, const char *name,
                             int location, struct expr **out)
{
    bool usable_here = false;
    struct ns_item *item;
    TRY(find_item(l, nsp, table, location, &usable_here, &item));
    if (!item && !nsp && (*out = argument(l, table, name, location)))
        return NULL;
    struct expr *composite = item || nsp ? NULL : argument(l, NULL, table, location);
    if (composite && type_is_composite(composite->type))
        return analyze_field(l->a, composite, name, location, out);
    if (!item) {
        return at(l->a, missing_table(l, table), location);
    }
    if (!usable_here)
        return not_here(l, item, location);
    TRY(check_lateral(l, item, location));
    int col = item_column(item, name);
    if (col >= 0) {
        *out = reference(l, item->cols[col], location);
        return check_generated(l, *out, location);
    }
    int sys = item->rte && item->rte->kind == RTE_RELATION ? system_column(name) : 0;
    if (sys)
        return system_reference(l, item->rte, name, location, out);
    if (item->rte)
        TRY(row_function(l, item, name, location, out));
    if (*out)
        return NULL;
    struct err *e = err_new("42703", "column %s.%s does not exist", table, name);
    return at(l->a, suggest_column(l, table, name, e), location);
}

static struct err *column_or_argument(struct level *l, const PgQuery__ColumnRef *ref,
                                      struct expr **out)
{
    size_t n = ref->n_fields;
    if (ref->fields[n - 1]->node_case == PG_QUERY__NODE__NODE_A_STAR) {
        if (n == 2) {
            bool usable_here = false;
            struct ns_item *item;
            TRY(find_item(l, NULL, node_str(ref->fields[0]), ref->location, &usable_here, &item));
            if (item && usable_here) {
                *out = whole_row(l, item, ref->location);
                return NULL;
            }
            if (!item && (*out = argument(l, NULL, node_str(ref->fields[0]), ref->location)))
                return NULL;
        }
        return at(l->a, err_new("42601", "row expansion via \"*\" is not supported here"),
                  ref->location);
    }
    const char *name = node_str(ref->fields[n - 1]);
    if (n == 2)
        return qualified(l, NULL, node_str(ref->fields[0]), name, ref->location, out);
    if (n > 2) {
        struct err *e = resolve_qualified(l->a->cat, ref->fields, n, 2);
        return e ? at(l->a, e, ref->location)
                 : qualified(l, node_str(ref->fields[n - 3]), node_str(ref->fields[n - 2]), name,
                             ref->location, out);
    }
    TRY(unqualified(l, name, ref->location, out));
    if (*out)
        return NULL;
    bool usable_here = false;
    struct ns_item *item;
    TRY(find_item(l, NULL, name, ref->location, &usable_here, &item));
    if (item && usable_here) {
        *out = whole_row(l, item, ref->location);
        return NULL;
    }
    *out = argument(l, NULL, name, ref->location);
    return *out ? NULL : missing_column(l, name, ref->location);
}

struct err *analyze_column_ref(struct level *l, const PgQuery__ColumnRef *ref, struct expr **out)
{
    const struct variables *v = l->a->params ? l->a->params->variables : NULL;
    struct expr *variable = NULL;
    if (!v)
        return column_or_argument(l, ref, out);
    if (v->choice == VARIABLE_FIRST) {
        err_free(analyze_variable(l->a, ref, out)); /* as a column it may do */
        if (*out)
            return NULL;
    }
    struct err *e = column_or_argument(l, ref, out);
    if (e && err_is(e, "42702"))
        return e;
    if (!e && v->choice == AMBIGUOUS)
        err_free(analyze_variable(l->a, ref, &variable));
    if (!e && variable)
        return at(l->a,
                  err_detail(err_new("42702", "column reference \"%s\" is ambiguous",
                                     column_ref_text(ref, l->a->arena)),
                             "It could refer to either a PL/pgSQL variable or a table column."),
                  ref->location);
    if (!e)
        return NULL;
    struct err *failed = analyze_variable(l->a, ref, out);
    if (failed || *out) {
        err_free(e);
        return failed;
    }
    return e;
}

static void add_target(struct level *l, struct ns_item *item, int col, int location,
                       struct target **targets, int *n, int *cap)
{
    if (!item->cols[col])
        return;
    struct target t = {.expr = reference(l, item->cols[col], location),
                       .name = item->colnames[col]};
    ARENA_PUSH(l->a->arena, *targets, *n, *cap, t);
}

struct err *expand_star(struct level *l, const PgQuery__ColumnRef *ref, struct target **targets,
                        int *n, int *cap)
{
    if (ref->n_fields > 1) {
        const char *nsp = ref->n_fields > 2 ? node_str(ref->fields[ref->n_fields - 3]) : NULL;
        struct err *e = resolve_qualified(l->a->cat, ref->fields, ref->n_fields, 2);
        if (e)
            return at(l->a, e, ref->location);
        const char *table = node_str(ref->fields[ref->n_fields - 2]);
        bool usable_here;
        bool spread = false;
        struct ns_item *item;
        TRY(find_item(l, nsp, table, ref->location, &usable_here, &item));
        if (!item)
            TRY(expand_variable(l->a, ref, targets, n, cap, &spread));
        if (spread)
            return NULL;
        struct expr *arg = item ? NULL : argument(l, nsp, table, ref->location);
        if (arg)
            return expand_value(l->a, arg, targets, n, cap);
        if (!item)
            return at(l->a, missing_table(l, table), ref->location);
        for (int i = 0; i < item->ncols; i++)
            add_target(l, item, i, ref->location, targets, n, cap);
        return NULL;
    }
    bool any = false;
    for (int k = 0; k < l->nitems; k++) {
        struct ns_item *item = l->items[k];
        if (!item->cols_visible || item->lateral_only)
            continue;
        any = true;
        for (int i = 0; i < item->ncols; i++)
            add_target(l, item, i, ref->location, targets, n, cap);
    }
    if (!any)
        return at(l->a, err_new("42601", "SELECT * with no tables specified is not valid"),
                  ref->location);
    return NULL;
}

struct err *find_cte(struct level *l, const char *name, struct cte **out)
{
    *out = NULL;
    for (struct level *up = l; up; up = up->parent) {
        for (int i = up->nctes - 1; i >= 0 && !*out; i--)
            if (strcmp(up->ctes[i]->name, name) == 0)
                *out = up->ctes[i];
        for (int i = 0; i < up->nwith && !*out; i++) {
            if (strcmp(up->with[i].tree->ctename, name) != 0)
                continue;
            if (!up->with[i].cte)
                TRY(analyze_with_item(&up->with[i]));
            *out = up->with[i].cte;
        }
        if (*out)
            break;
    }
    return NULL;
}
