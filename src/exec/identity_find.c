/* Objects by their type, names and arguments: the other way round than identity.c. */
#include "exec/identity.h"

#include "catalog/builtin.h"
#include "catalog/large_object.h"
#include "exec/ddl_internal.h"
#include "exec/exec_internal.h"
#include "exec/fn_session.h"

#include <string.h>

struct form;
struct find {
    struct session *s;
    struct arena *arena;
    const struct form *form;
    const char *const *names;
    int nnames;
    const char *const *args;
    int nargs;
    struct object_address *out;
};

struct form {
    const char *type;
    uint32_t class_id;
    int min_names;
    int max_names; /* 0: any number */
    int nargs;     /* -1: any number */
    struct err *(*find)(struct find *f);
    char kind; /* of relations, functions */
};

/* ---- rows ---- */

/* What a column of a row must be. */
struct wanted {
    int column;
    uint64_t number;
    const char *text; /* NULL: the number counts */
};

static bool row_matches(const struct datum *row, const struct wanted *wanted, int n)
{
    for (int i = 0; i < n; i++) {
        struct datum d = row[wanted[i].column];
        if (d.null ||
            (wanted[i].text ? !str_eq_c(datum_as_str(d), wanted[i].text) : d.u != wanted[i].number))
            return false;
    }
    return true;
}

/* The OID, its first column, of the first row of a system table, built in or stored; 0: none. */
static struct err *find_row(struct find *f, uint32_t table, const struct wanted *wanted, int n,
                            uint32_t *oid)
{
    struct systab_scan scan;
    struct datum row[SYSTAB_MAX_COLUMNS];
    const struct datum *rows;
    int nrows;
    int natts = systab_relation(table)->natts;
    bool found = true;
    *oid = 0;
    TRY(systab_builtin_rows(table, &rows, &nrows));
    for (int i = 0; i < nrows && !*oid; i++)
        if (row_matches(&rows[i * natts], wanted, n))
            *oid = (uint32_t)rows[i * natts].u;
    if (*oid)
        return NULL;
    TRY(systab_open(&f->s->cat, table, 0, NULL, 0, &scan));
    struct err *e = systab_next(&scan, row, &found);
    for (; !e && found && !*oid; e = *oid ? NULL : systab_next(&scan, row, &found))
        if (row_matches(row, wanted, n))
            *oid = (uint32_t)row[0].u;
    systab_close(&scan);
    return e;
}

static struct err *argument_type(struct find *f, const char *text, uint32_t *type)
{
    int32_t typmod;
    return resolve_type_text(&f->s->cat, str_from(text), type, &typmod);
}

static struct err *shown_type(struct find *f, uint32_t type, const char **out)
{
    struct datum text;
    TRY(session_plain_type_name(f->s, type, f->arena, &text));
    *out = arena_strndup(f->arena, (const char *)text.p, text.len);
    return NULL;
}

/* Both. */
static struct err *named_type(struct find *f, const char *text, uint32_t *type, const char **shown)
{
    TRY(argument_type(f, text, type));
    return shown_type(f, *type, shown);
}

static const char *dotted(struct find *f, const char *const *names, int n)
{
    const char *all = n ? names[0] : "";
    for (int i = 1; i < n; i++)
        all = arena_printf(f->arena, "%s.%s", all, names[i]);
    return all;
}

/* ---- relations and their parts ---- */

/* By the first names; the reference is the caller's. */
static struct err *open_relation(struct find *f, int n, struct relation **out)
{
    struct buf b = BUF_INIT;
    uint32_t oid = 0;
    if (!n)
        return err_new("42601", "column name must be qualified");
    if (n > 3)
        return err_new("42601", "improper relation name (too many dotted names): %s",
                       dotted(f, f->names, n));
    for (int i = 0; i < n; i++) {
        buf_put_c(&b, i ? "." : "");
        quote_identifier(&b, f->names[i]);
    }
    struct err *e = session_relation_oid(f->s, buf_str(&b), &oid);
    buf_done(&b);
    TRY(e);
    TRY(cat_relation(&f->s->cat, oid, out));
    return *out ? NULL : err_new("42P01", "relation %u does not exist", oid);
}

