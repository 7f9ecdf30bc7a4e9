/* ANALYZE by itself: a fiber that looks, every autovacuum_naptime, for tables of which many rows
 * have changed since the last ANALYZE (manual chapter 25.1.6): by the counters of this run of the
 * server, or by the number of rows. */
#include "server/server_internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "exec/session.h"
#include "rt/fiber.h"
#include "rt/runtime.h"
#include "server/server.h"

#include <stdlib.h>

static struct cancel stop; /* set when the server stops */

struct round {
    struct str database;
    double threshold;
    double scale;
    int64_t log_ms; /* a run that takes longer is logged; negative: none is */
    uint32_t last;  /* table analyzed last */
    bool found;
};

static double real_setting(const char *name)
{
    return strtod(server_setting_named(name), NULL);
}

static struct err *next_table(struct session *s, void *arg)
{
    struct round *r = arg;
    struct analyze_due due = {.threshold = r->threshold, .scale = r->scale, .after = r->last};
    int64_t start = clock_mono_ns();
    TRY(analyze_next_due(s, &due));
    int64_t took_ms = (clock_mono_ns() - start) / 1000000;
    r->found = due.table != 0;
    r->last = due.table;
    if (r->found && r->log_ms >= 0 && took_ms >= r->log_ms)
        log_write(LOG_LOG, "server", "automatic analyze of table \"%.*s.%s.%s\", %lld ms",
                  STR_ARG(r->database), due.schema, due.name, (long long)took_ms);
    return NULL;
}

static struct err *analyze_database(struct str database, void *arg)
{
    struct round r = *(struct round *)arg;
    r.database = database;
    do {
        TRY(cancel_check(&stop));
        struct err *e = server_in_database(database, next_table, &r);
        if (e) { /* a table that fails is tried again in the next round */
            log_write(LOG_WARNING, "server", "automatic analyze in database \"%.*s\": %s",
                      STR_ARG(database), e->message);
            err_free(e);
            return NULL;
        }
    } while (r.found);
    return NULL;
}

static void one_round(void)
{
    struct round r = {.threshold = real_setting("autovacuum_analyze_threshold"),
                      .scale = real_setting("autovacuum_analyze_scale_factor"),
                      .log_ms = setting_int(server_setting_named("log_autovacuum_min_duration"))};
    err_free(server_each_database(analyze_database, &r));
}

static void run(void *arg)
{
    (void)arg;
    (void)cancel_use(&stop);
    for (;;) {
        int64_t seconds = setting_int(server_setting_named("autovacuum_naptime"));
        struct err *e = fiber_sleep(seconds * 1000000000);
        if (!e)
            e = cancel_check(&stop);
        if (e) {
            err_free(e);
            return;
        }
        if (setting_is_on(server_setting_named("autovacuum")))
            one_round();
    }
}

void auto_analyze_start(struct runtime *rt)
{
    cancel_init(&stop);
    worker_post_fiber(runtime_worker(rt, runtime_worker_count(rt) - 1), run, NULL);
}

void auto_analyze_stop(void)
{
    cancel_set(&stop, CANCEL_TERMINATE);
}
