/* Digests, signatures and sealing over OpenSSL's EVP.
 *
 * A sealed value:  nonce 12 | ciphertext | tag 16 */
#include "rt/crypto.h"

#include "base/clock.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>

enum { NONCE_BYTES = 12, TAG_BYTES = 16 };

void crypto_sha256(struct str data, uint8_t out[CRYPTO_SHA256_BYTES])
{
    CHECK(EVP_Digest(data.data, data.len, out, NULL, EVP_sha256(), NULL) == 1);
}

void crypto_hmac_sha256(struct str key, struct str data, uint8_t out[CRYPTO_SHA256_BYTES])
{
    static const char none[1];
    CHECK(key.len <= INT_MAX);
    CHECK(HMAC(EVP_sha256(), key.len ? key.data : none, (int)key.len, (const uint8_t *)data.data,
               data.len, out, NULL));
}

enum crypto_digest_status crypto_digest(const char *hash, struct str key, struct str data,
                                        uint8_t out[CRYPTO_DIGEST_MOST_BYTES], size_t *len)
{
    const EVP_MD *md = EVP_get_digestbyname(hash);
    unsigned n = 0;
    bool done = false;
    if (!md)
        return CRYPTO_DIGEST_UNKNOWN;
    if (EVP_MD_get_size(md) > CRYPTO_DIGEST_MOST_BYTES)
        return CRYPTO_DIGEST_FAILED;
    if (!key.data)
        done = EVP_Digest(data.data, data.len, out, &n, md, NULL) == 1;
    else if (key.len <= INT_MAX)
        done = HMAC(md, key.data, (int)key.len, (const uint8_t *)data.data, data.len, out, &n);
    *len = n;
    return done ? CRYPTO_DIGEST_DONE : CRYPTO_DIGEST_FAILED;
}

void crypto_put_hex(struct buf *out, const uint8_t *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        buf_put_u8(out, (uint8_t)digits[bytes[i] >> 4]);
        buf_put_u8(out, (uint8_t)digits[bytes[i] & 15]);
    }
}

/* No prompt: an encrypted key is refused. */
static int no_passphrase(char *buf, int size, int write, void *arg)
{
    (void)buf;
    (void)size;
    (void)write;
    (void)arg;
    return -1;
}

struct err *crypto_sign_rs256(struct str pem, struct str data, struct buf *out)
{
    struct err *e = err_new("22023", "private key is not an RSA key in PEM form");
    BIO *bio = pem.len <= INT_MAX ? BIO_new_mem_buf(pem.data, (int)pem.len) : NULL;
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    size_t len = 0;
    const uint8_t *bytes = (const uint8_t *)data.data;
    if (ctx && key && EVP_PKEY_base_id(key) == EVP_PKEY_RSA &&
        EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
        EVP_DigestSign(ctx, NULL, &len, bytes, data.len) == 1) {
        err_free(e);
        e = err_oom();
        if (buf_reserve(out, len) &&
            EVP_DigestSign(ctx, out->data + out->len, &len, bytes, data.len) == 1) {
            out->len += len;
            e = NULL;
        }
    }
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
    BIO_free(bio);
    return e;
}

struct err *crypto_seal(const uint8_t key[CRYPTO_KEY_BYTES], struct str bound, struct str plain,
                        struct buf *out)
{
    int n = 0, end = 0;
    if (plain.len > INT_MAX / 2 || bound.len > INT_MAX / 2)
        return err_new("54000", "secret is too long");
    if (!buf_reserve(out, NONCE_BYTES + plain.len + TAG_BYTES))
        return buf_finish(out);
    uint8_t *nonce = out->data + out->len;
    uint8_t *body = nonce + NONCE_BYTES;
    random_bytes(nonce, NONCE_BYTES);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    bool ok = ctx && EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, nonce) == 1 &&
              EVP_EncryptUpdate(ctx, NULL, &n, (const uint8_t *)bound.data, (int)bound.len) == 1 &&
              EVP_EncryptUpdate(ctx, body, &n, (const uint8_t *)plain.data, (int)plain.len) == 1 &&
              EVP_EncryptFinal_ex(ctx, body + n, &end) == 1 &&
              EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, TAG_BYTES, body + plain.len) == 1;
    EVP_CIPHER_CTX_free(ctx);
    if (!ok)
        return err_new("XX000", "could not encrypt a secret");
    out->len += NONCE_BYTES + plain.len + TAG_BYTES;
    return NULL;
}

struct err *crypto_unseal(const uint8_t key[CRYPTO_KEY_BYTES], struct str bound, struct str sealed,
                          struct buf *out)
{
    int n = 0, end = 0;
    bool ok = sealed.len >= NONCE_BYTES + TAG_BYTES && sealed.len <= INT_MAX;
    size_t len = ok ? sealed.len - NONCE_BYTES - TAG_BYTES : 0;
    if (!buf_reserve(out, len + 1))
        return buf_finish(out);
    const uint8_t *nonce = (const uint8_t *)sealed.data;
    const uint8_t *body = nonce + NONCE_BYTES;
    uint8_t *to = out->data + out->len;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    ok = ok && ctx && EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, nonce) == 1 &&
         EVP_DecryptUpdate(ctx, NULL, &n, (const uint8_t *)bound.data, (int)bound.len) == 1 &&
         EVP_DecryptUpdate(ctx, to, &n, body, (int)len) == 1 &&
         EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, TAG_BYTES, (void *)(body + len)) == 1 &&
         EVP_DecryptFinal_ex(ctx, to + n, &end) == 1;
    EVP_CIPHER_CTX_free(ctx);
    if (!ok) {
        crypto_wipe(to, len);
        return err_new("XX001", "the secret was sealed with another key, or is damaged");
    }
    out->len += len;
    return NULL;
}

void crypto_wipe(void *p, size_t len)
{
    OPENSSL_cleanse(p, len);
}
