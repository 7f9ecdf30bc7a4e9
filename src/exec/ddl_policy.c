/* CREATE, ALTER and DROP POLICY, and row security switched on for a table: manual section 5.8. */
#include "exec/ddl_internal.h"

#include "types/array.h"

/* A policy as it is to be. */
struct definition {
    const char *name;
    char command;
    bool permissive;
    struct datum roles;
    struct query *using_query; /* NULL: none, or as it was */
    struct query *check_query;
    struct datum using_sql;
    struct datum check_sql;
    struct deparse_refs refs;
};

/* ---- finding ---- */

static struct err *open_table(struct ddl *d, const PgQuery__RangeVar *rv, struct relation **out)
{
    TRY(ddl_open(d, rv, TXN_ACCESS_EXCLUSIVE, false, out));
    struct relation *r = *out;
    struct err *e = ddl_must_own(d, r);
    if (!e && r->system)
        e = err_new("42501", "permission denied: \"%s\" is a system catalog", r->name);
    if (!e && r->kind != 'r')
        e = err_new("42809", "\"%s\" is not a table", r->name);
    if (!e)
        return NULL;
    relation_unref(r);
    *out = NULL;
    return e;
}

static struct err *find_row(struct ddl *d, const struct relation *r, const char *name,
                            struct datum *v, bool *found)
{
    struct datum keys[2] = {datum_int(r->oid), cstr_datum(name)};
    return systab_get(d->cat, PG_POLICY, POLICY_RELID_NAME_INDEX, keys, 2, d->arena, v, found);
}

static struct err *must_find(struct ddl *d, const struct relation *r, const char *name,
                             struct datum *v)
{
    bool found;
    TRY(find_row(d, r, name, v, &found));
    return found ? NULL
                 : err_new("42704", "policy \"%s\" for table \"%s\" does not exist", name, r->name);
}

static struct err *must_be_new(struct ddl *d, const struct relation *r, const char *name)
{
    struct datum v[POL_COUNT];
    bool found;
    TRY(find_row(d, r, name, v, &found));
    return found ? err_new("42710", "policy \"%s\" for table \"%s\" already exists", name, r->name)
                 : NULL;
}

struct err *ddl_find_policy(struct ddl *d, const struct relation *r, const char *name,
                            uint32_t *oid)
{
    struct datum v[POL_COUNT];
    TRY(must_find(d, r, name, v));
    *oid = (uint32_t)v[POL_OID].u;
    return NULL;
}

/* ---- the parts ---- */

static struct err *role_array(struct ddl *d, const uint32_t *roles, size_t n, struct datum *out)
{
    struct datum *items = arena_new_array(d->arena, struct datum, n + 1);
    for (size_t i = 0; i < n; i++)
        items[i] = datum_int(roles[i]);
    return array_make_1d(type_by_oid(OID_OID), items, n, d->arena, out);
}

static struct err *role_list(struct ddl *d, PgQuery__Node *const *roles, size_t n,
                             struct datum *out)
{
    uint32_t *oids = arena_new_array(d->arena, uint32_t, n + 1);
    for (size_t i = 0; i < n; i++) {
        const PgQuery__RoleSpec *role = roles[i]->role_spec;
        if (role->roletype != PG_QUERY__ROLE_SPEC_TYPE__ROLESPEC_PUBLIC) {
            TRY(ddl_role(d, role, &oids[i]));
            continue;
        }
        if (n > 1)
            ddl_notice(d, "WARNING",
                       err_hint(err_new("22023", "ignoring specified roles other than PUBLIC"),
                                "All roles are members of the PUBLIC role."));
        oids[0] = 0;
        return role_array(d, oids, 1, out);
    }
    return role_array(d, oids, n ? n : 1, out);
}

/* *query stays until the policy's names are noted. */
static struct err *policy_text(struct ddl *d, struct definition *p, struct relation *r,
                               const PgQuery__Node *node, struct query **query, struct datum *out)
{
    struct buf text = BUF_INIT;
    *out = datum_null();
    if (!node)
        return NULL;
    TRY(ddl_no_position(
        analyze_policy_expr(d->cat, &d->s->types, d->sql, node, r, d->arena, query)));
    struct err *e = deparse_stored_query(d->cat, *query, NULL, NULL, &p->refs, &text);
    if (!e)
        *out = cstr_datum(arena_strdup(d->arena, buf_cstr(&text)));
    buf_done(&text);
    return e;
}

