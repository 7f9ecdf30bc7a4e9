create table src (id int generated always as identity (start 5 increment 2), a serial, b text not null default 'x' check (b <> ''), c int, g int generated always as (c * 2) stored, v varchar(10) collate "C", constraint ck check (c > 0), primary key (id), unique (b, c));
create index src_c on src (c desc) where c > 5;
create unique index on src (lower(b));
comment on column src.b is 'column b';
comment on constraint ck on src is 'check c';
alter table src alter b set storage external;
create table l1 (like src);
\d l1
create table l2 (like src including all);
\d+ l2
create table l3 (x int, like src including defaults including constraints, y text);
\d l3
create table l4 (like src including all excluding indexes excluding comments);
\d+ l4
create table l5 (like src including indexes, like l1);
create table l5 (like nosuch);
create table l5 (like src, b int);
create sequence sq; create table l5 (like sq);
create view vw as select id, b, c::bigint as cb from src;
create table l6 (like vw including all);
\d l6
create table l7 (like src including generated including identity including storage including comments);
\d+ l7
insert into l7 (a,b,c) values (1,'b',3) returning *;
create temp table l8 (like src including all);
insert into l2 (b, c) values ('q', 9) returning *;
insert into l2 (b, c) values ('Q', 9);
create table l9 (like src including statistics including compression);
select col_description('l2'::regclass, 3), col_description('l4'::regclass, 3);
select obj_description(oid, 'pg_constraint') from pg_constraint where conname = 'ck' and conrelid = 'l2'::regclass;
drop table src cascade;
