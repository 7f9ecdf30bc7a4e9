/* A layer below the server, preloaded (LD_PRELOAD), that makes allocations fail: from the heap, and
 * anonymous mappings (stacks of fibers). The test orders that through a page that it shares.
 * SIM_MEMORY names its file.
 *
 * Counted are allocations in the threads whose names begin with `threads`; the rest pass. */
#undef _FILE_OFFSET_BITS
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <pg_query.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);
void *__libc_memalign(size_t align, size_t size);

/* Shared with the test. */
struct control {
    _Atomic uint32_t armed;
    uint32_t skip;           /* so many pass, then one in `every` fails ... */
    uint32_t every;          /* ... in a random way; 1: each */
    uint32_t count;          /* at most so many */
    _Atomic uint32_t seen;   /* since armed */
    _Atomic uint32_t failed; /* of them */
    uint64_t seed;
    char threads[16];
};

static struct control none;
static struct control *control = &none;
static bool trace;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void on_fault(int number)
{
    void *frames[32];
    backtrace_symbols_fd(frames, backtrace(frames, 32), 2);
    signal(number, SIG_DFL);
    raise(number);
}

static void start(void)
{
    const char *path = getenv("SIM_MEMORY");
    if (!path)
        return;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
    void *page = (void *)syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fd < 0 || page == MAP_FAILED)
        abort();
    syscall(SYS_close, fd);
    control = page;
    trace = getenv("SIM_MEMORY_TRACE") != NULL;
    if (trace)
        signal(SIGSEGV, on_fault);
}

static bool counted(void)
{
    static __thread int ours = -1;
    char name[16] = "";
    if (ours < 0) {
        pthread_getname_np(pthread_self(), name, sizeof(name));
        ours = strncmp(name, control->threads, strlen(control->threads)) == 0;
    }
    return ours;
}

/* To stderr, where SIM_MEMORY_TRACE is set: which allocation failed, and where a fault was. */
static void show_stack(void)
{
    void *frames[24];
    static __thread bool inside;
    if (inside)
        return;
    inside = true;
    uint32_t armed = control->armed;
    control->armed = 0; /* backtrace allocates */
    backtrace_symbols_fd(frames, backtrace(frames, 24), 2);
    control->armed = armed;
    inside = false;
}

/* libpg_query does not survive its own failures: it ends the process, or uses NULL. They are left
 * out. */
static __thread bool in_parser;

PgQueryProtobufParseResult pg_query_parse_protobuf(const char *sql)
{
    static PgQueryProtobufParseResult (*real)(const char *);
    if (!real)
        real = (PgQueryProtobufParseResult(*)(const char *))dlsym(RTLD_NEXT,
                                                                  "pg_query_parse_protobuf");
    in_parser = true;
    PgQueryProtobufParseResult r = real(sql);
    in_parser = false;
    return r;
}

static uint64_t mix(uint64_t v)
{
    v ^= v >> 32;
    v *= 0xd6e8feb86659fd93ull;
    v ^= v >> 32;
    v *= 0xd6e8feb86659fd93ull;
    return v ^ (v >> 32);
}

static bool fails(void)
{
    pthread_once(&once, start);
    if (!control->armed || in_parser || !counted())
        return false;
    uint32_t n = control->seen++;
    if (n < control->skip || (control->every > 1 && mix(control->seed + n) % control->every != 0))
        return false;
    if (control->failed >= control->count)
        return false;
    control->failed++;
    if (trace)
        show_stack();
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size)
{
    return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    return fails() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
    return size && fails() ? NULL : __libc_realloc(p, size);
}

void *reallocarray(void *p, size_t n, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(p, bytes);
}

void *aligned_alloc(size_t align, size_t size)
{
    return fails() ? NULL : __libc_memalign(align, size);
}

int posix_memalign(void **out, size_t align, size_t size)
{
    void *p = fails() ? NULL : __libc_memalign(align, size);
    if (!p)
        return ENOMEM;
    *out = p;
    return 0;
}

void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
    if ((flags & MAP_ANONYMOUS) && fails())
        return MAP_FAILED;
    return (void *)syscall(SYS_mmap, at, size, protection, flags, fd, offset);
}

void *mmap64(void *at, size_t size, int protection, int flags, int fd, off64_t offset)
{
    return mmap(at, size, protection, flags, fd, offset);
}
