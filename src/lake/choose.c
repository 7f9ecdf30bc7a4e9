#include "lake/choose.h"

#include "base/arena.h"

static bool ask(void *arg, size_t which, const struct lake_summary *summary)
{
    const struct lake_chosen *c = arg;
    return c->of->may(c->of->arg, c->which[which], summary);
}

void lake_chosen_init(struct lake_chosen *c, const struct lake_chooser *of, struct arena *arena)
{
    *c = (struct lake_chosen){.of = of};
    c->which = arena_new_array(arena, uint32_t, of->column_count + 1);
    c->columns = arena_new_array(arena, uint32_t, of->column_count + 1);
    c->chooser.columns = c->columns;
    c->chooser.may = ask;
    c->chooser.arg = c;
}

void lake_chosen_add(struct lake_chosen *c, size_t which, uint32_t column)
{
    size_t n = c->chooser.column_count++;
    c->which[n] = (uint32_t)which;
    c->columns[n] = column;
}
