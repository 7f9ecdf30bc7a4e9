/* The lock table: rows, tables and advisory keys. An entry a key, with holds (one a transaction,
 * a mask of modes) and a FIFO of waiters. A request waits when it conflicts with another's hold, or
 * with a waiter before it. It goes before those who wait for what its session already holds (else
 * they would wait for each other).
 *
 * A waiter looks for deadlocks when it has waited deadlock_timeout, with all partitions locked: a
 * breadth-first search from itself over "waits for" edges; who finds itself again gives up. */
#include "txn/txn_internal.h"

#include "base/buf.h"
#include "base/clock.h"
#include "rt/fiber.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- modes ---- */

#define BIT(mode) (1u << (mode))

/* Manual table 13.3: row locks. */
static const uint16_t row_conflicts[] = {
    [TXN_KEY_SHARE] = BIT(TXN_UPDATE),
    [TXN_SHARE] = BIT(TXN_NO_KEY_UPDATE) | BIT(TXN_UPDATE),
    [TXN_NO_KEY_UPDATE] = BIT(TXN_SHARE) | BIT(TXN_NO_KEY_UPDATE) | BIT(TXN_UPDATE),
    [TXN_UPDATE] = BIT(TXN_KEY_SHARE) | BIT(TXN_SHARE) | BIT(TXN_NO_KEY_UPDATE) | BIT(TXN_UPDATE),
};

/* Manual table 13.2: table locks. */
static const uint16_t table_conflicts[] = {
    [TXN_ACCESS_SHARE] = BIT(TXN_ACCESS_EXCLUSIVE),
    [TXN_ROW_SHARE] = BIT(TXN_EXCLUSIVE) | BIT(TXN_ACCESS_EXCLUSIVE),
    [TXN_ROW_EXCLUSIVE] = BIT(TXN_SHARE_LOCK) | BIT(TXN_SHARE_ROW_EXCLUSIVE) | BIT(TXN_EXCLUSIVE) |
                          BIT(TXN_ACCESS_EXCLUSIVE),
    [TXN_SHARE_UPDATE_EXCLUSIVE] = BIT(TXN_SHARE_UPDATE_EXCLUSIVE) | BIT(TXN_SHARE_LOCK) |
                                   BIT(TXN_SHARE_ROW_EXCLUSIVE) | BIT(TXN_EXCLUSIVE) |
                                   BIT(TXN_ACCESS_EXCLUSIVE),
    [TXN_SHARE_LOCK] = BIT(TXN_ROW_EXCLUSIVE) | BIT(TXN_SHARE_UPDATE_EXCLUSIVE) |
                       BIT(TXN_SHARE_ROW_EXCLUSIVE) | BIT(TXN_EXCLUSIVE) |
                       BIT(TXN_ACCESS_EXCLUSIVE),
    [TXN_SHARE_ROW_EXCLUSIVE] = BIT(TXN_ROW_EXCLUSIVE) | BIT(TXN_SHARE_UPDATE_EXCLUSIVE) |
                                BIT(TXN_SHARE_LOCK) | BIT(TXN_SHARE_ROW_EXCLUSIVE) |
                                BIT(TXN_EXCLUSIVE) | BIT(TXN_ACCESS_EXCLUSIVE),
    [TXN_EXCLUSIVE] = BIT(TXN_ROW_SHARE) | BIT(TXN_ROW_EXCLUSIVE) |
                      BIT(TXN_SHARE_UPDATE_EXCLUSIVE) | BIT(TXN_SHARE_LOCK) |
                      BIT(TXN_SHARE_ROW_EXCLUSIVE) | BIT(TXN_EXCLUSIVE) | BIT(TXN_ACCESS_EXCLUSIVE),
    [TXN_ACCESS_EXCLUSIVE] = 0x1fe,
};

/* Advisory: 0 shared, 1 exclusive. */
static const uint16_t advisory_conflicts[] = {BIT(1), BIT(0) | BIT(1)};

uint32_t lock_conflicts(enum lock_class class, int mode)
{
    switch (class) {
    case LOCK_ROW:
        return row_conflicts[mode];
    case LOCK_TABLE:
        return table_conflicts[mode];
    case LOCK_ADVISORY:
        return advisory_conflicts[mode];
    }
    UNREACHABLE();
}

