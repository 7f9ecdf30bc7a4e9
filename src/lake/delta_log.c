/* Which files of _delta_log make a version, and their replay.
 *
 *   NNNNNNNNNNNNNNNNNNNN.json                          commit N
 *   N.checkpoint.parquet                               classic checkpoint
 *   N.checkpoint.PPPPPPPPPP.QQQQQQQQQQ.parquet         part P of Q of one
 *   N.checkpoint.UUID.json | .parquet                  V2 checkpoint
 *   N.M.compacted.json                                 commits N to M in one
 *   _last_checkpoint                                   a hint: {"version":N,...}; never trusted
 *   everything else                                    ignored
 *
 * A version is the newest complete checkpoint at or below it, if any, and every commit after.
 * Compacted commits stand for those that they cover; one that cannot be read is passed over. */
#include "lake/delta_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { VERSION_DIGITS = 20, COMMIT_LIMIT = 1 << 30, HINT_LIMIT = 64 << 20 };

static struct err *table_error(const struct delta_snapshot *s, const char *sqlstate,
                               const char *fmt, va_list ap)
{
    char *reason;
    if (vasprintf(&reason, fmt, ap) < 0)
        return err_oom();
    struct err *e =
        err_new(sqlstate, "could not read Delta table \"%.*s\": %s", STR_ARG(s->path), reason);
    free(reason);
    return e;
}

struct err *delta_damaged(const struct delta_snapshot *s, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    struct err *e = table_error(s, "XX001", fmt, ap);
    va_end(ap);
    return e;
}

struct err *delta_unsupported(const struct delta_snapshot *s, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    struct err *e = table_error(s, "0A000", fmt, ap);
    va_end(ap);
    return e;
}

/* ---- Listing ---- */

static bool digits(struct str s, size_t at, size_t n, int64_t *out)
{
    if (s.len < at + n)
        return false;
    for (size_t i = at; i < at + n; i++) {
        if (s.data[i] < '0' || s.data[i] > '9')
            return false;
    }
    return lake_parse_i64(str_make(s.data + at, n), out);
}

static bool parse_checkpoint(struct str name, struct log_checkpoint *out)
{
    int64_t part, count;
    struct str rest = str_make(name.data + VERSION_DIGITS, name.len - VERSION_DIGITS);
    *out = (struct log_checkpoint){.part = 1, .part_count = 1, .name = name};
    digits(name, 0, VERSION_DIGITS, &out->version);
    if (str_eq(rest, STR(".checkpoint.parquet")))
        return true;
    if (rest.len == 41 && digits(rest, 12, 10, &part) && digits(rest, 23, 10, &count) &&
        str_starts_with(rest, STR(".checkpoint.")) && str_ends_with(rest, STR(".parquet"))) {
        out->part = (uint32_t)part;
        out->part_count = (uint32_t)count;
        return part >= 1 && part <= count && count <= UINT32_MAX;
    }
    out->v2 = true;
    return str_starts_with(rest, STR(".checkpoint.")) &&
           (str_ends_with(rest, STR(".parquet")) || str_ends_with(rest, STR(".json")));
}

static bool parse_compaction(struct str name, struct log_compaction *out)
{
    size_t second = VERSION_DIGITS + 1, end = second + VERSION_DIGITS;
    struct str rest = STR(".compacted.json");
    out->name = name;
    return name.len == end + rest.len && name.data[VERSION_DIGITS] == '.' &&
           str_ends_with(name, rest) && digits(name, 0, VERSION_DIGITS, &out->first) &&
           digits(name, second, VERSION_DIGITS, &out->last) && out->first < out->last;
}

