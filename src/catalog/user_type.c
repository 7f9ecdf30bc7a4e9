/* Types that users make: reading them from pg_type into the register (types/type.h), and the labels
 * of enums.
 *
 * A description is made when a name or a column first leads to the type. What it says never changes
 * afterwards, since no command changes it; but for the name, with which a newer description takes
 * the place of the old one. Descriptions live as long as the process. */
#include "catalog/catalog.h"

#include "base/check.h"
#include "catalog/cache_internal.h"
#include "catalog/relation_internal.h"
#include "catalog/systab.h"
#include "types/quote.h"

#include "types/citext.h"
#include "types/hstore.h"

#include <pthread.h>
#include <stdlib.h>

enum { MAX_NESTING = 100 }; /* of domains over domains: ddl_create_domain sees to it */

static pthread_mutex_t mu = PTHREAD_MUTEX_INITIALIZER;
static struct arena arena; /* guarded by mu; never freed */

static uint32_t oid_of(struct datum d)
{
    return d.null ? 0 : (uint32_t)d.u;
}

static char char_of(struct datum d)
{
    return d.null ? '\0' : (char)d.i;
}

struct parts {
    uint32_t inner;                   /* element, base, subtype, or range type; 0: none */
    uint32_t multirange;              /* of a range type */
    void (*base)(struct type_ops *t); /* of an extension's base type; NULL: not known */
};

/* The base types that extensions make, by the symbol of their input function. */
static const struct {
    const char *input;
    void (*init)(struct type_ops *t);
} base_types[] = {{"citextin", type_init_citext}, {"hstore_in", type_init_hstore}};

static const char *ops_name(const struct cat_type *t)
{
    const struct cat_type *elem = t->is_array ? builtin_type(t->elem) : NULL;
    struct buf b = BUF_INIT;
    struct str name = elem ? elem->name : t->name;
    quote_identifier(&b, arena_strndup(&arena, name.data, name.len));
    if (elem)
        buf_put_c(&b, "[]");
    const char *out = arena_strdup(&arena, buf_cstr(&b));
    buf_done(&b);
    return out;
}

/* `parts`: what the type is made of. */
static void init_ops(struct user_type *u, const struct parts *parts)
{
    struct type_ops *ops = &u->ops;
    const struct type_ops *inner = type_by_oid(parts->inner);
    ops->oid = u->cat.oid;
    ops->name = ops_name(&u->cat);
    if (u->cat.is_array && inner) {
        type_init_array(ops, inner);
    } else if (u->cat.kind == 'e') {
        type_init_enum(ops);
    } else if (u->cat.kind == 'r' && inner) {
        type_init_range(ops, inner);
        ops->multirange_oid = parts->multirange;
    } else if (u->cat.kind == 'm' && inner) {
        type_init_multirange(ops, inner);
    } else if (u->cat.kind == 'b' && parts->base) {
        parts->base(ops);
    } else if (u->cat.kind == 'c') {
        type_init_composite(ops);
    } else if (u->cat.kind == 'd' && inner) {
        const char *name = ops->name;
        bool nested = inner->domain != 0;
        type_init_domain(ops, u->cat.oid, nested ? inner->base : inner,
                         nested ? inner->typmod : u->cat.typmod);
        ops->name = name;
    } else {
        u->cat.ops = NULL;
    }
}

