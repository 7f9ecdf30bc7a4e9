/* Built-in catalog rows: see builtin.h. The .tsv files are linked in by data.S; parsing them at
 * start takes a few milliseconds and saves a generated copy of every table. */
#include "catalog/builtin.h"

#include "base/arena.h"
#include "base/check.h"
#include "base/hash.h"
#include "types/collation.h"

#include <stdio.h>
#include <stdlib.h>

#define DATA_FILES(X)  \
    X(pg_aggregate)    \
    X(pg_am)           \
    X(pg_amop)         \
    X(pg_amproc)       \
    X(pg_attribute)    \
    X(pg_auth_members) \
    X(pg_authid)       \
    X(pg_cast)         \
    X(pg_class)        \
    X(pg_collation)    \
    X(pg_constraint)   \
    X(pg_index)        \
    X(pg_language)     \
    X(pg_namespace)    \
    X(pg_opclass)      \
    X(pg_operator)     \
    X(pg_opfamily)     \
    X(pg_proc)         \
    X(pg_range)        \
    X(pg_tablespace)   \
    X(pg_type)

#define DECLARE(name) extern const char data_##name[], data_##name##_end[];
DATA_FILES(DECLARE)
#undef DECLARE

static const struct {
    const char *name;
    const char *data;
    const char *end;
} files[] = {
#define ENTRY(name) {#name, data_##name, data_##name##_end},
    DATA_FILES(ENTRY)
#undef ENTRY
};

/* An open-addressing index from a hash to positions + 1. */
struct index {
    uint32_t *slots;
    uint32_t mask;
};

static struct arena arena; /* never freed */
static struct builtin_table tables[ARRAY_LENGTH(files)];
static struct cat_type *types;
static struct cat_proc *procs;
static struct cat_oper *opers;
static struct cat_cast *casts;
static struct cat_agg *aggs;
static struct cat_amop *amops;
static int ntypes, nprocs, nopers, ncasts, naggs, namops, ninverted;
static struct cat_amop *inverted; /* those of access method gin */
static struct index type_by_oid_ix, type_by_name_ix, proc_ix, oper_ix, cast_ix, agg_ix;

/* ---- reading the files ---- */

static struct str unescape(struct str s)
{
    if (s.len == 2 && s.data[0] == '\\' && s.data[1] == 'N')
        return (struct str){NULL, 0};
    if (!memchr(s.data, '\\', s.len))
        return s;
    char *copy = arena_alloc(&arena, s.len + 1);
    size_t n = 0;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.data[i];
        if (c == '\\' && ++i < s.len) {
            c = s.data[i];
            c = c == 't' ? '\t' : c == 'n' ? '\n' : c;
        }
        copy[n++] = c;
    }
    return str_make(copy, n);
}

/* Splits one line at tabs into at most `max` fields; returns how many there were. */
static int split_line(const char **p, const char *end, struct str *fields, int max)
{
    int n = 0;
    const char *start = *p;
    for (;; (*p)++) {
        CHECK(*p < end);
        if (**p != '\t' && **p != '\n')
            continue;
        if (n < max)
            fields[n] = str_make(start, (size_t)(*p - start));
        n++;
        start = *p + 1;
        if (*(*p)++ == '\n')
            return n;
        (*p)--;
    }
}

static void read_file(struct builtin_table *t, const char *name, const char *data, const char *end)
{
    enum { MAX_COLUMNS = 64 };
    struct str *header = arena_new_array(&arena, struct str, MAX_COLUMNS);
    const char *p = data;
    int ncols = split_line(&p, end, header, MAX_COLUMNS);
    CHECK(ncols <= MAX_COLUMNS);
    int nrows = 0;
    for (const char *q = p; q < end; q++)
        nrows += *q == '\n';
    struct str *cells = arena_new_array(&arena, struct str, nrows * ncols);
    for (int row = 0; row < nrows; row++) {
        CHECK(split_line(&p, end, cells + row * ncols, ncols) == ncols);
        for (int col = 0; col < ncols; col++)
            cells[row * ncols + col] = unescape(cells[row * ncols + col]);
    }
    *t = (struct builtin_table){name, ncols, nrows, header, cells};
}

const struct builtin_table *builtin_table(const char *name)
{
    for (size_t i = 0; i < ARRAY_LENGTH(tables); i++)
        if (strcmp(tables[i].name, name) == 0)
            return &tables[i];
    return NULL;
}

