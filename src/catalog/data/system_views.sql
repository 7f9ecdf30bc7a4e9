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
       CASE WHEN p.polpermissive THEN 'PERMISSIVE'::text ELSE 'RESTRICTIVE'::text END AS permissive,
       CASE WHEN p.polroles OPERATOR(pg_catalog.=) '{0}'::oid[] THEN '{public}'::name[]
            ELSE ARRAY(SELECT a.rolname FROM pg_catalog.pg_authid a
                       WHERE a.oid OPERATOR(pg_catalog.=) ANY (p.polroles)
                       ORDER BY a.rolname) END AS roles,
       CASE p.polcmd WHEN 'r'::"char" THEN 'SELECT'::text WHEN 'a'::"char" THEN 'INSERT'::text
                     WHEN 'w'::"char" THEN 'UPDATE'::text WHEN 'd'::"char" THEN 'DELETE'::text
                     WHEN '*'::"char" THEN 'ALL'::text END AS cmd,
       pg_catalog.pg_get_expr(p.polqual, p.polrelid) AS qual,
       pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) AS with_check
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

-- What the server's files say.
CREATE VIEW pg_catalog.pg_hba_file_rules AS
SELECT r.line_number, r.type, r.database, r.user_name, r.address, r.netmask, r.auth_method, r.options,
       r.error
FROM pg_catalog.pg_hba_file_rules() r;

CREATE VIEW pg_catalog.pg_ident_file_mappings AS
SELECT r.line_number, r.map_name, r.sys_name, r.pg_username, r.error
FROM pg_catalog.pg_ident_file_mappings() r;

CREATE VIEW pg_catalog.pg_file_settings AS
SELECT s.sourcefile, s.sourceline, s.seqno, s.name, s.setting, s.applied, s.error
FROM pg_catalog.pg_show_all_file_settings() s;

-- The log, checkpoints.
CREATE VIEW pg_catalog.pg_stat_archiver AS
SELECT s.archived_count, s.last_archived_wal, s.last_archived_time, s.failed_count, s.last_failed_wal,
       s.last_failed_time, s.stats_reset
FROM pg_catalog.pg_stat_get_archiver() s;

CREATE VIEW pg_catalog.pg_stat_wal AS
SELECT s.wal_records, s.wal_fpi, s.wal_bytes, s.wal_buffers_full, s.wal_write, s.wal_sync, s.wal_write_time,
       s.wal_sync_time, s.stats_reset
FROM pg_catalog.pg_stat_get_wal() s;

CREATE VIEW pg_catalog.pg_stat_bgwriter AS
SELECT pg_catalog.pg_stat_get_bgwriter_timed_checkpoints() AS checkpoints_timed,
       pg_catalog.pg_stat_get_bgwriter_requested_checkpoints() AS checkpoints_req,
       pg_catalog.pg_stat_get_checkpoint_write_time() AS checkpoint_write_time,
       pg_catalog.pg_stat_get_checkpoint_sync_time() AS checkpoint_sync_time,
       pg_catalog.pg_stat_get_bgwriter_buf_written_checkpoints() AS buffers_checkpoint,
       pg_catalog.pg_stat_get_bgwriter_buf_written_clean() AS buffers_clean,
       pg_catalog.pg_stat_get_bgwriter_maxwritten_clean() AS maxwritten_clean,
       pg_catalog.pg_stat_get_buf_written_backend() AS buffers_backend,
       pg_catalog.pg_stat_get_buf_fsync_backend() AS buffers_backend_fsync,
       pg_catalog.pg_stat_get_buf_alloc() AS buffers_alloc,
       pg_catalog.pg_stat_get_bgwriter_stat_reset_time() AS stats_reset;

