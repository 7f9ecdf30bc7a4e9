/* Calls SQL functions by prosrc name, for comparison with PostgreSQL by tests/compare_functions.py.
 *
 * A line is tab-separated: kind (f: function, s: set-returning, a: aggregate, then "v" for a
 * VARIADIC call), name, result type OIDs (comma), argument type OIDs (comma), then the arguments'
 * text forms; for aggregates the rows follow each other. \N is NULL; \t, \n, \\ are escaped. Prints
 * the result's text form (rows and columns separated by | and ;), or the error. With --check FILE
 * it compares with recorded results instead: known.txt, recorded by the script. */
#include "exec/fn.h"
#include "types/datetime.h"

#include <stdio.h>
#include <stdlib.h>

enum { MAX_ARGS = 60, MAX_COLUMNS = 40, MAX_ROWS = 2000 };

static struct arena arena, row_arena;
static struct type_env env = {.extra_float_digits = 1};

static size_t unescape(char *s)
{
    char *to = s;
    for (char *p = s; *p; p++) {
        if (*p == '\\' && p[1]) {
            p++;
            *to++ = (char)(*p == 'n' ? '\n' : *p == 't' ? '\t' : *p);
        } else {
            *to++ = *p;
        }
    }
    *to = 0;
    return (size_t)(to - s);
}

static int parse_oids(char *s, uint32_t *oids)
{
    int n = 0;
    for (char *p = strtok(s, ","); p; p = strtok(NULL, ","))
        oids[n++] = (uint32_t)strtoul(p, NULL, 10);
    return n;
}

static struct err *put(struct buf *out, uint32_t oid, struct datum d)
{
    if (d.null) {
        buf_put_c(out, "<NULL>");
        return NULL;
    }
    const struct type_ops *t = type_by_oid(oid);
    if (!t)
        return err_new("XXXXX", "no type %u", oid);
    if (oid == BOOL_OID) {
        buf_put_c(out, d.i ? "true" : "false");
        return NULL;
    }
    return t->out(t, &env, d, out);
}

static struct err *read_arg(uint32_t oid, char *text, struct datum *out)
{
    if (strcmp(text, "\\N") == 0) {
        *out = datum_null();
        return NULL;
    }
    const struct type_ops *t = type_by_oid(oid);
    if (!t)
        return err_new("XXXXX", "no type %u", oid);
    size_t len = unescape(text);
    return t->in(t, &env, str_make(text, len), -1, &arena, out);
}

static struct err *run(char kind, const char *name, struct fn_call *c, uint32_t *results,
                       int nresults, struct datum *all, int given, struct buf *out)
{
    struct datum d;
    if (kind == 'f') {
        fn_impl f = fn_lookup(name);
        if (!f)
            return err_new("XXXXX", "no function %s", name);
        TRY(f(c, &d));
        return put(out, results[0], d);
    }
    if (kind == 's') {
        const struct srf_impl *s = srf_lookup(name);
        if (!s)
            return err_new("XXXXX", "no function %s", name);
        void *state = NULL;
        for (int rows = 0; rows < MAX_ROWS; rows++) {
            struct datum row[MAX_COLUMNS];
            bool done = false;
            arena_reset(&row_arena);
            TRY(s->next(&state, c, row, nresults, &done));
            if (done)
                break;
            for (int i = 0; i < nresults; i++) {
                if (i)
                    buf_put_u8(out, ';');
                TRY(put(out, results[i], row[i]));
            }
            buf_put_u8(out, '|');
        }
        return NULL;
    }
    uint32_t declared[2] = {c->arg_types[0], c->arg_types[1]};
    const struct agg_impl *a = agg_lookup(name, declared, c->nargs);
    for (int i = 0; !a && i < c->nargs; i++) {
        declared[i] = type_by_oid(declared[i])->elem ? ANYARRAY_OID : ANYNONARRAY_OID;
        a = agg_lookup(name, declared, c->nargs);
        if (!a) {
            declared[i] = ANYELEMENT_OID;
            a = agg_lookup(name, declared, c->nargs);
        }
    }
    if (!a)
        return err_new("XXXXX", "no aggregate %s", name);
    void *state = arena_zalloc(&arena, a->state_bytes);
    for (int at = 0; c->nargs && at + c->nargs <= given; at += c->nargs) {
        bool null = false;
        for (int i = 0; i < c->nargs; i++)
            null |= all[at + i].null;
        c->args = all + at;
        arena_reset(&row_arena);
        if (!null || !a->skip_nulls)
            TRY(a->add(state, c, &arena));
    }
    TRY(a->finish(state, c, &d));
    return put(out, results[0], d);
}

