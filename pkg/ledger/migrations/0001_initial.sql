-- Times are microseconds since 1970, UTC. Addresses are in the form in which they
-- go on the wire.

-- What the plan binds, in one row.
CREATE TABLE plan (
    one        INTEGER PRIMARY KEY CHECK (one = 1),
    campaign   TEXT    NOT NULL CHECK (campaign <> ''),
    made       INTEGER NOT NULL,
    key        BLOB    NOT NULL CHECK (length(key) = 32),
    read       INTEGER NOT NULL CHECK (read >= 0),
    batch_size INTEGER NOT NULL CHECK (batch_size > 0),
    canary     INTEGER NOT NULL CHECK (canary >= 0),
    digest     TEXT    NOT NULL CHECK (digest GLOB 'sha256:*' AND length(digest) = 71)
) STRICT;

CREATE TABLE parts (
    name   TEXT PRIMARY KEY,
    sha256 TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE wordings (
    name  TEXT PRIMARY KEY,
    bytes BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- What was decided about accounts, each decision once: there are few, and millions of
-- accounts that share them.
CREATE TABLE verdicts (
    number   INTEGER PRIMARY KEY,
    class    TEXT CHECK (class IN ('password', 'sso')),
    reason   TEXT NOT NULL,
    locale   TEXT NOT NULL,
    excluded TEXT CHECK (excluded IN ('no_address', 'invalid_address', 'unsendable',
                                      'duplicate', 'unclassified', 'suppressed')),
    CHECK (excluded IS NOT NULL OR (class IS NOT NULL AND locale <> ''))
) STRICT;

-- Every selected row of the export, in its order. A notice goes to the first account
-- of each mailbox and class, the lead, and is about all of them.
CREATE TABLE accounts (
    n       INTEGER PRIMARY KEY,
    line    INTEGER NOT NULL CHECK (line > 0),
    id      TEXT    NOT NULL CHECK (id <> ''),
    name    TEXT    NOT NULL,
    verdict INTEGER NOT NULL REFERENCES verdicts (number),
    address TEXT    CHECK (address <> ''),
    mailbox TEXT    CHECK (mailbox <> address), -- null where it is the address as it stands
    box     INTEGER,                            -- hash of the mailbox: short to sort and to find
    turn    INTEGER CHECK (turn >= 0),          -- place among the accounts of its destination, see deal.go
    lead    INTEGER CHECK (lead < n),           -- null where it is its own, or excluded
    CHECK ((address IS NULL) = (box IS NULL) AND (mailbox IS NULL OR address IS NOT NULL))
) STRICT;

-- Accounts by reason of exclusion; '' are those that get a notice.
CREATE TABLE census (
    excluded TEXT    PRIMARY KEY CHECK (excluded IN ('', 'no_address', 'invalid_address', 'unsendable',
                                                     'duplicate', 'unclassified', 'suppressed')),
    n        INTEGER NOT NULL CHECK (n > 0)
) STRICT, WITHOUT ROWID;

-- A batch is a run of neighbours in the order of sending.
CREATE TABLE batches (
    number INTEGER PRIMARY KEY CHECK (number > 0),
    first  INTEGER NOT NULL UNIQUE,
    last   INTEGER NOT NULL UNIQUE CHECK (last >= first),
    canary INTEGER NOT NULL CHECK (canary IN (0, 1)),
    made   INTEGER NOT NULL,            -- when the generation of its notices was planned
    sha256 BLOB    NOT NULL CHECK (length(sha256) = 32)
) STRICT;

-- seq is the order of sending. A notice that a later generation replaces is not
-- current any more. The conditions are chains of OR on purpose: for IN with more than
-- two values SQLite builds a table in memory, for every row that it checks.
CREATE TABLE notices (
    seq        INTEGER PRIMARY KEY CHECK (seq > 0),
    lead       INTEGER NOT NULL REFERENCES accounts (n),
    class      TEXT    NOT NULL CHECK (class IN ('password', 'sso')),
    locale     TEXT    NOT NULL CHECK (locale <> ''),
    address    TEXT    NOT NULL CHECK (address <> ''),
    generation INTEGER NOT NULL DEFAULT 1 CHECK (generation > 0),
    replaces   INTEGER REFERENCES notices (seq),
    current    INTEGER NOT NULL DEFAULT 1 CHECK (current IN (0, 1)),
    state      TEXT    NOT NULL DEFAULT 'pending' CHECK
               (state = 'pending' OR state = 'sending' OR state = 'accepted' OR state = 'deferred'
               OR state = 'rejected' OR state = 'bounced' OR state = 'in_doubt'),
    attempts   INTEGER NOT NULL DEFAULT 0 CHECK (attempts BETWEEN 0 AND tries), -- those that count
    tries      INTEGER NOT NULL DEFAULT 0,                                      -- all of them
    next_at    INTEGER,
    dated      INTEGER,
    updated    INTEGER,                 -- null until the first move
    CHECK ((next_at IS NOT NULL) = (state = 'deferred')),
    CHECK ((replaces IS NULL) = (generation = 1)),
    CHECK (dated IS NOT NULL OR state = 'pending' OR state = 'deferred' OR state = 'rejected')
) STRICT;

CREATE TABLE attempts (
    notice   INTEGER NOT NULL REFERENCES notices (seq),
    n        INTEGER NOT NULL CHECK (n > 0),
    at       INTEGER NOT NULL,
    stage    TEXT    NOT NULL CHECK (stage <> ''),
    code     INTEGER NOT NULL CHECK (code BETWEEN 0 AND 999),
    enhanced TEXT    NOT NULL,
    reply    TEXT    NOT NULL,
    relay    TEXT    NOT NULL,
    PRIMARY KEY (notice, n)
) STRICT, WITHOUT ROWID;

-- The number of current notices of a batch by class and state, kept by a trigger. A
-- batch has a row for each state of the classes that it has.
CREATE TABLE tally (
    batch INTEGER NOT NULL REFERENCES batches (number),
    class TEXT    NOT NULL CHECK (class IN ('password', 'sso')),
    state TEXT    NOT NULL CHECK (state IN
          ('pending', 'sending', 'accepted', 'deferred', 'rejected', 'bounced', 'in_doubt')),
    n     INTEGER NOT NULL CHECK (n >= 0),
    PRIMARY KEY (batch, class, state)
) STRICT, WITHOUT ROWID;

-- One run of send. It ends in order, or its process died.
CREATE TABLE runs (
    number  INTEGER PRIMARY KEY,
    started INTEGER NOT NULL,
    ended   INTEGER,
    pid     INTEGER NOT NULL,
    host    TEXT    NOT NULL,
    halted  TEXT    CHECK (halted <> ''),
    phase   TEXT    NOT NULL DEFAULT 'sending' CHECK (phase IN ('sending', 'paused')),
    until   INTEGER,
    binding TEXT    NOT NULL DEFAULT '', -- the limit that holds the run back now
    rate    REAL    NOT NULL DEFAULT 0 CHECK (rate >= 0),
    eta     INTEGER,
    sent    INTEGER,                     -- the last attempt, kept by every commit that holds one
    ramped  INTEGER NOT NULL DEFAULT 0 CHECK (ramped >= 0), -- of throttle.ramp, in microseconds
    CHECK (halted IS NULL OR ended IS NOT NULL)
) STRICT;

CREATE INDEX accounts_id ON accounts (id);
CREATE INDEX accounts_box ON accounts (box) WHERE box IS NOT NULL;
CREATE UNIQUE INDEX notices_current ON notices (lead) WHERE current = 1;
CREATE INDEX accounts_lead ON accounts (lead) WHERE lead IS NOT NULL;
CREATE INDEX notices_deferred ON notices (next_at) WHERE state = 'deferred';
CREATE UNIQUE INDEX notices_replaces ON notices (replaces) WHERE replaces IS NOT NULL;

CREATE TRIGGER moves_are_legal AFTER UPDATE OF state ON notices
WHEN NOT CASE old.state
    WHEN 'pending'  THEN new.state = 'sending' OR new.state = 'deferred' OR new.state = 'rejected'
    WHEN 'deferred' THEN new.state = 'sending' OR new.state = 'deferred' OR new.state = 'rejected'
    WHEN 'sending'  THEN new.state = 'accepted' OR new.state = 'deferred' OR new.state = 'rejected'
                         OR new.state = 'in_doubt'
    WHEN 'accepted' THEN new.state = 'bounced'
    ELSE 0 END
BEGIN
    SELECT RAISE(ABORT, 'illegal move of a notice');
END;

CREATE TRIGGER moves_are_tallied AFTER UPDATE OF state ON notices WHEN old.current
BEGIN
    UPDATE tally SET n = n - 1
        WHERE batch = (SELECT number FROM batches WHERE first <= old.seq ORDER BY first DESC LIMIT 1)
        AND class = old.class AND state = old.state;
    UPDATE tally SET n = n + 1
        WHERE batch = (SELECT number FROM batches WHERE first <= new.seq ORDER BY first DESC LIMIT 1)
        AND class = new.class AND state = new.state;
END;
