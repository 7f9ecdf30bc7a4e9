/* The built-in rows of pg_catalog, compiled in from the .tsv files in data, and what the analyzer
 * asks of them most: types, functions, operators and casts. Everything here is read-only after
 * builtin_init and can be used from any thread. */
#ifndef TARN_CATALOG_BUILTIN_H
#define TARN_CATALOG_BUILTIN_H

#include "base/str.h"
#include "types/type.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    FIRST_SYSTEM_OID = 12000, /* what a new database holds beyond the built-in rows begins here */
    FIRST_USER_OID = 16384,   /* what users make has this OID or a greater one */
};

/* One data file: cells in row order; a cell with data == NULL is SQL NULL. */
struct builtin_table {
    const char *name;
    int ncols;
    int nrows;
    const struct str *columns;
    const struct str *cells; /* nrows * ncols */
};

struct cat_type {
    uint32_t oid;
    struct str name;
    uint32_t nsp;
    int16_t len;
    bool byval;
    char kind; /* typtype: b c d e p r m */
    char category;
    bool preferred;
    bool is_array; /* a true array: subscriptable, typlen -1, with an element type */
    char delim;
    uint32_t relid;
    uint32_t elem;
    uint32_t array;
    uint32_t basetype;
    int32_t typmod;
    uint32_t collation;
    uint32_t input;             /* the text input function */
    uint32_t modin;             /* typmodin function, 0: the type takes no modifiers */
    const struct type_ops *ops; /* NULL: values of the type can't be handled yet */
};

/* A type that a user made, as registered with type_register(&t->ops). */
struct user_type {
    struct cat_type cat;
    struct type_ops ops;
};

struct cat_proc {
    uint32_t oid;
    struct str name;
    uint32_t nsp;
    char kind;       /* f a w p */
    char volatility; /* i s v */
    bool strict;
    bool leakproof; /* tells nobody what its arguments were, by errors or otherwise */
    bool definer;   /* runs with the rights of its owner: of users' functions */
    uint32_t owner;
    bool retset;
    uint32_t variadic; /* element type of a VARIADIC last argument, 0: none */
    uint32_t rettype;
    int nargs;
    int ndefaults;
    const uint32_t *argtypes;
    int nallargs; /* with OUT arguments; 0: all are IN */
    const uint32_t *allargtypes;
    const char *argmodes;
    const struct str *argnames; /* nallargs (or nargs) of them; NULL: none */
    const struct str *defaults; /* ndefaults texts, of users' functions */
    struct str stored;          /* ... as they are stored */
    struct str src;             /* the C symbol, "sql_OID" for those written in SQL */
    bool is_c;                  /* of users' functions: one of an extension, in C */
    uint32_t lang;              /* of users' functions */
    double rows;
    const struct str *config; /* of users' functions: settings while it runs, "name=value" */
    int nconfig;
};

struct cat_oper {
    uint32_t oid;
    struct str name;
    char kind; /* b l */
    bool can_hash;
    bool can_merge;
    uint32_t left;
    uint32_t right;
    uint32_t result;
    uint32_t commutator;
    uint32_t negator;
    uint32_t proc;
};

struct cat_cast {
    uint32_t source;
    uint32_t target;
    uint32_t proc;
    char context; /* i a e */
    char method;  /* f i b */
};

struct cat_agg {
    uint32_t proc;
    char kind; /* n o h */
    int ndirect;
    uint32_t sortop;
    /* Of those that users made. */
    uint32_t transfn;
    uint32_t finalfn; /* 0: none */
    bool final_extra; /* it gets NULLs for the arguments too */
    uint32_t transtype;
    struct str initval; /* data NULL: none */
};

/* Strategy of an operator in a btree family: 1 < 2 <= 3 = 4 >= 5 > */
struct cat_amop {
    uint32_t family;
    uint32_t left;
    uint32_t right;
    int strategy;
    uint32_t oper;
    uint32_t am;
};

struct cat_opclass {
    uint32_t oid;
    uint32_t am;
    struct str name;
    uint32_t family;
    uint32_t input;
    bool is_default;
};

