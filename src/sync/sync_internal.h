/* Shared inside sync/. */
#ifndef TARN_SYNC_INTERNAL_H
#define TARN_SYNC_INTERNAL_H

#include "base/arena.h"
#include "base/err.h"
#include "catalog/catalog.h"
#include "catalog/table.h"
#include "exec/session.h"
#include "lake/access.h"
#include "lake/batch.h"
#include "lake/delta.h"
#include "lake/parquet.h"
#include "lake/store.h"
#include "sql/own_stmt.h"
#include "types/vector.h"
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
/* The vector as a column whose values live as long as it does; false: its values have no such form,
 * and value_get makes them one by one. */
bool value_vector(const struct lake_vec *vec, const struct value_type *type, struct vector *out);
/* The first row of a vector, which is a column, whose value value_get refuses; vec->count: none. */
uint32_t value_first_bad(const struct lake_vec *vec);

/* A value as one of another type, by its text: the input errors of that type. */
struct err *value_convert(struct datum d, uint32_t from, const struct type_ops *to, int32_t typmod,
                          const struct type_env *env, struct arena *arena,
                          struct datum *out) MUST_CHECK;

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
    const struct lake_access *access; /* NULL: none */
    enum source_kind kind;
    struct delta_at at;   /* SOURCE_DELTA */
    int64_t from_version; /* SOURCE_CHANGES */
    int64_t to_version;   /* likewise; -1: the newest */
};

struct err *source_open(const struct source_spec *spec, struct source **out) MUST_CHECK;
void source_close(struct source *s); /* NULL is fine */

struct source_scan;
/* Files of a Delta table, and what is left out of it. */
struct source_choice {
    uint32_t *files;
    size_t count, skipped;
    uint64_t bytes, skipped_bytes;
};
struct lake_chooser;
struct source_scan_options {
    const uint32_t *columns; /* the columns wanted, by position in the schema */
    const bool *presence;    /* as in parquet_scan_options */
    size_t count;
    const struct source_choice *choice; /* NULL: all files */
    const struct lake_chooser *chooser; /* NULL: all of their rows; else by the source's columns */
};
/* What the options point to must outlive the scan. */
struct err *source_scan_new(struct source *s, const struct source_scan_options *options,
                            struct source_scan **out) MUST_CHECK;
/* *out NULL at the end. A column that a Parquet file lacks has no vector: type NULL, all NULL. */
struct err *source_scan_next(struct source_scan *scan, const struct lake_batch **out) MUST_CHECK;
/* Sets what the scan has read and left out so far. Of the files: all that it has, when `choice`
 * says nothing of them. */
struct tf_skipping;
void source_scan_skipping(const struct source_scan *scan, struct tf_skipping *out);
void source_scan_free(struct source_scan *scan); /* NULL is fine */

/* The same on the pool, for fibers. MAY YIELD. */
struct err *source_open_on_pool(const struct source_spec *spec, struct source **out) MUST_CHECK;

/* 42501 unless the role may read the server's files. */
struct err *source_check_access(struct cat *cat, struct str uri) MUST_CHECK;
/* An absolute form of a local path; other URIs as they are. */
struct err *source_absolute(struct str uri, struct arena *arena, const char **out) MUST_CHECK;

bool source_is_local(struct str uri);

/* ---- prune.c: which files, row groups and pages a filter lets through ---- */

struct tf_filter;
struct lake_summary;
/* Filters on columns of those types; what it points to must outlive it. */
struct prune_rule {
    const struct tf_filter *filters;
    const struct value_type *types;
    struct arena *scratch;
};
/* Whether rows may be there for which filter `which` is true. */
bool prune_may(void *rule, size_t which, const struct lake_summary *summary);
/* `types` are those of the columns. Of a Delta source only; the choice is in the arena. */
void source_prune(struct source *s, const struct value_type *types, const struct tf_filter *filters,
                  int count, struct arena *arena, struct source_choice *out);

/* ---- secret.c: the key of secrets ---- */

/* Appends the sealed form; the key is made at need. `bound`: what the secret belongs to, which must
 * be the same for the reverse. 58P01 when the key file is missing, F0000 when others can read it,
 * XX001 when it is another one. MAY YIELD. */
struct err *secret_seal(struct str bound, struct str plain, struct buf *out) MUST_CHECK;
struct err *secret_unseal(struct str bound, struct str sealed, struct buf *out) MUST_CHECK;

