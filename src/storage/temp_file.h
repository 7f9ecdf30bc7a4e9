/* Temporary files, for what does not fit into memory: in the data directory's tmp/, without a name
 * from the moment they are made, so that nothing is left of them whatever ends the process. */
#ifndef TARN_STORAGE_TEMP_FILE_H
#define TARN_STORAGE_TEMP_FILE_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

/* What the files of one session may take together. The caller's memory, which outlives them. */
struct temp_quota {
    const char *dir;
    int64_t limit_bytes;        /* setting temp_file_limit; -1: none */
    int64_t log_bytes;          /* setting log_temp_files: files as large are logged; -1: none */
    _Atomic int64_t used_bytes; /* files may be written by a pool's threads */
};
/* Without limits. `dir` is borrowed. */
void temp_quota_init(struct temp_quota *q, const char *dir);

struct temp_file;

/* One fiber or thread at a time. 53100 on a full disk, 58030. MAY YIELD. */
struct err *temp_file_new(struct temp_quota *q, struct temp_file **out) MUST_CHECK;
/* The same and, beyond the limit, 53400. MAY YIELD. */
struct err *temp_file_append(struct temp_file *f, const void *data, size_t len) MUST_CHECK;
/* All `len` bytes at `offset`: XX001 when they are not there, 58030. MAY YIELD. */
struct err *temp_file_read(struct temp_file *f, uint64_t offset, void *to, size_t len) MUST_CHECK;
/* The file grows by `len` zero bytes, whose space is there. Errors as of appending. MAY YIELD. */
struct err *temp_file_grow(struct temp_file *f, size_t len) MUST_CHECK;
/* Maps the file from its beginning, up to `len` bytes that it may have one day; only what it has
 * may be touched. What is written there is memory that the system can write back. The caller
 * unmaps. 53200. */
struct err *temp_file_map(struct temp_file *f, size_t len, void **out) MUST_CHECK;
/* The file no longer counts for its quota, which may go before it. */
void temp_file_detach(struct temp_file *f);
uint64_t temp_file_size(const struct temp_file *f);
/* Gives the space back. NULL is fine. MAY YIELD. */
void temp_file_free(struct temp_file *f);

#endif
