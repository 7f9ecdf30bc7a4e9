/* Objects of stores over HTTP.
 *
 * Opening reads the first bytes, which is all of a small object and tells the size of a large one.
 * A reader says what it will read next (lake_object_will_read, lake_store_expect): that is under
 * way while it works on what it has. Each read names the object's tag, so that what is read is one
 * object or an error. */
#include "lake/store_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    HEAD_BYTES = 32 << 10,
    TAIL_BYTES = 64 << 10,   /* footers: a read near the end fetches so much */
    PART_BYTES = 4 << 20,    /* a long read is made of parts, */
    MAX_PARTS = 8,           /* so many of them at a time */
    AHEAD_BYTES = 1 << 20,   /* of one stream */
    AHEAD_LEAST = 256 << 10, /* a request for less takes what is behind, too: often a neighbour */
    AHEAD_LIMIT = 64 << 20,
    MAX_EXPECTED = 16
};

/* Bytes that are under way or there. */
struct ahead {
    int64_t begin, end;
    uint8_t *data;
    size_t unread;         /* bytes; several streams may share a block */
    struct http_call call; /* cleared once it has ended well */
    bool ready;
    struct ahead *next;
};

struct remote_object {
    struct lake_object base;
    struct remote *store;
    char *key;
    char etag[128];
    uint8_t *head;
    int64_t head_end;
    uint8_t *tail; /* NULL: not read */
    int64_t tail_begin;
    struct ahead *aheads;
    size_t ahead_bytes;
    struct http_call opening; /* while expected */
    struct remote_object *next;
};

/* ---- opening ---- */

static void free_ahead(struct remote_object *o, struct ahead *a)
{
    if (!a->ready) {
        http_abort(&a->call);
        remote_clear(&a->call);
    }
    o->ahead_bytes -= (size_t)(a->end - a->begin);
    free(a->data);
    free(a);
}

static void remote_close(struct lake_object *object)
{
    struct remote_object *o = (struct remote_object *)object;
    while (o->aheads) {
        struct ahead *a = o->aheads;
        o->aheads = a->next;
        free_ahead(o, a);
    }
    free(o->base.path);
    free(o->key);
    free(o->head);
    free(o->tail);
    free(o);
}

static struct remote_request head_request(const struct remote_object *o)
{
    return (struct remote_request){
        .key = str_from(o->key), .begin = 0, .end = HEAD_BYTES, .etag = ""};
}

static struct err *remote_read(struct lake_object *object, int64_t offset, void *out, size_t len);
static void remote_will_read(struct lake_object *object, int64_t offset, int64_t end);
static const struct lake_object_ops remote_object_ops = {
    .read = remote_read, .will_read = remote_will_read, .close = remote_close};

static struct err *new_object(struct remote *r, struct str path, struct remote_object **out)
{
    struct remote_object *o = calloc(1, sizeof(*o));
    if (!o)
        return err_oom();
    while (path.len && path.data[0] == '/')
        path = str_make(path.data + 1, path.len - 1);
    o->base.ops = &remote_object_ops;
    o->store = r;
    o->key = strndup(path.data ? path.data : "", path.len);
    o->head = malloc(HEAD_BYTES);
    if (!o->key || !o->head || asprintf(&o->base.path, "%s/%s", r->base.root, o->key) < 0) {
        o->base.path = NULL;
        remote_close(&o->base);
        return err_oom();
    }
    o->opening = (struct http_call){.into = o->head, .room = HEAD_BYTES};
    *out = o;
    return NULL;
}

/* What the answer to head_request says. */
static struct err *take_head(struct remote_object *o)
{
    const struct http_call *call = &o->opening;
    if (call->status == 416) {
        o->base.size_bytes = 0;
        return NULL;
    }
    o->base.size_bytes = call->total_bytes >= 0 ? call->total_bytes : (int64_t)call->received;
    int64_t want = o->base.size_bytes < HEAD_BYTES ? o->base.size_bytes : HEAD_BYTES;
    if ((int64_t)call->received != want)
        return err_new("58030", "the store gave %zu bytes of \"%s\" instead of %lld",
                       call->received, o->base.path, (long long)want);
    o->head_end = want;
    snprintf(o->etag, sizeof(o->etag), "%s", call->etag);
    return NULL;
}

static struct remote_object *take_expected(struct remote *r, const char *key)
{
    pthread_mutex_lock(&r->mu);
    struct remote_object **p = &r->expected;
    while (*p && strcmp((*p)->key, key) != 0)
        p = &(*p)->next;
    struct remote_object *o = *p;
    if (o) {
        *p = o->next;
        r->expected_count--;
    }
    pthread_mutex_unlock(&r->mu);
    return o;
}

struct err *remote_open(struct lake_store *store, struct str path, struct lake_object **out)
{
    struct remote *r = (struct remote *)store;
    struct remote_object *o;
    TRY(new_object(r, path, &o));
    struct err *e = NULL;
    struct remote_object *expected = take_expected(r, o->key);
    if (expected) {
        remote_close(&o->base);
        o = expected;
        e = http_wait(&o->opening);
    }
    if (!e && !(expected && remote_ok(&o->opening))) {
        struct remote_request q = head_request(o);
        e = remote_run(r, &q, &o->opening);
    }
    if (!e)
        e = take_head(o);
    remote_clear(&o->opening);
    if (e) {
        remote_close(&o->base);
        return e;
    }
    *out = &o->base;
    return NULL;
}