/* ---- connection.c: storage credentials and catalogs in tarn.connections ---- */

enum connection_kind { CONNECTION_CREDENTIAL, CONNECTION_CATALOG };

struct connection {
    enum connection_kind kind;
    const char *name;
    const char *type;
    const struct lake_option *options;
    size_t count;
    uint32_t owner;
};

/* With its secrets. Strings in the arena. Errors of secret_unseal. MAY YIELD. */
struct err *connection_find(struct cat *cat, enum connection_kind kind, const char *name,
                            struct arena *arena, struct connection *out, bool *found) MUST_CHECK;
/* The same without options. */
struct err *connection_exists(struct cat *cat, enum connection_kind kind, const char *name,
                              struct arena *arena, struct connection *out, bool *found) MUST_CHECK;
/* All of both kinds, without their secrets. */
typedef struct err *(*connection_visit)(void *arg, const struct connection *c);
struct err *connection_each(struct cat *cat, struct arena *arena, connection_visit visit,
                            void *arg) MUST_CHECK;
/* Options of a statement over those it has; 42601 for one given twice. */
struct err *connection_add_options(struct connection *c, const struct own_stmt *stmt,
                                   struct arena *arena) MUST_CHECK;
const char *connection_option(const struct connection *c, const char *name); /* NULL: none */
/* Inserts or changes the row. MAY YIELD. */
struct err *connection_store(struct session *s, const struct connection *c, bool fresh,
                             struct arena *arena) MUST_CHECK;
struct err *connection_remove(struct session *s, enum connection_kind kind,
                              const char *name) MUST_CHECK;

/* ---- credential.c, catalog.c ---- */

struct job;
/* Whether an option's value is sealed and never shown. */
bool connection_hides(const struct connection *c, const char *option);
bool catalog_hides(const char *option);
struct err *connection_check_superuser(struct job *j, const char *what) MUST_CHECK;
/* 42501 unless the role has the rights of its owner, as superusers have those of all. */
struct err *connection_check_use(struct cat *cat, const struct connection *c) MUST_CHECK;
/* The statement's name is free, or *skip with a notice; 42710, 42622. */
struct err *connection_check_new(struct job *j, enum connection_kind kind, const char *what,
                                 bool *skip) MUST_CHECK;
struct err *credential_statement(struct job *j, char *tag) MUST_CHECK;
struct err *catalog_statement(struct job *j, char *tag) MUST_CHECK;
/* Whether the role may name the credential: 42704, 42501. It must have the rights of the owner. */
struct err *credential_check_use(struct cat *cat, const char *name) MUST_CHECK;
struct err *credential_access(struct cat *cat, const char *name, struct arena *arena,
                              const struct lake_access **out) MUST_CHECK;
/* "catalog.schema.table" with quotes where needed, and its parts; false: it is a location. */
const char *catalog_join(const char *const parts[3], struct arena *arena);
bool catalog_split(const char *source, struct arena *arena, const char *parts[3]);
/* Whether the role may name the catalog, if there is such a one: 42501. */
struct err *catalog_check_use(struct cat *cat, const char *name) MUST_CHECK;
/* Fills in uri and access: of a source as it is kept, a location or catalog.schema.table, and the
 * name of a credential or NULL. 42704, 42P01, errors of lake/unity.h. MAY YIELD. */
struct err *source_resolve(struct cat *cat, const char *source, const char *credential,
                           struct arena *arena, struct source_spec *spec) MUST_CHECK;

/* The same for a location that a user wrote: "catalog.schema.table" when there is such a catalog,
 * which the role must be able to use (42501), else what it is. MAY YIELD. */
struct err *source_resolve_text(struct cat *cat, const char *credential, struct arena *arena,
                                struct source_spec *spec) MUST_CHECK;

/* ---- columns.c: which columns of the source a table has ---- */

/* Of a table to be, or as it is to be. */
struct table_column {
    const char *name;
    int source;             /* position in the source's schema */
    struct value_type type; /* of the table's column */
    bool typed;             /* by COLUMNS, not by the source */
};

/* For reading rows: all arrays have `count` items, one for each column that is not dropped. */
struct sync_columns {
    int count;
    int *atts;                       /* 0-based attributes of the relation */
    uint32_t *source;                /* positions in the source's schema */
    struct value_type *natural;      /* as the source gives them */
    const struct type_ops **convert; /* NULL: the table's type is the natural one */
    int32_t *typmods;
    const char *json; /* for the state */
};

