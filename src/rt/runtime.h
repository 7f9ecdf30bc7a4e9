/* The runtime: worker threads with a loop each, the pool, and the main thread's loop with the
 * listeners and the signals. One runtime a process.
 *
 *   runtime_new -> runtime_listen... -> runtime_run (until a signal or runtime_stop)
 *     -> the server cancels its sessions -> runtime_drain -> runtime_free
 */
#ifndef TARN_RT_RUNTIME_H
#define TARN_RT_RUNTIME_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct runtime;
struct worker;
struct conn_handler;

struct runtime_config {
    int workers;        /* 0: one a core */
    int pool_threads;   /* at most; started when needed; 0: 8 */
    size_t stack_bytes; /* of a fiber; 0: 256 KiB */
    /* On the main thread; may be NULL. SIGHUP only: SIGTERM and SIGINT end runtime_run. */
    void (*on_reload)(void *arg);
    void *arg;
};

/* Starts the threads. Ignores SIGPIPE. */
struct err *runtime_new(const struct runtime_config *config, struct runtime **out) MUST_CHECK;
/* Listens on a comma-separated list of addresses ("*": all, "localhost,10.0.0.1"). Port 0 picks
 * one. Before or during runtime_run, on the main thread. `*bound_port` may be NULL. */
struct err *runtime_listen(struct runtime *rt, const char *addresses, uint16_t port,
                           const struct conn_handler *handler, void *handler_arg,
                           uint16_t *bound_port) MUST_CHECK;
/* Listens on the Unix-domain socket `directory`/.s.PGSQL.`port`, with PostgreSQL's lock file beside
 * it; both go away with the listener. Errors: F0001 when a living process has the lock, 22023 path
 * too long, those of the file system. On the main thread. */
struct err *runtime_listen_unix(struct runtime *rt, const char *directory, uint16_t port,
                                const struct conn_handler *handler, void *handler_arg) MUST_CHECK;
/* The main loop. Returns after SIGTERM, SIGINT (with its number) or runtime_stop (0); the listeners
 * are closed then, connections and fibers live on. */
int runtime_run(struct runtime *rt);
/* Any thread. */
void runtime_stop(struct runtime *rt);
/* Waits until no connection and no fiber is left; false at the timeout. Plain threads only. */
bool runtime_drain(struct runtime *rt, int64_t timeout_ms);
/* Stops and joins all threads; connections left over are closed. No fiber may be left: drain
 * first. NULL is fine. */
void runtime_free(struct runtime *rt);

int runtime_worker_count(const struct runtime *rt);
struct worker *runtime_worker(struct runtime *rt, int index);
/* Connections open now. Any thread. */
int64_t runtime_conn_count(const struct runtime *rt);

int worker_index(const struct worker *w);
struct runtime *worker_runtime(const struct worker *w);
/* Runs fn(arg) on the worker's loop (not in a fiber; it must not wait). Any thread; in order for
 * one sender. */
void worker_post(struct worker *w, void (*fn)(void *arg), void *arg);
/* Starts fn(arg) in a fiber of the worker. Any thread. */
void worker_post_fiber(struct worker *w, void (*fn)(void *arg), void *arg);

/* Timers of a worker: used on its thread alone, called in its loop (not in a fiber). */
struct timer {
    int64_t deadline_ns; /* on clock_mono_ns() */
    void (*fn)(struct timer *t);
    uint32_t heap_index; /* 0: not set */
};
/* Sets or moves; zero-initialise the struct before. It is one-shot. */
void timer_set(struct worker *w, struct timer *t, int64_t deadline_ns, void (*fn)(struct timer *));
void timer_cancel(struct worker *w, struct timer *t); /* fine when not set */

#endif
