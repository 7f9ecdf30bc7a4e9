/* EXPLAIN: a plan, and what its run measured, as a tree of nodes with properties, which
 * explain_format.c writes. */
#include "exec/exec_internal.h"
#include "exec/explain_format.h"
#include "exec/explain_names.h"

#include "catalog/statistics.h"
#include "sql/analyze.h"
#include "types/quote.h"

#include <stdarg.h>
#include <stdio.h>

struct explain {
    struct cat *cat;
    struct statement_plan *plan;
    const struct explain_options *o;
    struct arena *arena;
    struct exec *run; /* NULL: not run */
    const struct deparse_name
        *names;                /* of those that are called otherwise than the statement says */
    const struct expr **slots; /* what computes each slot; NULL: a column, or nothing */
    bool own;                  /* no parentheses around what the node itself computes */
    bool prefix;               /* columns with their tables' names: there are several */
};

/* ---- properties ---- */

static void add(struct explain *x, struct explain_node *n, struct explain_prop p)
{
    ARENA_PUSH(x->arena, n->props, n->nprops, n->props_cap, p);
}

/* In all formats. */
static void put(struct explain *x, struct explain_node *n, const char *label, const char *value)
{
    add(x, n,
        (struct explain_prop){
            .label = label, .value = value, .quoted = true, .text = true, .structured = true});
}

static void put_structured(struct explain *x, struct explain_node *n, const char *label,
                           const char *value, bool quoted)
{
    add(x, n,
        (struct explain_prop){
            .label = label, .value = value, .quoted = quoted, .structured = true});
}

__attribute__((format(printf, 4, 5))) static void
put_number(struct explain *x, struct explain_node *n, const char *label, const char *format, ...)
{
    struct buf b = BUF_INIT;
    va_list args;
    va_start(args, format);
    buf_vprintf(&b, format, args);
    va_end(args);
    put_structured(x, n, label, arena_strdup(x->arena, buf_cstr(&b)), false);
    buf_done(&b);
}

static void put_line(struct explain *x, struct explain_node *n, const char *line)
{
    add(x, n, (struct explain_prop){.value = line, .text = true});
}

/* ---- expressions ---- */

static const char *text_of(struct explain *x, const struct expr *e, const struct rte *single)
{
    struct buf b = BUF_INIT;
    struct err *failed =
        deparse_plan_expr(x->cat, e, single, x->names, x->slots, x->plan->nslots, x->own, &b);
    const char *text = failed ? "?" : arena_strdup(x->arena, buf_cstr(&b));
    err_free(failed);
    buf_done(&b);
    return text;
}

static const struct rte *single_of(const struct explain *x, const struct expr *e)
{
    if (e->kind == E_SLOT && e->param >= 0 && x->slots[e->param])
        e = x->slots[e->param];
    return x->prefix || e->kind != E_VAR ? NULL : e->var.rte;
}

static void put_expr(struct explain *x, struct explain_node *n, const char *label,
                     const struct expr *e, const struct rte *single)
{
    if (e)
        put(x, n, label, text_of(x, e, x->o->verbose ? NULL : single));
}

/* The condition of the node that computes what stands in it. */
static void put_own_filter(struct explain *x, struct explain_node *to, const struct plan *n)
{
    x->own = n->kind == P_AGG;
    put_expr(x, to, n->kind == P_RESULT ? "One-Time Filter" : "Filter", n->filter.expr, n->rte);
    x->own = false;
}

/* COLLATE, where the order is not the type's own. */
static const char *collation_text(struct explain *x, const struct expr *e)
{
    const struct cat_type *t = builtin_type(e->type);
    struct buf name = BUF_INIT;
    if (!e->collation || !t || t->collation == e->collation)
        return "";
    struct str plain = builtin_collation_name(e->collation);
    quote_identifier(&name, arena_strndup(x->arena, plain.data, plain.len));
    const char *text = arena_printf(x->arena, " COLLATE %s", buf_cstr(&name));
    buf_done(&name);
    return text;
}

static void put_list(struct explain *x, struct explain_node *n, const char *label,
                     const struct plan_expr *list, int count, const struct sort_key *keys)
{
    const char **items = arena_new_array(x->arena, const char *, count + 1);
    for (int i = 0; i < count; i++) {
        const struct expr *e = list[i].expr;
        const char *order = !keys                                 ? ""
                            : keys[i].desc && keys[i].nulls_first ? " DESC"
                            : keys[i].desc                        ? " DESC NULLS LAST"
                            : keys[i].nulls_first                 ? " NULLS FIRST"
                                                                  : "";
        items[i] = arena_printf(x->arena, "%s%s%s", text_of(x, e, single_of(x, e)),
                                keys ? collation_text(x, e) : "", order);
    }
    if (count)
        add(x, n,
            (struct explain_prop){
                .label = label, .items = items, .nitems = count, .text = true, .structured = true});
}