static struct err *policy_texts(struct ddl *d, struct definition *p, struct relation *r,
                                const PgQuery__Node *qual, const PgQuery__Node *check)
{
    p->refs.arena = d->arena;
    struct err *e = policy_text(d, p, r, qual, &p->using_query, &p->using_sql);
    if (!e)
        e = policy_text(d, p, r, check, &p->check_query, &p->check_sql);
    query_release(p->using_query);
    query_release(p->check_query);
    return e;
}

static struct err *depends(struct ddl *d, uint32_t oid, uint32_t relid,
                           const struct deparse_refs *refs)
{
    const struct object_address self = {PG_POLICY, oid, 0};
    TRY(depend_record(d->cat, self, (struct object_address){PG_CLASS, relid, 0}, DEPEND_AUTO));
    return ddl_record_refs(d, self, refs);
}

/* ---- CREATE ---- */

static struct err *command_of(const PgQuery__CreatePolicyStmt *s, char *out)
{
    static const struct {
        const char *name;
        char command;
    } commands[] = {
        {"all", '*'}, {"select", 'r'}, {"insert", 'a'}, {"update", 'w'}, {"delete", 'd'}};
    *out = '\0';
    for (size_t i = 0; i < ARRAY_LENGTH(commands); i++)
        if (strcmp(commands[i].name, s->cmd_name) == 0)
            *out = commands[i].command;
    if (!*out)
        return err_new("42601", "unrecognized row security option \"%s\"", s->cmd_name);
    if (s->with_check && (*out == 'r' || *out == 'd'))
        return err_new("42601", "WITH CHECK cannot be applied to SELECT or DELETE");
    if (s->qual && *out == 'a')
        return err_new("42601", "only WITH CHECK expression allowed for INSERT");
    return NULL;
}

static struct err *insert_policy(struct ddl *d, const struct relation *r,
                                 const struct definition *p)
{
    uint32_t oid;
    TRY(cat_new_oid(d->cat, &oid));
    struct datum v[POL_COUNT] = {
        [POL_OID] = datum_int(oid),
        [POL_NAME] = cstr_datum(p->name),
        [POL_RELID] = datum_int(r->oid),
        [POL_CMD] = datum_int(p->command),
        [POL_PERMISSIVE] = datum_bool(p->permissive),
        [POL_ROLES] = p->roles,
        [POL_QUAL] = p->using_sql,
        [POL_WITHCHECK] = p->check_sql,
    };
    TRY(systab_insert(d->cat, PG_POLICY, v));
    return depends(d, oid, r->oid, &p->refs);
}

struct err *ddl_create_policy(struct ddl *d, const PgQuery__CreatePolicyStmt *s)
{
    struct definition p = {.name = s->policy_name, .permissive = s->permissive};
    struct relation *r;
    TRY(command_of(s, &p.command));
    TRY(role_list(d, s->roles, s->n_roles, &p.roles));
    TRY(open_table(d, s->table, &r));
    struct err *e = policy_texts(d, &p, r, s->qual, s->with_check);
    if (!e)
        e = must_be_new(d, r, p.name);
    if (!e)
        e = insert_policy(d, r, &p);
    relation_unref(r);
    return e;
}

/* ---- ALTER ---- */

static struct err *check_command(const PgQuery__AlterPolicyStmt *s, char command)
{
    if (s->with_check && (command == 'r' || command == 'd'))
        return err_new("42601", "only USING expression allowed for SELECT, DELETE");
    if (s->qual && command == 'a')
        return err_new("42601", "only WITH CHECK expression allowed for INSERT");
    return NULL;
}

/* *text with other names (`rename`), or what it names (`refs`); NULL: not wanted. */
static struct err *text_again(struct ddl *d, const struct deparse_rename *rename,
                              struct deparse_refs *refs, struct datum *text)
{
    struct query *q;
    struct buf b = BUF_INIT;
    if (text->null)
        return NULL;
    TRY(analyze_stored_policy(d->cat, &d->s->types,
                              arena_strndup(d->arena, (const char *)text->p, text->len), d->arena,
                              &q));
    struct err *e = deparse_stored_query(d->cat, q, NULL, rename, refs, &b);
    query_release(q);
    if (!e)
        *text = cstr_datum(arena_strdup(d->arena, buf_cstr(&b)));
    buf_done(&b);
    return e;
}

