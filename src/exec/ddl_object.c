/* ALTER ... OWNER TO and SET SCHEMA, and the texts that name what gets another name or schema. */
#include "exec/ddl_internal.h"

#include "catalog/acl.h"

#include <stdio.h>

struct err *ddl_role(struct ddl *d, const PgQuery__RoleSpec *role, uint32_t *oid)
{
    switch (role->roletype) {
    case PG_QUERY__ROLE_SPEC_TYPE__ROLESPEC_CURRENT_USER:
    case PG_QUERY__ROLE_SPEC_TYPE__ROLESPEC_CURRENT_ROLE:
        *oid = d->cat->role;
        return NULL;
    case PG_QUERY__ROLE_SPEC_TYPE__ROLESPEC_SESSION_USER:
        *oid = d->s->session_role;
        return NULL;
    case PG_QUERY__ROLE_SPEC_TYPE__ROLESPEC_PUBLIC:
        return err_new("42704", "role \"public\" does not exist");
    default:
        TRY(cat_role_oid(d->cat, str_from(role->rolename), oid));
        return *oid ? NULL : err_new("42704", "role \"%s\" does not exist", role->rolename);
    }
}

/* ---- defaults that name sequences ---- */

/* Defaults are kept as text: those that name one of the sequences are read before the change and
 * written after it. */
struct err *ddl_read_defaults(struct ddl *d, const uint32_t *sequences, int n,
                              struct ddl_defaults *out)
{
    *out = (struct ddl_defaults){0};
    for (int k = 0; k < n; k++) {
        struct depend_list deps = {0};
        TRY(depend_on(d->cat, (struct object_address){PG_CLASS, sequences[k], 0}, d->arena, &deps));
        for (int i = 0; i < deps.count; i++) {
            struct datum key = datum_int(deps.items[i].object.object_id);
            struct datum row[DEF_COUNT];
            struct ddl_default def = {.sequence = sequences[k]};
            struct rte *rte;
            bool found;
            if (deps.items[i].object.class_id != PG_ATTRDEF)
                continue;
            TRY(systab_get(d->cat, PG_ATTRDEF, ATTRDEF_OID_INDEX, &key, 1, d->arena, row, &found));
            if (!found)
                continue;
            struct str text = datum_as_str(row[DEF_BIN]);
            def.relid = (uint32_t)row[DEF_RELID].u;
            def.att = (int)row[DEF_NUM].i;
            TRY(analyze_expr_text(d->cat, &d->s->types,
                                  arena_strndup(d->arena, text.data, text.len), NULL, USE_DEFAULT,
                                  0, -1, d->arena, &rte, &def.expr));
            ARENA_PUSH(d->arena, out->items, out->count, out->cap, def);
        }
    }
    return NULL;
}

struct err *ddl_write_defaults(struct ddl *d, const struct ddl_defaults *defaults)
{
    for (int i = 0; i < defaults->count; i++) {
        const struct ddl_default *def = &defaults->items[i];
        struct buf b = BUF_INIT;
        struct err *e = deparse_stored_expr(d->cat, def->expr, NULL, &b);
        if (!e)
            e = ddl_set_default(d->cat, def->relid, def->att, buf_cstr(&b));
        if (!e)
            e = ddl_default_uses(d->cat, def->relid, def->att, def->sequence);
        uint32_t oid = 0;
        if (!e)
            e = ddl_default_oid(d->cat, def->relid, def->att, &oid);
        if (!e)
            e = ddl_expr_depends(d, (struct object_address){PG_ATTRDEF, oid, 0}, def->expr);
        buf_done(&b);
        TRY(e);
    }
    return NULL;
}

/* ---- OWNER TO ---- */

