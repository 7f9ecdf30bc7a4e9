/* More of the system information functions of the manual's section 9.26: what PostgreSQL's tools
 * ask the catalogs. */
#include "exec/exec_internal.h"

#include "base/clock.h"
#include "catalog/systab.h"
#include "exec/fn_session.h"
#include "exec/session.h"
#include "sql/analyze.h"
#include "types/array.h"
#include "types/encoding.h"
#include "types/datetime.h"
#include "types/quote.h"

#include <strings.h>

/* ---- to_reg*: NULL where the type's input would raise an error ---- */

static struct err *to_reg(struct fn_call *c, uint32_t kind, struct datum *out)
{
    uint32_t oid = 0;
    TRY(need_session(c));
    struct err *e = c->session->types.oid_of(c->session, kind, datum_as_str(c->args[0]), &oid);
    bool inside = kind == REGPROCEDURE_OID || kind == REGOPERATOR_OID; /* types: must be there */
    bool missing = e && ((err_is(e, "42704") && !inside) || err_is(e, "42883") ||
                         err_is(e, "3F000") || err_is(e, "42P01") || err_is(e, "42725"));
    if (e && !missing)
        return e;
    err_free(e);
    *out = missing ? datum_null() : datum_int(oid);
    return NULL;
}

#define TO_REG(name, kind)                                             \
    static struct err *fn_##name(struct fn_call *c, struct datum *out) \
    {                                                                  \
        return to_reg(c, kind, out);                                   \
    }
TO_REG(to_regclass, REGCLASS_OID)
TO_REG(to_regtype, REGTYPE_OID)
TO_REG(to_regproc, REGPROC_OID)
TO_REG(to_regprocedure, REGPROCEDURE_OID)
TO_REG(to_regnamespace, REGNAMESPACE_OID)
TO_REG(to_regrole, REGROLE_OID)
TO_REG(to_regcollation, REGCOLLATION_OID)
TO_REG(to_regoper, REGOPER_OID)
TO_REG(to_regoperator, REGOPERATOR_OID)

/* ---- the server and its databases ---- */

static int64_t started; /* timestamptz */

__attribute__((constructor)) static void note_start(void)
{
    started = clock_real_us() - EPOCH_USECS;
}

static struct err *fn_start_time(struct fn_call *c, struct datum *out)
{
    (void)c;
    *out = datum_int(started);
    return NULL;
}

static struct err *fn_client_encoding(struct fn_call *c, struct datum *out)
{
    struct buf b = BUF_INIT;
    bool found;
    TRY(need_session(c));
    struct err *e =
        c->session->ops->setting_get(c->session, STR("client_encoding"), false, &b, &found);
    if (e) {
        buf_done(&b);
        return e;
    }
    return text_result(c, &b, out);
}

static struct err *fn_char_to_encoding(struct fn_call *c, struct datum *out)
{
    const struct encoding *e = encoding_find(datum_as_str(c->args[0]));
    *out = datum_int(e ? encoding_number(e) : -1);
    return NULL;
}

static struct err *fn_encoding_to_char(struct fn_call *c, struct datum *out)
{
    const struct encoding *e = encoding_of_number(c->args[0].i);
    *out = datum_str(str_from(e ? encoding_name(e) : ""));
    return NULL;
}

static struct err *fn_encoding_max_length(struct fn_call *c, struct datum *out)
{
    const struct encoding *e = encoding_of_number(c->args[0].i);
    *out = e ? datum_int(encoding_max_bytes(e)) : datum_null();
    return NULL;
}

static struct err *fn_my_temp_schema(struct fn_call *c, struct datum *out)
{
    TRY(need_session(c));
    *out = datum_int(c->session->cat.temp_nsp);
    return NULL;
}

