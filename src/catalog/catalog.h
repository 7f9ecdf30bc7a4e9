/* What exists in a database: descriptors of relations, read from the system tables and cached.
 *
 * The system tables are ordinary tables of the store (plus the built-in rows of builtin.h), so DDL
 * is transactional. Descriptors are immutable and reference-counted; the cache is dropped when a
 * transaction that changed the catalog commits (`catalog_version` rises under the commit mutex),
 * and a transaction that has changed the catalog itself reads past the shared cache. */
#ifndef TARN_CATALOG_CATALOG_H
#define TARN_CATALOG_CATALOG_H

#include "base/arena.h"
#include "base/err.h"
#include "catalog/builtin.h"
#include "txn/txn.h"
#include "types/datum.h"
#include "types/type.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct catalog;      /* the whole server's */
struct column_stats; /* statistics.h */
struct acl;          /* acl.h */
struct role_rights;

/* Settings enable_seqscan ..., row_security. */
enum {
    PLAN_SEQSCAN = 1 << 0,
    PLAN_INDEXSCAN = 1 << 1,
    PLAN_BITMAPSCAN = 1 << 2,
    PLAN_INDEXONLYSCAN = 1 << 3,
    PLAN_NESTLOOP = 1 << 4,
    PLAN_HASHJOIN = 1 << 5,
    PLAN_MERGEJOIN = 1 << 6,
    PLAN_SORT = 1 << 7,
    PLAN_INCREMENTAL_SORT = 1 << 8,
    PLAN_HASHAGG = 1 << 9,
    PLAN_MATERIAL = 1 << 10,
    PLAN_POLICIES = 1 << 11, /* row_security: without, what a policy would hide is an error */
};

/* A session's access: which database, and the transaction to read and write with. The session owns
 * it and sets `txn` for each transaction. */
struct cat {
    struct catalog *shared;
    uint32_t db;      /* database OID */
    uint32_t sysbase; /* first storage id of this database's system tables */
    uint32_t role;    /* current role */
    struct txn *txn;
    uint64_t changes;            /* counts changes of what it sees beside catalog_version */
    struct local_cache *local;   /* non-NULL once this transaction changed the catalog */
    const uint32_t *search_path; /* namespaces to search, pg_catalog included */
    int nsearch_path;
    bool reading_operators; /* cat_load_operators is at work */
    uint32_t temp_nsp;      /* of the session's temporary relations; 0: none yet */
    uint32_t creation_nsp;  /* where CREATE goes; 0: none */
    uint32_t plans_off;     /* PLAN_...: kinds of plans that the session does without, if it can */
    struct role_rights *rights; /* of the current role (acl.h); NULL: not asked for yet */
    uint64_t granted_version;   /* catalog_version + 1 at which granted_procs was asked; 0: never */
    bool granted_procs;         /* cat_has_granted_procs */
    uint32_t system_oid;        /* the next one, while a new database's contents are made; else 0 */
};

struct attr {
    const char *name;
    uint32_t type;
    int32_t typmod;
    uint32_t collation;
    int ndims;
    const struct type_ops *ops; /* NULL for dropped columns and types without values */
    bool not_null;
    bool dropped;
    char identity;                  /* 'a' always, 'd' by default, 0 */
    char generated;                 /* 's' stored, 0 */
    const char *default_sql;        /* NULL: none */
    const char *domain_default_sql; /* of its domain, where it has none itself */
    const struct acl *acl;          /* acl.h; NULL: none of its own */
};

struct index_col {
    int attnum; /* 1-based; 0: an expression */
    const char *expr_sql;
    uint32_t type;
    uint32_t opclass;
    uint32_t collation;
    const struct type_ops *ops;
    bool desc;
    bool nulls_first;
};

struct index {
    uint32_t oid;
    const char *name;
    uint32_t storage_id; /* of a primary key: the table's own */
    uint32_t am;     /* BTREE_AM, HASH_AM and BRIN_AM (kept as the former, used for less), GIN_AM */
    bool unique;     /* at any time: one entry for a key without NULLs */
    bool deferrable; /* unique (or a primary key) only when its checks have run: kept as not unique
                      */
    bool pkey;       /* declared as the primary key */
    bool primary;    /* ... and the rows are kept by it: not deferrable */
    bool nulls_not_distinct;
    bool valid;
    int nkeys; /* key columns */
    int ncols; /* with INCLUDE columns */
    struct index_col *cols;
    const char *pred_sql; /* partial index; NULL: none */
};