-- Pages are not counted: NULL.
CREATE VIEW pg_catalog.pg_statio_all_tables AS
SELECT c.oid AS relid, n.nspname AS schemaname, c.relname, NULL::bigint AS heap_blks_read,
       NULL::bigint AS heap_blks_hit, NULL::bigint AS idx_blks_read, NULL::bigint AS idx_blks_hit,
       NULL::bigint AS toast_blks_read, NULL::bigint AS toast_blks_hit, NULL::bigint AS tidx_blks_read,
       NULL::bigint AS tidx_blks_hit
FROM pg_catalog.pg_class c
LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r'::"char", 't'::"char", 'm'::"char");

CREATE VIEW pg_catalog.pg_statio_all_indexes AS
SELECT c.oid AS relid, i.oid AS indexrelid, n.nspname AS schemaname, c.relname, i.relname AS indexrelname,
       NULL::bigint AS idx_blks_read, NULL::bigint AS idx_blks_hit
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_index x ON c.oid = x.indrelid
JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r'::"char", 't'::"char", 'm'::"char");

CREATE VIEW pg_catalog.pg_statio_all_sequences AS
SELECT c.oid AS relid, n.nspname AS schemaname, c.relname, NULL::bigint AS blks_read,
       NULL::bigint AS blks_hit
FROM pg_catalog.pg_class c
LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'S'::"char";

-- Nor is what a transaction has done by itself.
CREATE VIEW pg_catalog.pg_stat_xact_all_tables AS
SELECT c.oid AS relid, n.nspname AS schemaname, c.relname, NULL::bigint AS seq_scan,
       NULL::bigint AS seq_tup_read, NULL::bigint AS idx_scan, NULL::bigint AS idx_tup_fetch,
       NULL::bigint AS n_tup_ins, NULL::bigint AS n_tup_upd, NULL::bigint AS n_tup_del,
       NULL::bigint AS n_tup_hot_upd
FROM pg_catalog.pg_class c
LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r'::"char", 't'::"char", 'm'::"char", 'p'::"char");

CREATE VIEW pg_catalog.pg_statio_user_tables AS
SELECT s.*
FROM pg_catalog.pg_statio_all_tables s
WHERE s.schemaname NOT IN ('pg_catalog'::name, 'information_schema'::name) AND s.schemaname !~ '^pg_toast';

CREATE VIEW pg_catalog.pg_statio_sys_tables AS
SELECT s.*
FROM pg_catalog.pg_statio_all_tables s
WHERE s.schemaname IN ('pg_catalog'::name, 'information_schema'::name) OR s.schemaname ~ '^pg_toast';

CREATE VIEW pg_catalog.pg_statio_user_indexes AS
SELECT s.*
FROM pg_catalog.pg_statio_all_indexes s
WHERE s.schemaname NOT IN ('pg_catalog'::name, 'information_schema'::name) AND s.schemaname !~ '^pg_toast';

CREATE VIEW pg_catalog.pg_statio_sys_indexes AS
SELECT s.*
FROM pg_catalog.pg_statio_all_indexes s
WHERE s.schemaname IN ('pg_catalog'::name, 'information_schema'::name) OR s.schemaname ~ '^pg_toast';

CREATE VIEW pg_catalog.pg_statio_user_sequences AS
SELECT s.*
FROM pg_catalog.pg_statio_all_sequences s
WHERE s.schemaname NOT IN ('pg_catalog'::name, 'information_schema'::name) AND s.schemaname !~ '^pg_toast';

CREATE VIEW pg_catalog.pg_statio_sys_sequences AS
SELECT s.*
FROM pg_catalog.pg_statio_all_sequences s
WHERE s.schemaname IN ('pg_catalog'::name, 'information_schema'::name) OR s.schemaname ~ '^pg_toast';

CREATE VIEW pg_catalog.pg_stat_xact_user_tables AS
SELECT s.*
FROM pg_catalog.pg_stat_xact_all_tables s
WHERE s.schemaname NOT IN ('pg_catalog'::name, 'information_schema'::name) AND s.schemaname !~ '^pg_toast';

