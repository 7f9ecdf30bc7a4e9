/* A session's values of settings and their undoing. Entries exist only for what was ever set, and
 * are never removed before the session's end, so that an undo record can name one by its position.
 */
#include "server/settings.h"

#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

static char *copy(const char *s)
{
    if (!s)
        return NULL;
    char *p = strdup(s);
    CHECK(p != NULL);
    return p;
}

static void *grow(void *items, int count, int *cap, size_t item_bytes)
{
    if (count < *cap)
        return items;
    *cap = *cap ? *cap * 2 : 4;
    void *p = realloc(items, (size_t)*cap * item_bytes);
    CHECK(p != NULL);
    return p;
}

void settings_done(struct settings *s)
{
    for (int i = 0; i < s->count; i++) {
        free(s->entries[i].name);
        free(s->entries[i].value);
        free(s->entries[i].session_value);
        free(s->entries[i].reset_value);
    }
    for (int i = 0; i < s->undo_count; i++) {
        free(s->undo[i].value);
        free(s->undo[i].session_value);
    }
    free(s->entries);
    free(s->undo);
    *s = (struct settings){0};
}

static int find(const struct settings *s, const struct setting_def *def)
{
    for (int i = 0; i < s->count; i++)
        if (s->entries[i].def == def)
            return i;
    return -1;
}

static int find_custom(const struct settings *s, struct str name)
{
    for (int i = 0; i < s->count; i++)
        if (!s->entries[i].def && strlen(s->entries[i].name) == name.len &&
            strncasecmp(s->entries[i].name, name.data, name.len) == 0)
            return i;
    return -1;
}

static int add(struct settings *s, const struct setting_def *def, struct str name)
{
    s->entries = grow(s->entries, s->count, &s->cap, sizeof(*s->entries));
    struct setting_entry e = {.def = def};
    if (!def) {
        e.name = strndup(name.data, name.len);
        CHECK(e.name != NULL);
    }
    s->entries[s->count] = e;
    return s->count++;
}

const char *settings_reset_value(const struct settings *s, const struct setting_def *def)
{
    int i = find(s, def);
    return i >= 0 && s->entries[i].reset_value ? s->entries[i].reset_value : server_setting(def);
}

const char *settings_value(const struct settings *s, const struct setting_def *def)
{
    int i = find(s, def);
    if (i < 0)
        return server_setting(def);
    const struct setting_entry *e = &s->entries[i];
    return e->value ? e->value : e->reset_value ? e->reset_value : server_setting(def);
}

const char *settings_custom(const struct settings *s, struct str name)
{
    int i = find_custom(s, name);
    if (i < 0)
        return NULL;
    const struct setting_entry *e = &s->entries[i];
    return e->value ? e->value : e->reset_value ? e->reset_value : "";
}

enum setting_source settings_source(const struct settings *s, const struct setting_def *def)
{
    int i = find(s, def);
    if (i >= 0 && s->entries[i].value)
        return SOURCE_SESSION;
    if (i >= 0 && s->entries[i].reset_value)
        return s->entries[i].reset_source;
    return server_setting_origin(def).source;
}

static void changed(struct settings *s, int i)
{
    if (s->entries[i].def && s->changed)
        s->changed(s->arg, s->entries[i].def);
}

static void set(struct settings *s, int i, const char *value, bool local)
{
    struct setting_entry *e = &s->entries[i];
    s->undo = grow(s->undo, s->undo_count, &s->undo_cap, sizeof(*s->undo));
    s->undo[s->undo_count++] = (struct setting_undo){i, e->value, copy(e->session_value)};
    e->value = copy(value);
    if (!local) {
        free(e->session_value);
        e->session_value = copy(value);
    }
    changed(s, i);
}

void settings_set(struct settings *s, const struct setting_def *def, const char *canonical,
                  bool local)
{
    int i = find(s, def);
    if (i < 0 && !canonical)
        return;
    set(s, i < 0 ? add(s, def, (struct str){0}) : i, canonical, local);
}

static bool custom_name_ok(struct str name)
{
    bool start = true;
    bool dot = false;
    for (size_t i = 0; i < name.len; i++) {
        unsigned char c = (unsigned char)name.data[i];
        if (start && !isalpha(c) && c != '_' && c < 128)
            return false;
        if (!start && c != '.' && !isalnum(c) && c != '_' && c != '$' && c < 128)
            return false;
        start = c == '.';
        dot |= start;
    }
    return dot && !start;
}

struct err *setting_check_custom_name(struct str name)
{
    if (custom_name_ok(name))
        return NULL;
    return err_detail(
        err_new("42602", "invalid configuration parameter name \"%.*s\"", STR_ARG(name)),
        "Custom parameter names must be two or more simple identifiers separated by dots.");
}

static struct err *custom_entry(struct settings *s, struct str name, int *out)
{
    *out = find_custom(s, name);
    if (*out >= 0)
        return NULL;
    TRY(setting_check_custom_name(name));
    *out = add(s, NULL, name);
    return NULL;
}

struct err *settings_set_custom(struct settings *s, struct str name, const char *value, bool local)
{
    int i;
    TRY(custom_entry(s, name, &i));
    set(s, i, value, local);
    return NULL;
}

static void set_reset_value(struct settings *s, int i, const char *value,
                            enum setting_source source)
{
    free(s->entries[i].reset_value);
    s->entries[i].reset_value = copy(value);
    s->entries[i].reset_source = source;
    changed(s, i);
}

void settings_set_startup(struct settings *s, const struct setting_def *def, const char *canonical,
                          enum setting_source source)
{
    int i = find(s, def);
    set_reset_value(s, i < 0 ? add(s, def, (struct str){0}) : i, canonical, source);
}

struct err *settings_set_custom_startup(struct settings *s, struct str name, const char *value,
                                        enum setting_source source)
{
    int i;
    TRY(custom_entry(s, name, &i));
    set_reset_value(s, i, value, source);
    return NULL;
}

void settings_reset_all(struct settings *s)
{
    for (int i = 0; i < s->count; i++)
        if (s->entries[i].value &&
            (!s->entries[i].def || !(s->entries[i].def->flags & SETTING_NO_RESET)))
            set(s, i, NULL, false);
}

int settings_mark(const struct settings *s)
{
    return s->undo_count;
}

void settings_rollback(struct settings *s, int mark)
{
    while (s->undo_count > mark) {
        struct setting_undo *u = &s->undo[--s->undo_count];
        struct setting_entry *e = &s->entries[u->entry];
        free(e->value);
        free(e->session_value);
        e->value = u->value;
        e->session_value = u->session_value;
        changed(s, u->entry);
    }
}

void settings_commit(struct settings *s)
{
    while (s->undo_count > 0) {
        struct setting_undo *u = &s->undo[--s->undo_count];
        struct setting_entry *e = &s->entries[u->entry];
        free(u->value);
        free(u->session_value);
        bool same = (!e->value && !e->session_value) ||
                    (e->value && e->session_value && strcmp(e->value, e->session_value) == 0);
        if (!same) {
            free(e->value);
            e->value = copy(e->session_value);
            changed(s, u->entry);
        }
    }
}
