/* Settings: lookup, checking and printing of values, and the server's values. See settings.h. */
#include "server/settings.h"

#include "base/log.h"
#include "types/datetime.h"
#include "types/encoding.h"
#include "types/text.h"

#include <ctype.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

const struct setting_def *setting_find(struct str name)
{
    for (int i = 0; i < setting_table_count; i++)
        if (strncasecmp(setting_table[i].name, name.data, name.len) == 0 &&
            setting_table[i].name[name.len] == '\0')
            return &setting_table[i];
    return NULL;
}

struct err *setting_unknown(struct str name)
{
    return err_new("42704", "unrecognized configuration parameter \"%.*s\"", STR_ARG(name));
}

static char *copy(const char *s)
{
    char *p = strdup(s);
    CHECK(p != NULL);
    return p;
}

/* ---- checking ---- */

static struct err *invalid(const struct setting_def *def, const char *text)
{
    return err_new("22023", "invalid value for parameter \"%s\": \"%s\"", def->name, text);
}

/* Prefixes count, as in PostgreSQL; "o" alone is ambiguous. */
static bool bool_parse(const char *text, bool *out)
{
    static const struct {
        const char *word;
        size_t min;
        bool value;
    } words[] = {{"true", 1, true}, {"false", 1, false}, {"yes", 1, true}, {"no", 1, false},
                 {"on", 2, true},   {"off", 2, false},   {"1", 1, true},   {"0", 1, false}};
    size_t len = strlen(text);
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
        if (len >= words[i].min && len <= strlen(words[i].word) &&
            strncasecmp(text, words[i].word, len) == 0) {
            *out = words[i].value;
            return true;
        }
    }
    return false;
}

struct unit {
    const char *name;
    double factor; /* in bytes or microseconds */
};
static const struct unit memory_units[] = {
    {"TB", 1099511627776.0}, {"GB", 1073741824.0}, {"MB", 1048576.0}, {"kB", 1024.0}, {"B", 1.0}};
static const struct unit time_units[] = {{"d", 86400e6}, {"h", 3600e6}, {"min", 60e6},
                                         {"s", 1e6},     {"ms", 1e3},   {"us", 1}};

/* The unit's family and the size of the setting's own unit in it. */
static const struct unit *units_of(const struct setting_def *def, int *n, double *own)
{
    if (!def->unit)
        return NULL;
    if (strcmp(def->unit, "8kB") == 0) {
        *n = (int)ARRAY_LENGTH(memory_units);
        *own = 8192;
        return memory_units;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(memory_units); i++) {
        if (strcmp(def->unit, memory_units[i].name) == 0) {
            *n = (int)ARRAY_LENGTH(memory_units);
            *own = memory_units[i].factor;
            return memory_units;
        }
    }
    for (size_t i = 0; i < ARRAY_LENGTH(time_units); i++)
        if (strcmp(def->unit, time_units[i].name) == 0)
            *own = time_units[i].factor;
    *n = (int)ARRAY_LENGTH(time_units);
    return time_units;
}

static struct err *bad_unit(const struct setting_def *def, const char *text)
{
    int n;
    double own;
    const struct unit *units = units_of(def, &n, &own);
    struct err *e = invalid(def, text);
    if (units == memory_units)
        err_hint(e,
                 "Valid units for this parameter are \"B\", \"kB\", \"MB\", \"GB\", and \"TB\".");
    else if (units)
        err_hint(e, "Valid units for this parameter are \"us\", \"ms\", \"s\", \"min\", \"h\", and "
                    "\"d\".");
    return e;
}

static struct err *number_parse(const struct setting_def *def, const char *text, double *out)
{
    char *end;
    double v = strtod(text, &end);
    if (end == text || isnan(v))
        return invalid(def, text);
    while (isspace((unsigned char)*end))
        end++;
    if (*end) {
        int n = 0;
        double own = 1;
        const struct unit *units = units_of(def, &n, &own);
        size_t len = strcspn(end, " \t\n");
        int i = 0;
        while (units && i < n &&
               (strlen(units[i].name) != len || strncmp(units[i].name, end, len) != 0))
            i++;
        if (!units || i == n || end[len + strspn(end + len, " \t\n")])
            return bad_unit(def, text);
        v = v * units[i].factor / own;
    }
    if (def->type == SETTING_INT)
        v = rint(v);
    *out = v;
    return NULL;
}

