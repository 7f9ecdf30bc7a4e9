/* What a session does with settings: the hooks that carry values into its fields, SET, RESET and
 * SHOW, the reports to the client, and the search path. */
#include "server/server_internal.h"

#include "catalog/acl.h"
#include "catalog/systab.h"
#include "base/hash.h"
#include "types/datetime.h"
#include "types/encoding.h"

#include <pg_query/pg_query.pb-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

/* ---- hooks ---- */

static int reported_bit(const struct setting_def *def)
{
    int bit = 0;
    for (const struct setting_def *d = setting_table; d < def; d++)
        bit += (d->flags & SETTING_REPORT) != 0;
    return bit;
}

static void set_application_name(struct backend *b, const char *name)
{
    while (atomic_flag_test_and_set_explicit(&b->activity.lock, memory_order_acquire))
        ;
    snprintf(b->activity.application_name, sizeof(b->activity.application_name), "%s", name);
    atomic_flag_clear_explicit(&b->activity.lock, memory_order_release);
}

static void set_statement_log(struct statement_log *log, const struct setting_def *def,
                              const char *v)
{
    if (strcmp(def->name, "log_statement") == 0)
        log->statements = setting_enum_index(def, v);
    else if (strcmp(def->name, "log_min_duration_statement") == 0)
        log->min_duration_ms = setting_int(v);
    else if (strcmp(def->name, "log_duration") == 0)
        log->duration = setting_is_on(v);
    else if (strcmp(def->name, "log_parameter_max_length") == 0)
        log->parameter_bytes = setting_int(v);
    else if (strcmp(def->name, "log_parameter_max_length_on_error") == 0)
        log->error_parameter_bytes = setting_int(v);
    else /* errors are of level error */
        log->errors = setting_enum_index(def, v) <= setting_enum_index(def, "error");
}

/* enable_...: prepared statements are planned anew. */
static void set_plans(struct backend *b, const char *name, bool on)
{
    static const struct {
        const char *name;
        uint32_t kind;
    } kinds[] = {
        {"enable_bitmapscan", PLAN_BITMAPSCAN},
        {"enable_hashagg", PLAN_HASHAGG},
        {"enable_hashjoin", PLAN_HASHJOIN},
        {"enable_incremental_sort", PLAN_INCREMENTAL_SORT},
        {"enable_indexonlyscan", PLAN_INDEXONLYSCAN},
        {"enable_indexscan", PLAN_INDEXSCAN},
        {"enable_material", PLAN_MATERIAL},
        {"enable_mergejoin", PLAN_MERGEJOIN},
        {"enable_nestloop", PLAN_NESTLOOP},
        {"enable_seqscan", PLAN_SEQSCAN},
        {"enable_sort", PLAN_SORT},
        {"row_security", PLAN_POLICIES},
    };
    uint32_t kind = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++)
        if (strcmp(kinds[i].name, name) == 0)
            kind = kinds[i].kind;
    uint32_t off = on ? b->base.cat.plans_off & ~kind : b->base.cat.plans_off | kind;
    if (off != b->base.cat.plans_off)
        b->path_generation++;
    b->base.cat.plans_off = off;
}

