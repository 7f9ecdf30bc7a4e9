/* The system tables as rows of datums: reading with a full or keyed scan, inserting, updating,
 * deleting. Column numbers are the 0-based positions of pg_catalog's columns, named below for the
 * tables that Tarn writes. */
#ifndef TARN_CATALOG_SYSTAB_H
#define TARN_CATALOG_SYSTAB_H

#include "catalog/catalog.h"

enum system_table {
    PG_ATTRDEF = 2604,
    PG_ATTRIBUTE = 1249,
    PG_AUTHID = 1260,
    PG_AUTH_MEMBERS = 1261,
    PG_CLASS = 1259,
    PG_AGGREGATE = 2600,
    PG_CAST = 2605,
    PG_CONSTRAINT = 2606,
    PG_DATABASE = 1262,
    PG_DEPEND = 2608,
    PG_DESCRIPTION = 2609,
    PG_EXTENSION = 3079,
    PG_DEFAULT_ACL = 826,
    PG_INDEX = 2610,
    PG_LARGEOBJECT = 2613,
    PG_LARGEOBJECT_METADATA = 2995,
    PG_NAMESPACE = 2615,
    PG_OPCLASS = 2616,
    PG_POLICY = 3256,
    PG_PROC = 1255,
    PG_REWRITE = 2618,
    PG_SEQUENCE = 2224,
    PG_STATISTIC = 2619,
    PG_TYPE = 1247,
    PG_ENUM = 3501,
    PG_RANGE = 3541,
    PG_DB_ROLE_SETTING = 2964,
    PG_TABLESPACE = 1213,
    PG_PARAMETER_ACL = 6243,
    PG_AM = 2601,
    PG_AMOP = 2602,
    PG_AMPROC = 2603,
    PG_LANGUAGE = 2612,
    PG_OPERATOR = 2617,
    PG_OPFAMILY = 2753,
    PG_COLLATION = 3456,
    PG_TRIGGER = 2620,
    PG_INIT_PRIVS = 3394,
};

/* What the rows of all system tables fit in. */
enum { SYSTAB_MAX_COLUMNS = 40 };

/* Descriptor of a system table; immortal, no reference needed. NULL when the OID is none. */
struct relation *systab_relation(uint32_t oid);
struct relation *systab_by_name(struct str name);
/* Descriptor (without columns) of a system table's index, and the table; immortal too. NULL when
 * the OID is none. */
struct relation *systab_index(uint32_t oid, struct relation **table);
/* All of them, for building pg_class lookups. */
struct relation *const *systab_all(int *count);
/* Built-in rows of a system table as datums (natts each); immortal. Any thread. */
struct err *systab_builtin_rows(uint32_t relid, const struct datum **rows, int *count) MUST_CHECK;
/* The built-in row of a table whose first column is its OID; NULL: there is none. */
struct err *systab_builtin_row(uint32_t relid, uint32_t oid, const struct datum **row) MUST_CHECK;
/* The relation as this database stores it: storage ids with the database's base applied. */
uint32_t systab_storage_id(const struct cat *c, const struct relation *r, uint32_t storage_id);

/* A scan of stored rows (never the built-in ones) of a system table under the newest view, filtered
 * by equality on the leading columns of `index` (NULL: the whole table). */
struct systab_scan {
    struct cat *cat;
    struct relation *rel;
    const struct index *index;
    struct txn_view view;
    struct txn_scan *scan;
    struct buf lo;
    struct buf hi;
    struct str row_key; /* of the current row */
};
/* `index_oid` 0: full scan. The scan must be closed, also after errors of systab_next. */
struct err *systab_open(struct cat *c, uint32_t relid, uint32_t index_oid, const struct datum *keys,
                        int nkeys, struct systab_scan *s) MUST_CHECK;
/* values: natts datums, which borrow until systab_close. */
struct err *systab_next(struct systab_scan *s, struct datum *values, bool *found) MUST_CHECK;
void systab_close(struct systab_scan *s);

/* The first row with those keys, copied into the arena. */
struct err *systab_get(struct cat *c, uint32_t relid, uint32_t index_oid, const struct datum *keys,
                       int nkeys, struct arena *a, struct datum *values, bool *found) MUST_CHECK;

/* Writes go to the transaction and mark it as having changed the catalog. A duplicate key is 23505.
 */
