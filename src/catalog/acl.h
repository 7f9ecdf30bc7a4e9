/* Privileges as kept in the catalog (columns of type aclitem[]), and who has the rights of whom.
 * Any session's fiber; functions that take a struct cat read its transaction's newest state and
 * MAY YIELD as reads of the catalog do. */
#ifndef TARN_CATALOG_ACL_H
#define TARN_CATALOG_ACL_H

#include "catalog/catalog.h"
#include "types/acl_item.h"

/* Roles that are there from the start. */
enum {
    ROLE_BOOTSTRAP = 10,
    ROLE_MONITOR = 3373,
    ROLE_READ_ALL_SETTINGS = 3374,
    ROLE_READ_ALL_STATS = 3375,
    ROLE_SIGNAL_BACKEND = 4200,
    ROLE_CHECKPOINT = 4544,
    ROLE_READ_SERVER_FILES = 4569,
    ROLE_WRITE_SERVER_FILES = 4570,
    ROLE_DATABASE_OWNER = 6171,
    ROLE_READ_ALL_DATA = 6181,
    ROLE_WRITE_ALL_DATA = 6182,
};

struct acl {
    struct acl_item *items;
    int n;
    int cap;
};

/* The items of an aclitem[] in the arena; XX001 when it is none. */
struct err *acl_read(struct datum d, struct arena *a, struct acl *out) MUST_CHECK;
/* NULL when there are no items and `null_if_empty`. */
struct err *acl_write(const struct acl *acl, bool null_if_empty, struct arena *a,
                      struct datum *out) MUST_CHECK;
/* What an object of a kind (as acldefault names kinds) has while nothing was granted. */
void acl_default(char kind, uint32_t owner, struct arena *a, struct acl *out);
/* The same for a relation, which may have come with the database. */
void acl_relation_default(const struct relation *rel, struct arena *a, struct acl *out);
/* All privileges that objects of a kind know. */
uint32_t acl_all(char kind);

/* Adds what the item grants. 0LP01 when that would make a circle of grant options. */
struct err *acl_grant(struct cat *c, struct acl *acl, const struct acl_item *item, uint32_t owner,
                      struct arena *a) MUST_CHECK;
/* Takes away the item's privileges (its upper half: grant options), and what others have granted
 * by those options: 2BP01 unless `cascade`. */
struct err *acl_revoke(struct cat *c, struct acl *acl, const struct acl_item *item, uint32_t owner,
                       bool cascade, struct arena *a) MUST_CHECK;
/* Another owner in place of one, items of the same grantor and grantee joined. */
void acl_change_owner(struct acl *acl, uint32_t from, uint32_t to);

bool acl_equal(const struct acl *x, const struct acl *y);

/* ---- default privileges (default_acl.c) ---- */

/* The list of a role for what it will make: `type` as in pg_default_acl, `nsp` 0: in any schema.
 * *found false: the built-in default, none for a schema. */
struct err *default_acl_get(struct cat *c, uint32_t role, uint32_t nsp, char type, struct arena *a,
                            struct acl *out, bool *found) MUST_CHECK;
/* Keeps it, or removes the row when it says what would hold without one. */
struct err *default_acl_put(struct cat *c, uint32_t role, uint32_t nsp, char type,
                            const struct acl *acl, struct arena *a) MUST_CHECK;
/* What a new object begins with, as its catalog row holds it: NULL for the built-in default. */
struct err *default_acl_of_new(struct cat *c, char type, uint32_t owner, uint32_t nsp,
                               struct arena *a, struct datum *out) MUST_CHECK;

/* ---- privileges on settings (parameter_acl.c) ---- */

/* The setting's row in pg_parameter_acl, its name in any case; 0: there is none. */
struct err *parameter_acl_oid(struct cat *c, struct str name, uint32_t *oid) MUST_CHECK;
/* Makes that row, which may not be there, with the built-in list. */
struct err *parameter_acl_make(struct cat *c, struct str name, uint32_t *oid) MUST_CHECK;
/* Keeps its list, or removes the row when it says what would hold without one. */
struct err *parameter_acl_put(struct cat *c, uint32_t oid, const struct acl *acl,
                              struct arena *a) MUST_CHECK;
struct role_rights;
/* Which of the privileges in `mask` (PRIV_SET, PRIV_ALTER_SYSTEM, options) the role has. */
struct err *parameter_acl_mask(struct cat *c, const struct role_rights *r, struct str name,
                               uint32_t mask, uint32_t *out) MUST_CHECK;

