/* Passwords as SCRAM hashes them: SASLprep (RFC 4013). */
#ifndef TARN_EXEC_FUNCTIONS_SASLPREP_H
#define TARN_EXEC_FUNCTIONS_SASLPREP_H

#include "base/arena.h"

/* The prepared password in the arena; the password itself where it is ASCII, not UTF-8, or not
 * allowed by the RFC: clients hash it unprepared then, too. */
const char *saslprep(struct arena *a, const char *password);

#endif