struct err *systab_insert(struct cat *c, uint32_t relid, const struct datum *values) MUST_CHECK;
/* All rows with those keys; *count may be NULL. */
struct err *systab_delete(struct cat *c, uint32_t relid, uint32_t index_oid,
                          const struct datum *keys, int nkeys, int *count) MUST_CHECK;
/* Locks the row that the keys find, if there is one, to the end of the transaction: what is read
 * after it stays. MAY YIELD. */
struct err *systab_lock(struct cat *c, uint32_t relid, uint32_t index_oid, const struct datum *keys,
                        int nkeys) MUST_CHECK;
/* Replaces `old_values` (as read) by `values`. XX000 when another transaction has changed the row
 * since, as in PostgreSQL; systab_lock before reading avoids it. MAY YIELD. */
struct err *systab_update(struct cat *c, uint32_t relid, const struct datum *old_values,
                          const struct datum *values) MUST_CHECK;

/* Indexes of system tables by PostgreSQL's OIDs. */
enum system_index {
    CLASS_OID_INDEX = 2662,
    CLASS_NAME_NSP_INDEX = 2663,
    ATTRIBUTE_RELID_NAME_INDEX = 2658,
    ATTRIBUTE_RELID_NUM_INDEX = 2659,
    ATTRDEF_RELID_NUM_INDEX = 2656,
    ATTRDEF_OID_INDEX = 2657,
    INDEX_INDRELID_INDEX = 2678,
    INDEX_INDEXRELID_INDEX = 2679,
    CONSTRAINT_OID_INDEX = 2667,
    CONSTRAINT_RELID_NAME_INDEX = 2665,
    NAMESPACE_NAME_INDEX = 2684,
    NAMESPACE_OID_INDEX = 2685,
    DATABASE_NAME_INDEX = 2671,
    DATABASE_OID_INDEX = 2672,
    AUTHID_ROLNAME_INDEX = 2676,
    AUTHID_OID_INDEX = 2677,
    AUTH_MEMBERS_ROLE_INDEX = 2694,
    AUTH_MEMBERS_MEMBER_INDEX = 2695,
    DEPEND_DEPENDER_INDEX = 2673,
    DEPEND_REFERENCE_INDEX = 2674,
    DESCRIPTION_INDEX = 2675,
    AGGREGATE_FNOID_INDEX = 2650,
    POLICY_OID_INDEX = 3257,
    POLICY_RELID_NAME_INDEX = 3258,
    TRIGGER_OID_INDEX = 2702,
    TRIGGER_RELID_NAME_INDEX = 2701,
    CAST_OID_INDEX = 2660,
    OPERATOR_OID_INDEX = 2688,
    OPCLASS_OID_INDEX = 2687,
    OPFAMILY_OID_INDEX = 2755,
    AMOP_OID_INDEX = 2756,
    AMPROC_OID_INDEX = 2757,
    COLLATION_OID_INDEX = 3085,
    COLLATION_NAME_ENC_NSP_INDEX = 3164,
    DEFAULT_ACL_KEY_INDEX = 827,
    DEFAULT_ACL_OID_INDEX = 828,
    PARAMETER_ACL_PARNAME_INDEX = 6246,
    PARAMETER_ACL_OID_INDEX = 6247,
    CAST_SOURCE_TARGET_INDEX = 2661,
    PROC_OID_INDEX = 2690,
    PROC_NAME_ARGS_NSP_INDEX = 2691,
    EXTENSION_OID_INDEX = 3080,
    EXTENSION_NAME_INDEX = 3081,
    REWRITE_OID_INDEX = 2692,
    REWRITE_REL_RULENAME_INDEX = 2693,
    SEQUENCE_RELID_INDEX = 5002,
    STATISTIC_INDEX = 2696,
    TYPE_OID_INDEX = 2703,
    TYPE_NAME_NSP_INDEX = 2704,
    ENUM_OID_INDEX = 3502,
    ENUM_TYPID_LABEL_INDEX = 3503,
    ENUM_TYPID_SORTORDER_INDEX = 3534,
    CONSTRAINT_TYPID_INDEX = 2666,
    RANGE_RNGTYPID_INDEX = 3542,
    RANGE_RNGMULTITYPID_INDEX = 2228,
    LARGEOBJECT_LOID_PN_INDEX = 2683,
    LARGEOBJECT_METADATA_OID_INDEX = 2996,
    CONSTRAINT_FRELID_SCAN = 0, /* none: pg_constraint is scanned by confrelid */
};

