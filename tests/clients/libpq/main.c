/* libpq by its own calls: logins, retries, synchronous, asynchronous, single rows, pipelines,
 * binary values, COPY, cancel, notifications, errors and their fields, large objects. */
#include <libpq-fe.h>
#include <libpq/libpq-fs.h>

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <unistd.h>

static int failures;
static const char *why;

/* Within a test: it fails, with a reason, unless the condition holds. */
#define WANT(condition)                                                               \
    do {                                                                              \
        if (!(condition)) {                                                           \
            static char reason[400];                                                  \
            snprintf(reason, sizeof(reason), "line %d: %s: %s", __LINE__, #condition, \
                     PQerrorMessage(c));                                              \
            why = reason;                                                             \
            return;                                                                   \
        }                                                                             \
    } while (0)

static void attempt(const char *what, void (*test)(PGconn *c), PGconn *c)
{
    why = NULL;
    test(c);
    for (PGresult *r; (r = PQgetResult(c)) != NULL;)
        PQclear(r);
    if (why)
        printf("FAILED %s: %s\n", what, why);
    else
        printf("ok %s\n", what);
    failures += why != NULL;
    fflush(stdout);
}

static bool is(PGresult *r, const char *value)
{
    bool same = PQresultStatus(r) == PGRES_TUPLES_OK && PQntuples(r) == 1 &&
                strcmp(PQgetvalue(r, 0, 0), value) == 0;
    PQclear(r);
    return same;
}

static bool ok(PGresult *r)
{
    bool done = PQresultStatus(r) == PGRES_COMMAND_OK;
    PQclear(r);
    return done;
}

/* A connection of the user who is let in over TLS alone; `password` replaces that of SECURE_URL. */
static PGconn *secure(const char *password, const char *sslmode)
{
    PQconninfoOption *options = PQconninfoParse(getenv("SECURE_URL"), NULL);
    const char *words[16] = {"sslmode", "sslrootcert"};
    const char *values[16] = {sslmode, getenv("SECURE_CA")};
    size_t n = 2;
    for (PQconninfoOption *o = options; o && o->keyword && n < 15; o++) {
        if (!o->val)
            continue;
        words[n] = o->keyword;
        values[n++] = password && strcmp(o->keyword, "password") == 0 ? password : o->val;
    }
    PGconn *c = PQconnectdbParams(words, values, 0);
    PQconninfoFree(options);
    return c;
}

static bool refused(const char *password, const char *sslmode, const char *reason)
{
    PGconn *c = secure(password, sslmode);
    bool is_so = PQstatus(c) == CONNECTION_BAD && strstr(PQerrorMessage(c), reason);
    PQfinish(c);
    return is_so;
}

static void login(PGconn *unused)
{
    (void)unused;
    PGconn *c = secure(NULL, "verify-full");
    WANT(PQstatus(c) == CONNECTION_OK && PQsslInUse(c));
    WANT(is(
        PQexec(c,
               "SELECT current_user || ' ' || ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"),
        "secure true"));
    WANT(refused(NULL, "disable", "rejects connection"));
    WANT(refused("another", "verify-full", "password authentication failed"));
    PQfinish(c);
}

static bool begins(PGconn *c)
{
    return ok(PQexec(c, "BEGIN ISOLATION LEVEL REPEATABLE READ")) &&
           is(PQexec(c, "SELECT count(*) FROM libpq_counter"), "1");
}

static void retry(PGconn *c)
{
    PGconn *other = PQconnectdb("");
    PQclear(PQexec(other, "DROP TABLE IF EXISTS libpq_counter"));
    PQclear(PQexec(other, "CREATE TABLE libpq_counter AS SELECT 0 AS n"));
    WANT(begins(c));
    WANT(ok(PQexec(other, "UPDATE libpq_counter SET n = n + 1")));
    PGresult *r = PQexec(c, "UPDATE libpq_counter SET n = n + 1");
    WANT(PQresultStatus(r) == PGRES_FATAL_ERROR &&
         strcmp(PQresultErrorField(r, PG_DIAG_SQLSTATE), "40001") == 0);
    PQclear(r);
    WANT(PQtransactionStatus(c) == PQTRANS_INERROR && ok(PQexec(c, "ROLLBACK")));
    WANT(begins(c) && ok(PQexec(c, "UPDATE libpq_counter SET n = n + 1")) &&
         ok(PQexec(c, "COMMIT")));
    WANT(is(PQexec(other, "SELECT n FROM libpq_counter"), "2"));
    WANT(ok(PQexec(other, "DROP TABLE libpq_counter")));
    PQfinish(other);
}

