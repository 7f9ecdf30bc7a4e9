create table ip (a int, b text, j jsonb, d date);
create index ip_b on ip (a desc, b) include (d);
create index ip_h on ip using hash (b);
create index ip_g on ip using gin (j);
create index ip_r on ip using brin (d);
select a.amname, p, pg_indexam_has_property(a.oid, p) from pg_am a, unnest(array['can_order', 'can_unique', 'can_multi_col', 'can_exclude', 'can_include', 'asc', 'nope']) p where a.amtype = 'i' order by 1, 2;
select i, p, pg_index_has_property(i::regclass, p) from unnest(array['ip_b', 'ip_h', 'ip_g', 'ip_r', 'ip']) i, unnest(array['clusterable', 'index_scan', 'bitmap_scan', 'backward_scan', 'nope']) p order by 1, 2;
select i, c, p, pg_index_column_has_property(i::regclass, c, p) from unnest(array['ip_b', 'ip_h', 'ip_g', 'ip_r']) i, generate_series(0, 4) c, unnest(array['asc', 'desc', 'nulls_first', 'nulls_last', 'orderable', 'distance_orderable', 'returnable', 'search_array', 'search_nulls', 'nope']) p where c < 2 or i = 'ip_b' order by 1, 2, 3;
select pg_index_has_property(0, 'clusterable'), pg_indexam_has_property(2, 'can_order');
