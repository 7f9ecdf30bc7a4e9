/* CREATE and DROP TRIGGER, and triggers switched on and off: manual chapter 39. */
#include "exec/ddl_internal.h"

#include "catalog/acl.h"
#include "exec/checks.h"
#include "types/array.h"

enum {
    INSTEAD_BIT = 64,
    TRUNCATE_BIT = 32,
};

/* ---- finding ---- */

static struct err *find_row(struct ddl *d, const struct relation *r, const char *name,
                            struct datum *v, bool *found)
{
    struct datum keys[2] = {datum_int(r->oid), cstr_datum(name)};
    return systab_get(d->cat, PG_TRIGGER, TRIGGER_RELID_NAME_INDEX, keys, 2, d->arena, v, found);
}

static struct err *missing(const struct relation *r, const char *name)
{
    return err_new("42704", "trigger \"%s\" for table \"%s\" does not exist", name, r->name);
}

struct err *ddl_find_trigger(struct ddl *d, const struct relation *r, const char *name,
                             uint32_t *oid)
{
    struct datum v[TRG_COUNT];
    bool found;
    TRY(find_row(d, r, name, v, &found));
    if (!found)
        return missing(r, name);
    *oid = (uint32_t)v[TRG_OID].u;
    return NULL;
}

struct err *ddl_describe_trigger(struct ddl *d, uint32_t oid, struct buf *out)
{
    struct datum key = datum_int(oid);
    struct datum v[TRG_COUNT];
    bool found;
    TRY(systab_get(d->cat, PG_TRIGGER, TRIGGER_OID_INDEX, &key, 1, d->arena, v, &found));
    if (!found) {
        buf_printf(out, "trigger %u", oid);
        return NULL;
    }
    buf_printf(out, "trigger %.*s on ", STR_ARG(datum_as_str(v[TRG_NAME])));
    return ddl_describe(d, (struct object_address){PG_CLASS, (uint32_t)v[TRG_RELID].u, 0}, out);
}

/* ---- CREATE ---- */

static struct err *unsupported(const PgQuery__CreateTrigStmt *s)
{
    if (s->isconstraint)
        return err_unsupported("CREATE CONSTRAINT TRIGGER is not supported yet");
    if (s->timing & INSTEAD_BIT)
        return err_unsupported("INSTEAD OF triggers are not supported yet");
    if (s->events & TRUNCATE_BIT)
        return err_unsupported("TRUNCATE triggers are not supported yet");
    if (s->n_columns)
        return err_unsupported("UPDATE OF in CREATE TRIGGER is not supported yet");
    if (s->when_clause)
        return err_unsupported("WHEN in CREATE TRIGGER is not supported yet");
    if (s->n_transition_rels)
        return err_unsupported("REFERENCING in CREATE TRIGGER is not supported yet");
    return NULL;
}

static struct err *check_table(struct ddl *d, const struct relation *r)
{
    if (r->system)
        return err_new("42501", "permission denied: \"%s\" is a system catalog", r->name);
    if (r->kind == 'v')
        return err_detail(err_new("42809", "\"%s\" is a view", r->name),
                          "Views cannot have row-level BEFORE or AFTER triggers.");
    if (r->kind != 'r')
        return err_detail(err_new("42809", "relation \"%s\" cannot have triggers", r->name),
                          "This operation is not supported for %s.", ddl_kinds_name(r->kind));
    if (r->read_only_synced)
        return err_unsupported("triggers on synced tables are not supported");
    return ddl_may_use_relation(d, r, PRIV_TRIGGER);
}

static struct err *trigger_function(struct ddl *d, const PgQuery__CreateTrigStmt *s,
                                    const struct cat_proc **out)
{
    const struct cat_proc **all;
    const struct cat_proc *p = NULL;
    int n;
    const char *name = pg_str(s->funcname[s->n_funcname - 1]);
    const char *nsp = s->n_funcname > 1 ? pg_str(s->funcname[s->n_funcname - 2]) : "";
    TRY(cat_user_procs(d->cat, str_from(nsp), str_from(name), d->arena, &all, &n));
    for (int i = 0; i < n && !p; i++)
        if (!all[i]->nargs)
            p = all[i];
    if (!p)
        return err_new("42883", "function %s%s%s() does not exist", nsp, *nsp ? "." : "", name);
    TRY(acl_check(d->cat, PG_PROC, p->oid, PRIV_EXECUTE));
    if (p->rettype != TRIGGER_OID)
        return err_new("42P17", "function %s must return type trigger", name);
    *out = p;
    return NULL;
}

