/* The active files of a table, as replay makes them. Replay goes from old to new: a later action on
 * the same file (place and deletion vector) replaces the earlier, so that an action takes one hash
 * lookup. A table may have millions of files: what they share (a partition, the folder) is kept
 * once, and the tables that replay looks files up in end with it. */
#include "base/hash.h"
#include "lake/delta_internal.h"

#include <stdlib.h>

/* ---- Identity ---- */

struct str delta_dv_identity(const struct delta_dv *dv, struct arena *arena)
{
    if (!dv->storage)
        return STR("");
    if (dv->offset < 0)
        return str_from(arena_printf(arena, "%c%.*s", dv->storage, STR_ARG(dv->path_or_inline)));
    return str_from(arena_printf(arena, "%c%.*s@%lld", dv->storage, STR_ARG(dv->path_or_inline),
                                 (long long)dv->offset));
}

static bool same_dv(const struct delta_dv *kept, const struct delta_dv *dv)
{
    if (!kept || !dv->storage)
        return !kept && !dv->storage;
    return kept->storage == dv->storage && str_eq(kept->path_or_inline, dv->path_or_inline) &&
           (kept->offset < 0 ? dv->offset < 0 : kept->offset == dv->offset);
}

/* A path that stands for itself: neither encoded nor absolute, nor a URI. */
static bool is_plain(struct str path)
{
    bool plain = path.len && path.data[0] != '/';
    for (size_t i = 0; i < path.len; i++)
        plain &= path.data[i] != '%' && path.data[i] != ':' && path.data[i] != 0;
    return plain;
}

struct err *delta_file_place(const struct delta_snapshot *s, struct str path, struct arena *arena,
                             struct delta_file *out)
{
    struct str folder = s->path;
    out->path = out->place = path;
    out->elsewhere = false;
    if (is_plain(path))
        return NULL;
    struct str at;
    TRY(lake_store_resolve(s->store, folder, path, arena, &at));
    out->elsewhere = folder.len && !(str_starts_with(at, folder) && at.len > folder.len &&
                                     at.data[folder.len] == '/');
    size_t skip = folder.len && !out->elsewhere ? folder.len + 1 : 0;
    out->place = str_make(at.data + skip, at.len - skip);
    return NULL;
}

struct str delta_file_location(const struct delta_snapshot *s, const struct delta_file *file,
                               struct arena *arena)
{
    if (file->elsewhere || !s->path.len)
        return file->place;
    return str_from(arena_printf(arena, "%.*s/%.*s", STR_ARG(s->path), STR_ARG(file->place)));
}

/* ---- Looking up ---- */

static void *grown(void *slots, size_t *count, size_t size)
{
    free(slots);
    *count = *count ? *count * 2 : 64;
    return calloc(*count, size);
}

static bool map_grow(struct delta_file_map *m)
{
    struct delta_file_slot *old = m->slots;
    size_t old_count = m->slot_count;
    m->slots = grown(NULL, &m->slot_count, sizeof(*m->slots));
    for (size_t i = 0; m->slots && i < old_count; i++) {
        size_t at = old[i].hash & (m->slot_count - 1);
        if (!old[i].entry)
            continue;
        while (m->slots[at].entry)
            at = (at + 1) & (m->slot_count - 1);
        m->slots[at] = old[i];
    }
    if (!m->slots)
        m->slot_count = 0;
    free(old);
    return m->slots != NULL;
}

