/* Lists of privileges: reading, writing, granting, revoking, and what a role has by one. */
#include "catalog/acl.h"

#include "types/array.h"

#define UPPER(privs) ((privs) >> PRIV_OPTIONS)
#define OPTIONS(privs) ((privs) << PRIV_OPTIONS)
enum { PRIVS_MASK = 0xffff };

struct err *acl_read(struct datum d, struct arena *a, struct acl *out)
{
    struct array items;
    *out = (struct acl){0};
    TRY(array_open(d, &items));
    out->items = arena_new_array(a, struct acl_item, items.nitems + 1);
    out->cap = (int)items.nitems + 1;
    for (uint32_t i = 0; i < items.nitems; i++) {
        if (array_is_null(&items, i))
            return err_new("22004", "ACL arrays must not contain null values");
        if (!acl_item_read(array_get(&items, i), &out->items[out->n++]))
            return err_new("XX001", "invalid aclitem");
    }
    return NULL;
}

struct err *acl_write(const struct acl *acl, bool null_if_empty, struct arena *a, struct datum *out)
{
    struct datum *items = arena_new_array(a, struct datum, acl->n + 1);
    uint8_t *bytes = arena_alloc(a, (size_t)(acl->n + 1) * ACL_ITEM_BYTES);
    for (int i = 0; i < acl->n; i++) {
        uint8_t *at = bytes + i * ACL_ITEM_BYTES;
        acl_item_write(&acl->items[i], at);
        items[i] = datum_bytes((const char *)at, ACL_ITEM_BYTES);
    }
    *out = datum_null();
    if (!acl->n && null_if_empty)
        return NULL;
    return array_make_1d(type_by_oid(ACLITEM_OID), items, (size_t)acl->n, a, out);
}

/* What objects of a kind have while nothing was granted. */
static const struct {
    char kind;
    uint32_t everybody;
    uint32_t owner;
} defaults[] = {
    {'c', 0, 0},
    {'r', 0,
     PRIV_INSERT | PRIV_SELECT | PRIV_UPDATE | PRIV_DELETE | PRIV_TRUNCATE | PRIV_REFERENCES |
         PRIV_TRIGGER},
    {'s', 0, PRIV_USAGE | PRIV_SELECT | PRIV_UPDATE},
    {'d', PRIV_TEMPORARY | PRIV_CONNECT, PRIV_CREATE | PRIV_TEMPORARY | PRIV_CONNECT},
    {'f', PRIV_EXECUTE, PRIV_EXECUTE},
    {'l', PRIV_USAGE, PRIV_USAGE},
    {'L', 0, PRIV_SELECT | PRIV_UPDATE},
    {'n', 0, PRIV_USAGE | PRIV_CREATE},
    {'p', 0, PRIV_SET | PRIV_ALTER_SYSTEM},
    {'t', 0, PRIV_CREATE},
    {'F', 0, PRIV_USAGE},
    {'S', 0, PRIV_USAGE},
    {'T', PRIV_USAGE, PRIV_USAGE},
};

uint32_t acl_all(char kind)
{
    if (kind == 'c')
        return PRIV_INSERT | PRIV_SELECT | PRIV_UPDATE | PRIV_REFERENCES;
    for (size_t i = 0; i < ARRAY_LENGTH(defaults); i++)
        if (defaults[i].kind == kind)
            return defaults[i].owner;
    return 0;
}

void acl_default(char kind, uint32_t owner, struct arena *a, struct acl *out)
{
    *out = (struct acl){.items = arena_new_array(a, struct acl_item, 4), .cap = 4};
    for (size_t i = 0; i < ARRAY_LENGTH(defaults); i++) {
        if (defaults[i].kind != kind)
            continue;
        if (defaults[i].everybody)
            out->items[out->n++] = (struct acl_item){0, owner, defaults[i].everybody};
        if (defaults[i].owner)
            out->items[out->n++] = (struct acl_item){owner, owner, defaults[i].owner};
    }
}

/* ---- granting and revoking ---- */

static struct acl_item *find(const struct acl *acl, uint32_t grantee, uint32_t grantor)
{
    for (int i = 0; i < acl->n; i++)
        if (acl->items[i].grantee == grantee && acl->items[i].grantor == grantor)
            return &acl->items[i];
    return NULL;
}

static void put(struct acl *acl, struct arena *a, struct acl_item item)
{
    ARENA_PUSH(a, acl->items, acl->n, acl->cap, item);
}

static void drop_empty(struct acl *acl)
{
    int n = 0;
    for (int i = 0; i < acl->n; i++)
        if (acl->items[i].privs)
            acl->items[n++] = acl->items[i];
    acl->n = n;
}

