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

SELECT n, to_regclass(n)::oid IS NULL FROM unnest(ARRAY['information_schema.tables', 'pg_catalog.pg_class', '"Item"', 'shop."item"', 'nothing.item', 'pg_toast.x']) n ORDER BY 1

SELECT p::regprocedure, p::regproc, pg_get_function_identity_arguments(p), pg_function_is_visible(p) FROM unnest(ARRAY['shop.twice', 'public.outs', 'public.defined', 'public.atomic']::regproc[]) p ORDER BY 1::text

SELECT o::regoper, o::regoperator FROM unnest(ARRAY['+(integer,integer)', '=(text,text)', '||(text,text)', '->(jsonb,text)', '!(NONE,integer)']::text[]) t, LATERAL (SELECT to_regoperator(t) o) x

SELECT to_regoper('+'), to_regoper('pg_catalog.||/'), to_regoperator('@>(jsonb,jsonb)'), to_regprocedure('lower(text)'), to_regproc('lower'), to_regprocedure('shop.nothing()')

SELECT t::regtype, t::regtype::oid::regtype::text FROM unnest(ARRAY['shop.mood', 'shop.place[]', 'shop.span', 'shop.zip', 'shop.item', 'integer[]', 'interval', 'time with time zone', 'bit varying', 'character varying']) t ORDER BY 1::text

SELECT r::regrole, r::regrole::text FROM unnest(ARRAY['differential_reader', 'postgres', 'pg_monitor']) r ORDER BY 2

SELECT n::regnamespace, quote_ident(n) FROM unnest(ARRAY['shop', 'public', 'pg_catalog', 'information_schema']) n ORDER BY 2

SELECT conname, pg_describe_object('pg_constraint'::regclass, oid, 0) FROM pg_constraint WHERE connamespace IN ('shop'::regnamespace, 'public'::regnamespace) ORDER BY 1, 2

SELECT pg_describe_object('pg_class'::regclass, c.oid, 0), pg_describe_object('pg_class'::regclass, c.oid, a.attnum) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid WHERE relnamespace IN ('shop'::regnamespace, 'public'::regnamespace) AND attnum > 0 AND NOT attisdropped AND relkind <> 'i' ORDER BY 1, 2

SELECT pg_describe_object('pg_type'::regclass, oid, 0) FROM pg_type WHERE typnamespace IN ('shop'::regnamespace, 'public'::regnamespace) ORDER BY 1

SELECT pg_describe_object('pg_proc'::regclass, oid, 0) FROM pg_proc WHERE pronamespace IN ('shop'::regnamespace, 'public'::regnamespace) AND proname !~ 'span' ORDER BY 1

SELECT pg_describe_object('pg_rewrite'::regclass, r.oid, 0) FROM pg_rewrite r JOIN pg_class c ON c.oid = ev_class WHERE relnamespace IN ('shop'::regnamespace, 'public'::regnamespace) ORDER BY 1

SELECT pg_describe_object('pg_attrdef'::regclass, d.oid, 0) FROM pg_attrdef d JOIN pg_class c ON c.oid = adrelid WHERE relnamespace IN ('shop'::regnamespace, 'public'::regnamespace) ORDER BY 1

SELECT pg_describe_object('pg_database'::regclass, oid, 0), pg_describe_object('pg_namespace'::regclass, 'shop'::regnamespace, 0), pg_describe_object('pg_tablespace'::regclass, 1663, 0) FROM pg_database WHERE datname = current_database()

SELECT pg_describe_object('pg_am'::regclass, oid, 0), pg_describe_object('pg_language'::regclass, 14, 0), pg_describe_object('pg_collation'::regclass, 950, 0) FROM pg_am ORDER BY 1

SELECT d.deptype, pg_describe_object(d.classid, d.objid, d.objsubid), pg_describe_object(d.refclassid, d.refobjid, d.refobjsubid) FROM pg_depend d JOIN pg_proc p ON p.oid = d.objid WHERE classid = 'pg_proc'::regclass AND pronamespace IN ('shop'::regnamespace, 'public'::regnamespace) AND proname !~ 'span' ORDER BY 2, 3, 1

SELECT r, p, has_database_privilege(r, current_database(), p) FROM unnest(ARRAY['differential_reader', 'differential_writer', 'postgres', 'public']::name[]) r, unnest(ARRAY['CREATE', 'CONNECT', 'TEMP', 'TEMPORARY WITH GRANT OPTION']) p ORDER BY 1, 2

