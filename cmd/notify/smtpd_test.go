package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
	"github.com/rogpeppe/go-internal/testscript"

	"breachnotify/pkg/smtptest"
)

type serverKey struct{}

// cmdSMTPD starts a mail server for the rest of the script and sets SMTP_PORT:
//
//	smtpd [tls] [auth] [smtputf8=off] [size=OCTETS] [refuse=ADDR,…] [greylist=ADDR,…] [lose=ADDR,…] [later=@DOMAIN:TEXT] [reply=STAGE:TEXT] [slow=DURATION]
//
// tls is STARTTLS, with the authority's certificate in ca.pem; auth wants notify and
// the password s3cret; lose drops the connection after the final dot.
func cmdSMTPD(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("usage: smtpd [OPTION]...")
	}
	var o smtptest.Options
	var scripts []smtptest.Script
	for _, arg := range args {
		key, value, _ := strings.Cut(arg, "=")
		switch key {
		case "tls":
			o.TLS = smtptest.WithSTARTTLS
		case "auth":
			o.Username, o.Password = "notify", "s3cret"
		case "size":
			o.Extensions = []string{"PIPELINING", "SIZE " + value, "ENHANCEDSTATUSCODES"}
		case "refuse":
			scripts = append(scripts, smtptest.Refuse("550 5.1.1 <"+value+"> no such user", strings.Split(value, ",")...))
		case "greylist":
			scripts = append(scripts, smtptest.Greylist(1, "450 4.7.1 greylisted", strings.Split(value, ",")...))
		case "lose":
			for _, to := range strings.Split(value, ",") {
				scripts = append(scripts, smtptest.For(to, smtptest.Dot, smtptest.Action{Silent: true, Then: smtptest.Abort}))
			}
		case "later":
			domain, text, _ := strings.Cut(value, ":")
			scripts = append(scripts, func(e smtptest.Event) smtptest.Action {
				if e.Stage == smtptest.Rcpt && strings.HasSuffix(e.To, domain) {
					return smtptest.Action{Reply: text}
				}
				return smtptest.Action{}
			})
		case "reply":
			stage, text, _ := strings.Cut(value, ":")
			scripts = append(scripts, smtptest.On(smtptest.Stage(stage), smtptest.Action{Reply: text}))
		case "slow":
			d, err := time.ParseDuration(value)
			ts.Check(err)
			scripts = append(scripts, smtptest.On(smtptest.Dot, smtptest.Action{Delay: d}))
		default:
			ts.Fatalf("smtpd: unknown option %s", arg)
		}
	}
	o.Script = smtptest.Chain(scripts...)
	server, err := smtptest.Start(o)
	ts.Check(err)
	ts.Defer(func() { _ = server.Close() })
	if authority := server.Authority(); authority != nil {
		ts.Check(os.WriteFile(ts.MkAbs("ca.pem"), authority.PEM(), 0o600))
	}
	ts.Value(serverKey{}).(*servers).latest = server
	ts.Setenv("SMTP_PORT", strconv.Itoa(server.Port()))
}

// servers holds the mail server that a script started last, and the mailbox.
type servers struct {
	latest  *smtptest.Server
	mailbox *imapmemserver.User
}

// cmdMails asserts how many messages the server took, to anybody or to one address,
// and with `conns` how many connections it saw: mails N [ADDR] | mails conns N.
func cmdMails(ts *testscript.TestScript, neg bool, args []string) {
	server := ts.Value(serverKey{}).(*servers).latest
	if neg || len(args) < 1 || server == nil {
		ts.Fatalf("usage: mails N [ADDR] | mails conns N, after smtpd")
	}
	var got int
	want := args[0]
	switch {
	case args[0] == "conns":
		got, want = server.Conns(), args[1]
	default:
		for _, m := range server.Messages() {
			if len(args) == 1 || strings.EqualFold(m.To, args[1]) {
				got++
			}
		}
	}
	if fmt.Sprint(got) != want {
		ts.Fatalf("the server counts %d, want %s", got, want)
	}
}

// cmdMail writes the message that the server took last for an address into a file:
// mail ADDR FILE.
func cmdMail(ts *testscript.TestScript, neg bool, args []string) {
	server := ts.Value(serverKey{}).(*servers).latest
	if neg || len(args) != 2 || server == nil {
		ts.Fatalf("usage: mail ADDR FILE, after smtpd")
	}
	for _, m := range server.Messages() {
		if strings.EqualFold(m.To, args[0]) {
			ts.Check(os.WriteFile(ts.MkAbs(args[1]), m.Data, 0o600))
			return
		}
	}
	ts.Fatalf("no message to that address")
}
