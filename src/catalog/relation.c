/* Reads a relation's descriptor out of the system tables. */
#include "catalog/relation_internal.h"

#include "catalog/acl.h"
#include "catalog/depend.h"
#include "catalog/statistics.h"
#include "catalog/systab.h"
#include "types/collation.h"
#include "types/tuple.h"

#include <stdlib.h>

struct relation *relation_ref(struct relation *r)
{
    if (!r->system)
        atomic_fetch_add_explicit(&r->refs, 1, memory_order_relaxed);
    return r;
}

void relation_unref(struct relation *r)
{
    if (!r || r->system)
        return;
    /* Release and acquire: whoever frees sees all that other holders did. */
    if (atomic_fetch_sub_explicit(&r->refs, 1, memory_order_acq_rel) == 1) {
        arena_done(&r->arena);
        free(r);
    }
}

int relation_attnum(const struct relation *r, struct str name)
{
    for (int i = 0; i < r->natts; i++)
        if (!r->atts[i].dropped && str_eq_c(name, r->atts[i].name))
            return i + 1;
    return 0;
}

const struct index *relation_index(const struct relation *r, uint32_t oid)
{
    for (int i = 0; i < r->nindexes; i++)
        if (r->indexes[i].oid == oid)
            return &r->indexes[i];
    return NULL;
}

const char *datum_text(struct arena *a, struct datum d)
{
    return d.null ? NULL : arena_strndup(a, (const char *)d.p, d.len);
}

struct err *datum_to_ints(struct arena *a, const struct type_ops *ops, struct datum d,
                          const int32_t **out, int *count)
{
    *out = NULL;
    *count = 0;
    if (d.null)
        return NULL;
    struct type_env env = {0};
    struct buf text = BUF_INIT;
    struct err *e = ops->out(ops, &env, d, &text);
    struct str rest = buf_str(&text);
    int32_t *ints = arena_new_array(a, int32_t, text.len / 2 + 1);
    for (int64_t v; !e && str_next_int64(&rest, &v);)
        ints[(*count)++] = (int32_t)v;
    buf_done(&text);
    *out = ints;
    return e;
}

static uint32_t oid_of(struct datum d)
{
    return d.null ? 0 : (uint32_t)d.u;
}

static char char_of(struct datum d)
{
    return d.null || d.i == ' ' ? '\0' : (char)d.i;
}

static int8_t tuple_len_of(const struct type_ops *ops)
{
    if (!ops)
        return -1;
    if (!ops->byval)
        return -1;
    switch (ops->oid) {
    case OID_OID:
    case XID_OID:
    case CID_OID:
    case REGPROC_OID:
    case REGPROCEDURE_OID:
    case REGOPER_OID:
    case REGOPERATOR_OID:
    case REGCLASS_OID:
    case REGTYPE_OID:
    case REGROLE_OID:
    case REGNAMESPACE_OID:
    case REGCOLLATION_OID:
        return TUPLE_U32;
    }
    return (int8_t)ops->len;
}

/* The value that rows written before ADD COLUMN have: stored as a one-element array's text. */
static struct err *load_missing(struct relation *r, int i, struct datum text)
{
    const struct type_ops *ops = r->atts[i].ops;
    struct type_env env = {0};
    if (!r->missing) {
        r->missing = arena_new_array(&r->arena, struct datum, r->natts);
        for (int k = 0; k < r->natts; k++)
            r->missing[k] = datum_null();
    }
    struct str s = arena_str(&r->arena, datum_as_str(text));
    return ops->in(ops, &env, s, -1, &r->arena, &r->missing[i]);
}

/* NULL for SQL NULL. */
static struct err *load_acl(struct relation *r, struct datum d, const struct acl **out)
{
    if (d.null)
        return NULL;
    struct acl *acl = arena_new(&r->arena, struct acl);
    TRY(acl_read(d, &r->arena, acl));
    *out = acl;
    return NULL;
}

