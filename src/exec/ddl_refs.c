/* What stored expressions depend on, for pg_depend: the functions that users made. */
#include "exec/ddl_internal.h"

struct refs {
    struct ddl *d;
    struct object_address self;
    struct object_address *seen;
    int n;
    int cap;
};

static struct err *record_once(struct refs *r, uint32_t class_id, uint32_t oid)
{
    if (oid < FIRST_USER_OID)
        return NULL;
    for (int i = 0; i < r->n; i++)
        if (r->seen[i].class_id == class_id && r->seen[i].object_id == oid)
            return NULL;
    struct object_address o = {class_id, oid, 0};
    ARENA_PUSH(r->d->arena, r->seen, r->n, r->cap, o);
    return depend_record(r->d->cat, r->self, o, DEPEND_NORMAL);
}

static struct err *note(struct refs *r, const struct expr *e)
{
    if (e->kind == E_FUNC || e->kind == E_OP || e->kind == E_SAOP)
        TRY(record_once(r, PG_PROC, e->func));
    if (e->kind == E_RELABEL && e->form == FORM_SQL)
        TRY(record_once(r, PG_COLLATION, e->collation));
    for (int i = 0; i < e->nargs; i++)
        if (e->args[i])
            TRY(note(r, e->args[i]));
    return NULL;
}

static struct err *note_columns(struct refs *r, uint32_t relid, const struct expr *e,
                                enum depend_type type)
{
    struct object_address column = {PG_CLASS, relid, e->kind == E_VAR ? e->var.att : 0};
    bool seen = column.sub_id <= 0;
    for (int i = 0; i < r->n && !seen; i++)
        seen = r->seen[i].class_id == PG_CLASS && r->seen[i].sub_id == column.sub_id;
    if (!seen) {
        ARENA_PUSH(r->d->arena, r->seen, r->n, r->cap, column);
        TRY(depend_record(r->d->cat, r->self, column, type));
    }
    for (int i = 0; i < e->nargs; i++)
        if (e->args[i])
            TRY(note_columns(r, relid, e->args[i], type));
    return NULL;
}

struct err *ddl_columns_depend(struct ddl *d, struct object_address self, uint32_t relid,
                               const struct expr *e, enum depend_type type)
{
    struct refs r = {.d = d, .self = self};
    return note_columns(&r, relid, e, type);
}

struct err *ddl_expr_depends(struct ddl *d, struct object_address self, const struct expr *e)
{
    struct refs r = {.d = d, .self = self};
    return note(&r, e);
}

struct err *ddl_text_depends(struct ddl *d, struct object_address self, const char *sql,
                             struct relation *rel, enum expr_use use)
{
    struct rte *rte;
    struct expr *e;
    TRY(analyze_expr_text(d->cat, &d->s->types, sql, rel, use, 0, -1, d->arena, &rte, &e));
    return ddl_expr_depends(d, self, e);
}

/* Of the functions and columns in an index's expression; a key column has its row already. */
static struct err *index_expr_depends(struct refs *columns, struct relation *rel, const char *sql,
                                      enum expr_use use)
{
    struct ddl *d = columns->d;
    struct rte *rte;
    struct expr *e;
    TRY(analyze_expr_text(d->cat, &d->s->types, sql, rel, use, 0, -1, d->arena, &rte, &e));
    TRY(note_columns(columns, rel->oid, e, DEPEND_AUTO));
    return ddl_expr_depends(d, columns->self, e);
}

struct err *ddl_index_depends(struct ddl *d, struct relation *rel, const struct index *ix)
{
    struct refs columns = {.d = d, .self = {PG_CLASS, ix->oid, 0}};
    for (int i = 0; i < ix->nkeys; i++) {
        struct object_address column = {PG_CLASS, rel->oid, ix->cols[i].attnum};
        if (column.sub_id)
            ARENA_PUSH(d->arena, columns.seen, columns.n, columns.cap, column);
    }
    for (int i = 0; i < ix->nkeys; i++)
        if (!ix->cols[i].attnum)
            TRY(index_expr_depends(&columns, rel, ix->cols[i].expr_sql, USE_INDEX_EXPR));
    return ix->pred_sql ? index_expr_depends(&columns, rel, ix->pred_sql, USE_INDEX_PRED) : NULL;
}

struct err *ddl_forget_functions(struct ddl *d, struct object_address self)
{
    struct depend_list deps = {0};
    TRY(depend_of(d->cat, self, d->arena, &deps));
    TRY(depend_forget(d->cat, self));
    for (int i = 0; i < deps.count; i++)
        if (deps.items[i].referenced.class_id != PG_PROC)
            TRY(depend_record(d->cat, deps.items[i].object, deps.items[i].referenced,
                              deps.items[i].type));
    return NULL;
}
