/* Authentication rules: see hba.h. */
#include "server/hba.h"

#include "base/buf.h"
#include "base/log.h"
#include "exec/functions/regex.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MAX_FIELDS = 64, MAX_LINE_BYTES = 16384, MAX_FILE_BYTES = 1 << 20, MAX_DEPTH = 10 };

/* ---- words ---- */

/* A line as lists of words: fields are apart by blanks, the words of a list by commas. */
struct line {
    const char *file;
    int number;
    struct hba_words fields[MAX_FIELDS];
    int n;
};

static struct err *at_line(const struct line *l, struct err *e)
{
    err_context(e, "line %d of configuration file \"%s\"", l->number, l->file);
    return e;
}

#define LINE_ERROR(line, ...) at_line((line), err_new("F0000", __VA_ARGS__))

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* One word at *p, which is moved behind it. */
static struct err *take_word(struct arena *a, const struct line *l, const char **p, const char *end,
                             struct hba_word *out)
{
    char *text = arena_alloc(a, (size_t)(end - *p) + 1);
    size_t n = 0;
    bool in_quotes = false;
    *out = (struct hba_word){.text = text};
    for (; *p < end; (*p)++) {
        char c = **p;
        if (c == '\0')
            return LINE_ERROR(l, "a NUL byte");
        if (c == '"' && in_quotes && *p + 1 < end && (*p)[1] == '"') {
            text[n++] = c;
            (*p)++;
        } else if (c == '"') {
            in_quotes = !in_quotes;
            out->quoted = true;
        } else if (!in_quotes && (is_blank(c) || c == ',' || c == '#')) {
            break;
        } else {
            text[n++] = c;
        }
    }
    text[n] = '\0';
    if (in_quotes)
        return LINE_ERROR(l, "unterminated quoted string");
    return NULL;
}

static struct err *add_words(struct arena *a, const struct line *l, struct hba_words *f,
                             const char *p, const char *end, int depth);

/* The words of a file, which may name others. */
static struct err *add_file(struct arena *a, const struct line *l, struct hba_words *f,
                            const char *name, int depth)
{
    const char *slash = strrchr(l->file, '/');
    const char *path = *name == '/' || !slash
                           ? name
                           : arena_printf(a, "%.*s/%s", (int)(slash - l->file), l->file, name);
    struct buf text = BUF_INIT;
    char bytes[1024];
    FILE *file = depth < MAX_DEPTH ? fopen(path, "re") : NULL;
    if (!file)
        return LINE_ERROR(l, "could not open secondary authentication file \"@%s\" as \"%s\": %s",
                          name, path, depth < MAX_DEPTH ? strerror(errno) : "too many levels");
    for (size_t n = 1; n && text.len < MAX_FILE_BYTES;) {
        n = fread(bytes, 1, sizeof(bytes), file);
        buf_put(&text, bytes, n);
    }
    fclose(file);
    struct err *e = buf_finish(&text);
    const char *p = buf_cstr(&text);
    const char *end = p + text.len;
    while (!e && p < end) {
        const char *eol = memchr(p, '\n', (size_t)(end - p));
        e = add_words(a, l, f, p, eol ? eol : end, depth + 1);
        p = eol ? eol + 1 : end;
    }
    buf_done(&text);
    return e;
}

static struct err *add_word(struct arena *a, const struct line *l, struct hba_words *f,
                            const struct hba_word *w, int depth)
{
    if (!w->quoted && w->text[0] == '@' && w->text[1])
        return add_file(a, l, f, w->text + 1, depth);
    if (*w->text || w->quoted)
        ARENA_PUSH(a, f->items, f->n, f->cap, *w);
    return NULL;
}

/* All words of a line of a file of names, apart by blanks or commas. */
static struct err *add_words(struct arena *a, const struct line *l, struct hba_words *f,
                             const char *p, const char *end, int depth)
{
    while (p < end && *p != '#') {
        struct hba_word w;
        if (is_blank(*p) || *p == ',') {
            p++;
            continue;
        }
        TRY(take_word(a, l, &p, end, &w));
        TRY(add_word(a, l, f, &w, depth));
    }
    return NULL;
}