SELECT r, c, p, has_column_privilege(r, 'shop.item', c, p) FROM unnest(ARRAY['differential_reader', 'differential_writer', 'postgres']::name[]) r, unnest(ARRAY['name', 'price', 'id']) c, unnest(ARRAY['SELECT', 'UPDATE', 'INSERT', 'REFERENCES', 'UPDATE WITH GRANT OPTION']) p ORDER BY 1, 2, 3

SELECT r, p, has_sequence_privilege(r, 'shop.numbers', p) FROM unnest(ARRAY['differential_reader', 'differential_writer', 'postgres']::name[]) r, unnest(ARRAY['USAGE', 'SELECT', 'UPDATE', 'USAGE WITH GRANT OPTION']) p ORDER BY 1, 2

SELECT r, l, has_language_privilege(r, l, 'USAGE') FROM unnest(ARRAY['differential_reader', 'postgres']::name[]) r, unnest(ARRAY['sql', 'c', 'internal']) l ORDER BY 1, 2

SELECT r, has_tablespace_privilege(r, 'pg_default', 'CREATE'), has_tablespace_privilege(r, 'pg_global', 'CREATE') FROM unnest(ARRAY['differential_reader', 'postgres']::name[]) r ORDER BY 1

SELECT r, p, has_parameter_privilege(r, p, 'SET'), has_parameter_privilege(r, p, 'ALTER SYSTEM') FROM unnest(ARRAY['differential_reader', 'postgres']::name[]) r, unnest(ARRAY['work_mem', 'log_statement', 'nothing.x']) p ORDER BY 1, 2

SELECT has_table_privilege('shop.nothing', 'SELECT')

SELECT has_table_privilege('shop.item', 'NOTHING')

SELECT has_table_privilege(0::oid, 'SELECT'), has_column_privilege('shop.item', 99::smallint, 'SELECT'), has_schema_privilege(0::oid, 'USAGE'), has_function_privilege(0::oid, 'EXECUTE'), has_type_privilege(0::oid, 'USAGE'), has_database_privilege(0::oid, 'CONNECT'), has_sequence_privilege(0::oid, 'USAGE'), has_language_privilege(0::oid, 'USAGE')

SELECT has_column_privilege('shop.item', 'nothing', 'SELECT')

SELECT has_schema_privilege('nothing', 'USAGE')

SELECT has_sequence_privilege('shop.item', 'USAGE')

SELECT has_function_privilege('shop.nothing()', 'EXECUTE')

SELECT has_type_privilege('shop.nothing', 'USAGE')

SELECT has_language_privilege('nothing', 'USAGE')

SELECT has_tablespace_privilege('nothing', 'CREATE')

SELECT has_table_privilege('nobody', 'shop.item', 'SELECT')

SELECT pg_has_role('nobody', 'MEMBER')

SELECT acldefault('r', 10), acldefault('s', 10), acldefault('c', 10), acldefault('f', 10), acldefault('l', 10), acldefault('L', 10), acldefault('n', 10), acldefault('t', 10), acldefault('F', 10), acldefault('S', 10), acldefault('T', 10), acldefault('d', 10), acldefault('p', 10)

SELECT makeaclitem('differential_reader'::regrole, 'postgres'::regrole, 'SELECT, INSERT', true), 'differential_reader=r*w/postgres'::aclitem, aclitemeq('=r/postgres', '=r/postgres')

SELECT relname, array_length(relacl, 1), relacl::text[] FROM pg_class WHERE relacl IS NOT NULL AND relnamespace IN ('shop'::regnamespace, 'public'::regnamespace) ORDER BY 1

SELECT relname, relacl @> '=r/postgres'::aclitem FROM pg_class WHERE relacl IS NOT NULL AND relnamespace IN ('shop'::regnamespace, 'public'::regnamespace) ORDER BY 1

SELECT pg_get_userbyid(10), pg_get_userbyid(0), pg_get_userbyid(99999)

SELECT pg_get_constraintdef(0), pg_get_viewdef(0), pg_get_indexdef(0), pg_get_ruledef(0), pg_get_functiondef(0), pg_get_triggerdef(0), pg_get_expr(NULL, 0), pg_get_serial_sequence('shop.item', 'name'), pg_get_statisticsobjdef(0), pg_get_partkeydef(0), pg_get_function_result(0), pg_get_function_arguments(0), pg_get_function_arg_default(0, 1)

SELECT pg_get_functiondef('sum(integer)'::regprocedure)

SELECT pg_get_viewdef('shop.item')

SELECT pg_get_viewdef('shop.nothing')

SELECT pg_get_serial_sequence('shop.nothing', 'x')

