/* SQL functions about sessions and what they do: advisory locks, pg_locks, pg_stat_activity, who
 * blocks whom, signals, transaction numbers. */
#include "exec/exec_internal.h"

#include "base/clock.h"
#include "catalog/acl.h"
#include "exec/fn_session.h"
#include "exec/session.h"
#include "rt/cancel.h"
#include "rt/fiber.h"
#include "types/array.h"
#include "types/datetime.h"

#include <signal.h>
#include <unistd.h>

static struct datum text_or_null(struct arena *a, const char *s)
{
    return s && *s ? datum_str(arena_str(a, str_from(s))) : datum_null();
}

static struct datum time_or_null(int64_t t)
{
    return t ? datum_int(t) : datum_null();
}

/* ---- advisory locks ---- */

/* How the functions differ; the name says all of it. */
struct advisory_fn {
    bool session;
    bool shared;
    bool attempt;
};

static struct txn_advisory advisory_key(struct fn_call *c)
{
    uint32_t db = c->session->cat.db;
    if (c->nargs == 2)
        return (struct txn_advisory){db, (uint32_t)c->args[0].i, (uint32_t)c->args[1].i, 2};
    uint64_t key = (uint64_t)c->args[0].i;
    return (struct txn_advisory){db, (uint32_t)(key >> 32), (uint32_t)key, 1};
}

static struct err *advisory_lock(struct fn_call *c, struct advisory_fn f, struct datum *out)
{
    bool locked = true;
    TRY(need_session(c));
    struct session *s = c->session;
    enum txn_wait wait = f.attempt ? TXN_SKIP_LOCKED : TXN_WAIT;
    if (f.session)
        TRY(txn_session_lock(&s->locks, s->cat.txn, advisory_key(c), f.shared, wait, &locked));
    else
        TRY(txn_lock_advisory(s->cat.txn, advisory_key(c), f.shared, wait, &locked));
    *out = f.attempt ? datum_bool(locked) : datum_bytes("", 0);
    return NULL;
}

#define ADVISORY(name, ...)                                              \
    static struct err *fn_##name(struct fn_call *c, struct datum *out)   \
    {                                                                    \
        return advisory_lock(c, (struct advisory_fn){__VA_ARGS__}, out); \
    }
ADVISORY(lock, .session = true)
ADVISORY(lock_shared, .session = true, .shared = true)
ADVISORY(try_lock, .session = true, .attempt = true)
ADVISORY(try_lock_shared, .session = true, .shared = true, .attempt = true)
ADVISORY(xact_lock, .session = false)
ADVISORY(xact_lock_shared, .shared = true)
ADVISORY(try_xact_lock, .attempt = true)
ADVISORY(try_xact_lock_shared, .shared = true, .attempt = true)

static struct err *advisory_unlock(struct fn_call *c, bool shared, struct datum *out)
{
    TRY(need_session(c));
    struct session *s = c->session;
    bool had = txn_session_unlock(s->locks, advisory_key(c), shared);
    if (!had)
        s->ops->notice(s, "WARNING",
                       err_new("01000", "you don't own a lock of type %s",
                               shared ? "ShareLock" : "ExclusiveLock"));
    *out = datum_bool(had);
    return NULL;
}

static struct err *fn_unlock(struct fn_call *c, struct datum *out)
{
    return advisory_unlock(c, false, out);
}

static struct err *fn_unlock_shared(struct fn_call *c, struct datum *out)
{
    return advisory_unlock(c, true, out);
}

static struct err *fn_unlock_all(struct fn_call *c, struct datum *out)
{
    TRY(need_session(c));
    txn_session_unlock_all(c->session->locks);
    *out = datum_bytes("", 0);
    return NULL;
}

/* ---- the sessions, copied ---- */

struct sessions {
    struct arena *arena;
    struct session_info *items;
    size_t count;
    size_t cap;
};

