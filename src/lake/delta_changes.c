/* Rows that versions changed: see delta.h. A version at a time: its commit is read, what it did to
 * files becomes a list of parts (rows of a file, all changed in the same way), and the parts are
 * scanned one after another with the table's types as of the last version. */
#include "lake/choose.h"
#include "lake/delta_internal.h"

#include <stdlib.h>

enum change { CHANGE_DELETE, CHANGE_INSERT, CHANGE_FILE };
enum { EXTRA_TYPE, EXTRA_VERSION, EXTRA_TIMESTAMP, EXTRA_COUNT };

struct part {
    enum change change;
    struct delta_file file;
    struct delta_dv except, only;
    const struct delta_partition_pair *partition;
    uint32_t partition_count;
};

struct delta_changes {
    struct delta_snapshot *s; /* at the last version, without its files */
    struct lake_store *store;
    struct log_files files;
    bool lent; /* s is another's */
    int64_t from;
    int64_t to;
    int64_t version; /* the current one */
    int64_t commit_us;
    struct arena arena;
    struct lake_type schema;
    enum delta_changed which;
    uint32_t *columns; /* and one more behind: _change_type, where rows are chosen by it */
    uint32_t column_count;
    uint64_t files_read, bytes_read;
    uint64_t files_skipped, bytes_skipped;
    const struct lake_chooser *chooser; /* by columns of `schema`; NULL: none */
    struct lake_chosen chosen;          /* by those of the table */
    struct lake_skipped skipped;        /* in the files before the current one */

    struct arena version_arena;
    struct buf text; /* of the commit, which actions point into */
    struct part *parts;
    size_t part_count, part_capacity, next_part;
    uint64_t part_bytes, bytes_before; /* of all parts; of those before the current one */
    int64_t position;                  /* in the current part: behind the batch */

    struct arena part_arena;
    enum change change;
    struct delta_scan *scan;
    uint32_t
        *places; /* of each column in the scan's batches; columns without a place are constant */
    struct lake_vec *vectors;
    struct lake_vec *constants;
    struct arena batch_arena;
    struct lake_batch batch;
};

/* ---- Opening ---- */

static void make_schema(struct delta_changes *c)
{
    static const char *const names[EXTRA_COUNT] = {"_change_type", "_commit_version",
                                                   "_commit_timestamp"};
    static const enum lake_kind kinds[EXTRA_COUNT] = {LAKE_STRING, LAKE_LONG, LAKE_TIMESTAMP};
    const struct lake_type *table = c->s->schema;
    struct lake_field *fields =
        arena_new_array(&c->arena, struct lake_field, table->field_count + EXTRA_COUNT);
    memcpy(fields, table->fields, table->field_count * sizeof(*fields));
    for (int i = 0; i < EXTRA_COUNT; i++)
        fields[table->field_count + (uint32_t)i] =
            (struct lake_field){.name = str_from(names[i]),
                                .physical_name = str_from(names[i]),
                                .type = lake_type_simple(kinds[i]),
                                .field_id = -1};
    c->schema = *table;
    c->schema.fields = fields;
    c->schema.field_count += EXTRA_COUNT;
}

static struct err *check_range(struct delta_changes *c, int64_t from)
{
    if (from < 0 || from > c->to)
        return err_new("22023",
                       "versions %lld to %lld of Delta table \"%.*s\" are no range: it has "
                       "versions up to %lld",
                       (long long)from, (long long)c->to, STR_ARG(c->s->path),
                       (long long)c->s->version);
    TRY(delta_list_log(c->s, from, &c->files));
    for (int64_t v = from; v <= c->to; v++) {
        if (delta_find_commit(&c->files, v))
            continue;
        return err_new("22023",
                       "changes of Delta table \"%.*s\" from version %lld on cannot be read: "
                       "commit %lld is not in its log any more",
                       STR_ARG(c->s->path), (long long)from, (long long)v);
    }
    return NULL;
}

