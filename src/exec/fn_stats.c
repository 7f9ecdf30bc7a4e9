/* Functions about what has been done to tables and indexes (catalog/activity.h): those that
 * pg_stat_user_tables, pg_stat_user_indexes and pg_stat_database are made of. */
#include "exec/exec_internal.h"
#include "exec/fn_session.h"

#include "catalog/activity.h"
#include "exec/session.h"

static uint32_t database(const struct fn_call *c)
{
    return c->session->cat.db;
}

/* ---- of a relation of this database ---- */

static struct err *relation_count(struct fn_call *c, enum activity_kind kind, struct datum *out)
{
    struct activity_sums sums;
    activity_sum(database(c), (uint32_t)c->args[0].u, false, &sums);
    *out = datum_int((int64_t)sums.n[kind]);
    return NULL;
}

#define RELATION_COUNT(name, kind)                                           \
    static struct err *relation_##name(struct fn_call *c, struct datum *out) \
    {                                                                        \
        return relation_count(c, kind, out);                                 \
    }
RELATION_COUNT(scans, ACTIVITY_SCANS)
RELATION_COUNT(returned, ACTIVITY_RETURNED)
RELATION_COUNT(fetched, ACTIVITY_FETCHED)
RELATION_COUNT(inserted, ACTIVITY_INSERTED)
RELATION_COUNT(updated, ACTIVITY_UPDATED)
RELATION_COUNT(deleted, ACTIVITY_DELETED)
#undef RELATION_COUNT

static struct err *nothing(struct fn_call *c, struct datum *out)
{
    (void)c;
    *out = datum_int(0);
    return NULL;
}

static struct err *unknown(struct fn_call *c, struct datum *out)
{
    (void)c;
    *out = datum_null();
    return NULL;
}

static struct activity_care care_of(const struct fn_call *c)
{
    struct activity_care care;
    activity_care(database(c), (uint32_t)c->args[0].u, &care);
    return care;
}

static struct datum time_or_null(int64_t time)
{
    return time ? datum_int(time) : datum_null();
}

static struct err *last_vacuum(struct fn_call *c, struct datum *out)
{
    *out = time_or_null(care_of(c).last_vacuum);
    return NULL;
}

static struct err *last_analyze(struct fn_call *c, struct datum *out)
{
    *out = time_or_null(care_of(c).last_analyze);
    return NULL;
}

static struct err *last_autoanalyze(struct fn_call *c, struct datum *out)
{
    *out = time_or_null(care_of(c).last_autoanalyze);
    return NULL;
}

static struct err *vacuums(struct fn_call *c, struct datum *out)
{
    *out = datum_int((int64_t)care_of(c).vacuums);
    return NULL;
}

static struct err *analyzes(struct fn_call *c, struct datum *out)
{
    *out = datum_int((int64_t)care_of(c).analyzes);
    return NULL;
}

static struct err *autoanalyzes(struct fn_call *c, struct datum *out)
{
    *out = datum_int((int64_t)care_of(c).autoanalyzes);
    return NULL;
}

static struct err *changes_since_analyze(struct fn_call *c, struct datum *out)
{
    *out = datum_int((int64_t)care_of(c).changes_since_analyze);
    return NULL;
}

static struct err *inserts_since_vacuum(struct fn_call *c, struct datum *out)
{
    *out = datum_int((int64_t)care_of(c).inserts_since_vacuum);
    return NULL;
}

/* ---- of a database ---- */

static struct err *database_count(struct fn_call *c, enum activity_kind kind, struct datum *out)
{
    struct activity_sums sums;
    bool whole = kind != ACTIVITY_COMMITS && kind != ACTIVITY_ROLLBACKS;
    activity_sum((uint32_t)c->args[0].u, 0, whole, &sums);
    *out = datum_int((int64_t)sums.n[kind]);
    return NULL;
}

#define DATABASE_COUNT(name, kind)                                           \
    static struct err *database_##name(struct fn_call *c, struct datum *out) \
    {                                                                        \
        return database_count(c, kind, out);                                 \
    }
