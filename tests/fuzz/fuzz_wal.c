/* The log at a start, made of any bytes. The first byte says of what the rest is: a segment file as
 * it stands; a segment whose record headers are put right, so that the bytes get past the checksum;
 * or a record's payload. */
#include "storage/check_internal.h"
#include "storage/store_internal.h"
#include "storage/wal_internal.h"

#include "base/hash.h"
#include "base/log.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One file in memory. */
struct memory_file {
    uint8_t *bytes;
    size_t size;
};

static int memory_open(void *ctx, const char *path, int flags)
{
    return 100;
}

static ssize_t memory_pread(void *ctx, int fd, void *to, size_t len, int64_t offset)
{
    const struct memory_file *f = ctx;
    if (offset < 0 || (uint64_t)offset >= f->size)
        return 0;
    if (len > f->size - (size_t)offset)
        len = f->size - (size_t)offset;
    memcpy(to, f->bytes + offset, len);
    return (ssize_t)len;
}

static ssize_t memory_pwrite(void *ctx, int fd, const void *from, size_t len, int64_t offset)
{
    const struct memory_file *f = ctx;
    if (offset < 0 || (uint64_t)offset + len > f->size)
        abort(); /* recovery never makes a segment longer */
    memcpy(f->bytes + offset, from, len);
    return (ssize_t)len;
}

static int64_t memory_size(void *ctx, int fd)
{
    return (int64_t)((const struct memory_file *)ctx)->size;
}

static int memory_sync(void *ctx, int fd)
{
    return 0;
}

static int memory_name(void *ctx, const char *path)
{
    return 0;
}

static int memory_rename(void *ctx, const char *from, const char *to)
{
    return 0;
}

static int memory_list(void *ctx, const char *path, void (*each)(void *arg, const char *name),
                       void *arg)
{
    each(arg, "0000000000000000.wal");
    return 0;
}

/* ---- a store with nothing but a table ---- */

static struct store *store;
static struct redo *redo;

static void make_store(void)
{
    store = calloc(1, sizeof(*store));
    if (!store)
        abort();
    store->config.memtable_bytes = 1 << 24;
    pthread_mutex_init(&store->counts_mu, NULL);
    log_configure(LOG_PANIC, false);
}

static void fresh_table(void)
{
    store->active = table_new(store);
    store->last_csn = 0;
    if (redo_new(store, &redo))
        abort();
}

static void drop_table(void)
{
    err_free(redo_finish(redo));
    redo_free(redo);
    memtable_order(&store->active->map); /* when a record could not be read */
    size_t count = 0;
    for (const struct mem_node *n = memtable_first(&store->active->map); n; n = mem_next(n)) {
        const struct mem_node *next = mem_next(n);
        if (next && str_cmp(mem_key(n), mem_key(next)) >= 0)
            abort();
        count++;
    }
    if (count != store->active->map.node_count)
        abort();
    table_free(store->active);
    count_map_done(&store->row_counts);
    store->row_counts = (struct count_map){0};
}

static struct err *replay(void *arg, const struct wal_record *r)
{
    return redo_add(redo, r);
}

/* ---- the log ---- */

/* Makes records of what looks like headers: a length that fits, place, number, checksum. */
static void mend(uint8_t *bytes, size_t size)
{
    uint64_t csn = 0;
    for (size_t at = 0; at + sizeof(struct wal_header) <= size;) {
        struct wal_header h;
        memcpy(&h, bytes + at, sizeof(h));
        uint64_t left = size - at - sizeof(h);
        h.payload_bytes = left ? h.payload_bytes % (left + 1) : 0;
        h.type = h.type % 4 == 2 ? WAL_TYPE_PART : WAL_TYPE_COMMIT;
        h.lsn = at;
        h.csn = h.type == WAL_TYPE_PART ? h.csn % (at + 1) : ++csn;
        h.crc = crc32c(0, bytes + at + sizeof(h), h.payload_bytes);
        h.crc = crc32c(h.crc, (char *)&h + sizeof(h.crc), sizeof(h) - sizeof(h.crc));
        memcpy(bytes + at, &h, sizeof(h));
        at += wal_record_bytes(h.payload_bytes);
    }
}

static void read_log(struct memory_file *file)
{
    struct file_ops ops = {file,          memory_open, memory_pread, memory_pwrite,
                           memory_size,   memory_sync, memory_name,  memory_sync,
                           memory_rename, memory_name, memory_list};
    struct wal *w = calloc(1, sizeof(*w));
    if (!w)
        abort();
    w->config = (struct wal_config){.files = &ops, .dir = "/fuzz", .segment_bytes = file->size};
    pthread_mutex_init(&w->mu, NULL);
    struct err *e = segments_open(w);
    if (!e)
        e = wal_recover(w, (struct lsn){0}, replay, NULL);
    /* What is left of the log must read the same again, to the same end. */
    if (!e) {
        uint64_t tail = w->tail;
        drop_table();
        fresh_table();
        e = wal_recover(w, (struct lsn){0}, replay, NULL);
        if (e || w->tail != tail)
            abort();
    }
    err_free(e);
    segments_close(w);
    pthread_mutex_destroy(&w->mu);
    free(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!store)
        make_store();
    if (size < 1)
        return 0;
    /* An exact copy on the heap: the reader may not go behind it. */
    struct memory_file file = {malloc(size), size - 1};
    if (!file.bytes)
        abort();
    memcpy(file.bytes, data + 1, size - 1);
    fresh_table();
    if (data[0] % 3 == 2) {
        struct wal_record r = {
            .end = {8}, .csn = 1, .payload = str_make((char *)file.bytes, file.size)};
        err_free(redo_add(redo, &r));
    } else {
        if (data[0] % 3 == 1)
            mend(file.bytes, file.size);
        read_log(&file);
    }
    drop_table();
    free(file.bytes);
    return 0;
}
