/* What access methods, indexes and their columns can do (manual section 9.26.5). NULL where the
 * property says nothing of such an object, or there is none. */
#include "exec/ddl_internal.h"
#include "exec/exec_internal.h"
#include "exec/fn_session.h"

struct property {
    const char *name;
    char can; /* in struct index_am; 0: worked out */
};

static const struct property of_method[] = {
    {"can_order", 'o'},   {"can_unique", 'u'},  {"can_multi_col", 'm'},
    {"can_exclude", 'k'}, {"can_include", 'i'},
};
static const struct property of_index[] = {
    {"clusterable", 'c'}, {"index_scan", 's'}, {"bitmap_scan", 'b'}, {"backward_scan", 's'}};
static const struct property of_column[] = {
    {"asc", 0},          {"desc", 0},           {"nulls_first", 0},
    {"nulls_last", 0},   {"orderable", 'o'},    {"distance_orderable", 0},
    {"returnable", 'o'}, {"search_array", 'a'}, {"search_nulls", 'n'},
};

static const struct property *find(const struct property *list, size_t n, struct datum name)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq_c(datum_as_str(name), list[i].name))
            return &list[i];
    return NULL;
}

static struct err *method_property(struct fn_call *c, struct datum *out)
{
    const struct index_am *am = index_am((uint32_t)c->args[0].u);
    const struct property *p = find(of_method, ARRAY_LENGTH(of_method), c->args[1]);
    *out = am && p ? datum_bool(index_am_can(am, p->can)) : datum_null();
    return NULL;
}

/* The table of an index, and the index; *ix NULL: there is none. */
static struct err *open_index(struct fn_call *c, struct relation **table, const struct index **ix)
{
    *table = NULL;
    *ix = NULL;
    TRY(need_session(c));
    TRY(cat_table_of_index(&c->session->cat, (uint32_t)c->args[0].u, table));
    if (*table)
        *ix = relation_index(*table, (uint32_t)c->args[0].u);
    return NULL;
}

static struct err *index_property(struct fn_call *c, struct datum *out)
{
    const struct property *p = find(of_index, ARRAY_LENGTH(of_index), c->args[1]);
    const struct index *ix;
    struct relation *table;
    TRY(open_index(c, &table, &ix));
    *out = ix && p ? datum_bool(index_am_can(index_am(ix->am), p->can)) : datum_null();
    relation_unref(table);
    return NULL;
}

static struct datum column_value(const struct index *ix, int col, const struct property *p)
{
    bool key = col < ix->nkeys;
    const struct index_am *am = index_am(ix->am);
    bool ordered = index_am_can(am, 'o');
    bool desc = key && ix->cols[col].desc;
    bool first = key && ix->cols[col].nulls_first;
    if (p->can == 'o') /* orderable, returnable */
        return datum_bool(ordered && (key || p->name[0] == 'r'));
    if (strcmp(p->name, "distance_orderable") == 0)
        return datum_bool(false);
    if (!key)
        return datum_null();
    if (p->can)
        return datum_bool(index_am_can(am, p->can));
    bool is = strcmp(p->name, "asc") == 0           ? !desc
              : strcmp(p->name, "desc") == 0        ? desc
              : strcmp(p->name, "nulls_first") == 0 ? first
                                                    : !first;
    return datum_bool(ordered && is);
}

static struct err *column_property(struct fn_call *c, struct datum *out)
{
    const struct property *p = find(of_column, ARRAY_LENGTH(of_column), c->args[2]);
    const struct index *ix;
    struct relation *table;
    int64_t col = c->args[1].i;
    TRY(open_index(c, &table, &ix));
    *out =
        ix && p && col > 0 && col <= ix->ncols ? column_value(ix, (int)col - 1, p) : datum_null();
    relation_unref(table);
    return NULL;
}

fn_impl index_fn_lookup(const char *prosrc)
{
    return strcmp(prosrc, "pg_indexam_has_property") == 0        ? method_property
           : strcmp(prosrc, "pg_index_has_property") == 0        ? index_property
           : strcmp(prosrc, "pg_index_column_has_property") == 0 ? column_property
                                                                 : NULL;
}
