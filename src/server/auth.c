/* Authentication. The rules and the TLS context are one immutable, counted thing, replaced whole.
 */
#include "server/auth.h"

#include "base/clock.h"
#include "base/log.h"
#include "catalog/acl.h"
#include "rt/conn.h"
#include "rt/crypto.h"
#include "rt/pool.h"
#include "rt/scram.h"
#include "rt/tls.h"
#include "server/hba.h"
#include "server/server_internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SECRET_BYTES = 32, MAX_FILE_BYTES = 1 << 20 };

struct rules {
    atomic_int refs;
    struct hba hba;
    struct tls_context *tls;
};

static pthread_mutex_t mu = PTHREAD_MUTEX_INITIALIZER;
static struct rules *current;        /* guarded by mu */
static uint8_t secret[SECRET_BYTES]; /* set before the server listens */

static void rules_unref(struct rules *r)
{
    /* Release and acquire: whoever frees sees all that other holders did. */
    if (!r || atomic_fetch_sub_explicit(&r->refs, 1, memory_order_acq_rel) != 1)
        return;
    tls_context_unref(r->tls);
    arena_done(&r->hba.arena);
    free(r);
}

static struct rules *rules_ref(void)
{
    pthread_mutex_lock(&mu);
    struct rules *r = current;
    if (r)
        atomic_fetch_add_explicit(&r->refs, 1, memory_order_relaxed);
    pthread_mutex_unlock(&mu);
    return r;
}

/* ---- files ---- */

static void path_of(struct buf *out, const char *file)
{
    if (*file != '/')
        buf_printf(out, "%s/", server_setting_named("data_directory"));
    buf_put_c(out, file);
}

static struct err *read_file(const char *path, struct buf *out)
{
    char bytes[1024];
    FILE *f = fopen(path, "re");
    if (!f)
        return err_errno(errno, "open configuration file \"%s\"", path);
    for (size_t n = 1; n && out->len < MAX_FILE_BYTES;) {
        n = fread(bytes, 1, sizeof(bytes), f);
        buf_put(out, bytes, n);
    }
    bool failed = ferror(f) != 0;
    fclose(f);
    return failed ? err_errno(EIO, "read configuration file \"%s\"", path) : buf_finish(out);
}

/* A file with mode 0600, unless it is there. */
static struct err *write_new(const char *path, const void *bytes, size_t n)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno == EEXIST ? NULL : err_errno(errno, "create \"%s\"", path);
    struct err *e = NULL;
    if (write(fd, bytes, n) != (ssize_t)n || fsync(fd) != 0)
        e = err_errno(errno, "write \"%s\"", path);
    close(fd);
    return e;
}

static const char default_rules[] =
    "# Who may connect, from where, as whom, and how that is proved. The first line that fits a\n"
    "# client decides. The server reads this file at its start and when it is told to reload.\n"
    "#\n"
    "# TYPE  DATABASE  USER  ADDRESS  METHOD  [OPTIONS]\n"
    "#\n"
    "# TYPE: local, host, hostssl, hostnossl. METHOD: trust, reject, scram-sha-256, cert.\n"
    "# This machine is trusted; nobody else may connect. For others, for example:\n"
    "#   hostssl  all  all  0.0.0.0/0  scram-sha-256\n"
    "\n"
    "local   all  all                trust\n"
    "host    all  all  127.0.0.1/32  trust\n"
    "host    all  all  ::1/128       trust\n";

static const char default_maps[] =
    "# Names of users in certificates, and whom they may log in as:\n"
    "# the options map=NAME of rules with the method cert.\n"
    "#\n"
    "# MAPNAME  SYSTEM-USERNAME  PG-USERNAME\n";

/* Names that a setting gives, or the file's own in the data directory. */
static struct err *settle_file(const char *setting, const char *name, const char *text)
{
    struct buf path = BUF_INIT;
    bool own = !*server_setting_named(setting);
    path_of(&path, own ? name : server_setting_named(setting));
    struct err *e = buf_finish(&path);
    if (!e)
        server_setting_force(setting, buf_cstr(&path));
    if (!e && own)
        e = write_new(buf_cstr(&path), text, strlen(text));
    buf_done(&path);
    return e;
}

