/* Options of synced tables: their names and values, as JSON in tarn.sync_state, and taken apart. */
#include "sync/sync_internal.h"

#include "lake/json.h"
#include "lake/jsondoc.h"

#include <stdlib.h>
#include <strings.h>

enum kind { CHOICE, INTERVAL, COUNT, NAME };

static const struct option {
    const char *name;
    enum kind kind;
    const char *values; /* CHOICE: as hints list them */
} options[] = {
    {"on_null_key", CHOICE, "quarantine, fail"},
    {"on_duplicate_key", CHOICE, "fail, quarantine"},
    {"on_bad_value", CHOICE, "fail, quarantine, sanitize, null"},
    {"on_schema_change", CHOICE, "follow, fail"},
    {"on_gap", CHOICE, "resync, fail"},
    {"poll_interval", INTERVAL, NULL},
    {"batch_rows", COUNT, NULL},
    {"rate_limit_rows", COUNT, NULL},
    {"credential", NAME, NULL},
};

static bool listed(const char *list, const char *value)
{
    size_t len = strlen(value);
    for (const char *p = list; *p; p += strspn(p, ", ")) {
        size_t word = strcspn(p, ",");
        if (word == len && strncasecmp(p, value, len) == 0)
            return true;
        p += word;
    }
    return false;
}

static const struct option *find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LENGTH(options); i++)
        if (strcmp(options[i].name, name) == 0)
            return &options[i];
    return NULL;
}

static struct err *invalid(const struct own_option *o, const struct option *known)
{
    struct err *e = err_new("22023", "invalid value for option \"%s\": \"%s\"", o->name, o->value);
    if (known->kind == COUNT)
        return err_hint(e, "The value is a number of rows above 0.");
    if (known->kind == NAME)
        return err_hint(e, "The value is the name of a credential.");
    return err_hint(e, "Values are: %s", known->values);
}

static struct err *check(const struct own_option *o)
{
    const struct option *known = find(o->name);
    int64_t n;
    if (!known)
        return err_hint(err_new("22023", "unrecognized option \"%s\" of synced tables", o->name),
                        "Options are on_null_key, on_duplicate_key, on_bad_value, "
                        "on_schema_change, on_gap, credential, poll_interval, batch_rows and "
                        "rate_limit_rows.");
    bool valid = false;
    switch (known->kind) {
    case INTERVAL:
        return schedule_parse_interval(o->value, o->name, &n);
    case COUNT:
        valid = str_to_int64(str_from(o->value), &n) && n > 0;
        break;
    case CHOICE:
        valid = listed(known->values, o->value);
        break;
    case NAME:
        valid = *o->value != '\0';
        break;
    }
    return valid ? NULL : invalid(o, known);
}

static void put_member(struct buf *out, bool *any, struct str name, struct str value)
{
    buf_put_c(out, *any ? ", " : "");
    *any = true;
    lake_put_json_string(out, name);
    buf_put_c(out, ": ");
    lake_put_json_string(out, value);
}

struct err *options_merge(const char *old, const struct own_option *list, int n,
                          struct arena *arena, const char **out)
{
    const char *reason;
    size_t offset;
    const struct json_value *tree = json_parse(arena, str_from(old), &reason, &offset);
    struct buf text = BUF_INIT;
    bool any = false;
    for (int i = 0; i < n; i++) {
        TRY(check(&list[i]));
        for (int k = 0; k < i; k++)
            if (strcmp(list[i].name, list[k].name) == 0)
                return err_new("42601", "option \"%s\" is given twice", list[i].name);
    }
    buf_put_c(&text, "{");
    for (const struct json_value *v = tree ? tree->first : NULL; v; v = v->next) {
        bool replaced = false;
        for (int i = 0; i < n; i++)
            replaced |= str_eq_c(v->key, list[i].name);
        if (!replaced)
            put_member(&text, &any, v->key, v->text);
    }
    for (int i = 0; i < n; i++)
        put_member(&text, &any, str_from(list[i].name), str_from(list[i].value));
    buf_put_c(&text, "}");
    struct err *e = buf_finish(&text);
    if (!e)
        *out = arena_strdup(arena, buf_cstr(&text));
    buf_done(&text);
    return e;
}

static const char *text_member(const char *json, const char *name, struct arena *arena)
{
    const char *reason;
    size_t offset;
    struct str value;
    const struct json_value *tree = json_parse(arena, str_from(json), &reason, &offset);
    return json_get_str(tree, name, &value) ? arena_strndup(arena, value.data, value.len) : NULL;
}

const char *options_credential(const char *json, struct arena *arena)
{
    return text_member(json, "credential", arena);
}

const char *options_applied_policy(const char *columns, struct arena *arena)
{
    return text_member(columns, "policy", arena);
}

static const char *policy_text(const struct sync_options *o, struct arena *arena)
{
    static const char *const bad_values[] = {[BAD_FAIL] = "fail",
                                             [BAD_QUARANTINE] = "quarantine",
                                             [BAD_SANITIZE] = "sanitize",
                                             [BAD_NULL] = "null"};
    return arena_printf(arena, "null key %s, duplicate key %s, bad value %s",
                        o->quarantine_null ? "quarantine" : "fail",
                        o->quarantine_duplicate ? "quarantine" : "fail", bad_values[o->bad_value]);
}

static enum bad_value bad_value_of(struct str value)
{
    static const struct {
        const char *name;
        enum bad_value is;
    } all[] = {{"quarantine", BAD_QUARANTINE}, {"sanitize", BAD_SANITIZE}, {"null", BAD_NULL}};
    for (size_t i = 0; i < ARRAY_LENGTH(all); i++)
        if (value.len == strlen(all[i].name) &&
            strncasecmp(value.data, all[i].name, value.len) == 0)
            return all[i].is;
    return BAD_FAIL;
}

struct err *options_read(const char *json, struct arena *arena, struct sync_options *out)
{
    const char *reason;
    size_t offset;
    struct str value;
    const struct json_value *tree = json_parse(arena, str_from(json), &reason, &offset);
    *out = (struct sync_options){.quarantine_null = true,
                                 .resync = true,
                                 .follow = true,
                                 .poll_us = 1000000,
                                 .batch_rows = 100000};
    if (!tree)
        return err_new("XX001", "damaged options of a synced table: %s", reason);
    if (json_get_str(tree, "on_null_key", &value))
        out->quarantine_null = strncasecmp(value.data, "fail", 4) != 0;
    if (json_get_str(tree, "on_duplicate_key", &value))
        out->quarantine_duplicate = strncasecmp(value.data, "fail", 4) != 0;
    if (json_get_str(tree, "on_bad_value", &value))
        out->bad_value = bad_value_of(value);
    out->policy = policy_text(out, arena);
    if (json_get_str(tree, "on_gap", &value))
        out->resync = strncasecmp(value.data, "fail", 4) != 0;
    if (json_get_str(tree, "on_schema_change", &value))
        out->follow = strncasecmp(value.data, "fail", 4) != 0;
    if (json_get_str(tree, "rate_limit_rows", &value))
        (void)lake_parse_i64(value, &out->rate_limit_rows);
    if (json_get_str(tree, "batch_rows", &value) && lake_parse_i64(value, &out->batch_rows) &&
        out->batch_rows < 1)
        out->batch_rows = 1;
    if (json_get_str(tree, "poll_interval", &value))
        TRY(schedule_parse_interval(arena_strndup(arena, value.data, value.len), "poll_interval",
                                    &out->poll_us));
    return NULL;
}
