/* SQL functions that need the session or the catalog: sequences, settings, identity, and the system
 * information functions of the manual's section 9.26. */
#include "exec/exec_internal.h"

#include "catalog/sequence.h"
#include "catalog/systab.h"
#include "exec/fn_session.h"

#include "catalog/acl.h"
#include "exec/session.h"
#include "sql/analyze.h"
#include "types/record.h"
#include "types/array.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- sequences ---- */

static struct err *open_sequence(struct cat *cat, uint32_t oid, struct relation **out)
{
    TRY(cat_relation(cat, oid, out));
    if (!*out)
        return err_new("42P01", "could not open relation with OID %u", oid);
    if ((*out)->kind == 'S')
        return NULL;
    struct err *e = err_new("42809", "\"%s\" is not a sequence", (*out)->name);
    relation_unref(*out);
    return e;
}

/* Whoever alters it waits, and nobody takes numbers by an old definition. */
static struct err *lock_sequence(struct cat *cat, uint32_t oid, struct relation **out)
{
    bool locked;
    TRY(txn_lock_table(cat->txn, oid, TXN_ROW_EXCLUSIVE, TXN_WAIT, &locked));
    return open_sequence(cat, oid, out);
}

static struct err *may_write(struct fn_call *c, const char *what)
{
    TRY(need_session(c));
    if (!c->session->ops->read_only(c->session))
        return NULL;
    return err_new("25006", "cannot execute %s in a read-only transaction", what);
}

/* NULL: not used in this session yet. */
static struct session_sequence *find_sequence(struct session *s, uint32_t relid)
{
    for (int i = 0; i < s->nsequences; i++)
        if (s->sequences[i].relid == relid)
            return &s->sequences[i];
    return NULL;
}

static struct session_sequence *remember(struct session *s, uint32_t relid, int64_t value)
{
    struct session_sequence *q = find_sequence(s, relid);
    if (!q) {
        struct session_sequence *grown =
            realloc(s->sequences, sizeof(*grown) * (size_t)(s->nsequences + 1));
        CHECK(grown != NULL);
        s->sequences = grown;
        q = &grown[s->nsequences++];
        *q = (struct session_sequence){.relid = relid};
    }
    q->last = value;
    s->last_sequence = (int)(q - s->sequences);
    return q;
}

struct err *session_nextval(const struct exec_env *env, uint32_t relid, int64_t *out)
{
    struct relation *r;
    struct session *s = env->session;
    TRY(lock_sequence(env->cat, relid, &r));
    struct session_sequence *q = s ? find_sequence(s, relid) : NULL;
    if (q && q->storage_id == r->storage_id && q->cached != q->last) {
        *out = q->last + q->increment;
        q->last = *out;
        s->last_sequence = (int)(q - s->sequences);
        sequence_shown(env->cat, r);
        relation_unref(r);
        return NULL;
    }
    int64_t last;
    int64_t increment;
    struct err *e = sequence_next(env->cat, r, s != NULL, out, &last, &increment);
    if (!e && s) {
        q = remember(s, relid, *out);
        q->storage_id = r->storage_id;
        q->cached = last;
        q->increment = increment;
    }
    relation_unref(r);
    return e;
}

/* One of the privileges is enough. */
static struct err *may_use_sequence(struct fn_call *c, uint32_t any)
{
    const struct role_rights *rights;
    struct relation *r;
    TRY(cat_rights(&c->session->cat, &rights));
    if (rights->superuser)
        return NULL;
    TRY(cat_relation(&c->session->cat, (uint32_t)c->args[0].u, &r));
    struct err *e = NULL;
    if (r && r->kind == 'S' && !acl_relation(rights, r, any))
        e = err_new("42501", "permission denied for sequence %s", r->name);
    relation_unref(r);
    return e;
}

static struct err *fn_nextval(struct fn_call *c, struct datum *out)
{
    int64_t value;
    TRY(may_write(c, "nextval()"));
    TRY(may_use_sequence(c, PRIV_USAGE | PRIV_UPDATE));
    struct exec_env env = session_exec_env(c->session);
    TRY(session_nextval(&env, (uint32_t)c->args[0].u, &value));
    *out = datum_int(value);
    return NULL;
}

