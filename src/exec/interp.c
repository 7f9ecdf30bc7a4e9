/* Running programs: one step after the other over the frame. */
#include "exec/exec_internal.h"

#include "exec/fn_session.h"

#include "catalog/sequence.h"
#include "exec/session.h"
#include "types/array.h"
#include "types/datetime.h"
#include "types/geometry.h"
#include "types/jsonb.h"
#include "types/record.h"

struct fn_call call_for(struct exec *x, const struct call_site *site, const struct datum *args,
                        struct arena *arena)
{
    return (struct fn_call){.args = args,
                            .nargs = site->nargs,
                            .arena = arena,
                            .env = x->env.types,
                            .arg_types = site->arg_types,
                            .func = site->expr ? site->expr->func : 0,
                            .collation = site->collation,
                            .variadic = site->variadic,
                            .result_type = site->result_type,
                            .result_typmod = site->result_typmod,
                            .state = &x->calls[site->state],
                            .state_arena = &x->arena,
                            .columns = site->columns,
                            .session = x->env.session,
                            .view = x->has_view ? &x->view : NULL,
                            .run = x};
}

static struct err *run_call(struct exec *x, const struct call_site *site, const struct datum *args,
                            struct arena *arena, struct datum *out)
{
    for (int i = 0; site->strict && i < site->nargs; i++) {
        if (args[i].null) {
            *out = datum_null();
            return NULL;
        }
    }
    struct fn_call *c = x->frames[site->state];
    if (__builtin_expect(!c, 0)) {
        c = arena_new(&x->arena, struct fn_call);
        *c = call_for(x, site, args, arena);
        x->frames[site->state] = c;
    }
    c->args = args;
    c->arena = arena;
    return site->fn(c, out);
}

static struct err *run_saop(struct exec *x, const struct step *s, struct arena *arena,
                            struct datum *out)
{
    const struct call_site *site = s->call;
    struct datum scalar = x->frame[s->a];
    struct datum list = x->frame[s->b];
    struct array arr;
    bool any = s->flag;
    bool null_seen = false;
    *out = datum_null();
    if (list.null)
        return NULL;
    TRY(array_open(list, &arr));
    *out = datum_bool(!any);
    if (arr.nitems == 0)
        return NULL;
    if (scalar.null && site->strict) {
        *out = datum_null();
        return NULL;
    }
    struct arena_mark mark = arena_mark(arena);
    for (uint32_t i = 0; i < arr.nitems; i++) {
        struct datum args[2] = {scalar, array_is_null(&arr, i) ? datum_null() : array_get(&arr, i)};
        struct datum r;
        TRY(run_call(x, site, args, arena, &r));
        arena_rewind(arena, mark);
        null_seen |= r.null;
        if (!r.null && (r.i != 0) == any) {
            *out = datum_bool(any);
            return NULL;
        }
    }
    if (null_seen)
        *out = datum_null();
    return NULL;
}

static struct err *run_array(const struct call_site *site, const struct datum *args,
                             struct arena *arena, struct datum *out)
{
    const struct expr *e = site->expr;
    bool nested = e->nargs && e->args[0]->type == e->type;
    if (!nested)
        return array_make_1d(site->to, args, (size_t)e->nargs, arena, out);
    /* Arrays of one shape become one with a dimension more. */
    struct array first;
    struct array_items items = {0};
    int32_t dims[ARRAY_MAX_DIMS];
    int32_t lower[ARRAY_MAX_DIMS];
    for (int i = 0; i < e->nargs; i++) {
        struct array a;
        if (args[i].null)
            return err_new("2202E", "multidimensional arrays must have array expressions with "
                                    "matching dimensions");
        TRY(array_open(args[i], &a));
        if (i == 0)
            first = a;
        if (a.ndim != first.ndim || a.ndim + 1 > ARRAY_MAX_DIMS ||
            memcmp(a.dims, first.dims, sizeof(a.dims[0]) * (size_t)a.ndim) != 0)
            return err_new("2202E", "multidimensional arrays must have array expressions with "
                                    "matching dimensions");
        for (uint32_t k = 0; k < a.nitems; k++)
            TRY(array_items_add(&items, arena,
                                array_is_null(&a, k) ? datum_null() : array_get(&a, k)));
    }
    dims[0] = e->nargs;
    lower[0] = 1;
    for (int i = 0; i < first.ndim; i++) {
        dims[i + 1] = first.dims[i];
        lower[i + 1] = 1;
    }
    if (!first.ndim)
        return array_make_1d(site->to, NULL, 0, arena, out);
    return array_make(site->to, first.ndim + 1, dims, lower, items.items, arena, out);
}