int builtin_column(const struct builtin_table *t, const char *column)
{
    for (int i = 0; i < t->ncols; i++)
        if (str_eq_c(t->columns[i], column))
            return i;
    return -1;
}

static struct str cell(const struct builtin_table *t, int row, const char *column)
{
    int col = builtin_column(t, column);
    CHECK(col >= 0);
    return t->cells[row * t->ncols + col];
}

static int64_t number(struct str s)
{
    int64_t v = 0;
    size_t i = s.len && s.data[0] == '-';
    for (; i < s.len && s.data[i] >= '0' && s.data[i] <= '9'; i++)
        v = v * 10 + (s.data[i] - '0');
    return s.len && s.data[0] == '-' ? -v : v;
}

static uint32_t cell_oid(const struct builtin_table *t, int row, const char *column)
{
    return (uint32_t)number(cell(t, row, column));
}

static bool cell_bool(const struct builtin_table *t, int row, const char *column)
{
    return str_eq_c(cell(t, row, column), "t");
}

static char cell_char(const struct builtin_table *t, int row, const char *column)
{
    struct str s = cell(t, row, column);
    return s.len ? s.data[0] : '\0';
}

/* "23 25" and "{23,25}". */
static const uint32_t *cell_oids(struct str s, int *count)
{
    int n = 0;
    uint32_t *oids = arena_new_array(&arena, uint32_t, s.len / 2 + 1);
    for (size_t i = 0; i < s.len;) {
        if (s.data[i] < '0' || s.data[i] > '9') {
            i++;
            continue;
        }
        size_t start = i;
        while (i < s.len && s.data[i] >= '0' && s.data[i] <= '9')
            i++;
        oids[n++] = (uint32_t)number(str_make(s.data + start, i - start));
    }
    *count = n;
    return oids;
}

/* "{a,b,""}": names without special characters, as the catalogs have them. */
static struct str *cell_names(struct str s, int count)
{
    struct str *names = arena_new_array(&arena, struct str, count);
    size_t start = 1;
    int n = 0;
    for (size_t i = 1; i < s.len && n < count; i++) {
        if (s.data[i] != ',' && s.data[i] != '}')
            continue;
        struct str name = str_make(s.data + start, i - start);
        names[n++] = str_eq_c(name, "\"\"") ? str_make("", 0) : name;
        start = i + 1;
    }
    return names;
}

/* ---- indexes ---- */

static void index_make(struct index *ix, int count)
{
    uint32_t size = 16;
    while (size < (uint32_t)count * 2)
        size *= 2;
    ix->slots = arena_new_array(&arena, uint32_t, size);
    ix->mask = size - 1;
}

static void index_add(struct index *ix, uint64_t hash, int position)
{
    uint32_t i = (uint32_t)hash & ix->mask;
    while (ix->slots[i])
        i = (i + 1) & ix->mask;
    ix->slots[i] = (uint32_t)position + 1;
}

/* Walks the candidates: `i` starts as the hash; gives a position or -1. */
static int index_next(const struct index *ix, uint64_t *i)
{
    uint32_t slot = ix->slots[(uint32_t)*i & ix->mask];
    (*i)++;
    return (int)slot - 1;
}

#define FIND(ix, hash, array, condition)                     \
    uint64_t walk_ = (hash);                                 \
    for (int at_; (at_ = index_next(&(ix), &walk_)) >= 0;) { \
        __typeof__(&(array)[0]) it = &(array)[at_];          \
        if (condition)                                       \
            return it;                                       \
    }                                                        \
    return NULL

static uint64_t cast_hash(uint32_t source, uint32_t target)
{
    return hash_u64((uint64_t)source << 32 | target);
}

/* ---- the tables ---- */

