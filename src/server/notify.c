/* LISTEN, NOTIFY, UNLISTEN.
 *
 * What a transaction asks for waits in its session's list, which a savepoint's rollback shortens.
 * At commit, under the commit mutex, its notifications become a batch at the end of the queue; once
 * the commit is durable the batch is ready, and ready batches leave the queue from its head into
 * the inboxes of the sessions that listen: so they arrive in commit order, and none before a
 * snapshot shows what it tells of. A session empties its inbox when it is idle outside a
 * transaction; one that rests is woken on its worker. */
#include "server/server_internal.h"

#include <pg_query/pg_query.pb-c.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    PAYLOAD_LIMIT = 8000,
    CHANNEL_LIMIT = 64,
    QUEUE_LIMIT_BYTES = 256 * 1024 * 1024,
};

enum action { LISTEN, UNLISTEN, UNLISTEN_ALL, NOTIFY };

struct request {
    enum action action;
    char *channel;
    char *payload;
};

struct note {
    struct note *next;
    int32_t pid; /* of the sender */
    size_t size_bytes;
    const char *payload; /* in `channel`'s memory */
    char channel[];
};

struct batch {
    struct batch *next;
    uint32_t db;
    bool ready;
    struct note *first;
    struct note *last;
};

/* Of a session that has ever listened or notified. */
struct notify {
    struct backend *session;
    struct request *requests; /* of the transaction */
    size_t count;
    size_t cap;
    struct batch *batch; /* of the transaction, when it commits */
    /* Guarded by mu. */
    struct notify *next_listener;
    char **channels;
    size_t channel_count;
    struct note *first;
    struct note *last;
};

static pthread_mutex_t mu = PTHREAD_MUTEX_INITIALIZER;
static struct notify *listeners; /* guarded by mu, as the rest */
static struct batch *head;
static struct batch *tail;
static size_t waiting_bytes; /* in batches and inboxes */

static struct notify *state_of(struct backend *b)
{
    if (!b->notify) {
        b->notify = calloc(1, sizeof(*b->notify));
        CHECK(b->notify != NULL);
        b->notify->session = b;
    }
    return b->notify;
}

/* ---- in the transaction ---- */

static void request_done(struct request *r)
{
    free(r->channel);
    free(r->payload);
}

static struct err *request_add(struct backend *b, enum action action, struct str channel,
                               struct str payload)
{
    struct notify *n = state_of(b);
    if (n->count == n->cap) {
        size_t cap = n->cap ? n->cap * 2 : 8;
        struct request *grown = realloc(n->requests, sizeof(*grown) * cap);
        if (!grown)
            return err_oom();
        n->requests = grown;
        n->cap = cap;
    }
    struct request r = {action, strndup(channel.data, channel.len),
                        strndup(payload.data, payload.len)};
    if (!r.channel || !r.payload) {
        request_done(&r);
        return err_oom();
    }
    n->requests[n->count++] = r;
    return NULL;
}

static bool requested(const struct notify *n, struct str channel, struct str payload)
{
    for (size_t i = 0; n && i < n->count; i++) {
        const struct request *r = &n->requests[i];
        if (r->action == NOTIFY && str_eq_c(channel, r->channel) && str_eq_c(payload, r->payload))
            return true;
    }
    return false;
}

struct err *notify_send(struct session *s, struct str channel, struct str payload)
{
    struct backend *b = backend_of(s);
    if (!channel.len)
        return err_new("22023", "channel name cannot be empty");
    if (channel.len >= CHANNEL_LIMIT)
        return err_new("22023", "channel name too long");
    if (payload.len >= PAYLOAD_LIMIT)
        return err_new("22023", "payload string too long");
    if (requested(b->notify, channel, payload))
        return NULL;
    return request_add(b, NOTIFY, channel, payload);
}

size_t notify_mark(const struct backend *b)
{
    return b->notify ? b->notify->count : 0;
}

void notify_rollback(struct backend *b, size_t mark)
{
    while (b->notify && b->notify->count > mark)
        request_done(&b->notify->requests[--b->notify->count]);
}

/* ---- commit ---- */

static struct note *note_new(const struct request *r, int32_t pid)
{
    size_t channel_bytes = strlen(r->channel) + 1;
    size_t payload_bytes = strlen(r->payload) + 1;
    struct note *n = malloc(sizeof(*n) + channel_bytes + payload_bytes);
    if (!n)
        return NULL;
    *n = (struct note){.pid = pid, .size_bytes = sizeof(*n) + channel_bytes + payload_bytes};
    memcpy(n->channel, r->channel, channel_bytes);
    memcpy(n->channel + channel_bytes, r->payload, payload_bytes);
    n->payload = n->channel + channel_bytes;
    return n;
}

