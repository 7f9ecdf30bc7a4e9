/* Actions: what the log says, from JSON lines and from the rows of checkpoints, applied to the
 * state from old to new. */
#include "lake/delta_internal.h"
#include "lake/json.h"
#include "lake/parquet.h"

#include <stdlib.h>

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
    /* Most writers begin with it. */
    struct str head = STR("{\"numRecords\":");
    size_t end = head.len;
    while (str_starts_with(stats, head) && end < stats.len && stats.data[end] >= '0' &&
           stats.data[end] <= '9')
        end++;
    if (end > head.len && end < stats.len && (stats.data[end] == ',' || stats.data[end] == '}') &&
        lake_parse_i64(str_make(stats.data + head.len, end - head.len), &rows))
        return rows;
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
        return delta_files_add(l->s, &a, l->scratch);
    }
    if ((v = json_get_set(action, "remove")) && !l->s->schema_only) {
        TRY(json_file(l, v, DELTA_REMOVE, &a));
        TRY(delta_files_remove(l->s, &a, l->scratch));
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
        json_get_str(json_get_set(v, "metaData"), "schemaString", &out->schema_string);
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

static struct err *vec_dv(const struct line *l, const struct lake_vec *d, uint32_t row,
                          struct delta_dv *out)
{
    *out = (struct delta_dv){.offset = -1, .size_bytes = -1, .cardinality = -1};
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

/* The fields of `add` that count; NULL: the checkpoint lacks it. */
struct add_vecs {
    const struct lake_vec *path, *size, *modified, *stats, *parsed, *partition, *dv;
};

static struct add_vecs find_add_vecs(const struct lake_vec *v)
{
    return (struct add_vecs){.path = lake_vec_field(v, "path"),
                             .size = lake_vec_field(v, "size"),
                             .modified = lake_vec_field(v, "modificationTime"),
                             .stats = lake_vec_field(v, "stats"),
                             .parsed = lake_vec_field(v, "stats_parsed"),
                             .partition = lake_vec_field(v, "partitionValues"),
                             .dv = lake_vec_field(v, "deletionVector")};
}

/* As JSON, into the scratch arena; writers may keep the struct alone
 * (delta.checkpoint.writeStatsAsJson). */
static struct err *vec_stats(const struct line *l, const struct add_vecs *f, uint32_t row,
                             struct str *out)
{
    struct buf text;
    if (lake_vec_bytes(f->stats, row, out) || !f->parsed || lake_vec_is_null(f->parsed, row))
        return NULL;
    buf_init(&text);
    lake_json_value(f->parsed, row, &text);
    struct err *e = buf_finish(&text);
    if (!e)
        *out = arena_str(l->scratch, str_make(text.data, text.len));
    buf_done(&text);
    return e;
}

static struct err *vec_add(const struct line *l, const struct add_vecs *f, uint32_t row)
{
    struct delta_file_action a = {.size_bytes = -1, .row_count = -1};
    if (!lake_vec_bytes(f->path, row, &a.path))
        return bad_checkpoint(l, "add without a path");
    vec_i64(f->size, row, &a.size_bytes);
    vec_i64(f->modified, row, &a.modified_ms);
    TRY(vec_stats(l, f, row, &a.stats));
    a.row_count = stats_rows(a.stats, l->scratch);
    TRY(vec_pairs(l, f->partition, row, &a.partition, &a.partition_count));
    TRY(vec_dv(l, f->dv, row, &a.dv));
    return delta_files_add(l->s, &a, l->scratch);
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
        bool is_add = str_eq(name, STR("add"));
        struct add_vecs add = is_add ? find_add_vecs(v) : (struct add_vecs){0};
        for (uint32_t row = 0; row < batch->row_count; row++) {
            if (lake_vec_is_null(v, row))
                continue;
            arena_reset(l->scratch);
            if (is_add)
                TRY(vec_add(l, &add, row));
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
