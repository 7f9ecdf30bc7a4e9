/* CREATE and DROP SYNCED TABLE, and what all statements on synced tables share.
 *
 * A statement runs in a transaction of its own. CREATE writes the catalog rows, loads the data into
 * the storage ids they name and notes the version, all in one commit: until then nobody sees
 * anything, and an error or a crash leaves the state of before. */
#include "sync/sync_internal.h"

#include "base/clock.h"
#include "catalog/ddl.h"
#include "catalog/systab.h"
#include "catalog/table.h"
#include "sql/analyze.h"
#include "sql/parse.h"
#include "sync/sync.h"

#include <stdio.h>
#include <strings.h>

enum { MAX_KEYS = 32, TAG_BYTES = 64 };

void job_init(struct job *j, struct session *s, struct own_stmt *stmt, struct arena *arena)
{
    *j = (struct job){.s = s, .stmt = stmt, .arena = arena, .start_ns = clock_mono_ns()};
    j->run.started_us = clock_real_us();
    j->run.from_version = j->run.to_version = j->run.source_version = j->run.next_us =
        j->run.every_us = -1;
}

void job_done(struct job *j)
{
    source_close(j->source);
    j->source = NULL;
}

static struct err *at_name(const struct job *j, struct err *e)
{
    return err_at(e, j->stmt->name_location + 1);
}

/* ---- transactions ---- */

struct err *job_begin(struct session *s)
{
    TRY(txn_begin(catalog_txn_mgr(s->cat.shared), TXN_READ_COMMITTED, false, &s->cat.txn));
    txn_set_pid(s->cat.txn, s->pid, s->cat.db, NULL);
    return NULL;
}

struct err *job_end(struct session *s, struct err *e)
{
    struct txn *t = s->cat.txn;
    s->cat.txn = NULL;
    if (e)
        txn_abort(t);
    else
        e = txn_commit(t, false);
    cat_forget_local(&s->cat, true);
    return e;
}

/* ---- the source ---- */

static void count_files(struct job *j)
{
    uint32_t n;
    const struct delta_file *const *files = delta_files(j->source->snapshot, &n);
    j->run.files = n;
    j->run.bytes = 0;
    for (uint32_t i = 0; i < n; i++)
        j->run.bytes += files[i]->size_bytes > 0 ? (uint64_t)files[i]->size_bytes : 0;
}

struct err *job_open_source(struct job *j, const char *uri, bool schema_only, int64_t version)
{
    struct source_spec spec = {
        .uri = str_from(uri), .kind = SOURCE_DELTA, .at.schema_only = schema_only};
    if (version >= 0) {
        spec.at.when = DELTA_VERSION;
        spec.at.version = version;
    }
    job_done(j);
    TRY(source_resolve(&j->s->cat, uri, j->credential, j->arena, &spec));
    TRY(source_check_access(&j->s->cat, spec.uri));
    TRY(source_open_on_pool(&spec, &j->source));
    const struct delta_snapshot *snapshot = j->source->snapshot;
    struct str id = delta_table_id(snapshot);
    j->run.to_version = j->run.source_version = delta_version(snapshot);
    j->run.commit_us = delta_timestamp_us(snapshot);
    j->run.source_id = arena_strndup(j->arena, id.data, id.len);
    count_files(j);
    return NULL;
}

struct err *job_open_table(struct job *j, const struct sync_state *state, bool schema_only,
                           int64_t version)
{
    j->credential = options_credential(state->options, j->arena);
    return job_open_source(j, state->source, schema_only, version);
}

static int column_named(const struct table_column *columns, int n, const char *name)
{
    for (int i = 0; i < n; i++)
        if (strcmp(columns[i].name, name) == 0)
            return i;
    for (int i = 0; i < n; i++)
        if (strcasecmp(columns[i].name, name) == 0)
            return i;
    return -1;
}

