-- information_schema (manual chapter 37): what there are facts for. Its domains are the types below them: name,
-- varchar, integer. Features that are not there have no rows. Every name is qualified; AS ends its line.

CREATE SCHEMA information_schema;
GRANT USAGE ON SCHEMA information_schema TO PUBLIC;

-- Drivers take keys and indexes apart with it.
CREATE FUNCTION information_schema._pg_expandarray(IN anyarray, OUT x anyelement, OUT n integer)
RETURNS SETOF record LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE ROWS 100 AS
$$SELECT $1[s], s - pg_catalog.array_lower($1, 1) + 1
  FROM pg_catalog.generate_series(pg_catalog.array_lower($1, 1), pg_catalog.array_upper($1, 1), 1) AS g (s)$$;

-- What a type modifier says; tools that read pg_attribute themselves call them.
CREATE FUNCTION information_schema._pg_char_max_length(typid oid, typmod integer)
RETURNS integer LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$SELECT CASE WHEN $2 <> -1 AND $1 IN (1042::oid, 1043::oid) THEN $2 - 4
              WHEN $2 <> -1 AND $1 IN (1560::oid, 1562::oid) THEN $2 END$$;

CREATE FUNCTION information_schema._pg_char_octet_length(typid oid, typmod integer)
RETURNS integer LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$SELECT CASE WHEN $1 IN (25::oid, 1042::oid, 1043::oid) THEN
              CASE WHEN $2 = -1 THEN 1073741824 WHEN $1 <> 25::oid THEN ($2 - 4) * 4 END END$$;

CREATE FUNCTION information_schema._pg_numeric_precision(typid oid, typmod integer)
RETURNS integer LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$SELECT CASE $1 WHEN 21::oid THEN 16 WHEN 23::oid THEN 32 WHEN 20::oid THEN 64 WHEN 700::oid THEN 24
              WHEN 701::oid THEN 53
              WHEN 1700::oid THEN CASE WHEN $2 <> -1 THEN (($2 - 4) >> 16) & 65535 END END$$;

CREATE FUNCTION information_schema._pg_numeric_precision_radix(typid oid, typmod integer)
RETURNS integer LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$SELECT CASE WHEN $1 IN (20::oid, 21::oid, 23::oid, 700::oid, 701::oid) THEN 2
              WHEN $1 = 1700::oid THEN 10 END$$;

CREATE VIEW information_schema.information_schema_catalog_name AS
SELECT pg_catalog.current_database()::name AS catalog_name;

CREATE VIEW information_schema.applicable_roles AS
SELECT a.rolname::name AS grantee, b.rolname::name AS role_name,
       (CASE WHEN m.admin_option THEN 'YES' ELSE 'NO' END)::varchar(3) AS is_grantable
FROM (SELECT m.member, m.roleid, m.admin_option FROM pg_catalog.pg_auth_members m
      UNION
      SELECT d.datdba, a.oid, false FROM pg_catalog.pg_database d, pg_catalog.pg_authid a
      WHERE d.datname = pg_catalog.current_database() AND a.rolname = 'pg_database_owner'::name) m
JOIN pg_catalog.pg_authid a ON m.member = a.oid
JOIN pg_catalog.pg_authid b ON m.roleid = b.oid
WHERE pg_catalog.pg_has_role(a.oid, 'USAGE');

CREATE VIEW information_schema.enabled_roles AS
SELECT a.rolname::name AS role_name
FROM pg_catalog.pg_authid a
WHERE pg_catalog.pg_has_role(a.oid, 'USAGE');

CREATE VIEW information_schema.columns AS
SELECT pg_catalog.current_database()::name AS table_catalog, n.nspname::name AS table_schema,
       c.relname::name AS table_name, a.attname::name AS column_name, a.attnum::integer AS ordinal_position,
       (CASE WHEN a.attgenerated = ''::"char" THEN pg_catalog.pg_get_expr(d.adbin, d.adrelid) END)::varchar AS column_default,
       (CASE WHEN a.attnotnull OR (t.typtype = 'd'::"char" AND t.typnotnull) THEN 'NO' ELSE 'YES' END)::varchar(3) AS is_nullable,
       (CASE WHEN coalesce(bt.typelem, t.typelem) <> 0::oid AND coalesce(bt.typlen, t.typlen) = -1 THEN 'ARRAY' WHEN coalesce(nbt.nspname, nt.nspname) = 'pg_catalog'::name THEN pg_catalog.format_type(coalesce(bt.oid, t.oid), NULL::integer) ELSE 'USER-DEFINED' END)::varchar AS data_type,
       (CASE WHEN (CASE WHEN t.typtype = 'd'::"char" THEN t.typtypmod ELSE a.atttypmod END) <> -1 AND (CASE WHEN t.typtype = 'd'::"char" THEN t.typbasetype ELSE t.oid END) IN (1042::oid, 1043::oid) THEN (CASE WHEN t.typtype = 'd'::"char" THEN t.typtypmod ELSE a.atttypmod END) - 4 WHEN (CASE WHEN t.typtype = 'd'::"char" THEN t.typtypmod ELSE a.atttypmod END) <> -1 AND (CASE WHEN t.typtype = 'd'::"char" THEN t.typbasetype ELSE t.oid END) IN (1560::oid, 1562::oid) THEN (CASE WHEN t.typtype = 'd'::"char" THEN t.typtypmod ELSE a.atttypmod END) END)::integer AS character_maximum_length,
       (CASE WHEN (CASE WHEN t.typtype = 'd'::"char" THEN t.typbasetype ELSE t.oid END) IN (25::oid, 1042::oid, 1043::oid) THEN CASE WHEN (CASE WHEN t.typtype = 'd'::"char" THEN t.typtypmod ELSE a.atttypmod END) = -1 THEN 1073741824 ELSE ((CASE WHEN t.typtype = 'd'::"char" THEN t.typtypmod ELSE a.atttypmod END) - 4) * 4 END END)::integer AS character_octet_length,
       (CASE (CASE WHEN t.typtype = 'd'::"char" THEN t.typbasetype ELSE t.oid END) WHEN 21::oid THEN 16 WHEN 23::oid THEN 32 WHEN 20::oid THEN 64 WHEN 700::oid THEN 24 WHEN 701::oid THEN 53 WHEN 1700::oid THEN CASE WHEN (CASE WHEN t.typtype = 'd'::"char" THEN t.typtypmod ELSE a.atttypmod END) <> -1 THEN (((CASE WHEN t.typtype = 'd'::"char" THEN t.typtypmod ELSE a.atttypmod END) - 4) >> 16) & 65535 END END)::integer AS numeric_precision,
       (CASE WHEN (CASE WHEN t.typtype = 'd'::"char" THEN t.typbasetype ELSE t.oid END) IN (21::oid, 23::oid, 20::oid, 700::oid, 701::oid) THEN 2 WHEN (CASE WHEN t.typtype = 'd'::"char" THEN t.typbasetype ELSE t.oid END) = 1700::oid THEN 10 END)::integer AS numeric_precision_radix,
       (CASE WHEN (CASE WHEN t.typtype = 'd'::"char" THEN t.typbasetype ELSE t.oid END) IN (21::oid, 23::oid, 20::oid) THEN 0 WHEN (CASE WHEN t.typtype = 'd'::"char" THEN t.typbasetype ELSE t.oid END) = 1700::oid AND (CASE WHEN t.typtype = 'd'::"char" THEN t.typtypmod ELSE a.atttypmod END) <> -1 THEN ((CASE WHEN t.typtype = 'd'::"char" THEN t.typtypmod ELSE a.atttypmod END) - 4) & 65535 END)::integer AS numeric_scale,
       (CASE WHEN (CASE WHEN t.typtype = 'd'::"char" THEN t.typbasetype ELSE t.oid END) = 1082::oid THEN 0 WHEN (CASE WHEN t.typtype = 'd'::"char" THEN t.typbasetype ELSE t.oid END) IN (1083::oid, 1114::oid, 1184::oid, 1266::oid) THEN CASE WHEN (CASE WHEN t.typtype = 'd'::"char" THEN t.typtypmod ELSE a.atttypmod END) < 0 THEN 6 ELSE (CASE WHEN t.typtype = 'd'::"char" THEN t.typtypmod ELSE a.atttypmod END) END WHEN (CASE WHEN t.typtype = 'd'::"char" THEN t.typbasetype ELSE t.oid END) = 1186::oid THEN CASE WHEN (CASE WHEN t.typtype = 'd'::"char" THEN t.typtypmod ELSE a.atttypmod END) < 0 OR ((CASE WHEN t.typtype = 'd'::"char" THEN t.typtypmod ELSE a.atttypmod END) & 65535) = 65535 THEN 6 ELSE (CASE WHEN t.typtype = 'd'::"char" THEN t.typtypmod ELSE a.atttypmod END) & 65535 END END)::integer AS datetime_precision,
       (CASE WHEN (CASE WHEN t.typtype = 'd'::"char" THEN t.typbasetype ELSE t.oid END) = 1186::oid THEN pg_catalog.upper(pg_catalog.substring(pg_catalog.format_type((CASE WHEN t.typtype = 'd'::"char" THEN t.typbasetype ELSE t.oid END), (CASE WHEN t.typtype = 'd'::"char" THEN t.typtypmod ELSE a.atttypmod END)), '^interval *(?:\([0-9]\))? *([a-z].*)$')) END)::varchar AS interval_type,
       NULL::integer AS interval_precision, NULL::name AS character_set_catalog,
       NULL::name AS character_set_schema, NULL::name AS character_set_name,
       (CASE WHEN nco.nspname IS NOT NULL THEN pg_catalog.current_database() END)::name AS collation_catalog,
       nco.nspname::name AS collation_schema, co.collname::name AS collation_name,
       (CASE WHEN t.typtype = 'd'::"char" THEN pg_catalog.current_database() END)::name AS domain_catalog,
       (CASE WHEN t.typtype = 'd'::"char" THEN nt.nspname END)::name AS domain_schema,
       (CASE WHEN t.typtype = 'd'::"char" THEN t.typname END)::name AS domain_name,
       pg_catalog.current_database()::name AS udt_catalog,
       (coalesce(nbt.nspname, nt.nspname))::name AS udt_schema,
       (coalesce(bt.typname, t.typname))::name AS udt_name, NULL::name AS scope_catalog,
       NULL::name AS scope_schema, NULL::name AS scope_name, NULL::integer AS maximum_cardinality,
       a.attnum::varchar::name AS dtd_identifier, 'NO'::varchar(3) AS is_self_referencing,
       (CASE WHEN a.attidentity IN ('a'::"char", 'd'::"char") THEN 'YES' ELSE 'NO' END)::varchar(3) AS is_identity,
       (CASE a.attidentity WHEN 'a'::"char" THEN 'ALWAYS' WHEN 'd'::"char" THEN 'BY DEFAULT' END)::varchar AS identity_generation,
       seq.seqstart::varchar AS identity_start, seq.seqincrement::varchar AS identity_increment,
       seq.seqmax::varchar AS identity_maximum, seq.seqmin::varchar AS identity_minimum,
       (CASE WHEN seq.seqcycle THEN 'YES' ELSE 'NO' END)::varchar(3) AS identity_cycle,
       (CASE WHEN a.attgenerated <> ''::"char" THEN 'ALWAYS' ELSE 'NEVER' END)::varchar AS is_generated,
       (CASE WHEN a.attgenerated <> ''::"char" THEN pg_catalog.pg_get_expr(d.adbin, d.adrelid) END)::varchar AS generation_expression,
       (CASE WHEN c.relkind IN ('r'::"char", 'p'::"char") OR (c.relkind IN ('v'::"char", 'f'::"char") AND pg_catalog.pg_column_is_updatable(c.oid::regclass, a.attnum, false)) THEN 'YES' ELSE 'NO' END)::varchar(3) AS is_updatable
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_class c ON a.attrelid = c.oid
JOIN pg_catalog.pg_namespace n ON c.relnamespace = n.oid
JOIN pg_catalog.pg_type t ON a.atttypid = t.oid
JOIN pg_catalog.pg_namespace nt ON t.typnamespace = nt.oid
LEFT JOIN pg_catalog.pg_attrdef d ON a.attrelid = d.adrelid AND a.attnum = d.adnum
LEFT JOIN pg_catalog.pg_type bt ON t.typtype = 'd'::"char" AND bt.oid = t.typbasetype
LEFT JOIN pg_catalog.pg_namespace nbt ON nbt.oid = bt.typnamespace
LEFT JOIN pg_catalog.pg_collation co ON a.attcollation = co.oid AND co.collname <> 'default'::name
LEFT JOIN pg_catalog.pg_namespace nco ON co.collnamespace = nco.oid
LEFT JOIN pg_catalog.pg_depend dep ON dep.refclassid = 1259::oid AND dep.refobjid = c.oid
      AND dep.refobjsubid = a.attnum AND dep.classid = 1259::oid AND dep.deptype = 'i'::"char"
