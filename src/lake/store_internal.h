/* Shared by the stores of this folder. */
#ifndef TARN_LAKE_STORE_INTERNAL_H
#define TARN_LAKE_STORE_INTERNAL_H

#include "base/arena.h"
#include "lake/access.h"
#include "lake/http.h"
#include "lake/store.h"

#include <pthread.h>
#include <stdatomic.h>

struct err *lake_store_local_new(struct lake_store **out) MUST_CHECK;

/* ---- store_url.c ---- */

/* http://host[:port][/path] */
struct store_url {
    bool tls;
    struct str host; /* with the port, unless it is the scheme's */
    struct str path; /* without a slash at its end; "" or "/..." */
};
bool store_url_parse(struct str text, struct store_url *out);

/* s3://bucket/key, gs://bucket/key, abfss://container@account.host/path, az://container/path. */
struct store_location {
    enum lake_access_type type;
    const char *root; /* in one spelling, whatever that of the scheme */
    const char *bucket;
    const char *account; /* azure: of the host, NULL with az:// */
    const char *suffix;  /* azure: what is behind "account.blob." or "account.dfs." */
    struct str path;     /* literally, no slash at either end */
};
/* 0A000 for another scheme, 22023 for a malformed one. Strings in the arena. */
struct err *store_location_parse(struct str uri, struct arena *arena,
                                 struct store_location *out) MUST_CHECK;
/* Percent-encodes all but unreserved characters, and slashes unless they are kept. */
void store_put_encoded(struct buf *out, struct str s, bool keep_slash);

/* ---- store_remote.c: what all stores over HTTP do the same way ---- */

enum { REMOTE_MAX_PARAMS = 10 };

/* A GET. Names and values are not yet encoded; the arena of the request holds them. */
struct remote_param {
    const char *name;
    const char *value;
};
struct remote_request {
    struct str key; /* "": the bucket itself */
    struct remote_param params[REMOTE_MAX_PARAMS];
    int param_count;
    int64_t begin;    /* a range; -1: all of it */
    int64_t end;      /* exclusive */
    const char *etag; /* the object must still be this one; "": any */
};

struct remote;
struct remote_ops {
    /* Adds the headers that let the request in; `path` and `query` are encoded, the query's
     * parameters in order. May add to *url (a signature in it). May ask for a token: blocks. */
    struct err *(*authorize)(struct remote *r, const struct lake_access *a,
                             const struct remote_request *q, struct str path, struct str query,
                             struct buf *url, struct http_call *call);
    /* Asks for a page of a listing: all but the continuation. */
    void (*list)(struct remote *r, const char *prefix, const char *after, struct arena *arena,
                 struct remote_request *q);
    const char *continue_param;
    /* The store answered 401: forgets what it was shown, if that can be renewed. NULL: it cannot.
     */
    void (*refused)(struct remote *r);
};

struct remote {
    struct lake_store base;
    const struct remote_ops *ops;
    struct arena arena; /* of all that follows */
    enum lake_access_type type;
    /* NULL: none. A renewed one takes its place; the old one stays in the arena. Release with
     * acquire in remote_access. */
    const struct lake_access *_Atomic access;
    const char *bucket;
    const char *base_url;  /* scheme and host */
    const char *host;      /* as in the Host header */
    const char *base_path; /* of the bucket: "" or "/..." */
    const char *region;    /* s3, gcs */
    const char *account;   /* azure */
    int stall_s;
    pthread_mutex_t renewing; /* of the access; before mu */
    pthread_mutex_t mu;
    struct remote_object *expected; /* opens under way; guarded by mu */
    int expected_count;             /* likewise */
};

/* What the store was opened with, or what has taken its place. */
const struct lake_access *remote_access(const struct remote *r);

/* Runs a GET until it succeeds or the error is one that stays; *call is then done, and to be
 * cleared. Errors as in store.h. Blocks. */
struct err *remote_run(struct remote *r, const struct remote_request *q,
                       struct http_call *call) MUST_CHECK;
/* Starts it once; http_wait and remote_ok tell whether it worked. */
struct err *remote_start(struct remote *r, const struct remote_request *q,
                         struct http_call *call) MUST_CHECK;