static struct err *find_relation(struct find *f)
{
    struct relation *r;
    struct err *e = NULL;
    TRY(open_relation(f, f->nnames, &r));
    f->out->object_id = r->oid;
    if (r->kind != f->form->kind)
        e = err_new("42809", "\"%s\" is not a%s %s", r->name, f->form->kind == 'i' ? "n" : "",
                    f->form->type);
    relation_unref(r);
    return e;
}

static struct err *find_column(struct find *f)
{
    struct relation *r;
    const char *column = f->names[f->nnames - 1];
    TRY(open_relation(f, f->nnames - 1, &r));
    f->out->object_id = r->oid;
    f->out->sub_id = relation_attnum(r, str_from(column));
    struct err *e = f->out->sub_id
                        ? NULL
                        : err_new("42703", "column \"%s\" of relation \"%s\" does not exist",
                                  column, dotted(f, f->names, f->nnames - 1));
    relation_unref(r);
    return e;
}

static struct err *find_default(struct find *f)
{
    struct relation *r;
    const char *column = f->names[f->nnames - 1];
    TRY(open_relation(f, f->nnames - 1, &r));
    const struct wanted wanted[] = {
        {DEF_RELID, r->oid, NULL}, {DEF_NUM, (uint64_t)relation_attnum(r, str_from(column)), NULL}};
    relation_unref(r);
    TRY(find_row(f, PG_ATTRDEF, wanted, ARRAY_LENGTH(wanted), &f->out->object_id));
    return f->out->object_id
               ? NULL
               : err_new("42703",
                         "default value for column \"%s\" of relation \"%s\" does not exist",
                         column, dotted(f, f->names, f->nnames - 1));
}

/* Constraints, rules, policies and triggers, by the relation that they are on. */
static struct err *find_part(struct find *f)
{
    static const struct {
        uint32_t class_id;
        int relid;
        int name;
        const char *word;
        const char *on;
    } parts[] = {{PG_CONSTRAINT, CON_RELID, CON_NAME, "constraint", "table"},
                 {PG_REWRITE, RW_CLASS, RW_NAME, "rule", "relation"},
                 {PG_POLICY, POL_RELID, POL_NAME, "policy", "table"},
                 {PG_TRIGGER, TRG_RELID, TRG_NAME, "trigger", "table"}};
    size_t k = 0;
    struct relation *r;
    const char *name = f->names[f->nnames - 1];
    while (parts[k].class_id != f->form->class_id)
        k++;
    if (f->nnames < 2)
        return err_new("42601", "column name must be qualified");
    TRY(open_relation(f, f->nnames - 1, &r));
    const struct wanted wanted[] = {{parts[k].relid, r->oid, NULL}, {parts[k].name, 0, name}};
    struct err *e = find_row(f, parts[k].class_id, wanted, 2, &f->out->object_id);
    if (!e && !f->out->object_id)
        e = err_new("42704", "%s \"%s\" for %s \"%s\" does not exist", parts[k].word, name,
                    parts[k].on, r->name);
    relation_unref(r);
    return e;
}

/* ---- types, functions ---- */

static struct err *find_type(struct find *f)
{
    return argument_type(f, f->names[0], &f->out->object_id);
}

static struct err *find_domain_constraint(struct find *f)
{
    uint32_t type;
    const char *shown;
    TRY(named_type(f, f->names[0], &type, &shown));
    const struct wanted wanted[] = {{CON_TYPID, type, NULL}, {CON_NAME, 0, f->args[0]}};
    TRY(find_row(f, PG_CONSTRAINT, wanted, ARRAY_LENGTH(wanted), &f->out->object_id));
    return f->out->object_id ? NULL
                             : err_new("42704", "constraint \"%s\" for domain %s does not exist",
                                       f->args[0], shown);
}

