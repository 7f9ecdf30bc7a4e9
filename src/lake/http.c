/* The thread that speaks HTTP. Calls come in by a list and a wake-up of curl_multi_poll; the thread
 * alone touches libcurl's handles, and wakes everybody when a call has ended.
 *
 * A call is on the list of fresh ones, then on that of active ones, then done: from there on the
 * thread does not touch it. */
#include "lake/http.h"

#include "base/clock.h"
#include "rt/cancel.h"
#include "rt/pool.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>

enum { CONNECT_TIMEOUT_S = 10, ERROR_BODY_BYTES = 64 << 10, MAX_PER_HOST = 32, MAX_KEPT = 64 };

static struct {
    pthread_once_t once;
    pthread_mutex_t mu;
    pthread_cond_t ended;
    CURLM *multi;             /* NULL: the thread could not be made */
    struct http_call *fresh;  /* guarded by mu */
    bool some_aborted;        /* among the fresh and active; guarded by mu */
    bool quit;                /* guarded by mu */
    struct http_call *active; /* the thread's */
    pthread_t thread;
} http = {.once = PTHREAD_ONCE_INIT, .mu = PTHREAD_MUTEX_INITIALIZER};

/* ---- one call ---- */

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
    struct http_call *c = arg;
    size_t len = size * count;
    long status = 0;
    curl_easy_getinfo((CURL *)c->easy, CURLINFO_RESPONSE_CODE, &status);
    if (status / 100 != 2) {
        size_t room = ERROR_BODY_BYTES - c->error_body.len;
        buf_put(&c->error_body, data, len < room ? len : room);
        return len;
    }
    if (c->into) {
        if (len > c->room - c->received)
            return 0;
        memcpy(c->into + c->received, data, len);
    } else if (c->sink) {
        buf_put(c->sink, data, len);
        if (c->sink->failed)
            return 0;
    }
    c->received += len;
    return len;
}

/* The value of a header line, without blanks around it. */
static bool header_value(struct str line, const char *name, struct str *out)
{
    size_t n = strlen(name);
    if (line.len <= n || strncasecmp(line.data, name, n) != 0 || line.data[n] != ':')
        return false;
    struct str v = str_make(line.data + n + 1, line.len - n - 1);
    while (v.len && (v.data[0] == ' ' || v.data[0] == '\t'))
        v = str_make(v.data + 1, v.len - 1);
    while (v.len && (uint8_t)v.data[v.len - 1] <= ' ')
        v.len--;
    *out = v;
    return true;
}

static void keep(char *to, size_t size, struct str v)
{
    snprintf(to, size, "%.*s", STR_ARG(v));
}

static size_t on_header(char *data, size_t size, size_t count, void *arg)
{
    struct http_call *c = arg;
    struct str line = str_make(data, size * count);
    struct str v;
    if (header_value(line, "content-range", &v)) {
        const char *slash = memrchr(v.data, '/', v.len);
        size_t at = slash ? (size_t)(slash - v.data) + 1 : v.len;
        if (!str_to_int64(str_make(v.data + at, v.len - at), &c->total_bytes))
            c->total_bytes = -1;
    } else if (header_value(line, "retry-after", &v)) {
        if (!str_to_int64(v, &c->retry_after_s))
            c->retry_after_s = -1;
    } else if (header_value(line, "etag", &v)) {
        keep(c->etag, sizeof(c->etag), v.len < sizeof(c->etag) ? v : STR(""));
    } else if (header_value(line, "x-ms-error-code", &v)) {
        keep(c->error_code, sizeof(c->error_code), v);
    } else if (header_value(line, "x-amz-bucket-region", &v)) {
        keep(c->region, sizeof(c->region), v);
    }
    return line.len;
}