static void register_row(const struct datum *v, const struct parts *parts)
{
    struct str name = datum_as_str(v[TYP_NAME]);
    uint32_t elem = oid_of(v[TYP_ELEM]);
    pthread_mutex_lock(&mu);
    if (!arena.limit_bytes)
        arena_init(&arena);
    struct user_type *u = arena_new(&arena, struct user_type);
    u->cat = (struct cat_type){
        .oid = oid_of(v[TYP_OID]),
        .name = arena_str(&arena, name),
        .nsp = oid_of(v[TYP_NSP]),
        .len = (int16_t)v[TYP_LEN].i,
        .byval = v[TYP_BYVAL].i,
        .kind = char_of(v[TYP_TYPE]),
        .category = char_of(v[TYP_CATEGORY]),
        .preferred = v[TYP_PREFERRED].i,
        .is_array = elem && char_of(v[TYP_CATEGORY]) == 'A' && char_of(v[TYP_TYPE]) == 'b',
        .delim = char_of(v[TYP_DELIM]),
        .relid = oid_of(v[TYP_RELID]),
        .elem = elem,
        .array = oid_of(v[TYP_ARRAY]),
        .basetype = oid_of(v[TYP_BASETYPE]),
        .typmod = (int32_t)v[TYP_TYPMOD].i,
        .collation = oid_of(v[TYP_COLLATION]),
        .input = oid_of(v[TYP_INPUT]),
        .ops = &u->ops,
    };
    init_ops(u, parts);
    type_register(u->cat.oid, &u->ops);
    pthread_mutex_unlock(&mu);
}

/* Whether the register says what the row says; names of element types are part of it. */
static bool is_known(const struct datum *v)
{
    const struct cat_type *t = builtin_type(oid_of(v[TYP_OID]));
    return t && str_eq(t->name, datum_as_str(v[TYP_NAME])) && t->nsp == oid_of(v[TYP_NSP]) &&
           t->input == oid_of(v[TYP_INPUT]);
}

static struct err *find_base(struct cat *c, const struct datum *input, struct arena *a,
                             struct parts *out)
{
    struct datum p[PROC_COUNT];
    bool found;
    TRY(systab_get(c, PG_PROC, PROC_OID_INDEX, input, 1, a, p, &found));
    for (size_t i = 0; found && i < ARRAY_LENGTH(base_types); i++)
        if (str_eq_c(datum_as_str(p[PROC_SRC]), base_types[i].input))
            out->base = base_types[i].init;
    return NULL;
}

static struct err *find_parts(struct cat *c, const struct datum *v, struct arena *a,
                              struct parts *out)
{
    char kind = char_of(v[TYP_TYPE]);
    uint32_t base = oid_of(v[TYP_BASETYPE]);
    struct datum r[RNG_COUNT];
    bool found;
    *out = (struct parts){.inner = base ? base : oid_of(v[TYP_ELEM])};
    if (kind == 'b' && oid_of(v[TYP_INPUT]) >= FIRST_USER_OID)
        return find_base(c, &v[TYP_INPUT], a, out);
    if (kind != 'r' && kind != 'm')
        return NULL;
    TRY(systab_get(c, PG_RANGE, kind == 'r' ? RANGE_RNGTYPID_INDEX : RANGE_RNGMULTITYPID_INDEX,
                   &v[TYP_OID], 1, a, r, &found));
    if (found)
        *out = (struct parts){.inner = oid_of(r[kind == 'r' ? RNG_SUBTYPE : RNG_TYPID]),
                              .multirange = oid_of(r[RNG_MULTITYPID])};
    return NULL;
}

static struct err *load(struct cat *c, uint32_t oid, int depth, bool *found);

/* What the analyzer makes of a type without asking for it by name: its array, a range's multirange.
 */
static struct err *load_made_of(struct cat *c, const struct datum *v, const struct parts *parts)
{
    uint32_t array = oid_of(v[TYP_ARRAY]);
    bool found;
    if (array && !builtin_type(array))
        TRY(load(c, array, 1, &found));
    if (char_of(v[TYP_TYPE]) == 'r' && parts->multirange && !builtin_type(parts->multirange))
        TRY(load(c, parts->multirange, 0, &found));
    return NULL;
}