static struct err *number_canonical(const struct setting_def *def, const char *text, char **out)
{
    double v = 0;
    char b[64];
    char shown[96];
    TRY(number_parse(def, text, &v));
    if (def->type == SETTING_INT)
        snprintf(b, sizeof(b), "%.0f", v);
    else
        snprintf(b, sizeof(b), "%.15g", v);
    if (v < def->min || v > def->max) {
        snprintf(shown, sizeof(shown), "%s%s%s", b, def->unit ? " " : "",
                 def->unit ? def->unit : "");
        return def->type == SETTING_INT
                   ? err_new("22023",
                             "%s is outside the valid range for parameter \"%s\" (%.0f .. %.0f)",
                             shown, def->name, def->min, def->max)
                   : err_new("22023",
                             "%s is outside the valid range for parameter \"%s\" (%g .. %g)", shown,
                             def->name, def->min, def->max);
    }
    *out = copy(b);
    return NULL;
}

static const char *enum_value(const struct setting_def *def, int index, size_t *len)
{
    const char *p = def->values;
    for (; index && p; index--) {
        p = strchr(p, '|');
        p = p ? p + 1 : NULL;
    }
    if (p)
        *len = strcspn(p, "|");
    return p;
}

int setting_enum_index(const struct setting_def *def, const char *canonical)
{
    size_t len;
    const char *v;
    for (int i = 0; (v = enum_value(def, i, &len)); i++)
        if (strlen(canonical) == len && strncasecmp(v, canonical, len) == 0)
            return i;
    return -1;
}

static struct err *enum_canonical(const struct setting_def *def, const char *text, char **out)
{
    size_t len = 0;
    bool on;
    int i = setting_enum_index(def, text);
    if (i < 0 && bool_parse(text, &on))
        i = setting_enum_index(def, on ? "on" : "off");
    if (i < 0 && strcasecmp(text, "debug") == 0)
        i = setting_enum_index(def, "debug2");
    if (i < 0) {
        struct buf b = BUF_INIT;
        const char *v;
        for (int k = 0; (v = enum_value(def, k, &len)); k++)
            buf_printf(&b, "%s%.*s", k ? ", " : "", (int)len, v);
        struct err *e = err_hint(invalid(def, text), "Available values: %s.", buf_cstr(&b));
        buf_done(&b);
        return e;
    }
    const char *v = enum_value(def, i, &len);
    *out = strndup(v, len);
    CHECK(*out != NULL);
    return NULL;
}

/* ---- texts with a meaning ---- */

bool identifier_list_parse(const char *text, void (*visit)(void *arg, const char *item), void *arg)
{
    struct buf item = BUF_INIT;
    const char *p = text;
    bool ok = true;
    while (isspace((unsigned char)*p))
        p++;
    if (!*p)
        return true;
    for (;;) {
        buf_reset(&item);
        while (isspace((unsigned char)*p))
            p++;
        if (*p == '"') {
            for (p++; *p && (*p != '"' || p[1] == '"'); p++) {
                p += *p == '"';
                buf_put_u8(&item, (uint8_t)*p);
            }
            ok = *p == '"';
            p += ok;
        } else {
            while (*p && *p != ',' && !isspace((unsigned char)*p))
                buf_put_u8(&item, (uint8_t)tolower((unsigned char)*p++));
            ok = item.len > 0;
        }
        while (isspace((unsigned char)*p))
            p++;
        if (!ok || (*p && *p != ',')) {
            ok = false;
            break;
        }
        if (visit)
            visit(arg, buf_cstr(&item));
        if (*p++ != ',')
            break;
    }
    buf_done(&item);
    return ok;
}

struct date_style_state {
    int style; /* -1: not said yet */
    int order;
    bool conflict;
    char unknown[64]; /* a word that says nothing */
};

static void say(struct date_style_state *s, int *what, int value)
{
    if (value < 0)
        return;
    s->conflict |= *what >= 0 && *what != value;
    *what = value;
}

