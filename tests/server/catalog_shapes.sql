-- The columns of the catalogs themselves, and joins over them, on the objects of the schema and on the server's own.
SELECT n.nspname, c.relname, c.relkind, c.relpersistence, c.relhasindex, c.relisshared, c.relhasrules, c.relhastriggers, c.relhassubclass, c.relispopulated, c.relreplident, c.relispartition FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname IN ('shop','public') AND true ORDER BY 1,2

SELECT n.nspname, c.relname, c.relnatts, c.relchecks, c.relrowsecurity, c.relforcerowsecurity, c.reloftype, c.reltablespace, c.relrewrite FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname IN ('shop','public') AND c.relname !~ '_seq' ORDER BY 1,2

SELECT n.nspname, c.relname, c.relam = 0 AS no_am, (SELECT amname FROM pg_am WHERE oid = c.relam) AS am, c.reloptions, c.relpartbound IS NULL FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname IN ('shop','public') AND true ORDER BY 1,2

SELECT n.nspname, c.relname, c.relacl FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname IN ('shop','public') AND c.relkind <> 'i' ORDER BY 1,2

SELECT n.nspname, c.relname, c.relfrozenxid = '0', c.relminmxid = '0' FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname IN ('shop','public') AND true ORDER BY 1,2

SELECT n.nspname, c.relname, c.reltype = 0 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname IN ('shop','public') AND c.relkind <> 'c' ORDER BY 1,2

SELECT n.nspname, c.relname, (SELECT typname FROM pg_type t WHERE t.oid = c.reltype), (SELECT t.typrelid = c.oid FROM pg_type t WHERE t.oid = c.reltype) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname IN ('shop','public') AND true ORDER BY 1,2

SELECT n.nspname, c.relname, pg_get_userbyid(c.relowner), c.relowner::regrole, obj_description(c.oid, 'pg_class') FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname IN ('shop','public') AND true ORDER BY 1,2

SELECT n.nspname, c.relname, pg_table_is_visible(c.oid), has_table_privilege('differential_reader', c.oid, 'SELECT'), has_table_privilege('differential_writer', c.oid, 'INSERT, UPDATE') FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname IN ('shop','public') AND c.relkind IN ('r','v','m') ORDER BY 1,2

SELECT n.nspname, c.relname, has_any_column_privilege('differential_reader', c.oid, 'UPDATE'), row_security_active(c.oid) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname IN ('shop','public') AND c.relkind IN ('r','v','m') ORDER BY 1,2

SELECT n.nspname, c.relname, c.reltoastrelid <> 0 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname IN ('shop','public') AND c.relkind IN ('v','S','i','c') ORDER BY 1,2

SELECT c.relname, a.attnum, a.attname, a.attstattarget, a.attlen, a.attndims, a.attcacheoff, a.atttypmod FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname IN ('shop','public') AND a.attnum > 0 AND c.relname <> 'item_code_words' ORDER BY 1, 2

SELECT c.relname, a.attnum, a.attbyval, a.attalign, a.attstorage, a.attcompression = '', a.attnotnull, a.atthasdef, a.atthasmissing FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname IN ('shop','public') AND a.attnum > 0 AND c.relname <> 'item_code_words' ORDER BY 1, 2

SELECT c.relname, a.attnum, a.attidentity, a.attgenerated, a.attisdropped, a.attislocal, a.attinhcount FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname IN ('shop','public') AND a.attnum > 0 AND c.relname <> 'item_code_words' ORDER BY 1, 2

SELECT c.relname, a.attnum, (SELECT collname FROM pg_collation WHERE oid = a.attcollation), a.attacl, a.attoptions, a.attfdwoptions, a.attmissingval FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname IN ('shop','public') AND a.attnum > 0 AND c.relname <> 'item_code_words' ORDER BY 1, 2

SELECT c.relname, a.attnum, a.atttypid::regtype, format_type(a.atttypid, a.atttypmod), a.atttypid = 0 FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname IN ('shop','public') AND a.attnum > 0 AND c.relname <> 'item_code_words' ORDER BY 1, 2

SELECT c.relname, a.attnum, col_description(c.oid, a.attnum), has_column_privilege('differential_reader', c.oid, a.attnum, 'UPDATE') FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname IN ('shop','public') AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'v') ORDER BY 1, 2

SELECT c.relname, a.attnum, a.attname, pg_get_serial_sequence(quote_ident(n.nspname) || '.' || quote_ident(c.relname), a.attname) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname IN ('shop','public') AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind = 'r' ORDER BY 1, 2

