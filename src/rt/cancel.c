/* Cancel tokens: see cancel.h. */
#include "rt/rt_internal.h"

#include "base/clock.h"

__thread struct cancel *rt_thread_cancel;

void cancel_init(struct cancel *c)
{
    *c = (struct cancel){0};
    pthread_mutex_init(&c->mu, NULL);
}

void cancel_done(struct cancel *c)
{
    ASSERT(!c->waiter);
    pthread_mutex_destroy(&c->mu);
}

void cancel_set(struct cancel *c, enum cancel_reason reason)
{
    pthread_mutex_lock(&c->mu);
    if ((int)reason > atomic_load_explicit(&c->reason, memory_order_relaxed))
        atomic_store_explicit(&c->reason, (int)reason, memory_order_relaxed);
    if (c->waiter)
        wait_finish(c->waiter, WAIT_CANCELLED);
    pthread_mutex_unlock(&c->mu);
}

void cancel_clear(struct cancel *c)
{
    pthread_mutex_lock(&c->mu);
    if (atomic_load_explicit(&c->reason, memory_order_relaxed) != CANCEL_TERMINATE)
        atomic_store_explicit(&c->reason, CANCEL_NONE, memory_order_relaxed);
    c->deadline_ns = 0;
    pthread_mutex_unlock(&c->mu);
}

struct err *cancel_check(struct cancel *c)
{
    if (!c)
        return NULL;
    switch ((enum cancel_reason)atomic_load_explicit(&c->reason, memory_order_relaxed)) {
    case CANCEL_NONE:
        break;
    case CANCEL_TIMEOUT:
        return err_new("57014", "canceling statement due to statement timeout");
    case CANCEL_USER:
        return err_new("57014", "canceling statement due to user request");
    case CANCEL_TERMINATE:
        return err_fatal(err_new("57P01", "terminating connection due to administrator command"));
    }
    if (c->deadline_ns && clock_mono_ns() >= c->deadline_ns)
        return err_new("57014", "canceling statement due to statement timeout");
    return NULL;
}

struct cancel *cancel_current(void)
{
    struct fiber *f = fiber_current();
    return f ? f->cancel : rt_thread_cancel;
}

struct cancel *cancel_use(struct cancel *c)
{
    struct fiber *f = fiber_current();
    struct cancel **slot = f ? &f->cancel : &rt_thread_cancel;
    struct cancel *previous = *slot;
    *slot = c;
    return previous;
}
