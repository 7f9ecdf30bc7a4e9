/* Verifies stored tables against their indexes, both ways. */
#ifndef TARN_EXEC_VERIFY_H
#define TARN_EXEC_VERIFY_H

#include "exec/session.h"

/* Where findings go, one sentence each. */
struct verify_report {
    void (*problem)(void *arg, const char *text);
    void *arg;
    uint64_t problems; /* so far */
    uint64_t tables;   /* looked at */
    uint64_t rows;
};

/* All tables of the session's database, the system's too, in the session's open transaction: each
 * row decodes and stands under its own key; each index has an entry for each row that belongs into
 * it, and no other; the row counts are right. What is wrong is reported, not an error. MAY YIELD.
 */
struct err *verify_database(struct session *s, struct verify_report *r) MUST_CHECK;

#endif