/* Whether what is held makes the mode superfluous: for rows a held mode that conflicts with at
 * least all that the wanted one conflicts with. The others are listed by mode, so each is noted. */
bool lock_covers(enum lock_class class, uint16_t mask, int mode)
{
    if (class != LOCK_ROW)
        return mask >> mode & 1;
    uint32_t wanted = lock_conflicts(class, mode);
    for (int m = 0; mask >> m; m++)
        if ((mask >> m & 1) && (lock_conflicts(class, m) & wanted) == wanted)
            return true;
    return false;
}

/* ---- entries ---- */

enum { FIRST_BUCKETS = 16 };

struct err *locks_init(struct txn_mgr *mgr)
{
    for (int i = 0; i < LOCK_PARTITIONS; i++) {
        struct lock_partition *p = &mgr->partitions[i];
        pthread_mutex_init(&p->mu, NULL);
        p->buckets = calloc(FIRST_BUCKETS, sizeof(struct lock_entry *));
        CHECK(p->buckets != NULL);
        p->bucket_count = FIRST_BUCKETS;
    }
    return NULL;
}

void locks_done(struct txn_mgr *mgr)
{
    for (int i = 0; i < LOCK_PARTITIONS; i++) {
        ASSERT(mgr->partitions[i].entry_count == 0);
        free(mgr->partitions[i].buckets);
        pthread_mutex_destroy(&mgr->partitions[i].mu);
    }
}

struct lock_partition *lock_partition_of(struct txn_mgr *mgr, uint64_t hash)
{
    return &mgr->partitions[hash >> 32 & (LOCK_PARTITIONS - 1)];
}

static void rehash_locked(struct lock_partition *p, size_t count)
{
    struct lock_entry **buckets = calloc(count, sizeof(struct lock_entry *));
    if (!buckets)
        return; /* longer chains do no harm */
    for (size_t i = 0; i < p->bucket_count; i++) {
        for (struct lock_entry *e = p->buckets[i]; e;) {
            struct lock_entry *next = e->next;
            struct lock_entry **bucket = &buckets[e->hash & (count - 1)];
            e->next = *bucket;
            *bucket = e;
            e = next;
        }
    }
    free(p->buckets);
    p->buckets = buckets;
    p->bucket_count = count;
}

struct lock_entry *lock_find_locked(struct lock_partition *p, uint64_t hash, enum lock_class class,
                                    struct str key)
{
    struct lock_entry *e = p->buckets[hash & (p->bucket_count - 1)];
    while (e &&
           (e->hash != hash || e->class != class || !str_eq(str_make(e->key, e->key_len), key)))
        e = e->next;
    return e;
}

/* The entry, made when missing; NULL without memory. */
struct lock_entry *lock_get_entry_locked(struct lock_partition *p, uint64_t hash,
                                         enum lock_class class, struct str key)
{
    struct lock_entry *e = lock_find_locked(p, hash, class, key);
    if (e)
        return e;
    e = malloc(sizeof(*e) + key.len);
    if (!e)
        return NULL;
    *e = (struct lock_entry){
        .partition = p, .hash = hash, .key_len = (uint32_t)key.len, .class = (uint8_t) class};
    memcpy(e->key, key.data, key.len);
    if (p->entry_count >= p->bucket_count * 2)
        rehash_locked(p, p->bucket_count * 4);
    struct lock_entry **bucket = &p->buckets[hash & (p->bucket_count - 1)];
    e->next = *bucket;
    *bucket = e;
    p->entry_count++;
    return e;
}

void lock_drop_if_unused_locked(struct lock_entry *e)
{
    struct lock_partition *p = e->partition;
    if (e->holds || e->waiters)
        return;
    struct lock_entry **link = &p->buckets[e->hash & (p->bucket_count - 1)];
    while (*link != e)
        link = &(*link)->next;
    *link = e->next;
    p->entry_count--;
    free(e);
    if (p->bucket_count > 4096 && p->entry_count == 0)
        rehash_locked(p, FIRST_BUCKETS);
}

struct lock_hold *lock_find_hold(const struct lock_entry *e, const struct txn *t)
{
    struct lock_hold *h = e->holds;
    while (h && h->txn != t)
        h = h->next;
    return h;
}

