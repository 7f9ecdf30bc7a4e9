/* Shared by node_window.c (partitions, the node), window_frame.c (which rows a row's frame has) and
 * window_func.c (functions over them).
 *
 * A partition is kept in a row store. A row there has the slots that are read above, the values of
 * the window's order, the number of its peer group and, for each function, whether its FILTER holds
 * and its arguments. Rows are counted from 0 within the partition. */
#ifndef TARN_EXEC_WINDOW_INTERNAL_H
#define TARN_EXEC_WINDOW_INTERNAL_H

#include "exec/exec_internal.h"

/* A place in the partition that mostly moves on by one row. */
struct window_cursor {
    struct row_reader reader;
    size_t next;
    const struct datum *row; /* number next - 1; NULL: none */
};

/* The rows from `from` up to and without `to`. */
struct row_span {
    size_t from;
    size_t to;
};

/* An end of frames: where it was last. It never moves back within a partition. */
struct frame_edge {
    size_t at;
    int64_t rows;          /* offset of ROWS and GROUPS */
    struct datum distance; /* offset of RANGE */
    fn_impl in_range;
    const struct cat_proc *proc;
    struct window_cursor cursor;
};

struct window_state;
struct window_func;
typedef struct err *(*window_impl)(struct window_state *w, struct window_func *f,
                                   struct datum *out);

struct window_func {
    const struct plan_agg *plan;
    int at; /* of its flag in a row; its arguments follow */
    int nargs;
    uint32_t *arg_types;
    window_impl impl; /* NULL: an aggregate, by: */
    const struct agg_impl *agg;
    void *call_state;
    struct window_cursor read;    /* the rows that it looks at, or those to be added */
    struct window_cursor removed; /* those to be taken away */
    struct arena arena;           /* an aggregate's state */
    struct arena result_arena;
    void *state;            /* NULL: to be made anew */
    struct row_span covers; /* what the state has seen */
    bool known;             /* `result` is that of `covers` */
    struct datum result;
    int64_t buckets; /* ntile; 0: not known yet */
    size_t first;    /* ntile: the row since when */
};

struct window_state {
    struct exec *x;
    const struct plan *n;
    struct row_store *rows;
    size_t count; /* rows of the partition */
    size_t at;    /* the row being computed */
    const struct datum *row;
    struct row_span peers; /* of it */
    int width;
    int order_at;
    int group_at;
    const struct type_ops **key_types; /* of the partition */
    const struct type_ops **order_types;
    struct datum *input;
    struct datum *keys;  /* of the partition being read */
    struct datum *order; /* of the row read last */
    struct datum *ahead; /* the next partition's first row */
    bool has_ahead;
    bool started;
    bool ended; /* the input */
    bool offsets_known;
    int64_t group;
    struct arena arena;      /* per row */
    struct arena keys_arena; /* keys, ahead */
    struct arena order_arena;
    struct arena out; /* results of the row given */
    struct window_cursor current;
    struct window_cursor peer;
    struct frame_edge start;
    struct frame_edge end;
    struct window_func *funcs;
    int nfuncs;
};

/* node_window.c. The row is valid until the next call on this cursor. MAY YIELD. */
struct err *window_row(struct window_state *w, struct window_cursor *c, size_t i,
                       const struct datum **row) MUST_CHECK;

/* window_frame.c */
struct err *window_frame_begin(struct window_state *w) MUST_CHECK; /* of the node */
struct err *window_frame_offsets(struct window_state *w) MUST_CHECK;
/* The parts of the current row's frame, in order, without empty ones; MAY YIELD. */
struct err *window_frame(struct window_state *w, struct row_span spans[3], int *n) MUST_CHECK;

/* window_func.c */
struct err *window_func_begin(struct window_state *w, struct window_func *f) MUST_CHECK;
void window_func_new_partition(struct window_func *f);
/* Its value for the current row. MAY YIELD. */
struct err *window_func_value(struct window_state *w, struct window_func *f,
                              struct datum *out) MUST_CHECK;

#endif
