/* See scan.h. */
#include "sql/scan.h"

#include "rt/stack.h"
#include "sql/parse.h"

#include <ctype.h>
#include <pg_query.h>
#include <pg_query/pg_query.pb-c.h>
#include <string.h>

enum { SCAN_STACK_BYTES = 512 * 1024 };

struct job {
    const char *sql;
    struct arena *arena;
    struct token *tokens;
    int count;
    int cap;
    struct err *error;
};

static enum token_kind kind_of(const char *text, const PgQuery__ScanToken *t)
{
    const unsigned char c = (unsigned char)text[0];
    if (t->token == PG_QUERY__TOKEN__SCONST || t->token == PG_QUERY__TOKEN__USCONST)
        return TOKEN_STRING;
    if (t->token == PG_QUERY__TOKEN__UIDENT || c == '"')
        return TOKEN_QUOTED_NAME;
    bool word = isalpha(c) || c == '_' || c >= 0x80;
    return word && t->token != PG_QUERY__TOKEN__BCONST && t->token != PG_QUERY__TOKEN__XCONST
               ? TOKEN_WORD
               : TOKEN_OTHER;
}

static void take(struct job *job, const PgQuery__ScanResult *r)
{
    for (size_t i = 0; i < r->n_tokens; i++) {
        const PgQuery__ScanToken *t = r->tokens[i];
        if (t->token == PG_QUERY__TOKEN__SQL_COMMENT || t->token == PG_QUERY__TOKEN__C_COMMENT)
            continue;
        struct token token = {kind_of(job->sql + t->start, t), t->start, t->end};
        ARENA_PUSH(job->arena, job->tokens, job->count, job->cap, token);
    }
    int end = (int)strlen(job->sql);
    struct token last = {TOKEN_END, end, end};
    ARENA_PUSH(job->arena, job->tokens, job->count, job->cap, last);
}

static void scan_main(void *arg)
{
    struct job *job = arg;
    PgQueryScanResult r = pg_query_scan(job->sql);
    if (r.error) {
        job->error = err_at(err_new("42601", "%s", r.error->message), r.error->cursorpos);
    } else {
        PgQuery__ScanResult *all =
            pg_query__scan_result__unpack(NULL, r.pbuf.len, (const uint8_t *)r.pbuf.data);
        if (all)
            take(job, all);
        else
            job->error = err_oom();
        pg_query__scan_result__free_unpacked(all, NULL);
    }
    pg_query_free_scan_result(r);
}

struct err *scan_sql(const char *sql, struct arena *arena, struct token **out, int *count)
{
    struct job job = {.sql = sql, .arena = arena};
    TRY(stack_call(SCAN_STACK_BYTES, scan_main, &job));
    TRY(job.error);
    *out = job.tokens;
    *count = job.count;
    return NULL;
}

struct err *scan_string(const char *literal, struct arena *arena, const char **out)
{
    struct parsed parsed;
    TRY(parse_sql(arena_printf(arena, "SELECT %s", literal), arena, &parsed));
    const PgQuery__SelectStmt *s = parsed.stmts[0].tree->select_stmt;
    const PgQuery__Node *value = s->target_list[0]->res_target->val;
    *out = value->node_case == PG_QUERY__NODE__NODE_A_CONST ? value->a_const->sval->sval : "";
    return NULL;
}
