/* The sessions of the server: numbers, cancel requests, signals, listing. One mutex, held briefly
 * and never across a yield; a session is in the list from its admission to its end, so whoever
 * holds the mutex may touch its cancel token and its activity. */
#include "server/server_internal.h"

#include "base/clock.h"
#include "rt/fiber.h"
#include "rt/runtime.h"
#include "rt/tls.h"

#include <pthread.h>
#include <stdlib.h>

static pthread_mutex_t mu = PTHREAD_MUTEX_INITIALIZER;
static struct backend *first; /* guarded by mu */
static int count;             /* guarded by mu */
static int32_t last_pid;      /* guarded by mu */
static bool shutting_down;    /* guarded by mu */

static void add_locked(struct backend *b)
{
    last_pid = last_pid == INT32_MAX ? 1 : last_pid + 1;
    b->base.pid = last_pid;
    b->admitted_role = b->login_role;
    b->admitted_db = b->base.cat.db;
    b->previous = NULL;
    b->next = first;
    if (first)
        first->previous = b;
    first = b;
    count++;
    if (shutting_down)
        cancel_set(&b->cancel, CANCEL_TERMINATE);
}

static enum admission judge_locked(const struct backend *b, int role_limit, int db_limit)
{
    int64_t room = setting_int(server_setting_named("max_connections")) - count;
    int64_t reserved = setting_int(server_setting_named("superuser_reserved_connections"));
    int of_role = 1;
    int of_db = 1;
    for (const struct backend *o = first; o; o = o->next) {
        of_role += o->admitted_role == b->login_role;
        of_db += o->admitted_db == b->base.cat.db;
    }
    if (room <= 0)
        return ADMIT_FULL;
    if (role_limit >= 0 && of_role > role_limit)
        return ADMIT_ROLE_FULL;
    if (!b->login_superuser && room <= reserved)
        return ADMIT_RESERVED;
    return db_limit >= 0 && of_db > db_limit ? ADMIT_DATABASE_FULL : ADMITTED;
}

enum admission registry_admit(struct backend *b, int role_limit, int db_limit)
{
    random_bytes(&b->secret, sizeof(b->secret));
    newcomer_remove(b);
    pthread_mutex_lock(&mu);
    enum admission a = judge_locked(b, role_limit, db_limit);
    if (a == ADMITTED)
        add_locked(b);
    pthread_mutex_unlock(&mu);
    return a;
}

void registry_remove(struct backend *b)
{
    if (!b->base.pid)
        return;
    pthread_mutex_lock(&mu);
    if (b->previous)
        b->previous->next = b->next;
    else
        first = b->next;
    if (b->next)
        b->next->previous = b->previous;
    count--;
    pthread_mutex_unlock(&mu);
    b->base.pid = 0;
}

static struct backend *find_locked(int32_t pid)
{
    struct backend *b = first;
    while (b && b->base.pid != pid)
        b = b->next;
    return b;
}

void registry_cancel(int32_t pid, uint32_t secret)
{
    pthread_mutex_lock(&mu);
    struct backend *b = find_locked(pid);
    if (b && b->secret == secret)
        cancel_set(&b->cancel, CANCEL_USER);
    pthread_mutex_unlock(&mu);
}

/* On the session's worker: it cannot go away meanwhile. */
static void wake_resting(void *arg)
{
    int32_t pid = (int32_t)(intptr_t)arg;
    pthread_mutex_lock(&mu);
    struct backend *b = find_locked(pid);
    bool mine = b && b->worker == worker_current();
    pthread_mutex_unlock(&mu);
    if (mine)
        session_wake(b);
}

/* The timers of a transaction block go on. */
static void wake_idle(void *arg)
{
    int32_t pid = (int32_t)(intptr_t)arg;
    pthread_mutex_lock(&mu);
    struct backend *b = find_locked(pid);
    bool mine = b && b->worker == worker_current();
    pthread_mutex_unlock(&mu);
    if (mine && !b->running && b->xact.state == XACT_NONE)
        session_wake(b);
}

void registry_wake(const struct backend *b)
{
    worker_post(b->worker, wake_idle, (void *)(intptr_t)b->base.pid);
}

static void terminate_locked(struct backend *b)
{
    cancel_set(&b->cancel, CANCEL_TERMINATE);
    worker_post(b->worker, wake_resting, (void *)(intptr_t)b->base.pid);
}

bool registry_signal(int32_t pid, bool terminate)
{
    pthread_mutex_lock(&mu);
    struct backend *b = find_locked(pid);
    if (b && terminate)
        terminate_locked(b);
    else if (b)
        cancel_set(&b->cancel, CANCEL_USER);
    pthread_mutex_unlock(&mu);
    return b != NULL;
}

void sessions_terminate_all(void)
{
    pthread_mutex_lock(&mu);
    shutting_down = true;
    for (struct backend *b = first; b; b = b->next)
        terminate_locked(b);
    pthread_mutex_unlock(&mu);
}

void registry_each(void (*visit)(void *arg, const struct session_info *info), void *arg)
{
    struct activity *copy = malloc(sizeof(*copy));
    CHECK(copy != NULL);
    pthread_mutex_lock(&mu);
    for (struct backend *b = first; b; b = b->next) {
        if (!b->started)
            continue;
        while (atomic_flag_test_and_set_explicit(&b->activity.lock, memory_order_acquire))
            ;
        copy->state = b->activity.state;
        copy->xact_start = b->activity.xact_start;
        copy->lxid = b->activity.lxid;
        copy->query_start = b->activity.query_start;
        copy->state_change = b->activity.state_change;
        memcpy(copy->application_name, b->activity.application_name,
               sizeof(copy->application_name));
        memcpy(copy->query, b->activity.query, sizeof(copy->query));
        atomic_flag_clear_explicit(&b->activity.lock, memory_order_release);
        struct session_info info = {
            .pid = b->base.pid,
            .db = b->base.cat.db,
            .db_name = b->database,
            .user_name = b->user,
            .application_name = copy->application_name,
            .client_addr = b->base.client_addr,
            .client_port = b->base.client_port,
            .backend_start = b->base.backend_start,
            .xact_start = copy->xact_start,
            .query_start = copy->query_start,
            .state_change = copy->state_change,
            .state = copy->state,
            .query = copy->query,
            .role = b->base.session_role,
            .lxid = copy->lxid,
            .xid = atomic_load_explicit(&b->activity.xid, memory_order_relaxed),
        };
        if (b->conn) {
            const struct tls_info *tls = conn_tls_info(b->conn);
            info.tls_version = tls->version;
            info.tls_cipher = tls->cipher;
            info.tls_bits = tls->bits;
            info.client_dn = tls->client_dn;
            info.client_serial = tls->client_serial;
            info.issuer_dn = tls->issuer_dn;
        }
        visit(arg, &info);
    }
    pthread_mutex_unlock(&mu);
    free(copy);
}
