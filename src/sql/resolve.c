/* Which operator and which function a call means: manual sections 10.2 and 10.3. */
#include "sql/analyze_internal.h"
#include "sql/table_function.h"

enum { MAX_ARGS = 100 };

/* A candidate with its argument types as this call would see them. */
struct candidate {
    const struct cat_proc *proc; /* functions */
    const struct cat_oper *oper; /* operators */
    uint32_t *types;
    int ndefaults; /* arguments to be filled in by defaults */
    bool expanded; /* VARIADIC spread over the arguments */
    int *position; /* named notation: argument i of the call is parameter position[i]; NULL: in
                      order */
    int *outputs;  /* CALL of a procedure with OUT parameters: position[i] counts these too; else
                      NULL */
};

static char category_of(uint32_t type)
{
    const struct cat_type *t = builtin_type(type);
    return t ? t->category : 'X';
}

static bool is_preferred(char category, uint32_t type)
{
    const struct cat_type *t = builtin_type(type);
    return t && t->category == category && t->preferred;
}

static uint32_t strip_domain(uint32_t type)
{
    return builtin_base_type(type);
}

/* Whether one type can stand for all of a candidate's polymorphic parameters of a family. */
static bool poly_consistent(const struct candidate *c, const uint32_t *input, int n)
{
    uint32_t elem = 0;
    uint32_t compatible = 0;
    uint32_t range = 0;
    bool enums = false;
    for (int i = 0; i < n; i++) {
        uint32_t declared = c->types[i];
        uint32_t type = input[i];
        enums |= declared == ANYENUM_OID;
        if (type == UNKNOWN_OID)
            continue;
        bool array = declared == ANYARRAY_OID || declared == ANYCOMPATIBLEARRAY_OID;
        uint32_t element = array ? element_type_of(type) : type;
        if (declared == ANYELEMENT_OID || declared == ANYNONARRAY_OID || declared == ANYARRAY_OID ||
            declared == ANYENUM_OID) {
            if (elem && elem != element)
                return false;
            elem = element;
        } else if (declared == ANYRANGE_OID || declared == ANYMULTIRANGE_OID) {
            uint32_t base = builtin_base_type(type);
            uint32_t r = declared == ANYRANGE_OID ? base : range_of_multirange(base);
            if ((range && range != r) || (elem && elem != range_subtype(r)))
                return false;
            range = r;
            elem = range_subtype(r);
        } else if (declared == ANYCOMPATIBLE_OID || declared == ANYCOMPATIBLENONARRAY_OID ||
                   declared == ANYCOMPATIBLEARRAY_OID) {
            if (compatible && !can_coerce(element, compatible, 'i') &&
                !can_coerce(compatible, element, 'i'))
                return false;
            if (!compatible || can_coerce(compatible, element, 'i'))
                compatible = element;
        }
    }
    return elem || !enums;
}

static bool acceptable(const struct candidate *c, const uint32_t *input, int n)
{
    for (int i = 0; i < n; i++)
        if (!can_coerce(input[i], c->types[i], 'i'))
            return false;
    return poly_consistent(c, input, n);
}

/* Keeps the candidates with the highest score. */
static int keep_best(struct candidate *c, int n, const int *score)
{
    int best = 0;
    int kept = 0;
    for (int i = 0; i < n; i++)
        if (score[i] > best)
            best = score[i];
    for (int i = 0; i < n; i++)
        if (score[i] == best)
            c[kept++] = c[i];
    return kept;
}

static int count_exact(const struct candidate *c, const uint32_t *input, int n)
{
    int exact = 0;
    for (int i = 0; i < n; i++)
        exact += input[i] != UNKNOWN_OID && c->types[i] == input[i];
    return exact;
}

static int count_exact_or_preferred(const struct candidate *c, const uint32_t *input, int n)
{
    int score = 0;
    for (int i = 0; i < n; i++)
        if (input[i] != UNKNOWN_OID)
            score += c->types[i] == input[i] || is_preferred(category_of(input[i]), c->types[i]);
    return score;
}

