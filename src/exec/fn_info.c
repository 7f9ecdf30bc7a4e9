/* More of the system information functions of the manual's section 9.26: time zones, the client's
 * address, descriptions of objects; and the send functions of types, called by their names. */
#include "exec/ddl_internal.h"
#include "exec/exec_internal.h"
#include "exec/fn_session.h"
#include "exec/identity.h"
#include "exec/session.h"
#include "types/array.h"
#include "types/datetime.h"
#include "types/collation.h"

#include <string.h>

/* pg_catalog has them all from the start: none is new. */
static struct err *import_system_collations(struct fn_call *c, struct datum *out)
{
    if (!c->session->superuser)
        return err_new("42501", "must be superuser to import system collations");
    if ((uint32_t)c->args[0].u != PG_CATALOG_NSP)
        return err_unsupported("importing collations into a schema other than pg_catalog is not "
                               "supported");
    *out = datum_int(0);
    return NULL;
}

static struct err *collation_version_of(struct fn_call *c, struct datum *out)
{
    const char *version = collation_actual_version(c->arena, (uint32_t)c->args[0].u);
    *out = version ? datum_str(str_from(version)) : datum_null();
    return NULL;
}

static struct err *nothing(struct fn_call *c, struct datum *out)
{
    (void)c;
    *out = datum_null();
    return NULL;
}

static struct err *zero(struct fn_call *c, struct datum *out)
{
    (void)c;
    *out = datum_int(0);
    return NULL;
}

/* ---- the session ---- */

static struct err *trigger_depth(struct fn_call *c, struct datum *out)
{
    TRY(need_session(c));
    *out = datum_int(c->session->trigger_depth);
    return NULL;
}

struct own_query {
    int32_t pid;
    struct fn_call *c;
    struct datum *out;
};

static void find_own(void *arg, const struct session_info *info)
{
    struct own_query *q = arg;
    if (info->pid == q->pid)
        *q->out = cstring(q->c, info->query);
}

static struct err *current_query(struct fn_call *c, struct datum *out)
{
    TRY(need_session(c));
    struct own_query q = {c->session->pid, c, out};
    *out = datum_null();
    c->session->ops->each_session(find_own, &q);
    return NULL;
}

static struct err *give_address(struct fn_call *c, const char *address, struct datum *out)
{
    const struct type_ops *inet = type_by_oid(INET_OID);
    *out = datum_null();
    return *address ? inet->in(inet, c->env, str_from(address), -1, c->arena, out) : NULL;
}

static struct err *client_addr(struct fn_call *c, struct datum *out)
{
    TRY(need_session(c));
    return give_address(c, c->session->client_addr, out);
}

static struct err *server_addr(struct fn_call *c, struct datum *out)
{
    TRY(need_session(c));
    return give_address(c, c->session->server_addr, out);
}

static struct err *client_port(struct fn_call *c, struct datum *out)
{
    TRY(need_session(c));
    *out = *c->session->client_addr ? datum_int(c->session->client_port) : datum_null();
    return NULL;
}

static struct err *server_port(struct fn_call *c, struct datum *out)
{
    TRY(need_session(c));
    *out = *c->session->server_addr ? datum_int(c->session->server_port) : datum_null();
    return NULL;
}

/* ---- objects ---- */

static struct err *describe_object(struct fn_call *c, struct datum *out)
{
    struct buf b = BUF_INIT;
    TRY(need_session(c));
    struct ddl d = {.s = c->session, .cat = &c->session->cat, .arena = c->arena, .quiet = true};
    struct object_address o = {(uint32_t)c->args[0].u, (uint32_t)c->args[1].u, (int)c->args[2].i};
    *out = datum_null();
    if (!o.class_id || !o.object_id)
        return NULL;
    if (o.class_id == PG_REWRITE) /* a DROP tells of the view that goes with it */
        buf_put_c(&b, "rule _RETURN on ");
    struct err *e = ddl_describe(&d, o, &b);
    if (e) {
        buf_done(&b);
        return e;
    }
    return text_result(c, &b, out);
}

static struct object_address address_of(const struct fn_call *c)
{
    return (struct object_address){(uint32_t)c->args[0].u, (uint32_t)c->args[1].u,
                                   (int)c->args[2].i};
}

static struct err *identify_object(struct fn_call *c, struct datum *out)
{
    struct identity o;
    TRY(need_session(c));
    TRY(identity_of(c->session, address_of(c), c->arena, &o));
    bool known = o.text != NULL;
    const struct datum row[] = {cstring(c, o.type), cstring(c, known ? o.schema : NULL),
                                cstring(c, known ? o.name : NULL), cstring(c, o.text)};
    return fn_record(c, row, out);
}

