/* Time and randomness. Behind an interface so that tests can replace the source. Any thread. */
#ifndef TARN_BASE_CLOCK_H
#define TARN_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

/* Monotonic, nanoseconds since an arbitrary start. */
int64_t clock_mono_ns(void);
/* Wall clock, microseconds since 1970-01-01 00:00 UTC. */
int64_t clock_real_us(void);
/* Cryptographically strong bytes from the kernel; stops the process if there are none. */
void random_bytes(void *p, size_t len);

#endif
