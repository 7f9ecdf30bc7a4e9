/* SCRAM-SHA-256 by OpenSSL's digests. */
#include "rt/scram.h"

#include "base/base64.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SERVER_NONCE_BYTES = 18, MAX_MESSAGE_BYTES = 4096, MAX_VALUE_BYTES = 768 };

static struct err *crypto_failed(void)
{
    return err_new("XX000", "could not compute a digest");
}

static void put_bytes(struct buf *out, const uint8_t *p, size_t n)
{
    base64_put(out, str_make(p, n));
}

/* False when it is no base64 or has more bytes than fit. */
static bool take_bytes(struct str s, uint8_t *out, size_t cap, size_t *n)
{
    struct buf b = BUF_INIT;
    bool ok = s.len <= MAX_VALUE_BYTES && base64_get(s, &b) && b.len <= cap;
    if (ok) {
        memcpy(out, b.data, b.len);
        *n = b.len;
    }
    OPENSSL_cleanse(b.data, b.len);
    buf_done(&b);
    return ok;
}

/* ---- keys ---- */

static bool hmac(const uint8_t *key, size_t key_bytes, struct str text,
                 uint8_t out[SCRAM_KEY_BYTES])
{
    unsigned n = 0;
    return HMAC(EVP_sha256(), key, (int)key_bytes, (const unsigned char *)text.data, text.len, out,
                &n) != NULL;
}

static bool sha256(const uint8_t *p, size_t n, uint8_t out[SCRAM_KEY_BYTES])
{
    return EVP_Digest(p, n, out, NULL, EVP_sha256(), NULL) == 1;
}

static struct err *derive(struct str password, struct scram_verifier *v)
{
    uint8_t salted[SCRAM_KEY_BYTES];
    uint8_t client[SCRAM_KEY_BYTES];
    bool ok = PKCS5_PBKDF2_HMAC(password.data, (int)password.len, v->salt, (int)v->salt_bytes,
                                (int)v->iterations, EVP_sha256(), sizeof(salted), salted) == 1 &&
              hmac(salted, sizeof(salted), STR("Client Key"), client) &&
              sha256(client, sizeof(client), v->stored_key) &&
              hmac(salted, sizeof(salted), STR("Server Key"), v->server_key);
    OPENSSL_cleanse(salted, sizeof(salted));
    OPENSSL_cleanse(client, sizeof(client));
    return ok ? NULL : crypto_failed();
}

struct err *scram_make(struct str password, char out[SCRAM_VERIFIER_BYTES])
{
    struct scram_verifier v = {.iterations = SCRAM_ITERATIONS, .salt_bytes = SCRAM_SALT_BYTES};
    struct buf b = BUF_INIT;
    if (RAND_bytes(v.salt, SCRAM_SALT_BYTES) != 1)
        return err_new("XX000", "could not generate random salt");
    TRY(derive(password, &v));
    buf_printf(&b, "SCRAM-SHA-256$%u:", v.iterations);
    put_bytes(&b, v.salt, v.salt_bytes);
    buf_put_u8(&b, '$');
    put_bytes(&b, v.stored_key, SCRAM_KEY_BYTES);
    buf_put_u8(&b, ':');
    put_bytes(&b, v.server_key, SCRAM_KEY_BYTES);
    snprintf(out, SCRAM_VERIFIER_BYTES, "%s", buf_cstr(&b));
    buf_done(&b);
    return NULL;
}

/* What stands before the character, which is passed over; false when it is not there. */
static bool take_until(struct str *s, char c, struct str *out)
{
    const char *at = memchr(s->data, c, s->len);
    if (!at)
        return false;
    *out = str_make(s->data, (size_t)(at - s->data));
    *s = str_make(at + 1, s->len - out->len - 1);
    return true;
}

bool scram_parse(struct str text, struct scram_verifier *out)
{
    struct str part;
    int64_t iterations;
    size_t n;
    *out = (struct scram_verifier){0};
    if (!text.len || !take_until(&text, '$', &part) || !str_eq_c(part, "SCRAM-SHA-256") ||
        !take_until(&text, ':', &part) || !str_to_int64(part, &iterations) || iterations < 1 ||
        iterations > SCRAM_MAX_ITERATIONS)
        return false;
    out->iterations = (uint32_t)iterations;
    return take_until(&text, '$', &part) &&
           take_bytes(part, out->salt, sizeof(out->salt), &out->salt_bytes) &&
           take_until(&text, ':', &part) &&
           take_bytes(part, out->stored_key, SCRAM_KEY_BYTES, &n) && n == SCRAM_KEY_BYTES &&
           take_bytes(text, out->server_key, SCRAM_KEY_BYTES, &n) && n == SCRAM_KEY_BYTES;
}

