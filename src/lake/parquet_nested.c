/* Record assembly: levels of leaves -> offsets and validity of nested vectors.
 *
 * A value of a node has an entry at each level position whose repetition level is at most that of
 * the list around the node (0 at the top), and whose definition level says that the list has an
 * element there. The entry is NULL when the definition level stays below the node's own. All leaves
 * below a list must agree on its elements; the file may lie about that, so every count is checked.
 */
#include "lake/parquet_leaf.h"
#include "lake/variant.h"

struct assembly {
    struct arena *arena;
    struct pq_leaf *const *leaves;
};

/* Where entries are found, see above. `leaf` has the levels. */
struct place {
    const struct pq_leaf *leaf;
    uint8_t rep;
    uint8_t def;
    uint32_t count; /* entries that the outer node has */
};

static inline bool is_entry(const struct place *at, size_t i)
{
    return at->leaf->reps[i] <= at->rep && at->leaf->defs[i] >= at->def;
}

/* 16-byte aligned, for decimals. */
static void *batch_alloc(struct arena *arena, size_t size)
{
    char *p = arena_try_alloc(arena, size + 16);
    return p ? p + (-(uintptr_t)p & 15) : NULL;
}

static struct err *disagree(const struct place *at)
{
    return pq_leaf_error(at->leaf, "levels disagree on the elements of a list");
}

static struct err *read_validity(struct assembly *as, const struct place *at, uint8_t def,
                                 const uint8_t **out)
{
    uint8_t *valid = batch_alloc(as->arena, at->count);
    uint32_t n = 0, valid_count = 0;
    if (!valid)
        return err_oom();
    for (size_t i = 0; i < at->leaf->level_count; i++) {
        if (!is_entry(at, i))
            continue;
        if (n == at->count)
            return disagree(at);
        valid[n] = at->leaf->defs[i] >= def;
        valid_count += valid[n++];
    }
    if (n != at->count)
        return disagree(at);
    *out = valid_count == n ? NULL : valid;
    return NULL;
}

#define PLACE(type)                                             \
    do {                                                        \
        const type *from_ = at->leaf->values;                   \
        type *to_ = values;                                     \
        for (uint32_t i = 0; i < at->count; i++)                \
            to_[i] = !valid || valid[i] ? *from_++ : (type){0}; \
    } while (0)

static struct err *assemble_leaf(struct assembly *as, const struct place *at, struct lake_vec *out)
{
    const struct pq_leaf *leaf = at->leaf;
    const uint8_t *valid;
    TRY(read_validity(as, at, leaf->info->max_def, &valid));
    size_t present = at->count;
    for (uint32_t i = 0; valid && i < at->count; i++)
        present -= !valid[i];
    if (present != leaf->value_count)
        return disagree(at);
    out->valid = valid;
    out->data = leaf->values;
    if (!valid)
        return NULL;
    void *values = batch_alloc(as->arena, (size_t)at->count * leaf->value_size);
    if (!values)
        return err_oom();
    if (out->phys == LAKE_PHYS_BYTES)
        PLACE(struct str);
    else if (leaf->value_size == 4)
        PLACE(uint32_t);
    else if (leaf->value_size == 8)
        PLACE(uint64_t);
    else if (leaf->value_size == 16)
        PLACE(__int128);
    else
        PLACE(uint8_t);
    out->data = values;
    return NULL;
}

static struct err *assemble_value(struct assembly *as, const struct pq_node *node, struct place at,
                                  struct lake_vec *out);

static struct err *assemble_children(struct assembly *as, const struct pq_node *node,
                                     const struct place *at, struct lake_vec *out)
{
    struct lake_vec *children =
        arena_try_alloc(as->arena, node->child_count * sizeof(*children) + 1);
    if (!children)
        return err_oom();
    for (uint32_t i = 0; i < node->child_count; i++)
        TRY(assemble_value(as, &node->children[i], *at, &children[i]));
    out->children = children;
    out->child_count = node->child_count;
    return NULL;
}

static struct err *assemble_list(struct assembly *as, const struct pq_node *node,
                                 const struct place *at, struct lake_vec *out)
{
    const struct pq_leaf *leaf = at->leaf;
    uint32_t *offsets = batch_alloc(as->arena, ((size_t)at->count + 1) * sizeof(*offsets));
    uint32_t n = 0, elements = 0;
    if (!offsets)
        return err_oom();
    TRY(read_validity(as, at, node->def, &out->valid));
    for (size_t i = 0; i < leaf->level_count; i++) {
        if (is_entry(at, i))
            offsets[n++] = elements; /* n < count: read_validity counted the same */
        elements += leaf->reps[i] <= node->element_rep && leaf->defs[i] >= node->element_def;
    }
    if (elements && (!n || offsets[0]))
        return disagree(at);
    offsets[n] = elements;
    out->offsets = offsets;
    struct place inner = {
        .leaf = leaf, .rep = node->element_rep, .def = node->element_def, .count = elements};
    return assemble_children(as, node, &inner, out);
}

/* The stored form stands in for the type as soon as it is assembled. */
static struct err *assemble_variant(struct assembly *as, const struct pq_node *node,
                                    const struct place *at, struct lake_vec *out)
{
    struct lake_vec stored = {.type = node->stored, .phys = LAKE_PHYS_STRUCT, .count = at->count};
    TRY(read_validity(as, at, node->def, &stored.valid));
    TRY(assemble_children(as, node, at, &stored));
    return lake_variant_vec(as->arena, &stored, out);
}

static struct err *assemble_value(struct assembly *as, const struct pq_node *node, struct place at,
                                  struct lake_vec *out)
{
    *out = (struct lake_vec){
        .type = node->type, .phys = lake_type_phys(node->type), .count = at.count};
    /* A struct without fields has no levels of its own and borrows its neighbour's. */
    if (node->leaf_count)
        at.leaf = as->leaves[node->leaf];
    if (node->stored)
        return assemble_variant(as, node, &at, out);
    if (!node->child_count && out->phys != LAKE_PHYS_STRUCT)
        return assemble_leaf(as, &at, out);
    if (out->phys == LAKE_PHYS_LIST)
        return assemble_list(as, node, &at, out);
    TRY(read_validity(as, &at, node->def, &out->valid));
    return assemble_children(as, node, &at, out);
}

struct err *pq_assemble(struct arena *arena, struct pq_leaf *const *leaves,
                        const struct pq_node *node, uint32_t rows, struct lake_vec *out)
{
    struct assembly as = {.arena = arena, .leaves = leaves};
    struct place at = {.leaf = leaves[node->leaf], .count = rows};
    return assemble_value(&as, node, at, out);
}
