-- Views of pg_catalog, with PostgreSQL 15's columns. Run once in every new database; every name is
-- qualified, since the text is kept as it stands. AS ends its line: see ddl_create_view.

CREATE VIEW pg_catalog.pg_roles AS
SELECT r.rolname, r.rolsuper, r.rolinherit, r.rolcreaterole, r.rolcreatedb, r.rolcanlogin,
       r.rolreplication, r.rolconnlimit, '********'::text AS rolpassword, r.rolvaliduntil,
       r.rolbypassrls, s.setconfig AS rolconfig, r.oid
FROM pg_catalog.pg_authid r
LEFT JOIN pg_catalog.pg_db_role_setting s ON s.setrole = r.oid AND s.setdatabase = 0::oid;

CREATE VIEW pg_catalog.pg_shadow AS
SELECT r.rolname AS usename, r.oid AS usesysid, r.rolcreatedb AS usecreatedb, r.rolsuper AS usesuper,
       r.rolreplication AS userepl, r.rolbypassrls AS usebypassrls, r.rolpassword AS passwd,
       r.rolvaliduntil AS valuntil, s.setconfig AS useconfig
FROM pg_catalog.pg_authid r
LEFT JOIN pg_catalog.pg_db_role_setting s ON s.setrole = r.oid AND s.setdatabase = 0::oid
WHERE r.rolcanlogin;

CREATE VIEW pg_catalog.pg_user AS
SELECT s.usename, s.usesysid, s.usecreatedb, s.usesuper, s.userepl, s.usebypassrls,
       '********'::text AS passwd, s.valuntil, s.useconfig
FROM pg_catalog.pg_shadow s;

CREATE VIEW pg_catalog.pg_group AS
SELECT r.rolname AS groname, r.oid AS grosysid,
       ARRAY(SELECT m.member FROM pg_catalog.pg_auth_members m WHERE m.roleid = r.oid) AS grolist
FROM pg_catalog.pg_authid r
WHERE NOT r.rolcanlogin;

CREATE VIEW pg_catalog.pg_tables AS
SELECT n.nspname AS schemaname, c.relname AS tablename,
       pg_catalog.pg_get_userbyid(c.relowner) AS tableowner, t.spcname AS tablespace,
       c.relhasindex AS hasindexes, c.relhasrules AS hasrules, c.relhastriggers AS hastriggers,
       c.relrowsecurity AS rowsecurity
FROM pg_catalog.pg_class c
LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_tablespace t ON t.oid = c.reltablespace
WHERE c.relkind IN ('r'::"char", 'p'::"char");

CREATE VIEW pg_catalog.pg_sequences AS
SELECT n.nspname AS schemaname, c.relname AS sequencename,
       pg_catalog.pg_get_userbyid(c.relowner) AS sequenceowner, s.seqtypid::regtype AS data_type,
       s.seqstart AS start_value, s.seqmin AS min_value, s.seqmax AS max_value,
       s.seqincrement AS increment_by, s.seqcycle AS cycle, s.seqcache AS cache_size,
       pg_catalog.pg_sequence_last_value(c.oid::regclass) AS last_value
FROM pg_catalog.pg_sequence s
JOIN pg_catalog.pg_class c ON c.oid = s.seqrelid
LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'S'::"char";

CREATE VIEW pg_catalog.pg_views AS
SELECT n.nspname AS schemaname, c.relname AS viewname,
       pg_catalog.pg_get_userbyid(c.relowner) AS viewowner, pg_catalog.pg_get_viewdef(c.oid) AS definition
FROM pg_catalog.pg_class c
LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'v'::"char";

CREATE VIEW pg_catalog.pg_indexes AS
SELECT n.nspname AS schemaname, c.relname AS tablename, i.relname AS indexname,
       t.spcname AS tablespace, pg_catalog.pg_get_indexdef(i.oid) AS indexdef
FROM pg_catalog.pg_index x
JOIN pg_catalog.pg_class c ON c.oid = x.indrelid
JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_tablespace t ON t.oid = i.reltablespace
WHERE c.relkind IN ('r'::"char", 'm'::"char", 'p'::"char");

-- client_addr is of type text: there is no inet yet.
CREATE VIEW pg_catalog.pg_stat_activity AS
SELECT s.datid, d.datname, s.pid, s.leader_pid, s.usesysid, u.rolname AS usename, s.application_name,
       s.client_addr, s.client_hostname, s.client_port, s.backend_start, s.xact_start, s.query_start,
       s.state_change, s.wait_event_type, s.wait_event, s.state, s.backend_xid, s.backend_xmin,
       s.query_id, s.query, s.backend_type
FROM pg_catalog.pg_stat_get_activity(NULL::integer) s
LEFT JOIN pg_catalog.pg_database d ON s.datid = d.oid
LEFT JOIN pg_catalog.pg_authid u ON s.usesysid = u.oid;

