/* Why a store did not give what it was asked for. Nothing here shows a secret: messages of stores
 * that repeat one are left out. */
#include "lake/store_internal.h"

#include <stdio.h>
#include <string.h>

struct err *http_failure(const struct http_call *call, const char *what)
{
    switch (call->outcome) {
    case HTTP_NO_HOST:
        return err_detail(err_new("08001", "could not find the host of \"%s\"", what), "%s.",
                          call->reason);
    case HTTP_NO_CONNECTION:
        return err_detail(err_new("08001", "could not connect to the host of \"%s\"", what), "%s.",
                          call->reason);
    case HTTP_BAD_TLS:
        return err_hint(err_detail(err_new("08001", "could not trust the host of \"%s\"", what),
                                   "%s.", call->reason),
                        "A certificate authority of one's own is named by option ca_certificate "
                        "of the storage credential.");
    case HTTP_CUT:
        return err_detail(err_new("08006", "lost the connection to the host of \"%s\"", what),
                          "%s.", call->reason);
    case HTTP_TIMEOUT:
        return err_detail(err_new("08006", "the host of \"%s\" did not answer in time", what),
                          "%s.", call->reason);
    case HTTP_TOO_LONG:
        return err_new("54000", "the answer for \"%s\" is longer than expected", what);
    case HTTP_ANSWERED:
        break;
    }
    return err_new("58030", "the host of \"%s\" answered %d", what, call->status);
}

static bool shows_secret(const struct remote *r, const char *message)
{
    for (size_t i = 0; remote_access(r) && i < remote_access(r)->count; i++) {
        const struct lake_option *o = &remote_access(r)->options[i];
        if (lake_access_is_secret(r->type, o->name) && strstr(message, o->value))
            return true;
    }
    return false;
}

static struct err *denied(const struct remote *r, const char *what)
{
    struct err *e = err_new("42501", "access to \"%s\" was denied", what);
    if (!remote_access(r))
        return err_hint(e, "It is not public. Name a storage credential: credential => 'name' in a "
                           "function, WITH (credential = 'name') of a synced table.");
    if (remote_access(r)->grant)
        return err_hint(e, "It was read with credentials that catalog \"%s\" gave.",
                        remote_access(r)->name);
    return err_hint(e,
                    "Check the options of storage credential \"%s\" and what it is allowed to do.",
                    remote_access(r)->name);
}

static struct err *missing(const char *what, const char *root, const char *code)
{
    if (strcmp(code, "NoSuchBucket") == 0 || strcmp(code, "ContainerNotFound") == 0)
        return err_new("58P01", "bucket \"%s\" does not exist", root);
    return err_new("58P01", "could not open \"%s\": no such object", what);
}

static struct err *elsewhere(const struct remote *r, const struct http_call *call)
{
    struct err *e =
        err_new("22023", "bucket \"%s\" is not served by \"%s\"", r->base.root, r->host);
    if (call->region[0])
        return err_hint(e, "Give the storage credential region = '%s'.", call->region);
    return err_hint(e, "Check region and endpoint of the storage credential.");
}

static bool is_expired(const char *code)
{
    static const char *const codes[] = {"ExpiredToken", "InvalidToken", "TokenRefreshRequired",
                                        "InvalidAccessKeyId", "AuthorizationHeaderMalformed"};
    for (size_t i = 0; i < ARRAY_LENGTH(codes); i++)
        if (strcmp(code, codes[i]) == 0)
            return true;
    return false;
}

static struct err *by_status(const struct remote *r, const struct http_call *call, const char *what,
                             const char *code, int attempts)
{
    switch (call->status) {
    case 401:
    case 403:
        return denied(r, what);
    case 404:
        return missing(what, r->base.root, code);
    case 301:
    case 302:
    case 307:
    case 308:
        return elsewhere(r, call);
    case 412:
        return err_new("58030", "\"%s\" was replaced while it was read", what);
    case 416:
        return err_new("XX001", "\"%s\" became shorter while it was read", what);
    }
    if (call->status == 400 && strcmp(code, "AuthorizationHeaderMalformed") == 0)
        return elsewhere(r, call);
    if (call->status == 400 && is_expired(code))
        return denied(r, what);
    if (attempts > 1)
        return err_new("58030", "could not read \"%s\" in %d attempts", what, attempts);
    return err_new("58030", "could not read \"%s\"", what);
}

struct err *remote_error(const struct remote *r, const struct remote_request *q,
                         const struct http_call *call, int attempts)
{
    char code[64], message[256];
    struct buf what = BUF_INIT;
    buf_printf(&what, "%s", r->base.root);
    if (q->key.len)
        buf_printf(&what, "/%.*s", STR_ARG(q->key));
    for (int i = 0; !q->key.len && i < q->param_count; i++)
        if (strcmp(q->params[i].name, "prefix") == 0)
            buf_printf(&what, "/%s", q->params[i].value);
    if (call->outcome != HTTP_ANSWERED) {
        struct err *e = http_failure(call, buf_cstr(&what));
        buf_done(&what);
        return e;
    }
    store_parse_error(buf_str(&call->error_body), code, message);
    if (!code[0])
        snprintf(code, sizeof(code), "%s", call->error_code);
    if (shows_secret(r, message))
        message[0] = '\0';
    struct err *e = by_status(r, call, buf_cstr(&what), code, attempts);
    buf_done(&what);
    return err_detail(e, "The store answered %d%s%s%s%s%s", call->status, code[0] ? " (" : "", code,
                      code[0] ? ")" : "", message[0] ? ": " : ".", message);
}