CREATE VIEW pg_catalog.pg_stat_xact_sys_tables AS
SELECT s.*
FROM pg_catalog.pg_stat_xact_all_tables s
WHERE s.schemaname IN ('pg_catalog'::name, 'information_schema'::name) OR s.schemaname ~ '^pg_toast';

-- Nothing happens to a database but what its sessions do.
CREATE VIEW pg_catalog.pg_stat_database_conflicts AS
SELECT d.oid AS datid, d.datname, 0::bigint AS confl_tablespace, 0::bigint AS confl_lock,
       0::bigint AS confl_snapshot, 0::bigint AS confl_bufferpin, 0::bigint AS confl_deadlock
FROM pg_catalog.pg_database d;

CREATE VIEW pg_catalog.pg_stat_gssapi AS
SELECT s.pid, s.gss_auth AS gss_authenticated, s.gss_princ AS principal, s.gss_enc AS encrypted
FROM pg_catalog.pg_stat_get_activity(NULL::integer) s
WHERE s.client_port IS NOT NULL;

-- Statistics over several columns: none are made.
CREATE VIEW pg_catalog.pg_stats_ext AS
SELECT NULL::name AS schemaname, NULL::name AS tablename, NULL::name AS statistics_schemaname,
       NULL::name AS statistics_name, NULL::name AS statistics_owner, NULL::name[] AS attnames,
       NULL::text[] AS exprs, NULL::"char"[] AS kinds, NULL::boolean AS inherited,
       d.stxdndistinct AS n_distinct, d.stxddependencies AS dependencies, NULL::text[] AS most_common_vals,
       NULL::boolean[] AS most_common_val_nulls, NULL::double precision[] AS most_common_freqs,
       NULL::double precision[] AS most_common_base_freqs
FROM pg_catalog.pg_statistic_ext_data d
WHERE false;

CREATE VIEW pg_catalog.pg_stats_ext_exprs AS
SELECT NULL::name AS schemaname, NULL::name AS tablename, NULL::name AS statistics_schemaname,
       NULL::name AS statistics_name, NULL::name AS statistics_owner, NULL::text AS expr,
       NULL::boolean AS inherited, NULL::real AS null_frac, NULL::integer AS avg_width,
       NULL::real AS n_distinct, s.stavalues1 AS most_common_vals, NULL::real[] AS most_common_freqs,
       s.stavalues1 AS histogram_bounds, NULL::real AS correlation, s.stavalues1 AS most_common_elems,
       NULL::real[] AS most_common_elem_freqs, NULL::real[] AS elem_count_histogram
FROM pg_catalog.pg_statistic s
WHERE false;

-- Features that are not there, and processes that do not exist: no rows.
CREATE VIEW pg_catalog.pg_backend_memory_contexts AS
SELECT NULL::text AS name, NULL::text AS ident, NULL::text AS parent, NULL::integer AS level,
       NULL::bigint AS total_bytes, NULL::bigint AS total_nblocks, NULL::bigint AS free_bytes,
       NULL::bigint AS free_chunks, NULL::bigint AS used_bytes
WHERE false;

CREATE VIEW pg_catalog.pg_config AS
SELECT NULL::text AS name, NULL::text AS setting
WHERE false;

CREATE VIEW pg_catalog.pg_replication_origin_status AS
SELECT NULL::oid AS local_id, NULL::text AS external_id, NULL::pg_lsn AS remote_lsn,
       NULL::pg_lsn AS local_lsn
WHERE false;

CREATE VIEW pg_catalog.pg_replication_slots AS
SELECT NULL::name AS slot_name, NULL::name AS plugin, NULL::text AS slot_type, NULL::oid AS datoid,
       NULL::name AS database, NULL::boolean AS temporary, NULL::boolean AS active,
       NULL::integer AS active_pid, NULL::xid AS xmin, NULL::xid AS catalog_xmin,
       NULL::pg_lsn AS restart_lsn, NULL::pg_lsn AS confirmed_flush_lsn, NULL::text AS wal_status,
       NULL::bigint AS safe_wal_size, NULL::boolean AS two_phase
