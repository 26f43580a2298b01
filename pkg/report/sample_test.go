package report

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"time"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
)

// begun is when the sample campaign began.
var begun = time.Date(2026, 9, 14, 6, 0, 0, 0, time.UTC)

// book is a Ledger that has its evidence at hand.
type book struct {
	evidence campaign.Evidence
	err      error
}

func (b book) Evidence(context.Context, time.Time) (campaign.Evidence, error) {
	return b.evidence, b.err
}

func counts(accepted, deferred, rejected, bounced, doubt, pending int64) (c campaign.NoticeCounts) {
	for s, n := range map[campaign.State]int64{
		campaign.Accepted: accepted, campaign.Deferred: deferred, campaign.Rejected: rejected,
		campaign.Bounced: bounced, campaign.InDoubt: doubt, campaign.Pending: pending,
	} {
		c.Add(s, n)
	}
	return c
}

// sample is a campaign that has had everything: a halt, a crash, a resend, each state.
func sample() campaign.Evidence {
	password, sso := counts(61_240, 310, 420, 1_180, 7, 900), counts(27_910, 80, 140, 390, 2, 300)
	e := campaign.Evidence{
		Kinds: []campaign.KindCounts{
			{Class: account.Password, Locale: "en", NoticeCounts: password},
			{Class: account.SSO, Locale: "en", NoticeCounts: sso},
		},
		Domains: []campaign.DomainCounts{
			{Domain: "mail.example", NoticeCounts: counts(41_000, 40, 90, 500, 2, 500)},
			{Domain: "post.example", NoticeCounts: counts(22_000, 320, 110, 300, 4, 300)},
			{Domain: "a-very-long-name-of-an-organisation.example.net", NoticeCounts: counts(9_000, 0, 200, 120, 0, 100)},
		},
		Others:     counts(17_150, 30, 160, 650, 3, 300),
		Attempts:   []campaign.AttemptCount{{Attempts: 0, Notices: 1_200}, {Attempts: 1, Notices: 88_000}, {Attempts: 2, Notices: 3_679}},
		Bounces:    []campaign.BounceCount{{Reason: "no_mailbox", Permanence: campaign.Permanent, Notices: 1_200}, {Reason: "mailbox_full", Permanence: campaign.Transient, Notices: 370}},
		Rejections: []campaign.RejectionCount{{Code: 550, Enhanced: "5.1.1", Notices: 500}, {Code: 451, Notices: 60}},
		Resends: []campaign.ResendRecord{{Number: 1, At: begun.Add(30 * time.Hour), By: "ops", States: []campaign.State{campaign.Bounced, campaign.InDoubt},
			Notices: 240, Corrected: 12}},
		Overrides: []campaign.Override{{Rule: "link-port", Reason: "the new proxy listens there", By: "ops", Command: "send", At: begun}},
		Sessions: []campaign.Session{
			{At: begun, Host: "smtp.example.com:587", Peer: "192.0.2.25:587", Encryption: "TLS 1.3 TLS_AES_128_GCM_SHA256"},
			{At: begun.Add(26 * time.Hour), Host: "smtp.example.com:587", Peer: "192.0.2.26:587", Encryption: "TLS 1.2 TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"},
		},
		Runs: []campaign.RunRecord{
			{Number: 1, Started: begun, Ended: begun.Add(5 * time.Hour), Last: begun.Add(5 * time.Hour), Host: "mailer-1",
				Halted: "too many rejections: at rcpt: 550 5.7.1 too much mail"},
			{Number: 2, Started: begun.Add(7 * time.Hour), Last: begun.Add(20 * time.Hour), Host: "mailer-1"},
			{Number: 3, Started: begun.Add(24 * time.Hour), Last: begun.Add(33 * time.Hour), Ended: begun.Add(33 * time.Hour), Host: "mailer-2"},
		},
		Pauses: []campaign.Pause{
			{Run: 1, Page: campaign.PageFailure{Link: "reset", Reason: "503"}, From: begun.Add(time.Hour), Until: begun.Add(61 * time.Minute), Ending: campaign.PauseAnswered},
			{Run: 2, Page: campaign.PageFailure{Link: "sign_out", Reason: "no whole answer within 5s"}, From: begun.Add(20 * time.Hour), Ending: campaign.PauseLost},
		},
		Accepted: minutesOf(89_150),
		First:    begun.Add(7 * time.Second), Last: begun.Add(32*time.Hour + 59*time.Second),
		Frozen: campaign.Frozen{
			Campaign: "acme-2026-09", At: begun.Add(-time.Hour), Parts: map[string]string{"export.where": digest([]byte("id > 3"))},
			Wordings: map[string][]byte{
				"organisation": []byte("Example Media"), "notice.from": []byte("Example Security\nsecurity@example.com"),
				"incident.what_happened":   []byte("On 8 September 2026 a third party reached a part of our customer database."),
				"links.reset":              []byte("https://example.com/reset"),
				"templates/layout.html":    []byte("<!DOCTYPE html>\n<title>{{.Subject}}</title>"),
				"templates/en/password.md": []byte("---\nsubject: Please reset your password\n---\n\n{{.Incident.what_happened}}\n"),
				"templates/en/sso.md":      []byte("---\nsubject: Please sign out everywhere\n---\n\n{{.Incident.what_happened}}\n"),
			},
			Deadline: campaign.Deadline{At: begun.Add(72 * time.Hour), Discovered: begun, Term: "72h", Zone: "UTC"},
		},
	}
	for name, text := range e.Frozen.Wordings {
		e.Frozen.Parts[name] = digest(text)
	}
	e.Status = campaign.Status{
		Campaign: "acme-2026-09", Plan: "sha256:" + digest(nil), State: campaign.PhaseIncomplete,
		Accounts: campaign.AccountCounts{Read: 240_000, Selected: 97_440, Noticed: 96_900, Excluded: 540,
			ExcludedBy: map[campaign.Exclusion]int64{campaign.NoAddress: 300, campaign.Duplicate: 240}, Unmatched: 14},
		Notices:  plus(password, sso),
		ByClass:  map[account.Class]campaign.NoticeCounts{account.Password: password, account.SSO: sso},
		Resends:  campaign.ResendCounts{Resends: 1, Notices: 240, Corrected: 12},
		Findings: campaign.FindingCounts{Total: 1_900, ByKind: map[campaign.FindingKind]int64{campaign.FoundBounce: 1_800, campaign.FoundAutoReply: 100}, Unmatched: 31},
		Deadline: &campaign.Due{At: begun.Add(72 * time.Hour)},
	}
	e.Status.Deadline.Expect(begun.Add(40 * time.Hour))
	return e
}

