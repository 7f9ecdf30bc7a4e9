/* The pages of LMDB's data file, read as a file: LMDB itself trusts them. Every page that the
 * newest state refers to is looked at: its number, kind and bounds, the order of its keys, the
 * depth of the trees; and each page of the file is used once, or free, or neither and then lost.
 *
 * Format (LMDB 0.9, 64 bits, little-endian, page numbers 8 bytes):
 *
 *   page   0 number, 8 unused (2), 10 flags (2), 12 lower (2), 14 upper (2) or 12 overflow pages
 * (4), 16 offsets of nodes (2 each, up to lower), nodes from upper to the end node   0 size of data
 * or low half of child (4), 4 flags or high part of child (2), 6 key length (2), 8 key, then data,
 * or the number of its overflow page (8) meta   pages 0 and 1, from 16: magic (4), version (4),
 * address (8), map size (8), two trees of 48 bytes (free pages, the map): page size (4, first one),
 * flags (2), depth (2), branch pages (8), leaf pages (8), overflow pages (8), entries (8), root
 * (8); last page (8), transaction (8) */
#include "storage/store_internal.h"

#include "storage/check.h"
#include "storage/check_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    PAGE_HEADER = 16,
    NODE_HEADER = 8,
    P_BRANCH = 1,
    P_LEAF = 2,
    P_OVERFLOW = 4,
    P_META = 8,
    NODE_BIG = 1,
    META_MAGIC = (int)0xBEEFC0DE,
    META_TREES = 24,
    TREE_BYTES = 48,
    META_LAST = META_TREES + 2 * TREE_BYTES,
    META_BYTES_ALL = META_LAST + 16,
    MAX_DEPTH = 32,
};

struct tree {
    uint16_t depth;
    uint64_t pages;
    uint64_t overflow;
    uint64_t entries;
    uint64_t root;
};

struct pages {
    const uint8_t *base;
    uint64_t bytes;
    uint64_t page_bytes;
    uint64_t last;
    uint8_t *used; /* a bit a page */
    struct check_report *report;
    bool free_tree; /* keys are transaction numbers, values lists of pages */
    /* Of the tree being walked. */
    uint64_t seen_pages;
    uint64_t seen_overflow;
    uint64_t seen_entries;
    struct str last_key;
};

static const uint8_t *page_at(const struct pages *p, uint64_t number)
{
    return p->base + number * p->page_bytes;
}

/* Marks pages as used or free. False: out of the file, or marked before. */
static bool claim(struct pages *p, uint64_t number, uint64_t count, const char *what)
{
    if (number < 2 || number > p->last || count > p->last - number + 1) {
        check_problem(p->report, "data file: %s: page %llu is outside the file", what,
                      (unsigned long long)number);
        return false;
    }
    for (uint64_t i = number; i < number + count; i++) {
        if (p->used[i / 8] >> (i % 8) & 1) {
            check_problem(p->report, "data file: %s: page %llu is used twice", what,
                          (unsigned long long)i);
            return false;
        }
        p->used[i / 8] |= (uint8_t)(1 << (i % 8));
    }
    return true;
}

static bool bad_page(struct pages *p, uint64_t number, const char *why)
{
    check_problem(p->report, "data file: page %llu: %s", (unsigned long long)number, why);
    return false;
}

/* The free list's entry: a count, then that many page numbers. */
static void take_free_pages(struct pages *p, const uint8_t *data, uint64_t len)
{
    uint64_t count = len >= 8 ? load_le64(data) : 0;
    if (len < 8 || count > len / 8 - 1) {
        check_problem(p->report, "data file: an entry of the free list is too short");
        return;
    }
    for (uint64_t i = 1; i <= count; i++)
        claim(p, load_le64(data + 8 * i), 1, "free list");
}

static int compare_keys(const struct pages *p, struct str a, struct str b)
{
    if (!p->free_tree)
        return str_cmp(a, b);
    uint64_t x = load_le64(a.data);
    uint64_t y = load_le64(b.data);
    return (x > y) - (x < y);
}

