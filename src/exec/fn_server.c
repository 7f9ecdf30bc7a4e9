/* SQL functions about the server as a whole: the write-ahead log, checkpoints, its files, sessions
 * by their number; and those about features that are not there, which give no rows. */
#include "exec/exec_internal.h"
#include "exec/fn_session.h"

#include "catalog/acl.h"
#include "exec/session.h"
#include "storage/store.h"
#include "types/record.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static struct err *zero(struct fn_call *c, struct datum *out)
{
    (void)c;
    *out = datum_int(0);
    return NULL;
}

/* Nothing counts it. */
static struct err *unknown(struct fn_call *c, struct datum *out)
{
    (void)c;
    *out = datum_null();
    return NULL;
}

static struct err *stats_of(struct fn_call *c, struct store_stats *out)
{
    TRY(need_session(c));
    txn_mgr_stats(txn_manager(c->session->cat.txn), out);
    return NULL;
}

/* ---- records from texts ---- */

/* A column's text, read by its type. */
static struct err *read_column(struct fn_call *c, struct arena *a, uint32_t type, const char *text,
                               struct datum *out)
{
    const struct type_ops *ops = type_lookup(c->env, type);
    *out = datum_null();
    return text && ops ? ops->in(ops, c->env, str_from(text), -1, a, out) : NULL;
}

/* The OUT arguments of the function that is called: count and where they begin. */
static struct err *out_arguments(struct fn_call *c, const struct cat_proc **proc, int *first,
                                 int *n)
{
    TRY(need_session(c));
    TRY(cat_load_proc(&c->session->cat, c->func, proc));
    CHECK(*proc && (*proc)->nallargs);
    *first = (*proc)->nargs;
    *n = (*proc)->nallargs - (*proc)->nargs;
    return NULL;
}

enum { MAX_COLUMNS = 20 };

struct err *fn_record(struct fn_call *c, const struct datum *values, struct datum *out)
{
    const struct type_ops *types[MAX_COLUMNS];
    const struct cat_proc *p;
    int first;
    int n;
    TRY(out_arguments(c, &p, &first, &n));
    CHECK(n <= MAX_COLUMNS);
    for (int i = 0; i < n; i++)
        types[i] = type_lookup(c->env, p->allargtypes[first + i]);
    return record_make(RECORD_OID, n, types, &p->argnames[first], values, c->arena, out);
}

struct err *fn_record_of_texts(struct fn_call *c, const char *const *texts, struct datum *out)
{
    struct datum values[MAX_COLUMNS];
    const struct cat_proc *p;
    int first;
    int n;
    TRY(out_arguments(c, &p, &first, &n));
    CHECK(n <= MAX_COLUMNS);
    for (int i = 0; i < n; i++)
        TRY(read_column(c, c->arena, p->allargtypes[first + i], texts[i], &values[i]));
    return fn_record(c, values, out);
}

/* ---- the write-ahead log ---- */

static struct err *wal_tail_lsn(struct fn_call *c, struct datum *out)
{
    struct store_stats s;
    TRY(stats_of(c, &s));
    *out = (struct datum){.u = s.tail_lsn};
    return NULL;
}

static struct err *wal_durable_lsn(struct fn_call *c, struct datum *out)
{
    struct store_stats s;
    TRY(stats_of(c, &s));
    *out = (struct datum){.u = s.durable_lsn};
    return NULL;
}

static struct err *wal_statistics(struct fn_call *c, struct datum *out)
{
    struct store_stats s;
    char bytes[24];
    char syncs[24];
    TRY(stats_of(c, &s));
    snprintf(bytes, sizeof(bytes), "%" PRIu64, s.tail_lsn); /* since the folder was made */
    snprintf(syncs, sizeof(syncs), "%" PRIu64, s.wal_syncs);
    const char *const texts[] = {NULL, "0", bytes, NULL, syncs, syncs, NULL, NULL, NULL};
    return fn_record_of_texts(c, texts, out);
}

static struct err *archiver_statistics(struct fn_call *c, struct datum *out)
{
    const char *const texts[] = {"0", NULL, NULL, "0", NULL, NULL, NULL};
    return fn_record_of_texts(c, texts, out);
}

/* Those that the log or the clock began, and those that were asked for, are counted as one. */
static struct err *checkpoints(struct fn_call *c, struct datum *out)
{
    struct store_stats s;
    TRY(stats_of(c, &s));
    *out = datum_int((int64_t)s.checkpoints);
    return NULL;
}

/* ---- sessions by their number, which is that of their process ---- */

