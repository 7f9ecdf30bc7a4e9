/* Shared by the files of the Delta reader.
 *
 *   delta_log.c        which log files make a version, and their replay
 *   delta_action.c     actions, from JSON lines and from checkpoint batches
 *   delta_files.c      the active files
 *   delta_schema.c     schemaString -> type tree
 *   delta_value.c      partition values -> constant vectors
 *   delta_conform.c    vectors of a file -> the table's types
 *   delta_dv.c         deletion vectors
 *   delta_scan.c       rows
 *   delta_changes.c    rows that versions changed
 *   delta_history.c    what commits say of themselves
 */
#ifndef TARN_LAKE_DELTA_INTERNAL_H
#define TARN_LAKE_DELTA_INTERNAL_H

#include "base/arena.h"
#include "lake/delta.h"
#include "lake/jsondoc.h"
#include "lake/store.h"

enum delta_mapping { DELTA_MAP_NONE, DELTA_MAP_NAME, DELTA_MAP_ID };

struct delta_dv {
    char storage; /* 'u' relative file, 'p' absolute path, 'i' inline, 0: none */
    struct str path_or_inline;
    int64_t offset; /* -1: none */
    int64_t size_bytes;
    int64_t cardinality;
};

/* An add or remove before it is known to stay: strings are borrowed. */
struct delta_partition_pair {
    struct str key, value;
    bool is_null;
};

enum delta_action_kind { DELTA_ADD, DELTA_REMOVE, DELTA_CDC };

struct delta_file_action {
    enum delta_action_kind kind;
    bool data_change;
    bool has_partition; /* removes may come without */
    struct str path;    /* as in the log */
    int64_t size_bytes, modified_ms, row_count;
    struct str stats;
    const struct delta_partition_pair *partition;
    uint32_t partition_count;
    struct delta_dv dv;
};

/* What the log says of the partition of files; its values are in the order of the partition
 * columns, once metaData is known. */
struct delta_partition {
    struct delta_partition *next;
    uint64_t hash;
    struct delta_partition_pair *pairs;
    uint32_t count;
    const struct delta_partition_value *values;
};

struct delta_entry {
    struct delta_file file;
    struct delta_entry *next; /* in the order of their first actions */
    struct delta_partition *partition;
    struct delta_dv *dv; /* the file's */
    bool active;
};

struct delta_file_slot {
    uint64_t hash;
    struct delta_entry *entry; /* NULL: free */
};

/* During replay: the files seen so far, by place and deletion vector, and their partitions. Open
 * addressing, powers of two of slots, on the heap. */
struct delta_file_map {
    struct delta_file_slot *slots;
    size_t count, slot_count;
    struct delta_entry *first, *last;
    struct delta_partition **partition_slots;
    size_t partition_count, partition_slot_count;
    struct delta_partition *partitions;
};

struct delta_snapshot {
    struct arena arena;
    struct lake_store *store;
    struct str path;
    struct str log_path;
    int64_t version;
    int64_t timestamp_us;
    bool schema_only; /* its files are not wanted */

    bool has_protocol, has_metadata;
    struct delta_protocol protocol;
    struct str id, name, schema_string;
    struct lake_meta *properties;
    uint32_t property_count;
    struct str *partition_names;
    uint32_t partition_count;
    enum delta_mapping mapping;

    const struct lake_type *schema;
    uint32_t *partition_columns;
    const struct lake_type **partition_types;

    struct delta_file_map map;
    const struct delta_file **files;
    uint32_t file_count;
};

/* Errors naming the table. */
struct err *delta_damaged(const struct delta_snapshot *s, const char *fmt, ...) PRINTF_LIKE(2, 3);
struct err *delta_unsupported(const struct delta_snapshot *s, const char *fmt, ...)
    PRINTF_LIKE(2, 3);

/* delta_log.c */
struct log_checkpoint {
    int64_t version;
    uint32_t part, part_count; /* 1 of 1 unless in parts */
    bool v2;
    struct str name;
};

struct log_commit {
    int64_t version;
    int64_t modified_ms;
    struct str name;
};

/* The actions of commits first to last in one file, of each file the last one. */
struct log_compaction {
    int64_t first, last;
    struct str name;
};

struct log_files {
    struct log_commit *commits; /* ascending */
    size_t commit_count, commit_capacity;
    struct log_checkpoint *checkpoints; /* ascending by version, then name */
    size_t checkpoint_count, checkpoint_capacity;
    struct log_compaction *compactions; /* ascending by first, then last */
    size_t compaction_count, compaction_capacity;
};

/* A snapshot with nothing read yet, for the log of the table at `path`. */
struct err *delta_new(struct lake_store *store, struct str path,
                      struct delta_snapshot **out) MUST_CHECK;
/* The files of the log from version `from` on, in the snapshot's arena. */
struct err *delta_list_log(struct delta_snapshot *s, int64_t from,
                           struct log_files *out) MUST_CHECK;
const struct log_commit *delta_find_commit(const struct log_files *f, int64_t version);
/* Appends a file of the log. */
struct err *delta_read_log_file(struct delta_snapshot *s, struct str name,
                                struct buf *out) MUST_CHECK;