static void copy_session(void *arg, const struct session_info *info)
{
    struct sessions *l = arg;
    if (l->count == l->cap) {
        size_t cap = l->cap ? l->cap * 2 : 32;
        struct session_info *grown = arena_alloc(l->arena, sizeof(*grown) * cap);
        if (l->count)
            memcpy(grown, l->items, sizeof(*grown) * l->count);
        l->items = grown;
        l->cap = cap;
    }
    struct session_info *i = &l->items[l->count++];
    *i = *info;
    i->db_name = arena_strdup(l->arena, info->db_name ? info->db_name : "");
    i->user_name = arena_strdup(l->arena, info->user_name ? info->user_name : "");
    i->application_name = arena_strdup(l->arena, info->application_name);
    i->client_addr = arena_strdup(l->arena, info->client_addr);
    const char **texts[] = {&i->tls_version, &i->tls_cipher, &i->client_dn, &i->client_serial,
                            &i->issuer_dn};
    for (size_t k = 0; k < ARRAY_LENGTH(texts); k++)
        if (*texts[k])
            *texts[k] = arena_strdup(l->arena, *texts[k]);
    i->query = arena_strdup(l->arena, info->query);
}

static const struct session_info *session_of(const struct sessions *l, int32_t pid)
{
    for (size_t i = 0; i < l->count; i++)
        if (l->items[i].pid == pid)
            return &l->items[i];
    return NULL;
}

/* What an SRF keeps between its rows. */
struct listing {
    struct sessions sessions;
    struct txn_lock_info *locks;
    size_t lock_count;
    size_t at;
    int part;
};

static struct err *open_listing(struct fn_call *c, void **state, struct listing **out)
{
    struct listing *l = *state;
    if (!l) {
        TRY(need_session(c));
        l = arena_new(c->state_arena, struct listing);
        l->sessions.arena = c->state_arena;
        c->session->ops->each_session(copy_session, &l->sessions);
        TRY(txn_list_locks(catalog_txn_mgr(c->session->cat.shared), c->state_arena, &l->locks,
                           &l->lock_count));
        *state = l;
    }
    *out = l;
    return NULL;
}

/* ---- pg_locks ---- */

enum { /* columns of pg_lock_status */
       LK_TYPE,
       LK_DATABASE,
       LK_RELATION,
       LK_PAGE,
       LK_TUPLE,
       LK_VIRTUALXID,
       LK_TRANSACTIONID,
       LK_CLASSID,
       LK_OBJID,
       LK_OBJSUBID,
       LK_OWNER,
       LK_PID,
       LK_MODE,
       LK_GRANTED,
       LK_FASTPATH,
       LK_WAITSTART,
       LK_COLUMNS
};

static struct datum virtual_xid(struct arena *a, const struct sessions *l, int32_t pid)
{
    const struct session_info *s = session_of(l, pid);
    return text_or_null(a, arena_printf(a, "%d/%llu", pid, s ? (unsigned long long)s->lxid : 0));
}

static void lock_row_begin(struct datum *row, const char *type, const char *mode, int32_t pid)
{
    for (int i = 0; i < LK_COLUMNS; i++)
        row[i] = datum_null();
    row[LK_TYPE] = datum_str(str_from(type));
    row[LK_MODE] = datum_str(str_from(mode));
    row[LK_PID] = datum_int(pid);
    row[LK_GRANTED] = datum_bool(true);
    row[LK_FASTPATH] = datum_bool(false);
}

static void lock_row(struct fn_call *c, const struct listing *l, const struct txn_lock_info *i,
                     struct datum *row)
{
    static const char *const types[] = {"relation", "transactionid", "advisory"};
    lock_row_begin(row, types[i->kind], i->mode, i->pid);
    row[LK_OWNER] = virtual_xid(c->arena, &l->sessions, i->pid);
    row[LK_GRANTED] = datum_bool(i->granted);
    row[LK_FASTPATH] = datum_bool(i->fast_path);
    if (i->waiting_since_us)
        row[LK_WAITSTART] = datum_int(i->waiting_since_us - EPOCH_USECS);
    switch (i->kind) {
    case TXN_LOCK_RELATION:
        row[LK_DATABASE] = datum_int(i->db);
        row[LK_RELATION] = datum_int(i->relation);
        break;
    case TXN_LOCK_TRANSACTION:
        row[LK_TRANSACTIONID] = datum_int((int64_t)(uint32_t)i->xid);
        break;
    case TXN_LOCK_ADVISORY:
        row[LK_DATABASE] = datum_int(i->advisory.db);
        row[LK_CLASSID] = datum_int(i->advisory.hi);
        row[LK_OBJID] = datum_int(i->advisory.lo);
        row[LK_OBJSUBID] = datum_int(i->advisory.kind);
        break;
    }
}

