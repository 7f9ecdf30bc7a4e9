/* What objects are called: their type, schema, name and identity, from the system tables' rows. */
#include "exec/identity.h"

#include "exec/ddl_internal.h"
#include "exec/exec_internal.h"
#include "exec/fn_session.h"

#include <inttypes.h>
#include <string.h>

struct identify {
    struct session *s;
    struct arena *arena;
    struct object_address object;
    const struct datum *row; /* of the object in its system table */
    struct identity *out;
};

static const char *text_of(const struct identify *w, struct datum d)
{
    return arena_strndup(w->arena, (const char *)d.p, d.len);
}

static const char *quoted(const struct identify *w, const char *name)
{
    struct buf b = BUF_INIT;
    quote_identifier(&b, name);
    const char *text = arena_strdup(w->arena, buf_cstr(&b));
    buf_done(&b);
    return text;
}

static void add_name(struct identify *w, const char *name)
{
    CHECK(w->out->nnames < IDENTITY_MAX_NAMES);
    w->out->names[w->out->nnames++] = name;
}

static void add_arg(struct identify *w, const char *arg)
{
    CHECK(w->out->nargs < IDENTITY_MAX_ARGS);
    w->out->args[w->out->nargs++] = arg;
}

/* The row of a system table with the OID; NULL: there is none. */
static struct err *row_of(const struct identify *w, uint32_t table, uint32_t index, uint32_t oid,
                          const struct datum **row)
{
    bool found = false;
    TRY(systab_builtin_row(table, oid, row));
    if (*row || !index)
        return NULL;
    struct datum key = datum_int(oid);
    struct datum *v = arena_new_array(w->arena, struct datum, SYSTAB_MAX_COLUMNS);
    TRY(systab_get(&w->s->cat, table, index, &key, 1, w->arena, v, &found));
    *row = found ? v : NULL;
    return NULL;
}

static struct err *schema_name(const struct identify *w, uint32_t nsp, const char **out)
{
    TRY(cat_namespace_name(&w->s->cat, nsp, w->arena, out));
    if (!*out)
        *out = "";
    return NULL;
}

/* Sets the schema, and gives "schema.name"; both become names. */
static struct err *qualified(struct identify *w, uint32_t nsp, const char *name, const char **out)
{
    const char *schema;
    TRY(schema_name(w, nsp, &schema));
    w->out->schema = quoted(w, schema);
    add_name(w, schema);
    add_name(w, name);
    *out = arena_printf(w->arena, "%s.%s", w->out->schema, quoted(w, name));
    return NULL;
}

/* The standard's names as they are; others with their schema. */
static struct err *type_name(const struct identify *w, uint32_t oid, const char **out)
{
    enum { INTERVAL = 1186, BIT = 1560, NUMERIC = 1700 };
    struct datum shown;
    bool found;
    TRY(cat_load_type(&w->s->cat, oid, &found));
    const struct cat_type *t = builtin_type(oid);
    *out = "-";
    if (!oid || !t)
        return NULL;
    const struct cat_type *named = cat_type_named(t);
    TRY(session_plain_type_name(w->s, named->oid, w->arena, &shown));
    const char *word = text_of(w, shown);
    const char *name = quoted(w, text_of(w, datum_str(named->name)));
    bool standard =
        named->nsp == PG_CATALOG_NSP && (strcmp(word, name) != 0 || named->oid == INTERVAL ||
                                         named->oid == BIT || named->oid == NUMERIC);
    if (!standard)
        return cat_type_name(&w->s->cat, oid, true, w->arena, out);
    *out = named != t ? arena_printf(w->arena, "%s[]", word) : word;
    return NULL;
}

/* ---- kinds ---- */

/* "schema.relation", which become names; NULL: there is none. */
static struct err *relation_name(struct identify *w, uint32_t oid, struct relation **rel,
                                 const char **out)
{
    *out = NULL;
    TRY(cat_relation(&w->s->cat, oid, rel));
    if (!*rel)
        return NULL;
    add_name(w, arena_strdup(w->arena, (*rel)->nsp_name));
    add_name(w, arena_strdup(w->arena, (*rel)->name));
    *out =
        arena_printf(w->arena, "%s.%s", quoted(w, w->out->names[0]), quoted(w, w->out->names[1]));
    return NULL;
}

