/* CREATE and ALTER DOMAIN. */
#include "exec/ddl_internal.h"

#include <stdio.h>

enum { MAX_NESTING = 32 /* of domains over domains */ };

static const char *shown(struct ddl *d, uint32_t oid)
{
    const char *name = NULL;
    if (oid >= FIRST_USER_OID)
        err_free(cat_type_name(d->cat, oid, false, d->arena, &name));
    return name ? name : type_display(d->arena, oid, -1);
}

static const char *type_name(struct ddl *d, uint32_t oid)
{
    struct str name = builtin_type(oid)->name;
    return arena_strndup(d->arena, name.data, name.len);
}

/* ---- expressions ---- */

/* Positions in these statements are not reported. */
static struct err *without_position(struct err *e)
{
    if (e)
        e->position = 0;
    return e;
}

static struct err *check_text(struct ddl *d, uint32_t domain, const PgQuery__Node *raw,
                              const char **out)
{
    struct relation *value = cat_domain_value(domain, d->arena);
    struct buf text = BUF_INIT;
    struct rte *rte;
    struct expr *e;
    TRY(without_position(analyze_expr_node(d->cat, &d->s->types, d->sql, raw, value, USE_CHECK,
                                           BOOL_OID, -1, NULL, d->arena, &rte, &e)));
    TRY(deparse_stored_expr(d->cat, e, rte, &text));
    *out = arena_strdup(d->arena, buf_cstr(&text));
    buf_done(&text);
    return NULL;
}

/* As stored, and as shown; NULL: DEFAULT NULL, which is none. */
static struct err *default_texts(struct ddl *d, const char *name, uint32_t base, int32_t typmod,
                                 const PgQuery__Node *raw, const char **stored, const char **text)
{
    struct buf b = BUF_INIT;
    struct rte *rte;
    struct expr *e;
    TRY(without_position(analyze_expr_node(d->cat, &d->s->types, d->sql, raw, NULL, USE_DEFAULT,
                                           base, typmod, name, d->arena, &rte, &e)));
    *stored = *text = NULL;
    if (e->kind == E_CONST && e->value.null)
        return NULL;
    struct err *err = deparse_stored_expr(d->cat, e, NULL, &b);
    *stored = arena_strdup(d->arena, buf_cstr(&b));
    buf_reset(&b);
    if (!err)
        err = deparse_expr(d->cat, e, NULL, &b);
    *text = arena_strdup(d->arena, buf_cstr(&b));
    buf_done(&b);
    return err;
}

/* ---- constraints ---- */

static struct err *load_domain(struct ddl *d, uint32_t oid, struct domain_info *out)
{
    bool found;
    TRY(cat_domain(d->cat, oid, false, d->arena, out, &found));
    return found ? NULL : err_new("XX000", "cache lookup failed for type %u", oid);
}

static const struct domain_check *find_check(const struct domain_info *info, const char *name)
{
    for (int i = 0; i < info->nchecks; i++)
        if (strcmp(info->checks[i].name, name) == 0)
            return &info->checks[i];
    return NULL;
}

static struct err *check_name(struct ddl *d, uint32_t domain, const PgQuery__Constraint *c,
                              const char **out)
{
    struct domain_info info;
    TRY(load_domain(d, domain, &info));
    *out = c->conname;
    if (*out && **out) {
        if (!find_check(&info, *out))
            return NULL;
        return err_new("42710", "constraint \"%s\" for domain \"%s\" already exists", *out,
                       type_name(d, domain));
    }
    for (int pass = 0;; pass++) {
        const char *label = pass ? arena_printf(d->arena, "check%d", pass) : "check";
        *out = arena_printf(d->arena, "%.*s_%s", (int)(62 - strlen(label)), type_name(d, domain),
                            label);
        if (!find_check(&info, *out))
            return NULL;
    }
}

static struct err *add_check(struct ddl *d, uint32_t domain, const PgQuery__Constraint *c,
                             bool validated)
{
    struct ddl_constraint con = {
        .type = 'c', .typid = domain, .nsp = builtin_type(domain)->nsp, .validated = validated};
    uint32_t oid;
    TRY(check_name(d, domain, c, &con.name));
    TRY(check_text(d, domain, c->raw_expr, &con.check_sql));
    TRY(ddl_create_constraint(d->cat, &con, &oid));
    return ddl_text_depends(d, (struct object_address){PG_CONSTRAINT, oid, 0}, con.check_sql,
                            cat_domain_value(domain, d->arena), USE_CHECK);
}

