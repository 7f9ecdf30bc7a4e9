-- Questions of the kind that tools ask when they start and when their trees are opened, for catalog_differential.py;
-- apart by blank lines. Columns of type oid are compared but for the numbers of what users made.

-- A driver that loads the types of a database: base types, enums, domains, composites, arrays, ranges and multiranges.
SELECT ns.nspname, t.oid, t.typname, t.typtype, t.typnotnull, t.elemtypoid FROM (
    SELECT typ.oid, typ.typnamespace, typ.typname, typ.typtype, typ.typrelid, typ.typnotnull, typ.relkind, elemtyp.oid AS elemtypoid,
        elemtyp.typname AS elemtypname, elemcls.relkind AS elemrelkind,
        CASE WHEN elemproc.proname = 'array_recv' THEN 'a' ELSE elemtyp.typtype END AS elemtyptype
    FROM (SELECT typ.oid, typnamespace, typname, typrelid, typnotnull, relkind, typelem AS elemoid,
              CASE WHEN proc.proname = 'array_recv' THEN 'a' ELSE typ.typtype END AS typtype,
              CASE WHEN proc.proname = 'array_recv' THEN typ.typelem WHEN typ.typtype = 'r' THEN rngsubtype
                   WHEN typ.typtype = 'm' THEN (SELECT rngtypid FROM pg_range WHERE rngmultitypid = typ.oid)
                   WHEN typ.typtype = 'd' THEN typ.typbasetype END AS elemtypoid
          FROM pg_type AS typ LEFT JOIN pg_class AS cls ON cls.oid = typ.typrelid
          LEFT JOIN pg_proc AS proc ON proc.oid = typ.typreceive LEFT JOIN pg_range ON pg_range.rngtypid = typ.oid) AS typ
    LEFT JOIN pg_type AS elemtyp ON elemtyp.oid = typ.elemtypoid
    LEFT JOIN pg_class AS elemcls ON elemcls.oid = elemtyp.typrelid
    LEFT JOIN pg_proc AS elemproc ON elemproc.oid = elemtyp.typreceive) AS t
JOIN pg_namespace AS ns ON ns.oid = t.typnamespace
WHERE (t.typtype IN ('b', 'r', 'm', 'e', 'd') OR (t.typtype = 'c' AND t.relkind = 'c') OR (t.typtype = 'p' AND t.typname IN ('record', 'void', 'unknown'))
    OR (t.typtype = 'a' AND (t.elemtyptype IN ('b', 'r', 'm', 'e', 'd') OR (t.elemtyptype = 'p' AND t.elemtypname IN ('record', 'void'))
    OR (t.elemtyptype = 'c' AND t.elemrelkind = 'c')))) AND ns.nspname IN ('shop', 'public')
ORDER BY CASE WHEN t.typtype IN ('b', 'e', 'p') THEN 0 WHEN t.typtype = 'c' THEN 1 WHEN t.typtype = 'r' THEN 2 WHEN t.typtype = 'm' THEN 3
    WHEN t.typtype = 'd' AND t.elemtyptype <> 'a' THEN 4 WHEN t.typtype = 'a' THEN 5 ELSE 6 END, ns.nspname, t.typname

SELECT typ.typname, att.attname, att.atttypid FROM pg_type AS typ JOIN pg_namespace AS ns ON ns.oid = typ.typnamespace
JOIN pg_class AS cls ON cls.oid = typ.typrelid JOIN pg_attribute AS att ON att.attrelid = typ.typrelid
WHERE typ.typtype = 'c' AND cls.relkind = 'c' AND att.attnum > 0 AND NOT att.attisdropped ORDER BY typ.typname, att.attnum

SELECT typname, enumlabel FROM pg_enum JOIN pg_type ON pg_type.oid = enumtypid ORDER BY typname, enumsortorder

