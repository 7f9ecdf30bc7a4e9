/* Fibers, waits, cancel tokens, the pool, timers, connections. */
#include "base/clock.h"
#include "rt/cancel.h"
#include "rt/conn.h"
#include "rt/fiber.h"
#include "rt/pool.h"
#include "rt/runtime.h"
#include "rt/wait.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static struct runtime *start(int workers)
{
    struct runtime *rt;
    struct err *e = runtime_new(&(struct runtime_config){.workers = workers}, &rt);
    assert_null(e);
    return rt;
}

static void finish(struct runtime *rt)
{
    assert_true(runtime_drain(rt, 20000));
    runtime_free(rt);
    assert_int_equal(err_alive(), 0);
}

/* ---- ping-pong over a wait queue between fibers of two workers ---- */

struct table {
    pthread_mutex_t mu;
    struct wait_queue queue;
    int turn;
    int rounds;
};

struct player {
    struct table *table;
    int me;
};

static void play(void *arg)
{
    struct player *p = arg;
    struct table *t = p->table;
    pthread_mutex_lock(&t->mu);
    while (t->rounds < 20000) {
        if (t->turn != p->me) {
            wait_queue_wait_always(&t->queue, &t->mu);
            continue;
        }
        t->rounds++;
        t->turn = !p->me;
        wait_queue_broadcast(&t->queue);
    }
    wait_queue_broadcast(&t->queue);
    pthread_mutex_unlock(&t->mu);
}

static void fibers_wake_each_other_across_workers(void **state)
{
    (void)state;
    struct runtime *rt = start(2);
    struct table t = {.mu = PTHREAD_MUTEX_INITIALIZER};
    struct player a = {&t, 0};
    struct player b = {&t, 1};
    worker_post_fiber(runtime_worker(rt, 0), play, &a);
    worker_post_fiber(runtime_worker(rt, 1), play, &b);
    finish(rt);
    assert_true(t.rounds >= 20000);
}

/* ---- the wait mutex ---- */

struct counter {
    struct wait_mutex mu;
    int64_t value;
};

static void count(void *arg)
{
    struct counter *c = arg;
    for (int i = 0; i < 2000; i++) {
        wait_mutex_lock(&c->mu);
        c->value++;
        wait_mutex_unlock(&c->mu);
        if (i % 16 == 0)
            fiber_yield();
    }
}

static void wait_mutex_excludes(void **state)
{
    (void)state;
    struct runtime *rt = start(3);
    struct counter c = {.value = 0};
    wait_mutex_init(&c.mu);
    for (int i = 0; i < 30; i++)
        worker_post_fiber(runtime_worker(rt, i % 3), count, &c);
    count(&c);
    finish(rt);
    assert_int_equal(c.value, 31 * 2000);
    wait_mutex_done(&c.mu);
}

/* ---- cancel, deadlines, ticks ---- */

struct sleeper {
    struct cancel cancel;
    char sqlstate[6];
    int64_t slept_ns;
    bool spin;
};

static void sleep_long(void *arg)
{
    struct sleeper *s = arg;
    struct err *e = NULL;
    int64_t began_ns = clock_mono_ns();
    cancel_use(&s->cancel);
    if (s->spin) {
        while (!e)
            e = fiber_tick();
    } else {
        e = fiber_sleep(60ll * 1000000000);
    }
    s->slept_ns = clock_mono_ns() - began_ns;
    if (e)
        memcpy(s->sqlstate, e->sqlstate, 6);
    err_free(e);
}

static void cancel_ends_waits_and_loops(void **state)
{
    (void)state;
    for (int spin = 0; spin < 2; spin++) {
        struct runtime *rt = start(1);
        struct sleeper s[3] = {0};
        for (int i = 0; i < 3; i++) {
            cancel_init(&s[i].cancel);
            s[i].spin = spin;
        }
        s[2].cancel.deadline_ns = clock_mono_ns() + 30000000;
        for (int i = 0; i < 3; i++)
            worker_post_fiber(runtime_worker(rt, 0), sleep_long, &s[i]);
        usleep(10000);
        cancel_set(&s[0].cancel, CANCEL_USER);
        cancel_set(&s[1].cancel, CANCEL_TERMINATE);
        finish(rt);
        assert_string_equal(s[0].sqlstate, "57014");
        assert_string_equal(s[1].sqlstate, "57P01");
        assert_string_equal(s[2].sqlstate, "57014");
        assert_true(s[2].slept_ns < 5ll * 1000000000);
        cancel_clear(&s[1].cancel);
        struct err *e = cancel_check(&s[1].cancel);
        assert_non_null(e);
        err_free(e);
        for (int i = 0; i < 3; i++)
            cancel_done(&s[i].cancel);
    }
}

static void waits_of_plain_threads_time_out(void **state)
{
    (void)state;
    struct wait w;
    bool woken = true;
    wait_prepare(&w);
    int64_t began_ns = clock_mono_ns();
    assert_null(wait_block(&w, began_ns + 20000000, &woken));
    assert_false(woken);
    assert_true(clock_mono_ns() - began_ns >= 20000000);
    wait_prepare(&w);
    wait_wake(&w);
    wait_wake(&w);
    assert_null(wait_block(&w, WAIT_FOREVER, &woken));
    assert_true(woken);
}