/* An estimate, as a relation's size is. */
static struct err *database_bytes(struct cat *cat, struct str name, int64_t *sum)
{
    struct cat inner = *cat;
    struct systab_scan scan;
    struct datum v[CLS_COUNT];
    bool allow;
    TRY(cat_database(cat, name, &inner.db, &inner.sysbase, &allow));
    if (!inner.db)
        return err_new("3D000", "database \"%.*s\" does not exist", STR_ARG(name));
    TRY(systab_open(&inner, PG_CLASS, 0, NULL, 0, &scan));
    struct err *e = NULL;
    for (bool found = true; !e && found;) {
        e = systab_next(&scan, v, &found);
        if (!e && found && v[CLS_FILENODE].u)
            *sum += fn_storage_bytes(cat, (uint32_t)v[CLS_FILENODE].u);
    }
    systab_close(&scan);
    return e;
}

/* The databases, or the one with that number. */
static struct err *databases_bytes(struct fn_call *c, uint32_t only, int64_t *sum, bool *any)
{
    struct systab_scan scan;
    struct datum v[DB_COUNT];
    struct cat *cat = &c->session->cat;
    TRY(systab_open(cat, PG_DATABASE, 0, NULL, 0, &scan));
    struct err *e = NULL;
    *sum = 0;
    *any = false;
    for (bool found = true; !e && found;) {
        e = systab_next(&scan, v, &found);
        if (e || !found || (only && v[DB_OID].u != only))
            continue;
        *any = true;
        e = database_bytes(cat, datum_as_str(v[DB_NAME]), sum);
    }
    systab_close(&scan);
    return e;
}

static struct err *fn_database_size(struct fn_call *c, struct datum *out)
{
    int64_t sum = 0;
    bool any = true;
    TRY(need_session(c));
    if (builtin_proc(c->func)->argtypes[0] == NAME_OID)
        TRY(database_bytes(&c->session->cat, datum_as_str(c->args[0]), &sum));
    else
        TRY(databases_bytes(c, (uint32_t)c->args[0].u, &sum, &any));
    *out = any ? datum_int(sum) : datum_null();
    return NULL;
}

/* There is one tablespace. */
static struct err *fn_tablespace_size(struct fn_call *c, struct datum *out)
{
    int64_t sum;
    bool any;
    TRY(need_session(c));
    TRY(databases_bytes(c, 0, &sum, &any));
    *out = datum_int(sum);
    return NULL;
}

static struct err *fn_indexes_size(struct fn_call *c, struct datum *out)
{
    struct relation *r;
    int64_t sum = 0;
    TRY(need_session(c));
    TRY(cat_relation(&c->session->cat, (uint32_t)c->args[0].u, &r));
    for (int i = 0; r && i < r->nindexes; i++)
        if (!r->indexes[i].primary)
            sum += fn_storage_bytes(&c->session->cat, r->indexes[i].storage_id);
    *out = r ? datum_int(sum) : datum_null();
    relation_unref(r);
    return NULL;
}

/* ---- objects ---- */

/* No table is partitioned, and there are no extended statistics: none has a definition. */
static struct err *fn_no_definition(struct fn_call *c, struct datum *out)
{
    (void)c;
    *out = datum_null();
    return NULL;
}

static void put_trigger_events(struct buf *b, int type)
{
    static const struct {
        int bit;
        const char *name;
    } events[] = {{TRIGGER_INSERT_BIT, "INSERT"},
                  {TRIGGER_DELETE_BIT, "DELETE"},
                  {TRIGGER_UPDATE_BIT, "UPDATE"}};
    const char *before = "";
    for (size_t i = 0; i < ARRAY_LENGTH(events); i++)
        if (type & events[i].bit) {
            buf_printf(b, "%s%s", before, events[i].name);
            before = " OR ";
        }
}

/* Its function, with its schema unless the search path finds it. */
static struct err *put_trigger_function(struct fn_call *c, struct buf *b, uint32_t func)
{
    struct cat *cat = &c->session->cat;
    const struct cat_proc *p;
    const struct cat_proc **found;
    const char *nsp;
    int n;
    TRY(cat_load_proc(cat, func, &p));
    if (!p)
        return err_new("XX000", "cache lookup failed for function %u", func);
    TRY(cat_user_procs(cat, str_from(""), p->name, c->arena, &found, &n));
    bool visible = false;
    for (int i = 0; i < n; i++)
        visible |= found[i]->oid == func;
    TRY(cat_namespace_name(cat, p->nsp, c->arena, &nsp));
    if (!visible && nsp) {
        quote_identifier(b, nsp);
        buf_put_c(b, ".");
    }
    quote_identifier(b, arena_strndup(c->arena, p->name.data, p->name.len));
    return NULL;
}