static struct err *split(struct arena *a, struct line *l, const char *p, const char *end)
{
    bool more = false; /* a comma came last: the list goes on */
    for (;;) {
        struct hba_word w;
        while (p < end && is_blank(*p))
            p++;
        if (p == end || *p == '#')
            return NULL;
        if (!more && l->n == MAX_FIELDS)
            return LINE_ERROR(l, "too many fields");
        if (!more)
            l->fields[l->n++] = (struct hba_words){0};
        TRY(take_word(a, l, &p, end, &w));
        TRY(add_word(a, l, &l->fields[l->n - 1], &w, 0));
        more = p < end && *p == ',';
        p += more;
    }
}

/* ---- addresses ---- */

static bool set_mask(struct hba_rule *r, int64_t bits)
{
    int bytes = r->family == AF_INET ? 4 : 16;
    if (bits < 0 || bits > bytes * 8)
        return false;
    memset(r->mask, 0, sizeof(r->mask));
    for (int i = 0; i < bits; i++)
        r->mask[i / 8] |= (uint8_t)(0x80 >> i % 8);
    return true;
}

static bool parse_address(const char *text, sa_family_t *family, uint8_t out[16])
{
    memset(out, 0, 16);
    *family = AF_INET;
    if (inet_pton(AF_INET, text, out) == 1)
        return true;
    *family = AF_INET6;
    return inet_pton(AF_INET6, text, out) == 1;
}

/* The address field, and that of the mask if it stands apart; *at is moved behind them. */
static struct err *take_address(const struct line *l, struct hba_rule *r, int *at)
{
    char text[INET6_ADDRSTRLEN + 8];
    sa_family_t family;
    if (*at >= l->n)
        return LINE_ERROR(l, "end-of-line before IP address specification");
    const struct hba_words *f = &l->fields[(*at)++];
    if (f->n != 1)
        return err_detail(LINE_ERROR(l, "multiple values specified for host address"),
                          "Specify one address range per line.");
    const char *word = f->items[0].text;
    static const char *const ranges[] = {NULL, "all", "samehost", "samenet"};
    for (int i = HBA_ALL; i <= HBA_SAMENET && !f->items[0].quoted; i++)
        if (strcmp(word, ranges[i]) == 0) {
            r->range = (enum hba_range)i;
            return NULL;
        }
    snprintf(text, sizeof(text), "%s", word);
    char *slash = strchr(text, '/');
    if (slash)
        *slash = '\0';
    if (strlen(word) >= sizeof(text) || !parse_address(text, &r->family, r->address)) {
        if (strchr(word, '/'))
            return LINE_ERROR(l, "specifying both host name and CIDR mask is invalid: \"%s\"",
                              word);
        r->range = HBA_NAME;
        r->host = word;
        return NULL;
    }
    if (slash) {
        int64_t bits;
        if (!str_to_int64(str_from(slash + 1), &bits) || !set_mask(r, bits))
            return LINE_ERROR(l, "invalid CIDR mask in address \"%s\"", word);
        return NULL;
    }
    if (*at >= l->n)
        return err_hint(
            LINE_ERROR(l, "end-of-line before netmask specification"),
            "Specify an address range in CIDR notation, or provide a separate netmask.");
    f = &l->fields[(*at)++];
    if (f->n != 1 || !parse_address(f->items[0].text, &family, r->mask))
        return LINE_ERROR(l, "invalid IP mask \"%s\"", f->n ? f->items[0].text : "");
    return family == r->family ? NULL : LINE_ERROR(l, "IP address and mask do not match");
}

/* ---- methods and options ---- */

static const struct {
    const char *name;
    enum hba_method method;
} methods[] = {{"trust", HBA_TRUST},
               {"reject", HBA_REJECT},
               {"scram-sha-256", HBA_SCRAM},
               {"md5", HBA_MD5},
               {"cert", HBA_CERT}};

const char *hba_method_name(enum hba_method m)
{
    return methods[m].name;
}

