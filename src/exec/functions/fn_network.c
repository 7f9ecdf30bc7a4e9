/* Functions and operators of network addresses: manual section 9.12. */
#include "exec/functions/fn_internal.h"

#include "types/network.h"

static struct err *inet_arg(struct fn_call *c, int i, struct inet *out)
{
    return inet_open(c->args[i], out);
}

static struct err *inet_args(struct fn_call *c, struct inet *a, struct inet *b)
{
    TRY(inet_arg(c, 0, a));
    return inet_arg(c, 1, b);
}

/* ---- containment ---- */

/* a is in b: strictly, or equal too. */
static bool inside(const struct inet *a, const struct inet *b, bool strict)
{
    return a->size == b->size && (strict ? a->bits > b->bits : a->bits >= b->bits) &&
           inet_compare_prefix(a, b, b->bits) == 0;
}

FN(network_sub)
{
    struct inet a, b;
    TRY(inet_args(c, &a, &b));
    return give_bool(inside(&a, &b, true), out);
}

FN(network_subeq)
{
    struct inet a, b;
    TRY(inet_args(c, &a, &b));
    return give_bool(inside(&a, &b, false), out);
}

FN(network_sup)
{
    struct inet a, b;
    TRY(inet_args(c, &a, &b));
    return give_bool(inside(&b, &a, true), out);
}

FN(network_supeq)
{
    struct inet a, b;
    TRY(inet_args(c, &a, &b));
    return give_bool(inside(&b, &a, false), out);
}

FN(network_overlap)
{
    struct inet a, b;
    TRY(inet_args(c, &a, &b));
    return give_bool(inside(&a, &b, false) || inside(&b, &a, false), out);
}

FN(inet_same_family)
{
    struct inet a, b;
    TRY(inet_args(c, &a, &b));
    return give_bool(a.size == b.size, out);
}

/* ---- parts ---- */

static struct err *give_text(struct fn_call *c, const struct inet *v, bool with_bits, bool host,
                             struct datum *out)
{
    struct buf b = BUF_INIT;
    inet_put_text(v, with_bits, host, &b);
    return give_buf(c, &b, out);
}

FN(network_host)
{
    struct inet v;
    TRY(inet_arg(c, 0, &v));
    return give_text(c, &v, false, true, out);
}

FN(network_show)
{
    struct inet v;
    TRY(inet_arg(c, 0, &v));
    return give_text(c, &v, true, false, out);
}

FN(inet_abbrev)
{
    struct inet v;
    TRY(inet_arg(c, 0, &v));
    return give_text(c, &v, false, false, out);
}

/* The words that the mask covers, zeros inside them shortened. */
static void abbreviate_v6(const struct inet *v, struct buf *b)
{
    struct buf text = BUF_INIT;
    int words = (v->bits + 15) / 16;
    if (!v->bits) {
        buf_put_c(b, "::");
        return;
    }
    inet_put_text(v, false, true, &text);
    size_t len = text.len;
    /* A network's text ends in :: unless its words are few and without a gap before. */
    if (words < 7 && len > 2 && text.data[len - 1] == ':' && text.data[len - 2] == ':') {
        int shown = 1;
        for (size_t i = 0; i + 2 < len; i++)
            shown += text.data[i] == ':';
        if (shown == words)
            len -= 2;
    }
    buf_put(b, text.data, len);
    buf_done(&text);
}

FN(cidr_abbrev)
{
    struct inet v;
    struct buf b = BUF_INIT;
    TRY(inet_arg(c, 0, &v));
    if (v.size == 4) {
        int octets = v.bits ? (v.bits + 7) / 8 : 1;
        for (int i = 0; i < octets; i++)
            buf_printf(&b, i ? ".%u" : "%u", v.addr[i]);
    } else {
        abbreviate_v6(&v, &b);
    }
    buf_printf(&b, "/%d", v.bits);
    return give_buf(c, &b, out);
}

FN(network_masklen)
{
    struct inet v;
    TRY(inet_arg(c, 0, &v));
    return give_int(v.bits, out);
}

FN(network_family)
{
    struct inet v;
    TRY(inet_arg(c, 0, &v));
    return give_int(v.size == 4 ? 4 : 6, out);
}

FN(network_network)
{
    struct inet v;
    TRY(inet_arg(c, 0, &v));
    inet_clear_host(&v);
    return inet_make(&v, c->arena, out);
}