-- A tree of the server's databases, roles, tablespaces, and what the connected role may do.
SELECT db.oid > 0, db.datname AS name, db.dattablespace AS spcoid, spcname, datallowconn, pg_encoding_to_char(encoding) AS encoding,
    pg_get_userbyid(datdba) AS datowner, has_database_privilege(db.oid, 'CREATE') AS cancreate, datconnlimit, datistemplate,
    descr.description AS comments, array_to_string(datacl::text[], ', ') AS acl
FROM pg_database db LEFT OUTER JOIN pg_tablespace ta ON db.dattablespace = ta.oid
LEFT OUTER JOIN pg_shdescription descr ON db.oid = descr.objoid AND descr.classoid = 'pg_database'::regclass
WHERE datname = 'postgres' ORDER BY datname

SELECT datname, shobj_description(oid, 'pg_database') FROM pg_database ORDER BY 1

SELECT roles.oid, roles.rolname, roles.rolsuper, roles.rolinherit, roles.rolcreaterole, roles.rolcreatedb, roles.rolcanlogin, roles.rolconnlimit,
    CASE WHEN roles.rolsuper THEN true ELSE roles.rolcreaterole END AS can_create_role,
    CASE WHEN 'pg_signal_backend' = ANY (ARRAY(WITH RECURSIVE cte AS (
        SELECT pg_roles.oid, pg_roles.rolname FROM pg_roles WHERE pg_roles.oid = roles.oid
        UNION ALL SELECT m.roleid, pgr.rolname FROM cte JOIN pg_auth_members m ON m.member = cte.oid JOIN pg_roles pgr ON pgr.oid = m.roleid)
        SELECT rolname FROM cte)) THEN true ELSE false END AS can_signal_backend
FROM pg_catalog.pg_roles AS roles WHERE rolname = current_user

SELECT r.oid, r.rolname, r.rolcanlogin, r.rolsuper, r.rolvaliduntil, r.rolconfig, pg_catalog.shobj_description(r.oid, 'pg_authid') AS description,
    ARRAY(SELECT CASE WHEN am.admin_option THEN '1' ELSE '0' END || rm.rolname FROM
        (SELECT * FROM pg_catalog.pg_auth_members WHERE member = r.oid) am LEFT JOIN pg_catalog.pg_roles rm ON rm.oid = am.roleid ORDER BY rm.rolname) rolmembership
FROM pg_catalog.pg_roles r WHERE r.rolname ~ '^pg_' OR r.rolsuper ORDER BY r.rolcanlogin, r.rolname

SELECT ts.oid, spcname AS name, pg_catalog.pg_tablespace_location(ts.oid), ts.spcoptions, pg_get_userbyid(spcowner) AS owner FROM pg_catalog.pg_tablespace ts ORDER BY name

SELECT nsp.oid > 0, nsp.nspname AS name, has_schema_privilege(nsp.oid, 'CREATE') AS can_create, has_schema_privilege(nsp.oid, 'USAGE') AS has_usage, r.rolname AS namespaceowner,
    des.description, array_to_string(nsp.nspacl::text[], ', ') AS acl
FROM pg_catalog.pg_namespace nsp LEFT OUTER JOIN pg_catalog.pg_description des ON des.objoid = nsp.oid AND des.classoid = 'pg_namespace'::regclass
LEFT JOIN pg_catalog.pg_roles r ON r.oid = nsp.nspowner
WHERE nsp.nspname NOT LIKE E'pg\\_%' AND nspname NOT IN ('information_schema', 'tarn')
    AND NOT ((nsp.nspname = 'pg_catalog' AND EXISTS (SELECT 1 FROM pg_catalog.pg_class WHERE relname = 'pg_class' AND relnamespace = nsp.oid LIMIT 1))) ORDER BY nspname

-- A table's node: counts, owner, parents, size of what it has; its columns with their types, defaults and sequences.
SELECT rel.oid, rel.relname AS name, (SELECT count(*) FROM pg_catalog.pg_trigger WHERE tgrelid = rel.oid AND tgisinternal = FALSE) AS triggercount,
    (SELECT count(1) FROM pg_catalog.pg_inherits WHERE inhrelid = rel.oid LIMIT 1) AS is_inherits, rel.relowner::regrole, rel.relpersistence,
    (SELECT count(*) FROM pg_catalog.pg_constraint c WHERE c.conrelid = rel.oid AND c.contype = 'p') AS keys, con.conname, con.conkey,
    substring(array_to_string(rel.reloptions, ',') FROM 'fillfactor=([0-9]*)') AS fillfactor, des.description, rel.relrowsecurity, rel.relforcerowsecurity, rel.reloftype