/* The in-commit timestamp, which is in the first line of a commit that has one; else the file's
 * own time. */
int64_t delta_commit_time_us(const struct log_commit *c, struct str text);

/* delta_action.c */
/* The adds, removes and change files of a commit in their order, and its columns. Trees and strings
 * live in the arena or point into `text`. */
struct delta_actions {
    struct delta_file_action *items;
    size_t count, capacity;
    struct str schema_string; /* of its metaData, NULL: it has none */
};
struct err *delta_commit_actions(struct delta_snapshot *s, struct str file_name, struct str text,
                                 struct arena *arena, struct delta_actions *out) MUST_CHECK;
/* Applies the JSON lines of `file_name`. Sidecar paths are pushed to *sidecars when it is not
 * NULL (a V2 checkpoint). */
struct delta_names {
    struct str *items;
    size_t count, capacity;
};
struct err *delta_apply_json(struct delta_snapshot *s, struct str file_name, struct str text,
                             struct delta_names *sidecars) MUST_CHECK;
struct err *delta_apply_checkpoint(struct delta_snapshot *s, struct str file_name,
                                   struct delta_names *sidecars) MUST_CHECK;

/* delta_files.c */
/* The identity of a deletion vector, empty: none. */
struct str delta_dv_identity(const struct delta_dv *dv, struct arena *arena);
/* Sets path and place. 0A000: it lies in another store. */
struct err *delta_file_place(const struct delta_snapshot *s, struct str path, struct arena *arena,
                             struct delta_file *out) MUST_CHECK;
struct err *delta_files_add(struct delta_snapshot *s, const struct delta_file_action *a,
                            struct arena *scratch) MUST_CHECK;
struct err *delta_files_remove(struct delta_snapshot *s, const struct delta_file_action *a,
                               struct arena *scratch) MUST_CHECK;
/* After replay: the active files in order, with their partition values. */
struct err *delta_files_finish(struct delta_snapshot *s) MUST_CHECK;
/* Frees what only replay needs. */
void delta_files_forget(struct delta_snapshot *s);

/* delta_schema.c */
/* `where` names the source in messages. */
struct err *delta_parse_schema(struct arena *arena, struct str schema_string, const char *where,
                               enum delta_mapping mapping, const struct lake_type **out) MUST_CHECK;

/* delta_conform.c */
struct err *lake_null_vec(struct arena *arena, const struct lake_type *type, uint32_t rows,
                          struct lake_vec *out) MUST_CHECK;
/* The index of the file's field for a field of the table, -1 when the file has none. */
int delta_match_field(const struct lake_type *file, const struct lake_field *field,
                      enum delta_mapping mapping);
/* The vector in the table's type; shares what it can with `in`. */
struct delta_conform {
    struct arena *arena;
    enum delta_mapping mapping;
};
struct err *delta_conform_vec(struct delta_conform *c, const struct lake_vec *in,
                              const struct lake_type *type, struct lake_vec *out) MUST_CHECK;
/* The rows of `in` that `rows` names, in order. */
struct err *lake_vec_select(struct arena *arena, const struct lake_vec *in, const uint32_t *rows,
                            uint32_t count, struct lake_vec *out) MUST_CHECK;

/* delta_scan.c */
/* Rows of one file: those that `only` has (NULL: all) and `except` has not. */
struct delta_piece {
    const struct delta_file *file;
    struct delta_dv except; /* storage 0: none */
    struct delta_dv only;   /* storage 0: all */
    uint32_t index;         /* the batches' file_index */
    /* Instead of the file's partition_values, for a file of another version, which may have been
     * partitioned otherwise: as in the log. A column without a value is in the file. */
    bool from_log;
    const struct delta_partition_pair *partition;
    uint32_t partition_count;
};
/* `schema`: of the table, perhaps with more fields behind; columns are indexes into its fields.
 * The pieces are copied, what they point to is not. */
/* Rows of the file that is being read, deleted ones included. */
int64_t delta_scan_file_rows(const struct delta_scan *scan);
struct err *delta_scan_pieces(const struct delta_snapshot *s, const struct lake_type *schema,
                              const struct delta_scan_options *options,
                              const struct delta_piece *pieces, uint32_t count,
                              struct delta_scan **out) MUST_CHECK;

/* delta_dv.c: deleted positions of a file. */
struct delta_deleted;
struct err *delta_dv_load(const struct delta_snapshot *s, const struct delta_dv *dv,
                          const struct delta_file *file, struct delta_deleted **out) MUST_CHECK;
bool delta_dv_contains(const struct delta_deleted *d, int64_t position);
/* Whether any position in [begin, end) is deleted. */
bool delta_dv_any(const struct delta_deleted *d, int64_t begin, int64_t end);
void delta_dv_free(struct delta_deleted *d); /* NULL is fine */

/* 16-byte aligned, NULL when out of memory. */
void *lake_batch_alloc(struct arena *arena, size_t size);
size_t lake_phys_size(enum lake_phys phys);

#endif