static void apply(struct backend *b, const struct setting_def *def)
{
    const char *v = settings_value(&b->settings, def);
    struct type_env *env = &b->base.types;
    int style = (int)env->date_style;
    int order = (int)env->date_order;
    switch (def->hook) {
    case HOOK_DATE_STYLE:
        if (date_style_parse(v, &style, &order)) {
            env->date_style = (enum date_style)style;
            env->date_order = (enum date_order)order;
        }
        break;
    case HOOK_INTERVAL_STYLE:
        env->interval_style = (enum interval_style)setting_enum_index(def, v);
        break;
    case HOOK_TIME_ZONE:
        env->tz = time_zone_parse(v);
        break;
    case HOOK_FLOAT_DIGITS:
        env->extra_float_digits = (int)setting_int(v);
        break;
    case HOOK_BYTEA:
        env->bytea_escape = strcmp(v, "escape") == 0;
        break;
    case HOOK_STATEMENT_TIMEOUT:
        b->statement_timeout_ms = setting_int(v);
        break;
    case HOOK_LOCK_TIMEOUT:
        b->lock_timeout_ms = setting_int(v);
        if (b->base.cat.txn)
            txn_set_lock_timeout(b->base.cat.txn, b->lock_timeout_ms);
        break;
    case HOOK_DEADLOCK_TIMEOUT:
        b->deadlock_timeout_ms = setting_int(v);
        if (b->base.cat.txn)
            txn_set_deadlock_timeout(b->base.cat.txn, b->deadlock_timeout_ms);
        break;
    case HOOK_IDLE_XACT_TIMEOUT:
        b->idle_xact_timeout_ms = setting_int(v);
        break;
    case HOOK_IDLE_TIMEOUT:
        b->idle_timeout_ms = setting_int(v);
        break;
    case HOOK_SYNC_COMMIT:
        b->async_commit = strcmp(v, "off") == 0;
        break;
    case HOOK_DEFAULT_ISOLATION:
        b->default_isolation = isolation_parse(v);
        b->default_uncommitted = strcmp(v, "read uncommitted") == 0;
        break;
    case HOOK_DEFAULT_DEFERRABLE:
        b->default_deferrable = setting_is_on(v);
        break;
    case HOOK_DEFAULT_READ_ONLY:
        b->default_read_only = setting_is_on(v);
        break;
    case HOOK_PLANS:
        set_plans(b, def->name, setting_is_on(v));
        break;
    case HOOK_LO_COMPAT:
        b->base.lo_compat_privileges = setting_is_on(v);
        break;
    case HOOK_WORK_MEM:
        b->base.work_mem_bytes = (size_t)setting_int(v) * 1024;
        break;
    case HOOK_HASH_MEM:
        b->base.hash_mem_multiplier = strtod(v, NULL);
        break;
    case HOOK_TEMP_FILE_LIMIT:
        b->base.temp_quota.limit_bytes = setting_int(v) < 0 ? -1 : setting_int(v) * 1024;
        break;
    case HOOK_LOG_TEMP_FILES:
        b->base.temp_quota.log_bytes = setting_int(v) < 0 ? -1 : setting_int(v) * 1024;
        break;
    case HOOK_LOG_STATEMENTS:
        set_statement_log(&b->log, def, v);
        break;
    case HOOK_MIN_MESSAGES:
        b->min_notice = setting_enum_index(def, v);
        break;
    case HOOK_SEARCH_PATH:
        b->path_dirty = true;
        break;
    case HOOK_APPLICATION_NAME:
        set_application_name(b, v);
        break;
    case HOOK_CLIENT_ENCODING:
        encoding_for_client(encoding_find(str_from(v)), &env->client_encoding);
        break;
    case HOOK_NONE:
    case HOOK_ZONE_NAME:
    case HOOK_XACT_ISOLATION:
    case HOOK_XACT_READ_ONLY:
    case HOOK_XACT_DEFERRABLE:
    case HOOK_ROLE:
    case HOOK_SESSION_AUTH:
    case HOOK_ON_ONLY:
    case HOOK_ACCESS_METHOD:
    case HOOK_TABLESPACE:
    case HOOK_LOCALE:
        break;
    }
}

/* "oid:superuser:name", the role of a SET ROLE or SET SESSION AUTHORIZATION; false: none. */
static bool split_role(const char *value, uint32_t *oid, bool *superuser, const char **name)
{
    unsigned number;
    char flag;
    int end = 0;
    if (sscanf(value, "%u:%c:%n", &number, &flag, &end) != 2 || !end || !number)
        return false;
    *oid = number;
    *superuser = flag == 's';
    *name = value + end;
    return true;
}

void backend_set_superuser(struct backend *b, bool superuser)
{
    if (b->base.superuser == superuser)
        return;
    b->base.superuser = superuser;
    b->reported_dirty |= 1u << reported_bit(setting_find(STR("is_superuser")));
}