FROM pg_catalog.pg_class rel LEFT OUTER JOIN pg_catalog.pg_tablespace spc ON spc.oid = rel.reltablespace
LEFT OUTER JOIN pg_catalog.pg_description des ON des.objoid = rel.oid AND des.objsubid = 0 AND des.classoid = 'pg_class'::regclass
LEFT OUTER JOIN pg_catalog.pg_constraint con ON con.conrelid = rel.oid AND con.contype = 'p'
WHERE rel.relkind IN ('r', 's', 't', 'p') AND rel.relnamespace = 'shop'::regnamespace AND NOT rel.relispartition ORDER BY rel.relname

SELECT DISTINCT ON (c.relname, att.attnum) c.relname, att.attname AS name, att.attnum, format_type(ty.oid, NULL) AS datatype, format_type(ty.oid, att.atttypmod) AS displaytypname,
    att.attstattarget, att.attstorage, att.attidentity, att.attgenerated, pg_catalog.pg_get_expr(def.adbin, def.adrelid) AS defval, seqrelid IS NOT NULL AS has_sequence,
    coalesce((SELECT true FROM pg_constraint p WHERE p.conrelid = att.attrelid AND p.contype = 'p' AND att.attnum = ANY (p.conkey)), false) AS is_pk,
    (SELECT count(1) FROM pg_catalog.pg_type t2 WHERE t2.typname = ty.typname) > 1 AS isdup, nspc.nspname AS collnspname, coll.collname, des.description, seq.seqincrement, seq.seqstart
FROM pg_catalog.pg_attribute att JOIN pg_catalog.pg_class c ON c.oid = att.attrelid JOIN pg_catalog.pg_type ty ON ty.oid = atttypid
LEFT OUTER JOIN pg_catalog.pg_attrdef def ON adrelid = att.attrelid AND adnum = att.attnum
LEFT OUTER JOIN pg_catalog.pg_description des ON des.objoid = att.attrelid AND des.objsubid = att.attnum AND des.classoid = 'pg_class'::regclass
LEFT OUTER JOIN (pg_catalog.pg_depend dep JOIN pg_catalog.pg_class cs ON dep.classid = 'pg_class'::regclass AND dep.objid = cs.oid AND cs.relkind = 'S')
    ON dep.refobjid = att.attrelid AND dep.refobjsubid = att.attnum
LEFT OUTER JOIN pg_catalog.pg_collation coll ON att.attcollation = coll.oid LEFT OUTER JOIN pg_catalog.pg_namespace nspc ON coll.collnamespace = nspc.oid
LEFT OUTER JOIN pg_catalog.pg_sequence seq ON cs.oid = seq.seqrelid
WHERE c.relnamespace = 'shop'::regnamespace AND c.relkind IN ('r', 'v', 'm') AND att.attnum > 0 AND att.attisdropped IS FALSE ORDER BY c.relname, att.attnum

SELECT ct.conname AS name, ct.condeferrable, ct.condeferred, ct.confupdtype, ct.confdeltype, CASE ct.confmatchtype WHEN 's' THEN false WHEN 'f' THEN true END AS full_match,
    ct.conkey, ct.confkey, nl.nspname AS fknsp, cl.relname AS fktab, nr.nspname AS refnsp, cr.relname AS reftab, description, convalidated
