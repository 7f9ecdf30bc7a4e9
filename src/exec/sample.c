/* TABLESAMPLE: which rows of a sequential scan are in the sample. BERNOULLI decides for each row,
 * by the hash of its key; SYSTEM for each run of 64 rows, in key order, by its number. All rows are
 * read. The same seed gives the same sample as long as the table stays as it is. */
#include "exec/exec_internal.h"

#include "base/clock.h"
#include "base/hash.h"

enum { BLOCK_ROWS = 64 };

/* Of an expression of the clause. */
static struct err *argument(struct exec *x, const struct plan *n, int i, struct datum *out)
{
    TRY(value_of(x, &n->exprs[i], &x->scratch, out));
    if (!out->null)
        return NULL;
    return i ? err_new("2202G", "TABLESAMPLE REPEATABLE parameter cannot be null")
             : err_new("2202H", "TABLESAMPLE parameter cannot be null");
}

struct err *sample_begin(struct exec *x, const struct plan *n, struct table_sample *s)
{
    struct datum d;
    TRY(argument(x, n, 0, &d));
    double percent = d.f32;
    if (!(percent >= 0 && percent <= 100))
        return err_new("2202H", "sample percentage must be between 0 and 100");
    s->system = n->rte->sample[0] == 's';
    s->below = (uint64_t)(percent / 100 * 0x1p32);
    s->row = 0;
    if (n->nexprs == 1) {
        if (!s->seeded)
            random_bytes(&s->seed, sizeof(s->seed));
    } else {
        TRY(argument(x, n, 1, &d));
        s->seed = hash_u64(d.u);
    }
    s->seeded = true;
    return NULL;
}

bool sample_has(struct table_sample *s, struct str key)
{
    uint64_t hash = s->system ? hash_u64(s->seed ^ hash_u64(s->row / BLOCK_ROWS))
                              : hash_bytes(key.data, key.len, s->seed);
    s->row++;
    return hash >> 32 < s->below;
}
