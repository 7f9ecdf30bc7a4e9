CREATE TABLE tg_t (id int PRIMARY KEY, v text, n int DEFAULT 0, d int GENERATED ALWAYS AS (n * 2) STORED);
CREATE TABLE tg_log (seq serial, what text);
CREATE FUNCTION tg_note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO tg_log (what) VALUES (concat_ws(' ', TG_NAME, TG_WHEN, TG_LEVEL, TG_OP, TG_TABLE_NAME, TG_NARGS, TG_ARGV[0], OLD::text, NEW::text, pg_trigger_depth()));
  IF TG_LEVEL = 'STATEMENT' THEN RETURN NULL; END IF;
  IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
  RETURN NEW;
END $$;
CREATE FUNCTION tg_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.v = 'skip' THEN RETURN NULL; END IF;
  NEW.n := NEW.n + 1;
  RETURN NEW;
END $$;
CREATE FUNCTION tg_int() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE TRIGGER a_bs BEFORE INSERT OR UPDATE OR DELETE ON tg_t EXECUTE FUNCTION tg_note();
CREATE TRIGGER b_change BEFORE INSERT OR UPDATE ON tg_t FOR EACH ROW EXECUTE FUNCTION tg_change();
CREATE TRIGGER c_br BEFORE INSERT OR UPDATE OR DELETE ON tg_t FOR EACH ROW EXECUTE FUNCTION tg_note('x');
CREATE TRIGGER d_ar AFTER INSERT OR UPDATE OR DELETE ON tg_t FOR EACH ROW EXECUTE PROCEDURE tg_note('it''s', 2);
CREATE TRIGGER e_as AFTER INSERT OR UPDATE OR DELETE ON tg_t FOR EACH STATEMENT EXECUTE FUNCTION tg_note();
CREATE TRIGGER e_as AFTER INSERT ON tg_t EXECUTE FUNCTION tg_note();
CREATE TRIGGER f AFTER INSERT ON tg_t EXECUTE FUNCTION tg_int();
CREATE TRIGGER f AFTER INSERT ON tg_t EXECUTE FUNCTION tg_none();
CREATE TRIGGER f AFTER INSERT ON tg_none EXECUTE FUNCTION tg_note();
SELECT tg_note();
INSERT INTO tg_t VALUES (1, 'one'), (2, 'skip'), (3, 'three') RETURNING *;
SELECT what FROM tg_log ORDER BY seq;
TRUNCATE tg_log;
UPDATE tg_t SET v = upper(v) WHERE id = 1 RETURNING *;
UPDATE tg_t SET v = 'nothing' WHERE id = 99;
UPDATE tg_t SET v = 'skip' WHERE id = 3;
DELETE FROM tg_t WHERE id = 3;
SELECT what FROM tg_log ORDER BY seq;
TRUNCATE tg_log;
INSERT INTO tg_t VALUES (1, 'again'), (5, 'five') ON CONFLICT (id) DO UPDATE SET v = excluded.v, n = excluded.n * 10 RETURNING *;
SELECT what FROM tg_log ORDER BY seq;
TRUNCATE tg_log;
MERGE INTO tg_t USING (VALUES (1, 'm'), (7, 'seven')) s(id, v) ON tg_t.id = s.id WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT (id, v) VALUES (s.id, s.v);
SELECT what FROM tg_log ORDER BY seq;
TRUNCATE tg_log;
COPY tg_t (id, v) FROM stdin;
10	ten
11	skip
\.
SELECT what FROM tg_log ORDER BY seq;
TABLE tg_t ORDER BY id;
SELECT tgname, tgtype, tgenabled, tgnargs, tgargs, tgattr, tgisinternal FROM pg_trigger WHERE tgrelid = 'tg_t'::regclass ORDER BY 1;
SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = 'tg_t'::regclass ORDER BY tgname;
SELECT pg_get_triggerdef(oid, true) FROM pg_trigger WHERE tgrelid = 'tg_t'::regclass ORDER BY tgname;
\d tg_t
ALTER TABLE tg_t DISABLE TRIGGER c_br;
ALTER TABLE tg_t DISABLE TRIGGER nobody;
ALTER TRIGGER e_as ON tg_t RENAME TO d_ar;
ALTER TRIGGER e_as ON tg_t RENAME TO z_as;
COMMENT ON TRIGGER z_as ON tg_t IS 'last';
TRUNCATE tg_log;
INSERT INTO tg_t VALUES (20, 'twenty');
SELECT what FROM tg_log ORDER BY seq;
ALTER TABLE tg_t DISABLE TRIGGER USER;
INSERT INTO tg_t VALUES (21, 'twenty-one');
ALTER TABLE tg_t ENABLE TRIGGER ALL;
\d tg_t
DROP FUNCTION tg_change();
DROP FUNCTION tg_change() CASCADE;
DROP TRIGGER nobody ON tg_t;
DROP TRIGGER IF EXISTS nobody ON tg_t;
DROP TRIGGER z_as ON tg_t;
DROP TRIGGER a_bs ON tg_t;
DROP TRIGGER c_br ON tg_t;
DROP TRIGGER d_ar ON tg_t;
-- the row changed by its own trigger
CREATE FUNCTION tg_self() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE tg_t SET n = n + 100 WHERE id = OLD.id AND pg_trigger_depth() = 1;
  RETURN COALESCE(NEW, OLD);
