/* Statements known by their text. An application that builds its SQL as strings sends the same text
 * over and over with other literals in it: the literals are lifted out, and what is left finds a
 * plan. A driver that uses the unnamed statement sends the same text with other parameters.
 *
 * Only literals whose place allows any expression of their type are lifted: operands of comparison
 * and arithmetic operators, and the values of an INSERT. Everything else stays in the text and so
 * in the key. Any error on this way, a literal that does not fit its type for one, sends the text
 * down the ordinary path, which reports it as written.
 *
 * Each worker has a cache of its own, so its fibers share entries without locks. An entry is good
 * for one database, search path and catalog version, and never changes. A statement with a literal
 * whose meaning depends on the session's settings or on the time ('now', a date, a table's name)
 * is not kept. */
#include "server/server_internal.h"

#include "base/hash.h"

#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

enum { SLOTS = 512, MAX_TEXT = 4096, MAX_LITERALS = 64 };

/* Of which a text is looked up: the kinds have no text in common. */
struct key {
    uint64_t hash;
    struct str text; /* lifted: the text with $n, and a letter for each literal's type;
                        exact: the text, and its declared types */
    bool exact;
};

struct entry {
    uint64_t hash;
    bool exact;
    uint32_t db;
    uint32_t plans_off; /* as in struct cat */
    char *text;
    size_t len;
    uint32_t *path;
    int npath;
    struct prepared *stmt; /* NULL: not to be kept */
    uint64_t catalog_version;
};

static __thread struct entry *slots; /* SLOTS of them, of this worker; until the process ends */

/* ---- lifting literals ---- */

struct lifter {
    const char *p;
    struct buf *out;
    struct text_literal *literals;
    int n;
    /* What came before: decides whether a literal may be lifted. */
    bool after_operator;   /* comparison or arithmetic */
    bool after_comparison; /* ... a comparison */
    bool in_values;        /* behind VALUES */
    bool value_start;      /* at the start of an element of a VALUES list */
    int depth;
};

static bool word_char(char c)
{
    return isalnum((unsigned char)c) || c == '_' || (c & 0x80);
}

static void put_param(struct lifter *l, bool string, struct str text)
{
    bool wide = false;
    int64_t v = 0;
    if (!string) {
        str_to_int64(text, &v);
        wide = v > INT32_MAX;
    }
    l->literals[l->n++] = (struct text_literal){text, v, string, wide};
    buf_printf(l->out, "$%d", l->n);
}

/* 'text' without escapes; false: leave this text alone. */
static bool take_string(struct lifter *l)
{
    const char *start = l->p++;
    while (*l->p && *l->p != '\'' && *l->p != '\\')
        l->p++;
    if (*l->p != '\'' || l->p[1] == '\'')
        return false;
    l->p++;
    const char *next = l->p;
    while (isspace((unsigned char)*next))
        next++;
    if (*next == '\'')
        return false; /* a string continued */
    struct str text = str_make(start + 1, (size_t)(l->p - start) - 2);
    if ((l->after_comparison || l->value_start) && l->n < MAX_LITERALS)
        put_param(l, true, text);
    else
        buf_put(l->out, start, (size_t)(l->p - start));
    return true;
}

static void take_number(struct lifter *l)
{
    const char *start = l->p;
    while (isdigit((unsigned char)*l->p))
        l->p++;
    size_t digits = (size_t)(l->p - start);
    bool plain = *l->p != '.' && !word_char(*l->p) && digits <= 18;
    if (digits == 10 && memcmp(start, "2147483648", 10) == 0)
        plain = false; /* behind a minus it is an integer */
    while (word_char(*l->p) || *l->p == '.')
        l->p++;
    if (plain && (l->after_operator || l->value_start) && l->n < MAX_LITERALS)
        put_param(l, false, str_make(start, digits));
    else
        buf_put(l->out, start, (size_t)(l->p - start));
}

static void take_word(struct lifter *l)
{
    const char *start = l->p;
    while (word_char(*l->p))
        l->p++;
    size_t n = (size_t)(l->p - start);
    buf_put(l->out, start, n);
    if (n == 6 && strncasecmp(start, "values", 6) == 0 && l->depth == 0)
        l->in_values = true;
    else if (l->depth == 0)
        l->in_values = false;
}

static void take_operator(struct lifter *l)
{
    static const char *const comparisons[] = {"=", "<", ">", "<=", ">=", "<>", "!="};
    const char *start = l->p;
    while (*l->p && strchr("+-*/<>=~!@#%^&|`?:", *l->p))
        l->p++;
    struct str op = str_make(start, (size_t)(l->p - start));
    buf_put_str(l->out, op);
    for (size_t i = 0; i < ARRAY_LENGTH(comparisons); i++)
        l->after_comparison |= str_eq_c(op, comparisons[i]);
    l->after_operator = l->after_comparison || (op.len == 1 && strchr("+-*/%", op.data[0]) != NULL);
}