/* Rule 4.e: the category that the candidates agree on at each unknown position. */
static int by_unknown_category(struct analysis *a, struct candidate *c, int n,
                               const uint32_t *input, int nargs)
{
    char categories[MAX_ARGS];
    bool preferred[MAX_ARGS];
    for (int i = 0; i < nargs; i++) {
        if (input[i] != UNKNOWN_OID)
            continue;
        bool conflict = false;
        categories[i] = category_of(c[0].types[i]);
        preferred[i] = is_preferred(categories[i], c[0].types[i]);
        for (int k = 1; k < n; k++) {
            char category = category_of(c[k].types[i]);
            if (category == categories[i])
                preferred[i] |= is_preferred(category, c[k].types[i]);
            else if (category == 'S') {
                categories[i] = 'S';
                preferred[i] = is_preferred('S', c[k].types[i]);
            } else
                conflict |= categories[i] != 'S';
        }
        if (conflict && categories[i] != 'S')
            return n;
    }
    struct candidate *kept = arena_new_array(a->arena, struct candidate, n);
    int nkept = 0;
    for (int k = 0; k < n; k++) {
        bool keep = true;
        for (int i = 0; keep && i < nargs; i++) {
            if (input[i] != UNKNOWN_OID)
                continue;
            keep = category_of(c[k].types[i]) == categories[i] &&
                   (!preferred[i] || is_preferred(categories[i], c[k].types[i]));
        }
        if (keep)
            kept[nkept++] = c[k];
    }
    if (!nkept)
        return n;
    memcpy(c, kept, sizeof(*c) * (size_t)nkept);
    return nkept;
}

/* Rule 4.f: take the unknown ones as the one known type. */
static int by_known_type(struct candidate *c, int n, const uint32_t *input, int nargs)
{
    uint32_t known = UNKNOWN_OID;
    for (int i = 0; i < nargs; i++) {
        if (input[i] == UNKNOWN_OID)
            continue;
        if (known != UNKNOWN_OID && known != input[i])
            return n;
        known = input[i];
    }
    if (known == UNKNOWN_OID)
        return n;
    int found = -1;
    for (int k = 0; k < n; k++) {
        uint32_t same[MAX_ARGS];
        for (int i = 0; i < nargs; i++)
            same[i] = known;
        if (!acceptable(&c[k], same, nargs))
            continue;
        if (found >= 0)
            return n;
        found = k;
    }
    if (found < 0)
        return n;
    c[0] = c[found];
    return 1;
}

/* Narrows the acceptable candidates; returns how many are left (1: resolved). */
static int select_candidate(struct analysis *a, struct candidate *c, int n, const uint32_t *types,
                            int nargs)
{
    uint32_t input[MAX_ARGS];
    int unknowns = 0;
    for (int i = 0; i < nargs; i++) {
        input[i] = strip_domain(types[i]);
        unknowns += input[i] == UNKNOWN_OID;
    }
    if (n <= 1)
        return n;
    int *score = arena_new_array(a->arena, int, n);
    for (int k = 0; k < n; k++)
        score[k] = count_exact(&c[k], input, nargs);
    n = keep_best(c, n, score);
    if (n == 1)
        return n;
    for (int k = 0; k < n; k++)
        score[k] = count_exact_or_preferred(&c[k], input, nargs);
    n = keep_best(c, n, score);
    if (n == 1 || !unknowns)
        return n;
    n = by_unknown_category(a, c, n, input, nargs);
    if (n == 1 || unknowns == nargs)
        return n;
    return by_known_type(c, n, input, nargs);
}

/* ---- operators ---- */

static struct err *no_operator(struct analysis *a, struct str name, uint32_t left, uint32_t right,
                               bool ambiguous, int location)
{
    const char *r = type_display(a->arena, right, -1);
    const char *signature = left ? arena_printf(a->arena, "%s %.*s %s",
                                                type_display(a->arena, left, -1), STR_ARG(name), r)
                                 : arena_printf(a->arena, "%.*s %s", STR_ARG(name), r);
    if (ambiguous)
        return at(a,
                  err_hint(err_new("42725", "operator is not unique: %s", signature),
                           "Could not choose a best candidate operator. You might need to add "
                           "explicit type casts."),
                  location);
    struct err *e = err_new("42883", "operator does not exist: %s", signature);
    err_hint(e,
             left ? "No operator matches the given name and argument types. You might need to add "
                    "explicit type casts."
                  : "No operator matches the given name and argument type. You might need to add "
                    "an explicit type cast.");
    return at(a, e, location);
}

static const struct cat_oper *exact_oper(const struct cat_oper *opers, int n, uint32_t left,
                                         uint32_t right)
{
    for (int i = 0; i < n; i++)
        if (opers[i].left == left && opers[i].right == right)
            return &opers[i];
    return NULL;
}

