/* Shared inside sync/. */
#ifndef TARN_SYNC_INTERNAL_H
#define TARN_SYNC_INTERNAL_H

#include "base/arena.h"
#include "base/err.h"
#include "catalog/catalog.h"
#include "exec/session.h"
#include "lake/batch.h"
#include "lake/delta.h"
#include "lake/parquet.h"
#include "lake/store.h"
#include "sql/own_stmt.h"
#include "types/datum.h"
#include "types/type.h"

#include <stdbool.h>
#include <stdint.h>

#define PG_EPOCH_US 946684800000000ll /* 2000-01-01, in microseconds since 1970 */

/* ---- value.c: types and values of the lake as those of SQL ---- */

struct value_type {
    uint32_t oid;
    int32_t typmod;
};

/* 0A000 naming the column and its type when there is no mapping. */
struct err *value_type_of(const struct lake_field *field, struct value_type *out) MUST_CHECK;
/* Text as a jsonb value, in the arena: 22021, 22P02. */
struct err *value_jsonb(struct str text, struct arena *arena, struct datum *out) MUST_CHECK;
/* Microseconds since 1970 as a timestamp: 22008 when out of range. */
struct err *value_timestamp(int64_t us, struct datum *out) MUST_CHECK;
/* A row of a vector as a datum of that type; bytes live in the arena or in the batch. 22021 for
 * text that is not UTF-8, 22008 for times out of range. */
struct err *value_get(const struct lake_vec *vec, uint32_t row, const struct value_type *type,
                      struct arena *arena, struct datum *out) MUST_CHECK;

/* ---- source.c: where rows come from ---- */

enum source_kind { SOURCE_PARQUET, SOURCE_DELTA, SOURCE_CHANGES };

/* A Delta table at a version, what versions of one changed, or Parquet files of one shape. Opening
 * and reading block: on the pool only, but for source_close and the accessors. */
struct source {
    struct arena arena;
    struct lake_store *store;
    struct str path;
    struct delta_snapshot *snapshot; /* SOURCE_DELTA */
    struct delta_changes *changes;   /* SOURCE_CHANGES; it can be scanned once */
    struct str *files;
    uint32_t file_count;
    struct parquet_file *first; /* the file that gave the schema */
    const struct lake_type *schema;
};

struct source_spec {
    struct str uri;
    enum source_kind kind;
    struct delta_at at;   /* SOURCE_DELTA */
    int64_t from_version; /* SOURCE_CHANGES */
    int64_t to_version;   /* likewise; -1: the newest */
};

struct err *source_open(const struct source_spec *spec, struct source **out) MUST_CHECK;
void source_close(struct source *s); /* NULL is fine */

/* The columns wanted, by position in the schema. */
struct source_scan;
struct err *source_scan_new(struct source *s, const uint32_t *columns, size_t count,
                            struct source_scan **out) MUST_CHECK;
/* *out NULL at the end. A column that a Parquet file lacks has no vector: type NULL, all NULL. */
struct err *source_scan_next(struct source_scan *scan, const struct lake_batch **out) MUST_CHECK;
void source_scan_free(struct source_scan *scan); /* NULL is fine */

/* The same on the pool, for fibers. MAY YIELD. */
struct err *source_open_on_pool(const struct source_spec *spec, struct source **out) MUST_CHECK;

/* 42501 unless the role may read the server's files. */
struct err *source_check_access(struct cat *cat, struct str uri) MUST_CHECK;
/* An absolute form of a local path; other URIs as they are. */
struct err *source_absolute(struct str uri, struct arena *arena, const char **out) MUST_CHECK;

/* ---- load.c: a whole copy into new storage ---- */

struct load {
    struct session *session;
    struct relation *rel;
    struct source *source;
    const uint32_t *columns;        /* of the source, one for each column of the relation */
    const struct value_type *types; /* of those */
    uint32_t storage_id;            /* where the rows go */
    uint32_t *index_ids;            /* by position in rel->indexes; of the primary: unused */
    uint64_t rows;                  /* result */
};

/* Reads the source into the new storage ids as part of the session's transaction. 23502 and 23505
 * for NULL and duplicate keys. MAY YIELD. */
struct err *load_run(struct load *l) MUST_CHECK;

/* ---- state.c: what tarn.sync_state and tarn.sync_runs say ---- */

struct sync_state {
    const char *source;
    const char *mode;
    int64_t applied_version;
};

struct sync_run {
    uint32_t relid;
    const char *schema;
    const char *table;
    const char *kind;     /* initial, full */
    int64_t started_us;   /* since 1970 */
    int64_t from_version; /* -1: none */
    int64_t to_version;
    int64_t commit_us; /* when that version was committed */
    uint64_t rows;
    uint64_t bytes;
    uint64_t files;
};

/* *found false: not a synced table of this layer. Strings in the arena. */
struct err *state_get(struct session *s, uint32_t relid, struct arena *arena,
                      struct sync_state *out, bool *found) MUST_CHECK;
struct err *state_create(struct session *s, const struct sync_run *run, const char *source,
                         const char *keys) MUST_CHECK;
/* The version is applied: in the transaction that carries the data. */
struct err *state_applied(struct session *s, const struct sync_run *run) MUST_CHECK;
struct err *state_failed(struct session *s, const struct sync_run *run,
                         const struct err *why) MUST_CHECK;
struct err *state_forget(struct session *s, uint32_t relid) MUST_CHECK;

/* ---- table functions ---- */

/* delta_history and delta_detail. */
void log_functions_init(void);

/* ---- statements ---- */

struct err *sync_run_statement(struct session *s, struct own_stmt *stmt, bool in_block,
                               char tag[64]);
void table_functions_init(void);

#endif