/* The sequences that belong to columns of a table. */
static struct err *owned_sequences(struct ddl *d, uint32_t relid, uint32_t **out, int *n)
{
    struct depend_list deps = {0};
    TRY(depend_on(d->cat, (struct object_address){PG_CLASS, relid, 0}, d->arena, &deps));
    *out = arena_new_array(d->arena, uint32_t, deps.count + 1);
    *n = 0;
    for (int i = 0; i < deps.count; i++) {
        struct relation *r;
        if (deps.items[i].object.class_id != PG_CLASS || !deps.items[i].referenced.sub_id)
            continue;
        TRY(cat_relation(d->cat, deps.items[i].object.object_id, &r));
        if (r && r->kind == 'S')
            (*out)[(*n)++] = r->oid;
        relation_unref(r);
    }
    return NULL;
}

/* What a sequence's owner column is in, NULL: none. */
static struct err *owning_table(struct ddl *d, const struct relation *seq, struct relation **out)
{
    struct depend_list deps = {0};
    *out = NULL;
    TRY(depend_of(d->cat, (struct object_address){PG_CLASS, seq->oid, 0}, d->arena, &deps));
    for (int i = 0; i < deps.count; i++)
        if (deps.items[i].referenced.class_id == PG_CLASS && deps.items[i].referenced.sub_id)
            return cat_relation(d->cat, deps.items[i].referenced.object_id, out);
    return NULL;
}

static struct err *refuse_owned(struct ddl *d, const struct relation *seq, const char *what)
{
    struct relation *table;
    if (seq->kind != 'S')
        return NULL;
    TRY(owning_table(d, seq, &table));
    if (!table)
        return NULL;
    struct err *e =
        err_detail(err_new("0A000", "%s", what), "Sequence \"%s\" is linked to table \"%s\".",
                   seq->name, table->name);
    relation_unref(table);
    return e;
}

struct err *ddl_update_with_array(struct ddl *d, uint32_t type, int column, struct datum value)
{
    struct datum key = datum_int(type);
    struct datum v[TYP_COUNT];
    bool found;
    TRY(systab_get(d->cat, PG_TYPE, TYPE_OID_INDEX, &key, 1, d->arena, v, &found));
    if (!found)
        return NULL;
    TRY(ddl_update_type(d->cat, type, column, value));
    uint32_t array = (uint32_t)v[TYP_ARRAY].u;
    return array ? ddl_update_type(d->cat, array, column, value) : NULL;
}

/* The owner of one relation, in its list of privileges too. */
static struct err *set_class_owner(struct ddl *d, uint32_t relid, uint32_t owner)
{
    struct relation *r;
    struct datum value;
    TRY(cat_relation(d->cat, relid, &r));
    struct err *e = NULL;
    if (r && r->acl) {
        struct acl acl = {.n = r->acl->n, .cap = r->acl->n};
        acl.items = arena_new_array(d->arena, struct acl_item, acl.n + 1);
        memcpy(acl.items, r->acl->items, (size_t)acl.n * sizeof(*acl.items));
        acl_change_owner(&acl, r->owner, owner);
        e = acl_write(&acl, false, d->arena, &value);
        if (!e)
            e = ddl_update_class(d->cat, relid, CLS_ACL, value);
    }
    uint32_t type = r ? r->row_type : 0;
    relation_unref(r);
    if (!e)
        e = ddl_update_class(d->cat, relid, CLS_OWNER, datum_int(owner));
    if (!e && type)
        e = ddl_update_with_array(d, type, TYP_OWNER, datum_int(owner));
    return e;
}

struct err *ddl_set_relation_owner(struct ddl *d, const struct relation *r, uint32_t owner)
{
    uint32_t *sequences;
    int n;
    TRY(set_class_owner(d, r->oid, owner));
    for (int i = 0; i < r->nindexes; i++)
        TRY(ddl_update_class(d->cat, r->indexes[i].oid, CLS_OWNER, datum_int(owner)));
    TRY(owned_sequences(d, r->oid, &sequences, &n));
    for (int i = 0; i < n; i++)
        TRY(set_class_owner(d, sequences[i], owner));
    return NULL;
}

