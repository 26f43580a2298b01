// Package campaign holds what a campaign is: its configuration (notify.yaml), the
// plan, the states of a notice with their legal moves, and the numbers that say
// where it stands.
//
// It guarantees that everything that decides who gets what is bound by digests
// (Frozen), and that every record of an export ends as planned or excluded with a
// reason. It leaves storage to ledger and sending to delivery.
package campaign
