/* Privileges on settings (pg_parameter_acl, shared by all databases): a row is there only while its
 * list says more than the built-in one, by which superusers alone have any. */
#include "catalog/acl.h"
#include "catalog/systab.h"

#include <ctype.h>
#include <string.h>

/* Settings are kept by their names in lower case. */
static struct datum key_of(struct str name, struct arena *a)
{
    char *low = arena_strndup(a, name.data, name.len);
    for (size_t i = 0; i < name.len; i++)
        low[i] = (char)tolower((unsigned char)low[i]);
    return datum_bytes(low, name.len);
}

struct err *parameter_acl_oid(struct cat *c, struct str name, uint32_t *oid)
{
    struct datum v[PACL_COUNT];
    struct arena a;
    bool found;
    arena_init(&a);
    struct datum key = key_of(name, &a);
    struct err *e =
        systab_get(c, PG_PARAMETER_ACL, PARAMETER_ACL_PARNAME_INDEX, &key, 1, &a, v, &found);
    if (!e)
        *oid = found ? (uint32_t)v[PACL_OID].u : 0;
    arena_done(&a);
    return e;
}

struct err *parameter_acl_make(struct cat *c, struct str name, uint32_t *oid)
{
    struct datum v[PACL_COUNT];
    struct arena a;
    uint32_t made;
    TRY(cat_new_oid(c, &made));
    arena_init(&a);
    v[PACL_OID] = datum_int(made);
    v[PACL_NAME] = key_of(name, &a);
    v[PACL_ACL] = datum_null();
    struct err *e = systab_insert(c, PG_PARAMETER_ACL, v);
    arena_done(&a);
    if (!e)
        *oid = made;
    return e;
}

struct err *parameter_acl_put(struct cat *c, uint32_t oid, const struct acl *acl, struct arena *a)
{
    struct datum key = datum_int(oid);
    struct datum old[PACL_COUNT];
    struct datum v[PACL_COUNT];
    struct acl usual;
    bool found;
    acl_default('p', ROLE_BOOTSTRAP, a, &usual);
    if (acl_equal(acl, &usual))
        return systab_delete(c, PG_PARAMETER_ACL, PARAMETER_ACL_OID_INDEX, &key, 1, NULL);
    TRY(systab_get(c, PG_PARAMETER_ACL, PARAMETER_ACL_OID_INDEX, &key, 1, a, old, &found));
    if (!found)
        return NULL;
    memcpy(v, old, sizeof(v));
    TRY(acl_write(acl, false, a, &v[PACL_ACL]));
    return systab_update(c, PG_PARAMETER_ACL, old, v);
}

struct err *parameter_acl_mask(struct cat *c, const struct role_rights *r, struct str name,
                               uint32_t mask, uint32_t *out)
{
    uint32_t oid;
    bool found;
    *out = r->superuser ? mask : 0;
    if (r->superuser)
        return NULL;
    TRY(parameter_acl_oid(c, name, &oid));
    return oid ? acl_object_mask(c, r, PG_PARAMETER_ACL, oid, mask, out, &found) : NULL;
}