static struct err *load(struct cat *c, uint32_t oid, int depth, bool *found)
{
    struct datum v[TYP_COUNT];
    struct datum key = datum_int(oid);
    struct arena a;
    *found = true;
    if (oid < FIRST_USER_OID)
        return NULL;
    if (depth > MAX_NESTING)
        return err_new("XX001", "type %u is nested too deeply", oid);
    arena_init(&a);
    struct parts parts = {0, 0};
    struct err *e = systab_get(c, PG_TYPE, TYPE_OID_INDEX, &key, 1, &a, v, found);
    if (!e && *found && (!is_known(v) || depth == 0))
        e = find_parts(c, v, &a, &parts);
    if (!e && *found && !is_known(v)) {
        bool inner_found;
        e = load(c, parts.inner, depth + 1, &inner_found);
        if (!e)
            register_row(v, &parts);
    }
    if (!e && *found)
        e = cat_load_collation(c, oid_of(v[TYP_COLLATION]));
    if (!e && *found && depth == 0)
        e = load_made_of(c, v, &parts);
    arena_done(&a);
    return e;
}

struct err *cat_load_type(struct cat *c, uint32_t oid, bool *found)
{
    bool unused;
    TRY(load(c, oid, 0, found ? found : &unused));
    if (oid < FIRST_USER_OID)
        return NULL;
    TRY(cat_load_casts(c));
    return cat_load_operators(c);
}

/* ---- names ---- */

struct err *cat_type_oid(struct cat *c, uint32_t nsp, struct str name, uint32_t *oid)
{
    struct datum keys[2] = {datum_str(name), datum_int(nsp)};
    struct datum v[TYP_COUNT];
    struct arena a;
    bool found;
    *oid = 0;
    arena_init(&a);
    struct err *e = systab_get(c, PG_TYPE, TYPE_NAME_NSP_INDEX, keys, 2, &a, v, &found);
    if (!e && found) {
        *oid = oid_of(v[TYP_OID]);
        e = cat_load_type(c, *oid, NULL);
    }
    arena_done(&a);
    return e;
}

/* "#16384": as stored expressions name a type, whatever it is called now. */
static struct err *by_number(struct cat *c, struct str name, uint32_t *oid)
{
    int64_t v;
    bool found = false;
    if (str_to_int64(str_make(name.data + 1, name.len - 1), &v) && v >= FIRST_USER_OID &&
        v <= UINT32_MAX)
        TRY(cat_load_type(c, (uint32_t)v, &found));
    *oid = found ? (uint32_t)v : 0;
    return NULL;
}

struct err *cat_find_type(struct cat *c, struct str nsp_name, struct str name, uint32_t *oid)
{
    const struct cat_type *builtin = builtin_type_by_name(name);
    *oid = 0;
    if (nsp_name.len) {
        uint32_t nsp;
        TRY(cat_namespace_oid(c, nsp_name, &nsp));
        if (nsp == PG_CATALOG_NSP)
            *oid = builtin ? builtin->oid : 0;
        else if (nsp)
            return cat_type_oid(c, nsp, name, oid);
        return NULL;
    }
    if (name.len > 1 && name.data[0] == '#')
        return by_number(c, name, oid);
    bool searched = false;
    for (int i = 0; i < c->nsearch_path && !*oid; i++) {
        searched |= c->search_path[i] == PG_CATALOG_NSP;
        if (c->search_path[i] != PG_CATALOG_NSP)
            TRY(cat_type_oid(c, c->search_path[i], name, oid));
        else if (builtin)
            *oid = builtin->oid;
    }
    if (!*oid && !searched && builtin)
        *oid = builtin->oid;
    return NULL;
}

struct err *cat_type_is_visible(struct cat *c, uint32_t oid, bool *visible)
{
    const struct cat_type *t = builtin_type(oid);
    uint32_t found = 0;
    if (t)
        TRY(cat_find_type(c, STR(""), t->name, &found));
    *visible = found == oid;
    return NULL;
}

const struct cat_type *cat_type_named(const struct cat_type *t)
{
    const struct cat_type *elem = t->is_array ? builtin_type(t->elem) : NULL;
    return elem && elem->array == t->oid ? elem : t;
}

