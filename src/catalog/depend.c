/* pg_depend: see depend.h. */
#include "catalog/depend.h"

#include "catalog/systab.h"

struct err *depend_record(struct cat *c, struct object_address object,
                          struct object_address referenced, enum depend_type type)
{
    struct datum v[DEP_COUNT] = {
        [DEP_CLASSID] = datum_int(object.class_id),
        [DEP_OBJID] = datum_int(object.object_id),
        [DEP_OBJSUBID] = datum_int(object.sub_id),
        [DEP_REFCLASSID] = datum_int(referenced.class_id),
        [DEP_REFOBJID] = datum_int(referenced.object_id),
        [DEP_REFOBJSUBID] = datum_int(referenced.sub_id),
        [DEP_TYPE] = datum_int(type),
    };
    return systab_insert(c, PG_DEPEND, v);
}

static struct err *collect(struct cat *c, uint32_t index, struct object_address by, struct arena *a,
                           struct depend_list *out)
{
    struct datum keys[3] = {datum_int(by.class_id), datum_int(by.object_id), datum_int(by.sub_id)};
    struct datum v[DEP_COUNT];
    struct systab_scan s;
    TRY(systab_open(c, PG_DEPEND, index, keys, by.sub_id ? 3 : 2, &s));
    struct err *e = NULL;
    for (bool found = true; !e && found;) {
        e = systab_next(&s, v, &found);
        if (e || !found)
            continue;
        struct depend_item item = {
            .object = {(uint32_t)v[DEP_CLASSID].u, (uint32_t)v[DEP_OBJID].u,
                       (int32_t)v[DEP_OBJSUBID].i},
            .referenced = {(uint32_t)v[DEP_REFCLASSID].u, (uint32_t)v[DEP_REFOBJID].u,
                           (int32_t)v[DEP_REFOBJSUBID].i},
            .type = (enum depend_type)v[DEP_TYPE].i,
        };
        ARENA_PUSH(a, out->items, out->count, out->cap, item);
    }
    systab_close(&s);
    return e;
}

struct err *depend_on(struct cat *c, struct object_address referenced, struct arena *a,
                      struct depend_list *out)
{
    return collect(c, DEPEND_REFERENCE_INDEX, referenced, a, out);
}

struct err *depend_of(struct cat *c, struct object_address object, struct arena *a,
                      struct depend_list *out)
{
    return collect(c, DEPEND_DEPENDER_INDEX, object, a, out);
}

struct err *depend_forget(struct cat *c, struct object_address object)
{
    struct datum keys[3] = {datum_int(object.class_id), datum_int(object.object_id),
                            datum_int(object.sub_id)};
    return systab_delete(c, PG_DEPEND, DEPEND_DEPENDER_INDEX, keys, object.sub_id ? 3 : 2, NULL);
}
