/* Privileges shown and asked for: aclitem, has_..._privilege, pg_has_role. */
#include "exec/exec_internal.h"

#include "catalog/acl.h"
#include "catalog/systab.h"
#include "exec/fn_session.h"
#include "exec/session.h"
#include "sql/analyze.h"
#include "types/array.h"

#include <ctype.h>
#include <strings.h>

/* ---- aclitem ---- */

static struct err *fn_acldefault(struct fn_call *c, struct datum *out)
{
    char kind = (char)c->args[0].i;
    struct acl acl;
    if (!kind || !strchr("crsdflLnptFST", kind))
        return err_new("XX000", "unrecognized object type abbreviation: %c", kind);
    acl_default(kind, (uint32_t)c->args[1].u, c->arena, &acl);
    return acl_write(&acl, false, c->arena, out);
}

static struct err *item_of(struct datum d, struct acl_item *out)
{
    return acl_item_read(d, out) ? NULL : err_new("XX001", "invalid aclitem");
}

struct explode {
    struct acl acl;
    int item;
    int bit;
};

static struct err *aclexplode(void **state, struct fn_call *c, struct datum *row, int ncols,
                              bool *done)
{
    struct explode *x = *state;
    (void)ncols;
    if (!x) {
        *state = x = arena_new(c->state_arena, struct explode);
        *x = (struct explode){0};
        TRY(acl_read(c->args[0], c->state_arena, &x->acl));
    }
    for (; x->item < x->acl.n; x->item++, x->bit = 0) {
        const struct acl_item *item = &x->acl.items[x->item];
        while (x->bit < PRIV_COUNT && !(item->privs >> x->bit & 1))
            x->bit++;
        if (x->bit == PRIV_COUNT)
            continue;
        row[0] = datum_int(item->grantor);
        row[1] = datum_int(item->grantee);
        row[2] = datum_str(str_from(privilege_name(x->bit)));
        row[3] = datum_bool(item->privs >> (x->bit + PRIV_OPTIONS) & 1);
        x->bit++;
        *done = false;
        return NULL;
    }
    *done = true;
    return NULL;
}

static struct err *fn_acl_equal(struct fn_call *c, struct datum *out)
{
    struct acl_item a;
    struct acl_item b;
    TRY(item_of(c->args[0], &a));
    TRY(item_of(c->args[1], &b));
    *out = datum_bool(a.grantee == b.grantee && a.grantor == b.grantor && a.privs == b.privs);
    return NULL;
}

static struct err *fn_acl_contains(struct fn_call *c, struct datum *out)
{
    struct acl acl;
    struct acl_item item;
    TRY(acl_read(c->args[0], c->arena, &acl));
    TRY(item_of(c->args[1], &item));
    *out = datum_bool(false);
    for (int i = 0; i < acl.n; i++)
        if (acl.items[i].grantee == item.grantee && acl.items[i].grantor == item.grantor &&
            (acl.items[i].privs & item.privs) == item.privs)
            *out = datum_bool(true);
    return NULL;
}

static struct err *fn_acl_change(struct fn_call *c, struct datum *out)
{
    return err_unsupported("%s no longer supported",
                           c->func == 1035 ? "aclinsert is" : "aclremove is");
}

/* ---- words ---- */

struct privilege_word {
    const char *name;
    uint32_t bit;
};

static const struct privilege_word relation_words[] = {
    {"SELECT", PRIV_SELECT},
    {"INSERT", PRIV_INSERT},
    {"UPDATE", PRIV_UPDATE},
    {"DELETE", PRIV_DELETE},
    {"TRUNCATE", PRIV_TRUNCATE},
    {"REFERENCES", PRIV_REFERENCES},
    {"TRIGGER", PRIV_TRIGGER},
    {"RULE", 0},
    {NULL, 0},
};
static const struct privilege_word column_words[] = {
    {"SELECT", PRIV_SELECT},
    {"INSERT", PRIV_INSERT},
    {"UPDATE", PRIV_UPDATE},
    {"REFERENCES", PRIV_REFERENCES},
    {NULL, 0},
};
static const struct privilege_word sequence_words[] = {
    {"USAGE", PRIV_USAGE}, {"SELECT", PRIV_SELECT}, {"UPDATE", PRIV_UPDATE}, {NULL, 0}};