struct backend_query {
    int32_t pid;
    bool found;
    struct arena *arena;
    struct session_info info;
};

static void find_backend(void *arg, const struct session_info *info)
{
    struct backend_query *q = arg;
    if (info->pid != q->pid)
        return;
    q->found = true;
    q->info = *info;
    q->info.query = arena_strdup(q->arena, info->query);
    q->info.client_addr = arena_strdup(q->arena, info->client_addr);
}

/* `secret`: for those who have the session's rights only. */
static struct err *backend_info(struct fn_call *c, bool secret, struct backend_query *q)
{
    const struct role_rights *r;
    *q = (struct backend_query){.pid = (int32_t)c->args[0].i, .arena = c->arena};
    TRY(need_session(c));
    TRY(cat_rights(&c->session->cat, &r));
    c->session->ops->each_session(find_backend, q);
    if (secret && q->found && !rights_of(r, q->info.role) && !rights_of(r, ROLE_READ_ALL_STATS))
        q->found = false;
    return NULL;
}

#define BACKEND_FN(name, secret, value)                                     \
    static struct err *backend_##name(struct fn_call *c, struct datum *out) \
    {                                                                       \
        struct backend_query q;                                             \
        TRY(backend_info(c, secret, &q));                                   \
        *out = q.found ? (value) : datum_null();                            \
        return NULL;                                                        \
    }
static struct datum known_time(int64_t t)
{
    return t ? datum_int(t) : datum_null();
}
BACKEND_FN(pid, false, datum_int(q.info.pid))
BACKEND_FN(dbid, false, datum_int(q.info.db))
BACKEND_FN(userid, false, datum_int(q.info.role))
BACKEND_FN(start, true, known_time(q.info.backend_start))
BACKEND_FN(xact_start, true, known_time(q.info.xact_start))
BACKEND_FN(activity_start, true, known_time(q.info.query_start))
BACKEND_FN(client_port, true, datum_int(*q.info.client_addr ? q.info.client_port : -1))
#undef BACKEND_FN

static struct err *backend_activity(struct fn_call *c, struct datum *out)
{
    struct backend_query q;
    TRY(backend_info(c, false, &q));
    bool there = q.found;
    TRY(backend_info(c, true, &q));
    *out = q.found ? datum_str(str_from(q.info.query))
                   : cstring(c, there ? "<insufficient privilege>"
                                      : "<backend information not available>");
    return NULL;
}

static struct err *backend_client_addr(struct fn_call *c, struct datum *out)
{
    struct backend_query q;
    TRY(backend_info(c, true, &q));
    return read_column(c, c->arena, INET_OID,
                       q.found && *q.info.client_addr ? q.info.client_addr : NULL, out);
}

struct backend_ids {
    struct arena *arena;
    int32_t *pids;
    size_t count;
    size_t cap;
    size_t at;
};

static void add_backend(void *arg, const struct session_info *info)
{
    struct backend_ids *l = arg;
    if (l->count == l->cap) {
        size_t cap = l->cap ? l->cap * 2 : 64;
        int32_t *grown = arena_alloc(l->arena, sizeof(*grown) * cap);
        if (l->count)
            memcpy(grown, l->pids, sizeof(*grown) * l->count);
        l->pids = grown;
        l->cap = cap;
    }
    l->pids[l->count++] = info->pid;
}

static struct err *backend_idset(void **state, struct fn_call *c, struct datum *row, int ncols,
                                 bool *done)
{
    struct backend_ids *l = *state;
    (void)ncols;
    if (!l) {
        TRY(need_session(c));
        *state = l = arena_new(c->state_arena, struct backend_ids);
        l->arena = c->state_arena;
        c->session->ops->each_session(add_backend, l);
    }
    *done = l->at == l->count;
    if (!*done)
        row[0] = datum_int(l->pids[l->at++]);
    return NULL;
}

/* ---- what only the server knows ---- */

struct server_rows {
    struct arena *arena;
    int ncols;
    const char ***rows;
    size_t count;
    size_t cap;
    size_t at;
};

static void copy_row(void *arg, const char *const *texts, int n)
{
    struct server_rows *l = arg;
    if (l->count == l->cap) {
        size_t cap = l->cap ? l->cap * 2 : 16;
        const char ***grown = arena_alloc(l->arena, sizeof(*grown) * cap);
        if (l->count)
            memcpy(grown, l->rows, sizeof(*grown) * l->count);
        l->rows = grown;
        l->cap = cap;
    }
    const char **row = arena_new_array(l->arena, const char *, l->ncols);
    for (int i = 0; i < l->ncols && i < n; i++)
        row[i] = texts[i] ? arena_strdup(l->arena, texts[i]) : NULL;
    l->rows[l->count++] = row;
}

