/* CREATE, ALTER and DROP COLLATION. */
#include "exec/ddl_internal.h"

#include "catalog/acl.h"
#include "types/collation.h"

#include <strings.h>

struct options {
    const PgQuery__DefElem *from;
    const PgQuery__DefElem *locale;
    const PgQuery__DefElem *lc_collate;
    const PgQuery__DefElem *lc_ctype;
    const PgQuery__DefElem *provider;
    const PgQuery__DefElem *deterministic;
    const PgQuery__DefElem *version;
};

static struct err *redundant(const char *detail)
{
    struct err *e = err_new("42601", "conflicting or redundant options");
    return detail ? err_detail(e, "%s", detail) : e;
}

static struct err *read_options(struct ddl *d, const PgQuery__DefineStmt *s, struct options *o)
{
    const struct {
        const char *name;
        const PgQuery__DefElem **value;
    } known[] = {{"from", &o->from},
                 {"locale", &o->locale},
                 {"lc_collate", &o->lc_collate},
                 {"lc_ctype", &o->lc_ctype},
                 {"provider", &o->provider},
                 {"deterministic", &o->deterministic},
                 {"version", &o->version}};
    *o = (struct options){0};
    for (size_t i = 0; i < s->n_definition; i++) {
        const PgQuery__DefElem *def = s->definition[i]->def_elem;
        const PgQuery__DefElem **slot = NULL;
        for (size_t k = 0; k < ARRAY_LENGTH(known); k++)
            if (strcasecmp(known[k].name, def->defname) == 0)
                slot = known[k].value;
        if (!slot)
            return ddl_at(
                d, err_new("42601", "collation attribute \"%s\" not recognized", def->defname),
                def->location);
        if (*slot)
            return ddl_at(d, redundant(NULL), def->location);
        *slot = def;
    }
    if (o->locale && (o->lc_collate || o->lc_ctype))
        return redundant("LOCALE cannot be specified together with LC_COLLATE or LC_CTYPE.");
    return o->from && s->n_definition != 1
               ? redundant("FROM cannot be specified together with any other options.")
               : NULL;
}

static const char *text_option(struct ddl *d, const PgQuery__DefElem *o)
{
    return o ? ddl_option_name(d, o) : NULL;
}

static struct err *boolean(struct ddl *d, const PgQuery__DefElem *o, bool *out)
{
    bool number = o->arg && o->arg->node_case == PG_QUERY__NODE__NODE_INTEGER;
    const char *text = !o->arg  ? "true"
                       : number ? (o->arg->integer->ival == 1   ? "true"
                                   : o->arg->integer->ival == 0 ? "false"
                                                                : "")
                                : text_option(d, o);
    *out = strcasecmp(text, "true") == 0 || strcasecmp(text, "on") == 0;
    return *out || strcasecmp(text, "false") == 0 || strcasecmp(text, "off") == 0
               ? NULL
               : err_new("42601", "%s requires a Boolean value", o->defname);
}

static const char *text_of(struct ddl *d, struct datum v)
{
    return v.null ? NULL : arena_strndup(d->arena, (const char *)v.p, v.len);
}

static struct err *copy_of(struct ddl *d, const PgQuery__DefElem *from,
                           struct ddl_collation_def *def)
{
    const PgQuery__Node *n = from->arg;
    const struct datum *v;
    uint32_t oid;
    if (!n || n->node_case != PG_QUERY__NODE__NODE_LIST)
        return err_new("42601", "FROM requires the name of a collation");
    TRY(collation_by_name(d->cat, n->list->items, n->list->n_items, &oid));
    TRY(cat_collation_row(d->cat, oid, d->arena, &v));
    if (!v || (char)v[COLL_PROVIDER].i == 'd')
        return err_new("42P17", "collation \"default\" cannot be copied");
    def->provider = (char)v[COLL_PROVIDER].i;
    def->deterministic = v[COLL_DETERMINISTIC].i;
    def->collate = text_of(d, v[COLL_COLLATE]);
    def->ctype = text_of(d, v[COLL_CTYPE]);
    def->icu_locale = text_of(d, v[COLL_ICULOCALE]);
    def->version = text_of(d, v[COLL_VERSION]);
    return NULL;
}

/* Of the operating system's locales, those that order by bytes. */
static struct err *check_libc(const struct ddl_collation_def *def)
{
    const char *names[] = {def->collate, def->ctype};
    for (int i = 0; i < 2; i++)
        if (!names[i])
            return err_new("42P17", "parameter \"%s\" must be specified",
                           i ? "lc_ctype" : "lc_collate");
    for (int i = 0; i < 2; i++)
        if (strcmp(names[i], "C") != 0 && strcmp(names[i], "POSIX") != 0)
            return err_unsupported("collations of the operating system other than C and POSIX "
                                   "are not supported");
    return def->deterministic
               ? NULL
               : err_unsupported("nondeterministic collations not supported with this provider");
}