LEFT JOIN pg_catalog.pg_sequence seq ON dep.objid = seq.seqrelid
WHERE NOT pg_catalog.pg_is_other_temp_schema(n.oid) AND a.attnum > 0 AND NOT a.attisdropped
  AND c.relkind IN ('r'::"char", 'v'::"char", 'f'::"char", 'p'::"char")
  AND (pg_catalog.pg_has_role(c.relowner, 'USAGE')
       OR pg_catalog.has_column_privilege(c.oid, a.attnum, 'SELECT, INSERT, UPDATE, REFERENCES'));

CREATE VIEW information_schema.domains AS
SELECT pg_catalog.current_database()::name AS domain_catalog, n.nspname::name AS domain_schema,
       d.typname::name AS domain_name,
       (CASE WHEN t.typelem <> 0::oid AND t.typlen = -1 THEN 'ARRAY' WHEN nt.nspname = 'pg_catalog'::name THEN pg_catalog.format_type(t.oid, NULL::integer) ELSE 'USER-DEFINED' END)::varchar AS data_type,
       (CASE WHEN d.typtypmod <> -1 AND t.oid IN (1042::oid, 1043::oid) THEN d.typtypmod - 4 WHEN d.typtypmod <> -1 AND t.oid IN (1560::oid, 1562::oid) THEN d.typtypmod END)::integer AS character_maximum_length,
       (CASE WHEN t.oid IN (25::oid, 1042::oid, 1043::oid) THEN CASE WHEN d.typtypmod = -1 THEN 1073741824 ELSE (d.typtypmod - 4) * 4 END END)::integer AS character_octet_length,
       NULL::name AS character_set_catalog, NULL::name AS character_set_schema,
       NULL::name AS character_set_name, (CASE WHEN nco.nspname IS NOT NULL THEN pg_catalog.current_database() END)::name AS collation_catalog,
       nco.nspname::name AS collation_schema, co.collname::name AS collation_name,
       (CASE t.oid WHEN 21::oid THEN 16 WHEN 23::oid THEN 32 WHEN 20::oid THEN 64 WHEN 700::oid THEN 24 WHEN 701::oid THEN 53 WHEN 1700::oid THEN CASE WHEN d.typtypmod <> -1 THEN ((d.typtypmod - 4) >> 16) & 65535 END END)::integer AS numeric_precision,
       (CASE WHEN t.oid IN (21::oid, 23::oid, 20::oid, 700::oid, 701::oid) THEN 2 WHEN t.oid = 1700::oid THEN 10 END)::integer AS numeric_precision_radix,
       (CASE WHEN t.oid IN (21::oid, 23::oid, 20::oid) THEN 0 WHEN t.oid = 1700::oid AND d.typtypmod <> -1 THEN (d.typtypmod - 4) & 65535 END)::integer AS numeric_scale,
       (CASE WHEN t.oid = 1082::oid THEN 0 WHEN t.oid IN (1083::oid, 1114::oid, 1184::oid, 1266::oid) THEN CASE WHEN d.typtypmod < 0 THEN 6 ELSE d.typtypmod END WHEN t.oid = 1186::oid THEN CASE WHEN d.typtypmod < 0 OR (d.typtypmod & 65535) = 65535 THEN 6 ELSE d.typtypmod & 65535 END END)::integer AS datetime_precision,
       (CASE WHEN t.oid = 1186::oid THEN pg_catalog.upper(pg_catalog.substring(pg_catalog.format_type(t.oid, d.typtypmod), '^interval *(?:\([0-9]\))? *([a-z].*)$')) END)::varchar AS interval_type,
       NULL::integer AS interval_precision, d.typdefault::varchar AS domain_default,
       pg_catalog.current_database()::name AS udt_catalog, nt.nspname::name AS udt_schema,
       t.typname::name AS udt_name, NULL::name AS scope_catalog, NULL::name AS scope_schema,
       NULL::name AS scope_name, NULL::integer AS maximum_cardinality, '1'::name AS dtd_identifier
FROM pg_catalog.pg_type d
JOIN pg_catalog.pg_namespace n ON n.oid = d.typnamespace
JOIN pg_catalog.pg_type t ON d.typbasetype = t.oid
JOIN pg_catalog.pg_namespace nt ON nt.oid = t.typnamespace
LEFT JOIN (pg_catalog.pg_collation co JOIN pg_catalog.pg_namespace nco ON co.collnamespace = nco.oid)
  ON d.typcollation = co.oid AND (nco.nspname <> 'pg_catalog'::name OR co.collname <> 'default'::name)
WHERE d.typtype = 'd'::"char"
  AND (pg_catalog.pg_has_role(d.typowner, 'USAGE') OR pg_catalog.has_type_privilege(d.oid, 'USAGE'));

CREATE VIEW information_schema.parameters AS
SELECT pg_catalog.current_database()::name AS specific_catalog, n.nspname::name AS specific_schema,
       (p.proname || '_' || p.oid::text)::name AS specific_name, p.i::integer AS ordinal_position,
       (CASE coalesce(p.proargmodes[p.i], 'i'::"char") WHEN 'i'::"char" THEN 'IN' WHEN 'o'::"char" THEN 'OUT' WHEN 'b'::"char" THEN 'INOUT' WHEN 'v'::"char" THEN 'IN' WHEN 't'::"char" THEN 'OUT' END)::varchar AS parameter_mode,
       'NO'::varchar(3) AS is_result, 'NO'::varchar(3) AS as_locator,
       (NULLIF(p.proargnames[p.i], ''))::name AS parameter_name,
       (CASE WHEN t.typelem <> 0::oid AND t.typlen = -1 THEN 'ARRAY' WHEN nt.nspname = 'pg_catalog'::name THEN pg_catalog.format_type(t.oid, NULL::integer) ELSE 'USER-DEFINED' END)::varchar AS data_type,
       NULL::integer AS character_maximum_length, NULL::integer AS character_octet_length,
       NULL::name AS character_set_catalog, NULL::name AS character_set_schema,
       NULL::name AS character_set_name, NULL::name AS collation_catalog, NULL::name AS collation_schema,
       NULL::name AS collation_name, NULL::integer AS numeric_precision,
       NULL::integer AS numeric_precision_radix, NULL::integer AS numeric_scale,
       NULL::integer AS datetime_precision, NULL::varchar AS interval_type,
       NULL::integer AS interval_precision, pg_catalog.current_database()::name AS udt_catalog,
       nt.nspname::name AS udt_schema, t.typname::name AS udt_name, NULL::name AS scope_catalog,
       NULL::name AS scope_schema, NULL::name AS scope_name, NULL::integer AS maximum_cardinality,
       p.i::text::name AS dtd_identifier,
       (CASE WHEN pg_catalog.pg_has_role(p.proowner, 'USAGE') THEN pg_catalog.pg_get_function_arg_default(p.oid, p.i) END)::varchar AS parameter_default
FROM (SELECT p.oid, p.proname, p.pronamespace, p.proowner, p.proargmodes, p.proargnames,
             p.proallargtypes, p.proargtypes,
             pg_catalog.generate_series(1, CASE WHEN p.proallargtypes IS NULL THEN p.pronargs::integer
                 ELSE pg_catalog.array_length(p.proallargtypes, 1) END) AS i
      FROM pg_catalog.pg_proc p
      WHERE pg_catalog.pg_has_role(p.proowner, 'USAGE') OR pg_catalog.has_function_privilege(p.oid, 'EXECUTE')) p
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
JOIN pg_catalog.pg_type t ON t.oid = CASE WHEN p.proallargtypes IS NULL THEN p.proargtypes[p.i - 1] ELSE p.proallargtypes[p.i] END
JOIN pg_catalog.pg_namespace nt ON t.typnamespace = nt.oid;

