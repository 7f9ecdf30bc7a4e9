/* Large objects: see large_object.h. */
#include "catalog/large_object.h"

#include "catalog/acl.h"
#include "catalog/ddl.h"
#include "catalog/systab.h"
#include "catalog/table.h"
#include "rt/fiber.h"
#include "types/key.h"

enum { PAGE = LARGE_OBJECT_PAGE_BYTES };

static struct err *no_such(uint32_t oid)
{
    return err_new("42704", "large object %u does not exist", oid);
}

/* Appends the key of an object's row (`page` negative) or of one of its pages. */
static struct err *put_key(struct cat *c, struct buf *b, uint32_t oid, int64_t page)
{
    const struct relation *r = systab_relation(page < 0 ? PG_LARGEOBJECT_METADATA : PG_LARGEOBJECT);
    const struct datum values[2] = {datum_int(oid), datum_int(page)};
    table_put_row_key(b, systab_storage_id(c, r, r->storage_id), r, values);
    return buf_finish(b);
}

/* ---- the object ---- */

static struct err *check_privileges(struct cat *c, uint32_t oid, struct str row,
                                    uint32_t privileges, struct arena *a)
{
    const struct role_rights *rights;
    struct datum v[LOM_COUNT];
    struct acl acl;
    TRY(cat_rights(c, &rights));
    if (rights->superuser || !privileges)
        return NULL;
    TRY(table_decode_row(systab_relation(PG_LARGEOBJECT_METADATA), row, LOM_COUNT, v));
    if (v[LOM_ACL].null)
        acl_default('L', (uint32_t)v[LOM_OWNER].u, a, &acl);
    else
        TRY(acl_read(v[LOM_ACL], a, &acl));
    if (acl_mask(rights, &acl, (uint32_t)v[LOM_OWNER].u, privileges) == privileges)
        return NULL;
    return err_new("42501", "permission denied for large object %u", oid);
}

struct err *large_object_check(struct cat *c, const struct txn_view *v, uint32_t oid,
                               uint32_t privileges)
{
    struct buf key = BUF_INIT;
    struct arena a;
    struct str row;
    bool found = false;
    arena_init(&a);
    struct err *e = put_key(c, &key, oid, -1);
    if (!e)
        e = txn_get(v, buf_str(&key), &row, &found);
    if (!e)
        e = found ? check_privileges(c, oid, row, privileges, &a) : no_such(oid);
    arena_done(&a);
    buf_done(&key);
    return e;
}

struct err *large_object_exists(struct cat *c, uint32_t oid)
{
    struct txn_view v = txn_view_newest(c->txn);
    struct err *e = large_object_check(c, &v, oid, 0);
    txn_view_done(&v);
    return e;
}

struct err *large_object_check_owner(struct cat *c, uint32_t oid)
{
    TRY(large_object_exists(c, oid));
    return acl_check_owner(c, PG_LARGEOBJECT_METADATA, oid);
}

/* Locks the object's key; 42704 when it is not there (any more). */
static struct err *lock_object(struct cat *c, uint32_t oid, enum txn_row_lock mode)
{
    struct buf key = BUF_INIT;
    bool locked;
    struct err *e = put_key(c, &key, oid, -1);
    if (!e)
        e = txn_lock_key(c->txn, buf_str(&key), mode, TXN_WAIT, &locked);
    buf_done(&key);
    return e ? e : large_object_exists(c, oid);
}

static struct err *insert_object(struct cat *c, struct table_writer *w, uint32_t oid, bool *taken)
{
    const struct datum values[LOM_COUNT] = {datum_int(oid), datum_int(c->role), datum_null()};
    struct table_conflict conflict;
    TRY(table_insert(w, values, &conflict, NULL));
    if (conflict.index && !taken)
        return table_unique_error(w, &conflict, values);
    if (taken)
        *taken = conflict.index != NULL;
    return NULL;
}

/* Numbers that objects were given by name are passed over. */
static struct err *insert_numbered(struct cat *c, struct table_writer *w, uint32_t *oid)
{
    bool taken = true;
    while (taken) {
        TRY(cat_new_oid(c, oid));
        TRY(insert_object(c, w, *oid, &taken));
        TRY(fiber_tick());
    }
    return NULL;
}

struct err *large_object_create(struct cat *c, uint32_t oid, uint32_t *out)
{
    struct table_writer w;
    table_writer_init(&w, c, systab_relation(PG_LARGEOBJECT_METADATA));
    struct err *e = oid ? insert_object(c, &w, oid, NULL) : insert_numbered(c, &w, &oid);
    table_writer_done(&w);
    if (!e)
        *out = oid;
    return e;
}

/* ---- pages ---- */

/* A scan of an object's pages. */
struct pages {
    struct txn_scan *scan;
    struct buf lo;
    struct buf hi;
    struct str key; /* of the current page; it and `data` borrow from the view */
    int64_t number;
    struct str data;
};

