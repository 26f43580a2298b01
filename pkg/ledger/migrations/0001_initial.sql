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
    unmatched  INTEGER NOT NULL CHECK (unmatched >= 0),
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

-- Keys of further tables of the export that match no account.
CREATE TABLE unmatched (
    source TEXT NOT NULL CHECK (source <> ''),
    value  TEXT NOT NULL,
    PRIMARY KEY (source, value)
) STRICT, WITHOUT ROWID;

-- What was decided about accounts, each decision once: there are few, and millions of
-- accounts that share them.
CREATE TABLE verdicts (
    number   INTEGER PRIMARY KEY,
    accounts INTEGER NOT NULL DEFAULT 0 CHECK (accounts >= 0),
    class    TEXT CHECK (class IN ('password', 'sso')),
    reason   TEXT NOT NULL,
    locale   TEXT NOT NULL,
    excluded TEXT CHECK (excluded IN ('no_address', 'invalid_address', 'unsendable',
                                      'duplicate', 'unclassified', 'suppressed')),
    CHECK (excluded IS NOT NULL OR (class IS NOT NULL AND locale <> ''))
) STRICT;

-- Every selected row of the export, in its order. A notice of the plan goes to the first
-- account of each mailbox and class, the lead, and is about all of them. This table and
-- the leads never change after planning.
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

-- The first accounts of each verdict, for a human to look at.
CREATE TABLE examples (
    verdict INTEGER NOT NULL REFERENCES verdicts (number),
    account INTEGER NOT NULL REFERENCES accounts (n),
    PRIMARY KEY (verdict, account)
) STRICT, WITHOUT ROWID;

-- Accounts by reason of exclusion; '' are those that get a notice.
CREATE TABLE census (
    excluded TEXT    PRIMARY KEY CHECK (excluded IN ('', 'no_address', 'invalid_address', 'unsendable',
                                                     'duplicate', 'unclassified', 'suppressed')),
    n        INTEGER NOT NULL CHECK (n > 0)
) STRICT, WITHOUT ROWID;

-- A resend makes a generation of notices in batches of its own. Its row and all that it
-- makes are one transaction.
CREATE TABLE resends (
    number    INTEGER PRIMARY KEY CHECK (number > 0),
    at        INTEGER NOT NULL,
    by        TEXT    NOT NULL CHECK (by <> ''),
    states    TEXT    NOT NULL CHECK (json_valid(states)),
    forced    INTEGER NOT NULL CHECK (forced IN (0, 1)),
    notices   INTEGER NOT NULL CHECK (notices > 0),
    corrected INTEGER NOT NULL CHECK (corrected >= 0)
) STRICT;

-- A batch is a run of neighbours in the order of sending.
CREATE TABLE batches (
    number INTEGER PRIMARY KEY CHECK (number > 0),
    first  INTEGER NOT NULL UNIQUE,
    last   INTEGER NOT NULL UNIQUE CHECK (last >= first),
    canary INTEGER NOT NULL CHECK (canary IN (0, 1)),
    made   INTEGER NOT NULL,            -- when the generation of its notices was planned
    resend INTEGER REFERENCES resends (number), -- null: of the plan
    sha256 BLOB    NOT NULL CHECK (length(sha256) = 32)
) STRICT;

-- seq is the order of sending. A notice of the first generation is about its lead and
-- the accounts that have it as theirs, a later one about its members, of which the lead
-- is the first. A notice is current while it is the last one about any account: once a
-- resend has taken the last of its accounts over, it is history. The conditions are chains of OR on purpose: for IN with more than
-- two values SQLite builds a table in memory, for every row that it checks.
CREATE TABLE notices (
    seq        INTEGER PRIMARY KEY CHECK (seq > 0),
    lead       INTEGER NOT NULL REFERENCES accounts (n),
    class      TEXT    NOT NULL CHECK (class IN ('password', 'sso')),
    locale     TEXT    NOT NULL CHECK (locale <> ''),
    address    TEXT    NOT NULL CHECK (address <> ''),
    generation INTEGER NOT NULL DEFAULT 1 CHECK (generation > 0),
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
    CHECK (dated IS NOT NULL OR state = 'pending' OR state = 'deferred' OR state = 'rejected')
) STRICT;

