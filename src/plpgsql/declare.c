/* Names: declarations, arguments, what a name means at some place (manual section 43.3). */
#include "plpgsql/parser.h"

/* ---- variables and scopes ---- */

struct var *new_var(struct parser *p, const char *name, uint32_t type, int32_t typmod)
{
    struct var *v = arena_new(p->arena, struct var);
    *v = (struct var){.name = name,
                      .number = p->f->nvars,
                      .type = type,
                      .typmod = typmod,
                      .ops = type_lookup(p->in->env->types, type),
                      .record = type == RECORD_OID};
    ARENA_PUSH(p->arena, p->f->vars, p->f->nvars, p->f->vars_cap, v);
    return v;
}

struct err *describe_var(struct parser *p, struct var *v)
{
    const struct cat_type *t = builtin_type(builtin_base_type(v->type));
    if (!t || t->kind != 'c')
        return NULL;
    v->record = true;
    return pl_shape_of_type(p->in->env, v->type, p->arena, &v->shape);
}

void bind_name(struct parser *p, const char *name, struct var *v)
{
    struct binding b = {name, v};
    ARENA_PUSH(p->arena, p->scope->names, p->scope->count, p->scope->cap, b);
}

struct scope *push_scope(struct parser *p, const char *label, bool is_loop)
{
    struct scope *s = arena_new(p->arena, struct scope);
    *s = (struct scope){.up = p->scope, .label = label, .is_loop = is_loop};
    p->scope = s;
    return s;
}

static struct var *bound(const struct scope *s, int visible, const char *name)
{
    for (int i = visible - 1; i >= 0; i--)
        if (strcmp(s->names[i].name, name) == 0)
            return s->names[i].var;
    return NULL;
}

struct var *pl_find_var(const struct scope *scope, int visible, const char *const *names, int n,
                        int *used)
{
    for (const struct scope *s = scope; s; s = s->up) {
        const int count = s == scope ? visible : s->count;
        struct var *v = bound(s, count, names[0]);
        if (v) {
            *used = 1;
            return v;
        }
        if (n > 1 && s->label && strcmp(s->label, names[0]) == 0 &&
            (v = bound(s, count, names[1]))) {
            *used = 2;
            return v;
        }
    }
    return NULL;
}

int read_names(struct parser *p, const char **names, int max)
{
    int n = 0;
    while (n < max && is_name(p, p->at)) {
        names[n++] = name_at(p, p->at++);
        if (!text_at(p, p->at, ".") || !is_name(p, p->at + 1))
            break;
        p->at++;
    }
    return n;
}

/* ---- targets ---- */

struct err *read_target(struct parser *p, struct place *out)
{
    const char *names[3];
    const int first = p->at;
    int used = 0;
    int n = read_names(p, names, 3);
    if (!n)
        return syntax_error(p, first);
    out->var = pl_find_var(p->scope, p->scope->count, names, n, &used);
    out->field = NULL;
    if (!out->var)
        return error_at(
            p, first,
            err_new("42601", "\"%s\" is not a known variable", slice(p, first, p->at - 1)));
    if (out->var->constant)
        return error_at(p, first,
                        err_new("22005", "variable \"%s\" is declared CONSTANT", out->var->name));
    if (used == n)
        return NULL;
    out->field = names[used];
    if (!out->var->record || n > used + 1)
        return error_at(
            p, first,
            err_new("42601", "\"%s\" is not a known variable", slice(p, first, p->at - 1)));
    if (out->var->shape && pl_shape_field(out->var->shape, out->field) < 0)
        return error_at(
            p, first,
            err_new("42703", "record \"%s\" has no field \"%s\"", out->var->name, out->field));
    return NULL;
}

struct err *read_targets(struct parser *p, struct into *out)
{
    out->present = true;
    out->strict = accept_word(p, "strict") || out->strict;
    do {
        struct place t;
        const int at = p->at;
        TRY(read_target(p, &t));
        if (t.var->record && !t.field && (out->count || text_at(p, p->at, ",")))
            return error_at(
                p, at,
                err_new("42601", "record variable cannot be part of multiple-item INTO list"));
        ARENA_PUSH(p->arena, out->items, out->count, out->cap, t);
    } while (accept_text(p, ","));
    return NULL;
}

/* ---- types ---- */

/* What %TYPE does not know is read as a type's name, in which % is out of place. */
static struct err *no_such_type(struct parser *p, int first)
{
    struct err *e = syntax_error(p, p->at);
    return err_context(e, "invalid type name \"%s\"", slice(p, first, p->at + 1));
}