/* Which of these options the role has, itself or as a member. */
static struct err *options_of(struct cat *c, const struct acl *acl, uint32_t role, uint32_t owner,
                              uint32_t options, struct arena *a, uint32_t *out)
{
    const struct role_rights *rights;
    TRY(cat_rights_of(c, role, a, &rights));
    *out = UPPER(acl_mask(rights, acl, owner, OPTIONS(options)));
    return NULL;
}

static struct err *revoke_dependent(struct cat *c, struct acl *acl, uint32_t grantee,
                                    uint32_t options, uint32_t owner, bool cascade,
                                    struct arena *a);

/* Granting the item's options may not give them to whoever the grantor has them from: take away
 * all that the grantee has granted, and see whether the grantor still has them. */
static struct err *check_circle(struct cat *c, const struct acl *acl, const struct acl_item *item,
                                uint32_t owner, struct arena *a)
{
    struct acl copy = {.n = acl->n, .cap = acl->n + 1};
    if (item->grantor == owner)
        return NULL;
    copy.items = arena_new_array(a, struct acl_item, acl->n + 1);
    if (acl->n)
        memcpy(copy.items, acl->items, (size_t)acl->n * sizeof(*copy.items));
    for (bool again = true; again;) {
        again = false;
        for (int i = 0; i < copy.n && !again; i++) {
            struct acl_item it = copy.items[i];
            if (it.grantee != item->grantee || !UPPER(it.privs))
                continue;
            TRY(acl_revoke(c, &copy, &it, owner, true, a));
            again = true;
        }
    }
    uint32_t own;
    TRY(options_of(c, &copy, item->grantor, owner, UPPER(item->privs), a, &own));
    if (UPPER(item->privs) & ~own)
        return err_new("0LP01", "grant options cannot be granted back to your own grantor");
    return NULL;
}

struct err *acl_grant(struct cat *c, struct acl *acl, const struct acl_item *item, uint32_t owner,
                      struct arena *a)
{
    if (UPPER(item->privs))
        TRY(check_circle(c, acl, item, owner, a));
    struct acl_item *old = find(acl, item->grantee, item->grantor);
    if (old)
        old->privs |= item->privs;
    else
        put(acl, a, *item);
    drop_empty(acl);
    return NULL;
}

struct err *acl_revoke(struct cat *c, struct acl *acl, const struct acl_item *item, uint32_t owner,
                       bool cascade, struct arena *a)
{
    struct acl_item *old = find(acl, item->grantee, item->grantor);
    if (!old)
        return NULL;
    uint32_t before = UPPER(old->privs);
    old->privs &= ~item->privs;
    uint32_t lost = before & ~UPPER(old->privs);
    drop_empty(acl);
    return lost ? revoke_dependent(c, acl, item->grantee, lost, owner, cascade, a) : NULL;
}

/* What the role has granted by options that it has no more. */
static struct err *revoke_dependent(struct cat *c, struct acl *acl, uint32_t grantee,
                                    uint32_t options, uint32_t owner, bool cascade, struct arena *a)
{
    uint32_t kept;
    if (grantee == owner || !grantee)
        return NULL;
    TRY(options_of(c, acl, grantee, owner, options, a, &kept));
    options &= ~kept;
    if (!options)
        return NULL;
    for (int i = 0; i < acl->n; i++) {
        struct acl_item it = acl->items[i];
        if (it.grantor != grantee || !(it.privs & options))
            continue;
        if (!cascade)
            return err_hint(err_new("2BP01", "dependent privileges exist"),
                            "Use CASCADE to revoke them too.");
        it.privs = options | OPTIONS(options);
        TRY(acl_revoke(c, acl, &it, owner, cascade, a));
        i = -1;
    }
    return NULL;
}

void acl_change_owner(struct acl *acl, uint32_t from, uint32_t to)
{
    for (int i = 0; i < acl->n; i++) {
        if (acl->items[i].grantee == from)
            acl->items[i].grantee = to;
        if (acl->items[i].grantor == from)
            acl->items[i].grantor = to;
    }
    for (int i = 0; i < acl->n; i++)
        for (int k = i + 1; k < acl->n; k++)
            if (acl->items[i].grantee == acl->items[k].grantee &&
                acl->items[i].grantor == acl->items[k].grantor) {
                acl->items[i].privs |= acl->items[k].privs;
                acl->items[k].privs = 0;
            }
    drop_empty(acl);
}

/* ---- asking ---- */

