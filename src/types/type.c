/* The table of built-in types, and the pseudo-types, which have no values. */
#include "types/type.h"

#include "types/tuple.h"
#include "types/types_internal.h"

struct str str_trim(struct str s)
{
    while (s.len && is_space(s.data[0])) {
        s.data++;
        s.len--;
    }
    while (s.len && is_space(s.data[s.len - 1]))
        s.len--;
    return s;
}

bool str_eq_nocase(struct str a, const char *b)
{
    size_t i = 0;
    for (; i < a.len && b[i]; i++)
        if (to_lower(a.data[i]) != to_lower(b[i]))
            return false;
    return i == a.len && !b[i];
}

struct err *bad_syntax(const char *type_name, struct str text)
{
    return err_new("22P02", "invalid input syntax for type %s: \"%.*s\"", type_name, STR_ARG(text));
}

struct err *out_of_range(const char *type_name, struct str text)
{
    return err_new("22003", "value \"%.*s\" is out of range for type %s", STR_ARG(text), type_name);
}

struct err *bad_binary(const char *type_name)
{
    return err_new("22P03", "incorrect binary data format for type %s", type_name);
}

struct err *bad_length(const char *type_name, size_t len)
{
    return err_new("08P01", "wrong length %zu of a binary value of type %s", len, type_name);
}

/* Pseudo-types. */

static struct err *pseudo_in(TYPE_IN_PARAMS)
{
    return err_new("0A000", "cannot accept a value of type %s", t->name);
}

static struct err *pseudo_out(TYPE_OUT_PARAMS)
{
    return err_new("0A000", "cannot display a value of type %s", t->name);
}

static struct err *pseudo_recv(TYPE_RECV_PARAMS)
{
    return pseudo_in(t, env, bytes, typmod, arena, out);
}

static struct err *void_in(TYPE_IN_PARAMS)
{
    *out = datum_int(0);
    return NULL;
}

static struct err *void_out(TYPE_OUT_PARAMS)
{
    return NULL;
}

static struct err *void_recv(TYPE_RECV_PARAMS)
{
    return void_in(t, env, bytes, typmod, arena, out);
}

const struct type_ops void_ops = {
    .oid = VOID_OID,
    .name = "void",
    .len = 4,
    .byval = true,
    .in = void_in,
    .out = void_out,
    .recv = void_recv,
    .send = void_out,
};

#define PSEUDO_TYPE(ident, type_oid, type_name) \
    const struct type_ops ident##_ops = {       \
        .oid = type_oid,                        \
        .name = type_name,                      \
        .len = -1,                              \
        .in = pseudo_in,                        \
        .out = pseudo_out,                      \
        .recv = pseudo_recv,                    \
        .send = pseudo_out,                     \
    }
PSEUDO_TYPE(any, ANY_OID, "\"any\"");
PSEUDO_TYPE(anyelement, ANYELEMENT_OID, "anyelement");
PSEUDO_TYPE(anynonarray, ANYNONARRAY_OID, "anynonarray");
PSEUDO_TYPE(anyenum, ANYENUM_OID, "anyenum");
PSEUDO_TYPE(anyrange, ANYRANGE_OID, "anyrange");
PSEUDO_TYPE(anymultirange, ANYMULTIRANGE_OID, "anymultirange");
PSEUDO_TYPE(anycompatiblerange, ANYCOMPATIBLERANGE_OID, "anycompatiblerange");
PSEUDO_TYPE(anycompatiblemultirange, ANYCOMPATIBLEMULTIRANGE_OID, "anycompatiblemultirange");
PSEUDO_TYPE(anycompatible, ANYCOMPATIBLE_OID, "anycompatible");
PSEUDO_TYPE(anycompatiblenonarray, ANYCOMPATIBLENONARRAY_OID, "anycompatiblenonarray");
PSEUDO_TYPE(trigger, TRIGGER_OID, "trigger");
PSEUDO_TYPE(internal, INTERNAL_OID, "internal");
/* Of statistics over several columns, which are not made: no values. */
PSEUDO_TYPE(pg_ndistinct, PG_NDISTINCT_OID, "pg_ndistinct");
PSEUDO_TYPE(pg_dependencies, PG_DEPENDENCIES_OID, "pg_dependencies");
PSEUDO_TYPE(pg_mcv_list, PG_MCV_LIST_OID, "pg_mcv_list");

