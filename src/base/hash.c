/* Hashes: see hash.h. hash_bytes multiplies and folds 128-bit products, 16 bytes a step. */
#include "base/hash.h"

#include "base/bytes.h"

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

static uint64_t fold(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

uint64_t hash_bytes(const void *p, size_t len, uint64_t seed)
{
    const uint64_t k0 = 0x8bb84b93962eacc9ull;
    const uint64_t k1 = 0x2d358dccaa6c78a5ull;
    const uint8_t *b = p;
    size_t left = len;
    uint64_t h = seed ^ k0;
    for (; left > 16; left -= 16, b += 16)
        h = fold(load_le64(b) ^ k1, load_le64(b + 8) ^ h);
    uint64_t x = 0;
    uint64_t y = 0;
    if (left > 8) {
        x = load_le64(b);
        y = load_le64(b + left - 8);
    } else if (left >= 4) {
        x = load_le32(b);
        y = load_le32(b + left - 4);
    } else {
        for (size_t i = 0; i < left; i++)
            x = x << 8 | b[i];
    }
    return fold(fold(x ^ k1, y ^ h) ^ k0, len ^ k1);
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t crc32c_sse42(uint32_t crc, const uint8_t *p,
                                                               size_t len)
{
    uint64_t c = crc;
    for (; len >= 8; len -= 8, p += 8)
        c = _mm_crc32_u64(c, load_le64(p));
    for (; len; len--, p++)
        c = _mm_crc32_u8((uint32_t)c, *p);
    return (uint32_t)c;
}
#endif

static uint32_t crc32c_bits(uint32_t crc, const uint8_t *p, size_t len)
{
    for (; len; len--, p++) {
        crc ^= *p;
        for (int i = 0; i < 8; i++)
            crc = crc & 1 ? crc >> 1 ^ 0x82f63b78u : crc >> 1;
    }
    return crc;
}

uint32_t crc32c(uint32_t crc, const void *p, size_t len)
{
    crc = ~crc;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse4.2"))
        return ~crc32c_sse42(crc, p, len);
#endif
    return ~crc32c_bits(crc, p, len);
}