static void pages_close(struct pages *p)
{
    txn_scan_close(p->scan);
    buf_done(&p->lo);
    buf_done(&p->hi);
}

/* From a page on, or all of them from the last one. Close it, also after an error. */
static struct err *pages_open(struct cat *c, const struct txn_view *v, uint32_t oid, int64_t first,
                              bool reverse, struct pages *p)
{
    *p = (struct pages){0};
    TRY(put_key(c, &p->lo, oid, first));
    TRY(put_key(c, &p->hi, oid, INT32_MAX));
    key_successor(&p->hi, 0);
    TRY(buf_finish(&p->hi));
    return txn_scan_open(v, buf_str(&p->lo), buf_str(&p->hi), reverse, &p->scan);
}

static struct err *pages_next(struct pages *p, bool *found)
{
    struct datum v[LO_COUNT];
    struct str row;
    TRY(fiber_tick());
    TRY(txn_scan_next(p->scan, &p->key, &row, found));
    if (!*found)
        return NULL;
    TRY(table_decode_row(systab_relation(PG_LARGEOBJECT), row, LO_COUNT, v));
    p->number = v[LO_PAGENO].i;
    p->data = datum_as_str(v[LO_DATA]);
    if (p->data.len > PAGE || p->number < 0)
        return err_new("XX001", "pg_largeobject entry for OID %u, page %lld has invalid data",
                       (uint32_t)v[LO_LOID].u, (long long)p->number);
    return NULL;
}

struct err *large_object_size(struct cat *c, const struct txn_view *v, uint32_t oid, int64_t *bytes)
{
    struct pages p;
    bool found = false;
    struct err *e = pages_open(c, v, oid, 0, true, &p);
    if (!e)
        e = pages_next(&p, &found);
    if (!e)
        *bytes = found ? p.number * PAGE + (int64_t)p.data.len : 0;
    pages_close(&p);
    return e;
}

/* Copies what of the page lies in the window, behind zeros for what is missing before it. */
static void copy_page(const struct pages *p, int64_t offset, char *to, size_t size, size_t *got)
{
    int64_t start = p->number * PAGE - offset; /* of the page in the window */
    size_t skip = start < 0 ? (size_t)-start : 0;
    size_t at = start < 0 ? 0 : (size_t)start;
    if (at > *got) {
        size_t zeros = (at < size ? at : size) - *got;
        memset(to + *got, 0, zeros);
        *got += zeros;
    }
    if (at >= size || skip >= p->data.len)
        return;
    size_t n = p->data.len - skip < size - at ? p->data.len - skip : size - at;
    memcpy(to + at, p->data.data + skip, n);
    *got = at + n;
}

struct err *large_object_read(struct cat *c, const struct txn_view *v, uint32_t oid, int64_t offset,
                              void *bytes, size_t size, size_t *got)
{
    struct pages p;
    bool found = true;
    size_t n = 0;
    struct err *e = pages_open(c, v, oid, offset / PAGE, false, &p);
    while (!e && found && n < size) {
        e = pages_next(&p, &found);
        if (!e && found)
            copy_page(&p, offset, bytes, size, &n);
    }
    pages_close(&p);
    if (!e)
        *got = n;
    return e;
}

/* ---- writing ---- */

/* What becomes of one page: bytes at a place in it, and (`cut`) its end there. */
struct page_change {
    uint32_t oid;
    int64_t number;
    size_t at;
    struct str bytes;
    bool cut;
};

/* The page with its change, of *size bytes. `page` holds the old bytes and PAGE in all. */
static void change_page(const struct page_change *k, char *page, size_t *size)
{
    size_t end = k->at + k->bytes.len;
    if (*size < end)
        memset(page + *size, 0, end - *size);
    if (k->bytes.len)
        memcpy(page + k->at, k->bytes.data, k->bytes.len);
    if (*size < end || k->cut)
        *size = end;
}

static struct err *write_page(struct table_writer *w, struct buf *key, struct arena *a,
                              const struct page_change *k)
{
    struct datum old[LO_COUNT];
    struct txn_newest newest;
    struct table_conflict conflict;
    size_t size = 0;
    bool locked;
    char *page = arena_alloc(a, PAGE);
    buf_reset(key);
    TRY(put_key(w->cat, key, k->oid, k->number));
    TRY(txn_lock_key(w->cat->txn, buf_str(key), TXN_UPDATE, TXN_WAIT, &locked));
    TRY(txn_get_newest(&w->view, buf_str(key), a, &newest));
    if (newest.found) {
        TRY(table_decode_row(w->rel, newest.value, LO_COUNT, old));
        size = old[LO_DATA].len < PAGE ? old[LO_DATA].len : PAGE;
        memcpy(page, old[LO_DATA].p, size);
    }
    change_page(k, page, &size);
    const struct datum values[LO_COUNT] = {datum_int(k->oid), datum_int(k->number),
                                           datum_str(str_make(page, size))};
    if (newest.found)
        return table_update(w, buf_str(key), old, values, &conflict, NULL);
    TRY(table_insert(w, values, &conflict, NULL));
    ASSERT(!conflict.index); /* the key is locked */
    return NULL;
}

