/* Named ways to data elsewhere, storage credentials and catalogs, in table tarn.connections: name,
 * type, options; those that are secret sealed as one JSON object, bound to kind and name. */
#include "sync/sync_internal.h"

#include "catalog/table.h"
#include "lake/json.h"
#include "lake/jsondoc.h"
#include "rt/crypto.h"

#include <string.h>

/* tarn.connections by position. */
enum { CN_KIND, CN_NAME, CN_TYPE, CN_OPTIONS, CN_SECRETS, CN_OWNER, CN_CREATED, CN_COUNT };

static const char *const kind_names[] = {"credential", "catalog"};

static struct datum text_datum(const char *s)
{
    return datum_bytes(s, strlen(s));
}

static struct err *run(struct session *s, const char *sql, const uint32_t *types,
                       const struct datum *params, int n)
{
    struct exec_env env = session_exec_env(s);
    uint64_t rows;
    TRY(exec_internal_sql(&env, sql, types, params, n, &rows));
    txn_next_command(s->cat.txn);
    return NULL;
}

/* What a sealed value belongs to. */
static struct str bound_to(const struct connection *c, struct arena *arena)
{
    return str_from(arena_printf(arena, "%s %s", kind_names[c->kind], c->name));
}

/* ---- options as JSON ---- */

static void put_options(const struct connection *c, bool secret, struct buf *out)
{
    bool any = false;
    buf_put_u8(out, '{');
    for (size_t i = 0; i < c->count; i++) {
        const struct lake_option *o = &c->options[i];
        if (connection_hides(c, o->name) != secret)
            continue;
        buf_put_c(out, any ? ", " : "");
        any = true;
        lake_put_json_string(out, str_from(o->name));
        buf_put_c(out, ": ");
        lake_put_json_string(out, str_from(o->value));
    }
    buf_put_u8(out, '}');
}

static struct err *add_options(struct connection *c, struct str json, struct arena *arena)
{
    const char *reason;
    size_t offset;
    const struct json_value *tree = json_parse(arena, arena_str(arena, json), &reason, &offset);
    if (!tree)
        return err_new("XX001", "damaged options of %s \"%s\"", kind_names[c->kind], c->name);
    struct lake_option *all =
        arena_new_array(arena, struct lake_option, c->count + tree->count + 1);
    for (size_t i = 0; i < c->count; i++)
        all[i] = c->options[i];
    for (const struct json_value *v = tree->first; v; v = v->next)
        all[c->count++] = (struct lake_option){arena_strndup(arena, v->key.data, v->key.len),
                                               arena_strndup(arena, v->text.data, v->text.len)};
    c->options = all;
    return NULL;
}

struct err *connection_add_options(struct connection *c, const struct own_stmt *stmt,
                                   struct arena *arena)
{
    const struct own_option *list = stmt->options;
    int n = stmt->noptions;
    for (int i = 0; i < n; i++)
        for (int k = 0; k < i; k++)
            if (strcmp(list[i].name, list[k].name) == 0)
                return err_new("42601", "option \"%s\" is given twice", list[i].name);
    struct lake_option *all = arena_new_array(arena, struct lake_option, c->count + (size_t)n + 1);
    size_t count = 0;
    for (size_t i = 0; i < c->count; i++) {
        bool replaced = false;
        for (int k = 0; k < n; k++)
            replaced |= strcmp(c->options[i].name, list[k].name) == 0;
        if (!replaced)
            all[count++] = c->options[i];
    }
    for (int k = 0; k < n; k++)
        all[count++] = (struct lake_option){list[k].name, list[k].value};
    c->options = all;
    c->count = count;
    return NULL;
}

const char *connection_option(const struct connection *c, const char *name)
{
    for (size_t i = 0; i < c->count; i++)
        if (strcmp(c->options[i].name, name) == 0)
            return c->options[i].value;
    return NULL;
}

/* ---- reading ---- */

static struct err *open_table(struct cat *cat, struct relation **out)
{
    uint32_t oid;
    *out = NULL;
    TRY(cat_find_relation(cat, STR("tarn"), STR("connections"), true, &oid));
    if (oid)
        TRY(cat_relation(cat, oid, out));
    if (!*out || !(*out)->primary || (*out)->natts < CN_COUNT) {
        relation_unref(*out);
        return err_new("XX000", "table tarn.connections does not have its expected form");
    }
    return NULL;
}

/* A row without its options. */
struct row {
    struct connection c;
    struct str options, sealed;
};

static struct err *take_row(const struct datum *v, struct arena *arena, struct row *out)
{
    static const struct type_env env;
    const struct type_ops *jsonb = type_by_oid(JSONB_OID);
    struct buf text = BUF_INIT;
    out->c.name = arena_strndup(arena, (const char *)v[CN_NAME].p, v[CN_NAME].len);
    out->c.type = arena_strndup(arena, (const char *)v[CN_TYPE].p, v[CN_TYPE].len);
    out->c.owner = (uint32_t)v[CN_OWNER].i;
    out->c.kind = str_eq_c(datum_as_str(v[CN_KIND]), kind_names[CONNECTION_CATALOG])
                      ? CONNECTION_CATALOG
                      : CONNECTION_CREDENTIAL;
    out->sealed = arena_str(arena, datum_as_str(v[CN_SECRETS]));
    struct err *e = jsonb->out(jsonb, &env, v[CN_OPTIONS], &text);
    if (!e)
        out->options = arena_str(arena, buf_str(&text));
    buf_done(&text);
    return e;
}

