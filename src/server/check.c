/* `tarn check`: verifies a data directory that no server uses. First the files as bytes, then, from
 * a store opened as a start would (redo included), every table against its indexes. */
#include "server/server_internal.h"

#include "exec/verify.h"
#include "storage/check.h"

#include <stdio.h>

static void print_problem(void *arg, const char *text)
{
    (void)arg;
    printf("%s\n", text);
}

struct database_check {
    struct verify_report report;
    int databases;
};

static struct err *check_tables(struct session *s, void *arg)
{
    return verify_database(s, arg);
}

static struct err *check_database(struct str database, void *arg)
{
    struct database_check *c = arg;
    uint64_t before = c->report.problems;
    c->databases++;
    TRY(server_in_database(database, check_tables, &c->report));
    if (c->report.problems > before)
        printf("database \"%.*s\": %llu problems\n", STR_ARG(database),
               (unsigned long long)(c->report.problems - before));
    return NULL;
}

struct err *server_check_tables(uint64_t *problems)
{
    struct database_check c = {.report = {.problem = print_problem}};
    struct err *e = server_each_database(check_database, &c);
    if (!e)
        printf("%llu tables with %llu rows in %d databases checked\n",
               (unsigned long long)c.report.tables, (unsigned long long)c.report.rows, c.databases);
    *problems += c.report.problems;
    return e;
}

struct err *server_check_files(const char *dir, uint64_t *problems)
{
    struct check_report r = {.problem = print_problem};
    TRY(store_check_files(dir, &r));
    *problems += r.problems;
    return NULL;
}
