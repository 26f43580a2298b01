package main

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"strconv"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
	"github.com/rogpeppe/go-internal/testscript"
)

// literal is a message in the form in which the server takes it.
type literal struct{ *bytes.Reader }

func (l literal) Size() int64 { return l.Reader.Size() }

// cmdIMAPD starts a mailbox of bounces@acme.example with the password s3cret, an INBOX
// with the given files and an empty folder Done, and sets IMAP_PORT: imapd FILE…
func cmdIMAPD(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("usage: imapd FILE...")
	}
	user := imapmemserver.NewUser("bounces@acme.example", "s3cret")
	for _, folder := range []string{"INBOX", "Done"} {
		ts.Check(user.Create(folder, nil))
	}
	for _, path := range args {
		message, err := os.ReadFile(ts.MkAbs(path))
		ts.Check(err)
		_, err = user.Append("INBOX", literal{bytes.NewReader(message)}, &imap.AppendOptions{})
		ts.Check(err)
	}
	memory := imapmemserver.New()
	memory.AddUser(user)
	server := imapserver.New(&imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return memory.NewSession(), nil, nil
		},
		Caps:         imap.CapSet{imap.CapIMAP4rev1: {}, imap.CapMove: {}, imap.CapUIDPlus: {}},
		InsecureAuth: true,
		Logger:       log.New(io.Discard, "", 0),
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(listener) // it ends with Close
	}()
	ts.Defer(func() {
		_ = server.Close()
		<-ended
	})
	ts.Value(serverKey{}).(*servers).mailbox = user
	ts.Setenv("IMAP_PORT", strconv.Itoa(listener.Addr().(*net.TCPAddr).Port))
}

// cmdFolder asserts how many messages a folder of the mailbox holds, and that none of
// them was touched: folder NAME N.
func cmdFolder(ts *testscript.TestScript, neg bool, args []string) {
	user := ts.Value(serverKey{}).(*servers).mailbox
	if neg || len(args) != 2 || user == nil {
		ts.Fatalf("usage: folder NAME N, after imapd")
	}
	status, err := user.Status(args[0], &imap.StatusOptions{NumMessages: true, NumUnseen: true})
	ts.Check(err)
	if got := fmt.Sprint(*status.NumMessages); got != args[1] {
		ts.Fatalf("%s holds %s messages, want %s", args[0], got, args[1])
	}
	if *status.NumUnseen != *status.NumMessages {
		ts.Fatalf("%s: %d of %d messages are unseen still", args[0], *status.NumUnseen, *status.NumMessages)
	}
}
