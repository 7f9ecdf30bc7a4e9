/* inet, cidr, macaddr, macaddr8: see network.h. */
#include "types/network.h"

#include "base/bytes.h"
#include "base/hash.h"
#include "types/types_internal.h"

enum { WIRE_INET = 2, WIRE_INET6 = 3 };

struct err *inet_open(struct datum d, struct inet *out)
{
    int size = d.len == 6 ? 4 : 16;
    if ((d.len != 6 && d.len != 18) || d.p[1] > size * 8)
        return err_new("XX001", "malformed network address");
    *out = (struct inet){.size = size, .bits = d.p[1]};
    memcpy(out->addr, d.p + 2, (size_t)size);
    return NULL;
}

struct err *inet_make(const struct inet *v, struct arena *arena, struct datum *out)
{
    uint8_t *p = arena_try_alloc(arena, (size_t)v->size + 2);
    if (!p)
        return err_oom();
    p[0] = v->size == 4 ? 4 : 6;
    p[1] = (uint8_t)v->bits;
    memcpy(p + 2, v->addr, (size_t)v->size);
    *out = datum_bytes(p, (size_t)v->size + 2);
    return NULL;
}

void inet_clear_host(struct inet *v)
{
    for (int i = 0; i < v->size; i++) {
        int keep = v->bits - i * 8;
        if (keep < 8)
            v->addr[i] &= (uint8_t)(keep <= 0 ? 0 : 0xff << (8 - keep));
    }
}

int inet_compare_prefix(const struct inet *a, const struct inet *b, int bits)
{
    int c = memcmp(a->addr, b->addr, (size_t)(bits / 8));
    if (c || bits % 8 == 0)
        return c;
    int shift = 8 - bits % 8;
    return (a->addr[bits / 8] >> shift) - (b->addr[bits / 8] >> shift);
}

/* ---- text ---- */

static bool take_number(struct str *s, int max, int *out)
{
    size_t i = 0;
    int v = 0;
    for (; i < s->len && is_digit(s->data[i]); i++) {
        v = v * 10 + (s->data[i] - '0');
        if (v > max)
            return false;
    }
    *s = str_make(s->data + i, s->len - i);
    *out = v;
    return i > 0;
}

static bool take_bits(struct str *s, int max, int *bits)
{
    *bits = -1;
    if (!s->len || s->data[0] != '/')
        return true;
    *s = str_make(s->data + 1, s->len - 1);
    return take_number(s, max, bits);
}

/* As many bits as the class of the network has, and as the octets given. */
static int class_bits(uint8_t first, int octets)
{
    int bits = first >= 240 ? 32 : first >= 224 ? 8 : first >= 192 ? 24 : first >= 128 ? 16 : 8;
    if (bits < octets * 8)
        bits = octets * 8;
    return bits == 8 && first == 224 ? 4 : bits;
}

static bool parse_v4(struct str s, bool cidr, struct inet *out)
{
    int n = 0;
    *out = (struct inet){.size = 4};
    for (;;) {
        int octet;
        if (n == 4 || !take_number(&s, 255, &octet))
            return false;
        out->addr[n++] = (uint8_t)octet;
        if (!s.len || s.data[0] != '.')
            break;
        s = str_make(s.data + 1, s.len - 1);
    }
    if (!take_bits(&s, 32, &out->bits) || s.len)
        return false;
    if (out->bits < 0)
        out->bits = n == 4 ? 32 : -1;
    if (cidr && out->bits < 0)
        out->bits = class_bits(out->addr[0], n);
    return out->bits >= 0 && (cidr || out->bits / 8 <= n);
}

