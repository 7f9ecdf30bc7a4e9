CREATE TABLE cp (a int, b text, c float8 DEFAULT 1.5, d text DEFAULT 'dflt');
COPY cp FROM STDIN;
1	one	1.1	x
2	\N	\N	\N
3	tab\there	3	back\\slash
4	new\nline	NaN	\x41\101
\.
COPY cp TO STDOUT;
COPY cp (b, a) TO STDOUT;
COPY cp (a, nosuch) TO STDOUT;
COPY cp (a, a) TO STDOUT;
COPY cp (a) FROM STDIN;
10
11
\.
COPY cp FROM STDIN;
1
\.
COPY cp FROM STDIN;
1	2	3	4	5
\.
COPY cp FROM STDIN;
x	2	3	4
\.
COPY cp (a, b) FROM STDIN WITH (DELIMITER ',', NULL 'nil');
20,twenty
21,nil
22,a\,b
\.
COPY cp (a, b) TO STDOUT (DELIMITER '|', NULL '');
COPY cp TO STDOUT CSV;
COPY cp TO STDOUT CSV HEADER QUOTE '''' ESCAPE '\' FORCE QUOTE b;
COPY cp (a, b) TO STDOUT (FORMAT csv, FORCE_QUOTE *, HEADER true);
COPY cp FROM STDIN CSV HEADER;
a,b,c,d
30,"quoted, ""x""",3,"multi
line"
31,,,
32,"",5,""
\.
COPY cp (a, b) FROM STDIN (FORMAT csv, HEADER match);
a,b
33,z
\.
COPY cp (a, b) FROM STDIN (FORMAT csv, HEADER match);
b,a
33,z
\.
COPY cp (a, b) FROM STDIN (FORMAT csv, FORCE_NULL (b), NULL 'x');
34,"x"
35,x
\.
COPY cp (a, b) FROM STDIN (FORMAT csv, FORCE_NOT_NULL (b));
36,
\.
COPY cp (a, b) FROM STDIN CSV;
40,"unterminated
\.
COPY cp (a, b) FROM STDIN CSV;
1,2,3
\.
COPY cp (a, b) FROM STDIN WHERE a > 50;
49	no
51	yes
\.
CREATE TABLE cpk (id int PRIMARY KEY, v text NOT NULL, n int CHECK (n > 0));
COPY cpk (id, v) FROM STDIN;
2	bad
\.
COPY cpk FROM STDIN;
3	c	\N
\.
COPY cpk (id, v) FROM STDIN;
4	d
5
\.
COPY cpk FROM STDIN;
abc	d	1
\.
COPY cpk FROM STDIN (FORMAT csv);
5,"e",99999999999
\.
SELECT * FROM cpk;
BEGIN;
COPY cpk FROM STDIN;
7	g	1
\.
SELECT count(*) FROM cpk;
ROLLBACK;
SELECT count(*) FROM cpk;
COPY cpk FROM STDIN;
\.
CREATE TABLE cpt (d date, t timestamptz, b bool, j jsonb, ar int[], by bytea, n numeric(5,2));
COPY cpt FROM STDIN;
2020-01-02	2020-01-02 03:04:05+00	t	{"a":1}	{1,2}	\\xdead	1.005
\N	\N	\N	\N	\N	\N	\N
\.
COPY cpt TO STDOUT;
COPY cpt TO STDOUT CSV;
COPY cpt FROM STDIN;
2020-13-02	\N	\N	\N	\N	\N	\N
\.
COPY cpt (j) FROM STDIN;
{bad
\.
COPY cpt (n) FROM STDIN;
12345.67
\.
\copy cp (a, b) to stdout
\copy (select 1 as x, 'y' as y) to stdout csv header
copy cp(a,b) to stdout delimiters ',' with null as 'N';
copy cp from stdin using delimiters ',';
1,2,3,4
\.
\copy binary cp from '/dev/null'
copy cp to stdout with csv delimiter ';' null 'nn' quote as '*' escape as '+' header force quote a, b;


-- FORCE_QUOTE of columns of a query
COPY (SELECT 1 AS a, 'x' AS b, 'y z' AS c) TO STDOUT (FORMAT csv, FORCE_QUOTE (b));
COPY (SELECT 1 AS a, NULL AS b, 'y z' AS c) TO STDOUT (FORMAT csv, HEADER, FORCE_QUOTE (a, c));
COPY (SELECT 1 AS a) TO STDOUT (FORMAT csv, FORCE_QUOTE (nosuch));
COPY (SELECT 1 AS a) TO STDOUT (FORMAT csv, FORCE_QUOTE (a, a));