/* The snapshot at the last version. */
static struct err *open_at(struct delta_changes *c, struct str path, int64_t from, int64_t to)
{
    struct delta_at at = {.when = DELTA_NEWEST, .schema_only = true};
    TRY(delta_open(c->store, path, at, &c->s));
    c->to = to < 0 ? c->s->version : to;
    if (c->to < c->s->version && from <= c->to) {
        delta_close(c->s);
        c->s = NULL;
        at = (struct delta_at){.when = DELTA_VERSION, .version = c->to, .schema_only = true};
        TRY(delta_open(c->store, path, at, &c->s));
    } else if (c->to > c->s->version) {
        return err_new("22023", "Delta table \"%.*s\" has no version %lld: the newest is %lld",
                       STR_ARG(path), (long long)c->to, (long long)c->s->version);
    }
    return NULL;
}

static struct delta_changes *new_reader(struct lake_store *store)
{
    struct delta_changes *c = calloc(1, sizeof(*c));
    if (!c)
        return NULL;
    arena_init(&c->arena);
    arena_init(&c->version_arena);
    arena_init(&c->part_arena);
    arena_init(&c->batch_arena);
    c->text = BUF_INIT;
    c->store = store;
    return c;
}

/* Where reading begins. Takes over the reader and the error. */
static struct err *start_at(struct delta_changes *c, int64_t from, struct err *e,
                            struct delta_changes **out)
{
    if (!e && !c->files.commits)
        e = check_range(c, from);
    if (e) {
        delta_changes_close(c);
        return e;
    }
    c->version = from - 1;
    c->from = from;
    make_schema(c);
    *out = c;
    return NULL;
}

struct err *delta_changes_open(struct lake_store *store, struct str path, int64_t from, int64_t to,
                               struct delta_changes **out)
{
    struct delta_changes *c = new_reader(store);
    if (!c)
        return err_oom();
    return start_at(c, from, open_at(c, path, from, to), out);
}

struct err *delta_changes_of(struct lake_store *store, struct delta_snapshot *s, int64_t from,
                             struct delta_changes **out)
{
    struct delta_changes *c = new_reader(store);
    if (!c)
        return err_oom();
    c->s = s;
    c->lent = true;
    c->to = s->version;
    return start_at(c, from, NULL, out);
}

struct err *delta_changes_again(const struct delta_changes *first, struct delta_changes **out)
{
    struct delta_changes *c = new_reader(first->store);
    if (!c)
        return err_oom();
    c->s = first->s;
    c->lent = true;
    c->to = first->to;
    c->files = first->files;
    return start_at(c, first->from, NULL, out);
}

void delta_changes_close(struct delta_changes *c)
{
    if (!c)
        return;
    delta_scan_free(c->scan);
    if (!c->lent)
        delta_close(c->s);
    buf_done(&c->text);
    arena_done(&c->batch_arena);
    arena_done(&c->part_arena);
    arena_done(&c->version_arena);
    arena_done(&c->arena);
    free(c);
}

const struct lake_type *delta_changes_schema(const struct delta_changes *c)
{
    return &c->schema;
}

int64_t delta_changes_commit_us(const struct delta_changes *c)
{
    return c->commit_us;
}

void delta_changes_read(const struct delta_changes *c, uint64_t *files, uint64_t *bytes)
{
    *files = c->files_read;
    *bytes = c->bytes_read;
}

void delta_changes_skipped(const struct delta_changes *c, uint64_t *files, uint64_t *bytes,
                           struct lake_skipped *out)
{
    *files = c->files_skipped;
    *bytes = c->bytes_skipped;
    *out = c->skipped;
    if (c->scan)
        delta_scan_skipped(c->scan, out);
}

static uint64_t size_of(const struct part *part)
{
    return part->file.size_bytes > 0 ? (uint64_t)part->file.size_bytes : 1;
}

double delta_changes_share(const struct delta_changes *c)
{
    if (c->version < c->from)
        return 0;
    double bytes = (double)c->bytes_before;
    int64_t rows = c->scan ? delta_scan_file_rows(c->scan) : 0;
    if (rows > 0)
        bytes += (double)size_of(&c->parts[c->next_part - 1]) * (double)c->position / (double)rows;
    bool all = !c->scan && c->next_part == c->part_count;
    double version = all ? 1 : bytes / (double)c->part_bytes;
    return ((double)(c->version - c->from) + version) / (double)(c->to - c->from + 1);
}