struct err *ddl_may_give_to(struct ddl *d, uint32_t owner)
{
    const struct role_rights *rights;
    const char *name;
    bool yes;
    TRY(cat_rights(d->cat, &rights));
    if (rights->superuser)
        return NULL;
    TRY(cat_is_member(d->cat, d->cat->role, owner, true, &yes));
    if (yes)
        return NULL;
    TRY(cat_role_name(d->cat, owner, d->arena, &name));
    return err_new("42501", "must be member of role \"%s\"", name ? name : "");
}

struct err *ddl_may_own_in(struct ddl *d, uint32_t owner, uint32_t nsp)
{
    const struct role_rights *rights;
    const char *name;
    uint32_t got;
    bool found;
    TRY(cat_rights_of(d->cat, owner, d->arena, &rights));
    TRY(acl_object_mask(d->cat, rights, PG_NAMESPACE, nsp, PRIV_CREATE, &got, &found));
    if (got || d->s->superuser)
        return NULL;
    TRY(cat_namespace_name(d->cat, nsp, d->arena, &name));
    return err_new("42501", "permission denied for schema %s", name ? name : "");
}

struct err *ddl_change_acl_owner(struct ddl *d, uint32_t from, uint32_t to, struct datum *acl)
{
    struct acl list;
    if (acl->null)
        return NULL;
    TRY(acl_read(*acl, d->arena, &list));
    acl_change_owner(&list, from, to);
    return acl_write(&list, false, d->arena, acl);
}

struct err *ddl_give(struct ddl *d, uint32_t nsp, uint32_t from, uint32_t to, struct datum *acl)
{
    TRY(ddl_may_give_to(d, to));
    TRY(ddl_may_own_in(d, to, nsp));
    return ddl_change_acl_owner(d, from, to, acl);
}

struct err *ddl_relation_owner(struct ddl *d, const struct relation *r,
                               const PgQuery__RoleSpec *role)
{
    uint32_t owner;
    TRY(ddl_role(d, role, &owner));
    if (r->owner == owner)
        return NULL;
    TRY(refuse_owned(d, r,
                     arena_printf(d->arena, "cannot change owner of sequence \"%s\"", r->name)));
    TRY(ddl_may_give_to(d, owner));
    TRY(ddl_may_own_in(d, owner, r->nsp));
    return ddl_set_relation_owner(d, r, owner);
}

/* The number that a statement gives. */
struct err *ddl_large_object(const PgQuery__Node *n, uint32_t *oid)
{
    if (n->node_case == PG_QUERY__NODE__NODE_INTEGER) {
        *oid = (uint32_t)n->integer->ival;
        return NULL;
    }
    const char *text = n->node_case == PG_QUERY__NODE__NODE_FLOAT ? n->float_->fval : "";
    const struct type_ops *ops = type_by_oid(OID_OID);
    struct type_env env = {0};
    struct datum value;
    TRY(ops->in(ops, &env, str_from(text), -1, NULL, &value));
    *oid = (uint32_t)value.u;
    return NULL;
}

/* The owner in a row of a system table that is found by its name or number. */
static struct err *set_owner(struct ddl *d, uint32_t table, uint32_t index, struct datum key,
                             int column, uint32_t owner, bool *found)
{
    struct datum old_values[CLS_COUNT];
    struct datum v[CLS_COUNT];
    TRY(systab_get(d->cat, table, index, &key, 1, d->arena, old_values, found));
    if (!*found || (uint32_t)old_values[column].u == owner)
        return NULL;
    TRY(acl_check_owner(d->cat, table, (uint32_t)old_values[0].u));
    TRY(ddl_may_give_to(d, owner));
    if (table == PG_NAMESPACE)
        TRY(acl_check(d->cat, PG_DATABASE, d->cat->db, PRIV_CREATE));
    if (table == PG_DATABASE)
        TRY(ddl_may_create_database(d, "permission denied to change owner of database"));
    memcpy(v, old_values, sizeof(v));
    v[column] = datum_int(owner);
    TRY(ddl_change_acl_owner(d, (uint32_t)old_values[column].u, owner, &v[acl_class(table)->acl]));
    return systab_update(d->cat, table, old_values, v);
}

