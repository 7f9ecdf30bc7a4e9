/* Connections that have not been admitted: silent ones, and those that are logging in. Each worker
 * has its own list, the oldest first, which only its loop and its fibers touch; nothing here
 * yields.
 *
 * They do not count for max_connections, since whoever reaches the port can open them. What they
 * may take is bounded all the same: by the descriptors that the limit of the process leaves beside
 * max_connections. One more pushes the oldest out, so that a flood of them delays nobody who logs
 * in at once; authentication_timeout ends them all. */
#include "server/server_internal.h"

#include "rt/conn.h"

#include <sys/resource.h>

enum { MOST_NEWCOMERS = 20000, LEAST_NEWCOMERS = 64, OTHER_FILES = 256 };

static __thread struct backend *oldest;
static __thread struct backend *newest;
static __thread int64_t count;
static int64_t limit; /* of a worker; set before the server listens */

void newcomers_start(const struct runtime *rt)
{
    struct rlimit files = {.rlim_cur = LEAST_NEWCOMERS, .rlim_max = LEAST_NEWCOMERS};
    int64_t sessions = setting_int(server_setting_named("max_connections"));
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    getrlimit(RLIMIT_NOFILE, &files);
    int64_t room = files.rlim_cur > INT32_MAX ? INT32_MAX : (int64_t)files.rlim_cur;
    room -= sessions + OTHER_FILES;
    room = room > MOST_NEWCOMERS ? MOST_NEWCOMERS : room;
    room = room < LEAST_NEWCOMERS ? LEAST_NEWCOMERS : room;
    limit = room / runtime_worker_count(rt) + 1;
}

static void push_out(struct backend *b)
{
    if (!b->running) {
        session_close(b);
        return;
    }
    newcomer_remove(b);
    b->pushed_out = true;
    cancel_set(&b->cancel, CANCEL_TERMINATE);
}

void newcomer_add(struct backend *b)
{
    b->newcomer = true;
    b->next = NULL;
    b->previous = newest;
    if (newest)
        newest->next = b;
    else
        oldest = b;
    newest = b;
    if (++count > limit)
        push_out(oldest);
}

void newcomer_remove(struct backend *b)
{
    if (!b->newcomer)
        return;
    b->newcomer = false;
    if (b->previous)
        b->previous->next = b->next;
    else
        oldest = b->next;
    if (b->next)
        b->next->previous = b->previous;
    else
        newest = b->previous;
    b->next = b->previous = NULL;
    count--;
}

static void terminate(struct conn *c, void *arg)
{
    struct backend *b = conn_user(c);
    (void)arg;
    if (!b || b->base.pid)
        return;
    if (b->running)
        cancel_set(&b->cancel, CANCEL_TERMINATE);
    else
        session_close(b);
}

void newcomers_terminate_all(struct runtime *rt)
{
    runtime_each_conn(rt, terminate, NULL);
}