static inline bool index_is_inverted(const struct index *ix)
{
    return ix->am == GIN_AM; /* entries by item: inverted.h */
}

struct constraint {
    uint32_t oid;
    const char *name;
    char type; /* c f p u */
    uint32_t relid;
    uint32_t index; /* of p and u, and the referenced one of f */
    int nkeys;
    const int16_t *keys;
    const char *check_sql;
    uint32_t frelid;
    const int16_t *fkeys;
    char on_update; /* a r c n d */
    char on_delete;
    char match; /* s f */
    bool deferrable;
    bool deferred;
    bool validated;
    bool no_inherit;
    int nset_cols; /* of ON DELETE SET NULL (columns); 0: all */
    const int16_t *set_cols;
};

/* CREATE POLICY: manual section 5.8. */
struct policy {
    uint32_t oid;
    const char *name;
    char command; /* r a w d: SELECT, INSERT, UPDATE, DELETE; * all */
    bool permissive;
    int nroles;
    const uint32_t *roles; /* 0: PUBLIC */
    /* Each is SELECT (expression) FROM the table, as a view keeps its text; NULL: none. */
    const char *using_sql;
    const char *check_sql;
};

/* pg_trigger.tgtype: the bits of level, time and events. */
enum {
    TRIGGER_ROW_BIT = 1,
    TRIGGER_BEFORE_BIT = 2,
    TRIGGER_INSERT_BIT = 4,
    TRIGGER_DELETE_BIT = 8,
    TRIGGER_UPDATE_BIT = 16,
};

/* CREATE TRIGGER: manual chapter 39. */
struct trigger {
    uint32_t oid;
    const char *name;
    uint32_t func;
    int type;     /* of the bits above */
    char enabled; /* O: unless the session is a replica; D: never; R: in a replica; A: always */
    int nargs;
    const char *const *args;
};

struct relation {
    atomic_int refs;
    struct arena arena; /* owns everything below */
    uint32_t oid;
    const char *name;
    uint32_t nsp;
    const char *nsp_name;
    uint32_t owner;
    uint32_t storage_id;
    uint32_t row_type; /* 0: none */
    char kind; /* r table, v view, i index, S sequence, m materialized view, c composite type;
                         D: cat_domain_value */
    char persistence;     /* p t u */
    double analyzed_rows; /* when ANALYZE last saw it; -1: never */
    bool shared;          /* of a system table: one for all databases */
    bool system; /* a table of pg_catalog: has built-in rows, its storage is per database or shared
                  */
    int natts;
    struct attr *atts;
    int8_t *lens;                      /* for tuple_encode and tuple_decode */
    const struct column_stats **stats; /* by column - 1, NULL: none of it; NULL: never analyzed */
    struct datum *missing;             /* values of columns added later; NULL: all NULL */
    int nindexes;
    struct index *indexes;
    struct index *primary; /* the clustering key; NULL: hidden row ids */
    int nconstraints;
    struct constraint *constraints;
    int nreferencing;
    struct constraint *referencing; /* foreign keys of other tables that point here */
    const char *view_sql;
    bool populated;        /* of a materialized view: it has been filled */
    char check_option;     /* of a view: 'l' local, 'c' cascaded, 0 none */
    const struct acl *acl; /* acl.h; NULL: the default for its owner */
    bool column_acls;      /* some column has privileges of its own */
    bool security_invoker; /* of a view: it reads with the rights of whoever reads it */
    bool security_barrier; /* of a view: nothing looks at a row before its query has let it pass */
    bool row_security;
    bool force_row_security;
    int npolicies; /* by name; none is read where row_security is off */
    struct policy *policies;
    int ntriggers; /* by name, in the order of bytes */
    struct trigger *triggers;
    bool read_only_synced; /* a synced table: only its pipeline writes it */
};

struct catalog_config {
    struct txn_mgr *mgr;
};

/* Opens the catalog; `bootstrapped` is false when the store is new and the caller must call
 * catalog_bootstrap. builtin_init must have been called. */
struct err *catalog_open(struct txn_mgr *mgr, struct catalog **out) MUST_CHECK;
void catalog_close(struct catalog *c);
struct txn_mgr *catalog_txn_mgr(struct catalog *c);
/* Writes the rows every new store begins with: databases and roles. Does nothing when they are
 * there. */
struct err *catalog_bootstrap(struct catalog *c) MUST_CHECK;

