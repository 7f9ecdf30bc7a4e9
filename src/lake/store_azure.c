/* Azure Blob Storage, also for Data Lake Storage Gen2, whose accounts speak the Blob API, too:
 * listings, and Shared Key, SAS or OAuth ("Authorize with Shared Key", "Service SAS" and "List
 * Blobs" of the Azure documentation). */
#include "lake/store_internal.h"

#include "base/base64.h"
#include "base/clock.h"
#include "rt/crypto.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define VERSION "2021-08-06"

/* Parameters as "\nname:value", decoded, in order. */
static void put_canonical_query(struct buf *out, const struct remote_request *q)
{
    bool used[REMOTE_MAX_PARAMS] = {false};
    for (int n = 0; n < q->param_count; n++) {
        int least = -1;
        for (int i = 0; i < q->param_count; i++)
            if (!used[i] && (least < 0 || strcmp(q->params[i].name, q->params[least].name) < 0))
                least = i;
        used[least] = true;
        buf_printf(out, "\n%s:%s", q->params[least].name, q->params[least].value);
    }
}

static struct err *sign_shared_key(struct remote *r, const struct lake_access *a,
                                   const struct remote_request *q, struct str path,
                                   const char *date, const char *range, struct http_call *call)
{
    uint8_t digest[CRYPTO_SHA256_BYTES];
    struct buf key = BUF_INIT, text = BUF_INIT, signature = BUF_INIT;
    base64_get(str_from(lake_access_get(a, "account_key")), &key);
    /* Verb; encoding, language, length, MD5, type, date; If-Modified-Since; If-Match,
     * If-None-Match, If-Unmodified-Since; Range. */
    buf_printf(&text, "GET\n\n\n\n\n\n\n\n%s\n\n\n%s\n", q->etag, range);
    buf_printf(&text, "x-ms-date:%s\nx-ms-version:%s\n/%s%.*s", date, VERSION, r->account,
               STR_ARG(path));
    put_canonical_query(&text, q);
    crypto_hmac_sha256(buf_str(&key), buf_str(&text), digest);
    base64_put(&signature, str_make(digest, sizeof(digest)));
    http_header(call, "Authorization", "SharedKey %s:%s", r->account, buf_cstr(&signature));
    crypto_wipe(key.data, key.len);
    buf_done(&key);
    buf_done(&text);
    buf_done(&signature);
    return NULL;
}

/* ---- OAuth client credentials ---- */

static struct err *client_body(void *arg, struct buf *out)
{
    const struct lake_access *a = arg;
    buf_put_c(out, "grant_type=client_credentials&scope=https%3A%2F%2Fstorage.azure.com%2F.default"
                   "&client_id=");
    store_put_encoded(out, str_from(lake_access_get(a, "client_id")), false);
    buf_put_c(out, "&client_secret=");
    store_put_encoded(out, str_from(lake_access_get(a, "client_secret")), false);
    return NULL;
}

static const char *authority(const struct lake_access *a)
{
    const char *given = lake_access_get(a, "authority");
    return given ? given : "https://login.microsoftonline.com";
}

static void put_identity(const struct lake_access *a, struct buf *out)
{
    buf_printf(out, "azure\n%s\n%s\n%s\n%s", authority(a), lake_access_get(a, "tenant_id"),
               lake_access_get(a, "client_id"), lake_access_get(a, "client_secret"));
}

static struct err *client_token(struct remote *r, struct arena *arena, const char **out)
{
    struct buf url = BUF_INIT, identity = BUF_INIT;
    const struct lake_access *a = remote_access(r);
    buf_printf(&url, "%s/%s/oauth2/v2.0/token", authority(a), lake_access_get(a, "tenant_id"));
    put_identity(a, &identity);
    struct token_request t = {.url = buf_cstr(&url),
                              .identity = buf_str(&identity),
                              .what = a->name,
                              .ca_pem = lake_access_get(a, "ca_certificate"),
                              .stall_s = r->stall_s,
                              .body = client_body,
                              .arg = (void *)a};
    struct err *e = token_get(&t, arena, out);
    buf_done(&url);
    crypto_wipe(identity.data, identity.len);
    buf_done(&identity);
    return e;
}

