/* The catalog as a whole, OIDs, and the names of schemas, roles and databases. */
#include "catalog/cache_internal.h"
#include "catalog/catalog.h"
#include "catalog/systab.h"

#include <pthread.h>
#include <stdlib.h>

/* Storage of the store-wide counters, beside the system tables. */
enum { COUNTER_STORAGE_ID = 1000, OIDS_LOGGED_AHEAD = 64 };

struct catalog {
    struct txn_mgr *mgr;
    struct catalog_state *state;
    pthread_mutex_t oid_mu;
    uint32_t next_oid;   /* guarded by oid_mu */
    uint32_t logged_oid; /* guarded by oid_mu; OIDs below are covered by the store */
};

struct txn_mgr *catalog_txn_mgr(struct catalog *c)
{
    return c->mgr;
}

struct catalog_state *catalog_state_of(struct catalog *c)
{
    return c->state;
}

uint64_t catalog_version(const struct catalog *c)
{
    return catalog_state_version(c->state);
}

uint64_t catalog_change_csn(const struct catalog *c)
{
    return catalog_state_change_csn(c->state);
}

static struct str oid_counter_key(uint8_t key[5])
{
    store_be32(key, COUNTER_STORAGE_ID);
    key[4] = 'o';
    return str_make(key, 5);
}

static struct err *read_oid_counter(struct catalog *c)
{
    struct txn *t;
    uint8_t key[5];
    struct str value;
    bool found;
    TRY(txn_begin(c->mgr, TXN_READ_COMMITTED, true, &t));
    struct txn_view view = txn_view_newest(t);
    struct err *e = txn_get(&view, oid_counter_key(key), &value, &found);
    if (!e && found && value.len != 4)
        e = err_new("XX001", "unexpected OID counter of %zu bytes", value.len);
    if (!e)
        c->next_oid = c->logged_oid = found ? load_le32(value.data) : FIRST_USER_OID;
    txn_view_done(&view);
    txn_abort(t);
    return e;
}

struct err *catalog_open(struct txn_mgr *mgr, struct catalog **out)
{
    struct catalog *c = calloc(1, sizeof(*c));
    if (!c)
        return err_oom();
    c->mgr = mgr;
    c->state = catalog_state_new();
    pthread_mutex_init(&c->oid_mu, NULL);
    struct err *e = read_oid_counter(c);
    if (e) {
        catalog_close(c);
        return e;
    }
    *out = c;
    return NULL;
}

void catalog_close(struct catalog *c)
{
    if (!c)
        return;
    catalog_state_free(c->state);
    pthread_mutex_destroy(&c->oid_mu);
    free(c);
}

struct err *cat_new_oid(struct cat *cat, uint32_t *out)
{
    struct catalog *c = cat->shared;
    struct err *e = NULL;
    if (cat->system_oid) {
        CHECK(cat->system_oid < FIRST_USER_OID);
        *out = cat->system_oid++;
        return NULL;
    }
    pthread_mutex_lock(&c->oid_mu);
    if (c->next_oid == c->logged_oid) {
        uint8_t key[5];
        uint8_t value[4];
        struct lsn end;
        store_le32(value, c->logged_oid + OIDS_LOGGED_AHEAD);
        e = txn_put_now(c->mgr, oid_counter_key(key), str_make(value, 4), &end);
        if (!e)
            c->logged_oid += OIDS_LOGGED_AHEAD;
    }
    if (!e)
        *out = c->next_oid++;
    pthread_mutex_unlock(&c->oid_mu);
    return e;
}

/* ---- names ---- */

static struct err *stored_oid(struct cat *c, uint32_t table, uint32_t index, struct str name,
                              int oid_column, uint32_t *oid)
{
    struct arena a;
    struct datum v[40];
    struct datum key = datum_str(name);
    bool found;
    arena_init(&a);
    struct err *e = systab_get(c, table, index, &key, 1, &a, v, &found);
    if (!e)
        *oid = found ? (uint32_t)v[oid_column].u : 0;
    arena_done(&a);
    return e;
}

static struct err *stored_name(struct cat *c, uint32_t table, uint32_t index, uint32_t oid,
                               int name_column, struct arena *a, const char **out)
{
    struct datum v[40];
    struct datum key = datum_int(oid);
    bool found;
    TRY(systab_get(c, table, index, &key, 1, a, v, &found));
    *out = found ? arena_strndup(a, (const char *)v[name_column].p, v[name_column].len) : NULL;
    return NULL;
}

struct err *cat_namespace_oid(struct cat *c, struct str name, uint32_t *oid)
{
    if (str_eq_c(name, "pg_catalog")) {
        *oid = PG_CATALOG_NSP;
        return NULL;
    }
    if (str_eq_c(name, "pg_temp")) {
        *oid = c->temp_nsp;
        return NULL;
    }
    return stored_oid(c, PG_NAMESPACE, NAMESPACE_NAME_INDEX, name, NSP_OID, oid);
}

struct err *cat_namespace_name(struct cat *c, uint32_t oid, struct arena *a, const char **out)
{
    if (oid == PG_CATALOG_NSP || oid == PG_TOAST_NSP) {
        *out = oid == PG_CATALOG_NSP ? "pg_catalog" : "pg_toast";
        return NULL;
    }
    return stored_name(c, PG_NAMESPACE, NAMESPACE_OID_INDEX, oid, NSP_NAME, a, out);
}

struct err *cat_role_oid(struct cat *c, struct str name, uint32_t *oid)
{
    return stored_oid(c, PG_AUTHID, AUTHID_ROLNAME_INDEX, name, 0, oid);
}

struct err *cat_role_name(struct cat *c, uint32_t oid, struct arena *a, const char **out)
{
    return stored_name(c, PG_AUTHID, AUTHID_OID_INDEX, oid, 1, a, out);
}

/* A database's own system tables live at a block of storage ids. The first database has block 0. */
static uint32_t sysbase_of(uint32_t db)
{
    enum { POSTGRES_DB = 5, BLOCK = 1024, FIRST_OTHER_BLOCK = 0xF0000000u / BLOCK };
    if (db == POSTGRES_DB)
        return 0;
    return (uint32_t)((FIRST_OTHER_BLOCK + (db < FIRST_USER_OID ? db : db - FIRST_USER_OID + 16)) *
                      (uint64_t)BLOCK);
}

struct err *cat_database(struct cat *c, struct str name, uint32_t *oid, uint32_t *sysbase,
                         bool *allow_connections)
{
    struct arena a;
    struct datum v[DB_COUNT];
    struct datum key = datum_str(name);
    bool found;
    arena_init(&a);
    struct err *e = systab_get(c, PG_DATABASE, DATABASE_NAME_INDEX, &key, 1, &a, v, &found);
    if (!e) {
        *oid = found ? (uint32_t)v[DB_OID].u : 0;
        *sysbase = found ? sysbase_of(*oid) : 0;
        *allow_connections = found && v[DB_ALLOWCONN].i;
    }
    arena_done(&a);
    return e;
}
