/* Time zones by name: reads files of the system's tz database (RFC 8536) and keeps them for the
 * process's life. The cache is guarded by a mutex; zones are immutable once in it. */
#include "types/tz_internal.h"

#include "base/hash.h"
#include "types/types_internal.h"

#include <ctype.h>
#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define ZONE_DIR "/usr/share/zoneinfo"

enum {
    MAX_FILE_BYTES = 1 << 20,
    HEADER_BYTES = 44,
    BUCKETS = 1024,
    /* Zones made from POSIX strings and offsets come from clients: their number is bounded. */
    MAX_ZONES = 20000,
    MAX_NAMES = 4096,
};

static pthread_mutex_t mu = PTHREAD_MUTEX_INITIALIZER;
static struct tz *buckets[BUCKETS]; /* guarded by mu */
static int zones;                   /* guarded by mu */

static const struct tz utc = {
    .name = "UTC",
    .posix = {.valid = true, .standard = {.abbrev = "UTC"}},
};

const struct tz *tz_utc(void)
{
    return &utc;
}

const char *tz_name(const struct tz *tz)
{
    return tz ? tz->name : "UTC";
}

/* Files */

struct tzif {
    const uint8_t *p;
    size_t len;
    uint32_t isutcnt, isstdcnt, leapcnt, timecnt, typecnt, charcnt;
};

static bool read_header(struct tzif *f, int *version)
{
    if (f->len < HEADER_BYTES || memcmp(f->p, "TZif", 4) != 0)
        return false;
    *version = f->p[4] ? f->p[4] - '0' : 1;
    f->isutcnt = load_be32(f->p + 20);
    f->isstdcnt = load_be32(f->p + 24);
    f->leapcnt = load_be32(f->p + 28);
    f->timecnt = load_be32(f->p + 32);
    f->typecnt = load_be32(f->p + 36);
    f->charcnt = load_be32(f->p + 40);
    f->p += HEADER_BYTES;
    f->len -= HEADER_BYTES;
    return f->isutcnt <= 256 && f->isstdcnt <= 256 && f->leapcnt <= 10000 && f->timecnt <= 10000 &&
           f->typecnt >= 1 && f->typecnt <= 256 && f->charcnt >= 1 && f->charcnt <= 4096;
}

static size_t body_bytes(const struct tzif *f, size_t time_bytes)
{
    return f->timecnt * (time_bytes + 1) + f->typecnt * 6 + f->charcnt +
           f->leapcnt * (time_bytes + 4) + f->isstdcnt + f->isutcnt;
}

static bool read_body(struct tz *tz, const struct tzif *f, size_t time_bytes)
{
    if (f->len < body_bytes(f, time_bytes))
        return false;
    tz->at = calloc(f->timecnt + 1, sizeof(*tz->at));
    tz->type_after = calloc(f->timecnt + 1, 1);
    tz->types = calloc(f->typecnt, sizeof(*tz->types));
    tz->abbrevs = calloc(f->charcnt + 1, 1);
    if (!tz->at || !tz->type_after || !tz->types || !tz->abbrevs)
        return false;
    const uint8_t *types = f->p + f->timecnt * time_bytes;
    const uint8_t *offsets = types + f->timecnt;
    memcpy(tz->abbrevs, offsets + f->typecnt * 6, f->charcnt);
    for (uint32_t i = 0; i < f->typecnt; i++) {
        const uint8_t *o = offsets + i * 6;
        if (o[5] >= f->charcnt)
            return false;
        tz->types[i] = (struct tz_offset){(int32_t)load_be32(o), o[4] != 0, tz->abbrevs + o[5]};
    }
    for (uint32_t i = 0; i < f->timecnt; i++) {
        const uint8_t *t = f->p + i * time_bytes;
        tz->at[i] = time_bytes == 8 ? (int64_t)load_be64(t) : (int32_t)load_be32(t);
        tz->type_after[i] = types[i];
        if (types[i] >= f->typecnt || (i && tz->at[i] <= tz->at[i - 1]))
            return false;
    }
    tz->ntransitions = (int)f->timecnt;
    tz->ntypes = (int)f->typecnt;
    return true;
}

