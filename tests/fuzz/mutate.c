/* A plain main for fuzz targets where libFuzzer is not installed: mutates the files of a folder.
 *
 *   TARGET FOLDER [SECONDS [SEED]]
 *
 * The last input is kept in ./fuzz-last, so that a crash can be repeated: TARGET fuzz-last. */
#include "base/bytes.h"
#include "base/clock.h"
#include "base/hash.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { INPUT_LIMIT = 1 << 20, FILE_LIMIT = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    uint8_t *data;
    size_t size;
};

static struct input inputs[FILE_LIMIT];
static size_t input_count;
static uint64_t state;

static uint64_t next_random(uint64_t bound)
{
    state += 0x9e3779b97f4a7c15ull;
    return hash_u64(state) % (bound ? bound : 1);
}

static void load(const char *path)
{
    FILE *f = fopen(path, "rb");
    struct input *in = &inputs[input_count < FILE_LIMIT ? input_count : FILE_LIMIT - 1];
    if (!f)
        return;
    if (!in->data)
        in->data = malloc(INPUT_LIMIT);
    in->size = in->data ? fread(in->data, 1, INPUT_LIMIT, f) : 0;
    input_count += in->size > 0 && input_count < FILE_LIMIT;
    fclose(f);
}

static void load_folder(const char *path)
{
    DIR *dir = opendir(path);
    char name[1024];
    struct dirent *d;
    if (!dir) {
        load(path);
        return;
    }
    while ((d = readdir(dir))) {
        if (d->d_name[0] == '.')
            continue;
        snprintf(name, sizeof(name), "%s/%s", path, d->d_name);
        load(name);
    }
    closedir(dir);
}

/* One to four changes: bits, bytes, small numbers, cut, copied or removed ranges. */
static size_t mutate(uint8_t *data, size_t size)
{
    for (uint64_t n = next_random(4) + 1; n && size > 8; n--) {
        /* Half of the changes go to the end, where the metadata of Parquet is. */
        size_t window = next_random(2) ? size : (size < 600 ? size : 600);
        size_t at = size - window + next_random(window), len = next_random(16) + 1;
        switch (next_random(7)) {
        case 0:
            data[at] ^= (uint8_t)(1u << next_random(8));
            break;
        case 1:
            data[at] = (uint8_t)next_random(256);
            break;
        case 2:
            data[at] = (uint8_t[]){0, 1, 0x7f, 0x80, 0xff}[next_random(5)];
            break;
        case 3:
            if (at + 4 <= size)
                store_le32(data + at, (uint32_t)(next_random(3) - 1));
            break;
        case 4:
            if (at + len <= size && len < at)
                memmove(data + at, data + next_random(at - len + 1), len);
            break;
        case 5:
            if (at + len < size) {
                memmove(data + at, data + at + len, size - at - len);
                size -= len;
            }
            break;
        default:
            if (!next_random(8))
                size = at;
        }
    }
    return size;
}

static void keep(const uint8_t *data, size_t size)
{
    FILE *f = fopen("fuzz-last", "wb");
    if (f) {
        fwrite(data, 1, size, f);
        fclose(f);
    }
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return 2;
    load_folder(argv[1]);
    double seconds = argc > 2 ? atof(argv[2]) : 0;
    state = argc > 3 ? strtoull(argv[3], NULL, 10) : (uint64_t)clock_real_us();
    printf("%zu inputs, seed %llu\n", input_count, (unsigned long long)state);
    for (size_t i = 0; i < input_count; i++)
        LLVMFuzzerTestOneInput(inputs[i].data, inputs[i].size);
    int64_t end = clock_mono_ns() + (int64_t)(seconds * 1e9);
    uint64_t runs = 0;
    for (; input_count && clock_mono_ns() < end; runs++) {
        const struct input *in = &inputs[next_random(input_count)];
        uint8_t *copy = malloc(in->size);
        memcpy(copy, in->data, in->size);
        size_t size = mutate(copy, in->size);
        keep(copy, size);
        LLVMFuzzerTestOneInput(copy, size);
        free(copy);
    }
    printf("%llu runs\n", (unsigned long long)runs);
    for (size_t i = 0; i < FILE_LIMIT; i++)
        free(inputs[i].data);
    return 0;
}
