/* Who may log in: the rules in force, TLS, and the check of a client. */
#ifndef TARN_SERVER_AUTH_H
#define TARN_SERVER_AUTH_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

struct backend;
struct hba;
struct tls_context;

/* Writes the rules of a new data directory, unless they are there, and reads all that logins need.
 * F0000 also when a rule trusts whoever comes from beyond loopback while the server listens there.
 * Blocks. Main thread, before the server listens. */
struct err *auth_start(void) MUST_CHECK;
/* Reads the files again; what cannot be read leaves all as it was. Blocks. Main thread. */
struct err *auth_reload(void) MUST_CHECK;
/* A reference to the TLS context in force; NULL: `ssl` is off. */
struct tls_context *auth_tls(void);
/* A number of the server's own, the same for as long as its data directory lives; 63 bits. */
uint64_t auth_system_identifier(void);
/* The rules and maps that the files hold now, mistakes among them (hba.h: lenient), during the
 * call. MAY YIELD before it. */
struct err *auth_visit_files(void (*visit)(void *arg, const struct hba *h), void *arg) MUST_CHECK;
/* Returns when the client has shown that it is the user. 28000, 28P01 (FATAL). MAY YIELD. */
struct err *auth_client(struct backend *b, struct str user, struct str database,
                        int64_t deadline_ns) MUST_CHECK;

#endif
