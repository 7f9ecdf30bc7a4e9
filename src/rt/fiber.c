/* Fibers: see fiber.h. A fiber's context outlives the function it runs: after the function returns
 * it suspends as "done", goes to the worker's pool, and is resumed with the next function.
 *
 *   pooled --fiber_start--> ready --loop--> running --+--> done -> pooled (or freed)
 *                             ^                       |
 *                             +---- wake ---- parked <+ (fiber_suspend) */
#include "rt/rt_internal.h"

#include "base/clock.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#ifdef RT_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef RT_TSAN
#include <sanitizer/tsan_interface.h>
#endif

/* The C entry points of Boost.Context. */
struct transfer {
    void *context;
    void *data;
};
struct transfer jump_fcontext(void *to, void *data);
void *make_fcontext(void *stack_top, size_t size, void (*fn)(struct transfer));

enum { SLICE_NS = 1000000, TICK_TARGET_NS = 100000, TICK_MAX = 1024 };

__thread struct worker *rt_worker;
__thread int fiber_tick_budget = 1;
__thread int fiber_no_yield_depth;

struct fiber *fiber_current(void)
{
    return rt_worker ? rt_worker->current : NULL;
}

struct worker *worker_current(void)
{
    return rt_worker;
}

static void enter_from_fiber(struct fiber *f)
{
#ifdef RT_ASAN
    __sanitizer_finish_switch_fiber(f->fake_stack, &f->worker->main_stack,
                                    &f->worker->main_stack_bytes);
#else
    (void)f;
#endif
}

/* From the fiber back to the loop. */
static void switch_to_loop(struct fiber *f, void **loop_context)
{
    struct worker *w = f->worker;
#ifdef RT_ASAN
    __sanitizer_start_switch_fiber(&f->fake_stack, w->main_stack, w->main_stack_bytes);
#endif
#ifdef RT_TSAN
    __tsan_switch_to_fiber(w->tsan, 0);
#endif
    (void)w;
    struct transfer t = jump_fcontext(*loop_context, NULL);
    *loop_context = t.context;
    enter_from_fiber(f);
}

/* The context of the loop that resumed the running fiber of this thread. */
static __thread void *loop_context;

static void fiber_main(struct transfer t)
{
    struct fiber *f = t.data;
    loop_context = t.context;
#ifdef RT_ASAN
    f->fake_stack = NULL;
#endif
    enter_from_fiber(f);
    for (;;) {
        f->fn(f->arg);
        CHECK(fiber_no_yield_depth == 0);
        f->done = true;
        switch_to_loop(f, &loop_context);
    }
}

void fiber_suspend(void)
{
    struct fiber *f = fiber_current();
    CHECK(fiber_no_yield_depth == 0);
    switch_to_loop(f, &loop_context);
}

