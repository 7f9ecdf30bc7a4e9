/* Delta's schemaString: JSON as the protocol's section "Schema Serialization Format" has it. The
 * JSON parser bounds its depth, and thereby the recursion here. */
#include "lake/delta_internal.h"

#include <stdio.h>

struct schema_parser {
    struct arena *arena;
    const char *where;
    enum delta_mapping mapping;
    struct str column; /* top-level or nested field, for messages */
};

static struct err *parse_type(struct schema_parser *ps, const struct json_value *v,
                              const struct lake_type **out);

static struct err *bad_schema(const struct schema_parser *ps, const char *reason)
{
    return err_new("XX001", "%s has a damaged schema: column \"%.*s\": %s", ps->where,
                   STR_ARG(ps->column), reason);
}

static bool parse_decimal(struct str text, int *precision, int *scale)
{
    char copy[32], end;
    if (str_eq(text, STR("decimal"))) {
        *precision = 10;
        *scale = 0;
        return true;
    }
    if (text.len >= sizeof(copy))
        return false;
    memcpy(copy, text.data, text.len);
    copy[text.len] = 0;
    return sscanf(copy, "decimal( %3d , %3d %c", precision, scale, &end) == 3 && end == ')' &&
           *precision >= 1 && *precision <= 38 && *scale >= 0 && *scale <= *precision;
}

static struct err *parse_primitive(struct schema_parser *ps, struct str text,
                                   const struct lake_type **out)
{
    static const struct {
        const char *name;
        enum lake_kind kind;
    } names[] = {
        {"string", LAKE_STRING},       {"long", LAKE_LONG},
        {"integer", LAKE_INTEGER},     {"double", LAKE_DOUBLE},
        {"boolean", LAKE_BOOLEAN},     {"date", LAKE_DATE},
        {"timestamp", LAKE_TIMESTAMP}, {"timestamp_ntz", LAKE_TIMESTAMP_NTZ},
        {"float", LAKE_FLOAT},         {"short", LAKE_SHORT},
        {"byte", LAKE_BYTE},           {"binary", LAKE_BINARY},
        {"void", LAKE_VOID},           {"null", LAKE_VOID},
        {"variant", LAKE_VARIANT},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        if (str_eq_c(text, names[i].name)) {
            *out = lake_type_simple(names[i].kind);
            return NULL;
        }
    }
    if (str_starts_with(text, STR("decimal"))) {
        int precision, scale;
        if (!parse_decimal(text, &precision, &scale))
            return bad_schema(ps, "malformed decimal type");
        struct lake_type *type = arena_new(ps->arena, struct lake_type);
        *type = (struct lake_type){
            .kind = LAKE_DECIMAL, .precision = (uint8_t)precision, .scale = (uint8_t)scale};
        *out = type;
        return NULL;
    }
    if (str_starts_with(text, STR("varchar(")) || str_starts_with(text, STR("char("))) {
        *out = lake_type_simple(LAKE_STRING);
        return NULL;
    }
    return err_column(err_unsupported("%s: type \"%.*s\" of column \"%.*s\" is not supported",
                                      ps->where, STR_ARG(text), STR_ARG(ps->column)),
                      arena_strndup(ps->arena, ps->column.data, ps->column.len));
}

static struct err *parse_metadata(struct schema_parser *ps, const struct json_value *v,
                                  struct lake_field *field)
{
    const struct json_value *meta = json_get_set(v, "metadata");
    if (!meta || !meta->count)
        return NULL;
    struct lake_meta *items = arena_new_array(ps->arena, struct lake_meta, meta->count);
    for (const struct json_value *m = meta->first; m; m = m->next) {
        items[field->meta_count++] = (struct lake_meta){.key = arena_str(ps->arena, m->key),
                                                        .value = arena_str(ps->arena, m->text)};
    }
    field->meta = items;
    return NULL;
}

static struct err *map_field(struct schema_parser *ps, struct lake_field *field)
{
    const struct str *name = lake_field_meta(field, "delta.columnMapping.physicalName");
    const struct str *id = lake_field_meta(field, "delta.columnMapping.id");
    int64_t number;
    if (ps->mapping == DELTA_MAP_NONE)
        return NULL;
    if (!name || !id)
        return bad_schema(ps, "it lacks the names of column mapping");
    if (!lake_parse_i64(*id, &number) || number < 0 || number > INT32_MAX)
        return bad_schema(ps, "its column mapping id is no number");
    field->physical_name = *name;
    field->field_id = (int32_t)number;
    return NULL;
}

