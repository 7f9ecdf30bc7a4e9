/* HTTP requests of the whole process, by libcurl on one thread of their own: a request is started
 * and awaited, so that one thread can have many on their way. TLS is verified, proxies come from
 * http_proxy, https_proxy and no_proxy, redirects are not followed, nothing is retried here. */
#ifndef TARN_LAKE_HTTP_H
#define TARN_LAKE_HTTP_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum http_outcome {
    HTTP_ANSWERED, /* `status` says what */
    HTTP_NO_HOST,  /* the name does not resolve */
    HTTP_NO_CONNECTION,
    HTTP_BAD_TLS, /* no trust in the other side, or no common protocol */
    HTTP_CUT,     /* the connection ended in the middle */
    HTTP_TIMEOUT, /* no connection or no byte for too long */
    HTTP_TOO_LONG /* more bytes than there is room for */
};

/* A request, in memory of the caller, who leaves it alone from http_start until http_wait or
 * http_abort has returned. */
struct http_call {
    /* Given. */
    const char *url;    /* kept until then */
    struct buf headers; /* "Name: value" each with a NUL byte behind; the call's from http_start */
    struct str post;    /* a body makes it a POST; kept until then */
    const char *ca_pem; /* certificates to trust instead of the system's; NULL: those */
    int stall_s;        /* give up after so many seconds without a byte */
    uint8_t *into;      /* where the body of a success goes, with room for `room` bytes ... */
    size_t room;
    struct buf *sink; /* ... or here, up to its limit, when `into` is NULL */
    /* Taken. */
    enum http_outcome outcome;
    char reason[256]; /* unless HTTP_ANSWERED */
    int status;
    size_t received;       /* bytes of the body */
    int64_t total_bytes;   /* by Content-Range; -1: not said */
    int64_t retry_after_s; /* -1: not said */
    char etag[128];        /* "" when absent; so the next */
    char error_code[64];   /* x-ms-error-code */
    char region[64];       /* x-amz-bucket-region */
    struct buf error_body; /* of an answer other than 2xx, its beginning */
    /* The thread's. */
    void *easy;
    void *header_list;
    bool aborted; /* guarded by the thread's mutex; so `done` */
    bool done;
    struct http_call *next;
};

void http_header(struct http_call *call, const char *name, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* The thread is made at first use. 53200, 53000. */
struct err *http_start(struct http_call *call) MUST_CHECK;
/* Waits for the end. 57014 when the statement was cancelled, the call then is aborted. Blocks. */
struct err *http_wait(struct http_call *call) MUST_CHECK;
/* Ends a call that was started, whether or not it is done. Blocks shortly. */
void http_abort(struct http_call *call);
/* Frees what the call holds, and forgets its results; `url` and the like are the caller's. */
void http_clear(struct http_call *call);

#endif