/* Every transaction has its own number locked, virtual and, once it writes, real. */
static bool own_lock_row(struct fn_call *c, const struct listing *l, const struct session_info *s,
                         int part, struct datum *row)
{
    if (!s->xact_start || (part == 1 && !s->xid))
        return false;
    lock_row_begin(row, part ? "transactionid" : "virtualxid", "ExclusiveLock", s->pid);
    row[LK_OWNER] = virtual_xid(c->arena, &l->sessions, s->pid);
    if (part)
        row[LK_TRANSACTIONID] = datum_int((int64_t)(uint32_t)s->xid);
    else
        row[LK_VIRTUALXID] = row[LK_OWNER];
    row[LK_FASTPATH] = datum_bool(!part);
    return true;
}

/* An advisory lock that both the session and its transaction have is listed once. */
static bool listed_before(const struct listing *l, size_t at)
{
    const struct txn_lock_info *i = &l->locks[at];
    for (size_t k = 0; k < at && i->kind == TXN_LOCK_ADVISORY && i->granted; k++) {
        const struct txn_lock_info *o = &l->locks[k];
        if (o->kind == i->kind && o->granted && o->pid == i->pid && o->mode == i->mode &&
            memcmp(&o->advisory, &i->advisory, sizeof(o->advisory)) == 0)
            return true;
    }
    return false;
}

static struct err *lock_status(void **state, struct fn_call *c, struct datum *row, int ncols,
                               bool *done)
{
    struct listing *l;
    (void)ncols;
    TRY(open_listing(c, state, &l));
    for (; l->part < 2; l->part++, l->at = 0)
        while (l->at < l->sessions.count)
            if (own_lock_row(c, l, &l->sessions.items[l->at++], l->part, row))
                return NULL;
    while (l->at < l->lock_count && listed_before(l, l->at))
        l->at++;
    *done = l->at >= l->lock_count;
    if (!*done)
        lock_row(c, l, &l->locks[l->at++], row);
    return NULL;
}

/* ---- pg_stat_activity ---- */

static void wait_event(const struct listing *l, const struct session_info *s, struct datum *type,
                       struct datum *event)
{
    static const char *const events[] = {"relation", "transactionid", "advisory"};
    *type = *event = datum_null();
    if (strcmp(s->state, "active") != 0) {
        *type = datum_str(STR("Client"));
        *event = datum_str(STR("ClientRead"));
        return;
    }
    for (size_t i = 0; i < l->lock_count; i++) {
        if (l->locks[i].granted || l->locks[i].pid != s->pid)
            continue;
        *type = datum_str(STR("Lock"));
        *event = datum_str(str_from(events[l->locks[i].kind]));
    }
}

static struct err *address_or_null(struct fn_call *c, const char *address, struct datum *out)
{
    const struct type_ops *inet = type_by_oid(INET_OID);
    *out = datum_null();
    return *address ? inet->in(inet, c->env, str_from(address), -1, c->state_arena, out) : NULL;
}