/* ---- expecting to open ---- */

static void give_up(struct remote_object *o)
{
    http_abort(&o->opening);
    remote_clear(&o->opening);
    remote_close(&o->base);
}

void remote_forget_expected(struct remote *r)
{
    while (r->expected) {
        struct remote_object *o = r->expected;
        r->expected = o->next;
        give_up(o);
    }
}

static bool is_expected(struct remote *r, const char *key, bool *full)
{
    pthread_mutex_lock(&r->mu);
    struct remote_object *o = r->expected;
    while (o && strcmp(o->key, key) != 0)
        o = o->next;
    *full = r->expected_count >= MAX_EXPECTED;
    pthread_mutex_unlock(&r->mu);
    return o != NULL;
}

/* A hint: what goes wrong is left to who opens it. */
void remote_expect(struct lake_store *store, struct str path)
{
    struct remote *r = (struct remote *)store;
    struct remote_object *o;
    bool full;
    struct err *e = new_object(r, path, &o);
    if (e) {
        err_free(e);
        return;
    }
    struct remote_request q = head_request(o);
    if (!is_expected(r, o->key, &full) && !full) {
        e = remote_start(r, &q, &o->opening);
        if (!e) {
            pthread_mutex_lock(&r->mu);
            o->next = r->expected;
            r->expected = o;
            r->expected_count++;
            pthread_mutex_unlock(&r->mu);
            return;
        }
        err_free(e);
        remote_clear(&o->opening);
    }
    remote_close(&o->base);
}

/* ---- reading ---- */

static struct remote_request range_request(const struct remote_object *o, int64_t begin,
                                           int64_t end)
{
    return (struct remote_request){
        .key = str_from(o->key), .begin = begin, .end = end, .etag = o->etag};
}

static struct err *check_length(const struct remote_object *o, const struct http_call *call,
                                size_t len)
{
    if (call->received == len)
        return NULL;
    return err_new("58030", "the store gave %zu bytes of \"%s\" instead of %zu", call->received,
                   o->base.path, len);
}

/* One request, `call` may have been tried before. */
static struct err *run_range(struct remote_object *o, struct http_call *call, int64_t offset,
                             void *out, size_t len)
{
    struct remote_request q = range_request(o, offset, offset + (int64_t)len);
    call->into = out;
    call->room = len;
    TRY(remote_run(o->store, &q, call));
    return check_length(o, call, len);
}

static size_t part_len(size_t len, size_t i)
{
    size_t left = len - i * PART_BYTES;
    return left < PART_BYTES ? left : PART_BYTES;
}

/* Up to MAX_PARTS parts at once. */
static struct err *read_parts(struct remote_object *o, struct http_call *calls, int64_t offset,
                              uint8_t *out, size_t len)
{
    size_t count = (len + PART_BYTES - 1) / PART_BYTES;
    size_t started = 0;
    struct err *e = NULL;
    for (; started < count && !e; started++) {
        int64_t begin = offset + (int64_t)(started * PART_BYTES);
        struct remote_request q = range_request(o, begin, begin + (int64_t)part_len(len, started));
        calls[started] =
            (struct http_call){.into = out + started * PART_BYTES, .room = part_len(len, started)};
        e = remote_start(o->store, &q, &calls[started]);
        if (e) {
            remote_clear(&calls[started]);
            break;
        }
    }
    for (size_t i = 0; i < started; i++) {
        size_t at = i * PART_BYTES;
        if (e)
            http_abort(&calls[i]);
        else
            e = http_wait(&calls[i]);
        if (!e && !remote_ok(&calls[i]))
            e = run_range(o, &calls[i], offset + (int64_t)at, out + at, part_len(len, i));
        else if (!e)
            e = check_length(o, &calls[i], part_len(len, i));
        remote_clear(&calls[i]);
    }
    return e;
}

static struct err *fetch(struct remote_object *o, int64_t offset, uint8_t *out, size_t len)
{
    struct err *e = NULL;
    if (len <= PART_BYTES) {
        struct http_call call = {0};
        e = run_range(o, &call, offset, out, len);
        remote_clear(&call);
        return e;
    }
    struct http_call *calls = calloc(MAX_PARTS, sizeof(*calls));
    if (!calls)
        return err_oom();
    while (len && !e) {
        size_t n = len < (size_t)MAX_PARTS * PART_BYTES ? len : (size_t)MAX_PARTS * PART_BYTES;
        e = read_parts(o, calls, offset, out, n);
        offset += (int64_t)n;
        out += n;
        len -= n;
    }
    free(calls);
    return e;
}

