/* TLS over memory BIOs. */
#include "rt/tls_internal.h"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RECORD_BYTES = 16384, NAME_BYTES = 512 };

struct tls_context {
    atomic_int refs;
    SSL_CTX *ssl;
};

struct tls {
    SSL *ssl;
    BIO *in; /* owned by ssl */
    BIO *out;
    struct tls_context *context;
    struct tls_info info;
    char cn[NAME_BYTES];
    char dn[NAME_BYTES];
    char rfc_dn[NAME_BYTES];
    char issuer[NAME_BYTES];
    char serial[128];
    uint8_t hash[EVP_MAX_MD_SIZE];
};

static const char *reason(void)
{
    unsigned long code = ERR_get_error();
    const char *text = code ? ERR_reason_error_string(code) : NULL;
    ERR_clear_error();
    return text ? text : "no SSL error reported";
}

/* ---- contexts ---- */

static struct err *check_key_file(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return err_errno(errno, "access private key file \"%s\"", path);
    if (!S_ISREG(st.st_mode))
        return err_new("F0000", "private key file \"%s\" is not a regular file", path);
    if (st.st_uid != geteuid() && st.st_uid != 0)
        return err_new("F0000",
                       "private key file \"%s\" must be owned by the database user or root", path);
    if (st.st_mode & (st.st_uid == geteuid() ? 077 : 027))
        return err_detail(
            err_new("F0000", "private key file \"%s\" has group or world access", path),
            "File must have permissions u=rw (0600) or less if owned by the database "
            "user, or permissions u=rw,g=r (0640) or less if owned by root.");
    return NULL;
}

static struct err *set_version(SSL_CTX *ssl, const char *name, bool max)
{
    static const struct {
        const char *name;
        int number;
    } versions[] = {{"TLSv1", TLS1_VERSION},
                    {"TLSv1.1", TLS1_1_VERSION},
                    {"TLSv1.2", TLS1_2_VERSION},
                    {"TLSv1.3", TLS1_3_VERSION}};
    for (size_t i = 0; i < sizeof(versions) / sizeof(*versions); i++) {
        if (strcasecmp(versions[i].name, name) != 0)
            continue;
        long ok = max ? SSL_CTX_set_max_proto_version(ssl, versions[i].number)
                      : SSL_CTX_set_min_proto_version(ssl, versions[i].number);
        return ok ? NULL
                  : err_new("F0000", "could not set the %s SSL protocol version to %s",
                            max ? "maximum" : "minimum", name);
    }
    return NULL; /* "": the library's */
}

static struct err *load_authorities(SSL_CTX *ssl, const struct tls_config *c)
{
    if (!*c->ca_file)
        return NULL;
    STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(c->ca_file);
    if (!names || SSL_CTX_load_verify_locations(ssl, c->ca_file, NULL) != 1) {
        sk_X509_NAME_pop_free(names, X509_NAME_free);
        return err_new("F0000", "could not load root certificate file \"%s\": %s", c->ca_file,
                       reason());
    }
    SSL_CTX_set_client_CA_list(ssl, names);
    SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_CLIENT_ONCE, NULL);
    if (!*c->crl_file && !*c->crl_dir)
        return NULL;
    X509_STORE *store = SSL_CTX_get_cert_store(ssl);
    if (X509_STORE_load_locations(store, *c->crl_file ? c->crl_file : NULL,
                                  *c->crl_dir ? c->crl_dir : NULL) != 1)
        return err_new("F0000", "could not load SSL certificate revocation list file \"%s\": %s",
                       c->crl_file, reason());
    X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
    return NULL;
}

static struct err *configure(SSL_CTX *ssl, const struct tls_config *c)
{
    SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET |
                                 SSL_OP_SINGLE_DH_USE | SSL_OP_SINGLE_ECDH_USE);
    if (c->prefer_server_ciphers)
        SSL_CTX_set_options(ssl, SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(ssl, 0);
    if (SSL_CTX_use_certificate_chain_file(ssl, c->cert_file) != 1)
        return err_new("F0000", "could not load server certificate file \"%s\": %s", c->cert_file,
                       reason());
    TRY(check_key_file(c->key_file));
    if (SSL_CTX_use_PrivateKey_file(ssl, c->key_file, SSL_FILETYPE_PEM) != 1)
        return err_new("F0000", "could not load private key file \"%s\": %s", c->key_file,
                       reason());
    if (SSL_CTX_check_private_key(ssl) != 1)
        return err_new("F0000", "check of private key failed: %s", reason());
    TRY(set_version(ssl, c->min_version, false));
    TRY(set_version(ssl, c->max_version, true));
    if (SSL_CTX_set_cipher_list(ssl, c->ciphers) != 1)
        return err_new("F0000", "could not set the cipher list (no valid ciphers available)");
    if (*c->curve && SSL_CTX_set1_groups_list(ssl, c->curve) != 1)
        return err_new("F0000", "ECDH: unrecognized curve name: %s", c->curve);
    return load_authorities(ssl, c);
}

