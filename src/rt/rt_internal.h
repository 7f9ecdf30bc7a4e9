/* Shared inside rt/: the worker, the fiber, and how one switches between them. */
#ifndef TARN_RT_INTERNAL_H
#define TARN_RT_INTERNAL_H

#include "rt/cancel.h"
#include "rt/fiber.h"
#include "rt/runtime.h"
#include "rt/wait.h"

#include <pthread.h>
#include <stdatomic.h>
#include <uv.h>

#if defined(__SANITIZE_ADDRESS__)
#define RT_ASAN 1
#endif
#if defined(__SANITIZE_THREAD__)
#define RT_TSAN 1
#endif
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define RT_ASAN 1
#endif
#if __has_feature(thread_sanitizer)
#define RT_TSAN 1
#endif
#endif

/* A message to a worker: a node of a lock-free stack that the worker takes whole and reverses. */
struct worker_msg {
    struct worker_msg *next;
    void (*fn)(struct worker_msg *m);
};

struct fiber {
    void *context; /* where to resume; owned by boost's switch */
    struct worker *worker;
    char *stack; /* the mapping, guard page first */
    size_t stack_bytes;
    void (*fn)(void *arg);
    void *arg;
    struct fiber *next;    /* in the ready list or the pool */
    struct worker_msg msg; /* for wakes from other threads */
    struct cancel *cancel;
    bool done;
#ifdef RT_ASAN
    void *fake_stack;
#endif
#ifdef RT_TSAN
    void *tsan;
#endif
};

struct fiber_list {
    struct fiber *first;
    struct fiber *last;
};

struct conn;

/* Everything not atomic belongs to the worker's thread. */
struct worker {
    struct runtime *rt;
    int index;
    pthread_t thread;
    uv_loop_t loop;
    /* Ends the poll. Not uv_async_t: its reader spins until the sender has run on behind the write
     * that woke the reader, in whose place the reader may be running. */
    int wake_fd; /* an eventfd */
    uv_poll_t wake_poll;
    _Atomic bool woken;        /* it has been written and not read yet */
    uv_timer_t uv_timer;       /* bounds the poll by the next timer's deadline */
    int64_t uv_timer_deadline; /* what it is set to, 0: stopped */
    _Atomic(struct worker_msg *) msgs;
    _Atomic bool polling; /* about to block in poll: posters must write to wake_fd */
    bool stopping;
    struct fiber *current;
    struct fiber_list ready;
    struct fiber *pool; /* LIFO: the warmest stack first */
    int pool_count;
    int64_t slice_start_ns; /* 0: not yet known for this slice */
    int64_t last_tick_ns;
    int tick_interval;
    struct timer **timers; /* binary heap by deadline, from index 1 */
    uint32_t timer_count;
    uint32_t timer_cap;
    struct conn *conns; /* doubly linked */
    char *read_buffer;  /* shared by all connections for the duration of one read callback */
    _Atomic int64_t conn_count; /* also those on their way; relaxed */
#ifdef RT_ASAN
    void *fake_stack;
    const void *main_stack;
    size_t main_stack_bytes;
#endif
#ifdef RT_TSAN
    void *tsan;
#endif
};

enum { READ_BUFFER_BYTES = 64 * 1024, POOLED_FIBERS = 256 };

struct runtime {
    struct runtime_config config;
    int worker_count;
    struct worker *workers;
    _Atomic int64_t fiber_count; /* relaxed; for drain */
    uv_loop_t main_loop;
    uv_async_t stop_async;
    uv_signal_t signals[3];
    bool handles_open;
    int stop_signal;
    _Atomic bool stop;
    struct listener *listeners;
    int next_worker;
    struct pool *pool;
    struct pool *background;
};

extern __thread struct worker *rt_worker;
extern __thread struct cancel *rt_thread_cancel; /* of a plain thread */

/* worker.c */
struct err *worker_init(struct worker *w, struct runtime *rt, int index) MUST_CHECK;
struct err *worker_launch(struct worker *w) MUST_CHECK;
void worker_stop_and_join(struct worker *w);
void worker_send(struct worker *w, struct worker_msg *m);

/* fiber.c */
void fiber_make_ready(struct fiber *f); /* on its worker */
void fiber_wake(struct fiber *f);       /* any thread */
void fiber_resume(struct worker *w, struct fiber *f);
void fiber_suspend(void); /* back to the loop; made ready by someone else */
void fiber_pool_free(struct worker *w);

/* wait.c */
enum { WAIT_PREPARED, WAIT_PARKED, WAIT_WOKEN, WAIT_TIMED_OUT, WAIT_CANCELLED };
void wait_finish(struct wait *w, uint32_t outcome);

/* timer.c */
void timers_fire(struct worker *w);
void timers_done(struct worker *w);

/* conn.c */
/* listen.c: on the main thread. */
void close_listeners(struct runtime *rt);

void conn_accept(struct worker *w, const struct conn_handler *handler, void *arg, int fd,
                 bool local /* a Unix-domain socket */);
void conn_close_all(struct worker *w);

/* pool.c */
struct err *pool_new(int max_threads, int niceness, struct pool **out) MUST_CHECK;
void pool_free(struct pool *p);

#endif
