/* OAuth tokens of the process: asked for once, used until shortly before they expire. They are kept
 * by a digest of what they were asked with, so that another secret never gets the token of an
 * earlier one. */
#include "base/clock.h"
#include "lake/jsondoc.h"
#include "lake/store_internal.h"
#include "rt/crypto.h"

#include <stdlib.h>
#include <string.h>

enum {
    MAX_TOKENS = 32,
    EARLY_S = 120,
    DEFAULT_LIFE_S = 300,
    ATTEMPTS = 4,
    ANSWER_LIMIT = 1 << 20,
    MAX_TOKEN = 16 << 10
};

struct token {
    uint8_t id[CRYPTO_SHA256_BYTES];
    char *text; /* NULL: the place is free */
    int64_t until_ns;
};

static struct token tokens[MAX_TOKENS]; /* guarded by mu */
static pthread_mutex_t mu = PTHREAD_MUTEX_INITIALIZER;

static void drop(struct token *t)
{
    if (t->text)
        crypto_wipe(t->text, strlen(t->text));
    free(t->text);
    t->text = NULL;
}

static struct token *find_locked(const uint8_t *id)
{
    for (int i = 0; i < MAX_TOKENS; i++)
        if (tokens[i].text && memcmp(tokens[i].id, id, CRYPTO_SHA256_BYTES) == 0)
            return &tokens[i];
    return NULL;
}

static const char *known_token(const uint8_t *id, struct arena *arena)
{
    const char *out = NULL;
    pthread_mutex_lock(&mu);
    struct token *t = find_locked(id);
    if (t && t->until_ns > clock_mono_ns())
        out = arena_strdup(arena, t->text);
    pthread_mutex_unlock(&mu);
    return out;
}

/* In the place of its predecessor, a free one, or the one that expires first. */
static void remember(const uint8_t *id, struct str text, int64_t life_s)
{
    pthread_mutex_lock(&mu);
    struct token *t = find_locked(id);
    for (int i = 0; !t && i < MAX_TOKENS; i++)
        if (!tokens[i].text)
            t = &tokens[i];
    for (int i = 0; !t && i < MAX_TOKENS; i++)
        if (i == 0 || tokens[i].until_ns < t->until_ns)
            t = &tokens[i];
    drop(t);
    memcpy(t->id, id, sizeof(t->id));
    t->text = strndup(text.data, text.len);
    t->until_ns =
        clock_mono_ns() + (life_s > 2 * EARLY_S ? life_s - EARLY_S : life_s / 2) * 1000000000;
    pthread_mutex_unlock(&mu);
}

void token_forget(struct str identity)
{
    uint8_t id[CRYPTO_SHA256_BYTES];
    crypto_sha256(identity, id);
    pthread_mutex_lock(&mu);
    struct token *t = find_locked(id);
    if (t)
        drop(t);
    pthread_mutex_unlock(&mu);
}

/* Refused by the authority: its error code, nothing else of its answer. */
static struct err *refused(const struct token_request *t, const struct http_call *call)
{
    struct arena a;
    const char *reason;
    size_t offset;
    struct str code = STR("");
    arena_init(&a);
    const struct json_value *tree = json_parse(&a, buf_str(&call->error_body), &reason, &offset);
    json_get_str(tree, "error", &code);
    struct err *e =
        call->status >= 500
            ? err_new("58030", "could not get a token for storage credential \"%s\"", t->what)
            : err_new("42501", "no token is given to storage credential \"%s\"", t->what);
    e = err_detail(e, "\"%s\" answered %d%s%.*s%s.", t->url, call->status, code.len ? " (" : "",
                   STR_ARG(code), code.len ? ")" : "");
    arena_done(&a);
    return e;
}

bool token_read(struct str answer, struct arena *arena, const char **out, int64_t *life_s)
{
    const char *reason;
    size_t offset;
    struct str text = STR("");
    const struct json_value *tree = json_parse(arena, answer, &reason, &offset);
    if (!json_get_str(tree, "access_token", &text) || !text.len || text.len >= MAX_TOKEN)
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] <= ' ' || text.data[i] > '~')
            return false;
    *life_s = DEFAULT_LIFE_S;
    json_get_i64(tree, "expires_in", life_s);
    *out = arena_strndup(arena, text.data, text.len);
    return true;
}

static struct err *take_answer(const struct token_request *t, const uint8_t *id, struct str answer,
                               struct arena *arena, const char **out)
{
    int64_t life_s;
    if (!token_read(answer, arena, out, &life_s))
        return err_new("58030", "\"%s\" did not answer with a token", t->url);
    if (life_s > 0 && life_s < 1000000)
        remember(id, str_from(*out), life_s);
    return NULL;
}

static struct err *ask(const struct token_request *t, const uint8_t *id, struct arena *arena,
                       const char **out)
{
    struct buf body = BUF_INIT, answer = {.limit_bytes = ANSWER_LIMIT};
    struct http_call call = {.url = t->url, .sink = &answer};
    struct err *e = t->body(t->arg, &body);
    for (int attempt = 1; !e; attempt++) {
        buf_reset(&answer);
        buf_reset(&call.headers);
        buf_reset(&call.error_body);
        call.post = buf_str(&body);
        call.ca_pem = t->ca_pem;
        call.stall_s = t->stall_s;
        http_header(&call, "Content-Type", "application/x-www-form-urlencoded");
        http_header(&call, "Accept", "application/json");
        e = http_start(&call);
        if (!e)
            e = http_wait(&call);
        if (e)
            break;
        if (remote_ok(&call)) {
            e = take_answer(t, id, buf_str(&answer), arena, out);
            break;
        }
        if (attempt < ATTEMPTS && remote_may_retry(&call))
            e = remote_pause(attempt, call.retry_after_s);
        else
            e = call.outcome == HTTP_ANSWERED ? refused(t, &call) : http_failure(&call, t->url);
    }
    crypto_wipe(body.data, body.len);
    crypto_wipe(answer.data, answer.len);
    buf_done(&body);
    buf_done(&answer);
    http_clear(&call);
    return e;
}

struct err *token_get(const struct token_request *t, struct arena *arena, const char **out)
{
    uint8_t id[CRYPTO_SHA256_BYTES];
    crypto_sha256(t->identity, id);
    *out = known_token(id, arena);
    return *out ? NULL : ask(t, id, arena, out);
}

struct err *token_put_bearer(struct remote *r, const struct lake_access *a,
                             struct err *(*get)(struct remote *r, struct arena *arena,
                                                const char **out),
                             struct http_call *call)
{
    struct arena arena;
    const char *token = lake_access_get(a, "access_token");
    struct err *e = NULL;
    arena_init(&arena);
    if (!token)
        e = get(r, &arena, &token);
    if (!e)
        http_header(call, "Authorization", "Bearer %s", token);
    arena_done(&arena);
    return e;
}