static bool read_tzif(struct tz *tz, const uint8_t *bytes, size_t len)
{
    struct tzif f = {.p = bytes, .len = len};
    int version;
    if (!read_header(&f, &version))
        return false;
    if (version < 2)
        return read_body(tz, &f, 4);
    size_t skip = body_bytes(&f, 4);
    if (f.len < skip)
        return false;
    f.p += skip;
    f.len -= skip;
    if (!read_header(&f, &version) || !read_body(tz, &f, 8))
        return false;
    /* The footer is a POSIX string between two newlines. */
    const uint8_t *footer = f.p + body_bytes(&f, 8);
    size_t left = f.len - body_bytes(&f, 8);
    if (left < 2 || footer[0] != '\n')
        return true;
    const uint8_t *end = memchr(footer + 1, '\n', left - 1);
    if (end && end > footer + 1)
        tz_posix_parse(str_make(footer + 1, (size_t)(end - footer - 1)), &tz->posix);
    return true;
}

static void tz_free(struct tz *tz)
{
    if (!tz)
        return;
    free(tz->at);
    free(tz->type_after);
    free(tz->types);
    free(tz->abbrevs);
    free(tz);
}

static struct tz *load_file(const char *name)
{
    char path[192];
    snprintf(path, sizeof(path), "%s/%s", ZONE_DIR, name);
    FILE *file = fopen(path, "re");
    if (!file)
        return NULL;
    struct stat st;
    struct tz *tz = NULL;
    uint8_t *bytes = NULL;
    if (fstat(fileno(file), &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= MAX_FILE_BYTES) {
        size_t size = (size_t)st.st_size;
        bytes = malloc(size + 1);
        tz = calloc(1, sizeof(*tz));
        if (!bytes || !tz || fread(bytes, 1, size, file) != size || !read_tzif(tz, bytes, size)) {
            tz_free(tz);
            tz = NULL;
        }
    }
    free(bytes);
    fclose(file);
    if (tz)
        snprintf(tz->name, sizeof(tz->name), "%s", name);
    return tz;
}

/* Only names that can be zones: no way out of the directory. */
static bool plausible_name(struct str name)
{
    if (name.len == 0 || name.len >= sizeof(((struct tz *)0)->name) || name.data[0] == '/')
        return false;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.data[i];
        if (!is_alpha(c) && !is_digit(c) && !memchr("/_+-", c, 4))
            return false;
    }
    return true;
}

/* The spelling that the directory has for a name in any case; false when it has none. */
static bool find_spelling(struct str name, char *out)
{
    char dir[192] = ZONE_DIR;
    size_t done = 0, at = 0;
    while (at < name.len) {
        size_t end = at;
        while (end < name.len && name.data[end] != '/')
            end++;
        struct str part = str_make(name.data + at, end - at);
        DIR *d = opendir(dir);
        if (!d)
            return false;
        bool found = false;
        for (struct dirent *entry; !found && (entry = readdir(d));) {
            if (!str_eq_nocase(part, entry->d_name))
                continue;
            found = true;
            if (done)
                out[done++] = '/';
            memcpy(out + done, entry->d_name, part.len);
            done += part.len;
            out[done] = 0;
        }
        closedir(d);
        if (!found)
            return false;
        snprintf(dir, sizeof(dir), "%s/%s", ZONE_DIR, out);
        at = end + 1;
    }
    return done > 0;
}

static struct tz *load_zone(struct str name)
{
    if (plausible_name(name)) {
        char spelling[sizeof(((struct tz *)0)->name)];
        memcpy(spelling, name.data, name.len);
        spelling[name.len] = 0;
        struct tz *tz = load_file(spelling);
        if (!tz && find_spelling(name, spelling))
            tz = load_file(spelling);
        if (tz)
            return tz;
    }
    struct tz_posix posix;
    if (name.len >= sizeof(((struct tz *)0)->name) || !tz_posix_parse(name, &posix))
        return NULL;
    struct tz *tz = calloc(1, sizeof(*tz));
    if (!tz)
        return NULL;
    for (size_t i = 0; i < name.len; i++)
        tz->name[i] = (char)toupper((unsigned char)name.data[i]);
    tz_posix_parse(name, &tz->posix); /* its abbreviations point into tz */
    return tz;
}

static size_t bucket_of(struct str name)
{
    uint64_t h = 0;
    for (size_t i = 0; i < name.len; i++)
        h = h * 31 + (uint8_t)to_lower(name.data[i]);
    return hash_u64(h) % BUCKETS;
}

static struct tz *cached_locked(struct str name)
{
    for (struct tz *tz = buckets[bucket_of(name)]; tz; tz = tz->next)
        if (str_eq_nocase(name, tz->name))
            return tz;
    return NULL;
}