static struct err *text_array(struct fn_call *c, const char *const *texts, int n, struct datum *out)
{
    struct datum *items = arena_new_array(c->arena, struct datum, (size_t)n + 1);
    for (int i = 0; i < n; i++)
        items[i] = cstring(c, texts[i]);
    return array_make_1d(type_by_oid(TEXT_OID), items, (size_t)n, c->arena, out);
}

static struct err *identify_object_as_address(struct fn_call *c, struct datum *out)
{
    struct identity o;
    TRY(need_session(c));
    TRY(identity_of(c->session, address_of(c), c->arena, &o));
    struct datum row[] = {cstring(c, o.type), datum_null(), datum_null()};
    if (o.text) {
        TRY(text_array(c, o.names, o.nnames, &row[1]));
        TRY(text_array(c, o.args, o.nargs, &row[2]));
    }
    return fn_record(c, row, out);
}

static struct err *read_texts(struct fn_call *c, struct datum d, const char *const **out, int *n)
{
    struct array a;
    TRY(array_open(d, &a));
    const char **texts = arena_new_array(c->arena, const char *, a.nitems + 1);
    for (uint32_t i = 0; i < a.nitems; i++) {
        struct datum item = array_get(&a, i);
        if (item.null)
            return err_new("22023", "name or argument lists may not contain nulls");
        texts[i] = arena_strndup(c->arena, (const char *)item.p, item.len);
    }
    *out = texts;
    *n = (int)a.nitems;
    return NULL;
}

static struct err *get_object_address(struct fn_call *c, struct datum *out)
{
    struct object_address o;
    const char *const *names;
    const char *const *args;
    int nnames;
    int nargs;
    TRY(need_session(c));
    TRY(read_texts(c, c->args[1], &names, &nnames));
    TRY(read_texts(c, c->args[2], &args, &nargs));
    const char *type = arena_strndup(c->arena, (const char *)c->args[0].p, c->args[0].len);
    TRY(identity_find(c->session, type, names, nnames, args, nargs, c->arena, &o));
    const struct datum row[] = {datum_int(o.class_id), datum_int(o.object_id), datum_int(o.sub_id)};
    return fn_record(c, row, out);
}

static struct err *vector_types(struct fn_call *c, struct datum *out)
{
    struct array types;
    struct buf b = BUF_INIT;
    struct err *e = array_open(c->args[0], &types);
    for (uint32_t i = 0; !e && i < types.nitems; i++) {
        struct datum name;
        e = session_plain_type_name(c->session, (uint32_t)array_get(&types, i).u, c->arena, &name);
        buf_put_c(&b, i ? ", " : "");
        if (!e)
            buf_put_str(&b, datum_as_str(name));
    }
    if (!e)
        return text_result(c, &b, out);
    buf_done(&b);
    return e;
}

/* ---- send functions ---- */

static struct err *send_value(struct fn_call *c, struct datum *out)
{
    const struct type_ops *t = type_lookup(c->env, c->arg_types[0]);
    struct buf b = BUF_INIT;
    if (!t || !t->send)
        return err_unsupported("this type has no binary form");
    struct err *e = t->send(t, c->env, c->args[0], &b);
    if (e) {
        buf_done(&b);
        return e;
    }
    return text_result(c, &b, out); /* bytes are copied as they are */
}

/* ---- time zones ---- */

static int64_t now_seconds(const struct fn_call *c)
{
    enum { EPOCH_SECONDS = 946684800 };
    return c->env->txn_timestamp / USECS_PER_SEC + EPOCH_SECONDS;
}

static void offset_row(struct fn_call *c, int32_t east, bool dst, struct datum *row)
{
    row[0] = interval_datum((struct interval){.us = (int64_t)east * USECS_PER_SEC}, c->state_arena);
    row[1] = datum_bool(dst);
}

static struct err *zone_abbrevs(void **state, struct fn_call *c, struct datum *row, int ncols,
                                bool *done)
{
    size_t count;
    const struct tz_abbrev *all = tz_abbrevs(&count);
    size_t *at = *state;
    if (!at)
        *state = at = arena_new(c->state_arena, size_t);
    *done = *at >= count || ncols < 3;
    if (*done)
        return NULL;
    const struct tz_abbrev *a = &all[(*at)++];
    struct tz_offset o = {.east = a->east, .dst = a->dst};
    if (a->zone)
        o = tz_abbrev_at(tz_find(str_from(a->zone)), str_from(a->name), now_seconds(c));
    row[0] = datum_str(str_from(a->name));
    offset_row(c, o.east, o.dst, &row[1]);
    return NULL;
}