/* The entry of the file at that place; NULL when out of memory. A new one is inactive. */
static struct delta_entry *map_entry(struct delta_snapshot *s, const struct delta_file *file,
                                     const struct delta_dv *dv)
{
    struct delta_file_map *m = &s->map;
    if ((m->count + 1) * 2 > m->slot_count && !map_grow(m))
        return NULL;
    struct str place = file->place;
    uint64_t hash = hash_bytes(place.data, place.len, dv->storage ? (uint64_t)dv->offset : 0);
    size_t at = hash & (m->slot_count - 1);
    for (; m->slots[at].entry; at = (at + 1) & (m->slot_count - 1)) {
        struct delta_entry *e = m->slots[at].entry;
        if (m->slots[at].hash == hash && str_eq(e->file.place, place) &&
            e->file.elsewhere == file->elsewhere && same_dv(e->file.dv, dv))
            return e;
    }
    struct delta_entry *fresh = arena_try_alloc(&s->arena, sizeof(*fresh));
    if (!fresh || m->count == UINT32_MAX - 1)
        return NULL;
    *fresh = (struct delta_entry){.file.elsewhere = file->elsewhere};
    fresh->file.path = arena_str(&s->arena, file->path);
    bool itself = place.data == file->path.data && place.len == file->path.len;
    fresh->file.place = itself ? fresh->file.path : arena_str(&s->arena, place);
    if (dv->storage) {
        struct delta_dv *kept = arena_new(&s->arena, struct delta_dv);
        *kept = *dv;
        kept->path_or_inline = arena_str(&s->arena, dv->path_or_inline);
        fresh->file.dv = fresh->dv = kept;
    }
    m->slots[at] = (struct delta_file_slot){hash, fresh};
    *(m->last ? &m->last->next : &m->first) = fresh;
    m->last = fresh;
    m->count++;
    return fresh;
}

static bool same_pairs(const struct delta_partition *p, const struct delta_file_action *a)
{
    bool same = p->count == a->partition_count;
    for (uint32_t i = 0; same && i < p->count; i++)
        same = str_eq(p->pairs[i].key, a->partition[i].key) &&
               str_eq(p->pairs[i].value, a->partition[i].value) &&
               p->pairs[i].is_null == a->partition[i].is_null;
    return same;
}

static bool partitions_grow(struct delta_file_map *m)
{
    m->partition_slots =
        grown(m->partition_slots, &m->partition_slot_count, sizeof(*m->partition_slots));
    if (!m->partition_slots) {
        m->partition_slot_count = 0;
        return false;
    }
    for (struct delta_partition *p = m->partitions; p; p = p->next) {
        size_t at = p->hash & (m->partition_slot_count - 1);
        while (m->partition_slots[at])
            at = (at + 1) & (m->partition_slot_count - 1);
        m->partition_slots[at] = p;
    }
    return true;
}

static struct delta_partition *new_partition(struct delta_snapshot *s,
                                             const struct delta_file_action *a, uint64_t hash)
{
    struct delta_partition *p = arena_new(&s->arena, struct delta_partition);
    p->pairs = arena_try_alloc(&s->arena, a->partition_count * sizeof(*p->pairs) + 1);
    if (!p->pairs)
        return NULL;
    p->count = a->partition_count;
    p->hash = hash;
    for (uint32_t i = 0; i < p->count; i++)
        p->pairs[i] =
            (struct delta_partition_pair){.key = arena_str(&s->arena, a->partition[i].key),
                                          .value = arena_str(&s->arena, a->partition[i].value),
                                          .is_null = a->partition[i].is_null};
    p->next = s->map.partitions;
    s->map.partitions = p;
    s->map.partition_count++;
    return p;
}

/* The partition of the action's file; NULL when out of memory. */
static struct delta_partition *find_partition(struct delta_snapshot *s,
                                              const struct delta_file_action *a)
{
    struct delta_file_map *m = &s->map;
    uint64_t hash = a->partition_count;
    if ((m->partition_count + 1) * 2 > m->partition_slot_count && !partitions_grow(m))
        return NULL;
    for (uint32_t i = 0; i < a->partition_count; i++) {
        hash = hash_bytes(a->partition[i].key.data, a->partition[i].key.len, hash);
        hash = hash_bytes(a->partition[i].value.data, a->partition[i].value.len, hash);
    }
    size_t at = hash & (m->partition_slot_count - 1);
    for (; m->partition_slots[at]; at = (at + 1) & (m->partition_slot_count - 1))
        if (m->partition_slots[at]->hash == hash && same_pairs(m->partition_slots[at], a))
            return m->partition_slots[at];
    return m->partition_slots[at] = new_partition(s, a, hash);
}

/* ---- Actions ---- */

/* A location in another store is kept as it is: reading it will say so, but a removed file there
 * does no harm. */
