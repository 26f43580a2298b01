-- What the export has where an address should be and is none, for whoever has to find out
-- what was meant. At most 512 octets of it.
CREATE TABLE written (
    account INTEGER PRIMARY KEY REFERENCES accounts (n),
    text    TEXT    NOT NULL CHECK (text <> '' AND length(CAST(text AS BLOB)) <= 512)
) STRICT;
