/* A Delta commit, and a schemaString, made of any bytes. */
#include "lake/delta_internal.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct str path;
    const struct lake_type *type;
    struct delta_names sidecars = {0};
    struct delta_snapshot *s = calloc(1, sizeof(*s));
    /* An exact copy on the heap: the parser may not read behind it. */
    char *copy = malloc(size + !size);
    if (!s || !copy)
        abort();
    if (size)
        memcpy(copy, data, size);
    arena_init(&arena);
    arena_init(&s->arena);
    s->path = STR("fuzz");
    struct err *e = lake_store_open(STR("/fuzz"), NULL, &arena, &s->store, &path);
    if (!e)
        e = delta_apply_json(s, STR("0.json"), str_make(copy, size), &sidecars);
    if (!e && s->has_metadata)
        e = delta_parse_schema(&arena, s->schema_string, "fuzz", DELTA_MAP_NAME, &type);
    err_free(e);
    err_free(delta_parse_schema(&arena, str_make(copy, size), "fuzz", DELTA_MAP_NONE, &type));
    lake_store_free(s->store);
    arena_done(&arena);
    delta_close(s);
    free(copy);
    return 0;
}