static void date_style_word(void *arg, const char *word)
{
    static const struct {
        const char *word;
        int style; /* -1: says nothing */
        int order;
    } words[] = {{"iso", DATE_STYLE_ISO, -1},         {"sql", DATE_STYLE_SQL, -1},
                 {"german", DATE_STYLE_GERMAN, -1},   {"ymd", -1, DATE_ORDER_YMD},
                 {"dmy", -1, DATE_ORDER_DMY},         {"euro", -1, DATE_ORDER_DMY},
                 {"european", -1, DATE_ORDER_DMY},    {"mdy", -1, DATE_ORDER_MDY},
                 {"us", -1, DATE_ORDER_MDY},          {"noneuro", -1, DATE_ORDER_MDY},
                 {"noneuropean", -1, DATE_ORDER_MDY}, {"default", DATE_STYLE_ISO, DATE_ORDER_MDY}};
    struct date_style_state *s = arg;
    if (strncasecmp(word, "postgres", 8) == 0) {
        s->style = DATE_STYLE_POSTGRES;
        return;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
        if (strcasecmp(word, words[i].word) == 0) {
            say(s, &s->style, words[i].style);
            say(s, &s->order, words[i].order);
            return;
        }
    }
    snprintf(s->unknown, sizeof(s->unknown), "%s", word);
}

bool date_style_parse(const char *text, int *style, int *order)
{
    struct date_style_state s = {.style = -1, .order = -1};
    if (!identifier_list_parse(text, date_style_word, &s) || s.conflict || *s.unknown)
        return false;
    if (s.style >= 0)
        *style = s.style;
    if (s.order >= 0)
        *order = s.order;
    return true;
}

const struct tz *time_zone_parse(const char *text)
{
    char *end;
    if (strncasecmp(text, "interval", 8) == 0 && text[8] && !isalnum((unsigned char)text[8])) {
        const char *open = strchr(text, '\'');
        const char *close = open ? strrchr(open, '\'') : NULL;
        struct type_env env = {0};
        struct interval v;
        if (!open || close == open)
            return NULL;
        struct err *e =
            interval_parse(&env, str_make(open + 1, (size_t)(close - open - 1)), -1, &v);
        if (e || v.months || v.days) {
            err_free(e);
            return NULL;
        }
        return tz_fixed((int32_t)(v.us / USECS_PER_SEC));
    }
    double hours = strtod(text, &end);
    if (end != text && !*end)
        return fabs(hours) > 168 ? NULL : tz_fixed((int32_t)rint(hours * 3600));
    return tz_find(str_from(text));
}

static struct err *date_style_canonical(const struct setting_def *def, const char *text, char **out)
{
    static const char *const styles[] = {
        [DATE_STYLE_ISO] = "ISO",
        [DATE_STYLE_SQL] = "SQL",
        [DATE_STYLE_POSTGRES] = "Postgres",
        [DATE_STYLE_GERMAN] = "German",
    };
    static const char *const orders[] = {
        [DATE_ORDER_MDY] = "MDY", [DATE_ORDER_DMY] = "DMY", [DATE_ORDER_YMD] = "YMD"};
    struct date_style_state s = {.style = -1, .order = -1};
    char b[32];
    if (!identifier_list_parse(text, date_style_word, &s))
        return err_detail(invalid(def, text), "List syntax is invalid.");
    if (*s.unknown)
        return err_detail(invalid(def, text), "Unrecognized key word: \"%s\".", s.unknown);
    if (s.conflict)
        return err_detail(invalid(def, text), "Conflicting \"datestyle\" specifications.");
    if (s.order < 0 && s.style == DATE_STYLE_GERMAN)
        s.order = DATE_ORDER_DMY;
    /* What is not said stays: the caller merges it (see settings_backend.c). */
    snprintf(b, sizeof(b), "%s, %s", s.style < 0 ? "*" : styles[s.style],
             s.order < 0 ? "*" : orders[s.order]);
    *out = copy(b);
    return NULL;
}