static bool set_options(struct http_call *c)
{
    CURL *h = c->easy;
    struct curl_slist *list = NULL;
    for (size_t i = 0; i < c->headers.len; i += strlen((char *)c->headers.data + i) + 1) {
        struct curl_slist *more = curl_slist_append(list, (char *)c->headers.data + i);
        if (!more) {
            curl_slist_free_all(list);
            return false;
        }
        list = more;
    }
    c->header_list = list;
    if (c->post.data) {
        curl_easy_setopt(h, CURLOPT_POSTFIELDS, c->post.data);
        curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)c->post.len);
    }
    if (c->ca_pem) {
        struct curl_blob blob = {(void *)c->ca_pem, strlen(c->ca_pem), CURL_BLOB_COPY};
        curl_easy_setopt(h, CURLOPT_CAINFO_BLOB, &blob);
    }
    curl_easy_setopt(h, CURLOPT_HTTPHEADER, list);
    curl_easy_setopt(h, CURLOPT_PRIVATE, c);
    curl_easy_setopt(h, CURLOPT_ERRORBUFFER, c->reason);
    curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(h, CURLOPT_WRITEDATA, c);
    curl_easy_setopt(h, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(h, CURLOPT_HEADERDATA, c);
    curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(h, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(h, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_TIMEOUT_S);
    curl_easy_setopt(h, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(h, CURLOPT_LOW_SPEED_TIME, (long)c->stall_s);
    curl_easy_setopt(h, CURLOPT_BUFFERSIZE, 256L << 10);
    return curl_easy_setopt(h, CURLOPT_URL, c->url) == CURLE_OK;
}

static enum http_outcome outcome_of(CURLcode code)
{
    switch (code) {
    case CURLE_OK:
        return HTTP_ANSWERED;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return HTTP_NO_HOST;
    case CURLE_COULDNT_CONNECT:
        return HTTP_NO_CONNECTION;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
        return HTTP_BAD_TLS;
    case CURLE_OPERATION_TIMEDOUT:
        return HTTP_TIMEOUT;
    case CURLE_WRITE_ERROR:
        return HTTP_TOO_LONG;
    default:
        return HTTP_CUT;
    }
}

/* ---- the thread ---- */

static void leave_active(struct http_call *c)
{
    struct http_call **p = &http.active;
    while (*p && *p != c)
        p = &(*p)->next;
    if (*p)
        *p = c->next;
}

/* Gives the call back to who waits for it. */
static void end_call(struct http_call *c, enum http_outcome outcome, const char *reason)
{
    long status = 0;
    leave_active(c);
    if (c->easy) {
        curl_easy_getinfo((CURL *)c->easy, CURLINFO_RESPONSE_CODE, &status);
        curl_multi_remove_handle(http.multi, c->easy);
        curl_easy_cleanup(c->easy);
    }
    curl_slist_free_all(c->header_list);
    c->easy = c->header_list = NULL;
    if (outcome != HTTP_ANSWERED && !c->reason[0])
        snprintf(c->reason, sizeof(c->reason), "%s", reason);
    c->outcome = outcome;
    c->status = (int)status;
    pthread_mutex_lock(&http.mu);
    c->done = true;
    pthread_cond_broadcast(&http.ended);
    pthread_mutex_unlock(&http.mu);
}

static void begin_call(struct http_call *c)
{
    c->next = http.active;
    http.active = c;
    c->easy = curl_easy_init();
    if (!c->easy || !set_options(c) || curl_multi_add_handle(http.multi, c->easy) != CURLM_OK)
        end_call(c, HTTP_NO_CONNECTION, "could not set up the request");
}

static void end_aborted(void)
{
    struct http_call *c = http.active;
    while (c) {
        struct http_call *next = c->next;
        pthread_mutex_lock(&http.mu);
        bool aborted = c->aborted;
        pthread_mutex_unlock(&http.mu);
        if (aborted)
            end_call(c, HTTP_CUT, "aborted");
        c = next;
    }
}

/* False: time to go. */
static bool take_orders(void)
{
    pthread_mutex_lock(&http.mu);
    struct http_call *fresh = http.fresh;
    bool some_aborted = http.some_aborted;
    bool quit = http.quit;
    http.fresh = NULL;
    http.some_aborted = false;
    pthread_mutex_unlock(&http.mu);
    while (fresh) {
        struct http_call *next = fresh->next;
        begin_call(fresh);
        fresh = next;
    }
    if (some_aborted)
        end_aborted();
    return !quit;
}

static void *http_thread(void *arg)
{
    (void)arg;
    while (take_orders()) {
        int running, left;
        CURLMsg *m;
        curl_multi_perform(http.multi, &running);
        while ((m = curl_multi_info_read(http.multi, &left))) {
            struct http_call *c = NULL;
            if (m->msg != CURLMSG_DONE)
                continue;
            CURLcode code = m->data.result;
            curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &c);
            end_call(c, outcome_of(code), curl_easy_strerror(code));
        }
        curl_multi_poll(http.multi, NULL, 0, 1000, NULL);
    }
    return NULL;
}

static void stop_thread(void)
{
    pthread_mutex_lock(&http.mu);
    http.quit = true;
    pthread_mutex_unlock(&http.mu);
    curl_multi_wakeup(http.multi);
    pthread_join(http.thread, NULL);
}

static void make_thread(void)
{
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&http.ended, &attr);
    pthread_condattr_destroy(&attr);
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return;
    CURLM *multi = curl_multi_init();
    if (!multi)
        return;
    curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)MAX_PER_HOST);
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)MAX_KEPT);
    http.multi = multi;
    struct err *e = thread_start(&http.thread, "tarn-http", http_thread, NULL);
    if (e) {
        err_free(e);
        curl_multi_cleanup(multi);
        http.multi = NULL;
        return;
    }
    /* Before OpenSSL's own clean-up, which was registered earlier. */
    atexit(stop_thread);
}

