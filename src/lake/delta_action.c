/* Actions: what the log says, from JSON lines and from the rows of checkpoints, applied to the
 * state. Replay goes from old to new: a later action on the same file (location and deletion
 * vector) replaces the earlier, so that the state takes one hash lookup an action. */
#include "base/hash.h"
#include "lake/delta_internal.h"
#include "lake/parquet.h"

#include <stdlib.h>

/* ---- The file map ---- */

static bool map_grow(struct delta_snapshot *s)
{
    struct delta_file_map *m = &s->map;
    size_t slot_count = m->slot_count ? m->slot_count * 2 : 64;
    uint32_t *slots = arena_try_alloc(&s->arena, slot_count * sizeof(*slots));
    if (!slots)
        return false;
    memset(slots, 0, slot_count * sizeof(*slots));
    for (size_t i = 0; i < m->count; i++) {
        size_t at = m->entries[i].hash & (slot_count - 1);
        while (slots[at])
            at = (at + 1) & (slot_count - 1);
        slots[at] = (uint32_t)i + 1;
    }
    m->slots = slots;
    m->slot_count = slot_count;
    return true;
}

/* The entry of a file; NULL when out of memory. A new one is inactive and empty. */
static struct delta_entry *map_entry(struct delta_snapshot *s, struct str location,
                                     struct str dv_id)
{
    struct delta_file_map *m = &s->map;
    if ((m->count + 1) * 2 > m->slot_count && !map_grow(s))
        return NULL;
    uint64_t hash = hash_bytes(dv_id.data, dv_id.len, hash_bytes(location.data, location.len, 0));
    size_t at = hash & (m->slot_count - 1);
    for (; m->slots[at]; at = (at + 1) & (m->slot_count - 1)) {
        struct delta_entry *e = &m->entries[m->slots[at] - 1];
        if (e->hash == hash && str_eq(e->file.location, location) && str_eq(e->file.dv_id, dv_id))
            return e;
    }
    struct delta_entry fresh = {.hash = hash};
    fresh.file.location = arena_str(&s->arena, location);
    fresh.file.dv_id = arena_str(&s->arena, dv_id);
    if (m->count == UINT32_MAX - 1)
        return NULL;
    ARENA_PUSH(&s->arena, m->entries, m->count, m->capacity, fresh);
    m->slots[at] = (uint32_t)m->count;
    return &m->entries[m->count - 1];
}

struct str delta_dv_identity(const struct delta_dv *dv, struct arena *arena)
{
    if (!dv->storage)
        return STR("");
    if (dv->offset < 0)
        return str_from(arena_printf(arena, "%c%.*s", dv->storage, STR_ARG(dv->path_or_inline)));
    return str_from(arena_printf(arena, "%c%.*s@%lld", dv->storage, STR_ARG(dv->path_or_inline),
                                 (long long)dv->offset));
}

/* Where the file lies. A location in another store is kept as it is: reading it will say so, but
 * a removed file there does no harm. */
static struct err *file_location(struct delta_snapshot *s, struct str path, struct arena *arena,
                                 struct str *out)
{
    struct err *e = lake_store_resolve(s->store, s->path, path, arena, out);
    if (e && err_is(e, "0A000")) {
        err_free(e);
        *out = path;
        return NULL;
    }
    return e;
}

static struct err *copy_partition(struct delta_snapshot *s, const struct delta_file_action *a,
                                  struct delta_entry *entry)
{
    struct delta_partition_pair *pairs =
        arena_try_alloc(&s->arena, a->partition_count * sizeof(*pairs) + 1);
    if (!pairs)
        return err_oom();
    for (uint32_t i = 0; i < a->partition_count; i++) {
        pairs[i] = a->partition[i];
        pairs[i].key = arena_str(&s->arena, pairs[i].key);
        pairs[i].value = arena_str(&s->arena, pairs[i].value);
    }
    entry->partition = pairs;
    entry->partition_count = a->partition_count;
    return NULL;
}

/* A number of bytes or rows, so small that sums of hundreds of them fit; -1: not known. */
static int64_t plausible(int64_t n)
{
    return n >= 0 && n <= INT64_C(1) << 54 ? n : -1;
}