/* Polymorphic arrays print as what they hold: pg_stats shows such columns. */
#define ANYARRAY_TYPE(ident, type_oid, type_name) \
    const struct type_ops ident##_ops = {         \
        .oid = type_oid,                          \
        .name = type_name,                        \
        .len = -1,                                \
        .in = pseudo_in,                          \
        .out = array_out,                         \
        .recv = pseudo_recv,                      \
        .send = array_send,                       \
    }
ANYARRAY_TYPE(anyarray, ANYARRAY_OID, "anyarray");
ANYARRAY_TYPE(anycompatiblearray, ANYCOMPATIBLEARRAY_OID, "anycompatiblearray");

/* Arrays of built-in types. */

#define ARRAY_OPS(array_oid, element, type_name)                                     \
    {                                                                                \
        .oid = array_oid, .name = type_name "[]", .len = -1, .elem = &element##_ops, \
        .in = array_in, .out = array_out, .recv = array_recv, .send = array_send,    \
        .compare = array_compare, .hash = array_hash, .key = array_key,              \
    }

/* json and xml have no order, so neither have their arrays. */
#define UNORDERED_ARRAY_OPS(array_oid, element, type_name)                           \
    {                                                                                \
        .oid = array_oid, .name = type_name "[]", .len = -1, .elem = &element##_ops, \
        .in = array_in, .out = array_out, .recv = array_recv, .send = array_send,    \
    }

static const struct type_ops arrays[] = {
    ARRAY_OPS(BOOLARRAY_OID, bool, "boolean"),
    ARRAY_OPS(BYTEAARRAY_OID, bytea, "bytea"),
    ARRAY_OPS(CHARARRAY_OID, char, "\"char\""),
    ARRAY_OPS(NAMEARRAY_OID, name, "name"),
    ARRAY_OPS(INT2ARRAY_OID, int2, "smallint"),
    ARRAY_OPS(INT2VECTORARRAY_OID, int2vector, "int2vector"),
    ARRAY_OPS(INT4ARRAY_OID, int4, "integer"),
    ARRAY_OPS(REGPROCARRAY_OID, regproc, "regproc"),
    ARRAY_OPS(TEXTARRAY_OID, text, "text"),
    ARRAY_OPS(TIDARRAY_OID, tid, "tid"),
    ARRAY_OPS(XIDARRAY_OID, xid, "xid"),
    ARRAY_OPS(CIDARRAY_OID, cid, "cid"),
    ARRAY_OPS(OIDVECTORARRAY_OID, oidvector, "oidvector"),
    ARRAY_OPS(BPCHARARRAY_OID, bpchar, "character"),
    ARRAY_OPS(VARCHARARRAY_OID, varchar, "character varying"),
    ARRAY_OPS(INT8ARRAY_OID, int8, "bigint"),
    ARRAY_OPS(FLOAT4ARRAY_OID, float4, "real"),
    ARRAY_OPS(FLOAT8ARRAY_OID, float8, "double precision"),
    ARRAY_OPS(OIDARRAY_OID, oid, "oid"),
    ARRAY_OPS(ACLITEMARRAY_OID, aclitem, "aclitem"),
    ARRAY_OPS(CSTRINGARRAY_OID, cstring, "cstring"),
    ARRAY_OPS(TIMESTAMPARRAY_OID, timestamp, "timestamp without time zone"),
    ARRAY_OPS(DATEARRAY_OID, date, "date"),
    ARRAY_OPS(TIMEARRAY_OID, time, "time without time zone"),
    ARRAY_OPS(TIMESTAMPTZARRAY_OID, timestamptz, "timestamp with time zone"),
    ARRAY_OPS(INTERVALARRAY_OID, interval, "interval"),
    ARRAY_OPS(NUMERICARRAY_OID, numeric, "numeric"),
    ARRAY_OPS(TIMETZARRAY_OID, timetz, "time with time zone"),
    ARRAY_OPS(REFCURSORARRAY_OID, refcursor, "refcursor"),
    ARRAY_OPS(REGPROCEDUREARRAY_OID, regprocedure, "regprocedure"),
    ARRAY_OPS(REGOPERARRAY_OID, regoper, "regoper"),
    ARRAY_OPS(REGOPERATORARRAY_OID, regoperator, "regoperator"),
    ARRAY_OPS(REGCLASSARRAY_OID, regclass, "regclass"),
    ARRAY_OPS(REGTYPEARRAY_OID, regtype, "regtype"),
    ARRAY_OPS(RECORDARRAY_OID, record, "record"),
    ARRAY_OPS(UUIDARRAY_OID, uuid, "uuid"),
    ARRAY_OPS(JSONBARRAY_OID, jsonb, "jsonb"),
    ARRAY_OPS(REGNAMESPACEARRAY_OID, regnamespace, "regnamespace"),
    ARRAY_OPS(REGROLEARRAY_OID, regrole, "regrole"),
    ARRAY_OPS(REGCOLLATIONARRAY_OID, regcollation, "regcollation"),
    ARRAY_OPS(XID8ARRAY_OID, xid8, "xid8"),
    ARRAY_OPS(3221, pg_lsn, "pg_lsn"),
    ARRAY_OPS(651, cidr, "cidr"),
    ARRAY_OPS(791, money, "money"),
    ARRAY_OPS(1561, bit, "bit"),
    ARRAY_OPS(1563, varbit, "bit varying"),
    ARRAY_OPS(775, macaddr8, "macaddr8"),
    ARRAY_OPS(1040, macaddr, "macaddr"),
    ARRAY_OPS(1041, inet, "inet"),
    UNORDERED_ARRAY_OPS(JSONARRAY_OID, json, "json"),
    UNORDERED_ARRAY_OPS(4073, jsonpath, "jsonpath"),
    UNORDERED_ARRAY_OPS(5039, pg_snapshot, "pg_snapshot"),
    UNORDERED_ARRAY_OPS(2949, txid_snapshot, "txid_snapshot"),
    UNORDERED_ARRAY_OPS(1017, point, "point"),
    UNORDERED_ARRAY_OPS(629, line, "line"),
    UNORDERED_ARRAY_OPS(1018, lseg, "lseg"),
    UNORDERED_ARRAY_OPS(1020, box, "box"),
    UNORDERED_ARRAY_OPS(1019, path, "path"),
    UNORDERED_ARRAY_OPS(1027, polygon, "polygon"),
    UNORDERED_ARRAY_OPS(719, circle, "circle"),
    UNORDERED_ARRAY_OPS(XMLARRAY_OID, xml, "xml"),
};