static void append(struct note **first, struct note **last, struct note *n)
{
    n->next = NULL;
    if (*first)
        (*last)->next = n;
    else
        *first = n;
    *last = n;
}

static void batch_free(struct batch *t)
{
    while (t && t->first) {
        struct note *n = t->first;
        t->first = n->next;
        free(n);
    }
    free(t);
}

static struct err *make_batch(struct backend *b, struct batch **out)
{
    struct batch *t = NULL;
    const struct notify *n = b->notify;
    for (size_t i = 0; i < n->count; i++) {
        if (n->requests[i].action != NOTIFY)
            continue;
        if (!t)
            t = calloc(1, sizeof(*t));
        struct note *note = t ? note_new(&n->requests[i], b->base.pid) : NULL;
        if (!note) {
            batch_free(t);
            return err_oom();
        }
        append(&t->first, &t->last, note);
    }
    if (t)
        t->db = b->base.cat.db;
    *out = t;
    return NULL;
}

/* Under the commit mutex. */
static void enqueue(void *arg, uint64_t csn)
{
    struct notify *n = arg;
    (void)csn;
    pthread_mutex_lock(&mu);
    if (head)
        tail->next = n->batch;
    else
        head = n->batch;
    tail = n->batch;
    for (const struct note *note = n->batch->first; note; note = note->next)
        waiting_bytes += note->size_bytes;
    pthread_mutex_unlock(&mu);
}

static void discard(void *arg)
{
    struct notify *n = arg;
    batch_free(n->batch);
    n->batch = NULL;
}

struct err *notify_pre_commit(struct backend *b)
{
    struct notify *n = b->notify;
    if (!n || !n->count)
        return NULL;
    TRY(make_batch(b, &n->batch));
    if (!n->batch)
        return NULL;
    pthread_mutex_lock(&mu);
    bool full = waiting_bytes > QUEUE_LIMIT_BYTES;
    pthread_mutex_unlock(&mu);
    struct err *e =
        full ? err_new("54000", "too many notifications in the NOTIFY queue") : xact_open(b);
    if (e)
        discard(n);
    else
        txn_on_commit(b->base.cat.txn, enqueue, discard, n);
    return e;
}

static bool listens_locked(const struct notify *n, const char *channel)
{
    for (size_t i = 0; i < n->channel_count; i++)
        if (strcmp(n->channels[i], channel) == 0)
            return true;
    return false;
}

static void listen_locked(struct notify *n, const char *channel)
{
    if (listens_locked(n, channel))
        return;
    char **grown = realloc(n->channels, sizeof(*grown) * (n->channel_count + 1));
    char *copy = strdup(channel);
    CHECK(grown != NULL && copy != NULL);
    n->channels = grown;
    if (!n->channel_count) {
        n->next_listener = listeners;
        listeners = n;
    }
    n->channels[n->channel_count++] = copy;
}

static void leave_locked(struct notify *n)
{
    struct notify **link = &listeners;
    while (*link != n)
        link = &(*link)->next_listener;
    *link = n->next_listener;
}

/* `channel` NULL: all. */
static void unlisten_locked(struct notify *n, const char *channel)
{
    size_t kept = 0;
    bool listened = n->channel_count > 0;
    for (size_t i = 0; i < n->channel_count; i++) {
        if (channel && strcmp(n->channels[i], channel) != 0)
            n->channels[kept++] = n->channels[i];
        else
            free(n->channels[i]);
    }
    n->channel_count = kept;
    if (listened && !kept)
        leave_locked(n);
}

static void deliver_locked(const struct batch *t)
{
    for (struct notify *n = listeners; n; n = n->next_listener) {
        bool any = false;
        for (const struct note *note = t->first; note; note = note->next) {
            if (n->session->base.cat.db != t->db || !listens_locked(n, note->channel))
                continue;
            struct note *copy = malloc(note->size_bytes);
            CHECK(copy != NULL);
            memcpy(copy, note, note->size_bytes);
            copy->payload = copy->channel + (note->payload - note->channel);
            append(&n->first, &n->last, copy);
            waiting_bytes += copy->size_bytes;
            any = true;
        }
        if (any)
            registry_wake(n->session);
    }
}

