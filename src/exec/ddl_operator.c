/* Base types, operators and operator classes. The SQL of extensions makes them (extension.c); users
 * cannot, as what they stand for is C code. They are in the schema of the extension and belong to
 * it; what else they depend on belongs to it too. */
#include "exec/ddl_internal.h"

enum { MAX_OPERANDS = 2, MAX_ITEM_TYPES = 8 };

/* The value of an option, NULL: it is not there. */
static const PgQuery__Node *find_option(const PgQuery__DefineStmt *s, const char *name)
{
    for (size_t i = 0; i < s->n_definition; i++)
        if (strcmp(s->definition[i]->def_elem->defname, name) == 0)
            return s->definition[i]->def_elem->arg;
    return NULL;
}

static bool has_option(const PgQuery__DefineStmt *s, const char *name)
{
    for (size_t i = 0; i < s->n_definition; i++)
        if (strcmp(s->definition[i]->def_elem->defname, name) == 0)
            return true;
    return false;
}

/* The last part of a name, which is parsed as a type's, an operator's or a word. */
static const char *word_of(const PgQuery__Node *n)
{
    if (!n)
        return NULL;
    if (n->node_case == PG_QUERY__NODE__NODE_TYPE_NAME)
        return pg_str(n->type_name->names[n->type_name->n_names - 1]);
    if (n->node_case == PG_QUERY__NODE__NODE_LIST)
        return pg_str(n->list->items[n->list->n_items - 1]);
    return pg_str(n);
}

static const char *word_option(const PgQuery__DefineStmt *s, const char *name)
{
    return word_of(find_option(s, name));
}

static struct err *type_of(struct ddl *d, const PgQuery__TypeName *t, uint32_t *out)
{
    int32_t typmod;
    int ndims;
    return resolve_type_name(d->cat, d->sql, t, out, &typmod, &ndims);
}

/* ---- functions ---- */

static bool takes(const struct cat_proc *p, const uint32_t *types, int n)
{
    return p->nargs == n && memcmp(p->argtypes, types, sizeof(*types) * (size_t)n) == 0;
}

/* `types` NULL: the only one of that name. */
static struct err *find_function(struct ddl *d, const char *name, const uint32_t *types, int n,
                                 const struct cat_proc **out)
{
    const struct cat_proc **users;
    int nusers;
    int nbuiltin;
    const struct cat_proc *builtin = builtin_procs(str_from(name), &nbuiltin);
    TRY(cat_user_procs(d->cat, STR(""), str_from(name), d->arena, &users, &nusers));
    for (int i = 0; i < nusers + nbuiltin; i++) {
        const struct cat_proc *p = i < nusers ? users[i] : &builtin[i - nusers];
        if (!types || takes(p, types, n)) {
            *out = p;
            return NULL;
        }
    }
    return err_new("42883", "function %s does not exist",
                   ddl_signature(d, name, types, types ? n : 0, ", "));
}

/* The OID of the function that an option names, 0 without the option. */
static struct err *function_option(struct ddl *d, const PgQuery__DefineStmt *s, const char *option,
                                   uint32_t *out)
{
    const char *name = word_option(s, option);
    const struct cat_proc *p;
    *out = 0;
    if (!name)
        return NULL;
    TRY(find_function(d, name, NULL, 0, &p));
    *out = p->oid;
    return NULL;
}

/* ---- CREATE TYPE ---- */

struct err *ddl_create_base_type(struct ddl *d, const PgQuery__DefineStmt *s)
{
    static const char *const names[] = {"input", "output", "receive", "send"};
    const char *name = pg_str(s->defnames[s->n_defnames - 1]);
    const char *category = word_option(s, "category");
    uint32_t io[ARRAY_LENGTH(names)];
    uint32_t oid;
    uint32_t subscript;
    if (!s->n_definition) {
        TRY(ddl_create_shell_type(d->cat, d->home->nsp, name, d->cat->role, &oid));
        return ddl_add_member(d, (struct object_address){PG_TYPE, oid, 0});
    }
    TRY(cat_type_oid(d->cat, d->home->nsp, str_from(name), &oid));
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        TRY(function_option(d, s, names[i], &io[i]));
    TRY(function_option(d, s, "subscript", &subscript));
    return ddl_define_base_type(d->cat, oid, io, category ? category[0] : 'U',
                                has_option(s, "collatable") ? DEFAULT_COLLATION : 0, subscript);
}

