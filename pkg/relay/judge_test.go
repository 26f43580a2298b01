package relay

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"
)

// said makes a reply out of the line that a relay says.
func said(t *testing.T, line string) Reply {
	t.Helper()
	r, err := read(line + "\r\n")
	if err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	return r
}

func TestJudgeRefusalsOfASize(t *testing.T) {
	for line, suspect := range map[string]Effect{
		"552 5.3.4 Message size exceeds fixed limit":            Halt,
		"552 message size limit exceeded":                       Halt,
		"552 no":                                                Halt,
		"550 5.2.3 message length exceeds administrative limit": Halt,
		"552 5.7.0 message content":                             Continue,
		"552 daily sending quota exceeded":                      Continue,
		"552 5.2.2 the sender's mailbox is full":                Continue,
		"550 5.1.8 sender unknown":                              Continue,
		"550 no":                                                Continue,
	} {
		effect := Halt
		if suspect == Halt { // the session is good for others
			effect = Continue
		}
		got := judge(event{stage: StageMail, reply: said(t, line), sized: true})
		expect(t, line, got, Untouched, effect)
		if got.Suspect != suspect {
			t.Errorf("%s: suspect %d, want %d", line, got.Suspect, suspect)
		}
	}
	transient := judge(event{stage: StageMail, reply: said(t, "452 4.3.1 insufficient system storage"), sized: true})
	expect(t, "no room for now", transient, Untouched, BackOff)
	expect(t, "at the dot", judge(event{stage: StageDot, reply: said(t, "552 message size limit exceeded")}), Rejected, Continue)
}

// What can be about the run or about one recipient is told as such, and is the session's
// end for neither.
func TestJudgeRepliesThatCanBeAboutEither(t *testing.T) {
	for _, test := range []struct {
		line    string
		suspect Effect
		wait    time.Duration
	}{
		{"554 5.7.1 access denied", Halt, 0},
		{"550 5.7.0 no", Halt, 0},
		{"450 4.7.1 Error: too many recipients from 192.0.2.1", BackOff, 0},
		{"451 4.7.500 Server busy. Please try again later", BackOff, 0},
		{"450 4.7.1 Client host rejected: rate limited", BackOff, 0},
		{"454 4.7.0 throttled, try again in 90 seconds", BackOff, 90 * time.Second},
		{"450 4.7.1 hourly quota exceeded", BackOff, time.Hour},
	} {
		got := judge(event{stage: StageRcpt, reply: said(t, test.line)})
		expect(t, test.line, got, Untouched, Continue)
		if got.Suspect != test.suspect || got.Wait != test.wait {
			t.Errorf("%s: suspect %d, wait %v; want %d, %v", test.line, got.Suspect, got.Wait, test.suspect, test.wait)
		}
	}
	for _, line := range []string{"432 4.3.2 sender thread limit exceeded", "550 5.4.5 daily limit", "554 5.7.1 relaying denied", "550 5.7.26 unauthenticated", "450 4.7.1 greylisted", "550 5.1.1 no such user"} {
		if got := judge(event{stage: StageRcpt, reply: said(t, line)}); got.Suspect != Continue {
			t.Errorf("%s: suspect %d", line, got.Suspect)
		}
	}
}

func TestPermanentAndQuotaReplies(t *testing.T) {
	for line, want := range map[string][2]bool{
		"550 5.4.5 enough for today":           {true, true},
		"550 5.1.90 enough":                    {true, true},
		"550 daily sending quota exceeded":     {true, true},
		"454 4.7.0 Throttling failure":         {false, true},
		"550 5.7.515 Access denied":            {true, false},
		"554 5.7.1 Recipient address rejected": {true, false},
		"451 4.7.1 try again later":            {false, false},
		"250 2.0.0 queued":                     {false, false},
	} {
		if r := said(t, line); r.Permanent() != want[0] || r.Quota() != want[1] {
			t.Errorf("%s: permanent %v, quota %v; want %v", line, r.Permanent(), r.Quota(), want)
		}
	}
	if own := (Reply{Enhanced: "5.3.4", Text: "notify: too large"}); !own.Permanent() {
		t.Error("a refusal without a code is not permanent")
	}
}