static struct err *parse_struct(struct schema_parser *ps, const struct json_value *v,
                                const struct lake_type **out)
{
    const struct json_value *list = json_get(v, "fields");
    if (!list || list->kind != JSON_ARRAY)
        return bad_schema(ps, "struct without fields");
    struct lake_type *type = arena_new(ps->arena, struct lake_type);
    struct lake_field *fields = arena_new_array(ps->arena, struct lake_field, list->count);
    *type = (struct lake_type){.kind = LAKE_STRUCT, .fields = fields, .field_count = list->count};
    struct str outer = ps->column;
    for (const struct json_value *f = list->first; f; f = f->next, fields++) {
        if (!json_get_str(f, "name", &fields->name))
            return bad_schema(ps, "field without a name");
        ps->column = fields->name = arena_str(ps->arena, fields->name);
        fields->physical_name = fields->name;
        fields->field_id = -1;
        fields->nullable = true;
        json_get_bool(f, "nullable", &fields->nullable);
        TRY(parse_type(ps, json_get(f, "type"), &fields->type));
        TRY(parse_metadata(ps, f, fields));
        TRY(map_field(ps, fields));
    }
    ps->column = outer;
    *out = type;
    return NULL;
}

/* An array or a map. */
static struct err *parse_container(struct schema_parser *ps, const struct json_value *v, bool map,
                                   const struct lake_type **out)
{
    struct lake_type *type = arena_new(ps->arena, struct lake_type);
    struct lake_field *fields = arena_new_array(ps->arena, struct lake_field, 2);
    const char *types[] = {map ? "keyType" : "elementType", "valueType"};
    const char *names[] = {map ? "key" : "element", "value"};
    for (int i = 0; i <= map; i++) {
        fields[i] = (struct lake_field){.name = str_from(names[i]),
                                        .physical_name = str_from(names[i]),
                                        .field_id = -1,
                                        .nullable = !map || i == 1};
        TRY(parse_type(ps, json_get(v, types[i]), &fields[i].type));
    }
    json_get_bool(v, map ? "valueContainsNull" : "containsNull", &fields[map].nullable);
    *type = (struct lake_type){
        .kind = map ? LAKE_MAP : LAKE_LIST, .fields = fields, .field_count = (uint32_t)map + 1};
    *out = type;
    return NULL;
}

static struct err *parse_type(struct schema_parser *ps, const struct json_value *v,
                              const struct lake_type **out)
{
    struct str name;
    if (v && v->kind == JSON_STRING)
        return parse_primitive(ps, v->text, out);
    if (!json_get_str(v, "type", &name))
        return bad_schema(ps, "type expected");
    if (str_eq(name, STR("struct")))
        return parse_struct(ps, v, out);
    if (str_eq(name, STR("array")) || str_eq(name, STR("map")))
        return parse_container(ps, v, str_eq(name, STR("map")), out);
    return err_unsupported("%s: type \"%.*s\" of column \"%.*s\" is not supported", ps->where,
                           STR_ARG(name), STR_ARG(ps->column));
}

struct err *delta_parse_schema(struct arena *arena, struct str schema_string, const char *where,
                               enum delta_mapping mapping, const struct lake_type **out)
{
    const char *reason;
    size_t offset;
    struct arena scratch;
    struct schema_parser ps = {
        .arena = arena, .where = where, .mapping = mapping, .column = STR("")};
    struct err *e;
    arena_init(&scratch);
    const struct json_value *v = json_parse(&scratch, schema_string, &reason, &offset);
    if (!v)
        e = err_new("XX001", "%s has a damaged schema: %s at byte %zu", where, reason, offset);
    else
        e = parse_type(&ps, v, out);
    if (!e && (*out)->kind != LAKE_STRUCT)
        e = err_new("XX001", "%s has a damaged schema: it is no struct", where);
    arena_done(&scratch);
    return e;
}
