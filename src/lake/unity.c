/* The open Unity Catalog REST API: GET /tables/{name}, POST /temporary-table-credentials. */
#include "lake/unity.h"

#include "base/arena.h"
#include "lake/json.h"
#include "lake/jsondoc.h"
#include "lake/store_internal.h"
#include "rt/crypto.h"

#include <string.h>

enum { ATTEMPTS = 5, ANSWER_LIMIT = 16 << 20, STALL_S = 30 };

struct err *unity_check(const char *uri, const char *token)
{
    struct store_url url;
    if (!store_url_parse(str_from(uri), &url))
        return err_new("22023", "invalid value for option \"uri\": \"%s\"", uri);
    for (const char *p = token; p && *p; p++)
        if (*p <= ' ' || *p > '~')
            return err_new("22023", "invalid value for option \"token\"");
    return NULL;
}

static struct err *refused(const struct unity_grant *g, const char *url,
                           const struct http_call *call)
{
    struct err *e;
    if (call->status == 401 || call->status == 403)
        e = err_hint(
            err_new("42501", "catalog \"%s\" denied access to table \"%s\"", g->catalog, g->table),
            "Check the token of the catalog and what it is allowed to do.");
    else if (call->status == 404)
        e = err_new("42P01", "table \"%s\" does not exist in catalog \"%s\"", g->table, g->catalog);
    else
        e = err_new("58030", "catalog \"%s\" did not answer for table \"%s\"", g->catalog,
                    g->table);
    return err_detail(e, "\"%s\" answered %d.", url, call->status);
}

/* One request, tried again while that may help; `post` NULL: a GET. The tree is in the arena. */
static struct err *ask(const struct unity_grant *g, const char *url, const char *post,
                       struct arena *arena, const struct json_value **out)
{
    struct buf answer = {.limit_bytes = ANSWER_LIMIT};
    struct http_call call = {.url = url, .sink = &answer, .ca_pem = g->ca_pem, .stall_s = STALL_S};
    struct err *e = NULL;
    const char *reason;
    size_t offset;
    for (int attempt = 1; !e; attempt++) {
        buf_reset(&answer);
        buf_reset(&call.headers);
        buf_reset(&call.error_body);
        call.post = post ? str_from(post) : (struct str){0};
        http_header(&call, "Accept", "application/json");
        if (post)
            http_header(&call, "Content-Type", "application/json");
        if (g->token)
            http_header(&call, "Authorization", "Bearer %s", g->token);
        e = http_start(&call);
        if (!e)
            e = http_wait(&call);
        if (e || remote_ok(&call))
            break;
        if (attempt < ATTEMPTS && remote_may_retry(&call))
            e = remote_pause(attempt, call.retry_after_s);
        else
            e = call.outcome == HTTP_ANSWERED ? refused(g, url, &call) : http_failure(&call, url);
    }
    if (!e) {
        *out = json_parse(arena, arena_str(arena, buf_str(&answer)), &reason, &offset);
        if (!*out)
            e = err_new("58030", "\"%s\" answered with what is no JSON: %s", url, reason);
    }
    if (answer.data)
        crypto_wipe(answer.data, answer.len);
    buf_done(&answer);
    http_clear(&call);
    return e;
}

static const char *copy(struct arena *arena, struct str s)
{
    return arena_strndup(arena, s.data, s.len);
}

struct err *unity_read_table(const struct unity_grant *g, const struct json_value *tree,
                             struct arena *arena, const char **location, const char **table_id)
{
    struct str at, id, format = STR(""), type = STR("");
    json_get_str(tree, "table_type", &type);
    if (str_eq(type, STR("VIEW")) || str_eq(type, STR("MATERIALIZED_VIEW")) ||
        str_eq(type, STR("METRIC_VIEW")))
        return err_unsupported("\"%s\" of catalog \"%s\" is a view, which is not supported",
                               g->table, g->catalog);
    json_get_str(tree, "data_source_format", &format);
    if (!str_eq(format, STR("DELTA")))
        return err_unsupported("table \"%s\" of format \"%.*s\" is not supported", g->table,
                               STR_ARG(format));
    if (!json_get_str(tree, "storage_location", &at) || !json_get_str(tree, "table_id", &id))
        return err_new("58030", "catalog \"%s\" does not say where table \"%s\" lies", g->catalog,
                       g->table);
    *location = copy(arena, at);
    *table_id = copy(arena, id);
    return NULL;
}

