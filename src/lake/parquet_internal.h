/* Shared by the files of the Parquet reader.
 *
 *   parquet_meta.c     footer bytes -> struct pq_meta
 *   parquet_schema.c   schema elements -> columns (struct pq_node trees) and leaves
 *   parquet_page.c     a leaf's chunk as a stream of decoded pages
 *   parquet_leaf.c     pages -> levels and values of a leaf
 *   parquet_nested.c   levels and values of several leaves -> vectors
 *   parquet_choose.c   statistics and page indexes -> the rows to read
 */
#ifndef TARN_LAKE_PARQUET_INTERNAL_H
#define TARN_LAKE_PARQUET_INTERNAL_H

#include "base/arena.h"
#include "lake/choose.h"
#include "lake/parquet.h"
#include "lake/store.h"

/* Numbers of the format. */
enum pq_type {
    PQ_BOOLEAN,
    PQ_INT32,
    PQ_INT64,
    PQ_INT96,
    PQ_FLOAT,
    PQ_DOUBLE,
    PQ_BYTE_ARRAY,
    PQ_FIXED
};

enum pq_repetition { PQ_REQUIRED, PQ_OPTIONAL, PQ_REPEATED };

enum pq_encoding {
    PQ_PLAIN = 0,
    PQ_PLAIN_DICTIONARY = 2,
    PQ_RLE = 3,
    PQ_BIT_PACKED = 4,
    PQ_DELTA_BINARY_PACKED = 5,
    PQ_DELTA_LENGTH_BYTE_ARRAY = 6,
    PQ_DELTA_BYTE_ARRAY = 7,
    PQ_RLE_DICTIONARY = 8,
    PQ_BYTE_STREAM_SPLIT = 9
};

enum pq_codec {
    PQ_UNCOMPRESSED,
    PQ_SNAPPY,
    PQ_GZIP,
    PQ_LZO,
    PQ_BROTLI,
    PQ_LZ4, /* Hadoop's framing, in practice sometimes raw or LZ4's own frame */
    PQ_ZSTD,
    PQ_LZ4_RAW
};

enum pq_page_type { PQ_DATA_PAGE, PQ_INDEX_PAGE, PQ_DICTIONARY_PAGE, PQ_DATA_PAGE_V2 };

enum pq_logical {
    PQ_LOGICAL_NONE,
    PQ_LOGICAL_STRING,
    PQ_LOGICAL_MAP,
    PQ_LOGICAL_LIST,
    PQ_LOGICAL_ENUM,
    PQ_LOGICAL_DECIMAL,
    PQ_LOGICAL_DATE,
    PQ_LOGICAL_TIME,
    PQ_LOGICAL_TIMESTAMP,
    PQ_LOGICAL_INTERVAL, /* 9 is unused by the format; intervals have a converted type only */
    PQ_LOGICAL_INTEGER,
    PQ_LOGICAL_NULL,
    PQ_LOGICAL_JSON,
    PQ_LOGICAL_BSON,
    PQ_LOGICAL_UUID,
    PQ_LOGICAL_FLOAT16,
    PQ_LOGICAL_VARIANT,
    PQ_LOGICAL_GEOMETRY,
    PQ_LOGICAL_GEOGRAPHY
};

enum pq_time_unit { PQ_UNIT_NONE, PQ_UNIT_MILLIS, PQ_UNIT_MICROS, PQ_UNIT_NANOS };

struct pq_element {
    struct str name;
    bool is_leaf;
    enum pq_type type;
    enum pq_repetition repetition;
    int32_t length; /* PQ_FIXED */
    int32_t child_count;
    int32_t field_id;        /* -1: none */
    enum pq_logical logical; /* converted types are translated into it */
    int32_t precision, scale;
    enum pq_time_unit unit;
    bool adjusted_to_utc;
    int8_t bits;    /* integer; negative: unsigned */
    bool key_value; /* converted type MAP_KEY_VALUE */
};

/* parquet_values.c: bytes of a value as PLAIN stores it; 0 for booleans and byte arrays. */
size_t pq_stored_width(const struct pq_element *el);

/* Where an index of a chunk lies; length 0: there is none. */
struct pq_place {
    int64_t offset;
    int32_t length;
};

/* Bounds as stored: plain encoding. */
struct pq_bounds {
    struct str least, greatest; /* data NULL: not known */
    int64_t null_count;         /* -1: not known */
};

struct pq_chunk {
    enum pq_type type;
    enum pq_codec codec;
    bool present; /* has column metadata */
    bool encrypted;
    struct str file_path;
    int64_t value_count;
    int64_t compressed_bytes;
    int64_t uncompressed_bytes;
    int64_t data_offset;
    int64_t dictionary_offset; /* 0: none known */
    struct pq_bounds bounds;
    bool signed_bounds; /* of the older kind, which compares as signed numbers */
    struct pq_place column_index, offset_index;
};

