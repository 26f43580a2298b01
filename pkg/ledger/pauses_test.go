package ledger

import (
	"slices"
	"testing"
	"time"

	"breachnotify/pkg/campaign"
)

var (
	resetDown   = campaign.PageFailure{Link: "reset", Reason: "503"}
	resetMute   = campaign.PageFailure{Link: "reset", Reason: "no whole answer within 5s"}
	signOutDown = campaign.PageFailure{Link: "sign_out", Reason: "no connection"}
)

func probed(t *testing.T, l *Ledger, minute int, silent ...campaign.PageFailure) {
	t.Helper()
	must(t, l.Probed(t.Context(), noon.Add(time.Duration(minute)*time.Minute), silent))
}

func wantPauses(t *testing.T, r *Reader, want ...campaign.Pause) {
	t.Helper()
	e, err := r.Evidence(t.Context(), noon)
	must(t, err)
	if !slices.Equal(e.Pauses, want) {
		t.Errorf("pauses\n%+v, want\n%+v", e.Pauses, want)
	}
}

func pause(run int64, page campaign.PageFailure, from, until int, ending campaign.PauseEnd) campaign.Pause {
	p := campaign.Pause{Run: run, Page: page, From: noon.Add(time.Duration(from) * time.Minute), Ending: ending}
	if until >= 0 {
		p.Until = noon.Add(time.Duration(until) * time.Minute)
	}
	return p
}

func TestPausesAreKeptForEachPage(t *testing.T) {
	l := ready(t, 5, Options{})
	probed(t, l, 0)
	probed(t, l, 1, resetDown)
	probed(t, l, 2, resetMute, signOutDown)
	s, err := l.Status(t.Context(), noon)
	must(t, err)
	if s.Probe == nil || !s.Probe.Since.Equal(noon.Add(time.Minute)) || !slices.Equal(s.Probe.Pages, []campaign.PageFailure{resetMute, signOutDown}) {
		t.Errorf("the status says %+v", s.Probe)
	}
	wantPauses(t, l.Reader, pause(1, resetMute, 1, -1, campaign.PauseOpen), pause(1, signOutDown, 2, -1, campaign.PauseOpen))
	probed(t, l, 3, signOutDown)
	probed(t, l, 4)
	probed(t, l, 5, resetDown)
	must(t, l.End(t.Context(), campaign.RunEnd{At: noon.Add(6 * time.Minute), Interrupted: true}))
	want := []campaign.Pause{
		pause(1, resetMute, 1, 3, campaign.PauseAnswered), pause(1, signOutDown, 2, 4, campaign.PauseAnswered),
		pause(1, resetDown, 5, 6, campaign.PauseStopped),
	}
	wantPauses(t, l.Reader, want...)
	if s, err = l.Status(t.Context(), noon); err != nil || s.Probe != nil {
		t.Errorf("after the run the status says %+v (%v)", s.Probe, err)
	}
	_, err = l.Begin(t.Context(), noon)
	must(t, err)
	wantPauses(t, l.Reader, want...)
	checkInvariants(t, l.Reader)
}

func TestAPauseThatACrashLeftOpenEndsNobodyKnowsWhen(t *testing.T) {
	l := ready(t, 5, Options{})
	probed(t, l, 1, resetDown)
	path := l.path
	must(t, l.Close()) // without the end of the run
	r := readOnly(t, path)
	lost := pause(1, resetDown, 1, -1, campaign.PauseLost)
	wantPauses(t, r, lost)
	if s, err := r.Status(t.Context(), noon); err != nil || s.Probe != nil {
		t.Errorf("nothing is sent, and the status says %+v (%v)", s.Probe, err)
	}
	l = opened(t, path, Options{})
	_, err := l.Begin(t.Context(), noon.Add(time.Hour))
	must(t, err)
	wantPauses(t, l.Reader, lost)
	probed(t, l, 61, resetDown)
	wantPauses(t, l.Reader, lost, pause(2, resetDown, 61, -1, campaign.PauseOpen))
}

func TestAClockThatIsSetBackEndsNoPauseBeforeItBegan(t *testing.T) {
	l := ready(t, 5, Options{})
	probed(t, l, 10, resetDown)
	probed(t, l, 5)
	wantPauses(t, l.Reader, pause(1, resetDown, 10, 10, campaign.PauseAnswered))
}

func TestPausesBelongToARun(t *testing.T) {
	l := opened(t, planned(t, frozen(), people(3)), Options{})
	if err := l.Probed(t.Context(), noon, []campaign.PageFailure{resetDown}); err == nil {
		t.Error("a pause outside a run passed")
	}
}

func TestTheSchemaRefusesPausesThatCannotBe(t *testing.T) {
	l := ready(t, 3, Options{})
	probed(t, l, 1, resetDown)
	path := l.path
	must(t, l.Close())
	for _, statement := range []string{
		"INSERT INTO pauses (run, link, reason, began) VALUES (1, 'reset', '503', 1)", // waited for twice
		"INSERT INTO pauses (run, link, reason, began) VALUES (1, 'help', '', 1)",
		"INSERT INTO pauses (run, link, reason, began, ended) VALUES (1, 'help', '503', 1, 2)",
		"UPDATE pauses SET ending = 'answered'",
		"UPDATE pauses SET ending = 'answered', ended = began - 1",
		"UPDATE pauses SET ending = 'lost', ended = began",
	} {
		if err := spoil(path, statement); err == nil {
			t.Errorf("the schema takes %s", statement)
		}
	}
	must(t, spoil(path, "UPDATE pauses SET ending = 'answered', ended = began")) // nothing else was in the way
}