struct err *delta_changes_select(struct delta_changes *c, enum delta_changed which,
                                 const uint32_t *columns, size_t count)
{
    c->which = which;
    c->columns = arena_new_array(&c->arena, uint32_t, count + 1);
    if (count)
        memcpy(c->columns, columns, count * sizeof(*columns));
    c->columns[count] = c->schema.field_count - EXTRA_COUNT + EXTRA_TYPE;
    c->column_count = (uint32_t)count;
    c->places = arena_new_array(&c->arena, uint32_t, count + 1);
    c->vectors = arena_new_array(&c->arena, struct lake_vec, count + 1);
    c->constants = arena_new_array(&c->arena, struct lake_vec, count + 1);
    return NULL;
}

void delta_changes_choose(struct delta_changes *c, const struct lake_chooser *chooser)
{
    c->chooser = chooser;
    lake_chosen_init(&c->chosen, chooser, &c->arena);
    for (size_t i = 0; i < chooser->column_count; i++)
        if (chooser->columns[i] < c->schema.field_count - EXTRA_COUNT)
            lake_chosen_add(&c->chosen, i, chooser->columns[i]);
}

/* ---- A version's parts ---- */

static void copy_partition(struct delta_changes *c, const struct delta_snapshot *from,
                           const struct delta_file *file, struct part *part)
{
    struct arena *arena = &c->version_arena;
    struct delta_partition_pair *pairs =
        arena_new_array(arena, struct delta_partition_pair, (size_t)from->partition_count + 1);
    for (uint32_t i = 0; i < from->partition_count; i++) {
        struct str name = from->schema->fields[from->partition_columns[i]].physical_name;
        pairs[i].key = arena_str(arena, name);
        pairs[i].value = arena_str(arena, file->partition_values[i].text);
        pairs[i].is_null = file->partition_values[i].is_null;
    }
    part->partition = pairs;
    part->partition_count = from->partition_count;
}

/* Removes of old writers do not say where in the table the file was: the state before does. */
static struct err *recall_partition(struct delta_changes *c, struct part *part)
{
    struct delta_snapshot *before;
    struct delta_at at = {.when = DELTA_VERSION, .version = c->version - 1};
    TRY(delta_open(c->store, c->s->path, at, &before));
    const struct delta_file *found = NULL;
    for (uint32_t i = 0; !found && i < before->file_count; i++)
        if (str_eq(before->files[i]->place, part->file.place) &&
            before->files[i]->elsewhere == part->file.elsewhere)
            found = before->files[i];
    if (found)
        copy_partition(c, before, found, part);
    delta_close(before);
    if (!found)
        return delta_damaged(c->s, "version %lld removes file %.*s, which the table did not have",
                             (long long)c->version, STR_ARG(part->file.path));
    return NULL;
}

static struct err *make_part(struct delta_changes *c, const struct delta_file_action *a,
                             enum change change, struct part *out)
{
    *out = (struct part){
        .change = change, .partition = a->partition, .partition_count = a->partition_count};
    out->file = (struct delta_file){
        .size_bytes = a->size_bytes, .modified_ms = a->modified_ms, .row_count = a->row_count};
    TRY(delta_file_place(c->s, a->path, &c->version_arena, &out->file));
    if (a->kind != DELTA_REMOVE || a->has_partition || !c->s->partition_count)
        return NULL;
    return recall_partition(c, out);
}

static struct err *push_part(struct delta_changes *c, const struct delta_file_action *a,
                             enum change change, struct delta_dv only, struct delta_dv except)
{
    struct part part;
    if ((change == CHANGE_INSERT && c->which == DELTA_DELETED) ||
        (change == CHANGE_DELETE && c->which == DELTA_INSERTED))
        return NULL;
    TRY(make_part(c, a, change, &part));
    part.only = only;
    part.except = except;
    ARENA_PUSH(&c->version_arena, c->parts, c->part_count, c->part_capacity, part);
    return NULL;
}

