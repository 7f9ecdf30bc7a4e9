/* Running SQL/JSON paths: jsonpath_exec.c. */
#ifndef TARN_EXEC_FUNCTIONS_JSONPATH_EXEC_H
#define TARN_EXEC_FUNCTIONS_JSONPATH_EXEC_H

#include "exec/fn.h"
#include "types/jsonb.h"
#include "types/jsonpath.h"

enum status { ST_OK, ST_NOT_FOUND, ST_ERROR };

/* An item of a sequence: JSON, or a date or time. */
struct jv {
    struct jsonb v;
    const struct type_ops *dt; /* of .datetime(); NULL: JSON */
    struct datum time;
    int zone_minutes; /* east, of a timestamp with time zone: as it was given */
};

struct seq {
    struct jv *items;
    int count;
    int cap;
};

struct path_call {
    bool silent; /* errors of the path give no result */
    bool use_tz;
};

/* The path over c->args[0], with the variables of c->args[2], if there is one. `found` (NULL: only
 * whether there is something) gets the items, dates and times as strings. Memory from `a`. */
struct err *jsonpath_run(struct fn_call *c, struct arena *a, const struct jsonpath *p,
                         struct path_call how, struct seq *found, enum status *out) MUST_CHECK;

#endif