static int hex_digit(char c)
{
    c = to_lower(c);
    return is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Dotted octets at the end of an IPv6 address. */
static bool take_tail(struct str *s, uint8_t *to)
{
    for (int i = 0; i < 4; i++) {
        int octet;
        if (i && (!s->len || s->data[0] != '.'))
            return false;
        if (i)
            *s = str_make(s->data + 1, s->len - 1);
        if (!take_number(s, 255, &octet))
            return false;
        to[i] = (uint8_t)octet;
    }
    return true;
}

static bool parse_v6(struct str s, struct inet *out)
{
    int n = 0;
    int gap = -1;
    *out = (struct inet){.size = 16};
    if (s.len >= 2 && s.data[0] == ':' && s.data[1] == ':')
        s = str_make(s.data + 1, s.len - 1);
    else if (s.len && s.data[0] == ':')
        return false;
    while (s.len && s.data[0] != '/') {
        if (s.data[0] == ':') {
            if (gap >= 0)
                return false;
            gap = n;
            s = str_make(s.data + 1, s.len - 1);
            continue;
        }
        int word = 0;
        size_t i = 0;
        for (; i < s.len && hex_digit(s.data[i]) >= 0; i++)
            word = i < 5 ? word * 16 + hex_digit(s.data[i]) : 0;
        if (i < s.len && s.data[i] == '.') {
            if (n > 12 || !take_tail(&s, out->addr + n))
                return false;
            n += 4;
            break;
        }
        if (!i || i > 4 || n == 16)
            return false;
        out->addr[n++] = (uint8_t)(word >> 8);
        out->addr[n++] = (uint8_t)word;
        s = str_make(s.data + i, s.len - i);
        if (!s.len || s.data[0] == '/')
            break;
        if (s.data[0] != ':' || s.len == 1)
            return false;
        s = str_make(s.data + 1, s.len - 1);
    }
    if (!take_bits(&s, 128, &out->bits) || s.len || (gap < 0 ? n != 16 : n == 16))
        return false;
    if (out->bits < 0)
        out->bits = 128;
    if (gap >= 0) {
        memmove(out->addr + 16 - (n - gap), out->addr + gap, (size_t)(n - gap));
        memset(out->addr + gap, 0, (size_t)(16 - n));
    }
    return true;
}

static struct err *parse(const struct type_ops *t, struct str text, struct inet *out)
{
    bool cidr = t->oid == CIDR_OID;
    bool v6 = memchr(text.data, ':', text.len) != NULL;
    if (!(v6 ? parse_v6(text, out) : parse_v4(text, cidr, out)))
        return bad_syntax(t->name, text);
    struct inet network = *out;
    inet_clear_host(&network);
    if (cidr && memcmp(network.addr, out->addr, sizeof(network.addr)) != 0)
        return err_detail(err_new("22P02", "invalid cidr value: \"%.*s\"", STR_ARG(text)),
                          "Value has bits set to right of mask.");
    return NULL;
}

static void put_v6(const uint8_t *addr, struct buf *out)
{
    int best = -1;
    int best_len = 1;
    for (int i = 0; i < 8; i++) {
        int len = 0;
        while (i + len < 8 && !addr[2 * (i + len)] && !addr[2 * (i + len) + 1])
            len++;
        if (len > best_len) {
            best = i;
            best_len = len;
        }
        i += len ? len - 1 : 0;
    }
    bool tail = best == 0 && (best_len == 6 || (best_len == 7 && load_be16(addr + 14) != 1) ||
                              (best_len == 5 && load_be16(addr + 10) == 0xffff));
    for (int i = 0; i < 8; i++) {
        if (best >= 0 && i >= best && i < best + best_len) {
            if (i == best)
                buf_put_u8(out, ':');
            continue;
        }
        if (i)
            buf_put_u8(out, ':');
        if (i == 6 && tail) {
            buf_printf(out, "%u.%u.%u.%u", addr[12], addr[13], addr[14], addr[15]);
            return;
        }
        buf_printf(out, "%x", load_be16(addr + 2 * i));
    }
    if (best >= 0 && best + best_len == 8)
        buf_put_u8(out, ':');
}

void inet_put_text(const struct inet *v, bool with_bits, bool host, struct buf *out)
{
    const uint8_t *a = v->addr;
    if (v->size == 4)
        buf_printf(out, "%u.%u.%u.%u", a[0], a[1], a[2], a[3]);
    else
        put_v6(a, out);
    if (with_bits || (!host && v->bits != v->size * 8))
        buf_printf(out, "/%d", v->bits);
}

static struct err *inet_in(TYPE_IN_PARAMS)
{
    struct inet v;
    TRY(parse(t, text, &v));
    return inet_make(&v, arena, out);
}

static struct err *inet_out(TYPE_OUT_PARAMS)
{
    struct inet v;
    TRY(inet_open(d, &v));
    inet_put_text(&v, t->oid == CIDR_OID, false, out);
    return NULL;
}

static struct err *inet_recv(TYPE_RECV_PARAMS)
{
    struct inet v = {0};
    const uint8_t *p = (const uint8_t *)bytes.data;
    if (bytes.len < 4)
        return bad_length(t->name, bytes.len);
    v.size = p[0] == WIRE_INET ? 4 : 16;
    v.bits = p[1];
    if ((p[0] != WIRE_INET && p[0] != WIRE_INET6) || v.bits > v.size * 8 || p[3] != v.size)
        return err_new("22P03", "invalid address in external \"%s\" value", t->name);
    if (bytes.len != (size_t)v.size + 4)
        return bad_length(t->name, bytes.len);
    memcpy(v.addr, p + 4, (size_t)v.size);
    struct inet network = v;
    inet_clear_host(&network);
    if (t->oid == CIDR_OID && memcmp(network.addr, v.addr, sizeof(v.addr)) != 0)
        return err_detail(err_new("22P03", "invalid external \"cidr\" value"),
                          "Value has bits set to right of mask.");
    return inet_make(&v, arena, out);
}

static struct err *inet_send(TYPE_OUT_PARAMS)
{
    struct inet v;
    TRY(inet_open(d, &v));
    buf_put_u8(out, v.size == 4 ? WIRE_INET : WIRE_INET6);
    buf_put_u8(out, (uint8_t)v.bits);
    buf_put_u8(out, t->oid == CIDR_OID);
    buf_put_u8(out, (uint8_t)v.size);
    buf_put(out, v.addr, (size_t)v.size);
    return NULL;
}

/* The network's bits, then how many they are, then the rest of the address. */
static int inet_compare(const struct type_ops *t, struct datum da, struct datum db)
{
    struct inet a;
    struct inet b;
    if (da.len != db.len || (da.len != 6 && da.len != 18))
        return da.len < db.len ? -1 : da.len > db.len ? 1 : bytes_compare(t, da, db);
    a = (struct inet){.size = (int)da.len - 2, .bits = da.p[1]};
    b = (struct inet){.size = a.size, .bits = db.p[1]};
    memcpy(a.addr, da.p + 2, (size_t)a.size);
    memcpy(b.addr, db.p + 2, (size_t)b.size);
    int common = a.bits < b.bits ? a.bits : b.bits;
    int c = inet_compare_prefix(&a, &b, common < a.size * 8 ? common : a.size * 8);
    if (c)
        return c;
    return a.bits != b.bits ? a.bits - b.bits : memcmp(a.addr, b.addr, (size_t)a.size);
}

/* Two bits for each bit of the network, and 0 behind them, so that a network comes before its
 * parts; then the whole address. */
static void inet_key(const struct type_ops *t, struct datum d, struct buf *out)
{
    struct inet v;
    struct err *e = inet_open(d, &v);
    if (e) {
        err_free(e);
        v = (struct inet){.size = 4};
    }
    uint8_t symbols[33] = {0};
    for (int i = 0; i < v.bits; i++) {
        int bit = v.addr[i / 8] >> (7 - i % 8) & 1;
        symbols[i / 4] |= (uint8_t)((bit + 1) << (6 - 2 * (i % 4)));
    }
    buf_put_u8(out, v.size == 4 ? 4 : 6);
    buf_put(out, symbols, (size_t)(v.bits / 4 + 1));
    buf_put(out, v.addr, (size_t)v.size);
}

#define INET_OPS(ident, type_oid)         \
    const struct type_ops ident##_ops = { \
        .oid = type_oid,                  \
        .name = #ident,                   \
        .len = -1,                        \
        .in = inet_in,                    \
        .out = inet_out,                  \
        .recv = inet_recv,                \
        .send = inet_send,                \
        .compare = inet_compare,          \
        .hash = bytes_hash,               \
        .key = inet_key,                  \
    }
