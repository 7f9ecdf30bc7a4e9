create table t (id serial primary key, a int not null default 5, b text default 'x', n numeric(10,2), d date, constraint ca check (a > 0));
create index t_a on t(a); create index t_ab on t((a+1)) where a > 3; create unique index t_b on t(b);
create table child (id int generated always as identity, t_id int references t(id), x varchar(10));
insert into t(a,b,n,d) values (1,'10',1.55,'2020-01-01'),(2,'20',2.55,null),(7,'30',null,'2021-05-05');
insert into child(t_id,x) values (1,'abc'),(2,'defgh');
alter table t alter column a type bigint;
\d t
alter table t alter b type int;
alter table t alter b drop default, alter b type int using b::int + 1;
select * from t order by id;
\d t
alter table t alter column id type bigint;
\d t
\d child
insert into child(t_id) values (99);
alter table t alter n type numeric(4,1);
select n from t order by id;
alter table t alter n type int using (n*100)::int, alter d type text;
select * from t order by id;
alter table t alter nosuch type int;
alter table t alter a type nosuch;
alter table t alter a type text;
alter table t drop constraint ca;
alter table t alter a type text;
\d t
alter table t alter a type int;
alter table t alter a type int using a;
alter table t alter a type int using nosuch;
alter table t alter a type int using a::int;
alter table child alter x type varchar(3);
alter table child alter x type varchar(5);
alter table child alter x type char(5);
alter table child alter x type text collate "C";
\d child
alter table child alter id type smallint;
alter table child alter id type text;
\d child
create view v as select x from child;
alter table child alter x type int using 1;
drop view v;
alter table child add g int generated always as (t_id * 2) stored;
alter table child alter t_id type bigint;
alter table child alter g type bigint;
alter table child alter g type text using 'x';
select * from child order by id;
alter table child alter g type text;
select * from child order by id;
alter table t alter a type boolean using a > 3;
select * from t order by id;
alter table t alter a set default 'zz';
alter table t alter a set default true;
alter table t alter a type text;
alter table t alter a type int using case when a = 'true' then 1 end;
alter table t alter d type date using d::date, alter d set not null;
alter table t alter d type timestamp;
select d from t order by id;
alter table t alter id type text;
drop table child;
alter table t alter id type text;
alter table t alter id drop default;
alter table t alter id type text using 'k' || id;
select id from t order by id;
insert into t(id,a,b) values ('k1', 'true', 3);
alter table t alter b type text using 'same';
alter table t alter column b type text using upper((select 'a'));
alter table t alter column b type text using sum(b);
create table sc(a varchar(10), primary key (a));
insert into sc values ('a'),('b');
alter table sc alter a type varchar(20);
alter table sc alter a type text;
alter table sc alter a set data type varchar(1);
select * from sc order by 1; 
begin; alter table sc alter a type text using a || 'z'; select * from sc order by 1; rollback; select * from sc order by 1;
create table fk1(a int primary key); create table fk2(b int references fk1(a)); insert into fk1 values (1); insert into fk2 values (1);
alter table fk1 alter a type text;
alter table fk2 alter b type text;
alter table fk1 alter a type bigint; 
\d fk1
\d fk2
insert into fk2 values (2);
create table q(a int, b int, unique (a,b) deferrable, check (a <> b) not valid);
alter table q alter a type numeric;
\d q

-- A column that has another type depends on that one, and no longer on the one before.
CREATE TYPE retyped_before AS ENUM ('low', 'high', 'odd');
CREATE TYPE retyped_after AS ENUM ('low', 'high');
CREATE TABLE retyped (id int PRIMARY KEY, one retyped_before DEFAULT 'low', many retyped_before[]);
INSERT INTO retyped VALUES (1, 'high', '{low,high}');
DROP TYPE retyped_before;
ALTER TABLE retyped ALTER one DROP DEFAULT, ALTER one TYPE retyped_after USING one::text::retyped_after,
    ALTER one SET DEFAULT 'low';
DROP TYPE retyped_before;
ALTER TABLE retyped ALTER many TYPE retyped_after[] USING many::text::retyped_after[];
DROP TYPE retyped_before;
ALTER TYPE retyped_after RENAME TO retyped_before;
DROP TYPE retyped_before;
INSERT INTO retyped VALUES (2);
SELECT * FROM retyped ORDER BY id;
ALTER TABLE retyped ALTER one DROP DEFAULT, ALTER one TYPE text, DROP COLUMN many;
DROP TYPE retyped_before;
SELECT * FROM retyped ORDER BY id;
DROP TABLE retyped;