/* ---- CREATE OPERATOR ---- */

static struct err *operand(struct ddl *d, const PgQuery__DefineStmt *s, const char *name,
                           uint32_t *out)
{
    const PgQuery__Node *n = find_option(s, name);
    *out = 0;
    return n ? type_of(d, n->type_name, out) : NULL;
}

static struct err *find_operator(struct ddl *d, const char *name, uint32_t left, uint32_t right,
                                 uint32_t *out)
{
    const struct cat_oper *made;
    int nmade;
    int nbuiltin;
    const struct cat_oper *builtin = builtin_opers(str_from(name), &nbuiltin);
    TRY(cat_user_opers(d->cat, STR(""), str_from(name), d->arena, &made, &nmade));
    *out = 0;
    for (int i = 0; i < nmade + nbuiltin; i++) {
        const struct cat_oper *o = i < nmade ? &made[i] : &builtin[i - nmade];
        if (o->left == left && o->right == right)
            *out = o->oid;
    }
    return NULL;
}

/* Sets a column of another operator that names no operator yet. */
static struct err *link_back(struct ddl *d, uint32_t oid, int column, uint32_t to)
{
    struct datum key = datum_int(oid);
    struct datum v[OPR_COUNT];
    bool found;
    TRY(systab_get(d->cat, PG_OPERATOR, OPERATOR_OID_INDEX, &key, 1, d->arena, v, &found));
    if (!found || v[column].u)
        return NULL;
    v[column] = datum_int(to);
    return ddl_put_operator_row(d->cat, PG_OPERATOR, v);
}

/* The commutator or negator: itself, or one that is there already; of one that comes later, it is
 * that one's to tell. */
static struct err *partner(struct ddl *d, const PgQuery__DefineStmt *s, int column, struct datum *v)
{
    const bool swap = column == OPR_COM;
    const char *name = word_option(s, swap ? "commutator" : "negator");
    const uint32_t left = (uint32_t)v[swap ? OPR_RIGHT : OPR_LEFT].u;
    const uint32_t right = (uint32_t)v[swap ? OPR_LEFT : OPR_RIGHT].u;
    uint32_t oid;
    if (!name)
        return NULL;
    TRY(find_operator(d, name, left, right, &oid));
    if (swap && left == right && str_eq_c(datum_as_str(v[OPR_NAME]), name))
        oid = (uint32_t)v[OPR_OID].u;
    v[column] = datum_int(oid);
    return oid ? link_back(d, oid, column, (uint32_t)v[OPR_OID].u) : NULL;
}

static struct err *estimator(struct ddl *d, const PgQuery__DefineStmt *s, const char *option,
                             struct datum *out)
{
    uint32_t oid;
    TRY(function_option(d, s, option, &oid));
    *out = datum_int(oid);
    return NULL;
}

struct err *ddl_create_operator(struct ddl *d, const PgQuery__DefineStmt *s)
{
    struct datum v[OPR_COUNT];
    const struct cat_proc *p;
    uint32_t types[MAX_OPERANDS];
    uint32_t oid;
    TRY(operand(d, s, "leftarg", &types[0]));
    TRY(operand(d, s, "rightarg", &types[1]));
    const bool prefix = !types[0];
    TRY(find_function(d, word_option(s, "procedure"), types + prefix, MAX_OPERANDS - prefix, &p));
    TRY(cat_new_oid(d->cat, &oid));
    v[OPR_OID] = datum_int(oid);
    v[OPR_NAME] = cstr_datum(pg_str(s->defnames[s->n_defnames - 1]));
    v[OPR_NSP] = datum_int(d->home->nsp);
    v[OPR_OWNER] = datum_int(d->cat->role);
    v[OPR_KIND] = datum_int(prefix ? 'l' : 'b');
    v[OPR_CANMERGE] = datum_bool(has_option(s, "merges"));
    v[OPR_CANHASH] = datum_bool(has_option(s, "hashes"));
    v[OPR_LEFT] = datum_int(types[0]);
    v[OPR_RIGHT] = datum_int(types[1]);
    v[OPR_RESULT] = datum_int(p->rettype);
    v[OPR_COM] = v[OPR_NEGATE] = datum_int(0);
    v[OPR_CODE] = datum_int(p->oid);
    TRY(estimator(d, s, "restrict", &v[OPR_REST]));
    TRY(estimator(d, s, "join", &v[OPR_JOIN]));
    TRY(partner(d, s, OPR_COM, v));
    TRY(partner(d, s, OPR_NEGATE, v));
    TRY(ddl_put_operator_row(d->cat, PG_OPERATOR, v));
    return ddl_add_member(d, (struct object_address){PG_OPERATOR, oid, 0});
}