struct err *delta_list_log(struct delta_snapshot *s, int64_t from, struct log_files *out)
{
    struct lake_list list;
    struct log_files files = {0};
    char from_text[32];
    snprintf(from_text, sizeof(from_text), "%020lld", (long long)from);
    TRY(lake_store_list(s->store, s->log_path, str_from(from ? from_text : ""), &s->arena, &list));
    for (size_t i = 0; i < list.count; i++) {
        struct lake_entry *entry = &list.entries[i];
        struct log_checkpoint checkpoint;
        struct log_compaction compaction;
        int64_t version;
        if (entry->is_folder || !digits(entry->name, 0, VERSION_DIGITS, &version))
            continue;
        if (entry->name.len == VERSION_DIGITS + 5 && str_ends_with(entry->name, STR(".json"))) {
            struct log_commit commit = {version, entry->modified_ms, entry->name};
            ARENA_PUSH(&s->arena, files.commits, files.commit_count, files.commit_capacity, commit);
        } else if (parse_compaction(entry->name, &compaction)) {
            ARENA_PUSH(&s->arena, files.compactions, files.compaction_count,
                       files.compaction_capacity, compaction);
        } else if (parse_checkpoint(entry->name, &checkpoint)) {
            ARENA_PUSH(&s->arena, files.checkpoints, files.checkpoint_count,
                       files.checkpoint_capacity, checkpoint);
        }
    }
    *out = files;
    return NULL;
}

/* The version that _last_checkpoint names, -1 when it is absent or makes no sense. */
static struct err *read_hint(struct delta_snapshot *s, int64_t *out)
{
    struct buf text = BUF_INIT;
    const char *reason;
    size_t offset;
    struct str path =
        str_from(arena_printf(&s->arena, "%.*s/_last_checkpoint", STR_ARG(s->log_path)));
    *out = -1;
    struct err *e = lake_store_read_all(s->store, path, HINT_LIMIT, &text);
    if (!e) {
        const struct json_value *v = json_parse(&s->arena, buf_str(&text), &reason, &offset);
        if (!json_get_i64(v, "version", out) || *out < 0)
            *out = -1;
    } else if (err_is(e, "58P01")) {
        err_free(e);
        e = NULL;
    }
    buf_done(&text);
    return e;
}

/* ---- Choosing ---- */

/* Whether checkpoints[i] begins a checkpoint that is complete; its files are *count entries. */
static bool checkpoint_complete(const struct log_files *f, size_t i, size_t *count)
{
    const struct log_checkpoint *c = &f->checkpoints[i];
    if (c->part != 1)
        return false;
    for (uint32_t p = 1; p < c->part_count; p++) {
        if (i + p >= f->checkpoint_count)
            return false;
        const struct log_checkpoint *next = &f->checkpoints[i + p];
        if (next->version != c->version || next->part != p + 1 || next->part_count != c->part_count)
            return false;
    }
    *count = c->part_count;
    return true;
}

/* The newest complete checkpoint at or below `version`; *count 0 when there is none. */
static size_t find_checkpoint(const struct log_files *f, int64_t version, size_t *count)
{
    *count = 0;
    for (size_t i = f->checkpoint_count; i-- > 0;) {
        if (f->checkpoints[i].version <= version && checkpoint_complete(f, i, count))
            return i;
    }
    return 0;
}

static int64_t newest_version(const struct log_files *f)
{
    int64_t newest = f->commit_count ? f->commits[f->commit_count - 1].version : -1;
    size_t count, i = find_checkpoint(f, INT64_MAX, &count);
    if (count && f->checkpoints[i].version > newest)
        newest = f->checkpoints[i].version;
    return newest;
}

/* The oldest version that can be read; -1 when none can. */
static int64_t oldest_version(const struct log_files *f)
{
    size_t count;
    if (f->commit_count && f->commits[0].version == 0)
        return 0;
    for (size_t i = 0; i < f->checkpoint_count; i++) {
        if (checkpoint_complete(f, i, &count))
            return f->checkpoints[i].version;
    }
    return -1;
}

const struct log_commit *delta_find_commit(const struct log_files *f, int64_t version)
{
    size_t low = 0, high = f->commit_count;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (f->commits[mid].version < version)
            low = mid + 1;
        else
            high = mid;
    }
    return low < f->commit_count && f->commits[low].version == version ? &f->commits[low] : NULL;
}

/* ---- Commits ---- */

struct err *delta_read_log_file(struct delta_snapshot *s, struct str name, struct buf *out)
{
    struct str path =
        str_from(arena_printf(&s->arena, "%.*s/%.*s", STR_ARG(s->log_path), STR_ARG(name)));
    return lake_store_read_all(s->store, path, COMMIT_LIMIT, out);
}

