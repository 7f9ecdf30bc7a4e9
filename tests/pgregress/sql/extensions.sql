-- CREATE, ALTER and DROP EXTENSION, and the functions of uuid-ossp and pgcrypto.
\set VERBOSITY terse
create extension pgcrypto version '9.9';
create extension pgcrypto schema nosuch;
create extension pgcrypto;
create extension pgcrypto;
create extension if not exists pgcrypto;
create extension if not exists "uuid-ossp" cascade;
select name, default_version, installed_version, comment from pg_available_extensions
  where name in ('pgcrypto', 'uuid-ossp') order by 1;
select name, version, installed, superuser, trusted, relocatable, schema, requires
  from pg_available_extension_versions
  where (name, version) in (('pgcrypto', '1.3'), ('uuid-ossp', '1.1')) order by 1;
select extname, extowner, extnamespace::regnamespace, extrelocatable, extversion from pg_extension
  where extname in ('pgcrypto', 'uuid-ossp') order by 1;
\dx+ uuid-ossp
select proname, prolang, probin, prosrc, proowner, procost, provolatile, proisstrict, proparallel, proargnames
  from pg_proc where proname like 'uuid\_%' and pronamespace = 'public'::regnamespace order by 1;
drop function digest(text, text);
alter extension pgcrypto update;
alter extension pgcrypto update to '9';
alter extension nosuch update;
create schema ext;
alter extension pgcrypto set schema ext;
alter extension pgcrypto set schema nosuch;
select digest('a', 'sha1');
select ext.digest('a', 'SHA256'), ext.digest('a'::bytea, 'md5'), ext.digest('', 'sha512');
select ext.digest('a', 'sha224'), ext.digest('a', 'sha384'), ext.digest(null, 'md5');
select ext.hmac('a', 'b', 'sha1'), ext.hmac('a', '', 'md5'), ext.hmac('a'::bytea, repeat('k', 200)::bytea, 'sha256');
select ext.digest('a', 'nosuch');
select ext.hmac('a', 'b', 'nosuch');
select ext.gen_random_bytes(0);
select ext.gen_random_bytes(1025);
select length(ext.gen_random_bytes(1)), length(ext.gen_random_bytes(1024));
select uuid_nil(), uuid_ns_dns(), uuid_ns_url(), uuid_ns_oid(), uuid_ns_x500();
select uuid_generate_v3(uuid_ns_dns(), 'www.example.com'), uuid_generate_v5(uuid_ns_url(), 'https://example.com/ä');
select substr(uuid_generate_v1()::text, 15, 1), substr(uuid_generate_v1mc()::text, 15, 1),
  substr(uuid_generate_v4()::text, 15, 1), substr(ext.gen_random_uuid()::text, 15, 1);
select count(distinct uuid_generate_v1()), count(distinct uuid_generate_v4()) from generate_series(1, 1000);
create table ext_t (id uuid primary key default uuid_generate_v4(), b bytea default ext.gen_random_bytes(4));
insert into ext_t default values;
select length(id::text), length(b) from ext_t;
\d ext_t
\set VERBOSITY default
drop extension "uuid-ossp";
drop extension "uuid-ossp" cascade;
comment on extension pgcrypto is 'changed';
select obj_description(oid, 'pg_extension') from pg_extension where extname = 'pgcrypto';
create role ext_role;
set role ext_role;
create extension "uuid-ossp";
drop extension pgcrypto;
alter extension pgcrypto update;
reset role;
drop role ext_role;
begin;
create extension "uuid-ossp" schema ext;
select ext.uuid_nil();
rollback;
select ext.uuid_nil();
drop schema ext;
drop schema ext cascade;
drop extension pgcrypto;
drop extension if exists pgcrypto;
drop table ext_t;
