/* Writing the system tables: one function per kind of row set. Names, types and expressions are
 * resolved by the caller; SQL texts are in canonical form (as deparsed). Nothing here checks
 * privileges or follows dependencies. Everything belongs to the session's transaction. */
#ifndef TARN_CATALOG_DDL_H
#define TARN_CATALOG_DDL_H

#include "catalog/catalog.h"
#include "catalog/depend.h"

struct ddl_column {
    const char *name;
    uint32_t type;
    int32_t typmod;
    uint32_t collation;
    int ndims;
    bool of_index;
    bool not_null;
    char identity;
    char generated;
    const char *default_sql;
    const char *missing; /* text of the value that existing rows have; NULL: none */
};

struct ddl_relation {
    const char *name;
    uint32_t nsp;
    char kind;
    char persistence;
    uint32_t owner;
    uint32_t am; /* of an index; 0: btree */
    const struct ddl_column *columns;
    int ncolumns;
    uint32_t storage_id;
    const char *view_sql; /* of kinds 'v' and 'm' */
    bool unpopulated;     /* of kind 'm', and synced tables */
    const char *options;  /* reloptions as array text "{a=b}", NULL: none */
    bool synced;          /* a synced table, of kind 'r' */
};

/* pg_class, pg_attribute, pg_attrdef (and pg_rewrite) rows and the dependency on the schema. 42P07
 * is the caller's to raise beforehand; a concurrent creation of the same name gives 23505. */
struct err *ddl_create_relation(struct cat *c, const struct ddl_relation *def,
                                uint32_t *oid) MUST_CHECK;
/* A view's rule, and the text of its query. */
struct err *ddl_view_rule(struct cat *c, uint32_t view, uint32_t *rule) MUST_CHECK;
struct err *ddl_rule_view(struct cat *c, uint32_t rule, uint32_t *view) MUST_CHECK; /* 0: none */
struct err *ddl_set_view(struct cat *c, uint32_t view, const char *sql) MUST_CHECK;
struct err *ddl_add_column(struct cat *c, uint32_t relid, int attnum,
                           const struct ddl_column *column) MUST_CHECK;
/* The column is of another type from now on; there are no values of it. */
struct err *ddl_replace_column(struct cat *c, uint32_t relid, int attnum,
                               const struct ddl_column *column) MUST_CHECK;
/* Sets one pg_class / pg_attribute column (CLS_ and ATT_ numbers). */
struct err *ddl_update_class(struct cat *c, uint32_t relid, int column,
                             struct datum value) MUST_CHECK;
struct err *ddl_update_attribute(struct cat *c, uint32_t relid, int attnum, int column,
                                 struct datum value) MUST_CHECK;
/* A column's type, modifier, collation and dimensions; rows are the caller's. */
struct err *ddl_set_column_type(struct cat *c, uint32_t relid, int attnum,
                                const struct ddl_column *column) MUST_CHECK;
struct err *ddl_update_index(struct cat *c, uint32_t indexrelid, int column,
                             struct datum value) MUST_CHECK; /* IDX_ numbers */
/* The number of a column's default in pg_attrdef; 0: none. */
struct err *ddl_default_oid(struct cat *c, uint32_t relid, int attnum, uint32_t *oid) MUST_CHECK;
/* The default (which exists) mentions that relation. */
struct err *ddl_default_uses(struct cat *c, uint32_t relid, int attnum, uint32_t used) MUST_CHECK;
/* NULL drops the default. */
struct err *ddl_set_default(struct cat *c, uint32_t relid, int attnum, const char *sql) MUST_CHECK;
struct err *ddl_drop_column(struct cat *c, const struct relation *r, int attnum) MUST_CHECK;

struct ddl_index_column {
    int attnum;       /* 0: expression */
    const char *name; /* of the index's column */
    const char *expr_sql;
    uint32_t type;
    int32_t typmod;
    uint32_t opclass;
    uint32_t collation;
    bool desc;
    bool nulls_first;
};

struct ddl_index {
    const char *name;
    uint32_t relid;
    uint32_t nsp;
    uint32_t owner;
    char persistence;
    uint32_t am; /* access method; 0: btree */
    bool unique;
    bool primary;
    bool nulls_not_distinct;
    bool immediate;
    bool invalid;        /* still to be built, by ddl_fill_concurrently */
    bool for_constraint; /* then the constraint depends, not the columns */
    const struct ddl_index_column *columns;
    int nkeys;
    int ncolumns;
    const char *pred_sql;
    uint32_t storage_id; /* 0 for a primary key that the rows are kept by */
};
struct err *ddl_create_index(struct cat *c, const struct ddl_index *def, uint32_t *oid) MUST_CHECK;

struct ddl_constraint {
    const char *name;
    uint32_t nsp;
    char type;
    uint32_t relid;
    uint32_t typid; /* of a domain's CHECK, in place of relid */
    uint32_t index;
    const int16_t *keys;
    int nkeys;
    uint32_t frelid;
    const int16_t *fkeys;
    const uint32_t *pfeqop; /* equality operators, nkeys of them, for pg_constraint */
    char on_update;
    char on_delete;
    char match;
    bool deferrable;
    bool deferred;
    bool validated;
    bool no_inherit;
    const char *check_sql;
    const int16_t *set_cols; /* of ON DELETE SET NULL (columns) */
    int nset_cols;
};
struct err *ddl_create_constraint(struct cat *c, const struct ddl_constraint *def,
                                  uint32_t *oid) MUST_CHECK;
/* Replaces conname or conbin of a constraint (CON_ numbers). */
struct err *ddl_update_constraint(struct cat *c, uint32_t oid, int column,
                                  struct datum value) MUST_CHECK;

/* ---- types (ddl_type.c) ---- */

