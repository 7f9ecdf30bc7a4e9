/* Options of storage credentials: which there are and what values make sense. */
#include "lake/access.h"

#include "base/arena.h"
#include "base/base64.h"
#include "base/buf.h"
#include "lake/jsondoc.h"
#include "lake/store_internal.h"
#include "rt/crypto.h"

#include <string.h>
#include <strings.h>

enum form { TEXT, NAME, URL, BOOLEAN, SECONDS, BASE64, PEM, KEY_FILE };

enum { S3 = 1 << LAKE_S3, AZURE = 1 << LAKE_AZURE, GCS = 1 << LAKE_GCS };

static const struct known {
    const char *name;
    int types;
    bool secret;
    enum form form;
} known[] = {
    {"access_key_id", S3 | GCS, false, TEXT},
    {"secret_access_key", S3 | GCS, true, TEXT},
    {"session_token", S3, true, TEXT},
    {"region", S3, false, NAME},
    {"path_style", S3, false, BOOLEAN},
    {"account_name", AZURE, false, NAME},
    {"account_key", AZURE, true, BASE64},
    {"sas_token", AZURE, true, TEXT},
    {"tenant_id", AZURE, false, NAME},
    {"client_id", AZURE, false, TEXT},
    {"client_secret", AZURE, true, TEXT},
    {"authority", AZURE, false, URL},
    {"service_account_json", GCS, true, KEY_FILE},
    {"access_token", AZURE | GCS, true, TEXT},
    {"endpoint", S3 | AZURE | GCS, false, URL},
    {"ca_certificate", S3 | AZURE | GCS, false, PEM},
    {"stall_timeout", S3 | AZURE | GCS, false, SECONDS},
};

static const char *const type_names[] = {"s3", "azure", "gcs"};

bool lake_access_type_by_name(const char *name, enum lake_access_type *out)
{
    for (size_t i = 0; i < ARRAY_LENGTH(type_names); i++) {
        if (strcasecmp(name, type_names[i]) != 0)
            continue;
        *out = (enum lake_access_type)i;
        return true;
    }
    return false;
}

const char *lake_access_type_name(enum lake_access_type type)
{
    return type_names[type];
}

static const struct known *find(enum lake_access_type type, const char *name)
{
    for (size_t i = 0; i < ARRAY_LENGTH(known); i++)
        if (strcmp(known[i].name, name) == 0 && known[i].types & 1 << type)
            return &known[i];
    return NULL;
}

bool lake_access_is_secret(enum lake_access_type type, const char *option)
{
    const struct known *k = find(type, option);
    return !k || k->secret;
}

const char *lake_access_get(const struct lake_access *access, const char *option)
{
    for (size_t i = 0; access && i < access->count; i++)
        if (strcmp(access->options[i].name, option) == 0)
            return access->options[i].value;
    return NULL;
}

/* Values go into headers and URLs: nothing but visible characters. */
static bool is_visible(const char *s)
{
    for (; *s; s++)
        if (*s <= ' ' || *s > '~')
            return false;
    return true;
}

static bool is_name(const char *s)
{
    return *s &&
           s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.")] == 0;
}

static bool is_base64(const char *s)
{
    struct buf b = BUF_INIT;
    bool ok = base64_get(str_from(s), &b);
    crypto_wipe(b.data, b.len);
    buf_done(&b);
    return ok;
}

/* With what a token request needs. */
static bool is_key_file(const char *s)
{
    struct arena a;
    const char *reason;
    size_t offset;
    struct str v;
    arena_init(&a);
    const struct json_value *tree = json_parse(&a, str_from(s), &reason, &offset);
    bool ok = json_get_str(tree, "client_email", &v) && json_get_str(tree, "private_key", &v);
    arena_done(&a);
    return ok;
}

static bool makes_sense(enum form form, const char *value)
{
    struct store_url url;
    int64_t n;
    switch (form) {
    case TEXT:
        return *value && is_visible(value);
    case NAME:
        return is_name(value);
    case URL:
        return store_url_parse(str_from(value), &url);
    case BOOLEAN:
        return strcmp(value, "true") == 0 || strcmp(value, "false") == 0;
    case SECONDS:
        return str_to_int64(str_from(value), &n) && n > 0 && n <= 3600;
    case BASE64:
        return is_base64(value);
    case PEM:
        return strstr(value, "-----BEGIN CERTIFICATE-----") != NULL;
    case KEY_FILE:
        return is_key_file(value);
    }
    return false;
}

/* The ways in of each type: options that belong together, the first one names the way. */
static const struct way {
    enum lake_access_type type;
    const char *options[3];
} ways[] = {
    {LAKE_S3, {"access_key_id", "secret_access_key"}},
    {LAKE_AZURE, {"account_key"}},
    {LAKE_AZURE, {"sas_token"}},
    {LAKE_AZURE, {"client_id", "client_secret", "tenant_id"}},
    {LAKE_AZURE, {"access_token"}},
    {LAKE_GCS, {"access_key_id", "secret_access_key"}},
    {LAKE_GCS, {"service_account_json"}},
    {LAKE_GCS, {"access_token"}},
};

static struct err *check_ways(const struct lake_access *a)
{
    const char *taken = NULL;
    for (size_t i = 0; i < ARRAY_LENGTH(ways); i++) {
        int given = 0, wanted = 0;
        const char *missing = NULL;
        for (int k = 0; k < 3 && ways[i].options[k] && ways[i].type == a->type; k++) {
            bool has = lake_access_get(a, ways[i].options[k]) != NULL;
            given += has;
            wanted++;
            missing = has ? missing : ways[i].options[k];
        }
        if (!given)
            continue;
        if (given < wanted)
            return err_new("22023", "storage credential lacks option \"%s\"", missing);
        if (taken)
            return err_new("22023", "options \"%s\" and \"%s\" exclude each other", taken,
                           ways[i].options[0]);
        taken = ways[i].options[0];
    }
    if (!taken && lake_access_get(a, "session_token"))
        return err_new("22023", "storage credential lacks option \"access_key_id\"");
    return NULL;
}

static struct err *unknown_option(const struct lake_access *a, const char *name)
{
    struct buf list = BUF_INIT;
    for (size_t i = 0; i < ARRAY_LENGTH(known); i++)
        if (known[i].types & 1 << a->type)
            buf_printf(&list, "%s%s", list.len ? ", " : "", known[i].name);
    struct err *e =
        err_hint(err_new("22023", "unrecognized option \"%s\" of credentials of type %s", name,
                         lake_access_type_name(a->type)),
                 "Options are %s.", buf_cstr(&list));
    buf_done(&list);
    return e;
}

struct err *lake_access_check(const struct lake_access *a)
{
    for (size_t i = 0; i < a->count; i++) {
        const struct lake_option *o = &a->options[i];
        const struct known *k = find(a->type, o->name);
        if (!k)
            return unknown_option(a, o->name);
        for (size_t j = 0; j < i; j++)
            if (strcmp(a->options[j].name, o->name) == 0)
                return err_new("42601", "option \"%s\" is given twice", o->name);
        if (makes_sense(k->form, o->value))
            continue;
        if (k->secret)
            return err_new("22023", "invalid value for option \"%s\"", o->name);
        return err_new("22023", "invalid value for option \"%s\": \"%s\"", o->name, o->value);
    }
    return check_ways(a);
}
