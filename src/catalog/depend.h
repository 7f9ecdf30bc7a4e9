/* Dependencies between objects: pg_depend, as in the manual's chapter 5.14 and section 53.18. */
#ifndef TARN_CATALOG_DEPEND_H
#define TARN_CATALOG_DEPEND_H

#include "catalog/catalog.h"

struct object_address {
    uint32_t class_id; /* OID of the system table that holds the object */
    uint32_t object_id;
    int32_t sub_id; /* column number, 0: the whole object */
};

enum depend_type {
    DEPEND_NORMAL = 'n',
    DEPEND_AUTO = 'a',
    DEPEND_INTERNAL = 'i',
    DEPEND_EXTENSION = 'e', /* is part of it */
};

struct depend_item {
    struct object_address object; /* the dependent one (depend_on) or the referenced one */
    struct object_address referenced;
    enum depend_type type;
};

struct depend_list {
    struct depend_item *items;
    int count;
    int cap;
};

struct err *depend_record(struct cat *c, struct object_address object,
                          struct object_address referenced, enum depend_type type) MUST_CHECK;
/* What depends directly on the object; sub_id 0 finds dependents of its columns too. */
struct err *depend_on(struct cat *c, struct object_address referenced, struct arena *a,
                      struct depend_list *out) MUST_CHECK;
/* What the object depends on directly. */
struct err *depend_of(struct cat *c, struct object_address object, struct arena *a,
                      struct depend_list *out) MUST_CHECK;
/* Forgets what the object depends on; sub_id 0: its columns too. */
struct err *depend_forget(struct cat *c, struct object_address object) MUST_CHECK;

#endif
