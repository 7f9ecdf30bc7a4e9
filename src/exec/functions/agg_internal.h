/* Helpers of the aggregate files. */
#ifndef TARN_EXEC_FUNCTIONS_AGG_INTERNAL_H
#define TARN_EXEC_FUNCTIONS_AGG_INTERNAL_H

#include "exec/functions/fn_internal.h"
#include "types/vector.h"

#define AGG_ADD(name) static struct err *name(void *state, struct fn_call *c, struct arena *arena)
#define AGG_REMOVE(name) \
    static struct err *name(void *state, struct fn_call *c, struct arena *arena, bool *ok)
#define AGG_COLUMN(name)                                                                 \
    static struct err *name(void *state, struct fn_call *c, const struct vector *column, \
                            size_t count, struct arena *arena)
#define AGG_FINISH(name) static struct err *name(void *state, struct fn_call *c, struct datum *out)

/* One argument of the type, NULLs skipped or not. */
#define AGG1(sql, type, bytes, add_fn, finish_fn, skip) \
    {                                                   \
        sql, {type}, 1,                                 \
        {                                               \
            sql, bytes, add_fn, finish_fn, skip         \
        }                                               \
    }
/* With add_column. */
#define AGG1_COLUMN(sql, type, bytes, add_fn, column_fn, finish_fn) \
    {                                                               \
        sql, {type}, 1,                                             \
        {                                                           \
            sql, bytes, add_fn, finish_fn, true, NULL, column_fn    \
        }                                                           \
    }
/* Rows can be taken back, too. */
#define AGG1_MOVING(sql, type, bytes, add_fn, remove_fn, column_fn, finish_fn) \
    {                                                                          \
        sql, {type}, 1,                                                        \
        {                                                                      \
            sql, bytes, add_fn, finish_fn, true, remove_fn, column_fn          \
        }                                                                      \
    }
#define AGG2(sql, type1, type2, bytes, add_fn, finish_fn, skip) \
    {                                                           \
        sql, {type1, type2}, 2,                                 \
        {                                                       \
            sql, bytes, add_fn, finish_fn, skip                 \
        }                                                       \
    }

/* Bytes that grow in a group's arena. */
struct arena_bytes {
    char *p;
    size_t len;
    size_t cap;
};
struct err *arena_bytes_put(struct arena_bytes *b, struct arena *arena, const void *p,
                            size_t len) MUST_CHECK;
/* A datum's copy with the life of the group. */
struct err *agg_keep(const struct type_ops *t, struct datum d, struct arena *arena,
                     struct datum *out) MUST_CHECK;

#endif
