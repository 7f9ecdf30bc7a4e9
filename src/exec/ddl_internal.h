#ifndef TARN_EXEC_DDL_INTERNAL_H
#define TARN_EXEC_DDL_INTERNAL_H

#include "catalog/ddl.h"
#include "catalog/sequence.h"
#include "catalog/systab.h"
#include "exec/session.h"
#include "sql/analyze.h"
#include "sql/parse.h"

#include <pg_query/pg_query.pb-c.h>

/* The extension that a function is made for, and where. */
struct extension_home {
    uint32_t oid;
    uint32_t nsp;
    const char *library; /* pg_proc.probin */
};

/* A schema statement being carried out. */
struct ddl {
    struct session *s;
    struct cat *cat;
    struct arena *arena;
    struct raw_stmt *raw;
    const char *sql;
    const char *table;          /* being created, for messages */
    bool quiet;                 /* no notices */
    struct param_types *params; /* of a query that is the statement's; NULL: none */
    const struct datum *values;
    const struct extension_home *home; /* of the extension whose objects are made; NULL: none */
};

/* ddl_operator.c: for the SQL of extensions, d->home is the extension's. */
struct err *ddl_create_base_type(struct ddl *d, const PgQuery__DefineStmt *s) MUST_CHECK;
struct err *ddl_create_operator(struct ddl *d, const PgQuery__DefineStmt *s) MUST_CHECK;
struct err *ddl_create_opclass(struct ddl *d, const PgQuery__CreateOpClassStmt *s) MUST_CHECK;
/* An operator, operator class or operator family: how messages call it; its schema. */
struct err *ddl_describe_operator(struct ddl *d, struct object_address o,
                                  struct buf *out) MUST_CHECK;
struct err *ddl_move_operator(struct ddl *d, struct object_address o, uint32_t nsp) MUST_CHECK;
/* extension.c: the object belongs to the extension being made; nothing when there is none. */
struct err *ddl_add_member(struct ddl *d, struct object_address object) MUST_CHECK;
struct err *ddl_at(const struct ddl *d, struct err *e, int location);
void ddl_notice(const struct ddl *d, const char *severity, struct err *e);
/* Opens a relation by name with a lock; 42P01 unless missing_ok (*out NULL then). */
const char *ddl_kinds_name(char relkind); /* "views", "sequences" ... */
/* 42809 when the form of ALTER TABLE is not for relations of this kind. */
struct err *ddl_check_form(const struct relation *r, const PgQuery__AlterTableCmd *cmd) MUST_CHECK;
/* What a form that nothing here carries out raises; NULL: it has nothing to do. */
struct err *ddl_unsupported_form(struct ddl *d, const struct relation *r,
                                 const PgQuery__AlterTableCmd *cmd) MUST_CHECK;
/* 42701 for the name of a system column. */
struct err *ddl_check_column_name(const char *name) MUST_CHECK;
struct err *ddl_open(struct ddl *d, const PgQuery__RangeVar *rv, enum txn_table_lock lock,
                     bool missing_ok, struct relation **out) MUST_CHECK;
struct err *ddl_reopen(struct ddl *d, struct relation **rel) MUST_CHECK; /* after a change */
/* The same; a notice when it is missing. */
struct err *ddl_open_if_exists(struct ddl *d, const PgQuery__RangeVar *rv, enum txn_table_lock lock,
                               bool missing_ok, struct relation **out) MUST_CHECK;
/* The same for DROP of what a relation has as a part: the notice has the name as it is written. */
struct err *ddl_open_whole(struct ddl *d, const PgQuery__RangeVar *rv, enum txn_table_lock lock,
                           bool missing_ok, struct relation **out) MUST_CHECK;
/* "schema.relation", or without a schema; in the arena. */
const char *ddl_written_name(struct ddl *d, const PgQuery__RangeVar *rv);
/* An option as a flag: alone, a number, or a word; what is neither off nor false is on. */
bool ddl_option_is_on(const PgQuery__DefElem *o);
/* The schema in which a statement makes a relation, and whether the current role may: 3F000, 42P16;
 * 42501. ddl_target_nsp asks both. */
struct err *ddl_find_target(struct ddl *d, const PgQuery__RangeVar *rv, uint32_t *nsp) MUST_CHECK;
struct err *ddl_may_make_relation(struct ddl *d, const PgQuery__RangeVar *rv,
                                  uint32_t nsp) MUST_CHECK;
