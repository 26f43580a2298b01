// Package campaign holds what a campaign is: its configuration (notify.yaml), the
// plan, the states of a notice with their legal moves, and the numbers that say
// where it stands.
//
// After a first run others say what became of notices (Finding), and the operator sends
// some again (Resend). What a finding does and what is worth sending again are decided
// here, by functions of what is known: a bounce is never undone, so that the order in
// which findings come does not matter; a complaint, a delay or an automatic answer
// changes nothing; and without a correction only what failed for a time, or is in doubt,
// goes out again.
//
// A Deadline is the incident's own; whether it is kept is a part of Status, like every
// number that a screen shows.
//
// It guarantees that everything that decides who gets what is bound by digests
// (Frozen), and that every record of an export ends as planned or excluded with a
// reason. It leaves storage to ledger and sending to delivery.
package campaign