CREATE VIEW information_schema.routines AS
SELECT pg_catalog.current_database()::name AS specific_catalog, n.nspname::name AS specific_schema,
       (p.proname || '_' || p.oid::text)::name AS specific_name,
       pg_catalog.current_database()::name AS routine_catalog, n.nspname::name AS routine_schema,
       p.proname::name AS routine_name,
       (CASE p.prokind WHEN 'f'::"char" THEN 'FUNCTION' WHEN 'p'::"char" THEN 'PROCEDURE' END)::varchar AS routine_type,
       NULL::name AS module_catalog, NULL::name AS module_schema, NULL::name AS module_name,
       NULL::name AS udt_catalog, NULL::name AS udt_schema, NULL::name AS udt_name,
       (CASE WHEN p.prokind = 'p'::"char" THEN NULL WHEN t.typelem <> 0::oid AND t.typlen = -1 THEN 'ARRAY' WHEN nt.nspname = 'pg_catalog'::name THEN pg_catalog.format_type(t.oid, NULL::integer) ELSE 'USER-DEFINED' END)::varchar AS data_type,
       NULL::integer AS character_maximum_length, NULL::integer AS character_octet_length,
       NULL::name AS character_set_catalog, NULL::name AS character_set_schema,
       NULL::name AS character_set_name, NULL::name AS collation_catalog, NULL::name AS collation_schema,
       NULL::name AS collation_name, NULL::integer AS numeric_precision,
       NULL::integer AS numeric_precision_radix, NULL::integer AS numeric_scale,
       NULL::integer AS datetime_precision, NULL::varchar AS interval_type,
       NULL::integer AS interval_precision,
       (CASE WHEN nt.nspname IS NOT NULL THEN pg_catalog.current_database() END)::name AS type_udt_catalog,
       nt.nspname::name AS type_udt_schema, t.typname::name AS type_udt_name, NULL::name AS scope_catalog,
       NULL::name AS scope_schema, NULL::name AS scope_name, NULL::integer AS maximum_cardinality,
       (CASE WHEN p.prokind <> 'p'::"char" THEN '0' END)::name AS dtd_identifier,
       (CASE WHEN l.lanname = 'sql'::name THEN 'SQL' ELSE 'EXTERNAL' END)::varchar AS routine_body,
       (CASE WHEN pg_catalog.pg_has_role(p.proowner, 'USAGE') THEN p.prosrc END)::varchar AS routine_definition,
       (CASE WHEN l.lanname = 'c'::name THEN p.prosrc END)::varchar AS external_name,
       pg_catalog.upper(l.lanname::text)::varchar AS external_language, 'GENERAL'::varchar AS parameter_style,
       (CASE WHEN p.provolatile = 'i'::"char" THEN 'YES' ELSE 'NO' END)::varchar(3) AS is_deterministic,
       'MODIFIES'::varchar AS sql_data_access,
       (CASE WHEN p.prokind <> 'p'::"char" THEN CASE WHEN p.proisstrict THEN 'YES' ELSE 'NO' END END)::varchar(3) AS is_null_call,
       NULL::varchar AS sql_path, 'YES'::varchar(3) AS schema_level_routine,
       0::integer AS max_dynamic_result_sets, NULL::varchar(3) AS is_user_defined_cast,
       NULL::varchar(3) AS is_implicitly_invocable,
       (CASE WHEN p.prosecdef THEN 'DEFINER' ELSE 'INVOKER' END)::varchar AS security_type,
       NULL::name AS to_sql_specific_catalog, NULL::name AS to_sql_specific_schema,
       NULL::name AS to_sql_specific_name, 'NO'::varchar(3) AS as_locator, NULL::timestamptz(2) AS created,
       NULL::timestamptz(2) AS last_altered, NULL::varchar(3) AS new_savepoint_level,
       'NO'::varchar(3) AS is_udt_dependent, NULL::varchar AS result_cast_from_data_type,
       NULL::varchar(3) AS result_cast_as_locator, NULL::integer AS result_cast_char_max_length,
       NULL::integer AS result_cast_char_octet_length, NULL::name AS result_cast_char_set_catalog,
       NULL::name AS result_cast_char_set_schema, NULL::name AS result_cast_char_set_name,
       NULL::name AS result_cast_collation_catalog, NULL::name AS result_cast_collation_schema,
       NULL::name AS result_cast_collation_name, NULL::integer AS result_cast_numeric_precision,
       NULL::integer AS result_cast_numeric_precision_radix, NULL::integer AS result_cast_numeric_scale,
       NULL::integer AS result_cast_datetime_precision, NULL::varchar AS result_cast_interval_type,
       NULL::integer AS result_cast_interval_precision, NULL::name AS result_cast_type_udt_catalog,
       NULL::name AS result_cast_type_udt_schema, NULL::name AS result_cast_type_udt_name,
       NULL::name AS result_cast_scope_catalog, NULL::name AS result_cast_scope_schema,
       NULL::name AS result_cast_scope_name, NULL::integer AS result_cast_maximum_cardinality,
       NULL::name AS result_cast_dtd_identifier
FROM pg_catalog.pg_namespace n
JOIN pg_catalog.pg_proc p ON n.oid = p.pronamespace
JOIN pg_catalog.pg_language l ON p.prolang = l.oid
LEFT JOIN pg_catalog.pg_type t ON p.prorettype = t.oid AND p.prokind <> 'p'::"char"
LEFT JOIN pg_catalog.pg_namespace nt ON t.typnamespace = nt.oid
WHERE pg_catalog.pg_has_role(p.proowner, 'USAGE') OR pg_catalog.has_function_privilege(p.oid, 'EXECUTE');

CREATE VIEW information_schema.table_privileges AS
SELECT g.rolname::name AS grantor,
       (CASE WHEN p.grantee = 0::oid THEN 'PUBLIC'::name ELSE e.rolname END)::name AS grantee,
       pg_catalog.current_database()::name AS table_catalog, n.nspname::name AS table_schema,
       c.relname::name AS table_name, p.privilege_type::varchar AS privilege_type,
       (CASE WHEN p.is_grantable OR (p.grantee <> 0::oid AND pg_catalog.pg_has_role(p.grantee, c.relowner, 'USAGE')) THEN 'YES' ELSE 'NO' END)::varchar(3) AS is_grantable,
       (CASE WHEN p.privilege_type = 'SELECT' THEN 'YES' ELSE 'NO' END)::varchar(3) AS with_hierarchy
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL pg_catalog.aclexplode(coalesce(c.relacl, pg_catalog.acldefault('r'::"char", c.relowner))) p
JOIN pg_catalog.pg_authid g ON g.oid = p.grantor
LEFT JOIN pg_catalog.pg_authid e ON e.oid = p.grantee
WHERE p.privilege_type IN ('INSERT', 'SELECT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER')
  AND c.relkind IN ('r'::"char", 'v'::"char", 'f'::"char", 'p'::"char")
  AND (p.grantee = 0::oid OR pg_catalog.pg_has_role(p.grantor, 'USAGE') OR pg_catalog.pg_has_role(p.grantee, 'USAGE'));

CREATE VIEW information_schema.column_privileges AS
SELECT g.rolname::name AS grantor,
       (CASE WHEN p.grantee = 0::oid THEN 'PUBLIC'::name ELSE e.rolname END)::name AS grantee,
       pg_catalog.current_database()::name AS table_catalog, n.nspname::name AS table_schema,
       c.relname::name AS table_name, a.attname::name AS column_name,
       p.privilege_type::varchar AS privilege_type,
       (CASE WHEN p.is_grantable OR (p.grantee <> 0::oid AND pg_catalog.pg_has_role(p.grantee, c.relowner, 'USAGE')) THEN 'YES' ELSE 'NO' END)::varchar(3) AS is_grantable
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
CROSS JOIN LATERAL (
    SELECT t.grantor, t.grantee, t.privilege_type, t.is_grantable
    FROM pg_catalog.aclexplode(coalesce(c.relacl, pg_catalog.acldefault('r'::"char", c.relowner))) t
    UNION
    SELECT t.grantor, t.grantee, t.privilege_type, t.is_grantable
    FROM pg_catalog.aclexplode(a.attacl) t) p
JOIN pg_catalog.pg_authid g ON g.oid = p.grantor
LEFT JOIN pg_catalog.pg_authid e ON e.oid = p.grantee
WHERE p.privilege_type IN ('INSERT', 'SELECT', 'UPDATE', 'REFERENCES')
  AND c.relkind IN ('r'::"char", 'v'::"char", 'f'::"char", 'p'::"char")
  AND (p.grantee = 0::oid OR pg_catalog.pg_has_role(p.grantor, 'USAGE') OR pg_catalog.pg_has_role(p.grantee, 'USAGE'));

CREATE VIEW information_schema.routine_privileges AS
SELECT g.rolname::name AS grantor,
       (CASE WHEN x.grantee = 0::oid THEN 'PUBLIC'::name ELSE e.rolname END)::name AS grantee,
       pg_catalog.current_database()::name AS specific_catalog, n.nspname::name AS specific_schema,
       (p.proname || '_' || p.oid::text)::name AS specific_name,
       pg_catalog.current_database()::name AS routine_catalog, n.nspname::name AS routine_schema,
       p.proname::name AS routine_name, 'EXECUTE'::varchar AS privilege_type,
       (CASE WHEN x.is_grantable OR (x.grantee <> 0::oid AND pg_catalog.pg_has_role(x.grantee, p.proowner, 'USAGE')) THEN 'YES' ELSE 'NO' END)::varchar(3) AS is_grantable
FROM pg_catalog.pg_proc p
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
CROSS JOIN LATERAL pg_catalog.aclexplode(coalesce(p.proacl, pg_catalog.acldefault('f'::"char", p.proowner))) x
JOIN pg_catalog.pg_authid g ON g.oid = x.grantor
LEFT JOIN pg_catalog.pg_authid e ON e.oid = x.grantee
WHERE x.privilege_type = 'EXECUTE'
  AND (x.grantee = 0::oid OR pg_catalog.pg_has_role(x.grantor, 'USAGE') OR pg_catalog.pg_has_role(x.grantee, 'USAGE'));

CREATE VIEW information_schema.udt_privileges AS
SELECT g.rolname::name AS grantor,
       (CASE WHEN x.grantee = 0::oid THEN 'PUBLIC'::name ELSE e.rolname END)::name AS grantee,
       pg_catalog.current_database()::name AS udt_catalog, n.nspname::name AS udt_schema,
       t.typname::name AS udt_name, 'TYPE USAGE'::varchar AS privilege_type,
       (CASE WHEN x.is_grantable OR (x.grantee <> 0::oid AND pg_catalog.pg_has_role(x.grantee, t.typowner, 'USAGE')) THEN 'YES' ELSE 'NO' END)::varchar(3) AS is_grantable
FROM pg_catalog.pg_type t
JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
CROSS JOIN LATERAL pg_catalog.aclexplode(coalesce(t.typacl, pg_catalog.acldefault('T'::"char", t.typowner))) x
JOIN pg_catalog.pg_authid g ON g.oid = x.grantor
LEFT JOIN pg_catalog.pg_authid e ON e.oid = x.grantee
WHERE x.privilege_type = 'USAGE' AND t.typtype = 'c'::"char"
  AND (x.grantee = 0::oid OR pg_catalog.pg_has_role(x.grantor, 'USAGE') OR pg_catalog.pg_has_role(x.grantee, 'USAGE'));

CREATE VIEW information_schema.usage_privileges AS
SELECT u.rolname::name AS grantor, 'PUBLIC'::name AS grantee,
       pg_catalog.current_database()::name AS object_catalog, n.nspname::name AS object_schema,
       co.collname::name AS object_name, 'COLLATION'::varchar AS object_type,
       'USAGE'::varchar AS privilege_type, 'NO'::varchar(3) AS is_grantable
FROM pg_catalog.pg_collation co
JOIN pg_catalog.pg_authid u ON co.collowner = u.oid
JOIN pg_catalog.pg_namespace n ON co.collnamespace = n.oid
WHERE co.collencoding IN (-1, 6)
UNION ALL
SELECT g.rolname::name AS grantor,
       (CASE WHEN x.grantee = 0::oid THEN 'PUBLIC'::name ELSE e.rolname END)::name AS grantee,
       pg_catalog.current_database()::name AS object_catalog, n.nspname::name AS object_schema,
       t.typname::name AS object_name, 'DOMAIN'::varchar AS object_type, 'USAGE'::varchar AS privilege_type,
       (CASE WHEN x.is_grantable OR (x.grantee <> 0::oid AND pg_catalog.pg_has_role(x.grantee, t.typowner, 'USAGE')) THEN 'YES' ELSE 'NO' END)::varchar(3) AS is_grantable
