/* Types that users make: their register, enums, domains.
 *
 * The register is a table of two levels by OID. An entry is written once and then only replaced, so
 * that readers need no lock. */
#include "types/type.h"

#include "base/check.h"
#include "types/key.h"
#include "types/types_internal.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { PAGE_BITS = 12, PAGE_OIDS = 1 << PAGE_BITS, PAGES = 1 << (32 - PAGE_BITS) };

typedef _Atomic(const struct type_ops *) entry;
static _Atomic(entry *) pages[PAGES];

const struct type_ops *registered_type(uint32_t oid)
{
    entry *page = atomic_load_explicit(&pages[oid >> PAGE_BITS], memory_order_acquire);
    return page ? atomic_load_explicit(&page[oid & (PAGE_OIDS - 1)], memory_order_acquire) : NULL;
}

void type_register(uint32_t oid, const struct type_ops *t)
{
    _Atomic(entry *) *slot = &pages[oid >> PAGE_BITS];
    entry *page = atomic_load_explicit(slot, memory_order_acquire);
    if (!page) {
        entry *fresh = calloc(PAGE_OIDS, sizeof(*fresh));
        CHECK(fresh != NULL);
        /* Release: whoever finds the page sees its zeros. */
        if (atomic_compare_exchange_strong_explicit(slot, &page, fresh, memory_order_acq_rel,
                                                    memory_order_acquire))
            page = fresh;
        else
            free(fresh);
    }
    /* Release: pairs with the acquire of registered_type. */
    atomic_store_explicit(&page[oid & (PAGE_OIDS - 1)], t, memory_order_release);
}

/* ---- enums ---- */

/* Upper half: the sort order's bits, so turned that they compare as a signed integer. */
static int32_t flip(int32_t bits)
{
    return bits < 0 ? bits ^ INT32_MAX : bits;
}

struct datum enum_datum(float sort_order, uint32_t label)
{
    int32_t bits;
    memcpy(&bits, &sort_order, sizeof(bits));
    return datum_int((int64_t)((uint64_t)(uint32_t)flip(bits) << 32 | label));
}

float enum_sort_order(struct datum d)
{
    int32_t bits = flip((int32_t)(uint32_t)(d.u >> 32));
    float sort_order;
    memcpy(&sort_order, &bits, sizeof(sort_order));
    return sort_order;
}

bool enum_from_number(struct str text, struct datum *out)
{
    int64_t v;
    if (text.len < 2 || text.data[0] != '#' ||
        !str_to_int64(str_make(text.data + 1, text.len - 1), &v))
        return false;
    *out = datum_int(v);
    return true;
}

static struct err *enum_in(TYPE_IN_PARAMS)
{
    if (env && env->enum_value)
        return env->enum_value(env->names, t->oid, text, out);
    return enum_from_number(text, out) ? NULL : bad_syntax("enum", text);
}

static struct err *enum_out(TYPE_OUT_PARAMS)
{
    if (env && env->enum_label)
        return env->enum_label(env->names, t->oid, d, out);
    buf_printf(out, "#%lld", (long long)d.i);
    return NULL;
}

static void enum_key(const struct type_ops *t, struct datum d, struct buf *out)
{
    key_put_int64(out, d.i);
}

void type_init_enum(struct type_ops *t)
{
    *t = (struct type_ops){
        .oid = t->oid,
        .name = t->name,
        .len = 8,
        .byval = true,
        .in = enum_in,
        .out = enum_out,
        .recv = recv_as_text,
        .send = send_as_text,
        .compare = int_compare,
        .hash = int_hash,
        .key = enum_key,
    };
}

/* ---- domains ---- */

static struct err *check_domain(const struct type_ops *t, const struct type_env *env,
                                struct datum d)
{
    return env && env->domain_check ? env->domain_check(env->names, t->domain, d) : NULL;
}

static struct err *domain_in(TYPE_IN_PARAMS)
{
    struct datum d;
    TRY(t->base->in(t->base, env, text, typmod < 0 ? t->typmod : typmod, arena, &d));
    TRY(check_domain(t, env, d));
    *out = d;
    return NULL;
}

static struct err *domain_recv(TYPE_RECV_PARAMS)
{
    struct datum d;
    TRY(t->base->recv(t->base, env, bytes, typmod < 0 ? t->typmod : typmod, arena, &d));
    TRY(check_domain(t, env, d));
    *out = d;
    return NULL;
}

void type_init_domain(struct type_ops *t, uint32_t domain, const struct type_ops *base,
                      int32_t typmod)
{
    *t = *base;
    t->base = base;
    t->domain = domain;
    t->typmod = typmod;
    t->in = domain_in;
    if (base->recv)
        t->recv = domain_recv;
}
