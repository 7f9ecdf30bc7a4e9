/* The functions of the extensions uuid-ossp and pgcrypto, by the C symbols that their SQL names
 * (data/NAME.sql). UUIDs are RFC 4122's; names of hashes, limits and errors are PostgreSQL's. */
#include "exec/exec_internal.h"
#include "exec/fn_session.h"

#include "base/clock.h"
#include "rt/crypto.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum { UUID_BYTES = 16, NODE_AT = 10, NODE_BYTES = 6 };

/* ---- uuid-ossp ---- */

static struct err *give_uuid(struct fn_call *c, const uint8_t *bytes, struct datum *out)
{
    uint8_t *p = arena_alloc(c->arena, UUID_BYTES);
    memcpy(p, bytes, UUID_BYTES);
    *out = datum_bytes(p, UUID_BYTES);
    return NULL;
}

/* The name spaces of RFC 4122, appendix C, differ in one byte. */
static struct err *name_space(struct fn_call *c, uint8_t which, struct datum *out)
{
    const uint8_t bytes[UUID_BYTES] = {0x6b, 0xa7, 0xb8, which, 0x9d, 0xad, 0x11, 0xd1,
                                       0x80, 0xb4, 0x00, 0xc0,  0x4f, 0xd4, 0x30, 0xc8};
    return give_uuid(c, bytes, out);
}

static struct err *uuid_ns_dns(struct fn_call *c, struct datum *out)
{
    return name_space(c, 0x10, out);
}

static struct err *uuid_ns_url(struct fn_call *c, struct datum *out)
{
    return name_space(c, 0x11, out);
}

static struct err *uuid_ns_oid(struct fn_call *c, struct datum *out)
{
    return name_space(c, 0x12, out);
}

static struct err *uuid_ns_x500(struct fn_call *c, struct datum *out)
{
    return name_space(c, 0x14, out);
}

static struct err *uuid_nil(struct fn_call *c, struct datum *out)
{
    static const uint8_t none[UUID_BYTES];
    return give_uuid(c, none, out);
}

static void set_version(uint8_t *u, int version)
{
    u[6] = (uint8_t)((u[6] & 0x0f) | version << 4);
    u[8] = (uint8_t)((u[8] & 0x3f) | 0x80);
}

static struct err *random_uuid(struct fn_call *c, struct datum *out)
{
    uint8_t u[UUID_BYTES];
    random_bytes(u, sizeof(u));
    set_version(u, 4);
    return give_uuid(c, u, out);
}

/* Units of 100 ns since 1582-10-15, each given out once by this process. Relaxed: only that they
 * differ matters. */
static uint64_t next_tick(void)
{
    enum { PER_US = 10 };
    static const uint64_t gregorian = 0x01b21dd213814000u; /* of 1970-01-01 */
    static _Atomic uint64_t last;
    uint64_t now = (uint64_t)clock_real_us() * PER_US + gregorian;
    uint64_t before = atomic_load_explicit(&last, memory_order_relaxed);
    uint64_t tick;
    do {
        tick = now > before ? now : before + 1;
    } while (!atomic_compare_exchange_weak_explicit(&last, &before, tick, memory_order_relaxed,
                                                    memory_order_relaxed));
    return tick;
}

static void time_uuid(uint8_t *u)
{
    const uint64_t tick = next_tick();
    random_bytes(u + 8, UUID_BYTES - 8);
    for (int i = 0; i < 4; i++)
        u[i] = (uint8_t)(tick >> (24 - 8 * i));
    u[4] = (uint8_t)(tick >> 40);
    u[5] = (uint8_t)(tick >> 32);
    u[6] = (uint8_t)(tick >> 56);
    u[7] = (uint8_t)(tick >> 48);
    u[NODE_AT] |= 0x01; /* multicast: no network card has the number */
    set_version(u, 1);
}

/* The node is a random number, once for the process: the server's network address is not told. */
static struct err *uuid_v1(struct fn_call *c, struct datum *out)
{
    static _Atomic uint64_t node; /* 0: not yet chosen */
    uint8_t u[UUID_BYTES];
    uint64_t chosen = 0;
    uint64_t none = 0;
    time_uuid(u);
    memcpy(&chosen, u + NODE_AT, NODE_BYTES);
    if (!atomic_compare_exchange_strong(&node, &none, chosen))
        chosen = none;
    memcpy(u + NODE_AT, &chosen, NODE_BYTES);
    return give_uuid(c, u, out);
}

