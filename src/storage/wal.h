/* The write-ahead log: one endless byte string of records, cut into segment files. Records are
 * appended to memory under the caller's commit mutex; a flusher thread writes and syncs them in
 * groups. Space is prepared ahead by another thread, so that a record that was appended always
 * finds its place. See README.md for the format. */
#ifndef TARN_STORAGE_WAL_H
#define TARN_STORAGE_WAL_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct file_ops;
struct wal;

struct lsn {
    uint64_t v; /* byte position in the log */
};
#define LSN_NONE ((struct lsn){UINT64_MAX})

/* Whether a file of the log's folder is called as a segment, and the position it begins with. */
bool wal_file_start(const char *name, uint64_t *start);

struct wal_config {
    const struct file_ops *files;
    const char *dir; /* exists */
    size_t segment_bytes;
    bool fsync;
    /* On the flusher thread, when everything up to `csn` is durable. */
    void (*on_durable)(void *arg, uint64_t csn);
    /* A write or sync failed: must not return. */
    void (*on_failure)(void *arg, struct err *e);
    void *arg;
};

/* A record as it is read. A part is a piece of a commit too large for one record: the commit's own
 * record comes behind all its parts and says where the first one is. Without that record, parts
 * mean nothing. */
struct wal_record {
    struct wal *wal; /* for wal_read_parts */
    bool is_part;
    struct lsn start;
    struct lsn end;
    uint64_t csn;     /* of a commit */
    struct lsn first; /* of a part: where the commit's first part begins */
    struct str payload;
};
/* For each whole record from `from` on, in order; a part comes without its payload. */
typedef struct err *(*wal_replay)(void *arg, const struct wal_record *r);

/* Replays, cuts off a torn tail, and starts the threads. */
struct err *wal_open(const struct wal_config *config, struct lsn from, wal_replay replay,
                     void *replay_arg, struct wal **out) MUST_CHECK;
/* Flushes, stops, frees. NULL is fine. */
void wal_close(struct wal *w);

/* Bytes that a payload takes. */
size_t wal_record_bytes(size_t payload_bytes);
/* Whether a record of that size can be appended now. Under the commit mutex. */
bool wal_has_room(struct wal *w, size_t record_bytes);
/* Waits until it can, or nearly: check again. 53100 when the disk is full. MAY YIELD. */
struct err *wal_make_room(struct wal *w, size_t record_bytes) MUST_CHECK;
/* Under the commit mutex, with room. `crc` is crc32c(0, payload). The end of the record. */
struct lsn wal_append(struct wal *w, uint64_t csn, struct str payload, uint32_t crc);
/* The same for a part; `*first` is its own place when it was LSN_NONE, else that of the commit's
 * first. */
struct lsn wal_append_part(struct wal *w, struct lsn *first, struct str payload, uint32_t crc);
/* During the replay of a commit that ends at `end`: calls `each` for its parts, in order. XX001
 * when they cannot be read. */
struct err *wal_read_parts(struct wal *w, struct lsn first, struct lsn end,
                           struct err *(*each)(void *arg, struct str payload),
                           void *arg) MUST_CHECK;
/* The end of the last record. Under the commit mutex. */
struct lsn wal_tail(const struct wal *w);
/* What is appended is written when somebody waits for it, when there is much, or within about 10 ms
 * after this. */
void wal_flush_soon(struct wal *w);
/* Waits until the log is durable up to `upto`; deaf to cancel. MAY YIELD. */
void wal_wait(struct wal *w, struct lsn upto);
/* Segments from `from` on stay until wal_release. One holder at a time: false when there is one. */
bool wal_hold(struct wal *w, struct lsn from);
void wal_release(struct wal *w);
/* Copies the log from `from` (held) up to `end` (durable) into an existing directory, as segment
 * files, synced. Long: on a pool thread. */
struct err *wal_copy(struct wal *w, struct lsn from, struct lsn end, const char *dir) MUST_CHECK;
/* Segments wholly before `upto` may be used again. Any thread. */
void wal_recycle(struct wal *w, struct lsn upto);
/* Up to where the log is durable. Any thread. */
struct lsn wal_durable(const struct wal *w);
/* Counters for tests and statistics. */
uint64_t wal_sync_count(const struct wal *w);

#endif
