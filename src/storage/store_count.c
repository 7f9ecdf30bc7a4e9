/* Row counts by storage id. */
#include "storage/store_internal.h"

#include <stdlib.h>

static struct store_count *slot_of(const struct count_map *m, uint32_t storage_id)
{
    size_t at = hash_u64(storage_id) & (m->cap - 1);
    while (m->slots[at].storage_id && m->slots[at].storage_id != storage_id)
        at = (at + 1) & (m->cap - 1);
    return &m->slots[at];
}

static void grow(struct count_map *m)
{
    struct count_map bigger = {.cap = m->cap ? m->cap * 2 : 64, .used = m->used};
    bigger.slots = calloc(bigger.cap, sizeof(*bigger.slots));
    CHECK(bigger.slots != NULL);
    for (size_t i = 0; i < m->cap; i++)
        if (m->slots[i].storage_id)
            *slot_of(&bigger, m->slots[i].storage_id) = m->slots[i];
    free(m->slots);
    *m = bigger;
}

void count_map_add(struct count_map *m, uint32_t storage_id, int64_t delta)
{
    if (m->used * 2 >= m->cap)
        grow(m);
    struct store_count *c = slot_of(m, storage_id);
    if (!c->storage_id) {
        c->storage_id = storage_id;
        m->used++;
    }
    c->delta += delta;
}

int64_t count_map_get(const struct count_map *m, uint32_t storage_id)
{
    if (!m->cap)
        return 0;
    return slot_of(m, storage_id)->delta;
}

void count_map_done(struct count_map *m)
{
    free(m->slots);
    *m = (struct count_map){0};
}