SELECT pg_get_serial_sequence('shop.item', 'nothing')

SELECT pg_get_function_arg_default('public.outs'::regproc, i) FROM generate_series(0, 5) i

SELECT ev_class::regclass, rulename, pg_get_ruledef(r.oid), pg_get_ruledef(r.oid, true) FROM pg_rewrite r JOIN pg_class c ON c.oid = ev_class WHERE relnamespace IN ('shop'::regnamespace, 'public'::regnamespace) ORDER BY 1::text

SELECT conname, pg_get_constraintdef(oid, true) FROM pg_constraint WHERE contypid <> 0 AND connamespace = 'shop'::regnamespace ORDER BY 1

SELECT schemaname, tablename, policyname, permissive, roles, cmd, qual, with_check FROM pg_policies ORDER BY 1, 2, 3

SELECT * FROM pg_rules WHERE schemaname IN ('shop', 'public') ORDER BY 1, 2, 3

SELECT rolname, rolcanlogin, rolvaliduntil FROM pg_roles WHERE rolname ~ 'differential' ORDER BY 1

SELECT * FROM pg_group WHERE groname ~ 'differential' AND false

SELECT groname, cardinality(grolist) FROM pg_group WHERE groname ~ 'differential' ORDER BY 1

SELECT usename, usecreatedb, usesuper, userepl, usebypassrls, passwd, valuntil, useconfig FROM pg_user WHERE usename ~ 'differential' ORDER BY 1

SELECT abbrev, utc_offset, is_dst FROM pg_timezone_abbrevs WHERE abbrev IN ('CET', 'CEST', 'EST', 'PST', 'UTC', 'MSK') ORDER BY 1

SELECT name, utc_offset IS NOT NULL FROM pg_timezone_names WHERE name IN ('Europe/Berlin', 'America/New_York', 'UTC', 'Asia/Tokyo') ORDER BY 1

SELECT name, default_version IS NOT NULL, comment FROM pg_available_extensions WHERE name = 'nothing'

SELECT extname, extowner::regrole, extnamespace::regnamespace, extrelocatable FROM pg_extension WHERE extname NOT IN ('plpgsql', 'tarn') ORDER BY 1

SELECT lanname, lanowner::regrole, lanispl, lanpltrusted, lanacl FROM pg_language WHERE lanname <> 'plpgsql' ORDER BY 1

SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal

SELECT count(*) FROM pg_inherits

SELECT count(*) FROM pg_partitioned_table

SELECT count(*) FROM pg_foreign_table

SELECT count(*) FROM pg_event_trigger

SELECT count(*) FROM pg_publication

SELECT count(*) FROM pg_prepared_xacts

SELECT count(*) FROM pg_replication_slots

SELECT count(*) FROM pg_stat_replication

SELECT schemaname, relname FROM pg_stat_user_tables WHERE schemaname IN ('shop', 'public') ORDER BY 1, 2

SELECT schemaname, relname, indexrelname FROM pg_stat_user_indexes WHERE schemaname IN ('shop', 'public') ORDER BY 1, 2, 3

SELECT schemaname, relname, indexrelname FROM pg_statio_user_indexes WHERE schemaname IN ('shop', 'public') ORDER BY 1, 2, 3

SELECT schemaname, relname FROM pg_statio_user_tables WHERE schemaname IN ('shop', 'public') ORDER BY 1, 2

SELECT schemaname, relname FROM pg_statio_user_sequences WHERE schemaname IN ('shop', 'public') ORDER BY 1, 2

SELECT schemaname, funcname FROM pg_stat_user_functions ORDER BY 1, 2

SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnum FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relname ~ '^pg_stat' AND c.relkind = 'v' AND a.attnum > 0 ORDER BY 1, 4

SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnum FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relname !~ '^pg_stat' AND c.relkind = 'v' AND a.attnum > 0 ORDER BY 1, 4

SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnum, a.attnotnull FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 ORDER BY 1, 4

SELECT relname, relkind, relisshared, relhasindex, relnatts FROM pg_class WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind IN ('r', 'v') ORDER BY 1

SELECT conrelid::regclass::text, conname, contype, conkey FROM pg_constraint WHERE connamespace = 'pg_catalog'::regnamespace ORDER BY 1, 2

SELECT attname, inherited, null_frac, n_distinct FROM pg_stats WHERE schemaname = 'nothing'

SELECT pg_column_size(NULL::text), pg_column_size(1), pg_column_size(1::bigint), pg_column_size(true), pg_column_compression('x'::text)

SELECT format('%I.%I', n.nspname, c.relname), c.oid::regclass FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'v') AND n.nspname IN ('shop', 'public') ORDER BY 1