static struct err *call_line(char *line, struct buf *out)
{
    char *fields[MAX_ARGS + 4];
    int n = 0;
    for (char *p = line; p && n < MAX_ARGS + 4; n++) {
        fields[n] = p;
        p = strchr(p, '\t');
        if (p)
            *p++ = 0;
    }
    if (n < 4)
        return err_new("XXXXX", "bad line");
    uint32_t types[MAX_ARGS], results[MAX_COLUMNS];
    int nresults = parse_oids(fields[2], results), nargs = parse_oids(fields[3], types);
    struct datum args[MAX_ARGS];
    int given = n - 4;
    for (int i = 0; i < given; i++)
        TRY(read_arg(types[nargs ? i % nargs : 0], fields[4 + i], &args[i]));
    struct fn_call c = {.args = args,
                        .nargs = nargs,
                        .arena = &row_arena,
                        .env = &env,
                        .arg_types = types,
                        .variadic = fields[0][1] == 'v',
                        .result_type = results[0],
                        .state_arena = &arena};
    void *state = NULL;
    c.state = &state;
    return run(fields[0][0], fields[1], &c, results, nresults, args, given, out);
}

/* The result of a line, escaped. */
static void answer(char *line, struct buf *out)
{
    struct buf b = BUF_INIT;
    struct err *e = call_line(line, &b);
    if (e) {
        buf_reset(&b);
        buf_printf(&b, "ERR %s %s", e->sqlstate, e->message);
        err_free(e);
    }
    for (size_t i = 0; i < b.len; i++) {
        char c = (char)b.data[i];
        if (c == '\n')
            buf_put_c(out, "\\n");
        else if (c == '\t')
            buf_put_c(out, "\\t");
        else if (c == '\\')
            buf_put_c(out, "\\\\");
        else
            buf_put_u8(out, (uint8_t)c);
    }
    buf_done(&b);
    arena_reset(&arena);
    arena_reset(&row_arena);
}

static ssize_t read_line(FILE *f, char **line, size_t *cap)
{
    ssize_t n = getline(line, cap, f);
    if (n > 0 && (*line)[n - 1] == '\n')
        (*line)[--n] = 0;
    return n;
}

/* Calls and expected results in turn; how many differ. */
static int check_file(const char *path)
{
    FILE *f = fopen(path, "r");
    CHECK(f);
    char *call = NULL, *want = NULL;
    size_t call_cap = 0, want_cap = 0;
    int calls = 0, wrong = 0;
    while (read_line(f, &call, &call_cap) > 0 && read_line(f, &want, &want_cap) >= 0) {
        struct buf out = BUF_INIT;
        char *shown = strdup(call);
        answer(call, &out);
        calls++;
        if (strcmp(buf_cstr(&out), want) != 0) {
            wrong++;
            printf("%s\n  expected: %s\n  got:      %s\n", shown, want, buf_cstr(&out));
        }
        free(shown);
        buf_done(&out);
    }
    free(call);
    free(want);
    fclose(f);
    printf("%d calls, %d wrong\n", calls, wrong);
    return wrong || calls == 0;
}

int main(int argc, char **argv)
{
    arena_init(&arena);
    arena_init(&row_arena);
    const char *zone = getenv("PGTZ"), *now = getenv("PROBE_NOW");
    bool check = argc == 3 && strcmp(argv[1], "--check") == 0;
    env.tz = tz_find(str_from(zone ? zone : check ? "America/New_York" : "UTC"));
    if (!now)
        now = "2024-02-29 12:34:56.789012+00";
    struct err *e = timestamptz_parse(&env, str_from(now), &env.txn_timestamp);
    CHECK(!e);
    env.stmt_timestamp = env.txn_timestamp;
    int status = 0;
    if (check) {
        status = check_file(argv[2]);
    } else {
        char *line = NULL;
        size_t cap = 0;
        while (read_line(stdin, &line, &cap) >= 0) {
            struct buf out = BUF_INIT;
            answer(line, &out);
            puts(buf_cstr(&out));
            fflush(stdout);
            buf_done(&out);
        }
        free(line);
    }
    arena_done(&arena);
    arena_done(&row_arena);
    CHECK(err_alive() == 0);
    return status;
}