static void take_punctuation(struct lifter *l)
{
    char c = *l->p++;
    buf_put_u8(l->out, (uint8_t)c);
    l->depth += c == '(';
    l->depth -= c == ')';
    l->value_start = l->in_values && l->depth == 1 && (c == '(' || c == ',');
}

bool text_cache_suits(const char *sql)
{
    static const char *const verbs[] = {"select", "insert", "update", "delete"};
    while (isspace((unsigned char)*sql))
        sql++;
    for (size_t i = 0; i < ARRAY_LENGTH(verbs); i++)
        if (strncasecmp(sql, verbs[i], 6) == 0 && !word_char(sql[6]))
            return true;
    return false;
}

/* The text with its literals lifted out; false when it is not of a kind to be cached. */
static bool lift(const char *sql, struct buf *out, struct text_literal *literals, int *n)
{
    struct lifter l = {.p = sql, .out = out, .literals = literals};
    while (*l.p) {
        char c = *l.p;
        if (isspace((unsigned char)c)) {
            buf_put_u8(out, ' ');
            while (isspace((unsigned char)*l.p))
                l.p++;
            continue;
        }
        if (c == '\'') {
            if (!take_string(&l))
                return false;
        } else if (c == '"' || c == '$' || c == '\\' || (c == '-' && l.p[1] == '-') ||
                   (c == '/' && l.p[1] == '*')) {
            return false;
        } else if (isdigit((unsigned char)c)) {
            take_number(&l);
        } else if (word_char(c)) {
            take_word(&l);
            if (*l.p == '\'')
                return false; /* E'..', B'..' */
        } else if (c == ';') {
            for (l.p++; isspace((unsigned char)*l.p); l.p++)
                ;
            if (*l.p)
                return false; /* several statements */
            break;
        } else if (strchr("+-*/<>=~!@#%^&|`?:", c)) {
            l.after_operator = l.after_comparison = l.value_start = false;
            take_operator(&l);
            continue;
        } else {
            take_punctuation(&l);
            l.after_operator = l.after_comparison = false;
            continue;
        }
        l.after_operator = l.after_comparison = l.value_start = false;
    }
    *n = l.n;
    return true;
}

/* ---- the cache ---- */

static struct key key_make(const struct backend *b, struct str text, bool exact)
{
    uint64_t hash = hash_bytes(text.data, text.len, ((uint64_t)b->base.cat.db << 1) | exact);
    return (struct key){hash, text, exact};
}

/* NULL: there is no memory for the cache. */
static struct entry *entry_at(const struct key *key)
{
    if (!slots)
        slots = calloc(SLOTS, sizeof(*slots));
    return slots ? &slots[key->hash % SLOTS] : NULL;
}

static void entry_clear(struct entry *e)
{
    prepared_unref(e->stmt);
    free(e->text);
    free(e->path);
    *e = (struct entry){0};
}

static bool entry_is(const struct backend *b, const struct entry *e, const struct key *key)
{
    return e->hash == key->hash && e->exact == key->exact && e->text && e->db == b->base.cat.db &&
           e->plans_off == b->base.cat.plans_off &&
           e->catalog_version == catalog_version(server_catalog) && e->len == key->text.len &&
           memcmp(e->text, key->text.data, e->len) == 0 && e->npath == b->npath &&
           memcmp(e->path, b->path, sizeof(*b->path) * (size_t)b->npath) == 0;
}

/* Takes over `stmt` (NULL: the text is not to be kept). Without memory, the place stays empty. */
static void entry_set(struct backend *b, struct entry *e, const struct key *key,
                      struct prepared *stmt)
{
    entry_clear(e);
    e->text = malloc(key->text.len + 1);
    e->path = malloc(sizeof(*e->path) * (size_t)(b->npath + 1));
    if (!e->text || !e->path) {
        prepared_unref(stmt);
        entry_clear(e);
        return;
    }
    memcpy(e->text, key->text.data, key->text.len);
    memcpy(e->path, b->path, sizeof(*e->path) * (size_t)b->npath);
    e->len = key->text.len;
    e->npath = b->npath;
    e->hash = key->hash;
    e->exact = key->exact;
    e->db = b->base.cat.db;
    e->plans_off = b->base.cat.plans_off;
    e->stmt = stmt;
    e->catalog_version = stmt ? stmt->plan->catalog_version : catalog_version(server_catalog);
}

/* A plan that costs more than this is worth making anew, for the literals at hand. */
#define CHEAP_COST 50.0