static struct err *trigger_row(struct ddl *d, const PgQuery__CreateTrigStmt *s,
                               const struct relation *r, uint32_t func, struct datum *v)
{
    const struct type_ops *ops = type_by_oid(INT2VECTOR_OID);
    struct buf args = BUF_INIT;
    for (size_t i = 0; i < s->n_args; i++) {
        buf_printf(&args, "%s", pg_str(s->args[i]));
        buf_put_u8(&args, 0);
    }
    v[TRG_RELID] = datum_int(r->oid);
    v[TRG_PARENTID] = v[TRG_CONSTRRELID] = v[TRG_CONSTRINDID] = v[TRG_CONSTRAINT] = datum_int(0);
    v[TRG_NAME] = cstr_datum(s->trigname);
    v[TRG_FOID] = datum_int(func);
    v[TRG_TYPE] = datum_int((s->row ? TRIGGER_ROW_BIT : 0) | s->timing | s->events);
    v[TRG_ENABLED] = datum_int('O');
    v[TRG_ISINTERNAL] = v[TRG_DEFERRABLE] = v[TRG_INITDEFERRED] = datum_bool(false);
    v[TRG_NARGS] = datum_int((int64_t)s->n_args);
    v[TRG_QUAL] = v[TRG_OLDTABLE] = v[TRG_NEWTABLE] = datum_null();
    v[TRG_ARGS] = datum_bytes(arena_memdup(d->arena, buf_cstr(&args), args.len + 1), args.len);
    struct err *e = buf_finish(&args);
    buf_done(&args);
    return e ? e : ops->in(ops, &d->s->types, str_from(""), -1, d->arena, &v[TRG_ATTR]);
}

static struct err *store_trigger(struct ddl *d, const PgQuery__CreateTrigStmt *s,
                                 const struct relation *r, const struct cat_proc *p)
{
    struct datum old[TRG_COUNT];
    struct datum v[TRG_COUNT];
    bool found;
    TRY(find_row(d, r, s->trigname, old, &found));
    if (found && !s->replace)
        return err_new("42710", "trigger \"%s\" for relation \"%s\" already exists", s->trigname,
                       r->name);
    TRY(trigger_row(d, s, r, p->oid, v));
    uint32_t oid = found ? (uint32_t)old[TRG_OID].u : 0;
    const struct object_address self = {PG_TRIGGER, oid, 0};
    if (found) {
        v[TRG_OID] = old[TRG_OID];
        TRY(systab_update(d->cat, PG_TRIGGER, old, v));
        TRY(depend_forget(d->cat, self));
    } else {
        TRY(cat_new_oid(d->cat, &oid));
        v[TRG_OID] = datum_int(oid);
        TRY(systab_insert(d->cat, PG_TRIGGER, v));
    }
    const struct object_address made = {PG_TRIGGER, oid, 0};
    TRY(depend_record(d->cat, made, (struct object_address){PG_PROC, p->oid, 0}, DEPEND_NORMAL));
    TRY(depend_record(d->cat, made, (struct object_address){PG_CLASS, r->oid, 0}, DEPEND_AUTO));
    return ddl_update_class(d->cat, r->oid, CLS_HASTRIGGERS, datum_bool(true));
}

struct err *ddl_create_trigger(struct ddl *d, const PgQuery__CreateTrigStmt *s)
{
    const struct cat_proc *p = NULL;
    struct relation *r;
    TRY(ddl_open(d, s->relation, TXN_SHARE_ROW_EXCLUSIVE, false, &r));
    struct err *e = unsupported(s);
    if (!e)
        e = check_table(d, r);
    if (!e)
        e = trigger_function(d, s, &p);
    if (!e)
        e = checks_none_pending(d->s, r->oid, r->name, "CREATE TRIGGER");
    if (!e)
        e = store_trigger(d, s, r, p);
    relation_unref(r);
    return e;
}

/* ---- DROP ---- */

