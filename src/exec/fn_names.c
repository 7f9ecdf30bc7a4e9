/* What reg* types read and print: names of relations, types, functions, operators, schemas, roles
 * and collations (manual section 8.19). */
#include "exec/exec_internal.h"

#include "catalog/acl.h"
#include "catalog/builtin.h"
#include "exec/fn_session.h"
#include "sql/analyze.h"
#include "sql/parse.h"

#include <stdio.h>
#include <strings.h>

enum { MAX_PARTS = 3, MAX_ARGS = 100 };

/* ---- names of several parts ---- */

struct parts {
    int n;
    char part[MAX_PARTS + 1][64];
};

static bool blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct str trimmed(struct str s)
{
    while (s.len && blank(s.data[0]))
        s = str_make(s.data + 1, s.len - 1);
    while (s.len && blank(s.data[s.len - 1]))
        s.len--;
    return s;
}

static struct str skip_blanks(struct str s)
{
    while (s.len && blank(s.data[0]))
        s = str_make(s.data + 1, s.len - 1);
    return s;
}

/* One identifier, folded unless quoted; false when there is none. Advances *s. */
static bool take_part(struct str *s, char out[64])
{
    size_t n = 0;
    bool quoted = s->len && s->data[0] == '"';
    bool closed = !quoted;
    size_t i = quoted;
    for (; i < s->len; i++) {
        char ch = s->data[i];
        if (!quoted && (ch == '.' || blank(ch)))
            break;
        if (quoted && ch == '"') {
            closed = i + 1 == s->len || s->data[i + 1] != '"';
            i++;
            if (closed)
                break;
        }
        if (n < 63)
            out[n++] = !quoted && ch >= 'A' && ch <= 'Z' ? (char)(ch + 32) : ch;
    }
    out[n] = '\0';
    *s = str_make(s->data + i, s->len - i);
    return quoted ? closed : n > 0;
}

static struct err *split(struct str text, struct parts *out)
{
    struct str s = skip_blanks(text);
    out->n = 0;
    for (;;) {
        if (out->n > MAX_PARTS || !take_part(&s, out->part[out->n++]))
            return err_new("42602", "invalid name syntax");
        s = skip_blanks(s);
        if (!s.len)
            break;
        if (s.data[0] != '.')
            return err_new("42602", "invalid name syntax");
        s = skip_blanks(str_make(s.data + 1, s.len - 1));
    }
    return NULL;
}

/* A name with a schema or without, and this database in front or not. */
static struct err *split_qualified(struct session *s, struct str text, const char *what,
                                   struct parts *out)
{
    uint32_t db = 0;
    uint32_t sysbase;
    bool allow;
    TRY(split(text, out));
    if (out->n > MAX_PARTS)
        return err_new("42601", "improper %s name (too many dotted names): %.*s", what,
                       STR_ARG(text));
    if (out->n < MAX_PARTS)
        return NULL;
    TRY(cat_database(&s->cat, str_from(out->part[0]), &db, &sysbase, &allow));
    return db == s->cat.db ? NULL
                           : err_new("0A000", "cross-database references are not implemented: %.*s",
                                     STR_ARG(text));
}

static const char *last(const struct parts *p)
{
    return p->part[p->n - 1];
}

static const char *schema_of(const struct parts *p)
{
    return p->n > 1 ? p->part[p->n - 2] : "";
}

static struct err *single(struct str text, char out[64])
{
    struct parts p;
    TRY(split(text, &p));
    if (p.n > 1)
        return err_new("42602", "invalid name syntax");
    memcpy(out, p.part[0], 64);
    return NULL;
}

static struct err *known_schema(struct session *s, const char *schema)
{
    uint32_t oid;
    if (!*schema)
        return NULL;
    TRY(cat_namespace_oid(&s->cat, str_from(schema), &oid));
    return oid ? acl_check_schema(&s->cat, str_from(schema))
               : err_new("3F000", "schema \"%s\" does not exist", schema);
}

/* ---- reading ---- */

struct err *session_relation_oid(struct session *s, struct str name, uint32_t *out)
{
    struct parts p;
    TRY(split_qualified(s, name, "relation", &p));
    TRY(known_schema(s, schema_of(&p)));
    TRY(cat_find_relation(&s->cat, str_from(schema_of(&p)), str_from(last(&p)), false, out));
    if (!*out)
        return err_new("42P01", "relation \"%s%s%s\" does not exist", schema_of(&p),
                       p.n > 1 ? "." : "", last(&p));
    return NULL;
}

static struct err *read_type(struct session *s, struct str name, uint32_t *out)
{
    int32_t typmod;
    return resolve_type_text(&s->cat, name, out, &typmod);
}

