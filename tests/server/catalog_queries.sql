-- Queries of catalog_differential.py, apart by blank lines: they name no OIDs. Columns that say how a server
-- stores things (pages, file nodes, transaction numbers) are left out.
SELECT relname, relnamespace::regnamespace, relowner::regrole, relhasindex, relisshared, relpersistence, relkind, relnatts,
       relchecks, relhasrules, relhastriggers, relhassubclass, relrowsecurity, relforcerowsecurity, relispopulated,
       relreplident, relispartition, relacl, reloptions, relpartbound, reloftype
FROM pg_class WHERE relnamespace IN ('shop'::regnamespace, 'public'::regnamespace) ORDER BY 2, 1

SELECT relname, am.amname FROM pg_class c JOIN pg_am am ON am.oid = c.relam
WHERE relnamespace IN ('shop'::regnamespace, 'public'::regnamespace) ORDER BY 1

SELECT attrelid::regclass, attname, format_type(atttypid, atttypmod), attlen, attnum, attndims, attcacheoff, atttypmod,
       attbyval, attstorage, attcompression, attnotnull, atthasdef, atthasmissing, attidentity, attgenerated,
       attisdropped, attislocal, attinhcount, attcollation::regcollation, attstattarget, attacl
FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
WHERE relnamespace IN ('shop'::regnamespace, 'public'::regnamespace) AND attnum > 0 AND relkind <> 'i'
ORDER BY attrelid::regclass::text, attnum

SELECT attrelid::regclass, attname, format_type(atttypid, atttypmod), attnum, attnotnull, attcollation::regcollation
FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
WHERE relnamespace IN ('shop'::regnamespace, 'public'::regnamespace) AND relkind = 'i' AND c.relam <> 2742 ORDER BY attrelid::regclass::text, attnum

SELECT adrelid::regclass, adnum, pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid::regclass::text !~ '^tarn' ORDER BY adrelid::regclass::text, adnum

SELECT indexrelid::regclass, indrelid::regclass, indnatts, indnkeyatts, indisunique, indnullsnotdistinct, indisprimary,
       indisexclusion, indimmediate, indisclustered, indisvalid, indcheckxmin, indisready, indislive, indisreplident, indkey,
       indoption, pg_get_expr(indexprs, indrelid), pg_get_expr(indpred, indrelid), pg_get_indexdef(indexrelid)
FROM pg_index JOIN pg_class c ON c.oid = indexrelid
WHERE relnamespace IN ('shop'::regnamespace, 'public'::regnamespace) ORDER BY 1::text, indexrelid::regclass::text

SELECT indexrelid::regclass, k, opc.opcname, coll.collname
FROM pg_index JOIN pg_class c ON c.oid = indexrelid CROSS JOIN LATERAL generate_series(0, indnkeyatts - 1) k
LEFT JOIN pg_opclass opc ON opc.oid = indclass[k] LEFT JOIN pg_collation coll ON coll.oid = indcollation[k]
WHERE relnamespace IN ('shop'::regnamespace, 'public'::regnamespace) AND c.relam <> 2742 ORDER BY indexrelid::regclass::text, k

SELECT c.relname, i, pg_get_indexdef(c.oid, i, true), pg_get_indexdef(c.oid, i, false),
       pg_index_column_has_property(c.oid, i, 'asc'), pg_index_column_has_property(c.oid, i, 'nulls_first')
FROM pg_class c CROSS JOIN generate_series(0, 3) i
WHERE relkind = 'i' AND relnamespace IN ('shop'::regnamespace, 'public'::regnamespace) ORDER BY 1, 2

SELECT conname, connamespace::regnamespace, contype, condeferrable, condeferred, convalidated, conrelid::regclass,
       contypid::regtype, conindid::regclass, conparentid, confrelid::regclass, confupdtype, confdeltype, confmatchtype,
       conislocal, coninhcount, connoinherit, conkey, confkey, conpfeqop::regoperator[], conppeqop::regoperator[],
       conffeqop::regoperator[], confdelsetcols, conexclop, pg_get_constraintdef(oid), pg_get_constraintdef(oid, true)
FROM pg_constraint WHERE connamespace IN ('shop'::regnamespace, 'public'::regnamespace) ORDER BY 1, conrelid::regclass::text