/* "#16384.=": that operator. "schema.=": those of the schema. "=": the built-in ones and those of
 * the search path. */
static struct err *named_opers(struct analysis *a, struct str name, const struct cat_oper **out,
                               int *n)
{
    const char *dot = memrchr(name.data, '.', name.len);
    const struct cat_oper *users;
    int nusers;
    int64_t oid;
    *out = builtin_opers(name, n);
    if (dot) {
        const struct str schema = str_make(name.data, (size_t)(dot - name.data));
        name = str_make(dot + 1, name.len - schema.len - 1);
        if (schema.data[0] != '#' || !str_to_int64(str_make(schema.data + 1, schema.len - 1), &oid))
            return cat_user_opers(a->cat, schema, name, a->arena, out, n);
        *out = builtin_oper((uint32_t)oid);
        *n = *out != NULL;
        return NULL;
    }
    if (!*n) /* operands that are all literals have no type that would make it known */
        TRY(cat_load_operators(a->cat));
    TRY(cat_user_opers(a->cat, STR(""), name, a->arena, &users, &nusers));
    if (!nusers)
        return NULL;
    struct cat_oper *both = arena_new_array(a->arena, struct cat_oper, *n + nusers);
    if (*n)
        memcpy(both, *out, sizeof(*both) * (size_t)*n);
    memcpy(both + *n, users, sizeof(*both) * (size_t)nusers);
    *out = both;
    *n += nusers;
    return NULL;
}

/* `left` 0 for prefix operators. */
static struct err *find_op(struct analysis *a, struct str name, uint32_t left, uint32_t right,
                           int location, const struct cat_oper **out)
{
    int n;
    const struct cat_oper *opers;
    TRY(named_opers(a, name, &opers, &n));
    uint32_t l = left;
    uint32_t r = right;
    /* A single unknown side is first taken to be of the other side's type. */
    if (left && l == UNKNOWN_OID && r != UNKNOWN_OID)
        l = strip_domain(r);
    else if (left && r == UNKNOWN_OID && l != UNKNOWN_OID)
        r = strip_domain(l);
    *out = exact_oper(opers, n, l, r);
    if (!*out && (strip_domain(l) != l || strip_domain(r) != r))
        *out = exact_oper(opers, n, strip_domain(l), strip_domain(r));
    if (*out)
        return NULL;
    struct candidate *c = arena_new_array(a->arena, struct candidate, n + 1);
    uint32_t input[2] = {left ? left : right, right};
    int nargs = left ? 2 : 1;
    int count = 0;
    for (int i = 0; i < n; i++) {
        if ((opers[i].kind == 'b') != (left != 0) || !opers[i].proc)
            continue;
        struct candidate cand = {.oper = &opers[i],
                                 .types = arena_new_array(a->arena, uint32_t, 2)};
        cand.types[0] = left ? opers[i].left : opers[i].right;
        cand.types[1] = opers[i].right;
        if (acceptable(&cand, input, nargs))
            c[count++] = cand;
    }
    int matched = count;
    count = select_candidate(a, c, count, input, nargs);
    if (count == 1)
        *out = c[0].oper;
    else
        return no_operator(a, name, left, right, matched > 0, location);
    return NULL;
}

struct err *find_binary_op(struct analysis *a, struct str name, uint32_t left, uint32_t right,
                           int location, const struct cat_oper **oper)
{
    return find_op(a, name, left, right, location, oper);
}

static struct err *coerce_arg(struct analysis *a, struct expr **e, uint32_t to)
{
    struct expr *out;
    TRY(coerce_try(a, *e, to, -1, 'i', FORM_IMPLICIT, -1, &out));
    if (!out)
        return at(a,
                  err_new("XX000", "failed to coerce type %s to %s",
                          type_display(a->arena, (*e)->type, -1), type_display(a->arena, to, -1)),
                  (*e)->location);
    *e = out;
    return NULL;
}

static struct err *require_value_type(struct analysis *a, struct str name, struct expr *left,
                                      struct expr *right, int location, const struct cat_oper *op)
{
    if (op->proc)
        return NULL;
    return no_operator(a, name, left ? left->type : 0, right->type, false, location);
}

