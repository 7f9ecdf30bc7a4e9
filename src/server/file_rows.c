/* What the server's files say, as rows: the rules and maps that logins would go by after a reload,
 * with what is wrong with them, and the settings of the configuration file that are in force. */
#include "server/server_internal.h"

#include "server/auth.h"
#include "server/hba.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct receiver {
    void (*visit)(void *arg, const char *const *texts, int n);
    void *arg;
    int count;
};

enum { NUMBER_BYTES = 24 };

/* ---- rules ---- */

static void put_element(struct buf *out, const char *text)
{
    buf_put_u8(out, out->len ? ',' : '{');
    buf_put_u8(out, '"');
    for (const char *p = text; *p; p++) {
        if (*p == '"' || *p == '\\')
            buf_put_u8(out, '\\');
        buf_put_u8(out, (uint8_t)*p);
    }
    buf_put_u8(out, '"');
}

/* As the text of an array; NULL: no words. */
static const char *words(struct buf *out, const struct hba_words *w)
{
    for (int i = 0; i < w->n; i++)
        put_element(out, w->items[i].text);
    if (!w->n)
        return NULL;
    buf_put_c(out, "}");
    return buf_cstr(out);
}

static const char *options_of(struct buf *out, const struct hba_rule *r)
{
    struct buf map = BUF_INIT;
    buf_printf(&map, "map=%s", r->map ? r->map : "");
    if (r->map)
        put_element(out, buf_cstr(&map));
    buf_done(&map);
    if (r->clientcert != HBA_CLIENTCERT_OFF)
        put_element(out, r->clientcert == HBA_CLIENTCERT_CA ? "clientcert=verify-ca"
                                                            : "clientcert=verify-full");
    if (!out->len)
        return NULL;
    buf_put_c(out, "}");
    return buf_cstr(out);
}

static void address_of(const struct hba_rule *r, const char **address, const char **mask,
                       char texts[2][INET6_ADDRSTRLEN])
{
    static const char *const ranges[] = {
        [HBA_ALL] = "all", [HBA_SAMEHOST] = "samehost", [HBA_SAMENET] = "samenet"};
    if (r->type == HBA_LOCAL)
        return;
    if (r->range == HBA_NAME) {
        *address = r->host;
        return;
    }
    if (r->range != HBA_ADDRESS) {
        *address = ranges[r->range];
        return;
    }
    *address = inet_ntop(r->family, r->address, texts[0], INET6_ADDRSTRLEN);
    *mask = inet_ntop(r->family, r->mask, texts[1], INET6_ADDRSTRLEN);
}

static void visit_rule(struct receiver *t, const struct hba_rule *r)
{
    char line[NUMBER_BYTES];
    char addresses[2][INET6_ADDRSTRLEN];
    struct buf databases = BUF_INIT;
    struct buf users = BUF_INIT;
    struct buf options = BUF_INIT;
    const char *address = NULL;
    const char *mask = NULL;
    snprintf(line, sizeof(line), "%d", r->line);
    if (r->error) {
        const char *const wrong[] = {line, NULL, NULL, NULL, NULL, NULL, NULL, NULL, r->error};
        t->visit(t->arg, wrong, (int)ARRAY_LENGTH(wrong));
        return;
    }
    address_of(r, &address, &mask, addresses);
    const char *const texts[] = {line,
                                 hba_type_name(r->type),
                                 words(&databases, &r->databases),
                                 words(&users, &r->users),
                                 address,
                                 mask,
                                 hba_method_name(r->method),
                                 options_of(&options, r),
                                 NULL};
    t->visit(t->arg, texts, (int)ARRAY_LENGTH(texts));
    buf_done(&databases);
    buf_done(&users);
    buf_done(&options);
}

static void visit_rules(void *arg, const struct hba *h)
{
    for (int i = 0; i < h->nrules; i++)
        visit_rule(arg, &h->rules[i]);
}

static void visit_maps(void *arg, const struct hba *h)
{
    struct receiver *t = arg;
    for (int i = 0; i < h->nmaps; i++) {
        char line[NUMBER_BYTES];
        snprintf(line, sizeof(line), "%d", h->maps[i].line);
        const char *const texts[] = {line, h->maps[i].name, h->maps[i].system_user, h->maps[i].user,
                                     h->maps[i].error};
        t->visit(t->arg, texts, (int)ARRAY_LENGTH(texts));
    }
}

/* ---- settings ---- */

static void visit_setting(void *arg, const struct setting_info *info)
{
    struct receiver *t = arg;
    char line[NUMBER_BYTES];
    char number[NUMBER_BYTES];
    if (!info->file)
        return;
    snprintf(line, sizeof(line), "%d", info->line);
    snprintf(number, sizeof(number), "%d", ++t->count);
    const char *const texts[] = {info->file, line, number, info->name, info->setting, "t", NULL};
    t->visit(t->arg, texts, (int)ARRAY_LENGTH(texts));
}

/* PostgreSQL 15's numbers of formats: what its programs compare. When its control file, which is
 * not here, was changed is not known. */
static void visit_system(struct receiver *t)
{
    char id[NUMBER_BYTES];
    snprintf(id, sizeof(id), "%" PRIu64, auth_system_identifier());
    const char *const texts[] = {"1300", "202209061", id, NULL};
    t->visit(t->arg, texts, (int)ARRAY_LENGTH(texts));
}

/* All of them, also those that SHOW ALL leaves out: PostgreSQL hides no flags. */
static void visit_flags(struct receiver *t)
{
    for (int i = 0; i < setting_table_count; i++) {
        const char *const texts[] = {setting_table[i].name, setting_table[i].words};
        t->visit(t->arg, texts, (int)ARRAY_LENGTH(texts));
    }
}

struct err *server_rows_each(struct session *s, const char *function,
                             void (*visit)(void *arg, const char *const *texts, int n), void *arg)
{
    struct receiver t = {.visit = visit, .arg = arg};
    if (strcmp(function, "pg_hba_file_rules") == 0)
        return auth_visit_files(visit_rules, &t);
    if (strcmp(function, "pg_ident_file_mappings") == 0)
        return auth_visit_files(visit_maps, &t);
    if (strcmp(function, "show_all_file_settings") == 0)
        settings_each(s, visit_setting, &t);
    if (strcmp(function, "pg_control_system") == 0)
        visit_system(&t);
    if (strcmp(function, "pg_settings_get_flags") == 0)
        visit_flags(&t);
    return NULL;
}