SELECT c.relname, a.attnum, a.attname, pg_get_expr(d.adbin, d.adrelid), pg_get_expr(d.adbin, d.adrelid, true) FROM pg_attribute a JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname IN ('shop','public') AND a.attnum > 0 ORDER BY 1, 2

SELECT conrelid::regclass, conname, contype, condeferrable, condeferred, convalidated, conislocal, coninhcount, connoinherit FROM pg_constraint k WHERE connamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN ('shop','public')) AND true ORDER BY conrelid::regclass::text, 2, contypid

SELECT conrelid::regclass, conname, contypid::regtype, conindid::regclass, conparentid, confrelid::regclass FROM pg_constraint k WHERE connamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN ('shop','public')) AND true ORDER BY conrelid::regclass::text, 2, contypid

SELECT conrelid::regclass, conname, confupdtype, confdeltype, confmatchtype, conkey, confkey FROM pg_constraint k WHERE connamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN ('shop','public')) AND true ORDER BY conrelid::regclass::text, 2, contypid

SELECT conrelid::regclass, conname, conpfeqop::regoperator[], conppeqop::regoperator[], conffeqop::regoperator[] FROM pg_constraint k WHERE connamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN ('shop','public')) AND contype = 'f' ORDER BY conrelid::regclass::text, 2, contypid

SELECT conrelid::regclass, conname, confdelsetcols, conexclop, conbin IS NULL FROM pg_constraint k WHERE connamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN ('shop','public')) AND true ORDER BY conrelid::regclass::text, 2, contypid

SELECT conrelid::regclass, conname, pg_get_constraintdef(oid), pg_get_constraintdef(oid, true) FROM pg_constraint k WHERE connamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN ('shop','public')) AND true ORDER BY conrelid::regclass::text, 2, contypid

SELECT conrelid::regclass, conname, pg_get_expr(conbin, conrelid), pg_get_expr(conbin, conrelid, true) FROM pg_constraint k WHERE connamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN ('shop','public')) AND contype = 'c' AND conrelid > 0 ORDER BY conrelid::regclass::text, 2, contypid

SELECT conrelid::regclass, conname, obj_description(oid, 'pg_constraint') FROM pg_constraint k WHERE connamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN ('shop','public')) AND true ORDER BY conrelid::regclass::text, 2, contypid

SELECT conrelid::regclass, conname, array_length(conkey, 1), array_length(confkey, 1), conkey[1], array_ndims(conkey), array_lower(conkey, 1) FROM pg_constraint k WHERE connamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN ('shop','public')) AND true ORDER BY conrelid::regclass::text, 2, contypid

SELECT i.indexrelid::regclass::text, i.indnatts, i.indnkeyatts, i.indisunique, i.indnullsnotdistinct, i.indisprimary, i.indisexclusion, i.indimmediate FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname IN ('shop','public') AND true ORDER BY 1

SELECT i.indexrelid::regclass::text, i.indisclustered, i.indisvalid, i.indcheckxmin, i.indisready, i.indislive, i.indisreplident FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname IN ('shop','public') AND true ORDER BY 1

SELECT i.indexrelid::regclass::text, i.indkey, i.indoption, i.indcollation <> '0', array_length(i.indkey, 1), array_lower(i.indkey, 1) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname IN ('shop','public') AND true ORDER BY 1

SELECT i.indexrelid::regclass::text, (SELECT array_agg(opcname ORDER BY o) FROM unnest(i.indclass) WITH ORDINALITY u(x, o) JOIN pg_opclass oc ON oc.oid = x) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname IN ('shop','public') AND true ORDER BY 1

SELECT i.indexrelid::regclass::text, (SELECT array_agg(collname ORDER BY o) FROM unnest(i.indcollation) WITH ORDINALITY u(x, o) LEFT JOIN pg_collation cc ON cc.oid = x) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE i.indexrelid::regclass::text !~ 'words' AND n.nspname IN ('shop','public') AND true ORDER BY 1

SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid), pg_get_indexdef(i.indexrelid, 1, false), pg_get_indexdef(i.indexrelid, 2, true), pg_get_indexdef(i.indexrelid, 0, true) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname IN ('shop','public') AND true ORDER BY 1

SELECT i.indexrelid::regclass::text, pg_get_expr(i.indexprs, i.indrelid), pg_get_expr(i.indpred, i.indrelid), pg_get_expr(i.indpred, i.indrelid, true) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname IN ('shop','public') AND true ORDER BY 1

