/* Digests, signatures and sealing, by OpenSSL. Any thread; nothing here yields. */
#ifndef TARN_RT_CRYPTO_H
#define TARN_RT_CRYPTO_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#include <stdint.h>

enum { CRYPTO_SHA256_BYTES = 32, CRYPTO_KEY_BYTES = 32 };

void crypto_sha256(struct str data, uint8_t out[CRYPTO_SHA256_BYTES]);
void crypto_hmac_sha256(struct str key, struct str data, uint8_t out[CRYPTO_SHA256_BYTES]);
/* Lower-case hexadecimal digits. */
void crypto_put_hex(struct buf *out, const uint8_t *bytes, size_t len);

/* RSASSA-PKCS1-v1_5 with SHA-256 (JWT's RS256) by a private key in PEM, appended to *out. 22023 for
 * what is no RSA key; the message has nothing of the key. */
struct err *crypto_sign_rs256(struct str pem, struct str data, struct buf *out) MUST_CHECK;

/* AES-256-GCM: appends a fresh nonce, the ciphertext and the tag to *out. `bound` is not stored but
 * must be the same for opening: what the secret belongs to. */
struct err *crypto_seal(const uint8_t key[CRYPTO_KEY_BYTES], struct str bound, struct str plain,
                        struct buf *out) MUST_CHECK;
/* The reverse. XX001 when the key or `bound` is another one, or the bytes were changed. */
struct err *crypto_unseal(const uint8_t key[CRYPTO_KEY_BYTES], struct str bound, struct str sealed,
                          struct buf *out) MUST_CHECK;

enum { CRYPTO_DIGEST_MOST_BYTES = 64 };
enum crypto_digest_status { CRYPTO_DIGEST_DONE, CRYPTO_DIGEST_UNKNOWN, CRYPTO_DIGEST_FAILED };
/* By the name of the hash ("sha1", "sha3-256"; letters of either case): its digest, or with a key
 * the HMAC by it (key.data NULL: no key). FAILED: the library knows it, but does not let it be
 * used. */
enum crypto_digest_status crypto_digest(const char *hash, struct str key, struct str data,
                                        uint8_t out[CRYPTO_DIGEST_MOST_BYTES], size_t *len);

/* Overwrites memory that held a secret. */
void crypto_wipe(void *p, size_t len);

#endif
