#ifndef TARN_EXEC_EXEC_INTERNAL_H
#define TARN_EXEC_EXEC_INTERNAL_H

#include "catalog/table.h"
#include "exec/exec.h"
#include "exec/fn.h"
#include "exec/row_store.h"
#include "rt/fiber.h"
#include "sql/table_function.h"

enum step_op {
    S_COPY, /* dst = a */
    S_CALL, /* dst = call(args at a ...), NULL if strict and an argument is NULL */
    S_INT_EQ,
    S_INT_NE,
    S_INT_LT,
    S_INT_LE,
    S_INT_GT,
    S_INT_GE, /* by-value integers and times; flag: the program ends here, false, unless it holds */
    S_INT4_ADD,
    S_INT4_SUB,
    S_INT8_ADD,
    S_INT8_SUB,
    S_BYTES_EQ,
    S_BYTES_NE,      /* text */
    S_JUMP,          /* to `jump` */
    S_JUMP_IF_FALSE, /* a is false (not NULL) */
    S_JUMP_IF_TRUE,
    S_JUMP_UNLESS_TRUE,
    S_JUMP_IF_NOT_NULL,
    S_QUAL,    /* the program ends here, false, unless a is true */
    S_AND_END, /* dst = a is NULL-flagged: see compile_bool */
    S_NOT,
    S_IS_NULL,
    S_IS_NOT_NULL,
    S_BOOLTEST,       /* flag: enum booltest */
    S_DISTINCT_NULLS, /* dst = decided by NULLs of a, b and jump, else go on */
    S_NULLIF_END,     /* dst = a, NULL when b is true */
    S_SUBPLAN,
    S_SAOP,   /* a: scalar, b: array */
    S_MINMAX, /* dst = better of dst and a */
    S_ARRAY,  /* args at a, nargs */
    S_ROW,
    S_ROWCMP, /* one column's "<": decides or goes on */
    S_IOCAST,
    S_DOMAIN,
    S_FIELD,
    S_FIELDSTORE,
    S_SUBSTORE,
    S_ROW_IS_NULL,
    S_ARRAYCAST,
    S_SQLVALUE,
    S_SUBSCRIPT,
    S_NEXTVAL,
    S_SRF, /* not callable here: 0A000 */
};

struct call_site {
    fn_impl fn;
    const struct srf_impl *srf;
    int nargs;
    bool strict;
    bool variadic; /* called with VARIADIC array */
    const uint32_t *arg_types;
    uint32_t result_type;
    int32_t result_typmod;
    int state;               /* index into the run's call states */
    const struct expr *expr; /* for errors and rarely needed details */
    const struct type_ops *from;
    const struct type_ops *to;
    struct call_site *elem; /* ARRAYCAST: of the element cast */
    struct subplan *subplan;
    uint32_t collation;
    const struct composite *columns; /* see struct fn_call */
};

/* By whose functions values of the expression are compared and hashed; NULL: they are not known. */
const struct type_ops *expr_order(const struct expr *e);

struct step {
    uint8_t op;
    uint8_t flag;
    int dst;
    int a;
    int b;
    int jump;
    const struct call_site *call;
};

struct program {
    struct step *steps;
    int nsteps;
    int result; /* slot */
};

struct release {
    struct release *next;
    void (*fn)(void *arg);
    void *arg;
};

struct cte_state {
    struct row_store *rows;
    bool filled;
    struct row_store *working; /* the recursive term's input */
};

struct subplan_state {
    bool done; /* an uncorrelated one has run */
    struct datum value;
    struct row_store *rows;
    struct row_reader reader;
    struct value_set *values; /* of a test that can look them up; NULL: rows */
    struct datum *looked_up;  /* a row of them */
    bool has_null;            /* a NULL among them */
    bool running;
};

/* What EXPLAIN ANALYZE measures of a node. */
struct node_stats {
    bool in_loop;   /* between its first row and the next rescan */
    bool has_given; /* a row or the end, in this loop */
    uint64_t loops;
    uint64_t rows;
    int64_t startup_ns; /* until the first row, of all loops */
    int64_t total_ns;
    uint64_t removed_by_filter;
    uint64_t removed_by_recheck;
    uint64_t removed_by_join;
    struct txn_written written;
    /* Sorts and hash tables: the most that they had. */
    const char *method;
    uint64_t memory_bytes;
    uint64_t disk_bytes;
    uint64_t buckets;
    uint64_t batches;
    /* Of a table function over files: what its scans took and what conditions made them skip. */
    bool has_files;
    struct tf_skipping files;
};