static bool conflicts_with_holds(const struct lock_entry *e, const struct txn *t, int mode)
{
    uint32_t conflicts = lock_conflicts(e->class, mode);
    for (const struct lock_hold *h = e->holds; h; h = h->next)
        if (!lock_same_owner(t, h->txn) && (h->mask & conflicts))
            return true;
    return false;
}

/* What the session of `t` has at the entry. */
static uint32_t held_mask(const struct lock_entry *e, const struct txn *t)
{
    const struct lock_hold *mine = lock_find_hold(e, t);
    const struct lock_hold *other = t->sibling ? lock_find_hold(e, t->sibling) : NULL;
    return (mine ? mine->mask : 0u) | (other ? other->mask : 0u);
}

/* A request's place in the queue: before the first that waits for what its session holds, else at
 * the end. *conflict: whether one before it is in its way. */
static struct lock_waiter **place_of(struct lock_entry *e, const struct txn *t, int mode,
                                     bool *conflict)
{
    uint32_t held = held_mask(e, t);
    uint32_t conflicts = lock_conflicts(e->class, mode);
    struct lock_waiter **link = &e->waiters;
    *conflict = false;
    while (*link && !(lock_conflicts(e->class, (*link)->mode) & held)) {
        *conflict |= conflicts >> (*link)->mode & 1;
        link = &(*link)->next;
    }
    return link;
}

/* ---- granting ---- */

static void link_hold(struct lock_entry *e, struct lock_hold *h)
{
    h->entry = e;
    h->next = e->holds;
    e->holds = h;
}

static void grant_waiter_locked(struct lock_entry *e, struct lock_waiter *w)
{
    w->previous_mask = w->hold->mask;
    if (!w->hold->entry)
        link_hold(e, w->hold);
    w->hold->mask |= (uint16_t)BIT(w->mode);
    w->granted = true;
    w->txn->waiting = NULL;
    wait_wake(&w->wait);
}

/* Grants whatever can be granted now, in order. */
static void wake_waiters_locked(struct lock_entry *e)
{
    uint32_t ahead = 0;
    struct lock_waiter **link = &e->waiters;
    while (*link) {
        struct lock_waiter *w = *link;
        bool queued = lock_conflicts(e->class, w->mode) & ahead;
        if (queued || conflicts_with_holds(e, w->txn, w->mode)) {
            ahead |= BIT(w->mode);
            link = &w->next;
            continue;
        }
        *link = w->next;
        grant_waiter_locked(e, w);
    }
}

static void enqueue_locked(struct lock_entry *e, struct lock_waiter *w)
{
    bool conflict;
    struct lock_waiter **link = place_of(e, w->txn, w->mode, &conflict);
    w->next = *link;
    *link = w;
    w->txn->waiting = w;
}

static void dequeue_locked(struct lock_entry *e, struct lock_waiter *w)
{
    struct lock_waiter **link = &e->waiters;
    while (*link != w)
        link = &(*link)->next;
    *link = w->next;
    w->txn->waiting = NULL;
    wake_waiters_locked(e);
}

void grant_push(struct txn *t, struct lock_grant g)
{
    t->grants = grow_array(t->grants, t->grant_count, &t->grant_cap, sizeof(*t->grants));
    t->grants[t->grant_count++] = g;
}

void lock_revert(struct txn_mgr *mgr, struct lock_hold *hold, uint16_t mask)
{
    struct lock_partition *p = hold->entry->partition;
    (void)mgr;
    pthread_mutex_lock(&p->mu);
    lock_revert_locked(hold, mask);
    pthread_mutex_unlock(&p->mu);
}

void lock_revert_locked(struct lock_hold *hold, uint16_t mask)
{
    struct lock_entry *e = hold->entry;
    hold->mask = mask;
    if (mask == 0) {
        struct lock_hold **link = &e->holds;
        while (*link != hold)
            link = &(*link)->next;
        *link = hold->next;
        free(hold);
    }
    if (e->waiters)
        wake_waiters_locked(e);
    lock_drop_if_unused_locked(e);
}

uint64_t lock_hash(enum lock_class class, struct str key)
{
    return hash_bytes(key.data, key.len, class + 1);
}