static struct err *fn_currval(struct fn_call *c, struct datum *out)
{
    struct relation *r;
    TRY(need_session(c));
    TRY(open_sequence(&c->session->cat, (uint32_t)c->args[0].u, &r));
    struct err *denied = may_use_sequence(c, PRIV_USAGE | PRIV_SELECT);
    if (denied) {
        relation_unref(r);
        return denied;
    }
    const struct session_sequence *q = find_sequence(c->session, r->oid);
    struct err *e =
        q ? NULL
          : err_new("55000", "currval of sequence \"%s\" is not yet defined in this session",
                    r->name);
    if (q)
        *out = datum_int(q->last);
    relation_unref(r);
    return e;
}

static struct err *fn_lastval(struct fn_call *c, struct datum *out)
{
    TRY(need_session(c));
    const struct session *s = c->session;
    struct relation *r = NULL;
    if (s->nsequences && s->last_sequence >= 0)
        TRY(cat_relation(&c->session->cat, s->sequences[s->last_sequence].relid, &r));
    if (!r)
        return err_new("55000", "lastval is not yet defined in this session");
    relation_unref(r);
    *out = datum_int(s->sequences[s->last_sequence].last);
    return NULL;
}

static struct err *fn_setval(struct fn_call *c, struct datum *out)
{
    struct relation *r;
    bool called = c->nargs < 3 || c->args[2].i;
    TRY(may_write(c, "setval()"));
    TRY(may_use_sequence(c, PRIV_UPDATE));
    TRY(lock_sequence(&c->session->cat, (uint32_t)c->args[0].u, &r));
    struct err *e = sequence_set(&c->session->cat, r, c->args[1].i, called);
    struct session_sequence *q = find_sequence(c->session, r->oid);
    if (!e && called) {
        /* lastval is what nextval gave */
        int last_sequence = c->session->last_sequence;
        q = remember(c->session, r->oid, c->args[1].i);
        c->session->last_sequence = last_sequence;
    }
    if (!e && q)
        q->cached = q->last; /* what was taken ahead is forgotten */
    relation_unref(r);
    *out = c->args[1];
    return e;
}

static struct err *fn_sequence_last_value(struct fn_call *c, struct datum *out)
{
    struct relation *r;
    struct sequence_state state;
    TRY(need_session(c));
    TRY(may_use_sequence(c, PRIV_SELECT | PRIV_USAGE));
    TRY(open_sequence(&c->session->cat, (uint32_t)c->args[0].u, &r));
    struct err *e = sequence_peek(&c->session->cat, r, &state);
    if (!e)
        *out = state.called ? datum_int(state.last) : datum_null();
    relation_unref(r);
    return e;
}

/* The definition as a record; the names are those of the catalog's OUT parameters. */
static struct err *fn_sequence_parameters(struct fn_call *c, struct datum *out)
{
    static const char *const names[] = {"start_value", "minimum_value", "maximum_value",
                                        "increment",   "cycle_option",  "cache_size",
                                        "data_type"};
    static const uint32_t types[] = {INT8_OID, INT8_OID, INT8_OID, INT8_OID,
                                     BOOL_OID, INT8_OID, OID_OID};
    enum { FIELDS = ARRAY_LENGTH(names) };
    const struct type_ops *ops[FIELDS];
    struct str texts[FIELDS];
    struct sequence_def def;
    struct relation *r;
    uint32_t oid = (uint32_t)c->args[0].u;
    TRY(need_session(c));
    TRY(cat_relation(&c->session->cat, oid, &r));
    if (!r)
        return err_new("42P01", "relation with OID %u does not exist", oid);
    bool is_sequence = r->kind == 'S';
    relation_unref(r);
    if (!is_sequence)
        return err_new("XX000", "cache lookup failed for sequence %u", oid);
    TRY(sequence_definition(&c->session->cat, oid, &def));
    const struct datum values[FIELDS] = {
        datum_int(def.start),  datum_int(def.min),   datum_int(def.max), datum_int(def.increment),
        datum_bool(def.cycle), datum_int(def.cache), datum_int(def.type)};
    for (int i = 0; i < FIELDS; i++) {
        ops[i] = type_by_oid(types[i]);
        texts[i] = str_from(names[i]);
    }
    return record_make(RECORD_OID, FIELDS, ops, texts, values, c->arena, out);
}

/* ---- who and where ---- */

static struct err *fn_current_database(struct fn_call *c, struct datum *out)
{
    TRY(need_session(c));
    *out = cstring(c, c->session->db_name);
    return NULL;
}

