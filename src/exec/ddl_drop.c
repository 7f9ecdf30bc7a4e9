/* DROP with dependencies, TRUNCATE: manual section 5.14 and the commands' pages. */
#include "exec/checks.h"
#include "exec/ddl_internal.h"

#include "catalog/acl.h"

#include "catalog/table.h"
#include "rt/fiber.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- descriptions ---- */

static struct err *describe_relation(struct ddl *d, uint32_t oid, int sub, struct buf *out)
{
    struct relation *r;
    uint32_t visible = 0;
    TRY(cat_relation(d->cat, oid, &r));
    if (!r) {
        buf_printf(out, "relation %u", oid);
        return NULL;
    }
    const char *kind = ddl_kind_name(r->kind);
    struct err *e = cat_find_relation(d->cat, STR(""), str_from(r->name), true, &visible);
    if (!e) {
        if (sub)
            buf_printf(out, "column %s of ", r->atts[sub - 1].name);
        buf_printf(out, "%s ", kind);
        if (visible != oid) {
            quote_identifier(out, r->nsp_name);
            buf_put_u8(out, '.');
        }
        quote_identifier(out, r->name);
    }
    relation_unref(r);
    return e;
}

static struct err *describe_row(struct ddl *d, uint32_t table, uint32_t index, uint32_t oid,
                                struct datum *v, bool *found)
{
    struct datum key = datum_int(oid);
    return systab_get(d->cat, table, index, &key, 1, d->arena, v, found);
}

static struct err *describe_default_acl(struct ddl *d, const struct datum *v, struct buf *out)
{
    static const struct {
        char type;
        const char *plural;
    } words[] = {{'r', "relations"},
                 {'S', "sequences"},
                 {'f', "functions"},
                 {'T', "types"},
                 {'n', "schemas"}};
    const char *role;
    const char *schema = NULL;
    TRY(cat_role_name(d->cat, (uint32_t)v[DACL_ROLE].u, d->arena, &role));
    if (v[DACL_NSP].u)
        TRY(cat_namespace_name(d->cat, (uint32_t)v[DACL_NSP].u, d->arena, &schema));
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
        if (words[i].type == (char)v[DACL_TYPE].i)
            buf_printf(out, "default privileges on new %s belonging to role %s", words[i].plural,
                       role ? role : "");
    if (schema)
        buf_printf(out, " in schema %s", schema);
    return NULL;
}

/* With its schema where the search path does not find it. */
static struct err *put_collation_name(struct ddl *d, uint32_t oid, const char *name,
                                      struct buf *out)
{
    uint32_t found;
    const char *schema = NULL;
    TRY(cat_find_collation(d->cat, STR(""), str_from(name), &found));
    if (found != oid)
        TRY(cat_namespace_name(d->cat, user_collation_nsp(oid), d->arena, &schema));
    if (schema) {
        quote_identifier(out, schema);
        buf_put_u8(out, '.');
    }
    quote_identifier(out, name);
    return NULL;
}

/* Objects that came with the server, and those of the whole server; *done false: another kind. */
static struct err *describe_named(struct ddl *d, struct object_address o, struct buf *out,
                                  bool *done)
{
    enum { NAME = 1 };
    static const struct {
        uint32_t class_id;
        const char *word;
    } kinds[] = {{PG_AM, "access method"},
                 {PG_LANGUAGE, "language"},
                 {PG_COLLATION, "collation"},
                 {PG_TABLESPACE, "tablespace"}};
    struct acl_object object;
    const struct datum *row;
    *done = false;
    if (o.class_id == PG_DATABASE || o.class_id == PG_PARAMETER_ACL) {
        TRY(acl_object(d->cat, o.class_id, o.object_id, d->arena, &object, done));
        if (*done)
            buf_printf(out, "%s %s", acl_class(o.class_id)->word, object.name);
        return NULL;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(kinds) && !*done; i++) {
        if (kinds[i].class_id != o.class_id)
            continue;
        TRY(o.class_id == PG_COLLATION ? cat_collation_row(d->cat, o.object_id, d->arena, &row)
                                       : systab_builtin_row(o.class_id, o.object_id, &row));
        if (!row)
            return NULL;
        const char *name = arena_strndup(d->arena, (const char *)row[NAME].p, row[NAME].len);
        buf_printf(out, "%s ", kinds[i].word);
        if (o.class_id == PG_COLLATION)
            TRY(put_collation_name(d, o.object_id, name, out));
        else
            buf_put_c(out, name);
        *done = true;
    }
    return NULL;
}