static const struct privilege_word database_words[] = {{"CREATE", PRIV_CREATE},
                                                       {"TEMPORARY", PRIV_TEMPORARY},
                                                       {"TEMP", PRIV_TEMPORARY},
                                                       {"CONNECT", PRIV_CONNECT},
                                                       {NULL, 0}};
static const struct privilege_word execute_words[] = {{"EXECUTE", PRIV_EXECUTE}, {NULL, 0}};
static const struct privilege_word usage_words[] = {{"USAGE", PRIV_USAGE}, {NULL, 0}};
static const struct privilege_word create_words[] = {{"CREATE", PRIV_CREATE}, {NULL, 0}};
static const struct privilege_word schema_words[] = {
    {"CREATE", PRIV_CREATE}, {"USAGE", PRIV_USAGE}, {NULL, 0}};
static const struct privilege_word parameter_words[] = {
    {"SET", PRIV_SET}, {"ALTER SYSTEM", PRIV_ALTER_SYSTEM}, {NULL, 0}};
static const struct privilege_word role_words[] = {
    {"USAGE", PRIV_EXECUTE}, {"MEMBER", PRIV_CREATE}, {NULL, 0}};
static const struct privilege_word any_words[] = {
    {"SELECT", PRIV_SELECT},
    {"INSERT", PRIV_INSERT},
    {"UPDATE", PRIV_UPDATE},
    {"DELETE", PRIV_DELETE},
    {"TRUNCATE", PRIV_TRUNCATE},
    {"REFERENCES", PRIV_REFERENCES},
    {"TRIGGER", PRIV_TRIGGER},
    {"EXECUTE", PRIV_EXECUTE},
    {"USAGE", PRIV_USAGE},
    {"CREATE", PRIV_CREATE},
    {"TEMP", PRIV_TEMPORARY},
    {"TEMPORARY", PRIV_TEMPORARY},
    {"CONNECT", PRIV_CONNECT},
    {"SET", PRIV_SET},
    {"ALTER SYSTEM", PRIV_ALTER_SYSTEM},
    {"RULE", 0},
    {NULL, 0},
};

static struct str trim(struct str s)
{
    while (s.len && isspace((unsigned char)s.data[0]))
        s = str_make(s.data + 1, s.len - 1);
    while (s.len && isspace((unsigned char)s.data[s.len - 1]))
        s.len--;
    return s;
}

static bool same_word(struct str s, const char *word)
{
    return s.len == strlen(word) && strncasecmp(s.data, word, s.len) == 0;
}

/* One item of "select, insert with grant option". */
static bool find_word(const struct privilege_word *words, struct str item, uint32_t *bits)
{
    static const char *const suffixes[] = {" WITH GRANT OPTION", " WITH ADMIN OPTION"};
    bool option = false;
    for (size_t i = 0; i < ARRAY_LENGTH(suffixes); i++) {
        size_t len = strlen(suffixes[i]);
        if ((i == 0 || words == role_words) && words != any_words && item.len > len &&
            strncasecmp(item.data + item.len - len, suffixes[i], len) == 0) {
            item.len -= len;
            option = true;
        }
    }
    for (; words->name; words++)
        if (same_word(item, words->name)) {
            *bits = option ? words->bit << PRIV_OPTIONS : words->bit;
            return true;
        }
    return false;
}

static struct err *read_words(const struct privilege_word *words, struct str list, uint32_t *mask)
{
    *mask = 0;
    for (bool more = true; more;) {
        const char *comma = memchr(list.data, ',', list.len);
        size_t n = comma ? (size_t)(comma - list.data) : list.len;
        struct str item = trim(str_make(list.data, n));
        uint32_t bits;
        if (!find_word(words, item, &bits))
            return err_new("22023", "unrecognized privilege type: \"%.*s\"", STR_ARG(item));
        *mask |= bits;
        more = comma != NULL;
        list = str_make(list.data + n + more, list.len - n - more);
    }
    return NULL;
}