struct err *ddl_alter_owner(struct ddl *d, const PgQuery__AlterOwnerStmt *s, char *tag)
{
    uint32_t owner;
    uint32_t oid;
    bool found;
    TRY(ddl_role(d, s->newowner, &owner));
    switch (s->object_type) {
    case PG_QUERY__OBJECT_TYPE__OBJECT_SCHEMA:
        snprintf(tag, 64, "ALTER SCHEMA");
        TRY(set_owner(d, PG_NAMESPACE, NAMESPACE_NAME_INDEX, cstr_datum(pg_str(s->object)),
                      NSP_OWNER, owner, &found));
        return found ? NULL : err_new("3F000", "schema \"%s\" does not exist", pg_str(s->object));
    case PG_QUERY__OBJECT_TYPE__OBJECT_DATABASE:
        snprintf(tag, 64, "ALTER DATABASE");
        TRY(set_owner(d, PG_DATABASE, DATABASE_NAME_INDEX, cstr_datum(pg_str(s->object)), DB_DBA,
                      owner, &found));
        return found ? NULL : err_new("3D000", "database \"%s\" does not exist", pg_str(s->object));
    case PG_QUERY__OBJECT_TYPE__OBJECT_LARGEOBJECT:
        snprintf(tag, 64, "ALTER LARGE OBJECT");
        TRY(ddl_large_object(s->object, &oid));
        TRY(set_owner(d, PG_LARGEOBJECT_METADATA, LARGEOBJECT_METADATA_OID_INDEX, datum_int(oid),
                      LOM_OWNER, owner, &found));
        return found ? NULL : err_new("42704", "large object %u does not exist", oid);
    case PG_QUERY__OBJECT_TYPE__OBJECT_FUNCTION:
    case PG_QUERY__OBJECT_TYPE__OBJECT_PROCEDURE:
    case PG_QUERY__OBJECT_TYPE__OBJECT_AGGREGATE:
    case PG_QUERY__OBJECT_TYPE__OBJECT_ROUTINE:
        snprintf(tag, 64, "ALTER %s", ddl_object_type_name(s->object_type));
        return ddl_function_owner(d, s, owner);
    case PG_QUERY__OBJECT_TYPE__OBJECT_COLLATION:
        snprintf(tag, 64, "ALTER COLLATION");
        return ddl_own_collation(d, s, owner);
    default:
        return err_unsupported("ALTER %s ... OWNER TO is not supported yet",
                               ddl_object_type_name(s->object_type));
    }
}

/* ---- SET SCHEMA ---- */

static struct err *move_depend(struct ddl *d, uint32_t relid, uint32_t from, uint32_t to)
{
    struct depend_list deps = {0};
    const struct object_address self = {PG_CLASS, relid, 0};
    TRY(depend_of(d->cat, self, d->arena, &deps));
    TRY(depend_forget(d->cat, self));
    for (int i = 0; i < deps.count; i++) {
        struct depend_item *dep = &deps.items[i];
        if (dep->referenced.class_id == PG_NAMESPACE && dep->referenced.object_id == from)
            dep->referenced.object_id = to;
        TRY(depend_record(d->cat, dep->object, dep->referenced, dep->type));
    }
    return NULL;
}

static struct err *check_free(struct ddl *d, const char *name, uint32_t nsp, const char *nsp_name)
{
    uint32_t oid;
    TRY(cat_relation_oid(d->cat, nsp, str_from(name), &oid));
    return oid ? err_new("42P07", "relation \"%s\" already exists in schema \"%s\"", name, nsp_name)
               : NULL;
}