static void set_name(char **at, const char *name)
{
    free(*at);
    *at = name ? strdup(name) : NULL;
    CHECK(!name || *at);
}

/* SET ROLE done, rolled back or reset: the value was checked when it was set. */
static void apply_role(struct backend *b, const struct setting_def *def)
{
    const char *name = NULL;
    uint32_t oid = b->base.session_role;
    bool superuser = b->session_superuser;
    split_role(settings_value(&b->settings, def), &oid, &superuser, &name);
    set_name(&b->role_name, name);
    b->base.cat.role = oid;
    b->path_dirty = true;
    backend_set_superuser(b, superuser);
}

/* Another session user: it begins without SET ROLE. */
static void apply_session_auth(struct backend *b, const struct setting_def *def)
{
    const char *name = NULL;
    uint32_t oid = b->login_role;
    bool superuser = b->login_superuser;
    split_role(settings_value(&b->settings, def), &oid, &superuser, &name);
    set_name(&b->session_name, name);
    b->base.user_name = b->session_name ? b->session_name : b->user;
    b->base.session_role = oid;
    b->session_superuser = superuser;
    set_name(&b->role_name, NULL);
    b->base.cat.role = oid;
    b->path_dirty = true;
    backend_set_superuser(b, superuser);
}

static void on_changed(void *arg, const struct setting_def *def)
{
    struct backend *b = arg;
    if (def->hook == HOOK_ROLE)
        apply_role(b, def);
    else if (def->hook == HOOK_SESSION_AUTH)
        apply_session_auth(b, def);
    else
        apply(b, def);
    if (def->flags & SETTING_REPORT)
        b->reported_dirty |= 1u << reported_bit(def);
}

void backend_settings_init(struct backend *b)
{
    b->settings.changed = on_changed;
    b->settings.arg = b;
    b->settings_generation = server_settings_generation();
    for (int i = 0; i < setting_table_count; i++)
        if (setting_table[i].hook)
            apply(b, &setting_table[i]);
}

void backend_settings_refresh(struct backend *b)
{
    uint64_t generation = server_settings_generation();
    if (b->settings_generation == generation)
        return;
    b->settings_generation = generation;
    for (int i = 0; i < setting_table_count; i++) {
        if (setting_table[i].hook && setting_table[i].hook != HOOK_ROLE &&
            setting_table[i].hook != HOOK_SESSION_AUTH)
            apply(b, &setting_table[i]);
        if (setting_table[i].flags & SETTING_REPORT)
            b->reported_dirty |= 1u << reported_bit(&setting_table[i]);
    }
}

/* ---- showing ---- */

static const char *default_isolation_name(const struct backend *b)
{
    return isolation_name(b->default_isolation, b->default_uncommitted);
}

void backend_setting_text(struct backend *b, const struct setting_def *def, bool unit,
                          struct buf *out)
{
    const char *v = settings_value(&b->settings, def);
    switch (def->hook) {
    case HOOK_XACT_ISOLATION:
        buf_put_c(out, b->xact.state == XACT_NONE
                           ? default_isolation_name(b)
                           : isolation_name(b->xact.isolation, b->xact.uncommitted));
        return;
    case HOOK_XACT_READ_ONLY:
        buf_put_c(out, (b->xact.state == XACT_NONE ? b->default_read_only : b->xact.read_only)
                           ? "on"
                           : "off");
        return;
    case HOOK_XACT_DEFERRABLE:
        buf_put_c(out, b->xact.state != XACT_NONE && b->xact.deferrable ? "on" : "off");
        return;
    case HOOK_ROLE:
        buf_put_c(out, b->role_name ? b->role_name : "none");
        return;
    case HOOK_SESSION_AUTH:
        buf_put_c(out, b->base.user_name ? b->base.user_name : "");
        return;
    default: /* the value says all */
        break;
    }
    if (strcmp(def->name, "is_superuser") == 0)
        v = b->base.superuser ? "on" : "off";
    if (unit)
        setting_display(def, v, out);
    else
        buf_put_c(out, v);
}

