/* VACUUM and ANALYZE. Space is given back by itself, so that VACUUM has nothing to do but check its
 * arguments and, if asked, ANALYZE. */
#include "exec/ddl_internal.h"

#include "catalog/acl.h"
#include "catalog/activity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct vacuum {
    struct ddl *d;
    bool vacuum;
    bool analyze;
    bool verbose;
    bool skip_locked;
    int target;
};

/* ---- options ---- */

/* Options that say how pages are cleaned: there are none. */
static bool is_about_pages(const char *name)
{
    static const char *const names[] = {"full",          "freeze",   "disable_page_skipping",
                                        "index_cleanup", "truncate", "process_toast",
                                        "parallel"};
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

static struct err *read_options(struct vacuum *v, const PgQuery__VacuumStmt *s)
{
    v->analyze = !s->is_vacuumcmd;
    for (size_t i = 0; i < s->n_options; i++) {
        const PgQuery__DefElem *o = s->options[i]->def_elem;
        if (strcmp(o->defname, "verbose") == 0)
            v->verbose = ddl_option_is_on(o);
        else if (strcmp(o->defname, "skip_locked") == 0)
            v->skip_locked = ddl_option_is_on(o);
        else if (s->is_vacuumcmd && strcmp(o->defname, "analyze") == 0)
            v->analyze = ddl_option_is_on(o);
        else if (!s->is_vacuumcmd || !is_about_pages(o->defname))
            return ddl_at(v->d,
                          err_new("42601", "unrecognized %s option \"%s\"",
                                  s->is_vacuumcmd ? "VACUUM" : "ANALYZE", o->defname),
                          o->location);
    }
    return NULL;
}

static struct err *statistics_target(struct vacuum *v)
{
    struct session *s = v->d->s;
    struct buf text = BUF_INIT;
    bool found;
    struct err *e =
        s->ops->setting_get(s, str_from("default_statistics_target"), false, &text, &found);
    if (!e)
        e = buf_finish(&text);
    struct str rest = buf_str(&text);
    int64_t target = 0;
    if (!e && str_next_int64(&rest, &target))
        v->target = (int)target;
    buf_done(&text);
    return e;
}

/* ---- one table ---- */

static struct err *chosen_columns(struct vacuum *v, const struct relation *r,
                                  const PgQuery__VacuumRelation *vr, bool **out)
{
    bool *chosen = NULL;
    if (vr->n_va_cols) {
        chosen = arena_new_array(v->d->arena, bool, r->natts);
        if (!v->analyze)
            return err_new("0A000",
                           "ANALYZE option must be specified when a column list is provided");
    }
    for (size_t i = 0; i < vr->n_va_cols; i++) {
        const char *name = pg_str(vr->va_cols[i]);
        int att = relation_attnum(r, str_from(name));
        if (!att)
            return err_new("42703", "column \"%s\" of relation \"%s\" does not exist", name,
                           r->name);
        if (chosen[att - 1])
            return err_new("42701", "column \"%s\" of relation \"%s\" appears more than once", name,
                           r->name);
        chosen[att - 1] = true;
    }
    *out = chosen;
    return NULL;
}

static struct err *analyze_one(struct vacuum *v, struct relation *r, const bool *columns)
{
    if (v->verbose)
        ddl_notice(v->d, "INFO", err_new("00000", "analyzing \"%s.%s\"", r->nsp_name, r->name));
    bool read_only = txn_set_read_only(v->d->cat->txn, false);
    struct err *e = ddl_analyze(v->d, r, columns, v->target);
    (void)txn_set_read_only(v->d->cat->txn, read_only);
    if (!e)
        activity_analyzed(v->d->cat->db, r->oid, false);
    return e;
}

/* The table's owner and the database's may; for others it is left out. */
static struct err *may_vacuum(struct vacuum *v, const struct relation *r, bool *yes)
{
    const struct role_rights *rights;
    TRY(cat_rights(v->d->cat, &rights));
    *yes = rights_of(rights, r->owner);
    if (*yes)
        return NULL;
    struct err *e = acl_check_owner(v->d->cat, PG_DATABASE, v->d->cat->db);
    *yes = !e;
    err_free(e);
    if (!*yes)
        ddl_notice(v->d, "WARNING",
                   err_new("00000", "skipping \"%s\" --- only table or database owner can %s it",
                           r->name, v->vacuum ? "vacuum" : "analyze"));
    return NULL;
}

static struct err *vacuum_named(struct vacuum *v, const PgQuery__VacuumRelation *vr)
{
    struct relation *r;
    bool *columns = NULL;
    TRY(ddl_open(v->d, vr->relation, TXN_SHARE_UPDATE_EXCLUSIVE, false, &r));
    struct err *e = chosen_columns(v, r, vr, &columns);
    bool is_table = (r->kind == 'r' || r->kind == 'm') && !r->system;
    bool may = false;
    if (!e && is_table)
        e = may_vacuum(v, r, &may);
    if (!e && !is_table && !r->system)
        ddl_notice(v->d, "WARNING",
                   v->analyze
                       ? err_new("00000",
                                 "skipping \"%s\" --- cannot analyze non-tables or special system "
                                 "tables",
                                 r->name)
                       : err_new("00000",
                                 "skipping \"%s\" --- cannot vacuum non-tables or special system "
                                 "tables",
                                 r->name));
    if (!e && may && v->vacuum)
        activity_vacuumed(v->d->cat->db, r->oid);
    if (!e && may && v->analyze)
        e = analyze_one(v, r, columns);
    relation_unref(r);
    return e;
}

/* ---- all tables ---- */

static struct err *all_tables(struct vacuum *v, uint32_t **out, int *count)
{
    struct systab_scan scan;
    struct datum row[CLS_COUNT];
    uint32_t *oids = NULL;
    int n = 0;
    int cap = 0;
    struct err *e = NULL;
    TRY(systab_open(v->d->cat, PG_CLASS, 0, NULL, 0, &scan));
    for (bool found = true; !e && found;) {
        e = systab_next(&scan, row, &found);
        if (e || !found || row[CLS_OID].u < FIRST_USER_OID ||
            (row[CLS_PERSISTENCE].i == 't' && row[CLS_NSP].u != v->d->cat->temp_nsp))
            continue;
        if (row[CLS_KIND].i == 'r' || row[CLS_KIND].i == 'm')
            ARENA_PUSH(v->d->arena, oids, n, cap, (uint32_t)row[CLS_OID].u);
    }
    systab_close(&scan);
    *out = oids;
    *count = n;
    return e;
}

static struct err *every_table(struct vacuum *v)
{
    uint32_t *oids;
    int n;
    TRY(all_tables(v, &oids, &n));
    for (int i = 0; i < n; i++) {
        struct relation *r;
        bool locked;
        TRY(txn_lock_table(v->d->cat->txn, oids[i], TXN_SHARE_UPDATE_EXCLUSIVE,
                           v->skip_locked ? TXN_SKIP_LOCKED : TXN_WAIT, &locked));
        if (!locked)
            continue;
        TRY(cat_relation(v->d->cat, oids[i], &r));
        if (!r)
            continue; /* dropped meanwhile */
        if (v->vacuum)
            activity_vacuumed(v->d->cat->db, r->oid);
        struct err *e = v->analyze ? analyze_one(v, r, NULL) : NULL;
        relation_unref(r);
        TRY(e);
    }
    return NULL;
}

struct err *ddl_vacuum(struct ddl *d, const PgQuery__VacuumStmt *s)
{
    struct vacuum v = {.d = d, .vacuum = s->is_vacuumcmd};
    TRY(read_options(&v, s));
    TRY(statistics_target(&v));
    for (size_t i = 0; i < s->n_rels; i++)
        TRY(vacuum_named(&v, s->rels[i]->vacuum_relation));
    return s->n_rels ? NULL : every_table(&v);
}

/* ---- by itself ---- */

static bool is_due(const struct vacuum *v, const struct relation *r, const struct analyze_due *due)
{
    struct txn_mgr *mgr = catalog_txn_mgr(v->d->cat->shared);
    double rows = (double)txn_row_count(mgr, r->storage_id);
    double seen = r->analyzed_rows < 0 ? 0 : r->analyzed_rows;
    double change = rows > seen ? rows - seen : seen - rows;
    double limit = due->threshold + due->scale * seen;
    struct activity_care care;
    if (change > limit)
        return true;
    activity_care(v->d->cat->db, r->oid, &care);
    return (double)care.changes_since_analyze > limit;
}

static struct err *analyze_if_due(struct vacuum *v, uint32_t oid, struct analyze_due *due)
{
    struct relation *r;
    bool locked = false;
    TRY(cat_relation(v->d->cat, oid, &r));
    struct err *e = NULL;
    if (r && is_due(v, r, due))
        e = txn_lock_table(v->d->cat->txn, oid, TXN_SHARE_UPDATE_EXCLUSIVE, TXN_SKIP_LOCKED,
                           &locked);
    if (!e && locked) {
        e = ddl_analyze(v->d, r, NULL, v->target);
        if (!e)
            activity_analyzed(v->d->cat->db, r->oid, true);
        due->table = oid;
        snprintf(due->schema, sizeof(due->schema), "%s", r->nsp_name);
        snprintf(due->name, sizeof(due->name), "%s", r->name);
    }
    relation_unref(r);
    return e;
}

static int by_oid(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

struct err *analyze_next_due(struct session *s, struct analyze_due *due)
{
    struct arena arena;
    arena_init(&arena);
    struct ddl d = {.s = s, .cat = &s->cat, .arena = &arena, .sql = "", .quiet = true};
    struct vacuum v = {.d = &d, .analyze = true};
    uint32_t *oids = NULL;
    int n = 0;
    due->table = 0;
    struct err *e = statistics_target(&v);
    if (!e)
        e = all_tables(&v, &oids, &n);
    if (n)
        qsort(oids, (size_t)n, sizeof(*oids), by_oid);
    for (int i = 0; i < n && !e && !due->table; i++)
        if (oids[i] > due->after)
            e = analyze_if_due(&v, oids[i], due);
    arena_done(&arena);
    return e;
}
