-- Extension hstore 1.8: sets of pairs of text keys and values. Symbols: fn_hstore.c.
CREATE TYPE hstore;
CREATE FUNCTION hstore_in(cstring) RETURNS hstore
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_in';
CREATE FUNCTION hstore_out(hstore) RETURNS cstring
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_out';
CREATE FUNCTION hstore_recv(internal) RETURNS hstore
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_recv';
CREATE FUNCTION hstore_send(hstore) RETURNS bytea
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_send';
CREATE TYPE hstore (INPUT = hstore_in, OUTPUT = hstore_out, RECEIVE = hstore_recv, SEND = hstore_send);
CREATE FUNCTION hstore_version_diag(hstore) RETURNS int4
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_version_diag';
CREATE FUNCTION fetchval(hstore, text) RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_fetchval';
CREATE OPERATOR -> (PROCEDURE = fetchval, LEFTARG = hstore, RIGHTARG = text);
CREATE FUNCTION slice_array(hstore, text[]) RETURNS text[]
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_slice_to_array';
CREATE OPERATOR -> (PROCEDURE = slice_array, LEFTARG = hstore, RIGHTARG = text[]);
CREATE FUNCTION slice(hstore, text[]) RETURNS hstore
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_slice_to_hstore';
CREATE FUNCTION isexists(hstore, text) RETURNS bool
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_exists';
CREATE FUNCTION exist(hstore, text) RETURNS bool
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_exists';
CREATE OPERATOR ? (PROCEDURE = exist, LEFTARG = hstore, RIGHTARG = text,
    RESTRICT = matchingsel, JOIN = matchingjoinsel);
CREATE FUNCTION exists_any(hstore, text[]) RETURNS bool
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_exists_any';
CREATE OPERATOR ?| (PROCEDURE = exists_any, LEFTARG = hstore, RIGHTARG = text[],
    RESTRICT = matchingsel, JOIN = matchingjoinsel);
CREATE FUNCTION exists_all(hstore, text[]) RETURNS bool
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_exists_all';
CREATE OPERATOR ?& (PROCEDURE = exists_all, LEFTARG = hstore, RIGHTARG = text[],
    RESTRICT = matchingsel, JOIN = matchingjoinsel);
CREATE FUNCTION isdefined(hstore, text) RETURNS bool
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_defined';
CREATE FUNCTION defined(hstore, text) RETURNS bool
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_defined';
CREATE FUNCTION delete(hstore, text) RETURNS hstore
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_delete';
CREATE OPERATOR - (PROCEDURE = delete, LEFTARG = hstore, RIGHTARG = text);
CREATE FUNCTION delete(hstore, text[]) RETURNS hstore
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_delete_array';
CREATE OPERATOR - (PROCEDURE = delete, LEFTARG = hstore, RIGHTARG = text[]);
CREATE FUNCTION delete(hstore, hstore) RETURNS hstore
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_delete_hstore';
CREATE OPERATOR - (PROCEDURE = delete, LEFTARG = hstore, RIGHTARG = hstore);
CREATE FUNCTION hs_concat(hstore, hstore) RETURNS hstore
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_concat';
CREATE OPERATOR || (PROCEDURE = hs_concat, LEFTARG = hstore, RIGHTARG = hstore);
CREATE FUNCTION hs_contains(hstore, hstore) RETURNS bool
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_contains';
CREATE FUNCTION hs_contained(hstore, hstore) RETURNS bool
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_contained';
CREATE OPERATOR @> (PROCEDURE = hs_contains, LEFTARG = hstore, RIGHTARG = hstore,
    COMMUTATOR = <@, RESTRICT = matchingsel, JOIN = matchingjoinsel);
CREATE OPERATOR <@ (PROCEDURE = hs_contained, LEFTARG = hstore, RIGHTARG = hstore,
    COMMUTATOR = @>, RESTRICT = matchingsel, JOIN = matchingjoinsel);