struct err *ddl_target_nsp(struct ddl *d, const PgQuery__RangeVar *rv, uint32_t *nsp) MUST_CHECK;
struct err *ddl_must_own(struct ddl *d, const struct relation *r) MUST_CHECK;
/* 42501 unless the current role has one of the privileges on the relation. */
struct err *ddl_may_use_relation(struct ddl *d, const struct relation *r, uint32_t any) MUST_CHECK;
/* The same for what is done to a part of it. */
struct err *ddl_must_own_whole(struct ddl *d, const struct relation *r) MUST_CHECK;
/* The session's schema for temporary relations, made if need be. */
struct err *ddl_temp_namespace(struct ddl *d, uint32_t *nsp) MUST_CHECK;
/* ON COMMIT DROP, or DELETE ROWS, of a temporary table. */
void ddl_on_commit(struct ddl *d, uint32_t relid, bool drop);
/* pg_class.relpersistence for a relation to be made there. */
char ddl_persistence(const struct ddl *d, const PgQuery__RangeVar *rv, uint32_t nsp);
/* 42P07 if the name is taken; *skip with a notice when if_not_exists. */
struct err *ddl_check_name(struct ddl *d, uint32_t nsp, const char *name, bool if_not_exists,
                           bool *skip) MUST_CHECK;
struct err *ddl_type(struct ddl *d, const PgQuery__TypeName *t, struct ddl_column *c,
                     const char **serial) MUST_CHECK;

/* ddl_function.c: "name(types)". */
const char *ddl_signature(struct ddl *d, const char *name, const uint32_t *types, int n,
                          const char *between);
/* ddl_function_place.c: changes a column of the function's row; 42501 unless its owner does. */
struct err *ddl_update_proc(struct ddl *d, uint32_t oid, int column, struct datum value) MUST_CHECK;
/* As it is written here: with its schema, unless the search path finds it. */
const char *ddl_type_name(struct ddl *d, uint32_t oid);
/* 42501 unless the current role may make something of the type (of an array: its elements'), of
 * those of the columns. */
struct err *ddl_may_use_type(struct ddl *d, uint32_t type) MUST_CHECK;
struct err *ddl_may_use_types(struct ddl *d, const struct ddl_column *cols, int n) MUST_CHECK;

/* 42P22 unless a column that a query makes has a collation, if its type does. */
struct err *ddl_check_derived(struct ddl *d, const struct ddl_column *c) MUST_CHECK;
/* COLLATE of a column's definition, into c->collation. */
struct err *ddl_collation(struct ddl *d, const PgQuery__ColumnDef *def,
                          struct ddl_column *c) MUST_CHECK;

/* Types: ddl_type.c, ddl_domain.c. Schema and name of a type to be made; 42710 when it is taken. */
struct err *ddl_new_type_name(struct ddl *d, PgQuery__Node **items, size_t n, uint32_t *nsp,
                              const char **name) MUST_CHECK;
/* By the parts of its name; locks it against others that alter it. 42704. */
struct err *ddl_find_type(struct ddl *d, PgQuery__Node **items, size_t n, uint32_t *oid) MUST_CHECK;
struct err *ddl_must_own_type(struct ddl *d, uint32_t oid) MUST_CHECK;
struct err *ddl_create_enum(struct ddl *d, const PgQuery__CreateEnumStmt *s) MUST_CHECK;
struct err *ddl_alter_enum(struct ddl *d, const PgQuery__AlterEnumStmt *s) MUST_CHECK;
struct err *ddl_rename_type_stmt(struct ddl *d, const PgQuery__RenameStmt *s) MUST_CHECK;
struct err *ddl_move_type_stmt(struct ddl *d, const PgQuery__AlterObjectSchemaStmt *s) MUST_CHECK;
struct err *ddl_own_type_stmt(struct ddl *d, const PgQuery__AlterOwnerStmt *s) MUST_CHECK;
struct err *ddl_create_domain(struct ddl *d, const PgQuery__CreateDomainStmt *s) MUST_CHECK;
struct err *ddl_alter_domain(struct ddl *d, const PgQuery__AlterDomainStmt *s) MUST_CHECK;
struct err *ddl_rename_domain_constraint(struct ddl *d, const PgQuery__RenameStmt *s) MUST_CHECK;
/* CONSTRAINT name ON DOMAIN: finds it. */
struct err *ddl_domain_constraint(struct ddl *d, const PgQuery__Node *type, const char *name,
                                  struct object_address *out) MUST_CHECK;
