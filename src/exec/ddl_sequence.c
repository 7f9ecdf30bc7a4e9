/* CREATE and ALTER SEQUENCE, and the sequences of serial and identity columns: their manual pages.
 */
#include "exec/ddl_internal.h"

#include "catalog/acl.h"

/* ---- options ---- */

struct seq_options {
    const PgQuery__DefElem *as, *increment, *min, *max, *start, *restart, *cache, *cycle, *owned_by;
};

static struct err *sort_options(struct ddl *d, PgQuery__Node **options, size_t n,
                                struct seq_options *q)
{
    const struct {
        const char *name;
        const PgQuery__DefElem **where;
    } known[] = {{"as", &q->as},        {"increment", &q->increment}, {"minvalue", &q->min},
                 {"maxvalue", &q->max}, {"start", &q->start},         {"restart", &q->restart},
                 {"cache", &q->cache},  {"cycle", &q->cycle},         {"owned_by", &q->owned_by}};
    *q = (struct seq_options){0};
    for (size_t i = 0; i < n; i++) {
        const PgQuery__DefElem *o = options[i]->def_elem;
        bool found = strcmp(o->defname, "sequence_name") == 0;
        for (size_t k = 0; k < ARRAY_LENGTH(known); k++) {
            if (strcmp(known[k].name, o->defname) != 0)
                continue;
            if (*known[k].where)
                return ddl_at(d, err_new("42601", "conflicting or redundant options"), o->location);
            *known[k].where = o;
            found = true;
        }
        if (!found)
            return err_unsupported("sequence option \"%s\" is not supported", o->defname);
    }
    return NULL;
}

static struct err *number(const PgQuery__DefElem *o, int64_t *out)
{
    const PgQuery__Node *n = o->arg;
    if (n->node_case == PG_QUERY__NODE__NODE_INTEGER) {
        *out = n->integer->ival;
        return NULL;
    }
    const char *text = n->node_case == PG_QUERY__NODE__NODE_FLOAT ? n->float_->fval : pg_str(n);
    if (!str_to_int64(str_from(text), out))
        return err_new("22003", "value \"%s\" is out of range for type bigint", text);
    return NULL;
}

static int64_t type_max(uint32_t type)
{
    return type == INT2_OID ? INT16_MAX : type == INT4_OID ? INT32_MAX : INT64_MAX;
}

static int64_t type_min(uint32_t type)
{
    return type == INT2_OID ? INT16_MIN : type == INT4_OID ? INT32_MIN : INT64_MIN;
}

/* AS; *reset_... when a bound was that of the old type. */
static struct err *set_type(struct ddl *d, const struct seq_options *q, bool create,
                            struct sequence_def *def, bool *reset_min, bool *reset_max)
{
    struct ddl_column c = {.name = "as"};
    const char *serial;
    *reset_min = *reset_max = false;
    if (!q->as)
        return NULL;
    TRY(ddl_type(d, q->as->arg->type_name, &c, &serial));
    if (c.type != INT2_OID && c.type != INT4_OID && c.type != INT8_OID)
        return err_new("22023", def->relid ? "sequence type must be smallint, integer, or bigint"
                                           : "sequence type must be smallint, integer, or bigint");
    *reset_max = !create && def->max == type_max(def->type);
    *reset_min = !create && def->min == type_min(def->type);
    def->type = c.type;
    return NULL;
}

static struct err *set_bound(const PgQuery__DefElem *o, bool is_max, bool create, bool reset,
                             struct sequence_def *def)
{
    int64_t *bound = is_max ? &def->max : &def->min;
    int64_t limit = is_max ? type_max(def->type) : type_min(def->type);
    bool along = is_max == (def->increment > 0);
    if (o && o->arg)
        TRY(number(o, bound));
    else if (create || o || reset)
        *bound = along || reset ? limit : is_max ? -1 : 1;
    if (*bound >= type_min(def->type) && *bound <= type_max(def->type))
        return NULL;
    return err_new("22023", "%s (%lld) is out of range for sequence data type %s",
                   is_max ? "MAXVALUE" : "MINVALUE", (long long)*bound,
                   def->type == INT2_OID ? "smallint" : "integer");
}