static void connected(PGconn *c)
{
    WANT(PQserverVersion(c) >= 150000 && PQserverVersion(c) < 160000);
    WANT(PQprotocolVersion(c) == 3);
    WANT(strcmp(PQparameterStatus(c, "server_encoding"), "UTF8") == 0);
    WANT(strcmp(PQparameterStatus(c, "integer_datetimes"), "on") == 0);
    WANT(strcmp(PQparameterStatus(c, "standard_conforming_strings"), "on") == 0);
    WANT(PQbackendPID(c) != 0);
    WANT(ok(PQexec(c, "SET application_name = 'renamed'")));
    WANT(strcmp(PQparameterStatus(c, "application_name"), "renamed") == 0);
    WANT(PQtransactionStatus(c) == PQTRANS_IDLE);
    WANT(ok(PQexec(c, "BEGIN")) && PQtransactionStatus(c) == PQTRANS_INTRANS);
    PQclear(PQexec(c, "SELECT nosuch"));
    WANT(PQtransactionStatus(c) == PQTRANS_INERROR);
    WANT(ok(PQexec(c, "ROLLBACK")) && PQtransactionStatus(c) == PQTRANS_IDLE);
}

static void described(PGconn *c)
{
    PGresult *r = PQprepare(
        c, "p", "SELECT $1::int + 1 AS n, $2::text AS t, relname FROM pg_class LIMIT 0", 0, NULL);
    WANT(ok(r));
    r = PQdescribePrepared(c, "p");
    WANT(PQnparams(r) == 2 && PQparamtype(r, 0) == 23 && PQparamtype(r, 1) == 25);
    WANT(PQnfields(r) == 3 && strcmp(PQfname(r, 0), "n") == 0 && PQftype(r, 2) == 19);
    WANT(PQftable(r, 2) == 1259 && PQftablecol(r, 2) == 2 && PQftable(r, 0) == 0);
    PQclear(r);
    WANT(ok(PQexec(c, "DEALLOCATE p")));
}

static void binary(PGconn *c)
{
    uint32_t n = htonl(41);
    const char *values[] = {(const char *)&n, "it's", NULL};
    int lengths[] = {4, 4, 0};
    int formats[] = {1, 1, 0};
    Oid types[] = {23, 25, 25};
    PGresult *r = PQexecParams(c, "SELECT $1 + 1, $2, $3, 'x'::bytea, 1.5::float8", 3, types,
                               values, lengths, formats, 1);
    WANT(PQresultStatus(r) == PGRES_TUPLES_OK && PQfformat(r, 0) == 1);
    WANT(PQgetlength(r, 0, 0) == 4 && ntohl(*(uint32_t *)PQgetvalue(r, 0, 0)) == 42);
    WANT(PQgetlength(r, 0, 1) == 4 && memcmp(PQgetvalue(r, 0, 1), "it's", 4) == 0);
    WANT(PQgetisnull(r, 0, 2) && PQgetlength(r, 0, 3) == 1 && PQgetlength(r, 0, 4) == 8);
    PQclear(r);
}

static void error_fields(PGconn *c)
{
    PGresult *r = PQexec(c, "SELECT  nosuch FROM pg_class");
    WANT(PQresultStatus(r) == PGRES_FATAL_ERROR);
    WANT(strcmp(PQresultErrorField(r, PG_DIAG_SQLSTATE), "42703") == 0);
    WANT(strcmp(PQresultErrorField(r, PG_DIAG_STATEMENT_POSITION), "9") == 0);
    WANT(strcmp(PQresultErrorField(r, PG_DIAG_SEVERITY_NONLOCALIZED), "ERROR") == 0);
    PQclear(r);
    WANT(ok(PQexec(c, "CREATE TEMP TABLE uniq (a int CONSTRAINT only_once UNIQUE); INSERT INTO "
                      "uniq VALUES (1)")));
    r = PQexec(c, "INSERT INTO uniq VALUES (1)");
    WANT(strcmp(PQresultErrorField(r, PG_DIAG_SQLSTATE), "23505") == 0);
    WANT(strcmp(PQresultErrorField(r, PG_DIAG_CONSTRAINT_NAME), "only_once") == 0);
    WANT(strcmp(PQresultErrorField(r, PG_DIAG_TABLE_NAME), "uniq") == 0);
    WANT(strcmp(PQresultErrorField(r, PG_DIAG_MESSAGE_DETAIL), "Key (a)=(1) already exists.") == 0);
    PQclear(r);
}

