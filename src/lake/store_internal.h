/* Shared by the stores of this folder. */
#ifndef TARN_LAKE_STORE_INTERNAL_H
#define TARN_LAKE_STORE_INTERNAL_H

#include "lake/store.h"

struct err *lake_store_local_new(struct lake_store **out) MUST_CHECK;

#endif
