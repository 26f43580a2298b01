-- Until when everybody is to have been told; no row: there is no deadline.
CREATE TABLE deadline (
    one        INTEGER PRIMARY KEY CHECK (one = 1),
    due        INTEGER NOT NULL,
    discovered INTEGER NOT NULL CHECK (discovered < due),
    term       TEXT    NOT NULL CHECK (term <> ''),
    zone       TEXT    NOT NULL CHECK (zone <> '')
) STRICT;

-- Attempts that brought no acceptance are few beside the others, so that the last ones
-- are found at once and the others cost nothing.
CREATE INDEX attempts_failed ON attempts (at) WHERE code < 200 OR code > 299;
