/* The log: replay, torn tails, stale bytes, groups, full disks, failing disks. */
#include "base/bytes.h"
#include "base/hash.h"
#include "rt/pool.h"
#include "storage/file.h"
#include "storage/wal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

enum { SEGMENT_BYTES = 16 * 1024, MAX_RECORDS = 20000 };

static char dir[64];
static struct file_ops files;
static _Atomic bool disk_full;
static _Atomic bool sync_fails;
static _Atomic uint64_t durable_csn;

static ssize_t test_pwrite(void *ctx, int fd, const void *from, size_t len, int64_t offset)
{
    /* Preallocated space can still be written when the disk is full. */
    if (atomic_load(&disk_full) && offset + (int64_t)len > file_posix.size(NULL, fd))
        return -ENOSPC;
    return file_posix.pwrite(ctx, fd, from, len, offset);
}

static int test_sync(void *ctx, int fd)
{
    return atomic_load(&sync_fails) ? -EIO : 0;
}

static int setup(void **state)
{
    (void)state;
    files = file_posix;
    files.pwrite = test_pwrite;
    files.sync = test_sync;
    atomic_store(&disk_full, false);
    atomic_store(&sync_fails, false);
    snprintf(dir, sizeof(dir), "/tmp/tarn-wal-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof(command), "rm -rf %s", dir);
    assert_int_equal(err_alive(), 0);
    return system(command);
}

static void no_error(struct err *e)
{
    if (e)
        fprintf(stderr, "error %s: %s\n", e->sqlstate, e->message);
    assert_null(e);
}

static void on_durable(void *arg, uint64_t csn)
{
    atomic_store(&durable_csn, csn);
}

static void on_failure(void *arg, struct err *e)
{
    _exit(strcmp(e->sqlstate, "58030") == 0 ? 77 : 1);
}

/* Record n has csn n and a payload made from n. */
static struct str payload_of(uint64_t n)
{
    static char bytes[64 * 1024];
    size_t len = n % 97 == 0 ? 40000 : n * 37 % 500;
    for (size_t i = 0; i < len; i++)
        bytes[i] = (char)(n * 131 + i);
    return str_make(bytes, len);
}

struct replay {
    uint64_t next;
    uint64_t ends[MAX_RECORDS];
};

static struct replay seen;

static struct err *on_record(void *arg, const struct wal_record *r)
{
    assert_false(r->is_part);
    assert_int_equal(r->csn, seen.next);
    assert_true(str_eq(r->payload, payload_of(r->csn)));
    seen.ends[r->csn] = r->end.v;
    seen.next = r->csn + 1;
    return NULL;
}

static struct wal *open_wal(uint64_t from, uint64_t next_csn)
{
    struct wal *w;
    struct wal_config c = {
        .files = &files,
        .dir = dir,
        .segment_bytes = SEGMENT_BYTES,
        .fsync = true,
        .on_durable = on_durable,
        .on_failure = on_failure,
    };
    seen.next = next_csn;
    no_error(wal_open(&c, (struct lsn){from}, on_record, NULL, &w));
    return w;
}

static struct lsn append(struct wal *w, uint64_t n)
{
    struct str p = payload_of(n);
    while (!wal_has_room(w, wal_record_bytes(p.len)))
        no_error(wal_make_room(w, wal_record_bytes(p.len)));
    struct lsn end = wal_append(w, n, p, crc32c(0, p.data, p.len));
    seen.ends[n] = end.v;
    return end;
}

static void segment_of(uint64_t lsn, char *path, size_t size)
{
    snprintf(path, size, "%s/%016" PRIx64 ".wal", dir, lsn / SEGMENT_BYTES * SEGMENT_BYTES);
}

static void poke(uint64_t lsn, uint8_t flip)
{
    char path[128];
    uint8_t byte;
    segment_of(lsn, path, sizeof(path));
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &byte, 1, (off_t)(lsn % SEGMENT_BYTES)), 1);
    byte ^= flip;
    assert_int_equal(pwrite(fd, &byte, 1, (off_t)(lsn % SEGMENT_BYTES)), 1);
    close(fd);
}

static void records_come_back(void **state)
{
    (void)state;
    struct wal *w = open_wal(0, 1);
    uint64_t n = 1;
    for (int round = 0; round < 4; round++) {
        struct lsn end = {0};
        for (int i = 0; i < 300; i++)
            end = append(w, n++);
        wal_wait(w, end);
        assert_int_equal(atomic_load(&durable_csn), n - 1);
        wal_close(w);
        w = open_wal(0, 1);
        assert_int_equal(seen.next, n);
    }
    wal_close(w);
    /* From the middle, as after a checkpoint. */
    uint64_t middle = seen.ends[500];
    w = open_wal(middle, 501);
    assert_int_equal(seen.next, n);
    wal_recycle(w, (struct lsn){middle});
    for (int i = 0; i < 2000; i++)
        append(w, n++);
    wal_close(w);
    w = open_wal(middle, 501);
    assert_int_equal(seen.next, n);
    wal_close(w);
}

