/* From a raw parse tree to a query with all names and types resolved. Reads the catalog through the
 * session's transaction: MAY YIELD. Errors carry PostgreSQL's SQLSTATE, message and position. */
#ifndef TARN_SQL_ANALYZE_H
#define TARN_SQL_ANALYZE_H

#include "sql/query.h"
#include "types/quote.h"

struct raw_stmt;

/* Names beyond those of a statement's own tables: the variables of a procedural language. What is
 * found becomes a parameter, whose type the finder adds to the list. */
struct param_types;
struct variables {
    /* The variable, or field of one, that the first *used of n names are: *number is 0 when there
     * is none. 42703, 55000. */
    struct err *(*find)(struct param_types *p, const char *const *names, int n, int *number,
                        int *used);
    /* The fields of the variable that n names are, for v.*: in the arena; *count is -1 when there
     * is none. 55000. */
    struct err *(*fields)(struct param_types *p, const char *const *names, int n, struct arena *a,
                          const char ***fields, int **numbers, int *count);
    /* Which is meant by a name that a column has too (manual section 43.11.1). */
    enum { AMBIGUOUS, VARIABLE_FIRST, COLUMN_FIRST } choice;
    /* The statement is UPDATE x SET part = value: what the variable of these names becomes, when
     * that part of it does. NULL: it is an ordinary one. */
    const char *const *target;
    int ntarget;
    /* The statement is the SELECT of one value, which is assigned to a variable of this type. 0:
     * it is not. */
    uint32_t assigned_type;
    void *arg;
};

/* Parameter types: known ones are given (0: to be inferred); inferred ones are filled in. */
struct param_types {
    uint32_t *types; /* malloc'ed; the caller frees */
    int count;
    const char *
        *names; /* of a function's arguments, `count` of them (NULL or "": none); may be NULL */
    const char *function;        /* whose arguments they are */
    bool fixed;                  /* no parameters beyond `count` ($n then is 42P02) */
    struct variables *variables; /* NULL: none */
};

/* SELECT, VALUES, INSERT, UPDATE, DELETE (not utility statements). Everything in the result lives
 * in the arena; the query holds references on its relations (query_release). */
struct err *analyze_statement(struct cat *cat, const struct type_env *env, struct raw_stmt *raw,
                              struct param_types *params, struct arena *arena,
                              struct query **out) MUST_CHECK;
/* The same without the policies of tables: of a text that is to be kept rather than run. */
struct err *analyze_definition(struct cat *cat, const struct type_env *env, struct raw_stmt *raw,
                               struct param_types *params, struct arena *arena,
                               struct query **out) MUST_CHECK;
/* ... and without asking which schemas may be looked into: of a text that was kept, or that the
 * server has made itself. */
struct err *analyze_own(struct cat *cat, const struct type_env *env, struct raw_stmt *raw,
                        struct param_types *params, struct arena *arena,
                        struct query **out) MUST_CHECK;
void query_release(struct query *q); /* NULL is fine */
/* The query of a view, and the names of the view's columns. */
struct err *analyze_view(struct cat *cat, const struct type_env *env, const struct relation *view,
                         struct arena *arena, struct query **out, const char ***names) MUST_CHECK;

/* A single expression, from canonical SQL text as stored, over the columns of a relation (NULL:
 * none), coerced to a type (0: as it comes): defaults, CHECK constraints, index expressions and
 * predicates. The columns are those of *rte, made here. `what` names the use in errors ("DEFAULT",
 * "check constraint", ...). */
enum expr_use {
    USE_DEFAULT,
    USE_CHECK,
    USE_INDEX_EXPR,
    USE_INDEX_PRED,
    USE_GENERATED,
    USE_COPY_WHERE,
    USE_TYPE_USING, /* *out NULL: no assignment cast to the type */
    USE_EXECUTE,    /* stays of its own type when there is none */
};
struct PgQuery__Node;
/* A value of one type, $1, as another's, as PL/pgSQL assigns (manual section 43.5.1): by the cast
 * for assignments, else through the text form. */
struct err *analyze_value_cast(struct cat *cat, const struct type_env *env, uint32_t from,
                               uint32_t to, int32_t typmod, struct arena *arena,
                               struct expr **out) MUST_CHECK;
