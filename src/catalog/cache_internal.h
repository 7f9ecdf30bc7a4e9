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
uint64_t catalog_state_change_csn(const struct catalog_state *s);

#endif
