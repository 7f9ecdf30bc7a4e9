/* Verifies the files of a store that no server uses: the pages of LMDB's file, the WAL. Changes
 * nothing but what a start would (unfinished segments are removed). */
#ifndef TARN_STORAGE_CHECK_H
#define TARN_STORAGE_CHECK_H

#include "base/err.h"

#include <stdint.h>

/* Where findings go, one sentence each. */
struct check_report {
    void (*problem)(void *arg, const char *text);
    void *arg;
    uint64_t problems; /* so far */
};
void check_problem(struct check_report *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Errors: 58P01 no such directory or not a store, 0A000 format, 55006 in use, 58030, 53200. */
struct err *store_check_files(const char *dir, struct check_report *r) MUST_CHECK;

#endif