struct err *make_op(struct analysis *a, struct str name, struct expr *left, struct expr *right,
                    int location, struct expr **out)
{
    const struct cat_oper *op;
    TRY(find_op(a, name, left ? left->type : 0, right->type, location, &op));
    TRY(require_value_type(a, name, left, right, location, op));
    struct expr **args = arena_new_array(a->arena, struct expr *, 2);
    int n = 0;
    if (left)
        args[n++] = left;
    args[n++] = right;
    uint32_t declared[2] = {left ? op->left : op->right, op->right};
    uint32_t actual[2] = {args[0]->type, right->type};
    uint32_t result = op->result;
    TRY(resolve_polymorphic(a, builtin_proc(op->proc), declared, actual, n, &result, location));
    for (int i = 0; i < n; i++)
        TRY(coerce_arg(a, &args[i], declared[i]));
    *out = expr_func(a->arena, E_OP, op->proc, op->oid, result, args, n, location);
    return NULL;
}

struct err *make_scalar_array_op(struct analysis *a, struct str name, bool any, struct expr *left,
                                 struct expr *right, int location, struct expr **out)
{
    uint32_t elem = UNKNOWN_OID;
    if (right->type != UNKNOWN_OID) {
        elem = element_type_of(right->type);
        if (!elem)
            return at(a, err_new("42809", "op ANY/ALL (array) requires array on right side"),
                      location);
    }
    const struct cat_oper *op;
    TRY(find_op(a, name, left->type, elem, location, &op));
    if (op->result != BOOL_OID)
        return at(a, err_new("42809", "op ANY/ALL (array) requires operator to yield boolean"),
                  location);
    uint32_t declared[2] = {op->left, op->right};
    uint32_t actual[2] = {left->type, elem};
    uint32_t result = BOOL_OID;
    TRY(resolve_polymorphic(a, builtin_proc(op->proc), declared, actual, 2, &result, location));
    struct expr **args = arena_new_array(a->arena, struct expr *, 2);
    args[0] = left;
    args[1] = right;
    TRY(coerce_arg(a, &args[0], declared[0]));
    uint32_t array = array_type_of(declared[1]);
    if (!array)
        return at(a,
                  err_new("42704", "could not find array type for data type %s",
                          type_display(a->arena, declared[1], -1)),
                  location);
    TRY(coerce_arg(a, &args[1], array));
    *out = expr_func(a->arena, E_SAOP, op->proc, op->oid, BOOL_OID, args, 2, location);
    (*out)->flag = any;
    return NULL;
}

static struct err *family_op(struct analysis *a, uint32_t type, int strategy, int location,
                             const char *kind, uint32_t *out)
{
    uint32_t family;
    uint32_t input;
    uint32_t opclass = builtin_default_opclass(BTREE_AM, strip_domain(type), &family, &input);
    *out = opclass ? builtin_btree_oper(input, input, strategy) : 0;
    if (*out)
        return NULL;
    struct err *e = err_new("42883", "could not identify an %s operator for type %s", kind,
                            type_display(a->arena, type, -1));
    if (strategy == 1)
        err_hint(e, "Use an explicit ordering operator or modify the query.");
    return at(a, e, location);
}

struct err *ordering_op(struct analysis *a, uint32_t type, int location, uint32_t *lt)
{
    return family_op(a, type, 1, location, "ordering", lt);
}

struct err *equality_op(struct analysis *a, uint32_t type, int location, uint32_t *eq)
{
    /* jsonb and others order and compare alike; types with equality only are not built in. */
    return family_op(a, type, 3, location, "equality", eq);
}

/* ---- functions ---- */

static const char *signature_of(struct analysis *a, struct func_name fn, struct expr **args,
                                const char **names, int nargs)
{
    struct buf b = BUF_INIT;
    if (fn.nsp)
        buf_printf(&b, "%s.", fn.nsp);
    buf_printf(&b, "%s(", fn.name);
    for (int i = 0; i < nargs; i++) {
        if (i)
            buf_put_c(&b, ", ");
        if (names[i])
            buf_printf(&b, "%s => ", names[i]);
        buf_put_c(&b, type_display(a->arena, args[i]->type, -1));
    }
    buf_put_u8(&b, ')');
    const char *s = arena_strdup(a->arena, buf_cstr(&b));
    buf_done(&b);
    return s;
}

const char *func_signature(struct analysis *a, struct func_name fn, struct expr **args, int nargs)
{
    return signature_of(a, fn, args, arena_new_array(a->arena, const char *, nargs + 1), nargs);
}

