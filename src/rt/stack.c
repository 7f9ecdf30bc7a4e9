/* Calls on another stack: see stack.h. Each thread keeps one stack for reuse; a larger one is
 * mapped when asked for, and what a deep call touched goes back to the kernel. */
#include "rt/stack.h"

#include "rt/fiber.h"
#include "rt/rt_internal.h"

#include <sys/mman.h>
#include <unistd.h>

#ifdef RT_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef RT_TSAN
#include <sanitizer/tsan_interface.h>
#endif

enum { MIN_STACK_BYTES = 1 << 20 };

struct transfer {
    void *context;
    void *data;
};
struct transfer jump_fcontext(void *to, void *data);
void *make_fcontext(void *stack_top, size_t size, void (*fn)(struct transfer));

struct call {
    void (*fn)(void *arg);
    void *arg;
    void *fake_stack; /* AddressSanitizer's */
    const void *caller_stack;
    size_t caller_stack_bytes;
    void *caller_tsan;
};

static __thread char *kept_stack; /* lowest byte, with the guard page */
static __thread size_t kept_bytes;

static void call_main(struct transfer t)
{
    struct call *c = t.data;
#ifdef RT_ASAN
    __sanitizer_finish_switch_fiber(NULL, &c->caller_stack, &c->caller_stack_bytes);
#endif
    c->fn(c->arg);
#ifdef RT_ASAN
    __sanitizer_start_switch_fiber(NULL, c->caller_stack, c->caller_stack_bytes);
#endif
#ifdef RT_TSAN
    __tsan_switch_to_fiber(c->caller_tsan, 0);
#endif
    jump_fcontext(t.context, NULL);
    UNREACHABLE();
}

static void run_on(char *stack, size_t bytes, struct call *c)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    void *context = make_fcontext(stack + bytes, bytes - page, call_main);
#ifdef RT_TSAN
    void *tsan = __tsan_create_fiber(0);
    c->caller_tsan = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(tsan, 0);
#endif
#ifdef RT_ASAN
    __sanitizer_start_switch_fiber(&c->fake_stack, stack + page, bytes - page);
#endif
    jump_fcontext(context, c);
#ifdef RT_ASAN
    __sanitizer_finish_switch_fiber(c->fake_stack, NULL, NULL);
#endif
#ifdef RT_TSAN
    __tsan_destroy_fiber(tsan);
#endif
}

static struct err *map_stack(size_t bytes, char **out)
{
    char *stack = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (stack == MAP_FAILED)
        return err_oom();
    if (mprotect(stack, (size_t)sysconf(_SC_PAGESIZE), PROT_NONE) != 0) {
        munmap(stack, bytes);
        return err_oom();
    }
    *out = stack;
    return NULL;
}

static void unmap_stack(char *stack, size_t bytes)
{
#ifdef RT_ASAN
    __asan_unpoison_memory_region(stack, bytes);
#endif
    munmap(stack, bytes);
}

struct err *stack_call(size_t stack_bytes, void (*fn)(void *arg), void *arg)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    struct call c = {.fn = fn, .arg = arg};
    if (!kept_stack) {
        TRY(map_stack(MIN_STACK_BYTES + page, &kept_stack));
        kept_bytes = MIN_STACK_BYTES + page;
    }
    char *stack = kept_stack;
    size_t bytes = kept_bytes;
    if (stack_bytes + page > bytes) {
        bytes = ((stack_bytes + page - 1) / page + 1) * page;
        TRY(map_stack(bytes, &stack));
    }
    no_yield_begin();
    run_on(stack, bytes, &c);
    no_yield_end();
    if (stack != kept_stack)
        unmap_stack(stack, bytes);
    return NULL;
}
