/* Operators and operator classes that extensions make, for types of theirs: a register by database,
 * which builtin_oper and its like look at after the built-in rows. What a database has is read when
 * one of its types first is; later changes are made here along with those of the system tables, and
 * undone when their transaction is. Others can see them a little before they are committed, as with
 * casts (user_cast.c). */
#include "catalog/ddl.h"

#include "catalog/cache_internal.h"
#include "catalog/systab.h"

#include <pthread.h>
#include <stdlib.h>

enum made_kind { MADE_OPER, MADE_MEMBER, MADE_CLASS };

struct made {
    enum made_kind kind;
    uint32_t db;
    uint32_t oid;
    uint32_t nsp;
    bool live; /* guarded by mu; the rest never changes: a row that does is another entry */
    struct cat_oper oper;
    struct cat_amop member;
    struct cat_opclass opclass;
    struct made *next;
};
enum { MAX_DATABASES = 1024 };

static pthread_mutex_t mu = PTHREAD_MUTEX_INITIALIZER;
static struct made *all; /* guarded by mu; entries stay, since plans point to them */
static uint32_t read_databases[MAX_DATABASES]; /* guarded by mu */
static int nread;
static atomic_bool any; /* there has been one */

static bool there_are_some(void)
{
    return atomic_load_explicit(&any, memory_order_acquire);
}

/* Adds a copy that lives on; 'name' is copied too. */
static struct made *add_locked(const struct made *from)
{
    struct made *m = calloc(1, sizeof(*m));
    CHECK(m != NULL);
    *m = *from;
    struct str *name = m->kind == MADE_CLASS ? &m->opclass.name : &m->oper.name;
    if (name->len) {
        char *copy = malloc(name->len);
        CHECK(copy != NULL);
        memcpy(copy, name->data, name->len);
        *name = str_make(copy, name->len);
    }
    m->live = true;
    m->next = all;
    all = m;
    atomic_store_explicit(&any, true, memory_order_release);
    return m;
}

static struct made *find_locked(enum made_kind kind, uint32_t oid)
{
    struct made *m = all;
    while (m && (!m->live || m->kind != kind || m->oid != oid))
        m = m->next;
    return m;
}

/* ---- what the rows say ---- */

static uint32_t oid_of(struct datum d)
{
    return (uint32_t)d.u;
}

static struct made oper_of(const struct datum *v)
{
    return (struct made){.kind = MADE_OPER,
                         .oid = oid_of(v[OPR_OID]),
                         .nsp = oid_of(v[OPR_NSP]),
                         .oper = {.oid = oid_of(v[OPR_OID]),
                                  .name = datum_as_str(v[OPR_NAME]),
                                  .kind = (char)v[OPR_KIND].i,
                                  .can_merge = v[OPR_CANMERGE].i != 0,
                                  .can_hash = v[OPR_CANHASH].i != 0,
                                  .left = oid_of(v[OPR_LEFT]),
                                  .right = oid_of(v[OPR_RIGHT]),
                                  .result = oid_of(v[OPR_RESULT]),
                                  .commutator = oid_of(v[OPR_COM]),
                                  .negator = oid_of(v[OPR_NEGATE]),
                                  .proc = oid_of(v[OPR_CODE])}};
}

static struct made member_of(const struct datum *v)
{
    return (struct made){.kind = MADE_MEMBER,
                         .oid = oid_of(v[AMOP_OID]),
                         .member = {.family = oid_of(v[AMOP_FAMILY]),
                                    .left = oid_of(v[AMOP_LEFT]),
                                    .right = oid_of(v[AMOP_RIGHT]),
                                    .strategy = (int)v[AMOP_STRATEGY].i,
                                    .oper = oid_of(v[AMOP_OPR]),
                                    .am = oid_of(v[AMOP_METHOD])}};
}

static struct made class_of(const struct datum *v)
{
    return (struct made){.kind = MADE_CLASS,
                         .oid = oid_of(v[OPC_OID]),
                         .nsp = oid_of(v[OPC_NSP]),
                         .opclass = {.oid = oid_of(v[OPC_OID]),
                                     .am = oid_of(v[OPC_METHOD]),
                                     .name = datum_as_str(v[OPC_NAME]),
                                     .family = oid_of(v[OPC_FAMILY]),
                                     .input = oid_of(v[OPC_INTYPE]),
                                     .is_default = v[OPC_DEFAULT].i != 0}};
}

static const struct {
    uint32_t relid;
    uint32_t oid_index;
    enum made_kind kind;
    struct made (*read)(const struct datum *v);
} tables[] = {{PG_OPERATOR, OPERATOR_OID_INDEX, MADE_OPER, oper_of},
              {PG_AMOP, AMOP_OID_INDEX, MADE_MEMBER, member_of},
              {PG_OPCLASS, OPCLASS_OID_INDEX, MADE_CLASS, class_of}};

/* ---- reading ---- */