static struct err *unseal(struct row *row, struct arena *arena)
{
    struct buf plain = BUF_INIT;
    TRY(add_options(&row->c, row->options, arena));
    struct err *e = secret_unseal(bound_to(&row->c, arena), row->sealed, &plain);
    if (!e)
        e = add_options(&row->c, buf_str(&plain), arena);
    if (plain.data)
        crypto_wipe(plain.data, plain.len);
    buf_done(&plain);
    return e && err_is(e, "XX001")
               ? err_context(e, "%s \"%s\"", kind_names[row->c.kind], row->c.name)
               : e;
}

static struct err *find_row(struct cat *cat, enum connection_kind kind, const char *name,
                            struct arena *arena, struct row *row, bool *found)
{
    struct relation *rel;
    struct datum values[CN_COUNT];
    struct buf key = BUF_INIT;
    struct str stored;
    TRY(open_table(cat, &rel));
    struct datum *key_row = arena_new_array(arena, struct datum, rel->natts);
    key_row[CN_KIND] = text_datum(kind_names[kind]);
    key_row[CN_NAME] = text_datum(name);
    table_put_row_key(&key, rel->storage_id, rel, key_row);
    struct txn_view view = txn_view_newest(cat->txn);
    struct err *e = txn_get(&view, buf_str(&key), &stored, found);
    if (!e && *found)
        e = table_decode_row(rel, stored, CN_COUNT, values);
    if (!e && *found)
        e = take_row(values, arena, row);
    txn_view_done(&view);
    buf_done(&key);
    relation_unref(rel);
    return e;
}

struct err *connection_exists(struct cat *cat, enum connection_kind kind, const char *name,
                              struct arena *arena, struct connection *out, bool *found)
{
    struct row row = {0};
    TRY(find_row(cat, kind, name, arena, &row, found));
    *out = row.c;
    return NULL;
}

struct err *connection_find(struct cat *cat, enum connection_kind kind, const char *name,
                            struct arena *arena, struct connection *out, bool *found)
{
    struct row row = {0};
    TRY(find_row(cat, kind, name, arena, &row, found));
    if (*found)
        TRY(unseal(&row, arena));
    *out = row.c;
    return NULL;
}

struct each {
    struct relation *rel;
    struct arena *arena;
    connection_visit visit;
    void *arg;
};

static struct err *visit_row(void *arg, struct str key, struct str value, bool *stop)
{
    struct each *each = arg;
    struct datum values[CN_COUNT];
    struct row row = {0};
    (void)key;
    (void)stop;
    TRY(table_decode_row(each->rel, value, CN_COUNT, values));
    TRY(take_row(values, each->arena, &row));
    TRY(add_options(&row.c, row.options, each->arena));
    return each->visit(each->arg, &row.c);
}

struct err *connection_each(struct cat *cat, struct arena *arena, connection_visit visit, void *arg)
{
    struct each each = {.arena = arena, .visit = visit, .arg = arg};
    TRY(open_table(cat, &each.rel));
    struct txn_view view = txn_view_newest(cat->txn);
    struct err *e = table_each(&view, each.rel->storage_id, visit_row, &each);
    txn_view_done(&view);
    relation_unref(each.rel);
    return e;
}

/* ---- writing ---- */

struct err *connection_store(struct session *s, const struct connection *c, bool fresh,
                             struct arena *arena)
{
    static const uint32_t types[] = {TEXT_OID, TEXT_OID, TEXT_OID, TEXT_OID, BYTEA_OID, OID_OID};
    struct buf options = BUF_INIT, secrets = BUF_INIT, sealed = BUF_INIT;
    put_options(c, false, &options);
    put_options(c, true, &secrets);
    struct err *e = buf_finish(&secrets);
    if (!e)
        e = secret_seal(bound_to(c, arena), buf_str(&secrets), &sealed);
    if (!e) {
        struct datum params[] = {text_datum(kind_names[c->kind]),
                                 text_datum(c->name),
                                 text_datum(c->type),
                                 text_datum(buf_cstr(&options)),
                                 datum_bytes((char *)sealed.data, sealed.len),
                                 datum_int(c->owner)};
        e = run(s,
                fresh ? "INSERT INTO tarn.connections VALUES ($1, $2, $3, $4::jsonb, $5, $6, "
                        "pg_catalog.now())"
                      : "UPDATE tarn.connections SET type = $3, options = $4::jsonb, secrets = $5, "
                        "owner = $6 WHERE kind = $1 AND name = $2",
                types, params, 6);
    }
    crypto_wipe(secrets.data, secrets.len);
    buf_done(&options);
    buf_done(&secrets);
    buf_done(&sealed);
    return e;
}

struct err *connection_remove(struct session *s, enum connection_kind kind, const char *name)
{
    static const uint32_t types[] = {TEXT_OID, TEXT_OID};
    struct datum params[] = {text_datum(kind_names[kind]), text_datum(name)};
    return run(s, "DELETE FROM tarn.connections WHERE kind = $1 AND name = $2", types, params, 2);
}