struct err *setting_may_show(struct backend *b, const struct setting_def *def)
{
    const struct role_rights *rights;
    if (!(def->flags & SETTING_GUARDED) || b->base.superuser)
        return NULL;
    TRY(xact_open(b));
    TRY(cat_rights(&b->base.cat, &rights));
    if (rights_of(rights, ROLE_READ_ALL_SETTINGS))
        return NULL;
    return err_new("42501",
                   "must be superuser or have privileges of pg_read_all_settings to examine \"%s\"",
                   def->name);
}

struct err *backend_setting_get(struct backend *b, struct str name, bool missing_ok,
                                struct buf *out, bool *found)
{
    const struct setting_def *def = setting_find(name);
    const char *custom = def ? NULL : settings_custom(&b->settings, name);
    *found = def || custom;
    if (def)
        TRY(setting_may_show(b, def));
    if (def)
        backend_setting_text(b, def, true, out);
    else if (custom)
        buf_put_c(out, custom);
    else if (!missing_ok)
        return setting_unknown(name);
    return NULL;
}

/* Whether the client has been told another value, or none. */
static bool report_is_news(struct backend *b, int bit, struct str value)
{
    uint64_t hash = hash_bytes(value.data, value.len, 1);
    CHECK(bit < REPORTED_MAX);
    if (b->reported[bit] == hash)
        return false;
    b->reported[bit] = hash;
    return true;
}

void backend_report_settings(struct backend *b, bool all)
{
    struct buf text = BUF_INIT;
    if (!all && !b->reported_dirty)
        return;
    int bit = 0;
    for (int i = 0; i < setting_table_count; i++) {
        const struct setting_def *def = &setting_table[i];
        if (!(def->flags & SETTING_REPORT))
            continue;
        buf_reset(&text);
        if (all || (b->reported_dirty & 1u << bit))
            backend_setting_text(b, def, true, &text);
        if (text.len && report_is_news(b, bit, buf_str(&text))) {
            size_t at = backend_out(b)->len;
            wire_parameter_status(backend_out(b), def->name, buf_cstr(&text));
            backend_message_to_client(b, at, 0);
        }
        bit++;
    }
    buf_done(&text);
    b->reported_dirty = 0;
}

/* ---- setting ---- */

/* Outside the store's transaction it reads in one of its own, which leaves the session's unbegun.
 */
static struct err *parameter_privileges(struct backend *b, const char *name, uint32_t mask,
                                        uint32_t *out)
{
    struct cat *c = &b->base.cat;
    const struct role_rights *rights;
    bool own = !c->txn;
    if (own)
        TRY(txn_begin(catalog_txn_mgr(server_catalog), TXN_READ_COMMITTED, true, &c->txn));
    struct err *e = cat_rights(c, &rights);
    if (!e)
        e = parameter_acl_mask(c, rights, str_from(name), mask, out);
    if (own) {
        txn_abort(c->txn);
        c->txn = NULL;
    }
    return e;
}

struct err *setting_check_privilege(struct backend *b, const char *name, uint32_t privilege)
{
    uint32_t got;
    if (b->base.superuser)
        return NULL;
    TRY(parameter_privileges(b, name, privilege, &got));
    return got ? NULL : err_new("42501", "permission denied to set parameter \"%s\"", name);
}

bool setting_may_be(struct str name)
{
    if (setting_find(name))
        return true;
    struct err *e = setting_check_custom_name(name);
    err_free(e);
    return !e;
}

struct err *setting_may_set(struct backend *b, const struct setting_def *def)
{
    switch (def->context) {
    case SETTING_INTERNAL:
        return err_new("55P02", "parameter \"%s\" cannot be changed", def->name);
    case SETTING_POSTMASTER:
        return err_new("55P02", "parameter \"%s\" cannot be changed without restarting the server",
                       def->name);
    case SETTING_SIGHUP:
        return err_new("55P02", "parameter \"%s\" cannot be changed now", def->name);
    case SETTING_SUPERUSER_BACKEND:
    case SETTING_BACKEND:
        return err_new("55P02", "parameter \"%s\" cannot be set after connection start", def->name);
    case SETTING_SUPERUSER:
        return setting_check_privilege(b, def->name, PRIV_SET);
    case SETTING_USER:
        return NULL;
    }
    UNREACHABLE();
}

