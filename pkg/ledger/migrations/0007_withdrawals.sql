-- Accounts that a resend had taken over, and that went back to the notice before, which
-- turned out accepted: the later one had not been tried. Its row of members moves here. A
-- later notice that loses the last of its accounts so is history: it stays as it is, is
-- not counted and never sent.
CREATE TABLE withdrawals (
    account  INTEGER NOT NULL REFERENCES accounts (n),
    notice   INTEGER NOT NULL REFERENCES notices (seq),
    replaces INTEGER NOT NULL REFERENCES notices (seq) CHECK (replaces < notice),
    at       INTEGER NOT NULL,
    PRIMARY KEY (account, notice)
) STRICT, WITHOUT ROWID;

CREATE INDEX withdrawals_notice ON withdrawals (notice);
CREATE INDEX withdrawals_replaces ON withdrawals (replaces);

CREATE TRIGGER withdrawals_are_legal BEFORE INSERT ON withdrawals
WHEN NOT EXISTS (SELECT 1 FROM members m JOIN notices o ON o.seq = m.notice JOIN notices p ON p.seq = m.replaces
    WHERE m.account = new.account AND m.notice = new.notice AND m.replaces = new.replaces AND p.state = 'accepted'
    AND o.current AND o.tries = 0 AND (o.state = 'pending' OR o.state = 'deferred'))
BEGIN
    SELECT RAISE(ABORT, 'illegal withdrawal of a notice');
END;

CREATE TRIGGER withdrawals_are_made AFTER INSERT ON withdrawals
BEGIN
    DELETE FROM members WHERE account = new.account AND notice = new.notice;
    UPDATE notices SET current = 0
        WHERE seq = new.notice AND NOT EXISTS (SELECT 1 FROM members WHERE notice = new.notice);
    UPDATE notices SET lead = (SELECT min(account) FROM members WHERE notice = new.notice)
        WHERE seq = new.notice AND current = 1;
    UPDATE notices SET current = 1 WHERE seq = new.replaces AND current = 0;
END;

CREATE TRIGGER withdrawals_stay_as_made BEFORE UPDATE ON withdrawals
BEGIN
    SELECT RAISE(ABORT, 'a withdrawal stays');
END;

CREATE TRIGGER withdrawals_stay BEFORE DELETE ON withdrawals
BEGIN
    SELECT RAISE(ABORT, 'a withdrawal stays');
END;

CREATE TRIGGER members_leave_by_withdrawal BEFORE DELETE ON members
WHEN NOT EXISTS (SELECT 1 FROM withdrawals WHERE account = old.account AND notice = old.notice)
BEGIN
    SELECT RAISE(ABORT, 'illegal removal of an account from a notice');
END;

-- As before, except that a notice that was withdrawn makes no move.
DROP TRIGGER moves_are_legal;
CREATE TRIGGER moves_are_legal AFTER UPDATE OF state ON notices
WHEN NOT CASE old.state
    WHEN 'pending'  THEN old.current AND (new.state = 'sending' OR new.state = 'deferred' OR new.state = 'rejected')
    WHEN 'deferred' THEN old.current AND (new.state = 'sending' OR new.state = 'deferred' OR new.state = 'rejected')
    WHEN 'sending'  THEN new.state = 'accepted' OR new.state = 'deferred' OR new.state = 'rejected'
                         OR new.state = 'in_doubt'
    WHEN 'accepted' THEN new.state = 'bounced'
    WHEN 'in_doubt' THEN new.state = 'accepted' OR new.state = 'bounced'
    ELSE 0 END
BEGIN
    SELECT RAISE(ABORT, 'illegal move of a notice');
END;

-- What did not get through is replaced, and what was withdrawn from all of its accounts is
-- history. Current again is only what turned out accepted, for accounts that came back.
DROP TRIGGER replaced_is_final;
CREATE TRIGGER replacement_is_legal AFTER UPDATE OF current ON notices
WHEN NOT CASE new.current
    WHEN 0 THEN old.state = 'rejected' OR old.state = 'bounced' OR old.state = 'in_doubt'
        OR (old.tries = 0 AND (old.state = 'pending' OR old.state = 'deferred')
            AND EXISTS (SELECT 1 FROM withdrawals WHERE notice = old.seq)
            AND NOT EXISTS (SELECT 1 FROM members WHERE notice = old.seq))
    ELSE old.current = 0 AND old.state = 'accepted' AND EXISTS (SELECT 1 FROM withdrawals WHERE replaces = old.seq) END
BEGIN
    SELECT RAISE(ABORT, 'illegal replacement of a notice');
END;

CREATE TRIGGER returned_is_tallied AFTER UPDATE OF current ON notices WHEN new.current AND NOT old.current
BEGIN
    UPDATE tally SET n = n + 1
        WHERE batch = (SELECT number FROM batches WHERE first <= new.seq ORDER BY first DESC LIMIT 1)
        AND class = new.class AND state = new.state;
END;