SELECT typname, typnamespace::regnamespace, typowner::regrole, typlen, typbyval, typtype, typcategory, typispreferred,
       typisdefined, typdelim, typrelid::regclass, typsubscript, typelem::regtype, typarray::regtype, typinput, typoutput,
       typreceive, typsend, typmodin, typmodout, typanalyze, typalign, typstorage, typnotnull, typbasetype::regtype,
       typtypmod, typndims, typcollation::regcollation, typdefault, typacl
FROM pg_type WHERE typnamespace IN ('shop'::regnamespace, 'public'::regnamespace) ORDER BY 2, 1

SELECT enumtypid::regtype, enumlabel, enumsortorder FROM pg_enum ORDER BY 1::text, 3

SELECT rngtypid::regtype, rngsubtype::regtype, rngmultitypid::regtype, rngcollation::regcollation, rngcanonical, rngsubdiff
FROM pg_range ORDER BY rngtypid::regtype::text

SELECT proname, pronamespace::regnamespace, proowner::regrole, lanname, procost, prorows, provariadic::regtype, prosupport,
       prokind, prosecdef, proleakproof, proisstrict, proretset, provolatile, proparallel, pronargs, pronargdefaults,
       prorettype::regtype, proargtypes::regtype[], proallargtypes::regtype[], proargmodes, proargnames, prosrc, probin,
       proconfig, proacl, pg_get_function_arguments(p.oid), pg_get_function_identity_arguments(p.oid),
       pg_get_function_result(p.oid), pg_get_functiondef(p.oid)
FROM pg_proc p JOIN pg_language l ON l.oid = prolang
WHERE pronamespace IN ('shop'::regnamespace, 'public'::regnamespace) AND prokind <> 'a'
      AND proname NOT IN ('span', 'spanmultirange', 'span_multirange') ORDER BY 1

SELECT proname, p.pronargs, p.prorettype::regtype, aggkind, aggnumdirectargs, aggtransfn, aggfinalfn, aggcombinefn, aggserialfn,
       aggdeserialfn, aggmtransfn, aggfinalextra, aggfinalmodify, aggsortop, aggtranstype::regtype, aggtransspace, agginitval
FROM pg_aggregate JOIN pg_proc p ON p.oid = aggfnoid WHERE pronamespace = 'shop'::regnamespace

SELECT nspname, nspowner::regrole, nspacl FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'tarn' ORDER BY 1

SELECT seqrelid::regclass, seqtypid::regtype, seqstart, seqincrement, seqmax, seqmin, seqcache, seqcycle
FROM pg_sequence WHERE seqrelid::regclass::text !~ '^tarn' ORDER BY 1::text, seqrelid::regclass::text

SELECT castsource::regtype, casttarget::regtype, castfunc::regprocedure, castcontext, castmethod FROM pg_cast
WHERE castfunc::regprocedure::text !~ '^shop.span' ORDER BY castsource::regtype::text, casttarget::regtype::text

SELECT classoid::regclass, objsubid, description, pg_describe_object(classoid, objoid, objsubid)
FROM pg_description WHERE objoid >= 16384 ORDER BY 3

SELECT ev_class::regclass, rulename, ev_type, ev_enabled, is_instead FROM pg_rewrite JOIN pg_class c ON c.oid = ev_class
WHERE relnamespace IN ('shop'::regnamespace, 'public'::regnamespace) ORDER BY ev_class::regclass::text

SELECT c.oid::regclass, pg_get_viewdef(c.oid), pg_get_viewdef(c.oid, true) FROM pg_class c
WHERE relkind IN ('v', 'm') AND relnamespace IN ('shop'::regnamespace, 'public'::regnamespace) ORDER BY c.oid::regclass::text

SELECT rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolconnlimit, rolpassword,
       rolvaliduntil, rolbypassrls, rolconfig FROM pg_roles ORDER BY 1

SELECT roleid::regrole, member::regrole, grantor::regrole, admin_option FROM pg_auth_members
ORDER BY roleid::regrole::text, member::regrole::text

SELECT d.datname, s.setrole::regrole, s.setconfig FROM pg_db_role_setting s LEFT JOIN pg_database d ON d.oid = s.setdatabase

SELECT datname, datdba::regrole, pg_encoding_to_char(encoding), datlocprovider, datistemplate, datallowconn, datconnlimit,
       datcollate, datctype, daticulocale FROM pg_database ORDER BY 1

SELECT schemaname, tablename, tableowner, tablespace, hasindexes, hasrules, hastriggers, rowsecurity FROM pg_tables
WHERE schemaname IN ('shop', 'public') ORDER BY 1, 2