static struct err *key_columns(struct job *j, const struct table_column *columns, int n,
                               int16_t *keys)
{
    const struct own_stmt *stmt = j->stmt;
    if (stmt->nkeys > MAX_KEYS)
        return err_new("54011", "cannot use more than 32 columns in a primary key");
    for (int i = 0; i < stmt->nkeys; i++) {
        int at = column_named(columns, n, stmt->keys[i]);
        if (at < 0)
            return err_new("42703", "column \"%s\" named in key does not exist in the %s",
                           stmt->keys[i], stmt->ncolumns ? "list of columns" : "source");
        const struct lake_field *field = &j->source->schema->fields[columns[at].source];
        if (!columns[at].typed &&
            (lake_type_is_nested(field->type) || field->type->kind == LAKE_VOID))
            return err_new("42804",
                           "column \"%s\" cannot be part of a primary key because of its type",
                           stmt->keys[i]);
        keys[i] = (int16_t)(at + 1);
        for (int k = 0; k < i; k++)
            if (keys[k] == keys[i])
                return err_new("42701", "column \"%s\" appears twice in primary key constraint",
                               stmt->keys[i]);
    }
    return NULL;
}

/* The column of the TIMESERIES KEY: one of a type with an order. */
static struct err *time_column(struct job *j, const struct table_column *columns, int n, int *out)
{
    const char *name = j->stmt->time_key;
    *out = 0;
    if (!name)
        return NULL;
    int at = column_named(columns, n, name);
    if (at < 0)
        return err_new("42703", "column \"%s\" named in key does not exist in the %s", name,
                       j->stmt->ncolumns ? "list of columns" : "source");
    const struct type_ops *ops = type_lookup(&j->s->types, columns[at].type.oid);
    if (!ops || !ops->compare || ops->oid == JSONB_OID)
        return err_new("42804", "column \"%s\" cannot be a TIMESERIES KEY because of its type",
                       name);
    *out = at + 1;
    return NULL;
}

/* ---- loading ---- */

struct row_policy sync_policy(const struct sync_state *state, const struct sync_options *options)
{
    return (struct row_policy){.quarantine_null = options->quarantine_null,
                               .quarantine_duplicate = options->quarantine_duplicate,
                               .bad_value = options->bad_value,
                               .time_att = state->time_key - 1};
}

struct err *job_load(struct job *j, struct relation *rel, const struct sync_columns *columns,
                     const struct row_policy *policy, int64_t rate_limit_rows, uint32_t storage_id,
                     uint32_t *index_ids)
{
    struct rejects rejects;
    struct load l = {.session = j->s,
                     .rel = rel,
                     .source = j->source,
                     .columns = columns,
                     .storage_id = storage_id,
                     .index_ids = index_ids,
                     .policy = policy,
                     .rate_limit_rows = rate_limit_rows,
                     .rejects = &rejects};
    struct err *e = rejects_open(&rejects, j->s, rel->oid, j->run.started_us);
    if (!e)
        e = load_run(&l);
    rejects_close(&rejects);
    TRY(e);
    j->run.inserted = j->run.rows = l.rows;
    j->run.rejected = rejects.added;
    j->run.rejects_change = rejects.change;
    j->run.whole = true;
    return NULL;
}

void job_notice(struct job *j, struct err *n)
{
    if (j->s->ops && j->s->ops->notice)
        j->s->ops->notice(j->s, "NOTICE", n);
    else
        err_free(n);
}

void job_loaded_notice(struct job *j)
{
    const struct sync_run *run = &j->run;
    double seconds = (double)(clock_mono_ns() - j->start_ns) / 1e9;
    struct err *n = err_new(
        "00000", "synced table \"%s.%s\" has %llu rows of version %lld, loaded in %.2f seconds",
        run->schema, run->table, (unsigned long long)run->inserted, (long long)run->to_version,
        seconds);
    if (run->rejected)
        err_detail(n, "%llu rows were refused: see tarn.sync_rejects.",
                   (unsigned long long)run->rejected);
    job_notice(j, n);
}