static const struct tz *insert_locked(struct tz *tz)
{
    struct str name = str_from(tz->name);
    struct tz *other = cached_locked(name);
    if (other || zones >= MAX_ZONES) {
        tz_free(tz);
        return other;
    }
    struct tz **bucket = &buckets[bucket_of(name)];
    tz->next = *bucket;
    *bucket = tz;
    zones++;
    return tz;
}

const struct tz *tz_find(struct str name)
{
    if (str_eq_nocase(name, "UTC"))
        return &utc;
    if (name.len >= sizeof(utc.name))
        return NULL;
    pthread_mutex_lock(&mu);
    const struct tz *tz = cached_locked(name);
    pthread_mutex_unlock(&mu);
    if (tz)
        return tz;
    struct tz *loaded = load_zone(name);
    if (!loaded)
        return NULL;
    pthread_mutex_lock(&mu);
    tz = insert_locked(loaded);
    pthread_mutex_unlock(&mu);
    return tz;
}

bool tz_has_one_offset(const struct tz *tz)
{
    for (int i = 1; i < tz->ntypes; i++)
        if (tz->types[i].east != tz->types[0].east)
            return false;
    return !tz->posix.has_dst;
}

const struct tz *tz_fixed(int32_t east)
{
    if (east <= -168 * 3600 || east >= 168 * 3600)
        return NULL;
    /* The name says "minutes west" in POSIX manner: <+05:30>-05:30 */
    char offset[16], name[48];
    int32_t s = east < 0 ? -east : east;
    int n = snprintf(offset, sizeof(offset), "%02d", s / 3600);
    if (s % 3600)
        n += snprintf(offset + n, sizeof(offset) - (size_t)n, ":%02d", s / 60 % 60);
    if (s % 60)
        snprintf(offset + n, sizeof(offset) - (size_t)n, ":%02d", s % 60);
    snprintf(name, sizeof(name), "<%c%s>%c%s", east < 0 ? '-' : '+', offset, east < 0 ? '+' : '-',
             offset);
    return tz_find(str_from(name));
}

static struct err *unknown_zone(struct str text)
{
    return err_new("22023", "time zone \"%.*s\" not recognized", STR_ARG(text));
}

struct err *tz_parse(struct str text, const struct tz **tz)
{
    const struct tz_abbrev *abbrev = tz_abbrev_find(text);
    *tz = abbrev ? (abbrev->zone ? tz_find(str_from(abbrev->zone)) : tz_fixed(abbrev->east))
                 : tz_find(text);
    return *tz ? NULL : unknown_zone(text);
}

/* The names */

static char *names[MAX_NAMES]; /* written once */
static size_t name_count;
static pthread_once_t names_once = PTHREAD_ONCE_INIT;

static bool skipped_entry(const char *prefix, const char *name)
{
    if (name[0] == '.' || strchr(name, '.'))
        return true;
    static const char *const skipped[] = {"right",   "leapseconds", "tzdata",
                                          "Factory", "localtime",   "leap-seconds"};
    for (size_t i = 0; i < ARRAY_LENGTH(skipped); i++)
        if (!*prefix && strcmp(name, skipped[i]) == 0)
            return true;
    return false;
}

static void collect_names(const char *prefix, int depth)
{
    char dir[320];
    snprintf(dir, sizeof(dir), "%s/%s", ZONE_DIR, prefix);
    DIR *d = opendir(dir);
    if (!d)
        return;
    for (struct dirent *entry; (entry = readdir(d)) && name_count < MAX_NAMES;) {
        if (skipped_entry(prefix, entry->d_name) || strlen(entry->d_name) > 40)
            continue;
        char name[128], path[512];
        snprintf(name, sizeof(name), "%s%s%s", prefix, *prefix ? "/" : "", entry->d_name);
        snprintf(path, sizeof(path), "%s/%s", ZONE_DIR, name);
        struct stat st;
        if (stat(path, &st) != 0)
            continue;
        if (S_ISDIR(st.st_mode) && depth < 3)
            collect_names(name, depth + 1);
        else if (S_ISREG(st.st_mode) && (names[name_count] = strdup(name)))
            name_count++;
    }
    closedir(d);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void load_names(void)
{
    collect_names("", 0);
    qsort(names, name_count, sizeof(names[0]), compare_names);
}

const char *const *tz_names(size_t *count)
{
    pthread_once(&names_once, load_names);
    *count = name_count;
    return (const char *const *)names;
}