/* Rises with every commit that changed the catalog. A plan made at one version is valid at it. */
uint64_t catalog_version(const struct catalog *c);
/* The commit that made the version (or a later one), 0: of before the start. */
uint64_t catalog_change_csn(const struct catalog *c);
/* The current transaction changes the catalog: bypass the shared cache from here on, and raise the
 * version at commit. Call before (and after) writing system tables. */
void cat_changed(struct cat *c);
/* The transaction, or a savepoint, ended: forget local descriptors. */
void cat_forget_local(struct cat *c, bool transaction_ended);

/* ---- finding ---- */

/* The descriptor, with a reference for the caller; *out NULL when there is no such relation. */
struct err *cat_relation(struct cat *c, uint32_t oid, struct relation **out) MUST_CHECK;
/* The table of an index, with a reference for the caller; *out NULL when there is no such index. */
struct err *cat_table_of_index(struct cat *c, uint32_t index, struct relation **out) MUST_CHECK;
struct err *cat_relation_oid(struct cat *c, uint32_t nsp, struct str name,
                             uint32_t *oid) MUST_CHECK;
/* By name along the search path (nsp_name empty) or in a schema. *oid 0 when absent; 3F000 when the
 * named schema does not exist (unless missing_ok). */
struct err *cat_find_relation(struct cat *c, struct str nsp_name, struct str name, bool missing_ok,
                              uint32_t *oid) MUST_CHECK;
/* The same with a table lock, but for system tables: nobody alters them. While it waited, the name
 * may have come to mean another relation: then that one is locked. MAY YIELD; errors of
 * txn_lock_table. */
struct err *cat_lock_relation(struct cat *c, struct str nsp_name, struct str name,
                              enum txn_table_lock mode, bool missing_ok, uint32_t *oid) MUST_CHECK;
/* The policies of a table, by name, whether they are in force or not; in the arena. */
struct err *cat_policies(struct cat *c, uint32_t relid, struct arena *a, struct policy **out,
                         int *count) MUST_CHECK;
struct relation *relation_ref(struct relation *r);
void relation_unref(struct relation *r); /* NULL is fine */
/* 1-based number of the column, 0: none (system columns are not looked up here). */
int relation_attnum(const struct relation *r, struct str name);
const struct index *relation_index(const struct relation *r, uint32_t oid);

/* ---- types that users make (user_type.c) ---- */

/* Makes builtin_type and type_by_oid know the type, and what it is made of, as the catalog
 * describes it now; nothing to do for built-in ones. *found (may be NULL) is false when there is
 * none. */
struct err *cat_load_type(struct cat *c, uint32_t oid, bool *found) MUST_CHECK;
/* In that schema; 0: none. The type is loaded. */
struct err *cat_type_oid(struct cat *c, uint32_t nsp, struct str name, uint32_t *oid) MUST_CHECK;
/* By name along the search path, or in a schema (nsp_name not empty); built-in ones too. "#OID" is
 * how stored expressions name a type that users made. */
struct err *cat_find_type(struct cat *c, struct str nsp_name, struct str name,
                          uint32_t *oid) MUST_CHECK;
/* Whether its name alone finds it. */
struct err *cat_type_is_visible(struct cat *c, uint32_t oid, bool *visible) MUST_CHECK;
struct domain_check {
    uint32_t oid;
    const char *name;
    const char *sql; /* over VALUE */
    bool validated;
};
struct domain_info {
    uint32_t oid;
    bool not_null;
    const char *default_sql; /* NULL: none */
    struct domain_check *checks;
    int nchecks;
};
/* A domain as it is now, in the arena. `whole`: with what the domains that it is over ask for,
 * whose checks come first. *found false: there is none. */
struct err *cat_domain(struct cat *c, uint32_t oid, bool whole, struct arena *a,
                       struct domain_info *out, bool *found) MUST_CHECK;
/* What a domain's CHECK is an expression over: a relation whose one column is VALUE. In the arena;
 * no reference is needed. */
struct relation *cat_domain_value(uint32_t domain, struct arena *a);
/* The fields of a composite type (of a table's row type: its columns), in the arena. 42809. */
struct err *cat_composite(struct cat *c, uint32_t type, struct arena *a,
                          struct composite *out) MUST_CHECK;
/* The value of an enum type with that label; *found false: none. */
struct err *cat_enum_value(struct cat *c, uint32_t type, struct str label, struct datum *out,
                           bool *found) MUST_CHECK;
