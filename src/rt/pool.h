/* Plain threads for work that blocks or computes long. */
#ifndef TARN_RT_POOL_H
#define TARN_RT_POOL_H

#include "base/err.h"
#include "rt/wait.h"

#include <pthread.h>

/* Runs fn(arg) on a pool thread of the runtime while the calling fiber parks; on a plain thread
 * runs it in place. The job has the fiber's cancel token (check it with fiber_tick); the wait
 * itself is deaf to cancel. MAY YIELD. */
void pool_run(void (*fn)(void *arg), void *arg);

/* The same in two steps, so that the caller can go on meanwhile; a pool thread's job may be run by
 * another one, a different plain thread's is run in place. The job is the caller's memory, and the
 * same fiber (or thread) must wait for it before it goes. pool_wait MAY YIELD. */
struct cancel;
struct pool_job {
    void (*fn)(void *arg);
    void *arg;
    struct cancel *cancel;
    struct wait done;
    struct pool_job *next;
};
void pool_start(struct pool_job *job, void (*fn)(void *arg), void *arg);
void pool_wait(struct pool_job *job);

/* pool_run on a thread that leaves the processors to others while they want them (see nice(2)): for
 * long work that moves much data and that no query waits for. What such a job starts runs on such
 * threads, too. */
void pool_run_background(void (*fn)(void *arg), void *arg);

/* A dedicated thread with all signals blocked. `name` has at most 15 characters. */
struct err *thread_start(pthread_t *out, const char *name, void *(*fn)(void *arg),
                         void *arg) MUST_CHECK;

#endif