CREATE VIEW pg_catalog.pg_stat_ssl AS
SELECT s.pid, s.ssl, s.sslversion AS version, s.sslcipher AS cipher, s.sslbits AS bits,
       s.ssl_client_dn AS client_dn, s.ssl_client_serial AS client_serial, s.ssl_issuer_dn AS issuer_dn
FROM pg_catalog.pg_stat_get_activity(NULL::integer) s
WHERE s.client_port IS NOT NULL;

CREATE VIEW pg_catalog.pg_locks AS
SELECT l.locktype, l.database, l.relation, l.page, l.tuple, l.virtualxid, l.transactionid, l.classid,
       l.objid, l.objsubid, l.virtualtransaction, l.pid, l.mode, l.granted, l.fastpath, l.waitstart
FROM pg_catalog.pg_lock_status() l;

CREATE VIEW pg_catalog.pg_cursors AS
SELECT c.name, c.statement, c.is_holdable, c.is_binary, c.is_scrollable, c.creation_time
FROM pg_catalog.pg_cursor() c;

CREATE VIEW pg_catalog.pg_stats AS
SELECT n.nspname AS schemaname, c.relname AS tablename, a.attname, s.stainherit AS inherited,
       s.stanullfrac AS null_frac, s.stawidth AS avg_width, s.stadistinct AS n_distinct,
       CASE 1 WHEN s.stakind1 THEN s.stavalues1 WHEN s.stakind2 THEN s.stavalues2
              WHEN s.stakind3 THEN s.stavalues3 END AS most_common_vals,
       CASE 1 WHEN s.stakind1 THEN s.stanumbers1 WHEN s.stakind2 THEN s.stanumbers2
              WHEN s.stakind3 THEN s.stanumbers3 END AS most_common_freqs,
       CASE 2 WHEN s.stakind1 THEN s.stavalues1 WHEN s.stakind2 THEN s.stavalues2
              WHEN s.stakind3 THEN s.stavalues3 END AS histogram_bounds,
       CASE 3 WHEN s.stakind1 THEN s.stanumbers1[1] WHEN s.stakind2 THEN s.stanumbers2[1]
              WHEN s.stakind3 THEN s.stanumbers3[1] END AS correlation,
       CASE 4 WHEN s.stakind1 THEN s.stavalues1 WHEN s.stakind2 THEN s.stavalues2
              WHEN s.stakind3 THEN s.stavalues3 END AS most_common_elems,
       CASE 4 WHEN s.stakind1 THEN s.stanumbers1 WHEN s.stakind2 THEN s.stanumbers2
              WHEN s.stakind3 THEN s.stanumbers3 END AS most_common_elem_freqs,
       CASE 5 WHEN s.stakind1 THEN s.stanumbers1 WHEN s.stakind2 THEN s.stanumbers2
              WHEN s.stakind3 THEN s.stanumbers3 END AS elem_count_histogram
FROM pg_catalog.pg_statistic s
JOIN pg_catalog.pg_class c ON c.oid = s.starelid
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = s.staattnum
LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE NOT a.attisdropped;

CREATE VIEW pg_catalog.pg_settings AS
SELECT a.name, a.setting, a.unit, a.category, a.short_desc, a.extra_desc, a.context, a.vartype,
       a.source, a.min_val, a.max_val, a.enumvals, a.boot_val, a.reset_val, a.sourcefile,
       a.sourceline, a.pending_restart
FROM pg_catalog.pg_show_all_settings() a;

CREATE VIEW pg_catalog.pg_rules AS
SELECT n.nspname AS schemaname, c.relname AS tablename, r.rulename,
       pg_catalog.pg_get_ruledef(r.oid) AS definition
FROM pg_catalog.pg_rewrite r
JOIN pg_catalog.pg_class c ON c.oid = r.ev_class
LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE r.rulename <> '_RETURN'::name;

CREATE VIEW pg_catalog.pg_matviews AS
SELECT n.nspname AS schemaname, c.relname AS matviewname,
       pg_catalog.pg_get_userbyid(c.relowner) AS matviewowner, t.spcname AS tablespace,
       c.relhasindex AS hasindexes, c.relispopulated AS ispopulated,
       pg_catalog.pg_get_viewdef(c.oid) AS definition
FROM pg_catalog.pg_class c
LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_tablespace t ON t.oid = c.reltablespace
WHERE c.relkind = 'm'::"char";

-- Features that are not there: no rows.
CREATE VIEW pg_catalog.pg_seclabels AS
SELECT l.objoid, l.classoid, l.objsubid, NULL::text AS objtype, NULL::oid AS objnamespace,
       NULL::text AS objname, l.provider, l.label
FROM pg_catalog.pg_seclabel l;