FROM pg_catalog.pg_constraint ct JOIN pg_catalog.pg_class cl ON cl.oid = ct.conrelid JOIN pg_catalog.pg_namespace nl ON nl.oid = cl.relnamespace
JOIN pg_catalog.pg_class cr ON cr.oid = ct.confrelid JOIN pg_catalog.pg_namespace nr ON nr.oid = cr.relnamespace
LEFT OUTER JOIN pg_catalog.pg_description des ON des.objoid = ct.oid AND des.classoid = 'pg_constraint'::regclass WHERE ct.contype = 'f' AND ct.conparentid = 0 ORDER BY cl.relname, ct.conname

SELECT cls.relname AS name, indnatts, indnkeyatts, indisunique, indisprimary, indisclustered, indisvalid, am.amname, tab.relname AS tabname, pg_catalog.pg_get_expr(idx.indpred, idx.indrelid, true) AS indconstraint,
    ARRAY(SELECT pg_catalog.pg_get_indexdef(idx.indexrelid, i, true) FROM generate_series(1, indnatts) i) AS columns,
    ARRAY(SELECT CASE WHEN am.amname = 'btree' THEN (CASE o.option & 1 WHEN 1 THEN 'DESC' ELSE 'ASC' END) ELSE '' END
          FROM unnest(idx.indoption) WITH ORDINALITY AS o(option, n) ORDER BY n) AS options, con.conname, des.description
FROM pg_catalog.pg_index idx JOIN pg_catalog.pg_class cls ON cls.oid = indexrelid JOIN pg_catalog.pg_class tab ON tab.oid = indrelid
JOIN pg_catalog.pg_namespace n ON n.oid = tab.relnamespace JOIN pg_catalog.pg_am am ON am.oid = cls.relam
LEFT JOIN pg_catalog.pg_depend dep ON dep.classid = cls.tableoid AND dep.objid = cls.oid AND dep.refobjsubid = 0 AND dep.refclassid = 'pg_constraint'::regclass AND dep.deptype = 'i'
LEFT OUTER JOIN pg_catalog.pg_constraint con ON con.tableoid = dep.refclassid AND con.oid = dep.refobjid
LEFT OUTER JOIN pg_catalog.pg_description des ON des.objoid = cls.oid AND des.classoid = 'pg_class'::regclass
WHERE n.nspname IN ('shop', 'public') AND am.amname = 'btree' ORDER BY tab.relname, cls.relname

SELECT nsp.nspname, c.relname AS name, c.relkind, pg_catalog.pg_get_viewdef(c.oid, true) AS definition, array_to_string(c.relacl::text[], ', ') AS acl, des.description,
    substring(array_to_string(c.reloptions, ',') FROM 'security_barrier=([a-z|0-9]*)')::boolean AS security_barrier
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace nsp ON nsp.oid = c.relnamespace
LEFT OUTER JOIN pg_catalog.pg_description des ON des.objoid = c.oid AND des.objsubid = 0 AND des.classoid = 'pg_class'::regclass
WHERE ((c.relhasrules AND EXISTS (SELECT r.rulename FROM pg_catalog.pg_rewrite r WHERE r.ev_class = c.oid AND bpchar(r.ev_type) = '1'::bpchar)) OR c.relkind = 'v'::char)
    AND nsp.nspname IN ('shop', 'public') ORDER BY nsp.nspname, c.relname

-- The panels of a dashboard: sessions, waits, locks, prepared transactions, totals.
SELECT count(*) > 0, count(*) FILTER (WHERE state = 'active') > 0, count(*) FILTER (WHERE wait_event_type = 'Lock') FROM pg_catalog.pg_stat_activity WHERE datname = current_database()

SELECT 'session_stats' AS chart_name, pg_catalog.row_to_json(t) IS NOT NULL FROM (SELECT (SELECT count(*) FROM pg_catalog.pg_stat_activity) AS "Total",
    (SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE state = 'idle') AS "Idle") t
UNION ALL SELECT 'tps_stats', pg_catalog.row_to_json(t) IS NOT NULL FROM (SELECT (SELECT sum(xact_commit) + sum(xact_rollback) FROM pg_catalog.pg_stat_database) AS "Transactions") t
UNION ALL SELECT 'ti_stats', pg_catalog.row_to_json(t) IS NOT NULL FROM (SELECT (SELECT sum(tup_inserted) FROM pg_catalog.pg_stat_database) AS "Inserts") t ORDER BY 1

