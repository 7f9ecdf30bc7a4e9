/* Shared by deparse.c (expressions) and deparse_query.c (queries). */
#ifndef TARN_SQL_DEPARSE_INTERNAL_H
#define TARN_SQL_DEPARSE_INTERNAL_H

#include "sql/analyze_internal.h"

struct deparser {
    struct cat *cat;
    struct buf *out;
    const struct rte *single;
    bool pretty; /* parentheses only where they are needed */
    struct arena arena;
    const struct expr *const *slots; /* of a plan: what they are computed from; NULL: none */
    int nslots;
    bool bare;
    /* Of queries. */
    int indent;
    bool names_hidden;                   /* nobody sees what the columns are called */
    const struct deparse_name *names;    /* of range table entries, innermost level first */
    const struct deparse_rename *rename; /* NULL: none */
    struct deparse_refs *refs;           /* NULL: not wanted */
    const char *const *params;           /* names of parameters, NULL: $1 ... */
    int nparams;
    bool stored;          /* schemas with all names, types that users made by OID */
    bool regclass_by_oid; /* constants, which then outlive another name */
};

/* deparse.c */
struct err *deparse_put(struct deparser *d, const struct expr *e, bool implicit) MUST_CHECK;
const char *deparse_type(struct deparser *d, uint32_t type, int32_t typmod);
bool deparse_is_whole_row(const struct expr *e);
/* Adds to d->refs, if they are wanted, what is not there yet. */
void deparse_add_ref(struct deparser *d, struct deparse_ref ref);
/* deparse_query.c: below the indentation that holds; the caller sets the parentheses. */
struct err *deparse_put_query(struct deparser *d, const struct query *q,
                              bool names_hidden) MUST_CHECK;
struct err *deparse_put_sort(struct deparser *d, const struct sort_key *keys, int n,
                             const struct query *by_number) MUST_CHECK;
/* What stands behind OVER, in parentheses. */
struct err *deparse_put_window(struct deparser *d, const struct window *w) MUST_CHECK;
/* `text` on a line of its own, `left` columns left of the indentation that holds and `right` from
 * there. */
void deparse_line(struct deparser *d, const char *text, int left, int right);
const char *deparse_column(const struct deparser *d, const struct rte *rte, int att);
const char *deparse_alias(const struct deparser *d, const struct rte *rte);
void deparse_note(struct deparser *d, const struct rte *rte, int att);

#endif