static struct err *column_type(struct parser *p, int at, const char *const *names, int n,
                               uint32_t *type, int32_t *typmod)
{
    struct cat *cat = p->in->env->cat;
    struct relation *r = NULL;
    uint32_t oid = 0;
    const char *table = names[n - 2];
    const char *nsp = n > 2 ? names[n - 3] : "";
    TRY(cat_find_relation(cat, str_from(nsp), str_from(table), true, &oid));
    if (oid)
        TRY(cat_relation(cat, oid, &r));
    if (!r)
        return no_such_type(p, at);
    int att = relation_attnum(r, str_from(names[n - 1]));
    if (att) { /* else it reads as a type's name, which has no % */
        *type = r->atts[att - 1].type;
        *typmod = r->atts[att - 1].typmod;
    }
    relation_unref(r);
    return att ? NULL : no_such_type(p, at);
}

/* name%TYPE, up to token `end` */
static struct err *type_of_name(struct parser *p, int end, uint32_t *type, int32_t *typmod)
{
    const char *names[3];
    const int first = p->at;
    int used = 0;
    int n = read_names(p, names, 3);
    if (!n || !text_at(p, p->at, "%"))
        return err_context(syntax_error(p, p->at), "invalid type name \"%s\"",
                           slice(p, first, end - 1));
    struct var *v = pl_find_var(p->scope, p->scope->count, names, n, &used);
    int field = v && v->shape && n == used + 1 ? pl_shape_field(v->shape, names[used]) : -1;
    if (v && used == n) {
        *type = v->type;
        *typmod = v->typmod;
        return NULL;
    }
    if (field >= 0) {
        *type = v->shape->types[field];
        *typmod = v->shape->typmods[field];
        return NULL;
    }
    if (n < 2)
        return no_such_type(p, first);
    return column_type(p, first, names, n, type, typmod);
}

/* name%ROWTYPE */
static struct err *type_of_rows(struct parser *p, uint32_t *type)
{
    const char *names[2];
    const int first = p->at;
    int n = read_names(p, names, 2);
    if (!n || !text_at(p, p->at, "%"))
        return syntax_error(p, p->at);
    struct cat *cat = p->in->env->cat;
    struct relation *r = NULL;
    uint32_t oid = 0;
    TRY(cat_find_relation(cat, str_from(n > 1 ? names[0] : ""), str_from(names[n - 1]), false,
                          &oid));
    if (oid)
        TRY(cat_relation(cat, oid, &r));
    *type = r ? r->row_type : 0;
    relation_unref(r);
    if (!oid)
        return error_at(p, first, err_new("42P01", "relation \"%s\" does not exist", names[n - 1]));
    if (!*type)
        return error_at(
            p, first,
            err_new("42809", "relation \"%s\" does not have a composite type", names[n - 1]));
    return cat_load_type(cat, *type, NULL);
}

struct err *read_type(struct parser *p, const char *const *ends, uint32_t *type, int32_t *typmod)
{
    int end;
    const int first = p->at;
    TRY(find_end(p, ends, &end));
    if (end < 0)
        return error_at(p, p->at, err_new("42601", "incomplete data type declaration"));
    if (end == first)
        return error_at(p, first, err_new("42601", "missing data type declaration"));
    *typmod = -1;
    bool of = end - first >= 3 && text_at(p, end - 2, "%");
    if (of && word_at(p, end - 1, "type"))
        TRY(type_of_name(p, end, type, typmod));
    else if (of && word_at(p, end - 1, "rowtype"))
        TRY(type_of_rows(p, type));
    else {
        struct err *e =
            resolve_type_text(p->in->env->cat, str_from(slice(p, first, end - 1)), type, typmod);
        if (e) {
            e->position = 0;
            return error_at(p, first, e);
        }
    }
    p->at = end;
    const struct cat_type *t = builtin_type(*type);
    if (t && t->kind == 'p' && *type != RECORD_OID)
        return error_at(p, first,
                        err_new("0A000", "variable \"%s\" has pseudo-type %s",
                                name_at(p, first - 1), type_display(p->arena, *type, -1)));
    return NULL;
}

/* ---- declarations ---- */

static struct err *check_new(struct parser *p, const struct block *b, int at)
{
    const char *name = name_at(p, at);
    for (int i = 0; b && i < p->scope->count; i++)
        if (strcmp(p->scope->names[i].name, name) == 0)
            return error_at(
                p, at,
                err_new("42601", "duplicate declaration at or near \"%s\"", slice(p, at, at)));
    return NULL;
}

static struct err *read_alias(struct parser *p, const char *name)
{
    const char *names[3];
    const int first = p->at;
    int used = 0;
    int n = read_names(p, names, 3);
    if (!n) { /* $1 */
        names[n++] = slice(p, p->at, p->at);
        p->at++;
    }
    struct var *v = pl_find_var(p->scope, p->scope->count, names, n, &used);
    if (!v || used != n)
        return error_at(p, first,
                        err_new("42704", "variable \"%s\" does not exist", slice(p, first, first)));
    bind_name(p, name, v);
    return expect_text(p, ";");
}

