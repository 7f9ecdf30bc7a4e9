/* Waits: see wait.h.
 *
 *   PREPARED --park--> PARKED --+--> WOKEN | TIMED_OUT | CANCELLED
 *       +-----------------------+
 *
 * Whoever moves the state to one of the last three decides the outcome, and resumes the waiter if
 * it was parked. After that exchange nobody touches the struct but the waiter: a fiber is resumed
 * through its own node, a thread through its parker, which both live on. */
#include "rt/rt_internal.h"

#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

/* Where a plain thread sleeps. Never freed, because a waker may still be about to unlock it: it
 * returns to a list when its thread ends. */
struct parker {
    pthread_mutex_t mu;
    pthread_cond_t cond;
    struct parker *next;
};

static pthread_mutex_t parkers_mu = PTHREAD_MUTEX_INITIALIZER;
static struct parker *parkers; /* guarded by parkers_mu */
static pthread_key_t parker_key;
static pthread_once_t parker_once = PTHREAD_ONCE_INIT;
static __thread struct parker *thread_parker;

static void parker_release(void *arg)
{
    struct parker *p = arg;
    pthread_mutex_lock(&parkers_mu);
    p->next = parkers;
    parkers = p;
    pthread_mutex_unlock(&parkers_mu);
}

static void parker_key_create(void)
{
    CHECK(pthread_key_create(&parker_key, parker_release) == 0);
}

static struct parker *parker_get(void)
{
    if (thread_parker)
        return thread_parker;
    pthread_once(&parker_once, parker_key_create);
    pthread_mutex_lock(&parkers_mu);
    struct parker *p = parkers;
    if (p)
        parkers = p->next;
    pthread_mutex_unlock(&parkers_mu);
    if (!p) {
        p = calloc(1, sizeof(*p));
        CHECK(p != NULL);
        pthread_mutex_init(&p->mu, NULL);
        pthread_condattr_t attr;
        pthread_condattr_init(&attr);
        pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        pthread_cond_init(&p->cond, &attr);
        pthread_condattr_destroy(&attr);
    }
    pthread_setspecific(parker_key, p);
    thread_parker = p;
    return p;
}

void wait_prepare(struct wait *w)
{
    atomic_init(&w->state, WAIT_PREPARED);
    w->fiber = fiber_current();
    w->parker = w->fiber ? NULL : parker_get();
}

/* acq_rel: what the waker wrote before is seen by the waiter after. */
static bool move_state(struct wait *w, uint32_t from, uint32_t to)
{
    return atomic_compare_exchange_strong_explicit(&w->state, &from, to, memory_order_acq_rel,
                                                   memory_order_acquire);
}

void wait_finish(struct wait *w, uint32_t outcome)
{
    struct fiber *f = w->fiber;
    struct parker *p = w->parker;
    if (move_state(w, WAIT_PREPARED, outcome))
        return;
    if (!move_state(w, WAIT_PARKED, outcome))
        return;
    if (f) {
        fiber_wake(f);
    } else {
        pthread_mutex_lock(&p->mu);
        pthread_cond_broadcast(&p->cond);
        pthread_mutex_unlock(&p->mu);
    }
}

void wait_wake(struct wait *w)
{
    wait_finish(w, WAIT_WOKEN);
}

struct wait_timer {
    struct timer timer;
    struct wait *wait;
};

static void deadline_passed(struct timer *t)
{
    wait_finish(CONTAINER_OF(t, struct wait_timer, timer)->wait, WAIT_TIMED_OUT);
}

static void park_fiber(struct wait *w, int64_t deadline_ns)
{
    struct worker *worker = w->fiber->worker;
    CHECK(fiber_no_yield_depth == 0);
    if (!move_state(w, WAIT_PREPARED, WAIT_PARKED))
        return;
    if (deadline_ns == WAIT_FOREVER) {
        fiber_suspend();
        return;
    }
    struct wait_timer t = {.wait = w};
    timer_set(worker, &t.timer, deadline_ns, deadline_passed);
    fiber_suspend();
    timer_cancel(worker, &t.timer);
}

static void park_thread(struct wait *w, int64_t deadline_ns)
{
    struct parker *p = w->parker;
    struct timespec ts = {.tv_sec = deadline_ns / 1000000000, .tv_nsec = deadline_ns % 1000000000};
    CHECK(fiber_no_yield_depth == 0);
    pthread_mutex_lock(&p->mu);
    if (move_state(w, WAIT_PREPARED, WAIT_PARKED)) {
        while (atomic_load_explicit(&w->state, memory_order_acquire) == WAIT_PARKED) {
            if (deadline_ns == WAIT_FOREVER)
                pthread_cond_wait(&p->cond, &p->mu);
            else if (pthread_cond_timedwait(&p->cond, &p->mu, &ts) == ETIMEDOUT)
                move_state(w, WAIT_PARKED, WAIT_TIMED_OUT);
        }
    }
    pthread_mutex_unlock(&p->mu);
}

static uint32_t park(struct wait *w, int64_t deadline_ns)
{
    if (w->fiber)
        park_fiber(w, deadline_ns);
    else
        park_thread(w, deadline_ns);
    return atomic_load_explicit(&w->state, memory_order_acquire);
}

