create table c (a int, b text, d int default 7);
copy c (a, b) from stdin where a > 6 and b <> 'no';
6	six
7	seven
8	no
9	nine
\N	null
\.
select * from c order by a;
\copy c from '/dev/null' where nosuch > 1
\copy c from '/dev/null' where sum(a) > 1
\copy c from '/dev/null' where a > (select 1)
\copy c from '/dev/null' where a
copy c to stdout where a > 1;
copy c from stdin (format csv) where d between 2 and 3 or b = 'q';
10,x,1
11,y,2
12,q,9
\.
select * from c order by a;
\copy c from '/dev/null' (format binary, delimiter 'x')
\copy c from '/dev/null' (format binary, null 'x')
copy c to stdout (format binary, header);
\copy c from '/dev/null' (format binary, format text)
