/* Settings: values and their texts, a session's values under transactions, the configuration file.
 */
#include "server/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static const struct setting_def *named(const char *name)
{
    const struct setting_def *def = setting_find(str_from(name));
    assert_non_null(def);
    return def;
}

static void test_table(void **state)
{
    (void)state;
    for (int i = 0; i < setting_table_count; i++) {
        const struct setting_def *def = &setting_table[i];
        assert_ptr_equal(setting_find(str_from(def->name)), def);
        if (def->type == SETTING_ENUM)
            assert_true(setting_enum_index(def, def->boot) >= 0);
        if (def->context == SETTING_INTERNAL || def->flags & SETTING_HIDDEN ||
            strchr(def->boot, '$'))
            continue;
        char *canonical = NULL;
        struct err *e = setting_canonical(def, def->boot, &canonical);
        if (e)
            fail_msg("%s: %s", def->name, e->message);
        assert_string_equal(canonical, def->boot);
        free(canonical);
    }
    assert_null(setting_find(STR("nope")));
    assert_ptr_equal(named("DATESTYLE"), named("DateStyle"));
}

static void test_values(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *text;
        const char *canonical; /* NULL: an error */
        const char *shown;
    } cases[] = {
        {"work_mem", "4MB", "4096", "4MB"},
        {"work_mem", "1.5GB", "1572864", "1536MB"},
        {"work_mem", "100", "100", "100kB"},
        {"work_mem", "1", NULL, NULL},
        {"work_mem", "4 parsecs", NULL, NULL},
        {"statement_timeout", "90s", "90000", "90s"},
        {"statement_timeout", "1min", "60000", "1min"},
        {"statement_timeout", "0", "0", "0"},
        {"statement_timeout", "-1", NULL, NULL},
        {"checkpoint_timeout", "300", "300", "5min"},
        {"enable_seqscan", "Y", "on", "on"},
        {"enable_seqscan", "of", "off", "off"},
        {"enable_seqscan", "o", NULL, NULL},
        {"seq_page_cost", "1.25", "1.25", "1.25"},
        {"bytea_output", "ESCAPE", "escape", "escape"},
        {"bytea_output", "base64", NULL, NULL},
        {"synchronous_commit", "false", "off", "off"},
        {"client_encoding", "utf-8", "UTF8", "UTF8"},
        {"client_encoding", "unicode", "UTF8", "UTF8"},
        {"client_encoding", "SQL_ASCII", "SQL_ASCII", "SQL_ASCII"},
        {"client_encoding", "latin-1", "LATIN1", "LATIN1"},
        {"client_encoding", "klingon", NULL, NULL},
        {"TimeZone", "europe/berlin", "Europe/Berlin", "Europe/Berlin"},
        {"TimeZone", "-7", "<-07>+07", "<-07>+07"},
        {"TimeZone", "Mars/Olympus", NULL, NULL},
        {"standard_conforming_strings", "off", NULL, NULL},
        {"search_path", "a,,b", NULL, NULL},
        {"extra_float_digits", "4", NULL, NULL},
        {"port", "0x10", "16", "16"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char *canonical = NULL;
        struct err *e = setting_canonical(named(cases[i].name), cases[i].text, &canonical);
        if (!cases[i].canonical) {
            assert_non_null(e);
            err_free(e);
            continue;
        }
        if (e)
            fail_msg("%s = %s: %s", cases[i].name, cases[i].text, e->message);
        assert_string_equal(canonical, cases[i].canonical);
        struct buf b = BUF_INIT;
        setting_display(named(cases[i].name), canonical, &b);
        assert_string_equal(buf_cstr(&b), cases[i].shown);
        buf_done(&b);
        free(canonical);
    }
}

static void expect_message(const char *name, const char *text, const char *sqlstate,
                           const char *message)
{
    char *canonical;
    struct err *e = setting_canonical(named(name), text, &canonical);
    assert_non_null(e);
    assert_string_equal(e->sqlstate, sqlstate);
    assert_string_equal(e->message, message);
    err_free(e);
}

