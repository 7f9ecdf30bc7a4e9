/* Functions that users make: reading them from pg_proc into a register, from which builtin_proc
 * finds them by number. A description is made when a name first leads to the function, and made
 * anew when the row says something else; old ones stay as long as the process, since plans point to
 * them. */
#include "catalog/acl.h"
#include "catalog/ddl.h"

#include "catalog/cache_internal.h"
#include "catalog/systab.h"
#include "types/array.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static pthread_mutex_t mu = PTHREAD_MUTEX_INITIALIZER;
static struct arena arena; /* guarded by mu; never freed */

struct entry {
    struct cat_proc proc;
    struct cat_agg agg; /* of an aggregate */
    struct entry *next;
};
enum { BUCKETS = 1024 };
static struct entry *buckets[BUCKETS]; /* guarded by mu */

const struct cat_proc *user_proc_find(uint32_t oid)
{
    pthread_mutex_lock(&mu);
    const struct entry *e = buckets[oid % BUCKETS];
    while (e && e->proc.oid != oid)
        e = e->next;
    pthread_mutex_unlock(&mu);
    return e ? &e->proc : NULL;
}

const struct cat_agg *user_agg_find(uint32_t proc)
{
    pthread_mutex_lock(&mu);
    const struct entry *e = buckets[proc % BUCKETS];
    while (e && e->proc.oid != proc)
        e = e->next;
    pthread_mutex_unlock(&mu);
    return e && e->proc.kind == 'a' ? &e->agg : NULL;
}

static char char_of(struct datum d)
{
    return d.null ? '\0' : (char)d.i;
}

/* The items of an array column, as datums in scratch memory. */
static struct err *items_of(struct datum d, struct arena *a, const struct datum **out, int *n)
{
    struct array items = {0};
    *n = 0;
    *out = NULL;
    if (d.null)
        return NULL;
    TRY(array_open(d, &items));
    struct datum *list = arena_new_array(a, struct datum, items.nitems + 1);
    for (uint32_t i = 0; i < items.nitems; i++)
        list[i] = array_get(&items, i);
    *out = list;
    *n = (int)items.nitems;
    return NULL;
}

static const uint32_t *oids_of(const struct datum *d, int n)
{
    uint32_t *out = arena_new_array(&arena, uint32_t, n + 1);
    for (int i = 0; i < n; i++)
        out[i] = (uint32_t)d[i].u;
    return out;
}

static const struct str *strings_of(const struct datum *d, int n)
{
    struct str *out = arena_new_array(&arena, struct str, n + 1);
    for (int i = 0; i < n; i++)
        out[i] = arena_str(&arena, datum_as_str(d[i]));
    return out;
}

/* Defaults are kept one after the other, each ended by the unit separator. */
static const struct str *split_defaults(struct str text, int n)
{
    struct str *out = arena_new_array(&arena, struct str, n + 1);
    for (int i = 0; i < n; i++) {
        const char *end = text.len ? memchr(text.data, PROC_DEFAULT_END, text.len) : NULL;
        size_t len = end ? (size_t)(end - text.data) : text.len;
        out[i] = arena_str(&arena, str_make(text.data, len));
        text = end ? str_make(end + 1, text.len - len - 1) : STR("");
    }
    return out;
}

static bool same_config(const struct cat_proc *p, struct datum config)
{
    struct array a = {0};
    struct err *e = config.null ? NULL : array_open(config, &a);
    bool same = !e && (int)a.nitems == p->nconfig;
    for (int i = 0; same && i < p->nconfig; i++)
        same = str_eq(p->config[i], datum_as_str(array_get(&a, (uint32_t)i)));
    err_free(e);
    return same;
}

/* Whether the register says what the row says; what CREATE OR REPLACE cannot change is not
 * compared. */