static struct err *check_between(const char *what, int64_t v, const struct sequence_def *def)
{
    if (v < def->min)
        return err_new("22023", "%s value (%lld) cannot be less than MINVALUE (%lld)", what,
                       (long long)v, (long long)def->min);
    if (v > def->max)
        return err_new("22023", "%s value (%lld) cannot be greater than MAXVALUE (%lld)", what,
                       (long long)v, (long long)def->max);
    return NULL;
}

static bool is_true(const PgQuery__DefElem *o)
{
    return o->arg &&
           (o->arg->node_case == PG_QUERY__NODE__NODE_BOOLEAN
                ? o->arg->boolean->boolval
                : o->arg->node_case == PG_QUERY__NODE__NODE_INTEGER && o->arg->integer->ival);
}

static struct err *apply_options(struct ddl *d, const struct seq_options *q, bool create,
                                 struct sequence_def *def)
{
    bool reset_min;
    bool reset_max;
    TRY(set_type(d, q, create, def, &reset_min, &reset_max));
    if (q->increment)
        TRY(number(q->increment, &def->increment));
    if (def->increment == 0)
        return err_new("22023", "INCREMENT must not be zero");
    if (q->cycle)
        def->cycle = is_true(q->cycle);
    TRY(set_bound(q->max, true, create, reset_max, def));
    TRY(set_bound(q->min, false, create, reset_min, def));
    if (def->min >= def->max)
        return err_new("22023", "MINVALUE (%lld) must be less than MAXVALUE (%lld)",
                       (long long)def->min, (long long)def->max);
    if (q->start && q->start->arg)
        TRY(number(q->start, &def->start));
    else if (create)
        def->start = def->increment > 0 ? def->min : def->max;
    TRY(check_between("START", def->start, def));
    if (q->cache)
        TRY(number(q->cache, &def->cache));
    if (def->cache <= 0)
        return err_new("22023", "CACHE (%lld) must be greater than zero", (long long)def->cache);
    return NULL;
}

/* ---- OWNED BY ---- */

/* table.column, or NONE: class_id 0. */
static struct err *find_owner(struct ddl *d, const PgQuery__List *names,
                              const struct relation *sequence, uint32_t nsp,
                              struct object_address *out)
{
    size_t n = names->n_items;
    struct relation *r;
    uint32_t oid;
    *out = (struct object_address){0};
    if (n == 1 && strcmp(pg_str(names->items[0]), "none") == 0)
        return NULL;
    if (n == 1)
        return err_hint(err_new("42601", "invalid OWNED BY option"),
                        "Specify OWNED BY table.column or OWNED BY NONE.");
    struct str schema = n > 2 ? str_from(pg_str(names->items[0])) : STR("");
    if (schema.len)
        TRY(acl_check_schema(d->cat, schema));
    TRY(cat_find_relation(d->cat, schema, str_from(pg_str(names->items[n - 2])), false, &oid));
    if (!oid)
        return err_new("42P01", "relation \"%s\" does not exist", pg_str(names->items[n - 2]));
    TRY(cat_relation(d->cat, oid, &r));
    int att = relation_attnum(r, str_from(pg_str(names->items[n - 1])));
    struct err *e = NULL;
    if (r->kind != 'r')
        e = err_detail(err_new("42809", "sequence cannot be owned by relation \"%s\"", r->name),
                       "This operation is not supported for %s.",
                       r->kind == 'S'   ? "sequences"
                       : r->kind == 'i' ? "indexes"
                                        : "views");
    else if (r->owner != (sequence ? sequence->owner : d->cat->role))
        e = err_new("55000", "sequence must have same owner as table it is linked to");
    else if (r->nsp != nsp)
        e = err_new("55000", "sequence must be in same schema as table it is linked to");
    else if (!att)
        e = err_new("42703", "column \"%s\" of relation \"%s\" does not exist",
                    pg_str(names->items[n - 1]), r->name);
    relation_unref(r);
    *out = (struct object_address){PG_CLASS, oid, att};
    return e;
}