struct err *ddl_describe(struct ddl *d, struct object_address o, struct buf *out)
{
    struct datum v[CLS_COUNT];
    const char *name = NULL;
    bool found = false;
    switch (o.class_id) {
    case PG_CLASS:
        return describe_relation(d, o.object_id, o.sub_id, out);
    case PG_CONSTRAINT:
        TRY(describe_row(d, PG_CONSTRAINT, CONSTRAINT_OID_INDEX, o.object_id, v, &found));
        if (!found)
            break;
        buf_printf(out, "constraint %.*s", STR_ARG(datum_as_str(v[CON_NAME])));
        if (!v[CON_RELID].u)
            return NULL;
        buf_put_c(out, " on ");
        return describe_relation(d, (uint32_t)v[CON_RELID].u, 0, out);
    case PG_ATTRDEF:
        TRY(describe_row(d, PG_ATTRDEF, ATTRDEF_OID_INDEX, o.object_id, v, &found));
        if (!found)
            break;
        buf_put_c(out, "default value for ");
        return describe_relation(d, (uint32_t)v[DEF_RELID].u, (int)v[DEF_NUM].i, out);
    case PG_TYPE:
        buf_printf(out, "type %s", ddl_type_name(d, o.object_id));
        return NULL;
    case PG_NAMESPACE:
        TRY(cat_namespace_name(d->cat, o.object_id, d->arena, &name));
        if (!name)
            break;
        buf_printf(out, "schema %s", name);
        return NULL;
    case PG_AUTHID:
        TRY(cat_role_name(d->cat, o.object_id, d->arena, &name));
        if (!name)
            break;
        buf_printf(out, "role %s", name);
        return NULL;
    case PG_PROC:
        return ddl_describe_function(d, o.object_id, out);
    case PG_DEFAULT_ACL:
        TRY(describe_row(d, PG_DEFAULT_ACL, DEFAULT_ACL_OID_INDEX, o.object_id, v, &found));
        if (!found)
            break;
        return describe_default_acl(d, v, out);
    case PG_POLICY:
        return ddl_describe_policy(d, o.object_id, out);
    case PG_OPERATOR:
    case PG_OPCLASS:
    case PG_OPFAMILY:
        return ddl_describe_operator(d, o, out);
    case PG_TRIGGER:
        return ddl_describe_trigger(d, o.object_id, out);
    case PG_CAST:
        return ddl_describe_cast(d, o.object_id, out);
    case PG_LARGEOBJECT:
        buf_printf(out, "large object %u", o.object_id);
        return NULL;
    case PG_EXTENSION: {
        struct datum ext[EXT_COUNT];
        TRY(describe_row(d, PG_EXTENSION, EXTENSION_OID_INDEX, o.object_id, ext, &found));
        if (!found)
            break;
        buf_printf(out, "extension %.*s", STR_ARG(datum_as_str(ext[EXT_NAME])));
        return NULL;
    }
    case PG_REWRITE: {
        struct datum rw[RW_COUNT];
        TRY(describe_row(d, PG_REWRITE, REWRITE_OID_INDEX, o.object_id, rw, &found));
        if (!found)
            break;
        return describe_relation(d, (uint32_t)rw[RW_CLASS].u, 0, out);
    }
    }
    TRY(describe_named(d, o, out, &found));
    if (!found)
        buf_printf(out, "object %u", o.object_id);
    return NULL;
}

/* ---- what goes ---- */

enum { STACK_RESERVE = 32 * 1024 };

struct doomed {
    struct object_address object;
    struct object_address on; /* what it depends on */
    bool automatic;           /* named by the user, or an inseparable part */
};

struct drop_list {
    struct doomed *items; /* dependents before what they depend on */
    int count;
    int cap;
    struct object_address *open; /* whose dependents are being looked for */
    int nopen;
    int open_cap;
    struct buf blockers; /* lines of the error's detail */
    int nblockers;
    struct buf cascaded; /* lines of the notice's detail */
    int ncascaded;
};

static bool covers(struct object_address x, struct object_address o)
{
    return x.class_id == o.class_id && x.object_id == o.object_id &&
           (x.sub_id == o.sub_id || x.sub_id == 0);
}

/* Goes already, or will when its dependents are known. */
static bool is_listed(const struct drop_list *l, struct object_address o)
{
    for (int i = 0; i < l->count; i++)
        if (covers(l->items[i].object, o))
            return true;
    for (int i = 0; i < l->nopen; i++)
        if (covers(l->open[i], o))
            return true;
    return false;
}

/* What goes with something anyway is not worth a word, however else it is reached. */
static void mark_automatic(struct drop_list *l, struct object_address o)
{
    for (int i = 0; i < l->count; i++)
        if (covers(l->items[i].object, o) && covers(o, l->items[i].object))
            l->items[i].automatic = true;
}

/* A view hangs on its rule, a constraint's index on the constraint: what one would say of them. */
static struct err *owner_of_part(struct ddl *d, struct object_address *o)
{
    struct datum rw[RW_COUNT];
    bool found;
    if (o->class_id != PG_REWRITE)
        return NULL;
    TRY(describe_row(d, PG_REWRITE, REWRITE_OID_INDEX, o->object_id, rw, &found));
    if (found)
        *o = (struct object_address){PG_CLASS, (uint32_t)rw[RW_CLASS].u, 0};
    return NULL;
}