SELECT locktype, datname, relation::regclass::text, mode, granted FROM pg_catalog.pg_locks l LEFT OUTER JOIN pg_catalog.pg_database d ON l.database = d.oid WHERE relation = 'pg_proc'::regclass

SELECT gid, prepared, owner, database FROM pg_catalog.pg_prepared_xacts

SELECT name, category, setting IS NOT NULL, unit, short_desc FROM pg_catalog.pg_settings WHERE name IN ('work_mem', 'max_connections', 'server_version_num') AND name <> 'server_version_num' ORDER BY 1

-- Questions and answers over models: tables that may be read, their fields, keys and foreign keys, by parts of schemas.
SELECT n.nspname AS schema, c.relname AS name, CASE c.relkind WHEN 'r' THEN 'TABLE' WHEN 'p' THEN 'PARTITIONED TABLE' WHEN 'v' THEN 'VIEW' WHEN 'f' THEN 'FOREIGN TABLE' WHEN 'm' THEN 'MATERIALIZED VIEW' END AS type,
    d.description, bool_or(pg_catalog.has_any_column_privilege(c.oid, 'select')) AS readable
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_description d ON c.oid = d.objoid AND d.objsubid = 0 AND d.classoid = 'pg_class'::regclass
WHERE n.nspname !~ '^information_schema|catalog_history|pg_' AND n.nspname <> 'tarn' AND c.relkind IN ('r', 'p', 'v', 'f', 'm') GROUP BY 1, 2, 3, 4 ORDER BY type, schema, name

WITH table_privileges AS (SELECT NULL AS role, t.schemaname AS schema, t.objectname AS table,
    pg_catalog.has_any_column_privilege(current_user, '"' || replace(t.schemaname, '"', '""') || '"."' || replace(t.objectname, '"', '""') || '"', 'update') AS update,
    pg_catalog.has_table_privilege(current_user, '"' || replace(t.schemaname, '"', '""') || '"."' || replace(t.objectname, '"', '""') || '"', 'DELETE') AS delete
    FROM (SELECT schemaname, tablename AS objectname FROM pg_catalog.pg_tables UNION SELECT schemaname, viewname FROM pg_views UNION SELECT schemaname, matviewname FROM pg_matviews) t
    WHERE t.schemaname !~ '^pg_' AND t.schemaname NOT IN ('information_schema', 'tarn') AND pg_catalog.has_schema_privilege(current_user, t.schemaname, 'usage'))
SELECT t.* FROM table_privileges t ORDER BY 2, 3

SELECT c.column_name AS name, c.udt_name AS "database-type", c.ordinal_position - 1 AS position, c.table_schema, c.table_name, pk.column_name IS NOT NULL AS pk,
    col_description(CAST(CAST(format('%I.%I', CAST(c.table_schema AS text), CAST(c.table_name AS text)) AS regclass) AS oid), c.ordinal_position) AS remarks,
    (column_default IS NULL OR lower(column_default) = 'null') AND is_nullable = 'NO' AND NOT (column_default IS NOT NULL AND column_default LIKE '%nextval(%') AND is_identity = 'NO' AS required
FROM information_schema.columns c LEFT JOIN (SELECT tc.table_schema, tc.table_name, kc.column_name FROM information_schema.table_constraints tc
    JOIN information_schema.key_column_usage kc ON tc.constraint_name = kc.constraint_name AND tc.table_schema = kc.table_schema AND tc.table_name = kc.table_name
    WHERE tc.constraint_type = 'PRIMARY KEY') pk ON c.table_schema = pk.table_schema AND c.table_name = pk.table_name AND c.column_name = pk.column_name
WHERE c.table_schema !~ '^information_schema|catalog_history|pg_' AND c.table_schema <> 'tarn' ORDER BY c.table_schema, c.table_name, c.ordinal_position

