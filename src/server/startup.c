/* The beginning of a session: first packet, role, database, settings. */
#include "server/auth.h"
#include "server/server_internal.h"

#include "catalog/acl.h"
#include "catalog/systab.h"
#include "rt/conn.h"
#include "rt/tls.h"
#include "rt/wait.h"
#include "types/text.h"

#include <ctype.h>
#include <stdlib.h>

enum { MAX_UNKNOWN_OPTIONS = 16 };

static char *copy(struct str s)
{
    char *p = strndup(s.data, s.len);
    CHECK(p != NULL);
    return p;
}

static struct err *find_user(struct backend *b, struct str user, int *limit)
{
    struct cat_role role;
    struct arena a;
    bool found;
    arena_init(&a);
    struct err *e = cat_role_named(&b->base.cat, user, &a, &role, &found);
    if (!e && !found)
        e = err_fatal(err_new("28000", "role \"%.*s\" does not exist", STR_ARG(user)));
    else if (!e && !role.login && b->conn)
        e = err_fatal(err_new("28000", "role \"%.*s\" is not permitted to log in", STR_ARG(user)));
    if (!e) {
        b->base.session_role = b->base.cat.role = role.oid;
        b->base.superuser = role.superuser;
        b->login_role = b->base.session_role;
        b->login_superuser = b->session_superuser = b->base.superuser;
        *limit = role.superuser ? -1 : role.connlimit;
    }
    arena_done(&a);
    return e;
}

/* The database's own limit of connections, and who may connect: superusers always. */
static struct err *may_connect(struct backend *b, struct str database, int *limit)
{
    struct cat *c = &b->base.cat;
    struct datum key = datum_int(c->db);
    struct datum v[DB_COUNT];
    struct arena a;
    bool found;
    const struct role_rights *rights;
    uint32_t got;
    *limit = -1;
    if (b->base.superuser)
        return NULL;
    arena_init(&a);
    struct err *e = systab_get(c, PG_DATABASE, DATABASE_OID_INDEX, &key, 1, &a, v, &found);
    if (!e && found)
        *limit = (int)v[DB_CONNLIMIT].i;
    arena_done(&a);
    TRY(e);
    TRY(cat_rights(c, &rights));
    TRY(acl_object_mask(c, rights, PG_DATABASE, c->db, PRIV_CONNECT, &got, &found));
    if (got)
        return NULL;
    return err_fatal(
        err_detail(err_new("42501", "permission denied for database \"%.*s\"", STR_ARG(database)),
                   "User does not have CONNECT privilege."));
}

static struct err *admit(struct backend *b, int role_limit, int db_limit)
{
    switch (registry_admit(b, role_limit, db_limit)) {
    case ADMITTED:
        return NULL;
    case ADMIT_FULL:
        return err_fatal(err_new("53300", "sorry, too many clients already"));
    case ADMIT_RESERVED:
        return err_fatal(err_new("53300", "remaining connection slots are reserved for "
                                          "non-replication superuser connections"));
    case ADMIT_ROLE_FULL:
        return err_fatal(err_new("53300", "too many connections for role \"%s\"", b->user));
    case ADMIT_DATABASE_FULL:
        return err_fatal(err_new("53300", "too many connections for database \"%s\"", b->database));
    }
    UNREACHABLE();
}

static struct err *find_database(struct backend *b, struct str database)
{
    uint32_t oid;
    uint32_t sysbase;
    bool allowed;
    TRY(cat_database(&b->base.cat, database, &oid, &sysbase, &allowed));
    if (!oid)
        return err_fatal(err_new("3D000", "database \"%.*s\" does not exist", STR_ARG(database)));
    if (!allowed && b->conn)
        return err_fatal(err_new("55000",
                                 "database \"%.*s\" is not currently accepting connections",
                                 STR_ARG(database)));
    b->base.cat.db = oid;
    b->base.cat.sysbase = sysbase;
    return NULL;
}

struct err *session_login(struct backend *b, struct str user, struct str database)
{
    b->user = copy(user);
    b->database = copy(database);
    b->base.user_name = b->user;
    b->base.db_name = b->database;
    TRY(txn_begin(catalog_txn_mgr(server_catalog), TXN_READ_COMMITTED, true, &b->base.cat.txn));
    int role_limit = -1;
    int db_limit = -1;
    struct err *e = find_user(b, user, &role_limit);
    if (!e)
        e = find_database(b, database);
    if (!e && b->conn)
        e = may_connect(b, database, &db_limit);
    if (!e && b->conn)
        e = admit(b, role_limit, db_limit);
    if (!e && b->conn)
        e = stored_settings_apply(b);
    txn_abort(b->base.cat.txn);
    b->base.cat.txn = NULL;
    return e;
}

/* ---- the first packet ---- */

/* Without waiting. */
static struct err *read_packet(struct backend *b, struct wire_startup *out, bool *complete)
{
    struct buf *in = &b->scratch->in;
    for (;;) {
        bool eof;
        TRY(wire_startup_parse(buf_str(in), out, complete));
        if (*complete || (!conn_pending_bytes(b->conn) && !conn_at_eof(b->conn)))
            return NULL;
        TRY(conn_read(b->conn, in, WAIT_FOREVER, &eof, NULL));
        if (eof) /* nothing to answer, nobody to tell */
            return err_fatal(err_new("08006", "no startup packet"));
    }
}

/* An option of the startup packet or of its `options`: a setting. */
static struct err *set_option(struct backend *b, struct str name, const char *value)
{
    struct err *e = backend_setting_begin(b, name, value, SOURCE_CLIENT);
    return e ? err_fatal(e) : NULL;
}