static struct err *note_dependent(struct ddl *d, struct drop_list *l, const struct doomed *item,
                                  bool cascade)
{
    struct buf *b = cascade ? &l->cascaded : &l->blockers;
    int *n = cascade ? &l->ncascaded : &l->nblockers;
    if (b->len)
        buf_put_u8(b, '\n');
    if (cascade)
        buf_put_c(b, "drop cascades to ");
    TRY(ddl_describe(d, item->object, b));
    if (!cascade) {
        buf_put_c(b, " depends on ");
        TRY(ddl_describe(d, item->on, b));
    }
    (*n)++;
    return NULL;
}

/* The newest first. */
static int by_oid(const void *a, const void *b)
{
    const struct doomed *x = a;
    const struct doomed *y = b;
    if (x->object.object_id != y->object.object_id)
        return x->object.object_id > y->object.object_id ? -1 : 1;
    return x->object.sub_id - y->object.sub_id;
}

/* Adds the object behind everything that depends on it. */
static struct err *collect(struct ddl *d, struct drop_list *l, const struct doomed *item)
{
    struct object_address o = item->object;
    struct depend_list deps = {0};
    if (is_listed(l, o)) {
        if (item->automatic)
            mark_automatic(l, o);
        return NULL;
    }
    if (fiber_stack_left() < STACK_RESERVE)
        return err_new("54001", "stack depth limit exceeded");
    struct doomed *dependents;
    int n = 0;
    ARENA_PUSH(d->arena, l->open, l->nopen, l->open_cap, o);
    TRY(depend_on(d->cat, o, d->arena, &deps));
    dependents = arena_new_array(d->arena, struct doomed, deps.count + 1);
    for (int i = 0; i < deps.count; i++) {
        struct object_address dep = deps.items[i].object;
        TRY(owner_of_part(d, &dep));
        if (o.class_id == PG_CLASS && !o.sub_id && dep.class_id == PG_CLASS &&
            dep.object_id == o.object_id)
            continue;
        dependents[n++] = (struct doomed){dep, o, deps.items[i].type != DEPEND_NORMAL};
    }
    qsort(dependents, (size_t)n, sizeof(*dependents), by_oid);
    for (int i = 0; i < n; i++)
        TRY(collect(d, l, &dependents[i]));
    l->nopen--;
    ARENA_PUSH(d->arena, l->items, l->count, l->cap, *item);
    return NULL;
}

/* An inseparable part is dropped with its whole only. */
struct err *ddl_check_internal(struct ddl *d, const struct object_address *objects, int n, int k)
{
    const struct object_address o = objects[k];
    struct depend_list deps = {0};
    TRY(depend_of(d->cat, o, d->arena, &deps));
    for (int i = 0; i < deps.count; i++) {
        bool part = deps.items[i].type == DEPEND_INTERNAL && o.class_id != PG_REWRITE;
        if (!part && deps.items[i].type != DEPEND_EXTENSION)
            continue;
        bool whole_too = false;
        for (int w = 0; w < n; w++)
            whole_too |= covers(objects[w], deps.items[i].referenced);
        if (whole_too)
            continue;
        struct buf what = BUF_INIT;
        struct buf whole = BUF_INIT;
        TRY(ddl_describe(d, o, &what));
        TRY(ddl_describe(d, deps.items[i].referenced, &whole));
        struct err *e = err_new("2BP01", "cannot drop %s because %s requires it", buf_cstr(&what),
                                buf_cstr(&whole));
        err_hint(e, "You can drop %s instead.", buf_cstr(&whole));
        buf_done(&what);
        buf_done(&whole);
        return e;
    }
    return NULL;
}

static struct err *remove_one(struct ddl *d, struct object_address o)
{
    struct relation *r;
    if (o.class_id == PG_CLASS && o.sub_id) {
        TRY(cat_relation(d->cat, o.object_id, &r));
        struct err *e = r ? ddl_drop_column(d->cat, r, o.sub_id) : NULL;
        relation_unref(r);
        return e;
    }
    if (o.class_id == PG_CLASS) {
        bool locked;
        TRY(txn_lock_table(d->cat->txn, o.object_id, TXN_ACCESS_EXCLUSIVE, TXN_WAIT, &locked));
        TRY(cat_relation(d->cat, o.object_id, &r));
        struct err *e = r ? checks_none_pending(d->s, r->oid, r->name, "DROP TABLE") : NULL;
        relation_unref(r);
        TRY(e);
    }
    return ddl_remove(d->cat, o);
}