/* Whether other sessions may run the statement's plan. */
static bool may_be_kept(const struct prepared *p)
{
    return p->kind == STMT_PLAN && p->plan && !p->plan_is_local && !p->plan->query->env_literals &&
           !p->plan->query->policy_role;
}

/* ---- plain query texts ---- */

/* Values of the plan's parameter types; a literal that does not fit is the ordinary path's matter.
 */
static struct err *bind(struct backend *b, const struct prepared *p,
                        const struct text_literal *literals, int n, struct arena *a,
                        struct datum **out)
{
    struct datum *values = arena_new_array(a, struct datum, n + 1);
    for (int i = 0; i < n; i++) {
        values[i] = datum_int(literals[i].number);
        if (!literals[i].string)
            continue;
        const struct type_ops *ops = type_lookup(&b->base.types, p->plan->param_types[i]);
        if (!ops)
            return err_unsupported("unknown parameter type");
        TRY(ops->in(ops, &b->base.types, literals[i].text, -1, a, &values[i]));
    }
    *out = values;
    return NULL;
}

/* The statement of a lifted text; NULL when it is not one to be kept. MAY YIELD. */
static struct prepared *plan_lifted(struct backend *b, struct str sql,
                                    const struct text_literal *literals, int n)
{
    uint32_t types[MAX_LITERALS];
    struct prepared *p;
    for (int i = 0; i < n; i++)
        types[i] = literals[i].string ? 0 : literals[i].wide ? INT8_OID : INT4_OID;
    struct err *e = prepared_new(sql.data, sql.len, types, n, &p);
    if (!e) {
        e = prepared_plan(b, p);
        if (!e && may_be_kept(p) && p->plan->nparams == n &&
            (!n || p->plan->root->total_cost <= CHEAP_COST))
            return p;
        prepared_unref(p);
    }
    err_free(e);
    return NULL;
}

bool text_cache_find(struct backend *b, const char *sql, struct arena *a, struct cached_text *out)
{
    struct text_literal literals[MAX_LITERALS];
    struct buf text = BUF_INIT;
    struct prepared *p = NULL;
    int n = 0;
    *out = (struct cached_text){0};
    if (b->base.cat.local || strlen(sql) > MAX_TEXT)
        return false;
    bool usable = lift(sql, &text, literals, &n);
    /* The width of a number is part of the key: it decides between integer and bigint. */
    for (int i = 0; i < n; i++)
        buf_put_u8(&text, literals[i].string ? 's' : literals[i].wide ? 'l' : 'i');
    if (usable && !text.failed) {
        struct key key = key_make(b, buf_str(&text), false);
        struct entry *entry = entry_at(&key);
        if (entry && entry_is(b, entry, &key)) {
            p = entry->stmt ? prepared_ref(entry->stmt) : NULL;
        } else if (entry) {
            p = plan_lifted(b, str_make(text.data, text.len - (size_t)n), literals, n);
            entry_set(b, entry, &key, p ? prepared_ref(p) : NULL);
        }
    }
    buf_done(&text);
    if (!p)
        return false;
    struct err *e = bind(b, p, literals, n, a, &out->values);
    if (e) {
        err_free(e);
        prepared_unref(p);
        return false;
    }
    out->stmt = p;
    return true;
}

/* ---- unnamed statements ---- */

static bool exact_key(struct backend *b, struct str sql, const uint32_t *types, int ntypes,
                      struct buf *text, struct key *out)
{
    if (b->base.cat.local || sql.len > MAX_TEXT)
        return false;
    buf_put_str(text, sql);
    buf_put_u8(text, 0);
    buf_put(text, types, sizeof(*types) * (size_t)ntypes);
    if (text->failed)
        return false;
    *out = key_make(b, buf_str(text), true);
    return true;
}

struct prepared *text_cache_share(struct backend *b, struct str sql, const uint32_t *types,
                                  int ntypes)
{
    struct buf text = BUF_INIT;
    struct prepared *p = NULL;
    struct key key;
    if (exact_key(b, sql, types, ntypes, &text, &key)) {
        struct entry *entry = entry_at(&key);
        if (entry && entry->stmt && entry_is(b, entry, &key))
            p = prepared_share(b, entry->stmt);
    }
    buf_done(&text);
    return p;
}

void text_cache_keep(struct backend *b, struct prepared *p)
{
    struct buf text = BUF_INIT;
    struct key key;
    if (may_be_kept(p) &&
        exact_key(b, str_make(p->sql, p->sql_len), p->declared, p->ndeclared, &text, &key)) {
        struct entry *entry = entry_at(&key);
        struct prepared *own = entry ? prepared_share(b, p) : NULL;
        if (own)
            entry_set(b, entry, &key, own);
    }
    buf_done(&text);
}
