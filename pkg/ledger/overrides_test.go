package ledger

import (
	"reflect"
	"testing"
	"time"

	"breachnotify/pkg/campaign"
)

func TestOverridesAreRecordedWithThePlanAndLater(t *testing.T) {
	first := campaign.Override{Rule: "link-port", Reason: "the proxy listens there", By: "jane", Command: "plan", At: noon}
	f := frozen()
	f.Overrides = []campaign.Override{first}
	l := opened(t, planned(t, f, people(3)), Options{})
	second := campaign.Override{Rule: "contrast", Reason: "it is a logo", By: "joe", Command: "send", At: noon.Add(time.Hour)}
	again := first
	again.At, again.Command = noon.Add(2*time.Hour), "send" // the same person with the same words
	must(t, l.Override(t.Context(), []campaign.Override{second, again}))
	other := first
	other.By = "joe"
	must(t, l.Override(t.Context(), []campaign.Override{other}))

	got, err := l.Overrides(t.Context())
	must(t, err)
	if want := []campaign.Override{first, second, other}; !reflect.DeepEqual(got, want) {
		t.Errorf("overrides\n%v\nwant\n%v", got, want)
	}
	e, err := l.Evidence(t.Context(), noon)
	must(t, err)
	if !reflect.DeepEqual(e.Overrides, got) {
		t.Errorf("the evidence has %v", e.Overrides)
	}
}

func TestAnOverrideThatSaysNothingIsNotRecorded(t *testing.T) {
	whole := campaign.Override{Rule: "contrast", Reason: "it is a logo", By: "joe", Command: "send", At: noon}
	l := opened(t, planned(t, frozen(), people(3)), Options{})
	for name, change := range map[string]func(*campaign.Override){
		"no rule": func(o *campaign.Override) { o.Rule = "" }, "no reason": func(o *campaign.Override) { o.Reason = " " },
		"nobody": func(o *campaign.Override) { o.By = "" }, "no time": func(o *campaign.Override) { o.At = time.Time{} },
		"another command": func(o *campaign.Override) { o.Command = "status" },
	} {
		o := whole
		change(&o)
		if err := l.Override(t.Context(), []campaign.Override{whole, o}); err == nil {
			t.Errorf("%s: no error", name)
		}
		f := frozen()
		f.Overrides = []campaign.Override{o}
		if err := seal(t, t.TempDir()+"/test.ledger", f, people(3)); err == nil {
			t.Errorf("%s in a plan: no error", name)
		}
	}
	if got, err := l.Overrides(t.Context()); err != nil || len(got) != 0 {
		t.Errorf("overrides = %v, %v", got, err)
	}
}

func TestNothingChangesOrRemovesAnOverride(t *testing.T) {
	f := frozen()
	f.Overrides = []campaign.Override{{Rule: "contrast", Reason: "it is a logo", By: "joe", Command: "plan", At: noon}}
	path := planned(t, f, people(3))
	for _, statement := range []string{"UPDATE overrides SET reason = 'another'", "DELETE FROM overrides"} {
		if err := spoil(path, statement); err == nil {
			t.Errorf("%s: no error", statement)
		}
	}
}

func TestRecipientsAreThoseOfTheCurrentNotices(t *testing.T) {
	const n = recipientPage + 3
	r := readOnly(t, planned(t, frozen(), people(n)))
	domains := map[string]int{}
	for to, err := range r.Recipients(t.Context()) {
		must(t, err)
		domains[to.Domain()]++
	}
	if domains["big.example"]+domains["small.example"]+domains["other.example"] != n || domains["big.example"] <= n/2-2 {
		t.Errorf("recipients by domain = %v", domains)
	}
	for range r.Recipients(t.Context()) {
		break // ends without a further call of the loop's body
	}
}
