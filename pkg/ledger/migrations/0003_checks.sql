-- Another reason of exclusion: the mailbox is one that the organisation itself provides. A
-- CHECK cannot be altered, so that its tables are made anew; migrate sees to it that
-- nothing that refers to them is left behind.
CREATE TABLE verdicts_anew (
    number   INTEGER PRIMARY KEY,
    accounts INTEGER NOT NULL DEFAULT 0 CHECK (accounts >= 0),
    class    TEXT CHECK (class IN ('password', 'sso')),
    reason   TEXT NOT NULL,
    locale   TEXT NOT NULL,
    excluded TEXT CHECK (excluded IN ('no_address', 'invalid_address', 'unsendable',
                                      'duplicate', 'unclassified', 'suppressed', 'withheld')),
    CHECK (excluded IS NOT NULL OR (class IS NOT NULL AND locale <> ''))
) STRICT;
INSERT INTO verdicts_anew (number, accounts, class, reason, locale, excluded)
    SELECT number, accounts, class, reason, locale, excluded FROM verdicts;
DROP TABLE verdicts;
ALTER TABLE verdicts_anew RENAME TO verdicts;

CREATE TABLE census_anew (
    excluded TEXT    PRIMARY KEY CHECK (excluded IN ('', 'no_address', 'invalid_address', 'unsendable',
                                                     'duplicate', 'unclassified', 'suppressed', 'withheld')),
    n        INTEGER NOT NULL CHECK (n > 0)
) STRICT, WITHOUT ROWID;
INSERT INTO census_anew (excluded, n) SELECT excluded, n FROM census;
DROP TABLE census;
ALTER TABLE census_anew RENAME TO census;

-- The rules of a check that somebody overrode, by whom, why and for which command. What
-- was written once stays.
CREATE TABLE overrides (
    number  INTEGER PRIMARY KEY CHECK (number > 0),
    at      INTEGER NOT NULL,
    by      TEXT    NOT NULL CHECK (by <> ''),
    command TEXT    NOT NULL CHECK (command IN ('plan', 'send', 'resend')),
    rule    TEXT    NOT NULL CHECK (rule <> ''),
    reason  TEXT    NOT NULL CHECK (trim(reason) <> '')
) STRICT;

CREATE TRIGGER overrides_stay BEFORE UPDATE ON overrides
BEGIN
    SELECT RAISE(ABORT, 'an override is not changed');
END;

CREATE TRIGGER overrides_are_kept BEFORE DELETE ON overrides
BEGIN
    SELECT RAISE(ABORT, 'an override is not removed');
END;
