/* Delta tables: the state of a table at a version, and scans of its rows. A snapshot is immutable
 * once open: any number of threads may read it; a scan belongs to one thread at a time.
 *
 * Errors: 58P01 no table or file, 22023 version or timestamp out of reach, XX001 damaged log or
 * data (naming the file), 0A000 a feature that is not supported (naming it and the table). */
#ifndef TARN_LAKE_DELTA_H
#define TARN_LAKE_DELTA_H

#include "base/err.h"
#include "base/str.h"
#include "lake/batch.h"
#include "lake/type.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lake_chooser;
struct lake_skipped;
struct lake_store;
struct delta_changes;
struct delta_history;
struct delta_snapshot;
struct delta_scan;

enum delta_when { DELTA_NEWEST, DELTA_VERSION, DELTA_TIMESTAMP };

struct delta_at {
    enum delta_when when;
    int64_t version;
    int64_t timestamp_us; /* the newest version committed at or before */
    bool schema_only;     /* its files are not wanted: delta_files gives none */
};

/* Replays the log of the table at `path`. The store must outlive the snapshot. */
struct err *delta_open(struct lake_store *store, struct str path, struct delta_at at,
                       struct delta_snapshot **out) MUST_CHECK;
void delta_close(struct delta_snapshot *snapshot); /* NULL is fine */

struct delta_protocol {
    int32_t min_reader_version;
    int32_t min_writer_version;
    const struct str *reader_features;
    uint32_t reader_feature_count;
    const struct str *writer_features;
    uint32_t writer_feature_count;
};

struct delta_partition_value {
    struct str text; /* as in the log */
    bool is_null;
};

/* An active data file. */
struct delta_dv;
struct delta_file {
    struct str path;  /* as in the log */
    struct str place; /* resolved: below the table's folder, or `elsewhere` in the store */
    bool elsewhere;
    int64_t size_bytes; /* -1: unknown */
    int64_t modified_ms;
    int64_t row_count; /* by the statistics in the log, deleted rows included; -1: unknown */
    struct str stats;  /* JSON text, empty when absent */
    const struct delta_partition_value *partition_values; /* a value a partition column */
    const struct delta_dv *dv;                            /* its deletion vector; NULL: none */
    int64_t deleted_rows;                                 /* by the deletion vector; -1: unknown */
};

int64_t delta_version(const struct delta_snapshot *s);
/* When the version was committed, microseconds since the epoch. */
int64_t delta_timestamp_us(const struct delta_snapshot *s);
struct str delta_table_id(const struct delta_snapshot *s);
struct str delta_table_name(const struct delta_snapshot *s); /* may be empty */
struct str delta_schema_string(const struct delta_snapshot *s);
/* The columns, partition columns among them, as a struct type. */
const struct lake_type *delta_schema(const struct delta_snapshot *s);
/* Indexes into the schema's fields. */
const uint32_t *delta_partition_columns(const struct delta_snapshot *s, uint32_t *count);
const struct delta_protocol *delta_protocol(const struct delta_snapshot *s);
/* Table properties; NULL data when absent. */
struct str delta_property(const struct delta_snapshot *s, const char *key);
const struct lake_meta *delta_properties(const struct delta_snapshot *s, uint32_t *count);
/* The active files ordered by modification time, then path: the same order however the log was
 * read. */
const struct delta_file *const *delta_files(const struct delta_snapshot *s, uint32_t *count);
/* The file's path in the store; may be in the arena. */
struct str delta_file_location(const struct delta_snapshot *s, const struct delta_file *file,
                               struct arena *arena);

/* A partition value in the table's type, as a vector of `rows` equal values. */
struct err *delta_partition_vec(const struct delta_snapshot *s, const struct lake_type *type,
                                struct str column, const struct delta_partition_value *value,
                                uint32_t rows, struct arena *arena,
                                struct lake_vec *out) MUST_CHECK;

struct delta_scan_options {
    const uint32_t *columns; /* indexes into the schema's fields, each at most once */
    size_t column_count;
    const bool *presence;  /* as in parquet_scan_options */
    const uint32_t *files; /* indexes of the files to read, in this order; NULL: all */
    size_t file_count;
    uint32_t batch_rows; /* 0: the default */
    /* Leaves out row groups and pages, by columns of the table; NULL: nothing. It must outlive the
     * scan. */
    const struct lake_chooser *chooser;
};

/* The snapshot must outlive the scan. */
struct err *delta_scan_new(const struct delta_snapshot *s, const struct delta_scan_options *options,
                           struct delta_scan **out) MUST_CHECK;
