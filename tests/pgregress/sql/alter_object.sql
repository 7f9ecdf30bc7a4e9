create schema c_s2;
create table t1(id serial primary key, a int unique, b text check (b <> ''));
create index t1_b on t1(b);
create view v1 as select * from t1 where a > 1;
create sequence sq;
create table t2(x int default nextval('sq'));
alter table t1 set schema c_s2;
insert into c_s2.t1(a,b) values (2,'x') returning *;
select * from v1;
select pg_get_viewdef('v1'::regclass);
\d c_s2.t1
alter sequence c_s2.t1_id_seq set schema regress_alter_object;
alter sequence sq set schema c_s2;
insert into t2 default values returning x;
\d t2
alter view v1 set schema c_s2;
select * from c_s2.v1;
alter view c_s2.t1 set schema regress_alter_object;
alter table c_s2.t1 set schema nosuch;
alter table nosuch set schema c_s2;
alter table if exists nosuch set schema c_s2;
create table t1(a int);
alter table c_s2.t1 set schema regress_alter_object;
alter schema c_s2 rename to c_s3;
\d t2
\d c_s3.t1
insert into t2 default values returning x;
select * from c_s3.v1;
alter schema c_s3 owner to postgres;
alter schema c_s3 owner to nosuch;
alter schema nosuch owner to postgres;
alter table c_s3.t1 owner to pg_monitor;
select relname, relowner::regrole from pg_class where relnamespace = 'c_s3'::regnamespace and relkind <> 't' order by 1;
alter sequence c_s3.t1_id_seq owner to postgres;
alter table c_s3.t1 owner to current_user;
alter view c_s3.v1 owner to session_user;
alter database postgres owner to postgres;
alter database nosuch owner to postgres;
create temp table tt(a int);
alter table tt set schema c_s3;
drop schema c_s3 cascade;
