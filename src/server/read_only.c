/* What a READ ONLY transaction refuses: manual page of SET TRANSACTION. */
#include "server/server_internal.h"

#include <pg_query/pg_query.pb-c.h>
#include <stdio.h>

const char *lock_clause_name(const struct query *q)
{
    switch (q->marks[0].mode) {
    case TXN_KEY_SHARE:
        return "FOR KEY SHARE";
    case TXN_SHARE:
        return "FOR SHARE";
    case TXN_NO_KEY_UPDATE:
        return "FOR NO KEY UPDATE";
    case TXN_UPDATE:
        return "FOR UPDATE";
    }
    UNREACHABLE();
}

static struct err *refuse(const char *what)
{
    return err_new("25006", "cannot execute %s in a read-only transaction", what);
}

struct err *check_read_only(struct backend *b, const struct statement_plan *plan)
{
    char text[32];
    if (plan->read_only || !b->xact.read_only)
        return NULL;
    switch (plan->query->kind) {
    case Q_SELECT:
        if (!plan->query->nmarks)
            return refuse("SELECT");
        snprintf(text, sizeof(text), "SELECT %s", lock_clause_name(plan->query));
        return refuse(text);
    case Q_INSERT:
        return refuse("INSERT");
    case Q_UPDATE:
        return refuse("UPDATE");
    case Q_DELETE:
        return refuse("DELETE");
    case Q_MERGE:
        return refuse("MERGE");
    case Q_UTILITY:
        return refuse("UTILITY");
    }
    UNREACHABLE();
}

/* The object of ALTER and DROP; the common ones by name. */
static const char *by_object(PgQuery__ObjectType type, const char *const names[8])
{
    switch (type) {
    case PG_QUERY__OBJECT_TYPE__OBJECT_INDEX:
        return names[1];
    case PG_QUERY__OBJECT_TYPE__OBJECT_SEQUENCE:
        return names[2];
    case PG_QUERY__OBJECT_TYPE__OBJECT_VIEW:
        return names[3];
    case PG_QUERY__OBJECT_TYPE__OBJECT_SCHEMA:
        return names[4];
    case PG_QUERY__OBJECT_TYPE__OBJECT_DATABASE:
        return names[5];
    case PG_QUERY__OBJECT_TYPE__OBJECT_TYPE:
        return names[6];
    case PG_QUERY__OBJECT_TYPE__OBJECT_DOMAIN:
        return names[7];
    default:
        return names[0];
    }
}

/* The name of a statement that changes the catalog or data; NULL: others may run. */
static const char *writing_statement(const PgQuery__Node *n)
{
    static const char *const alter[] = {"ALTER TABLE", "ALTER INDEX",  "ALTER SEQUENCE",
                                        "ALTER VIEW",  "ALTER SCHEMA", "ALTER DATABASE",
                                        "ALTER TYPE",  "ALTER DOMAIN"};
    static const char *const drop[] = {"DROP TABLE", "DROP INDEX",  "DROP SEQUENCE",
                                       "DROP VIEW",  "DROP SCHEMA", "DROP DATABASE",
                                       "DROP TYPE",  "DROP DOMAIN"};
    switch (n->node_case) {
    case PG_QUERY__NODE__NODE_CREATE_STMT:
        return "CREATE TABLE";
    case PG_QUERY__NODE__NODE_CREATE_TABLE_AS_STMT:
        return n->create_table_as_stmt->is_select_into ? "SELECT INTO" : "CREATE TABLE AS";
    case PG_QUERY__NODE__NODE_SELECT_STMT:
        return n->select_stmt->into_clause ? "SELECT INTO" : NULL;
    case PG_QUERY__NODE__NODE_CREATE_SEQ_STMT:
        return "CREATE SEQUENCE";
    case PG_QUERY__NODE__NODE_ALTER_SEQ_STMT:
        return "ALTER SEQUENCE";
    case PG_QUERY__NODE__NODE_VIEW_STMT:
        return "CREATE VIEW";
    case PG_QUERY__NODE__NODE_INDEX_STMT:
        return "CREATE INDEX";
    case PG_QUERY__NODE__NODE_ALTER_TABLE_STMT:
        return by_object(n->alter_table_stmt->objtype, alter);
    case PG_QUERY__NODE__NODE_RENAME_STMT:
        return by_object(n->rename_stmt->rename_type, alter);
    case PG_QUERY__NODE__NODE_ALTER_OBJECT_SCHEMA_STMT:
        return by_object(n->alter_object_schema_stmt->object_type, alter);
    case PG_QUERY__NODE__NODE_ALTER_OWNER_STMT:
        return by_object(n->alter_owner_stmt->object_type, alter);
    case PG_QUERY__NODE__NODE_DROP_STMT:
        return by_object(n->drop_stmt->remove_type, drop);
    case PG_QUERY__NODE__NODE_TRUNCATE_STMT:
        return "TRUNCATE TABLE";
    case PG_QUERY__NODE__NODE_CREATE_SCHEMA_STMT:
        return "CREATE SCHEMA";
    case PG_QUERY__NODE__NODE_COMMENT_STMT:
        return "COMMENT";
    case PG_QUERY__NODE__NODE_CREATEDB_STMT:
        return "CREATE DATABASE";
    case PG_QUERY__NODE__NODE_DROPDB_STMT:
        return "DROP DATABASE";
    case PG_QUERY__NODE__NODE_ALTER_ENUM_STMT:
        return "ALTER TYPE";
    case PG_QUERY__NODE__NODE_ALTER_DOMAIN_STMT:
        return "ALTER DOMAIN";
    case PG_QUERY__NODE__NODE_CREATE_ENUM_STMT:
    case PG_QUERY__NODE__NODE_CREATE_RANGE_STMT:
    case PG_QUERY__NODE__NODE_COMPOSITE_TYPE_STMT:
    case PG_QUERY__NODE__NODE_CREATE_DOMAIN_STMT:
    case PG_QUERY__NODE__NODE_GRANT_STMT:
    case PG_QUERY__NODE__NODE_GRANT_ROLE_STMT:
    case PG_QUERY__NODE__NODE_CREATE_ROLE_STMT:
    case PG_QUERY__NODE__NODE_ALTER_ROLE_STMT:
    case PG_QUERY__NODE__NODE_DROP_ROLE_STMT:
    case PG_QUERY__NODE__NODE_CREATE_FUNCTION_STMT:
    case PG_QUERY__NODE__NODE_CREATE_TRIG_STMT:
        return statement_name(n);
    default:
        return NULL;
    }
}

struct err *check_read_only_utility(struct backend *b, const PgQuery__Node *n)
{
    const char *what = b->xact.read_only ? writing_statement(n) : NULL;
    return what ? refuse(what) : NULL;
}