/* Appends the label of a value. */
struct err *cat_enum_label(struct cat *c, struct datum d, struct buf *out) MUST_CHECK;
struct enum_label {
    uint32_t oid;
    float sort_order;
    const char *label;
};
/* All labels in order, in the arena. */
struct err *cat_enum_labels(struct cat *c, uint32_t type, struct arena *a, struct enum_label **out,
                            int *count) MUST_CHECK;
/* For printing values outside a session: no settings, the labels of enums. */
struct type_env cat_type_env(struct cat *c);
struct cat_type;
/* The type whose name the type's is shown by: of an array that of its elements, with [] behind. The
 * vectors of system tables are arrays with names of their own. */
const struct cat_type *cat_type_named(const struct cat_type *t);
/* The type's name with its schema, unless that is pg_catalog, in the arena, as SQL text. */
struct err *cat_type_name(struct cat *c, uint32_t oid, bool qualify, struct arena *a,
                          const char **out) MUST_CHECK;

struct err *cat_namespace_oid(struct cat *c, struct str name,
                              uint32_t *oid) MUST_CHECK; /* 0: none */
/* Copies the name into the arena; NULL when there is no such namespace. */
struct err *cat_namespace_name(struct cat *c, uint32_t oid, struct arena *a,
                               const char **out) MUST_CHECK;
struct err *cat_role_oid(struct cat *c, struct str name, uint32_t *oid) MUST_CHECK;
struct err *cat_role_name(struct cat *c, uint32_t oid, struct arena *a,
                          const char **out) MUST_CHECK;

/* Functions that users made (user_proc.c). By number, built-in ones too; *out NULL: none. */
struct cat_proc;
struct err *cat_load_proc(struct cat *c, uint32_t oid, const struct cat_proc **out) MUST_CHECK;
/* Built-in functions have stored rows where privileges on them were changed: their OIDs, ascending,
 * in the arena. */
struct err *cat_granted_procs(struct cat *c, struct arena *a, uint32_t **out, int *n) MUST_CHECK;
/* Whether there are any. Asks once for each version of the catalog. */
struct err *cat_has_granted_procs(struct cat *c, bool *out) MUST_CHECK;
/* All of a name in a schema, or (nsp_name empty) along the search path. */
struct err *cat_user_procs(struct cat *c, struct str nsp_name, struct str name, struct arena *a,
                           const struct cat_proc ***out, int *n) MUST_CHECK;
/* Makes builtin_cast know the casts that users made in the database (user_cast.c). */
struct err *cat_load_casts(struct cat *c) MUST_CHECK;
/* The same for the operators of extensions and builtin_oper (user_oper.c). */
struct err *cat_load_operators(struct cat *c) MUST_CHECK;
/* Those of that name in a schema, or with an empty schema name in the search path: *n of them,
 * copied into the arena. */
struct err *cat_user_opers(struct cat *c, struct str nsp_name, struct str name, struct arena *a,
                           const struct cat_oper **out, int *n) MUST_CHECK;
uint32_t cat_oper_namespace(uint32_t oid);
uint32_t cat_opclass_namespace(uint32_t oid);
/* Makes a user's collation known to collation.h and by name; built-in ones are. */
struct err *cat_load_collation(struct cat *c, uint32_t oid) MUST_CHECK;
/* By name, in a schema (empty: the search path); *oid 0: there is none. Loads it. */
struct err *cat_find_collation(struct cat *c, struct str nsp_name, struct str name,
                               uint32_t *oid) MUST_CHECK;
struct err *cat_collation_oid(struct cat *c, uint32_t nsp, struct str name,
                              uint32_t *oid) MUST_CHECK;
/* Its row in pg_collation, into the arena; NULL: there is none. */
struct err *cat_collation_row(struct cat *c, uint32_t oid, struct arena *a,
                              const struct datum **row) MUST_CHECK;

/* The SQL text of its body. */
struct err *cat_proc_source(struct cat *c, uint32_t oid, struct arena *a,
                            const char **out) MUST_CHECK;

/* A database by name: *oid 0 when absent. */
struct err *cat_database(struct cat *c, struct str name, uint32_t *oid, uint32_t *sysbase,
                         bool *allow_connections) MUST_CHECK;

/* A fresh OID (>= FIRST_USER_OID), never given out before, also after a crash; for what a new
 * database holds, one below, the same in each database. */
struct err *cat_new_oid(struct cat *c, uint32_t *out) MUST_CHECK;

#endif