static struct err *impossible(PgQuery__ConstrType type)
{
    switch (type) {
    case PG_QUERY__CONSTR_TYPE__CONSTR_UNIQUE:
        return err_new("42601", "unique constraints not possible for domains");
    case PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY:
        return err_new("42601", "primary key constraints not possible for domains");
    case PG_QUERY__CONSTR_TYPE__CONSTR_EXCLUSION:
        return err_new("42601", "exclusion constraints not possible for domains");
    case PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN:
        return err_new("42601", "foreign key constraints not possible for domains");
    case PG_QUERY__CONSTR_TYPE__CONSTR_ATTR_DEFERRABLE:
    case PG_QUERY__CONSTR_TYPE__CONSTR_ATTR_NOT_DEFERRABLE:
    case PG_QUERY__CONSTR_TYPE__CONSTR_ATTR_DEFERRED:
    case PG_QUERY__CONSTR_TYPE__CONSTR_ATTR_IMMEDIATE:
        return err_new("0A000", "specifying constraint deferrability not supported for domains");
    default:
        return err_new("42601", "this constraint is not possible for domains");
    }
}

/* ---- CREATE DOMAIN ---- */

static int nesting(uint32_t type)
{
    int n = 0;
    for (const struct cat_type *t = builtin_type(type); t && t->kind == 'd';
         t = builtin_type(t->basetype))
        n++;
    return n;
}

static struct err *base_type(struct ddl *d, const PgQuery__CreateDomainStmt *s,
                             struct ddl_type_def *def)
{
    TRY(resolve_type_name(d->cat, NULL, s->type_name, &def->basetype, &def->typmod, &def->ndims));
    const struct cat_type *t = builtin_type(def->basetype);
    if (!strchr("bcderm", t->kind))
        return err_new("42804", "\"%.*s\" is not a valid base type for a domain", STR_ARG(t->name));
    if (!t->ops)
        return err_unsupported("type %.*s is not supported yet", STR_ARG(t->name));
    TRY(ddl_may_use_type(d, def->basetype));
    if (nesting(def->basetype) >= MAX_NESTING)
        return err_new("54001", "domains are nested too deeply");
    struct ddl_column column = {
        .name = def->name, .type = def->basetype, .collation = t->collation};
    PgQuery__ColumnDef clause;
    pg_query__column_def__init(&clause);
    clause.coll_clause = s->coll_clause;
    TRY(without_position(ddl_collation(d, &clause, &column)));
    def->collation = column.collation;
    return NULL;
}

static struct err *domain_options(struct ddl *d, const PgQuery__CreateDomainStmt *s,
                                  struct ddl_type_def *def, const char **shown_default)
{
    bool has_default = false;
    bool null = false;
    for (size_t i = 0; i < s->n_constraints; i++) {
        const PgQuery__Constraint *c = s->constraints[i]->constraint;
        switch (c->contype) {
        case PG_QUERY__CONSTR_TYPE__CONSTR_DEFAULT:
            if (has_default)
                return err_new("42601", "multiple default expressions");
            has_default = true;
            TRY(default_texts(d, def->name, def->basetype, def->typmod, c->raw_expr,
                              &def->default_sql, shown_default));
            break;
        case PG_QUERY__CONSTR_TYPE__CONSTR_NOTNULL:
        case PG_QUERY__CONSTR_TYPE__CONSTR_NULL: {
            bool not_null = c->contype == PG_QUERY__CONSTR_TYPE__CONSTR_NOTNULL;
            if (not_null ? null : def->not_null)
                return err_new("42601", "conflicting NULL/NOT NULL constraints");
            *(not_null ? &def->not_null : &null) = true;
            break;
        }
        case PG_QUERY__CONSTR_TYPE__CONSTR_CHECK:
            if (c->is_no_inherit)
                return err_new("42P16",
                               "check constraints for domains cannot be marked NO INHERIT");
            break;
        default:
            return impossible(c->contype);
        }
    }
    return NULL;
}

static struct err *default_depends(struct ddl *d, uint32_t oid, const char *stored)
{
    return stored ? ddl_text_depends(d, (struct object_address){PG_TYPE, oid, 0}, stored, NULL,
                                     USE_DEFAULT)
                  : NULL;
}

struct err *ddl_create_domain(struct ddl *d, const PgQuery__CreateDomainStmt *s)
{
    struct ddl_type_def def = {.kind = 'd', .owner = d->cat->role};
    const char *shown_default = NULL;
    uint32_t oid;
    TRY(ddl_new_type_name(d, s->domainname, s->n_domainname, &def.nsp, &def.name));
    TRY(base_type(d, s, &def));
    TRY(domain_options(d, s, &def, &shown_default));
    TRY(ddl_create_type(d->cat, &def, &oid));
    if (shown_default)
        TRY(ddl_update_type(d->cat, oid, TYP_DEFAULT, cstr_datum(shown_default)));
    TRY(default_depends(d, oid, def.default_sql));
    for (size_t i = 0; i < s->n_constraints; i++) {
        const PgQuery__Constraint *c = s->constraints[i]->constraint;
        if (c->contype == PG_QUERY__CONSTR_TYPE__CONSTR_CHECK)
            TRY(add_check(d, oid, c, true));
    }
    return NULL;
}

