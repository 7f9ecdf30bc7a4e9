/* A worker: its loop alternates between messages, timers, ready fibers and libuv's poll. */
#include "rt/rt_internal.h"

#include "base/clock.h"
#include "rt/pool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#ifdef RT_TSAN
#include <sanitizer/tsan_interface.h>
#endif

/* It has done its work by ending the poll. */
static void on_wake(uv_poll_t *p, int status, int events)
{
    struct worker *w = p->data;
    uint64_t count;
    (void)status;
    (void)events;
    ssize_t n = read(w->wake_fd, &count, sizeof(count));
    (void)n; /* nothing there: another one has been read */
    (void)atomic_exchange_explicit(&w->woken, false, memory_order_acq_rel);
}

static void wake(struct worker *w)
{
    uint64_t one = 1;
    if (atomic_exchange_explicit(&w->woken, true, memory_order_acq_rel))
        return;
    while (write(w->wake_fd, &one, sizeof(one)) < 0 && errno == EINTR)
        ;
}

static void on_uv_timer(uv_timer_t *t)
{
    ((struct worker *)t->data)->uv_timer_deadline = 0;
    uv_stop(t->loop); /* uv_run calls timers before it polls too: then it must not block */
}

struct err *worker_init(struct worker *w, struct runtime *rt, int index)
{
    w->rt = rt;
    w->index = index;
    w->tick_interval = 16;
    w->read_buffer = malloc(READ_BUFFER_BYTES);
    if (!w->read_buffer)
        return err_oom();
    w->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (w->wake_fd < 0 || uv_loop_init(&w->loop) != 0 ||
        uv_poll_init(&w->loop, &w->wake_poll, w->wake_fd) != 0)
        return err_new("58030", "could not create an event loop");
    w->wake_poll.data = w;
    uv_poll_start(&w->wake_poll, UV_READABLE, on_wake);
    uv_timer_init(&w->loop, &w->uv_timer);
    w->uv_timer.data = w;
    return NULL;
}

void worker_send(struct worker *w, struct worker_msg *m)
{
    struct worker_msg *head = atomic_load_explicit(&w->msgs, memory_order_relaxed);
    do
        m->next = head;
    while (!atomic_compare_exchange_weak_explicit(&w->msgs, &head, m, memory_order_seq_cst,
                                                  memory_order_relaxed));
    /* Pairs with the worker: it sets `polling`, then looks at `msgs`; we the other way round. */
    if (atomic_load_explicit(&w->polling, memory_order_seq_cst))
        wake(w);
}

static void drain_messages(struct worker *w)
{
    if (!atomic_load_explicit(&w->msgs, memory_order_relaxed))
        return;
    struct worker_msg *m = atomic_exchange_explicit(&w->msgs, NULL, memory_order_acquire);
    struct worker_msg *in_order = NULL;
    while (m) {
        struct worker_msg *next = m->next;
        m->next = in_order;
        in_order = m;
        m = next;
    }
    while (in_order) {
        m = in_order;
        in_order = m->next;
        m->fn(m);
    }
}

/* Those ready now: what they make ready runs after the next poll, so that input is not starved. */
static void run_ready(struct worker *w)
{
    struct fiber *last = w->ready.last;
    while (w->ready.first) {
        struct fiber *f = w->ready.first;
        w->ready.first = f->next;
        if (!w->ready.first)
            w->ready.last = NULL;
        fiber_resume(w, f);
        if (f == last)
            break;
    }
}

static void bound_poll(struct worker *w)
{
    int64_t deadline_ns = w->timer_count ? w->timers[1]->deadline_ns : 0;
    if (deadline_ns == w->uv_timer_deadline)
        return;
    w->uv_timer_deadline = deadline_ns;
    if (deadline_ns == 0) {
        uv_timer_stop(&w->uv_timer);
        return;
    }
    int64_t left_ns = deadline_ns - clock_mono_ns();
    uv_update_time(&w->loop);
    uv_timer_start(&w->uv_timer, on_uv_timer,
                   left_ns <= 0 ? 0 : (uint64_t)((left_ns + 999999) / 1000000), 0);
}

static void poll_once(struct worker *w)
{
    if (w->ready.first) {
        uv_run(&w->loop, UV_RUN_NOWAIT);
        return;
    }
    bound_poll(w);
    atomic_store_explicit(&w->polling, true, memory_order_seq_cst);
    if (!atomic_load_explicit(&w->msgs, memory_order_seq_cst))
        uv_run(&w->loop, UV_RUN_ONCE);
    atomic_store_explicit(&w->polling, false, memory_order_relaxed);
}

static void *worker_main(void *arg)
{
    struct worker *w = arg;
    rt_worker = w;
#ifdef RT_TSAN
    w->tsan = __tsan_get_current_fiber();
#endif
    while (!w->stopping) {
        drain_messages(w);
        timers_fire(w);
        run_ready(w);
        if (!w->stopping)
            poll_once(w);
    }
    conn_close_all(w);
    uv_close((uv_handle_t *)&w->wake_poll, NULL);
    uv_close((uv_handle_t *)&w->uv_timer, NULL);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    uv_loop_close(&w->loop);
    close(w->wake_fd);
    fiber_pool_free(w);
    timers_done(w);
    free(w->read_buffer);
    rt_worker = NULL;
    return NULL;
}

struct err *worker_launch(struct worker *w)
{
    char name[16];
    snprintf(name, sizeof(name), "worker-%d", w->index);
    return thread_start(&w->thread, name, worker_main, w);
}

struct post {
    struct worker_msg msg;
    struct worker *worker;
    void (*fn)(void *arg);
    void *arg;
};

static void run_post(struct worker_msg *m)
{
    struct post *p = CONTAINER_OF(m, struct post, msg);
    void (*fn)(void *) = p->fn;
    void *arg = p->arg;
    free(p);
    fn(arg);
}

static void run_post_fiber(struct worker_msg *m)
{
    struct post *p = CONTAINER_OF(m, struct post, msg);
    struct err *e = fiber_start(p->worker, p->fn, p->arg);
    CHECK(e == NULL); /* there is nobody to tell */
    atomic_fetch_sub_explicit(&p->worker->rt->fiber_count, 1, memory_order_relaxed);
    free(p);
}

static void post(struct worker *w, void (*fn)(void *arg), void *arg, bool fiber)
{
    struct post *p = malloc(sizeof(*p));
    CHECK(p != NULL);
    *p = (struct post){{NULL, fiber ? run_post_fiber : run_post}, w, fn, arg};
    worker_send(w, &p->msg);
}

void worker_post(struct worker *w, void (*fn)(void *arg), void *arg)
{
    post(w, fn, arg, false);
}

void worker_post_fiber(struct worker *w, void (*fn)(void *arg), void *arg)
{
    /* Counted from here on, so that a drain does not overlook it. */
    atomic_fetch_add_explicit(&w->rt->fiber_count, 1, memory_order_relaxed);
    post(w, fn, arg, true);
}

static void stop_message(void *arg)
{
    ((struct worker *)arg)->stopping = true;
}

void worker_stop_and_join(struct worker *w)
{
    worker_post(w, stop_message, w);
    pthread_join(w->thread, NULL);
}

int worker_index(const struct worker *w)
{
    return w->index;
}

struct runtime *worker_runtime(const struct worker *w)
{
    return w->rt;
}
