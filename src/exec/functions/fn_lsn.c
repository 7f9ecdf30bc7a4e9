/* pg_lsn: places in a write-ahead log; differences are numerics. */
#include "exec/functions/fn_internal.h"

#include "types/numeric.h"

static struct datum wide(uint64_t v, struct arena *a)
{
    return numeric_from_int128((__int128)v, a);
}

static struct err *give_lsn(struct datum d, struct arena *a, struct datum *out)
{
    struct datum zero = wide(0, a);
    struct datum high;
    struct datum low;
    int64_t upper;
    int64_t lower;
    if (numeric_is_special(d) || numeric_compare(d, zero) < 0 ||
        numeric_compare(d, wide(UINT64_MAX, a)) > 0)
        return err_new("22003", "pg_lsn out of range");
    TRY(numeric_round(d, 0, a, &d));
    if (numeric_compare(d, wide(UINT64_MAX, a)) > 0)
        return err_new("22003", "pg_lsn out of range");
    struct datum unit = wide(UINT64_C(1) << 32, a);
    TRY(numeric_div_trunc(d, unit, a, &high));
    TRY(numeric_mul(high, unit, a, &low));
    TRY(numeric_sub(d, low, a, &low));
    TRY(numeric_to_int(high, 0, UINT32_MAX, "pg_lsn", &upper));
    TRY(numeric_to_int(low, 0, UINT32_MAX, "pg_lsn", &lower));
    *out = (struct datum){.u = (uint64_t)upper << 32 | (uint64_t)lower};
    return NULL;
}

FN(pg_lsn_mi)
{
    return numeric_sub(wide(c->args[0].u, c->arena), wide(c->args[1].u, c->arena), c->arena, out);
}

FN(pg_lsn_pli)
{
    struct datum sum;
    if (numeric_is_nan(c->args[1]))
        return err_new("0A000", "cannot add NaN to pg_lsn");
    TRY(numeric_add(wide(c->args[0].u, c->arena), c->args[1], c->arena, &sum));
    return give_lsn(sum, c->arena, out);
}

FN(pg_lsn_mii)
{
    struct datum difference;
    if (numeric_is_nan(c->args[1]))
        return err_new("0A000", "cannot subtract NaN from pg_lsn");
    TRY(numeric_sub(wide(c->args[0].u, c->arena), c->args[1], c->arena, &difference));
    return give_lsn(difference, c->arena, out);
}

FN(numeric_pg_lsn)
{
    if (numeric_is_nan(c->args[0]))
        return err_new("0A000", "cannot convert NaN to pg_lsn");
    if (numeric_is_inf(c->args[0]))
        return err_new("0A000", "cannot convert infinity to pg_lsn");
    return give_lsn(c->args[0], c->arena, out);
}

const struct fn_entry fn_lsn_table[] = {
    ENTRY(pg_lsn_mi),
    ENTRY(pg_lsn_pli),
    ENTRY(pg_lsn_mii),
    ENTRY(numeric_pg_lsn),
    {"pg_wal_lsn_diff", f_pg_lsn_mi},
};
TABLE_END(fn_lsn);
