/* Records: values of type record and of composite types, self-describing.
 *
 *   u32 LE  OID of the composite type, or RECORD_OID
 *   u16 LE  fields n
 *   u8      flags; bit 0: the field names follow the fields
 *   u8      0
 *   n times u32 LE type OID, u32 LE end offset of the bytes, with bit 31 set for NULL
 *   the bytes of the fields; by-value ones are 8 bytes LE
 *   [n times varint length, name]
 *
 * Any thread, no yield. */
#ifndef TARN_TYPES_RECORD_H
#define TARN_TYPES_RECORD_H

#include "types/datum.h"
#include "types/type.h"

struct record {
    uint32_t type_oid;
    int nfields;
    const uint8_t *fields; /* internal */
    const uint8_t *bytes;
    uint32_t bytes_len;
    struct str names; /* internal; empty: none */
};

/* names: NULL, or one per field. types: the fields' types. 54000, 53200. */
struct err *record_make(uint32_t type_oid, int nfields, const struct type_ops *const *types,
                        const struct str *names, const struct datum *values, struct arena *arena,
                        struct datum *out) MUST_CHECK;
struct err *record_open(struct datum d, struct record *out) MUST_CHECK;
/* Field i and its type's OID. `byval` is looked up by the caller: see type_lookup. */
uint32_t record_field_type(const struct record *r, int i);
struct datum record_field(const struct record *r, int i, bool byval);
/* What a record's fields are called and are, and their values: by its composite type as it is now
 * (dropped ones left out), else by the record itself. In the arena. */
struct record_view {
    int nfields;
    struct str *names;
    const struct type_ops **types;
    struct datum *values;
};
struct err *record_view(const struct type_env *env, struct datum d, struct arena *arena,
                        struct record_view *out) MUST_CHECK;
/* The fields as record_view gives them as one row of `ncols` datums: NULLs where there are fewer,
 * all NULL for a NULL. They borrow from d and the arena. */
struct err *record_spread(const struct type_env *env, struct datum d, struct arena *arena,
                          struct datum *row, int ncols) MUST_CHECK;
/* A value of the composite type from values for all its fields, dropped ones too (NULL). */
struct err *composite_make(uint32_t type, const struct composite *c, const struct datum *values,
                           struct arena *arena, struct datum *out) MUST_CHECK;
/* All its fields, dropped ones too; those that the type got later are NULL. */
struct err *composite_values(const struct composite *c, struct datum d, struct arena *arena,
                             struct datum **out) MUST_CHECK;
/* The name, or f1, f2 ... written to tmp (16 bytes). */
struct str record_field_name(const struct record *r, int i, char *tmp);

#endif
