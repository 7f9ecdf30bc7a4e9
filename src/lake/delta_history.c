/* What commits say of themselves: the commitInfo of each, newest first. Its members are conventions
 * of the writers, not part of the protocol: any may be missing or of an unexpected kind. */
#include "lake/delta_internal.h"

#include <stdlib.h>

struct delta_history {
    struct delta_snapshot *s;
    struct log_files files;
    size_t left;
    struct arena arena; /* of the current commit */
    struct buf text;
    struct delta_commit commit;
};

struct err *delta_history_open(struct lake_store *store, struct str path,
                               struct delta_history **out)
{
    struct delta_history *h = calloc(1, sizeof(*h));
    if (!h)
        return err_oom();
    arena_init(&h->arena);
    h->text = BUF_INIT;
    struct err *e = delta_new(store, path, &h->s);
    if (!e)
        e = delta_list_log(h->s, 0, &h->files);
    if (!e && !h->files.commit_count && !h->files.checkpoint_count)
        e = err_new("58P01", "\"%.*s\" is not a Delta table: its log has no commits",
                    STR_ARG(path));
    if (e) {
        delta_history_close(h);
        return e;
    }
    h->left = h->files.commit_count;
    *out = h;
    return NULL;
}

void delta_history_close(struct delta_history *h)
{
    if (!h)
        return;
    delta_close(h->s);
    buf_done(&h->text);
    arena_done(&h->arena);
    free(h);
}

/* The first line that has a commitInfo, which is the first of all where a writer follows the
 * protocol. */
static const struct json_value *find_info(struct delta_history *h, struct str text)
{
    while (text.len) {
        const char *nl = memchr(text.data, '\n', text.len);
        struct str line = str_make(text.data, nl ? (size_t)(nl - text.data) : text.len);
        const char *reason;
        size_t offset;
        text.data += line.len + (nl != NULL);
        text.len -= line.len + (nl != NULL);
        if (!memmem(line.data, line.len, "\"commitInfo\"", 12))
            continue;
        const struct json_value *v = json_parse(&h->arena, line, &reason, &offset);
        const struct json_value *info = json_get_set(v, "commitInfo");
        if (info && info->kind == JSON_OBJECT)
            return info;
    }
    return NULL;
}

static struct str text_of(const struct json_value *info, const char *key)
{
    const struct json_value *v = json_get_set(info, key);
    return v ? v->text : (struct str){0};
}

static struct str object_of(const struct json_value *info, const char *key)
{
    const struct json_value *v = json_get_set(info, key);
    return v && v->kind == JSON_OBJECT ? v->text : (struct str){0};
}

struct err *delta_history_next(struct delta_history *h, const struct delta_commit **out)
{
    *out = NULL;
    if (!h->left)
        return NULL;
    const struct log_commit *commit = &h->files.commits[--h->left];
    arena_reset(&h->arena);
    buf_reset(&h->text);
    TRY(delta_read_log_file(h->s, commit->name, &h->text));
    const struct json_value *info = find_info(h, buf_str(&h->text));
    struct delta_commit *c = &h->commit;
    bool blind;
    *c = (struct delta_commit){.version = commit->version, .read_version = -1};
    c->timestamp_us = delta_commit_time_us(commit, buf_str(&h->text));
    c->is_blind_append = json_get_bool(info, "isBlindAppend", &blind) ? blind : -1;
    json_get_i64(info, "readVersion", &c->read_version);
    c->user_id = text_of(info, "userId");
    c->user_name = text_of(info, "userName");
    c->operation = text_of(info, "operation");
    c->parameters = object_of(info, "operationParameters");
    c->metrics = object_of(info, "operationMetrics");
    c->isolation_level = text_of(info, "isolationLevel");
    c->user_metadata = text_of(info, "userMetadata");
    c->engine_info = text_of(info, "engineInfo");
    *out = c;
    return NULL;
}
