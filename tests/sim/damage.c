/* Damages a store that no server uses, below everything that keeps it consistent:
 *
 *   damage DIR delete|copy|change ID N
 *
 * deletes the N-th entry of a storage id, makes a second one out of it (its last key byte raised),
 * or raises the last byte of its value. */
#include "base/str.h"
#include "storage/kv.h"

#include "base/bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct err *find(struct kv *kv, uint32_t id, int n, char *key, size_t *key_len, char *value,
                        size_t *value_len)
{
    struct kv_gen *gen;
    struct kv_cursor *c;
    struct str k = {0};
    struct str v = {0};
    uint64_t csn;
    bool found = true;
    uint8_t lo[4];
    uint8_t hi[4];
    store_be32(lo, id);
    store_be32(hi, id + 1);
    TRY(kv_gen_new(kv, &gen));
    TRY(kv_cursor_new(&c));
    TRY(kv_cursor_open(c, gen, str_make(lo, 4), str_make(hi, 4), false));
    for (int i = 0; i <= n && found; i++)
        TRY(kv_cursor_next(c, &k, &v, &csn, &found));
    if (!found)
        return err_new("02000", "no such entry");
    memcpy(key, k.data, *key_len = k.len);
    memcpy(value, v.data, *value_len = v.len);
    kv_cursor_free(c);
    kv_gen_unref(gen);
    return NULL;
}

static struct err *damage(const char *dir, const char *what, uint32_t id, int n)
{
    static char key[65536];
    static char value[1 << 20];
    size_t key_len = 0;
    size_t value_len = 0;
    struct kv *kv;
    char path[1024];
    snprintf(path, sizeof(path), "%s/data", dir);
    TRY(kv_open(path, (size_t)1 << 40, true, &kv));
    TRY(find(kv, id, n, key, &key_len, value, &value_len));
    TRY(kv_begin(kv));
    if (strcmp(what, "delete") == 0) {
        TRY(kv_delete(kv, str_make(key, key_len)));
    } else {
        if (strcmp(what, "copy") == 0)
            key[key_len - 1]++;
        else
            value[value_len - 1]++;
        TRY(kv_put(kv, str_make(key, key_len), 1, str_make(value, value_len)));
    }
    TRY(kv_commit(kv));
    kv_close(kv);
    return NULL;
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: damage DIR delete|copy|change ID N\n");
        return 2;
    }
    struct err *e = damage(argv[1], argv[2], (uint32_t)strtoul(argv[3], NULL, 10), atoi(argv[4]));
    if (e)
        fprintf(stderr, "%s\n", e->message);
    return e ? 1 : 0;
}
