/* Advisory locks: a transaction's, which end with it, and a session's. The latter are held by a
 * struct txn of their own that reads and writes nothing, the sibling of the session's transaction
 * while one is open: locks of siblings do not conflict, and a deadlock search goes from one to the
 * other. */
#include "txn/txn_internal.h"

#include <stdlib.h>

struct session_lock {
    struct txn_advisory key;
    bool shared;
    uint64_t count;
};

struct txn_session_locks {
    struct txn *holder;
    struct session_lock *locks;
    size_t count;
    size_t cap;
};

static struct str key_bytes(char space[ADVISORY_KEY_BYTES], struct txn_advisory key)
{
    store_be32(space, key.db);
    store_be32(space + 4, key.hi);
    store_be32(space + 8, key.lo);
    store_be16(space + 12, key.kind);
    return str_make(space, ADVISORY_KEY_BYTES);
}

struct err *txn_lock_advisory(struct txn *t, struct txn_advisory key, bool shared,
                              enum txn_wait wait, bool *locked)
{
    char space[ADVISORY_KEY_BYTES];
    return lock_acquire(t, LOCK_ADVISORY, key_bytes(space, key), shared ? 0 : 1, wait, -1, locked);
}

/* ---- siblings ---- */

void txn_session_join(struct txn_session_locks *s, struct txn *t)
{
    pthread_mutex_t *mu = &t->mgr->partitions[0].mu;
    pthread_mutex_lock(mu);
    t->sibling = s->holder;
    s->holder->sibling = t;
    pthread_mutex_unlock(mu);
}

void advisory_leave(struct txn *t)
{
    pthread_mutex_t *mu = &t->mgr->partitions[0].mu;
    pthread_mutex_lock(mu);
    t->sibling->sibling = NULL;
    t->sibling = NULL;
    pthread_mutex_unlock(mu);
}

/* ---- a session's locks ---- */

static struct err *session_locks_new(struct txn *t, struct txn_session_locks **out)
{
    struct txn_session_locks *s = calloc(1, sizeof(*s));
    if (!s)
        return err_oom();
    struct err *e = txn_begin(t->mgr, TXN_READ_COMMITTED, true, &s->holder);
    if (e) {
        free(s);
        return e;
    }
    txn_set_pid(s->holder, t->pid, t->db, NULL);
    txn_session_join(s, t);
    *out = s;
    return NULL;
}

static struct session_lock *find(struct txn_session_locks *s, struct txn_advisory key, bool shared)
{
    for (size_t i = 0; i < s->count; i++) {
        struct session_lock *l = &s->locks[i];
        if (l->key.db == key.db && l->key.hi == key.hi && l->key.lo == key.lo &&
            l->key.kind == key.kind && l->shared == shared)
            return l;
    }
    return NULL;
}

struct err *txn_session_lock(struct txn_session_locks **session, struct txn *t,
                             struct txn_advisory key, bool shared, enum txn_wait wait, bool *locked)
{
    if (!*session)
        TRY(session_locks_new(t, session));
    struct txn_session_locks *s = *session;
    struct session_lock *l = find(s, key, shared);
    bool got = true;
    if (l) {
        l->count++;
    } else {
        s->holder->lock_timeout_ms = t->lock_timeout_ms;
        s->holder->deadlock_timeout_ms = t->deadlock_timeout_ms;
        TRY(txn_lock_advisory(s->holder, key, shared, wait, &got));
        if (got) {
            s->holder->grant_count = 0; /* given back by name, not in reverse */
            s->locks = grow_array(s->locks, s->count, &s->cap, sizeof(*s->locks));
            s->locks[s->count++] = (struct session_lock){key, shared, 1};
        }
    }
    if (locked)
        *locked = got;
    return NULL;
}

static void give_back(struct txn_session_locks *s, const struct session_lock *l)
{
    char space[ADVISORY_KEY_BYTES];
    struct txn *t = s->holder;
    struct str key = key_bytes(space, l->key);
    uint64_t hash = lock_hash(LOCK_ADVISORY, key);
    struct lock_partition *p = lock_partition_of(t->mgr, hash);
    pthread_mutex_lock(&p->mu);
    struct lock_hold *h = lock_find_hold(lock_find_locked(p, hash, LOCK_ADVISORY, key), t);
    uint16_t mask = h->mask & (uint16_t) ~(1u << (l->shared ? 0 : 1));
    pthread_mutex_unlock(&p->mu);
    lock_revert(t->mgr, h, mask); /* nobody else changes this hold */
}

bool txn_session_unlock(struct txn_session_locks *s, struct txn_advisory key, bool shared)
{
    struct session_lock *l = s ? find(s, key, shared) : NULL;
    if (!l)
        return false;
    if (--l->count == 0) {
        give_back(s, l);
        *l = s->locks[--s->count];
    }
    return true;
}

void txn_session_unlock_all(struct txn_session_locks *s)
{
    while (s && s->count)
        give_back(s, &s->locks[--s->count]);
}

void txn_session_locks_free(struct txn_session_locks *s)
{
    if (!s)
        return;
    txn_session_unlock_all(s);
    txn_abort(s->holder);
    free(s->locks);
    free(s);
}