/* A slot that is copied from another says nothing. */
static void note_slot(struct explain *x, int slot, const struct expr *e)
{
    if (slot >= 0 && e && e->kind != E_SLOT)
        x->slots[slot] = e;
}

static struct expr *column_of(struct explain *x, const struct rte *rte, int att)
{
    struct expr *var = arena_new(x->arena, struct expr);
    *var = (struct expr){.kind = E_VAR, .type = rte->types[att - 1], .typmod = -1, .location = -1};
    var->var.rte = (struct rte *)rte;
    var->var.att = att;
    return var;
}

static void note_columns(struct explain *x, const struct rte *rte)
{
    for (int i = 0; rte && rte->planned && rte->base >= 0 && i < rte->ncols; i++)
        if (!x->slots[rte->base + i])
            x->slots[rte->base + i] = column_of(x, rte, i + 1);
}

/* What each slot is computed from. */
static void note_slots(struct explain *x, const struct plan *n)
{
    if (!n)
        return;
    for (int i = 0; i < n->nexprs; i++)
        note_slot(x, n->exprs[i].slot, n->exprs[i].expr);
    for (int i = 0; i < n->ngroup; i++)
        note_slot(x, n->group[i].slot, n->group[i].expr);
    for (int i = 0; i < n->naggs; i++)
        note_slot(x, n->aggs[i].slot, n->aggs[i].expr);
    note_columns(x, n->rte);
    note_slots(x, n->left);
    note_slots(x, n->right);
    for (int i = 0; i < n->ninputs; i++)
        note_slots(x, n->inputs[i]);
}

/* ---- names ---- */

static bool has_empty_set(const struct plan *n)
{
    return n->nsets && !n->sets[n->nsets - 1].size; /* the smallest one */
}

static const char *agg_name(const struct plan *n)
{
    if (n->kind == P_DISTINCT)
        return n->strategy == AGG_SORTED ? "Unique" : "HashAggregate";
    if (n->strategy != AGG_HASHED)
        return n->strategy == AGG_SORTED ? "GroupAggregate" : "Aggregate";
    return !has_empty_set(n) ? "HashAggregate" : n->sets[0].size ? "MixedAggregate" : "Aggregate";
}

static bool expands_rows(const struct plan *n)
{
    for (int i = 0; n->kind == P_PROJECT && i < n->nexprs; i++) {
        const struct expr *e = n->exprs[i].expr;
        const struct cat_proc *p = e->kind == E_FUNC ? builtin_proc(e->func) : NULL;
        if (p && p->retset)
            return true;
    }
    return false;
}

/* As the text format has it, and as the others do. */
static const char *node_name(const struct plan *n, bool text)
{
    static const char *const names[] = {[P_RESULT] = "Result",
                                        [P_SEQSCAN] = "Seq Scan",
                                        [P_INDEXSCAN] = "Index Scan",
                                        [P_BITMAPHEAP] = "Bitmap Heap Scan",
                                        [P_BITMAPINDEX] = "Bitmap Index Scan",
                                        [P_BITMAPAND] = "BitmapAnd",
                                        [P_BITMAPOR] = "BitmapOr",
                                        [P_FUNCSCAN] = "Function Scan",
                                        [P_TABLEFUNC] = "Table Function Scan",
                                        [P_VALUES] = "Values Scan",
                                        [P_SUBQUERY] = "Subquery Scan",
                                        [P_CTESCAN] = "CTE Scan",
                                        [P_WORKTABLE] = "WorkTable Scan",
                                        [P_NESTLOOP] = "Nested Loop",
                                        [P_HASHJOIN] = "Hash Join",
                                        [P_MERGEJOIN] = "Merge Join",
                                        [P_SORT] = "Sort",
                                        [P_AGG] = "Aggregate",
                                        [P_DISTINCT] = "Aggregate",
                                        [P_LIMIT] = "Limit",
                                        [P_PROJECT] = "ProjectSet",
                                        [P_SETOP] = "SetOp",
                                        [P_APPEND] = "Append",
                                        [P_RECURSIVE] = "Recursive Union",
                                        [P_MATERIAL] = "Materialize",
                                        [P_LOCKROWS] = "LockRows",
                                        [P_INSERT] = "ModifyTable",
                                        [P_UPDATE] = "ModifyTable",
                                        [P_DELETE] = "ModifyTable",
                                        [P_MERGE] = "ModifyTable",
                                        [P_WINDOW] = "WindowAgg"};
    if (n->kind == P_DISTINCT && n->strategy == AGG_SORTED)
        return "Unique";
    if (n->kind == P_SEQSCAN && n->nexprs)
        return "Sample Scan";
    if (n->kind == P_PROJECT && !expands_rows(n))
        return "Result";
    if (n->kind == P_SORT && n->presorted)
        return "Incremental Sort";
    if (n->kind == P_INDEXSCAN && n->only_columns)
        return "Index Only Scan";
    if (!text)
        return names[n->kind];
    switch (n->kind) {
    case P_AGG:
    case P_DISTINCT:
        return agg_name(n);
    case P_SETOP:
        return n->setop == SETOP_INTERSECT
                   ? n->setop_all ? "HashSetOp Intersect All" : "HashSetOp Intersect"
               : n->setop_all ? "HashSetOp Except All"
                              : "HashSetOp Except";
    case P_INSERT:
        return "Insert";
    case P_UPDATE:
        return "Update";
    case P_DELETE:
        return "Delete";
    case P_MERGE:
        return "Merge";
    default:
        return names[n->kind];
    }
}