static struct err *activity_row(struct fn_call *c, const struct listing *l,
                                const struct session_info *s, struct datum *row, int ncols)
{
    struct datum address;
    TRY(address_or_null(c, s->client_addr, &address));
    struct datum event_type;
    struct datum event;
    wait_event(l, s, &event_type, &event);
    for (int i = 0; i < ncols; i++)
        row[i] = datum_null();
    struct datum first[] = {
        datum_int(s->db),
        datum_int(s->pid),
        datum_int(s->role),
        datum_str(str_from(s->application_name)),
        datum_str(str_from(s->state)),
        datum_str(str_from(s->query)),
        event_type,
        event,
        time_or_null(s->xact_start),
        time_or_null(s->query_start),
        datum_int(s->backend_start),
        time_or_null(s->state_change),
        address,
        datum_null(), /* host names are not looked up */
        datum_int(*s->client_addr ? s->client_port : -1),
        s->xid ? datum_int((int64_t)(uint32_t)s->xid) : datum_null(),
        datum_null(), /* snapshots are not transaction numbers */
        datum_str(STR("client backend")),
    };
    memcpy(row, first, sizeof(first));
    return NULL;
}

static struct datum word_or_null(const char *s)
{
    return s ? datum_str(str_from(s)) : datum_null();
}

static struct err *encryption_columns(struct fn_call *c, const struct session_info *s,
                                      struct datum *row)
{
    enum {
        SSL = 18,
        VERSION,
        CIPHER,
        BITS,
        CLIENT_DN,
        SERIAL,
        ISSUER_DN,
        GSS_AUTH,
        GSS_PRINC,
        GSS_ENCRYPTED
    };
    const struct type_ops *numeric = type_by_oid(NUMERIC_OID);
    row[SSL] = datum_bool(s->tls_version != NULL);
    row[VERSION] = word_or_null(s->tls_version);
    row[CIPHER] = word_or_null(s->tls_cipher);
    row[BITS] = s->tls_version ? datum_int(s->tls_bits) : datum_null();
    row[CLIENT_DN] = word_or_null(s->client_dn);
    row[ISSUER_DN] = word_or_null(s->issuer_dn);
    row[GSS_AUTH] = row[GSS_ENCRYPTED] = datum_bool(false);
    if (!s->client_serial)
        return NULL;
    return numeric->in(numeric, &c->session->types, str_from(s->client_serial), -1, c->arena,
                       &row[SERIAL]);
}

/* What others do is for those who have their rights, or may read all statistics. */
static struct err *hide_others(struct fn_call *c, const struct session_info *s, struct datum *row,
                               int ncols)
{
    enum { SHOWN = 3, APPLICATION = 3, QUERY = 5, PID = 1 };
    const struct role_rights *r;
    TRY(cat_rights(&c->session->cat, &r));
    if (rights_of(r, s->role) || rights_of(r, ROLE_READ_ALL_STATS))
        return NULL;
    for (int i = SHOWN; i < ncols; i++)
        row[i] = datum_null();
    row[APPLICATION] = datum_str(str_from(s->application_name));
    row[QUERY] = datum_str(STR("<insufficient privilege>"));
    return NULL;
}

static struct err *get_activity(void **state, struct fn_call *c, struct datum *row, int ncols,
                                bool *done)
{
    struct listing *l;
    TRY(open_listing(c, state, &l));
    while (l->at < l->sessions.count) {
        const struct session_info *s = &l->sessions.items[l->at++];
        if (!c->args[0].null && s->pid != (int32_t)c->args[0].i)
            continue;
        TRY(activity_row(c, l, s, row, ncols));
        TRY(encryption_columns(c, s, row));
        return hide_others(c, s, row, ncols);
    }
    *done = true;
    return NULL;
}

/* ---- pg_cursors ---- */

struct cursors {
    struct arena *arena;
    struct cursor_info *items;
    size_t count;
    size_t cap;
    size_t at;
};

static void copy_cursor(void *arg, const struct cursor_info *info)
{
    struct cursors *l = arg;
    if (l->count == l->cap) {
        size_t cap = l->cap ? l->cap * 2 : 8;
        struct cursor_info *grown = arena_alloc(l->arena, sizeof(*grown) * cap);
        if (l->count)
            memcpy(grown, l->items, sizeof(*grown) * l->count);
        l->items = grown;
        l->cap = cap;
    }
    struct cursor_info *i = &l->items[l->count++];
    *i = *info;
    i->name = arena_strdup(l->arena, info->name);
    i->statement = arena_strdup(l->arena, info->statement);
}

