/* Runs synced tables by themselves: those with a schedule when they are due, continuous ones when
 * their source has a new version.
 *
 * One fiber looks at the list of tables every TICK_NS. For a continuous table on a local path it
 * looks for the file of the next commit when the kernel says that something has come into the
 * folder of the log (watch.c), and every SLOW_US in any case; all of them in one job of the pool.
 * Where the commit of the version that the table is at is gone or another one, or the folder is
 * another one, the log has been cleaned up or there is another table, and a run finds out.
 * For other stores it is a run every poll_interval. Up to `sync_workers` tables run at a time, of
 * which one at least is left to runs that apply changes, however many whole copies are due; each in
 * a fiber and a session of its own; the others wait their turn, in order of the list, which begins
 * behind the table that ran last. A table that fails pauses for longer each time, up to
 * MAX_PAUSE_US, but for new commits of a local source, which it tries after FIRST_PAUSE_US.
 *
 * The list has what the state tables say: it is filled at the start and told of by the statements.
 */
#include "sync/sync_internal.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "rt/cancel.h"
#include "rt/fiber.h"
#include "rt/pool.h"
#include "sync/sync.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TICK_NS = 20 * 1000 * 1000, IDLE_NS = 200 * 1000 * 1000 };
#define SLOW_US INT64_C(1000000)
#define FIRST_PAUSE_US INT64_C(1000000)
#define MAX_PAUSE_US INT64_C(300000000)

struct run;
struct entry {
    char *database;
    uint32_t relid;
    char *log;        /* the folder of the log, of a local source; NULL: elsewhere */
    int64_t version;  /* applied */
    int64_t next;     /* the version whose commit makes it due */
    int64_t due_us;   /* -1: when the source has something new; after a failure, at that time too */
    int64_t after_us; /* not before */
    int64_t poll_us;
    int watch;         /* of the log's folder; -1: none */
    bool stirred;      /* something has come into it */
    int64_t looked_us; /* when the next commit was looked for */
    uint64_t stamp;    /* of the commit of `version` then; 0: not looked at */
    bool copies;       /* its runs are whole copies */
    bool continuous;
    bool forced; /* one run, now, whatever the schedule; `full` */
    bool full;
    bool running;
    struct run *run; /* while it does */
    bool gone;       /* taken off the list when its run ends */
};

static struct {
    pthread_mutex_t mu; /* guards what follows */
    struct entry **entries;
    int count, capacity;
    int next; /* whose turn it is */
    int running;
    int copying; /* of them: whole copies */
    bool stopping;
    struct cancel stop; /* of the scheduler's own fiber */
    const struct sync_host *host;
} sched = {.mu = PTHREAD_MUTEX_INITIALIZER};

/* ---- the list ---- */

static void entry_free(struct entry *e)
{
    free(e->database);
    free(e->log);
    free(e);
}

static int find_locked(const char *database, uint32_t relid)
{
    for (int i = 0; i < sched.count; i++)
        if (sched.entries[i]->relid == relid && strcmp(sched.entries[i]->database, database) == 0)
            return i;
    return -1;
}

static void end_watch_locked(struct entry *e)
{
    int watch = e->watch;
    e->watch = -1;
    for (int k = 0; k < sched.count; k++)
        if (sched.entries[k]->watch == watch)
            return; /* another table of the same source */
    watch_end(watch);
}

static void remove_locked(int i)
{
    end_watch_locked(sched.entries[i]);
    entry_free(sched.entries[i]);
    sched.entries[i] = sched.entries[--sched.count];
}

static void drop_locked(int i)
{
    sched.entries[i]->gone = true;
    if (!sched.entries[i]->running)
        remove_locked(i);
}

