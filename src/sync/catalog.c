/* CREATE and DROP CATALOG, and where a table of one lies.
 *
 * A source "catalog.schema.table" is kept by these names, and looked up whenever it is opened. */
#include "sync/sync_internal.h"

#include "lake/unity.h"
#include "rt/pool.h"
#include "types/quote.h"

#include <stdio.h>
#include <strings.h>

enum { TAG_BYTES = 64 };

static const struct {
    const char *name;
    bool directory, unity;
} known[] = {
    {"location", true, false},       {"credential", true, true}, {"uri", false, true},
    {"token", false, true},          {"region", false, true},    {"endpoint", false, true},
    {"ca_certificate", false, true},
};

bool catalog_hides(const char *option)
{
    return strcmp(option, "token") == 0;
}

static bool is_unity(const struct connection *c)
{
    return strcmp(c->type, "unity") == 0;
}

/* ---- statements ---- */

static struct err *check_option(const struct connection *c, const struct lake_option *o)
{
    for (size_t i = 0; i < ARRAY_LENGTH(known); i++)
        if (strcmp(known[i].name, o->name) == 0 &&
            (is_unity(c) ? known[i].unity : known[i].directory))
            return NULL;
    return err_hint(
        err_new("22023", "unrecognized option \"%s\" of catalogs of type %s", o->name, c->type),
        is_unity(c) ? "Options are uri, token, credential, region, endpoint and ca_certificate."
                    : "Options are location and credential.");
}

static struct err *lacks(const char *option)
{
    return err_new("22023", "catalog lacks option \"%s\"", option);
}

static struct err *check_options(struct job *j, struct connection *c)
{
    const char *credential = connection_option(c, "credential");
    const char *location = connection_option(c, "location");
    for (size_t i = 0; i < c->count; i++)
        TRY(check_option(c, &c->options[i]));
    if (credential)
        TRY(credential_check_use(&j->s->cat, credential));
    if (is_unity(c)) {
        const char *uri = connection_option(c, "uri");
        if (!uri)
            return lacks("uri");
        return unity_check(uri, connection_option(c, "token"));
    }
    if (!location)
        return lacks("location");
    TRY(source_check_access(&j->s->cat, str_from(location)));
    return NULL;
}

static struct err *create_in_txn(struct job *j)
{
    const struct own_stmt *stmt = j->stmt;
    bool skip;
    struct connection c = {.kind = CONNECTION_CATALOG,
                           .name = stmt->name,
                           .type = stmt->type,
                           .owner = j->s->cat.role};
    if (strcmp(c.type, "directory") != 0 && strcmp(c.type, "unity") != 0)
        return err_hint(err_at(err_new("22023", "unrecognized type \"%s\" of catalogs", c.type),
                               stmt->type_location + 1),
                        "Types are directory and unity.");
    TRY(connection_check_new(j, CONNECTION_CATALOG, "catalog", &skip));
    if (skip)
        return NULL;
    TRY(connection_add_options(&c, stmt, j->arena));
    TRY(check_options(j, &c));
    return connection_store(j->s, &c, true, j->arena);
}

struct users {
    struct job *j;
    struct buf list;
    int count;
};

static struct err *see_table(void *arg, uint32_t relid, const struct sync_state *state)
{
    struct users *u = arg;
    struct relation *rel;
    const char *parts[3];
    if (!catalog_split(state->source, u->j->arena, parts) ||
        strcmp(parts[0], u->j->stmt->name) != 0)
        return NULL;
    TRY(cat_relation(&u->j->s->cat, relid, &rel));
    if (!rel)
        return NULL;
    buf_printf(&u->list, "%ssynced table %s depends on catalog %s", u->count++ ? "\n" : "",
               rel->name, parts[0]);
    relation_unref(rel);
    return NULL;
}

static struct err *drop_in_txn(struct job *j)
{
    struct connection c;
    bool found;
    const char *name = j->stmt->name;
    struct users u = {.j = j};
    TRY(connection_exists(&j->s->cat, CONNECTION_CATALOG, name, j->arena, &c, &found));
    if (!found && !j->stmt->missing_ok)
        return err_at(err_new("42704", "catalog \"%s\" does not exist", name),
                      j->stmt->name_location + 1);
    if (!found) {
        job_notice(j, err_new("00000", "catalog \"%s\" does not exist, skipping", name));
        return NULL;
    }
    struct err *e = state_each(j->s, j->arena, see_table, &u);
    if (!e && u.count)
        e = err_hint(
            err_detail(
                err_new("2BP01", "cannot drop catalog %s because other objects depend on it", name),
                "%s", buf_cstr(&u.list)),
            "Drop them first.");
    buf_done(&u.list);
    return e ? e : connection_remove(j->s, CONNECTION_CATALOG, name);
}

struct err *catalog_statement(struct job *j, char *tag)
{
    bool create = j->stmt->kind == OWN_CREATE_CATALOG;
    TRY(job_begin(j->s));
    struct err *e = connection_check_superuser(j, "catalogs");
    if (!e)
        e = create ? create_in_txn(j) : drop_in_txn(j);
    snprintf(tag, TAG_BYTES, "%s CATALOG", create ? "CREATE" : "DROP");
    return job_end(j->s, e);
}

/* ---- names of tables ---- */

const char *catalog_join(const char *const parts[3], struct arena *arena)
{
    struct buf b = BUF_INIT;
    for (int i = 0; i < 3; i++) {
        buf_put_c(&b, i ? "." : "");
        quote_identifier(&b, parts[i]);
    }
    const char *out = arena_strdup(arena, buf_cstr(&b));
    buf_done(&b);
    return out;
}