static int notices;

static void count_notice(void *arg, const PGresult *r)
{
    (void)arg;
    notices += strcmp(PQresultErrorField(r, PG_DIAG_SEVERITY), "NOTICE") == 0;
}

static void notice(PGconn *c)
{
    PQnoticeReceiver before = PQsetNoticeReceiver(c, count_notice, NULL);
    WANT(ok(PQexec(c, "DROP TABLE IF EXISTS never_was")));
    PQsetNoticeReceiver(c, before, NULL);
    WANT(notices == 1);
}

static void several_statements(PGconn *c)
{
    WANT(PQsendQuery(c, "SELECT 1; SELECT 2; CREATE TEMP TABLE several (a int); SELECT 3"));
    char seen[8] = "";
    for (PGresult *r; (r = PQgetResult(c)) != NULL; PQclear(r))
        strcat(seen, PQresultStatus(r) == PGRES_TUPLES_OK ? PQgetvalue(r, 0, 0) : "c");
    WANT(strcmp(seen, "12c3") == 0);
    PGresult *r = PQexec(c, "");
    WANT(PQresultStatus(r) == PGRES_EMPTY_QUERY);
    PQclear(r);
    r = PQexec(c, "INSERT INTO several SELECT generate_series(1, 5)");
    WANT(strcmp(PQcmdStatus(r), "INSERT 0 5") == 0 && strcmp(PQcmdTuples(r), "5") == 0);
    PQclear(r);
}

static void wait_for_input(PGconn *c)
{
    fd_set set;
    struct timeval limit = {20, 0};
    FD_ZERO(&set);
    FD_SET(PQsocket(c), &set);
    if (select(PQsocket(c) + 1, &set, NULL, NULL, &limit) > 0)
        PQconsumeInput(c);
}

static void single_rows(PGconn *c)
{
    int rows = 0;
    bool ended = false;
    WANT(PQsendQuery(c, "SELECT i, repeat('x', 100) FROM generate_series(1, 20000) i"));
    WANT(PQsetSingleRowMode(c));
    WANT(PQsetnonblocking(c, 1) == 0);
    while (!ended) {
        while (PQisBusy(c))
            wait_for_input(c);
        PGresult *r = PQgetResult(c);
        if (!r)
            break;
        if (PQresultStatus(r) == PGRES_SINGLE_TUPLE)
            rows += atoi(PQgetvalue(r, 0, 0)) == rows + 1;
        else
            ended = PQresultStatus(r) != PGRES_TUPLES_OK || PQntuples(r) != 0;
        PQclear(r);
    }
    WANT(PQsetnonblocking(c, 0) == 0);
    WANT(rows == 20000 && !ended);
}

static void pipeline(PGconn *c)
{
    WANT(ok(PQexec(c, "CREATE TEMP TABLE piped (a int PRIMARY KEY)")));
    WANT(PQenterPipelineMode(c));
    for (int i = 0; i < 100; i++) {
        char text[16];
        const char *values[] = {text};
        snprintf(text, sizeof(text), "%d", i == 60 ? 59 : i); /* a duplicate in the second part */
        WANT(PQsendQueryParams(c, "INSERT INTO piped VALUES ($1::int)", 1, NULL, values, NULL, NULL,
                               0));
        if (i % 50 == 49)
            WANT(PQpipelineSync(c));
    }
    int done = 0, failed = 0, aborted = 0, syncs = 0;
    while (syncs < 2) {
        PGresult *r = PQgetResult(c);
        if (!r)
            continue;
        done += PQresultStatus(r) == PGRES_COMMAND_OK;
        failed += PQresultStatus(r) == PGRES_FATAL_ERROR;
        aborted += PQresultStatus(r) == PGRES_PIPELINE_ABORTED;
        syncs += PQresultStatus(r) == PGRES_PIPELINE_SYNC;
        PQclear(r);
    }
    WANT(PQexitPipelineMode(c));
    WANT(done == 60 && failed == 1 && aborted == 39);
    WANT(is(PQexec(c, "SELECT count(*) FROM piped"), "50"));
}