static bool is_read(uint32_t db)
{
    bool found = false;
    pthread_mutex_lock(&mu);
    for (int i = 0; i < nread && !found; i++)
        found = read_databases[i] == db;
    pthread_mutex_unlock(&mu);
    return found;
}

/* Beyond MAX_DATABASES they are read again each time. */
static void note_read(uint32_t db)
{
    if (is_read(db))
        return;
    pthread_mutex_lock(&mu);
    if (nread < MAX_DATABASES)
        read_databases[nread++] = db;
    pthread_mutex_unlock(&mu);
}

static struct err *load_table(struct cat *c, size_t k)
{
    struct systab_scan scan;
    struct datum v[SYSTAB_MAX_COLUMNS];
    TRY(systab_open(c, tables[k].relid, 0, NULL, 0, &scan));
    struct err *e = NULL;
    for (bool found = true; !e && found;) {
        e = systab_next(&scan, v, &found);
        if (e || !found || oid_of(v[0]) < FIRST_USER_OID)
            continue;
        struct made m = tables[k].read(v);
        const struct cat_proc *p;
        m.db = c->db;
        if (m.kind == MADE_OPER)
            e = cat_load_proc(c, m.oper.proc, &p);
        pthread_mutex_lock(&mu);
        if (!find_locked(m.kind, m.oid))
            (void)add_locked(&m);
        pthread_mutex_unlock(&mu);
    }
    systab_close(&scan);
    return e;
}

struct err *cat_load_operators(struct cat *c)
{
    struct err *e = NULL;
    if (c->reading_operators || is_read(c->db)) /* what the scans load comes here again */
        return NULL;
    c->reading_operators = true;
    for (size_t k = 0; k < ARRAY_LENGTH(tables) && !e; k++)
        e = load_table(c, k);
    c->reading_operators = false;
    if (!e)
        note_read(c->db);
    return e;
}

/* ---- look-ups ---- */

const struct cat_oper *user_oper_find(uint32_t oid)
{
    if (!there_are_some())
        return NULL;
    pthread_mutex_lock(&mu);
    const struct made *m = find_locked(MADE_OPER, oid);
    pthread_mutex_unlock(&mu);
    return m ? &m->oper : NULL;
}

const struct cat_amop *user_amop_of(uint32_t oper)
{
    const struct made *m = NULL;
    if (oper < FIRST_USER_OID || !there_are_some())
        return NULL;
    pthread_mutex_lock(&mu);
    /* The family that was made first is the default one of its type. */
    for (struct made *at = all; at; at = at->next)
        if (at->live && at->kind == MADE_MEMBER && at->member.oper == oper &&
            at->member.am == BTREE_AM)
            m = at;
    pthread_mutex_unlock(&mu);
    return m ? &m->member : NULL;
}

uint32_t user_btree_oper(uint32_t left, uint32_t right, int strategy)
{
    uint32_t oper = 0;
    if (!there_are_some())
        return 0;
    pthread_mutex_lock(&mu);
    for (struct made *at = all; at; at = at->next)
        if (at->live && at->kind == MADE_MEMBER && at->member.am == BTREE_AM &&
            at->member.left == left && at->member.right == right && at->member.strategy == strategy)
            oper = at->member.oper;
    pthread_mutex_unlock(&mu);
    return oper;
}

static bool class_fits(const struct made *m, uint32_t am, uint32_t type, struct str name)
{
    return m->live && m->kind == MADE_CLASS && m->opclass.am == am &&
           (name.len ? str_eq(m->opclass.name, name)
                     : m->opclass.is_default && m->opclass.input == type);
}

const struct cat_opclass *user_opclass_find(uint32_t am, uint32_t type, struct str name)
{
    if (!there_are_some())
        return NULL;
    pthread_mutex_lock(&mu);
    const struct made *m = all;
    while (m && !class_fits(m, am, type, name))
        m = m->next;
    pthread_mutex_unlock(&mu);
    return m ? &m->opclass : NULL;
}

const struct cat_opclass *user_opclass(uint32_t oid)
{
    if (oid < FIRST_USER_OID || !there_are_some())
        return NULL;
    pthread_mutex_lock(&mu);
    const struct made *m = find_locked(MADE_CLASS, oid);
    pthread_mutex_unlock(&mu);
    return m ? &m->opclass : NULL;
}

static uint32_t namespace_of(enum made_kind kind, uint32_t oid)
{
    pthread_mutex_lock(&mu);
    const struct made *m = find_locked(kind, oid);
    uint32_t nsp = m ? m->nsp : PG_CATALOG_NSP;
    pthread_mutex_unlock(&mu);
    return nsp;
}

uint32_t cat_oper_namespace(uint32_t oid)
{
    return namespace_of(MADE_OPER, oid);
}

uint32_t cat_opclass_namespace(uint32_t oid)
{
    return namespace_of(MADE_CLASS, oid);
}