static struct err *identify_relation(struct identify *w)
{
    struct relation *r;
    const char *name;
    int sub = w->object.sub_id;
    TRY(relation_name(w, w->object.object_id, &r, &name));
    const char *kind = r ? ddl_kind_name(r->kind) : "relation";
    w->out->type = r && sub ? arena_printf(w->arena, "%s column", kind) : kind;
    if (!r)
        return NULL;
    bool there = !sub || (sub > 0 && sub <= r->natts && !r->atts[sub - 1].dropped);
    if (there && sub)
        add_name(w, arena_strdup(w->arena, r->atts[sub - 1].name));
    relation_unref(r);
    if (!there)
        return NULL;
    w->out->schema = quoted(w, w->out->names[0]);
    w->out->name = quoted(w, w->out->names[1]);
    w->out->text = sub ? arena_printf(w->arena, "%s.%s", name, quoted(w, w->out->names[2])) : name;
    return NULL;
}

/* A part of a relation, called by its name: "part on schema.relation". */
static struct err *part_of_relation(struct identify *w, uint32_t relid, const char *part)
{
    struct relation *r;
    const char *name;
    TRY(relation_name(w, relid, &r, &name));
    if (!r)
        return NULL;
    relation_unref(r);
    add_name(w, part);
    w->out->text = arena_printf(w->arena, "%s on %s", quoted(w, part), name);
    return NULL;
}

static struct err *identify_constraint(struct identify *w)
{
    const char *type;
    const char *schema;
    if (!w->row)
        return NULL;
    const char *name = text_of(w, w->row[CON_NAME]);
    TRY(schema_name(w, (uint32_t)w->row[CON_NSP].u, &schema));
    w->out->schema = quoted(w, schema);
    w->out->type = w->row[CON_RELID].u ? "table constraint" : "domain constraint";
    if (w->row[CON_RELID].u)
        return part_of_relation(w, (uint32_t)w->row[CON_RELID].u, name);
    TRY(type_name(w, (uint32_t)w->row[CON_TYPID].u, &type));
    add_name(w, type);
    add_arg(w, name);
    w->out->text = arena_printf(w->arena, "%s on %s", quoted(w, name), type);
    return NULL;
}

static struct err *identify_default(struct identify *w)
{
    if (!w->row)
        return NULL;
    struct identity column = {0};
    struct identify at = *w;
    at.object =
        (struct object_address){PG_CLASS, (uint32_t)w->row[DEF_RELID].u, (int)w->row[DEF_NUM].i};
    at.out = &column;
    TRY(identify_relation(&at));
    memcpy(w->out->names, column.names, sizeof(column.names));
    w->out->nnames = column.nnames;
    w->out->text = column.text ? arena_printf(w->arena, "for %s", column.text) : NULL;
    return NULL;
}

static struct err *identify_rule(struct identify *w)
{
    return w->row ? part_of_relation(w, (uint32_t)w->row[RW_CLASS].u, text_of(w, w->row[RW_NAME]))
                  : NULL;
}

static struct err *identify_policy(struct identify *w)
{
    return w->row ? part_of_relation(w, (uint32_t)w->row[POL_RELID].u, text_of(w, w->row[POL_NAME]))
                  : NULL;
}

static struct err *identify_trigger(struct identify *w)
{
    return w->row ? part_of_relation(w, (uint32_t)w->row[TRG_RELID].u, text_of(w, w->row[TRG_NAME]))
                  : NULL;
}

static struct err *identify_function(struct identify *w)
{
    const struct cat_proc *p;
    const char *name;
    TRY(cat_load_proc(&w->s->cat, w->object.object_id, &p));
    w->out->type = "routine";
    if (!p)
        return NULL;
    w->out->type = p->kind == 'a' ? "aggregate" : p->kind == 'p' ? "procedure" : "function";
    TRY(qualified(w, p->nsp, text_of(w, datum_str(p->name)), &name));
    for (int i = 0; i < p->nargs; i++) {
        const char *type;
        TRY(type_name(w, p->argtypes[i], &type));
        add_arg(w, type);
        name = arena_printf(w->arena, "%s%c%s", name, i ? ',' : '(', type);
    }
    w->out->text = arena_printf(w->arena, "%s%s", name, p->nargs ? ")" : "()");
    return NULL;
}

static struct err *identify_type(struct identify *w)
{
    const struct cat_type *t;
    bool found;
    const char *schema;
    TRY(cat_load_type(&w->s->cat, w->object.object_id, &found));
    t = builtin_type(w->object.object_id);
    if (!t)
        return NULL;
    TRY(type_name(w, t->oid, &w->out->text));
    TRY(schema_name(w, t->nsp, &schema));
    w->out->schema = quoted(w, schema);
    w->out->name = quoted(w, text_of(w, datum_str(t->name)));
    add_name(w, w->out->text);
    return NULL;
}