/* ---- roles ---- */

struct cat_role {
    uint32_t oid;
    const char *name;
    bool superuser;
    bool inherit;
    bool createrole;
    bool createdb;
    bool login;
    bool replication;
    bool bypassrls;
    int connlimit;        /* -1: none */
    const char *password; /* a verifier; NULL: none */
    bool has_valid_until;
    int64_t valid_until; /* timestamptz */
};
struct err *cat_role(struct cat *c, uint32_t oid, struct arena *a, struct cat_role *out,
                     bool *found) MUST_CHECK;
struct err *cat_role_named(struct cat *c, struct str name, struct arena *a, struct cat_role *out,
                           bool *found) MUST_CHECK;

/* The roles whose rights a role has by itself: itself, and those that it inherits from. */
struct role_rights {
    uint32_t role; /* 0: not computed */
    uint64_t version;
    bool superuser;
    bool bypassrls;
    bool createdb;
    bool createrole;
    uint32_t *roles;
    int n;
    int cap;
};
/* Of the current role; kept until the catalog or the role changes. */
struct err *cat_rights(struct cat *c, const struct role_rights **out) MUST_CHECK;
void cat_rights_free(struct cat *c);
/* Of any role, in the arena. */
struct err *cat_rights_of(struct cat *c, uint32_t role, struct arena *a,
                          const struct role_rights **out) MUST_CHECK;
bool rights_of(const struct role_rights *r, uint32_t role); /* superusers have all */
/* Whether the table's policies decide what a role with these rights sees of it: not for superusers,
 * roles with BYPASSRLS and, unless it is forced, those with the owner's rights. */
bool rights_meet_policies(const struct role_rights *r, const struct relation *rel);
/* Membership, inherited or not. `superuser`: superusers count as members of all. */
struct err *cat_is_member(struct cat *c, uint32_t member, uint32_t role, bool superuser,
                          bool *yes) MUST_CHECK;
/* Whether the member may grant the role. */
struct err *cat_is_admin(struct cat *c, uint32_t member, uint32_t role, bool *yes) MUST_CHECK;

/* ---- asking ---- */

/* Which of the privileges in `mask` the role has by the list (options in the upper half). */
uint32_t acl_mask(const struct role_rights *r, const struct acl *acl, uint32_t owner,
                  uint32_t mask);
/* Of a whole relation; of one column by itself (0 where only the relation's count). */
uint32_t acl_relation(const struct role_rights *r, const struct relation *rel, uint32_t mask);
uint32_t acl_column(const struct role_rights *r, const struct relation *rel, int att,
                    uint32_t mask);
/* A kind of objects with an owner and privileges. */
struct acl_class {
    uint32_t class_id;
    uint32_t oid_index;
    int name;  /* columns of the system table; 0: the OID is all the name there is */
    int owner; /* -1: role 10 owns all */
    int acl;
    char kind;        /* of acl_default */
    const char *word; /* "schema", for messages */
};
const struct acl_class *acl_class(uint32_t class_id); /* NULL: none */
struct acl_object {
    const char *name;
    uint32_t owner;
    struct acl acl;
    bool null_acl; /* `acl` is the default */
};
struct err *acl_object(struct cat *c, uint32_t class_id, uint32_t oid, struct arena *a,
                       struct acl_object *out, bool *found) MUST_CHECK;
/* Which privileges of `mask` the role has on an object other than a relation; *found false: there
 * is none. */
struct err *acl_object_mask(struct cat *c, const struct role_rights *r, uint32_t class_id,
                            uint32_t oid, uint32_t mask, uint32_t *out, bool *found) MUST_CHECK;
/* 42501 unless the current role has all of them: "permission denied for schema s". */
struct err *acl_check(struct cat *c, uint32_t class_id, uint32_t oid, uint32_t mask) MUST_CHECK;
/* 42501 unless the current role may look into the schema, if there is one of that name. */
struct err *acl_check_schema(struct cat *c, struct str name) MUST_CHECK;
/* 42501 unless the current role has the owner's rights: "must be owner of schema s". */
struct err *acl_check_owner(struct cat *c, uint32_t class_id, uint32_t oid) MUST_CHECK;
/* Whether a built-in function is not for everybody. */
bool acl_restricted_function(uint32_t oid);
/* The aclitem[] of such a function. */
struct err *acl_restricted_list(uint32_t oid, struct arena *a, struct datum *out) MUST_CHECK;

#endif