SELECT i.indexrelid::regclass::text, pg_index_column_has_property(i.indexrelid, 1, 'asc'), pg_index_column_has_property(i.indexrelid, 1, 'nulls_first'), pg_index_has_property(i.indexrelid, 'clusterable'), pg_index_column_has_property(i.indexrelid, 2, 'orderable') FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname IN ('shop','public') AND true ORDER BY 1

SELECT n.nspname, t.typname, t.typlen, t.typbyval, t.typtype, t.typcategory, t.typispreferred, t.typisdefined, t.typdelim FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE n.nspname IN ('shop','public') AND true ORDER BY 1, 2

SELECT n.nspname, t.typname, t.typinput, t.typoutput, t.typreceive, t.typsend, t.typmodin, t.typmodout, t.typanalyze, t.typsubscript FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE n.nspname IN ('shop','public') AND true ORDER BY 1, 2

SELECT n.nspname, t.typname, t.typalign, t.typstorage, t.typnotnull, t.typbasetype::regtype, t.typtypmod, t.typndims FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE n.nspname IN ('shop','public') AND true ORDER BY 1, 2

SELECT n.nspname, t.typname, (SELECT collname FROM pg_collation WHERE oid = t.typcollation), pg_get_expr(t.typdefaultbin, 0), t.typdefault, t.typacl FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE n.nspname IN ('shop','public') AND true ORDER BY 1, 2

SELECT n.nspname, t.typname, t.typrelid::regclass, t.typelem::regtype, t.typarray::regtype, pg_get_userbyid(t.typowner) FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE n.nspname IN ('shop','public') AND true ORDER BY 1, 2

SELECT n.nspname, t.typname, pg_type_is_visible(t.oid), has_type_privilege('differential_reader', t.oid, 'USAGE'), obj_description(t.oid, 'pg_type') FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE n.nspname IN ('shop','public') AND true ORDER BY 1, 2

