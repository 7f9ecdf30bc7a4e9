/* The catalog over a real store: built-in rows, relations, dependencies, sequences, OIDs. */
#include "catalog/ddl.h"
#include "catalog/sequence.h"
#include "catalog/systab.h"
#include "catalog/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

static char dir[64];
static struct catalog *shared;
static struct cat cat;

#define OK(call)                                             \
    do {                                                     \
        struct err *ok_ = (call);                            \
        if (ok_)                                             \
            fail_msg("%s: %s", ok_->sqlstate, ok_->message); \
    } while (0)

static void open_catalog(void)
{
    struct txn_config config = {.dir = dir, .wal_segment_bytes = 1 << 20};
    struct txn_mgr *mgr;
    OK(txn_mgr_open(&config, &mgr));
    OK(catalog_open(mgr, &shared));
    if (txn_mgr_is_new(mgr))
        OK(catalog_bootstrap(shared));
}

static void close_catalog(bool hard)
{
    struct txn_mgr *mgr = catalog_txn_mgr(shared);
    catalog_close(shared);
    if (hard)
        txn_mgr_close_hard(mgr);
    else
        OK(txn_mgr_close(mgr));
}

static int set_up(void **state)
{
    (void)state;
    builtin_init();
    snprintf(dir, sizeof(dir), "/tmp/test-catalog-XXXXXX");
    assert_non_null(mkdtemp(dir));
    open_catalog();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    close_catalog(false);
    char command[96];
    snprintf(command, sizeof(command), "rm -rf %s", dir);
    return system(command);
}

static void begin(void)
{
    cat = (struct cat){.shared = shared, .db = 5, .role = BOOTSTRAP_ROLE};
    OK(txn_begin(catalog_txn_mgr(shared), TXN_READ_COMMITTED, false, &cat.txn));
}

static void end(bool commit)
{
    cat_forget_local(&cat, true);
    if (commit)
        OK(txn_commit(cat.txn, false));
    else
        txn_abort(cat.txn);
}

static uint32_t make_table(const char *name)
{
    const struct ddl_column columns[] = {
        {.name = "id", .type = INT4_OID, .typmod = -1, .not_null = true},
        {.name = "name", .type = TEXT_OID, .typmod = -1, .default_sql = "'x'::text"}};
    struct ddl_relation def = {.name = name,
                               .nsp = PUBLIC_NSP,
                               .kind = 'r',
                               .persistence = 'p',
                               .owner = BOOTSTRAP_ROLE,
                               .columns = columns,
                               .ncolumns = 2,
                               .storage_id = txn_new_storage_id(catalog_txn_mgr(shared))};
    uint32_t oid;
    OK(ddl_create_relation(&cat, &def, &oid));
    return oid;
}

static void builtin_rows_are_found(void **state)
{
    (void)state;
    const struct cat_type *t = builtin_type(INT4_OID);
    assert_true(str_eq_c(t->name, "int4") && t->byval && t->array == INT4ARRAY_OID);
    assert_int_equal(builtin_type_by_name(STR("timestamptz"))->oid, TIMESTAMPTZ_OID);
    int n;
    builtin_procs(STR("generate_series"), &n);
    assert_int_equal(n, 8); /* integers, numeric, timestamps; with and without step */
    assert_int_equal(builtin_cast(INT4_OID, INT8_OID)->context, 'i');
    assert_int_equal(builtin_btree_strategy(96)->strategy, 3); /* int4 = int4 */
    assert_null(builtin_type(1));
    const struct datum *rows;
    OK(systab_builtin_rows(PG_CLASS, &rows, &n));
    assert_true(n > 180);
    assert_non_null(systab_by_name(STR("pg_attribute")));
}

static void relations_come_and_go(void **state)
{
    (void)state;
    struct relation *r;
    uint32_t oid;
    uint32_t found;
    begin();
    uint64_t version = catalog_version(shared);
    oid = make_table("t");
    OK(cat_relation(&cat, oid, &r)); /* seen inside its transaction */
    assert_int_equal(r->natts, 2);
    assert_string_equal(r->atts[1].default_sql, "'x'::text");
    relation_unref(r);
    end(false);
    begin();
    OK(cat_relation_oid(&cat, PUBLIC_NSP, STR("t"), &found));
    assert_int_equal(found, 0);
    assert_true(catalog_version(shared) == version);
    oid = make_table("t");
    end(true);
    assert_true(catalog_version(shared) > version);
    begin();
    OK(cat_relation_oid(&cat, PUBLIC_NSP, STR("t"), &found));
    assert_int_equal(found, oid);
    OK(ddl_remove(&cat, (struct object_address){PG_CLASS, oid, 0}));
    end(true);
    begin();
    OK(cat_relation_oid(&cat, PUBLIC_NSP, STR("t"), &found));
    assert_int_equal(found, 0);
    end(false);
}

static void names_are_unique(void **state)
{
    (void)state;
    begin();
    make_table("twice");
    struct ddl_relation def = {.name = "twice", .nsp = PUBLIC_NSP, .kind = 'r', .persistence = 'p'};
    uint32_t oid;
    struct err *e = ddl_create_relation(&cat, &def, &oid);
    assert_true(err_is(e, "23505"));
    err_free(e);
    end(false);
}

