/* From the flat list of schema elements to columns and leaves.
 *
 * The elements are the schema tree in preorder. Lists come in several shapes: the standard one of
 * three levels, and older ones of two levels, told apart by the rules of the format's specification
 * (LogicalTypes.md, "Backward-compatibility rules"). A repeated field outside any list annotation
 * is a list of its own. Recursion is bounded by MAX_DEPTH, which also keeps levels within a byte.
 */
#include "lake/parquet_internal.h"
#include "lake/variant.h"

enum { MAX_DEPTH = 64 };

struct builder {
    struct parquet_file *file;
    uint32_t next; /* element */
    uint32_t leaf_capacity;
    int depth;
    const char *path;
};

static struct err *build_value(struct builder *b, const struct pq_element *el, uint8_t def,
                               uint8_t rep, struct pq_node *node);

static struct err *next_element(struct builder *b, const struct pq_element **out)
{
    if (b->next >= b->file->meta.element_count)
        return pq_damaged(b->file, "schema ends early");
    const struct pq_element *el = &b->file->meta.elements[b->next++];
    if (!el->is_leaf && el->child_count < 0)
        return pq_damaged(b->file, "schema element has a negative number of children");
    *out = el;
    return NULL;
}

static const struct lake_type *time_type(struct arena *arena, enum lake_kind kind,
                                         enum pq_time_unit unit)
{
    if (unit != PQ_UNIT_NANOS)
        return lake_type_simple(kind);
    struct lake_type *type = arena_new(arena, struct lake_type);
    *type = (struct lake_type){.kind = kind, .unit = LAKE_NANOS};
    return type;
}

static struct err *decimal_type(struct builder *b, int32_t precision, int32_t scale,
                                const struct lake_type **out)
{
    if (precision < 1 || scale < 0 || scale > precision)
        return pq_damaged(b->file, "column %s is a decimal of precision %d and scale %d", b->path,
                          precision, scale);
    if (precision > 38)
        return pq_unsupported(b->file, "column %s is a decimal of precision %d, more than 38",
                              b->path, precision);
    struct lake_type *type = arena_new(&b->file->arena, struct lake_type);
    *type = (struct lake_type){
        .kind = LAKE_DECIMAL, .precision = (uint8_t)precision, .scale = (uint8_t)scale};
    *out = type;
    return NULL;
}

static struct err *int32_type(struct builder *b, struct pq_leaf_info *leaf)
{
    const struct pq_element *el = leaf->element;
    leaf->type = lake_type_simple(LAKE_INTEGER);
    if (el->logical == PQ_LOGICAL_DATE) {
        leaf->type = lake_type_simple(LAKE_DATE);
    } else if (el->logical == PQ_LOGICAL_TIME) {
        leaf->type = lake_type_simple(LAKE_TIME);
        leaf->convert = PQ_I32_MILLIS;
    } else if (el->logical == PQ_LOGICAL_DECIMAL) {
        TRY(decimal_type(b, el->precision, el->scale, &leaf->type));
        leaf->convert = el->precision <= 18 ? PQ_I32_TO_I64 : PQ_I32_TO_I128;
    } else if (el->logical == PQ_LOGICAL_INTEGER) {
        if (el->bits == 8)
            leaf->type = lake_type_simple(LAKE_BYTE);
        else if (el->bits == 16 || el->bits == -8)
            leaf->type = lake_type_simple(LAKE_SHORT);
        else if (el->bits == -32) {
            leaf->type = lake_type_simple(LAKE_LONG);
            leaf->convert = PQ_U32_TO_I64;
        }
    }
    return NULL;
}

