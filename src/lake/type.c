/* The type tree: properties that follow from the kind, comparison and spelling. */
#include "lake/type.h"

#include <stdio.h>

enum lake_phys lake_type_phys(const struct lake_type *type)
{
    switch (type->kind) {
    case LAKE_VOID:
        return LAKE_PHYS_VOID;
    case LAKE_BOOLEAN:
        return LAKE_PHYS_BOOL;
    case LAKE_BYTE:
    case LAKE_SHORT:
    case LAKE_INTEGER:
    case LAKE_DATE:
        return LAKE_PHYS_I32;
    case LAKE_LONG:
    case LAKE_TIME:
    case LAKE_TIMESTAMP:
    case LAKE_TIMESTAMP_NTZ:
        return LAKE_PHYS_I64;
    case LAKE_DECIMAL:
        return type->precision <= 18 ? LAKE_PHYS_I64 : LAKE_PHYS_I128;
    case LAKE_FLOAT:
        return LAKE_PHYS_F32;
    case LAKE_DOUBLE:
        return LAKE_PHYS_F64;
    case LAKE_STRING:
    case LAKE_BINARY:
    case LAKE_UUID:
    case LAKE_INTERVAL:
    case LAKE_VARIANT:
        return LAKE_PHYS_BYTES;
    case LAKE_LIST:
    case LAKE_MAP:
        return LAKE_PHYS_LIST;
    case LAKE_STRUCT:
        return LAKE_PHYS_STRUCT;
    }
    UNREACHABLE();
}

bool lake_type_is_nested(const struct lake_type *type)
{
    enum lake_phys phys = lake_type_phys(type);
    return phys == LAKE_PHYS_LIST || phys == LAKE_PHYS_STRUCT;
}

bool lake_type_equal(const struct lake_type *a, const struct lake_type *b)
{
    if (a == b)
        return true;
    if (a->kind != b->kind || a->unit != b->unit || a->precision != b->precision ||
        a->scale != b->scale || a->field_count != b->field_count)
        return false;
    for (uint32_t i = 0; i < a->field_count; i++) {
        if (!str_eq(a->fields[i].name, b->fields[i].name) ||
            !lake_type_equal(a->fields[i].type, b->fields[i].type))
            return false;
    }
    return true;
}

int lake_type_find(const struct lake_type *type, struct str name)
{
    for (uint32_t i = 0; i < type->field_count; i++) {
        if (str_eq(type->fields[i].name, name))
            return (int)i;
    }
    return -1;
}

static const char *const kind_names[] = {
    [LAKE_VOID] = "void",
    [LAKE_BOOLEAN] = "boolean",
    [LAKE_BYTE] = "byte",
    [LAKE_SHORT] = "short",
    [LAKE_INTEGER] = "integer",
    [LAKE_LONG] = "long",
    [LAKE_FLOAT] = "float",
    [LAKE_DOUBLE] = "double",
    [LAKE_DECIMAL] = "decimal",
    [LAKE_STRING] = "string",
    [LAKE_BINARY] = "binary",
    [LAKE_UUID] = "uuid",
    [LAKE_DATE] = "date",
    [LAKE_TIME] = "time",
    [LAKE_TIMESTAMP] = "timestamp",
    [LAKE_TIMESTAMP_NTZ] = "timestamp_ntz",
    [LAKE_INTERVAL] = "interval",
    [LAKE_LIST] = "array",
    [LAKE_MAP] = "map",
    [LAKE_STRUCT] = "struct",
    [LAKE_VARIANT] = "variant",
};

void lake_type_name(const struct lake_type *type, struct buf *out)
{
    buf_put_c(out, kind_names[type->kind]);
    if (type->kind == LAKE_DECIMAL)
        buf_printf(out, "(%d,%d)", type->precision, type->scale);
    if (!type->field_count)
        return;
    buf_put_u8(out, '<');
    for (uint32_t i = 0; i < type->field_count; i++) {
        if (i)
            buf_put_u8(out, ',');
        if (type->kind == LAKE_STRUCT) {
            buf_put_str(out, type->fields[i].name);
            buf_put_u8(out, ':');
        }
        lake_type_name(type->fields[i].type, out);
    }
    buf_put_u8(out, '>');
}

const struct lake_type *lake_type_simple(enum lake_kind kind)
{
    static const struct lake_type types[] = {
        [LAKE_VOID] = {.kind = LAKE_VOID},
        [LAKE_BOOLEAN] = {.kind = LAKE_BOOLEAN},
        [LAKE_BYTE] = {.kind = LAKE_BYTE},
        [LAKE_SHORT] = {.kind = LAKE_SHORT},
        [LAKE_INTEGER] = {.kind = LAKE_INTEGER},
        [LAKE_LONG] = {.kind = LAKE_LONG},
        [LAKE_FLOAT] = {.kind = LAKE_FLOAT},
        [LAKE_DOUBLE] = {.kind = LAKE_DOUBLE},
        [LAKE_DECIMAL] = {.kind = LAKE_DECIMAL, .precision = 10},
        [LAKE_STRING] = {.kind = LAKE_STRING},
        [LAKE_BINARY] = {.kind = LAKE_BINARY},
        [LAKE_UUID] = {.kind = LAKE_UUID},
        [LAKE_DATE] = {.kind = LAKE_DATE},
        [LAKE_TIME] = {.kind = LAKE_TIME},
        [LAKE_TIMESTAMP] = {.kind = LAKE_TIMESTAMP},
        [LAKE_TIMESTAMP_NTZ] = {.kind = LAKE_TIMESTAMP_NTZ},
        [LAKE_INTERVAL] = {.kind = LAKE_INTERVAL},
        [LAKE_VARIANT] = {.kind = LAKE_VARIANT},
    };
    CHECK(kind <= LAKE_VARIANT);
    return &types[kind];
}

const struct str *lake_field_meta(const struct lake_field *field, const char *key)
{
    for (uint32_t i = 0; i < field->meta_count; i++) {
        if (str_eq_c(field->meta[i].key, key))
            return &field->meta[i].value;
    }
    return NULL;
}