static const char *join_name(enum join_kind kind)
{
    static const char *const names[] = {
        [JOIN_INNER] = "Inner", [JOIN_LEFT] = "Left", [JOIN_FULL] = "Full",
        [JOIN_RIGHT] = "Right", [JOIN_SEMI] = "Semi", [JOIN_ANTI] = "Anti"};
    return names[kind];
}

static bool is_modify(const struct plan *n)
{
    return n->kind == P_INSERT || n->kind == P_UPDATE || n->kind == P_DELETE || n->kind == P_MERGE;
}

static const struct rte *scanned(const struct plan *n)
{
    return is_modify(n) ? n->query->target : n->kind == P_BITMAPINDEX ? NULL : n->rte;
}

/* What is read, whatever it is called in the statement. In the arena. */
static const char *scanned_name(struct explain *x, const struct rte *rte)
{
    if (rte->kind == RTE_RELATION)
        return rte->rel->name;
    if (rte->kind == RTE_CTE)
        return rte->cte->name;
    const struct cat_proc *p =
        rte->kind == RTE_FUNCTION && rte->nfuncs == 1 && rte->funcs[0]->kind == E_FUNC
            ? builtin_proc(rte->funcs[0]->func)
            : NULL;
    return p ? arena_strndup(x->arena, p->name.data, p->name.len) : rte->name;
}

static void put_scanned(struct explain *x, const struct rte *rte, struct buf *b)
{
    const char *name = scanned_name(x, rte);
    buf_put_c(b, " on ");
    if (x->o->verbose && rte->kind == RTE_RELATION) {
        quote_identifier(b, rte->rel->nsp_name);
        buf_put_u8(b, '.');
    }
    if (rte->kind == RTE_VALUES)
        buf_printf(b, "\"%s\"", name);
    else
        quote_identifier(b, name);
    const char *alias = explain_alias(x->names, rte);
    if (alias && strcmp(alias, name) != 0) {
        buf_put_u8(b, ' ');
        quote_identifier(b, alias);
    }
}

static const char *title_of(struct explain *x, const struct plan *n)
{
    struct buf b = BUF_INIT;
    const struct rte *rte = scanned(n);
    if (n->kind == P_HASHJOIN && n->join != JOIN_INNER)
        buf_printf(&b, "Hash %s Join", join_name(n->join));
    else if (n->kind == P_MERGEJOIN && n->join != JOIN_INNER)
        buf_printf(&b, "Merge %s Join", join_name(n->join));
    else if (n->kind == P_NESTLOOP && n->join != JOIN_INNER)
        buf_printf(&b, "Nested Loop %s Join", join_name(n->join));
    else
        buf_put_c(&b, node_name(n, true));
    if (n->kind == P_INDEXSCAN) {
        buf_printf(&b, "%s using ", n->backward ? " Backward" : "");
        quote_identifier(&b, n->index->name);
    }
    if (n->kind == P_BITMAPINDEX) {
        buf_put_c(&b, " on ");
        quote_identifier(&b, n->index->name);
    }
    if (rte)
        put_scanned(x, rte, &b);
    const char *title = arena_strdup(x->arena, buf_cstr(&b));
    buf_done(&b);
    return title;
}

/* ---- numbers ---- */

/* Bytes of a row of the columns that are read, by the statistics or the types. */
static int rte_width(const struct rte *rte)
{
    enum { UNKNOWN_WIDTH = 32 };
    int width = 0;
    for (int i = 0; rte->used && i < rte->ncols; i++) {
        if (!rte->used[i])
            continue;
        const struct column_stats *s =
            rte->kind == RTE_RELATION && rte->rel->stats ? rte->rel->stats[i] : NULL;
        const struct type_ops *ops = type_by_oid(rte->types[i]);
        width += s && s->width ? s->width : ops && ops->byval ? ops->len : UNKNOWN_WIDTH;
    }
    return width;
}