/* DateStyle's words that are not said keep their value. */
static char *merge_date_style(struct backend *b, const struct setting_def *def, char *canonical)
{
    char style[16];
    char order[16];
    char old_style[16];
    char old_order[16];
    char merged[40];
    if (sscanf(canonical, "%15[^,], %15s", style, order) != 2 ||
        sscanf(settings_value(&b->settings, def), "%15[^,], %15s", old_style, old_order) != 2)
        return canonical;
    snprintf(merged, sizeof(merged), "%s, %s", style[0] == '*' ? old_style : style,
             order[0] == '*' ? old_order : order);
    free(canonical);
    canonical = strdup(merged);
    CHECK(canonical != NULL);
    return canonical;
}

static struct err *find_role(struct backend *b, const char *name, struct arena *a,
                             struct cat_role *out)
{
    bool found;
    TRY(xact_open(b));
    TRY(cat_role_named(&b->base.cat, str_from(name), a, out, &found));
    return found ? NULL : err_new("22023", "role \"%s\" does not exist", name);
}

static struct err *set_to_role(struct backend *b, const struct setting_def *def,
                               const struct cat_role *role, bool local)
{
    char *value;
    if (asprintf(&value, "%u:%c:%s", role->oid, role->superuser ? 's' : '-', role->name) < 0)
        return err_oom();
    settings_set(&b->settings, def, value, local);
    free(value);
    return NULL;
}

static struct err *set_role(struct backend *b, const struct setting_def *def, const char *name,
                            bool local)
{
    struct cat_role role;
    struct arena a;
    bool member = false;
    if (!name || strcmp(name, "none") == 0) {
        settings_set(&b->settings, def, NULL, local);
        return NULL;
    }
    arena_init(&a);
    struct err *e = find_role(b, name, &a, &role);
    if (!e)
        e = cat_is_member(&b->base.cat, b->base.session_role, role.oid, true, &member);
    if (!e && !member)
        e = err_new("42501", "permission denied to set role \"%s\"", name);
    if (!e)
        e = set_to_role(b, def, &role, local);
    arena_done(&a);
    return e;
}

static struct err *set_session_auth(struct backend *b, const struct setting_def *def,
                                    const char *name, bool local)
{
    struct cat_role role;
    struct arena a;
    if (!name) {
        settings_set(&b->settings, def, NULL, local);
        return NULL;
    }
    arena_init(&a);
    struct err *e = find_role(b, name, &a, &role);
    if (!e && !b->login_superuser && role.oid != b->login_role)
        e = err_new("42501", "permission denied to set session authorization");
    if (!e)
        e = set_to_role(b, def, &role, local);
    arena_done(&a);
    return e;
}

static struct err *set_special(struct backend *b, const struct setting_def *def, const char *value,
                               bool local, bool *done)
{
    char *canonical;
    struct err *e = NULL;
    *done = true;
    switch (def->hook) {
    case HOOK_ROLE:
        return set_role(b, def, value, local);
    case HOOK_SESSION_AUTH:
        return set_session_auth(b, def, value, local);
    case HOOK_XACT_ISOLATION:
        TRY(setting_canonical(def, value ? value : default_isolation_name(b), &canonical));
        e = xact_set_isolation(b, canonical, false);
        free(canonical);
        return e;
    case HOOK_XACT_READ_ONLY:
        TRY(setting_canonical(def,
                              value                  ? value
                              : b->default_read_only ? "on"
                                                     : "off",
                              &canonical));
        e = xact_set_read_only(b, setting_is_on(canonical));
        free(canonical);
        return e;
    case HOOK_XACT_DEFERRABLE:
        TRY(setting_canonical(def, value ? value : "off", &canonical));
        e = xact_set_deferrable(b, setting_is_on(canonical));
        free(canonical);
        return e;
    default: /* an ordinary one */
        *done = false;
        return NULL;
    }
}

