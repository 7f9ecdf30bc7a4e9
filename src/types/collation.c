/* Collations by ICU: see collation.h. Keys are ICU's sort keys, which end in the only zero byte
 * they have; those of deterministic collations go on with the string's own bytes. */
#include "types/collation.h"

#include "base/check.h"
#include "base/hash.h"
#include "types/key.h"
#include "types/types_internal.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/ucol.h>
#include <unicode/ustring.h>

enum {
    BUCKETS = 2048, /* a power of 2 */
    STACK_CHARS = 256,
    STACK_KEY_BYTES = 512,
};

struct collation {
    struct collation *next; /* in its bucket */
    uint32_t oid;
    const char *locale;
    bool deterministic;
    _Atomic(UCollator *) collator; /* NULL: not opened yet. Release, acquire */
    struct collated *types;        /* guarded by mu */
};

/* A type in a collation's order. */
struct collated {
    struct type_ops ops; /* first: ops->collation leads from it to the rest */
    const struct type_ops *plain;
    struct collated *next;
};

static pthread_mutex_t mu = PTHREAD_MUTEX_INITIALIZER;
/* Entries are added under mu and never go away; read without it. */
static _Atomic(struct collation *) buckets[BUCKETS];

static bool is_bytes(uint32_t oid)
{
    return oid == 0 || oid == 100 || oid == 950 || oid == 951;
}

static struct collation *find(uint32_t oid)
{
    struct collation *c =
        atomic_load_explicit(&buckets[hash_u64(oid) & (BUCKETS - 1)], memory_order_acquire);
    while (c && c->oid != oid)
        c = c->next;
    return c;
}

void collation_register(uint32_t oid, const char *locale, bool deterministic)
{
    CHECK(pthread_mutex_lock(&mu) == 0);
    if (!find(oid)) {
        struct collation *c = calloc(1, sizeof(*c));
        CHECK(c != NULL);
        _Atomic(struct collation *) *bucket = &buckets[hash_u64(oid) & (BUCKETS - 1)];
        c->oid = oid;
        c->locale = locale;
        c->deterministic = deterministic;
        c->next = atomic_load_explicit(bucket, memory_order_relaxed);
        atomic_store_explicit(bucket, c, memory_order_release);
    }
    CHECK(pthread_mutex_unlock(&mu) == 0);
}

bool collation_orders(uint32_t oid)
{
    return !is_bytes(oid) && find(oid);
}

bool collation_is_nondeterministic(uint32_t oid)
{
    const struct collation *c = is_bytes(oid) ? NULL : find(oid);
    return c && !c->deterministic;
}

bool collation_same_order(uint32_t a, uint32_t b)
{
    return a == b || (!collation_orders(a) && !collation_orders(b));
}

/* ---- collators ---- */

static UCollator *open_locked(struct collation *c)
{
    UCollator *u = atomic_load_explicit(&c->collator, memory_order_acquire);
    UErrorCode status = U_ZERO_ERROR;
    if (u)
        return u;
    u = ucol_open(c->locale, &status);
    CHECK(U_SUCCESS(status)); /* it opened when the collation was made */
    atomic_store_explicit(&c->collator, u, memory_order_release);
    return u;
}

static const UCollator *collator_of(const struct collation *c)
{
    return atomic_load_explicit(&c->collator, memory_order_acquire);
}

struct err *collation_check_locale(const char *locale)
{
    UErrorCode status = U_ZERO_ERROR;
    UCollator *u = ucol_open(locale, &status);
    if (U_FAILURE(status))
        return err_new("22023", "could not open collator for locale \"%s\": %s", locale,
                       u_errorName(status));
    ucol_close(u);
    return NULL;
}

const char *collation_version(struct arena *arena, const char *locale)
{
    UErrorCode status = U_ZERO_ERROR;
    UVersionInfo version;
    char text[U_MAX_VERSION_STRING_LENGTH];
    UCollator *u = ucol_open(locale, &status);
    if (U_FAILURE(status))
        return NULL;
    ucol_getVersion(u, version);
    ucol_close(u);
    u_versionToString(version, text);
    return arena_strdup(arena, text);
}

const char *collation_actual_version(struct arena *arena, uint32_t oid)
{
    const struct collation *c = find(oid);
    return c ? collation_version(arena, c->locale) : NULL;
}

/* ---- strings in UTF-16 ---- */

struct utf16 {
    UChar stack[STACK_CHARS];
    UChar *chars;
    int32_t len;
};

static void utf16_init(struct utf16 *u, struct str s)
{
    UErrorCode status = U_ZERO_ERROR;
    u->chars = u->stack;
    int32_t room = STACK_CHARS;
    if (s.len > STACK_CHARS) { /* no more of these than there are bytes */
        u->chars = malloc(s.len * sizeof(UChar));
        CHECK(u->chars != NULL);
        room = (int32_t)s.len;
    }
    u_strFromUTF8(u->chars, room, &u->len, s.data, (int32_t)s.len, &status);
    CHECK(U_SUCCESS(status)); /* strings are valid UTF-8 */
}

static void utf16_done(struct utf16 *u)
{
    if (u->chars != u->stack)
        free(u->chars);
}

/* ---- types in a collation's order ---- */

