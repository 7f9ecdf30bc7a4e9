/* SERIALIZABLE, optimistically: a read-write transaction remembers the key ranges that it has read
 * and checks, under the commit mutex, that nobody has committed a version in them since its
 * snapshot. So it is as if it had run at the moment of its commit. Read-only ones need no check:
 * their snapshot is a prefix of the commit order. */
#include "txn/txn_internal.h"

enum { MAX_RANGES = 4096 };

static struct err *add_range(struct txn *t, struct str lo, struct str hi)
{
    char *p = arena_try_alloc(&t->read_arena, lo.len + hi.len + 1);
    if (!p)
        return err_oom();
    if (lo.len)
        memcpy(p, lo.data, lo.len);
    if (hi.len)
        memcpy(p + lo.len, hi.data, hi.len);
    t->ranges = grow_array(t->ranges, t->range_count, &t->range_cap, sizeof(*t->ranges));
    t->ranges[t->range_count++] =
        (struct read_range){str_make(p, lo.len), str_make(p + lo.len, hi.len)};
    return NULL;
}

/* Too many to keep apart: whole storage ids instead. */
static struct err *coarsen(struct txn *t)
{
    size_t count = t->range_count;
    size_t kept = 0;
    char lo[4];
    char hi[4];
    for (size_t i = 0; i < count; i++) {
        struct str from = t->ranges[i].lo;
        uint32_t id = from.len >= 4 ? key_storage_id(from) : 0;
        bool known = false;
        for (size_t j = 0; j < kept && !known; j++)
            known = key_storage_id(t->ranges[j].lo) == id;
        if (known)
            continue;
        store_be32(lo, id);
        store_be32(hi, id + 1);
        TRY(add_range(t, str_make(lo, 4), str_make(hi, 4)));
        t->ranges[kept++] = t->ranges[t->range_count - 1];
    }
    t->range_count = kept;
    return NULL;
}

struct err *serial_note_range(struct txn *t, struct str lo, struct str hi)
{
    for (size_t i = t->range_count; i-- > 0 && i + 8 > t->range_count;) {
        const struct read_range *r = &t->ranges[i];
        bool hi_inside = !r->hi.len || (hi.len && str_cmp(hi, r->hi) <= 0);
        if (hi_inside && str_cmp(r->lo, lo) <= 0)
            return NULL;
    }
    if (t->range_count >= MAX_RANGES)
        TRY(coarsen(t));
    return add_range(t, lo, hi);
}

struct err *serial_note_key(struct txn *t, struct str key)
{
    char space[256];
    if (key.len + 1 > sizeof(space)) /* a wider range is right too, only less precise */
        return serial_note_range(t, str_make(key.data, sizeof(space) - 2), (struct str){"", 0});
    memcpy(space, key.data, key.len);
    space[key.len] = '\0';
    return serial_note_range(t, key, str_make(space, key.len + 1));
}

struct err *serial_validate(struct txn *t)
{
    if (!t->fixed)
        return NULL;
    for (size_t i = 0; i < t->range_count; i++) {
        const struct read_range *r = &t->ranges[i];
        if (!store_range_changed_locked(t->mgr->store, r->lo, r->hi, t->fixed->csn))
            continue;
        struct err *e = err_new("40001", "could not serialize access due to read/write "
                                         "dependencies among transactions");
        return err_hint(e, "The transaction might succeed if retried.");
    }
    return NULL;
}