struct err *ddl_create_range(struct ddl *d, const PgQuery__CreateRangeStmt *s) MUST_CHECK;
struct err *ddl_create_composite(struct ddl *d, const PgQuery__CompositeTypeStmt *s) MUST_CHECK;
struct err *ddl_alter_attribute_type(struct ddl *d, struct relation **rel,
                                     const PgQuery__AlterTableCmd *cmd) MUST_CHECK;
struct err *ddl_rename_attribute(struct ddl *d, const PgQuery__RenameStmt *s) MUST_CHECK;
struct err *ddl_drop_types(struct ddl *d, const PgQuery__DropStmt *s) MUST_CHECK;

/* Statements. */
struct err *ddl_create_table(struct ddl *d, const PgQuery__CreateStmt *c, char *tag) MUST_CHECK;
struct err *ddl_create_table_as(struct ddl *d, const PgQuery__CreateTableAsStmt *c,
                                char *tag) MUST_CHECK;
struct err *ddl_create_sequence(struct ddl *d, const PgQuery__CreateSeqStmt *c) MUST_CHECK;
struct err *ddl_alter_sequence(struct ddl *d, const PgQuery__AlterSeqStmt *c) MUST_CHECK;
struct err *ddl_create_view(struct ddl *d, const PgQuery__ViewStmt *v) MUST_CHECK;
struct err *ddl_create_matview(struct ddl *d, const PgQuery__CreateTableAsStmt *c,
                               char *tag) MUST_CHECK;
struct err *ddl_refresh_matview(struct ddl *d, const PgQuery__RefreshMatViewStmt *s) MUST_CHECK;
/* Empty storage for a relation and its indexes in place of what they have. */
struct err *ddl_new_storage(struct ddl *d, struct relation *rel) MUST_CHECK;
/* 0A000 for a check option of a view that is not updatable. */
struct err *ddl_check_view_options(struct ddl *d, uint32_t oid) MUST_CHECK;
/* Writes the texts of the views that read one of the relations anew, before the rename. */
struct err *ddl_rename_in_views(struct ddl *d, const uint32_t *relids, int nrelids,
                                const struct deparse_rename *rename) MUST_CHECK;
struct err *ddl_create_index_stmt(struct ddl *d, const PgQuery__IndexStmt *i) MUST_CHECK;
struct err *ddl_vacuum(struct ddl *d, const PgQuery__VacuumStmt *s) MUST_CHECK;
/* Statistics of the marked columns (NULL: all), with up to `target` common values and bounds each.
 * The caller holds a lock that keeps other ANALYZEs out. MAY YIELD. */
struct err *ddl_analyze(struct ddl *d, struct relation *r, const bool *columns,
                        int target) MUST_CHECK;
struct err *ddl_alter_table(struct ddl *d, const PgQuery__AlterTableStmt *a) MUST_CHECK;
struct err *ddl_rename(struct ddl *d, const PgQuery__RenameStmt *r, char *tag) MUST_CHECK;
struct err *ddl_drop(struct ddl *d, const PgQuery__DropStmt *s, char *tag) MUST_CHECK;
struct err *ddl_truncate(struct ddl *d, const PgQuery__TruncateStmt *t) MUST_CHECK;
struct err *ddl_drop_objects(struct ddl *d, const struct object_address *objects, int n,
                             bool cascade) MUST_CHECK;

struct err *ddl_reindex(struct ddl *d, const PgQuery__ReindexStmt *s) MUST_CHECK;

/* index_am.c: access methods of indexes. */
struct index_am {
    uint32_t oid;
    char options;    /* the kind of its storage parameters (ddl_options) */
    const char *can; /* o order, u unique, m several columns, i INCLUDE, c cluster, s plain scans, b
                        row lists, k exclusion constraints, a = ANY, n IS NULL */
    bool supported;
};
const struct index_am *index_am(uint32_t oid); /* NULL: no access method of indexes */
bool index_am_can(const struct index_am *am, char what);
/* The one that CREATE INDEX names. 42704; 0A000 for what it cannot do, or is not built. */
struct err *ddl_index_am(struct ddl *d, const PgQuery__IndexStmt *s,
                         const struct index_am **out) MUST_CHECK;