/* The row type of a relation and that type's arrays; 0: it has none. */
static struct err *set_row_type(struct ddl *d, uint32_t relid, int column, uint32_t value)
{
    struct datum key = datum_int(relid);
    struct datum v[CLS_COUNT];
    bool found;
    TRY(systab_get(d->cat, PG_CLASS, CLASS_OID_INDEX, &key, 1, d->arena, v, &found));
    uint32_t type = found ? (uint32_t)v[CLS_TYPE].u : 0;
    if (!type)
        return NULL;
    return ddl_update_with_array(d, type, column, datum_int(value));
}

static struct err *move_class(struct ddl *d, uint32_t relid, uint32_t from, uint32_t to)
{
    TRY(set_row_type(d, relid, TYP_NSP, to));
    TRY(ddl_update_class(d->cat, relid, CLS_NSP, datum_int(to)));
    return move_depend(d, relid, from, to);
}

/* The indexes and constraints that go along. */
static struct err *move_parts(struct ddl *d, const struct relation *r, uint32_t nsp,
                              const char *nsp_name)
{
    for (int i = 0; i < r->nindexes; i++) {
        TRY(check_free(d, r->indexes[i].name, nsp, nsp_name));
        TRY(ddl_update_class(d->cat, r->indexes[i].oid, CLS_NSP, datum_int(nsp)));
    }
    for (int i = 0; i < r->nconstraints; i++)
        TRY(ddl_update_constraint(d->cat, r->constraints[i].oid, CON_NSP, datum_int(nsp)));
    return NULL;
}

static struct err *set_schema(struct ddl *d, struct relation *r, uint32_t nsp, const char *nsp_name)
{
    struct ddl_defaults defaults;
    uint32_t *sequences;
    int n;
    struct deparse_rename move = {.relid = r->oid, .from = r->name, .to = r->name, .nsp = nsp_name};
    TRY(check_free(d, r->name, nsp, nsp_name));
    TRY(owned_sequences(d, r->oid, &sequences, &n));
    for (int i = 0; i < n; i++) {
        struct relation *seq;
        TRY(cat_relation(d->cat, sequences[i], &seq));
        struct err *e = check_free(d, seq->name, nsp, nsp_name);
        relation_unref(seq);
        TRY(e);
    }
    if (r->kind == 'S')
        sequences[n++] = r->oid;
    TRY(ddl_read_defaults(d, sequences, n, &defaults));
    TRY(ddl_rename_in_views(d, &r->oid, 1, &move));
    TRY(move_parts(d, r, nsp, nsp_name));
    if (r->kind != 'S')
        TRY(move_class(d, r->oid, r->nsp, nsp));
    for (int i = 0; i < n; i++)
        TRY(move_class(d, sequences[i], r->nsp, nsp));
    return ddl_write_defaults(d, &defaults);
}

struct err *ddl_target_schema(struct ddl *d, const char *name, uint32_t *nsp)
{
    TRY(cat_namespace_oid(d->cat, str_from(name), nsp));
    if (!*nsp)
        return err_new("3F000", "schema \"%s\" does not exist", name);
    return acl_check(d->cat, PG_NAMESPACE, *nsp, PRIV_CREATE);
}

static struct err *check_move(struct ddl *d, const struct relation *r, uint32_t nsp)
{
    TRY(refuse_owned(d, r, "cannot move an owned sequence into another schema"));
    if (nsp == PG_CATALOG_NSP)
        return err_hint(err_new("42501", "permission denied: \"%s\" is a system catalog", r->name),
                        "System catalog modifications are currently disallowed.");
    if (r->persistence == 't' || nsp == d->cat->temp_nsp)
        return err_new("0A000", "cannot move objects into or out of temporary schemas");
    return NULL;
}

