/* What ANALYZE has found out about the columns of tables, kept in pg_statistic (manual
 * chapters 14.2 and 53.51) with PostgreSQL's slots: most common values (kind 1), histogram (2),
 * correlation (3).
 *
 * Statistics are part of a relation's descriptor: immutable, in its arena, any thread. */
#ifndef TARN_CATALOG_STATISTICS_H
#define TARN_CATALOG_STATISTICS_H

#include "catalog/catalog.h"

struct column_stats {
    double null_fraction; /* of all rows */
    int width;            /* average bytes of a value */
    double distinct; /* number of values; negative: minus their fraction of the rows; 0: unknown */
    int ncommon;     /* most common values, the commonest first */
    struct datum *common;
    double *common_fraction; /* of all rows, one for each */
    double common_sum;
    int nbounds; /* histogram of the other values: between two bounds lies the same number of rows
                  */
    struct datum *bounds;
    bool has_correlation;
    double correlation; /* of the values' order with the rows', -1 to 1 */
};

/* Fills r->stats, while the descriptor is made. MAY YIELD. */
struct err *stats_load(struct cat *c, struct relation *r) MUST_CHECK;
/* Replaces the column's row in pg_statistic. Marks the transaction as having changed the catalog.
 */
struct err *stats_store(struct cat *c, const struct relation *r, int att,
                        const struct column_stats *s) MUST_CHECK;
/* Of one column, or (att 0) of all. */
struct err *stats_forget(struct cat *c, uint32_t relid, int att) MUST_CHECK;

/* The number of different values among `rows` rows; 0: unknown. */
static inline double stats_distinct(const struct column_stats *s, double rows)
{
    return s->distinct < 0 ? -s->distinct * rows : s->distinct;
}

#endif
