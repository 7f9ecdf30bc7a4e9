/* Collations: orders of character strings other than that of the bytes, computed by ICU (manual
 * section 24.2). A collation is made known once, by its pg_collation OID, and lives as long as the
 * process; its collator is opened when a type is first wanted in that order and is then read by all
 * threads (ICU's functions over a const UCollator may run at once).
 *
 * The order of a deterministic collation breaks its ties by bytes, so that its equality is that of
 * the bytes. Any thread; nothing here yields. */
#ifndef TARN_TYPES_COLLATION_H
#define TARN_TYPES_COLLATION_H

#include "base/err.h"
#include "types/type.h"

struct collation;

/* Makes an ICU collation known under an OID; the name of its locale is borrowed for good. */
void collation_register(uint32_t oid, const char *locale, bool deterministic);
/* Whether strings are in some other order than that of their bytes. Cheap for "default" and "C". */
bool collation_orders(uint32_t oid);
/* Whether strings of other bytes may be equal. */
bool collation_is_nondeterministic(uint32_t oid);
/* Whether two collations put all strings into the same order. */
bool collation_same_order(uint32_t a, uint32_t b);

/* The type with compare, hash and key of that collation: of strings, and of arrays of them. Others,
 * and all types in the order of bytes, are `t` itself. NULL gives NULL. The result lives as long as
 * the process. */
const struct type_ops *type_collated(const struct type_ops *t, uint32_t collation);

/* ICU's own version of a locale's rules ("153.120"), into the arena; NULL: it has none. */
const char *collation_version(struct arena *arena, const char *locale);
/* The same of the collation; NULL: it is none of ICU's. */
const char *collation_actual_version(struct arena *arena, uint32_t oid);
/* Whether ICU can open that locale; 22023 or XX000 otherwise. */
struct err *collation_check_locale(const char *locale) MUST_CHECK;

enum collation_case { COLLATION_LOWER, COLLATION_UPPER, COLLATION_TITLE };
/* The string in another case by the rules of the collation's language. */
struct err *collation_map_case(uint32_t oid, enum collation_case how, struct str s,
                               struct arena *arena, struct str *out) MUST_CHECK;

#endif