/* A key with a passphrase is refused rather than asked about on a terminal. */
static int no_passphrase(char *out, int size, int writing, void *arg)
{
    (void)out, (void)size, (void)writing, (void)arg;
    return 0;
}

struct err *tls_context_new(const struct tls_config *config, struct tls_context **out)
{
    struct tls_context *t = calloc(1, sizeof(*t));
    if (!t)
        return err_oom();
    t->refs = 1;
    t->ssl = SSL_CTX_new(TLS_server_method());
    if (!t->ssl) {
        free(t);
        return err_new("XX000", "could not create SSL context: %s", reason());
    }
    SSL_CTX_set_default_passwd_cb(t->ssl, no_passphrase);
    struct err *e = configure(t->ssl, config);
    if (e) {
        tls_context_unref(t);
        return e;
    }
    *out = t;
    return NULL;
}

struct tls_context *tls_context_ref(struct tls_context *t)
{
    atomic_fetch_add_explicit(&t->refs, 1, memory_order_relaxed);
    return t;
}

void tls_context_unref(struct tls_context *t)
{
    /* Release and acquire: whoever frees sees all that other holders did. */
    if (!t || atomic_fetch_sub_explicit(&t->refs, 1, memory_order_acq_rel) != 1)
        return;
    SSL_CTX_free(t->ssl);
    free(t);
}

/* ---- one connection ---- */

struct err *tls_new(struct tls_context *context, struct tls **out)
{
    struct tls *t = calloc(1, sizeof(*t));
    if (!t)
        return err_oom();
    t->ssl = SSL_new(context->ssl);
    t->in = BIO_new(BIO_s_mem());
    t->out = BIO_new(BIO_s_mem());
    if (!t->ssl || !t->in || !t->out) {
        BIO_free(t->in);
        BIO_free(t->out);
        SSL_free(t->ssl);
        free(t);
        return err_oom();
    }
    SSL_set_bio(t->ssl, t->in, t->out);
    SSL_set_accept_state(t->ssl);
    t->context = tls_context_ref(context);
    *out = t;
    return NULL;
}

void tls_free(struct tls *t)
{
    if (!t)
        return;
    SSL_free(t->ssl);
    tls_context_unref(t->context);
    free(t);
}

const struct tls_info *tls_info(const struct tls *t)
{
    return &t->info;
}

static void drain(struct tls *t, struct buf *out)
{
    char *data;
    long n = BIO_get_mem_data(t->out, &data);
    if (n > 0)
        buf_put(out, data, (size_t)n);
    (void)BIO_reset(t->out);
}

static bool feed(struct tls *t, const void *bytes, size_t len)
{
    return !len || BIO_write(t->in, bytes, (int)len) == (int)len;
}

/* A name on one line as RFC 2253 writes it. False when it is too long, or has a NUL. */
static bool put_name(const X509_NAME *name, char *out)
{
    BIO *b = BIO_new(BIO_s_mem());
    char *data;
    bool fine = b && X509_NAME_print_ex(b, name, 0, XN_FLAG_RFC2253) >= 0;
    long n = fine ? BIO_get_mem_data(b, &data) : 0;
    fine = fine && n < NAME_BYTES && !memchr(data, '\0', (size_t)n);
    if (fine) {
        memcpy(out, data, (size_t)n);
        out[n] = '\0';
    }
    BIO_free(b);
    return fine;
}

/* The same as "/O=a/CN=b". */
static bool put_slashed_name(const X509_NAME *name, char *out)
{
    size_t at = 0;
    for (int i = 0; i < X509_NAME_entry_count(name); i++) {
        X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);
        const char *field = OBJ_nid2sn(OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry)));
        unsigned char *text = NULL;
        int n = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(entry));
        bool fine = n >= 0 && !memchr(text, '\0', (size_t)n) &&
                    at + strlen(field) + (size_t)n + 3 <= NAME_BYTES;
        if (fine)
            at += (size_t)snprintf(out + at, NAME_BYTES - at, "/%s=%.*s", field, n, text);
        OPENSSL_free(text);
        if (!fine)
            return false;
    }
    return true;
}