DATABASE_COUNT(commits, ACTIVITY_COMMITS)
DATABASE_COUNT(rollbacks, ACTIVITY_ROLLBACKS)
DATABASE_COUNT(returned, ACTIVITY_RETURNED)
DATABASE_COUNT(fetched, ACTIVITY_FETCHED)
DATABASE_COUNT(inserted, ACTIVITY_INSERTED)
DATABASE_COUNT(updated, ACTIVITY_UPDATED)
DATABASE_COUNT(deleted, ACTIVITY_DELETED)
#undef DATABASE_COUNT

struct backends {
    uint32_t db;
    int64_t n;
};

static void count_session(void *arg, const struct session_info *info)
{
    struct backends *b = arg;
    b->n += info->db == b->db;
}

static struct err *database_backends(struct fn_call *c, struct datum *out)
{
    struct backends b = {(uint32_t)c->args[0].u, 0};
    c->session->ops->each_session(count_session, &b);
    *out = datum_int(b.n);
    return NULL;
}

static struct err *database_reset_time(struct fn_call *c, struct datum *out)
{
    *out = time_or_null(activity_reset_time((uint32_t)c->args[0].u));
    return NULL;
}

/* ---- administration ---- */

static struct err *reset(struct fn_call *c, struct datum *out)
{
    activity_reset(database(c), c->nargs ? (uint32_t)c->args[0].u : 0);
    *out = datum_null();
    return NULL;
}

/* Counts are never kept back, and never from a snapshot. */
static struct err *no_effect(struct fn_call *c, struct datum *out)
{
    (void)c;
    *out = datum_null();
    return NULL;
}

static const struct {
    const char *src;
    fn_impl fn;
} table[] = {
    {"pg_stat_get_numscans", relation_scans},
    {"pg_stat_get_tuples_returned", relation_returned},
    {"pg_stat_get_tuples_fetched", relation_fetched},
    {"pg_stat_get_tuples_inserted", relation_inserted},
    {"pg_stat_get_tuples_updated", relation_updated},
    {"pg_stat_get_tuples_deleted", relation_deleted},
    {"pg_stat_get_tuples_hot_updated", nothing},
    {"pg_stat_get_dead_tuples", nothing},
    {"pg_stat_get_mod_since_analyze", changes_since_analyze},
    {"pg_stat_get_ins_since_vacuum", inserts_since_vacuum},
    {"pg_stat_get_last_vacuum_time", last_vacuum},
    {"pg_stat_get_last_autovacuum_time", unknown},
    {"pg_stat_get_last_analyze_time", last_analyze},
    {"pg_stat_get_last_autoanalyze_time", last_autoanalyze},
    {"pg_stat_get_vacuum_count", vacuums},
    {"pg_stat_get_autovacuum_count", nothing},
    {"pg_stat_get_analyze_count", analyzes},
    {"pg_stat_get_autoanalyze_count", autoanalyzes},
    {"pg_stat_get_db_numbackends", database_backends},
    {"pg_stat_get_db_xact_commit", database_commits},
    {"pg_stat_get_db_xact_rollback", database_rollbacks},
    {"pg_stat_get_db_tuples_returned", database_returned},
    {"pg_stat_get_db_tuples_fetched", database_fetched},
    {"pg_stat_get_db_tuples_inserted", database_inserted},
    {"pg_stat_get_db_tuples_updated", database_updated},
    {"pg_stat_get_db_tuples_deleted", database_deleted},
    {"pg_stat_get_db_conflict_all", nothing},
    {"pg_stat_get_db_checksum_failures", unknown},
    {"pg_stat_get_db_checksum_last_failure", unknown},
    {"pg_stat_get_db_stat_reset_time", database_reset_time},
    {"pg_stat_reset", reset},
    {"pg_stat_reset_single_table_counters", reset},
    {"pg_stat_force_next_flush", no_effect},
    {"pg_stat_clear_snapshot", no_effect},
};

fn_impl stats_fn_lookup(const char *prosrc)
{
    for (size_t i = 0; i < ARRAY_LENGTH(table); i++)
        if (strcmp(table[i].src, prosrc) == 0)
            return table[i].fn;
    return NULL;
}
