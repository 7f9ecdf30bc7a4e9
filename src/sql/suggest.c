/* Hints for names of columns that are not there: what else in sight has nearly that name. */
#include "sql/analyze_internal.h"

#include "types/text.h"

enum { FAR = 4, LONGEST = 64 }; /* names are at most 63 bytes long */

struct nearest {
    int distance;
    const struct ns_item *items[2];
    const char *columns[2];
};

/* Insertions, removals and replacements of characters that lead from one name to the other. */
static int edit_distance(const char *a, const char *b)
{
    int row[LONGEST + 1];
    size_t na = strnlen(a, LONGEST);
    size_t nb = strnlen(b, LONGEST);
    for (size_t j = 0; j <= nb; j++)
        row[j] = (int)j;
    for (size_t i = 1; i <= na; i++) {
        int diagonal = row[0];
        row[0] = (int)i;
        for (size_t j = 1; j <= nb; j++) {
            int replace = diagonal + (a[i - 1] != b[j - 1]);
            int change = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = replace < change ? replace : change;
        }
    }
    return row[nb];
}

static void consider(struct nearest *n, const struct ns_item *item, const char *column, int penalty,
                     const char *name)
{
    int distance = edit_distance(column, name);
    if (distance > (int)strlen(name) / 2)
        return;
    distance += penalty;
    if (distance < n->distance) {
        *n = (struct nearest){distance, {item, NULL}, {column, NULL}};
    } else if (distance == n->distance) {
        if (n->items[1]) { /* three are no help, and neither is anything so far away */
            *n = (struct nearest){distance - 1, {NULL, NULL}, {NULL, NULL}};
            return;
        }
        int at = n->items[0] ? 1 : 0;
        if (at || n->distance < FAR) {
            n->items[at] = item;
            n->columns[at] = column;
        }
    }
}

static bool look_at_item(struct nearest *n, const struct ns_item *item, const char *table,
                         const char *name)
{
    int penalty = 0;
    if (!item->rte || !item->name)
        return false;
    if (table)
        penalty = edit_distance(table, item->name);
    if (penalty > FAR)
        penalty = FAR;
    for (int i = 0; i < item->ncols; i++) {
        if (!item->cols[i])
            continue;
        if (!penalty && strcmp(item->colnames[i], name) == 0) {
            *n = (struct nearest){0, {item, NULL}, {NULL, NULL}};
            return true;
        }
        if (penalty <= n->distance)
            consider(n, item, item->colnames[i], penalty, name);
    }
    return false;
}

struct err *suggest_column(const struct level *l, const char *table, const char *name,
                           struct err *e)
{
    struct nearest n = {FAR, {NULL, NULL}, {NULL, NULL}};
    bool exact = false;
    for (const struct level *up = l; up && !exact; up = up->parent)
        for (int i = 0; i < up->nitems && !exact; i++)
            exact = look_at_item(&n, up->items[i], table, name);
    if (exact)
        return err_hint(e,
                        "There is a column named \"%s\" in table \"%s\", but it cannot be "
                        "referenced from this part of the query.",
                        name, n.items[0]->name);
    if (n.items[1])
        return err_hint(e,
                        "Perhaps you meant to reference the column \"%s.%s\" or the column "
                        "\"%s.%s\".",
                        n.items[0]->name, n.columns[0], n.items[1]->name, n.columns[1]);
    if (n.items[0])
        return err_hint(e, "Perhaps you meant to reference the column \"%s.%s\".", n.items[0]->name,
                        n.columns[0]);
    return e;
}