/* The sequence of an identity column stays with it. */
static struct err *check_not_identity(struct ddl *d, const struct relation *sequence,
                                      const struct depend_list *deps)
{
    for (int i = 0; i < deps->count; i++) {
        struct relation *table;
        if (deps->items[i].type != DEPEND_INTERNAL)
            continue;
        TRY(cat_relation(d->cat, deps->items[i].referenced.object_id, &table));
        struct err *e = err_detail(err_new("0A000", "cannot change ownership of identity sequence"),
                                   "Sequence \"%s\" is linked to table \"%s\".", sequence->name,
                                   table ? table->name : "?");
        relation_unref(table);
        return e;
    }
    return NULL;
}

static struct err *change_owner(struct ddl *d, const struct relation *sequence,
                                const PgQuery__List *names)
{
    struct object_address self = {PG_CLASS, sequence->oid, 0};
    struct object_address owner;
    struct depend_list deps = {0};
    TRY(depend_of(d->cat, self, d->arena, &deps));
    TRY(check_not_identity(d, sequence, &deps));
    TRY(find_owner(d, names, sequence, sequence->nsp, &owner));
    TRY(depend_forget(d->cat, self));
    TRY(depend_record(d->cat, self, (struct object_address){PG_NAMESPACE, sequence->nsp, 0},
                      DEPEND_NORMAL));
    return owner.class_id ? depend_record(d->cat, self, owner, DEPEND_AUTO) : NULL;
}

/* ---- CREATE ---- */

struct err *ddl_make_sequence(struct ddl *d, const struct new_sequence *n, uint32_t *oid)
{
    struct seq_options q;
    struct sequence_def def = {.type = n->type, .increment = 1, .cache = 1};
    int64_t first;
    TRY(sort_options(d, n->options, n->noptions, &q));
    TRY(apply_options(d, &q, true, &def));
    first = def.start;
    if (q.restart && q.restart->arg)
        TRY(number(q.restart, &first));
    TRY(check_between("RESTART", first, &def));
    const struct ddl_column cols[] = {
        {.name = "last_value", .type = INT8_OID, .typmod = -1, .not_null = true},
        {.name = "log_cnt", .type = INT8_OID, .typmod = -1, .not_null = true},
        {.name = "is_called", .type = BOOL_OID, .typmod = -1, .not_null = true}};
    struct ddl_relation rel = {.name = n->name,
                               .nsp = n->nsp,
                               .kind = 'S',
                               .persistence = n->persistence ? n->persistence : 'p',
                               .owner = d->cat->role,
                               .columns = cols,
                               .ncolumns = 3,
                               .storage_id = txn_new_storage_id(catalog_txn_mgr(d->cat->shared))};
    TRY(ddl_create_relation(d->cat, &rel, oid));
    def.relid = *oid;
    TRY(sequence_create(d->cat, &def, rel.storage_id));
    if (first != def.start)
        TRY(sequence_restart(d->cat, rel.storage_id, first, false));
    if (n->owner.class_id)
        TRY(depend_record(d->cat, (struct object_address){PG_CLASS, *oid, 0}, n->owner,
                          (enum depend_type)n->owner_dep));
    return NULL;
}

struct err *ddl_create_sequence(struct ddl *d, const PgQuery__CreateSeqStmt *c)
{
    struct new_sequence n = {.name = c->sequence->relname,
                             .type = INT8_OID,
                             .options = c->options,
                             .noptions = c->n_options,
                             .owner_dep = 'a'};
    struct seq_options q;
    bool skip;
    uint32_t oid;
    TRY(ddl_target_nsp(d, c->sequence, &n.nsp));
    n.persistence = ddl_persistence(d, c->sequence, n.nsp);
    TRY(ddl_check_name(d, n.nsp, n.name, c->if_not_exists, &skip));
    if (skip)
        return NULL;
    TRY(sort_options(d, c->options, c->n_options, &q));
    if (q.owned_by)
        TRY(find_owner(d, q.owned_by->arg->list, NULL, n.nsp, &n.owner));
    return ddl_make_sequence(d, &n, &oid);
}

/* ---- ALTER ---- */

/* A new definition begins with new state, under a storage id of its own: both belong to the
 * transaction, and numbers that were logged ahead by the old increment are forgotten. Nobody takes
 * numbers meanwhile: that needs a lock. */