func TestJudgeReplies(t *testing.T) {
	const fresh, used = true, false
	tests := []struct {
		name    string
		stage   Stage
		first   bool
		line    string
		verdict Verdict
		effect  Effect
		wait    time.Duration
	}{
		{"DATA is let through", StageData, used, "354 go ahead", Open, Continue, 0},
		{"the message is taken", StageDot, used, "250 2.0.0 queued as 1", Accepted, Continue, 0},
		{"taken, and no wait is read out of the text", StageDot, used, "250 queued, retry in 5 minutes", Accepted, Continue, 0},

		{"MAIL put off", StageMail, used, "451 4.3.0 local error", Untouched, BackOff, 0},
		{"MAIL put off until", StageMail, used, "450 4.7.1 too much mail, try again in 60 seconds", Untouched, BackOff, time.Minute},
		{"MAIL refused", StageMail, used, "550 5.7.1 sender refused", Untouched, Halt, 0},
		{"MAIL refused without a reason", StageMail, used, "550 no", Untouched, Halt, 0},
		{"MAIL too big, though its size was not said", StageMail, used, "552 5.3.4 message too big", Untouched, Halt, 0},
		{"421 between messages", StageMail, used, "421 4.3.0 closing", Untouched, Reconnect, 0},
		{"421 between messages, for the session", StageMail, used, "421 4.7.0 too many messages in this session", Untouched, Reconnect, 0},
		{"421 before any message", StageMail, fresh, "421 4.3.0 closing", Untouched, BackOff, 0},
		{"421 for the rate", StageMail, used, "421 4.7.28 unusual rate of mail", Untouched, BackOff, 0},

		{"greylisted", StageRcpt, used, "450 4.7.1 greylisted, try again in 5 minutes", Deferred, Continue, 5 * time.Minute},
		{"greylisted in plain", StageRcpt, used, "451 please try again later", Deferred, Continue, 0},
		{"mailbox full for now", StageRcpt, used, "452 4.2.2 over quota", Deferred, Continue, 0},
		{"mailbox full for now, in words", StageRcpt, used, "452 mailbox quota exceeded", Deferred, Continue, 0},
		{"no such user", StageRcpt, used, "550 5.1.1 no such user", Rejected, Continue, 0},
		{"no such user, without enhanced code", StageRcpt, used, "550 no such user here", Rejected, Continue, 0},
		{"mailbox disabled", StageRcpt, used, "550 5.2.1 mailbox disabled", Rejected, Continue, 0},
		{"mailbox full", StageRcpt, used, "552 5.2.2 mailbox quota exceeded", Rejected, Continue, 0},
		{"mailbox full, in words", StageRcpt, fresh, "550 mailbox quota exceeded", Rejected, Continue, 0},
		{"no route to the domain", StageRcpt, used, "550 5.4.4 no route to host", Rejected, Continue, 0},
		{"a mailbox for insiders", StageRcpt, used, "550 5.7.133 sender not authenticated for mailbox", Rejected, Continue, 0},
		{"an account that is disabled", StageRcpt, used, "525 5.7.13 user account disabled", Rejected, Continue, 0},
		{"a mailbox that is blocked", StageRcpt, used, "550 5.2.1 this mailbox is blocked for inactivity", Rejected, Continue, 0},
		{"an address that is blocked", StageRcpt, used, "550 5.1.1 recipient is blocked", Rejected, Continue, 0},
		{"a listed sender at RCPT", StageRcpt, used, "554 192.0.2.1 is on a blocklist", Untouched, Halt, 0},
		{"no relaying", StageRcpt, used, "550 relaying denied", Untouched, Halt, 0},
		{"the sender, refused late", StageRcpt, used, "550 5.1.0 <x>: Sender address rejected: user unknown", Untouched, Halt, 0},
		{"the sender's domain, refused late", StageRcpt, used, "550 5.1.8 domain not found", Untouched, Halt, 0},
		{"the sender's domain, put off", StageRcpt, used, "450 4.1.8 domain not found", Untouched, BackOff, 0},
		{"not authenticated", StageRcpt, used, "530 log in first", Untouched, Halt, 0},
		{"daily quota under 5.1", StageRcpt, used, "550 5.1.90 your message can't be sent because you've reached your daily limit", Untouched, Halt, 24 * time.Hour},
		{"the session is full", StageRcpt, used, "452 4.5.3 too many recipients this session", Untouched, Reconnect, 0},
		{"552 is 452 here", StageRcpt, used, "552 too many recipients in this session", Untouched, Reconnect, 0},
		{"too many recipients", StageRcpt, used, "452 4.5.3 too many recipients", Untouched, Reconnect, 0},
		{"so many in an hour", StageRcpt, used, "550 Domain example.com has exceeded the max e-mails per hour (100/100 (100%)) allowed", Untouched, Halt, time.Hour},
		{"a quota as 552", StageRcpt, fresh, "552 sending quota exceeded for today", Untouched, Halt, 0},
		{"full though the session is new", StageRcpt, fresh, "452 4.3.1 insufficient storage", Deferred, Reconnect, 0},
		{"552 though the session is new", StageRcpt, fresh, "552 storage exceeded", Deferred, Reconnect, 0},
		{"421 at RCPT", StageRcpt, used, "421 closing", Untouched, Reconnect, 0},
		{"421 at the first RCPT", StageRcpt, fresh, "421 closing", Deferred, Reconnect, 0},
		{"RCPT out of sequence", StageRcpt, used, "503 5.5.1 MAIL first", Deferred, Reconnect, 0},
		{"no SMTPUTF8 further on", StageRcpt, used, "553 5.6.7 cannot convert", Rejected, Continue, 0},
		{"no SMTPUTF8 further on, said at MAIL", StageMail, used, "550 5.6.7 cannot convert", Rejected, Continue, 0},

		{"DATA put off", StageData, used, "451 4.3.0 busy", Deferred, Continue, 0},
		{"DATA refused", StageData, used, "554 5.5.1 no", Deferred, Continue, 0},
		{"DATA throttled", StageData, used, "454 4.7.0 temporary throttling", Untouched, BackOff, 0},
		{"DATA throttled, with a time", StageData, used, "454 4.7.0 throttling, try again in 90 seconds", Untouched, BackOff, 90 * time.Second},
		{"DATA and the quota", StageData, used, "550 5.4.5 daily limit", Untouched, Halt, 24 * time.Hour},
		{"421 at DATA", StageData, used, "421 closing", Untouched, Reconnect, 0},
		{"421 at the first DATA", StageData, fresh, "421 closing", Deferred, Reconnect, 0},

		{"the dot put off", StageDot, used, "451 4.3.0 try again in 10 minutes", Deferred, Continue, 10 * time.Minute},
		{"the dot and 421", StageDot, used, "421 4.3.0 shutting down", Deferred, Reconnect, 0},
		{"the message refused", StageDot, used, "554 5.6.0 malformed message", Rejected, Continue, 0},
		{"the message refused without a reason", StageDot, used, "554 transaction failed", Rejected, Continue, 0},
		{"one message refused by policy", StageDot, used, "554 5.7.1 message content rejected", Rejected, Continue, 0},
		{"throttled", StageDot, used, "454 Throttling failure: Maximum sending rate exceeded.", Untouched, BackOff, 0},
		{"daily quota", StageDot, used, "454 Throttling failure: Daily message quota exceeded.", Untouched, BackOff, 24 * time.Hour},
		{"thread limit", StageDot, used, "432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded", Untouched, BackOff, 0},
		{"daily limit", StageDot, used, "550 5.4.5 Daily user sending limit exceeded.", Untouched, Halt, 24 * time.Hour},
		{"access denied", StageDot, used, "550 5.7.515 Access denied, sending domain does not meet the required authentication level.", Untouched, Halt, 0},
		{"unauthenticated", StageDot, used, "550 5.7.26 This mail is unauthenticated", Untouched, Halt, 0},
		{"listed", StageDot, used, "554 5.7.1 your address is on a blocklist", Untouched, Halt, 0},
		{"a busy relay", StageDot, used, "451 4.7.500 server busy", Untouched, BackOff, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := judge(event{stage: test.stage, reply: said(t, test.line), first: test.first})
			if got.Verdict != test.verdict || got.Effect != test.effect || got.Wait != test.wait || got.Stage != test.stage {
				t.Errorf("%s: %s gives verdict %d, effect %d, wait %s; want %d, %d, %s",
					test.stage, test.line, got.Verdict, got.Effect, got.Wait, test.verdict, test.effect, test.wait)
			}
		})
	}
}

