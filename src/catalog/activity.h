/* What is done to tables and indexes, counted: pg_stat_user_tables and its like.
 *
 * Each thread counts for itself, without locks, in counters that it alone changes; who asks adds
 * them up. Counts are of what was tried: a rolled back transaction's count too. All of it is in
 * memory, and begins anew with the server. No function here yields. */
#ifndef TARN_CATALOG_ACTIVITY_H
#define TARN_CATALOG_ACTIVITY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum activity_kind {
    ACTIVITY_SCANS,    /* sequential ones of a table, all of an index */
    ACTIVITY_RETURNED, /* rows of sequential scans, entries of an index */
    ACTIVITY_FETCHED, /* rows of index scans, counted with the index; by lists of rows: the table */
    ACTIVITY_INSERTED,
    ACTIVITY_UPDATED,
    ACTIVITY_DELETED,
    ACTIVITY_COMMITS, /* of a database */
    ACTIVITY_ROLLBACKS,
    ACTIVITY_KINDS,
};

struct activity_counts {
    atomic_uint_fast64_t n[ACTIVITY_KINDS];
};

/* This thread's counters of a relation of a database; oid 0: of the database itself. They live as
 * long as the process, but a relation that is forgotten leaves them to another. */
struct activity_counts *activity_of(uint32_t db, uint32_t oid);
/* By the thread that they belong to. */
static inline void activity_add(struct activity_counts *a, enum activity_kind kind, uint64_t n)
{
    uint64_t now = atomic_load_explicit(&a->n[kind], memory_order_relaxed);
    atomic_store_explicit(&a->n[kind], now + n, memory_order_relaxed);
}

/* The sums over all threads since the last reset; `oid` 0 with `whole`: of all relations of the
 * database. */
struct activity_sums {
    uint64_t n[ACTIVITY_KINDS];
};
void activity_sum(uint32_t db, uint32_t oid, bool whole, struct activity_sums *out);

/* When a table was last looked after (timestamptz, 0: never), and how often. */
struct activity_care {
    int64_t last_vacuum;
    int64_t last_analyze;
    int64_t last_autoanalyze;
    uint64_t vacuums;
    uint64_t analyzes;
    uint64_t autoanalyzes;
    uint64_t changes_since_analyze;
    uint64_t inserts_since_vacuum;
};
void activity_care(uint32_t db, uint32_t oid, struct activity_care *out);
void activity_analyzed(uint32_t db, uint32_t oid, bool automatic);
void activity_vacuumed(uint32_t db, uint32_t oid);

/* Counts begin at 0 again; `oid` 0: those of the database and all its relations. */
void activity_reset(uint32_t db, uint32_t oid);
int64_t activity_reset_time(uint32_t db); /* 0: never */
/* The relation is gone. */
void activity_forget(uint32_t db, uint32_t oid);

#endif