static bool same(const struct cat_proc *p, const struct datum *v)
{
    struct str stored = v[PROC_DEFAULTS].null ? STR("") : datum_as_str(v[PROC_DEFAULTS]);
    return p && str_eq(p->name, datum_as_str(v[PROC_NAME])) && p->nsp == (uint32_t)v[PROC_NSP].u &&
           p->volatility == char_of(v[PROC_VOLATILE]) && p->strict == (v[PROC_STRICT].i != 0) &&
           p->leakproof == (v[PROC_LEAKPROOF].i != 0) && p->definer == (v[PROC_SECDEF].i != 0) &&
           p->owner == (uint32_t)v[PROC_OWNER].u && p->ndefaults == (int)v[PROC_NDEFAULTS].i &&
           str_eq(p->stored, stored) && same_config(p, v[PROC_CONFIG]);
}

static void set_agg(struct cat_agg *agg, const struct datum *v)
{
    *agg = (struct cat_agg){
        .proc = (uint32_t)v[AGG_FN].u,
        .kind = char_of(v[AGG_KIND]),
        .ndirect = (int)v[AGG_NDIRECT].i,
        .sortop = (uint32_t)v[AGG_SORTOP].u,
        .transfn = (uint32_t)v[AGG_TRANSFN].u,
        .finalfn = (uint32_t)v[AGG_FINALFN].u,
        .final_extra = v[AGG_FINALEXTRA].i != 0,
        .transtype = (uint32_t)v[AGG_TRANSTYPE].u,
    };
    if (!v[AGG_INITVAL].null)
        agg->initval = arena_str(&arena, datum_as_str(v[AGG_INITVAL]));
}

static bool same_agg(const struct cat_agg *agg, const struct datum *v)
{
    struct str initval = v[AGG_INITVAL].null ? (struct str){0} : datum_as_str(v[AGG_INITVAL]);
    return agg && agg->transfn == v[AGG_TRANSFN].u && agg->finalfn == v[AGG_FINALFN].u &&
           agg->final_extra == (v[AGG_FINALEXTRA].i != 0) && agg->transtype == v[AGG_TRANSTYPE].u &&
           agg->sortop == v[AGG_SORTOP].u && !agg->initval.data == !initval.data &&
           str_eq(agg->initval, initval);
}

/* `agg`: the row of pg_aggregate; NULL: it is none. */
static struct err *make(const struct datum *v, const struct datum *agg, struct arena *scratch,
                        const struct cat_proc **out)
{
    const struct datum *args;
    const struct datum *all;
    const struct datum *modes;
    const struct datum *names;
    const struct datum *config;
    int nargs, nall, nmodes, nnames, nconfig;
    TRY(items_of(v[PROC_ARGTYPES], scratch, &args, &nargs));
    TRY(items_of(v[PROC_ALLARGTYPES], scratch, &all, &nall));
    TRY(items_of(v[PROC_ARGMODES], scratch, &modes, &nmodes));
    TRY(items_of(v[PROC_ARGNAMES], scratch, &names, &nnames));
    TRY(items_of(v[PROC_CONFIG], scratch, &config, &nconfig));
    pthread_mutex_lock(&mu);
    if (!arena.limit_bytes)
        arena_init(&arena);
    struct entry *e = arena_new(&arena, struct entry);
    char *mode_text = arena_alloc(&arena, (size_t)nmodes + 1);
    for (int i = 0; i < nmodes; i++)
        mode_text[i] = char_of(modes[i]);
    mode_text[nmodes] = '\0';
    struct str stored = v[PROC_DEFAULTS].null ? STR("") : datum_as_str(v[PROC_DEFAULTS]);
    const bool is_c = v[PROC_LANG].u == C_LANGUAGE ||
                      (v[PROC_LANG].u == INTERNAL_LANGUAGE && char_of(v[PROC_KIND]) == 'f');
    e->proc = (struct cat_proc){
        .oid = (uint32_t)v[PROC_OID].u,
        .name = arena_str(&arena, datum_as_str(v[PROC_NAME])),
        .nsp = (uint32_t)v[PROC_NSP].u,
        .kind = char_of(v[PROC_KIND]),
        .volatility = char_of(v[PROC_VOLATILE]),
        .strict = v[PROC_STRICT].i != 0,
        .leakproof = v[PROC_LEAKPROOF].i != 0,
        .definer = v[PROC_SECDEF].i != 0,
        .owner = (uint32_t)v[PROC_OWNER].u,
        .retset = v[PROC_RETSET].i != 0,
        .variadic = (uint32_t)v[PROC_VARIADIC].u,
        .rettype = (uint32_t)v[PROC_RETTYPE].u,
        .nargs = nargs,
        .ndefaults = (int)v[PROC_NDEFAULTS].i,
        .argtypes = oids_of(args, nargs),
        .nallargs = nall,
        .allargtypes = nall ? oids_of(all, nall) : NULL,
        .argmodes = nmodes ? mode_text : NULL,
        .argnames = nnames ? strings_of(names, nnames) : NULL,
        .src = is_c ? arena_str(&arena, datum_as_str(v[PROC_SRC])) : STR("sql_function"),
        .is_c = is_c,
        .lang = (uint32_t)v[PROC_LANG].u,
        .rows = v[PROC_ROWS].f32,
        .config = strings_of(config, nconfig),
        .nconfig = nconfig,
        .stored = arena_str(&arena, stored),
        .defaults = split_defaults(stored, (int)v[PROC_NDEFAULTS].i),
    };
    if (agg)
        set_agg(&e->agg, agg);
    struct entry **bucket = &buckets[e->proc.oid % BUCKETS];
    e->next = *bucket;
    *bucket = e;
    pthread_mutex_unlock(&mu);
    *out = &e->proc;
    return NULL;
}

