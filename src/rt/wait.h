/* Waiting, from fibers (which park) and from plain threads (which block), and waking from any
 * thread.
 *
 * struct wait is the primitive. Protocol: wait_prepare; publish the wait where wakers look for it,
 * under their lock; release that lock; wait_block. A waker takes it off the list and calls
 * wait_wake, both under that lock. A waiter that comes back without having been woken (deadline,
 * cancel) takes the lock and removes itself before the struct goes out of scope; it may find that
 * it has been woken meanwhile and must then act on that. */
#ifndef TARN_RT_WAIT_H
#define TARN_RT_WAIT_H

#include "base/err.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct fiber;
struct parker;

#define WAIT_FOREVER INT64_MAX

struct wait {
    _Atomic uint32_t state;
    struct fiber *fiber;   /* who waits: a fiber ... */
    struct parker *parker; /* ... or a plain thread */
};

void wait_prepare(struct wait *w);
/* MAY YIELD. Returns when woken (*woken = true), at `deadline_ns` on clock_mono_ns() (*woken =
 * false), or with the cancel token's error. */
struct err *wait_block(struct wait *w, int64_t deadline_ns, bool *woken) MUST_CHECK;
/* The same without deadline, deaf to cancel. MAY YIELD. */
void wait_block_always(struct wait *w);
/* Any thread. The first call counts, later ones do nothing. */
void wait_wake(struct wait *w);

/* A condition variable for fibers and threads. Its list is guarded by the caller's mutex, which
 * signal and broadcast need held too. FIFO. */
struct wait_queue {
    struct wait_entry *first;
    struct wait_entry *last;
};

/* Releases `mu`, waits, takes `mu` again. As with any condition variable the caller re-checks its
 * condition. *signalled is false at the deadline. MAY YIELD. */
struct err *wait_queue_wait(struct wait_queue *q, pthread_mutex_t *mu, int64_t deadline_ns,
                            bool *signalled) MUST_CHECK;
/* The same without deadline, deaf to cancel. */
void wait_queue_wait_always(struct wait_queue *q, pthread_mutex_t *mu);
void wait_queue_signal(struct wait_queue *q);
void wait_queue_broadcast(struct wait_queue *q);

/* A mutex whose contenders park instead of blocking their worker, for sections that may last
 * longer than a few microseconds. The holder must not yield (asserted). Not recursive. */
struct wait_mutex {
    _Atomic int state; /* 0 free, 1 held, 2 held and perhaps contended */
    pthread_mutex_t mu;
    struct wait_queue queue; /* guarded by mu */
};
void wait_mutex_init(struct wait_mutex *m);
void wait_mutex_done(struct wait_mutex *m);
/* MAY YIELD. Deaf to cancel. */
void wait_mutex_lock(struct wait_mutex *m);
void wait_mutex_unlock(struct wait_mutex *m);
bool wait_mutex_held(const struct wait_mutex *m); /* by anybody: for assertions */

#endif
