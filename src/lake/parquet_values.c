/* Values of a page, by encoding. Decoding has two steps: stored values in their raw form (bool,
 * int32, int64, 12 bytes, float, double, struct str), then, where the vector holds another form, a
 * conversion by portions that stay in cache. Dictionaries are converted once, so that a
 * dictionary-encoded page only gathers. */
#include "lake/parquet_leaf.h"

#include "base/bytes.h"

#include <stdlib.h>

const char pq_too_much[] = "a batch of its values needs too much memory";
static const char too_short[] = "page ends before its values";
static const char wrong_type[] = "encoding does not fit the column's type";

static bool is_bytes(const struct pq_leaf *leaf)
{
    enum pq_type type = leaf->info->element->type;
    return type == PQ_BYTE_ARRAY || type == PQ_FIXED;
}

static bool is_dictionary(const struct pq_leaf *leaf)
{
    return leaf->encoding == PQ_PLAIN_DICTIONARY || leaf->encoding == PQ_RLE_DICTIONARY;
}

size_t pq_stored_width(const struct pq_element *el)
{
    switch (el->type) {
    case PQ_INT32:
    case PQ_FLOAT:
        return 4;
    case PQ_INT64:
    case PQ_DOUBLE:
        return 8;
    case PQ_INT96:
        return 12;
    case PQ_FIXED:
        return (size_t)el->length;
    case PQ_BOOLEAN:
    case PQ_BYTE_ARRAY:
        break;
    }
    return 0;
}

static const char *begin_index(struct pq_leaf *leaf)
{
    if (!leaf->has_dict)
        return "dictionary page is missing";
    uint32_t width = leaf->p < leaf->end ? *leaf->p++ : 0;
    if (width > 32)
        return "dictionary indexes are wider than 32 bits";
    /* Width 0 means that every index is 0; a page of NULLs may be empty altogether. */
    pq_rle_init(&leaf->index, leaf->p, (size_t)(leaf->end - leaf->p), width);
    return NULL;
}

static const char *begin_delta_lengths(struct pq_leaf *leaf)
{
    const char *bad = pq_delta_init(&leaf->delta, leaf->p, (size_t)(leaf->end - leaf->p));
    return bad ? bad : pq_delta_end(&leaf->delta, &leaf->p);
}

static const char *begin_delta_strings(struct pq_leaf *leaf)
{
    leaf->previous_len = 0;
    const char *bad = pq_delta_init(&leaf->prefix, leaf->p, (size_t)(leaf->end - leaf->p));
    if (!bad)
        bad = pq_delta_end(&leaf->prefix, &leaf->p);
    return bad ? bad : begin_delta_lengths(leaf);
}

const char *pq_values_begin(struct pq_leaf *leaf)
{
    enum pq_type type = leaf->info->element->type;
    size_t left = (size_t)(leaf->end - leaf->p), width = pq_stored_width(leaf->info->element);
    leaf->bit = 0;
    if (is_dictionary(leaf))
        return begin_index(leaf);
    if (!left && leaf->encoding != PQ_PLAIN) {
        /* No values at all: reading any from it as plain reports the missing bytes. */
        leaf->encoding = PQ_PLAIN;
        return NULL;
    }
    switch (leaf->encoding) {
    case PQ_PLAIN:
        return NULL;
    case PQ_RLE:
        if (type != PQ_BOOLEAN)
            return wrong_type;
        if (left < 4 || load_le32(leaf->p) > left - 4)
            return too_short;
        pq_rle_init(&leaf->index, leaf->p + 4, load_le32(leaf->p), 1);
        return NULL;
    case PQ_DELTA_BINARY_PACKED:
        if (type != PQ_INT32 && type != PQ_INT64)
            return wrong_type;
        return pq_delta_init(&leaf->delta, leaf->p, left);
    case PQ_DELTA_LENGTH_BYTE_ARRAY:
        return type == PQ_BYTE_ARRAY ? begin_delta_lengths(leaf) : wrong_type;
    case PQ_DELTA_BYTE_ARRAY:
        return is_bytes(leaf) ? begin_delta_strings(leaf) : wrong_type;
    case PQ_BYTE_STREAM_SPLIT:
        if (!width || type == PQ_INT96)
            return wrong_type;
        leaf->split_count = left / width;
        leaf->split_next = 0;
        return left % width ? "page is no multiple of its values" : NULL;
    case PQ_BIT_PACKED:
    case PQ_PLAIN_DICTIONARY:
    case PQ_RLE_DICTIONARY:
        break;
    }
    return "values of unknown encoding";
}

static const char *plain_booleans(struct pq_leaf *leaf, uint8_t *out, size_t n)
{
    if (n > (size_t)(leaf->end - leaf->p) * 8 - leaf->bit)
        return too_short;
    uint32_t bit = leaf->bit;
    for (size_t i = 0; i < n; i++, bit++)
        out[i] = leaf->p[bit / 8] >> (bit % 8) & 1;
    leaf->p += bit / 8;
    leaf->bit = bit % 8;
    return NULL;
}