/* ---- CREATE OPERATOR CLASS ---- */

struct opclass {
    uint32_t am;
    uint32_t family;
    uint32_t input;
    uint32_t key; /* what an index holds; 0: the type itself */
};

static struct err *item_types(struct ddl *d, const PgQuery__ObjectWithArgs *o, uint32_t *types,
                              int *n)
{
    *n = 0;
    for (size_t i = 0; i < o->n_objargs && i < MAX_ITEM_TYPES; i++)
        TRY(type_of(d, o->objargs[i]->type_name, &types[(*n)++]));
    return NULL;
}

static struct err *add_operator(struct ddl *d, const struct opclass *c,
                                const PgQuery__CreateOpClassItem *item)
{
    const char *name = pg_str(item->name->objname[item->name->n_objname - 1]);
    uint32_t types[MAX_ITEM_TYPES] = {c->input, c->input};
    uint32_t oper;
    uint32_t oid;
    int n;
    if (item->name->n_objargs)
        TRY(item_types(d, item->name, types, &n));
    TRY(find_operator(d, name, types[0], types[1], &oper));
    if (!oper)
        return err_new("42883", "operator does not exist: %s", name);
    TRY(cat_new_oid(d->cat, &oid));
    const struct datum v[AMOP_COUNT] = {
        [AMOP_OID] = datum_int(oid),
        [AMOP_FAMILY] = datum_int(c->family),
        [AMOP_LEFT] = datum_int(types[0]),
        [AMOP_RIGHT] = datum_int(types[1]),
        [AMOP_STRATEGY] = datum_int(item->number),
        [AMOP_PURPOSE] = datum_int('s'),
        [AMOP_OPR] = datum_int(oper),
        [AMOP_METHOD] = datum_int(c->am),
        [AMOP_SORTFAMILY] = datum_int(0),
    };
    return ddl_put_operator_row(d->cat, PG_AMOP, v);
}

static struct err *add_function(struct ddl *d, const struct opclass *c,
                                const PgQuery__CreateOpClassItem *item)
{
    uint32_t types[MAX_ITEM_TYPES];
    const struct cat_proc *p;
    uint32_t oid;
    int n;
    TRY(item_types(d, item->name, types, &n));
    TRY(find_function(d, pg_str(item->name->objname[item->name->n_objname - 1]), types, n, &p));
    TRY(cat_new_oid(d->cat, &oid));
    const struct datum v[AMPROC_COUNT] = {datum_int(oid),          datum_int(c->family),
                                          datum_int(c->input),     datum_int(c->input),
                                          datum_int(item->number), datum_int(p->oid)};
    return systab_insert(d->cat, PG_AMPROC, v);
}

static struct err *add_family(struct ddl *d, const char *name, struct opclass *c)
{
    TRY(cat_new_oid(d->cat, &c->family));
    const struct datum v[FAM_COUNT] = {datum_int(c->family), datum_int(c->am), cstr_datum(name),
                                       datum_int(d->home->nsp), datum_int(d->cat->role)};
    TRY(systab_insert(d->cat, PG_OPFAMILY, v));
    return ddl_add_member(d, (struct object_address){PG_OPFAMILY, c->family, 0});
}