SELECT fk_ns.nspname, fk_table.relname, fk_column.attname, pk_ns.nspname, pk_table.relname, pk_column.attname
FROM pg_constraint c JOIN pg_class fk_table ON c.conrelid = fk_table.oid JOIN pg_namespace fk_ns ON c.connamespace = fk_ns.oid JOIN pg_attribute fk_column ON c.conrelid = fk_column.attrelid
JOIN pg_class pk_table ON c.confrelid = pk_table.oid JOIN pg_namespace pk_ns ON pk_table.relnamespace = pk_ns.oid JOIN pg_attribute pk_column ON c.confrelid = pk_column.attrelid
WHERE c.contype = 'f'::char AND fk_column.attnum = ANY (c.conkey) AND pk_column.attnum = ANY (c.confkey) AND array_position(c.conkey, fk_column.attnum) = array_position(c.confkey, pk_column.attnum) ORDER BY 1, 2, 3

-- An inspector of a query library: columns with identity, domains, enums, keys, indexes with their options.
SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS format_type, (SELECT pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum AND a.atthasdef) AS "default",
    a.attnotnull AS not_null, c.relname AS table_name, pgd.description AS comment, a.attgenerated AS generated,
    (SELECT json_build_object('always', a.attidentity = 'a', 'start', s.seqstart, 'increment', s.seqincrement, 'minvalue', s.seqmin, 'maxvalue', s.seqmax, 'cache', s.seqcache, 'cycle', s.seqcycle)
     FROM pg_sequence s JOIN pg_class sc ON s.seqrelid = sc.oid WHERE sc.relkind = 'S' AND a.attidentity <> ''
         AND s.seqrelid = pg_get_serial_sequence(a.attrelid::regclass::text, a.attname)::regclass::oid) AS identity_options
FROM pg_class c LEFT JOIN pg_attribute a ON c.oid = a.attrelid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_description pgd ON pgd.objoid = a.attrelid AND pgd.objsubid = a.attnum AND pgd.classoid = 'pg_class'::regclass
JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = ANY (ARRAY['r', 'p', 'f', 'v', 'm']) AND pg_table_is_visible(c.oid) AND n.nspname = 'public' ORDER BY c.relname, a.attnum

SELECT t.typname AS name, format_type(t.typbasetype, t.typtypmod) AS attype, NOT t.typnotnull AS nullable, t.typdefault AS "default", pg_type_is_visible(t.oid) AS visible, n.nspname AS schema, con.condefs, con.connames
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace LEFT JOIN (SELECT contypid AS domain_oid, array_agg(pg_get_constraintdef(oid, true) ORDER BY conname) AS condefs, array_agg(conname::text ORDER BY conname) AS connames
    FROM pg_constraint WHERE contypid <> 0 GROUP BY contypid) con ON t.oid = con.domain_oid
WHERE t.typtype = 'd' AND n.nspname <> 'information_schema' ORDER BY n.nspname, t.typname

SELECT t.typname AS name, pg_type_is_visible(t.oid) AS visible, n.nspname AS schema, lbl.labels FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
LEFT JOIN (SELECT enumtypid, array_agg(enumlabel::text ORDER BY enumsortorder) AS labels FROM pg_enum GROUP BY enumtypid) lbl ON t.oid = lbl.enumtypid WHERE t.typtype = 'e' ORDER BY n.nspname, t.typname

SELECT attr.conrelid::regclass::text, array_agg(attr.attname::text ORDER BY attr.ord) AS cols, attr.conname, min(attr.description) AS description FROM (
    SELECT con.conrelid, con.conname, con.ord, att.attname, con.description FROM pg_attribute att JOIN (
        SELECT conrelid, conname, unnest(conkey) AS attnum, generate_subscripts(conkey, 1) AS ord, d.description FROM pg_constraint
        LEFT JOIN pg_description d ON d.objoid = pg_constraint.oid WHERE contype = 'u') con ON att.attnum = con.attnum AND att.attrelid = con.conrelid) attr
GROUP BY attr.conrelid, attr.conname ORDER BY attr.conrelid::regclass::text, attr.conname

