/* The program: command line, configuration, start and stop. */
#include "server/server_internal.h"
#include "plpgsql/plpgsql.h"

#include "server/auth.h"

#include "base/log.h"
#include "sync/sync.h"
#include "txn/txn.h"

#include <errno.h>
#include <getopt.h>
#include <netdb.h>
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DRAIN_TIMEOUT_MS = 30000, MAX_ASSIGNMENTS = 64 };

struct options {
    const char *data_dir;
    const char *config;
    const char *port;
    const char *listen;
    const char *host;
    const char *user;
    const char *target;                 /* of a backup */
    char *assignments[MAX_ASSIGNMENTS]; /* name=value */
    int nassignments;
};

static const char *config_path; /* read again at SIGHUP; NULL: none */

static void usage(FILE *to)
{
    fputs(
        "Usage: tarn serve [OPTION]...\n"
        "       tarn check -D DIR [-c NAME=VALUE]...\n"
        "       tarn backup [--host HOST] [-p PORT] [-U USER] TARGET\n"
        "       tarn backup -D DIR TARGET\n"
        "       tarn --help | --version\n"
        "\n"
        "serve: runs the Tarn database server until SIGTERM or SIGINT; SIGHUP reads the\n"
        "configuration file again.\n"
        "\n"
        "  -D DIR         data directory, made when it does not exist (./tarn-data)\n"
        "  -c FILE        configuration file\n"
        "  -c NAME=VALUE  a setting, over what the file says\n"
        "  -p PORT        port (5432)\n"
        "  --listen ADDR  addresses to listen on, with commas between (127.0.0.1); beside them "
        "there\n"
        "                 is a Unix-domain socket: setting unix_socket_directories\n"
        "\n"
        "check: verifies a data directory that no server uses: the data file's pages, the\n"
        "write-ahead log, every index against its table. Status 1 when something is wrong.\n"
        "\n"
        "backup: copies a store to the new directory TARGET, from which `tarn serve -D TARGET`\n"
        "starts: that of a running server (127.0.0.1, 5432, postgres), while it works, or of a\n"
        "data directory that no server uses. The key of stored secrets, tarn.key, is not copied.\n",
        to);
}

static void print_version(void)
{
    printf("tarn (PostgreSQL %s compatible) %s\n", server_setting_named("server_version"),
           TARN_VERSION);
}

static bool parse_options(int argc, char **argv, struct options *o)
{
    static const struct option longs[] = {{"listen", required_argument, NULL, 'l'},
                                          {"host", required_argument, NULL, 'H'},
                                          {"help", no_argument, NULL, 'h'},
                                          {"version", no_argument, NULL, 'V'},
                                          {0}};
    int c;
    while ((c = getopt_long(argc, argv, "D:c:p:U:", longs, NULL)) != -1) {
        switch (c) {
        case 'D':
            o->data_dir = optarg;
            break;
        case 'c':
            if (!strchr(optarg, '='))
                o->config = optarg;
            else if (o->nassignments < MAX_ASSIGNMENTS)
                o->assignments[o->nassignments++] = optarg;
            break;
        case 'p':
            o->port = optarg;
            break;
        case 'l':
            o->listen = optarg;
            break;
        case 'H':
            o->host = optarg;
            break;
        case 'U':
            o->user = optarg;
            break;
        case 'h':
            usage(stdout);
            exit(0);
        case 'V':
            print_version();
            exit(0);
        default:
            return false;
        }
    }
    if (optind < argc)
        o->target = argv[optind++];
    return optind == argc;
}

static const struct setting_origin command_line = {.source = SOURCE_COMMAND_LINE};

static struct err *set_named(const char *name, const char *value)
{
    return value ? server_setting_set(str_from(name), value, command_line, false) : NULL;
}

static void configure_log(void)
{
    enum log_level level = LOG_WARNING;
    if (!log_level_parse(server_setting_named("log_min_messages"), &level))
        level = LOG_WARNING;
    log_configure(level, strcmp(server_setting_named("log_format"), "json") == 0);
}

/* What ALTER SYSTEM has set. */
static struct err *read_auto_config(bool reload)
{
    struct buf path = BUF_INIT;
    buf_printf(&path, "%s/%s", server_setting_named("data_directory"), AUTO_CONFIG);
    bool there = access(buf_cstr(&path), F_OK) == 0;
    struct err *e = there ? config_read(buf_cstr(&path), reload) : NULL;
    buf_done(&path);
    return e;
}

