-- Values that have a meaning in the text of COPY, in a string of SQL or in a dump, or to
-- somebody who reads them without care. A column named twice is computed by the server.

CREATE SCHEMA "odd ""schema.";
CREATE TYPE mood AS ENUM ('sad', 'it''s \ ok');
CREATE TABLE bytes (n int, one text, within text, twice text);
INSERT INTO bytes SELECT n, chr(n), 'a' || chr(n) || 'b', '\' || chr(n) || '''' || chr(n) FROM generate_series(1, 127) AS n;
CREATE TABLE texts (n serial, v text);
INSERT INTO texts (v) VALUES (NULL), (''), (' '), ('NULL'), ('\N'), ('\\N'), ('\.'), (E'\\.\n'), (E'a\n\\.\nb'), (E'\r\n'), ('\b\f\n\r\t\v'),
	('\x41\101'), ('\'), ('\\'), (''''), (''''''), ('''); DROP TABLE texts; --'), ('"'), ('$$'), ('$a$ $a$'), ('/* */ -- ;'), (E'--\nCOPY x FROM stdin;\n'),
	('Zoë Müller'), ('日本語'), ('😀 🇩🇪 👩‍👩‍👧'), (U&'e\0301 \202E \FEFF \+01F600'), (repeat(E'long '' \\ \t 😀', 5000)), ('t'), ('1'), ('007');
CREATE TABLE types (id bigint, small smallint, flag boolean, price numeric(38,10), free numeric, ratio double precision, part real, born date,
	seen timestamptz, at timestamp, span interval, tags text[], grid int[][], doc json, docb jsonb, raw bytea, feeling mood,
	address inet, key uuid, fixed char(8), short varchar(5), bits bit varying(9), place point, cost money, words tsvector, spread int4range, line xml,
	"select" text, "a ""quoted"" column" text, twice bigint GENERATED ALWAYS AS (id) STORED);
INSERT INTO types (id) VALUES (0);
INSERT INTO types VALUES (9223372036854775807, 32767, true, 9999999999999999999999999999.9999999999, 'NaN', 'Infinity', '-Infinity', 'infinity',
	'2026-09-08 07:06:05.123456+02', '0044-03-15 07:06:05 BC', '-1 year 2 days -00:00:03.5', '{"a,b",NULL,"NULL","","\"","\\","{}","\n"}', '{{1,2},{3,4}}',
	'{"a": "\u00e9\\ \"", "b": [1, null]}', '{"b": 1,  "a": "tab\t"}', '\x00ff275c0a', 'it''s \ ok', '2001:db8::1', '00000000-0000-0000-0000-000000000001',
	'ab', 'é', B'10101', '(1.5,-2)', 12.34, 'a fat ''cat'':1', '[1,5)', '<a>&amp;</a>', 'x', 'y');
INSERT INTO types VALUES (-9223372036854775808, -32768, false, -0.0000000001, 1e100, 0.1, 1.1, '2026-02-28', '1970-01-01 00:00:00Z', '2026-09-08', '0', '{}', '{}',
	'null', '"x"', '', 'sad', '10.0.0.0/8', 'ffffffff-ffff-ffff-ffff-ffffffffffff', '', '', B'', '(0,0)', 0, '', 'empty', '', '', '');
INSERT INTO types (id, ratio, part, price, free) VALUES (1, 1e20, 1e20, 1.5, 12345678901234567890), (2, 5e-324, 1.17549435e-38, -1.5, 0.1),
	(3, 1.7976931348623157e308, 3.4028235e38, 0, '1.50'), (4, -0.0::float8, 16777216, 1, 100);
CREATE TABLE "odd ""schema."."odd; ""table" ("Mixed Case" int, "é" text);
INSERT INTO "odd ""schema."."odd; ""table" VALUES (1, 'one'), (2, NULL);
CREATE TABLE empty (id int, email text);
CREATE TABLE logs (id int, at date) PARTITION BY RANGE (at);
CREATE TABLE logs_2025 PARTITION OF logs FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE logs_2026 PARTITION OF logs FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
INSERT INTO logs VALUES (1, '2026-05-01'), (2, '2025-05-01');
CREATE FUNCTION quoted() RETURNS text LANGUAGE plpgsql AS $body$ BEGIN RETURN $$ COPY bytes FROM stdin; $$ || ';' || 'it''s'; END $body$;
COMMENT ON TABLE bytes IS 'a ; comment
COPY bytes FROM stdin;';