CREATE VIEW pg_catalog.pg_policies AS
SELECT n.nspname AS schemaname, c.relname AS tablename, p.polname AS policyname,
       NULL::text AS permissive, NULL::name[] AS roles, NULL::text AS cmd, NULL::text AS qual,
       NULL::text AS with_check
FROM pg_catalog.pg_policy p
JOIN pg_catalog.pg_class c ON c.oid = p.polrelid
LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace;

CREATE VIEW pg_catalog.pg_prepared_xacts AS
SELECT p.transaction, p.gid, p.prepared, u.rolname AS owner, d.datname AS database
FROM pg_catalog.pg_prepared_xact() p
LEFT JOIN pg_catalog.pg_authid u ON p.ownerid = u.oid
LEFT JOIN pg_catalog.pg_database d ON p.dbid = d.oid;

CREATE VIEW pg_catalog.pg_available_extensions AS
SELECT e.name, e.default_version, x.extversion AS installed_version, e.comment
FROM pg_catalog.pg_available_extensions() e
LEFT JOIN pg_catalog.pg_extension x ON e.name = x.extname;

CREATE VIEW pg_catalog.pg_available_extension_versions AS
SELECT e.name, e.version, x.extname IS NOT NULL AS installed, e.superuser, e.trusted, e.relocatable,
       e.schema, e.requires, e.comment
FROM pg_catalog.pg_available_extension_versions() e
LEFT JOIN pg_catalog.pg_extension x ON e.name = x.extname AND e.version = x.extversion;

CREATE VIEW pg_catalog.pg_publication_tables AS
SELECT p.pubname, n.nspname AS schemaname, c.relname AS tablename, NULL::name[] AS attnames,
       NULL::text AS rowfilter
FROM pg_catalog.pg_publication p
JOIN pg_catalog.pg_publication_rel r ON r.prpubid = p.oid
JOIN pg_catalog.pg_class c ON c.oid = r.prrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace;

CREATE VIEW pg_catalog.pg_user_mappings AS
SELECT u.oid AS umid, s.oid AS srvid, s.srvname, u.umuser,
       CASE WHEN u.umuser = 0::oid THEN 'public'::name ELSE a.rolname END AS usename,
       u.umoptions
FROM pg_catalog.pg_user_mapping u
JOIN pg_catalog.pg_foreign_server s ON u.umserver = s.oid
LEFT JOIN pg_catalog.pg_authid a ON a.oid = u.umuser;

CREATE VIEW pg_catalog.pg_stat_all_tables AS
SELECT c.oid AS relid, n.nspname AS schemaname, c.relname,
       pg_catalog.pg_stat_get_numscans(c.oid) AS seq_scan,
       pg_catalog.pg_stat_get_tuples_returned(c.oid) AS seq_tup_read,
       pg_catalog.sum(pg_catalog.pg_stat_get_numscans(i.indexrelid))::bigint AS idx_scan,
       pg_catalog.sum(pg_catalog.pg_stat_get_tuples_fetched(i.indexrelid))::bigint +
           pg_catalog.pg_stat_get_tuples_fetched(c.oid) AS idx_tup_fetch,
       pg_catalog.pg_stat_get_tuples_inserted(c.oid) AS n_tup_ins,
       pg_catalog.pg_stat_get_tuples_updated(c.oid) AS n_tup_upd,
       pg_catalog.pg_stat_get_tuples_deleted(c.oid) AS n_tup_del,
       pg_catalog.pg_stat_get_tuples_hot_updated(c.oid) AS n_tup_hot_upd,
       pg_catalog.pg_stat_get_live_tuples(c.oid) AS n_live_tup,
       pg_catalog.pg_stat_get_dead_tuples(c.oid) AS n_dead_tup,
       pg_catalog.pg_stat_get_mod_since_analyze(c.oid) AS n_mod_since_analyze,
       pg_catalog.pg_stat_get_ins_since_vacuum(c.oid) AS n_ins_since_vacuum,
       pg_catalog.pg_stat_get_last_vacuum_time(c.oid) AS last_vacuum,
       pg_catalog.pg_stat_get_last_autovacuum_time(c.oid) AS last_autovacuum,
       pg_catalog.pg_stat_get_last_analyze_time(c.oid) AS last_analyze,
       pg_catalog.pg_stat_get_last_autoanalyze_time(c.oid) AS last_autoanalyze,
       pg_catalog.pg_stat_get_vacuum_count(c.oid) AS vacuum_count,
       pg_catalog.pg_stat_get_autovacuum_count(c.oid) AS autovacuum_count,
       pg_catalog.pg_stat_get_analyze_count(c.oid) AS analyze_count,
       pg_catalog.pg_stat_get_autoanalyze_count(c.oid) AS autoanalyze_count