/* A part, in quotes or not; false when there is none. */
static bool take_part(const char **text, struct arena *arena, const char **out)
{
    const char *p = *text;
    char *to = arena_alloc(arena, strlen(p) + 1);
    size_t n = 0;
    if (*p == '"') {
        for (p++; *p && (*p != '"' || p[1] == '"'); p++) {
            p += *p == '"';
            to[n++] = *p;
        }
        if (*p++ != '"')
            return false;
    } else {
        while (*p && !strchr("./:\"", *p))
            to[n++] = *p++;
    }
    to[n] = '\0';
    *text = p;
    *out = to;
    return n > 0;
}

bool catalog_split(const char *source, struct arena *arena, const char *parts[3])
{
    for (int i = 0; i < 3; i++) {
        if (!take_part(&source, arena, &parts[i]))
            return false;
        if (*source++ != (i < 2 ? '.' : '\0'))
            return false;
    }
    return true;
}

/* ---- where they lie ---- */

static bool is_plain(const char *part)
{
    return !strchr(part, '/') && strcmp(part, ".") != 0 && strcmp(part, "..") != 0;
}

struct vend_job {
    struct unity_grant grant;
    struct arena *arena;
    const char *location;
    bool vend; /* credentials are wanted, too */
    struct lake_access access;
    bool vended;
    struct err *e;
};

static void vend_job(void *arg)
{
    struct vend_job *job = arg;
    job->e = unity_find_table(&job->grant, job->arena, &job->location, &job->grant.table_id);
    if (job->e || !job->vend || source_is_local(str_from(job->location)))
        return;
    job->e = unity_vend(&job->grant, job->arena, &job->access);
    job->vended = !job->e;
}

static struct err *resolve_unity(struct cat *cat, const struct connection *c,
                                 const char *const parts[3], struct arena *arena,
                                 struct source_spec *spec)
{
    const char *credential = connection_option(c, "credential");
    struct vend_job *job = arena_new(arena, struct vend_job);
    job->arena = arena;
    job->vend = !credential && !spec->access;
    job->grant = (struct unity_grant){
        .catalog = c->name,
        .uri = connection_option(c, "uri"),
        .token = connection_option(c, "token"),
        .ca_pem = connection_option(c, "ca_certificate"),
        .table = arena_printf(arena, "%s.%s.%s", parts[0], parts[1], parts[2]),
        .region = connection_option(c, "region"),
        .endpoint = connection_option(c, "endpoint"),
    };
    pool_run(vend_job, job);
    TRY(job->e);
    spec->uri = str_from(job->location);
    if (job->vended) {
        job->access.grant = &job->grant;
        spec->access = &job->access;
    } else if (credential && !spec->access && !source_is_local(spec->uri)) {
        return credential_access(cat, credential, arena, &spec->access);
    }
    return NULL;
}

static struct err *resolve_directory(struct cat *cat, const struct connection *c,
                                     const char *const parts[3], struct arena *arena,
                                     struct source_spec *spec)
{
    const char *location = connection_option(c, "location");
    const char *credential = connection_option(c, "credential");
    size_t len = strlen(location);
    if (!is_plain(parts[1]) || !is_plain(parts[2]))
        return err_new("22023", "\"%s\".\"%s\" is no name of a folder", parts[1], parts[2]);
    while (len > 1 && location[len - 1] == '/')
        len--;
    spec->uri = str_from(arena_printf(arena, "%.*s/%s/%s", (int)len, location, parts[1], parts[2]));
    if (credential && !spec->access)
        return credential_access(cat, credential, arena, &spec->access);
    return NULL;
}

struct err *source_resolve(struct cat *cat, const char *source, const char *credential,
                           struct arena *arena, struct source_spec *spec)
{
    const char *parts[3];
    struct connection c;
    bool found;
    spec->uri = str_from(source);
    if (credential)
        TRY(credential_access(cat, credential, arena, &spec->access));
    if (!catalog_split(source, arena, parts))
        return NULL;
    TRY(connection_find(cat, CONNECTION_CATALOG, parts[0], arena, &c, &found));
    if (!found)
        return err_new("42704", "catalog \"%s\" does not exist", parts[0]);
    return is_unity(&c) ? resolve_unity(cat, &c, parts, arena, spec)
                        : resolve_directory(cat, &c, parts, arena, spec);
}

struct err *catalog_check_use(struct cat *cat, const char *name)
{
    struct connection c;
    struct arena arena;
    bool found;
    arena_init(&arena);
    struct err *e = connection_exists(cat, CONNECTION_CATALOG, name, &arena, &c, &found);
    if (!e && found)
        e = connection_check_use(cat, &c);
    arena_done(&arena);
    return e;
}

struct err *source_resolve_text(struct cat *cat, const char *credential, struct arena *arena,
                                struct source_spec *spec)
{
    const char *parts[3];
    struct connection c;
    bool found = false;
    const char *source = arena_strndup(arena, spec->uri.data, spec->uri.len);
    if (catalog_split(source, arena, parts))
        TRY(connection_exists(cat, CONNECTION_CATALOG, parts[0], arena, &c, &found));
    if (!found)
        return credential ? credential_access(cat, credential, arena, &spec->access) : NULL;
    TRY(connection_check_use(cat, &c));
    return source_resolve(cat, source, credential, arena, spec);
}
