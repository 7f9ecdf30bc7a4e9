/* Shared by the files that parse: tokens, names, expressions. */
#ifndef TARN_PLPGSQL_PARSER_H
#define TARN_PLPGSQL_PARSER_H

#include "plpgsql/plpgsql_internal.h"
#include "sql/scan.h"

struct parser {
    const struct compile_input *in;
    struct function *f;
    struct arena *arena; /* the function's */
    const char *text;
    struct token *tokens;
    int at;
    struct scope *scope;
    int ncases; /* CASE statements with an operand so far */
};

/* ---- tokens: number `i` of all; errors have a position in the body ---- */
static inline const struct token *token_at(const struct parser *p, int i)
{
    return &p->tokens[i];
}
/* Whether the token is that word, in any case and without quotes. */
bool word_at(const struct parser *p, int i, const char *word);
bool text_at(const struct parser *p, int i, const char *text); /* an operator or sign */
bool is_name(const struct parser *p, int i);
const char *name_at(const struct parser *p, int i); /* folded, or without its quotes */
bool accept_word(struct parser *p, const char *word);
bool accept_text(struct parser *p, const char *text);
struct err *expect_word(struct parser *p, const char *word) MUST_CHECK;
struct err *expect_text(struct parser *p, const char *text) MUST_CHECK;
struct err *syntax_error(const struct parser *p, int i) MUST_CHECK;
struct err *error_at(const struct parser *p, int i, struct err *e) MUST_CHECK;
int line_at(const struct parser *p, int i);
const char *slice(const struct parser *p, int first, int last); /* of tokens, both included */
/* The text of a string literal. 22P02 ... as for SQL. */
struct err *string_at(struct parser *p, int i, const char **out) MUST_CHECK;

/* The first token, from here, at no depth of brackets that is one of the words or signs (a list
 * that NULL ends). 42601. */
struct err *find_end(const struct parser *p, const char *const *ends, int *at) MUST_CHECK;
/* An expression up to such a token, which stays. `missing` is the end that errors name. */
struct err *read_expr(struct parser *p, const char *const *ends, const char *missing,
                      struct pl_expr **out) MUST_CHECK;
/* Expressions with commas between them, up to one of the ends. */
struct err *read_exprs(struct parser *p, const char *const *ends, const char *missing,
                       struct exprs *out) MUST_CHECK;
/* `sql` for tokens first to last of the body. */
struct pl_expr *new_expr(struct parser *p, const char *kind, int first, int last, const char *sql,
                         int shift);
/* Where the function is only to be checked: parses it. 42601. */
struct err *check_syntax(struct parser *p, struct pl_expr *e) MUST_CHECK;
/* A statement from token first to last, without INTO's tokens (into_first to into_last - 1). */
struct err *new_statement(struct parser *p, int first, int last, int into_first, int into_last,
                          struct pl_expr **out) MUST_CHECK;

/* ---- names (declare.c) ---- */
struct var *new_var(struct parser *p, const char *name, uint32_t type, int32_t typmod);
void bind_name(struct parser *p, const char *name, struct var *v);
struct scope *push_scope(struct parser *p, const char *label, bool is_loop);
/* A dotted name from the current token on: at most `max` names. */
int read_names(struct parser *p, const char **names, int max);
/* A variable or a record's field as a target of assignments, from the current token on. 42601,
 * 22005, 42703. */
struct err *read_target(struct parser *p, struct place *out) MUST_CHECK;
struct err *read_targets(struct parser *p, struct into *out) MUST_CHECK; /* what INTO names */
struct err *read_type(struct parser *p, const char *const *ends, uint32_t *type,
                      int32_t *typmod) MUST_CHECK;
/* DECLARE's declarations, up to BEGIN. */
struct err *read_declarations(struct parser *p, struct block *b) MUST_CHECK;
struct err *declare_arguments(struct parser *p) MUST_CHECK;
/* A shape for a variable of a composite type; does nothing for others. */
struct err *describe_var(struct parser *p, struct var *v) MUST_CHECK;

/* ---- statements (statements.c): each from its first word, behind its semicolon ---- */
struct stmt *new_stmt(struct parser *p, enum stmt_type type, int at);
/* Up to a word that ends them. */
struct err *read_statements(struct parser *p, struct stmts *out) MUST_CHECK;
/* loops.c */
struct err *read_if(struct parser *p, struct stmt **out) MUST_CHECK;
struct err *read_case(struct parser *p, struct stmt **out) MUST_CHECK;
struct err *read_loop(struct parser *p, const char *label, struct stmt **out) MUST_CHECK;
struct err *read_while(struct parser *p, const char *label, struct stmt **out) MUST_CHECK;
struct err *read_for(struct parser *p, const char *label, struct stmt **out) MUST_CHECK;
struct err *read_foreach(struct parser *p, const char *label, struct stmt **out) MUST_CHECK;
struct err *read_exit(struct parser *p, enum stmt_type type, struct stmt **out) MUST_CHECK;
struct err *check_end_label(struct parser *p, const char *label) MUST_CHECK;
/* sql_statements.c */
struct err *read_sql(struct parser *p, struct stmt **out) MUST_CHECK;
struct err *read_perform(struct parser *p, struct stmt **out) MUST_CHECK;
struct err *read_call(struct parser *p, struct stmt **out) MUST_CHECK;
struct err *read_execute(struct parser *p, struct stmt **out) MUST_CHECK;
struct err *read_diagnostics(struct parser *p, struct stmt **out) MUST_CHECK;
struct err *read_open(struct parser *p, struct stmt **out) MUST_CHECK;
struct err *read_fetch(struct parser *p, bool move, struct stmt **out) MUST_CHECK;
struct err *read_close(struct parser *p, struct stmt **out) MUST_CHECK;
struct err *read_transaction_end(struct parser *p, enum stmt_type type,
                                 struct stmt **out) MUST_CHECK;
struct err *read_using(struct parser *p, const char *const *ends, const char *missing,
                       struct exprs *out) MUST_CHECK;
struct err *read_query(struct parser *p, struct pl_expr **query, struct pl_expr **dynamic,
                       struct exprs *params) MUST_CHECK;
struct err *read_cursor_args(struct parser *p, const struct var *cursor,
                             struct exprs *out) MUST_CHECK;
/* A block without its semicolon. */
struct err *read_block(struct parser *p, const char *label, struct stmt **out) MUST_CHECK;

#endif