static struct err *alter(struct ddl *d, struct relation *r, const PgQuery__AlterPolicyStmt *s)
{
    struct definition p = {.name = s->policy_name};
    struct datum old[POL_COUNT];
    struct datum v[POL_COUNT];
    TRY(policy_texts(d, &p, r, s->qual, s->with_check));
    TRY(must_find(d, r, p.name, old));
    TRY(check_command(s, (char)old[POL_CMD].i));
    memcpy(v, old, sizeof(v));
    if (s->n_roles)
        TRY(role_list(d, s->roles, s->n_roles, &v[POL_ROLES]));
    if (s->qual)
        v[POL_QUAL] = p.using_sql;
    else
        TRY(text_again(d, NULL, &p.refs, &v[POL_QUAL]));
    if (s->with_check)
        v[POL_WITHCHECK] = p.check_sql;
    else
        TRY(text_again(d, NULL, &p.refs, &v[POL_WITHCHECK]));
    TRY(systab_update(d->cat, PG_POLICY, old, v));
    TRY(depend_forget(d->cat, (struct object_address){PG_POLICY, (uint32_t)v[POL_OID].u, 0}));
    return depends(d, (uint32_t)v[POL_OID].u, r->oid, &p.refs);
}

struct err *ddl_alter_policy(struct ddl *d, const PgQuery__AlterPolicyStmt *s)
{
    struct relation *r;
    TRY(open_table(d, s->table, &r));
    struct err *e = alter(d, r, s);
    relation_unref(r);
    return e;
}

struct err *ddl_rename_policy(struct ddl *d, const PgQuery__RenameStmt *s)
{
    struct relation *r;
    struct datum old[POL_COUNT];
    struct datum v[POL_COUNT];
    TRY(open_table(d, s->relation, &r));
    struct err *e = must_be_new(d, r, s->newname);
    if (!e)
        e = must_find(d, r, s->subname, old);
    relation_unref(r);
    TRY(e);
    memcpy(v, old, sizeof(v));
    v[POL_NAME] = cstr_datum(s->newname);
    return systab_update(d->cat, PG_POLICY, old, v);
}

struct err *ddl_rename_in_policies(struct ddl *d, uint32_t relid,
                                   const struct deparse_rename *rename)
{
    struct depend_list deps = {0};
    TRY(depend_on(d->cat, (struct object_address){PG_CLASS, relid, 0}, d->arena, &deps));
    for (int i = 0; i < deps.count; i++) {
        struct datum key = datum_int(deps.items[i].object.object_id);
        struct datum old[POL_COUNT];
        struct datum v[POL_COUNT];
        bool found;
        bool seen = false;
        for (int k = 0; k < i; k++)
            seen |= deps.items[k].object.class_id == PG_POLICY &&
                    deps.items[k].object.object_id == deps.items[i].object.object_id;
        if (deps.items[i].object.class_id != PG_POLICY || seen)
            continue;
        TRY(systab_get(d->cat, PG_POLICY, POLICY_OID_INDEX, &key, 1, d->arena, old, &found));
        if (!found)
            continue;
        memcpy(v, old, sizeof(v));
        TRY(text_again(d, rename, NULL, &v[POL_QUAL]));
        TRY(text_again(d, rename, NULL, &v[POL_WITHCHECK]));
        TRY(systab_update(d->cat, PG_POLICY, old, v));
    }
    return NULL;
}

/* ---- DROP ---- */

PgQuery__RangeVar ddl_table_of_part(const PgQuery__List *l, const char **name)
{
    PgQuery__RangeVar rv;
    pg_query__range_var__init(&rv);
    rv.location = -1;
    *name = pg_str(l->items[l->n_items - 1]);
    rv.relname = (char *)pg_str(l->items[l->n_items - 2]);
    if (l->n_items > 2)
        rv.schemaname = (char *)pg_str(l->items[l->n_items - 3]);
    if (l->n_items > 3)
        rv.catalogname = (char *)pg_str(l->items[0]);
    return rv;
}

struct err *ddl_drop_parts(struct ddl *d, const PgQuery__DropStmt *s,
                           struct err *(*drop)(struct ddl *d, const struct relation *r,
                                               const PgQuery__RangeVar *rv, const char *name,
                                               const PgQuery__DropStmt *s))
{
    for (size_t i = 0; i < s->n_objects; i++) {
        const char *name;
        struct relation *r;
        PgQuery__RangeVar rv = ddl_table_of_part(s->objects[i]->list, &name);
        TRY(ddl_open_whole(d, &rv, TXN_ACCESS_EXCLUSIVE, s->missing_ok, &r));
        struct err *e = r ? drop(d, r, &rv, name, s) : NULL;
        relation_unref(r);
        TRY(e);
    }
    return NULL;
}

