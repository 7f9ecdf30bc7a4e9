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
    for (int i = 0; i < e->nargs; i++)
        if (e->args[i])
            TRY(note(r, e->args[i]));
    return NULL;
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

struct err *ddl_index_depends(struct ddl *d, struct relation *rel, const struct index *ix)
{
    const struct object_address self = {PG_CLASS, ix->oid, 0};
    for (int i = 0; i < ix->nkeys; i++)
        if (!ix->cols[i].attnum)
            TRY(ddl_text_depends(d, self, ix->cols[i].expr_sql, rel, USE_INDEX_EXPR));
    return ix->pred_sql ? ddl_text_depends(d, self, ix->pred_sql, rel, USE_INDEX_PRED) : NULL;
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
