/* Parsing: own statements, nesting limits, positions. Deparsing through constant expressions. */
#include "catalog/builtin.h"
#include "sql/analyze.h"
#include "sql/own_stmt.h"
#include "sql/parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

static struct arena arena;

static int set_up(void **state)
{
    (void)state;
    builtin_init();
    arena_init(&arena);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_done(&arena);
    assert_int_equal(err_alive(), 0);
    return 0;
}

static struct parsed parse_ok(const char *sql)
{
    struct parsed p;
    struct err *e = parse_sql(sql, &arena, &p);
    if (e)
        fail_msg("%s", e->message);
    return p;
}

static void expect_error(const char *sql, const char *sqlstate, int position)
{
    struct parsed p;
    struct err *e = parse_sql(sql, &arena, &p);
    assert_non_null(e);
    assert_string_equal(e->sqlstate, sqlstate);
    assert_int_equal(e->position, position);
    err_free(e);
}

static void statements_are_split(void **state)
{
    (void)state;
    assert_int_equal(parse_ok("").count, 0);
    assert_int_equal(parse_ok(" ; ;").count, 0);
    assert_int_equal(parse_ok("SELECT 1; SELECT ';'; SELECT $$;$$").count, 3);
}

static void syntax_errors_have_positions(void **state)
{
    (void)state;
    expect_error("SELECT 1 FROM WHERE", "42601", 15);
    expect_error("SELEC 1", "42601", 1);
    expect_error("SELECT 'é' FROM WHERE", "42601", 17);
}

static void own_statements_are_recognised(void **state)
{
    (void)state;
    struct parsed p =
        parse_ok("CREATE SYNCED TABLE IF NOT EXISTS s.\"T x\" FROM DELTA '/tmp/it''s'\n"
                 "  PRIMARY KEY (a, \"B\") MODE SNAPSHOT WITH (batch_rows = 10) NO WAIT; SELECT 1");
    assert_int_equal(p.count, 2);
    const struct own_stmt *s = p.stmts[0].own;
    assert_int_equal(s->kind, OWN_CREATE_SYNCED);
    assert_true(s->missing_ok && s->no_wait);
    assert_string_equal(s->schema, "s");
    assert_string_equal(s->name, "T x");
    assert_string_equal(s->uri, "/tmp/it's");
    assert_int_equal(s->nkeys, 2);
    assert_string_equal(s->keys[1], "B");
    assert_string_equal(s->options[0].name, "batch_rows");
    assert_null(p.stmts[1].own);
}

static void own_statements_have_rows_and_errors(void **state)
{
    (void)state;
    struct parsed p =
        parse_ok("CREATE SYNCED TABLE t FROM DELTA 'x' PRIMARY KEY (a) TIMESERIES KEY (b);"
                 "VERIFY SYNCED TABLE t REPAIR; CHECK SYNC FROM DELTA 'x' PRIMARY KEY (a)");
    assert_string_equal(p.stmts[0].own->time_key, "b");
    assert_null(own_stmt_result(p.stmts[0].own));
    assert_true(p.stmts[1].own->repair);
    assert_string_equal(own_stmt_result(p.stmts[1].own)->columns[2].name, "detail");
    assert_int_equal(own_stmt_result(p.stmts[2].own)->count, 6);
    expect_error("CREATE SYNCED TABLE t FROM DELTA x PRIMARY KEY (a)", "42601", 34);
    expect_error("REFRESH SYNCED TABLE", "42601", 21);
    expect_error("CHECK SYNC FROM DELTA 'x'", "42601", 26);
}

static char *repeat(const char *unit, int n, const char *head, const char *tail)
{
    struct buf b = BUF_INIT;
    buf_put_c(&b, head);
    for (int i = 0; i < n; i++)
        buf_put_c(&b, unit);
    buf_put_c(&b, tail);
    char *s = arena_strdup(&arena, buf_cstr(&b));
    buf_done(&b);
    return s;
}

