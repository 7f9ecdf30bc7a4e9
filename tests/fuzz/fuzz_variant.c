/* Stored variants, shredded or not, made of any bytes.
 *
 *   u8 shape, u8 what is NULL (bit 0: value, bit 1: typed_value), u16 length of the metadata, u16
 * length of the value; their bytes; then the typed value's */
#include "lake_memory.h"

#include "base/bytes.h"
#include "lake/variant.h"

enum { SHREDDED_NOT, SHREDDED_LONG, SHREDDED_TEXT, SHREDDED_LIST, SHREDDED_OBJECT, SHREDDED_KINDS };

static struct lake_field field(const char *name, const struct lake_type *type)
{
    return (struct lake_field){.name = str_from(name),
                               .physical_name = str_from(name),
                               .type = type,
                               .nullable = true,
                               .field_id = -1};
}

static struct lake_vec bytes_vec(const struct str *value, enum lake_kind kind, const uint8_t *valid)
{
    return (struct lake_vec){.type = lake_type_simple(kind),
                             .phys = LAKE_PHYS_BYTES,
                             .count = 1,
                             .valid = valid,
                             .bytes = value};
}

/* A struct of one row, with its children. */
static struct lake_vec struct_vec(struct arena *arena, const char *const *names,
                                  const struct lake_vec *children, uint32_t count)
{
    struct lake_field *fields = arena_new_array(arena, struct lake_field, count);
    struct lake_type *type = arena_new(arena, struct lake_type);
    for (uint32_t i = 0; i < count; i++)
        fields[i] = field(names[i], children[i].type);
    *type = (struct lake_type){.kind = LAKE_STRUCT, .fields = fields, .field_count = count};
    return (struct lake_vec){.type = type,
                             .phys = LAKE_PHYS_STRUCT,
                             .count = 1,
                             .children = arena_memdup(arena, children, count * sizeof(*children)),
                             .child_count = count};
}

static struct lake_vec list_vec(struct arena *arena, const struct lake_vec *element,
                                const uint8_t *valid)
{
    static const uint32_t offsets[] = {0, 1};
    struct lake_field *f = arena_new(arena, struct lake_field);
    struct lake_type *type = arena_new(arena, struct lake_type);
    *f = field("element", element->type);
    *type = (struct lake_type){.kind = LAKE_LIST, .fields = f, .field_count = 1};
    return (struct lake_vec){.type = type,
                             .phys = LAKE_PHYS_LIST,
                             .count = 1,
                             .valid = valid,
                             .offsets = offsets,
                             .children = arena_memdup(arena, element, sizeof(*element)),
                             .child_count = 1};
}

static struct lake_vec typed_vec(struct arena *arena, int shape, const struct str *text,
                                 const uint8_t *valid)
{
    static const char *const pair[] = {"value", "typed_value"}, *const names[] = {"a", "b\"c"};
    struct lake_vec string = bytes_vec(text, LAKE_STRING, valid);
    struct lake_vec children[2] = {bytes_vec(text, LAKE_BINARY, valid), string};
    int64_t *number = arena_new(arena, int64_t);
    memcpy(number, text->data, text->len < 8 ? text->len : 8);
    if (shape == SHREDDED_LONG)
        return (struct lake_vec){.type = lake_type_simple(LAKE_LONG),
                                 .phys = LAKE_PHYS_I64,
                                 .count = 1,
                                 .valid = valid,
                                 .i64 = number};
    if (shape == SHREDDED_TEXT)
        return string;
    struct lake_vec inner = struct_vec(arena, pair, children, 2);
    if (shape == SHREDDED_LIST)
        return list_vec(arena, &inner, valid);
    struct lake_vec both[2] = {inner, inner};
    return struct_vec(arena, names, both, 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"metadata", "value", "typed_value"};
    static const uint8_t null_or_not[2] = {0, 1};
    struct input in = {data, data + size};
    struct arena arena;
    struct lake_vec out;
    int shape = take_byte(&in) % SHREDDED_KINDS;
    uint8_t nulls = take_byte(&in);
    size_t metadata_len = take_u16(&in), value_len = take_u16(&in);
    arena_init(&arena);
    struct str metadata = arena_str(&arena, take_bytes(&in, metadata_len));
    struct str value = arena_str(&arena, take_bytes(&in, value_len));
    struct str typed = arena_str(&arena, take_rest(&in));
    struct lake_vec children[3] = {
        bytes_vec(&metadata, LAKE_BINARY, NULL),
        bytes_vec(&value, LAKE_BINARY, &null_or_not[!(nulls & 1)]),
    };
    if (shape != SHREDDED_NOT)
        children[2] = typed_vec(&arena, shape, &typed, &null_or_not[!(nulls & 2)]);
    struct lake_vec stored = struct_vec(&arena, names, children, shape == SHREDDED_NOT ? 2 : 3);
    struct err *e = lake_variant_vec(&arena, &stored, &out);
    if (!e) {
        struct lake_batch batch = {.row_count = 1, .column_count = 1, .columns = &out};
        render_batch(&batch);
    }
    err_free(e);
    arena_done(&arena);
    return 0;
}
