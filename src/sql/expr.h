/* Analyzed expressions: names resolved, every node typed, coercions explicit. Built in the arena of
 * the statement's analysis and not changed afterwards (the planner copies what it rewrites).
 *
 * A column reference points at its range table entry itself, whichever query level that belongs to;
 * the planner gives each referenced column a slot in the statement's frame. */
#ifndef TARN_SQL_EXPR_H
#define TARN_SQL_EXPR_H

#include "types/datum.h"

#include <stdbool.h>
#include <stdint.h>

struct rte;
struct query;
struct plan;

enum expr_kind {
    E_CONST,
    E_VAR,      /* column of a range table entry */
    E_PARAM,    /* $n */
    E_FUNC,     /* function call or cast function */
    E_OP,       /* operator: a function call that deparses as one */
    E_DISTINCT, /* IS DISTINCT FROM, by its equality operator */
    E_NULLIF,   /* by its equality operator */
    E_SAOP,     /* scalar op ANY/ALL (array) */
    E_AND,
    E_OR,
    E_NOT,
    E_CASE,     /* args: [test value], when, then, when, then, ..., else */
    E_CASETEST, /* the test value inside a CASE's WHEN; also a domain's VALUE */
    E_COALESCE,
    E_MINMAX, /* GREATEST, LEAST */
    E_NULLTEST,
    E_BOOLTEST,
    E_ARRAY, /* ARRAY[...] */
    E_ROW,
    E_ROWCMP, /* (a, b) < (c, d): args are the left then the right columns */
    E_SUBLINK,
    E_AGG,
    E_WINDOW,
    E_GROUPING,   /* GROUPING(...): which of args are not in the row's grouping set */
    E_RELABEL,    /* binary-compatible cast */
    E_IOCAST,     /* cast through the text form */
    E_DOMAIN,     /* a value of the base type becomes one of a domain, which checks it */
    E_ARRAYCAST,  /* element-wise cast; the element cast's function in `func`, 0: through text */
    E_SQLVALUE,   /* CURRENT_DATE, CURRENT_USER, ... */
    E_SUBSCRIPT,  /* args: container, then the subscripts; slices in pairs */
    E_FIELD,      /* (row).column */
    E_FIELDSTORE, /* args: a composite value and what its field becomes */
    E_SUBSTORE,   /* args: an array, the subscripts, and what the item becomes */
    E_DEFAULT,    /* DEFAULT in INSERT and UPDATE; replaced before planning */
    E_SLOT,       /* made by the planner: the value in a frame slot */
    E_SUBPLAN,    /* made by the planner from E_SUBLINK */
    E_NEXTVAL,    /* identity column: next value of sequence `func` (its relation OID) */
};

enum expr_form { FORM_CALL, FORM_CAST, FORM_IMPLICIT, FORM_SQL /* special syntax: EXTRACT ... */ };

enum sublink_kind { SUBLINK_EXISTS, SUBLINK_ANY, SUBLINK_ALL, SUBLINK_SCALAR, SUBLINK_ARRAY };

enum booltest { BT_TRUE, BT_NOT_TRUE, BT_FALSE, BT_NOT_FALSE, BT_UNKNOWN, BT_NOT_UNKNOWN };

enum sqlvalue {
    SV_CURRENT_DATE,
    SV_CURRENT_TIME,
    SV_CURRENT_TIMESTAMP,
    SV_LOCALTIME,
    SV_LOCALTIMESTAMP,
    SV_CURRENT_ROLE,
    SV_CURRENT_USER,
    SV_USER,
    SV_SESSION_USER,
    SV_CURRENT_CATALOG,
    SV_CURRENT_SCHEMA,
};

struct sort_key {
    struct expr *expr;
    uint32_t lt_op; /* the "<" operator of its type, by which rows are ordered */
    bool desc;
    bool nulls_first;
};

struct agg_extra {
    bool star; /* count(*) */
    bool distinct;
    struct sort_key *order;
    int norder;
    struct expr *filter;
    struct query *level; /* the query that computes it */
    int number;          /* position among that query's aggregates */
    bool ordered_set;    /* WITHIN GROUP: `order` holds the aggregated arguments */
};

/* How a node came to its collation: what collate.c keeps for the nodes above. */
struct collated {
    uint8_t strength; /* 0: not derived yet */
    uint32_t collation;
    uint32_t second; /* conflicts: the other one */
    int location;
};

/* As an input collation: there is none, as those of the arguments conflict. */
#define CONFLICTING_COLLATIONS UINT32_MAX

