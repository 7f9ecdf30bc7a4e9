/* Sequences: counters outside of transactions. A number once given out is not given again, also
 * after a crash: the stored value runs ahead of the one in memory. Thread-safe. */
#ifndef TARN_CATALOG_SEQUENCE_H
#define TARN_CATALOG_SEQUENCE_H

#include "catalog/catalog.h"

struct sequence_def {
    uint32_t relid;
    uint32_t type; /* int2, int4, int8 */
    int64_t start;
    int64_t increment;
    int64_t max;
    int64_t min;
    int64_t cache;
    bool cycle;
};

/* pg_sequence row and first state of a sequence relation just created with that storage id. */
struct err *sequence_create(struct cat *c, const struct sequence_def *def,
                            uint32_t storage_id) MUST_CHECK;
/* Replaces the definition; the state stays. */
struct err *sequence_alter(struct cat *c, const struct sequence_def *def) MUST_CHECK;
struct err *sequence_definition(struct cat *c, uint32_t relid, struct sequence_def *out) MUST_CHECK;

/* 2200H when exhausted. */
struct err *sequence_next(struct cat *c, const struct relation *r, int64_t *out) MUST_CHECK;
/* 22003 out of bounds. */
struct err *sequence_set(struct cat *c, const struct relation *r, int64_t value,
                         bool called) MUST_CHECK;
/* What SELECT last_value, is_called shows. */
struct err *sequence_peek(struct cat *c, const struct relation *r, int64_t *last,
                          bool *called) MUST_CHECK;
/* Writes the state that a new storage id begins with (RESTART). */
struct err *sequence_restart(struct cat *c, uint32_t storage_id, int64_t start) MUST_CHECK;

#endif
