/* Values against the constraints of their domains. A session compiles a domain's constraints once
 * and keeps them as long as the catalog stays as it was. */
#include "exec/exec_internal.h"

#include "exec/fn_session.h"
#include "rt/fiber.h"
#include "sql/analyze.h"

#include <stdlib.h>

enum { STACK_RESERVE = 48 * 1024 };

struct domain_checks {
    struct domain_checks *next;
    uint32_t oid;
    uint64_t version; /* of the catalog, and ... */
    uint64_t changes; /* ... cat->changes */
    struct arena arena;
    struct domain_info info;
    struct row_expr **exprs; /* one for each of info.checks */
};

static void entry_free(struct domain_checks *d)
{
    for (int i = 0; d->exprs && i < d->info.nchecks; i++)
        row_expr_free(d->exprs[i]);
    arena_done(&d->arena);
    free(d);
}

void domains_free(struct session *s)
{
    while (s->domains) {
        struct domain_checks *d = s->domains;
        s->domains = d->next;
        entry_free(d);
    }
}

static struct err *compile(struct session *s, struct domain_checks *d)
{
    struct exec_env env = session_exec_env(s);
    bool found;
    TRY(cat_domain(&s->cat, d->oid, true, &d->arena, &d->info, &found));
    if (!found)
        return err_new("XX000", "cache lookup failed for type %u", d->oid);
    TRY(cat_load_type(&s->cat, d->oid, NULL));
    d->exprs = arena_new_array(&d->arena, struct row_expr *, d->info.nchecks + 1);
    for (int i = 0; i < d->info.nchecks; i++) {
        struct relation *value = cat_domain_value(d->oid, &d->arena);
        struct rte *rte;
        struct expr *e;
        TRY(analyze_expr_text(&s->cat, &s->types, d->info.checks[i].sql, value, USE_CHECK, BOOL_OID,
                              -1, &d->arena, &rte, &e));
        TRY(row_expr_new(&env, rte, e, &d->exprs[i]));
    }
    return NULL;
}

static struct err *find(struct session *s, uint32_t oid, struct domain_checks **out)
{
    uint64_t version = catalog_version(s->cat.shared);
    for (struct domain_checks **at = &s->domains; *at; at = &(*at)->next) {
        struct domain_checks *d = *at;
        if (d->oid != oid)
            continue;
        *out = d;
        if (d->version == version && d->changes == s->cat.changes)
            return NULL;
        *at = d->next;
        entry_free(d);
        break;
    }
    struct domain_checks *d = calloc(1, sizeof(*d));
    if (!d)
        return err_oom();
    d->oid = oid;
    d->version = version;
    d->changes = s->cat.changes;
    arena_init(&d->arena);
    struct err *e = compile(s, d);
    if (e) {
        entry_free(d);
        return e;
    }
    d->next = s->domains;
    *out = s->domains = d;
    return NULL;
}

static const char *name_of(struct session *s, uint32_t domain, struct arena *a)
{
    const char *name = NULL;
    err_free(cat_type_name(&s->cat, domain, false, a, &name));
    return name ? name : "?";
}

static struct err *violation(struct session *s, uint32_t domain, const char *check)
{
    struct arena a;
    arena_init(&a);
    const char *name = name_of(s, domain, &a);
    struct err *e =
        check ? err_constraint(err_new("23514",
                                       "value for domain %s violates check constraint \"%s\"", name,
                                       check),
                               check)
              : err_new("23502", "domain %s does not allow null values", name);
    const struct cat_type *t = builtin_type(domain);
    const char *schema = NULL;
    if (t)
        err_free(cat_namespace_name(&s->cat, t->nsp, &a, &schema));
    if (schema)
        e = err_datatype(e, schema, arena_strndup(&a, t->name.data, t->name.len));
    arena_done(&a);
    return e;
}

struct err *domain_check(void *session, uint32_t domain, struct datum d)
{
    struct session *s = session;
    struct domain_checks *checks = NULL;
    if (!s->cat.txn)
        return err_new("25000", "domains cannot be looked up outside a transaction");
    if (fiber_stack_left() < STACK_RESERVE)
        return err_new("54001", "stack depth limit exceeded");
    TRY(find(s, domain, &checks));
    if (d.null && checks->info.not_null)
        return violation(s, domain, NULL);
    for (int i = 0; i < checks->info.nchecks; i++) {
        struct datum yes;
        TRY(row_expr_eval(checks->exprs[i], &d, &yes));
        if (!yes.null && !yes.i)
            return violation(s, domain, checks->info.checks[i].name);
    }
    return NULL;
}