static int read_scroll(struct parser *p)
{
    if (word_at(p, p->at, "no") && word_at(p, p->at + 1, "scroll")) {
        p->at += 2;
        return -1;
    }
    return accept_word(p, "scroll");
}

/* name [[NO] SCROLL] CURSOR [(arguments)] {FOR | IS} query */
static struct err *read_cursor(struct parser *p, struct block *b, const char *name)
{
    static const char *const argument_ends[] = {",", ")", NULL};
    static const char *const query_ends[] = {";", NULL};
    struct var *v = new_var(p, name, REFCURSOR_OID, -1);
    struct scope *outer = p->scope;
    int nargs = 0;
    int cap = 0;
    v->scroll = read_scroll(p);
    TRY(expect_word(p, "cursor"));
    push_scope(p, NULL, false); /* of the arguments */
    if (accept_text(p, "(")) {
        do {
            const char *arg = name_at(p, p->at);
            uint32_t type;
            int32_t typmod;
            if (!is_name(p, p->at))
                return syntax_error(p, p->at);
            p->at++;
            TRY(read_type(p, argument_ends, &type, &typmod));
            struct var *a = new_var(p, arg, type, typmod);
            TRY(describe_var(p, a));
            bind_name(p, arg, a);
            ARENA_PUSH(p->arena, v->cursor_args, nargs, cap, a);
        } while (accept_text(p, ","));
        TRY(expect_text(p, ")"));
    }
    v->ncursor_args = nargs;
    if (!accept_word(p, "is") && !accept_word(p, "for"))
        return error_at(p, p->at,
                        err_new("42601", "syntax error, expected \"FOR\" at or near \"%s\"",
                                slice(p, p->at, p->at)));
    int end;
    TRY(find_end(p, query_ends, &end));
    if (end < 0 || end == p->at)
        return syntax_error(p, p->at);
    TRY(new_statement(p, p->at, end - 1, 0, 0, &v->cursor));
    p->at = end + 1;
    p->scope = outer;
    bind_name(p, name, v);
    ARENA_PUSH(p->arena, b->vars, b->nvars, b->vars_cap, v);
    return NULL;
}

static struct err *read_default(struct parser *p, struct var *v)
{
    static const char *const ends[] = {";", NULL};
    if (accept_word(p, "default") || accept_text(p, ":=") || accept_text(p, "="))
        TRY(read_expr(p, ends, ";", &v->init));
    if (v->not_null && !v->init)
        return error_at(p, p->at - 2,
                        err_new("22004",
                                "variable \"%s\" must have a default value, since it's declared "
                                "NOT NULL",
                                v->name));
    return expect_text(p, ";");
}

static struct err *read_declaration(struct parser *p, struct block *b)
{
    static const char *const type_ends[] = {"not", "default", ":=", "=", ";", "collate", NULL};
    const int at = p->at;
    uint32_t type;
    int32_t typmod;
    if (!is_name(p, at))
        return syntax_error(p, at);
    const char *name = name_at(p, p->at++);
    TRY(check_new(p, b, at));
    if (accept_word(p, "alias")) {
        TRY(expect_word(p, "for"));
        return read_alias(p, name);
    }
    if (word_at(p, p->at, "cursor") || word_at(p, p->at, "scroll") ||
        (word_at(p, p->at, "no") && word_at(p, p->at + 1, "scroll")))
        return read_cursor(p, b, name);
    bool constant = accept_word(p, "constant");
    TRY(read_type(p, type_ends, &type, &typmod));
    struct var *v = new_var(p, name, type, typmod);
    TRY(describe_var(p, v));
    if (accept_word(p, "collate"))
        return error_at(p, p->at,
                        err_unsupported("COLLATE of a PL/pgSQL variable is not supported"));
    if (accept_word(p, "not")) {
        TRY(expect_word(p, "null"));
        v->not_null = true;
    }
    TRY(read_default(p, v));
    v->constant = constant; /* its own default may be assigned */
    bind_name(p, name, v);
    ARENA_PUSH(p->arena, b->vars, b->nvars, b->vars_cap, v);
    return NULL;
}

struct err *read_declarations(struct parser *p, struct block *b)
{
    while (!word_at(p, p->at, "begin")) {
        if (accept_word(p, "declare"))
            continue;
        TRY(read_declaration(p, b));
    }
    return NULL;
}

/* ---- arguments ---- */