uint32_t acl_mask(const struct role_rights *r, const struct acl *acl, uint32_t owner, uint32_t mask)
{
    uint32_t got = 0;
    if (r->superuser)
        return mask;
    if (mask & ~PRIVS_MASK && rights_of(r, owner))
        got |= mask & ~(uint32_t)PRIVS_MASK;
    for (int i = 0; i < acl->n && got != mask; i++)
        if (!acl->items[i].grantee || rights_of(r, acl->items[i].grantee))
            got |= acl->items[i].privs & mask;
    return got;
}

/* A relation that came with the database, of that name. */
static bool is_one_of(const struct relation *rel, const char *const *names, size_t n)
{
    for (size_t i = 0; rel->oid < FIRST_USER_OID && i < n; i++)
        if (strcmp(names[i], rel->name) == 0)
            return true;
    return false;
}

/* Tables and views of the system that hold secrets. */
static bool is_secret(const struct relation *rel)
{
    static const char *const names[] = {
        "pg_authid",
        "pg_shadow",
        "pg_user_mapping",
        "pg_statistic",
        "pg_file_settings",
        "pg_hba_file_rules",
        "pg_ident_file_mappings",
        "pg_statistic_ext_data",
        "pg_largeobject",
        "pg_subscription",
        "pg_config",
        "pg_replication_origin_status",
        /* of the schema tarn */
        "sync_rejects",
        "storage_credentials",
        "catalogs",
    };
    return is_one_of(rel, names, ARRAY_LENGTH(names));
}

/* Relations of the system that pg_read_all_stats may read, and nobody else. */
static bool is_statistics(const struct relation *rel)
{
    static const char *const names[] = {
        "pg_backend_memory_contexts",
        "pg_shmem_allocations",
        /* of the schema tarn */
        "synced_tables",
        "sync_runs",
        "compat_misses",
    };
    return is_one_of(rel, names, ARRAY_LENGTH(names));
}

/* Columns of a secret table that everybody may read all the same. */
static bool is_open_column(const struct relation *rel, int att)
{
    return rel->nsp == PG_CATALOG_NSP && strcmp(rel->name, "pg_subscription") == 0 &&
           strcmp(rel->atts[att - 1].name, "subconninfo") != 0;
}

/* Relations that came with the database have no list: everybody may read them. */
static bool is_initial(const struct relation *rel)
{
    return rel->system || is_statistics(rel) || (rel->oid < FIRST_USER_OID && rel->kind == 'v');
}

static bool initial_item(const struct relation *rel, struct acl_item *out)
{
    uint32_t role = is_statistics(rel) ? ROLE_READ_ALL_STATS : 0;
    *out = (struct acl_item){role, rel->owner, PRIV_SELECT};
    return is_initial(rel) && !is_secret(rel);
}

void acl_relation_default(const struct relation *rel, struct arena *a, struct acl *out)
{
    acl_default(rel->kind == 'S' ? 's' : 'r', rel->owner, a, out);
    out->n += initial_item(rel, &out->items[out->n]);
}

uint32_t acl_relation(const struct role_rights *r, const struct relation *rel, uint32_t mask)
{
    struct acl_item items[2];
    struct acl standard = {.items = items};
    const uint32_t changes = PRIV_INSERT | PRIV_UPDATE | PRIV_DELETE | PRIV_TRUNCATE | PRIV_USAGE;
    if (r->superuser)
        return mask;
    if (rel->system && rel->kind != 'v')
        mask &= ~changes;
    if (!rel->acl) {
        items[standard.n++] =
            (struct acl_item){rel->owner, rel->owner, acl_all(rel->kind == 'S' ? 's' : 'r')};
        standard.n += initial_item(rel, &items[standard.n]);
    }
    uint32_t got = acl_mask(r, rel->acl ? rel->acl : &standard, rel->owner, mask);
    if (mask & PRIV_SELECT && rights_of(r, ROLE_READ_ALL_DATA))
        got |= PRIV_SELECT;
    if (rights_of(r, ROLE_WRITE_ALL_DATA))
        got |= mask & (PRIV_INSERT | PRIV_UPDATE | PRIV_DELETE);
    return got;
}

uint32_t acl_column(const struct role_rights *r, const struct relation *rel, int att, uint32_t mask)
{
    if (r->superuser)
        return mask;
    if (att < 1 || att > rel->natts)
        return 0;
    if (!rel->atts[att - 1].acl)
        return is_open_column(rel, att) ? mask & PRIV_SELECT : 0;
    return acl_mask(r, rel->atts[att - 1].acl, rel->owner, mask);
}