/* options = "-c name=value --name=value", with backslashes before blanks in values. */
static struct err *parse_options(struct backend *b, const char *p)
{
    struct buf word = BUF_INIT;
    struct err *e = NULL;
    bool want_assignment = false;
    while (!e) {
        while (isspace((unsigned char)*p))
            p++;
        if (!*p)
            break;
        buf_reset(&word);
        for (; *p && !isspace((unsigned char)*p); p++) {
            p += *p == '\\' && p[1];
            buf_put_u8(&word, (uint8_t)*p);
        }
        char *text = (char *)(uintptr_t)buf_cstr(&word);
        if (!want_assignment && strcmp(text, "-c") == 0) {
            want_assignment = true;
            continue;
        }
        if (!want_assignment && (strncmp(text, "--", 2) == 0 || strncmp(text, "-c", 2) == 0))
            text += 2;
        else if (!want_assignment)
            text = (char *)"";
        char *equals = strchr(text, '=');
        want_assignment = false;
        if (!equals) {
            e = err_fatal(err_new("42601", "invalid command-line argument for server process: %s",
                                  buf_cstr(&word)));
            break;
        }
        for (char *c = text; c < equals; c++)
            if (*c == '-')
                *c = '_';
        e = set_option(b, str_make(text, (size_t)(equals - text)), equals + 1);
    }
    buf_done(&word);
    return e;
}

static const char *param(const struct wire_startup *s, const char *wanted)
{
    const char *name;
    const char *value;
    for (size_t at = 0; wire_startup_param(s, &at, &name, &value);)
        if (strcmp(name, wanted) == 0)
            return value;
    return NULL;
}

static struct err *apply_params(struct backend *b, const struct wire_startup *s)
{
    static const char *const special[] = {"user", "database", "options", "replication"};
    const char *options = param(s, "options");
    const char *name;
    const char *value;
    if (options)
        TRY(parse_options(b, options)); /* the others go before them, wherever they stand */
    for (size_t at = 0; wire_startup_param(s, &at, &name, &value);) {
        bool skip = strncmp(name, "_pq_.", 5) == 0;
        for (size_t i = 0; i < ARRAY_LENGTH(special); i++)
            skip |= strcmp(name, special[i]) == 0;
        if (!skip)
            TRY(set_option(b, str_from(name), value));
    }
    return NULL;
}

static void negotiate(struct backend *b, const struct wire_startup *s)
{
    const char *unknown[MAX_UNKNOWN_OPTIONS];
    const char *name;
    const char *value;
    int n = 0;
    for (size_t at = 0; wire_startup_param(s, &at, &name, &value);)
        if (strncmp(name, "_pq_.", 5) == 0 && n < MAX_UNKNOWN_OPTIONS)
            unknown[n++] = name;
    if (s->minor > 0 || n)
        wire_negotiate_version(backend_out(b), 0, unknown, n);
}

static struct err *accept_session(struct backend *b, const struct wire_startup *packet)
{
    /* Logging in reads more into the buffer that the packet is in. */
    struct wire_startup copied = *packet;
    struct wire_startup *s = &copied;
    s->params = arena_str(&b->scratch->arena, packet->params);
    b->scratch->in_at = packet->size_bytes;
    const char *user = param(s, "user");
    const char *database = param(s, "database");
    const char *replication = param(s, "replication");
    struct buf *out = backend_out(b);
    negotiate(b, s);
    if (!user || !*user)
        return err_fatal(err_new("28000", "no PostgreSQL user name specified in startup packet"));
    if (replication && strcmp(replication, "false") != 0 && strcmp(replication, "off") != 0 &&
        strcmp(replication, "0") != 0 && strcmp(replication, "no") != 0)
        return err_fatal(err_unsupported("replication connections are not supported"));
    if (!database || !*database)
        database = user;
    TRY(utf8_verify(str_from(user)));
    TRY(utf8_verify(str_from(database)));
    TRY(auth_client(b, str_from(user), str_from(database), b->login_deadline_ns));
    TRY(session_login(b, str_from(user), str_from(database)));
    TRY(apply_params(b, s));
    settings_commit(&b->settings);
    xact_rollback(b);
    wire_auth_ok(out);
    backend_report_settings(b, true);
    wire_backend_key(out, b->base.pid, b->secret);
    wire_ready(out, 'I');
    activity_set(b, "idle", "");
    return NULL;
}

/* A request for encryption: TLS, if the server has it and there is none yet. */
static struct err *answer_request(struct backend *b, bool tls)
{
    struct tls_context *t = NULL;
    if (tls && *b->base.client_addr && !conn_tls_info(b->conn)->version)
        t = auth_tls();
    struct err *e = conn_write(b->conn, t ? "S" : "N", 1);
    if (!e && t)
        e = conn_start_tls(b->conn, t, b->login_deadline_ns);
    tls_context_unref(t);
    return e;
}

struct err *session_startup(struct backend *b, bool *done)
{
    struct wire_startup s;
    struct scratch *sc = b->scratch;
    for (;;) {
        bool complete;
        TRY(read_packet(b, &s, &complete));
        if (!complete)
            return NULL;
        if (s.kind != WIRE_SSL_REQUEST && s.kind != WIRE_GSSENC_REQUEST)
            break;
        /* What came in the same segment was sent before the answer: nobody does that but an
         * attacker. */
        if (sc->in.len != s.size_bytes)
            return err_fatal(err_new("08P01", "received unencrypted data after SSL request"));
        buf_reset(&sc->in);
        TRY(answer_request(b, s.kind == WIRE_SSL_REQUEST));
    }
    if (s.kind == WIRE_CANCEL_REQUEST) {
        registry_cancel(s.pid, s.secret);
        b->closing = true;
        return NULL;
    }
    TRY(accept_session(b, &s));
    *done = true;
    return NULL;
}