const char *sync_mode_name(enum own_mode mode)
{
    switch (mode) {
    case OWN_MODE_TRIGGERED:
        return "TRIGGERED";
    case OWN_MODE_CONTINUOUS:
        return "CONTINUOUS";
    case OWN_MODE_NONE:
    case OWN_MODE_SNAPSHOT:
        break;
    }
    return "SNAPSHOT";
}

/* ---- CREATE ---- */

static struct err *target_schema(struct job *j, uint32_t *nsp)
{
    struct cat *c = &j->s->cat;
    if (j->stmt->schema) {
        TRY(cat_namespace_oid(c, str_from(j->stmt->schema), nsp));
        if (!*nsp)
            return at_name(j, err_new("3F000", "schema \"%s\" does not exist", j->stmt->schema));
        if (*nsp == PG_CATALOG_NSP)
            return at_name(j, err_new("42501", "permission denied to create \"pg_catalog.%s\"",
                                      j->stmt->name));
        j->run.schema = j->stmt->schema;
        return NULL;
    }
    *nsp = c->creation_nsp ? c->creation_nsp : PUBLIC_NSP;
    return cat_namespace_name(c, *nsp, j->arena, &j->run.schema);
}

static struct err *check_name(struct job *j, uint32_t nsp, bool *skip)
{
    uint32_t oid;
    *skip = false;
    if (strlen(j->stmt->name) > 63)
        return at_name(j, err_new("42622", "identifier \"%s\" is too long", j->stmt->name));
    TRY(cat_relation_oid(&j->s->cat, nsp, str_from(j->stmt->name), &oid));
    if (!oid)
        return NULL;
    struct err *e = err_new("42P07", "relation \"%s\" already exists", j->stmt->name);
    if (!j->stmt->missing_ok)
        return at_name(j, e);
    err_free(e);
    *skip = true;
    job_notice(j, err_new("42P07", "relation \"%s\" already exists, skipping", j->stmt->name));
    return NULL;
}

/* The table to be. */
struct design {
    struct table_column *columns;
    int ncolumns;
    int16_t keys[MAX_KEYS]; /* 1-based */
    struct sync_state state;
    struct row_policy policy;
    int64_t rate_limit_rows;
};

static struct err *create_primary_key(struct job *j, uint32_t nsp, uint32_t relid,
                                      const struct design *d)
{
    struct cat *c = &j->s->cat;
    struct ddl_index_column cols[MAX_KEYS];
    const char *name;
    uint32_t oid;
    uint32_t constraint;
    int n = j->stmt->nkeys;
    for (int i = 0; i < n; i++) {
        const struct table_column *column = &d->columns[d->keys[i] - 1];
        uint32_t type = column->type.oid;
        cols[i] = (struct ddl_index_column){
            .attnum = d->keys[i],
            .name = column->name,
            .type = type,
            .collation = builtin_type(type)->collation,
        };
        TRY(resolve_opclass(BTREE_AM, type, &cols[i].opclass));
    }
    TRY(ddl_choose_name(c, nsp, j->stmt->name, NULL, "pkey", false, 0, j->arena, &name));
    struct ddl_index index = {.name = name,
                              .relid = relid,
                              .nsp = nsp,
                              .owner = c->role,
                              .persistence = 'p',
                              .unique = true,
                              .primary = true,
                              .immediate = true,
                              .for_constraint = true,
                              .columns = cols,
                              .nkeys = n,
                              .ncolumns = n};
    TRY(ddl_create_index(c, &index, &oid));
    struct ddl_constraint con = {.name = name,
                                 .nsp = nsp,
                                 .type = 'p',
                                 .relid = relid,
                                 .index = oid,
                                 .keys = d->keys,
                                 .nkeys = n,
                                 .validated = true};
    return ddl_create_constraint(c, &con, &constraint);
}