static struct err *list_cursors(void **state, struct fn_call *c, struct datum *row, int ncols,
                                bool *done)
{
    struct cursors *l = *state;
    (void)ncols;
    if (!l) {
        TRY(need_session(c));
        *state = l = arena_new(c->state_arena, struct cursors);
        l->arena = c->state_arena;
        c->session->ops->each_cursor(c->session, copy_cursor, l);
    }
    *done = l->at == l->count;
    if (*done)
        return NULL;
    const struct cursor_info *i = &l->items[l->at++];
    struct datum values[] = {datum_str(str_from(i->name)), datum_str(str_from(i->statement)),
                             datum_bool(i->holdable),      datum_bool(i->binary),
                             datum_bool(i->scrollable),    datum_int(i->created)};
    memcpy(row, values, sizeof(values));
    return NULL;
}

/* ---- lists of the session's own ---- */

/* Rows copied out of a visit, given one by one. */
struct copied_rows {
    struct arena *arena;
    struct copied_row {
        struct copied_row *next;
        struct datum v[];
    } * first, **last;
    struct err *error;
};

static struct datum *copied_row(struct copied_rows *l, size_t columns)
{
    struct copied_row *row = arena_alloc(l->arena, sizeof(*row) + columns * sizeof(row->v[0]));
    row->next = NULL;
    *l->last = row;
    l->last = &row->next;
    return row->v;
}

static struct err *next_copied(void **state, struct fn_call *c, struct datum *row, int ncols,
                               void (*collect)(struct session *s, struct copied_rows *l),
                               bool *done)
{
    struct copied_rows *l = *state;
    if (!l) {
        TRY(need_session(c));
        *state = l = arena_new(c->state_arena, struct copied_rows);
        *l = (struct copied_rows){.arena = c->state_arena};
        l->last = &l->first;
        collect(c->session, l);
        TRY(l->error);
    }
    *done = !l->first;
    if (*done)
        return NULL;
    memcpy(row, l->first->v, sizeof(struct datum) * (size_t)ncols);
    l->first = l->first->next;
    return NULL;
}

/* ---- pg_prepared_statements ---- */

enum { PREPARED_COLUMNS = 7 };

static void copy_prepared(void *arg, const struct prepared_info *i)
{
    struct copied_rows *l = arg;
    struct datum *v = copied_row(l, PREPARED_COLUMNS);
    struct datum *types = arena_new_array(l->arena, struct datum, i->ntypes + 1);
    for (int k = 0; k < i->ntypes; k++)
        types[k] = datum_int(i->types[k]);
    v[0] = datum_str(arena_str(l->arena, str_from(i->name)));
    v[1] = datum_str(arena_str(l->arena, str_from(i->statement)));
    v[2] = i->prepared ? datum_int(i->prepared) : datum_null();
    v[3] = datum_null();
    if (!l->error)
        l->error =
            array_make_1d(type_by_oid(REGTYPE_OID), types, (size_t)i->ntypes, l->arena, &v[3]);
    v[4] = datum_bool(i->from_sql);
    v[5] = v[6] = datum_null(); /* nobody counts */
}

static void collect_prepared(struct session *s, struct copied_rows *l)
{
    s->ops->each_prepared(s, copy_prepared, l);
}

static struct err *prepared_statements(void **state, struct fn_call *c, struct datum *row,
                                       int ncols, bool *done)
{
    return next_copied(state, c, row, ncols, collect_prepared, done);
}

/* ---- pg_settings ---- */

enum { SETTING_COLUMNS = 17 };

/* "a|b" as {a,b}. */
static struct err *split_values(struct arena *a, const char *values, struct datum *out)
{
    struct array_items list = {0};
    *out = datum_null();
    if (!values)
        return NULL;
    for (const char *p = values;;) {
        size_t n = strcspn(p, "|");
        TRY(array_items_add(&list, a, datum_bytes(p, n)));
        if (!p[n])
            break;
        p += n + 1;
    }
    return array_make_1d(type_by_oid(TEXT_OID), list.items, list.count, a, out);
}

