/* What is known of synced tables, in ordinary tables of schema tarn: see bootstrap.sql. */
#include "sync/sync_internal.h"

#include "base/clock.h"
#include "catalog/table.h"

/* The first columns of tarn.sync_state by position. */
enum {
    ST_RELID,
    ST_SOURCE,
    ST_MODE,
    ST_KEYS,
    ST_VERSION,
    ST_SOURCE_ID,
    ST_EVERY,
    ST_CRON,
    ST_PAUSED,
    ST_FAILURES,
    ST_OPTIONS,
    ST_NEXT_RUN,
    ST_COLUMNS,
    ST_TIME_KEY,
    ST_REJECTED,
    ST_SOURCE_VERSION,
    ST_COUNT
};

static struct datum text_datum(const char *s)
{
    return s ? datum_bytes(s, strlen(s)) : datum_null();
}

static struct datum time_datum(int64_t us)
{
    return datum_int(us - PG_EPOCH_US);
}

static struct datum version_datum(int64_t version)
{
    return version < 0 ? datum_null() : datum_int(version);
}

static struct err *run_sql(struct session *s, const char *sql, const uint32_t *types,
                           const struct datum *params, int n)
{
    struct exec_env env = session_exec_env(s);
    uint64_t rows;
    TRY(exec_internal_sql(&env, sql, types, params, n, &rows));
    txn_next_command(s->cat.txn);
    return NULL;
}

static const char *text_value(struct arena *arena, struct datum d)
{
    return d.null ? NULL : arena_strndup(arena, (const char *)d.p, d.len);
}

static struct err *json_text(struct arena *arena, struct datum d, const char **out)
{
    static const struct type_env env;
    const struct type_ops *jsonb = type_by_oid(JSONB_OID);
    struct buf text = BUF_INIT;
    struct err *e = jsonb->out(jsonb, &env, d, &text);
    if (!e)
        *out = arena_strdup(arena, buf_cstr(&text));
    buf_done(&text);
    return e;
}

static struct err *take_values(const struct datum *v, struct arena *arena, struct sync_state *out)
{
    *out = (struct sync_state){
        .source = text_value(arena, v[ST_SOURCE]),
        .mode = text_value(arena, v[ST_MODE]),
        .applied_version = v[ST_VERSION].null ? -1 : v[ST_VERSION].i,
        .source_id = text_value(arena, v[ST_SOURCE_ID]),
        .every_us = v[ST_EVERY].null ? -1 : v[ST_EVERY].i,
        .cron = text_value(arena, v[ST_CRON]),
        .paused = v[ST_PAUSED].i,
        .failures = v[ST_FAILURES].i,
        .time_key = v[ST_TIME_KEY].null ? 0 : (int)v[ST_TIME_KEY].i,
        .rejected = v[ST_REJECTED].i,
        .source_version = v[ST_SOURCE_VERSION].null ? -1 : v[ST_SOURCE_VERSION].i,
        .next_run_us = v[ST_NEXT_RUN].null ? -1 : v[ST_NEXT_RUN].i + PG_EPOCH_US,
    };
    TRY(json_text(arena, v[ST_COLUMNS], &out->columns));
    return json_text(arena, v[ST_OPTIONS], &out->options);
}

static struct err *read_row(struct session *s, struct relation *rel, uint32_t relid,
                            struct arena *arena, struct sync_state *out, bool *found)
{
    struct datum values[ST_COUNT];
    struct datum *key_row = arena_new_array(arena, struct datum, rel->natts);
    struct buf key = BUF_INIT;
    struct str row;
    if (!rel->primary || rel->natts < ST_COUNT)
        return err_new("XX000", "table tarn.sync_state does not have its expected form");
    key_row[ST_RELID] = datum_int(relid);
    table_put_row_key(&key, rel->storage_id, rel, key_row);
    struct txn_view view = txn_view_begin(s->cat.txn);
    struct err *e = txn_get(&view, buf_str(&key), &row, found);
    if (!e && *found)
        e = table_decode_row(rel, row, ST_COUNT, values);
    if (!e && *found)
        e = take_values(values, arena, out);
    txn_view_done(&view);
    buf_done(&key);
    return e;
}

