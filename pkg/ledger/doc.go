// Package ledger keeps one campaign in one SQLite file: who is told what, how far
// that has come, and what was said to each. It holds the only SQL of a campaign.
//
// It guarantees that what a call has recorded survives a crash of the process or
// the machine; that every account is in one current notice or excluded with a
// reason, and every notice in one state, moved only as campaign.Legal allows; that
// the counts always agree with the rows, since triggers keep them; that one process
// at a time writes; and that a page of notices is handed out only if its recipients
// are those that the plan's digest binds. A file that is damaged, foreign or from a
// newer version is refused. Files are for their owner alone (0600).
//
// What a process that died has committed last is in the write-ahead log beside the file
// (NAME-wal), until the next one folds it in. So a ledger says in the file itself that a
// process writes (table commits), the log stays until the process ends in order, and how
// many commits are durable is marked in the lock file after each. A ledger that is behind
// its mark, or open and without its log, is refused as damaged: a log that is missing, cut
// or spoilt, a copy of the file alone, an older copy. Whoever copies a ledger that no
// process has closed copies both files; after an orderly end there is only one.
//
// It leaves the decisions to others: what an account is to campaign, when and
// whether a notice is sent to delivery, and the masking of addresses to whoever
// prints. Replies of mail servers are kept as they came and may hold addresses.
//
// A ledger belongs on a local disk: the write-ahead log needs memory that all of its
// processes share. The lock file beside a ledger stays when the process ends: to remove
// it would let two processes hold different files of the same name.
//
// # Generations
//
// The accounts and the notices of the plan never change who they belong to. A notice of
// the plan is about its lead and the accounts that share it. A resend (Ledger.Resend)
// writes new notices behind all others, in batches with digests of their own, and says
// in the table members which accounts each is about and which notice it replaces for
// them. Numbers only grow, so that the current notice of an account is the last one that
// has it as a member, or else the one of the plan: no account can be in two, or in none.
// A notice whose accounts have all gone over is history: it is not current, is not
// counted, and keeps its state, its attempts and its token. Two notices may grow out of
// one, where some of its accounts got another address, and one out of several, where
// accounts meet in a mailbox; each has the generation after the latest of those that it
// replaces. Accounts that stay behind keep the old notice current, so that nobody is
// lost. The addresses that an operator gave are kept with who gave them and when.
//
// Where a notice in doubt turns out accepted after its accounts went over, and the later
// notice has not been tried, the accounts go back (table withdrawals, with when): the
// notice that was accepted is current again, and a later one without accounts is history.
// What the notice before the last turns out to be changes nothing any more.
//
// # Findings
//
// What others say of a notice later is kept once (Ledger.Import), with how it came to
// its notices, and does what campaign.Finding.Effect says: at once, or, where the reply
// to the notice is not known yet, when it is: at the next Import, Begin, Recover or End.
// The move stands in the attempts of the notice, with the words of the finding, and
// does not count as an attempt. Which of several bounces is shown and decides about a
// resend does not depend on the order in which they came: permanent goes before
// transient. A finding about an older generation changes the history of that one alone.
//
// # Evidence
//
// A report is read from one call, Reader.Evidence, in one transaction: what the triggers
// have counted, and beside it what a walk through all notices counts anew, so that the
// two can be held against each other. Over which relay, address and encryption a run has
// sent is kept before anything goes over it (Ledger.Opened), once a run.
package ledger

// BUG(ledger): Without the mark (a ledger copied with its log but without its lock file, or
// after a power cut, which may take the mark back) a log that was cut or spoilt in the
// middle is read up to there, as SQLite does.