static struct err *put_trigger(struct fn_call *c, struct buf *b, const struct relation *r,
                               const struct trigger *t)
{
    uint32_t by_name = 0;
    buf_put_c(b, "CREATE TRIGGER ");
    quote_identifier(b, t->name);
    buf_put_c(b, t->type & TRIGGER_BEFORE_BIT ? " BEFORE " : " AFTER ");
    put_trigger_events(b, t->type);
    buf_put_c(b, " ON ");
    if (c->nargs > 1 && c->args[1].i)
        TRY(cat_find_relation(&c->session->cat, str_from(""), str_from(r->name), true, &by_name));
    if (by_name != r->oid) {
        quote_identifier(b, r->nsp_name);
        buf_put_c(b, ".");
    }
    quote_identifier(b, r->name);
    buf_printf(b, " FOR EACH %s EXECUTE FUNCTION ",
               t->type & TRIGGER_ROW_BIT ? "ROW" : "STATEMENT");
    TRY(put_trigger_function(c, b, t->func));
    buf_put_c(b, "(");
    for (int i = 0; i < t->nargs; i++) {
        buf_put_c(b, i ? ", " : "");
        quote_literal(b, str_from(t->args[i]));
    }
    buf_put_c(b, ")");
    return NULL;
}

static struct err *fn_triggerdef(struct fn_call *c, struct datum *out)
{
    struct datum v[TRG_COUNT];
    struct relation *r;
    struct buf b = BUF_INIT;
    bool found;
    *out = datum_null();
    TRY(need_session(c));
    TRY(systab_get(&c->session->cat, PG_TRIGGER, TRIGGER_OID_INDEX, &c->args[0], 1, c->arena, v,
                   &found));
    if (!found)
        return NULL;
    TRY(cat_relation(&c->session->cat, (uint32_t)v[TRG_RELID].u, &r));
    struct err *e = NULL;
    for (int i = 0; r && !e && i < r->ntriggers; i++)
        if (r->triggers[i].oid == (uint32_t)v[TRG_OID].u)
            e = put_trigger(c, &b, r, &r->triggers[i]);
    relation_unref(r);
    if (!e)
        return text_result(c, &b, out);
    buf_done(&b);
    return e;
}

static struct err *fn_relation_filenode(struct fn_call *c, struct datum *out)
{
    struct relation *r;
    TRY(need_session(c));
    TRY(cat_relation(&c->session->cat, (uint32_t)c->args[0].u, &r));
    *out = r && r->storage_id ? datum_int(r->storage_id) : datum_null();
    relation_unref(r);
    return NULL;
}

/* All that is stored is in one file; the name is relative to the data directory. */
static struct err *fn_relation_filepath(struct fn_call *c, struct datum *out)
{
    TRY(fn_relation_filenode(c, out));
    if (!out->null)
        *out = datum_str(STR("data/data.mdb"));
    return NULL;
}

static struct err *fn_live_tuples(struct fn_call *c, struct datum *out)
{
    struct relation *r;
    TRY(need_session(c));
    TRY(cat_relation(&c->session->cat, (uint32_t)c->args[0].u, &r));
    int64_t n = r && r->storage_id
                    ? txn_row_count(catalog_txn_mgr(c->session->cat.shared), r->storage_id)
                    : 0;
    *out = datum_int(n);
    relation_unref(r);
    return NULL;
}

static struct err *fn_viewdef_by_name(struct fn_call *c, struct datum *out)
{
    struct datum args[2] = {datum_null(), c->nargs > 1 ? c->args[1] : datum_bool(false)};
    struct fn_call by_oid = *c;
    uint32_t oid;
    TRY(need_session(c));
    TRY(session_relation_oid(c->session, datum_as_str(c->args[0]), &oid));
    args[0] = datum_int(oid);
    by_oid.args = args;
    return fn_get_viewdef(&by_oid, out);
}