static const char *plain_strings(struct pq_leaf *leaf, struct str *out, size_t n)
{
    const uint8_t *p = leaf->p, *end = leaf->end;
    for (size_t i = 0; i < n; i++) {
        if (end - p < 4)
            return too_short;
        uint32_t len = load_le32(p);
        p += 4;
        if (len > (size_t)(end - p))
            return too_short;
        out[i] = str_make(p, len);
        p += len;
    }
    leaf->p = p;
    return NULL;
}

static const char *plain_raw(struct pq_leaf *leaf, void *out, size_t n)
{
    const struct pq_element *el = leaf->info->element;
    size_t width = pq_stored_width(el);
    if (el->type == PQ_BOOLEAN)
        return plain_booleans(leaf, out, n);
    if (el->type == PQ_BYTE_ARRAY)
        return plain_strings(leaf, out, n);
    if (n > (size_t)(leaf->end - leaf->p) / width)
        return too_short;
    if (el->type == PQ_FIXED) {
        struct str *s = out;
        for (size_t i = 0; i < n; i++)
            s[i] = str_make(leaf->p + i * width, width);
    } else {
        memcpy(out, leaf->p, n * width);
    }
    leaf->p += n * width;
    return NULL;
}

static const char *delta_numbers(struct pq_leaf *leaf, void *out, size_t n)
{
    if (leaf->info->element->type == PQ_INT64)
        return pq_delta_get(&leaf->delta, out, n);
    int32_t *narrow = out;
    int64_t wide[128];
    while (n) {
        size_t k = n < ARRAY_LENGTH(wide) ? n : ARRAY_LENGTH(wide);
        const char *bad = pq_delta_get(&leaf->delta, wide, k);
        if (bad)
            return bad;
        for (size_t i = 0; i < k; i++)
            narrow[i] = (int32_t)wide[i];
        narrow += k;
        n -= k;
    }
    return NULL;
}

/* One string of DELTA_LENGTH_BYTE_ARRAY, as a slice of the page. */
static inline const char *delta_slice(struct pq_leaf *leaf, int64_t len, struct str *out)
{
    if (len < 0 || len > leaf->end - leaf->p)
        return too_short;
    *out = str_make(leaf->p, (size_t)len);
    leaf->p += len;
    return NULL;
}

static const char *delta_length_strings(struct pq_leaf *leaf, struct str *out, size_t n)
{
    int64_t lengths[128];
    while (n) {
        size_t k = n < ARRAY_LENGTH(lengths) ? n : ARRAY_LENGTH(lengths);
        const char *bad = pq_delta_get(&leaf->delta, lengths, k);
        for (size_t i = 0; i < k && !bad; i++)
            bad = delta_slice(leaf, lengths[i], &out[i]);
        if (bad)
            return bad;
        out += k;
        n -= k;
    }
    return NULL;
}

/* The next value is `prefix` bytes of the one before and `suffix`. The copy lives for the batch;
 * `previous` outlives it, for the next batch may begin inside the page. */
static const char *delta_string(struct pq_leaf *leaf, int64_t prefix, struct str suffix,
                                struct str *out)
{
    if (prefix < 0 || (uint64_t)prefix > leaf->previous_len)
        return "prefix is longer than the value before";
    size_t len = (size_t)prefix + suffix.len;
    if (len > leaf->previous_cap) {
        size_t cap = len * 2;
        uint8_t *p = realloc(leaf->previous, cap);
        if (!p)
            return pq_too_much;
        leaf->previous = p;
        leaf->previous_cap = cap;
    }
    if (suffix.len)
        memcpy(leaf->previous + prefix, suffix.data, suffix.len);
    leaf->previous_len = len;
    char *copy = arena_try_alloc(&leaf->strings, len + 1);
    if (!copy)
        return pq_too_much;
    if (len)
        memcpy(copy, leaf->previous, len);
    *out = str_make(copy, len);
    return NULL;
}

static const char *delta_strings(struct pq_leaf *leaf, struct str *out, size_t n)
{
    int64_t lengths[64], prefixes[64];
    const struct pq_element *el = leaf->info->element;
    while (n) {
        size_t k = n < ARRAY_LENGTH(lengths) ? n : ARRAY_LENGTH(lengths);
        const char *bad = pq_delta_get(&leaf->prefix, prefixes, k);
        if (!bad)
            bad = pq_delta_get(&leaf->delta, lengths, k);
        for (size_t i = 0; i < k && !bad; i++) {
            struct str suffix;
            bad = delta_slice(leaf, lengths[i], &suffix);
            if (!bad)
                bad = delta_string(leaf, prefixes[i], suffix, &out[i]);
            if (!bad && el->type == PQ_FIXED && out[i].len != (size_t)el->length)
                bad = "value of a fixed length has another";
        }
        if (bad)
            return bad;
        out += k;
        n -= k;
    }
    return NULL;
}