-- The accounts of the notices of later generations. The last notice about an account is
-- the one with the highest number, since numbers only grow; without a row here it is the
-- one of the plan.
CREATE TABLE members (
    account  INTEGER NOT NULL REFERENCES accounts (n),
    notice   INTEGER NOT NULL REFERENCES notices (seq),
    replaces INTEGER NOT NULL REFERENCES notices (seq) CHECK (replaces < notice),
    PRIMARY KEY (account, notice)
) STRICT, WITHOUT ROWID;

-- The addresses that an operator gave for accounts whose notice did not get through.
CREATE TABLE corrections (
    account INTEGER NOT NULL REFERENCES accounts (n),
    resend  INTEGER NOT NULL REFERENCES resends (number),
    was     TEXT    NOT NULL CHECK (was <> ''),
    address TEXT    NOT NULL CHECK (address <> '' AND address <> was),
    mailbox TEXT    NOT NULL CHECK (mailbox <> ''),
    box     INTEGER NOT NULL,
    PRIMARY KEY (account, resend)
) STRICT, WITHOUT ROWID;

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
    interrupted INTEGER NOT NULL DEFAULT 0 CHECK (interrupted IN (0, 1)), -- somebody stopped it before its end
    phase   TEXT    NOT NULL DEFAULT 'sending' CHECK (phase IN ('sending', 'paused')),
    until   INTEGER,
    binding TEXT    NOT NULL DEFAULT '', -- the limit that holds the run back now
    rate    REAL    NOT NULL DEFAULT 0 CHECK (rate >= 0),
    eta     INTEGER,
    sent    INTEGER,                     -- the last attempt, kept by every commit that holds one
    ramped  INTEGER NOT NULL DEFAULT 0 CHECK (ramped >= 0), -- of throttle.ramp, in microseconds
    CHECK (halted IS NULL OR ended IS NOT NULL),
    CHECK (interrupted = 0 OR (ended IS NOT NULL AND halted IS NULL))
) STRICT;

-- Over what a run opened sessions with its relay, each host, address and encryption once.
CREATE TABLE sessions (
    run        INTEGER NOT NULL REFERENCES runs (number),
    host       TEXT    NOT NULL CHECK (host <> ''), -- as configured, with its port
    peer       TEXT    NOT NULL CHECK (peer <> ''),
    encryption TEXT    NOT NULL,                    -- version of TLS and cipher suite; '': in clear
    at         INTEGER NOT NULL,                    -- of the first of them
    PRIMARY KEY (run, host, peer, encryption)
) STRICT, WITHOUT ROWID;

-- What others said about notices after these were handed over, each once. matched says
-- how a finding came to its notices, and where it came to none, mismatch says why.
CREATE TABLE findings (
    number     INTEGER PRIMARY KEY,
    digest     TEXT    NOT NULL CHECK (digest <> ''),
    recipient  TEXT    NOT NULL,
    source     TEXT    NOT NULL,
    kind       TEXT    NOT NULL CHECK (kind IN
               ('bounce', 'delay', 'feedback', 'auto_reply', 'delivered', 'queued', 'other')),
    message_id TEXT    NOT NULL,
    action     TEXT    NOT NULL,
    status     TEXT    NOT NULL,
    permanence TEXT    NOT NULL CHECK (permanence IN ('permanent', 'transient', 'unknown')),
    final      INTEGER NOT NULL CHECK (final IN (0, 1)),
    reason     TEXT    NOT NULL,
    diagnostic TEXT    NOT NULL,
    at         INTEGER,
    imported   INTEGER NOT NULL,
    file       TEXT    NOT NULL,
    place      INTEGER NOT NULL CHECK (place >= 0),
    matched    TEXT    CHECK (matched IN ('token', 'message_id', 'notice_id', 'address')),
    mismatch   TEXT    CHECK (mismatch IN
               ('no_match', 'foreign_token', 'other_message', 'ambiguous_notice', 'missing_notice')),
    CHECK ((matched IS NULL) = (mismatch IS NOT NULL)),
    UNIQUE (digest, recipient, kind)
) STRICT;