/* ---- values that are there already ---- */

struct row_test {
    struct row_expr *expr; /* NULL: IS NOT NULL */
    const struct relation *rel;
    int att;
};

static struct err *test_row(void *arg, struct str key, const struct datum *row)
{
    struct row_test *t = arg;
    struct datum yes;
    struct datum d = row[t->att - 1];
    const char *column = t->rel->atts[t->att - 1].name;
    (void)key;
    if (!t->expr) {
        return d.null ? err_new("23502", "column \"%s\" of table \"%s\" contains null values",
                                column, t->rel->name)
                      : NULL;
    }
    TRY(row_expr_eval(t->expr, &d, &yes));
    if (yes.null || yes.i)
        return NULL;
    return err_new("23514",
                   "column \"%s\" of table \"%s\" contains values that violate the new constraint",
                   column, t->rel->name);
}

static struct err *test_column(struct ddl *d, struct row_test *t, uint32_t relid, int att)
{
    struct relation *r;
    bool locked;
    TRY(txn_lock_table(d->cat->txn, relid, TXN_SHARE_LOCK, TXN_WAIT, &locked));
    TRY(cat_relation(d->cat, relid, &r));
    if (!r)
        return NULL;
    t->rel = r;
    t->att = att;
    struct err *e = r->kind == 'r' ? ddl_each_row(d, r, test_row, t) : NULL;
    relation_unref(r);
    return e;
}

/* A column of an array over the domain, or of a type that has a field of it. */
static struct err *used_inside(struct ddl *d, uint32_t domain, uint32_t container)
{
    struct depend_list deps = {0};
    TRY(depend_on(d->cat, (struct object_address){PG_TYPE, container, 0}, d->arena, &deps));
    for (int i = 0; i < deps.count; i++) {
        struct object_address o = deps.items[i].object;
        struct relation *r;
        if (o.class_id != PG_CLASS || !o.sub_id)
            continue;
        TRY(cat_relation(d->cat, o.object_id, &r));
        if (!r)
            continue;
        struct err *e =
            err_new("0A000", "cannot alter type \"%s\" because column \"%s.%s\" uses it",
                    type_name(d, domain), r->name, r->atts[o.sub_id - 1].name);
        relation_unref(r);
        return e;
    }
    return NULL;
}

static struct err *test_columns(struct ddl *d, struct row_test *t, uint32_t domain, uint32_t of,
                                int depth)
{
    struct depend_list deps = {0};
    if (depth > MAX_NESTING)
        return err_new("54001", "domains are nested too deeply");
    TRY(depend_on(d->cat, (struct object_address){PG_TYPE, of, 0}, d->arena, &deps));
    for (int i = 0; i < deps.count; i++) {
        struct object_address o = deps.items[i].object;
        const struct cat_type *dependent = NULL;
        if (o.class_id == PG_TYPE) {
            TRY(cat_load_type(d->cat, o.object_id, NULL));
            dependent = builtin_type(o.object_id);
        }
        if (dependent && dependent->kind == 'd')
            TRY(test_columns(d, t, domain, o.object_id, depth + 1));
        else if (dependent)
            TRY(used_inside(d, domain, o.object_id));
        else if (o.class_id == PG_CLASS && o.sub_id)
            TRY(test_column(d, t, o.object_id, o.sub_id));
    }
    return NULL;
}

static struct err *test_existing(struct ddl *d, uint32_t domain, const char *check_sql)
{
    struct exec_env env = session_exec_env(d->s);
    struct row_test t = {NULL, NULL, 0};
    struct rte *rte;
    struct expr *e;
    if (check_sql) {
        TRY(analyze_expr_text(d->cat, &d->s->types, check_sql, cat_domain_value(domain, d->arena),
                              USE_CHECK, BOOL_OID, -1, d->arena, &rte, &e));
        TRY(row_expr_new(&env, rte, e, &t.expr));
    }
    struct err *err = test_columns(d, &t, domain, domain, 0);
    row_expr_free(t.expr);
    return err;
}

/* ---- ALTER DOMAIN ---- */