static void copying(PGconn *c)
{
    char *line;
    WANT(ok(PQexec(c, "CREATE TEMP TABLE copied (a int, b text)")));
    PGresult *r = PQexec(c, "COPY copied FROM STDIN");
    WANT(PQresultStatus(r) == PGRES_COPY_IN && PQnfields(r) == 2 && !PQbinaryTuples(r));
    PQclear(r);
    WANT(PQputCopyData(c, "1\tone\n2\t\\N\n", 11) == 1 && PQputCopyEnd(c, NULL) == 1);
    r = PQgetResult(c);
    WANT(strcmp(PQcmdTuples(r), "2") == 0);
    PQclear(r);
    PQclear(PQgetResult(c));
    r = PQexec(c, "COPY copied FROM STDIN");
    PQclear(r);
    WANT(PQputCopyEnd(c, "changed my mind") == 1);
    r = PQgetResult(c);
    WANT(strcmp(PQresultErrorField(r, PG_DIAG_SQLSTATE), "57014") == 0);
    PQclear(r);
    PQclear(PQgetResult(c));
    r = PQexec(c, "COPY (SELECT * FROM copied ORDER BY a) TO STDOUT");
    WANT(PQresultStatus(r) == PGRES_COPY_OUT);
    PQclear(r);
    WANT(PQgetCopyData(c, &line, 0) == 6 && memcmp(line, "1\tone\n", 6) == 0);
    PQfreemem(line);
    WANT(PQgetCopyData(c, &line, 0) == 5 && memcmp(line, "2\t\\N\n", 5) == 0);
    PQfreemem(line);
    WANT(PQgetCopyData(c, &line, 0) == -1);
    WANT(ok(PQgetResult(c)));
}

static void cancel(PGconn *c)
{
    char error[256];
    PGcancel *handle = PQgetCancel(c);
    WANT(PQsendQuery(c, "SELECT pg_sleep(30)"));
    WANT(PQcancel(handle, error, sizeof(error)));
    PQfreeCancel(handle);
    PGresult *r = PQgetResult(c);
    WANT(strcmp(PQresultErrorField(r, PG_DIAG_SQLSTATE), "57014") == 0);
    PQclear(r);
}

static void notifications(PGconn *c)
{
    PGconn *other = PQconnectdb("");
    WANT(ok(PQexec(c, "LISTEN \"Some channel\"")));
    bool sent = ok(PQexec(other, "SELECT 1 WHERE false")) ||
                ok(PQexec(other, "NOTIFY \"Some channel\", 'a payload'"));
    PGnotify *n = NULL;
    for (int i = 0; sent && i < 20 && !n; i++) {
        n = PQnotifies(c);
        if (!n)
            wait_for_input(c);
    }
    int pid = PQbackendPID(other);
    PQfinish(other);
    WANT(n && strcmp(n->relname, "Some channel") == 0 && strcmp(n->extra, "a payload") == 0 &&
         n->be_pid == pid);
    PQfreemem(n);
}

/* 5 MB in pieces that fit no page, through the function call message. */
static void large_object_bytes(PGconn *c, Oid oid)
{
    enum { PIECE = 7001, PIECES = 700 };
    char piece[PIECE];
    char back[PIECE];
    int fd = lo_open(c, oid, INV_READ | INV_WRITE);
    WANT(fd >= 0);
    for (int i = 0; i < PIECES; i++) {
        memset(piece, 'a' + i % 26, sizeof(piece));
        WANT(lo_write(c, fd, piece, sizeof(piece)) == PIECE);
    }
    WANT(lo_tell64(c, fd) == (pg_int64)PIECE * PIECES);
    WANT(lo_lseek64(c, fd, 0, SEEK_SET) == 0);
    for (int i = 0; i < PIECES; i++) {
        memset(piece, 'a' + i % 26, sizeof(piece));
        WANT(lo_read(c, fd, back, sizeof(back)) == PIECE);
        WANT(memcmp(piece, back, sizeof(back)) == 0);
    }
    WANT(lo_read(c, fd, back, sizeof(back)) == 0);
    WANT(lo_truncate64(c, fd, 5000000000) == 0 && lo_lseek64(c, fd, -1, SEEK_END) == 4999999999);
    WANT(lo_tell(c, fd) == -1); /* no int has it */
}