static struct entry *add_locked(const char *database, uint32_t relid)
{
    if (sched.count == sched.capacity) {
        int capacity = sched.capacity ? sched.capacity * 2 : 16;
        struct entry **grown = realloc(sched.entries, (size_t)capacity * sizeof(*grown));
        if (!grown)
            return NULL;
        sched.entries = grown;
        sched.capacity = capacity;
    }
    struct entry *e = calloc(1, sizeof(*e));
    if (!e || !(e->database = strdup(database))) {
        free(e);
        return NULL;
    }
    e->relid = relid;
    e->watch = -1;
    sched.entries[sched.count++] = e;
    return e;
}

static char *log_folder(const char *source)
{
    char *out = NULL;
    if (strncmp(source, "file://", 7) == 0)
        source += 7;
    if (*source == '/' && asprintf(&out, "%s/_delta_log", source) < 0)
        out = NULL;
    return out;
}

static int64_t pause_of(int64_t failures)
{
    int64_t us = FIRST_PAUSE_US;
    for (int64_t i = 1; i < failures && us < MAX_PAUSE_US; i++)
        us *= 2;
    return us < MAX_PAUSE_US ? us : MAX_PAUSE_US;
}

/* What the scheduler has to do for a table of that state. A missed run is due now: `next_us` is
 * worked out from when the last one began. */
static void set_entry_locked(struct entry *e, const struct sync_state *state,
                             const struct sync_options *options, int64_t next_us)
{
    int64_t now_us = clock_real_us();
    e->gone = false;
    e->continuous = strcmp(state->mode, "CONTINUOUS") == 0;
    if (e->version != state->applied_version)
        e->stamp = 0;
    e->version = state->applied_version;
    e->copies = e->version < 0 || strcmp(state->mode, "SNAPSHOT") == 0;
    e->stirred = true; /* it may have come meanwhile */
    e->poll_us = options->poll_us;
    e->due_us = e->continuous ? -1 : next_us;
    if (e->version < 0) /* its first load */
        e->due_us = now_us;
    e->after_us = 0;
    if (state->failures && (e->continuous || e->due_us >= 0)) {
        e->after_us = now_us + FIRST_PAUSE_US;
        e->due_us = now_us + pause_of(state->failures);
    }
    int64_t known = state->source_version > e->version ? state->source_version + 1 : e->version + 1;
    if (!state->failures)
        e->next = e->version + 1;
    else if (e->next < known)
        e->next = known;
    free(e->log);
    e->log = log_folder(state->source);
}

static struct err *put(const char *database, uint32_t relid, const struct sync_state *state,
                       int64_t next_us)
{
    struct arena arena;
    struct sync_options options;
    arena_init(&arena);
    struct err *e = options_read(state->options, &arena, &options);
    arena_done(&arena);
    TRY(e);
    bool wanted = !state->paused && (strcmp(state->mode, "CONTINUOUS") == 0 || next_us >= 0 ||
                                     state->applied_version < 0);
    pthread_mutex_lock(&sched.mu);
    int i = find_locked(database, relid);
    if (wanted) {
        struct entry *entry = i >= 0 ? sched.entries[i] : add_locked(database, relid);
        if (entry)
            set_entry_locked(entry, state, &options, next_us);
        else
            e = err_oom();
    } else if (i >= 0 && !sched.entries[i]->forced) {
        drop_locked(i);
    }
    pthread_mutex_unlock(&sched.mu);
    return e;
}

struct err *scheduler_run(struct job *j, uint32_t relid, bool full)
{
    pthread_mutex_lock(&sched.mu);
    int i = find_locked(j->s->db_name, relid);
    struct entry *e = i >= 0 ? sched.entries[i] : add_locked(j->s->db_name, relid);
    if (e) {
        e->due_us = i >= 0 ? e->due_us : -1;
        e->forced = true;
        e->full |= full;
        e->gone = false;
    }
    pthread_mutex_unlock(&sched.mu);
    return e ? NULL : err_oom();
}

/* ---- looking at the state ---- */

static struct err *look_in_txn(struct job *j, uint32_t relid, struct sync_state *state, bool *found)
{
    struct relation *rel = NULL;
    TRY(cat_relation(&j->s->cat, relid, &rel));
    *found = rel != NULL && rel->read_only_synced;
    relation_unref(rel);
    return *found ? state_get(j->s, relid, j->arena, state, found) : NULL;
}