static void deep_nesting_is_refused(void **state)
{
    (void)state;
    parse_ok(repeat("+1", 5000, "SELECT 1", ""));
    parse_ok(repeat("(1),", 20000, "INSERT INTO t VALUES ", "(2)"));
    parse_ok(repeat(" WHEN 1 THEN 2", 20000, "SELECT CASE", " END"));
    parse_ok(repeat(" OR 1", 30000, "SELECT 1", ""));
    expect_error(repeat("+1", 100000, "SELECT 1", ""), "54001", 0);
    expect_error(repeat(" UNION SELECT 1,2", 30000, "SELECT 1,2", ""), "54001", 0);
    expect_error(repeat(" JOIN t ON a AND b", 30000, "SELECT 1 FROM t", ""), "54001", 0);
    expect_error(repeat("NOT NOT 1 BETWEEN 1 AND ", 10000, "SELECT ", "1"), "54001", 0);
    expect_error(repeat(" CASE WHEN t.end AND 1 THEN", 5000, "SELECT", "1"), "54001", 0);
    expect_error(repeat("(", 10000, "SELECT ", "1"), "54001", 0);
}

static void check_deparse(const char *sql, const char *plain, const char *pretty)
{
    struct cat cat = {0};
    struct type_env env = {0};
    struct rte *rte;
    struct expr *e;
    struct buf b = BUF_INIT;
    struct err *err =
        analyze_expr_text(&cat, &env, sql, NULL, USE_DEFAULT, 0, -1, &arena, &rte, &e);
    if (err)
        fail_msg("%s", err->message);
    assert_null(deparse_expr(&cat, e, NULL, &b));
    assert_string_equal(buf_cstr(&b), plain);
    buf_reset(&b);
    assert_null(deparse_expr_pretty(&cat, e, NULL, &b));
    assert_string_equal(buf_cstr(&b), pretty);
    buf_done(&b);
}

/* As pg_get_expr of PostgreSQL 15 shows the same expressions. */
static void expressions_deparse(void **state)
{
    (void)state;
    check_deparse("1 + 2 * 3", "(1 + (2 * 3))", "1 + 2 * 3");
    check_deparse("(1 + 2) * 3", "((1 + 2) * 3)", "(1 + 2) * 3");
    check_deparse("'a'", "'a'::text", "'a'::text");
    check_deparse("-5", "'-5'::integer", "'-5'::integer");
    check_deparse("1.50", "1.50", "1.50");
    check_deparse("now()", "now()", "now()");
    check_deparse("1 > 2.5 AND NOT true", "(((1)::numeric > 2.5) AND (NOT true))",
                  "1::numeric > 2.5 AND NOT true");
    check_deparse("coalesce(NULL, 'x') IS NULL", "(COALESCE(NULL::text, 'x'::text) IS NULL)",
                  "COALESCE(NULL::text, 'x'::text) IS NULL");
    check_deparse("CURRENT_TIMESTAMP(3)", "CURRENT_TIMESTAMP(3)", "CURRENT_TIMESTAMP(3)");
}

static void resolution_errors(void **state)
{
    static const struct {
        const char *sql;
        const char *sqlstate;
    } cases[] = {{"nosuch(1)", "42883"},
                 {"1 + true", "42883"},
                 {"'x'::nosuch", "42704"},
                 {"'abc'::integer", "22P02"},
                 {"CASE WHEN 1 THEN 2 END", "42804"},
                 {"a", "42703"}};
    struct cat cat = {0};
    struct type_env env = {0};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct rte *rte;
        struct expr *e;
        struct err *err =
            analyze_expr_text(&cat, &env, cases[i].sql, NULL, USE_DEFAULT, 0, -1, &arena, &rte, &e);
        assert_non_null(err);
        assert_string_equal(err->sqlstate, cases[i].sqlstate);
        err_free(err);
    }
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(statements_are_split),
        TEST(syntax_errors_have_positions),
        TEST(own_statements_are_recognised),
        TEST(own_statements_have_rows_and_errors),
        TEST(deep_nesting_is_refused),
        TEST(expressions_deparse),
        TEST(resolution_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