/* A secret of the server's own, by which users who are not there get the same salt each time. */
static struct err *load_secret(void)
{
    uint8_t fresh[SECRET_BYTES];
    struct buf path = BUF_INIT;
    struct buf text = BUF_INIT;
    path_of(&path, "login_secret");
    random_bytes(fresh, sizeof(fresh));
    struct err *e = write_new(buf_cstr(&path), fresh, sizeof(fresh));
    if (!e)
        e = read_file(buf_cstr(&path), &text);
    if (!e && text.len != SECRET_BYTES)
        e = err_new("XX001", "file \"%s\" is damaged: remove it", buf_cstr(&path));
    if (!e)
        memcpy(secret, text.data, SECRET_BYTES);
    buf_done(&path);
    buf_done(&text);
    return e;
}

/* Of the secret's digest: it tells nothing of the secret, and stays with the data directory. */
uint64_t auth_system_identifier(void)
{
    uint8_t digest[CRYPTO_SHA256_BYTES];
    uint64_t id;
    crypto_hmac_sha256(str_make((const char *)secret, sizeof(secret)), STR("system identifier"),
                       digest);
    memcpy(&id, digest, sizeof(id));
    return id >> 1;
}

/* ---- loading ---- */

static struct err *read_maps(struct hba *h)
{
    const char *file = server_setting_named("ident_file");
    struct buf text = BUF_INIT;
    if (access(file, F_OK) != 0)
        return NULL;
    struct err *e = read_file(file, &text);
    if (!e)
        e = hba_parse_maps(h, file, buf_str(&text));
    buf_done(&text);
    return e;
}

static struct err *read_rules(struct hba *h)
{
    const char *file = server_setting_named("hba_file");
    struct buf text = BUF_INIT;
    struct err *e = read_file(file, &text);
    if (!e)
        e = hba_parse(h, file, buf_str(&text));
    buf_done(&text);
    return e;
}

#define NO_AUTHORITY \
    "client certificates can only be checked if a root certificate store is available"

static bool lacks_authority(const struct hba_rule *r)
{
    return !r->error && r->clientcert != HBA_CLIENTCERT_OFF &&
           !(setting_is_on(server_setting_named("ssl")) && *server_setting_named("ssl_ca_file"));
}

static struct err *load_hba(struct rules *r)
{
    const char *hba_file = server_setting_named("hba_file");
    TRY(read_rules(&r->hba));
    TRY(read_maps(&r->hba));
    if (!r->hba.nrules)
        return err_new("F0000", "configuration file \"%s\" contains no entries", hba_file);
    for (int i = 0; i < r->hba.nrules; i++)
        if (lacks_authority(&r->hba.rules[i]))
            return err_context(
                err_hint(err_new("F0000", NO_AUTHORITY),
                         "Make sure the configuration parameters \"ssl\" and \"ssl_ca_file\" are "
                         "set."),
                "line %d of configuration file \"%s\"", r->hba.rules[i].line, hba_file);
    return NULL;
}

static struct err *load_tls(struct rules *r)
{
    static const char *const files[] = {"ssl_cert_file", "ssl_key_file", "ssl_ca_file",
                                        "ssl_crl_file", "ssl_crl_dir"};
    struct buf paths[ARRAY_LENGTH(files)] = {0};
    if (!setting_is_on(server_setting_named("ssl")))
        return NULL;
    for (size_t i = 0; i < ARRAY_LENGTH(files); i++)
        if (*server_setting_named(files[i]))
            path_of(&paths[i], server_setting_named(files[i]));
    struct tls_config config = {
        .cert_file = buf_cstr(&paths[0]),
        .key_file = buf_cstr(&paths[1]),
        .ca_file = buf_cstr(&paths[2]),
        .crl_file = buf_cstr(&paths[3]),
        .crl_dir = buf_cstr(&paths[4]),
        .ciphers = server_setting_named("ssl_ciphers"),
        .curve = server_setting_named("ssl_ecdh_curve"),
        .min_version = server_setting_named("ssl_min_protocol_version"),
        .max_version = server_setting_named("ssl_max_protocol_version"),
        .prefer_server_ciphers = setting_is_on(server_setting_named("ssl_prefer_server_ciphers")),
    };
    struct err *e = tls_context_new(&config, &r->tls);
    for (size_t i = 0; i < ARRAY_LENGTH(files); i++)
        buf_done(&paths[i]);
    return e;
}

static bool listens_beyond_loopback(void);

