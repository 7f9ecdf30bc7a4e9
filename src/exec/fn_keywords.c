/* Key words of SQL, as pg_get_keywords() lists them: PostgreSQL 15's own (manual, appendix C). */
#include "exec/exec_internal.h"
#include "exec/fn_session.h"

#include <stdlib.h>
#include <string.h>

/* Words that may be used alike, in one string. */
static const struct {
    char category;
    bool bare; /* can be a column's label without AS */
    const char *words;
} groups[] = {
    {'C', false, "char character precision"},
    {'C', true,
     "between bigint bit boolean coalesce dec decimal exists extract float greatest "
     "grouping inout int integer interval least national nchar none normalize nullif "
     "numeric out overlay position real row setof smallint substring time timestamp treat "
     "trim values varchar xmlattributes xmlconcat xmlelement xmlexists xmlforest "
     "xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable"},
    {'R', false,
     "array as create except fetch for from grant group having intersect into limit offset "
     "on order returning to union where window with"},
    {'R', true,
     "all analyse analyze and any asc asymmetric both case cast check collate column "
     "constraint current_catalog current_date current_role current_time current_timestamp "
     "current_user default deferrable desc distinct do else end false foreign in initially "
     "lateral leading localtime localtimestamp not null only or placing primary references "
     "select session_user some symmetric table then trailing true unique user using "
     "variadic when"},
    {'T', false, "isnull notnull overlaps"},
    {'T', true,
     "authorization binary collation concurrently cross current_schema freeze full ilike "
     "inner is join left like natural outer right similar tablesample verbose"},
    {'U', false, "day filter hour minute month over second varying within without year"},
    {'U', true,
     "abort absolute access action add admin after aggregate also alter always asensitive "
     "assertion assignment at atomic attach attribute backward before begin breadth by "
     "cache call called cascade cascaded catalog chain characteristics checkpoint class "
     "close cluster columns comment comments commit committed compression configuration "
     "conflict connection constraints content continue conversion copy cost csv cube "
     "current cursor cycle data database deallocate declare defaults deferred definer "
     "delete delimiter delimiters depends depth detach dictionary disable discard document "
     "domain double drop each enable encoding encrypted enum escape event exclude "
     "excluding exclusive execute explain expression extension external family finalize "
     "first following force forward function functions generated global granted groups "
     "handler header hold identity if immediate immutable implicit import include "
     "including increment index indexes inherit inherits inline input insensitive insert "
     "instead invoker isolation key label language large last leakproof level listen load "
     "local location lock locked logged mapping match matched materialized maxvalue merge "
     "method minvalue mode move name names new next nfc nfd nfkc nfkd no normalized "
     "nothing notify nowait nulls object of off oids old operator option options "
     "ordinality others overriding owned owner parallel parameter parser partial partition "
     "passing password plans policy preceding prepare prepared preserve prior privileges "
     "procedural procedure procedures program publication quote range read reassign "
     "recheck recursive ref referencing refresh reindex relative release rename repeatable "
     "replace replica reset restart restrict return returns revoke role rollback rollup "
     "routine routines rows rule savepoint schema schemas scroll search security sequence "
     "sequences serializable server session set sets share show simple skip snapshot sql "
     "stable standalone start statement statistics stdin stdout storage stored strict "
     "strip subscription support sysid system tables tablespace temp template temporary "
     "text ties transaction transform trigger truncate trusted type types uescape "
     "unbounded uncommitted unencrypted unknown unlisten unlogged until update vacuum "
     "valid validate validator value version view views volatile whitespace work wrapper "
     "write xml yes zone"},
};

struct keyword {
    struct str word;
    char category;
    bool bare;
};

struct keyword_list {
    struct keyword *all;
    int n;
    int at;
};

static int compare_words(const void *a, const void *b)
{
    return str_cmp(((const struct keyword *)a)->word, ((const struct keyword *)b)->word);
}

static struct keyword_list *list_words(struct arena *arena)
{
    struct keyword_list *l = arena_new(arena, struct keyword_list);
    int cap = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(groups); i++)
        for (const char *p = groups[i].words; *p;) {
            size_t len = strcspn(p, " ");
            struct keyword k = {str_make(p, len), groups[i].category, groups[i].bare};
            ARENA_PUSH(arena, l->all, l->n, cap, k);
            p += len + (p[len] == ' ');
        }
    qsort(l->all, (size_t)l->n, sizeof(*l->all), compare_words);
    return l;
}

static const char *category_text(char category)
{
    switch (category) {
    case 'R':
        return "reserved";
    case 'T':
        return "reserved (can be function or type name)";
    case 'C':
        return "unreserved (cannot be function or type name)";
    default:
        return "unreserved";
    }
}

struct err *list_keywords(void **state, struct fn_call *c, struct datum *row, int ncols, bool *done)
{
    struct keyword_list *l = *state;
    if (!l)
        *state = l = list_words(c->state_arena);
    *done = l->at >= l->n || ncols < 5;
    if (*done)
        return NULL;
    const struct keyword *k = &l->all[l->at++];
    row[0] = datum_str(k->word);
    row[1] = datum_int(k->category);
    row[2] = datum_bool(k->bare);
    row[3] = datum_str(str_from(category_text(k->category)));
    row[4] = datum_str(str_from(k->bare ? "can be bare label" : "requires AS"));
    return NULL;
}