static struct err *load_att(struct cat *c, struct relation *r, int i, const struct datum *v)
{
    struct attr *a = &r->atts[i];
    a->name = datum_text(&r->arena, v[ATT_NAME]);
    a->dropped = v[ATT_ISDROPPED].i;
    a->type = oid_of(v[ATT_TYPE]);
    if (a->type >= FIRST_USER_OID)
        TRY(cat_load_type(c, a->type, NULL));
    a->typmod = (int32_t)v[ATT_TYPMOD].i;
    a->collation = oid_of(v[ATT_COLLATION]);
    a->ndims = (int)v[ATT_NDIMS].i;
    a->not_null = v[ATT_NOTNULL].i;
    a->identity = char_of(v[ATT_IDENTITY]);
    a->generated = char_of(v[ATT_GENERATED]);
    TRY(cat_load_collation(c, a->collation));
    a->ops = type_collated(type_by_oid(a->type), a->collation);
    TRY(load_acl(r, v[ATT_ACL], &a->acl));
    r->column_acls |= a->acl != NULL;
    r->lens[i] = tuple_len_of(a->ops);
    if (a->dropped) {
        /* The bytes of old rows keep the dropped type's length. */
        int len = (int)v[ATT_LEN].i;
        r->lens[i] = (int8_t)(v[ATT_BYVAL].i ? len : -1);
    }
    if (!a->dropped && v[ATT_HASMISSING].i && !v[ATT_MISSINGVAL].null)
        return load_missing(r, i, v[ATT_MISSINGVAL]);
    return NULL;
}

static struct err *load_atts(struct cat *c, struct relation *r)
{
    struct systab_scan s;
    struct datum key = datum_int(r->oid);
    struct datum v[ATT_COUNT];
    r->atts = arena_new_array(&r->arena, struct attr, r->natts);
    r->lens = arena_alloc(&r->arena, (size_t)r->natts);
    TRY(systab_open(c, PG_ATTRIBUTE, ATTRIBUTE_RELID_NUM_INDEX, &key, 1, &s));
    struct err *e = NULL;
    for (bool found = true; !e && found;) {
        e = systab_next(&s, v, &found);
        if (e || !found || v[ATT_NUM].i <= 0)
            continue;
        if (v[ATT_NUM].i > r->natts)
            e = err_new("XX001", "unexpected column %d of relation \"%s\"", (int)v[ATT_NUM].i,
                        r->name);
        else
            e = load_att(c, r, (int)v[ATT_NUM].i - 1, v);
    }
    systab_close(&s);
    return e;
}

static struct err *load_domain_default(struct cat *c, struct relation *r, int i)
{
    struct attr *a = &r->atts[i];
    struct domain_info domain;
    bool found;
    if (a->dropped || a->default_sql || a->identity || !a->ops || !a->ops->domain)
        return NULL;
    TRY(cat_domain(c, a->type, true, &r->arena, &domain, &found));
    a->domain_default_sql = found ? domain.default_sql : NULL;
    return NULL;
}

static struct err *load_defaults(struct cat *c, struct relation *r)
{
    struct systab_scan s;
    struct datum key = datum_int(r->oid);
    struct datum v[DEF_COUNT];
    TRY(systab_open(c, PG_ATTRDEF, ATTRDEF_RELID_NUM_INDEX, &key, 1, &s));
    struct err *e = NULL;
    for (bool found = true; !e && found;) {
        e = systab_next(&s, v, &found);
        if (!e && found && v[DEF_NUM].i >= 1 && v[DEF_NUM].i <= r->natts)
            r->atts[v[DEF_NUM].i - 1].default_sql = datum_text(&r->arena, v[DEF_BIN]);
    }
    systab_close(&s);
    for (int i = 0; !e && i < r->natts; i++)
        e = load_domain_default(c, r, i);
    return e;
}

/* ---- indexes ---- */

/* Index expressions are kept as their SQL texts, each ended by a newline. */
static const char *take_expr(struct arena *a, struct str *rest)
{
    const char *end = memchr(rest->data, '\n', rest->len);
    size_t len = end ? (size_t)(end - rest->data) : rest->len;
    const char *sql = arena_strndup(a, rest->data, len);
    size_t used = end ? len + 1 : len;
    *rest = str_make(rest->data + used, rest->len - used);
    return sql;
}

/* text_pattern_ops, varchar_pattern_ops, bpchar_pattern_ops: by bytes, whatever the collation. */
static bool opclass_is_pattern(uint32_t opclass)
{
    return (opclass >= 4217 && opclass <= 4219) || (opclass >= 10056 && opclass <= 10058);
}

