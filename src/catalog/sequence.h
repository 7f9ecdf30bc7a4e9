/* Sequences: counters outside of transactions. A number once given out is not given again, also
 * after a crash: the stored value runs ahead of the one in memory. Thread-safe. Functions that read
 * or write the state MAY YIELD. */
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

/* Takes the next number, and up to CACHE of them if `cached`: *first, *first + increment ...
 * *last. 2200H when exhausted. The caller holds a lock on the sequence (ROW EXCLUSIVE), so that the
 * definition stays. */
struct err *sequence_next(struct cat *c, const struct relation *r, bool cached, int64_t *first,
                          int64_t *last, int64_t *increment) MUST_CHECK;
/* A number that was taken ahead goes to the client: the transaction waits for its durability. */
void sequence_shown(struct cat *c, const struct relation *r);
/* 22003 out of bounds. */
struct err *sequence_set(struct cat *c, const struct relation *r, int64_t value,
                         bool called) MUST_CHECK;
/* What SELECT from it shows. */
struct sequence_state {
    int64_t last;
    bool called;
    int ahead; /* numbers that the stored state covers already */
};
struct err *sequence_peek(struct cat *c, const struct relation *r,
                          struct sequence_state *out) MUST_CHECK;
/* Writes the state that a new storage id begins with (ALTER, RESTART). */
struct err *sequence_restart(struct cat *c, uint32_t storage_id, int64_t last,
                             bool called) MUST_CHECK;

#endif
