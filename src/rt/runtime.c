/* The main thread: signals, life and death of the workers. See runtime.h. */
#include "rt/runtime.h"

#include "base/clock.h"
#include "base/log.h"
#include "rt/rt_internal.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

enum { DEFAULT_POOL_THREADS = 8, DEFAULT_STACK_BYTES = 256 * 1024 };
enum { BACKGROUND_NICENESS = 10 };

static void on_stop(uv_async_t *a)
{
    uv_stop(a->loop);
}

static void on_signal(uv_signal_t *s, int number)
{
    struct runtime *rt = s->data;
    if (number == SIGHUP) {
        if (rt->config.on_reload)
            rt->config.on_reload(rt->config.arg);
        return;
    }
    rt->stop_signal = number;
    uv_stop(s->loop);
}

static struct err *open_main_loop(struct runtime *rt)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
    signal(SIGPIPE, SIG_IGN);
    if (uv_loop_init(&rt->main_loop) != 0)
        return err_new("58030", "could not create an event loop");
    uv_async_init(&rt->main_loop, &rt->stop_async, on_stop);
    for (size_t i = 0; i < ARRAY_LENGTH(numbers); i++) {
        uv_signal_init(&rt->main_loop, &rt->signals[i]);
        rt->signals[i].data = rt;
        uv_signal_start(&rt->signals[i], on_signal, numbers[i]);
    }
    rt->handles_open = true;
    return NULL;
}

static struct err *start_workers(struct runtime *rt)
{
    int wanted = rt->config.workers;
    rt->workers = calloc((size_t)wanted, sizeof(*rt->workers));
    if (!rt->workers)
        return err_oom();
    for (int i = 0; i < wanted; i++) {
        TRY(worker_init(&rt->workers[i], rt, i));
        TRY(worker_launch(&rt->workers[i]));
        rt->worker_count++;
    }
    return NULL;
}

struct err *runtime_new(const struct runtime_config *config, struct runtime **out)
{
    struct runtime *rt = calloc(1, sizeof(*rt));
    if (!rt)
        return err_oom();
    rt->config = *config;
    if (rt->config.workers <= 0)
        rt->config.workers = (int)uv_available_parallelism();
    if (rt->config.pool_threads <= 0)
        rt->config.pool_threads = DEFAULT_POOL_THREADS;
    if (rt->config.stack_bytes == 0)
        rt->config.stack_bytes = DEFAULT_STACK_BYTES;
    struct err *e = pool_new(rt->config.pool_threads, 0, &rt->pool);
    if (!e)
        e = pool_new(rt->config.pool_threads, BACKGROUND_NICENESS, &rt->background);
    if (!e)
        e = open_main_loop(rt);
    if (!e)
        e = start_workers(rt);
    if (e) {
        runtime_free(rt);
        return e;
    }
    *out = rt;
    return NULL;
}

/* ---- running and ending ---- */

int runtime_run(struct runtime *rt)
{
    if (!atomic_load_explicit(&rt->stop, memory_order_acquire))
        uv_run(&rt->main_loop, UV_RUN_DEFAULT);
    close_listeners(rt);
    return rt->stop_signal;
}

void runtime_stop(struct runtime *rt)
{
    atomic_store_explicit(&rt->stop, true, memory_order_release);
    uv_async_send(&rt->stop_async);
}

int64_t runtime_conn_count(const struct runtime *rt)
{
    int64_t count = 0;
    for (int i = 0; i < rt->worker_count; i++)
        count += atomic_load_explicit(&rt->workers[i].conn_count, memory_order_relaxed);
    return count;
}

bool runtime_drain(struct runtime *rt, int64_t timeout_ms)
{
    int64_t deadline_ns = clock_mono_ns() + timeout_ms * 1000000;
    CHECK(rt_worker == NULL);
    while (runtime_conn_count(rt) || atomic_load_explicit(&rt->fiber_count, memory_order_acquire)) {
        if (clock_mono_ns() >= deadline_ns)
            return false;
        usleep(1000);
    }
    return true;
}

static void close_main_loop(struct runtime *rt)
{
    close_listeners(rt);
    uv_close((uv_handle_t *)&rt->stop_async, NULL);
    for (size_t i = 0; i < ARRAY_LENGTH(rt->signals); i++)
        uv_close((uv_handle_t *)&rt->signals[i], NULL);
    uv_run(&rt->main_loop, UV_RUN_DEFAULT);
    uv_loop_close(&rt->main_loop);
}

void runtime_free(struct runtime *rt)
{
    if (!rt)
        return;
    for (int i = 0; i < rt->worker_count; i++)
        worker_stop_and_join(&rt->workers[i]);
    pool_free(rt->background);
    pool_free(rt->pool);
    free(rt->workers);
    if (rt->handles_open)
        close_main_loop(rt);
    free(rt);
}

int runtime_worker_count(const struct runtime *rt)
{
    return rt->worker_count;
}

struct worker *runtime_worker(struct runtime *rt, int index)
{
    ASSERT(index >= 0 && index < rt->worker_count);
    return &rt->workers[index];
}
