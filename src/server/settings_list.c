/* The settings as rows: SHOW ALL, and what pg_settings reads. */
#include "server/server_internal.h"

#include <stdlib.h>

static bool is_shown(struct backend *b, const struct setting_def *def)
{
    if (def->flags & SETTING_HIDDEN)
        return false;
    struct err *e = setting_may_show(b, def);
    err_free(e);
    return e == NULL;
}

/* Names, origins and texts stay as long as the process; the rest until visit returns. */
static void visit_one(struct backend *b, const struct setting_def *def,
                      void (*visit)(void *arg, const struct setting_info *info), void *arg)
{
    struct buf text = BUF_INIT;
    const char *reset = settings_reset_value(&b->settings, def);
    enum setting_source source = settings_source(&b->settings, def);
    struct setting_origin origin = server_setting_origin(def);
    bool from_file = source == SOURCE_FILE;
    backend_setting_text(b, def, false, &text);
    if (def->context == SETTING_INTERNAL && source == SOURCE_DEFAULT)
        reset = buf_cstr(&text);
    struct setting_info info = {
        .name = def->name,
        .setting = buf_cstr(&text),
        .unit = def->unit,
        .category = def->category,
        .description = def->description,
        .extra = def->extra,
        .context = setting_context_name(def->context),
        .type = setting_type_name(def->type),
        .source = setting_source_name(source),
        .min = def->min_text,
        .max = def->max_text,
        .values = def->values,
        .boot = def->boot,
        .reset = reset,
        .file = from_file ? origin.file : NULL,
        .line = from_file ? origin.line : 0,
        .pending_restart = origin.pending_restart,
    };
    visit(arg, &info);
    buf_done(&text);
}

void settings_each(struct session *s, void (*visit)(void *arg, const struct setting_info *info),
                   void *arg)
{
    for (int i = 0; i < setting_table_count; i++)
        if (is_shown(backend_of(s), &setting_table[i]))
            visit_one(backend_of(s), &setting_table[i], visit, arg);
}

void show_all(struct backend *b, struct run *r)
{
    static const char *const names[] = {"name", "setting", "description"};
    struct buf text = BUF_INIT;
    if (r->describe)
        put_text_description(b, names, 3, TEXT_OID, r->formats, r->nformats);
    for (int i = 0; i < setting_table_count; i++) {
        const struct setting_def *def = &setting_table[i];
        if (!is_shown(b, def))
            continue;
        buf_reset(&text);
        backend_setting_text(b, def, true, &text);
        const char *row[] = {def->name, buf_cstr(&text), def->description};
        put_text_row(b, row, 3);
    }
    buf_done(&text);
}