static struct str string_of(const struct type_ops *t, struct datum d)
{
    struct str s = datum_as_str(d);
    while (t->oid == BPCHAR_OID && s.len && s.data[s.len - 1] == ' ')
        s.len--;
    return s;
}

static int collated_compare(const struct type_ops *t, struct datum a, struct datum b)
{
    UErrorCode status = U_ZERO_ERROR;
    struct str x = string_of(t, a);
    struct str y = string_of(t, b);
    if (x.len == y.len && memcmp(x.data, y.data, x.len) == 0)
        return 0;
    UCollationResult r =
        ucol_strcollUTF8(collator_of(t->collation), x.data ? x.data : "", (int32_t)x.len,
                         y.data ? y.data : "", (int32_t)y.len, &status);
    CHECK(U_SUCCESS(status));
    return r != UCOL_EQUAL || !t->collation->deterministic ? (int)r : str_cmp(x, y);
}

static void put_sort_key(const struct collation *c, struct str s, struct buf *out)
{
    struct utf16 u;
    uint8_t key[STACK_KEY_BYTES];
    utf16_init(&u, s);
    int32_t n = ucol_getSortKey(collator_of(c), u.chars, u.len, key, sizeof(key));
    if (n <= (int32_t)sizeof(key)) {
        buf_put(out, key, (size_t)n);
    } else if (buf_reserve(out, (size_t)n)) {
        ucol_getSortKey(collator_of(c), u.chars, u.len, out->data + out->len, n);
        out->len += (size_t)n;
    }
    utf16_done(&u);
}

static void collated_key(const struct type_ops *t, struct datum d, struct buf *out)
{
    struct str s = string_of(t, d);
    put_sort_key(t->collation, s, out);
    if (t->collation->deterministic)
        key_put_bytes(out, s.data, s.len);
}

static uint64_t collated_hash(const struct type_ops *t, struct datum d)
{
    struct buf b = BUF_INIT;
    put_sort_key(t->collation, string_of(t, d), &b);
    struct str key = buf_str(&b);
    uint64_t h = hash_bytes(key.data, key.len, 0);
    buf_done(&b);
    return h;
}

static bool is_string(const struct type_ops *t)
{
    return t->oid == TEXT_OID || t->oid == VARCHAR_OID || t->oid == BPCHAR_OID ||
           t->oid == NAME_OID;
}

static struct collated *make_locked(struct collation *c, const struct type_ops *t,
                                    const struct type_ops *elem)
{
    struct collated *made = calloc(1, sizeof(*made));
    CHECK(made != NULL);
    made->plain = t;
    made->ops = *t;
    made->ops.collation = c;
    if (elem) {
        made->ops.elem = elem;
    } else {
        made->ops.compare = collated_compare;
        made->ops.key = collated_key;
        if (!c->deterministic)
            made->ops.hash = collated_hash;
    }
    made->next = c->types;
    c->types = made;
    return made;
}

const struct type_ops *type_collated(const struct type_ops *t, uint32_t collation)
{
    struct collation *c = is_bytes(collation) || !t ? NULL : find(collation);
    if (!c || t->collation == c || (!is_string(t) && !(t->elem && !t->range && !t->multirange)))
        return t;
    const struct type_ops *elem = t->elem ? type_collated(t->elem, collation) : NULL;
    if (t->elem && elem == t->elem)
        return t;
    CHECK(pthread_mutex_lock(&mu) == 0);
    struct collated *made = c->types;
    (void)open_locked(c);
    while (made && made->plain != t)
        made = made->next;
    if (!made)
        made = make_locked(c, t, elem);
    CHECK(pthread_mutex_unlock(&mu) == 0);
    return &made->ops;
}

/* ---- cases ---- */

static int32_t map_case(const struct collation *c, enum collation_case how, const struct utf16 *u,
                        UChar *out, int32_t room, UErrorCode *status)
{
    *status = U_ZERO_ERROR;
    switch (how) {
    case COLLATION_LOWER:
        return u_strToLower(out, room, u->chars, u->len, c->locale, status);
    case COLLATION_UPPER:
        return u_strToUpper(out, room, u->chars, u->len, c->locale, status);
    case COLLATION_TITLE:
        return u_strToTitle(out, room, u->chars, u->len, NULL, c->locale, status);
    }
    UNREACHABLE();
}

struct err *collation_map_case(uint32_t oid, enum collation_case how, struct str s,
                               struct arena *arena, struct str *out)
{
    struct utf16 u;
    UErrorCode status;
    const struct collation *c = find(oid);
    CHECK(c != NULL);
    utf16_init(&u, s);
    int32_t n = map_case(c, how, &u, NULL, 0, &status);
    UChar *mapped = arena_try_alloc(arena, ((size_t)n + 1) * sizeof(UChar));
    char *bytes = mapped ? arena_try_alloc(arena, (size_t)n * 3 + 1) : NULL;
    int32_t len = 0;
    if (bytes)
        map_case(c, how, &u, mapped, n + 1, &status);
    utf16_done(&u);
    if (!bytes)
        return err_oom();
    if (U_SUCCESS(status))
        u_strToUTF8(bytes, n * 3 + 1, &len, mapped, n, &status);
    if (U_FAILURE(status))
        return err_new("XX000", "case conversion failed: %s", u_errorName(status));
    *out = (struct str){bytes, (size_t)len};
    return NULL;
}
