/* CHECK SYNC FROM DELTA: what would stand in the way of a synced table, before there is one.
 *
 * The table is created and loaded in a transaction that is rolled back, with all policies at
 * quarantine: so the check meets what CREATE SYNCED TABLE would meet, and what is refused is
 * counted by column and reason instead of being kept. */
#include "sync/sync_internal.h"

#include "base/clock.h"

#include <stdio.h>

enum { TAG_BYTES = 64, MAX_FINDINGS = 1000 };

struct finding {
    const char *severity; /* error, warning, info */
    const char *check;
    const char *column; /* NULL: none */
    int64_t rows;       /* -1: not of rows */
    const char *sample; /* NULL: none */
    const char *remedy;
};

struct check {
    struct job *j;
    struct finding findings[MAX_FINDINGS];
    int count;
};

static struct finding *add(struct check *c, const char *severity, const char *check,
                           const char *column, const char *remedy)
{
    for (int i = 0; i < c->count; i++) {
        struct finding *f = &c->findings[i];
        if (strcmp(f->check, check) == 0 && (!column || (f->column && !strcmp(f->column, column))))
            return f;
    }
    struct finding *f = &c->findings[c->count == MAX_FINDINGS ? MAX_FINDINGS - 1 : c->count++];
    *f = (struct finding){.severity = severity, .check = check, .rows = -1, .remedy = remedy};
    f->column = column ? arena_strdup(c->j->arena, column) : NULL;
    return f;
}

/* ---- rows ---- */

static struct err *take_reject(void *arg, const struct reject *what)
{
    struct check *c = arg;
    struct finding *f;
    if (what->bad_value)
        f = add(
            c, "error", "bad value", what->column,
            "Mend the values in the source, or set on_bad_value to quarantine, sanitize or null.");
    else if (what->column)
        f = add(
            c, "warning", "null key", what->column,
            "Rows without a key are put aside in tarn.sync_rejects (on_null_key = quarantine).");
    else
        f = add(c, "error", "duplicate key", NULL,
                "Choose another PRIMARY KEY, give a TIMESERIES KEY, or set on_duplicate_key to "
                "quarantine.");
    if (f->rows < 0) {
        f->rows = 0;
        f->sample = arena_printf(c->j->arena, "key %.*s%s%.*s", STR_ARG(what->key),
                                 what->bad_value ? ": " : "",
                                 what->bad_value ? (int)what->reason.len : 0, what->reason.data);
    }
    f->rows++;
    return NULL;
}

static struct err *load_rows(struct check *c)
{
    struct job *j = c->j;
    struct relation *rel;
    struct sync_columns columns;
    enum columns_change change;
    struct rejects rejects;
    struct sync_state state;
    const struct row_policy policy = {.quarantine_null = true,
                                      .quarantine_duplicate = true,
                                      .bad_value = BAD_QUARANTINE,
                                      .time_att = -1};
    TRY(job_create_relation(j, &state, &rel));
    struct err *e = columns_match(j, &rel, &state, false, &columns, &change);
    if (!e)
        e = rejects_open(&rejects, j->s, rel->oid, j->run.started_us);
    if (!e) {
        struct load l = {.session = j->s,
                         .rel = rel,
                         .source = j->source,
                         .columns = &columns,
                         .storage_id = rel->storage_id,
                         .policy = &policy,
                         .rejects = &rejects};
        rejects.taker = take_reject;
        rejects.arg = c;
        e = load_run(&l);
        rejects_close(&rejects);
        if (!e)
            add(c, "info", "rows", NULL, "Nothing to do.")->rows = (int64_t)l.rows;
    }
    relation_unref(rel);
    return e;
}

/* ---- what CREATE would say ---- */

static void take_error(struct check *c, const char *check, struct err *e)
{
    struct finding *f =
        add(c, "error", check, e->column_name, e->hint ? arena_strdup(c->j->arena, e->hint) : "");
    f->sample = arena_strdup(c->j->arena, e->message);
    if (!*f->remedy)
        f->remedy = "CREATE SYNCED TABLE fails with this error.";
    err_free(e);
}