struct err *scheduler_look(struct job *j, uint32_t relid)
{
    struct sync_state state = {0};
    bool found = false;
    int64_t next_us = -1;
    TRY(job_begin(j->s));
    TRY(job_end(j->s, look_in_txn(j, relid, &state, &found)));
    if (found) {
        TRY(schedule_next(state.every_us, state.cron, clock_real_us(), j->s->types.tz, &next_us));
        return put(j->s->db_name, relid, &state, next_us);
    }
    pthread_mutex_lock(&sched.mu);
    int i = find_locked(j->s->db_name, relid);
    if (i >= 0)
        drop_locked(i);
    pthread_mutex_unlock(&sched.mu);
    return NULL;
}

/* ---- at the start ---- */

struct list_job {
    const char *database;
    struct session *s;
};

/* There may be another source in its place. */
static void look_once(const char *database, uint32_t relid)
{
    pthread_mutex_lock(&sched.mu);
    int i = find_locked(database, relid);
    if (i >= 0 && sched.entries[i]->due_us < 0)
        sched.entries[i]->due_us = clock_real_us();
    pthread_mutex_unlock(&sched.mu);
}

/* A run that was missed while the server was down runs once, now. */
static struct err *list_table(void *arg, uint32_t relid, const struct sync_state *state)
{
    const struct list_job *l = arg;
    int64_t next_us = -1;
    TRY(schedule_next(state->every_us, state->cron, clock_real_us(), l->s->types.tz, &next_us));
    if (next_us >= 0 && state->next_run_us >= 0 && state->next_run_us < next_us)
        next_us = state->next_run_us;
    TRY(put(l->database, relid, state, next_us));
    if (strcmp(state->mode, "CONTINUOUS") == 0 && !state->paused)
        look_once(l->database, relid);
    return NULL;
}

static struct err *list_database(struct session *s, void *arg)
{
    struct arena arena;
    struct list_job l = {.database = s->db_name, .s = s};
    (void)arg;
    TRY(job_begin(s));
    arena_init(&arena);
    struct err *e = job_end(s, state_each(s, &arena, list_table, &l));
    arena_done(&arena);
    return e;
}

static struct err *list_each(struct str database, void *arg)
{
    struct err *e = sched.host->in_database(database, list_database, arg);
    if (e)
        log_write(LOG_WARNING, "sync", "synced tables of database \"%.*s\" do not run: %s",
                  STR_ARG(database), e->message);
    err_free(e);
    return NULL;
}

/* ---- runs ---- */

struct run {
    struct entry *entry;
    struct cancel cancel; /* a token can end one wait only: each run has its own */
    bool copies;
    uint32_t relid;
    bool full;
    char database[64];
};

static struct err *run_table(struct session *s, void *arg)
{
    const struct run *r = arg;
    struct arena arena;
    struct job j;
    arena_init(&arena);
    job_init(&j, s, NULL, &arena);
    struct err *e = refresh_table(&j, r->relid, r->full);
    if (e && j.run.relid) /* else it was dropped */
        log_write(LOG_WARNING, "sync", "synced table \"%s.%s\": %s", j.run.schema, j.run.table,
                  e->message);
    err_free(e);
    e = scheduler_look(&j, r->relid);
    job_done(&j);
    arena_done(&arena);
    return e;
}

static void run_fiber(void *arg)
{
    struct run *r = arg;
    (void)cancel_use(&r->cancel);
    struct err *e = sched.host->in_database(str_from(r->database), run_table, r);
    if (e)
        log_write(LOG_WARNING, "sync", "a synced table of database \"%s\" did not run: %s",
                  r->database, e->message);
    pthread_mutex_lock(&sched.mu);
    r->entry->running = false;
    r->entry->run = NULL;
    sched.running--;
    sched.copying -= r->copies;
    if (e) /* nobody noted it */
        r->entry->after_us = clock_real_us() + FIRST_PAUSE_US;
    if (r->entry->gone)
        remove_locked(find_locked(r->database, r->relid));
    pthread_mutex_unlock(&sched.mu);
    (void)cancel_use(NULL);
    cancel_done(&r->cancel);
    err_free(e);
    free(r);
}