static void load_types(void)
{
    const struct builtin_table *t = builtin_table("pg_type");
    ntypes = t->nrows;
    types = arena_new_array(&arena, struct cat_type, ntypes);
    index_make(&type_by_oid_ix, ntypes);
    index_make(&type_by_name_ix, ntypes);
    for (int i = 0; i < ntypes; i++) {
        uint32_t oid = cell_oid(t, i, "oid");
        int len = (int)number(cell(t, i, "typlen"));
        uint32_t elem = cell_oid(t, i, "typelem");
        types[i] = (struct cat_type){
            .oid = oid,
            .name = cell(t, i, "typname"),
            .nsp = cell_oid(t, i, "typnamespace"),
            .len = (int16_t)len,
            .byval = cell_bool(t, i, "typbyval"),
            .kind = cell_char(t, i, "typtype"),
            .category = cell_char(t, i, "typcategory"),
            .preferred = cell_bool(t, i, "typispreferred"),
            .is_array = elem != 0 && len == -1 &&
                        (cell_char(t, i, "typcategory") == 'A' || oid == RECORDARRAY_OID),
            .delim = cell_char(t, i, "typdelim"),
            .relid = cell_oid(t, i, "typrelid"),
            .elem = elem,
            .array = cell_oid(t, i, "typarray"),
            .basetype = cell_oid(t, i, "typbasetype"),
            .typmod = (int32_t)number(cell(t, i, "typtypmod")),
            .collation = cell_oid(t, i, "typcollation"),
            .input = cell_oid(t, i, "typinput"),
            .modin = cell_oid(t, i, "typmodin"),
            .ops = type_by_oid(oid),
        };
        index_add(&type_by_oid_ix, hash_u64(oid), i);
        index_add(&type_by_name_ix, hash_bytes(types[i].name.data, types[i].name.len, 0), i);
    }
}

static int by_name(const void *a, const void *b)
{
    const struct cat_proc *x = a;
    const struct cat_proc *y = b;
    int c = str_cmp(x->name, y->name);
    return c ? c : (x->oid > y->oid) - (x->oid < y->oid);
}

static void load_proc(const struct builtin_table *t, int i, struct cat_proc *p)
{
    *p = (struct cat_proc){
        .oid = cell_oid(t, i, "oid"),
        .name = cell(t, i, "proname"),
        .nsp = cell_oid(t, i, "pronamespace"),
        .kind = cell_char(t, i, "prokind"),
        .volatility = cell_char(t, i, "provolatile"),
        .strict = cell_bool(t, i, "proisstrict"),
        .leakproof = cell_bool(t, i, "proleakproof"),
        .retset = cell_bool(t, i, "proretset"),
        .variadic = cell_oid(t, i, "provariadic"),
        .rettype = cell_oid(t, i, "prorettype"),
        .ndefaults = (int)number(cell(t, i, "pronargdefaults")),
        .src = cell(t, i, "prosrc"),
        .rows = (double)number(cell(t, i, "prorows")),
    };
    p->argtypes = cell_oids(cell(t, i, "proargtypes"), &p->nargs);
    struct str all = cell(t, i, "proallargtypes");
    if (all.data) {
        p->allargtypes = cell_oids(all, &p->nallargs);
        struct str modes = cell(t, i, "proargmodes");
        char *m = arena_alloc(&arena, (size_t)p->nallargs + 1);
        for (int k = 0; k < p->nallargs; k++)
            m[k] = modes.data[1 + 2 * k];
        p->argmodes = m;
    }
    struct str names = cell(t, i, "proargnames");
    if (names.data)
        p->argnames = cell_names(names, p->nallargs ? p->nallargs : p->nargs);
}

static void load_procs(void)
{
    const struct builtin_table *t = builtin_table("pg_proc");
    nprocs = t->nrows;
    procs = arena_new_array(&arena, struct cat_proc, nprocs);
    for (int i = 0; i < nprocs; i++)
        load_proc(t, i, &procs[i]);
    qsort(procs, (size_t)nprocs, sizeof(*procs), by_name);
    index_make(&proc_ix, nprocs);
    for (int i = 0; i < nprocs; i++)
        index_add(&proc_ix, hash_u64(procs[i].oid), i);
}

static int by_oper_name(const void *a, const void *b)
{
    const struct cat_oper *x = a;
    const struct cat_oper *y = b;
    int c = str_cmp(x->name, y->name);
    return c ? c : (x->oid > y->oid) - (x->oid < y->oid);
}