SELECT schemaname, viewname, viewowner, definition FROM pg_views WHERE schemaname IN ('shop', 'public') ORDER BY 1, 2

SELECT * FROM pg_matviews ORDER BY 1, 2

SELECT * FROM pg_indexes WHERE schemaname IN ('shop', 'public') ORDER BY 1, 2, 3

SELECT * FROM pg_sequences WHERE schemaname <> 'tarn' ORDER BY 1, 2

SELECT d.classid::regclass, d.objsubid, d.refclassid::regclass, d.refobjsubid, d.deptype,
       pg_describe_object(d.refclassid, d.refobjid, d.refobjsubid)
FROM pg_depend d JOIN pg_class c ON c.oid = d.objid AND d.classid = 'pg_class'::regclass
WHERE c.relkind = 'S' AND c.relnamespace::regnamespace::text <> 'tarn' ORDER BY c.relname, 3, 6

SELECT a.attname, a.attnum, pg_get_serial_sequence('shop.item', a.attname), col_description(a.attrelid, a.attnum)
FROM pg_attribute a WHERE a.attrelid = 'shop.item'::regclass AND a.attnum > 0 ORDER BY 2

SELECT r, n, has_schema_privilege(r, n, 'USAGE'), has_schema_privilege(r, n, 'CREATE')
FROM unnest(ARRAY['differential_reader', 'differential_writer', 'postgres']) r, unnest(ARRAY['shop', 'public']) n ORDER BY 1, 2

SELECT r, c.oid::regclass, p, has_table_privilege(r, c.oid, p), has_any_column_privilege(r, c.oid, 'SELECT')
FROM unnest(ARRAY['differential_reader', 'differential_writer']) r, pg_class c,
     unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER', 'SELECT WITH GRANT OPTION']) p
WHERE relkind IN ('r', 'v', 'm') AND relnamespace IN ('shop'::regnamespace, 'public'::regnamespace)
ORDER BY 1, c.oid::regclass::text, 3

SELECT r, p.proname, has_function_privilege(r, p.oid, 'EXECUTE')
FROM unnest(ARRAY['differential_reader', 'differential_writer']) r, pg_proc p
WHERE pronamespace IN ('shop'::regnamespace, 'public'::regnamespace) AND proname !~ '^span' ORDER BY 1, 2

SELECT r, t.typname, has_type_privilege(r, t.oid, 'USAGE')
FROM unnest(ARRAY['differential_reader', 'differential_writer']) r, pg_type t
WHERE typnamespace = 'shop'::regnamespace ORDER BY 1, 2

SELECT c.relname, (aclexplode(c.relacl)).grantee::regrole, (aclexplode(c.relacl)).privilege_type,
       (aclexplode(c.relacl)).is_grantable FROM pg_class c
WHERE relnamespace IN ('shop'::regnamespace, 'public'::regnamespace) ORDER BY 1, 2, 3

SELECT pg_has_role('differential_writer', 'differential_reader', p)
FROM unnest(ARRAY['MEMBER', 'USAGE', 'MEMBER WITH ADMIN OPTION']) p

SELECT t, to_regtype(t), to_regtype(t)::oid::regtype FROM unnest(ARRAY['int', 'varchar(3)', 'shop.mood', 'shop.mood[]', 'nope',
    'timestamp with time zone', 'char', '"char"', 'bit', 'double precision', 'shop.place']) t

SELECT n, to_regclass(n), to_regproc(n), to_regnamespace(n), to_regrole(n)
FROM unnest(ARRAY['shop.item', 'item', 'public', 'postgres', 'shop.twice', 'pg_class', '"shop"."item"']) n

SELECT oid::regtype, format_type(oid, NULL), format_type(oid, -1), typname, typelem::regtype
FROM pg_type WHERE oid < 10000 AND typtype IN ('b', 'r', 'm') ORDER BY oid

SELECT n.nspname, t.typname, t.typtype, t.typbasetype::regtype, e.enumlabel FROM pg_type t
JOIN pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_enum e ON e.enumtypid = t.oid
WHERE n.nspname = 'shop' AND t.typtype IN ('e', 'd', 'c', 'r') AND (t.typrelid = 0 OR EXISTS (SELECT 1 FROM pg_class c
      WHERE c.oid = t.typrelid AND c.relkind = 'c')) ORDER BY 1, 2, e.enumsortorder