SELECT n.nspname, t.typname, (SELECT array_agg(enumlabel ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid), (SELECT array_agg(enumsortorder ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid) FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE n.nspname IN ('shop','public') AND t.typtype = 'e' ORDER BY 1, 2

SELECT rngtypid::regtype, rngsubtype::regtype, rngmultitypid::regtype, (SELECT collname FROM pg_collation WHERE oid = rngcollation), (SELECT opcname FROM pg_opclass WHERE oid = rngsubopc), rngcanonical, rngsubdiff FROM pg_range ORDER BY rngtypid::regtype::text

SELECT p.oid::regprocedure::text, (SELECT lanname FROM pg_language WHERE oid = p.prolang), p.procost, p.prorows, p.provariadic::regtype, p.prosupport, p.prokind FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname IN ('shop','public') AND p.proname NOT IN ('span', 'spanmultirange', 'multispan') AND p.proname !~ 'span|range' AND true ORDER BY 1

SELECT p.oid::regprocedure::text, p.prosecdef, p.proleakproof, p.proisstrict, p.proretset, p.provolatile, p.proparallel, p.pronargs, p.pronargdefaults FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname IN ('shop','public') AND p.proname NOT IN ('span', 'spanmultirange', 'multispan') AND p.proname !~ 'span|range' AND true ORDER BY 1

SELECT p.oid::regprocedure::text, p.prorettype::regtype, p.proargtypes::regtype[], p.proallargtypes::regtype[], p.proargmodes, p.proargnames FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname IN ('shop','public') AND p.proname NOT IN ('span', 'spanmultirange', 'multispan') AND p.proname !~ 'span|range' AND true ORDER BY 1

SELECT p.oid::regprocedure::text, pg_get_expr(p.proargdefaults, 0), p.protrftypes, p.prosrc, p.probin, p.prosqlbody IS NULL, p.proconfig, p.proacl FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname IN ('shop','public') AND p.proname NOT IN ('span', 'spanmultirange', 'multispan') AND p.proname !~ 'span|range' AND true ORDER BY 1

SELECT p.oid::regprocedure::text, pg_get_function_arguments(p.oid), pg_get_function_identity_arguments(p.oid), pg_get_function_result(p.oid), pg_get_function_arg_default(p.oid, 1), pg_get_function_arg_default(p.oid, 4) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname IN ('shop','public') AND p.proname NOT IN ('span', 'spanmultirange', 'multispan') AND p.proname !~ 'span|range' AND true ORDER BY 1

SELECT p.oid::regprocedure::text, pg_get_function_sqlbody(p.oid), pg_get_functiondef(p.oid) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname IN ('shop','public') AND p.proname NOT IN ('span', 'spanmultirange', 'multispan') AND p.proname !~ 'span|range' AND p.prokind <> 'a' ORDER BY 1

SELECT p.oid::regprocedure::text, has_function_privilege('differential_reader', p.oid, 'EXECUTE'), pg_function_is_visible(p.oid), pg_get_userbyid(p.proowner) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname IN ('shop','public') AND p.proname NOT IN ('span', 'spanmultirange', 'multispan') AND p.proname !~ 'span|range' AND true ORDER BY 1

SELECT p.oid::regprocedure::text, oidvectortypes(p.proargtypes), obj_description(p.oid, 'pg_proc') FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname IN ('shop','public') AND p.proname NOT IN ('span', 'spanmultirange', 'multispan') AND p.proname !~ 'span|range' AND true ORDER BY 1

SELECT a.aggfnoid::regprocedure::text, a.aggkind, a.aggnumdirectargs, a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggserialfn, a.aggdeserialfn, a.aggmtransfn, a.aggminvtransfn, a.aggmfinalfn, a.aggfinalextra, a.aggmfinalextra, a.aggfinalmodify, a.aggmfinalmodify, a.aggsortop, a.aggtranstype::regtype, a.aggtransspace, a.aggmtranstype::regtype, a.aggmtransspace, a.agginitval, a.aggminitval FROM pg_aggregate a JOIN pg_proc p ON p.oid = a.aggfnoid WHERE p.pronamespace::regnamespace::text IN ('shop','public') ORDER BY 1

SELECT a.aggfnoid::regprocedure::text, a.aggkind, a.aggnumdirectargs, a.aggfinalextra, a.aggfinalmodify, a.aggsortop::regoperator, a.aggtranstype::regtype, a.agginitval FROM pg_aggregate a WHERE a.aggfnoid < 16384 ORDER BY 1

SELECT a.aggfnoid::regprocedure::text, a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggmtransfn, a.aggminvtransfn, a.aggmfinalfn FROM pg_aggregate a WHERE a.aggfnoid < 16384 ORDER BY 1

SELECT o.oid::regoperator::text, o.oprkind, o.oprcanmerge, o.oprcanhash, o.oprresult::regtype, o.oprcom::regoperator, o.oprnegate::regoperator FROM pg_operator o ORDER BY o.oid

SELECT o.oid::regoperator::text, o.oprcode, o.oprrest, o.oprjoin, o.oprnamespace::regnamespace, o.oprowner::regrole FROM pg_operator o ORDER BY o.oid

SELECT am.amname, c.opcname, c.opcdefault, c.opcintype::regtype, c.opckeytype::regtype, f.opfname, c.opcnamespace::regnamespace, c.opcowner::regrole FROM pg_opclass c JOIN pg_am am ON am.oid = c.opcmethod JOIN pg_opfamily f ON f.oid = c.opcfamily ORDER BY 1, 2, c.opcintype::regtype::text

SELECT am.amname, f.opfname, a.amoplefttype::regtype, a.amoprighttype::regtype, a.amopstrategy, a.amoppurpose, a.amopopr::regoperator, (SELECT opfname FROM pg_opfamily s WHERE s.oid = a.amopsortfamily) FROM pg_amop a JOIN pg_opfamily f ON f.oid = a.amopfamily JOIN pg_am am ON am.oid = a.amopmethod ORDER BY 1, 2, a.amoplefttype, a.amoprighttype, 5

SELECT am.amname, f.opfname, a.amproclefttype::regtype, a.amprocrighttype::regtype, a.amprocnum, a.amproc FROM pg_amproc a JOIN pg_opfamily f ON f.oid = a.amprocfamily JOIN pg_am am ON am.oid = f.opfmethod ORDER BY 1, 2, a.amproclefttype, a.amprocrighttype, 5

SELECT castsource::regtype, casttarget::regtype, castfunc::regprocedure, castcontext, castmethod FROM pg_cast WHERE oid < 16384 ORDER BY castsource, casttarget

SELECT amname, amhandler, amtype FROM pg_am ORDER BY 1

SELECT lanname, lanispl, lanpltrusted, lanplcallfoid = 0, laninline = 0, lanvalidator::regproc, lanacl FROM pg_language WHERE lanname IN ('internal', 'c', 'sql') ORDER BY 1

SELECT spcname, spcacl, spcoptions, pg_get_userbyid(spcowner), pg_tablespace_location(oid) FROM pg_tablespace ORDER BY 1

SELECT rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolconnlimit, rolpassword, rolvaliduntil, rolbypassrls, rolconfig FROM pg_roles ORDER BY 1

SELECT roleid::regrole, member::regrole, grantor::regrole, admin_option FROM pg_auth_members ORDER BY roleid::regrole::text, member::regrole::text

SELECT datname, datlocprovider, datistemplate, datallowconn, datconnlimit, dattablespace, daticulocale, datcollversion IS NULL, datacl FROM pg_database WHERE datname IN ('template0', 'template1') ORDER BY 1

SELECT nspname, nspowner::regrole, nspacl FROM pg_namespace WHERE nspname <> 'tarn' AND nspname <> 'pg_catalog' AND nspname NOT LIKE 'pg_temp%' AND nspname NOT LIKE 'pg_toast_temp%' ORDER BY 1

SELECT setdatabase = 0, setrole::regrole, setconfig FROM pg_db_role_setting ORDER BY setrole::regrole::text

SELECT defaclrole::regrole, defaclnamespace::regnamespace, defaclobjtype, defaclacl FROM pg_default_acl ORDER BY defaclrole::regrole::text, 3

SELECT s.seqrelid::regclass::text, s.seqtypid::regtype, seqstart, seqincrement, seqmax, seqmin, seqcache, seqcycle FROM pg_sequence s WHERE s.seqrelid::regclass::text !~ '^tarn' ORDER BY 1

SELECT schemaname, sequencename, sequenceowner, data_type, start_value, min_value, max_value, increment_by, cycle, cache_size FROM pg_sequences WHERE schemaname IN ('shop','public') ORDER BY 1, 2

SELECT * FROM pg_tables WHERE schemaname IN ('shop','public') ORDER BY 1, 2

SELECT * FROM pg_indexes WHERE schemaname IN ('shop','public') ORDER BY 1, 3

SELECT * FROM pg_views WHERE schemaname IN ('shop','public') ORDER BY 1, 2

SELECT * FROM pg_matviews WHERE schemaname IN ('shop','public') ORDER BY 1, 2

SELECT * FROM pg_rules WHERE schemaname IN ('shop','public') ORDER BY 1, 2

SELECT * FROM pg_policies ORDER BY 1, 2, 3

SELECT polrelid::regclass, polname, polcmd, polpermissive, polroles::regrole[], pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid), pg_get_expr(polqual, polrelid, true) FROM pg_policy ORDER BY 2

SELECT ev_class::regclass::text, rulename, ev_type, ev_enabled, is_instead, ev_qual IS NULL, pg_get_ruledef(r.oid), pg_get_ruledef(r.oid, true) FROM pg_rewrite r JOIN pg_class c ON c.oid = ev_class WHERE c.relnamespace::regnamespace::text IN ('shop','public') ORDER BY 1

SELECT c.oid::regclass::text, pg_get_viewdef(c.oid), pg_get_viewdef(c.oid, true), pg_relation_is_updatable(c.oid, true) FROM pg_class c WHERE relkind IN ('v', 'm') AND relnamespace::regnamespace::text IN ('shop','public') ORDER BY 1

SELECT classoid::regclass, objsubid, description FROM pg_description WHERE objoid >= 16384 ORDER BY classoid::regclass::text, 3

SELECT classoid::regclass, description FROM pg_shdescription WHERE objoid >= 16384 ORDER BY 2

SELECT pg_describe_object(classid, objid, objsubid), pg_describe_object(refclassid, refobjid, refobjsubid), deptype FROM pg_depend WHERE objid >= 16384 AND refobjid >= 16384 AND classid = 'pg_proc'::regclass AND pg_describe_object(classid, objid, objsubid) !~ 'span' ORDER BY 1, 2

SELECT count(*) FROM pg_seclabel

SELECT count(*) FROM pg_seclabels

SELECT count(*) FROM pg_shseclabel

SELECT objoid::regproc::text, privtype, initprivs FROM pg_init_privs WHERE classoid = 'pg_proc'::regclass ORDER BY objoid

SELECT count(*) FROM pg_inherits WHERE inhrelid >= 16384

SELECT count(*) FROM pg_partitioned_table

SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal

SELECT count(*) FROM pg_event_trigger

SELECT count(*) FROM pg_foreign_table

SELECT count(*) FROM pg_user_mappings

SELECT count(*) FROM pg_publication_tables

SELECT count(*) FROM pg_subscription_rel

SELECT usename, usecreatedb, usesuper, userepl, usebypassrls, passwd, valuntil, useconfig FROM pg_user ORDER BY 1

SELECT usename, usecreatedb, usesuper, userepl, usebypassrls, valuntil, useconfig FROM pg_shadow ORDER BY 1

SELECT groname, (SELECT array_agg(x::regrole::text ORDER BY 1) FROM unnest(grolist) x) FROM pg_group ORDER BY 1

SELECT c.relname, x.grantor::regrole, x.grantee::regrole::text::regrole, x.privilege_type, x.is_grantable FROM pg_class c, aclexplode(c.relacl) x WHERE c.relnamespace::regnamespace::text IN ('shop','public') ORDER BY 1, 4, x.grantee::regrole::text

SELECT k, acldefault(k::"char", 10) FROM unnest('{c,r,s,d,f,l,L,n,p,t,F,S,T}'::text[]) k ORDER BY 1

SELECT makeaclitem(10, 10, 'SELECT, INSERT', true), aclcontains('{postgres=arw/postgres}'::aclitem[], 'postgres=a/postgres'::aclitem)

SELECT t.table_name, c.column_name, c.data_type, c.is_nullable FROM information_schema.tables t JOIN information_schema.columns c USING (table_schema, table_name) WHERE t.table_schema IN ('shop','public') ORDER BY 1, c.ordinal_position

SELECT tc.constraint_name, tc.constraint_type, kcu.column_name, kcu.ordinal_position, kcu.position_in_unique_constraint FROM information_schema.table_constraints tc JOIN information_schema.key_column_usage kcu USING (constraint_schema, constraint_name) WHERE tc.table_schema IN ('shop','public') ORDER BY 1, 4, 3

SELECT rc.constraint_name, rc.unique_constraint_name, rc.match_option, rc.update_rule, rc.delete_rule, ccu.table_name, ccu.column_name FROM information_schema.referential_constraints rc JOIN information_schema.constraint_column_usage ccu ON ccu.constraint_name = rc.constraint_name ORDER BY 1, 7

SELECT cc.constraint_name, cc.check_clause FROM information_schema.check_constraints cc JOIN information_schema.table_constraints tc USING (constraint_schema, constraint_name) WHERE tc.table_schema IN ('shop','public') AND cc.constraint_name !~ '_not_null' ORDER BY 1

SELECT r.routine_name, r.data_type, r.routine_body, r.is_deterministic, r.sql_data_access, r.security_type, r.external_language, p.parameter_name, p.parameter_mode, p.data_type, p.parameter_default FROM information_schema.routines r LEFT JOIN information_schema.parameters p USING (specific_name) WHERE r.routine_schema IN ('shop','public') AND r.routine_name !~ 'span' ORDER BY 1, p.ordinal_position, 8, 10

SELECT v.table_name, v.is_updatable, v.is_insertable_into, v.check_option, u.table_name FROM information_schema.views v LEFT JOIN information_schema.view_table_usage u ON u.view_name = v.table_name WHERE v.table_schema IN ('shop','public') ORDER BY 1, 5

SELECT grantee, table_name, privilege_type, is_grantable FROM information_schema.role_table_grants WHERE table_schema IN ('shop','public') ORDER BY 1, 2, 3

SELECT domain_name, data_type, character_maximum_length, domain_default, collation_name FROM information_schema.domains WHERE domain_schema IN ('shop','public') ORDER BY 1

SELECT udt_name, attribute_name, ordinal_position, data_type, attribute_udt_name FROM information_schema.attributes WHERE udt_schema IN ('shop','public') ORDER BY 1, 3

SELECT sequence_name, data_type, start_value, maximum_value, increment, cycle_option FROM information_schema.sequences WHERE sequence_schema IN ('shop','public') ORDER BY 1

SELECT column_name, is_identity, identity_generation, identity_start, identity_increment, is_generated, generation_expression, is_updatable FROM information_schema.columns WHERE table_schema IN ('shop','public') AND (is_identity = 'YES' OR is_generated = 'ALWAYS') ORDER BY 1

SELECT dependent_column, column_name, table_name FROM information_schema.column_column_usage ORDER BY 1, 2

SELECT attname, atttypid::regtype, attnum, attnotnull, atttypmod, attndims, attcollation = 0 FROM pg_attribute WHERE attrelid = 'pg_catalog.pg_stat_user_tables'::regclass ORDER BY attnum

SELECT attname, atttypid::regtype, attnum, attnotnull, atttypmod, attndims, attcollation = 0 FROM pg_attribute WHERE attrelid = 'pg_catalog.pg_stat_all_indexes'::regclass ORDER BY attnum

SELECT attname, atttypid::regtype, attnum, attnotnull, atttypmod, attndims, attcollation = 0 FROM pg_attribute WHERE attrelid = 'pg_catalog.pg_statio_user_tables'::regclass ORDER BY attnum

SELECT attname, atttypid::regtype, attnum, attnotnull, atttypmod, attndims, attcollation = 0 FROM pg_attribute WHERE attrelid = 'pg_catalog.pg_stat_database'::regclass ORDER BY attnum

SELECT attname, atttypid::regtype, attnum, attnotnull, atttypmod, attndims, attcollation = 0 FROM pg_attribute WHERE attrelid = 'pg_catalog.pg_stat_activity'::regclass ORDER BY attnum

SELECT attname, atttypid::regtype, attnum, attnotnull, atttypmod, attndims, attcollation = 0 FROM pg_attribute WHERE attrelid = 'pg_catalog.pg_stat_bgwriter'::regclass ORDER BY attnum

SELECT attname, atttypid::regtype, attnum, attnotnull, atttypmod, attndims, attcollation = 0 FROM pg_attribute WHERE attrelid = 'pg_catalog.pg_stat_wal'::regclass ORDER BY attnum

SELECT attname, atttypid::regtype, attnum, attnotnull, atttypmod, attndims, attcollation = 0 FROM pg_attribute WHERE attrelid = 'pg_catalog.pg_stat_archiver'::regclass ORDER BY attnum

SELECT attname, atttypid::regtype, attnum, attnotnull, atttypmod, attndims, attcollation = 0 FROM pg_attribute WHERE attrelid = 'pg_catalog.pg_stat_xact_user_tables'::regclass ORDER BY attnum

SELECT attname, atttypid::regtype, attnum, attnotnull, atttypmod, attndims, attcollation = 0 FROM pg_attribute WHERE attrelid = 'pg_catalog.pg_stat_user_functions'::regclass ORDER BY attnum

SELECT attname, atttypid::regtype, attnum, attnotnull, atttypmod, attndims, attcollation = 0 FROM pg_attribute WHERE attrelid = 'pg_catalog.pg_stat_progress_vacuum'::regclass ORDER BY attnum

SELECT attname, atttypid::regtype, attnum, attnotnull, atttypmod, attndims, attcollation = 0 FROM pg_attribute WHERE attrelid = 'pg_catalog.pg_locks'::regclass ORDER BY attnum

SELECT attname, atttypid::regtype, attnum, attnotnull, atttypmod, attndims, attcollation = 0 FROM pg_attribute WHERE attrelid = 'pg_catalog.pg_stats'::regclass ORDER BY attnum

SELECT attname, atttypid::regtype, attnum, attnotnull, atttypmod, attndims, attcollation = 0 FROM pg_attribute WHERE attrelid = 'pg_catalog.pg_settings'::regclass ORDER BY attnum

SELECT attname, atttypid::regtype, attnum, attnotnull, atttypmod, attndims, attcollation = 0 FROM pg_attribute WHERE attrelid = 'pg_catalog.pg_stat_ssl'::regclass ORDER BY attnum

SELECT attname, atttypid::regtype, attnum, attnotnull, atttypmod, attndims, attcollation = 0 FROM pg_attribute WHERE attrelid = 'pg_catalog.pg_stat_gssapi'::regclass ORDER BY attnum

SELECT attname, atttypid::regtype, attnum, attnotnull, atttypmod, attndims, attcollation = 0 FROM pg_attribute WHERE attrelid = 'pg_catalog.pg_stat_replication'::regclass ORDER BY attnum

SELECT attname, atttypid::regtype, attnum, attnotnull, atttypmod, attndims, attcollation = 0 FROM pg_attribute WHERE attrelid = 'pg_catalog.pg_stat_database_conflicts'::regclass ORDER BY attnum

SELECT attname, atttypid::regtype, attnum, attnotnull, atttypmod, attndims, attcollation = 0 FROM pg_attribute WHERE attrelid = 'pg_catalog.pg_statio_all_sequences'::regclass ORDER BY attnum

SELECT attname, atttypid::regtype, attnum, attnotnull, atttypmod, attndims, attcollation = 0 FROM pg_attribute WHERE attrelid = 'pg_catalog.pg_stat_subscription_stats'::regclass ORDER BY attnum

SELECT schemaname, relname, n_tup_ins, n_tup_upd, n_tup_del, n_live_tup >= 0, last_vacuum IS NULL FROM pg_stat_user_tables WHERE schemaname IN ('shop', 'public') AND relname IN ('child', 'parent', 'fast') ORDER BY 1, 2

SELECT count(*) FROM pg_ts_parser WHERE prsname = 'nothing'

SELECT DISTINCT relfrozenxid = '0' FROM pg_class WHERE relkind = 'v'

SELECT relkind, count(*) FILTER (WHERE relhasindex) FROM pg_class WHERE relnamespace::regnamespace::text IN ('shop', 'public') GROUP BY relkind ORDER BY relkind

SELECT attrelid::regclass::text, string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY attnum) FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped AND attrelid::regclass::text ~ '^(shop\.)?(item|line|fast|parent|child)$' GROUP BY 1 ORDER BY 1