/* Whether a table can be clustered on it: 0A000. */
struct err *ddl_check_cluster(const struct index *ix) MUST_CHECK;
/* The operator class of a key column of a type, and its options against the access method. */
struct err *ddl_column_class(struct ddl *d, const PgQuery__IndexElem *elem, uint32_t am,
                             uint32_t type, uint32_t *opclass) MUST_CHECK;

/* ddl_options.c: storage parameters. `old` (may be NULL) with the options of a list set or removed,
 * for relations of a kind ('a': columns). 22023 */
struct err *ddl_options(struct ddl *d, char kind, struct datum old, PgQuery__Node *const *options,
                        size_t n, bool reset, struct datum *out) MUST_CHECK;
struct err *ddl_class_options(struct ddl *d, uint32_t relid, char kind,
                              PgQuery__Node *const *options, size_t n, bool reset) MUST_CHECK;
/* The forms of ALTER TABLE that say how to keep a table or column; *done false: it is another. */
struct err *ddl_alter_setting(struct ddl *d, const struct relation *r,
                              const PgQuery__AlterTableCmd *cmd, bool *done) MUST_CHECK;
/* A generated column hangs on the columns that it is made of. */
struct err *ddl_generated_depends(struct ddl *d, struct relation *rel, int att,
                                  const char *sql) MUST_CHECK;
/* ddl_like.c: the statement with what its LIKE clauses stand for, and SQL for when the table is
 * there. */
struct err *ddl_expand_like(struct ddl *d, const PgQuery__CreateStmt *in, PgQuery__CreateStmt *out,
                            struct buf *after) MUST_CHECK;
struct err *ddl_finish_like(struct ddl *d, const struct relation *rel,
                            const struct buf *after) MUST_CHECK;
/* extension.c: what is built in is made known to a database, and forgotten. */
struct err *ddl_create_extension(struct ddl *d, const PgQuery__CreateExtensionStmt *s) MUST_CHECK;
struct err *ddl_alter_extension(struct ddl *d, const PgQuery__AlterExtensionStmt *s) MUST_CHECK;
struct err *ddl_move_extension(struct ddl *d, const PgQuery__AlterObjectSchemaStmt *s) MUST_CHECK;
struct err *ddl_drop_extensions(struct ddl *d, const PgQuery__DropStmt *s) MUST_CHECK;
/* 42704 */
struct err *ddl_find_extension(struct ddl *d, const char *name,
                               struct object_address *out) MUST_CHECK;
/* ddl_function.c */
struct cat_proc;
struct err *ddl_do(struct ddl *d, const PgQuery__DoStmt *s) MUST_CHECK;
struct err *ddl_create_function(struct ddl *d, const PgQuery__CreateFunctionStmt *s,
                                char *tag) MUST_CHECK;
/* ddl_cast.c: object_id 0 when missing_ok and there is none. */
struct err *ddl_create_cast_stmt(struct ddl *d, const PgQuery__CreateCastStmt *s) MUST_CHECK;
struct err *ddl_find_cast(struct ddl *d, const PgQuery__Node *object, bool missing_ok,
                          struct object_address *out) MUST_CHECK;
/* ddl_collation.c */
struct err *ddl_create_collation_stmt(struct ddl *d, const PgQuery__DefineStmt *s) MUST_CHECK;
struct err *ddl_own_collation(struct ddl *d, const PgQuery__AlterOwnerStmt *s,
                              uint32_t owner) MUST_CHECK;
struct err *ddl_drop_collations(struct ddl *d, const PgQuery__DropStmt *s) MUST_CHECK;
/* A collation that the role owns: 42704, 42501. */
struct err *ddl_find_collation(struct ddl *d, PgQuery__Node *const *names, size_t n,
                               struct object_address *out) MUST_CHECK;
/* What an option of CREATE is set to, as a name or string; "": nothing. */
const char *ddl_option_name(struct ddl *d, const PgQuery__DefElem *o);
struct err *ddl_drop_cast(struct ddl *d, const PgQuery__DropStmt *s) MUST_CHECK;
struct err *ddl_describe_cast(struct ddl *d, uint32_t oid, struct buf *out) MUST_CHECK;
/* ddl_trigger.c */
struct err *ddl_create_trigger(struct ddl *d, const PgQuery__CreateTrigStmt *s) MUST_CHECK;
struct err *ddl_drop_trigger(struct ddl *d, const PgQuery__DropStmt *s) MUST_CHECK;
struct err *ddl_rename_trigger(struct ddl *d, const PgQuery__RenameStmt *s) MUST_CHECK;
struct err *ddl_find_trigger(struct ddl *d, const struct relation *r, const char *name,
                             uint32_t *oid) MUST_CHECK;