/* Puts named arguments in their places. False when the function has no such parameters. */
static bool match_names(struct analysis *a, const struct cat_proc *p, const char **names, int nargs,
                        struct candidate *c)
{
    bool any = false;
    for (int i = 0; i < nargs; i++)
        any |= names[i] != NULL;
    if (!any)
        return true;
    if (!p->argnames || nargs > p->nargs)
        return false;
    bool used[MAX_ARGS] = {false};
    c->position = arena_new_array(a->arena, int, nargs);
    for (int i = 0; i < nargs; i++) {
        int at_param = -1;
        if (!names[i]) {
            at_param = i;
        } else {
            int input = 0;
            int all = p->nallargs ? p->nallargs : p->nargs;
            for (int k = 0; k < all; k++) {
                bool is_input = !p->argmodes || strchr("ibv", p->argmodes[k]);
                if (is_input && str_eq_c(p->argnames[k], names[i]))
                    at_param = input;
                input += is_input;
            }
        }
        if (at_param < 0 || used[at_param])
            return false;
        used[at_param] = true;
        c->position[i] = at_param;
    }
    for (int k = 0; k < p->nargs - p->ndefaults; k++)
        if (!used[k])
            return false;
    return true;
}

/* CALL gives arguments for the OUT parameters too. */
static bool match_call(struct analysis *a, const struct cat_proc *p, const char **names, int nargs,
                       struct candidate *c)
{
    bool used[MAX_ARGS] = {false};
    if (nargs > p->nallargs || p->variadic)
        return false;
    c->outputs = arena_new_array(a->arena, int, nargs + 1);
    for (int i = 0; i < nargs; i++) {
        int k = names[i] ? 0 : i;
        while (names[i] && k < p->nallargs && !str_eq_c(p->argnames[k], names[i]))
            k++;
        if (k == p->nallargs || used[k])
            return false;
        used[k] = true;
        c->outputs[i] = k;
        c->types[i] = p->allargtypes[k];
    }
    for (int k = 0; k < p->nallargs - p->ndefaults; k++)
        if (!used[k])
            return false;
    c->ndefaults = p->nallargs - nargs;
    return true;
}

/* Drops the arguments for OUT parameters, which are not evaluated. */
static struct err *drop_outputs(struct analysis *a, struct candidate *c, struct expr ***args,
                                int *nargs)
{
    const char *modes = c->proc->argmodes;
    struct expr **kept = arena_new_array(a->arena, struct expr *, *nargs + 1);
    int n = 0;
    c->position = arena_new_array(a->arena, int, *nargs + 1);
    for (int i = 0; i < *nargs; i++) {
        if (modes[c->outputs[i]] == 'o') {
            TRY(coerce_arg(a, &(*args)[i], c->proc->allargtypes[c->outputs[i]]));
            TRY(resolve_unknown(a, &(*args)[i]));
            continue;
        }
        kept[n] = (*args)[i];
        c->position[n] = 0;
        for (int k = 0; k < c->outputs[i]; k++)
            c->position[n] += modes[k] != 'o';
        n++;
    }
    *args = kept;
    *nargs = n;
    return NULL;
}

/* Whether the function can take that many arguments, and with which types. */
static bool make_candidate(struct analysis *a, const struct cat_proc *p, const char **names,
                           int nargs, bool variadic_given, struct candidate *c)
{
    *c = (struct candidate){.proc = p};
    c->types = arena_new_array(a->arena, uint32_t, nargs > p->nargs ? nargs : p->nargs);
    if (a->call && p->kind == 'p' && p->argmodes && strchr(p->argmodes, 'o'))
        return !variadic_given && match_call(a, p, names, nargs, c);
    if (!match_names(a, p, names, nargs, c))
        return false;
    if (nargs <= p->nargs && nargs >= p->nargs - p->ndefaults &&
        !(p->variadic && !variadic_given && p->variadic != ANY_OID && nargs == p->nargs)) {
        for (int i = 0; i < nargs; i++)
            c->types[i] = p->argtypes[c->position ? c->position[i] : i];
        c->ndefaults = p->nargs - nargs;
        return !variadic_given || p->variadic;
    }
    if (!p->variadic || variadic_given || c->position || nargs < p->nargs)
        return false;
    for (int i = 0; i < nargs; i++)
        c->types[i] = i < p->nargs - 1 ? p->argtypes[i] : p->variadic;
    c->expanded = p->variadic != ANY_OID;
    return true;
}