/* The in-commit timestamp, in the first line of a commit that has one. */
static bool in_commit_us(struct str text, int64_t *out)
{
    struct arena scratch;
    const char *reason;
    size_t offset;
    int64_t ms;
    const char *nl = text.len ? memchr(text.data, '\n', text.len) : NULL;
    if (nl)
        text.len = (size_t)(nl - text.data);
    if (!text.len || !memmem(text.data, text.len, "inCommitTimestamp", 17))
        return false;
    arena_init(&scratch);
    const struct json_value *v = json_parse(&scratch, text, &reason, &offset);
    bool has = json_get_i64(json_get(v, "commitInfo"), "inCommitTimestamp", &ms) &&
               !__builtin_mul_overflow(ms, 1000, out);
    arena_done(&scratch);
    return has;
}

int64_t delta_commit_time_us(const struct log_commit *c, struct str text)
{
    int64_t us;
    return in_commit_us(text, &us) ? us : c->modified_ms * 1000;
}

static struct err *commit_time(struct delta_snapshot *s, const struct log_commit *c, int64_t *out)
{
    struct buf text = BUF_INIT;
    struct err *e = delta_read_log_file(s, c->name, &text);
    if (!e)
        *out = delta_commit_time_us(c, buf_str(&text));
    buf_done(&text);
    return e;
}

/* *has false: the commit has no time of its own. */
static struct err *own_time(struct delta_snapshot *s, const struct log_commit *c, int64_t *out,
                            bool *has)
{
    struct buf text = BUF_INIT;
    struct err *e = delta_read_log_file(s, c->name, &text);
    if (!e)
        *has = in_commit_us(buf_str(&text), out);
    buf_done(&text);
    return e;
}

/* The commits from `low` on: *split is the first that has a time of its own, as all behind it;
 * *newest the last of those that is as old as the timestamp, -1: none is. */
static struct err *search_own_times(struct delta_snapshot *s, const struct log_files *f, size_t low,
                                    int64_t timestamp_us, size_t *split, int64_t *newest)
{
    size_t high = f->commit_count, top = f->commit_count;
    int64_t time_us;
    bool has = false;
    *newest = -1;
    *split = f->commit_count;
    if (low < high)
        TRY(own_time(s, &f->commits[high - 1], &time_us, &has));
    if (!has)
        return NULL; /* the usual case: one commit is read */
    while (low < high) {
        size_t mid = (low + high) / 2;
        TRY(own_time(s, &f->commits[mid], &time_us, &has));
        if (!has)
            low = mid + 1;
        else
            high = mid;
    }
    *split = low;
    while (low < top) {
        size_t mid = (low + top) / 2;
        TRY(own_time(s, &f->commits[mid], &time_us, &has));
        if (has && time_us <= timestamp_us) {
            *newest = f->commits[mid].version;
            low = mid + 1;
        } else {
            top = mid;
        }
    }
    return NULL;
}

/* The newest commit at or before `timestamp_us`. Times that commits have themselves are in order
 * and go before those of their files, which may be out of order when the table was copied: a commit
 * then counts as old as the ones before it. */
static struct err *version_at(struct delta_snapshot *s, const struct log_files *f,
                              int64_t timestamp_us, int64_t *out)
{
    int64_t oldest = oldest_version(f), found = -1;
    size_t first = 0, split;
    while (first < f->commit_count && f->commits[first].version < oldest)
        first++;
    TRY(search_own_times(s, f, first, timestamp_us, &split, &found));
    for (size_t i = first; found < 0 && i < split; i++) {
        if (f->commits[i].modified_ms * 1000 > timestamp_us)
            split = i;
    }
    if (found < 0 && split > first)
        found = f->commits[split - 1].version;
    if (found < 0)
        return err_new("22023", "Delta table \"%.*s\" has no version as old as the given timestamp",
                       STR_ARG(s->path));
    *out = found;
    return NULL;
}

static struct err *choose_version(struct delta_snapshot *s, const struct log_files *f,
                                  struct delta_at at)
{
    int64_t newest = newest_version(f), oldest = oldest_version(f);
    if (newest < 0)
        return err_new("58P01", "\"%.*s\" is not a Delta table: its log has no commits",
                       STR_ARG(s->path));
    if (oldest < 0)
        return delta_damaged(s, "log begins at version %lld without a checkpoint",
                             (long long)f->commits[0].version);
    s->version = newest;
    if (at.when == DELTA_TIMESTAMP)
        return version_at(s, f, at.timestamp_us, &s->version);
    if (at.when != DELTA_VERSION)
        return NULL;
    if (at.version < oldest || at.version > newest)
        return err_new("22023",
                       "Delta table \"%.*s\" has no version %lld: versions %lld to %lld can be "
                       "read",
                       STR_ARG(s->path), (long long)at.version, (long long)oldest,
                       (long long)newest);
    s->version = at.version;
    return NULL;
}