struct err *ddl_describe_trigger(struct ddl *d, uint32_t oid, struct buf *out) MUST_CHECK;
/* ENABLE and DISABLE TRIGGER; *done false: it is another form. */
struct err *ddl_enable_trigger(struct ddl *d, struct relation **rel,
                               const PgQuery__AlterTableCmd *cmd, bool *done) MUST_CHECK;
/* ddl_policy.c */
/* The table of `part ON table`, as DROP names it, and the part's name. */
PgQuery__RangeVar ddl_table_of_part(const PgQuery__List *l, const char **name);
/* DROP of such parts: `drop` for each whose table there is, which is locked meanwhile. */
struct err *ddl_drop_parts(struct ddl *d, const PgQuery__DropStmt *s,
                           struct err *(*drop)(struct ddl *d, const struct relation *r,
                                               const PgQuery__RangeVar *rv, const char *name,
                                               const PgQuery__DropStmt *s)) MUST_CHECK;
struct err *ddl_create_policy(struct ddl *d, const PgQuery__CreatePolicyStmt *s) MUST_CHECK;
struct err *ddl_alter_policy(struct ddl *d, const PgQuery__AlterPolicyStmt *s) MUST_CHECK;
struct err *ddl_rename_policy(struct ddl *d, const PgQuery__RenameStmt *s) MUST_CHECK;
struct err *ddl_drop_policy(struct ddl *d, const PgQuery__DropStmt *s) MUST_CHECK;
struct err *ddl_find_policy(struct ddl *d, const struct relation *r, const char *name,
                            uint32_t *oid) MUST_CHECK; /* 42704 */
struct err *ddl_describe_policy(struct ddl *d, uint32_t oid, struct buf *out) MUST_CHECK;
/* Other names in the policies that read the relation. */
struct err *ddl_rename_in_policies(struct ddl *d, uint32_t relid,
                                   const struct deparse_rename *rename) MUST_CHECK;
/* The policies that name the role; one of them without it, which drops it when it was the only one.
 */
struct err *ddl_policies_of_role(struct ddl *d, uint32_t role, uint32_t **out,
                                 int *count) MUST_CHECK;
struct err *ddl_forget_policy_role(struct ddl *d, uint32_t policy, uint32_t role) MUST_CHECK;
/* ALTER TABLE ... ROW LEVEL SECURITY; *done false: it is another form. */
struct err *ddl_row_security(struct ddl *d, struct relation **rel,
                             const PgQuery__AlterTableCmd *cmd, bool *done) MUST_CHECK;
struct err *ddl_create_aggregate(struct ddl *d, const PgQuery__DefineStmt *s) MUST_CHECK;
struct err *ddl_alter_function(struct ddl *d, const PgQuery__AlterFunctionStmt *s,
                               char *tag) MUST_CHECK;
struct err *ddl_drop_functions(struct ddl *d, const PgQuery__DropStmt *s, char *tag) MUST_CHECK;
struct err *ddl_rename_function(struct ddl *d, const PgQuery__RenameStmt *s, char *tag) MUST_CHECK;
struct err *ddl_function_owner(struct ddl *d, const PgQuery__AlterOwnerStmt *s,
                               uint32_t owner) MUST_CHECK;
/* A function goes into another schema with what it belongs to, whoever owns it; 42723. */
struct err *ddl_move_function(struct ddl *d, const struct cat_proc *p, uint32_t nsp,
                              const char *schema) MUST_CHECK;
struct err *ddl_function_schema(struct ddl *d, const PgQuery__AlterObjectSchemaStmt *s) MUST_CHECK;
/* A user's function by name and argument types; 42883, 42725, 42809. With missing_ok: a notice, and
 * *out NULL. */
struct err *ddl_find_function(struct ddl *d, const PgQuery__ObjectWithArgs *o,
                              PgQuery__ObjectType type, bool missing_ok,
                              const struct cat_proc **out) MUST_CHECK;
/* The same among built-in functions, too. */
struct err *ddl_find_any_function(struct ddl *d, const PgQuery__ObjectWithArgs *o,
                                  PgQuery__ObjectType type, const struct cat_proc **out) MUST_CHECK;