/* Below a Bitmap Heap Scan. */
static bool names_rows(const struct plan *n)
{
    return n->kind == P_BITMAPINDEX || n->kind == P_BITMAPAND || n->kind == P_BITMAPOR;
}

static int width_of(const struct plan *n)
{
    int width = 0;
    if (is_modify(n) || names_rows(n))
        return 0;
    if (n->rte)
        return rte_width(n->rte);
    if (n->kind == P_AGG) {
        for (int i = 0; i < n->ngroup; i++) {
            const struct type_ops *ops = type_by_oid(n->group[i].expr->type);
            width += ops && ops->byval ? ops->len : 32;
        }
        return width + n->naggs * 8;
    }
    if (n->kind == P_APPEND)
        return n->ninputs ? width_of(n->inputs[0]) : 0;
    if (n->left)
        width += width_of(n->left);
    return n->right && n->kind != P_SETOP && n->kind != P_RECURSIVE ? width + width_of(n->right)
                                                                    : width;
}

struct measured {
    double startup_ms;
    double total_ms;
    double rows; /* of one loop */
    uint64_t loops;
};

static struct measured measured_of(const struct explain *x, const struct plan *n)
{
    const struct node_stats *s = &x->run->stats[n->id];
    double loops = s->loops ? (double)s->loops : 1;
    bool silent = is_modify(n) && !n->nreturning;
    return (struct measured){(double)s->startup_ns / 1e6 / loops, (double)s->total_ns / 1e6 / loops,
                             silent ? 0 : (double)s->rows / loops, s->loops};
}

static double at_least_one(double rows)
{
    return rows < 1 ? 1 : rows;
}

/* `hash`: the Hash node above n, which PostgreSQL shows. */
static const char *numbers_of(struct explain *x, const struct plan *n, bool hash)
{
    struct buf b = BUF_INIT;
    if (x->o->costs)
        buf_printf(&b, "  (cost=%.2f..%.2f rows=%.0f width=%d)",
                   hash ? n->total_cost : n->startup_cost, n->total_cost,
                   is_modify(n) && !n->nreturning ? 0 : at_least_one(n->rows), width_of(n));
    if (x->run) {
        struct measured m = measured_of(x, n);
        buf_put_u8(&b, ' ');
        if (!m.loops)
            buf_put_c(&b, "(never executed)");
        else if (x->o->timing)
            buf_printf(&b, "(actual time=%.3f..%.3f rows=%.0f loops=%llu)",
                       hash ? m.total_ms : m.startup_ms, m.total_ms, m.rows,
                       (unsigned long long)m.loops);
        else
            buf_printf(&b, "(actual rows=%.0f loops=%llu)", m.rows, (unsigned long long)m.loops);
    }
    const char *text = arena_strdup(x->arena, buf_cstr(&b));
    buf_done(&b);
    return text;
}

static void put_numbers(struct explain *x, struct explain_node *to, const struct plan *n, bool hash)
{
    if (x->o->costs) {
        put_number(x, to, "Startup Cost", "%.2f", hash ? n->total_cost : n->startup_cost);
        put_number(x, to, "Total Cost", "%.2f", n->total_cost);
        put_number(x, to, "Plan Rows", "%.0f",
                   is_modify(n) && !n->nreturning ? 0 : at_least_one(n->rows));
        put_number(x, to, "Plan Width", "%d", width_of(n));
    }
    if (!x->run)
        return;
    struct measured m = measured_of(x, n);
    if (x->o->timing) {
        put_number(x, to, "Actual Startup Time", "%.3f", hash ? m.total_ms : m.startup_ms);
        put_number(x, to, "Actual Total Time", "%.3f", m.total_ms);
    }
    put_number(x, to, "Actual Rows", "%.0f", m.rows);
    put_number(x, to, "Actual Loops", "%llu", (unsigned long long)m.loops);
}

static void put_removed(struct explain *x, struct explain_node *to, const char *label,
                        const struct plan *n, uint64_t removed)
{
    uint64_t loops = x->run->stats[n->id].loops;
    if (!removed && x->o->format == EXPLAIN_TEXT)
        return;
    add(x, to,
        (struct explain_prop){
            .label = label,
            .value = arena_printf(x->arena, "%.0f", (double)removed / (loops ? (double)loops : 1)),
            .text = true,
            .structured = true});
}

/* ---- memory ---- */

enum { KB = 1024 };

static unsigned long long kilobytes(uint64_t bytes)
{
    return (unsigned long long)((bytes + KB - 1) / KB);
}