static void large_objects(PGconn *c)
{
    char path[] = "/tmp/libpq_large_object_XXXXXX";
    char read_back[16] = "";
    WANT(ok(PQexec(c, "BEGIN")));
    Oid oid = lo_creat(c, INV_READ | INV_WRITE);
    WANT(oid != 0);
    large_object_bytes(c, oid);
    if (why)
        return;
    WANT(ok(PQexec(c, "ROLLBACK")));
    WANT(ok(PQexec(c, "BEGIN")));
    WANT(lo_open(c, oid, INV_READ) == -1); /* it went with the transaction */
    WANT(strstr(PQerrorMessage(c), "does not exist"));
    WANT(ok(PQexec(c, "ROLLBACK")));
    int file = mkstemp(path);
    WANT(file >= 0 && write(file, "from a file", 11) == 11);
    WANT(ok(PQexec(c, "BEGIN")));
    oid = lo_import(c, path);
    WANT(oid != 0 && lo_export(c, oid, path) == 1);
    WANT(pread(file, read_back, sizeof(read_back), 0) == 11 &&
         strcmp(read_back, "from a file") == 0);
    WANT(lo_unlink(c, oid) == 1);
    WANT(ok(PQexec(c, "COMMIT")));
    close(file);
    unlink(path);
}

static void large_objects_of_text(PGconn *c)
{
    size_t size = 40u << 20;
    char *text = malloc(size + 1);
    memset(text, 'y', size);
    text[size] = '\0';
    const char *values[] = {text};
    PGresult *r =
        PQexecParams(c, "SELECT length($1::text), $1::text", 1, NULL, values, NULL, NULL, 0);
    WANT(PQresultStatus(r) == PGRES_TUPLES_OK && atoi(PQgetvalue(r, 0, 0)) == (int)size);
    WANT(PQgetlength(r, 0, 1) == (int)size && memcmp(PQgetvalue(r, 0, 1), text, size) == 0);
    PQclear(r);
    free(text);
}

static void function_call(PGconn *c)
{
    enum { INT4PL = 177 };
    int result = 0;
    int length = 0;
    PQArgBlock args[] = {{.len = 4, .isint = 1, .u.integer = 7},
                         {.len = 4, .isint = 1, .u.integer = 5}};
    PGresult *r = PQfn(c, INT4PL, &result, &length, 1, args, 2);
    WANT(PQresultStatus(r) == PGRES_COMMAND_OK && result == 12);
    PQclear(r);
}

static void encodings(PGconn *c)
{
    WANT(PQsetClientEncoding(c, "UTF8") == 0);
    WANT(is(PQexec(c, "SELECT 'h\xc3\xa9'"), "h\xc3\xa9"));
}

int main(void)
{
    static const struct {
        const char *what;
        void (*test)(PGconn *c);
    } tests[] = {{"login by SCRAM over TLS", login},
                 {"retry on 40001", retry},
                 {"parameters and transaction status", connected},
                 {"describe", described},
                 {"binary", binary},
                 {"error fields", error_fields},
                 {"notice", notice},
                 {"several statements", several_statements},
                 {"single rows, not blocking", single_rows},
                 {"pipeline with an error", pipeline},
                 {"copy", copying},
                 {"cancel", cancel},
                 {"notifications", notifications},
                 {"40 MiB both ways", large_objects_of_text},
                 {"large objects", large_objects},
                 {"function call", function_call},
                 {"encodings", encodings}};
    PGconn *c = PQconnectdb("options='-c search_path=pg_temp,public -c work_mem=2MB'");
    if (PQstatus(c) != CONNECTION_OK) {
        printf("FAILED connect: %s\n", PQerrorMessage(c));
        return 1;
    }
    printf("%s options at start\n", is(PQexec(c, "SHOW work_mem"), "2MB") ? "ok" : "FAILED");
    for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++)
        attempt(tests[i].what, tests[i].test, c);
    PQfinish(c);
    return failures ? 1 : 0;
}
