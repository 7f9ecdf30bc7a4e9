#include "exec/index_eval.h"

#include "exec/exec_internal.h"
#include "sql/analyze.h"

#include <stdlib.h>

struct index_exprs {
    struct row_expr **cols;
    struct row_expr *pred;
};

struct index_eval {
    struct exec_env env;
    struct relation *rel;
    struct arena arena; /* expressions */
    struct arena row;   /* results */
    struct index_exprs *indexes;
};

struct index_eval *index_eval_new(const struct exec_env *env, struct relation *rel)
{
    struct index_eval *ie = calloc(1, sizeof(*ie));
    CHECK(ie != NULL);
    ie->env = *env;
    ie->rel = rel;
    arena_init(&ie->arena);
    arena_init(&ie->row);
    ie->indexes = arena_new_array(&ie->arena, struct index_exprs, rel->nindexes + 1);
    return ie;
}

void index_eval_reset(struct index_eval *ie)
{
    arena_reset(&ie->row);
}

void index_eval_free(struct index_eval *ie)
{
    if (!ie)
        return;
    for (int i = 0; i < ie->rel->nindexes; i++) {
        row_expr_free(ie->indexes[i].pred);
        for (int k = 0; ie->indexes[i].cols && k < ie->rel->indexes[i].ncols; k++)
            row_expr_free(ie->indexes[i].cols[k]);
    }
    arena_done(&ie->arena);
    arena_done(&ie->row);
    free(ie);
}

static struct err *make_expr(struct index_eval *ie, const char *sql, enum expr_use use,
                             uint32_t type, struct row_expr **out)
{
    struct rte *rte;
    struct expr *e;
    TRY(analyze_expr_text(ie->env.cat, ie->env.types, sql, ie->rel, use, type, -1, &ie->arena, &rte,
                          &e));
    return row_expr_new(&ie->env, rte, e, out);
}

static struct err *index_datums(void *arg, const struct index *ix, const struct datum *row,
                                struct datum *out, bool *applies)
{
    struct index_eval *ie = arg;
    struct index_exprs *x = &ie->indexes[ix - ie->rel->indexes];
    *applies = true;
    if (ix->pred_sql) {
        struct datum d;
        if (!x->pred)
            TRY(make_expr(ie, ix->pred_sql, USE_INDEX_PRED, 0, &x->pred));
        TRY(row_expr_eval(x->pred, row, &d));
        *applies = !d.null && d.i;
        if (!*applies)
            return NULL;
    }
    for (int i = 0; i < ix->nkeys; i++) {
        const struct index_col *col = &ix->cols[i];
        if (col->attnum) {
            out[i] = row[col->attnum - 1];
            continue;
        }
        if (!x->cols)
            x->cols = arena_new_array(&ie->arena, struct row_expr *, ix->ncols);
        if (!x->cols[i])
            TRY(make_expr(ie, col->expr_sql, USE_INDEX_EXPR, col->type, &x->cols[i]));
        TRY(row_expr_eval(x->cols[i], row, &out[i]));
        out[i] = keep(&ie->row, out[i]);
    }
    return NULL;
}

struct table_hooks index_eval_hooks(struct index_eval *ie)
{
    return (struct table_hooks){ie, index_datums};
}
