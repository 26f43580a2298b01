package campaign

import (
	"testing"
	"time"

	"breachnotify/pkg/account"
)

func TestWhatAFindingDoesToANotice(t *testing.T) {
	final := Finding{Kind: FoundBounce, Final: true}
	for name, c := range map[string]struct {
		finding Finding
		moves   map[State]State
		waits   bool // while the reply is not known
	}{
		"a final bounce":     {final, map[State]State{Accepted: Bounced, InDoubt: Bounced}, true},
		"one not final":      {Finding{Kind: FoundBounce}, nil, false},
		"a delay":            {Finding{Kind: FoundDelay, Final: true}, nil, false},
		"a complaint":        {Finding{Kind: FoundFeedback, Final: true}, nil, false},
		"an automatic reply": {Finding{Kind: FoundAutoReply, Final: true}, nil, false},
		"ordinary mail":      {Finding{Kind: FoundOther, Final: true}, nil, false},
		"a delivery":         {Finding{Kind: FoundDelivered}, map[State]State{InDoubt: Accepted}, true},
		"the relay's log":    {Finding{Kind: FoundQueued}, map[State]State{InDoubt: Accepted}, true},
	} {
		for _, on := range States() {
			to, wait := c.finding.Effect(on)
			if to != c.moves[on] || wait != (c.waits && on.Open()) {
				t.Errorf("%s on %s: to %q, wait %v", name, on, to, wait)
			}
			if to != "" && !on.CanMove(to) {
				t.Errorf("%s on %s: to %s is no legal move", name, on, to)
			}
		}
	}
}

// Whatever comes first, the end is the same.
func TestTheOrderOfFindingsDoesNotMatter(t *testing.T) {
	findings := []Finding{{Kind: FoundBounce, Final: true}, {Kind: FoundDelivered}, {Kind: FoundQueued}, {Kind: FoundDelay}}
	for _, start := range []State{Accepted, InDoubt} {
		for i := range findings {
			for j := range findings {
				if a, b := after(start, findings[i], findings[j]), after(start, findings[j], findings[i]); a != b {
					t.Errorf("%s: %s then %s gives %s, the other way %s", start, findings[i].Kind, findings[j].Kind, a, b)
				}
			}
		}
	}
}

func after(s State, findings ...Finding) State {
	for _, f := range findings {
		if to, _ := f.Effect(s); to != "" {
			s = to
		}
	}
	return s
}

func TestAMailboxIsGoneOnlyIfNoMailAtAllReachesIt(t *testing.T) {
	for name, c := range map[string]struct {
		finding Finding
		want    bool
	}{
		"by status":          {Finding{Kind: FoundBounce, Final: true, Permanence: Permanent, Status: "5.1.1"}, true},
		"by reason":          {Finding{Kind: FoundBounce, Final: true, Permanence: Permanent, Reason: "no_mailbox"}, true},
		"not for good":       {Finding{Kind: FoundBounce, Final: true, Permanence: Transient, Reason: "no_domain"}, false},
		"not final":          {Finding{Kind: FoundBounce, Permanence: Permanent, Status: "5.1.1"}, false},
		"a policy":           {Finding{Kind: FoundBounce, Final: true, Permanence: Permanent, Status: "5.7.1"}, false},
		"the sender's fault": {Finding{Kind: FoundBounce, Final: true, Permanence: Permanent, Status: "5.1.8"}, false},
		"a full mailbox":     {Finding{Kind: FoundBounce, Final: true, Permanence: Permanent, Status: "5.2.2"}, false},
	} {
		if got := c.finding.Gone(); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestWhatARejectionMeansForLater(t *testing.T) {
	for _, c := range []struct {
		code     int
		enhanced string
		want     Permanence
	}{
		{550, "5.1.1", Permanent}, {550, "5.1.10", Permanent}, {550, "5.2.1", Permanent}, {550, "5.4.4", Permanent},
		{550, "", Permanent}, {551, "", Permanent}, {553, "", Permanent},
		{552, "5.2.2", Permanent}, {451, "4.7.1", Transient}, {450, "", Transient}, {421, "", Transient},
		{550, "5.1.8", PermanenceUnknown}, {554, "", PermanenceUnknown}, {552, "", PermanenceUnknown},
		{550, "5.7.1", PermanenceUnknown}, {0, "", PermanenceUnknown}, {550, "5.6.7", PermanenceUnknown},
	} {
		if got := RejectionPermanence(c.code, c.enhanced); got != c.want {
			t.Errorf("%d %s: %s, want %s", c.code, c.enhanced, got, c.want)
		}
	}
}

func TestWhatIsWorthSendingAgain(t *testing.T) {
	for name, c := range map[string]struct {
		failure Failure
		want    Refusal
	}{
		"a transient bounce":               {Failure{State: Bounced, Permanence: Transient}, ""},
		"a permanent bounce":               {Failure{State: Bounced, Permanence: Permanent}, RefusedPermanent},
		"a bounce that does not say":       {Failure{State: Bounced, Permanence: PermanenceUnknown}, RefusedUnknown},
		"a permanent rejection":            {Failure{State: Rejected, Permanence: Permanent}, RefusedPermanent},
		"a rejection that does not say":    {Failure{State: Rejected, Permanence: PermanenceUnknown}, ""},
		"a notice put off too often":       {Failure{State: Rejected, Permanence: Transient}, ""},
		"a notice in doubt":                {Failure{State: InDoubt, Permanence: PermanenceUnknown}, ""},
		"a corrected permanent bounce":     {Failure{State: Bounced, Permanence: Permanent, Corrected: true}, ""},
		"a correction that goes back":      {Failure{State: Bounced, Permanence: Transient, Corrected: true, Tried: true}, RefusedTried},
		"a correction of what is in doubt": {Failure{State: InDoubt, Corrected: true}, ""},
	} {
		if got := c.failure.Worth(); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestAResendMustSayWhatWhenAndWho(t *testing.T) {
	good := Resend{States: []State{Bounced}, At: time.Unix(1, 0), By: "jane"}
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*Resend){
		"no state":               func(r *Resend) { r.States = nil },
		"an accepted notice":     func(r *Resend) { r.States = []State{Bounced, Accepted} },
		"no time":                func(r *Resend) { r.At = time.Time{} },
		"nobody":                 func(r *Resend) { r.By = "" },
		"a correction to nobody": func(r *Resend) { r.Corrections = map[string]account.Address{"7": {}} },
	} {
		bad := good
		spoil(&bad)
		if bad.Validate() == nil {
			t.Errorf("%s passes", name)
		}
	}
}

func TestWhatLooksLikeAToken(t *testing.T) {
	token := Key{1}.NoticeID(5)
	for text, want := range map[string]bool{
		token: true, Key{2}.NoticeID(5): true, "NEWSLETTERNEWSLETTERNEWS": true,
		"": false, "news": false, token[:23]: false, token + "a": false, token[:23] + "1": false,
	} {
		if LooksLikeToken(text) != want {
			t.Errorf("%q: %v", text, !want)
		}
	}
}