static void test_messages(void **state)
{
    (void)state;
    expect_message("enable_seqscan", "x", "22023",
                   "parameter \"enable_seqscan\" requires a Boolean value");
    expect_message("work_mem", "x", "22023", "invalid value for parameter \"work_mem\": \"x\"");
    expect_message("work_mem", "1", "22023",
                   "1 kB is outside the valid range for parameter \"work_mem\" (64 .. 2147483647)");
    expect_message("client_encoding", "MULE_INTERNAL", "0A000",
                   "invalid value for parameter \"client_encoding\": \"MULE_INTERNAL\"");
}

static int changes;
static void on_changed(void *arg, const struct setting_def *def)
{
    (void)arg;
    (void)def;
    changes++;
}

static void test_transactions(void **state)
{
    (void)state;
    struct settings s = {.changed = on_changed};
    const struct setting_def *wm = named("work_mem");
    const char *boot = settings_value(&s, wm);
    settings_set(&s, wm, "100", false);
    settings_commit(&s);
    assert_string_equal(settings_value(&s, wm), "100");
    /* SET and SET LOCAL, committed: the SET stays. */
    settings_set(&s, wm, "200", false);
    settings_set(&s, wm, "300", true);
    assert_string_equal(settings_value(&s, wm), "300");
    settings_commit(&s);
    assert_string_equal(settings_value(&s, wm), "200");
    /* Savepoint. */
    settings_set(&s, wm, "400", false);
    int mark = settings_mark(&s);
    settings_set(&s, wm, "500", false);
    settings_set(&s, wm, NULL, false);
    assert_string_equal(settings_value(&s, wm), boot);
    settings_rollback(&s, mark);
    assert_string_equal(settings_value(&s, wm), "400");
    settings_rollback(&s, 0);
    assert_string_equal(settings_value(&s, wm), "200");
    /* The startup packet's value is what RESET goes back to. */
    settings_set_startup(&s, wm, "777", SOURCE_CLIENT);
    settings_set(&s, wm, NULL, false);
    settings_commit(&s);
    assert_string_equal(settings_value(&s, wm), "777");
    /* Custom ones. */
    assert_null(settings_custom(&s, STR("app.user")));
    assert_null(settings_set_custom(&s, STR("app.user"), "me", false));
    assert_string_equal(settings_custom(&s, STR("App.User")), "me");
    struct err *e = settings_set_custom(&s, STR("app."), "me", false);
    assert_non_null(e);
    assert_string_equal(e->sqlstate, "42602");
    err_free(e);
    settings_reset_all(&s);
    assert_string_equal(settings_custom(&s, STR("app.user")), "");
    assert_true(changes > 5);
    settings_done(&s);
}

static struct err *read_text(const char *text)
{
    char path[] = "/tmp/tarn-conf-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    struct err *e = config_read(path, false);
    unlink(path);
    return e;
}

static void test_config(void **state)
{
    (void)state;
    assert_null(read_text("# nothing\n\nwork_mem = 8MB # more\nTimeZone 'UTC'\n"
                          "application_name='it''s'\nport=6000"));
    assert_string_equal(server_setting_named("work_mem"), "8192");
    assert_string_equal(server_setting_named("application_name"), "it's");
    assert_string_equal(server_setting_named("port"), "6000");
    static const struct {
        const char *text;
        const char *sqlstate;
    } bad[] = {
        {"work_mem", "F0000"},           {"= 3", "F0000"},      {"work_mem = 'x", "F0000"},
        {"work_mem = 8MB 9", "F0000"},   {"nope = 1", "42704"}, {"work_mem = x", "22023"},
        {"server_version = 9", "55P02"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        struct err *e = read_text(bad[i].text);
        assert_non_null(e);
        assert_string_equal(e->sqlstate, bad[i].sqlstate);
        err_free(e);
    }
}

int main(void)
{
    settings_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),    cmocka_unit_test(test_values),
        cmocka_unit_test(test_messages), cmocka_unit_test(test_transactions),
        cmocka_unit_test(test_config),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
