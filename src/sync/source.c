/* Where rows come from: a Delta table at a version, what versions of one changed, or Parquet files.
 * A Parquet source is one file, the data files below a folder, or those that match a pattern with
 * *, ? and [...] in any part of its path; the first file gives the columns, in the others they are
 * found by name. */
#include "sync/sync_internal.h"

#include "catalog/acl.h"
#include "lake/choose.h"
#include "rt/fiber.h"
#include "rt/pool.h"
#include "sql/table_function.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <unistd.h>

enum { MAX_DEPTH = 32 };

struct listing {
    struct source *s;
    size_t capacity;
};

static struct str join(struct arena *a, struct str folder, struct str name)
{
    bool slash = folder.len && folder.data[folder.len - 1] != '/';
    char *p = arena_alloc(a, folder.len + name.len + 2);
    memcpy(p, folder.data, folder.len);
    if (slash)
        p[folder.len] = '/';
    memcpy(p + folder.len + slash, name.data, name.len);
    p[folder.len + slash + name.len] = '\0';
    return str_make(p, folder.len + slash + name.len);
}

static bool hidden(struct str name)
{
    return name.len && (name.data[0] == '_' || name.data[0] == '.');
}

static struct err *add_folder(struct listing *l, struct str folder, int depth)
{
    struct source *s = l->s;
    struct lake_list list;
    if (depth > MAX_DEPTH)
        return err_new("54000", "folder \"%.*s\" is nested too deeply", STR_ARG(folder));
    TRY(lake_store_list(s->store, folder, STR(""), &s->arena, &list));
    for (size_t i = 0; i < list.count; i++) {
        struct lake_entry *entry = &list.entries[i];
        struct str path = join(&s->arena, folder, entry->name);
        if (hidden(entry->name))
            continue;
        if (entry->is_folder)
            TRY(add_folder(l, path, depth + 1));
        else if (str_ends_with(entry->name, STR(".parquet")))
            ARENA_PUSH(&s->arena, s->files, s->file_count, l->capacity, path);
    }
    return NULL;
}

static bool has_pattern(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (strchr("*?[", s.data[i]))
            return true;
    return false;
}

/* Follows `rest` of the pattern below `folder`. */
static struct err *add_matches(struct listing *l, struct str folder, struct str rest, int depth)
{
    struct source *s = l->s;
    struct lake_list list;
    size_t n = 0;
    if (depth > MAX_DEPTH)
        return err_new("54000", "pattern \"%.*s\" has too many parts", STR_ARG(s->path));
    while (n < rest.len && rest.data[n] != '/')
        n++;
    bool last = n == rest.len;
    struct str part = str_make(arena_strndup(&s->arena, rest.data, n), n);
    struct str more = last ? STR("") : str_make(rest.data + n + 1, rest.len - n - 1);
    if (!last && !has_pattern(part))
        return add_matches(l, part.len || folder.len ? join(&s->arena, folder, part) : STR("/"),
                           more, depth + 1);
    TRY(lake_store_list(s->store, folder.len || s->store->root[0] ? folder : STR("."), STR(""),
                        &s->arena, &list));
    for (size_t i = 0; i < list.count; i++) {
        struct lake_entry *entry = &list.entries[i];
        if (fnmatch(part.data, entry->name.data, FNM_PERIOD) != 0 || entry->is_folder == last)
            continue;
        struct str path = folder.len ? join(&s->arena, folder, entry->name) : entry->name;
        if (last)
            ARENA_PUSH(&s->arena, s->files, s->file_count, l->capacity, path);
        else
            TRY(add_matches(l, path, more, depth + 1));
    }
    return NULL;
}

static struct err *find_files(struct source *s)
{
    struct listing l = {.s = s};
    if (has_pattern(s->path)) {
        TRY(add_matches(&l, STR(""), s->path, 0));
    } else {
        TRY(add_folder(&l, s->path, 0));
        struct lake_list list;
        if (!s->file_count)
            TRY(lake_store_list(s->store, s->path, STR(""), &s->arena, &list));
        if (!s->file_count && !list.count)
            ARENA_PUSH(&s->arena, s->files, s->file_count, l.capacity, s->path);
    }
    if (!s->file_count)
        return err_new("58P01", "no Parquet file matches \"%.*s\"", STR_ARG(s->path));
    return NULL;
}

static struct err *open_parts(struct source *s, const struct source_spec *spec)
{
    TRY(lake_store_open(spec->uri, spec->access, &s->arena, &s->store, &s->path));
    switch (spec->kind) {
    case SOURCE_DELTA:
        TRY(delta_open(s->store, s->path, spec->at, &s->snapshot));
        s->schema = delta_schema(s->snapshot);
        return NULL;
    case SOURCE_CHANGES:
        TRY(delta_changes_open(s->store, s->path, spec->from_version, spec->to_version,
                               &s->changes));
        s->schema = delta_changes_schema(s->changes);
        return NULL;
    case SOURCE_PARQUET:
        break;
    }
    TRY(find_files(s));
    TRY(parquet_open(s->store, s->files[0], &s->first));
    s->schema = parquet_schema(s->first);
    return NULL;
}

