/* What the scheduler of synced tables needs of the server: sessions and fibers. */
#include "server/server_internal.h"

#include "sync/sync.h"

#include <stdatomic.h>

static struct runtime *runtime;
static atomic_uint turn; /* of the workers; relaxed, it guards no data */

static struct err *in_database(struct str database, struct err *(*fn)(struct session *s, void *arg),
                               void *arg)
{
    struct backend *b;
    TRY(backend_internal(database, &b));
    xact_begin(b);
    struct err *e = xact_open(b); /* resolves the search path */
    if (!e)
        e = xact_commit(b);
    else
        xact_rollback(b);
    if (!e)
        e = fn(&b->base, arg);
    backend_free(b);
    return e;
}

static void start(void (*fn)(void *arg), void *arg)
{
    unsigned n = atomic_fetch_add_explicit(&turn, 1, memory_order_relaxed);
    worker_post_fiber(runtime_worker(runtime, (int)(n % (unsigned)runtime_worker_count(runtime))),
                      fn, arg);
}

static int workers(void)
{
    return (int)setting_int(server_setting_named("sync_workers"));
}

void sync_host_start(struct runtime *rt)
{
    static const struct sync_host host = {.in_database = in_database,
                                          .each_database = server_each_database,
                                          .start = start,
                                          .workers = workers};
    runtime = rt;
    sync_start(&host);
}
