/* Which forms of ALTER TABLE apply to which kinds of relations, and the names of the forms. */
#include "exec/ddl_internal.h"

#define AT(name) PG_QUERY__ALTER_TABLE_TYPE__AT_##name

static const struct form {
    PgQuery__AlterTableType type;
    const char *name;
    const char *kinds; /* letters of pg_class.relkind; "": any */
} forms[] = {
    {AT(AddColumn), "ADD COLUMN", "rc"},
    {AT(ColumnDefault), "ALTER COLUMN ... SET DEFAULT", "rv"},
    {AT(DropNotNull), "ALTER COLUMN ... DROP NOT NULL", "r"},
    {AT(SetNotNull), "ALTER COLUMN ... SET NOT NULL", "r"},
    {AT(DropExpression), "ALTER COLUMN ... DROP EXPRESSION", "r"},
    {AT(SetStatistics), "ALTER COLUMN ... SET STATISTICS", "rmi"},
    {AT(SetOptions), "ALTER COLUMN ... SET", "rm"},
    {AT(ResetOptions), "ALTER COLUMN ... RESET", "rm"},
    {AT(SetStorage), "ALTER COLUMN ... SET STORAGE", "rm"},
    {AT(SetCompression), "ALTER COLUMN ... SET COMPRESSION", "rm"},
    {AT(DropColumn), "DROP COLUMN", "rc"},
    {AT(AddConstraint), "ADD CONSTRAINT", "r"},
    {AT(AlterConstraint), "ALTER CONSTRAINT", "r"},
    {AT(ValidateConstraint), "VALIDATE CONSTRAINT", "r"},
    {AT(DropConstraint), "DROP CONSTRAINT", "r"},
    {AT(AlterColumnType), "ALTER COLUMN ... SET DATA TYPE", "rc"},
    {AT(ClusterOn), "CLUSTER ON", "rm"},
    {AT(DropCluster), "SET WITHOUT CLUSTER", "rm"},
    {AT(SetLogged), "SET LOGGED", "rS"},
    {AT(SetUnLogged), "SET UNLOGGED", "rS"},
    {AT(DropOids), "SET WITHOUT OIDS", "r"},
    {AT(SetAccessMethod), "SET ACCESS METHOD", "rm"},
    {AT(SetTableSpace), "SET TABLESPACE", "rmi"},
    {AT(SetRelOptions), "SET", "rvmi"},
    {AT(ResetRelOptions), "RESET", "rvmi"},
    {AT(EnableTrig), "ENABLE TRIGGER", "r"},
    {AT(DisableTrig), "DISABLE TRIGGER", "r"},
    {AT(EnableAlwaysTrig), "ENABLE ALWAYS TRIGGER", "r"},
    {AT(EnableReplicaTrig), "ENABLE REPLICA TRIGGER", "r"},
    {AT(EnableTrigAll), "ENABLE TRIGGER ALL", "r"},
    {AT(DisableTrigAll), "DISABLE TRIGGER ALL", "r"},
    {AT(EnableTrigUser), "ENABLE TRIGGER USER", "r"},
    {AT(DisableTrigUser), "DISABLE TRIGGER USER", "r"},
    {AT(EnableRule), "ENABLE RULE", "r"},
    {AT(DisableRule), "DISABLE RULE", "r"},
    {AT(EnableAlwaysRule), "ENABLE ALWAYS RULE", "r"},
    {AT(EnableReplicaRule), "ENABLE REPLICA RULE", "r"},
    {AT(AddInherit), "INHERIT", "r"},
    {AT(DropInherit), "NO INHERIT", "r"},
    {AT(AddOf), "OF", "r"},
    {AT(DropOf), "NOT OF", "r"},
    {AT(ReplicaIdentity), "REPLICA IDENTITY", "rm"},
    {AT(EnableRowSecurity), "ENABLE ROW SECURITY", "r"},
    {AT(DisableRowSecurity), "DISABLE ROW SECURITY", "r"},
    {AT(ForceRowSecurity), "FORCE ROW SECURITY", "r"},
    {AT(NoForceRowSecurity), "NO FORCE ROW SECURITY", "r"},
    {AT(AddIdentity), "ALTER COLUMN ... ADD IDENTITY", "rv"},
    {AT(SetIdentity), "ALTER COLUMN ... SET", "rv"},
    {AT(DropIdentity), "ALTER COLUMN ... DROP IDENTITY", "rv"},
    {AT(AttachPartition), "ATTACH PARTITION", "r"},
    {AT(DetachPartition), "DETACH PARTITION", "r"},
};

static const struct form *form_of(const PgQuery__AlterTableCmd *cmd)
{
    for (size_t i = 0; i < ARRAY_LENGTH(forms); i++)
        if (forms[i].type == cmd->subtype)
            return &forms[i];
    return NULL;
}

const char *ddl_kinds_name(char relkind)
{
    switch (relkind) {
    case 'v':
        return "views";
    case 'm':
        return "materialized views";
    case 'i':
        return "indexes";
    case 'S':
        return "sequences";
    case 'c':
        return "composite types";
    default:
        return "tables";
    }
}

struct err *ddl_check_form(const struct relation *r, const PgQuery__AlterTableCmd *cmd)
{
    const struct form *f = form_of(cmd);
    if (!f || strchr(f->kinds, r->kind))
        return NULL;
    return err_detail(err_new("42809", "ALTER action %s cannot be performed on relation \"%s\"",
                              f->name, r->name),
                      "This operation is not supported for %s.", ddl_kinds_name(r->kind));
}

/* Nobody can make rules here, so what is named is missing. */
static struct err *missing_object(const struct relation *r, const PgQuery__AlterTableCmd *cmd)
{
    switch (cmd->subtype) {
    case AT(EnableRule):
    case AT(DisableRule):
    case AT(EnableAlwaysRule):
    case AT(EnableReplicaRule):
        return err_new("42704", "rule \"%s\" for relation \"%s\" does not exist", cmd->name,
                       r->name);
    case AT(AttachPartition):
    case AT(DetachPartition):
        return err_new("42809", "table \"%s\" is not partitioned", r->name);
    default:
        return NULL;
    }
}

static struct err *parent_form(struct ddl *d, const struct relation *r,
                               const PgQuery__AlterTableCmd *cmd)
{
    struct relation *parent;
    TRY(ddl_open(d, cmd->def->range_var, TXN_ACCESS_SHARE, false, &parent));
    struct err *e = cmd->subtype == AT(DropInherit)
                        ? err_new("42P01", "relation \"%s\" is not a parent of relation \"%s\"",
                                  parent->name, r->name)
                        : err_unsupported("ALTER TABLE ... INHERIT is not supported yet");
    relation_unref(parent);
    return e;
}

struct err *ddl_unsupported_form(struct ddl *d, const struct relation *r,
                                 const PgQuery__AlterTableCmd *cmd)
{
    const struct form *f = form_of(cmd);
    TRY(missing_object(r, cmd));
    if (cmd->subtype == AT(AddInherit) || cmd->subtype == AT(DropInherit))
        return parent_form(d, r, cmd);
    return f ? err_unsupported("ALTER TABLE ... %s is not supported yet", f->name)
             : err_unsupported("this form of ALTER TABLE is not supported yet");
}