// minutesOf spreads notices over two days, with the pauses of the runs of sample.
func minutesOf(total int64) (minutes []campaign.MinuteCount) {
	left := total
	for m := 0; left > 0; m++ {
		at := begun.Add(time.Duration(m) * time.Minute)
		if hour := m / 60; hour >= 5 && hour < 7 || hour >= 20 && hour < 24 {
			continue
		}
		n := min(left, 45+int64(m%120)/5)
		if m >= 32*60 {
			n = left
		}
		minutes = append(minutes, campaign.MinuteCount{At: at, N: n})
		left -= n
	}
	return minutes
}

// blank is a campaign that was planned and no more.
func blank() campaign.Evidence {
	waiting := counts(0, 0, 0, 0, 0, 3)
	return campaign.Evidence{
		Frozen: campaign.Frozen{At: begun}, Others: waiting,
		Kinds:    []campaign.KindCounts{{Class: account.SSO, Locale: "en", NoticeCounts: waiting}},
		Attempts: []campaign.AttemptCount{{Attempts: 0, Notices: 3}},
		Status: campaign.Status{
			State: campaign.PhasePlanned, Notices: waiting, ByClass: map[account.Class]campaign.NoticeCounts{account.SSO: waiting},
			Accounts: campaign.AccountCounts{Read: 3, Selected: 3, Noticed: 3},
		},
	}
}

func read(t *testing.T, e campaign.Evidence) *Report {
	t.Helper()
	r, err := Read(t.Context(), book{evidence: e}, Options{
		Now: begun.Add(40 * time.Hour), Program: "notify test",
		Next: func(s campaign.Status) []string {
			return []string{"notify send to go on; left: " + strconv.FormatInt(s.Notices.Left(), 10)}
		},
		Compose: func(class account.Class, locale string, day time.Time) (Letter, error) {
			return Letter{Subject: "About your " + string(class), Text: "Hello [name],\n\nwritten " + day.Format(time.DateOnly)}, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

var errBook = errors.New("the disk failed")