/* The types that it mentions are read in too. */
static struct err *load_row(struct cat *c, const struct datum *v, const struct cat_proc **out)
{
    struct arena scratch;
    struct err *e = NULL;
    struct datum agg[AGG_COLUMNS];
    bool is_agg = char_of(v[PROC_KIND]) == 'a';
    *out = user_proc_find((uint32_t)v[PROC_OID].u);
    arena_init(&scratch);
    if (is_agg)
        e = systab_get(c, PG_AGGREGATE, AGGREGATE_FNOID_INDEX, &v[PROC_OID], 1, &scratch, agg,
                       &is_agg);
    if (!e && (!same(*out, v) || (is_agg && !same_agg(user_agg_find((*out)->oid), agg))))
        e = make(v, is_agg ? agg : NULL, &scratch, out);
    arena_done(&scratch);
    if (!e)
        e = cat_load_type(c, (*out)->rettype, NULL);
    for (int i = 0; !e && i < (*out)->nargs; i++)
        e = cat_load_type(c, (*out)->argtypes[i], NULL);
    for (int i = 0; !e && i < (*out)->nallargs; i++)
        e = cat_load_type(c, (*out)->allargtypes[i], NULL);
    return e;
}

struct err *cat_load_proc(struct cat *c, uint32_t oid, const struct cat_proc **out)
{
    struct datum key = datum_int(oid);
    struct datum v[PROC_COUNT];
    struct arena a;
    bool found;
    *out = NULL;
    if (oid < FIRST_SYSTEM_OID) {
        *out = builtin_proc(oid);
        return NULL;
    }
    arena_init(&a);
    struct err *e = systab_get(c, PG_PROC, PROC_OID_INDEX, &key, 1, &a, v, &found);
    if (!e && found)
        e = load_row(c, v, out);
    arena_done(&a);
    return e;
}

struct err *cat_granted_procs(struct cat *c, struct arena *a, uint32_t **out, int *n)
{
    struct datum v[PROC_COUNT];
    struct systab_scan scan;
    int cap = 0;
    bool more = true;
    *out = NULL;
    *n = 0;
    TRY(systab_open(c, PG_PROC, PROC_OID_INDEX, NULL, 0, &scan));
    struct err *e = NULL;
    while (!e && more) {
        e = systab_next(&scan, v, &more);
        more = !e && more && v[PROC_OID].u < FIRST_SYSTEM_OID;
        if (more)
            ARENA_PUSH(a, *out, *n, cap, (uint32_t)v[PROC_OID].u);
    }
    systab_close(&scan);
    return e;
}

