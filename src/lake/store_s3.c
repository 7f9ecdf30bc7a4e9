/* S3 and what speaks like it: addresses, listings, and AWS Signature Version 4 ("Signature Version
 * 4 signing process" of the AWS documentation). */
#include "lake/store_internal.h"

#include "base/clock.h"
#include "rt/crypto.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* SHA-256 of nothing. */
#define NO_PAYLOAD "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

void sigv4_time(int64_t time_s, char out[20])
{
    time_t t = (time_t)time_s;
    struct tm tm;
    gmtime_r(&t, &tm);
    strftime(out, 20, "%Y%m%dT%H%M%SZ", &tm);
}

/* "host;x-amz-date" out of "host:...\nx-amz-date:...\n". */
static void put_signed_names(struct buf *out, struct str headers)
{
    bool name = true;
    for (size_t i = 0; i < headers.len; i++) {
        char c = headers.data[i];
        if (c == '\n' && i + 1 < headers.len)
            buf_put_u8(out, ';');
        name = c == '\n' || (name && c != ':');
        if (name && c != '\n')
            buf_put_u8(out, (uint8_t)c);
    }
}

static void hmac_chain(uint8_t key[CRYPTO_SHA256_BYTES], const char *data)
{
    crypto_hmac_sha256(str_make(key, CRYPTO_SHA256_BYTES), str_from(data), key);
}

static void put_canonical(struct buf *out, const struct sigv4 *in)
{
    buf_put_c(out, "GET\n");
    buf_put_str(out, in->path);
    buf_put_u8(out, '\n');
    buf_put_str(out, in->query);
    buf_put_u8(out, '\n');
    buf_put_str(out, in->headers);
    buf_put_u8(out, '\n');
    put_signed_names(out, in->headers);
    buf_put_u8(out, '\n');
    buf_put_c(out, in->payload_hash);
}

void sigv4_authorization(const struct sigv4 *in, struct buf *out)
{
    char time[20];
    char day[9];
    uint8_t digest[CRYPTO_SHA256_BYTES], key[CRYPTO_SHA256_BYTES];
    struct buf canonical = BUF_INIT, to_sign = BUF_INIT, secret = BUF_INIT;
    sigv4_time(in->time_s, time);
    snprintf(day, sizeof(day), "%.8s", time);
    put_canonical(&canonical, in);
    crypto_sha256(buf_str(&canonical), digest);
    buf_printf(&to_sign, "AWS4-HMAC-SHA256\n%s\n%s/%s/%s/aws4_request\n", time, day, in->region,
               in->service);
    crypto_put_hex(&to_sign, digest, sizeof(digest));
    buf_printf(&secret, "AWS4%s", in->secret);
    crypto_hmac_sha256(buf_str(&secret), str_from(day), key);
    hmac_chain(key, in->region);
    hmac_chain(key, in->service);
    hmac_chain(key, "aws4_request");
    crypto_hmac_sha256(str_make(key, sizeof(key)), buf_str(&to_sign), digest);
    buf_printf(out,
               "AWS4-HMAC-SHA256 Credential=%s/%s/%s/%s/aws4_request,SignedHeaders=", in->key_id,
               day, in->region, in->service);
    put_signed_names(out, in->headers);
    buf_put_c(out, ",Signature=");
    crypto_put_hex(out, digest, sizeof(digest));
    crypto_wipe(secret.data, secret.len);
    crypto_wipe(key, sizeof(key));
    buf_done(&canonical);
    buf_done(&to_sign);
    buf_done(&secret);
}

static void put_range(const struct remote_request *q, struct buf *headers, struct http_call *call)
{
    if (q->begin < 0)
        return;
    long long last = (long long)q->end - 1;
    http_header(call, "Range", "bytes=%lld-%lld", (long long)q->begin, last);
    buf_printf(headers, "range:bytes=%lld-%lld\n", (long long)q->begin, last);
}

