/* aclitem: who has been granted what by whom.
 *
 *   u32 LE grantee (0: everybody), u32 LE grantor, u32 LE privileges: bits of `enum privilege`,
 *   and the same shifted by 16 for those that may be granted on. */
#ifndef TARN_TYPES_ACL_ITEM_H
#define TARN_TYPES_ACL_ITEM_H

#include "types/datum.h"

#include <stdbool.h>
#include <stdint.h>

enum privilege {
    PRIV_INSERT = 1 << 0,
    PRIV_SELECT = 1 << 1,
    PRIV_UPDATE = 1 << 2,
    PRIV_DELETE = 1 << 3,
    PRIV_TRUNCATE = 1 << 4,
    PRIV_REFERENCES = 1 << 5,
    PRIV_TRIGGER = 1 << 6,
    PRIV_EXECUTE = 1 << 7,
    PRIV_USAGE = 1 << 8,
    PRIV_CREATE = 1 << 9,
    PRIV_TEMPORARY = 1 << 10,
    PRIV_CONNECT = 1 << 11,
    PRIV_SET = 1 << 12,
    PRIV_ALTER_SYSTEM = 1 << 13,
};
enum { PRIV_COUNT = 14, PRIV_OPTIONS = 16 /* shift of grant options */ };

struct acl_item {
    uint32_t grantee;
    uint32_t grantor;
    uint32_t privs;
};

enum { ACL_ITEM_BYTES = 12 };
/* False when the bytes are no item. */
bool acl_item_read(struct datum d, struct acl_item *out);
void acl_item_write(const struct acl_item *item, uint8_t out[ACL_ITEM_BYTES]);
/* "SELECT" ... of the n-th bit. */
const char *privilege_name(int bit);
char privilege_letter(int bit);

#endif