static const char *const types[] = {"local", "host", "hostssl", "hostnossl"};

const char *hba_type_name(enum hba_type t)
{
    return types[t];
}

static struct err *take_method(const struct line *l, struct hba_rule *r, int *at)
{
    static const char *const others[] = {"password", "gss", "sspi", "ident", "peer",
                                         "ldap",     "pam", "bsd",  "radius"};
    if (*at >= l->n)
        return LINE_ERROR(l, "end-of-line before authentication method");
    const struct hba_words *f = &l->fields[(*at)++];
    if (f->n != 1)
        return err_detail(LINE_ERROR(l, "multiple values specified for authentication type"),
                          "Specify exactly one authentication type per line.");
    const char *word = f->items[0].text;
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
        if (strcmp(others[i], word) == 0)
            return LINE_ERROR(l, "authentication method \"%s\" is not supported", word);
    for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++)
        if (strcmp(methods[i].name, word) == 0) {
            r->method = methods[i].method;
            if (r->method == HBA_CERT && r->type != HBA_HOSTSSL)
                return LINE_ERROR(l,
                                  "cert authentication is only supported on hostssl connections");
            if (r->method == HBA_CERT)
                r->clientcert = HBA_CLIENTCERT_FULL;
            return NULL;
        }
    return LINE_ERROR(l, "invalid authentication method \"%s\"", word);
}

static struct err *set_option(const struct line *l, struct hba_rule *r, const char *name,
                              const char *value)
{
    if (strcmp(name, "map") == 0) {
        if (r->method != HBA_CERT)
            return LINE_ERROR(l, "authentication option \"map\" is only valid for authentication "
                                 "methods ident, peer, gssapi, sspi, and cert");
        r->map = value;
        return NULL;
    }
    if (strcmp(name, "clientcert") == 0) {
        if (r->type != HBA_HOSTSSL)
            return LINE_ERROR(l, "clientcert can only be configured for \"hostssl\" rows");
        if (strcmp(value, "verify-full") == 0)
            r->clientcert = HBA_CLIENTCERT_FULL;
        else if (strcmp(value, "verify-ca") == 0 && r->method == HBA_CERT)
            return LINE_ERROR(l, "clientcert only accepts \"verify-full\" when using \"cert\" "
                                 "authentication");
        else if (strcmp(value, "verify-ca") == 0)
            r->clientcert = HBA_CLIENTCERT_CA;
        else
            return LINE_ERROR(l, "invalid value for clientcert: \"%s\"", value);
        return NULL;
    }
    if (strcmp(name, "clientname") == 0) {
        if (r->type != HBA_HOSTSSL)
            return LINE_ERROR(l, "clientname can only be configured for \"hostssl\" rows");
        if (strcmp(value, "CN") != 0 && strcmp(value, "DN") != 0)
            return LINE_ERROR(l, "invalid value for clientname: \"%s\"", value);
        r->by_dn = value[0] == 'D';
        return NULL;
    }
    return LINE_ERROR(l, "unrecognized authentication option name: \"%s\"", name);
}

static struct err *take_options(struct arena *a, const struct line *l, struct hba_rule *r, int at)
{
    for (; at < l->n; at++)
        for (int i = 0; i < l->fields[at].n; i++) {
            struct hba_word w = l->fields[at].items[i];
            const char *equals = strchr(w.text, '=');
            if (!equals)
                return LINE_ERROR(l, "authentication option not in name=value format: %s", w.text);
            const char *name = arena_strndup(a, w.text, (size_t)(equals - w.text));
            TRY(set_option(l, r, name, equals + 1));
        }
    return NULL;
}