/* The value in canonical form; NULL stays NULL. */
static struct err *canonical_value(struct backend *b, const struct setting_def *def,
                                   const char *value, char **out)
{
    *out = NULL;
    if (!value)
        return NULL;
    TRY(setting_canonical(def, value, out));
    if (def->hook == HOOK_DATE_STYLE)
        *out = merge_date_style(b, def, *out);
    return NULL;
}

struct err *backend_setting_set(struct backend *b, struct str name, const char *value, bool local)
{
    const struct setting_def *def = setting_find(name);
    char *canonical;
    bool done;
    if (!def && memchr(name.data, '.', name.len))
        return settings_set_custom(&b->settings, name, value, local);
    if (!def)
        return setting_unknown(name);
    TRY(setting_may_set(b, def));
    TRY(set_special(b, def, value, local, &done));
    if (done)
        return NULL;
    TRY(canonical_value(b, def, value, &canonical));
    settings_set(&b->settings, def, canonical, local);
    free(canonical);
    return NULL;
}

struct err *backend_setting_begin(struct backend *b, struct str name, const char *value,
                                  enum setting_source source)
{
    const struct setting_def *def = setting_find(name);
    char *canonical;
    bool done;
    if (!def && memchr(name.data, '.', name.len))
        return settings_set_custom_startup(&b->settings, name, value, source);
    if (!def)
        return setting_unknown(name);
    if (def->context != SETTING_BACKEND &&
        (def->context != SETTING_SUPERUSER_BACKEND || !b->base.superuser))
        TRY(setting_may_set(b, def));
    TRY(set_special(b, def, value, false, &done));
    if (done)
        return NULL;
    TRY(canonical_value(b, def, value, &canonical));
    settings_set_startup(&b->settings, def, canonical, source);
    free(canonical);
    return NULL;
}

/* ---- SET and SHOW ---- */

static const char *const_text(const PgQuery__AConst *c, struct arena *a)
{
    switch (c->val_case) {
    case PG_QUERY__A__CONST__VAL_IVAL:
        return arena_printf(a, "%d", c->ival->ival);
    case PG_QUERY__A__CONST__VAL_FVAL:
        return c->fval->fval;
    case PG_QUERY__A__CONST__VAL_SVAL:
        return c->sval->sval;
    case PG_QUERY__A__CONST__VAL_BOOLVAL:
        return c->boolval->boolval ? "true" : "false";
    default: /* bit strings and NULL are no values */
        return "";
    }
}

/* The arguments of SET as one text. */
static struct err *set_value(const struct setting_def *def, const PgQuery__VariableSetStmt *s,
                             struct arena *a, const char **out)
{
    struct buf b = BUF_INIT;
    bool list = def && (def->flags & SETTING_LIST);
    if (s->n_args > 1 && !list)
        return err_new("22023", "SET %s takes only one argument", s->name);
    for (size_t i = 0; i < s->n_args; i++) {
        const PgQuery__Node *n = s->args[i];
        bool cast = n->node_case == PG_QUERY__NODE__NODE_TYPE_CAST;
        if (cast)
            n = n->type_cast->arg;
        if (n->node_case != PG_QUERY__NODE__NODE_A_CONST)
            continue;
        const char *text = const_text(n->a_const, a);
        buf_put_c(&b, i ? ", " : "");
        if (cast)
            buf_printf(&b, "INTERVAL '%s'", text);
        else if (def && (def->flags & SETTING_QUOTE))
            quote_identifier(&b, text);
        else
            buf_put_c(&b, text);
    }
    *out = arena_strdup(a, buf_cstr(&b));
    buf_done(&b);
    return NULL;
}

