/* Collations that users make: rows of pg_collation, and a register of what they are called, by OID.
 * What an OID stands for never changes, so entries stay when the collation goes. */
#include "catalog/ddl.h"

#include "catalog/builtin.h"
#include "catalog/cache_internal.h"
#include "catalog/systab.h"
#include "types/collation.h"

#include <pthread.h>
#include <stdlib.h>

struct user_collation {
    struct user_collation *next;
    uint32_t oid;
    uint32_t nsp;
    char *name;
};
enum { BUCKETS = 64 };

static pthread_mutex_t mu = PTHREAD_MUTEX_INITIALIZER;
static struct user_collation *buckets[BUCKETS]; /* guarded by mu */

static const struct user_collation *find(uint32_t oid)
{
    pthread_mutex_lock(&mu);
    const struct user_collation *u = buckets[oid % BUCKETS];
    while (u && u->oid != oid)
        u = u->next;
    pthread_mutex_unlock(&mu);
    return u;
}

struct str user_collation_name(uint32_t oid)
{
    const struct user_collation *u = find(oid);
    return u ? str_from(u->name) : STR("");
}

uint32_t user_collation_nsp(uint32_t oid)
{
    const struct user_collation *u = find(oid);
    return u ? u->nsp : 0;
}

static char *copied(struct datum d)
{
    char *s = strndup((const char *)d.p, d.len);
    CHECK(s != NULL);
    return s;
}

static void make_known(const struct datum *v)
{
    uint32_t oid = (uint32_t)v[COLL_OID].u;
    if (!v[COLL_ICULOCALE].null)
        collation_register(oid, copied(v[COLL_ICULOCALE]), v[COLL_DETERMINISTIC].i);
    struct user_collation *u = calloc(1, sizeof(*u));
    CHECK(u != NULL);
    *u = (struct user_collation){
        .oid = oid, .nsp = (uint32_t)v[COLL_NSP].u, .name = copied(v[COLL_NAME])};
    pthread_mutex_lock(&mu);
    u->next = buckets[oid % BUCKETS];
    buckets[oid % BUCKETS] = u;
    pthread_mutex_unlock(&mu);
}

struct err *cat_collation_row(struct cat *c, uint32_t oid, struct arena *a,
                              const struct datum **row)
{
    struct datum key = datum_int(oid);
    bool found;
    *row = NULL;
    if (oid < FIRST_USER_OID)
        return systab_builtin_row(PG_COLLATION, oid, row);
    struct datum *v = arena_new_array(a, struct datum, COLL_COUNT);
    TRY(systab_get(c, PG_COLLATION, COLLATION_OID_INDEX, &key, 1, a, v, &found));
    *row = found ? v : NULL;
    return NULL;
}

struct err *cat_load_collation(struct cat *c, uint32_t oid)
{
    struct arena a;
    const struct datum *row;
    if (oid < FIRST_USER_OID || find(oid))
        return NULL;
    arena_init(&a);
    struct err *e = cat_collation_row(c, oid, &a, &row);
    if (!e && row)
        make_known(row);
    arena_done(&a);
    return e;
}

struct err *cat_collation_oid(struct cat *c, uint32_t nsp, struct str name, uint32_t *oid)
{
    static const int encodings[] = {-1, COLL_UTF8};
    *oid = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(encodings) && !*oid; i++) {
        struct datum keys[3] = {datum_str(name), datum_int(encodings[i]), datum_int(nsp)};
        struct datum v[COLL_COUNT];
        struct arena a;
        bool found;
        arena_init(&a);
        struct err *e =
            systab_get(c, PG_COLLATION, COLLATION_NAME_ENC_NSP_INDEX, keys, 3, &a, v, &found);
        if (!e && found)
            *oid = (uint32_t)v[COLL_OID].u;
        arena_done(&a);
        TRY(e);
    }
    return cat_load_collation(c, *oid);
}

struct err *cat_find_collation(struct cat *c, struct str nsp_name, struct str name, uint32_t *oid)
{
    uint32_t builtin = builtin_collation(name);
    bool searched = false;
    *oid = 0;
    if (nsp_name.len) {
        uint32_t nsp;
        TRY(cat_namespace_oid(c, nsp_name, &nsp));
        if (nsp == PG_CATALOG_NSP)
            *oid = builtin;
        else if (nsp)
            return cat_collation_oid(c, nsp, name, oid);
        return NULL;
    }
    for (int i = 0; i < c->nsearch_path; i++)
        searched |= c->search_path[i] == PG_CATALOG_NSP;
    if (!searched)
        *oid = builtin;
    for (int i = 0; i < c->nsearch_path && !*oid; i++) {
        if (c->search_path[i] == PG_CATALOG_NSP)
            *oid = builtin;
        else
            TRY(cat_collation_oid(c, c->search_path[i], name, oid));
    }
    return NULL;
}

struct err *ddl_create_collation(struct cat *c, const struct ddl_collation_def *def, uint32_t *oid)
{
    TRY(cat_new_oid(c, oid));
    struct datum v[COLL_COUNT] = {datum_int(*oid),
                                  datum_str(str_from(def->name)),
                                  datum_int(def->nsp),
                                  datum_int(def->owner),
                                  datum_int(def->provider),
                                  datum_bool(def->deterministic),
                                  datum_int(def->provider == 'i' ? -1 : COLL_UTF8)};
    const char *texts[] = {def->collate, def->ctype, def->icu_locale, def->version};
    for (int i = 0; i < (int)ARRAY_LENGTH(texts); i++)
        v[COLL_COLLATE + i] = texts[i] ? datum_str(str_from(texts[i])) : datum_null();
    TRY(systab_insert(c, PG_COLLATION, v));
    make_known(v);
    return depend_record(c, (struct object_address){PG_COLLATION, *oid, 0},
                         (struct object_address){PG_NAMESPACE, def->nsp, 0}, DEPEND_NORMAL);
}

struct err *ddl_depends_on_collation(struct cat *c, struct object_address object,
                                     uint32_t collation)
{
    if (collation < FIRST_USER_OID)
        return NULL;
    return depend_record(c, object, (struct object_address){PG_COLLATION, collation, 0},
                         DEPEND_NORMAL);
}