struct err *unity_find_table(const struct unity_grant *g, struct arena *arena,
                             const char **location, const char **table_id)
{
    struct buf url = BUF_INIT;
    const struct json_value *tree = NULL;
    buf_printf(&url, "%s/tables/", g->uri);
    store_put_encoded(&url, str_from(g->table), false);
    struct err *e = ask(g, buf_cstr(&url), NULL, arena, &tree);
    buf_done(&url);
    TRY(e);
    return unity_read_table(g, tree, arena, location, table_id);
}

/* ---- credentials ---- */

struct options {
    struct arena *arena;
    struct lake_option *list;
    size_t count;
};

static void add(struct options *o, const char *name, const char *value)
{
    if (value && *value)
        o->list[o->count++] = (struct lake_option){name, value};
}

static void add_member(struct options *o, const char *name, const struct json_value *from,
                       const char *key)
{
    struct str v;
    if (json_get_str(from, key, &v))
        add(o, name, copy(o->arena, v));
}

static struct err *take(const struct unity_grant *g, const struct json_value *tree,
                        struct options *o, enum lake_access_type *type)
{
    const struct json_value *part;
    if ((part = json_get_set(tree, "aws_temp_credentials"))) {
        *type = LAKE_S3;
        add_member(o, "access_key_id", part, "access_key_id");
        add_member(o, "secret_access_key", part, "secret_access_key");
        add_member(o, "session_token", part, "session_token");
        add(o, "region", g->region);
    } else if ((part = json_get_set(tree, "azure_user_delegation_sas"))) {
        *type = LAKE_AZURE;
        add_member(o, "sas_token", part, "sas_token");
    } else if ((part = json_get_set(tree, "azure_aad"))) {
        *type = LAKE_AZURE;
        add_member(o, "access_token", part, "aad_token");
    } else if ((part = json_get_set(tree, "gcp_oauth_token"))) {
        *type = LAKE_GCS;
        add_member(o, "access_token", part, "oauth_token");
    } else {
        return err_new("58030", "catalog \"%s\" gave no credentials for table \"%s\"", g->catalog,
                       g->table);
    }
    add(o, "endpoint", g->endpoint);
    add(o, "ca_certificate", g->ca_pem);
    return NULL;
}

struct err *unity_read_access(const struct unity_grant *g, const struct json_value *tree,
                              struct arena *arena, struct lake_access *out)
{
    struct options o = {.arena = arena, .list = arena_new_array(arena, struct lake_option, 8)};
    struct lake_access a = {.name = g->catalog, .grant = g};
    TRY(take(g, tree, &o, &a.type));
    json_get_i64(tree, "expiration_time", &a.expires_ms);
    a.options = o.list;
    a.count = o.count;
    TRY(lake_access_check(&a));
    *out = a;
    return NULL;
}

struct err *unity_vend(const struct unity_grant *g, struct arena *arena, struct lake_access *out)
{
    struct buf url = BUF_INIT, body = BUF_INIT;
    const struct json_value *tree = NULL;
    buf_printf(&url, "%s/temporary-table-credentials", g->uri);
    buf_put_c(&body, "{\"table_id\": ");
    lake_put_json_string(&body, str_from(g->table_id));
    buf_put_c(&body, ", \"operation\": \"READ\"}");
    struct err *e = ask(g, buf_cstr(&url), buf_cstr(&body), arena, &tree);
    buf_done(&url);
    buf_done(&body);
    TRY(e);
    return unity_read_access(g, tree, arena, out);
}