func TestJudgeLostReplies(t *testing.T) {
	tests := []struct {
		name    string
		stage   Stage
		first   bool
		err     error
		verdict Verdict
		effect  Effect
	}{
		{"MAIL dropped on a new session", StageMail, true, io.EOF, Untouched, BackOff},
		{"MAIL dropped between messages", StageMail, false, io.EOF, Untouched, Reconnect},
		{"MAIL timed out", StageMail, false, os.ErrDeadlineExceeded, Untouched, BackOff},
		{"RCPT dropped", StageRcpt, false, syscall.ECONNRESET, Deferred, Reconnect},
		{"RCPT timed out", StageRcpt, true, os.ErrDeadlineExceeded, Deferred, Reconnect},
		{"DATA dropped", StageData, false, io.EOF, Deferred, Reconnect},
		{"the body broke off", StageBody, false, os.ErrDeadlineExceeded, Deferred, Reconnect},
		{"the dot dropped", StageDot, false, io.EOF, InDoubt, Reconnect},
		{"the dot timed out", StageDot, false, os.ErrDeadlineExceeded, InDoubt, Reconnect},
		{"the dot and a malformed reply", StageDot, false, errProtocol, InDoubt, Reconnect},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := judge(event{stage: test.stage, err: test.err, first: test.first})
			if got.Verdict != test.verdict || got.Effect != test.effect || !errors.Is(got.Err, test.err) {
				t.Errorf("verdict %d, effect %d, %v; want %d, %d", got.Verdict, got.Effect, got.Err, test.verdict, test.effect)
			}
		})
	}
}