struct err *ddl_set_schema(struct ddl *d, const PgQuery__AlterObjectSchemaStmt *s, char *tag)
{
    static const struct {
        PgQuery__ObjectType type;
        const char *tag;
    } kinds[] = {
        {PG_QUERY__OBJECT_TYPE__OBJECT_TABLE, "ALTER TABLE"},
        {PG_QUERY__OBJECT_TYPE__OBJECT_VIEW, "ALTER VIEW"},
        {PG_QUERY__OBJECT_TYPE__OBJECT_MATVIEW, "ALTER MATERIALIZED VIEW"},
        {PG_QUERY__OBJECT_TYPE__OBJECT_SEQUENCE, "ALTER SEQUENCE"},
    };
    const char *kind_tag = NULL;
    struct relation *r;
    uint32_t nsp;
    if (s->object_type == PG_QUERY__OBJECT_TYPE__OBJECT_FUNCTION ||
        s->object_type == PG_QUERY__OBJECT_TYPE__OBJECT_PROCEDURE ||
        s->object_type == PG_QUERY__OBJECT_TYPE__OBJECT_AGGREGATE ||
        s->object_type == PG_QUERY__OBJECT_TYPE__OBJECT_ROUTINE) {
        snprintf(tag, 64, "ALTER %s", ddl_object_type_name(s->object_type));
        return ddl_function_schema(d, s);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++)
        if (kinds[i].type == s->object_type)
            kind_tag = kinds[i].tag;
    if (!kind_tag)
        return err_unsupported("ALTER %s ... SET SCHEMA is not supported yet",
                               ddl_object_type_name(s->object_type));
    snprintf(tag, 64, "%s", kind_tag);
    TRY(ddl_open_if_exists(d, s->relation, TXN_ACCESS_EXCLUSIVE, s->missing_ok, &r));
    if (!r)
        return NULL;
    struct err *e = ddl_check_kind(r, s->object_type);
    if (!e)
        e = ddl_must_own(d, r);
    if (!e)
        e = ddl_target_schema(d, s->newschema, &nsp);
    if (!e && nsp != r->nsp)
        e = check_move(d, r, nsp);
    if (!e && nsp != r->nsp)
        e = set_schema(d, r, nsp, s->newschema);
    relation_unref(r);
    return e;
}

/* ---- kinds ---- */

const char *ddl_kind_name(char relkind)
{
    return relkind == 'v'   ? "view"
           : relkind == 'm' ? "materialized view"
           : relkind == 'i' ? "index"
           : relkind == 'S' ? "sequence"
           : relkind == 'c' ? "composite type"
                            : "table";
}

/* ALTER TABLE takes any of them. */
struct err *ddl_check_kind(const struct relation *r, PgQuery__ObjectType type)
{
    static const struct {
        PgQuery__ObjectType type;
        char kind;
    } kinds[] = {
        {PG_QUERY__OBJECT_TYPE__OBJECT_VIEW, 'v'},
        {PG_QUERY__OBJECT_TYPE__OBJECT_MATVIEW, 'm'},
        {PG_QUERY__OBJECT_TYPE__OBJECT_SEQUENCE, 'S'},
        {PG_QUERY__OBJECT_TYPE__OBJECT_INDEX, 'i'},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
        if (kinds[i].type != type || kinds[i].kind == r->kind)
            continue;
        const char *what = ddl_kind_name(kinds[i].kind);
        return err_new("42809", "\"%s\" is not %s %s", r->name, what[0] == 'i' ? "an" : "a", what);
    }
    return NULL;
}