static struct err *run_row(const struct call_site *site, const struct datum *args,
                           struct arena *arena, struct datum *out)
{
    const struct expr *e = site->expr;
    const struct type_ops **types = arena_new_array(arena, const struct type_ops *, e->nargs + 1);
    struct str *names = arena_new_array(arena, struct str, e->nargs + 1);
    for (int i = 0; i < e->nargs; i++) {
        types[i] = type_by_oid(e->args[i]->type);
        if (!types[i])
            return err_unsupported("a row with a column of this type is not supported");
        if (e->field_names)
            names[i] = str_from(e->field_names[i]);
    }
    return record_make(e->type, e->nargs, types,
                       e->field_names && e->type == RECORD_OID ? names : NULL, args, arena, out);
}

static struct err *run_field(const struct call_site *site, struct datum in, struct datum *out)
{
    int i = site->expr->field.field - 1;
    struct record r;
    *out = datum_null();
    if (in.null)
        return NULL;
    TRY(record_open(in, &r));
    if (i < r.nfields)
        *out = record_field(&r, i, site->to->byval);
    return NULL;
}

/* A composite value with one field replaced; a NULL one has no fields set. */
static struct err *run_fieldstore(struct exec *x, const struct call_site *site,
                                  const struct datum *args, struct arena *arena, struct datum *out)
{
    const struct type_env *env = x->env.types;
    struct composite c;
    struct datum *values = NULL;
    uint32_t type = builtin_base_type(site->expr->type);
    TRY(env->composite_of(env->names, type, arena, &c));
    if (!args[0].null) {
        TRY(composite_values(&c, args[0], arena, &values));
    } else {
        values = arena_new_array(arena, struct datum, c.nfields + 1);
        for (int i = 0; i < c.nfields; i++)
            values[i] = datum_null();
    }
    if (site->expr->field.field <= c.nfields)
        values[site->expr->field.field - 1] = args[1];
    return composite_make(type, &c, values, arena, out);
}

/* A row is NULL when all its fields are, and not NULL when none is. */
static struct err *run_row_is_null(struct exec *x, const struct call_site *site, struct datum in,
                                   struct arena *arena, struct datum *out)
{
    bool not_null = site->expr->flag;
    struct record_view v;
    *out = datum_bool(in.null != not_null);
    if (in.null)
        return NULL;
    TRY(record_view(x->env.types, in, arena, &v));
    bool yes = true;
    for (int i = 0; i < v.nfields; i++)
        yes &= v.values[i].null != not_null;
    *out = datum_bool(yes);
    return NULL;
}

static struct err *run_iocast(struct exec *x, const struct call_site *site, struct datum in,
                              struct arena *arena, struct datum *out)
{
    *out = datum_null();
    if (in.null)
        return NULL;
    struct buf text = BUF_INIT;
    struct err *e = site->from->out(site->from, x->env.types, in, &text);
    if (!e)
        e = buf_finish(&text);
    struct str s = {0};
    if (!e)
        s = arena_str(arena, buf_str(&text));
    buf_done(&text);
    TRY(e);
    return site->to->in(site->to, x->env.types, s, -1, arena, out);
}

static struct err *cast_element(struct exec *x, const struct call_site *site, struct datum in,
                                struct arena *arena, struct datum *out)
{
    const struct call_site *elem = site->elem;
    *out = in;
    if (in.null)
        return NULL;
    if (!elem) {
        if (site->from->elem == site->to->elem || site->from->elem->in == site->to->elem->in)
            return NULL;
        struct call_site io = {.from = site->from->elem, .to = site->to->elem};
        return run_iocast(x, &io, in, arena, out);
    }
    struct datum args[3] = {in, datum_int(site->result_typmod),
                            datum_bool(site->expr->form == FORM_CAST)};
    return run_call(x, elem, args, arena, out);
}

static struct err *run_domain(struct exec *x, const struct call_site *site, struct datum in,
                              struct datum *out)
{
    const struct type_env *env = x->env.types;
    if (env->domain_check)
        TRY(env->domain_check(env->names, site->to->domain, in));
    *out = in;
    return NULL;
}

