/* Calls on a stack of another size, for library code that recurses deeply. */
#ifndef TARN_RT_STACK_H
#define TARN_RT_STACK_H

#include "base/err.h"

#include <stddef.h>

/* Runs fn(arg) on a stack of at least that many bytes (committed lazily, with a guard page) and
 * returns when it is done. From a fiber or a plain thread; fn must not wait or yield. 53200 when
 * there is no address space. */
struct err *stack_call(size_t stack_bytes, void (*fn)(void *arg), void *arg) MUST_CHECK;

#endif