bool remote_ok(const struct http_call *call);
/* Frees what the two above put into the call. */
void remote_clear(struct http_call *call);
struct err *lake_store_remote_new(const struct store_location *at, const struct lake_access *access,
                                  struct lake_store **out) MUST_CHECK;
/* Waits before attempt `attempt` (from 1). 57014. Blocks. */
struct err *remote_pause(int attempt, int64_t retry_after_s) MUST_CHECK;
bool remote_may_retry(const struct http_call *call);

/* ---- store_error.c ---- */

struct err *remote_error(const struct remote *r, const struct remote_request *q,
                         const struct http_call *call, int attempts);
/* That of a call whose answer never came. `what` is a URL or location. */
struct err *http_failure(const struct http_call *call, const char *what);

/* ---- store_object.c ---- */

struct err *remote_open(struct lake_store *store, struct str path, struct lake_object **out);
void remote_expect(struct lake_store *store, struct str path);
void remote_forget_expected(struct remote *r);

/* ---- store_xml.c ---- */

struct store_page {
    struct lake_entry *entries; /* names are whole keys, those of folders with their slash */
    size_t count;
    size_t capacity;
    const char *next; /* continuation; "": the last page */
};
/* Adds the entries of a page of S3's or Azure's listing. XX001 when it is none. */
struct err *store_parse_page(struct str xml, struct arena *arena,
                             struct store_page *page) MUST_CHECK;
/* Code and message of an error's body, "" where there are none; lengths are bounded. */
void store_parse_error(struct str body, char code[64], char message[256]);

/* ---- store_s3.c, store_azure.c, store_gcs.c ---- */

/* Take what is theirs out of the location and r->access. */
struct err *remote_s3_init(struct remote *r, const struct store_location *at) MUST_CHECK;
struct err *remote_azure_init(struct remote *r, const struct store_location *at) MUST_CHECK;
struct err *remote_gcs_init(struct remote *r, const struct store_location *at) MUST_CHECK;
/* S3's and Google's listings are the same. */
void remote_s3_list(struct remote *r, const char *prefix, const char *after, struct arena *arena,
                    struct remote_request *q);
/* Splits an endpoint into base_url, host and base_path. */
void remote_set_endpoint(struct remote *r, struct str endpoint);

/* Signature Version 4 of a GET without a body. Headers are "name:value\n" in order of names, in
 * lower case. `time_s` is since the epoch. */
struct sigv4 {
    const char *key_id;
    const char *secret;
    const char *region;
    const char *service;
    int64_t time_s;
    struct str path;          /* encoded */
    struct str query;         /* encoded, in order */
    struct str headers;       /* to be signed */
    const char *payload_hash; /* as it stands in the canonical request */
};
/* Appends the value of the Authorization header. */
void sigv4_authorization(const struct sigv4 *in, struct buf *out);
/* 20130524T000000Z */
void sigv4_time(int64_t time_s, char out[20]);

/* ---- token.c ---- */

/* An OAuth access token by a POST of form parameters, remembered by the process until shortly
 * before it expires. `identity` tells tokens apart; it is hashed. Errors name `what`. Blocks. */
struct token_request {
    const char *url;
    struct str identity;
    const char *what; /* "storage credential \"lake\"" */
    const char *ca_pem;
    int stall_s;
    /* Appends the body; called when a new token is needed. */
    struct err *(*body)(void *arg, struct buf *out);
    void *arg;
};
struct err *token_get(const struct token_request *t, struct arena *arena,
                      const char **out) MUST_CHECK;
/* A store refused it: the next token_get asks anew. */
void token_forget(struct str identity);
/* Adds the header Authorization with the access's own token, or the one that `get` gets. Blocks. */
struct err *token_put_bearer(struct remote *r, const struct lake_access *a,
                             struct err *(*get)(struct remote *r, struct arena *arena,
                                                const char **out),
                             struct http_call *call) MUST_CHECK;
/* The token of an answer, which is untrusted, and for how long it is good; false: there is none.
 * The arena gets the whole tree. */
bool token_read(struct str answer, struct arena *arena, const char **out, int64_t *life_s);

#endif
