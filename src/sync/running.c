/* Runs that are under way, in memory, so that DROP and PAUSE need not wait for them: whoever
 * interrupts one sets the cancel token of its fiber.
 *
 * An entry is in the list, guarded by `mu`, for as long as its fiber may be interrupted; it is
 * interrupted with the mutex held, so a token is never set for a run that has ended. */
#include "sync/sync_internal.h"

#include "rt/cancel.h"

#include <pthread.h>

static pthread_mutex_t mu = PTHREAD_MUTEX_INITIALIZER;
static struct running *all; /* guarded by mu */

void running_begin(struct running *r, uint32_t db, uint32_t relid, bool scheduled)
{
    *r = (struct running){
        .db = db, .relid = relid, .scheduled = scheduled, .token = cancel_current()};
    pthread_mutex_lock(&mu);
    r->next = all;
    all = r;
    pthread_mutex_unlock(&mu);
}

/* The token serves what comes next in the fiber. */
static void forget_interruption(struct running *r)
{
    if (r->why && r->token)
        cancel_clear(r->token);
}

struct err *running_end(struct running *r, struct err *e)
{
    pthread_mutex_lock(&mu);
    for (struct running **at = &all; *at; at = &(*at)->next) {
        if (*at == r) {
            *at = r->next;
            break;
        }
    }
    pthread_mutex_unlock(&mu);
    forget_interruption(r);
    if (!e || !r->why || !err_is(e, "57014"))
        return e;
    err_free(e);
    return err_new("57014", "the run of the synced table was interrupted by %s", r->why);
}

void running_interrupt(uint32_t db, uint32_t relid, bool scheduled_only, const char *why)
{
    pthread_mutex_lock(&mu);
    for (struct running *r = all; r; r = r->next) {
        if (r->db != db || r->relid != relid || (scheduled_only && !r->scheduled) || !r->token)
            continue;
        r->why = why;
        cancel_set(r->token, CANCEL_USER);
    }
    pthread_mutex_unlock(&mu);
}