/* ---- all of them ---- */

struct each {
    struct relation *rel;
    struct arena *arena;
    state_visit visit;
    void *arg;
};

static struct err *visit_row(void *arg, struct str key, struct str value, bool *stop)
{
    struct each *each = arg;
    struct datum values[ST_COUNT];
    struct sync_state state;
    (void)key;
    (void)stop;
    TRY(table_decode_row(each->rel, value, ST_COUNT, values));
    TRY(take_values(values, each->arena, &state));
    return each->visit(each->arg, (uint32_t)values[ST_RELID].i, &state);
}

struct err *state_each(struct session *s, struct arena *arena, state_visit visit, void *arg)
{
    uint32_t oid;
    struct relation *rel = NULL;
    TRY(cat_find_relation(&s->cat, STR("tarn"), STR("sync_state"), true, &oid));
    if (oid)
        TRY(cat_relation(&s->cat, oid, &rel));
    if (!rel)
        return NULL;
    struct each each = {rel, arena, visit, arg};
    struct txn_view view = txn_view_newest(s->cat.txn);
    struct err *e = table_each(&view, rel->storage_id, visit_row, &each);
    txn_view_done(&view);
    relation_unref(rel);
    return e;
}

struct err *state_get(struct session *s, uint32_t relid, struct arena *arena,
                      struct sync_state *out, bool *found)
{
    uint32_t oid;
    struct relation *rel = NULL;
    *found = false;
    TRY(cat_find_relation(&s->cat, STR("tarn"), STR("sync_state"), true, &oid));
    if (oid)
        TRY(cat_relation(&s->cat, oid, &rel));
    if (!rel)
        return NULL;
    struct err *e = read_row(s, rel, relid, arena, out, found);
    relation_unref(rel);
    return e;
}

struct err *state_create(struct session *s, uint32_t relid, const struct sync_state *state,
                         const char *keys)
{
    static const uint32_t types[] = {OID_OID,  TEXT_OID, TEXT_OID, TEXT_OID, TEXT_OID,
                                     INT8_OID, TEXT_OID, TEXT_OID, TEXT_OID, INT2_OID};
    struct datum params[] = {datum_int(relid),
                             text_datum(state->source),
                             text_datum(state->mode),
                             text_datum(keys),
                             text_datum(state->source_id),
                             version_datum(state->every_us),
                             text_datum(state->cron),
                             text_datum(state->options),
                             text_datum(state->columns),
                             state->time_key ? datum_int(state->time_key) : datum_null()};
    /* What DROP TABLE left behind. */
    TRY(run_sql(s, "DELETE FROM tarn.sync_state WHERE relid NOT IN (SELECT oid FROM pg_class)",
                NULL, NULL, 0));
    TRY(run_sql(s,
                "DELETE FROM tarn.sync_reject_rows WHERE relid NOT IN (SELECT oid FROM pg_class)",
                NULL, NULL, 0));
    return run_sql(
        s,
        "INSERT INTO tarn.sync_state (relid, source, mode, key_columns, source_id, "
        "every_us, cron, options, columns, time_key) VALUES ($1, $2, $3, $4, $5, $6, $7, "
        "$8::jsonb, $9::jsonb, $10)",
        types, params, 10);
}

struct err *state_alter(struct session *s, uint32_t relid, const struct sync_state *state,
                        int64_t next_us)
{
    static const uint32_t types[] = {OID_OID,  TEXT_OID, INT8_OID,       TEXT_OID,
                                     BOOL_OID, TEXT_OID, TIMESTAMPTZ_OID};
    struct datum params[] = {datum_int(relid),
                             text_datum(state->mode),
                             version_datum(state->every_us),
                             text_datum(state->cron),
                             datum_bool(state->paused),
                             text_datum(state->options),
                             next_us < 0 ? datum_null() : time_datum(next_us)};
    return run_sql(s,
                   "UPDATE tarn.sync_state SET mode = $2, every_us = $3, cron = $4, paused = $5, "
                   "options = $6::jsonb, next_run_at = $7 WHERE relid = $1",
                   types, params, 7);
}