FROM pg_catalog.pg_type t
JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
CROSS JOIN LATERAL pg_catalog.aclexplode(coalesce(t.typacl, pg_catalog.acldefault('T'::"char", t.typowner))) x
JOIN pg_catalog.pg_authid g ON g.oid = x.grantor
LEFT JOIN pg_catalog.pg_authid e ON e.oid = x.grantee
WHERE x.privilege_type = 'USAGE' AND t.typtype = 'd'::"char"
  AND (x.grantee = 0::oid OR pg_catalog.pg_has_role(x.grantor, 'USAGE') OR pg_catalog.pg_has_role(x.grantee, 'USAGE'))
UNION ALL
SELECT g.rolname::name AS grantor,
       (CASE WHEN x.grantee = 0::oid THEN 'PUBLIC'::name ELSE e.rolname END)::name AS grantee,
       pg_catalog.current_database()::name AS object_catalog, n.nspname::name AS object_schema,
       c.relname::name AS object_name, 'SEQUENCE'::varchar AS object_type, 'USAGE'::varchar AS privilege_type,
       (CASE WHEN x.is_grantable OR (x.grantee <> 0::oid AND pg_catalog.pg_has_role(x.grantee, c.relowner, 'USAGE')) THEN 'YES' ELSE 'NO' END)::varchar(3) AS is_grantable
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL pg_catalog.aclexplode(coalesce(c.relacl, pg_catalog.acldefault('r'::"char", c.relowner))) x
JOIN pg_catalog.pg_authid g ON g.oid = x.grantor
LEFT JOIN pg_catalog.pg_authid e ON e.oid = x.grantee
WHERE x.privilege_type = 'USAGE' AND c.relkind = 'S'::"char"
  AND (x.grantee = 0::oid OR pg_catalog.pg_has_role(x.grantor, 'USAGE') OR pg_catalog.pg_has_role(x.grantee, 'USAGE'));

CREATE VIEW information_schema.administrable_role_authorizations AS
SELECT r.grantee::name AS grantee, r.role_name::name AS role_name, r.is_grantable::varchar(3) AS is_grantable
FROM information_schema.applicable_roles r
WHERE r.is_grantable = 'YES';

CREATE VIEW information_schema.attributes AS
SELECT pg_catalog.current_database()::name AS udt_catalog, n.nspname::name AS udt_schema,
       c.relname::name AS udt_name, a.attname::name AS attribute_name, a.attnum::integer AS ordinal_position,
       NULL::varchar AS attribute_default,
       (CASE WHEN a.attnotnull OR (t.typtype = 'd'::"char" AND t.typnotnull) THEN 'NO' ELSE 'YES' END)::varchar(3) AS is_nullable,
       (CASE WHEN coalesce(bt.typelem, t.typelem) <> 0::oid AND coalesce(bt.typlen, t.typlen) = -1 THEN 'ARRAY' WHEN coalesce(nbt.nspname, nt.nspname) = 'pg_catalog'::name THEN pg_catalog.format_type(coalesce(bt.oid, t.oid), NULL::integer) ELSE 'USER-DEFINED' END)::varchar AS data_type,
       (CASE WHEN (CASE WHEN t.typtype = 'd'::"char" THEN t.typtypmod ELSE a.atttypmod END) <> -1 AND (CASE WHEN t.typtype = 'd'::"char" THEN t.typbasetype ELSE t.oid END) IN (1042::oid, 1043::oid) THEN (CASE WHEN t.typtype = 'd'::"char" THEN t.typtypmod ELSE a.atttypmod END) - 4 WHEN (CASE WHEN t.typtype = 'd'::"char" THEN t.typtypmod ELSE a.atttypmod END) <> -1 AND (CASE WHEN t.typtype = 'd'::"char" THEN t.typbasetype ELSE t.oid END) IN (1560::oid, 1562::oid) THEN (CASE WHEN t.typtype = 'd'::"char" THEN t.typtypmod ELSE a.atttypmod END) END)::integer AS character_maximum_length,
       (CASE WHEN (CASE WHEN t.typtype = 'd'::"char" THEN t.typbasetype ELSE t.oid END) IN (25::oid, 1042::oid, 1043::oid) THEN CASE WHEN (CASE WHEN t.typtype = 'd'::"char" THEN t.typtypmod ELSE a.atttypmod END) = -1 THEN 1073741824 ELSE ((CASE WHEN t.typtype = 'd'::"char" THEN t.typtypmod ELSE a.atttypmod END) - 4) * 4 END END)::integer AS character_octet_length,
       NULL::name AS character_set_catalog, NULL::name AS character_set_schema,
       NULL::name AS character_set_name,
       (CASE WHEN nco.nspname IS NOT NULL THEN pg_catalog.current_database() END)::name AS collation_catalog,
       nco.nspname::name AS collation_schema, co.collname::name AS collation_name,
       (CASE (CASE WHEN t.typtype = 'd'::"char" THEN t.typbasetype ELSE t.oid END) WHEN 21::oid THEN 16 WHEN 23::oid THEN 32 WHEN 20::oid THEN 64 WHEN 700::oid THEN 24 WHEN 701::oid THEN 53 WHEN 1700::oid THEN CASE WHEN (CASE WHEN t.typtype = 'd'::"char" THEN t.typtypmod ELSE a.atttypmod END) <> -1 THEN (((CASE WHEN t.typtype = 'd'::"char" THEN t.typtypmod ELSE a.atttypmod END) - 4) >> 16) & 65535 END END)::integer AS numeric_precision,
       (CASE WHEN (CASE WHEN t.typtype = 'd'::"char" THEN t.typbasetype ELSE t.oid END) IN (21::oid, 23::oid, 20::oid, 700::oid, 701::oid) THEN 2 WHEN (CASE WHEN t.typtype = 'd'::"char" THEN t.typbasetype ELSE t.oid END) = 1700::oid THEN 10 END)::integer AS numeric_precision_radix,
       (CASE WHEN (CASE WHEN t.typtype = 'd'::"char" THEN t.typbasetype ELSE t.oid END) IN (21::oid, 23::oid, 20::oid) THEN 0 WHEN (CASE WHEN t.typtype = 'd'::"char" THEN t.typbasetype ELSE t.oid END) = 1700::oid AND (CASE WHEN t.typtype = 'd'::"char" THEN t.typtypmod ELSE a.atttypmod END) <> -1 THEN ((CASE WHEN t.typtype = 'd'::"char" THEN t.typtypmod ELSE a.atttypmod END) - 4) & 65535 END)::integer AS numeric_scale,
       (CASE WHEN (CASE WHEN t.typtype = 'd'::"char" THEN t.typbasetype ELSE t.oid END) = 1082::oid THEN 0 WHEN (CASE WHEN t.typtype = 'd'::"char" THEN t.typbasetype ELSE t.oid END) IN (1083::oid, 1114::oid, 1184::oid, 1266::oid) THEN CASE WHEN (CASE WHEN t.typtype = 'd'::"char" THEN t.typtypmod ELSE a.atttypmod END) < 0 THEN 6 ELSE (CASE WHEN t.typtype = 'd'::"char" THEN t.typtypmod ELSE a.atttypmod END) END WHEN (CASE WHEN t.typtype = 'd'::"char" THEN t.typbasetype ELSE t.oid END) = 1186::oid THEN CASE WHEN (CASE WHEN t.typtype = 'd'::"char" THEN t.typtypmod ELSE a.atttypmod END) < 0 OR ((CASE WHEN t.typtype = 'd'::"char" THEN t.typtypmod ELSE a.atttypmod END) & 65535) = 65535 THEN 6 ELSE (CASE WHEN t.typtype = 'd'::"char" THEN t.typtypmod ELSE a.atttypmod END) & 65535 END END)::integer AS datetime_precision,
       (CASE WHEN (CASE WHEN t.typtype = 'd'::"char" THEN t.typbasetype ELSE t.oid END) = 1186::oid THEN pg_catalog.upper(pg_catalog.substring(pg_catalog.format_type((CASE WHEN t.typtype = 'd'::"char" THEN t.typbasetype ELSE t.oid END), (CASE WHEN t.typtype = 'd'::"char" THEN t.typtypmod ELSE a.atttypmod END)), '^interval *(?:\([0-9]\))? *([a-z].*)$')) END)::varchar AS interval_type,
       NULL::integer AS interval_precision, pg_catalog.current_database()::name AS attribute_udt_catalog,
       (coalesce(nbt.nspname, nt.nspname))::name AS attribute_udt_schema,
       (coalesce(bt.typname, t.typname))::name AS attribute_udt_name, NULL::name AS scope_catalog,
       NULL::name AS scope_schema, NULL::name AS scope_name, NULL::integer AS maximum_cardinality,
       a.attnum::varchar::name AS dtd_identifier, 'NO'::varchar(3) AS is_derived_reference_attribute
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_class c ON a.attrelid = c.oid
JOIN pg_catalog.pg_namespace n ON c.relnamespace = n.oid
JOIN pg_catalog.pg_type t ON a.atttypid = t.oid
JOIN pg_catalog.pg_namespace nt ON t.typnamespace = nt.oid
LEFT JOIN pg_catalog.pg_type bt ON t.typtype = 'd'::"char" AND bt.oid = t.typbasetype
LEFT JOIN pg_catalog.pg_namespace nbt ON nbt.oid = bt.typnamespace
LEFT JOIN pg_catalog.pg_collation co ON a.attcollation = co.oid AND co.collname <> 'default'::name
LEFT JOIN pg_catalog.pg_namespace nco ON co.collnamespace = nco.oid
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind = 'c'::"char"
  AND (pg_catalog.pg_has_role(c.relowner, 'USAGE') OR pg_catalog.has_type_privilege(c.reltype, 'USAGE'));

CREATE VIEW information_schema.character_sets AS
SELECT NULL::name AS character_set_catalog, NULL::name AS character_set_schema,
       'UTF8'::name AS character_set_name, 'UCS'::name AS character_repertoire, 'UTF8'::name AS form_of_use,
       pg_catalog.current_database()::name AS default_collate_catalog, NULL::name AS default_collate_schema,
       NULL::name AS default_collate_name;

CREATE VIEW information_schema.check_constraint_routine_usage AS
SELECT DISTINCT pg_catalog.current_database()::name AS constraint_catalog, nc.nspname::name AS constraint_schema,
       k.conname::name AS constraint_name, pg_catalog.current_database()::name AS specific_catalog, n.nspname::name AS specific_schema,
       (p.proname::text || '_' || p.oid::text)::name AS specific_name