static struct err *apply_add(struct delta_snapshot *s, const struct delta_file_action *a,
                             struct arena *scratch)
{
    struct str location;
    TRY(file_location(s, a->path, scratch, &location));
    struct delta_entry *entry = map_entry(s, location, delta_dv_identity(&a->dv, scratch));
    if (!entry)
        return err_oom();
    entry->active = true;
    entry->file.path = arena_str(&s->arena, a->path);
    entry->file.size_bytes = plausible(a->size_bytes);
    entry->file.modified_ms = a->modified_ms;
    entry->file.row_count = plausible(a->row_count);
    entry->file.stats = arena_str(&s->arena, a->stats);
    entry->dv = a->dv;
    entry->dv.path_or_inline = arena_str(&s->arena, a->dv.path_or_inline);
    return copy_partition(s, a, entry);
}

static struct err *apply_remove(struct delta_snapshot *s, const struct delta_file_action *a,
                                struct arena *scratch)
{
    struct str location;
    TRY(file_location(s, a->path, scratch, &location));
    struct delta_entry *entry = map_entry(s, location, delta_dv_identity(&a->dv, scratch));
    if (!entry)
        return err_oom();
    entry->active = false;
    return NULL;
}

/* ---- JSON ---- */

/* Where a line comes from, for messages. */
struct line {
    struct delta_snapshot *s;
    struct str file_name;
    size_t number;
    struct arena *scratch;
};

static struct err *bad_line(const struct line *l, const char *reason)
{
    return delta_damaged(l->s, "log file %.*s, line %zu: %s", STR_ARG(l->file_name), l->number,
                         reason);
}

static bool valid_dv(const struct delta_dv *dv)
{
    return (dv->storage == 'u' || dv->storage == 'p' || dv->storage == 'i') &&
           dv->path_or_inline.data && dv->size_bytes >= 0;
}

static struct err *json_dv(const struct line *l, const struct json_value *v, struct delta_dv *out)
{
    *out = (struct delta_dv){.offset = -1, .size_bytes = -1, .cardinality = -1};
    const struct json_value *d = json_get_set(v, "deletionVector");
    struct str storage;
    if (!d)
        return NULL;
    json_get_i64(d, "offset", &out->offset);
    json_get_i64(d, "sizeInBytes", &out->size_bytes);
    json_get_i64(d, "cardinality", &out->cardinality);
    if (json_get_str(d, "storageType", &storage) && storage.len == 1)
        out->storage = storage.data[0];
    if (!json_get_str(d, "pathOrInlineDv", &out->path_or_inline) || !valid_dv(out))
        return bad_line(l, "malformed deletion vector");
    return NULL;
}

/* The member numRecords of statistics in JSON; -1 when there is none. */
static int64_t stats_rows(struct str stats, struct arena *scratch)
{
    const char *reason;
    size_t offset;
    int64_t rows = -1;
    if (!stats.len)
        return -1;
    struct arena_mark mark = arena_mark(scratch);
    const struct json_value *v = json_parse(scratch, stats, &reason, &offset);
    if (!json_get_i64(v, "numRecords", &rows) || rows < 0)
        rows = -1;
    arena_rewind(scratch, mark);
    return rows;
}

static const char *const action_names[] = {
    [DELTA_ADD] = "add", [DELTA_REMOVE] = "remove", [DELTA_CDC] = "cdc"};

static void json_partition(const struct line *l, const struct json_value *action,
                           struct delta_file_action *a)
{
    const struct json_value *values = json_get_set(action, "partitionValues");
    struct delta_partition_pair *pairs =
        arena_new_array(l->scratch, struct delta_partition_pair, values ? values->count + 1 : 1);
    for (const struct json_value *p = values ? values->first : NULL; p; p = p->next) {
        /* Strings by the protocol; some writers put numbers, whose text serves as well. */
        pairs[a->partition_count++] = (struct delta_partition_pair){
            .key = p->key, .value = p->text, .is_null = p->kind == JSON_NULL};
    }
    a->partition = pairs;
    a->has_partition = values != NULL;
}