static void load_opers(void)
{
    const struct builtin_table *t = builtin_table("pg_operator");
    nopers = t->nrows;
    opers = arena_new_array(&arena, struct cat_oper, nopers);
    for (int i = 0; i < nopers; i++)
        opers[i] = (struct cat_oper){
            .oid = cell_oid(t, i, "oid"),
            .name = cell(t, i, "oprname"),
            .kind = cell_char(t, i, "oprkind"),
            .can_hash = cell_bool(t, i, "oprcanhash"),
            .can_merge = cell_bool(t, i, "oprcanmerge"),
            .left = cell_oid(t, i, "oprleft"),
            .right = cell_oid(t, i, "oprright"),
            .result = cell_oid(t, i, "oprresult"),
            .commutator = cell_oid(t, i, "oprcom"),
            .negator = cell_oid(t, i, "oprnegate"),
            .proc = cell_oid(t, i, "oprcode"),
        };
    qsort(opers, (size_t)nopers, sizeof(*opers), by_oper_name);
    index_make(&oper_ix, nopers);
    for (int i = 0; i < nopers; i++)
        index_add(&oper_ix, hash_u64(opers[i].oid), i);
}

static void load_casts(void)
{
    const struct builtin_table *t = builtin_table("pg_cast");
    ncasts = t->nrows;
    casts = arena_new_array(&arena, struct cat_cast, ncasts);
    index_make(&cast_ix, ncasts);
    for (int i = 0; i < ncasts; i++) {
        casts[i] = (struct cat_cast){
            .source = cell_oid(t, i, "castsource"),
            .target = cell_oid(t, i, "casttarget"),
            .proc = cell_oid(t, i, "castfunc"),
            .context = cell_char(t, i, "castcontext"),
            .method = cell_char(t, i, "castmethod"),
        };
        index_add(&cast_ix, cast_hash(casts[i].source, casts[i].target), i);
    }
}

static void load_aggs(void)
{
    const struct builtin_table *t = builtin_table("pg_aggregate");
    naggs = t->nrows;
    aggs = arena_new_array(&arena, struct cat_agg, naggs);
    index_make(&agg_ix, naggs);
    for (int i = 0; i < naggs; i++) {
        aggs[i] = (struct cat_agg){
            .proc = cell_oid(t, i, "aggfnoid"),
            .kind = cell_char(t, i, "aggkind"),
            .ndirect = (int)number(cell(t, i, "aggnumdirectargs")),
            .sortop = cell_oid(t, i, "aggsortop"),
        };
        index_add(&agg_ix, hash_u64(aggs[i].proc), i);
    }
}

static uint32_t number_of(const char *table, const char *key, struct str value, const char *column);

static void load_inverted_amops(const struct builtin_table *t)
{
    uint32_t input;
    ninverted = 0;
    inverted = arena_new_array(&arena, struct cat_amop, t->nrows);
    for (int i = 0; i < t->nrows; i++)
        if (cell_oid(t, i, "amopmethod") == GIN_AM)
            inverted[ninverted++] = (struct cat_amop){
                .family = cell_oid(t, i, "amopfamily"),
                .strategy = (int)number(cell(t, i, "amopstrategy")),
                .oper = cell_oid(t, i, "amopopr"),
                .am = GIN_AM,
            };
    CHECK(builtin_opclass(GIN_AM, STR("array_ops"), &input) == ARRAY_GIN_OPCLASS);
    CHECK(builtin_opclass(GIN_AM, STR("jsonb_ops"), &input) == JSONB_GIN_OPCLASS);
    CHECK(builtin_opclass(GIN_AM, STR("jsonb_path_ops"), &input) == JSONB_PATH_OPCLASS);
}

static void load_amops(void)
{
    const struct builtin_table *t = builtin_table("pg_amop");
    namops = 0;
    amops = arena_new_array(&arena, struct cat_amop, t->nrows);
    for (int i = 0; i < t->nrows; i++) {
        if (cell_oid(t, i, "amopmethod") != BTREE_AM)
            continue;
        amops[namops++] = (struct cat_amop){
            .family = cell_oid(t, i, "amopfamily"),
            .left = cell_oid(t, i, "amoplefttype"),
            .right = cell_oid(t, i, "amoprighttype"),
            .strategy = (int)number(cell(t, i, "amopstrategy")),
            .oper = cell_oid(t, i, "amopopr"),
            .am = BTREE_AM,
        };
    }
}

static void load_collations(void)
{
    const struct builtin_table *t = builtin_table("pg_collation");
    for (int i = 0; i < t->nrows; i++) {
        struct str locale = cell(t, i, "colliculocale");
        if (locale.len)
            collation_register(cell_oid(t, i, "oid"),
                               arena_strndup(&arena, locale.data, locale.len),
                               cell_bool(t, i, "collisdeterministic"));
    }
}