static struct err *describe(struct ddl *d, const struct options *o, struct ddl_collation_def *def)
{
    const char *provider = text_option(d, o->provider);
    const char *locale = text_option(d, o->locale);
    def->provider = 'c';
    def->deterministic = true;
    if (o->deterministic)
        TRY(boolean(d, o->deterministic, &def->deterministic));
    if (provider && strcasecmp(provider, "icu") == 0)
        def->provider = 'i';
    else if (provider && strcasecmp(provider, "libc") != 0)
        return err_new("42P17", "unrecognized collation provider: %s", provider);
    def->version = text_option(d, o->version);
    if (def->provider == 'c') {
        def->collate = o->lc_collate ? text_option(d, o->lc_collate) : locale;
        def->ctype = o->lc_ctype ? text_option(d, o->lc_ctype) : locale;
        return check_libc(def);
    }
    def->icu_locale = locale;
    if (!locale)
        return err_new("42P17", "parameter \"locale\" must be specified");
    TRY(collation_check_locale(locale));
    if (!def->version)
        def->version = collation_version(d->arena, locale);
    return NULL;
}

struct err *ddl_create_collation_stmt(struct ddl *d, const PgQuery__DefineStmt *s)
{
    struct ddl_collation_def def = {.owner = d->cat->role};
    struct options o;
    PgQuery__RangeVar rv;
    uint32_t oid;
    pg_query__range_var__init(&rv);
    rv.location = -1;
    rv.relname = (char *)pg_str(s->defnames[s->n_defnames - 1]);
    if (s->n_defnames > 1)
        rv.schemaname = (char *)pg_str(s->defnames[s->n_defnames - 2]);
    def.name = rv.relname;
    TRY(resolve_qualified(d->cat, s->defnames, s->n_defnames, 1));
    TRY(ddl_target_nsp(d, &rv, &def.nsp));
    TRY(read_options(d, s, &o));
    TRY(o.from ? copy_of(d, o.from, &def) : describe(d, &o, &def));
    TRY(cat_collation_oid(d->cat, def.nsp, str_from(def.name), &oid));
    if (oid && s->if_not_exists) {
        ddl_notice(d, "NOTICE",
                   err_new("42710", "collation \"%s\" already exists, skipping", def.name));
        return NULL;
    }
    if (oid)
        return err_new("42710", "collation \"%s\" already exists", def.name);
    return ddl_create_collation(d->cat, &def, &oid);
}

static struct err *must_own(struct ddl *d, uint32_t oid)
{
    const struct datum *v;
    bool member = false;
    TRY(cat_collation_row(d->cat, oid, d->arena, &v));
    if (v)
        TRY(cat_is_member(d->cat, d->cat->role, (uint32_t)v[COLL_OWNER].u, true, &member));
    return member ? NULL
                  : err_new("42501", "must be owner of collation %s",
                            v ? text_of(d, v[COLL_NAME]) : "");
}

struct err *ddl_find_collation(struct ddl *d, PgQuery__Node *const *names, size_t n,
                               struct object_address *out)
{
    *out = (struct object_address){PG_COLLATION, 0, 0};
    TRY(collation_by_name(d->cat, names, n, &out->object_id));
    return must_own(d, out->object_id);
}

struct err *ddl_own_collation(struct ddl *d, const PgQuery__AlterOwnerStmt *s, uint32_t owner)
{
    struct object_address o;
    const struct datum *v;
    struct datum acl = datum_null();
    TRY(ddl_find_collation(d, s->object->list->items, s->object->list->n_items, &o));
    if (o.object_id < FIRST_USER_OID)
        return err_unsupported("ALTER COLLATION of a built-in collation is not supported");
    TRY(cat_collation_row(d->cat, o.object_id, d->arena, &v));
    if ((uint32_t)v[COLL_OWNER].u == owner)
        return NULL;
    TRY(ddl_give(d, (uint32_t)v[COLL_NSP].u, (uint32_t)v[COLL_OWNER].u, owner, &acl));
    struct datum changed[COLL_COUNT];
    memcpy(changed, v, sizeof(changed));
    changed[COLL_OWNER] = datum_int(owner);
    return systab_update(d->cat, PG_COLLATION, v, changed);
}

struct err *ddl_drop_collations(struct ddl *d, const PgQuery__DropStmt *s)
{
    struct object_address *list =
        arena_new_array(d->arena, struct object_address, s->n_objects + 1);
    int n = 0;
    for (size_t i = 0; i < s->n_objects; i++) {
        const PgQuery__List *names = s->objects[i]->list;
        struct err *e = ddl_find_collation(d, names->items, names->n_items, &list[n]);
        if (s->missing_ok && err_is(e, "42704")) {
            err_free(e);
            ddl_notice(d, "NOTICE",
                       err_new("00000", "collation \"%s\" does not exist, skipping",
                               pg_str(names->items[names->n_items - 1])));
            continue;
        }
        TRY(e);
        if (list[n].object_id < FIRST_USER_OID)
            return err_new("2BP01",
                           "cannot drop collation %.*s because it is required by the database "
                           "system",
                           STR_ARG(builtin_collation_name(list[n].object_id)));
        n++;
    }
    return n ? ddl_drop_objects(d, list, n, s->behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE)
             : NULL;
}