struct err *cat_has_granted_procs(struct cat *c, bool *out)
{
    struct arena a;
    uint32_t *oids;
    int n;
    *out = false;
    if (!c->txn) /* the body of a built-in function is analyzed */
        return NULL;
    uint64_t version = catalog_version(c->shared) + 1;
    *out = c->granted_procs;
    if (!c->local && c->granted_version == version)
        return NULL;
    arena_init(&a);
    struct err *e = cat_granted_procs(c, &a, &oids, &n);
    arena_done(&a);
    if (e)
        return e;
    c->granted_procs = *out = n > 0;
    c->granted_version = c->local ? 0 : version;
    return NULL;
}

static bool is_searched(const struct cat *c, uint32_t nsp, uint32_t wanted)
{
    if (wanted)
        return nsp == wanted;
    for (int i = 0; i < c->nsearch_path; i++)
        if (c->search_path[i] == nsp)
            return true;
    return false;
}

struct err *cat_user_procs(struct cat *c, struct str nsp_name, struct str name, struct arena *a,
                           const struct cat_proc ***out, int *n)
{
    struct datum key = datum_str(name);
    struct datum v[PROC_COUNT];
    struct systab_scan scan;
    uint32_t nsp = 0;
    int cap = 0;
    *out = NULL;
    *n = 0;
    if (!c->txn)
        return NULL;
    if (nsp_name.len)
        TRY(cat_namespace_oid(c, nsp_name, &nsp));
    if (nsp_name.len && !nsp)
        return NULL;
    TRY(systab_open(c, PG_PROC, PROC_NAME_ARGS_NSP_INDEX, &key, 1, &scan));
    struct err *e = NULL;
    for (bool found = true; !e && found;) {
        const struct cat_proc *p;
        e = systab_next(&scan, v, &found);
        if (e || !found || !is_searched(c, (uint32_t)v[PROC_NSP].u, nsp) ||
            v[PROC_OID].u < FIRST_SYSTEM_OID)
            continue;
        e = load_row(c, v, &p);
        if (!e)
            ARENA_PUSH(a, *out, *n, cap, p);
    }
    systab_close(&scan);
    return e;
}

struct err *cat_proc_source(struct cat *c, uint32_t oid, struct arena *a, const char **out)
{
    struct datum key = datum_int(oid);
    struct datum v[PROC_COUNT];
    bool found;
    TRY(systab_get(c, PG_PROC, PROC_OID_INDEX, &key, 1, a, v, &found));
    if (!found)
        return err_new("XX000", "cache lookup failed for function %u", oid);
    struct datum d = v[PROC_SQLBODY].null ? v[PROC_SRC] : v[PROC_SQLBODY];
    *out = arena_strndup(a, (const char *)d.p, d.len);
    return NULL;
}

/* ---- writing ---- */

static struct err *put_proc(struct cat *c, const struct datum *values, bool replace)
{
    struct datum key = values[PROC_OID];
    struct datum old[PROC_COUNT];
    struct datum v[PROC_COUNT];
    struct arena a;
    bool found;
    memcpy(v, values, sizeof(v));
    arena_init(&a);
    struct err *e = systab_get(c, PG_PROC, PROC_OID_INDEX, &key, 1, &a, old, &found);
    if (!e && found) {
        if (replace) {
            v[PROC_OWNER] = old[PROC_OWNER];
            v[PROC_ACL] = old[PROC_ACL];
        }
        e = systab_update(c, PG_PROC, old, v);
    } else if (!e) {
        e = default_acl_of_new(c, 'f', (uint32_t)v[PROC_OWNER].u, (uint32_t)v[PROC_NSP].u, &a,
                               &v[PROC_ACL]);
        if (!e)
            e = systab_insert(c, PG_PROC, v);
    }
    arena_done(&a);
    return e;
}

struct err *ddl_put_proc(struct cat *c, const struct datum *values)
{
    return put_proc(c, values, false);
}

struct err *ddl_replace_proc(struct cat *c, const struct datum *values)
{
    return put_proc(c, values, true);
}
