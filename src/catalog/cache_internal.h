#ifndef TARN_CATALOG_CACHE_INTERNAL_H
#define TARN_CATALOG_CACHE_INTERNAL_H

#include "catalog/catalog.h"

struct catalog_state;

struct catalog_state *catalog_state_new(void);
void catalog_state_free(struct catalog_state *s);
struct catalog_state *catalog_state_of(struct catalog *c);
uint64_t catalog_state_version(const struct catalog_state *s);
/* A commit changed the catalog: for txn_on_commit. */
void catalog_state_bump(void *state, uint64_t csn);
/* The label of an enum value; false: not cached, or the transaction has changed the catalog. */
bool cache_label(struct cat *c, uint32_t oid, struct buf *out);
/* As read at that version. */
void cache_add_label(struct cat *c, uint64_t version, uint32_t oid, struct str label);
uint64_t catalog_state_change_csn(const struct catalog_state *s);

#endif
