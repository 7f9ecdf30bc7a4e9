/* What object stores, catalogs and authorities answer, made of any bytes.
 *
 *   u8 which: 0 a page of a listing, 1 the body of an error, 2 a table of Unity, 3 its temporary
 * credentials, 4 a token, 5 a location; then the bytes */
#include "lake_memory.h"

#include "lake/jsondoc.h"
#include "lake/store_internal.h"
#include "lake/unity.h"

static const struct unity_grant grant = {
    .catalog = "c", .uri = "https://host", .table_id = "id", .table = "c.s.t"};

static void read_listing(struct str text, struct arena *arena)
{
    struct store_page page = {0};
    int64_t sum = 0;
    struct err *e = store_parse_page(text, arena, &page);
    for (size_t i = 0; !e && i < page.count; i++)
        for (size_t k = 0; k < page.entries[i].name.len; k++)
            sum += page.entries[i].name.data[k];
    CHECK(e || sum + (int64_t)strlen(page.next) > INT64_MIN);
    err_free(e);
}

static void read_error(struct str text)
{
    char code[64], message[256];
    store_parse_error(text, code, message);
    CHECK(strlen(code) < sizeof(code) && strlen(message) < sizeof(message));
}

static void read_unity(struct str text, bool table, struct arena *arena)
{
    const char *reason, *location = "", *id = "";
    size_t offset;
    struct lake_access access = {0};
    const struct json_value *tree = json_parse(arena, text, &reason, &offset);
    struct err *e = table ? unity_read_table(&grant, tree, arena, &location, &id)
                          : unity_read_access(&grant, tree, arena, &access);
    size_t n = strlen(location) + strlen(id);
    for (size_t i = 0; i < access.count; i++)
        n += strlen(access.options[i].name) + strlen(access.options[i].value);
    CHECK(n < SIZE_MAX);
    err_free(e);
}

static void read_token(struct str text, struct arena *arena)
{
    const char *token;
    int64_t life_s;
    if (token_read(text, arena, &token, &life_s))
        CHECK(token[0]);
}

static void read_location(struct str text, struct arena *arena)
{
    struct store_location at;
    struct store_url url;
    struct str path;
    struct err *e = store_location_parse(text, arena, &at);
    err_free(e);
    store_url_parse(text, &url);
    e = lake_store_resolve(memory_store(), STR("t"), text, arena, &path);
    err_free(e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, data + size};
    int which = take_byte(&in) % 6;
    struct arena arena, copy;
    arena_init(&arena);
    arena_init(&copy);
    struct str text = arena_str(&copy, take_rest(&in));
    if (which == 0)
        read_listing(text, &arena);
    else if (which == 1)
        read_error(text);
    else if (which == 4)
        read_token(text, &arena);
    else if (which == 5)
        read_location(text, &arena);
    else
        read_unity(text, which == 2, &arena);
    arena_done(&arena);
    arena_done(&copy);
    return 0;
}
