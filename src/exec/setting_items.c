/* See setting_items.h. */
#include "exec/setting_items.h"

#include "exec/session.h"
#include "types/array.h"

#include <string.h>
#include <strings.h>

static bool names_setting(struct str item, const char *name)
{
    size_t n = strlen(name);
    return item.len > n && item.data[n] == '=' && strncasecmp(item.data, name, n) == 0;
}

struct err *setting_items_change(struct arena *a, struct datum old, const char *name,
                                 const char *value, struct datum *out)
{
    struct array items = {0};
    struct array_items list = {0};
    bool placed = !value;
    struct datum item =
        value ? datum_str(str_from(arena_printf(a, "%s=%s", name, value))) : datum_null();
    if (!old.null)
        TRY(array_open(old, &items));
    for (uint32_t i = 0; i < items.nitems; i++) {
        struct datum d = array_get(&items, i);
        bool same = names_setting(datum_as_str(d), name);
        if (!same || value)
            TRY(array_items_add(&list, a, same ? item : d));
        placed |= same;
    }
    if (!placed)
        TRY(array_items_add(&list, a, item));
    return array_make_1d(type_by_oid(TEXT_OID), list.items, list.count, a, out);
}

/* ---- of functions ---- */

static struct err *current(struct session *s, struct str name, struct arena *a, const char **out)
{
    struct buf b = BUF_INIT;
    bool found = false;
    struct err *e = s->ops->setting_get(s, name, true, &b, &found);
    *out = !e && found ? arena_strdup(a, buf_cstr(&b)) : NULL;
    buf_done(&b);
    return e;
}

/* The name, and where the value begins. */
static struct str split(struct str item, const char **value)
{
    const char *equals = memchr(item.data, '=', item.len);
    size_t n = equals ? (size_t)(equals - item.data) : item.len;
    *value = item.data + n + (equals != NULL);
    return str_make(item.data, n);
}

struct err *settings_enter(struct session *s, const struct cat_proc *p, struct arena *a,
                           struct saved_settings *out)
{
    *out = (struct saved_settings){.proc = p};
    out->values = p->nconfig ? arena_new_array(a, const char *, p->nconfig) : NULL;
    for (int i = 0; i < p->nconfig; i++) {
        const char *value;
        struct str item = p->config[i];
        struct str name = split(item, &value);
        size_t len = item.len - (size_t)(value - item.data);
        TRY(current(s, name, a, &out->values[i]));
        TRY(s->ops->setting_set(s, name, arena_strndup(a, value, len), true));
        out->n++;
    }
    return NULL;
}

struct err *settings_restore(struct session *s, const struct saved_settings *saved)
{
    for (int i = saved->n - 1; i >= 0; i--) {
        const char *value;
        struct str name = split(saved->proc->config[i], &value);
        const char *was = saved->values[i] ? saved->values[i] : "";
        TRY(s->ops->setting_set(s, name, was, true));
    }
    return NULL;
}