static struct err *identify_cast(struct identify *w)
{
    const char *source;
    const char *target;
    if (!w->row)
        return NULL;
    TRY(type_name(w, (uint32_t)w->row[CAST_SOURCE].u, &source));
    TRY(type_name(w, (uint32_t)w->row[CAST_TARGET].u, &target));
    add_name(w, source);
    add_arg(w, target);
    w->out->text = arena_printf(w->arena, "(%s AS %s)", source, target);
    return NULL;
}

static struct err *identify_operator(struct identify *w)
{
    const char *left;
    const char *right;
    const char *schema;
    if (!w->row)
        return NULL;
    uint32_t left_type = (uint32_t)w->row[OPR_LEFT].u;
    const char *name = text_of(w, w->row[OPR_NAME]);
    TRY(schema_name(w, (uint32_t)w->row[OPR_NSP].u, &schema));
    TRY(type_name(w, left_type, &left));
    TRY(type_name(w, (uint32_t)w->row[OPR_RIGHT].u, &right));
    w->out->schema = quoted(w, schema);
    add_name(w, schema);
    add_name(w, name);
    if (left_type)
        add_arg(w, left);
    add_arg(w, right);
    w->out->text = arena_printf(w->arena, "%s.%s(%s,%s)", w->out->schema, name,
                                left_type ? left : "NONE", right);
    return NULL;
}

/* The names of an operator family, or class, are its access method, schema and name. */
static struct err *family_identity(struct identify *w, const struct datum *row, const char **out)
{
    const struct datum *am;
    const char *name;
    TRY(systab_builtin_row(PG_AM, (uint32_t)row[FAM_METHOD].u, &am));
    const char *method = am ? text_of(w, am[AM_NAME]) : "";
    add_name(w, method);
    TRY(qualified(w, (uint32_t)row[FAM_NSP].u, text_of(w, row[FAM_NAME]), &name));
    w->out->name = quoted(w, text_of(w, row[FAM_NAME]));
    *out = arena_printf(w->arena, "%s USING %s", name, quoted(w, method));
    return NULL;
}

static struct err *identify_family(struct identify *w)
{
    return w->row ? family_identity(w, w->row, &w->out->text) : NULL;
}

/* An operator or function that a family has: by its types and number. */
static struct err *identify_member(struct identify *w)
{
    const struct datum *family;
    const char *name;
    const char *types[2];
    if (!w->row)
        return NULL;
    TRY(systab_builtin_row(PG_OPFAMILY, (uint32_t)w->row[MEMBER_FAMILY].u, &family));
    if (!family)
        return NULL;
    TRY(family_identity(w, family, &name));
    w->out->schema = NULL;
    w->out->name = NULL;
    add_name(w, arena_printf(w->arena, "%" PRId64, w->row[MEMBER_NUMBER].i));
    for (int i = 0; i < 2; i++) {
        TRY(type_name(w, (uint32_t)w->row[i ? MEMBER_RIGHT : MEMBER_LEFT].u, &types[i]));
        add_arg(w, types[i]);
    }
    w->out->text = arena_printf(w->arena, "%s %s (%s, %s) of %s",
                                w->object.class_id == PG_AMOP ? "operator" : "function",
                                w->out->names[IDENTITY_MAX_NAMES - 1], types[0], types[1], name);
    return NULL;
}

static struct err *identify_collation(struct identify *w)
{
    if (!w->row)
        return NULL;
    TRY(qualified(w, (uint32_t)w->row[COLL_NSP].u, text_of(w, w->row[COLL_NAME]), &w->out->text));
    w->out->name = quoted(w, text_of(w, w->row[COLL_NAME]));
    return NULL;
}

static struct err *identify_large_object(struct identify *w)
{
    if (!w->row)
        return NULL;
    w->out->text = arena_printf(w->arena, "%u", w->object.object_id);
    add_name(w, w->out->text);
    return NULL;
}

const char *identity_default_acl_kind(char type)
{
    static const struct {
        char type;
        const char *plural;
    } words[] = {
        {'r', "tables"}, {'S', "sequences"}, {'f', "functions"}, {'T', "types"}, {'n', "schemas"}};
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
        if (words[i].type == type)
            return words[i].plural;
    return NULL;
}