void wait_block_always(struct wait *w)
{
    uint32_t state = park(w, WAIT_FOREVER);
    CHECK(state == WAIT_WOKEN);
}

/* Makes the token know the wait. False when it is already cancelled. */
static bool cancel_register(struct cancel *c, struct wait *w)
{
    pthread_mutex_lock(&c->mu);
    bool free_to_wait = atomic_load_explicit(&c->reason, memory_order_relaxed) == CANCEL_NONE;
    if (free_to_wait) {
        ASSERT(!c->waiter);
        c->waiter = w;
    }
    pthread_mutex_unlock(&c->mu);
    return free_to_wait;
}

static void cancel_unregister(struct cancel *c)
{
    pthread_mutex_lock(&c->mu);
    c->waiter = NULL;
    pthread_mutex_unlock(&c->mu);
}

struct err *wait_block(struct wait *w, int64_t deadline_ns, bool *woken)
{
    struct cancel *c = cancel_current();
    int64_t until_ns = deadline_ns;
    if (c) {
        if (!cancel_register(c, w))
            return cancel_check(c);
        if (c->deadline_ns && c->deadline_ns < until_ns)
            until_ns = c->deadline_ns;
    }
    uint32_t state = park(w, until_ns);
    if (c)
        cancel_unregister(c);
    if (state == WAIT_CANCELLED || (state == WAIT_TIMED_OUT && until_ns < deadline_ns))
        return cancel_check(c);
    *woken = state == WAIT_WOKEN;
    return NULL;
}

/* ---- wait queues ---- */

struct wait_entry {
    struct wait wait;
    struct wait_entry *next;
    struct wait_entry *previous;
    bool queued; /* guarded by the caller's mutex */
};

static void queue_push(struct wait_queue *q, struct wait_entry *e)
{
    *e = (struct wait_entry){.previous = q->last, .queued = true};
    wait_prepare(&e->wait);
    if (q->last)
        q->last->next = e;
    else
        q->first = e;
    q->last = e;
}

static void queue_remove(struct wait_queue *q, struct wait_entry *e)
{
    if (e->previous)
        e->previous->next = e->next;
    else
        q->first = e->next;
    if (e->next)
        e->next->previous = e->previous;
    else
        q->last = e->previous;
    e->queued = false;
}

struct err *wait_queue_wait(struct wait_queue *q, pthread_mutex_t *mu, int64_t deadline_ns,
                            bool *signalled)
{
    struct wait_entry entry;
    bool woken;
    queue_push(q, &entry);
    pthread_mutex_unlock(mu);
    struct err *e = wait_block(&entry.wait, deadline_ns, &woken);
    pthread_mutex_lock(mu);
    bool got = !entry.queued;
    if (entry.queued)
        queue_remove(q, &entry);
    if (e) {
        if (got)
            wait_queue_signal(q); /* the signal was for somebody who can use it */
        return e;
    }
    *signalled = got;
    return NULL;
}

void wait_queue_wait_always(struct wait_queue *q, pthread_mutex_t *mu)
{
    struct wait_entry entry;
    queue_push(q, &entry);
    pthread_mutex_unlock(mu);
    wait_block_always(&entry.wait);
    pthread_mutex_lock(mu);
}

void wait_queue_signal(struct wait_queue *q)
{
    struct wait_entry *e = q->first;
    if (e) {
        queue_remove(q, e);
        wait_wake(&e->wait);
    }
}

void wait_queue_broadcast(struct wait_queue *q)
{
    while (q->first)
        wait_queue_signal(q);
}

/* ---- the mutex: three states as in the classical futex mutex ---- */

enum { SPINS = 200 };

static void cpu_relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

void wait_mutex_init(struct wait_mutex *m)
{
    *m = (struct wait_mutex){0};
    pthread_mutex_init(&m->mu, NULL);
}

void wait_mutex_done(struct wait_mutex *m)
{
    pthread_mutex_destroy(&m->mu);
}

static bool mutex_try(struct wait_mutex *m)
{
    int expected = 0;
    return atomic_compare_exchange_strong_explicit(&m->state, &expected, 1, memory_order_acquire,
                                                   memory_order_relaxed);
}

void wait_mutex_lock(struct wait_mutex *m)
{
    for (int i = 0; i < SPINS; i++) {
        if (atomic_load_explicit(&m->state, memory_order_relaxed) == 0 && mutex_try(m)) {
            no_yield_begin();
            return;
        }
        cpu_relax();
    }
    pthread_mutex_lock(&m->mu);
    while (atomic_exchange_explicit(&m->state, 2, memory_order_acquire) != 0)
        wait_queue_wait_always(&m->queue, &m->mu);
    pthread_mutex_unlock(&m->mu);
    no_yield_begin();
}

void wait_mutex_unlock(struct wait_mutex *m)
{
    no_yield_end();
    if (atomic_exchange_explicit(&m->state, 0, memory_order_release) == 2) {
        pthread_mutex_lock(&m->mu);
        wait_queue_signal(&m->queue);
        pthread_mutex_unlock(&m->mu);
    }
}

bool wait_mutex_held(const struct wait_mutex *m)
{
    return atomic_load_explicit(&m->state, memory_order_relaxed) != 0;
}