FROM pg_catalog.pg_constraint k
JOIN pg_catalog.pg_namespace nc ON nc.oid = k.connamespace
JOIN pg_catalog.pg_depend d ON d.classid = 2606::oid AND d.objid = k.oid AND d.refclassid = 1255::oid
JOIN pg_catalog.pg_proc p ON p.oid = d.refobjid
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
WHERE k.contype = 'c'::"char" AND pg_catalog.pg_has_role(p.proowner, 'USAGE');

CREATE VIEW information_schema.check_constraints AS
SELECT pg_catalog.current_database()::name AS constraint_catalog, nc.nspname::name AS constraint_schema,
       k.conname::name AS constraint_name,
       (pg_catalog.substring(pg_catalog.pg_get_constraintdef(k.oid), 7))::varchar AS check_clause
FROM pg_catalog.pg_constraint k
LEFT JOIN pg_catalog.pg_namespace nc ON nc.oid = k.connamespace
LEFT JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
LEFT JOIN pg_catalog.pg_type t ON t.oid = k.contypid
WHERE pg_catalog.pg_has_role(coalesce(c.relowner, t.typowner), 'USAGE') AND k.contype = 'c'::"char"
UNION ALL
SELECT pg_catalog.current_database()::name AS constraint_catalog, n.nspname::name AS constraint_schema,
       (n.oid::text || '_' || c.oid::text || '_' || a.attnum::text || '_not_null')::name AS constraint_name,
       (a.attname || ' IS NOT NULL')::varchar AS check_clause
FROM pg_catalog.pg_namespace n
JOIN pg_catalog.pg_class c ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute a ON c.oid = a.attrelid
WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attnotnull AND c.relkind IN ('r'::"char", 'p'::"char") AND pg_catalog.pg_has_role(c.relowner, 'USAGE');

CREATE VIEW information_schema.collation_character_set_applicability AS
SELECT pg_catalog.current_database()::name AS collation_catalog, n.nspname::name AS collation_schema,
       co.collname::name AS collation_name, NULL::name AS character_set_catalog,
       NULL::name AS character_set_schema, 'UTF8'::name AS character_set_name
FROM pg_catalog.pg_collation co
JOIN pg_catalog.pg_namespace n ON co.collnamespace = n.oid
WHERE co.collencoding IN (-1, 6);

CREATE VIEW information_schema.collations AS
SELECT pg_catalog.current_database()::name AS collation_catalog, n.nspname::name AS collation_schema,
       co.collname::name AS collation_name, 'NO PAD'::varchar AS pad_attribute
FROM pg_catalog.pg_collation co
JOIN pg_catalog.pg_namespace n ON co.collnamespace = n.oid
WHERE co.collencoding IN (-1, 6);

CREATE VIEW information_schema.column_column_usage AS
SELECT DISTINCT pg_catalog.current_database()::name AS table_catalog, n.nspname::name AS table_schema,
       c.relname::name AS table_name, ac.attname::name AS column_name, ad.attname::name AS dependent_column
FROM pg_catalog.pg_namespace n
JOIN pg_catalog.pg_class c ON n.oid = c.relnamespace
JOIN pg_catalog.pg_depend d ON d.classid = 1259::oid AND d.objid = c.oid AND d.refclassid = 1259::oid AND d.refobjid = c.oid
JOIN pg_catalog.pg_attribute ac ON ac.attrelid = c.oid AND ac.attnum = d.refobjsubid
JOIN pg_catalog.pg_attribute ad ON ad.attrelid = c.oid AND ad.attnum = d.objsubid
WHERE ad.attgenerated <> ''::"char" AND ac.attnum <> ad.attnum AND pg_catalog.pg_has_role(c.relowner, 'USAGE');

CREATE VIEW information_schema.column_domain_usage AS
SELECT pg_catalog.current_database()::name AS domain_catalog, nt.nspname::name AS domain_schema,
       t.typname::name AS domain_name, pg_catalog.current_database()::name AS table_catalog,
       n.nspname::name AS table_schema, c.relname::name AS table_name, a.attname::name AS column_name
FROM pg_catalog.pg_type t
JOIN pg_catalog.pg_namespace nt ON t.typnamespace = nt.oid
JOIN pg_catalog.pg_attribute a ON a.atttypid = t.oid
JOIN pg_catalog.pg_class c ON a.attrelid = c.oid
JOIN pg_catalog.pg_namespace n ON c.relnamespace = n.oid
WHERE t.typtype = 'd'::"char" AND c.relkind IN ('r'::"char", 'v'::"char", 'f'::"char", 'p'::"char")
  AND a.attnum > 0 AND NOT a.attisdropped AND pg_catalog.pg_has_role(t.typowner, 'USAGE');

CREATE VIEW information_schema.column_options AS
SELECT NULL::name AS table_catalog, NULL::name AS table_schema, NULL::name AS table_name,
       NULL::name AS column_name, NULL::name AS option_name, NULL::varchar AS option_value
WHERE false;

CREATE VIEW information_schema.column_udt_usage AS
SELECT pg_catalog.current_database()::name AS udt_catalog,
       (coalesce(nbt.nspname, nt.nspname))::name AS udt_schema,
       (coalesce(bt.typname, t.typname))::name AS udt_name,
       pg_catalog.current_database()::name AS table_catalog, n.nspname::name AS table_schema,
       c.relname::name AS table_name, a.attname::name AS column_name
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_class c ON a.attrelid = c.oid
JOIN pg_catalog.pg_namespace n ON c.relnamespace = n.oid
JOIN pg_catalog.pg_type t ON a.atttypid = t.oid
JOIN pg_catalog.pg_namespace nt ON t.typnamespace = nt.oid
LEFT JOIN pg_catalog.pg_type bt ON t.typtype = 'd'::"char" AND bt.oid = t.typbasetype
LEFT JOIN pg_catalog.pg_namespace nbt ON nbt.oid = bt.typnamespace
WHERE a.attnum > 0 AND NOT a.attisdropped
  AND c.relkind IN ('r'::"char", 'v'::"char", 'f'::"char", 'p'::"char")
  AND pg_catalog.pg_has_role(coalesce(bt.typowner, t.typowner), 'USAGE');

CREATE VIEW information_schema.constraint_column_usage AS
SELECT DISTINCT pg_catalog.current_database()::name AS table_catalog, n.nspname::name AS table_schema,
       c.relname::name AS table_name, a.attname::name AS column_name,
       pg_catalog.current_database()::name AS constraint_catalog, nc.nspname::name AS constraint_schema,
       k.conname::name AS constraint_name
FROM (SELECT k.oid, k.conname, k.connamespace, k.conrelid AS relid, pg_catalog.unnest(k.conkey) AS att
      FROM pg_catalog.pg_constraint k WHERE k.contype IN ('p'::"char", 'u'::"char", 'c'::"char") AND k.conrelid <> 0::oid
      UNION ALL
      SELECT k.oid, k.conname, k.connamespace, k.confrelid AS relid, pg_catalog.unnest(k.confkey) AS att
      FROM pg_catalog.pg_constraint k WHERE k.contype = 'f'::"char") k
JOIN pg_catalog.pg_namespace nc ON nc.oid = k.connamespace
JOIN pg_catalog.pg_class c ON c.oid = k.relid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.att
WHERE pg_catalog.pg_has_role(c.relowner, 'USAGE');

CREATE VIEW information_schema.constraint_table_usage AS
SELECT pg_catalog.current_database()::name AS table_catalog, n.nspname::name AS table_schema,
       c.relname::name AS table_name, pg_catalog.current_database()::name AS constraint_catalog,
       nc.nspname::name AS constraint_schema, k.conname::name AS constraint_name
FROM pg_catalog.pg_constraint k
JOIN pg_catalog.pg_namespace nc ON nc.oid = k.connamespace
JOIN pg_catalog.pg_class c ON c.oid = CASE WHEN k.contype = 'f'::"char" THEN k.confrelid ELSE k.conrelid END
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE k.contype IN ('p'::"char", 'u'::"char", 'f'::"char") AND c.relkind IN ('r'::"char", 'p'::"char") AND pg_catalog.pg_has_role(c.relowner, 'USAGE');

CREATE VIEW information_schema.data_type_privileges AS
SELECT x.table_catalog::name AS object_catalog, x.table_schema::name AS object_schema,
       x.table_name::name AS object_name, 'TABLE'::varchar AS object_type,
       x.dtd_identifier::name AS dtd_identifier
FROM information_schema.columns x
UNION ALL
SELECT x.domain_catalog::name AS object_catalog, x.domain_schema::name AS object_schema,
       x.domain_name::name AS object_name, 'DOMAIN'::varchar AS object_type,
       x.dtd_identifier::name AS dtd_identifier
FROM information_schema.domains x
UNION ALL
SELECT x.specific_catalog::name AS object_catalog, x.specific_schema::name AS object_schema,
       x.specific_name::name AS object_name, 'ROUTINE'::varchar AS object_type,
       x.dtd_identifier::name AS dtd_identifier
FROM information_schema.parameters x
UNION ALL
SELECT x.specific_catalog::name AS object_catalog, x.specific_schema::name AS object_schema,
       x.specific_name::name AS object_name, 'ROUTINE'::varchar AS object_type,
       x.dtd_identifier::name AS dtd_identifier
FROM information_schema.routines x
UNION ALL
SELECT x.udt_catalog::name AS object_catalog, x.udt_schema::name AS object_schema,
       x.udt_name::name AS object_name, 'USER-DEFINED TYPE'::varchar AS object_type,
       x.dtd_identifier::name AS dtd_identifier
FROM information_schema.attributes x;

CREATE VIEW information_schema.domain_constraints AS
SELECT pg_catalog.current_database()::name AS constraint_catalog, nc.nspname::name AS constraint_schema,
       k.conname::name AS constraint_name, pg_catalog.current_database()::name AS domain_catalog,
       n.nspname::name AS domain_schema, t.typname::name AS domain_name,
       (CASE WHEN k.condeferrable THEN 'YES' ELSE 'NO' END)::varchar(3) AS is_deferrable,
       (CASE WHEN k.condeferred THEN 'YES' ELSE 'NO' END)::varchar(3) AS initially_deferred
FROM pg_catalog.pg_constraint k
JOIN pg_catalog.pg_namespace nc ON nc.oid = k.connamespace
JOIN pg_catalog.pg_type t ON t.oid = k.contypid
JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
WHERE pg_catalog.pg_has_role(t.typowner, 'USAGE') OR pg_catalog.has_type_privilege(t.oid, 'USAGE');

CREATE VIEW information_schema.domain_udt_usage AS
SELECT pg_catalog.current_database()::name AS udt_catalog, nt.nspname::name AS udt_schema,
       t.typname::name AS udt_name, pg_catalog.current_database()::name AS domain_catalog,
       n.nspname::name AS domain_schema, d.typname::name AS domain_name
FROM pg_catalog.pg_type d
JOIN pg_catalog.pg_namespace n ON n.oid = d.typnamespace
JOIN pg_catalog.pg_type t ON d.typbasetype = t.oid
JOIN pg_catalog.pg_namespace nt ON nt.oid = t.typnamespace
WHERE d.typtype = 'd'::"char" AND pg_catalog.pg_has_role(t.typowner, 'USAGE');

