/* Digests against published values, sealing against its own reverse and against changes. */
#include "rt/crypto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void expect_hex(const uint8_t *bytes, size_t len, const char *want)
{
    struct buf b = BUF_INIT;
    crypto_put_hex(&b, bytes, len);
    assert_string_equal(buf_cstr(&b), want);
    buf_done(&b);
}

static void test_digests(void **state)
{
    uint8_t out[CRYPTO_SHA256_BYTES];
    (void)state;
    crypto_sha256(STR("abc"), out); /* FIPS 180-2 */
    expect_hex(out, sizeof(out),
               "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    /* RFC 4231, case 2 */
    crypto_hmac_sha256(STR("Jefe"), STR("what do ya want for nothing?"), out);
    expect_hex(out, sizeof(out),
               "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

static void expect_damage(const uint8_t *key, struct str bound, struct str sealed)
{
    struct buf out = BUF_INIT;
    struct err *e = crypto_unseal(key, bound, sealed, &out);
    assert_true(e && err_is(e, "XX001"));
    assert_int_equal(out.len, 0);
    err_free(e);
    buf_done(&out);
}

static void test_seal(void **state)
{
    uint8_t key[CRYPTO_KEY_BYTES] = {1, 2, 3}, other[CRYPTO_KEY_BYTES] = {1, 2, 4};
    struct buf sealed = BUF_INIT, again = BUF_INIT, plain = BUF_INIT;
    (void)state;
    assert_null(crypto_seal(key, STR("lake"), STR("hidden words"), &sealed));
    assert_null(crypto_seal(key, STR("lake"), STR("hidden words"), &again));
    assert_false(str_eq(buf_str(&sealed), buf_str(&again)));
    assert_null(memmem(sealed.data, sealed.len, "hidden", 6));
    assert_null(crypto_unseal(key, STR("lake"), buf_str(&sealed), &plain));
    assert_string_equal(buf_cstr(&plain), "hidden words");
    expect_damage(other, STR("lake"), buf_str(&sealed));
    expect_damage(key, STR("pond"), buf_str(&sealed));
    expect_damage(key, STR("lake"), STR(""));
    expect_damage(key, STR("lake"), str_make(sealed.data, 28));
    for (size_t i = 0; i < sealed.len; i++) {
        sealed.data[i] ^= 1;
        expect_damage(key, STR("lake"), buf_str(&sealed));
        sealed.data[i] ^= 1;
    }
    buf_done(&sealed);
    buf_done(&again);
    buf_done(&plain);
}

static void test_bad_key(void **state)
{
    struct buf out = BUF_INIT;
    (void)state;
    struct err *e = crypto_sign_rs256(STR("-----BEGIN NOTHING-----"), STR("data"), &out);
    assert_true(e && err_is(e, "22023"));
    err_free(e);
    buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_digests),
        cmocka_unit_test(test_seal),
        cmocka_unit_test(test_bad_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
