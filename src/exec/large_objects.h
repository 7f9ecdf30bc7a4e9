/* The large objects that a session has open (manual section 35.3): descriptors, which live until
 * the end of the transaction, or until the savepoint under which they were opened is rolled back.
 * Used by the session's fiber. */
#ifndef TARN_EXEC_LARGE_OBJECTS_H
#define TARN_EXEC_LARGE_OBJECTS_H

#include <stdint.h>

struct session;

/* For a savepoint: what is opened from here on is closed by large_objects_rollback, before the
 * transaction itself is rolled back to it. */
uint32_t large_objects_mark(struct session *s);
void large_objects_rollback(struct session *s, uint32_t mark);
/* Closes all: before the end of the transaction. */
void large_objects_forget(struct session *s);

#endif