SELECT n.nspname, count(*) FILTER (WHERE relkind = 'r'), count(*) FILTER (WHERE relkind = 'v'), count(*) FILTER (WHERE relkind = 'i'), count(*) FILTER (WHERE relkind = 'S'), count(*) FILTER (WHERE relkind = 'c') FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname IN ('shop', 'public') GROUP BY 1 ORDER BY 1

SELECT a.attname, d.adbin IS NOT NULL, a.attgenerated, pg_get_expr(d.adbin, d.adrelid, true) FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum WHERE a.attrelid = 'shop.every'::regclass AND a.attnum > 0 ORDER BY a.attnum

SELECT i.indexrelid::regclass, (information_schema._pg_expandarray(i.indkey)).n, (information_schema._pg_expandarray(i.indkey)).x FROM pg_index i WHERE i.indrelid = 'public.parent'::regclass ORDER BY 1::text, 2

SELECT table_name, column_name, data_type, character_maximum_length, numeric_precision, numeric_scale, datetime_precision, udt_schema, udt_name, is_nullable, column_default, is_identity, identity_generation, is_generated, generation_expression, is_updatable FROM information_schema.columns WHERE table_schema = 'shop' ORDER BY table_name, ordinal_position

SELECT table_name, constraint_name, constraint_type FROM information_schema.table_constraints WHERE table_schema IN ('shop', 'public') AND constraint_name !~ 'not_null' ORDER BY 1, 2

SELECT kcu.table_name, kcu.column_name, kcu.ordinal_position, kcu.position_in_unique_constraint, tc.constraint_type FROM information_schema.key_column_usage kcu JOIN information_schema.table_constraints tc USING (constraint_schema, constraint_name) WHERE kcu.table_schema IN ('shop', 'public') ORDER BY 1, 2, 3, 5

SELECT rc.constraint_name, rc.unique_constraint_name, rc.match_option, rc.update_rule, rc.delete_rule, ccu.table_name, ccu.column_name FROM information_schema.referential_constraints rc JOIN information_schema.constraint_column_usage ccu ON ccu.constraint_name = rc.constraint_name WHERE rc.constraint_schema IN ('shop', 'public') ORDER BY 1, 6, 7

SELECT count(*), min(table_schema), max(table_schema) FROM information_schema.tables WHERE table_schema IN ('shop', 'public')

SELECT table_schema, table_name, view_definition, check_option, is_updatable, is_insertable_into FROM information_schema.views WHERE table_schema IN ('shop', 'public') ORDER BY 1, 2

SELECT grantee, table_name, string_agg(privilege_type, ',' ORDER BY privilege_type) FROM information_schema.role_table_grants WHERE table_schema IN ('shop', 'public') GROUP BY 1, 2 ORDER BY 1, 2

SELECT grantee, table_name, column_name, string_agg(privilege_type, ',' ORDER BY privilege_type) FROM information_schema.role_column_grants WHERE table_schema IN ('shop', 'public') GROUP BY 1, 2, 3 ORDER BY 1, 2, 3

SELECT grantee, routine_name, privilege_type, is_grantable FROM information_schema.role_routine_grants WHERE routine_schema IN ('shop', 'public') AND routine_name !~ 'span' ORDER BY 1, 2

SELECT r.routine_name, p.parameter_name, p.parameter_mode, p.data_type, p.ordinal_position, p.parameter_default FROM information_schema.routines r LEFT JOIN information_schema.parameters p USING (specific_schema, specific_name) WHERE r.routine_schema IN ('shop', 'public') AND routine_name !~ 'span' ORDER BY 1, 5

SELECT domain_name, data_type, character_maximum_length, domain_default, udt_name FROM information_schema.domains WHERE domain_schema = 'shop' ORDER BY 1

SELECT sequence_name, data_type, start_value, minimum_value, maximum_value, increment, cycle_option FROM information_schema.sequences WHERE sequence_schema IN ('shop', 'public') ORDER BY 1

SELECT schema_name, schema_owner FROM information_schema.schemata WHERE schema_name !~ 'tarn' ORDER BY 1

SELECT * FROM information_schema.information_schema_catalog_name

SELECT character_set_name, form_of_use, default_collate_name FROM information_schema.character_sets

SELECT udt_name, attribute_name, ordinal_position, data_type FROM information_schema.attributes WHERE udt_schema = 'shop' ORDER BY 1, 3

