/* Measures the store without SQL: point reads, scans, commits, bulk load.
 * Usage: store_bench [directory [rows]] */
#include "base/bytes.h"
#include "base/clock.h"
#include "rt/fiber.h"
#include "rt/runtime.h"
#include "storage/store.h"
#include "txn/txn.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { SID = 2000, HISTORY = 2001 };

static struct txn_mgr *mgr;
static uint32_t rows;

static void must(struct err *e)
{
    if (!e)
        return;
    fprintf(stderr, "%s %s\n", e->sqlstate, e->message);
    exit(1);
}

static double cpu_s(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static struct str key_of(char space[12], uint32_t id, uint64_t n)
{
    store_be32(space, id);
    store_be64(space + 4, n);
    return str_make(space, 12);
}

static void report(const char *what, int64_t began_ns, double cpu_before, uint64_t n)
{
    int64_t ns = clock_mono_ns() - began_ns;
    printf("%-44s %9.0f /s  %8.0f ns wall  %8.0f ns cpu\n", what, (double)n * 1e9 / (double)ns,
           (double)ns / (double)n, (cpu_s() - cpu_before) * 1e9 / (double)n);
    fflush(stdout);
}

static void load(void)
{
    char space[12];
    char value[100] = "row";
    struct txn *t;
    struct txn_bulk *b;
    uint64_t written;
    int64_t began = clock_mono_ns();
    double cpu = cpu_s();
    must(txn_begin(mgr, TXN_READ_COMMITTED, false, &t));
    must(txn_bulk_begin(t, SID, 64 << 20, &b));
    for (uint64_t i = 0; i < rows; i++)
        must(txn_bulk_add(b, key_of(space, SID, i), str_make(value, sizeof(value))));
    must(txn_bulk_finish(b, NULL, NULL, &written));
    must(txn_commit(t, false));
    report("bulk load, 100-byte rows", began, cpu, written);
}

static void gets(const char *what, bool new_view)
{
    enum { N = 1000000 };
    char space[12];
    struct txn *t;
    uint64_t seed = 1;
    uint64_t hits = 0;
    must(txn_begin(mgr, TXN_READ_COMMITTED, true, &t));
    struct txn_view v = txn_view_begin(t);
    int64_t began = clock_mono_ns();
    double cpu = cpu_s();
    for (int i = 0; i < N; i++) {
        struct str value;
        bool found;
        seed = seed * 6364136223846793005ull + 1442695040888963407ull;
        if (new_view) {
            txn_view_done(&v);
            must(txn_commit(t, false));
            must(txn_begin(mgr, TXN_READ_COMMITTED, true, &t));
            must(txn_lock_table(t, 1, TXN_ACCESS_SHARE, TXN_WAIT, NULL));
            v = txn_view_begin(t);
        }
        must(txn_get(&v, key_of(space, SID, (seed >> 33) % rows), &value, &found));
        hits += found;
    }
    report(what, began, cpu, N);
    if (hits != N)
        printf("  only %llu found\n", (unsigned long long)hits);
    txn_view_done(&v);
    txn_abort(t);
}

static void scan(const char *what, bool reverse)
{
    char lo[4];
    char hi[4];
    struct txn *t;
    struct txn_scan *s;
    bool found = true;
    uint64_t n = 0;
    must(txn_begin(mgr, TXN_READ_COMMITTED, true, &t));
    struct txn_view v = txn_view_begin(t);
    store_be32(lo, SID);
    store_be32(hi, SID + 1);
    int64_t began = clock_mono_ns();
    double cpu = cpu_s();
    must(txn_scan_open(&v, str_make(lo, 4), str_make(hi, 4), reverse, &s));
    for (; found; n++) {
        struct str key;
        struct str value;
        must(txn_scan_next(s, &key, &value, &found));
        must(fiber_tick());
    }
    report(what, began, cpu, n - 1);
    txn_scan_close(s);
    txn_view_done(&v);
    txn_abort(t);
}

/* A small read-write transaction: lock, read the newest, update, insert. */
static void one_update(uint64_t n, uint64_t history, bool async)
{
    char space[12];
    char value[100] = "changed";
    struct arena arena;
    struct txn *t;
    struct txn_newest newest;
    bool locked;
    arena_init(&arena);
    must(txn_begin(mgr, TXN_READ_COMMITTED, false, &t));
    must(txn_lock_table(t, 1, TXN_ROW_EXCLUSIVE, TXN_WAIT, &locked));
    struct txn_view v = txn_view_begin(t);
    struct str key = key_of(space, SID, n);
    must(txn_lock_key(t, key, TXN_NO_KEY_UPDATE, TXN_WAIT, &locked));
    must(txn_get_newest(&v, key, &arena, &newest));
    must(txn_put(t, key, str_make(value, sizeof(value))));
    must(txn_put(t, key_of(space, HISTORY, history), str_make(value, 50)));
    txn_view_done(&v);
    must(txn_commit(t, async));
    arena_done(&arena);
}

static void async_updates(uint64_t n)
{
    uint64_t seed = 99;
    int64_t began = clock_mono_ns();
    double cpu = cpu_s();
    for (uint64_t i = 0; i < n; i++) {
        seed = seed * 6364136223846793005ull + 1442695040888963407ull;
        one_update((seed >> 33) % rows, i, true);
    }
    report("update + insert, asynchronous commit", began, cpu, n);
}

static _Atomic uint64_t next_history;
static uint64_t updates_each;

static void update_fiber(void *arg)
{
    uint64_t seed = (uint64_t)(uintptr_t)arg * 7919;
    for (uint64_t i = 0; i < updates_each; i++) {
        seed = seed * 6364136223846793005ull + 1442695040888963407ull;
        one_update((seed >> 33) % rows, (1ull << 32) + atomic_fetch_add(&next_history, 1), false);
    }
}

static void sync_updates(int fibers, uint64_t each)
{
    char what[64];
    struct runtime *rt;
    struct store_stats before;
    struct store_stats after;
    updates_each = each;
    must(runtime_new(&(struct runtime_config){.workers = 2}, &rt));
    txn_mgr_stats(mgr, &before);
    int64_t began = clock_mono_ns();
    double cpu = cpu_s();
    for (uintptr_t i = 0; i < (uintptr_t)fibers; i++)
        worker_post_fiber(runtime_worker(rt, (int)(i % 2)), update_fiber, (void *)(i + 1));
    runtime_drain(rt, 600000);
    snprintf(what, sizeof(what), "update + insert, %d committers", fibers);
    report(what, began, cpu, each * (uint64_t)fibers);
    txn_mgr_stats(mgr, &after);
    printf("  %.1f commits a sync\n",
           (double)(each * (uint64_t)fibers) / (double)(after.wal_syncs - before.wal_syncs));
    runtime_free(rt);
}

static void yielder(void *arg)
{
    for (int i = 0; i < 1000000; i++)
        fiber_yield();
}

static void switches(void)
{
    struct runtime *rt;
    must(runtime_new(&(struct runtime_config){.workers = 1}, &rt));
    int64_t began = clock_mono_ns();
    double cpu = cpu_s();
    for (int i = 0; i < 50; i++)
        worker_post_fiber(runtime_worker(rt, 0), yielder, NULL);
    runtime_drain(rt, 600000);
    report("fiber yield (50 fibers, poll between rounds)", began, cpu, 50 * 1000000);
    runtime_free(rt);
}

int main(int argc, char **argv)
{
    const char *dir = argc > 1 ? argv[1] : "/tmp/tarn-store-bench";
    rows = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 1000000;
    struct txn_config c = {
        .dir = dir,
        .memtable_bytes = 256 << 20,
        .map_bytes = (size_t)64 << 30,
        .wal_segment_bytes = 64 << 20,
        .checkpoint_timeout_ms = 600000,
        .max_wal_bytes = (int64_t)4 << 30,
        .fsync = true,
    };
    must(txn_mgr_open(&c, &mgr));
    load();
    gets("get from LMDB", false);
    gets("begin, view, get from LMDB, end", true);
    scan("scan of LMDB", false);
    scan("scan of LMDB, reverse", true);
    async_updates(300000);
    gets("get, memtable over LMDB", false);
    scan("merged scan", false);
    scan("merged scan, reverse", true);
    sync_updates(1, 3000);
    sync_updates(16, 3000);
    sync_updates(64, 3000);
    int64_t began = clock_mono_ns();
    double cpu = cpu_s();
    must(txn_mgr_checkpoint(mgr));
    report("checkpoint, versions written", began, cpu, 900000);
    gets("get from LMDB again", false);
    switches();
    must(txn_mgr_close(mgr));
    return 0;
}