static struct err *int64_type(struct builder *b, struct pq_leaf_info *leaf)
{
    const struct pq_element *el = leaf->element;
    struct arena *arena = &b->file->arena;
    leaf->type = lake_type_simple(LAKE_LONG);
    if (el->logical == PQ_LOGICAL_TIME) {
        leaf->type = time_type(arena, LAKE_TIME, el->unit);
    } else if (el->logical == PQ_LOGICAL_TIMESTAMP) {
        leaf->type =
            time_type(arena, el->adjusted_to_utc ? LAKE_TIMESTAMP : LAKE_TIMESTAMP_NTZ, el->unit);
        if (el->unit == PQ_UNIT_MILLIS)
            leaf->convert = PQ_I64_MILLIS;
    } else if (el->logical == PQ_LOGICAL_DECIMAL) {
        TRY(decimal_type(b, el->precision, el->scale, &leaf->type));
        leaf->convert = el->precision <= 18 ? PQ_AS_IS : PQ_I64_TO_I128;
    } else if (el->logical == PQ_LOGICAL_INTEGER && el->bits == -64) {
        TRY(decimal_type(b, 20, 0, &leaf->type));
        leaf->convert = PQ_U64_TO_I128;
    }
    return NULL;
}

static struct err *bytes_type(struct builder *b, struct pq_leaf_info *leaf)
{
    const struct pq_element *el = leaf->element;
    bool fixed = el->type == PQ_FIXED;
    if (fixed && el->length <= 0)
        return pq_damaged(b->file, "column %s has values of fixed length %d", b->path, el->length);
    leaf->type = lake_type_simple(LAKE_BINARY);
    if (el->logical == PQ_LOGICAL_DECIMAL) {
        TRY(decimal_type(b, el->precision, el->scale, &leaf->type));
        leaf->convert = el->precision <= 18 ? PQ_BYTES_TO_I64 : PQ_BYTES_TO_I128;
    } else if (el->logical == PQ_LOGICAL_STRING || el->logical == PQ_LOGICAL_ENUM ||
               el->logical == PQ_LOGICAL_JSON) {
        leaf->type = lake_type_simple(LAKE_STRING);
    } else if (el->logical == PQ_LOGICAL_UUID && fixed && el->length == 16) {
        leaf->type = lake_type_simple(LAKE_UUID);
    } else if (el->logical == PQ_LOGICAL_INTERVAL && fixed && el->length == 12) {
        leaf->type = lake_type_simple(LAKE_INTERVAL);
    } else if (el->logical == PQ_LOGICAL_FLOAT16 && fixed && el->length == 2) {
        leaf->type = lake_type_simple(LAKE_FLOAT);
        leaf->convert = PQ_HALF_TO_F32;
    }
    return NULL;
}

static struct err *leaf_type(struct builder *b, struct pq_leaf_info *leaf)
{
    switch (leaf->element->type) {
    case PQ_BOOLEAN:
        leaf->type = lake_type_simple(LAKE_BOOLEAN);
        return NULL;
    case PQ_INT32:
        return int32_type(b, leaf);
    case PQ_INT64:
        return int64_type(b, leaf);
    case PQ_INT96:
        /* Written for timestamps alone; whether it is an instant the file does not say. */
        leaf->type = lake_type_simple(LAKE_TIMESTAMP_NTZ);
        leaf->convert = PQ_I96_TO_MICROS;
        return NULL;
    case PQ_FLOAT:
        leaf->type = lake_type_simple(LAKE_FLOAT);
        return NULL;
    case PQ_DOUBLE:
        leaf->type = lake_type_simple(LAKE_DOUBLE);
        return NULL;
    case PQ_BYTE_ARRAY:
    case PQ_FIXED:
        return bytes_type(b, leaf);
    }
    UNREACHABLE();
}

static struct err *build_leaf(struct builder *b, const struct pq_element *el, uint8_t def,
                              uint8_t rep, struct pq_node *node)
{
    struct parquet_file *file = b->file;
    struct pq_leaf_info leaf = {.element = el, .path = b->path, .max_def = def, .max_rep = rep};
    TRY(leaf_type(b, &leaf));
    node->type = leaf.type;
    ARENA_PUSH(&file->arena, file->leaves, file->leaf_count, b->leaf_capacity, leaf);
    return NULL;
}