WHERE false;

CREATE VIEW pg_catalog.pg_shmem_allocations AS
SELECT NULL::text AS name, NULL::bigint AS off, NULL::bigint AS size, NULL::bigint AS allocated_size
WHERE false;

CREATE VIEW pg_catalog.pg_stat_progress_analyze AS
SELECT NULL::integer AS pid, NULL::oid AS datid, NULL::name AS datname, NULL::oid AS relid,
       NULL::text AS phase, NULL::bigint AS sample_blks_total, NULL::bigint AS sample_blks_scanned,
       NULL::bigint AS ext_stats_total, NULL::bigint AS ext_stats_computed,
       NULL::bigint AS child_tables_total, NULL::bigint AS child_tables_done,
       NULL::oid AS current_child_table_relid
WHERE false;

CREATE VIEW pg_catalog.pg_stat_progress_basebackup AS
SELECT NULL::integer AS pid, NULL::text AS phase, NULL::bigint AS backup_total,
       NULL::bigint AS backup_streamed, NULL::bigint AS tablespaces_total,
       NULL::bigint AS tablespaces_streamed
WHERE false;

CREATE VIEW pg_catalog.pg_stat_progress_cluster AS
SELECT NULL::integer AS pid, NULL::oid AS datid, NULL::name AS datname, NULL::oid AS relid,
       NULL::text AS command, NULL::text AS phase, NULL::oid AS cluster_index_relid,
       NULL::bigint AS heap_tuples_scanned, NULL::bigint AS heap_tuples_written,
       NULL::bigint AS heap_blks_total, NULL::bigint AS heap_blks_scanned,
       NULL::bigint AS index_rebuild_count
WHERE false;

CREATE VIEW pg_catalog.pg_stat_progress_copy AS
SELECT NULL::integer AS pid, NULL::oid AS datid, NULL::name AS datname, NULL::oid AS relid,
       NULL::text AS command, NULL::text AS type, NULL::bigint AS bytes_processed,
       NULL::bigint AS bytes_total, NULL::bigint AS tuples_processed, NULL::bigint AS tuples_excluded
WHERE false;

CREATE VIEW pg_catalog.pg_stat_progress_create_index AS
SELECT NULL::integer AS pid, NULL::oid AS datid, NULL::name AS datname, NULL::oid AS relid,
       NULL::oid AS index_relid, NULL::text AS command, NULL::text AS phase, NULL::bigint AS lockers_total,
       NULL::bigint AS lockers_done, NULL::bigint AS current_locker_pid, NULL::bigint AS blocks_total,
       NULL::bigint AS blocks_done, NULL::bigint AS tuples_total, NULL::bigint AS tuples_done,
       NULL::bigint AS partitions_total, NULL::bigint AS partitions_done
WHERE false;

CREATE VIEW pg_catalog.pg_stat_progress_vacuum AS
SELECT NULL::integer AS pid, NULL::oid AS datid, NULL::name AS datname, NULL::oid AS relid,
       NULL::text AS phase, NULL::bigint AS heap_blks_total, NULL::bigint AS heap_blks_scanned,
       NULL::bigint AS heap_blks_vacuumed, NULL::bigint AS index_vacuum_count,
       NULL::bigint AS max_dead_tuples, NULL::bigint AS num_dead_tuples
WHERE false;

CREATE VIEW pg_catalog.pg_stat_recovery_prefetch AS
SELECT NULL::timestamp with time zone AS stats_reset, NULL::bigint AS prefetch, NULL::bigint AS hit,
       NULL::bigint AS skip_init, NULL::bigint AS skip_new, NULL::bigint AS skip_fpw,
       NULL::bigint AS skip_rep, NULL::integer AS wal_distance, NULL::integer AS block_distance,
       NULL::integer AS io_depth