-- An API made of a schema: relations, columns, keys, relationships, functions with their arguments.
WITH columns AS (SELECT nc.nspname::name AS table_schema, c.relname::name AS table_name, a.attname::name AS column_name, d.description,
        CASE WHEN t.typbasetype <> 0 AND ad.adbin IS NULL THEN pg_get_expr(t.typdefaultbin, 0) WHEN a.attidentity = 'd' THEN format('nextval(%s)', quote_literal(seqsch.nspname || '.' || seqclass.relname))
             WHEN a.attgenerated = 's' THEN NULL ELSE pg_get_expr(ad.adbin, ad.adrelid)::text END AS column_default,
        NOT (a.attnotnull OR t.typtype = 'd' AND t.typnotnull) AS is_nullable, CASE WHEN t.typtype = 'd' THEN format_type(bt.oid, NULL::integer) ELSE format_type(a.atttypid, NULL::integer) END AS nominal_type,
        information_schema._pg_char_max_length(coalesce(bt.oid, t.oid), CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END) AS character_maximum_length, a.attnum::integer AS position
    FROM pg_attribute a LEFT JOIN pg_description d ON d.objoid = a.attrelid AND d.objsubid = a.attnum AND d.classoid = 'pg_class'::regclass LEFT JOIN pg_attrdef ad ON a.attrelid = ad.adrelid AND a.attnum = ad.adnum
    JOIN (pg_class c JOIN pg_namespace nc ON c.relnamespace = nc.oid) ON a.attrelid = c.oid JOIN pg_type t ON a.atttypid = t.oid LEFT JOIN pg_type bt ON t.typtype = 'd' AND t.typbasetype = bt.oid
    LEFT JOIN pg_depend dep ON dep.refobjid = a.attrelid AND dep.refobjsubid = a.attnum AND dep.deptype = 'i' AND dep.classid = 'pg_class'::regclass LEFT JOIN pg_class seqclass ON seqclass.oid = dep.objid AND seqclass.relkind = 'S'
    LEFT JOIN pg_namespace seqsch ON seqsch.oid = seqclass.relnamespace
    WHERE NOT pg_is_other_temp_schema(nc.oid) AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'v', 'f', 'm', 'p') AND nc.nspname = ANY ('{shop,public}'))
SELECT table_schema, table_name, array_agg(row(column_name, description, is_nullable, nominal_type, character_maximum_length, column_default)::text ORDER BY position) FROM columns GROUP BY 1, 2 ORDER BY 1, 2

SELECT pn.nspname, p.proname, p.provariadic > 0 AS has_variadic, l.lanname, coalesce(array_agg((t.typname, pa.ordinality)::text ORDER BY pa.ordinality) FILTER (WHERE t.oid IS NOT NULL), '{}') AS args, p.proretset, rt.typname, rt.typtype, p.provolatile
FROM pg_proc p JOIN pg_namespace pn ON pn.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang LEFT JOIN LATERAL unnest(p.proargtypes) WITH ORDINALITY pa(typ, ordinality) ON true LEFT JOIN pg_type t ON t.oid = pa.typ
JOIN pg_type rt ON rt.oid = p.prorettype WHERE pn.nspname IN ('shop', 'public') AND p.prokind IN ('f', 'p') AND p.proname !~ 'span' GROUP BY p.oid, pn.nspname, l.lanname, rt.typname, rt.typtype ORDER BY 1, 2, p.oid

SELECT jsonb_build_object('schema', n.nspname, 'name', c.relname, 'columns', (SELECT jsonb_agg(jsonb_build_object('name', a.attname, 'position', a.attnum, 'type', coalesce(b.typname, t.typname), 'is_nullable', NOT a.attnotnull) ORDER BY a.attnum)
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_type b ON b.oid = t.typbasetype WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), 'description', pg_catalog.obj_description(c.oid, 'pg_class'))::text
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname IN ('shop', 'public') AND c.relkind IN ('r', 'v', 'm', 'f', 'p') ORDER BY n.nspname, c.relname

