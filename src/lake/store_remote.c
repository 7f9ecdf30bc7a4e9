/* Stores over HTTP: requests with retries, listings. What differs between their kinds is in
 * remote_ops. */
#include "lake/store_internal.h"

#include "base/clock.h"
#include "lake/unity.h"
#include "rt/cancel.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
    MAX_ATTEMPTS = 6,
    FIRST_PAUSE_MS = 100,
    MAX_PAUSE_MS = 5000,
    DEFAULT_STALL_S = 30,
    EARLY_MS = 60000, /* vended credentials are renewed so long before they expire */
    PAGE_LIMIT = 64 << 20,
    MAX_ENTRIES = 20000000
};

/* ---- access ---- */

const struct lake_access *remote_access(const struct remote *r)
{
    return atomic_load_explicit(&r->access, memory_order_acquire);
}

static const struct unity_grant *copy_grant(struct arena *arena, const struct unity_grant *g)
{
    struct unity_grant *copy = arena_new(arena, struct unity_grant);
    *copy = (struct unity_grant){
        .catalog = arena_strdup(arena, g->catalog),
        .uri = arena_strdup(arena, g->uri),
        .token = g->token ? arena_strdup(arena, g->token) : NULL,
        .ca_pem = g->ca_pem ? arena_strdup(arena, g->ca_pem) : NULL,
        .table_id = arena_strdup(arena, g->table_id),
        .table = arena_strdup(arena, g->table),
        .region = g->region ? arena_strdup(arena, g->region) : NULL,
        .endpoint = g->endpoint ? arena_strdup(arena, g->endpoint) : NULL,
    };
    return copy;
}

static const struct lake_access *copy_access(struct arena *arena, const struct lake_access *a)
{
    struct lake_access *copy = arena_new(arena, struct lake_access);
    struct lake_option *options = arena_new_array(arena, struct lake_option, a->count + 1);
    for (size_t i = 0; i < a->count; i++)
        options[i] = (struct lake_option){arena_strdup(arena, a->options[i].name),
                                          arena_strdup(arena, a->options[i].value)};
    *copy = *a;
    copy->name = arena_strdup(arena, a->name);
    copy->options = options;
    copy->grant = a->grant ? copy_grant(arena, a->grant) : NULL;
    return copy;
}

static bool expires(const struct lake_access *a)
{
    return a && a->grant && a->expires_ms && a->expires_ms - EARLY_MS < clock_real_us() / 1000;
}

static struct err *renew_locked(struct remote *r)
{
    const struct lake_access *old = remote_access(r);
    struct lake_access fresh;
    struct arena scratch;
    if (!expires(old))
        return NULL; /* another thread was first */
    arena_init(&scratch);
    struct err *e = unity_vend(old->grant, &scratch, &fresh);
    if (!e && fresh.type != old->type)
        e = err_new("58030", "catalog \"%s\" moved table \"%s\" to another store",
                    old->grant->catalog, old->grant->table);
    if (!e)
        atomic_store_explicit(&r->access, copy_access(&r->arena, &fresh), memory_order_release);
    arena_done(&scratch);
    return e;
}

/* The access to show now: one that a catalog vended is renewed before it expires. */
static struct err *current_access(struct remote *r, const struct lake_access **out)
{
    struct err *e = NULL;
    if (expires(remote_access(r))) {
        pthread_mutex_lock(&r->renewing);
        e = renew_locked(r);
        pthread_mutex_unlock(&r->renewing);
    }
    *out = remote_access(r);
    return e;
}

/* ---- requests ---- */