END $$;
CREATE TRIGGER self BEFORE UPDATE OR DELETE ON tg_t FOR EACH ROW EXECUTE FUNCTION tg_self();
UPDATE tg_t SET v = 'x' WHERE id = 20;
DELETE FROM tg_t WHERE id = 20;
DROP TRIGGER self ON tg_t;
CREATE TRIGGER self AFTER UPDATE ON tg_t FOR EACH ROW EXECUTE FUNCTION tg_self();
UPDATE tg_t SET v = 'x' WHERE id = 20 RETURNING n;
SELECT * FROM tg_t WHERE id = 20;
-- a function that catches errors leaves the statement's other calls alone
CREATE FUNCTION tg_catch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  BEGIN
    INSERT INTO tg_log (what) VALUES ('lost');
    PERFORM 1 / 0;
  EXCEPTION WHEN division_by_zero THEN
    INSERT INTO tg_log (what) VALUES ('caught ' || NEW.id);
  END;
  RETURN NEW;
END $$;
CREATE TABLE tg_p (id int PRIMARY KEY);
CREATE TABLE tg_c (id int REFERENCES tg_p ON DELETE CASCADE);
CREATE TRIGGER catch AFTER INSERT ON tg_c FOR EACH ROW EXECUTE FUNCTION tg_catch();
CREATE TRIGGER catch_before BEFORE INSERT ON tg_c FOR EACH ROW EXECUTE FUNCTION tg_catch();
INSERT INTO tg_p VALUES (1), (2), (3);
TRUNCATE tg_log;
INSERT INTO tg_c VALUES (1), (2), (3);
SELECT what FROM tg_log ORDER BY seq;
INSERT INTO tg_c VALUES (1), (2), (9);
-- a foreign key's action fires the child's triggers
CREATE TRIGGER gone AFTER DELETE ON tg_c FOR EACH ROW EXECUTE FUNCTION tg_note();
TRUNCATE tg_log;
DELETE FROM tg_p WHERE id < 3;
SELECT what FROM tg_log ORDER BY seq;
DROP TABLE tg_c, tg_p, tg_t, tg_log;
SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal AND tgrelid NOT IN (SELECT oid FROM pg_class);
DROP FUNCTION tg_note(), tg_int(), tg_self(), tg_catch();
-- which triggers are on
CREATE TABLE tg_r (id int);
CREATE FUNCTION tg_tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE '% %', TG_NAME, TG_OP; RETURN NEW; END $$;
CREATE TRIGGER o BEFORE INSERT ON tg_r FOR EACH ROW EXECUTE FUNCTION tg_tell();
CREATE TRIGGER r BEFORE INSERT ON tg_r FOR EACH ROW EXECUTE FUNCTION tg_tell();
CREATE TRIGGER a AFTER INSERT ON tg_r EXECUTE FUNCTION tg_tell();
ALTER TABLE tg_r ENABLE REPLICA TRIGGER r, ENABLE ALWAYS TRIGGER a;
INSERT INTO tg_r VALUES (1);
SET session_replication_role = replica;
INSERT INTO tg_r VALUES (2);
RESET session_replication_role;
DROP TABLE tg_r;
DROP FUNCTION tg_tell();