struct err *source_open(const struct source_spec *spec, struct source **out)
{
    struct source *s = calloc(1, sizeof(*s));
    if (!s)
        return err_oom();
    arena_init(&s->arena);
    struct err *e = open_parts(s, spec);
    if (e) {
        source_close(s);
        return e;
    }
    *out = s;
    return NULL;
}

void source_close(struct source *s)
{
    if (!s)
        return;
    parquet_close(s->first);
    delta_changes_close(s->changes);
    delta_close(s->snapshot);
    lake_store_free(s->store);
    arena_done(&s->arena);
    free(s);
}

/* ---- scans ---- */

struct source_scan {
    struct source *source;
    struct source_scan_options want;
    struct delta_scan *delta;
    /* Files. */
    uint32_t next_file;
    struct parquet_file *file; /* NULL: source->first */
    struct parquet_scan *parquet;
    struct arena arena; /* of the current file */
    int *places;        /* of each column in the file's batches, -1: absent */
    struct lake_vec *vectors;
    struct lake_batch batch;
    struct lake_chosen chosen;   /* by columns of the current file */
    struct lake_skipped skipped; /* in the files before the current one */
    uint64_t bytes;              /* of the files opened */
};

struct err *source_scan_new(struct source *s, const struct source_scan_options *options,
                            struct source_scan **out)
{
    struct source_scan *scan = calloc(1, sizeof(*scan));
    if (!scan)
        return err_oom();
    scan->source = s;
    scan->want = *options;
    arena_init(&scan->arena);
    struct delta_scan_options of_table = {.columns = options->columns,
                                          .column_count = options->count,
                                          .presence = options->presence,
                                          .chooser = options->chooser};
    if (options->choice) {
        of_table.files = options->choice->files;
        of_table.file_count = options->choice->count;
    }
    struct err *e = NULL;
    if (s->snapshot)
        e = delta_scan_new(s->snapshot, &of_table, &scan->delta);
    else if (s->changes)
        e = delta_changes_select(s->changes, DELTA_ALL_CHANGED, options->columns, options->count);
    if (s->changes && options->chooser)
        delta_changes_choose(s->changes, options->chooser);
    if (e) {
        source_scan_free(scan);
        return e;
    }
    *out = scan;
    return NULL;
}

static void close_file(struct source_scan *scan)
{
    if (scan->parquet)
        parquet_scan_skipped(scan->parquet, &scan->skipped);
    parquet_scan_free(scan->parquet);
    scan->parquet = NULL;
    parquet_close(scan->file);
    scan->file = NULL;
}

void source_scan_free(struct source_scan *scan)
{
    if (!scan)
        return;
    delta_scan_free(scan->delta);
    close_file(scan);
    arena_done(&scan->arena);
    free(scan);
}

/* Finds the wanted columns in a file by name. */
static struct err *match_columns(struct source_scan *scan, const struct lake_type *schema,
                                 struct str path, uint32_t *columns, bool *presence, size_t *count)
{
    const struct lake_type *want = scan->source->schema;
    size_t n = 0;
    for (size_t i = 0; i < scan->want.count; i++) {
        const struct lake_field *field = &want->fields[scan->want.columns[i]];
        int at = schema == want ? (int)scan->want.columns[i] : lake_type_find(schema, field->name);
        scan->places[i] = at < 0 ? -1 : (int)n;
        if (at < 0)
            continue;
        if (!lake_type_equal(schema->fields[at].type, field->type))
            return err_new("42804", "column \"%.*s\" has another type in file \"%.*s\"",
                           STR_ARG(field->name), STR_ARG(path));
        presence[n] = scan->want.presence && scan->want.presence[i];
        columns[n++] = (uint32_t)at;
    }
    *count = n;
    return NULL;
}

/* The columns of the file that conditions are about; one of another type is found out by
 * match_columns, since conditions need their columns read. */
static const struct lake_chooser *choose_in_file(struct source_scan *scan,
                                                 const struct lake_type *schema)
{
    const struct lake_chooser *chooser = scan->want.chooser;
    const struct lake_type *want = scan->source->schema;
    if (!chooser || !chooser->column_count)
        return NULL;
    lake_chosen_init(&scan->chosen, chooser, &scan->arena);
    for (size_t i = 0; i < chooser->column_count; i++) {
        int at = lake_type_find(schema, want->fields[chooser->columns[i]].name);
        if (at >= 0)
            lake_chosen_add(&scan->chosen, i, (uint32_t)at);
    }
    return &scan->chosen.chooser;
}