/* The next batch in the table's types, *out = NULL at the end; lives until the next call. */
struct err *delta_scan_next(struct delta_scan *scan, const struct lake_batch **out) MUST_CHECK;
/* Adds what the scan has read and left out so far. */
void delta_scan_skipped(const struct delta_scan *scan, struct lake_skipped *out);
void delta_scan_free(struct delta_scan *scan); /* NULL is fine */

/* ---- Changes (Delta protocol, "Add CDC File" and "Reader Requirements for Change Data Feed") ----
 *
 * The rows that each version changed: those of its change files where it has some, and otherwise
 * what its added and removed files and the difference of their deletion vectors say (inserts and
 * deletes). Versions come in order, in one of them deletes before inserts. Files whose action says
 * dataChange=false are passed over. */

/* `to` < 0: the newest version. 22023 for versions that the log does not reach any more, or not
 * yet, and for an empty range; 58P01 in delta_changes_next when a data or change file is gone. The
 * store must outlive it. */
struct err *delta_changes_open(struct lake_store *store, struct str path, int64_t from, int64_t to,
                               struct delta_changes **out) MUST_CHECK;
/* The same up to the version of a snapshot that is open, which is lent: it must outlive it, and
 * nobody else may use it meanwhile. */
struct err *delta_changes_of(struct lake_store *store, struct delta_snapshot *s, int64_t from,
                             struct delta_changes **out) MUST_CHECK;
/* Another reader of the same changes, with nothing read again; the first must outlive it. */
struct err *delta_changes_again(const struct delta_changes *first,
                                struct delta_changes **out) MUST_CHECK;
/* The table's columns as of the last version, then _change_type (string: insert, delete,
 * update_preimage, update_postimage), _commit_version (long), _commit_timestamp (timestamp). */
const struct lake_type *delta_changes_schema(const struct delta_changes *c);
/* DELETED: delete and update_preimage; INSERTED: insert and update_postimage. */
enum delta_changed { DELTA_ALL_CHANGED, DELTA_DELETED, DELTA_INSERTED };

/* Which columns come, by position in the schema, and which rows; once, before the first batch. */
struct err *delta_changes_select(struct delta_changes *c, enum delta_changed which,
                                 const uint32_t *columns, size_t count) MUST_CHECK;
/* Leaves out files, row groups and pages, by columns of the schema; before the first batch. The
 * chooser must outlive the changes. */
void delta_changes_choose(struct delta_changes *c, const struct lake_chooser *chooser);
/* The next batch of versions up to `upto`, *out = NULL when there is none; lives until the next
 * call. All its rows are of one version. */
struct err *delta_changes_next(struct delta_changes *c, int64_t upto,
                               const struct lake_batch **out) MUST_CHECK;
/* Goes on to the version behind the current one, of which everything has been read: one that is not
 * behind the last. *other_columns: it gave the table columns that are not written like those of the
 * last version, so that rows which it and later ones changed may lack some, or have more. */
struct err *delta_changes_begin(struct delta_changes *c, int64_t version,
                                bool *other_columns) MUST_CHECK;
/* The file of the last batch, as the log names it; lives as long as its version. */
struct str delta_changes_file(const struct delta_changes *c);
/* Of the data files opened so far. */
void delta_changes_read(const struct delta_changes *c, uint64_t *files, uint64_t *bytes);
/* What the chooser has left out so far. */
void delta_changes_skipped(const struct delta_changes *c, uint64_t *files, uint64_t *bytes,
                           struct lake_skipped *out);
/* How much of all versions has been read, the present batch included: 0 to 1. Versions count alike,
 * files by their sizes, rows by their places. */
double delta_changes_share(const struct delta_changes *c);
/* When the current version, the one of the last batch or the last one looked at, was committed. */
int64_t delta_changes_commit_us(const struct delta_changes *c);
void delta_changes_close(struct delta_changes *c); /* NULL is fine */

/* ---- What commits say of themselves ---- */

/* Texts without data where the commit does not say. */
struct delta_commit {
    int64_t version;
    int64_t timestamp_us;
    int64_t read_version; /* -1: not said */
    int is_blind_append;  /* -1: not said */
    struct str user_id;
    struct str user_name;
    struct str operation;
    struct str parameters; /* a JSON object */
    struct str metrics;    /* likewise */
    struct str isolation_level;
    struct str user_metadata;
    struct str engine_info;
};

/* The commits that the log still has, newest first. */
struct err *delta_history_open(struct lake_store *store, struct str path,
                               struct delta_history **out) MUST_CHECK;
/* *out lives until the next call; NULL: no more. */
struct err *delta_history_next(struct delta_history *h, const struct delta_commit **out) MUST_CHECK;
void delta_history_close(struct delta_history *h); /* NULL is fine */

#endif
