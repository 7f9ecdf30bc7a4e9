#ifndef TARN_RT_TLS_INTERNAL_H
#define TARN_RT_TLS_INTERNAL_H

#include "base/buf.h"
#include "rt/tls.h"

struct tls;

/* Decrypts bytes of the client into `to`. False: the stream is broken. *eof: the client has closed
 * its side. */
bool tls_input(struct tls *t, const void *bytes, size_t len, struct buf *to, bool *eof);
/* Encrypts; the records are appended to `out`, with what else TLS has to say. */
struct err *tls_output(struct tls *t, const void *bytes, size_t len, struct buf *out) MUST_CHECK;
/* The closing message, as far as there is one. */
void tls_goodbye(struct tls *t, struct buf *out);
void tls_free(struct tls *t); /* NULL is fine */

struct err *tls_new(struct tls_context *context, struct tls **out) MUST_CHECK;
/* One step of the handshake over bytes of the client; *done when it is over. On the pool. */
struct err *tls_handshake(struct tls *t, const void *bytes, size_t len, struct buf *out,
                          bool *done) MUST_CHECK;
const struct tls_info *tls_info(const struct tls *t);

#endif
