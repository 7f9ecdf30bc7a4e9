/* Privileges shown: aclitem texts, has_..._privilege, pg_has_role. Nothing is granted or checked
 * yet: only superusers can log in, and they may do everything. */
#include "exec/exec_internal.h"

#include "catalog/systab.h"
#include "exec/fn_session.h"
#include "exec/session.h"
#include "types/array.h"

#include <ctype.h>
#include <strings.h>

/* ---- aclitem: "grantee=privileges/grantor" ---- */

static void put_role(struct buf *b, const char *name)
{
    bool plain = true;
    for (const char *p = name; *p; p++)
        plain &= isalnum((unsigned char)*p) || *p == '_';
    if (plain) {
        buf_put_c(b, name);
        return;
    }
    buf_put_u8(b, '"');
    for (const char *p = name; *p; p++) {
        if (*p == '"')
            buf_put_u8(b, '"');
        buf_put_u8(b, (uint8_t)*p);
    }
    buf_put_u8(b, '"');
}

static struct datum acl_item(struct arena *a, const char *grantee, const char *privileges,
                             const char *grantor)
{
    struct buf b = BUF_INIT;
    put_role(&b, grantee);
    buf_printf(&b, "=%s/", privileges);
    put_role(&b, grantor);
    struct datum d = datum_str(arena_str(a, buf_str(&b)));
    buf_done(&b);
    return d;
}

/* What an object of a kind has while nothing was granted. */
static const struct {
    char kind;
    const char *everybody;
    const char *owner;
} acl_defaults[] = {
    {'c', "", ""},   {'r', "", "arwdDxt"}, {'s', "", "rwU"}, {'d', "Tc", "CTc"}, {'f', "X", "X"},
    {'l', "U", "U"}, {'L', "", "rw"},      {'n', "", "UC"},  {'p', "", "sA"},    {'t', "", "C"},
    {'F', "", "U"},  {'S', "", "U"},       {'T', "U", "U"},
};

static struct err *fn_acldefault(struct fn_call *c, struct datum *out)
{
    struct datum items[2];
    const char *owner;
    size_t n = 0;
    TRY(need_session(c));
    TRY(cat_role_name(&c->session->cat, (uint32_t)c->args[1].u, c->arena, &owner));
    if (!owner)
        owner = arena_printf(c->arena, "%u", (uint32_t)c->args[1].u);
    for (size_t i = 0; i < ARRAY_LENGTH(acl_defaults); i++) {
        if (acl_defaults[i].kind != (char)c->args[0].i)
            continue;
        if (*acl_defaults[i].everybody)
            items[n++] = acl_item(c->arena, "", acl_defaults[i].everybody, owner);
        if (*acl_defaults[i].owner)
            items[n++] = acl_item(c->arena, owner, acl_defaults[i].owner, owner);
        return array_make_1d(type_by_oid(ACLITEM_OID), items, n, c->arena, out);
    }
    return err_new("XX000", "unrecognized object type abbreviation: %c", (char)c->args[0].i);
}

static const struct {
    char letter;
    const char *name;
} privileges[] = {
    {'a', "INSERT"},   {'r', "SELECT"},       {'w', "UPDATE"},    {'d', "DELETE"},
    {'D', "TRUNCATE"}, {'x', "REFERENCES"},   {'t', "TRIGGER"},   {'X', "EXECUTE"},
    {'U', "USAGE"},    {'C', "CREATE"},       {'T', "TEMPORARY"}, {'c', "CONNECT"},
    {'s', "SET"},      {'A', "ALTER SYSTEM"},
};

struct explode {
    struct array items;
    uint32_t item;
    size_t at; /* in the item, behind its '='; 0: at its beginning */
    uint32_t grantee;
    uint32_t grantor;
};

/* The name at *p as a role's number; 0 for nobody's. */
static struct err *take_role(struct fn_call *c, const char **p, const char *end, uint32_t *oid)
{
    struct buf name = BUF_INIT;
    bool quoted = false;
    for (; *p < end && (quoted || (**p != '=' && **p != '/')); (*p)++) {
        if (**p == '"' && quoted && *p + 1 < end && (*p)[1] == '"')
            buf_put_u8(&name, (uint8_t) * ++*p);
        else if (**p == '"')
            quoted = !quoted;
        else
            buf_put_u8(&name, (uint8_t) * *p);
    }
    *oid = 0;
    struct err *e = name.len ? cat_role_oid(&c->session->cat, buf_str(&name), oid) : NULL;
    buf_done(&name);
    return e;
}

static struct err *begin_item(struct fn_call *c, struct explode *x, struct str item)
{
    const char *p = item.data;
    const char *end = item.data + item.len;
    TRY(take_role(c, &p, end, &x->grantee));
    x->at = (size_t)(p - item.data) + 1;
    const char *slash = memchr(p, '/', (size_t)(end - p));
    p = slash ? slash + 1 : end;
    return take_role(c, &p, end, &x->grantor);
}