// TestNoRowIsInVain holds that each row of the table decides something.
func TestNoRowIsInVain(t *testing.T) {
	lines := []string{
		"250 ok", "354 go", "421 closing", "450 4.2.1 busy", "452 4.5.3 full", "454 4.7.0 throttled", "503 5.5.1 sequence", "550 5.1.1 unknown",
		"552 5.3.4 too large", "550 5.4.5 limit", "550 5.6.7 utf8", "550 5.7.1 policy",
	}
	used := make(map[int]bool)
	for _, first := range []bool{true, false} {
		for _, stage := range []Stage{StageMail, StageRcpt, StageData, StageBody, StageDot} {
			events := []event{{stage: stage, err: io.EOF, first: first}, {stage: stage, err: os.ErrDeadlineExceeded, first: first}}
			for _, line := range lines {
				events = append(events, event{stage: stage, reply: said(t, line), first: first, sized: true})
			}
			for _, e := range events {
				if i := row(e); i >= 0 {
					used[i] = true
				}
			}
		}
	}
	for i, r := range rules {
		if !used[i] {
			t.Errorf("row %d, %q on %v, never decides", i, r.name, r.stages)
		}
	}
}

func TestJudgeOpening(t *testing.T) {
	alert := &net.OpError{Op: "remote error", Err: errors.New("tls: handshake failure")}
	tests := []struct {
		name   string
		stage  Stage
		line   string
		err    error
		effect Effect
	}{
		{"connection refused", StageConnect, "", syscall.ECONNREFUSED, BackOff},
		{"a banner of 421", StageBanner, "421 too busy", nil, BackOff},
		{"a banner of 554", StageBanner, "554 go away", nil, BackOff},
		{"a banner that never comes", StageBanner, "", os.ErrDeadlineExceeded, BackOff},
		{"a banner that is none", StageBanner, "", errProtocol, BackOff},
		{"EHLO and HELO refused", StageEHLO, "550 who", nil, BackOff},
		{"STARTTLS put off", StageSTARTTLS, "454 4.3.0 not now", nil, BackOff},
		{"STARTTLS refused", StageSTARTTLS, "501 5.5.4 no", nil, Halt},
		{"STARTTLS missing", StageSTARTTLS, "", errUnsafe, Halt},
		{"a certificate that is not to be trusted", StageSTARTTLS, "", &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, Halt},
		{"a handshake refused", StageSTARTTLS, "", alert, Halt},
		{"a handshake dropped", StageSTARTTLS, "", fmt.Errorf("handshake: %w", io.EOF), BackOff},
		{"a wrong password", StageAuth, "535 5.7.8 wrong", nil, Halt},
		{"AUTH put off", StageAuth, "454 4.7.0 not now", nil, BackOff},
		{"AUTH dropped", StageAuth, "", io.EOF, BackOff},
		{"no mechanism", StageAuth, "", errMechanism, Halt},
		{"not on loopback", StageConnect, "", errUnsafe, Halt},
		{"interrupted", StageAuth, "", context.Canceled, BackOff},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var r Reply
			if test.line != "" {
				r = said(t, test.line)
			}
			got := judgeOpening(test.stage, r, test.err)
			if got.Effect != test.effect || got.Verdict != Untouched || got.Stage != test.stage {
				t.Errorf("effect %d, verdict %d; want %d, Untouched", got.Effect, got.Verdict, test.effect)
			}
		})
	}
}