static struct err *fn_current_user(struct fn_call *c, struct datum *out)
{
    const char *name;
    TRY(need_session(c));
    TRY(cat_role_name(&c->session->cat, c->session->cat.role, c->arena, &name));
    *out = cstring(c, name);
    return NULL;
}

static struct err *fn_session_user(struct fn_call *c, struct datum *out)
{
    TRY(need_session(c));
    *out = cstring(c, c->session->user_name);
    return NULL;
}

static struct err *fn_current_schema(struct fn_call *c, struct datum *out)
{
    const char *name = NULL;
    TRY(need_session(c));
    if (c->session->cat.creation_nsp)
        TRY(cat_namespace_name(&c->session->cat, c->session->cat.creation_nsp, c->arena, &name));
    *out = cstring(c, name);
    return NULL;
}

static struct err *fn_current_schemas(struct fn_call *c, struct datum *out)
{
    struct cat *cat;
    TRY(need_session(c));
    cat = &c->session->cat;
    struct datum *names = arena_new_array(c->arena, struct datum, cat->nsearch_path + 1);
    size_t n = 0;
    for (int i = 0; i < cat->nsearch_path; i++) {
        const char *name;
        if (cat->search_path[i] == PG_CATALOG_NSP && !c->args[0].i)
            continue;
        TRY(cat_namespace_name(cat, cat->search_path[i], c->arena, &name));
        if (name)
            names[n++] = cstring(c, name);
    }
    return array_make_1d(type_by_oid(NAME_OID), names, n, c->arena, out);
}

static struct err *fn_backend_pid(struct fn_call *c, struct datum *out)
{
    *out = datum_int(c->session ? c->session->pid : 0);
    return NULL;
}

static struct err *fn_version(struct fn_call *c, struct datum *out)
{
    *out = cstring(c, "PostgreSQL 15.8 (Tarn 0.1.0)");
    return NULL;
}

static struct err *fn_false(struct fn_call *c, struct datum *out)
{
    (void)c;
    *out = datum_bool(false);
    return NULL;
}

static struct err *fn_collation_is_visible(struct fn_call *c, struct datum *out)
{
    uint32_t oid = (uint32_t)c->args[0].u;
    uint32_t found;
    TRY(cat_load_collation(&c->session->cat, oid));
    struct str name = builtin_collation_name(oid);
    *out = datum_null();
    if (!name.len)
        return NULL;
    TRY(cat_find_collation(&c->session->cat, STR(""), name, &found));
    *out = datum_bool(found == oid);
    return NULL;
}

static struct err *fn_true(struct fn_call *c, struct datum *out)
{
    (void)c;
    *out = datum_bool(true);
    return NULL;
}

/* ---- settings ---- */

static struct err *fn_current_setting(struct fn_call *c, struct datum *out)
{
    struct buf b = BUF_INIT;
    bool found = false;
    bool missing_ok = c->nargs > 1 && c->args[1].i;
    TRY(need_session(c));
    struct err *e =
        c->session->ops->setting_get(c->session, datum_as_str(c->args[0]), missing_ok, &b, &found);
    if (e || !found) {
        buf_done(&b);
        *out = datum_null();
        return e;
    }
    return text_result(c, &b, out);
}

static struct err *fn_set_config(struct fn_call *c, struct datum *out)
{
    TRY(need_session(c));
    if (c->args[0].null)
        return err_new("22004", "SET requires parameter name");
    const char *value = c->args[1].null
                            ? NULL
                            : arena_strndup(c->arena, (const char *)c->args[1].p, c->args[1].len);
    TRY(c->session->ops->setting_set(c->session, datum_as_str(c->args[0]), value,
                                     !c->args[2].null && c->args[2].i));
    struct fn_call get = *c;
    get.nargs = 1;
    return fn_current_setting(&get, out);
}

/* ---- the catalog, shown ---- */

/* As format_type and regtype show it: with its schema where the name alone does not find it. */
struct err *session_type_name(struct session *s, uint32_t oid, int32_t typmod, struct arena *a,
                              struct datum *out)
{
    const char *name = NULL;
    if (oid >= FIRST_USER_OID && s && s->cat.txn)
        TRY(cat_type_name(&s->cat, oid, false, a, &name));
    if (!name && typmod < 0 && (oid == 1560 || oid == 1561)) /* plain, it would be bit(1) */
        name = oid == 1560 ? "\"bit\"" : "\"bit\"[]";
    if (!name)
        name = type_display(a, oid, typmod);
    *out = datum_bytes(name, strlen(name));
    return NULL;
}