SELECT n.nspname AS table_schem, ct.relname AS table_name, a.attname AS column_name, k.n AS key_seq, ci.relname AS pk_name
FROM pg_class ct JOIN pg_namespace n ON n.oid = ct.relnamespace JOIN pg_index i ON i.indrelid = ct.oid AND i.indisprimary
JOIN pg_class ci ON ci.oid = i.indexrelid CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY k (attnum, n)
JOIN pg_attribute a ON a.attrelid = ct.oid AND a.attnum = k.attnum WHERE n.nspname IN ('shop', 'public') ORDER BY 1, 2, 4

SELECT con.conname, pn.nspname, pc.relname, array_agg(pa.attname ORDER BY k.n), fn.nspname, fc.relname,
       array_agg(fa.attname ORDER BY k.n), con.confupdtype, con.confdeltype, con.condeferrable
FROM pg_constraint con JOIN pg_class pc ON pc.oid = con.conrelid JOIN pg_namespace pn ON pn.oid = pc.relnamespace
JOIN pg_class fc ON fc.oid = con.confrelid JOIN pg_namespace fn ON fn.oid = fc.relnamespace
CROSS JOIN LATERAL unnest(con.conkey, con.confkey) WITH ORDINALITY k (p, f, n)
JOIN pg_attribute pa ON pa.attrelid = pc.oid AND pa.attnum = k.p
JOIN pg_attribute fa ON fa.attrelid = fc.oid AND fa.attnum = k.f
WHERE con.contype = 'f' GROUP BY con.oid, con.conname, pn.nspname, pc.relname, fn.nspname, fc.relname, con.confupdtype,
      con.confdeltype, con.condeferrable ORDER BY 1

SELECT c.relname, obj_description(c.oid, 'pg_class'), obj_description(c.oid) FROM pg_class c
WHERE relnamespace IN ('shop'::regnamespace, 'public'::regnamespace) ORDER BY 1

SELECT c.relname, pg_relation_is_updatable(c.oid, false), pg_relation_is_updatable(c.oid, true), a.attname,
       pg_column_is_updatable(c.oid, a.attnum, false)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE relkind IN ('r', 'v', 'm') AND relnamespace IN ('shop'::regnamespace, 'public'::regnamespace) ORDER BY 1, 4

SELECT opfname, opfmethod, opfnamespace::regnamespace FROM pg_opfamily WHERE oid < 10000 ORDER BY 1, 2

SELECT opcname, opcmethod, opcfamily, opcintype::regtype, opcdefault, opckeytype::regtype FROM pg_opclass WHERE oid < 10000
ORDER BY 1, 2

SELECT oprname, oprkind, oprcanmerge, oprcanhash, oprleft::regtype, oprright::regtype, oprresult::regtype, oprcom::regoperator,
       oprnegate::regoperator, oprcode, oprrest, oprjoin FROM pg_operator WHERE oid < 10000 ORDER BY oid

SELECT amname, amtype, amhandler FROM pg_am ORDER BY 1

SELECT spcname, spcowner::regrole, pg_tablespace_location(oid) FROM pg_tablespace ORDER BY 1

SELECT collname, collnamespace::regnamespace, collprovider, collisdeterministic, collencoding, collcollate, collctype
FROM pg_collation WHERE oid IN (100, 950, 951) ORDER BY 1

SELECT current_catalog, current_schema, current_schemas(true), current_user, session_user, version() ~ '^PostgreSQL 15',
       pg_client_encoding(), getdatabaseencoding(), pg_is_in_recovery(), inet_server_port() IS NOT NULL

SELECT indexrelid::regclass, indrelid::regclass, pg_get_indexdef(indexrelid), pg_get_indexdef(indexrelid, 0, true),
       pg_get_indexdef(indexrelid, 1, true), pg_table_is_visible(indexrelid), pg_index_column_has_property(indexrelid, 1, 'asc')
FROM pg_index JOIN pg_class c ON c.oid = indrelid WHERE indexrelid < 12000 AND c.relname <> 'pg_toast' AND relkind = 'r' ORDER BY indexrelid

SELECT 'pg_class_oid_index'::regclass, to_regclass('pg_catalog.pg_type_oid_index'), 'pg_class_oid_index'::regclass::oid,
       pg_relation_size('pg_class_oid_index') >= 0, (SELECT relkind FROM pg_class WHERE oid = 'pg_class_oid_index'::regclass)