static struct err *json_file(const struct line *l, const struct json_value *v,
                             enum delta_action_kind kind, struct delta_file_action *out)
{
    struct delta_file_action a = {
        .kind = kind, .data_change = kind != DELTA_CDC, .size_bytes = -1, .row_count = -1};
    if (!json_get_str(v, "path", &a.path))
        return delta_damaged(l->s, "log file %.*s, line %zu: %s without a path",
                             STR_ARG(l->file_name), l->number, action_names[kind]);
    TRY(json_dv(l, v, &a.dv));
    json_get_bool(v, "dataChange", &a.data_change);
    json_get_i64(v, "size", &a.size_bytes);
    if (kind == DELTA_ADD) {
        json_get_i64(v, "modificationTime", &a.modified_ms);
        json_get_str(v, "stats", &a.stats);
        a.row_count = stats_rows(a.stats, l->scratch);
    }
    *out = a;
    return NULL;
}

static struct err *json_strings(const struct line *l, const struct json_value *list,
                                struct str **out, uint32_t *out_count)
{
    struct arena *arena = &l->s->arena;
    uint32_t count = list ? list->count : 0, n = 0;
    struct str *items = arena_new_array(arena, struct str, (size_t)count + 1);
    for (const struct json_value *v = list ? list->first : NULL; v; v = v->next) {
        if (v->kind != JSON_STRING)
            return bad_line(l, "list of strings expected");
        items[n++] = arena_str(arena, v->text);
    }
    *out = items;
    *out_count = count;
    return NULL;
}

static struct err *json_protocol(const struct line *l, const struct json_value *v)
{
    int64_t reader = 0, writer = 0;
    struct str *features = NULL;
    struct delta_protocol *p = &l->s->protocol;
    if (!json_get_i64(v, "minReaderVersion", &reader) ||
        !json_get_i64(v, "minWriterVersion", &writer) || reader < 1 || reader > INT32_MAX ||
        writer < 0 || writer > INT32_MAX)
        return bad_line(l, "malformed protocol");
    p->min_reader_version = (int32_t)reader;
    p->min_writer_version = (int32_t)writer;
    TRY(json_strings(l, json_get_set(v, "readerFeatures"), &features, &p->reader_feature_count));
    p->reader_features = features;
    TRY(json_strings(l, json_get_set(v, "writerFeatures"), &features, &p->writer_feature_count));
    p->writer_features = features;
    l->s->has_protocol = true;
    return NULL;
}

static struct err *json_metadata(const struct line *l, const struct json_value *v)
{
    struct delta_snapshot *s = l->s;
    struct arena *arena = &s->arena;
    struct str id = STR(""), name = STR(""), schema = STR("");
    json_get_str(v, "id", &id);
    json_get_str(v, "name", &name);
    if (!json_get_str(v, "schemaString", &schema))
        return bad_line(l, "metaData without schemaString");
    s->id = arena_str(arena, id);
    s->name = arena_str(arena, name);
    s->schema_string = arena_str(arena, schema);
    TRY(json_strings(l, json_get_set(v, "partitionColumns"), &s->partition_names,
                     &s->partition_count));
    const struct json_value *conf = json_get_set(v, "configuration");
    s->properties = arena_new_array(arena, struct lake_meta, conf ? conf->count + 1 : 1);
    s->property_count = 0;
    for (const struct json_value *c = conf ? conf->first : NULL; c; c = c->next) {
        if (c->kind != JSON_NULL)
            s->properties[s->property_count++] = (struct lake_meta){
                .key = arena_str(arena, c->key), .value = arena_str(arena, c->text)};
    }
    s->has_metadata = true;
    return NULL;
}

/* Of a line only adds of a commit wait: removes come first, wherever they stand, for some writers
 * remove and add one file in one commit. */
static struct err *apply_line(const struct line *l, const struct json_value *action, bool adds,
                              struct delta_names *sidecars)
{
    const struct json_value *v;
    struct delta_file_action a;
    if (adds) {
        if (!(v = json_get_set(action, "add")))
            return NULL;
        TRY(json_file(l, v, DELTA_ADD, &a));
        json_partition(l, v, &a);
        return apply_add(l->s, &a, l->scratch);
    }
    if ((v = json_get_set(action, "remove")) && !l->s->schema_only) {
        TRY(json_file(l, v, DELTA_REMOVE, &a));
        TRY(apply_remove(l->s, &a, l->scratch));
    }
    if ((v = json_get_set(action, "protocol")))
        TRY(json_protocol(l, v));
    if ((v = json_get_set(action, "metaData")))
        TRY(json_metadata(l, v));
    if ((v = json_get_set(action, "sidecar")) && sidecars) {
        struct str path;
        if (!json_get_str(v, "path", &path))
            return bad_line(l, "sidecar without a path");
        path = arena_str(&l->s->arena, path);
        ARENA_PUSH(&l->s->arena, sidecars->items, sidecars->count, sidecars->capacity, path);
    }
    return NULL;
}