/* ---- Replay ---- */

/* Refuses a V2 checkpoint's sidecar outside of its folder. */
static struct err *sidecar_name(struct delta_snapshot *s, struct str path, struct str *out)
{
    struct str name;
    TRY(lake_percent_decode(path, &s->arena, &name));
    for (size_t i = name.len; i-- > 0;) {
        if (name.data[i] == '/') {
            name = str_make(name.data + i + 1, name.len - i - 1);
            break;
        }
    }
    if (!name.len)
        return delta_damaged(s, "checkpoint names a sidecar without a name");
    *out = str_from(arena_printf(&s->arena, "_sidecars/%.*s", STR_ARG(name)));
    return NULL;
}

static struct err *replay_checkpoint(struct delta_snapshot *s, const struct log_checkpoint *c,
                                     size_t count)
{
    struct delta_names sidecars = {0};
    for (size_t i = 0; i < count; i++) {
        if (!str_ends_with(c[i].name, STR(".json"))) {
            TRY(delta_apply_checkpoint(s, c[i].name, &sidecars));
            continue;
        }
        struct buf text = BUF_INIT;
        struct err *e = delta_read_log_file(s, c[i].name, &text);
        if (!e)
            e = delta_apply_json(s, c[i].name, buf_str(&text), &sidecars);
        buf_done(&text);
        TRY(e);
    }
    for (size_t i = 0; i < sidecars.count; i++) {
        struct str name;
        TRY(sidecar_name(s, sidecars.items[i], &name));
        TRY(delta_apply_checkpoint(s, name, NULL));
    }
    return NULL;
}

enum { EXPECTED_COMMITS = 8 };

/* While a commit is read the next ones are under way. */
static void expect_commits(struct delta_snapshot *s, const struct log_files *f, int64_t first,
                           int64_t last)
{
    for (int64_t v = first; v <= last && v <= s->version; v++) {
        const struct log_commit *c = delta_find_commit(f, v);
        if (c)
            lake_store_expect(s->store,
                              str_from(arena_printf(&s->arena, "%.*s/%.*s", STR_ARG(s->log_path),
                                                    STR_ARG(c->name))));
    }
}

/* The compaction from version `first` on that covers most, within the snapshot's; NULL: none. */
static const struct log_compaction *find_compaction(const struct delta_snapshot *s,
                                                    const struct log_files *f, int64_t first)
{
    const struct log_compaction *best = NULL;
    for (size_t i = 0; i < f->compaction_count; i++)
        if (f->compactions[i].first == first && f->compactions[i].last <= s->version)
            best = &f->compactions[i];
    return best;
}

/* A file and its deletion vector, about which a compaction says one thing. */
struct compacted {
    struct str path, dv;
};

static int compare_compacted(const void *a, const void *b)
{
    const struct compacted *x = a, *y = b;
    int order = str_cmp(x->path, y->path);
    return order ? order : str_cmp(x->dv, y->dv);
}

/* Some writers only join the commits: which action is the last one is then not known. */
static struct err *check_compaction(struct delta_snapshot *s, struct str name, struct str text,
                                    struct arena *arena)
{
    struct delta_actions actions;
    size_t n = 0;
    TRY(delta_commit_actions(s, name, text, arena, &actions));
    struct compacted *all = arena_try_alloc(arena, (actions.count + 1) * sizeof(*all));
    if (!all)
        return err_oom();
    for (size_t i = 0; i < actions.count; i++) {
        const struct delta_file_action *a = &actions.items[i];
        if (a->kind != DELTA_CDC)
            all[n++] = (struct compacted){a->path, delta_dv_identity(&a->dv, arena)};
    }
    qsort(all, n, sizeof(*all), compare_compacted);
    for (size_t i = 1; i < n; i++)
        if (compare_compacted(&all[i - 1], &all[i]) == 0)
            return delta_damaged(s, "log file %.*s has two actions for file %.*s", STR_ARG(name),
                                 STR_ARG(all[i].path));
    return NULL;
}

