/* The lakehouse inside SQL: table functions over Parquet and Delta, and synced tables. */
#ifndef TARN_SYNC_SYNC_H
#define TARN_SYNC_SYNC_H

/* Once at start, before sessions: registers the table functions and the statements. */
void sync_init(void);
/* SQL that every new database runs: schema tarn with its tables and views. */
const char *sync_bootstrap_sql(void);

#endif