static struct err *identify_default_acl(struct identify *w)
{
    const char *role;
    const char *schema = NULL;
    if (!w->row)
        return NULL;
    char type = (char)w->row[DACL_TYPE].i;
    const char *kind = identity_default_acl_kind(type);
    TRY(cat_role_name(&w->s->cat, (uint32_t)w->row[DACL_ROLE].u, w->arena, &role));
    add_name(w, role ? role : "");
    if (w->row[DACL_NSP].u) {
        TRY(schema_name(w, (uint32_t)w->row[DACL_NSP].u, &schema));
        add_name(w, schema);
    }
    add_arg(w, arena_printf(w->arena, "%c", type));
    if (kind)
        w->out->text =
            arena_printf(w->arena, "for role %s%s%s on %s", quoted(w, w->out->names[0]),
                         schema ? " in schema " : "", schema ? quoted(w, schema) : "", kind);
    return NULL;
}

/* What has a name of its own in the database, or the server: the second column of its row. */
static struct err *identify_named(struct identify *w)
{
    enum { NAME = 1 };
    if (!w->row)
        return NULL;
    const char *name = text_of(w, w->row[NAME]);
    add_name(w, name);
    w->out->text = w->object.class_id == PG_PARAMETER_ACL ? name : quoted(w, name);
    w->out->name = w->object.class_id == PG_PARAMETER_ACL ? NULL : w->out->text;
    return NULL;
}

/* ---- by class ---- */

static const struct {
    uint32_t class_id;
    uint32_t index; /* of its OIDs; 0: all its rows are built in */
    const char *type;
    struct err *(*identify)(struct identify *w);
} classes[] = {
    {PG_CLASS, CLASS_OID_INDEX, "relation", identify_relation},
    {PG_CONSTRAINT, CONSTRAINT_OID_INDEX, "constraint", identify_constraint},
    {PG_ATTRDEF, ATTRDEF_OID_INDEX, "default value", identify_default},
    {PG_REWRITE, REWRITE_OID_INDEX, "rule", identify_rule},
    {PG_POLICY, POLICY_OID_INDEX, "policy", identify_policy},
    {PG_TRIGGER, TRIGGER_OID_INDEX, "trigger", identify_trigger},
    {PG_PROC, PROC_OID_INDEX, "routine", identify_function},
    {PG_TYPE, TYPE_OID_INDEX, "type", identify_type},
    {PG_CAST, CAST_OID_INDEX, "cast", identify_cast},
    {PG_OPERATOR, 0, "operator", identify_operator},
    {PG_OPCLASS, 0, "operator class", identify_family},
    {PG_OPFAMILY, 0, "operator family", identify_family},
    {PG_AMOP, 0, "operator of access method", identify_member},
    {PG_AMPROC, 0, "function of access method", identify_member},
    {PG_COLLATION, COLLATION_OID_INDEX, "collation", identify_collation},
    {PG_LARGEOBJECT, 0, "large object", identify_large_object},
    {PG_DEFAULT_ACL, DEFAULT_ACL_OID_INDEX, "default acl", identify_default_acl},
    {PG_NAMESPACE, NAMESPACE_OID_INDEX, "schema", identify_named},
    {PG_AUTHID, AUTHID_OID_INDEX, "role", identify_named},
    {PG_DATABASE, DATABASE_OID_INDEX, "database", identify_named},
    {PG_EXTENSION, EXTENSION_OID_INDEX, "extension", identify_named},
    {PG_PARAMETER_ACL, PARAMETER_ACL_OID_INDEX, "parameter ACL", identify_named},
    {PG_TABLESPACE, 0, "tablespace", identify_named},
    {PG_LANGUAGE, 0, "language", identify_named},
    {PG_AM, 0, "access method", identify_named},
};

/* Where the rows of its objects are, which for large objects is not the class. */
static struct err *object_row(struct identify *w, uint32_t index)
{
    if (w->object.class_id == PG_LARGEOBJECT)
        return row_of(w, PG_LARGEOBJECT_METADATA, LARGEOBJECT_METADATA_OID_INDEX,
                      w->object.object_id, &w->row);
    return row_of(w, w->object.class_id, index, w->object.object_id, &w->row);
}

struct err *identity_of(struct session *s, struct object_address o, struct arena *a,
                        struct identity *out)
{
    struct identify w = {s, a, o, NULL, out};
    *out = (struct identity){0};
    for (size_t i = 0; i < ARRAY_LENGTH(classes); i++) {
        if (classes[i].class_id != o.class_id)
            continue;
        out->type = classes[i].type;
        TRY(object_row(&w, classes[i].index));
        return classes[i].identify(&w);
    }
    return err_new("XX000", "unrecognized object class: %u", o.class_id);
}