static struct err *fn_make_acl_item(struct fn_call *c, struct datum *out)
{
    struct acl_item item = {(uint32_t)c->args[0].u, (uint32_t)c->args[1].u, 0};
    struct str word = datum_as_str(c->args[2]); /* one alone */
    if (!find_word(any_words, word, &item.privs))
        return err_new("22023", "unrecognized privilege type: \"%.*s\"", STR_ARG(word));
    if (c->args[3].i)
        item.privs |= item.privs << PRIV_OPTIONS;
    uint8_t *bytes = arena_alloc(c->arena, ACL_ITEM_BYTES);
    acl_item_write(&item, bytes);
    *out = datum_bytes((const char *)bytes, ACL_ITEM_BYTES);
    return NULL;
}

/* ---- has_..._privilege ---- */

enum { FDW_CLASS = 2328, SERVER_CLASS = 1417, LANGUAGE_CLASS = 2612 };

static const struct asked {
    const char *function;
    const struct privilege_word *words;
    uint32_t class_id;
} askable[] = {
    {"has_table_privilege", relation_words, PG_CLASS},
    {"has_any_column_privilege", column_words, PG_CLASS},
    {"has_column_privilege", column_words, PG_CLASS},
    {"has_sequence_privilege", sequence_words, PG_CLASS},
    {"has_database_privilege", database_words, PG_DATABASE},
    {"has_function_privilege", execute_words, PG_PROC},
    {"has_language_privilege", usage_words, LANGUAGE_CLASS},
    {"has_schema_privilege", schema_words, PG_NAMESPACE},
    {"has_tablespace_privilege", create_words, PG_TABLESPACE},
    {"has_foreign_data_wrapper_privilege", usage_words, FDW_CLASS},
    {"has_server_privilege", usage_words, SERVER_CLASS},
    {"has_type_privilege", usage_words, PG_TYPE},
    {"has_parameter_privilege", parameter_words, PG_PARAMETER_ACL},
};

/* The rights of an argument that names a role; "public" has none of its own. */
static struct err *rights_by_arg(struct fn_call *c, struct datum arg, uint32_t type,
                                 const struct role_rights **out)
{
    static const struct role_rights nobody = {0};
    uint32_t oid = (uint32_t)arg.u;
    *out = &nobody;
    if (type == NAME_OID) {
        struct str name = datum_as_str(arg);
        if (str_eq_c(name, "public"))
            return NULL;
        TRY(cat_role_oid(&c->session->cat, name, &oid));
        if (!oid)
            return err_new("42704", "role \"%.*s\" does not exist", STR_ARG(name));
    }
    return oid ? cat_rights_of(&c->session->cat, oid, c->arena, out) : NULL;
}

static struct err *by_name(struct fn_call *c, uint32_t class_id, struct str name, uint32_t *oid)
{
    struct session *s = c->session;
    uint32_t base;
    int32_t typmod;
    bool allow;
    switch (class_id) {
    case PG_CLASS:
        return session_relation_oid(s, name, oid);
    case PG_NAMESPACE:
        TRY(cat_namespace_oid(&s->cat, name, oid));
        return *oid ? NULL : err_new("3F000", "schema \"%.*s\" does not exist", STR_ARG(name));
    case PG_DATABASE:
        TRY(cat_database(&s->cat, name, oid, &base, &allow));
        return *oid ? NULL : err_new("3D000", "database \"%.*s\" does not exist", STR_ARG(name));
    case PG_PROC:
        return s->types.oid_of(s->types.names, REGPROCEDURE_OID, name, oid);
    case PG_TYPE:
        return resolve_type_text(&s->cat, name, oid, &typmod);
    default:
        return NULL;
    }
}