/* ---- who is due ---- */

enum { NAME_BYTES = 64 };

struct probe {
    int count;
    struct {
        char path[4096 + NAME_BYTES];
        uint32_t relid;
        int index;
        int64_t version; /* applied */
        int watch;
        bool there;     /* the next commit */
        uint64_t stamp; /* else that of the applied version; of the folder where it is gone */
    } items[];
};

static bool stamp_of(const char *path, uint64_t *out)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return false;
    uint64_t parts[] = {st.st_dev, st.st_ino, (uint64_t)st.st_mtim.tv_sec,
                        (uint64_t)st.st_mtim.tv_nsec};
    *out = hash_bytes(parts, sizeof(parts), 0) | 2;
    return true;
}

/* Not 0; those of folders are odd. `name` is the end of `path`, which it changes. */
static uint64_t stamp_version(char *path, char *name, int64_t version)
{
    uint64_t stamp = 1;
    snprintf(name, NAME_BYTES, "/%020lld.json", (long long)version);
    if (stamp_of(path, &stamp))
        return stamp & ~UINT64_C(1);
    *name = '\0';
    (void)stamp_of(path, &stamp);
    return stamp | 1;
}

static void probe_job(void *arg)
{
    struct probe *p = arg;
    for (int i = 0; i < p->count; i++) {
        char *path = p->items[i].path;
        char *name = strrchr(path, '/');
        *name = '\0';
        p->items[i].watch = watch_folder(path); /* before looking: nothing is missed */
        *name = '/';
        p->items[i].there = access(path, F_OK) == 0;
        if (!p->items[i].there)
            p->items[i].stamp = stamp_version(path, name, p->items[i].version);
    }
}

static bool waits_for_commit(const struct entry *e, int64_t now_us)
{
    bool look = e->watch < 0 || e->stirred || now_us - e->looked_us >= SLOW_US;
    bool due = e->due_us >= 0 && e->due_us <= now_us;
    return look && e->continuous && e->log && !e->running && !due && now_us >= e->after_us;
}

/* A table that has failed is tried again for each new commit, which may have mended the source. A
 * watch is another one when the folder is: what is in it now may be another table. */
static void take_probe_locked(struct entry *e, int watch, bool there, uint64_t stamp,
                              int64_t now_us)
{
    bool failed = e->due_us >= 0;
    bool new_folder = watch >= 0 && watch != e->watch;
    if (watch != e->watch)
        end_watch_locked(e);
    e->watch = watch;
    if (there || new_folder || (e->stamp ? stamp != e->stamp : !failed && stamp & 1))
        e->due_us = now_us;
    if (!there)
        e->stamp = stamp;
    else if (failed)
        e->next++;
}

/* Makes the continuous tables due whose next commit is there. */
static void look_for_commits(int64_t now_us)
{
    pthread_mutex_lock(&sched.mu);
    size_t waiting = 0;
    for (int i = 0; i < sched.count; i++)
        waiting += waits_for_commit(sched.entries[i], now_us);
    struct probe *p = waiting ? malloc(sizeof(*p) + waiting * sizeof(p->items[0])) : NULL;
    if (p)
        p->count = 0;
    for (int i = 0; p && i < sched.count; i++) {
        struct entry *e = sched.entries[i];
        if (!waits_for_commit(e, now_us))
            continue;
        snprintf(p->items[p->count].path, sizeof(p->items[0].path) - NAME_BYTES, "%s/%020lld.json",
                 e->log, (long long)e->next);
        p->items[p->count].version = e->version;
        e->stirred = false;
        e->looked_us = now_us;
        p->items[p->count].relid = e->relid;
        p->items[p->count++].index = i;
    }
    pthread_mutex_unlock(&sched.mu);
    if (p && p->count)
        pool_run(probe_job, p);
    pthread_mutex_lock(&sched.mu);
    for (int k = 0; p && k < p->count; k++) {
        int i = p->items[k].index;
        if (i >= sched.count || sched.entries[i]->relid != p->items[k].relid)
            continue; /* the list has changed: the next time */
        take_probe_locked(sched.entries[i], p->items[k].watch, p->items[k].there, p->items[k].stamp,
                          now_us);
    }
    pthread_mutex_unlock(&sched.mu);
    free(p);
}

