/* Analyzed statements. */
#ifndef TARN_SQL_QUERY_H
#define TARN_SQL_QUERY_H

#include "catalog/catalog.h"
#include "sql/expr.h"
#include "txn/txn.h"

/* ctid, xmin, cmin, xmax, cmax: columns -1 to -5. tableoid, -6, is a constant. */
enum { SYSTEM_SLOTS = 5 };
const char *system_column_name(int att);
int system_column(const char *name); /* 0: none has that name */

struct subplan;

enum rte_kind {
    RTE_RELATION,
    RTE_SUBQUERY,
    RTE_FUNCTION,
    RTE_VALUES,
    RTE_CTE,
    RTE_SETOP,     /* the result columns of a set operation */
    RTE_TABLEFUNC, /* a table function with columns of its own: table_function.h */
};

/* SEARCH and CYCLE: columns behind those of the query. */
struct cycle {
    struct query *written; /* the query without them */
    int nplain;            /* its columns */
    int sequence;          /* column numbers, from 1; 0: none */
    int mark;
    int path;
    bool breadth;
    int *search; /* columns by which to search */
    int nsearch;
    int *columns; /* whose values make a cycle */
    int ncolumns;
    struct expr *value; /* of the mark */
    struct expr *other;
};

/* While it is analyzed. */
enum cte_stage { CTE_DONE, CTE_NO_UNION, CTE_LEFT, CTE_RIGHT };

struct cte {
    const char *name;
    struct query *query;
    bool recursive;
    bool materialized;       /* MATERIALIZED, or used more than once, or not a plain SELECT */
    bool asked_materialized; /* ... by the word itself */
    bool not_materialized;
    int uses;
    int ncols;
    const char **colnames;
    uint32_t *types;
    int32_t *typmods;
    uint32_t *collations;
    struct query *level; /* where it is defined */
    int number;          /* planner: position among the statement's CTE stores; -1: none yet */
    enum cte_stage stage;
    int location;
    int uses_before; /* the right arm */
    int in_sublink;  /* the analysis's counts, where the right arm begins */
    int in_outer_join;
    int in_intersect;
    int in_except;
    struct cycle *cycle; /* SEARCH and CYCLE; NULL: neither */
    bool planning;       /* planner: inside its own recursive term */
};

/* What a statement does to a relation that it names, or that a view reads. */
struct rte_access {
    struct relation *rel; /* the statement holds the reference */
    uint32_t as;          /* whose rights count; 0: of whoever runs the statement */
    uint32_t required;    /* bits of `enum privilege` */
    bool *read;           /* by column - 1; NULL: nothing is noted */
    bool *inserted;
    bool *updated;
    bool read_system;
    struct rte
        *rte; /* where it is read; NULL: of a view, or of the policy's own table in its text */
    struct query *q;                 /* the level of that entry */
    const struct rte_access *within; /* whose policy's text it stands in; NULL: none */
};

/* A range table entry: something with columns that a query level reads. */
struct rte {
    enum rte_kind kind;
    const char *name;                 /* alias, or the relation's name */
    const struct relation *unaliased; /* the relation or view that it names; NULL: it has an alias,
                                         or is of another kind */
    int ncols;
    const char **colnames;
    uint32_t *types;
    int32_t *typmods;
    uint32_t *collations;
    int location;
    bool lateral;
    bool system;           /* the statement names a system column of it, other than tableoid */
    struct relation *rel;  /* RELATION; the statement holds the reference */
    struct relation *view; /* SUBQUERY: the view whose query it is; NULL: none */
    bool only;
    struct rte_access *access; /* RELATION, views; NULL: none of its own */
    struct query *sub;         /* SUBQUERY */
    struct expr **funcs; /* FUNCTION: one, or several of ROWS FROM; a RELATION with a sample: the
                            percentage and, if nfuncs is 2, the seed */
    int nfuncs;
    const char *sample;      /* TABLESAMPLE: "bernoulli" or "system"; NULL: none */
    int *func_cols;          /* number of columns of each */
    const char **func_names; /* of the columns, before an alias renames them */
    bool ordinality;
    struct expr ***rows; /* VALUES: nrows lists of ncols */
    int nrows;
    struct cte *cte;                 /* CTE */
    const struct table_function *tf; /* TABLEFUNC */
    struct tf_arg *tf_args;
    int ntf_args;
    const void *tf_data; /* what describe left for open */
    /* Filled by the planner. */
    bool planned; /* the fields below are set */
    int base;     /* frame slot of column 1; the others follow; -1: none yet */
    bool *used;   /* by column - 1: something reads it */
    bool *needs;  /* by column - 1, before planning: something may read it; NULL: not known */
    struct tuple_reader *reader; /* of the used columns, when all is planned; NULL: none is used */
    int key_slot;                /* slot of the row's key bytes, -1: not used */
    int sys_base;                /* slots of ctid, xmin, cmin, xmax, cmax; -1: not used */
    int max_att;                 /* greatest column number in use */
    int index;                   /* bit number within its query level */
    bool nullable;               /* on the nullable side of an outer join */
    struct expr *
        *view_columns;    /* analysis: of a view that a statement writes to, what its columns are */
    struct expr **pulled; /* merged into the level above: what its columns stand for */
    struct expr *policy;  /* what rows must meet to be seen at all; NULL: all are */
};