static struct err *create_relation(struct job *j, uint32_t nsp, const struct design *d,
                                   uint32_t *relid)
{
    struct cat *c = &j->s->cat;
    struct ddl_column *columns = arena_new_array(j->arena, struct ddl_column, d->ncolumns);
    for (int i = 0; i < d->ncolumns; i++) {
        const struct table_column *column = &d->columns[i];
        const struct cat_type *type = builtin_type(column->type.oid);
        columns[i] = (struct ddl_column){.name = column->name,
                                         .type = column->type.oid,
                                         .typmod = column->type.typmod,
                                         .collation = type ? type->collation : 0};
    }
    for (int i = 0; i < j->stmt->nkeys; i++)
        columns[d->keys[i] - 1].not_null = true;
    struct ddl_relation def = {.name = j->stmt->name,
                               .nsp = nsp,
                               .kind = 'r',
                               .persistence = 'p',
                               .owner = c->role,
                               .columns = columns,
                               .ncolumns = d->ncolumns,
                               .storage_id = txn_new_storage_id(catalog_txn_mgr(c->shared)),
                               .unpopulated = j->stmt->no_wait,
                               .synced = true};
    TRY(ddl_create_relation(c, &def, relid));
    return create_primary_key(j, nsp, *relid, d);
}

static const char *joined_keys(struct job *j)
{
    struct buf b = BUF_INIT;
    for (int i = 0; i < j->stmt->nkeys; i++) {
        buf_put_c(&b, i ? ", " : "");
        quote_identifier(&b, j->stmt->keys[i]);
    }
    const char *out = arena_strdup(j->arena, buf_cstr(&b));
    buf_done(&b);
    return out;
}

/* The columns and keys of the table, by the statement and the source, which is open. */
static struct err *design_table(struct job *j, struct design *d)
{
    TRY(columns_choose(j, &d->columns, &d->ncolumns));
    TRY(key_columns(j, d->columns, d->ncolumns, d->keys));
    return time_column(j, d->columns, d->ncolumns, &d->state.time_key);
}

static struct err *make_table(struct job *j, uint32_t nsp, struct design *d, struct relation **rel)
{
    struct cat *c = &j->s->cat;
    bool locked;
    TRY(create_relation(j, nsp, d, &j->run.relid));
    txn_next_command(c->txn);
    TRY(txn_lock_table(c->txn, j->run.relid, TXN_ACCESS_EXCLUSIVE, TXN_WAIT, &locked));
    TRY(columns_json(j, d->columns, d->ncolumns, j->stmt->ncolumns > 0, &d->state.columns));
    return cat_relation(c, j->run.relid, rel);
}

struct err *job_create_relation(struct job *j, struct sync_state *state, struct relation **rel)
{
    struct design d = {0};
    uint32_t nsp;
    TRY(target_schema(j, &nsp));
    TRY(design_table(j, &d));
    TRY(make_table(j, nsp, &d, rel));
    *state = d.state;
    return NULL;
}

static struct err *create_and_load(struct job *j, uint32_t nsp, struct design *d)
{
    struct relation *rel;
    struct sync_columns columns;
    enum columns_change change;
    TRY(make_table(j, nsp, d, &rel));
    struct err *e = columns_match(j, &rel, &d->state, false, &columns, &change);
    if (!e)
        e = job_load(j, rel, &columns, &d->policy, d->rate_limit_rows, rel->storage_id, NULL);
    relation_unref(rel);
    TRY(e);
    j->run.columns = columns.json;
    TRY(state_create(j->s, j->run.relid, &d->state, joined_keys(j)));
    return state_applied(j->s, &j->run);
}

/* NO WAIT: the scheduler loads a table that is at no version yet, after a restart too. */
static struct err *create_unloaded(struct job *j, uint32_t nsp, struct design *d)
{
    struct relation *rel;
    TRY(make_table(j, nsp, d, &rel));
    relation_unref(rel);
    return state_create(j->s, j->run.relid, &d->state, joined_keys(j));
}