static struct err *server_rows(void **state, struct fn_call *c, struct datum *row, int ncols,
                               bool *done)
{
    struct server_rows *l = *state;
    const struct cat_proc *p;
    int first;
    int n;
    TRY(out_arguments(c, &p, &first, &n));
    if (!l) {
        const char *what = arena_strndup(c->state_arena, p->src.data, p->src.len);
        *state = l = arena_new(c->state_arena, struct server_rows);
        l->arena = c->state_arena;
        l->ncols = n;
        TRY(c->session->ops->each_row(c->session, what, copy_row, l));
    }
    *done = l->at == l->count;
    for (int i = 0; !*done && i < ncols && i < n; i++)
        TRY(read_column(c, c->state_arena, p->allargtypes[first + i], l->rows[l->at][i], &row[i]));
    l->at += !*done;
    return NULL;
}

/* The one row of a function that gives no set. */
static struct err *server_row(struct fn_call *c, struct datum *out)
{
    const struct cat_proc *p;
    int first;
    struct server_rows l = {.arena = c->arena};
    TRY(out_arguments(c, &p, &first, &l.ncols));
    const char *what = arena_strndup(c->arena, p->src.data, p->src.len);
    TRY(c->session->ops->each_row(c->session, what, copy_row, &l));
    CHECK(l.count == 1);
    return fn_record_of_texts(c, l.rows[0], out);
}

/* The words are behind the name of each setting. */
static struct err *settings_flags(struct fn_call *c, struct datum *out)
{
    struct server_rows l = {.arena = c->arena, .ncols = 2};
    TRY(need_session(c));
    TRY(c->session->ops->each_row(c->session, "pg_settings_get_flags", copy_row, &l));
    const char *name = arena_strndup(c->arena, (const char *)c->args[0].p, c->args[0].len);
    *out = datum_null();
    for (size_t i = 0; i < l.count; i++)
        if (strcasecmp(l.rows[i][0], name) == 0)
            return read_column(c, c->arena, TEXTARRAY_OID,
                               arena_printf(c->arena, "{%s}", l.rows[i][1]), out);
    return NULL;
}

static struct err *no_switch(struct fn_call *c, struct datum *out)
{
    (void)c;
    (void)out;
    return err_hint(err_unsupported("pg_switch_wal is not supported: the log's files are not "
                                    "archived"),
                    "A backup by the server's program needs no switch.");
}

/* ---- features that are not there ---- */

static struct err *no_rows(void **state, struct fn_call *c, struct datum *row, int ncols,
                           bool *done)
{
    (void)state;
    (void)c;
    (void)row;
    (void)ncols;
    *done = true;
    return NULL;
}

/* ---- tables ---- */

