DO $$ BEGIN RAISE NOTICE 'hello % and %', 1, 'x'; END $$;
CREATE FUNCTION f1(a int, b text DEFAULT 'q') RETURNS text LANGUAGE plpgsql AS $$
DECLARE x int := a * 2; s text;
BEGIN
  s := b || x;
  IF x > 5 THEN s := s || '!'; ELSIF x = 4 THEN s := s || '?'; ELSE s := s || '.'; END IF;
  RETURN s;
END $$;
SELECT f1(1), f1(2), f1(3,'w');
CREATE FUNCTION fact(n numeric) RETURNS numeric LANGUAGE plpgsql AS $$ BEGIN IF n <= 1 THEN RETURN 1; END IF; RETURN n * fact(n - 1); END $$;
SELECT fact(20);
CREATE TABLE t(id int primary key, v text);
CREATE FUNCTION ins(n int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE c int;
BEGIN
 FOR i IN 1..n LOOP INSERT INTO t VALUES (i, 'v' || i); END LOOP;
 GET DIAGNOSTICS c = ROW_COUNT;
 SELECT count(*) INTO c FROM t;
 RETURN c;
END $$;
SELECT ins(5);
CREATE FUNCTION rows1() RETURNS SETOF t LANGUAGE plpgsql AS $$
DECLARE r t; q record;
BEGIN
 FOR r IN SELECT * FROM t ORDER BY id LOOP r.v := r.v || 'x'; RETURN NEXT r; END LOOP;
 FOR q IN SELECT id, v FROM t WHERE id > 3 ORDER BY id LOOP q.v = 'z'; RETURN NEXT q; END LOOP;
 RETURN QUERY SELECT id + 10, v FROM t WHERE id < 3 ORDER BY id;
END $$;
SELECT * FROM rows1();
SELECT rows1() LIMIT 2;
CREATE FUNCTION outs(a int, OUT b int, OUT c text) LANGUAGE plpgsql AS $$ BEGIN b := a + 1; c := 'c' || a; END $$;
SELECT * FROM outs(4); SELECT outs(5);
CREATE FUNCTION tab(n int) RETURNS TABLE(x int, y int) LANGUAGE plpgsql AS $$ BEGIN FOR i IN REVERSE n..1 BY 2 LOOP x := i; y := i*i; RETURN NEXT; END LOOP; END $$;
SELECT * FROM tab(5);
CREATE FUNCTION ex(a int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE r text; st text; m text; d text; ctx text;
BEGIN
 BEGIN
  INSERT INTO t VALUES (100, 'a');
  r := (10 / a)::text;
 EXCEPTION WHEN division_by_zero THEN
   r := 'div ' || SQLSTATE || ' ' || SQLERRM;
   GET STACKED DIAGNOSTICS st = RETURNED_SQLSTATE, m = MESSAGE_TEXT, ctx = PG_EXCEPTION_CONTEXT;
   RAISE NOTICE '% % %', st, m, ctx;
 WHEN OTHERS THEN r := 'other';
 END;
 RETURN r || (SELECT count(*) FROM t);
END $$;
SELECT ex(0); SELECT ex(5); SELECT ex(5);
SELECT f_nosuch();
CREATE FUNCTION bad() RETURNS int LANGUAGE plpgsql AS $$ BEGIN retrn 1; END $$;
CREATE FUNCTION bad() RETURNS int LANGUAGE plpgsql AS $$
BEGIN
 RETURN x + ;
END $$;
CREATE FUNCTION bad2() RETURNS int LANGUAGE plpgsql AS $$
BEGIN
 RETURN nosuch + 1;
END $$;
SELECT bad2();
CREATE FUNCTION bad3() RETURNS int LANGUAGE plpgsql AS $$
DECLARE id int := 1; BEGIN
 PERFORM 1 FROM t WHERE id = id;
 RETURN 1;
END $$;
SELECT bad3();
CREATE FUNCTION bad4() RETURNS int LANGUAGE plpgsql AS $$ BEGIN SELECT 1; END $$;
SELECT bad4();
CREATE FUNCTION bad5(a int) RETURNS int LANGUAGE plpgsql AS $$ DECLARE x int; BEGIN x := 1/a; END $$;
SELECT bad5(0); SELECT bad5(1);
CREATE FUNCTION dyn(tn text, k int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE r text; BEGIN EXECUTE format('SELECT v FROM %I WHERE id = $1', tn) INTO r USING k; RETURN r; END $$;
SELECT dyn('t', 3), dyn('t', 77);
SELECT dyn('nosuch', 3);
CREATE FUNCTION strict1() RETURNS int LANGUAGE plpgsql AS $$ DECLARE x int; BEGIN SELECT id INTO STRICT x FROM t WHERE id < 3; RETURN x; END $$;
SELECT strict1();
CREATE FUNCTION strict2() RETURNS int LANGUAGE plpgsql AS $$ DECLARE x int; BEGIN SELECT id INTO STRICT x FROM t WHERE id < 0; RETURN x; END $$;
SELECT strict2();
CREATE FUNCTION rz() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'oops %', 5 USING ERRCODE = 'unique_violation', HINT = 'try', DETAIL = 'more'; END $$;
SELECT rz();
DO $$ BEGIN ASSERT 1 = 2, 'no way'; END $$;
DO $$ DECLARE a int[] := '{1,2,3}'; x int; r record; BEGIN a[2] := 20; a[5] := 7; FOREACH x IN ARRAY a LOOP RAISE NOTICE '%', x; END LOOP; r := (1, 'b'::text); RAISE NOTICE '% %', r.f1, r; CASE a[2] WHEN 20, 21 THEN RAISE NOTICE 'twenty'; ELSE RAISE NOTICE 'else'; END CASE; END $$;
DO $$ DECLARE c CURSOR (m int) FOR SELECT * FROM t WHERE id <= m ORDER BY id; r record; k refcursor; BEGIN FOR r IN c(2) LOOP RAISE NOTICE '%', r; END LOOP; OPEN k FOR SELECT v FROM t ORDER BY id DESC; FETCH k INTO r; RAISE NOTICE '% %', r.v, FOUND; MOVE FORWARD 2 FROM k; FETCH NEXT FROM k INTO r; RAISE NOTICE '%', r.v; CLOSE k; END $$;
CREATE PROCEDURE p1(a int, INOUT b int) LANGUAGE plpgsql AS $$ BEGIN b := a + b; END $$;
CALL p1(1, 2);
DO $$ DECLARE z int := 5; BEGIN CALL p1(3, z); RAISE NOTICE 'z %', z; END $$;
\df f1
\sf f1
CREATE PROCEDURE tx() LANGUAGE plpgsql AS $$ BEGIN FOR i IN 1..4 LOOP INSERT INTO t VALUES (200+i,'t'); IF i % 2 = 0 THEN COMMIT; ELSE ROLLBACK; END IF; END LOOP; END $$;
CALL tx(); SELECT id FROM t WHERE id > 150 ORDER BY 1;
BEGIN; CALL tx(); ROLLBACK;
DO $$ BEGIN INSERT INTO t VALUES (300,'x'); COMMIT; RAISE EXCEPTION 'after'; END $$;
SELECT count(*) FROM t WHERE id = 300;
