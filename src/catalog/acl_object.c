/* Privileges and owners of objects other than relations and their columns. */
#include "catalog/acl.h"

#include "catalog/systab.h"

static const struct acl_class classes[] = {
    {PG_CLASS, CLASS_OID_INDEX, CLS_NAME, CLS_OWNER, CLS_ACL, 'r', "table"},
    {PG_NAMESPACE, NAMESPACE_OID_INDEX, NSP_NAME, NSP_OWNER, NSP_ACL, 'n', "schema"},
    {PG_PROC, PROC_OID_INDEX, PROC_NAME, PROC_OWNER, PROC_ACL, 'f', "function"},
    {PG_TYPE, TYPE_OID_INDEX, TYP_NAME, TYP_OWNER, TYP_ACL, 'T', "type"},
    {PG_DATABASE, DATABASE_OID_INDEX, DB_NAME, DB_DBA, DB_ACL, 'd', "database"},
    {PG_PARAMETER_ACL, PARAMETER_ACL_OID_INDEX, PACL_NAME, -1, PACL_ACL, 'p', "parameter"},
    {PG_LARGEOBJECT_METADATA, LARGEOBJECT_METADATA_OID_INDEX, LOM_OID, LOM_OWNER, LOM_ACL, 'L',
     "large object"},
};

const struct acl_class *acl_class(uint32_t class_id)
{
    for (size_t i = 0; i < ARRAY_LENGTH(classes); i++)
        if (classes[i].class_id == class_id)
            return &classes[i];
    return NULL;
}

/* Functions of the system that are for superusers and whom they let. */
static const uint32_t restricted[] = {
#include "restricted_functions.inc"
};

/* Those of them that predefined roles may call. */
static const struct {
    uint32_t function;
    uint32_t role;
} allowed[] = {
    {2282, ROLE_READ_ALL_STATS}, /* pg_get_backend_memory_contexts */
    {3353, ROLE_MONITOR},        /* pg_ls_logdir */
    {3354, ROLE_MONITOR},        /* pg_ls_waldir */
    {5029, ROLE_MONITOR},        /* pg_ls_tmpdir */
    {5030, ROLE_MONITOR},        /* pg_ls_tmpdir(oid) */
    {5031, ROLE_MONITOR},        /* pg_ls_archive_statusdir */
    {5052, ROLE_READ_ALL_STATS}, /* pg_get_shmem_allocations */
    {6270, ROLE_MONITOR},        /* pg_ls_logicalsnapdir */
    {6271, ROLE_MONITOR},        /* pg_ls_logicalmapdir */
    {6272, ROLE_MONITOR},        /* pg_ls_replslotdir */
};

bool acl_restricted_function(uint32_t oid)
{
    size_t lo = 0;
    size_t hi = ARRAY_LENGTH(restricted);
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (restricted[mid] == oid)
            return true;
        if (restricted[mid] < oid)
            lo = mid + 1;
        else
            hi = mid;
    }
    return false;
}

/* The owner, and the role that may call it, if there is one. */
static void restrict_function(uint32_t oid, struct acl *acl)
{
    acl->n = 0;
    acl->items[acl->n++] = (struct acl_item){ROLE_BOOTSTRAP, ROLE_BOOTSTRAP, PRIV_EXECUTE};
    for (size_t i = 0; i < ARRAY_LENGTH(allowed); i++)
        if (allowed[i].function == oid)
            acl->items[acl->n++] = (struct acl_item){allowed[i].role, ROLE_BOOTSTRAP, PRIV_EXECUTE};
}

struct err *acl_restricted_list(uint32_t oid, struct arena *a, struct datum *out)
{
    struct acl acl;
    acl_default('f', ROLE_BOOTSTRAP, a, &acl);
    restrict_function(oid, &acl);
    return acl_write(&acl, false, a, out);
}

/* Built-in functions, types and schemas, which have no stored rows. */
static void builtin_object(uint32_t class_id, uint32_t oid, struct arena *a, struct acl_object *out,
                           bool *found)
{
    char kind = acl_class(class_id)->kind;
    if (class_id == PG_PROC) {
        const struct cat_proc *p = builtin_proc(oid);
        *found = p != NULL;
        if (p)
            out->name = arena_strndup(a, p->name.data, p->name.len);
    } else if (class_id == PG_TYPE) {
        const struct cat_type *t = builtin_type(oid);
        *found = t != NULL;
        if (t)
            out->name = arena_strndup(a, t->name.data, t->name.len);
    } else if (class_id == PG_NAMESPACE) {
        *found = oid == PG_CATALOG_NSP || oid == PG_TOAST_NSP;
        out->name = oid == PG_TOAST_NSP ? "pg_toast" : "pg_catalog";
    }
    out->owner = ROLE_BOOTSTRAP;
    acl_default(kind, out->owner, a, &out->acl);
    if (class_id == PG_NAMESPACE && oid == PG_CATALOG_NSP)
        out->acl.items[out->acl.n++] = (struct acl_item){0, ROLE_BOOTSTRAP, PRIV_USAGE};
    out->null_acl = class_id != PG_PROC || !acl_restricted_function(oid);
    if (!out->null_acl)
        restrict_function(oid, &out->acl);
}

