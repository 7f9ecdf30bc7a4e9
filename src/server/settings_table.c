/* The table of settings. Names, types, units, ranges, defaults and descriptions are rows of
 * data/settings.tsv (PostgreSQL 15's where it has the setting: programs look at them); what Tarn
 * does with a value is said here. A setting that is not named here is about something that Tarn
 * does differently: it is checked, kept and shown, and has no effect. */
#include "server/settings.h"

#include <stdlib.h>

extern const char data_settings[], data_settings_end[];

enum { MAX_ROWS = 400, COLUMNS = 12 };

static struct setting_def rows[MAX_ROWS];
const struct setting_def *const setting_table = rows;
int setting_table_count;

static const struct {
    const char *name;
    int flags;
    enum setting_hook hook;
} behaviours[] = {
    {"application_name", SETTING_REPORT, HOOK_APPLICATION_NAME},
    {"bytea_output", 0, HOOK_BYTEA},
    {"client_encoding", SETTING_REPORT, HOOK_CLIENT_ENCODING},
    {"client_min_messages", 0, HOOK_MIN_MESSAGES},
    {"DateStyle", SETTING_REPORT | SETTING_LIST, HOOK_DATE_STYLE},
    {"deadlock_timeout", 0, HOOK_DEADLOCK_TIMEOUT},
    {"default_table_access_method", 0, HOOK_ACCESS_METHOD},
    {"default_tablespace", 0, HOOK_TABLESPACE},
    {"default_transaction_deferrable", 0, HOOK_DEFAULT_DEFERRABLE},
    {"default_transaction_isolation", 0, HOOK_DEFAULT_ISOLATION},
    {"default_transaction_read_only", SETTING_REPORT, HOOK_DEFAULT_READ_ONLY},
    {"enable_bitmapscan", 0, HOOK_PLANS},
    {"enable_hashagg", 0, HOOK_PLANS},
    {"enable_hashjoin", 0, HOOK_PLANS},
    {"enable_incremental_sort", 0, HOOK_PLANS},
    {"enable_indexonlyscan", 0, HOOK_PLANS},
    {"enable_indexscan", 0, HOOK_PLANS},
    {"enable_material", 0, HOOK_PLANS},
    {"enable_mergejoin", 0, HOOK_PLANS},
    {"enable_nestloop", 0, HOOK_PLANS},
    {"enable_seqscan", 0, HOOK_PLANS},
    {"enable_sort", 0, HOOK_PLANS},
    {"row_security", 0, HOOK_PLANS},
    {"extra_float_digits", 0, HOOK_FLOAT_DIGITS},
    {"hash_mem_multiplier", 0, HOOK_HASH_MEM},
    {"idle_in_transaction_session_timeout", 0, HOOK_IDLE_XACT_TIMEOUT},
    {"idle_session_timeout", 0, HOOK_IDLE_TIMEOUT},
    {"in_hot_standby", SETTING_REPORT, HOOK_NONE},
    {"integer_datetimes", SETTING_REPORT, HOOK_NONE},
    {"IntervalStyle", SETTING_REPORT, HOOK_INTERVAL_STYLE},
    {"is_superuser", SETTING_REPORT | SETTING_NO_RESET | SETTING_HIDDEN, HOOK_NONE},
    {"lc_messages", 0, HOOK_LOCALE},
    {"lc_monetary", 0, HOOK_LOCALE},
    {"lc_numeric", 0, HOOK_LOCALE},
    {"lc_time", 0, HOOK_LOCALE},
    {"listen_addresses", SETTING_LIST, HOOK_NONE},
    {"local_preload_libraries", SETTING_LIST | SETTING_QUOTE, HOOK_NONE},
    {"lo_compat_privileges", 0, HOOK_LO_COMPAT},
    {"lock_timeout", 0, HOOK_LOCK_TIMEOUT},
    {"log_destination", SETTING_LIST, HOOK_NONE},
    {"log_duration", 0, HOOK_LOG_STATEMENTS},
    {"log_min_duration_statement", 0, HOOK_LOG_STATEMENTS},
    {"log_min_error_statement", 0, HOOK_LOG_STATEMENTS},
    {"log_parameter_max_length", 0, HOOK_LOG_STATEMENTS},
    {"log_parameter_max_length_on_error", 0, HOOK_LOG_STATEMENTS},
    {"log_statement", 0, HOOK_LOG_STATEMENTS},
    {"log_temp_files", 0, HOOK_LOG_TEMP_FILES},
    {"log_timezone", 0, HOOK_ZONE_NAME},
    {"restrict_nonsystem_relation_kind", SETTING_LIST, HOOK_NONE},
    {"role", SETTING_NO_RESET | SETTING_HIDDEN, HOOK_ROLE},
    {"search_path", SETTING_LIST | SETTING_QUOTE, HOOK_SEARCH_PATH},
    {"server_encoding", SETTING_REPORT, HOOK_NONE},
    {"server_version", SETTING_REPORT, HOOK_NONE},
    {"session_authorization", SETTING_REPORT | SETTING_NO_RESET | SETTING_HIDDEN,
     HOOK_SESSION_AUTH},
    {"session_preload_libraries", SETTING_LIST | SETTING_QUOTE, HOOK_NONE},
    {"shared_preload_libraries", SETTING_LIST | SETTING_QUOTE, HOOK_NONE},
    {"standard_conforming_strings", SETTING_REPORT, HOOK_ON_ONLY},
    {"statement_timeout", 0, HOOK_STATEMENT_TIMEOUT},
    {"synchronous_commit", 0, HOOK_SYNC_COMMIT},
    {"synchronous_standby_names", SETTING_LIST, HOOK_NONE},
    {"temp_file_limit", 0, HOOK_TEMP_FILE_LIMIT},
    {"temp_tablespaces", SETTING_LIST | SETTING_QUOTE, HOOK_NONE},
    {"TimeZone", SETTING_REPORT, HOOK_TIME_ZONE},
    {"transaction_deferrable", SETTING_NO_RESET, HOOK_XACT_DEFERRABLE},
    {"transaction_isolation", SETTING_NO_RESET, HOOK_XACT_ISOLATION},
    {"transaction_read_only", SETTING_NO_RESET, HOOK_XACT_READ_ONLY},
    {"unix_socket_directories", SETTING_LIST | SETTING_QUOTE, HOOK_NONE},
    {"wal_consistency_checking", SETTING_LIST, HOOK_NONE},
    {"work_mem", 0, HOOK_WORK_MEM},
};

