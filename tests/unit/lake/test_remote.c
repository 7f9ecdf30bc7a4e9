/* Object stores without a network: signatures against the examples that AWS has published,
 * addresses, listings, options of credentials. */
#include "base/arena.h"
#include "lake/store_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

static void expect(struct err *e, const char *sqlstate)
{
    assert_non_null(e);
    assert_string_equal(e->sqlstate, sqlstate);
    err_free(e);
}

/* ---- signatures ---- */

#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define S3_HEADERS(range)                                                       \
    "host:examplebucket.s3.amazonaws.com\n" range "x-amz-content-sha256:" EMPTY \
    "\nx-amz-date:20130524T000000Z\n"

/* "Signature Calculations for the Authorization Header" of the S3 documentation; the last one is
 * get-vanilla of the Signature Version 4 test suite. */
static const struct {
    const char *path, *query, *headers, *names, *signature;
} examples[] = {
    {"/test.txt", "", S3_HEADERS("range:bytes=0-9\n"), "host;range;x-amz-content-sha256;x-amz-date",
     "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
    {"/", "lifecycle=", S3_HEADERS(""), "host;x-amz-content-sha256;x-amz-date",
     "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
    {"/", "max-keys=2&prefix=J", S3_HEADERS(""), "host;x-amz-content-sha256;x-amz-date",
     "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
};

static void test_s3_examples(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(examples); i++) {
        struct buf out = BUF_INIT;
        char want[512];
        struct sigv4 in = {.key_id = "AKIAIOSFODNN7EXAMPLE",
                           .secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                           .region = "us-east-1",
                           .service = "s3",
                           .time_s = 1369353600,
                           .path = str_from(examples[i].path),
                           .query = str_from(examples[i].query),
                           .headers = str_from(examples[i].headers),
                           .payload_hash = EMPTY};
        sigv4_authorization(&in, &out);
        snprintf(want, sizeof(want),
                 "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/"
                 "aws4_request,SignedHeaders=%s,Signature=%s",
                 examples[i].names, examples[i].signature);
        assert_string_equal(buf_cstr(&out), want);
        buf_done(&out);
    }
}

static void test_vanilla(void **state)
{
    struct buf out = BUF_INIT;
    struct sigv4 in = {.key_id = "AKIDEXAMPLE",
                       .secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                       .region = "us-east-1",
                       .service = "service",
                       .time_s = 1440938160,
                       .path = STR("/"),
                       .query = STR(""),
                       .headers = STR("host:example.amazonaws.com\nx-amz-date:20150830T123600Z\n"),
                       .payload_hash = EMPTY};
    (void)state;
    sigv4_authorization(&in, &out);
    assert_string_equal(
        buf_cstr(&out),
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request,"
        "SignedHeaders=host;x-amz-date,"
        "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
    buf_done(&out);
}

/* ---- addresses ---- */

static void test_locations(void **state)
{
    static const struct {
        const char *uri, *root, *path;
    } good[] = {
        {"s3://b/a/t", "s3://b", "a/t"},
        {"S3A://b-1.x/a%20b//", "s3://b-1.x", "a%20b"},
        {"gs://b", "gs://b", ""},
        {"abfss://c@acc.dfs.core.windows.net/x/", "abfss://c@acc.dfs.core.windows.net", "x"},
        {"wasbs://c@acc.blob.core.windows.net/x", "abfss://c@acc.dfs.core.windows.net", "x"},
        {"az://c/x", "az://c", "x"},
    };
    static const char *const bad[] = {"s3:/b",           "s3://",
                                      "s3:///k",         "s3://a b/k",
                                      "s3://b?x/k",      "abfss://acc.dfs.core.windows.net/x",
                                      "abfss://c@acc/x", "abfss://c@acc.example.com/x",
                                      "gs://user@b/k"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(good); i++) {
        struct arena arena;
        struct store_location at;
        arena_init(&arena);
        assert_null(store_location_parse(str_from(good[i].uri), &arena, &at));
        assert_string_equal(at.root, good[i].root);
        assert_true(str_eq_c(at.path, good[i].path));
        arena_done(&arena);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        struct arena arena;
        struct store_location at;
        arena_init(&arena);
        expect(store_location_parse(str_from(bad[i]), &arena, &at), "22023");
        arena_done(&arena);
    }
}

static void test_urls(void **state)
{
    static const struct {
        const char *url;
        bool ok, tls;
        const char *host, *path;
    } urls[] = {
        {"http://127.0.0.1:9000", true, false, "127.0.0.1:9000", ""},
        {"https://h:443/a/b//", true, true, "h", "/a/b"},
        {"http://h:443", true, false, "h:443", ""},
        {"ftp://h", false},
        {"https://", false},
        {"https://h:0", false},
        {"https://h:70000", false},
        {"https://user@h", false},
        {"https://h/a?b", false},
        {"https://h/a b", false},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(urls); i++) {
        struct store_url u;
        assert_int_equal(store_url_parse(str_from(urls[i].url), &u), urls[i].ok);
        if (!urls[i].ok)
            continue;
        assert_int_equal(u.tls, urls[i].tls);
        assert_true(str_eq_c(u.host, urls[i].host));
        assert_true(str_eq_c(u.path, urls[i].path));
    }
}

/* ---- listings ---- */

static void test_pages(void **state)
{
    struct arena arena;
    struct store_page page = {.next = ""};
    (void)state;
    arena_init(&arena);
    assert_null(store_parse_page(
        STR("<?xml version=\"1.0\"?><ListBucketResult><Prefix>t%2F</Prefix><Contents><Key>t/a+b%2Bc"
            "</Key><Size>12</Size><LastModified>2013-09-17T18:07:53.250Z</LastModified><Owner><ID>x"
            "</ID></Owner></Contents><CommonPrefixes><Prefix>t/f/</Prefix></CommonPrefixes>"
            "<IsTruncated>true</IsTruncated><NextContinuationToken>n=1</NextContinuationToken>"
            "<EncodingType>url</EncodingType></ListBucketResult>"),
        &arena, &page));
    assert_int_equal(page.count, 2);
    assert_true(str_eq_c(page.entries[0].name, "t/a b+c"));
    assert_int_equal(page.entries[0].size_bytes, 12);
    assert_int_equal(page.entries[0].modified_ms, 1379441273250);
    assert_true(page.entries[1].is_folder && str_eq_c(page.entries[1].name, "t/f/"));
    assert_string_equal(page.next, "n=1");
    assert_null(store_parse_page(
        STR("<EnumerationResults><Blobs><Blob><Name>t/z+%20</Name><Properties><Last-Modified>Tue, "
            "17 "
            "Sep 2013 18:07:53 GMT</Last-Modified><Content-Length>0</Content-Length></Properties>"
            "</Blob><Blob><Name>t/d</Name><Properties><ResourceType>directory</ResourceType>"
            "<Content-Length>0</Content-Length></Properties></Blob><BlobPrefix><Name>t/d/</Name>"
            "</BlobPrefix></Blobs><NextMarker/></EnumerationResults>"),
        &arena, &page));
    assert_int_equal(page.count, 4);
    assert_true(str_eq_c(page.entries[2].name, "t/z+%20"));
    assert_int_equal(page.entries[2].modified_ms, 1379441273000);
    assert_true(page.entries[3].is_folder && str_eq_c(page.entries[3].name, "t/d/"));
    assert_string_equal(page.next, "");
    arena_done(&arena);
}

static void test_bad_pages(void **state)
{
    static const char *const bad[] = {
        "",
        "text",
        "<html></html>",
        "<ListBucketResult>",
        "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
        "<ListBucketResult><Contents><Key>a</Key></Contents></ListBucketResult>",
        "<ListBucketResult><Contents><Size>1</Size></Contents></ListBucketResult>",
        "<ListBucketResult><Contents><Key>a</Key><Size>-1</Size></Contents></ListBucketResult>",
        "<ListBucketResult><CommonPrefixes><Prefix>a</Prefix></CommonPrefixes></ListBucketResult>",
        "<ListBucketResult><EncodingType>url</EncodingType><Contents><Key>%4</Key><Size>1</Size>"
        "</Contents></ListBucketResult>",
        "<ListBucketResult><EncodingType>url</EncodingType><Contents><Key>%00</Key><Size>1</Size>"
        "</Contents></ListBucketResult>",
        "<!DOCTYPE x [<!ENTITY a \"b\">]><ListBucketResult>&a;</ListBucketResult>",
        "<a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a>",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        struct arena arena;
        struct store_page page = {.next = ""};
        arena_init(&arena);
        struct err *e = store_parse_page(str_from(bad[i]), &arena, &page);
        assert_non_null(e);
        err_free(e);
        arena_done(&arena);
    }
    char code[64], message[256];
    store_parse_error(STR("<Error><Code>NoSuchKey</Code><Message>gone\nmore</Message></Error>"),
                      code, message);
    assert_string_equal(code, "NoSuchKey");
    assert_string_equal(message, "gone");
    store_parse_error(STR("<html>"), code, message);
    assert_string_equal(code, "");
}

/* ---- options ---- */

static void test_options(void **state)
{
    static const struct {
        enum lake_access_type type;
        struct lake_option options[4];
        const char *sqlstate; /* NULL: fine */
    } cases[] = {
        {LAKE_S3, {{"access_key_id", "a"}, {"secret_access_key", "b"}, {"region", "eu-1"}}, NULL},
        {LAKE_S3, {{"endpoint", "http://h:1"}}, NULL},
        {LAKE_S3, {{"access_key_id", "a"}}, "22023"},
        {LAKE_S3, {{"secret_access_key", "b"}}, "22023"},
        {LAKE_S3, {{"session_token", "b"}}, "22023"},
        {LAKE_S3, {{"account_key", "YQ=="}}, "22023"},
        {LAKE_S3, {{"access_key_id", "a\r\nb"}, {"secret_access_key", "b"}}, "22023"},
        {LAKE_S3, {{"region", "a/b"}}, "22023"},
        {LAKE_S3, {{"path_style", "yes"}}, "22023"},
        {LAKE_S3, {{"stall_timeout", "0"}}, "22023"},
        {LAKE_S3, {{"endpoint", "h:1"}}, "22023"},
        {LAKE_S3, {{"region", "a"}, {"region", "a"}}, "42601"},
        {LAKE_AZURE, {{"account_key", "YQ=="}}, NULL},
        {LAKE_AZURE, {{"account_key", "!"}}, "22023"},
        {LAKE_AZURE, {{"account_key", "YQ=="}, {"sas_token", "sv=1"}}, "22023"},
        {LAKE_AZURE, {{"client_id", "a"}, {"client_secret", "b"}}, "22023"},
        {LAKE_AZURE, {{"client_id", "a"}, {"client_secret", "b"}, {"tenant_id", "c"}}, NULL},
        {LAKE_GCS, {{"service_account_json", "{}"}}, "22023"},
        {LAKE_GCS,
         {{"service_account_json", "{\"client_email\":\"a\",\"private_key\":\"b\"}"}},
         NULL},
        {LAKE_GCS, {{"access_token", "t"}}, NULL},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct lake_access a = {"c", cases[i].type, cases[i].options, 0};
        while (a.count < 4 && a.options[a.count].name)
            a.count++;
        struct err *e = lake_access_check(&a);
        if (cases[i].sqlstate)
            expect(e, cases[i].sqlstate);
        else
            assert_null(e);
    }
    assert_true(lake_access_is_secret(LAKE_S3, "session_token"));
    assert_false(lake_access_is_secret(LAKE_S3, "access_key_id"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_s3_examples), cmocka_unit_test(test_vanilla),
        cmocka_unit_test(test_locations),   cmocka_unit_test(test_urls),
        cmocka_unit_test(test_pages),       cmocka_unit_test(test_bad_pages),
        cmocka_unit_test(test_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