static const struct type_ops *const scalars[] = {
    &bool_ops,
    &bytea_ops,
    &char_ops,
    &name_ops,
    &int8_ops,
    &int2_ops,
    &int2vector_ops,
    &int4_ops,
    &regproc_ops,
    &text_ops,
    &oid_ops,
    &tid_ops,
    &xid_ops,
    &cid_ops,
    &oidvector_ops,
    &json_ops,
    &xml_ops,
    &pg_node_tree_ops,
    &float4_ops,
    &float8_ops,
    &unknown_ops,
    &aclitem_ops,
    &inet_ops,
    &point_ops,
    &line_ops,
    &lseg_ops,
    &box_ops,
    &path_ops,
    &polygon_ops,
    &circle_ops,
    &money_ops,
    &bit_ops,
    &varbit_ops,
    &cidr_ops,
    &macaddr_ops,
    &macaddr8_ops,
    &bpchar_ops,
    &varchar_ops,
    &date_ops,
    &time_ops,
    &timestamp_ops,
    &timestamptz_ops,
    &interval_ops,
    &timetz_ops,
    &numeric_ops,
    &refcursor_ops,
    &regprocedure_ops,
    &regoper_ops,
    &regoperator_ops,
    &regclass_ops,
    &regtype_ops,
    &record_ops,
    &cstring_ops,
    &any_ops,
    &anyarray_ops,
    &void_ops,
    &trigger_ops,
    &internal_ops,
    &pg_ndistinct_ops,
    &pg_dependencies_ops,
    &pg_mcv_list_ops,
    &anyelement_ops,
    &anynonarray_ops,
    &uuid_ops,
    &anyenum_ops,
    &jsonb_ops,
    &jsonpath_ops,
    &anyrange_ops,
    &anymultirange_ops,
    &anycompatiblerange_ops,
    &anycompatiblemultirange_ops,
    &regnamespace_ops,
    &regrole_ops,
    &regcollation_ops,
    &anycompatible_ops,
    &anycompatiblearray_ops,
    &anycompatiblenonarray_ops,
    &xid8_ops,
    &pg_lsn_ops,
    &pg_snapshot_ops,
    &txid_snapshot_ops,
};

/* By OID; filled before main starts, so that readers need no lock. */
enum { TABLE_OIDS = 6400 };
static const struct type_ops *by_oid[TABLE_OIDS];
static const struct type_ops *array_by_elem[TABLE_OIDS];

