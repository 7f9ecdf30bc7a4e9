/* Message digests for SQL functions: MD5 (RFC 1321) and SHA-2 (FIPS 180-4). Any thread. */
#ifndef TARN_EXEC_FUNCTIONS_DIGEST_H
#define TARN_EXEC_FUNCTIONS_DIGEST_H

#include <stddef.h>
#include <stdint.h>

void md5_digest(const void *p, size_t len, uint8_t out[16]);
void sha224_digest(const void *p, size_t len, uint8_t out[28]);
void sha256_digest(const void *p, size_t len, uint8_t out[32]);
void sha384_digest(const void *p, size_t len, uint8_t out[48]);
void sha512_digest(const void *p, size_t len, uint8_t out[64]);

#endif