static void put_sort_space(struct explain *x, struct explain_node *to, const struct plan *n)
{
    const struct node_stats *s = &x->run->stats[n->id];
    if (!s->method)
        return;
    uint64_t bytes = s->disk_bytes ? s->disk_bytes : s->memory_bytes;
    const char *kind = s->disk_bytes ? "Disk" : "Memory";
    put_line(
        x, to,
        arena_printf(x->arena, "Sort Method: %s  %s: %llukB", s->method, kind, kilobytes(bytes)));
    put_structured(x, to, "Sort Method", s->method, true);
    put_number(x, to, "Sort Space Used", "%llu", kilobytes(bytes));
    put_structured(x, to, "Sort Space Type", kind, true);
}

static void put_hash_space(struct explain *x, struct explain_node *to, const struct plan *n)
{
    const struct node_stats *s = &x->run->stats[n->id];
    if (!s->loops)
        return;
    put_line(x, to,
             arena_printf(x->arena, "Buckets: %llu  Batches: %llu  Memory Usage: %llukB",
                          (unsigned long long)s->buckets, (unsigned long long)s->batches,
                          kilobytes(s->memory_bytes)));
    put_number(x, to, "Hash Buckets", "%llu", (unsigned long long)s->buckets);
    put_number(x, to, "Original Hash Buckets", "%llu", (unsigned long long)s->buckets);
    put_number(x, to, "Hash Batches", "%llu", (unsigned long long)s->batches);
    put_number(x, to, "Original Hash Batches", "%llu", 1ull);
    put_number(x, to, "Peak Memory Usage", "%llu", kilobytes(s->memory_bytes));
}

static void put_agg_space(struct explain *x, struct explain_node *to, const struct plan *n)
{
    const struct node_stats *s = &x->run->stats[n->id];
    if (!s->loops || n->strategy != AGG_HASHED)
        return;
    put_line(x, to,
             arena_printf(x->arena, "Batches: %llu  Memory Usage: %llukB",
                          (unsigned long long)s->batches, kilobytes(s->memory_bytes)));
    put_number(x, to, "HashAgg Batches", "%llu", (unsigned long long)s->batches);
    put_number(x, to, "Peak Memory Usage", "%llu", kilobytes(s->memory_bytes));
}

/* ---- details ---- */

static void put_sets(struct explain *x, struct explain_node *to, const struct plan *n)
{
    for (int k = 0; k < n->nsets; k++) {
        struct plan_expr *list = arena_new_array(x->arena, struct plan_expr, n->ngroup + 1);
        int count = 0;
        for (int i = 0; i < n->ngroup; i++)
            if (n->sets[k].has[i])
                list[count++] = n->group[i];
        put_list(x, to, "Hash Key", list, count, NULL);
        if (!count)
            put_line(x, to, "Group Key: ()");
    }
}

/* A side of a condition, with the coercion that the text did not have. */
static const char *side_text(struct explain *x, const struct expr *e)
{
    struct expr shown = *e;
    if (shown.form == FORM_IMPLICIT)
        shown.form = FORM_CAST;
    return text_of(x, &shown, NULL);
}

static const char *keys_cond(struct explain *x, const struct plan *n)
{
    struct buf b = BUF_INIT;
    for (int i = 0; i < n->nhash; i++)
        buf_printf(&b, "%s%s%s = %s%s", i ? " AND " : "", n->nhash > 1 ? "(" : "",
                   side_text(x, n->hash_left[i].expr), side_text(x, n->hash_right[i].expr),
                   n->nhash > 1 ? ")" : "");
    const char *text = arena_printf(x->arena, "(%s)", buf_cstr(&b));
    buf_done(&b);
    return text;
}

static void put_output(struct explain *x, struct explain_node *to, const struct plan *n)
{
    const struct rte *rte = n->rte;
    struct plan_expr *list;
    int count = 0;
    if (!x->o->verbose || !rte || !rte->used || names_rows(n))
        return;
    list = arena_new_array(x->arena, struct plan_expr, rte->ncols + 1);
    for (int i = 0; i < rte->ncols; i++) {
        if (rte->used[i])
            list[count++].expr = column_of(x, rte, i + 1);
    }
    bool prefix = x->prefix;
    x->prefix = true;
    put_list(x, to, "Output", list, count, NULL);
    x->prefix = prefix;
}

static void put_sampling(struct explain *x, struct explain_node *to, const struct plan *n)
{
    if (n->kind != P_SEQSCAN || !n->nexprs)
        return;
    const char *text =
        arena_printf(x->arena, "%s (%s)", n->rte->sample, text_of(x, n->exprs[0].expr, NULL));
    if (n->nexprs > 1)
        text =
            arena_printf(x->arena, "%s REPEATABLE (%s)", text, text_of(x, n->exprs[1].expr, NULL));
    put(x, to, "Sampling", text);
}