/* Data of a leaf's node, in place or on overflow pages. */
static bool check_data(struct pages *p, uint64_t number, const uint8_t *node, uint64_t room,
                       struct str key)
{
    uint64_t size = load_le32(node);
    uint16_t flags = load_le16(node + 4);
    const uint8_t *data = node + NODE_HEADER + key.len;
    uint64_t here = flags & NODE_BIG ? 8 : size;
    if (flags & ~NODE_BIG || NODE_HEADER + key.len + here > room)
        return bad_page(p, number, "an entry is damaged");
    if (flags & NODE_BIG) {
        uint64_t first = load_le64(data);
        uint64_t count = (size + PAGE_HEADER + p->page_bytes - 1) / p->page_bytes;
        if (!claim(p, first, count, "a large value"))
            return false;
        data = page_at(p, first);
        if (load_le64(data) != first || load_le16(data + 10) != P_OVERFLOW ||
            load_le32(data + 12) != count)
            return bad_page(p, first, "is not the overflow page that an entry refers to");
        p->seen_overflow += count;
        data += PAGE_HEADER;
    }
    if (p->free_tree)
        take_free_pages(p, data, size);
    else if (size < 8)
        return bad_page(p, number, "a value is too short");
    return true;
}

static bool check_entry(struct pages *p, uint64_t number, const uint8_t *node, uint64_t room)
{
    struct str key = str_make(node + NODE_HEADER, load_le16(node + 6));
    if (NODE_HEADER + key.len > room || (p->free_tree ? key.len != 8 : key.len < 4))
        return bad_page(p, number, "a key has a wrong length");
    if (p->last_key.len && compare_keys(p, p->last_key, key) >= 0)
        return bad_page(p, number, "keys are out of order");
    p->last_key = key;
    p->seen_entries++;
    return check_data(p, number, node, room, key);
}

/* Header and node offsets. */
static bool check_page(struct pages *p, uint64_t number, uint16_t kind, uint32_t *count)
{
    const uint8_t *page = page_at(p, number);
    uint16_t lower = load_le16(page + 12);
    uint16_t upper = load_le16(page + 14);
    if (load_le64(page) != number)
        return bad_page(p, number, "has another page's number");
    if ((load_le16(page + 10) & ~0x10) != kind)
        return bad_page(p, number, "is of the wrong kind");
    if (lower < PAGE_HEADER || lower > upper || upper > p->page_bytes || lower % 2)
        return bad_page(p, number, "has wrong bounds");
    *count = (uint32_t)(lower - PAGE_HEADER) / 2;
    if (*count == 0 || (kind == P_BRANCH && *count < 2))
        return bad_page(p, number, "has too few entries");
    for (uint32_t i = 0; i < *count; i++) {
        uint16_t at = load_le16(page + PAGE_HEADER + 2 * i);
        if (at < upper || (uint64_t)at + NODE_HEADER > p->page_bytes)
            return bad_page(p, number, "an entry lies outside");
    }
    return true;
}

/* Depth first, with an explicit stack: the file says how deep. A key in a branch is a lower bound
 * of what is below, so keys must also be at least that. */
static bool walk(struct pages *p, const struct tree *t)
{
    struct {
        uint64_t number;
        uint32_t next;
        uint32_t count;
    } stack[MAX_DEPTH];
    uint16_t depth = 0;
    uint64_t number = t->root;
    for (;;) {
        bool leaf = depth + 1 == t->depth;
        uint32_t count;
        if (!claim(p, number, 1, "tree") ||
            !check_page(p, number, leaf ? P_LEAF : P_BRANCH, &count))
            return false;
        p->seen_pages++;
        const uint8_t *page = page_at(p, number);
        for (uint32_t i = 0; leaf && i < count; i++) {
            uint16_t at = load_le16(page + PAGE_HEADER + 2 * i);
            if (!check_entry(p, number, page + at, p->page_bytes - at))
                return false;
        }
        if (!leaf) {
            stack[depth].number = number;
            stack[depth].next = 0;
            stack[depth].count = count;
            depth++;
        }
        while (depth && stack[depth - 1].next == stack[depth - 1].count)
            depth--;
        if (depth == 0)
            return true;
        page = page_at(p, stack[depth - 1].number);
        uint32_t i = stack[depth - 1].next++;
        const uint8_t *node = page + load_le16(page + PAGE_HEADER + 2 * i);
        struct str bound = str_make(node + NODE_HEADER, load_le16(node + 6));
        if ((uint64_t)(node - page) + NODE_HEADER + bound.len > p->page_bytes)
            return bad_page(p, stack[depth - 1].number, "a key lies outside");
        if (i && p->last_key.len && compare_keys(p, p->last_key, bound) >= 0)
            return bad_page(p, stack[depth - 1].number, "keys are out of order");
        number = load_le32(node) | (uint64_t)load_le16(node + 4) << 32;
    }
}