static struct inet mask_of(const struct inet *v, bool host)
{
    struct inet m = {.size = v->size, .bits = v->bits};
    memset(m.addr, 0xff, sizeof(m.addr));
    inet_clear_host(&m);
    for (int i = 0; host && i < m.size; i++)
        m.addr[i] = (uint8_t)~m.addr[i];
    m.bits = m.size * 8;
    return m;
}

FN(network_netmask)
{
    struct inet v;
    TRY(inet_arg(c, 0, &v));
    v = mask_of(&v, false);
    return inet_make(&v, c->arena, out);
}

FN(network_hostmask)
{
    struct inet v;
    TRY(inet_arg(c, 0, &v));
    v = mask_of(&v, true);
    return inet_make(&v, c->arena, out);
}

FN(network_broadcast)
{
    struct inet v;
    TRY(inet_arg(c, 0, &v));
    struct inet m = mask_of(&v, true);
    for (int i = 0; i < v.size; i++)
        v.addr[i] |= m.addr[i];
    return inet_make(&v, c->arena, out);
}

static struct err *set_masklen(struct fn_call *c, bool cidr, struct datum *out)
{
    struct inet v;
    int64_t bits = ARG_I(1);
    TRY(inet_arg(c, 0, &v));
    if (bits == -1)
        bits = v.size * 8;
    if (bits < 0 || bits > v.size * 8)
        return err_new("22023", "invalid mask length: %lld", (long long)ARG_I(1));
    v.bits = (int)bits;
    if (cidr)
        inet_clear_host(&v);
    return inet_make(&v, c->arena, out);
}

FN(inet_set_masklen)
{
    return set_masklen(c, false, out);
}

FN(cidr_set_masklen)
{
    return set_masklen(c, true, out);
}

/* The smallest network that has both. */
FN(inet_merge)
{
    struct inet a, b;
    TRY(inet_args(c, &a, &b));
    if (a.size != b.size)
        return err_new("22023", "cannot merge addresses from different families");
    int bits = a.bits < b.bits ? a.bits : b.bits;
    while (bits && inet_compare_prefix(&a, &b, bits) != 0)
        bits--;
    a.bits = bits;
    inet_clear_host(&a);
    return inet_make(&a, c->arena, out);
}

/* ---- bits and arithmetic ---- */

FN(inetnot)
{
    struct inet v;
    TRY(inet_arg(c, 0, &v));
    for (int i = 0; i < v.size; i++)
        v.addr[i] = (uint8_t)~v.addr[i];
    return inet_make(&v, c->arena, out);
}

static struct err *combine(struct fn_call *c, bool and, struct datum *out)
{
    struct inet a, b;
    TRY(inet_args(c, &a, &b));
    if (a.size != b.size)
        return err_new("22023", "cannot %s inet values of different sizes", and? "AND" : "OR");
    for (int i = 0; i < a.size; i++)
        a.addr[i] = (uint8_t)(and? a.addr[i] & b.addr[i] : a.addr[i] | b.addr[i]);
    a.bits = a.bits > b.bits ? a.bits : b.bits;
    return inet_make(&a, c->arena, out);
}

FN(inetand)
{
    return combine(c, true, out);
}

FN(inetor)
{
    return combine(c, false, out);
}

static struct err *result_range(void)
{
    return err_new("22003", "result is out of range");
}

static struct err *add(struct fn_call *c, bool minus, struct datum *out)
{
    struct inet v;
    TRY(inet_arg(c, 0, &v));
    __int128 carry = minus ? -(__int128)ARG_I(1) : ARG_I(1);
    for (int i = v.size; i-- > 0;) {
        carry += v.addr[i];
        v.addr[i] = (uint8_t)(carry & 0xff);
        carry >>= 8;
    }
    return carry ? result_range() : inet_make(&v, c->arena, out);
}

FN(inetpl)
{
    return add(c, false, out);
}

FN(inetmi_int8)
{
    return add(c, true, out);
}