CREATE FUNCTION tconvert(text, text) RETURNS hstore
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'hstore_from_text';
CREATE FUNCTION hstore(text, text) RETURNS hstore
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'hstore_from_text';
CREATE FUNCTION hstore(text[], text[]) RETURNS hstore
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'hstore_from_arrays';
CREATE FUNCTION hstore(text[]) RETURNS hstore
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_from_array';
CREATE CAST (text[] AS hstore) WITH FUNCTION hstore(text[]);
CREATE FUNCTION hstore_to_json(hstore) RETURNS json
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_to_json';
CREATE CAST (hstore AS json) WITH FUNCTION hstore_to_json(hstore);
CREATE FUNCTION hstore_to_json_loose(hstore) RETURNS json
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_to_json_loose';
CREATE FUNCTION hstore_to_jsonb(hstore) RETURNS jsonb
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_to_jsonb';
CREATE CAST (hstore AS jsonb) WITH FUNCTION hstore_to_jsonb(hstore);
CREATE FUNCTION hstore_to_jsonb_loose(hstore) RETURNS jsonb
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_to_jsonb_loose';
CREATE FUNCTION hstore(record) RETURNS hstore
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'hstore_from_record';
CREATE FUNCTION hstore_to_array(hstore) RETURNS text[]
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_to_array';
CREATE OPERATOR %% (PROCEDURE = hstore_to_array, RIGHTARG = hstore);
CREATE FUNCTION hstore_to_matrix(hstore) RETURNS text[]
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_to_matrix';
CREATE OPERATOR %# (PROCEDURE = hstore_to_matrix, RIGHTARG = hstore);
CREATE FUNCTION akeys(hstore) RETURNS text[]
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_akeys';
CREATE FUNCTION avals(hstore) RETURNS text[]
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_avals';
CREATE FUNCTION skeys(hstore) RETURNS SETOF text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_skeys';
CREATE FUNCTION svals(hstore) RETURNS SETOF text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_svals';
CREATE FUNCTION each(IN hs hstore, OUT key text, OUT value text) RETURNS SETOF record
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_each';
CREATE FUNCTION populate_record(anyelement, hstore) RETURNS anyelement
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'hstore_populate_record';
CREATE OPERATOR #= (PROCEDURE = populate_record, LEFTARG = anyelement, RIGHTARG = hstore);
CREATE FUNCTION hstore_eq(hstore, hstore) RETURNS bool
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_eq';
CREATE FUNCTION hstore_ne(hstore, hstore) RETURNS bool
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_ne';
CREATE FUNCTION hstore_gt(hstore, hstore) RETURNS bool
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_gt';
CREATE FUNCTION hstore_ge(hstore, hstore) RETURNS bool
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_ge';
CREATE FUNCTION hstore_lt(hstore, hstore) RETURNS bool
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_lt';
CREATE FUNCTION hstore_le(hstore, hstore) RETURNS bool
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_le';
CREATE FUNCTION hstore_cmp(hstore, hstore) RETURNS int4
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_cmp';
CREATE OPERATOR = (PROCEDURE = hstore_eq, LEFTARG = hstore, RIGHTARG = hstore,
    COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, MERGES, HASHES);
CREATE OPERATOR <> (PROCEDURE = hstore_ne, LEFTARG = hstore, RIGHTARG = hstore,
    COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR #<# (PROCEDURE = hstore_lt, LEFTARG = hstore, RIGHTARG = hstore,
    COMMUTATOR = #>#, NEGATOR = #>=#, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR #<=# (PROCEDURE = hstore_le, LEFTARG = hstore, RIGHTARG = hstore,
    COMMUTATOR = #>=#, NEGATOR = #>#, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR #># (PROCEDURE = hstore_gt, LEFTARG = hstore, RIGHTARG = hstore,
    COMMUTATOR = #<#, NEGATOR = #<=#, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR #>=# (PROCEDURE = hstore_ge, LEFTARG = hstore, RIGHTARG = hstore,
    COMMUTATOR = #<=#, NEGATOR = #<#, RESTRICT = scalargesel, JOIN = scalargejoinsel);
CREATE FUNCTION hstore_hash(hstore) RETURNS int4
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_hash';
CREATE FUNCTION hstore_hash_extended(hstore, int8) RETURNS int8
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_hash_extended';
CREATE OPERATOR CLASS btree_hstore_ops DEFAULT FOR TYPE hstore USING btree AS
    OPERATOR 1 #<#, OPERATOR 2 #<=#, OPERATOR 3 =, OPERATOR 4 #>=#, OPERATOR 5 #>#,
    FUNCTION 1 hstore_cmp(hstore, hstore);
CREATE OPERATOR CLASS hash_hstore_ops DEFAULT FOR TYPE hstore USING hash AS
    OPERATOR 1 =, FUNCTION 1 hstore_hash(hstore), FUNCTION 2 hstore_hash_extended(hstore, int8);