enum join_kind {
    JOIN_INNER,
    JOIN_LEFT,
    JOIN_FULL,
    JOIN_RIGHT /* analysis only */,
    JOIN_SEMI,
    JOIN_ANTI
};

/* The FROM clause: a tree of leaves and joins; a query's list is joined by inner joins. */
struct from_node {
    struct rte *rte; /* a leaf; else a join: */
    enum join_kind kind;
    struct from_node *left;
    struct from_node *right;
    struct expr *on;    /* NULL: none */
    bool swapped;       /* written as a RIGHT JOIN */
    const char **using; /* the columns of USING or NATURAL; nusing == 0: none */
    int nusing;
    const char *using_alias; /* of those columns; NULL: none */
};

struct target {
    struct expr *expr;
    const char *name;   /* NULL for junk */
    uint32_t table_oid; /* where a plain column comes from, for RowDescription */
    int16_t table_att;
};

struct row_mark {
    struct rte *rte;
    enum txn_row_lock mode;
    enum txn_wait wait;
};

enum query_kind { Q_SELECT, Q_INSERT, Q_UPDATE, Q_DELETE, Q_MERGE, Q_UTILITY };
enum setop_kind { SETOP_NONE, SETOP_UNION, SETOP_INTERSECT, SETOP_EXCEPT };
enum distinct_kind { DISTINCT_NONE, DISTINCT_ALL, DISTINCT_ON };

enum group_kind { GROUP_COLUMNS, GROUP_EMPTY, GROUP_ROLLUP, GROUP_CUBE, GROUP_SETS };

/* An item of GROUP BY, or of a grouping set's list. */
struct group_item {
    enum group_kind kind;
    int *columns; /* COLUMNS: positions in `group` */
    int ncolumns;
    struct group_item *items; /* ROLLUP, CUBE, SETS */
    int nitems;
};

struct grouping_set {
    const bool *has; /* by position in `group` */
    int size;
};

struct assignment {
    int att;
    struct expr *expr;
    bool partial; /* to a part of the column */
};

/* A WHEN clause of MERGE. */
struct merge_action {
    bool matched;
    enum query_kind kind; /* INSERT, UPDATE, DELETE; UTILITY: DO NOTHING */
    struct expr *when;    /* NULL: always */
    struct assignment *set;
    int nset;
    struct expr **row; /* INSERT: an expression for every column; generated ones NULL */
};

struct on_conflict {
    bool update;   /* DO UPDATE, else DO NOTHING */
    int *arbiters; /* positions in the relation's indexes; n == 0: any */
    int narbiters;
    struct rte *excluded; /* the row proposed; columns as the relation's */
    struct assignment *set;
    int nset;
    struct expr *where;
};

/* A condition that a view wants its new rows to meet. */
struct view_check {
    struct expr *expr;
    const char *view;
    struct rte *base; /* its columns are those of this entry */
};

