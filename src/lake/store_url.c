/* URLs of endpoints and locations of tables in object stores. */
#include "lake/store_internal.h"

#include <strings.h>

static bool host_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
}

/* Cuts off what is before `end`, or everything. */
static struct str cut(struct str *s, char end)
{
    const char *p = s->len ? memchr(s->data, end, s->len) : NULL;
    size_t n = p ? (size_t)(p - s->data) : s->len;
    struct str head = str_make(s->data, n);
    *s = str_make(s->data + n, s->len - n);
    return head;
}

bool store_url_parse(struct str text, struct store_url *out)
{
    bool tls = text.len > 8 && strncasecmp(text.data, "https://", 8) == 0;
    if (!tls && !(text.len > 7 && strncasecmp(text.data, "http://", 7) == 0))
        return false;
    struct str rest = str_make(text.data + 7 + tls, text.len - 7 - tls);
    struct str host = cut(&rest, '/');
    struct str port = host;
    struct str name = cut(&port, ':');
    int64_t n = 0;
    for (size_t i = 0; i < name.len; i++)
        if (!host_char(name.data[i]))
            return false;
    for (size_t i = 0; i < rest.len; i++)
        if (rest.data[i] <= ' ' || rest.data[i] > '~' || memchr("?#\"<>\\^`{|}", rest.data[i], 11))
            return false;
    if (!name.len || (port.len && (!str_to_int64(str_make(port.data + 1, port.len - 1), &n) ||
                                   n < 1 || n > 65535)))
        return false;
    while (rest.len && rest.data[rest.len - 1] == '/')
        rest.len--;
    *out =
        (struct store_url){.tls = tls, .host = n == (tls ? 443 : 80) ? name : host, .path = rest};
    return true;
}

static bool bucket_fits(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!host_char(s.data[i]) && s.data[i] != '$')
            return false;
    return s.len > 0 && s.len < 256 && s.data[0] != '.';
}

static struct str trimmed(struct str path)
{
    while (path.len && path.data[0] == '/')
        path = str_make(path.data + 1, path.len - 1);
    while (path.len && path.data[path.len - 1] == '/')
        path.len--;
    return path;
}

/* container@account.dfs.core.windows.net */
static bool azure_authority(struct str authority, struct arena *arena, struct store_location *out)
{
    struct str rest = authority;
    struct str container = cut(&rest, '@');
    struct str host = rest.len ? str_make(rest.data + 1, rest.len - 1) : STR("");
    struct str behind = host;
    struct str account = cut(&behind, '.');
    bool fits = bucket_fits(container) && account.len;
    for (size_t i = 0; i < host.len; i++)
        fits &= host_char(host.data[i]);
    if (!fits || !(str_starts_with(behind, STR(".dfs.")) || str_starts_with(behind, STR(".blob."))))
        return false;
    size_t skip = behind.data[1] == 'd' ? 5 : 6;
    out->bucket = arena_strndup(arena, container.data, container.len);
    out->account = arena_strndup(arena, account.data, account.len);
    out->suffix = arena_strndup(arena, behind.data + skip, behind.len - skip);
    out->root = arena_printf(arena, "abfss://%s@%s.dfs.%s", out->bucket, out->account, out->suffix);
    return true;
}

struct err *store_location_parse(struct str uri, struct arena *arena, struct store_location *out)
{
    static const struct {
        const char *name;
        enum lake_access_type type;
        const char *root; /* NULL: an Azure account in the authority */
    } schemes[] = {
        {"s3", LAKE_S3, "s3"},      {"s3a", LAKE_S3, "s3"},      {"s3n", LAKE_S3, "s3"},
        {"gs", LAKE_GCS, "gs"},     {"az", LAKE_AZURE, "az"},    {"abfss", LAKE_AZURE, NULL},
        {"abfs", LAKE_AZURE, NULL}, {"wasbs", LAKE_AZURE, NULL}, {"wasb", LAKE_AZURE, NULL},
    };
    struct str rest = uri;
    struct str scheme = cut(&rest, ':');
    size_t k = 0;
    while (k < ARRAY_LENGTH(schemes) &&
           !(strlen(schemes[k].name) == scheme.len &&
             strncasecmp(schemes[k].name, scheme.data, scheme.len) == 0))
        k++;
    if (k == ARRAY_LENGTH(schemes))
        return err_unsupported("locations of scheme \"%.*s\" are not supported", STR_ARG(scheme));
    struct err *bad = err_new("22023", "malformed location \"%.*s\"", STR_ARG(uri));
    if (!str_starts_with(rest, STR("://")))
        return err_hint(bad, "Locations in object stores are written scheme://bucket/path.");
    rest = str_make(rest.data + 3, rest.len - 3);
    struct str authority = cut(&rest, '/');
    *out = (struct store_location){.type = schemes[k].type};
    if (!schemes[k].root) {
        if (!azure_authority(authority, arena, out))
            return err_hint(bad, "Write abfss://container@account.dfs.core.windows.net/path.");
    } else {
        if (!bucket_fits(authority))
            return err_hint(bad, "It has no name of a bucket.");
        out->bucket = arena_strndup(arena, authority.data, authority.len);
        out->root = arena_printf(arena, "%s://%s", schemes[k].root, out->bucket);
    }
    err_free(bad);
    rest = trimmed(rest);
    out->path = arena_str(arena, rest);
    return NULL;
}

void store_put_encoded(struct buf *out, struct str s, bool keep_slash)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = (uint8_t)s.data[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     c == '-' || c == '.' || c == '_' || c == '~' || (c == '/' && keep_slash);
        if (!plain)
            buf_put_u8(out, '%');
        buf_put_u8(out, plain ? c : (uint8_t)digits[c >> 4]);
        if (!plain)
            buf_put_u8(out, (uint8_t)digits[c & 15]);
    }
}