/* Default arguments of built-in functions, as SQL literals by parameter from the right. */
static const struct {
    const char *name;
    const char *defaults[7];
} builtin_defaults[] = {
    {"make_interval", {"0", "0", "0", "0", "0", "0", "0.0"}},
    {"jsonb_set", {"true"}},
    {"jsonb_insert", {"false"}},
    {"jsonb_set_lax", {"true", "use_json_null"}},
    {"parse_ident", {"true"}},
    {"normalize", {"NFC"}},
    {"is_normalized", {"NFC"}},
    {"pg_terminate_backend", {"0"}},
    {"json_populate_record", {"false"}},
    {"json_populate_recordset", {"false"}},
    {"jsonb_path_exists", {"{}", "false"}},
    {"jsonb_path_exists_tz", {"{}", "false"}},
    {"jsonb_path_match_tz", {"{}", "false"}},
    {"jsonb_path_query_tz", {"{}", "false"}},
    {"jsonb_path_query_array_tz", {"{}", "false"}},
    {"jsonb_path_query_first_tz", {"{}", "false"}},
    {"jsonb_path_match", {"{}", "false"}},
    {"jsonb_path_query", {"{}", "false"}},
    {"jsonb_path_query_array", {"{}", "false"}},
    {"jsonb_path_query_first", {"{}", "false"}},
    {"pg_promote", {"true", "60"}},
};

static struct err *default_argument(struct analysis *a, const struct cat_proc *p, int param,
                                    struct expr **out)
{
    if (p->oid >= FIRST_SYSTEM_OID) {
        struct str text = p->defaults[param - (p->nargs - p->ndefaults)];
        struct rte *none;
        TRY(analyze_expr_text(a->cat, a->env, arena_strndup(a->arena, text.data, text.len), NULL,
                              USE_DEFAULT, 0, -1, a->arena, &none, out));
        if (type_is_polymorphic(p->argtypes[param]) && (*out)->kind == E_CONST &&
            (*out)->value.null)
            (*out)->type = UNKNOWN_OID; /* of the type that the other arguments make it */
        return NULL;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(builtin_defaults); i++) {
        if (!str_eq_c(p->name, builtin_defaults[i].name))
            continue;
        const char *text = builtin_defaults[i].defaults[param - (p->nargs - p->ndefaults)];
        struct expr *literal = expr_const(a->arena, UNKNOWN_OID, -1, datum_str(str_from(text)), -1);
        return coerce_explicit(a, literal, p->argtypes[param], -1, -1, out);
    }
    return err_unsupported("default arguments of function %.*s are not supported",
                           STR_ARG(p->name));
}

/* The arguments in parameter order, defaults filled in, VARIADIC ones still spread out. */
static struct err *arrange_args(struct analysis *a, struct candidate *c, struct expr ***args,
                                int *nargs)
{
    const struct cat_proc *p = c->proc;
    if (c->outputs)
        TRY(drop_outputs(a, c, args, nargs));
    if (!c->ndefaults && !c->position)
        return NULL;
    struct expr **arranged = arena_new_array(a->arena, struct expr *, p->nargs);
    for (int i = 0; i < *nargs; i++)
        arranged[c->position ? c->position[i] : i] = (*args)[i];
    for (int k = 0; k < p->nargs; k++)
        if (!arranged[k])
            TRY(default_argument(a, p, k, &arranged[k]));
    *args = arranged;
    *nargs = p->nargs;
    return NULL;
}

static bool is_exact(const struct candidate *c, const uint32_t *input, int n)
{
    for (int i = 0; i < n; i++)
        if (c->types[i] != input[i])
            return false;
    return true;
}

static struct err *no_function(struct analysis *a, struct func_name fn, struct expr **args,
                               const char **names, int nargs, bool ambiguous, int location)
{
    const char *signature = signature_of(a, fn, args, names, nargs);
    const struct table_function *tf = table_function_find(str_from(fn.name));
    if (tf)
        return at(a, table_function_refuse(tf), location);
    if (a->call && !ambiguous)
        return at(a,
                  err_hint(err_new("42883", "procedure %s does not exist", signature),
                           "No procedure matches the given name and argument types. You might "
                           "need to add explicit type casts."),
                  location);
    if (ambiguous)
        return at(a,
                  err_hint(err_new("42725", "function %s is not unique", signature),
                           "Could not choose a best candidate function. You might need to add "
                           "explicit type casts."),
                  location);
    return at(a,
              err_hint(err_new("42883", "function %s does not exist", signature),
                       "No function matches the given name and argument types. You might need to "
                       "add explicit type casts."),
              location);
}

