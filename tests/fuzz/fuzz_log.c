/* A Delta log made of any files: commits, compactions, checkpoints of all kinds with their
 * sidecars, and _last_checkpoint; read at its newest version, at one before, and as history.
 *
 *   u8 how, then files: u8 name, u16 length, the bytes; the last file takes the rest */
#include "lake_memory.h"

#include "lake/delta.h"

static const char *const names[] = {
    "t/_delta_log/_last_checkpoint",
    "t/_delta_log/00000000000000000000.json",
    "t/_delta_log/00000000000000000001.json",
    "t/_delta_log/00000000000000000002.json",
    "t/_delta_log/00000000000000000003.json",
    "t/_delta_log/00000000000000000001.00000000000000000003.compacted.json",
    "t/_delta_log/00000000000000000001.checkpoint.parquet",
    "t/_delta_log/00000000000000000002.checkpoint.parquet",
    "t/_delta_log/00000000000000000002.checkpoint.0000000001.0000000002.parquet",
    "t/_delta_log/00000000000000000002.checkpoint.0000000002.0000000002.parquet",
    "t/_delta_log/00000000000000000002.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.json",
    "t/_delta_log/00000000000000000002.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a12.parquet",
    "t/_delta_log/_sidecars/a.parquet",
    "t/_delta_log/_sidecars/b.parquet",
    "t/_delta_log/00000000000000000001.crc",
};

static void look(const struct delta_snapshot *s)
{
    uint32_t n, columns;
    const struct delta_file *const *files = delta_files(s, &n);
    const uint32_t *which = delta_partition_columns(s, &columns);
    const struct lake_type *schema = delta_schema(s);
    struct arena arena;
    arena_init(&arena);
    for (uint32_t i = 0; i < n && i < 64; i++) {
        for (uint32_t c = 0; c < columns; c++) {
            const struct lake_field *f = &schema->fields[which[c]];
            struct lake_vec v;
            struct err *e = delta_partition_vec(s, f->type, f->name, &files[i]->partition_values[c],
                                                1, &arena, &v);
            if (!e)
                render_batch(
                    &(struct lake_batch){.row_count = 1, .column_count = 1, .columns = &v});
            err_free(e);
        }
    }
    arena_done(&arena);
}

static void read_at(struct delta_at at)
{
    struct delta_snapshot *s;
    struct err *e = delta_open(memory_store(), STR("t"), at, &s);
    if (!e) {
        look(s);
        delta_close(s);
    }
    err_free(e);
}

static void read_history(void)
{
    struct delta_history *h;
    const struct delta_commit *commit;
    struct err *e = delta_history_open(memory_store(), STR("t"), &h);
    if (!e) {
        while (!(e = delta_history_next(h, &commit)) && commit) {
        }
        delta_history_close(h);
    }
    err_free(e);
}

static void read_changes(void)
{
    struct delta_changes *c;
    const struct lake_batch *batch;
    struct err *e = delta_changes_open(memory_store(), STR("t"), 0, -1, &c);
    if (!e) {
        while (!(e = delta_changes_next(c, 9, &batch)) && batch) {
        }
        delta_changes_close(c);
    }
    err_free(e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, data + size};
    uint8_t how = take_byte(&in);
    memory_reset();
    while (in.p < in.end) {
        const char *name = names[take_byte(&in) % ARRAY_LENGTH(names)];
        struct str content = take_bytes(&in, take_u16(&in));
        memory_add(name, content.data, content.len);
    }
    read_at((struct delta_at){.when = DELTA_NEWEST, .schema_only = how & 1});
    if (how & 2)
        read_at((struct delta_at){.when = DELTA_VERSION, .version = 1});
    if (how & 4)
        read_at((struct delta_at){.when = DELTA_TIMESTAMP, .timestamp_us = 1700000000000000});
    if (how & 8)
        read_history();
    if (how & 16)
        read_changes();
    memory_reset();
    return 0;
}
