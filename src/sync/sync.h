/* The lakehouse inside SQL: table functions over Parquet and Delta, and synced tables. */
#ifndef TARN_SYNC_SYNC_H
#define TARN_SYNC_SYNC_H

#include "base/err.h"
#include "base/str.h"

/* Once at start, before sessions: registers the table functions and the statements. */
void sync_init(void);
/* Before sessions: the data directory, which has the key of stored secrets. F0000 when others can
 * read that. */
struct err *sync_use_directory(const char *dir) MUST_CHECK;
/* What the scheduler needs of the server. */
struct session;
struct sync_host {
    /* Runs fn in a session of the database, without a transaction. MAY YIELD. */
    struct err *(*in_database)(struct str database, struct err *(*fn)(struct session *s, void *arg),
                               void *arg);
    struct err *(*each_database)(struct err *(*fn)(struct str database, void *arg), void *arg);
    /* Runs fn in a fiber of some worker. */
    void (*start)(void (*fn)(void *arg), void *arg);
    int (*workers)(void); /* how many tables may run at a time; any thread */
};
/* When the workers run, and before they stop: the scheduler of synced tables. */
void sync_start(const struct sync_host *host);
void sync_stop(void);
/* SQL that every new database runs: schema tarn with its tables and views. */
const char *sync_bootstrap_sql(void);

#endif