/* What the statement says of the sync itself. */
static struct err *new_state(struct job *j, struct sync_state *state)
{
    const struct own_stmt *stmt = j->stmt;
    *state =
        (struct sync_state){.mode = sync_mode_name(stmt->mode), .every_us = -1, .cron = stmt->cron};
    if (stmt->mode == OWN_MODE_CONTINUOUS && (stmt->every || stmt->cron))
        return err_at(err_new("42601", "a continuous synced table has no schedule"),
                      stmt->schedule_location + 1);
    if (stmt->every)
        TRY(schedule_parse_interval(stmt->every, "EVERY", &state->every_us));
    if (stmt->cron)
        TRY(schedule_check_cron(stmt->cron, j->s->types.tz));
    TRY(options_merge("{}", stmt->options, stmt->noptions, j->arena, &state->options));
    return run_set_schedule(&j->run, state, j->s->types.tz);
}

/* The source as it is kept, and the right to read it. */
static struct err *statement_source(struct job *j, struct sync_state *state)
{
    j->credential = options_credential(state->options, j->arena);
    if (j->credential)
        TRY(credential_check_use(&j->s->cat, j->credential));
    if (j->stmt->uri)
        return source_absolute(str_from(j->stmt->uri), j->arena, &state->source);
    TRY(catalog_check_use(&j->s->cat, j->stmt->source[0]));
    state->source = catalog_join(j->stmt->source, j->arena);
    return NULL;
}

static struct err *create(struct job *j, char *tag)
{
    struct design d = {0};
    struct sync_options options;
    uint32_t nsp;
    bool skip;
    TRY(new_state(j, &d.state));
    TRY(job_begin(j->s));
    struct err *e = target_schema(j, &nsp);
    if (!e)
        e = check_name(j, nsp, &skip);
    snprintf(tag, TAG_BYTES, "CREATE SYNCED TABLE");
    if (!e && skip)
        return job_end(j->s, NULL);
    j->run.table = j->stmt->name;
    j->run.kind = "initial";
    if (!e)
        e = statement_source(j, &d.state);
    if (!e)
        e = job_open_source(j, d.state.source, false, -1);
    if (!e)
        e = design_table(j, &d);
    if (!e)
        e = options_read(d.state.options, j->arena, &options);
    if (!e) {
        d.policy = sync_policy(&d.state, &options);
        j->run.policy = options.policy;
        d.rate_limit_rows = options.rate_limit_rows;
        e = j->stmt->no_wait ? create_unloaded(j, nsp, &d) : create_and_load(j, nsp, &d);
    }
    TRY(job_end(j->s, e));
    if (!j->stmt->no_wait)
        job_loaded_notice(j);
    return scheduler_look(j, j->run.relid);
}

/* ---- the statement's table ---- */

struct err *job_lock_runs(struct job *j, uint32_t relid)
{
    enum { RUNS_OF_TABLE = 3 }; /* beside the two kinds that statements can name */
    struct cat *c = &j->s->cat;
    struct txn_advisory runs = {.db = c->db, .hi = relid, .kind = RUNS_OF_TABLE};
    bool locked;
    return txn_lock_advisory(c->txn, runs, false, TXN_WAIT, &locked);
}

static bool same_columns(const struct relation *a, const struct relation *b)
{
    if (a->natts != b->natts)
        return false;
    for (int i = 0; i < a->natts; i++)
        if (a->atts[i].dropped != b->atts[i].dropped || a->atts[i].type != b->atts[i].type ||
            a->atts[i].typmod != b->atts[i].typmod)
            return false;
    return true;
}

