-- The times in which a page that notices lead to did not answer, and a run waited for it.
-- One that is open goes on; or its process died, which the next one that sends makes lost.
CREATE TABLE pauses (
    number INTEGER PRIMARY KEY,
    run    INTEGER NOT NULL REFERENCES runs (number),
    link   TEXT    NOT NULL CHECK (link <> ''),   -- its name in the configuration
    reason TEXT    NOT NULL CHECK (reason <> ''), -- why it does not answer, as seen last
    began  INTEGER NOT NULL,
    ended  INTEGER CHECK (ended >= began),
    ending TEXT    NOT NULL DEFAULT 'open' CHECK (ending IN ('open', 'answered', 'stopped', 'lost')),
    CHECK ((ended IS NOT NULL) = (ending IN ('answered', 'stopped')))
) STRICT;

-- A page is waited for once at a time.
CREATE UNIQUE INDEX pauses_open ON pauses (link) WHERE ending = 'open';
