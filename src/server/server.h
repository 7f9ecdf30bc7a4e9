/* The server above its sessions: started by main, used by nobody else. */
#ifndef TARN_SERVER_SERVER_H
#define TARN_SERVER_SERVER_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>

struct catalog;
struct conn_handler;
struct runtime;

/* What sessions need to know; set once before the first connection. */
void server_attach(struct catalog *catalog);
extern const struct conn_handler session_handler;
/* Terminates every session (57P01), new ones too. Any thread. */
void sessions_terminate_all(void);
/* newcomers.c: connections that have not logged in. Before the server listens; at its end. */
void newcomers_start(const struct runtime *rt);
void newcomers_terminate_all(struct runtime *rt);

/* Runs SQL as the superuser in a database, outside any connection. MAY YIELD. */
struct err *server_run_sql(struct str database, const char *sql) MUST_CHECK;
/* Fills a database of a new store: schema public and what is registered (bootstrap_register). MAY
 * YIELD. */
struct err *server_bootstrap_database(struct str database) MUST_CHECK;
/* At start: the temporary tables that sessions of an earlier process left in any database. */
struct err *server_drop_temporary(void) MUST_CHECK;

/* The fiber that analyzes tables when they have changed. Stopped before the runtime is drained. */
void auto_analyze_start(struct runtime *rt);
/* The scheduler of synced tables; sync_stop ends it. */
void sync_host_start(struct runtime *rt);
void auto_analyze_stop(void);

#endif
