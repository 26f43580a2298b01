package main

import (
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"breachnotify/pkg/smtptest"
)

// cmdDSN writes a report (RFC 3464) about the message that the server took last for an
// address, as it comes back to the return path of that message:
//
//	dsn ADDR ACTION STATUS FILE [notoken] [noheaders] [foreign]
//
// notoken sends it to postmaster instead, noheaders leaves out the original's header, and
// foreign puts that of somebody else's message there.
func cmdDSN(ts *testscript.TestScript, neg bool, args []string) {
	server := ts.Value(serverKey{}).(*servers).latest
	if neg || len(args) < 4 || server == nil {
		ts.Fatalf("usage: dsn ADDR ACTION STATUS FILE [notoken] [noheaders], after smtpd")
	}
	var sent *smtptest.Message
	for _, m := range server.Messages() {
		if strings.EqualFold(m.To, args[0]) {
			sent = &m
		}
	}
	if sent == nil {
		ts.Fatalf("no message to that address")
	}
	to, header := sent.From, string(sent.Data)
	header, _, _ = strings.Cut(header, "\r\n\r\n")
	for _, option := range args[4:] {
		switch option {
		case "notoken":
			to = "postmaster@acme.example"
		case "noheaders":
			header = "Subject: none"
		case "foreign":
			header = "From: A Shop <news@shop.example>\nSubject: Sale"
		}
	}
	path := ts.MkAbs(args[3])
	ts.Check(os.MkdirAll(filepath.Dir(path), 0o700))
	ts.Check(os.WriteFile(path, bounceMail(time.Now(), to, args[0], args[1], args[2], header), 0o600))
}