static struct err *import_snapshot(struct backend *b, const PgQuery__VariableSetStmt *s)
{
    const PgQuery__Node *arg = s->n_args ? s->args[0] : NULL;
    bool text = arg && arg->node_case == PG_QUERY__NODE__NODE_A_CONST &&
                arg->a_const->val_case == PG_QUERY__A__CONST__VAL_SVAL;
    const struct xact *x = &b->xact;
    if (!xact_in_block(b))
        backend_warn(b, "25P01", "SET TRANSACTION can only be used in transaction blocks");
    if (x->had_query || b->base.cat.txn)
        return err_new("25001", "SET TRANSACTION SNAPSHOT must be called before any query");
    if (x->isolation == TXN_READ_COMMITTED)
        return err_new("0A000", "a snapshot-importing transaction must have isolation level "
                                "SERIALIZABLE or REPEATABLE READ");
    if (x->isolation == TXN_SERIALIZABLE && x->read_only && x->deferrable)
        return err_new("0A000", "a snapshot-importing transaction must not be READ ONLY "
                                "DEFERRABLE");
    TRY(xact_begin_store(b));
    return txn_import_snapshot(b->base.cat.txn, text ? arg->a_const->sval->sval : "");
}

static struct err *set_multi(struct backend *b, const PgQuery__VariableSetStmt *s, struct arena *a)
{
    bool characteristics = strcmp(s->name, "SESSION CHARACTERISTICS") == 0;
    if (strcmp(s->name, "TRANSACTION SNAPSHOT") == 0)
        return import_snapshot(b, s);
    if (!characteristics && !xact_in_block(b) && !b->xact.implicit_block)
        backend_warn(b, "25P01", "SET TRANSACTION can only be used in transaction blocks");
    for (size_t i = 0; i < s->n_args; i++) {
        const PgQuery__DefElem *d = s->args[i]->def_elem;
        if (!d->arg || d->arg->node_case != PG_QUERY__NODE__NODE_A_CONST)
            continue;
        const char *name = characteristics ? arena_printf(a, "default_%s", d->defname) : d->defname;
        TRY(backend_setting_set(b, str_from(name), const_text(d->arg->a_const, a), false));
    }
    return NULL;
}

struct err *set_stmt_value(struct backend *b, const PgQuery__VariableSetStmt *s, const char **value)
{
    struct arena *a = &b->scratch->arena;
    const struct setting_def *def = setting_find(str_from(s->name));
    *value = NULL; /* SET ... TO DEFAULT, RESET */
    if (s->kind == PG_QUERY__VARIABLE_SET_KIND__VAR_SET_VALUE)
        return set_value(def, s, a, value);
    if (s->kind != PG_QUERY__VARIABLE_SET_KIND__VAR_SET_CURRENT)
        return NULL;
    if (!def)
        return setting_unknown(str_from(s->name));
    *value = arena_strdup(a, settings_value(&b->settings, def));
    return NULL;
}

struct err *run_set(struct backend *b, struct run *r)
{
    const PgQuery__VariableSetStmt *s = r->raw->tree->variable_set_stmt;
    struct arena *a = &b->scratch->arena;
    const char *value = NULL;
    const char *name = s->name ? s->name : "";
    bool reset = s->kind == PG_QUERY__VARIABLE_SET_KIND__VAR_RESET ||
                 s->kind == PG_QUERY__VARIABLE_SET_KIND__VAR_RESET_ALL;
    snprintf(r->tag, sizeof(r->tag), "%s", reset ? "RESET" : "SET");
    if (s->is_local && !xact_in_block(b) && !b->xact.implicit_block && !r->in_function)
        backend_warn(b, "25P01", "SET LOCAL can only be used in transaction blocks");
    if (s->kind == PG_QUERY__VARIABLE_SET_KIND__VAR_SET_MULTI)
        return set_multi(b, s, a);
    if (s->kind == PG_QUERY__VARIABLE_SET_KIND__VAR_RESET_ALL) {
        settings_reset_all(&b->settings);
        return NULL;
    }
    TRY(set_stmt_value(b, s, &value));
    return backend_setting_set(b, str_from(name), value, s->is_local);
}