-- What a finding did to each of its notices. One that waits does so until the reply to
-- its notice is known.
CREATE TABLE effects (
    notice  INTEGER NOT NULL REFERENCES notices (seq),
    finding INTEGER NOT NULL REFERENCES findings (number),
    effect  TEXT    NOT NULL CHECK (effect IN ('none', 'waiting', 'moved')),
    PRIMARY KEY (notice, finding)
) STRICT, WITHOUT ROWID;

-- The number of findings by kind, kept by a trigger.
CREATE TABLE heard (
    kind      TEXT    NOT NULL,
    unmatched INTEGER NOT NULL CHECK (unmatched IN (0, 1)),
    n         INTEGER NOT NULL CHECK (n > 0),
    PRIMARY KEY (kind, unmatched)
) STRICT, WITHOUT ROWID;

CREATE INDEX accounts_id ON accounts (id);
CREATE INDEX accounts_box ON accounts (box) WHERE box IS NOT NULL;
CREATE UNIQUE INDEX notices_lead ON notices (lead) WHERE generation = 1;
CREATE INDEX accounts_lead ON accounts (lead) WHERE lead IS NOT NULL;
CREATE INDEX notices_deferred ON notices (next_at) WHERE state = 'deferred';
CREATE INDEX notices_replaced ON notices (seq) WHERE current = 0;
CREATE INDEX members_notice ON members (notice);
CREATE UNIQUE INDEX members_replaces ON members (replaces, account); -- an account leaves a notice once
CREATE INDEX corrections_box ON corrections (box);
CREATE INDEX corrections_resend ON corrections (resend, account);
CREATE INDEX findings_mismatch ON findings (number) WHERE mismatch IS NOT NULL;
CREATE INDEX effects_finding ON effects (finding);
CREATE INDEX effects_waiting ON effects (notice) WHERE effect = 'waiting';

CREATE TRIGGER moves_are_legal AFTER UPDATE OF state ON notices
WHEN NOT CASE old.state
    WHEN 'pending'  THEN new.state = 'sending' OR new.state = 'deferred' OR new.state = 'rejected'
    WHEN 'deferred' THEN new.state = 'sending' OR new.state = 'deferred' OR new.state = 'rejected'
    WHEN 'sending'  THEN new.state = 'accepted' OR new.state = 'deferred' OR new.state = 'rejected'
                         OR new.state = 'in_doubt'
    WHEN 'accepted' THEN new.state = 'bounced'
    WHEN 'in_doubt' THEN new.state = 'accepted' OR new.state = 'bounced'
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

-- Only what did not get through is replaced, once and for all.
CREATE TRIGGER replaced_is_final AFTER UPDATE OF current ON notices
WHEN new.current OR NOT (old.state = 'rejected' OR old.state = 'bounced' OR old.state = 'in_doubt')
BEGIN
    SELECT RAISE(ABORT, 'illegal replacement of a notice');
END;

CREATE TRIGGER replaced_is_not_tallied AFTER UPDATE OF current ON notices WHEN old.current AND NOT new.current
BEGIN
    UPDATE tally SET n = n - 1
        WHERE batch = (SELECT number FROM batches WHERE first <= old.seq ORDER BY first DESC LIMIT 1)
        AND class = old.class AND state = old.state;
END;

CREATE TRIGGER findings_are_counted AFTER INSERT ON findings
BEGIN
    INSERT INTO heard (kind, unmatched, n) VALUES (new.kind, new.matched IS NULL, 1)
        ON CONFLICT DO UPDATE SET n = n + 1;
END;