/* Bits of the commands that work on a relation: UPDATE 4, INSERT 8, DELETE 16; of one column (0:
 * any). */
static struct err *updatable(struct fn_call *c, int att, int64_t *bits)
{
    struct relation *r;
    struct view_updatable view;
    *bits = 0;
    TRY(need_session(c));
    TRY(cat_relation(&c->session->cat, (uint32_t)c->args[0].u, &r));
    struct err *e = NULL;
    if (r && r->kind == 'r' && !r->read_only_synced)
        *bits = 4 | 8 | 16;
    if (r && r->kind == 'v' && r->oid >= FIRST_USER_OID) {
        e = analyze_view_updatable(&c->session->cat, c->env, r, c->arena, &view);
        if (!e && view.updatable)
            *bits =
                16 | ((att > 0 && att <= r->natts ? view.columns[att - 1] : view.any_column) ? 4 | 8
                                                                                             : 0);
    }
    relation_unref(r);
    return e;
}

static struct err *fn_relation_is_updatable(struct fn_call *c, struct datum *out)
{
    int64_t bits;
    TRY(updatable(c, 0, &bits));
    *out = datum_int(bits);
    return NULL;
}

static struct err *fn_column_is_updatable(struct fn_call *c, struct datum *out)
{
    int64_t bits;
    TRY(updatable(c, (int)c->args[1].i, &bits));
    *out = datum_bool(c->args[1].i > 0 && (bits & (4 | 16)) == (4 | 16));
    return NULL;
}

/* Every rule is a view's. */
static struct err *fn_ruledef(struct fn_call *c, struct datum *out)
{
    struct datum v[RW_COUNT];
    struct relation *r = NULL;
    struct buf b = BUF_INIT;
    bool found;
    bool shown = false;
    *out = datum_null();
    TRY(need_session(c));
    TRY(systab_get(&c->session->cat, PG_REWRITE, REWRITE_OID_INDEX, &c->args[0], 1, c->arena, v,
                   &found));
    if (found)
        TRY(cat_relation(&c->session->cat, (uint32_t)v[RW_CLASS].u, &r));
    if (!r)
        return NULL;
    struct datum args[2] = {datum_int(r->oid), c->nargs > 1 ? c->args[1] : datum_bool(false)};
    struct fn_call inner = *c;
    struct datum text = datum_null();
    inner.args = args;
    inner.nargs = 2;
    struct err *e = fn_visible(c, r->oid, &shown);
    if (!e)
        e = fn_get_viewdef(&inner, &text);
    buf_put_c(&b, "CREATE RULE \"_RETURN\" AS\n    ON SELECT TO ");
    if (!shown || !(c->nargs > 1 && c->args[1].i)) {
        quote_identifier(&b, r->nsp_name);
        buf_put_u8(&b, '.');
    }
    quote_identifier(&b, r->name);
    buf_put_c(&b, " DO INSTEAD ");
    if (!text.null)
        buf_put(&b, text.p, text.len);
    relation_unref(r);
    if (e) {
        buf_done(&b);
        return e;
    }
    return text_result(c, &b, out);
}

static struct err *fn_collation_for(struct fn_call *c, struct datum *out)
{
    const struct cat_type *t = builtin_type(c->arg_types[0]);
    if (!t || (!t->collation && c->arg_types[0] != UNKNOWN_OID))
        return err_new("42804", "collations are not supported by type %s",
                       type_display(c->arena, c->arg_types[0], -1));
    if (!c->collation) {
        *out = datum_null();
        return NULL;
    }
    struct buf text = BUF_INIT;
    struct str name = builtin_collation_name(c->collation);
    quote_identifier(&text, arena_strndup(c->arena, name.data, name.len));
    return text_result(c, &text, out);
}

/* ---- options ---- */

