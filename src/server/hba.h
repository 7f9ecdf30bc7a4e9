/* The file of authentication rules (pg_hba.conf; manual chapter 21) and that of user name maps
 * (pg_ident.conf). Text in, rules out: no catalog, no sockets, no files but those of names (@file).
 */
#ifndef TARN_SERVER_HBA_H
#define TARN_SERVER_HBA_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

enum hba_type { HBA_LOCAL, HBA_HOST, HBA_HOSTSSL, HBA_HOSTNOSSL };
enum hba_method { HBA_TRUST, HBA_REJECT, HBA_SCRAM, HBA_MD5, HBA_CERT };
enum hba_range { HBA_ADDRESS, HBA_ALL, HBA_SAMEHOST, HBA_SAMENET, HBA_NAME };
enum hba_clientcert { HBA_CLIENTCERT_OFF, HBA_CLIENTCERT_CA, HBA_CLIENTCERT_FULL };

struct hba_word {
    const char *text;
    bool quoted; /* then it is a name, whatever it says */
};

struct hba_words {
    struct hba_word *items;
    int n;
    int cap;
};

struct hba_rule {
    int line;
    enum hba_type type;
    struct hba_words databases;
    struct hba_words users;
    enum hba_range range;
    const char *host; /* HBA_NAME: a host, or the end of one: ".example.com" */
    sa_family_t family;
    uint8_t address[16];
    uint8_t mask[16];
    enum hba_method method;
    enum hba_clientcert clientcert;
    bool by_dn;        /* clientname=DN */
    const char *map;   /* NULL: none */
    const char *error; /* of a lenient set: what is wrong with the line; the rest is not said */
};

/* A line of pg_ident.conf. */
struct hba_map {
    int line;
    const char *name;
    const char *system_user; /* a regular expression behind a '/' */
    const char *user;        /* \1 stands for the first group */
    const char *error;       /* as of a rule */
};

struct hba {
    struct arena arena;
    bool lenient;    /* mistakes become rules and maps with an error */
    bool names_host; /* some rule has HBA_NAME */
    struct hba_rule *rules;
    int nrules;
    int rules_cap;
    struct hba_map *maps;
    int nmaps;
    int maps_cap;
};

/* Reads rules (maps: lines of pg_ident.conf) into the set. F0000 names file and line of the first
 * mistake; what is before it has been added. */
struct err *hba_parse(struct hba *h, const char *file, struct str text) MUST_CHECK;
struct err *hba_parse_maps(struct hba *h, const char *file, struct str text) MUST_CHECK;
void hba_free(struct hba *h); /* NULL is fine */

/* Who wants in. */
struct hba_client {
    bool local;
    bool tls;
    const char *address; /* numeric; "" for local */
    const char *host;    /* the name that the address and back again leads to; NULL: none */
    const char *user;
    const char *database;
    /* Whether the user is a member of a role, by names; errors count as no. */
    bool (*member)(void *arg, const char *role);
    void *arg;
};
/* The first rule for the client; NULL: none. */
const struct hba_rule *hba_find(const struct hba *h, const struct hba_client *client);
/* Whether a map lets the system user (of a certificate) be the user; without a map: equal names. A
 * regular expression that fails is logged and fits nobody. */
bool hba_map_user(const struct hba *h, const char *map, const char *system_user, const char *user);
/* A rule by which somebody from beyond loopback is trusted; NULL: none. */
const struct hba_rule *hba_open_door(const struct hba *h);
/* As in the file: "host", "scram-sha-256". */
const char *hba_type_name(enum hba_type t);
const char *hba_method_name(enum hba_method m);

#endif
