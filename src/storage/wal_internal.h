/* Shared by wal.c (appending, flushing), wal_segment.c (files) and wal_recover.c (reading). */
#ifndef TARN_STORAGE_WAL_INTERNAL_H
#define TARN_STORAGE_WAL_INTERNAL_H

#include "rt/wait.h"
#include "storage/file.h"
#include "storage/wal.h"

#include <pthread.h>
#include <stdatomic.h>

/* Header of a record; README.md has the table. The CRC covers the payload, then the header after
 * the CRC field. */
struct wal_header {
    uint32_t crc;
    uint32_t type;
    uint64_t payload_bytes;
    uint64_t lsn; /* where the record begins: stale bytes of a reused segment do not match */
    uint64_t csn; /* of a part: the place of the commit's first part */
};
_Static_assert(sizeof(struct wal_header) == 32, "stored");

enum {
    WAL_TYPE_COMMIT = 1,
    WAL_TYPE_PART = 2,
    WAL_ALIGN = 8,
    WAL_CHUNK_BYTES = 256 * 1024,
    WAL_MAX_SPARE = 4
};

struct wal_segment {
    uint64_t start;
    uint64_t bytes;
    int fd;
};

/* Appended bytes on their way to the disk. */
struct wal_chunk {
    struct wal_chunk *next;
    size_t len;
    size_t cap;
    char data[];
};

struct wal_waiter;

struct wal {
    struct wal_config config;
    pthread_mutex_t mu;
    uint64_t tail;             /* guarded by the commit mutex; also written under mu */
    _Atomic uint64_t prepared; /* end of the prepared segments; release by the preparer */
    _Atomic uint64_t durable;  /* release after the sync */
    _Atomic uint64_t sync_count;

    /* guarded by mu */
    struct wal_chunk *first;
    struct wal_chunk *last;
    struct wal_chunk *free_chunks;
    uint64_t pending_csn; /* of the last appended record */
    size_t pending_bytes;
    bool urgent;              /* somebody waits for what is pending */
    int64_t lazy_deadline_ns; /* flush by then at the latest; 0: nobody asked */
    bool flusher_idle;
    bool stopping;
    struct wal_waiter *waiters;
    struct wal_waiter **waiters_end;
    struct wal_segment *segments; /* in order, contiguous */
    size_t segment_count;
    size_t segment_cap;
    struct wal_segment spare[WAL_MAX_SPARE]; /* files to reuse; start is the old one */
    size_t spare_count;
    bool held; /* somebody copies from `held_from` on */
    uint64_t held_from;
    uint64_t wanted;           /* prepare up to here */
    struct err *prepare_error; /* of the last attempt, for those who wait */
    uint64_t prepare_attempts;

    pthread_cond_t flusher_work;
    pthread_cond_t preparer_work;
    struct wait_queue prepared_queue;
    pthread_t flusher;
    pthread_t preparer;
    bool flusher_started;
    bool preparer_started;
};

/* wal_segment.c */
struct err *segments_open(struct wal *w) MUST_CHECK;
void segments_close(struct wal *w);
void *segment_preparer(void *arg);
/* The segment that holds `lsn`, copied under mu. */
bool segment_at(struct wal *w, uint64_t lsn, struct wal_segment *out);
struct err *segment_remove_after(struct wal *w, uint64_t lsn) MUST_CHECK;
void segment_path(const struct wal *w, uint64_t start, char *path, size_t size);

/* wal_recover.c */
struct err *wal_recover(struct wal *w, struct lsn from, wal_replay replay, void *arg) MUST_CHECK;

#endif