static bool is_due(const struct entry *e, int64_t now_us)
{
    if (e->running)
        return false;
    if (e->forced)
        return true;
    if (now_us < e->after_us)
        return false;
    if (e->continuous && !e->log && e->due_us < 0)
        return true;
    return e->due_us >= 0 && now_us >= e->due_us;
}

static struct run *take_due_locked(int64_t now_us)
{
    int workers = sched.host->workers();
    for (int k = 0; k < sched.count && sched.running < workers && !sched.stopping; k++) {
        int i = (sched.next + k) % sched.count;
        struct entry *e = sched.entries[i];
        bool copies = e->copies || (e->forced && e->full);
        if (!is_due(e, now_us) || (copies && sched.copying && sched.copying >= workers - 1))
            continue;
        struct run *r = calloc(1, sizeof(*r));
        if (!r)
            return NULL;
        r->entry = e;
        r->relid = e->relid;
        r->full = e->forced && e->full;
        r->copies = copies;
        sched.copying += copies;
        e->forced = e->full = false;
        snprintf(r->database, sizeof(r->database), "%s", e->database);
        e->running = true;
        e->run = r;
        cancel_init(&r->cancel);
        e->due_us = -1;
        if (e->continuous && !e->log)
            e->after_us = now_us + e->poll_us;
        sched.running++;
        sched.next = i + 1;
        return r;
    }
    return NULL;
}

static void start_due(int64_t now_us)
{
    for (;;) {
        pthread_mutex_lock(&sched.mu);
        struct run *r = take_due_locked(now_us);
        pthread_mutex_unlock(&sched.mu);
        if (!r)
            return;
        sched.host->start(run_fiber, r);
    }
}

static void scheduler(void *arg)
{
    (void)arg;
    (void)cancel_use(&sched.stop);
    err_free(sched.host->each_database(list_each, NULL));
    for (;;) {
        int64_t now_us = clock_real_us();
        look_for_commits(now_us);
        start_due(now_us);
        pthread_mutex_lock(&sched.mu);
        bool idle = sched.count == 0;
        pthread_mutex_unlock(&sched.mu);
        struct err *e = fiber_sleep(idle ? IDLE_NS : TICK_NS);
        if (!e)
            e = cancel_check(&sched.stop);
        if (e) {
            err_free(e);
            return;
        }
    }
}

/* From the thread that watches. */
static void stir(int watch, bool gone)
{
    pthread_mutex_lock(&sched.mu);
    for (int i = 0; i < sched.count; i++) {
        struct entry *e = sched.entries[i];
        if (e->watch < 0 || (watch >= 0 && e->watch != watch))
            continue;
        e->stirred = true;
        if (gone)
            e->watch = -1;
    }
    pthread_mutex_unlock(&sched.mu);
}

void sync_start(const struct sync_host *host)
{
    sched.host = host;
    watch_start(stir);
    cancel_init(&sched.stop);
    host->start(scheduler, NULL);
}

void sync_stop(void)
{
    pthread_mutex_lock(&sched.mu);
    sched.stopping = true;
    for (int i = 0; i < sched.count; i++)
        if (sched.entries[i]->run)
            cancel_set(&sched.entries[i]->run->cancel, CANCEL_TERMINATE);
    pthread_mutex_unlock(&sched.mu);
    cancel_set(&sched.stop, CANCEL_TERMINATE);
}