static struct err *declare_argument(struct parser *p, int i, uint32_t type, struct str name,
                                    bool in, bool out)
{
    struct function *f = p->f;
    const char *number = arena_printf(p->arena, "$%d", i + 1);
    const char *own = name.len ? arena_strndup(p->arena, name.data, name.len) : NULL;
    TRY(cat_load_type(p->in->env->cat, type, NULL));
    struct var *v = new_var(p, own ? own : number, type, -1);
    TRY(describe_var(p, v));
    bind_name(p, number, v);
    if (own)
        bind_name(p, own, v);
    if (in)
        *f->args++ = v;
    if (out)
        f->outs[f->nouts++] = v;
    return NULL;
}

static struct err *declare_all(struct parser *p, const struct cat_proc *proc)
{
    struct function *f = p->f;
    const int all = proc->nallargs ? proc->nallargs : proc->nargs;
    int nin = 0;
    f->args = arena_new_array(p->arena, struct var *, all + 1);
    f->outs = arena_new_array(p->arena, struct var *, all + 1);
    struct var **first = f->args;
    for (int i = 0; i < all; i++) {
        const char mode = proc->argmodes ? proc->argmodes[i] : 'i';
        const bool in = strchr("ibv", mode) != NULL;
        const bool out = strchr("bot", mode) != NULL;
        uint32_t declared = proc->nallargs ? proc->allargtypes[i] : proc->argtypes[i];
        uint32_t type = in ? p->in->arg_types[nin++]
                           : polymorphic_output(proc, declared, p->in->arg_types, p->arena);
        TRY(declare_argument(p, i, type, proc->argnames ? proc->argnames[i] : STR(""), in, out));
    }
    f->args = first;
    return NULL;
}

/* What the function gives. */
static struct err *declare_result(struct parser *p, const struct cat_proc *proc)
{
    struct function *f = p->f;
    f->retset = proc->retset;
    f->rettype = polymorphic_output(proc, proc->rettype, p->in->arg_types, p->arena);
    TRY(cat_load_type(p->in->env->cat, f->rettype, NULL));
    f->ret_ops = type_lookup(p->in->env->types, f->rettype);
    const struct cat_type *t = builtin_type(builtin_base_type(f->rettype));
    f->returns_row = f->rettype == RECORD_OID || (t && t->kind == 'c');
    if (t && t->kind == 'c')
        return pl_shape_of_type(p->in->env, f->rettype, p->arena, &f->shape);
    if (f->nouts > 1 || (f->nouts == 1 && f->outs[0]->type != f->rettype))
        f->shape = pl_shape_of_vars(f->outs, f->nouts, p->arena);
    return NULL;
}

static void declare_trigger(struct parser *p)
{
    static const struct {
        const char *name;
        uint32_t type;
    } vars[] = {
        [TG_NAME] = {"tg_name", NAME_OID},
        [TG_WHEN] = {"tg_when", TEXT_OID},
        [TG_LEVEL] = {"tg_level", TEXT_OID},
        [TG_OP] = {"tg_op", TEXT_OID},
        [TG_RELID] = {"tg_relid", OID_OID},
        [TG_RELNAME] = {"tg_relname", NAME_OID},
        [TG_TABLE_NAME] = {"tg_table_name", NAME_OID},
        [TG_TABLE_SCHEMA] = {"tg_table_schema", NAME_OID},
        [TG_NARGS] = {"tg_nargs", INT4_OID},
        [TG_ARGV] = {"tg_argv", TEXTARRAY_OID},
    };
    struct function *f = p->f;
    f->trigger = true;
    f->rettype = TRIGGER_OID;
    f->new_row = new_var(p, "new", RECORD_OID, -1);
    f->old_row = new_var(p, "old", RECORD_OID, -1);
    bind_name(p, "new", f->new_row);
    bind_name(p, "old", f->old_row);
    for (size_t i = 0; i < ARRAY_LENGTH(vars); i++) {
        f->tg[i] = new_var(p, vars[i].name, vars[i].type, -1);
        bind_name(p, vars[i].name, f->tg[i]);
    }
}

struct err *declare_arguments(struct parser *p)
{
    const struct cat_proc *proc = p->in->proc;
    struct function *f = p->f;
    f->rettype = VOID_OID;
    if (proc && proc->rettype == TRIGGER_OID) {
        if (proc->nargs)
            return err_hint(err_new("42P13", "trigger functions cannot have declared arguments"),
                            "The arguments of the trigger can be accessed through TG_NARGS and "
                            "TG_ARGV instead.");
        declare_trigger(p);
    } else if (proc) {
        TRY(declare_all(p, proc));
        TRY(declare_result(p, proc));
    }
    f->found = new_var(p, "found", BOOL_OID, -1);
    bind_name(p, "found", f->found);
    return NULL;
}
