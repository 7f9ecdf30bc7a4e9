/* What the scans of tables have in common: node_seqscan.c, node_index.c, node_bitmap.c. */
#ifndef TARN_EXEC_SCAN_INTERNAL_H
#define TARN_EXEC_SCAN_INTERNAL_H

#include "exec/exec_internal.h"

struct scan_state {
    struct txn_scan *scan;
    struct buf lo;
    struct buf hi;
    struct buf key;       /* of the row, for secondary indexes */
    struct arena arena;   /* filters */
    struct arena columns; /* made from an entry */
    bool begun;
    bool done;
    bool placed; /* the storage ids are known */
    uint32_t table_sid;
    uint32_t index_sid;
    const struct datum *builtin;
    int nbuiltin;
    int at;
    struct datum *list; /* = ANY: the distinct values, ascending */
    uint32_t nlist;
    uint32_t at_list;
};

/* The node's state, made at the first call. */
struct scan_state *scan_state(struct exec *x, struct plan *n);
/* Before the first row again. */
void scan_restart(struct exec *x, struct plan *n);
/* Finds out the storage ids that the run's snapshot reads. MAY YIELD. */
struct err *scan_find_storage(struct exec *x, struct plan *n, struct scan_state *s) MUST_CHECK;
/* Puts a stored row into its slots, which borrow from it. */
struct err *scan_load_row(struct exec *x, const struct rte *rte, struct str key,
                          struct str row) MUST_CHECK;
/* Whether the node's filter lets the row in the frame through. MAY YIELD. */
struct err *scan_passes(struct exec *x, struct plan *n, struct scan_state *s,
                        bool *holds) MUST_CHECK;

/* node_index.c: the next entry of the index within the node's bounds. `value` is the rest of the
 * row's key behind the storage id, or the row itself where the index is the primary one. `key`
 * lives until the next call, `value` as long as the run's view. MAY YIELD. */
struct err *index_next_entry(struct exec *x, struct plan *n, struct scan_state *s, struct str *key,
                             struct str *value, bool *found) MUST_CHECK;
/* The error of an entry whose row is not there. */
struct err *scan_lost_row(const struct index *ix) MUST_CHECK;

#endif