static struct err *entry_of(struct delta_snapshot *s, const struct delta_file_action *a,
                            struct arena *scratch, struct delta_entry **out)
{
    struct delta_file file;
    struct err *e = delta_file_place(s, a->path, scratch, &file);
    if (e && err_is(e, "0A000")) {
        err_free(e);
        e = NULL;
        file.place = a->path;
        file.elsewhere = true;
    }
    TRY(e);
    *out = map_entry(s, &file, &a->dv);
    return *out ? NULL : err_oom();
}

/* A number of bytes or rows, so small that sums of hundreds of them fit; -1: not known. */
static int64_t plausible(int64_t n)
{
    return n >= 0 && n <= INT64_C(1) << 54 ? n : -1;
}

struct err *delta_files_add(struct delta_snapshot *s, const struct delta_file_action *a,
                            struct arena *scratch)
{
    struct delta_entry *entry;
    TRY(entry_of(s, a, scratch, &entry));
    struct delta_file *file = &entry->file;
    if (!str_eq(file->path, a->path))
        file->path = arena_str(&s->arena, a->path);
    file->size_bytes = plausible(a->size_bytes);
    file->modified_ms = a->modified_ms;
    file->row_count = plausible(a->row_count);
    file->deleted_rows = a->dv.storage ? plausible(a->dv.cardinality) : 0;
    file->stats = arena_str(&s->arena, a->stats);
    if (entry->dv) {
        entry->dv->size_bytes = a->dv.size_bytes;
        entry->dv->cardinality = a->dv.cardinality;
    }
    entry->active = true;
    entry->partition = find_partition(s, a);
    return entry->partition ? NULL : err_oom();
}

struct err *delta_files_remove(struct delta_snapshot *s, const struct delta_file_action *a,
                               struct arena *scratch)
{
    struct delta_entry *entry;
    TRY(entry_of(s, a, scratch, &entry));
    entry->active = false;
    return NULL;
}

/* ---- The end of replay ---- */

static int file_cmp(const void *a, const void *b)
{
    const struct delta_file *x = *(const struct delta_file *const *)a;
    const struct delta_file *y = *(const struct delta_file *const *)b;
    if (x->modified_ms != y->modified_ms)
        return x->modified_ms < y->modified_ms ? -1 : 1;
    return str_cmp(x->path, y->path);
}

/* Values in the order of the partition columns. With column mapping the log has physical names. */
static struct err *order_partition(struct delta_snapshot *s, struct delta_partition *of,
                                   const struct delta_file *file)
{
    struct delta_partition_value *values =
        arena_try_alloc(&s->arena, s->partition_count * sizeof(*values) + 1);
    if (!values)
        return err_oom();
    for (uint32_t p = 0; p < s->partition_count; p++) {
        struct str name = s->schema->fields[s->partition_columns[p]].physical_name;
        const struct delta_partition_pair *found = NULL;
        for (uint32_t i = 0; i < of->count && !found; i++) {
            if (str_eq(of->pairs[i].key, name))
                found = &of->pairs[i];
        }
        if (!found)
            return delta_damaged(s, "file %.*s has no value for partition column \"%.*s\"",
                                 STR_ARG(file->path), STR_ARG(name));
        values[p] = (struct delta_partition_value){.text = found->value,
                                                   .is_null = found->is_null || !found->value.len};
    }
    of->values = values;
    return NULL;
}

struct err *delta_files_finish(struct delta_snapshot *s)
{
    struct delta_file_map *m = &s->map;
    const struct delta_file **files = arena_try_alloc(&s->arena, m->count * sizeof(*files) + 1);
    uint32_t count = 0;
    if (!files)
        return err_oom();
    for (struct delta_entry *e = m->first; e; e = e->next) {
        if (!e->active)
            continue;
        if (!e->partition->values)
            TRY(order_partition(s, e->partition, &e->file));
        e->file.partition_values = e->partition->values;
        files[count++] = &e->file;
    }
    delta_files_forget(s);
    if (count)
        qsort(files, count, sizeof(*files), file_cmp);
    s->files = files;
    s->file_count = count;
    return NULL;
}

void delta_files_forget(struct delta_snapshot *s)
{
    free(s->map.slots);
    free(s->map.partition_slots);
    s->map = (struct delta_file_map){0};
}

const struct delta_file *const *delta_files(const struct delta_snapshot *s, uint32_t *count)
{
    *count = s->file_count;
    return s->files;
}
