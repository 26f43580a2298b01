// Package report makes the evidence of a campaign: one page that a regulator, counsel
// and the team can read, and the same as JSON.
//
// It guarantees that the page stands by itself (no script, no remote resource, and a
// policy that forbids both), that nothing in it becomes markup, that no address and no
// name of a recipient is in it, and that its sums agree: every number is that of
// campaign.Status or was counted from the notices, and the two are held against each
// other. Where they disagree, the page says so and Report.Err is an error.
//
// It leaves the reading of the ledger to whoever implements Ledger, and files to its
// caller.
package report
