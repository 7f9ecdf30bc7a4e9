/* What EXPLAIN shows, as a tree of nodes with properties, and its four formats (manual, EXPLAIN;
 * labels and layout as PostgreSQL's). Everything lives in the arena given. */
#ifndef TARN_EXEC_EXPLAIN_FORMAT_H
#define TARN_EXEC_EXPLAIN_FORMAT_H

#include "base/arena.h"
#include "base/buf.h"
#include "exec/exec.h"

struct explain_prop {
    const char *label;
    const char *value;
    const char *const *items; /* a list, then value is NULL */
    int nitems;
    const struct explain_prop *members; /* of an object */
    int nmembers;
    bool object;     /* then there is neither a value nor a list */
    bool group;      /* of several things, of which there are none */
    bool quoted;     /* text; else a number or a boolean */
    bool text;       /* stands in the text format, on a line of its own */
    bool structured; /* stands in the others */
};

struct explain_node {
    const char *title;   /* text format: the first line, without the numbers behind it */
    const char *numbers; /* text format: costs and times; "": none */
    const char *heading; /* text format: a line above, of a CTE or a subquery; NULL: none */
    struct explain_prop *props;
    int nprops;
    int props_cap;
    struct explain_node **kids;
    int nkids;
    int kids_cap;
};

struct explain_doc {
    struct explain_node *root;
    struct explain_prop *props; /* of the whole: times */
    int nprops;
    int props_cap;
};

void explain_write(const struct explain_doc *doc, enum explain_format format, struct buf *out);

#endif