static struct err *change_pages(struct cat *c, uint32_t oid, int64_t offset, struct str bytes,
                                bool cut)
{
    struct table_writer w;
    struct buf key = BUF_INIT;
    struct arena a;
    struct err *e = NULL;
    arena_init(&a);
    table_writer_init(&w, c, systab_relation(PG_LARGEOBJECT));
    do {
        struct page_change k = {oid, offset / PAGE, (size_t)(offset % PAGE), bytes, cut};
        if (k.bytes.len > PAGE - k.at)
            k.bytes.len = PAGE - k.at;
        arena_reset(&a);
        e = write_page(&w, &key, &a, &k);
        bytes = str_make(bytes.data + k.bytes.len, bytes.len - k.bytes.len);
        offset += (int64_t)k.bytes.len;
        if (!e)
            e = fiber_tick();
    } while (!e && bytes.len);
    table_writer_done(&w);
    buf_done(&key);
    arena_done(&a);
    return e;
}

struct err *large_object_write(struct cat *c, uint32_t oid, int64_t offset, struct str bytes)
{
    TRY(lock_object(c, oid, TXN_KEY_SHARE));
    return bytes.len ? change_pages(c, oid, offset, bytes, false) : NULL;
}

/* Deletes the pages from `first` on, a batch at a time, as a scan does not go on over what is
 * deleted under it. */
static struct err *delete_batch(struct cat *c, struct table_writer *w, uint32_t oid, int64_t *first,
                                bool *more)
{
    enum { BATCH = 256 };
    struct txn_view v = txn_view_newest(c->txn);
    struct pages p;
    struct buf key = BUF_INIT;
    int64_t numbers[BATCH];
    int n = 0;
    struct err *e = pages_open(c, &v, oid, *first, false, &p);
    for (bool found = true; !e && found && n < BATCH;) {
        e = pages_next(&p, &found);
        if (!e && found)
            numbers[n++] = p.number;
    }
    pages_close(&p);
    txn_view_done(&v);
    for (int i = 0; i < n && !e; i++) {
        const struct datum values[LO_COUNT] = {datum_int(oid), datum_int(numbers[i]),
                                               datum_str(STR(""))};
        bool locked;
        buf_reset(&key);
        e = put_key(c, &key, oid, numbers[i]);
        if (!e)
            e = txn_lock_key(c->txn, buf_str(&key), TXN_UPDATE, TXN_WAIT, &locked);
        if (!e)
            e = table_delete(w, buf_str(&key), values);
    }
    buf_done(&key);
    *more = n == BATCH;
    if (n)
        *first = numbers[n - 1] + 1;
    return e;
}

static struct err *delete_pages(struct cat *c, uint32_t oid, int64_t first)
{
    struct table_writer w;
    struct err *e = NULL;
    table_writer_init(&w, c, systab_relation(PG_LARGEOBJECT));
    for (bool more = true; more && !e;)
        e = delete_batch(c, &w, oid, &first, &more);
    table_writer_done(&w);
    return e;
}

struct err *large_object_truncate(struct cat *c, uint32_t oid, int64_t size)
{
    TRY(lock_object(c, oid, TXN_KEY_SHARE));
    /* The page with the end is there, so that the object ends where it says. */
    TRY(change_pages(c, oid, size, STR(""), true));
    return size < LARGE_OBJECT_MAX_BYTES ? delete_pages(c, oid, size / PAGE + 1) : NULL;
}

static struct err *forget_comment(struct cat *c, uint32_t oid)
{
    const struct datum keys[3] = {datum_int(oid), datum_int(PG_LARGEOBJECT), datum_int(0)};
    struct datum v[DESC_COUNT];
    struct arena a;
    bool found;
    arena_init(&a);
    struct err *e = systab_get(c, PG_DESCRIPTION, DESCRIPTION_INDEX, keys, 3, &a, v, &found);
    arena_done(&a);
    TRY(e);
    return found ? ddl_set_comment(c, (struct object_address){PG_LARGEOBJECT, oid, 0}, NULL) : NULL;
}

struct err *large_object_drop(struct cat *c, uint32_t oid)
{
    const struct datum values[LOM_COUNT] = {datum_int(oid), datum_int(0), datum_null()};
    struct table_writer w;
    struct buf key = BUF_INIT;
    TRY(lock_object(c, oid, TXN_UPDATE));
    TRY(forget_comment(c, oid));
    TRY(delete_pages(c, oid, 0));
    table_writer_init(&w, c, systab_relation(PG_LARGEOBJECT_METADATA));
    struct err *e = put_key(c, &key, oid, -1);
    if (!e)
        e = table_delete(&w, buf_str(&key), values);
    table_writer_done(&w);
    buf_done(&key);
    return e;
}