static struct err *argument_types(struct find *f, uint32_t *types, const char **shown)
{
    const char *all = "";
    for (int i = 0; i < f->nargs; i++) {
        const char *type;
        TRY(named_type(f, f->args[i], &types[i], &type));
        all = arena_printf(f->arena, "%s%s%s", all, i ? ", " : "", type);
    }
    *shown = all;
    return NULL;
}

/* The type "function" is for aggregates and procedures, too. */
static struct err *check_function_kind(struct find *f, char kind, const char *shown)
{
    if (f->form->kind == 'f' || f->form->kind == kind)
        return NULL;
    return f->form->kind == 'a' ? err_new("42809", "function %s is not an aggregate", shown)
                                : err_new("42809", "%s is not a procedure", shown);
}

static struct err *find_function(struct find *f)
{
    uint32_t types[IDENTITY_MAX_ARGS];
    const char *shown;
    const struct cat_proc **all;
    const char *name = f->names[f->nnames - 1];
    int n;
    if (f->nargs > IDENTITY_MAX_ARGS)
        return err_new("54023", "functions cannot have more than %d arguments", IDENTITY_MAX_ARGS);
    TRY(argument_types(f, types, &shown));
    TRY(session_functions(f->s, f->nnames > 1 ? f->names[f->nnames - 2] : "", name, f->arena, &all,
                          &n));
    shown = arena_printf(f->arena, "%s(%s)", dotted(f, f->names, f->nnames), shown);
    for (int i = 0; i < n; i++) {
        bool same = all[i]->nargs == f->nargs;
        for (int k = 0; same && k < f->nargs; k++)
            same = all[i]->argtypes[k] == types[k];
        if (!same)
            continue;
        f->out->object_id = all[i]->oid;
        return check_function_kind(f, all[i]->kind, shown);
    }
    return err_new("42883", "%s %s does not exist",
                   f->form->kind == 'f' ? "function" : f->form->type, shown);
}

static struct err *find_cast(struct find *f)
{
    uint32_t source;
    uint32_t target;
    const char *from;
    const char *to;
    TRY(named_type(f, f->names[0], &source, &from));
    TRY(named_type(f, f->args[0], &target, &to));
    const struct wanted wanted[] = {{CAST_SOURCE, source, NULL}, {CAST_TARGET, target, NULL}};
    TRY(find_row(f, PG_CAST, wanted, ARRAY_LENGTH(wanted), &f->out->object_id));
    return f->out->object_id
               ? NULL
               : err_new("42704", "cast from type %s to type %s does not exist", from, to);
}

/* ---- operators and their classes, collations ---- */

static struct err *schema_named(struct find *f, const char *name, uint32_t *nsp)
{
    TRY(cat_namespace_oid(&f->s->cat, str_from(name), nsp));
    return *nsp ? NULL : err_new("3F000", "schema \"%s\" does not exist", name);
}

/* The schema that a name has in front, which otherwise is found in that of the system. */
static struct err *schema_of(struct find *f, int first, uint32_t *nsp)
{
    *nsp = PG_CATALOG_NSP;
    return f->nnames - first < 2 ? NULL : schema_named(f, f->names[f->nnames - 2], nsp);
}

static struct err *find_operator(struct find *f)
{
    uint32_t types[2];
    uint32_t nsp;
    const char *shown[2];
    for (int i = 0; i < 2; i++)
        TRY(named_type(f, f->args[i], &types[i], &shown[i]));
    TRY(schema_of(f, 0, &nsp));
    const struct wanted wanted[] = {{OPR_NAME, 0, f->names[f->nnames - 1]},
                                    {OPR_NSP, nsp, NULL},
                                    {OPR_LEFT, types[0], NULL},
                                    {OPR_RIGHT, types[1], NULL}};
    TRY(find_row(f, PG_OPERATOR, wanted, ARRAY_LENGTH(wanted), &f->out->object_id));
    return f->out->object_id ? NULL
                             : err_new("42883", "operator does not exist: %s %s %s", shown[0],
                                       dotted(f, f->names, f->nnames), shown[1]);
}