static struct err *check_doors(const struct rules *r)
{
    const struct hba_rule *door = hba_open_door(&r->hba);
    if (!door || !listens_beyond_loopback())
        return NULL;
    return err_hint(
        err_new("F0000",
                "line %d of \"%s\" trusts whoever connects from beyond this machine, where the "
                "server listens",
                door->line, server_setting_named("hba_file")),
        "Ask for a password there (scram-sha-256), or listen on loopback addresses only.");
}

static struct err *load(void)
{
    struct rules *r = calloc(1, sizeof(*r));
    if (!r)
        return err_oom();
    r->refs = 1;
    arena_init(&r->hba.arena);
    struct err *e = load_hba(r);
    if (!e)
        e = load_tls(r);
    if (!e)
        e = check_doors(r);
    if (e) {
        rules_unref(r);
        return e;
    }
    pthread_mutex_lock(&mu);
    struct rules *old = current;
    current = r;
    pthread_mutex_unlock(&mu);
    rules_unref(old);
    return NULL;
}

struct err *auth_start(void)
{
    TRY(settle_file("hba_file", "pg_hba.conf", default_rules));
    TRY(settle_file("ident_file", "pg_ident.conf", default_maps));
    TRY(load_secret());
    return load();
}

struct err *auth_reload(void)
{
    return load();
}

struct tls_context *auth_tls(void)
{
    struct rules *r = rules_ref();
    struct tls_context *t = r && r->tls ? tls_context_ref(r->tls) : NULL;
    rules_unref(r);
    return t;
}

struct reading {
    struct hba hba;
    struct err *error;
};

static void read_leniently(void *arg)
{
    struct reading *r = arg;
    r->error = read_rules(&r->hba);
    if (!r->error)
        r->error = read_maps(&r->hba);
    for (int i = 0; i < r->hba.nrules; i++)
        if (lacks_authority(&r->hba.rules[i]))
            r->hba.rules[i].error = NO_AUTHORITY;
}

struct err *auth_visit_files(void (*visit)(void *arg, const struct hba *h), void *arg)
{
    struct reading r = {.hba = {.lenient = true}};
    arena_init(&r.hba.arena);
    pool_run(read_leniently, &r);
    if (!r.error)
        visit(arg, &r.hba);
    arena_done(&r.hba.arena);
    return r.error;
}

/* ---- where the server listens ---- */