static struct err *load_index_columns(struct cat *c, struct relation *r, struct index *ix,
                                      const struct datum *v, const uint32_t *col_types)
{
    const struct relation *t = systab_relation(PG_INDEX);
    const int32_t *keys;
    const int32_t *options;
    const int32_t *classes;
    const int32_t *collations;
    int n;
    struct arena *a = &r->arena;
    TRY(datum_to_ints(a, t->atts[IDX_KEY].ops, v[IDX_KEY], &keys, &n));
    if (n != ix->ncols)
        return err_new("XX001", "index \"%s\" has %d columns instead of %d", ix->name, n,
                       ix->ncols);
    TRY(datum_to_ints(a, t->atts[IDX_OPTION].ops, v[IDX_OPTION], &options, &n));
    TRY(datum_to_ints(a, t->atts[IDX_CLASS].ops, v[IDX_CLASS], &classes, &n));
    TRY(datum_to_ints(a, t->atts[IDX_COLLATION].ops, v[IDX_COLLATION], &collations, &n));
    struct str exprs = v[IDX_EXPRS].null ? STR("") : datum_as_str(v[IDX_EXPRS]);
    ix->cols = arena_new_array(a, struct index_col, ix->ncols);
    for (int i = 0; i < ix->ncols; i++) {
        struct index_col *col = &ix->cols[i];
        col->attnum = keys[i];
        col->type = col_types[i];
        if (!col->attnum)
            col->expr_sql = take_expr(a, &exprs);
        col->ops = type_by_oid(col->type);
        if (i < ix->nkeys) {
            col->desc = options[i] & 1;
            col->nulls_first = options[i] & 2;
            col->opclass = (uint32_t)classes[i];
            col->collation = (uint32_t)collations[i];
            TRY(cat_load_collation(c, col->collation));
            if (!opclass_is_pattern(col->opclass))
                col->ops = type_collated(col->ops, col->collation);
        }
        if (!col->ops || (i < ix->nkeys && !col->ops->key && !index_is_inverted(ix)))
            return err_unsupported("index \"%s\" on a type without an order is not supported",
                                   ix->name);
    }
    return NULL;
}

/* Types of an index's columns: from pg_attribute rows of the index relation. */
static struct err *index_column_types(struct cat *c, struct arena *a, uint32_t oid, int n,
                                      const uint32_t **out)
{
    uint32_t *types = arena_new_array(a, uint32_t, n);
    struct systab_scan s;
    struct datum key = datum_int(oid);
    struct datum v[ATT_COUNT];
    TRY(systab_open(c, PG_ATTRIBUTE, ATTRIBUTE_RELID_NUM_INDEX, &key, 1, &s));
    struct err *e = NULL;
    for (bool found = true; !e && found;) {
        e = systab_next(&s, v, &found);
        if (e || !found || v[ATT_NUM].i < 1 || v[ATT_NUM].i > n)
            continue;
        types[v[ATT_NUM].i - 1] = oid_of(v[ATT_TYPE]);
        e = cat_load_type(c, oid_of(v[ATT_TYPE]), NULL);
    }
    systab_close(&s);
    *out = types;
    return e;
}

static struct err *load_index(struct cat *c, struct relation *r, const struct datum *v)
{
    struct index *ix = &r->indexes[r->nindexes];
    struct datum class_row[CLS_COUNT];
    struct datum key = v[IDX_RELID];
    bool found;
    TRY(systab_get(c, PG_CLASS, CLASS_OID_INDEX, &key, 1, &r->arena, class_row, &found));
    if (!found)
        return err_new("XX001", "index %u has no row in pg_class", oid_of(v[IDX_RELID]));
    *ix = (struct index){
        .oid = oid_of(v[IDX_RELID]),
        .name = datum_text(&r->arena, class_row[CLS_NAME]),
        .am = oid_of(class_row[CLS_AM]),
        .pkey = v[IDX_PRIMARY].i,
        .primary = v[IDX_PRIMARY].i && v[IDX_IMMEDIATE].i,
        .unique = v[IDX_UNIQUE].i && v[IDX_IMMEDIATE].i,
        .deferrable = v[IDX_UNIQUE].i && !v[IDX_IMMEDIATE].i,
        .nulls_not_distinct = v[IDX_NULLSNOTDISTINCT].i,
        .valid = v[IDX_VALID].i,
        .nkeys = (int)v[IDX_NKEYATTS].i,
        .ncols = (int)v[IDX_NATTS].i,
        .pred_sql = datum_text(&r->arena, v[IDX_PRED]),
    };
    ix->storage_id = ix->primary ? r->storage_id : oid_of(class_row[CLS_FILENODE]);
    const uint32_t *types;
    TRY(index_column_types(c, &r->arena, ix->oid, ix->ncols, &types));
    TRY(load_index_columns(c, r, ix, v, types));
    r->nindexes++;
    return NULL;
}