void builtin_init(void)
{
    if (ntypes)
        return;
    arena_init(&arena);
    for (size_t i = 0; i < ARRAY_LENGTH(files); i++)
        read_file(&tables[i], files[i].name, files[i].data, files[i].end);
    load_types();
    load_procs();
    load_opers();
    load_casts();
    load_aggs();
    load_amops();
    load_inverted_amops(builtin_table("pg_amop"));
    load_collations();
}

/* ---- look-ups ---- */

const struct cat_type *builtin_type(uint32_t oid)
{
    if (oid >= FIRST_USER_OID) {
        const struct type_ops *ops = type_by_oid(oid);
        return ops ? &CONTAINER_OF(ops, const struct user_type, ops)->cat : NULL;
    }
    FIND(type_by_oid_ix, hash_u64(oid), types, it->oid == oid);
}

uint32_t builtin_base_type(uint32_t type)
{
    const struct cat_type *t = builtin_type(type);
    while (t && t->kind == 'd') {
        type = t->basetype;
        t = builtin_type(type);
    }
    return type;
}

const struct cat_type *builtin_type_by_name(struct str name)
{
    FIND(type_by_name_ix, hash_bytes(name.data, name.len, 0), types, str_eq(it->name, name));
}

const struct cat_proc *builtin_proc(uint32_t oid)
{
    const struct cat_proc *made = oid >= FIRST_SYSTEM_OID ? user_proc_find(oid) : NULL;
    if (made || oid >= FIRST_USER_OID)
        return made;
    FIND(proc_ix, hash_u64(oid), procs, it->oid == oid);
}

const struct cat_oper *builtin_oper(uint32_t oid)
{
    if (oid >= FIRST_USER_OID)
        return user_oper_find(oid);
    FIND(oper_ix, hash_u64(oid), opers, it->oid == oid);
}

const struct cat_cast *builtin_cast(uint32_t source, uint32_t target)
{
    if (source >= FIRST_SYSTEM_OID || target >= FIRST_SYSTEM_OID)
        return user_cast_find(source, target);
    FIND(cast_ix, cast_hash(source, target), casts, it->source == source && it->target == target);
}

const struct cat_agg *builtin_agg(uint32_t proc)
{
    if (proc >= FIRST_SYSTEM_OID)
        return user_agg_find(proc);
    FIND(agg_ix, hash_u64(proc), aggs, it->proc == proc);
}

#define NAME_RANGE(array, n, name, count)                    \
    int lo_ = 0;                                             \
    int hi_ = (n);                                           \
    while (lo_ < hi_) {                                      \
        int mid_ = (lo_ + hi_) / 2;                          \
        if (str_cmp((array)[mid_].name, (name)) < 0)         \
            lo_ = mid_ + 1;                                  \
        else                                                 \
            hi_ = mid_;                                      \
    }                                                        \
    int end_ = lo_;                                          \
    while (end_ < (n) && str_eq((array)[end_].name, (name))) \
        end_++;                                              \
    *(count) = end_ - lo_;                                   \
    return (array) + lo_

const struct cat_proc *builtin_procs(struct str name, int *count)
{
    NAME_RANGE(procs, nprocs, name, count);
}

const struct cat_oper *builtin_opers(struct str name, int *count)
{
    NAME_RANGE(opers, nopers, name, count);
}

const struct cat_proc *builtin_all_procs(int *count)
{
    *count = nprocs;
    return procs;
}

const struct cat_amop *builtin_btree_strategy(uint32_t oper)
{
    for (int i = 0; i < namops; i++)
        if (amops[i].oper == oper)
            return &amops[i];
    return user_amop_of(oper);
}

uint32_t builtin_btree_oper(uint32_t left, uint32_t right, int strategy)
{
    for (int i = 0; i < namops; i++)
        if (amops[i].left == left && amops[i].right == right && amops[i].strategy == strategy)
            return amops[i].oper;
    return user_btree_oper(left, right, strategy);
}