static struct err *encoding_canonical(const struct setting_def *def, const char *text, char **out)
{
    const struct encoding *e = encoding_find(str_from(text));
    const struct encoding *client;
    if (!e)
        return invalid(def, text);
    const char *name = encoding_name(e);
    if (!encoding_for_client(e, &client))
        return err_detail(
            err_unsupported("invalid value for parameter \"%s\": \"%s\"", def->name, text),
            "Conversion between %s and UTF8 is not supported.", name);
    *out = copy(name);
    return NULL;
}

static struct err *string_canonical(const struct setting_def *def, const char *text, char **out)
{
    switch (def->hook) {
    case HOOK_DATE_STYLE:
        return date_style_canonical(def, text, out);
    case HOOK_CLIENT_ENCODING:
        return encoding_canonical(def, text, out);
    case HOOK_TIME_ZONE:
    case HOOK_ZONE_NAME: {
        const struct tz *tz = time_zone_parse(text);
        if (!tz)
            return invalid(def, text);
        *out = copy(tz_name(tz));
        return NULL;
    }
    case HOOK_SEARCH_PATH:
        if (!identifier_list_parse(text, NULL, NULL))
            return err_detail(invalid(def, text), "List syntax is invalid.");
        break;
    case HOOK_ACCESS_METHOD:
        if (strcasecmp(text, "heap") != 0)
            return err_detail(invalid(def, text), "Table access method \"%s\" does not exist.",
                              text);
        break;
    case HOOK_TABLESPACE:
        if (*text && strcmp(text, "pg_default") != 0 && strcmp(text, "pg_global") != 0)
            return err_detail(invalid(def, text), "Tablespace \"%s\" does not exist.", text);
        break;
    case HOOK_LOCALE: {
        locale_t l = *text ? newlocale(LC_ALL_MASK, text, (locale_t)0) : (locale_t)0;
        if (*text && !l)
            return invalid(def, text);
        if (l)
            freelocale(l);
        break;
    }
    case HOOK_APPLICATION_NAME: {
        *out = strndup(text, utf8_clip(str_from(text), 63));
        CHECK(*out != NULL);
        for (char *p = *out; *p; p++)
            if (*p < 32 || *p > 126)
                *p = '?';
        return NULL;
    }
    default: /* most have nothing to check */
        break;
    }
    *out = copy(text);
    return NULL;
}

struct err *setting_canonical(const struct setting_def *def, const char *text, char **out)
{
    bool on;
    switch (def->type) {
    case SETTING_BOOL:
        if (!bool_parse(text, &on))
            return err_new("22023", "parameter \"%s\" requires a Boolean value", def->name);
        if (def->hook == HOOK_ON_ONLY && !on)
            return err_unsupported("setting \"%s\" to off is not supported", def->name);
        *out = copy(on ? "on" : "off");
        return NULL;
    case SETTING_INT:
    case SETTING_REAL:
        return number_canonical(def, text, out);
    case SETTING_ENUM:
        return enum_canonical(def, text, out);
    case SETTING_STRING:
        return string_canonical(def, text, out);
    }
    UNREACHABLE();
}

void setting_display(const struct setting_def *def, const char *canonical, struct buf *out)
{
    int n = 0;
    double own = 1;
    const struct unit *units = units_of(def, &n, &own);
    double v = units ? strtod(canonical, NULL) : 0;
    if (!units || v <= 0) {
        buf_put_c(out, canonical);
        return;
    }
    for (int i = 0; i < n; i++) {
        double in_unit = v * own / units[i].factor;
        if (in_unit >= 1 && in_unit == floor(in_unit)) {
            buf_printf(out, "%.0f%s", in_unit, units[i].name);
            return;
        }
    }
    buf_printf(out, "%s%s", canonical, def->unit);
}

bool setting_is_on(const char *canonical)
{
    return strcmp(canonical, "on") == 0;
}

int64_t setting_int(const char *canonical)
{
    bool negative = *canonical == '-';
    int64_t v = 0;
    for (const char *p = canonical + negative; isdigit((unsigned char)*p); p++)
        v = v * 10 + (*p - '0');
    return negative ? -v : v;
}

/* ---- the server's values ---- */

