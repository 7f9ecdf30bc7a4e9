/* Rows that a hash table had no room for, divided by the hash of their keys: see exec_internal.h.
 */
#include "exec/exec_internal.h"

#include "base/hash.h"

#include <stdlib.h>

struct err *spill_new(struct exec *x, int level, int width, struct spill **out)
{
    struct spill *s = calloc(1, sizeof(*s));
    if (!s)
        return err_oom();
    s->level = level;
    for (int i = 0; i < SPILL_PARTS; i++) {
        struct err *e = i ? row_store_beside(s->parts[0], &s->parts[i])
                          : row_store_new(temp_quota_of(x), hash_memory(x) / (4 * SPILL_PARTS),
                                          width, &s->parts[i]);
        if (e) {
            spill_free(s);
            return e;
        }
    }
    *out = s;
    return NULL;
}

struct err *spill_add(struct spill *s, uint64_t hash, const struct datum *row)
{
    uint64_t mixed = hash_combine(hash, (uint64_t)s->level);
    return row_store_add(s->parts[mixed % SPILL_PARTS], row);
}

void spill_free(struct spill *s)
{
    if (!s)
        return;
    for (int i = 0; i < SPILL_PARTS; i++)
        row_store_free(s->parts[i]);
    free(s);
}

static bool wanted(const struct spill *left, const struct spill *right, int i, bool keep_left,
                   bool keep_right)
{
    bool has_left = row_store_count(left->parts[i]) > 0;
    if (!right)
        return has_left;
    bool has_right = row_store_count(right->parts[i]) > 0;
    return (has_left && (has_right || keep_left)) || (has_right && keep_right);
}

struct err *spill_to_batches(struct spill *left, struct spill *right, bool keep_left,
                             bool keep_right, struct batch **list)
{
    struct err *e = NULL;
    for (int i = 0; i < SPILL_PARTS && !e; i++) {
        if (!wanted(left, right, i, keep_left, keep_right))
            continue;
        struct batch *b = malloc(sizeof(*b));
        if (!b) {
            e = err_oom();
            continue;
        }
        *b = (struct batch){*list, left->level + 1, left->parts[i], NULL};
        left->parts[i] = NULL;
        if (right) {
            b->right = right->parts[i];
            right->parts[i] = NULL;
        }
        *list = b;
    }
    spill_free(left);
    spill_free(right);
    return e;
}

void batch_free(struct batch *b)
{
    if (!b)
        return;
    row_store_free(b->left);
    row_store_free(b->right);
    free(b);
}

void batches_free(struct batch **list)
{
    while (*list) {
        struct batch *next = (*list)->next;
        batch_free(*list);
        *list = next;
    }
}
