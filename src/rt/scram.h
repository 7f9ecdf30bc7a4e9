/* SCRAM-SHA-256 (RFC 5802, RFC 7677): verifiers as PostgreSQL stores them, and a server's side of
 * the exchange. Nothing here waits; scram_make and scram_matches compute for milliseconds, so a
 * fiber calls them by pool_run. Any thread. */
#ifndef TARN_RT_SCRAM_H
#define TARN_RT_SCRAM_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    SCRAM_KEY_BYTES = 32,
    SCRAM_SALT_BYTES = 16,
    SCRAM_MAX_SALT_BYTES = 64,
    SCRAM_ITERATIONS = 4096,
    SCRAM_MAX_ITERATIONS = 10000000,
    SCRAM_VERIFIER_BYTES = 320, /* the text with its end */
};

struct scram_verifier {
    uint32_t iterations;
    uint8_t salt[SCRAM_MAX_SALT_BYTES];
    size_t salt_bytes;
    uint8_t stored_key[SCRAM_KEY_BYTES];
    uint8_t server_key[SCRAM_KEY_BYTES];
};

/* False when the text is no "SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey". */
bool scram_parse(struct str text, struct scram_verifier *out);
/* A verifier for a password, with a salt by chance. */
struct err *scram_make(struct str password, char out[SCRAM_VERIFIER_BYTES]) MUST_CHECK;
/* Whether it is the password's. */
struct err *scram_matches(const struct scram_verifier *v, struct str password,
                          bool *yes) MUST_CHECK;
/* A verifier that no password fits, the same for a name each time: for users that are not there.
 * `secret` is the server's own. */
struct err *scram_mock(struct str user, struct str secret, struct scram_verifier *out) MUST_CHECK;

/* One exchange, of a server. */
struct scram_exchange {
    const struct scram_verifier *verifier;
    bool plus;             /* the client has chosen SCRAM-SHA-256-PLUS */
    bool offered_plus;     /* the server has offered it */
    struct str binding;    /* hash of the server's certificate; empty without TLS */
    char gs2[4];           /* of the client's first message */
    char nonce[256];       /* the client's and the server's */
    struct buf first_bare; /* of the client */
    struct buf server_first;
};
/* The client's first message; the answer is appended. 08P01. */
struct err *scram_first(struct scram_exchange *x, struct str message, struct buf *out) MUST_CHECK;
/* Its second one: *ok says whether it knows the password; the answer is appended if so. 08P01. */
struct err *scram_final(struct scram_exchange *x, struct str message, struct buf *out,
                        bool *ok) MUST_CHECK;
void scram_done(struct scram_exchange *x);

#endif