struct err *ddl_change_sequence(struct ddl *d, const struct relation *r, PgQuery__Node **options,
                                size_t noptions)
{
    struct sequence_def def;
    struct seq_options q;
    struct sequence_state state;
    TRY(sort_options(d, options, noptions, &q));
    TRY(sequence_definition(d->cat, r->oid, &def));
    TRY(apply_options(d, &q, false, &def));
    TRY(sequence_peek(d->cat, r, &state));
    if (q.restart) {
        state.called = false;
        state.last = def.start;
        if (q.restart->arg)
            TRY(number(q.restart, &state.last));
    }
    TRY(check_between("RESTART", state.last, &def));
    bool only_owner = noptions == 1 && q.owned_by;
    if (!only_owner && noptions) {
        uint32_t sid = txn_new_storage_id(catalog_txn_mgr(d->cat->shared));
        TRY(sequence_alter(d->cat, &def));
        TRY(sequence_restart(d->cat, sid, state.last, state.called));
        TRY(txn_drop_storage(d->cat->txn, r->storage_id));
        TRY(ddl_update_class(d->cat, r->oid, CLS_FILENODE, datum_int(sid)));
    }
    return q.owned_by ? change_owner(d, r, q.owned_by->arg->list) : NULL;
}

struct err *ddl_alter_sequence(struct ddl *d, const PgQuery__AlterSeqStmt *c)
{
    struct relation *r;
    TRY(ddl_open_if_exists(d, c->sequence, TXN_SHARE_ROW_EXCLUSIVE, c->missing_ok, &r));
    if (!r)
        return NULL;
    struct err *e = ddl_must_own(d, r);
    if (!e && r->kind != 'S')
        e = err_new("42809", "\"%s\" is not a sequence", r->name);
    if (!e)
        e = ddl_change_sequence(d, r, c->options, c->n_options);
    relation_unref(r);
    return e;
}

struct err *ddl_restart_sequence(struct ddl *d, const struct relation *r)
{
    struct sequence_def def;
    uint32_t sid = txn_new_storage_id(catalog_txn_mgr(d->cat->shared));
    TRY(sequence_definition(d->cat, r->oid, &def));
    TRY(sequence_restart(d->cat, sid, def.start, false));
    TRY(txn_drop_storage(d->cat->txn, r->storage_id));
    return ddl_update_class(d->cat, r->oid, CLS_FILENODE, datum_int(sid));
}

/* ---- identity columns ---- */

static bool is_integer(uint32_t type)
{
    return type == INT2_OID || type == INT4_OID || type == INT8_OID;
}

/* The sequence of a column, with a reference; NULL: none. */
static struct err *identity_sequence(struct ddl *d, const struct relation *r, int att,
                                     struct relation **out)
{
    struct depend_list deps = {0};
    *out = NULL;
    TRY(depend_on(d->cat, (struct object_address){PG_CLASS, r->oid, att}, d->arena, &deps));
    for (int i = 0; i < deps.count && !*out; i++) {
        if (deps.items[i].object.class_id != PG_CLASS || deps.items[i].type != DEPEND_INTERNAL)
            continue;
        TRY(cat_relation(d->cat, deps.items[i].object.object_id, out));
        if (*out && (*out)->kind != 'S') {
            relation_unref(*out);
            *out = NULL;
        }
    }
    return NULL;
}

struct err *ddl_column_sequence(struct ddl *d, const struct relation *r, const char *column,
                                bool fresh, struct new_sequence *n, uint32_t *oid)
{
    n->nsp = r->nsp;
    n->persistence = r->persistence;
    TRY(ddl_choose_name(d->cat, r->nsp, r->name, column, "seq", false, 0, d->arena, &n->name));
    ddl_notice(d, "DEBUG",
               err_new("00000",
                       "%s TABLE will create implicit sequence \"%s\" for serial column \"%s.%s\"",
                       fresh ? "CREATE" : "ALTER", n->name, r->name, column));
    return ddl_make_sequence(d, n, oid);
}

struct err *ddl_make_identity(struct ddl *d, const struct relation *r, bool fresh,
                              const char *column, int att, uint32_t type,
                              const PgQuery__Constraint *c)
{
    struct new_sequence n = {.type = type,
                             .options = c->options,
                             .noptions = c->n_options,
                             .owner = {PG_CLASS, r->oid, att},
                             .owner_dep = 'i'};
    uint32_t oid;
    if (!is_integer(type))
        return err_new("22023", "identity column type must be smallint, integer, or bigint");
    return ddl_column_sequence(d, r, column, fresh, &n, &oid);
}