/* Whatever byte of the last records is damaged, what is before it survives, and new records can be
 * written and read behind it, however often. */
static void torn_tails_are_cut_off(void **state)
{
    (void)state;
    uint64_t n = 1;
    srand(5);
    for (int round = 0; round < 60; round++) {
        struct wal *w = open_wal(0, 1);
        n = seen.next;
        uint64_t first = n;
        for (int i = 0; i < 10; i++)
            append(w, n++);
        wal_close(w);
        uint64_t hit = first + (uint64_t)rand() % 10;
        uint64_t begin = hit == 1 ? 0 : seen.ends[hit - 1];
        uint64_t used = begin + 32 + payload_of(hit).len; /* the padding is not covered */
        poke(begin + (uint64_t)rand() % (used - begin), (uint8_t)(1 << rand() % 8));
        w = open_wal(0, 1);
        assert_int_equal(seen.next, hit);
        wal_close(w);
    }
}

/* An intact record behind a torn one must not return once the gap is filled with an equally long
 * one. */
static void records_behind_a_gap_stay_dead(void **state)
{
    (void)state;
    struct wal *w = open_wal(0, 1);
    append(w, 1);
    append(w, 2);
    append(w, 3);
    wal_close(w);
    poke(seen.ends[1], 1);
    w = open_wal(0, 1);
    assert_int_equal(seen.next, 2);
    append(w, 2);
    wal_close(w);
    w = open_wal(0, 1);
    assert_int_equal(seen.next, 3);
    wal_close(w);
}

/* ---- groups ---- */

static struct wal *group_wal;
static pthread_mutex_t group_mu = PTHREAD_MUTEX_INITIALIZER;
static uint64_t group_next = 1;

static int slow_sync(void *ctx, int fd)
{
    usleep(2000);
    return 0;
}

static void *commit_some(void *arg)
{
    for (int i = 0; i < 50; i++) {
        pthread_mutex_lock(&group_mu);
        struct lsn end = append(group_wal, group_next++);
        pthread_mutex_unlock(&group_mu);
        wal_wait(group_wal, end);
    }
    return NULL;
}

static void committers_share_syncs(void **state)
{
    (void)state;
    pthread_t threads[16];
    files.sync = slow_sync;
    group_wal = open_wal(0, 1);
    for (int i = 0; i < 16; i++)
        pthread_create(&threads[i], NULL, commit_some, NULL);
    for (int i = 0; i < 16; i++)
        pthread_join(threads[i], NULL);
    uint64_t syncs = wal_sync_count(group_wal);
    assert_true(syncs >= 50 && syncs < 16 * 50 / 4);
    wal_close(group_wal);
    files.sync = test_sync;
    struct wal *w = open_wal(0, 1);
    assert_int_equal(seen.next, 16 * 50 + 1);
    wal_close(w);
}

/* ---- bad disks ---- */

static void full_disk_is_an_error_and_passes(void **state)
{
    (void)state;
    struct wal *w = open_wal(0, 1);
    uint64_t n = 1;
    append(w, n++);
    atomic_store(&disk_full, true);
    struct err *e = NULL;
    for (int i = 0; i < 5000 && !e; i++) {
        struct str p = payload_of(n);
        if (!wal_has_room(w, wal_record_bytes(p.len)))
            e = wal_make_room(w, wal_record_bytes(p.len));
        else
            append(w, n++);
    }
    assert_non_null(e);
    assert_string_equal(e->sqlstate, "53100");
    err_free(e);
    atomic_store(&disk_full, false);
    for (int i = 0; i < 100; i++)
        append(w, n++);
    wal_close(w);
    w = open_wal(0, 1);
    assert_int_equal(seen.next, n);
    wal_close(w);
}

static void failed_sync_stops_the_server(void **state)
{
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        struct wal *w = open_wal(0, 1);
        wal_wait(w, append(w, 1));
        atomic_store(&sync_fails, true);
        wal_wait(w, append(w, 2));
        _exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 77);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(records_come_back),
        CASE(torn_tails_are_cut_off),
        CASE(records_behind_a_gap_stay_dead),
        CASE(committers_share_syncs),
        CASE(full_disk_is_an_error_and_passes),
        CASE(failed_sync_stops_the_server),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