FROM pg_catalog.pg_class c
LEFT JOIN pg_catalog.pg_index i ON c.oid = i.indrelid
LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r'::"char", 't'::"char", 'm'::"char", 'p'::"char")
GROUP BY c.oid, n.nspname, c.relname;

CREATE VIEW pg_catalog.pg_stat_user_tables AS
SELECT s.*
FROM pg_catalog.pg_stat_all_tables s
WHERE s.schemaname NOT IN ('pg_catalog'::name, 'information_schema'::name) AND s.schemaname !~ '^pg_toast';

CREATE VIEW pg_catalog.pg_stat_sys_tables AS
SELECT s.*
FROM pg_catalog.pg_stat_all_tables s
WHERE s.schemaname IN ('pg_catalog'::name, 'information_schema'::name) OR s.schemaname ~ '^pg_toast';

CREATE VIEW pg_catalog.pg_stat_all_indexes AS
SELECT c.oid AS relid, i.oid AS indexrelid, n.nspname AS schemaname, c.relname,
       i.relname AS indexrelname, pg_catalog.pg_stat_get_numscans(i.oid) AS idx_scan,
       pg_catalog.pg_stat_get_tuples_returned(i.oid) AS idx_tup_read,
       pg_catalog.pg_stat_get_tuples_fetched(i.oid) AS idx_tup_fetch
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_index x ON c.oid = x.indrelid
JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r'::"char", 't'::"char", 'm'::"char");

CREATE VIEW pg_catalog.pg_stat_user_indexes AS
SELECT s.*
FROM pg_catalog.pg_stat_all_indexes s
WHERE s.schemaname NOT IN ('pg_catalog'::name, 'information_schema'::name) AND s.schemaname !~ '^pg_toast';

CREATE VIEW pg_catalog.pg_stat_sys_indexes AS
SELECT s.*
FROM pg_catalog.pg_stat_all_indexes s
WHERE s.schemaname IN ('pg_catalog'::name, 'information_schema'::name) OR s.schemaname ~ '^pg_toast';

-- What has no counter is NULL.
CREATE VIEW pg_catalog.pg_stat_database AS
SELECT d.oid AS datid, d.datname,
       CASE WHEN d.oid = 0::oid THEN 0 ELSE pg_catalog.pg_stat_get_db_numbackends(d.oid) END AS numbackends,
       pg_catalog.pg_stat_get_db_xact_commit(d.oid) AS xact_commit,
       pg_catalog.pg_stat_get_db_xact_rollback(d.oid) AS xact_rollback,
       NULL::bigint AS blks_read, NULL::bigint AS blks_hit,
       pg_catalog.pg_stat_get_db_tuples_returned(d.oid) AS tup_returned,
       pg_catalog.pg_stat_get_db_tuples_fetched(d.oid) AS tup_fetched,
       pg_catalog.pg_stat_get_db_tuples_inserted(d.oid) AS tup_inserted,
       pg_catalog.pg_stat_get_db_tuples_updated(d.oid) AS tup_updated,
       pg_catalog.pg_stat_get_db_tuples_deleted(d.oid) AS tup_deleted,
       pg_catalog.pg_stat_get_db_conflict_all(d.oid) AS conflicts,
       NULL::bigint AS temp_files, NULL::bigint AS temp_bytes, NULL::bigint AS deadlocks,
       pg_catalog.pg_stat_get_db_checksum_failures(d.oid) AS checksum_failures,
       pg_catalog.pg_stat_get_db_checksum_last_failure(d.oid) AS checksum_last_failure,
       NULL::double precision AS blk_read_time, NULL::double precision AS blk_write_time,
       NULL::double precision AS session_time, NULL::double precision AS active_time,
       NULL::double precision AS idle_in_transaction_time, NULL::bigint AS sessions,
       NULL::bigint AS sessions_abandoned, NULL::bigint AS sessions_fatal,
       NULL::bigint AS sessions_killed,
       pg_catalog.pg_stat_get_db_stat_reset_time(d.oid) AS stats_reset
FROM (SELECT 0::oid AS oid, NULL::name AS datname
      UNION ALL SELECT e.oid, e.datname FROM pg_catalog.pg_database e) d;

CREATE VIEW pg_catalog.pg_prepared_statements AS
SELECT p.name, p.statement, p.prepare_time, p.parameter_types, p.from_sql, p.generic_plans, p.custom_plans
FROM pg_catalog.pg_prepared_statement() p;

CREATE VIEW pg_catalog.pg_timezone_names AS
SELECT z.name, z.abbrev, z.utc_offset, z.is_dst
FROM pg_catalog.pg_timezone_names() z(name, abbrev, utc_offset, is_dst);

CREATE VIEW pg_catalog.pg_timezone_abbrevs AS
SELECT z.abbrev, z.utc_offset, z.is_dst
FROM pg_catalog.pg_timezone_abbrevs() z(abbrev, utc_offset, is_dst);