static void put_query(struct buf *out, const struct remote_request *q)
{
    struct remote_param sorted[REMOTE_MAX_PARAMS];
    for (int i = 0; i < q->param_count; i++) {
        int at = i;
        for (; at > 0 && strcmp(sorted[at - 1].name, q->params[i].name) > 0; at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = q->params[i];
    }
    for (int i = 0; i < q->param_count; i++) {
        buf_put_c(out, i ? "&" : "");
        store_put_encoded(out, str_from(sorted[i].name), false);
        buf_put_u8(out, '=');
        store_put_encoded(out, str_from(sorted[i].value), false);
    }
}

/* Makes and starts the call; call->url is of the heap. */
static struct err *prepare(struct remote *r, const struct remote_request *q, struct http_call *call)
{
    const struct lake_access *a;
    TRY(current_access(r, &a));
    struct buf path = BUF_INIT, query = BUF_INIT, url = BUF_INIT;
    buf_put_c(&path, r->base_path);
    if (q->key.len || !path.len)
        buf_put_u8(&path, '/');
    store_put_encoded(&path, q->key, true);
    put_query(&query, q);
    buf_put_c(&url, r->base_url);
    buf_put_str(&url, buf_str(&path));
    if (query.len)
        buf_put_u8(&url, '?');
    buf_put_str(&url, buf_str(&query));
    buf_reset(&call->headers);
    buf_reset(&call->error_body);
    call->stall_s = r->stall_s;
    call->ca_pem = lake_access_get(a, "ca_certificate");
    struct err *e = r->ops->authorize(r, a, q, buf_str(&path), buf_str(&query), &url, call);
    if (!e) {
        free((char *)call->url);
        call->url = strdup(buf_cstr(&url));
        e = call->url ? NULL : err_oom();
    }
    buf_done(&path);
    buf_done(&query);
    buf_done(&url);
    return e;
}

struct err *remote_start(struct remote *r, const struct remote_request *q, struct http_call *call)
{
    TRY(prepare(r, q, call));
    return http_start(call);
}

bool remote_ok(const struct http_call *call)
{
    return call->outcome == HTTP_ANSWERED && call->status / 100 == 2;
}

bool remote_may_retry(const struct http_call *call)
{
    switch (call->outcome) {
    case HTTP_ANSWERED:
        return call->status == 408 || call->status == 429 || call->status >= 500;
    case HTTP_NO_HOST: /* name servers have bad moments, too */
    case HTTP_NO_CONNECTION:
    case HTTP_CUT:
    case HTTP_TIMEOUT:
        return true;
    case HTTP_BAD_TLS:
    case HTTP_TOO_LONG:
        break;
    }
    return false;
}

struct err *remote_pause(int attempt, int64_t retry_after_s)
{
    uint32_t random;
    int64_t ms = FIRST_PAUSE_MS;
    for (int i = 1; i < attempt && ms < MAX_PAUSE_MS; i++)
        ms *= 2;
    random_bytes(&random, sizeof(random));
    ms = ms / 2 + random % (ms / 2 + 1);
    if (retry_after_s > 0 && retry_after_s * 1000 > ms)
        ms = retry_after_s * 1000;
    if (ms > MAX_PAUSE_MS)
        ms = MAX_PAUSE_MS;
    for (int64_t end = clock_mono_ns() + ms * 1000000; clock_mono_ns() < end;) {
        struct timespec step = {.tv_nsec = 20000000};
        TRY(cancel_check(cancel_current()));
        nanosleep(&step, NULL);
    }
    return NULL;
}

/* No range fits an object without bytes. */
static bool is_empty_object(const struct remote_request *q, const struct http_call *call)
{
    return call->outcome == HTTP_ANSWERED && call->status == 416 && q->begin == 0 &&
           call->total_bytes <= 0;
}

struct err *remote_run(struct remote *r, const struct remote_request *q, struct http_call *call)
{
    bool renewed = false;
    for (int attempt = 1;; attempt++) {
        if (call->sink)
            buf_reset(call->sink);
        TRY(remote_start(r, q, call));
        TRY(http_wait(call));
        if (remote_ok(call) || is_empty_object(q, call))
            return NULL;
        if (call->outcome == HTTP_ANSWERED && call->status == 401 && r->ops->refused && !renewed) {
            r->ops->refused(r);
            renewed = true;
            continue;
        }
        bool no_host = call->outcome == HTTP_NO_HOST && attempt >= 2;
        if (attempt == MAX_ATTEMPTS || no_host || !remote_may_retry(call))
            return remote_error(r, q, call, attempt);
        TRY(remote_pause(attempt, call->retry_after_s));
    }
}

void remote_clear(struct http_call *call)
{
    free((char *)call->url);
    http_clear(call);
    *call = (struct http_call){0};
}

/* ---- listing ---- */

static int by_name(const void *a, const void *b)
{
    return str_cmp(((const struct lake_entry *)a)->name, ((const struct lake_entry *)b)->name);
}

/* Names below the folder, those before `from` and the folder's own marker left out. */
static void take_names(struct store_page *page, size_t prefix_len, struct str from,
                       struct lake_list *out)
{
    size_t n = 0;
    for (size_t i = 0; i < page->count; i++) {
        struct lake_entry entry = page->entries[i];
        if (entry.name.len <= prefix_len)
            continue;
        entry.name = str_make(entry.name.data + prefix_len, entry.name.len - prefix_len);
        if (entry.is_folder)
            entry.name.len--;
        if (!entry.name.len || memchr(entry.name.data, '/', entry.name.len) ||
            str_cmp(entry.name, from) < 0)
            continue;
        page->entries[n++] = entry;
    }
    if (n)
        qsort(page->entries, n, sizeof(*page->entries), by_name);
    *out = (struct lake_list){page->entries, n};
}

/* A key just before `prefix` + `from`, so that an exclusive beginning leaves nothing out; "": from
 * the start. */
static const char *key_before(const char *prefix, struct str from, struct arena *arena)
{
    if (!from.len || (uint8_t)from.data[from.len - 1] <= ' ' ||
        (uint8_t)from.data[from.len - 1] > '~')
        return "";
    return arena_printf(arena, "%s%.*s%c", prefix, (int)from.len - 1, from.data,
                        from.data[from.len - 1] - 1);
}

static struct err *list_page(struct remote *r, struct remote_request *q, struct arena *arena,
                             struct store_page *page)
{
    struct buf xml = {.limit_bytes = PAGE_LIMIT};
    struct http_call call = {.sink = &xml};
    struct err *e = remote_run(r, q, &call);
    if (!e)
        e = buf_finish(&xml);
    if (!e)
        e = store_parse_page(buf_str(&xml), arena, page);
    if (e && err_is(e, "XX001"))
        e = err_context(e, "listing of \"%s/%s\"", r->base.root, q->params[0].value);
    remote_clear(&call);
    buf_done(&xml);
    return e;
}

static struct err *remote_list(struct lake_store *store, struct str folder, struct str from,
                               struct arena *arena, struct lake_list *out)
{
    struct remote *r = (struct remote *)store;
    struct store_page page = {.next = ""};
    struct remote_request q = {.begin = -1, .etag = ""};
    while (folder.len && folder.data[0] == '/')
        folder = str_make(folder.data + 1, folder.len - 1);
    const char *prefix = folder.len ? arena_printf(arena, "%.*s/", STR_ARG(folder)) : "";
    r->ops->list(r, prefix, key_before(prefix, from, arena), arena, &q);
    int fixed = q.param_count;
    do {
        const char *before = page.next;
        if (*page.next)
            q.params[q.param_count++] = (struct remote_param){r->ops->continue_param, page.next};
        TRY(list_page(r, &q, arena, &page));
        q.param_count = fixed;
        if (*page.next && strcmp(page.next, before) == 0)
            return err_new("XX001", "the listing of \"%s/%s\" does not go on", r->base.root,
                           prefix);
        if (page.count > MAX_ENTRIES)
            return err_new("54000", "folder \"%s/%s\" has more than %d entries", r->base.root,
                           prefix, MAX_ENTRIES);
    } while (*page.next);
    take_names(&page, strlen(prefix), from, out);
    return NULL;
}

/* ---- life ---- */

static void remote_free(struct lake_store *store)
{
    struct remote *r = (struct remote *)store;
    remote_forget_expected(r);
    pthread_mutex_destroy(&r->mu);
    pthread_mutex_destroy(&r->renewing);
    arena_done(&r->arena);
    free(r->base.root);
    free(r);
}

static const struct lake_store_ops remote_store_ops = {
    .list = remote_list, .open = remote_open, .expect = remote_expect, .free = remote_free};

void remote_set_endpoint(struct remote *r, struct str endpoint)
{
    struct store_url url;
    bool ok = store_url_parse(endpoint, &url);
    CHECK(ok);
    r->host = arena_strndup(&r->arena, url.host.data, url.host.len);
    r->base_url = arena_printf(&r->arena, "http%s://%s", url.tls ? "s" : "", r->host);
    r->base_path = arena_strndup(&r->arena, url.path.data, url.path.len);
}

static struct err *set_up(struct remote *r, const struct store_location *at,
                          const struct lake_access *access)
{
    int64_t stall;
    if (access && access->type != at->type)
        return err_new("22023", "storage credential \"%s\" of type %s does not fit \"%s\"",
                       access->name, lake_access_type_name(access->type), at->root);
    if (access) {
        TRY(lake_access_check(access));
        atomic_init(&r->access, copy_access(&r->arena, access));
    }
    const char *text = lake_access_get(access, "stall_timeout");
    r->stall_s = text && str_to_int64(str_from(text), &stall) ? (int)stall : DEFAULT_STALL_S;
    r->bucket = arena_strdup(&r->arena, at->bucket);
    switch (at->type) {
    case LAKE_S3:
        return remote_s3_init(r, at);
    case LAKE_AZURE:
        return remote_azure_init(r, at);
    case LAKE_GCS:
        break;
    }
    return remote_gcs_init(r, at);
}

struct err *lake_store_remote_new(const struct store_location *at, const struct lake_access *access,
                                  struct lake_store **out)
{
    struct remote *r = calloc(1, sizeof(*r));
    if (!r || !(r->base.root = strdup(at->root))) {
        free(r);
        return err_oom();
    }
    r->base.ops = &remote_store_ops;
    r->type = at->type;
    arena_init(&r->arena);
    pthread_mutex_init(&r->mu, NULL);
    pthread_mutex_init(&r->renewing, NULL);
    struct err *e = set_up(r, at, access);
    if (e) {
        remote_free(&r->base);
        return e;
    }
    *out = &r->base;
    return NULL;
}