/* What the command line says overrides the files. */
static struct err *configure(const struct options *o)
{
    if (o->config) {
        config_path = o->config;
        TRY(config_read(config_path, false));
        char *full = realpath(config_path, NULL);
        server_setting_force("config_file", full ? full : config_path);
        free(full);
    }
    for (int i = 0; i < o->nassignments; i++) {
        const char *equals = strchr(o->assignments[i], '=');
        size_t len = (size_t)(equals - o->assignments[i]);
        TRY(server_setting_set(str_make(o->assignments[i], len), equals + 1, command_line, false));
    }
    TRY(set_named("data_directory", o->data_dir));
    TRY(set_named("port", o->port));
    TRY(set_named("listen_addresses", o->listen));
    TRY(read_auto_config(false));
    configure_log();
    return NULL;
}

static void on_reload(void *arg)
{
    (void)arg;
    server_settings_reload_begin();
    struct err *e = config_path ? config_read(config_path, true) : NULL;
    if (!e)
        e = read_auto_config(true);
    if (!e)
        server_settings_reload_end();
    configure_log();
    if (!e)
        e = auth_reload();
    if (e)
        log_err(LOG_ERROR, "server", e);
    else
        log_write(LOG_LOG, "server", "configuration read again");
    err_free(e);
}

/* ---- start and stop ---- */

static struct err *open_store(struct txn_mgr **mgr, struct catalog **catalog)
{
    struct txn_config config = {
        .dir = server_setting_named("data_directory"),
        .memtable_bytes = (size_t)setting_int(server_setting_named("memtable_size")) * 1024,
        .map_bytes = (size_t)setting_int(server_setting_named("max_database_size")) << 20,
        .wal_segment_bytes = (size_t)setting_int(server_setting_named("wal_segment_size")),
        .checkpoint_timeout_ms = setting_int(server_setting_named("checkpoint_timeout")) * 1000,
        .max_wal_bytes = setting_int(server_setting_named("max_wal_size")) << 20,
        .deadlock_timeout_ms = setting_int(server_setting_named("deadlock_timeout")),
        .fsync = setting_is_on(server_setting_named("fsync")),
    };
    builtin_init();
    exec_init();
    plpgsql_init();
    bootstrap_register(data_system_views);
    bootstrap_register(data_information_schema);
    bootstrap_register(sync_bootstrap_sql());
    sync_init();
    compat_init();
    TRY(txn_mgr_open(&config, mgr));
    TRY(catalog_open(*mgr, catalog));
    server_attach(*catalog);
    if (txn_mgr_is_new(*mgr))
        log_write(LOG_LOG, "server", "initialising the new data directory \"%s\"", config.dir);
    /* Each step is one transaction and is left out when done: a crash in between is made good. */
    TRY(catalog_bootstrap(*catalog));
    TRY(server_bootstrap_database(STR("template1")));
    TRY(server_bootstrap_database(STR("postgres")));
    TRY(server_drop_temporary());
    char *full = realpath(config.dir, NULL);
    if (full)
        server_setting_force("data_directory", full);
    free(full);
    return sync_use_directory(server_setting_named("data_directory"));
}

/* One of the directories is enough, as not each exists everywhere. */
static struct err *listen_unix(struct runtime *rt, uint16_t port)
{
    char *list = strdup(server_setting_named("unix_socket_directories"));
    char *save = NULL;
    struct err *failed = NULL;
    bool any = false;
    CHECK(list != NULL);
    for (char *dir = strtok_r(list, ", ", &save); dir; dir = strtok_r(NULL, ", ", &save)) {
        struct err *e = runtime_listen_unix(rt, dir, port, &session_handler, NULL);
        any = any || !e;
        if (e) {
            log_write(LOG_LOG, "server", "no Unix-domain socket in \"%s\": %s", dir, e->message);
            err_free(failed);
            failed = e;
        }
    }
    free(list);
    if (!any)
        return failed;
    err_free(failed);
    return NULL;
}

static struct err *serve(struct runtime **rt)
{
    const char *addresses = server_setting_named("listen_addresses");
    struct runtime_config config = {.workers =
                                        (int)setting_int(server_setting_named("worker_threads")),
                                    .on_reload = on_reload};
    uint16_t port = (uint16_t)setting_int(server_setting_named("port"));
    char text[8];
    TRY(auth_start());
    TRY(runtime_new(&config, rt));
    newcomers_start(*rt);
    bool chosen = port != 0; /* else the port that TCP finds names the socket */
    if (chosen)              /* who finds the one finds the other */
        TRY(listen_unix(*rt, port));
    TRY(runtime_listen(*rt, addresses, port, &session_handler, NULL, &port));
    if (!chosen)
        TRY(listen_unix(*rt, port));
    snprintf(text, sizeof(text), "%u", port);
    server_setting_force("port", text);
    log_write(
        LOG_LOG, "server",
        "tarn %s, data directory \"%s\", listening on %s port %u, ready to accept connections",
        TARN_VERSION, server_setting_named("data_directory"), addresses, port);
    auto_analyze_start(*rt);
    sync_host_start(*rt);
    int signal = runtime_run(*rt);
    log_write(LOG_LOG, "server", "stopping after signal %d", signal);
    auto_analyze_stop();
    sync_stop();
    sessions_terminate_all();
    newcomers_terminate_all(*rt);
    if (!runtime_drain(*rt, DRAIN_TIMEOUT_MS))
        log_write(LOG_WARNING, "server", "sessions did not end in time");
    return NULL;
}