struct err *job_lock_again(struct job *j, const struct relation *rel, struct relation **out)
{
    struct cat *c = &j->s->cat;
    struct relation *now;
    bool locked;
    TRY(txn_lock_table(c->txn, rel->oid, TXN_SHARE_UPDATE_EXCLUSIVE, TXN_WAIT, &locked));
    TRY(cat_relation(c, rel->oid, &now));
    if (!now)
        return err_new("42P01", "the synced table is not there any more");
    if (!same_columns(rel, now)) {
        struct err *e =
            err_new("55000", "columns of synced table \"%s\" changed during the load", now->name);
        relation_unref(now);
        return e;
    }
    *out = now;
    return NULL;
}

struct err *job_find(struct job *j, enum txn_table_lock mode, bool alone, struct relation **out)
{
    struct cat *c = &j->s->cat;
    const struct own_stmt *stmt = j->stmt;
    uint32_t oid;
    bool locked;
    *out = NULL;
    TRY(cat_find_relation(c, str_from(stmt->schema ? stmt->schema : ""), str_from(stmt->name),
                          stmt->missing_ok, &oid));
    if (!oid && !stmt->schema && !c->nsearch_path)
        TRY(cat_relation_oid(c, PUBLIC_NSP, str_from(stmt->name), &oid));
    if (oid) {
        if (alone)
            TRY(job_lock_runs(j, oid));
        TRY(txn_lock_table(c->txn, oid, mode, TXN_WAIT, &locked));
        TRY(cat_relation(c, oid, out));
    }
    if (!*out)
        return stmt->missing_ok ? NULL
                                : at_name(j, err_new("42P01", "relation \"%s%s%s\" does not exist",
                                                     stmt->schema ? stmt->schema : "",
                                                     stmt->schema ? "." : "", stmt->name));
    if ((*out)->read_only_synced)
        return NULL;
    struct err *e = at_name(j, err_new("42809", "\"%s\" is not a synced table", (*out)->name));
    relation_unref(*out);
    *out = NULL;
    return e;
}

struct err *job_check_owner(struct job *j, const struct relation *rel)
{
    const struct cat *c = &j->s->cat;
    if (c->role != rel->owner && c->role != BOOTSTRAP_ROLE && !j->s->superuser)
        return err_new("42501", "must be owner of table %s", rel->name);
    return NULL;
}

/* ---- DROP ---- */

/* The rest of DROP TABLE's work (dependent views, storage) is DROP TABLE's. */
static struct err *drop_table(struct job *j, const struct relation *rel)
{
    struct buf sql = BUF_INIT;
    struct parsed parsed;
    char tag[TAG_BYTES];
    buf_put_c(&sql, "DROP TABLE ");
    quote_identifier(&sql, rel->nsp_name);
    buf_put_c(&sql, ".");
    quote_identifier(&sql, rel->name);
    buf_put_c(&sql, j->stmt->cascade ? " CASCADE" : "");
    char *text = arena_strdup(j->arena, buf_cstr(&sql));
    struct err *e = buf_finish(&sql);
    buf_done(&sql);
    if (!e)
        e = parse_sql(text, j->arena, &parsed);
    return e ? e : utility_run(j->s, &parsed.stmts[0], NULL, NULL, tag);
}

static struct err *drop_in_txn(struct job *j)
{
    struct relation *rel;
    TRY(job_find(j, TXN_ACCESS_EXCLUSIVE, false, &rel));
    if (!rel) {
        job_notice(j, err_new("00000", "table \"%s\" does not exist, skipping", j->stmt->name));
        return NULL;
    }
    j->run.relid = rel->oid;
    struct err *e = state_forget(j->s, rel->oid);
    if (!e)
        e = drop_table(j, rel);
    relation_unref(rel);
    return e;
}

/* What the table's runs have locked would be waited for. */
static struct err *interrupt_runs(struct job *j)
{
    struct relation *rel;
    TRY(job_find(j, TXN_ACCESS_SHARE, false, &rel));
    if (!rel)
        return NULL;
    struct err *e = job_check_owner(j, rel);
    if (!e)
        running_interrupt(j->s->cat.db, rel->oid, false, "DROP SYNCED TABLE");
    relation_unref(rel);
    return e;
}