static int action_cmp(const void *a, const void *b)
{
    const struct delta_file_action *x = a, *y = b;
    int order = str_cmp(x->path, y->path);
    return order ? order : (int)x->kind - (int)y->kind;
}

/* The same file with other deleted rows: what only one of the vectors has. */
static struct err *push_difference(struct delta_changes *c, const struct delta_file_action *add,
                                   const struct delta_file_action *remove)
{
    struct str old = delta_dv_identity(&remove->dv, &c->version_arena);
    struct str new = delta_dv_identity(&add->dv, &c->version_arena);
    if (str_eq(old, new))
        return NULL;
    if (add->dv.storage)
        TRY(push_part(c, add, CHANGE_DELETE, add->dv, remove->dv));
    if (remove->dv.storage)
        TRY(push_part(c, add, CHANGE_INSERT, remove->dv, add->dv));
    return NULL;
}

/* Files added and removed, sorted: a file that is both stands in a row, its add first. */
static struct err *push_files(struct delta_changes *c, struct delta_actions *actions)
{
    static const struct delta_dv none;
    if (actions->count)
        qsort(actions->items, actions->count, sizeof(*actions->items), action_cmp);
    for (size_t i = 0; i < actions->count; i++) {
        const struct delta_file_action *a = &actions->items[i];
        const struct delta_file_action *next = i + 1 < actions->count ? a + 1 : NULL;
        if (!a->data_change)
            continue;
        if (a->kind == DELTA_ADD && next && next->kind == DELTA_REMOVE && next->data_change &&
            str_eq(a->path, next->path)) {
            TRY(push_difference(c, a, next));
            i++;
        } else {
            TRY(push_part(c, a, a->kind == DELTA_ADD ? CHANGE_INSERT : CHANGE_DELETE, none, a->dv));
        }
    }
    return NULL;
}

static struct err *push_change_files(struct delta_changes *c, const struct delta_actions *actions,
                                     bool *any)
{
    static const struct delta_dv none;
    *any = false;
    for (size_t i = 0; i < actions->count; i++) {
        if (actions->items[i].kind != DELTA_CDC)
            continue;
        TRY(push_part(c, &actions->items[i], CHANGE_FILE, none, none));
        *any = true;
    }
    return NULL;
}

/* Deletes come first; of added files the later one last, as in the table. */
static int part_cmp(const void *a, const void *b)
{
    const struct part *x = a, *y = b;
    if (x->change != y->change)
        return x->change < y->change ? -1 : 1;
    if (x->file.modified_ms != y->file.modified_ms)
        return x->file.modified_ms < y->file.modified_ms ? -1 : 1;
    return str_cmp(x->file.path, y->file.path);
}

/* *other_columns: it gives the table others than the last one has. */
static struct err *next_version(struct delta_changes *c, bool *other_columns)
{
    struct delta_actions actions;
    bool any;
    c->version++;
    arena_reset(&c->version_arena);
    buf_reset(&c->text);
    c->parts = NULL;
    c->part_count = c->part_capacity = c->next_part = 0;
    const struct log_commit *commit = delta_find_commit(&c->files, c->version);
    TRY(delta_read_log_file(c->s, commit->name, &c->text));
    c->commit_us = delta_commit_time_us(commit, buf_str(&c->text));
    TRY(delta_commit_actions(c->s, commit->name, buf_str(&c->text), &c->version_arena, &actions));
    *other_columns =
        actions.schema_string.data && !str_eq(actions.schema_string, c->s->schema_string);
    TRY(push_change_files(c, &actions, &any));
    if (!any) {
        TRY(push_files(c, &actions));
        if (c->part_count)
            qsort(c->parts, c->part_count, sizeof(*c->parts), part_cmp);
    }
    c->part_bytes = c->bytes_before = 0;
    for (size_t i = 0; i < c->part_count; i++)
        c->part_bytes += size_of(&c->parts[i]);
    return NULL;
}

/* ---- Rows ---- */