static struct err *parse_line(struct hba *h, const struct line *l)
{
    struct hba_rule r = {.line = l->number};
    int at = 1;
    const char *type = l->fields[0].n == 1 ? l->fields[0].items[0].text : "";
    bool known = false;
    if (l->fields[0].n > 1)
        return err_detail(LINE_ERROR(l, "multiple values specified for connection type"),
                          "Specify exactly one connection type per line.");
    if (strcmp(type, "hostgssenc") == 0)
        return LINE_ERROR(l, "hostgssenc record cannot match because GSSAPI is not supported by "
                             "this build");
    if (strcmp(type, "hostnogssenc") == 0)
        type = "host"; /* no connection here is encrypted by GSSAPI */
    for (int i = HBA_LOCAL; i <= HBA_HOSTNOSSL; i++)
        if (strcmp(type, types[i]) == 0) {
            r.type = (enum hba_type)i;
            known = true;
        }
    if (!known)
        return LINE_ERROR(l, "invalid connection type \"%s\"", type);
    if (at >= l->n)
        return LINE_ERROR(l, "end-of-line before database specification");
    r.databases = l->fields[at++];
    if (at >= l->n)
        return LINE_ERROR(l, "end-of-line before role specification");
    r.users = l->fields[at++];
    if (r.type != HBA_LOCAL)
        TRY(take_address(l, &r, &at));
    TRY(take_method(l, &r, &at));
    TRY(take_options(&h->arena, l, &r, at));
    h->names_host |= r.range == HBA_NAME;
    ARENA_PUSH(&h->arena, h->rules, h->nrules, h->rules_cap, r);
    return NULL;
}

#define PATTERN_FLAGS ((struct regex_flags){0})

static struct err *check_pattern(const struct line *l, const char *pattern)
{
    struct regex *re;
    struct err *e = regex_compile(str_from(pattern), PATTERN_FLAGS, &re);
    if (!e)
        return NULL;
    struct err *told = LINE_ERROR(l, "invalid regular expression \"%s\": %s", pattern, e->message);
    err_free(e);
    return told;
}

static struct err *parse_map(struct hba *h, const struct line *l)
{
    if (l->n != 3 || l->fields[0].n != 1 || l->fields[1].n != 1 || l->fields[2].n != 1)
        return LINE_ERROR(l, "a map has three fields: its name, the system's user, the database's");
    struct hba_map m = {l->number, l->fields[0].items[0].text, l->fields[1].items[0].text,
                        l->fields[2].items[0].text};
    if (m.system_user[0] == '/')
        TRY(check_pattern(l, m.system_user + 1));
    ARENA_PUSH(&h->arena, h->maps, h->nmaps, h->maps_cap, m);
    return NULL;
}

static struct err *note_error(struct hba *h, const struct line *l, struct err *e, bool map)
{
    const char *text = arena_strdup(&h->arena, e->message);
    struct hba_rule rule = {.line = l->number, .error = text};
    struct hba_map m = {.line = l->number, .error = text};
    err_free(e);
    if (map)
        ARENA_PUSH(&h->arena, h->maps, h->nmaps, h->maps_cap, m);
    else
        ARENA_PUSH(&h->arena, h->rules, h->nrules, h->rules_cap, rule);
    return NULL;
}

/* Lines that end in a backslash go on in the next. */
static struct err *each_line(struct hba *h, const char *file, struct str text,
                             struct err *(*fn)(struct hba *h, const struct line *l))
{
    const char *p = text.data;
    const char *end = text.data + text.len;
    struct line *l = arena_new(&h->arena, struct line);
    char *joined = arena_alloc(&h->arena, MAX_LINE_BYTES);
    *l = (struct line){.file = arena_strdup(&h->arena, file)};
    for (int number = 1; p < end; number++) {
        size_t n = 0;
        l->number = number;
        l->n = 0;
        for (;;) {
            const char *eol = memchr(p, '\n', (size_t)(end - p));
            size_t len = (size_t)((eol ? eol : end) - p);
            const char *line = p;
            p = eol ? eol + 1 : end;
            if (len && line[len - 1] == '\r')
                len--;
            bool goes_on = len && line[len - 1] == '\\';
            len -= goes_on;
            if (len > MAX_LINE_BYTES - n)
                return LINE_ERROR(l, "the line is too long");
            if (len)
                memcpy(joined + n, line, len);
            n += len;
            if (!goes_on || p == end)
                break;
            number++;
        }
        struct err *e = split(&h->arena, l, joined, joined + n);
        if (!e && l->n)
            e = fn(h, l);
        if (e && h->lenient)
            e = note_error(h, l, e, fn == parse_map);
        TRY(e);
    }
    return NULL;
}