static bool is_searched(const struct cat *c, uint32_t nsp, uint32_t wanted)
{
    for (int i = 0; !wanted && i < c->nsearch_path; i++)
        if (c->search_path[i] == nsp)
            return true;
    return wanted && nsp == wanted;
}

struct err *cat_user_opers(struct cat *c, struct str nsp_name, struct str name, struct arena *a,
                           const struct cat_oper **out, int *n)
{
    uint32_t nsp = 0;
    int cap = 0;
    struct cat_oper *list = NULL;
    *out = NULL;
    *n = 0;
    if (!there_are_some())
        return NULL;
    if (nsp_name.len)
        TRY(cat_namespace_oid(c, nsp_name, &nsp));
    if (nsp_name.len && !nsp)
        return NULL;
    pthread_mutex_lock(&mu);
    for (struct made *m = all; m; m = m->next)
        if (m->live && m->kind == MADE_OPER && m->db == c->db && str_eq(m->oper.name, name) &&
            is_searched(c, m->nsp, nsp))
            ARENA_PUSH(a, list, *n, cap, m->oper);
    pthread_mutex_unlock(&mu);
    *out = list;
    return NULL;
}

/* ---- changes ---- */

static void set_live(struct made *m, bool live)
{
    pthread_mutex_lock(&mu);
    m->live = live;
    pthread_mutex_unlock(&mu);
}

static void revive(void *m)
{
    set_live(m, true);
}

static void forget(void *m)
{
    set_live(m, false);
}

static size_t table_of(uint32_t relid)
{
    size_t k = 0;
    while (tables[k].relid != relid)
        k++;
    return k;
}

/* The old one, if there is one, goes. */
static void replace(struct cat *c, struct made *m)
{
    pthread_mutex_lock(&mu);
    struct made *old = find_locked(m->kind, m->oid);
    if (old)
        old->live = false;
    struct made *made = add_locked(m);
    pthread_mutex_unlock(&mu);
    if (old)
        txn_on_commit(c->txn, NULL, revive, old);
    txn_on_commit(c->txn, NULL, forget, made);
}

struct err *ddl_put_operator_row(struct cat *c, uint32_t relid, const struct datum *row)
{
    const size_t k = table_of(relid);
    struct made m = tables[k].read(row);
    m.db = c->db;
    TRY(cat_load_operators(c));
    TRY(systab_delete(c, relid, tables[k].oid_index, row, 1, NULL));
    TRY(systab_insert(c, relid, row));
    replace(c, &m);
    return NULL;
}

static struct err *remove_row(struct cat *c, uint32_t relid, uint32_t oid)
{
    const size_t k = table_of(relid);
    struct datum key = datum_int(oid);
    TRY(cat_load_operators(c));
    TRY(systab_delete(c, relid, tables[k].oid_index, &key, 1, NULL));
    pthread_mutex_lock(&mu);
    struct made *gone = find_locked(tables[k].kind, oid);
    if (gone)
        gone->live = false;
    pthread_mutex_unlock(&mu);
    if (gone)
        txn_on_commit(c->txn, NULL, revive, gone);
    return NULL;
}

/* The rows of a table whose column `family` has that number. */
static struct err *remove_members(struct cat *c, uint32_t relid, uint32_t oid_index,
                                  uint32_t family)
{
    enum { MAX_MEMBERS = 64, OID = 0, FAMILY = 1 };
    uint32_t oids[MAX_MEMBERS];
    int n = 0;
    struct systab_scan scan;
    struct datum v[SYSTAB_MAX_COLUMNS];
    TRY(systab_open(c, relid, 0, NULL, 0, &scan));
    struct err *e = NULL;
    for (bool found = true; !e && found && n < MAX_MEMBERS;) {
        e = systab_next(&scan, v, &found);
        if (!e && found && oid_of(v[FAMILY]) == family)
            oids[n++] = oid_of(v[OID]);
    }
    systab_close(&scan);
    for (int i = 0; !e && i < n; i++) {
        struct datum key = datum_int(oids[i]);
        e = relid == PG_AMOP ? remove_row(c, relid, oids[i])
                             : systab_delete(c, relid, oid_index, &key, 1, NULL);
    }
    return e;
}

struct err *ddl_remove_operator(struct cat *c, uint32_t oid)
{
    return remove_row(c, PG_OPERATOR, oid);
}

struct err *ddl_remove_opclass(struct cat *c, uint32_t oid)
{
    return remove_row(c, PG_OPCLASS, oid);
}

struct err *ddl_remove_opfamily(struct cat *c, uint32_t oid)
{
    struct datum key = datum_int(oid);
    TRY(remove_members(c, PG_AMOP, AMOP_OID_INDEX, oid));
    TRY(remove_members(c, PG_AMPROC, AMPROC_OID_INDEX, oid));
    return systab_delete(c, PG_OPFAMILY, OPFAMILY_OID_INDEX, &key, 1, NULL);
}
