package postfixtest

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
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
	for _, mailbox := range s.mailboxes {
		all = append(all, s.deliveriesTo(tb, mailbox)...)
	}
	return all
}

// Await waits until a mailbox holds a number of messages, or more, and returns them. The
// queue need not be empty.
func (s *Server) Await(tb testing.TB, mailbox string, atLeast int) []Delivery {
	tb.Helper()
	var all []Delivery
	eventually(tb, fmt.Sprintf("deliver %d messages to %s", atLeast, mailbox), func() bool {
		all = s.deliveriesTo(tb, mailbox)
		return len(all) >= atLeast
	})
	return all
}

func (s *Server) deliveriesTo(tb testing.TB, mailbox string) []Delivery {
	tb.Helper()
	files, err := filepath.Glob(filepath.Join(s.Maildir(tb, mailbox), "new", "*"))
	noError(tb, err)
	var all []Delivery
	for _, file := range files {
		raw, err := os.ReadFile(file)
		noError(tb, err)
		raw = bytes.ReplaceAll(raw, []byte("\n"), []byte("\r\n"))
		all = append(all, Delivery{Mailbox: mailbox, Raw: raw})
	}
	return all
}

// Maildir returns the folder of one of Options.Mailboxes. It is there once something
// was delivered.
func (s *Server) Maildir(tb testing.TB, mailbox string) string {
	tb.Helper()
	i := slices.Index(s.mailboxes, mailbox)
	if i < 0 {
		tb.Fatalf("Postfix has no mailbox %s", mailbox)
	}
	return s.path(filepath.Join("mail", folderOf(i)))
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

// ofQueueManager finds what the queue manager logs when it takes a message up, and when
// it is done with it.
var ofQueueManager = regexp.MustCompile(`/qmgr\[[0-9]+\]: ([0-9A-Za-z]+): (from=<|removed\n)`)

// LogFile waits until Postfix has nothing left to do and its log says so, which comes
// somewhat later, and returns the path of the log.
func (s *Server) LogFile(tb testing.TB) string {
	tb.Helper()
	eventually(tb, "log the end of every message", func() bool {
		open := map[string]bool{}
		for _, said := range ofQueueManager.FindAllStringSubmatch(s.Log(tb), -1) {
			if id := said[1]; said[2] == "from=<" {
				open[id] = true
			} else {
				delete(open, id)
			}
		}
		return len(open) == 0 && s.queued(tb) == 0
	})
	return s.path("log")
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