/* Columns that no type is for can be left out of COLUMNS. */
static bool check_types(struct check *c)
{
    const struct lake_type *schema = c->j->source->schema;
    bool fine = true;
    for (uint32_t i = 0; i < schema->field_count; i++) {
        struct value_type type;
        struct err *e = value_type_of(&schema->fields[i], &type);
        if (!e)
            continue;
        const char *name =
            arena_strndup(c->j->arena, schema->fields[i].name.data, schema->fields[i].name.len);
        struct finding *f = add(c, "error", "type", name, "Leave the column out with COLUMNS.");
        f->sample = arena_strdup(c->j->arena, e->message);
        err_free(e);
        fine = false;
    }
    return fine;
}

static void check_feed(struct check *c)
{
    if (strcmp(sync_change_source(c->j->source), "cdf") != 0)
        add(c, "info", "change feed", NULL,
            "Without delta.enableChangeDataFeed changes are worked out from files that are added "
            "and removed, which reads more.");
}

/* WITH (credential = '...'), the one option that says how the source is read. */
static struct err *take_credential(struct job *j)
{
    const char *options;
    for (int i = 0; i < j->stmt->noptions; i++)
        if (strcmp(j->stmt->options[i].name, "credential") != 0)
            return err_new("22023", "unrecognized option \"%s\" of CHECK SYNC",
                           j->stmt->options[i].name);
    TRY(options_merge("{}", j->stmt->options, j->stmt->noptions, j->arena, &options));
    j->credential = options_credential(options, j->arena);
    return j->credential ? credential_check_use(&j->s->cat, j->credential) : NULL;
}

static struct err *check_all(struct check *c)
{
    struct job *j = c->j;
    const char *source;
    TRY(take_credential(j));
    if (j->stmt->uri) {
        TRY(source_absolute(str_from(j->stmt->uri), j->arena, &source));
        TRY(source_check_access(&j->s->cat, str_from(source)));
    } else {
        TRY(catalog_check_use(&j->s->cat, j->stmt->source[0]));
        source = catalog_join(j->stmt->source, j->arena);
    }
    struct err *e = job_open_source(j, source, false, -1);
    if (e) {
        if (err_is(e, "57014"))
            return e;
        take_error(c, "source", e);
        return NULL;
    }
    check_feed(c);
    if (!check_types(c))
        return NULL;
    e = load_rows(c);
    if (e && !err_is(e, "57014") && !err_is(e, "57P01")) {
        take_error(
            c, err_is(e, "42703") || err_is(e, "42804") || err_is(e, "42701") ? "key" : "load", e);
        e = NULL;
    }
    return e;
}

static struct datum text_or_null(const char *s)
{
    return s ? datum_str(str_from(s)) : datum_null();
}

static struct err *put_findings(struct check *c, struct own_rows *to)
{
    static const char *const order[] = {"error", "warning", "info"};
    for (size_t k = 0; k < ARRAY_LENGTH(order); k++)
        for (int i = 0; i < c->count; i++) {
            const struct finding *f = &c->findings[i];
            if (strcmp(f->severity, order[k]) != 0)
                continue;
            struct datum row[] = {
                text_or_null(f->severity), text_or_null(f->check),
                text_or_null(f->column),   f->rows < 0 ? datum_null() : datum_int(f->rows),
                text_or_null(f->sample),   text_or_null(f->remedy)};
            TRY(to->put(to, row));
        }
    return NULL;
}

struct err *check_statement(struct job *j, struct own_rows *rows, char *tag)
{
    struct check *c = arena_new_array(j->arena, struct check, 1);
    c->j = j;
    j->stmt->name =
        arena_printf(j->arena, "tarn_check_%d_%lld", j->s->pid, (long long)clock_real_us());
    snprintf(tag, TAG_BYTES, "CHECK SYNC");
    TRY(job_begin(j->s));
    struct err *e = check_all(c);
    struct txn *t = j->s->cat.txn;
    j->s->cat.txn = NULL;
    txn_abort(t);
    cat_forget_local(&j->s->cat, true);
    return e ? e : put_findings(c, rows);
}