static struct err *apply_compaction(struct delta_snapshot *s, struct str name, struct buf *text)
{
    struct arena scratch;
    buf_reset(text);
    TRY(delta_read_log_file(s, name, text));
    arena_init(&scratch);
    struct err *e = check_compaction(s, name, buf_str(text), &scratch);
    arena_done(&scratch);
    return e ? e : delta_apply_json(s, name, buf_str(text), NULL);
}

/* Goes from *version to behind the commits that compactions cover. Where one cannot be read, its
 * commits are: of each file they say again what a part of the compaction said. */
static struct err *replay_compactions(struct delta_snapshot *s, const struct log_files *f,
                                      struct buf *text, int64_t *version)
{
    const struct log_compaction *c;
    while ((c = find_compaction(s, f, *version))) {
        const struct log_commit *last = delta_find_commit(f, c->last);
        struct err *e = apply_compaction(s, c->name, text);
        if (e && (err_is(e, "XX001") || err_is(e, "58P01")) && delta_find_commit(f, c->first)) {
            err_free(e);
            return NULL;
        }
        TRY(e);
        *version = c->last + 1;
        if (c->last == s->version && last)
            return commit_time(s, last, &s->timestamp_us);
    }
    return NULL;
}

static struct err *replay_commits(struct delta_snapshot *s, const struct log_files *f, int64_t from)
{
    struct buf text = BUF_INIT;
    struct err *e = NULL;
    for (int64_t v = from; v <= s->version && !e; v++) {
        e = replay_compactions(s, f, &text, &v);
        if (e || v > s->version)
            break;
        const struct log_commit *c = delta_find_commit(f, v);
        if (!c) {
            e = delta_damaged(s, "commit %lld is missing from its log", (long long)v);
            break;
        }
        buf_reset(&text);
        expect_commits(s, f, v == from ? v : v + EXPECTED_COMMITS, v + EXPECTED_COMMITS);
        e = delta_read_log_file(s, c->name, &text);
        if (!e)
            e = delta_apply_json(s, c->name, buf_str(&text), NULL);
        if (!e && v == s->version)
            s->timestamp_us = delta_commit_time_us(c, buf_str(&text));
    }
    buf_done(&text);
    return e;
}

static struct err *replay(struct delta_snapshot *s, const struct log_files *f)
{
    size_t count, at = find_checkpoint(f, s->version, &count);
    int64_t from = 0;
    if (count) {
        from = f->checkpoints[at].version + 1;
        TRY(replay_checkpoint(s, &f->checkpoints[at], count));
        const struct log_commit *c = delta_find_commit(f, s->version);
        if (from > s->version && c)
            TRY(commit_time(s, c, &s->timestamp_us));
    }
    return replay_commits(s, f, from);
}

/* ---- Protocol and schema ---- */

static struct err *check_features(const struct delta_snapshot *s)
{
    static const char *const supported[] = {
        "timestampNtz",        "columnMapping",    "deletionVectors",
        "v2Checkpoint",        "typeWidening",     "typeWidening-preview",
        "vacuumProtocolCheck", "variantType",      "variantType-preview",
        "variantType-dev",     "variantShredding", "variantShredding-preview",
    };
    const struct delta_protocol *p = &s->protocol;
    if (p->min_reader_version > 3)
        return delta_unsupported(s, "it requires Delta reader version %d, which is not supported",
                                 p->min_reader_version);
    for (uint32_t i = 0; i < p->reader_feature_count && p->min_reader_version == 3; i++) {
        bool known = false;
        for (size_t k = 0; k < ARRAY_LENGTH(supported); k++)
            known |= str_eq_c(p->reader_features[i], supported[k]);
        if (!known)
            return delta_unsupported(s,
                                     "it requires the Delta feature \"%.*s\", which is not "
                                     "supported",
                                     STR_ARG(p->reader_features[i]));
    }
    return NULL;
}

static struct err *read_mapping(struct delta_snapshot *s)
{
    struct str mode = delta_property(s, "delta.columnMapping.mode");
    s->mapping = DELTA_MAP_NONE;
    /* A property of a table whose protocol does not know column mapping means nothing. */
    if (!mode.data || str_eq(mode, STR("none")) || s->protocol.min_reader_version < 2)
        return NULL;
    if (str_eq(mode, STR("name")))
        s->mapping = DELTA_MAP_NAME;
    else if (str_eq(mode, STR("id")))
        s->mapping = DELTA_MAP_ID;
    else
        return delta_unsupported(s, "column mapping mode \"%.*s\" is not supported", STR_ARG(mode));
    return NULL;
}