/* What has neither owner nor list here: languages are for everybody, the others for superusers. */
static struct err *other_object(struct fn_call *c, uint32_t class_id, struct datum arg,
                                bool by_text, const struct role_rights *r, uint32_t mask,
                                struct datum *out)
{
    static const struct {
        uint32_t class_id;
        const char *word;
        uint32_t name_index; /* 0: there are none of them */
    } kinds[] = {{FDW_CLASS, "foreign-data wrapper", 0},
                 {SERVER_CLASS, "server", 0},
                 {LANGUAGE_CLASS, "language", 2681},
                 {PG_TABLESPACE, "tablespace", 2698}};
    bool there = false;
    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
        const struct datum *rows;
        int n;
        if (kinds[i].class_id != class_id)
            continue;
        TRY(systab_builtin_rows(class_id, &rows, &n));
        const struct relation *rel = systab_relation(class_id);
        for (int k = 0; rel && k < n; k++)
            there |= by_text ? str_eq(datum_as_str(rows[k * rel->natts + 1]), datum_as_str(arg))
                             : rows[k * rel->natts].u == arg.u;
        if (!there && by_text)
            return err_new("42704", "%s \"%.*s\" does not exist", kinds[i].word,
                           STR_ARG(datum_as_str(arg)));
    }
    bool yes = r->superuser || (class_id == LANGUAGE_CLASS && mask & PRIV_USAGE);
    *out = there ? datum_bool(yes) : datum_null();
    return NULL;
}

static uint32_t any_column(const struct role_rights *r, const struct relation *rel, uint32_t mask)
{
    uint32_t got = 0;
    for (int i = 1; i <= rel->natts; i++)
        if (!rel->atts[i - 1].dropped)
            got |= acl_column(r, rel, i, mask);
    return got;
}

static struct err *column_number(const struct relation *rel, struct datum arg, bool by_text,
                                 int *att)
{
    *att = by_text ? relation_attnum(rel, datum_as_str(arg)) : (int)arg.i;
    if (by_text && !*att)
        return err_new("42703", "column \"%.*s\" of relation \"%s\" does not exist",
                       STR_ARG(datum_as_str(arg)), rel->name);
    if (*att < 1 || *att > rel->natts || rel->atts[*att - 1].dropped)
        *att = 0;
    return NULL;
}

static struct err *relation_answer(struct fn_call *c, const struct cat_proc *p, const char *name,
                                   const struct role_rights *r, const struct relation *rel,
                                   uint32_t mask, struct datum *out)
{
    uint32_t got = acl_relation(r, rel, mask);
    int last = p->nargs - 1;
    int att;
    if (strcmp(name, "has_sequence_privilege") == 0 && rel->kind != 'S')
        return err_new("42809", "\"%s\" is not a sequence", rel->name);
    if (strcmp(name, "has_any_column_privilege") == 0)
        got |= any_column(r, rel, mask);
    if (strcmp(name, "has_column_privilege") == 0) {
        TRY(column_number(rel, c->args[last - 1], p->argtypes[last - 1] == TEXT_OID, &att));
        if (!att) {
            *out = datum_null();
            return NULL;
        }
        got |= acl_column(r, rel, att, mask);
    }
    *out = datum_bool(got != 0);
    return NULL;
}

static struct err *fn_has_privilege(struct fn_call *c, struct datum *out)
{
    const struct cat_proc *p = builtin_proc(c->func);
    const struct asked *asked = NULL;
    const struct role_rights *r;
    uint32_t mask;
    uint32_t got;
    bool found;
    TRY(need_session(c));
    struct cat *cat = &c->session->cat;
    const char *name = arena_strndup(c->arena, p->name.data, p->name.len);
    for (size_t i = 0; i < ARRAY_LENGTH(askable); i++)
        if (strcmp(askable[i].function, name) == 0)
            asked = &askable[i];
    CHECK(asked != NULL);
    bool with_role = p->nargs == 3 + (strcmp(name, "has_column_privilege") == 0);
    bool by_text = p->argtypes[with_role] == TEXT_OID;
    TRY(cat_rights(cat, &r));
    if (with_role)
        TRY(rights_by_arg(c, c->args[0], p->argtypes[0], &r));
    struct datum arg = c->args[with_role];
    uint32_t oid = (uint32_t)arg.u;
    if (by_text)
        TRY(by_name(c, asked->class_id, datum_as_str(arg), &oid));
    TRY(read_words(asked->words, datum_as_str(c->args[p->nargs - 1]), &mask));
    if (asked->class_id == PG_PARAMETER_ACL) {
        TRY(parameter_acl_mask(cat, r, datum_as_str(arg), mask, &got));
        *out = datum_bool(got != 0);
        return NULL;
    }
    if (!acl_class(asked->class_id))
        return other_object(c, asked->class_id, arg, by_text, r, mask, out);
    if (asked->class_id == PG_CLASS) {
        struct relation *rel;
        TRY(cat_relation(cat, oid, &rel));
        *out = datum_null();
        struct err *e = rel ? relation_answer(c, p, name, r, rel, mask, out) : NULL;
        relation_unref(rel);
        return e;
    }
    const struct cat_type *type = asked->class_id == PG_TYPE ? builtin_type(oid) : NULL;
    if (type && type->is_array) /* an array goes by its elements' type */
        oid = type->elem;
    TRY(acl_object_mask(cat, r, asked->class_id, oid, mask, &got, &found));
    *out = found ? datum_bool(got != 0) : datum_null();
    return NULL;
}