static void azure_refused(struct remote *r)
{
    struct buf identity = BUF_INIT;
    if (!lake_access_get(remote_access(r), "client_secret"))
        return;
    put_identity(remote_access(r), &identity);
    token_forget(buf_str(&identity));
    crypto_wipe(identity.data, identity.len);
    buf_done(&identity);
}

/* ---- requests ---- */

static void put_sas(struct buf *url, const char *sas)
{
    bool has_query = memchr(url->data, '?', url->len) != NULL;
    buf_put_u8(url, has_query ? '&' : '?');
    buf_put_c(url, sas + (sas[0] == '?'));
}

static struct err *azure_authorize(struct remote *r, const struct lake_access *a,
                                   const struct remote_request *q, struct str path,
                                   struct str query, struct buf *url, struct http_call *call)
{
    const char *sas = lake_access_get(a, "sas_token");
    char date[40], range[64] = "";
    time_t now = (time_t)(clock_real_us() / 1000000);
    struct tm tm;
    (void)query;
    gmtime_r(&now, &tm);
    strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &tm);
    http_header(call, "x-ms-date", "%s", date);
    http_header(call, "x-ms-version", "%s", VERSION);
    if (q->begin >= 0) {
        snprintf(range, sizeof(range), "bytes=%lld-%lld", (long long)q->begin,
                 (long long)q->end - 1);
        http_header(call, "Range", "%s", range);
    }
    if (q->etag[0])
        http_header(call, "If-Match", "%s", q->etag);
    if (sas)
        put_sas(url, sas);
    else if (lake_access_get(a, "account_key"))
        return sign_shared_key(r, a, q, path, date, range, call);
    else if (lake_access_get(a, "client_secret") || lake_access_get(a, "access_token"))
        return token_put_bearer(r, a, client_token, call);
    return NULL;
}

static void azure_list(struct remote *r, const char *prefix, const char *after, struct arena *arena,
                       struct remote_request *q)
{
    (void)r;
    (void)after;
    (void)arena;
    const struct remote_param params[] = {
        {"prefix", prefix}, {"restype", "container"}, {"comp", "list"}, {"delimiter", "/"}};
    q->param_count = (int)ARRAY_LENGTH(params);
    memcpy(q->params, params, sizeof(params));
}

static const struct remote_ops azure_ops = {.authorize = azure_authorize,
                                            .list = azure_list,
                                            .continue_param = "marker",
                                            .refused = azure_refused};

/* Signatures and tokens go to Microsoft's clouds alone, unless an endpoint is named. */
static bool is_known_cloud(const char *suffix)
{
    static const char *const clouds[] = {"core.windows.net", "core.usgovcloudapi.net",
                                         "core.chinacloudapi.cn", "fabric.microsoft.com",
                                         "storage.azure.net"};
    for (size_t i = 0; i < ARRAY_LENGTH(clouds); i++)
        if (str_ends_with(str_from(suffix), str_from(clouds[i])) &&
            (strlen(suffix) == strlen(clouds[i]) ||
             suffix[strlen(suffix) - strlen(clouds[i]) - 1] == '.'))
            return true;
    return false;
}

struct err *remote_azure_init(struct remote *r, const struct store_location *at)
{
    const char *account = lake_access_get(remote_access(r), "account_name");
    const char *endpoint = lake_access_get(remote_access(r), "endpoint");
    r->ops = &azure_ops;
    if (at->account)
        account = at->account;
    if (!account)
        return err_hint(
            err_new("22023", "location \"%s\" does not name a storage account", at->root),
            "Write abfss://container@account.dfs.core.windows.net/path, or give the "
            "storage credential option account_name.");
    if (!endpoint && at->suffix && !is_known_cloud(at->suffix))
        return err_hint(err_new("22023", "location \"%s\" is not in a cloud of Azure", at->root),
                        "Another address is named by option endpoint of a storage credential.");
    r->account = arena_strdup(&r->arena, account);
    if (!endpoint)
        endpoint = arena_printf(&r->arena, "https://%s.blob.%s", account,
                                at->suffix ? at->suffix : "core.windows.net");
    remote_set_endpoint(r, str_from(endpoint));
    r->base_path = arena_printf(&r->arena, "%s/%s", r->base_path, at->bucket);
    return NULL;
}