SELECT p.proname, t.typname FROM pg_proc p, unnest(p.proargtypes) WITH ORDINALITY u(t, o) JOIN pg_type t ON t.oid = u.t WHERE p.proname IN ('outs', 'twice', 'atomic') ORDER BY 1, o

SELECT pg_get_keywords() IS NOT NULL LIMIT 1

SELECT word, catcode, barelabel, catdesc, baredesc FROM pg_get_keywords() ORDER BY 1

SELECT conname, (SELECT string_agg(a.attname, ',' ORDER BY u.o) FROM unnest(k.conkey) WITH ORDINALITY u(n, o) JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.n), (SELECT string_agg(a.attname, ',' ORDER BY u.o) FROM unnest(k.confkey) WITH ORDINALITY u(n, o) JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.n) FROM pg_constraint k WHERE conrelid >= 16384 AND connamespace::regnamespace::text IN ('shop', 'public') ORDER BY 1

SELECT t.type, t.identity FROM pg_class c, pg_identify_object('pg_class'::regclass, c.oid, 0) t WHERE c.relnamespace::regnamespace::text IN ('shop', 'public') ORDER BY 2

SELECT t.* FROM pg_constraint c, pg_identify_object('pg_constraint'::regclass, c.oid, 0) t WHERE c.connamespace::regnamespace::text IN ('shop', 'public') ORDER BY 4