struct err *analyze_expr_text(struct cat *cat, const struct type_env *env, const char *sql,
                              struct relation *rel, enum expr_use use, uint32_t type,
                              int32_t typmod, struct arena *arena, struct rte **rte,
                              struct expr **out) MUST_CHECK;
/* The same from a parse tree node; `sql` is the statement it stands in, for positions. */
struct err *analyze_expr_node(struct cat *cat, const struct type_env *env, const char *sql,
                              const void *node, struct relation *rel, enum expr_use use,
                              uint32_t type, int32_t typmod, const char *column_name,
                              struct arena *arena, struct rte **rte, struct expr **out) MUST_CHECK;

/* A policy's expression over the columns of a table, as SELECT expression FROM table: as written
 * (`node`, in the statement `sql`; 42804 unless it is boolean), and as the catalog keeps it. The
 * query is released by the caller. */
struct err *analyze_policy_expr(struct cat *cat, const struct type_env *env, const char *sql,
                                const void *node, struct relation *rel, struct arena *arena,
                                struct query **out) MUST_CHECK;
struct err *analyze_stored_policy(struct cat *cat, const struct type_env *env, const char *text,
                                  struct arena *arena, struct query **out) MUST_CHECK;

/* What can be written through a view. */
struct view_updatable {
    bool updatable;     /* rows can be deleted, and changed where columns can be */
    bool any_column;    /* ... which is so of one at least */
    bool *columns;      /* by column - 1 */
    const char *reason; /* why its own query forbids it, as a sentence; NULL: it does not */
};
struct err *analyze_view_updatable(struct cat *cat, const struct type_env *env,
                                   struct relation *view, struct arena *arena,
                                   struct view_updatable *out) MUST_CHECK;

/* SELECT without INTO, INSERT, UPDATE, DELETE, MERGE: what analyze_statement takes, but for CALL.
 */
bool statement_is_query(const struct raw_stmt *raw);
/* A SELECT of one value that follows from parameters alone: no tables, subqueries, sets. */
bool query_is_plain(const struct query *q);

/* Whether computing it twice may give different values. */
bool expr_has_volatile(const struct expr *e);
uint32_t expr_regclass(const struct expr *e); /* a relation that it names; 0: none */
bool expr_is_mutable(const struct expr *e);   /* calls anything that is not immutable */

/* The database in front of a relation's name: 0A000 unless it is this one. */
struct PgQuery__RangeVar;
struct err *resolve_database(struct cat *cat, const struct PgQuery__RangeVar *rv) MUST_CHECK;

/* Names whose last `own` parts are theirs, with a schema and this database in front or not: 42601,
 * 0A000. */
struct err *resolve_qualified(struct cat *cat, struct PgQuery__Node *const *parts, size_t n,
                              size_t own) MUST_CHECK;
/* The OID of a collation by its name as parsed; 42704. */
struct err *collation_by_name(struct cat *cat, struct PgQuery__Node *const *names, size_t n,
                              uint32_t *out) MUST_CHECK;

/* A type name as parsed (PgQuery__TypeName *). 42704 when there is none. */
struct err *resolve_type_name(struct cat *cat, const char *sql, const void *type_name,
                              uint32_t *type, int32_t *typmod, int *ndims) MUST_CHECK;
/* A type by its name as SQL writes it, "character varying(20)": 42601, 42704. */
struct err *resolve_type_text(struct cat *cat, struct str text, uint32_t *type,
                              int32_t *typmod) MUST_CHECK;
bool type_is_polymorphic(uint32_t type);
/* A call of a built-in function that is defined in SQL, replaced by its body; *out NULL when the
 * function is none or not built yet. */
struct err *inline_sql_function(const struct type_env *env, const struct expr *call,
                                struct arena *arena, struct expr **out) MUST_CHECK;
/* The array type over an element type, the element type of an array (or vector); 0: none. */
uint32_t array_type_of(uint32_t elem);
uint32_t element_type_of(uint32_t array);
/* What a subscript gives; also of the types that are arrays of fixed length from 0, as point. */
uint32_t subscript_type_of(uint32_t container);
/* The type of an output that p declares, in a call whose arguments have these types (p->nargs of
 * them): `declared` itself unless it is polymorphic. */
