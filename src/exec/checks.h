/* Constraint checks that wait: for the end of the statement (foreign keys, deferrable unique keys)
 * or, where they are deferred, for the end of the transaction. One queue for each session, made at
 * its first use, kept in order of the row changes; a session's fiber alone uses it. */
#ifndef TARN_EXEC_CHECKS_H
#define TARN_EXEC_CHECKS_H

#include "base/err.h"
#include "exec/row_store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct exec_env;
struct session;

/* A point to roll back to: what was queued later is forgotten, what was run later is due again. */
struct checks_mark {
    size_t nwaiting;
    int nmodes;
    uint32_t serial;
};
struct checks_mark checks_mark(struct session *s);
void checks_rollback(struct session *s, struct checks_mark mark);
/* The transaction has ended. */
void checks_forget(struct session *s);

/* Before the commit: runs what was deferred. 23503, 23505. MAY YIELD. */
struct err *checks_commit(struct session *s) MUST_CHECK;
/* After a statement: runs what it has queued and what that queues in turn. MAY YIELD. */
struct err *checks_statement_end(const struct exec_env *env) MUST_CHECK;
/* SET CONSTRAINTS; `stmt` is a PgQuery__ConstraintsSetStmt. What becomes immediate is checked now.
 * 42704, 42809, 3F000. MAY YIELD. */
struct err *checks_set_constraints(struct session *s, const void *stmt) MUST_CHECK;
/* TRUNCATE, ALTER and DROP may not pull a table away from under its checks: 55006. */
struct err *checks_none_pending(struct session *s, uint32_t relid, const char *name,
                                const char *command) MUST_CHECK;

/* The statement's list, put aside while a function runs statements of its own: theirs end
 * with lists of their own, and a savepoint of theirs that is rolled back leaves it alone. */
struct checks_level {
    struct row_store *now;
    struct row_reader next;
    bool running;
};
struct err *checks_enter(struct session *s, struct checks_level *outer) MUST_CHECK;
void checks_leave(struct session *s, const struct checks_level *outer);

#endif
