/* Transaction numbers: which are in progress, what became of them (manual section 9.26.8). The
 * numbers are for display: what a statement sees is decided by commits (txn/README.md). */
#include "exec/exec_internal.h"
#include "exec/fn_session.h"

#include "exec/session.h"
#include "types/snapshot.h"

#include <stdlib.h>

struct active {
    struct arena *arena;
    uint64_t *xids; /* of the sessions' transactions */
    int n;
    int cap;
};

static void note_session(void *arg, const struct session_info *info)
{
    struct active *a = arg;
    if (info->xid)
        ARENA_PUSH(a->arena, a->xids, a->n, a->cap, info->xid);
}

static int compare_xids(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static struct txn_mgr *manager(const struct fn_call *c)
{
    return catalog_txn_mgr(c->session->cat.shared);
}

/* Those that began last and run still are left out: xmax is before them. */
static struct err *current_snapshot(struct fn_call *c, struct datum *out)
{
    struct active a = {.arena = c->arena};
    struct buf b = BUF_INIT;
    TRY(need_session(c));
    uint64_t xmax = txn_next_xid(manager(c));
    c->session->ops->each_session(note_session, &a);
    if (a.n)
        qsort(a.xids, (size_t)a.n, sizeof(*a.xids), compare_xids);
    while (a.n && a.xids[a.n - 1] >= xmax)
        a.n--;
    while (a.n && a.xids[a.n - 1] == xmax - 1) {
        a.n--;
        xmax--;
    }
    snapshot_put(&b, a.n ? a.xids[0] : xmax, xmax, a.xids, (size_t)a.n);
    return text_result(c, &b, out);
}

static struct err *open_argument(const struct fn_call *c, int i, struct snapshot_text *out)
{
    return snapshot_open(datum_as_str(c->args[i]), out) ? NULL
                                                        : err_new("XX001", "malformed snapshot");
}

static struct err *snapshot_xmin(struct fn_call *c, struct datum *out)
{
    struct snapshot_text s;
    TRY(open_argument(c, 0, &s));
    *out = datum_int((int64_t)s.xmin);
    return NULL;
}

static struct err *snapshot_xmax(struct fn_call *c, struct datum *out)
{
    struct snapshot_text s;
    TRY(open_argument(c, 0, &s));
    *out = datum_int((int64_t)s.xmax);
    return NULL;
}

static struct err *visible_in_snapshot(struct fn_call *c, struct datum *out)
{
    struct snapshot_text s;
    uint64_t wanted = c->args[0].u;
    uint64_t xid;
    TRY(open_argument(c, 1, &s));
    bool visible = wanted < s.xmax;
    while (visible && wanted >= s.xmin && snapshot_next(&s, &xid))
        visible = xid != wanted;
    *out = datum_bool(visible);
    return NULL;
}

static struct err *snapshot_xip(void **state, struct fn_call *c, struct datum *row, int ncols,
                                bool *done)
{
    struct snapshot_text *s = *state;
    uint64_t xid = 0;
    (void)ncols;
    if (!s) {
        *state = s = arena_new(c->state_arena, struct snapshot_text);
        TRY(open_argument(c, 0, s));
        s->rest = arena_str(c->state_arena, s->rest);
    }
    *done = !snapshot_next(s, &xid);
    row[0] = datum_int((int64_t)xid);
    return NULL;
}

static struct err *xact_status(struct fn_call *c, struct datum *out)
{
    struct active a = {.arena = c->arena};
    uint64_t xid = c->args[0].u;
    TRY(need_session(c));
    if (xid >= txn_next_xid(manager(c)))
        return err_new("22023", "transaction ID %llu is in the future", (unsigned long long)xid);
    c->session->ops->each_session(note_session, &a);
    const char *text = NULL;
    for (int i = 0; i < a.n; i++)
        if (a.xids[i] == xid)
            text = "in progress";
    bool committed;
    if (!text && txn_outcome(manager(c), xid, &committed))
        text = committed ? "committed" : "aborted";
    *out = text ? datum_str(str_from(text)) : datum_null();
    return NULL;
}

/* Transactions that became one with the past, which here are all, have no age: nothing has to be
 * done about their numbers, which are never used again. */
static struct err *xid_age(struct fn_call *c, struct datum *out)
{
    enum { BOOTSTRAP_XID = 1, FROZEN_XID = 2 };
    uint32_t xid = (uint32_t)c->args[0].u;
    TRY(need_session(c));
    if (!xid)
        *out = datum_int(INT32_MAX);
    else if (xid == BOOTSTRAP_XID || xid == FROZEN_XID)
        *out = datum_int(0);
    else
        *out = datum_int((int32_t)((uint32_t)txn_next_xid(manager(c)) - xid));
    return NULL;
}

/* There are no multixacts: the next would be the first. */
static struct err *mxid_age(struct fn_call *c, struct datum *out)
{
    enum { FIRST_MULTIXACT = 1 };
    uint32_t mxid = (uint32_t)c->args[0].u;
    *out = datum_int(mxid ? (int32_t)(FIRST_MULTIXACT - mxid) : INT32_MAX);
    return NULL;
}

static struct err *xid8_to_xid(struct fn_call *c, struct datum *out)
{
    *out = datum_int((uint32_t)c->args[0].u);
    return NULL;
}

static const struct {
    const char *src;
    fn_impl fn;
} table[] = {
    {"xid_age", xid_age},
    {"mxid_age", mxid_age},
    {"xid8toxid", xid8_to_xid},
    {"pg_current_snapshot", current_snapshot},
    {"pg_snapshot_xmin", snapshot_xmin},
    {"pg_snapshot_xmax", snapshot_xmax},
    {"pg_visible_in_snapshot", visible_in_snapshot},
    {"pg_xact_status", xact_status},
};

fn_impl snapshot_fn_lookup(const char *prosrc)
{
    for (size_t i = 0; i < ARRAY_LENGTH(table); i++)
        if (strcmp(table[i].src, prosrc) == 0)
            return table[i].fn;
    return NULL;
}

const struct srf_impl snapshot_xip_srf = {"pg_snapshot_xip", snapshot_xip};