static void dependencies_are_recorded(void **state)
{
    (void)state;
    struct arena a;
    struct depend_list list = {0};
    arena_init(&a);
    begin();
    uint32_t oid = make_table("d");
    OK(depend_on(&cat, (struct object_address){PG_CLASS, oid, 0}, &a, &list));
    assert_int_equal(list.count, 2); /* the row type, the default */
    for (int i = 0; i < list.count; i++) {
        bool is_default = list.items[i].object.class_id == PG_ATTRDEF;
        assert_int_equal(list.items[i].object.class_id, is_default ? PG_ATTRDEF : PG_TYPE);
        assert_int_equal(list.items[i].referenced.sub_id, is_default ? 2 : 0);
        assert_int_equal(list.items[i].type, is_default ? DEPEND_AUTO : DEPEND_INTERNAL);
    }
    end(false);
    arena_done(&a);
}

static void rows_keep_unique_keys(void **state)
{
    (void)state;
    struct table_writer w;
    struct table_conflict conflict;
    struct relation *r;
    uint32_t index;
    begin();
    uint32_t oid = make_table("u");
    struct ddl_index_column col = {.attnum = 2, .name = "name", .type = TEXT_OID, .opclass = 3126};
    struct ddl_index def = {.name = "u_name_key",
                            .relid = oid,
                            .nsp = PUBLIC_NSP,
                            .persistence = 'p',
                            .unique = true,
                            .immediate = true,
                            .columns = &col,
                            .nkeys = 1,
                            .ncolumns = 1,
                            .storage_id = txn_new_storage_id(catalog_txn_mgr(shared))};
    OK(ddl_create_index(&cat, &def, &index));
    OK(cat_relation(&cat, oid, &r));
    table_writer_init(&w, &cat, r);
    struct datum row[2] = {datum_int(1), datum_str(STR("a"))};
    OK(table_insert(&w, row, &conflict, NULL));
    assert_null(conflict.index);
    row[0] = datum_int(2);
    OK(table_insert(&w, row, &conflict, NULL));
    assert_non_null(conflict.index);
    assert_int_equal(conflict.index->oid, index);
    struct err *e = table_unique_error(&w, &conflict, row);
    assert_string_equal(e->detail, "Key (name)=(a) already exists.");
    err_free(e);
    row[1] = datum_null(); /* NULLs are distinct */
    OK(table_insert(&w, row, &conflict, NULL));
    OK(table_insert(&w, row, &conflict, NULL));
    assert_null(conflict.index);
    table_writer_done(&w);
    relation_unref(r);
    end(false);
}

/* Whatever was given out before a crash is not given out after it. */
static struct err *next_value(struct cat *c, const struct relation *r, int64_t *out)
{
    int64_t last;
    int64_t increment;
    return sequence_next(c, r, false, out, &last, &increment);
}

static void sequences_survive_a_crash(void **state)
{
    (void)state;
    struct relation *r;
    int64_t last = 0;
    uint32_t first_oid;
    uint32_t next_oid;
    begin();
    struct ddl_relation def = {.name = "s",
                               .nsp = PUBLIC_NSP,
                               .kind = 'S',
                               .persistence = 'p',
                               .storage_id = txn_new_storage_id(catalog_txn_mgr(shared))};
    struct sequence_def seq = {
        .type = INT8_OID, .start = 1, .increment = 1, .max = 100, .min = 1, .cache = 1};
    OK(ddl_create_relation(&cat, &def, &seq.relid));
    OK(sequence_create(&cat, &seq, def.storage_id));
    OK(cat_relation(&cat, seq.relid, &r));
    for (int i = 1; i <= 40; i++) {
        OK(next_value(&cat, r, &last));
        assert_int_equal(last, i);
    }
    relation_unref(r);
    end(true);
    OK(cat_new_oid(&cat, &first_oid));
    begin(); /* a durable commit carries what was written before it */
    make_table("after");
    end(true);
    close_catalog(true);
    open_catalog();
    begin();
    OK(cat_relation(&cat, seq.relid, &r));
    OK(cat_new_oid(&cat, &next_oid));
    assert_true(next_oid > first_oid);
    end(false);
    relation_unref(r);
}

static void sequences_end(void **state)
{
    (void)state;
    struct relation *r;
    int64_t value;
    begin();
    struct ddl_relation def = {.name = "short",
                               .nsp = PUBLIC_NSP,
                               .kind = 'S',
                               .persistence = 'p',
                               .storage_id = txn_new_storage_id(catalog_txn_mgr(shared))};
    struct sequence_def seq = {
        .type = INT8_OID, .start = 9, .increment = 1, .max = 10, .min = 1, .cache = 1};
    OK(ddl_create_relation(&cat, &def, &seq.relid));
    OK(sequence_create(&cat, &seq, def.storage_id));
    OK(cat_relation(&cat, seq.relid, &r));
    OK(next_value(&cat, r, &value));
    OK(next_value(&cat, r, &value));
    assert_int_equal(value, 10);
    struct err *e = next_value(&cat, r, &value);
    assert_true(err_is(e, "2200H"));
    err_free(e);
    e = sequence_set(&cat, r, 11, true);
    assert_true(err_is(e, "22003"));
    err_free(e);
    OK(sequence_set(&cat, r, 3, false));
    OK(next_value(&cat, r, &value));
    assert_int_equal(value, 3);
    relation_unref(r);
    end(false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(builtin_rows_are_found), cmocka_unit_test(relations_come_and_go),
        cmocka_unit_test(names_are_unique),       cmocka_unit_test(dependencies_are_recorded),
        cmocka_unit_test(rows_keep_unique_keys),  cmocka_unit_test(sequences_survive_a_crash),
        cmocka_unit_test(sequences_end),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