static struct lock_hold *hold_new(struct txn *t, uint16_t mask)
{
    struct lock_hold *h = malloc(sizeof(*h));
    if (h)
        *h = (struct lock_hold){.txn = t, .mask = mask};
    return h;
}

bool lock_add_hold_locked(struct lock_entry *e, struct txn *t, uint16_t mask)
{
    struct lock_hold *h = hold_new(t, mask);
    if (h)
        link_hold(e, h);
    return h != NULL;
}

struct lock_hold *lock_install(struct txn *t, enum lock_class class, struct str key, uint16_t mask)
{
    uint64_t hash = lock_hash(class, key);
    struct lock_partition *p = lock_partition_of(t->mgr, hash);
    pthread_mutex_lock(&p->mu);
    struct lock_entry *e = lock_get_entry_locked(p, hash, class, key);
    struct lock_hold *h = hold_new(t, mask);
    CHECK(e && h);
    link_hold(e, h);
    pthread_mutex_unlock(&p->mu);
    return h;
}

/* ---- deadlocks ---- */

/* A request that only queues behind another can go before it, which breaks a cycle without a victim
 * (PostgreSQL's README of its lock manager calls these soft edges). The moves of one search: */
enum { MAX_MOVES = 16 };
struct move {
    const struct lock_waiter *moved;
    const struct lock_waiter *before;
};

struct search {
    struct txn *start;
    struct txn *first; /* queue of transactions to look at */
    struct txn *last;
    struct txn *closing; /* waits for `start`: the cycle */
    struct lock_waiter *closing_behind;
    uint64_t visit;
    struct move moves[MAX_MOVES];
    int nmoves;
};

static void visit(struct search *s, struct txn *from, struct txn *to, struct lock_waiter *behind)
{
    if (!to->waiting && to->sibling) /* of a session one waits at most */
        to = to->sibling;
    if (to == s->start) {
        if (!s->closing) {
            s->closing = from;
            s->closing_behind = behind;
        }
        return;
    }
    if (to->visit == s->visit || !to->waiting)
        return;
    to->visit = s->visit;
    to->visit_from = from;
    to->visit_behind = behind;
    to->visit_next = NULL;
    if (s->last)
        s->last->visit_next = to;
    else
        s->first = to;
    s->last = to;
}

static void visit_blockers(struct search *s, struct txn *t)
{
    const struct lock_waiter *w = t->waiting;
    const struct lock_entry *e = w->entry;
    uint32_t conflicts = lock_conflicts(e->class, w->mode);
    for (const struct lock_hold *h = e->holds; h; h = h->next)
        if (!lock_same_owner(t, h->txn) && (h->mask & conflicts))
            visit(s, t, h->txn, NULL);
    for (struct lock_waiter *o = e->waiters; o != w; o = o->next)
        if (conflicts & BIT(o->mode))
            visit(s, t, o->txn, o);
}

static int process_of(const struct txn *t)
{
    return t->pid ? t->pid : (int)txn_xid(t);
}

static void describe_wait(struct buf *b, const struct txn *waiter, const struct txn *blocker)
{
    const struct lock_waiter *w = waiter->waiting;
    const struct lock_entry *e = w->entry;
    buf_printf(b, "%sProcess %d waits for ", b->len ? "\n" : "", process_of(waiter));
    switch ((enum lock_class)e->class) {
    case LOCK_ROW:
        buf_printf(b, "ShareLock on transaction %llu", (unsigned long long)txn_xid(blocker));
        break;
    case LOCK_TABLE:
        buf_printf(b, "%s on relation %u of database %u", lock_mode_name(LOCK_TABLE, w->mode),
                   load_be32(e->key), waiter->db);
        break;
    case LOCK_ADVISORY:
        buf_printf(b, "%s on advisory lock [%u,%u,%u,%u]", lock_mode_name(LOCK_ADVISORY, w->mode),
                   load_be32(e->key), load_be32(e->key + 4), load_be32(e->key + 8),
                   load_be16(e->key + 12));
        break;
    }
    buf_printf(b, "; blocked by process %d.", process_of(blocker));
}