static struct err *find_column(const struct relation *r, const char *name, int *att)
{
    *att = relation_attnum(r, str_from(name));
    return *att
               ? NULL
               : err_new("42703", "column \"%s\" of relation \"%s\" does not exist", name, r->name);
}

struct err *ddl_add_identity(struct ddl *d, struct relation **rel,
                             const PgQuery__AlterTableCmd *cmd)
{
    struct relation *r = *rel;
    const PgQuery__Constraint *c = cmd->def->constraint;
    int att;
    TRY(find_column(r, cmd->name, &att));
    const struct attr *a = &r->atts[att - 1];
    if (!is_integer(a->type))
        return err_new("22023", "identity column type must be smallint, integer, or bigint");
    if (!a->not_null)
        return err_new("55000",
                       "column \"%s\" of relation \"%s\" must be declared NOT NULL before identity "
                       "can be added",
                       a->name, r->name);
    if (a->identity)
        return err_new("55000", "column \"%s\" of relation \"%s\" is already an identity column",
                       a->name, r->name);
    if (a->default_sql)
        return err_new("55000", "column \"%s\" of relation \"%s\" already has a default value",
                       a->name, r->name);
    TRY(ddl_make_identity(d, r, false, a->name, att, a->type, c));
    TRY(ddl_update_attribute(d->cat, r->oid, att, ATT_IDENTITY, datum_int(c->generated_when[0])));
    return ddl_reopen(d, rel);
}

struct err *ddl_set_identity(struct ddl *d, struct relation **rel,
                             const PgQuery__AlterTableCmd *cmd)
{
    struct relation *r = *rel;
    struct relation *sequence;
    const PgQuery__List *l = cmd->def->list;
    PgQuery__Node **options = arena_new_array(d->arena, PgQuery__Node *, l->n_items + 1);
    size_t n = 0;
    int att;
    char generated = 0;
    TRY(find_column(r, cmd->name, &att));
    if (!r->atts[att - 1].identity)
        return err_new("55000", "column \"%s\" of relation \"%s\" is not an identity column",
                       cmd->name, r->name);
    for (size_t i = 0; i < l->n_items; i++) {
        const PgQuery__DefElem *o = l->items[i]->def_elem;
        if (strcmp(o->defname, "generated") == 0)
            generated = (char)o->arg->integer->ival;
        else
            options[n++] = l->items[i];
    }
    if (generated)
        TRY(ddl_update_attribute(d->cat, r->oid, att, ATT_IDENTITY, datum_int(generated)));
    TRY(identity_sequence(d, r, att, &sequence));
    if (sequence && n) {
        bool locked;
        struct err *e =
            txn_lock_table(d->cat->txn, sequence->oid, TXN_SHARE_ROW_EXCLUSIVE, TXN_WAIT, &locked);
        if (!e)
            e = ddl_reopen(d, &sequence);
        if (!e)
            e = ddl_change_sequence(d, sequence, options, n);
        relation_unref(sequence);
        TRY(e);
    } else {
        relation_unref(sequence);
    }
    return ddl_reopen(d, rel);
}

struct err *ddl_drop_identity(struct ddl *d, struct relation **rel,
                              const PgQuery__AlterTableCmd *cmd)
{
    struct relation *r = *rel;
    struct relation *sequence;
    int att;
    TRY(find_column(r, cmd->name, &att));
    if (!r->atts[att - 1].identity) {
        if (!cmd->missing_ok)
            return err_new("55000", "column \"%s\" of relation \"%s\" is not an identity column",
                           cmd->name, r->name);
        ddl_notice(d, "NOTICE",
                   err_new("00000",
                           "column \"%s\" of relation \"%s\" is not an identity column, skipping",
                           cmd->name, r->name));
        return NULL;
    }
    TRY(ddl_update_attribute(d->cat, r->oid, att, ATT_IDENTITY, datum_int(0)));
    TRY(identity_sequence(d, r, att, &sequence));
    if (sequence) {
        struct object_address o = {PG_CLASS, sequence->oid, 0};
        relation_unref(sequence);
        TRY(depend_forget(d->cat, o));
        TRY(ddl_drop_objects(d, &o, 1, false));
    }
    return ddl_reopen(d, rel);
}