/* 42501 in PostgreSQL's words, which have the name as it is written. */
struct err *ddl_must_own_function(struct ddl *d, const PgQuery__ObjectWithArgs *o,
                                  const struct cat_proc *p) MUST_CHECK;
struct err *ddl_describe_function(struct ddl *d, uint32_t oid, struct buf *out) MUST_CHECK;
/* The dependencies of an object (a view's rule, a function) on what its text reads. */
/* ddl_refs.c: pg_depend rows from an object to the functions of users in an expression: analyzed,
 * or as it is stored; of an index's expressions. And those of an object forgotten. */
struct err *ddl_expr_depends(struct ddl *d, struct object_address self,
                             const struct expr *e) MUST_CHECK;
/* On the columns of a relation. */
struct err *ddl_columns_depend(struct ddl *d, struct object_address self, uint32_t relid,
                               const struct expr *e, enum depend_type type) MUST_CHECK;
struct err *ddl_text_depends(struct ddl *d, struct object_address self, const char *sql,
                             struct relation *rel, enum expr_use use) MUST_CHECK;
struct err *ddl_index_depends(struct ddl *d, struct relation *rel,
                              const struct index *ix) MUST_CHECK;
struct err *ddl_forget_functions(struct ddl *d, struct object_address self) MUST_CHECK;
struct err *ddl_record_refs(struct ddl *d, struct object_address object,
                            const struct deparse_refs *refs) MUST_CHECK;
/* ddl_object.c */
/* One column of a type's row, and of its array type's. */
struct err *ddl_update_with_array(struct ddl *d, uint32_t type, int column,
                                  struct datum value) MUST_CHECK;
struct err *ddl_role(struct ddl *d, const PgQuery__RoleSpec *role, uint32_t *oid) MUST_CHECK;
/* ddl_grant.c */
struct err *ddl_grant(struct ddl *d, const PgQuery__GrantStmt *s) MUST_CHECK;
/* REVOKE ALL ... FROM that role CASCADE on an object of pg_class, pg_proc, pg_namespace ... */
struct err *ddl_revoke_all(struct ddl *d, uint32_t class_id, uint32_t oid,
                           uint32_t role) MUST_CHECK;
struct err *ddl_default_privileges(struct ddl *d,
                                   const PgQuery__AlterDefaultPrivilegesStmt *s) MUST_CHECK;
/* ddl_role.c */
struct err *ddl_create_role(struct ddl *d, const PgQuery__CreateRoleStmt *s) MUST_CHECK;
struct err *ddl_alter_role(struct ddl *d, const PgQuery__AlterRoleStmt *s) MUST_CHECK;
struct err *ddl_rename_role(struct ddl *d, const PgQuery__RenameStmt *s) MUST_CHECK;
struct err *ddl_drop_role(struct ddl *d, const PgQuery__DropRoleStmt *s) MUST_CHECK;
struct err *ddl_grant_role(struct ddl *d, const PgQuery__GrantRoleStmt *s) MUST_CHECK;
/* ddl_owned.c. A line for each object that hangs on the role, as pg_shdepend's; nothing: none. */
struct err *role_uses(struct ddl *d, uint32_t role, struct buf *out) MUST_CHECK;
struct err *ddl_reassign_owned(struct ddl *d, const PgQuery__ReassignOwnedStmt *s) MUST_CHECK;
struct err *ddl_drop_owned(struct ddl *d, const PgQuery__DropOwnedStmt *s) MUST_CHECK;
/* Another owner for a relation, its indexes and its sequences. */
struct err *ddl_set_relation_owner(struct ddl *d, const struct relation *r,
                                   uint32_t owner) MUST_CHECK;
/* The number by which a statement names a large object, which need not be there. 22P02, 22003. */
struct err *ddl_large_object(const PgQuery__Node *n, uint32_t *oid) MUST_CHECK;
struct err *ddl_may_create_database(struct ddl *d, const char *denied) MUST_CHECK;
/* 42501 unless the current role may give objects to that one: it is a member of it. */
struct err *ddl_may_give_to(struct ddl *d, uint32_t owner) MUST_CHECK;
/* 42501 unless that role has CREATE in the schema of what it gets; superusers give it anyway. */
struct err *ddl_may_own_in(struct ddl *d, uint32_t owner, uint32_t nsp) MUST_CHECK;
/* A stored list of privileges (NULL: none is stored), as it is under another owner. */
struct err *ddl_change_acl_owner(struct ddl *d, uint32_t from, uint32_t to,
                                 struct datum *acl) MUST_CHECK;