static struct err *run_arraycast(struct exec *x, const struct call_site *site, struct datum in,
                                 struct arena *arena, struct datum *out)
{
    struct array a;
    struct array_items items = {0};
    *out = datum_null();
    if (in.null)
        return NULL;
    TRY(array_open(in, &a));
    for (uint32_t i = 0; i < a.nitems; i++) {
        struct datum item;
        TRY(cast_element(x, site, array_is_null(&a, i) ? datum_null() : array_get(&a, i), arena,
                         &item));
        if (site->to->elem->domain && x->env.types->domain_check)
            TRY(x->env.types->domain_check(x->env.types->names, site->to->elem->domain, item));
        TRY(array_items_add(&items, arena, item));
    }
    return array_make(site->to->elem, a.ndim, a.dims, a.lower, items.items, arena, out);
}

static struct err *sql_name(struct exec *x, enum sqlvalue what, struct arena *arena,
                            struct datum *out)
{
    struct session *s = x->env.session;
    const char *name = NULL;
    *out = datum_null();
    if (!s)
        return NULL;
    if (what == SV_CURRENT_CATALOG)
        name = s->db_name;
    else if (what == SV_SESSION_USER)
        name = s->user_name;
    else if (what == SV_CURRENT_SCHEMA) {
        if (x->env.cat->creation_nsp)
            TRY(cat_namespace_name(x->env.cat, x->env.cat->creation_nsp, arena, &name));
    } else
        TRY(cat_role_name(x->env.cat, x->env.cat->role, arena, &name));
    if (name)
        *out = datum_str(arena_str(arena, str_from(name)));
    return NULL;
}

static struct err *run_sqlvalue(struct exec *x, const struct call_site *site, struct arena *arena,
                                struct datum *out)
{
    const struct expr *e = site->expr;
    const struct type_env *env = x->env.types;
    const struct tz *tz = env->tz ? env->tz : tz_utc();
    int64_t now = timestamp_round(env->txn_timestamp, e->sqlvalue.precision);
    enum { UNIX_TO_PG_SECONDS = 946684800 };
    int64_t offset = tz_at(tz, env->txn_timestamp / USECS_PER_SEC + UNIX_TO_PG_SECONDS).east;
    int64_t local = now + offset * USECS_PER_SEC;
    int64_t days = local / USECS_PER_DAY - (local % USECS_PER_DAY < 0);
    int64_t time = local - days * USECS_PER_DAY;
    switch (e->sqlvalue.what) {
    case SV_CURRENT_TIMESTAMP:
        *out = datum_int(now);
        return NULL;
    case SV_LOCALTIMESTAMP:
        *out = datum_int(local);
        return NULL;
    case SV_CURRENT_DATE:
        *out = datum_int(days);
        return NULL;
    case SV_LOCALTIME:
        *out = datum_int(time);
        return NULL;
    case SV_CURRENT_TIME:
        *out = timetz_datum((struct timetz){time, (int32_t)-offset}, arena);
        return NULL;
    case SV_CURRENT_ROLE:
    case SV_CURRENT_USER:
    case SV_USER:
    case SV_SESSION_USER:
    case SV_CURRENT_CATALOG:
    case SV_CURRENT_SCHEMA:
        return sql_name(x, e->sqlvalue.what, arena, out);
    }
    UNREACHABLE();
}

/* Types that are arrays of fixed length, from 0: name, point, line, lseg, box. */
static bool is_fixed_array(const struct type_ops *t)
{
    return t->oid == NAME_OID || geometry_item_type(t->oid);
}

static struct err *no_slices(void)
{
    return err_unsupported("slices of fixed-length arrays not implemented");
}

static struct err *fixed_item(const struct type_ops *t, struct datum v, int32_t at,
                              struct datum *out)
{
    if (t->oid != NAME_OID)
        *out = geometry_item(t->oid, v, at);
    else if (at >= 0 && at < 64)
        *out = datum_int((size_t)at < v.len ? (int8_t)v.p[at] : 0);
    return NULL;
}

/* A NULL changes nothing. */
static struct err *fixed_assign(const struct type_ops *t, struct datum v, int n, int32_t at,
                                struct datum item, struct arena *arena, struct datum *out)
{
    *out = v;
    if (v.null || item.null)
        return NULL;
    if (n != 1)
        return err_new("2202E", "wrong number of array subscripts");
    if (t->oid == NAME_OID)
        return err_unsupported("assignment to a subscript of type name is not supported");
    return geometry_set_item(t->oid, v, at, item, arena, out)
               ? NULL
               : err_new("2202E", "array subscript out of range");
}

