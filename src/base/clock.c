#include "base/clock.h"

#include "base/check.h"

#include <errno.h>
#include <sys/random.h>
#include <time.h>

int64_t clock_mono_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

int64_t clock_real_us(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

void random_bytes(void *p, size_t len)
{
    for (size_t done = 0; done < len;) {
        ssize_t n = getrandom((char *)p + done, len - done, 0);
        CHECK(n >= 0 || errno == EINTR);
        if (n > 0)
            done += (size_t)n;
    }
}
