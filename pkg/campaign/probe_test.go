package campaign

import (
	"reflect"
	"slices"
	"testing"
	"time"
)

func TestProbeIsOffUnlessGiven(t *testing.T) {
	for _, text := range []string{"", "halt: {after: 10}\n", "halt:\n  probe:\n"} {
		if c := mustLoad(t, minimal+text); c.Halt.Probe != nil || c.Pages() != nil {
			t.Errorf("%q: probe %+v, pages %v", text, c.Halt.Probe, c.Pages())
		}
	}
}

func TestProbeDefaults(t *testing.T) {
	want := &Probe{URLs: []string{"reset", "sign_out"}, Every: Duration(30 * time.Second), MaxLatency: Duration(5 * time.Second)}
	for _, text := range []string{"halt: {probe: {}}\n", "halt: {probe: {urls: []}}\n", "halt: {probe: {every: 30s}}\n"} {
		c := mustLoad(t, minimal+text)
		if !reflect.DeepEqual(c.Halt.Probe, want) {
			t.Errorf("%q: %+v", text, c.Halt.Probe)
		}
		if pages := c.Pages(); !slices.Equal(pages, []Page{{"reset", c.Links.Reset}, {"sign_out", c.Links.SignOut}}) {
			t.Errorf("%q: pages %v", text, pages)
		}
	}
}

func TestProbeMayChangeBetweenTwoRuns(t *testing.T) {
	before, after := mustLoad(t, minimal).Parts(), mustLoad(t, minimal+"halt: {probe: {urls: [help]}}\n").Parts()
	if changed := Changed(before, after); len(changed) != 0 {
		t.Errorf("a probe changes %v of the plan", changed)
	}
}

func TestOfficialHost(t *testing.T) {
	c := &Config{OfficialDomains: []string{"Example.com", "bücher.example"}}
	for host, want := range map[string]bool{
		"example.com": true, "www.EXAMPLE.com": true, "xn--bcher-kva.example": true,
		"example.org": false, "notexample.com": false, "example.com.evil.test": false, "127.0.0.1": false, "": false,
	} {
		if got := c.OfficialHost(host); got != want {
			t.Errorf("OfficialHost(%q) = %v", host, got)
		}
	}
}

func TestSilenceSaysWhatToExpect(t *testing.T) {
	one, two := PageFailure{"reset", "503"}, PageFailure{"sign_out", "no connection within 5s"}
	for want, pages := range map[string][]PageFailure{
		"the reset page does not answer (503); notices wait until it does":                                                              {one},
		"the reset page does not answer (503), the sign-out page does not answer (no connection within 5s); notices wait until they do": {one, two},
	} {
		if got := (Silence{Pages: pages}).String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