CREATE VIEW information_schema.element_types AS
SELECT pg_catalog.current_database()::name AS object_catalog, n.nspname::name AS object_schema,
       c.relname::name AS object_name,
       (CASE c.relkind WHEN 'c'::"char" THEN 'USER-DEFINED TYPE' ELSE 'TABLE' END)::varchar AS object_type,
       a.attnum::text::name AS collection_type_identifier,
       (CASE WHEN nt.nspname = 'pg_catalog'::name THEN pg_catalog.format_type(t.oid, NULL::integer) ELSE 'USER-DEFINED' END)::varchar AS data_type,
       NULL::integer AS character_maximum_length, NULL::integer AS character_octet_length,
       NULL::name AS character_set_catalog, NULL::name AS character_set_schema,
       NULL::name AS character_set_name,
       (CASE WHEN nco.nspname IS NOT NULL THEN pg_catalog.current_database() END)::name AS collation_catalog,
       nco.nspname::name AS collation_schema, co.collname::name AS collation_name,
       NULL::integer AS numeric_precision, NULL::integer AS numeric_precision_radix,
       NULL::integer AS numeric_scale, NULL::integer AS datetime_precision, NULL::varchar AS interval_type,
       NULL::integer AS interval_precision, NULL::varchar AS domain_default,
       pg_catalog.current_database()::name AS udt_catalog, nt.nspname::name AS udt_schema,
       t.typname::name AS udt_name, NULL::name AS scope_catalog, NULL::name AS scope_schema,
       NULL::name AS scope_name, NULL::integer AS maximum_cardinality,
       ('a' || a.attnum::text)::name AS dtd_identifier
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_class c ON a.attrelid = c.oid
JOIN pg_catalog.pg_namespace n ON c.relnamespace = n.oid
JOIN pg_catalog.pg_type y ON a.atttypid = y.oid AND y.typelem <> 0::oid AND y.typlen = -1
JOIN pg_catalog.pg_type t ON y.typelem = t.oid
JOIN pg_catalog.pg_namespace nt ON t.typnamespace = nt.oid
LEFT JOIN pg_catalog.pg_collation co ON a.attcollation = co.oid AND co.collname <> 'default'::name
LEFT JOIN pg_catalog.pg_namespace nco ON co.collnamespace = nco.oid
WHERE a.attnum > 0 AND NOT a.attisdropped
  AND c.relkind IN ('r'::"char", 'v'::"char", 'f'::"char", 'p'::"char", 'c'::"char");

CREATE VIEW information_schema.foreign_data_wrapper_options AS
SELECT NULL::name AS foreign_data_wrapper_catalog, NULL::name AS foreign_data_wrapper_name,
       NULL::name AS option_name, NULL::varchar AS option_value
WHERE false;

CREATE VIEW information_schema.foreign_data_wrappers AS
SELECT NULL::name AS foreign_data_wrapper_catalog, NULL::name AS foreign_data_wrapper_name,
       NULL::name AS authorization_identifier, NULL::varchar AS library_name,
       NULL::varchar AS foreign_data_wrapper_language
WHERE false;

CREATE VIEW information_schema.foreign_server_options AS
SELECT NULL::name AS foreign_server_catalog, NULL::name AS foreign_server_name, NULL::name AS option_name,
       NULL::varchar AS option_value
WHERE false;

CREATE VIEW information_schema.foreign_servers AS
SELECT NULL::name AS foreign_server_catalog, NULL::name AS foreign_server_name,
       NULL::name AS foreign_data_wrapper_catalog, NULL::name AS foreign_data_wrapper_name,
       NULL::varchar AS foreign_server_type, NULL::varchar AS foreign_server_version,
       NULL::name AS authorization_identifier
WHERE false;

CREATE VIEW information_schema.foreign_table_options AS
SELECT NULL::name AS foreign_table_catalog, NULL::name AS foreign_table_schema,
       NULL::name AS foreign_table_name, NULL::name AS option_name, NULL::varchar AS option_value
WHERE false;

CREATE VIEW information_schema.foreign_tables AS
SELECT NULL::name AS foreign_table_catalog, NULL::name AS foreign_table_schema,
       NULL::name AS foreign_table_name, NULL::name AS foreign_server_catalog,
       NULL::name AS foreign_server_name
WHERE false;

CREATE VIEW information_schema.key_column_usage AS
SELECT pg_catalog.current_database()::name AS constraint_catalog, nc.nspname::name AS constraint_schema,
       k.conname::name AS constraint_name, pg_catalog.current_database()::name AS table_catalog,
       n.nspname::name AS table_schema, c.relname::name AS table_name, a.attname::name AS column_name,
       k.i::integer AS ordinal_position,
       (CASE WHEN k.contype = 'f'::"char" THEN (SELECT p.i FROM (SELECT u.conkey, pg_catalog.generate_series(1, pg_catalog.array_upper(u.conkey, 1)) AS i FROM pg_catalog.pg_constraint u WHERE u.conindid = k.conindid AND u.contype IN ('p'::"char", 'u'::"char")) p WHERE p.conkey[p.i] = k.confkey[k.i] LIMIT 1) END)::integer AS position_in_unique_constraint
FROM (SELECT k.*, pg_catalog.generate_series(1, pg_catalog.array_upper(k.conkey, 1)) AS i
      FROM pg_catalog.pg_constraint k
      WHERE k.contype IN ('p'::"char", 'u'::"char", 'f'::"char")) k
JOIN pg_catalog.pg_namespace nc ON nc.oid = k.connamespace
JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.conkey[k.i]
WHERE c.relkind IN ('r'::"char", 'p'::"char") AND NOT a.attisdropped AND NOT pg_catalog.pg_is_other_temp_schema(n.oid)
  AND (pg_catalog.pg_has_role(c.relowner, 'USAGE')
       OR pg_catalog.has_column_privilege(c.oid, a.attnum, 'SELECT, INSERT, UPDATE, REFERENCES'));

CREATE VIEW information_schema.referential_constraints AS
SELECT pg_catalog.current_database()::name AS constraint_catalog, nc.nspname::name AS constraint_schema,
       k.conname::name AS constraint_name,
       (CASE WHEN nu.nspname IS NOT NULL THEN pg_catalog.current_database() END)::name AS unique_constraint_catalog,
       nu.nspname::name AS unique_constraint_schema, u.conname::name AS unique_constraint_name,
       (CASE k.confmatchtype WHEN 'f'::"char" THEN 'FULL' WHEN 'p'::"char" THEN 'PARTIAL' WHEN 's'::"char" THEN 'NONE' END)::varchar AS match_option,
       (CASE k.confupdtype WHEN 'c'::"char" THEN 'CASCADE' WHEN 'n'::"char" THEN 'SET NULL' WHEN 'd'::"char" THEN 'SET DEFAULT' WHEN 'r'::"char" THEN 'RESTRICT' WHEN 'a'::"char" THEN 'NO ACTION' END)::varchar AS update_rule,
       (CASE k.confdeltype WHEN 'c'::"char" THEN 'CASCADE' WHEN 'n'::"char" THEN 'SET NULL' WHEN 'd'::"char" THEN 'SET DEFAULT' WHEN 'r'::"char" THEN 'RESTRICT' WHEN 'a'::"char" THEN 'NO ACTION' END)::varchar AS delete_rule
FROM pg_catalog.pg_constraint k
JOIN pg_catalog.pg_namespace nc ON nc.oid = k.connamespace
JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_constraint u ON u.conindid = k.conindid AND u.conrelid = k.confrelid
      AND u.contype IN ('p'::"char", 'u'::"char")