static struct err *drop_primary_key(struct ddl *d, struct object_address o)
{
    struct datum v[CON_COUNT];
    struct relation *r;
    bool found;
    if (o.class_id != PG_CONSTRAINT)
        return NULL;
    TRY(describe_row(d, PG_CONSTRAINT, CONSTRAINT_OID_INDEX, o.object_id, v, &found));
    if (!found || v[CON_TYPE].i != 'p')
        return NULL;
    TRY(cat_relation(d->cat, (uint32_t)v[CON_RELID].u, &r));
    if (!r)
        return NULL;
    /* The rows are kept by that key, unless it is deferrable: write them by row ids. */
    struct err *e = r->primary ? ddl_rewrite(d, &r, false) : NULL;
    relation_unref(r);
    return e;
}

/* By the user, or an inseparable part. */
static bool is_named(const struct doomed *item, const struct object_address *objects, int n)
{
    for (int i = 0; i < n; i++)
        if (covers(objects[i], item->object))
            return true;
    return item->automatic;
}

/* A constraint or a column of what is dropped is not worth a word. */
static bool goes_with_table(const struct drop_list *l, struct ddl *d, struct object_address o)
{
    if (o.class_id == PG_CLASS && o.sub_id)
        return is_listed(l, (struct object_address){PG_CLASS, o.object_id, 0});
    if (o.class_id != PG_CONSTRAINT)
        return false;
    struct datum v[CON_COUNT];
    bool found = false;
    struct err *e = describe_row(d, PG_CONSTRAINT, CONSTRAINT_OID_INDEX, o.object_id, v, &found);
    bool goes =
        !e && found && is_listed(l, (struct object_address){PG_CLASS, (uint32_t)v[CON_RELID].u, 0});
    err_free(e);
    return goes;
}

struct err *ddl_drop_objects(struct ddl *d, const struct object_address *objects, int n,
                             bool cascade)
{
    struct drop_list l = {0};
    struct err *e = NULL;
    for (int i = 0; i < n && !e; i++)
        e = ddl_check_internal(d, objects, n, i);
    for (int i = 0; i < n && !e; i++) {
        struct doomed item = {.object = objects[i], .automatic = true};
        e = collect(d, &l, &item);
    }
    for (int i = l.count - 1; i >= 0 && !e; i--)
        if (!is_named(&l.items[i], objects, n) && !goes_with_table(&l, d, l.items[i].object))
            e = note_dependent(d, &l, &l.items[i], cascade);
    if (!e && l.nblockers) {
        struct buf what = BUF_INIT;
        e = ddl_describe(d, objects[0], &what);
        if (!e && n > 1)
            e = err_new("2BP01",
                        "cannot drop desired object(s) because other objects depend on them");
        else if (!e)
            e = err_new("2BP01", "cannot drop %s because other objects depend on it",
                        buf_cstr(&what));
        err_detail(e, "%s", buf_cstr(&l.blockers));
        err_hint(e, "Use DROP ... CASCADE to drop the dependent objects too.");
        buf_done(&what);
    }
    if (!e && l.ncascaded == 1)
        ddl_notice(d, "NOTICE", err_new("00000", "%s", buf_cstr(&l.cascaded)));
    else if (!e && l.ncascaded)
        ddl_notice(d, "NOTICE",
                   err_detail(err_new("00000", "drop cascades to %d other objects", l.ncascaded),
                              "%s", buf_cstr(&l.cascaded)));
    for (int i = 0; i < l.count && !e; i++)
        if (!goes_with_table(&l, d, l.items[i].object))
            e = drop_primary_key(d, l.items[i].object);
    for (int i = 0; i < l.count && !e; i++)
        e = remove_one(d, l.items[i].object);
    buf_done(&l.blockers);
    buf_done(&l.cascaded);
    return e;
}

/* ---- DROP ---- */

static const struct drop_kind {
    PgQuery__ObjectType type;
    char relkind;
    const char *what;
    const char *tag;
} drop_kinds[] = {
    {PG_QUERY__OBJECT_TYPE__OBJECT_TABLE, 'r', "table", "DROP TABLE"},
    {PG_QUERY__OBJECT_TYPE__OBJECT_INDEX, 'i', "index", "DROP INDEX"},
    {PG_QUERY__OBJECT_TYPE__OBJECT_SEQUENCE, 'S', "sequence", "DROP SEQUENCE"},
    {PG_QUERY__OBJECT_TYPE__OBJECT_VIEW, 'v', "view", "DROP VIEW"},
    {PG_QUERY__OBJECT_TYPE__OBJECT_MATVIEW, 'm', "materialized view", "DROP MATERIALIZED VIEW"},
};

