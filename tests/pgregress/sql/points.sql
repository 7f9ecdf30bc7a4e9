-- point
SELECT '(1,2)'::point, '1.5,-2'::point, ' ( 3 , 4e2 ) '::point, point(1, 2), '(Infinity,NaN)'::point, '(-0,0)'::point;
SELECT '(1,2'::point;
SELECT '1'::point;
SELECT '(1,2)x'::point;
SELECT '(a,b)'::point;
SELECT ''::point;
SELECT '(1e400,1)'::point;
SELECT point(1,2) + point(3,4), point(1,2) - point(3,4), point(1,2) * point(3,4), point(5,10) / point(1,2), point(0,0) <-> point(3,4), point(1,1) ~= point(1,1.00000001), point(1,1) <> point(1,1), point(1,1) << point(2,1), point(2,1) >> point(1,1), point(1,2) |>> point(1,1), point(1,1) <<| point(1,2), slope(point(0,0), point(2,1)), ishorizontal(point(1,1), point(2,1)), isvertical(point(1,1), point(1,2)), point(1,1) ?- point(2,1), point(1,1) ?| point(1,2);
SELECT point(1,2) / point(0,0);
SELECT point(1,2) = point(1,2);
CREATE TABLE pts (id int, p point, a point[]);
INSERT INTO pts VALUES (1, '(1,2)', ARRAY[point(1,2), point(3,4)]), (2, point(5,5), NULL), (3, NULL, '{}');
SELECT * FROM pts ORDER BY id;
SELECT id, p <-> point(0,0) AS d FROM pts WHERE p IS NOT NULL ORDER BY p <-> point(0,0);
SELECT id FROM pts WHERE p ~= '(1,2)';
SELECT to_json(p), p::text FROM pts WHERE id = 1;
SELECT p FROM pts GROUP BY p;
CREATE INDEX ON pts (p);
\d pts