struct err *cat_type_name(struct cat *c, uint32_t oid, bool qualify, struct arena *a,
                          const char **out)
{
    TRY(cat_load_type(c, oid, NULL));
    const struct cat_type *t = builtin_type(oid);
    const struct cat_type *named = t ? cat_type_named(t) : NULL;
    const char *nsp = NULL;
    struct buf b = BUF_INIT;
    *out = NULL;
    if (!t || !named)
        return NULL;
    bool visible = false;
    if (!qualify)
        TRY(cat_type_is_visible(c, named->oid, &visible));
    if (!visible)
        TRY(cat_namespace_name(c, named->nsp, a, &nsp));
    if (nsp) {
        quote_identifier(&b, nsp);
        buf_put_u8(&b, '.');
    }
    quote_identifier(&b, arena_strndup(a, named->name.data, named->name.len));
    if (named != t)
        buf_put_c(&b, "[]");
    *out = arena_strdup(a, buf_cstr(&b));
    struct err *e = buf_finish(&b);
    buf_done(&b);
    return e;
}

/* ---- enums ---- */

struct err *cat_enum_value(struct cat *c, uint32_t type, struct str label, struct datum *out,
                           bool *found)
{
    struct datum keys[2] = {datum_int(type), datum_str(label)};
    struct datum v[ENUM_COUNT];
    struct arena a;
    arena_init(&a);
    struct err *e = systab_get(c, PG_ENUM, ENUM_TYPID_LABEL_INDEX, keys, 2, &a, v, found);
    if (!e && *found)
        *out = enum_datum(v[ENUM_SORTORDER].f32, oid_of(v[ENUM_OID]));
    arena_done(&a);
    return e;
}

struct err *cat_enum_label(struct cat *c, struct datum d, struct buf *out)
{
    struct datum key = datum_int(enum_label_oid(d));
    struct datum v[ENUM_COUNT];
    struct arena a;
    bool found;
    struct str label;
    if (cache_label(c, enum_label_oid(d), out))
        return NULL;
    uint64_t version = catalog_version(c->shared);
    arena_init(&a);
    struct err *e = systab_get(c, PG_ENUM, ENUM_OID_INDEX, &key, 1, &a, v, &found);
    if (!e && !found)
        e = err_new("22P03", "invalid internal value for enum: %u", enum_label_oid(d));
    if (!e) {
        label = datum_as_str(v[ENUM_LABEL]);
        cache_add_label(c, version, enum_label_oid(d), label);
        buf_put_str(out, label);
    }
    arena_done(&a);
    return e;
}

struct err *cat_enum_labels(struct cat *c, uint32_t type, struct arena *a, struct enum_label **out,
                            int *count)
{
    struct systab_scan s;
    struct datum key = datum_int(type);
    struct datum v[ENUM_COUNT];
    int cap = 0;
    *out = NULL;
    *count = 0;
    TRY(systab_open(c, PG_ENUM, ENUM_TYPID_SORTORDER_INDEX, &key, 1, &s));
    struct err *e = NULL;
    for (bool found = true; !e && found;) {
        e = systab_next(&s, v, &found);
        if (e || !found)
            continue;
        struct enum_label label = {oid_of(v[ENUM_OID]), v[ENUM_SORTORDER].f32,
                                   datum_text(a, v[ENUM_LABEL])};
        ARENA_PUSH(a, *out, *count, cap, label);
    }
    systab_close(&s);
    return e;
}

static struct err *label_of(void *names, uint32_t type, struct datum d, struct buf *out)
{
    return cat_enum_label(names, d, out);
}

static struct err *fields_of(void *names, uint32_t type, struct arena *a, struct composite *out)
{
    return cat_composite(names, type, a, out);
}

struct type_env cat_type_env(struct cat *c)
{
    return (struct type_env){.names = c, .enum_label = label_of, .composite_of = fields_of};
}

/* ---- domains ---- */