/* Range types with their multirange types, and the arrays of both. */
static const struct {
    uint32_t oid, array, multi, multi_array;
    const char *name, *multi_name, *array_name, *multi_array_name;
    const struct type_ops *subtype;
} range_types[] = {
#define RANGE_TYPE(prefix, oid, multi, multi_array, subtype)                                     \
    {                                                                                            \
        oid, oid + 1, multi, multi_array, prefix "range", prefix "multirange", prefix "range[]", \
            prefix "multirange[]", &subtype##_ops                                                \
    }
    RANGE_TYPE("int4", INT4RANGE_OID, INT4MULTIRANGE_OID, 6150, int4),
    RANGE_TYPE("num", NUMRANGE_OID, NUMMULTIRANGE_OID, 6151, numeric),
    RANGE_TYPE("ts", TSRANGE_OID, TSMULTIRANGE_OID, 6152, timestamp),
    RANGE_TYPE("tstz", TSTZRANGE_OID, TSTZMULTIRANGE_OID, 6153, timestamptz),
    RANGE_TYPE("date", DATERANGE_OID, DATEMULTIRANGE_OID, 6155, date),
    RANGE_TYPE("int8", INT8RANGE_OID, INT8MULTIRANGE_OID, 6157, int8),
};
static struct type_ops range_ops[ARRAY_LENGTH(range_types) * 4];

static void add_array(struct type_ops *t, uint32_t oid, const char *name,
                      const struct type_ops *elem)
{
    *t = (struct type_ops){.oid = oid, .name = name};
    type_init_array(t, elem);
    by_oid[oid] = t;
    array_by_elem[elem->oid] = t;
}

static void fill_ranges(void)
{
    for (size_t i = 0; i < ARRAY_LENGTH(range_types); i++) {
        struct type_ops *t = &range_ops[i * 4];
        t[0] = (struct type_ops){.oid = range_types[i].oid, .name = range_types[i].name};
        type_init_range(&t[0], range_types[i].subtype);
        t[0].multirange_oid = range_types[i].multi;
        t[1] = (struct type_ops){.oid = range_types[i].multi, .name = range_types[i].multi_name};
        type_init_multirange(&t[1], &t[0]);
        by_oid[t[0].oid] = &t[0];
        by_oid[t[1].oid] = &t[1];
        add_array(&t[2], range_types[i].array, range_types[i].array_name, &t[0]);
        add_array(&t[3], range_types[i].multi_array, range_types[i].multi_array_name, &t[1]);
    }
}

__attribute__((constructor)) static void fill_tables(void)
{
    fill_ranges();
    for (size_t i = 0; i < ARRAY_LENGTH(scalars); i++)
        by_oid[scalars[i]->oid] = scalars[i];
    for (size_t i = 0; i < ARRAY_LENGTH(arrays); i++) {
        by_oid[arrays[i].oid] = &arrays[i];
        array_by_elem[arrays[i].elem->oid] = &arrays[i];
    }
}

const struct type_ops *type_by_oid(uint32_t oid)
{
    return oid < TABLE_OIDS ? by_oid[oid] : registered_type(oid);
}

const struct type_ops *type_array_of(uint32_t elem_oid)
{
    return elem_oid < TABLE_OIDS ? array_by_elem[elem_oid] : NULL;
}

const struct type_ops *type_lookup(const struct type_env *env, uint32_t oid)
{
    const struct type_ops *t = type_by_oid(oid);
    if (!t && env && env->type_of)
        t = env->type_of(env->names, oid);
    return t;
}

const struct type_ops *type_lookup_array(const struct type_env *env, uint32_t elem_oid)
{
    const struct type_ops *t = type_array_of(elem_oid);
    if (!t && env && env->array_of)
        t = env->array_of(env->names, elem_oid);
    return t;
}

void type_init_array(struct type_ops *t, const struct type_ops *elem)
{
    uint32_t oid = t->oid;
    const char *name = t->name;
    *t = (struct type_ops){
        .oid = oid,
        .name = name,
        .len = -1,
        .elem = elem,
        .in = array_in,
        .out = array_out,
        .recv = array_recv,
        .send = array_send,
        .compare = elem->compare ? array_compare : NULL,
        .hash = elem->hash ? array_hash : NULL,
        .key = elem->key ? array_key : NULL,
    };
}

int8_t type_tuple_len(const struct type_ops *t)
{
    if (!t->byval)
        return -1;
    bool is_signed = t->oid == INT4_OID || t->oid == DATE_OID;
    return t->len == 4 && !is_signed ? TUPLE_U32 : (int8_t)t->len;
}