/* Settings that tell of the machine: members of pg_read_all_settings alone may look. */
static const char *const guarded[] = {
    "config_file",
    "data_directory",
    "dynamic_library_path",
    "external_pid_file",
    "hba_file",
    "ident_file",
    "jit_provider",
    "krb_server_keyfile",
    "log_directory",
    "log_filename",
    "primary_conninfo",
    "session_preload_libraries",
    "shared_preload_libraries",
    "ssl_ciphers",
    "ssl_dh_params_file",
    "ssl_ecdh_curve",
    "ssl_max_protocol_version",
    "ssl_min_protocol_version",
    "ssl_passphrase_command",
    "unix_socket_directories",
};

static const char *const type_names[] = {"bool", "int", "real", "string", "enum"};
static const char *const context_names[] = {"internal", "postmaster", "sighup", "superuser-backend",
                                            "backend",  "superuser",  "user"};

const char *setting_type_name(enum setting_type type)
{
    return type == SETTING_INT ? "integer" : type_names[type];
}

const char *setting_context_name(enum setting_context context)
{
    return context_names[context];
}

static int position(const char *word, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(word, words[i]) == 0)
            return (int)i;
    CHECK(false);
    return 0;
}

/* Takes a row apart at its tabs, in place. */
static void read_row(char *line, struct setting_def *def)
{
    char *f[COLUMNS];
    for (int i = 0; i < COLUMNS; i++) {
        f[i] = line;
        char *tab = strchr(line, '\t');
        CHECK((tab != NULL) == (i < COLUMNS - 1));
        if (tab)
            *tab = '\0';
        line = tab ? tab + 1 : line;
    }
    *def = (struct setting_def){
        .name = f[0],
        .type = (enum setting_type)position(f[1], type_names, ARRAY_LENGTH(type_names)),
        .context = (enum setting_context)position(f[2], context_names, ARRAY_LENGTH(context_names)),
        .unit = *f[3] ? f[3] : NULL,
        .min = strtod(f[4], NULL),
        .max = strtod(f[5], NULL),
        .min_text = *f[4] ? f[4] : NULL,
        .max_text = *f[5] ? f[5] : NULL,
        .boot = f[6],
        .values = *f[7] ? f[7] : NULL,
        .category = f[8],
        .description = f[9],
        .extra = *f[10] ? f[10] : NULL,
        .words = f[11],
    };
    for (size_t i = 0; i < ARRAY_LENGTH(behaviours); i++) {
        if (strcmp(behaviours[i].name, def->name) != 0)
            continue;
        def->flags = behaviours[i].flags;
        def->hook = behaviours[i].hook;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(guarded); i++)
        if (strcmp(guarded[i], def->name) == 0)
            def->flags |= SETTING_GUARDED;
}

void settings_init(void)
{
    size_t len = (size_t)(data_settings_end - data_settings);
    if (setting_table_count)
        return;
    char *text = strndup(data_settings, len); /* never freed */
    CHECK(text != NULL);
    char *line = strchr(text, '\n') + 1; /* after the columns' names */
    while (*line) {
        char *end = strchr(line, '\n');
        CHECK(end != NULL && setting_table_count < MAX_ROWS);
        *end = '\0';
        read_row(line, &rows[setting_table_count++]);
        line = end + 1;
    }
}