static void put_files(struct explain *x, struct explain_node *to, const struct tf_skipping *s)
{
    put_line(x, to,
             arena_printf(x->arena,
                          "Files: %llu read, %llu skipped  Bytes: %llu read, %llu skipped",
                          (unsigned long long)s->files, (unsigned long long)s->skipped_files,
                          (unsigned long long)s->bytes, (unsigned long long)s->skipped_bytes));
    put_line(x, to,
             arena_printf(
                 x->arena, "Row Groups: %llu read, %llu skipped  Pages: %llu read, %llu skipped",
                 (unsigned long long)s->row_groups, (unsigned long long)s->skipped_row_groups,
                 (unsigned long long)s->pages, (unsigned long long)s->skipped_pages));
    put_number(x, to, "Files Read", "%llu", (unsigned long long)s->files);
    put_number(x, to, "Files Skipped", "%llu", (unsigned long long)s->skipped_files);
    put_number(x, to, "Bytes Read", "%llu", (unsigned long long)s->bytes);
    put_number(x, to, "Bytes Skipped", "%llu", (unsigned long long)s->skipped_bytes);
    put_number(x, to, "Row Groups Read", "%llu", (unsigned long long)s->row_groups);
    put_number(x, to, "Row Groups Skipped", "%llu", (unsigned long long)s->skipped_row_groups);
    put_number(x, to, "Pages Read", "%llu", (unsigned long long)s->pages);
    put_number(x, to, "Pages Skipped", "%llu", (unsigned long long)s->skipped_pages);
}

/* Commits write the log, and whole values: there are no images of pages. */
static void put_wal(struct explain *x, struct explain_node *to, const struct txn_written *w)
{
    if (w->versions)
        put_line(x, to,
                 arena_printf(x->arena, "WAL: records=%llu bytes=%llu",
                              (unsigned long long)w->versions, (unsigned long long)w->bytes));
    put_number(x, to, "WAL Records", "%llu", (unsigned long long)w->versions);
    put_number(x, to, "WAL FPI", "%d", 0);
    put_number(x, to, "WAL Bytes", "%llu", (unsigned long long)w->bytes);
}

static void put_details(struct explain *x, struct explain_node *to, const struct plan *n)
{
    const struct node_stats *s = x->run ? &x->run->stats[n->id] : NULL;
    put_output(x, to, n);
    put_sampling(x, to, n);
    put_expr(x, to, "Index Cond", n->index_cond, n->rte);
    if (n->kind == P_BITMAPHEAP)
        put_expr(x, to, "Recheck Cond", n->recheck.expr, n->rte);
    if (s && n->kind == P_BITMAPHEAP)
        put_removed(x, to, "Rows Removed by Index Recheck", n, s->removed_by_recheck);
    if (n->kind == P_HASHJOIN)
        put(x, to, "Hash Cond", keys_cond(x, n));
    if (n->kind == P_MERGEJOIN)
        put(x, to, "Merge Cond", keys_cond(x, n));
    put_expr(x, to, "Join Filter", n->join_filter.expr, NULL);
    if (s && n->join_filter.expr)
        put_removed(x, to, "Rows Removed by Join Filter", n, s->removed_by_join);
    if (n->kind == P_SORT) {
        put_list(x, to, "Sort Key", n->key_exprs, n->nkeys, n->keys);
        put_list(x, to, "Presorted Key", n->key_exprs, n->presorted, NULL);
        if (s)
            put_sort_space(x, to, n);
    }
    if (n->kind == P_AGG && n->nsets)
        put_sets(x, to, n);
    else if (n->kind == P_AGG)
        put_list(x, to, "Group Key", n->group, n->ngroup, NULL);
    if (n->kind == P_DISTINCT && n->strategy != AGG_SORTED)
        put_list(x, to, "Group Key", n->exprs, n->nexprs, NULL);
    put_own_filter(x, to, n);
    if (s && n->filter.expr && n->kind != P_RESULT)
        put_removed(x, to, "Rows Removed by Filter", n, s->removed_by_filter);
    if (s && n->kind == P_AGG)
        put_agg_space(x, to, n);
    if (s && s->has_files)
        put_files(x, to, &s->files);
    if (s && x->o->wal)
        put_wal(x, to, &s->written);
}

/* Computing columns is no node of its own in PostgreSQL's display. */
static bool is_hidden(const struct plan *n)
{
    if (n->kind == P_SUBQUERY && !n->filter.expr)
        return true;
    if (n->kind != P_PROJECT || expands_rows(n))
        return false;
    return !expands_rows(n->left); /* above a ProjectSet it is a Result */
}