struct err *session_functions(struct session *s, const char *nsp, const char *name, struct arena *a,
                              const struct cat_proc ***out, int *n)
{
    struct str schema = str_from(nsp);
    int nbuiltin = 0;
    const struct cat_proc *builtin = NULL;
    const struct cat_proc **users;
    TRY(known_schema(s, nsp));
    if (!schema.len || str_eq_c(schema, "pg_catalog"))
        builtin = builtin_procs(str_from(name), &nbuiltin);
    TRY(cat_user_procs(&s->cat, schema, str_from(name), a, &users, n));
    *out = arena_new_array(a, const struct cat_proc *, *n + nbuiltin + 1);
    for (int i = 0; i < nbuiltin; i++)
        (*out)[i] = &builtin[i];
    for (int i = 0; i < *n; i++)
        (*out)[nbuiltin + i] = users[i];
    *n += nbuiltin;
    return NULL;
}

static struct err *functions_named(struct session *s, const struct parts *p, struct arena *a,
                                   const struct cat_proc ***out, int *n)
{
    return session_functions(s, schema_of(p), last(p), a, out, n);
}

static struct err *read_proc(struct session *s, struct str name, struct arena *a, uint32_t *out)
{
    const struct cat_proc **procs;
    struct parts p;
    int n;
    TRY(split_qualified(s, name, "qualified", &p));
    TRY(functions_named(s, &p, a, &procs, &n));
    if (!n)
        return err_new("42883", "function \"%.*s\" does not exist", STR_ARG(name));
    if (n > 1)
        return err_new("42725", "more than one function named \"%.*s\"", STR_ARG(name));
    *out = procs[0]->oid;
    return NULL;
}

/* "name(type, type)" into its name and types. */
static struct err *split_signature(struct session *s, struct str text, bool none_allowed,
                                   struct str *name, uint32_t *types, int *n)
{
    bool quoted = false;
    size_t open = 0;
    for (; open < text.len && (quoted || text.data[open] != '('); open++)
        quoted ^= text.data[open] == '"';
    if (open == text.len)
        return err_new("22P02", "expected a left parenthesis");
    *name = str_make(text.data, open);
    size_t end = text.len;
    while (end > open && blank(text.data[end - 1]))
        end--;
    if (end - 1 <= open || text.data[end - 1] != ')')
        return err_new("22P02", "expected a right parenthesis");
    struct str rest = skip_blanks(str_make(text.data + open + 1, end - open - 2));
    *n = 0;
    for (bool more = rest.len > 0; more;) {
        int depth = 0;
        size_t i = 0;
        quoted = false;
        for (; i < rest.len && (quoted || depth || rest.data[i] != ','); i++) {
            quoted ^= rest.data[i] == '"';
            depth += !quoted && strchr("([", rest.data[i]) ? 1 : 0;
            depth -= !quoted && strchr(")]", rest.data[i]) ? 1 : 0;
        }
        struct str type = trimmed(str_make(rest.data, i));
        more = i < rest.len;
        rest = more ? skip_blanks(str_make(rest.data + i + 1, rest.len - i - 1)) : STR("");
        if (more && !rest.len)
            return err_new("22P02", "expected a type name");
        if (!type.len)
            return err_new("42601", "invalid type name \"\"");
        if (*n == MAX_ARGS)
            return err_new("54023", "too many arguments");
        types[*n] = 0;
        if (!(none_allowed && type.len == 4 && strncasecmp(type.data, "none", 4) == 0))
            TRY(read_type(s, type, &types[*n]));
        (*n)++;
    }
    return NULL;
}

static struct err *read_procedure(struct session *s, struct str text, struct arena *a,
                                  uint32_t *out)
{
    const struct cat_proc **procs;
    uint32_t types[MAX_ARGS];
    struct str name;
    struct parts p;
    int nargs;
    int n;
    TRY(split_signature(s, text, false, &name, types, &nargs));
    TRY(split_qualified(s, trimmed(name), "qualified", &p));
    TRY(functions_named(s, &p, a, &procs, &n));
    for (int i = 0; i < n; i++) {
        if (procs[i]->nargs != nargs ||
            memcmp(procs[i]->argtypes, types, sizeof(*types) * (size_t)nargs) != 0)
            continue;
        *out = procs[i]->oid;
        return NULL;
    }
    return err_new("42883", "function \"%.*s\" does not exist", STR_ARG(text));
}