/* Takes the next line that is not empty off the text; false at the end. */
static bool next_line(struct line *l, struct str *text, struct str *out)
{
    while (text->len) {
        const char *nl = memchr(text->data, '\n', text->len);
        size_t len = nl ? (size_t)(nl - text->data) : text->len;
        *out = str_make(text->data, len);
        text->data += len + (nl != NULL);
        text->len -= len + (nl != NULL);
        l->number++;
        while (out->len && (out->data[out->len - 1] == '\r' || out->data[out->len - 1] == ' '))
            out->len--;
        if (out->len)
            return true;
    }
    return false;
}

static struct err *parse_line(const struct line *l, struct str one, const struct json_value **out)
{
    const char *reason;
    size_t offset;
    *out = json_parse(l->scratch, one, &reason, &offset);
    if (!*out)
        return delta_damaged(l->s, "log file %.*s, line %zu: %s at byte %zu", STR_ARG(l->file_name),
                             l->number, reason, offset);
    return (*out)->kind == JSON_OBJECT ? NULL : bad_line(l, "object expected");
}

static struct err *apply_lines(struct delta_snapshot *s, struct str file_name, struct str text,
                               bool adds, struct arena *scratch, struct delta_names *sidecars)
{
    struct line l = {.s = s, .file_name = file_name, .scratch = scratch};
    struct str one;
    while (next_line(&l, &text, &one)) {
        const struct json_value *v;
        /* The second pass is for adds alone: a line without the word has none. */
        if (adds && !memmem(one.data, one.len, "\"add\"", 5))
            continue;
        arena_reset(scratch);
        TRY(parse_line(&l, one, &v));
        TRY(apply_line(&l, v, adds, sidecars));
    }
    return NULL;
}

struct err *delta_commit_actions(struct delta_snapshot *s, struct str file_name, struct str text,
                                 struct arena *arena, struct delta_actions *out)
{
    struct line l = {.s = s, .file_name = file_name, .scratch = arena};
    struct str one;
    *out = (struct delta_actions){0};
    while (next_line(&l, &text, &one)) {
        const struct json_value *v;
        TRY(parse_line(&l, one, &v));
        for (int kind = DELTA_ADD; kind <= DELTA_CDC; kind++) {
            const struct json_value *action = json_get_set(v, action_names[kind]);
            struct delta_file_action a;
            if (!action)
                continue;
            TRY(json_file(&l, action, (enum delta_action_kind)kind, &a));
            json_partition(&l, action, &a);
            ARENA_PUSH(arena, out->items, out->count, out->capacity, a);
        }
    }
    return NULL;
}

struct err *delta_apply_json(struct delta_snapshot *s, struct str file_name, struct str text,
                             struct delta_names *sidecars)
{
    struct arena scratch;
    arena_init(&scratch);
    struct err *e = apply_lines(s, file_name, text, false, &scratch, sidecars);
    if (!e && !s->schema_only)
        e = apply_lines(s, file_name, text, true, &scratch, NULL);
    arena_done(&scratch);
    return e;
}

/* ---- Checkpoints ---- */

static bool vec_i64(const struct lake_vec *v, uint32_t row, int64_t *out)
{
    if (!v || lake_vec_is_null(v, row))
        return false;
    if (v->phys == LAKE_PHYS_I64)
        *out = v->i64[row];
    else if (v->phys == LAKE_PHYS_I32)
        *out = v->i32[row];
    else
        return false;
    return true;
}

static struct err *bad_checkpoint(const struct line *l, const char *reason)
{
    return delta_damaged(l->s, "checkpoint %.*s: %s", STR_ARG(l->file_name), reason);
}