struct err *hba_parse(struct hba *h, const char *file, struct str text)
{
    return each_line(h, file, text, parse_line);
}

struct err *hba_parse_maps(struct hba *h, const char *file, struct str text)
{
    return each_line(h, file, text, parse_map);
}

void hba_free(struct hba *h)
{
    if (!h)
        return;
    arena_done(&h->arena);
    free(h);
}

/* ---- matching ---- */

static bool is_word(const struct hba_word *w, const char *word)
{
    return !w->quoted && strcmp(w->text, word) == 0;
}

static bool database_fits(const struct hba_rule *r, const struct hba_client *c)
{
    for (int i = 0; i < r->databases.n; i++) {
        const struct hba_word *w = &r->databases.items[i];
        if (is_word(w, "all"))
            return true;
        if (is_word(w, "sameuser")) {
            if (strcmp(c->database, c->user) == 0)
                return true;
        } else if (is_word(w, "samerole") || is_word(w, "samegroup")) {
            if (c->member(c->arg, c->database))
                return true;
        } else if (!is_word(w, "replication") && strcmp(w->text, c->database) == 0) {
            return true;
        }
    }
    return false;
}

static bool user_fits(const struct hba_rule *r, const struct hba_client *c)
{
    for (int i = 0; i < r->users.n; i++) {
        const struct hba_word *w = &r->users.items[i];
        if (is_word(w, "all"))
            return true;
        if (!w->quoted && w->text[0] == '+') {
            if (c->member(c->arg, w->text + 1))
                return true;
        } else if (strcmp(w->text, c->user) == 0) {
            return true;
        }
    }
    return false;
}

static bool same_net(sa_family_t family, const uint8_t *a, const uint8_t *b, const uint8_t *mask)
{
    for (int i = 0; i < (family == AF_INET ? 4 : 16); i++)
        if ((a[i] ^ b[i]) & mask[i])
            return false;
    return true;
}

/* An address of this machine's interfaces, or (net) one in their networks. */
static bool is_own(sa_family_t family, const uint8_t *address, bool net)
{
    static const uint8_t ones[16] = {255, 255, 255, 255, 255, 255, 255, 255,
                                     255, 255, 255, 255, 255, 255, 255, 255};
    struct ifaddrs *list;
    bool found = false;
    if (getifaddrs(&list) != 0)
        return false;
    for (const struct ifaddrs *i = list; i && !found; i = i->ifa_next) {
        if (!i->ifa_addr || i->ifa_addr->sa_family != family)
            continue;
        const uint8_t *own =
            family == AF_INET
                ? (const uint8_t *)&((const struct sockaddr_in *)i->ifa_addr)->sin_addr
                : (const uint8_t *)&((const struct sockaddr_in6 *)i->ifa_addr)->sin6_addr;
        const uint8_t *mask = ones;
        if (net && i->ifa_netmask)
            mask = family == AF_INET
                       ? (const uint8_t *)&((const struct sockaddr_in *)i->ifa_netmask)->sin_addr
                       : (const uint8_t *)&((const struct sockaddr_in6 *)i->ifa_netmask)->sin6_addr;
        found = same_net(family, address, own, mask);
    }
    freeifaddrs(list);
    return found;
}

/* A name that begins with a dot stands for all that end so. */
static bool host_fits(const char *pattern, const char *host)
{
    if (!host)
        return false;
    size_t n = strlen(pattern);
    size_t len = strlen(host);
    if (*pattern == '.')
        return len >= n && strcasecmp(host + len - n, pattern) == 0;
    return strcasecmp(host, pattern) == 0;
}