/* An operator's name, behind the schema if there is one. */
static struct err *split_operator(struct session *s, struct str text, struct str *name)
{
    struct str t = trimmed(text);
    char schema[64];
    struct str rest = t;
    *name = t;
    if (!t.len || !(t.data[0] == '"' || t.data[0] == '_' || (t.data[0] | 32) >= 'a') ||
        !take_part(&rest, schema) || !rest.len || rest.data[0] != '.')
        return NULL;
    *name = skip_blanks(str_make(rest.data + 1, rest.len - 1));
    TRY(known_schema(s, schema));
    if (strcmp(schema, "pg_catalog") != 0)
        *name = STR("");
    return NULL;
}

static struct err *read_oper(struct session *s, struct str text, uint32_t *out)
{
    struct str name;
    int n;
    TRY(split_operator(s, text, &name));
    const struct cat_oper *opers = builtin_opers(name, &n);
    if (!n)
        return err_new("42883", "operator does not exist: %.*s", STR_ARG(text));
    if (n > 1)
        return err_new("42725", "more than one operator named %.*s", STR_ARG(text));
    *out = opers[0].oid;
    return NULL;
}

static struct err *read_operator(struct session *s, struct str text, uint32_t *out)
{
    uint32_t types[MAX_ARGS];
    struct str signature;
    struct str name;
    int nargs;
    int n;
    TRY(split_signature(s, text, true, &signature, types, &nargs));
    if (nargs == 1)
        return err_hint(err_new("42P02", "missing argument"),
                        "Use NONE to denote the missing argument of a unary operator.");
    if (nargs != 2)
        return err_hint(err_new("54023", "too many arguments"),
                        "Provide two argument types for operator.");
    TRY(split_operator(s, signature, &name));
    const struct cat_oper *opers = builtin_opers(name, &n);
    for (int i = 0; i < n; i++)
        if (opers[i].left == types[0] && opers[i].right == types[1]) {
            *out = opers[i].oid;
            return NULL;
        }
    return err_new("42883", "operator does not exist: %.*s", STR_ARG(text));
}

static struct err *read_collation(struct session *s, struct str text, uint32_t *out)
{
    struct parts p;
    TRY(split_qualified(s, text, "qualified", &p));
    TRY(known_schema(s, schema_of(&p)));
    TRY(cat_find_collation(&s->cat, str_from(schema_of(&p)), str_from(last(&p)), out));
    return *out ? NULL
                : err_new("42704", "collation \"%.*s\" for encoding \"UTF8\" does not exist",
                          STR_ARG(text));
}

static struct err *read_name(struct session *s, uint32_t kind, struct str name, struct arena *a,
                             uint32_t *out)
{
    char only[64];
    switch (kind) {
    case REGCLASS_OID:
        return session_relation_oid(s, name, out);
    case REGTYPE_OID:
        return read_type(s, name, out);
    case REGNAMESPACE_OID:
        TRY(single(name, only));
        TRY(cat_namespace_oid(&s->cat, str_from(only), out));
        return *out ? NULL : err_new("3F000", "schema \"%s\" does not exist", only);
    case REGROLE_OID:
        TRY(single(name, only));
        TRY(cat_role_oid(&s->cat, str_from(only), out));
        return *out ? NULL : err_new("42704", "role \"%s\" does not exist", only);
    case REGPROC_OID:
        return read_proc(s, name, a, out);
    case REGPROCEDURE_OID:
        return read_procedure(s, name, a, out);
    case REGOPER_OID:
        return read_oper(s, name, out);
    case REGOPERATOR_OID:
        return read_operator(s, name, out);
    case REGCOLLATION_OID:
        return read_collation(s, name, out);
    default:
        return err_unsupported("names of this type cannot be read yet; use the OID");
    }
}

static struct err *name_to_oid(void *names, uint32_t kind, struct str name, uint32_t *out)
{
    struct session *s = names;
    struct arena a;
    if (!s->cat.txn)
        return err_new("25000", "names cannot be looked up outside a transaction");
    arena_init(&a);
    struct err *e = read_name(s, kind, name, &a, out);
    arena_done(&a);
    return e;
}

/* ---- printing ---- */

static struct err *put_qualified(struct session *s, uint32_t nsp, const char *name, struct arena *a,
                                 struct buf *out)
{
    const char *schema = NULL;
    TRY(cat_namespace_name(&s->cat, nsp, a, &schema));
    if (schema) {
        quote_identifier(out, schema);
        buf_put_u8(out, '.');
    }
    quote_identifier(out, name);
    return NULL;
}