static void put_kind(struct explain *x, struct explain_node *to, const struct plan *n,
                     const char *relationship, const char *subplan)
{
    static const char *const operations[] = {
        [P_INSERT] = "Insert", [P_UPDATE] = "Update", [P_DELETE] = "Delete", [P_MERGE] = "Merge"};
    put_structured(x, to, "Node Type", node_name(n, false), true);
    if (n->kind == P_AGG || (n->kind == P_DISTINCT && n->strategy != AGG_SORTED)) {
        bool hashed = n->kind == P_DISTINCT || n->strategy == AGG_HASHED;
        put_structured(x, to, "Strategy",
                       hashed                      ? "Hashed"
                       : n->strategy == AGG_SORTED ? "Sorted"
                                                   : "Plain",
                       true);
        put_structured(x, to, "Partial Mode", "Simple", true);
    }
    if (is_modify(n))
        put_structured(x, to, "Operation", operations[n->kind], true);
    if (n->kind == P_SETOP) {
        put_structured(x, to, "Strategy", "Hashed", true);
        put_structured(x, to, "Command", node_name(n, true) + strlen("HashSetOp "), true);
    }
    if (relationship)
        put_structured(x, to, "Parent Relationship", relationship, true);
    if (subplan)
        put_structured(x, to, "Subplan Name", subplan, true);
    put_structured(x, to, "Parallel Aware", "false", false);
    put_structured(x, to, "Async Capable", "false", false);
    if (n->kind == P_HASHJOIN || n->kind == P_MERGEJOIN || n->kind == P_NESTLOOP)
        put_structured(x, to, "Join Type", join_name(n->join), true);
    if (n->kind == P_BITMAPINDEX) {
        put_structured(x, to, "Index Name", n->index->name, true);
        return;
    }
    if (n->kind == P_INDEXSCAN) {
        put_structured(x, to, "Scan Direction", n->backward ? "Backward" : "Forward", true);
        put_structured(x, to, "Index Name", n->index->name, true);
    }
    if (n->kind == P_BITMAPINDEX)
        put_structured(x, to, "Index Name", n->index->name, true);
    const struct rte *rte = scanned(n);
    if (!rte)
        return;
    put_structured(x, to, rte->kind == RTE_CTE ? "CTE Name" : "Relation Name", scanned_name(x, rte),
                   true);
    if (x->o->verbose && rte->kind == RTE_RELATION)
        put_structured(x, to, "Schema", rte->rel->nsp_name, true);
    const char *alias = explain_alias(x->names, rte);
    put_structured(x, to, "Alias", alias ? alias : scanned_name(x, rte), true);
}

static struct explain_node *describe(struct explain *x, const struct plan *n,
                                     const char *relationship, const char *subplan);

static void add_kid(struct explain *x, struct explain_node *to, struct explain_node *kid)
{
    ARENA_PUSH(x->arena, to->kids, to->nkids, to->kids_cap, kid);
}

static struct explain_node *describe_hash(struct explain *x, const struct plan *join)
{
    struct explain_node *h = arena_new(x->arena, struct explain_node);
    h->title = "Hash";
    h->numbers = numbers_of(x, join->right, true);
    put_structured(x, h, "Node Type", "Hash", true);
    put_structured(x, h, "Parent Relationship", "Inner", true);
    put_structured(x, h, "Parallel Aware", "false", false);
    put_structured(x, h, "Async Capable", "false", false);
    put_numbers(x, h, join->right, true);
    if (x->run)
        put_hash_space(x, h, join);
    add_kid(x, h, describe(x, join->right, "Outer", NULL));
    return h;
}

static struct explain_node *describe(struct explain *x, const struct plan *n,
                                     const char *relationship, const char *subplan)
{
    while (is_hidden(n))
        n = n->left;
    struct explain_node *to = arena_new(x->arena, struct explain_node);
    to->title = title_of(x, n);
    to->numbers = numbers_of(x, n, false);
    to->heading = subplan;
    put_kind(x, to, n, relationship, subplan);
    put_numbers(x, to, n, false);
    put_details(x, to, n);
    if (n->left)
        add_kid(x, to, describe(x, n->left, n->kind == P_SUBQUERY ? "Subquery" : "Outer", NULL));
    if (n->right && n->kind == P_HASHJOIN)
        add_kid(x, to, describe_hash(x, n));
    else if (n->right)
        add_kid(x, to, describe(x, n->right, "Inner", NULL));
    for (int i = 0; i < n->ninputs; i++)
        add_kid(x, to, describe(x, n->inputs[i], "Member", NULL));
    return to;
}

/* ---- the whole ---- */

static bool runs_once(const struct subplan *s)
{
    return !s->correlated && s->kind != SUBLINK_ANY && s->kind != SUBLINK_ALL;
}

