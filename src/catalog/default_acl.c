/* Default privileges: what ALTER DEFAULT PRIVILEGES has laid down for objects that a role will
 * make, everywhere (schema 0: instead of the built-in default) or in a schema (beside that). */
#include "catalog/acl.h"
#include "catalog/ddl.h"
#include "catalog/depend.h"
#include "catalog/systab.h"

#include <stdlib.h>
#include <string.h>

static char kind_of(char type)
{
    return type == 'S' ? 's' : type;
}

struct err *default_acl_get(struct cat *c, uint32_t role, uint32_t nsp, char type, struct arena *a,
                            struct acl *out, bool *found)
{
    struct datum keys[] = {datum_int(role), datum_int(nsp), datum_int(type)};
    struct datum v[DACL_COUNT];
    TRY(systab_get(c, PG_DEFAULT_ACL, DEFAULT_ACL_KEY_INDEX, keys, 3, a, v, found));
    if (*found)
        return acl_read(v[DACL_ACL], a, out);
    *out = (struct acl){0};
    if (!nsp)
        acl_default(kind_of(type), role, a, out);
    return NULL;
}

bool acl_equal(const struct acl *x, const struct acl *y)
{
    if (x->n != y->n)
        return false;
    for (int i = 0; i < x->n; i++) {
        bool there = false;
        for (int k = 0; k < y->n && !there; k++)
            there = memcmp(&x->items[i], &y->items[k], sizeof(x->items[i])) == 0;
        if (!there)
            return false;
    }
    return true;
}

static int by_grantee(const void *x, const void *y)
{
    const struct acl_item *a = x;
    const struct acl_item *b = y;
    if (a->grantee != b->grantee)
        return a->grantee < b->grantee ? -1 : 1;
    return (a->grantor > b->grantor) - (a->grantor < b->grantor);
}

/* In the order in which PostgreSQL keeps these lists. */
static struct err *write_sorted(const struct acl *acl, struct arena *a, struct datum *out)
{
    struct acl sorted = {.n = acl->n, .items = arena_new_array(a, struct acl_item, acl->n + 1)};
    if (acl->n) {
        memcpy(sorted.items, acl->items, sizeof(*acl->items) * (size_t)acl->n);
        qsort(sorted.items, (size_t)acl->n, sizeof(*sorted.items), by_grantee);
    }
    return acl_write(&sorted, false, a, out);
}

struct err *default_acl_put(struct cat *c, uint32_t role, uint32_t nsp, char type,
                            const struct acl *acl, struct arena *a)
{
    struct datum keys[] = {datum_int(role), datum_int(nsp), datum_int(type)};
    struct datum old[DACL_COUNT];
    struct datum v[DACL_COUNT];
    struct acl none = {0};
    uint32_t oid;
    bool found;
    if (!nsp)
        acl_default(kind_of(type), role, a, &none);
    TRY(systab_get(c, PG_DEFAULT_ACL, DEFAULT_ACL_KEY_INDEX, keys, 3, a, old, &found));
    if (acl_equal(acl, &none))
        return found ? ddl_remove(c, (struct object_address){PG_DEFAULT_ACL, (uint32_t)old[0].u, 0})
                     : NULL;
    if (found) {
        memcpy(v, old, sizeof(v));
        TRY(write_sorted(acl, a, &v[DACL_ACL]));
        return systab_update(c, PG_DEFAULT_ACL, old, v);
    }
    TRY(cat_new_oid(c, &oid));
    v[DACL_OID] = datum_int(oid);
    v[DACL_ROLE] = keys[0];
    v[DACL_NSP] = keys[1];
    v[DACL_TYPE] = keys[2];
    TRY(write_sorted(acl, a, &v[DACL_ACL]));
    TRY(systab_insert(c, PG_DEFAULT_ACL, v));
    return nsp ? depend_record(c, (struct object_address){PG_DEFAULT_ACL, oid, 0},
                               (struct object_address){PG_NAMESPACE, nsp, 0}, DEPEND_AUTO)
               : NULL;
}

struct err *default_acl_of_new(struct cat *c, char type, uint32_t owner, uint32_t nsp,
                               struct arena *a, struct datum *out)
{
    struct acl acl;
    struct acl more = {0};
    struct acl usual;
    bool everywhere;
    bool here = false;
    *out = datum_null();
    TRY(default_acl_get(c, owner, 0, type, a, &acl, &everywhere));
    if (nsp)
        TRY(default_acl_get(c, owner, nsp, type, a, &more, &here));
    if (!everywhere && !here)
        return NULL;
    for (int i = 0; i < more.n; i++)
        TRY(acl_grant(c, &acl, &more.items[i], owner, a));
    acl_default(kind_of(type), owner, a, &usual);
    return acl_equal(&acl, &usual) ? NULL : write_sorted(&acl, a, out);
}