static struct err *jsonb_subscript(const struct expr *e, const struct datum *args,
                                   struct arena *arena, struct datum *out)
{
    struct jsonb v;
    *out = datum_null();
    for (int i = 0; i < e->nargs; i++)
        if (args[i].null)
            return NULL;
    TRY(jsonb_open(args[0], &v));
    for (int i = 1; i < e->nargs; i++) {
        bool found = false;
        struct jsonb inner;
        int64_t at = args[i].i;
        if (e->args[i]->type == TEXT_OID && v.kind == JSONB_ARRAY &&
            !str_to_int64(datum_as_str(args[i]), &at))
            return NULL;
        if (v.kind == JSONB_ARRAY) {
            at += at < 0 ? v.count : 0;
            found = at >= 0 && at < v.count;
            if (found)
                inner = jsonb_element(&v, (uint32_t)at);
        } else if (v.kind == JSONB_OBJECT && e->args[i]->type == TEXT_OID) {
            found = jsonb_find(&v, datum_as_str(args[i]), &inner);
        }
        if (!found)
            return NULL;
        v = inner;
    }
    return jsonb_datum(&v, arena, out);
}

static struct err *too_many_subscripts(int n)
{
    return err_new("54000", "number of array dimensions (%d) exceeds the maximum allowed (%d)", n,
                   (int)ARRAY_MAX_DIMS);
}

/* args[1..]: items' subscripts come as lower bounds. *null: one of them is NULL. */
static struct err *read_subscripts(const struct expr *e, const struct datum *args, int nargs,
                                   struct array_bounds *b, int *n, bool *null)
{
    *n = 0;
    *null = false;
    for (int i = 1; i < nargs; i++) {
        bool upper = e->subscript.slice && i % 2 == 0;
        bool given = e->subscript.kinds[i - 1] != '-';
        *null |= args[i].null && given;
        if (*n == ARRAY_MAX_DIMS && !upper)
            return too_many_subscripts(*n + 1);
        (upper ? b->upper : b->lower)[*n] = (int32_t)args[i].i;
        (upper ? b->has_upper : b->has_lower)[*n] = given;
        *n += upper || !e->subscript.slice;
    }
    return NULL;
}

static struct err *run_subscript(struct exec *x, const struct call_site *site,
                                 const struct datum *args, struct arena *arena, struct datum *out)
{
    const struct expr *e = site->expr;
    struct array_bounds b;
    bool null;
    int n;
    *out = datum_null();
    if (e->args[0]->type == JSONB_OID)
        return jsonb_subscript(e, args, arena, out);
    if (args[0].null)
        return NULL;
    TRY(read_subscripts(e, args, e->nargs, &b, &n, &null));
    if (null)
        return NULL;
    if (is_fixed_array(site->from))
        return e->subscript.slice ? no_slices()
               : n == 1           ? fixed_item(site->from, args[0], b.lower[0], out)
                                  : NULL;
    if (e->subscript.slice)
        return array_slice(x->env.types, args[0], n, &b, arena, out);
    return array_subscript(args[0], n, b.lower, out);
}

/* args: the array, the subscripts, the new item or the items of the slice. */
static struct err *run_substore(struct exec *x, const struct call_site *site,
                                const struct datum *args, struct arena *arena, struct datum *out)
{
    const struct expr *e = site->expr;
    struct datum value = args[e->nargs - 1];
    struct array_bounds b;
    bool null;
    int n;
    (void)x;
    if (e->type == JSONB_OID)
        return jsonb_assign(e, args, arena, out);
    TRY(read_subscripts(e, args, e->nargs - 1, &b, &n, &null));
    if (null)
        return err_new("22004", "array subscript in assignment must not be null");
    if (is_fixed_array(site->to))
        return e->subscript.slice
                   ? no_slices()
                   : fixed_assign(site->to, args[0], n, b.lower[0], value, arena, out);
    if (e->subscript.slice)
        return array_assign_slice(site->to->elem, args[0], n, &b, value, arena, out);
    return array_assign(site->to->elem, args[0], n, b.lower, value, arena, out);
}