/* Whether a 0-based attribute is part of the primary key; the error (23502) for a NULL in it. */
bool columns_is_key(const struct relation *rel, int att);
struct err *columns_null_key(const struct relation *rel, int att);

struct job;
struct sync_state;
/* By exact name, else without regard to case; -1: none. */
int columns_find(const struct lake_type *schema, const char *name);
/* Those that the statement wants. 42703, 42701, 42622, 54011, 0A000 for types without mapping. */
struct err *columns_choose(struct job *j, struct table_column **out, int *count) MUST_CHECK;
struct err *columns_json(struct job *j, const struct table_column *columns, int n, bool listed,
                         const char **out) MUST_CHECK;
/* Matches a table with the source that is open. Where they differ the table is altered if `follow`
 * (*rel is then the new description; *change: what that means for its rows), else 42804. 42703 when
 * a key column, or the one of the TIMESERIES KEY (attribute number, 0: none), is gone; 2BP01, 0A000
 * when a view depends on what changes, 55P03. MAY YIELD. */
enum columns_change { COLUMNS_SAME, COLUMNS_OTHERS, COLUMNS_RETYPED /* rows must be read anew */ };
struct err *columns_match(struct job *j, struct relation **rel, const struct sync_state *state,
                          bool follow, struct sync_columns *out,
                          enum columns_change *change) MUST_CHECK;
/* Whether it would find them the same; changes nothing. */
struct err *columns_look(struct job *j, const struct relation *rel, const struct sync_state *state,
                         bool *same) MUST_CHECK;
/* A value for the table's column: of the vector that column c->source[i] has. */
struct err *columns_value(const struct sync_columns *c, int i, const struct lake_vec *vec,
                          uint32_t row, const struct type_env *env, struct arena *arena,
                          struct datum *out) MUST_CHECK;

/* ---- rows.c: rows of the source as rows of the table, by its policies ---- */

enum bad_value { BAD_FAIL, BAD_QUARANTINE, BAD_SANITIZE, BAD_NULL };

struct row_policy {
    bool quarantine_null;      /* on_null_key */
    bool quarantine_duplicate; /* on_duplicate_key */
    enum bad_value bad_value;  /* on_bad_value */
    int time_att;              /* 0-based attribute of the TIMESERIES KEY, -1: none */
};

/* Of a key: rows that have it. Zeros: none in particular. */
struct row_group {
    uint64_t hash[2];
};

/* A row that the table does not have. */
struct reject {
    struct row_group group; /* rows whose key another one has: that of the key */
    uint64_t digest[2];     /* of the values */
    struct str key;
    struct str reason;
    struct datum row;   /* jsonb */
    const char *column; /* at fault; NULL: none alone */
    bool bad_value;     /* else its key */
};

struct row_taker {
    struct session *s;
    struct relation *rel;
    const struct sync_columns *columns;
    struct row_policy policy;
    struct arena *values;
    struct buf reason; /* of the row that is refused */
    struct buf key;
    int reason_att;
    bool bad_value; /* why it is refused; else a NULL key */
    bool refused;
};

/* What it is given must outlive it; values live in the arena and in batches. */
void rows_init(struct row_taker *t, struct session *s, struct relation *rel,
               const struct sync_columns *columns, const struct row_policy *policy,
               struct arena *values);
void rows_done(struct row_taker *t);
/* The value of column i for the table, by on_bad_value; sets t->refused when its row is to be
 * refused. */
struct err *rows_value(struct row_taker *t, int i, const struct lake_vec *vec, uint32_t row,
                       struct datum *out) MUST_CHECK;
/* A row of a batch of all columns; t->refused says whether it is refused. *bad_att is the attribute
 * whose value failed, -1: none. */
struct err *rows_take(struct row_taker *t, const struct lake_batch *b, uint32_t row,
                      struct datum *out, int *bad_att) MUST_CHECK;
/* What is kept of the row that has just been refused, in the arena of values. */
struct err *rows_refused(struct row_taker *t, const struct lake_batch *b, uint32_t row,
                         struct reject *out) MUST_CHECK;
/* What is kept of a row whose key another one has, likewise. */
struct err *rows_duplicate(struct row_taker *t, const struct datum *row,
                           struct reject *out) MUST_CHECK;
struct err *rows_group(struct row_taker *t, const struct datum *row,
                       struct row_group *out) MUST_CHECK;
