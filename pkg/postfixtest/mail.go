package postfixtest

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Delivery is a message in a mailbox.
type Delivery struct {
	Mailbox string // one of Options.Mailboxes
	Raw     []byte // with the trace fields of Postfix, and CRLF as on the wire
}

// Deliveries waits until Postfix has nothing left to do and returns what it
// delivered, mailbox by mailbox.
func (s *Server) Deliveries(tb testing.TB) []Delivery {
	tb.Helper()
	eventually(tb, "empty the queue of Postfix", func() bool { return s.queued(tb) == 0 })
	var all []Delivery
	for i, mailbox := range s.mailboxes {
		files, err := filepath.Glob(s.path(fmt.Sprintf("mail/%d/new/*", i)))
		noError(tb, err)
		for _, file := range files {
			raw, err := os.ReadFile(file)
			noError(tb, err)
			raw = bytes.ReplaceAll(raw, []byte("\n"), []byte("\r\n"))
			all = append(all, Delivery{Mailbox: mailbox, Raw: raw})
		}
	}
	return all
}

// queued counts the messages that Postfix has not done with. Each moves from queue to
// queue in the order in which they are counted, so that none slips through, and a
// bounce joins before its cause goes, which the second round sees.
func (s *Server) queued(tb testing.TB) int {
	tb.Helper()
	count := 0
	for _, queue := range []string{"incoming", "active", "deferred", "incoming", "active"} {
		err := filepath.WalkDir(s.path(filepath.Join("queue", queue)), func(_ string, entry fs.DirEntry, err error) error {
			switch {
			case errors.Is(err, fs.ErrNotExist): // it has gone since the folder was listed
				return nil
			case err == nil && !entry.IsDir():
				count++
			}
			return err
		})
		noError(tb, err)
	}
	return count
}

// Sessions waits until each of a number of SMTP sessions, or more, has ended, and
// returns what Postfix logged at the end of each: how often it got which command.
func (s *Server) Sessions(tb testing.TB, atLeast int) []string {
	tb.Helper()
	var ended []string
	eventually(tb, "see the sessions end in the log of Postfix", func() bool {
		log := s.Log(tb)
		ended = nil
		for line := range strings.Lines(log) {
			if strings.Contains(line, ": disconnect from ") {
				ended = append(ended, strings.TrimSpace(line))
			}
		}
		return len(ended) >= atLeast && len(ended) == strings.Count(log, ": connect from ")
	})
	return ended
}
