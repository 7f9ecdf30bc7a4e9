/* Keys of rows of one table, put in order: what index entries point to, to be read in the order in
 * which the rows lie. In memory up to a bound, then in a sorter (storage/sort.h). */
#ifndef TARN_EXEC_KEY_LIST_H
#define TARN_EXEC_KEY_LIST_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

struct sorter;
struct temp_quota;

struct key_item {
    uint64_t prefix; /* of the key, in order */
    struct str key;
};

struct key_list {
    struct temp_quota *quota;
    size_t memory_bytes;
    struct arena arena; /* the keys */
    struct key_item *items;
    size_t count;
    size_t cap;
    size_t at;
    struct sorter *sorter; /* NULL: in memory */
    struct buf last;       /* the sorter's key before */
    bool started;
};

/* `quota` must outlive it. */
void key_list_init(struct key_list *l, struct temp_quota *quota, size_t memory_bytes);
/* MAY YIELD. */
void key_list_done(struct key_list *l);
/* Copies the bytes. MAY YIELD. 53100, 53400. */
struct err *key_list_add(struct key_list *l, struct str key) MUST_CHECK;
/* No more additions. MAY YIELD. */
struct err *key_list_sort(struct key_list *l) MUST_CHECK;
/* The next key in order, each once; its bytes live until the next call. MAY YIELD. */
struct err *key_list_next(struct key_list *l, struct str *key, bool *found) MUST_CHECK;

#endif