static void nap(void *arg)
{
    struct err *e = fiber_sleep(*(int64_t *)arg);
    assert_null(e);
}

static void many_sleepers_need_no_threads(void **state)
{
    (void)state;
    struct runtime *rt = start(1);
    static int64_t durations[500];
    int64_t began_ns = clock_mono_ns();
    for (int i = 0; i < 500; i++) {
        durations[i] = (i * 37 % 50) * 1000000;
        worker_post_fiber(runtime_worker(rt, 0), nap, &durations[i]);
    }
    finish(rt);
    assert_true(clock_mono_ns() - began_ns >= 49000000);
}

static void on_pool(void *arg)
{
    usleep(1000);
    __atomic_fetch_add((int *)arg, 1, __ATOMIC_RELAXED);
}

static void use_pool(void *arg)
{
    for (int i = 0; i < 5; i++)
        pool_run(on_pool, arg);
}

static void pool_runs_jobs_of_parked_fibers(void **state)
{
    (void)state;
    struct runtime *rt = start(2);
    int runs = 0;
    for (int i = 0; i < 20; i++)
        worker_post_fiber(runtime_worker(rt, i % 2), use_pool, &runs);
    finish(rt);
    assert_int_equal(runs, 100);
}

enum { JOBS_OF_JOB = 3 };

/* Jobs that start jobs and wait for them, more than there are threads. */
static void job_with_jobs(void *arg)
{
    struct pool_job jobs[JOBS_OF_JOB];
    for (int i = 0; i < JOBS_OF_JOB; i++)
        pool_start(&jobs[i], on_pool, arg);
    for (int i = JOBS_OF_JOB - 1; i >= 0; i--)
        pool_wait(&jobs[i]);
}

static void use_pool_twice(void *arg)
{
    pool_run(job_with_jobs, arg);
}

static void pool_jobs_wait_for_their_jobs(void **state)
{
    (void)state;
    struct runtime *rt = start(2);
    int runs = 0;
    for (int i = 0; i < 40; i++)
        worker_post_fiber(runtime_worker(rt, i % 2), use_pool_twice, &runs);
    finish(rt);
    assert_int_equal(runs, 40 * JOBS_OF_JOB);
}

struct meeting {
    pthread_barrier_t barrier;
    int met;
};

static void meet(void *arg)
{
    struct meeting *m = arg;
    pthread_barrier_wait(&m->barrier);
    __atomic_fetch_add(&m->met, 1, __ATOMIC_RELAXED);
}

static void meet_own_job(void *arg)
{
    struct pool_job job;
    pool_start(&job, meet, arg);
    meet(arg); /* ends when the job runs beside it */
    pool_wait(&job);
}

static void start_meeting(void *arg)
{
    pool_run(meet_own_job, arg);
}

static void pool_runs_a_job_beside_the_one_that_started_it(void **state)
{
    (void)state;
    struct runtime *rt = start(1);
    struct meeting m = {.met = 0};
    pthread_barrier_init(&m.barrier, NULL, 2);
    worker_post_fiber(runtime_worker(rt, 0), start_meeting, &m);
    finish(rt);
    assert_int_equal(m.met, 2);
    pthread_barrier_destroy(&m.barrier);
}

/* ---- connections: an echo server whose fiber ends between inputs ---- */

static void echo(void *arg)
{
    struct conn *c = arg;
    struct buf b = BUF_INIT;
    bool eof = false;
    while (conn_pending_bytes(c) || conn_at_eof(c)) {
        struct err *e = conn_read(c, &b, WAIT_FOREVER, &eof, NULL);
        if (!e && !eof)
            e = conn_write(c, b.data, b.len);
        bool failed = e != NULL;
        err_free(e);
        if (failed || eof) {
            buf_done(&b);
            conn_close(c);
            return;
        }
        buf_reset(&b);
    }
    buf_done(&b);
    conn_arm(c);
}

static void echo_opened(struct conn *c, void *arg)
{
    conn_set_user(c, arg);
    conn_arm(c);
}

static void echo_readable(struct conn *c)
{
    struct err *e = fiber_start(conn_worker(c), echo, c);
    assert_null(e);
}

static const struct conn_handler echo_handler = {echo_opened, echo_readable};

static int dial(uint16_t port)
{
    struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(port)};
    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
    return fd;
}

static void read_exactly(int fd, char *to, size_t len)
{
    for (size_t got = 0; got < len;) {
        ssize_t n = read(fd, to + got, len - got);
        assert_true(n > 0);
        got += (size_t)n;
    }
}

struct flood {
    int fd;
    size_t bytes;
};