static struct err *name_list(struct ddl *d, const PgQuery__Node *n, PgQuery__RangeVar *rv)
{
    const PgQuery__List *l = n->list;
    pg_query__range_var__init(rv);
    if (l->n_items > 3)
        return resolve_qualified(d->cat, l->items, l->n_items, 1);
    rv->relname = (char *)pg_str(l->items[l->n_items - 1]);
    if (l->n_items > 1)
        rv->schemaname = (char *)pg_str(l->items[l->n_items - 2]);
    if (l->n_items > 2)
        rv->catalogname = (char *)pg_str(l->items[0]);
    rv->location = -1;
    return NULL;
}

/* Whether an object's schema is missing, which then is what DROP tells of. */
static struct err *missing_schema(struct ddl *d, const char *schema, bool *missing)
{
    uint32_t oid = 1;
    if (schema && *schema && strcmp(schema, "pg_temp") != 0)
        TRY(cat_namespace_oid(d->cat, str_from(schema), &oid));
    *missing = !oid;
    return NULL;
}

static struct err *missing_or_error(struct ddl *d, bool missing_ok, const char *what,
                                    const char *name)
{
    const char *code = strcmp(what, "schema") == 0     ? "3F000"
                       : strcmp(what, "database") == 0 ? "3D000"
                                                       : "42P01";
    if (!missing_ok)
        return strcmp(what, "index") == 0 ? err_new("42704", "index \"%s\" does not exist", name)
                                          : err_new(code, "%s \"%s\" does not exist", what, name);
    ddl_notice(d, "NOTICE", err_new("00000", "%s \"%s\" does not exist, skipping", what, name));
    return NULL;
}

/* Nobody may be reading or writing an index that goes; a table is locked before its indexes. */
static struct err *lock_table_of(struct ddl *d, uint32_t index)
{
    uint32_t relid;
    bool locked;
    TRY(ddl_index_table(d, index, &relid));
    return txn_lock_table(d->cat->txn, relid, TXN_ACCESS_EXCLUSIVE, TXN_WAIT, &locked);
}

/* The owner of the schema may drop what is in it. */
static struct err *may_drop(struct ddl *d, const struct relation *r)
{
    struct err *e = ddl_must_own(d, r);
    struct err *schema = e ? acl_check_owner(d->cat, PG_NAMESPACE, r->nsp) : NULL;
    if (!e || schema || r->system) {
        err_free(schema);
        return e;
    }
    err_free(e);
    return NULL;
}

/* The table of the index of that name, if there is one and the role may drop it. */
static struct err *lock_table_of_named(struct ddl *d, const PgQuery__RangeVar *rv)
{
    uint32_t oid;
    struct relation *r = NULL;
    struct str nsp = rv->schemaname ? str_from(rv->schemaname) : STR("");
    TRY(cat_find_relation(d->cat, nsp, str_from(rv->relname), true, &oid));
    TRY(oid ? cat_relation(d->cat, oid, &r) : NULL);
    struct err *refused = r && r->kind == 'i' ? may_drop(d, r) : NULL;
    bool index = r && r->kind == 'i' && !refused;
    err_free(refused);
    relation_unref(r);
    return index ? lock_table_of(d, oid) : NULL;
}

/* Index descriptors are found through their table; here only pg_class matters. */
static struct err *drop_target(struct ddl *d, const struct drop_kind *k, const PgQuery__Node *n,
                               bool missing_ok, bool concurrent, struct object_address *out,
                               bool *found)
{
    PgQuery__RangeVar rv;
    struct relation *r;
    bool no_schema;
    *found = false;
    TRY(name_list(d, n, &rv));
    if (k->relkind == 'i' && !concurrent)
        TRY(lock_table_of_named(d, &rv));
    TRY(ddl_open(d, &rv, concurrent ? TXN_SHARE_UPDATE_EXCLUSIVE : TXN_ACCESS_EXCLUSIVE, true, &r));
    if (!r) {
        TRY(missing_schema(d, rv.schemaname, &no_schema));
        return missing_or_error(d, missing_ok, no_schema ? "schema" : k->what,
                                no_schema ? rv.schemaname : rv.relname);
    }
    struct err *e = may_drop(d, r);
    if (!e && r->kind != k->relkind) {
        const char *is = r->kind == 'c' ? "type" : ddl_kind_name(r->kind);
        bool vowel = is[0] == 'i';
        e = err_hint(err_new("42809", "\"%s\" is not %s %s", r->name,
                             k->what[0] == 'i' ? "an" : "a", k->what),
                     "Use DROP %s to remove %s %s.",
                     r->kind == 'v'   ? "VIEW"
                     : r->kind == 'm' ? "MATERIALIZED VIEW"
                     : r->kind == 'i' ? "INDEX"
                     : r->kind == 'S' ? "SEQUENCE"
                     : r->kind == 'c' ? "TYPE"
                                      : "TABLE",
                     vowel ? "an" : "a", is);
    }
    *out = (struct object_address){PG_CLASS, r->oid, 0};
    *found = !e;
    bool index = r->kind == 'i';
    relation_unref(r);
    return e || !index || concurrent ? e : lock_table_of(d, out->object_id);
}