static struct err *note_client(struct tls *t)
{
    X509 *cert = SSL_get0_peer_certificate(t->ssl);
    if (!cert)
        return NULL;
    X509_NAME *subject = X509_get_subject_name(cert);
    int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (at >= 0) {
        const ASN1_STRING *s = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));
        unsigned char *text = NULL;
        int n = ASN1_STRING_to_UTF8(&text, s);
        bool fine = n >= 0 && n < NAME_BYTES && !memchr(text, '\0', (size_t)n);
        if (fine)
            memcpy(t->cn, text, (size_t)n);
        OPENSSL_free(text);
        if (!fine)
            return err_fatal(err_new("08P01", "SSL certificate's common name contains embedded "
                                              "null or is too long"));
        t->info.client_cn = t->cn;
    }
    if (!put_name(subject, t->rfc_dn) || !put_slashed_name(subject, t->dn) ||
        !put_slashed_name(X509_get_issuer_name(cert), t->issuer))
        return err_fatal(err_new("08P01", "SSL certificate's distinguished name contains embedded "
                                          "null or is too long"));
    BIGNUM *serial = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL);
    char *text = serial ? BN_bn2dec(serial) : NULL;
    snprintf(t->serial, sizeof(t->serial), "%s", text ? text : "");
    OPENSSL_free(text);
    BN_free(serial);
    t->info.client_cert = true;
    t->info.client_dn = t->dn;
    t->info.client_rfc_dn = t->rfc_dn;
    t->info.issuer_dn = t->issuer;
    t->info.client_serial = t->serial;
    return NULL;
}

/* RFC 5929: the digest of the certificate's signature; SHA-256 for MD5 and SHA-1. */
static void note_server(struct tls *t)
{
    X509 *cert = SSL_get_certificate(t->ssl);
    const EVP_MD *md = EVP_sha256();
    unsigned n = 0;
    int digest = NID_undef;
    if (!cert)
        return;
    X509_get_signature_info(cert, &digest, NULL, NULL, NULL);
    if (digest != NID_undef && digest != NID_md5 && digest != NID_sha1 &&
        EVP_get_digestbynid(digest))
        md = EVP_get_digestbynid(digest);
    if (X509_digest(cert, md, t->hash, &n) == 1)
        t->info.server_end_point = str_make(t->hash, n);
}

struct err *tls_handshake(struct tls *t, const void *bytes, size_t len, struct buf *out, bool *done)
{
    ERR_clear_error();
    if (!feed(t, bytes, len))
        return err_oom();
    int rc = SSL_do_handshake(t->ssl);
    int why = rc == 1 ? SSL_ERROR_NONE : SSL_get_error(t->ssl, rc);
    const char *text = rc == 1 || why == SSL_ERROR_WANT_READ ? NULL : reason();
    drain(t, out);
    *done = rc == 1;
    if (text)
        return err_fatal(err_new("08P01", "could not accept SSL connection: %s", text));
    if (!*done)
        return NULL;
    t->info.version = SSL_get_version(t->ssl);
    t->info.cipher = SSL_get_cipher(t->ssl);
    t->info.bits = SSL_get_cipher_bits(t->ssl, NULL);
    note_server(t);
    return note_client(t);
}

bool tls_input(struct tls *t, const void *bytes, size_t len, struct buf *to, bool *eof)
{
    ERR_clear_error();
    if (!feed(t, bytes, len))
        return false;
    for (;;) {
        if (!buf_reserve(to, RECORD_BYTES))
            return false;
        int n = SSL_read(t->ssl, to->data + to->len, RECORD_BYTES);
        if (n > 0) {
            to->len += (size_t)n;
            continue;
        }
        int why = SSL_get_error(t->ssl, n);
        ERR_clear_error();
        *eof = why == SSL_ERROR_ZERO_RETURN;
        return *eof || why == SSL_ERROR_WANT_READ;
    }
}

struct err *tls_output(struct tls *t, const void *bytes, size_t len, struct buf *out)
{
    const char *p = bytes;
    ERR_clear_error();
    while (len) {
        int n = SSL_write(t->ssl, p, len > INT32_MAX ? INT32_MAX : (int)len);
        if (n <= 0)
            return err_fatal(err_new("08006", "could not send data to client: %s", reason()));
        p += n;
        len -= (size_t)n;
    }
    drain(t, out);
    return buf_finish(out);
}

void tls_goodbye(struct tls *t, struct buf *out)
{
    ERR_clear_error();
    (void)SSL_shutdown(t->ssl);
    ERR_clear_error();
    drain(t, out);
}