struct err *scram_matches(const struct scram_verifier *v, struct str password, bool *yes)
{
    struct scram_verifier own = *v;
    TRY(derive(password, &own));
    *yes = CRYPTO_memcmp(own.server_key, v->server_key, SCRAM_KEY_BYTES) == 0;
    return NULL;
}

struct err *scram_mock(struct str user, struct str secret, struct scram_verifier *out)
{
    uint8_t salt[SCRAM_KEY_BYTES];
    *out = (struct scram_verifier){.iterations = SCRAM_ITERATIONS, .salt_bytes = SCRAM_SALT_BYTES};
    if (!hmac((const uint8_t *)secret.data, secret.len, user, salt) ||
        RAND_bytes(out->stored_key, SCRAM_KEY_BYTES) != 1)
        return crypto_failed();
    memcpy(out->salt, salt, SCRAM_SALT_BYTES);
    return NULL;
}

/* ---- the exchange ---- */

static struct err *malformed(const char *detail)
{
    return err_detail(err_new("08P01", "malformed SCRAM message"), "%s", detail);
}

/* "n=value": the value up to a comma, which is passed over. */
static bool take_attribute(struct str *s, char name, struct str *value)
{
    if (s->len < 2 || s->data[0] != name || s->data[1] != '=')
        return false;
    struct str rest = str_make(s->data + 2, s->len - 2);
    if (!take_until(&rest, ',', value)) {
        *value = rest;
        rest.len = 0;
    }
    *s = rest;
    return true;
}

static struct err *check_binding(struct scram_exchange *x, struct str *s)
{
    char flag = s->len ? s->data[0] : '\0';
    struct str type;
    if (flag == 'p') {
        if (!x->plus)
            return malformed("The client selected SCRAM-SHA-256 without channel binding, but the "
                             "SCRAM message includes channel binding data.");
        if (!take_attribute(s, 'p', &type))
            return malformed("The message is incomplete.");
        if (!str_eq_c(type, "tls-server-end-point"))
            return err_new("08P01", "unsupported SCRAM channel-binding type \"%.*s\"",
                           STR_ARG(type));
        snprintf(x->gs2, sizeof(x->gs2), "p");
        return NULL;
    }
    if (flag != 'n' && flag != 'y')
        return malformed("Unexpected channel-binding flag.");
    if (x->plus)
        return malformed("The client selected SCRAM-SHA-256-PLUS, but the SCRAM message does not "
                         "include channel binding data.");
    if (flag == 'y' && x->offered_plus)
        return err_detail(err_new("28000", "SCRAM channel binding negotiation error"),
                          "The client supports SCRAM channel binding but thinks the server does "
                          "not. However, this server does support channel binding.");
    if (s->len < 2 || s->data[1] != ',')
        return malformed("Comma expected.");
    x->gs2[0] = flag;
    *s = str_make(s->data + 2, s->len - 2);
    return NULL;
}

static bool printable(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.data[i] < 0x21 || s.data[i] > 0x7e || s.data[i] == ',')
            return false;
    return s.len > 0;
}

struct err *scram_first(struct scram_exchange *x, struct str message, struct buf *out)
{
    uint8_t random[SERVER_NONCE_BYTES];
    struct str name;
    struct str nonce;
    if (message.len > MAX_MESSAGE_BYTES || memchr(message.data, '\0', message.len))
        return malformed("Message length does not match input length.");
    TRY(check_binding(x, &message));
    if (message.len && message.data[0] == 'a')
        return err_new("0A000", "client uses authorization identity, but it is not supported");
    if (!message.len || message.data[0] != ',')
        return malformed("Unexpected attribute in client-first-message.");
    message = str_make(message.data + 1, message.len - 1);
    buf_put_str(&x->first_bare, message);
    if (message.len && message.data[0] == 'm')
        return err_new("0A000", "client requires an unsupported SCRAM extension");
    if (!take_attribute(&message, 'n', &name) || !take_attribute(&message, 'r', &nonce))
        return malformed("A name and a nonce are expected.");
    if (!printable(nonce) || nonce.len > 128)
        return err_new("08P01", "non-printable characters in SCRAM nonce");
    if (RAND_bytes(random, sizeof(random)) != 1)
        return err_new("XX000", "could not generate random nonce");
    struct buf b = BUF_INIT;
    buf_put_str(&b, nonce);
    put_bytes(&b, random, sizeof(random));
    snprintf(x->nonce, sizeof(x->nonce), "%s", buf_cstr(&b));
    buf_done(&b);
    buf_printf(&x->server_first, "r=%s,s=", x->nonce);
    put_bytes(&x->server_first, x->verifier->salt, x->verifier->salt_bytes);
    buf_printf(&x->server_first, ",i=%u", x->verifier->iterations);
    buf_put_str(out, buf_str(&x->server_first));
    return buf_finish(&x->server_first);
}

