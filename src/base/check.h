/* Assertions. ASSERT is compiled into debug and test builds, CHECK always. Both are for bugs only:
 * content that came from a client or a disk is never asserted on, it is reported as an error. */
#ifndef TARN_BASE_CHECK_H
#define TARN_BASE_CHECK_H

#include <stdbool.h>

/* Prints the failed condition and aborts. Thread-safe; does not return. */
_Noreturn void check_failed(const char *condition, const char *file, int line);

#define CHECK(cond)                                  \
    do {                                             \
        if (__builtin_expect(!(cond), 0))            \
            check_failed(#cond, __FILE__, __LINE__); \
    } while (0)

#ifdef TARN_DEBUG
#define ASSERT(cond) CHECK(cond)
#else
#define ASSERT(cond) ((void)sizeof(cond))
#endif

#define UNREACHABLE() check_failed("unreachable", __FILE__, __LINE__)
#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, first) __attribute__((format(printf, fmt, first)))
#define ARRAY_LENGTH(a) (sizeof(a) / sizeof((a)[0]))
#define CONTAINER_OF(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

#endif