uint32_t polymorphic_output(const struct cat_proc *p, uint32_t declared, const uint32_t *actual,
                            struct arena *arena);
/* The same for a call, an E_FUNC. */
uint32_t expr_output_type(const struct expr *e, uint32_t declared, struct arena *arena);
/* The default operator class for an index column; 42704 when the type has none. */
struct err *resolve_opclass(uint32_t am, uint32_t type, uint32_t *opclass) MUST_CHECK;

/* format_type(): any type, unknown OIDs print as in PostgreSQL. In the arena. */
const char *type_display(struct arena *a, uint32_t type, int32_t typmod);

/* SQL text of an expression in PostgreSQL's canonical form (as pg_get_expr gives it). `single`
 * relation whose columns print without a qualifier, NULL: qualify all. Names in `rte` are used for
 * columns. */
struct err *deparse_expr(struct cat *cat, const struct expr *e, const struct rte *single,
                         struct buf *out) MUST_CHECK;
/* The same as the catalog keeps it: schemas with all names, types that users made by OID, enum
 * values by number, so that it outlives changes of their names. */
struct err *deparse_stored_expr(struct cat *cat, const struct expr *e, const struct rte *single,
                                struct buf *out) MUST_CHECK;
/* The same without needless parentheses, as pg_get_expr(..., true) gives it. */
struct err *deparse_expr_pretty(struct cat *cat, const struct expr *e, const struct rte *single,
                                struct buf *out) MUST_CHECK;
/* What a range table entry is called. */
struct deparse_name {
    const struct rte *rte;
    const char *name;
    const struct deparse_name *next;
};
/* Of a planned expression, for EXPLAIN: slots[i], i < nslots, is what slot i is computed from
 * (NULL: not known), shown in parentheses unless `bare`; entries without a name in `names` have
 * their own. */
struct err *deparse_plan_expr(struct cat *cat, const struct expr *e, const struct rte *single,
                              const struct deparse_name *names, const struct expr *const *slots,
                              int nslots, bool bare, struct buf *out) MUST_CHECK;
/* While a table, view, schema or column gets another name: what to write for it. */
struct deparse_rename {
    uint32_t relid; /* of the relation, or of the column's; 0: a schema */
    int att;        /* 0: the relation itself */
    const char *from;
    const char *to;
    const char *nsp; /* of a relation: the schema that it comes to be in; NULL: it stays */
};
/* What a query reads, each once. */
struct deparse_ref {
    uint32_t relid; /* or the type's OID */
    int att;        /* 0: the relation itself */
    bool is_type;   /* a type that users made */
    bool is_function;
    bool is_collation;
};
struct deparse_refs {
    struct deparse_ref *items; /* in `arena` */
    int count;
    int cap;
    struct arena *arena;
};
/* SQL text of a SELECT in PostgreSQL's layout (as pg_get_viewdef gives it), without the semicolon.
 * `names`: of its columns (NULL: its own). 0A000 for what has no text yet. */
struct err *deparse_query(struct cat *cat, const struct query *q, const char **names, bool pretty,
                          struct buf *out) MUST_CHECK;
/* The same of a statement in a function's body, with the names of its arguments (NULL: $n). */
struct err *deparse_body_query(struct cat *cat, const struct query *q, const char *const *params,
                               int nparams, struct buf *out) MUST_CHECK;
/* The text that a view keeps: schemas with all names. `rename` and `refs` may be NULL. */
struct err *deparse_stored_query(struct cat *cat, const struct query *q, const char **names,
                                 const struct deparse_rename *rename, struct deparse_refs *refs,
                                 struct buf *out) MUST_CHECK;
/* Evaluates an immutable function at planning and analysis time: set by exec at start, so that
 * constants fold. */
typedef struct err *(*fold_function)(uint32_t func, const struct datum *args, int nargs,
                                     const uint32_t *arg_types, uint32_t result_type,
                                     const struct type_env *env, struct arena *arena,
                                     struct datum *out);
extern fold_function sql_fold_function;

#endif
