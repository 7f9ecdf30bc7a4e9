-- Row types as parameters and results of SQL functions, and in FROM.
CREATE TABLE parts (id int, name text, price numeric);
INSERT INTO parts VALUES (1, 'bolt', 1.5), (2, 'nut', 2.5), (3, NULL, NULL);

-- Arrays of rows in FROM give their columns.
SELECT * FROM unnest(ARRAY[ROW(1, 'a', 2)::parts, NULL]) u;
SELECT u.name, u FROM unnest((SELECT array_agg(p ORDER BY id) FROM parts p)) u;
CREATE FUNCTION next_id(x parts) RETURNS int LANGUAGE sql AS $$ SELECT x.id + 1 $$;
SELECT next_id(u), u.next_id FROM unnest((SELECT array_agg(p ORDER BY id) FROM parts p)) u;
CREATE FUNCTION total(x parts[]) RETURNS numeric LANGUAGE sql AS $$ SELECT sum((u).price) FROM unnest(x) u $$;
SELECT total(array_agg(p)) FROM parts p;

-- The row of a function in FROM is of the function's type.
CREATE FUNCTION all_parts() RETURNS SETOF parts LANGUAGE sql AS $$ SELECT * FROM parts ORDER BY id $$;
CREATE FUNCTION all_rows() RETURNS SETOF parts LANGUAGE sql AS $$ SELECT p FROM parts p ORDER BY id $$;
SELECT x.next_id, pg_typeof(x) FROM all_parts() x;
SELECT * FROM all_rows();
SELECT * FROM all_rows() WITH ORDINALITY;

-- A parameter's columns.
CREATE FUNCTION store(x parts) RETURNS void LANGUAGE sql AS $$ INSERT INTO parts SELECT x.* $$;
SELECT store(ROW(7, 'cog', 7));
CREATE FUNCTION spread(x parts) RETURNS SETOF parts LANGUAGE sql AS $$ SELECT spread.x.* $$;
SELECT * FROM parts p, spread(p) s ORDER BY p.id;
CREATE FUNCTION whole(x parts) RETURNS int LANGUAGE sql AS $$ SELECT next_id(x.*) $$;
SELECT whole(p) FROM parts p ORDER BY id;
CREATE FUNCTION no_row(x int) RETURNS int LANGUAGE sql AS $$ SELECT x.* $$;

-- The columns of the last statement are the type's.
CREATE FUNCTION few(i int) RETURNS parts LANGUAGE sql AS $$ SELECT i $$;
CREATE FUNCTION many(i int) RETURNS parts LANGUAGE sql AS $$ SELECT 1, 'a'::text, 2.0, 4 $$;
CREATE FUNCTION other(i int) RETURNS parts LANGUAGE sql AS $$ SELECT i, i, current_date $$;
CREATE FUNCTION made(i int) RETURNS parts LANGUAGE sql AS $$ SELECT i, 'm'::text, 1.0 $$;
SELECT made(1);
ALTER TABLE parts ADD COLUMN added int DEFAULT 9;
SELECT made(1);
SELECT * FROM all_parts();
ALTER TABLE parts DROP COLUMN price;
SELECT x, x.next_id FROM all_parts() x;
SELECT * FROM unnest((SELECT array_agg(p ORDER BY id) FROM parts p)) u;
DROP TABLE parts CASCADE;