static struct err *put_relation(struct session *s, uint32_t oid, struct buf *out, bool *known)
{
    struct relation *r;
    uint32_t found = 0;
    TRY(cat_relation(&s->cat, oid, &r));
    *known = r != NULL;
    if (!r)
        return NULL;
    struct err *e = cat_find_relation(&s->cat, STR(""), str_from(r->name), true, &found);
    if (found != oid) {
        quote_identifier(out, r->nsp_name);
        buf_put_u8(out, '.');
    }
    quote_identifier(out, r->name);
    relation_unref(r);
    return e;
}

static struct err *put_type(struct session *s, uint32_t oid, struct arena *a, struct buf *out)
{
    struct datum text;
    TRY(session_plain_type_name(s, oid, a, &text));
    buf_put_str(out, datum_as_str(text));
    return NULL;
}

/* Without its schema when the name alone finds it: regproc wants it to be the only one, and
 * regprocedure the only one with such arguments. */
static struct err *put_proc(struct session *s, uint32_t oid, bool arguments, struct arena *a,
                            struct buf *out, bool *known)
{
    const struct cat_proc *p;
    const struct cat_proc **all;
    struct parts name = {.n = 1};
    int n;
    bool seen = false;
    TRY(cat_load_proc(&s->cat, oid, &p));
    *known = p != NULL;
    if (!p)
        return NULL;
    snprintf(name.part[0], sizeof(name.part[0]), "%.*s", STR_ARG(p->name));
    TRY(functions_named(s, &name, a, &all, &n));
    for (int i = 0; i < n; i++)
        seen |= all[i]->oid == oid;
    if (seen && (arguments || n == 1))
        quote_identifier(out, name.part[0]);
    else
        TRY(put_qualified(s, p->nsp, name.part[0], a, out));
    for (int i = 0; arguments && i < p->nargs; i++) {
        buf_put_c(out, i ? "," : "(");
        TRY(put_type(s, p->argtypes[i], a, out));
    }
    buf_put_c(out, !arguments ? "" : p->nargs ? ")" : "()");
    return NULL;
}

static struct err *put_operator(struct session *s, uint32_t oid, bool arguments, struct arena *a,
                                struct buf *out, bool *known)
{
    const struct cat_oper *o = builtin_oper(oid);
    int n;
    *known = o != NULL;
    if (!o)
        return NULL;
    builtin_opers(o->name, &n);
    buf_put_c(out, arguments || n == 1 ? "" : "pg_catalog.");
    buf_put_str(out, o->name);
    if (!arguments)
        return NULL;
    buf_put_c(out, "(");
    if (o->left)
        TRY(put_type(s, o->left, a, out));
    buf_put_c(out, o->left ? "," : "NONE,");
    TRY(put_type(s, o->right, a, out));
    buf_put_c(out, ")");
    return NULL;
}

static struct err *put_name(struct session *s, uint32_t kind, uint32_t oid, struct arena *a,
                            struct buf *out, bool *known)
{
    const char *name = NULL;
    struct str collation = STR("");
    switch (kind) {
    case REGCLASS_OID:
        return put_relation(s, oid, out, known);
    case REGTYPE_OID:
        err_free(cat_load_type(&s->cat, oid, NULL));
        *known = builtin_type(oid) != NULL;
        return *known ? put_type(s, oid, a, out) : NULL;
    case REGPROC_OID:
    case REGPROCEDURE_OID:
        return put_proc(s, oid, kind == REGPROCEDURE_OID, a, out, known);
    case REGOPER_OID:
    case REGOPERATOR_OID:
        return put_operator(s, oid, kind == REGOPERATOR_OID, a, out, known);
    case REGROLE_OID:
        TRY(cat_role_name(&s->cat, oid, a, &name));
        break;
    case REGNAMESPACE_OID:
        TRY(cat_namespace_name(&s->cat, oid, a, &name));
        break;
    case REGCOLLATION_OID:
        collation = builtin_collation_name(oid);
        name = collation.len ? arena_strndup(a, collation.data, collation.len) : NULL;
        break;
    default:
        break;
    }
    *known = name != NULL;
    if (name)
        quote_identifier(out, name);
    return NULL;
}

static struct err *oid_to_name(void *names, uint32_t kind, uint32_t oid, struct buf *out)
{
    struct session *s = names;
    struct arena a;
    struct err *e = NULL;
    bool known = false;
    arena_init(&a);
    if (oid && s->cat.txn)
        e = put_name(s, kind, oid, &a, out, &known);
    if (!e && !known)
        buf_printf(out, oid || kind == REGOPER_OID || kind == REGOPERATOR_OID ? "%u" : "-", oid);
    arena_done(&a);
    return e;
}

void session_bind_names(struct session *s)
{
    s->types.names = s;
    s->types.oid_of = name_to_oid;
    s->types.name_of = oid_to_name;
    session_bind_types(s);
}