/* A named field: the next element with all below it. */
static struct err *build_field(struct builder *b, uint8_t def, uint8_t rep,
                               struct lake_field *field, struct pq_node *node)
{
    const struct pq_element *el = NULL;
    TRY(next_element(b, &el));
    struct arena *arena = &b->file->arena;
    const char *outer = b->path;
    b->path = arena_printf(arena, "%s%s%.*s", outer, outer[0] ? "." : "", STR_ARG(el->name));
    *field = (struct lake_field){.name = el->name,
                                 .physical_name = el->name,
                                 .field_id = el->field_id,
                                 .nullable = el->repetition == PQ_OPTIONAL};
    if (el->repetition == PQ_REPEATED) {
        struct pq_node *child = arena_new(arena, struct pq_node);
        struct lake_field *element = arena_new(arena, struct lake_field);
        *node = (struct pq_node){.leaf = b->file->leaf_count,
                                 .def = def,
                                 .element_def = (uint8_t)(def + 1),
                                 .element_rep = (uint8_t)(rep + 1),
                                 .children = child,
                                 .child_count = 1};
        TRY(build_value(b, el, (uint8_t)(def + 1), (uint8_t)(rep + 1), child));
        *element = (struct lake_field){
            .name = STR("element"), .physical_name = STR("element"), .type = child->type};
        element->field_id = -1;
        struct lake_type *type = arena_new(arena, struct lake_type);
        *type = (struct lake_type){.kind = LAKE_LIST, .fields = element, .field_count = 1};
        node->type = type;
        node->leaf_count = b->file->leaf_count - node->leaf;
    } else {
        TRY(build_value(b, el, (uint8_t)(def + field->nullable), rep, node));
    }
    field->type = node->type;
    b->path = outer;
    return NULL;
}

/* The fields of a struct, a map's key and value, or the one element of a list. */
static struct err *build_children(struct builder *b, uint32_t count, enum lake_kind kind,
                                  uint8_t def, uint8_t rep, struct pq_node *node)
{
    struct arena *arena = &b->file->arena;
    if (count > b->file->meta.element_count - b->next)
        return pq_damaged(b->file, "schema ends early");
    struct lake_type *type = arena_new(arena, struct lake_type);
    struct lake_field *fields = arena_new_array(arena, struct lake_field, count);
    node->children = arena_new_array(arena, struct pq_node, count);
    node->child_count = count;
    for (uint32_t i = 0; i < count; i++)
        TRY(build_field(b, def, rep, &fields[i], &node->children[i]));
    if (kind == LAKE_LIST) {
        fields[0].name = fields[0].physical_name = STR("element");
    } else if (kind == LAKE_MAP) {
        fields[0].name = fields[0].physical_name = STR("key");
        fields[1].name = fields[1].physical_name = STR("value");
    }
    *type = (struct lake_type){.kind = kind, .fields = fields, .field_count = count};
    node->type = type;
    return NULL;
}

/* Whether the repeated group of a list only wraps the element (the standard shape). */
static bool is_list_wrapper(const struct pq_element *list, const struct pq_element *group,
                            const struct pq_element *child)
{
    struct str name = group->name;
    if (group->is_leaf || group->child_count != 1 || str_eq(name, STR("array")) ||
        group->logical == PQ_LOGICAL_LIST || group->logical == PQ_LOGICAL_MAP ||
        child->repetition == PQ_REPEATED)
        return false;
    return !(name.len == list->name.len + 6 && str_starts_with(name, list->name) &&
             str_ends_with(name, STR("_tuple")));
}

static struct err *build_list(struct builder *b, const struct pq_element *el, uint8_t def,
                              uint8_t rep, struct pq_node *node)
{
    const struct pq_element *group = NULL;
    TRY(next_element(b, &group));
    node->element_def = (uint8_t)(def + 1);
    node->element_rep = (uint8_t)(rep + 1);
    def++, rep++;
    if (b->next < b->file->meta.element_count &&
        is_list_wrapper(el, group, &b->file->meta.elements[b->next]))
        return build_children(b, 1, LAKE_LIST, def, rep, node);
    struct arena *arena = &b->file->arena;
    node->children = arena_new(arena, struct pq_node);
    node->child_count = 1;
    TRY(build_value(b, group, def, rep, node->children));
    struct lake_field *element = arena_new(arena, struct lake_field);
    struct lake_type *type = arena_new(arena, struct lake_type);
    *element = (struct lake_field){.name = STR("element"),
                                   .physical_name = STR("element"),
                                   .type = node->children->type,
                                   .field_id = group->field_id};
    *type = (struct lake_type){.kind = LAKE_LIST, .fields = element, .field_count = 1};
    node->type = type;
    return NULL;
}