static struct err *aclexplode(void **state, struct fn_call *c, struct datum *row, int ncols,
                              bool *done)
{
    struct explode *x = *state;
    (void)ncols;
    if (!x) {
        TRY(need_session(c));
        *state = x = arena_new(c->state_arena, struct explode);
        *x = (struct explode){0};
        TRY(array_open(c->args[0], &x->items));
    }
    for (; x->item < x->items.nitems; x->item++, x->at = 0) {
        struct str item = datum_as_str(array_get(&x->items, x->item));
        if (!x->at)
            TRY(begin_item(c, x, item));
        if (x->at >= item.len || item.data[x->at] == '/')
            continue;
        char letter = item.data[x->at++];
        bool grantable = x->at < item.len && item.data[x->at] == '*';
        x->at += grantable;
        row[0] = datum_int(x->grantor);
        row[1] = datum_int(x->grantee);
        row[2] = datum_null();
        for (size_t i = 0; i < ARRAY_LENGTH(privileges); i++)
            if (privileges[i].letter == letter)
                row[2] = datum_str(str_from(privileges[i].name));
        row[3] = datum_bool(grantable);
        *done = false;
        return NULL;
    }
    *done = true;
    return NULL;
}

static struct err *fn_acl_equal(struct fn_call *c, struct datum *out)
{
    *out = datum_bool(str_eq(datum_as_str(c->args[0]), datum_as_str(c->args[1])));
    return NULL;
}

/* ---- has_..._privilege ---- */

static const struct {
    const char *function;
    const char *words;
} known_privileges[] = {
    {"has_table_privilege", "SELECT INSERT UPDATE DELETE TRUNCATE REFERENCES TRIGGER RULE"},
    {"has_any_column_privilege", "SELECT INSERT UPDATE REFERENCES"},
    {"has_column_privilege", "SELECT INSERT UPDATE REFERENCES"},
    {"has_sequence_privilege", "USAGE SELECT UPDATE"},
    {"has_database_privilege", "CREATE TEMPORARY TEMP CONNECT"},
    {"has_function_privilege", "EXECUTE"},
    {"has_language_privilege", "USAGE"},
    {"has_schema_privilege", "CREATE USAGE"},
    {"has_tablespace_privilege", "CREATE"},
    {"has_foreign_data_wrapper_privilege", "USAGE"},
    {"has_server_privilege", "USAGE"},
    {"has_type_privilege", "USAGE"},
    {"has_parameter_privilege", "SET ALTER_SYSTEM"},
    {"pg_has_role", "USAGE MEMBER"},
};

static bool is_word_of(const char *words, struct str word)
{
    for (const char *p = words; *p;) {
        size_t n = strcspn(p, " ");
        if (n == word.len && strncasecmp(p, word.data, n) == 0)
            return true;
        p += n + (p[n] == ' ');
    }
    return false;
}

static struct str trim(struct str s)
{
    while (s.len && isspace((unsigned char)s.data[0]))
        s = str_make(s.data + 1, s.len - 1);
    while (s.len && isspace((unsigned char)s.data[s.len - 1]))
        s.len--;
    return s;
}

/* "select, insert with grant option" */
static struct err *check_privilege_list(const char *words, struct str list)
{
    static const char *const suffixes[] = {" WITH GRANT OPTION", " WITH ADMIN OPTION"};
    while (list.len) {
        const char *comma = memchr(list.data, ',', list.len);
        size_t n = comma ? (size_t)(comma - list.data) : list.len;
        struct str item = trim(str_make(list.data, n));
        struct str word = item;
        for (size_t i = 0; i < ARRAY_LENGTH(suffixes); i++) {
            size_t len = strlen(suffixes[i]);
            if (word.len > len && strncasecmp(word.data + word.len - len, suffixes[i], len) == 0)
                word.len -= len;
        }
        if (str_eq_c(word, "ALTER SYSTEM"))
            word = STR("ALTER_SYSTEM");
        if (!is_word_of(words, word))
            return err_new("22023", "unrecognized privilege type: \"%.*s\"", STR_ARG(item));
        n += comma != NULL;
        list = str_make(list.data + n, list.len - n);
    }
    return NULL;
}

/* Whether a role is a superuser; by name 42704. */
static struct err *role_may(struct fn_call *c, struct datum role, uint32_t type, bool *yes)
{
    enum { ROLE_SUPER = 1 + 1, ROLE_COLUMNS = 12 };
    struct datum v[ROLE_COLUMNS];
    uint32_t oid = (uint32_t)role.u;
    bool found;
    *yes = false;
    if (type == NAME_OID && str_eq_c(datum_as_str(role), "public"))
        return NULL;
    if (type == NAME_OID) {
        TRY(cat_role_oid(&c->session->cat, datum_as_str(role), &oid));
        if (!oid)
            return err_new("42704", "role \"%.*s\" does not exist", STR_ARG(datum_as_str(role)));
    }
    struct datum key = datum_int(oid);
    TRY(systab_get(&c->session->cat, PG_AUTHID, AUTHID_OID_INDEX, &key, 1, c->arena, v, &found));
    *yes = found && v[ROLE_SUPER].i;
    return NULL;
}