static struct err *find_collation(struct find *f)
{
    uint32_t nsp;
    TRY(schema_of(f, 0, &nsp));
    const struct wanted wanted[] = {{COLL_NAME, 0, f->names[f->nnames - 1]}, {COLL_NSP, nsp, NULL}};
    TRY(find_row(f, PG_COLLATION, wanted, ARRAY_LENGTH(wanted), &f->out->object_id));
    return f->out->object_id
               ? NULL
               : err_new("42704", "collation \"%s\" for encoding \"UTF8\" does not exist",
                         dotted(f, f->names, f->nnames));
}

/* An operator class or family by access method and name, the first of the names. */
static struct err *find_family(struct find *f)
{
    const struct wanted method = {AM_NAME, 0, f->names[0]};
    uint32_t am;
    uint32_t nsp;
    TRY(find_row(f, PG_AM, &method, 1, &am));
    if (!am)
        return err_new("42704", "access method \"%s\" does not exist", f->names[0]);
    TRY(schema_of(f, 1, &nsp));
    const struct wanted wanted[] = {
        {FAM_METHOD, am, NULL}, {FAM_NAME, 0, f->names[f->nnames - 1]}, {FAM_NSP, nsp, NULL}};
    TRY(find_row(f, f->form->class_id, wanted, ARRAY_LENGTH(wanted), &f->out->object_id));
    return f->out->object_id
               ? NULL
               : err_new("42704", "%s \"%s\" does not exist for access method \"%s\"",
                         f->form->type, dotted(f, f->names + 1, f->nnames - 1), f->names[0]);
}

/* An operator or function of a family: the last of the names is its number. */
static struct err *find_member(struct find *f)
{
    static const struct form family = {
        .type = "operator family", .class_id = PG_OPFAMILY, .find = find_family};
    struct object_address found = {0};
    struct find of = *f;
    const struct type_ops *int4 = type_by_oid(INT4_OID);
    struct datum number;
    uint32_t types[2];
    of.form = &family;
    of.nnames--;
    of.out = &found;
    TRY(find_family(&of));
    for (int i = 0; i < 2; i++)
        TRY(argument_type(f, f->args[i], &types[i]));
    TRY(int4->in(int4, &f->s->types, str_from(f->names[f->nnames - 1]), -1, f->arena, &number));
    const struct wanted wanted[] = {{MEMBER_FAMILY, found.object_id, NULL},
                                    {MEMBER_LEFT, types[0], NULL},
                                    {MEMBER_RIGHT, types[1], NULL},
                                    {MEMBER_NUMBER, number.u, NULL}};
    TRY(find_row(f, f->form->class_id, wanted, ARRAY_LENGTH(wanted), &f->out->object_id));
    return f->out->object_id
               ? NULL
               : err_new("42704",
                         "%s %d (%s, %s) of operator family %s for access method %s does not exist",
                         f->form->class_id == PG_AMOP ? "operator" : "function", (int)number.i,
                         f->args[0], f->args[1], dotted(f, f->names + 1, f->nnames - 2),
                         f->names[0]);
}

/* ---- what has one name ---- */

static struct err *find_named(struct find *f)
{
    enum { NAME = 1 };
    const struct wanted wanted = {NAME, 0, f->names[0]};
    TRY(find_row(f, f->form->class_id, &wanted, 1, &f->out->object_id));
    if (f->out->object_id)
        return NULL;
    const char *code = f->form->class_id == PG_NAMESPACE  ? "3F000"
                       : f->form->class_id == PG_DATABASE ? "3D000"
                                                          : "42704";
    return err_new(code, "%s \"%s\" does not exist", f->form->type, f->names[0]);
}

static struct err *find_large_object(struct find *f)
{
    const struct type_ops *oid = type_by_oid(OID_OID);
    struct datum number;
    TRY(oid->in(oid, &f->s->types, str_from(f->names[0]), -1, f->arena, &number));
    f->out->object_id = (uint32_t)number.u;
    return large_object_exists(&f->s->cat, f->out->object_id);
}