static struct tree read_tree(const uint8_t *p)
{
    return (struct tree){load_le16(p + 6), load_le64(p + 8) + load_le64(p + 16), load_le64(p + 24),
                         load_le64(p + 32), load_le64(p + 40)};
}

static void check_tree(struct pages *p, const struct tree *t, bool free_tree, const char *name)
{
    p->free_tree = free_tree;
    p->seen_pages = p->seen_overflow = p->seen_entries = 0;
    p->last_key = (struct str){0};
    if (t->root == UINT64_MAX && t->entries == 0)
        return;
    if (t->depth == 0 || t->depth > MAX_DEPTH) {
        check_problem(p->report, "data file: %s has a wrong depth", name);
        return;
    }
    if (walk(p, t) && (p->seen_pages != t->pages || p->seen_overflow != t->overflow ||
                       p->seen_entries != t->entries))
        check_problem(p->report,
                      "data file: %s has %llu entries on %llu pages, its root says %llu on %llu",
                      name, (unsigned long long)p->seen_entries,
                      (unsigned long long)(p->seen_pages + p->seen_overflow),
                      (unsigned long long)t->entries, (unsigned long long)(t->pages + t->overflow));
}

static void check_lost(struct pages *p)
{
    uint64_t lost = 0;
    for (uint64_t i = 2; i <= p->last; i++)
        lost += !(p->used[i / 8] >> (i % 8) & 1);
    if (lost)
        check_problem(p->report, "data file: %llu pages are neither used nor free",
                      (unsigned long long)lost);
}

/* The newer of the two meta pages; NULL when none is good. */
static const uint8_t *newest_meta(const struct pages *p)
{
    const uint8_t *best = NULL;
    for (uint64_t i = 0; i < 2; i++) {
        const uint8_t *m = page_at(p, i) + PAGE_HEADER;
        if ((int)load_le32(m) == META_MAGIC && load_le32(m + 4) == 1 &&
            (!best || load_le64(m + META_LAST + 8) > load_le64(best + META_LAST + 8)))
            best = m;
    }
    return best;
}

static struct err *check_mapped(struct pages *p)
{
    p->page_bytes = p->bytes >= PAGE_HEADER + META_BYTES_ALL ? load_le32(p->base + 16 + 24) : 0;
    if (p->page_bytes < 512 || p->page_bytes > 65536 || p->bytes < 2 * p->page_bytes) {
        check_problem(p->report, "data file: the first page is damaged");
        return NULL;
    }
    const uint8_t *meta = newest_meta(p);
    p->last = meta ? load_le64(meta + META_LAST) : 0;
    if (!meta || p->last < 1 || p->last >= p->bytes / p->page_bytes) {
        check_problem(p->report, "data file: %s",
                      meta ? "is shorter than it should be" : "has no valid meta page");
        return NULL;
    }
    p->used = calloc(1, p->last / 8 + 1);
    if (!p->used)
        return err_oom();
    struct tree free_pages = read_tree(meta + META_TREES);
    struct tree map = read_tree(meta + META_TREES + TREE_BYTES);
    uint64_t before = p->report->problems;
    check_tree(p, &free_pages, true, "the free list");
    check_tree(p, &map, false, "the map");
    if (p->report->problems == before)
        check_lost(p);
    free(p->used);
    return NULL;
}

struct err *kv_check_file(const char *path, struct check_report *r)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0) {
        struct err *e = err_errno(errno, "open file \"%s\"", path);
        if (fd >= 0)
            close(fd);
        return e;
    }
    struct err *e = NULL;
    if (st.st_size == 0) {
        check_problem(r, "data file: is empty");
    } else {
        void *map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
        if (map == MAP_FAILED) {
            e = err_errno(errno, "read file \"%s\"", path);
        } else {
            struct pages p = {.base = map, .bytes = (uint64_t)st.st_size, .report = r};
            e = check_mapped(&p);
            munmap(map, (size_t)st.st_size);
        }
    }
    close(fd);
    return e;
}