/* Columns. */
enum {
    CLS_OID,
    CLS_NAME,
    CLS_NSP,
    CLS_TYPE,
    CLS_OFTYPE,
    CLS_OWNER,
    CLS_AM,
    CLS_FILENODE,
    CLS_TABLESPACE,
    CLS_PAGES,
    CLS_TUPLES,
    CLS_ALLVISIBLE,
    CLS_TOAST,
    CLS_HASINDEX,
    CLS_SHARED,
    CLS_PERSISTENCE,
    CLS_KIND,
    CLS_NATTS,
    CLS_CHECKS,
    CLS_HASRULES,
    CLS_HASTRIGGERS,
    CLS_HASSUBCLASS,
    CLS_ROWSECURITY,
    CLS_FORCEROWSECURITY,
    CLS_ISPOPULATED,
    CLS_REPLIDENT,
    CLS_ISPARTITION,
    CLS_REWRITE,
    CLS_FROZENXID,
    CLS_MINMXID,
    CLS_ACL,
    CLS_OPTIONS,
    CLS_PARTBOUND,
    CLS_COUNT
};
enum {
    ATT_RELID,
    ATT_NAME,
    ATT_TYPE,
    ATT_STATTARGET,
    ATT_LEN,
    ATT_NUM,
    ATT_NDIMS,
    ATT_CACHEOFF,
    ATT_TYPMOD,
    ATT_BYVAL,
    ATT_ALIGN,
    ATT_STORAGE,
    ATT_COMPRESSION,
    ATT_NOTNULL,
    ATT_HASDEF,
    ATT_HASMISSING,
    ATT_IDENTITY,
    ATT_GENERATED,
    ATT_ISDROPPED,
    ATT_ISLOCAL,
    ATT_INHCOUNT,
    ATT_COLLATION,
    ATT_ACL,
    ATT_OPTIONS,
    ATT_FDWOPTIONS,
    ATT_MISSINGVAL,
    ATT_COUNT
};
enum {
    IDX_RELID,
    IDX_TABLE,
    IDX_NATTS,
    IDX_NKEYATTS,
    IDX_UNIQUE,
    IDX_NULLSNOTDISTINCT,
    IDX_PRIMARY,
    IDX_EXCLUSION,
    IDX_IMMEDIATE,
    IDX_CLUSTERED,
    IDX_VALID,
    IDX_CHECKXMIN,
    IDX_READY,
    IDX_LIVE,
    IDX_REPLIDENT,
    IDX_KEY,
    IDX_COLLATION,
    IDX_CLASS,
    IDX_OPTION,
    IDX_EXPRS,
    IDX_PRED,
    IDX_COUNT
};
enum {
    CON_OID,
    CON_NAME,
    CON_NSP,
    CON_TYPE,
    CON_DEFERRABLE,
    CON_DEFERRED,
    CON_VALIDATED,
    CON_RELID,
    CON_TYPID,
    CON_INDID,
    CON_PARENTID,
    CON_FRELID,
    CON_UPDTYPE,
    CON_DELTYPE,
    CON_MATCHTYPE,
    CON_ISLOCAL,
    CON_INHCOUNT,
    CON_NOINHERIT,
    CON_KEY,
    CON_FKEY,
    CON_PFEQOP,
    CON_PPEQOP,
    CON_FFEQOP,
    CON_FDELSETCOLS,
    CON_EXCLOP,
    CON_BIN,
    CON_COUNT
};
enum { DEF_OID, DEF_RELID, DEF_NUM, DEF_BIN, DEF_COUNT };
enum {
    ROL_OID,
    ROL_NAME,
    ROL_SUPER,
    ROL_INHERIT,
    ROL_CREATEROLE,
    ROL_CREATEDB,
    ROL_CANLOGIN,
    ROL_REPLICATION,
    ROL_BYPASSRLS,
    ROL_CONNLIMIT,
    ROL_PASSWORD,
    ROL_VALIDUNTIL,
    ROL_COUNT
};
enum { AM_ROLE, AM_MEMBER, AM_GRANTOR, AM_ADMIN, AM_COUNT };
enum { LO_LOID, LO_PAGENO, LO_DATA, LO_COUNT };
enum { LOM_OID, LOM_OWNER, LOM_ACL, LOM_COUNT };
enum { NSP_OID, NSP_NAME, NSP_OWNER, NSP_ACL, NSP_COUNT };
enum {
    DB_OID,
    DB_NAME,
    DB_DBA,
    DB_ENCODING,
    DB_LOCPROVIDER,
    DB_ISTEMPLATE,
    DB_ALLOWCONN,
    DB_CONNLIMIT,
    DB_FROZENXID,
    DB_MINMXID,
    DB_TABLESPACE,
    DB_COLLATE,
    DB_CTYPE,
    DB_ICULOCALE,
    DB_COLLVERSION,
    DB_ACL,
    DB_COUNT
};
enum {
    DEP_CLASSID,
    DEP_OBJID,
    DEP_OBJSUBID,
    DEP_REFCLASSID,
    DEP_REFOBJID,
    DEP_REFOBJSUBID,
    DEP_TYPE,
    DEP_COUNT
};
enum {
    SEQ_RELID,
    SEQ_TYPID,
    SEQ_START,
    SEQ_INCREMENT,
    SEQ_MAX,
    SEQ_MIN,
    SEQ_CACHE,
    SEQ_CYCLE,
    SEQ_COUNT
};
enum {
    STA_RELID,
    STA_ATTNUM,
    STA_INHERIT,
    STA_NULLFRAC,
    STA_WIDTH,
    STA_DISTINCT,
    STA_KIND, /* five of each from here on */
    STA_OP = STA_KIND + 5,
    STA_COLL = STA_OP + 5,
    STA_NUMBERS = STA_COLL + 5,
    STA_VALUES = STA_NUMBERS + 5,
    STA_COUNT = STA_VALUES + 5,
};
enum { RW_OID, RW_NAME, RW_CLASS, RW_TYPE, RW_ENABLED, RW_INSTEAD, RW_QUAL, RW_ACTION, RW_COUNT };
enum {
    TYP_OID,
    TYP_NAME,
    TYP_NSP,
    TYP_OWNER,
    TYP_LEN,
    TYP_BYVAL,
    TYP_TYPE,
    TYP_CATEGORY,
    TYP_PREFERRED,
    TYP_DEFINED,
    TYP_DELIM,
    TYP_RELID,
    TYP_SUBSCRIPT,
    TYP_ELEM,
    TYP_ARRAY,
    TYP_INPUT,
    TYP_OUTPUT,
    TYP_RECEIVE,
    TYP_SEND,
    TYP_MODIN,
    TYP_MODOUT,
    TYP_ANALYZE,
    TYP_ALIGN,
    TYP_STORAGE,
    TYP_NOTNULL,
    TYP_BASETYPE,
    TYP_TYPMOD,
    TYP_NDIMS,
    TYP_COLLATION,
    TYP_DEFAULTBIN,
    TYP_DEFAULT,
    TYP_ACL,
    TYP_COUNT
};
enum {
    RNG_TYPID,
    RNG_SUBTYPE,
    RNG_MULTITYPID,
    RNG_COLLATION,
    RNG_SUBOPC,
    RNG_CANONICAL,
    RNG_SUBDIFF,
    RNG_COUNT
};
enum {
    EXT_OID,
    EXT_NAME,
    EXT_OWNER,
    EXT_NSP,
    EXT_RELOCATABLE,
    EXT_VERSION,
    EXT_CONFIG,
    EXT_CONDITION,
    EXT_COUNT
};
enum { PACL_OID, PACL_NAME, PACL_ACL, PACL_COUNT };
enum { ENUM_OID, ENUM_TYPID, ENUM_SORTORDER, ENUM_LABEL, ENUM_COUNT };
enum {
    PROC_OID,
    PROC_NAME,
    PROC_NSP,
    PROC_OWNER,
    PROC_LANG,
    PROC_COST,
    PROC_ROWS,
    PROC_VARIADIC,
    PROC_SUPPORT,
    PROC_KIND,
    PROC_SECDEF,
    PROC_LEAKPROOF,
    PROC_STRICT,
    PROC_RETSET,
    PROC_VOLATILE,
    PROC_PARALLEL,
    PROC_NARGS,
    PROC_NDEFAULTS,
    PROC_RETTYPE,
    PROC_ARGTYPES,
    PROC_ALLARGTYPES,
    PROC_ARGMODES,
    PROC_ARGNAMES,
    PROC_DEFAULTS,
    PROC_TRFTYPES,
    PROC_SRC,
    PROC_BIN,
    PROC_SQLBODY,
    PROC_CONFIG,
    PROC_ACL,
    PROC_COUNT
};
/* What each default of a function's arguments ends with in proargdefaults. */
/* pg_cast */
enum { DACL_OID, DACL_ROLE, DACL_NSP, DACL_TYPE, DACL_ACL, DACL_COUNT };
enum {
    POL_OID,
    POL_NAME,
    POL_RELID,
    POL_CMD,
    POL_PERMISSIVE,
    POL_ROLES,
    POL_QUAL,
    POL_WITHCHECK,
    POL_COUNT
};
enum {
    TRG_OID,
    TRG_RELID,
    TRG_PARENTID,
    TRG_NAME,
    TRG_FOID,
    TRG_TYPE,
    TRG_ENABLED,
    TRG_ISINTERNAL,
    TRG_CONSTRRELID,
    TRG_CONSTRINDID,
    TRG_CONSTRAINT,
    TRG_DEFERRABLE,
    TRG_INITDEFERRED,
    TRG_NARGS,
    TRG_ATTR,
    TRG_ARGS,
    TRG_QUAL,
    TRG_OLDTABLE,
    TRG_NEWTABLE,
    TRG_COUNT
};
/* Of built-in rows, the columns that something asks for. */
enum { AM_NAME = 1 };
enum { FAM_OID, FAM_METHOD, FAM_NAME, FAM_NSP, FAM_OWNER, FAM_COUNT }; /* pg_opfamily, pg_opclass */
enum { MEMBER_FAMILY = 1, MEMBER_LEFT, MEMBER_RIGHT, MEMBER_NUMBER };  /* pg_amop, pg_amproc */
/* pg_collation */
enum {
    COLL_OID,
    COLL_NAME,
    COLL_NSP,
    COLL_OWNER,
    COLL_PROVIDER,
    COLL_DETERMINISTIC,
    COLL_ENCODING,
    COLL_COLLATE,
    COLL_CTYPE,
    COLL_ICULOCALE,
    COLL_VERSION,
    COLL_COUNT
};
enum { COLL_UTF8 = 6 }; /* collencoding; -1: any */
enum { CAST_OID, CAST_SOURCE, CAST_TARGET, CAST_FUNC, CAST_CONTEXT, CAST_METHOD, CAST_COUNT };

