/* The text of pg_snapshot values, taken apart. Any thread, no yield. */
#ifndef TARN_TYPES_SNAPSHOT_H
#define TARN_TYPES_SNAPSHOT_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

struct snapshot_text {
    uint64_t xmin;
    uint64_t xmax;
    struct str rest; /* of the list */
};

/* False when it does not begin as a snapshot does. */
bool snapshot_open(struct str text, struct snapshot_text *out);
/* The next transaction of the list; false: there is none. */
bool snapshot_next(struct snapshot_text *s, uint64_t *xid);
void snapshot_put(struct buf *b, uint64_t xmin, uint64_t xmax, const uint64_t *xids, size_t n);

#endif