static struct err *find_default_acl(struct find *f)
{
    const char *type = f->args[0];
    const char *kind = strlen(type) == 1 ? identity_default_acl_kind(*type) : NULL;
    uint32_t role;
    uint32_t nsp = 0;
    if (!kind)
        return err_hint(err_new("22023", "unrecognized default ACL object type \"%.1s\"", type),
                        "Valid object types are \"r\", \"S\", \"f\", \"T\", \"n\".");
    TRY(cat_role_oid(&f->s->cat, str_from(f->names[0]), &role));
    if (f->nnames > 1)
        TRY(schema_named(f, f->names[1], &nsp));
    const struct wanted wanted[] = {
        {DACL_ROLE, role, NULL}, {DACL_NSP, nsp, NULL}, {DACL_TYPE, (uint64_t)*type, NULL}};
    TRY(find_row(f, PG_DEFAULT_ACL, wanted, ARRAY_LENGTH(wanted), &f->out->object_id));
    if (f->out->object_id)
        return NULL;
    return f->nnames > 1
               ? err_new("42704",
                         "default ACL for user \"%s\" in schema \"%s\" on %s does not exist",
                         f->names[0], f->names[1], kind)
               : err_new("42704", "default ACL for user \"%s\" on %s does not exist", f->names[0],
                         kind);
}

/* Kinds of objects that are not there. */
static struct err *find_none(struct find *f)
{
    uint32_t nsp;
    if (f->form->max_names == 0)
        TRY(schema_of(f, 0, &nsp));
    return err_new("42704", "%s \"%s\" does not exist", f->form->type,
                   dotted(f, f->names, f->nnames));
}

/* What belongs to an object of a kind that is not there, which the argument names. */
static struct err *find_part_of_none(struct find *f)
{
    return err_new("42704", "%s \"%s\" does not exist",
                   strcmp(f->form->type, "user mapping") == 0 ? "server" : "publication",
                   f->args[0]);
}

static struct err *find_transform(struct find *f)
{
    uint32_t type;
    const char *shown;
    TRY(named_type(f, f->names[0], &type, &shown));
    return err_new("42704", "transform for type %s language \"%s\" does not exist", shown,
                   f->args[0]);
}

/* ---- forms ---- */