static void copy_setting(void *arg, const struct setting_info *i)
{
    struct copied_rows *l = arg;
    struct datum *v = copied_row(l, SETTING_COLUMNS);
    const char *texts[] = {i->name,    i->setting, i->unit,   i->category, i->description, i->extra,
                           i->context, i->type,    i->source, i->min,      i->max};
    for (size_t k = 0; k < ARRAY_LENGTH(texts); k++)
        v[k] = text_or_null(l->arena, texts[k]);
    v[11] = datum_null();
    if (!l->error)
        l->error = split_values(l->arena, i->values, &v[11]);
    v[12] = text_or_null(l->arena, i->boot);
    v[13] = text_or_null(l->arena, i->reset);
    v[14] = text_or_null(l->arena, i->file);
    v[15] = i->file ? datum_int(i->line) : datum_null();
    v[16] = datum_bool(i->pending_restart);
}

static void collect_settings(struct session *s, struct copied_rows *l)
{
    s->ops->each_setting(s, copy_setting, l);
}

static struct err *all_settings(void **state, struct fn_call *c, struct datum *row, int ncols,
                                bool *done)
{
    return next_copied(state, c, row, ncols, collect_settings, done);
}

static struct err *fn_reload_conf(struct fn_call *c, struct datum *out)
{
    (void)c;
    *out = datum_bool(kill(getpid(), SIGHUP) == 0);
    return NULL;
}

/* ---- notifications ---- */

static struct err *fn_notify(struct fn_call *c, struct datum *out)
{
    struct str channel = c->args[0].null ? STR("") : datum_as_str(c->args[0]);
    struct str payload = c->args[1].null ? STR("") : datum_as_str(c->args[1]);
    TRY(need_session(c));
    *out = datum_bytes("", 0);
    return c->session->ops->notify(c->session, channel, payload);
}

static struct err *fn_notification_queue_usage(struct fn_call *c, struct datum *out)
{
    TRY(need_session(c));
    *out = datum_f64(c->session->ops->notify_usage());
    return NULL;
}

struct channels {
    struct arena *arena;
    struct channel {
        struct channel *next;
        const char *name;
    } * first, **last;
};

static void copy_channel(void *arg, const char *name)
{
    struct channels *l = arg;
    struct channel *ch = arena_new(l->arena, struct channel);
    ch->name = arena_strdup(l->arena, name);
    *l->last = ch;
    l->last = &ch->next;
}

static struct err *listening_channels(void **state, struct fn_call *c, struct datum *row, int ncols,
                                      bool *done)
{
    struct channels *l = *state;
    (void)ncols;
    if (!l) {
        TRY(need_session(c));
        *state = l = arena_new(c->state_arena, struct channels);
        l->arena = c->state_arena;
        l->last = &l->first;
        c->session->ops->each_channel(c->session, copy_channel, l);
    }
    *done = !l->first;
    if (*done)
        return NULL;
    row[0] = datum_str(str_from(l->first->name));
    l->first = l->first->next;
    return NULL;
}

/* ---- who blocks whom; signals ---- */

static struct err *fn_blocking_pids(struct fn_call *c, struct datum *out)
{
    int32_t *pids = NULL;
    size_t n = 0;
    TRY(need_session(c));
    TRY(txn_blocking_pids(catalog_txn_mgr(c->session->cat.shared), (int32_t)c->args[0].i, c->arena,
                          &pids, &n));
    struct datum *values = arena_new_array(c->arena, struct datum, n + 1);
    for (size_t i = 0; i < n; i++)
        values[i] = datum_int(pids[i]);
    return array_make_1d(type_by_oid(INT4_OID), values, n, c->arena, out);
}

/* No transaction waits for a safe snapshot: those of read-only ones are safe from the start. */
static struct err *fn_no_pids(struct fn_call *c, struct datum *out)
{
    return array_make_1d(type_by_oid(INT4_OID), NULL, 0, c->arena, out);
}