/* An object that is named must be there; *missing for a number that is nothing's. */
static struct err *find_object(struct fn_call *c, const char *function, struct datum arg,
                               uint32_t type, bool *missing)
{
    struct cat *cat = &c->session->cat;
    struct relation *r = NULL;
    uint32_t oid = (uint32_t)arg.u;
    uint32_t base;
    bool allow;
    bool relation =
        strstr(function, "table_p") || strstr(function, "column") || strstr(function, "sequence");
    if (relation && type == TEXT_OID)
        return session_relation_oid(c->session, datum_as_str(arg), &oid);
    if (relation) {
        TRY(cat_relation(cat, oid, &r));
        *missing = !r;
        relation_unref(r);
        return NULL;
    }
    if (strstr(function, "schema") && type == TEXT_OID) {
        TRY(cat_namespace_oid(cat, datum_as_str(arg), &oid));
        return oid ? NULL
                   : err_new("3F000", "schema \"%.*s\" does not exist", STR_ARG(datum_as_str(arg)));
    }
    if (strstr(function, "schema")) {
        const char *name;
        TRY(cat_namespace_name(cat, oid, c->arena, &name));
        *missing = !name;
        return NULL;
    }
    if (strstr(function, "database") && type == TEXT_OID) {
        TRY(cat_database(cat, datum_as_str(arg), &oid, &base, &allow));
        return oid ? NULL
                   : err_new("3D000", "database \"%.*s\" does not exist",
                             STR_ARG(datum_as_str(arg)));
    }
    return NULL;
}

/* The column that is asked about, or that the relation is a sequence. */
static struct err *check_relation(struct fn_call *c, bool column, int at, const struct cat_proc *p,
                                  bool *missing)
{
    uint32_t oid = (uint32_t)c->args[at].u;
    struct relation *r;
    struct err *e = NULL;
    if (p->argtypes[at] == TEXT_OID)
        TRY(session_relation_oid(c->session, datum_as_str(c->args[at]), &oid));
    TRY(cat_relation(&c->session->cat, oid, &r));
    *missing = r == NULL;
    if (!r)
        return NULL;
    struct datum d = column ? c->args[at + 1] : datum_null();
    if (!column && r->kind != 'S')
        e = err_new("42809", "\"%s\" is not a sequence", r->name);
    else if (column && p->argtypes[at + 1] == TEXT_OID) {
        struct str name = datum_as_str(d);
        if (!relation_attnum(r, name))
            e = err_new("42703", "column \"%.*s\" of relation \"%s\" does not exist", STR_ARG(name),
                        r->name);
    } else if (column) {
        *missing = d.i < 1 || d.i > r->natts || r->atts[d.i - 1].dropped;
    }
    relation_unref(r);
    return e;
}

static struct err *fn_has_privilege(struct fn_call *c, struct datum *out)
{
    const struct cat_proc *p = builtin_proc(c->func);
    TRY(need_session(c));
    const char *name = arena_strndup(c->arena, p->name.data, p->name.len);
    bool column = strcmp(name, "has_column_privilege") == 0;
    bool with_role = p->nargs == 3 + column;
    bool yes = c->session->superuser;
    bool missing = false;
    if (with_role)
        TRY(role_may(c, c->args[0], p->argtypes[0], &yes));
    TRY(find_object(c, name, c->args[with_role], p->argtypes[with_role], &missing));
    if (!missing && (column || strcmp(name, "has_sequence_privilege") == 0))
        TRY(check_relation(c, column, with_role, p, &missing));
    for (size_t i = 0; i < ARRAY_LENGTH(known_privileges); i++)
        if (strcmp(known_privileges[i].function, name) == 0)
            TRY(check_privilege_list(known_privileges[i].words,
                                     datum_as_str(c->args[p->nargs - 1])));
    *out = missing ? datum_null() : datum_bool(yes);
    return NULL;
}

static struct err *fn_has_role(struct fn_call *c, struct datum *out)
{
    const struct cat_proc *p = builtin_proc(c->func);
    bool yes = c->session && c->session->superuser;
    bool other;
    TRY(need_session(c));
    if (p->nargs == 3)
        TRY(role_may(c, c->args[0], p->argtypes[0], &yes));
    TRY(role_may(c, c->args[p->nargs - 2], p->argtypes[p->nargs - 2], &other));
    TRY(check_privilege_list("USAGE MEMBER", datum_as_str(c->args[p->nargs - 1])));
    *out = datum_bool(yes);
    return NULL;
}

fn_impl acl_fn_lookup(const char *prosrc)
{
    if (strcmp(prosrc, "acldefault_sql") == 0)
        return fn_acldefault;
    if (strcmp(prosrc, "aclitem_eq") == 0)
        return fn_acl_equal;
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