static struct err *uuid_v1mc(struct fn_call *c, struct datum *out)
{
    uint8_t u[UUID_BYTES];
    time_uuid(u);
    return give_uuid(c, u, out);
}

static struct err *uuid_of_name(struct fn_call *c, const char *hash, int version, struct datum *out)
{
    uint8_t digest[CRYPTO_DIGEST_MOST_BYTES];
    size_t len;
    struct buf b = BUF_INIT;
    buf_put(&b, c->args[0].p, UUID_BYTES);
    buf_put(&b, c->args[1].p, c->args[1].len);
    struct err *e = buf_finish(&b);
    if (!e && crypto_digest(hash, (struct str){0}, buf_str(&b), digest, &len) != CRYPTO_DIGEST_DONE)
        e = err_new("39000", "could not compute %s hash", hash);
    buf_done(&b);
    TRY(e);
    set_version(digest, version);
    return give_uuid(c, digest, out);
}

static struct err *uuid_v3(struct fn_call *c, struct datum *out)
{
    return uuid_of_name(c, "md5", 3, out);
}

static struct err *uuid_v5(struct fn_call *c, struct datum *out)
{
    return uuid_of_name(c, "sha1", 5, out);
}

/* ---- pgcrypto ---- */

static struct err *hashed(struct fn_call *c, struct str key, struct str data, struct str hash,
                          struct datum *out)
{
    uint8_t *p = arena_alloc(c->arena, CRYPTO_DIGEST_MOST_BYTES);
    char name[64];
    size_t len = 0;
    enum crypto_digest_status status = CRYPTO_DIGEST_UNKNOWN;
    if (hash.len < sizeof(name)) {
        memcpy(name, hash.data, hash.len);
        name[hash.len] = '\0';
        status = crypto_digest(name, key, data, p, &len);
    }
    if (status != CRYPTO_DIGEST_DONE)
        return err_new("22023", "Cannot use \"%.*s\": %s", STR_ARG(hash),
                       status == CRYPTO_DIGEST_UNKNOWN ? "No such hash algorithm"
                                                       : "Cipher cannot be initialized");
    *out = datum_bytes(p, len);
    return NULL;
}

static struct err *pg_digest(struct fn_call *c, struct datum *out)
{
    return hashed(c, (struct str){0}, datum_as_str(c->args[0]), datum_as_str(c->args[1]), out);
}

static struct err *pg_hmac(struct fn_call *c, struct datum *out)
{
    struct str key = datum_as_str(c->args[1]);
    if (!key.len)
        key = STR("");
    return hashed(c, key, datum_as_str(c->args[0]), datum_as_str(c->args[2]), out);
}

static struct err *pg_random_bytes(struct fn_call *c, struct datum *out)
{
    enum { MOST = 1024 };
    int64_t n = c->args[0].i;
    if (n < 1 || n > MOST)
        return err_new("39000", "Length not in range");
    void *p = arena_alloc(c->arena, (size_t)n);
    random_bytes(p, (size_t)n);
    *out = datum_bytes(p, (size_t)n);
    return NULL;
}

/* ---- by symbol ---- */

static const struct {
    const char *symbol;
    fn_impl fn;
} table[] = {
    {"uuid_nil", uuid_nil},
    {"uuid_ns_dns", uuid_ns_dns},
    {"uuid_ns_url", uuid_ns_url},
    {"uuid_ns_oid", uuid_ns_oid},
    {"uuid_ns_x500", uuid_ns_x500},
    {"uuid_generate_v1", uuid_v1},
    {"uuid_generate_v1mc", uuid_v1mc},
    {"uuid_generate_v3", uuid_v3},
    {"uuid_generate_v4", random_uuid},
    {"uuid_generate_v5", uuid_v5},
    {"pg_digest", pg_digest},
    {"pg_hmac", pg_hmac},
    {"pg_random_bytes", pg_random_bytes},
    {"pg_random_uuid", random_uuid},
};

fn_impl extension_fn_lookup(struct str symbol)
{
    for (size_t i = 0; i < ARRAY_LENGTH(table); i++)
        if (str_eq_c(symbol, table[i].symbol))
            return table[i].fn;
    fn_impl fn = citext_fn_lookup(symbol);
    char name[64]; /* of a built-in function */
    if (!fn)
        fn = hstore_fn_lookup(symbol);
    if (fn || symbol.len >= sizeof(name))
        return fn;
    memcpy(name, symbol.data, symbol.len);
    name[symbol.len] = '\0';
    return fn_lookup(name);
}