static bool is_loopback(const char *address)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (strcmp(address, "localhost") == 0)
        return true;
    if (inet_pton(AF_INET, address, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    return inet_pton(AF_INET6, address, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

static bool listens_beyond_loopback(void)
{
    char *list = strdup(server_setting_named("listen_addresses"));
    char *save = NULL;
    bool beyond = false;
    CHECK(list != NULL);
    for (char *a = strtok_r(list, ", ", &save); a; a = strtok_r(NULL, ", ", &save))
        beyond |= !is_loopback(a);
    free(list);
    return beyond;
}

/* ---- a client ---- */

struct login {
    struct backend *b;
    struct rules *rules;
    const struct hba_rule *rule; /* of `rules` */
    const char *user;
    const char *database;
    const struct tls_info *tls;
    int64_t deadline_ns;
    struct scram_verifier verifier; /* of the user, or of nobody */
    bool mock;
};

/* Rules ask for membership as it is written; superusers are members of what they are. */
static bool is_member(void *arg, const char *role)
{
    struct login *l = arg;
    struct cat *cat = &l->b->base.cat;
    uint32_t user = 0;
    uint32_t group = 0;
    bool yes = false;
    struct err *e = cat_role_oid(cat, str_from(l->user), &user);
    if (!e)
        e = cat_role_oid(cat, str_from(role), &group);
    if (!e && user && group)
        e = cat_is_member(cat, user, group, false, &yes);
    bool fine = !e && yes;
    err_free(e);
    return fine;
}

static struct err *refused(const struct login *l, bool by_rule)
{
    const char *address = l->b->base.client_addr;
    return err_fatal(err_new(
        "28000",
        by_rule ? "pg_hba.conf rejects connection for host \"%s\", user \"%s\", database \"%s\", %s"
                : "no pg_hba.conf entry for host \"%s\", user \"%s\", database \"%s\", %s",
        *address ? address : "[local]", l->user, l->database,
        l->tls->version ? "SSL encryption" : "no encryption"));
}

static struct err *failed(const struct login *l)
{
    if (l->rule->method == HBA_SCRAM || l->rule->method == HBA_MD5)
        return err_fatal(
            err_new("28P01", "password authentication failed for user \"%s\"", l->user));
    return err_fatal(err_new("28000", "%s authentication failed for user \"%s\"",
                             l->rule->method == HBA_CERT ? "certificate" : "\"trust\"", l->user));
}

/* The user's verifier; for one that is not there, has none or may not use it any more, one that
 * nothing fits. The work is the same. */
static struct err *find_verifier(struct login *l)
{
    struct cat_role role;
    struct arena a;
    struct scram_verifier mock;
    bool found;
    arena_init(&a);
    struct err *e = cat_role_named(&l->b->base.cat, str_from(l->user), &a, &role, &found);
    if (!e)
        e = scram_mock(str_from(l->user), str_make(secret, sizeof(secret)), &mock);
    if (!e) {
        bool late = found && role.has_valid_until && role.valid_until < timestamp_now();
        struct str text = found && role.password ? str_from(role.password) : STR("");
        l->mock = !scram_parse(text, &l->verifier) || late;
        if (l->mock)
            l->verifier = mock;
    }
    arena_done(&a);
    return e;
}

/* ---- the client's name ---- */

struct lookup {
    const char *address;
    char host[NI_MAXHOST]; /* "": none that leads back to the address */
};

static int address_info(const char *name, int flags, struct addrinfo **out)
{
    const struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = flags};
    return getaddrinfo(name, NULL, &hints, out);
}

static bool is_same(const struct addrinfo *a, const struct addrinfo *b)
{
    if (a->ai_family != b->ai_family)
        return false;
    if (a->ai_family == AF_INET)
        return ((struct sockaddr_in *)a->ai_addr)->sin_addr.s_addr ==
               ((struct sockaddr_in *)b->ai_addr)->sin_addr.s_addr;
    return memcmp(&((struct sockaddr_in6 *)a->ai_addr)->sin6_addr,
                  &((struct sockaddr_in6 *)b->ai_addr)->sin6_addr, 16) == 0;
}

/* Whoever owns an address may give it any name; the name's owner says whether it is true. */
static void look_up(void *arg)
{
    struct lookup *l = arg;
    struct addrinfo *peer = NULL;
    struct addrinfo *named = NULL;
    bool true_name = false;
    if (address_info(l->address, AI_NUMERICHOST, &peer) != 0)
        return;
    if (getnameinfo(peer->ai_addr, peer->ai_addrlen, l->host, sizeof(l->host), NULL, 0,
                    NI_NAMEREQD) == 0 &&
        address_info(l->host, 0, &named) == 0)
        for (const struct addrinfo *a = named; a; a = a->ai_next)
            true_name |= is_same(a, peer);
    if (!true_name)
        l->host[0] = '\0';
    freeaddrinfo(peer);
    if (named)
        freeaddrinfo(named);
}

/* Asks the resolver only when a rule names a host. */
static const char *client_host(struct login *l, struct lookup *lookup)
{
    lookup->address = l->b->base.client_addr;
    if (!l->rules->hba.names_host || !*lookup->address)
        return NULL;
    pool_run(look_up, lookup);
    return lookup->host[0] ? lookup->host : NULL;
}

static struct err *find_rule(struct login *l)
{
    struct lookup lookup = {0};
    struct cat *cat = &l->b->base.cat;
    struct hba_client client = {
        .local = !*l->b->base.client_addr,
        .tls = l->tls->version != NULL,
        .address = l->b->base.client_addr,
        .host = client_host(l, &lookup),
        .user = l->user,
        .database = l->database,
        .member = is_member,
        .arg = l,
    };
    TRY(txn_begin(catalog_txn_mgr(server_catalog), TXN_READ_COMMITTED, true, &cat->txn));
    l->rule = hba_find(&l->rules->hba, &client);
    struct err *e = l->rule ? find_verifier(l) : NULL;
    txn_abort(cat->txn);
    cat->txn = NULL;
    return e;
}

/* The next message, which must be the client's answer. */
static struct err *read_answer(struct login *l, struct str *body)
{
    struct scratch *s = l->b->scratch;
    TRY(backend_flush(l->b));
    for (;;) {
        struct wire_frame frame;
        bool complete;
        bool eof;
        bool timed_out;
        struct str pending = str_make(s->in.data + s->in_at, s->in.len - s->in_at);
        TRY(wire_frame_next(pending, &frame, &complete));
        if (complete && frame.type != 'p')
            return err_fatal(
                err_new("08P01", "expected SASL response, got message type %d", frame.type));
        if (complete) {
            s->in_at += frame.size_bytes;
            *body = frame.body;
            return NULL;
        }
        TRY(conn_read(l->b->conn, &s->in, l->deadline_ns, &eof, &timed_out));
        if (timed_out)
            return err_fatal(err_new("57014", "canceling authentication due to timeout"));
        if (eof)
            return err_fatal(err_new("08006", "the client left while logging in"));
    }
}

/* "mechanism", the length of what follows, the first message. */
static struct err *split_first(struct scram_exchange *x, struct str *body)
{
    const char *nul = memchr(body->data, '\0', body->len);
    size_t name = nul ? (size_t)(nul - body->data) : 0;
    if (!nul || body->len - name < 5)
        return err_fatal(err_new("08P01", "invalid SASL response"));
    x->plus = strcmp(body->data, "SCRAM-SHA-256-PLUS") == 0;
    if ((!x->plus && strcmp(body->data, "SCRAM-SHA-256") != 0) || (x->plus && !x->offered_plus))
        return err_fatal(
            err_new("08P01", "client selected an invalid SASL authentication mechanism"));
    uint32_t len = load_be32(nul + 1);
    *body = str_make(nul + 5, body->len - name - 5);
    return len == body->len ? NULL : err_fatal(err_new("08P01", "invalid SASL response"));
}

static struct err *exchange(struct login *l, struct scram_exchange *x, bool *ok)
{
    struct buf *out = backend_out(l->b);
    struct buf answer = BUF_INIT;
    struct str body;
    wire_auth_sasl(out, x->offered_plus);
    TRY(read_answer(l, &body));
    TRY(split_first(x, &body));
    struct err *e = scram_first(x, body, &answer);
    if (!e)
        wire_auth_sasl_data(out, false, buf_str(&answer));
    if (!e)
        e = read_answer(l, &body);
    buf_reset(&answer);
    if (!e)
        e = scram_final(x, body, &answer, ok);
    *ok = *ok && !l->mock;
    if (!e && *ok)
        wire_auth_sasl_data(out, true, buf_str(&answer));
    buf_done(&answer);
    return e;
}

static struct err *check_password(struct login *l)
{
    bool ok = false;
    struct scram_exchange x = {
        .verifier = &l->verifier,
        .offered_plus = l->tls->version && l->tls->server_end_point.len,
        .binding = l->tls->server_end_point,
    };
    struct err *e = exchange(l, &x, &ok);
    scram_done(&x);
    if (e)
        return err_fatal(e);
    return ok ? NULL : failed(l);
}

static struct err *check_certificate(struct login *l)
{
    const struct hba_rule *r = l->rule;
    if (r->clientcert == HBA_CLIENTCERT_OFF)
        return NULL;
    if (!l->tls->client_cert)
        return err_fatal(err_new("28000", "connection requires a valid client certificate"));
    if (r->clientcert == HBA_CLIENTCERT_CA)
        return NULL;
    const char *name = r->by_dn ? l->tls->client_rfc_dn : l->tls->client_cn;
    return name && hba_map_user(&l->rules->hba, r->map, name, l->user) ? NULL : failed(l);
}

static struct err *check(struct login *l)
{
    TRY(find_rule(l));
    if (!l->rule || l->rule->method == HBA_REJECT)
        return refused(l, l->rule != NULL);
    TRY(check_certificate(l));
    if (l->rule->method == HBA_SCRAM || l->rule->method == HBA_MD5)
        return check_password(l);
    return NULL;
}

struct err *auth_client(struct backend *b, struct str user, struct str database,
                        int64_t deadline_ns)
{
    struct login *l = calloc(1, sizeof(*l));
    struct arena a;
    if (!l)
        return err_oom();
    arena_init(&a);
    *l = (struct login){
        .b = b,
        .rules = rules_ref(),
        .user = arena_strndup(&a, user.data, user.len),
        .database = arena_strndup(&a, database.data, database.len),
        .tls = conn_tls_info(b->conn),
        .deadline_ns = deadline_ns,
    };
    struct err *e = l->rules ? check(l) : err_new("57P03", "the database system is starting up");
    rules_unref(l->rules);
    arena_done(&a);
    free(l);
    return e;
}