/* A condition that the policies of the target want rows to meet. */
enum policy_check_kind {
    POLICY_INSERT,       /* the row to be inserted */
    POLICY_UPDATE,       /* the row that an UPDATE makes */
    POLICY_CONFLICT,     /* the row that ON CONFLICT DO UPDATE is about to change */
    POLICY_MERGE_UPDATE, /* the row that MERGE is about to change */
    POLICY_MERGE_DELETE, /* ... to delete */
};
struct policy_check {
    enum policy_check_kind kind;
    struct expr *expr;
    const char *policy; /* a restrictive one's name; NULL: the permissive ones together */
    struct rte *base;   /* its columns are those of this entry */
};

struct query {
    enum query_kind kind;
    uint32_t policy_role; /* the statement's top query: the role whose policies were put in; 0: no
                             table has any */
    bool env_literals; /* the statement's top query: some literal's value depends on the session's
                          settings, search path or clock, or columns on what lies outside */
    uint64_t catalog_version; /* ... its analysis began at */
    struct query *parent;
    struct subplan *subplan; /* planner: of the sublink whose query this is; it is made once */
    struct rte **rtes;
    int nrtes;
    int rtes_cap;
    struct from_node **from;
    int nfrom;
    struct expr *where;
    struct target *targets;
    int ntargets;
    bool has_group;      /* GROUP BY, HAVING or an aggregate */
    struct expr **group; /* all grouping expressions, each once */
    int ngroup;
    int group_cap;
    struct group_item *group_items; /* GROUP BY as written */
    int ngroup_items;
    bool group_distinct;
    struct grouping_set *sets; /* nsets 0: one, of all expressions */
    int nsets;
    struct expr **groupings; /* E_GROUPING nodes */
    int ngroupings;
    int groupings_cap;
    struct expr *having;
    struct expr **aggs; /* E_AGG nodes computed at this level */
    int naggs;
    int aggs_cap;
    bool has_srf; /* set-returning functions among the targets */
    struct window **windows;
    int nwindows;
    int windows_cap;
    struct expr **wfuncs; /* E_WINDOW nodes */
    int nwfuncs;
    int wfuncs_cap;
    enum distinct_kind distinct;
    struct expr **distinct_on;
    int ndistinct_on;
    struct sort_key *order;
    int norder;
    struct expr *limit;
    struct expr *offset;
    bool with_ties;
    enum setop_kind setop; /* then left, right and setop_rte; from is empty */
    bool setop_all;
    struct query *left;
    struct query *right;
    struct rte *setop_rte;
    struct cte **ctes;
    int nctes;
    bool with_recursive;
    struct row_mark *marks;
    int nmarks;
    /* INSERT, UPDATE, DELETE */
    struct rte *target;
    struct rte *target_view; /* the view that the statement names; NULL: it names the table */
    struct view_check *view_checks;
    int nview_checks;
    struct policy_check *policy_checks;
    int npolicy_checks;
    int policy_checks_cap;
    struct query *source; /* INSERT ... SELECT | VALUES; its targets match source_atts */
    int *source_atts;
    int nsource_atts;
    struct expr **row; /* INSERT: an expression for every column: of the source (through
                          source_rte), default or NULL */
    struct rte *source_rte;
    struct assignment *set; /* UPDATE: all columns assigned, generated ones too */
    int nset;
    struct on_conflict *on_conflict;
    struct merge_action *actions; /* MERGE; its join is the one item of FROM */
    int nactions;
    struct target *returning;
    int nreturning;
    bool overriding_system;
    bool overriding_user;
    /* Whole statement (on the top query only). */
    struct rte_access **accesses; /* in the order of names */
    int naccesses;
    int accesses_cap;
    const char **schemas; /* named, so that the role must be allowed to look into them */
    int nschemas;
    int schemas_cap;
    uint32_t *called; /* functions that not everybody may call */
    int ncalled;
    int called_cap;
    struct relation **relations; /* references held */
    int nrelations;
    int relations_cap;
    uint32_t *param_types;
    int nparams;
    bool cursor;            /* see raw_stmt */
    bool call;              /* CALL: one row of output parameters, or a void value */
    const char *current_of; /* UPDATE, DELETE: the row that this cursor is on */
    bool uses_temp;
    bool volatile_functions;
};

/* 42501 unless the current role may do all that. MAY YIELD. */
struct err *query_check_access(struct cat *cat, const struct query *q) MUST_CHECK;

#endif
