/* What the server's files are made for, and where its checkpoint and log stand: pg_control_system
 * and its like (manual section 9.27), which PostgreSQL reads from its control file. What has no
 * like here is NULL. */
#include "exec/exec_internal.h"
#include "exec/fn_session.h"

#include "catalog/large_object.h"
#include "exec/session.h"
#include "storage/store.h"

#include <string.h>

/* The only one: there is no recovery to a point in time that would begin another. */
#define TIMELINE "1"

/* A setting that is looked for, and its value without its unit. */
struct wanted {
    const char *name;
    const char *value;
    struct arena *arena;
};

static void find_setting(void *arg, const struct setting_info *info)
{
    struct wanted *w = arg;
    if (strcmp(info->name, w->name) == 0)
        w->value = arena_strdup(w->arena, info->setting);
}

static const char *setting(struct fn_call *c, const char *name)
{
    struct wanted w = {name, NULL, c->arena};
    c->session->ops->each_setting(c->session, find_setting, &w);
    return w.value;
}

static struct err *control_checkpoint(struct fn_call *c, struct datum *out)
{
    struct store_stats s;
    struct datum file;
    TRY(need_session(c));
    struct txn_mgr *mgr = txn_manager(c->session->cat.txn);
    txn_mgr_stats(mgr, &s);
    uint64_t redo = s.tail_lsn - s.wal_bytes;
    uint64_t xid = txn_next_xid(mgr);
    TRY(fn_wal_file(c, redo, &file));
    const char *name = file.null ? NULL : arena_strndup(c->arena, (const char *)file.p, file.len);
    const char *place = arena_printf(c->arena, "%X/%X", (unsigned)(redo >> 32), (unsigned)redo);
    const char *const texts[] = {
        place,
        place,
        name,
        TIMELINE,
        TIMELINE,
        "f",
        arena_printf(c->arena, "%u:%u", (unsigned)(xid >> 32), (unsigned)xid),
        NULL, /* next_oid */
        NULL, /* multixacts */
        NULL,
        NULL, /* transactions never wrap around */
        NULL,
        NULL,
        NULL,
        NULL,
        NULL,
        NULL,
        NULL};
    return fn_record_of_texts(c, texts, out);
}

/* Of a server that is not in recovery. */
static struct err *control_recovery(struct fn_call *c, struct datum *out)
{
    static const char *const texts[] = {"0/0", "0", "0/0", "0/0", "f"};
    return fn_record_of_texts(c, texts, out);
}

static struct err *control_init(struct fn_call *c, struct datum *out)
{
    TRY(need_session(c));
    const char *const texts[] = {"8",
                                 setting(c, "block_size"),
                                 NULL, /* all tables are in one file */
                                 setting(c, "wal_block_size"),
                                 setting(c, "wal_segment_size"),
                                 "64", /* with the byte behind it */
                                 setting(c, "max_index_keys"),
                                 NULL, /* rows are kept whole */
                                 arena_printf(c->arena, "%d", LARGE_OBJECT_PAGE_BYTES),
                                 "t",
                                 "0"};
    return fn_record_of_texts(c, texts, out);
}

static const struct {
    const char *src;
    fn_impl fn;
} table[] = {
    {"pg_control_checkpoint", control_checkpoint},
    {"pg_control_recovery", control_recovery},
    {"pg_control_init", control_init},
};

fn_impl control_fn_lookup(const char *prosrc)
{
    for (size_t i = 0; i < ARRAY_LENGTH(table); i++)
        if (strcmp(table[i].src, prosrc) == 0)
            return table[i].fn;
    return NULL;
}