static const struct form forms[] = {
    {"table", PG_CLASS, 1, 0, -1, find_relation, 'r'},
    {"index", PG_CLASS, 1, 0, -1, find_relation, 'i'},
    {"sequence", PG_CLASS, 1, 0, -1, find_relation, 'S'},
    {"view", PG_CLASS, 1, 0, -1, find_relation, 'v'},
    {"materialized view", PG_CLASS, 1, 0, -1, find_relation, 'm'},
    {"foreign table", PG_CLASS, 1, 0, -1, find_relation, 'f'},
    {"table column", PG_CLASS, 1, 0, -1, find_column, 0},
    {"foreign table column", PG_CLASS, 1, 0, -1, find_column, 0},
    {"table constraint", PG_CONSTRAINT, 1, 0, -1, find_part, 0},
    {"rule", PG_REWRITE, 1, 0, -1, find_part, 0},
    {"policy", PG_POLICY, 1, 0, -1, find_part, 0},
    {"trigger", PG_TRIGGER, 1, 0, -1, find_part, 0},
    {"default value", PG_ATTRDEF, 1, 0, -1, find_default, 0},
    {"type", PG_TYPE, 1, 1, -1, find_type, 0},
    {"domain constraint", PG_CONSTRAINT, 1, 1, 1, find_domain_constraint, 0},
    {"function", PG_PROC, 1, 0, -1, find_function, 'f'},
    {"procedure", PG_PROC, 1, 0, -1, find_function, 'p'},
    {"aggregate", PG_PROC, 1, 0, -1, find_function, 'a'},
    {"cast", PG_CAST, 1, 1, 1, find_cast, 0},
    {"operator", PG_OPERATOR, 1, 0, 2, find_operator, 0},
    {"operator class", PG_OPCLASS, 2, 0, -1, find_family, 0},
    {"operator family", PG_OPFAMILY, 2, 0, -1, find_family, 0},
    {"operator of access method", PG_AMOP, 3, 0, 2, find_member, 0},
    {"function of access method", PG_AMPROC, 3, 0, 2, find_member, 0},
    {"collation", PG_COLLATION, 1, 0, -1, find_collation, 0},
    {"large object", PG_LARGEOBJECT, 1, 1, -1, find_large_object, 0},
    {"default acl", PG_DEFAULT_ACL, 1, 0, 1, find_default_acl, 0},
    {"schema", PG_NAMESPACE, 1, 1, -1, find_named, 0},
    {"role", PG_AUTHID, 1, 1, -1, find_named, 0},
    {"database", PG_DATABASE, 1, 1, -1, find_named, 0},
    {"extension", PG_EXTENSION, 1, 1, -1, find_named, 0},
    {"parameter ACL", PG_PARAMETER_ACL, 1, 1, -1, find_named, 0},
    {"tablespace", PG_TABLESPACE, 1, 1, -1, find_named, 0},
    {"language", PG_LANGUAGE, 1, 1, -1, find_named, 0},
    {"access method", PG_AM, 1, 1, -1, find_named, 0},
    {"conversion", 0, 1, 0, -1, find_none, 0},
    {"event trigger", 0, 1, 1, -1, find_none, 0},
    {"foreign-data wrapper", 0, 1, 1, -1, find_none, 0},
    {"publication", 0, 1, 1, -1, find_none, 0},
    {"server", 0, 1, 1, -1, find_none, 0},
    {"statistics object", 0, 1, 0, -1, find_none, 0},
    {"subscription", 0, 1, 1, -1, find_none, 0},
    {"text search configuration", 0, 1, 0, -1, find_none, 0},
    {"text search dictionary", 0, 1, 0, -1, find_none, 0},
    {"text search parser", 0, 1, 0, -1, find_none, 0},
    {"text search template", 0, 1, 0, -1, find_none, 0},
    {"user mapping", 0, 1, 1, 1, find_part_of_none, 0},
    {"publication relation", 0, 1, 0, 1, find_part_of_none, 0},
    {"publication namespace", 0, 1, 1, 1, find_part_of_none, 0},
    {"transform", 0, 1, 1, 1, find_transform, 0},
};

/* Types that PostgreSQL knows and finds nothing by. */
static bool is_unsupported(const char *type)
{
    static const char *const types[] = {"toast table",
                                        "composite type",
                                        "index column",
                                        "sequence column",
                                        "toast table column",
                                        "view column",
                                        "materialized view column",
                                        "composite type column"};
    for (size_t i = 0; i < ARRAY_LENGTH(types); i++)
        if (strcmp(types[i], type) == 0)
            return true;
    return false;
}

static struct err *check_lengths(const struct form *form, int nnames, int nargs)
{
    if (form->max_names == form->min_names && nnames != form->min_names)
        return err_new("22023", "name list length must be exactly %d", form->min_names);
    if (nnames < form->min_names)
        return err_new("22023", "name list length must be at least %d", form->min_names);
    if (form->nargs >= 0 && nargs != form->nargs)
        return err_new("22023", "argument list length must be exactly %d", form->nargs);
    return NULL;
}

struct err *identity_find(struct session *s, const char *type, const char *const *names, int nnames,
                          const char *const *args, int nargs, struct arena *a,
                          struct object_address *out)
{
    for (size_t i = 0; i < ARRAY_LENGTH(forms); i++) {
        if (strcmp(forms[i].type, type) != 0)
            continue;
        struct object_address found = {forms[i].class_id, 0, 0};
        struct find f = {s, a, &forms[i], names, nnames, args, nargs, &found};
        TRY(check_lengths(&forms[i], nnames, nargs));
        TRY(forms[i].find(&f));
        *out = found;
        return NULL;
    }
    return err_new("22023", "%s object type \"%s\"",
                   is_unsupported(type) ? "unsupported" : "unrecognized", type);
}
