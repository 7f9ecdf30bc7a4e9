/* The system columns of a stored row. Rows carry no numbers of transactions and have no place in a
 * file, so these are made from the row: docs/concurrency.md says what they promise.
 *
 *   ctid   48 bits of the key: those of a row id or a short key as they are, else a hash
 *   xmin   a checksum of the row's bytes
 *   xmax, cmin, cmax   0 */
#include "exec/exec_internal.h"

#include "base/hash.h"

/* The key after the storage id: a row id, or the columns of the primary key. */
static uint64_t place_of(const struct relation *r, struct str key)
{
    const uint64_t hashed = (uint64_t)1 << 47;
    uint64_t n = 0;
    size_t from = 4;
    size_t len = key.len - from;
    if (r->primary &&
        (len == 5 || len == 9)) { /* an integer column's begins with a byte for NULL or not */
        from++;
        len--;
    }
    if (len > 8)
        return hashed | hash_bytes(key.data + from, len, 0) % hashed;
    for (size_t i = 0; i < len; i++)
        n = n << 8 | (uint8_t)key.data[from + i];
    if (r->primary && (len == 4 || len == 8)) /* the sign is stored the other way round */
        n ^= (uint64_t)1 << (len * 8 - 1);
    return n < hashed ? n : hashed | hash_u64(n) % hashed;
}

/* As a number of a transaction it must not be one of the special ones. */
static uint32_t checksum_of(struct str row)
{
    enum { FIRST_NORMAL_XID = 3 };
    uint32_t crc = crc32c(0, row.data, row.len);
    return crc < FIRST_NORMAL_XID ? crc + FIRST_NORMAL_XID : crc;
}

static void put_columns(struct exec *x, const struct rte *rte, uint64_t place, uint32_t version)
{
    struct datum *to = &x->frame[rte->sys_base];
    to[0] = datum_int((int64_t)place);
    to[1] = datum_int(version);
    for (int i = 2; i < SYSTEM_SLOTS; i++)
        to[i] = datum_int(0);
}

void load_system_columns(struct exec *x, const struct rte *rte, struct str key, struct str row)
{
    put_columns(x, rte, place_of(rte->rel, key), checksum_of(row));
}

void load_builtin_system_columns(struct exec *x, const struct rte *rte, int number)
{
    put_columns(x, rte, (uint64_t)number, 1);
}