static struct err *load_indexes(struct cat *c, struct relation *r)
{
    enum { MAX_INDEXES = 256 };
    struct datum(*rows)[IDX_COUNT] =
        arena_alloc(&r->arena, MAX_INDEXES * sizeof(struct datum[IDX_COUNT]));
    int n = 0;
    struct systab_scan s;
    struct datum key = datum_int(r->oid);
    TRY(systab_open(c, PG_INDEX, INDEX_INDRELID_INDEX, &key, 1, &s));
    struct err *e = NULL;
    for (bool found = true; !e && found && n < MAX_INDEXES;) {
        e = systab_next(&s, rows[n], &found);
        for (int i = 0; !e && found && i < IDX_COUNT; i++)
            rows[n][i] = datum_copy(&r->arena, rows[n][i], s.rel->atts[i].ops->byval);
        n += found && rows[n][IDX_LIVE].i;
    }
    systab_close(&s);
    TRY(e);
    if (n == MAX_INDEXES)
        return err_new("54000", "relation \"%s\" has too many indexes", r->name);
    r->indexes = arena_new_array(&r->arena, struct index, n);
    for (int i = 0; i < n; i++)
        TRY(load_index(c, r, rows[i]));
    for (int i = 0; i < r->nindexes; i++)
        if (r->indexes[i].primary)
            r->primary = &r->indexes[i];
    return NULL;
}

/* ---- constraints ---- */

static struct err *attnums(struct arena *a, struct datum d, const int16_t **out, int *count)
{
    const int32_t *ints;
    TRY(datum_to_ints(a, type_by_oid(INT2ARRAY_OID), d, &ints, count));
    int16_t *nums = arena_new_array(a, int16_t, *count);
    for (int i = 0; i < *count; i++)
        nums[i] = (int16_t)ints[i];
    *out = nums;
    return NULL;
}

struct err *constraint_from_row(struct arena *a, const struct datum *v, struct constraint *con)
{
    int nf;
    *con = (struct constraint){
        .oid = oid_of(v[CON_OID]),
        .name = datum_text(a, v[CON_NAME]),
        .type = char_of(v[CON_TYPE]),
        .relid = oid_of(v[CON_RELID]),
        .index = oid_of(v[CON_INDID]),
        .frelid = oid_of(v[CON_FRELID]),
        .on_update = char_of(v[CON_UPDTYPE]),
        .on_delete = char_of(v[CON_DELTYPE]),
        .match = char_of(v[CON_MATCHTYPE]),
        .deferrable = v[CON_DEFERRABLE].i,
        .deferred = v[CON_DEFERRED].i,
        .validated = v[CON_VALIDATED].i,
        .no_inherit = v[CON_NOINHERIT].i,
        .check_sql = datum_text(a, v[CON_BIN]),
    };
    TRY(attnums(a, v[CON_KEY], &con->keys, &con->nkeys));
    TRY(attnums(a, v[CON_FKEY], &con->fkeys, &nf));
    return attnums(a, v[CON_FDELSETCOLS], &con->set_cols, &con->nset_cols);
}

/* ---- policies ---- */

static struct err *policy_from_row(struct arena *a, const struct datum *v, struct policy *p)
{
    const int32_t *roles;
    *p = (struct policy){
        .oid = oid_of(v[POL_OID]),
        .name = datum_text(a, v[POL_NAME]),
        .command = char_of(v[POL_CMD]),
        .permissive = v[POL_PERMISSIVE].i != 0,
        .using_sql = datum_text(a, v[POL_QUAL]),
        .check_sql = datum_text(a, v[POL_WITHCHECK]),
    };
    TRY(datum_to_ints(a, type_by_oid(OIDARRAY_OID), v[POL_ROLES], &roles, &p->nroles));
    p->roles = (const uint32_t *)roles;
    return NULL;
}