static struct err *drop_from(struct ddl *d, const struct relation *r, const PgQuery__RangeVar *rv,
                             const char *name, const PgQuery__DropStmt *s)
{
    struct datum v[TRG_COUNT];
    bool found;
    TRY(ddl_must_own_whole(d, r));
    TRY(find_row(d, r, name, v, &found));
    if (!found && !s->missing_ok)
        return missing(r, name);
    if (!found) {
        ddl_notice(d, "NOTICE",
                   err_new("00000", "trigger \"%s\" for relation \"%s\" does not exist, skipping",
                           name, ddl_written_name(d, rv)));
        return NULL;
    }
    TRY(checks_none_pending(d->s, r->oid, r->name, "DROP TRIGGER"));
    const struct object_address o = {PG_TRIGGER, (uint32_t)v[TRG_OID].u, 0};
    return ddl_drop_objects(d, &o, 1, s->behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE);
}

struct err *ddl_drop_trigger(struct ddl *d, const PgQuery__DropStmt *s)
{
    return ddl_drop_parts(d, s, drop_from);
}

/* ---- ALTER ---- */

struct err *ddl_rename_trigger(struct ddl *d, const PgQuery__RenameStmt *s)
{
    struct relation *r;
    struct datum old[TRG_COUNT];
    struct datum v[TRG_COUNT];
    bool taken = false;
    bool found = false;
    TRY(ddl_open(d, s->relation, TXN_ACCESS_EXCLUSIVE, false, &r));
    struct err *e = ddl_must_own(d, r);
    if (!e)
        e = find_row(d, r, s->newname, v, &taken);
    if (!e && taken)
        e = err_new("42710", "trigger \"%s\" for relation \"%s\" already exists", s->newname,
                    r->name);
    if (!e)
        e = find_row(d, r, s->subname, old, &found);
    if (!e && !found)
        e = missing(r, s->subname);
    relation_unref(r);
    TRY(e);
    memcpy(v, old, sizeof(v));
    v[TRG_NAME] = cstr_datum(s->newname);
    return systab_update(d->cat, PG_TRIGGER, old, v);
}

static struct err *set_enabled(struct ddl *d, const struct relation *r, const char *name,
                               char enabled)
{
    struct datum old[TRG_COUNT];
    struct datum v[TRG_COUNT];
    bool found;
    TRY(find_row(d, r, name, old, &found));
    if (!found)
        return missing(r, name);
    memcpy(v, old, sizeof(v));
    v[TRG_ENABLED] = datum_int(enabled);
    return systab_update(d->cat, PG_TRIGGER, old, v);
}

struct err *ddl_enable_trigger(struct ddl *d, struct relation **rel,
                               const PgQuery__AlterTableCmd *cmd, bool *done)
{
    static const struct {
        PgQuery__AlterTableType form;
        char enabled;
        bool all;
    } forms[] = {
        {PG_QUERY__ALTER_TABLE_TYPE__AT_EnableTrig, 'O', false},
        {PG_QUERY__ALTER_TABLE_TYPE__AT_DisableTrig, 'D', false},
        {PG_QUERY__ALTER_TABLE_TYPE__AT_EnableAlwaysTrig, 'A', false},
        {PG_QUERY__ALTER_TABLE_TYPE__AT_EnableReplicaTrig, 'R', false},
        {PG_QUERY__ALTER_TABLE_TYPE__AT_EnableTrigAll, 'O', true},
        {PG_QUERY__ALTER_TABLE_TYPE__AT_EnableTrigUser, 'O', true},
        {PG_QUERY__ALTER_TABLE_TYPE__AT_DisableTrigUser, 'D', true},
    };
    const struct relation *r = *rel;
    size_t i = 0;
    while (i < ARRAY_LENGTH(forms) && forms[i].form != cmd->subtype)
        i++;
    *done = i < ARRAY_LENGTH(forms);
    if (!*done)
        return NULL;
    if (!forms[i].all)
        TRY(set_enabled(d, r, cmd->name, forms[i].enabled));
    for (int k = 0; forms[i].all && k < r->ntriggers; k++)
        TRY(set_enabled(d, r, r->triggers[k].name, forms[i].enabled));
    return ddl_reopen(d, rel);
}