LEFT JOIN pg_catalog.pg_namespace nu ON nu.oid = u.connamespace
WHERE k.contype = 'f'::"char" AND (pg_catalog.pg_has_role(c.relowner, 'USAGE') OR pg_catalog.has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER') OR pg_catalog.has_any_column_privilege(c.oid, 'INSERT, UPDATE, REFERENCES'));

CREATE VIEW information_schema.role_column_grants AS
SELECT p.grantor::name AS grantor, p.grantee::name AS grantee, p.table_catalog::name AS table_catalog,
       p.table_schema::name AS table_schema, p.table_name::name AS table_name,
       p.column_name::name AS column_name, p.privilege_type::varchar AS privilege_type,
       p.is_grantable::varchar(3) AS is_grantable
FROM information_schema.column_privileges p
WHERE p.grantor IN (SELECT r.role_name FROM information_schema.enabled_roles r)
   OR p.grantee IN (SELECT r.role_name FROM information_schema.enabled_roles r);

CREATE VIEW information_schema.role_routine_grants AS
SELECT p.grantor::name AS grantor, p.grantee::name AS grantee, p.specific_catalog::name AS specific_catalog,
       p.specific_schema::name AS specific_schema, p.specific_name::name AS specific_name,
       p.routine_catalog::name AS routine_catalog, p.routine_schema::name AS routine_schema,
       p.routine_name::name AS routine_name, p.privilege_type::varchar AS privilege_type,
       p.is_grantable::varchar(3) AS is_grantable
FROM information_schema.routine_privileges p
WHERE p.grantor IN (SELECT r.role_name FROM information_schema.enabled_roles r)
   OR p.grantee IN (SELECT r.role_name FROM information_schema.enabled_roles r);

CREATE VIEW information_schema.role_table_grants AS
SELECT p.grantor::name AS grantor, p.grantee::name AS grantee, p.table_catalog::name AS table_catalog,
       p.table_schema::name AS table_schema, p.table_name::name AS table_name,
       p.privilege_type::varchar AS privilege_type, p.is_grantable::varchar(3) AS is_grantable,
       p.with_hierarchy::varchar(3) AS with_hierarchy
FROM information_schema.table_privileges p
WHERE p.grantor IN (SELECT r.role_name FROM information_schema.enabled_roles r)
   OR p.grantee IN (SELECT r.role_name FROM information_schema.enabled_roles r);

CREATE VIEW information_schema.role_udt_grants AS
SELECT p.grantor::name AS grantor, p.grantee::name AS grantee, p.udt_catalog::name AS udt_catalog,
       p.udt_schema::name AS udt_schema, p.udt_name::name AS udt_name,
       p.privilege_type::varchar AS privilege_type, p.is_grantable::varchar(3) AS is_grantable
FROM information_schema.udt_privileges p
WHERE p.grantor IN (SELECT r.role_name FROM information_schema.enabled_roles r)
   OR p.grantee IN (SELECT r.role_name FROM information_schema.enabled_roles r);

CREATE VIEW information_schema.role_usage_grants AS
SELECT p.grantor::name AS grantor, p.grantee::name AS grantee, p.object_catalog::name AS object_catalog,
       p.object_schema::name AS object_schema, p.object_name::name AS object_name,
       p.object_type::varchar AS object_type, p.privilege_type::varchar AS privilege_type,
       p.is_grantable::varchar(3) AS is_grantable
FROM information_schema.usage_privileges p
WHERE p.grantor IN (SELECT r.role_name FROM information_schema.enabled_roles r)
   OR p.grantee IN (SELECT r.role_name FROM information_schema.enabled_roles r);

CREATE VIEW information_schema.routine_column_usage AS
SELECT DISTINCT pg_catalog.current_database()::name AS specific_catalog, n.nspname::name AS specific_schema,
       (p.proname::text || '_' || p.oid::text)::name AS specific_name, pg_catalog.current_database()::name AS routine_catalog,
       n.nspname::name AS routine_schema, p.proname::name AS routine_name, pg_catalog.current_database()::name AS table_catalog,
       nt.nspname::name AS table_schema, t.relname::name AS table_name, a.attname::name AS column_name
FROM pg_catalog.pg_proc p
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
JOIN pg_catalog.pg_depend d ON d.classid = 1255::oid AND d.objid = p.oid
JOIN pg_catalog.pg_class t ON d.refclassid = 1259::oid AND d.refobjid = t.oid AND t.relkind IN ('r'::"char", 'v'::"char", 'f'::"char", 'p'::"char")
JOIN pg_catalog.pg_namespace nt ON nt.oid = t.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
WHERE pg_catalog.pg_has_role(t.relowner, 'USAGE');

CREATE VIEW information_schema.routine_routine_usage AS
SELECT DISTINCT pg_catalog.current_database()::name AS specific_catalog, n.nspname::name AS specific_schema,
       (p.proname::text || '_' || p.oid::text)::name AS specific_name, pg_catalog.current_database()::name AS routine_catalog,
       n1.nspname::name AS routine_schema, (p1.proname::text || '_' || p1.oid::text)::name AS routine_name
FROM pg_catalog.pg_proc p
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
JOIN pg_catalog.pg_depend d ON d.classid = 1255::oid AND d.objid = p.oid AND d.refclassid = 1255::oid
JOIN pg_catalog.pg_proc p1 ON p1.oid = d.refobjid
JOIN pg_catalog.pg_namespace n1 ON n1.oid = p1.pronamespace
WHERE p.prokind IN ('f'::"char", 'p'::"char") AND p1.prokind IN ('f'::"char", 'p'::"char")
  AND pg_catalog.pg_has_role(p1.proowner, 'USAGE');

CREATE VIEW information_schema.routine_sequence_usage AS
SELECT DISTINCT pg_catalog.current_database()::name AS specific_catalog, n.nspname::name AS specific_schema,
       (p.proname::text || '_' || p.oid::text)::name AS specific_name, pg_catalog.current_database()::name AS routine_catalog,
       n.nspname::name AS routine_schema, p.proname::name AS routine_name, pg_catalog.current_database()::name AS sequence_catalog,
       nt.nspname::name AS sequence_schema, t.relname::name AS sequence_name
FROM pg_catalog.pg_proc p
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
JOIN pg_catalog.pg_depend d ON d.classid = 1255::oid AND d.objid = p.oid
JOIN pg_catalog.pg_class t ON d.refclassid = 1259::oid AND d.refobjid = t.oid AND t.relkind IN ('S'::"char")
JOIN pg_catalog.pg_namespace nt ON nt.oid = t.relnamespace
WHERE pg_catalog.pg_has_role(t.relowner, 'USAGE');

CREATE VIEW information_schema.routine_table_usage AS
SELECT DISTINCT pg_catalog.current_database()::name AS specific_catalog, n.nspname::name AS specific_schema,
       (p.proname::text || '_' || p.oid::text)::name AS specific_name, pg_catalog.current_database()::name AS routine_catalog,
       n.nspname::name AS routine_schema, p.proname::name AS routine_name, pg_catalog.current_database()::name AS table_catalog,
       nt.nspname::name AS table_schema, t.relname::name AS table_name
FROM pg_catalog.pg_proc p
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
JOIN pg_catalog.pg_depend d ON d.classid = 1255::oid AND d.objid = p.oid
JOIN pg_catalog.pg_class t ON d.refclassid = 1259::oid AND d.refobjid = t.oid AND t.relkind IN ('r'::"char", 'v'::"char", 'f'::"char", 'p'::"char")
JOIN pg_catalog.pg_namespace nt ON nt.oid = t.relnamespace
WHERE pg_catalog.pg_has_role(t.relowner, 'USAGE');

CREATE VIEW information_schema.schemata AS
SELECT pg_catalog.current_database()::name AS catalog_name, n.nspname::name AS schema_name,
       u.rolname::name AS schema_owner, NULL::name AS default_character_set_catalog,
       NULL::name AS default_character_set_schema, NULL::name AS default_character_set_name,
       NULL::varchar AS sql_path
FROM pg_catalog.pg_namespace n
JOIN pg_catalog.pg_authid u ON n.nspowner = u.oid
WHERE pg_catalog.pg_has_role(n.nspowner, 'USAGE') OR pg_catalog.has_schema_privilege(n.oid, 'CREATE, USAGE');

CREATE VIEW information_schema.sequences AS
SELECT pg_catalog.current_database()::name AS sequence_catalog, n.nspname::name AS sequence_schema,
       c.relname::name AS sequence_name,
       (pg_catalog.format_type(s.seqtypid, NULL::integer))::varchar AS data_type,
       (CASE s.seqtypid WHEN 21::oid THEN 16 WHEN 23::oid THEN 32 ELSE 64 END)::integer AS numeric_precision,
       2::integer AS numeric_precision_radix, 0::integer AS numeric_scale, s.seqstart::varchar AS start_value,
       s.seqmin::varchar AS minimum_value, s.seqmax::varchar AS maximum_value,
       s.seqincrement::varchar AS increment,
       (CASE WHEN s.seqcycle THEN 'YES' ELSE 'NO' END)::varchar(3) AS cycle_option
FROM pg_catalog.pg_sequence s
JOIN pg_catalog.pg_class c ON c.oid = s.seqrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d WHERE d.classid = 1259::oid AND d.objid = c.oid
                  AND d.deptype = 'i'::"char")
  AND NOT pg_catalog.pg_is_other_temp_schema(n.oid)
  AND (pg_catalog.pg_has_role(c.relowner, 'USAGE')
       OR pg_catalog.has_sequence_privilege(s.seqrelid, 'SELECT, UPDATE, USAGE'));

CREATE VIEW information_schema.sql_features AS
SELECT NULL::varchar AS feature_id, NULL::varchar AS feature_name, NULL::varchar AS sub_feature_id,
       NULL::varchar AS sub_feature_name, NULL::varchar(3) AS is_supported, NULL::varchar AS is_verified_by,
       NULL::varchar AS comments
WHERE false;

CREATE VIEW information_schema.sql_implementation_info AS
SELECT NULL::varchar AS implementation_info_id, NULL::varchar AS implementation_info_name,
       NULL::integer AS integer_value, NULL::varchar AS character_value, NULL::varchar AS comments
WHERE false;

CREATE VIEW information_schema.sql_parts AS
SELECT NULL::varchar AS feature_id, NULL::varchar AS feature_name, NULL::varchar(3) AS is_supported,
       NULL::varchar AS is_verified_by, NULL::varchar AS comments
WHERE false;

CREATE VIEW information_schema.sql_sizing AS
SELECT NULL::integer AS sizing_id, NULL::varchar AS sizing_name, NULL::integer AS supported_value,
       NULL::varchar AS comments
WHERE false;

CREATE VIEW information_schema.table_constraints AS
SELECT pg_catalog.current_database()::name AS constraint_catalog, nc.nspname::name AS constraint_schema,
       k.conname::name AS constraint_name, pg_catalog.current_database()::name AS table_catalog,
       n.nspname::name AS table_schema, c.relname::name AS table_name,
       (CASE k.contype WHEN 'c'::"char" THEN 'CHECK' WHEN 'f'::"char" THEN 'FOREIGN KEY' WHEN 'p'::"char" THEN 'PRIMARY KEY' WHEN 'u'::"char" THEN 'UNIQUE' END)::varchar AS constraint_type,
       (CASE WHEN k.condeferrable THEN 'YES' ELSE 'NO' END)::varchar(3) AS is_deferrable,
       (CASE WHEN k.condeferred THEN 'YES' ELSE 'NO' END)::varchar(3) AS initially_deferred,
       'YES'::varchar(3) AS enforced,
       (CASE WHEN k.contype = 'u'::"char" THEN (SELECT CASE WHEN x.indnullsnotdistinct THEN 'NO' ELSE 'YES' END FROM pg_catalog.pg_index x WHERE x.indexrelid = k.conindid) END)::varchar(3) AS nulls_distinct