struct err *run_set_schedule(struct sync_run *run, const struct sync_state *state,
                             const struct tz *tz)
{
    run->every_us = state->every_us;
    run->cron = state->cron;
    return schedule_next(state->every_us, state->cron, run->started_us, tz, &run->next_us);
}

/* Unless the table has been given another schedule meanwhile. */
static struct err *set_next_run(struct session *s, const struct sync_run *run)
{
    static const uint32_t types[] = {OID_OID, TIMESTAMPTZ_OID, INT8_OID, TEXT_OID};
    struct datum params[] = {datum_int(run->relid), time_datum(run->next_us),
                             version_datum(run->every_us), text_datum(run->cron)};
    if (run->next_us < 0)
        return NULL;
    return run_sql(s,
                   "UPDATE tarn.sync_state SET next_run_at = $2 WHERE relid = $1 AND "
                   "every_us IS NOT DISTINCT FROM $3 AND cron IS NOT DISTINCT FROM $4",
                   types, params, 4);
}

/* A row of tarn.sync_runs; `why` NULL: it succeeded. */
static struct err *add_run(struct session *s, const struct sync_run *run, const char *why)
{
    static const uint32_t types[] = {TEXT_OID, TEXT_OID, TIMESTAMPTZ_OID, TIMESTAMPTZ_OID,
                                     TEXT_OID, INT8_OID, INT8_OID,        INT8_OID,
                                     INT8_OID, INT8_OID, INT8_OID,        INT8_OID,
                                     INT8_OID, TEXT_OID, TEXT_OID};
    struct datum params[] = {
        text_datum(run->schema),
        text_datum(run->table),
        time_datum(run->started_us),
        time_datum(clock_real_us()),
        text_datum(run->kind),
        version_datum(run->from_version),
        version_datum(run->to_version),
        datum_int(why ? 0 : (int64_t)run->inserted),
        datum_int(why ? 0 : (int64_t)run->updated),
        datum_int(why ? 0 : (int64_t)run->deleted),
        datum_int(why ? 0 : (int64_t)run->rejected),
        datum_int((int64_t)run->bytes),
        datum_int((int64_t)run->files),
        text_datum(why ? "failed" : "succeeded"),
        text_datum(why),
    };
    return run_sql(
        s,
        "INSERT INTO tarn.sync_runs (schema_name, table_name, started_at, finished_at, kind, "
        "from_version, to_version, inserted, updated, deleted, rejected, bytes_read, "
        "files_read, outcome, error) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        types, params, 15);
}

struct err *state_applied(struct session *s, const struct sync_run *run)
{
    static const uint32_t types[] = {OID_OID,         INT8_OID, TIMESTAMPTZ_OID, INT8_OID,
                                     TIMESTAMPTZ_OID, INT8_OID, BOOL_OID,        TEXT_OID,
                                     TEXT_OID,        TEXT_OID, INT8_OID,        TEXT_OID};
    struct datum params[] = {
        datum_int(run->relid),
        datum_int(run->to_version),
        time_datum(run->commit_us),
        datum_int(run->whole ? (int64_t)run->rows : (int64_t)run->inserted - (int64_t)run->deleted),
        time_datum(run->started_us),
        version_datum(run->source_version),
        datum_bool(run->whole),
        text_datum(run->source_id),
        text_datum(run->change_source),
        text_datum(run->columns),
        datum_int(run->rejects_change),
        text_datum(run->policy)};
    TRY(run_sql(
        s,
        "UPDATE tarn.sync_state SET applied_version = $2, "
        "source_version = coalesce($6, source_version), columns = $10::jsonb || "
        "jsonb_build_object('policy', $12), applied_commit_timestamp = $3, row_count = CASE WHEN "
        "$7 THEN 0 ELSE row_count END + $4, "
        "last_run_at = $5, source_id = $8, change_source = $9, "
        "rejected_rows = rejected_rows + $11, "
        "error_class = NULL, error_message = NULL, consecutive_failures = 0 WHERE relid = $1",
        types, params, 12));
    TRY(set_next_run(s, run));
    return add_run(s, run, NULL);
}

struct err *state_checked(struct session *s, const struct sync_run *run)
{
    static const uint32_t types[] = {OID_OID, INT8_OID, TIMESTAMPTZ_OID};
    struct datum params[] = {datum_int(run->relid), datum_int(run->source_version),
                             time_datum(run->started_us)};
    TRY(run_sql(s,
                "UPDATE tarn.sync_state SET source_version = $2, last_run_at = $3, "
                "error_class = NULL, error_message = NULL, consecutive_failures = 0 "
                "WHERE relid = $1",
                types, params, 3));
    return set_next_run(s, run);
}

/* The names that operators know. */
static const char *error_class(const struct err *e)
{
    static const struct {
        const char *sqlstate;
        const char *name;
    } classes[] = {
        {"23505", "PRIMARY_KEY_CONSTRAINT_VIOLATION"},
        {"23502", "PRIMARY_KEY_CONSTRAINT_VIOLATION"},
        {"42703", "CHANGED_PRIMARY_KEY"}, /* a key column is gone */
        {"2BP01", "DEPENDENT_OBJECTS_STILL_EXIST"},
        {"42804", "COLUMN_TYPE_CHANGE_NOT_SUPPORTED"},
        {"22021", "CHARACTER_NOT_IN_REPERTOIRE"},
        {"55P03", "LOCK_TIMEOUT"},
        {"55000", "DELTA_TRUNCATED_TRANSACTION_LOG"},
        {"22023", "DELTA_TRUNCATED_TRANSACTION_LOG"},
        {"22003", "VALUE_OUT_OF_RANGE"},
        {"22008", "VALUE_OUT_OF_RANGE"},
        {"53100", "TARGET_DATABASE_FULL"},
        {"0A000", "UNSUPPORTED_FEATURE"},
        {"57014", "CANCELED"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(classes); i++)
        if (err_is(e, classes[i].sqlstate))
            return classes[i].name;
    return "SOURCE_READ_ERROR";
}

/* The message with its detail and hint, as a client would show them. */
static void put_error(struct buf *b, const struct err *e)
{
    buf_put_c(b, e->message);
    if (e->detail)
        buf_printf(b, "\nDETAIL:  %s", e->detail);
    if (e->hint)
        buf_printf(b, "\nHINT:  %s", e->hint);
}

static struct err *note_failure(struct session *s, const struct sync_run *run, const char *class,
                                const char *why)
{
    static const uint32_t types[] = {OID_OID, TEXT_OID, TEXT_OID, TIMESTAMPTZ_OID, INT8_OID};
    struct datum params[] = {datum_int(run->relid), text_datum(class), text_datum(why),
                             time_datum(run->started_us), version_datum(run->source_version)};
    TRY(run_sql(
        s,
        "UPDATE tarn.sync_state SET error_class = $2, error_message = $3, last_run_at = $4, "
        "source_version = coalesce($5, source_version), "
        "consecutive_failures = consecutive_failures + 1 WHERE relid = $1",
        types, params, 5));
    TRY(set_next_run(s, run));
    return add_run(s, run, why);
}

struct err *state_failed(struct session *s, const struct sync_run *run, const struct err *why)
{
    struct buf text = BUF_INIT;
    put_error(&text, why);
    struct err *e = buf_finish(&text);
    if (!e)
        e = note_failure(s, run, error_class(why), buf_cstr(&text));
    buf_done(&text);
    return e;
}

struct err *state_interrupted(struct session *s, const struct sync_run *run, const struct err *why)
{
    return add_run(s, run, why->message);
}

struct err *state_forget(struct session *s, uint32_t relid)
{
    static const uint32_t types[] = {OID_OID};
    struct datum params[] = {datum_int(relid)};
    TRY(run_sql(s, "DELETE FROM tarn.sync_reject_rows WHERE relid = $1", types, params, 1));
    return run_sql(s, "DELETE FROM tarn.sync_state WHERE relid = $1", types, params, 1);
}