FN(inetmi)
{
    struct inet a, b;
    TRY(inet_args(c, &a, &b));
    if (a.size != b.size)
        return err_new("22023", "cannot subtract inet values of different sizes");
    int c_sign = memcmp(a.addr, b.addr, (size_t)a.size);
    const struct inet *high = c_sign < 0 ? &b : &a;
    const struct inet *low = c_sign < 0 ? &a : &b;
    unsigned __int128 x = 0;
    unsigned __int128 y = 0;
    for (int i = 0; i < a.size; i++) {
        x = x << 8 | high->addr[i];
        y = y << 8 | low->addr[i];
    }
    unsigned __int128 difference = x - y;
    if (difference > (unsigned __int128)INT64_MAX + (c_sign < 0))
        return result_range();
    return give_int(c_sign < 0 ? (int64_t) - (__int128)difference : (int64_t)difference, out);
}

/* ---- MAC addresses ---- */

static struct err *give_mac(struct fn_call *c, const uint8_t *mac, size_t n, struct datum *out)
{
    *out = datum_bytes(arena_memdup(c->arena, mac, n), n);
    return NULL;
}

static struct err *mac_bits(struct fn_call *c, char op, struct datum *out)
{
    uint8_t mac[8];
    struct datum a = c->args[0];
    struct datum b = c->nargs > 1 ? c->args[1] : a;
    for (uint32_t i = 0; i < a.len && i < 8; i++)
        mac[i] = (uint8_t)(op == '~' ? ~a.p[i] : op == '&' ? a.p[i] & b.p[i] : a.p[i] | b.p[i]);
    return give_mac(c, mac, a.len, out);
}

FN(mac_not)
{
    return mac_bits(c, '~', out);
}

FN(mac_and)
{
    return mac_bits(c, '&', out);
}

FN(mac_or)
{
    return mac_bits(c, '|', out);
}

FN(mac_trunc)
{
    uint8_t mac[8] = {0};
    memcpy(mac, c->args[0].p, 3);
    return give_mac(c, mac, c->args[0].len, out);
}

FN(macaddrtomacaddr8)
{
    const uint8_t *p = c->args[0].p;
    uint8_t mac[8] = {p[0], p[1], p[2], 0xff, 0xfe, p[3], p[4], p[5]};
    return give_mac(c, mac, 8, out);
}

FN(macaddr8tomacaddr)
{
    const uint8_t *p = c->args[0].p;
    uint8_t mac[6] = {p[0], p[1], p[2], p[5], p[6], p[7]};
    if (p[3] != 0xff || p[4] != 0xfe)
        return err_hint(
            err_new("22003", "macaddr8 data out of range to convert to macaddr"),
            "Only addresses that have FF and FE as values in the 4th and 5th bytes from "
            "the left, for example xx:xx:xx:ff:fe:xx:xx:xx, are eligible to be converted "
            "from macaddr8 to macaddr.");
    return give_mac(c, mac, 6, out);
}

FN(macaddr8_set7bit)
{
    uint8_t mac[8];
    memcpy(mac, c->args[0].p, 8);
    mac[0] |= 2;
    return give_mac(c, mac, 8, out);
}

const struct fn_entry fn_network_table[] = {
    ENTRY(network_sub),
    ENTRY(network_subeq),
    ENTRY(network_sup),
    ENTRY(network_supeq),
    ENTRY(network_overlap),
    ENTRY(inet_same_family),
    ENTRY(network_host),
    ENTRY(network_show),
    ENTRY(inet_abbrev),
    ENTRY(cidr_abbrev),
    ENTRY(network_masklen),
    ENTRY(network_family),
    ENTRY(network_network),
    {"inet_to_cidr", f_network_network},
    ENTRY(network_netmask),
    ENTRY(network_hostmask),
    ENTRY(network_broadcast),
    ENTRY(inet_set_masklen),
    ENTRY(cidr_set_masklen),
    ENTRY(inet_merge),
    ENTRY(inetnot),
    ENTRY(inetand),
    ENTRY(inetor),
    ENTRY(inetpl),
    ENTRY(inetmi_int8),
    ENTRY(inetmi),
    {"macaddr_not", f_mac_not},
    {"macaddr_and", f_mac_and},
    {"macaddr_or", f_mac_or},
    {"macaddr_trunc", f_mac_trunc},
    {"macaddr8_not", f_mac_not},
    {"macaddr8_and", f_mac_and},
    {"macaddr8_or", f_mac_or},
    {"macaddr8_trunc", f_mac_trunc},
    ENTRY(macaddrtomacaddr8),
    ENTRY(macaddr8tomacaddr),
    ENTRY(macaddr8_set7bit),
};
TABLE_END(fn_network);