static struct err *add_checks(struct cat *c, uint32_t oid, struct arena *a, struct domain_info *out,
                              int *cap)
{
    struct systab_scan s;
    struct datum key = datum_int(oid);
    struct datum v[CON_COUNT];
    TRY(systab_open(c, PG_CONSTRAINT, CONSTRAINT_TYPID_INDEX, &key, 1, &s));
    struct err *e = NULL;
    for (bool found = true; !e && found;) {
        e = systab_next(&s, v, &found);
        if (e || !found)
            continue;
        struct domain_check check = {oid_of(v[CON_OID]), datum_text(a, v[CON_NAME]),
                                     datum_text(a, v[CON_BIN]), v[CON_VALIDATED].i};
        ARENA_PUSH(a, out->checks, out->nchecks, *cap, check);
    }
    systab_close(&s);
    return e;
}

static int by_name(const void *a, const void *b)
{
    const struct domain_check *x = a;
    const struct domain_check *y = b;
    return strcmp(x->name, y->name);
}

struct err *cat_domain(struct cat *c, uint32_t oid, bool whole, struct arena *a,
                       struct domain_info *out, bool *found)
{
    uint32_t chain[MAX_NESTING + 1];
    int n = 0;
    int cap = 0;
    *out = (struct domain_info){.oid = oid};
    *found = false;
    for (uint32_t at = oid; at && n <= MAX_NESTING;) {
        struct datum key = datum_int(at);
        struct datum v[TYP_COUNT];
        bool there = false;
        if (at >= FIRST_USER_OID)
            TRY(systab_get(c, PG_TYPE, TYPE_OID_INDEX, &key, 1, a, v, &there));
        if (!there || char_of(v[TYP_TYPE]) != 'd')
            break;
        *found = true;
        chain[n++] = at;
        out->not_null |= v[TYP_NOTNULL].i;
        if (!out->default_sql)
            out->default_sql = datum_text(a, v[TYP_DEFAULTBIN]);
        at = whole ? oid_of(v[TYP_BASETYPE]) : 0;
    }
    while (n--) {
        int first = out->nchecks;
        TRY(add_checks(c, chain[n], a, out, &cap));
        if (out->nchecks > first)
            qsort(out->checks + first, (size_t)(out->nchecks - first), sizeof(*out->checks),
                  by_name);
    }
    return NULL;
}

struct relation *cat_domain_value(uint32_t domain, struct arena *a)
{
    const struct cat_type *t = builtin_type(domain);
    struct relation *r = arena_new(a, struct relation);
    r->name = "value";
    r->kind = 'D';
    r->system = true; /* not counted */
    r->natts = 1;
    r->atts = arena_new(a, struct attr);
    r->atts[0] = (struct attr){.name = "value",
                               .type = t->basetype,
                               .typmod = t->typmod,
                               .collation = t->collation,
                               .ops = type_by_oid(t->basetype)};
    return r;
}

/* ---- composite types ---- */

struct err *cat_composite(struct cat *c, uint32_t type, struct arena *a, struct composite *out)
{
    struct relation *r = NULL;
    TRY(cat_load_type(c, type, NULL));
    const struct cat_type *t = builtin_type(builtin_base_type(type));
    if (t && t->kind == 'c' && t->relid)
        TRY(cat_relation(c, t->relid, &r));
    if (!r)
        return err_new("42809", "type %u is not composite", type);
    *out = (struct composite){.nfields = r->natts,
                              .fields = arena_new_array(a, struct composite_field, r->natts + 1)};
    for (int i = 0; i < r->natts; i++) {
        const struct attr *att = &r->atts[i];
        bool gone = att->dropped || !att->ops;
        out->fields[i] = (struct composite_field){.name = arena_str(a, str_from(att->name)),
                                                  .type = att->type,
                                                  .typmod = att->typmod,
                                                  .ops = att->ops,
                                                  .dropped = gone};
    }
    relation_unref(r);
    return NULL;
}