bool rows_same(const struct relation *rel, const struct datum *a, const struct datum *b);
/* The values of the key, between commas. */
struct err *rows_key_text(struct row_taker *t, const struct datum *row, struct buf *out) MUST_CHECK;
/* The order of two rows by the TIMESERIES KEY; NULL is least. */
int rows_compare_times(const struct row_taker *t, const struct datum *a, const struct datum *b);

/* ---- rejects.c: rows that tables do not have ---- */

struct rejects {
    struct session *s;
    uint32_t relid;
    int64_t now; /* timestamptz */
    struct relation *rel;
    struct table_writer writer;
    struct buf key;
    bool any;
    /* Takes the rejects instead of the table; NULL: none. */
    struct err *(*taker)(void *arg, const struct reject *what);
    void *arg;
    /* Results. */
    uint64_t added;
    int64_t change; /* of the number of rows refused */
};

/* As part of the session's transaction; the other functions may run on the pool. MAY YIELD. */
struct err *rejects_open(struct rejects *r, struct session *s, uint32_t relid,
                         int64_t now_us) MUST_CHECK;
void rejects_close(struct rejects *r); /* also one that was not opened (zeros) */
struct err *rejects_add(struct rejects *r, const struct reject *what, int64_t version,
                        struct str file) MUST_CHECK;
/* One row of those values, if there is one. */
struct err *rejects_remove(struct rejects *r, const struct reject *what) MUST_CHECK;
struct err *rejects_has_group(struct rejects *r, const struct row_group *group,
                              bool *any) MUST_CHECK;
/* Between them all rejects of the table (group NULL), or of the group, are added anew. */
struct err *rejects_begin_replace(struct rejects *r, const struct row_group *group) MUST_CHECK;
struct err *rejects_end_replace(struct rejects *r, const struct row_group *group) MUST_CHECK;

/* ---- progress.c ---- */

/* Of a run, in the caller's memory between begin and end. */
struct progress {
    struct progress *next;
    uint32_t db;
    uint32_t relid;
    int64_t total; /* rows; -1: not known */
    int64_t start_ns;
    _Atomic uint64_t done;  /* rows read */
    _Atomic uint32_t share; /* of all, in millionths; of a load that knows its total: by rows */
};
void progress_init(void);
void progress_begin(struct progress *p, uint32_t db, uint32_t relid, int64_t total,
                    int64_t start_ns);
void progress_end(struct progress *p);
/* 55000 that says how far it is. */
struct err *progress_not_loaded(struct session *s, const struct relation *rel);

/* ---- running.c: runs under way, and interrupting them ---- */

struct cancel;
/* Of a run, in the caller's memory between begin and end, both on its fiber. */
struct running {
    struct running *next;
    uint32_t db;
    uint32_t relid;
    bool scheduled;       /* by the scheduler, not a statement that waits for it */
    struct cancel *token; /* the fiber's */
    const char *why;      /* who interrupted it; NULL: nobody */
};
void running_begin(struct running *r, uint32_t db, uint32_t relid, bool scheduled);
/* Passes the run's error on, as one (57014) that names who interrupted it, if that is why. */
struct err *running_end(struct running *r, struct err *e) MUST_CHECK;
/* Interrupts the runs of a table that are under way or wait for each other, from any thread; they
 * give back what they hold soon afterwards. `why` is a static string: the statement's name. */
void running_interrupt(uint32_t db, uint32_t relid, bool scheduled_only, const char *why);

/* rate_limit_rows; 0: no limit. */
struct pace {
    int64_t rows_per_second;
    int64_t start_ns;
    uint64_t rows;
};
/* A row more: waits when the run is ahead. MAY YIELD. */
struct err *pace_take(struct pace *p) MUST_CHECK;

/* ---- load.c: a whole copy into new storage ---- */

struct load {
    struct session *session;
    struct relation *rel;
    struct source *source;
    const struct sync_columns *columns;
    uint32_t storage_id; /* where the rows go */
    uint32_t *index_ids; /* by position in rel->indexes; of the primary: unused; 0: not this one */
    const struct row_policy *policy;
    struct rejects *rejects; /* NULL: rows that are refused are not noted */
    int64_t rate_limit_rows; /* a second; 0: none */
    uint64_t rows;           /* result */
};

/* Reads the source into the new storage ids as part of the session's transaction. 23502 and 23505
 * for NULL and duplicate keys. MAY YIELD. */