/* `rows` times the value that column `extra` has in all rows of the part. */
static struct err *constant(struct delta_changes *c, int extra, uint32_t rows, struct lake_vec *out)
{
    *out = (struct lake_vec){.count = rows};
    out->type = c->schema.fields[c->schema.field_count - EXTRA_COUNT + (uint32_t)extra].type;
    out->phys = lake_type_phys(out->type);
    void *data = lake_batch_alloc(&c->part_arena, lake_phys_size(out->phys) * rows);
    if (!data)
        return err_oom();
    out->data = data;
    for (uint32_t i = 0; i < rows; i++) {
        if (extra == EXTRA_TYPE)
            ((struct str *)data)[i] = c->change == CHANGE_INSERT ? STR("insert") : STR("delete");
        else
            ((int64_t *)data)[i] = extra == EXTRA_VERSION ? c->version : c->commit_us;
    }
    return NULL;
}

/* What all rows of the part have in a column, a value or NULL; *known false: nothing. */
static struct err *value_of_all(struct delta_changes *c, const struct part *part, uint32_t column,
                                struct lake_vec *out, bool *known, bool *null)
{
    const uint32_t table_columns = c->schema.field_count - EXTRA_COUNT;
    const struct lake_field *field = &c->schema.fields[column];
    *known = *null = false;
    if (column >= table_columns) {
        *known = column > table_columns || part->change != CHANGE_FILE;
        return *known ? constant(c, (int)(column - table_columns), 1, out) : NULL;
    }
    for (uint32_t i = 0; i < part->partition_count; i++) {
        const struct delta_partition_pair *pair = &part->partition[i];
        if (!str_eq(pair->key, field->physical_name))
            continue;
        struct delta_partition_value value = {.text = pair->value,
                                              .is_null = pair->is_null || !pair->value.len};
        TRY(delta_partition_vec(c->s, field->type, field->name, &value, 1, &c->part_arena, out));
        *known = true;
        *null = value.is_null;
        return NULL;
    }
    return NULL;
}

/* Whether rows of the part may be wanted, by what all of them have. A value that cannot be read is
 * left to the scan to tell of. */
static bool part_may(struct delta_changes *c, const struct part *part)
{
    for (size_t i = 0; c->chooser && i < c->chooser->column_count; i++) {
        struct lake_vec vec;
        bool known, null;
        struct err *e = value_of_all(c, part, c->chooser->columns[i], &vec, &known, &null);
        bool told = !e && known;
        err_free(e);
        struct lake_summary s = {.row_count = 1, .null_count = null};
        if (told && !null)
            s.least = s.greatest = &vec;
        if (told && !c->chooser->may(c->chooser->arg, i, &s))
            return false;
    }
    return true;
}

static bool chosen_by_type(const struct delta_changes *c)
{
    return c->change == CHANGE_FILE && c->which != DELTA_ALL_CHANGED;
}

/* The part's own columns; the others are constant, filled in when a batch is there. Without a scan
 * when no row of it is wanted. */
static struct err *next_part(struct delta_changes *c)
{
    const struct part *part = &c->parts[c->next_part++];
    c->change = part->change;
    arena_reset(&c->part_arena);
    if (!part_may(c, part)) {
        c->files_skipped++;
        c->bytes_skipped += part->file.size_bytes > 0 ? (uint64_t)part->file.size_bytes : 0;
        c->bytes_before += size_of(part);
        return NULL;
    }
    const uint32_t table_columns = c->schema.field_count - EXTRA_COUNT;
    struct delta_piece piece = {.file = &part->file,
                                .except = part->except,
                                .only = part->only,
                                .from_log = true,
                                .partition = part->partition,
                                .partition_count = part->partition_count};
    struct delta_scan_options options = {.chooser = c->chooser ? &c->chosen.chooser : NULL};
    uint32_t *columns = arena_new_array(&c->part_arena, uint32_t, (size_t)c->column_count + 1);
    c->files_read++;
    c->position = 0;
    c->bytes_read += part->file.size_bytes > 0 ? (uint64_t)part->file.size_bytes : 0;
    /* Once more behind the columns asked for, so that rows can be chosen by it. */
    uint32_t count = c->column_count + (chosen_by_type(c) ? 1 : 0);
    uint32_t type_place = UINT32_MAX;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = c->columns[i];
        bool is_type = at == table_columns;
        c->constants[i] = (struct lake_vec){0};
        c->places[i] = UINT32_MAX;
        if (at >= table_columns + (part->change == CHANGE_FILE ? 1 : 0))
            continue;
        if (is_type && type_place != UINT32_MAX) {
            c->places[i] = type_place;
            continue;
        }
        c->places[i] = (uint32_t)options.column_count;
        if (is_type)
            type_place = c->places[i];
        columns[options.column_count++] = at;
    }
    options.columns = columns;
    return delta_scan_pieces(c->s, &c->schema, &options, &piece, 1, &c->scan);
}