/* Once, before anything else here. Stops the process when the data is malformed (a build error). */
void builtin_init(void);

/* SQL text that makes the system views of a database. */
extern const char data_system_views[];
extern const char data_information_schema[];

/* By file name ("pg_type"); NULL when there is none. */
const struct builtin_table *builtin_table(const char *name);
int builtin_column(const struct builtin_table *t, const char *column); /* -1: none */

/* Also a type that a user made, once cat_load_type has seen it: what it says then never changes,
 * but for the name. NULL: none. */
const struct cat_type *builtin_type(uint32_t oid);
uint32_t builtin_base_type(uint32_t type); /* what a domain is over in the end; others: itself */
const struct cat_type *builtin_type_by_name(struct str name); /* in pg_catalog */
const struct cat_proc *builtin_proc(uint32_t oid); /* a user's one too, once it has been read */
/* user_proc.c */
const struct cat_proc *user_proc_find(uint32_t oid);
const struct cat_agg *user_agg_find(uint32_t proc);
/* user_cast.c */
const struct cat_cast *user_cast_find(uint32_t source, uint32_t target);
/* user_oper.c; NULL or 0: none. */
const struct cat_oper *user_oper_find(uint32_t oid);
const struct cat_amop *user_amop_of(uint32_t oper); /* of access method btree */
uint32_t user_btree_oper(uint32_t left, uint32_t right, int strategy);
const struct cat_opclass *user_opclass(uint32_t oid);
/* By name, or with an empty name the default one of the type. */
const struct cat_opclass *user_opclass_find(uint32_t am, uint32_t type, struct str name);
const struct cat_oper *builtin_oper(uint32_t oid);
const struct cat_cast *builtin_cast(uint32_t source, uint32_t target);
const struct cat_agg *builtin_agg(uint32_t proc);

/* All functions (operators) of that name: *count of them, contiguous. */
const struct cat_proc *builtin_procs(struct str name, int *count);
const struct cat_oper *builtin_opers(struct str name, int *count);
/* Every function, in name order. */
const struct cat_proc *builtin_all_procs(int *count);

/* Strategy of `oper` in some btree family, 0 when in none; *family and types out (may be NULL). */
const struct cat_amop *builtin_btree_strategy(uint32_t oper);
/* The btree operator of that strategy for left and right operand types, 0: none. */
uint32_t builtin_btree_oper(uint32_t left, uint32_t right, int strategy);
/* Strategy of `oper` in the family of an operator class of access method gin; 0: it is not in it.
 */
int builtin_inverted_strategy(uint32_t opclass, uint32_t oper);
/* An access method's number (0: none) and name. */
uint32_t builtin_am(struct str name);
struct str builtin_am_name(uint32_t am);
/* The default operator class of a type for an access method, by binary coercion too; 0: none. */
uint32_t builtin_default_opclass(uint32_t am, uint32_t type, uint32_t *family, uint32_t *input);
/* An operator class by name, and what type it is for; 0: none. */
uint32_t builtin_opclass(uint32_t am, struct str name, uint32_t *input);
struct str builtin_opclass_name(uint32_t opclass);
/* A collation by name, 0: none. */
uint32_t builtin_collation(struct str name);
struct str builtin_collation_name(uint32_t collation); /* of loaded ones of users too */
/* Of a user's that is loaded; empty, 0: it is not, or built in. */
struct str user_collation_name(uint32_t oid);
uint32_t user_collation_nsp(uint32_t oid);

#define PG_CATALOG_NSP 11u
#define PG_TOAST_NSP 99u
#define PUBLIC_NSP 2200u
#define BTREE_AM 403u
#define HASH_AM 405u
#define GIST_AM 783u
#define GIN_AM 2742u
#define BRIN_AM 3580u
#define SPGIST_AM 4000u
#define ARRAY_GIN_OPCLASS 10064u
#define JSONB_GIN_OPCLASS 10090u
#define JSONB_PATH_OPCLASS 10091u
#define HEAP_AM 2u
#define BOOTSTRAP_ROLE 10u
#define DEFAULT_COLLATION 100u
#define C_COLLATION 950u

#endif