struct err *load_run(struct load *l) MUST_CHECK;
/* The entries of the indexes alone, for rows that are loaded; uses session, rel and the ids. MAY
 * YIELD. */
struct err *load_indexes(struct load *l) MUST_CHECK;

/* ---- apply.c: changes of the source ---- */

struct apply {
    struct session *session;
    struct relation *rel;
    struct lake_store *store;
    struct str path;
    const struct sync_columns *columns; /* of the source as of `to` */
    struct delta_snapshot *snapshot;    /* at `to`, without its files */
    const struct lake_type *schema;     /* likewise */
    int64_t from;                       /* the version that the table is at */
    int64_t to;
    int64_t batch_rows; /* stop after a version with which so many rows have changed */
    const struct row_policy *policy;
    struct rejects *rejects;
    int64_t rate_limit_rows;   /* a second; 0: none */
    bool had_rejects;          /* before the run */
    int64_t first;             /* the version that the table was at when the run began */
    struct progress *progress; /* of the run, which began there */
    /* Results. */
    int64_t applied;   /* the version reached ... */
    int64_t commit_us; /* ... and when it was committed */
    int64_t changes;   /* rows read */
    uint64_t inserted, updated, deleted;
    uint64_t files, bytes;
    bool too_many;      /* keys whose rows must be looked for in the source: nothing is done */
    bool other_columns; /* the first version has them, not those of `to`: nothing is done */
};

/* As part of the session's transaction. 22023, 58P01 when the source does not have the changes any
 * more; 23502 and 23505 for NULL and duplicate keys. MAY YIELD. */
struct err *apply_run(struct apply *a) MUST_CHECK;

/* ---- schedule.c ---- */

/* 22007, 22008, 22023 for what is no interval or not positive; `what` names it. A month has 30
 * days. */
struct err *schedule_parse_interval(const char *text, const char *what, int64_t *us) MUST_CHECK;
struct err *schedule_check_cron(const char *text, const struct tz *tz) MUST_CHECK;
/* When the next run is due after `after_us`, microseconds since 1970; *out -1: never. */
struct err *schedule_next(int64_t every_us, const char *cron, int64_t after_us, const struct tz *tz,
                          int64_t *out) MUST_CHECK;

/* ---- options.c ---- */

struct sync_options {
    bool quarantine_null;
    bool quarantine_duplicate;
    enum bad_value bad_value;
    bool resync;        /* on_gap */
    bool follow;        /* on_schema_change */
    const char *policy; /* on_null_key, on_duplicate_key and on_bad_value */
    int64_t poll_us;
    int64_t batch_rows;
    int64_t rate_limit_rows; /* a second; 0: none */
};

/* The credential that the options name, in the arena; NULL: none. */
const char *options_credential(const char *json, struct arena *arena);
/* The policy that the rows of a table are by, from the state's columns, in the arena; NULL: not
 * known. */
const char *options_applied_policy(const char *columns, struct arena *arena);
/* Options of a statement, checked, over those of before (JSON): 22023, 0A000, 42601. */
struct err *options_merge(const char *old, const struct own_option *list, int n,
                          struct arena *arena, const char **out) MUST_CHECK;
struct err *options_read(const char *json, struct arena *arena,
                         struct sync_options *out) MUST_CHECK;

/* ---- state.c: what tarn.sync_state and tarn.sync_runs say ---- */

struct sync_state {
    const char *source;
    const char *mode; /* SNAPSHOT, TRIGGERED, CONTINUOUS */
    int64_t applied_version;
    const char *source_id; /* the Delta table's id when it was applied */
    int64_t every_us;      /* -1: none */
    const char *cron;      /* NULL: none */
    bool paused;
    int64_t failures;       /* in a row */
    const char *options;    /* JSON */
    int64_t next_run_us;    /* by schedule, since 1970; -1: none */
    const char *columns;    /* JSON */
    int time_key;           /* attribute number of the TIMESERIES KEY, 0: none */
    int64_t rejected;       /* rows that the table does not have */
    int64_t source_version; /* the newest that a run has seen; -1: none */
};