/* Fetches the end of the object, if the read lies in it. */
static struct err *read_tail(struct remote_object *o, int64_t offset)
{
    int64_t begin = o->base.size_bytes - TAIL_BYTES;
    if (o->tail || offset < begin)
        return NULL;
    if (begin < o->head_end)
        begin = o->head_end;
    size_t len = (size_t)(o->base.size_bytes - begin);
    uint8_t *tail = malloc(len);
    if (!tail)
        return err_oom();
    struct err *e = fetch(o, begin, tail, len);
    if (e) {
        free(tail);
        return e;
    }
    o->tail = tail;
    o->tail_begin = begin;
    return NULL;
}

/* Takes from the block what it has; one that is used up goes. */
static struct err *read_ahead(struct remote_object *o, struct ahead **link, int64_t offset,
                              uint8_t *out, size_t len, size_t *taken)
{
    struct ahead *a = *link;
    size_t size = (size_t)(a->end - a->begin);
    size_t n = (size_t)(a->end - offset);
    if (!a->ready) {
        TRY(http_wait(&a->call));
        struct err *e = remote_ok(&a->call) ? check_length(o, &a->call, size)
                                            : run_range(o, &a->call, a->begin, a->data, size);
        TRY(e);
        remote_clear(&a->call);
        a->ready = true;
    }
    n = n < len ? n : len;
    memcpy(out, a->data + (offset - a->begin), n);
    a->unread -= n < a->unread ? n : a->unread;
    if (!a->unread) {
        *link = a->next;
        free_ahead(o, a);
    }
    *taken = n;
    return NULL;
}

/* The block with the offset; else *gap is where the next one begins. */
static struct ahead **find_ahead(struct remote_object *o, int64_t offset, int64_t *gap)
{
    *gap = o->base.size_bytes;
    for (struct ahead **p = &o->aheads; *p; p = &(*p)->next) {
        if (offset >= (*p)->begin && offset < (*p)->end)
            return p;
        if ((*p)->begin > offset && (*p)->begin < *gap)
            *gap = (*p)->begin;
    }
    return NULL;
}

static struct err *remote_read(struct lake_object *object, int64_t offset, void *out, size_t len)
{
    struct remote_object *o = (struct remote_object *)object;
    uint8_t *to = out;
    while (len) {
        int64_t gap;
        size_t n = len;
        struct ahead **link = find_ahead(o, offset, &gap);
        if (offset < o->head_end) {
            n = n < (size_t)(o->head_end - offset) ? n : (size_t)(o->head_end - offset);
            memcpy(to, o->head + offset, n);
        } else if (link) {
            TRY(read_ahead(o, link, offset, to, len, &n));
        } else {
            TRY(read_tail(o, offset));
            if (o->tail && offset >= o->tail_begin) {
                memcpy(to, o->tail + (offset - o->tail_begin), n);
            } else {
                n = n < (size_t)(gap - offset) ? n : (size_t)(gap - offset);
                TRY(fetch(o, offset, to, n));
            }
        }
        to += n;
        offset += (int64_t)n;
        len -= n;
    }
    return NULL;
}

/* Gives up the oldest blocks that are there: what nobody read of them is of columns that nobody
 * wants. */
static bool make_room(struct remote_object *o, size_t len)
{
    while (o->ahead_bytes + len > AHEAD_LIMIT) {
        struct ahead **oldest = NULL;
        for (struct ahead **p = &o->aheads; *p; p = &(*p)->next)
            if ((*p)->ready)
                oldest = p;
        if (!oldest)
            return false;
        struct ahead *a = *oldest;
        *oldest = a->next;
        free_ahead(o, a);
    }
    return true;
}

/* Keeps up to AHEAD_BYTES from `offset` on under way. */
static void remote_will_read(struct lake_object *object, int64_t offset, int64_t end)
{
    struct remote_object *o = (struct remote_object *)object;
    int64_t gap, stop = offset + AHEAD_BYTES / 2;
    struct ahead **link;
    if (end > o->base.size_bytes)
        end = o->base.size_bytes;
    if (offset < o->head_end)
        offset = o->head_end;
    while ((link = find_ahead(o, offset, &gap)))
        offset = (*link)->end;
    /* A block is asked for when half of one is left. */
    if (offset >= stop || offset >= end || (o->tail && offset >= o->tail_begin))
        return;
    int64_t to = offset + AHEAD_BYTES;
    to = to < end ? to : end;
    if (to < offset + AHEAD_LEAST)
        to = offset + AHEAD_LEAST;
    to = to < gap ? to : gap;
    size_t len = (size_t)(to - offset);
    if (!make_room(o, len))
        return;
    struct ahead *a = calloc(1, sizeof(*a));
    if (!a || !(a->data = malloc(len))) {
        free(a);
        return;
    }
    struct remote_request q = range_request(o, offset, to);
    a->begin = offset;
    a->end = to;
    a->unread = len;
    a->call = (struct http_call){.into = a->data, .room = len};
    struct err *e = remote_start(o->store, &q, &a->call);
    if (e) {
        err_free(e);
        remote_clear(&a->call);
        free(a->data);
        free(a);
        return;
    }
    a->next = o->aheads;
    o->aheads = a;
    o->ahead_bytes += len;
}