static struct fiber *fiber_new(struct worker *w)
{
    struct fiber *f = calloc(1, sizeof(*f));
    if (!f)
        return NULL;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    f->worker = w;
    f->stack_bytes = w->rt->config.stack_bytes + page;
    f->stack = mmap(NULL, f->stack_bytes, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (f->stack == MAP_FAILED) {
        free(f);
        return NULL;
    }
    if (mprotect(f->stack, page, PROT_NONE) != 0) {
        munmap(f->stack, f->stack_bytes);
        free(f);
        return NULL;
    }
    f->context = make_fcontext(f->stack + f->stack_bytes, f->stack_bytes - page, fiber_main);
#ifdef RT_TSAN
    f->tsan = __tsan_create_fiber(0);
#endif
    return f;
}

static void fiber_free(struct fiber *f)
{
#ifdef RT_TSAN
    __tsan_destroy_fiber(f->tsan);
#endif
#ifdef RT_ASAN
    /* The next mapping at this address must not inherit the poison of dead frames. */
    __asan_unpoison_memory_region(f->stack, f->stack_bytes);
#endif
    munmap(f->stack, f->stack_bytes);
    free(f);
}

void fiber_pool_free(struct worker *w)
{
    while (w->pool) {
        struct fiber *f = w->pool;
        w->pool = f->next;
        fiber_free(f);
    }
    w->pool_count = 0;
}

struct err *fiber_start(struct worker *w, void (*fn)(void *arg), void *arg)
{
    CHECK(rt_worker == w);
    struct fiber *f = w->pool;
    if (f) {
        w->pool = f->next;
        w->pool_count--;
    } else {
        f = fiber_new(w);
        if (!f)
            return err_oom();
    }
    f->fn = fn;
    f->arg = arg;
    f->cancel = NULL;
    f->done = false;
    atomic_fetch_add_explicit(&w->rt->fiber_count, 1, memory_order_relaxed);
    fiber_make_ready(f);
    return NULL;
}

static void fiber_finish(struct worker *w, struct fiber *f)
{
    atomic_fetch_sub_explicit(&w->rt->fiber_count, 1, memory_order_release);
    if (w->pool_count >= POOLED_FIBERS) {
        fiber_free(f);
        return;
    }
    f->next = w->pool;
    w->pool = f;
    w->pool_count++;
}

void fiber_resume(struct worker *w, struct fiber *f)
{
    w->current = f;
    w->slice_start_ns = 0;
    w->last_tick_ns = 0;
#ifdef RT_ASAN
    __sanitizer_start_switch_fiber(&w->fake_stack, f->stack, f->stack_bytes);
#endif
#ifdef RT_TSAN
    __tsan_switch_to_fiber(f->tsan, 0);
#endif
    struct transfer t = jump_fcontext(f->context, f);
    f->context = t.context;
#ifdef RT_ASAN
    __sanitizer_finish_switch_fiber(w->fake_stack, NULL, NULL);
#endif
    w->current = NULL;
    if (f->done)
        fiber_finish(w, f);
}

void fiber_make_ready(struct fiber *f)
{
    struct fiber_list *ready = &f->worker->ready;
    f->next = NULL;
    if (ready->last)
        ready->last->next = f;
    else
        ready->first = f;
    ready->last = f;
}

static void wake_message(struct worker_msg *m)
{
    fiber_make_ready(CONTAINER_OF(m, struct fiber, msg));
}

void fiber_wake(struct fiber *f)
{
    if (rt_worker == f->worker) {
        fiber_make_ready(f);
        return;
    }
    f->msg.fn = wake_message;
    worker_send(f->worker, &f->msg);
}

void fiber_yield(void)
{
    struct fiber *f = fiber_current();
    if (!f)
        return;
    fiber_make_ready(f);
    fiber_suspend();
}

struct err *fiber_sleep(int64_t duration_ns)
{
    struct wait w;
    bool woken;
    wait_prepare(&w);
    return wait_block(&w, clock_mono_ns() + duration_ns, &woken);
}

/* Reads the clock about every 100 us: the number of ticks between two reads follows their pace. */
static void adapt_interval(struct worker *w, int64_t now_ns)
{
    int64_t elapsed_ns = now_ns - w->last_tick_ns;
    if (w->last_tick_ns == 0)
        return;
    if (elapsed_ns < TICK_TARGET_NS / 2)
        w->tick_interval = w->tick_interval * 2 > TICK_MAX ? TICK_MAX : w->tick_interval * 2;
    else if (elapsed_ns > TICK_TARGET_NS * 2)
        w->tick_interval = elapsed_ns > SLICE_NS ? 1 : (w->tick_interval + 1) / 2;
}

struct err *fiber_tick_slow(void)
{
    struct fiber *f = fiber_current();
    if (!f) {
        fiber_tick_budget = 64;
        return cancel_check(rt_thread_cancel);
    }
    struct worker *w = f->worker;
    int64_t now_ns = clock_mono_ns();
    adapt_interval(w, now_ns);
    w->last_tick_ns = now_ns;
    fiber_tick_budget = w->tick_interval;
    if (w->slice_start_ns == 0)
        w->slice_start_ns = now_ns;
    else if (now_ns - w->slice_start_ns >= SLICE_NS && fiber_no_yield_depth == 0)
        fiber_yield();
    return cancel_check(f->cancel);
}

size_t fiber_stack_left(void)
{
    struct fiber *f = fiber_current();
    if (!f)
        return 1 << 20;
    char here;
    char *bottom = f->stack + sysconf(_SC_PAGESIZE);
    return &here > bottom ? (size_t)(&here - bottom) : 0;
}