static struct err *run(const struct options *o)
{
    struct txn_mgr *mgr = NULL;
    struct catalog *catalog = NULL;
    struct runtime *rt = NULL;
    TRY(configure(o));
    struct err *e = open_store(&mgr, &catalog);
    if (!e)
        e = serve(&rt);
    bool drained = !rt || runtime_drain(rt, 0);
    if (drained) {
        runtime_free(rt);
        if (catalog)
            catalog_close(catalog);
        struct err *closing = mgr ? txn_mgr_close(mgr) : NULL;
        if (!e)
            e = closing;
        else
            err_free(closing);
    }
    if (!e)
        log_write(LOG_LOG, "server", "stopped");
    if (!drained)
        _exit(1); /* sessions still hold the store: the next start recovers */
    return e;
}

/* ---- check ---- */

static struct err *check_tables(uint64_t *problems)
{
    struct txn_mgr *mgr = NULL;
    struct catalog *catalog = NULL;
    struct err *e = open_store(&mgr, &catalog);
    if (!e)
        e = server_check_tables(problems);
    if (catalog)
        catalog_close(catalog);
    if (mgr)
        txn_mgr_close_hard(mgr); /* leaves the files as they are */
    return e;
}

static struct err *check(const struct options *o, uint64_t *problems)
{
    TRY(configure(o));
    TRY(server_check_files(server_setting_named("data_directory"), problems));
    /* With damaged pages the rest would be read in vain, or not survive it. */
    return *problems ? NULL : check_tables(problems);
}

static int run_check(const struct options *o)
{
    uint64_t problems = 0;
    struct err *e = check(o, &problems);
    if (e) {
        log_err(LOG_FATAL, "check", e);
        err_free(e);
        return 1;
    }
    printf(problems ? "%llu problems\n" : "no problems\n", (unsigned long long)problems);
    return problems ? 1 : 0;
}

/* ---- backup ---- */

/* A start would make a new one. */
static struct err *must_be_store(const char *dir)
{
    char path[1024];
    struct stat st;
    snprintf(path, sizeof(path), "%s/FORMAT", dir);
    if (stat(path, &st) == 0)
        return NULL;
    return err_new("58P01", "\"%s\" is not a data directory: it has no FORMAT file", dir);
}

static struct err *backup_here(const struct options *o)
{
    struct txn_mgr *mgr = NULL;
    struct catalog *catalog = NULL;
    TRY(configure(o));
    TRY(must_be_store(server_setting_named("data_directory")));
    struct err *e = open_store(&mgr, &catalog);
    if (!e)
        e = txn_mgr_backup(mgr, o->target);
    if (catalog)
        catalog_close(catalog);
    if (mgr)
        txn_mgr_close_hard(mgr);
    return e;
}

static int run_backup(const struct options *o)
{
    struct err *e =
        o->data_dir ? backup_here(o)
                    : server_ask_backup(o->host ? o->host : "127.0.0.1", o->port ? o->port : "5432",
                                        o->user ? o->user : "postgres", o->target);
    if (!e)
        return 0;
    log_err(LOG_FATAL, "backup", e);
    err_free(e);
    return 1;
}

int main(int argc, char **argv)
{
    struct options o = {0};
    const char *command = argc > 1 ? argv[1] : "";
    settings_init();
    if (strcmp(command, "--help") == 0 || strcmp(command, "-h") == 0) {
        usage(stdout);
        return 0;
    }
    if (strcmp(command, "--version") == 0 || strcmp(command, "-V") == 0) {
        print_version();
        return 0;
    }
    bool serving = strcmp(command, "serve") == 0;
    bool checking = strcmp(command, "check") == 0;
    bool copying = strcmp(command, "backup") == 0;
    bool known = serving || checking || copying;
    if (!known || !parse_options(argc - 1, argv + 1, &o) || copying != (o.target != NULL)) {
        usage(stderr);
        return 2;
    }
    if (checking)
        return run_check(&o);
    if (copying)
        return run_backup(&o);
    struct err *e = run(&o);
    if (e) {
        log_err(LOG_FATAL, "server", e);
        err_free(e);
        return 1;
    }
    return 0;
}