static struct err *set_default(struct ddl *d, uint32_t oid, const PgQuery__Node *raw)
{
    const struct cat_type *t = builtin_type(oid);
    const char *stored = NULL;
    const char *text = NULL;
    if (raw)
        TRY(default_texts(d, type_name(d, oid), t->basetype, t->typmod, raw, &stored, &text));
    TRY(ddl_update_type(d->cat, oid, TYP_DEFAULTBIN, cstr_datum(stored)));
    TRY(ddl_forget_functions(d, (struct object_address){PG_TYPE, oid, 0}));
    TRY(default_depends(d, oid, stored));
    return ddl_update_type(d->cat, oid, TYP_DEFAULT, cstr_datum(text));
}

static struct err *add_constraint(struct ddl *d, uint32_t oid, const PgQuery__Constraint *c)
{
    if (c->contype != PG_QUERY__CONSTR_TYPE__CONSTR_CHECK)
        return impossible(c->contype);
    if (!c->skip_validation) {
        const char *sql;
        TRY(check_text(d, oid, c->raw_expr, &sql));
        TRY(test_existing(d, oid, sql));
    }
    return add_check(d, oid, c, !c->skip_validation);
}

static struct err *no_constraint(struct ddl *d, uint32_t oid, const char *name)
{
    return err_new("42704", "constraint \"%s\" of domain \"%s\" does not exist", name,
                   type_name(d, oid));
}

static struct err *validate_constraint(struct ddl *d, uint32_t oid, const char *name)
{
    struct domain_info info;
    TRY(load_domain(d, oid, &info));
    const struct domain_check *check = find_check(&info, name);
    if (!check)
        return no_constraint(d, oid, name);
    if (check->validated)
        return NULL;
    TRY(test_existing(d, oid, check->sql));
    return ddl_update_constraint(d->cat, check->oid, CON_VALIDATED, datum_bool(true));
}

static struct err *drop_constraint(struct ddl *d, uint32_t oid, const PgQuery__AlterDomainStmt *s)
{
    struct domain_info info;
    TRY(load_domain(d, oid, &info));
    const struct domain_check *check = find_check(&info, s->name);
    if (check)
        return ddl_remove(d->cat, (struct object_address){PG_CONSTRAINT, check->oid, 0});
    if (!s->missing_ok)
        return no_constraint(d, oid, s->name);
    ddl_notice(d, "NOTICE",
               err_new("00000", "constraint \"%s\" of domain \"%s\" does not exist, skipping",
                       s->name, type_name(d, oid)));
    return NULL;
}

struct err *ddl_alter_domain(struct ddl *d, const PgQuery__AlterDomainStmt *s)
{
    uint32_t oid;
    TRY(ddl_find_type(d, s->type_name, s->n_type_name, &oid));
    if (builtin_type(oid)->kind != 'd')
        return err_new("42809", "%s is not a domain", shown(d, oid));
    TRY(ddl_must_own_type(d, oid));
    switch (s->subtype[0]) {
    case 'T':
        return set_default(d, oid, s->def);
    case 'N':
        return ddl_update_type(d->cat, oid, TYP_NOTNULL, datum_bool(false));
    case 'O':
        TRY(test_existing(d, oid, NULL));
        return ddl_update_type(d->cat, oid, TYP_NOTNULL, datum_bool(true));
    case 'C':
        return add_constraint(d, oid, s->def->constraint);
    case 'X':
        return drop_constraint(d, oid, s);
    case 'V':
        return validate_constraint(d, oid, s->name);
    default:
        return err_unsupported("this form of ALTER DOMAIN is not supported");
    }
}

struct err *ddl_domain_constraint(struct ddl *d, const PgQuery__Node *type, const char *name,
                                  struct object_address *out)
{
    const bool list = type->node_case == PG_QUERY__NODE__NODE_LIST;
    struct domain_info info;
    uint32_t oid;
    TRY(ddl_find_type(d, list ? type->list->items : type->type_name->names,
                      list ? type->list->n_items : type->type_name->n_names, &oid));
    if (builtin_type(oid)->kind != 'd')
        return err_new("42809", "%s is not a domain", shown(d, oid));
    TRY(ddl_must_own_type(d, oid));
    TRY(load_domain(d, oid, &info));
    const struct domain_check *check = find_check(&info, name);
    if (!check)
        return err_new("42704", "constraint \"%s\" for domain %s does not exist", name,
                       shown(d, oid));
    *out = (struct object_address){PG_CONSTRAINT, check->oid, 0};
    return NULL;
}

struct err *ddl_rename_domain_constraint(struct ddl *d, const PgQuery__RenameStmt *s)
{
    struct object_address con;
    TRY(ddl_domain_constraint(d, s->object, s->subname, &con));
    return ddl_update_constraint(d->cat, con.object_id, CON_NAME, cstr_datum(s->newname));
}