static uint32_t opclass_search(uint32_t am, uint32_t type, bool binary, uint32_t *family,
                               uint32_t *input)
{
    const struct builtin_table *t = builtin_table("pg_opclass");
    for (int i = 0; i < t->nrows; i++) {
        if (cell_oid(t, i, "opcmethod") != am || !cell_bool(t, i, "opcdefault"))
            continue;
        uint32_t intype = cell_oid(t, i, "opcintype");
        const struct cat_cast *c = binary ? builtin_cast(type, intype) : NULL;
        if (binary ? !c || c->method != 'b' || c->context != 'i' : intype != type)
            continue;
        *family = cell_oid(t, i, "opcfamily");
        *input = intype;
        return cell_oid(t, i, "oid");
    }
    return 0;
}

uint32_t builtin_default_opclass(uint32_t am, uint32_t type, uint32_t *family, uint32_t *input)
{
    uint32_t opclass = opclass_search(am, type, false, family, input);
    if (opclass)
        return opclass;
    const struct cat_type *t = builtin_type(type);
    const struct cat_opclass *made =
        type >= FIRST_USER_OID ? user_opclass_find(am, type, STR("")) : NULL;
    if (made) {
        *family = made->family;
        *input = made->input;
        return made->oid;
    }
    if (t && t->kind == 'd')
        return builtin_default_opclass(am, builtin_base_type(type), family, input);
    if (t && t->is_array)
        return opclass_search(am, ANYARRAY_OID, false, family, input);
    if (t && t->kind == 'e')
        return opclass_search(am, ANYENUM_OID, false, family, input);
    if (t && t->kind == 'r')
        return opclass_search(am, ANYRANGE_OID, false, family, input);
    if (t && t->kind == 'm')
        return opclass_search(am, ANYMULTIRANGE_OID, false, family, input);
    if (t && t->kind == 'c')
        return opclass_search(am, RECORD_OID, false, family, input);
    return opclass_search(am, type, true, family, input);
}

static struct str cell_of(const char *table, const char *key, struct str value, const char *column)
{
    const struct builtin_table *t = builtin_table(table);
    int at = builtin_column(t, key);
    for (int i = 0; i < t->nrows; i++)
        if (str_eq(t->cells[i * t->ncols + at], value))
            return t->cells[i * t->ncols + builtin_column(t, column)];
    return (struct str){0};
}

static struct str name_of(const char *table, uint32_t oid, const char *column)
{
    char text[16];
    snprintf(text, sizeof(text), "%u", oid);
    return cell_of(table, "oid", str_from(text), column);
}

uint32_t builtin_opclass(uint32_t am, struct str name, uint32_t *input)
{
    const struct builtin_table *t = builtin_table("pg_opclass");
    int at = builtin_column(t, "opcname");
    for (int i = 0; i < t->nrows; i++) {
        if (cell_oid(t, i, "opcmethod") != am || !str_eq(t->cells[i * t->ncols + at], name))
            continue;
        *input = cell_oid(t, i, "opcintype");
        return cell_oid(t, i, "oid");
    }
    const struct cat_opclass *made = user_opclass_find(am, 0, name);
    *input = made ? made->input : 0;
    return made ? made->oid : 0;
}

static uint32_t number_of(const char *table, const char *key, struct str value, const char *column)
{
    int64_t n = 0;
    struct str cell = cell_of(table, key, value, column);
    return cell.len && str_to_int64(cell, &n) ? (uint32_t)n : 0;
}

int builtin_inverted_strategy(uint32_t opclass, uint32_t oper)
{
    char text[16];
    snprintf(text, sizeof(text), "%u", opclass);
    uint32_t family = number_of("pg_opclass", "oid", str_from(text), "opcfamily");
    for (int i = 0; i < ninverted; i++)
        if (inverted[i].family == family && inverted[i].oper == oper)
            return inverted[i].strategy;
    return 0;
}

uint32_t builtin_am(struct str name)
{
    return number_of("pg_am", "amname", name, "oid");
}

struct str builtin_am_name(uint32_t am)
{
    return name_of("pg_am", am, "amname");
}

struct str builtin_opclass_name(uint32_t opclass)
{
    const struct cat_opclass *made = user_opclass(opclass);
    if (made)
        return made->name;
    return name_of("pg_opclass", opclass, "opcname");
}

uint32_t builtin_collation(struct str name)
{
    return number_of("pg_collation", "collname", name, "oid");
}

struct str builtin_collation_name(uint32_t collation)
{
    return collation >= FIRST_USER_OID ? user_collation_name(collation)
                                       : name_of("pg_collation", collation, "collname");
}