FROM pg_catalog.pg_constraint k
JOIN pg_catalog.pg_namespace nc ON nc.oid = k.connamespace
JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE k.contype NOT IN ('t'::"char", 'x'::"char") AND c.relkind IN ('r'::"char", 'p'::"char")
  AND NOT pg_catalog.pg_is_other_temp_schema(n.oid) AND (pg_catalog.pg_has_role(c.relowner, 'USAGE') OR pg_catalog.has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER') OR pg_catalog.has_any_column_privilege(c.oid, 'INSERT, UPDATE, REFERENCES'))
UNION ALL
SELECT pg_catalog.current_database()::name AS constraint_catalog, n.nspname::name AS constraint_schema,
       (n.oid::text || '_' || c.oid::text || '_' || a.attnum::text || '_not_null')::name AS constraint_name,
       pg_catalog.current_database()::name AS table_catalog, n.nspname::name AS table_schema,
       c.relname::name AS table_name, 'CHECK'::varchar AS constraint_type, 'NO'::varchar(3) AS is_deferrable,
       'NO'::varchar(3) AS initially_deferred, 'YES'::varchar(3) AS enforced,
       NULL::varchar(3) AS nulls_distinct
FROM pg_catalog.pg_namespace n
JOIN pg_catalog.pg_class c ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute a ON c.oid = a.attrelid
WHERE a.attnotnull AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r'::"char", 'p'::"char")
  AND NOT pg_catalog.pg_is_other_temp_schema(n.oid) AND (pg_catalog.pg_has_role(c.relowner, 'USAGE') OR pg_catalog.has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER') OR pg_catalog.has_any_column_privilege(c.oid, 'INSERT, UPDATE, REFERENCES'));

CREATE VIEW information_schema.tables AS
SELECT pg_catalog.current_database()::name AS table_catalog, n.nspname::name AS table_schema,
       c.relname::name AS table_name,
       (CASE WHEN n.oid = pg_catalog.pg_my_temp_schema() THEN 'LOCAL TEMPORARY' WHEN c.relkind IN ('r'::"char", 'p'::"char") THEN 'BASE TABLE' WHEN c.relkind = 'v'::"char" THEN 'VIEW' WHEN c.relkind = 'f'::"char" THEN 'FOREIGN' END)::varchar AS table_type,
       NULL::name AS self_referencing_column_name, NULL::varchar AS reference_generation,
       (CASE WHEN t.typname IS NOT NULL THEN pg_catalog.current_database() END)::name AS user_defined_type_catalog,
       nt.nspname::name AS user_defined_type_schema, t.typname::name AS user_defined_type_name,
       (CASE WHEN c.relkind IN ('r'::"char", 'p'::"char") OR (c.relkind IN ('v'::"char", 'f'::"char") AND (pg_catalog.pg_relation_is_updatable(c.oid::regclass, false) & 8) = 8) THEN 'YES' ELSE 'NO' END)::varchar(3) AS is_insertable_into,
       (CASE WHEN t.typname IS NOT NULL THEN 'YES' ELSE 'NO' END)::varchar(3) AS is_typed,
       NULL::varchar AS commit_action
FROM pg_catalog.pg_namespace n
JOIN pg_catalog.pg_class c ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_type t ON c.reloftype = t.oid
LEFT JOIN pg_catalog.pg_namespace nt ON nt.oid = t.typnamespace
WHERE c.relkind IN ('r'::"char", 'v'::"char", 'f'::"char", 'p'::"char")
  AND NOT pg_catalog.pg_is_other_temp_schema(n.oid) AND (pg_catalog.pg_has_role(c.relowner, 'USAGE') OR pg_catalog.has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER') OR pg_catalog.has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE, REFERENCES'));

CREATE VIEW information_schema.transforms AS
SELECT NULL::name AS udt_catalog, NULL::name AS udt_schema, NULL::name AS udt_name,
       NULL::name AS specific_catalog, NULL::name AS specific_schema, NULL::name AS specific_name,
       NULL::name AS group_name, NULL::varchar AS transform_type
WHERE false;

CREATE VIEW information_schema.triggered_update_columns AS
SELECT NULL::name AS trigger_catalog, NULL::name AS trigger_schema, NULL::name AS trigger_name,
       NULL::name AS event_object_catalog, NULL::name AS event_object_schema,
       NULL::name AS event_object_table, NULL::name AS event_object_column
WHERE false;

CREATE VIEW information_schema.triggers AS
SELECT NULL::name AS trigger_catalog, NULL::name AS trigger_schema, NULL::name AS trigger_name,
       NULL::varchar AS event_manipulation, NULL::name AS event_object_catalog,
       NULL::name AS event_object_schema, NULL::name AS event_object_table, NULL::integer AS action_order,
       NULL::varchar AS action_condition, NULL::varchar AS action_statement,
       NULL::varchar AS action_orientation, NULL::varchar AS action_timing,
       NULL::name AS action_reference_old_table, NULL::name AS action_reference_new_table,
       NULL::name AS action_reference_old_row, NULL::name AS action_reference_new_row,
       NULL::timestamptz(2) AS created
WHERE false;

CREATE VIEW information_schema.user_defined_types AS
SELECT pg_catalog.current_database()::name AS user_defined_type_catalog,
       n.nspname::name AS user_defined_type_schema, c.relname::name AS user_defined_type_name,
       'STRUCTURED'::varchar AS user_defined_type_category, 'YES'::varchar(3) AS is_instantiable,
       NULL::varchar(3) AS is_final, NULL::varchar AS ordering_form, NULL::varchar AS ordering_category,
       NULL::name AS ordering_routine_catalog, NULL::name AS ordering_routine_schema,
       NULL::name AS ordering_routine_name, NULL::varchar AS reference_type, NULL::varchar AS data_type,
       NULL::integer AS character_maximum_length, NULL::integer AS character_octet_length,
       NULL::name AS character_set_catalog, NULL::name AS character_set_schema,
       NULL::name AS character_set_name, NULL::name AS collation_catalog, NULL::name AS collation_schema,
       NULL::name AS collation_name, NULL::integer AS numeric_precision,
       NULL::integer AS numeric_precision_radix, NULL::integer AS numeric_scale,
       NULL::integer AS datetime_precision, NULL::varchar AS interval_type,
       NULL::integer AS interval_precision, NULL::name AS source_dtd_identifier,
       NULL::name AS ref_dtd_identifier
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'c'::"char"
  AND (pg_catalog.pg_has_role(c.relowner, 'USAGE') OR pg_catalog.has_type_privilege(c.reltype, 'USAGE'));

CREATE VIEW information_schema.user_mapping_options AS
SELECT NULL::name AS authorization_identifier, NULL::name AS foreign_server_catalog,
       NULL::name AS foreign_server_name, NULL::name AS option_name, NULL::varchar AS option_value
WHERE false;

CREATE VIEW information_schema.user_mappings AS
SELECT NULL::name AS authorization_identifier, NULL::name AS foreign_server_catalog,
       NULL::name AS foreign_server_name
WHERE false;

CREATE VIEW information_schema.view_column_usage AS
SELECT DISTINCT pg_catalog.current_database()::name AS view_catalog, nv.nspname::name AS view_schema,
       v.relname::name AS view_name, pg_catalog.current_database()::name AS table_catalog,
       n.nspname::name AS table_schema, c.relname::name AS table_name, a.attname::name AS column_name
FROM pg_catalog.pg_class v
JOIN pg_catalog.pg_namespace nv ON nv.oid = v.relnamespace
JOIN pg_catalog.pg_rewrite r ON r.ev_class = v.oid
JOIN pg_catalog.pg_depend d ON d.classid = 2618::oid AND d.objid = r.oid AND d.refclassid = 1259::oid
      AND d.deptype = 'n'::"char"
JOIN pg_catalog.pg_class c ON c.oid = d.refobjid AND c.oid <> v.oid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid
WHERE v.relkind = 'v'::"char" AND c.relkind IN ('r'::"char", 'v'::"char", 'f'::"char", 'p'::"char") AND pg_catalog.pg_has_role(c.relowner, 'USAGE');

CREATE VIEW information_schema.view_routine_usage AS
SELECT DISTINCT pg_catalog.current_database()::name AS table_catalog, nv.nspname::name AS table_schema,
       v.relname::name AS table_name, pg_catalog.current_database()::name AS specific_catalog,
       n.nspname::name AS specific_schema, (p.proname || '_' || p.oid::text)::name AS specific_name
FROM pg_catalog.pg_class v
JOIN pg_catalog.pg_namespace nv ON nv.oid = v.relnamespace
JOIN pg_catalog.pg_rewrite r ON r.ev_class = v.oid
JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = r.oid
  AND d.refclassid = 'pg_catalog.pg_proc'::regclass
JOIN pg_catalog.pg_proc p ON p.oid = d.refobjid
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
WHERE v.relkind = 'v'::"char" AND pg_catalog.pg_has_role(p.proowner, 'USAGE');

CREATE VIEW information_schema.view_table_usage AS
SELECT DISTINCT pg_catalog.current_database()::name AS view_catalog, nv.nspname::name AS view_schema,
       v.relname::name AS view_name, pg_catalog.current_database()::name AS table_catalog,
       n.nspname::name AS table_schema, c.relname::name AS table_name
FROM pg_catalog.pg_class v
JOIN pg_catalog.pg_namespace nv ON nv.oid = v.relnamespace
JOIN pg_catalog.pg_rewrite r ON r.ev_class = v.oid
JOIN pg_catalog.pg_depend d ON d.classid = 2618::oid AND d.objid = r.oid AND d.refclassid = 1259::oid
      AND d.deptype = 'n'::"char"
JOIN pg_catalog.pg_class c ON c.oid = d.refobjid AND c.oid <> v.oid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE v.relkind = 'v'::"char" AND c.relkind IN ('r'::"char", 'v'::"char", 'f'::"char", 'p'::"char") AND pg_catalog.pg_has_role(c.relowner, 'USAGE');

CREATE VIEW information_schema.views AS
SELECT pg_catalog.current_database()::name AS table_catalog, n.nspname::name AS table_schema,
       c.relname::name AS table_name,
       (CASE WHEN pg_catalog.pg_has_role(c.relowner, 'USAGE') THEN pg_catalog.pg_get_viewdef(c.oid) END)::varchar AS view_definition,
       (CASE WHEN 'check_option=cascaded' = ANY (c.reloptions) THEN 'CASCADED' WHEN 'check_option=local' = ANY (c.reloptions) THEN 'LOCAL' ELSE 'NONE' END)::varchar AS check_option,
       (CASE WHEN (pg_catalog.pg_relation_is_updatable(c.oid::regclass, false) & 20) = 20 THEN 'YES' ELSE 'NO' END)::varchar(3) AS is_updatable,
       (CASE WHEN (pg_catalog.pg_relation_is_updatable(c.oid::regclass, false) & 8) = 8 THEN 'YES' ELSE 'NO' END)::varchar(3) AS is_insertable_into,
       'NO'::varchar(3) AS is_trigger_updatable, 'NO'::varchar(3) AS is_trigger_deletable,
       'NO'::varchar(3) AS is_trigger_insertable_into
FROM pg_catalog.pg_namespace n
JOIN pg_catalog.pg_class c ON n.oid = c.relnamespace
WHERE c.relkind = 'v'::"char" AND NOT pg_catalog.pg_is_other_temp_schema(n.oid) AND (pg_catalog.pg_has_role(c.relowner, 'USAGE') OR pg_catalog.has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
  OR pg_catalog.has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE, REFERENCES'));

-- What the views of foreign data are made of: there is none.
CREATE VIEW information_schema._pg_foreign_data_wrappers AS
SELECT NULL::oid AS oid, NULL::oid AS fdwowner, NULL::text[] AS fdwoptions,
       NULL::name AS foreign_data_wrapper_catalog,
       NULL::name AS foreign_data_wrapper_name,
       NULL::name AS authorization_identifier,
       NULL::varchar AS foreign_data_wrapper_language
WHERE false;

CREATE VIEW information_schema._pg_foreign_servers AS
SELECT NULL::oid AS oid, NULL::text[] AS srvoptions,
       NULL::name AS foreign_server_catalog,
       NULL::name AS foreign_server_name,
       NULL::name AS foreign_data_wrapper_catalog,
       NULL::name AS foreign_data_wrapper_name,
       NULL::varchar AS foreign_server_type,
       NULL::varchar AS foreign_server_version,
       NULL::name AS authorization_identifier
WHERE false;

CREATE VIEW information_schema._pg_foreign_table_columns AS
SELECT NULL::name AS nspname, NULL::name AS relname, NULL::name AS attname, NULL::text[] AS attfdwoptions
WHERE false;

CREATE VIEW information_schema._pg_foreign_tables AS
SELECT NULL::name AS foreign_table_catalog,
       NULL::name AS foreign_table_schema,
       NULL::name AS foreign_table_name, NULL::text[] AS ftoptions,
       NULL::name AS foreign_server_catalog,
       NULL::name AS foreign_server_name,
       NULL::name AS authorization_identifier
WHERE false;

CREATE VIEW information_schema._pg_user_mappings AS
SELECT NULL::oid AS oid, NULL::text[] AS umoptions, NULL::oid AS umuser,
       NULL::name AS authorization_identifier,
       NULL::name AS foreign_server_catalog,
       NULL::name AS foreign_server_name,
       NULL::name AS srvowner
WHERE false;
