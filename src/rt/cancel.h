/* Cancel tokens: how anybody stops the statement of a session. The session owns the token; any
 * thread may set a reason. The running fiber sees it in fiber_tick() and in every cancellable wait,
 * which it ends at once. */
#ifndef TARN_RT_CANCEL_H
#define TARN_RT_CANCEL_H

#include "base/err.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

struct wait;

/* A stronger reason replaces a weaker one. */
enum cancel_reason {
    CANCEL_NONE,
    CANCEL_TIMEOUT,   /* 57014 canceling statement due to statement timeout */
    CANCEL_USER,      /* 57014 canceling statement due to user request */
    CANCEL_TERMINATE, /* 57P01 terminating connection due to administrator command (FATAL) */
};

struct cancel {
    _Atomic int reason;  /* enum cancel_reason; written under mu, read relaxed */
    int64_t deadline_ns; /* statement_timeout on clock_mono_ns(), 0: none; the owner's fiber only */
    pthread_mutex_t mu;
    struct wait *waiter; /* the wait to end when set; guarded by mu */
};

void cancel_init(struct cancel *c);
void cancel_done(struct cancel *c);
/* Any thread. */
void cancel_set(struct cancel *c, enum cancel_reason reason);
/* Before a statement: forgets all but CANCEL_TERMINATE, and the deadline. */
void cancel_clear(struct cancel *c);
/* NULL, or the error for the reason or the deadline passed. NULL token is fine. */
struct err *cancel_check(struct cancel *c) MUST_CHECK;

/* The token of the running fiber (or plain thread); NULL: nothing can cancel it. A pool job runs
 * with the token of the fiber that waits for it. Returns the previous one. */
struct cancel *cancel_use(struct cancel *c);
struct cancel *cancel_current(void);

#endif