static void describe_subplans(struct explain *x, struct explain_node *root, bool once)
{
    for (int i = 0; i < x->plan->nsubplans; i++) {
        const struct subplan *s = x->plan->subplans[i];
        if (runs_once(s) != once)
            continue;
        const char *name = once ? arena_printf(x->arena, "InitPlan %d (returns $%d)", i + 1, i)
                                : arena_printf(x->arena, "SubPlan %d", i + 1);
        add_kid(x, root, describe(x, s->plan, once ? "InitPlan" : "SubPlan", name));
    }
}

/* What runs once comes before the nodes below the root, the rest after them. */
static void describe_subqueries(struct explain *x, struct explain_node *root)
{
    const struct statement_plan *plan = x->plan;
    const struct explain_node below = *root;
    root->kids = NULL;
    root->nkids = root->kids_cap = 0;
    for (int i = 0; i < plan->nctes; i++)
        add_kid(x, root,
                describe(x, plan->ctes[i].plan, "InitPlan",
                         arena_printf(x->arena, "CTE %s", plan->ctes[i].cte->name)));
    describe_subplans(x, root, true);
    for (int i = 0; i < below.nkids; i++)
        add_kid(x, root, below.kids[i]);
    describe_subplans(x, root, false);
}

static void put_settings(struct explain *x, struct explain_doc *doc)
{
    struct explain_prop *members =
        arena_new_array(x->arena, struct explain_prop, x->o->nsettings + 1);
    const char **texts = arena_new_array(x->arena, const char *, x->o->nsettings + 1);
    for (int i = 0; i < x->o->nsettings; i++) {
        const struct explain_setting *s = &x->o->settings[i];
        members[i] = (struct explain_prop){
            .label = s->name, .value = s->value, .quoted = true, .structured = true};
        texts[i] = arena_printf(x->arena, "%s = '%s'", s->name, s->value);
    }
    const struct explain_prop text = {
        .label = "Settings", .items = texts, .nitems = x->o->nsettings, .text = true};
    const struct explain_prop object = {.label = "Settings",
                                        .members = members,
                                        .nmembers = x->o->nsettings,
                                        .object = true,
                                        .structured = true};
    if (x->o->nsettings)
        ARENA_PUSH(x->arena, doc->props, doc->nprops, doc->props_cap, text);
    ARENA_PUSH(x->arena, doc->props, doc->nprops, doc->props_cap, object);
}

static void put_time(struct explain *x, struct explain_doc *doc, const char *label, double ms)
{
    struct explain_prop text = {
        .label = label, .value = arena_printf(x->arena, "%.3f ms", ms), .text = true};
    struct explain_prop number = {
        .label = label, .value = arena_printf(x->arena, "%.3f", ms), .structured = true};
    ARENA_PUSH(x->arena, doc->props, doc->nprops, doc->props_cap, text);
    ARENA_PUSH(x->arena, doc->props, doc->nprops, doc->props_cap, number);
}

/* Whether the statement has more than one range table entry, on whatever level. */
static bool has_several(const struct statement_plan *plan)
{
    const struct query *q = plan->query;
    return q->nrtes > 1 || (q->nrtes && q->rtes[0]->kind == RTE_SUBQUERY) || plan->nsubplans ||
           plan->nctes;
}

struct err *explain_plan(struct cat *cat, struct statement_plan *plan, struct exec *run,
                         const struct explain_options *o, struct buf *out)
{
    struct arena arena;
    arena_init(&arena);
    struct explain x = {.cat = cat, .plan = plan, .o = o, .arena = &arena, .run = run};
    struct explain_doc doc = {0};
    x.prefix = o->verbose || has_several(plan);
    x.slots = arena_new_array(&arena, const struct expr *, plan->nslots + 1);
    note_slots(&x, plan->root);
    for (int i = 0; i < plan->nctes; i++)
        note_slots(&x, plan->ctes[i].plan);
    for (int i = 0; i < plan->nsubplans; i++)
        note_slots(&x, plan->subplans[i]->plan);
    x.names = explain_names(plan, &arena);
    doc.root = describe(&x, plan->root, NULL, NULL);
    describe_subqueries(&x, doc.root);
    if (o->shows_settings)
        put_settings(&x, &doc);
    if (o->summary)
        put_time(&x, &doc, "Planning Time", o->planning_ms);
    struct explain_prop triggers = {.label = "Triggers", .group = true, .structured = true};
    if (run)
        ARENA_PUSH(&arena, doc.props, doc.nprops, doc.props_cap, triggers);
    if (run && o->summary)
        put_time(&x, &doc, "Execution Time", o->execution_ms);
    explain_write(&doc, o->format, out);
    arena_done(&arena);
    return buf_finish(out);
}
