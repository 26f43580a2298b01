-- Values that have a meaning in a string of SQL or in a dump, or to somebody who reads
-- them without care. A column named twice is computed by the server.

CREATE TABLE bytes (n int, one text, within text, raw varbinary(9), blobs blob);
INSERT INTO bytes SELECT seq, char(seq USING utf8mb4), concat('a', char(seq USING utf8mb4), 'b'),
	concat('\\', char(seq), '\'', char(seq)), char(seq) FROM seq_0_to_127;
INSERT INTO bytes SELECT seq, NULL, NULL, char(seq), concat(char(seq), char(0), 'x') FROM seq_128_to_255;

CREATE TABLE texts (n int AUTO_INCREMENT PRIMARY KEY, v longtext);
INSERT INTO texts (v) VALUES (NULL), (''), (' '), ('NULL'), ('\\N'), ('\\\\'), ('\\'), (''''), (''''''), ('\\'''),
	('''); DROP TABLE texts; -- '), ('"'), ('\\"'), ('\r\n'), ('\t\b\Z\0\n'), ('\\n'), ('\%\_'), ('%_'),
	('/* */'), ('/*!40000 x */'), ('# -- ;'), ('DELIMITER //'), ('),(1,''x''),('), ('0x41'), ('_binary ''x'''),
	('Zoë Müller'), ('日本語'), ('😀 🇩🇪 👩‍👩‍👧'), (_utf8mb4 X'65CC8120E280AE20EFBBBF'),
	(repeat('long '' \\ \n 😀', 5000)), ('1'), ('007'), ('true');

CREATE TABLE latin (v varchar(99) CHARACTER SET latin1);
INSERT INTO latin VALUES ('Müller € ß'), ('\\''');

CREATE TABLE types (
	id bigint, big bigint unsigned, tiny tinyint(1), padded int(8) unsigned zerofill,
	price decimal(38,10), ratio double, part float,
	born date, seen timestamp NULL, at datetime(6), span time(3), born_in year,
	feeling enum('sad', 'it''s \\ ok', ''), liked set('a', 'b c'), doc json,
	raw blob, fixed binary(4), uuid binary(16), flag bit(1), bits bit(10), wide bit(64),
	short char(8), place point, address inet6, ident uuid,
	`select` int, `a ``quoted`` column` text, twice bigint GENERATED ALWAYS AS (id) VIRTUAL);
INSERT INTO types (id) VALUES (0);
INSERT INTO types VALUES (
	9223372036854775807, 18446744073709551615, 1, 42,
	9999999999999999999999999999.9999999999, 1.7976931348623157e308, 3.40282e38,
	'9999-12-31', '2026-09-08 07:06:05', '2026-09-08 07:06:05.123456', '-838:59:59', 2155,
	'it''s \\ ok', 'a,b c', '{"a": "\\u00e9\\\\", "b": [1, null]}',
	X'00FF275C0A1A0D22', X'41', X'00112233445566778899AABBCCDDEEFF', b'1', b'1010101010', b'1000000000000000000000000000000000000000000000000000000000000001',
	'ab', ST_GeomFromText('POINT(1 2)'), '2001:db8::1', '00000000-0000-0000-0000-000000000001',
	1, 'x', DEFAULT);
INSERT INTO types VALUES (
	-9223372036854775807 - 1, 0, 0, 0,
	-0.0000000001, 2.2250738585072014e-308, 1.17549e-38,
	'1000-01-01', '1970-01-01 00:00:01', '1000-01-01', '0', 1901,
	'', '', 'null',
	'', '', '', b'0', b'0', b'0',
	'', NULL, '::', 'ffffffff-ffff-ffff-ffff-ffffffffffff',
	0, '', DEFAULT);
INSERT INTO types (id, ratio, part, price, raw, fixed) VALUES
	(1, 1e20, 1e20, 1.5, 'plain text', 'text'), (2, 0.1, 1.1, -1.5, '0x41', X'FFFFFFFF'),
	(3, -0.0, 16777216, 0, 'é', ''), (4, 0.1e0 + 0.2e0, 123456.789, 100, '\\', '''');

CREATE TABLE `odd; ``table` (`Mixed Case` int, `é` text);
INSERT INTO `odd; ``table` VALUES (1, 'one'), (2, NULL);
CREATE TABLE empty (id int, email text);
CREATE VIEW everybody AS SELECT id FROM empty;
DELIMITER //
CREATE PROCEDURE quoted() BEGIN SELECT 'INSERT INTO bytes VALUES (1);', "it's"; END//
CREATE TRIGGER changed BEFORE INSERT ON empty FOR EACH ROW BEGIN SET NEW.email = 'x;'; END//
DELIMITER ;
