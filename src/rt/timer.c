/* A worker's timers: a binary heap by deadline. The loop fires what is due on each turn; one uv
 * timer bounds its sleep. */
#include "rt/rt_internal.h"

#include "base/clock.h"

#include <stdlib.h>

static void place(struct worker *w, uint32_t at, struct timer *t)
{
    w->timers[at] = t;
    t->heap_index = at;
}

static void sift_up(struct worker *w, uint32_t at, struct timer *t)
{
    for (; at > 1 && w->timers[at / 2]->deadline_ns > t->deadline_ns; at /= 2)
        place(w, at, w->timers[at / 2]);
    place(w, at, t);
}

static void sift_down(struct worker *w, uint32_t at, struct timer *t)
{
    for (;;) {
        uint32_t child = at * 2;
        if (child > w->timer_count)
            break;
        if (child < w->timer_count &&
            w->timers[child + 1]->deadline_ns < w->timers[child]->deadline_ns)
            child++;
        if (w->timers[child]->deadline_ns >= t->deadline_ns)
            break;
        place(w, at, w->timers[child]);
        at = child;
    }
    place(w, at, t);
}

void timer_cancel(struct worker *w, struct timer *t)
{
    ASSERT(rt_worker == w);
    uint32_t at = t->heap_index;
    if (at == 0)
        return;
    t->heap_index = 0;
    struct timer *moved = w->timers[w->timer_count--];
    if (moved == t)
        return;
    if (at > 1 && w->timers[at / 2]->deadline_ns > moved->deadline_ns)
        sift_up(w, at, moved);
    else
        sift_down(w, at, moved);
}

void timer_set(struct worker *w, struct timer *t, int64_t deadline_ns, void (*fn)(struct timer *))
{
    timer_cancel(w, t);
    if (w->timer_count + 1 >= w->timer_cap) {
        w->timer_cap = w->timer_cap ? w->timer_cap * 2 : 64;
        w->timers = realloc(w->timers, w->timer_cap * sizeof(*w->timers));
        CHECK(w->timers != NULL);
    }
    t->deadline_ns = deadline_ns;
    t->fn = fn;
    w->timer_count++;
    sift_up(w, w->timer_count, t);
}

void timers_fire(struct worker *w)
{
    if (w->timer_count == 0)
        return;
    int64_t now_ns = clock_mono_ns();
    while (w->timer_count && w->timers[1]->deadline_ns <= now_ns) {
        struct timer *t = w->timers[1];
        timer_cancel(w, t);
        t->fn(t);
    }
}

void timers_done(struct worker *w)
{
    free(w->timers);
}