static const struct {
    const char *src;
    fn_impl fn;
} table[] = {
    {"pg_current_wal_lsn", wal_tail_lsn},
    {"pg_current_wal_insert_lsn", wal_tail_lsn},
    {"pg_current_wal_flush_lsn", wal_durable_lsn},
    {"pg_switch_wal", no_switch},
    {"pg_control_system", server_row},
    {"pg_settings_get_flags", settings_flags},
    {"pg_stat_get_wal", wal_statistics},
    {"pg_stat_get_archiver", archiver_statistics},
    {"pg_stat_get_bgwriter_timed_checkpoints", checkpoints},
    {"pg_stat_get_bgwriter_requested_checkpoints", unknown},
    {"pg_stat_get_checkpoint_write_time", unknown},
    {"pg_stat_get_checkpoint_sync_time", unknown},
    {"pg_stat_get_bgwriter_buf_written_checkpoints", unknown},
    {"pg_stat_get_bgwriter_buf_written_clean", zero},
    {"pg_stat_get_bgwriter_maxwritten_clean", zero},
    {"pg_stat_get_bgwriter_stat_reset_time", unknown},
    {"pg_stat_get_buf_written_backend", zero},
    {"pg_stat_get_buf_fsync_backend", zero},
    {"pg_stat_get_buf_alloc", unknown},
    {"pg_stat_get_blocks_fetched", unknown},
    {"pg_stat_get_blocks_hit", unknown},
    {"pg_stat_get_db_blocks_fetched", unknown},
    {"pg_stat_get_db_blocks_hit", unknown},
    {"pg_stat_get_db_blk_read_time", unknown},
    {"pg_stat_get_db_blk_write_time", unknown},
    {"pg_stat_get_db_temp_files", unknown},
    {"pg_stat_get_db_temp_bytes", unknown},
    {"pg_stat_get_db_deadlocks", unknown},
    {"pg_stat_get_db_session_time", unknown},
    {"pg_stat_get_db_active_time", unknown},
    {"pg_stat_get_db_idle_in_transaction_time", unknown},
    {"pg_stat_get_db_sessions", unknown},
    {"pg_stat_get_db_sessions_abandoned", unknown},
    {"pg_stat_get_db_sessions_fatal", unknown},
    {"pg_stat_get_db_sessions_killed", unknown},
    {"pg_stat_get_db_conflict_tablespace", zero},
    {"pg_stat_get_db_conflict_lock", zero},
    {"pg_stat_get_db_conflict_snapshot", zero},
    {"pg_stat_get_db_conflict_bufferpin", zero},
    {"pg_stat_get_db_conflict_startup_deadlock", zero},
    {"pg_stat_get_function_calls", unknown},
    {"pg_stat_get_function_total_time", unknown},
    {"pg_stat_get_function_self_time", unknown},
    {"pg_stat_get_xact_function_calls", unknown},
    {"pg_stat_get_xact_function_total_time", unknown},
    {"pg_stat_get_xact_function_self_time", unknown},
    {"pg_stat_get_xact_numscans", unknown},
    {"pg_stat_get_xact_tuples_returned", unknown},
    {"pg_stat_get_xact_tuples_fetched", unknown},
    {"pg_stat_get_xact_tuples_inserted", unknown},
    {"pg_stat_get_xact_tuples_updated", unknown},
    {"pg_stat_get_xact_tuples_deleted", unknown},
    {"pg_stat_get_xact_tuples_hot_updated", zero},
    {"pg_stat_get_xact_blocks_fetched", unknown},
    {"pg_stat_get_xact_blocks_hit", unknown},
    {"pg_stat_get_snapshot_timestamp", unknown},
    {"pg_stat_get_backend_pid", backend_pid},
    {"pg_stat_get_backend_dbid", backend_dbid},
    {"pg_stat_get_backend_userid", backend_userid},
    {"pg_stat_get_backend_activity", backend_activity},
    {"pg_stat_get_backend_activity_start", backend_activity_start},
    {"pg_stat_get_backend_xact_start", backend_xact_start},
    {"pg_stat_get_backend_start", backend_start},
    {"pg_stat_get_backend_client_addr", backend_client_addr},
    {"pg_stat_get_backend_client_port", backend_client_port},
};

fn_impl server_fn_lookup(const char *prosrc)
{
    for (size_t i = 0; i < ARRAY_LENGTH(table); i++)
        if (strcmp(table[i].src, prosrc) == 0)
            return table[i].fn;
    return NULL;
}

static const struct srf_impl srfs[] = {
    {"pg_stat_get_backend_idset", backend_idset},
    {"pg_hba_file_rules", server_rows},
    {"pg_ident_file_mappings", server_rows},
    {"show_all_file_settings", server_rows},
    {"pg_config", no_rows},
    {"pg_partition_ancestors", no_rows},
    {"pg_partition_tree", no_rows},
    {"pg_prepared_xact", no_rows},
    {"pg_event_trigger_ddl_commands", no_rows},
    {"pg_event_trigger_dropped_objects", no_rows},
    {"pg_get_backend_memory_contexts", no_rows},
    {"pg_ls_archive_statusdir", no_rows},
    {"pg_ls_logicalmapdir", no_rows},
    {"pg_ls_logicalsnapdir", no_rows},
    {"pg_get_publication_tables", no_rows},
    {"pg_get_replication_slots", no_rows},
    {"pg_get_shmem_allocations", no_rows},
    {"pg_show_replication_origin_status", no_rows},
    {"pg_stat_get_progress_info", no_rows},
    {"pg_stat_get_recovery_prefetch", no_rows},
    {"pg_stat_get_slru", no_rows},
    {"pg_stat_get_subscription", no_rows},
    {"pg_stat_get_wal_senders", no_rows},
    {"pg_mcv_list_items", no_rows},
};

const struct srf_impl *server_srf_lookup(const char *prosrc)
{
    for (size_t i = 0; i < ARRAY_LENGTH(srfs); i++)
        if (strcmp(srfs[i].name, prosrc) == 0)
            return &srfs[i];
    return NULL;
}