static struct err *run_nextval(struct exec *x, const struct call_site *site, struct datum *out)
{
    int64_t value;
    TRY(session_nextval(&x->env, site->expr->func, &value));
    *out = datum_int(value);
    return NULL;
}

static struct datum booltest(enum booltest test, struct datum d)
{
    bool is_true = !d.null && d.i;
    bool is_false = !d.null && !d.i;
    switch (test) {
    case BT_TRUE:
        return datum_bool(is_true);
    case BT_NOT_TRUE:
        return datum_bool(!is_true);
    case BT_FALSE:
        return datum_bool(is_false);
    case BT_NOT_FALSE:
        return datum_bool(!is_false);
    case BT_UNKNOWN:
        return datum_bool(d.null);
    case BT_NOT_UNKNOWN:
        return datum_bool(!d.null);
    }
    UNREACHABLE();
}

/* One column of (a, b) < (c, d): true when it decides the comparison. */
static bool rowcmp_step(const struct step *s, struct datum a, struct datum b, struct datum *out)
{
    int cmp = s->flag & 0x7f;
    bool last = s->flag & 0x80;
    if (a.null || b.null) {
        *out = datum_null();
        return true;
    }
    int c = s->call->to->compare(s->call->to, a, b);
    if (c == 0 && !last)
        return false;
    *out = datum_bool(cmp == 1 ? c < 0 : cmp == 2 ? c <= 0 : cmp == 4 ? c >= 0 : c > 0);
    return true;
}