struct err *session_plain_type_name(struct session *s, uint32_t oid, struct arena *a,
                                    struct datum *out)
{
    /* The SQL standard's names, which without a length mean another type. */
    static const struct {
        uint32_t type;
        const char *name;
    } standard[] = {{BPCHAR_OID, "character"},
                    {BPCHARARRAY_OID, "character[]"},
                    {1560, "bit"},
                    {1561, "bit[]"}};
    for (size_t i = 0; i < ARRAY_LENGTH(standard); i++) {
        if (standard[i].type != oid)
            continue;
        *out = datum_str(str_from(standard[i].name));
        return NULL;
    }
    return session_type_name(s, oid, -1, a, out);
}

static struct err *fn_format_type(struct fn_call *c, struct datum *out)
{
    *out = datum_null();
    if (c->args[0].null)
        return NULL;
    uint32_t oid = (uint32_t)c->args[0].u;
    return c->args[1].null
               ? session_plain_type_name(c->session, oid, c->arena, out)
               : session_type_name(c->session, oid, (int32_t)c->args[1].i, c->arena, out);
}

static struct err *fn_get_userbyid(struct fn_call *c, struct datum *out)
{
    const char *name;
    TRY(need_session(c));
    TRY(cat_role_name(&c->session->cat, (uint32_t)c->args[0].u, c->arena, &name));
    *out = cstring(c, name ? name
                           : arena_printf(c->arena, "unknown (OID=%u)", (uint32_t)c->args[0].u));
    return NULL;
}

static struct err *fn_type_is_visible(struct fn_call *c, struct datum *out)
{
    uint32_t oid = (uint32_t)c->args[0].u;
    bool visible = true;
    bool found;
    TRY(need_session(c));
    TRY(cat_load_type(&c->session->cat, oid, &found));
    if (!found || !builtin_type(oid)) {
        *out = datum_null();
        return NULL;
    }
    TRY(cat_type_is_visible(&c->session->cat, oid, &visible));
    *out = datum_bool(visible);
    return NULL;
}

struct err *fn_visible(struct fn_call *c, uint32_t oid, bool *yes)
{
    struct relation *r;
    uint32_t found;
    *yes = false;
    TRY(need_session(c));
    TRY(cat_relation(&c->session->cat, oid, &r));
    if (!r)
        return NULL;
    struct err *e = cat_find_relation(&c->session->cat, STR(""), str_from(r->name), true, &found);
    *yes = found == oid;
    relation_unref(r);
    return e;
}

static struct err *fn_table_is_visible(struct fn_call *c, struct datum *out)
{
    bool yes;
    TRY(fn_visible(c, (uint32_t)c->args[0].u, &yes));
    *out = datum_bool(yes);
    return NULL;
}

static struct err *fn_typeof(struct fn_call *c, struct datum *out)
{
    *out = datum_int(c->arg_types[0]);
    return NULL;
}

static struct err *comment_of(struct fn_call *c, uint32_t class_id, int64_t sub, struct datum *out)
{
    struct datum keys[3] = {c->args[0], datum_int(class_id), datum_int(sub)};
    struct datum v[DESC_COUNT];
    bool found;
    *out = datum_null();
    TRY(need_session(c));
    TRY(systab_get(&c->session->cat, PG_DESCRIPTION, DESCRIPTION_INDEX, keys, 3, c->arena, v,
                   &found));
    if (found)
        *out = v[DESC_TEXT];
    return NULL;
}

static struct err *fn_obj_description(struct fn_call *c, struct datum *out)
{
    struct relation *r = systab_by_name(datum_as_str(c->args[1]));
    *out = datum_null();
    return r ? comment_of(c, r->oid, 0, out) : NULL;
}

/* Without a table's name: whichever object has that number. */
static struct err *fn_obj_description_any(struct fn_call *c, struct datum *out)
{
    struct systab_scan scan;
    struct datum v[DESC_COUNT];
    bool found = true;
    *out = datum_null();
    TRY(need_session(c));
    TRY(systab_open(&c->session->cat, PG_DESCRIPTION, DESCRIPTION_INDEX, c->args, 1, &scan));
    struct err *e = NULL;
    while (!e && found && out->null) {
        e = systab_next(&scan, v, &found);
        if (!e && found && !v[DESC_SUBID].i)
            *out = datum_str(arena_str(c->arena, datum_as_str(v[DESC_TEXT])));
    }
    systab_close(&scan);
    return e;
}