static struct err *drop(struct job *j, char *tag)
{
    TRY(job_begin(j->s));
    TRY(job_end(j->s, interrupt_runs(j)));
    TRY(job_begin(j->s));
    TRY(job_end(j->s, drop_in_txn(j)));
    snprintf(tag, TAG_BYTES, "DROP SYNCED TABLE");
    return j->run.relid ? scheduler_look(j, j->run.relid) : NULL;
}

/* ---- entry ---- */

static const char *own_statement_name(enum own_kind kind)
{
    switch (kind) {
    case OWN_CREATE_SYNCED:
        return "CREATE SYNCED TABLE";
    case OWN_REFRESH_SYNCED:
        return "REFRESH SYNCED TABLE";
    case OWN_ALTER_SYNCED:
        return "ALTER SYNCED TABLE";
    case OWN_WAIT_SYNCED:
        return "WAIT FOR SYNCED TABLE";
    case OWN_DROP_SYNCED:
        return "DROP SYNCED TABLE";
    case OWN_CREATE_CREDENTIAL:
        return "CREATE STORAGE CREDENTIAL";
    case OWN_ALTER_CREDENTIAL:
        return "ALTER STORAGE CREDENTIAL";
    case OWN_DROP_CREDENTIAL:
        return "DROP STORAGE CREDENTIAL";
    case OWN_CREATE_CATALOG:
        return "CREATE CATALOG";
    case OWN_DROP_CATALOG:
        return "DROP CATALOG";
    case OWN_VERIFY_SYNCED:
        return "VERIFY SYNCED TABLE";
    case OWN_CHECK_SYNC:
        return "CHECK SYNC";
    case OWN_BACKUP: /* the server's */
    case OWN_UNSUPPORTED:
        break;
    }
    return "statement";
}

struct err *sync_run_statement(struct session *s, struct own_stmt *stmt, bool in_block,
                               struct own_rows *rows, char tag[64])
{
    struct arena arena;
    struct err *e = NULL;
    if (stmt->kind == OWN_UNSUPPORTED)
        return err_unsupported("%s is not supported", stmt->what);
    if (in_block)
        return err_new("25001", "%s cannot run inside a transaction block",
                       own_statement_name(stmt->kind));
    arena_init(&arena);
    struct job j;
    job_init(&j, s, stmt, &arena);
    switch (stmt->kind) {
    case OWN_CREATE_SYNCED:
        e = create(&j, tag);
        break;
    case OWN_REFRESH_SYNCED:
        e = refresh_statement(&j, tag);
        break;
    case OWN_ALTER_SYNCED:
        e = alter_statement(&j, tag);
        break;
    case OWN_WAIT_SYNCED:
        e = wait_statement(&j, tag);
        break;
    case OWN_DROP_SYNCED:
        e = drop(&j, tag);
        break;
    case OWN_CREATE_CREDENTIAL:
    case OWN_ALTER_CREDENTIAL:
    case OWN_DROP_CREDENTIAL:
        e = credential_statement(&j, tag);
        break;
    case OWN_CREATE_CATALOG:
    case OWN_DROP_CATALOG:
        e = catalog_statement(&j, tag);
        break;
    case OWN_VERIFY_SYNCED:
        e = verify_statement(&j, rows, tag);
        break;
    case OWN_CHECK_SYNC:
        e = check_statement(&j, rows, tag);
        break;
    case OWN_BACKUP: /* the server's */
    case OWN_UNSUPPORTED:
        break;
    }
    job_done(&j);
    arena_done(&arena);
    return e;
}

void sync_init(void)
{
    table_functions_init();
    progress_init();
    own_handler.run = sync_run_statement;
    own_handler.not_loaded = progress_not_loaded;
}

const char *sync_bootstrap_sql(void)
{
    extern const char sync_bootstrap_text[];
    return sync_bootstrap_text;
}