SELECT object_name, object_type, dtd_identifier IS NOT NULL FROM information_schema.data_type_privileges WHERE object_schema = 'shop' AND object_type IN ('TABLE', 'USER-DEFINED TYPE') ORDER BY 1, 2

SELECT view_name, table_name FROM information_schema.view_table_usage WHERE view_schema IN ('shop', 'public') ORDER BY 1, 2

SELECT view_name, table_name, column_name FROM information_schema.view_column_usage WHERE view_schema IN ('shop', 'public') ORDER BY 1, 2, 3

SELECT domain_name, table_name, column_name FROM information_schema.column_domain_usage WHERE domain_schema = 'shop' ORDER BY 1, 2, 3

SELECT udt_name, table_name, column_name FROM information_schema.column_udt_usage WHERE udt_schema = 'shop' ORDER BY 1, 2, 3

SELECT table_name, column_name, dependent_column FROM information_schema.column_column_usage WHERE table_schema IN ('shop', 'public') ORDER BY 1, 2

SELECT constraint_name, check_clause FROM information_schema.check_constraints WHERE constraint_schema IN ('shop', 'public') AND constraint_name !~ 'not_null' ORDER BY 1

SELECT tableoid::regclass, conname FROM pg_constraint WHERE contype = 'f' ORDER BY 2

SELECT xmin IS NOT NULL, cmin IS NOT NULL, ctid IS NOT NULL FROM pg_class WHERE relname = 'pg_class'

SELECT oid::regclass FROM pg_class WHERE oid = 'shop.item'::regclass::oid AND relname LIKE 'it%'

SELECT typname, typinput::regprocedure, typoutput::regproc, typarray::regtype FROM pg_type WHERE typname IN ('int4', 'text', 'mood', 'place', 'zip', 'span', 'item') ORDER BY 1

SELECT pg_encoding_to_char(i), pg_encoding_max_length(i) FROM generate_series(0, 42) i ORDER BY pg_char_to_encoding(pg_encoding_to_char(i))

SELECT pg_get_keywords() FROM generate_series(1, 1) LIMIT 3

SELECT count(*), catcode FROM pg_get_keywords() GROUP BY 2 ORDER BY 2

SELECT label, provider FROM pg_seclabels

SELECT aggfnoid::regprocedure::text, aggtranstype::regtype FROM pg_aggregate WHERE aggfnoid IN ('sum(integer)'::regprocedure, 'count(*)'::regprocedure, 'max(text)'::regprocedure) ORDER BY 1

SELECT tmplname FROM pg_ts_template WHERE tmplname = 'nothing'

SELECT typname, typcategory, typispreferred FROM pg_type WHERE typispreferred ORDER BY 1

SELECT proname, count(*) FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace AND proname ~ '^(pg_get|has_|pg_stat_get_b|json)' GROUP BY 1 ORDER BY 1

SELECT proname, provolatile, proparallel, proisstrict, proleakproof FROM pg_proc WHERE proname IN ('lower', 'now', 'random', 'nextval', 'generate_series', 'pg_sleep', 'count', 'row_number') ORDER BY 1, 2, oid

SELECT inet_client_addr(), inet_server_addr() IS NOT NULL, inet_client_port() > 0

SELECT locktype, mode, granted FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'relation' AND relation = 'pg_locks'::regclass

SELECT datname = current_database(), usename, state, backend_type, wait_event_type, query ~ 'pg_stat_activity' FROM pg_stat_activity WHERE pid = pg_backend_pid()

SELECT datname, numbackends > 0 FROM pg_stat_database WHERE datname = current_database()

SELECT ssl, version, cipher FROM pg_stat_ssl WHERE pid = pg_backend_pid()

SELECT gss_authenticated, encrypted FROM pg_stat_gssapi WHERE pid = pg_backend_pid()

SELECT count(*) FROM pg_stat_progress_vacuum

SELECT count(*) FROM pg_stat_progress_create_index

SELECT count(*) FROM pg_stat_wal_receiver

SELECT count(*) FROM pg_stat_subscription

SELECT count(*) >= 0 FROM pg_stat_slru

SELECT archived_count, failed_count FROM pg_stat_archiver

SELECT checkpoints_timed >= 0 FROM pg_stat_bgwriter

SELECT count(*) FROM pg_cursors

SELECT count(*) FROM pg_prepared_statements

SELECT slot_name FROM pg_replication_slots

SELECT count(*) FROM pg_largeobject_metadata

SELECT stxname FROM pg_statistic_ext

SELECT statistics_name FROM pg_stats_ext

SELECT pg_read_file('nothing', true), pg_read_binary_file('nothing', true), pg_stat_file('nothing', true)
