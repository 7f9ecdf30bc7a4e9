/* TLS by OpenSSL over a connection's buffers: no call here reads or writes a socket. What a
 * handshake computes runs on the pool; the ciphers of records run where the bytes come in. */
#ifndef TARN_RT_TLS_H
#define TARN_RT_TLS_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

struct conn;
struct tls_context;

struct tls_config {
    const char *cert_file;
    const char *key_file;
    const char *ca_file;  /* "" : client certificates are not asked for */
    const char *crl_file; /* "" : none */
    const char *crl_dir;
    const char *ciphers;     /* of TLS 1.2 and below */
    const char *curve;       /* of the key exchange */
    const char *min_version; /* "TLSv1.2"; "": the library's */
    const char *max_version;
    bool prefer_server_ciphers;
};
/* Reads the files. Blocks. F0000 with OpenSSL's reason. References are counted; any thread. */
struct err *tls_context_new(const struct tls_config *config, struct tls_context **out) MUST_CHECK;
struct tls_context *tls_context_ref(struct tls_context *t);
void tls_context_unref(struct tls_context *t); /* NULL is fine */

/* Makes the connection speak TLS, as its server; what has arrived and is not read yet is taken as
 * the client's first bytes. 08P01 when the handshake fails, 08006 at the deadline or the end of
 * input (all FATAL). MAY YIELD. */
struct err *conn_start_tls(struct conn *c, struct tls_context *t, int64_t deadline_ns) MUST_CHECK;

/* What a connection's TLS has agreed on; strings live as long as the connection. */
struct tls_info {
    const char *version; /* "TLSv1.3"; NULL: no TLS */
    const char *cipher;
    int bits;
    bool client_cert; /* the client has sent a certificate, which the CA has signed */
    const char *client_cn;
    const char *client_dn;     /* "/O=a/CN=b" */
    const char *client_rfc_dn; /* "CN=b,O=a", as RFC 2253 has it */
    const char *client_serial;
    const char *issuer_dn;
    struct str server_end_point; /* hash of the server's certificate, for channel binding */
};
const struct tls_info *conn_tls_info(const struct conn *c);

#endif
