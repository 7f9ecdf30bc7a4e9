/* Rows for a table's new storage ids, past the memtable: rows keyed as the table is, and the
 * entries of its secondary indexes beside them. Nobody refers to the storage ids until the
 * transaction that puts them into the catalog commits, so an error or a crash on the way leaves
 * nothing.
 *
 * Used by one fiber, or by one pool thread while the session's fiber waits for it. */
#ifndef TARN_EXEC_TABLE_LOAD_H
#define TARN_EXEC_TABLE_LOAD_H

#include "exec/exec.h"

struct table_load;

/* The error for a row (natts values) whose key in a unique index another row of the load has. */
typedef struct err *(*table_load_duplicate)(void *arg, const struct index *ix,
                                            const struct datum *row);

/* Which of two rows of the same primary key stays; those of a key come in order of addition. */
typedef struct err *(*table_load_resolve)(void *arg, const struct datum *earlier,
                                          const struct datum *later, bool *keep_later);

struct table_load_to {
    uint32_t storage_id;
    const uint32_t *index_ids;  /* by position among the relation's indexes; of the primary: unused;
                                   0: not this one; NULL: rows only */
    size_t sort_bytes;          /* memory for rows that come out of order; each index: half of it */
    table_load_resolve resolve; /* NULL: rows of one primary key are an error */
};

/* The relation, `to` and what they point to must outlive the load. */
struct err *table_load_begin(const struct exec_env *env, struct relation *rel,
                             const struct table_load_to *to, table_load_duplicate duplicate,
                             void *arg, struct table_load **out) MUST_CHECK;
/* A row that meets all constraints but unique ones. MAY YIELD. */
struct err *table_load_add(struct table_load *l, const struct datum *row) MUST_CHECK;
/* Writes what is left; *rows (may be NULL) counts them. The storage ids can be read by this
 * transaction from then on. MAY YIELD. */
struct err *table_load_finish(struct table_load *l, uint64_t *rows) MUST_CHECK;
/* The entries of the indexes in `to` for rows that its storage id has, which this transaction can
 * read. MAY YIELD. */
struct err *table_load_indexes(const struct exec_env *env, struct relation *rel,
                               const struct table_load_to *to, table_load_duplicate duplicate,
                               void *arg) MUST_CHECK;
/* Frees; discards what an unfinished load wrote. NULL is fine. MAY YIELD. */
void table_load_free(struct table_load *l);

#endif