struct ddl_type_def {
    const char *name;
    uint32_t nsp;
    uint32_t owner;
    char kind;                   /* e enum, d domain, c composite, r range */
    uint32_t relid;              /* composite: the relation that has its fields */
    char relkind;                /* ... of kind 'c': a type by itself */
    uint32_t basetype;           /* domain; the subtype of a range */
    const char *multirange_name; /* range */
    uint32_t opclass;            /* ... of the subtype */
    uint32_t subdiff;
    int32_t typmod;
    int ndims;
    uint32_t collation;
    bool not_null;
    const char *default_sql; /* domain; NULL: none */
};
/* The type, and the array type over it. Their names must be free (42710 is the caller's to raise).
 */
struct err *ddl_create_type(struct cat *c, const struct ddl_type_def *def,
                            uint32_t *oid) MUST_CHECK;
/* The name of a base type, for the functions that read and print its values; then the type with the
 * array type over it. `io`: OIDs of the functions of columns TYP_INPUT to TYP_SEND. */
struct err *ddl_create_shell_type(struct cat *c, uint32_t nsp, const char *name, uint32_t owner,
                                  uint32_t *oid) MUST_CHECK;
struct err *ddl_define_base_type(struct cat *c, uint32_t oid, const uint32_t *io, char category,
                                 uint32_t collation, uint32_t subscript) MUST_CHECK;
struct err *ddl_update_type(struct cat *c, uint32_t oid, int column,
                            struct datum value) MUST_CHECK; /* TYP_ numbers */
/* The name, schema or owner of a type and of its array. */
struct err *ddl_rename_type(struct cat *c, uint32_t oid, const char *name) MUST_CHECK;
/* Where the type that has the name is an array over another, it gets a new name, and *is_free. */
struct err *ddl_free_type_name(struct cat *c, uint32_t oid, uint32_t nsp, const char *name,
                               bool *is_free) MUST_CHECK;
struct err *ddl_move_type(struct cat *c, uint32_t oid, uint32_t nsp) MUST_CHECK;
struct err *ddl_add_enum_label(struct cat *c, uint32_t type, float sort_order,
                               const char *label) MUST_CHECK;
struct err *ddl_rename_enum_label(struct cat *c, uint32_t label_oid, const char *to) MUST_CHECK;
/* The rows of a type and of its array, or of one of them. */
struct err *ddl_remove_type(struct cat *c, uint32_t oid) MUST_CHECK;
/* The object uses values of the type, if users made it. */
struct err *ddl_depends_on_type(struct cat *c, struct object_address object,
                                uint32_t type) MUST_CHECK;

struct err *ddl_create_namespace(struct cat *c, const char *name, uint32_t owner,
                                 uint32_t *oid) MUST_CHECK;
struct err *ddl_create_database(struct cat *c, const char *name, uint32_t owner,
                                uint32_t *oid) MUST_CHECK;

enum {
    INTERNAL_LANGUAGE = 12,
    C_LANGUAGE = 13,
    SQL_LANGUAGE = 14,
    PLPGSQL_LANGUAGE = 13563
}; /* pg_proc.prolang */
/* Writes a row of pg_proc, in place of the one with that OID if there is one; a new one gets the
 * default privileges of its owner. */
struct err *ddl_put_proc(struct cat *c, const struct datum *values) MUST_CHECK;
/* The same for CREATE OR REPLACE: the owner and the privileges of the one that is replaced stay. */
struct err *ddl_replace_proc(struct cat *c, const struct datum *values) MUST_CHECK;
/* user_oper.c: a row of pg_operator, pg_opclass or pg_amop, in place of the one with its OID. */
struct err *ddl_put_operator_row(struct cat *c, uint32_t relid, const struct datum *row) MUST_CHECK;
struct err *ddl_remove_operator(struct cat *c, uint32_t oid) MUST_CHECK;
struct err *ddl_remove_opclass(struct cat *c, uint32_t oid) MUST_CHECK;
struct err *ddl_remove_opfamily(struct cat *c, uint32_t oid) MUST_CHECK; /* with its members */
/* user_cast.c: one of its types is a user's. */
struct ddl_collation_def {
    const char *name;
    uint32_t nsp;
    uint32_t owner;
    char provider; /* as in pg_collation: 'c' libc, 'i' ICU */
    bool deterministic;
    const char *collate; /* NULL: none, as of the others */
    const char *ctype;
    const char *icu_locale;
    const char *version;
};
struct err *ddl_create_collation(struct cat *c, const struct ddl_collation_def *def,
                                 uint32_t *oid) MUST_CHECK;
/* As ddl_depends_on_type. */
struct err *ddl_depends_on_collation(struct cat *c, struct object_address object,
                                     uint32_t collation) MUST_CHECK;
struct err *ddl_create_cast(struct cat *c, const struct cat_cast *cast, uint32_t *oid) MUST_CHECK;
struct err *ddl_remove_cast(struct cat *c, uint32_t oid) MUST_CHECK;

/* Removes the rows of one object (a table's attributes, defaults and indexes' rows with it) and its
 * own dependencies; the storage of relations is dropped at commit. */
struct err *ddl_remove(struct cat *c, struct object_address object) MUST_CHECK;

/* COMMENT: NULL removes. */
struct err *ddl_set_comment(struct cat *c, struct object_address object,
                            const char *text) MUST_CHECK;

/* A name not yet taken by a relation in the schema: "t_c_idx", "t_c_idx1", ... shortened to 63
 * bytes as PostgreSQL does. `name2` may be NULL. */
struct err *ddl_choose_name(struct cat *c, uint32_t nsp, const char *name1, const char *name2,
                            const char *label, bool constraint, uint32_t relid, struct arena *a,
                            const char **out) MUST_CHECK;

#endif