static struct err *vec_dv(const struct line *l, const struct lake_vec *v, uint32_t row,
                          struct delta_dv *out)
{
    *out = (struct delta_dv){.offset = -1, .size_bytes = -1, .cardinality = -1};
    const struct lake_vec *d = lake_vec_field(v, "deletionVector");
    struct str storage;
    if (!d || lake_vec_is_null(d, row))
        return NULL;
    vec_i64(lake_vec_field(d, "offset"), row, &out->offset);
    vec_i64(lake_vec_field(d, "sizeInBytes"), row, &out->size_bytes);
    vec_i64(lake_vec_field(d, "cardinality"), row, &out->cardinality);
    if (lake_vec_bytes(lake_vec_field(d, "storageType"), row, &storage) && storage.len == 1)
        out->storage = storage.data[0];
    if (!lake_vec_bytes(lake_vec_field(d, "pathOrInlineDv"), row, &out->path_or_inline) ||
        !valid_dv(out))
        return bad_checkpoint(l, "malformed deletion vector");
    return NULL;
}

/* A map of strings as pairs in the scratch arena. */
static struct err *vec_pairs(const struct line *l, const struct lake_vec *v, uint32_t row,
                             const struct delta_partition_pair **out, uint32_t *out_count)
{
    *out_count = 0;
    if (!v || lake_vec_is_null(v, row))
        return NULL;
    if (v->type->kind != LAKE_MAP || v->children[0].phys != LAKE_PHYS_BYTES ||
        v->children[1].phys != LAKE_PHYS_BYTES)
        return bad_checkpoint(l, "map of strings expected");
    uint32_t begin = v->offsets[row], count = v->offsets[row + 1] - begin;
    struct delta_partition_pair *pairs = arena_try_alloc(l->scratch, count * sizeof(*pairs) + 1);
    if (!pairs)
        return err_oom();
    for (uint32_t i = 0; i < count; i++) {
        pairs[i] = (struct delta_partition_pair){0};
        lake_vec_bytes(&v->children[0], begin + i, &pairs[i].key);
        pairs[i].is_null = !lake_vec_bytes(&v->children[1], begin + i, &pairs[i].value);
    }
    *out = pairs;
    *out_count = count;
    return NULL;
}

static struct err *vec_add(const struct line *l, const struct lake_vec *v, uint32_t row)
{
    struct delta_file_action a = {.size_bytes = -1, .row_count = -1};
    if (!lake_vec_bytes(lake_vec_field(v, "path"), row, &a.path))
        return bad_checkpoint(l, "add without a path");
    vec_i64(lake_vec_field(v, "size"), row, &a.size_bytes);
    vec_i64(lake_vec_field(v, "modificationTime"), row, &a.modified_ms);
    lake_vec_bytes(lake_vec_field(v, "stats"), row, &a.stats);
    a.row_count = stats_rows(a.stats, l->scratch);
    const struct lake_vec *parsed = lake_vec_field(v, "stats_parsed");
    if (a.row_count < 0 && parsed && !lake_vec_is_null(parsed, row))
        vec_i64(lake_vec_field(parsed, "numRecords"), row, &a.row_count);
    TRY(vec_pairs(l, lake_vec_field(v, "partitionValues"), row, &a.partition, &a.partition_count));
    TRY(vec_dv(l, v, row, &a.dv));
    return apply_add(l->s, &a, l->scratch);
}

static struct err *vec_strings(const struct line *l, const struct lake_vec *v, uint32_t row,
                               struct str **out, uint32_t *out_count)
{
    *out = NULL;
    *out_count = 0;
    if (!v || lake_vec_is_null(v, row))
        return NULL;
    const struct lake_vec *strings = v->type->kind == LAKE_LIST ? &v->children[0] : NULL;
    if (strings && strings->type->kind == LAKE_STRUCT && strings->child_count == 1)
        strings = &strings->children[0]; /* see unwrap in delta_conform.c */
    if (!strings || strings->phys != LAKE_PHYS_BYTES)
        return bad_checkpoint(l, "list of strings expected");
    struct arena *arena = &l->s->arena;
    uint32_t begin = v->offsets[row], count = v->offsets[row + 1] - begin;
    struct str *items = arena_try_alloc(arena, count * sizeof(*items) + 1);
    if (!items)
        return err_oom();
    for (uint32_t i = 0; i < count; i++) {
        if (!lake_vec_bytes(strings, begin + i, &items[i]))
            return bad_checkpoint(l, "list of strings has a null");
        items[i] = arena_str(arena, items[i]);
    }
    *out = items;
    *out_count = count;
    return NULL;
}