static struct err *drop_schemas(struct ddl *d, const PgQuery__DropStmt *s)
{
    struct object_address *list = arena_new_array(d->arena, struct object_address, s->n_objects);
    int n = 0;
    for (size_t i = 0; i < s->n_objects; i++) {
        const char *name = pg_str(s->objects[i]);
        uint32_t oid;
        TRY(cat_namespace_oid(d->cat, str_from(name), &oid));
        if (!oid) {
            TRY(missing_or_error(d, s->missing_ok, "schema", name));
            continue;
        }
        TRY(acl_check_owner(d->cat, PG_NAMESPACE, oid));
        if (oid == PG_CATALOG_NSP)
            return err_new("2BP01",
                           "cannot drop schema %s because it is required by the database system",
                           name);
        list[n++] = (struct object_address){PG_NAMESPACE, oid, 0};
    }
    return n ? ddl_drop_objects(d, list, n, s->behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE)
             : NULL;
}

/* Kinds of objects that nobody can make here, so that there is nothing to drop. */
static const struct absent_kind {
    PgQuery__ObjectType type;
    const char *word;
    const char *of; /* what it is a part of, in messages; NULL: nothing */
} absent_kinds[] = {
    {PG_QUERY__OBJECT_TYPE__OBJECT_FOREIGN_SERVER, "server", NULL},
    {PG_QUERY__OBJECT_TYPE__OBJECT_FDW, "foreign-data wrapper", NULL},
    {PG_QUERY__OBJECT_TYPE__OBJECT_EVENT_TRIGGER, "event trigger", NULL},
    {PG_QUERY__OBJECT_TYPE__OBJECT_PUBLICATION, "publication", NULL},
    {PG_QUERY__OBJECT_TYPE__OBJECT_LANGUAGE, "language", NULL},
    {PG_QUERY__OBJECT_TYPE__OBJECT_TRIGGER, "trigger", "table"},
    {PG_QUERY__OBJECT_TYPE__OBJECT_RULE, "rule", "relation"},
};

static const struct absent_kind *absent_kind(PgQuery__ObjectType type)
{
    for (size_t i = 0; i < ARRAY_LENGTH(absent_kinds); i++)
        if (absent_kinds[i].type == type)
            return &absent_kinds[i];
    return NULL;
}

const char *ddl_written_name(struct ddl *d, const PgQuery__RangeVar *rv)
{
    return rv->schemaname && *rv->schemaname
               ? arena_printf(d->arena, "%s.%s", rv->schemaname, rv->relname)
               : rv->relname;
}

struct err *ddl_open_whole(struct ddl *d, const PgQuery__RangeVar *rv, enum txn_table_lock lock,
                           bool missing_ok, struct relation **out)
{
    bool no_schema;
    TRY(ddl_open(d, rv, lock, missing_ok, out));
    if (*out)
        return NULL;
    TRY(missing_schema(d, rv->schemaname, &no_schema));
    return missing_or_error(d, true, no_schema ? "schema" : "relation",
                            no_schema ? rv->schemaname : ddl_written_name(d, rv));
}

/* `name` ON table. */
static struct err *drop_absent_part(struct ddl *d, const PgQuery__DropStmt *s,
                                    const struct absent_kind *k, const PgQuery__Node *o,
                                    const char *name)
{
    PgQuery__List table = *o->list;
    PgQuery__Node node = *o;
    PgQuery__RangeVar rv;
    struct relation *r;
    struct err *e = NULL;
    table.n_items--;
    node.list = &table;
    TRY(name_list(d, &node, &rv));
    TRY(ddl_open_whole(d, &rv, TXN_ACCESS_SHARE, s->missing_ok, &r));
    if (!r)
        return NULL;
    if (r->kind == 'v' && strcmp(name, "_RETURN") == 0 && strcmp(k->word, "rule") == 0)
        e = err_unsupported("DROP RULE of a view's own rule is not supported");
    else if (!s->missing_ok)
        e = err_new("42704", "%s \"%s\" for %s \"%s\" does not exist", k->word, name, k->of,
                    r->name);
    else
        ddl_notice(d, "NOTICE",
                   err_new("00000", "%s \"%s\" for relation \"%s\" does not exist, skipping",
                           k->word, name, ddl_written_name(d, &rv)));
    relation_unref(r);
    return e;
}

