/* regexp_matches, regexp_split_to_table, string_to_table. */
#include "exec/functions/fn_internal.h"
#include "exec/functions/fn_regex.h"

#define SRF(name)                                                                          \
    static struct err *name(void **state, struct fn_call *c, struct datum *row, int ncols, \
                            bool *done)

struct matches {
    struct regex_walk walk;
    bool global;
    bool over;
};

static struct err *start(void **state, struct fn_call *c, const char *no_global,
                         struct matches **out)
{
    if (*state) {
        *out = *state;
        return NULL;
    }
    struct matches *m = arena_zalloc(c->state_arena, sizeof(*m));
    struct regex_flags flags;
    TRY(regex_parse_flags(c->nargs > 2 ? ARG_STR(2) : STR(""), &flags));
    if (no_global)
        TRY(regex_no_global(flags, no_global));
    m->global = flags.global;
    TRY(regex_walk_init(&m->walk, ARG_STR(0), ARG_STR(1), flags));
    *state = *out = m;
    return NULL;
}

SRF(regexp_matches)
{
    struct matches *m;
    TRY(start(state, c, NULL, &m));
    bool found = false;
    if (!m->over)
        TRY(regex_walk_next(&m->walk, &found));
    *done = !found;
    m->over = !m->global;
    return found ? regex_walk_array(&m->walk, c->arena, row) : NULL;
}

SRF(regexp_split)
{
    struct matches *m;
    TRY(start(state, c, "regexp_split_to_table()", &m));
    bool more;
    TRY(regex_split_next(&m->walk, row, &more));
    *done = !more;
    return NULL;
}

struct pieces {
    struct str rest;
    bool finished;
};

/* A NULL separator splits into characters. */
SRF(string_to_table)
{
    struct pieces *p = *state;
    if (!p) {
        p = *state = arena_zalloc(c->state_arena, sizeof(*p));
        p->finished = c->args[0].null || c->args[0].len == 0;
        if (!p->finished)
            p->rest = ARG_STR(0);
    }
    *done = p->finished;
    if (*done)
        return NULL;
    struct str piece;
    bool by_char = c->args[1].null;
    TRY(split_next(&p->rest, &p->finished, by_char ? STR("") : ARG_STR(1), by_char, &piece));
    bool null = c->nargs > 2 && !c->args[2].null && str_eq(piece, ARG_STR(2));
    *row = null ? datum_null() : datum_str(piece);
    return NULL;
}

const struct srf_impl srf_text_table[] = {
    {"regexp_matches", regexp_matches},      {"regexp_matches_no_flags", regexp_matches},
    {"regexp_split_to_table", regexp_split}, {"regexp_split_to_table_no_flags", regexp_split},
    {"text_to_table", string_to_table},      {"text_to_table_null", string_to_table},
};
TABLE_END(srf_text);