static struct err *build_map(struct builder *b, uint8_t def, uint8_t rep, struct pq_node *node)
{
    const struct pq_element *group = NULL;
    TRY(next_element(b, &group));
    node->element_def = (uint8_t)(def + 1);
    node->element_rep = (uint8_t)(rep + 1);
    return build_children(b, 2, LAKE_MAP, (uint8_t)(def + 1), (uint8_t)(rep + 1), node);
}

/* The one repeated child that lists and maps have; NULL: this group is neither. */
static const struct pq_element *repeated_child(struct builder *b, const struct pq_element *el)
{
    if (el->child_count != 1 || b->next >= b->file->meta.element_count)
        return NULL;
    const struct pq_element *child = &b->file->meta.elements[b->next];
    return child->repetition == PQ_REPEATED ? child : NULL;
}

static struct err *build_value(struct builder *b, const struct pq_element *el, uint8_t def,
                               uint8_t rep, struct pq_node *node)
{
    struct err *e;
    if (b->depth >= MAX_DEPTH)
        return pq_unsupported(b->file, "columns nested more than %d levels deep", MAX_DEPTH);
    b->depth++;
    *node = (struct pq_node){.leaf = b->file->leaf_count, .def = def};
    const struct pq_element *child = el->is_leaf ? NULL : repeated_child(b, el);
    bool map = el->logical == PQ_LOGICAL_MAP || el->key_value;
    if (el->is_leaf)
        e = build_leaf(b, el, def, rep, node);
    else if (child && el->logical == PQ_LOGICAL_LIST)
        e = build_list(b, el, def, rep, node);
    else if (child && map && !child->is_leaf && child->child_count == 2)
        e = build_map(b, def, rep, node);
    else
        e = build_children(b, (uint32_t)el->child_count, LAKE_STRUCT, def, rep, node);
    if (!e && el->logical == PQ_LOGICAL_VARIANT && lake_is_stored_variant(node->type)) {
        node->stored = node->type;
        node->type = lake_type_simple(LAKE_VARIANT);
    }
    node->leaf_count = b->file->leaf_count - node->leaf;
    b->depth--;
    return e;
}

static struct err *check_row_groups(struct parquet_file *file)
{
    int64_t rows = 0;
    for (uint32_t i = 0; i < file->meta.row_group_count; i++) {
        const struct pq_row_group *g = &file->meta.row_groups[i];
        if (g->chunk_count != file->leaf_count)
            return pq_damaged(file, "row group %u has %u column chunks for %u columns", i,
                              g->chunk_count, file->leaf_count);
        if (g->row_count < 0 || __builtin_add_overflow(rows, g->row_count, &rows))
            return pq_damaged(file, "row group %u has an impossible row count", i);
        for (uint32_t c = 0; c < g->chunk_count; c++) {
            const struct pq_chunk *chunk = &g->chunks[c];
            const struct pq_leaf_info *leaf = &file->leaves[c];
            if (chunk->present && chunk->type != leaf->element->type)
                return pq_damaged(file, "column %s differs in type between schema and row group %u",
                                  leaf->path, i);
        }
    }
    /* Some writers leave the file's own count at zero: the row groups decide. */
    file->meta.row_count = rows;
    return NULL;
}

struct err *pq_schema_build(struct parquet_file *file)
{
    struct builder b = {.file = file, .path = ""};
    const struct pq_element *root = NULL;
    struct pq_node node;
    TRY(next_element(&b, &root));
    if (root->is_leaf)
        return pq_damaged(file, "schema has no root");
    TRY(build_children(&b, (uint32_t)root->child_count, LAKE_STRUCT, 0, 0, &node));
    if (b.next != file->meta.element_count)
        return pq_damaged(file, "schema has elements outside of its root");
    file->columns = node.children;
    file->schema = arena_memdup(&file->arena, node.type, sizeof(*node.type));
    return check_row_groups(file);
}
