/* Hashes for in-memory tables (never stored) and CRC-32C for stored bytes. Any thread. */
#ifndef TARN_BASE_HASH_H
#define TARN_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* 64-bit hash of bytes; fast, not for adversaries. */
uint64_t hash_bytes(const void *p, size_t len, uint64_t seed);

static inline uint64_t hash_u64(uint64_t v)
{
    v ^= v >> 32;
    v *= 0xd6e8feb86659fd93ull;
    v ^= v >> 32;
    v *= 0xd6e8feb86659fd93ull;
    return v ^ (v >> 32);
}

static inline uint64_t hash_combine(uint64_t a, uint64_t b)
{
    return hash_u64(a ^ (b + 0x9e3779b97f4a7c15ull + (a << 6) + (a >> 2)));
}

/* CRC-32C (Castagnoli, RFC 3720 appendix B.4). Start with crc = 0; feed the result back to
 * continue. */
uint32_t crc32c(uint32_t crc, const void *p, size_t len);

#endif