/* Byte j of value i lies at j * count + i. */
static const char *split_raw(struct pq_leaf *leaf, void *out, size_t n)
{
    const struct pq_element *el = leaf->info->element;
    size_t width = pq_stored_width(el), count = leaf->split_count;
    if (n > count - leaf->split_next)
        return too_short;
    uint8_t *to = out;
    if (el->type == PQ_FIXED) {
        to = arena_try_alloc(&leaf->strings, n * width + 1);
        if (!to)
            return pq_too_much;
        struct str *s = out;
        for (size_t i = 0; i < n; i++)
            s[i] = str_make(to + i * width, width);
    }
    const uint8_t *from = leaf->p + leaf->split_next;
    for (size_t j = 0; j < width; j++, from += count) {
        for (size_t i = 0; i < n; i++)
            to[i * width + j] = from[i];
    }
    leaf->split_next += n;
    return NULL;
}

static const char *raw_values(struct pq_leaf *leaf, void *out, size_t n)
{
    switch (leaf->encoding) {
    case PQ_PLAIN:
        return plain_raw(leaf, out, n);
    case PQ_RLE:
        return pq_rle_u8(&leaf->index, out, n);
    case PQ_DELTA_BINARY_PACKED:
        return delta_numbers(leaf, out, n);
    case PQ_DELTA_LENGTH_BYTE_ARRAY:
        return delta_length_strings(leaf, out, n);
    case PQ_DELTA_BYTE_ARRAY:
        return delta_strings(leaf, out, n);
    case PQ_BYTE_STREAM_SPLIT:
        return split_raw(leaf, out, n);
    case PQ_BIT_PACKED:
    case PQ_PLAIN_DICTIONARY:
    case PQ_RLE_DICTIONARY:
        break;
    }
    UNREACHABLE();
}

#define GATHER(type)                          \
    do {                                      \
        const type *from_ = leaf->dict;       \
        type *to_ = out;                      \
        for (size_t i = 0; i < k; i++)        \
            to_[i] = from_[leaf->indexes[i]]; \
        out = to_ + k;                        \
    } while (0)

static const char *gather_values(struct pq_leaf *leaf, void *out, size_t n)
{
    while (n) {
        size_t k = n < PQ_PORTION ? n : PQ_PORTION;
        const char *bad = pq_rle_u32(&leaf->index, leaf->indexes, k);
        if (bad)
            return bad;
        uint32_t max = 0;
        for (size_t i = 0; i < k; i++)
            max = leaf->indexes[i] > max ? leaf->indexes[i] : max;
        if (max >= leaf->dict_count)
            return "dictionary index is out of range";
        if (leaf->value_size == 4)
            GATHER(uint32_t);
        else if (leaf->value_size == 8)
            GATHER(uint64_t);
        else if (leaf->value_size == 16)
            GATHER(__int128);
        else
            GATHER(uint8_t);
        n -= k;
    }
    return NULL;
}

static const char *converted_values(struct pq_leaf *leaf, void *out, size_t n)
{
    if (leaf->info->convert == PQ_AS_IS)
        return raw_values(leaf, out, n);
    while (n) {
        size_t k = n < PQ_PORTION ? n : PQ_PORTION;
        const char *bad = raw_values(leaf, leaf->scratch, k);
        if (!bad)
            bad = pq_convert_values(leaf->info, leaf->scratch, out, k);
        if (bad)
            return bad;
        out = (uint8_t *)out + k * leaf->value_size;
        n -= k;
    }
    return NULL;
}

const char *pq_values_get(struct pq_leaf *leaf, void *out, size_t n)
{
    if (!n)
        return NULL;
    if (is_dictionary(leaf))
        return gather_values(leaf, out, n);
    leaf->page_referenced |= leaf->phys == LAKE_PHYS_BYTES;
    return converted_values(leaf, out, n);
}

const char *pq_values_dictionary(struct pq_leaf *leaf, uint32_t count)
{
    const struct pq_element *el = leaf->info->element;
    size_t left = (size_t)(leaf->end - leaf->p);
    size_t width = el->type == PQ_BYTE_ARRAY ? 4 : pq_stored_width(el);
    /* Before allocating for them: the values must be there. */
    if (el->type == PQ_BOOLEAN ? count > left * 8 : count > left / width)
        return "dictionary page ends before its values";
    leaf->dict = malloc((size_t)count * leaf->value_size + 1);
    if (!leaf->dict)
        return pq_too_much;
    leaf->encoding = PQ_PLAIN;
    leaf->bit = 0;
    leaf->dict_count = count;
    leaf->has_dict = true;
    return converted_values(leaf, leaf->dict, count);
}