/* f(x) where f names a type: a cast in function notation. */
static struct err *try_type_call(struct analysis *a, struct func_name fn, struct expr *arg,
                                 int location, struct expr **out)
{
    *out = NULL;
    uint32_t oid;
    TRY(cat_find_type(a->cat, fn.nsp ? str_from(fn.nsp) : STR(""), str_from(fn.name), &oid));
    const struct cat_type *t = builtin_type(oid);
    if (!t || t->kind == 'p')
        return NULL;
    bool binary = arg->type == UNKNOWN_OID;
    if (!binary) {
        const struct cat_cast *c = builtin_cast(arg->type, t->oid);
        binary = arg->type == t->oid || (c && c->method == 'b') ||
                 (!c && (t->category == 'S' || category_of(arg->type) == 'S'));
    }
    return binary ? coerce_explicit(a, arg, t->oid, -1, location, out) : NULL;
}

/* The functions that make values of a range or multirange type which a user made: those of
 * int4range, for other types. */
static struct err *range_constructors(struct analysis *a, struct func_name fn,
                                      const struct cat_proc **out, int *n)
{
    uint32_t oid;
    TRY(cat_find_type(a->cat, fn.nsp ? str_from(fn.nsp) : STR(""), str_from(fn.name), &oid));
    const struct cat_type *t = builtin_type(oid);
    if (oid < FIRST_USER_OID || !t || !t->ops || (t->kind != 'r' && t->kind != 'm'))
        return NULL;
    const struct cat_proc *model =
        builtin_procs(t->kind == 'r' ? STR("int4range") : STR("int4multirange"), n);
    struct cat_proc *procs = arena_new_array(a->arena, struct cat_proc, *n);
    for (int i = 0; i < *n; i++) {
        uint32_t *types = arena_new_array(a->arena, uint32_t, model[i].nargs + 1);
        procs[i] = model[i];
        for (int k = 0; k < model[i].nargs; k++) {
            uint32_t m = model[i].argtypes[k];
            const struct type_ops *inner = t->kind == 'r' ? t->ops->range : t->ops->multirange;
            bool array = m != INT4_OID && m != INT4RANGE_OID;
            types[k] = m == TEXT_OID ? m : array ? array_type_of(inner->oid) : inner->oid;
        }
        procs[i].argtypes = types;
        procs[i].rettype = oid;
        if (procs[i].variadic)
            procs[i].variadic = t->ops->multirange->oid;
    }
    *out = procs;
    return NULL;
}

/* Stored text names users' functions by number. */
static struct err *user_functions(struct analysis *a, struct func_name fn,
                                  const struct cat_proc ***out, int *n)
{
    if (fn.nsp || fn.name[0] != '#')
        return cat_user_procs(a->cat, fn.nsp ? str_from(fn.nsp) : STR(""), str_from(fn.name),
                              a->arena, out, n);
    uint32_t oid = 0;
    for (const char *p = fn.name + 1; *p >= '0' && *p <= '9'; p++)
        oid = oid * 10 + (uint32_t)(*p - '0');
    *out = arena_new_array(a->arena, const struct cat_proc *, 1);
    TRY(cat_load_proc(a->cat, oid, &(*out)[0]));
    *n = (*out)[0] != NULL;
    return NULL;
}

static struct err *find_func(struct analysis *a, struct func_name fn, struct expr **args,
                             const char **names, int nargs, bool variadic, int location,
                             struct candidate *chosen, struct expr **cast)
{
    uint32_t input[MAX_ARGS];
    int n = 0;
    *cast = NULL;
    chosen->proc = NULL;
    const struct cat_proc *procs = NULL;
    if (!fn.nsp || strcmp(fn.nsp, "pg_catalog") == 0)
        procs = builtin_procs(str_from(fn.name), &n);
    if (!n)
        TRY(range_constructors(a, fn, &procs, &n));
    for (int i = 0; i < nargs; i++)
        input[i] = args[i]->type ? args[i]->type : UNKNOWN_OID;
    const struct cat_proc **users;
    int nusers;
    TRY(user_functions(a, fn, &users, &nusers));
    struct candidate *c = arena_new_array(a->arena, struct candidate, n + nusers + 1);
    int count = 0;
    for (int i = 0; i < n + nusers; i++) {
        const struct cat_proc *p = i < n ? &procs[i] : users[i - n];
        struct candidate cand;
        if (!make_candidate(a, p, names, nargs, variadic, &cand))
            continue;
        if (is_exact(&cand, input, nargs) && !cand.expanded) {
            *chosen = cand;
            return NULL;
        }
        c[count++] = cand;
    }
    if (nargs == 1 && !names[0] && !variadic) {
        TRY(try_type_call(a, fn, args[0], location, cast));
        if (*cast)
            return NULL;
    }
    int matched = 0;
    for (int i = 0; i < count; i++)
        if (acceptable(&c[i], input, nargs))
            c[matched++] = c[i];
    int left = select_candidate(a, c, matched, input, nargs);
    if (left != 1)
        return no_function(a, fn, args, names, nargs, matched > 1, location);
    *chosen = c[0];
    return NULL;
}