struct sync_run {
    uint32_t relid;
    const char *schema;
    const char *table;
    const char *kind;       /* initial, full, incremental, resync */
    int64_t started_us;     /* since 1970 */
    int64_t from_version;   /* -1: none */
    int64_t to_version;     /* -1: not known */
    int64_t source_version; /* newest; -1: not known */
    int64_t commit_us;      /* when to_version was committed */
    const char *source_id;
    const char *columns;       /* JSON */
    const char *policy;        /* sync_options' */
    const char *change_source; /* NULL: a whole copy */
    bool whole;                /* the table has `rows` now */
    uint64_t rows;
    uint64_t inserted, updated, deleted;
    uint64_t rejected;      /* by this run */
    int64_t rejects_change; /* of the number of rows refused */
    uint64_t bytes;
    uint64_t files;
    int64_t next_us;  /* when it runs again by schedule, -1: not */
    int64_t every_us; /* the schedule that this is by, -1 and NULL: none */
    const char *cron;
};

/* When the run's table runs again, by the schedule that it has as the run begins; `state` outlives
 * the run. */
struct err *run_set_schedule(struct sync_run *run, const struct sync_state *state,
                             const struct tz *tz) MUST_CHECK;

/* *found false: not a synced table of this layer. Strings in the arena. */
struct err *state_get(struct session *s, uint32_t relid, struct arena *arena,
                      struct sync_state *out, bool *found) MUST_CHECK;
typedef struct err *(*state_visit)(void *arg, uint32_t relid, const struct sync_state *state);
struct err *state_each(struct session *s, struct arena *arena, state_visit visit,
                       void *arg) MUST_CHECK;
struct err *state_create(struct session *s, uint32_t relid, const struct sync_state *state,
                         const char *keys) MUST_CHECK;
/* Mode, schedule, pause and options. */
struct err *state_alter(struct session *s, uint32_t relid, const struct sync_state *state,
                        int64_t next_us) MUST_CHECK;
/* The version is applied: in the transaction that carries the data. */
struct err *state_applied(struct session *s, const struct sync_run *run) MUST_CHECK;
/* There was nothing new. */
struct err *state_checked(struct session *s, const struct sync_run *run) MUST_CHECK;
struct err *state_failed(struct session *s, const struct sync_run *run,
                         const struct err *why) MUST_CHECK;
/* It was interrupted, which is no fault of the table's: tarn.sync_runs alone says so. */
struct err *state_interrupted(struct session *s, const struct sync_run *run,
                              const struct err *why) MUST_CHECK;
struct err *state_forget(struct session *s, uint32_t relid) MUST_CHECK;

/* ---- synced.c ---- */

/* A statement, or a run of the scheduler, at work. */
struct job {
    struct session *s;
    struct own_stmt *stmt; /* NULL: the scheduler's */
    struct arena *arena;
    struct source *source;
    const char *credential; /* to open the source with; NULL: none */
    struct sync_run run;
    int64_t start_ns;
    uint64_t inserted, updated, deleted; /* by all runs of the job */
};

void job_init(struct job *j, struct session *s, struct own_stmt *stmt, struct arena *arena);
void job_done(struct job *j);
struct err *job_begin(struct session *s) MUST_CHECK;
/* Commits, or rolls back after an error, which it passes on. */
struct err *job_end(struct session *s, struct err *e) MUST_CHECK;
/* Opens the source at a version (-1: the newest): its columns, version and, unless only the schema
 * is wanted, its files. */
struct err *job_open_source(struct job *j, const char *uri, bool schema_only,
                            int64_t version) MUST_CHECK;
/* The same for the source of a synced table, with its credential. */
struct err *job_open_table(struct job *j, const struct sync_state *state, bool schema_only,
                           int64_t version) MUST_CHECK;
/* Waits for a run of the table, and keeps others away until the transaction ends; taken before any
 * lock of the table. Readers and schema changes go on. MAY YIELD. */
struct err *job_lock_runs(struct job *j, uint32_t relid) MUST_CHECK;
/* Locks a table (SHARE UPDATE EXCLUSIVE) that was described without: the description of now. 42P01
 * when it is gone, 55000 when its columns have changed. MAY YIELD. */
struct err *job_lock_again(struct job *j, const struct relation *rel,
                           struct relation **out) MUST_CHECK;
/* Finds the statement's table and locks it; `alone`: its runs too.
 * *out NULL when it is missing and that is fine. 42P01, 42809. */
struct err *job_find(struct job *j, enum txn_table_lock mode, bool alone,
                     struct relation **out) MUST_CHECK;