static struct err *drop_absent(struct ddl *d, const PgQuery__DropStmt *s,
                               const struct absent_kind *k, char *tag)
{
    static const char *const there[] = {"sql", "c", "internal"};
    snprintf(tag, 64, "DROP %s", ddl_object_type_name(s->remove_type));
    for (size_t i = 0; i < s->n_objects; i++) {
        const PgQuery__Node *o = s->objects[i];
        bool list = o->node_case == PG_QUERY__NODE__NODE_LIST;
        const char *name = list ? pg_str(o->list->items[o->list->n_items - 1]) : pg_str(o);
        bool language = s->remove_type == PG_QUERY__OBJECT_TYPE__OBJECT_LANGUAGE;
        for (size_t t = 0; t < ARRAY_LENGTH(there); t++)
            if (language && strcmp(name, there[t]) == 0)
                return err_unsupported("DROP %s of \"%s\" is not supported",
                                       ddl_object_type_name(s->remove_type), name);
        if (k->of) {
            TRY(drop_absent_part(d, s, k, o, name));
            continue;
        }
        struct err *e = err_new(s->missing_ok ? "00000" : "42704", "%s \"%s\" does not exist%s",
                                k->word, name, s->missing_ok ? ", skipping" : "");
        if (!s->missing_ok)
            return e;
        ddl_notice(d, "NOTICE", e);
    }
    return NULL;
}

struct err *ddl_drop(struct ddl *d, const PgQuery__DropStmt *s, char *tag)
{
    const struct drop_kind *k = NULL;
    struct object_address *list =
        arena_new_array(d->arena, struct object_address, s->n_objects + 1);
    int n = 0;
    if (s->remove_type == PG_QUERY__OBJECT_TYPE__OBJECT_SCHEMA) {
        snprintf(tag, 64, "DROP SCHEMA");
        return drop_schemas(d, s);
    }
    if (s->remove_type == PG_QUERY__OBJECT_TYPE__OBJECT_TYPE ||
        s->remove_type == PG_QUERY__OBJECT_TYPE__OBJECT_DOMAIN) {
        snprintf(tag, 64,
                 s->remove_type == PG_QUERY__OBJECT_TYPE__OBJECT_TYPE ? "DROP TYPE"
                                                                      : "DROP DOMAIN");
        return ddl_drop_types(d, s);
    }
    if (s->remove_type == PG_QUERY__OBJECT_TYPE__OBJECT_EXTENSION) {
        snprintf(tag, 64, "DROP EXTENSION");
        return ddl_drop_extensions(d, s);
    }
    if (s->remove_type == PG_QUERY__OBJECT_TYPE__OBJECT_POLICY) {
        snprintf(tag, 64, "DROP POLICY");
        return ddl_drop_policy(d, s);
    }
    if (s->remove_type == PG_QUERY__OBJECT_TYPE__OBJECT_COLLATION) {
        snprintf(tag, 64, "DROP COLLATION");
        return ddl_drop_collations(d, s);
    }
    if (s->remove_type == PG_QUERY__OBJECT_TYPE__OBJECT_TRIGGER) {
        snprintf(tag, 64, "DROP TRIGGER");
        return ddl_drop_trigger(d, s);
    }
    if (s->remove_type == PG_QUERY__OBJECT_TYPE__OBJECT_CAST) {
        snprintf(tag, 64, "DROP CAST");
        return ddl_drop_cast(d, s);
    }
    if (s->remove_type == PG_QUERY__OBJECT_TYPE__OBJECT_FUNCTION ||
        s->remove_type == PG_QUERY__OBJECT_TYPE__OBJECT_PROCEDURE ||
        s->remove_type == PG_QUERY__OBJECT_TYPE__OBJECT_AGGREGATE ||
        s->remove_type == PG_QUERY__OBJECT_TYPE__OBJECT_ROUTINE)
        return ddl_drop_functions(d, s, tag);
    for (size_t i = 0; i < ARRAY_LENGTH(drop_kinds); i++)
        if (drop_kinds[i].type == s->remove_type)
            k = &drop_kinds[i];
    const struct absent_kind *absent = absent_kind(s->remove_type);
    if (absent)
        return drop_absent(d, s, absent, tag);
    if (!k)
        return err_unsupported("DROP %s is not supported yet",
                               ddl_object_type_name(s->remove_type));
    snprintf(tag, 64, "%s", k->tag);
    if (s->concurrent && s->n_objects > 1)
        return err_new("0A000",
                       "DROP INDEX CONCURRENTLY does not support dropping multiple objects");
    if (s->concurrent && s->behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE)
        return err_new("0A000", "DROP INDEX CONCURRENTLY does not support CASCADE");
    for (size_t i = 0; i < s->n_objects; i++) {
        bool found;
        TRY(drop_target(d, k, s->objects[i], s->missing_ok, s->concurrent, &list[n], &found));
        n += found;
    }
    if (n && s->concurrent)
        return ddl_drop_index_concurrently(d, list[0].object_id);
    return n ? ddl_drop_objects(d, list, n, s->behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE)
             : NULL;
}

/* ---- TRUNCATE ---- */