static struct err *fn_shobj_description(struct fn_call *c, struct datum *out)
{
    enum { PG_SHDESCRIPTION = 2396, SHDESCRIPTION_INDEX = 2397, COLUMNS = 3 };
    struct relation *r = systab_by_name(datum_as_str(c->args[1]));
    struct datum v[COLUMNS];
    bool found;
    *out = datum_null();
    TRY(need_session(c));
    if (!r)
        return NULL;
    struct datum keys[2] = {c->args[0], datum_int(r->oid)};
    TRY(systab_get(&c->session->cat, PG_SHDESCRIPTION, SHDESCRIPTION_INDEX, keys, 2, c->arena, v,
                   &found));
    if (found)
        *out = v[2];
    return NULL;
}

static struct err *fn_col_description(struct fn_call *c, struct datum *out)
{
    return comment_of(c, PG_CLASS, c->args[1].i, out);
}

static struct err *fn_serial_sequence(struct fn_call *c, struct datum *out)
{
    struct cat *cat;
    uint32_t oid;
    struct relation *r;
    TRY(need_session(c));
    cat = &c->session->cat;
    *out = datum_null();
    TRY(session_relation_oid(c->session, datum_as_str(c->args[0]), &oid));
    TRY(cat_relation(cat, oid, &r));
    if (!r)
        return NULL;
    int att = relation_attnum(r, datum_as_str(c->args[1]));
    struct err *e = att ? NULL
                        : err_new("42703", "column \"%.*s\" of relation \"%s\" does not exist",
                                  STR_ARG(datum_as_str(c->args[1])), r->name);
    relation_unref(r);
    TRY(e);
    struct depend_list list = {0};
    TRY(depend_on(cat, (struct object_address){PG_CLASS, oid, att}, c->arena, &list));
    for (int i = 0; i < list.count; i++) {
        struct relation *seq;
        struct buf b = BUF_INIT;
        if (list.items[i].object.class_id != PG_CLASS)
            continue;
        TRY(cat_relation(cat, list.items[i].object.object_id, &seq));
        bool is = seq && seq->kind == 'S';
        if (is) {
            quote_identifier(&b, seq->nsp_name);
            buf_put_u8(&b, '.');
            quote_identifier(&b, seq->name);
        }
        relation_unref(seq);
        if (is)
            return text_result(c, &b, out);
    }
    return NULL;
}

static struct err *fn_text_regclass(struct fn_call *c, struct datum *out)
{
    const struct type_ops *ops = type_by_oid(REGCLASS_OID);
    return ops->in(ops, c->env, datum_as_str(c->args[0]), -1, c->arena, out);
}

int64_t fn_storage_bytes(const struct cat *cat, uint32_t storage_id)
{
    enum { ROW_BYTES_GUESS = 100 };
    return (int64_t)txn_row_count(catalog_txn_mgr(cat->shared), storage_id) * ROW_BYTES_GUESS;
}

static struct err *relation_bytes(struct fn_call *c, struct datum *out)
{
    struct relation *r;
    *out = datum_null();
    TRY(need_session(c));
    TRY(cat_relation(&c->session->cat, (uint32_t)c->args[0].u, &r));
    if (r)
        *out = datum_int(fn_storage_bytes(&c->session->cat,
                                          systab_storage_id(&c->session->cat, r, r->storage_id)));
    relation_unref(r);
    return NULL;
}

/* As PostgreSQL: the largest unit in which the number has at most four digits or so, rounded. */
static struct err *fn_size_pretty(struct fn_call *c, struct datum *out)
{
    static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB", "PB"};
    int64_t size = c->args[0].i;
    size_t unit = 0;
    bool half = false; /* `size` counts halves of the unit, for rounding */
    while (unit + 1 < ARRAY_LENGTH(units)) {
        int64_t limit = unit == 0 ? 10 * 1024 : 20 * 1024 - 1;
        if ((size < 0 ? -(uint64_t)size : (uint64_t)size) < (uint64_t)limit)
            break;
        size = half ? size / 1024 : size / 512;
        half = true;
        unit++;
    }
    if (half)
        size = (size + (size < 0 ? -1 : 1)) / 2;
    *out = cstring(c, arena_printf(c->arena, "%lld %s", (long long)size, units[unit]));
    return NULL;
}