INET_OPS(inet, INET_OID);
INET_OPS(cidr, CIDR_OID);

/* ---- MAC addresses ---- */

static struct err *make_mac(const uint8_t *mac, size_t n, struct arena *arena, struct datum *out)
{
    *out = datum_bytes(arena_memdup(arena, mac, n), n);
    return NULL;
}

/* `groups` numbers of `bytes` bytes with `separator` between them, nothing else. Numbers of one
 * byte may have any number of digits. */
static bool read_mac(struct str s, int groups, int bytes, char separator, uint8_t *mac, bool *range)
{
    int n = 0;
    for (int g = 0; g < groups; g++) {
        if (g && separator) {
            if (!s.len || s.data[0] != separator)
                return false;
            s = str_make(s.data + 1, s.len - 1);
        }
        for (int b = 0; b < bytes; b++) {
            unsigned v = 0;
            size_t i = 0;
            size_t max = bytes == 1 && separator ? s.len : 2;
            for (; i < s.len && i < max && hex_digit(s.data[i]) >= 0; i++)
                v = v > 0xffff ? v : v * 16 + (unsigned)hex_digit(s.data[i]);
            if (!i)
                return false;
            *range |= v > 255;
            mac[n++] = (uint8_t)v;
            s = str_make(s.data + i, s.len - i);
        }
    }
    return !s.len;
}