struct err *cat_policies(struct cat *c, uint32_t relid, struct arena *a, struct policy **out,
                         int *count)
{
    struct systab_scan s;
    struct datum key = datum_int(relid);
    struct datum v[POL_COUNT];
    int cap = 0;
    *out = NULL;
    *count = 0;
    TRY(systab_open(c, PG_POLICY, POLICY_RELID_NAME_INDEX, &key, 1, &s));
    struct err *e = NULL;
    for (bool found = true; !e && found;) {
        struct policy p;
        e = systab_next(&s, v, &found);
        if (e || !found)
            continue;
        e = policy_from_row(a, v, &p);
        if (!e)
            ARENA_PUSH(a, *out, *count, cap, p);
    }
    systab_close(&s);
    return e;
}

/* ---- triggers ---- */

/* pg_trigger.tgargs: each argument ends with a zero byte. */
static const char *const *trigger_args(struct arena *a, struct str bytes, int n)
{
    const char **args = arena_new_array(a, const char *, n + 1);
    size_t at = 0;
    for (int i = 0; i < n; i++) {
        const size_t from = at;
        while (at < bytes.len && bytes.data[at])
            at++;
        args[i] = arena_strndup(a, bytes.data + from, at - from);
        at += at < bytes.len;
    }
    return args;
}

static struct err *load_triggers(struct cat *c, struct relation *r)
{
    struct systab_scan s;
    struct datum key = datum_int(r->oid);
    struct datum v[TRG_COUNT];
    int cap = 0;
    TRY(systab_open(c, PG_TRIGGER, TRIGGER_RELID_NAME_INDEX, &key, 1, &s));
    struct err *e = NULL;
    for (bool found = true; !e && found;) {
        e = systab_next(&s, v, &found);
        if (e || !found)
            continue;
        const int nargs = (int)v[TRG_NARGS].i;
        const struct trigger t = {.oid = oid_of(v[TRG_OID]),
                                  .name = datum_text(&r->arena, v[TRG_NAME]),
                                  .func = oid_of(v[TRG_FOID]),
                                  .type = (int)v[TRG_TYPE].i,
                                  .enabled = char_of(v[TRG_ENABLED]),
                                  .nargs = nargs,
                                  .args =
                                      trigger_args(&r->arena, datum_as_str(v[TRG_ARGS]), nargs)};
        ARENA_PUSH(&r->arena, r->triggers, r->ntriggers, cap, t);
    }
    systab_close(&s);
    return e;
}

static struct err *load_constraints(struct cat *c, struct relation *r)
{
    struct systab_scan s;
    struct datum key = datum_int(r->oid);
    struct datum v[CON_COUNT];
    int cap = 0;
    TRY(systab_open(c, PG_CONSTRAINT, CONSTRAINT_RELID_NAME_INDEX, &key, 1, &s));
    struct err *e = NULL;
    for (bool found = true; !e && found;) {
        struct constraint con;
        e = systab_next(&s, v, &found);
        if (e || !found)
            continue;
        e = constraint_from_row(&r->arena, v, &con);
        if (!e)
            ARENA_PUSH(&r->arena, r->constraints, r->nconstraints, cap, con);
    }
    systab_close(&s);
    return e;
}

/* Foreign keys that point here, found by their dependency on this relation. */
static struct err *load_referencing(struct cat *c, struct relation *r)
{
    struct depend_list list = {0};
    int cap = 0;
    TRY(depend_on(c, (struct object_address){PG_CLASS, r->oid, 0}, &r->arena, &list));
    for (int i = 0; i < list.count; i++) {
        struct datum v[CON_COUNT];
        struct constraint con;
        bool found;
        if (list.items[i].object.class_id != PG_CONSTRAINT)
            continue;
        struct datum key = datum_int(list.items[i].object.object_id);
        TRY(systab_get(c, PG_CONSTRAINT, CONSTRAINT_OID_INDEX, &key, 1, &r->arena, v, &found));
        if (!found || v[CON_TYPE].i != 'f' || oid_of(v[CON_FRELID]) != r->oid)
            continue;
        bool seen = false;
        for (int k = 0; k < r->nreferencing; k++)
            seen |= r->referencing[k].oid == list.items[i].object.object_id;
        if (seen)
            continue;
        TRY(constraint_from_row(&r->arena, v, &con));
        ARENA_PUSH(&r->arena, r->referencing, r->nreferencing, cap, con);
    }
    return NULL;
}