struct signalled {
    int32_t pid;
    uint32_t role; /* 0: there is no such session */
};

static void note_role(void *arg, const struct session_info *info)
{
    struct signalled *s = arg;
    if (info->pid == s->pid)
        s->role = info->role;
}

struct err *session_may_signal(struct session *session, int32_t pid, bool terminate,
                               struct arena *scratch)
{
    struct signalled s = {.pid = pid};
    struct cat *cat = &session->cat;
    const struct role_rights *r;
    struct cat_role owner = {0};
    bool found;
    TRY(cat_rights(cat, &r));
    session->ops->each_session(note_role, &s);
    if (!s.role || r->superuser)
        return NULL;
    TRY(cat_role(cat, s.role, scratch, &owner, &found));
    if (found && owner.superuser)
        return err_new("42501", terminate ? "must be a superuser to terminate superuser process"
                                          : "must be a superuser to cancel superuser query");
    if (rights_of(r, s.role) || rights_of(r, ROLE_SIGNAL_BACKEND))
        return NULL;
    return err_new("42501",
                   terminate ? "must be a member of the role whose process is being terminated or "
                               "member of pg_signal_backend"
                             : "must be a member of the role whose query is being canceled or "
                               "member of pg_signal_backend");
}

static struct err *send_signal(struct fn_call *c, bool terminate, bool *sent)
{
    int32_t pid = (int32_t)c->args[0].i;
    TRY(need_session(c));
    TRY(session_may_signal(c->session, pid, terminate, c->arena));
    *sent = c->session->ops->signal(pid, terminate);
    if (!*sent)
        c->session->ops->notice(
            c->session, "WARNING",
            err_new("01000", "PID %d is not a PostgreSQL backend process", pid));
    return pid == c->session->pid ? cancel_check(cancel_current()) : NULL; /* it is noticed here */
}

static struct err *fn_cancel_backend(struct fn_call *c, struct datum *out)
{
    bool sent;
    TRY(send_signal(c, false, &sent));
    *out = datum_bool(sent);
    return NULL;
}

struct search {
    int32_t pid;
    bool found;
};

static void look_for(void *arg, const struct session_info *info)
{
    struct search *s = arg;
    s->found |= info->pid == s->pid;
}

/* With a time limit: true once the session is gone. */
static struct err *fn_terminate_backend(struct fn_call *c, struct datum *out)
{
    enum { LOOK_EVERY_NS = 10 * 1000 * 1000 };
    int64_t timeout_ms = c->nargs > 1 ? c->args[1].i : 0;
    struct search s = {.pid = (int32_t)c->args[0].i};
    bool sent;
    if (timeout_ms < 0)
        return err_new("22003", "\"timeout\" must not be negative");
    TRY(send_signal(c, true, &sent));
    *out = datum_bool(sent);
    if (!sent || !timeout_ms)
        return NULL;
    for (int64_t end_ns = clock_mono_ns() + timeout_ms * 1000000; clock_mono_ns() < end_ns;) {
        s.found = false;
        c->session->ops->each_session(look_for, &s);
        if (!s.found)
            return NULL;
        TRY(fiber_sleep(LOOK_EVERY_NS));
    }
    *out = datum_bool(false);
    c->session->ops->notice(c->session, "WARNING",
                            err_new("01000",
                                    "backend with PID %d did not terminate within %lld "
                                    "milliseconds",
                                    s.pid, (long long)timeout_ms));
    return NULL;
}

static struct err *fn_sleep(struct fn_call *c, struct datum *out)
{
    double seconds = c->args[0].f64;
    *out = datum_bytes("", 0);
    if (!(seconds > 0))
        return NULL;
    double ns = seconds * 1e9;
    return fiber_sleep(ns > 9e18 ? INT64_MAX / 2 : (int64_t)ns);
}

/* ---- transaction numbers ---- */

static struct err *fn_xid_current(struct fn_call *c, struct datum *out)
{
    TRY(need_session(c));
    *out = datum_int((int64_t)txn_xid(c->session->cat.txn));
    return NULL;
}