/* Both checks, for an object in a schema. *acl, the object's
 * privileges, becomes what they are under the new owner. */
struct err *ddl_give(struct ddl *d, uint32_t nsp, uint32_t from, uint32_t to,
                     struct datum *acl) MUST_CHECK;
/* The schema that objects are moved to: it exists, and the current role may make them there. */
struct err *ddl_target_schema(struct ddl *d, const char *name, uint32_t *nsp) MUST_CHECK;
struct err *ddl_relation_owner(struct ddl *d, const struct relation *r,
                               const PgQuery__RoleSpec *role) MUST_CHECK;
struct err *ddl_alter_owner(struct ddl *d, const PgQuery__AlterOwnerStmt *s, char *tag) MUST_CHECK;
struct err *ddl_set_schema(struct ddl *d, const PgQuery__AlterObjectSchemaStmt *s,
                           char *tag) MUST_CHECK;
/* "table", "view" ... of pg_class.relkind. */
const char *ddl_kind_name(char relkind);
/* "FUNCTION" ... for messages. */
const char *ddl_object_type_name(PgQuery__ObjectType type);
struct err *ddl_comment(struct ddl *d, const PgQuery__CommentStmt *c) MUST_CHECK;
/* 42809 when ALTER VIEW and its like name another kind of relation. */
struct err *ddl_check_kind(const struct relation *r, PgQuery__ObjectType type) MUST_CHECK;
/* Defaults that name sequences which get another name or schema: read before, written after. */
struct ddl_default {
    uint32_t sequence;
    uint32_t relid;
    int att;
    struct expr *expr;
};
struct ddl_defaults {
    struct ddl_default *items;
    int count;
    int cap;
};
struct err *ddl_read_defaults(struct ddl *d, const uint32_t *sequences, int n,
                              struct ddl_defaults *out) MUST_CHECK;
struct err *ddl_write_defaults(struct ddl *d, const struct ddl_defaults *defaults) MUST_CHECK;

/* Parts. */
/* ddl_concurrent.c: they end the session's transaction several times. Fills an index that is in the
 * catalog but not valid, uncommitted, without blocking writers; it is valid with the commit of the
 * transaction that is open afterwards. MAY YIELD. */
struct err *ddl_fill_concurrently(struct ddl *d, uint32_t relid, uint32_t index) MUST_CHECK;
struct err *ddl_drop_index_concurrently(struct ddl *d, uint32_t index) MUST_CHECK;
struct err *ddl_index_table(struct ddl *d, uint32_t index, uint32_t *relid) MUST_CHECK;
/* 2BP01 when object k of the list is a part that goes with its whole only, which is not in it. */
struct err *ddl_check_internal(struct ddl *d, const struct object_address *objects, int n,
                               int k) MUST_CHECK;
struct new_sequence {
    const char *name;
    uint32_t nsp;
    char persistence; /* 0: permanent */
    uint32_t type;
    PgQuery__Node **options;
    size_t noptions;
    struct object_address owner; /* class_id 0: none */
    char owner_dep;              /* 'a' serial, 'i' identity */
};
struct err *ddl_make_sequence(struct ddl *d, const struct new_sequence *n,
                              uint32_t *oid) MUST_CHECK;
/* A PRIMARY KEY, UNIQUE, CHECK or FOREIGN KEY constraint; rows are there already unless `fresh`.
 * `column` (may be NULL) is whose definition it stands in. Other kinds are left alone. */
struct err *ddl_add_constraint(struct ddl *d, struct relation **rel, const PgQuery__Constraint *c,
                               const char *column, bool fresh) MUST_CHECK;
/* The constraints of a column's definition, as if they stood behind the columns: with their key and
 * with the attributes (DEFERRABLE ...) that follow them. */
struct err *ddl_column_constraints(struct ddl *d, const PgQuery__ColumnDef *def,
                                   PgQuery__Constraint ***out, int *count) MUST_CHECK;
struct err *ddl_validate_constraint(struct ddl *d, struct relation **rel,
                                    const char *name) MUST_CHECK;
struct err *ddl_alter_constraint(struct ddl *d, struct relation **rel,
                                 const PgQuery__Constraint *c) MUST_CHECK;
