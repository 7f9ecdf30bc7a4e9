/* The pool: see pool.h. Threads are started when a job finds none idle, up to the limit. */
#include "rt/pool.h"

#include "rt/rt_internal.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

struct pool {
    pthread_mutex_t mu;
    pthread_cond_t work;
    struct pool_job *first; /* FIFO; this and the rest guarded by mu */
    struct pool_job *last;
    int max_threads;
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

static void run_job(struct pool_job *job)
{
    struct cancel *before = cancel_use(job->cancel);
    job->fn(job->arg);
    cancel_use(before);
    wait_wake(&job->done); /* the waiter does not look at the list: no lock is needed */
}

static void *pool_main(void *arg)
{
    struct pool *p = arg;
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
        p->first = job->next;
        if (!p->first)
            p->last = NULL;
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

void pool_start(struct pool_job *job, void (*fn)(void *arg), void *arg)
{
    struct fiber *f = fiber_current();
    *job = (struct pool_job){.fn = fn, .arg = arg, .cancel = f ? f->cancel : NULL};
    wait_prepare(&job->done);
    if (f) {
        pool_submit(f->worker->rt->pool, job);
    } else {
        fn(arg);
        wait_wake(&job->done);
    }
}

void pool_wait(struct pool_job *job)
{
    wait_block_always(&job->done);
}

void pool_run(void (*fn)(void *arg), void *arg)
{
    struct pool_job job;
    pool_start(&job, fn, arg);
    pool_wait(&job);
}

struct err *pool_new(int max_threads, struct pool **out)
{
    struct pool *p = calloc(1, sizeof(*p) + sizeof(pthread_t) * (size_t)max_threads);
    if (!p)
        return err_oom();
    pthread_mutex_init(&p->mu, NULL);
    pthread_cond_init(&p->work, NULL);
    p->max_threads = max_threads;
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
