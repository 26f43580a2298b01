package campaign

// PhaseOf returns where a campaign stands, from the counts of its current notices
// and from what is known of its runs: started, whether any run ever began;
// running, whether a process holds the ledger and sends now; activity, what that
// process said last; halted, why the last run stopped itself (empty: it did not).
//
// A run that died without a word is told by running: it leaves the campaign
// incomplete. A halt matters only while it keeps notices from going out, so that a
// campaign with nothing left is complete or failed whatever ended its last run.
func PhaseOf(counts NoticeCounts, started, running bool, activity Activity, halted string) Phase {
	switch {
	case running && activity.Phase == PhasePaused:
		return PhasePaused
	case running:
		return PhaseSending
	case !started:
		return PhasePlanned
	case counts.Left() > 0 && halted != "":
		return PhaseHalted
	case counts.Left() > 0:
		return PhaseIncomplete
	case counts.Failed() > 0:
		return PhaseFailed
	}
	return PhaseComplete
}
