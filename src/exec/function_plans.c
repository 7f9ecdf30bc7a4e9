/* See function_plans.h. The most recently used is first; the last one makes room. */
#include "exec/function_plans.h"

#include "catalog/acl.h"
#include "exec/fn.h"
#include "exec/session.h"
#include "exec/setting_items.h"
#include "sql/plan.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_KEPT = 128 };

struct function_plans {
    struct function_plan *first;
    int count;
};

void function_plan_release(struct function_plan *f)
{
    if (--f->refs > 0)
        return;
    for (int i = 0; f->plans && i < f->parsed.count; i++)
        plan_unref(f->plans[i]);
    if (f->compiled)
        f->free_compiled(f->compiled);
    arena_done(&f->arena);
    free(f);
}

static void unlink_plan(struct function_plans *all, struct function_plan **at)
{
    struct function_plan *f = *at;
    *at = f->next;
    f->next = NULL;
    f->kept = false;
    all->count--;
}

static bool is_for(const struct function_plan *f, const struct cat *cat, const struct fn_call *c,
                   int nargs)
{
    return f->func == c->func && f->nargs == nargs && f->role == cat->role &&
           f->plans_off == cat->plans_off && f->npath == cat->nsearch_path &&
           memcmp(f->types, c->arg_types, sizeof(*f->types) * (size_t)nargs) == 0 &&
           memcmp(f->path, cat->search_path, sizeof(*f->path) * (size_t)f->npath) == 0;
}

static bool is_current(const struct function_plan *f, const struct cat *cat)
{
    return !cat->local && f->catalog_version == catalog_version(cat->shared) &&
           f->catalog_changes == cat->changes;
}

static struct function_plan *fresh(const struct cat *cat, const struct fn_call *c, int nargs)
{
    struct function_plan *f = calloc(1, sizeof(*f));
    CHECK(f != NULL);
    arena_init(&f->arena);
    f->refs = 1;
    f->func = c->func;
    f->nargs = nargs;
    f->types = arena_new_array(&f->arena, uint32_t, nargs + 1);
    for (int i = 0; i < nargs; i++)
        f->types[i] = c->arg_types[i];
    f->npath = cat->nsearch_path;
    f->path = arena_new_array(&f->arena, uint32_t, f->npath + 1);
    for (int i = 0; i < f->npath; i++)
        f->path[i] = cat->search_path[i];
    f->role = cat->role;
    f->plans_off = cat->plans_off;
    f->catalog_version = catalog_version(cat->shared);
    f->catalog_changes = cat->changes;
    return f;
}

struct function_plan *function_plan_get(struct session *s, const struct fn_call *c, int nargs)
{
    struct function_plans *all = s->functions;
    for (struct function_plan **at = all ? &all->first : NULL; at && *at;) {
        struct function_plan *f = *at;
        if (!is_current(f, &s->cat)) {
            if (s->cat.local) /* others may still be, when the transaction ends */
                break;
            unlink_plan(all, at);
            function_plan_release(f);
            continue;
        }
        if (!is_for(f, &s->cat, c, nargs)) {
            at = &f->next;
            continue;
        }
        *at = f->next;
        f->next = all->first;
        all->first = f;
        f->refs++;
        return f;
    }
    return fresh(&s->cat, c, nargs);
}

void function_plan_keep(struct session *s, struct function_plan *f)
{
    struct function_plans *all = s->functions;
    if (s->cat.local)
        return;
    if (!all)
        all = s->functions = calloc(1, sizeof(*all));
    CHECK(all != NULL);
    f->next = all->first;
    all->first = f;
    all->count++;
    f->kept = true;
    f->refs++;
    if (all->count <= MAX_KEPT)
        return;
    struct function_plan **last = &all->first;
    while ((*last)->next)
        last = &(*last)->next;
    f = *last;
    unlink_plan(all, last);
    function_plan_release(f);
}

void function_plan_drop(struct session *s, struct function_plan *f)
{
    struct function_plans *all = s->functions;
    if (!f->kept)
        return;
    for (struct function_plan **at = &all->first; *at; at = &(*at)->next) {
        if (*at != f)
            continue;
        unlink_plan(all, at);
        function_plan_release(f);
        return;
    }
}

void function_plans_free(struct session *s)
{
    struct function_plans *all = s->functions;
    while (all && all->first) {
        struct function_plan *f = all->first;
        unlink_plan(all, &all->first);
        function_plan_release(f);
    }
    free(all);
    s->functions = NULL;
}

/* ---- calls ---- */

/* From here on the session acts as that role. */
static struct err *act_as(struct session *s, uint32_t role)
{
    const struct role_rights *rights;
    if (s->cat.role == role)
        return NULL;
    s->cat.role = role;
    TRY(cat_rights(&s->cat, &rights));
    s->superuser = rights->superuser;
    return NULL;
}

struct err *function_enter(struct session *s, const struct cat_proc *p, struct arena *a,
                           struct function_entry *entry)
{
    *entry =
        (struct function_entry){s->cat.role, s->superuser, arena_new(a, struct saved_settings)};
    if (p->definer)
        TRY(act_as(s, p->owner));
    return settings_enter(s, p, a, entry->settings);
}

struct err *function_leave(struct session *s, struct function_entry *entry, struct err *e)
{
    struct err *restore = settings_restore(s, entry->settings);
    s->cat.role = entry->role;
    s->superuser = entry->superuser;
    if (e)
        err_free(restore);
    return e ? e : restore;
}
