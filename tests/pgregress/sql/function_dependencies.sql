create function df() returns int language sql as 'select 5';
create function df2(int) returns int immutable language sql as 'select $1 + 1';
create function dchk(int) returns boolean immutable language sql as 'select $1 > 0';
create table dt (a int default df(), b int check (dchk(b)), c int generated always as (df2(a)) stored, d int);
alter table dt add constraint dcon check (dchk(d) and a is not null);
alter table dt alter d set default df() + 1;
create index di on dt (df2(d));
create index dp on dt (d) where dchk(d);
create view dv as select df2(a) as x from dt;
create domain dd as int default df() check (dchk(value));
create unique index du on dt (df2(d), d) where dchk(a);
drop function df();
drop function df2(int);
drop function dchk(int);
alter table dt alter a drop default;
alter table dt drop constraint dcon;
drop index dp;
drop view dv;
drop function df();
drop function dchk(int) cascade;
\d dt
\d+ dd
drop function df2(int) cascade;
\d dt
drop function df() cascade;
\d dt
insert into dt (a, b) values (1, -1) returning *;
create function df() returns int language sql as 'select 5';
create table dt2 (like dt);
create table dt3 (a int, b int default df() * 2);
alter table dt3 alter b type bigint;
drop function df();
alter table dt3 alter b set default 3;
drop function df();
create function df3(int) returns text immutable language sql as 'select $1::text';
create materialized view dm as select 1 as a;
create index on dm (df3(a));
drop function df3(int);
drop materialized view dm;
drop function df3(int);
create schema ds;
create function ds.g() returns int language sql as 'select 1';
create table dt5 (a int default ds.g());
drop schema ds;
drop schema ds cascade;
\d dt5
-- A constant's relation is needed, whatever its name becomes.
CREATE SEQUENCE named_seq;
CREATE VIEW named_view AS SELECT nextval('named_seq') AS n;
CREATE FUNCTION named_fn() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT nextval('named_seq'); END;
DROP SEQUENCE named_seq;
ALTER SEQUENCE named_seq RENAME TO "Other";
SELECT n, named_fn() FROM named_view;
SELECT pg_get_viewdef('named_view');
SELECT pg_get_functiondef('named_fn'::regproc);
DROP SEQUENCE "Other" CASCADE;
