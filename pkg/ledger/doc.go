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
// It leaves the decisions to others: what an account is to campaign, when and
// whether a notice is sent to delivery, and the masking of addresses to whoever
// prints. Replies of mail servers are kept as they came and may hold addresses.
//
// A ledger belongs on a local disk: the write-ahead log needs memory that all of its
// processes share. The lock file beside a ledger stays when the process ends: to remove it would let
// two processes hold different files of the same name.
package ledger