struct options {
    struct array items;
    uint32_t at;
};

static struct err *options_to_table(void **state, struct fn_call *c, struct datum *row, int ncols,
                                    bool *done)
{
    struct options *o = *state;
    (void)ncols;
    if (!o) {
        *state = o = arena_new(c->state_arena, struct options);
        *o = (struct options){0};
        TRY(array_open(c->args[0], &o->items));
    }
    *done = o->at == o->items.nitems;
    if (*done)
        return NULL;
    struct str item = datum_as_str(array_get(&o->items, o->at++));
    const char *equals = memchr(item.data, '=', item.len);
    size_t n = equals ? (size_t)(equals - item.data) : item.len;
    row[0] = datum_bytes(item.data, n);
    row[1] = equals ? datum_bytes(equals + 1, item.len - n - 1) : datum_null();
    return NULL;
}

static const struct {
    const char *src;
    fn_impl fn;
} table[] = {
    {"to_regclass", fn_to_regclass},
    {"to_regtype", fn_to_regtype},
    {"to_regproc", fn_to_regproc},
    {"to_regprocedure", fn_to_regprocedure},
    {"to_regnamespace", fn_to_regnamespace},
    {"to_regrole", fn_to_regrole},
    {"to_regcollation", fn_to_regcollation},
    {"to_regoper", fn_to_regoper},
    {"to_regoperator", fn_to_regoperator},
    {"pg_postmaster_start_time", fn_start_time},
    {"pg_conf_load_time", fn_start_time},
    {"pg_client_encoding", fn_client_encoding},
    {"PG_char_to_encoding", fn_char_to_encoding},
    {"PG_encoding_to_char", fn_encoding_to_char},
    {"pg_encoding_max_length_sql", fn_encoding_max_length},
    {"pg_my_temp_schema", fn_my_temp_schema},
    {"pg_get_partkeydef", fn_no_definition},
    {"pg_get_partition_constraintdef", fn_no_definition},
    {"pg_get_triggerdef", fn_triggerdef},
    {"pg_get_triggerdef_ext", fn_triggerdef},
    {"pg_get_statisticsobjdef", fn_no_definition},
    {"pg_get_statisticsobjdef_columns", fn_no_definition},
    {"pg_get_statisticsobjdef_expressions", fn_no_definition},
    {"pg_database_size_oid", fn_database_size},
    {"pg_database_size_name", fn_database_size},
    {"pg_tablespace_size_oid", fn_tablespace_size},
    {"pg_tablespace_size_name", fn_tablespace_size},
    {"pg_indexes_size", fn_indexes_size},
    {"pg_relation_filenode", fn_relation_filenode},
    {"pg_relation_filepath", fn_relation_filepath},
    {"pg_stat_get_live_tuples", fn_live_tuples},
    {"pg_relation_is_updatable", fn_relation_is_updatable},
    {"pg_column_is_updatable", fn_column_is_updatable},
    {"pg_get_viewdef_name", fn_viewdef_by_name},
    {"pg_get_viewdef_name_ext", fn_viewdef_by_name},
    {"pg_get_viewdef_wrap", fn_get_viewdef},
    {"pg_get_ruledef", fn_ruledef},
    {"pg_get_ruledef_ext", fn_ruledef},
    {"pg_collation_for", fn_collation_for},
};

fn_impl catalog_fn_lookup(const char *prosrc)
{
    for (size_t i = 0; i < ARRAY_LENGTH(table); i++)
        if (strcmp(table[i].src, prosrc) == 0)
            return table[i].fn;
    fn_impl fn = function_fn_lookup(prosrc);
    return fn ? fn : acl_fn_lookup(prosrc);
}

static const struct srf_impl srfs[] = {
    {"pg_options_to_table", options_to_table},
};

const struct srf_impl *catalog_srf_lookup(const char *prosrc)
{
    for (size_t i = 0; i < ARRAY_LENGTH(srfs); i++)
        if (strcmp(srfs[i].name, prosrc) == 0)
            return &srfs[i];
    return acl_srf_lookup(prosrc);
}
