/* SQL functions in C: how one is called, and the table that binds PostgreSQL's pg_proc.prosrc names
 * ("int4pl", "text_length", "now") to them. pg_proc rows themselves (OIDs, argument types,
 * strictness, volatility) are catalog data; a function is implemented when its prosrc is in this
 * table. */
#ifndef TARN_EXEC_FN_H
#define TARN_EXEC_FN_H

#include "base/arena.h"
#include "base/err.h"
#include "types/datum.h"
#include "types/type.h"

#include <stdint.h>

struct vector;
struct session;
struct exec;
struct txn_view;

struct fn_call {
    const struct datum *args; /* of strict functions never NULL */
    int nargs;
    struct arena *arena; /* for the result's bytes; reset per row by the caller */
    const struct type_env *env;
    const uint32_t *arg_types; /* resolved OIDs (polymorphic ones too) */
    bool variadic;             /* the last argument is an array called with VARIADIC */
    uint32_t func;             /* pg_proc OID */
    uint32_t collation;        /* of the strings among the arguments; 0: none */
    uint32_t result_type;
    int32_t result_typmod;
    void **state;              /* per call site, NULL at first; memory from state_arena */
    struct arena *state_arena; /* lives as long as the plan's execution */
    /* The columns that a call in FROM gives, for functions returning records; NULL: it is
     * elsewhere, or no record. Set-returning functions then give the columns one by one. */
    const struct composite *columns;
    struct session *session;     /* for functions that touch session or catalog; opaque here */
    const struct txn_view *view; /* what the statement sees; NULL: it is none that reads */
    struct exec *run;            /* of the statement; NULL: a constant is folded */
};

/* On success writes *out (may be NULL datum); may borrow from args. */
typedef struct err *(*fn_impl)(struct fn_call *c, struct datum *out);

/* Aggregates. A state is one datum-sized slot plus memory in the group's arena. */
struct agg_impl {
    const char *name;   /* aggfnoid's prosrc name + argument discriminator: see fn_agg.c */
    size_t state_bytes; /* zeroed at start of each group */
    /* Adds one input row; called for NULL inputs too unless skip_nulls. `arena` lives with the
     * group; anything kept must be copied there. */
    struct err *(*add)(void *state, struct fn_call *c, struct arena *arena);
    struct err *(*finish)(void *state, struct fn_call *c, struct datum *out);
    bool skip_nulls; /* rows with a NULL argument are not added */
    /* Takes back a row that was added, for frames that move; NULL: cannot. *ok false: not this one,
     * and the state is void. */
    struct err *(*remove)(void *state, struct fn_call *c, struct arena *arena, bool *ok);
    /* Adds the first `count` (more than 0) rows of a column of the argument's type, as `add` would
     * one by one; NULL: it has no shorter way. An aggregate without arguments gets none: NULL. */
    struct err *(*add_column)(void *state, struct fn_call *c, const struct vector *column,
                              size_t count, struct arena *arena);
    bool counts_values; /* it looks only whether its argument is NULL */
};

/* Ordered-set and hypothetical-set aggregates: they see a group's rows in order. */
struct ordered_rows {
    int64_t count;
    int ncols;
    const struct type_ops **types;
    const bool *desc;
    const bool *nulls_first;
};

struct ordered_impl {
    const char *name;
    size_t state_bytes; /* zeroed */
    bool skip_nulls;    /* rows whose first column is NULL are not there */
    /* `c` has the direct arguments; `arena` lives with the state. */
    struct err *(*begin)(void *state, struct fn_call *c, const struct ordered_rows *rows,
                         struct arena *arena);
    struct err *(*add)(void *state, const struct ordered_rows *rows, const struct datum *row,
                       struct arena *arena);
    struct err *(*finish)(void *state, struct fn_call *c, const struct ordered_rows *rows,
                          struct datum *out);
};

/* Set-returning functions: called until *done. Arguments and state_arena must live until then; the
 * state is in state_arena, what else it has is released by fn_at_end: a scan may stop early.
 * `ncols` is the number of columns the function declares; rows borrow from arena, state_arena and
 * arguments. */
struct srf_impl {
    const char *name; /* prosrc */
    /* *state is NULL at the first call; gives one row of `ncols` datums per call. */
    struct err *(*next)(void **state, struct fn_call *c, struct datum *row, int ncols, bool *done);
};

/* For a collation that collation_orders: the function that does as the one in *fn (of that prosrc)
 * by it, into *fn; 0A000 where a nondeterministic one cannot. */
struct err *fn_collated(struct str prosrc, uint32_t collation, fn_impl *fn) MUST_CHECK;
/* What the function needs a collation for, as errors name it; NULL: nothing. */
const char *fn_collation_use(struct str prosrc);

/* Calls fn(arg) at the end of the run that the call is in, for state that is not in an arena: a
 * scan may stop before it is done. `arg` is in state_arena. */
void fn_at_end(struct fn_call *c, void (*fn)(void *arg), void *arg);

/* By pg_proc.prosrc; NULL when not implemented. Immutable tables; any thread. */
fn_impl fn_lookup(const char *prosrc);
const struct srf_impl *srf_lookup(const char *prosrc);
/* By aggregate name and resolved argument type OIDs as declared in pg_proc ("sum", {INT4_OID}, 1).
 */
/* By name; `direct`: type of the first direct argument, 0: none. */
const struct ordered_impl *ordered_lookup(const char *name, uint32_t direct);
const struct agg_impl *agg_lookup(const char *name, const uint32_t *arg_types, int nargs);

#endif