static struct err *truncate_one(struct ddl *d, struct relation *r, bool restart)
{
    struct txn_mgr *mgr = catalog_txn_mgr(d->cat->shared);
    TRY(txn_drop_storage(d->cat->txn, r->storage_id));
    TRY(ddl_update_class(d->cat, r->oid, CLS_FILENODE, datum_int(txn_new_storage_id(mgr))));
    for (int i = 0; i < r->nindexes; i++) {
        if (r->indexes[i].primary)
            continue;
        TRY(txn_drop_storage(d->cat->txn, r->indexes[i].storage_id));
        TRY(ddl_update_class(d->cat, r->indexes[i].oid, CLS_FILENODE,
                             datum_int(txn_new_storage_id(mgr))));
    }
    struct depend_list deps = {0};
    TRY(depend_on(d->cat, (struct object_address){PG_CLASS, r->oid, 0}, d->arena, &deps));
    for (int i = 0; restart && i < deps.count; i++) {
        struct relation *seq;
        if (deps.items[i].object.class_id != PG_CLASS || !deps.items[i].referenced.sub_id)
            continue;
        TRY(cat_relation(d->cat, deps.items[i].object.object_id, &seq));
        struct err *e = NULL;
        if (seq && seq->kind == 'S')
            e = ddl_restart_sequence(d, seq);
        relation_unref(seq);
        TRY(e);
    }
    return NULL;
}

static struct err *may_truncate(struct ddl *d, const struct relation *r)
{
    if (r->kind != 'r')
        return err_new("42809", "\"%s\" is not a table", r->name);
    if (r->system && d->s->pid)
        return ddl_must_own(d, r);
    TRY(ddl_may_use_relation(d, r, PRIV_TRUNCATE));
    if (r->read_only_synced)
        return err_hint(err_new("42809", "cannot truncate synced table \"%s\"", r->name),
                        "The table is kept in step with its source, which owns the data.");
    return checks_none_pending(d->s, r->oid, r->name, "TRUNCATE");
}

static bool has_relation(struct relation *const *rels, int n, uint32_t oid)
{
    for (int i = 0; i < n; i++)
        if (rels[i]->oid == oid)
            return true;
    return false;
}

/* No table outside the list refers to one of it. */
static struct err *check_referencing(struct ddl *d, struct relation *const *rels, int n)
{
    for (int i = 0; i < n; i++) {
        const struct relation *r = rels[i];
        for (int k = 0; k < r->nreferencing; k++) {
            struct relation *child;
            if (has_relation(rels, n, r->referencing[k].relid))
                continue;
            TRY(cat_relation(d->cat, r->referencing[k].relid, &child));
            struct err *e =
                err_new("0A000", "cannot truncate a table referenced in a foreign key constraint");
            err_detail(e, "Table \"%s\" references \"%s\".", child ? child->name : "?", r->name);
            err_hint(e, "Truncate table \"%s\" at the same time, or use TRUNCATE ... CASCADE.",
                     child ? child->name : "?");
            relation_unref(child);
            return e;
        }
    }
    return NULL;
}

/* CASCADE adds the tables that refer to the listed ones. */
static struct err *add_referencing(struct ddl *d, struct relation ***rels, int *n, int *cap)
{
    for (int i = 0; i < *n; i++) {
        for (int k = 0; k < (*rels)[i]->nreferencing; k++) {
            uint32_t child = (*rels)[i]->referencing[k].relid;
            bool locked;
            if (has_relation(*rels, *n, child))
                continue;
            struct relation *r;
            TRY(txn_lock_table(d->cat->txn, child, TXN_ACCESS_EXCLUSIVE, TXN_WAIT, &locked));
            TRY(cat_relation(d->cat, child, &r));
            ddl_notice(d, "NOTICE", err_new("00000", "truncate cascades to table \"%s\"", r->name));
            int count = *n;
            ARENA_PUSH(d->arena, *rels, count, *cap, r);
            *n = count;
            TRY(may_truncate(d, r));
        }
    }
    return NULL;
}

struct err *ddl_truncate(struct ddl *d, const PgQuery__TruncateStmt *t)
{
    struct relation **rels = NULL;
    struct err *e = NULL;
    int n = 0;
    int cap = 0;
    for (size_t i = 0; i < t->n_relations && !e; i++) {
        struct relation *r;
        e = ddl_open(d, t->relations[i]->range_var, TXN_ACCESS_EXCLUSIVE, false, &r);
        if (e)
            break;
        ARENA_PUSH(d->arena, rels, n, cap, r);
        e = may_truncate(d, r);
    }
    if (!e)
        e = t->behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE
                ? add_referencing(d, &rels, &n, &cap)
                : check_referencing(d, rels, n);
    for (int i = 0; i < n && !e; i++)
        e = truncate_one(d, rels[i], t->restart_seqs);
    for (int i = 0; i < n; i++)
        relation_unref(rels[i]);
    return e;
}
