package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"breachnotify/pkg/smtptest"
)

// returnedFolder is the Maildir of the return path in a demo.
const returnedFolder = "returned"

// comeBack writes the bounces that the mail systems of some readers send to the return
// path of their notices, into a Maildir.
func (d *demo) comeBack() error {
	for _, sub := range []string{"new", "cur", "tmp"} {
		if err := os.MkdirAll(filepath.Join(d.dir, returnedFolder, sub), 0o700); err != nil {
			return fmt.Errorf("make the Maildir of the demo: %w", err)
		}
	}
	sent := map[string]smtptest.Message{}
	for _, m := range d.server.Messages() {
		sent[strings.ToLower(m.To)] = m
	}
	for _, r := range d.world.rows {
		if r.bounce == "" {
			continue
		}
		m := sent[strings.ToLower(r.email)]
		header, _, _ := bytes.Cut(m.Data, []byte("\r\n\r\n"))
		path := filepath.Join(d.dir, returnedFolder, "new", r.id+".demo")
		if err := writeNew(path, bounceMail(d.now(), m.From, m.To, "failed", r.bounce, string(header))); err != nil {
			return err
		}
	}
	return nil
}

// correct writes the corrections that the team has found out by telephone.
func (d *demo) correct() error {
	var file bytes.Buffer
	lines := csv.NewWriter(&file)
	rows := [][]string{{"id", "email"}}
	for _, r := range d.world.rows {
		if r.moved != "" {
			rows = append(rows, []string{r.id, r.moved})
		}
	}
	if err := lines.WriteAll(rows); err != nil {
		return fmt.Errorf("write the corrections of the demo: %w", err)
	}
	return writeNew(filepath.Join(d.dir, "corrections.csv"), file.Bytes())
}

// bounceMail is a report of a mail system (RFC 3464) about one recipient, to the return
// path of the message whose header it repeats.
func bounceMail(at time.Time, to, about, action, status, header string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "From: MAILER-DAEMON@mx.example.org\nTo: %s\nSubject: Undelivered Mail\nDate: %s\n", to, at.Format(time.RFC1123Z))
	fmt.Fprintf(&b, "Auto-Submitted: auto-replied\nMIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n")
	fmt.Fprintf(&b, "--b\nContent-Type: text/plain\n\nThe message could not be delivered.\n\n")
	fmt.Fprintf(&b, "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.org\n\n")
	fmt.Fprintf(&b, "Final-Recipient: rfc822; %s\nAction: %s\nStatus: %s\n\n", about, action, status)
	fmt.Fprintf(&b, "--b\nContent-Type: text/rfc822-headers\n\n%s\n\n--b--\n", header)
	return b.Bytes()
}