static struct err *s3_authorize(struct remote *r, const struct lake_access *a,
                                const struct remote_request *q, struct str path, struct str query,
                                struct buf *url, struct http_call *call)
{
    const char *key_id = lake_access_get(a, "access_key_id");
    const char *session = lake_access_get(a, "session_token");
    struct buf headers = BUF_INIT, value = BUF_INIT;
    char time[20];
    int64_t now = clock_real_us() / 1000000;
    (void)url;
    sigv4_time(now, time);
    buf_printf(&headers, "host:%s\n", r->host);
    if (q->etag[0]) {
        http_header(call, "If-Match", "%s", q->etag);
        buf_printf(&headers, "if-match:%s\n", q->etag);
    }
    put_range(q, &headers, call);
    if (key_id) {
        buf_printf(&headers, "x-amz-content-sha256:%s\nx-amz-date:%s\n", NO_PAYLOAD, time);
        http_header(call, "x-amz-content-sha256", "%s", NO_PAYLOAD);
        http_header(call, "x-amz-date", "%s", time);
        if (session) {
            buf_printf(&headers, "x-amz-security-token:%s\n", session);
            http_header(call, "x-amz-security-token", "%s", session);
        }
        struct sigv4 in = {.key_id = key_id,
                           .secret = lake_access_get(a, "secret_access_key"),
                           .region = r->region,
                           .service = "s3",
                           .time_s = now,
                           .path = path,
                           .query = query,
                           .headers = buf_str(&headers),
                           .payload_hash = NO_PAYLOAD};
        sigv4_authorization(&in, &value);
        http_header(call, "Authorization", "%s", buf_cstr(&value));
    }
    buf_done(&headers);
    buf_done(&value);
    return NULL;
}

void remote_s3_list(struct remote *r, const char *prefix, const char *after, struct arena *arena,
                    struct remote_request *q)
{
    (void)r;
    (void)arena;
    const struct remote_param params[] = {{"prefix", prefix},
                                          {"list-type", "2"},
                                          {"delimiter", "/"},
                                          {"encoding-type", "url"},
                                          {"start-after", after}};
    q->param_count = (int)ARRAY_LENGTH(params) - !*after;
    memcpy(q->params, params, sizeof(params));
}

static const struct remote_ops s3_ops = {
    .authorize = s3_authorize, .list = remote_s3_list, .continue_param = "continuation-token"};

/* Amazon's own address, or the endpoint; the bucket goes into the host unless asked otherwise, or
 * its dots would not fit a certificate. */
struct err *remote_s3_init(struct remote *r, const struct store_location *at)
{
    const char *endpoint = lake_access_get(remote_access(r), "endpoint");
    const char *style = lake_access_get(remote_access(r), "path_style");
    const char *region = lake_access_get(remote_access(r), "region");
    bool google = at->type == LAKE_GCS;
    bool in_path =
        style ? strcmp(style, "true") == 0 : endpoint || google || strchr(at->bucket, '.');
    r->ops = &s3_ops;
    r->region = arena_strdup(&r->arena, region ? region : google ? "auto" : "us-east-1");
    if (!endpoint && google)
        endpoint = "https://storage.googleapis.com";
    if (!endpoint)
        endpoint = arena_printf(&r->arena, "https://s3.%s.amazonaws.com%s", r->region,
                                strncmp(r->region, "cn-", 3) == 0 ? ".cn" : "");
    remote_set_endpoint(r, str_from(endpoint));
    if (in_path) {
        r->base_path = arena_printf(&r->arena, "%s/%s", r->base_path, at->bucket);
        return NULL;
    }
    const char *scheme_end = strstr(r->base_url, "://");
    r->base_url = arena_printf(&r->arena, "%.*s://%s.%s", (int)(scheme_end - r->base_url),
                               r->base_url, at->bucket, r->host);
    r->host = arena_printf(&r->arena, "%s.%s", at->bucket, r->host);
    return NULL;
}