static struct err *vec_protocol(const struct line *l, const struct lake_vec *v, uint32_t row)
{
    int64_t reader = 0, writer = 0;
    struct str *features = NULL;
    struct delta_protocol *p = &l->s->protocol;
    if (!vec_i64(lake_vec_field(v, "minReaderVersion"), row, &reader) || reader < 1 ||
        reader > INT32_MAX)
        return bad_checkpoint(l, "malformed protocol");
    vec_i64(lake_vec_field(v, "minWriterVersion"), row, &writer);
    p->min_reader_version = (int32_t)reader;
    p->min_writer_version = (int32_t)writer;
    TRY(vec_strings(l, lake_vec_field(v, "readerFeatures"), row, &features,
                    &p->reader_feature_count));
    p->reader_features = features;
    TRY(vec_strings(l, lake_vec_field(v, "writerFeatures"), row, &features,
                    &p->writer_feature_count));
    p->writer_features = features;
    l->s->has_protocol = true;
    return NULL;
}

static struct err *vec_metadata(const struct line *l, const struct lake_vec *v, uint32_t row)
{
    struct delta_snapshot *s = l->s;
    struct str id = STR(""), name = STR(""), schema = STR("");
    const struct delta_partition_pair *conf = NULL;
    uint32_t count;
    lake_vec_bytes(lake_vec_field(v, "id"), row, &id);
    lake_vec_bytes(lake_vec_field(v, "name"), row, &name);
    if (!lake_vec_bytes(lake_vec_field(v, "schemaString"), row, &schema))
        return bad_checkpoint(l, "metaData without schemaString");
    s->id = arena_str(&s->arena, id);
    s->name = arena_str(&s->arena, name);
    s->schema_string = arena_str(&s->arena, schema);
    TRY(vec_strings(l, lake_vec_field(v, "partitionColumns"), row, &s->partition_names,
                    &s->partition_count));
    TRY(vec_pairs(l, lake_vec_field(v, "configuration"), row, &conf, &count));
    s->properties = arena_new_array(&s->arena, struct lake_meta, (size_t)count + 1);
    s->property_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (!conf[i].is_null)
            s->properties[s->property_count++] =
                (struct lake_meta){.key = arena_str(&s->arena, conf[i].key),
                                   .value = arena_str(&s->arena, conf[i].value)};
    }
    s->has_metadata = true;
    return NULL;
}

static struct err *vec_sidecar(const struct line *l, const struct lake_vec *v, uint32_t row,
                               struct delta_names *sidecars)
{
    struct str path;
    if (!lake_vec_bytes(lake_vec_field(v, "path"), row, &path))
        return bad_checkpoint(l, "sidecar without a path");
    path = arena_str(&l->s->arena, path);
    if (sidecars)
        ARENA_PUSH(&l->s->arena, sidecars->items, sidecars->count, sidecars->capacity, path);
    return NULL;
}

static struct err *apply_batch(const struct line *l, const struct lake_batch *batch,
                               const struct lake_type *schema, const uint32_t *columns,
                               struct delta_names *sidecars)
{
    for (uint32_t c = 0; c < batch->column_count; c++) {
        const struct lake_vec *v = &batch->columns[c];
        struct str name = schema->fields[columns[c]].name;
        for (uint32_t row = 0; row < batch->row_count; row++) {
            if (lake_vec_is_null(v, row))
                continue;
            arena_reset(l->scratch);
            if (str_eq(name, STR("add")))
                TRY(vec_add(l, v, row));
            else if (str_eq(name, STR("protocol")))
                TRY(vec_protocol(l, v, row));
            else if (str_eq(name, STR("metaData")))
                TRY(vec_metadata(l, v, row));
            else
                TRY(vec_sidecar(l, v, row, sidecars));
        }
    }
    return NULL;
}