-- Frameworks: which types there are, the columns of a table with collations and comments, keys in order, indexes.
SELECT t.oid, t.typname, t.typelem, t.typdelim, t.typinput, r.rngsubtype, t.typtype, t.typbasetype FROM pg_type AS t LEFT JOIN pg_range AS r ON t.oid = r.rngtypid
WHERE t.typname IN ('int2', 'int4', 'int8', 'oid', 'float4', 'float8', 'numeric', 'bool', 'text', 'varchar', 'bytea', 'date', 'timestamptz', 'jsonb', 'uuid', 'inet', 'interval', 'int4range') OR t.typtype IN ('r') AND t.oid < 16384 ORDER BY t.typname

SELECT a.attname, format_type(a.atttypid, a.atttypmod), pg_get_expr(d.adbin, d.adrelid), a.attnotnull, c.collname, col_description(a.attrelid, a.attnum) AS comment, attidentity AS identity, attgenerated
FROM pg_attribute a LEFT JOIN pg_attrdef d ON a.attrelid = d.adrelid AND a.attnum = d.adnum LEFT JOIN pg_type t ON a.atttypid = t.oid LEFT JOIN pg_collation c ON a.attcollation = c.oid AND a.attcollation <> t.typcollation
WHERE a.attrelid = '"shop"."item"'::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum

SELECT a.attname FROM (SELECT indrelid, indkey, generate_subscripts(indkey, 1) idx FROM pg_index WHERE indrelid = '"shop"."item"'::regclass AND indisprimary) i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[i.idx] ORDER BY i.idx

SELECT DISTINCT i.relname, d.indisunique, d.indkey, pg_get_indexdef(d.indexrelid), pg_catalog.obj_description(i.oid, 'pg_class') AS comment, d.indisvalid FROM pg_class t INNER JOIN pg_index d ON t.oid = d.indrelid INNER JOIN pg_class i ON d.indexrelid = i.oid
LEFT JOIN pg_namespace n ON n.oid = t.relnamespace WHERE i.relkind IN ('i', 'I') AND d.indisprimary = 'f' AND n.nspname = 'shop' ORDER BY i.relname

SELECT attr.attname, nsp.nspname, seq.relname FROM pg_class seq, pg_attribute attr, pg_depend dep, pg_constraint cons, pg_namespace nsp WHERE seq.oid = dep.objid AND seq.relkind = 'S' AND attr.attrelid = dep.refobjid AND attr.attnum = dep.refobjsubid
    AND attr.attrelid = cons.conrelid AND attr.attnum = cons.conkey[1] AND seq.relnamespace = nsp.oid AND cons.contype = 'p' AND dep.classid = 'pg_class'::regclass AND nsp.nspname <> 'tarn' ORDER BY 2, 3, 1

-- Panels of time series: tables with a time column, then its groups.
SELECT quote_ident(table_name) FROM information_schema.tables WHERE quote_ident(table_schema) NOT IN ('information_schema', 'pg_catalog', 'tarn') AND EXISTS (SELECT 1 FROM information_schema.columns c
    WHERE c.table_schema = tables.table_schema AND c.table_name = tables.table_name AND udt_name IN ('timestamp', 'timestamptz', 'date')) ORDER BY 1

SELECT floor(extract(epoch FROM t) / 3600) * 3600 AS "time", count(*) AS "value" FROM generate_series('2026-01-01'::timestamptz, '2026-01-01 05:00'::timestamptz, interval '20 min') t WHERE t BETWEEN '2026-01-01T00:30:00Z' AND '2026-01-01T04:30:00.000Z' GROUP BY 1 ORDER BY 1

SELECT t::regtype, m, information_schema._pg_char_max_length(t, m), information_schema._pg_char_octet_length(t, m), information_schema._pg_numeric_precision(t, m),
    information_schema._pg_numeric_precision_radix(t, m) FROM unnest('{16,20,21,23,25,700,701,1042,1043,1082,1560,1562,1700,3802}'::oid[]) t, unnest('{-1,9,327686,NULL}'::int[]) m ORDER BY t, m