static struct err *fn_xid_if_assigned(struct fn_call *c, struct datum *out)
{
    TRY(need_session(c));
    const struct txn *t = c->session->cat.txn;
    *out = txn_has_xid(t) ? datum_int((int64_t)txn_xid(t)) : datum_null();
    return NULL;
}

static struct err *fn_export_snapshot(struct fn_call *c, struct datum *out)
{
    char id[TXN_SNAPSHOT_ID_BYTES];
    TRY(need_session(c));
    TRY(txn_export_snapshot(c->session->cat.txn, id));
    *out = datum_str(arena_str(c->arena, str_from(id)));
    return NULL;
}

static const struct {
    const char *src;
    fn_impl fn;
} table[] = {
    {"pg_export_snapshot", fn_export_snapshot},
    {"pg_advisory_lock_int8", fn_lock},
    {"pg_advisory_lock_int4", fn_lock},
    {"pg_advisory_lock_shared_int8", fn_lock_shared},
    {"pg_advisory_lock_shared_int4", fn_lock_shared},
    {"pg_try_advisory_lock_int8", fn_try_lock},
    {"pg_try_advisory_lock_int4", fn_try_lock},
    {"pg_try_advisory_lock_shared_int8", fn_try_lock_shared},
    {"pg_try_advisory_lock_shared_int4", fn_try_lock_shared},
    {"pg_advisory_xact_lock_int8", fn_xact_lock},
    {"pg_advisory_xact_lock_int4", fn_xact_lock},
    {"pg_advisory_xact_lock_shared_int8", fn_xact_lock_shared},
    {"pg_advisory_xact_lock_shared_int4", fn_xact_lock_shared},
    {"pg_try_advisory_xact_lock_int8", fn_try_xact_lock},
    {"pg_try_advisory_xact_lock_int4", fn_try_xact_lock},
    {"pg_try_advisory_xact_lock_shared_int8", fn_try_xact_lock_shared},
    {"pg_try_advisory_xact_lock_shared_int4", fn_try_xact_lock_shared},
    {"pg_advisory_unlock_int8", fn_unlock},
    {"pg_advisory_unlock_int4", fn_unlock},
    {"pg_advisory_unlock_shared_int8", fn_unlock_shared},
    {"pg_advisory_unlock_shared_int4", fn_unlock_shared},
    {"pg_advisory_unlock_all", fn_unlock_all},
    {"pg_reload_conf", fn_reload_conf},
    {"pg_notify", fn_notify},
    {"pg_notification_queue_usage", fn_notification_queue_usage},
    {"pg_blocking_pids", fn_blocking_pids},
    {"pg_safe_snapshot_blocking_pids", fn_no_pids},
    {"pg_cancel_backend", fn_cancel_backend},
    {"pg_terminate_backend", fn_terminate_backend},
    {"pg_sleep", fn_sleep},
    {"pg_current_xact_id", fn_xid_current},
    {"pg_current_xact_id_if_assigned", fn_xid_if_assigned},
};

fn_impl activity_fn_lookup(const char *prosrc)
{
    for (size_t i = 0; i < ARRAY_LENGTH(table); i++)
        if (strcmp(table[i].src, prosrc) == 0)
            return table[i].fn;
    return NULL;
}

static const struct srf_impl srfs[] = {
    {"pg_lock_status", lock_status},
    {"pg_stat_get_activity", get_activity},
    {"pg_cursor", list_cursors},
    {"show_all_settings", all_settings},
    {"pg_prepared_statement", prepared_statements},
    {"pg_listening_channels", listening_channels},
};

const struct srf_impl *activity_srf_lookup(const char *prosrc)
{
    for (size_t i = 0; i < ARRAY_LENGTH(srfs); i++)
        if (strcmp(srfs[i].name, prosrc) == 0)
            return &srfs[i];
    return strcmp(prosrc, snapshot_xip_srf.name) == 0 ? &snapshot_xip_srf : NULL;
}