struct err *job_check_owner(struct job *j, const struct relation *rel) MUST_CHECK;
/* Loads the source that is open; what is refused is noted anew. */
struct err *job_load(struct job *j, struct relation *rel, const struct sync_columns *columns,
                     const struct row_policy *policy, int64_t rate_limit_rows, uint32_t storage_id,
                     uint32_t *index_ids) MUST_CHECK;
/* The statement's table, empty, by the source that is open. */
struct err *job_create_relation(struct job *j, struct sync_state *state,
                                struct relation **rel) MUST_CHECK;
struct row_policy sync_policy(const struct sync_state *state, const struct sync_options *options);
void job_notice(struct job *j, struct err *n);
void job_loaded_notice(struct job *j);
const char *sync_mode_name(enum own_mode mode);

/* ---- compare.c: a table and a fresh copy of its source, by key ---- */

enum difference { ROW_MISSING, ROW_EXTRA, ROW_DIFFERENT };

struct comparison {
    struct job *j; /* its source is open */
    struct relation *rel;
    const struct sync_columns *columns;
    const struct row_policy *policy;
    int64_t rate_limit_rows;
    uint32_t fresh;                    /* the storage id of the copy */
    uint64_t rows;                     /* of it */
    uint64_t found[ROW_DIFFERENT + 1]; /* by the last look */
};

/* `old` and `new` are NULL where there is none. MAY YIELD. */
typedef struct err *(*compare_visit)(void *arg, enum difference what, struct str key,
                                     const struct datum *old, const struct datum *new);

/* Takes the copy, as part of the session's transaction. What is refused is noted anew unless
 * `rejects` is NULL. MAY YIELD. */
struct err *compare_load(struct comparison *c, struct rejects *rejects) MUST_CHECK;
/* Each difference, in order of keys. MAY YIELD. */
struct err *compare_rows(struct comparison *c, compare_visit visit, void *arg) MUST_CHECK;
/* Locks the table (c->rel is then the new description), writes the differences into it, and says so
 * in the job's run. MAY YIELD. */
struct err *compare_apply(struct comparison *c) MUST_CHECK;
/* Drops the copy, at commit. */
struct err *compare_end(struct comparison *c) MUST_CHECK;

struct err *verify_statement(struct job *j, struct own_rows *rows, char *tag) MUST_CHECK;

/* ---- check.c ---- */

struct err *check_statement(struct job *j, struct own_rows *rows, char *tag) MUST_CHECK;

/* ---- refresh.c ---- */

/* How changes reach the table: "cdf", "file diff". */
const char *sync_change_source(const struct source *source);

/* Brings the table up to its source, in transactions of its own: by a whole copy when `full` or in
 * mode SNAPSHOT, else by what has changed. A failure is noted in the state. */
struct err *refresh_table(struct job *j, uint32_t relid, bool full) MUST_CHECK;
struct err *refresh_statement(struct job *j, char *tag) MUST_CHECK;
struct err *alter_statement(struct job *j, char *tag) MUST_CHECK;
struct err *wait_statement(struct job *j, char *tag) MUST_CHECK;

/* ---- scheduler.c ---- */

/* The table, or what is known of it, has changed: looks at its state again. In no transaction. */
struct err *scheduler_look(struct job *j, uint32_t relid) MUST_CHECK;
/* Runs the table once, as soon as there is room, whatever its schedule. */
struct err *scheduler_run(struct job *j, uint32_t relid, bool full) MUST_CHECK;

/* ---- watch.c ---- */

/* Starts the thread that calls fn for each notice of a watch (-1: any may have had one); `gone`: it
 * is a watch no more. */
void watch_start(void (*fn)(int watch, bool gone));
/* A folder of which new files are wanted: the same number for the same folder; -1: not to be had.
 * May block: on the pool. */
int watch_folder(const char *path);
void watch_end(int watch); /* -1 is fine */

/* ---- table functions ---- */

struct tf_arg;
bool tf_is_text(uint32_t type);
/* Takes the argument `credential => name` out of the others, in the arena; *credential NULL: not
 * given. 42704, 42501. */
struct err *tf_take_credential(struct cat *cat, const struct tf_arg **args, int *nargs,
                               struct arena *arena, const char **credential) MUST_CHECK;

/* delta_history and delta_detail. */
void log_functions_init(void);

/* ---- statements ---- */

struct err *sync_run_statement(struct session *s, struct own_stmt *stmt, bool in_block,
                               struct own_rows *rows, char tag[64]);
void table_functions_init(void);

#endif