static struct err *zone_names(void **state, struct fn_call *c, struct datum *row, int ncols,
                              bool *done)
{
    size_t count;
    const char *const *all = tz_names(&count);
    size_t *at = *state;
    const struct tz *tz = NULL;
    if (!at)
        *state = at = arena_new(c->state_arena, size_t);
    while (*at < count && !tz)
        tz = tz_find(str_from(all[(*at)++]));
    *done = !tz || ncols < 4;
    if (*done)
        return NULL;
    struct tz_offset o = tz_at(tz, now_seconds(c));
    row[0] = datum_str(str_from(all[*at - 1]));
    row[1] = datum_str(str_from(o.abbrev));
    offset_row(c, o.east, o.dst, &row[2]);
    return NULL;
}

/* ---- what this server never is, or does not keep ---- */

static struct err *not_in_recovery(struct fn_call *c, struct datum *out)
{
    (void)c;
    (void)out;
    return err_hint(err_new("55000", "recovery is not in progress"),
                    "Recovery control functions can only be executed during recovery.");
}

static struct err *no_rotation(struct fn_call *c, struct datum *out)
{
    TRY(need_session(c));
    c->session->ops->notice(
        c->session, "WARNING",
        err_new("01000", "rotation not possible because log collection not active"));
    *out = datum_bool(false);
    return NULL;
}

static struct err *not_in_script(struct fn_call *c, struct datum *out)
{
    (void)c;
    (void)out;
    return err_unsupported("pg_extension_config_dump() can only be called from an SQL script "
                           "executed by CREATE EXTENSION");
}

static struct err *no_commit_times(struct fn_call *c, struct datum *out)
{
    (void)c;
    (void)out;
    return err_hint(err_new("55000", "could not get commit timestamp data"),
                    "Make sure the configuration parameter \"%s\" is set.",
                    "track_commit_timestamp");
}

/* ---- tables ---- */

static const struct {
    const char *src;
    fn_impl fn;
} table[] = {
    {"current_query", current_query},
    {"inet_client_addr", client_addr},
    {"inet_client_port", client_port},
    {"inet_server_addr", server_addr},
    {"inet_server_port", server_port},
    {"pg_describe_object", describe_object},
    {"pg_identify_object", identify_object},
    {"pg_promote", not_in_recovery},
    {"pg_rotate_logfile_v2", no_rotation},
    {"pg_extension_config_dump", not_in_script},
    {"pg_partition_root", nothing},
    {"pg_filenode_relation", nothing},
    {"pg_ts_config_is_visible", nothing},
    {"pg_ts_dict_is_visible", nothing},
    {"pg_ts_parser_is_visible", nothing},
    {"pg_ts_template_is_visible", nothing},
    {"oidvectortypes", vector_types},
    {"pg_identify_object_as_address", identify_object_as_address},
    {"pg_get_object_address", get_object_address},
    {"pg_trigger_depth", trigger_depth},
    {"pg_jit_available", zero},
    {"pg_stat_clear_snapshot", nothing},
    {"pg_stat_force_next_flush", nothing},
    {"pg_last_wal_receive_lsn", nothing},
    {"pg_last_wal_replay_lsn", nothing},
    {"pg_last_xact_replay_timestamp", nothing},
    {"pg_wal_replay_pause", not_in_recovery},
    {"pg_wal_replay_resume", not_in_recovery},
    {"pg_is_wal_replay_paused", not_in_recovery},
    {"pg_get_wal_replay_pause_state", not_in_recovery},
    {"pg_xact_commit_timestamp", no_commit_times},
    {"pg_xact_commit_timestamp_origin", no_commit_times},
    {"pg_last_committed_xact", no_commit_times},
    {"pg_import_system_collations", import_system_collations},
    {"pg_collation_actual_version", collation_version_of},
    {"pg_database_collation_actual_version", nothing},
    {"pg_current_logfile", nothing},
    {"pg_current_logfile_1arg", nothing},
};

fn_impl info_fn_lookup(const char *prosrc)
{
    size_t n = strlen(prosrc);
    for (size_t i = 0; i < ARRAY_LENGTH(table); i++)
        if (strcmp(table[i].src, prosrc) == 0)
            return table[i].fn;
    return n > 4 && strcmp(prosrc + n - 4, "send") == 0 ? send_value : NULL;
}

static const struct srf_impl srfs[] = {
    {"pg_get_keywords", list_keywords},
    {"pg_timezone_abbrevs", zone_abbrevs},
    {"pg_timezone_names", zone_names},
};

const struct srf_impl *info_srf_lookup(const char *prosrc)
{
    for (size_t i = 0; i < ARRAY_LENGTH(srfs); i++)
        if (strcmp(srfs[i].name, prosrc) == 0)
            return &srfs[i];
    return NULL;
}
