/* Decompression. The output size is known from the page header and must be met exactly. */
#include "base/bytes.h"
#include "lake/parquet_internal.h"

#include <brotli/decode.h>
#include <lz4.h>
#include <snappy-c.h>
#include <zlib.h>
#include <zstd.h>

const char *pq_codec_name(enum pq_codec codec)
{
    switch (codec) {
    case PQ_UNCOMPRESSED:
        return "uncompressed";
    case PQ_SNAPPY:
        return "snappy";
    case PQ_GZIP:
        return "gzip";
    case PQ_BROTLI:
        return "brotli";
    case PQ_LZ4:
        return "lz4";
    case PQ_ZSTD:
        return "zstd";
    case PQ_LZ4_RAW:
        return "lz4_raw";
    case PQ_LZO:
        break;
    }
    return NULL;
}

static const char *inflate_page(const uint8_t *in, size_t in_len, uint8_t *out, size_t out_len)
{
    z_stream z = {.next_in = (Bytef *)in,
                  .avail_in = (uInt)in_len,
                  .next_out = out,
                  .avail_out = (uInt)out_len};
    /* 15 window bits; +32: gzip or zlib header, whichever is there. */
    if (inflateInit2(&z, 15 + 32) != Z_OK)
        return "out of memory in gzip";
    int rc;
    /* A gzip file may have several members one after another. */
    while ((rc = inflate(&z, Z_FINISH)) == Z_STREAM_END && z.avail_in && z.avail_out)
        inflateReset(&z);
    size_t left = z.avail_out;
    inflateEnd(&z);
    return rc == Z_STREAM_END && !left ? NULL : "gzip data is damaged";
}

static bool lz4_raw(const uint8_t *in, size_t in_len, uint8_t *out, size_t out_len)
{
    return LZ4_decompress_safe((const char *)in, (char *)out, (int)in_len, (int)out_len) ==
           (int)out_len;
}

/* Hadoop's framing: blocks of big-endian decompressed size and the chunks that make it up, each
 * with its big-endian compressed size in front. A block of more than Hadoop's buffer has several
 * chunks. */
static bool lz4_hadoop(const uint8_t *in, size_t in_len, uint8_t *out, size_t out_len)
{
    while (in_len >= 8) {
        uint32_t plain = load_be32(in);
        if (plain > out_len)
            return false;
        in += 4, in_len -= 4;
        out_len -= plain;
        do {
            uint32_t packed = in_len < 4 ? UINT32_MAX : load_be32(in);
            if (in_len < 4 || packed > in_len - 4)
                return false;
            int n = LZ4_decompress_safe((const char *)in + 4, (char *)out, (int)packed, (int)plain);
            if (n < 0 || (!n && plain))
                return false;
            in += 4 + packed, in_len -= 4 + packed;
            out += n, plain -= (uint32_t)n;
        } while (plain);
    }
    return in_len == 0 && out_len == 0;
}

const char *pq_decompress(enum pq_codec codec, const uint8_t *in, size_t in_len, uint8_t *out,
                          size_t out_len)
{
    size_t n = out_len;
    switch (codec) {
    case PQ_UNCOMPRESSED:
        if (in_len != out_len)
            return "uncompressed page differs from its size";
        if (in_len)
            memcpy(out, in, in_len);
        return NULL;
    case PQ_SNAPPY:
        if (snappy_uncompressed_length((const char *)in, in_len, &n) != SNAPPY_OK || n != out_len ||
            snappy_uncompress((const char *)in, in_len, (char *)out, &n) != SNAPPY_OK)
            return "snappy data is damaged";
        return NULL;
    case PQ_GZIP:
        return inflate_page(in, in_len, out, out_len);
    case PQ_BROTLI:
        if (BrotliDecoderDecompress(in_len, in, &n, out) != BROTLI_DECODER_RESULT_SUCCESS ||
            n != out_len)
            return "brotli data is damaged";
        return NULL;
    case PQ_LZ4:
        if (!lz4_hadoop(in, in_len, out, out_len) && !lz4_raw(in, in_len, out, out_len))
            return "lz4 data is damaged";
        return NULL;
    case PQ_ZSTD:
        if (ZSTD_decompress(out, out_len, in, in_len) != out_len)
            return "zstd data is damaged";
        return NULL;
    case PQ_LZ4_RAW:
        return lz4_raw(in, in_len, out, out_len) ? NULL : "lz4 data is damaged";
    case PQ_LZO:
        break;
    }
    return "unknown codec";
}