struct exec {
    struct exec_env env;
    struct statement_plan *plan;
    struct arena arena;   /* lives with the run */
    struct arena scratch; /* for expressions that nobody keeps: reset at will by the top */
    struct txn_view view;
    bool view_differs; /* the view may show another catalog than the plan was made with */
    bool has_view;
    bool rebound; /* driven by exec_rebind: the caller ends the statement */
    struct datum *frame;
    void **nodes; /* state by plan->id; NULL: not begun */
    void **calls;
    struct fn_call **frames;  /* of call sites, made at their first call */
    struct node_stats *stats; /* by plan->id; NULL: not measured */
    bool timing;
    struct subplan_state *subs;
    struct cte_state *ctes;
    struct release *releases;
    struct datum *row; /* nout datums */
    uint64_t processed;
    struct insert_load *load; /* where an INSERT's rows go instead; NULL: as usual */
    bool done;
    bool finished_ctes;
};

/* ---- expressions ---- */
struct compiler {
    struct statement_plan *plan;
    int case_slot;
};
struct err *compile_expr(struct compiler *c, const struct expr *e, struct program **out) MUST_CHECK;
struct err *program_run(struct exec *x, const struct program *p, struct arena *arena) MUST_CHECK;
/* Runs into a slot; p NULL: the value is there already. */
struct err *expr_into(struct exec *x, const struct plan_expr *e, struct arena *arena) MUST_CHECK;
static inline struct datum *slot_of(struct exec *x, int slot)
{
    return &x->frame[slot];
}
/* Whether a condition holds; no condition holds. */
struct err *condition(struct exec *x, const struct plan_expr *e, struct arena *arena,
                      bool *holds) MUST_CHECK;
/* The node's conditions on its rows, and on pairs of rows; counts those for which they do not hold.
 */
struct err *node_filter(struct exec *x, const struct plan *n, struct arena *arena,
                        bool *holds) MUST_CHECK;
struct err *node_join_filter(struct exec *x, const struct plan *n, struct arena *arena,
                             bool *holds) MUST_CHECK;
struct err *value_of(struct exec *x, const struct plan_expr *e, struct arena *arena,
                     struct datum *out) MUST_CHECK;
struct err *subplan_eval(struct exec *x, struct subplan *s, struct arena *arena,
                         struct datum *out) MUST_CHECK;
fn_impl fn_for_proc(uint32_t oid);
void fold_init(void);
/* SET j['a'][0] = ...: args are the old value, the subscripts, the new part. */
struct err *jsonb_assign(const struct expr *e, const struct datum *args, struct arena *arena,
                         struct datum *out) MUST_CHECK;
struct fn_call call_for(struct exec *x, const struct call_site *site, const struct datum *args,
                        struct arena *arena);

/* insert_load.c: exec_load_start has sent the rows of an INSERT to new storage. */
struct err *insert_load_add(struct insert_load *l, const struct datum *row) MUST_CHECK;
/* The writer of a data-changing node, for error texts. */
struct table_writer *modify_writer(struct exec *x, struct plan *n);

/* The storage id of a relation or its index (`relid`) for this run's snapshot; 40001 when rows of
 * then are of other types. */
struct err *storage_at(struct exec *x, const struct relation *r, uint32_t relid,
                       uint32_t storage_id, uint32_t *out) MUST_CHECK;

/* The same for an index to be read; 40001 when it is younger than the snapshot. */
struct err *index_at(struct exec *x, const struct relation *r, const struct index *ix,
                     uint32_t *out) MUST_CHECK;

/* ---- nodes ---- */
struct err *node_next(struct exec *x, struct plan *n, bool *found) MUST_CHECK;
/* The same of a table function's node without a condition, many rows at once: tablefunc_columns. */
struct err *node_columns(struct exec *x, struct plan *n, const enum tf_use *uses,
                         const struct vector **columns, size_t *count) MUST_CHECK;
/* Starts over, forgetting everything kept. */
void node_rescan(struct exec *x, struct plan *n);
void set_null(struct exec *x, const int *slots, int n);
/* A sorter within work_mem, and the end of its additions. MAY YIELD. */
struct sorter;
struct err *sort_begin(struct exec *x, struct sorter **out) MUST_CHECK;
struct err *sort_finish(struct sorter *s) MUST_CHECK;
void *node_state(struct exec *x, const struct plan *n, size_t size);
void on_release(struct exec *x, void (*fn)(void *arg), void *arg);
void release_arena(void *arena);
void release_buf(void *buf);