/* pg_operator */
enum {
    OPR_OID,
    OPR_NAME,
    OPR_NSP,
    OPR_OWNER,
    OPR_KIND,
    OPR_CANMERGE,
    OPR_CANHASH,
    OPR_LEFT,
    OPR_RIGHT,
    OPR_RESULT,
    OPR_COM,
    OPR_NEGATE,
    OPR_CODE,
    OPR_REST,
    OPR_JOIN,
    OPR_COUNT
};
/* pg_opclass */
enum {
    OPC_OID,
    OPC_METHOD,
    OPC_NAME,
    OPC_NSP,
    OPC_OWNER,
    OPC_FAMILY,
    OPC_INTYPE,
    OPC_DEFAULT,
    OPC_KEYTYPE,
    OPC_COUNT
};
/* pg_amop */
enum {
    AMOP_OID,
    AMOP_FAMILY,
    AMOP_LEFT,
    AMOP_RIGHT,
    AMOP_STRATEGY,
    AMOP_PURPOSE,
    AMOP_OPR,
    AMOP_METHOD,
    AMOP_SORTFAMILY,
    AMOP_COUNT
};
/* pg_amproc */
enum {
    AMPROC_OID,
    AMPROC_FAMILY,
    AMPROC_LEFT,
    AMPROC_RIGHT,
    AMPROC_NUM,
    AMPROC_PROC,
    AMPROC_COUNT
};

/* pg_aggregate */
enum {
    AGG_FN,
    AGG_KIND,
    AGG_NDIRECT,
    AGG_TRANSFN,
    AGG_FINALFN,
    AGG_COMBINEFN,
    AGG_SERIALFN,
    AGG_DESERIALFN,
    AGG_MTRANSFN,
    AGG_MINVTRANSFN,
    AGG_MFINALFN,
    AGG_FINALEXTRA,
    AGG_MFINALEXTRA,
    AGG_FINALMODIFY,
    AGG_MFINALMODIFY,
    AGG_SORTOP,
    AGG_TRANSTYPE,
    AGG_TRANSSPACE,
    AGG_MTRANSTYPE,
    AGG_MTRANSSPACE,
    AGG_INITVAL,
    AGG_MINITVAL,
    AGG_COLUMNS
};

#define PROC_DEFAULT_END '\x1f'
enum { DESC_OBJOID, DESC_CLASSOID, DESC_SUBID, DESC_TEXT, DESC_COUNT };

#endif