struct err *run_show(struct backend *b, struct run *r)
{
    const char *name = r->raw->tree->variable_show_stmt->name;
    const struct setting_def *def = setting_find(str_from(name));
    struct buf text = BUF_INIT;
    bool found;
    snprintf(r->tag, sizeof(r->tag), "SHOW");
    if (strcasecmp(name, "all") == 0) {
        show_all(b, r);
        return NULL;
    }
    struct err *e = backend_setting_get(b, str_from(name), false, &text, &found);
    if (!e) {
        const char *shown = def ? def->name : name;
        const char *value = buf_cstr(&text);
        if (r->describe)
            put_text_description(b, &shown, 1, TEXT_OID, r->formats, r->nformats);
        put_text_row(b, &value, 1);
    }
    buf_done(&text);
    return e;
}

/* ---- search path ---- */

struct path_state {
    struct backend *b;
    uint32_t *oids;
    int n;
    int cap;
    bool has_catalog;
    uint32_t creation;
    struct err *error;
};

static void add_path(struct path_state *s, uint32_t oid)
{
    for (int i = 0; i < s->n; i++)
        if (s->oids[i] == oid)
            return;
    if (s->n == s->cap) {
        s->cap = s->cap ? s->cap * 2 : 4;
        s->oids = realloc(s->oids, sizeof(*s->oids) * (size_t)s->cap);
        CHECK(s->oids != NULL);
    }
    s->oids[s->n++] = oid;
}

static void add_path_item(void *arg, const char *item)
{
    struct path_state *s = arg;
    struct backend *b = s->b;
    uint32_t oid = 0;
    if (s->error)
        return;
    if (strcmp(item, "$user") == 0)
        item = b->role_name ? b->role_name : b->base.user_name;
    s->error = cat_namespace_oid(&b->base.cat, str_from(item), &oid);
    if (s->error || !oid)
        return;
    uint32_t usage = PRIV_USAGE;
    bool found = true;
    if (!b->base.superuser)
        s->error = acl_object_mask(&b->base.cat, b->base.cat.rights, PG_NAMESPACE, oid, PRIV_USAGE,
                                   &usage, &found);
    if (s->error || !usage)
        return; /* passed over */
    s->has_catalog |= oid == PG_CATALOG_NSP;
    if (!s->creation)
        s->creation = oid;
    add_path(s, oid);
}

/* Unless it is listed: then its place is there. */
static void put_first(struct path_state *s, uint32_t oid)
{
    int before = s->n;
    add_path(s, oid);
    if (s->n == before)
        return;
    memmove(s->oids + 1, s->oids, sizeof(*s->oids) * (size_t)(s->n - 1));
    s->oids[0] = oid;
}

/* The transaction that made the schema may have been rolled back. */
static struct err *check_temp_nsp(struct backend *b)
{
    struct arena a;
    const char *name;
    if (!b->base.cat.temp_nsp)
        return NULL;
    arena_init(&a);
    struct err *e = cat_namespace_name(&b->base.cat, b->base.cat.temp_nsp, &a, &name);
    if (!e && !name)
        b->base.cat.temp_nsp = 0;
    arena_done(&a);
    return e;
}

struct err *resolve_search_path(struct backend *b)
{
    const struct setting_def *def = setting_find(STR("search_path"));
    struct path_state s = {.b = b};
    uint64_t version = catalog_version(server_catalog);
    identifier_list_parse(settings_value(&b->settings, def), add_path_item, &s);
    if (s.error) {
        free(s.oids);
        return s.error;
    }
    if (!s.has_catalog)
        put_first(&s, PG_CATALOG_NSP);
    struct err *e = check_temp_nsp(b);
    if (e) {
        free(s.oids);
        return e;
    }
    if (b->base.cat.temp_nsp)
        put_first(&s, b->base.cat.temp_nsp);
    b->path_dirty = false;
    b->path_version = version;
    b->base.cat.creation_nsp = s.creation;
    if (b->npath == s.n && memcmp(b->path, s.oids, sizeof(*s.oids) * (size_t)s.n) == 0) {
        free(s.oids);
        return NULL;
    }
    free(b->path);
    b->path = s.oids;
    b->npath = s.n;
    b->path_generation++;
    b->base.cat.search_path = b->path;
    b->base.cat.nsearch_path = b->npath;
    return NULL;
}
