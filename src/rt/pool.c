/* The pools: see pool.h. Threads are started when a job finds none idle, up to the limit.
 *
 * A pool thread that waits for a job which no thread has taken yet runs it by itself. So a job that
 * waits, waits for one that is running, and jobs that start jobs cannot use up the threads. */
#include "rt/pool.h"

#include "rt/rt_internal.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct pool {
    pthread_mutex_t mu;
    pthread_cond_t work;
    struct pool_job *first; /* FIFO; this and the rest guarded by mu */
    struct pool_job *last;
    int max_threads;
    int niceness; /* of its threads, beyond the process's */
    int thread_count;
    int idle_count;
    bool stopping;
    pthread_t threads[];
};

struct thread_start {
    void *(*fn)(void *arg);
    void *arg;
    char name[16];
};

static void *thread_main(void *arg)
{
    struct thread_start start = *(struct thread_start *)arg;
    free(arg);
    pthread_setname_np(pthread_self(), start.name);
    return start.fn(start.arg);
}

struct err *thread_start(pthread_t *out, const char *name, void *(*fn)(void *arg), void *arg)
{
    struct thread_start *start = calloc(1, sizeof(*start));
    if (!start)
        return err_oom();
    start->fn = fn;
    start->arg = arg;
    memcpy(start->name, name, strnlen(name, sizeof(start->name) - 1));
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(out, NULL, thread_main, start);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc != 0) {
        free(start);
        return err_errno(rc, "start thread \"%s\"", name);
    }
    return NULL;
}

static _Thread_local struct pool *own_pool; /* of a pool thread; it runs no fibers */

static void run_job(struct pool_job *job)
{
    struct cancel *before = cancel_use(job->cancel);
    job->fn(job->arg);
    cancel_use(before);
    wait_wake(&job->done); /* the waiter does not look at the list: no lock is needed */
}

static void take_out_locked(struct pool *p, struct pool_job *job, struct pool_job *before)
{
    if (before)
        before->next = job->next;
    else
        p->first = job->next;
    if (p->last == job)
        p->last = before;
}

static void *pool_main(void *arg)
{
    struct pool *p = arg;
    own_pool = p;
    if (p->niceness)
        (void)!nice(p->niceness); /* on Linux of this thread alone; raising it is never refused */
    pthread_mutex_lock(&p->mu);
    for (;;) {
        while (!p->first && !p->stopping) {
            p->idle_count++;
            pthread_cond_wait(&p->work, &p->mu);
            p->idle_count--;
        }
        struct pool_job *job = p->first;
        if (!job)
            break;
        take_out_locked(p, job, NULL);
        pthread_mutex_unlock(&p->mu);
        run_job(job);
        pthread_mutex_lock(&p->mu);
    }
    pthread_mutex_unlock(&p->mu);
    return NULL;
}

static void pool_submit(struct pool *p, struct pool_job *job)
{
    pthread_mutex_lock(&p->mu);
    if (p->last)
        p->last->next = job;
    else
        p->first = job;
    p->last = job;
    if (p->idle_count == 0 && p->thread_count < p->max_threads) {
        struct err *e = thread_start(&p->threads[p->thread_count], "pool", pool_main, p);
        if (!e)
            p->thread_count++;
        CHECK(p->thread_count > 0);
        err_free(e);
    }
    pthread_cond_signal(&p->work);
    pthread_mutex_unlock(&p->mu);
}

static void start_in(struct pool *p, struct pool_job *job, void (*fn)(void *arg), void *arg)
{
    *job = (struct pool_job){.fn = fn, .arg = arg, .cancel = cancel_current()};
    wait_prepare(&job->done);
    if (p) {
        pool_submit(p, job);
    } else {
        fn(arg);
        wait_wake(&job->done);
    }
}

void pool_start(struct pool_job *job, void (*fn)(void *arg), void *arg)
{
    struct fiber *f = fiber_current();
    start_in(f ? f->worker->rt->pool : own_pool, job, fn, arg);
}

/* False: a thread has it, or had it. */
static bool take_back(struct pool *p, const struct pool_job *job)
{
    struct pool_job *before = NULL;
    pthread_mutex_lock(&p->mu);
    struct pool_job *at = p->first;
    while (at && at != job) {
        before = at;
        at = at->next;
    }
    if (at)
        take_out_locked(p, at, before);
    pthread_mutex_unlock(&p->mu);
    return at != NULL;
}

void pool_wait(struct pool_job *job)
{
    if (own_pool && take_back(own_pool, job))
        run_job(job);
    wait_block_always(&job->done);
}

/* NULL: in place. */
static void run_in(struct pool *p, void (*fn)(void *arg), void *arg)
{
    struct pool_job job;
    if (!p) {
        fn(arg);
        return;
    }
    start_in(p, &job, fn, arg);
    pool_wait(&job);
}

void pool_run(void (*fn)(void *arg), void *arg)
{
    struct fiber *f = fiber_current();
    run_in(f ? f->worker->rt->pool : NULL, fn, arg);
}

void pool_run_background(void (*fn)(void *arg), void *arg)
{
    struct fiber *f = fiber_current();
    run_in(f ? f->worker->rt->background : NULL, fn, arg);
}

struct err *pool_new(int max_threads, int niceness, struct pool **out)
{
    struct pool *p = calloc(1, sizeof(*p) + sizeof(pthread_t) * (size_t)max_threads);
    if (!p)
        return err_oom();
    pthread_mutex_init(&p->mu, NULL);
    pthread_cond_init(&p->work, NULL);
    p->max_threads = max_threads;
    p->niceness = niceness;
    *out = p;
    return NULL;
}

void pool_free(struct pool *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->mu);
    p->stopping = true;
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->mu);
    for (int i = 0; i < p->thread_count; i++)
        pthread_join(p->threads[i], NULL);
    pthread_cond_destroy(&p->work);
    pthread_mutex_destroy(&p->mu);
    free(p);
}