WHERE false;

CREATE VIEW pg_catalog.pg_stat_replication AS
SELECT NULL::integer AS pid, NULL::oid AS usesysid, NULL::name AS usename, NULL::text AS application_name,
       NULL::inet AS client_addr, NULL::text AS client_hostname, NULL::integer AS client_port,
       NULL::timestamp with time zone AS backend_start, NULL::xid AS backend_xmin, NULL::text AS state,
       NULL::pg_lsn AS sent_lsn, NULL::pg_lsn AS write_lsn, NULL::pg_lsn AS flush_lsn,
       NULL::pg_lsn AS replay_lsn, NULL::interval AS write_lag, NULL::interval AS flush_lag,
       NULL::interval AS replay_lag, NULL::integer AS sync_priority, NULL::text AS sync_state,
       NULL::timestamp with time zone AS reply_time
WHERE false;

CREATE VIEW pg_catalog.pg_stat_replication_slots AS
SELECT NULL::text AS slot_name, NULL::bigint AS spill_txns, NULL::bigint AS spill_count,
       NULL::bigint AS spill_bytes, NULL::bigint AS stream_txns, NULL::bigint AS stream_count,
       NULL::bigint AS stream_bytes, NULL::bigint AS total_txns, NULL::bigint AS total_bytes,
       NULL::timestamp with time zone AS stats_reset
WHERE false;

CREATE VIEW pg_catalog.pg_stat_slru AS
SELECT NULL::text AS name, NULL::bigint AS blks_zeroed, NULL::bigint AS blks_hit, NULL::bigint AS blks_read,
       NULL::bigint AS blks_written, NULL::bigint AS blks_exists, NULL::bigint AS flushes,
       NULL::bigint AS truncates, NULL::timestamp with time zone AS stats_reset
WHERE false;

CREATE VIEW pg_catalog.pg_stat_subscription AS
SELECT NULL::oid AS subid, NULL::name AS subname, NULL::integer AS pid, NULL::oid AS relid,
       NULL::pg_lsn AS received_lsn, NULL::timestamp with time zone AS last_msg_send_time,
       NULL::timestamp with time zone AS last_msg_receipt_time, NULL::pg_lsn AS latest_end_lsn,
       NULL::timestamp with time zone AS latest_end_time
WHERE false;

CREATE VIEW pg_catalog.pg_stat_subscription_stats AS
SELECT NULL::oid AS subid, NULL::name AS subname, NULL::bigint AS apply_error_count,
       NULL::bigint AS sync_error_count, NULL::timestamp with time zone AS stats_reset
WHERE false;

CREATE VIEW pg_catalog.pg_stat_user_functions AS
SELECT NULL::oid AS funcid, NULL::name AS schemaname, NULL::name AS funcname, NULL::bigint AS calls,
       NULL::double precision AS total_time, NULL::double precision AS self_time
WHERE false;

CREATE VIEW pg_catalog.pg_stat_wal_receiver AS
SELECT NULL::integer AS pid, NULL::text AS status, NULL::pg_lsn AS receive_start_lsn,
       NULL::integer AS receive_start_tli, NULL::pg_lsn AS written_lsn, NULL::pg_lsn AS flushed_lsn,
       NULL::integer AS received_tli, NULL::timestamp with time zone AS last_msg_send_time,
       NULL::timestamp with time zone AS last_msg_receipt_time, NULL::pg_lsn AS latest_end_lsn,
       NULL::timestamp with time zone AS latest_end_time, NULL::text AS slot_name,
       NULL::text AS sender_host, NULL::integer AS sender_port, NULL::text AS conninfo
WHERE false;

CREATE VIEW pg_catalog.pg_stat_xact_user_functions AS
SELECT NULL::oid AS funcid, NULL::name AS schemaname, NULL::name AS funcname, NULL::bigint AS calls,
       NULL::double precision AS total_time, NULL::double precision AS self_time
WHERE false;