static void *flood_main(void *arg)
{
    struct flood *f = arg;
    static char block[1 << 16];
    memset(block, 'x', sizeof(block));
    for (size_t sent = 0; sent < f->bytes; sent += sizeof(block))
        if (write(f->fd, block, sizeof(block)) != sizeof(block))
            abort();
    shutdown(f->fd, SHUT_WR);
    return NULL;
}

static void *client_main(void *arg)
{
    struct runtime *rt = ((void **)arg)[0];
    uint16_t port = *(uint16_t *)((void **)arg)[1];
    int fds[8];
    for (int i = 0; i < 8; i++)
        fds[i] = dial(port);
    for (int round = 0; round < 200; round++) {
        for (int i = 0; i < 8; i++)
            if (write(fds[i], "hello", 5) != 5)
                abort();
        for (int i = 0; i < 8; i++) {
            char got[5];
            read_exactly(fds[i], got, 5);
            assert_memory_equal(got, "hello", 5);
        }
    }
    for (int i = 0; i < 8; i++)
        close(fds[i]);
    /* A client that sends much before it reads anything parks the fiber, not the worker. */
    struct flood f = {dial(port), 8 << 20};
    int quick = dial(port);
    pthread_t thread;
    pthread_create(&thread, NULL, flood_main, &f);
    usleep(50000);
    static char got[1 << 16];
    if (write(quick, "12345", 5) != 5)
        abort();
    read_exactly(quick, got, 5);
    close(quick);
    size_t total = 0;
    ssize_t n;
    while ((n = read(f.fd, got, sizeof(got))) > 0)
        total += (size_t)n;
    assert_int_equal(total, f.bytes);
    pthread_join(thread, NULL);
    close(f.fd);
    runtime_stop(rt);
    return NULL;
}

static void connections_echo(void **state)
{
    (void)state;
    struct runtime *rt = start(2);
    uint16_t port;
    struct err *e = runtime_listen(rt, "127.0.0.1", 0, &echo_handler, NULL, &port);
    assert_null(e);
    pthread_t client;
    void *args[] = {rt, &port};
    pthread_create(&client, NULL, client_main, args);
    assert_int_equal(runtime_run(rt), 0);
    pthread_join(client, NULL);
    finish(rt);
}

/* ---- shutdown with sessions at rest and in a read ---- */

static struct cancel reading_cancel;

static void read_forever(void *arg)
{
    struct conn *c = arg;
    struct buf b = BUF_INIT;
    bool eof = false;
    struct err *e = NULL;
    cancel_use(&reading_cancel);
    while (!e && !eof) {
        buf_reset(&b);
        e = conn_read(c, &b, WAIT_FOREVER, &eof, NULL);
    }
    CHECK(e && err_is(e, "57P01"));
    err_free(e);
    buf_done(&b);
    conn_close(c);
}

static void mixed_opened(struct conn *c, void *arg)
{
    int *count = arg;
    if (__atomic_fetch_add(count, 1, __ATOMIC_RELAXED) == 0) {
        conn_set_user(c, c);
        struct err *e = fiber_start(conn_worker(c), read_forever, c);
        CHECK(e == NULL);
    } else {
        conn_arm(c);
    }
}

static void end_conn(struct conn *c, void *arg)
{
    if (conn_user(c))
        cancel_set(&reading_cancel, CANCEL_TERMINATE);
    else
        conn_close(c);
}

static void *stop_soon(void *arg)
{
    usleep(50000);
    runtime_stop(arg);
    return NULL;
}

static void shutdown_ends_all_connections(void **state)
{
    (void)state;
    static const struct conn_handler handler = {mixed_opened, echo_readable};
    struct runtime *rt = start(2);
    uint16_t port;
    int count = 0;
    int fds[6];
    pthread_t thread;
    cancel_init(&reading_cancel);
    struct err *e = runtime_listen(rt, "localhost", 0, &handler, &count, &port);
    assert_null(e);
    for (int i = 0; i < 6; i++)
        fds[i] = dial(port);
    pthread_create(&thread, NULL, stop_soon, rt);
    assert_int_equal(runtime_run(rt), 0);
    pthread_join(thread, NULL);
    assert_int_equal(runtime_conn_count(rt), 6);
    runtime_each_conn(rt, end_conn, NULL);
    finish(rt);
    for (int i = 0; i < 6; i++) {
        char byte;
        assert_int_equal(read(fds[i], &byte, 1), 0);
        close(fds[i]);
    }
    cancel_done(&reading_cancel);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fibers_wake_each_other_across_workers),
        cmocka_unit_test(wait_mutex_excludes),
        cmocka_unit_test(cancel_ends_waits_and_loops),
        cmocka_unit_test(waits_of_plain_threads_time_out),
        cmocka_unit_test(many_sleepers_need_no_threads),
        cmocka_unit_test(pool_runs_jobs_of_parked_fibers),
        cmocka_unit_test(pool_jobs_wait_for_their_jobs),
        cmocka_unit_test(pool_runs_a_job_beside_the_one_that_started_it),
        cmocka_unit_test(connections_echo),
        cmocka_unit_test(shutdown_ends_all_connections),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
