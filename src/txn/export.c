/* Exported snapshots: one transaction's, taken over by others while it lasts. The list is in the
 * order of export; it holds a reference to each superversion. */
#include "txn/txn_internal.h"

#include <stdio.h>
#include <stdlib.h>

struct exported {
    struct exported *next;
    const struct txn *owner;
    struct superversion *sv;
    uint64_t csn;
    uint32_t db;
    bool serializable;
    bool read_only;
    char id[TXN_SNAPSHOT_ID_BYTES];
};

struct err *txn_export_snapshot(struct txn *t, char id[TXN_SNAPSHOT_ID_BYTES])
{
    struct txn_exports *x = &t->mgr->exports;
    if (t->mark_count)
        return err_new("25001", "cannot export a snapshot from a subtransaction");
    struct exported *e = malloc(sizeof(*e));
    if (!e)
        return err_oom();
    struct txn_view v = txn_view_begin(t);
    *e = (struct exported){
        .owner = t,
        .sv = superversion_ref(v.snapshot->sv),
        .csn = v.snapshot->csn,
        .db = t->db,
        .serializable = t->isolation == TXN_SERIALIZABLE,
        .read_only = t->read_only,
    };
    txn_view_done(&v);
    t->has_exports = true;
    CHECK(pthread_mutex_lock(&x->mu) == 0);
    uint64_t number = ++x->number;
    snprintf(e->id, sizeof(e->id), "%08X-%08X-%d", (unsigned)t->pid, (unsigned)number, 1);
    snprintf(id, TXN_SNAPSHOT_ID_BYTES, "%s", e->id);
    e->next = x->first;
    x->first = e;
    CHECK(pthread_mutex_unlock(&x->mu) == 0);
    return NULL;
}

static struct exported *find_locked(struct txn_exports *x, const char *id)
{
    for (struct exported *e = x->first; e; e = e->next)
        if (strcmp(e->id, id) == 0)
            return e;
    return NULL;
}

static struct err *check_import(const struct txn *t, const struct exported *e)
{
    if (e->db != t->db)
        return err_new("0A000", "cannot import a snapshot from a different database");
    if (t->isolation != TXN_SERIALIZABLE)
        return NULL;
    if (!e->serializable)
        return err_new("0A000", "a serializable transaction cannot import a snapshot from a "
                                "non-serializable transaction");
    if (e->read_only && !t->read_only)
        return err_new("0A000", "a non-read-only serializable transaction cannot import a "
                                "snapshot from a read-only transaction");
    return NULL;
}

struct err *txn_import_snapshot(struct txn *t, const char *id)
{
    struct txn_exports *x = &t->mgr->exports;
    ASSERT(t->isolation != TXN_READ_COMMITTED && !t->fixed && !t->has_writes);
    CHECK(pthread_mutex_lock(&x->mu) == 0);
    struct exported *e = find_locked(x, id);
    struct err *err =
        e ? check_import(t, e) : err_new("22023", "invalid snapshot identifier: \"%s\"", id);
    if (!err) {
        t->fixed = snapshot_at(t, superversion_ref(e->sv), e->csn);
        if (t->isolation == TXN_SERIALIZABLE)
            serial_join(t, e->owner); /* which lasts as long as the mutex is held */
    }
    CHECK(pthread_mutex_unlock(&x->mu) == 0);
    return err;
}

void exports_end(struct txn *t)
{
    struct txn_exports *x = &t->mgr->exports;
    struct exported *gone = NULL;
    CHECK(pthread_mutex_lock(&x->mu) == 0);
    for (struct exported **at = &x->first; *at;) {
        struct exported *e = *at;
        if (e->owner != t) {
            at = &e->next;
            continue;
        }
        *at = e->next;
        e->next = gone;
        gone = e;
    }
    CHECK(pthread_mutex_unlock(&x->mu) == 0);
    while (gone) {
        struct exported *e = gone;
        gone = e->next;
        store_release(e->sv);
        free(e);
    }
    t->has_exports = false;
}
