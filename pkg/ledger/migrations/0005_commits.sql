-- How many transactions have been committed since the plan, each of which raises it by
-- one, and whether the write-ahead log may hold some that this file does not. A process
-- that writes says so in the file itself before its first transaction is told as done,
-- and takes it back at its orderly end.
CREATE TABLE commits (
    one  INTEGER PRIMARY KEY CHECK (one = 1),
    n    INTEGER NOT NULL CHECK (n >= 0),
    open INTEGER NOT NULL CHECK (open IN (0, 1)),
    CHECK (open = 0 OR n > 0)
) STRICT;

INSERT INTO commits VALUES (1, 0, 0);

CREATE TRIGGER commits_count_up BEFORE UPDATE ON commits WHEN new.n <> old.n + 1
BEGIN
    SELECT RAISE(ABORT, 'commits count up by one');
END;

CREATE TRIGGER commits_stay BEFORE DELETE ON commits
BEGIN
    SELECT RAISE(ABORT, 'the count of commits stays');
END;