static struct err *resolve_partition_columns(struct delta_snapshot *s)
{
    s->partition_columns = arena_new_array(&s->arena, uint32_t, s->partition_count);
    for (uint32_t i = 0; i < s->partition_count; i++) {
        int at = lake_type_find(s->schema, s->partition_names[i]);
        if (at < 0)
            return delta_damaged(s, "partition column \"%.*s\" is not in its schema",
                                 STR_ARG(s->partition_names[i]));
        s->partition_columns[i] = (uint32_t)at;
    }
    return NULL;
}

static struct err *finish(struct delta_snapshot *s)
{
    if (!s->has_protocol)
        return delta_damaged(s, "its log has no protocol action");
    TRY(check_features(s));
    if (!s->has_metadata)
        return delta_damaged(s, "its log has no metaData action");
    TRY(read_mapping(s));
    const char *where = arena_printf(&s->arena, "Delta table \"%.*s\"", STR_ARG(s->path));
    TRY(delta_parse_schema(&s->arena, s->schema_string, where, s->mapping, &s->schema));
    TRY(resolve_partition_columns(s));
    return s->schema_only ? NULL : delta_files_finish(s);
}

static struct err *load(struct delta_snapshot *s, struct delta_at at)
{
    struct log_files files;
    int64_t hint = -1;
    /* With a checkpoint to begin from, the older part of the log need not be listed. */
    if (at.when == DELTA_NEWEST)
        TRY(read_hint(s, &hint));
    TRY(delta_list_log(s, hint > 0 ? hint : 0, &files));
    size_t count;
    find_checkpoint(&files, INT64_MAX, &count);
    if (hint > 0 && !count)
        TRY(delta_list_log(s, 0, &files));
    TRY(choose_version(s, &files, at));
    TRY(replay(s, &files));
    return finish(s);
}

struct err *delta_new(struct lake_store *store, struct str path, struct delta_snapshot **out)
{
    struct delta_snapshot *s = calloc(1, sizeof(*s));
    if (!s)
        return err_oom();
    arena_init(&s->arena);
    s->store = store;
    s->path = arena_str(&s->arena, path);
    s->log_path = str_from(arena_printf(&s->arena, "%.*s/_delta_log", STR_ARG(path)));
    *out = s;
    return NULL;
}

struct err *delta_open(struct lake_store *store, struct str path, struct delta_at at,
                       struct delta_snapshot **out)
{
    struct delta_snapshot *s;
    TRY(delta_new(store, path, &s));
    s->schema_only = at.schema_only;
    struct err *e = load(s, at);
    if (e) {
        delta_close(s);
        return e;
    }
    *out = s;
    return NULL;
}

void delta_close(struct delta_snapshot *s)
{
    if (!s)
        return;
    delta_files_forget(s);
    arena_done(&s->arena);
    free(s);
}

/* ---- Accessors ---- */

int64_t delta_version(const struct delta_snapshot *s)
{
    return s->version;
}

int64_t delta_timestamp_us(const struct delta_snapshot *s)
{
    return s->timestamp_us;
}

struct str delta_table_id(const struct delta_snapshot *s)
{
    return s->id;
}

struct str delta_table_name(const struct delta_snapshot *s)
{
    return s->name;
}

struct str delta_schema_string(const struct delta_snapshot *s)
{
    return s->schema_string;
}

const struct lake_type *delta_schema(const struct delta_snapshot *s)
{
    return s->schema;
}

const uint32_t *delta_partition_columns(const struct delta_snapshot *s, uint32_t *count)
{
    *count = s->partition_count;
    return s->partition_columns;
}

const struct delta_protocol *delta_protocol(const struct delta_snapshot *s)
{
    return &s->protocol;
}

struct str delta_property(const struct delta_snapshot *s, const char *key)
{
    for (uint32_t i = 0; i < s->property_count; i++) {
        if (str_eq_c(s->properties[i].key, key))
            return s->properties[i].value;
    }
    return (struct str){0};
}

const struct lake_meta *delta_properties(const struct delta_snapshot *s, uint32_t *count)
{
    *count = s->property_count;
    return s->properties;
}