/* There is one tablespace, in the data directory. */
static struct err *fn_tablespace_location(struct fn_call *c, struct datum *out)
{
    *out = cstring(c, "");
    return NULL;
}

static const struct {
    const char *src;
    fn_impl fn;
} table[] = {
    {"nextval_oid", fn_nextval},
    {"currval_oid", fn_currval},
    {"lastval", fn_lastval},
    {"setval_oid", fn_setval},
    {"setval3_oid", fn_setval},
    {"current_database", fn_current_database},
    {"current_user", fn_current_user},
    {"session_user", fn_session_user},
    {"current_schema", fn_current_schema},
    {"current_schemas", fn_current_schemas},
    {"pg_backend_pid", fn_backend_pid},
    {"pgsql_version", fn_version},
    {"pg_is_in_recovery", fn_false},
    {"pg_is_other_temp_schema", fn_false},
    {"show_config_by_name", fn_current_setting},
    {"show_config_by_name_missing_ok", fn_current_setting},
    {"set_config_by_name", fn_set_config},
    {"format_type", fn_format_type},
    {"pg_get_userbyid", fn_get_userbyid},
    {"pg_get_expr", fn_get_expr},
    {"pg_get_expr_ext", fn_get_expr},
    {"pg_table_is_visible", fn_table_is_visible},
    {"pg_type_is_visible", fn_type_is_visible},
    {"pg_operator_is_visible", fn_true},
    {"pg_opclass_is_visible", fn_true},
    {"pg_opfamily_is_visible", fn_true},
    {"pg_collation_is_visible", fn_collation_is_visible},
    {"pg_conversion_is_visible", fn_true},
    {"pg_statistics_obj_is_visible", fn_true},
    {"pg_relation_is_publishable", fn_false},
    {"pg_typeof", fn_typeof},
    {"pg_get_indexdef", fn_get_indexdef},
    {"pg_get_indexdef_ext", fn_get_indexdef},
    {"pg_get_constraintdef", fn_get_constraintdef},
    {"pg_get_constraintdef_ext", fn_get_constraintdef},
    {"pg_get_viewdef", fn_get_viewdef},
    {"pg_get_viewdef_ext", fn_get_viewdef},
    {"sql_1215", fn_obj_description},
    {"sql_1216", fn_col_description},
    {"sql_1348", fn_obj_description_any},
    {"sql_1993", fn_shobj_description},
    {"pg_get_serial_sequence", fn_serial_sequence},
    {"pg_sequence_last_value", fn_sequence_last_value},
    {"pg_sequence_parameters", fn_sequence_parameters},
    {"text_regclass", fn_text_regclass},
    {"pg_relation_size", relation_bytes},
    {"sql_2325", relation_bytes},
    {"pg_table_size", relation_bytes},
    {"pg_total_relation_size", relation_bytes},
    {"pg_size_pretty", fn_size_pretty},
    {"pg_tablespace_location", fn_tablespace_location},
};

fn_impl session_fn_lookup(const char *prosrc)
{
    for (size_t i = 0; i < ARRAY_LENGTH(table); i++)
        if (strcmp(table[i].src, prosrc) == 0)
            return table[i].fn;
    fn_impl fn = types_fn_lookup(prosrc);
    if (!fn)
        fn = activity_fn_lookup(prosrc);
    if (!fn)
        fn = stats_fn_lookup(prosrc);
    if (!fn)
        fn = snapshot_fn_lookup(prosrc);
    if (!fn)
        fn = index_fn_lookup(prosrc);
    if (!fn)
        fn = catalog_fn_lookup(prosrc);
    if (!fn)
        fn = server_fn_lookup(prosrc);
    if (!fn)
        fn = large_object_fn_lookup(prosrc);
    if (!fn)
        fn = file_fn_lookup(prosrc);
    if (!fn)
        fn = control_fn_lookup(prosrc);
    return fn ? fn : info_fn_lookup(prosrc);
}

const struct srf_impl *session_srf_lookup(const char *prosrc)
{
    const struct srf_impl *srf = activity_srf_lookup(prosrc);
    if (!srf)
        srf = catalog_srf_lookup(prosrc);
    if (!srf)
        srf = server_srf_lookup(prosrc);
    if (!srf)
        srf = file_srf_lookup(prosrc);
    if (!srf)
        srf = extension_srf_lookup(prosrc);
    return srf ? srf : info_srf_lookup(prosrc);
}
