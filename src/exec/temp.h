/* Temporary tables. A session's are in a schema of its own, pg_temp_N (N is its process number),
 * made at the first use and searched before all others; their rows are stored like any others. They
 * are dropped when the session ends; what a crash leaves goes at the next start. Used by the
 * session's fiber alone. MAY YIELD. */
#ifndef TARN_EXEC_TEMP_H
#define TARN_EXEC_TEMP_H

#include "base/err.h"

struct session;

/* Before a commit: ON COMMIT DELETE ROWS and DROP. */
struct err *temp_pre_commit(struct session *s) MUST_CHECK;
/* Drops the session's temporary relations (DISCARD TEMP), in its transaction. */
struct err *temp_drop_own(struct session *s) MUST_CHECK;
/* Drops all schemas of that kind in the database, at the start of the server. */
struct err *temp_drop_leftovers(struct session *s) MUST_CHECK;
/* Frees what the session remembers of them. */
void temp_free(struct session *s);

#endif