static bool is_wanted_type(const struct delta_changes *c, struct str type)
{
    if (c->which == DELTA_DELETED)
        return str_eq(type, STR("delete")) || str_eq(type, STR("update_preimage"));
    return str_eq(type, STR("insert")) || str_eq(type, STR("update_postimage"));
}

/* Leaves the rows of the wanted types. */
static struct err *choose_rows(struct delta_changes *c)
{
    const struct lake_vec *types = &c->batch.columns[c->column_count];
    uint32_t *rows = arena_try_alloc(&c->batch_arena, c->batch.row_count * sizeof(*rows) + 1);
    uint32_t n = 0;
    if (!rows)
        return err_oom();
    for (uint32_t i = 0; i < c->batch.row_count; i++)
        if (!lake_vec_is_null(types, i) && is_wanted_type(c, types->bytes[i]))
            rows[n++] = i;
    for (uint32_t i = 0; i < c->column_count; i++) {
        struct lake_vec selected;
        TRY(lake_vec_select(&c->batch_arena, &c->vectors[i], rows, n, &selected));
        c->vectors[i] = selected;
    }
    c->batch.row_count = n;
    return NULL;
}

static struct err *fill_batch(struct delta_changes *c, const struct lake_batch *in)
{
    const uint32_t table_columns = c->schema.field_count - EXTRA_COUNT;
    uint32_t count = c->column_count + (chosen_by_type(c) ? 1 : 0);
    arena_reset(&c->batch_arena);
    for (uint32_t i = 0; i < count; i++) {
        if (c->places[i] != UINT32_MAX) {
            c->vectors[i] = in->columns[c->places[i]];
            continue;
        }
        if (c->constants[i].count < in->row_count)
            TRY(constant(c, (int)(c->columns[i] - table_columns), in->row_count, &c->constants[i]));
        c->vectors[i] = c->constants[i];
        c->vectors[i].count = in->row_count;
    }
    c->batch = *in;
    c->batch.columns = c->vectors;
    c->batch.column_count = c->column_count;
    return chosen_by_type(c) ? choose_rows(c) : NULL;
}

struct err *delta_changes_next(struct delta_changes *c, int64_t upto, const struct lake_batch **out)
{
    bool other_columns;
    *out = NULL;
    for (;;) {
        const struct lake_batch *batch;
        if (c->scan) {
            TRY(delta_scan_next(c->scan, &batch));
            if (batch) {
                if (batch->row_count)
                    c->position = lake_batch_position(batch, batch->row_count - 1) + 1;
                TRY(fill_batch(c, batch));
                if (!c->batch.row_count)
                    continue;
                *out = &c->batch;
                return NULL;
            }
            delta_scan_skipped(c->scan, &c->skipped);
            delta_scan_free(c->scan);
            c->scan = NULL;
            c->bytes_before += size_of(&c->parts[c->next_part - 1]);
        }
        if (c->next_part < c->part_count)
            TRY(next_part(c));
        else if (c->version < c->to && c->version < upto)
            TRY(next_version(c, &other_columns));
        else
            return NULL;
    }
}

struct err *delta_changes_begin(struct delta_changes *c, int64_t version, bool *other_columns)
{
    CHECK(!c->scan && c->next_part == c->part_count && version == c->version + 1);
    return next_version(c, other_columns);
}

struct str delta_changes_file(const struct delta_changes *c)
{
    return c->next_part ? c->parts[c->next_part - 1].file.path : STR("");
}