static struct err *macaddr_in(TYPE_IN_PARAMS)
{
    static const struct {
        int groups, bytes;
        char separator;
    } forms[] = {{6, 1, ':'}, {6, 1, '-'}, {2, 3, ':'}, {2, 3, '-'},
                 {3, 2, '.'}, {3, 2, '-'}, {1, 6, 0}};
    struct str s = str_trim(text);
    uint8_t mac[6];
    for (size_t i = 0; i < ARRAY_LENGTH(forms); i++) {
        bool range = false;
        if (!read_mac(s, forms[i].groups, forms[i].bytes, forms[i].separator, mac, &range))
            continue;
        if (range)
            return err_new("22003", "invalid octet value in \"macaddr\" value: \"%.*s\"",
                           STR_ARG(text));
        return make_mac(mac, 6, arena, out);
    }
    return bad_syntax("macaddr", text);
}

/* Pairs of digits, all apart by the same character or by none; six bytes get FF:FE in the middle.
 */
static struct err *macaddr8_in(TYPE_IN_PARAMS)
{
    struct str s = str_trim(text);
    uint8_t mac[8];
    int n = 0;
    char separator = 0;
    for (size_t i = 0; i < s.len; n++) {
        if (n == 8 || i + 1 >= s.len || hex_digit(s.data[i]) < 0 || hex_digit(s.data[i + 1]) < 0)
            return bad_syntax("macaddr8", text);
        mac[n] = (uint8_t)(hex_digit(s.data[i]) * 16 + hex_digit(s.data[i + 1]));
        i += 2;
        if (i >= s.len || !strchr(":-.", s.data[i]))
            continue;
        if (separator && separator != s.data[i])
            return bad_syntax("macaddr8", text);
        separator = s.data[i++];
        if (i == s.len)
            return bad_syntax("macaddr8", text);
    }
    if (n == 6) {
        memmove(mac + 5, mac + 3, 3);
        mac[3] = 0xff;
        mac[4] = 0xfe;
        n = 8;
    }
    return n == 8 ? make_mac(mac, 8, arena, out) : bad_syntax("macaddr8", text);
}

static struct err *mac_out(TYPE_OUT_PARAMS)
{
    for (uint32_t i = 0; i < d.len; i++)
        buf_printf(out, i ? ":%02x" : "%02x", d.p[i]);
    return NULL;
}

static struct err *mac_recv(TYPE_RECV_PARAMS)
{
    bool eight = t->oid == MACADDR8_OID;
    uint8_t mac[8];
    if (bytes.len != (eight ? 8 : 6) && !(eight && bytes.len == 6))
        return bad_length(t->name, bytes.len);
    if (!eight || bytes.len == 8)
        return make_mac((const uint8_t *)bytes.data, bytes.len, arena, out);
    memcpy(mac, bytes.data, 3);
    mac[3] = 0xff;
    mac[4] = 0xfe;
    memcpy(mac + 5, bytes.data + 3, 3);
    return make_mac(mac, 8, arena, out);
}

static struct err *mac_send(TYPE_OUT_PARAMS)
{
    buf_put(out, d.p, d.len);
    return NULL;
}

#define MAC_OPS(ident, type_oid)          \
    const struct type_ops ident##_ops = { \
        .oid = type_oid,                  \
        .name = #ident,                   \
        .len = -1,                        \
        .in = ident##_in,                 \
        .out = mac_out,                   \
        .recv = mac_recv,                 \
        .send = mac_send,                 \
        .compare = bytes_compare,         \
        .hash = bytes_hash,               \
        .key = bytes_key,                 \
    }
MAC_OPS(macaddr, MACADDR_OID);
MAC_OPS(macaddr8, MACADDR8_OID);