struct expr {
    enum expr_kind kind;
    uint32_t type;
    int32_t typmod;
    uint32_t collation;       /* of the result; 0: none, or it is of no string type */
    uint32_t input_collation; /* by which it compares and maps its arguments: see
                                 expr_input_collation */
    struct collated collated;
    int location; /* byte offset in the statement; -1 unknown */
    int nargs;
    struct expr **args;
    uint32_t func; /* pg_proc OID of FUNC, OP, DISTINCT, NULLIF, SAOP, AGG, WINDOW, ARRAYCAST */
    uint32_t op;   /* pg_operator OID of OP, DISTINCT, NULLIF, SAOP */
    enum expr_form form;
    int defaulted; /* FUNC: so many of the last arguments are defaults that were not written */
    union {
        struct datum value; /* CONST */
        struct {
            struct rte *rte;
            int att; /* 1-based; 0 whole row; < 0 system column */
        } var;
        int param; /* PARAM: 1-based; SLOT: the slot */
        bool flag; /* SAOP: ANY; NULLTEST: IS NOT NULL; MINMAX: GREATEST; FUNC: VARIADIC array given
                    */
        enum booltest booltest;
        struct {
            enum sqlvalue what;
            int32_t precision;
        } sqlvalue;
        struct {
            bool has_test; /* args[0] is the CASE operand */
            int test_slot; /* planner */
        } kase;
        struct {
            enum sublink_kind kind;
            struct query *query;
            struct expr *test; /* ANY, ALL: the comparison; the subquery's column i stands in it as
                                  a SLOT numbered -(i + 1), which the planner replaces */
        } sublink;
        struct agg_extra *agg;
        struct {
            uint32_t *ops; /* per column: the comparison by which rows are ordered */
            int cmp;       /* btree strategy 1..5, 6: <> */
        } rowcmp;
        struct {
            uint8_t *kinds; /* per args[1..]: 'i' index, 'l' lower, 'u' upper, '-' omitted */
            bool slice;
        } subscript;
        struct {
            int field; /* 1-based */
        } field;
        const char **field_names; /* ROW: of a table's whole row, by args; NULL: f1, f2 ... */
        struct subplan *subplan;
        struct window_extra *window;
        struct {
            struct query *level;
            int number; /* position among that query's */
        } grouping;
    };
};

/* The collation by which a call, an operator, GREATEST ... treats its arguments; 0 when none is a
 * string, CONFLICTING_COLLATIONS. Derives it where analysis has not. */
uint32_t expr_input_collation(struct expr *e);
/* The same for two columns of a row comparison. */
uint32_t expr_pair_collation(struct expr *left, struct expr *right);
/* 42P22: the collations of what is used so conflict ("string comparison"). */
struct err *collation_conflict(const char *use);

/* Bits of a window's frame, as the parser sets them. */
enum {
    FRAME_NONDEFAULT = 0x1, /* the statement says what the frame is */
    FRAME_RANGE = 0x2,
    FRAME_ROWS = 0x4,
    FRAME_GROUPS = 0x8,
    FRAME_BETWEEN = 0x10,
    FRAME_START_UNBOUNDED = 0x20,
    FRAME_END_UNBOUNDED = 0x100,
    FRAME_START_CURRENT = 0x200,
    FRAME_END_CURRENT = 0x400,
    FRAME_START_PRECEDING = 0x800, /* by an offset */
    FRAME_END_PRECEDING = 0x1000,
    FRAME_START_FOLLOWING = 0x2000,
    FRAME_END_FOLLOWING = 0x4000,
    FRAME_EXCLUDE_CURRENT = 0x8000,
    FRAME_EXCLUDE_GROUP = 0x10000,
    FRAME_EXCLUDE_TIES = 0x20000,
    FRAME_START_OFFSET = FRAME_START_PRECEDING | FRAME_START_FOLLOWING,
    FRAME_END_OFFSET = FRAME_END_PRECEDING | FRAME_END_FOLLOWING,
    FRAME_EXCLUDES = FRAME_EXCLUDE_CURRENT | FRAME_EXCLUDE_GROUP | FRAME_EXCLUDE_TIES,
    FRAME_DEFAULT = FRAME_RANGE | FRAME_START_UNBOUNDED | FRAME_END_CURRENT,
};

/* A window of a query: one of its WINDOW clause, or what stands behind OVER. */
struct window {
    const char *name;            /* NULL: none */
    const struct window *copied; /* OVER (w ...): whose partition, and perhaps order, it has */
    bool copied_order;
    struct sort_key *partition;
    int npartition;
    struct sort_key *order;
    int norder;
    int frame;
    struct expr *start; /* offsets; NULL: none */
    struct expr *end;
    uint32_t start_in_range; /* pg_proc OID of the RANGE offset's in_range function */
    uint32_t end_in_range;
};

/* A window function, or an aggregate as one. */
struct window_extra {
    bool star;
    struct expr *filter;
    struct window *window;
    struct query *level; /* the query that computes it */
    int number;          /* position among that query's window functions */
};

#endif
