/* Network addresses: inet and cidr, macaddr and macaddr8.
 *
 * inet, cidr: u8 family (4 or 6), u8 bits of the netmask, 4 or 16 bytes of the address; a cidr has
 * no bits behind its mask. macaddr: 6 bytes; macaddr8: 8 bytes. */
#ifndef TARN_TYPES_NETWORK_H
#define TARN_TYPES_NETWORK_H

#include "types/datum.h"
#include "types/type.h"

struct inet {
    int size; /* bytes of the address: 4 or 16 */
    int bits;
    uint8_t addr[16];
};

struct err *inet_open(struct datum d, struct inet *out) MUST_CHECK;
struct err *inet_make(const struct inet *v, struct arena *arena, struct datum *out) MUST_CHECK;
/* The address, then "/bits" if `with_bits` (always) or when the mask is not the whole address and
 * not `host`. */
void inet_put_text(const struct inet *v, bool with_bits, bool host, struct buf *out);
/* The first `bits` bits of both. */
int inet_compare_prefix(const struct inet *a, const struct inet *b, int bits);
/* Clears the bits behind the mask. */
void inet_clear_host(struct inet *v);

#endif