/* The path runs backwards from `closing` to `start`; it is told forwards. */
static struct err *deadlock_error(struct search *s)
{
    struct buf b = BUF_INIT;
    struct txn *forward = NULL; /* the path, linked by visit_next */
    for (struct txn *t = s->closing; t != s->start; t = t->visit_from) {
        t->visit_next = forward;
        forward = t;
    }
    const struct txn *at = s->start;
    for (const struct txn *next = forward; next; next = next->visit_next) {
        describe_wait(&b, at, next);
        at = next;
    }
    describe_wait(&b, at, s->start);
    struct err *e = err_new("40P01", "deadlock detected");
    e = err_detail(e, "%s", buf_cstr(&b));
    e = err_hint(e, "See server log for query details.");
    buf_done(&b);
    return e;
}

void locks_lock_all(struct txn_mgr *mgr)
{
    for (int i = 0; i < LOCK_PARTITIONS; i++)
        pthread_mutex_lock(&mgr->partitions[i].mu);
}

void locks_unlock_all(struct txn_mgr *mgr, const struct lock_partition *except)
{
    for (int i = LOCK_PARTITIONS; i-- > 0;)
        if (&mgr->partitions[i] != except)
            pthread_mutex_unlock(&mgr->partitions[i].mu);
}

static bool may_move(const struct search *s, const struct lock_waiter *w,
                     const struct lock_waiter *before)
{
    for (int i = 0; i < s->nmoves; i++)
        if (s->moves[i].moved == before && s->moves[i].before == w)
            return false;
    return s->nmoves < MAX_MOVES;
}

static void move_before(struct search *s, struct lock_waiter *w, struct lock_waiter *before)
{
    struct lock_entry *e = w->entry;
    struct lock_waiter **link = &e->waiters;
    s->moves[s->nmoves++] = (struct move){w, before};
    while (*link != w)
        link = &(*link)->next;
    *link = w->next;
    link = &e->waiters;
    while (*link != before)
        link = &(*link)->next;
    w->next = before;
    *link = w;
    wake_waiters_locked(e);
}

/* Breaks the cycle that was found by the order of a queue, if that is possible. */
static bool reorder(struct search *s)
{
    struct lock_waiter *behind = s->closing_behind;
    for (struct txn *t = s->closing;; t = t->visit_from) {
        if (behind && may_move(s, t->waiting, behind)) {
            move_before(s, t->waiting, behind);
            return true;
        }
        if (t == s->start)
            return false;
        behind = t->visit_behind;
    }
}

static void find_cycle(struct search *s)
{
    struct txn *t = s->start;
    s->visit = ++t->mgr->visit;
    s->closing = s->first = s->last = NULL;
    visit_blockers(s, t);
    while (!s->closing && s->first) {
        struct txn *next = s->first;
        s->first = next->visit_next;
        if (!s->first)
            s->last = NULL;
        visit_blockers(s, next);
    }
}

/* NULL when `t` is in no cycle (or no longer waits), or in none that the order of a queue does not
 * break. Returns with mu of `own`, where `t` waits, held: until the caller has left the queue no
 * other member of the cycle can look, so that one cycle has one victim. */
static struct err *check_deadlock_and_lock(struct lock_partition *own, struct txn *t)
{
    struct txn_mgr *mgr = t->mgr;
    struct search s = {.start = t};
    struct err *e = NULL;
    locks_lock_all(mgr);
    while (t->waiting && !e) {
        find_cycle(&s);
        if (!s.closing)
            break;
        if (!reorder(&s))
            e = deadlock_error(&s);
    }
    locks_unlock_all(mgr, own);
    return e;
}

/* ---- acquiring ---- */