SELECT t.* FROM pg_proc c, pg_identify_object_as_address('pg_proc'::regclass, c.oid, 0) t WHERE c.pronamespace::regnamespace::text IN ('shop', 'public') AND proname !~ 'span' ORDER BY 2, 3

SELECT t.* FROM pg_type c, pg_identify_object('pg_type'::regclass, c.oid, 0) t WHERE c.typnamespace::regnamespace::text IN ('shop', 'public') ORDER BY 4

SELECT collname, collprovider, collisdeterministic, collencoding, collcollate, collctype, colliculocale FROM pg_collation WHERE collname IN ('C', 'POSIX', 'default') ORDER BY 1

SELECT c.relname, c.relkind, c.relpersistence, c.relhasindex, c.relisshared, c.relnatts, c.relchecks, c.relhasrules FROM pg_class c WHERE c.relnamespace = 11 AND c.relkind IN ('r', 'v') ORDER BY 1

SELECT i.indrelid::regclass::text, i.indexrelid::regclass::text, i.indkey, i.indisunique, i.indisprimary, i.indclass FROM pg_index i WHERE i.indrelid < 10000 AND i.indrelid::regclass::text !~ 'toast' ORDER BY 2

SELECT oid::regprocedure::text, prosrc, probin, proconfig FROM pg_proc WHERE pronamespace = 11 AND prolang = 12 AND proname !~ '^binary_upgrade' ORDER BY 1

SELECT oid::regprocedure::text, proargnames, proargmodes, proallargtypes::regtype[] FROM pg_proc WHERE pronamespace = 11 AND proargnames IS NOT NULL ORDER BY 1

SELECT typname, typlen, typbyval, typcategory, typispreferred, typdelim, typinput, typoutput, typreceive, typsend, typmodin, typmodout, typanalyze, typsubscript, typalign, typstorage, typcollation FROM pg_type WHERE typnamespace = 11 AND typrelid = 0 AND typelem = 0 AND typname !~ '^_' ORDER BY 1
