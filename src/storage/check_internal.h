/* Parts of store_check_files. */
#ifndef TARN_STORAGE_CHECK_INTERNAL_H
#define TARN_STORAGE_CHECK_INTERNAL_H

#include "storage/check.h"
#include "storage/wal.h"

/* kv_check.c */
struct err *kv_check_file(const char *path, struct check_report *r) MUST_CHECK;

/* wal_recover.c: reads the log from `from` on, and looks for valid records behind its end: what
 * stands there was written, so the record that is missing before it was damaged, unless a power cut
 * tore the last group. */
struct err *wal_check(const struct wal_config *config, struct lsn from, uint64_t csn,
                      struct check_report *r) MUST_CHECK;

#endif
