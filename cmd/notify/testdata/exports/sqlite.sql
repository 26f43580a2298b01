CREATE TABLE users (id INTEGER PRIMARY KEY, code TEXT, email TEXT, name TEXT, password_hash TEXT, provider TEXT, lang TEXT);
INSERT INTO users VALUES (1, 'A-1', 'jane@example.org', 'Jane', '$2b$12$aaaa', NULL, 'en');
INSERT INTO users VALUES (2, '007', 'joe@example.net', 'Joe, "the" O''Neil', NULL, 'google', 'de');
INSERT INTO users VALUES (3, '7', 'sam@example.com', 'Sam \ é😀', '$2b$12$cccc', 'saml', 'en');
INSERT INTO users VALUES (4, 'B-4', NULL, 'Two
lines', '$2b$12$dddd', '', NULL);
INSERT INTO users VALUES (10, '8', 'neither@example.org', NULL, '!', NULL, 'fr');