/* What the client must have bound itself to: its GS2 header and, with PLUS, the certificate. */
static void expected_binding(const struct scram_exchange *x, struct buf *out)
{
    struct buf b = BUF_INIT;
    if (x->plus) {
        buf_put_c(&b, "p=tls-server-end-point,,");
        buf_put_str(&b, x->binding);
    } else {
        buf_printf(&b, "%c,,", x->gs2[0]);
    }
    put_bytes(out, (const uint8_t *)b.data, b.len);
    buf_done(&b);
}

static struct err *verify(struct scram_exchange *x, struct str auth,
                          const uint8_t proof[SCRAM_KEY_BYTES], struct buf *out, bool *ok)
{
    uint8_t signature[SCRAM_KEY_BYTES];
    uint8_t client[SCRAM_KEY_BYTES];
    uint8_t stored[SCRAM_KEY_BYTES];
    if (!hmac(x->verifier->stored_key, SCRAM_KEY_BYTES, auth, signature))
        return crypto_failed();
    for (int i = 0; i < SCRAM_KEY_BYTES; i++)
        client[i] = proof[i] ^ signature[i];
    if (!sha256(client, sizeof(client), stored) ||
        !hmac(x->verifier->server_key, SCRAM_KEY_BYTES, auth, signature))
        return crypto_failed();
    *ok = CRYPTO_memcmp(stored, x->verifier->stored_key, SCRAM_KEY_BYTES) == 0;
    if (*ok) {
        buf_put_c(out, "v=");
        put_bytes(out, signature, sizeof(signature));
    }
    return NULL;
}

struct err *scram_final(struct scram_exchange *x, struct str message, struct buf *out, bool *ok)
{
    struct buf expected = BUF_INIT;
    struct buf auth = BUF_INIT;
    struct str whole = message;
    struct str binding;
    struct str nonce;
    struct str text = {0};
    uint8_t proof[SCRAM_KEY_BYTES];
    size_t n = 0;
    *ok = false;
    if (message.len > MAX_MESSAGE_BYTES || memchr(message.data, '\0', message.len))
        return malformed("Message length does not match input length.");
    if (!take_attribute(&message, 'c', &binding) || !take_attribute(&message, 'r', &nonce))
        return malformed("A channel binding and a nonce are expected.");
    while (message.len && message.data[0] != 'p') /* extensions */
        if (!take_until(&message, ',', &text))
            message.len = 0;
    if (!take_attribute(&message, 'p', &text) || message.len ||
        !take_bytes(text, proof, sizeof(proof), &n) || n != sizeof(proof))
        return malformed("Malformed proof in client-final-message.");
    expected_binding(x, &expected);
    bool same_binding = str_eq(binding, buf_str(&expected));
    buf_done(&expected);
    if (!same_binding && x->plus)
        return err_new("28000", "SCRAM channel binding check failed");
    if (!same_binding)
        return err_new("08P01", "unexpected SCRAM channel-binding attribute in "
                                "client-final-message");
    if (!str_eq_c(nonce, x->nonce))
        return err_detail(err_new("08P01", "invalid SCRAM response"), "Nonce does not match.");
    buf_put_str(&auth, buf_str(&x->first_bare));
    buf_put_u8(&auth, ',');
    buf_put_str(&auth, buf_str(&x->server_first));
    buf_put_u8(&auth, ',');
    buf_put(&auth, whole.data, (size_t)(text.data - 3 - whole.data)); /* without ",p=..." */
    struct err *e = buf_finish(&auth);
    if (!e)
        e = verify(x, buf_str(&auth), proof, out, ok);
    buf_done(&auth);
    return e;
}

void scram_done(struct scram_exchange *x)
{
    buf_done(&x->first_bare);
    buf_done(&x->server_first);
}