/* Schemas that came with the database: information_schema is for everybody, tarn for those who may
 * read statistics. */
static void add_initial_usage(const struct datum *v, struct acl_object *out)
{
    struct str name = datum_as_str(v[NSP_NAME]);
    bool tarn = str_eq_c(name, "tarn");
    if (v[NSP_OID].u < FIRST_USER_OID && (tarn || str_eq_c(name, "information_schema")))
        out->acl.items[out->acl.n++] =
            (struct acl_item){tarn ? ROLE_READ_ALL_STATS : 0, out->owner, PRIV_USAGE};
}

struct err *acl_object(struct cat *c, uint32_t class_id, uint32_t oid, struct arena *a,
                       struct acl_object *out, bool *found)
{
    const struct acl_class *k = acl_class(class_id);
    struct datum v[SYSTAB_MAX_COLUMNS];
    struct datum key = datum_int(oid);
    CHECK(k != NULL);
    *out = (struct acl_object){.null_acl = true};
    TRY(systab_get(c, class_id, k->oid_index, &key, 1, a, v, found));
    if (!*found) {
        builtin_object(class_id, oid, a, out, found);
        return NULL;
    }
    out->name = k->name ? arena_strndup(a, (const char *)v[k->name].p, v[k->name].len)
                        : arena_printf(a, "%u", oid);
    out->owner = k->owner < 0 ? ROLE_BOOTSTRAP : (uint32_t)v[k->owner].u;
    out->null_acl = v[k->acl].null;
    if (!out->null_acl)
        return acl_read(v[k->acl], a, &out->acl);
    acl_default(class_id == PG_CLASS && v[CLS_KIND].i == 'S' ? 's' : k->kind, out->owner, a,
                &out->acl);
    if (class_id == PG_NAMESPACE)
        add_initial_usage(v, out);
    return NULL;
}

static bool is_temp_schema(const struct cat *c, uint32_t oid)
{
    return c->temp_nsp && oid == c->temp_nsp;
}

struct err *acl_object_mask(struct cat *c, const struct role_rights *r, uint32_t class_id,
                            uint32_t oid, uint32_t mask, uint32_t *out, bool *found)
{
    struct acl_object o;
    struct arena a;
    *found = true;
    *out = mask;
    if (r->superuser && r == c->rights)
        return NULL;
    arena_init(&a);
    struct err *e = acl_object(c, class_id, oid, &a, &o, found);
    if (!e && *found)
        *out = acl_mask(r, &o.acl, o.owner, mask);
    if (!e && class_id == PG_NAMESPACE && mask & PRIV_USAGE &&
        (rights_of(r, ROLE_READ_ALL_DATA) || rights_of(r, ROLE_WRITE_ALL_DATA)))
        *out |= PRIV_USAGE;
    if (class_id == PG_NAMESPACE && is_temp_schema(c, oid))
        *out |= mask & (PRIV_USAGE | PRIV_CREATE);
    arena_done(&a);
    return e;
}

struct err *acl_check(struct cat *c, uint32_t class_id, uint32_t oid, uint32_t mask)
{
    const struct role_rights *r;
    struct acl_object o;
    struct arena a;
    uint32_t got;
    bool found;
    TRY(cat_rights(c, &r));
    if (r->superuser || !oid)
        return NULL;
    TRY(acl_object_mask(c, r, class_id, oid, mask, &got, &found));
    if (!found || (got & mask) == mask)
        return NULL;
    arena_init(&a);
    struct err *e = acl_object(c, class_id, oid, &a, &o, &found);
    if (!e) {
        const char *word = acl_class(class_id)->word;
        const struct cat_proc *p = class_id == PG_PROC ? builtin_proc(oid) : NULL;
        if (p && p->kind != 'f' && p->kind != 'w')
            word = p->kind == 'p' ? "procedure" : "aggregate";
        e = err_new("42501", "permission denied for %s %s", word, o.name);
    }
    arena_done(&a);
    return e;
}

struct err *acl_check_schema(struct cat *c, struct str name)
{
    const struct role_rights *r;
    uint32_t nsp;
    if (str_eq_c(name, "pg_catalog")) /* for everybody, which cannot be changed */
        return NULL;
    TRY(cat_rights(c, &r));
    if (r->superuser)
        return NULL;
    TRY(cat_namespace_oid(c, name, &nsp));
    return nsp ? acl_check(c, PG_NAMESPACE, nsp, PRIV_USAGE) : NULL;
}

struct err *acl_check_owner(struct cat *c, uint32_t class_id, uint32_t oid)
{
    const struct role_rights *r;
    struct acl_object o;
    struct arena a;
    bool found;
    TRY(cat_rights(c, &r));
    if (r->superuser)
        return NULL;
    arena_init(&a);
    struct err *e = acl_object(c, class_id, oid, &a, &o, &found);
    if (!e && found && !rights_of(r, o.owner)) {
        const struct cat_proc *p = class_id == PG_PROC ? builtin_proc(oid) : NULL;
        const char *word = acl_class(class_id)->word;
        if (p && p->kind != 'f' && p->kind != 'w')
            word = p->kind == 'p' ? "procedure" : "aggregate";
        e = err_new("42501", "must be owner of %s %s", word, o.name);
    }
    arena_done(&a);
    return e;
}