struct pq_row_group {
    int64_t row_count;
    struct pq_chunk *chunks; /* a chunk a leaf */
    uint32_t chunk_count;
};

struct pq_meta {
    int32_t version;
    int64_t row_count;
    struct pq_element *elements;
    uint32_t element_count;
    struct pq_row_group *row_groups;
    uint32_t row_group_count;
    struct lake_meta *metadata;
    uint32_t metadata_count;
    struct str created_by;
    bool *ordered; /* by leaf: bounds are in the order of its type; NULL: no leaf's are */
    uint32_t ordered_count;
    bool encrypted;
};

/* How a leaf's stored values become those of its vector. */
enum pq_convert {
    PQ_AS_IS,
    PQ_I32_TO_I64,
    PQ_U32_TO_I64,
    PQ_I32_TO_I128,
    PQ_I32_MILLIS,
    PQ_I64_MILLIS,
    PQ_I64_TO_I128,
    PQ_U64_TO_I128,
    PQ_I96_TO_MICROS,
    PQ_BYTES_TO_I64,
    PQ_BYTES_TO_I128,
    PQ_HALF_TO_F32
};

struct pq_leaf_info {
    const struct pq_element *element;
    const char *path; /* dotted, for messages */
    const struct lake_type *type;
    enum pq_convert convert;
    uint8_t max_def, max_rep;
};

/* A value of the type tree. A level of it is present in a row when the definition level reaches
 * `def`; elements of a list exist from `element_def` on and begin where the repetition level is at
 * most `element_rep`. */
struct pq_node {
    const struct lake_type *type;
    const struct lake_type *stored; /* a variant's struct */
    uint8_t def;
    uint8_t element_def;
    uint8_t element_rep;
    uint32_t leaf; /* of a leaf: its index; else its first leaf's */
    uint32_t leaf_count;
    struct pq_node *children;
    uint32_t child_count;
};

struct parquet_file {
    struct arena arena;
    struct lake_object *object;
    uint8_t *footer;  /* names point into it */
    int64_t data_end; /* where the footer begins */
    struct pq_meta meta;
    struct lake_type *schema;
    struct pq_node *columns; /* a node a field of the schema */
    struct pq_leaf_info *leaves;
    uint32_t leaf_count;
};

/* XX001 "could not read Parquet file "F": REASON". */
struct err *pq_damaged(const struct parquet_file *file, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* 0A000 in the same form. */
struct err *pq_unsupported(const struct parquet_file *file, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Parses the footer into file->meta. */
struct err *pq_meta_parse(struct parquet_file *file, const uint8_t *footer, size_t len) MUST_CHECK;
/* Builds schema, columns and leaves, and checks the row groups against them. */
struct err *pq_schema_build(struct parquet_file *file) MUST_CHECK;

/* Data pages of a chunk, as its offset index has them. */
struct pq_pages {
    uint32_t count;
    const int64_t *offsets;
    const int64_t *first_rows; /* of the row group; count + 1 entries, the last its rows */
};

struct pq_rows {
    int64_t begin, end; /* in the row group */
};

/* ---- parquet_choose.c ---- */

/* Whether the row group may have rows that are wanted, by the statistics of its chunks. */
struct err *pq_choose_group(struct parquet_file *file, uint32_t group,
                            const struct lake_chooser *chooser, bool *may) MUST_CHECK;
/* The rows of a row group that may be wanted, by its page indexes; ranges in order, apart, in the
 * arena. */
struct err *pq_choose_rows(struct parquet_file *file, uint32_t group,
                           const struct lake_chooser *chooser, struct arena *arena,
                           struct pq_rows **out, uint32_t *count) MUST_CHECK;
/* The pages of a chunk, in the arena; *out NULL: not known. */
struct err *pq_read_pages(struct parquet_file *file, uint32_t group, uint32_t leaf,
                          struct arena *arena, const struct pq_pages **out) MUST_CHECK;
/* Where a chunk begins. */
int64_t pq_chunk_begin(const struct pq_chunk *chunk);

/* Decompresses into exactly `out_len` bytes. The reason on failure, NULL on success. */
const char *pq_decompress(enum pq_codec codec, const uint8_t *in, size_t in_len, uint8_t *out,
                          size_t out_len) MUST_CHECK;
const char *pq_codec_name(enum pq_codec codec); /* NULL: not one we can read */

/* Bytes of a value in memory. */
size_t lake_phys_size(enum lake_phys phys);

#endif