static struct err *load_view(struct cat *c, struct relation *r)
{
    struct datum v[RW_COUNT];
    struct datum key = datum_int(r->oid);
    bool found;
    TRY(systab_get(c, PG_REWRITE, REWRITE_REL_RULENAME_INDEX, &key, 1, &r->arena, v, &found));
    if (!found)
        return err_new("XX001", "view \"%s\" has no rule", r->name);
    r->view_sql = datum_text(&r->arena, v[RW_ACTION]);
    return NULL;
}

/* An option of a view among its texts "name=value". */
static bool view_option_is_on(struct str options, const char *name)
{
    const char *at = memmem(options.data, options.len, name, strlen(name));
    if (!at)
        return false;
    at += strlen(name);
    size_t left = (size_t)(options.data + options.len - at);
    static const char *const on[] = {"=true", "=on", "=yes", "=1"};
    for (size_t i = 0; i < ARRAY_LENGTH(on); i++)
        if (left >= strlen(on[i]) && memcmp(at, on[i], strlen(on[i])) == 0)
            return true;
    return false;
}

static struct err *load_class(struct cat *c, struct relation *r, bool *found)
{
    struct datum v[CLS_COUNT];
    struct datum key = datum_int(r->oid);
    TRY(systab_get(c, PG_CLASS, CLASS_OID_INDEX, &key, 1, &r->arena, v, found));
    if (!*found)
        return NULL;
    r->name = datum_text(&r->arena, v[CLS_NAME]);
    r->nsp = oid_of(v[CLS_NSP]);
    r->owner = oid_of(v[CLS_OWNER]);
    r->storage_id = oid_of(v[CLS_FILENODE]);
    r->row_type = oid_of(v[CLS_TYPE]);
    r->kind = char_of(v[CLS_KIND]);
    r->persistence = char_of(v[CLS_PERSISTENCE]);
    r->analyzed_rows = (double)v[CLS_TUPLES].f32;
    r->natts = (int)v[CLS_NATTS].i;
    r->populated = v[CLS_ISPOPULATED].i != 0;
    r->row_security = v[CLS_ROWSECURITY].i != 0;
    r->force_row_security = v[CLS_FORCEROWSECURITY].i != 0;
    /* Not an option, which pg_dump would write: a copy of a synced table is a plain one. */
    r->read_only_synced = oid_of(v[CLS_REWRITE]) == r->oid;
    TRY(load_acl(r, v[CLS_ACL], &r->acl));
    if (!v[CLS_OPTIONS].null) {
        struct str options = datum_as_str(v[CLS_OPTIONS]);
        /* The mark of data directories from before. */
        r->read_only_synced |= memmem(options.data, options.len, "tarn.synced", 11) != NULL;
        r->security_invoker = view_option_is_on(options, "security_invoker");
        r->security_barrier = view_option_is_on(options, "security_barrier");
        r->check_option = memmem(options.data, options.len, "check_option=local", 18)      ? 'l'
                          : memmem(options.data, options.len, "check_option=cascaded", 21) ? 'c'
                                                                                           : 0;
    }
    return cat_namespace_name(c, r->nsp, &r->arena, &r->nsp_name);
}

static struct err *load(struct cat *c, struct relation *r, bool *found)
{
    TRY(load_class(c, r, found));
    if (!*found)
        return NULL;
    TRY(load_atts(c, r));
    if (r->kind == 'i' || r->kind == 'c')
        return NULL;
    TRY(load_defaults(c, r));
    if (r->kind == 'v' || r->kind == 'm')
        TRY(load_view(c, r));
    if (r->kind == 'v')
        return NULL;
    if (r->kind == 'S')
        return NULL;
    TRY(stats_load(c, r));
    TRY(load_indexes(c, r));
    TRY(load_constraints(c, r));
    TRY(load_triggers(c, r));
    if (r->row_security)
        TRY(cat_policies(c, r->oid, &r->arena, &r->policies, &r->npolicies));
    return load_referencing(c, r);
}

struct err *relation_load(struct cat *c, uint32_t oid, struct relation **out)
{
    struct relation *r = calloc(1, sizeof(*r));
    if (!r)
        return err_oom();
    arena_init(&r->arena);
    r->refs = 1;
    r->oid = oid;
    bool found;
    struct err *e = load(c, r, &found);
    if (e || !found) {
        relation_unref(r);
        r = NULL;
    }
    *out = r;
    return e;
}
