/* Encodings: known byte strings, every width, and cut-off input. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lake/parquet_decode.h"
#include "lake/parquet_internal.h"

#include <stdlib.h>
#include <string.h>

static void rle_runs_and_packed(void **state)
{
    /* A run of 5 times 3, then eight packed values 0..7 of three bits. */
    uint8_t page[5 + PQ_PADDING] = {5 << 1, 3, 3, 0x88, 0xc6};
    uint8_t bytes[6 + PQ_PADDING] = {5 << 1, 3, 3, 0x88, 0xc6, 0xfa};
    struct pq_rle r;
    uint8_t out[13];
    pq_rle_init(&r, bytes, 6, 3);
    assert_null(pq_rle_u8(&r, out, 2));
    assert_null(pq_rle_u8(&r, out + 2, 11));
    for (int i = 0; i < 5; i++)
        assert_int_equal(out[i], 3);
    for (int i = 0; i < 8; i++)
        assert_int_equal(out[5 + i], i);
    assert_non_null(pq_rle_u8(&r, out, 1));
    /* The packed section lacks its last byte: five whole values are there. */
    pq_rle_init(&r, page, 5, 3);
    assert_null(pq_rle_u8(&r, out, 10));
    assert_non_null(pq_rle_u8(&r, out, 1));
    pq_rle_init(&r, page, 0, 0);
    assert_null(pq_rle_u8(&r, out, 13));
    assert_int_equal(out[12], 0);
}

static void rle_refuses_wide_run(void **state)
{
    uint8_t bytes[2 + PQ_PADDING] = {4 << 1, 9};
    struct pq_rle r;
    uint32_t out[4];
    pq_rle_init(&r, bytes, 2, 3);
    assert_non_null(pq_rle_u32(&r, out, 4));
}

static void rle_all_widths(void **state)
{
    for (uint32_t width = 1; width <= 32; width++) {
        uint8_t bytes[256 + PQ_PADDING] = {0};
        uint32_t want[32], out[32];
        uint64_t mask = ~0ull >> (64 - width);
        bytes[0] = 4 << 1 | 1;
        for (uint32_t i = 0; i < 32; i++) {
            want[i] = (uint32_t)(0x9e3779b97f4a7c15ull * (i + 1) >> 13 & mask);
            for (uint32_t b = 0; b < width; b++) {
                uint32_t at = i * width + b;
                bytes[1 + at / 8] |= (uint8_t)((want[i] >> b & 1) << (at % 8));
            }
        }
        struct pq_rle r;
        pq_rle_init(&r, bytes, 1 + 4 * width, width);
        assert_null(pq_rle_u32(&r, out, 7));
        assert_null(pq_rle_u32(&r, out + 7, 25));
        assert_memory_equal(out, want, sizeof(want));
    }
}

static void bit_packed_levels(void **state)
{
    uint8_t bytes[3 + PQ_PADDING] = {0x05, 0x39, 0x77}; /* 0..7, high bits first */
    struct pq_rle r;
    uint8_t out[8];
    pq_rle_init_msb(&r, bytes, 3, 3, 8);
    assert_null(pq_rle_u8(&r, out, 8));
    for (int i = 0; i < 8; i++)
        assert_int_equal(out[i], i);
    assert_non_null(pq_rle_u8(&r, out, 1));
}

static void delta_numbers(void **state)
{
    /* Block 128, 4 miniblocks, 5 values from 7: 7 5 3 1 2; deltas -2 -2 -2 1, minimum -2. */
    uint8_t bytes[64 + PQ_PADDING] = {0x80, 1, 4, 5, 14, 3, 2, 0, 0, 0, 0xc0};
    struct pq_delta d;
    int64_t out[5];
    static const int64_t want[] = {7, 5, 3, 1, 2};
    const uint8_t *end;
    assert_null(pq_delta_init(&d, bytes, 10 + 8));
    assert_null(pq_delta_end(&d, &end));
    assert_ptr_equal(end, bytes + 18);
    assert_null(pq_delta_get(&d, out, 2));
    assert_null(pq_delta_get(&d, out + 2, 3));
    assert_memory_equal(out, want, sizeof(want));
    assert_non_null(pq_delta_get(&d, out, 1));
    /* Cut off inside the miniblock, but behind its last value. */
    assert_null(pq_delta_init(&d, bytes, 11));
    assert_null(pq_delta_get(&d, out, 5));
    assert_null(pq_delta_init(&d, bytes, 10));
    assert_non_null(pq_delta_get(&d, out, 5));
}

static void delta_refuses_bad_headers(void **state)
{
    static const uint8_t bad[][8] = {{0}, {0x80, 1, 0, 1, 0}, {0x80, 1, 3, 1, 0}, {100, 4, 1, 0}};
    struct pq_delta d;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_non_null(pq_delta_init(&d, bad[i], 8));
    assert_non_null(pq_delta_init(&d, bad[1], 0));
}

/* Literals alone: "abc" and "de" as chunks of one block, or as blocks. */
static void lz4_with_hadoop_framing(void **state)
{
    static const uint8_t one[] = {0,   0,   0, 5, 0, 0, 0,    4,   0x30, 'a',
                                  'b', 'c', 0, 0, 0, 3, 0x20, 'd', 'e'};
    static const uint8_t two[] = {0, 0, 0, 3, 0, 0, 0, 4, 0x30, 'a', 'b', 'c',
                                  0, 0, 0, 2, 0, 0, 0, 3, 0x20, 'd', 'e'};
    uint8_t out[5];
    assert_null(pq_decompress(PQ_LZ4, one, sizeof(one), out, 5));
    assert_memory_equal(out, "abcde", 5);
    memset(out, 0, sizeof(out));
    assert_null(pq_decompress(PQ_LZ4, two, sizeof(two), out, 5));
    assert_memory_equal(out, "abcde", 5);
    for (size_t len = 0; len < sizeof(one); len++)
        assert_non_null(pq_decompress(PQ_LZ4, one, len, out, 5));
    assert_non_null(pq_decompress(PQ_LZ4, one, sizeof(one), out, 4));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rle_runs_and_packed),     cmocka_unit_test(rle_refuses_wide_run),
        cmocka_unit_test(rle_all_widths),          cmocka_unit_test(bit_packed_levels),
        cmocka_unit_test(delta_numbers),           cmocka_unit_test(delta_refuses_bad_headers),
        cmocka_unit_test(lz4_with_hadoop_framing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