/* A plan node: next and rescan. */
#define NODE(name)                                                        \
    struct err *name##_next(struct exec *x, struct plan *n, bool *found); \
    void name##_rescan(struct exec *x, struct plan *n)
NODE(result);
NODE(seqscan);
NODE(indexscan);
NODE(bitmapheap);
NODE(funcscan);
NODE(tablefunc);
/* A table function's next rows at once, its columns in their order; *count 0 at the end. The node
 * has no condition. `uses`: of each column, the same in every call. The columns live until the next
 * call. MAY YIELD. */
struct err *tablefunc_columns(struct exec *x, struct plan *n, const enum tf_use *uses,
                              const struct vector **columns, size_t *count) MUST_CHECK;
NODE(values);
NODE(subquery);
NODE(ctescan);
NODE(worktable);
NODE(nestloop);
NODE(hashjoin);
NODE(mergejoin);
NODE(sort);
NODE(agg);
NODE(window);
NODE(distinct);
NODE(limit);
NODE(project);
NODE(setop);
NODE(append);
NODE(recursive);
NODE(material);
NODE(lockrows);
NODE(modify);
#undef NODE
void material_rewind(struct exec *x, struct plan *n);
/* A CTE's rows are computed as they are asked for, those of a data-modifying one all at once. */
struct err *cte_begin(struct exec *x, int number) MUST_CHECK;
struct err *cte_grow(struct exec *x, int number, bool *found) MUST_CHECK; /* by a row */
struct err *cte_fill(struct exec *x, int number) MUST_CHECK;

/* ---- kept rows ---- */

/* Bytes that a node may hold: work_mem; for hash tables, times hash_mem_multiplier. */
size_t work_memory(const struct exec *x);
size_t hash_memory(const struct exec *x);
struct temp_quota *temp_quota_of(const struct exec *x);
/* A store that ends with the run. */
struct err *kept_rows(struct exec *x, int width, struct row_store **out) MUST_CHECK;
void row_restore(struct exec *x, const struct datum *row, const int *slots, int n);
/* A datum copied with its bytes. By-value datums have no length, so the type need not be known. */
struct datum keep(struct arena *a, struct datum d);

/* A hash table from key datums to entries. */
struct hash_entry {
    struct hash_entry *next;
    uint64_t hash;
    struct datum *keys;
    void *payload;
};
struct row_hash {
    struct hash_entry **buckets;
    size_t nbuckets;
    size_t count;
    const struct type_ops **types;
    int nkeys;
    struct arena *arena;
};
void row_hash_init(struct row_hash *h, struct arena *arena, const struct type_ops **types,
                   int nkeys);
/* NULLs equal each other here. `added` says whether it is new; keys are then copied. */
struct err *row_hash_get(struct row_hash *h, const struct datum *keys, bool add,
                         struct hash_entry **out, bool *added) MUST_CHECK;
/* For EXPLAIN ANALYZE: what the node's hash table holds now, in that many bytes. */
void note_table(struct exec *x, const struct plan *n, const struct row_hash *h, size_t bytes);
/* Rows that found no room, divided by the hash of their keys, each part to be worked through later
 * by itself: spill.c. A hash table and what it could not take are one *batch*; a batch that is
 * still too large is divided anew, by other bits of the hash: its `level` counts how often. */
enum { SPILL_PARTS = 16, SPILL_MAX_LEVEL = 7 };
struct spill {
    int level;
    struct row_store *parts[SPILL_PARTS];
};
struct batch {
    struct batch *next;
    int level;
    struct row_store *left;
    struct row_store *right; /* of nodes with two inputs, else NULL */
};
struct err *spill_new(struct exec *x, int level, int width, struct spill **out) MUST_CHECK;
struct err *spill_add(struct spill *s, uint64_t hash, const struct datum *row) MUST_CHECK;
/* The parts, as batches in front of the list; frees both (`right` may be NULL). Those without rows
 * on the left are dropped unless `keep_right`, and those without rows on the right unless
 * `keep_left`. */
struct err *spill_to_batches(struct spill *left, struct spill *right, bool keep_left,
                             bool keep_right, struct batch **list) MUST_CHECK;
void spill_free(struct spill *s); /* NULL is fine */
void batch_free(struct batch *b); /* NULL is fine */
void batches_free(struct batch **list);

/* Values that are not NULL, to look up: value_set.c. Ends with the run. All but value_set_new MAY
 * YIELD. */