/* ---- for callers ---- */

void http_header(struct http_call *call, const char *name, const char *fmt, ...)
{
    va_list ap;
    buf_printf(&call->headers, "%s: ", name);
    va_start(ap, fmt);
    buf_vprintf(&call->headers, fmt, ap);
    va_end(ap);
    buf_put_u8(&call->headers, 0);
}

struct err *http_start(struct http_call *call)
{
    pthread_once(&http.once, make_thread);
    if (!http.multi)
        return err_new("53000", "could not start the thread for HTTP requests");
    TRY(buf_finish(&call->headers));
    call->done = call->aborted = false;
    call->status = 0;
    call->received = 0;
    call->total_bytes = call->retry_after_s = -1;
    call->reason[0] = call->etag[0] = call->error_code[0] = call->region[0] = '\0';
    pthread_mutex_lock(&http.mu);
    call->next = http.fresh;
    http.fresh = call;
    pthread_mutex_unlock(&http.mu);
    curl_multi_wakeup(http.multi);
    return NULL;
}

void http_abort(struct http_call *call)
{
    pthread_mutex_lock(&http.mu);
    call->aborted = http.some_aborted = true;
    pthread_mutex_unlock(&http.mu);
    curl_multi_wakeup(http.multi);
    pthread_mutex_lock(&http.mu);
    while (!call->done)
        pthread_cond_wait(&http.ended, &http.mu);
    pthread_mutex_unlock(&http.mu);
}

struct err *http_wait(struct http_call *call)
{
    struct err *e = NULL;
    pthread_mutex_lock(&http.mu);
    while (!call->done && !e) {
        int64_t until = clock_mono_ns() + 100000000;
        struct timespec t = {until / 1000000000, until % 1000000000};
        pthread_cond_timedwait(&http.ended, &http.mu, &t);
        if (!call->done)
            e = cancel_check(cancel_current());
    }
    pthread_mutex_unlock(&http.mu);
    if (e)
        http_abort(call);
    return e;
}

void http_clear(struct http_call *call)
{
    buf_done(&call->headers);
    buf_done(&call->error_body);
}
