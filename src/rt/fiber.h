/* Fibers: straight-line code on a worker's loop. A fiber belongs to its worker for life and runs
 * until it waits, yields or ends. Its stack is small (frames <= 4 KiB) with a guard page and goes
 * back to the worker's pool when it ends. */
#ifndef TARN_RT_FIBER_H
#define TARN_RT_FIBER_H

#include "base/check.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fiber;
struct worker;

/* Starts `fn(arg)` in a new fiber of `w`; it runs when the loop comes to it. On the worker's own
 * thread only (elsewhere: worker_post a function that calls it). 53200 without memory. */
struct err *fiber_start(struct worker *w, void (*fn)(void *arg), void *arg) MUST_CHECK;
/* NULL on a plain thread or in a loop callback. */
struct fiber *fiber_current(void);
/* The worker whose thread this is, NULL elsewhere. */
struct worker *worker_current(void);

/* Lets the loop and the other fibers run. MAY YIELD. Does nothing on a plain thread. */
void fiber_yield(void);
/* MAY YIELD. Cancellable; plain threads sleep. */
struct err *fiber_sleep(int64_t duration_ns) MUST_CHECK;

/* To call in every loop over data (once a row or so): yields after about 1 ms of running and
 * returns the error of the fiber's cancel token. MAY YIELD, unless no_yield is held. */
extern __thread int fiber_tick_budget;
struct err *fiber_tick_slow(void) MUST_CHECK;
MUST_CHECK static inline struct err *fiber_tick(void)
{
    if (__builtin_expect(--fiber_tick_budget > 0, 1))
        return NULL;
    return fiber_tick_slow();
}

/* Sections that must not suspend (a mutex is held, a library's transaction is open); they nest.
 * Waiting inside one stops the process. */
extern __thread int fiber_no_yield_depth;
static inline void no_yield_begin(void)
{
    fiber_no_yield_depth++;
}
static inline void no_yield_end(void)
{
    ASSERT(fiber_no_yield_depth > 0);
    fiber_no_yield_depth--;
}

/* Bytes left on the running fiber's stack (or a large number on a plain thread): for recursion
 * guards beside depth counts. */
size_t fiber_stack_left(void);

#endif
