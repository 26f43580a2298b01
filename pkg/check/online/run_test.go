package online

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"breachnotify/pkg/smtptest"
)

// TestNothingPrivateIsTold holds that what servers repeat does not come out again.
func TestNothingPrivateIsTold(t *testing.T) {
	for name, breach := range map[string]change{
		"MAIL": scripted(func(e smtptest.Event) smtptest.Action {
			if e.Stage != smtptest.Mail {
				return smtptest.Action{}
			}
			return smtptest.Action{Reply: "550 5.7.1 " + strings.TrimPrefix(e.Line, "MAIL ") + " is refused, like jane.doe@example.org \x1b[31m"}
		}),
		"AUTH":   scripted(refusing(smtptest.Auth, "535 5.7.8 czNjcmV0 s3cret is wrong")),
		"banner": scripted(refusing(smtptest.Connect, "554 5.7.1 you are jane.doe@example.org \x1b[31m")),
		"SPF":    set(spfName, `"v=spf1 \027[31m -all"`),
		"DMARC":  set(dmarcName, `"v=DMARC1; p=\027[31m"`),
		"DKIM":   set(dkimName, `"v=DKIM1; p=\027[31m"`),
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			breach(t, w)
			report := w.run(t)
			facts, err := json.Marshal(report)
			noError(t, err)
			told := string(facts) + fmt.Sprintf("%+v", report.Findings)
			for _, private := range []string{"s3cret", "czNjcmV0", "jane.doe", "bounces+", "\x1b", `\u001b`, "PRIVATE"} {
				if strings.Contains(told, private) {
					t.Errorf("%q is told in %s", private, told)
				}
			}
			if len(report.Findings) == 0 {
				t.Error("nothing is found")
			}
		})
	}
}

func TestNoMailIsSent(t *testing.T) {
	w := newWorld()
	var mu sync.Mutex
	var seen []string
	w.smtp.Script = func(e smtptest.Event) smtptest.Action {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, string(e.Stage))
		return smtptest.Action{}
	}
	w.run(t)
	mu.Lock()
	defer mu.Unlock()
	if got := strings.Join(seen, " "); got != "connect ehlo starttls ehlo auth mail rset quit" {
		t.Errorf("the relay saw %s", got)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	w := newWorld()
	w.timeout = time.Hour
	w.smtp.Script = smtptest.On(smtptest.Connect, smtptest.Action{Silent: true, Then: smtptest.Stall})
	w.dns.Silent = []string{"_dmarc.example.com."}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if report, err := Run(ctx, w.options(t)); report != nil || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%+v, %v, want the end of the context", report, err)
	}
}

func TestOptionsThatSayTooLittle(t *testing.T) {
	whole := newWorld().options(t)
	for name, spoil := range map[string]func(*Options){
		"no configuration":   func(o *Options) { o.Config = nil },
		"no relay":           func(o *Options) { o.Relay = nil },
		"no resolver":        func(o *Options) { o.Resolver = nil },
		"no notice":          func(o *Options) { o.Messages = nil },
		"a key too few":      func(o *Options) { o.DKIM = nil },
		"a negative timeout": func(o *Options) { o.Timeouts.Page = -1 },
	} {
		o := whole
		spoil(&o)
		if _, err := Run(t.Context(), o); err == nil {
			t.Errorf("%s: Run goes on", name)
		}
	}
}

// FuzzRecords reads records as they may come from anywhere.
func FuzzRecords(f *testing.F) {
	for _, text := range []string{
		"v=DKIM1; k=rsa; p=QUJD", "v=DKIM1; k=ed25519; t=y; p=", "p", ";=;p=;", "v=DMARC1; p=none; sp=reject; adkim=s", "v=DMARC1;p", "v=spf1 -all", "\x1b[31m\xff",
	} {
		f.Add(text)
	}
	o := Options{Config: newWorld().load(f)}
	f.Fuzz(func(t *testing.T, text string) {
		key, err := publishedKey(tagsOf(text))
		if (key == nil) == (err == nil) {
			t.Errorf("key %v, error %v", key, err)
		}
		var found findings
		o.judgeDMARC(text, &DMARCFacts{Domain: "example.com", Name: "_dmarc.example.com"}, &found)
		for _, finding := range found {
			if strings.ContainsFunc(finding.What, func(r rune) bool { return r < ' ' }) {
				t.Errorf("%q holds a control character", finding.What)
			}
		}
		if line := shown(text); len(line) > maxShown+8 || strings.ContainsAny(line, "\x00\x1b\r\n") {
			t.Errorf("%q is shown", line)
		}
		_ = recordsOf("v=spf1", []string{text})
	})
}
