package bounce

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestLineIsTheFormOfTheCommandLine(t *testing.T) {
	r := Report{
		Kind: KindBounce, MessageID: "m@example", Tokens: []string{"first", "second"},
		Recipients: []Recipient{{Address: "jo@example.org", Action: ActionFailed, Status: "5.1.1", Permanence: Permanent, Final: true, Reason: ReasonNoMailbox, Diagnostic: "550 no"}},
	}
	got, err := json.Marshal(r.Line("a.eml"))
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"file":"a.eml","kind":"bounce","recipients":[{"address":"jo@example.org","action":"failed","status":"5.1.1","permanence":"permanent","reason":"no_mailbox","diagnostic":"550 no"}],"message_id":"m@example","token":"first"}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	got, err = json.Marshal(Report{Kind: KindOther}.Line("b.eml"))
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"file":"b.eml","kind":"other","recipients":[]}`; string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestTheSenderIsThatOfTheOriginal(t *testing.T) {
	const bounced = "From: MAILER-DAEMON@mx.example\nSubject: failure notice\n\n<jo@example.org>:\n550 5.1.1 unknown\n"
	const copied = bounced + "\n--- Below this line is a copy of the message.\n\nMessage-ID: <lunch@example.net>\nFrom: Ann <ann@example.net>\nTo: jo@example.org\n\nhello\n"
	for raw, want := range map[string]string{bounced: "", copied: "ann@example.net"} {
		report := parseReader(t, strings.NewReader(raw))
		wantFailed(t, report)
		if report.Sender != want {
			t.Errorf("got %q, want %q", report.Sender, want)
		}
		for _, address := range report.Addresses {
			if address != "jo@example.org" && address != "MAILER-DAEMON@mx.example" {
				t.Errorf("%s is among those who may have failed", address)
			}
		}
	}
}

func TestLogShowsNoAddress(t *testing.T) {
	var out bytes.Buffer
	slog.New(slog.NewJSONHandler(&out, nil)).Info("bounced", "recipient", Recipient{Address: "jo@example.org", Diagnostic: "550 <jo@example.org> unknown", Status: "5.1.1"})
	if s := out.String(); strings.Contains(s, "jo@") || !strings.Contains(s, "5.1.1") {
		t.Errorf("the log says %s", s)
	}
}

func TestReportIsDatedDigestedAndNamed(t *testing.T) {
	const raw = "Date: Tue, 8 Sep 2026 10:20:30 +0200\n\nhello\n"
	report, err := Parse(strings.NewReader(raw), Options{Source: SourceSES})
	if err != nil {
		t.Fatal(err)
	}
	if want := time.Date(2026, 9, 8, 8, 20, 30, 0, time.UTC); !report.At.Equal(want) {
		t.Errorf("at %v, want %v", report.At, want)
	}
	if want := fmt.Sprintf("%x", sha256.Sum256([]byte(raw))); report.Digest != want {
		t.Errorf("digest %s, want %s", report.Digest, want)
	}
	if report.Source != SourceSES || report.Kind != KindOther {
		t.Errorf("got %s from %s", report.Kind, report.Source)
	}
}
