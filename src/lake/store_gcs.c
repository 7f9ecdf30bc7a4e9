/* Google Cloud Storage by its XML API: requests and listings are S3's, let in by an HMAC key (S3's
 * signature), or by a token that a service account's signed claim is exchanged for (RFC 7523). */
#include "lake/store_internal.h"

#include "base/base64.h"
#include "base/clock.h"
#include "lake/jsondoc.h"
#include "rt/crypto.h"

#include <string.h>

enum { CLAIM_LIFE_S = 3600 };

struct key_file {
    struct str email;
    struct str private_key;
    struct str key_id; /* may be empty */
    const char *token_url;
};

static struct err *read_key_file(const struct lake_access *a, struct arena *arena,
                                 struct key_file *out)
{
    const char *reason;
    size_t offset;
    struct str url = STR("https://oauth2.googleapis.com/token");
    struct store_url checked;
    const struct json_value *tree =
        json_parse(arena, str_from(lake_access_get(a, "service_account_json")), &reason, &offset);
    *out = (struct key_file){0};
    json_get_str(tree, "token_uri", &url);
    if (!json_get_str(tree, "client_email", &out->email) ||
        !json_get_str(tree, "private_key", &out->private_key) || !store_url_parse(url, &checked))
        return err_new("22023", "service account key of storage credential \"%s\" is incomplete",
                       a->name);
    json_get_str(tree, "private_key_id", &out->key_id);
    out->token_url = arena_strndup(arena, url.data, url.len);
    return NULL;
}

static void put_json_text(struct buf *out, struct str s)
{
    buf_put_u8(out, '"');
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = (uint8_t)s.data[i];
        if (c == '"' || c == '\\')
            buf_put_u8(out, '\\');
        if (c >= ' ')
            buf_put_u8(out, c);
    }
    buf_put_u8(out, '"');
}

/* header.claims.signature, each in base64 of URLs. */
static struct err *put_assertion(const struct key_file *k, struct buf *out)
{
    struct buf head = BUF_INIT, claims = BUF_INIT, signature = BUF_INIT, token = BUF_INIT;
    long long now = clock_real_us() / 1000000;
    buf_put_c(&head, "{\"alg\":\"RS256\",\"typ\":\"JWT\"");
    if (k->key_id.len) {
        buf_put_c(&head, ",\"kid\":");
        put_json_text(&head, k->key_id);
    }
    buf_put_u8(&head, '}');
    buf_put_c(&claims, "{\"iss\":");
    put_json_text(&claims, k->email);
    buf_put_c(&claims,
              ",\"scope\":\"https://www.googleapis.com/auth/devstorage.read_only\",\"aud\":");
    put_json_text(&claims, str_from(k->token_url));
    buf_printf(&claims, ",\"iat\":%lld,\"exp\":%lld}", now, now + CLAIM_LIFE_S);
    base64_put_url(&token, buf_str(&head));
    buf_put_u8(&token, '.');
    base64_put_url(&token, buf_str(&claims));
    struct err *e = crypto_sign_rs256(k->private_key, buf_str(&token), &signature);
    if (!e) {
        buf_put_u8(&token, '.');
        base64_put_url(&token, buf_str(&signature));
        buf_put_str(out, buf_str(&token));
    }
    buf_done(&head);
    buf_done(&claims);
    buf_done(&signature);
    buf_done(&token);
    return e;
}

static struct err *assertion_body(void *arg, struct buf *out)
{
    buf_put_c(out, "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=");
    return put_assertion(arg, out);
}

static struct str identity_of(const struct lake_access *a)
{
    return str_from(lake_access_get(a, "service_account_json"));
}

static struct err *account_token(struct remote *r, struct arena *arena, const char **out)
{
    struct key_file key;
    TRY(read_key_file(remote_access(r), arena, &key));
    struct token_request t = {.url = key.token_url,
                              .identity = identity_of(remote_access(r)),
                              .what = remote_access(r)->name,
                              .ca_pem = lake_access_get(remote_access(r), "ca_certificate"),
                              .stall_s = r->stall_s,
                              .body = assertion_body,
                              .arg = &key};
    return token_get(&t, arena, out);
}

static struct err *token_authorize(struct remote *r, const struct lake_access *a,
                                   const struct remote_request *q, struct str path,
                                   struct str query, struct buf *url, struct http_call *call)
{
    (void)path;
    (void)query;
    (void)url;
    if (q->begin >= 0)
        http_header(call, "Range", "bytes=%lld-%lld", (long long)q->begin, (long long)q->end - 1);
    if (q->etag[0])
        http_header(call, "If-Match", "%s", q->etag);
    return token_put_bearer(r, a, account_token, call);
}

static void token_refused(struct remote *r)
{
    if (lake_access_get(remote_access(r), "service_account_json"))
        token_forget(identity_of(remote_access(r)));
}

static const struct remote_ops token_ops = {.authorize = token_authorize,
                                            .list = remote_s3_list,
                                            .continue_param = "continuation-token",
                                            .refused = token_refused};

struct err *remote_gcs_init(struct remote *r, const struct store_location *at)
{
    TRY(remote_s3_init(r, at));
    if (lake_access_get(remote_access(r), "service_account_json") ||
        lake_access_get(remote_access(r), "access_token"))
        r->ops = &token_ops;
    return NULL;
}
