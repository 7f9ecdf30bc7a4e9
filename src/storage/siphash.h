/* SipHash-2-4 with 128 bits (Aumasson, Bernstein: "SipHash: a fast short-input PRF"). With a
 * secret key nobody can construct two inputs of equal digest. Stored: never change it. */
#ifndef TARN_STORAGE_SIPHASH_H
#define TARN_STORAGE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

void siphash_128(const uint8_t key[16], const void *p, size_t len, uint8_t out[16]);

#endif