static struct err *drop_from(struct ddl *d, const struct relation *r, const PgQuery__RangeVar *rv,
                             const char *name, const PgQuery__DropStmt *s)
{
    struct datum v[POL_COUNT];
    bool found;
    TRY(ddl_must_own_whole(d, r));
    TRY(find_row(d, r, name, v, &found));
    if (!found && !s->missing_ok)
        return err_new("42704", "policy \"%s\" for table \"%s\" does not exist", name, r->name);
    if (!found) {
        ddl_notice(d, "NOTICE",
                   err_new("00000", "policy \"%s\" for relation \"%s\" does not exist, skipping",
                           name, ddl_written_name(d, rv)));
        return NULL;
    }
    const struct object_address o = {PG_POLICY, (uint32_t)v[POL_OID].u, 0};
    return ddl_drop_objects(d, &o, 1, s->behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE);
}

struct err *ddl_drop_policy(struct ddl *d, const PgQuery__DropStmt *s)
{
    return ddl_drop_parts(d, s, drop_from);
}

struct err *ddl_describe_policy(struct ddl *d, uint32_t oid, struct buf *out)
{
    struct datum key = datum_int(oid);
    struct datum v[POL_COUNT];
    bool found;
    TRY(systab_get(d->cat, PG_POLICY, POLICY_OID_INDEX, &key, 1, d->arena, v, &found));
    if (!found) {
        buf_printf(out, "policy %u", oid);
        return NULL;
    }
    buf_printf(out, "policy %.*s on ", STR_ARG(datum_as_str(v[POL_NAME])));
    return ddl_describe(d, (struct object_address){PG_CLASS, (uint32_t)v[POL_RELID].u, 0}, out);
}

/* ---- roles ---- */

struct err *ddl_policies_of_role(struct ddl *d, uint32_t role, uint32_t **out, int *count)
{
    struct systab_scan s;
    struct datum v[POL_COUNT];
    int cap = 0;
    *out = NULL;
    *count = 0;
    TRY(systab_open(d->cat, PG_POLICY, 0, NULL, 0, &s));
    struct err *e = NULL;
    for (bool found = true; !e && found;) {
        struct array roles;
        e = systab_next(&s, v, &found);
        if (e || !found)
            continue;
        e = array_open(v[POL_ROLES], &roles);
        for (uint32_t i = 0; !e && i < roles.nitems; i++)
            if ((uint32_t)array_get(&roles, i).u == role)
                ARENA_PUSH(d->arena, *out, *count, cap, (uint32_t)v[POL_OID].u);
    }
    systab_close(&s);
    return e;
}

struct err *ddl_forget_policy_role(struct ddl *d, uint32_t policy, uint32_t role)
{
    const struct object_address self = {PG_POLICY, policy, 0};
    struct datum key = datum_int(policy);
    struct datum old[POL_COUNT];
    struct datum v[POL_COUNT];
    struct array roles;
    size_t n = 0;
    bool found;
    TRY(systab_get(d->cat, PG_POLICY, POLICY_OID_INDEX, &key, 1, d->arena, old, &found));
    if (!found)
        return NULL;
    TRY(array_open(old[POL_ROLES], &roles));
    uint32_t *left = arena_new_array(d->arena, uint32_t, roles.nitems + 1);
    for (uint32_t i = 0; i < roles.nitems; i++)
        if ((uint32_t)array_get(&roles, i).u != role)
            left[n++] = (uint32_t)array_get(&roles, i).u;
    if (!n)
        return ddl_drop_objects(d, &self, 1, false);
    memcpy(v, old, sizeof(v));
    TRY(role_array(d, left, n, &v[POL_ROLES]));
    return systab_update(d->cat, PG_POLICY, old, v);
}

/* ---- ALTER TABLE ---- */

struct err *ddl_row_security(struct ddl *d, struct relation **rel,
                             const PgQuery__AlterTableCmd *cmd, bool *done)
{
    static const struct {
        PgQuery__AlterTableType form;
        int column;
        bool on;
    } forms[] = {
        {PG_QUERY__ALTER_TABLE_TYPE__AT_EnableRowSecurity, CLS_ROWSECURITY, true},
        {PG_QUERY__ALTER_TABLE_TYPE__AT_DisableRowSecurity, CLS_ROWSECURITY, false},
        {PG_QUERY__ALTER_TABLE_TYPE__AT_ForceRowSecurity, CLS_FORCEROWSECURITY, true},
        {PG_QUERY__ALTER_TABLE_TYPE__AT_NoForceRowSecurity, CLS_FORCEROWSECURITY, false},
    };
    *done = false;
    for (size_t i = 0; i < ARRAY_LENGTH(forms) && !*done; i++) {
        if (forms[i].form != cmd->subtype)
            continue;
        TRY(ddl_update_class(d->cat, (*rel)->oid, forms[i].column, datum_bool(forms[i].on)));
        *done = true;
    }
    return *done ? ddl_reopen(d, rel) : NULL;
}
