/* Triggers being called: by modify.c before and while rows are written, by the queue of checks.h
 * for those that come after. */
#include "exec/checks_internal.h"

#include "exec/language.h"
#include "exec/session.h"
#include "exec/trigger.h"

/* ---- which ---- */

static int event_bit(enum trigger_event event)
{
    switch (event) {
    case TRIGGER_INSERT:
        return TRIGGER_INSERT_BIT;
    case TRIGGER_UPDATE:
        return TRIGGER_UPDATE_BIT;
    case TRIGGER_DELETE:
        return TRIGGER_DELETE_BIT;
    case TRIGGER_TRUNCATE:
        break;
    }
    return 0;
}

static bool is_for(const struct trigger *t, enum trigger_time time, bool row,
                   enum trigger_event event)
{
    const bool before = (t->type & TRIGGER_BEFORE_BIT) != 0;
    return t->enabled != 'D' && t->type & event_bit(event) && before == (time == TRIGGER_BEFORE) &&
           ((t->type & TRIGGER_ROW_BIT) != 0) == row;
}

bool trigger_any(const struct relation *r, enum trigger_time time, bool row,
                 enum trigger_event event)
{
    for (int i = 0; i < r->ntriggers; i++)
        if (is_for(&r->triggers[i], time, row, event))
            return true;
    return false;
}

/* session_replication_role decides which of a table's triggers are on. */
static struct err *fires(const struct exec_env *env, const struct trigger *t,
                         enum trigger_time time, bool row, enum trigger_event event, bool *out)
{
    struct buf role = BUF_INIT;
    bool found;
    *out = is_for(t, time, row, event);
    if (!*out || t->enabled == 'A')
        return NULL;
    struct err *e = env->session->ops->setting_get(
        env->session, str_from("session_replication_role"), false, &role, &found);
    if (!e)
        *out = (strcmp(buf_cstr(&role), "replica") == 0) == (t->enabled == 'R');
    buf_done(&role);
    return e;
}

/* ---- calling ---- */

static struct err *call(const struct exec_env *env, const struct relation *r,
                        const struct trigger *t, enum trigger_event event, const struct datum *old,
                        const struct datum *new, struct arena *a, struct trigger_result *out)
{
    const struct trigger_call c = {
        .func = t->func,
        .name = t->name,
        .event = event,
        .time = t->type & TRIGGER_BEFORE_BIT ? TRIGGER_BEFORE : TRIGGER_AFTER,
        .for_each_row = (t->type & TRIGGER_ROW_BIT) != 0,
        .relation = r,
        .schema = r->nsp_name,
        .args = t->args,
        .nargs = t->nargs,
        .old_row = old,
        .new_row = new,
    };
    const struct cat_proc *p;
    struct checks_level outer;
    TRY(cat_load_proc(env->cat, t->func, &p));
    const struct language *l = p ? language_by_oid(p->lang) : NULL;
    if (!l)
        return err_unsupported("the language of the function of trigger \"%s\" has no triggers",
                               t->name);
    TRY(checks_enter(env->session, &outer));
    env->session->trigger_depth++;
    struct err *e = l->run_trigger(env->session, &c, a, out);
    env->session->trigger_depth--;
    checks_leave(env->session, &outer);
    return e;
}

struct err *trigger_before_row(const struct exec_env *env, const struct relation *r,
                               enum trigger_event event, const struct datum *old, struct datum *new,
                               struct arena *a, bool *skip)
{
    *skip = false;
    for (int i = 0; i < r->ntriggers && !*skip; i++) {
        struct trigger_result result = {0};
        bool on;
        TRY(fires(env, &r->triggers[i], TRIGGER_BEFORE, true, event, &on));
        if (!on)
            continue;
        TRY(call(env, r, &r->triggers[i], event, old, new, a, &result));
        *skip = !result.row;
        for (int k = 0; new &&result.row &&k < r->natts; k++)
            new[k] = r->atts[k].generated ? datum_null() : result.row[k];
    }
    return NULL;
}

struct err *trigger_before_statement(const struct exec_env *env, const struct relation *r,
                                     enum trigger_event event, struct arena *a)
{
    for (int i = 0; i < r->ntriggers; i++) {
        struct trigger_result result = {0};
        bool on;
        TRY(fires(env, &r->triggers[i], TRIGGER_BEFORE, false, event, &on));
        if (!on)
            continue;
        TRY(call(env, r, &r->triggers[i], event, NULL, NULL, a, &result));
        if (result.row)
            return err_new("39P01", "BEFORE STATEMENT trigger cannot return a value");
    }
    return NULL;
}

struct err *trigger_queue_after(const struct exec_env *env, const struct relation *r,
                                enum trigger_event event, const struct datum *old,
                                const struct datum *new)
{
    const bool row = old || new;
    for (int i = 0; i < r->ntriggers; i++) {
        bool on;
        TRY(fires(env, &r->triggers[i], TRIGGER_AFTER, row, event, &on));
        if (on)
            TRY(check_queue_trigger(env, r->triggers[i].oid, r->oid, event, old, new,
                                    row ? r->natts : 0));
    }
    return NULL;
}

/* ---- from the queue ---- */

static struct err *run_after(const struct exec_env *env, const struct check_event *ev,
                             const struct relation *r)
{
    const struct trigger *t = NULL;
    const enum trigger_event event = (enum trigger_event)ev->parent;
    struct trigger_result result;
    struct arena a;
    for (int i = 0; i < r->ntriggers && !t; i++)
        if (r->triggers[i].oid == ev->con)
            t = &r->triggers[i];
    if (!t)
        return NULL;
    if (ev->n && ev->n != r->natts)
        return err_new("XX000", "table \"%s\" has changed under its triggers", r->name);
    const struct datum *first = ev->n ? ev->old : NULL;
    const struct datum *old = event == TRIGGER_INSERT ? NULL : first;
    const struct datum *new = event == TRIGGER_INSERT ? first : ev->new;
    arena_init(&a);
    struct err *e = call(env, r, t, event, old, new, &a, &result);
    arena_done(&a);
    return e;
}

struct err *trigger_run_queued(const struct exec_env *env, const struct check_event *ev)
{
    struct relation *r;
    TRY(cat_relation(env->cat, ev->relid, &r));
    struct err *e = r ? run_after(env, ev, r) : NULL;
    relation_unref(r);
    return e;
}