struct err *ddl_create_opclass(struct ddl *d, const PgQuery__CreateOpClassStmt *s)
{
    enum { OPERATOR_ITEM = 1, FUNCTION_ITEM, STORAGE_ITEM };
    const char *name = pg_str(s->opclassname[s->n_opclassname - 1]);
    struct opclass c = {.am = builtin_am(str_from(s->amname))};
    uint32_t oid;
    TRY(type_of(d, s->datatype, &c.input));
    TRY(add_family(d, name, &c));
    for (size_t i = 0; i < s->n_items; i++) {
        const PgQuery__CreateOpClassItem *item = s->items[i]->create_op_class_item;
        if (item->itemtype == OPERATOR_ITEM)
            TRY(add_operator(d, &c, item));
        else if (item->itemtype == FUNCTION_ITEM)
            TRY(add_function(d, &c, item));
        else
            TRY(type_of(d, item->storedtype, &c.key));
    }
    TRY(cat_new_oid(d->cat, &oid));
    const struct datum v[OPC_COUNT] = {
        [OPC_OID] = datum_int(oid),
        [OPC_METHOD] = datum_int(c.am),
        [OPC_NAME] = cstr_datum(name),
        [OPC_NSP] = datum_int(d->home->nsp),
        [OPC_OWNER] = datum_int(d->cat->role),
        [OPC_FAMILY] = datum_int(c.family),
        [OPC_INTYPE] = datum_int(c.input),
        [OPC_DEFAULT] = datum_bool(s->is_default),
        [OPC_KEYTYPE] = datum_int(c.key),
    };
    TRY(ddl_put_operator_row(d->cat, PG_OPCLASS, v));
    return ddl_add_member(d, (struct object_address){PG_OPCLASS, oid, 0});
}

/* ---- names of them, and other schemas ---- */

/* "operator =(citext,citext)", "operator class citext_ops for access method btree". */
struct err *ddl_describe_operator(struct ddl *d, struct object_address o, struct buf *out)
{
    struct datum v[SYSTAB_MAX_COLUMNS];
    struct datum key = datum_int(o.object_id);
    const struct cat_oper *op = o.class_id == PG_OPERATOR ? builtin_oper(o.object_id) : NULL;
    bool found = false;
    if (op) {
        buf_printf(out, "operator %.*s(%s,%s)", STR_ARG(op->name),
                   op->left ? ddl_type_name(d, op->left) : "NONE", ddl_type_name(d, op->right));
        return NULL;
    }
    if (o.class_id != PG_OPERATOR)
        TRY(systab_get(d->cat, o.class_id,
                       o.class_id == PG_OPCLASS ? OPCLASS_OID_INDEX : OPFAMILY_OID_INDEX, &key, 1,
                       d->arena, v, &found));
    if (found)
        buf_printf(out, "operator %s %.*s for access method %.*s",
                   o.class_id == PG_OPCLASS ? "class" : "family",
                   STR_ARG(datum_as_str(v[FAM_NAME])),
                   STR_ARG(builtin_am_name((uint32_t)v[FAM_METHOD].u)));
    else
        buf_printf(out, "object %u", o.object_id);
    return NULL;
}

struct err *ddl_move_operator(struct ddl *d, struct object_address o, uint32_t nsp)
{
    struct datum v[SYSTAB_MAX_COLUMNS];
    struct datum old[SYSTAB_MAX_COLUMNS];
    struct datum key = datum_int(o.object_id);
    bool found;
    const uint32_t index = o.class_id == PG_OPERATOR  ? OPERATOR_OID_INDEX
                           : o.class_id == PG_OPCLASS ? OPCLASS_OID_INDEX
                                                      : OPFAMILY_OID_INDEX;
    TRY(systab_get(d->cat, o.class_id, index, &key, 1, d->arena, old, &found));
    if (!found)
        return NULL;
    memcpy(v, old, sizeof(v));
    v[o.class_id == PG_OPERATOR ? OPR_NSP : FAM_NSP] = datum_int(nsp);
    return o.class_id == PG_OPFAMILY ? systab_update(d->cat, PG_OPFAMILY, old, v)
                                     : ddl_put_operator_row(d->cat, o.class_id, v);
}