/* VARIADIC arguments become one array. */
static struct err *collect_variadic(struct analysis *a, const struct cat_proc *p, uint32_t elem,
                                    struct expr ***args, int *nargs, int location)
{
    int fixed = p->nargs - 1;
    struct expr *array = expr_new(a, E_ARRAY, array_type_of(elem), location);
    array->nargs = *nargs - fixed;
    array->args = arena_new_array(a->arena, struct expr *, array->nargs);
    for (int i = 0; i < array->nargs; i++)
        array->args[i] = (*args)[fixed + i];
    if (!array->type)
        return at(a,
                  err_new("42704", "could not find array type for data type %s",
                          type_display(a->arena, elem, -1)),
                  location);
    struct expr **collected = arena_new_array(a->arena, struct expr *, p->nargs);
    memcpy(collected, *args, sizeof(*collected) * (size_t)fixed);
    collected[fixed] = array;
    *args = collected;
    *nargs = p->nargs;
    return NULL;
}

struct err *make_agg(struct level *l, const struct cat_proc *p, struct expr **args, int nargs,
                     const PgQuery__FuncCall *call, uint32_t type, int location, struct expr **out);

struct err *make_func(struct level *l, struct func_name fn, struct expr **args, const char **names,
                      int nargs, bool variadic, const PgQuery__FuncCall *call, int location,
                      struct expr **out)
{
    struct analysis *a = l->a;
    struct candidate c;
    if (nargs > MAX_ARGS)
        return at(a, err_new("54023", "cannot pass more than 100 arguments to a function"),
                  location);
    TRY(find_func(a, fn, args, names, nargs, variadic, location, &c, out));
    if (*out)
        return NULL;
    const struct cat_proc *p = c.proc;
    TRY(arrange_args(a, &c, &args, &nargs));
    uint32_t *declared = arena_new_array(a->arena, uint32_t, nargs + 1);
    uint32_t *actual = arena_new_array(a->arena, uint32_t, nargs + 1);
    bool spread = c.expanded || (p->variadic == ANY_OID && nargs > p->nargs);
    for (int i = 0; i < nargs; i++) {
        declared[i] = spread && i >= p->nargs - 1 ? p->variadic : p->argtypes[i];
        actual[i] = args[i]->type ? args[i]->type : UNKNOWN_OID;
    }
    uint32_t rettype = p->rettype;
    TRY(resolve_polymorphic(a, p, declared, actual, nargs, &rettype, location));
    if (variadic && p->variadic == ANY_OID && nargs && actual[nargs - 1] != UNKNOWN_OID &&
        !element_type_of(strip_domain(actual[nargs - 1])))
        return at(a, err_new("42804", "VARIADIC argument must be an array"),
                  args[nargs - 1]->location);
    for (int i = 0; i < nargs; i++) {
        TRY(coerce_arg(a, &args[i], declared[i]));
        if (declared[i] == ANY_OID && !(call && call->agg_within_group))
            TRY(resolve_unknown(a, &args[i]));
    }
    if (c.expanded)
        TRY(collect_variadic(a, p, declared[p->nargs - 1], &args, &nargs, location));
    if (call && call->over && (p->kind == 'w' || p->kind == 'a'))
        return make_window(l, p, args, nargs, call, rettype, location, out);
    if (p->kind == 'a')
        return make_agg(l, p, args, nargs, call, rettype, location, out);
    *out = expr_func(a->arena, E_FUNC, p->oid, 0, rettype, args, nargs, location);
    TRY(access_call(a, p->oid));
    (*out)->flag = variadic;
    (*out)->defaulted = c.position || c.expanded ? 0 : c.ndefaults;
    return NULL;
}