static struct err *scan_checkpoint(const struct line *l, struct parquet_file *file,
                                   struct delta_names *sidecars)
{
    static const char *const wanted[] = {"protocol", "metaData", "add", "sidecar"};
    const size_t count = l->s->schema_only ? 2 : ARRAY_LENGTH(wanted);
    const struct lake_type *schema = parquet_schema(file);
    uint32_t columns[ARRAY_LENGTH(wanted)];
    struct parquet_scan_options options = {.columns = columns};
    struct parquet_scan *scan;
    const struct lake_batch *batch;
    for (size_t i = 0; i < count; i++) {
        int at = lake_type_find(schema, str_from(wanted[i]));
        if (at >= 0 && schema->fields[at].type->kind == LAKE_STRUCT)
            columns[options.column_count++] = (uint32_t)at;
    }
    TRY(parquet_scan_new(file, &options, &scan));
    struct err *e;
    while (!(e = parquet_scan_next(scan, &batch)) && batch) {
        e = apply_batch(l, batch, schema, columns, sidecars);
        if (e)
            break;
    }
    parquet_scan_free(scan);
    return e;
}

struct err *delta_apply_checkpoint(struct delta_snapshot *s, struct str file_name,
                                   struct delta_names *sidecars)
{
    struct arena scratch;
    arena_init(&scratch);
    struct line l = {.s = s, .file_name = file_name, .scratch = &scratch};
    struct str path =
        str_from(arena_printf(&s->arena, "%.*s/%.*s", STR_ARG(s->log_path), STR_ARG(file_name)));
    struct parquet_file *file;
    struct err *e = parquet_open(s->store, path, &file);
    if (!e) {
        e = scan_checkpoint(&l, file, sidecars);
        parquet_close(file);
    }
    arena_done(&scratch);
    return e;
}

/* ---- The end of replay ---- */

static int file_cmp(const void *a, const void *b)
{
    const struct delta_file *x = &(*(const struct delta_entry *const *)a)->file;
    const struct delta_file *y = &(*(const struct delta_entry *const *)b)->file;
    if (x->modified_ms != y->modified_ms)
        return x->modified_ms < y->modified_ms ? -1 : 1;
    return str_cmp(x->path, y->path);
}

/* Values in the order of the partition columns. With column mapping the log has physical names. */
static struct err *order_partition(struct delta_snapshot *s, struct delta_entry *e)
{
    struct delta_partition_value *values =
        arena_try_alloc(&s->arena, s->partition_count * sizeof(*values) + 1);
    if (!values)
        return err_oom();
    for (uint32_t p = 0; p < s->partition_count; p++) {
        struct str name = s->schema->fields[s->partition_columns[p]].physical_name;
        const struct delta_partition_pair *found = NULL;
        for (uint32_t i = 0; i < e->partition_count && !found; i++) {
            if (str_eq(e->partition[i].key, name))
                found = &e->partition[i];
        }
        if (!found)
            return delta_damaged(s, "file %.*s has no value for partition column \"%.*s\"",
                                 STR_ARG(e->file.path), STR_ARG(name));
        values[p] = (struct delta_partition_value){.text = found->value,
                                                   .is_null = found->is_null || !found->value.len};
    }
    e->file.partition_values = values;
    return NULL;
}

struct err *delta_finish_files(struct delta_snapshot *s)
{
    struct delta_entry **active = malloc((s->map.count + 1) * sizeof(*active));
    uint32_t count = 0;
    struct err *e = NULL;
    if (!active)
        return err_oom();
    for (size_t i = 0; i < s->map.count; i++) {
        if (s->map.entries[i].active)
            active[count++] = &s->map.entries[i];
    }
    qsort(active, count, sizeof(*active), file_cmp);
    s->files = arena_try_alloc(&s->arena, count * sizeof(*s->files) + 1);
    s->dvs = arena_try_alloc(&s->arena, count * sizeof(*s->dvs) + 1);
    if (!s->files || !s->dvs)
        e = err_oom();
    for (uint32_t i = 0; i < count && !e; i++) {
        e = order_partition(s, active[i]);
        s->files[i] = active[i]->file;
        s->dvs[i] = active[i]->dv;
        s->files[i].deleted_rows = s->dvs[i].storage ? plausible(s->dvs[i].cardinality) : 0;
    }
    s->file_count = count;
    free(active);
    return e;
}