void source_scan_skipping(const struct source_scan *scan, struct tf_skipping *out)
{
    struct lake_skipped s = scan->skipped;
    *out = (struct tf_skipping){.files = scan->next_file, .bytes = scan->bytes};
    if (scan->want.choice) {
        out->files = scan->want.choice->count;
        out->skipped_files = scan->want.choice->skipped;
        out->bytes = scan->want.choice->bytes;
        out->skipped_bytes = scan->want.choice->skipped_bytes;
    }
    if (scan->source->changes) {
        delta_changes_read(scan->source->changes, &out->files, &out->bytes);
        delta_changes_skipped(scan->source->changes, &out->skipped_files, &out->skipped_bytes, &s);
    }
    if (scan->parquet)
        parquet_scan_skipped(scan->parquet, &s);
    if (scan->delta)
        delta_scan_skipped(scan->delta, &s);
    out->row_groups = s.row_groups;
    out->skipped_row_groups = s.skipped_row_groups;
    out->pages = s.pages;
    out->skipped_pages = s.skipped_pages;
}

static struct err *open_file(struct source_scan *scan)
{
    struct source *s = scan->source;
    uint32_t number = scan->next_file++;
    struct parquet_file *file = s->first;
    if (number) {
        TRY(parquet_open(s->store, s->files[number], &scan->file));
        file = scan->file;
    }
    arena_reset(&scan->arena);
    scan->places = arena_new_array(&scan->arena, int, scan->want.count + 1);
    scan->vectors = arena_new_array(&scan->arena, struct lake_vec, scan->want.count + 1);
    uint32_t *columns = arena_new_array(&scan->arena, uint32_t, scan->want.count + 1);
    bool *presence = arena_new_array(&scan->arena, bool, scan->want.count + 1);
    struct parquet_scan_options options = {.columns = columns, .presence = presence};
    TRY(match_columns(scan, parquet_schema(file), s->files[number], columns, presence,
                      &options.column_count));
    options.chooser = choose_in_file(scan, parquet_schema(file));
    scan->bytes += (uint64_t)parquet_size_bytes(file);
    return parquet_scan_new(file, &options, &scan->parquet);
}

static struct err *next_of_files(struct source_scan *scan, const struct lake_batch **out)
{
    const struct lake_batch *batch = NULL;
    *out = NULL;
    while (!batch) {
        if (!scan->parquet) {
            if (scan->next_file == scan->source->file_count)
                return NULL;
            TRY(open_file(scan));
        }
        TRY(parquet_scan_next(scan->parquet, &batch));
        if (!batch)
            close_file(scan);
    }
    for (size_t i = 0; i < scan->want.count; i++) {
        if (scan->places[i] >= 0)
            scan->vectors[i] = batch->columns[scan->places[i]];
        else
            scan->vectors[i] = (struct lake_vec){.count = batch->row_count};
    }
    scan->batch = *batch;
    scan->batch.columns = scan->vectors;
    scan->batch.column_count = (uint32_t)scan->want.count;
    scan->batch.file_index = scan->next_file - 1;
    *out = &scan->batch;
    return NULL;
}

struct err *source_scan_next(struct source_scan *scan, const struct lake_batch **out)
{
    if (scan->source->changes)
        return delta_changes_next(scan->source->changes, INT64_MAX, out);
    return scan->delta ? delta_scan_next(scan->delta, out) : next_of_files(scan, out);
}

/* ---- on the pool ---- */

struct open_job {
    const struct source_spec *spec;
    struct source **out;
    struct err *e;
};

static void open_job(void *arg)
{
    struct open_job *job = arg;
    job->e = source_open(job->spec, job->out);
}

struct err *source_open_on_pool(const struct source_spec *spec, struct source **out)
{
    struct open_job job = {.spec = spec, .out = out};
    pool_run(open_job, &job);
    return job.e;
}

/* ---- access ---- */

bool source_is_local(struct str uri)
{
    if (str_starts_with(uri, STR("file:")))
        return true;
    for (size_t i = 0; i + 2 < uri.len; i++)
        if (memcmp(uri.data + i, "://", 3) == 0)
            return false;
    return true;
}

struct err *source_check_access(struct cat *cat, struct str uri)
{
    const struct role_rights *rights;
    if (!source_is_local(uri))
        return NULL;
    TRY(cat_rights(cat, &rights));
    if (rights_of(rights, ROLE_READ_SERVER_FILES))
        return NULL;
    return err_hint(err_new("42501", "permission denied to read files of the server"),
                    "Only superusers and members of pg_read_server_files may read local paths.");
}

struct err *source_absolute(struct str uri, struct arena *arena, const char **out)
{
    char cwd[2048];
    if (!source_is_local(uri) || str_starts_with(uri, STR("file:")) ||
        (uri.len && uri.data[0] == '/')) {
        *out = arena_strndup(arena, uri.data, uri.len);
        return NULL;
    }
    if (!getcwd(cwd, sizeof(cwd)))
        return err_errno(errno, "find the current folder");
    *out = arena_printf(arena, "%s/%.*s", cwd, STR_ARG(uri));
    return NULL;
}