static bool address_fits(const struct hba_rule *r, const struct hba_client *c)
{
    uint8_t address[16];
    sa_family_t family;
    if (r->range == HBA_ALL)
        return true;
    if (r->range == HBA_NAME)
        return host_fits(r->host, c->host);
    if (!parse_address(c->address, &family, address))
        return false;
    if (r->range != HBA_ADDRESS)
        return is_own(family, address, r->range == HBA_SAMENET);
    /* ::ffff:1.2.3.4 is 1.2.3.4 on a socket of both kinds. */
    static const uint8_t mapped[12] = {[10] = 255, [11] = 255};
    if (family == AF_INET6 && r->family == AF_INET && memcmp(address, mapped, 12) == 0) {
        memmove(address, address + 12, 4);
        family = AF_INET;
    }
    return family == r->family && same_net(family, address, r->address, r->mask);
}

static bool type_fits(enum hba_type t, const struct hba_client *c)
{
    switch (t) {
    case HBA_LOCAL:
        return c->local;
    case HBA_HOST:
        return !c->local;
    case HBA_HOSTSSL:
        return !c->local && c->tls;
    case HBA_HOSTNOSSL:
        return !c->local && !c->tls;
    }
    return false;
}

const struct hba_rule *hba_find(const struct hba *h, const struct hba_client *client)
{
    for (int i = 0; i < h->nrules; i++) {
        const struct hba_rule *r = &h->rules[i];
        if (type_fits(r->type, client) && (r->type == HBA_LOCAL || address_fits(r, client)) &&
            database_fits(r, client) && user_fits(r, client))
            return r;
    }
    return NULL;
}

/* What the regular expression makes of the system's name: the user, with the first group in place
 * of \1. */
static struct err *map_by_pattern(const struct hba_map *m, const char *system_user,
                                  const char *user, bool *fits)
{
    struct regex *re;
    int64_t spans[4] = {-1, -1, -1, -1};
    bool found;
    const char *mark = strstr(m->user, "\\1");
    *fits = false;
    TRY(regex_compile(str_from(m->system_user + 1), PATTERN_FLAGS, &re));
    TRY(regex_exec(re, str_from(system_user), 0, 2, spans, &found));
    if (!found)
        return NULL;
    if (!mark) {
        *fits = strcmp(m->user, user) == 0;
        return NULL;
    }
    if (spans[2] < 0)
        return err_new(
            "2201B",
            "regular expression \"%s\" has no subexpressions as requested by backreference "
            "in \"%s\"",
            m->system_user + 1, m->user);
    size_t before = (size_t)(mark - m->user);
    size_t group = (size_t)(spans[3] - spans[2]);
    const char *after = mark + 2;
    *fits = strlen(user) == before + group + strlen(after) && memcmp(user, m->user, before) == 0 &&
            memcmp(user + before, system_user + spans[2], group) == 0 &&
            strcmp(user + before + group, after) == 0;
    return NULL;
}

bool hba_map_user(const struct hba *h, const char *map, const char *system_user, const char *user)
{
    if (!map)
        return strcmp(system_user, user) == 0;
    for (int i = 0; i < h->nmaps; i++) {
        const struct hba_map *m = &h->maps[i];
        bool fits = strcmp(m->system_user, system_user) == 0 && strcmp(m->user, user) == 0;
        if (strcmp(m->name, map) != 0)
            continue;
        if (m->system_user[0] == '/') {
            struct err *e = map_by_pattern(m, system_user, user, &fits);
            if (e)
                log_err(LOG_LOG, "login", e);
            err_free(e);
        }
        if (fits)
            return true;
    }
    return false;
}

static bool reaches_out(const struct hba_rule *r)
{
    static const uint8_t loopback6[16] = {[15] = 1};
    if (r->range != HBA_ADDRESS)
        return true;
    if (r->family == AF_INET)
        return r->address[0] != 127 || r->mask[0] != 255;
    for (int i = 0; i < 16; i++)
        if (r->mask[i] != 255)
            return true;
    return memcmp(r->address, loopback6, 16) != 0;
}

const struct hba_rule *hba_open_door(const struct hba *h)
{
    for (int i = 0; i < h->nrules; i++) {
        const struct hba_rule *r = &h->rules[i];
        if (r->type != HBA_LOCAL && r->method == HBA_TRUST && reaches_out(r))
            return r;
    }
    return NULL;
}