enum { MAX_SETTINGS = 400 };
/* Replaced values are never freed: sessions may be reading them, and reloads are rare. */
static _Atomic(const char *) server_values[MAX_SETTINGS];
static atomic_uint_fast64_t server_generation = 1;
static pthread_mutex_t origins_mu = PTHREAD_MUTEX_INITIALIZER;
static struct setting_origin origins[MAX_SETTINGS]; /* guarded by origins_mu */
static bool named[MAX_SETTINGS];                    /* by a file that is being read again */

const char *server_setting(const struct setting_def *def)
{
    const char *v = atomic_load_explicit(&server_values[def - setting_table], memory_order_acquire);
    return v ? v : def->boot;
}

const char *server_setting_named(const char *name)
{
    const struct setting_def *def = setting_find(str_from(name));
    CHECK(def != NULL);
    return server_setting(def);
}

struct setting_origin server_setting_origin(const struct setting_def *def)
{
    pthread_mutex_lock(&origins_mu);
    struct setting_origin o = origins[def - setting_table];
    pthread_mutex_unlock(&origins_mu);
    return o;
}

static void set_origin(const struct setting_def *def, struct setting_origin origin)
{
    pthread_mutex_lock(&origins_mu);
    origins[def - setting_table] = origin;
    pthread_mutex_unlock(&origins_mu);
}

uint64_t server_settings_generation(void)
{
    return atomic_load_explicit(&server_generation, memory_order_acquire);
}

static void publish(const struct setting_def *def, char *canonical)
{
    CHECK(setting_table_count <= MAX_SETTINGS);
    atomic_store_explicit(&server_values[def - setting_table], canonical, memory_order_release);
    atomic_fetch_add_explicit(&server_generation, 1, memory_order_release);
}

void server_setting_force(const char *name, const char *canonical)
{
    const struct setting_def *def = setting_find(str_from(name));
    CHECK(def != NULL);
    publish(def, copy(canonical));
    if (server_setting_origin(def).source < SOURCE_OVERRIDE)
        set_origin(def, (struct setting_origin){.source = SOURCE_OVERRIDE});
}

/* Whether it is as it should be; a value that needs a restart to change is then noted. */
static bool needs_restart(const struct setting_def *def, const char *canonical)
{
    struct setting_origin old = server_setting_origin(def);
    if (def->context != SETTING_POSTMASTER)
        return false;
    old.pending_restart = strcmp(canonical, server_setting(def)) != 0;
    if (old.pending_restart)
        log_write(LOG_LOG, "server",
                  "parameter \"%s\" cannot be changed without restarting the server", def->name);
    set_origin(def, old);
    return true;
}

struct err *server_setting_set(struct str name, const char *text, struct setting_origin origin,
                               bool reload)
{
    const struct setting_def *def = setting_find(name);
    char *canonical;
    if (!def)
        return setting_unknown(name);
    if (def->context == SETTING_INTERNAL)
        return err_new("55P02", "parameter \"%s\" cannot be changed", def->name);
    TRY(setting_canonical(def, text, &canonical));
    if (def->hook == HOOK_DATE_STYLE && strchr(canonical, '*')) {
        free(canonical);
        return invalid(def, text);
    }
    named[def - setting_table] = true;
    if (server_setting_origin(def).source > origin.source ||
        (reload && needs_restart(def, canonical))) {
        free(canonical);
        return NULL;
    }
    if (strcmp(canonical, server_setting(def)) == 0)
        free(canonical);
    else
        publish(def, canonical);
    set_origin(def, origin);
    return NULL;
}

void server_settings_reload_begin(void)
{
    memset(named, 0, sizeof(named));
}

void server_settings_reload_end(void)
{
    for (int i = 0; i < setting_table_count; i++) {
        const struct setting_def *def = &setting_table[i];
        if (named[i] || server_setting_origin(def).source != SOURCE_FILE ||
            needs_restart(def, def->boot))
            continue;
        publish(def, NULL);
        set_origin(def, (struct setting_origin){0});
    }
}

const char *setting_source_name(enum setting_source source)
{
    static const char *const names[] = {
        "default", "configuration file", "command line", "global",   "database",
        "user",    "database user",      "client",       "override", "session"};
    return names[source];
}
