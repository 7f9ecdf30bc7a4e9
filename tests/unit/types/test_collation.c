/* Types in the order of a collation: keys, comparison and hashes agree. */
#include "base/buf.h"
#include "types/collation.h"
#include "types/key.h"
#include "types/type.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

enum { SWEDISH = 70001, CASELESS = 70002, DEFAULT = 100 };

static const char *const words[] = {"",  "a", "A", "ab", "b",     "B", "z",
                                    "Z", "å", "ä", "ö",  "a\x01", "é", "e\xcc\x81"};

static struct datum text(const char *s)
{
    return datum_str(str_from(s));
}

static int sign(int v)
{
    return (v > 0) - (v < 0);
}

static int key_order(const struct type_ops *t, struct datum a, struct datum b, bool desc)
{
    struct buf x = BUF_INIT;
    struct buf y = BUF_INIT;
    key_put(&x, t, a, desc, false);
    key_put(&y, t, b, desc, false);
    size_t n = x.len < y.len ? x.len : y.len;
    int c = memcmp(x.data, y.data, n);
    assert_true(c || x.len == y.len); /* none is the beginning of another */
    buf_done(&x);
    buf_done(&y);
    return sign(c);
}

static void agree(const struct type_ops *t)
{
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
        for (size_t k = 0; k < ARRAY_LENGTH(words); k++) {
            struct datum a = text(words[i]);
            struct datum b = text(words[k]);
            int c = sign(t->compare(t, a, b));
            assert_int_equal(c, key_order(t, a, b, false));
            assert_int_equal(-c, key_order(t, a, b, true));
            if (c == 0)
                assert_true(t->hash(t, a) == t->hash(t, b));
        }
}

static void keys_are_in_the_collations_order(void **state)
{
    const struct type_ops *plain = type_by_oid(TEXT_OID);
    const struct type_ops *sv = type_collated(plain, SWEDISH);
    const struct type_ops *ci = type_collated(plain, CASELESS);
    agree(plain);
    agree(sv);
    agree(ci);
    assert_true(sv->compare(sv, text("z"), text("å")) < 0);
    assert_true(sv->compare(sv, text("å"), text("ä")) < 0);
    assert_true(sv->compare(sv, text("a"), text("A")) < 0);
    assert_int_equal(ci->compare(ci, text("a"), text("A")), 0);
    assert_false(key_is_exact(sv));
}

static void types_without_another_order_stay(void **state)
{
    const struct type_ops *plain = type_by_oid(TEXT_OID);
    assert_ptr_equal(type_collated(plain, DEFAULT), plain);
    assert_ptr_equal(type_collated(type_by_oid(INT4_OID), SWEDISH), type_by_oid(INT4_OID));
    assert_ptr_equal(type_collated(plain, SWEDISH), type_collated(plain, SWEDISH));
    const struct type_ops *list = type_collated(type_by_oid(TEXTARRAY_OID), SWEDISH);
    assert_ptr_equal(list->elem, type_collated(plain, SWEDISH));
    assert_true(collation_same_order(DEFAULT, 950));
    assert_false(collation_same_order(DEFAULT, SWEDISH));
    assert_true(collation_is_nondeterministic(CASELESS));
    assert_false(collation_is_nondeterministic(SWEDISH));
}

static int setup(void **state)
{
    collation_register(SWEDISH, "sv", true);
    collation_register(CASELESS, "und-u-ks-level2", false);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_in_the_collations_order),
        cmocka_unit_test(types_without_another_order_stay),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