struct value_set *value_set_new(struct exec *x, const uint32_t *types, int n);
struct err *value_set_add(struct exec *x, struct value_set *s,
                          const struct datum *values) MUST_CHECK;
/* No more additions; then look-ups. */
struct err *value_set_finish(struct exec *x, struct value_set *s) MUST_CHECK;
bool value_set_is_empty(const struct value_set *s);
struct err *value_set_has(struct value_set *s, const struct datum *values, bool *found) MUST_CHECK;

uint64_t hash_keys(const struct type_ops **types, const struct datum *keys, int n);
bool keys_equal(const struct type_ops **types, const struct datum *a, const struct datum *b, int n);
/* The keys of the row in the frame, and whether one of them is NULL: such a row matches nothing. */
struct err *join_keys(struct exec *x, struct plan_expr *exprs, int n, struct arena *arena,
                      struct datum *keys, bool *has_null) MUST_CHECK;
int compare_datums(const struct type_ops *ops, struct datum a, struct datum b, bool desc,
                   bool nulls_first);

/* ---- writing ---- */

/* Locks a row that the snapshot shows, after a wait if need be. Above READ COMMITTED it does not
 * wait for a row that has changed since the snapshot, for which the wait would be in vain: 40001.
 */
struct err *exec_lock_row(struct exec *x, struct str row_key, enum txn_row_lock mode,
                          struct arena *a) MUST_CHECK;
struct err *exec_concurrent(const struct txn_newest *newest) MUST_CHECK; /* that error */
struct err *fk_check_child(struct exec *x, struct relation *rel, const struct datum *row,
                           const struct datum *old_row) MUST_CHECK;
struct err *fk_parent_changed(struct exec *x, struct relation *rel, const struct datum *old_row,
                              const struct datum *new_row) MUST_CHECK;
/* For each deferrable unique key that the row brings or changes: notes that it must be unique. */
struct err *unique_note(struct exec *x, struct table_writer *w, const struct datum *row,
                        const struct datum *old_row) MUST_CHECK;

/* user_agg.c: how an aggregate is computed, one that a user made too; NULL: not supported. */
const struct agg_impl *aggregate_of(const struct cat_proc *p, struct arena *a);

/* sample.c: whether the rows of a scan, in order, are in its sample. Without a seed the sample
 * stays the same when the scan starts over. 2202G, 2202H. */
struct table_sample {
    uint64_t seed;
    uint64_t below; /* of 2^32 */
    uint64_t row;
    bool system;
    bool seeded;
};
struct err *sample_begin(struct exec *x, const struct plan *n, struct table_sample *s) MUST_CHECK;
bool sample_has(struct table_sample *s, struct str key);

/* ---- scans, shared by their nodes ---- */

/* 55000 for a materialized view that has no rows yet. */
struct err *check_populated(const struct exec *x, const struct relation *r) MUST_CHECK;
/* Puts a stored row into its slots. */
struct err *load_row(struct exec *x, const struct rte *rte, struct str key,
                     struct str row) MUST_CHECK;
/* The row keys, without storage ids, of the entries that an index scan or P_BITMAPINDEX of an index
 * that is not inverted finds, in the index's order. They live as long as the view. */
struct err *index_next_entry(struct exec *x, struct plan *n, struct str *suffix,
                             bool *found) MUST_CHECK;
/* When all entries that P_BITMAPINDEX finds begin alike, and end with the row's key: that
 * beginning, which lives to the node's rescan. *nothing: it finds none. */
struct err *index_prefix(struct exec *x, struct plan *n, struct str *prefix, bool *same,
                         bool *nothing) MUST_CHECK;

/* row_list.c: rows of a table named by their keys without storage id, in ascending order. Made for
 * the nodes below P_BITMAPHEAP and what they ask of their indexes; all of it is in the run's
 * arena, until row_list_close. All MAY YIELD. */
struct row_list;
struct err *row_list_open(struct exec *x, struct plan *n, struct arena *a,
                          struct row_list **out) MUST_CHECK;
/* The first row that is not before `from`. Later calls may not ask for earlier ones. The bytes live
 * to the next call. */
struct err *row_list_seek(struct row_list *l, struct str from, struct str *at,
                          bool *found) MUST_CHECK;
void row_list_close(struct row_list *l); /* NULL is fine */

/* system_columns.c: those of a row into its slots; `number`: of a built-in one in its table. */
void load_system_columns(struct exec *x, const struct rte *rte, struct str key, struct str row);
void load_builtin_system_columns(struct exec *x, const struct rte *rte, int number);

#endif