static void deliver_ready_locked(void)
{
    while (head && head->ready) {
        struct batch *t = head;
        head = t->next;
        deliver_locked(t);
        for (const struct note *note = t->first; note; note = note->next)
            waiting_bytes -= note->size_bytes;
        batch_free(t);
    }
}

void notify_commit(struct backend *b)
{
    struct notify *n = b->notify;
    if (!n || !n->count)
        return;
    pthread_mutex_lock(&mu);
    for (size_t i = 0; i < n->count; i++) {
        const struct request *r = &n->requests[i];
        if (r->action == LISTEN)
            listen_locked(n, r->channel);
        else if (r->action != NOTIFY)
            unlisten_locked(n, r->action == UNLISTEN_ALL ? NULL : r->channel);
    }
    if (n->batch)
        n->batch->ready = true;
    n->batch = NULL; /* the queue's now */
    deliver_ready_locked();
    pthread_mutex_unlock(&mu);
    notify_rollback(b, 0);
}

/* ---- to the client ---- */

static void take_inbox(struct notify *n, struct note **first)
{
    pthread_mutex_lock(&mu);
    *first = n->first;
    for (const struct note *note = n->first; note; note = note->next)
        waiting_bytes -= note->size_bytes;
    n->first = n->last = NULL;
    pthread_mutex_unlock(&mu);
}

bool notify_waits(struct backend *b)
{
    if (!b->notify || b->xact.state != XACT_NONE || b->skip_to_sync)
        return false;
    pthread_mutex_lock(&mu);
    bool any = b->notify->first != NULL;
    pthread_mutex_unlock(&mu);
    return any;
}

void notify_deliver(struct backend *b)
{
    struct note *first;
    if (!b->notify || b->xact.state != XACT_NONE)
        return;
    take_inbox(b->notify, &first);
    while (first) {
        struct note *n = first;
        first = n->next;
        size_t at = backend_out(b)->len;
        wire_notification(backend_out(b), n->pid, n->channel, n->payload);
        backend_message_to_client(b, at, sizeof(n->pid));
        free(n);
    }
}

/* ---- statements, functions, the session's end ---- */

struct err *run_listen(struct backend *b, struct run *r)
{
    const PgQuery__Node *tree = r->raw->tree;
    const char *name;
    switch (tree->node_case) {
    case PG_QUERY__NODE__NODE_LISTEN_STMT:
        snprintf(r->tag, sizeof(r->tag), "LISTEN");
        return request_add(b, LISTEN, str_from(tree->listen_stmt->conditionname), STR(""));
    case PG_QUERY__NODE__NODE_UNLISTEN_STMT:
        snprintf(r->tag, sizeof(r->tag), "UNLISTEN");
        name = tree->unlisten_stmt->conditionname;
        return request_add(b, name && *name ? UNLISTEN : UNLISTEN_ALL, str_from(name ? name : ""),
                           STR(""));
    default:
        snprintf(r->tag, sizeof(r->tag), "NOTIFY");
        name = tree->notify_stmt->payload;
        return notify_send(&b->base, str_from(tree->notify_stmt->conditionname),
                           str_from(name ? name : ""));
    }
}

void notify_channels(struct session *s, void (*visit)(void *arg, const char *channel), void *arg)
{
    const struct notify *n = backend_of(s)->notify;
    pthread_mutex_lock(&mu);
    for (size_t i = 0; n && i < n->channel_count; i++)
        visit(arg, n->channels[i]);
    pthread_mutex_unlock(&mu);
}

double notify_queue_usage(void)
{
    pthread_mutex_lock(&mu);
    double usage = (double)waiting_bytes / QUEUE_LIMIT_BYTES;
    pthread_mutex_unlock(&mu);
    return usage;
}

void notify_unlisten_all(struct backend *b)
{
    if (!b->notify)
        return;
    pthread_mutex_lock(&mu);
    unlisten_locked(b->notify, NULL);
    pthread_mutex_unlock(&mu);
}

void notify_free(struct backend *b)
{
    struct note *first;
    if (!b->notify)
        return;
    notify_unlisten_all(b);
    take_inbox(b->notify, &first);
    while (first) {
        struct note *next = first->next;
        free(first);
        first = next;
    }
    notify_rollback(b, 0);
    free(b->notify->channels);
    free(b->notify->requests);
    free(b->notify);
    b->notify = NULL;
}