static struct err *role_by_arg(struct fn_call *c, struct datum arg, uint32_t type, uint32_t *oid)
{
    *oid = (uint32_t)arg.u;
    if (type != NAME_OID)
        return NULL;
    TRY(cat_role_oid(&c->session->cat, datum_as_str(arg), oid));
    return *oid ? NULL
                : err_new("42704", "role \"%.*s\" does not exist", STR_ARG(datum_as_str(arg)));
}

static struct err *fn_has_role(struct fn_call *c, struct datum *out)
{
    const struct cat_proc *p = builtin_proc(c->func);
    const struct role_rights *r;
    uint32_t member;
    uint32_t role;
    uint32_t mask;
    bool yes = false;
    TRY(need_session(c));
    struct cat *cat = &c->session->cat;
    member = cat->role;
    if (p->nargs == 3)
        TRY(role_by_arg(c, c->args[0], p->argtypes[0], &member));
    TRY(role_by_arg(c, c->args[p->nargs - 2], p->argtypes[p->nargs - 2], &role));
    TRY(read_words(role_words, datum_as_str(c->args[p->nargs - 1]), &mask));
    if (mask >> PRIV_OPTIONS)
        TRY(cat_is_admin(cat, member, role, &yes));
    if (!yes && mask & PRIV_CREATE)
        TRY(cat_is_member(cat, member, role, true, &yes));
    if (!yes && mask & PRIV_EXECUTE) {
        TRY(cat_rights_of(cat, member, c->arena, &r));
        yes = rights_of(r, role);
    }
    *out = datum_bool(yes);
    return NULL;
}

/* Whether the table's policies decide what the current role sees of it. */
static struct err *fn_row_security_active(struct fn_call *c, struct datum *out)
{
    const struct role_rights *r;
    struct relation *rel;
    uint32_t oid = (uint32_t)c->args[0].u;
    if (c->arg_types[0] == TEXT_OID)
        TRY(session_relation_oid(c->session, datum_as_str(c->args[0]), &oid));
    TRY(cat_rights(&c->session->cat, &r));
    TRY(cat_relation(&c->session->cat, oid, &rel));
    *out = datum_bool(rel && rights_meet_policies(r, rel));
    relation_unref(rel);
    return NULL;
}

fn_impl acl_fn_lookup(const char *prosrc)
{
    static const struct {
        const char *src;
        fn_impl fn;
    } table[] = {
        {"acldefault_sql", fn_acldefault},
        {"aclitem_eq", fn_acl_equal},
        {"aclcontains", fn_acl_contains},
        {"aclinsert", fn_acl_change},
        {"aclremove", fn_acl_change},
        {"makeaclitem", fn_make_acl_item},
        {"row_security_active", fn_row_security_active},
        {"row_security_active_name", fn_row_security_active},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(table); i++)
        if (strcmp(table[i].src, prosrc) == 0)
            return table[i].fn;
    if (strncmp(prosrc, "pg_has_role", 11) == 0)
        return fn_has_role;
    return strncmp(prosrc, "has_", 4) == 0 && strstr(prosrc, "_privilege_") ? fn_has_privilege
                                                                            : NULL;
}

static const struct srf_impl explode_srf = {"aclexplode", aclexplode};

const struct srf_impl *acl_srf_lookup(const char *prosrc)
{
    return strcmp(prosrc, "aclexplode") == 0 ? &explode_srf : NULL;
}