/* A DEFAULT or GENERATED expression in canonical form. */
struct err *ddl_default_text(struct ddl *d, struct relation *rel, const PgQuery__Constraint *c,
                             const struct ddl_column *col, bool generated,
                             const char **out) MUST_CHECK;
/* nextval('...') of a serial column, in the arena. */
const char *ddl_serial_default(struct ddl *d, const char *nsp, const char *sequence);
/* Records the sequence that a default (which is set) mentions. */
struct err *ddl_default_depends(struct ddl *d, struct relation *rel, int att,
                                const char *sql) MUST_CHECK;
/* The sequence of a serial or identity column (which may not be in the descriptor yet): `n` says
 * all but name, schema and persistence. `fresh`: the table is being created. */
struct err *ddl_column_sequence(struct ddl *d, const struct relation *r, const char *column,
                                bool fresh, struct new_sequence *n, uint32_t *oid) MUST_CHECK;
struct err *ddl_make_identity(struct ddl *d, const struct relation *r, bool fresh,
                              const char *column, int att, uint32_t type,
                              const PgQuery__Constraint *c) MUST_CHECK;
struct err *ddl_add_identity(struct ddl *d, struct relation **rel,
                             const PgQuery__AlterTableCmd *cmd) MUST_CHECK;
struct err *ddl_set_identity(struct ddl *d, struct relation **rel,
                             const PgQuery__AlterTableCmd *cmd) MUST_CHECK;
struct err *ddl_drop_identity(struct ddl *d, struct relation **rel,
                              const PgQuery__AlterTableCmd *cmd) MUST_CHECK;
/* ALTER SEQUENCE's options; the sequence is locked against nextval. */
struct err *ddl_change_sequence(struct ddl *d, const struct relation *r, PgQuery__Node **options,
                                size_t noptions) MUST_CHECK;
struct err *ddl_restart_sequence(struct ddl *d, const struct relation *r) MUST_CHECK;
/* Writes all rows of a table to new storage, keyed by `primary` (positions of columns; NULL: row
 * ids), and its secondary indexes anew. */
struct err *ddl_rewrite(struct ddl *d, struct relation **rel, bool by_primary_key) MUST_CHECK;
/* The same with every row changed. */
struct ddl_transform {
    struct err *(*fn)(void *arg, const struct datum *row, struct datum *out);
    void *arg;
    struct relation *from; /* the table as the rows are now */
};
struct err *ddl_rewrite_as(struct ddl *d, struct relation **rel, bool by_primary_key,
                           const struct ddl_transform *transform) MUST_CHECK;
/* ddl_retype.c: ALTER COLUMN ... TYPE. */
struct err *ddl_alter_type(struct ddl *d, struct relation **rel,
                           const PgQuery__AlterTableCmd *cmd) MUST_CHECK;
/* Carries out schema statements written as SQL, without notices. */
struct err *ddl_run_sql(struct ddl *d, const char *sql) MUST_CHECK;
/* Fills the storage of an index that the descriptor already lists. */
struct err *ddl_build_index(struct ddl *d, struct relation *rel, const struct index *ix) MUST_CHECK;
/* Gives an index's columns names of their own: "a", "a1", ... */
void ddl_distinct_names(struct ddl *d, struct ddl_index_column *cols, int n);
/* Fills a new table with a query's result. */
struct err *ddl_load_query(struct ddl *d, struct statement_plan *plan, const struct datum *params,
                           struct relation *rel, uint64_t *rows) MUST_CHECK;
/* Calls fn for every row (natts datums) in the newest state. */
struct err *ddl_each_row(struct ddl *d, struct relation *rel,
                         struct err *(*fn)(void *arg, struct str key, const struct datum *row),
                         void *arg) MUST_CHECK;
struct err *fk_check_existing(struct session *s, struct relation *rel,
                              const struct constraint *con) MUST_CHECK;
/* Object description for messages: "table t", "constraint c on table t" ... */
struct err *ddl_describe(struct ddl *d, struct object_address o, struct buf *out) MUST_CHECK;

/* ALTER TABLE gives no positions in its expressions. */
static inline struct err *ddl_no_position(struct err *e)
{
    if (e)
        e->position = 0;
    return e;
}
static inline const char *pg_str(const PgQuery__Node *n)
{
    return n->node_case == PG_QUERY__NODE__NODE_STRING ? n->string->sval : "";
}
static inline struct datum cstr_datum(const char *s)
{
    return s ? datum_bytes(s, strlen(s)) : datum_null();
}

#endif