static bool bytes_equal(struct datum a, struct datum b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

static struct err *out_of_range(const char *type)
{
    return err_new("22003", "%s out of range", type);
}

static struct err *run_arith(const struct step *s, struct datum a, struct datum b,
                             struct datum *out)
{
    int64_t v;
    bool over = s->op == S_INT4_ADD || s->op == S_INT8_ADD ? __builtin_add_overflow(a.i, b.i, &v)
                                                           : __builtin_sub_overflow(a.i, b.i, &v);
    bool narrow = s->op == S_INT4_ADD || s->op == S_INT4_SUB;
    if (over || (narrow && v != (int32_t)v))
        return out_of_range(narrow ? "integer" : "bigint");
    *out = datum_int(v);
    return NULL;
}

/* The steps that need more than a line; the fast ones are in program_run. */
static struct err *run_slow(struct exec *x, const struct step *s, struct arena *arena)
{
    struct datum *dst = &x->frame[s->dst];
    const struct datum *args = &x->frame[s->a];
    switch (s->op) {
    case S_SUBPLAN:
        return subplan_eval(x, s->call->subplan, arena, dst);
    case S_SAOP:
        return run_saop(x, s, arena, dst);
    case S_MINMAX:
        if (!args->null) {
            int c = dst->null ? 0 : s->call->to->compare(s->call->to, *args, *dst);
            if (dst->null || (s->flag ? c > 0 : c < 0))
                *dst = *args;
        }
        return NULL;
    case S_ARRAY:
        return run_array(s->call, args, arena, dst);
    case S_ROW:
        return run_row(s->call, args, arena, dst);
    case S_IOCAST:
        return run_iocast(x, s->call, *args, arena, dst);
    case S_FIELD:
        return run_field(s->call, *args, dst);
    case S_FIELDSTORE:
        return run_fieldstore(x, s->call, args, arena, dst);
    case S_SUBSTORE:
        return run_substore(x, s->call, args, arena, dst);
    case S_ROW_IS_NULL:
        return run_row_is_null(x, s->call, *args, arena, dst);
    case S_DOMAIN:
        return run_domain(x, s->call, *args, dst);
    case S_ARRAYCAST:
        return run_arraycast(x, s->call, *args, arena, dst);
    case S_SQLVALUE:
        return run_sqlvalue(x, s->call, arena, dst);
    case S_SUBSCRIPT:
        return run_subscript(x, s->call, args, arena, dst);
    case S_NEXTVAL:
        return run_nextval(x, s->call, dst);
    default:
        return err_new("XX000", "unexpected step %d", s->op);
    }
}

#define COMPARE(operator)                                                    \
    if (s->flag) {                                                           \
        if (f[s->a].null || f[s->b].null || !(f[s->a].i operator f[s->b].i)) \
            goto no;                                                         \
    } else if (f[s->a].null || f[s->b].null) {                               \
        f[s->dst] = datum_null();                                            \
    } else {                                                                 \
        f[s->dst] = datum_bool(f[s->a].i operator f[s->b].i);                \
    }                                                                        \
    break

struct err *program_run(struct exec *x, const struct program *p, struct arena *arena)
{
    struct datum *f = x->frame;
    for (int at_step = 0; at_step < p->nsteps; at_step++) {
        const struct step *s = &p->steps[at_step];
        switch (s->op) {
        case S_COPY:
            f[s->dst] = f[s->a];
            break;
        case S_CALL:
            TRY(run_call(x, s->call, &f[s->a], arena, &f[s->dst]));
            break;
        case S_INT_EQ:
            COMPARE(==);
        case S_INT_NE:
            COMPARE(!=);
        case S_INT_LT:
            COMPARE(<);
        case S_INT_LE:
            COMPARE(<=);
        case S_INT_GT:
            COMPARE(>);
        case S_INT_GE:
            COMPARE(>=);
        case S_INT4_ADD:
        case S_INT4_SUB:
        case S_INT8_ADD:
        case S_INT8_SUB:
            if (f[s->a].null || f[s->b].null)
                f[s->dst] = datum_null();
            else
                TRY(run_arith(s, f[s->a], f[s->b], &f[s->dst]));
            break;
        case S_BYTES_EQ:
        case S_BYTES_NE:
            f[s->dst] = f[s->a].null || f[s->b].null
                            ? datum_null()
                            : datum_bool(bytes_equal(f[s->a], f[s->b]) == (s->op == S_BYTES_EQ));
            break;
        case S_JUMP:
            at_step = s->jump - 1;
            break;
        case S_JUMP_IF_FALSE:
            if (!f[s->a].null && !f[s->a].i)
                at_step = s->jump - 1;
            break;
        case S_JUMP_IF_TRUE:
            if (!f[s->a].null && f[s->a].i)
                at_step = s->jump - 1;
            break;
        case S_JUMP_UNLESS_TRUE:
            if (f[s->a].null || !f[s->a].i)
                at_step = s->jump - 1;
            break;
        case S_JUMP_IF_NOT_NULL:
            if (!f[s->a].null)
                at_step = s->jump - 1;
            break;
        case S_QUAL:
            if (f[s->a].null || !f[s->a].i)
                goto no;
            break;
        case S_AND_END:
            if (f[s->a].null)
                f[s->dst] = datum_null();
            break;
        case S_NOT:
            f[s->dst] = f[s->a].null ? datum_null() : datum_bool(!f[s->a].i);
            break;
        case S_IS_NULL:
            f[s->dst] = datum_bool(f[s->a].null);
            break;
        case S_IS_NOT_NULL:
            f[s->dst] = datum_bool(!f[s->a].null);
            break;
        case S_BOOLTEST:
            f[s->dst] = booltest((enum booltest)s->flag, f[s->a]);
            break;
        case S_DISTINCT_NULLS:
            if (f[s->a].null || f[s->b].null) {
                f[s->dst] = datum_bool(f[s->a].null != f[s->b].null);
                at_step = s->jump - 1;
            }
            break;
        case S_NULLIF_END:
            f[s->dst] = !f[s->b].null && f[s->b].i ? datum_null() : f[s->a];
            break;
        case S_ROWCMP:
            if (rowcmp_step(s, f[s->a], f[s->b], &f[s->dst]))
                at_step = s->jump - 1;
            break;
        case S_SRF:
            break; /* its node calls it */
        default:
            TRY(run_slow(x, s, arena));
            break;
        }
    }
    return NULL;
no:
    f[p->result] = datum_bool(false);
    return NULL;
}

struct err *value_of(struct exec *x, const struct plan_expr *e, struct arena *arena,
                     struct datum *out)
{
    TRY(program_run(x, e->program, arena));
    *out = x->frame[e->program->result];
    return NULL;
}

struct err *expr_into(struct exec *x, const struct plan_expr *e, struct arena *arena)
{
    TRY(program_run(x, e->program, arena));
    if (e->slot >= 0 && e->slot != e->program->result)
        x->frame[e->slot] = x->frame[e->program->result];
    return NULL;
}

struct err *condition(struct exec *x, const struct plan_expr *e, struct arena *arena, bool *holds)
{
    *holds = true;
    if (!e->program)
        return NULL;
    TRY(program_run(x, e->program, arena));
    struct datum d = x->frame[e->program->result];
    *holds = !d.null && d.i;
    return NULL;
}