const char *ddl_object_type_name(PgQuery__ObjectType type)
{
    static const struct {
        PgQuery__ObjectType type;
        const char *name;
    } names[] = {
        {PG_QUERY__OBJECT_TYPE__OBJECT_AGGREGATE, "AGGREGATE"},
        {PG_QUERY__OBJECT_TYPE__OBJECT_CAST, "CAST"},
        {PG_QUERY__OBJECT_TYPE__OBJECT_COLLATION, "COLLATION"},
        {PG_QUERY__OBJECT_TYPE__OBJECT_CONVERSION, "CONVERSION"},
        {PG_QUERY__OBJECT_TYPE__OBJECT_DATABASE, "DATABASE"},
        {PG_QUERY__OBJECT_TYPE__OBJECT_DOMAIN, "DOMAIN"},
        {PG_QUERY__OBJECT_TYPE__OBJECT_EVENT_TRIGGER, "EVENT TRIGGER"},
        {PG_QUERY__OBJECT_TYPE__OBJECT_EXTENSION, "EXTENSION"},
        {PG_QUERY__OBJECT_TYPE__OBJECT_FDW, "FOREIGN DATA WRAPPER"},
        {PG_QUERY__OBJECT_TYPE__OBJECT_FOREIGN_SERVER, "SERVER"},
        {PG_QUERY__OBJECT_TYPE__OBJECT_FOREIGN_TABLE, "FOREIGN TABLE"},
        {PG_QUERY__OBJECT_TYPE__OBJECT_FUNCTION, "FUNCTION"},
        {PG_QUERY__OBJECT_TYPE__OBJECT_LANGUAGE, "LANGUAGE"},
        {PG_QUERY__OBJECT_TYPE__OBJECT_LARGEOBJECT, "LARGE OBJECT"},
        {PG_QUERY__OBJECT_TYPE__OBJECT_MATVIEW, "MATERIALIZED VIEW"},
        {PG_QUERY__OBJECT_TYPE__OBJECT_OPCLASS, "OPERATOR CLASS"},
        {PG_QUERY__OBJECT_TYPE__OBJECT_OPERATOR, "OPERATOR"},
        {PG_QUERY__OBJECT_TYPE__OBJECT_OPFAMILY, "OPERATOR FAMILY"},
        {PG_QUERY__OBJECT_TYPE__OBJECT_POLICY, "POLICY"},
        {PG_QUERY__OBJECT_TYPE__OBJECT_PROCEDURE, "PROCEDURE"},
        {PG_QUERY__OBJECT_TYPE__OBJECT_PUBLICATION, "PUBLICATION"},
        {PG_QUERY__OBJECT_TYPE__OBJECT_ROLE, "ROLE"},
        {PG_QUERY__OBJECT_TYPE__OBJECT_ROUTINE, "ROUTINE"},
        {PG_QUERY__OBJECT_TYPE__OBJECT_RULE, "RULE"},
        {PG_QUERY__OBJECT_TYPE__OBJECT_STATISTIC_EXT, "STATISTICS"},
        {PG_QUERY__OBJECT_TYPE__OBJECT_SUBSCRIPTION, "SUBSCRIPTION"},
        {PG_QUERY__OBJECT_TYPE__OBJECT_TABLESPACE, "TABLESPACE"},
        {PG_QUERY__OBJECT_TYPE__OBJECT_TRANSFORM, "TRANSFORM"},
        {PG_QUERY__OBJECT_TYPE__OBJECT_TRIGGER, "TRIGGER"},
        {PG_QUERY__OBJECT_TYPE__OBJECT_TSCONFIGURATION, "TEXT SEARCH CONFIGURATION"},
        {PG_QUERY__OBJECT_TYPE__OBJECT_TSDICTIONARY, "TEXT SEARCH DICTIONARY"},
        {PG_QUERY__OBJECT_TYPE__OBJECT_TSPARSER, "TEXT SEARCH PARSER"},
        {PG_QUERY__OBJECT_TYPE__OBJECT_TSTEMPLATE, "TEXT SEARCH TEMPLATE"},
        {PG_QUERY__OBJECT_TYPE__OBJECT_TYPE, "TYPE"},
        {PG_QUERY__OBJECT_TYPE__OBJECT_USER_MAPPING, "USER MAPPING"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        if (names[i].type == type)
            return names[i].name;
    return "this kind of object";
}