static struct err *not_available(enum lock_class class)
{
    switch (class) {
    case LOCK_ROW:
        return err_new("55P03", "could not obtain lock on row");
    case LOCK_TABLE:
        return err_new("55P03", "could not obtain lock on relation");
    case LOCK_ADVISORY:
        return err_new("55P03", "could not obtain advisory lock");
    }
    UNREACHABLE();
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Waits until granted; mu is held on entry and return. On error the waiter is off the queue. */
static struct err *await_grant_locked(struct lock_partition *p, struct lock_waiter *w)
{
    struct txn *t = w->txn;
    int64_t now_ns = clock_mono_ns();
    int64_t lock_deadline_ns =
        t->lock_timeout_ms > 0 ? now_ns + t->lock_timeout_ms * 1000000 : WAIT_FOREVER;
    int64_t check_ns = now_ns + t->deadlock_timeout_ms * 1000000;
    struct err *e = NULL;
    while (!w->granted) {
        bool woken = false;
        pthread_mutex_unlock(&p->mu);
        e = wait_block(&w->wait, earlier(lock_deadline_ns, check_ns), &woken);
        now_ns = clock_mono_ns();
        if (!e && !woken && now_ns >= check_ns) {
            e = check_deadlock_and_lock(p, t);
            check_ns = WAIT_FOREVER;
        } else {
            pthread_mutex_lock(&p->mu);
        }
        if (w->granted)
            break;
        if (!e && now_ns >= lock_deadline_ns)
            e = err_new("55P03", "canceling statement due to lock timeout");
        if (e) {
            dequeue_locked(w->entry, w);
            return e;
        }
        wait_prepare(&w->wait);
    }
    err_free(e); /* granted after all; a cancel shows at the next check */
    return NULL;
}

struct request {
    struct txn *txn;
    enum lock_class class;
    int mode;
    enum txn_wait wait;
    int32_t strong_slot;
};

static struct err *acquire_locked(struct lock_partition *p, struct lock_entry *e,
                                  const struct request *r, bool *locked)
{
    struct txn *t = r->txn;
    struct lock_hold *mine = lock_find_hold(e, t);
    bool behind;
    *locked = true;
    if (mine && r->strong_slot < 0 && lock_covers(r->class, mine->mask, r->mode))
        return NULL;
    struct lock_waiter w = {.txn = t, .entry = e, .mode = (uint8_t)r->mode};
    w.hold = mine ? mine : hold_new(t, 0);
    if (!w.hold)
        return err_oom();
    (void)place_of(e, t, r->mode, &behind);
    behind &=
        r->class != LOCK_ROW; /* a row is shared with whoever shares it now, as in PostgreSQL */
    if (!behind && !conflicts_with_holds(e, t, r->mode)) {
        wait_prepare(&w.wait);
        grant_waiter_locked(e, &w);
    } else {
        struct err *failure = NULL;
        if (r->wait == TXN_WAIT) {
            w.since_us = clock_real_us();
            wait_prepare(&w.wait);
            enqueue_locked(e, &w);
            failure = await_grant_locked(p, &w);
        } else if (r->wait == TXN_NOWAIT) {
            failure = not_available(r->class);
        }
        if (!w.granted) {
            *locked = false;
            if (!mine)
                free(w.hold);
            return failure;
        }
    }
    grant_push(t, (struct lock_grant){w.hold, w.previous_mask, 0, r->strong_slot});
    return NULL;
}

struct err *lock_acquire(struct txn *t, enum lock_class class, struct str key, int mode,
                         enum txn_wait wait, int32_t strong_slot, bool *locked)
{
    struct request r = {t, class, mode, wait, strong_slot};
    uint64_t hash = lock_hash(class, key);
    struct lock_partition *p = lock_partition_of(t->mgr, hash);
    bool got = false;
    if (class == LOCK_ROW)
        TRY(large_prepare(t, key));
    pthread_mutex_lock(&p->mu);
    struct err *failure =
        class == LOCK_ROW && t->mgr->large ? large_share_locked(t, p, hash, key) : NULL;
    if (!failure && class == LOCK_ROW && t->large && !lock_find_locked(p, hash, class, key)) {
        got = large_take_locked(t, key, mode);
        failure = got ? NULL : err_oom();
    } else if (!failure) {
        struct lock_entry *e = lock_get_entry_locked(p, hash, class, key);
        failure = e ? acquire_locked(p, e, &r, &got) : err_oom();
        if (e && !got)
            lock_drop_if_unused_locked(e);
    }
    pthread_mutex_unlock(&p->mu);
    if (failure)
        return failure;
    if (locked)
        *locked = got;
    if (got)
        txn_see(t, store_last_csn(t->mgr->store));
    return NULL;
}

struct err *txn_lock_key(struct txn *t, struct str key, enum txn_row_lock mode, enum txn_wait wait,
                         bool *locked)
{
    return lock_acquire(t, LOCK_ROW, key, mode, wait, -1, locked);
}
