/* Folders in which files appear: what continuous tables with local sources wait for.
 *
 * One thread reads the kernel's notices (inotify) and tells which watches they are for. Where a
 * folder cannot be watched (too many watches, another kind of file system) its table is looked
 * after by the clock alone. */
#include "sync/sync_internal.h"

#include "base/log.h"
#include "rt/pool.h"

#include <errno.h>
#include <pthread.h>
#include <sys/inotify.h>
#include <unistd.h>

static int fd = -1; /* set once, before the thread */
static void (*on_event)(int watch, bool gone);

static void *read_events(void *arg)
{
    (void)arg;
    for (;;) {
        _Alignas(struct inotify_event) char bytes[3072];
        ssize_t n = read(fd, bytes, sizeof(bytes));
        if (n < 0 && errno != EINTR)
            return NULL;
        for (ssize_t at = 0; at < n;) {
            const struct inotify_event *e = (const struct inotify_event *)(bytes + at);
            if (e->mask & IN_Q_OVERFLOW)
                on_event(-1, false);
            else
                on_event(e->wd, (e->mask & IN_IGNORED) != 0);
            at += (ssize_t)sizeof(*e) + (ssize_t)e->len;
        }
    }
}

void watch_start(void (*fn)(int watch, bool gone))
{
    pthread_t thread;
    on_event = fn;
    fd = inotify_init1(IN_CLOEXEC);
    struct err *e = fd < 0 ? err_errno(errno, "watch folders")
                           : thread_start(&thread, "sync-watch", read_events, NULL);
    if (!e) {
        pthread_detach(thread);
        return;
    }
    log_write(LOG_WARNING, "sync", "new commits are looked for by the clock: %s", e->message);
    err_free(e);
    if (fd >= 0)
        close(fd);
    fd = -1;
}

int watch_folder(const char *path)
{
    return fd < 0 ? -1
                  : inotify_add_watch(fd, path,
                                      IN_MOVED_TO | IN_CREATE | IN_CLOSE_WRITE | IN_DELETE_SELF |
                                          IN_MOVE_SELF);
}

void watch_end(int watch)
{
    if (fd >= 0 && watch >= 0)
        inotify_rm_watch(fd, watch);
}
